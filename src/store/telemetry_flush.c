/* SPDX-License-Identifier: Apache-2.0 */
/* From heads to blocks and pieces, settling, retention. */
#include "store/telemetry.h"
#include "store/telemetry_private.h"
#include <stdlib.h>

enum {
    PACK_ROWS_LEAST = 16, /* fewer rows are smaller as a piece than as a block a column */
    PACKS_AT_ONCE = 256,  /* in one flush, so that the store thread is not held for seconds */
    PIECES_MOST = 16,     /* of one partition, before they are made one */
    REPACK_ROUNDS = 60,   /* flushes without a row before a partition is packed a second time */
    KEEP_PACK_BYTES = 4 << 20
};
/* Rows are written as pieces when their frames lie this far back in the journal, so that a restart
 * need not read more of it again. */
static const uint64_t lag_most = (uint64_t)512 << 20;

static qk_code no_memory(qk_error *err)
{
    return qk_fail(err, QK_ENOMEM, "no memory to pack telemetry");
}

/* ---- names ---- */

static qk_code save_column(qk_telemetry *t, const qk_stream *s, size_t column, qk_error *err)
{
    sqlite3_stmt *stmt;
    const qk_name *name = &t->names.names[s->names[column]];
    QK_TRY(qk_db_prepare(&stmt, t->db, "INSERT OR REPLACE INTO stream_column VALUES(?1,?2,?3,?4)",
                         err));
    sqlite3_bind_int64(stmt, 1, s->id);
    sqlite3_bind_int64(stmt, 2, (int64_t)column);
    qk_db_bind_str(stmt, 3, name->code.len > 0 ? name->code : QK_STR(""));
    qk_db_bind_str(stmt, 4, name->field.len > 0 ? name->field : QK_STR(""));
    return qk_db_run(t->db, stmt, err);
}

static qk_code save_stream(qk_telemetry *t, const qk_stream *s, qk_error *err)
{
    sqlite3_stmt *stmt;
    QK_TRY(qk_db_prepare(&stmt, t->db, "INSERT OR REPLACE INTO stream VALUES(?1,?2,?3)", err));
    sqlite3_bind_int64(stmt, 1, s->id);
    qk_db_bind_str(stmt, 2, s->mn);
    sqlite3_bind_int(stmt, 3, (int)s->kind);
    return qk_db_run(t->db, stmt, err);
}

static qk_code save_names(qk_telemetry *t, qk_error *err)
{
    for (size_t i = t->named_n; i < t->unsaved_n; i++) {
        qk_stream *s = t->streams[t->unsaved[i]];
        if (!s->saved) QK_TRY(save_stream(t, s, err));
        for (size_t c = s->columns_saved; c < s->columns; c++) QK_TRY(save_column(t, s, c, err));
        s->columns_named = s->columns;
        t->named_n = i + 1;
    }
    return QK_OK;
}

/* A stream that got columns since they were written stays in the list. */
static void settle_names(qk_telemetry *t, bool committed)
{
    size_t kept = 0;
    for (size_t i = 0; committed && i < t->unsaved_n; i++) {
        qk_stream *s = t->streams[t->unsaved[i]];
        if (i < t->named_n) {
            s->saved = true;
            s->columns_saved = s->columns_named;
        }
        s->listed = !s->saved || s->columns_saved < s->columns;
        if (s->listed) t->unsaved[kept++] = s->id;
    }
    if (committed) t->unsaved_n = kept;
    t->named_n = 0;
}

/* ---- packing ---- */

static qk_code put_row(qk_telemetry *t, const char *sql, int64_t key, qk_error *err)
{
    sqlite3_stmt *stmt;
    QK_TRY(qk_db_prepare(&stmt, t->db, sql, err));
    sqlite3_bind_int64(stmt, 1, key);
    sqlite3_bind_blob64(stmt, 2, t->blob.ptr, t->blob.len, SQLITE_STATIC);
    qk_code code = qk_db_run(t->db, stmt, err);
    sqlite3_clear_bindings(stmt);
    return code;
}

static qk_code put_block(qk_telemetry *t, int64_t key, qk_error *err)
{
    return put_row(t, "INSERT OR REPLACE INTO block VALUES(?1,?2)", key, err);
}

static qk_code make_pack(qk_telemetry *t, size_t rows, size_t columns)
{
    if (rows > t->pack_cap) {
        size_t cap = rows * 2;
        qk_time *times = realloc(t->pack_times, cap * sizeof *times);
        if (!times) return QK_ENOMEM;
        t->pack_times = times;
        int64_t *delays = realloc(t->pack_delays, cap * sizeof *delays);
        if (!delays) return QK_ENOMEM;
        t->pack_delays = delays;
        t->pack_cap = cap;
    }
    if (columns > t->pack_columns) {
        qk_cells *more = realloc(t->pack_cells, columns * sizeof *more);
        if (!more) return QK_ENOMEM;
        memset(more + t->pack_columns, 0, (columns - t->pack_columns) * sizeof *more);
        t->pack_cells = more;
        t->pack_columns = columns;
    }
    for (size_t c = 0; c < columns; c++) QK_TRY(qk_cells_reset(&t->pack_cells[c], rows));
    return QK_OK;
}

static void forget_pack(qk_telemetry *t)
{
    size_t held = 0;
    for (size_t c = 0; c < t->pack_columns; c++) {
        held += qk_cells_bytes(&t->pack_cells[c]);
        if (held > KEEP_PACK_BYTES) qk_cells_clear(&t->pack_cells[c]);
    }
    qk_disk_forget(&t->disk);
    if (t->blob.cap > KEEP_PACK_BYTES) qk_buf_clear(&t->blob);
}

/* Sources of all rows of a partition: disk unless the head has everything, then the head. */
static qk_code open_partition(qk_telemetry *t, qk_stream *s, uint32_t partition, const qk_head *h,
                              size_t *rows, qk_error *err)
{
    bool whole = h && qk_head_whole(h);
    *rows = h ? h->rows : 0;
    qk_merge_begin(&t->merge, s->columns, s->columns);
    t->strips.n = 0;
    if (whole) {
        qk_disk_forget(&t->disk);
        t->disk.damaged = 0;
    } else {
        QK_TRY(qk_disk_load(&t->disk, s->id, partition, s->columns, NULL, 0, err));
        *rows += t->disk.span.n + t->disk.piece_rows;
        if (qk_merge_add_disk(&t->merge, &t->disk, true) != QK_OK) return no_memory(err);
    }
    for (size_t i = 0; h && i < h->n; i++)
        if (qk_strips_add(&t->strips, (qk_str){h->strips[i]->bytes, h->strips[i]->len}) != QK_OK)
            return no_memory(err);
    if (qk_merge_add_strips(&t->merge, t->strips.items, t->strips.n) != QK_OK)
        return no_memory(err);
    qk_merge_seek(&t->merge, INT64_MIN);
    return QK_OK;
}

static qk_code gather_row(qk_telemetry *t, size_t i, const qk_row *row)
{
    t->pack_times[i] = row->time;
    t->pack_delays[i] = row->delay_s;
    for (size_t c = 0; c < row->n; c++) {
        const qk_row_cell *cell = &row->cells[c];
        qk_cells *cells = &t->pack_cells[cell->column];
        if (cell->type == QK_CELL_NUMBER)
            qk_cells_number(cells, i, cell->mantissa, cell->scale, cell->lag);
        else
            QK_TRY(qk_cells_text(cells, i, (qk_str){cell->text, cell->text_len}, cell->lag));
    }
    return QK_OK;
}

static bool any_cell(const qk_cells *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->type[i] != QK_CELL_NONE) return true;
    return false;
}

static qk_code write_blocks(qk_telemetry *t, const qk_stream *s, uint32_t partition, size_t n,
                            qk_error *err)
{
    int64_t key = qk_block_key(s->id, 0, partition);
    qk_buf_reset(&t->blob);
    qk_code code = qk_block_put_times(t->disk.coder, &t->blob, (uint64_t)key, t->pack_times,
                                      t->pack_delays, n);
    if (code != QK_OK) return qk_fail(err, code, "cannot pack the times of telemetry");
    QK_TRY(put_block(t, key, err));
    for (size_t c = 0; c < s->columns; c++) {
        qk_cells *cells = &t->pack_cells[c];
        cells->n = n;
        if (!any_cell(cells)) continue;
        key = qk_block_key(s->id, (uint32_t)c + 1, partition);
        qk_buf_reset(&t->blob);
        code = qk_block_put_cells(t->disk.coder, &t->blob, (uint64_t)key, cells);
        if (code != QK_OK) return qk_fail(err, code, "cannot pack a column of telemetry");
        QK_TRY(put_block(t, key, err));
    }
    return QK_OK;
}

static qk_code delete_range(qk_telemetry *t, const char *sql, int64_t from, int64_t to,
                            qk_error *err)
{
    sqlite3_stmt *stmt;
    QK_TRY(qk_db_prepare(&stmt, t->db, sql, err));
    sqlite3_bind_int64(stmt, 1, from);
    sqlite3_bind_int64(stmt, 2, to);
    return qk_db_run(t->db, stmt, err);
}

static qk_code delete_pieces(qk_telemetry *t, qk_stream_id id, uint32_t from, uint32_t to,
                             qk_error *err)
{
    return delete_range(t, "DELETE FROM piece WHERE key BETWEEN ?1 AND ?2",
                        qk_piece_key(id, from, 0), qk_piece_key(id, to, QK_PIECES_MAX), err);
}

static qk_code write_revision(qk_telemetry *t, const qk_stream *s, qk_revision *r, qk_error *err)
{
    sqlite3_stmt *stmt;
    QK_TRY(qk_db_prepare(&stmt, t->db,
                         "INSERT INTO revision SELECT ?1,?2,?3,?4,"
                         "(SELECT coalesce(max(seq)+1,0) FROM revision"
                         " WHERE stream=?1 AND col=?2 AND time=?3 AND superseded=?4),"
                         "?5,?6,?7,?8,?9",
                         err));
    sqlite3_bind_int64(stmt, 1, s->id);
    sqlite3_bind_int64(stmt, 2, r->column);
    sqlite3_bind_int64(stmt, 3, r->time);
    sqlite3_bind_int64(stmt, 4, r->superseded_s * QK_SECOND);
    sqlite3_bind_int64(stmt, 5, r->recorded_s * QK_SECOND);
    sqlite3_bind_int(stmt, 6, r->type);
    sqlite3_bind_int64(stmt, 7, r->mantissa);
    sqlite3_bind_int(stmt, 8, r->scale);
    if (r->text) sqlite3_bind_blob(stmt, 9, r->text, (int)r->text_len, SQLITE_TRANSIENT);
    QK_TRY(qk_db_run(t->db, stmt, err));
    r->written = true;
    return QK_OK;
}

/* Marks what the transaction now holds of a head; revisions go with the rows they belong to. */
static qk_code note_written(qk_telemetry *t, qk_stream *s, qk_head *h, qk_time last, qk_error *err)
{
    if (last > s->disk_last) s->disk_last = last;
    if (!s->flushed) {
        if (qk_ids_add(&t->flushed, &t->flushed_n, &t->flushed_cap, s->id) != QK_OK)
            return no_memory(err);
        s->flushed = true;
    }
    if (!h) return QK_OK;
    for (size_t i = 0; i < h->revision_n; i++)
        if (!h->revisions[i].written) QK_TRY(write_revision(t, s, &h->revisions[i], err));
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < h->n; i++)
        if (h->strips[i]->state == QK_STRIP_NEW) h->strips[i]->state = QK_STRIP_WRITTEN;
    pthread_mutex_unlock(&t->lock);
    qk_head_rest(t, h);
    return QK_OK;
}

static void note_damage(qk_telemetry *t, const qk_stream *s, qk_head *h)
{
    size_t damaged = t->disk.damaged + t->merge.damaged;
    if (!h || !h->damaged) t->damaged += damaged;
    if (h) h->damaged = true;
    qk_log_limited(t->log, QK_LOG_ERROR, "telemetry", s->id,
                   "%zu stored blocks of %.*s, kind %d, are damaged; their period is not packed",
                   damaged, QK_STR_ARG(s->mn), (int)s->kind);
}

/* Packs a partition. *done false: it is damaged or has too few rows, nothing was written. */
static qk_code pack(qk_telemetry *t, qk_stream *s, uint32_t partition, qk_head *h, bool *done,
                    qk_error *err)
{
    size_t rows;
    size_t n = 0;
    const qk_row *row;
    *done = false;
    if (h && h->damaged) return QK_OK;
    QK_TRY(open_partition(t, s, partition, h, &rows, err));
    if (t->disk.damaged > 0) {
        note_damage(t, s, h);
        return QK_OK;
    }
    if (rows < PACK_ROWS_LEAST || rows > QK_PACK_MAX) return QK_OK;
    if (make_pack(t, rows, s->columns) != QK_OK) return no_memory(err);
    while ((row = qk_merge_next(&t->merge)))
        if (n == rows || gather_row(t, n++, row) != QK_OK) return no_memory(err);
    if (t->merge.damaged > 0) {
        note_damage(t, s, h);
        return QK_OK;
    }
    if (n < PACK_ROWS_LEAST) return QK_OK;
    QK_TRY(write_blocks(t, s, partition, n, err));
    QK_TRY(delete_pieces(t, s->id, partition, partition, err));
    QK_TRY(note_written(t, s, h, t->pack_times[n - 1], err));
    qk_stream_drop_loose(s, partition);
    if (h) {
        h->blocks = true;
        h->disk_rows = n;
    }
    *done = true;
    return QK_OK;
}

/* ---- pieces ---- */

static qk_code count_pieces(qk_telemetry *t, const qk_head *h, int64_t *count, int64_t *last,
                            qk_error *err)
{
    sqlite3_stmt *stmt;
    QK_TRY(qk_db_prepare(&stmt, t->db,
                         "SELECT count(*),coalesce(max(key),-1) FROM piece"
                         " WHERE key BETWEEN ?1 AND ?2",
                         err));
    sqlite3_bind_int64(stmt, 1, qk_piece_key(h->stream->id, h->partition, 0));
    sqlite3_bind_int64(stmt, 2, qk_piece_key(h->stream->id, h->partition, QK_PIECES_MAX));
    QK_TRY(qk_db_step(t->db, stmt, err));
    *count = sqlite3_column_int64(stmt, 0);
    *last = sqlite3_column_int64(stmt, 1);
    sqlite3_reset(stmt);
    return QK_OK;
}

static qk_code list_new(qk_telemetry *t, const qk_head *h, qk_block_span *span)
{
    t->strips.n = 0;
    *span = (qk_block_span){0};
    for (size_t i = 0; i < h->n; i++) {
        const qk_strip *s = h->strips[i];
        if (s->state != QK_STRIP_NEW) continue;
        if (span->n == 0) span->first = s->first;
        span->last = s->last;
        span->n += s->rows;
        QK_TRY(qk_strips_add(&t->strips, (qk_str){s->bytes, s->len}));
    }
    return QK_OK;
}

static qk_code put_piece(qk_telemetry *t, qk_head *h, int64_t last_key, qk_error *err)
{
    qk_block_span span;
    int64_t key = last_key < 0 ? qk_piece_key(h->stream->id, h->partition, 0) : last_key + 1;
    if (((uint64_t)last_key & QK_PIECES_MAX) == QK_PIECES_MAX && last_key >= 0)
        return qk_fail(err, QK_EFULL, "no more pieces of telemetry fit into one period");
    if (list_new(t, h, &span) != QK_OK) return no_memory(err);
    qk_buf_reset(&t->blob);
    qk_piece_put(&t->blob, key, &t->strips, &span);
    if (t->blob.failed != QK_OK) return no_memory(err);
    QK_TRY(put_row(t, "INSERT INTO piece VALUES(?1,?2)", key, err));
    if (qk_stream_note_loose(t, h->stream, h->partition) != QK_OK) return no_memory(err);
    QK_TRY(note_written(t, h->stream, h, span.last, err));
    h->disk_rows += span.n;
    return QK_OK;
}

/* Writes the new strips of a head as they are; a partition in many pieces is packed instead. */
static qk_code spill(qk_telemetry *t, qk_head *h, qk_error *err)
{
    int64_t count;
    int64_t last;
    QK_TRY(count_pieces(t, h, &count, &last, err));
    if (count >= PIECES_MOST) {
        bool done;
        qk_code code = pack(t, h->stream, h->partition, h, &done, err);
        forget_pack(t);
        if (code != QK_OK || done) return code;
    }
    return put_piece(t, h, last, err);
}

static qk_code pack_or_spill(qk_telemetry *t, qk_head *h, size_t *packs, qk_error *err)
{
    bool done;
    qk_code code = pack(t, h->stream, h->partition, h, &done, err);
    forget_pack(t);
    ++*packs;
    return code != QK_OK || done ? code : spill(t, h, err);
}

/* ---- choosing ---- */

static bool is_complete(const qk_head *h)
{
    const qk_stream *s = h->stream;
    return s->plausible != INT64_MIN && h->to <= s->plausible;
}

static bool is_due(const qk_telemetry *t, const qk_head *h)
{
    return is_complete(h) && t->round - h->touched >= (h->blocks ? REPACK_ROUNDS : 2);
}

/* Rows that no journal can give again: they must not wait. */
static bool is_own(const qk_head *h)
{
    return h->stream->kind >= QK_STREAM_DERIVED_HOUR;
}

static qk_code flush_head(qk_telemetry *t, qk_head *h, bool all, size_t *packs, qk_error *err)
{
    uint64_t pos = qk_head_pos(h);
    if (pos == UINT64_MAX || h->expired) return QK_OK;
    bool late = all || t->at - pos > lag_most;
    if (is_complete(h) && (late || (is_due(t, h) && *packs < PACKS_AT_ONCE)))
        return pack_or_spill(t, h, packs, err);
    if (late || is_own(h)) return spill(t, h, err);
    if (t->round - h->touched >= 2) qk_head_rest(t, h);
    return QK_OK;
}

static int by_need(const void *a, const void *b)
{
    const qk_head *x = *(qk_head *const *)a;
    const qk_head *y = *(qk_head *const *)b;
    bool x_complete = is_complete(x);
    if (x_complete != is_complete(y)) return x_complete ? -1 : 1;
    return (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

/* Memory is short: complete partitions first, then the largest heads, until `most` bytes are held
 * by heads that may not leave. */
static qk_code relieve(qk_telemetry *t, size_t most, qk_error *err)
{
    size_t n = 0;
    size_t held = 0;
    size_t packs = 0;
    qk_code code = QK_OK;
    qk_head **heads = malloc((t->changed.n + 1) * sizeof(qk_head *));
    if (!heads) return no_memory(err);
    for (qk_head *h = t->changed.newest; h; h = h->older) {
        if (qk_head_pos(h) == UINT64_MAX || h->expired) continue;
        heads[n++] = h;
        held += h->bytes;
    }
    qsort(heads, n, sizeof(qk_head *), by_need);
    for (size_t i = 0; i < n && held > most && code == QK_OK; i++) {
        held -= heads[i]->bytes;
        code = is_complete(heads[i]) ? pack_or_spill(t, heads[i], &packs, err)
                                     : spill(t, heads[i], err);
    }
    free(heads);
    return code;
}

static qk_code pack_loose(qk_telemetry *t, qk_stream *s, size_t *packs, qk_error *err)
{
    for (size_t i = 0; i < s->loose_n && *packs < PACKS_AT_ONCE; i++) {
        uint32_t partition = s->loose[i];
        qk_time from;
        qk_time to;
        bool done;
        qk_head *h = qk_head_find(s, partition);
        qk_partition_bounds(s->kind, partition, &from, &to);
        if (s->plausible == INT64_MIN || to > s->plausible) continue;
        if (h && (h->unsaved || (h->blocks && t->round - h->touched < REPACK_ROUNDS))) continue;
        QK_TRY(pack(t, s, partition, h, &done, err));
        forget_pack(t);
        ++*packs;
        if (!done) qk_stream_drop_loose(s, partition);
        i = SIZE_MAX; /* the list has changed */
    }
    return QK_OK;
}

static qk_code flush_loose(qk_telemetry *t, size_t *packs, qk_error *err)
{
    size_t kept = 0;
    qk_code code = QK_OK;
    for (size_t i = 0; i < t->loose_n; i++) {
        qk_stream *s = t->streams[t->loose[i]];
        if (code == QK_OK) code = pack_loose(t, s, packs, err);
        if (s->loose_n > 0) t->loose[kept++] = s->id;
    }
    t->loose_n = kept;
    return code;
}

qk_code qk_telemetry_flush(qk_telemetry *t, bool all, qk_error *err)
{
    size_t packs = 0;
    t->round++;
    QK_TRY(save_names(t, err));
    for (qk_head *h = t->changed.oldest; h; h = h->newer)
        QK_TRY(flush_head(t, h, all, &packs, err));
    QK_TRY(flush_loose(t, &packs, err));
    if (t->bytes <= t->limit / 4 * 3) return QK_OK;
    qk_heads_evict(t, t->limit / 8 * 5);
    return t->bytes > t->limit / 4 * 3 ? relieve(t, t->limit / 2, err) : QK_OK;
}

bool qk_telemetry_wants_flush(const qk_telemetry *t)
{
    return t->bytes > t->limit / 4 * 3;
}

/* ---- settling ---- */

static void settle_strips(qk_telemetry *t, qk_head *h, qk_strip_state state)
{
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < h->n; i++)
        if (h->strips[i]->state == QK_STRIP_WRITTEN) h->strips[i]->state = (uint8_t)state;
    pthread_mutex_unlock(&t->lock);
}

static bool has_new(const qk_head *h)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->strips[i]->state == QK_STRIP_NEW) return true;
    return false;
}

static void settle_head(qk_telemetry *t, qk_head *h, bool committed)
{
    settle_strips(t, h, committed ? QK_STRIP_CLEAN : QK_STRIP_NEW);
    if (committed)
        qk_head_revised(t, h);
    else
        for (size_t i = 0; i < h->revision_n; i++) h->revisions[i].written = false;
    bool expired = h->expired;
    h->expired = false;
    if (expired && committed) {
        qk_head_drop(t, h);
    } else if (!has_new(h) && h->revision_n == 0) {
        bool packed = h->blocks && is_complete(h) && !h->damaged;
        qk_head_move(t, h, false);
        if (packed) qk_head_drop(t, h);
    }
}

void qk_telemetry_settle(qk_telemetry *t, bool committed)
{
    for (qk_head *h = t->changed.oldest, *next; h; h = next) {
        next = h->newer;
        settle_head(t, h, committed);
    }
    settle_names(t, committed);
    for (size_t i = 0; i < t->flushed_n; i++) {
        qk_stream *s = t->streams[t->flushed[i]];
        s->flushed = false;
        if (!committed) s->primed = false; /* what it knows of the disk is not so */
    }
    t->flushed_n = 0;
    if (t->bytes > t->limit / 4 * 3) qk_heads_evict(t, t->limit / 8 * 5);
}

/* ---- retention ---- */

static qk_code has_older(qk_telemetry *t, qk_stream_id id, uint32_t last, bool *any, qk_error *err)
{
    sqlite3_stmt *stmt;
    QK_TRY(qk_db_prepare(&stmt, t->db,
                         "SELECT EXISTS(SELECT 1 FROM block WHERE key BETWEEN ?1 AND ?2)"
                         " OR EXISTS(SELECT 1 FROM piece WHERE key BETWEEN ?3 AND ?4)",
                         err));
    sqlite3_bind_int64(stmt, 1, qk_block_key(id, 0, 0));
    sqlite3_bind_int64(stmt, 2, qk_block_key(id, 0, last));
    sqlite3_bind_int64(stmt, 3, qk_piece_key(id, 0, 0));
    sqlite3_bind_int64(stmt, 4, qk_piece_key(id, last, QK_PIECES_MAX));
    QK_TRY(qk_db_step(t->db, stmt, err));
    *any = sqlite3_column_int(stmt, 0) != 0;
    sqlite3_reset(stmt);
    return QK_OK;
}

static qk_code expire_column(qk_telemetry *t, qk_stream_id id, size_t column, qk_time before,
                             qk_error *err)
{
    sqlite3_stmt *stmt;
    QK_TRY(qk_db_prepare(&stmt, t->db,
                         "DELETE FROM revision WHERE stream=?1 AND col=?2 AND time<?3", err));
    sqlite3_bind_int64(stmt, 1, id);
    sqlite3_bind_int64(stmt, 2, (int64_t)column);
    sqlite3_bind_int64(stmt, 3, before);
    return qk_db_run(t->db, stmt, err);
}

static qk_code expire_stream(qk_telemetry *t, qk_stream *s, uint32_t last, qk_error *err)
{
    bool any;
    qk_time from;
    qk_time to;
    QK_TRY(has_older(t, s->id, last, &any, err));
    if (!any) return QK_OK;
    qk_partition_bounds(s->kind, last, &from, &to);
    QK_TRY(delete_pieces(t, s->id, 0, last, err));
    for (size_t c = 0; c <= s->columns; c++) {
        QK_TRY(delete_range(t, "DELETE FROM block WHERE key BETWEEN ?1 AND ?2",
                            qk_block_key(s->id, (uint32_t)c, 0),
                            qk_block_key(s->id, (uint32_t)c, last), err));
        if (c < s->columns) QK_TRY(expire_column(t, s->id, c, to, err));
    }
    for (size_t i = s->loose_n; i-- > 0;)
        if (s->loose[i] <= last) qk_stream_drop_loose(s, s->loose[i]);
    return note_written(t, s, NULL, INT64_MIN, err);
}

/* A head whose rows are gone leaves once that is certain; until then readers still see it. */
static void expire_heads(qk_telemetry *t, const qk_stream *s, uint32_t last)
{
    for (size_t i = 0; i < s->head_n; i++) {
        qk_head *h = s->heads[i];
        if (h->partition > last) continue;
        h->expired = true;
        if (!h->unsaved) qk_head_move(t, h, true);
    }
}

qk_code qk_telemetry_expire(qk_telemetry *t, qk_stream_kind kind, qk_time before, qk_error *err)
{
    if (!qk_partition_holds(before))
        return qk_fail(err, QK_ERANGE, "the time lies outside of the years 1 to 9999");
    uint32_t last = qk_partition_of(kind, before);
    if (last == 0) return QK_OK;
    for (size_t i = 1; i < t->stream_n; i++) {
        qk_stream *s = t->streams[i];
        if (!s || s->kind != kind) continue;
        expire_heads(t, s, last - 1);
        if (s->saved) QK_TRY(expire_stream(t, s, last - 1, err));
    }
    return QK_OK;
}
