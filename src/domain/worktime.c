/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/worktime.h"

enum { DAYS_MAX = 3660, DAY_MINUTES = 1440 };

void qk_worktime_init(qk_worktime *w)
{
    *w = (qk_worktime){.span_count = 2};
    w->spans[0].from_min = 8 * 60 + 30, w->spans[0].to_min = 12 * 60;
    w->spans[1].from_min = 14 * 60, w->spans[1].to_min = 17 * 60 + 30;
}

static bool parse_minute(qk_str text, int32_t *out)
{
    int64_t hour, minute;
    qk_str h = qk_str_cut(&text, ':');
    if (h.len != 2 || text.len != 2 || qk_parse_i64(&hour, h) || qk_parse_i64(&minute, text))
        return false;
    if (hour < 0 || minute < 0 || minute > 59) return false;
    *out = (int32_t)(hour * 60 + minute);
    return *out <= DAY_MINUTES;
}

qk_code qk_worktime_hours(qk_worktime *w, qk_str text)
{
    qk_worktime read = *w;
    int32_t last = -1;
    read.span_count = 0;
    while (text.len) {
        if (read.span_count == QK_WORK_SPANS) return QK_EFORMAT;
        qk_str span = qk_str_trim(qk_str_cut(&text, ','));
        qk_str from = qk_str_cut(&span, '-');
        int32_t a, b;
        if (!parse_minute(from, &a) || !parse_minute(span, &b) || a <= last || b <= a)
            return QK_EFORMAT;
        read.spans[read.span_count].from_min = a;
        read.spans[read.span_count++].to_min = last = b;
    }
    if (read.span_count == 0) return QK_EFORMAT;
    *w = read;
    return QK_OK;
}

static qk_time start_of(int32_t day)
{
    return day * QK_DAY - QK_CST_OFFSET;
}

bool qk_worktime_is_workday(const qk_worktime *w, int32_t day)
{
    size_t low = 0, high = w->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (w->days[middle].day == day) return w->days[middle].working;
        if (w->days[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    int32_t weekday = ((day + 3) % 7 + 7) % 7; /* day 0 was a Thursday; 0 is Monday */
    return weekday < 5;
}

bool qk_worktime_is_open(const qk_worktime *w, qk_time t)
{
    int32_t day = qk_day_number(t);
    if (!qk_worktime_is_workday(w, day)) return false;
    qk_time since = t - start_of(day);
    for (size_t i = 0; i < w->span_count; i++)
        if (since >= w->spans[i].from_min * QK_MINUTE && since < w->spans[i].to_min * QK_MINUTE)
            return true;
    return false;
}

qk_code qk_worktime_add_days(qk_time *out, const qk_worktime *w, qk_time t, int32_t n)
{
    int32_t day = qk_day_number(t), last = day + DAYS_MAX;
    if (n < 1) return QK_EINVAL;
    while (n > 0) {
        if (++day > last) return QK_ERANGE;
        n -= qk_worktime_is_workday(w, day);
    }
    *out = start_of(day + 1);
    return QK_OK;
}

/* Working time of one day within [a, b). */
static int64_t open_within(const qk_worktime *w, int32_t day, qk_time a, qk_time b)
{
    int64_t sum = 0;
    if (!qk_worktime_is_workday(w, day)) return 0;
    for (size_t i = 0; i < w->span_count; i++) {
        qk_time from = start_of(day) + w->spans[i].from_min * QK_MINUTE;
        qk_time to = start_of(day) + w->spans[i].to_min * QK_MINUTE;
        if (from < a) from = a;
        if (to > b) to = b;
        if (to > from) sum += to - from;
    }
    return sum;
}

/* Where `ms` more of this day's working time are used up, or false when the day has less left. */
static bool end_within(const qk_worktime *w, int32_t day, qk_time a, int64_t *ms, qk_time *out)
{
    if (!qk_worktime_is_workday(w, day)) return false;
    for (size_t i = 0; i < w->span_count; i++) {
        qk_time from = start_of(day) + w->spans[i].from_min * QK_MINUTE;
        qk_time to = start_of(day) + w->spans[i].to_min * QK_MINUTE;
        if (from < a) from = a;
        if (to <= from) continue;
        /* The end of a span is reached within it; a beginning only by what lasts. */
        if (*ms <= to - from) {
            *out = from + *ms;
            return true;
        }
        *ms -= to - from;
    }
    return false;
}

qk_code qk_worktime_add(qk_time *out, const qk_worktime *w, qk_time t, int64_t ms)
{
    int32_t day = qk_day_number(t);
    if (ms < 0) return QK_EINVAL;
    for (int32_t i = 0; i <= DAYS_MAX; i++)
        if (end_within(w, day + i, t, &ms, out)) return QK_OK;
    return QK_ERANGE;
}

int64_t qk_worktime_between(const qk_worktime *w, qk_time a, qk_time b)
{
    int64_t sum = 0;
    if (b <= a) return 0;
    for (int32_t day = qk_day_number(a), last = qk_day_number(b); day <= last; day++)
        sum += open_within(w, day, a, b);
    return sum;
}

int32_t qk_worktime_days_between(const qk_worktime *w, qk_time a, qk_time b)
{
    int32_t n = 0;
    for (int32_t day = qk_day_number(a) + 1, last = qk_day_number(b); day <= last; day++)
        n += qk_worktime_is_workday(w, day);
    return n;
}
