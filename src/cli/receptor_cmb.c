/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong receptor cmb` and `receptor match`: known profiles of sources beside the samples, or
 * beside factors that were found. A file of profiles has one row a source: its name, then the share
 * of each species in its mass. */
#include "cli/command.h"
#include "cli/receptor.h"
#include "models/cmb.h"
#include <getopt.h>
#include <math.h>
#include <stdlib.h>

enum { OUT_BYTES = 1 << 29 };

typedef struct cmb_job {
    const char *con, *unc, *profiles, *profile_unc, *factors, *total;
    bool percent, keep_negative;
    table conc, sigma, profile, spread;
    size_t species, sources;
    double *shares, *errors; /* [sources][species] in the order of the other file's species */
    double *row, *row_unc;   /* [species] */
} cmb_job;

static void clear_job(cmb_job *job)
{
    table_clear(&job->conc);
    table_clear(&job->sigma);
    table_clear(&job->profile);
    table_clear(&job->spread);
    free(job->shares);
    free(job->errors);
    free(job->row);
    free(job->row_unc);
}

/* Columns of `t` by the names of the first table; NaN where there is none. */
static double *lay_profiles(const cmb_job *job, const table *t, qk_error *err)
{
    double *out = malloc((job->sources * job->species + 1) * sizeof *out);
    if (!out) {
        qk_fail(err, QK_ENOMEM, "no memory for %zu profiles", job->sources);
        return NULL;
    }
    for (size_t j = 0; j < job->species; j++) {
        const double *c = table_column(t, job->conc.name[j]);
        for (size_t s = 0; s < job->sources; s++)
            out[s * job->species + j] = c ? c[s] / (job->percent ? 100 : 1) : NAN;
    }
    return out;
}

/* species: of the samples, or of the factors. */
static qk_code read_profiles(cmb_job *job, qk_error *err)
{
    const table_want want = {.label = true};
    QK_TRY(table_read(&job->profile, job->profiles, &want, err));
    job->species = job->conc.columns;
    job->sources = job->profile.rows;
    if (job->sources == 0 || job->sources > QK_CMB_SOURCES_MAX || job->species > QK_CMB_SPECIES_MAX)
        return qk_fail(err, QK_EFULL, "%s: %zu sources of %zu species; at most %d and %d",
                       job->profiles, job->sources, job->species, QK_CMB_SOURCES_MAX,
                       QK_CMB_SPECIES_MAX);
    job->shares = lay_profiles(job, &job->profile, err);
    if (!job->shares) return QK_ENOMEM;
    if (!job->profile_unc) return QK_OK;
    QK_TRY(table_read(&job->spread, job->profile_unc, &want, err));
    if (job->spread.rows != job->sources)
        return qk_fail(err, QK_EFORMAT, "%s has %zu rows, %s has %zu", job->profiles, job->sources,
                       job->profile_unc, job->spread.rows);
    job->errors = lay_profiles(job, &job->spread, err);
    return job->errors ? QK_OK : QK_ENOMEM;
}

static void put_value(qk_buf *out, double v)
{
    qk_buf_putc(out, ',');
    if (isfinite(v)) qk_buf_printf(out, "%.7g", v);
}

static qk_code flush(qk_buf *out, qk_error *err)
{
    qk_code code = out->failed;
    if (code == QK_OK && fwrite(out->ptr, 1, out->len, stdout) != out->len) code = QK_EIO;
    if (code != QK_OK) qk_fail(err, code, "the result could not be written");
    qk_buf_clear(out);
    return code;
}

/* ---- mass balance ---- */

static qk_code read_samples(cmb_job *job, qk_error *err)
{
    const table_want want = {.label = true};
    QK_TRY(table_read(&job->conc, job->con, &want, err));
    QK_TRY(table_read(&job->sigma, job->unc, &want, err));
    if (job->sigma.rows != job->conc.rows)
        return qk_fail(err, QK_EFORMAT, "%s has %zu rows, %s has %zu", job->con, job->conc.rows,
                       job->unc, job->sigma.rows);
    for (size_t j = 0; j < job->conc.columns; j++)
        if (!table_column(&job->sigma, job->conc.name[j]))
            return qk_fail(err, QK_EFORMAT, "%s: no column '%s'", job->unc, job->conc.name[j]);
    QK_TRY(read_profiles(job, err));
    job->row = malloc((job->species + 1) * sizeof *job->row);
    job->row_unc = malloc((job->species + 1) * sizeof *job->row_unc);
    return job->row && job->row_unc ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for a sample");
}

static void put_sample(qk_buf *out, const cmb_job *job, size_t i, const qk_cmb_fit *fit)
{
    double sum = 0, total = NAN;
    for (size_t s = 0; s < job->sources; s++) sum += fit->share[s];
    for (size_t j = 0; job->total && j < job->species; j++)
        if (strcmp(job->conc.name[j], job->total) == 0) total = job->row[j];
    for (size_t s = 0; s < job->sources; s++) {
        qk_csv_put_text(out, qk_str_of(job->conc.label[i]), true);
        qk_csv_put_text(out, qk_str_of(job->profile.label[s]), false);
        put_value(out, fit->share[s]);
        put_value(out, fit->error[s]);
        put_value(out, sum > 0 ? 100 * fit->share[s] / sum : NAN);
        put_value(out, fit->r2);
        put_value(out, fit->chi2);
        put_value(out, total > 0 ? 100 * sum / total : NAN);
        qk_buf_printf(out, ",%zu,%s\n", fit->used,
                      fit->out[s]      ? "negative"
                      : fit->converged ? ""
                                       : "unsettled");
    }
}

static qk_code balance_all(cmb_job *job, qk_error *err)
{
    qk_buf out;
    size_t refused = 0;
    qk_buf_init(&out, OUT_BYTES);
    qk_csv_put_text(&out, qk_str_of(job->conc.label_name), true);
    qk_buf_puts(&out, ",source,contribution,error,percent,r2,chi2,mass_percent,species,note\n");
    for (size_t i = 0; i < job->conc.rows; i++) {
        qk_cmb_fit fit;
        for (size_t j = 0; j < job->species; j++) {
            job->row[j] = job->conc.column[j][i];
            job->row_unc[j] = table_column(&job->sigma, job->conc.name[j])[i];
            if (job->total && strcmp(job->conc.name[j], job->total) == 0) job->row_unc[j] = NAN;
        }
        qk_cmb_input in = {job->species, job->sources, job->row,          job->row_unc,
                           job->shares,  job->errors,  job->keep_negative};
        if (qk_cmb_solve(&fit, &in, err) == QK_OK)
            put_sample(&out, job, i, &fit);
        else if (refused++ == 0)
            fprintf(stderr, "qingkong receptor: '%s': %s\n", job->conc.label[i], err->message);
    }
    if (refused)
        fprintf(stderr, "qingkong receptor: %zu of %zu samples could not be balanced\n", refused,
                job->conc.rows);
    if (refused < job->conc.rows || job->conc.rows == 0) return flush(&out, err);
    qk_buf_clear(&out);
    return err->code;
}

/* ---- likeness ---- */

/* A file of factors has a row a species, a column a factor: turned over into conc. */
static qk_code read_factors(cmb_job *job, table *factors, qk_error *err)
{
    const table_want want = {.label = true};
    QK_TRY(table_read(factors, job->factors, &want, err));
    job->conc.name = calloc(factors->rows + 1, sizeof *job->conc.name);
    if (!job->conc.name) return qk_fail(err, QK_ENOMEM, "no memory for %zu species", factors->rows);
    for (size_t j = 0; j < factors->rows; j++)
        qk_str_copy(job->conc.name[j], TABLE_NAME, qk_str_of(factors->label[j]));
    job->conc.columns = factors->rows;
    return read_profiles(job, err);
}

static qk_code match_all(cmb_job *job, qk_error *err)
{
    table factors = {0};
    qk_profile_match match[QK_CMB_SOURCES_MAX];
    qk_code code = read_factors(job, &factors, err);
    qk_buf out;
    qk_buf_init(&out, OUT_BYTES);
    qk_buf_puts(&out, "factor,rank,source,species,pearson_distance,identity_distance,like\n");
    for (size_t a = 0; code == QK_OK && a < factors.columns; a++) {
        qk_profile_matches(match, factors.column[a], job->shares, job->sources, job->species);
        for (size_t s = 0; s < job->sources; s++) {
            qk_csv_put_text(&out, qk_str_of(factors.name[a]), true);
            qk_buf_printf(&out, ",%zu", s + 1);
            qk_csv_put_text(&out, qk_str_of(job->profile.label[match[s].source]), false);
            qk_buf_printf(&out, ",%zu", match[s].common);
            put_value(&out, match[s].pearson);
            put_value(&out, match[s].identity);
            bool like = match[s].pearson < 0.4 && match[s].identity < 1;
            qk_buf_printf(&out, ",%s\n", like ? "yes" : isnan(match[s].pearson) ? "" : "no");
        }
    }
    if (code == QK_OK)
        code = flush(&out, err);
    else
        qk_buf_clear(&out);
    table_clear(&factors);
    job->conc.columns = 0; /* it holds names alone */
    return code;
}

/* ---- the command ---- */

static int parse_options(cmb_job *job, int argc, char **argv)
{
    static const struct option options[] = {{"con", required_argument, NULL, 'c'},
                                            {"unc", required_argument, NULL, 'u'},
                                            {"profiles", required_argument, NULL, 'p'},
                                            {"profile-unc", required_argument, NULL, 'q'},
                                            {"factors", required_argument, NULL, 'f'},
                                            {"total", required_argument, NULL, 't'},
                                            {"percent", no_argument, NULL, '%'},
                                            {"keep-negative", no_argument, NULL, 'n'},
                                            {0}};
    int o;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (o) {
        case 'c': job->con = optarg; break;
        case 'u': job->unc = optarg; break;
        case 'p': job->profiles = optarg; break;
        case 'q': job->profile_unc = optarg; break;
        case 'f': job->factors = optarg; break;
        case 't': job->total = optarg; break;
        case '%': job->percent = true; break;
        case 'n': job->keep_negative = true; break;
        default: return qk_command_misuse("receptor", "unknown option");
        }
    }
    return 0;
}

int receptor_cmb(int argc, char **argv)
{
    cmb_job job = {0};
    qk_error err = {0};
    int status = parse_options(&job, argc, argv);
    if (status) return status;
    if (!job.con || !job.unc || !job.profiles)
        return qk_command_misuse("receptor", "cmb needs --con, --unc and --profiles");
    qk_code code = read_samples(&job, &err);
    if (code == QK_OK) code = balance_all(&job, &err);
    clear_job(&job);
    return code == QK_OK ? QK_EXIT_DONE : qk_command_refuse("receptor", &err);
}

int receptor_match(int argc, char **argv)
{
    cmb_job job = {0};
    qk_error err = {0};
    int status = parse_options(&job, argc, argv);
    if (status) return status;
    if (!job.factors || !job.profiles)
        return qk_command_misuse("receptor", "match needs --factors and --profiles");
    qk_code code = match_all(&job, &err);
    clear_job(&job);
    return code == QK_OK ? QK_EXIT_DONE : qk_command_refuse("receptor", &err);
}
