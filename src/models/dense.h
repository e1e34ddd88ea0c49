/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_DENSE_H
#define QK_MODELS_DENSE_H
/* Small dense linear algebra in double, row-major, sums in a fixed order (lanes of eight, no fused
 * multiply-add), so that results are the same bits on every processor. Pure; nothing allocates
 * unless it says so. */
#include "base/error.h"
#include <stdbool.h>

typedef struct qk_dense_kernel {
    double (*dot)(const double *a, const double *b, size_t n);
    /* out[r] = dot(a, b + r * stride) for rows r; the same bits, in less time. */
    void (*dots)(double *out, const double *a, const double *b, size_t stride, size_t rows,
                 size_t n);
    void (*axpy)(double *y, double t, const double *x, size_t n); /* y += t x */
    void (*rotate)(double *a, double *b, double c, double s, size_t n);
    /* c [rows][cols] = a [rows][depth] b [depth][cols]; cols must be a multiple of 8. */
    void (*product)(double *c, const double *a, const double *b, size_t rows, size_t depth,
                    size_t cols);
    /* out[i] = r2 log(r2), r2 = (x[i]-px)^2 + (y[i]-py)^2, 0 at r2 = 0; n a multiple of 8. */
    void (*thin_plate)(double *out, const double *x, const double *y, double px, double py,
                       size_t n);
    /* The same summed up with weights. */
    double (*thin_plate_sum)(const double *weight, const double *x, const double *y, double px,
                             double py, size_t n);
    /* sum over i of exp(q[i]) and of value[i] exp(q[i]) of q[i] = -(ax (x[i]-px))^2 - wrapped
     * (ay (y[i]-py))^2 in degrees; n a multiple of 8. */
    void (*kernel_mean)(double out[2], const double *value, const double *x, const double *y,
                        const double at[2], const double a[2], size_t n);
} qk_dense_kernel;

const qk_dense_kernel *qk_dense_pick(void);
extern const qk_dense_kernel qk_dense_base, qk_dense_avx2, qk_dense_avx512;

static inline size_t qk_dense_pad(size_t n)
{
    return (n + 7) / 8 * 8;
}
/* Lower Cholesky factor in place (upper part untouched). false: not positive definite. */
bool qk_dense_cholesky(double *a, size_t n, size_t stride);
void qk_dense_forward(const double *l, size_t n, size_t stride, double *x); /* x = L^-1 x */
void qk_dense_back(const double *l, size_t n, size_t stride, double *x);    /* x = L^-T x */
/* Eigenvalues of the symmetric a [n][stride] (destroyed) into d, by Householder and implicit QL.
 * rows [n][width] holds vectors by columns: on return row i is what they have along eigenvector i
 * (the identity gives the eigenvectors as rows). e is scratch [n]. false: no convergence. */
bool qk_dense_eigen(double *a, size_t n, size_t stride, double *d, double *e, double *rows,
                    size_t width);
void *qk_dense_new(size_t count); /* zeroed doubles aligned to 64 bytes, or NULL; free() */
#endif
