/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/live_private.h"
#include "base/json.h"
#include "domain/labels.h"
#include <math.h>

enum { BURST_VALUES = 4000, EVENT_VALUES = 400, EVENT_BYTES = 240 << 10 };

void qk_live_publish(qk_live *live, const char *name, qk_str json)
{
    qk_feed_publish(live->feed, name, json);
}

uint64_t qk_live_feed_end(qk_live *live)
{
    return qk_feed_end(live->feed);
}

qk_code qk_live_feed(qk_live *live, uint64_t after, qk_buf *out, uint64_t *next)
{
    return qk_feed_read(live->feed, after, out, next);
}

void qk_live_on_publish(qk_live *live, void (*fn)(void *context), void *context)
{
    qk_feed_on_publish(live->feed, fn, context);
}

static void write_time(qk_json_writer *w, const char *name, qk_time t)
{
    char text[QK_TIME_TEXT];
    qk_json_key(w, name);
    if (t == QK_TIME_NONE)
        qk_json_null(w);
    else
        qk_json_cstr(w, qk_time_iso_zone(text, t));
}

static bool has_converted(const qk_live_stream *s, const qk_live_name *name)
{
    char zs[24] = "Zs";
    qk_str_copy(zs + 2, sizeof zs - 2, qk_str_of(name->field));
    for (uint32_t i = 0; i < s->n; i++)
        if (strcmp(s->columns[i].name->code, name->code) == 0 &&
            strcmp(s->columns[i].name->field, zs) == 0)
            return true;
    return false;
}

/* Limits speak of the converted value (折算) where the device sends one. */
static bool is_judged(const qk_live_stream *s, const qk_live_name *name)
{
    const char *f = name->field;
    if (strcmp(f, "ZsRtd") == 0 || strcmp(f, "ZsAvg") == 0) return true;
    if (strcmp(f, "Rtd") != 0 && strcmp(f, "Avg") != 0) return false;
    return !has_converted(s, name);
}

void qk_live_value_json(qk_json_writer *w, const qk_registry *registry, const qk_live_value *v,
                        const char *site, bool judged)
{
    qk_factor f;
    qk_factor_of(&f, registry, qk_str_of(v->mn), qk_str_of(v->code));
    const char *unit = qk_factor_field_unit(&f, v->field);
    char flag[2] = {v->flag, 0};
    qk_json_object(w);
    qk_json_kcstr(w, "site", f.site[0] ? f.site : site);
    qk_json_kcstr(w, "mn", v->mn);
    qk_json_kcstr(w, "code", v->code);
    qk_json_kcstr(w, "field", v->field);
    qk_json_kcstr(w, "kind", qk_stream_kind_name(v->kind));
    qk_json_key(w, "value");
    qk_json_dec(w, v->value);
    qk_json_kcstr(w, "unit", unit[0] ? unit : NULL);
    qk_json_kcstr(w, "flag", v->flag ? flag : NULL);
    write_time(w, "time", v->time);
    write_time(w, "period_end", v->period_end);
    qk_json_key(w, "limit");
    qk_json_f64(w, judged ? f.limit : NAN);
    qk_json_kbool(w, "over", judged && qk_dec_f64(v->value) * f.scale > f.limit);
    qk_json_end(w);
}

/* Takes up to `room` fresh values out of a stream, under its lock. */
static size_t take_fresh(qk_live_stream *s, qk_live_value *values, bool *judged, size_t room)
{
    size_t n = 0;
    pthread_mutex_lock(s->device->lock);
    for (uint32_t i = 0; i < s->n && n < room; i++) {
        qk_live_column_state *c = &s->columns[i];
        if (!c->fresh) continue;
        c->fresh = false;
        judged[n] = is_judged(s, c->name);
        values[n] = (qk_live_value){.kind = s->kind,
                                    .time = c->time,
                                    .period_end = c->period_end,
                                    .recorded = c->recorded,
                                    .value = c->value,
                                    .flag = c->flag};
        memcpy(values[n].mn, s->device->state.mn, sizeof values[n].mn);
        memcpy(values[n].code, c->name->code, sizeof values[n].code);
        memcpy(values[n].field, c->name->field, sizeof values[n].field);
        n++;
    }
    pthread_mutex_unlock(s->device->lock);
    return n;
}

/* One "value" event of at most EVENT_VALUES; *from moves over the streams it emptied. */
static size_t publish_some(qk_live *live, size_t *from)
{
    qk_live_value values[64];
    bool judged[64];
    qk_buf text;
    qk_json_writer w;
    qk_buf_init(&text, EVENT_BYTES);
    qk_json_init(&w, &text);
    qk_json_array(&w);
    size_t done = 0;
    while (*from < live->dirty_count && done < EVENT_VALUES) {
        qk_live_stream *s = live->dirty[*from];
        qk_device device;
        if (!qk_registry_device(live->registry, &device, qk_str_of(s->device->state.mn)))
            qk_device_init(&device);
        size_t n = take_fresh(s, values, judged, 64);
        for (size_t i = 0; i < n; i++)
            qk_live_value_json(&w, live->registry, &values[i], device.site, judged[i]);
        done += n;
        if (n == 64) continue;
        s->dirty = false;
        ++*from;
    }
    qk_json_end(&w);
    if (done && !text.failed) qk_live_publish(live, "value", qk_buf_str(&text));
    qk_buf_clear(&text);
    return done;
}

void qk_live_burst(qk_live *live)
{
    size_t from = 0, done = 0;
    if (live->dirty_count == 0) return;
    while (from < live->dirty_count && done < BURST_VALUES) done += publish_some(live, &from);
    memmove(live->dirty, live->dirty + from, (live->dirty_count - from) * sizeof *live->dirty);
    live->dirty_count -= from;
}

static void publish_device(qk_live *live, const qk_device_state *s)
{
    qk_buf text;
    qk_json_writer w;
    qk_buf_init(&text, 4096);
    qk_json_init(&w, &text);
    qk_json_object(&w);
    qk_json_kcstr(&w, "mn", s->mn);
    qk_json_kcstr(&w, "link", qk_link_name(s->link));
    qk_json_kbool(&w, "connected", s->connected);
    qk_json_kcstr(&w, "address", s->address);
    write_time(&w, "last_frame", s->last_frame);
    write_time(&w, "last_data", s->last_data);
    if (s->skew_ms == INT64_MIN)
        qk_json_knull(&w, "skew_ms");
    else
        qk_json_ki64(&w, "skew_ms", s->skew_ms);
    qk_json_ki64(&w, "frames", (int64_t)s->frames);
    qk_json_ki64(&w, "refused", (int64_t)s->refused);
    qk_json_ki64(&w, "repeats", (int64_t)s->repeats);
    qk_json_ki64(&w, "changed", (int64_t)s->changed);
    qk_json_ki64(&w, "deviations", (int64_t)s->deviations);
    qk_json_key(&w, "effective_today");
    qk_json_f64(&w, s->effective_today);
    qk_json_end(&w);
    if (!text.failed) qk_live_publish(live, "device", qk_buf_str(&text));
    qk_buf_clear(&text);
}

/* When the present state began. */
static qk_time turned_at(const qk_live_entry *d, const qk_device_state *s, qk_time now)
{
    if (s->link == QK_LINK_ONLINE) return s->last_frame;
    if (s->link == QK_LINK_NEVER) return now;
    qk_time base = s->last_frame != QK_TIME_NONE ? s->last_frame : s->connected_at;
    return base + d->allowed_ms;
}

/* While we were not running nobody could be heard: silence counts from our start. */
static bool still_unheard(const qk_live *live, const qk_live_entry *d, const qk_device_state *s,
                          qk_time now)
{
    return s->last_frame < live->started && now - live->started <= d->allowed_ms;
}

static qk_live_entry *device_number(qk_live *live, size_t i)
{
    pthread_rwlock_rdlock(&live->devices_lock);
    qk_live_entry *d = i < live->n ? live->devices[i] : NULL;
    pthread_rwlock_unlock(&live->devices_lock);
    return d;
}

void qk_live_tick(qk_live *live, qk_live_turn_fn *fn, void *context)
{
    qk_time now = qk_clock_now(live->clock);
    qk_live_entry *d;
    for (size_t i = 0; (d = device_number(live, i)) != NULL; i++) {
        qk_device_state state;
        qk_live_state_copy(live, d, now, &state);
        if (state.link == d->told || still_unheard(live, d, &state, now)) continue;
        qk_link_state before = d->told;
        qk_time last_before = d->told_last;
        d->told = state.link;
        d->told_last = state.last_frame;
        publish_device(live, &state);
        if (fn) fn(context, &state, before, turned_at(d, &state, now), last_before);
    }
}
