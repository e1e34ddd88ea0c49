/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_CHANGE_H
#define QK_WEB_CHANGE_H
/* Changes: once for each Idempotency-Key, told to the audit log, in one transaction of the store.
 *
 * The same key with the same request gives the same answer again without doing anything; with
 * another request it is refused (422). Answers are kept for seven days. A change that cannot stand
 * in one transaction (it waits for the gateway) is announced first; when the program dies in
 * between, the key is answered with 409 and the reader is told to look. */
#include "web/context.h"
#include "web/exchange.h"

/* What is written to the audit log beside who and when. */
typedef struct qk_change_note {
    char what[48];   /* "device.change" */
    char object[64]; /* "device/88880000000000000000001" */
    qk_buf detail;   /* JSON object; secrets are never put there */
} qk_change_note;

/* Writes the audit line of a change: "account/person@address". Store thread. For changes that are
 * not kept by a key: logging in, passwords. */
QK_NODISCARD qk_code qk_change_audit(const qk_exchange *x, qk_db *db, qk_time now,
                                     const qk_change_note *note, qk_error *err);

/* Makes the change in the store thread and writes the answer into x->json. */
typedef qk_code qk_change_inside_fn(qk_exchange *x, void *context, qk_db *db, qk_time now,
                                    qk_change_note *note, qk_error *err);
QK_NODISCARD qk_code qk_change_run(qk_exchange *x, qk_change_inside_fn *fn, void *context,
                                   qk_error *err);

/* The other kind: fn runs in the caller's thread between announcement and keeping. */
typedef qk_code qk_change_outside_fn(qk_exchange *x, void *context, qk_change_note *note,
                                     qk_error *err);
QK_NODISCARD qk_code qk_change_run_outside(qk_exchange *x, qk_change_outside_fn *fn, void *context,
                                           qk_error *err);
#endif
