/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_RIDGE_H
#define QK_MODELS_RIDGE_H
/* Ridge regression (Hoerl and Kennard 1970, Technometrics 12, 55) from sums of products, so that
 * rows need not be kept and a fold is left out by subtraction. Features are standardised inside;
 * lambda is in units of the standardised features' variance. Pure; fixed order of sums. */
#include "base/error.h"

enum { QK_RIDGE_FEATURES_MAX = 1024 };

typedef struct qk_gram { /* sums over rows of (1, x, y) (1, x, y)', lower triangle */
    size_t features;
    double *sum; /* [features + 2][features + 2] */
} qk_gram;
/* QK_EINVAL beyond QK_RIDGE_FEATURES_MAX, QK_ENOMEM. */
QK_NODISCARD qk_code qk_gram_init(qk_gram *gram, size_t features, qk_error *err);
void qk_gram_clear(qk_gram *gram);
void qk_gram_reset(qk_gram *gram);
/* row[features + 2]: 1, the features, y. */
void qk_gram_add(qk_gram *gram, const double *row);
/* gram -= less, += less. */
void qk_gram_take(qk_gram *gram, const qk_gram *less);
void qk_gram_join(qk_gram *gram, const qk_gram *more);

typedef struct qk_ridge {
    size_t features;
    double *slope; /* [features], per unit of the raw feature */
    double level;
} qk_ridge;
/* Constant features get no slope. QK_EFORMAT without rows, QK_ENOMEM. */
QK_NODISCARD qk_code qk_ridge_fit(qk_ridge *out, const qk_gram *gram, double lambda, qk_error *err);
void qk_ridge_clear(qk_ridge *ridge);
double qk_ridge_at(const qk_ridge *ridge, const double *x);
#endif
