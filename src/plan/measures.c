/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with their units and words of comparison. */
#include "plan/private.h"

enum { DIGITS_MAX = 18, BEFORE_MAX = 90 };

/* Longest first where one begins another; `shown` is the usual short form. */
static const qk_unit_def units[] = {
    {"微克/立方米", "ug/m3", 'c'},
    {"微克每立方米", "ug/m3", 'c'},
    {"微克/标立方米", "ug/m3", 'c'},
    {"μg/m3", "ug/m3", 'c'},
    {"µg/m3", "ug/m3", 'c'},
    {"ug/m3", "ug/m3", 'c'},
    {"毫克/立方米", "mg/m3", 'c'},
    {"毫克每立方米", "mg/m3", 'c'},
    {"毫克/标立方米", "mg/m3", 'c'},
    {"毫克/升", "mg/L", 'c'},
    {"mg/m3", "mg/m3", 'c'},
    {"毫克/克", "mg/g", 'c'},
    {"毫克每克", "mg/g", 'c'},
    {"mg/g", "mg/g", 'c'},
    {"克/平方米", "g/m2", 'c'},
    {"克每平方米", "g/m2", 'c'},
    {"g/m2", "g/m2", 'c'},
    {"克/千瓦时", "g/kWh", 'c'},
    {"吨/月·平方公里", "t/(km2·month)", 'c'},
    {"吨/月.平方公里", "t/(km2·month)", 'c'},
    {"吨/平方公里·月", "t/(km2·month)", 'c'},
    {"吨/平方公里.月", "t/(km2·month)", 'c'},
    {"吨/（平方公里·月）", "t/(km2·month)", 'c'},
    {"吨/（月·平方公里）", "t/(km2·month)", 'c'},
    {"吨/平方千米·月", "t/(km2·month)", 'c'},
    {"吨/（平方千米·月）", "t/(km2·month)", 'c'},
    {"吨每月每平方公里", "t/(km2·month)", 'c'},
    {"吨每平方公里每月", "t/(km2·month)", 'c'},
    {"吨/平方公里", "t/km2", 'c'},
    {"t/km2·月", "t/(km2·month)", 'c'},
    {"个百分点", "百分点", 'r'},
    {"百分点", "百分点", 'r'},
    {"%", "%", 'r'},
    {"‰", "‰", 'r'},
    {"个批次/年", "批次/年", 'f'},
    {"批次/年", "批次/年", 'f'},
    {"个批次", "批次", 'f'},
    {"批次", "批次", 'f'},
    {"轮次", "轮次", 'n'},
    {"台次", "台次", 'n'},
    {"台（次）", "台次", 'n'},
    {"辆次", "辆次", 'n'},
    {"万辆次", "万辆次", 'n'},
    {"万台次", "万台次", 'n'},
    {"万人次", "万人次", 'n'},
    {"万家次", "万家次", 'n'},
    {"人次", "人次", 'n'},
    {"家次", "家次", 'n'},
    {"次/月", "次/月", 'n'},
    {"次/年", "次/年", 'n'},
    {"次/周", "次/周", 'n'},
    {"次/天", "次/天", 'n'},
    {"次/日", "次/日", 'n'},
    {"次", "次", 'f'},
    {"个位次", "位次", 'n'},
    {"位次", "位次", 'n'},
    {"个名次", "位次", 'n'},
    {"万标砖/年", "万标砖/年", 'q'},
    {"万块/年", "万块/年", 'q'},
    {"万元/火点", "元", 'm'},
    {"亿元", "元", 'm'},
    {"万元", "元", 'm'},
    {"千元", "元", 'm'},
    {"百元", "元", 'm'},
    {"元", "元", 'm'},
    {"个百分", "百分点", 'r'},
    {"个工作日", "个工作日", 't'},
    {"工作日", "个工作日", 't'},
    {"个小时", "h", 't'},
    {"小时", "h", 't'},
    {"分钟", "min", 't'},
    {"秒", "s", 't'},
    {"天", "天", 't'},
    {"日", "天", 'x'},
    {"个月", "个月", 't'},
    {"周", "周", 'x'},
    {"年", "年", 'x'},
    {"月", "月", 'x'},
    {"时", "时", 'x'},
    {"号", "号", 'x'},
    {"点", "点", 'x'},
    {"公里/小时", "km/h", 'q'},
    {"平方公里", "km2", 'q'},
    {"平方千米", "km2", 'q'},
    {"万平方米", "万平方米", 'q'},
    {"平方米", "m2", 'q'},
    {"万立方米", "万立方米", 'q'},
    {"亿立方米", "亿立方米", 'q'},
    {"立方米每时", "m3/h", 'q'},
    {"立方米", "m3", 'q'},
    {"公里", "km", 'q'},
    {"千米", "km", 'q'},
    {"米", "m", 'q'},
    {"万公顷", "万公顷", 'q'},
    {"公顷", "公顷", 'q'},
    {"万亩", "万亩", 'q'},
    {"亩", "亩", 'q'},
    {"万吨标准煤", "万吨标准煤", 'q'},
    {"吨标准煤", "吨标准煤", 'q'},
    {"万吨/年", "万吨/年", 'q'},
    {"吨/年", "吨/年", 'q'},
    {"吨/天", "吨/天", 'q'},
    {"吨/日", "吨/天", 'q'},
    {"吨/小时", "吨/小时", 'q'},
    {"吨/时", "吨/小时", 'q'},
    {"吨每小时", "吨/小时", 'q'},
    {"吨每天", "吨/天", 'q'},
    {"蒸吨/小时", "蒸吨/小时", 'q'},
    {"蒸吨/时", "蒸吨/小时", 'q'},
    {"蒸吨", "蒸吨", 'q'},
    {"亿吨", "亿吨", 'q'},
    {"万吨", "万吨", 'q'},
    {"吨", "吨", 'q'},
    {"公斤", "kg", 'q'},
    {"千克", "kg", 'q'},
    {"克", "g", 'q'},
    {"亿千瓦时", "亿千瓦时", 'q'},
    {"万千瓦时", "万千瓦时", 'q'},
    {"千瓦时", "kWh", 'q'},
    {"万千瓦", "万千瓦", 'q'},
    {"千瓦", "千瓦", 'q'},
    {"兆瓦", "MW", 'q'},
    {"倍", "倍", 'r'},
    {"万株", "万株", 'n'},
    {"万户", "万户", 'n'},
    {"万台", "万台", 'n'},
    {"万辆", "万辆", 'n'},
    {"万家", "万家", 'n'},
    {"台套", "台套", 'n'},
    {"台", "台", 'n'},
    {"套", "套", 'n'},
    {"辆", "辆", 'n'},
    {"家", "家", 'n'},
    {"条", "条", 'n'},
    {"个", "个", 'n'},
    {"座", "座", 'n'},
    {"户", "户", 'n'},
    {"处", "处", 'n'},
    {"项", "项", 'n'},
    {"件", "件", 'n'},
    {"艘", "艘", 'n'},
    {"架", "架", 'n'},
    {"株", "株", 'n'},
    {"名", "名", 'n'},
    {"人", "人", 'n'},
    {"起", "起", 'n'},
    {"块", "块", 'n'},
    {"根", "根", 'n'},
    {"支", "支", 'n'},
    {"批", "批", 'n'},
    {"轮", "轮", 'n'},
    {"所", "所", 'n'},
    {"部", "部", 'n'},
    {"间", "间", 'n'},
    {"孔", "孔", 'n'},
    {"眼", "眼", 'n'},
    {"万", "万", 'm'},
};

/* 所 counts schools and institutes, but opens a relative clause before a verb: 所列, 所需. */
static bool is_unit_here(const qk_plan_text *t, const qk_unit_def *def, uint32_t at, uint32_t limit)
{
    static const char *const verbs = "列|示|述|附|指|需|属|在|有|涉|明确|确定|规定|载|称|含|提";
    return strcmp(def->printed, "所") != 0 || !qk_plan_word_at(t, at, limit, verbs);
}

static const qk_unit_def *unit_at(const qk_plan_text *t, uint32_t at, uint32_t limit)
{
    const qk_unit_def *best = NULL;
    size_t length = 0;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (at >= limit || units[i].printed[0] != t->norm[at]) continue;
        size_t n = strlen(units[i].printed);
        if (n > length && qk_plan_is(t, at, limit, units[i].printed) &&
            is_unit_here(t, &units[i], at + (uint32_t)n, limit)) {
            best = &units[i];
            length = n;
        }
    }
    return best;
}

/* Digits with at most one point; *end behind them. */
static bool read_decimal(const qk_plan_text *t, uint32_t at, uint32_t limit, qk_dec *value,
                         uint32_t *end)
{
    uint32_t i = at, points = 0;
    while (i < limit && i - at < DIGITS_MAX &&
           (qk_is_digit(t->norm[i]) || (t->norm[i] == '.' && points == 0 && i > at &&
                                        i + 1 < limit && qk_is_digit(t->norm[i + 1])))) {
        points += t->norm[i] == '.';
        i++;
    }
    *end = i;
    return i > at && qk_dec_parse(value, (qk_str){t->norm + at, i - at}) == QK_OK;
}

static uint32_t before_words(const qk_plan_text *t, qk_span clause, uint32_t at, const char *words)
{
    uint32_t from = at - clause.from > BEFORE_MAX ? at - BEFORE_MAX : clause.from;
    return qk_plan_word_end(t, (qk_span){from, at}, words);
}

/* The comparison that stands before the number. */
static void compare_before(const qk_plan_text *t, qk_span c, qk_measure *m)
{
    static const struct {
        const char *words;
        qk_plan_op op;
        bool bound, raising;
    } kinds[] = {
        {"不低于|不得低于|不能低于|不少于|不得少于|不小于|不得小于|至少|最低|大于等于|大于或等于|≥|"
         ">=|不得低于每|不低于每|提前",
         QK_OP_GE, true, false},
        {"不高于|不得高于|不超过|不得超过|不能超过|不大于|不得大于|小于等于|小于或等于|≤|<=|不多于|"
         "不得多于|最多|最高不超过",
         QK_OP_LE, true, false},
        {"控制在|稳定控制在|降至|降到|下降至|下降到|降低至|降低到|压减至|减少到|减少至|削减至|"
         "控制到",
         QK_OP_LE, true, false},
        {"达到|达|达成|提高到|提高至|提升到|提升至|增加到|增至|增长到|上升到|上升至|扩大到|稳定在|"
         "保持在|力争达到|维持在|突破|实现",
         QK_OP_GE, false, true},
        {"超过|大于|高于|多于|超出|>", QK_OP_GT, false, false},
        {"低于|小于|少于|不足|不到|不满|<", QK_OP_LT, false, false},
        {"下降|降低|减少|削减|压减|提高|提升|增加|增长|上升", QK_OP_EQ, false, true},
    };
    uint32_t at = m->digits.from, n = 0, skip;
    while ((skip = before_words(t, c, at, "约|近|到|每|全部|全年|平均")) > 0 &&
           at - skip >= c.from) {
        qk_span probe = {c.from, at};
        /* 提高到 and 降到 are whole words */
        if (qk_plan_ends(t, probe, "到") &&
            before_words(t, c, at,
                         "提高到|提升到|增加到|增长到|上升到|扩大到|降到|下降到|降低到|减少到|达到|"
                         "控制到|不到"))
            break;
        at -= skip;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        uint32_t k = before_words(t, c, at, kinds[i].words);
        if (k <= n) continue;
        n = k;
        m->op = kinds[i].op;
        m->bound = kinds[i].bound;
        m->raising = kinds[i].raising;
    }
    m->compared = n > 0;
    m->whole.from = at - n;
}

static void compare_behind(const qk_plan_text *t, qk_span c, qk_measure *m)
{
    uint32_t at = m->whole.to, n;
    bool before = m->compared;
    if ((n = qk_plan_word_at(t, at, c.to, "及以上|以上|及其以上|或以上")) > 0) {
        if (!before || m->raising || m->op == QK_OP_GE) m->op = QK_OP_GE;
        m->compared = true;
    } else if ((n = qk_plan_word_at(t, at, c.to, "及以下|以下|以内|之内|范围内|内|及其以下")) > 0) {
        m->op = QK_OP_LE;
        m->compared = true;
    } else if ((n = qk_plan_word_at(t, at, c.to, "左右|上下")) > 0) {
        m->op = QK_OP_EQ;
        m->about = true;
    }
    m->whole.to += n;
}

/* 新增光伏装机容量35兆瓦以上: a quantity that is made or taken away is no size of a thing. */
static bool is_achieved(const qk_plan_text *t, qk_span before)
{
    return qk_plan_has_any(t, before,
                           "新增|新建|建成|达到|压减|削减|减少|增加|造林|绿化|替代|实现|腾退|回收");
}

/* Does the number only say whom a duty covers? 35蒸吨及以下的锅炉, 超过20万吨的项目 */
static bool is_threshold(const qk_plan_text *t, qk_span c, const qk_measure *m)
{
    uint32_t at = m->whole.to, cp;
    bool edge = m->whole.to > m->unit_span.to && !m->about;
    bool outer = m->op == QK_OP_GT || m->op == QK_OP_LT;
    qk_plan_next(t, at, &cp);
    if (at < c.to && cp == 0xFF09) {
        at += 3;
        edge = edge || outer;
        while (qk_plan_word_at(t, at, c.to, "及以上|以上|及以下")) {
            at += qk_plan_word_at(t, at, c.to, "及以上|以上|及以下");
            edge = true;
        }
        return edge || qk_plan_is(t, at, c.to, "的");
    }
    bool then_of = qk_plan_is(t, at, c.to, "的");
    bool then_end = at >= c.to || cp == 0xFF0C || cp == 0xFF1B || cp == 0x3002 || cp == 0x3001;
    bool share = m->def && m->def->kind == 'r';
    if (m->bound)
        return then_of && qk_plan_word_end(t, (qk_span){m->whole.from, m->digits.from},
                                           "大于等于|大于或等于|小于等于|≥|≤");
    if (m->compared && m->raising)
        return then_of && !qk_plan_is(t, at, c.to, "目标") && !qk_plan_is(t, at, c.to, "的目标");
    if (outer)
        return then_of || (!then_end && !share) ||
               (m->def && m->def->kind != 'r' && m->def->kind != 'c' && edge);
    if (!edge) return false;
    if (share) return qk_plan_has_any(t, (qk_span){c.from, m->whole.from}, "超过|限值");
    if (m->def && (m->def->kind == 't' || m->def->kind == 'x')) return then_of;
    if (m->def && m->def->kind == 'q' && then_end)
        return !is_achieved(t, (qk_span){c.from, m->whole.from});
    return !then_end || m->def == NULL;
}

static void set_unit(qk_plan *p, qk_span c, qk_measure *m)
{
    const qk_plan_text *t = &p->text;
    qk_span sentence_before = {c.from, m->digits.from};
    m->unit = m->def ? qk_str_of(m->def->shown) : (qk_str){NULL, 0};
    if (!m->def) return;
    if (strcmp(m->def->printed, "克") == 0 && qk_plan_has_any(t, sentence_before, "每平方米"))
        m->unit = QK_STR("g/m2");
    if (m->def->kind != 'f') return;
    static const struct {
        const char *words, *per;
    } rhythms[] = {{"每年|年度|全年", "/年"}, {"每半年", "/半年"}, {"每季度|每季", "/季度"},
                   {"每月|每个月", "/月"},    {"每周", "/周"},     {"每天|每日", "/天"}};
    for (size_t i = 0; i < sizeof rhythms / sizeof rhythms[0]; i++)
        if (qk_plan_has_any(t, sentence_before, rhythms[i].words) && m->unit.len < 10 &&
            !memchr(m->unit.ptr, '/', m->unit.len))
            m->unit = qk_str_of(
                qk_arena_printf(&p->arena, "%.*s%s", QK_STR_ARG(m->unit), rhythms[i].per));
}

/* 10、35、50毫克: the members before the unit are numbers of the same kind. */
static uint32_t skip_list(const qk_plan_text *t, uint32_t at, uint32_t limit)
{
    qk_dec d;
    uint32_t i = at, n, end;
    while ((n = qk_plan_word_at(t, i, limit, "、|和|，|及|/")) > 0 &&
           read_decimal(t, i + n, limit, &d, &end))
        i = end;
    return i;
}

/* 附表1所列, 图3, 第2号: a number that names something counts nothing. */
static bool is_name_number(const qk_plan_text *t, qk_span c, uint32_t at)
{
    qk_span before = {c.from, at};
    return qk_plan_word_end(t, before,
                            "附表|附件|附图|附录|见表|见图|如表|如图|专栏|第|序号|编号") > 0;
}

static bool starts_inside_word(const qk_plan_text *t, qk_span c, uint32_t at)
{
    char before = at > c.from ? t->norm[at - 1] : ' ';
    return qk_is_alpha(before) || qk_is_digit(before) || before == '.' || before == '-' ||
           before == '+';
}

/* A member of a list without words of its own is compared as the member before it. */
static void compare_as(const qk_plan_text *t, const qk_measure *old, qk_measure *m)
{
    uint32_t end = old->whole.to;
    if (!old->digits.to || m->compared || end >= m->digits.from || m->digits.from - end > 3) return;
    if (!qk_plan_word_at(t, end, m->digits.from, "、|和|，|及|/")) return;
    m->compared = old->compared;
    m->bound = old->bound;
    m->raising = old->raising;
    m->op = old->op;
    m->listed = true;
}

/* 达到全部工程的30%: the word of comparison stands before the whole that the share is of. */
static void compare_far(const qk_plan_text *t, qk_span c, qk_measure *m)
{
    qk_span before = {c.from, m->digits.from};
    if (m->compared || !m->def || m->def->kind != 'r' || !qk_plan_word_end(t, before, "的|占|为"))
        return;
    if (!qk_plan_has_any(t, before, "达到|不低于|不少于|提高到|占")) return;
    m->compared = m->raising = true;
    m->op = QK_OP_GE;
}

static bool finish(qk_plan *p, qk_span c, const qk_measure *old, qk_measure *m, uint32_t unit_from)
{
    const qk_plan_text *t = &p->text;
    bool said = m->def != NULL; /* 百分之 before the number was its unit */
    if (!said) m->def = unit_at(t, unit_from, c.to);
    m->unit_span =
        (qk_span){unit_from, unit_from + (m->def && !said ? (uint32_t)strlen(m->def->printed) : 0)};
    m->whole = (qk_span){m->digits.from,
                         unit_from > m->digits.to && !m->range ? m->digits.to : m->unit_span.to};
    m->op = QK_OP_EQ;
    compare_before(t, c, m);
    compare_far(t, c, m);
    compare_as(t, old, m);
    compare_behind(t, c, m);
    if (m->range) m->op = QK_OP_RANGE;
    m->threshold = is_threshold(t, c, m);
    set_unit(p, c, m);
    return true;
}

/* 一次, 一轮次: only these things are counted in Chinese digits. */
static bool chinese_count(qk_plan *p, qk_span c, uint32_t at, const qk_measure *old, qk_measure *m)
{
    const qk_plan_text *t = &p->text;
    uint32_t v, end, cp;
    qk_plan_next(t, at, &cp);
    if (cp < 0x4E00 || !qk_plan_read_count(t, at, c.to, &v, &end) || v == 0 || v > 99) return false;
    if (!qk_plan_word_at(t, end, c.to, "轮次|次|批次|个批次|遍") ||
        qk_plan_word_at(t, end, c.to, "次性|次以上"))
        return false;
    if (before_words(t, c, at, "第|新|又|再|上|下|每|另|这|任何")) return false;
    m->digits = (qk_span){at, end};
    m->value = (qk_dec){v, 0};
    m->chinese = true;
    return finish(p, c, old, m, end);
}

/* 百分之二十五; six 百分之百 are the name of a rule. */
static bool chinese_share(qk_plan *p, qk_span c, uint32_t at, const qk_measure *old, qk_measure *m)
{
    static const qk_unit_def percent = {"%", "%", 'r'};
    static const char *const word = "百分之";
    const qk_plan_text *t = &p->text;
    uint32_t v, end;
    if (!qk_plan_is(t, at, c.to, word) || before_words(t, c, at, "个|项|“") ||
        !qk_plan_read_count(t, at + (uint32_t)strlen(word), c.to, &v, &end))
        return false;
    m->digits = (qk_span){at, end};
    m->value = (qk_dec){v, 0};
    m->def = &percent;
    return finish(p, c, old, m, end);
}

uint32_t qk_plan_next_measure(qk_plan *p, qk_span c, uint32_t at, qk_measure *m)
{
    const qk_plan_text *t = &p->text;
    uint32_t i = at, cp, end, more, n;
    const qk_measure old = *m;
    for (; i < c.to; i = qk_plan_next(t, i, &cp)) {
        *m = (qk_measure){0};
        if (!qk_is_digit(t->norm[i])) {
            if ((unsigned char)t->norm[i] >= 0xE4 &&
                (chinese_share(p, c, i, &old, m) || chinese_count(p, c, i, &old, m)))
                return m->unit_span.to;
            continue;
        }
        if (starts_inside_word(t, c, i) || is_name_number(t, c, i) ||
            !read_decimal(t, i, c.to, &m->value, &end)) {
            while (i + 1 < c.to && (qk_is_digit(t->norm[i + 1]) || t->norm[i + 1] == '.')) i++;
            continue;
        }
        m->digits = (qk_span){i, end};
        n = qk_plan_word_at(t, end, c.to, "%-|%~|%至|至|-|~|—|到");
        if (n && read_decimal(t, end + n, c.to, &m->value2, &more) && unit_at(t, more, c.to) &&
            unit_at(t, more, c.to)->kind != 'x') {
            m->range = true;
            finish(p, c, &old, m, more);
            return m->unit_span.to;
        }
        more = unit_at(t, end, c.to) ? end : skip_list(t, end, c.to);
        finish(p, c, &old, m, unit_at(t, more, c.to) ? more : end);
        return more > end ? end : m->unit_span.to > end ? m->unit_span.to : end;
    }
    return UINT32_MAX;
}
