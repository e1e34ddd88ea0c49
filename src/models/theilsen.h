/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_THEILSEN_H
#define QK_MODELS_THEILSEN_H
/* Trends of monthly means: the median of all pairwise slopes (Theil 1950; Sen 1968), its interval
 * by bootstrap of blocks (Kunsch 1989), deseasonalised by loess on request. Pure; any thread. */
#include "base/error.h"
#include "base/time.h"
#include <stdbool.h>

typedef struct qk_month {
    qk_time start; /* first instant of the civil month */
    double mean;   /* NaN when too little of the month was measured */
    uint32_t count;
} qk_month;

/* Months from the first to the last value. value[i] at time[i] (any instant of its hour; the caller
 * decides whether labels are starts or ends). capture: least share of the month's hours, 0..1.
 * *out is the caller's, free(). QK_EFORMAT when nothing is there, QK_ERANGE beyond 400 years. */
QK_NODISCARD qk_code qk_months_of(qk_month **out, size_t *count, const qk_time *time,
                                  const double *value, size_t n, double capture, qk_error *err);

typedef struct qk_theilsen_options {
    bool deseason;
    size_t bootstraps; /* 0 = 599 */
    size_t block;      /* months in a block; 0 = 1, no autocorrelation allowed for */
    double alpha;      /* 0 = 0.05 */
    uint64_t seed;
} qk_theilsen_options;

typedef struct qk_theilsen {
    size_t months, missing;
    double slope, lower, upper;                   /* per year of 365 days */
    double intercept;                             /* at 1970-01-01 */
    double percent, percent_lower, percent_upper; /* of the first fitted value, per year */
    double p;
    double *value; /* [months] the series the slope is of; NaN where missing */
} qk_theilsen;

/* QK_EFORMAT with fewer than 6 months (24 for deseason), QK_ENOMEM. Missing months within the
 * series are bridged by straight lines for deseasonalising only. */
QK_NODISCARD qk_code qk_theilsen_of(qk_theilsen *out, const qk_month *months, size_t count,
                                    const qk_theilsen_options *options, qk_error *err);
void qk_theilsen_clear(qk_theilsen *t);
/* Median slope of the points with a finite y; NaN for fewer than 2. scratch [n (n-1) / 2]. */
double qk_theilsen_slope(const double *x, const double *y, size_t n, double *scratch);
#endif
