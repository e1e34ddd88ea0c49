/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/ratio.h"
#include <math.h>

__extension__ typedef unsigned __int128 wide;

static wide magnitude_of(qk_i128 n)
{
    return n < 0 ? -(wide)n : (wide)n;
}

static wide gcd_of(wide a, wide b)
{
    while (b) {
        wide r = a % b;
        a = b;
        b = r;
    }
    return a;
}

static qk_ratio overflown(void)
{
    return (qk_ratio){0, 0, true};
}

qk_ratio qk_ratio_of(qk_i128 num, qk_i128 den)
{
    if (den == 0) return QK_RATIO_NONE;
    qk_i128 g = (qk_i128)gcd_of(magnitude_of(num), magnitude_of(den));
    if (den < 0) g = -g;
    return (qk_ratio){num / g, den / g, false};
}

qk_ratio qk_ratio_int(int64_t n)
{
    return (qk_ratio){n, 1, false};
}

qk_ratio qk_ratio_dec(qk_dec d)
{
    qk_i128 den = 1;
    for (int32_t i = 0; i < d.scale; i++) den *= 10;
    return qk_ratio_of(d.mantissa, den);
}

/* Not there, for the reason either operand gives. */
static qk_ratio lacking(qk_ratio a, qk_ratio b)
{
    return (qk_ratio){0, 0, a.overflow || b.overflow};
}

qk_ratio qk_ratio_add(qk_ratio a, qk_ratio b)
{
    qk_i128 x, y, sum, den;
    if (!a.den || !b.den) return lacking(a, b);
    qk_i128 g = (qk_i128)gcd_of((wide)a.den, (wide)b.den);
    if (__builtin_mul_overflow(a.num, b.den / g, &x) ||
        __builtin_mul_overflow(b.num, a.den / g, &y) || __builtin_add_overflow(x, y, &sum) ||
        __builtin_mul_overflow(a.den, b.den / g, &den))
        return overflown();
    return qk_ratio_of(sum, den);
}

qk_ratio qk_ratio_sub(qk_ratio a, qk_ratio b)
{
    b.num = -b.num;
    return qk_ratio_add(a, b);
}

qk_ratio qk_ratio_mul(qk_ratio a, qk_ratio b)
{
    qk_i128 num, den;
    if (!a.den || !b.den) return lacking(a, b);
    qk_ratio across = qk_ratio_of(a.num, b.den);
    qk_ratio other = qk_ratio_of(b.num, a.den);
    if (__builtin_mul_overflow(across.num, other.num, &num) ||
        __builtin_mul_overflow(across.den, other.den, &den))
        return overflown();
    return (qk_ratio){num, den, false};
}

qk_ratio qk_ratio_div(qk_ratio a, qk_ratio b)
{
    if (!a.den || !b.den) return lacking(a, b);
    return qk_ratio_mul(a, qk_ratio_of(b.den, b.num));
}

static qk_i128 floor_div(qk_i128 num, qk_i128 den)
{
    qk_i128 q = num / den;
    return num % den < 0 ? q - 1 : q;
}

/* By continued fractions, which never overflow. */
int qk_ratio_cmp(qk_ratio a, qk_ratio b)
{
    int sign = 1;
    for (;;) {
        qk_i128 p = floor_div(a.num, a.den);
        qk_i128 q = floor_div(b.num, b.den);
        if (p != q) return p < q ? -sign : sign;
        qk_i128 r = a.num - p * a.den;
        qk_i128 s = b.num - q * b.den;
        if (r == 0 || s == 0) return r == s ? 0 : (r == 0 ? -sign : sign);
        a = (qk_ratio){a.den, r, false};
        b = (qk_ratio){b.den, s, false};
        sign = -sign;
    }
}

qk_code qk_ratio_round(qk_dec *out, qk_ratio r, int32_t scale)
{
    if (!r.den) return r.overflow ? QK_ERANGE : QK_EINVAL;
    return qk_dec_ratio(out, r.num, r.den, scale);
}

/* Sign of 4 v / 4^0 against (2 root + 1)^2: is sqrt(num/den) below, at or above root + 1/2? */
static bool half_step(int *sign, qk_i128 root, qk_ratio v)
{
    qk_i128 odd = 2 * root + 1;
    qk_i128 square, left, right;
    if (__builtin_mul_overflow(odd, odd, &square)) return false;
    if (__builtin_mul_overflow(square, v.den, &left)) return false;
    if (__builtin_mul_overflow(v.num, 4, &right)) return false;
    *sign = (right > left) - (right < left);
    return true;
}

qk_code qk_ratio_sqrt(qk_dec *out, qk_ratio r, int32_t scale)
{
    if (!r.den) return r.overflow ? QK_ERANGE : QK_EINVAL;
    if (r.num < 0) return QK_EINVAL;
    qk_ratio v = r;
    for (int32_t i = 0; i < scale; i++) v = qk_ratio_mul(v, qk_ratio_int(100));
    if (!v.den) return QK_ERANGE;
    long double guess = sqrtl((long double)v.num / (long double)v.den);
    if (guess > 9e17L) return QK_ERANGE;
    qk_i128 root = (qk_i128)guess;
    int above;
    /* root ends as the integer nearest to the true square root, even at a tie. */
    for (;;) {
        if (!half_step(&above, root, v)) return QK_ERANGE;
        if (above < 0 || (above == 0 && root % 2 == 0)) break;
        root++;
    }
    while (root > 0) {
        if (!half_step(&above, root - 1, v)) return QK_ERANGE;
        if (above > 0 || (above == 0 && root % 2 == 0)) break;
        root--;
    }
    *out = (qk_dec){(int64_t)root, scale};
    return QK_OK;
}

double qk_ratio_f64(qk_ratio r)
{
    return r.den ? (double)((long double)r.num / (long double)r.den) : (double)NAN;
}
