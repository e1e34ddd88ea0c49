/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"
#include <assert.h>

__extension__ typedef unsigned __int128 u128;

#define I128_MAX ((qk_i128)(~(u128)0 >> 1))

const int64_t qk_power_of_ten[QK_DEC_SCALE_MAX + 1] = {1,
                                                       10,
                                                       100,
                                                       1000,
                                                       10000,
                                                       100000,
                                                       1000000,
                                                       10000000,
                                                       100000000,
                                                       1000000000,
                                                       10000000000,
                                                       100000000000,
                                                       1000000000000,
                                                       10000000000000,
                                                       100000000000000,
                                                       1000000000000000,
                                                       10000000000000000,
                                                       100000000000000000,
                                                       1000000000000000000};

static int64_t power_of_ten(int32_t exponent)
{
    assert(exponent >= 0 && exponent <= QK_DEC_SCALE_MAX);
    return qk_power_of_ten[exponent];
}

static bool scale_valid(int32_t scale)
{
    return scale >= 0 && scale <= QK_DEC_SCALE_MAX;
}

static qk_code narrow_to(qk_dec *out, qk_i128 mantissa, int32_t scale)
{
    if (mantissa > INT64_MAX || mantissa < INT64_MIN) return QK_ERANGE;
    *out = (qk_dec){(int64_t)mantissa, scale};
    return QK_OK;
}

/* Gives up zeros at the end, and nothing else, until the number fits. */
static qk_code fit_to(qk_dec *out, qk_i128 mantissa, int64_t scale)
{
    while (scale > 0 && mantissa % 10 == 0 &&
           (scale > QK_DEC_SCALE_MAX || mantissa > INT64_MAX || mantissa < INT64_MIN)) {
        if (mantissa == 0) scale = QK_DEC_SCALE_MAX + 1;
        mantissa /= 10;
        scale--;
    }
    if (scale > QK_DEC_SCALE_MAX) return QK_ERANGE;
    return narrow_to(out, mantissa, (int32_t)scale);
}

typedef struct decimal_text {
    qk_i128 mantissa;
    int64_t scale;
    bool over; /* more digits than 128 bits hold */
    qk_str rest;
} decimal_text;

/* Sign, digits and one point; what follows is left in rest. */
static qk_code read_decimal(decimal_text *d, qk_str s)
{
    bool minus = s.len > 0 && s.ptr[0] == '-';
    size_t at = minus || (s.len > 0 && s.ptr[0] == '+');
    bool point = false, any = false;
    *d = (decimal_text){0};
    for (; at < s.len; at++) {
        char c = s.ptr[at];
        if (qk_is_digit(c)) {
            any = true;
            d->scale += point;
            if (d->mantissa > (I128_MAX - 9) / 10)
                d->over = true;
            else
                d->mantissa = d->mantissa * 10 + (c - '0');
        } else if (c == '.' && !point) {
            point = true;
        } else {
            break;
        }
    }
    if (!any) return QK_EFORMAT;
    if (minus) d->mantissa = -d->mantissa;
    d->rest = (qk_str){s.ptr + at, s.len - at};
    return QK_OK;
}

qk_code qk_dec_parse(qk_dec *out, qk_str text)
{
    decimal_text d;
    QK_TRY(read_decimal(&d, text));
    if (d.rest.len > 0) return QK_EFORMAT;
    if (d.over || d.scale > QK_DEC_SCALE_MAX) return QK_ERANGE;
    return narrow_to(out, d.mantissa, (int32_t)d.scale);
}

qk_code qk_dec_parse_e(qk_dec *out, qk_str text)
{
    decimal_text d;
    int64_t exponent = 0;
    QK_TRY(read_decimal(&d, text));
    if (d.rest.len > 0) {
        if ((d.rest.ptr[0] | 32) != 'e') return QK_EFORMAT;
        QK_TRY(qk_parse_i64(&exponent, (qk_str){d.rest.ptr + 1, d.rest.len - 1}));
    }
    if (d.over || exponent > INT32_MAX || exponent < INT32_MIN) return QK_ERANGE;
    d.scale -= exponent;
    if (d.mantissa == 0 && d.scale < 0) d.scale = 0;
    while (d.scale < 0) {
        if (__builtin_mul_overflow(d.mantissa, (qk_i128)10, &d.mantissa)) return QK_ERANGE;
        d.scale++;
    }
    return fit_to(out, d.mantissa, d.scale);
}

char *qk_dec_format(char out[QK_DEC_TEXT], qk_dec d)
{
    assert(scale_valid(d.scale));
    char digits[QK_DEC_TEXT];
    uint64_t rest = d.mantissa < 0 ? 0 - (uint64_t)d.mantissa : (uint64_t)d.mantissa;
    int32_t count = 0;
    do {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0 || count <= d.scale);
    char *at = out;
    if (d.mantissa < 0) *at++ = '-';
    while (count > 0) {
        *at++ = digits[--count];
        if (count == d.scale && count > 0) *at++ = '.';
    }
    *at = '\0';
    return out;
}

double qk_dec_f64(qk_dec d)
{
    int64_t exact = (int64_t)1 << 53;
    if (d.mantissa >= -exact && d.mantissa <= exact) {
        return (double)d.mantissa / (double)power_of_ten(d.scale);
    }
    char text[QK_DEC_TEXT];
    double value = 0;
    qk_code code = qk_parse_f64(&value, qk_str_of(qk_dec_format(text, d)));
    assert(code == QK_OK);
    (void)code;
    return value;
}

static qk_i128 mantissa_at(qk_dec d, int32_t scale)
{
    return (qk_i128)d.mantissa * power_of_ten(scale - d.scale);
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

int qk_dec_cmp(qk_dec a, qk_dec b)
{
    int32_t scale = larger(a.scale, b.scale);
    qk_i128 x = mantissa_at(a, scale), y = mantissa_at(b, scale);
    return (x > y) - (x < y);
}

bool qk_dec_same(qk_dec a, qk_dec b)
{
    return a.mantissa == b.mantissa && a.scale == b.scale;
}

qk_dec qk_dec_trim(qk_dec d)
{
    while (d.scale > 0 && d.mantissa % 10 == 0) {
        d.mantissa /= 10;
        d.scale--;
    }
    return d;
}

static u128 size_of(qk_i128 v)
{
    return v < 0 ? 0 - (u128)v : (u128)v;
}

/* Half to even: the digit before is raised when the remainder is more than half of the divisor, or
 * just half and that digit is odd (GB/T 8170-2008, 3.2). */
static bool rounds_up(u128 quotient, u128 remainder, u128 divisor)
{
    u128 other = divisor - remainder;
    return remainder > other || (remainder == other && (quotient & 1));
}

qk_code qk_dec_round(qk_dec *out, qk_dec d, int32_t scale)
{
    if (!scale_valid(scale) || !scale_valid(d.scale)) return QK_EINVAL;
    if (scale >= d.scale) return narrow_to(out, mantissa_at(d, scale), scale);
    return qk_dec_ratio(out, d.mantissa, power_of_ten(d.scale - scale), 0) == QK_OK
               ? (out->scale = scale, QK_OK)
               : QK_ERANGE;
}

qk_code qk_dec_add(qk_dec *out, qk_dec a, qk_dec b)
{
    int32_t scale = larger(a.scale, b.scale);
    return narrow_to(out, mantissa_at(a, scale) + mantissa_at(b, scale), scale);
}

qk_code qk_dec_sub(qk_dec *out, qk_dec a, qk_dec b)
{
    int32_t scale = larger(a.scale, b.scale);
    return narrow_to(out, mantissa_at(a, scale) - mantissa_at(b, scale), scale);
}

qk_code qk_dec_mul(qk_dec *out, qk_dec a, qk_dec b)
{
    return fit_to(out, (qk_i128)a.mantissa * b.mantissa, (int64_t)a.scale + b.scale);
}

/* 10 * *remainder / divisor, for divisors too large to multiply: by doubling and taking off. */
static unsigned next_digit(u128 *remainder, u128 divisor)
{
    u128 r = *remainder;
    if (r <= ~(u128)0 / 10) {
        *remainder = r * 10 % divisor;
        return (unsigned)(r * 10 / divisor);
    }
    unsigned digit = 0;
    u128 sum = 0;
    for (int bit = 3; bit >= 0; bit--) {
        digit *= 2;
        sum *= 2;
        if (sum >= divisor) sum -= divisor, digit++;
        if (10u >> bit & 1) sum += r;
        if (sum >= divisor) sum -= divisor, digit++;
    }
    *remainder = sum;
    return digit;
}

qk_code qk_dec_ratio(qk_dec *out, qk_i128 numerator, qk_i128 denominator, int32_t scale)
{
    if (denominator == 0 || !scale_valid(scale)) return QK_EINVAL;
    bool minus = (numerator < 0) != (denominator < 0);
    u128 divisor = size_of(denominator);
    u128 quotient = size_of(numerator) / divisor;
    u128 remainder = size_of(numerator) % divisor;
    for (int32_t i = 0; i < scale; i++) {
        if (quotient > (u128)INT64_MAX) return QK_ERANGE;
        quotient = quotient * 10 + next_digit(&remainder, divisor);
    }
    quotient += rounds_up(quotient, remainder, divisor);
    if (quotient > (u128)INT64_MAX + minus) return QK_ERANGE;
    return narrow_to(out, minus ? -(qk_i128)quotient : (qk_i128)quotient, scale);
}

qk_code qk_dec_ceil_ratio(int64_t *out, qk_i128 numerator, qk_i128 denominator)
{
    if (denominator == 0) return QK_EINVAL;
    bool minus = (numerator < 0) != (denominator < 0);
    u128 divisor = size_of(denominator);
    u128 quotient = size_of(numerator) / divisor;
    if (!minus && size_of(numerator) % divisor != 0) quotient++;
    if (quotient > (u128)INT64_MAX + minus) return QK_ERANGE;
    *out = (int64_t)(minus ? -(qk_i128)quotient : (qk_i128)quotient);
    return QK_OK;
}

void qk_dec_sum_init(qk_dec_sum *sum)
{
    *sum = (qk_dec_sum){0};
}

qk_code qk_dec_sum_add(qk_dec_sum *sum, qk_dec d)
{
    if (!scale_valid(d.scale)) return QK_EINVAL;
    int32_t scale = larger(sum->scale, d.scale);
    qk_i128 total;
    if (__builtin_mul_overflow(sum->mantissa, (qk_i128)power_of_ten(scale - sum->scale), &total) ||
        __builtin_add_overflow(total, mantissa_at(d, scale), &total) || sum->count == INT64_MAX) {
        return QK_ERANGE;
    }
    *sum = (qk_dec_sum){total, scale, sum->count + 1};
    return QK_OK;
}

qk_code qk_dec_sum_mean(qk_dec *out, const qk_dec_sum *sum, int32_t scale)
{
    if (sum->count <= 0) return QK_EINVAL;
    return qk_dec_ratio(out, sum->mantissa, (qk_i128)sum->count * power_of_ten(sum->scale), scale);
}
