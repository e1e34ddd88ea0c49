/* SPDX-License-Identifier: Apache-2.0 */
#include "web/frames.h"
#include "base/map.h"
#include <pthread.h>
#include <stdlib.h>

enum {
    SETTLE_MS = 300, /* a question waits so long for what just came */
    DEVICES_MAX = 65536,
    START_BYTES = 64 << 20, /* read at the start */
    WINDOW_BYTES = 4 << 20, /* of one step back */
    SCAN_BYTES = 128 << 20, /* of one question */
    POLL_MS = 200,
    MN_MAX = 40
};

typedef struct trail { /* positions of one device's last records, a ring */
    qk_jpos pos[QK_FRAMES_KEPT];
    uint32_t count; /* ever */
} trail;

struct qk_frame_index {
    qk_journal *journal;
    char dir[1024];
    pthread_mutex_t lock;
    pthread_cond_t wake, moved;
    pthread_t thread;
    bool started, ending;
    qk_map *by_mn; /* MN -> index in trails */
    trail **trails;
    uint32_t trail_count;
    qk_jpos from; /* complete from here on */
    qk_jpos done; /* taken in up to here */
};

qk_str qk_frame_mn(qk_str bytes)
{
    for (size_t at = 0; (at = qk_str_find(bytes, QK_STR("MN="), at)) != SIZE_MAX; at += 3) {
        /* The head's fields are set apart by ';', the first stands behind the length; CP begins at
         * "&&". */
        if (at > 0 && bytes.ptr[at - 1] != ';' && bytes.ptr[at - 1] != ',' &&
            !qk_is_digit(bytes.ptr[at - 1]))
            continue;
        qk_str mn = {bytes.ptr + at + 3, bytes.len - at - 3};
        for (size_t i = 0; i < mn.len; i++)
            if (mn.ptr[i] == ';' || mn.ptr[i] == ',' || mn.ptr[i] == '&' || mn.ptr[i] == 0)
                mn.len = i;
        mn = qk_str_trim(mn);
        if (mn.len && mn.len < MN_MAX) return mn;
    }
    return (qk_str){NULL, 0};
}

static bool is_frame_kind(qk_journal_kind kind)
{
    return kind == QK_JOURNAL_FRAME || kind == QK_JOURNAL_PARKED || kind == QK_JOURNAL_REFUSED ||
           kind == QK_JOURNAL_SENT;
}

/* ---- the thread ---- */

static trail *trail_of(qk_frame_index *x, qk_str mn)
{
    uint64_t i = 0;
    if (qk_map_get(x->by_mn, mn, &i)) return x->trails[i];
    if (x->trail_count == DEVICES_MAX) return NULL;
    trail *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    if (qk_map_set(x->by_mn, mn, x->trail_count) != QK_OK) {
        free(t);
        return NULL;
    }
    x->trails[x->trail_count++] = t;
    return t;
}

static void note_record(qk_frame_index *x, const qk_journal_record *record)
{
    if (is_frame_kind(record->kind)) {
        qk_str mn = qk_frame_mn((qk_str){record->payload, record->len});
        trail *t = mn.len ? trail_of(x, mn) : NULL;
        if (t) t->pos[t->count++ % QK_FRAMES_KEPT] = record->pos;
    }
}

static qk_jpos limit_of(const qk_frame_index *x)
{
    return x->journal ? qk_journal_durable(x->journal) : UINT64_MAX;
}

static bool step(qk_frame_index *x, qk_journal_reader *reader, qk_jpos limit)
{
    qk_journal_record record;
    qk_code code = qk_journal_next(reader, &record, limit, NULL);
    bool more = code == QK_OK || code == QK_EDAMAGED;
    pthread_mutex_lock(&x->lock);
    if (code == QK_OK) note_record(x, &record);
    x->done = more ? qk_journal_reader_pos(reader) : limit;
    if (!more) pthread_cond_broadcast(&x->moved);
    more = more && !x->ending;
    pthread_mutex_unlock(&x->lock);
    return more;
}

static void wait_poll(qk_frame_index *x)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)POLL_MS * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&x->lock);
    if (!x->ending) pthread_cond_timedwait(&x->wake, &x->lock, &until);
    pthread_mutex_unlock(&x->lock);
}

static bool is_ending(qk_frame_index *x)
{
    pthread_mutex_lock(&x->lock);
    bool ending = x->ending;
    pthread_mutex_unlock(&x->lock);
    return ending;
}

static void *run_index(void *argument)
{
    qk_frame_index *x = argument;
    qk_journal_reader *reader = NULL;
    pthread_setname_np(pthread_self(), "qk-frames");
    while (!is_ending(x)) {
        if (!reader && qk_journal_reader_open(&reader, x->dir, x->from, NULL) != QK_OK)
            reader = NULL;
        qk_jpos limit = limit_of(x);
        while (reader && step(x, reader, limit)) {
        }
        wait_poll(x);
    }
    qk_journal_reader_close(reader);
    return NULL;
}

qk_code qk_frame_index_new(qk_frame_index **out, qk_journal *journal, const char *dir,
                           qk_error *err)
{
    qk_frame_index *x = calloc(1, sizeof *x);
    if (!x) return qk_fail(err, QK_ENOMEM, "no memory for the index of frames");
    x->journal = journal;
    qk_str_copy(x->dir, sizeof x->dir, qk_str_of(dir));
    qk_jpos end = journal ? qk_journal_durable(journal) : 0;
    x->from = end > START_BYTES ? (end - START_BYTES) & ~(qk_jpos)7 : 0;
    pthread_mutex_init(&x->lock, NULL);
    pthread_cond_init(&x->wake, NULL);
    pthread_cond_init(&x->moved, NULL);
    x->trails = calloc(DEVICES_MAX, sizeof *x->trails);
    qk_code code = x->trails ? qk_map_new(&x->by_mn, DEVICES_MAX) : QK_ENOMEM;
    if (code == QK_OK && pthread_create(&x->thread, NULL, run_index, x) == 0) {
        x->started = true;
        *out = x;
        return QK_OK;
    }
    qk_frame_index_free(x);
    return qk_fail(err, QK_ENOMEM, "cannot start the index of frames");
}

void qk_frame_index_free(qk_frame_index *x)
{
    if (!x) return;
    pthread_mutex_lock(&x->lock);
    x->ending = true;
    pthread_cond_signal(&x->wake);
    pthread_mutex_unlock(&x->lock);
    if (x->started) pthread_join(x->thread, NULL);
    for (uint32_t i = 0; i < x->trail_count; i++) free(x->trails[i]);
    free(x->trails);
    qk_map_free(x->by_mn);
    pthread_cond_destroy(&x->moved);
    pthread_cond_destroy(&x->wake);
    pthread_mutex_destroy(&x->lock);
    free(x);
}

bool qk_frame_index_settle(qk_frame_index *x, uint32_t timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    qk_jpos goal = limit_of(x);
    int failed = 0;
    pthread_mutex_lock(&x->lock);
    pthread_cond_signal(&x->wake);
    while (x->done < goal && !failed) failed = pthread_cond_timedwait(&x->moved, &x->lock, &until);
    bool settled = x->done >= goal;
    pthread_mutex_unlock(&x->lock);
    return settled;
}

/* ---- questions ---- */

typedef struct search {
    qk_frame_index *index;
    qk_str mn;
    size_t limit;
    qk_arena *arena;
    qk_frame_record *found;
    size_t n;
} search;

static qk_code keep_record(search *s, const qk_journal_record *record, qk_error *err)
{
    char *copy = qk_arena_copy(s->arena, record->payload, record->len);
    if (!copy) return qk_fail(err, QK_EFULL, "the frames do not fit into one answer");
    s->found[s->n++] = (qk_frame_record){.pos = record->pos,
                                         .kind = record->kind,
                                         .flags = record->flags,
                                         .connection = record->connection,
                                         .at = record->at,
                                         .payload = {copy, record->len}};
    return QK_OK;
}

/* The positions held for the device that lie before `before`, newest first; *from: nothing is
 * missing from there on. */
static size_t held_positions(const search *s, qk_jpos before, qk_jpos out[QK_FRAMES_KEPT],
                             qk_jpos *from)
{
    qk_frame_index *x = s->index;
    uint64_t i = 0;
    size_t n = 0;
    pthread_mutex_lock(&x->lock);
    *from = x->from;
    if (qk_map_get(x->by_mn, s->mn, &i)) {
        const trail *t = x->trails[i];
        uint32_t oldest = t->count > QK_FRAMES_KEPT ? t->count - QK_FRAMES_KEPT : 0;
        if (oldest > 0) *from = t->pos[oldest % QK_FRAMES_KEPT];
        for (uint32_t k = t->count; k > oldest; k--)
            if (t->pos[(k - 1) % QK_FRAMES_KEPT] < before)
                out[n++] = t->pos[(k - 1) % QK_FRAMES_KEPT];
    }
    pthread_mutex_unlock(&x->lock);
    return n;
}

static qk_code read_at(search *s, qk_jpos pos, qk_error *err)
{
    qk_journal_reader *reader = NULL;
    qk_journal_record record;
    QK_TRY(qk_journal_reader_open(&reader, s->index->dir, pos, err));
    qk_code code = qk_journal_next(reader, &record, limit_of(s->index), err);
    if (code == QK_OK && record.kind == QK_JOURNAL_MARK)
        code = qk_journal_next(reader, &record, limit_of(s->index), err);
    /* A record that has become unreadable is left out, as the store does. */
    if (code == QK_OK && record.pos == pos) code = keep_record(s, &record, err);
    qk_journal_reader_close(reader);
    return code == QK_EDAMAGED || code == QK_ENOTFOUND ? QK_OK : code;
}

/* Scans the records that begin in [from, to) forwards, remembering the positions of the device's
 * newest ones, then reads those. */
static qk_code scan_window(search *s, qk_jpos from, qk_jpos to, qk_error *err)
{
    enum { ROOM = 4 * QK_FRAMES_KEPT };
    qk_journal_reader *reader = NULL;
    qk_journal_record record = {.pos = from};
    qk_jpos ring[ROOM];
    size_t count = 0;
    qk_code code = QK_OK;
    QK_TRY(qk_journal_reader_open(&reader, s->index->dir, from, err));
    while (code == QK_OK || code == QK_EDAMAGED) {
        code = qk_journal_next(reader, &record, limit_of(s->index), NULL);
        if (code == QK_OK && record.pos >= to) break;
        if (code == QK_OK && is_frame_kind(record.kind) &&
            qk_str_eq(qk_frame_mn((qk_str){record.payload, record.len}), s->mn))
            ring[count++ % ROOM] = record.pos;
        if (code == QK_EDAMAGED && qk_journal_reader_pos(reader) >= to) break;
    }
    qk_journal_reader_close(reader);
    size_t oldest = count > ROOM ? count - ROOM : 0;
    for (size_t k = count; k > oldest && s->n < s->limit; k--)
        QK_TRY(read_at(s, ring[(k - 1) % ROOM], err));
    return QK_OK;
}

static qk_code scan_back(search *s, qk_jpos before, qk_jpos *next, qk_error *err)
{
    qk_journal_reader *reader = NULL;
    QK_TRY(qk_journal_reader_open(&reader, s->index->dir, 0, err));
    qk_jpos begin = qk_journal_reader_pos(reader), to = before;
    qk_journal_reader_close(reader);
    for (size_t scanned = 0; to > begin && s->n < s->limit && scanned < SCAN_BYTES;) {
        qk_jpos from = to - begin > WINDOW_BYTES ? (to - WINDOW_BYTES) & ~(qk_jpos)7 : begin;
        QK_TRY(scan_window(s, from, to, err));
        scanned += (size_t)(to - from);
        to = from;
    }
    *next = to > begin ? to : 0;
    if (s->n == s->limit && s->n > 0) *next = s->found[s->n - 1].pos;
    return QK_OK;
}

qk_code qk_frames_list(qk_frame_index *index, qk_str mn, qk_jpos before, size_t limit,
                       qk_arena *arena, qk_frame_record **out, size_t *n, qk_jpos *next,
                       qk_error *err)
{
    search s = {.index = index, .mn = mn, .limit = limit, .arena = arena};
    qk_jpos held[QK_FRAMES_KEPT], from = 0;
    s.found = qk_arena_array(arena, limit ? limit : 1, sizeof *s.found);
    if (!s.found) return qk_fail(err, QK_ENOMEM, "no memory for a list of frames");
    if (before == UINT64_MAX) qk_frame_index_settle(index, SETTLE_MS);
    size_t count = held_positions(&s, before, held, &from);
    for (size_t i = 0; i < count && s.n < limit; i++) QK_TRY(read_at(&s, held[i], err));
    *next = s.n ? s.found[s.n - 1].pos : 0;
    if (s.n < limit) {
        qk_jpos start = before < from ? before : from;
        QK_TRY(scan_back(&s, start, next, err));
    }
    *out = s.found;
    *n = s.n;
    return QK_OK;
}
