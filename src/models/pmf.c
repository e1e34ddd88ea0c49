/* SPDX-License-Identifier: Apache-2.0 */
#include "models/pmf.h"
#include "models/pmf_private.h"
#include "models/random.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STARTS = 8, SCREEN_SWEEPS = 6, ROBUST_SWEEPS = 40, NEWTON_MOST = 300, ROBUST_ROUNDS = 60 };
/* Every run goes on until a step gains less than this share of Q; the best goes on to the
 * tolerance asked for. */
static const double run_tolerance = 5e-5;

void *pmf_doubles(size_t count)
{
    size_t bytes = (count * sizeof(double) + 63) / 64 * 64 + 64;
    void *p = aligned_alloc(64, bytes);
    if (p) memset(p, 0, bytes);
    return p;
}

double pmf_uniform(uint64_t *state)
{
    return (double)(qk_random_next(state) >> 11) * 0x1p-53;
}

static bool cell_counts(double x, double u)
{
    return isfinite(x) && isfinite(u) && u > 0 && isfinite(1 / (u * u)) &&
           isfinite(x * x / (u * u));
}

static bool new_side(pmf_side *s, size_t count, size_t depth, const pmf_work *w)
{
    s->count = count;
    s->depth = depth;
    s->blocks = (count + QK_PMF_LANES - 1) / QK_PMF_LANES;
    size_t cells = s->blocks * QK_PMF_LANES;
    s->w = pmf_doubles(cells * depth);
    s->wx = pmf_doubles(cells * depth);
    s->x = pmf_doubles(cells * w->k);
    s->a = pmf_doubles(cells * w->kkp);
    s->b = pmf_doubles(cells * w->kp);
    s->flat = pmf_doubles(count * w->kp);
    s->outer = pmf_doubles(count * w->kkp);
    return s->w && s->wx && s->x && s->a && s->b && s->flat && s->outer;
}

static void free_side(pmf_side *s)
{
    free(s->w);
    free(s->wx);
    free(s->x);
    free(s->a);
    free(s->b);
    free(s->flat);
    free(s->outer);
}

/* Brings the weights in force into the layouts of both sides. */
static void lay_weights(pmf_work *w)
{
    w->xwx = 0;
    for (size_t i = 0; i < w->n; i++) {
        for (size_t j = 0; j < w->m; j++) {
            double weight = w->w[i * w->m + j], x = weight > 0 ? w->in->conc[i * w->m + j] : 0;
            size_t r = ((i / QK_PMF_LANES) * w->m + j) * QK_PMF_LANES + i % QK_PMF_LANES;
            size_t s = ((j / QK_PMF_LANES) * w->n + i) * QK_PMF_LANES + j % QK_PMF_LANES;
            w->rows.w[r] = w->species.w[s] = weight;
            w->rows.wx[r] = w->species.wx[s] = weight * x;
            w->xwx += weight * x * x;
        }
    }
}

static double weight_of(const qk_pmf_input *in, size_t cell)
{
    double x = in->conc[cell], u = in->unc[cell];
    return cell_counts(x, u) ? 1 / (u * u) : 0;
}

void pmf_plain_weights(pmf_work *w)
{
    for (size_t c = 0; c < w->n * w->m; c++) w->w[c] = weight_of(w->in, c);
    lay_weights(w);
}

/* A sample without a single usable cell has no contributions: they stay 0. */
static void find_filled(pmf_work *w)
{
    for (size_t i = 0; i < w->n; i++) {
        for (size_t j = 0; j < w->m && !w->filled[i]; j++) w->filled[i] = w->w[i * w->m + j] > 0;
    }
}

qk_code pmf_work_new(pmf_work **out, const qk_pmf_input *in, const qk_pmf_options *o, qk_error *err)
{
    pmf_work *w = calloc(1, sizeof *w);
    *out = NULL;
    if (!w) return qk_fail(err, QK_ENOMEM, "no memory for a factorisation");
    w->in = in;
    w->options = o;
    w->kernel = qk_pmf_kernel_pick();
    w->n = in->samples;
    w->m = in->species;
    w->k = o->factors;
    w->kp = qk_pmf_pad(w->k);
    w->kkp = qk_pmf_pad(w->k * (w->k + 1) / 2);
    w->alpha = o->alpha > 0 ? o->alpha : 4;
    bool made = new_side(&w->rows, w->n, w->m, w);
    made = new_side(&w->species, w->m, w->n, w) && made;
    w->rows.floor = o->g_floor;
    w->w = pmf_doubles(w->n * w->m);
    w->filled = calloc(w->n, sizeof *w->filled);
    w->newton = made ? pmf_newton_new(w) : NULL;
    if (!made || !w->w || !w->filled || !w->newton) {
        pmf_work_free(w);
        return qk_fail(err, QK_ENOMEM, "no memory for %zu samples of %zu species, %zu factors",
                       in->samples, in->species, o->factors);
    }
    pmf_plain_weights(w);
    find_filled(w);
    *out = w;
    return QK_OK;
}

void pmf_work_free(pmf_work *w)
{
    if (!w) return;
    free_side(&w->rows);
    free_side(&w->species);
    free(w->w);
    free(w->filled);
    pmf_newton_free(w->newton);
    free(w);
}

void pmf_flatten(const pmf_work *w, pmf_side *side)
{
    for (size_t p = 0; p < side->count; p++) {
        double *flat = side->flat + p * w->kp, *outer = side->outer + p * w->kkp;
        for (size_t a = 0; a < w->k; a++) {
            double *row = outer + a * (a + 1) / 2, x = flat[a] = *pmf_at(side->x, w->k, p, a);
            for (size_t b = 0; b <= a; b++) row[b] = x * flat[b];
        }
    }
}

static void hold_anchors(pmf_work *w)
{
    size_t first = w->n - w->anchors;
    for (size_t r = 0; r < w->anchors; r++)
        for (size_t a = 0; a < w->k; a++) *pmf_at(w->rows.x, w->k, first + r, a) = a == r ? 1 : 0;
}

void pmf_solve_side(pmf_work *w, pmf_side *side, const pmf_side *other, int passes, double enough)
{
    qk_pmf_block p = {.depth = side->depth,
                      .factors = w->k,
                      .fixed = other->flat,
                      .outer = other->outer,
                      .floor = side->floor,
                      .passes = passes,
                      .enough = enough};
    for (size_t b = 0; b < side->blocks; b++) {
        p.w = side->w + b * side->depth * QK_PMF_LANES;
        p.wx = side->wx + b * side->depth * QK_PMF_LANES;
        w->kernel->solve(&p, side->a + b * w->kkp * QK_PMF_LANES,
                         side->b + b * w->kp * QK_PMF_LANES, side->x + b * w->k * QK_PMF_LANES);
    }
    if (side == &w->rows) hold_anchors(w);
    pmf_flatten(w, side);
}

double pmf_side_q(const pmf_work *w, const pmf_side *side)
{
    double q = w->xwx;
    for (size_t p = 0; p < side->count; p++) {
        const double *a = side->a + (p / QK_PMF_LANES) * w->kkp * QK_PMF_LANES + p % QK_PMF_LANES;
        const double *b = side->b + (p / QK_PMF_LANES) * w->kp * QK_PMF_LANES + p % QK_PMF_LANES;
        const double *x = side->flat + p * w->kp;
        for (size_t i = 0; i < w->k; i++) {
            double ax = 0;
            for (size_t l = 0; l < w->k; l++) ax += a[qk_pmf_tri(i, l) * QK_PMF_LANES] * x[l];
            q += x[i] * (ax - 2 * b[i * QK_PMF_LANES]);
        }
    }
    return q;
}

void pmf_normalise(pmf_work *w)
{
    size_t samples = w->n - w->anchors, filled = 0;
    for (size_t i = 0; i < samples; i++) filled += w->filled[i];
    for (size_t a = 0; a < w->k; a++) {
        double mean = 0;
        for (size_t i = 0; i < samples; i++) mean += *pmf_at(w->rows.x, w->k, i, a);
        mean /= (double)filled;
        if (!(mean > 1e-150)) continue;
        for (size_t i = 0; i < w->n; i++) *pmf_at(w->rows.x, w->k, i, a) /= mean;
        for (size_t j = 0; j < w->m; j++) *pmf_at(w->species.x, w->k, j, a) *= mean;
    }
    pmf_flatten(w, &w->rows);
    pmf_flatten(w, &w->species);
}

static double modelled(const pmf_work *w, size_t i, size_t j)
{
    const double *g = w->rows.flat + i * w->kp, *f = w->species.flat + j * w->kp;
    double sum = 0;
    for (size_t a = 0; a < w->k; a++) sum += g[a] * f[a];
    return sum;
}

double pmf_reweight(pmf_work *w)
{
    double loss = 0;
    for (size_t i = 0; i < w->n - w->anchors; i++) {
        for (size_t j = 0; j < w->m; j++) {
            size_t c = i * w->m + j;
            double plain = weight_of(w->in, c);
            if (plain <= 0) continue;
            double e = fabs(w->in->conc[c] - modelled(w, i, j)) * sqrt(plain);
            w->w[c] = e > w->alpha ? plain * w->alpha / e : plain;
            loss += e > w->alpha ? w->alpha * (2 * e - w->alpha) : e * e;
        }
    }
    lay_weights(w);
    return loss;
}

/* ---- starts ---- */

typedef struct start {
    double q, *f; /* as species.x */
} start;

static void draw_start(pmf_work *w, const double *scale)
{
    for (size_t a = 0; a < w->k; a++) {
        for (size_t j = 0; j < w->m; j++) {
            double u = pmf_uniform(&w->random);
            *pmf_at(w->species.x, w->k, j, a) = scale[j] * u * u * u;
        }
    }
    for (size_t i = 0; i < w->n; i++)
        for (size_t a = 0; a < w->k; a++) *pmf_at(w->rows.x, w->k, i, a) = w->filled[i] ? 1 : 0;
    pmf_flatten(w, &w->species);
}

static double sweep(pmf_work *w, int sweeps)
{
    for (int s = 0; s < sweeps; s++) {
        pmf_solve_side(w, &w->rows, &w->species, 4, 0);
        if (w->rows.floor < 0) pmf_normalise(w);
        pmf_solve_side(w, &w->species, &w->rows, 4, 0);
    }
    w->iterations += sweeps;
    return pmf_side_q(w, &w->species);
}

static void mean_of_species(const pmf_work *w, double *mean)
{
    for (size_t j = 0; j < w->m; j++) {
        double sum = 0, count = 0;
        for (size_t i = 0; i < w->n; i++) {
            if (w->w[i * w->m + j] <= 0) continue;
            sum += fabs(w->in->conc[i * w->m + j]);
            count++;
        }
        mean[j] = count > 0 && sum > 0 ? sum / count : 1e-9;
    }
}

/* Outliers must not draw a factor of their own before the weights know them. */
static double screen_robust(pmf_work *w)
{
    double loss = 0;
    pmf_plain_weights(w);
    sweep(w, 4);
    for (int s = 4; s < ROBUST_SWEEPS; s += 4) {
        loss = pmf_reweight(w);
        sweep(w, 4);
    }
    return loss;
}

static void order_starts(start *list, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        start one = list[i];
        size_t at = i;
        for (; at > 0 && list[at - 1].q > one.q; at--) list[at] = list[at - 1];
        list[at] = one;
    }
}

/* Many starts go a short way, the better half of them further, and so on; the last one stands in
 * the workspace afterwards. */
static void screen_starts(pmf_work *w, start *list, size_t starts, const double *mean)
{
    size_t bytes = w->species.blocks * QK_PMF_LANES * w->k * sizeof(double);
    int sweeps = SCREEN_SWEEPS;
    for (size_t s = 0; s < starts; s++) {
        draw_start(w, mean);
        list[s].q = w->options->robust ? screen_robust(w) : sweep(w, sweeps);
        memcpy(list[s].f, w->species.x, bytes);
    }
    order_starts(list, starts);
    for (size_t left = starts / 2; left > 0 && !w->options->robust; left /= 2) {
        sweeps = sweeps * 3 / 2;
        for (size_t s = 0; s < left; s++) {
            memcpy(w->species.x, list[s].f, bytes);
            pmf_flatten(w, &w->species);
            list[s].q = sweep(w, sweeps);
            memcpy(list[s].f, w->species.x, bytes);
        }
        order_starts(list, left);
    }
    memcpy(w->species.x, list[0].f, bytes);
    pmf_flatten(w, &w->species);
    pmf_solve_side(w, &w->rows, &w->species, 50, 0);
    if (w->options->robust) (void)pmf_reweight(w);
}

/* Weighted Newton runs between reweightings, until the loss stands. */
static bool finish_robust(pmf_work *w, double tolerance)
{
    double before = pmf_reweight(w), q;
    for (int round = 0; round < ROBUST_ROUNDS; round++) {
        pmf_newton_run(w, tolerance, 4, &q);
        double now = pmf_reweight(w);
        if (fabs(before - now) <= 10 * tolerance * now) return true;
        before = now;
    }
    return false;
}

static bool finish(pmf_work *w, double tolerance)
{
    double q;
    if (w->options->robust) return finish_robust(w, tolerance);
    return pmf_newton_run(w, tolerance, NEWTON_MOST, &q);
}

/* ---- results ---- */

void qk_pmf_q(double *q_true, double *q_robust, const qk_pmf_input *in, const double *g,
              const double *f, size_t factors, double alpha)
{
    *q_true = *q_robust = 0;
    for (size_t i = 0; i < in->samples; i++) {
        for (size_t j = 0; j < in->species; j++) {
            double x = in->conc[i * in->species + j], u = in->unc[i * in->species + j];
            if (!cell_counts(x, u)) continue;
            for (size_t a = 0; a < factors; a++) x -= g[i * factors + a] * f[a * in->species + j];
            double e = fabs(x) / u;
            *q_true += e * e;
            *q_robust += e > alpha ? alpha * e : e * e;
        }
    }
}

static double squared_correlation(const qk_pmf_input *in, const qk_pmf_fit *fit, size_t j)
{
    double n = 0, mx = 0, my = 0, sxx = 0, syy = 0, sxy = 0;
    for (size_t i = 0; i < in->samples; i++) {
        double x = in->conc[i * in->species + j], y = 0;
        if (!cell_counts(x, in->unc[i * in->species + j])) continue;
        for (size_t a = 0; a < fit->factors; a++)
            y += fit->g[i * fit->factors + a] * fit->f[a * in->species + j];
        n++;
        double dx = x - mx, dy = y - my;
        mx += dx / n;
        my += dy / n;
        sxx += dx * (x - mx);
        syy += dy * (y - my);
        sxy += dx * (y - my);
    }
    return sxx > 0 && syy > 0 ? sxy * sxy / (sxx * syy) : NAN;
}

static void count_cells(qk_pmf_fit *fit, const qk_pmf_input *in)
{
    for (size_t c = 0; c < in->samples * in->species; c++) {
        double x = in->conc[c], u = in->unc[c];
        if (cell_counts(x, u))
            fit->cells_used++;
        else if (isfinite(x) && isfinite(u))
            fit->cells_bad_unc++;
        else
            fit->cells_missing++;
    }
    fit->q_expected =
        (double)fit->cells_used - (double)(in->samples + in->species) * (double)fit->factors;
}

static qk_code new_fit(qk_pmf_fit *fit, const qk_pmf_input *in, const qk_pmf_options *o,
                       qk_error *err)
{
    *fit = (qk_pmf_fit){in->samples, in->species, o->factors, o->runs, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    fit->g = calloc(in->samples * o->factors, sizeof *fit->g);
    fit->f = calloc(in->species * o->factors, sizeof *fit->f);
    fit->r2 = calloc(in->species, sizeof *fit->r2);
    fit->run = calloc(o->runs, sizeof *fit->run);
    if (!fit->g || !fit->f || !fit->r2 || !fit->run)
        return qk_fail(err, QK_ENOMEM, "no memory for the factors");
    count_cells(fit, in);
    if (fit->cells_used == 0) return qk_fail(err, QK_EFORMAT, "no cell has a value and a weight");
    return QK_OK;
}

void qk_pmf_fit_clear(qk_pmf_fit *fit)
{
    free(fit->g);
    free(fit->f);
    free(fit->r2);
    free(fit->run);
    *fit = (qk_pmf_fit){0};
}

/* Mean share of each factor in what is modelled, every species in units of its own mean. */
static void order_factors(const pmf_work *w, size_t *order)
{
    double share[QK_PMF_FACTORS_MAX] = {0};
    for (size_t j = 0; j < w->m; j++) {
        double sum = 0;
        for (size_t a = 0; a < w->k; a++) sum += *pmf_at(w->species.x, w->k, j, a);
        for (size_t a = 0; a < w->k && sum > 0; a++)
            share[a] += *pmf_at(w->species.x, w->k, j, a) / sum;
    }
    for (size_t a = 0; a < w->k; a++) {
        size_t at = a;
        for (; at > 0 && share[order[at - 1]] < share[a]; at--) order[at] = order[at - 1];
        order[at] = a;
    }
}

/* EPA's robust figure uses the plain weights whatever mode made the solution. */
static void take_solution(qk_pmf_fit *fit, pmf_work *w, bool sorted)
{
    size_t order[QK_PMF_FACTORS_MAX];
    pmf_normalise(w);
    for (size_t a = 0; a < w->k; a++) order[a] = a;
    if (sorted) order_factors(w, order);
    for (size_t a = 0; a < w->k; a++) {
        for (size_t i = 0; i < w->n; i++)
            fit->g[i * w->k + a] = *pmf_at(w->rows.x, w->k, i, order[a]);
        for (size_t j = 0; j < w->m; j++)
            fit->f[a * w->m + j] = *pmf_at(w->species.x, w->k, j, order[a]);
    }
}

static void note_run(qk_pmf_run *run, pmf_work *w, uint64_t seed, bool converged)
{
    double *g = w->rows.flat, *f = w->species.flat;
    *run = (qk_pmf_run){.seed = seed, .iterations = w->iterations, .converged = converged};
    for (size_t i = 0; i < w->n; i++) {
        for (size_t j = 0; j < w->m; j++) {
            double plain = weight_of(w->in, i * w->m + j), x = w->in->conc[i * w->m + j];
            if (plain <= 0) continue;
            for (size_t a = 0; a < w->k; a++) x -= g[i * w->kp + a] * f[j * w->kp + a];
            double e = fabs(x) * sqrt(plain);
            run->q_true += e * e;
            run->q_robust += e > w->alpha ? w->alpha * e : e * e;
        }
    }
}

static qk_code check_options(const qk_pmf_input *in, const qk_pmf_options *o, qk_error *err)
{
    if (in->samples < 1 || in->samples > QK_PMF_SAMPLES_MAX || in->species < 1 ||
        in->species > QK_PMF_SPECIES_MAX)
        return qk_fail(err, QK_EINVAL, "%zu samples of %zu species; at most %d and %d", in->samples,
                       in->species, QK_PMF_SAMPLES_MAX, QK_PMF_SPECIES_MAX);
    if (o->factors < 1 || o->factors > QK_PMF_MAX_FACTORS || o->factors > in->species)
        return qk_fail(err, QK_EINVAL, "%zu factors; 1 to %d and not more than species", o->factors,
                       QK_PMF_MAX_FACTORS);
    if (o->runs < 1 || o->runs > QK_PMF_RUNS_MAX)
        return qk_fail(err, QK_EINVAL, "%zu runs; 1 to %d", o->runs, QK_PMF_RUNS_MAX);
    if (o->starts > QK_PMF_STARTS_MAX)
        return qk_fail(err, QK_EINVAL, "%zu starts a run; at most %d", o->starts,
                       QK_PMF_STARTS_MAX);
    if (!(o->g_floor <= 0 && o->g_floor >= -1))
        return qk_fail(err, QK_EINVAL, "the floor of G is 0 or down to -1");
    return QK_OK;
}

static size_t starts_of(const qk_pmf_options *o)
{
    if (o->starts) return o->starts;
    return o->robust ? STARTS / 2 : STARTS;
}

static double tolerance_of(const qk_pmf_options *o)
{
    return o->tolerance > 0 ? o->tolerance : 1e-8;
}

void pmf_load(pmf_work *w, const double *f)
{
    for (size_t i = 0; i < w->n; i++)
        for (size_t a = 0; a < w->k; a++) *pmf_at(w->rows.x, w->k, i, a) = w->filled[i] ? 1 : 0;
    for (size_t j = 0; j < w->m; j++)
        for (size_t a = 0; a < w->k; a++)
            *pmf_at(w->species.x, w->k, j, a) = f[a * w->m + j] > 0 ? f[a * w->m + j] : 0;
    pmf_flatten(w, &w->species);
    pmf_solve_side(w, &w->rows, &w->species, 200, 0);
}

static bool told(const qk_pmf_options *o, size_t done, size_t total)
{
    return !o->progress || o->progress(o->user, done, total);
}

static double better_q(const qk_pmf_options *o, const qk_pmf_run *run)
{
    return o->robust ? run->q_robust : run->q_true;
}

static qk_code run_all(qk_pmf_fit *fit, pmf_work *w, start *list, double *mean, qk_error *err)
{
    const qk_pmf_options *o = w->options;
    double least = INFINITY;
    mean_of_species(w, mean);
    for (size_t r = 0; r < o->runs; r++) {
        uint64_t seed = o->seed + r;
        w->random = seed;
        w->iterations = 0;
        screen_starts(w, list, starts_of(o), mean);
        note_run(&fit->run[r], w, seed, finish(w, fmax(run_tolerance, tolerance_of(o))));
        if (better_q(o, &fit->run[r]) < least) {
            least = better_q(o, &fit->run[r]);
            fit->best = r;
            take_solution(fit, w, true);
        }
        if (!told(o, r + 1, o->runs)) return qk_fail(err, QK_ECANCELLED, "stopped");
    }
    qk_pmf_run *best = &fit->run[fit->best];
    w->iterations = best->iterations;
    pmf_load(w, fit->f);
    note_run(best, w, best->seed, finish(w, tolerance_of(o)));
    take_solution(fit, w, true);
    return QK_OK;
}

/* NULL when there is no memory. free() both. */
static start *new_starts(double **room, const pmf_work *w, size_t count)
{
    size_t one = w->species.blocks * QK_PMF_LANES * w->k;
    start *list = calloc(count, sizeof *list);
    *room = pmf_doubles(count * one);
    for (size_t s = 0; list && *room && s < count; s++) list[s].f = *room + s * one;
    return list;
}

qk_code qk_pmf_solve(qk_pmf_fit *out, const qk_pmf_input *in, const qk_pmf_options *options,
                     qk_error *err)
{
    pmf_work *w = NULL;
    double *room = NULL, *mean = NULL;
    start *list = NULL;
    *out = (qk_pmf_fit){0};
    QK_TRY(check_options(in, options, err));
    qk_code code = new_fit(out, in, options, err);
    if (code == QK_OK) code = pmf_work_new(&w, in, options, err);
    if (code != QK_OK || !w) goto out;
    list = new_starts(&room, w, starts_of(options));
    mean = pmf_doubles(w->m);
    code = list && room && mean ? run_all(out, w, list, mean, err)
                                : qk_fail(err, QK_ENOMEM, "no memory for the starts");
    for (size_t j = 0; code == QK_OK && j < in->species; j++)
        out->r2[j] = squared_correlation(in, out, j);
out:
    free(list);
    free(room);
    free(mean);
    pmf_work_free(w);
    if (code != QK_OK) qk_pmf_fit_clear(out);
    return code;
}

qk_code qk_pmf_refine(qk_pmf_fit *out, const qk_pmf_input *in, const qk_pmf_options *options,
                      const double *f, qk_error *err)
{
    return pmf_refine_anchored(out, in, options, f, 0, err);
}

qk_code pmf_refine_anchored(qk_pmf_fit *out, const qk_pmf_input *in, const qk_pmf_options *options,
                            const double *f, size_t anchors, qk_error *err)
{
    pmf_work *w = NULL;
    qk_pmf_options one = *options;
    one.runs = 1;
    *out = (qk_pmf_fit){0};
    QK_TRY(check_options(in, &one, err));
    qk_code code = new_fit(out, in, &one, err);
    if (code == QK_OK) code = pmf_work_new(&w, in, &one, err);
    if (code != QK_OK || !w) goto out;
    w->anchors = anchors;
    pmf_load(w, f);
    note_run(&out->run[0], w, one.seed, finish(w, tolerance_of(&one)));
    take_solution(out, w, false);
    for (size_t j = 0; j < in->species; j++) out->r2[j] = squared_correlation(in, out, j);
out:
    pmf_work_free(w);
    if (code != QK_OK) qk_pmf_fit_clear(out);
    return code;
}
