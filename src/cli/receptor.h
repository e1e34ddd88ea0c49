/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_RECEPTOR_H
#define QK_CLI_RECEPTOR_H
/* What the files of `qingkong receptor` share: reading the two matrices, writing the results. */
#include "cli/table.h"
#include "models/pmf.h"
#include "models/pmf_errors.h"
#include "models/pmf_prepare.h"
#include "models/pmf_rotate.h"

typedef struct receptor_input {
    table con, unc;
    double *conc, *sigma; /* [samples][species] */
    qk_pmf_kind *kind;
    double *limit, *fraction; /* NULL without a file of limits */
    bool *silent;
    qk_pmf_notes notes;
    qk_pmf_input matrix;
} receptor_input;

typedef struct receptor_names {
    const char *con, *unc;  /* unc may be NULL when limits are given */
    const char *limits;     /* a row of detection limits and one of error per cents, by species */
    const char *weak, *bad; /* names joined by ',' */
    double extra;           /* share */
    bool missing_median;
} receptor_names;

QK_NODISCARD qk_code receptor_read(receptor_input *in, const receptor_names *names, qk_error *err);
void receptor_clear(receptor_input *in);

enum { RECEPTOR_ROTATIONS = 20 };
typedef struct receptor_results {
    const receptor_input *in;
    const qk_pmf_options *options;
    const qk_pmf_fit *fit;
    const qk_pmf_boot *boot; /* NULL when not asked for */
    const qk_pmf_disp *disp;
    qk_pmf_rotated rotation[RECEPTOR_ROTATIONS];
    size_t rotations;
    const char *total; /* species whose shares are told, or NULL */
    double seconds;
} receptor_results;
/* profiles.csv, contributions.csv, summary.json, and bootstrap.csv, displacement.csv, fpeak.csv
 * with those. */
QK_NODISCARD qk_code receptor_write(const receptor_results *r, const char *dir, qk_error *err);

/* The commands beside pmf; they read their options themselves and give the exit status. */
int receptor_cmb(int argc, char **argv);
int receptor_match(int argc, char **argv);
#endif
