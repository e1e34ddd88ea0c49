/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_STATS_H
#define QK_STANDARDS_STATS_H
/* Statistics of HJ 663 and GB 3095 over exact decimals: means and their validity, running 8-h
 * means of ozone, percentiles, completeness of a year, counts of days, ranks, rates of change.
 * Lists are arrays of qk_conc; anything but a value (and a negative value, which no air has) is
 * left out. Results are unrounded fractions; the caller rounds once. Pure, any thread. */
#include "standards/aqi.h"
#include "standards/ratio.h"

enum {
    QK_HOURS_DAY_MIN = 20,   /* GB 3095-2026 table 4: hours of a valid daily mean */
    QK_HOURS_8H_MIN = 6,     /* of 8 */
    QK_WINDOWS_DAY = 17,     /* running means ending 08:00 .. 24:00 */
    QK_WINDOWS_DAY_MIN = 14, /* HJ 663 6.1.2 */
    QK_DAYS_YEAR_MIN = 324,
    QK_DAYS_MONTH_MIN = 27,
    QK_DAYS_FEBRUARY_MIN = 25,
    QK_O3_8H_LIMIT =
        160 /* ug/m3, both grades of time: a maximum above it counts with few windows */
};

bool qk_conc_counts(qk_conc c); /* a value that is not negative */

/* Mean of what counts; not there when nothing does. *n (may be NULL) gets their number. */
qk_ratio qk_mean(const qk_conc *values, size_t count, size_t *n);

typedef struct qk_mda8 {
    int32_t windows; /* 8-h means with at least 6 hours */
    qk_ratio max;    /* ug/m3, unrounded; not there without a window */
    bool valid;      /* 14 windows, or the rounded maximum above 160 */
} qk_mda8;
/* From the 24 hours 01:00 .. 24:00 of one natural day (GB 3095-2026 3.12, HJ 663 6.1.2). */
void qk_mda8_of(qk_mda8 *out, const qk_conc hours[24]);

/* Percentile p (0..100) of HJ 663 annex A: k = 1 + (n-1) p/100, linear between neighbours.
 * Sorts values in place. Not there when count is 0 or p outside. Values may be negative. */
qk_ratio qk_percentile(qk_dec *values, size_t count, qk_dec p);

/* GB 3095-2026 table 4: 324 days of the year, 27 of each month, 25 of February. */
bool qk_year_complete(const int32_t days_of_month[12], int32_t *total);
/* The least number of valid days of month 1..12. */
int32_t qk_month_days_min(int32_t month);

typedef struct qk_day_count {
    int32_t valid;
    int32_t good;  /* AQI <= 100 */
    int32_t heavy; /* AQI > 200 */
} qk_day_count;
/* Entries below 0 are days without AQI. */
void qk_days_count(qk_day_count *out, const int32_t *aqi, size_t days);
/* part / whole in per cent; not there when whole is 0. */
qk_ratio qk_percent(int64_t part, int64_t whole);

/* Ranks from the smallest up, equal values share a rank and the next is passed over (1, 1, 3).
 * there[i] false: not ranked, rank 0. there may be NULL. */
void qk_rank(int32_t *ranks, const qk_dec *values, const bool *there, size_t count);

/* (now - before) / before in per cent, negative = improved; not there when before is 0. */
qk_ratio qk_change_rate(qk_ratio now, qk_ratio before);
#endif
