/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_HJ212_TEXT_H
#define QK_HJ212_TEXT_H
/* What every part of the library speaks in: borrowed text, versions of the standard, civil times.
 *
 * The library does no I/O, allocates nothing, keeps no state of its own and reads no clock; every
 * function may be called from any thread on its own arguments. Texts point into the caller's bytes
 * and live as long as those. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct qk_hj212_text {
    const char *ptr; /* not terminated; NULL = absent, which differs from present and empty */
    size_t len;
} qk_hj212_text;

#define QK_HJ212_TEXT(literal) ((qk_hj212_text){(literal), sizeof(literal) - 1})
static inline qk_hj212_text qk_hj212_text_of(const char *text)
{
    return (qk_hj212_text){text, text ? strlen(text) : 0};
}
bool qk_hj212_text_is(qk_hj212_text a, const char *b);        /* same bytes */
bool qk_hj212_text_is_nocase(qk_hj212_text a, const char *b); /* ASCII letters alike */

typedef enum qk_hj212_version {
    QK_HJ212_2005 = 2005, /* HJ/T 212-2005: Flag 0..3 or none */
    QK_HJ212_2017 = 2017, /* HJ 212-2017: Flag 4..7 */
    QK_HJ212_2025 = 2025  /* HJ 212-2025: Flag 8..11 */
} qk_hj212_version;

/* A moment as devices write it: civil time of China (UTC+8, no summer time). */
typedef struct qk_hj212_time {
    int32_t year, month, day, hour, minute, second, ms;
} qk_hj212_time;

/* Reads "YYYYMMDDhhmmss" and what devices make of it: 8, 10 or 12 digits (the rest is 0), 15..17
 * digits (milliseconds follow), hour 24 (the next day's 0). False when it is no date of the years
 * 1970..2999. */
bool qk_hj212_time_parse(qk_hj212_time *out, qk_hj212_text digits);
/* 14 digits and a NUL; 17 for a QN. The time must be valid. */
void qk_hj212_time_format(char out[15], const qk_hj212_time *t);
void qk_hj212_qn_format(char out[18], const qk_hj212_time *t);
/* To and from milliseconds of UTC since 1970-01-01. */
int64_t qk_hj212_time_utc_ms(const qk_hj212_time *t);
qk_hj212_time qk_hj212_time_from_utc_ms(int64_t utc_ms);
#endif
