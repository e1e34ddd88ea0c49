/* SPDX-License-Identifier: Apache-2.0 */
/* Heads: the rows of one partition in memory, as strips by rising time. */
#include "store/telemetry_private.h"
#include <stdlib.h>

enum {
    STRIP_FIRST = 256, /* bytes; doubles up to the most */
    STRIP_MOST = 4096,
    WINDOW_ROWS = 128 /* read from the disk at once when old rows come again */
};

static qk_code no_memory(qk_error *err)
{
    return qk_fail(err, QK_ENOMEM, "no memory for telemetry");
}

static void count_bytes(qk_telemetry *t, qk_head *h, size_t more, size_t less)
{
    h->bytes = h->bytes + more - less;
    t->bytes = t->bytes + more - less;
}

static size_t strip_bytes(const qk_strip *s)
{
    return sizeof *s + s->cap;
}

/* ---- lists ---- */

static qk_head_list *list_of(qk_telemetry *t, const qk_head *h)
{
    return h->unsaved ? &t->changed : &t->unchanged;
}

static void unlink_head(qk_telemetry *t, qk_head *h)
{
    qk_head_list *list = list_of(t, h);
    if (h->newer)
        h->newer->older = h->older;
    else
        list->newest = h->older;
    if (h->older)
        h->older->newer = h->newer;
    else
        list->oldest = h->newer;
    list->n--;
}

static void link_head(qk_telemetry *t, qk_head *h)
{
    qk_head_list *list = list_of(t, h);
    h->newer = NULL;
    h->older = list->newest;
    if (list->newest)
        list->newest->newer = h;
    else
        list->oldest = h;
    list->newest = h;
    list->n++;
}

void qk_head_move(qk_telemetry *t, qk_head *h, bool changed)
{
    unlink_head(t, h);
    h->unsaved = changed;
    link_head(t, h);
}

qk_time qk_head_last(const qk_head *h)
{
    return h->n > 0 ? h->strips[h->n - 1]->last : INT64_MIN;
}

uint64_t qk_head_pos(const qk_head *h)
{
    uint64_t pos = UINT64_MAX;
    for (size_t i = 0; i < h->n; i++)
        if (h->strips[i]->state == QK_STRIP_NEW && h->strips[i]->pos < pos) pos = h->strips[i]->pos;
    return pos;
}

/* ---- making and dropping ---- */

qk_head *qk_head_find(const qk_stream *s, uint32_t partition)
{
    if (s->recent && s->recent->partition == partition) return s->recent;
    for (size_t i = s->head_n; i-- > 0;)
        if (s->heads[i]->partition == partition) return s->heads[i];
    return NULL;
}

static void free_tail(qk_telemetry *t, qk_head *h)
{
    if (!h->tail) return;
    count_bytes(t, h, 0, qk_row_state_bytes(h->tail));
    qk_row_state_free(h->tail);
    h->tail = NULL;
}

static void free_seek(qk_telemetry *t, qk_head *h)
{
    if (!h->seek_state) return;
    count_bytes(t, h, 0, qk_row_state_bytes(h->seek_state));
    qk_row_state_free(h->seek_state);
    h->seek_state = NULL;
    h->seek_strip = NULL;
}

void qk_head_rest(qk_telemetry *t, qk_head *h)
{
    free_tail(t, h);
    free_seek(t, h);
}

void qk_head_unrevise(qk_telemetry *t, qk_head *h, size_t n)
{
    pthread_mutex_lock(&t->lock);
    for (; h->revision_n > n; h->revision_n--) {
        qk_revision *r = &h->revisions[h->revision_n - 1];
        count_bytes(t, h, 0, sizeof *r + r->text_len);
        free(r->text);
    }
    pthread_mutex_unlock(&t->lock);
}

void qk_head_revised(qk_telemetry *t, qk_head *h)
{
    size_t kept = 0;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < h->revision_n; i++) {
        qk_revision *r = &h->revisions[i];
        if (!r->written) {
            h->revisions[kept++] = *r;
            continue;
        }
        count_bytes(t, h, 0, sizeof *r + r->text_len);
        free(r->text);
    }
    h->revision_n = kept;
    pthread_mutex_unlock(&t->lock);
}

static void drop_strips(qk_telemetry *t, qk_head *h)
{
    free_tail(t, h);
    h->seek_strip = NULL;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < h->n; i++) {
        count_bytes(t, h, 0, strip_bytes(h->strips[i]));
        free(h->strips[i]);
    }
    h->n = 0;
    h->rows = 0;
    pthread_mutex_unlock(&t->lock);
}

void qk_head_drop(qk_telemetry *t, qk_head *h)
{
    qk_stream *s = h->stream;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < s->head_n; i++)
        if (s->heads[i] == h) s->heads[i] = s->heads[--s->head_n];
    if (s->recent == h) s->recent = NULL;
    unlink_head(t, h);
    pthread_mutex_unlock(&t->lock);
    drop_strips(t, h);
    free_seek(t, h);
    qk_head_unrevise(t, h, 0);
    t->bytes -= sizeof *h;
    free(h->strips);
    free(h->revisions);
    free(h);
}

void qk_heads_evict(qk_telemetry *t, size_t bytes)
{
    while (t->bytes > bytes && t->unchanged.oldest) qk_head_drop(t, t->unchanged.oldest);
}

static qk_code make_head(qk_head **out, qk_telemetry *t, qk_stream *s, uint32_t partition)
{
    if (s->head_n == s->head_cap) {
        size_t cap = s->head_cap ? s->head_cap * 2 : 2;
        qk_head **more = malloc(cap * sizeof(qk_head *));
        if (!more) return QK_ENOMEM;
        if (s->head_n > 0) memcpy(more, s->heads, s->head_n * sizeof(qk_head *));
        pthread_mutex_lock(&t->lock);
        qk_head **old = s->heads;
        s->heads = more;
        s->head_cap = cap;
        pthread_mutex_unlock(&t->lock);
        free(old);
    }
    qk_head *h = calloc(1, sizeof *h);
    if (!h) return QK_ENOMEM;
    h->stream = s;
    h->partition = partition;
    h->touched = t->round;
    qk_partition_bounds(s->kind, partition, &h->from, &h->to);
    pthread_mutex_lock(&t->lock);
    s->heads[s->head_n++] = h;
    link_head(t, h);
    pthread_mutex_unlock(&t->lock);
    t->bytes += sizeof *h;
    *out = h;
    return QK_OK;
}

/* ---- building strips ---- */

/* Strips under construction; they join the head at once. */
typedef struct builder {
    qk_strip **strips;
    size_t n;
    size_t cap;
    size_t rows;
    size_t bytes;
    uint64_t pos;
    qk_strip_state state;
} builder;

static void free_builder(builder *b)
{
    for (size_t i = 0; i < b->n; i++) free(b->strips[i]);
    free(b->strips);
}

static qk_code make_scratch(qk_telemetry *t, const qk_row *row)
{
    size_t bound = qk_row_bound(row);
    if (bound <= t->scratch_cap) return QK_OK;
    uint8_t *more = realloc(t->scratch, bound * 2);
    if (!more) return QK_ENOMEM;
    t->scratch = more;
    t->scratch_cap = bound * 2;
    return QK_OK;
}

static qk_strip *new_strip(size_t len, uint64_t pos, qk_strip_state state)
{
    size_t cap = STRIP_FIRST;
    while (cap < len) cap *= 2;
    qk_strip *s = malloc(sizeof *s + cap);
    if (!s) return NULL;
    *s = (qk_strip){.pos = pos, .state = (uint8_t)state, .cap = (uint32_t)cap};
    return s;
}

static void add_bytes(qk_strip *s, const uint8_t *bytes, size_t len, qk_time time)
{
    memcpy(s->bytes + s->len, bytes, len);
    if (s->rows == 0) s->first = time;
    s->last = time;
    s->rows++;
    s->len += (uint32_t)len;
}

static qk_code build_strip(qk_telemetry *t, builder *b, const qk_row *row)
{
    if (b->n == b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 4;
        qk_strip **more = realloc(b->strips, cap * sizeof(qk_strip *));
        if (!more) return QK_ENOMEM;
        b->strips = more;
        b->cap = cap;
    }
    qk_row_state_reset(t->write_state);
    size_t len = qk_row_put(t->write_state, t->scratch, "", 0, row, false);
    qk_strip *s = new_strip(len > STRIP_MOST ? len : STRIP_MOST, b->pos, b->state);
    if (!s) return QK_ENOMEM;
    add_bytes(s, t->scratch, len, row->time);
    b->strips[b->n++] = s;
    b->bytes += strip_bytes(s);
    b->rows++;
    return QK_OK;
}

static qk_code build_row(qk_telemetry *t, builder *b, const qk_row *row)
{
    QK_TRY(make_scratch(t, row));
    qk_strip *s = b->n > 0 ? b->strips[b->n - 1] : NULL;
    if (s) {
        size_t len = qk_row_put(t->write_state, t->scratch, s->bytes, s->len, row, false);
        if (s->len + len <= s->cap) {
            add_bytes(s, t->scratch, len, row->time);
            b->rows++;
            return QK_OK;
        }
    }
    return build_strip(t, b, row);
}

/* Gives back the room that the last strip does not use. */
static void trim_builder(builder *b)
{
    if (b->n == 0) return;
    qk_strip *s = b->strips[b->n - 1];
    size_t cap = STRIP_FIRST;
    while (cap < s->len) cap *= 2;
    if (cap >= s->cap) return;
    qk_strip *less = realloc(s, sizeof *s + cap);
    if (!less) return;
    b->bytes -= less->cap - cap;
    less->cap = (uint32_t)cap;
    b->strips[b->n - 1] = less;
}

static void copy_strips(qk_strip **to, qk_strip *const *from, size_t n)
{
    if (from && n > 0) memcpy(to, from, n * sizeof(qk_strip *));
}

/* Puts the built strips in the place of `count` strips from `at` on. */
static qk_code join(qk_telemetry *t, qk_head *h, builder *b, size_t at, size_t count)
{
    trim_builder(b);
    size_t n = h->n - count + b->n;
    qk_strip **more = malloc((n + 4) * sizeof(qk_strip *));
    if (!more) return QK_ENOMEM;
    copy_strips(more, h->strips, at);
    copy_strips(more + at, b->strips, b->n);
    copy_strips(more + at + b->n, h->n > at + count ? h->strips + at + count : NULL,
                h->n - at - count);
    qk_strip **old = h->strips;
    size_t old_rows = 0;
    size_t old_bytes = 0;
    for (size_t i = at; i < at + count; i++) {
        old_rows += old[i]->rows;
        old_bytes += strip_bytes(old[i]);
    }
    if (at + count == h->n) free_tail(t, h);
    h->seek_strip = NULL;
    pthread_mutex_lock(&t->lock);
    h->strips = more;
    h->n = n;
    h->cap = n + 4;
    h->rows = h->rows + b->rows - old_rows;
    pthread_mutex_unlock(&t->lock);
    count_bytes(t, h, b->bytes, old_bytes);
    for (size_t i = at; i < at + count; i++) free(old[i]);
    free(old);
    b->n = 0;
    return QK_OK;
}

/* ---- from the disk ---- */

static qk_code make_states(qk_telemetry *t, const qk_stream *s)
{
    QK_TRY(qk_row_state_make(&t->read_state, s->columns));
    return qk_row_state_make(&t->write_state, s->columns);
}

static void note_damage(qk_telemetry *t, qk_head *h)
{
    if (h->damaged) return;
    h->damaged = true;
    t->damaged += t->disk.damaged + t->merge.damaged;
    qk_log_limited(t->log, QK_LOG_ERROR, "telemetry", (uint64_t)h->stream->id << 24 | h->partition,
                   "a stored block of %.*s, kind %d, is damaged; it is passed over and kept",
                   QK_STR_ARG(h->stream->mn), (int)h->stream->kind);
}

static qk_code load(qk_telemetry *t, qk_head *h, qk_time from, qk_error *err)
{
    const qk_stream *s = h->stream;
    QK_TRY(qk_disk_load(&t->disk, s->id, h->partition, s->columns, NULL, 0, err));
    h->blocks = t->disk.span.n > 0;
    h->disk_rows = t->disk.span.n + t->disk.piece_rows;
    qk_merge_begin(&t->merge, s->columns, s->columns);
    if (qk_merge_add_disk(&t->merge, &t->disk, true) != QK_OK) return no_memory(err);
    qk_merge_seek(&t->merge, from);
    if (t->disk.damaged > 0) note_damage(t, h);
    return QK_OK;
}

/* Rows of the merge with time < to, and no more than `most` from `must` on; *end gets the time up
 * to which all are there. */
static qk_code build_rows(qk_telemetry *t, builder *b, qk_time must, size_t most, qk_time to,
                          qk_time *end)
{
    const qk_row *row;
    size_t beyond = 0;
    *end = to;
    while ((row = qk_merge_next(&t->merge)) && row->time < to) {
        if (row->time >= must && beyond++ == most) {
            *end = row->time;
            return QK_OK;
        }
        QK_TRY(build_row(t, b, row));
    }
    return QK_OK;
}

/* Brings the rows around `time` into the head. A head without anything unsaved is emptied first and
 * gets a window from there on; otherwise the gap is closed, so that what it covers stays one piece.
 */
static qk_code extend_cover(qk_telemetry *t, qk_head *h, qk_time time, qk_error *err)
{
    builder b = {.state = QK_STRIP_CLEAN};
    bool below = h->unsaved && time < h->cover_from;
    qk_time from = h->unsaved && !below ? h->cover_to : time;
    qk_time end;
    if (make_states(t, h->stream) != QK_OK) return no_memory(err);
    QK_TRY(load(t, h, from, err));
    if (!h->unsaved) {
        drop_strips(t, h);
        h->cover_from = h->cover_to = time; /* nothing, should the rest fail */
    }
    qk_code code = below ? build_rows(t, &b, INT64_MAX, 0, h->cover_from, &end)
                         : build_rows(t, &b, time, WINDOW_ROWS, INT64_MAX, &end);
    if (code == QK_OK) code = join(t, h, &b, below ? 0 : h->n, 0);
    free_builder(&b);
    if (t->merge.damaged > 0) note_damage(t, h);
    qk_disk_forget(&t->disk);
    if (code != QK_OK) return no_memory(err);
    if (!h->unsaved || below) h->cover_from = time;
    if (!below) h->cover_to = end;
    return QK_OK;
}

/* What the disk has of a partition, from the heads of its blocks and pieces. */
static qk_code look_at_disk(qk_telemetry *t, qk_head *h, qk_time *last, qk_error *err)
{
    qk_stream_id id = h->stream->id;
    *last = INT64_MIN;
    QK_TRY(qk_disk_load(&t->disk, id, h->partition, 0, NULL, 0, err));
    h->blocks = t->disk.span.n > 0;
    h->disk_rows = t->disk.span.n + t->disk.piece_rows;
    if (h->blocks) *last = t->disk.span.last;
    for (size_t i = 0; i < t->disk.piece_count; i++)
        if (t->disk.pieces[i].span.last > *last) *last = t->disk.pieces[i].span.last;
    if (t->disk.damaged > 0) note_damage(t, h);
    qk_disk_forget(&t->disk);
    return QK_OK;
}

static qk_code cover_at_first(qk_telemetry *t, qk_head *h, qk_time time, qk_error *err)
{
    qk_time last = INT64_MIN;
    if (h->stream->disk_last >= h->from) QK_TRY(look_at_disk(t, h, &last, err));
    h->cover_to = INT64_MAX;
    if (time > last)
        h->cover_from = last == INT64_MIN ? INT64_MIN : last + 1;
    else
        h->cover_from = h->cover_to = time;
    return QK_OK;
}

qk_code qk_head_for(qk_head **out, qk_telemetry *t, qk_stream *s, qk_time time, qk_error *err)
{
    qk_head *h = s->recent;
    if (!h || time < h->from || time >= h->to) {
        uint32_t partition = qk_partition_of(s->kind, time);
        h = qk_head_find(s, partition);
        if (!h) {
            if (t->bytes > t->limit / 4 * 3) qk_heads_evict(t, t->limit / 8 * 5);
            if (make_head(&h, t, s, partition) != QK_OK) return no_memory(err);
            qk_code code = cover_at_first(t, h, time, err);
            if (code != QK_OK) {
                qk_head_drop(t, h);
                return code;
            }
        }
        s->recent = h;
    }
    if (!h->unsaved && h->touched != t->round) qk_head_move(t, h, false);
    *out = h;
    return qk_head_covers(h, time) ? QK_OK : extend_cover(t, h, time, err);
}

/* ---- rows ---- */

static qk_code check_room(const qk_head *h, const qk_row *row, qk_error *err)
{
    size_t rows = h->rows + (qk_head_whole(h) ? 0 : h->disk_rows) + 1;
    if (rows <= QK_PACK_MAX && rows * h->stream->columns <= QK_PARTITION_CELLS_MAX &&
        h->bytes + qk_row_bound(row) <= QK_PARTITION_BYTES_MAX)
        return QK_OK;
    return qk_fail(err, QK_EFULL,
                   "device %.*s sends more rows for one period of kind %d than are kept",
                   QK_STR_ARG(h->stream->mn), (int)h->stream->kind);
}

static void mark_changed(qk_telemetry *t, qk_head *h)
{
    if (!h->unsaved) qk_head_move(t, h, true);
}

static qk_code make_tail(qk_telemetry *t, qk_head *h)
{
    size_t before = qk_row_state_bytes(h->tail);
    QK_TRY(qk_row_state_make(&h->tail, h->stream->columns));
    count_bytes(t, h, qk_row_state_bytes(h->tail), before);
    return QK_OK;
}

qk_code qk_head_tail(qk_telemetry *t, qk_head *h, qk_error *err)
{
    if (h->tail) return QK_OK;
    const qk_strip *s = h->strips[h->n - 1];
    qk_row row = {.cells = t->read_cells};
    size_t at = 0;
    qk_code code;
    if (make_tail(t, h) != QK_OK) return no_memory(err);
    while ((code = qk_row_next(h->tail, &row, (qk_str){s->bytes, s->len}, &at)) == QK_OK) {
    }
    if (code == QK_ENOTFOUND) return QK_OK;
    free_tail(t, h);
    return qk_fail(err, QK_EDAMAGED, "telemetry in memory is damaged");
}

/* Adds encoded bytes to the last strip; the pointer to it may change. */
static qk_code append_bytes(qk_telemetry *t, qk_head *h, size_t len, qk_time time, bool more)
{
    qk_strip *s = h->strips[h->n - 1];
    qk_strip *wide = NULL;
    size_t old = strip_bytes(s);
    if (s->len + len > s->cap) {
        size_t cap = s->cap;
        while (cap < s->len + len) cap *= 2;
        wide = malloc(sizeof *wide + cap);
        if (!wide) return QK_ENOMEM;
        memcpy(wide, s, sizeof *s + s->len);
        wide->cap = (uint32_t)cap;
    }
    pthread_mutex_lock(&t->lock);
    if (wide) h->strips[h->n - 1] = wide;
    qk_strip *to = h->strips[h->n - 1];
    add_bytes(to, t->scratch, len, time);
    to->rows -= more;
    h->rows += !more;
    pthread_mutex_unlock(&t->lock);
    if (wide || more) h->seek_strip = NULL; /* a row read already goes on */
    if (wide) {
        count_bytes(t, h, strip_bytes(wide), old);
        free(s);
    }
    return QK_OK;
}

static qk_code append_strip(qk_telemetry *t, qk_head *h, const qk_row *row)
{
    QK_TRY(make_tail(t, h));
    qk_row_state_reset(h->tail);
    size_t len = qk_row_put(h->tail, t->scratch, "", 0, row, false);
    qk_strip *s = new_strip(len, t->at, QK_STRIP_NEW);
    if (!s) return QK_ENOMEM;
    if (h->n == h->cap) {
        size_t cap = h->cap ? h->cap * 2 : 4;
        qk_strip **more = malloc(cap * sizeof(qk_strip *));
        if (!more) {
            free(s);
            return QK_ENOMEM;
        }
        copy_strips(more, h->strips, h->n);
        pthread_mutex_lock(&t->lock);
        qk_strip **old = h->strips;
        h->strips = more;
        h->cap = cap;
        pthread_mutex_unlock(&t->lock);
        free(old);
    }
    add_bytes(s, t->scratch, len, row->time);
    pthread_mutex_lock(&t->lock);
    h->strips[h->n++] = s;
    h->rows++;
    pthread_mutex_unlock(&t->lock);
    count_bytes(t, h, strip_bytes(s), 0);
    return QK_OK;
}

static qk_code append_encoded(qk_telemetry *t, qk_head *h, const qk_row *row, qk_error *err)
{
    qk_strip *s = h->n > 0 ? h->strips[h->n - 1] : NULL;
    if (s && s->state == QK_STRIP_NEW) {
        QK_TRY(qk_head_tail(t, h, err));
        if (make_tail(t, h) != QK_OK) return no_memory(err);
        size_t len = qk_row_put(h->tail, t->scratch, s->bytes, s->len, row, false);
        if (s->len + len <= STRIP_MOST)
            return append_bytes(t, h, len, row->time, false) == QK_OK ? QK_OK : no_memory(err);
    }
    return append_strip(t, h, row) == QK_OK ? QK_OK : no_memory(err);
}

qk_code qk_head_append(qk_telemetry *t, qk_head *h, const qk_row *row, qk_error *err)
{
    QK_TRY(check_room(h, row, err));
    if (make_scratch(t, row) != QK_OK) return no_memory(err);
    qk_code code = append_encoded(t, h, row, err);
    if (code != QK_OK)
        free_tail(t, h); /* it may tell of a row that was not added */
    else
        mark_changed(t, h);
    return code;
}

qk_code qk_head_extend(qk_telemetry *t, qk_head *h, const qk_row *row, qk_error *err)
{
    qk_strip *s = h->strips[h->n - 1];
    if (make_scratch(t, row) != QK_OK || make_tail(t, h) != QK_OK) return no_memory(err);
    size_t len = qk_row_put(h->tail, t->scratch, s->bytes, s->len, row, true);
    if (append_bytes(t, h, len, row->time, true) == QK_OK) return QK_OK;
    free_tail(t, h);
    return no_memory(err);
}

/* The strip in which a time stands or belongs: the last that begins at or before it, else the
 * first. */
static size_t strip_for(const qk_head *h, qk_time time)
{
    size_t low = 0;
    size_t high = h->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (h->strips[middle]->first <= time)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? low - 1 : 0;
}

static qk_code make_seek(qk_telemetry *t, qk_head *h)
{
    size_t before = qk_row_state_bytes(h->seek_state);
    QK_TRY(qk_row_state_make(&h->seek_state, h->stream->columns));
    count_bytes(t, h, qk_row_state_bytes(h->seek_state), before);
    return QK_OK;
}

qk_code qk_head_row(qk_telemetry *t, qk_head *h, qk_time time, qk_row *row, qk_error *err)
{
    if (h->n == 0) return QK_ENOTFOUND;
    const qk_strip *s = h->strips[strip_for(h, time)];
    if (time < s->first || time > s->last) return QK_ENOTFOUND;
    if (make_seek(t, h) != QK_OK) return no_memory(err);
    if (h->seek_strip != s || qk_row_state_time(h->seek_state) >= time) {
        qk_row_state_reset(h->seek_state);
        h->seek_at = 0;
    }
    h->seek_strip = s;
    *row = (qk_row){.cells = t->read_cells};
    qk_code code;
    do {
        code = qk_row_next(h->seek_state, row, (qk_str){s->bytes, s->len}, &h->seek_at);
    } while (code == QK_OK && row->time < time);
    if (code != QK_OK) h->seek_strip = NULL;
    if (code == QK_EFORMAT) return qk_fail(err, QK_EDAMAGED, "telemetry in memory is damaged");
    return code == QK_OK && row->time == time ? QK_OK : QK_ENOTFOUND;
}

/* The strip's rows with the new one among them. */
static qk_code build_changed(qk_telemetry *t, builder *b, const qk_strip *s, const qk_row *row)
{
    qk_row old = {.cells = t->read_cells};
    size_t at = 0;
    bool put = false;
    qk_code code;
    qk_row_state_reset(t->read_state);
    while ((code = qk_row_next(t->read_state, &old, (qk_str){s->bytes, s->len}, &at)) == QK_OK) {
        if (!put && old.time >= row->time) {
            QK_TRY(build_row(t, b, row));
            put = true;
        }
        if (old.time != row->time) QK_TRY(build_row(t, b, &old));
    }
    if (code != QK_ENOTFOUND) return QK_EDAMAGED;
    return put ? QK_OK : build_row(t, b, row);
}

qk_code qk_head_put(qk_telemetry *t, qk_head *h, const qk_row *row, qk_error *err)
{
    builder b = {.state = QK_STRIP_NEW, .pos = t->at};
    size_t at = strip_for(h, row->time);
    const qk_strip *s = h->n > 0 ? h->strips[at] : NULL;
    QK_TRY(check_room(h, row, err));
    if (make_states(t, h->stream) != QK_OK) return no_memory(err);
    if (s && s->state != QK_STRIP_CLEAN && s->pos < b.pos) b.pos = s->pos;
    qk_code code = s ? build_changed(t, &b, s, row) : build_row(t, &b, row);
    if (code == QK_OK) code = join(t, h, &b, at, s ? 1 : 0);
    free_builder(&b);
    if (code == QK_OK) mark_changed(t, h);
    return code == QK_OK ? QK_OK : qk_fail(err, code, "cannot change a row of telemetry");
}

qk_code qk_head_revise(qk_telemetry *t, qk_head *h, const qk_revision *revision, qk_error *err)
{
    char *text = NULL;
    if (revision->type == QK_CELL_TEXT) {
        text = malloc(revision->text_len + 1u);
        if (!text) return no_memory(err);
        memcpy(text, revision->text, revision->text_len);
    }
    pthread_mutex_lock(&t->lock);
    if (h->revision_n == h->revision_cap) {
        size_t cap = h->revision_cap ? h->revision_cap * 2 : 4;
        qk_revision *more = realloc(h->revisions, cap * sizeof *more);
        if (!more) {
            pthread_mutex_unlock(&t->lock);
            free(text);
            return no_memory(err);
        }
        h->revisions = more;
        h->revision_cap = cap;
    }
    h->revisions[h->revision_n] = *revision;
    h->revisions[h->revision_n].text = text;
    h->revisions[h->revision_n++].written = false;
    pthread_mutex_unlock(&t->lock);
    count_bytes(t, h, sizeof *revision + (text ? revision->text_len : 0), 0);
    return QK_OK;
}
