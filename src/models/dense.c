/* SPDX-License-Identifier: Apache-2.0 */
#include "models/dense.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const qk_dense_kernel *qk_dense_pick(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f")) return &qk_dense_avx512;
    if (__builtin_cpu_supports("avx2")) return &qk_dense_avx2;
#endif
    return &qk_dense_base;
}

void *qk_dense_new(size_t count)
{
    if (count > SIZE_MAX / 16) return NULL;
    size_t bytes = (count * sizeof(double) + 63) / 64 * 64 + 64;
    void *p = aligned_alloc(64, bytes);
    if (p) memset(p, 0, bytes);
    return p;
}

bool qk_dense_cholesky(double *a, size_t n, size_t stride)
{
    const qk_dense_kernel *kernel = qk_dense_pick();
    for (size_t i = 0; i < n; i++) {
        double *row = a + i * stride;
        for (size_t j = 0; j < i; j++)
            row[j] = (row[j] - kernel->dot(row, a + j * stride, j)) / a[j * stride + j];
        double left = row[i] - kernel->dot(row, row, i);
        if (!(left > 0) || !isfinite(left)) return false;
        row[i] = sqrt(left);
    }
    return true;
}

void qk_dense_forward(const double *l, size_t n, size_t stride, double *x)
{
    const qk_dense_kernel *kernel = qk_dense_pick();
    for (size_t i = 0; i < n; i++)
        x[i] = (x[i] - kernel->dot(l + i * stride, x, i)) / l[i * stride + i];
}

void qk_dense_back(const double *l, size_t n, size_t stride, double *x)
{
    const qk_dense_kernel *kernel = qk_dense_pick();
    for (size_t i = n; i-- > 0;) {
        x[i] /= l[i * stride + i];
        kernel->axpy(x, -x[i], l + i * stride, i);
    }
}

/* Applies (I - t v v') to the rows from `first` on; v has n - first entries. */
static void reflect_rows(const qk_dense_kernel *kernel, double *rows, size_t width, const double *v,
                         double t, size_t first, size_t n, double *sum)
{
    memset(sum, 0, width * sizeof *sum);
    for (size_t i = first; i < n; i++) kernel->axpy(sum, t * v[i - first], rows + i * width, width);
    for (size_t i = first; i < n; i++) kernel->axpy(rows + i * width, -v[i - first], sum, width);
}

/* Symmetric rank-2 update of the trailing block: a -= v w' + w v'. */
static void shrink_block(const qk_dense_kernel *kernel, double *a, size_t stride, const double *v,
                         double t, size_t first, size_t n, double *w)
{
    size_t m = n - first;
    kernel->dots(w, v, a + first * stride + first, stride, m, m);
    for (size_t i = 0; i < m; i++) w[i] *= t;
    double half = t / 2 * kernel->dot(w, v, m);
    kernel->axpy(w, -half, v, m);
    for (size_t i = 0; i < m; i++) {
        double *row = a + (first + i) * stride + first;
        kernel->axpy(row, -v[i], w, m);
        kernel->axpy(row, -w[i], v, m);
    }
}

/* Householder reduction (Golub and Van Loan, 8.3.1) of the full symmetric a. */
static void reduce(double *a, size_t n, size_t stride, double *d, double *e, double *rows,
                   size_t width, double *scratch)
{
    const qk_dense_kernel *kernel = qk_dense_pick();
    double *v = scratch, *w = scratch + n;
    for (size_t k = 0; k + 2 < n; k++) {
        size_t m = n - k - 1;
        double *row = a + k * stride + k + 1;
        double norm = sqrt(kernel->dot(row, row, m));
        memcpy(v, row, m * sizeof *v);
        d[k] = a[k * stride + k];
        e[k] = v[0] > 0 ? -norm : norm;
        if (norm == 0) continue;
        v[0] -= e[k];
        double t = 2 / kernel->dot(v, v, m);
        shrink_block(kernel, a, stride, v, t, k + 1, n, w);
        if (width) reflect_rows(kernel, rows, width, v, t, k + 1, n, w);
    }
    for (size_t k = n > 2 ? n - 2 : 0; k < n; k++) {
        d[k] = a[k * stride + k];
        e[k] = k + 1 < n ? a[k * stride + k + 1] : 0;
    }
}

static size_t find_small(const double *d, const double *e, size_t l, size_t n)
{
    size_t m = l;
    while (m + 1 < n && fabs(e[m]) > DBL_EPSILON * (fabs(d[m]) + fabs(d[m + 1]))) m++;
    return m;
}

/* One implicit QL step with Wilkinson's shift on rows l..m (Golub and Van Loan, 8.3.5). */
static void ql_step(double *d, double *e, size_t l, size_t m, double *rows, size_t width)
{
    const qk_dense_kernel *kernel = qk_dense_pick();
    double g = (d[l + 1] - d[l]) / (2 * e[l]), r = hypot(g, 1);
    double s = 1, c = 1, p = 0;
    g = d[m] - d[l] + e[l] / (g + (g >= 0 ? r : -r));
    for (size_t i = m; i-- > l;) {
        double f = s * e[i], b = c * e[i];
        r = sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r == 0) {
            d[i + 1] -= p;
            e[m] = 0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        if (width) kernel->rotate(rows + i * width, rows + (i + 1) * width, c, s, width);
    }
    d[l] -= p;
    e[l] = g;
    e[m] = 0;
}

bool qk_dense_eigen(double *a, size_t n, size_t stride, double *d, double *e, double *rows,
                    size_t width)
{
    double *scratch = qk_dense_new(2 * n + width + 8);
    if (!scratch) return false;
    reduce(a, n, stride, d, e, rows, width, scratch);
    free(scratch);
    for (size_t l = 0; l < n; l++) {
        for (int tries = 0;; tries++) {
            size_t m = find_small(d, e, l, n);
            if (m == l) break;
            if (tries == 60) return false;
            ql_step(d, e, l, m, rows, width);
        }
    }
    return true;
}
