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

/* One pass over the coefficients; returns the most that any problem's Q fell by one of them. */
static double descend(const qk_pmf_block *p, const double *a, const double *b, const lanes *inverse,
                      double *x)
{
    lanes best = {0};
    for (size_t i = 0; i < p->factors; i++) {
        lanes slope, old, aii, low;
        load_lanes(&slope, b + i * QK_PMF_LANES);
        for (size_t l = 0; l < p->factors; l++) {
            lanes al, xl;
            load_lanes(&al, a + qk_pmf_tri(i, l) * QK_PMF_LANES);
            load_lanes(&xl, x + l * QK_PMF_LANES);
            slope -= al * xl;
        }
        load_lanes(&old, x + i * QK_PMF_LANES);
        load_lanes(&aii, a + qk_pmf_tri(i, i) * QK_PMF_LANES);
        low = (lanes){0} + p->floor;
        lanes next = old + slope * inverse[i];
        marks keep = next > low;
        next = (lanes)(((marks)next & keep) | ((marks)low & ~keep));
        lanes gain = (next - old) * (next - old) * aii;
        keep = gain > best;
        best = (lanes)(((marks)gain & keep) | ((marks)best & ~keep));
        memcpy(x + i * QK_PMF_LANES, &next, sizeof next);
    }
    return largest(&best);
}

static void solve(const qk_pmf_block *p, double *a, double *b, double *x)
{
    lanes inverse[QK_PMF_FACTORS_MAX];
    size_t k = p->factors;
    sum_products(a, qk_pmf_pad(k * (k + 1) / 2), p->w, p->outer, p->depth);
    sum_products(b, qk_pmf_pad(k), p->wx, p->fixed, p->depth);
    for (size_t i = 0; i < k; i++) {
        lanes aii;
        load_lanes(&aii, a + qk_pmf_tri(i, i) * QK_PMF_LANES);
        marks there = aii > 1e-300;
        lanes inv = 1.0 / aii;
        inverse[i] = (lanes)((marks)inv & there);
    }
    for (int pass = 0; pass < p->passes; pass++)
        if (descend(p, a, b, inverse, x) <= p->enough) return;
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

static void pairs(double *c, const double *w, const double *u, size_t count, size_t m)
{
    for (size_t j = 0; j < m; j++) {
        double *row = c + j * (j + 1) / 2;
        memset(row, 0, (j + 1) * sizeof *row);
        for (size_t p = 0; p < count; p++) {
            const double *up = u + p * m;
            double uj = up[j];
            for (size_t l = 0; l <= j; l++) row[l] += uj * up[l];
        }
        for (size_t l = 0; l <= j; l++) row[l] *= w[j] * w[l];
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
    for (int l = 0; l < QK_PMF_LANES; l++) rest += sum[l];
    return rest;
}

const qk_pmf_kernel QK_PMF_KERNEL = {solve, rank4, pairs, dot};
