/* SPDX-License-Identifier: Apache-2.0 */
#include "store/telemetry_disk.h"
#include <stdlib.h>

enum {
    DAYS_BEFORE = 800000, /* brings the day numbers of all years above zero */
    ROWS_FIRST = 256,
    KEEP_BYTES = 1 << 20,
    KEEP_CELLS = 1 << 19,
    ROOM_WASTE = 64
};

bool qk_partition_holds(qk_time t)
{
    return t >= QK_ROW_TIME_FIRST && t < QK_ROW_TIME_END;
}

typedef enum width { WIDTH_DAY, WIDTH_MONTH, WIDTH_YEAR } width;

/* About a thousand rows at the usual intervals, which is where a block's own cost is small. */
static width width_of(qk_stream_kind kind)
{
    switch (kind) {
    case QK_STREAM_RTD:
    case QK_STREAM_STATE:
    case QK_STREAM_MINUTE: return WIDTH_DAY;
    case QK_STREAM_DAY:
    case QK_STREAM_RUNTIME:
    case QK_STREAM_DERIVED_DAY: return WIDTH_YEAR;
    default: return WIDTH_MONTH;
    }
}

uint32_t qk_partition_of(qk_stream_kind kind, qk_time t)
{
    width w = width_of(kind);
    if (w == WIDTH_DAY) return (uint32_t)(qk_day_number(t) + DAYS_BEFORE);
    qk_civil civil = qk_civil_of(t);
    if (w == WIDTH_YEAR) return (uint32_t)civil.year;
    return (uint32_t)(civil.year * 12 + civil.month - 1);
}

void qk_partition_bounds(qk_stream_kind kind, uint32_t partition, qk_time *from, qk_time *to)
{
    width w = width_of(kind);
    if (w == WIDTH_DAY) {
        *from = ((qk_time)partition - DAYS_BEFORE) * QK_DAY - QK_CST_OFFSET;
        *to = *from + QK_DAY;
        return;
    }
    qk_civil civil = {.year = (int32_t)partition, .month = 1, .day = 1};
    if (w == WIDTH_MONTH) {
        civil.year = (int32_t)(partition / 12);
        civil.month = (int32_t)(partition % 12) + 1;
    }
    qk_civil next = civil;
    next.year += w == WIDTH_YEAR || civil.month == 12;
    next.month = w == WIDTH_YEAR || civil.month == 12 ? 1 : civil.month + 1;
    if (qk_time_of(from, &civil) != QK_OK) *from = QK_ROW_TIME_FIRST;
    if (qk_time_of(to, &next) != QK_OK) *to = QK_ROW_TIME_END;
}

qk_code qk_strips_add(qk_strips *s, qk_str strip)
{
    if (s->n == s->cap) QK_GROW(s->items, s->cap, s->cap ? s->cap * 2 : 8);
    s->items[s->n++] = strip;
    return QK_OK;
}

/* ---- the working set ---- */

qk_code qk_disk_open(qk_disk *d, qk_db *db)
{
    *d = (qk_disk){.db = db};
    qk_buf_init(&d->bytes, (size_t)QK_PARTITION_BYTES_MAX * 16);
    return qk_block_coder_new(&d->coder);
}

void qk_disk_close(qk_disk *d)
{
    for (size_t i = 0; i < d->cells_cap; i++) qk_cells_clear(&d->cells[i]);
    for (size_t i = 0; i < d->piece_cap; i++) free(d->pieces[i].strips.items);
    free(d->cells);
    free(d->pieces);
    free(d->times);
    free(d->delay_s);
    qk_buf_clear(&d->bytes);
    qk_block_coder_free(d->coder);
    *d = (qk_disk){0};
}

void qk_disk_forget(qk_disk *d)
{
    size_t held = 0;
    for (size_t i = 0; i < d->cells_cap; i++) {
        d->cells[i].n = 0;
        held += qk_cells_bytes(&d->cells[i]);
        if (held > KEEP_CELLS * sizeof(int64_t)) qk_cells_clear(&d->cells[i]);
    }
    for (size_t i = 0; i < d->piece_count; i++) d->pieces[i].strips.n = 0;
    d->piece_count = 0;
    d->piece_rows = 0;
    d->piece_last = 0;
    d->span = (qk_block_span){0};
    d->columns = 0;
    if (d->bytes.cap > KEEP_BYTES)
        qk_buf_clear(&d->bytes);
    else
        qk_buf_reset(&d->bytes);
}

static qk_code make_rows(qk_disk *d, size_t n)
{
    if (n <= d->rows_cap) return QK_OK;
    size_t cap = d->rows_cap ? d->rows_cap : ROWS_FIRST;
    while (cap < n) cap *= 2;
    size_t made = 0;
    QK_GROW(d->times, made, cap);
    QK_GROW(d->delay_s, made, cap);
    d->rows_cap = made;
    return QK_OK;
}

static qk_code make_cells(qk_disk *d, size_t columns)
{
    if (columns > d->cells_cap) {
        size_t old = d->cells_cap;
        QK_GROW(d->cells, d->cells_cap, columns);
        memset(d->cells + old, 0, (columns - old) * sizeof *d->cells);
    }
    d->columns = columns;
    return QK_OK;
}

/* ---- blocks ---- */

/* One block; *data is a view until the statement is used again. QK_ENOTFOUND. */
static qk_code find_block(qk_disk *d, int64_t key, sqlite3_stmt **stmt, qk_str *data, qk_error *err)
{
    QK_TRY(qk_db_prepare(stmt, d->db, "SELECT data FROM block WHERE key=?1", err));
    sqlite3_bind_int64(*stmt, 1, key);
    QK_TRY(qk_db_step(d->db, *stmt, err));
    data->ptr = sqlite3_column_blob(*stmt, 0);
    data->len = (size_t)sqlite3_column_bytes(*stmt, 0);
    return QK_OK;
}

/* Damage is counted and passed over, anything else ends the load. */
static qk_code pass_damage(qk_disk *d, qk_code code, qk_error *err)
{
    if (code == QK_EDAMAGED) d->damaged++;
    if (code == QK_ENOMEM) return qk_fail(err, code, "no memory to read a block of telemetry");
    return QK_OK;
}

static qk_code decode_times(qk_disk *d, int64_t key, qk_str data)
{
    QK_TRY(qk_block_peek(&d->span, data));
    QK_TRY(make_rows(d, d->span.n));
    return qk_block_get_times(d->coder, d->times, d->delay_s, &d->span, (uint64_t)key, data);
}

static qk_code load_times(qk_disk *d, qk_stream_id stream, uint32_t partition, qk_error *err)
{
    sqlite3_stmt *stmt;
    qk_str data;
    int64_t key = qk_block_key(stream, 0, partition);
    qk_code code = find_block(d, key, &stmt, &data, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    QK_TRY(code);
    code = decode_times(d, key, data);
    sqlite3_reset(stmt);
    if (code != QK_OK) d->span.n = 0;
    return pass_damage(d, code, err);
}

static qk_code load_column(qk_disk *d, qk_stream_id stream, uint32_t partition, size_t column,
                           qk_error *err)
{
    sqlite3_stmt *stmt;
    qk_str data;
    int64_t key = qk_block_key(stream, (uint32_t)column + 1, partition);
    qk_code code = find_block(d, key, &stmt, &data, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    QK_TRY(code);
    code = qk_block_get_cells(d->coder, &d->cells[column], d->span.n, (uint64_t)key, data);
    sqlite3_reset(stmt);
    if (code != QK_OK) d->cells[column].n = 0;
    return pass_damage(d, code, err);
}

/* ---- pieces ---- */

void qk_piece_put(qk_buf *out, int64_t key, const qk_strips *strips, const qk_block_span *span)
{
    size_t start = qk_block_begin(out, QK_BLOCK_ROWS);
    qk_buf_varint(out, span->n);
    qk_buf_varint(out, qk_zigzag(span->first));
    qk_buf_varint(out, (uint64_t)(span->last - span->first));
    qk_buf_varint(out, strips->n);
    for (size_t i = 0; i < strips->n; i++) {
        qk_buf_varint(out, strips->items[i].len);
        qk_buf_put_str(out, strips->items[i]);
    }
    qk_block_seal(out, start, (uint64_t)key);
}

static qk_code cut_span(qk_block_span *span, qk_str *rest)
{
    uint64_t n;
    uint64_t first;
    uint64_t length;
    QK_TRY(qk_cut_varint(&n, rest));
    QK_TRY(qk_cut_varint(&first, rest));
    QK_TRY(qk_cut_varint(&length, rest));
    span->n = (size_t)n;
    span->first = qk_unzigzag(first);
    if (n > QK_PACK_MAX || !qk_partition_holds(span->first) ||
        length >= (uint64_t)(QK_ROW_TIME_END - span->first))
        return QK_EFORMAT;
    span->last = span->first + (qk_time)length;
    return QK_OK;
}

qk_code qk_piece_peek(qk_block_span *span, qk_str piece)
{
    qk_str rest = {piece.ptr + 5, piece.len - 5};
    if (piece.len < 5 || piece.ptr[4] != QK_BLOCK_ROWS || cut_span(span, &rest) != QK_OK)
        return QK_EDAMAGED;
    return QK_OK;
}

static qk_code keep_piece(qk_disk *d, qk_str body)
{
    if (d->piece_count == d->piece_cap) {
        size_t old = d->piece_cap;
        QK_GROW(d->pieces, d->piece_cap, old ? old * 2 : 4);
        memset(d->pieces + old, 0, (d->piece_cap - old) * sizeof *d->pieces);
    }
    qk_piece *piece = &d->pieces[d->piece_count];
    piece->at = d->bytes.len;
    piece->len = body.len;
    piece->strips.n = 0;
    qk_buf_put_str(&d->bytes, body);
    if (d->bytes.failed != QK_OK) return QK_ENOMEM;
    d->piece_count++;
    return QK_OK;
}

static qk_code cut_strips(qk_disk *d, qk_piece *piece)
{
    qk_str body = {d->bytes.ptr + piece->at, piece->len};
    uint64_t count;
    QK_TRY(cut_span(&piece->span, &body));
    QK_TRY(qk_cut_varint(&count, &body));
    for (uint64_t i = 0; i < count; i++) {
        uint64_t len;
        QK_TRY(qk_cut_varint(&len, &body));
        if (len > body.len) return QK_EFORMAT;
        QK_TRY(qk_strips_add(&piece->strips, (qk_str){body.ptr, (size_t)len}));
        body.ptr += len;
        body.len -= (size_t)len;
    }
    d->piece_rows += piece->span.n;
    return body.len == 0 ? QK_OK : QK_EFORMAT;
}

/* The bytes of the pieces stay where they are only after the last one is there. */
static qk_code cut_pieces(qk_disk *d, qk_error *err)
{
    for (size_t i = 0; i < d->piece_count; i++) {
        qk_code code = cut_strips(d, &d->pieces[i]);
        if (code != QK_OK) d->pieces[i].strips.n = 0;
        QK_TRY(pass_damage(d, code == QK_EFORMAT ? QK_EDAMAGED : code, err));
    }
    return QK_OK;
}

qk_code qk_disk_take_piece(qk_disk *d, qk_str body, qk_error *err)
{
    qk_disk_forget(d);
    if (keep_piece(d, body) != QK_OK)
        return qk_fail(err, QK_ENOMEM, "no memory to read a piece of telemetry");
    return cut_strips(d, &d->pieces[0]) == QK_OK ? QK_OK : QK_EDAMAGED;
}

static qk_code load_pieces(qk_disk *d, qk_stream_id stream, uint32_t partition, qk_error *err)
{
    sqlite3_stmt *stmt;
    qk_code code;
    QK_TRY(qk_db_prepare(
        &stmt, d->db, "SELECT key,data FROM piece WHERE key BETWEEN ?1 AND ?2 ORDER BY key", err));
    sqlite3_bind_int64(stmt, 1, qk_piece_key(stream, partition, 0));
    sqlite3_bind_int64(stmt, 2, qk_piece_key(stream, partition, QK_PIECES_MAX));
    while ((code = qk_db_step(d->db, stmt, err)) == QK_OK) {
        int64_t key = sqlite3_column_int64(stmt, 0);
        qk_str body;
        qk_str data = {sqlite3_column_blob(stmt, 1), (size_t)sqlite3_column_bytes(stmt, 1)};
        d->piece_last = (uint32_t)(key & QK_PIECES_MAX);
        code = qk_block_open(&body, QK_BLOCK_ROWS, (uint64_t)key, data);
        if (code == QK_OK) code = keep_piece(d, body);
        code = pass_damage(d, code, err);
        if (code != QK_OK) break;
    }
    sqlite3_reset(stmt);
    return code == QK_ENOTFOUND ? cut_pieces(d, err) : code;
}

qk_code qk_disk_load(qk_disk *d, qk_stream_id stream, uint32_t partition, size_t columns,
                     const uint16_t *want, size_t want_n, qk_error *err)
{
    qk_disk_forget(d);
    d->damaged = 0;
    if (make_cells(d, columns) != QK_OK)
        return qk_fail(err, QK_ENOMEM, "no memory to read a block of telemetry");
    QK_TRY(load_times(d, stream, partition, err));
    size_t n = want ? want_n : columns;
    for (size_t i = 0; d->span.n > 0 && i < n; i++) {
        size_t column = want ? want[i] : i;
        if (column < columns) QK_TRY(load_column(d, stream, partition, column, err));
    }
    return load_pieces(d, stream, partition, err);
}

/* ---- merging ---- */

void qk_merge_clear(qk_merge *m)
{
    for (size_t i = 0; i < m->cap; i++) {
        qk_row_state_free(m->sources[i].state);
        free(m->sources[i].cells);
    }
    free(m->sources);
    *m = (qk_merge){0};
}

void qk_merge_begin(qk_merge *m, size_t columns, size_t room)
{
    m->n = 0;
    m->columns = columns;
    m->room = room;
    m->started = false;
    m->damaged = 0;
}

static qk_code add_source(qk_merge *m, qk_source **out)
{
    if (m->n == m->cap) {
        size_t old = m->cap;
        QK_GROW(m->sources, m->cap, old ? old * 2 : 4);
        memset(m->sources + old, 0, (m->cap - old) * sizeof *m->sources);
    }
    qk_source *s = &m->sources[m->n];
    if (s->state && qk_row_state_columns(s->state) > ROOM_WASTE + 4 * m->room) {
        qk_row_state_free(s->state); /* each strip would pay for emptying it */
        s->state = NULL;
    }
    QK_TRY(qk_row_state_make(&s->state, m->room));
    qk_row_state_reset(s->state);
    size_t columns = qk_row_state_columns(s->state);
    if (columns > s->cells_cap) QK_GROW(s->cells, s->cells_cap, columns);
    s->disk = NULL;
    s->strips = NULL;
    s->n = s->item = s->at = 0;
    s->row = (qk_row){.cells = s->cells};
    s->live = true;
    m->n++;
    *out = s;
    return QK_OK;
}

qk_code qk_merge_add_strips(qk_merge *m, const qk_str *strips, size_t n)
{
    qk_source *s;
    if (n == 0) return QK_OK;
    QK_TRY(add_source(m, &s));
    s->strips = strips;
    s->n = n;
    return QK_OK;
}

qk_code qk_merge_add_disk(qk_merge *m, const qk_disk *d, bool blocks)
{
    if (blocks && d->span.n > 0) {
        qk_source *s;
        QK_TRY(add_source(m, &s));
        s->disk = d;
        s->n = d->span.n;
    }
    for (size_t i = 0; i < d->piece_count; i++)
        QK_TRY(qk_merge_add_strips(m, d->pieces[i].strips.items, d->pieces[i].strips.n));
    return QK_OK;
}

static void give_block_row(qk_source *s, size_t columns)
{
    const qk_disk *d = s->disk;
    size_t i = s->item++;
    size_t n = 0;
    if (columns > d->columns) columns = d->columns;
    s->row.time = d->times[i];
    s->row.delay_s = d->delay_s[i];
    for (size_t c = 0; c < columns; c++) {
        const qk_cells *cells = &d->cells[c];
        if (cells->n == 0) continue;
        int type = qk_cells_type(cells, i);
        if (type == QK_CELL_NONE) continue;
        qk_row_cell *cell = &s->cells[n++];
        *cell = (qk_row_cell){.column = (uint16_t)c, .type = (uint8_t)type};
        cell->lag = qk_cells_lag(cells, i);
        if (type == QK_CELL_TEXT) {
            qk_str text = cells->texts[cells->mantissa[i]];
            cell->text = text.ptr;
            cell->text_len = (uint32_t)text.len;
        } else {
            cell->mantissa = cells->mantissa[i];
            cell->scale = qk_cells_scale(cells, i);
        }
    }
    s->row.n = n;
}

/* Columns that the caller does not know are left out: the strip is newer than its list of names. */
static void drop_unknown(qk_row *row, size_t columns)
{
    size_t n = 0;
    for (size_t i = 0; i < row->n; i++)
        if (row->cells[i].column < columns) row->cells[n++] = row->cells[i];
    row->n = n;
}

static void step_strips(qk_merge *m, qk_source *s)
{
    qk_time before = s->row.time;
    bool first = s->item == 0 && s->at == 0;
    for (;;) {
        if (s->item >= s->n) {
            s->live = false;
            return;
        }
        qk_code code = qk_row_next(s->state, &s->row, s->strips[s->item], &s->at);
        if (code == QK_OK && (first || s->row.time > before)) break;
        m->damaged += code != QK_ENOTFOUND;
        qk_row_state_reset(s->state);
        s->item++;
        s->at = 0;
    }
    if (m->columns < qk_row_state_columns(s->state)) drop_unknown(&s->row, m->columns);
}

static void step(qk_merge *m, qk_source *s)
{
    if (!s->disk)
        step_strips(m, s);
    else if (s->item >= s->n)
        s->live = false;
    else
        give_block_row(s, m->columns);
}

size_t qk_disk_first_at(const qk_disk *d, qk_time from)
{
    size_t low = 0;
    size_t high = d->span.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (d->times[middle] < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void qk_merge_seek(qk_merge *m, qk_time from)
{
    for (size_t i = 0; i < m->n; i++) {
        qk_source *s = &m->sources[i];
        if (s->disk) s->item = qk_disk_first_at(s->disk, from);
        do {
            step(m, s);
        } while (s->live && s->row.time < from);
    }
    m->started = false;
}

const qk_row *qk_merge_next(qk_merge *m)
{
    qk_source *best = NULL;
    for (size_t i = 0; i < m->n; i++) {
        qk_source *s = &m->sources[i];
        if (s->live && m->started && s->row.time == m->given) step(m, s);
        if (s->live && (!best || s->row.time <= best->row.time)) best = s;
    }
    if (!best) return NULL;
    m->started = true;
    m->given = best->row.time;
    return &best->row;
}
