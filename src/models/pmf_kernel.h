/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_PMF_KERNEL_H
#define QK_MODELS_PMF_KERNEL_H
/* The two inner loops of factor analysis, on eight problems side by side. Private to pmf.
 *
 * Every operation works lane by lane in a fixed order and without fused multiply-add, so that the
 * same source built for SSE2, AVX2 and AVX-512 gives the same bits; qk_pmf_kernel_pick chooses by
 * the processor. All arrays must be aligned to 64 bytes. */
#include <stddef.h>

enum { QK_PMF_LANES = 8, QK_PMF_FACTORS_MAX = 24 };

/* Packed lower triangle of a symmetric matrix of `k` rows, rounded up to whole lanes. */
static inline size_t qk_pmf_tri(size_t a, size_t b)
{
    return a >= b ? a * (a + 1) / 2 + b : b * (b + 1) / 2 + a;
}
static inline size_t qk_pmf_pad(size_t n)
{
    return (n + QK_PMF_LANES - 1) / QK_PMF_LANES * QK_PMF_LANES;
}

/* Eight weighted least-squares problems that share their `depth` rows of regressors. */
typedef struct qk_pmf_block {
    size_t depth, factors;
    const double *w;     /* [depth][8] weights */
    const double *wx;    /* [depth][8] weight times value */
    const double *fixed; /* [depth][pad(k)] regressors, zero behind k */
    const double *outer; /* [depth][pad(k(k+1)/2)] their products, zero behind */
    double floor;        /* least allowed coefficient */
    int passes;          /* most passes of coordinate descent */
    double enough;       /* a pass that lowers no Q by more than this is the last */
} qk_pmf_block;

typedef struct qk_pmf_kernel {
    /* Normal equations a [pad(kk)][8], b [pad(k)][8], then coordinate descent on x [k][8]. */
    void (*solve)(const qk_pmf_block *p, double *a, double *b, double *x);
    /* s[pair][pad] -= sum over four rows r of c[r][pair] * gg[r][pad]. */
    void (*rank4)(double *s, size_t pairs, size_t pad, const double *const c[4],
                  const double *const gg[4]);
    /* c[pair (j, l <= j)] = sum over p of u[p][j] u[p][l]; u is [count][pad], pad = pad(m); c has
     * room for whole lanes behind its last pair. */
    void (*pairs)(double *c, const double *u, size_t count, size_t pad, size_t m);
    void (*axpy)(double *y, double c, const double *x, size_t pad); /* y += c x */
    double (*dot)(const double *a, const double *b, size_t n);      /* any alignment */
    /* out[r] = dot of a with row r of b */
    void (*dot4)(double out[4], const double *a, const double *b, size_t stride, size_t n);
} qk_pmf_kernel;

const qk_pmf_kernel *qk_pmf_kernel_pick(void);
/* One for each build of pmf_kernel.c; those that the target lacks are not there. */
extern const qk_pmf_kernel qk_pmf_kernel_base, qk_pmf_kernel_avx2, qk_pmf_kernel_avx512;
#endif
