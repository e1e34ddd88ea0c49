/* SPDX-License-Identifier: Apache-2.0 */
#include "web/follow.h"
#include "base/json.h"
#include <pthread.h>
#include <stdlib.h>

enum {
    RING_DEFAULT = 4 << 20,
    MARKS = 4096, /* events whose end in the ring is remembered */
    BATCH_BYTES = 1 << 20,
    KEEP_ALIVE_MS = 15 * 1000,
    HEAD_BYTES = 512
};

typedef struct mark {
    uint64_t seq;
    uint64_t end; /* position in the text behind the event */
} mark;

struct qk_follower {
    qk_followers *owner;
    void *connection;
    uint64_t at;
    char head[HEAD_BYTES]; /* sent before anything of the ring */
    uint16_t head_len, head_sent;
    bool waiting, cut, ended, quiet;
    uint64_t whose;
    struct qk_follower *prev, *next;
};

struct qk_followers {
    qk_followers_options options;
    pthread_mutex_t lock;
    char *ring;
    uint64_t end; /* bytes of text ever written; the ring holds the last ring_bytes */
    mark marks[MARKS];
    uint64_t marked;
    uint64_t seen; /* feed position taken in */
    int64_t sent_ms;
    bool ending;
    qk_follower *first;
    qk_followers_stats stats;
    /* of the pump */
    qk_buf batch, text;
    qk_arena arena;
};

qk_code qk_followers_new(qk_followers **out, const qk_followers_options *options)
{
    qk_followers *f = calloc(1, sizeof *f);
    if (!f) return QK_ENOMEM;
    f->options = *options;
    if (!f->options.ring_bytes) f->options.ring_bytes = RING_DEFAULT;
    f->ring = malloc(f->options.ring_bytes);
    if (!f->ring) {
        free(f);
        return QK_ENOMEM;
    }
    pthread_mutex_init(&f->lock, NULL);
    qk_buf_init(&f->batch, BATCH_BYTES);
    qk_buf_init(&f->text, 2 * BATCH_BYTES);
    qk_arena_init(&f->arena, BATCH_BYTES);
    f->seen = qk_live_feed_end(options->live);
    *out = f;
    return QK_OK;
}

void qk_followers_free(qk_followers *f)
{
    if (!f) return;
    pthread_mutex_destroy(&f->lock);
    qk_buf_clear(&f->batch);
    qk_buf_clear(&f->text);
    qk_arena_clear(&f->arena);
    free(f->ring);
    free(f);
}

static uint64_t ring_begin(const qk_followers *f)
{
    return f->end > f->options.ring_bytes ? f->end - f->options.ring_bytes : 0;
}

/* ---- opening ---- */

/* Position behind the event that a page saw last; false when it is not held any more, or was of
 * another life. */
static bool find_position(const qk_followers *f, qk_str last_id, uint64_t *at)
{
    char start[16];
    uint64_t seq = 0;
    qk_str rest = last_id;
    snprintf(start, sizeof start, "%08x", f->options.start);
    if (!qk_str_eq(qk_str_cut(&rest, '-'), qk_str_of(start))) return false;
    if (qk_parse_u64(&seq, rest) != QK_OK) return false;
    if (seq == f->seen) {
        *at = f->end;
        return true;
    }
    uint64_t oldest = f->marked > MARKS ? f->marked - MARKS : 0;
    for (uint64_t i = f->marked; i > oldest; i--) {
        const mark *m = &f->marks[(i - 1) % MARKS];
        if (m->seq != seq) continue;
        *at = m->end;
        return m->end >= ring_begin(f);
    }
    return false;
}

static void write_head(qk_follower *w, bool resumed, bool reset, qk_str greeting)
{
    const qk_followers *f = w->owner;
    qk_buf head;
    qk_buf_init(&head, sizeof w->head);
    qk_buf_puts(&head, "retry: 3000\n\n");
    /* A page that goes on keeps the id it has until the next event brings a newer one. */
    if (!resumed)
        qk_buf_printf(&head, "id: %08x-%llu\n", f->options.start, (unsigned long long)f->seen);
    if (greeting.len) qk_buf_printf(&head, "event: clock\ndata: %.*s\n\n", QK_STR_ARG(greeting));
    if (reset) qk_buf_puts(&head, "event: reset\ndata: {}\n\n");
    if (!head.failed && head.len) {
        memcpy(w->head, head.ptr, head.len);
        w->head_len = (uint16_t)head.len;
    }
    qk_buf_clear(&head);
}

qk_code qk_follower_open(qk_follower **out, qk_followers *f, void *connection, qk_str last_id,
                         qk_str greeting)
{
    qk_follower *w = calloc(1, sizeof *w);
    if (!w) return QK_ENOMEM;
    w->owner = f;
    w->connection = connection;
    pthread_mutex_lock(&f->lock);
    if (f->ending || f->stats.now >= f->options.max) {
        f->stats.refused++;
        pthread_mutex_unlock(&f->lock);
        free(w);
        return QK_EFULL;
    }
    w->at = f->end;
    bool resumed = last_id.len && find_position(f, last_id, &w->at);
    if (!resumed) w->at = f->end;
    write_head(w, resumed, last_id.len && !resumed, greeting);
    w->next = f->first;
    if (f->first) f->first->prev = w;
    f->first = w;
    f->stats.opened++;
    if (++f->stats.now > f->stats.most) f->stats.most = f->stats.now;
    pthread_mutex_unlock(&f->lock);
    *out = w;
    return QK_OK;
}

void qk_follower_close(qk_follower *w)
{
    if (!w) return;
    qk_followers *f = w->owner;
    pthread_mutex_lock(&f->lock);
    if (w->prev)
        w->prev->next = w->next;
    else
        f->first = w->next;
    if (w->next) w->next->prev = w->prev;
    f->stats.now--;
    f->stats.cut += w->cut;
    pthread_mutex_unlock(&f->lock);
    free(w);
}

/* ---- reading ---- */

static size_t copy_ring(const qk_followers *f, uint64_t at, char *out, size_t size)
{
    size_t n = f->end - at < size ? (size_t)(f->end - at) : size;
    size_t from = (size_t)(at % f->options.ring_bytes);
    size_t first = f->options.ring_bytes - from < n ? f->options.ring_bytes - from : n;
    memcpy(out, f->ring + from, first);
    memcpy(out + first, f->ring, n - first);
    return n;
}

/* A comment stands for whatever happened. */
static size_t pass_over(const qk_followers *f, qk_follower *w, char *out, size_t size)
{
    static const char comment[] = ":\n\n";
    if (w->at == f->end || size < sizeof comment - 1) return 0;
    w->at = f->end;
    memcpy(out, comment, sizeof comment - 1);
    return sizeof comment - 1;
}

static long read_locked(qk_followers *f, qk_follower *w, char *out, size_t size)
{
    if (f->ending || w->ended) return QK_FOLLOW_CUT;
    if (w->at < ring_begin(f)) {
        w->cut = true;
        return QK_FOLLOW_CUT;
    }
    if (w->head_sent < w->head_len) {
        size_t left = (size_t)(w->head_len - w->head_sent);
        size_t n = left < size ? left : size;
        memcpy(out, w->head + w->head_sent, n);
        w->head_sent = (uint16_t)(w->head_sent + n);
        return (long)n;
    }
    size_t n = w->quiet ? pass_over(f, w, out, size) : copy_ring(f, w->at, out, size);
    if (!w->quiet) w->at += n;
    f->stats.bytes += n;
    if (n == 0) {
        w->waiting = true;
        f->options.suspend(w->connection);
    }
    return (long)n;
}

long qk_follower_read(qk_follower *w, char *out, size_t size)
{
    qk_followers *f = w->owner;
    pthread_mutex_lock(&f->lock);
    long n = read_locked(f, w, out, size);
    pthread_mutex_unlock(&f->lock);
    return n;
}

/* ---- the pump ---- */

static void wake_waiting(qk_followers *f)
{
    for (qk_follower *w = f->first; w; w = w->next) {
        if (!w->waiting) continue;
        w->waiting = false;
        f->options.resume(w->connection);
    }
}

static void append_text(qk_followers *f, qk_str text)
{
    if (text.len > f->options.ring_bytes) {
        /* Larger than all that is kept: everybody is behind. */
        f->end += text.len;
        return;
    }
    size_t from = (size_t)(f->end % f->options.ring_bytes);
    size_t first =
        f->options.ring_bytes - from < text.len ? f->options.ring_bytes - from : text.len;
    memcpy(f->ring + from, text.ptr, first);
    memcpy(f->ring, text.ptr + first, text.len - first);
    f->end += text.len;
}

/* A line end inside the data would end the event: white space of JSON becomes a blank. */
static void put_data(qk_buf *out, qk_str json)
{
    size_t from = out->len;
    qk_buf_puts(out, "data: ");
    qk_buf_put_str(out, json);
    for (size_t i = from; !out->failed && i < out->len; i++)
        if (out->ptr[i] == '\n' || out->ptr[i] == '\r') out->ptr[i] = ' ';
    qk_buf_puts(out, "\n\n");
}

static void add_event(qk_followers *f, uint64_t seq, qk_str name, qk_str data)
{
    qk_buf_reset(&f->text);
    qk_buf_printf(&f->text, "id: %08x-%llu\nevent: %.*s\n", f->options.start,
                  (unsigned long long)seq, QK_STR_ARG(name));
    put_data(&f->text, data);
    if (f->text.failed) return;
    append_text(f, qk_buf_str(&f->text));
    f->marks[f->marked++ % MARKS] = (mark){seq, f->end};
    f->stats.events++;
}

static qk_str trim_raw(qk_str text, size_t from, size_t to)
{
    while (from < to && (qk_is_space(text.ptr[from]) || text.ptr[from] == ':')) from++;
    return (qk_str){text.ptr + from, to - from};
}

/* One {"seq","name","data"} of the batch, whose opening brace was read. */
static qk_code take_event(qk_followers *f, qk_json_reader *r)
{
    uint64_t seq = 0;
    qk_str name = {NULL, 0}, data = {NULL, 0};
    qk_json_type type;
    for (;;) {
        QK_TRY(qk_json_next(r, &type, NULL));
        if (type == QK_JSON_OBJECT_END) break;
        qk_str key = r->value;
        size_t from = r->at;
        if (qk_str_eq(key, QK_STR("data"))) {
            QK_TRY(qk_json_skip(r, NULL));
            data = trim_raw(r->text, from, r->at);
            continue;
        }
        QK_TRY(qk_json_next(r, &type, NULL));
        if (qk_str_eq(key, QK_STR("seq"))) QK_TRY(qk_parse_u64(&seq, r->value));
        if (qk_str_eq(key, QK_STR("name"))) name = r->value;
    }
    add_event(f, seq, name, data);
    return QK_OK;
}

static qk_code take_batch(qk_followers *f)
{
    qk_json_reader r;
    qk_json_type type;
    qk_arena_reset(&f->arena);
    qk_json_read_init(&r, qk_buf_str(&f->batch), &f->arena);
    QK_TRY(qk_json_next(&r, &type, NULL));
    for (;;) {
        QK_TRY(qk_json_next(&r, &type, NULL));
        if (type != QK_JSON_OBJECT) return QK_OK;
        QK_TRY(take_event(f, &r));
    }
}

/* What was lost between the feed and us cannot be told: pages load again. */
static void tell_reset(qk_followers *f)
{
    append_text(f, QK_STR("event: reset\ndata: {}\n\n"));
    f->seen = qk_live_feed_end(f->options.live);
}

static bool take_news(qk_followers *f)
{
    bool some = false;
    for (int rounds = 0; rounds < 16; rounds++) {
        uint64_t next = f->seen;
        qk_buf_reset(&f->batch);
        qk_code code = qk_live_feed(f->options.live, f->seen, &f->batch, &next);
        if (code == QK_ENOTFOUND) return some;
        pthread_mutex_lock(&f->lock);
        if (code != QK_OK || take_batch(f) != QK_OK)
            tell_reset(f);
        else
            f->seen = next;
        pthread_mutex_unlock(&f->lock);
        some = true;
    }
    return some;
}

void qk_followers_pump(qk_followers *f, int64_t now_ms)
{
    bool some = take_news(f);
    pthread_mutex_lock(&f->lock);
    if (!some && now_ms - f->sent_ms >= KEEP_ALIVE_MS) {
        append_text(f, QK_STR(": still here\n\n"));
        some = true;
    }
    if (some) {
        f->sent_ms = now_ms;
        wake_waiting(f);
    }
    pthread_mutex_unlock(&f->lock);
}

void qk_follower_mark(qk_follower *w, uint64_t whose, bool quiet)
{
    pthread_mutex_lock(&w->owner->lock);
    w->whose = whose;
    w->quiet = quiet;
    pthread_mutex_unlock(&w->owner->lock);
}

void qk_followers_cut(qk_followers *f, uint64_t whose)
{
    pthread_mutex_lock(&f->lock);
    for (qk_follower *w = f->first; w; w = w->next) {
        if (w->whose != whose || !whose) continue;
        w->ended = true;
        if (w->waiting) f->options.resume(w->connection);
        w->waiting = false;
    }
    pthread_mutex_unlock(&f->lock);
}

void qk_followers_end(qk_followers *f)
{
    pthread_mutex_lock(&f->lock);
    f->ending = true;
    wake_waiting(f);
    pthread_mutex_unlock(&f->lock);
}

void qk_followers_stats_get(qk_followers *f, qk_followers_stats *out)
{
    pthread_mutex_lock(&f->lock);
    *out = f->stats;
    pthread_mutex_unlock(&f->lock);
}
