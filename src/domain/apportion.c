/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/apportion_private.h"
#include "models/rose.h"
#include <math.h>
#include <stdlib.h>

enum { HINTS = 3, RESIDUAL_SIGMAS = 3 };
static const double strengths[] = {-1, -0.5, 0.5, 1};

typedef apportion_report report;

static qk_code no_memory(qk_error *err)
{
    return qk_fail(err, QK_ENOMEM, "no memory for the report");
}

static bool tell_stage(void *user, size_t done, size_t total)
{
    report *p = user;
    size_t part = total ? (p->to - p->from) * done / total : 0;
    return !p->progress || p->progress(p->user, p->from + part, 1000);
}

/* ---- what a factor may be ---- */

typedef struct marker {
    const char *code, *species; /* species separated by blanks, any of which marks it */
} marker;

static const marker markers[] = {
    {"nitrate", "NO3- NO3 Nitrate NH4+"},
    {"sulphate", "SO42- SO4 Sulfate NH4+"},
    {"traffic", "EC Cu Ba Zn NO"},
    {"organics", "OC"},
    {"coal", "Cl- Se As"},
    {"biomass", "K+ K Levoglucosan Cl-"},
    {"dust", "Ca2+ Mg2+ Ca Si Al Fe Ti"},
    {"steel", "Fe Mn"},
    {"zinc", "Zn"},
    {"copper", "Cu"},
    {"lead", "Pb Se"},
    {"salt", "Na+ Na Cl- Cl"},
};

/* Share of a species that a factor explains. */
static double explained(const report *p, size_t k, size_t j)
{
    double sum = 0;
    for (size_t i = 0; i < p->fit.factors; i++) sum += p->fit.f[i * p->fit.species + j];
    return sum > 0 ? p->fit.f[k * p->fit.species + j] / sum : 0;
}

/* The mean share explained of those of its markers that are measured; the first counts double. */
static double marker_score(const report *p, size_t k, const marker *m)
{
    qk_str rest = qk_str_of(m->species);
    double sum = 0, weight = 0;
    for (size_t n = 0; rest.ptr; n++) {
        qk_str name = qk_str_cut(&rest, ' ');
        for (size_t j = 0; j < p->r->species; j++) {
            if (!qk_str_eq_nocase(name, qk_str_of(p->r->name[j]))) continue;
            double one = weight > 0 ? 1 : 2;
            sum += one * explained(p, k, j);
            weight += one;
        }
    }
    /* One species alone says less than several that come together. */
    return weight > 2 ? sum / weight : weight > 0 ? 0.85 * sum / weight : 0;
}

/* What speaks for it: its markers and what the factor explains of each. */
static void put_why(const report *p, size_t k, const marker *m)
{
    qk_str rest = qk_str_of(m->species);
    qk_json_key(p->w, "why");
    qk_json_array(p->w);
    while (rest.ptr) {
        qk_str name = qk_str_cut(&rest, ' ');
        for (size_t j = 0; j < p->r->species; j++) {
            if (!qk_str_eq_nocase(name, qk_str_of(p->r->name[j]))) continue;
            qk_json_object(p->w);
            qk_json_kcstr(p->w, "species", p->r->name[j]);
            qk_analysis_kput(p->w, "explained", explained(p, k, j));
            qk_json_end(p->w);
        }
    }
    qk_json_end(p->w);
}

static void put_hints(const report *p, size_t k)
{
    bool told[sizeof markers / sizeof *markers] = {false};
    qk_json_key(p->w, "hints");
    qk_json_array(p->w);
    for (int n = 0; n < HINTS; n++) {
        size_t best = 0;
        double most = 0;
        for (size_t m = 0; m < sizeof markers / sizeof *markers; m++) {
            double score = told[m] ? 0 : marker_score(p, k, &markers[m]);
            if (score > most) most = score, best = m;
        }
        if (most < 0.35) break;
        told[best] = true;
        qk_json_object(p->w);
        qk_json_kcstr(p->w, "code", markers[best].code);
        qk_analysis_kput(p->w, "score", most);
        put_why(p, k, &markers[best]);
        qk_json_end(p->w);
    }
    qk_json_end(p->w);
}

/* ---- patterns ---- */

static void put_groups(qk_json_writer *w, const char *name, const qk_group *g, size_t n)
{
    qk_json_key(w, name);
    qk_json_array(w);
    for (size_t i = 0; i < n; i++) {
        qk_json_array(w);
        qk_json_i64(w, g[i].count);
        qk_analysis_put(w, g[i].mean);
        qk_analysis_put(w, g[i].lower);
        qk_analysis_put(w, g[i].upper);
        qk_json_end(w);
    }
    qk_json_end(w);
}

static qk_code put_patterns(const report *p, const double *g, qk_error *err)
{
    qk_time_variation *v = malloc(sizeof *v);
    if (!v) return no_memory(err);
    qk_time_variation_of(v, p->r->time, g, p->r->samples);
    put_groups(p->w, "hour", v->hour, 24);
    put_groups(p->w, "weekday", v->weekday, 7);
    put_groups(p->w, "month", v->month, 12);
    free(v);
    return QK_OK;
}

/* Contribution by wind; null where no wind was measured or too little of it. */
static qk_code put_polar(const report *p, const double *g, qk_error *err)
{
    qk_wind_series in = {p->r->samples, p->r->ws, p->r->wd, g};
    qk_polar_options o = {.statistic = QK_POLAR_MEAN};
    qk_polar_surface s;
    qk_error thin = {0};
    qk_code code = p->r->ws ? qk_polar_surface_of(&s, &in, &o, &thin) : QK_EFORMAT;
    qk_json_key(p->w, "polar");
    if (code == QK_EFORMAT) {
        qk_json_null(p->w);
        return QK_OK;
    }
    if (code != QK_OK) return qk_fail(err, code, "%s", thin.message);
    qk_json_object(p->w);
    qk_json_ki64(p->w, "side", (int64_t)(s.side + 3) / 4);
    qk_analysis_kput(p->w, "reach", s.reach);
    qk_json_key(p->w, "values");
    qk_json_array(p->w);
    for (size_t i = 0; i < s.side; i += 4)
        for (size_t j = 0; j < s.side; j += 4) qk_analysis_put(p->w, s.value[i * s.side + j]);
    qk_json_end(p->w);
    qk_json_end(p->w);
    qk_polar_surface_clear(&s);
    return QK_OK;
}

/* ---- one factor ---- */

double apportion_mass(const report *p, const double *f, size_t k)
{
    double sum = 0;
    if (p->r->total != SIZE_MAX) return f[k * p->fit.species + p->r->total];
    for (size_t j = 0; j < p->fit.species; j++) sum += f[k * p->fit.species + j];
    return sum;
}

/* NaN where there is no mass. */
static double share_of(const report *p, const double *f, size_t k)
{
    double all = 0;
    for (size_t i = 0; i < p->fit.factors; i++) all += apportion_mass(p, f, i);
    return all > 0 ? apportion_mass(p, f, k) / all : NAN;
}

static void put_boot(const report *p, size_t k, size_t j)
{
    const double *q = p->boot.percentile + (k * p->fit.species + j) * QK_PMF_BOOT_POINTS;
    qk_json_key(p->w, "boot");
    qk_json_array(p->w);
    for (int i = 0; i < QK_PMF_BOOT_POINTS; i++) qk_analysis_put(p->w, q[i]);
    qk_json_end(p->w);
}

static void put_profile(const report *p, size_t k)
{
    size_t species = p->fit.species;
    qk_json_key(p->w, "profile");
    qk_json_array(p->w);
    for (size_t j = 0; j < species; j++) {
        qk_json_object(p->w);
        qk_analysis_kput(p->w, "value", p->fit.f[k * species + j]);
        qk_analysis_kput(p->w, "explained", explained(p, k, j));
        if (p->o->bootstraps) put_boot(p, k, j);
        if (p->o->displacement) {
            qk_json_key(p->w, "disp");
            qk_json_array(p->w);
            qk_analysis_put(p->w, p->disp.low[k * species + j]);
            qk_analysis_put(p->w, p->disp.high[k * species + j]);
            qk_json_end(p->w);
        }
        qk_json_end(p->w);
    }
    qk_json_end(p->w);
}

static void put_mapping(const report *p, size_t k)
{
    size_t n = p->fit.factors;
    if (p->o->bootstraps) {
        qk_json_key(p->w, "mapped"); /* [factors + 1]: bootstrap factors; last = to none */
        qk_json_array(p->w);
        for (size_t b = 0; b <= n; b++) qk_json_i64(p->w, (int64_t)p->boot.mapped[k * (n + 1) + b]);
        qk_json_end(p->w);
    }
    if (p->o->displacement) {
        qk_json_key(p->w, "swaps");
        qk_json_array(p->w);
        for (size_t l = 0; l < QK_PMF_LEVELS; l++)
            qk_json_i64(p->w, (int64_t)p->disp.swaps[l * n + k]);
        qk_json_end(p->w);
    }
}

static qk_code put_factor(const report *p, size_t k, double *g, qk_error *err)
{
    for (size_t i = 0; i < p->r->samples; i++) g[i] = p->fit.g[i * p->fit.factors + k];
    qk_json_object(p->w);
    apportion_put_share(p, k);
    put_profile(p, k);
    put_mapping(p, k);
    put_hints(p, k);
    QK_TRY(apportion_put_matches(p, k, err));
    QK_TRY(put_patterns(p, g, err));
    QK_TRY(put_polar(p, g, err));
    qk_json_key(p->w, "series");
    qk_json_array(p->w);
    for (size_t i = 0; i < p->r->samples; i++) qk_analysis_put(p->w, g[i]);
    qk_json_end(p->w);
    qk_json_end(p->w);
    return QK_OK;
}

/* ---- diagnostics ---- */

static void put_species(const report *p)
{
    size_t n = p->r->species, k = p->fit.factors;
    qk_json_key(p->w, "species");
    qk_json_array(p->w);
    for (size_t j = 0; j < n; j++) {
        size_t used = 0, beyond = 0;
        double sum = 0;
        for (size_t i = 0; i < p->r->samples; i++) {
            double model = 0, c = p->r->conc[i * n + j], s = p->r->unc[i * n + j];
            if (!isfinite(c) || !(s > 0)) continue;
            for (size_t f = 0; f < k; f++) model += p->fit.g[i * k + f] * p->fit.f[f * n + j];
            used++;
            sum += c;
            beyond += fabs(c - model) > RESIDUAL_SIGMAS * s;
        }
        qk_json_object(p->w);
        qk_json_kcstr(p->w, "name", p->r->name[j]);
        qk_json_ki64(p->w, "n", (int64_t)used);
        qk_analysis_kput(p->w, "mean", used ? sum / (double)used : NAN);
        qk_analysis_kput(p->w, "r2", p->fit.r2[j]);
        qk_analysis_kput(p->w, "beyond", used ? (double)beyond / (double)used : NAN);
        qk_json_kbool(p->w, "silent", p->r->silent[j]);
        qk_json_end(p->w);
    }
    qk_json_end(p->w);
}

static void put_q(const report *p)
{
    const qk_pmf_run *best = &p->fit.run[p->fit.best];
    qk_json_key(p->w, "q");
    qk_json_object(p->w);
    qk_analysis_kput(p->w, "true", best->q_true);
    qk_analysis_kput(p->w, "robust", best->q_robust);
    qk_analysis_kput(p->w, "expected", p->fit.q_expected);
    qk_json_key(p->w, "runs");
    qk_json_array(p->w);
    for (size_t i = 0; i < p->fit.runs; i++) {
        qk_json_array(p->w);
        qk_analysis_put(p->w, p->fit.run[i].q_true);
        qk_analysis_put(p->w, p->fit.run[i].q_robust);
        qk_json_bool(p->w, p->fit.run[i].converged);
        qk_json_end(p->w);
    }
    qk_json_end(p->w);
    qk_json_end(p->w);
}

static void put_notes(const report *p)
{
    qk_json_key(p->w, "notes");
    qk_json_object(p->w);
    qk_json_ki64(p->w, "cells_used", (int64_t)p->fit.cells_used);
    qk_json_ki64(p->w, "missing", (int64_t)p->r->notes.missing);
    qk_json_ki64(p->w, "bad_uncertainty", (int64_t)p->r->notes.bad_unc);
    qk_json_ki64(p->w, "negative", (int64_t)p->r->notes.negative);
    qk_json_kbool(p->w, "made_uncertainty", p->r->made_unc);
    qk_json_end(p->w);
}

static void put_times(const report *p)
{
    char text[QK_TIME_TEXT];
    qk_json_key(p->w, "times");
    qk_json_array(p->w);
    for (size_t i = 0; i < p->r->samples; i++)
        qk_json_cstr(p->w,
                     p->r->time[i] == QK_TIME_NONE ? NULL : qk_time_iso_zone(text, p->r->time[i]));
    qk_json_end(p->w);
}

static qk_code put_rotations(const report *p, qk_error *err)
{
    size_t n = p->fit.factors;
    double *room = calloc(n * n + 1, sizeof *room);
    if (!room) return no_memory(err);
    qk_pmf_rotations(room, &p->fit);
    qk_json_key(p->w, "rotation_room");
    qk_json_array(p->w);
    for (size_t i = 0; i < n * n; i++) qk_analysis_put(p->w, room[i]);
    qk_json_end(p->w);
    free(room);
    return QK_OK;
}

static void put_rotated(const report *p, const qk_pmf_rotated *r)
{
    qk_json_object(p->w);
    qk_analysis_kput(p->w, "strength", r->strength);
    qk_analysis_kput(p->w, "dq", r->dq);
    qk_analysis_kput(p->w, "percent", r->percent);
    qk_json_kbool(p->w, "converged", r->converged);
    qk_json_key(p->w, "factors");
    qk_json_array(p->w);
    for (size_t k = 0; k < r->factors; k++) {
        qk_json_object(p->w);
        qk_analysis_kput(p->w, "share", share_of(p, r->f, k));
        qk_analysis_kput(p->w, "correlation", r->correlation[k]);
        qk_analysis_kput(p->w, "moved", r->moved[k]);
        qk_json_key(p->w, "profile");
        qk_json_array(p->w);
        for (size_t j = 0; j < r->species; j++) qk_analysis_put(p->w, r->f[k * r->species + j]);
        qk_json_end(p->w);
        qk_json_end(p->w);
    }
    qk_json_end(p->w);
    qk_json_end(p->w);
}

static qk_code put_fpeak(const report *p, qk_error *err)
{
    qk_code code = QK_OK;
    qk_pmf_options quiet = p->pmf;
    quiet.progress = NULL;
    qk_json_key(p->w, "fpeak");
    qk_json_array(p->w);
    for (size_t i = 0; code == QK_OK && i < sizeof strengths / sizeof *strengths; i++) {
        qk_pmf_rotated r;
        code = qk_pmf_rotate(&r, &p->in, &quiet, &p->fit, strengths[i], err);
        if (code != QK_OK) break;
        put_rotated(p, &r);
        qk_pmf_rotated_clear(&r);
    }
    qk_json_end(p->w);
    return code;
}

static qk_code put_report(report *p, qk_error *err)
{
    double *g = calloc(p->r->samples + 1, sizeof *g);
    qk_code code = g ? QK_OK : no_memory(err);
    qk_json_object(p->w);
    qk_json_ki64(p->w, "samples", (int64_t)p->r->samples);
    qk_json_kcstr(p->w, "unit", p->r->unit[0] ? p->r->unit : NULL);
    qk_json_kcstr(p->w, "total", p->r->total == SIZE_MAX ? NULL : p->r->name[p->r->total]);
    put_q(p);
    put_notes(p);
    put_species(p);
    put_times(p);
    if (code == QK_OK) code = put_rotations(p, err);
    if (code == QK_OK) code = put_fpeak(p, err);
    if (code == QK_OK) code = apportion_put_split(p, err);
    qk_json_key(p->w, "bootstraps");
    qk_json_i64(p->w, (int64_t)(p->o->bootstraps ? p->boot.done : 0));
    qk_json_key(p->w, "factors");
    qk_json_array(p->w);
    for (size_t k = 0; code == QK_OK && k < p->fit.factors; k++) code = put_factor(p, k, g, err);
    qk_json_end(p->w);
    qk_json_end(p->w);
    free(g);
    return code;
}

/* ---- the run ---- */

static qk_code run_stages(report *p, qk_error *err)
{
    bool more = p->o->bootstraps || p->o->displacement;
    p->to = more ? 400 : 990;
    QK_TRY(qk_pmf_solve(&p->fit, &p->in, &p->pmf, err));
    p->from = p->to;
    p->to = p->o->displacement ? 700 : 990;
    if (p->o->bootstraps)
        QK_TRY(qk_pmf_bootstrap(&p->boot, &p->in, &p->pmf, &p->fit, p->o->bootstraps, 0, 0.6, err));
    p->from = p->to;
    p->to = 990;
    if (p->o->displacement) QK_TRY(qk_pmf_displace(&p->disp, &p->in, &p->pmf, &p->fit, NULL, err));
    return put_report(p, err);
}

qk_code qk_apportion_run(qk_json_writer *w, qk_apportion_record *record,
                         const qk_apportion_options *options, qk_progress progress, void *user,
                         qk_error *err)
{
    qk_pmf_rules rules = {.extra = options->extra};
    report p = {.w = w, .r = record, .o = options, .progress = progress, .user = user};
    QK_TRY(qk_pmf_prepare(&record->notes, record->silent, record->conc, record->unc,
                          record->samples, record->species, &rules, err));
    p.in = (qk_pmf_input){record->samples, record->species, record->conc, record->unc};
    p.pmf = (qk_pmf_options){.factors = options->factors,
                             .runs = options->runs,
                             .seed = options->seed,
                             .robust = options->robust,
                             .progress = tell_stage,
                             .user = &p};
    qk_code code = run_stages(&p, err);
    qk_pmf_fit_clear(&p.fit);
    qk_pmf_boot_clear(&p.boot);
    qk_pmf_disp_clear(&p.disp);
    return code;
}
