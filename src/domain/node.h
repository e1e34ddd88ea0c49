/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_NODE_H
#define QK_DOMAIN_NODE_H
/* A running instance: the data folder, its clock, journal, database, telemetry, registry, live
 * table and the one store thread that writes.
 *
 * The store thread reads the journal up to its durable position, decodes frames, appends rows,
 * derives hours and days, raises events, fires timers, runs posted commands; it commits about once
 * a second or when a command asks for it, saving the journal position in the same transaction.
 *
 * Ownership: the node owns all parts; parts given out live until qk_node_close. Threads: functions
 * here are for any thread unless they say otherwise. */
#include "domain/airgrade.h"
#include "domain/events.h"
#include "domain/live.h"
#include "domain/outbox.h"
#include "domain/registry.h"
#include "domain/scheduler.h"
#include "domain/transmission.h"
#include "store/files.h"
#include "store/journal.h"
#include "store/telemetry.h"

typedef struct qk_node_options {
    const char *data_dir;
    const char *clock_text; /* as --clock; NULL = real time, or where a demo's clock was left */
    bool demo;              /* demo instance: marked so in instance.json when it is created */
    bool accept_any;
    qk_log *log;
    size_t head_bytes;    /* memory for telemetry not yet packed; 0 = the store's default */
    size_t segment_bytes; /* of the journal; 0 = the journal's default */
} qk_node_options;

/* Opens the folder (created when absent) and starts the store thread. QK_EBUSY when another process
 * holds it; QK_EDENIED when a folder of real data is to be opened as a demo; QK_EUNSUPPORTED when a
 * newer program wrote it. */
QK_NODISCARD qk_code qk_node_open(qk_node **out, const qk_node_options *options, qk_error *err);
/* Ends within about 2 s: the store thread takes in what the journal holds for 0.6 s at most,
 * commits and stops; what is left is read on from there at the next start. */
void qk_node_close(qk_node *node);

const char *qk_node_dir(const qk_node *node);
const char *qk_node_id(const qk_node *node);
/* The clock may be set: a demo instance, or one that was started with a clock of its own. */
bool qk_node_demo(const qk_node *node);
/* An invented county: nothing in it is anybody's. */
bool qk_node_invented(const qk_node *node);
bool qk_node_accept_any(const qk_node *node);
qk_clock *qk_node_clock(qk_node *node);
qk_log *qk_node_log(qk_node *node);
qk_journal *qk_node_journal(qk_node *node);
qk_registry *qk_node_registry(qk_node *node);
qk_telemetry *qk_node_telemetry(qk_node *node);
qk_live *qk_node_live(qk_node *node);
typedef struct qk_forecast_night qk_forecast_night;
qk_forecast_night *qk_node_forecast(qk_node *node);
qk_files *qk_node_files(qk_node *node);           /* evidence, plans, results */
const char *qk_node_db_path(const qk_node *node); /* for readers: qk_db_open_readonly */
/* Store thread: inside a qk_node_fn or a timer's handler. */
qk_events *qk_node_events(qk_node *node);
qk_scheduler *qk_node_scheduler(qk_node *node);
qk_transmission *qk_node_transmission(qk_node *node);
qk_outbox *qk_node_outbox(qk_node *node);
qk_airgrade *qk_node_airgrade(qk_node *node);

/* Appends to the journal: qk_journal_append takes one thread at a time, and this guards it. */
QK_NODISCARD qk_code qk_node_append(qk_node *node, qk_jpos *end, qk_journal_kind kind,
                                    uint8_t flags, uint32_t connection, qk_time at,
                                    const void *payload, size_t len, qk_error *err);

/* Wakes the store thread: the journal's durable position rose. Cheap. */
void qk_node_wake(qk_node *node);
/* fn is called from the journal's thread after each sync and when the journal stops or goes on; it
 * must not wait. One listener (the gateway); NULL takes it away, and once that call has returned
 * the old one neither runs nor will. */
void qk_node_on_durable(qk_node *node, void (*fn)(void *context), void *context);

/* Runs fn in the store thread inside a transaction, which is committed (and synced) before the call
 * returns, or rolled back when fn fails. Waits; QK_ETIMEOUT after 10 s, QK_ENOSPC when the disk is
 * full. Not to be called from the store thread itself. */
typedef qk_code qk_node_fn(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err);
QK_NODISCARD qk_code qk_node_call(qk_node *node, qk_node_fn *fn, void *context, qk_error *err);
/* The same without waiting; done (may be NULL) is called in the store thread after the commit.
 * context is the caller's to free in done. QK_EFULL when the queue (1,024) is full. */
typedef void qk_node_done(void *context, qk_code code, const qk_error *err);
QK_NODISCARD qk_code qk_node_post(qk_node *node, qk_node_fn *fn, void *context, qk_node_done *done,
                                  qk_error *err);

typedef struct qk_node_health {
    qk_journal_state journal;
    qk_error journal_reason;
    qk_jpos durable;     /* journal position safe on disk */
    qk_jpos processed;   /* position the store has taken in */
    int64_t lag_ms;      /* age of what was taken in last while more waits; 0 = nothing waits */
    qk_code store_state; /* QK_OK, QK_ENOSPC, QK_EIO, QK_EDAMAGED */
    char store_reason[256];
    uint64_t damaged_blocks;
    uint64_t frames, repeats, changed, refused, parked, samples; /* since the start */
    uint64_t short_way;                                          /* frames read by a kept layout */
    uint64_t commits;      /* transactions of the store thread */
    double commit_ms_mean; /* of the last 64 */
    qk_time now;
} qk_node_health;
void qk_node_health_get(qk_node *node, qk_node_health *out);

/* Sets a simulated clock; timers between fire in order, each once and at its own time, before this
 * returns, however long that takes. Setting it back fires none again. QK_EDENIED when qk_node_demo
 * is false. Not from the store thread. */
QK_NODISCARD qk_code qk_node_set_clock(qk_node *node, qk_time now, double speed, qk_error *err);
/* Waits until what is durable in the journal is taken in, what is due is derived, and all of it is
 * committed (tests, backup). QK_ETIMEOUT. */
QK_NODISCARD qk_code qk_node_settle(qk_node *node, uint32_t timeout_ms, qk_error *err);
#endif
