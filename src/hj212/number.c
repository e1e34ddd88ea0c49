/* SPDX-License-Identifier: Apache-2.0 */
#include "hj212/internal.h"

enum { SCALE_MAX = 18 };

/* Digits with at most one point; *point gets the digits behind it. */
static bool read_decimal(const char **at, const char *end, uint64_t *mantissa, int32_t *point)
{
    const char *p = *at;
    uint64_t v = 0;
    int digits = 0, behind = -1;
    for (; p < end; p++) {
        if (*p == '.' && behind < 0) {
            behind = 0;
            continue;
        }
        if (!is_digit(*p)) break;
        if (v > (UINT64_MAX - 9) / 10) return false;
        v = v * 10 + (uint64_t)(*p - '0');
        digits++;
        behind += behind >= 0;
    }
    *at = p;
    *mantissa = v;
    *point = behind < 0 ? 0 : behind;
    return digits > 0;
}

static bool read_exponent(const char **at, const char *end, int32_t *exponent)
{
    const char *p = *at;
    *exponent = 0;
    if (p == end || (*p != 'e' && *p != 'E')) return true;
    p++;
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) p++;
    if (p == end || end - p > 4) return false;
    int32_t v = 0;
    for (; p < end && is_digit(*p); p++) v = v * 10 + (*p - '0');
    *exponent = negative ? -v : v;
    *at = p;
    return true;
}

bool qk_hj212_number_parse(qk_hj212_number *out, qk_hj212_text text)
{
    const char *p = text.ptr, *end = p + text.len;
    if (text.len == 0) return false;
    bool negative = *p == '-';
    if (*p == '-' || *p == '+') p++;
    uint64_t mantissa;
    int32_t scale, exponent;
    if (!read_decimal(&p, end, &mantissa, &scale) || !read_exponent(&p, end, &exponent) || p != end)
        return false;
    scale -= exponent;
    for (; scale < 0 && mantissa > 0; scale++) {
        if (mantissa > INT64_MAX / 10) return false;
        mantissa *= 10;
    }
    if (scale < 0) scale = 0;
    if (scale > SCALE_MAX || mantissa > INT64_MAX) return false;
    *out = (qk_hj212_number){negative ? -(int64_t)mantissa : (int64_t)mantissa, scale};
    return true;
}
