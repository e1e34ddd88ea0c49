/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include <locale.h>
#include <math.h>
#include <stdlib.h>

bool qk_str_eq_nocase(qk_str a, qk_str b)
{
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++) {
        if (qk_to_lower(a.ptr[i]) != qk_to_lower(b.ptr[i])) return false;
    }
    return true;
}

int qk_str_cmp(qk_str a, qk_str b)
{
    size_t both = a.len < b.len ? a.len : b.len;
    int order = both ? memcmp(a.ptr, b.ptr, both) : 0;
    if (order != 0) return order;
    return (a.len > b.len) - (a.len < b.len);
}

qk_str qk_str_trim(qk_str s)
{
    while (s.len > 0 && qk_is_space(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && qk_is_space(s.ptr[s.len - 1])) s.len--;
    return s;
}

bool qk_str_starts(qk_str s, qk_str prefix)
{
    return s.len >= prefix.len && qk_str_eq((qk_str){s.ptr, prefix.len}, prefix);
}

bool qk_str_ends(qk_str s, qk_str suffix)
{
    if (suffix.len == 0) return true;
    return s.len >= suffix.len && memcmp(s.ptr + (s.len - suffix.len), suffix.ptr, suffix.len) == 0;
}

size_t qk_str_find(qk_str s, qk_str what, size_t from)
{
    if (from > s.len || what.len > s.len - from) return SIZE_MAX;
    if (what.len == 0) return from;
    const char *hit = memmem(s.ptr + from, s.len - from, what.ptr, what.len);
    return hit ? (size_t)(hit - s.ptr) : SIZE_MAX;
}

qk_str qk_str_cut(qk_str *rest, char separator)
{
    qk_str whole = *rest;
    const char *hit = whole.len ? memchr(whole.ptr, separator, whole.len) : NULL;
    if (!hit) {
        *rest = (qk_str){NULL, 0};
        return whole;
    }
    size_t before = (size_t)(hit - whole.ptr);
    *rest = (qk_str){hit + 1, whole.len - before - 1};
    return (qk_str){whole.ptr, before};
}

size_t qk_str_copy(char *out, size_t size, qk_str s)
{
    if (size == 0) return 0;
    size_t len = s.len;
    if (len >= size) len = qk_utf8_cut((qk_str){s.ptr, size - 1});
    if (len > 0) memcpy(out, s.ptr, len);
    out[len] = '\0';
    return len;
}

qk_code qk_parse_u64(uint64_t *out, qk_str s)
{
    bool minus = s.len > 0 && s.ptr[0] == '-';
    size_t at = minus || (s.len > 0 && s.ptr[0] == '+');
    if (at == s.len) return QK_EFORMAT;
    uint64_t value = 0;
    bool over = false;
    for (; at < s.len; at++) {
        if (!qk_is_digit(s.ptr[at])) return QK_EFORMAT;
        over |= __builtin_mul_overflow(value, (uint64_t)10, &value);
        over |= __builtin_add_overflow(value, (uint64_t)(s.ptr[at] - '0'), &value);
    }
    if (over || (minus && value != 0)) return QK_ERANGE;
    *out = value;
    return QK_OK;
}

qk_code qk_parse_i64(int64_t *out, qk_str s)
{
    bool minus = s.len > 0 && s.ptr[0] == '-';
    size_t at = minus || (s.len > 0 && s.ptr[0] == '+');
    if (at == s.len || !qk_is_digit(s.ptr[at])) return QK_EFORMAT;
    uint64_t size;
    QK_TRY(qk_parse_u64(&size, (qk_str){s.ptr + at, s.len - at}));
    if (size > (uint64_t)INT64_MAX + minus) return QK_ERANGE;
    *out = minus ? (int64_t)(0 - size) : (int64_t)size;
    return QK_OK;
}

/* 768 digits decide the rounding of any double; later ones count only as "more than nothing". */
enum { DIGITS_KEPT = 770, EXPONENT_MOST = 100000 };

typedef struct number_text {
    bool minus;
    bool more; /* a digit other than 0 was left out */
    int32_t exponent;
    size_t count;
    char digits[DIGITS_KEPT];
} number_text;

static void take_digit(number_text *n, char c, bool after_point)
{
    if (n->count == 0 && c == '0') {
        if (after_point && n->exponent > -EXPONENT_MOST) n->exponent--;
        return;
    }
    if (n->count < DIGITS_KEPT) {
        n->digits[n->count++] = c;
        if (after_point) n->exponent--;
    } else {
        n->more |= c != '0';
        if (!after_point && n->exponent < EXPONENT_MOST) n->exponent++;
    }
}

static qk_code read_exponent(number_text *n, qk_str s)
{
    bool minus = s.len > 0 && s.ptr[0] == '-';
    size_t at = minus || (s.len > 0 && s.ptr[0] == '+');
    if (at == s.len) return QK_EFORMAT;
    int32_t value = 0;
    for (; at < s.len; at++) {
        if (!qk_is_digit(s.ptr[at])) return QK_EFORMAT;
        if (value < EXPONENT_MOST) value = value * 10 + (s.ptr[at] - '0');
    }
    n->exponent += minus ? -value : value;
    return QK_OK;
}

static qk_code read_number(number_text *n, qk_str s)
{
    n->minus = s.len > 0 && s.ptr[0] == '-';
    size_t at = n->minus || (s.len > 0 && s.ptr[0] == '+');
    bool point = false, any = false;
    for (; at < s.len; at++) {
        char c = s.ptr[at];
        if (qk_is_digit(c)) {
            take_digit(n, c, point);
            any = true;
        } else if (c == '.' && !point) {
            point = true;
        } else {
            break;
        }
    }
    if (!any) return QK_EFORMAT;
    if (at == s.len) return QK_OK;
    if ((s.ptr[at] | 32) != 'e') return QK_EFORMAT;
    return read_exponent(n, (qk_str){s.ptr + at + 1, s.len - at - 1});
}

/* Exact when both the digits and the power of ten are doubles themselves: one rounding, the last.
 */
static bool convert_small(double *out, const number_text *n)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (n->count > 15 || n->exponent < -22 || n->exponent > 22) return false;
    int64_t whole = 0;
    for (size_t i = 0; i < n->count; i++) whole = whole * 10 + (n->digits[i] - '0');
    *out = n->exponent < 0 ? (double)whole / tens[-n->exponent] : (double)whole * tens[n->exponent];
    return true;
}

/* The C library rounds right in every case; its locale is named so that no setlocale can reach it.
 * For the name "C" newlocale hands out a constant of the library: it can neither fail nor leak. */
static double convert_large(const number_text *n)
{
    char text[DIGITS_KEPT + 16];
    memcpy(text, n->digits, n->count);
    size_t len = n->count;
    if (n->more) text[len++] = '1';
    int32_t exponent = n->exponent - n->more;
    text[len++] = 'e';
    if (exponent < 0) text[len++] = '-';
    uint32_t rest = (uint32_t)abs(exponent);
    for (uint32_t unit = 1000000; unit > 0; unit /= 10) {
        text[len++] = (char)('0' + rest / unit % 10);
    }
    text[len] = '\0';
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    double value = strtod_l(text, NULL, plain);
    freelocale(plain);
    return value;
}

qk_code qk_parse_f64(double *out, qk_str s)
{
    number_text n = {.count = 0};
    QK_TRY(read_number(&n, s));
    double value = 0;
    if (n.count > 0 && !convert_small(&value, &n)) value = convert_large(&n);
    if (!isfinite(value)) return QK_ERANGE;
    *out = n.minus ? -value : value;
    return QK_OK;
}

/* Bytes of the sequence that a first byte announces, 0 when no sequence starts so. */
static size_t utf8_length(unsigned char first)
{
    if (first < 0x80) return 1;
    if (first < 0xC2) return 0;
    if (first < 0xE0) return 2;
    if (first < 0xF0) return 3;
    return first < 0xF5 ? 4 : 0;
}

uint32_t qk_utf8_next(qk_str s, size_t *used)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    size_t len = utf8_length(p[0]);
    *used = 1;
    if (len == 1) return p[0];
    if (len == 0 || len > s.len) return 0xFFFD;
    uint32_t point = p[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80) return 0xFFFD;
        point = point << 6 | (p[i] & 0x3Fu);
    }
    bool overlong = (len == 3 && point < 0x800) || (len == 4 && point < 0x10000);
    if (overlong || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return 0xFFFD;
    *used = len;
    return point;
}

size_t qk_utf8_put(char out[4], uint32_t code_point)
{
    uint32_t c = code_point;
    if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) c = 0xFFFD;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

bool qk_utf8_valid(qk_str s)
{
    size_t at = 0;
    while (at < s.len) {
        uint64_t word;
        while (s.len - at >= sizeof word) {
            memcpy(&word, s.ptr + at, sizeof word);
            if (word & 0x8080808080808080u) break;
            at += sizeof word;
        }
        if (at == s.len) break;
        size_t used;
        uint32_t point = qk_utf8_next((qk_str){s.ptr + at, s.len - at}, &used);
        if (point == 0xFFFD && used == 1) return false;
        at += used;
    }
    return true;
}

size_t qk_utf8_count(qk_str s)
{
    size_t count = 0;
    for (size_t at = 0, used; at < s.len; at += used) {
        qk_utf8_next((qk_str){s.ptr + at, s.len - at}, &used);
        count++;
    }
    return count;
}

size_t qk_utf8_cut(qk_str s)
{
    size_t back = 1;
    while (back <= 3 && back < s.len && ((unsigned char)s.ptr[s.len - back] & 0xC0) == 0x80) back++;
    if (back > s.len) return s.len;
    size_t len = utf8_length((unsigned char)s.ptr[s.len - back]);
    return len > back ? s.len - back : s.len;
}

void qk_hex(char *out, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * len] = '\0';
}

uint64_t qk_hash(const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++) hash = (hash ^ p[i]) * 0x100000001b3u;
    return hash;
}
