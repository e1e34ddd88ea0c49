/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_TELEMETRY_READER_H
#define QK_STORE_TELEMETRY_READER_H
/* Inside of a reader: what it copied from the heads, and the walk over the partitions of a range.
 * Shared by telemetry_read.c and telemetry_chart.c. One thread at a time. */
#include "store/telemetry_private.h"

typedef struct qk_snap_strip {
    uint32_t partition;
    uint32_t order; /* as copied: within a partition by time */
    qk_block_span span;
    size_t at; /* in the snapshot's bytes */
    size_t len;
} qk_snap_strip;

/* A partition of the range that has anything. */
typedef struct qk_part_ref {
    uint32_t partition;
    size_t rows; /* at most */
} qk_part_ref;

struct qk_telemetry_reader {
    qk_telemetry *t;
    qk_db *db;
    qk_disk disk;
    qk_merge merge;
    /* of the stream at hand */
    qk_stream_id stream;
    qk_stream_kind kind;
    qk_name *names; /* by column */
    size_t columns;
    size_t names_cap;
    size_t room;             /* columns that strips on the disk may name */
    qk_name_table own_names; /* without a telemetry beside it */
    qk_str *codes;
    qk_str *fields;
    size_t given_cap;
    /* copied from the heads */
    qk_buf bytes;
    qk_snap_strip *snap;
    size_t snap_n;
    size_t snap_cap;
    qk_strips strips;
    qk_revision *revisions; /* by column and time; texts stand in `texts` */
    size_t revision_n;
    size_t revision_cap;
    qk_arena texts;
    qk_part_ref *parts;
    size_t part_n;
    size_t part_cap;
    qk_time first; /* rows in the partitions listed lie from first to last */
    qk_time last;
    qk_cell *cells; /* of one row given to a caller */
    size_t cells_cap;
    /* samples of one partition */
    qk_time *time;
    int64_t *mantissa;
    int8_t *scale;
    char *flag;
    int32_t *recorded;
    size_t batch_n;
    size_t batch_cap;
    size_t damaged; /* of the walk */
};

typedef struct qk_walk {
    qk_time from;
    qk_time to;
    qk_time known_at;
    const uint16_t *want; /* columns; NULL: all */
    size_t want_n;
} qk_walk;

/* Copies what the disk does not have, then begins to read; *found false: there is no such stream,
 * and nothing to leave. */
QK_NODISCARD qk_code qk_reader_enter(qk_telemetry_reader *r, qk_stream_id stream, qk_time from,
                                     qk_time to, bool *found, qk_error *err);
/* Lists the partitions of the range and the revisions that known_at needs. */
QK_NODISCARD qk_code qk_reader_list(qk_telemetry_reader *r, const qk_walk *walk, qk_error *err);
void qk_reader_leave(qk_telemetry_reader *r);
/* Column by name, or SIZE_MAX. */
size_t qk_reader_column(const qk_telemetry_reader *r, qk_str code, qk_str field);
/* Loads one partition; *plain: its rows are those of the blocks in r->disk and nothing else. */
QK_NODISCARD qk_code qk_reader_load(qk_telemetry_reader *r, const qk_walk *walk,
                                    const qk_part_ref *part, bool *plain, qk_error *err);
/* Sets up r->merge over all sources of the partition loaded. */
QK_NODISCARD qk_code qk_reader_merge(qk_telemetry_reader *r, const qk_walk *walk,
                                     const qk_part_ref *part, qk_error *err);
/* The cell as it was known at walk->known_at, by its own recording and the revisions. False: not
 * known then, or missing. */
bool qk_reader_known(const qk_telemetry_reader *r, const qk_walk *walk, qk_time time,
                     int64_t delay_s, qk_row_cell *cell);
/* Whether the row was there at walk->known_at. */
static inline bool qk_row_known(const qk_walk *walk, qk_time time, int64_t delay_s)
{
    return walk->known_at == QK_TIME_NONE ||
           qk_seconds_of(time) + delay_s <= qk_seconds_of(walk->known_at);
}

/* ---- one column ---- */

/* Samples of one partition, as in qk_samples. */
typedef struct qk_batch {
    size_t n;
    const qk_time *time;
    const int64_t *mantissa; /* INT64_MIN: missing */
    const int8_t *scale;
    const char *flag;
    const int32_t *recorded;
} qk_batch;

typedef struct qk_series_query {
    qk_stream_id stream;
    qk_str code;
    qk_str field;
    qk_time from;
    qk_time to;
    qk_time known_at;
} qk_series_query;

/* Before the first sample: r->parts tells the rows to come at most. */
typedef qk_code qk_begin_fn(void *context, const qk_telemetry_reader *r, qk_error *err);
typedef void qk_batch_fn(void *context, const qk_batch *batch);
/* All samples of a column by rising time; none and no begin when there is no such column. */
QK_NODISCARD qk_code qk_reader_column_walk(qk_telemetry_reader *r, const qk_series_query *query,
                                           qk_begin_fn *begin, qk_batch_fn *fn, void *context,
                                           size_t *damaged, qk_error *err);
#endif
