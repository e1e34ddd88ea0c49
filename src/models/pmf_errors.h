/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_PMF_ERRORS_H
#define QK_MODELS_PMF_ERRORS_H
/* How far a factorisation can be trusted: bootstrap of blocks of samples, displacement of profile
 * elements (Paatero, Eberly, Brown and Norris 2014, "Methods for estimating uncertainty in factor
 * analytic solutions"). Rotations: models/pmf_rotate.h.
 * Results are the caller's arrays. Pure; progress and cancelling as in models/pmf.h. */
#include "models/pmf.h"

/* Pearson correlation of contributions a and b [samples][factors] of one factor each;
 * 0 when one of them does not vary. */
double qk_pmf_correlation(const double *a, size_t ka, size_t factors_a, const double *b, size_t kb,
                          size_t factors_b, size_t samples);

enum { QK_PMF_BOOT_POINTS = 5 }; /* percentiles 5, 25, 50, 75, 95 */
typedef struct qk_pmf_boot {
    size_t count, done;
    size_t *mapped;     /* [factors][factors + 1]: base factor, boot factor; last = unmapped */
    double *percentile; /* [factors][species][5] of the mapped profiles; NaN when none mapped */
} qk_pmf_boot;
/* block: samples a block, 0 = by size (cube root rule: n^(1/3)). A boot factor belongs to the base
 * factor whose contributions correlate best, if at least r_least (EPA: 0.6). */
QK_NODISCARD qk_code qk_pmf_bootstrap(qk_pmf_boot *out, const qk_pmf_input *in,
                                      const qk_pmf_options *options, const qk_pmf_fit *base,
                                      size_t count, size_t block, double r_least, qk_error *err);
void qk_pmf_boot_clear(qk_pmf_boot *boot);

enum { QK_PMF_LEVELS = 4 }; /* rises of Q: 4, 8, 16, 32 */
extern const double qk_pmf_levels[QK_PMF_LEVELS];
typedef struct qk_pmf_disp {
    double *low, *high;  /* [levels][factors][species] ends of the interval */
    size_t *swaps;       /* [levels][factors] factors that turned into another one */
    double largest_fall; /* of Q below the base: a base that was no minimum shows here */
} qk_pmf_disp;
/* Each element of the profiles named by which [factors][species] (NULL = all) is moved up and down
 * until the best fit with it held has risen by each level. The factor's size is pinned by its other
 * elements (each in units of the sum of its species over the factors). */
QK_NODISCARD qk_code qk_pmf_displace(qk_pmf_disp *out, const qk_pmf_input *in,
                                     const qk_pmf_options *options, const qk_pmf_fit *base,
                                     const bool *which, qk_error *err);
void qk_pmf_disp_clear(qk_pmf_disp *disp);
#endif
