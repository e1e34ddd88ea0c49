/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_GZIP_H
#define QK_WEB_GZIP_H
/* Answers made small: gzip (RFC 1952) of whole answers and of answers that are made in parts.
 *
 * A stream holds about 100 KiB (a window of 8 KiB: rows repeat each other within a line or two); a
 * whole answer is packed with the full window, 256 KiB for as long as it takes. Ownership: `_new` /
 * `_free`. Threads: one at a time for each stream. */
#include "base/memory.h"
#include "base/text.h"

enum {
    QK_GZIP_LEAST = 1024,    /* bytes; smaller answers gain nothing */
    QK_GZIP_QUICK = 4 << 20, /* from here on fast rather than small */
};

/* RFC 9110 12.5.3: true when the header's value allows gzip; absent = no. */
bool qk_gzip_accepted(qk_str accept_encoding);

typedef struct qk_gzip qk_gzip;
/* expected: bytes to come; SIZE_MAX = an answer in parts. */
QK_NODISCARD qk_code qk_gzip_new(qk_gzip **out, size_t expected);
void qk_gzip_free(qk_gzip *gzip);
/* Appends what `in` becomes. Everything given so far can then be read from what was written; last
 * ends the stream. QK_EFULL when out cannot take it. */
QK_NODISCARD qk_code qk_gzip_part(qk_gzip *gzip, qk_buf *out, qk_str in, bool last);
/* The whole at once; out is empty before. */
QK_NODISCARD qk_code qk_gzip_all(qk_buf *out, qk_str in);
#endif
