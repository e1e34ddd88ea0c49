/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_INGEST_H
#define QK_DOMAIN_INGEST_H
/* Taking in: journal records become rows, live values, derived hours and events.
 *
 * 2011 2021 2031 2041 2051 2061 and 2013 2052 2062 2111 carry rows. A row without a usable DataTime
 * takes the time of its QN, else of its receipt. One that claims to be more than 10 minutes ahead
 * of its receipt is kept in the journal and told as an event, but enters no statistics (unless the
 * instance accepts any). 2072 2081 3019 3020 and what cannot be read become events.
 *
 * Taking a record changes memory only; what belongs in tables is written by qk_ingest_save inside
 * the store thread's transaction. A record met again (after a crash, or when a transaction was
 * lost) changes nothing. Store thread, but for the counts. */
#include "domain/decode.h"
#include "domain/derive.h"
#include "domain/events.h"
#include "domain/live.h"
#include "store/journal.h"

typedef struct qk_ingest qk_ingest;

typedef struct qk_ingest_parts { /* borrowed */
    qk_telemetry *telemetry;
    qk_registry *registry;
    qk_live *live;
    qk_events *events;
    qk_derive *derive;
    qk_log *log;
    const char *journal_dir;
    bool accept_any;
    qk_jpos counted_to; /* records before were counted by an earlier run */
} qk_ingest_parts;

QK_NODISCARD qk_code qk_ingest_new(qk_ingest **out, const qk_ingest_parts *parts);
void qk_ingest_free(qk_ingest *in);
/* The parked devices of the table into memory, at start. */
QK_NODISCARD qk_code qk_ingest_load(qk_ingest *in, qk_db *db, qk_error *err);
/* QK_EFULL: nothing was taken because memory is full; commit, then give the record again. */
QK_NODISCARD qk_code qk_ingest_record(qk_ingest *in, const qk_journal_record *record,
                                      qk_error *err);
/* Shows the values of a record that is far from its turn, so that a page does not wait for what
 * piled up before it; nothing is stored, told or counted. When its
 * turn comes it is not shown a second time. Records must be given in order. */
void qk_ingest_preview(qk_ingest *in, const qk_journal_record *record);
/* Something waits for qk_ingest_save. */
bool qk_ingest_unsaved(const qk_ingest *in);
QK_NODISCARD qk_code qk_ingest_save(qk_ingest *in, qk_db *db, qk_error *err);
void qk_ingest_settle(qk_ingest *in, bool committed);

/* Parked frames of devices that were approved since are read from the journal, up to about
 * budget_ms at a time. *more: call again. *pack: rows came in that the journal will not give again
 * after a crash, so the next transaction must flush all telemetry. */
QK_NODISCARD qk_code qk_ingest_unpark(qk_ingest *in, qk_jpos durable, uint32_t budget_ms,
                                      bool *more, bool *pack, qk_error *err);

typedef struct qk_ingest_counts {
    uint64_t frames, repeats, changed, refused, parked, samples;
    uint64_t short_way; /* frames read by a kept layout */
} qk_ingest_counts;
void qk_ingest_counts_get(const qk_ingest *in, qk_ingest_counts *out); /* any thread */

/* ---- the rows that the journal holds beyond the store, without changing anything ---- */
typedef struct qk_replay_cell {
    qk_str code, field;
    qk_cell cell; /* its column number means nothing here */
} qk_replay_cell;
typedef struct qk_replay_row {
    qk_str mn, qn;
    int32_t cn;
    qk_stream_kind kind;
    qk_time time, recorded;
    qk_jpos pos;
    uint8_t flags; /* of the journal record */
    bool stored;   /* false: a frame that gives no row (implausible time, unreadable) */
    const qk_replay_cell *cells;
    size_t n;
} qk_replay_row;
/* Stop by returning anything but QK_OK; the row is good during the call. */
typedef qk_code qk_replay_fn(void *context, const qk_replay_row *row);
/* Reads the journal of data folder dir from from_pos (QK_REPLAY_STORED = where the store's saved
 * position stands) and gives each data frame of a device that is or may be stored. Works beside no
 * process, or one that was killed. *damaged counts damaged stretches (may be NULL). */
#define QK_REPLAY_STORED UINT64_MAX
QK_NODISCARD qk_code qk_ingest_replay(const char *dir, qk_jpos from_pos, bool accept_any,
                                      qk_replay_fn *fn, void *context, size_t *damaged,
                                      qk_error *err);
#endif
