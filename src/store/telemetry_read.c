/* SPDX-License-Identifier: Apache-2.0 */
/* Readers: a copy of what only memory has, then a transaction on what the disk has. Taken in this
 * order a row that moves between the two is met at least once; times met twice are one row. */
#include "store/telemetry.h"
#include "store/telemetry_reader.h"
#include <stdlib.h>

enum { TEXTS_MOST = 64 << 20, SNAPSHOT_MOST = 256 << 20 };

static qk_code no_memory(qk_error *err)
{
    return qk_fail(err, QK_ENOMEM, "no memory to read telemetry");
}

qk_code qk_telemetry_reader_on(qk_telemetry_reader **out, qk_telemetry *t, qk_db *db, qk_error *err)
{
    *out = NULL;
    qk_telemetry_reader *r = calloc(1, sizeof *r);
    if (!r) {
        qk_db_close(db);
        return no_memory(err);
    }
    r->t = t;
    r->db = db;
    qk_buf_init(&r->bytes, SNAPSHOT_MOST);
    qk_arena_init(&r->texts, TEXTS_MOST);
    qk_code code = qk_disk_open(&r->disk, db);
    if (code == QK_OK && !t) code = qk_names_init(&r->own_names);
    if (code != QK_OK) {
        qk_telemetry_reader_close(r);
        return no_memory(err);
    }
    *out = r;
    return QK_OK;
}

qk_code qk_telemetry_reader_open(qk_telemetry_reader **out, qk_telemetry *t, const char *db_path,
                                 qk_error *err)
{
    qk_db *db = NULL;
    *out = NULL;
    QK_TRY(t ? qk_db_open_readonly(&db, db_path, err) : qk_db_open_untouched(&db, db_path, err));
    return qk_telemetry_reader_on(out, t, db, err);
}

void qk_telemetry_reader_close(qk_telemetry_reader *r)
{
    if (!r) return;
    qk_disk_close(&r->disk);
    qk_merge_clear(&r->merge);
    qk_names_clear(&r->own_names);
    qk_buf_clear(&r->bytes);
    qk_arena_clear(&r->texts);
    free(r->names);
    free(r->codes);
    free(r->fields);
    free(r->snap);
    free(r->strips.items);
    free(r->revisions);
    free(r->parts);
    free(r->cells);
    free(r->time);
    free(r->mantissa);
    free(r->scale);
    free(r->flag);
    free(r->recorded);
    qk_db_close(r->db);
    free(r);
}

/* ---- names ---- */

static qk_stream_id find_on_disk(qk_telemetry_reader *r, qk_str mn, qk_stream_kind kind)
{
    sqlite3_stmt *stmt;
    qk_stream_id id = 0;
    if (qk_db_prepare(&stmt, r->db, "SELECT id FROM stream WHERE mn=?1 AND kind=?2", NULL) != QK_OK)
        return 0;
    qk_db_bind_str(stmt, 1, mn);
    sqlite3_bind_int(stmt, 2, (int)kind);
    if (qk_db_step(r->db, stmt, NULL) == QK_OK) id = (qk_stream_id)sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return id;
}

qk_stream_id qk_telemetry_find(qk_telemetry_reader *r, qk_str mn, qk_stream_kind kind)
{
    return r->t ? qk_telemetry_lookup(r->t, mn, kind) : find_on_disk(r, mn, kind);
}

static qk_code make_names(qk_telemetry_reader *r, size_t columns)
{
    if (columns > r->names_cap) QK_GROW(r->names, r->names_cap, columns + 32);
    return QK_OK;
}

static qk_code read_names(qk_telemetry_reader *r, qk_stream_id stream, qk_error *err)
{
    sqlite3_stmt *stmt;
    qk_code code;
    r->columns = 0;
    QK_TRY(qk_db_prepare(&stmt, r->db,
                         "SELECT code,field FROM stream_column WHERE stream=?1 ORDER BY col", err));
    sqlite3_bind_int64(stmt, 1, stream);
    while ((code = qk_db_step(r->db, stmt, err)) == QK_OK) {
        uint32_t name;
        qk_str factor = qk_db_text(stmt, 0);
        qk_str field = qk_db_text(stmt, 1);
        bool good = qk_name_good(factor) && qk_name_good(field) && r->columns < QK_ROW_COLUMNS_MAX;
        code = good ? qk_names_add(&r->own_names, factor, field, &name) : QK_EDAMAGED;
        if (code == QK_OK) code = make_names(r, r->columns + 1);
        if (code != QK_OK) {
            qk_fail(err, code, "the names of a stream's columns cannot be read");
            break;
        }
        r->names[r->columns++] = r->own_names.names[name];
    }
    sqlite3_reset(stmt);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code read_stream(qk_telemetry_reader *r, qk_stream_id stream, bool *found, qk_error *err)
{
    sqlite3_stmt *stmt;
    *found = true;
    if (r->stream == stream) return QK_OK;
    r->stream = 0;
    QK_TRY(qk_db_prepare(&stmt, r->db, "SELECT kind FROM stream WHERE id=?1", err));
    sqlite3_bind_int64(stmt, 1, stream);
    qk_code code = qk_db_step(r->db, stmt, err);
    *found = code == QK_OK;
    if (code == QK_ENOTFOUND) return QK_OK;
    QK_TRY(code);
    r->kind = (qk_stream_kind)sqlite3_column_int(stmt, 0);
    sqlite3_reset(stmt);
    QK_TRY(read_names(r, stream, err));
    r->stream = stream;
    return QK_OK;
}

size_t qk_reader_column(const qk_telemetry_reader *r, qk_str code, qk_str field)
{
    for (size_t i = 0; i < r->columns; i++)
        if (qk_str_eq(r->names[i].field, field) && qk_str_eq(r->names[i].code, code)) return i;
    return SIZE_MAX;
}

/* ---- copying from the heads ---- */

/* Memory that a copy needs; taken before the lock is held, checked again under it. */
typedef struct need {
    size_t columns;
    size_t strips;
    size_t bytes;
    size_t revisions;
    size_t texts;
} need;

static bool in_range(const qk_head *h, qk_time from, qk_time to)
{
    return h->from < to && h->to > from;
}

/* Rows outside of the range have no say in it. */
static bool is_wanted(const qk_strip *s, qk_time from, qk_time to)
{
    return s->state != QK_STRIP_CLEAN && s->first < to && s->last >= from;
}

static need measure(const qk_stream *s, qk_time from, qk_time to)
{
    need n = {.columns = s->columns};
    for (size_t i = 0; i < s->head_n; i++) {
        const qk_head *h = s->heads[i];
        if (!in_range(h, from, to)) continue;
        for (size_t k = 0; k < h->n; k++) {
            if (!is_wanted(h->strips[k], from, to)) continue;
            n.strips++;
            n.bytes += h->strips[k]->len;
        }
        n.revisions += h->revision_n;
        for (size_t k = 0; k < h->revision_n; k++) n.texts += h->revisions[k].text_len;
    }
    n.bytes += n.texts;
    return n;
}

static bool has_room(const qk_telemetry_reader *r, const need *n)
{
    return n->columns <= r->names_cap && n->strips <= r->snap_cap &&
           n->revisions <= r->revision_cap && n->bytes < r->bytes.cap;
}

static qk_code make_room(qk_telemetry_reader *r, const need *n)
{
    QK_TRY(make_names(r, n->columns));
    if (n->strips > r->snap_cap) QK_GROW(r->snap, r->snap_cap, n->strips + n->strips / 4);
    if (n->revisions > r->revision_cap)
        QK_GROW(r->revisions, r->revision_cap, n->revisions + n->revisions / 4);
    if (n->bytes >= r->bytes.cap && !qk_buf_reserve(&r->bytes, n->bytes + n->bytes / 4 + 256))
        return QK_ENOMEM;
    return QK_OK;
}

static void copy_head(qk_telemetry_reader *r, const qk_head *h, qk_time from, qk_time to)
{
    for (size_t i = 0; i < h->n; i++) {
        const qk_strip *s = h->strips[i];
        if (!is_wanted(s, from, to)) continue;
        r->snap[r->snap_n] = (qk_snap_strip){.partition = h->partition,
                                             .order = (uint32_t)r->snap_n,
                                             .span = {s->rows, s->first, s->last},
                                             .at = r->bytes.len,
                                             .len = s->len};
        r->snap_n++;
        qk_buf_append(&r->bytes, s->bytes, s->len);
    }
    for (size_t i = 0; i < h->revision_n; i++) {
        qk_revision *copy = &r->revisions[r->revision_n++];
        *copy = h->revisions[i];
        if (!copy->text) continue;
        copy->text = r->bytes.ptr + r->bytes.len; /* the bytes have their room: they do not move */
        qk_buf_append(&r->bytes, h->revisions[i].text, copy->text_len);
    }
}

static void copy_stream(qk_telemetry_reader *r, const qk_stream *s, qk_time from, qk_time to)
{
    const qk_name *names = r->t->names.names;
    r->kind = s->kind;
    r->columns = s->columns;
    for (size_t i = 0; i < s->columns; i++) r->names[i] = names[s->names[i]];
    for (size_t i = 0; i < s->head_n; i++)
        if (in_range(s->heads[i], from, to)) copy_head(r, s->heads[i], from, to);
}

static int by_partition(const void *a, const void *b)
{
    const qk_snap_strip *x = a;
    const qk_snap_strip *y = b;
    if (x->partition != y->partition) return x->partition < y->partition ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static qk_code snapshot(qk_telemetry_reader *r, qk_stream_id stream, qk_time from, qk_time to,
                        bool *found)
{
    qk_telemetry *t = r->t;
    for (;;) {
        need n = {0};
        pthread_mutex_lock(&t->lock);
        const qk_stream *s = stream > 0 && stream < t->stream_n ? t->streams[stream] : NULL;
        *found = s != NULL;
        if (s) n = measure(s, from, to);
        bool fits = has_room(r, &n);
        if (s && fits) copy_stream(r, s, from, to);
        pthread_mutex_unlock(&t->lock);
        if (!s || fits) break;
        QK_TRY(make_room(r, &n));
    }
    if (r->snap_n > 1) qsort(r->snap, r->snap_n, sizeof *r->snap, by_partition);
    return QK_OK;
}

/* ---- entering and leaving ---- */

/* Columns that the disk knows may have become more since the names were copied. */
static qk_code measure_columns(qk_telemetry_reader *r, qk_stream_id stream, qk_error *err)
{
    sqlite3_stmt *stmt;
    QK_TRY(qk_db_prepare(&stmt, r->db,
                         "SELECT coalesce(max(col)+1,0) FROM stream_column WHERE stream=?1", err));
    sqlite3_bind_int64(stmt, 1, stream);
    QK_TRY(qk_db_step(r->db, stmt, err));
    int64_t columns = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    if (columns < 0 || columns > QK_ROW_COLUMNS_MAX) columns = QK_ROW_COLUMNS_MAX;
    r->room = (size_t)columns > r->columns ? (size_t)columns : r->columns;
    return QK_OK;
}

void qk_reader_leave(qk_telemetry_reader *r)
{
    qk_db_rollback(r->db);
    qk_disk_forget(&r->disk);
    if (r->bytes.cap > QK_PARTITION_BYTES_MAX) qk_buf_clear(&r->bytes);
    qk_arena_reset(&r->texts);
}

qk_code qk_reader_enter(qk_telemetry_reader *r, qk_stream_id stream, qk_time from, qk_time to,
                        bool *found, qk_error *err)
{
    r->snap_n = 0;
    r->revision_n = 0;
    r->part_n = 0;
    r->damaged = 0;
    r->first = INT64_MAX;
    r->last = INT64_MIN;
    *found = true;
    qk_buf_reset(&r->bytes);
    if (r->t && snapshot(r, stream, from, to, found) != QK_OK) return no_memory(err);
    if (!*found) return QK_OK;
    QK_TRY(qk_db_begin(r->db, err));
    qk_code code = r->t ? QK_OK : read_stream(r, stream, found, err);
    if (code == QK_OK && *found) code = measure_columns(r, stream, err);
    if (code == QK_OK && *found) {
        r->stream = stream;
        return QK_OK;
    }
    qk_reader_leave(r);
    return code;
}

/* ---- the partitions of a range ---- */

static qk_code add_part(qk_telemetry_reader *r, uint32_t partition, const qk_block_span *span)
{
    size_t rows = span->n;
    if (rows > 0 && span->first < r->first) r->first = span->first;
    if (rows > 0 && span->last > r->last) r->last = span->last;
    if (r->part_n > 0 && r->parts[r->part_n - 1].partition == partition) {
        r->parts[r->part_n - 1].rows += rows;
        return QK_OK;
    }
    if (r->part_n == r->part_cap)
        QK_GROW(r->parts, r->part_cap, r->part_cap ? r->part_cap * 2 : 64);
    r->parts[r->part_n++] = (qk_part_ref){partition, rows};
    return QK_OK;
}

static qk_code list_stored(qk_telemetry_reader *r, const char *sql, int64_t from, int64_t to,
                           bool pieces, qk_error *err)
{
    sqlite3_stmt *stmt;
    qk_code code;
    QK_TRY(qk_db_prepare(&stmt, r->db, sql, err));
    sqlite3_bind_int64(stmt, 1, from);
    sqlite3_bind_int64(stmt, 2, to);
    while ((code = qk_db_step(r->db, stmt, err)) == QK_OK) {
        qk_block_span span = {0};
        uint64_t key = (uint64_t)sqlite3_column_int64(stmt, 0);
        qk_str head = {sqlite3_column_blob(stmt, 1), (size_t)sqlite3_column_bytes(stmt, 1)};
        qk_code peeked = pieces ? qk_piece_peek(&span, head) : qk_block_peek(&span, head);
        uint32_t partition = (uint32_t)(pieces ? key >> 19 : key) & QK_PARTITION_MAX;
        if (peeked != QK_OK) span.n = 0;
        if (add_part(r, partition, &span) != QK_OK) {
            code = no_memory(err);
            break;
        }
    }
    sqlite3_reset(stmt);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code list_snapshot(qk_telemetry_reader *r)
{
    for (size_t i = 0; i < r->snap_n; i++)
        QK_TRY(add_part(r, r->snap[i].partition, &r->snap[i].span));
    return QK_OK;
}

static int by_number(const void *a, const void *b)
{
    const qk_part_ref *x = a;
    const qk_part_ref *y = b;
    return (x->partition > y->partition) - (x->partition < y->partition);
}

static void unite_parts(qk_telemetry_reader *r)
{
    size_t n = 0;
    if (r->part_n > 1) qsort(r->parts, r->part_n, sizeof *r->parts, by_number);
    for (size_t i = 0; i < r->part_n; i++) {
        if (n > 0 && r->parts[n - 1].partition == r->parts[i].partition)
            r->parts[n - 1].rows += r->parts[i].rows;
        else
            r->parts[n++] = r->parts[i];
    }
    r->part_n = n;
}

/* ---- revisions ---- */

static qk_code add_revision(qk_telemetry_reader *r, sqlite3_stmt *stmt, uint16_t column)
{
    if (r->revision_n == r->revision_cap)
        QK_GROW(r->revisions, r->revision_cap, r->revision_cap ? r->revision_cap * 2 : 64);
    qk_revision *to = &r->revisions[r->revision_n];
    *to = (qk_revision){.column = column,
                        .time = sqlite3_column_int64(stmt, 0),
                        .recorded_s = qk_seconds_of(sqlite3_column_int64(stmt, 1)),
                        .superseded_s = qk_seconds_of(sqlite3_column_int64(stmt, 2)),
                        .type = (uint8_t)sqlite3_column_int(stmt, 3),
                        .mantissa = sqlite3_column_int64(stmt, 4),
                        .scale = (int8_t)sqlite3_column_int(stmt, 5)};
    if (to->type == QK_CELL_TEXT) {
        to->text_len = (uint32_t)sqlite3_column_bytes(stmt, 6);
        to->text = qk_arena_copy(&r->texts, sqlite3_column_blob(stmt, 6), to->text_len);
        if (!to->text) return QK_ENOMEM;
    }
    r->revision_n++;
    return QK_OK;
}

static qk_code load_revisions(qk_telemetry_reader *r, const qk_walk *walk, size_t column,
                              qk_error *err)
{
    sqlite3_stmt *stmt;
    qk_code code;
    QK_TRY(qk_db_prepare(&stmt, r->db,
                         "SELECT time,recorded,superseded,type,mantissa,scale,text FROM revision"
                         " WHERE stream=?1 AND col=?2 AND time>=?3 AND time<?4",
                         err));
    sqlite3_bind_int64(stmt, 1, r->stream);
    sqlite3_bind_int64(stmt, 2, (int64_t)column);
    sqlite3_bind_int64(stmt, 3, walk->from);
    sqlite3_bind_int64(stmt, 4, walk->to);
    while ((code = qk_db_step(r->db, stmt, err)) == QK_OK)
        if (add_revision(r, stmt, (uint16_t)column) != QK_OK) {
            code = no_memory(err);
            break;
        }
    sqlite3_reset(stmt);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static int by_column_and_time(const void *a, const void *b)
{
    const qk_revision *x = a;
    const qk_revision *y = b;
    if (x->column != y->column) return x->column < y->column ? -1 : 1;
    return (x->time > y->time) - (x->time < y->time);
}

static qk_code list_revisions(qk_telemetry_reader *r, const qk_walk *walk, qk_error *err)
{
    size_t n = walk->want ? walk->want_n : r->columns;
    for (size_t i = 0; i < n; i++)
        QK_TRY(load_revisions(r, walk, walk->want ? walk->want[i] : i, err));
    if (r->revision_n > 1)
        qsort(r->revisions, r->revision_n, sizeof *r->revisions, by_column_and_time);
    return QK_OK;
}

static qk_code list_blocks(qk_telemetry_reader *r, const char *sql, uint32_t first, uint32_t last,
                           qk_error *err)
{
    return list_stored(r, sql, qk_block_key(r->stream, 0, first), qk_block_key(r->stream, 0, last),
                       false, err);
}

static qk_code list_pieces(qk_telemetry_reader *r, uint32_t first, uint32_t last, qk_error *err)
{
    return list_stored(r,
                       "SELECT key,substr(data,1,40) FROM piece WHERE key BETWEEN ?1 AND ?2"
                       " ORDER BY key",
                       qk_piece_key(r->stream, first, 0),
                       qk_piece_key(r->stream, last, QK_PIECES_MAX), true, err);
}

static const char all_blocks[] = "SELECT key,substr(data,1,40) FROM block"
                                 " WHERE key BETWEEN ?1 AND ?2 ORDER BY key";

qk_code qk_reader_list(qk_telemetry_reader *r, const qk_walk *walk, qk_error *err)
{
    uint32_t first = qk_partition_of(r->kind, walk->from);
    uint32_t last = qk_partition_of(r->kind, walk->to - 1);
    QK_TRY(list_blocks(r, all_blocks, first, last, err));
    QK_TRY(list_pieces(r, first, last, err));
    if (list_snapshot(r) != QK_OK) return no_memory(err);
    unite_parts(r);
    return walk->known_at == QK_TIME_NONE ? QK_OK : list_revisions(r, walk, err);
}

/* The outermost partitions tell where a stream begins and ends, unless one of them is damaged. */
static qk_code list_ends(qk_telemetry_reader *r, qk_error *err)
{
    QK_TRY(list_blocks(r,
                       "SELECT key,substr(data,1,40) FROM block WHERE key BETWEEN ?1 AND ?2"
                       " ORDER BY key LIMIT 1",
                       0, QK_PARTITION_MAX, err));
    QK_TRY(list_blocks(r,
                       "SELECT key,substr(data,1,40) FROM block WHERE key BETWEEN ?1 AND ?2"
                       " ORDER BY key DESC LIMIT 1",
                       0, QK_PARTITION_MAX, err));
    bool damaged = false;
    for (size_t i = 0; i < r->part_n; i++) damaged = damaged || r->parts[i].rows == 0;
    if (damaged) QK_TRY(list_blocks(r, all_blocks, 0, QK_PARTITION_MAX, err));
    QK_TRY(list_pieces(r, 0, QK_PARTITION_MAX, err));
    return list_snapshot(r) == QK_OK ? QK_OK : no_memory(err);
}

bool qk_reader_known(const qk_telemetry_reader *r, const qk_walk *walk, qk_time time,
                     int64_t delay_s, qk_row_cell *cell)
{
    if (cell->type == QK_CELL_NONE) return false;
    if (walk->known_at == QK_TIME_NONE) return true;
    int64_t at_s = qk_seconds_of(walk->known_at);
    if (qk_seconds_of(time) + delay_s + cell->lag <= at_s) return true;
    size_t low = 0;
    size_t high = r->revision_n;
    qk_revision wanted = {.column = cell->column, .time = time};
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_column_and_time(&r->revisions[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < r->revision_n; low++) {
        const qk_revision *v = &r->revisions[low];
        if (v->column != cell->column || v->time != time) return false;
        if (v->recorded_s > at_s || at_s >= v->superseded_s) continue;
        cell->type = v->type;
        cell->scale = v->scale;
        cell->mantissa = v->mantissa;
        cell->text = v->text;
        cell->text_len = v->text_len;
        cell->lag = qk_lag_of(v->recorded_s - qk_seconds_of(time) - delay_s);
        return true;
    }
    return false;
}

/* ---- one partition ---- */

static size_t first_snap(const qk_telemetry_reader *r, uint32_t partition)
{
    size_t i = 0;
    while (i < r->snap_n && r->snap[i].partition < partition) i++;
    return i;
}

qk_code qk_reader_load(qk_telemetry_reader *r, const qk_walk *walk, const qk_part_ref *part,
                       bool *plain, qk_error *err)
{
    size_t snap = first_snap(r, part->partition);
    QK_TRY(qk_disk_load(&r->disk, r->stream, part->partition, r->columns, walk->want, walk->want_n,
                        err));
    r->damaged += r->disk.damaged;
    *plain = r->disk.piece_count == 0 &&
             (snap == r->snap_n || r->snap[snap].partition != part->partition);
    return QK_OK;
}

static qk_code add_sources(qk_telemetry_reader *r, const qk_part_ref *part)
{
    qk_merge_begin(&r->merge, r->columns, r->room);
    QK_TRY(qk_merge_add_disk(&r->merge, &r->disk, true));
    r->strips.n = 0;
    for (size_t i = first_snap(r, part->partition);
         i < r->snap_n && r->snap[i].partition == part->partition; i++)
        QK_TRY(qk_strips_add(&r->strips, (qk_str){r->bytes.ptr + r->snap[i].at, r->snap[i].len}));
    return qk_merge_add_strips(&r->merge, r->strips.items, r->strips.n);
}

qk_code qk_reader_merge(qk_telemetry_reader *r, const qk_walk *walk, const qk_part_ref *part,
                        qk_error *err)
{
    if (add_sources(r, part) != QK_OK) return no_memory(err);
    qk_merge_seek(&r->merge, walk->from);
    return QK_OK;
}

qk_code qk_telemetry_span(qk_time *first, qk_time *last, qk_telemetry_reader *r,
                          qk_stream_id stream, qk_error *err)
{
    bool found;
    QK_TRY(qk_reader_enter(r, stream, QK_ROW_TIME_FIRST, QK_ROW_TIME_END, &found, err));
    if (!found) return qk_fail(err, QK_ENOTFOUND, "no such stream");
    qk_code code = list_ends(r, err);
    qk_reader_leave(r);
    QK_TRY(code);
    if (r->first > r->last) return qk_fail(err, QK_ENOTFOUND, "the stream has no rows");
    if (first) *first = r->first;
    if (last) *last = r->last;
    return QK_OK;
}

/* ---- all streams ---- */

typedef struct stream_ref {
    qk_stream_id id;
    qk_stream_kind kind;
    size_t at; /* of the MN in the reader's bytes */
    size_t len;
} stream_ref;

typedef struct stream_list {
    stream_ref *items;
    size_t n;
    size_t cap;
} stream_list;

static qk_code add_stream(qk_telemetry_reader *r, stream_list *list, qk_stream_id id, qk_str mn,
                          qk_stream_kind kind)
{
    if (list->n == list->cap) QK_GROW(list->items, list->cap, list->cap ? list->cap * 2 : 256);
    list->items[list->n++] = (stream_ref){id, kind, r->bytes.len, mn.len};
    qk_buf_put_str(&r->bytes, mn);
    return r->bytes.failed == QK_OK ? QK_OK : QK_ENOMEM;
}

/* A part at a time, so that the lock is never held for long. */
static qk_code list_known(qk_telemetry_reader *r, stream_list *list)
{
    enum { AT_ONCE = 256 };
    qk_telemetry *t = r->t;
    qk_code code = QK_OK;
    size_t end = 1;
    for (size_t i = 1; code == QK_OK && i <= end; i += AT_ONCE) {
        pthread_mutex_lock(&t->lock);
        end = t->stream_n - 1;
        for (size_t k = i; k <= end && k < i + AT_ONCE && code == QK_OK; k++)
            if (t->streams[k])
                code =
                    add_stream(r, list, t->streams[k]->id, t->streams[k]->mn, t->streams[k]->kind);
        pthread_mutex_unlock(&t->lock);
    }
    return code;
}

static qk_code list_on_disk(qk_telemetry_reader *r, stream_list *list, qk_error *err)
{
    sqlite3_stmt *stmt;
    qk_code code;
    QK_TRY(qk_db_prepare(&stmt, r->db, "SELECT id,mn,kind FROM stream", err));
    while ((code = qk_db_step(r->db, stmt, err)) == QK_OK)
        if (add_stream(r, list, (qk_stream_id)sqlite3_column_int64(stmt, 0), qk_db_text(stmt, 1),
                       (qk_stream_kind)sqlite3_column_int(stmt, 2)) != QK_OK) {
            code = no_memory(err);
            break;
        }
    sqlite3_reset(stmt);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* The names stand in a copy of their own, so that fn may use the reader. */
qk_code qk_telemetry_streams(qk_telemetry_reader *r, qk_stream_fn *fn, void *context, qk_error *err)
{
    stream_list list = {0};
    qk_buf_reset(&r->bytes);
    qk_code code = r->t ? list_known(r, &list) : list_on_disk(r, &list, err);
    if (code != QK_OK && r->t) no_memory(err);
    size_t len;
    char *names = qk_buf_take(&r->bytes, &len);
    if (code == QK_OK && !names) code = no_memory(err);
    for (size_t i = 0; code == QK_OK && i < list.n; i++)
        code = fn(context, list.items[i].id, (qk_str){names + list.items[i].at, list.items[i].len},
                  list.items[i].kind);
    free(names);
    free(list.items);
    return code;
}

/* ---- one column ---- */

static char flag_of(const qk_row_cell *cell)
{
    if (cell->type == QK_CELL_TEXT) return cell->text_len > 0 ? cell->text[0] : 0;
    bool digit = cell->type == QK_CELL_NUMBER && cell->scale == 0 && cell->mantissa >= 0 &&
                 cell->mantissa <= 9; /* the 2005 version's flags are digits */
    return digit ? (char)('0' + cell->mantissa) : 0;
}

typedef struct column_walk {
    qk_telemetry_reader *r;
    const qk_walk *walk;
    size_t value;
    size_t flag; /* SIZE_MAX: the factor has none */
    qk_batch_fn *fn;
    void *context;
} column_walk;

static qk_code make_batch(qk_telemetry_reader *r, size_t n)
{
    r->batch_n = 0;
    if (n <= r->batch_cap) return QK_OK;
    size_t made = 0;
    size_t cap = n + n / 4;
    QK_GROW(r->time, made, cap);
    QK_GROW(r->mantissa, made, cap);
    QK_GROW(r->scale, made, cap);
    QK_GROW(r->flag, made, cap);
    QK_GROW(r->recorded, made, cap);
    r->batch_cap = made;
    return QK_OK;
}

static void add_sample(const column_walk *w, qk_time time, int64_t delay_s, qk_row_cell *value,
                       qk_row_cell *flag)
{
    qk_telemetry_reader *r = w->r;
    size_t i = r->batch_n;
    if (i == r->batch_cap || !qk_row_known(w->walk, time, delay_s)) return;
    if (!qk_reader_known(r, w->walk, time, delay_s, value)) value->type = QK_CELL_NONE;
    bool flagged = qk_reader_known(r, w->walk, time, delay_s, flag);
    bool number = value->type == QK_CELL_NUMBER;
    r->time[i] = time;
    r->flag[i] = flagged ? flag_of(flag) : 0;
    r->mantissa[i] = number ? value->mantissa : INT64_MIN;
    r->scale[i] = number ? value->scale : 0;
    r->recorded[i] = qk_lag_of(value->type == QK_CELL_NONE ? delay_s : delay_s + value->lag);
    r->batch_n++;
}

static void give_batch(const column_walk *w)
{
    const qk_telemetry_reader *r = w->r;
    qk_batch b = {r->batch_n, r->time, r->mantissa, r->scale, r->flag, r->recorded};
    if (b.n > 0) w->fn(w->context, &b);
}

static qk_row_cell cell_at(const qk_disk *d, size_t column, size_t i)
{
    qk_row_cell cell = {.column = (uint16_t)column};
    const qk_cells *c = column < d->columns ? &d->cells[column] : NULL;
    if (!c || c->n == 0) return cell;
    cell.type = (uint8_t)qk_cells_type(c, i);
    if (cell.type == QK_CELL_NONE) return cell;
    cell.lag = qk_cells_lag(c, i);
    cell.mantissa = c->mantissa[i];
    if (cell.type == QK_CELL_TEXT) {
        cell.text = c->texts[cell.mantissa].ptr;
        cell.text_len = (uint32_t)c->texts[cell.mantissa].len;
    } else {
        cell.scale = qk_cells_scale(c, i);
    }
    return cell;
}

/* Numbers of one scale with one flag, nothing changed since: what devices send most of the time. */
static bool is_even(const column_walk *w)
{
    const qk_disk *d = &w->r->disk;
    const qk_cells *value = &d->cells[w->value];
    const qk_cells *flag = w->flag == SIZE_MAX ? NULL : &d->cells[w->flag];
    if (w->walk->known_at != QK_TIME_NONE || value->n == 0 || value->lagged) return false;
    if (value->one_type != QK_CELL_NUMBER || value->one_scale < 0) return false;
    return !flag || flag->n == 0 || (flag->one_type == QK_CELL_TEXT && flag->text_count == 1);
}

static void give_even(const column_walk *w)
{
    qk_telemetry_reader *r = w->r;
    const qk_disk *d = &r->disk;
    size_t first = qk_disk_first_at(d, w->walk->from);
    size_t end = qk_disk_first_at(d, w->walk->to);
    if (first >= end) return;
    const qk_cells *value = &d->cells[w->value];
    qk_row_cell flag = cell_at(d, w->flag, first);
    memset(r->scale, value->one_scale, end - first);
    memset(r->flag, flag_of(&flag), end - first);
    for (size_t i = first; i < end; i++) r->recorded[i - first] = qk_lag_of(d->delay_s[i]);
    qk_batch b = {end - first, d->times + first, value->mantissa + first,
                  r->scale,    r->flag,          r->recorded};
    w->fn(w->context, &b);
}

static void give_plain(const column_walk *w)
{
    const qk_disk *d = &w->r->disk;
    size_t end = qk_disk_first_at(d, w->walk->to);
    for (size_t i = qk_disk_first_at(d, w->walk->from); i < end; i++) {
        qk_row_cell value = cell_at(d, w->value, i);
        qk_row_cell flag = cell_at(d, w->flag, i);
        add_sample(w, d->times[i], d->delay_s[i], &value, &flag);
    }
    give_batch(w);
}

static void give_merged(const column_walk *w)
{
    const qk_row *row;
    while ((row = qk_merge_next(&w->r->merge)) && row->time < w->walk->to) {
        qk_row_cell value = {0};
        qk_row_cell flag = {0};
        for (size_t i = 0; i < row->n; i++) {
            if (row->cells[i].column == w->value) value = row->cells[i];
            if (row->cells[i].column == w->flag) flag = row->cells[i];
        }
        add_sample(w, row->time, row->delay_s, &value, &flag);
    }
    w->r->damaged += w->r->merge.damaged;
    give_batch(w);
}

static qk_code walk_column(const column_walk *w, qk_error *err)
{
    qk_telemetry_reader *r = w->r;
    for (size_t i = 0; i < r->part_n; i++) {
        bool plain;
        QK_TRY(qk_reader_load(r, w->walk, &r->parts[i], &plain, err));
        if (make_batch(r, r->parts[i].rows + r->disk.span.n) != QK_OK) return no_memory(err);
        if (!plain) {
            QK_TRY(qk_reader_merge(r, w->walk, &r->parts[i], err));
            give_merged(w);
        } else if (r->disk.span.n > 0) {
            if (is_even(w))
                give_even(w);
            else
                give_plain(w);
        }
    }
    return QK_OK;
}

static bool clip_range(qk_time *from, qk_time *to)
{
    if (*from < QK_ROW_TIME_FIRST) *from = QK_ROW_TIME_FIRST;
    if (*to > QK_ROW_TIME_END) *to = QK_ROW_TIME_END;
    return *from < *to;
}

qk_code qk_reader_column_walk(qk_telemetry_reader *r, const qk_series_query *q, qk_begin_fn *begin,
                              qk_batch_fn *fn, void *context, size_t *damaged, qk_error *err)
{
    bool found;
    qk_walk walk = {.from = q->from, .to = q->to, .known_at = q->known_at};
    if (damaged) *damaged = 0;
    if (!clip_range(&walk.from, &walk.to)) return QK_OK;
    QK_TRY(qk_reader_enter(r, q->stream, walk.from, walk.to, &found, err));
    if (!found) return QK_OK;
    qk_code code = QK_OK;
    column_walk w = {.r = r, .walk = &walk, .fn = fn, .context = context};
    w.value = qk_reader_column(r, q->code, q->field);
    w.flag = qk_reader_column(r, q->code, QK_STR("Flag"));
    uint16_t want[2] = {(uint16_t)w.value, (uint16_t)w.flag};
    walk.want = want;
    walk.want_n = w.flag == SIZE_MAX ? 1 : 2;
    if (w.value != SIZE_MAX) {
        code = qk_reader_list(r, &walk, err);
        if (code == QK_OK) code = begin(context, r, err);
        if (code == QK_OK) code = walk_column(&w, err);
    }
    if (damaged) *damaged = r->damaged;
    qk_reader_leave(r);
    return code;
}

typedef struct sample_sink {
    qk_samples *out;
    qk_arena *arena;
    size_t cap;
} sample_sink;

static qk_code begin_samples(void *context, const qk_telemetry_reader *r, qk_error *err)
{
    sample_sink *sink = context;
    qk_samples *out = sink->out;
    for (size_t i = 0; i < r->part_n; i++) sink->cap += r->parts[i].rows;
    out->time = qk_arena_array(sink->arena, sink->cap, sizeof *out->time);
    out->mantissa = qk_arena_array(sink->arena, sink->cap, sizeof *out->mantissa);
    out->scale = qk_arena_array(sink->arena, sink->cap, sizeof *out->scale);
    out->flag = qk_arena_array(sink->arena, sink->cap, sizeof *out->flag);
    out->recorded = qk_arena_array(sink->arena, sink->cap, sizeof *out->recorded);
    if (out->time && out->mantissa && out->scale && out->flag && out->recorded) return QK_OK;
    return qk_fail(err, QK_ENOMEM, "%zu samples do not fit into the memory of this request",
                   sink->cap);
}

static void take_batch(void *context, const qk_batch *b)
{
    sample_sink *sink = context;
    qk_samples *out = sink->out;
    size_t n = b->n < sink->cap - out->count ? b->n : sink->cap - out->count;
    memcpy(out->time + out->count, b->time, n * sizeof *out->time);
    memcpy(out->mantissa + out->count, b->mantissa, n * sizeof *out->mantissa);
    memcpy(out->scale + out->count, b->scale, n * sizeof *out->scale);
    memcpy(out->flag + out->count, b->flag, n * sizeof *out->flag);
    memcpy(out->recorded + out->count, b->recorded, n * sizeof *out->recorded);
    out->count += n;
}

qk_code qk_telemetry_read(qk_samples *out, qk_telemetry_reader *r, qk_stream_id stream, qk_str code,
                          qk_str field, qk_time from, qk_time to, qk_time known_at, qk_arena *arena,
                          size_t *damaged, qk_error *err)
{
    *out = (qk_samples){0};
    sample_sink sink = {.out = out, .arena = arena};
    qk_series_query q = {stream, code, field, from, to, known_at};
    return qk_reader_column_walk(r, &q, begin_samples, take_batch, &sink, damaged, err);
}

/* ---- whole rows ---- */

static qk_code give_row(qk_telemetry_reader *r, const qk_walk *walk, const qk_row *row,
                        qk_row_fn *fn, void *context)
{
    size_t n = 0;
    int32_t newest = 0;
    if (!qk_row_known(walk, row->time, row->delay_s)) return QK_OK;
    for (size_t i = 0; i < row->n; i++) {
        qk_row_cell cell = row->cells[i];
        if (!qk_reader_known(r, walk, row->time, row->delay_s, &cell)) continue;
        if (cell.lag > newest) newest = cell.lag;
        qk_cell *to = &r->cells[n++];
        *to = (qk_cell){.column = cell.column, .type = (qk_cell_type)cell.type};
        if (cell.type == QK_CELL_TEXT)
            to->text = (qk_str){cell.text, cell.text_len};
        else
            to->number = (qk_dec){cell.mantissa, cell.scale};
    }
    return fn(context, row->time, qk_recorded_at(row->time, row->delay_s + newest), r->cells, n);
}

static qk_code walk_rows(qk_telemetry_reader *r, const qk_walk *walk, qk_row_fn *fn, void *context,
                         qk_error *err)
{
    for (size_t i = 0; i < r->part_n; i++) {
        bool plain;
        const qk_row *row;
        QK_TRY(qk_reader_load(r, walk, &r->parts[i], &plain, err));
        QK_TRY(qk_reader_merge(r, walk, &r->parts[i], err));
        while ((row = qk_merge_next(&r->merge)) && row->time < walk->to)
            QK_TRY(give_row(r, walk, row, fn, context));
        r->damaged += r->merge.damaged;
    }
    return QK_OK;
}

static qk_code make_cells(qk_telemetry_reader *r)
{
    if (r->columns > r->cells_cap) QK_GROW(r->cells, r->cells_cap, r->columns + 32);
    return QK_OK;
}

qk_code qk_telemetry_rows(qk_telemetry_reader *r, qk_stream_id stream, qk_time from, qk_time to,
                          qk_time known_at, qk_row_fn *fn, void *context, qk_error *err)
{
    bool found;
    qk_walk walk = {.from = from, .to = to, .known_at = known_at};
    if (!clip_range(&walk.from, &walk.to)) return QK_OK;
    QK_TRY(qk_reader_enter(r, stream, walk.from, walk.to, &found, err));
    if (!found) return QK_OK;
    qk_code code = make_cells(r) == QK_OK ? QK_OK : no_memory(err);
    if (code == QK_OK) code = qk_reader_list(r, &walk, err);
    if (code == QK_OK) code = walk_rows(r, &walk, fn, context, err);
    qk_reader_leave(r);
    return code;
}

size_t qk_telemetry_damaged(const qk_telemetry_reader *r)
{
    return r->damaged;
}

qk_code qk_telemetry_columns(const qk_str **codes, const qk_str **fields, size_t *n,
                             qk_telemetry_reader *r, qk_stream_id stream, qk_error *err)
{
    bool found;
    *codes = *fields = NULL;
    *n = 0;
    QK_TRY(qk_reader_enter(r, stream, 0, 0, &found, err));
    if (!found) return QK_OK;
    qk_reader_leave(r);
    if (r->columns > r->given_cap) {
        size_t cap = r->columns + 32;
        qk_str *more = realloc(r->codes, cap * sizeof *more);
        if (!more) return no_memory(err);
        r->codes = more;
        more = realloc(r->fields, cap * sizeof *more);
        if (!more) return no_memory(err);
        r->fields = more;
        r->given_cap = cap;
    }
    for (size_t i = 0; i < r->columns; i++) {
        r->codes[i] = r->names[i].code;
        r->fields[i] = r->names[i].field;
    }
    *codes = r->codes;
    *fields = r->fields;
    *n = r->columns;
    return QK_OK;
}
