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
enum { SWEEPS = 3, BOUND_ROUNDS = 3 };
static const double pin_weight = 1e7; /* of the pinned sum, whose base is 1 */

typedef struct unknown {
    uint32_t species, factor;
    double slope; /* downhill */
} unknown;

typedef struct pmf_newton {
    size_t pairs, unknowns;
    size_t row; /* of c: the pairs and room for whole lanes behind */
    double *s;  /* [pairs][kkp] */
    double *c;  /* [4][row] */
    double *u;  /* [k][pad(m)] of one sample */
    double *h;  /* [unknowns][unknowns] lower triangle */
    double *step, *f0, *g0;
    unknown *free_at; /* those that may move; behind them those that a step takes to 0 */
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
    t->row = qk_pmf_pad(t->pairs + QK_PMF_LANES);
    t->c = pmf_doubles(4 * t->row);
    t->u = pmf_doubles(w->k * qk_pmf_pad(w->m));
    t->h = pmf_doubles(t->unknowns * t->unknowns);
    t->step = pmf_doubles(t->unknowns);
    t->f0 = pmf_doubles(w->species.blocks * QK_PMF_LANES * w->k);
    t->g0 = pmf_doubles(w->rows.blocks * QK_PMF_LANES * w->k);
    t->free_at = calloc(t->unknowns, sizeof *t->free_at);
    if (t->s && t->c && t->u && t->h && t->step && t->f0 && t->g0 && t->free_at) return t;
    pmf_newton_free(t);
    return NULL;
}

/* u = L^-1 F_s w_i for the free coefficients s of row i, L L' = A_i there. Returns how many. */
static size_t half_inverse(const pmf_work *w, size_t i, double *u, size_t pad)
{
    double l[QK_PMF_FACTORS_MAX][QK_PMF_FACTORS_MAX];
    size_t s[QK_PMF_FACTORS_MAX], count = 0, m = w->m;
    const double *a = w->rows.a + (i / QK_PMF_LANES) * w->kkp * QK_PMF_LANES + i % QK_PMF_LANES;
    const double *g = w->rows.flat + i * w->kp, *weight = w->w + i * m;
    if (i >= w->n - w->anchors) return 0; /* such a row follows nothing */
    for (size_t k = 0; k < w->k; k++) {
        if (!(g[k] > w->rows.floor)) continue;
        double *row = l[count], diag = a[qk_pmf_tri(k, k) * QK_PMF_LANES], left = diag;
        double *uk = u + count * pad;
        for (size_t p = 0; p < count; p++) {
            double sum = a[qk_pmf_tri(k, s[p]) * QK_PMF_LANES];
            for (size_t q = 0; q < p; q++) sum -= row[q] * l[p][q];
            row[p] = sum / l[p][p];
            left -= row[p] * row[p];
        }
        if (!(left > diag * 1e-12)) continue;
        row[count] = sqrt(left);
        double inverse = 1 / row[count];
        for (size_t j = 0; j < m; j++) uk[j] = w->species.flat[j * w->kp + k] * weight[j] * inverse;
        for (size_t p = 0; p < count; p++) w->kernel->axpy(uk, -row[p] * inverse, u + p * pad, pad);
        s[count++] = k;
    }
    return count;
}

static void build_schur(pmf_work *w, pmf_newton *t)
{
    const double *c[4], *gg[4];
    size_t pad = qk_pmf_pad(w->m);
    memset(t->s, 0, t->pairs * w->kkp * sizeof *t->s);
    for (size_t i = 0; i < w->n; i += 4) {
        for (size_t r = 0; r < 4; r++) {
            size_t at = i + r < w->n ? i + r : i;
            c[r] = t->c + r * t->row;
            gg[r] = w->rows.outer + at * w->kkp;
            if (i + r < w->n)
                w->kernel->pairs(t->c + r * t->row, t->u, half_inverse(w, at, t->u, pad), pad,
                                 w->m);
            else
                memset(t->c + r * t->row, 0, t->pairs * sizeof *t->c);
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

/* Unknowns that may move: off the bound, or pushed off it. */
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
            t->free_at[count++] = (unknown){(uint32_t)j, (uint32_t)a, slope};
        }
    }
    return count;
}

static double element(const pmf_work *w, const pmf_newton *t, unknown p, unknown q)
{
    if (p.species < q.species) {
        unknown swap = p;
        p = q;
        q = swap;
    }
    size_t j = p.species, l = q.species, a = p.factor, b = q.factor;
    double h = t->s[(j * (j + 1) / 2 + l) * w->kkp + qk_pmf_tri(a, b)];
    if (j == l) h += own_matrix(w, j, a, b);
    if (w->held && a == w->pinned && b == w->pinned) h += pin_weight * w->pin[j] * w->pin[l];
    return h;
}

/* The matrix of the first `left` unknowns; their slopes where those from left to count have moved.
 */
static void fill_matrix(const pmf_work *w, pmf_newton *t, size_t left, size_t count, double lambda)
{
    for (size_t p = 0; p < left; p++) {
        double *row = t->h + p * left;
        unknown at = t->free_at[p];
        for (size_t q = 0; q <= p; q++) row[q] = element(w, t, at, t->free_at[q]);
        row[p] += lambda * own_matrix(w, at.species, at.factor, at.factor) + 1e-300;
        t->step[p] = at.slope;
        for (size_t q = left; q < count; q++)
            if (t->step[q] < 0) t->step[p] -= element(w, t, at, t->free_at[q]) * t->step[q];
    }
}

/* One row of the factor, four of its elements at a time. false when not positive definite. */
static bool factor_row(const qk_pmf_kernel *kernel, double *h, size_t i, size_t n)
{
    double *row = h + i * n;
    size_t j = 0;
    for (; j + 4 <= i; j += 4) {
        double sum[4];
        kernel->dot4(sum, row, h + j * n, n, j);
        for (size_t r = 0; r < 4; r++) {
            const double *other = h + (j + r) * n;
            double left = row[j + r] - sum[r];
            for (size_t q = 0; q < r; q++) left -= row[j + q] * other[j + q];
            row[j + r] = left / other[j + r];
        }
    }
    for (; j < i; j++) row[j] = (row[j] - kernel->dot(row, h + j * n, j)) / h[j * n + j];
    double left = row[i] - kernel->dot(row, row, i);
    if (!(left > row[i] * 1e-14)) return false;
    row[i] = sqrt(left);
    return true;
}

/* Cholesky in place and solution in place of x. false when not positive definite. */
static bool solve_matrix(const qk_pmf_kernel *kernel, double *h, double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!factor_row(kernel, h, i, n)) return false;
        x[i] = (x[i] - kernel->dot(h + i * n, x, i)) / h[i * n + i];
    }
    for (size_t i = n; i-- > 0;) {
        x[i] /= h[i * n + i];
        for (size_t j = 0; j < i; j++) x[j] -= h[i * n + j] * x[i];
    }
    return true;
}

/* Those of the first `left` that the step takes below 0 stop there and go behind the others. */
static size_t stop_at_zero(const pmf_work *w, pmf_newton *t, size_t left)
{
    for (size_t p = 0; p < left;) {
        unknown at = t->free_at[p];
        double f = w->species.flat[at.species * w->kp + at.factor];
        if (f + t->step[p] >= 0) {
            p++;
            continue;
        }
        left--;
        t->free_at[p] = t->free_at[left];
        t->step[p] = t->step[left];
        t->free_at[left] = at;
        t->step[left] = -f;
    }
    return left;
}

/* The least of the damped quadratic within the bounds, nearly: what stops at 0 is not let go. */
static bool find_step(const pmf_work *w, pmf_newton *t, size_t count, double lambda)
{
    size_t left = count;
    for (int round = 0; round < BOUND_ROUNDS; round++) {
        fill_matrix(w, t, left, count, lambda);
        if (!solve_matrix(w->kernel, t->h, t->step, left)) return false;
        size_t before = left;
        left = stop_at_zero(w, t, left);
        if (left == before) break;
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
    pmf_solve_side(w, &w->rows, &w->species, 200, w->row_enough * q);
    return pmf_side_q(w, &w->rows) + pin_penalty(w);
}

/* Tries damped steps from the present point; returns the new Q, or q when none is better. */
static double try_steps(pmf_work *w, pmf_newton *t, double q, double *lambda)
{
    keep_or_restore(w, t, false);
    for (int attempt = 0; attempt < 12; attempt++) {
        size_t count = choose_free(w, t);
        if (find_step(w, t, count, *lambda)) {
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
    int calm = 0, calm_most = tolerance > 1e-6 ? 1 : 2;
    w->row_enough = tolerance > 1e-6 ? 1e-9 : 1e-11;
    *q = solve_rows(w, pmf_side_q(w, &w->rows));
    for (int step = 0; step < most; step++) {
        w->iterations++;
        if (pmf_scale_is_free(w)) pmf_normalise(w);
        for (int sweep = 0; sweep < SWEEPS; sweep++) {
            if (!w->held) pmf_solve_side(w, &w->species, &w->rows, 4, 0);
            pmf_solve_side(w, &w->rows, &w->species, 4, 0);
        }
        if (w->rows.floor < 0 && pmf_scale_is_free(w)) pmf_normalise(w);
        solve_rows(w, *q);
        *q = measure_species(w);
        build_schur(w, t);
        double next = try_steps(w, t, *q, &lambda), fall = *q - next;
        *q = next;
        calm = fall <= tolerance * next ? calm + 1 : 0;
        if (fall <= 0 || calm >= calm_most) return true;
    }
    return false;
}
