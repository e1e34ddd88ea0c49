/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_BLEND_H
#define QK_MODELS_BLEND_H
/* Binding modelled contributions to a monitor: observed = sum of a[k] x modelled class k +
 * background, all a[k] and the background at least 0, by non-negative least squares (Lawson and
 * Hanson 1974, "Solving Least Squares Problems", ch. 23), with the fit's uncertainty.
 *
 * Standard errors are those of the linear fit on the classes that are not held at 0, with the
 * number of hours reduced by the residuals' lag-1 correlation, since hours that follow each other
 * tell less than their number. Rows with a NAN are left out. Any number of threads. */
#include "base/error.h"
#include <stdbool.h>

enum { QK_BLEND_CLASSES_MAX = 64 };

typedef struct qk_blend {
    size_t classes; /* without the background, which is entry [classes] */
    size_t rows;    /* used */
    double factor[QK_BLEND_CLASSES_MAX + 1];
    double error[QK_BLEND_CLASSES_MAX + 1]; /* standard error; NAN where held at 0 */
    bool held[QK_BLEND_CLASSES_MAX + 1];    /* at 0: the data want it no larger */
    double residual;                        /* standard deviation about the fit */
    double r2;
    double persistence; /* lag-1 correlation of the residuals, 0 .. 0.99 */
} qk_blend;

/* modelled[row * classes + k], observed[row]. QK_EFORMAT with fewer rows than twice the unknowns,
 * or without any contribution. */
QK_NODISCARD qk_code qk_blend_fit(qk_blend *out, const double *modelled, const double *observed,
                                  size_t rows, size_t classes, qk_error *err);
/* factor[k] x modelled[k] summed, with the background; *error its standard error by the factors'
 * own, as if they were independent. */
double qk_blend_apply(const qk_blend *b, const double *modelled, double *error);
#endif
