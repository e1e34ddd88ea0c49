/* SPDX-License-Identifier: Apache-2.0 */
/* Built once for each instruction set; the build names the table (QK_DENSE_KERNEL). */
#include "models/dense.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef double lanes __attribute__((vector_size(64)));
typedef int64_t marks __attribute__((vector_size(64)));
enum { LANES = 8 };

#ifdef __AVX512F__
enum { TILE = 8 };
#else
enum { TILE = 4 };
#endif

static void load_lanes(lanes *out, const double *p)
{
    memcpy(out, p, sizeof *out);
}

static void store_lanes(double *p, const lanes *v)
{
    memcpy(p, v, sizeof *v);
}

static double sum_lanes(const lanes *v)
{
    double sum = 0;
    for (int l = 0; l < LANES; l++) sum += (*v)[l];
    return sum;
}

static double dot(const double *a, const double *b, size_t n)
{
    lanes sum = {0};
    double rest = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes x, y;
        load_lanes(&x, a + i);
        load_lanes(&y, b + i);
        sum += x * y;
    }
    for (; i < n; i++) rest += a[i] * b[i];
    return sum_lanes(&sum) + rest;
}

/* Four rows at a time: one sum alone waits for its own additions. */
static void dot_four(double *out, const double *a, const double *b, size_t stride, size_t n)
{
    lanes sum[4] = {{0}};
    double rest[4] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes x, y;
        load_lanes(&x, a + i);
        for (size_t r = 0; r < 4; r++) {
            load_lanes(&y, b + r * stride + i);
            sum[r] += x * y;
        }
    }
    for (; i < n; i++)
        for (size_t r = 0; r < 4; r++) rest[r] += a[i] * b[r * stride + i];
    for (size_t r = 0; r < 4; r++) out[r] = sum_lanes(&sum[r]) + rest[r];
}

static void dots(double *out, const double *a, const double *b, size_t stride, size_t rows,
                 size_t n)
{
    size_t r = 0;
    for (; r + 4 <= rows; r += 4) dot_four(out + r, a, b + r * stride, stride, n);
    for (; r < rows; r++) out[r] = dot(a, b + r * stride, n);
}

static void axpy(double *y, double t, const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += t * x[i];
}

static void rotate(double *a, double *b, double c, double s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double p = a[i], q = b[i];
        b[i] = s * p + c * q;
        a[i] = c * p - s * q;
    }
}

static void product_strip(double *c, const double *a, const double *b, size_t rows, size_t depth,
                          size_t cols)
{
    size_t r = 0;
    for (; r + TILE <= rows; r += TILE) {
        lanes acc[TILE] = {{0}};
        for (size_t s = 0; s < depth; s++) {
            lanes right;
            load_lanes(&right, b + s * cols);
            for (size_t t = 0; t < TILE; t++) acc[t] += right * a[(r + t) * depth + s];
        }
        for (size_t t = 0; t < TILE; t++) store_lanes(c + (r + t) * cols, &acc[t]);
    }
    for (; r < rows; r++) {
        lanes acc = {0};
        for (size_t s = 0; s < depth; s++) {
            lanes right;
            load_lanes(&right, b + s * cols);
            acc += right * a[r * depth + s];
        }
        store_lanes(c + r * cols, &acc);
    }
}

static void product(double *c, const double *a, const double *b, size_t rows, size_t depth,
                    size_t cols)
{
    for (size_t o = 0; o < cols; o += LANES) product_strip(c + o, a, b + o, rows, depth, cols);
}

/* log of positive normal numbers: x = 2^k m, m in [sqrt(1/2), sqrt(2)), log m = 2
 * atanh((m-1)/(m+1)) by its series; within 2 units in the last place of log. */
static inline void log_lanes(lanes *out, const lanes *x)
{
    marks bits;
    lanes m, k = {0};
    memcpy(&bits, x, sizeof bits);
    marks above = bits - 0x3FE6A09E667F3BCD;
    marks shift = above >> 52;
    bits -= shift << 52;
    memcpy(&m, &bits, sizeof m);
    for (int l = 0; l < LANES; l++) k[l] = (double)shift[l];
    lanes s = (m - 1.0) / (m + 1.0), q = s * s;
    lanes p = q * (1.0 / 21) + 1.0 / 19;
    p = p * q + 1.0 / 17;
    p = p * q + 1.0 / 15;
    p = p * q + 1.0 / 13;
    p = p * q + 1.0 / 11;
    p = p * q + 1.0 / 9;
    p = p * q + 1.0 / 7;
    p = p * q + 1.0 / 5;
    p = p * q + 1.0 / 3;
    *out = k * 0.6931471805599453094 + 2.0 * s * (1.0 + q * p);
}

/* exp of what lies in [-700, 0]: 2^k times the series of the rest within half a step. */
static inline void exp_lanes(lanes *out, const lanes *x)
{
    const lanes magic = (lanes){0} + 0x1.8p52;
    lanes t = *x * 1.4426950408889634074 + magic;
    marks bits;
    memcpy(&bits, &t, sizeof bits);
    lanes k = t - magic, r = *x - k * 0.693145751953125 - k * 1.42860682030941723212e-6;
    lanes p = r * (1.0 / 479001600) + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    bits = (bits << 52) + 0x3FF0000000000000;
    lanes power;
    memcpy(&power, &bits, sizeof power);
    *out = p * power;
}

static inline void plate_lanes(lanes *out, const double *x, const double *y, double px, double py)
{
    lanes dx, dy, lg;
    load_lanes(&dx, x);
    load_lanes(&dy, y);
    dx -= px;
    dy -= py;
    lanes r2 = dx * dx + dy * dy;
    marks there = r2 > 1e-290;
    lanes safe = (lanes)(((marks)r2 & there) | ((marks)((lanes){0} + 1.0) & ~there));
    log_lanes(&lg, &safe);
    *out = safe * lg;
}

static void thin_plate(double *out, const double *x, const double *y, double px, double py,
                       size_t n)
{
    for (size_t i = 0; i < n; i += LANES) {
        lanes v;
        plate_lanes(&v, x + i, y + i, px, py);
        store_lanes(out + i, &v);
    }
}

static double thin_plate_sum(const double *weight, const double *x, const double *y, double px,
                             double py, size_t n)
{
    lanes sum = {0};
    for (size_t i = 0; i < n; i += LANES) {
        lanes v, w;
        plate_lanes(&v, x + i, y + i, px, py);
        load_lanes(&w, weight + i);
        sum += w * v;
    }
    return sum_lanes(&sum);
}

static void kernel_mean(double out[2], const double *value, const double *x, const double *y,
                        const double at[2], const double a[2], size_t n)
{
    const lanes half = (lanes){0} + 180.0, floor = (lanes){0} - 700.0;
    lanes sum = {0}, weighted = {0};
    for (size_t i = 0; i < n; i += LANES) {
        lanes dx, dy, v, e;
        load_lanes(&dx, x + i);
        load_lanes(&dy, y + i);
        load_lanes(&v, value + i);
        dx = (dx - at[0]) * a[0];
        dy -= at[1];
        marks neg = dy < 0;
        dy = (lanes)(((marks)(-dy) & neg) | ((marks)dy & ~neg));
        marks wrap = dy > half;
        dy = (lanes)(((marks)(360.0 - dy) & wrap) | ((marks)dy & ~wrap)) * a[1];
        lanes q = -(dx * dx) - dy * dy;
        marks low = q < floor;
        q = (lanes)(((marks)floor & low) | ((marks)q & ~low));
        exp_lanes(&e, &q);
        sum += e;
        weighted += e * v;
    }
    out[0] = sum_lanes(&sum);
    out[1] = sum_lanes(&weighted);
}

const qk_dense_kernel QK_DENSE_KERNEL = {dot,     dots,       axpy,           rotate,
                                         product, thin_plate, thin_plate_sum, kernel_mean};
