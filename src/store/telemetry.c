/* SPDX-License-Identifier: Apache-2.0 */
#include "store/telemetry.h"
#include "store/telemetry_private.h"
#include <stdlib.h>

enum { HEAD_BYTES_DEFAULT = 96 << 20, HEAD_BYTES_LEAST = 64 << 10, COLUMNS_AT_ONCE = 8 };

static qk_code no_memory(qk_error *err)
{
    return qk_fail(err, QK_ENOMEM, "no memory for telemetry");
}

qk_code qk_ids_add(qk_stream_id **ids, size_t *n, size_t *cap, qk_stream_id id)
{
    if (*n == *cap) QK_GROW(*ids, *cap, *cap ? *cap * 2 : 64);
    (*ids)[(*n)++] = id;
    return QK_OK;
}

/* ---- names ---- */

static qk_code add_column(qk_telemetry *t, qk_stream *s, qk_str code, qk_str field)
{
    uint32_t name;
    QK_TRY(qk_names_add(&t->names, code, field, &name));
    if (s->columns == s->columns_cap)
        QK_GROW(s->names, s->columns_cap, s->columns_cap + COLUMNS_AT_ONCE + s->columns_cap / 2);
    s->names[s->columns++] = name;
    return QK_OK;
}

static qk_code add_stream(qk_telemetry *t, qk_stream_id id, qk_str mn, qk_stream_kind kind)
{
    char key[QK_MN_BYTES_MAX + 1];
    key[0] = (char)kind;
    memcpy(key + 1, mn.ptr, mn.len);
    if (id >= t->stream_cap) {
        size_t old = t->stream_cap;
        size_t cap = old ? old * 2 : 64;
        while (cap <= id) cap *= 2;
        QK_GROW(t->streams, t->stream_cap, cap);
        memset(t->streams + old, 0, (cap - old) * sizeof(qk_stream *));
    }
    qk_stream *s = calloc(1, sizeof *s);
    char *copy = malloc(mn.len + 1);
    if (!s || !copy || qk_map_set(t->stream_map, (qk_str){key, mn.len + 1}, id) != QK_OK) {
        free(s);
        free(copy);
        return QK_ENOMEM;
    }
    memcpy(copy, mn.ptr, mn.len);
    s->id = id;
    s->kind = kind;
    s->mn = (qk_str){copy, mn.len};
    s->disk_last = s->plausible = INT64_MIN;
    t->streams[id] = s;
    if (id >= t->stream_n) t->stream_n = (size_t)id + 1;
    /* the stream owns its name */
    // cppcheck-suppress memleak
    return QK_OK;
}

/* ---- opening ---- */

static qk_code load_streams(qk_telemetry *t, qk_error *err)
{
    sqlite3_stmt *stmt;
    qk_code code;
    QK_TRY(qk_db_prepare(&stmt, t->db, "SELECT id,mn,kind FROM stream ORDER BY id", err));
    while ((code = qk_db_step(t->db, stmt, err)) == QK_OK) {
        int64_t id = sqlite3_column_int64(stmt, 0);
        qk_str mn = qk_db_text(stmt, 1);
        if (id < 1 || id > QK_STREAMS_MAX || mn.len > QK_MN_BYTES_MAX) {
            code = qk_fail(err, QK_EDAMAGED, "the table of streams is damaged at id %lld",
                           (long long)id);
            break;
        }
        code = add_stream(t, (qk_stream_id)id, mn, (qk_stream_kind)sqlite3_column_int(stmt, 2));
        if (code != QK_OK) {
            no_memory(err);
            break;
        }
        t->streams[id]->saved = true;
    }
    sqlite3_reset(stmt);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code load_columns(qk_telemetry *t, qk_error *err)
{
    sqlite3_stmt *stmt;
    qk_code code;
    QK_TRY(qk_db_prepare(
        &stmt, t->db, "SELECT stream,col,code,field FROM stream_column ORDER BY stream,col", err));
    while ((code = qk_db_step(t->db, stmt, err)) == QK_OK) {
        int64_t id = sqlite3_column_int64(stmt, 0);
        qk_stream *s = id > 0 && (size_t)id < t->stream_n ? t->streams[id] : NULL;
        qk_str factor = qk_db_text(stmt, 2);
        qk_str field = qk_db_text(stmt, 3);
        if (!s || sqlite3_column_int64(stmt, 1) != (int64_t)s->columns || !qk_name_good(factor) ||
            !qk_name_good(field) || s->columns == QK_ROW_COLUMNS_MAX) {
            code = qk_fail(err, QK_EDAMAGED, "the table of columns is damaged at stream %lld",
                           (long long)id);
            break;
        }
        code = add_column(t, s, factor, field);
        if (code != QK_OK) {
            no_memory(err);
            break;
        }
        s->columns_saved = s->columns;
    }
    sqlite3_reset(stmt);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code make_parts(qk_telemetry *t)
{
    QK_TRY(qk_map_new(&t->stream_map, QK_STREAMS_MAX));
    QK_TRY(qk_names_init(&t->names));
    QK_TRY(qk_disk_open(&t->disk, t->db));
    return QK_OK;
}

qk_code qk_telemetry_open(qk_telemetry **out, qk_db *db, const qk_telemetry_options *options,
                          qk_error *err)
{
    *out = NULL;
    qk_telemetry *t = calloc(1, sizeof *t);
    if (!t) return no_memory(err);
    t->db = db;
    t->log = options ? options->log : NULL;
    t->limit = options && options->head_bytes ? options->head_bytes : HEAD_BYTES_DEFAULT;
    if (t->limit < HEAD_BYTES_LEAST) t->limit = HEAD_BYTES_LEAST;
    t->stream_n = 1;
    pthread_mutex_init(&t->lock, NULL);
    qk_buf_init(&t->blob, 4 * (size_t)QK_PARTITION_BYTES_MAX);
    qk_code code = make_parts(t);
    if (code != QK_OK) no_memory(err);
    if (code == QK_OK) code = load_streams(t, err);
    if (code == QK_OK) code = load_columns(t, err);
    if (code != QK_OK) {
        qk_telemetry_close(t);
        return code;
    }
    *out = t;
    return QK_OK;
}

static void free_stream(qk_telemetry *t, qk_stream *s)
{
    if (!s) return;
    while (s->head_n > 0) qk_head_drop(t, s->heads[s->head_n - 1]);
    free(s->heads);
    free(s->names);
    free(s->loose);
    free((char *)(uintptr_t)s->mn.ptr);
    free(s);
}

void qk_telemetry_close(qk_telemetry *t)
{
    if (!t) return;
    for (size_t i = 0; i < t->stream_n && t->streams; i++) free_stream(t, t->streams[i]);
    for (size_t i = 0; i < t->pack_columns; i++) qk_cells_clear(&t->pack_cells[i]);
    qk_disk_close(&t->disk);
    qk_merge_clear(&t->merge);
    qk_row_state_free(t->read_state);
    qk_row_state_free(t->write_state);
    qk_map_free(t->stream_map);
    qk_names_clear(&t->names);
    qk_buf_clear(&t->blob);
    free(t->strips.items);
    free(t->streams);
    free(t->unsaved);
    free(t->flushed);
    free(t->loose);
    free(t->cells);
    free(t->edit_cells);
    free(t->read_cells);
    free(t->seen);
    free(t->seen_at);
    free(t->scratch);
    free(t->pack_times);
    free(t->pack_delays);
    free(t->pack_cells);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* ---- streams and columns ---- */

static bool find_stream(const qk_telemetry *t, qk_str mn, qk_stream_kind kind, qk_stream_id *out)
{
    char key[QK_MN_BYTES_MAX + 1];
    uint64_t id;
    if (mn.len > QK_MN_BYTES_MAX) return false;
    key[0] = (char)kind;
    if (mn.len > 0) memcpy(key + 1, mn.ptr, mn.len);
    if (!qk_map_get(t->stream_map, (qk_str){key, mn.len + 1}, &id)) return false;
    *out = (qk_stream_id)id;
    return true;
}

qk_stream_id qk_telemetry_lookup(qk_telemetry *t, qk_str mn, qk_stream_kind kind)
{
    qk_stream_id id = 0;
    pthread_mutex_lock(&t->lock);
    find_stream(t, mn, kind, &id);
    pthread_mutex_unlock(&t->lock);
    return id;
}

qk_code qk_telemetry_stream(qk_stream_id *out, qk_telemetry *t, qk_str mn, qk_stream_kind kind,
                            qk_error *err)
{
    *out = 0;
    if (find_stream(t, mn, kind, out)) return QK_OK;
    if (mn.len == 0 || mn.len > QK_MN_BYTES_MAX || memchr(mn.ptr, 0, mn.len))
        return qk_fail(err, QK_EINVAL, "an MN has 1 to %d bytes, without NUL", QK_MN_BYTES_MAX);
    if (kind < 1 || kind > 127) return qk_fail(err, QK_EINVAL, "no such kind of stream");
    if (t->stream_n > QK_STREAMS_MAX)
        return qk_fail(err, QK_EFULL, "the store holds no more than %d streams", QK_STREAMS_MAX);
    qk_stream_id id = (qk_stream_id)t->stream_n;
    if (qk_ids_add(&t->unsaved, &t->unsaved_n, &t->unsaved_cap, id) != QK_OK) return no_memory(err);
    pthread_mutex_lock(&t->lock);
    qk_code code = add_stream(t, id, mn, kind);
    pthread_mutex_unlock(&t->lock);
    if (code != QK_OK) {
        t->unsaved_n--;
        return no_memory(err);
    }
    t->streams[id]->listed = true;
    *out = id;
    return QK_OK;
}

static qk_stream *stream_of(const qk_telemetry *t, qk_stream_id id)
{
    return id < t->stream_n ? t->streams[id] : NULL;
}

static bool is_named(const qk_telemetry *t, const qk_stream *s, size_t column, qk_str code,
                     qk_str field)
{
    const qk_name *name = &t->names.names[s->names[column]];
    return qk_str_eq(name->field, field) && qk_str_eq(name->code, code);
}

static qk_code new_column(qk_telemetry *t, qk_stream *s, qk_str code, qk_str field, qk_error *err)
{
    if (!qk_name_good(code) || !qk_name_good(field))
        return qk_fail(err, QK_EINVAL, "a factor or field has at most %d bytes, without NUL",
                       QK_NAME_BYTES_MAX);
    if (s->columns == QK_ROW_COLUMNS_MAX)
        return qk_fail(err, QK_EFULL, "a stream has no more than %d columns", QK_ROW_COLUMNS_MAX);
    if (!s->listed) {
        if (qk_ids_add(&t->unsaved, &t->unsaved_n, &t->unsaved_cap, s->id) != QK_OK)
            return no_memory(err);
        s->listed = true;
    }
    pthread_mutex_lock(&t->lock);
    qk_code made = add_column(t, s, code, field);
    pthread_mutex_unlock(&t->lock);
    if (made == QK_OK) return QK_OK;
    return made == QK_EFULL ? qk_fail(err, QK_EFULL, "no more names of factors and fields are held")
                            : no_memory(err);
}

qk_code qk_telemetry_column(qk_column_id *out, qk_telemetry *t, qk_stream_id stream, qk_str code,
                            qk_str field, qk_error *err)
{
    qk_stream *s = stream_of(t, stream);
    if (!s) return qk_fail(err, QK_EINVAL, "no such stream");
    size_t column = s->hint < s->columns ? s->hint : 0;
    if (s->columns == 0 || !is_named(t, s, column, code, field))
        for (column = 0; column < s->columns; column++)
            if (is_named(t, s, column, code, field)) break;
    if (column == s->columns) QK_TRY(new_column(t, s, code, field, err));
    s->hint = column + 1;
    *out = (qk_column_id)column;
    return QK_OK;
}

/* ---- what the disk holds of a stream ---- */

qk_code qk_stream_note_loose(qk_telemetry *t, qk_stream *s, uint32_t partition)
{
    for (size_t i = 0; i < s->loose_n; i++)
        if (s->loose[i] == partition) return QK_OK;
    if (s->loose_n == s->loose_cap) QK_GROW(s->loose, s->loose_cap, s->loose_cap + 4);
    if (s->loose_n == 0) QK_TRY(qk_ids_add(&t->loose, &t->loose_n, &t->loose_cap, s->id));
    s->loose[s->loose_n++] = partition;
    return QK_OK;
}

void qk_stream_drop_loose(qk_stream *s, uint32_t partition)
{
    for (size_t i = 0; i < s->loose_n; i++)
        if (s->loose[i] == partition) s->loose[i--] = s->loose[--s->loose_n];
}

/* Damaged heads count as reaching to the end of their partition, so that what follows is looked up.
 */
static qk_time last_of(const qk_stream *s, uint32_t partition, const qk_block_span *span,
                       qk_code code)
{
    qk_time from;
    qk_time to;
    qk_partition_bounds(s->kind, partition, &from, &to);
    return code == QK_OK && span->last >= from && span->last < to ? span->last : to - 1;
}

static qk_code prime_blocks(qk_telemetry *t, qk_stream *s, qk_error *err)
{
    sqlite3_stmt *stmt;
    QK_TRY(qk_db_prepare(&stmt, t->db,
                         "SELECT key,substr(data,1,40) FROM block WHERE key BETWEEN ?1 AND ?2"
                         " ORDER BY key DESC LIMIT 1",
                         err));
    sqlite3_bind_int64(stmt, 1, qk_block_key(s->id, 0, 0));
    sqlite3_bind_int64(stmt, 2, qk_block_key(s->id, 0, QK_PARTITION_MAX));
    qk_code code = qk_db_step(t->db, stmt, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    QK_TRY(code);
    qk_block_span span = {0};
    uint32_t partition = (uint32_t)(sqlite3_column_int64(stmt, 0) & QK_PARTITION_MAX);
    qk_str head = {sqlite3_column_blob(stmt, 1), (size_t)sqlite3_column_bytes(stmt, 1)};
    s->disk_last = last_of(s, partition, &span, qk_block_peek(&span, head));
    sqlite3_reset(stmt);
    return QK_OK;
}

static qk_code prime_pieces(qk_telemetry *t, qk_stream *s, qk_error *err)
{
    sqlite3_stmt *stmt;
    qk_code code;
    QK_TRY(qk_db_prepare(&stmt, t->db,
                         "SELECT key,substr(data,1,40) FROM piece WHERE key BETWEEN ?1 AND ?2"
                         " ORDER BY key",
                         err));
    sqlite3_bind_int64(stmt, 1, qk_piece_key(s->id, 0, 0));
    sqlite3_bind_int64(stmt, 2, qk_piece_key(s->id, QK_PARTITION_MAX, QK_PIECES_MAX));
    while ((code = qk_db_step(t->db, stmt, err)) == QK_OK) {
        qk_block_span span = {0};
        uint64_t key = (uint64_t)sqlite3_column_int64(stmt, 0);
        uint32_t partition = (uint32_t)(key >> 19) & QK_PARTITION_MAX;
        qk_str head = {sqlite3_column_blob(stmt, 1), (size_t)sqlite3_column_bytes(stmt, 1)};
        qk_time last = last_of(s, partition, &span, qk_piece_peek(&span, head));
        if (last > s->disk_last) s->disk_last = last;
        if (qk_stream_note_loose(t, s, partition) != QK_OK) {
            code = no_memory(err);
            break;
        }
    }
    sqlite3_reset(stmt);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_stream_prime(qk_telemetry *t, qk_stream *s, qk_error *err)
{
    if (s->primed) return QK_OK;
    s->disk_last = INT64_MIN;
    if (s->saved) {
        QK_TRY(prime_blocks(t, s, err));
        QK_TRY(prime_pieces(t, s, err));
    }
    s->primed = true;
    return QK_OK;
}

/* ---- appending ---- */

static qk_code make_columns(qk_telemetry *t, size_t columns)
{
    if (columns <= t->edit_cap) return QK_OK;
    size_t cap = columns + 64;
    size_t old = t->edit_cap;
    size_t made = 0;
    QK_GROW(t->cells, made, cap);
    QK_GROW(t->edit_cells, made, cap);
    QK_GROW(t->read_cells, made, cap);
    QK_GROW(t->seen, made, cap);
    QK_GROW(t->seen_at, made, cap);
    memset(t->seen + old, 0, (cap - old) * sizeof *t->seen);
    t->edit_cap = made;
    return QK_OK;
}

static uint32_t next_call(qk_telemetry *t)
{
    if (++t->call == 0) { /* so that no old mark can be met again */
        memset(t->seen, 0, t->edit_cap * sizeof *t->seen);
        t->call = 1;
    }
    return t->call;
}

static qk_code take_cell(qk_row_cell *to, const qk_cell *from, qk_error *err)
{
    *to = (qk_row_cell){.column = (uint16_t)from->column, .type = (uint8_t)from->type};
    if (from->type == QK_CELL_TEXT) {
        if (from->text.len > QK_CELL_TEXT_MAX)
            return qk_fail(err, QK_ERANGE, "a text has %zu bytes, more than %d", from->text.len,
                           QK_CELL_TEXT_MAX);
        to->text = from->text.len > 0 ? from->text.ptr : "";
        to->text_len = (uint32_t)from->text.len;
        return QK_OK;
    }
    if (from->type != QK_CELL_NUMBER || from->number.scale < 0 ||
        from->number.scale > QK_DEC_SCALE_MAX)
        return qk_fail(err, QK_EINVAL, "a cell is neither a number nor a text");
    to->mantissa = from->number.mantissa;
    to->scale = (int8_t)from->number.scale;
    return QK_OK;
}

/* The caller's cells as a row; of a column given twice the last counts. */
static qk_code take_row(qk_telemetry *t, const qk_stream *s, qk_row *row, const qk_cell *cells,
                        size_t n, qk_error *err)
{
    if (make_columns(t, s->columns) != QK_OK) return no_memory(err);
    uint32_t call = next_call(t);
    row->cells = t->cells;
    row->n = 0;
    for (size_t i = 0; i < n; i++) {
        size_t column = cells[i].column;
        if (column >= s->columns) return qk_fail(err, QK_EINVAL, "no such column");
        size_t at = t->seen[column] == call ? t->seen_at[column] : row->n++;
        t->seen[column] = call;
        t->seen_at[column] = (uint32_t)at;
        QK_TRY(take_cell(&t->cells[at], &cells[i], err));
    }
    return QK_OK;
}

static bool same_text(const qk_row_cell *a, const qk_row_cell *b)
{
    return a->text_len == b->text_len && memcmp(a->text, b->text, a->text_len) == 0;
}

/* By value: 12.5 and 12.50 are no change. */
static bool same_value(const qk_row_cell *a, const qk_row_cell *b)
{
    if (a->type != b->type) return false;
    if (a->type == QK_CELL_TEXT) return same_text(a, b);
    if (a->scale == b->scale) return a->mantissa == b->mantissa;
    return qk_dec_cmp((qk_dec){a->mantissa, a->scale}, (qk_dec){b->mantissa, b->scale}) == 0;
}

/* Judges a row against the last of its head without decoding anything: true when that settles it,
 * which a repeat and a further packet of the same time do. */
static qk_code append_to_last(qk_telemetry *t, qk_head *h, qk_row *row, unsigned *bits,
                              qk_error *err)
{
    const char *strip = h->strips[h->n - 1]->bytes;
    qk_row further = {.time = row->time, .cells = t->edit_cells};
    int64_t lag = row->delay_s - qk_row_state_delay(h->tail);
    *bits = row->n == 0 ? QK_APPEND_SAME : 0;
    for (size_t i = 0; i < row->n; i++) {
        qk_row_cell known = qk_row_state_cell(h->tail, strip, row->cells[i].column);
        if (known.type == QK_CELL_NONE) {
            *bits |= QK_APPEND_MERGED;
            t->edit_cells[further.n] = row->cells[i];
            t->edit_cells[further.n++].lag = qk_lag_of(lag);
        } else if (same_value(&known, &row->cells[i])) {
            *bits |= QK_APPEND_SAME;
        } else {
            *bits = 0;
            return QK_OK;
        }
    }
    if (further.n == 0) return QK_OK;
    if (h->strips[h->n - 1]->state != QK_STRIP_NEW) {
        *bits = 0;
        return QK_OK;
    }
    return qk_head_extend(t, h, &further, err);
}

/* Whether this very value was recorded at that second and replaced since: a row read again. */
static bool known_in_memory(const qk_head *h, const qk_revision *r, const qk_row_cell *cell)
{
    for (size_t i = 0; i < h->revision_n; i++) {
        const qk_revision *old = &h->revisions[i];
        qk_row_cell value = {.type = old->type,
                             .scale = old->scale,
                             .mantissa = old->mantissa,
                             .text = old->text,
                             .text_len = old->text_len};
        if (old->time == r->time && old->column == r->column &&
            old->recorded_s == r->superseded_s && same_value(&value, cell))
            return true;
    }
    return false;
}

static qk_code known_on_disk(qk_telemetry *t, const qk_head *h, const qk_revision *r,
                             const qk_row_cell *cell, bool *known, qk_error *err)
{
    sqlite3_stmt *stmt;
    qk_code code;
    *known = false;
    QK_TRY(qk_db_prepare(&stmt, t->db,
                         "SELECT type,mantissa,scale,text FROM revision"
                         " WHERE stream=?1 AND col=?2 AND time=?3 AND recorded=?4",
                         err));
    sqlite3_bind_int64(stmt, 1, h->stream->id);
    sqlite3_bind_int64(stmt, 2, r->column);
    sqlite3_bind_int64(stmt, 3, r->time);
    sqlite3_bind_int64(stmt, 4, r->superseded_s * QK_SECOND);
    while (!*known && (code = qk_db_step(t->db, stmt, err)) == QK_OK) {
        qk_row_cell value = {.type = (uint8_t)sqlite3_column_int(stmt, 0),
                             .mantissa = sqlite3_column_int64(stmt, 1),
                             .scale = (int8_t)sqlite3_column_int(stmt, 2),
                             .text = sqlite3_column_blob(stmt, 3),
                             .text_len = (uint32_t)sqlite3_column_bytes(stmt, 3)};
        if (!value.text) value.text = "";
        *known = same_value(&value, cell);
    }
    sqlite3_reset(stmt);
    return *known || code == QK_ENOTFOUND ? QK_OK : code;
}

/* What becomes of one cell whose column the row has already. */
static qk_code judge_cell(qk_telemetry *t, qk_head *h, const qk_row *old, qk_row_cell *known,
                          const qk_row_cell *cell, int64_t lag, unsigned *bits, qk_error *err)
{
    bool met = same_value(known, cell);
    if (!met && lag <= known->lag) {
        qk_revision r = {.time = old->time, .column = cell->column};
        r.superseded_s = qk_seconds_of(old->time) + old->delay_s + lag;
        met = known_in_memory(h, &r, cell);
        if (!met && h->stream->saved) QK_TRY(known_on_disk(t, h, &r, cell, &met, err));
    }
    if (met) {
        *bits |= QK_APPEND_SAME;
        return QK_OK;
    }
    int64_t recorded_s = qk_seconds_of(old->time) + old->delay_s;
    qk_revision r = {.time = old->time,
                     .column = cell->column,
                     .recorded_s = recorded_s + known->lag,
                     .superseded_s = recorded_s + lag,
                     .type = known->type,
                     .scale = known->scale,
                     .mantissa = known->mantissa,
                     .text = (char *)(uintptr_t)known->text,
                     .text_len = known->text_len};
    QK_TRY(qk_head_revise(t, h, &r, err));
    *known = *cell;
    known->lag = qk_lag_of(lag);
    *bits |= QK_APPEND_CHANGED;
    return QK_OK;
}

/* The old row with the new cells in it, in t->edit_cells; revisions are left behind in the head. */
static qk_code merge_rows(qk_telemetry *t, qk_head *h, qk_row *merged, const qk_row *row,
                          unsigned *bits, qk_error *err)
{
    int64_t lag = row->delay_s - merged->delay_s;
    uint32_t call = next_call(t);
    for (size_t i = 0; i < merged->n; i++) {
        t->seen[merged->cells[i].column] = call;
        t->seen_at[merged->cells[i].column] = (uint32_t)i;
    }
    for (size_t i = 0; i < row->n; i++) {
        const qk_row_cell *cell = &row->cells[i];
        if (t->seen[cell->column] == call) {
            qk_row_cell *known = &merged->cells[t->seen_at[cell->column]];
            QK_TRY(judge_cell(t, h, merged, known, cell, lag, bits, err));
        } else {
            merged->cells[merged->n] = *cell;
            merged->cells[merged->n++].lag = qk_lag_of(lag);
            *bits |= QK_APPEND_MERGED;
        }
    }
    if (row->n == 0) *bits |= QK_APPEND_SAME;
    return QK_OK;
}

static void tell_changes(const qk_head *h, size_t from, const qk_row *row, qk_change_fn *fn,
                         void *context)
{
    for (size_t i = from; fn && i < h->revision_n; i++) {
        const qk_revision *r = &h->revisions[i];
        qk_cell old = {.column = r->column, .type = (qk_cell_type)r->type};
        qk_cell now = {.column = r->column};
        old.number = (qk_dec){r->mantissa, r->scale};
        if (r->type == QK_CELL_TEXT) old.text = (qk_str){r->text, r->text_len};
        for (size_t c = 0; c < row->n; c++) {
            const qk_row_cell *cell = &row->cells[c];
            if (cell->column != r->column) continue;
            now.type = (qk_cell_type)cell->type;
            now.number = (qk_dec){cell->mantissa, cell->scale};
            if (cell->type == QK_CELL_TEXT) now.text = (qk_str){cell->text, cell->text_len};
        }
        fn(context, h->stream->id, r->time, &old, r->recorded_s * QK_SECOND, &now);
    }
}

static qk_code append_to_known(qk_telemetry *t, qk_head *h, const qk_row *old, const qk_row *row,
                               unsigned *bits, qk_change_fn *fn, void *context, qk_error *err)
{
    qk_row merged = *old;
    size_t revisions = h->revision_n;
    merged.cells = t->edit_cells;
    memcpy(t->edit_cells, old->cells, old->n * sizeof *old->cells);
    qk_code code = merge_rows(t, h, &merged, row, bits, err);
    if (code == QK_OK && (*bits & (QK_APPEND_MERGED | QK_APPEND_CHANGED)))
        code = qk_head_put(t, h, &merged, err);
    if (code != QK_OK) {
        qk_head_unrevise(t, h, revisions);
        return code;
    }
    tell_changes(h, revisions, row, fn, context);
    return QK_OK;
}

static qk_code append_row(qk_telemetry *t, qk_head *h, qk_row *row, unsigned *bits,
                          qk_change_fn *fn, void *context, qk_error *err)
{
    qk_time last = qk_head_last(h);
    qk_row old;
    if (row->time > last) {
        *bits = QK_APPEND_NEW;
        return qk_head_append(t, h, row, err);
    }
    if (row->time == last) {
        QK_TRY(qk_head_tail(t, h, err));
        QK_TRY(append_to_last(t, h, row, bits, err));
        if (*bits) return QK_OK;
    }
    qk_code code = qk_head_row(t, h, row->time, &old, err);
    if (code == QK_OK) return append_to_known(t, h, &old, row, bits, fn, context, err);
    if (code != QK_ENOTFOUND) return code;
    *bits = QK_APPEND_NEW;
    return qk_head_put(t, h, row, err);
}

qk_code qk_telemetry_append(qk_telemetry *t, qk_append_result *result, qk_stream_id stream,
                            qk_time time, qk_time recorded, const qk_cell *cells, size_t n,
                            qk_change_fn *on_change, void *context, qk_error *err)
{
    qk_stream *s = stream_of(t, stream);
    *result = 0;
    if (!s) return qk_fail(err, QK_EINVAL, "no such stream");
    if (!qk_partition_holds(time) || !qk_partition_holds(recorded))
        return qk_fail(err, QK_ERANGE, "a row's time lies outside of the years 1 to 9999");
    if (t->bytes > t->limit + t->limit / 4)
        return qk_fail(err, QK_EFULL, "telemetry waiting to be packed fills its memory");
    qk_row row = {.time = time, .delay_s = qk_seconds_of(recorded) - qk_seconds_of(time)};
    QK_TRY(take_row(t, s, &row, cells, n, err));
    QK_TRY(qk_stream_prime(t, s, err));
    qk_head *h;
    QK_TRY(qk_head_for(&h, t, s, time, err));
    unsigned bits = 0;
    QK_TRY(append_row(t, h, &row, &bits, on_change, context, err));
    if (time > s->plausible && time <= recorded + QK_DAY) s->plausible = time;
    h->touched = t->round;
    *result = (qk_append_result)bits;
    return QK_OK;
}

/* ---- positions ---- */

void qk_telemetry_at(qk_telemetry *t, uint64_t journal_pos)
{
    t->at = journal_pos;
}

uint64_t qk_telemetry_needed_from(const qk_telemetry *t)
{
    uint64_t needed = t->at;
    for (const qk_head *h = t->changed.newest; h; h = h->older) {
        uint64_t pos = qk_head_pos(h);
        if (pos < needed) needed = pos;
    }
    return needed;
}

size_t qk_telemetry_head_bytes(const qk_telemetry *t)
{
    return t->bytes;
}

uint64_t qk_telemetry_damage(const qk_telemetry *t)
{
    return t->damaged;
}
