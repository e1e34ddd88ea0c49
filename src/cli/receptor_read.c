/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/receptor.h"
#include <math.h>
#include <stdlib.h>

void receptor_clear(receptor_input *in)
{
    table_clear(&in->con);
    table_clear(&in->unc);
    free(in->conc);
    free(in->sigma);
    free(in->kind);
    free(in->limit);
    free(in->fraction);
    free(in->silent);
    *in = (receptor_input){0};
}

static qk_code match_tables(const receptor_input *in, const receptor_names *names, qk_error *err)
{
    if (in->con.rows == 0 || in->con.columns == 0)
        return qk_fail(err, QK_EFORMAT, "%s: no samples", names->con);
    if (in->con.rows > QK_PMF_SAMPLES_MAX || in->con.columns > QK_PMF_SPECIES_MAX)
        return qk_fail(err, QK_EFULL, "%s: %zu samples of %zu species; at most %d and %d",
                       names->con, in->con.rows, in->con.columns, QK_PMF_SAMPLES_MAX,
                       QK_PMF_SPECIES_MAX);
    if (!names->unc) return QK_OK;
    if (in->unc.rows != in->con.rows)
        return qk_fail(err, QK_EFORMAT, "%s has %zu rows, %s has %zu", names->con, in->con.rows,
                       names->unc, in->unc.rows);
    for (size_t j = 0; j < in->con.columns; j++)
        if (!table_column(&in->unc, in->con.name[j]))
            return qk_fail(err, QK_EFORMAT, "%s: no column '%s'", names->unc, in->con.name[j]);
    for (size_t i = 0; i < in->con.rows; i++)
        if (strcmp(in->con.label[i], in->unc.label[i]) != 0)
            return qk_fail(err, QK_EFORMAT, "row %zu is '%.60s' in %s and '%.60s' in %s", i + 1,
                           in->con.label[i], names->con, in->unc.label[i], names->unc);
    return QK_OK;
}

static qk_code fill_matrices(receptor_input *in, qk_error *err)
{
    size_t n = in->con.rows, m = in->con.columns;
    in->conc = malloc(n * m * sizeof *in->conc);
    in->sigma = malloc(n * m * sizeof *in->sigma);
    in->kind = calloc(m, sizeof *in->kind);
    in->silent = calloc(m, sizeof *in->silent);
    if (!in->conc || !in->sigma || !in->kind || !in->silent)
        return qk_fail(err, QK_ENOMEM, "no memory for %zu samples of %zu species", n, m);
    for (size_t j = 0; j < m; j++) {
        const double *unc = in->unc.columns ? table_column(&in->unc, in->con.name[j]) : NULL;
        for (size_t i = 0; i < n; i++) {
            in->conc[i * m + j] = in->con.column[j][i];
            in->sigma[i * m + j] = unc ? unc[i] : NAN;
        }
    }
    in->matrix = (qk_pmf_input){n, m, in->conc, in->sigma};
    return QK_OK;
}

static qk_code mark_species(receptor_input *in, const char *list, qk_pmf_kind kind, qk_error *err)
{
    qk_str rest = qk_str_of(list);
    while (list && rest.ptr) {
        qk_str name = qk_str_trim(qk_str_cut(&rest, ','));
        size_t j = 0;
        while (j < in->con.columns && !qk_str_eq_nocase(name, qk_str_of(in->con.name[j]))) j++;
        if (j == in->con.columns)
            return qk_fail(err, QK_EINVAL, "no species '%.*s'", QK_STR_ARG(name));
        in->kind[j] = kind;
    }
    return QK_OK;
}

static qk_code read_limits(receptor_input *in, const char *path, qk_error *err)
{
    table t;
    size_t m = in->con.columns;
    QK_TRY(table_read(&t, path, &(table_want){0}, err));
    qk_code code = QK_OK;
    in->limit = calloc(m, sizeof *in->limit);
    in->fraction = calloc(m, sizeof *in->fraction);
    if (t.rows != 2)
        code = qk_fail(err, QK_EFORMAT, "%s: a row of limits and one of error per cents are due",
                       path);
    if (!in->limit || !in->fraction) {
        table_clear(&t);
        qk_fail(err, QK_ENOMEM, "no memory for limits");
        return QK_ENOMEM;
    }
    for (size_t j = 0; code == QK_OK && j < m; j++) {
        const double *c = table_column(&t, in->con.name[j]);
        if (!c) {
            code = qk_fail(err, QK_EFORMAT, "%s: no column '%s'", path, in->con.name[j]);
            break;
        }
        in->limit[j] = c[0];
        in->fraction[j] = c[1] / 100;
    }
    table_clear(&t);
    return code;
}

static qk_code read_all(receptor_input *in, const receptor_names *names, qk_error *err)
{
    const table_want want = {.label = true};
    QK_TRY(table_read(&in->con, names->con, &want, err));
    if (names->unc) QK_TRY(table_read(&in->unc, names->unc, &want, err));
    QK_TRY(match_tables(in, names, err));
    QK_TRY(fill_matrices(in, err));
    if (names->limits) QK_TRY(read_limits(in, names->limits, err));
    QK_TRY(mark_species(in, names->weak, QK_PMF_WEAK, err));
    QK_TRY(mark_species(in, names->bad, QK_PMF_BAD, err));
    qk_pmf_rules rules = {.limit = in->limit,
                          .fraction = in->fraction,
                          .missing_median = names->missing_median,
                          .extra = names->extra,
                          .kind = in->kind};
    return qk_pmf_prepare(&in->notes, in->silent, in->conc, in->sigma, in->matrix.samples,
                          in->matrix.species, &rules, err);
}

qk_code receptor_read(receptor_input *in, const receptor_names *names, qk_error *err)
{
    *in = (receptor_input){0};
    qk_code code = read_all(in, names, err);
    if (code != QK_OK) receptor_clear(in);
    return code;
}
