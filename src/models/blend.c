/* SPDX-License-Identifier: Apache-2.0 */
#include "models/blend.h"
#include "models/dense.h"
#include <math.h>
#include <string.h>

enum { N_MAX = QK_BLEND_CLASSES_MAX + 1, STEPS_MAX = 10 * N_MAX };

typedef struct normal {
    size_t n; /* unknowns, the background last */
    double ata[N_MAX * N_MAX], atb[N_MAX];
    double scale[N_MAX]; /* of the columns, so that all weigh alike */
} normal;

static bool row_of(double *row, const double *modelled, const double *observed, size_t at,
                   size_t classes)
{
    if (isnan(observed[at])) return false;
    for (size_t k = 0; k < classes; k++) {
        row[k] = modelled[at * classes + k];
        if (isnan(row[k])) return false;
    }
    row[classes] = 1;
    return true;
}

static size_t make_normal(normal *q, const double *modelled, const double *observed, size_t rows,
                          size_t classes)
{
    double row[N_MAX];
    size_t used = 0;
    memset(q, 0, sizeof *q);
    q->n = classes + 1;
    for (size_t i = 0; i < rows; i++) {
        if (!row_of(row, modelled, observed, i, classes)) continue;
        used++;
        for (size_t j = 0; j < q->n; j++) {
            q->atb[j] += row[j] * observed[i];
            for (size_t k = 0; k <= j; k++) q->ata[j * N_MAX + k] += row[j] * row[k];
        }
    }
    for (size_t j = 0; j < q->n; j++)
        q->scale[j] = q->ata[j * N_MAX + j] > 0 ? 1 / sqrt(q->ata[j * N_MAX + j]) : 0;
    for (size_t j = 0; j < q->n; j++) {
        q->atb[j] *= q->scale[j];
        for (size_t k = 0; k <= j; k++) {
            q->ata[j * N_MAX + k] *= q->scale[j] * q->scale[k];
            q->ata[k * N_MAX + j] = q->ata[j * N_MAX + k];
        }
    }
    return used;
}

/* Cholesky factor of the part of A'A that is free; place[i] is the unknown of its row i. False
 * where columns depend on each other. */
static bool factor_free(double *l, size_t *place, size_t *count, const normal *q, const bool *free)
{
    *count = 0;
    for (size_t j = 0; j < q->n; j++)
        if (free[j]) place[(*count)++] = j;
    for (size_t i = 0; i < *count; i++)
        for (size_t k = 0; k < *count; k++)
            l[i * N_MAX + k] = q->ata[place[i] * N_MAX + place[k]] + (i == k ? 1e-12 : 0);
    return qk_dense_cholesky(l, *count, N_MAX);
}

static bool solve_free(double *x, const normal *q, const bool *free)
{
    double l[N_MAX * N_MAX], y[N_MAX];
    size_t place[N_MAX], count;
    memset(x, 0, q->n * sizeof *x);
    if (!factor_free(l, place, &count, q, free)) return false;
    for (size_t i = 0; i < count; i++) y[i] = q->atb[place[i]];
    qk_dense_forward(l, count, N_MAX, y);
    qk_dense_back(l, count, N_MAX, y);
    for (size_t i = 0; i < count; i++) x[place[i]] = y[i];
    return true;
}

/* The unknown held at 0 that would help most when let go; n where none would. */
static size_t steepest(const normal *q, const bool *free, const double *x)
{
    size_t best = q->n;
    double most = 1e-10;
    for (size_t j = 0; j < q->n; j++) {
        if (free[j] || q->scale[j] == 0) continue;
        double w = q->atb[j];
        for (size_t k = 0; k < q->n; k++) w -= q->ata[j * N_MAX + k] * x[k];
        if (w <= most) continue;
        most = w;
        best = j;
    }
    return best;
}

/* Goes from x towards the free solution z as far as all stay at or above 0; what gets there is
 * held. */
static void step_back(double *x, const double *z, bool *free, size_t n)
{
    double t = 1;
    for (size_t j = 0; j < n; j++)
        if (free[j] && z[j] <= 0) t = fmin(t, x[j] / (x[j] - z[j]));
    for (size_t j = 0; j < n; j++) {
        x[j] += t * (z[j] - x[j]);
        if (free[j] && z[j] <= 0 && x[j] <= 1e-12) {
            x[j] = 0;
            free[j] = false;
        }
    }
}

static bool fit(double *x, bool *free, const normal *q)
{
    double z[N_MAX];
    memset(x, 0, q->n * sizeof *x);
    memset(free, 0, q->n * sizeof *free);
    for (int step = 0; step < STEPS_MAX; step++) {
        size_t j = steepest(q, free, x);
        if (j == q->n) return true;
        free[j] = true;
        for (int inner = 0; inner < N_MAX; inner++) {
            bool below = false;
            if (!solve_free(z, q, free)) return false;
            for (size_t k = 0; k < q->n; k++) below |= free[k] && z[k] <= 0;
            if (!below) break;
            step_back(x, z, free, q->n);
        }
        memcpy(x, z, q->n * sizeof *x);
    }
    return true;
}

static void measure_residuals(qk_blend *out, const double *modelled, const double *observed,
                              size_t rows)
{
    double row[N_MAX], sum = 0, sum2 = 0, left2 = 0, lag = 0, before = NAN;
    size_t unknowns = 0;
    for (size_t k = 0; k <= out->classes; k++) unknowns += !out->held[k];
    for (size_t i = 0; i < rows; i++) {
        if (!row_of(row, modelled, observed, i, out->classes)) continue;
        double left = observed[i] - qk_blend_apply(out, row, NULL);
        sum += observed[i];
        sum2 += observed[i] * observed[i];
        left2 += left * left;
        if (!isnan(before)) lag += left * before;
        before = left;
    }
    double n = (double)out->rows, spread = sum2 - sum * sum / n;
    out->persistence = left2 > 0 ? fmin(fmax(lag / left2, 0), 0.99) : 0;
    out->residual = sqrt(left2 / (n - (double)unknowns));
    out->r2 = spread > 0 ? 1 - left2 / spread : 0;
}

static bool find_errors(qk_blend *out, const normal *q, const bool *free)
{
    double l[N_MAX * N_MAX], e[N_MAX];
    size_t place[N_MAX], count;
    if (!factor_free(l, place, &count, q, free)) return false;
    double widen = sqrt((1 + out->persistence) / (1 - out->persistence));
    for (size_t j = 0; j < q->n; j++) out->error[j] = NAN;
    for (size_t i = 0; i < count; i++) {
        double square = 0; /* of the inverse's diagonal: |L^-1 e_i|^2 */
        memset(e, 0, sizeof e);
        e[i] = 1;
        qk_dense_forward(l, count, N_MAX, e);
        for (size_t k = 0; k < count; k++) square += e[k] * e[k];
        out->error[place[i]] = out->residual * sqrt(square) * q->scale[place[i]] * widen;
    }
    return true;
}

qk_code qk_blend_fit(qk_blend *out, const double *modelled, const double *observed, size_t rows,
                     size_t classes, qk_error *err)
{
    normal q;
    double x[N_MAX];
    bool free[N_MAX];
    *out = (qk_blend){.classes = classes};
    if (classes == 0 || classes > QK_BLEND_CLASSES_MAX)
        return qk_fail(err, QK_EINVAL, "1 to %d classes, not %zu", QK_BLEND_CLASSES_MAX, classes);
    out->rows = make_normal(&q, modelled, observed, rows, classes);
    if (out->rows < 2 * (classes + 1))
        return qk_fail(err, QK_EFORMAT, "%zu complete rows are too few for %zu classes", out->rows,
                       classes);
    if (!fit(x, free, &q)) return qk_fail(err, QK_EFORMAT, "classes depend on each other");
    for (size_t k = 0; k < q.n; k++) {
        out->factor[k] = x[k] * q.scale[k];
        out->held[k] = !free[k];
    }
    measure_residuals(out, modelled, observed, rows);
    if (!find_errors(out, &q, free))
        return qk_fail(err, QK_EFORMAT, "classes depend on each other");
    return QK_OK;
}

double qk_blend_apply(const qk_blend *b, const double *modelled, double *error)
{
    double sum = b->factor[b->classes], square = 0;
    for (size_t k = 0; k < b->classes; k++) {
        sum += b->factor[k] * modelled[k];
        if (!b->held[k]) square += b->error[k] * b->error[k] * modelled[k] * modelled[k];
    }
    if (!b->held[b->classes]) square += b->error[b->classes] * b->error[b->classes];
    if (error) *error = sqrt(square);
    return sum;
}
