/* SPDX-License-Identifier: Apache-2.0 */
/* Dates and deadlines: 2025年9月底前, 9月底前, 年底前, 到2025年, 11月15日至次年3月15日, 全年,
 * 二季度末; and what recurs: 每月, 按季度. */
#include "plan/private.h"

enum { YEAR_MIN = 1990, YEAR_MAX = 2100 };

int32_t qk_plan_last_day(int32_t y, int32_t m)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (m < 1 || m > 12) return 31;
    return m == 2 && ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0) ? 29 : days[m - 1];
}

bool qk_plan_read_year(const qk_plan_text *t, uint32_t at, uint32_t limit, int32_t *year,
                       uint32_t *end)
{
    uint32_t v, i;
    if (!qk_plan_read_count(t, at, limit, &v, &i) || v < YEAR_MIN || v > YEAR_MAX) return false;
    if (!qk_plan_is(t, i, limit, "年")) return false;
    *year = (int32_t)v;
    *end = i + 3;
    return true;
}

bool qk_plan_read_date(const qk_plan_text *t, uint32_t at, uint32_t limit, int32_t *date,
                       uint32_t *end)
{
    int32_t y;
    uint32_t m, d, i;
    if (!qk_plan_read_year(t, at, limit, &y, &i) || !qk_plan_read_count(t, i, limit, &m, &i) ||
        m < 1 || m > 12 || !qk_plan_is(t, i, limit, "月") ||
        !qk_plan_read_count(t, i + 3, limit, &d, &i) || d < 1 ||
        (int32_t)d > qk_plan_last_day(y, (int32_t)m) || !qk_plan_is(t, i, limit, "日"))
        return false;
    *date = y * 10000 + (int32_t)(m * 100 + d);
    *end = i + 3;
    return true;
}

/* A point in time as far as it is printed. */
typedef struct moment {
    int32_t year, month, day;
    bool next_year; /* 次年 */
    bool end;       /* 底, 末 */
    bool year_end;  /* 年底 */
    bool ten_early, ten_mid;
    bool quarter, half;
    uint32_t to;
} moment;

static bool read_month(const qk_plan_text *t, uint32_t limit, moment *m)
{
    uint32_t v, i;
    if (!qk_plan_read_count(t, m->to, limit, &v, &i) || v < 1 || v > 12 ||
        !qk_plan_is(t, i, limit, "月"))
        return false;
    if (qk_plan_is(t, i, limit, "月份")) i += 3;
    m->month = (int32_t)v;
    m->to = i + 3;
    if (qk_plan_read_count(t, m->to, limit, &v, &i) && v >= 1 && v <= 31 &&
        qk_plan_word_at(t, i, limit, "日|号")) {
        m->day = (int32_t)v;
        m->to = i + 3;
    } else if ((v = qk_plan_word_at(t, m->to, limit, "底|末|月底|下旬")) > 0) {
        m->end = true;
        m->to += v;
    } else if ((v = qk_plan_word_at(t, m->to, limit, "上旬|初")) > 0) {
        m->ten_early = true;
        m->to += v;
    } else if ((v = qk_plan_word_at(t, m->to, limit, "中旬")) > 0) {
        m->ten_mid = true;
        m->to += v;
    }
    return true;
}

static bool read_quarter(const qk_plan_text *t, uint32_t limit, moment *m)
{
    uint32_t v, i = m->to + (qk_plan_is(t, m->to, limit, "第") ? 3 : 0), n;
    if ((n = qk_plan_word_at(t, m->to, limit, "上半年")) > 0) {
        m->month = 6;
        m->half = true;
        m->to += n;
    } else if ((n = qk_plan_word_at(t, m->to, limit, "下半年")) > 0) {
        m->month = 12;
        m->half = true;
        m->to += n;
    } else if (qk_plan_read_count(t, i, limit, &v, &i) && v >= 1 && v <= 4 &&
               qk_plan_is(t, i, limit, "季度")) {
        m->month = (int32_t)v * 3;
        m->quarter = true;
        m->to = i + 6;
        if ((n = qk_plan_word_at(t, m->to, limit, "末|底")) > 0) m->to += n;
    } else {
        return false;
    }
    m->end = true;
    return true;
}

/* Year, month, day as far as they are there; false when nothing of a date stands here. */
static bool read_moment(const qk_plan_text *t, uint32_t at, uint32_t limit, moment *m)
{
    uint32_t n;
    bool any = false;
    *m = (moment){.to = at};
    if (qk_plan_read_year(t, at, limit, &m->year, &m->to)) {
        any = true;
    } else if ((n = qk_plan_word_at(t, at, limit, "次年|翌年|第二年|来年|明年")) > 0) {
        m->next_year = true;
        m->to += n;
        any = true;
    } else if ((n = qk_plan_word_at(t, at, limit, "今年|本年度|本年|当年|同年")) > 0) {
        m->to += n;
        any = true;
    }
    if ((any || !qk_plan_is(t, m->to, limit, "年")) && read_month(t, limit, m)) return true;
    if (read_quarter(t, limit, m)) return true;
    if ((n = qk_plan_word_at(t, m->to, limit, "年年底|年底|年末|底|末")) > 0 && (any || n > 3)) {
        m->year_end = m->end = true;
        m->to += n;
        return true;
    }
    return any;
}

static int32_t date_of(const moment *m, int32_t year)
{
    int32_t month = m->month ? m->month : 12;
    int32_t day = m->day         ? m->day
                  : m->ten_early ? 10
                  : m->ten_mid   ? 20
                                 : qk_plan_last_day(year, month);
    if (day > qk_plan_last_day(year, month)) day = qk_plan_last_day(year, month);
    return year * 10000 + month * 100 + day;
}

typedef struct date_scan {
    qk_plan *p;
    qk_plan_task *task;
    qk_span sentence;
    int32_t sentence_year; /* of the last dated deadline in the sentence */
} date_scan;

/* The year a date without one falls into: the sentence's, else the plan's; in a plan of several
 * years that says when it was issued, the first whose date is not past by then. */
static int32_t guess_year(const date_scan *s, const moment *m)
{
    const qk_plan *p = s->p;
    if (s->sentence_year) return s->sentence_year;
    if (p->year_from == p->year_to) return p->year_to;
    for (int32_t y = p->year_from; y <= p->year_to && p->issued; y++)
        if (date_of(m, y) > p->issued) return y;
    return p->year_to;
}

static void add_deadline(date_scan *s, qk_span span, int32_t start, int32_t date)
{
    qk_plan_deadline *d;
    int32_t first = s->p->year_from;
    /* a year before the plan's is a fact of the past */
    if (first && date / 10000 < first) return;
    d = QK_PLAN_PUSH(s->p, s->task, deadlines, deadline);
    if (d) *d = (qk_plan_deadline){span, start, date};
    s->sentence_year = date / 10000;
}

static bool at_clause_start(const qk_plan_text *t, qk_span s, uint32_t at)
{
    uint32_t cp;
    qk_span before = {s.from, at};
    if (at == s.from) return true;
    qk_plan_prev(t, at, &cp);
    if (cp == 0x3002 || cp == 0xFF0C || cp == 0xFF1B || cp == 0xFF1A || cp == 0x3001 ||
        cp == 0xFF09)
        return true;
    return qk_plan_word_end(
               t, before,
               "力争|确保|争取|原则上|全市|全县|全区|于|在|其中|并|至|到|截至|截止|计划|自") > 0;
}

/* Words behind 2025年 that show it names a document, a model year or a base. */
static bool is_label_year(const qk_plan_text *t, uint32_t end, uint32_t limit)
{
    return qk_plan_word_at(t, end, limit,
                           "本）|本)|本|度|版|修订|以来|以前|起|开始|间|的|大气污染防治|蓝天保卫|"
                           "水平|同期|基础|基准") > 0 &&
           !qk_plan_is(t, end, limit, "本级");
}

static bool is_base_year(const qk_plan_text *t, qk_span s, uint32_t at)
{
    qk_span before = {s.from, at};
    return qk_plan_word_end(t, before,
                            "比|较|相比|相较|相较于|与|从|由|以|对比|列入|纳入|截至|截止") > 0;
}

/* 2024年、2025年、2026年…分别: each year of the list has its own number behind it. */
static bool is_year_list(const date_scan *s, uint32_t at, uint32_t to)
{
    const qk_plan_text *t = &s->p->text;
    qk_span rest = {to, to};
    uint32_t cp;
    while (rest.to < s->sentence.to && !qk_plan_word_at(t, rest.to, s->sentence.to, "，|；|。"))
        rest.to = qk_plan_next(t, rest.to, &cp);
    return qk_plan_has(t, rest, "分别") &&
           qk_plan_word_end(t, (qk_span){s->sentence.from, at}, "年、");
}

/* 2024年采暖季前: heating begins on the 15th of November. */
static uint32_t heating_season(const qk_plan_text *t, uint32_t at, uint32_t limit)
{
    return qk_plan_word_at(t, at, limit,
                           "采暖季前|采暖季开始前|采暖季来临前|采暖期前|供暖季前|供暖期前|取暖季前|"
                           "冬季采暖前|冬季供暖前|冬季取暖前|入冬前|采暖季到来前|取暖期前");
}

/* 2025年汛期前: the year belongs to a time of its own that no calendar gives. */
static bool is_unknown_time(const qk_plan_text *t, uint32_t at, uint32_t limit)
{
    uint32_t cp, chars = 0;
    for (uint32_t i = at; i < limit && chars < 6; i = qk_plan_next(t, i, &cp), chars++) {
        if (qk_plan_word_at(t, i, limit, "，|。|；|、|底|末|月|目|以|年|提|此")) return false;
        if (chars > 0 && qk_plan_is(t, i, limit, "前"))
            return !qk_plan_word_at(t, i, limit,
                                    "前期|前端|前置|前后|前沿|前往|前提|前景|前列|前十|前三");
    }
    return false;
}

/* A bare year that opens a clause: 2025年，力争… */
static bool is_year_clause(date_scan *s, uint32_t at, const moment *m)
{
    const qk_plan_text *t = &s->p->text;
    uint32_t cp;
    if (is_label_year(t, m->to, s->sentence.to) || is_base_year(t, s->sentence, at)) return false;
    if (is_unknown_time(t, m->to, s->sentence.to)) return false;
    if (!at_clause_start(t, s->sentence, at) ||
        (qk_plan_word_end(t, (qk_span){s->sentence.from, at}, "、") && !is_year_list(s, at, m->to)))
        return false;
    if (s->p->year_from && (m->year < s->p->year_from || m->year > s->p->year_to + 10))
        return false;
    qk_plan_next(t, m->to, &cp);
    return cp != '-' && cp != 0x2014 && cp != '~';
}

/* 11月15日至次年3月15日 */
static bool read_period(date_scan *s, uint32_t at, const moment *from, uint32_t *end)
{
    const qk_plan_text *t = &s->p->text;
    moment to;
    int32_t y, y2;
    uint32_t n = qk_plan_word_at(t, from->to, s->sentence.to, "至|到|-|~|—|——");
    if (!n || !from->month || !read_moment(t, from->to + n, s->sentence.to, &to) || !to.month)
        return false;
    *end = to.to + qk_plan_word_at(t, to.to, s->sentence.to, "期间|止|之间");
    y = from->year ? from->year : guess_year(s, from);
    y2 = to.year ? to.year : to.next_year ? y + 1 : y;
    if (!to.year && !to.next_year && date_of(&to, y2) < date_of(from, y)) y2++;
    /* bare months (5月至9月) are a season */
    if (!from->day && !to.day && !from->year) return true;
    moment first = *from;
    if (!first.day) first.day = 1;
    add_deadline(s, (qk_span){at, *end}, date_of(&first, y), date_of(&to, y2));
    return true;
}

/* One date expression at `at`; returns where to go on. */
static uint32_t take_moment(date_scan *s, uint32_t at)
{
    const qk_plan_text *t = &s->p->text;
    qk_span sen = s->sentence;
    uint32_t n, from = at, lead = qk_plan_word_at(t, at, sen.to, "到"), end;
    bool till = lead > 0;
    moment m;
    if (!read_moment(t, at + lead, sen.to, &m)) return at;
    if (qk_plan_in_title(t, sen, at)) return m.to;
    if (qk_plan_word_end(t, (qk_span){sen.from, at}, "每|每年|每月|每季度|次|当")) return m.to;
    if (!till && read_period(s, at, &m, &end)) return end;
    if (m.year && !m.month && !m.end && (n = heating_season(t, m.to, sen.to)) > 0) {
        add_deadline(s, (qk_span){from, m.to + n}, 0, m.year * 10000 + 1115);
        return m.to + n;
    }
    n = qk_plan_word_at(t, m.to, sen.to, "之前|以前|前|以内|内|之内");
    if (m.year && !m.month && !m.year_end && !n) {
        if (till ? is_label_year(t, m.to, sen.to) : !is_year_clause(s, at, &m)) return m.to;
        add_deadline(s, (qk_span){from, m.to}, 0, date_of(&m, m.year));
        return m.to;
    }
    if (n) {
        end = m.to + n;
        if (!m.month && !m.year_end && !m.year) return m.to; /* 年内 alone is read elsewhere */
    } else if (m.day && (n = qk_plan_word_at(t, m.to, sen.to, "起")) > 0) {
        end = m.to + n;
    } else if (m.end || till) {
        end = m.to;
        if (qk_plan_word_end(t, (qk_span){sen.from, at}, "截至|截止")) return m.to;
    } else if (m.day && qk_plan_word_end(t, (qk_span){sen.from, at}, "于|时限：|时间：|期限：")) {
        end = m.to;
    } else if (m.month && (m.year || m.day) && at == sen.from && m.to == sen.to) {
        end = m.to;
    } else if (m.day && qk_plan_word_end(t, (qk_span){sen.from, at}, "至") &&
               !qk_plan_word_end(t, (qk_span){sen.from, at}, "截至|甚至|以至")) {
        end = m.to;
    } else if ((m.ten_early || m.ten_mid) && qk_plan_word_at(t, m.to, sen.to, "完成|建成|全部")) {
        end = m.to;
    } else {
        return m.to;
    }
    add_deadline(s, (qk_span){from, end}, 0, date_of(&m, m.year ? m.year : guess_year(s, &m)));
    return end;
}

/* 年底前, 年内, 全年完成, 长期坚持: time words without a number. */
static uint32_t take_word(date_scan *s, uint32_t at)
{
    const qk_plan_text *t = &s->p->text;
    moment none = {0};
    uint32_t n = qk_plan_word_at(t, at, s->sentence.to,
                                 "年年底前|年底之前|年底以前|年底前|年末前|年内|年底|年末");
    bool year_word = n > 0;
    if (!n && at_clause_start(t, s->sentence, at) &&
        (n = qk_plan_word_at(t, at, s->sentence.to, "全年完成")) > 0)
        n = 6;
    if (year_word &&
        qk_plan_word_end(t, (qk_span){s->sentence.from, at}, "每|去|上|近|两|三|五|多|次|岁"))
        return at + n;
    if (n) {
        add_deadline(s, (qk_span){at, at + n}, 0, date_of(&none, guess_year(s, &none)));
        return at + n;
    }
    return at;
}

void qk_plan_find_deadlines(qk_plan *p, qk_span s, qk_plan_task *task)
{
    const qk_plan_text *t = &p->text;
    for (uint32_t at = s.from; at < s.to;) {
        date_scan scan = {p, task, qk_plan_next_sentence(t, s, at), 0};
        uint32_t i = at, cp;
        while (i < scan.sentence.to) {
            uint32_t next = take_moment(&scan, i);
            if (next == i) next = take_word(&scan, i);
            i = next > i ? next : qk_plan_next(t, i, &cp);
        }
        at = scan.sentence.to;
    }
}

static const struct {
    const char *word, *every;
} rhythms[] = {
    {"每小时", "hour"},       {"每日", "day"},
    {"每天", "day"},          {"每周", "week"},
    {"每星期", "week"},       {"每旬", "ten_days"},
    {"每半月", "half_month"}, {"每半个月", "half_month"},
    {"每半年", "half_year"},  {"每季度", "quarter"},
    {"每季", "quarter"},      {"每个月", "month"},
    {"每月", "month"},        {"每年度", "year"},
    {"每年", "year"},         {"按季度", "quarter"},
    {"按季", "quarter"},      {"按月", "month"},
    {"按周", "week"},         {"按日", "day"},
    {"按年度", "year"},       {"逐月", "month"},
    {"逐日", "day"},          {"长期坚持", "standing"},
    {"长期推进", "standing"}, {"持续推进，长期坚持", "standing"},
    {"月抽查率", "month"},    {"月度调度", "month"},
};

static qk_span clause_around(const qk_plan_text *t, qk_span s, uint32_t at)
{
    /* 每周调度、每月通报: each member of the list recurs by itself */
    static const char *const stops =
        "，|；|。|：|、每周|、每月|、每季|、每年|、每天|、每日|、每半|、按季|、按月";
    qk_span c = {at, at};
    uint32_t cp, prev;
    while (c.from > s.from && !qk_plan_word_end(t, (qk_span){s.from, c.from}, "，|；|。|：") &&
           !(c.from == at && qk_plan_word_end(t, (qk_span){s.from, c.from}, "、"))) {
        prev = qk_plan_prev(t, c.from, &cp);
        c.from = prev;
    }
    while (c.to < s.to && !qk_plan_word_at(t, c.to, s.to, stops)) c.to = qk_plan_next(t, c.to, &cp);
    return c;
}

static void add_recurring(qk_plan *p, qk_plan_task *task, qk_span clause, uint32_t behind,
                          const char *every)
{
    qk_measure m = {0};
    qk_plan_recurring *r;
    /* one clause may name two rhythms; one row each clause is enough */
    if (task->recurring_count &&
        task->recurring[task->recurring_count - 1].text.from == clause.from)
        return;
    r = QK_PLAN_PUSH(p, task, recurring, recurring);
    if (!r) return;
    *r = (qk_plan_recurring){.every = every, .text = clause, .what = {behind, clause.to}};
    if (r->what.from >= r->what.to) r->what = clause;
    for (uint32_t i = behind; (i = qk_plan_next_measure(p, clause, i, &m)) != UINT32_MAX;) {
        if (!m.def || strchr("mtx", m.def->kind)) continue;
        r->measured = true;
        r->op = m.op;
        r->value = m.value;
        r->unit = m.unit;
        break;
    }
}

/* 每周五下午: the day of the week is said, not what is to be done. 每周一次 counts. */
static uint32_t behind_weekday(const qk_plan_text *t, uint32_t at, uint32_t limit)
{
    uint32_t n = qk_plan_word_at(t, at, limit, "一|二|三|四|五|六|日|天|末"), more;
    if (!n || !qk_plan_word_end(t, (qk_span){at - 6, at}, "每周|星期") ||
        qk_plan_word_at(t, at + n, limit, "次|遍|轮|回|批|检|报|调|会|查"))
        return at;
    more = qk_plan_word_at(t, at + n, limit, "上午|下午|前");
    return at + n + more;
}

void qk_plan_find_recurring(qk_plan *p, qk_span s, qk_plan_task *task)
{
    const qk_plan_text *t = &p->text;
    for (uint32_t i = s.from, cp; i < s.to; i = qk_plan_next(t, i, &cp)) {
        qk_plan_next(t, i, &cp);
        /* 吨每月 is a unit */
        if (cp == 0x6BCF && qk_plan_word_end(t, (qk_span){s.from, i}, "吨|克|米|里|次|元|瓦"))
            continue;
        if (qk_plan_is(t, i, s.to, "每小时") && i + 9 < s.to && qk_is_digit(t->norm[i + 9]))
            continue; /* 每小时35蒸吨 is a size */
        if (cp != 0x6BCF && cp != 0x6309 && cp != 0x9010 && cp != 0x957F && cp != 0x6708)
            continue; /* 每按逐长月 */
        for (size_t k = 0; k < sizeof rhythms / sizeof rhythms[0]; k++) {
            if (!qk_plan_is(t, i, s.to, rhythms[k].word)) continue;
            uint32_t behind = behind_weekday(t, i + (uint32_t)strlen(rhythms[k].word), s.to);
            add_recurring(p, task, clause_around(t, s, i), behind, rhythms[k].every);
            break;
        }
    }
}
