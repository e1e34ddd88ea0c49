/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_POLAR_H
#define QK_MODELS_POLAR_H
/* Concentration by wind: sectors and speeds, and the smooth surfaces over them (Carslaw et al.
 * 2006, Atmos. Environ. 40, 5424; Uria-Tellaetxe and Carslaw 2014, Env. Modelling & Software 59, 1,
 * for the conditional probability function; Henry et al. 2009, Atmos. Environ. 43, 2936, for the
 * non-parametric regression).
 *
 * Series are plain arrays of one length: ws in m/s, wd in degrees from which the wind blows, any
 * finite number (0 and 360 are both north), value in any unit. An entry where one of the three is
 * not finite, or ws is negative, is left out and counted. Pure; any thread. */
#include "base/error.h"
#include <stdbool.h>

typedef struct qk_wind_series {
    size_t count;
    const double *ws, *wd, *value;
} qk_wind_series;

typedef enum qk_polar_statistic {
    QK_POLAR_MEAN,
    QK_POLAR_MEDIAN,
    QK_POLAR_MAX,
    QK_POLAR_STDEV,
    QK_POLAR_FREQUENCY,
    QK_POLAR_CPF, /* share of the bin's values above the percentile of all */
    QK_POLAR_NWR  /* kernel regression on speed and direction */
} qk_polar_statistic;

typedef struct qk_polar_options {
    qk_polar_statistic statistic;
    double percentile; /* of CPF, 0..100 */
    double sector_deg; /* width of a direction bin; 0 = 10 when all directions are tens, else 5 */
    size_t speeds;     /* bins of speed, 0 = 30 */
    size_t basis;      /* of the smooth surface, 0 = 100 */
    size_t least;      /* values a bin must have, 0 = 1 */
    double max_ws;     /* 0 = the greatest in the series */
    double
        exclude; /* a point farther from every bin than this share of the diameter is empty; 0.05 */
    double ws_spread, wd_spread; /* NWR, 0 = 1.5 m/s and 5 degrees */
} qk_polar_options;

typedef struct qk_polar_bin {
    double wd_deg;     /* upper edge label, sector_deg .. 360 */
    int32_t speed_bin; /* 1 .. speeds, of equal width over [0, max_ws] */
    uint32_t count;
    double value;
} qk_polar_bin;

typedef struct qk_polar_bins {
    size_t count;
    qk_polar_bin *bin;                    /* by speed, then direction */
    size_t used, left_out, calm;          /* entries; calm: ws = 0 */
    double max_ws, sector_deg, threshold; /* threshold: of CPF */
    size_t speeds;
} qk_polar_bins;

/* QK_EFORMAT when no entry is usable, QK_EINVAL, QK_ENOMEM. */
QK_NODISCARD qk_code qk_polar_bin_series(qk_polar_bins *out, const qk_wind_series *in,
                                         const qk_polar_options *options, qk_error *err);
void qk_polar_bins_clear(qk_polar_bins *bins);

typedef struct qk_polar_surface {
    size_t side;   /* points along each axis, 201 */
    double reach;  /* u and v run from -reach to reach, m/s */
    double *value; /* [side][side], v by rows, u along; NaN where there are no data */
    double edf;    /* of the smooth; 0 for NWR */
    qk_polar_bins bins;
} qk_polar_surface;
enum { QK_POLAR_SIDE = 201, QK_POLAR_COARSE = 51 };
QK_NODISCARD qk_code qk_polar_surface_of(qk_polar_surface *out, const qk_wind_series *in,
                                         const qk_polar_options *options, qk_error *err);
void qk_polar_surface_clear(qk_polar_surface *s);

/* Direction bin of a wind: width * ceil(wd/width - 1/2), 0 counting as the first. */
double qk_polar_sector(double wd_deg, double width_deg);
/* Linear between order statistics (type 7); puts the values in another order. NaN for none. */
double qk_quantile(double *values, size_t count, double percent);
double qk_quantile_sorted(const double *values, size_t count, double percent);
void qk_sort_doubles(double *values, size_t count);
#endif
