/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_GUARD_H
#define QK_WEB_GUARD_H
/* Refuses requests whose framing two readers could take differently (RFC 9112 sections 2.2, 3.2, 5,
 * 6; request smuggling). libmicrohttpd 0.9.75 lets several of them pass even in its strict mode.
 *
 * The library splits the head in place: names and values are views into its read buffer, and what
 * ended them has become NUL. qk_guard_layout walks those views and so sees what the split hides: a
 * line that ended with LF alone, a folded line, a NUL or CR inside a value, an unseen line between
 * two others. It relies on the layout of the library; qk_web_start tries it once on a connection of
 * its own, and where it does not hold every answer closes its connection instead, so that no second
 * request can hide behind the first.
 *
 * Pure: no I/O, nothing kept, any thread. */
#include "base/text.h"

enum { QK_HEAD_LINES = 64 };

typedef struct qk_head_line {
    qk_str name;
    qk_str value; /* without leading blanks */
} qk_head_line;

typedef struct qk_head {
    const char *method; /* NUL-terminated, first byte of the request line */
    const char *url;    /* behind it in the same buffer */
    size_t url_len;     /* of the target as received */
    const char *version;
    size_t count; /* may exceed QK_HEAD_LINES: then the head is refused */
    qk_head_line line[QK_HEAD_LINES];
} qk_head;

typedef struct qk_guard_result {
    int32_t status;     /* 0 = pass, else the HTTP status to answer before closing */
    const char *reason; /* stable name of the fault, e.g. "two_content_length"; NULL when passed */
    int64_t body_len;   /* declared length of the body; 0 when none is declared */
    qk_str host;
    bool close; /* answer, then close: a client of HTTP/1.0 */
} qk_guard_result;

/* target: the request target as received (path and query). */
qk_guard_result qk_guard_check(const qk_head *head, qk_str target);
/* True when every byte between the start of the request line and the end of the last header line is
 * accounted for by CR LF line ends. A head whose very last line end is LF alone, and behind which
 * nothing has arrived yet, looks sound (the memory behind it is zero): a proxy that rewrites heads,
 * as ours does, never sends one. */
bool qk_guard_layout(const qk_head *head);
/* Value of a header by name (any letter case), {NULL,0} when absent; the first of several. */
qk_str qk_head_get(const qk_head *head, const char *name);
#endif
