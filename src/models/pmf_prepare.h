/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_PMF_PREPARE_H
#define QK_MODELS_PMF_PREPARE_H
/* What is done to concentrations and uncertainties before a factorisation, by the rules of the EPA
 * PMF 5.0 user guide (EPA/600/R-14/108, chapters 4 and 5) and Polissar et al. 1998. All in place on
 * row-major [samples][species]; every rule is off unless asked for, and counted. Pure. */
#include "base/error.h"
#include <stdbool.h>

typedef enum qk_pmf_kind { QK_PMF_STRONG, QK_PMF_WEAK, QK_PMF_BAD } qk_pmf_kind;

typedef struct qk_pmf_rules {
    /* Detection limits and error fractions: sigma = 5/6 limit at or below the limit, otherwise
     * sqrt((fraction conc)^2 + (limit / 2)^2). NULL = the uncertainties given hold. [species] */
    const double *limit, *fraction;
    /* A missing concentration becomes the species' median with four times the median as its
     * uncertainty; otherwise it stays out. */
    bool missing_median;
    double extra; /* extra modelling uncertainty: this share of conc is added to sigma; 0..0.25 */
    const qk_pmf_kind *kind; /* [species], NULL = all strong; weak: sigma times 3; bad: left out */
} qk_pmf_rules;

typedef struct qk_pmf_notes {
    size_t missing;     /* cells without a concentration */
    size_t below_limit; /* cells at or below the detection limit */
    size_t negative;    /* concentrations below 0, kept as they are */
    size_t bad_unc;     /* cells whose uncertainty is 0, negative or missing: left out */
    size_t silent;      /* species without a usable cell above its limit, or without variance */
} qk_pmf_notes;

/* silent [species] may be NULL. QK_EINVAL for a share outside 0..0.25, a limit or fraction that is
 * no number above 0; QK_ENOMEM. */
QK_NODISCARD qk_code qk_pmf_prepare(qk_pmf_notes *notes, bool *silent, double *conc, double *unc,
                                    size_t samples, size_t species, const qk_pmf_rules *rules,
                                    qk_error *err);
#endif
