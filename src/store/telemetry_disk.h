/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_TELEMETRY_DISK_H
#define QK_STORE_TELEMETRY_DISK_H
/* Partitions of the telemetry in SQLite, and the merging of what they are made of.
 *
 * A stream is cut into civil partitions of a day, a month or a year. A partition on the disk is
 *   block rows: one for the times, one for each column: all rows when the partition was packed;
 *   piece rows: strips that left memory before or after that. A row of a later piece replaces the
 *   row of the same time in an earlier piece or in the blocks.
 * Keys are single integers, so that the tables are plain b-trees with small keys and large leaves:
 *   block.key = stream (20 bits) | column + 1, 0 the times (12) | partition (24)
 *   piece.key = stream (20) | partition (24) | number (19)
 * hence one column's year is one contiguous range. Both the writer and every reader use this module
 * with a working set of their own; one thread at a time. */
#include "store/db.h"
#include "store/telemetry.h"
#include "store/telemetry_rows.h"
#include <stdlib.h>

/* Room for count elements, or the caller returns QK_ENOMEM; what stood there stays. */
#define QK_GROW(array, cap, count)                                 \
    do {                                                           \
        void *more_ = realloc((array), (count) * sizeof *(array)); \
        if (!more_) return QK_ENOMEM;                              \
        (array) = more_;                                           \
        (cap) = (count);                                           \
    } while (0)

enum {
    QK_STREAMS_MAX = (1 << 20) - 1,
    QK_PIECES_MAX = (1 << 19) - 1,
    QK_PARTITION_MAX = (1 << 24) - 1,
    QK_PARTITION_CELLS_MAX = 8 << 20, /* rows x columns in one partition */
    QK_PARTITION_BYTES_MAX = 16 << 20 /* of its strips */
};

/* Instants that a row may have: the civil years 1 to 9999. */
#define QK_ROW_TIME_FIRST ((qk_time)-62135596800000 - QK_CST_OFFSET)
#define QK_ROW_TIME_END   ((qk_time)253402300800000 - QK_CST_OFFSET)
bool qk_partition_holds(qk_time t);
uint32_t qk_partition_of(qk_stream_kind kind, qk_time t);
void qk_partition_bounds(qk_stream_kind kind, uint32_t partition, qk_time *from, qk_time *to);
static inline int64_t qk_block_key(qk_stream_id stream, uint32_t column_plus_1, uint32_t partition)
{
    return (int64_t)((uint64_t)stream << 36 | (uint64_t)column_plus_1 << 24 | partition);
}
static inline int64_t qk_piece_key(qk_stream_id stream, uint32_t partition, uint32_t number)
{
    return (int64_t)((uint64_t)stream << 43 | (uint64_t)partition << 19 | number);
}
/* Seconds of an instant, rounded down. */
static inline int64_t qk_seconds_of(qk_time t)
{
    return (t >= 0 ? t : t - 999) / 1000;
}
/* Instant of recording, whole seconds. */
static inline qk_time qk_recorded_at(qk_time time, int64_t delay_s)
{
    return (qk_seconds_of(time) + delay_s) * QK_SECOND;
}

/* Strips of one partition that belong together, by rising time. */
typedef struct qk_strips {
    qk_str *items;
    size_t n;
    size_t cap;
} qk_strips;

typedef struct qk_piece {
    size_t at; /* of its body in the bytes of all pieces */
    size_t len;
    qk_block_span span;
    qk_strips strips;
} qk_piece;

typedef struct qk_disk {
    qk_db *db;
    qk_block_coder *coder;
    qk_block_span span; /* of the blocks; n = 0: none */
    qk_time *times;
    int64_t *delay_s;
    size_t rows_cap;
    qk_cells *cells; /* by column; n = 0: not there */
    size_t columns;
    size_t cells_cap;
    qk_buf bytes; /* of all pieces */
    qk_piece *pieces;
    size_t piece_count;
    size_t piece_cap;
    size_t piece_rows;
    uint32_t piece_last; /* highest number */
    size_t damaged;      /* blocks and pieces found damaged by the last load */
} qk_disk;

QK_NODISCARD qk_code qk_disk_open(qk_disk *disk, qk_db *db);
void qk_disk_close(qk_disk *disk);
/* Loads a partition: its blocks of the wanted columns (want NULL: all below columns) and its
 * pieces. Damaged blocks and pieces are left out and counted. */
QK_NODISCARD qk_code qk_disk_load(qk_disk *disk, qk_stream_id stream, uint32_t partition,
                                  size_t columns, const uint16_t *want, size_t want_n,
                                  qk_error *err);
/* The strips of one piece whose body is at hand, as d->pieces[0]. QK_EDAMAGED. */
QK_NODISCARD qk_code qk_disk_take_piece(qk_disk *disk, qk_str body, qk_error *err);
/* Index of the first row of the blocks at or after an instant. */
size_t qk_disk_first_at(const qk_disk *disk, qk_time from);
void qk_disk_forget(qk_disk *disk); /* what was loaded; gives back memory beyond the usual */
/* A piece of n strips, appended to out: "rows, span | n | length and bytes of each". */
void qk_piece_put(qk_buf *out, int64_t key, const qk_strips *strips, const qk_block_span *span);
/* Head of a piece, without its checksum. QK_EDAMAGED. */
QK_NODISCARD qk_code qk_piece_peek(qk_block_span *span, qk_str piece);

/* ---- merging ---- */

typedef struct qk_source {
    const qk_disk *disk; /* of a source of blocks */
    const qk_str *strips;
    size_t n;
    size_t item;
    size_t at;
    qk_row_state *state;
    qk_row row;
    qk_row_cell *cells;
    size_t cells_cap;
    bool live;
} qk_source;

/* Rows of several sources as one, by rising time; of one time, that of the source added last. */
typedef struct qk_merge {
    qk_source *sources;
    size_t n;
    size_t cap;
    size_t columns;
    size_t room;
    bool started;
    qk_time given;  /* time of the row given last */
    size_t damaged; /* strips whose bytes made no sense */
} qk_merge;

void qk_merge_clear(qk_merge *merge);
/* Forgets the sources, keeps their memory. Rows are given cells below `columns` only; strips may
 * name columns below `room`, which is at least that. */
void qk_merge_begin(qk_merge *merge, size_t columns, size_t room);
/* What disk has loaded, then strips; both are borrowed until the next begin. */
QK_NODISCARD qk_code qk_merge_add_disk(qk_merge *merge, const qk_disk *disk, bool blocks);
QK_NODISCARD qk_code qk_merge_add_strips(qk_merge *merge, const qk_str *strips, size_t n);
/* To the first row at or after `from`. */
void qk_merge_seek(qk_merge *merge, qk_time from);
/* The next row, good until the next call; NULL at the end. */
const qk_row *qk_merge_next(qk_merge *merge);
QK_NODISCARD qk_code qk_strips_add(qk_strips *strips, qk_str strip);
#endif
