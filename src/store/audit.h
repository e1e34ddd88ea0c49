/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_AUDIT_H
#define QK_STORE_AUDIT_H
/* The audit log: who did what to which object, each line chained to the one before.
 *
 * hash = SHA-256 of: the text "qk-audit-1", the previous line's hash (32 zeros before the first),
 * seq and at as 64-bit little-endian numbers, then who, what, object and detail, each with its
 * length as a 64-bit little-endian number in front. A line that is changed, missing, put in between
 * or moved breaks the chain there; a cut end shows in the highest number ever given, which SQLite
 * keeps apart. Who can rewrite the whole database can also make a new chain: against that the head
 * of the chain (qk_audit_head) is kept elsewhere too: in the journal after each change and each
 * night, and in what `backup` prints; `verify` holds them against each other.
 *
 * Triggers refuse UPDATE and DELETE. Writing belongs to the store thread; reading is for any thread
 * with a database connection of its own. */
#include "base/hash256.h"
#include "base/time.h"
#include "store/db.h"

typedef struct qk_audit_line {
    int64_t seq; /* from 1, without gaps */
    qk_time at;
    qk_str who;    /* account or "system" */
    qk_str what;   /* verb, e.g. "device.approve" */
    qk_str object; /* what it was done to, e.g. "device/31010…" */
    qk_str detail; /* JSON */
} qk_audit_line;

enum { QK_AUDIT_TEXT_MAX = 1 << 16 }; /* bytes of each text */

/* Appends one line inside the caller's transaction (or one of its own). line->seq is not read; *seq
 * gets the number (may be NULL). QK_ERANGE when a text is too long, QK_EFORMAT when one is not
 * UTF-8. */
QK_NODISCARD qk_code qk_audit_append(qk_db *db, int64_t *seq, const qk_audit_line *line,
                                     qk_error *err);

/* Number and hash of the last line; 0 and zeros when there is none. */
QK_NODISCARD qk_code qk_audit_head(qk_db *db, int64_t *seq, uint8_t hash[QK_SHA256_BYTES],
                                   qk_error *err);
/* Hash of line seq; QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_audit_hash(qk_db *db, int64_t seq, uint8_t hash[QK_SHA256_BYTES],
                                   qk_error *err);

/* The head as a record of the journal (QK_JOURNAL_INPUT):
 * {"input":"audit_head","seq":N,"hash":"…"}. _parse: false for any other record. */
typedef struct qk_audit_anchor {
    int64_t seq;
    uint8_t hash[QK_SHA256_BYTES];
} qk_audit_anchor;
enum { QK_AUDIT_ANCHOR = 160 }; /* bytes that hold the text */
size_t qk_audit_anchor_put(char out[QK_AUDIT_ANCHOR], const qk_audit_anchor *anchor);
bool qk_audit_anchor_parse(qk_audit_anchor *anchor, qk_str text);

/* Lines with from <= seq, in order, at most `limit`; fn stops by returning anything but QK_OK, and
 * its views live for the call. */
typedef qk_code qk_audit_fn(void *context, const qk_audit_line *line);
QK_NODISCARD qk_code qk_audit_read(qk_db *db, int64_t from, uint32_t limit, qk_audit_fn *fn,
                                   void *context, qk_error *err);

typedef struct qk_audit_check {
    uint64_t lines;
    uint64_t faults;
    int64_t first_fault; /* seq where the chain breaks first, 0 = whole */
    uint8_t head[QK_SHA256_BYTES];
} qk_audit_check;
/* Walks the whole chain. QK_OK when the walk was made, whatever it found; `fault` (may be NULL) is
 * told each break in words. */
typedef void qk_audit_fault_fn(void *context, int64_t seq, const char *text);
QK_NODISCARD qk_code qk_audit_verify(qk_audit_check *out, qk_db *db, qk_audit_fault_fn *fault,
                                     void *context, qk_error *err);
#endif
