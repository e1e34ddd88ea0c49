/* SPDX-License-Identifier: Apache-2.0 */
/* Built once for each instruction set; the build names the table (QK_PMF_KERNEL). */
#include "models/pmf_kernel.h"
#include <stdint.h>
#include <string.h>

typedef double lanes __attribute__((vector_size(64)));
typedef int64_t marks __attribute__((vector_size(64)));

#ifdef __AVX512F__
enum { TILE = 8 };
#else
enum { TILE = 4 };
#endif

static void load_lanes(lanes *out, const double *p)
{
    memcpy(out, p, sizeof *out);
}

/* out[o] = sum over s of w[s] * right[s][o], o = 0 .. width-1; width is a multiple of TILE. */
static void sum_products(double *out, size_t width, const double *w, const double *right,
                         size_t depth)
{
    for (size_t o = 0; o < width; o += TILE) {
        lanes acc[TILE] = {{0}};
        for (size_t s = 0; s < depth; s++) {
            const double *r = right + s * width + o;
            lanes ws;
            load_lanes(&ws, w + s * QK_PMF_LANES);
            for (int t = 0; t < TILE; t++) acc[t] += ws * r[t];
        }
        memcpy(out + o * QK_PMF_LANES, acc, sizeof acc);
    }
}

static double largest(const lanes *v)
{
    double most = 0;
    for (int i = 0; i < QK_PMF_LANES; i++) most = (*v)[i] > most ? (*v)[i] : most;
    return most;
}

/* slope = b - A x */
static void slopes(lanes *slope, size_t k, const double *a, const double *b, const double *x)
{
    for (size_t i = 0; i < k; i++) load_lanes(&slope[i], b + i * QK_PMF_LANES);
    for (size_t l = 0; l < k; l++) {
        lanes xl, al;
        load_lanes(&xl, x + l * QK_PMF_LANES);
        for (size_t i = 0; i < k; i++) {
            load_lanes(&al, a + qk_pmf_tri(i, l) * QK_PMF_LANES);
            slope[i] -= al * xl;
        }
    }
}

/* One pass over the coefficients; returns the most that any problem's Q fell by one of them. The
 * slopes follow each coefficient as it moves: those products do not wait for one another, as the
 * terms of one slope's sum would. */
static double descend(const qk_pmf_block *p, const double *a, lanes *slope, const lanes *inverse,
                      double *x)
{
    lanes best = {0}, low = (lanes){0} + p->floor;
    size_t k = p->factors;
    for (size_t i = 0; i < k; i++) {
        lanes old, al;
        const double *row = a + i * (i + 1) / 2 * QK_PMF_LANES, *column = a + i * QK_PMF_LANES;
        load_lanes(&old, x + i * QK_PMF_LANES);
        load_lanes(&al, row + i * QK_PMF_LANES);
        lanes next = old + slope[i] * inverse[i];
        marks keep = next > low;
        next = (lanes)(((marks)next & keep) | ((marks)low & ~keep));
        lanes moved = next - old, gain = moved * moved * al;
        keep = gain > best;
        best = (lanes)(((marks)gain & keep) | ((marks)best & ~keep));
        memcpy(x + i * QK_PMF_LANES, &next, sizeof next);
        for (size_t l = 0; l <= i; l++) {
            load_lanes(&al, row + l * QK_PMF_LANES);
            slope[l] -= al * moved;
        }
        for (size_t l = i + 1; l < k; l++) {
            load_lanes(&al, column + l * (l + 1) / 2 * QK_PMF_LANES);
            slope[l] -= al * moved;
        }
    }
    return largest(&best);
}

static void solve(const qk_pmf_block *p, double *a, double *b, double *x)
{
    lanes inverse[QK_PMF_FACTORS_MAX], slope[QK_PMF_FACTORS_MAX];
    size_t k = p->factors;
    sum_products(a, qk_pmf_pad(k * (k + 1) / 2), p->w, p->outer, p->depth);
    sum_products(b, qk_pmf_pad(k), p->wx, p->fixed, p->depth);
    if (p->passes == 0) return;
    for (size_t i = 0; i < k; i++) {
        lanes aii;
        load_lanes(&aii, a + qk_pmf_tri(i, i) * QK_PMF_LANES);
        marks there = aii > 1e-300;
        lanes inv = 1.0 / aii;
        inverse[i] = (lanes)((marks)inv & there);
    }
    slopes(slope, k, a, b, x);
    for (int pass = 0; pass < p->passes; pass++)
        if (descend(p, a, slope, inverse, x) <= p->enough) return;
}

static void rank4(double *s, size_t pairs, size_t pad, const double *const c[4],
                  const double *const gg[4])
{
    for (size_t p = 0; p < pairs; p++) {
        double c0 = c[0][p], c1 = c[1][p], c2 = c[2][p], c3 = c[3][p];
        double *row = s + p * pad;
        for (size_t o = 0; o < pad; o += QK_PMF_LANES) {
            lanes sum, g0, g1, g2, g3;
            load_lanes(&sum, row + o);
            load_lanes(&g0, gg[0] + o);
            load_lanes(&g1, gg[1] + o);
            load_lanes(&g2, gg[2] + o);
            load_lanes(&g3, gg[3] + o);
            sum -= (g0 * c0 + g1 * c1) + (g2 * c2 + g3 * c3);
            memcpy(row + o, &sum, sizeof sum);
        }
    }
}

/* Whole lanes are written: what spills over a row's end, the next row writes over. */
static void pairs(double *c, const double *u, size_t count, size_t pad, size_t m)
{
    for (size_t j = 0; j < m; j++) {
        double *row = c + j * (j + 1) / 2;
        for (size_t l = 0; l <= j; l += QK_PMF_LANES) {
            lanes sum = {0}, ul;
            for (size_t p = 0; p < count; p++) {
                load_lanes(&ul, u + p * pad + l);
                sum += ul * u[p * pad + j];
            }
            memcpy(row + l, &sum, sizeof sum);
        }
    }
}

static void axpy(double *y, double c, const double *x, size_t pad)
{
    for (size_t i = 0; i < pad; i += QK_PMF_LANES) {
        lanes yi, xi;
        load_lanes(&yi, y + i);
        load_lanes(&xi, x + i);
        yi += c * xi;
        memcpy(y + i, &yi, sizeof yi);
    }
}

static double sum_lanes(const lanes *v)
{
    double sum = 0;
    for (int l = 0; l < QK_PMF_LANES; l++) sum += (*v)[l];
    return sum;
}

static void dot4(double out[4], const double *a, const double *b, size_t stride, size_t n)
{
    lanes sum[4] = {{0}};
    size_t i = 0;
    for (; i + QK_PMF_LANES <= n; i += QK_PMF_LANES) {
        lanes x, y;
        load_lanes(&x, a + i);
        for (size_t r = 0; r < 4; r++) {
            load_lanes(&y, b + r * stride + i);
            sum[r] += x * y;
        }
    }
    for (size_t r = 0; r < 4; r++) {
        out[r] = sum_lanes(&sum[r]);
        for (size_t j = i; j < n; j++) out[r] += a[j] * b[r * stride + j];
    }
}

static double dot(const double *a, const double *b, size_t n)
{
    lanes sum = {0};
    double rest = 0;
    size_t i = 0;
    for (; i + QK_PMF_LANES <= n; i += QK_PMF_LANES) {
        lanes x, y;
        load_lanes(&x, a + i);
        load_lanes(&y, b + i);
        sum += x * y;
    }
    for (; i < n; i++) rest += a[i] * b[i];
    return rest + sum_lanes(&sum);
}

const qk_pmf_kernel QK_PMF_KERNEL = {solve, rank4, pairs, axpy, dot, dot4};
