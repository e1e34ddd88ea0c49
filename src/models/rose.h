/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_ROSE_H
#define QK_MODELS_ROSE_H
/* Wind, pollution and percentile roses; means by hour, weekday and month; a trend with the weather
 * taken out. Series as in models/polar.h. Calm (ws = 0) belongs to no sector and is counted apart.
 * Pure; any thread. */
#include "base/error.h"
#include "base/time.h"
#include "models/polar.h"

enum { QK_ROSE_BREAKS = 12, QK_ROSE_PERCENTS = 8, QK_ROSE_SECTORS = 360 };

typedef struct qk_rose_options {
    double sector_deg; /* divides 360; 0 = 30 */
    size_t breaks;     /* ascending upper ends of the intervals, of speed or (by_value) of value */
    double brk[QK_ROSE_BREAKS];
    bool by_value;
    size_t percents;
    double percent[QK_ROSE_PERCENTS];
    double cpf; /* percentile of all values above which a sector's share is told; 0 = 90 */
} qk_rose_options;

typedef struct qk_sector {
    double wd_deg; /* middle: sector_deg .. 360 */
    uint32_t count;
    double share; /* of all entries, calm included */
    double mean, mean_ws, cpf;
    double up_to[QK_ROSE_BREAKS]; /* share of all entries at or below each break */
    double percentile[QK_ROSE_PERCENTS];
} qk_sector;

typedef struct qk_rose {
    size_t sectors, used, left_out, calm;
    double threshold; /* of cpf */
    qk_sector *sector;
} qk_rose;
/* Without values (in->value NULL) a wind rose: means and percentiles are NaN. QK_EFORMAT when no
 * entry is usable, QK_EINVAL, QK_ENOMEM. */
QK_NODISCARD qk_code qk_rose_of(qk_rose *out, const qk_wind_series *in,
                                const qk_rose_options *options, qk_error *err);
void qk_rose_clear(qk_rose *rose);

/* Means with 95 % intervals (normal, from the spread within the group). */
typedef struct qk_group {
    uint32_t count;
    double mean, lower, upper; /* NaN for an empty group; the interval for fewer than two */
} qk_group;
typedef struct qk_time_variation {
    qk_group hour[24], weekday[7], month[12], weekday_hour[7][24]; /* Monday first */
} qk_time_variation;
void qk_time_variation_of(qk_time_variation *out, const qk_time *time, const double *value,
                          size_t count);

/* value with the weather taken out: each is replaced by the mean of all plus what it differs from
 * the mean of its class of wind (8 sectors by 5 fifths of speed, calm apart) and season half.
 * Entries without wind or value become NaN. QK_ENOMEM. */
QK_NODISCARD qk_code qk_weather_normalise(double *out, const qk_time *time,
                                          const qk_wind_series *in, qk_error *err);
#endif
