/* SPDX-License-Identifier: Apache-2.0 */
/* Expected against actual of one line. Pure. */
#include "domain/year.h"

#define NONE INT32_MIN

const char *qk_colour_name(qk_colour colour)
{
    static const char *const names[] = {NULL, "green", "yellow", "red"};
    return names[colour];
}

static bool is(qk_str s, const char *word)
{
    return qk_str_eq(s, qk_str_of(word));
}

/* Units of levels: the number is a bound, not something that grows through the year. */
static bool is_level(qk_str unit)
{
    static const char *const levels[] = {"%",    "ug/m3", "mg/m3", "min", "h",      "g/m2", "t/km2",
                                         "km/h", "m/s",   "℃",     "dB",  "百分点", "mm",   "位"};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (is(unit, levels[i])) return true;
    return qk_str_find(unit, QK_STR("/"), 0) != SIZE_MAX && !qk_str_ends(unit, QK_STR("/年"));
}

/* Good days of the year so far: they come with the year, not with the plan. */
static bool is_days_of_year(const qk_line_facts *f)
{
    return is(f->kind, "target") && is(f->unit, "天");
}

static bool grows(const qk_line_facts *f)
{
    bool counted = is(f->kind, "indicator") || is(f->kind, "project") || is_days_of_year(f);
    return f->has_value && counted && (is(f->op, "==") || is(f->op, ">=")) && !is_level(f->unit);
}

static bool meets(const qk_line_facts *f)
{
    int c = qk_dec_cmp(f->actual, f->value);
    if (is(f->op, "<=")) return c <= 0;
    if (is(f->op, "<")) return c < 0;
    if (is(f->op, ">")) return c > 0;
    if (is(f->op, "range")) return c >= 0 && qk_dec_cmp(f->actual, f->value2) <= 0;
    /* 完成274台: more is not less than what was asked for */
    return c >= 0;
}

static int32_t month_of(int32_t day)
{
    qk_civil c = qk_civil_of((qk_time)day * QK_DAY - QK_CST_OFFSET);
    return c.year * 12 + c.month - 1;
}

static int32_t month_end(int32_t month)
{
    qk_time t = 0;
    qk_civil c = {.year = month / 12, .month = month % 12 + 1, .day = 1};
    c.day = qk_days_in_month(c.year, c.month);
    return qk_time_of(&t, &c) == QK_OK ? qk_day_number(t) : 0;
}

/* The last printed point up to the month's end. */
static bool expected_by_path(qk_dec *out, const qk_line_facts *f)
{
    bool found = false;
    for (const qk_json_value *p = f->path ? f->path->first : NULL; p; p = p->next) {
        qk_time t = 0;
        qk_dec d;
        if (!p->first || !p->first->next || qk_time_parse(&t, p->first->text) != QK_OK ||
            qk_dec_parse(&d, p->first->next->text) != QK_OK)
            continue;
        if (qk_day_number(t) > month_end(f->month)) break;
        *out = d;
        found = true;
    }
    return found;
}

static bool expected_by_months(qk_dec *out, const qk_line_facts *f)
{
    bool year = is_days_of_year(f);
    if ((f->start_day == NONE && !year) || f->due_day == NONE) return false;
    int32_t last = month_of(f->due_day), first = year ? last / 12 * 12 : month_of(f->start_day);
    int32_t total = last - first + 1, passed = f->month - first + 1;
    if (total < 1) total = 1;
    if (passed < 0) passed = 0;
    if (passed > total) passed = total;
    qk_i128 power = qk_power_of_ten[f->value.scale];
    return qk_dec_ratio(out, (qk_i128)f->value.mantissa * passed, power * total, 2) == QK_OK;
}

/* actual is at least `percent` of expected below it */
static bool is_behind(const qk_line_facts *f, qk_dec expected)
{
    qk_dec hundred = {100, 0}, rest = {100 - f->behind_percent, 0}, a, e;
    if (expected.mantissa <= 0) return false;
    if (qk_dec_mul(&a, f->actual, hundred) != QK_OK || qk_dec_mul(&e, expected, rest) != QK_OK)
        return false;
    return qk_dec_cmp(a, e) <= 0;
}

static void set(qk_line_judged *out, qk_colour colour, const char *reason)
{
    out->colour = colour;
    out->reason = reason;
}

static bool overdue(const qk_line_facts *f)
{
    return f->due_day != NONE && f->due_day < f->judged_day;
}

static bool near(const qk_line_facts *f)
{
    return f->due_day != NONE && f->due_day - f->judged_day <= f->near_days;
}

static void judge_growing(qk_line_judged *out, const qk_line_facts *f)
{
    if (overdue(f))
        set(out, QK_COLOUR_RED, "overdue");
    else if (out->has_expected && is_behind(f, out->expected))
        set(out, QK_COLOUR_YELLOW, "behind");
    else if (near(f))
        set(out, QK_COLOUR_YELLOW, "near");
    else
        set(out, QK_COLOUR_GREEN, "on_schedule");
}

/* A month's duty is over with its month, a quarter's with its last. */
static bool period_over(const qk_line_facts *f)
{
    int32_t m = f->month % 12 + 1;
    if (is(f->every, "quarter")) return m % 3 == 0;
    if (is(f->every, "half_year")) return m % 6 == 0;
    if (is(f->every, "year")) return m == 12;
    return true;
}

static void judge_task(qk_line_judged *out, const qk_line_facts *f)
{
    if (overdue(f))
        set(out, QK_COLOUR_RED, "overdue");
    else if (near(f))
        set(out, QK_COLOUR_YELLOW, "near");
    else if (f->has_actual)
        set(out, QK_COLOUR_GREEN, "on_schedule");
    else
        set(out, QK_COLOUR_NONE, "no_figure");
}

static void judge_number(qk_line_judged *out, const qk_line_facts *f)
{
    out->met = meets(f);
    if (out->met)
        set(out, QK_COLOUR_GREEN, "met");
    else if (grows(f))
        judge_growing(out, f);
    else if (is(f->kind, "recurring"))
        period_over(f) ? set(out, QK_COLOUR_RED, "period_missed")
                       : set(out, QK_COLOUR_GREEN, "on_schedule");
    else
        overdue(f) ? set(out, QK_COLOUR_RED, "overdue") : set(out, QK_COLOUR_YELLOW, "below_bound");
}

void qk_year_judge_line(qk_line_judged *out, const qk_line_facts *f)
{
    *out = (qk_line_judged){0};
    if (f->has_value) {
        out->has_expected = !grows(f) || expected_by_path(&out->expected, f) ||
                            expected_by_months(&out->expected, f);
        if (!grows(f)) out->expected = f->value;
    }
    if (is(f->state, "done")) {
        out->met = true;
        set(out, QK_COLOUR_GREEN, "met");
    } else if (f->has_value && f->has_actual) {
        judge_number(out, f);
    } else if (f->has_value) {
        overdue(f) ? set(out, QK_COLOUR_RED, "overdue") : set(out, QK_COLOUR_NONE, "no_figure");
    } else if (is(f->kind, "recurring")) {
        f->has_actual ? set(out, QK_COLOUR_GREEN, "met") : set(out, QK_COLOUR_NONE, "no_figure");
    } else {
        judge_task(out, f);
    }
}
