/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_PMF_H
#define QK_MODELS_PMF_H
/* Positive matrix factorisation with known uncertainties: x = G F + e, F >= 0 and G >= floor, so
 * that Q = sum ((x - GF) / sigma)^2 is least (Paatero and Tapper 1994; EPA PMF 5.0 user guide,
 * EPA/600/R-14/108, for the robust mode, weak species, G >= -0.2 and the estimates of error).
 *
 * How: each row of G given F, and each column of F given G, is a small non-negative least-squares
 * problem, solved by coordinate descent (eight at a time); many short starts are screened, and the
 * best of each run is carried to its minimum by Levenberg-Marquardt on F alone, G being solved for
 * (variable projection, Golub and Pereyra 1973), with the bounds as active sets.
 *
 * Matrices are row-major. Concentrations in any unit, uncertainties in the same; a cell that is not
 * finite in either, or whose uncertainty is not above 0, is left out of Q. Same input, options and
 * seed give the same bits on every processor. Pure; any thread; a fit belongs to one thread. */
#include "base/error.h"
#include <stdbool.h>

enum {
    QK_PMF_SAMPLES_MAX = 200000,
    QK_PMF_SPECIES_MAX = 200,
    QK_PMF_MAX_FACTORS = 24,
    QK_PMF_RUNS_MAX = 1000,
    QK_PMF_STARTS_MAX = 1000
};

typedef struct qk_pmf_input {
    size_t samples, species;
    const double *conc; /* [samples][species]; NaN = missing */
    const double *unc;  /* [samples][species], > 0 */
} qk_pmf_input;

/* Told now and then; false stops the work with QK_ECANCELLED. done of total in steps of the work.
 */
typedef bool (*qk_progress)(void *user, size_t done, size_t total);

typedef struct qk_pmf_options {
    size_t factors;       /* 1..QK_PMF_MAX_FACTORS */
    size_t runs;          /* 1..QK_PMF_RUNS_MAX */
    uint64_t seed;        /* of the first run; the others follow from it */
    size_t starts;        /* short starts screened for each run, 0 = chosen by size */
    bool robust;          /* cells with |e/sigma| > alpha count less (EPA's robust mode) */
    double alpha;         /* 0 = 4 */
    double g_floor;       /* least G in units of the factor's mean: 0, or -0.2 as EPA PMF 5 */
    double tolerance;     /* relative fall of Q in a step that ends the best run, 0 = 1e-8 */
    qk_progress progress; /* may be NULL */
    void *user;
} qk_pmf_options;

typedef struct qk_pmf_run {
    uint64_t seed;
    double q_true, q_robust;
    int32_t iterations; /* sweeps and Newton steps together */
    bool converged;
} qk_pmf_run;

/* One solution. Each factor's mean contribution is 1 (0 when it explains nothing), so that profiles
 * carry the unit of the concentrations. Factors stand in order of falling mean share. */
typedef struct qk_pmf_fit {
    size_t samples, species, factors, runs, best;
    double *g;       /* [samples][factors] contributions */
    double *f;       /* [factors][species] profiles */
    double *r2;      /* [species] squared correlation of observed and modelled; NaN: no variance */
    qk_pmf_run *run; /* [runs] */
    size_t cells_used, cells_missing, cells_bad_unc;
    double q_expected; /* cells used less (samples + species) * factors */
} qk_pmf_fit;

/* Q of a solution: plain, and robust (|e| > alpha counts as alpha |e|). */
void qk_pmf_q(double *q_true, double *q_robust, const qk_pmf_input *in, const double *g,
              const double *f, size_t factors, double alpha);

/* QK_EINVAL for options out of range, QK_EFORMAT when no cell is usable, QK_ENOMEM,
 * QK_ECANCELLED. The fit is the caller's, to be cleared; cleared already on failure. */
QK_NODISCARD qk_code qk_pmf_solve(qk_pmf_fit *out, const qk_pmf_input *in,
                                  const qk_pmf_options *options, qk_error *err);
/* The same from given profiles f [factors][species]: one run, no screening. */
QK_NODISCARD qk_code qk_pmf_refine(qk_pmf_fit *out, const qk_pmf_input *in,
                                   const qk_pmf_options *options, const double *f, qk_error *err);
void qk_pmf_fit_clear(qk_pmf_fit *fit);
#endif
