/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_SCORES_H
#define QK_MODELS_SCORES_H
/* How well a model meets what was observed: the measures of Chang and Hanna (2004, Meteorol. Atmos.
 * Phys. 87, 167). Pure. */
#include <stddef.h>

typedef struct qk_scores {
    size_t count; /* pairs with both values */
    double fac2;  /* share within a factor of two */
    double fb;    /* fractional bias: above 0 the model is too low */
    double nmse;
    double r; /* NAN where one of them does not vary */
} qk_scores;
/* Pairs with a NAN are left out. All NAN when nothing is left. */
void qk_scores_make(qk_scores *out, const double *observed, const double *modelled, size_t n);
#endif
