/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/live_private.h"
#include <math.h>
#include <stdlib.h>

static const struct {
    qk_stream_kind kind;
    const char *name;
} kind_names[] = {
    {QK_STREAM_RTD, "rtd"},
    {QK_STREAM_STATE, "state"},
    {QK_STREAM_MINUTE, "minute"},
    {QK_STREAM_HOUR, "hour"},
    {QK_STREAM_DAY, "day"},
    {QK_STREAM_RUNTIME, "runtime"},
    {QK_STREAM_PERIODIC, "periodic"},
    {QK_STREAM_DERIVED_HOUR, "derived_hour"},
    {QK_STREAM_DERIVED_DAY, "derived_day"},
    {QK_STREAM_FORECAST, "forecast"},
};
enum { KINDS = sizeof kind_names / sizeof *kind_names };

const char *qk_stream_kind_name(qk_stream_kind kind)
{
    for (size_t i = 0; i < KINDS; i++)
        if (kind_names[i].kind == kind) return kind_names[i].name;
    return "unknown";
}

qk_stream_kind qk_stream_kind_of(qk_str name)
{
    for (size_t i = 0; i < KINDS; i++)
        if (qk_str_eq(qk_str_of(kind_names[i].name), name)) return kind_names[i].kind;
    return (qk_stream_kind)0;
}

const char *qk_link_name(qk_link_state link)
{
    static const char *const names[] = {"never", "online", "silent", "offline"};
    return names[link];
}

qk_code qk_live_new(qk_live **out, const qk_clock *clock, const qk_registry *registry)
{
    qk_live *live = calloc(1, sizeof *live);
    if (!live) return QK_ENOMEM;
    live->clock = clock;
    live->registry = registry;
    live->started = qk_clock_now(clock);
    pthread_rwlock_init(&live->devices_lock, NULL);
    for (size_t i = 0; i < QK_LIVE_STRIPES; i++) pthread_mutex_init(&live->stripes[i], NULL);
    qk_code code = qk_feed_new(&live->feed);
    if (!code) code = qk_map_new(&live->index, QK_LIVE_DEVICES);
    if (!code) code = qk_map_new(&live->name_index, (size_t)1 << 20);
    if (code) {
        qk_live_free(live);
        return code;
    }
    *out = live;
    return QK_OK;
}

static void free_device(qk_live_entry *d)
{
    for (qk_live_stream *s = d->streams, *next; s; s = next) {
        next = s->next;
        free(s->columns);
        free(s);
    }
    free(d);
}

void qk_live_free(qk_live *live)
{
    if (!live) return;
    for (size_t i = 0; i < live->n; i++) free_device(live->devices[i]);
    for (size_t i = 0; i < live->name_count; i++) free(live->names[i]);
    free(live->devices);
    free(live->names);
    free(live->dirty);
    qk_map_free(live->index);
    qk_map_free(live->name_index);
    qk_feed_free(live->feed);
    for (size_t i = 0; i < QK_LIVE_STRIPES; i++) pthread_mutex_destroy(&live->stripes[i]);
    pthread_rwlock_destroy(&live->devices_lock);
    free(live);
}

/* ---- devices ---- */

static pthread_rwlock_t *devices_lock(const qk_live *live)
{
    return (pthread_rwlock_t *)(uintptr_t)&live->devices_lock;
}

qk_live_entry *qk_live_device_find(const qk_live *live, qk_str mn)
{
    uint64_t number;
    qk_live_entry *d = NULL;
    pthread_rwlock_rdlock(devices_lock(live));
    if (qk_map_get(live->index, mn, &number)) d = live->devices[number];
    pthread_rwlock_unlock(devices_lock(live));
    return d;
}

static qk_live_entry *add_device(qk_live *live, qk_str mn)
{
    if (live->n == live->cap) {
        size_t cap = live->cap ? live->cap * 2 : 64;
        qk_live_entry **grown = realloc(live->devices, cap * sizeof *grown);
        if (!grown) return NULL;
        live->devices = grown;
        live->cap = cap;
    }
    qk_live_entry *d = calloc(1, sizeof *d);
    if (!d || qk_map_set(live->index, mn, live->n)) {
        free(d);
        return NULL;
    }
    d->lock = &live->stripes[live->n % QK_LIVE_STRIPES];
    qk_str_copy(d->state.mn, sizeof d->state.mn, mn);
    d->state.connected_at = d->state.last_frame = d->state.last_data = QK_TIME_NONE;
    d->state.skew_ms = INT64_MIN;
    d->told_last = QK_TIME_NONE;
    d->state.effective_today = NAN;
    live->devices[live->n++] = d;
    return d;
}

static qk_live_entry *device_of(qk_live *live, qk_str mn)
{
    qk_live_entry *d = qk_live_device_find(live, mn);
    if (d || mn.len == 0 || mn.len >= QK_MN_MAX) return d;
    uint64_t number;
    pthread_rwlock_wrlock(&live->devices_lock);
    d = qk_map_get(live->index, mn, &number) ? live->devices[number] : add_device(live, mn);
    pthread_rwlock_unlock(&live->devices_lock);
    return d;
}

/* max(3 x the shortest interval the device is expected to send at, 5 min); 5 min when unknown. */
static qk_time allowed_silence(const qk_device *device)
{
    qk_time interval = 0;
    if (device->rtd_interval_s)
        interval = device->rtd_interval_s * QK_SECOND;
    else if (device->min_interval_min)
        interval = device->min_interval_min * QK_MINUTE;
    else if (device->sends_hours)
        interval = QK_HOUR;
    else if (device->sends_days)
        interval = QK_DAY;
    return 3 * interval > 5 * QK_MINUTE ? 3 * interval : 5 * QK_MINUTE;
}

void qk_live_refresh_allowed(const qk_live *live, qk_live_entry *d)
{
    uint64_t version = qk_registry_version(live->registry) + 1;
    if (d->allowed_of == version) return;
    qk_device device;
    bool known = qk_registry_device(live->registry, &device, qk_str_of(d->state.mn));
    d->allowed_ms = known ? allowed_silence(&device) : 5 * QK_MINUTE;
    d->allowed_of = version;
}

qk_link_state qk_live_link_of(const qk_live_entry *d, qk_time now)
{
    const qk_device_state *s = &d->state;
    if (s->last_frame != QK_TIME_NONE && now - s->last_frame <= d->allowed_ms)
        return QK_LINK_ONLINE;
    if (d->connections == 0) return s->last_frame == QK_TIME_NONE ? QK_LINK_NEVER : QK_LINK_OFFLINE;
    if (s->last_frame == QK_TIME_NONE && now - s->connected_at <= d->allowed_ms)
        return QK_LINK_NEVER;
    return QK_LINK_SILENT;
}

static int cmp_skew(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static int64_t median_skew(const qk_live_entry *d)
{
    int64_t sorted[QK_LIVE_SKEWS];
    size_t n = d->skew_count < QK_LIVE_SKEWS ? d->skew_count : QK_LIVE_SKEWS;
    if (n == 0) return INT64_MIN;
    memcpy(sorted, d->skews, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, cmp_skew);
    return sorted[n / 2];
}

void qk_live_state_copy(const qk_live *live, qk_live_entry *d, qk_time now, qk_device_state *out)
{
    pthread_mutex_lock(d->lock);
    qk_live_refresh_allowed(live, d);
    *out = d->state;
    out->link = qk_live_link_of(d, now);
    out->connected = d->connections > 0;
    out->skew_ms = median_skew(d);
    pthread_mutex_unlock(d->lock);
}

bool qk_live_device(qk_live *live, qk_device_state *out, qk_str mn)
{
    qk_live_entry *d = qk_live_device_find(live, mn);
    if (d) qk_live_state_copy(live, d, qk_clock_now(live->clock), out);
    return d != NULL;
}

qk_code qk_live_devices(qk_live *live, qk_arena *arena, qk_device_state **out, size_t *n)
{
    qk_time now = qk_clock_now(live->clock);
    pthread_rwlock_rdlock(&live->devices_lock);
    *n = live->n;
    *out = qk_arena_array(arena, live->n, sizeof **out);
    for (size_t i = 0; *out && i < *n; i++)
        qk_live_state_copy(live, live->devices[i], now, &(*out)[i]);
    pthread_rwlock_unlock(&live->devices_lock);
    return *out ? QK_OK : QK_ENOMEM;
}

void qk_live_link(qk_live *live, qk_str mn, bool connected, const char *address, qk_time now)
{
    qk_live_entry *d = device_of(live, mn);
    if (!d) return;
    pthread_mutex_lock(d->lock);
    if (connected) {
        d->connections++;
        d->state.connected_at = now;
        qk_str_copy(d->state.address, sizeof d->state.address, qk_str_of(address));
    } else if (d->connections) {
        d->connections--;
    }
    pthread_mutex_unlock(d->lock);
}

void qk_live_seen_many(qk_live *live, qk_str mn, const uint32_t counts[3], qk_time now,
                       int64_t skew_ms)
{
    qk_live_entry *d = device_of(live, mn);
    if (!d) return;
    uint64_t good = (uint64_t)counts[QK_SEEN_GOOD] + counts[QK_SEEN_REPEAT];
    pthread_mutex_lock(d->lock);
    d->state.frames += good;
    d->state.repeats += counts[QK_SEEN_REPEAT];
    d->state.refused += counts[QK_SEEN_REFUSED];
    if (good && (d->state.last_frame == QK_TIME_NONE || now > d->state.last_frame))
        d->state.last_frame = now;
    if (skew_ms != INT64_MIN) d->skews[d->skew_count++ % QK_LIVE_SKEWS] = skew_ms;
    pthread_mutex_unlock(d->lock);
}

void qk_live_seen(qk_live *live, qk_str mn, qk_seen what, qk_time now, int64_t skew_ms)
{
    uint32_t counts[3] = {0};
    counts[what] = 1;
    qk_live_seen_many(live, mn, counts, now, skew_ms);
}

void qk_live_counted(qk_live *live, qk_str mn, uint32_t changed, uint32_t deviations)
{
    qk_live_entry *d = device_of(live, mn);
    if (!d) return;
    pthread_mutex_lock(d->lock);
    d->state.changed += changed;
    d->state.deviations += deviations;
    pthread_mutex_unlock(d->lock);
}

void qk_live_effective(qk_live *live, qk_str mn, double effective)
{
    qk_live_entry *d = device_of(live, mn);
    if (!d) return;
    pthread_mutex_lock(d->lock);
    d->state.effective_today = effective;
    pthread_mutex_unlock(d->lock);
}

/* ---- values ---- */

qk_live_stream *qk_live_stream_get(qk_live *live, qk_str mn, qk_stream_kind kind)
{
    qk_live_entry *d = device_of(live, mn);
    if (!d) return NULL;
    for (qk_live_stream *s = d->streams; s; s = s->next)
        if (s->kind == kind) return s;
    qk_live_stream *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->device = d;
    s->kind = kind;
    pthread_mutex_lock(d->lock);
    s->next = d->streams;
    d->streams = s;
    pthread_mutex_unlock(d->lock);
    return s;
}

static const qk_live_name *name_of(qk_live *live, qk_str code, qk_str field)
{
    qk_live_name name = {0};
    qk_str_copy(name.code, sizeof name.code, code);
    qk_str_copy(name.field, sizeof name.field, field);
    qk_str key = {(const char *)&name, sizeof name};
    uint64_t number;
    if (qk_map_get(live->name_index, key, &number)) return live->names[number];
    if (live->name_count == live->name_cap) {
        size_t cap = live->name_cap ? live->name_cap * 2 : 64;
        qk_live_name **grown = realloc(live->names, cap * sizeof *grown);
        if (!grown) return NULL;
        live->names = grown;
        live->name_cap = cap;
    }
    qk_live_name *copy = malloc(sizeof *copy);
    if (!copy || qk_map_set(live->name_index, key, live->name_count)) {
        free(copy);
        return NULL;
    }
    *copy = name;
    live->names[live->name_count] = copy;
    live->name_count++;
    return copy;
}

static bool grow_columns(qk_live_stream *s)
{
    if (s->n < s->cap) return true;
    if (s->n >= QK_LIVE_COLUMNS) return false;
    uint32_t cap = s->cap ? s->cap * 2 : 8;
    qk_live_column_state *grown = realloc(s->columns, cap * sizeof *grown);
    if (!grown) return false;
    s->columns = grown;
    s->cap = cap;
    return true;
}

uint32_t qk_live_column(qk_live *live, qk_live_stream *s, qk_str code, qk_str field)
{
    const qk_live_name *name = s ? name_of(live, code, field) : NULL;
    if (!name) return UINT32_MAX;
    for (uint32_t i = 0; i < s->n; i++)
        if (s->columns[i].name == name) return i;
    uint32_t at = UINT32_MAX;
    pthread_mutex_lock(s->device->lock);
    if (grow_columns(s)) {
        at = s->n++;
        s->columns[at] = (qk_live_column_state){.name = name, .time = QK_TIME_NONE};
    }
    pthread_mutex_unlock(s->device->lock);
    return at;
}

static void mark_dirty(qk_live *live, qk_live_stream *s)
{
    if (s->dirty) return;
    if (live->dirty_count == live->dirty_cap) {
        size_t cap = live->dirty_cap ? live->dirty_cap * 2 : 64;
        qk_live_stream **grown = realloc(live->dirty, cap * sizeof *grown);
        if (!grown) return;
        live->dirty = grown;
        live->dirty_cap = cap;
    }
    live->dirty[live->dirty_count++] = s;
    s->dirty = true;
}

static bool is_derived(qk_stream_kind kind)
{
    return kind >= QK_STREAM_DERIVED_HOUR;
}

void qk_live_row(qk_live *live, qk_live_stream *s, qk_time time, qk_time period_end,
                 qk_time recorded, const qk_live_cell *cells, size_t n, bool published)
{
    if (!s) return;
    bool any = false;
    qk_device_state *state = &s->device->state;
    pthread_mutex_lock(s->device->lock);
    for (size_t i = 0; i < n; i++) {
        if (cells[i].column >= s->n) continue;
        qk_live_column_state *c = &s->columns[cells[i].column];
        if (c->time != QK_TIME_NONE && time < c->time) continue;
        c->value = cells[i].value;
        c->flag = cells[i].flag;
        c->time = time;
        c->period_end = period_end;
        c->recorded = recorded;
        c->fresh = any = published;
    }
    if (!is_derived(s->kind)) {
        if (recorded > state->last_data) state->last_data = recorded;
        if (recorded > state->last_frame) state->last_frame = recorded;
    }
    pthread_mutex_unlock(s->device->lock);
    if (any) mark_dirty(live, s);
}

static size_t count_values(const qk_live_entry *d)
{
    size_t n = 0;
    for (const qk_live_stream *s = d->streams; s; s = s->next) n += s->n;
    return n;
}

static void copy_column(qk_live_value *v, const qk_live_stream *s, const qk_live_column_state *c)
{
    *v = (qk_live_value){.kind = s->kind,
                         .time = c->time,
                         .period_end = c->period_end,
                         .recorded = c->recorded,
                         .value = c->value,
                         .flag = c->flag};
    memcpy(v->mn, s->device->state.mn, sizeof v->mn);
    memcpy(v->code, c->name->code, sizeof v->code);
    memcpy(v->field, c->name->field, sizeof v->field);
}

/* Appends the device's values to *out, which has room for `cap`. */
static void copy_values(const qk_live_entry *d, qk_live_value *out, size_t cap, size_t *n)
{
    for (const qk_live_stream *s = d->streams; s; s = s->next)
        for (uint32_t i = 0; i < s->n && *n < cap; i++)
            if (s->columns[i].time != QK_TIME_NONE) copy_column(&out[(*n)++], s, &s->columns[i]);
}

qk_code qk_live_values(qk_live *live, qk_str mn, qk_arena *arena, qk_live_value **out, size_t *n)
{
    size_t from = 0, to, room = 0;
    uint64_t number = 0;
    qk_code code = QK_OK;
    *n = 0;
    pthread_rwlock_rdlock(&live->devices_lock);
    to = live->n;
    if (mn.len) {
        bool there = qk_map_get(live->index, mn, &number);
        from = (size_t)number, to = there ? from + 1 : from;
    }
    for (size_t i = from; i < to; i++) {
        pthread_mutex_lock(live->devices[i]->lock);
        room += count_values(live->devices[i]);
        pthread_mutex_unlock(live->devices[i]->lock);
    }
    *out = qk_arena_array(arena, room, sizeof **out);
    if (!*out) code = QK_ENOMEM;
    for (size_t i = from; !code && i < to; i++) {
        pthread_mutex_lock(live->devices[i]->lock);
        copy_values(live->devices[i], *out, room, n);
        pthread_mutex_unlock(live->devices[i]->lock);
    }
    pthread_rwlock_unlock(&live->devices_lock);
    return code;
}
