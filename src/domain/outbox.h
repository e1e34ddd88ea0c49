/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_OUTBOX_H
#define QK_DOMAIN_OUTBOX_H
/* The outbox: notices that leave the house, at least once, with a receipt.
 *
 * A notice is a row, written in the transaction of what causes it. A worker thread delivers it to
 * its target, and the outcome is written back by the store thread: state, attempts, receipt. `key`
 * makes a notice once; it travels along (Idempotency-Key, or the file's name), so that a receiver
 * can tell a second delivery. States: waiting, sent, refused (the target does not want it), failed
 * (given up after three days of the instance's clock). Tries are 10 s apart at first, twice as long
 * each time, at most an hour.
 *
 * Targets are rows of outbox_target (setting them is for administrators); nothing goes anywhere
 * else. Transports:
 *   spool    the payload as a file in a folder that another program empties (an SMS gateway):
 *            address = the folder, relative to the data folder or absolute
 *   webhook  HTTP POST of the payload as JSON: address = http:// or https:// URL; no redirects; 2xx
 *            is a receipt, other 4xx than 408, 425 and 429 a refusal */
#include "base/memory.h"
#include "base/time.h"
#include "store/db.h"

typedef struct qk_outbox qk_outbox;
typedef struct qk_node qk_node;

/* Starts the worker. node takes the outcomes; data_dir is where spool folders stand. */
QK_NODISCARD qk_code qk_outbox_new(qk_outbox **out, qk_node *node, const char *data_dir,
                                   qk_log *log, qk_error *err);
/* Ends the worker; a delivery under way is broken off and will be tried again. While the store
 * thread still runs; qk_outbox_free after it ended, for it may still be told of outcomes. */
void qk_outbox_stop(qk_outbox *o);
void qk_outbox_free(qk_outbox *o);

/* ---- store thread, inside a transaction ---- */
/* QK_EINVAL for an unknown transport or an address that is none. */
QK_NODISCARD qk_code qk_outbox_set_target(qk_outbox *o, qk_db *db, qk_str name, qk_str transport,
                                          qk_str address, bool enabled, qk_str by, qk_time now,
                                          qk_error *err);
/* kind: what it is ("notice", "order"), for the receiver. QK_ENOTFOUND: no such target; QK_EEXIST:
 * the key was given before; QK_ERANGE: payload beyond 256 KiB. */
QK_NODISCARD qk_code qk_outbox_put(qk_outbox *o, qk_db *db, qk_str kind, qk_str target, qk_str key,
                                   qk_str payload, qk_time now, qk_error *err);

/* ---- store thread, outside of transactions ---- */
bool qk_outbox_due(const qk_outbox *o, qk_time now);
/* Hands what is due to the worker. */
QK_NODISCARD qk_code qk_outbox_hand_out(qk_outbox *o, qk_db *db, qk_time now, qk_error *err);

/* ---- any thread ---- */
typedef struct qk_notice {
    int64_t id;
    char state[16];
    int32_t attempts;
    qk_time next_at, recorded_at, sent_at; /* sent_at QK_TIME_NONE = not yet */
    char receipt[256];
} qk_notice;
QK_NODISCARD qk_code qk_outbox_find(qk_notice *out, qk_db *db, qk_str key, qk_error *err);
#endif
