/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/json.h"
#include "cli/receptor.h"
#include <math.h>
#include <stdlib.h>

enum { OUT_BYTES = 1 << 30 };

static void put_number(qk_buf *out, double v)
{
    if (isfinite(v))
        qk_buf_printf(out, ",%.9g", v);
    else
        qk_buf_putc(out, ',');
}

static qk_code finish_file(qk_buf *out, const char *dir, const char *name, qk_error *err)
{
    char path[QK_PATH_MAX];
    qk_code code = out->failed;
    if (code != QK_OK)
        qk_fail(err, code, "%s does not fit in memory", name);
    else if ((code = qk_path_join(path, sizeof path, dir, name)) != QK_OK)
        qk_fail(err, code, "%s: the path is too long", dir);
    else
        code = qk_file_write_atomic(path, out->ptr, out->len, 0644, err);
    qk_buf_clear(out);
    return code;
}

static void put_factor_head(qk_buf *out, const char *first, size_t factors)
{
    qk_csv_put_text(out, qk_str_of(first), true);
    for (size_t a = 0; a < factors; a++) qk_buf_printf(out, ",F%zu", a + 1);
    qk_buf_putc(out, '\n');
}

static qk_code write_profiles(const receptor_results *r, const char *dir, qk_error *err)
{
    qk_buf out;
    qk_buf_init(&out, OUT_BYTES);
    put_factor_head(&out, "species", r->fit->factors);
    for (size_t j = 0; j < r->fit->species; j++) {
        qk_csv_put_text(&out, qk_str_of(r->in->con.name[j]), true);
        for (size_t a = 0; a < r->fit->factors; a++)
            put_number(&out, r->fit->f[a * r->fit->species + j]);
        qk_buf_putc(&out, '\n');
    }
    return finish_file(&out, dir, "profiles.csv", err);
}

static qk_code write_contributions(const receptor_results *r, const char *dir, qk_error *err)
{
    qk_buf out;
    qk_buf_init(&out, OUT_BYTES);
    put_factor_head(&out, r->in->con.label_name, r->fit->factors);
    for (size_t i = 0; i < r->fit->samples; i++) {
        qk_csv_put_text(&out, qk_str_of(r->in->con.label[i]), true);
        for (size_t a = 0; a < r->fit->factors; a++)
            put_number(&out, r->fit->g[i * r->fit->factors + a]);
        qk_buf_putc(&out, '\n');
    }
    return finish_file(&out, dir, "contributions.csv", err);
}

static qk_code write_bootstrap(const receptor_results *r, const char *dir, qk_error *err)
{
    qk_buf out;
    size_t m = r->fit->species;
    if (!r->boot) return QK_OK;
    qk_buf_init(&out, OUT_BYTES);
    qk_buf_puts(&out, "factor,species,base,p5,p25,p50,p75,p95\n");
    for (size_t c = 0; c < r->fit->factors * m; c++) {
        qk_buf_printf(&out, "F%zu", c / m + 1);
        qk_csv_put_text(&out, qk_str_of(r->in->con.name[c % m]), false);
        put_number(&out, r->fit->f[c]);
        for (size_t p = 0; p < QK_PMF_BOOT_POINTS; p++)
            put_number(&out, r->boot->percentile[c * QK_PMF_BOOT_POINTS + p]);
        qk_buf_putc(&out, '\n');
    }
    return finish_file(&out, dir, "bootstrap.csv", err);
}

static qk_code write_displacement(const receptor_results *r, const char *dir, qk_error *err)
{
    qk_buf out;
    size_t m = r->fit->species, cells = r->fit->factors * m;
    if (!r->disp) return QK_OK;
    qk_buf_init(&out, OUT_BYTES);
    qk_buf_puts(&out, "factor,species,base");
    for (size_t l = 0; l < QK_PMF_LEVELS; l++)
        qk_buf_printf(&out, ",low_dq%g,high_dq%g", qk_pmf_levels[l], qk_pmf_levels[l]);
    qk_buf_putc(&out, '\n');
    for (size_t c = 0; c < cells; c++) {
        qk_buf_printf(&out, "F%zu", c / m + 1);
        qk_csv_put_text(&out, qk_str_of(r->in->con.name[c % m]), false);
        put_number(&out, r->fit->f[c]);
        for (size_t l = 0; l < QK_PMF_LEVELS; l++) {
            put_number(&out, r->disp->low[l * cells + c]);
            put_number(&out, r->disp->high[l * cells + c]);
        }
        qk_buf_putc(&out, '\n');
    }
    return finish_file(&out, dir, "displacement.csv", err);
}

static qk_code write_fpeak(const receptor_results *r, const char *dir, qk_error *err)
{
    qk_buf out;
    size_t m = r->fit->species;
    if (!r->rotations) return QK_OK;
    qk_buf_init(&out, OUT_BYTES);
    qk_buf_puts(&out, "strength,factor,species,base,value\n");
    for (size_t i = 0; i < r->rotations; i++) {
        for (size_t c = 0; c < r->fit->factors * m; c++) {
            qk_buf_printf(&out, "%g,F%zu", r->rotation[i].strength, c / m + 1);
            qk_csv_put_text(&out, qk_str_of(r->in->con.name[c % m]), false);
            put_number(&out, r->fit->f[c]);
            put_number(&out, r->rotation[i].f[c]);
            qk_buf_putc(&out, '\n');
        }
    }
    return finish_file(&out, dir, "fpeak.csv", err);
}

/* ---- summary ---- */

static void put_key_f64(qk_json_writer *w, const char *key, double v)
{
    qk_json_key(w, key);
    qk_json_f64(w, v);
}

static void put_runs(qk_json_writer *w, const qk_pmf_fit *fit)
{
    qk_json_key(w, "runs");
    qk_json_array(w);
    for (size_t r = 0; r < fit->runs; r++) {
        qk_json_object(w);
        qk_json_key(w, "seed");
        qk_json_u64(w, fit->run[r].seed);
        put_key_f64(w, "q_true", fit->run[r].q_true);
        put_key_f64(w, "q_robust", fit->run[r].q_robust);
        qk_json_ki64(w, "iterations", fit->run[r].iterations);
        qk_json_kbool(w, "converged", fit->run[r].converged);
        qk_json_end(w);
    }
    qk_json_end(w);
}

static void put_species(qk_json_writer *w, const receptor_results *r)
{
    static const char *const kinds[] = {"strong", "weak", "bad"};
    qk_json_key(w, "species");
    qk_json_array(w);
    for (size_t j = 0; j < r->fit->species; j++) {
        qk_json_object(w);
        qk_json_kcstr(w, "name", r->in->con.name[j]);
        put_key_f64(w, "r2", r->fit->r2[j]);
        qk_json_kcstr(w, "category", kinds[r->in->kind[j]]);
        qk_json_kbool(w, "below_limit_or_constant", r->in->silent[j]);
        qk_json_end(w);
    }
    qk_json_end(w);
}

static void put_notes(qk_json_writer *w, const receptor_results *r)
{
    qk_json_key(w, "cells");
    qk_json_object(w);
    qk_json_ki64(w, "used", (int64_t)r->fit->cells_used);
    qk_json_ki64(w, "left_out", (int64_t)(r->fit->cells_missing + r->fit->cells_bad_unc));
    qk_json_ki64(w, "missing", (int64_t)r->in->notes.missing);
    qk_json_ki64(w, "uncertainty_not_above_zero", (int64_t)r->in->notes.bad_unc);
    qk_json_ki64(w, "negative", (int64_t)r->in->notes.negative);
    qk_json_ki64(w, "at_or_below_limit", (int64_t)r->in->notes.below_limit);
    qk_json_end(w);
}

/* Mean contribution of each factor to the total species, as shares of what is modelled. */
static void put_shares(qk_json_writer *w, const receptor_results *r)
{
    size_t m = r->fit->species, j = 0;
    double sum = 0;
    if (!r->total || !r->in->con.name) return;
    while (j < m && strcmp(r->in->con.name[j], r->total) != 0) j++;
    for (size_t a = 0; j < m && a < r->fit->factors; a++) sum += r->fit->f[a * m + j];
    if (!(sum > 0)) return;
    qk_json_key(w, "shares");
    qk_json_array(w);
    for (size_t a = 0; a < r->fit->factors; a++) {
        qk_json_object(w);
        char name[24];
        snprintf(name, sizeof name, "F%zu", a + 1);
        qk_json_kcstr(w, "factor", name);
        put_key_f64(w, "share", r->fit->f[a * m + j] / sum);
        qk_json_end(w);
    }
    qk_json_end(w);
}

/* How alike the runs are: correlation of each factor's contributions is not kept for all runs, so
 * the spread of Q and how many reach the least speak for them. */
static void put_spread(qk_json_writer *w, const qk_pmf_fit *fit)
{
    double least = fit->run[fit->best].q_true, most = least;
    int64_t near = 0;
    for (size_t r = 0; r < fit->runs; r++) {
        most = fmax(most, fit->run[r].q_true);
        near += fit->run[r].q_true <= 1.01 * least;
    }
    qk_json_key(w, "q_spread");
    qk_json_object(w);
    put_key_f64(w, "least", least);
    put_key_f64(w, "most", most);
    qk_json_ki64(w, "runs_within_1_percent", near);
    qk_json_end(w);
}

static void put_boot(qk_json_writer *w, const receptor_results *r)
{
    size_t k = r->fit->factors;
    if (!r->boot) return;
    qk_json_key(w, "bootstrap");
    qk_json_object(w);
    qk_json_ki64(w, "runs", (int64_t)r->boot->done);
    qk_json_key(w, "mapping");
    qk_json_array(w);
    for (size_t a = 0; a < k; a++) {
        qk_json_array(w);
        for (size_t b = 0; b <= k; b++) qk_json_u64(w, r->boot->mapped[a * (k + 1) + b]);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_end(w);
}

static void put_disp(qk_json_writer *w, const receptor_results *r)
{
    size_t k = r->fit->factors;
    if (!r->disp) return;
    qk_json_key(w, "displacement");
    qk_json_object(w);
    put_key_f64(w, "largest_fall_of_q", r->disp->largest_fall);
    qk_json_key(w, "swaps");
    qk_json_array(w);
    for (size_t l = 0; l < QK_PMF_LEVELS; l++) {
        qk_json_object(w);
        put_key_f64(w, "dq", qk_pmf_levels[l]);
        qk_json_key(w, "by_factor");
        qk_json_array(w);
        for (size_t a = 0; a < k; a++) qk_json_u64(w, r->disp->swaps[l * k + a]);
        qk_json_end(w);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_end(w);
}

static qk_code put_rotations(qk_json_writer *w, const qk_pmf_fit *fit, qk_error *err)
{
    size_t k = fit->factors;
    double *room = malloc((k ? k * k : 1) * sizeof *room);
    if (!room) return qk_fail(err, QK_ENOMEM, "no memory for rotations");
    qk_pmf_rotations(room, fit);
    qk_json_key(w, "rotation_room");
    qk_json_array(w);
    for (size_t a = 0; a < k; a++) {
        qk_json_array(w);
        for (size_t b = 0; b < k; b++) qk_json_f64(w, room[a * k + b]);
        qk_json_end(w);
    }
    qk_json_end(w);
    free(room);
    return QK_OK;
}

static void put_array(qk_json_writer *w, const char *name, const double *v, size_t n)
{
    qk_json_key(w, name);
    qk_json_array(w);
    for (size_t i = 0; i < n; i++) qk_json_f64(w, v[i]);
    qk_json_end(w);
}

static void put_fpeak(qk_json_writer *w, const receptor_results *r)
{
    if (!r->rotations) return;
    qk_json_key(w, "fpeak");
    qk_json_array(w);
    for (size_t i = 0; i < r->rotations; i++) {
        const qk_pmf_rotated *t = &r->rotation[i];
        qk_json_object(w);
        put_key_f64(w, "strength", t->strength);
        put_key_f64(w, "q_true", t->q_true);
        put_key_f64(w, "q_robust", t->q_robust);
        put_key_f64(w, "q_aux", t->q_aux);
        put_key_f64(w, "dq", t->dq);
        put_key_f64(w, "dq_percent", t->percent);
        qk_json_kbool(w, "converged", t->converged);
        put_array(w, "contribution_correlation", t->correlation, t->factors);
        put_array(w, "profile_moved", t->moved, t->factors);
        qk_json_end(w);
    }
    qk_json_end(w);
}

static qk_code write_summary(const receptor_results *r, const char *dir, qk_error *err)
{
    qk_buf out;
    qk_json_writer w;
    const qk_pmf_run *best = &r->fit->run[r->fit->best];
    qk_buf_init(&out, OUT_BYTES);
    qk_json_init(&w, &out);
    w.pretty = true;
    qk_json_object(&w);
    put_key_f64(&w, "q_true", best->q_true);
    put_key_f64(&w, "q_robust", best->q_robust);
    put_key_f64(&w, "q_expected", r->fit->q_expected);
    qk_json_ki64(&w, "samples", (int64_t)r->fit->samples);
    qk_json_ki64(&w, "factors", (int64_t)r->fit->factors);
    qk_json_ki64(&w, "best_run", (int64_t)r->fit->best + 1);
    qk_json_kbool(&w, "robust_mode", r->options->robust);
    put_key_f64(&w, "g_floor", r->options->g_floor);
    put_spread(&w, r->fit);
    put_runs(&w, r->fit);
    put_species(&w, r);
    put_notes(&w, r);
    put_shares(&w, r);
    qk_code code = put_rotations(&w, r->fit, err);
    put_boot(&w, r);
    put_disp(&w, r);
    put_fpeak(&w, r);
    qk_json_end(&w);
    qk_buf_putc(&out, '\n');
    if (code == QK_OK) return finish_file(&out, dir, "summary.json", err);
    qk_buf_clear(&out);
    return code;
}

qk_code receptor_write(const receptor_results *r, const char *dir, qk_error *err)
{
    QK_TRY(qk_dir_create(dir, err));
    QK_TRY(write_profiles(r, dir, err));
    QK_TRY(write_contributions(r, dir, err));
    QK_TRY(write_bootstrap(r, dir, err));
    QK_TRY(write_displacement(r, dir, err));
    QK_TRY(write_fpeak(r, dir, err));
    return write_summary(r, dir, err);
}
