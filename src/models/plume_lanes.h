/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_PLUME_LANES_H
#define QK_MODELS_PLUME_LANES_H
/* Several doubles at once, for the kernels of the plume: as many as the instruction set of this
 * compilation holds. Each lane is computed as if it stood alone, with additions, multiplications,
 * divisions and square roots only, so that a value depends neither on its neighbours nor on the
 * width. The functions are good to 1e-12 within the ranges given; there is no NAN in here. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined __AVX512F__ && defined __AVX512DQ__
#include <immintrin.h>
enum { LANES = 8 };
#elif defined __AVX2__
#include <immintrin.h>
enum { LANES = 4 };
#else
enum { LANES = 2 };
#endif

typedef double lanes __attribute__((vector_size(8 * LANES)));
typedef int64_t masks __attribute__((vector_size(8 * LANES))); /* all ones or all zeros */

#if defined __AVX512F__ && defined __AVX512DQ__
static inline lanes larger_of(lanes a, lanes b)
{
    return (lanes)_mm512_max_pd((__m512d)a, (__m512d)b);
}

static inline lanes smaller_of(lanes a, lanes b)
{
    return (lanes)_mm512_min_pd((__m512d)a, (__m512d)b);
}

static inline lanes pick(masks m, lanes a, lanes b)
{
    __mmask8 k = _mm512_movepi64_mask((__m512i)m);
    return (lanes)_mm512_mask_blend_pd(k, (__m512d)b, (__m512d)a);
}

static inline bool any_of(masks m)
{
    return _mm512_movepi64_mask((__m512i)m) != 0;
}

static inline lanes gather(const double *from, masks at)
{
    return (lanes)_mm512_i64gather_pd((__m512i)at, from, 8);
}

static inline masks gather_bits(const int64_t *from, masks at)
{
    return (masks)_mm512_i64gather_epi64((__m512i)at, from, 8);
}
#elif defined __AVX2__
static inline lanes root_of(lanes v)
{
    return (lanes)_mm256_sqrt_pd((__m256d)v);
}

static inline lanes larger_of(lanes a, lanes b)
{
    return (lanes)_mm256_max_pd((__m256d)a, (__m256d)b);
}

static inline lanes smaller_of(lanes a, lanes b)
{
    return (lanes)_mm256_min_pd((__m256d)a, (__m256d)b);
}

static inline lanes pick(masks m, lanes a, lanes b)
{
    return (lanes)_mm256_blendv_pd((__m256d)b, (__m256d)a, (__m256d)m);
}

static inline bool any_of(masks m)
{
    return _mm256_movemask_pd((__m256d)m) != 0;
}

static inline lanes gather(const double *from, masks at)
{
    return (lanes)_mm256_i64gather_pd(from, (__m256i)at, 8);
}

static inline masks gather_bits(const int64_t *from, masks at)
{
    return (masks)_mm256_i64gather_epi64((const long long *)from, (__m256i)at, 8);
}
#else
static inline lanes root_of(lanes v)
{
    for (int l = 0; l < LANES; l++) v[l] = sqrt(v[l]);
    return v;
}

static inline lanes pick(masks m, lanes a, lanes b)
{
    return (lanes)((m & (masks)a) | (~m & (masks)b));
}

static inline lanes larger_of(lanes a, lanes b)
{
    return pick(a > b, a, b);
}

static inline lanes smaller_of(lanes a, lanes b)
{
    return pick(a < b, a, b);
}

static inline bool any_of(masks m)
{
    int64_t some = 0;
    for (int l = 0; l < LANES; l++) some |= m[l];
    return some != 0;
}

static inline lanes gather(const double *from, masks at)
{
    lanes v = {0};
    for (int l = 0; l < LANES; l++) v[l] = from[at[l]];
    return v;
}

static inline masks gather_bits(const int64_t *from, masks at)
{
    masks v = {0};
    for (int l = 0; l < LANES; l++) v[l] = from[at[l]];
    return v;
}
#endif

static inline lanes splat(double v)
{
    return v - (lanes){0};
}

static inline lanes keep(masks m, lanes v)
{
    return (lanes)(m & (masks)v);
}

static inline lanes load(const double *from)
{
    lanes v;
    memcpy(&v, from, sizeof v);
    return v;
}

static inline void store(double *to, lanes v)
{
    memcpy(to, &v, sizeof v);
}

static inline lanes at_least(lanes v, double floor)
{
    return larger_of(v, splat(floor));
}

static inline lanes at_most(lanes v, double top)
{
    return smaller_of(v, splat(top));
}

/* Of a number within 1e-300 .. 1e300 either side of 0. Where the machine estimates it to 14 bits,
 * Newton's step twice, which is a third of the time of its division. */
static inline lanes inverse_of(lanes v)
{
#if defined __AVX512F__ && defined __AVX512DQ__
    lanes y = (lanes)_mm512_rcp14_pd((__m512d)v);
    y += y * (1 - v * y);
    return y + y * (1 - v * y);
#else
    return 1 / v;
#endif
}

static inline lanes over(lanes a, lanes b)
{
#if defined __AVX512F__ && defined __AVX512DQ__
    return a * inverse_of(b);
#else
    return a / b;
#endif
}

/* Square root (of 1e-300 below that) and its inverse. */
static inline lanes roots_of(lanes v, lanes *inverse)
{
#if defined __AVX512F__ && defined __AVX512DQ__
    v = at_least(v, 1e-300);
    lanes y = (lanes)_mm512_rsqrt14_pd((__m512d)v), root = v * y, half = 0.5 * y;
    for (int i = 0; i < 2; i++) {
        lanes off = 0.5 - half * root;
        root += root * off;
        half += half * off;
    }
    *inverse = 2 * half;
    return root;
#else
    lanes root = root_of(at_least(v, 1e-300));
    *inverse = 1 / root;
    return root;
#endif
}

static inline lanes lanes_sqrt(lanes v)
{
#if defined __AVX512F__ && defined __AVX512DQ__
    lanes inverse;
    return roots_of(v, &inverse);
#else
    return root_of(at_least(v, 0));
#endif
}

#define LANES_SHIFT 0x1.8p52 /* added, the nearest integer stands in the low bits */

/* Within (-700, 700): 2^k times a polynomial of half a step of ln 2. */
static inline lanes lanes_exp(lanes v)
{
    lanes k = v * 1.4426950408889634074 + LANES_SHIFT;
    masks power = ((masks)k + 1023) << 52;
    k -= LANES_SHIFT;
    lanes r = v - k * 0x1.62e42fefa3800p-1 - k * 0x1.ef35793c76730p-45;
    lanes p = r * (1.0 / 3628800) + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r + 1;
    p = p * r + 1;
    return p * (lanes)power;
}

/* Of a normal number above 0: exponent, and the series of atanh on [sqrt 1/2, sqrt 2). */
static inline lanes lanes_log(lanes v)
{
    const int64_t half = 0x3fe6a09e667f3bcd; /* sqrt(1/2) */
    masks bits = (masks)v, above = bits - half;
    masks power = above & ~(((int64_t)1 << 52) - 1);
    lanes m = (lanes)(bits - power);
    masks shifted = (power >> 52) + 0x4338000000000000; /* the bits of LANES_SHIFT */
    lanes k = (lanes)shifted - LANES_SHIFT;
    lanes f = over(m - 1, m + 1), f2 = f * f;
    lanes p = f2 * (1.0 / 17) + 1.0 / 15;
    p = p * f2 + 1.0 / 13;
    p = p * f2 + 1.0 / 11;
    p = p * f2 + 1.0 / 9;
    p = p * f2 + 1.0 / 7;
    p = p * f2 + 1.0 / 5;
    p = p * f2 + 1.0 / 3;
    p = p * f2 + 1;
    return 2 * f * p + k * 0.69314718055994530942;
}

/* Of a normal number above 0: a third of the exponent, then Halley's step twice. */
static inline lanes lanes_cbrt(lanes v)
{
    /* the leading half as a number, so that it can be divided by three */
    masks high = (masks)((uint64_t)0x4330000000000000 | (masks)((masks)v >> 32));
    lanes third = ((lanes)high - 0x1p52) * (1.0 / 3) + 715094163.0;
    lanes y = (lanes)((masks)(third + 0x1p52) << 32);
    for (int i = 0; i < 2; i++) {
        lanes cube = y * y * y;
        y = over(y * (cube + 2 * v), 2 * cube + v);
    }
    return y;
}

/* Of an angle within [0, pi]. */
static inline void lanes_sincos(lanes angle, lanes *sine, lanes *cosine)
{
    lanes t = angle - M_PI_2, t2 = t * t;
    lanes s = t2 * (1.0 / 355687428096000) - 1.0 / 1307674368000;
    s = s * t2 + 1.0 / 6227020800;
    s = s * t2 - 1.0 / 39916800;
    s = s * t2 + 1.0 / 362880;
    s = s * t2 - 1.0 / 5040;
    s = s * t2 + 1.0 / 120;
    s = s * t2 - 1.0 / 6;
    *cosine = -(t + t * t2 * s);
    lanes c = t2 * (-1.0 / 6402373705728000) + 1.0 / 20922789888000;
    c = c * t2 - 1.0 / 87178291200;
    c = c * t2 + 1.0 / 479001600;
    c = c * t2 - 1.0 / 3628800;
    c = c * t2 + 1.0 / 40320;
    c = c * t2 - 1.0 / 720;
    c = c * t2 + 1.0 / 24;
    c = c * t2 - 0.5;
    *sine = 1 + t2 * c;
}
#endif
