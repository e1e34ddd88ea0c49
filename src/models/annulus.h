/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_ANNULUS_H
#define QK_MODELS_ANNULUS_H
/* Concentration by wind direction and time: hour of the day, day of the week, month of the year, or
 * months in a row (the polar annulus of Carslaw and Ropkins 2012, Env. Modelling & Software 27,
 * 52).
 *
 * Means of direction and time become a smooth surface of their square roots: a tensor product of
 * cubic splines, cyclic in direction and, but for the trend, in time, each with its own penalty
 * chosen by generalised cross-validation (Wood 2006, Biometrics 62, 1025; splines by their values
 * at knots, Wood 2017, Generalized Additive Models, 5.3). Series as in models/polar.h; civil time.
 * Pure; any thread. */
#include "base/time.h"
#include "models/polar.h"

typedef enum qk_annulus_period {
    QK_ANNULUS_HOUR,
    QK_ANNULUS_WEEKDAY, /* Monday first */
    QK_ANNULUS_MONTH,
    QK_ANNULUS_TREND
} qk_annulus_period;

typedef struct qk_annulus_options {
    qk_annulus_period period;
    double sector_deg; /* divides 360; 0 = 10 */
    size_t time_knots; /* 0 = 20, never more than there are times */
    size_t wind_knots; /* 0 = 10 */
} qk_annulus_options;

enum { QK_ANNULUS_TIMES_MAX = 1200, QK_ANNULUS_KNOTS_MAX = 64 };

/* One direction of the surface; for annulus.c. */
typedef struct qk_annulus_axis {
    size_t points, knots;
    bool cyclic;
    double first, step;    /* of the knots */
    double *bend;          /* [knots][knots]: second derivatives at the knots from values there */
    double *turn, *wiggle; /* to the basis in which the penalty is diagonal, and its diagonal */
} qk_annulus_axis;

typedef struct qk_annulus {
    size_t times, sectors, used, left_out, calm;
    double sector_deg;
    qk_time first_month; /* of the trend */
    double *mean;        /* [times][sectors] NaN = no value; sector s is about (s + 1) sector_deg */
    uint32_t *count;
    double *coefficient; /* [time knots][wind knots] */
    double edf;
    qk_annulus_axis time, wind;
} qk_annulus;

/* QK_EFORMAT when no entry is usable or only one time or three sectors have one, QK_EFULL beyond
 * 1,200 months, QK_EINVAL, QK_ENOMEM. */
QK_NODISCARD qk_code qk_annulus_of(qk_annulus *out, const qk_time *time, const qk_wind_series *in,
                                   const qk_annulus_options *options, qk_error *err);
/* The surface at a time (0 = the first, times - 1 = the last) and a direction; NaN where neither
 * that cell nor one beside it has a value. */
double qk_annulus_at(const qk_annulus *annulus, double time, double wd_deg);
void qk_annulus_clear(qk_annulus *annulus);
#endif
