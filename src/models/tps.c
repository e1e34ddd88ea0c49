/* SPDX-License-Identifier: Apache-2.0 */
#include "models/tps.h"
#include "models/dense.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double knots_a_basis = 1.36; /* 136 of the usual 100: whole lanes */
static const double same_place = 1e-6;    /* squared distance as a share of the greatest */

typedef struct tps_work {
    const qk_dense_kernel *kernel;
    size_t n, np, k, q; /* points, padded, basis size, knots */
    const double *weight, *value;
    qk_tps *t;
    double *v;       /* [q][np] kernel about the knots */
    double *gram;    /* [q][qp] products of its rows */
    double *m;       /* [q][qp] */
    double *ritz;    /* [q][qp] directions along the knots, strongest first */
    double *d, *off; /* [qp] */
    double *mix;     /* [k][q] the same, packed */
    double *b;       /* [k][np] basis: 1, x, y, then the strongest directions */
    double *turn;    /* [3][qp] the reflections that bend the kernels to the constraint */
    double *a;       /* [k][kp] normal matrix */
    double *rhs, *z; /* [kp] */
    double *scratch; /* [np + qp] */
} tps_work;

static void free_work(tps_work *w)
{
    double *const all[] = {w->v, w->gram, w->m, w->ritz, w->d, w->off,    w->mix,
                           w->b, w->turn, w->a, w->rhs,  w->z, w->scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static bool new_work(tps_work *w)
{
    size_t kp = qk_dense_pad(w->k), qp = qk_dense_pad(w->q);
    w->v = qk_dense_new(w->q * w->np);
    w->gram = qk_dense_new(w->q * qp);
    w->m = qk_dense_new(w->q * qp);
    w->ritz = qk_dense_new(w->q * qp);
    w->d = qk_dense_new(qp);
    w->off = qk_dense_new(qp);
    w->mix = qk_dense_new(w->k * w->q);
    w->b = qk_dense_new(w->k * w->np);
    w->turn = qk_dense_new(3 * qp);
    w->a = qk_dense_new(w->k * kp);
    w->rhs = qk_dense_new(kp);
    w->z = qk_dense_new(kp);
    w->scratch = qk_dense_new(w->np + qp);
    return w->v && w->gram && w->m && w->ritz && w->d && w->off && w->mix && w->b && w->turn &&
           w->a && w->rhs && w->z && w->scratch;
}

/* Farthest points first: each next knot is the one farthest from those chosen. false: there are
 * fewer than four places. */
static bool choose_knots(tps_work *w, const double *x, const double *y, double *far)
{
    size_t next = 0, c = 0;
    double span = 0;
    for (size_t i = 0; i < w->n; i++) {
        far[i] = INFINITY;
        if (x[i] * x[i] + y[i] * y[i] < x[next] * x[next] + y[next] * y[next]) next = i;
    }
    while (c < w->q && far[next] > same_place * span) {
        double kx = w->t->x[c] = x[next], ky = w->t->y[c] = y[next];
        far[next] = 0;
        for (size_t i = 0; i < w->n; i++) {
            double r2 = (x[i] - kx) * (x[i] - kx) + (y[i] - ky) * (y[i] - ky);
            if (r2 < far[i]) far[i] = r2;
            if (far[i] > far[next]) next = i;
        }
        if (c++ == 0) span = far[next];
    }
    w->t->n = w->q = c;
    if (w->k > c) w->k = c;
    return c >= 4;
}

/* Transposes the leading n x n in place. */
static void transpose(double *m, size_t n, size_t stride)
{
    for (size_t r = 0; r < n; r++)
        for (size_t c = 0; c < r; c++) {
            double swap = m[r * stride + c];
            m[r * stride + c] = m[c * stride + r];
            m[c * stride + r] = swap;
        }
}

/* x = L^-1 x for each row of m. */
static void forward_rows(const tps_work *w, const double *l, double *m, size_t n, size_t stride)
{
    double *sum = w->scratch;
    for (size_t i = 0; i < n; i++) {
        w->kernel->dots(sum, l + i * stride, m, stride, n, i);
        for (size_t r = 0; r < n; r++)
            m[r * stride + i] = (m[r * stride + i] - sum[r]) / l[i * stride + i];
    }
}

/* m = L^-1 m L^-T of a symmetric m. */
static void divide_both(const tps_work *w, const double *l, double *m, size_t n, size_t stride)
{
    forward_rows(w, l, m, n, stride);
    transpose(m, n, stride);
    forward_rows(w, l, m, n, stride);
}

/* Kernel about each knot over all points, and over the knots. */
static void fill_kernel(tps_work *w, const double *x, const double *y)
{
    size_t qp = qk_dense_pad(w->q);
    for (size_t c = 0; c < w->q; c++) {
        double *row = w->v + c * w->np;
        w->kernel->thin_plate(row, x, y, w->t->x[c], w->t->y[c], w->np);
        for (size_t j = w->n; j < w->np; j++) row[j] = 0;
        row = w->m + c * qp;
        w->kernel->thin_plate(row, w->t->x, w->t->y, w->t->x[c], w->t->y[c], qp);
        for (size_t j = w->q; j < qp; j++) row[j] = 0;
    }
}

static void swap_rows(double *a, double *b, size_t n)
{
    for (size_t c = 0; c < n; c++) {
        double swap = a[c];
        a[c] = b[c];
        b[c] = swap;
    }
}

static void reflect_rows(const tps_work *w, double *rows, size_t width, const double *v)
{
    double *sum = w->scratch;
    memset(sum, 0, width * sizeof *sum);
    for (size_t i = 0; i < w->q; i++) w->kernel->axpy(sum, v[i], rows + i * width, width);
    for (size_t i = 0; i < w->q; i++) w->kernel->axpy(rows + i * width, -v[i], sum, width);
}

/* v of the reflection 1 - v v' that brings column c of the constraint onto the first axes. */
static void find_reflection(tps_work *w, double *plane[3], size_t c)
{
    double *v = w->turn + c * qk_dense_pad(w->q), norm = 0;
    for (size_t r = c; r < w->q; r++) {
        v[r] = plane[c][r];
        norm += v[r] * v[r];
    }
    if (!(norm > 0)) return;
    v[c] += v[c] > 0 ? sqrt(norm) : -sqrt(norm);
    double scale = sqrt(2 / w->kernel->dot(v, v, w->q));
    for (size_t r = c; r < w->q; r++) v[r] *= scale;
    for (size_t p = c; p < 3; p++)
        w->kernel->axpy(plane[p], -w->kernel->dot(v, plane[p], w->q), v, w->q);
}

/* Turns the kernels so that all but the first three are orthogonal to 1, x, y at the knots: the
 * rest of m, the bending energy, is then positive. */
static void constrain(tps_work *w)
{
    size_t qp = qk_dense_pad(w->q);
    double *plane[3] = {w->d, w->off, w->ritz};
    for (size_t r = 0; r < w->q; r++) plane[0][r] = 1;
    memcpy(plane[1], w->t->x, w->q * sizeof *plane[1]);
    memcpy(plane[2], w->t->y, w->q * sizeof *plane[2]);
    for (size_t c = 0; c < 3; c++) {
        const double *v = w->turn + c * qp;
        find_reflection(w, plane, c);
        reflect_rows(w, w->v, w->np, v);
        reflect_rows(w, w->m, qp, v);
        for (size_t r = 0; r < w->q; r++) { /* and from the right */
            double *row = w->m + r * qp;
            w->kernel->axpy(row, -w->kernel->dot(row, v, w->q), v, w->q);
        }
    }
}

/* The k - 3 directions that are strongest over the points for their bending energy: with m = L L',
 * those z of L^-1 V'V L^-T z where the value is greatest; the direction is V L^-T z, its energy 1.
 */
static bool strongest(tps_work *w)
{
    size_t qp = qk_dense_pad(w->q), q = w->q - 3;
    double *m = w->m + 3 * qp + 3, *g = w->gram, *v = w->v + 3 * w->np;
    if (!qk_dense_cholesky(m, q, qp)) return false;
    memset(w->ritz, 0, w->q * qp * sizeof *w->ritz);
    for (size_t i = 0; i < q; i++) {
        w->kernel->dots(g + i * qp, v + i * w->np, v, w->np, i + 1, w->np);
        for (size_t j = 0; j < i; j++) g[j * qp + i] = g[i * qp + j];
        w->ritz[i * qp + i] = 1;
    }
    divide_both(w, m, g, q, qp);
    if (!qk_dense_eigen(g, q, qp, w->d, w->off, w->ritz, qp)) return false;
    for (size_t r = 0; r < w->k - 3; r++) {
        size_t best = r;
        for (size_t i = r + 1; i < q; i++)
            if (w->d[i] > w->d[best]) best = i;
        w->d[best] = w->d[r];
        if (best != r) swap_rows(w->ritz + r * qp, w->ritz + best * qp, qp);
        qk_dense_back(m, q, qp, w->ritz + r * qp);
        memcpy(w->mix + r * q, w->ritz + r * qp, q * sizeof *w->mix);
    }
    w->kernel->product(w->b + 3 * w->np, w->mix, v, w->k - 3, q, w->np);
    return true;
}

/* Before the directions stands the plane. */
static void add_plane(tps_work *w, const double *x, const double *y)
{
    for (size_t i = 0; i < w->n; i++) {
        w->b[i] = 1;
        w->b[w->np + i] = x[i];
        w->b[2 * w->np + i] = y[i];
    }
}

/* a = B' W B and rhs = B' W y, B's columns being the rows of b. */
static void normal_equations(tps_work *w)
{
    size_t kp = qk_dense_pad(w->k);
    double *row = w->scratch;
    for (size_t r = 0; r < w->k; r++) {
        const double *b = w->b + r * w->np;
        for (size_t i = 0; i < w->n; i++) row[i] = b[i] * w->weight[i];
        w->kernel->dots(w->a + r * kp, row, w->b, w->np, r + 1, w->n);
        w->rhs[r] = w->kernel->dot(row, w->value, w->n);
    }
}

/* In the basis where both matrices are diagonal: eigenvalues in d, rhs in z. */
static bool diagonalise(tps_work *w, double *z)
{
    size_t kp = qk_dense_pad(w->k);
    double largest = 0, *l = w->gram;
    for (size_t r = 0; r < w->k; r++) largest = fmax(largest, w->a[r * kp + r]);
    for (size_t r = 0; r < w->k; r++) w->a[r * kp + r] += 1e-13 * largest;
    memcpy(l, w->a, w->k * kp * sizeof *l);
    if (!qk_dense_cholesky(l, w->k, kp)) return false;
    memset(w->m, 0, w->k * kp * sizeof *w->m);
    for (size_t r = 3; r < w->k; r++) w->m[r * kp + r] = 1;
    divide_both(w, l, w->m, w->k, kp);
    memcpy(z, w->rhs, w->k * sizeof *z);
    qk_dense_forward(l, w->k, kp, z);
    return qk_dense_eigen(w->m, w->k, kp, w->d, w->off, z, 1);
}

typedef struct gcv_score {
    double score, edf;
} gcv_score;

static gcv_score score_of(const tps_work *w, const double *z, double yy, double lambda)
{
    gcv_score g = {0, 0};
    double rss = yy, n = (double)w->n;
    for (size_t r = 0; r < w->k; r++) {
        double f = 1 / (1 + lambda * fmax(w->d[r], 0));
        g.edf += f;
        rss -= z[r] * z[r] * f * (2 - f);
    }
    g.score = n > g.edf + 1e-9 ? n * fmax(rss, 0) / ((n - g.edf) * (n - g.edf)) : INFINITY;
    return g;
}

/* A scan of the logarithm of lambda, then golden section in the best step. */
static double best_lambda(const tps_work *w, const double *z, double yy)
{
    const double golden = 0.6180339887498949;
    double top = 0, best = 0, least = INFINITY;
    for (size_t r = 0; r < w->k; r++) top = fmax(top, w->d[r]);
    if (!(top > 0)) return 0;
    for (int i = -20; i <= 140; i++) {
        double lg = log(1 / top) + 0.25 * i, score = score_of(w, z, yy, exp(lg)).score;
        if (score < least) {
            least = score;
            best = lg;
        }
    }
    double a = best - 0.25, b = best + 0.25;
    for (int i = 0; i < 30; i++) {
        double c = b - golden * (b - a), d = a + golden * (b - a);
        if (score_of(w, z, yy, exp(c)).score < score_of(w, z, yy, exp(d)).score)
            b = d;
        else
            a = c;
    }
    return exp((a + b) / 2);
}

static bool solve_coefficients(tps_work *w, double lambda)
{
    size_t kp = qk_dense_pad(w->k), qp = qk_dense_pad(w->q);
    for (size_t r = 3; r < w->k; r++) w->a[r * kp + r] += lambda;
    if (!qk_dense_cholesky(w->a, w->k, kp)) return false;
    qk_dense_forward(w->a, w->k, kp, w->rhs);
    qk_dense_back(w->a, w->k, kp, w->rhs);
    memcpy(w->t->plane, w->rhs, sizeof w->t->plane);
    double *delta = w->t->delta;
    for (size_t r = 3; r < w->k; r++)
        w->kernel->axpy(delta + 3, w->rhs[r], w->mix + (r - 3) * (w->q - 3), w->q - 3);
    for (size_t c = 3; c-- > 0;) {
        const double *v = w->turn + c * qp;
        w->kernel->axpy(delta, -w->kernel->dot(delta, v, w->q), v, w->q);
    }
    return true;
}

static qk_code run_fit(tps_work *w, const double *x, const double *y, qk_error *err)
{
    double yy = 0;
    for (size_t i = 0; i < w->n; i++) yy += w->weight[i] * w->value[i] * w->value[i];
    bool ok = choose_knots(w, x, y, w->scratch);
    if (ok) {
        fill_kernel(w, x, y);
        constrain(w);
        ok = strongest(w);
    }
    if (ok) {
        add_plane(w, x, y);
        normal_equations(w);
        ok = diagonalise(w, w->z);
    }
    if (!ok) return qk_fail(err, QK_EFORMAT, "the points do not span a surface");
    w->t->lambda = best_lambda(w, w->z, yy);
    w->t->edf = score_of(w, w->z, yy, w->t->lambda).edf;
    return solve_coefficients(w, w->t->lambda)
               ? QK_OK
               : qk_fail(err, QK_EFORMAT, "the points do not span a surface");
}

static bool on_a_line(const double *x, const double *y, size_t n)
{
    size_t far = 0;
    double most = 0, off = 0;
    for (size_t i = 1; i < n; i++) {
        double r2 = (x[i] - x[0]) * (x[i] - x[0]) + (y[i] - y[0]) * (y[i] - y[0]);
        if (r2 > most) {
            most = r2;
            far = i;
        }
    }
    for (size_t i = 0; i < n; i++) {
        double cross = (x[far] - x[0]) * (y[i] - y[0]) - (y[far] - y[0]) * (x[i] - x[0]);
        off = fmax(off, fabs(cross));
    }
    return !(off > 1e-9 * most);
}

qk_code qk_tps_fit(qk_tps *out, const double *x, const double *y, const double *value,
                   const double *weight, size_t n, size_t k, qk_error *err)
{
    *out = (qk_tps){0};
    if (n > QK_TPS_POINTS_MAX)
        return qk_fail(err, QK_ERANGE, "%zu points; at most %d", n, QK_TPS_POINTS_MAX);
    if (n < 4 || on_a_line(x, y, n))
        return qk_fail(err, QK_EFORMAT, "%zu points do not span a surface", n);
    if (k > n) k = n;
    if (k < 4) k = 4;
    size_t q = (size_t)(knots_a_basis * (double)k);
    if (q > n) q = n;
    *out = (qk_tps){.n = q, .padded = qk_dense_pad(q)};
    tps_work w = {.kernel = qk_dense_pick(),
                  .n = n,
                  .np = qk_dense_pad(n),
                  .k = k,
                  .q = q,
                  .t = out,
                  .weight = weight,
                  .value = value};
    double *points = qk_dense_new(2 * w.np); /* padded to whole lanes */
    out->x = qk_dense_new(out->padded);
    out->y = qk_dense_new(out->padded);
    out->delta = qk_dense_new(out->padded);
    qk_code code = QK_OK;
    if (!points || !out->x || !out->y || !out->delta || !new_work(&w)) {
        code = qk_fail(err, QK_ENOMEM, "no memory for a surface of %zu points", n);
    } else {
        memcpy(points, x, n * sizeof *x);
        memcpy(points + w.np, y, n * sizeof *y);
        code = run_fit(&w, points, points + w.np, err);
    }
    free(points);
    free_work(&w);
    if (code != QK_OK) qk_tps_clear(out);
    return code;
}

double qk_tps_at(const qk_tps *t, double x, double y)
{
    double sum = qk_dense_pick()->thin_plate_sum(t->delta, t->x, t->y, x, y, t->padded);
    return sum + t->plane[0] + t->plane[1] * x + t->plane[2] * y;
}

void qk_tps_clear(qk_tps *t)
{
    free(t->x);
    free(t->y);
    free(t->delta);
    *t = (qk_tps){0};
}
