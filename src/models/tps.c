/* SPDX-License-Identifier: Apache-2.0 */
#include "models/tps.h"
#include "models/dense.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct tps_work {
    const qk_dense_kernel *kernel;
    size_t n, np, k, q; /* points, padded, basis size, sampled columns */
    const double *weight, *value;
    qk_tps *t;
    double *e;       /* [np][np] kernel */
    double *v;       /* [q][np] orthonormal sample of its columns */
    double *ev;      /* [q][np] kernel times that */
    double *h;       /* [q][qp] */
    double *ritz;    /* [q][qp] */
    double *u;       /* [k][np] strongest directions, the first 3 spent on the constraint */
    double *eu;      /* [k][np] */
    double *d, *off; /* [q] */
    double *s;       /* [k][kp] penalty */
    double *a;       /* [k][kp] normal matrix */
    double *m;       /* [k][kp] */
    double *rhs;     /* [k] */
    double *scratch; /* [np + kp] */
} tps_work;

static void free_work(tps_work *w)
{
    double *const all[] = {w->e, w->v,   w->ev, w->h, w->ritz, w->u,   w->eu,
                           w->d, w->off, w->s,  w->a, w->m,    w->rhs, w->scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static bool new_work(tps_work *w)
{
    size_t qp = qk_dense_pad(w->q), kp = qk_dense_pad(w->k);
    w->e = qk_dense_new(w->np * w->np);
    w->v = qk_dense_new(w->q * w->np);
    w->ev = qk_dense_new(w->q * w->np);
    w->h = qk_dense_new(w->q * qp);
    w->ritz = qk_dense_new(w->q * qp);
    w->u = qk_dense_new(w->k * w->np);
    w->eu = qk_dense_new(w->k * w->np);
    w->d = qk_dense_new(w->q + 8);
    w->off = qk_dense_new(w->q + 8);
    w->s = qk_dense_new(w->k * kp);
    w->a = qk_dense_new(w->k * kp);
    w->m = qk_dense_new(w->k * kp);
    w->rhs = qk_dense_new(kp);
    w->scratch = qk_dense_new(w->np + kp);
    return w->e && w->v && w->ev && w->h && w->ritz && w->u && w->eu && w->d && w->off && w->s &&
           w->a && w->m && w->rhs && w->scratch;
}

static void fill_kernel(tps_work *w)
{
    for (size_t i = 0; i < w->n; i++) {
        double *row = w->e + i * w->np;
        w->kernel->thin_plate(row, w->t->x, w->t->y, w->t->x[i], w->t->y[i], w->np);
        for (size_t j = w->n; j < w->np; j++) row[j] = 0;
    }
}

/* Farthest points first: each next centre is the one farthest from those chosen. */
static void choose_columns(tps_work *w, double *far)
{
    const double *x = w->t->x, *y = w->t->y;
    size_t next = 0;
    for (size_t i = 0; i < w->n; i++) {
        far[i] = INFINITY;
        if (x[i] * x[i] + y[i] * y[i] < x[next] * x[next] + y[next] * y[next]) next = i;
    }
    for (size_t c = 0; c < w->q; c++) {
        memcpy(w->v + c * w->np, w->e + next * w->np, w->np * sizeof *w->v);
        size_t at = next;
        for (size_t i = 0; i < w->n; i++) {
            double r2 = (x[i] - x[at]) * (x[i] - x[at]) + (y[i] - y[at]) * (y[i] - y[at]);
            far[i] = fmin(far[i], r2);
            if (far[i] > far[next]) next = i;
        }
    }
}

/* Gram-Schmidt on the rows of v; what is dependent becomes zero. */
static void orthonormalise(tps_work *w)
{
    for (size_t c = 0; c < w->q; c++) {
        double *row = w->v + c * w->np;
        double before = sqrt(w->kernel->dot(row, row, w->np));
        for (int pass = 0; pass < 2; pass++) {
            double start = sqrt(w->kernel->dot(row, row, w->np));
            for (size_t p = 0; p < c; p++) {
                const double *other = w->v + p * w->np;
                w->kernel->axpy(row, -w->kernel->dot(row, other, w->np), other, w->np);
            }
            if (sqrt(w->kernel->dot(row, row, w->np)) > 1e-3 * start) break;
        }
        double norm = sqrt(w->kernel->dot(row, row, w->np));
        double scale = norm > 1e-11 * before && norm > 0 ? 1 / norm : 0;
        for (size_t i = 0; i < w->np; i++) row[i] *= scale;
    }
}

/* The k directions of the sample along which the kernel is strongest: rows of u, with eu. */
static bool strongest(tps_work *w)
{
    size_t qp = qk_dense_pad(w->q);
    w->kernel->product(w->ev, w->v, w->e, w->q, w->np, w->np);
    for (size_t i = 0; i < w->q; i++) {
        for (size_t j = 0; j <= i; j++) {
            double x = w->kernel->dot(w->v + i * w->np, w->ev + j * w->np, w->np);
            w->h[i * qp + j] = w->h[j * qp + i] = x;
        }
        w->ritz[i * qp + i] = 1;
    }
    if (!qk_dense_eigen(w->h, w->q, qp, w->d, w->off, w->ritz, qp)) return false;
    for (size_t r = 0; r < w->k; r++) {
        size_t best = r;
        for (size_t i = r + 1; i < w->q; i++)
            if (fabs(w->d[i]) > fabs(w->d[best])) best = i;
        double swap = w->d[r];
        w->d[r] = w->d[best];
        w->d[best] = swap;
        for (size_t c = 0; c < qp && best != r; c++) {
            swap = w->ritz[r * qp + c];
            w->ritz[r * qp + c] = w->ritz[best * qp + c];
            w->ritz[best * qp + c] = swap;
        }
    }
    for (size_t r = 0; r < w->k; r++) /* rows of exactly q entries for the product */
        memmove(w->h + r * w->q, w->ritz + r * qp, w->q * sizeof *w->h);
    w->kernel->product(w->u, w->h, w->v, w->k, w->q, w->np);
    w->kernel->product(w->eu, w->h, w->ev, w->k, w->q, w->np);
    return true;
}

static void reflect_pair(const tps_work *w, double *rows, size_t width, const double *v, double t,
                         size_t first)
{
    double *sum = w->scratch;
    memset(sum, 0, width * sizeof *sum);
    for (size_t i = first; i < w->k; i++) w->kernel->axpy(sum, t * v[i], rows + i * width, width);
    for (size_t i = first; i < w->k; i++) w->kernel->axpy(rows + i * width, -v[i], sum, width);
}

/* Turns the directions so that all but the first three are orthogonal to 1, x, y; the penalty, in
 * s, turns with them. */
static void constrain(tps_work *w)
{
    size_t kp = qk_dense_pad(w->k);
    for (size_t r = 0; r < w->k; r++) w->s[r * kp + r] = w->d[r];
    for (size_t c = 0; c < 3; c++) {
        double *v = w->rhs, norm = 0, t;
        for (size_t r = 0; r < w->k; r++) {
            const double *u = w->u + r * w->np;
            double sum = 0;
            for (size_t i = 0; i < w->n; i++)
                sum += u[i] * (c == 0 ? 1 : c == 1 ? w->t->x[i] : w->t->y[i]);
            v[r] = r < c ? 0 : sum;
            norm += v[r] * v[r];
        }
        if (!(norm > 0)) continue;
        v[c] += v[c] > 0 ? sqrt(norm) : -sqrt(norm);
        t = 2 / w->kernel->dot(v, v, w->k);
        reflect_pair(w, w->u, w->np, v, t, c);
        reflect_pair(w, w->eu, w->np, v, t, c);
        reflect_pair(w, w->s, kp, v, t, c);
        for (size_t r = 0; r < w->k; r++) { /* and from the right */
            double *row = w->s + r * kp;
            double sum = t * w->kernel->dot(row, v, w->k);
            w->kernel->axpy(row, -sum, v, w->k);
        }
    }
    /* the three directions spent give their places to the plane itself */
    for (size_t r = 0; r < w->k; r++)
        for (size_t c = 0; c < w->k; c++)
            if (r < 3 || c < 3) w->s[r * kp + c] = 0;
    for (size_t i = 0; i < w->n; i++) {
        w->eu[i] = 1;
        w->eu[w->np + i] = w->t->x[i];
        w->eu[2 * w->np + i] = w->t->y[i];
    }
}

/* a = B' W B and rhs = B' W y, B's columns being the rows of eu; u's memory takes the weighted. */
static void normal_equations(tps_work *w, double *wy)
{
    size_t kp = qk_dense_pad(w->k);
    for (size_t r = 0; r < w->k; r++) {
        double *row = w->v;
        const double *b = w->eu + r * w->np;
        for (size_t i = 0; i < w->n; i++) row[i] = b[i] * w->weight[i];
        for (size_t c = 0; c <= r; c++)
            w->a[r * kp + c] = w->kernel->dot(row, w->eu + c * w->np, w->n);
        w->rhs[r] = 0;
        for (size_t i = 0; i < w->n; i++) w->rhs[r] += b[i] * wy[i];
    }
}

/* In the basis where both matrices are diagonal: eigenvalues in d, rhs in z. */
static bool diagonalise(tps_work *w, double *z)
{
    size_t kp = qk_dense_pad(w->k);
    double largest = 0;
    for (size_t r = 0; r < w->k; r++) largest = fmax(largest, w->a[r * kp + r]);
    for (size_t r = 0; r < w->k; r++) w->a[r * kp + r] += 1e-13 * largest;
    memcpy(w->h, w->a, w->k * kp * sizeof *w->h);
    if (!qk_dense_cholesky(w->h, w->k, kp)) return false;
    for (size_t r = 0; r < w->k; r++) { /* rows of m: L^-1 S, then again from the other side */
        memcpy(w->m + r * kp, w->s + r * kp, w->k * sizeof *w->m);
        qk_dense_forward(w->h, w->k, kp, w->m + r * kp);
    }
    for (size_t r = 0; r < w->k; r++)
        for (size_t c = 0; c < r; c++) {
            double swap = w->m[r * kp + c];
            w->m[r * kp + c] = w->m[c * kp + r];
            w->m[c * kp + r] = swap;
        }
    for (size_t r = 0; r < w->k; r++) qk_dense_forward(w->h, w->k, kp, w->m + r * kp);
    memcpy(z, w->rhs, w->k * sizeof *z);
    qk_dense_forward(w->h, w->k, kp, z);
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
    size_t kp = qk_dense_pad(w->k);
    for (size_t r = 0; r < w->k; r++)
        for (size_t c = 0; c <= r; c++) w->a[r * kp + c] += lambda * w->s[r * kp + c];
    if (!qk_dense_cholesky(w->a, w->k, kp)) return false;
    qk_dense_forward(w->a, w->k, kp, w->rhs);
    qk_dense_back(w->a, w->k, kp, w->rhs);
    for (size_t r = 0; r < 3; r++) w->t->plane[r] = w->rhs[r];
    memset(w->t->delta, 0, w->np * sizeof *w->t->delta);
    for (size_t r = 3; r < w->k; r++)
        w->kernel->axpy(w->t->delta, w->rhs[r], w->u + r * w->np, w->n);
    return true;
}

static qk_code run_fit(tps_work *w, qk_error *err)
{
    double *wy = w->ev, yy = 0; /* once the directions stand, ev is free */
    fill_kernel(w);
    choose_columns(w, w->scratch);
    orthonormalise(w);
    bool ok = strongest(w);
    if (ok) constrain(w);
    for (size_t i = 0; i < w->n; i++) {
        wy[i] = w->weight[i] * w->value[i];
        yy += wy[i] * w->value[i];
    }
    if (ok) normal_equations(w, wy);
    ok = ok && diagonalise(w, wy);
    if (!ok) return qk_fail(err, QK_EFORMAT, "the points do not span a surface");
    w->t->lambda = best_lambda(w, wy, yy);
    w->t->edf = score_of(w, wy, yy, w->t->lambda).edf;
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
    *out = (qk_tps){.n = n, .padded = qk_dense_pad(n)};
    if (n > QK_TPS_POINTS_MAX)
        return qk_fail(err, QK_ERANGE, "%zu points; at most %d", n, QK_TPS_POINTS_MAX);
    if (n < 4 || on_a_line(x, y, n))
        return qk_fail(err, QK_EFORMAT, "%zu points do not span a surface", n);
    if (k > n) k = n;
    if (k < 4) k = 4;
    size_t q = k + (3 * k + 9) / 10;
    tps_work w = {.kernel = qk_dense_pick(), .n = n, .np = out->padded, .k = k, .t = out};
    w.q = q < n ? q : n;
    w.weight = weight;
    w.value = value;
    out->x = qk_dense_new(out->padded);
    out->y = qk_dense_new(out->padded);
    out->delta = qk_dense_new(out->padded);
    qk_code code = QK_OK;
    if (!out->x || !out->y || !out->delta || !new_work(&w)) {
        code = qk_fail(err, QK_ENOMEM, "no memory for a surface of %zu points", n);
    } else {
        memcpy(out->x, x, n * sizeof *x);
        memcpy(out->y, y, n * sizeof *y);
        code = run_fit(&w, err);
    }
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
