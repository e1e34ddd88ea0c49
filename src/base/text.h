/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_BASE_TEXT_H
#define QK_BASE_TEXT_H
/* Text as borrowed views; locale-free ASCII classes; UTF-8. Nothing here allocates. */
#include "base/error.h"
#include <stdbool.h>
#include <string.h>

typedef struct qk_str {
    const char *ptr; /* not terminated; may be NULL when len is 0 */
    size_t len;
} qk_str;

#define QK_STR(literal) ((qk_str){(literal), sizeof(literal) - 1})
#define QK_STR_ARG(s)   (int)(s).len, (s).ptr /* for "%.*s" */

static inline qk_str qk_str_of(const char *text)
{
    return (qk_str){text, text ? strlen(text) : 0};
}
static inline bool qk_str_eq(qk_str a, qk_str b)
{
    return a.len == b.len && (a.len == 0 || (a.ptr && b.ptr && memcmp(a.ptr, b.ptr, a.len) == 0));
}
static inline bool qk_is_digit(char c)
{
    return (unsigned)(c - '0') < 10;
}
static inline bool qk_is_space(char c)
{
    return c == ' ' || (unsigned)(c - '\t') < 5;
}
static inline bool qk_is_alpha(char c)
{
    return (unsigned)((c | 32) - 'a') < 26;
}
static inline char qk_to_lower(char c)
{
    return (unsigned)(c - 'A') < 26 ? (char)(c | 32) : c;
}

bool qk_str_eq_nocase(qk_str a, qk_str b); /* ASCII letters only */
int qk_str_cmp(qk_str a, qk_str b);        /* byte order */
qk_str qk_str_trim(qk_str s);              /* ASCII white space at both ends */
bool qk_str_starts(qk_str s, qk_str prefix);
bool qk_str_ends(qk_str s, qk_str suffix);
/* Index of the first occurrence at or after `from`, or SIZE_MAX. */
size_t qk_str_find(qk_str s, qk_str what, size_t from);
/* Cuts *rest at the first separator: returns what stands before, *rest keeps what follows. When the
 * separator is absent the whole is returned and *rest becomes {NULL, 0}. */
qk_str qk_str_cut(qk_str *rest, char separator);
/* Copies into out, cut to fit on a UTF-8 boundary; always terminated; returns bytes written. */
size_t qk_str_copy(char *out, size_t size, qk_str s);

/* Whole decimal integers, optional sign; QK_EFORMAT on anything else, QK_ERANGE on overflow. */
QK_NODISCARD qk_code qk_parse_i64(int64_t *out, qk_str s);
QK_NODISCARD qk_code qk_parse_u64(uint64_t *out, qk_str s);
/* A finite decimal number as binary floating point, locale-free. Not for values whose digits count
 * (see base/decimal.h). */
QK_NODISCARD qk_code qk_parse_f64(double *out, qk_str s);

/* Decodes one code point at s.ptr (s.len > 0); *used gets its bytes. A broken sequence gives
 * 0xFFFD with *used = 1. */
uint32_t qk_utf8_next(qk_str s, size_t *used);
size_t qk_utf8_put(char out[4], uint32_t code_point); /* bytes written */
bool qk_utf8_valid(qk_str s);
size_t qk_utf8_count(qk_str s); /* code points */
size_t qk_utf8_cut(qk_str s);   /* length without a sequence broken off at the end */

/* Lower-case hexadecimal, out gets 2*len+1 bytes. */
void qk_hex(char *out, const void *bytes, size_t len);
/* FNV-1a 64-bit, for hash tables; not for hostile keys that can flood one table. */
uint64_t qk_hash(const void *bytes, size_t len);
#endif
