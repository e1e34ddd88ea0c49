/* SPDX-License-Identifier: Apache-2.0 */
#include "web/follow.h"
#include "base/json.h"
#include "base/map.h"
#include <pthread.h>
#include <stdlib.h>

enum {
    RING_DEFAULT = 4 << 20,
    MARKS = 4096, /* events whose end in the ring is remembered */
    BATCH_BYTES = 1 << 20,
    KEEP_ALIVE_MS = 15 * 1000,
    HEAD_BYTES = 512,
    VIEWS = 64, /* sets of roles at a time */
    VIEW_RING = 512 << 10,
    EVENT_ROWS = 1024, /* values of one event */
    KNOWN_ROWS = 65536
};

typedef struct mark {
    uint64_t seq;
    uint64_t end; /* position in the text behind the event */
} mark;

/* Event text kept for slow readers: the last `size` bytes of all that was ever written. */
typedef struct ring {
    char *bytes;
    size_t size;
    uint64_t end;
    mark marks[MARKS];
    uint64_t marked;
} ring;

/* What those with the same roles may see. Stays after its last follower, for who comes back. */
typedef struct view {
    ring ring;
    uint32_t role_count;
    qk_actor_role roles[QK_ACTOR_ROLES];
    qk_map *known;    /* rows that were judged: "v" site, "d" mn, "e" mn or site -> may */
    uint64_t version; /* of the register they were judged by */
    uint32_t followers;
} view;

/* A row of an event that speaks of several. */
typedef struct row {
    qk_str text, site, mn;
} row;

struct qk_follower {
    qk_followers *owner;
    view *view; /* NULL = all that happens */
    ring *ring;
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
    ring all;
    view *views[VIEWS];
    uint64_t seen; /* feed position taken in */
    int64_t sent_ms;
    bool ending;
    qk_follower *first;
    qk_followers_stats stats;
    /* of the pump */
    qk_buf batch, text, cut;
    qk_arena arena;
    row rows[EVENT_ROWS];
};

static bool ring_open(ring *r, size_t size)
{
    r->size = size;
    r->bytes = malloc(size);
    return r->bytes != NULL;
}

qk_code qk_followers_new(qk_followers **out, const qk_followers_options *options)
{
    qk_followers *f = calloc(1, sizeof *f);
    if (!f) return QK_ENOMEM;
    f->options = *options;
    if (!f->options.ring_bytes) f->options.ring_bytes = RING_DEFAULT;
    if (!ring_open(&f->all, f->options.ring_bytes)) {
        free(f);
        return QK_ENOMEM;
    }
    pthread_mutex_init(&f->lock, NULL);
    qk_buf_init(&f->batch, BATCH_BYTES);
    qk_buf_init(&f->text, 2 * BATCH_BYTES);
    qk_buf_init(&f->cut, 2 * BATCH_BYTES);
    qk_arena_init(&f->arena, BATCH_BYTES);
    f->seen = qk_live_feed_end(options->live);
    *out = f;
    return QK_OK;
}

static void view_free(view *v)
{
    if (!v) return;
    qk_map_free(v->known);
    free(v->ring.bytes);
    free(v);
}

void qk_followers_free(qk_followers *f)
{
    if (!f) return;
    pthread_mutex_destroy(&f->lock);
    qk_buf_clear(&f->batch);
    qk_buf_clear(&f->text);
    qk_buf_clear(&f->cut);
    qk_arena_clear(&f->arena);
    for (size_t i = 0; i < VIEWS; i++) view_free(f->views[i]);
    free(f->all.bytes);
    free(f);
}

static uint64_t ring_begin(const ring *r)
{
    return r->end > r->size ? r->end - r->size : 0;
}

/* The view of these roles: the one there is, or a new one in a free place or that of one that
 * nobody follows. NULL when there is none. */
static view *view_of(qk_followers *f, const qk_actor *actor)
{
    view **place = NULL;
    for (size_t i = 0; i < VIEWS; i++) {
        view *v = f->views[i];
        if (v && v->role_count == actor->role_count &&
            memcmp(v->roles, actor->roles, actor->role_count * sizeof *v->roles) == 0)
            return v;
        if (!v || (!v->followers && (!place || *place))) place = &f->views[i];
    }
    view *v = place ? calloc(1, sizeof *v) : NULL;
    if (!v) return NULL;
    if (!ring_open(&v->ring, VIEW_RING) || qk_map_new(&v->known, KNOWN_ROWS) != QK_OK) {
        view_free(v);
        return NULL;
    }
    v->role_count = actor->role_count;
    memcpy(v->roles, actor->roles, sizeof v->roles);
    view_free(*place);
    return *place = v;
}

/* ---- opening ---- */

/* Position behind the event that a page saw last; false when it is not held any more, or was of
 * another life. */
static bool find_position(const qk_followers *f, const ring *r, qk_str last_id, uint64_t *at)
{
    char start[16];
    uint64_t seq = 0;
    qk_str rest = last_id;
    snprintf(start, sizeof start, "%08x", f->options.start);
    if (!qk_str_eq(qk_str_cut(&rest, '-'), qk_str_of(start))) return false;
    if (qk_parse_u64(&seq, rest) != QK_OK) return false;
    if (seq == f->seen) {
        *at = r->end;
        return true;
    }
    uint64_t oldest = r->marked > MARKS ? r->marked - MARKS : 0;
    for (uint64_t i = r->marked; i > oldest; i--) {
        const mark *m = &r->marks[(i - 1) % MARKS];
        if (m->seq != seq) continue;
        *at = m->end;
        return m->end >= ring_begin(r);
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
                         qk_str greeting, const qk_actor *rows)
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
    w->view = rows ? view_of(f, rows) : NULL;
    w->quiet = rows && !w->view;
    w->ring = w->view ? &w->view->ring : &f->all;
    bool fresh = w->view && w->view->followers++ == 0;
    if (fresh) w->ring->marked = 0; /* nothing was put there while nobody listened */
    w->at = w->ring->end;
    bool resumed = last_id.len && find_position(f, w->ring, last_id, &w->at);
    if (!resumed) w->at = w->ring->end;
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
    if (w->view) w->view->followers--;
    f->stats.cut += w->cut;
    pthread_mutex_unlock(&f->lock);
    free(w);
}

/* ---- reading ---- */

static size_t copy_ring(const ring *r, uint64_t at, char *out, size_t size)
{
    size_t n = r->end - at < size ? (size_t)(r->end - at) : size;
    size_t from = (size_t)(at % r->size);
    size_t first = r->size - from < n ? r->size - from : n;
    memcpy(out, r->bytes + from, first);
    memcpy(out + first, r->bytes, n - first);
    return n;
}

/* A comment stands for whatever happened. */
static size_t pass_over(qk_follower *w, char *out, size_t size)
{
    static const char comment[] = ":\n\n";
    if (w->at == w->ring->end || size < sizeof comment - 1) return 0;
    w->at = w->ring->end;
    memcpy(out, comment, sizeof comment - 1);
    return sizeof comment - 1;
}

static long read_locked(qk_followers *f, qk_follower *w, char *out, size_t size)
{
    if (f->ending || w->ended) return QK_FOLLOW_CUT;
    if (w->at < ring_begin(w->ring)) {
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
    size_t n = w->quiet ? pass_over(w, out, size) : copy_ring(w->ring, w->at, out, size);
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

static void append_text(ring *r, qk_str text)
{
    if (text.len > r->size) {
        /* Larger than all that is kept: everybody is behind. */
        r->end += text.len;
        return;
    }
    size_t from = (size_t)(r->end % r->size);
    size_t first = r->size - from < text.len ? r->size - from : text.len;
    memcpy(r->bytes + from, text.ptr, first);
    memcpy(r->bytes, text.ptr + first, text.len - first);
    r->end += text.len;
}

static void append_all(qk_followers *f, qk_str text)
{
    append_text(&f->all, text);
    for (size_t i = 0; i < VIEWS; i++)
        if (f->views[i] && f->views[i]->followers) append_text(&f->views[i]->ring, text);
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

static void add_event(qk_followers *f, ring *r, uint64_t seq, qk_str name, qk_str data)
{
    qk_buf_reset(&f->text);
    qk_buf_printf(&f->text, "id: %08x-%llu\nevent: %.*s\n", f->options.start,
                  (unsigned long long)seq, QK_STR_ARG(name));
    put_data(&f->text, data);
    if (f->text.failed) return;
    append_text(r, qk_buf_str(&f->text));
    r->marks[r->marked++ % MARKS] = (mark){seq, r->end};
}

/* ---- what a view is told ---- */

/* The row whose opening brace was read. */
static qk_code read_row(row *out, qk_json_reader *r)
{
    qk_json_type type;
    size_t from = r->value_at;
    *out = (row){0};
    for (;;) {
        QK_TRY(qk_json_next(r, &type, NULL));
        if (type == QK_JSON_OBJECT_END) break;
        bool site = qk_str_eq(r->value, QK_STR("site")), mn = qk_str_eq(r->value, QK_STR("mn"));
        if (!site && !mn) {
            QK_TRY(qk_json_skip(r, NULL));
            continue;
        }
        QK_TRY(qk_json_next(r, &type, NULL));
        if (type == QK_JSON_OBJECT || type == QK_JSON_ARRAY) return QK_EFORMAT;
        if (type == QK_JSON_STRING) *(site ? &out->site : &out->mn) = r->value;
    }
    out->text = (qk_str){r->text.ptr + from, r->at - from};
    return QK_OK;
}

/* The rows of an event's data, one or an array; SIZE_MAX when they cannot be told apart. */
static size_t read_rows(qk_followers *f, qk_str data)
{
    qk_json_reader r;
    qk_json_type type;
    size_t n = 0;
    qk_json_read_init(&r, data, &f->arena);
    if (qk_json_next(&r, &type, NULL)) return SIZE_MAX;
    if (type == QK_JSON_OBJECT) return read_row(&f->rows[0], &r) ? SIZE_MAX : 1;
    if (type != QK_JSON_ARRAY) return SIZE_MAX;
    for (;;) {
        if (qk_json_next(&r, &type, NULL)) return SIZE_MAX;
        if (type == QK_JSON_ARRAY_END) return n;
        if (type != QK_JSON_OBJECT || n == EVENT_ROWS || read_row(&f->rows[n++], &r))
            return SIZE_MAX;
    }
}

static bool judge_row(const qk_followers *f, const view *v, qk_str name, const row *of)
{
    qk_actor actor = {.role_count = v->role_count};
    memcpy(actor.roles, v->roles, sizeof actor.roles);
    bool device = qk_str_eq(name, QK_STR("device")) || qk_str_eq(name, QK_STR("request"));
    bool value = qk_str_eq(name, QK_STR("value"));
    return qk_actor_may_row(f->options.registry, &actor, device ? QK_ACT_DEVICE_VIEW : QK_ACT_VIEW,
                            value ? QK_STR("") : of->mn, of->site);
}

/* Judged once for each row, until the register changes. */
static bool may_see(const qk_followers *f, view *v, qk_str name, const row *of)
{
    char text[100];
    uint64_t may = 0, version = qk_registry_version(f->options.registry);
    if (version != v->version) {
        qk_map *known = NULL;
        if (qk_map_new(&known, KNOWN_ROWS) != QK_OK) return false;
        qk_map_free(v->known);
        v->known = known;
        v->version = version;
    }
    int n = snprintf(text, sizeof text, "%c%.*s/%.*s", name.ptr[0], QK_STR_ARG(of->mn),
                     QK_STR_ARG(of->site));
    qk_str key = {text, n > 0 && (size_t)n < sizeof text ? (size_t)n : 0};
    if (key.len && qk_map_get(v->known, key, &may)) return may;
    may = judge_row(f, v, name, of);
    if (key.len && qk_map_set(v->known, key, may) == QK_EFULL) v->version = 0;
    return may;
}

/* Nothing of the event that the view may not see; nothing at all when that is nothing. */
static void tell_view(qk_followers *f, view *v, uint64_t seq, qk_str name, bool list, size_t n)
{
    qk_buf_reset(&f->cut);
    if (list) qk_buf_putc(&f->cut, '[');
    for (size_t i = 0; i < n; i++) {
        if (!may_see(f, v, name, &f->rows[i])) continue;
        if (f->cut.len > (list ? 1 : 0)) qk_buf_putc(&f->cut, ',');
        qk_buf_put_str(&f->cut, f->rows[i].text);
    }
    if (f->cut.len <= (list ? 1 : 0)) return;
    if (list) qk_buf_putc(&f->cut, ']');
    if (!f->cut.failed) add_event(f, &v->ring, seq, name, qk_buf_str(&f->cut));
}

static void tell_views(qk_followers *f, uint64_t seq, qk_str name, qk_str data)
{
    static const char *const open[] = {"clock", "health"};
    static const char *const rows[] = {"value", "device", "request", "event"};
    bool for_all = false, known = false;
    size_t n = SIZE_MAX;
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
        for_all |= qk_str_eq(name, qk_str_of(open[i]));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        known |= qk_str_eq(name, qk_str_of(rows[i]));
    for (size_t i = 0; i < VIEWS; i++) {
        view *v = f->views[i];
        if (!v || !v->followers) continue;
        if (for_all) add_event(f, &v->ring, seq, name, data);
        if (for_all || !known) continue;
        if (n == SIZE_MAX) n = read_rows(f, data);
        if (n == SIZE_MAX) return;
        tell_view(f, v, seq, name, data.ptr[0] == '[', n);
    }
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
    add_event(f, &f->all, seq, name, data);
    f->stats.events++;
    tell_views(f, seq, name, data);
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
    append_all(f, QK_STR("event: reset\ndata: {}\n\n"));
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
        append_all(f, QK_STR(": still here\n\n"));
        some = true;
    }
    if (some) {
        f->sent_ms = now_ms;
        wake_waiting(f);
    }
    pthread_mutex_unlock(&f->lock);
}

void qk_follower_mark(qk_follower *w, uint64_t whose)
{
    pthread_mutex_lock(&w->owner->lock);
    w->whose = whose;
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
