/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the journal. The list of segments and the open file are taken as they were first seen;
 * only when a record is not sound are both read anew (`fresh`), because the writer may have begun a
 * new segment at that position. What is still not sound then is damage. */
#include "base/file.h"
#include "store/packed.h"
#include <assert.h>
#include <stdlib.h>

enum { BUFFER_LEAST = 1 << 20 };

struct qk_journal_reader {
    qk_segment_list list;
    qk_segment_file *file; /* the open segment, NULL = none */
    qk_jpos start;         /* of the open segment */
    qk_jpos end;           /* start of the next one, UINT64_MAX when there is none */
    qk_jpos marked;        /* start of the segment whose MARK was given last */
    qk_jpos pos;
    bool fresh;
    uint64_t torn;
    unsigned char *buffer;
    size_t capacity;
    uint64_t held_from; /* file offset of the first byte held */
    size_t held;
    char dir[QK_PATH_MAX];
};

qk_jpos qk_journal_reader_pos(const qk_journal_reader *reader)
{
    return reader->pos;
}
uint64_t qk_journal_reader_torn(const qk_journal_reader *reader)
{
    return reader->torn;
}

static void close_segment(qk_journal_reader *r)
{
    qk_segment_file_close(r->file);
    r->file = NULL;
    r->held = 0;
}

void qk_journal_reader_close(qk_journal_reader *reader)
{
    if (!reader) return;
    close_segment(reader);
    qk_segment_list_clear(&reader->list);
    free(reader->buffer);
    free(reader);
}

qk_code qk_journal_reader_open(qk_journal_reader **out, const char *dir, qk_jpos from,
                               qk_error *err)
{
    *out = NULL;
    if (strlen(dir) + QK_SEGMENT_NAME + 1 > QK_PATH_MAX)
        return qk_fail(err, QK_ERANGE, "the path of the journal is too long");
    qk_journal_reader *r = calloc(1, sizeof *r);
    if (!r) return qk_fail(err, QK_ENOMEM, "no memory for reading the journal");
    qk_str_copy(r->dir, sizeof r->dir, qk_str_of(dir));
    r->marked = UINT64_MAX;
    r->pos = from;
    qk_code code = qk_segment_list_read(&r->list, dir, err);
    if (code != QK_OK) {
        qk_journal_reader_close(r);
        return code;
    }
    if (from == 0 && r->list.count) r->pos = r->list.starts[0];
    *out = r;
    return QK_OK;
}

/* ---- bytes ---- */

static uint64_t offset_of(const qk_journal_reader *r, qk_jpos pos)
{
    return QK_SEGMENT_MARK + (pos - r->start);
}

static qk_code grow(qk_journal_reader *r, size_t want, qk_error *err)
{
    size_t capacity = want > BUFFER_LEAST ? want : BUFFER_LEAST;
    if (r->capacity >= capacity) return QK_OK;
    unsigned char *grown = realloc(r->buffer, capacity);
    if (!grown) return qk_fail(err, QK_ENOMEM, "no memory for reading the journal");
    r->buffer = grown;
    r->capacity = capacity;
    return QK_OK;
}

static qk_code fill(qk_journal_reader *r, uint64_t offset, size_t len, qk_error *err)
{
    size_t got = 0;
    r->held_from = offset;
    r->held = 0;
    QK_TRY(qk_segment_file_read(r->file, offset, r->buffer, len, &got, err));
    r->held = got;
    return QK_OK;
}

/* Points *bytes at what the file holds from offset on: at least `want` bytes unless the file or
 * `stop` (an offset) comes first. */
static qk_code view(qk_journal_reader *r, uint64_t offset, size_t want, uint64_t stop,
                    const unsigned char **bytes, size_t *available, qk_error *err)
{
    if (want > stop - offset) want = (size_t)(stop - offset);
    bool inside = offset >= r->held_from && offset + want <= r->held_from + r->held;
    if (!inside) {
        QK_TRY(grow(r, want, err));
        uint64_t room = stop - offset;
        QK_TRY(fill(r, offset, room < r->capacity ? (size_t)room : r->capacity, err));
    }
    *bytes = r->buffer + (offset - r->held_from);
    *available = r->held - (size_t)(offset - r->held_from);
    if (*available > stop - offset) *available = (size_t)(stop - offset);
    return QK_OK;
}

/* ---- segments ---- */

static qk_jpos least(qk_jpos a, qk_jpos b)
{
    return a < b ? a : b;
}

static qk_code open_segment(qk_journal_reader *r, size_t index, qk_error *err)
{
    close_segment(r);
    qk_code code = qk_segment_file_open(&r->file, r->dir, r->list.starts[index], err);
    if (code && code != QK_ENOTFOUND && code != QK_EDAMAGED) return code;
    r->start = r->list.starts[index];
    r->end = index + 1 < r->list.count ? r->list.starts[index + 1] : UINT64_MAX;
    return QK_OK;
}

/* Opens the segment that holds pos, if the list has one and it can be read: r->file tells. */
static qk_code enter(qk_journal_reader *r, qk_error *err)
{
    if (r->file && r->pos >= r->start && r->pos < r->end) return QK_OK;
    size_t index = qk_segment_list_find(&r->list, r->pos);
    if (index != SIZE_MAX) return open_segment(r, index, err);
    close_segment(r);
    r->start = 0;
    r->end = r->list.count ? r->list.starts[0] : UINT64_MAX;
    return QK_OK;
}

static qk_code read_anew(qk_journal_reader *r, qk_error *err)
{
    qk_segment_list list;
    QK_TRY(qk_segment_list_read(&list, r->dir, err));
    qk_segment_list_clear(&r->list);
    r->list = list;
    close_segment(r);
    return enter(r, err);
}

/* ---- records ---- */

/* Looks at pos: *sound tells whether a record stands there (its head in *head, its bytes at
 * *bytes); *any whether there are bytes at all. */
static qk_code look(qk_journal_reader *r, qk_jpos pos, qk_jpos limit, qk_record_head *head,
                    const unsigned char **bytes, bool *sound, bool *any, qk_error *err)
{
    size_t available = 0;
    *sound = *any = false;
    if (!r->file) return QK_OK;
    qk_jpos last = least(r->end, limit);
    uint64_t stop = last == UINT64_MAX ? UINT64_MAX / 2 : offset_of(r, last);
    uint64_t offset = offset_of(r, pos);
    QK_TRY(view(r, offset, QK_RECORD_HEAD, stop, bytes, &available, err));
    *any = available > 0;
    if (available < QK_RECORD_HEAD || qk_record_head_pos(*bytes) != pos) return QK_OK;
    qk_record_head_get(head, *bytes);
    if (head->len > QK_JOURNAL_PAYLOAD_MAX) return QK_OK;
    QK_TRY(view(r, offset, qk_record_size(head->len), stop, bytes, &available, err));
    *sound = qk_record_sound(head, *bytes, available, pos);
    return QK_OK;
}

static void give(qk_journal_record *record, const qk_record_head *head, const unsigned char *bytes,
                 qk_jpos next)
{
    *record = (qk_journal_record){.pos = head->pos,
                                  .next = next,
                                  .kind = (qk_journal_kind)head->kind,
                                  .flags = head->flags,
                                  .connection = head->connection,
                                  .at = head->at,
                                  .payload = (const char *)bytes + QK_RECORD_HEAD,
                                  .len = head->len};
}

static qk_code refuse_stretch(qk_journal_reader *r, qk_jpos from, qk_jpos to, qk_error *err)
{
    char name[QK_SEGMENT_NAME];
    qk_segment_name(name, r->start);
    qk_fail(err, QK_EDAMAGED, "journal positions %llu to %llu are damaged or missing",
            (unsigned long long)from, (unsigned long long)to);
    qk_error_at(err, name, 0, 0);
    return QK_EDAMAGED;
}

static bool mark_due(const qk_journal_reader *r)
{
    return r->pos == r->start && r->marked != r->start;
}

/* The MARK in front of a segment's first record, which is known to be sound. */
static qk_code give_mark(qk_journal_reader *r, qk_journal_record *record, qk_error *err)
{
    const unsigned char *bytes = NULL;
    size_t available = 0;
    qk_record_head head;
    QK_TRY(view(r, 0, QK_SEGMENT_MARK, UINT64_MAX / 2, &bytes, &available, err));
    r->marked = r->start;
    if (available < QK_SEGMENT_MARK || !qk_record_sound(&head, bytes, QK_SEGMENT_MARK, r->start) ||
        qk_record_size(head.len) != QK_SEGMENT_MARK || head.kind != QK_JOURNAL_MARK) {
        char name[QK_SEGMENT_NAME];
        qk_segment_name(name, r->start);
        qk_fail(err, QK_EDAMAGED, "the mark at the head of a segment is damaged");
        qk_error_at(err, name, 0, 0);
        return QK_EDAMAGED;
    }
    give(record, &head, bytes, r->pos);
    return QK_OK;
}

/* ---- damage ---- */

/* Finds the next sound record after `from` in the open segment; UINT64_MAX when there is none. A
 * record begins at a multiple of 8. */
static qk_code search(qk_journal_reader *r, qk_jpos from, qk_jpos limit, qk_jpos *found,
                      qk_error *err)
{
    *found = UINT64_MAX;
    if (!r->file) return QK_OK;
    for (qk_jpos pos = from + 8; pos < least(r->end, limit); pos += 8) {
        qk_record_head head;
        const unsigned char *bytes = NULL;
        bool sound, any;
        QK_TRY(look(r, pos, limit, &head, &bytes, &sound, &any, err));
        if (sound) *found = pos;
        if (sound || !any) return QK_OK;
    }
    return QK_OK;
}

static qk_code measure_torn(qk_journal_reader *r, qk_error *err)
{
    uint64_t size = 0, offset = offset_of(r, r->pos);
    if (!r->file) return QK_ENOTFOUND;
    QK_TRY(qk_segment_file_size(r->file, &size, err));
    if (size > offset) r->torn = size - offset;
    if (r->pos == r->start && size > 0) r->torn = size;
    return QK_ENOTFOUND;
}

/* No sound record stands at r->pos, seen with fresh eyes; *again when there is one after all. */
static qk_code pass_over(qk_journal_reader *r, qk_jpos limit, bool *again, qk_error *err)
{
    qk_jpos from = r->pos;
    qk_jpos found = UINT64_MAX;
    QK_TRY(search(r, from, limit, &found, err));
    if (found == UINT64_MAX && r->end == UINT64_MAX && limit == UINT64_MAX)
        return measure_torn(r, err);
    if (found != UINT64_MAX) {
        /* A writer beside us, to whom no limit was set, may have come by between the two looks. */
        qk_record_head head;
        const unsigned char *bytes = NULL;
        bool any;
        r->held = 0;
        QK_TRY(look(r, from, limit, &head, &bytes, again, &any, err));
        if (*again) return QK_OK;
    } else {
        found = least(r->end, limit);
    }
    r->pos = found;
    return refuse_stretch(r, from, found, err);
}

qk_code qk_journal_next(qk_journal_reader *reader, qk_journal_record *record, qk_jpos limit,
                        qk_error *err)
{
    qk_journal_reader *r = reader;
    assert(r);
    r->torn = 0;
    while (r->pos < limit) {
        qk_record_head head;
        const unsigned char *bytes = NULL;
        bool sound, any;
        QK_TRY(enter(r, err));
        QK_TRY(look(r, r->pos, limit, &head, &bytes, &sound, &any, err));
        if (sound && mark_due(r)) return give_mark(r, record, err);
        if (sound) {
            r->fresh = false;
            r->pos += qk_record_size(head.len);
            give(record, &head, bytes, r->pos);
            return QK_OK;
        }
        if (!r->fresh) {
            QK_TRY(read_anew(r, err));
            r->fresh = true;
            continue;
        }
        bool again = false;
        r->fresh = false;
        qk_code code = pass_over(r, limit, &again, err);
        if (!again) return code;
    }
    return QK_ENOTFOUND;
}

/* ---- by time ---- */

/* The last segment that begins before t; its successors cannot hold an earlier record. */
static qk_code segment_before(const char *dir, qk_time t, qk_jpos *start, qk_error *err)
{
    qk_segment_list list;
    QK_TRY(qk_segment_list_read(&list, dir, err));
    qk_code code = QK_OK;
    *start = 0;
    for (size_t i = list.count; i-- > 0 && code == QK_OK;) {
        qk_time at = t;
        code = qk_segment_begun(&at, dir, list.starts[i], err);
        if (code == QK_EDAMAGED) code = QK_OK; /* an older one will do */
        *start = list.starts[i];
        if (at < t) break;
    }
    qk_segment_list_clear(&list);
    return code;
}

qk_code qk_journal_seek_time(qk_jpos *out, const char *dir, qk_time t, qk_error *err)
{
    qk_jpos start = 0;
    qk_journal_reader *r = NULL;
    QK_TRY(segment_before(dir, t, &start, err));
    QK_TRY(qk_journal_reader_open(&r, dir, start, err));
    qk_code code = QK_OK;
    for (;;) {
        qk_journal_record record;
        code = qk_journal_next(r, &record, UINT64_MAX, err);
        if (code == QK_EDAMAGED || (code == QK_OK && record.kind == QK_JOURNAL_MARK)) continue;
        if (code != QK_OK || record.at >= t) {
            *out = code == QK_OK ? record.pos : r->pos;
            break;
        }
    }
    qk_journal_reader_close(r);
    return code;
}
