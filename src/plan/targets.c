/* SPDX-License-Identifier: Apache-2.0 */
/* Goals: what the air of the whole area shall be like. */
#include "plan/private.h"

#define METRIC_WORDS                                                                                                              \
    "PM|颗粒物|优良|污染天|重污染|臭氧|O3|SO2|NO2|CO|二氧化硫|二氧化氮|一氧化碳|综合指数|超标率|" \
    "降尘|氮氧化物|"                                                                                                        \
    "NOx|VOCs|挥发性有机物|达标|天气比例|位次|排名|沙尘|二氧化碳|AQI"

static qk_span clause_of(const qk_plan_text *t, qk_span s, uint32_t at)
{
    uint32_t starts[8], depth = 0, i = s.from, cp;
    starts[0] = s.from;
    while (i < at) {
        uint32_t next = qk_plan_next(t, i, &cp);
        if (cp == 0xFF0C || cp == 0xFF1B || cp == 0x3002 || cp == 0xFF1A) starts[depth] = next;
        if (cp == 0xFF08 && depth < 7) starts[++depth] = next;
        if (cp == 0xFF09 && depth > 0) depth--;
        i = next;
    }
    while (i < s.to && !qk_plan_word_at(t, i, s.to, "，|；|。|：")) i = qk_plan_next(t, i, &cp);
    return (qk_span){starts[depth], i};
}

static void cut_scope(const qk_plan_text *t, qk_span *name, qk_span *scope)
{
    static const char *const scopes =
        "国控站点|省控站点|国控点位|全市|全区|全县|全域|我市|我县|我区|城区|市区|城市|建成区|"
        "各乡镇|全省|全州|全旗|全镇|辖区|区域";
    uint32_t n = qk_plan_word_at(t, name->from, name->to, scopes);
    if (!n || n >= name->to - name->from) return;
    *scope = (qk_span){name->from, name->from + n};
    name->from += n;
}

static void cut_months(const qk_plan_text *t, qk_span *name, qk_span *months)
{
    uint32_t v, end, n;
    if (!qk_plan_read_count(t, name->from, name->to, &v, &end) || v > 12) return;
    n = qk_plan_word_at(t, end, name->to, "-|至|~|月至|月-|—");
    if (!n || !qk_plan_read_count(t, end + n, name->to, &v, &end) ||
        !qk_plan_is(t, end, name->to, "月"))
        return;
    *months = (qk_span){name->from, end + 3};
    name->from = end + 3;
}

/* …天数比率比2022年下降: the year it is compared with is no part of the name. */
static qk_span cut_base(const qk_plan_text *t, qk_span name)
{
    uint32_t cp, end;
    int32_t year;
    for (uint32_t i = name.from; i < name.to; i = qk_plan_next(t, i, &cp))
        if (qk_is_digit(t->norm[i]) && qk_plan_read_year(t, i, name.to, &year, &end) &&
            end == name.to) {
            qk_span rest = {name.from, i};
            uint32_t n = qk_plan_word_end(t, rest, "相比于|相较于|相比|相较|比|较|同比");
            if (n && n < rest.to - rest.from) return (qk_span){rest.from, rest.to - n};
            break;
        }
    return name;
}

static qk_span trim_metric(const qk_plan_text *t, qk_span name, qk_plan_target *out)
{
    uint32_t n, end, digits;
    int32_t year;
    for (bool again = true; again && name.from < name.to;) {
        again = false;
        digits = qk_plan_read_year(t, name.from, name.to, &year, &end) ? end - name.from : 0;
        n = qk_plan_word_at(
            t, name.from, name.to,
            "到|至|力争|确保|其中|并|实现|使|年底|底|前|年度|年|末|和|以及|及|、|，|环境空气质量|"
            "空气质量|环境空气|年均|年平均|一是|二是|三是|即|是|改善目标为");
        /* 二 of 二氧化硫 counts nothing */
        if (!n && !qk_plan_word_at(t, name.from, name.to, "二氧化|一氧化|三氧化|一次"))
            n = qk_plan_word_at(t, name.from, name.to, "一|二|三");
        if (digits) n = digits;
        if (n && n < name.to - name.from) {
            name.from += n;
            again = true;
            continue;
        }
        uint32_t before = name.from;
        cut_scope(t, &name, &out->scope);
        cut_months(t, &name, &out->months);
        again = again || name.from != before;
    }
    while ((n = qk_plan_word_end(
                t, name, "分别|力争|要|应|均|稳定|达|为|，|、|原则上|年均值|平均|总体")) > 0 &&
           n < name.to - name.from)
        name.to -= n;
    return cut_base(t, name);
}

/* 臭氧浓度（日最大8小时平均第90百分位数）: how it is averaged is no part of the name. */
static qk_span cut_qualifier(const qk_plan_text *t, qk_span name)
{
    uint32_t open = qk_plan_find(t, name, "（");
    if (open == UINT32_MAX || open == name.from || !qk_plan_ends(t, name, "）")) return name;
    if (!qk_plan_has_any(t, (qk_span){open, name.to}, "小时|百分位|日最大|日均|年均")) return name;
    return (qk_span){name.from, open};
}

/* Name of the pollutant, or the printed name without the words of measuring. */
static void set_metric(qk_plan *p, qk_span name, const qk_measure *m, qk_plan_target *out)
{
    const qk_plan_text *t = &p->text;
    bool days = m->unit.len && qk_str_eq(m->unit, QK_STR("天"));
    uint32_t n;
    name = trim_metric(t, name, out);
    out->metric_span = name;
    if (m->def && m->def->kind != 't' && qk_plan_has_any(t, name, "PM2.5|细颗粒物") &&
        !qk_plan_has_any(t, name, "达标|天数|超标率")) {
        out->metric = QK_STR("PM2.5");
        out->statistic = m->def->kind == 'c' ? "annual_mean" : "annual_change";
        return;
    }
    if (m->def && m->def->kind != 't' && qk_plan_has_any(t, name, "PM10|可吸入颗粒物") &&
        !qk_plan_has_any(t, name, "达标|天数|超标率")) {
        out->metric = QK_STR("PM10");
        out->statistic = m->def->kind == 'c' ? "annual_mean" : "annual_change";
        return;
    }
    static const char *const heads[] = {"优良", "重度及以上", "重污染", "臭氧", "综合指数"};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        uint32_t at = qk_plan_find(t, name, heads[i]);
        if (at == UINT32_MAX) continue;
        name.from = at;
        break;
    }
    name = cut_qualifier(t, name);
    if ((n = qk_plan_find(t, name, "减排量")) != UINT32_MAX ||
        (n = qk_plan_find(t, name, "排放总量")) != UINT32_MAX) {
        name = (qk_span){name.from, n};
        while ((n = qk_plan_word_end(t, name, "重点工程|工程|主要污染物|总量|排放|累计|协同")) >
                   0 &&
               n < name.to - name.from)
            name.to -= n;
        out->metric_span = name;
        out->metric = qk_plan_quote(t, name);
        out->statistic = "total_reduction";
        return;
    }
    if (days && (n = qk_plan_word_end(t, name, "比例|比率|率|占比")) > 0) name.to -= n;
    while ((n = qk_plan_word_end(t, name, "年平均浓度|年均浓度|平均浓度|浓度|年均")) > 0 &&
           n < name.to - name.from)
        name.to -= n;
    out->metric_span = name;
    out->metric = qk_plan_quote(t, name);
    out->statistic = out->months.to                  ? "period_ratio"
                     : days                          ? "annual_days"
                     : m->def && m->def->kind == 'r' ? "annual_ratio"
                     : m->def && m->def->kind == 'c' ? "annual_mean"
                                                     : "annual_value";
}

/* PM10年均浓度降到70以下: a concentration of which no unit is printed is one in µg/m³. */
static void supply_unit(const qk_plan_text *t, qk_span name, qk_measure *m)
{
    static const qk_unit_def unprinted = {"", "ug/m3", 'c'};
    if (m->def || !m->compared || !qk_plan_has_any(t, name, "PM2.5|PM10|颗粒物") ||
        !qk_plan_has_any(t, name, "浓度|均值|年均") || qk_plan_has_any(t, name, "率|天|比例"))
        return;
    m->def = &unprinted;
    m->unit = qk_str_of(unprinted.shown);
}

static int32_t year_before(const qk_plan *p, qk_span s, uint32_t at)
{
    int32_t year = 0, found;
    uint32_t cp, end;
    for (uint32_t i = s.from; i < at; i = qk_plan_next(&p->text, i, &cp))
        if (qk_is_digit(p->text.norm[i]) && (i == s.from || !qk_is_digit(p->text.norm[i - 1])) &&
            qk_plan_read_year(&p->text, i, at, &found, &end) &&
            !qk_plan_word_end(&p->text, (qk_span){s.from, i}, "比|较|与|相比"))
            year = found;
    return year ? year : p->year_to;
}

typedef struct target_scan {
    qk_span name; /* of the last target in the clause */
    qk_span clause;
    qk_plan_target *first;
    uint32_t run;
} target_scan;

static bool is_goal(const qk_plan_text *t, qk_span name, const qk_measure *m)
{
    bool index = qk_plan_has(t, name, "综合指数") && (!m->def || m->def->kind == 'x');
    if (!qk_plan_has_any(t, name, METRIC_WORDS)) return false;
    if (index) return m->compared;
    if (!m->def || (m->threshold && !m->compared)) return false;
    if (m->def->kind == 'n') return qk_str_eq(m->unit, QK_STR("位次"));
    if (m->def->kind == 'x' || m->def->kind == 'm' || m->def->kind == 'f') return false;
    return m->def->kind != 't' || qk_str_eq(m->unit, QK_STR("天"));
}

/* PM10、PM2.5浓度分别…77、44: each number gets the name in its place. */
static qk_span member_name(const qk_plan_text *t, qk_span all, uint32_t index)
{
    uint32_t cp, k = 0;
    qk_span piece = all;
    for (uint32_t i = all.from; i < all.to; i = qk_plan_next(t, i, &cp)) {
        uint32_t n = qk_plan_word_at(t, i, all.to, "、|和");
        if (!n) continue;
        if (k++ == index) {
            piece.to = i;
            return piece;
        }
        piece.from = i + n;
    }
    return k >= index ? piece : all;
}

static uint32_t list_length(const qk_plan_text *t, qk_span all)
{
    uint32_t cp, k = 1;
    for (uint32_t i = all.from; i < all.to; i = qk_plan_next(t, i, &cp))
        k += qk_plan_word_at(t, i, all.to, "、|和") > 0;
    return k;
}

static qk_plan_target *add_target(qk_plan *p, qk_span sentence, qk_span clause, qk_span name,
                                  const qk_measure *m)
{
    qk_plan_target *out = QK_PLAN_PUSH(p, p, targets, target);
    if (!out) return NULL;
    *out = (qk_plan_target){0};
    out->n = (qk_plan_number){.text = clause,
                              .digits = m->digits,
                              .op = m->op,
                              .value = m->value,
                              .value2 = m->value2,
                              .unit = m->unit,
                              .unit_span = m->unit_span};
    if (m->def && m->def->kind == 'x') out->n.unit = (qk_str){NULL, 0};
    set_metric(p, name, m, out);
    /* a concentration that is "reached" is a ceiling */
    if (m->def && m->def->kind == 'c' && m->raising) out->n.op = QK_OP_LE;
    out->year = year_before(p, sentence, m->digits.from);
    return out;
}

static void read_sentence(qk_plan *p, qk_span s)
{
    const qk_plan_text *t = &p->text;
    qk_measure m = {0};
    qk_span all = {0}, last_clause = {0}, scope = {0}, before = {0};
    uint32_t index = 0, next;
    for (uint32_t at = s.from; (next = qk_plan_next_measure(p, s, at, &m)) != UINT32_MAX;
         at = next) {
        qk_span c = clause_of(t, s, m.digits.from), name = {c.from, m.whole.from};
        if (qk_plan_in_title(t, s, m.digits.from)) continue;
        if (m.listed && last_clause.from == c.from && all.to) {
            index++;
            name = list_length(t, all) > 1 ? member_name(t, all, index) : all;
        } else {
            /* a measure behind another in the clause is named by what stands between */
            if (last_clause.from == c.from && all.to && m.whole.from > all.to) {
                qk_span between = {all.to, m.whole.from};
                for (uint32_t cp, i = between.from; i < between.to; i = qk_plan_next(t, i, &cp))
                    if (qk_plan_word_at(t, i, between.to, "、|和")) name.from = i + 3;
            }
            all = name;
            index = 0;
            if (list_length(t, all) > 1 && m.whole.to == m.digits.to)
                name = member_name(t, all, 0);
            else if (list_length(t, all) > 1 && qk_plan_has(t, all, "分别"))
                name = member_name(t, all, 0);
        }
        /* …下降12%，达到40微克/立方米: a clause without a subject speaks of the one before */
        bool bare = last_clause.to < c.from && qk_plan_chars(t, name) < 3 && before.to && m.def &&
                    strchr("rct", m.def->kind);
        last_clause = c;
        if (bare) all = name = before;
        supply_unit(t, name, &m);
        if (!is_goal(t, name, &m) && !is_goal(t, all, &m)) continue;
        before = name;
        qk_plan_target *out = add_target(p, s, c, name, &m);
        /* the area named first holds for the sentence; one in brackets for itself */
        if (out && out->scope.to && !scope.to) scope = out->scope;
        if (out && !out->scope.to) out->scope = scope;
    }
}

static void read_goals(qk_plan *p, qk_span s)
{
    for (uint32_t at = s.from; at < s.to;) {
        qk_span sentence = qk_plan_next_sentence(&p->text, s, at);
        read_sentence(p, sentence);
        at = sentence.to;
    }
}

void qk_plan_read_targets(qk_plan *p)
{
    for (uint32_t n = 0; n < p->node_count; n++) {
        const qk_plan_node *node = &p->nodes[n];
        if (node->role != QK_PLAN_GOALS) continue;
        for (uint32_t i = node->para; i < node->own_end; i++) {
            qk_span s = p->paras[i].span;
            if (i == node->para) s.from = node->heading.to;
            read_goals(p, s);
        }
    }
    if (p->target_count) return;
    /* no chapter of goals: the guiding chapters may hold them */
    for (uint32_t n = 0; n < p->node_count; n++) {
        const qk_plan_node *node = &p->nodes[n];
        bool mixed = node->parent < 0 && node->role == QK_PLAN_TASKS &&
                     qk_plan_has(&p->text, node->title, "目标");
        if (node->role != QK_PLAN_GUIDE && !mixed) continue;
        for (uint32_t i = node->para; i < node->own_end; i++)
            if (qk_plan_has_any(&p->text, p->paras[i].span, "优良|PM2.5|PM10"))
                read_goals(p, p->paras[i].span);
    }
}
