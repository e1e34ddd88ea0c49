/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/recur.h"

typedef enum rule_kind { MINUTES, HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY, WORKDAYS } rule_kind;

typedef struct parsed_rule {
    rule_kind kind;
    int64_t every, month, day;
    qk_time of_day; /* ms */
} parsed_rule;

static bool parse_number(qk_str text, int64_t low, int64_t high, int64_t *out)
{
    return text.len > 0 && text.len <= 4 && qk_is_digit(text.ptr[0]) && !qk_parse_i64(out, text) &&
           *out >= low && *out <= high;
}

static bool parse_clock(qk_str text, qk_time *out)
{
    int64_t hour, minute;
    qk_str h = qk_str_cut(&text, ':');
    if (!parse_number(h, 0, 23, &hour) || !parse_number(text, 0, 59, &minute)) return false;
    *out = hour * QK_HOUR + minute * QK_MINUTE;
    return true;
}

static bool parse_rule(qk_str text, parsed_rule *r)
{
    qk_str word = qk_str_cut(&text, ' ');
    *r = (parsed_rule){0};
    if (qk_str_eq(word, QK_STR("minutes"))) {
        r->kind = MINUTES;
        return parse_number(text, 1, 1440, &r->every) && 1440 % r->every == 0;
    }
    if (qk_str_eq(word, QK_STR("hourly"))) {
        r->kind = HOURLY;
        return parse_number(text, 0, 59, &r->every);
    }
    if (qk_str_eq(word, QK_STR("daily")))
        r->kind = DAILY;
    else if (qk_str_eq(word, QK_STR("workdays")))
        r->kind = WORKDAYS;
    else if (qk_str_eq(word, QK_STR("weekly")))
        r->kind = WEEKLY;
    else if (qk_str_eq(word, QK_STR("monthly")))
        r->kind = MONTHLY;
    else if (qk_str_eq(word, QK_STR("yearly")))
        r->kind = YEARLY;
    else
        return false;
    if (r->kind == WEEKLY && !parse_number(qk_str_cut(&text, ' '), 1, 7, &r->day)) return false;
    if (r->kind == MONTHLY && !parse_number(qk_str_cut(&text, ' '), 1, 31, &r->day)) return false;
    if (r->kind == YEARLY) {
        qk_str date = qk_str_cut(&text, ' ');
        qk_str month = qk_str_cut(&date, '-');
        if (!parse_number(month, 1, 12, &r->month) ||
            !parse_number(date, 1, qk_days_in_month(2024, (int32_t)r->month), &r->day))
            return false;
    }
    return parse_clock(text, &r->of_day);
}

/* Start of the day in the month that holds t, clipped to the month's length. */
static qk_time day_of_month(qk_time t, int64_t day)
{
    qk_civil c = qk_civil_of(t);
    int32_t last = qk_days_in_month(c.year, c.month);
    return qk_floor_month(t) + ((day < last ? day : last) - 1) * QK_DAY;
}

static qk_code next_monthly(qk_time *out, const parsed_rule *r, qk_time after)
{
    qk_time month = qk_floor_month(after);
    for (int i = 0; i < 2; i++, month = qk_add_months(month, 1)) {
        *out = day_of_month(month, r->day) + r->of_day;
        if (*out > after) return QK_OK;
    }
    return QK_ERANGE;
}

static qk_code next_yearly(qk_time *out, const parsed_rule *r, qk_time after)
{
    qk_time year = qk_floor_year(after);
    for (int i = 0; i < 2; i++, year = qk_add_months(year, 12)) {
        qk_time month = qk_add_months(year, (int32_t)r->month - 1);
        *out = day_of_month(month, r->day) + r->of_day;
        if (*out > after) return QK_OK;
    }
    return QK_ERANGE;
}

static bool day_fits(const parsed_rule *r, qk_time day, const qk_worktime *w)
{
    if (r->kind == WEEKLY) return qk_civil_of(day).weekday == r->day;
    if (r->kind == WORKDAYS) return qk_worktime_is_workday(w, qk_day_number(day));
    return true;
}

static qk_code next_by_day(qk_time *out, const parsed_rule *r, qk_time after, const qk_worktime *w)
{
    enum { DAYS_MAX = 3660 };
    qk_time day = qk_floor_day(after);
    for (int i = 0; i < DAYS_MAX; i++, day += QK_DAY) {
        *out = day + r->of_day;
        if (*out > after && day_fits(r, day, w)) return QK_OK;
    }
    return QK_ERANGE;
}

qk_code qk_recur_next(qk_time *out, qk_str rule, qk_time after, const qk_worktime *w)
{
    parsed_rule r;
    qk_worktime week;
    qk_worktime_init(&week);
    if (!parse_rule(rule, &r)) return QK_EFORMAT;
    switch (r.kind) {
    case MINUTES: {
        qk_time day = qk_floor_day(after), step = r.every * QK_MINUTE;
        *out = day + ((after - day) / step + 1) * step;
        return QK_OK;
    }
    case HOURLY:
        *out = qk_floor_hour(after) + r.every * QK_MINUTE;
        if (*out <= after) *out += QK_HOUR;
        return QK_OK;
    case MONTHLY: return next_monthly(out, &r, after);
    case YEARLY: return next_yearly(out, &r, after);
    case DAILY:
    case WEEKLY:
    case WORKDAYS: break;
    }
    return next_by_day(out, &r, after, w ? w : &week);
}
