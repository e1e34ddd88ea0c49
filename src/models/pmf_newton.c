/* SPDX-License-Identifier: Apache-2.0 */
/* Levenberg-Marquardt on the profiles, contributions eliminated.
 *
 * With G(F) the bounded least-squares answer to F, the Gauss-Newton matrix of Q(F, G(F)) is the
 * Schur complement of the full one: for species j, j' and factors a, b
 *   S = sum_i [ delta_jj' w_ij - w_ij w_ij' (f_j' M_i f_j') ] g_ia g_ib,
 * M_i the inverse of F W_i F' on the coefficients of row i that are off their bound. */
#include "models/pmf_private.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Between Newton steps a few sweeps of coordinate descent put coefficients on and off their bounds,
 * which the damped steps alone do one by one. */
enum { SWEEPS = 3 };
static const double pin_weight = 1e7; /* of the pinned sum, whose base is 1 */

typedef struct unknown {
    uint32_t species, factor;
} unknown;

typedef struct pmf_newton {
    size_t pairs, unknowns;
    double *s; /* [pairs][kkp] */
    double *c; /* [4][pairs] */
    double *u; /* [k][m] of one row */
    double *h; /* [unknowns][unknowns] lower triangle */
    double *step, *f0, *g0;
    unknown *free_at; /* those that may move */
} pmf_newton;

void pmf_newton_free(pmf_newton *t)
{
    if (!t) return;
    free(t->s);
    free(t->c);
    free(t->u);
    free(t->h);
    free(t->step);
    free(t->f0);
    free(t->g0);
    free(t->free_at);
    free(t);
}

pmf_newton *pmf_newton_new(const pmf_work *w)
{
    pmf_newton *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->pairs = w->m * (w->m + 1) / 2;
    t->unknowns = w->m * w->k;
    t->s = pmf_doubles(t->pairs * w->kkp);
    t->c = pmf_doubles(4 * t->pairs);
    t->u = pmf_doubles(w->k * w->m);
    t->h = pmf_doubles(t->unknowns * t->unknowns);
    t->step = pmf_doubles(t->unknowns);
    t->f0 = pmf_doubles(w->species.blocks * QK_PMF_LANES * w->k);
    t->g0 = pmf_doubles(w->rows.blocks * QK_PMF_LANES * w->k);
    t->free_at = calloc(t->unknowns, sizeof *t->free_at);
    if (t->s && t->c && t->u && t->h && t->step && t->f0 && t->g0 && t->free_at) return t;
    pmf_newton_free(t);
    return NULL;
}

/* u = L^-1 F_s for the free coefficients s of row i, L L' = A_i there. Returns how many. */
static size_t half_inverse(const pmf_work *w, size_t i, double *u)
{
    double l[QK_PMF_FACTORS_MAX][QK_PMF_FACTORS_MAX];
    size_t s[QK_PMF_FACTORS_MAX], count = 0, m = w->m;
    const double *a = w->rows.a + (i / QK_PMF_LANES) * w->kkp * QK_PMF_LANES + i % QK_PMF_LANES;
    const double *g = w->rows.flat + i * w->kp;
    for (size_t k = 0; k < w->k; k++) {
        if (!(g[k] > w->rows.floor)) continue;
        double *row = l[count], diag = a[qk_pmf_tri(k, k) * QK_PMF_LANES];
        double *uk = u + count * m;
        for (size_t j = 0; j < m; j++) uk[j] = w->species.flat[j * w->kp + k];
        double left = diag;
        for (size_t p = 0; p < count; p++) {
            double sum = a[qk_pmf_tri(k, s[p]) * QK_PMF_LANES];
            for (size_t q = 0; q < p; q++) sum -= row[q] * l[p][q];
            row[p] = sum / l[p][p];
            left -= row[p] * row[p];
            const double *up = u + p * m;
            for (size_t j = 0; j < m; j++) uk[j] -= row[p] * up[j];
        }
        if (!(left > diag * 1e-12)) continue;
        row[count] = sqrt(left);
        for (size_t j = 0; j < m; j++) uk[j] /= row[count];
        s[count++] = k;
    }
    return count;
}

static void build_schur(pmf_work *w, pmf_newton *t)
{
    const double *c[4], *gg[4];
    memset(t->s, 0, t->pairs * w->kkp * sizeof *t->s);
    for (size_t i = 0; i < w->n; i += 4) {
        for (size_t r = 0; r < 4; r++) {
            size_t at = i + r < w->n ? i + r : i;
            c[r] = t->c + r * t->pairs;
            gg[r] = w->rows.outer + at * w->kkp;
            if (i + r < w->n)
                w->kernel->pairs(t->c + r * t->pairs, w->w + at * w->m, t->u,
                                 half_inverse(w, at, t->u), w->m);
            else
                memset(t->c + r * t->pairs, 0, t->pairs * sizeof *t->c);
        }
        w->kernel->rank4(t->s, t->pairs, w->kkp, c, gg);
    }
}

/* Normal equations of species j with the present G: element (a, b). */
static double own_matrix(const pmf_work *w, size_t j, size_t a, size_t b)
{
    return w->species
        .a[((j / QK_PMF_LANES) * w->kkp + qk_pmf_tri(a, b)) * QK_PMF_LANES + j % QK_PMF_LANES];
}

static double own_slope(const pmf_work *w, size_t j, size_t a)
{
    const double *f = w->species.flat + j * w->kp;
    double sum = w->species.b[((j / QK_PMF_LANES) * w->kp + a) * QK_PMF_LANES + j % QK_PMF_LANES];
    for (size_t b = 0; b < w->k; b++) sum -= own_matrix(w, j, a, b) * f[b];
    return sum;
}

/* How far the pinned sum is off, times the weight of its equation. */
static double pin_error(const pmf_work *w)
{
    double sum = -w->pin_sum;
    for (size_t j = 0; j < w->m; j++) sum += w->pin[j] * w->species.flat[j * w->kp + w->pinned];
    return pin_weight * sum;
}

static double pin_penalty(const pmf_work *w)
{
    double e = w->held ? pin_error(w) : 0;
    return e * e / pin_weight;
}

/* Unknowns that may move: off the bound, or pushed off it. step gets their downhill slopes. */
static size_t choose_free(const pmf_work *w, pmf_newton *t)
{
    size_t count = 0;
    double pin = w->held ? pin_error(w) : 0;
    for (size_t j = 0; j < w->m; j++) {
        for (size_t a = 0; a < w->k; a++) {
            double slope = own_slope(w, j, a);
            if (w->held && a == w->pinned) slope -= pin * w->pin[j];
            if (w->held && w->held[a * w->m + j]) continue;
            if (w->species.flat[j * w->kp + a] <= 0 && slope <= 0) continue;
            t->step[count] = slope;
            t->free_at[count++] = (unknown){(uint32_t)j, (uint32_t)a};
        }
    }
    return count;
}

static void fill_matrix(const pmf_work *w, pmf_newton *t, size_t count, double lambda)
{
    for (size_t p = 0; p < count; p++) {
        size_t j = t->free_at[p].species, a = t->free_at[p].factor;
        double *row = t->h + p * count;
        for (size_t q = 0; q <= p; q++) {
            size_t l = t->free_at[q].species, b = t->free_at[q].factor;
            row[q] = t->s[(j * (j + 1) / 2 + l) * w->kkp + qk_pmf_tri(a, b)];
            if (j == l) row[q] += own_matrix(w, j, a, b);
            if (w->held && a == w->pinned && b == w->pinned)
                row[q] += pin_weight * w->pin[j] * w->pin[l];
        }
        row[p] += lambda * own_matrix(w, j, a, a) + 1e-300;
    }
}

/* Cholesky in place and solution in place of x. false when not positive definite. */
static bool solve_matrix(const qk_pmf_kernel *kernel, double *h, double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double *row = h + i * n;
        for (size_t j = 0; j < i; j++)
            row[j] = (row[j] - kernel->dot(row, h + j * n, j)) / h[j * n + j];
        double left = row[i] - kernel->dot(row, row, i);
        if (!(left > row[i] * 1e-14)) return false;
        row[i] = sqrt(left);
        x[i] = (x[i] - kernel->dot(row, x, i)) / row[i];
    }
    for (size_t i = n; i-- > 0;) {
        x[i] /= h[i * n + i];
        for (size_t j = 0; j < i; j++) x[j] -= h[i * n + j] * x[i];
    }
    return true;
}

static void apply_step(pmf_work *w, const pmf_newton *t, size_t count)
{
    for (size_t p = 0; p < count; p++) {
        double *f = pmf_at(w->species.x, w->k, t->free_at[p].species, t->free_at[p].factor);
        double next = *f + t->step[p];
        *f = next > 0 ? next : 0;
    }
    pmf_flatten(w, &w->species);
}

static void keep_or_restore(pmf_work *w, pmf_newton *t, bool restore)
{
    size_t nf = w->species.blocks * QK_PMF_LANES * w->k * sizeof(double);
    size_t ng = w->rows.blocks * QK_PMF_LANES * w->k * sizeof(double);
    memcpy(restore ? w->species.x : t->f0, restore ? t->f0 : w->species.x, nf);
    memcpy(restore ? w->rows.x : t->g0, restore ? t->g0 : w->rows.x, ng);
    if (!restore) return;
    pmf_flatten(w, &w->species);
    pmf_flatten(w, &w->rows);
}

/* The normal equations of the profiles for the present G, F untouched. */
static double measure_species(pmf_work *w)
{
    pmf_solve_side(w, &w->species, &w->rows, 0, 0);
    return pmf_side_q(w, &w->species) + pin_penalty(w);
}

static double solve_rows(pmf_work *w, double q)
{
    pmf_solve_side(w, &w->rows, &w->species, 200, 1e-11 * q);
    return pmf_side_q(w, &w->rows) + pin_penalty(w);
}

/* Tries damped steps from the present point; returns the new Q, or q when none is better. */
static double try_steps(pmf_work *w, pmf_newton *t, double q, double *lambda)
{
    keep_or_restore(w, t, false);
    for (int attempt = 0; attempt < 12; attempt++) {
        size_t count = choose_free(w, t);
        fill_matrix(w, t, count, *lambda);
        if (solve_matrix(w->kernel, t->h, t->step, count)) {
            apply_step(w, t, count);
            double next = solve_rows(w, q);
            if (next < q) {
                *lambda = *lambda > 1e-9 ? *lambda / 5 : *lambda;
                return next;
            }
            keep_or_restore(w, t, true);
        }
        *lambda *= 6;
    }
    return q;
}

bool pmf_newton_run(pmf_work *w, double tolerance, int most, double *q)
{
    pmf_newton *t = w->newton;
    double lambda = 1e-2;
    int calm = 0;
    *q = solve_rows(w, pmf_side_q(w, &w->rows));
    for (int step = 0; step < most; step++) {
        w->iterations++;
        if (!w->held) pmf_normalise(w);
        for (int sweep = 0; sweep < SWEEPS; sweep++) {
            if (!w->held) pmf_solve_side(w, &w->species, &w->rows, 4, 0);
            pmf_solve_side(w, &w->rows, &w->species, 4, 0);
        }
        if (w->rows.floor < 0 && !w->held) pmf_normalise(w);
        solve_rows(w, *q);
        *q = measure_species(w);
        build_schur(w, t);
        double next = try_steps(w, t, *q, &lambda), fall = *q - next;
        *q = next;
        calm = fall <= tolerance * next ? calm + 1 : 0;
        if (fall <= 0 || calm >= 2) return true;
    }
    return false;
}
