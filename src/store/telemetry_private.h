/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_TELEMETRY_PRIVATE_H
#define QK_STORE_TELEMETRY_PRIVATE_H
/* What the files of the telemetry share; see docs/internals/telemetry.md.
 *
 *   telemetry_names.c  pairs of factor and field
 *   telemetry.c        streams, columns, appending
 *   telemetry_head.c   heads: the rows of one partition in memory
 *   telemetry_flush.c  from heads to blocks and pieces, settling, retention
 *   telemetry_read.c   readers
 *   telemetry_chart.c  envelopes and the check of all blocks
 *
 * Threads: the store thread changes everything; it holds `lock` while it changes what readers copy:
 * the map and the names of streams, the list of heads, strips, revisions. */
#include "base/map.h"
#include "store/telemetry_disk.h"
#include <pthread.h>
#include <stdatomic.h>

typedef struct qk_name {
    qk_str code;
    qk_str field;
} qk_name;

/* Pairs of factor and field, each kept once; a pair's number and texts never change. */
typedef struct qk_name_table {
    qk_arena texts;
    qk_map *map;
    qk_name *names;
    size_t n;
    size_t cap;
} qk_name_table;

enum { QK_NAME_BYTES_MAX = 64, QK_MN_BYTES_MAX = 64 };

typedef enum qk_strip_state {
    QK_STRIP_CLEAN,  /* as on the disk */
    QK_STRIP_NEW,    /* not on the disk */
    QK_STRIP_WRITTEN /* flushed in the transaction that is not settled yet */
} qk_strip_state;

typedef struct qk_strip {
    qk_time first;
    qk_time last;
    uint64_t pos; /* journal position of the oldest row that may not be on the disk */
    uint32_t rows;
    uint32_t len;
    uint32_t cap;
    uint8_t state;
    char bytes[];
} qk_strip;

/* A value that was replaced: valid from recorded until superseded. */
typedef struct qk_revision {
    qk_time time;
    int64_t recorded_s;
    int64_t superseded_s;
    int64_t mantissa;
    char *text; /* owned */
    uint32_t text_len;
    uint16_t column;
    uint8_t type;
    int8_t scale;
    bool written;
} qk_revision;

typedef struct qk_stream qk_stream;

/* Rows of one partition in memory. All rows of the disk with cover_from <= time < cover_to are
 * among them, so that a time inside can be judged without the disk. */
typedef struct qk_head {
    struct qk_head *newer; /* in one of two lists: those with anything unsaved, and the others */
    struct qk_head *older;
    qk_stream *stream;
    uint32_t partition;
    qk_time from;
    qk_time to;
    qk_time cover_from;
    qk_time cover_to;
    qk_strip **strips; /* by time */
    size_t n;
    size_t cap;
    qk_row_state *tail; /* of the last strip; NULL: must be read again before going on */
    /* Where the last look for an old row ended, so that the next goes on there: rows that come
     * again come in order. */
    const qk_strip *seek_strip; /* NULL: nowhere */
    qk_row_state *seek_state;
    size_t seek_at;
    qk_revision *revisions;
    size_t revision_n;
    size_t revision_cap;
    size_t bytes;
    size_t rows;
    size_t disk_rows; /* about: rows in blocks and pieces when last seen */
    uint32_t touched; /* the flush round of the last append */
    bool unsaved;     /* which list */
    bool expired;     /* its rows were deleted in the transaction that is not settled yet */
    bool blocks;      /* has blocks on the disk */
    bool damaged;     /* some of it on the disk is: never packed over */
} qk_head;

struct qk_stream {
    qk_stream_id id;
    qk_stream_kind kind;
    qk_str mn;       /* owned */
    uint32_t *names; /* by column */
    size_t columns;
    size_t columns_cap;
    size_t columns_saved;
    size_t columns_named; /* written in the transaction that is not settled yet */
    size_t hint;          /* the column asked for next by a device that repeats its layout */
    qk_head **heads;      /* by partition */
    size_t head_n;
    size_t head_cap;
    qk_head *recent;
    bool saved;        /* its name is on the disk */
    bool listed;       /* in the list of those with unsaved names */
    bool flushed;      /* in the list of those flushed */
    bool primed;       /* the fields below are known */
    qk_time disk_last; /* newest row on the disk */
    qk_time plausible; /* newest row that did not come from the future */
    uint32_t *loose;   /* partitions with pieces on the disk */
    size_t loose_n;
    size_t loose_cap;
};

typedef struct qk_head_list {
    qk_head *newest;
    qk_head *oldest;
    size_t n;
} qk_head_list;

struct qk_telemetry {
    qk_db *db;
    qk_log *log;
    size_t limit; /* bytes */
    _Atomic size_t bytes;
    _Atomic uint64_t damaged;
    uint64_t at; /* journal position given last */
    uint32_t round;
    pthread_mutex_t lock;
    qk_name_table names;
    qk_map *stream_map;
    qk_stream **streams; /* by id; [0] is unused */
    size_t stream_n;
    size_t stream_cap;
    qk_stream_id *unsaved; /* streams with a name or column not on the disk */
    size_t unsaved_n;
    size_t unsaved_cap;
    size_t named_n;        /* of these are written in the transaction that is not settled yet */
    qk_stream_id *flushed; /* streams flushed in the transaction not settled yet */
    size_t flushed_n;
    size_t flushed_cap;
    qk_stream_id *loose; /* streams that have loose partitions */
    size_t loose_n;
    size_t loose_cap;
    qk_head_list changed;   /* heads with anything unsaved, by the time that began */
    qk_head_list unchanged; /* by use */
    /* working space of the store thread */
    qk_disk disk;
    qk_merge merge;
    qk_strips strips;
    qk_row_cell *cells; /* of the row being appended */
    size_t cells_cap;
    qk_row_cell *edit_cells; /* of a row being changed */
    qk_row_cell *read_cells;
    size_t edit_cap;
    uint32_t *seen; /* by column: the call that named it last, and where */
    uint32_t *seen_at;
    uint32_t call;
    qk_row_state *read_state;
    qk_row_state *write_state;
    uint8_t *scratch;
    size_t scratch_cap;
    qk_time *pack_times;
    int64_t *pack_delays;
    size_t pack_cap;
    qk_cells *pack_cells;
    size_t pack_columns;
    qk_buf blob;
};

static inline int32_t qk_lag_of(int64_t lag_s)
{
    return lag_s < INT32_MIN ? INT32_MIN : lag_s > INT32_MAX ? INT32_MAX : (int32_t)lag_s;
}

/* ---- telemetry_names.c ---- */
QK_NODISCARD qk_code qk_names_init(qk_name_table *names);
void qk_names_clear(qk_name_table *names);
bool qk_name_good(qk_str name);
/* Both texts are good names. QK_ENOMEM, QK_EFULL. */
QK_NODISCARD qk_code qk_names_add(qk_name_table *names, qk_str code, qk_str field, uint32_t *out);

/* ---- telemetry.c ---- */
/* For readers: the stream of a device, 0 when there is none. */
qk_stream_id qk_telemetry_lookup(qk_telemetry *t, qk_str mn, qk_stream_kind kind);
QK_NODISCARD qk_code qk_stream_prime(qk_telemetry *t, qk_stream *s, qk_error *err);
QK_NODISCARD qk_code qk_stream_note_loose(qk_telemetry *t, qk_stream *s, uint32_t partition);
void qk_stream_drop_loose(qk_stream *s, uint32_t partition);
QK_NODISCARD qk_code qk_ids_add(qk_stream_id **ids, size_t *n, size_t *cap, qk_stream_id id);

/* ---- telemetry_head.c ---- */
static inline bool qk_head_covers(const qk_head *h, qk_time time)
{
    return time >= h->cover_from && time < h->cover_to;
}
static inline bool qk_head_whole(const qk_head *h)
{
    return h->cover_from == INT64_MIN && h->cover_to == INT64_MAX;
}
/* The stream's head in memory for a partition, or NULL. */
qk_head *qk_head_find(const qk_stream *s, uint32_t partition);
/* The head for a time, made when there is none, with the rows around that time in it. */
QK_NODISCARD qk_code qk_head_for(qk_head **out, qk_telemetry *t, qk_stream *s, qk_time time,
                                 qk_error *err);
/* Takes the head from its stream and the lists and frees it. */
void qk_head_drop(qk_telemetry *t, qk_head *h);
/* Lets unchanged heads go, least used first, until `bytes` are in use at most. */
void qk_heads_evict(qk_telemetry *t, size_t bytes);
void qk_head_move(qk_telemetry *t, qk_head *h, bool changed); /* to the front of that list */
/* Adds a row behind all others. */
QK_NODISCARD qk_code qk_head_append(qk_telemetry *t, qk_head *h, const qk_row *row, qk_error *err);
/* Makes `tail` tell the last row; the head has one. */
QK_NODISCARD qk_code qk_head_tail(qk_telemetry *t, qk_head *h, qk_error *err);
/* Forgets what only appending needs. */
void qk_head_rest(qk_telemetry *t, qk_head *h);
/* Adds cells of further columns to the last row, whose strip is new. */
QK_NODISCARD qk_code qk_head_extend(qk_telemetry *t, qk_head *h, const qk_row *row, qk_error *err);
/* The row of a time into t->read_cells (*row points there), or QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_head_row(qk_telemetry *t, qk_head *h, qk_time time, qk_row *row,
                                 qk_error *err);
/* Puts a row in its place, over the one of the same time when there is one. */
QK_NODISCARD qk_code qk_head_put(qk_telemetry *t, qk_head *h, const qk_row *row, qk_error *err);
/* Keeps a copy of a revision; unrevise takes those beyond the first n back. */
QK_NODISCARD qk_code qk_head_revise(qk_telemetry *t, qk_head *h, const qk_revision *revision,
                                    qk_error *err);
void qk_head_unrevise(qk_telemetry *t, qk_head *h, size_t n);
void qk_head_revised(qk_telemetry *t, qk_head *h); /* lets the written ones go */
uint64_t qk_head_pos(const qk_head *h);            /* smallest still needed, UINT64_MAX for none */
qk_time qk_head_last(const qk_head *h);            /* of the rows in memory; INT64_MIN for none */
#endif
