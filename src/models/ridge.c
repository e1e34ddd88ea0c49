/* SPDX-License-Identifier: Apache-2.0 */
#include "models/ridge.h"
#include "models/dense.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A spread below this share of the mean square is rounding, not variation. */
static const double flat_share = 1e-12;

qk_code qk_gram_init(qk_gram *gram, size_t features, qk_error *err)
{
    size_t width = features + 2;
    *gram = (qk_gram){.features = features};
    if (features == 0 || features > QK_RIDGE_FEATURES_MAX)
        return qk_fail(err, QK_EINVAL, "%zu features: 1 to %d are taken", features,
                       QK_RIDGE_FEATURES_MAX);
    gram->sum = calloc(width * width, sizeof *gram->sum);
    if (!gram->sum) return qk_fail(err, QK_ENOMEM, "no memory for %zu features", features);
    return QK_OK;
}

void qk_gram_clear(qk_gram *gram)
{
    free(gram->sum);
    *gram = (qk_gram){0};
}

void qk_gram_reset(qk_gram *gram)
{
    size_t width = gram->features + 2;
    memset(gram->sum, 0, width * width * sizeof *gram->sum);
}

void qk_gram_add(qk_gram *gram, const double *row)
{
    size_t width = gram->features + 2;
    const qk_dense_kernel *kernel = qk_dense_pick();
    for (size_t i = 0; i < width; i++) kernel->axpy(gram->sum + i * width, row[i], row, i + 1);
}

void qk_gram_take(qk_gram *gram, const qk_gram *less)
{
    size_t width = gram->features + 2;
    for (size_t i = 0; i < width * width; i++) gram->sum[i] -= less->sum[i];
}

void qk_gram_join(qk_gram *gram, const qk_gram *more)
{
    size_t width = gram->features + 2;
    for (size_t i = 0; i < width * width; i++) gram->sum[i] += more->sum[i];
}

/* Scales to unit variance; scale 0 marks a constant feature. */
static void find_scales(double *scale, const qk_gram *gram)
{
    size_t width = gram->features + 2;
    double n = gram->sum[0];
    for (size_t j = 1; j + 1 < width; j++) {
        double mean = gram->sum[j * width] / n, square = gram->sum[j * width + j] / n;
        double spread = square - mean * mean;
        scale[j - 1] = spread > flat_share * square && spread > 0 ? 1 / sqrt(spread) : 0;
    }
}

static void fill_system(double *a, double *b, size_t stride, const double *scale,
                        const qk_gram *gram, double lambda)
{
    size_t width = gram->features + 2;
    const double *y = gram->sum + (width - 1) * width;
    double n = gram->sum[0], mean_y = y[0] / n;
    for (size_t i = 0; i < gram->features; i++) {
        const double *row = gram->sum + (i + 1) * width;
        double mean = row[0] / n;
        for (size_t j = 0; j <= i; j++) {
            double other = gram->sum[(j + 1) * width] / n;
            a[i * stride + j] = (row[j + 1] / n - mean * other) * scale[i] * scale[j];
        }
        a[i * stride + i] = (scale[i] > 0 ? 1 : 0) + lambda + 1e-9;
        b[i] = (y[i + 1] / n - mean * mean_y) * scale[i];
    }
}

qk_code qk_ridge_fit(qk_ridge *out, const qk_gram *gram, double lambda, qk_error *err)
{
    size_t n = gram->features, stride = qk_dense_pad(n), width = n + 2;
    *out = (qk_ridge){.features = n};
    if (!(gram->sum[0] > 0.5)) return qk_fail(err, QK_EFORMAT, "no rows to fit");
    double *a = qk_dense_new(n * stride), *b = qk_dense_new(stride), *scale = qk_dense_new(stride);
    out->slope = calloc(n, sizeof *out->slope);
    qk_code code = a && b && scale && out->slope ? QK_OK : QK_ENOMEM;
    if (code == QK_OK) {
        find_scales(scale, gram);
        fill_system(a, b, stride, scale, gram, lambda);
        if (!qk_dense_cholesky(a, n, stride)) code = QK_ERANGE;
    }
    if (code == QK_OK) {
        qk_dense_forward(a, n, stride, b);
        qk_dense_back(a, n, stride, b);
        out->level = gram->sum[(width - 1) * width] / gram->sum[0];
        for (size_t j = 0; j < n; j++) {
            out->slope[j] = b[j] * scale[j];
            out->level -= out->slope[j] * gram->sum[(j + 1) * width] / gram->sum[0];
        }
    } else {
        qk_ridge_clear(out);
        qk_fail(err, code, "no ridge regression of %zu features", n);
    }
    free(a);
    free(b);
    free(scale);
    return code;
}

void qk_ridge_clear(qk_ridge *ridge)
{
    free(ridge->slope);
    *ridge = (qk_ridge){0};
}

double qk_ridge_at(const qk_ridge *ridge, const double *x)
{
    double sum = ridge->level;
    for (size_t j = 0; j < ridge->features; j++) sum += ridge->slope[j] * x[j];
    return sum;
}
