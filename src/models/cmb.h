/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_CMB_H
#define QK_MODELS_CMB_H
/* Chemical mass balance: how much of a sample each of known sources must have given, by effective
 * variance weighted least squares (Watson, Cooper and Huntzicker 1984, Atmos. Environ. 18, 1347),
 * and how like a found factor is to a known source's profile (Pernigotti and Belis 2018, Atmos.
 * Environ. 193, 80: Pearson distance and standardised identity distance).
 *
 * Concentrations and contributions in one unit, profiles as shares of the source's mass. Pure; any
 * thread; nothing allocates. */
#include "base/error.h"
#include <stdbool.h>

enum { QK_CMB_SPECIES_MAX = 200, QK_CMB_SOURCES_MAX = 40 };

typedef struct qk_cmb_input {
    size_t species, sources;
    const double *conc,
        *unc;              /* [species]; a cell that is not finite, or unc not > 0, is left out */
    const double *profile; /* [sources][species]; NaN = not measured, the species then is out */
    const double *profile_unc; /* the same shape; NULL = exact */
    bool keep_negative;        /* otherwise the most negative source is taken out until none is */
} qk_cmb_input;

typedef struct qk_cmb_fit {
    double share[QK_CMB_SOURCES_MAX]; /* contribution; 0 for a source taken out */
    double error[QK_CMB_SOURCES_MAX]; /* standard error; NaN for a source taken out */
    bool out[QK_CMB_SOURCES_MAX];
    double predicted[QK_CMB_SPECIES_MAX]; /* NaN for a species left out */
    double r2, chi2;                      /* chi2 per degree of freedom; NaN when there is none */
    size_t used;                          /* species in the fit */
    int iterations;
    bool converged; /* contributions moved by less than 1 % in the last step */
} qk_cmb_fit;

/* QK_EINVAL for sizes out of range, QK_EFORMAT when fewer species are there than sources, or when
 * profiles are too much alike to be told apart (collinear): the message names the two nearest. */
QK_NODISCARD qk_code qk_cmb_solve(qk_cmb_fit *out, const qk_cmb_input *in, qk_error *err);

typedef struct qk_profile_match {
    size_t source;
    size_t common;   /* species that both have */
    double pearson;  /* distance 1 - r; below 0.4 is like */
    double identity; /* standardised identity distance; below 1.0 is like */
} qk_profile_match;
/* The sources in order of their distance (mean of pearson / 0.4 and identity / 1.0) from a factor
 * [species]; both are scaled to the sum of the species in common. Those with fewer than four in
 * common stand last with NaN. out [sources]. */
void qk_profile_matches(qk_profile_match *out, const double *factor, const double *profile,
                        size_t sources, size_t species);
#endif
