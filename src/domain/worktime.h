/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_WORKTIME_H
#define QK_DOMAIN_WORKTIME_H
/* Working time: arithmetic over the week, the hours of a day and the days that differ. Pure.
 *
 * A day is a working day when the table says so, else when it is Monday to Friday. The table holds
 * the State Council's yearly notice: holidays and make-up workdays. Civil time of China.
 *
 * Periods in days: the day on which a period begins is not counted, and it ends with the last
 * moment of its last day (Civil Code, articles 201 and 203).
 * Here only working days are counted, so such a period never ends on a holiday. */
#include "base/time.h"

typedef struct qk_workday {
    int32_t day; /* qk_day_number */
    bool working;
} qk_workday;

enum { QK_WORK_SPANS = 4 };
typedef struct qk_worktime {
    struct {
        int32_t from_min, to_min; /* of the day, 0..1440, rising and apart */
    } spans[QK_WORK_SPANS];
    size_t span_count;      /* at least one */
    const qk_workday *days; /* by rising day; borrowed */
    size_t n;
} qk_worktime;

/* Monday to Friday, 08:30-12:00 and 14:00-17:30, no exceptions. */
void qk_worktime_init(qk_worktime *w);
/* "08:30-12:00,14:00-17:30". QK_EFORMAT; w unchanged then. */
QK_NODISCARD qk_code qk_worktime_hours(qk_worktime *w, qk_str text);

bool qk_worktime_is_workday(const qk_worktime *w, int32_t day);
bool qk_worktime_is_open(const qk_worktime *w, qk_time t);
/* The end (24:00) of the n-th working day after the day of t; n >= 1. QK_ERANGE when no such day
 * lies within ten years. */
QK_NODISCARD qk_code qk_worktime_add_days(qk_time *out, const qk_worktime *w, qk_time t, int32_t n);
/* The moment when `ms` of working time have passed since t; for ms 0, t or the next opening.
 * QK_ERANGE beyond ten years, QK_EINVAL for a negative ms. */
QK_NODISCARD qk_code qk_worktime_add(qk_time *out, const qk_worktime *w, qk_time t, int64_t ms);
/* Working milliseconds from a to b; 0 when b is not after a. */
int64_t qk_worktime_between(const qk_worktime *w, qk_time a, qk_time b);
/* Working days after the day of a up to and including the day of b; 0 when b is not after a. */
int32_t qk_worktime_days_between(const qk_worktime *w, qk_time a, qk_time b);
#endif
