/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_TPS_H
#define QK_MODELS_TPS_H
/* Thin plate regression splines of two variables (Duchon 1977; Wood 2003, J. R. Stat. Soc. B 65,
 * 95-114): the bending-energy spline through all points, cut to the k strongest directions of its
 * kernel and smoothed as generalised cross-validation asks (Craven and Wahba 1979).
 *
 * The kernel is that of 1.36 k well-spread knots, over all points (Nystroem's approximation), its
 * strongest directions those among theirs: against the decomposition of the full kernel this
 * differs by far less than the data's noise and needs a small part of the work.
 * Pure; any thread; a spline is the caller's, to be cleared. */
#include "base/error.h"

enum { QK_TPS_POINTS_MAX = 4000 };

typedef struct qk_tps {
    size_t n, padded;
    double *x, *y, *delta; /* knots and their kernel weights, padded to whole lanes */
    double plane[3];       /* 1, x, y */
    double edf, lambda;
} qk_tps;

/* value and weight (> 0) at n points, k basis functions (cut to n where there are fewer points).
 * QK_EFORMAT with fewer than 4 points, or all of them on a line; QK_ERANGE beyond
 * QK_TPS_POINTS_MAX; QK_ENOMEM. */
QK_NODISCARD qk_code qk_tps_fit(qk_tps *out, const double *x, const double *y, const double *value,
                                const double *weight, size_t n, size_t k, qk_error *err);
double qk_tps_at(const qk_tps *t, double x, double y);
void qk_tps_clear(qk_tps *t);
#endif
