/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_TELEMETRY_H
#define QK_STORE_TELEMETRY_H
/* Telemetry: the rows of all streams, packed by column.
 *
 * A stream is (MN, kind). Its rows have a time (DataTime as sent), the instant they were recorded
 * (whole seconds) and cells; a cell belongs to a column = (factor code, field), e.g. ("a21026",
 * "Avg") or ("a21026", "Flag") or ("SB1", "RS"), and holds a number with the digits as sent or a
 * text. Each (stream, time, column) has one current value. A second arrival with the same value is
 * counted as a repeat; with another value it becomes the current one and the old is kept as a
 * revision, so that any past knowledge can be asked for (`known_at`). Cells of one time that come
 * in several packets are merged.
 *
 * Rows gather in heads in memory (bounded) and leave for packed blocks in SQLite; the position of
 * the journal up to which everything is packed or repeatable is saved in the same transaction.
 * Writing belongs to the store thread. Reading is for any thread, through a reader of its own. */
#include "base/decimal.h"
#include "base/memory.h"
#include "base/time.h"
#include "store/db.h"

typedef struct qk_telemetry qk_telemetry;
typedef uint32_t qk_stream_id; /* 0 = none */
typedef uint32_t qk_column_id; /* index inside its stream */

typedef enum qk_stream_kind {
    QK_STREAM_RTD = 1,           /* CN 2011 */
    QK_STREAM_STATE = 2,         /* CN 2021 */
    QK_STREAM_MINUTE = 3,        /* CN 2051 */
    QK_STREAM_HOUR = 4,          /* CN 2061 */
    QK_STREAM_DAY = 5,           /* CN 2031 */
    QK_STREAM_RUNTIME = 6,       /* CN 2041 */
    QK_STREAM_PERIODIC = 7,      /* CN 2013, 2052, 2062, 2111 and others that carry samples */
    QK_STREAM_DERIVED_HOUR = 20, /* computed here from minutes or real-time values */
    QK_STREAM_DERIVED_DAY = 21,  /* computed here from hours */
    QK_STREAM_FORECAST = 30
} qk_stream_kind;

typedef enum qk_cell_type { QK_CELL_NONE = 0, QK_CELL_NUMBER, QK_CELL_TEXT } qk_cell_type;

typedef struct qk_cell {
    qk_column_id column;
    qk_cell_type type;
    qk_dec number; /* NUMBER: digits as sent */
    qk_str text;   /* TEXT: at most 1024 bytes */
} qk_cell;

typedef enum qk_append_result {
    QK_APPEND_NEW = 1,    /* a time not seen before */
    QK_APPEND_MERGED = 2, /* known time, new columns */
    QK_APPEND_SAME = 4,   /* some or all cells there already with the same value */
    QK_APPEND_CHANGED = 8 /* some cells there with another value: revisions were kept */
} qk_append_result;       /* bits; NEW stands alone */

typedef struct qk_telemetry_options {
    size_t head_bytes; /* memory for rows not yet packed; default 96 MiB */
    qk_log *log;
} qk_telemetry_options;

QK_NODISCARD qk_code qk_telemetry_open(qk_telemetry **out, qk_db *db,
                                       const qk_telemetry_options *options, qk_error *err);
void qk_telemetry_close(qk_telemetry *t);

/* Finds or makes the stream / the column. Names are copied. */
QK_NODISCARD qk_code qk_telemetry_stream(qk_stream_id *out, qk_telemetry *t, qk_str mn,
                                         qk_stream_kind kind, qk_error *err);
QK_NODISCARD qk_code qk_telemetry_column(qk_column_id *out, qk_telemetry *t, qk_stream_id stream,
                                         qk_str code, qk_str field, qk_error *err);
/* Appends one row. *result gets the bits above. When CHANGED, `on_change` (may be NULL) is called
 * for each changed cell with the old and the new value. QK_EFULL when the heads hold head_bytes:
 * nothing was taken; flush, commit, and append again.
 *
 * After a crash the journal is read again from qk_telemetry_needed_from, past rows that are packed
 * already. A value that was current once and has been superseded since (recorded not later than
 * what stands there now) is such a row met again: it changes nothing and counts as SAME. */
typedef void qk_change_fn(void *context, qk_stream_id stream, qk_time time, const qk_cell *old_cell,
                          qk_time old_recorded, const qk_cell *new_cell);
QK_NODISCARD qk_code qk_telemetry_append(qk_telemetry *t, qk_append_result *result,
                                         qk_stream_id stream, qk_time time, qk_time recorded,
                                         const qk_cell *cells, size_t n, qk_change_fn *on_change,
                                         void *context, qk_error *err);
/* Packs what is due (full partitions, or the largest heads when memory is short) inside the
 * caller's transaction. all: everything, as before a backup or at the end. */
QK_NODISCARD qk_code qk_telemetry_flush(qk_telemetry *t, bool all, qk_error *err);
/* After the caller's transaction ended. committed: what the flushes since the last call packed may
 * leave memory. Otherwise it was rolled back and nothing of it is on the disk: those rows stand in
 * the heads again, streams and columns made meanwhile keep their numbers and are written with the
 * next flush. Until this call readers find flushed rows where they were. The store thread calls it
 * after every commit and rollback; a full disk is met by rolling back and trying again later. */
void qk_telemetry_settle(qk_telemetry *t, bool committed);
/* The journal position from which a restart must read on so that no head row is lost: call with the
 * position processed so far; gives the smallest position still needed. Rows are tied to positions
 * by the value given here before each append batch. */
void qk_telemetry_at(qk_telemetry *t, uint64_t journal_pos);
uint64_t qk_telemetry_needed_from(const qk_telemetry *t);
size_t qk_telemetry_head_bytes(const qk_telemetry *t);
/* True when rows to be packed fill most of their memory: flush and commit soon. */
bool qk_telemetry_wants_flush(const qk_telemetry *t);
/* Damaged blocks met while appending and packing, any thread. Their periods are not packed over. */
uint64_t qk_telemetry_damage(const qk_telemetry *t);
/* Deletes rows of a kind older than `before`, whole partitions at a time. */
QK_NODISCARD qk_code qk_telemetry_expire(qk_telemetry *t, qk_stream_kind kind, qk_time before,
                                         qk_error *err);

/* ---- reading: any thread; one reader a thread ---- */
typedef struct qk_telemetry_reader qk_telemetry_reader;
/* t may be NULL to read a folder that no process owns (blocks only). */
QK_NODISCARD qk_code qk_telemetry_reader_open(qk_telemetry_reader **out, qk_telemetry *t,
                                              const char *db_path, qk_error *err);
/* The same over a read-only connection, which the reader owns from here on, also when this fails. t
 * may itself stand on a read-only connection: it then takes rows into memory and never flushes. */
QK_NODISCARD qk_code qk_telemetry_reader_on(qk_telemetry_reader **out, qk_telemetry *t, qk_db *db,
                                            qk_error *err);
void qk_telemetry_reader_close(qk_telemetry_reader *r);
/* Every stream there is, in no fixed order; stop by returning anything but QK_OK. */
typedef qk_code qk_stream_fn(void *context, qk_stream_id stream, qk_str mn, qk_stream_kind kind);
QK_NODISCARD qk_code qk_telemetry_streams(qk_telemetry_reader *r, qk_stream_fn *fn, void *context,
                                          qk_error *err);
/* Times of a stream's first and last row (either may be NULL); QK_ENOTFOUND when it has none. */
QK_NODISCARD qk_code qk_telemetry_span(qk_time *first, qk_time *last, qk_telemetry_reader *r,
                                       qk_stream_id stream, qk_error *err);
/* 0 when there is none. */
qk_stream_id qk_telemetry_find(qk_telemetry_reader *r, qk_str mn, qk_stream_kind kind);

typedef struct qk_samples { /* parallel arrays in the caller's arena, by rising time */
    size_t count;
    qk_time *time;
    int64_t *mantissa; /* INT64_MIN where the cell is missing */
    int8_t *scale;
    char *flag;        /* first letter of the factor's Flag cell, 0 when none */
    int32_t *recorded; /* seconds from that of `time` to the value's recording */
} qk_samples;
/* One column from <= time < to: every row of the stream in that range has its place. known_at
 * QK_TIME_NONE = as known now. A missing stream or column gives count 0. A text reads as missing,
 * and so does the one number whose mantissa is INT64_MIN. A damaged block is passed over; *damaged
 * counts them (may be NULL). */
QK_NODISCARD qk_code qk_telemetry_read(qk_samples *out, qk_telemetry_reader *r, qk_stream_id stream,
                                       qk_str code, qk_str field, qk_time from, qk_time to,
                                       qk_time known_at, qk_arena *arena, size_t *damaged,
                                       qk_error *err);
/* The same range as a chart needs it: `buckets` equal spans (the last may be shorter) with what
 * lies in each. */
typedef struct qk_envelope_bucket {
    qk_dec least;
    qk_dec most;
    double mean;    /* NaN without numbers */
    uint32_t count; /* of numbers */
    char bad_flag;  /* first flag but N in the span, 0 when there is none */
} qk_envelope_bucket;
typedef struct qk_envelope {
    size_t count; /* of buckets; 0 when there is no such column */
    qk_time from;
    qk_time width_ms;
    qk_envelope_bucket *buckets; /* in the caller's arena */
} qk_envelope;
/* QK_EINVAL unless 1 <= buckets <= 100,000 and the range is shorter than 10,000 years. */
QK_NODISCARD qk_code qk_telemetry_envelope(qk_envelope *out, qk_telemetry_reader *r,
                                           qk_stream_id stream, qk_str code, qk_str field,
                                           qk_time from, qk_time to, qk_time known_at,
                                           size_t buckets, qk_arena *arena, size_t *damaged,
                                           qk_error *err);
/* Whole rows, in order of time; recorded is that of the newest cell given. Stop by returning
 * anything but QK_OK. The reader must not be used inside of fn, where the views live. */
typedef qk_code qk_row_fn(void *context, qk_time time, qk_time recorded, const qk_cell *cells,
                          size_t n);
QK_NODISCARD qk_code qk_telemetry_rows(qk_telemetry_reader *r, qk_stream_id stream, qk_time from,
                                       qk_time to, qk_time known_at, qk_row_fn *fn, void *context,
                                       qk_error *err);
/* Damaged blocks that the last read, envelope or walk over rows passed over. */
size_t qk_telemetry_damaged(const qk_telemetry_reader *r);
/* Names of the stream's columns, by qk_column_id; the strings live as long as the reader, the
 * arrays until the next call. */
QK_NODISCARD qk_code qk_telemetry_columns(const qk_str **codes, const qk_str **fields, size_t *n,
                                          qk_telemetry_reader *r, qk_stream_id stream,
                                          qk_error *err);
/* Checks every block's checksum and form and that times rise strictly within a stream. */
typedef struct qk_telemetry_check {
    uint64_t blocks;
    uint64_t rows;
    uint64_t samples;
    uint64_t bytes;
    uint64_t damaged;
    uint64_t doubled; /* (stream, time) present twice */
} qk_telemetry_check;
QK_NODISCARD qk_code qk_telemetry_verify(qk_telemetry_check *out, qk_telemetry_reader *r,
                                         qk_error *err);
#endif
