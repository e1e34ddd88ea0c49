/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes for charts, and the check of everything stored. */
#include "store/telemetry.h"
#include "store/telemetry_reader.h"
#include <math.h>
#include <stdlib.h>

enum { BUCKETS_MOST = 100000 };

/* ---- envelope ---- */

typedef struct envelope_sink {
    qk_envelope *out;
    qk_arena *arena;
    size_t n;
} envelope_sink;

static qk_code begin_envelope(void *context, const qk_telemetry_reader *r, qk_error *err)
{
    (void)r;
    envelope_sink *sink = context;
    sink->out->buckets = qk_arena_array(sink->arena, sink->n, sizeof *sink->out->buckets);
    if (!sink->out->buckets)
        return qk_fail(err, QK_ENOMEM, "%zu buckets do not fit into the memory of this request",
                       sink->n);
    sink->out->count = sink->n;
    return QK_OK;
}

static int compare(int64_t mantissa, int8_t scale, qk_dec d)
{
    if (scale == d.scale) return (mantissa > d.mantissa) - (mantissa < d.mantissa);
    return qk_dec_cmp((qk_dec){mantissa, scale}, d);
}

static void take_number(qk_envelope_bucket *b, int64_t mantissa, int8_t scale)
{
    static const double unit[QK_DEC_SCALE_MAX + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,
                                                      1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13,
                                                      1e14, 1e15, 1e16, 1e17, 1e18};
    qk_dec value = {mantissa, scale};
    if (b->count == 0 || compare(mantissa, scale, b->least) < 0) b->least = value;
    if (b->count == 0 || compare(mantissa, scale, b->most) > 0) b->most = value;
    b->mean += (double)mantissa / unit[(unsigned)scale % (QK_DEC_SCALE_MAX + 1)];
    b->count++;
}

static void take_batch(void *context, const qk_batch *batch)
{
    const qk_envelope *out = ((envelope_sink *)context)->out;
    qk_envelope_bucket *b = NULL;
    qk_time end = INT64_MIN;
    for (size_t i = 0; i < batch->n; i++) {
        if (batch->time[i] >= end) { /* divides once a bucket, not once a sample */
            size_t at = (size_t)((batch->time[i] - out->from) / out->width_ms);
            b = &out->buckets[at];
            end = out->from + (qk_time)(at + 1) * out->width_ms;
        }
        char flag = batch->flag[i];
        if (flag != 0 && flag != 'N' && b->bad_flag == 0) b->bad_flag = flag;
        if (batch->mantissa[i] != INT64_MIN) take_number(b, batch->mantissa[i], batch->scale[i]);
    }
}

qk_code qk_telemetry_envelope(qk_envelope *out, qk_telemetry_reader *r, qk_stream_id stream,
                              qk_str code, qk_str field, qk_time from, qk_time to, qk_time known_at,
                              size_t buckets, qk_arena *arena, size_t *damaged, qk_error *err)
{
    *out = (qk_envelope){.from = from};
    if (damaged) *damaged = 0;
    if (buckets < 1 || buckets > BUCKETS_MOST)
        return qk_fail(err, QK_EINVAL, "a chart has 1 to %d buckets", BUCKETS_MOST);
    if (from < QK_ROW_TIME_FIRST || to > QK_ROW_TIME_END)
        return qk_fail(err, QK_EINVAL, "the range lies outside of the years 1 to 9999");
    if (from >= to) return QK_OK;
    out->width_ms = (to - from + (qk_time)buckets - 1) / (qk_time)buckets;
    envelope_sink sink = {.out = out, .arena = arena};
    sink.n = (size_t)((to - from + out->width_ms - 1) / out->width_ms);
    qk_series_query q = {stream, code, field, from, to, known_at};
    QK_TRY(qk_reader_column_walk(r, &q, begin_envelope, take_batch, &sink, damaged, err));
    for (size_t i = 0; i < out->count; i++)
        out->buckets[i].mean =
            out->buckets[i].count > 0 ? out->buckets[i].mean / out->buckets[i].count : (double)NAN;
    return QK_OK;
}

/* ---- verify ---- */

/* The blocks come by stream, column and partition: first all times of a stream, which tell how many
 * rows each further block of that partition must have. */
typedef struct checker {
    qk_telemetry_reader *r;
    qk_telemetry_check *out;
    qk_stream_id stream;
    qk_stream_kind kind;
    bool known;
    qk_part_ref *parts;
    size_t n;
    size_t cap;
    qk_time *times;
    int64_t *delays;
    size_t rows_cap;
    qk_cells cells;
} checker;

static void clear_checker(checker *c)
{
    free(c->parts);
    free(c->times);
    free(c->delays);
    qk_cells_clear(&c->cells);
}

static qk_code enter_stream(checker *c, qk_stream_id stream, qk_error *err)
{
    sqlite3_stmt *stmt;
    if (c->known && c->stream == stream) return QK_OK;
    c->stream = stream;
    c->n = 0;
    QK_TRY(qk_db_prepare(&stmt, c->r->db,
                         "SELECT kind,(SELECT coalesce(max(col)+1,0) FROM stream_column"
                         " WHERE stream=?1) FROM stream WHERE id=?1",
                         err));
    sqlite3_bind_int64(stmt, 1, stream);
    qk_code code = qk_db_step(c->r->db, stmt, err);
    c->known = code == QK_OK;
    if (code == QK_ENOTFOUND) return QK_OK;
    QK_TRY(code);
    c->kind = (qk_stream_kind)sqlite3_column_int(stmt, 0);
    int64_t columns = sqlite3_column_int64(stmt, 1);
    c->r->room = columns < 0 || columns > QK_ROW_COLUMNS_MAX ? QK_ROW_COLUMNS_MAX : (size_t)columns;
    sqlite3_reset(stmt);
    return QK_OK;
}

static qk_code make_rows(checker *c, size_t n)
{
    if (n <= c->rows_cap) return QK_OK;
    qk_time *times = realloc(c->times, n * sizeof *times);
    if (!times) return QK_ENOMEM;
    c->times = times;
    int64_t *delays = realloc(c->delays, n * sizeof *delays);
    if (!delays) return QK_ENOMEM;
    c->delays = delays;
    c->rows_cap = n;
    return QK_OK;
}

static qk_code note_part(checker *c, uint32_t partition, size_t rows)
{
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 64;
        qk_part_ref *more = realloc(c->parts, cap * sizeof *more);
        if (!more) return QK_ENOMEM;
        c->parts = more;
        c->cap = cap;
    }
    c->parts[c->n++] = (qk_part_ref){partition, rows};
    return QK_OK;
}

static size_t rows_of(const checker *c, uint32_t partition)
{
    size_t low = 0;
    size_t high = c->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->parts[middle].partition < partition)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->n && c->parts[low].partition == partition ? c->parts[low].rows : 0;
}

static qk_code check_times(checker *c, uint32_t partition, uint64_t key, qk_str data)
{
    qk_block_span span;
    qk_time from;
    qk_time to;
    QK_TRY(qk_block_peek(&span, data));
    QK_TRY(make_rows(c, span.n));
    QK_TRY(qk_block_get_times(c->r->disk.coder, c->times, c->delays, &span, key, data));
    qk_partition_bounds(c->kind, partition, &from, &to);
    if (span.first < from || span.last >= to) return QK_EDAMAGED;
    c->out->rows += span.n;
    return note_part(c, partition, span.n);
}

static qk_code check_cells(checker *c, uint32_t partition, uint64_t key, qk_str data)
{
    size_t n = rows_of(c, partition);
    if (n == 0) return QK_EDAMAGED; /* nothing tells what its values belong to */
    QK_TRY(qk_block_get_cells(c->r->disk.coder, &c->cells, n, key, data));
    for (size_t i = 0; i < n; i++) c->out->samples += qk_cells_type(&c->cells, i) != QK_CELL_NONE;
    return QK_OK;
}

static qk_code check_block(checker *c, uint64_t key, qk_str data, qk_error *err)
{
    uint32_t partition = (uint32_t)key & QK_PARTITION_MAX;
    QK_TRY(enter_stream(c, (qk_stream_id)(key >> 36), err));
    if (!c->known) return QK_EDAMAGED;
    return (key >> 24 & 0xfff) == 0 ? check_times(c, partition, key, data)
                                    : check_cells(c, partition, key, data);
}

static qk_code check_strips(checker *c, const qk_disk *d)
{
    const qk_piece *piece = &d->pieces[0];
    qk_merge *m = &c->r->merge;
    const qk_row *row;
    size_t rows = 0;
    qk_merge_begin(m, c->r->room, c->r->room);
    QK_TRY(qk_merge_add_strips(m, piece->strips.items, piece->strips.n));
    qk_merge_seek(m, INT64_MIN);
    while ((row = qk_merge_next(m))) {
        rows++;
        c->out->samples += row->n;
    }
    c->out->rows += rows;
    if (m->damaged > 0) return QK_EDAMAGED;
    if (rows < piece->span.n) c->out->doubled += piece->span.n - rows;
    return QK_OK;
}

static qk_code check_piece(checker *c, uint64_t key, qk_str data, qk_error *err)
{
    qk_str body;
    QK_TRY(enter_stream(c, (qk_stream_id)(key >> 43), err));
    if (!c->known) return QK_EDAMAGED;
    QK_TRY(qk_block_open(&body, QK_BLOCK_ROWS, key, data));
    QK_TRY(qk_disk_take_piece(&c->r->disk, body, err));
    return check_strips(c, &c->r->disk);
}

static qk_code check_table(checker *c, const char *sql, bool pieces, qk_error *err)
{
    sqlite3_stmt *stmt;
    qk_code code;
    c->known = false;
    QK_TRY(qk_db_prepare(&stmt, c->r->db, sql, err));
    while ((code = qk_db_step(c->r->db, stmt, err)) == QK_OK) {
        uint64_t key = (uint64_t)sqlite3_column_int64(stmt, 0);
        qk_str data = {sqlite3_column_blob(stmt, 1), (size_t)sqlite3_column_bytes(stmt, 1)};
        c->out->blocks++;
        c->out->bytes += data.len;
        code = pieces ? check_piece(c, key, data, err) : check_block(c, key, data, err);
        c->out->damaged += code == QK_EDAMAGED;
        if (code != QK_OK && code != QK_EDAMAGED) {
            if (code == QK_ENOMEM) qk_fail(err, code, "no memory to check telemetry");
            break;
        }
    }
    sqlite3_reset(stmt);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_telemetry_verify(qk_telemetry_check *out, qk_telemetry_reader *r, qk_error *err)
{
    *out = (qk_telemetry_check){0};
    checker c = {.r = r, .out = out};
    QK_TRY(qk_db_begin(r->db, err));
    qk_code code = check_table(&c, "SELECT key,data FROM block ORDER BY key", false, err);
    if (code == QK_OK) code = check_table(&c, "SELECT key,data FROM piece ORDER BY key", true, err);
    clear_checker(&c);
    r->stream = 0;
    qk_reader_leave(r);
    return code;
}
