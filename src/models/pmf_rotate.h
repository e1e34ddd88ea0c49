/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_PMF_ROTATE_H
#define QK_MODELS_PMF_ROTATE_H
/* Rotations of a factorisation: how far the profiles may be made sharper or blunter, and what that
 * costs in Q (Paatero, Hopke, Song and Ramadan 2002, "Understanding and controlling rotations in
 * factor analytic models"; Paatero and Hopke 2009, "Rotational tools for factor analytic models",
 * for pulling by auxiliary equations; EPA PMF 5.0 user guide for what is told of an Fpeak run).
 *
 * A strength above 0 takes from each profile that share of its size in the mean shape of the other
 * profiles, which makes F sharper and G blunter; one below 0 adds it, which makes G sharper. What
 * would fall below 0 stops there, the size is kept, and auxiliary equations draw the profiles to
 * the result while the data hold against them: a solution without freedom hardly moves. Strengths
 * therefore have the sense and sign of PMF's Fpeak, not its scale. Pure; any thread. */
#include "models/pmf.h"

#define QK_PMF_STRENGTH_MOST 5.0

typedef struct qk_pmf_rotated {
    double strength;
    double q_true, q_robust, q_aux; /* of the data, and of the auxiliary equations */
    double dq;                      /* rise of the Q that the mode minimises above the base's */
    double percent;                 /* the same in per cent of it; NaN where that is 0 */
    bool converged;
    size_t samples, species, factors;
    double *g, *f;       /* as of qk_pmf_fit, factors in the order of the base */
    double *correlation; /* [factors] of contributions with those of the base */
    double *moved;       /* [factors] 1 - cosine of the profile with the base's, species in units of
                          * their sum over the factors */
} qk_pmf_rotated;

/* QK_EINVAL for a strength of 0 or beyond QK_PMF_STRENGTH_MOST, else as qk_pmf_refine. base must be
 * a fit of the same input. Cleared already on failure. */
QK_NODISCARD qk_code qk_pmf_rotate(qk_pmf_rotated *out, const qk_pmf_input *in,
                                   const qk_pmf_options *options, const qk_pmf_fit *base,
                                   double strength, qk_error *err);
void qk_pmf_rotated_clear(qk_pmf_rotated *r);

/* Elementary rotations F_to' = F_to - t F_from, G_from' = G_from + t G_to leave the fit as it is:
 * the most t that keeps F_to' above -1/1000 of its mean, that is how much of factor `from` may be
 * taken out of `to`. out [factors][factors], `from` by rows; near 0 = the solution is pinned there.
 */
void qk_pmf_rotations(double *out, const qk_pmf_fit *fit);
#endif
