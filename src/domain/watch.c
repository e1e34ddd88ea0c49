/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/watch.h"
#include "domain/network.h"
#include <math.h>
#include <stdlib.h>

enum { SKEW_MS = 5 * 60000, SKEW_EVERY_TICKS = 30, NETWORK_EVERY_TICKS = 10, ROOM = 64 };

/* What the plans ask of a network (SY-41: not below 95 %), and how long it may fall short of it. */
static const double NETWORK_LEAST = 0.95;
static const qk_time NETWORK_LOW_MS = 10 * QK_MINUTE;

struct qk_watch {
    qk_live *live;
    qk_events *events;
    const qk_registry *registry;
    const qk_clock *clock;
    uint32_t ticks;
    qk_time low_since; /* of the network; QK_TIME_NONE = it is not low */
    bool low_told;
};

qk_code qk_watch_new(qk_watch **out, qk_live *live, qk_events *events, const qk_registry *registry,
                     const qk_clock *clock)
{
    qk_watch *w = calloc(1, sizeof *w);
    if (!w) return QK_ENOMEM;
    *w = (qk_watch){.live = live,
                    .events = events,
                    .registry = registry,
                    .clock = clock,
                    .low_since = QK_TIME_NONE};
    *out = w;
    return QK_OK;
}

void qk_watch_free(qk_watch *w)
{
    free(w);
}

static void tell(qk_watch *w, const qk_device_state *state, const char *kind, qk_severity severity,
                 qk_time at, qk_time last_frame, const char *key, const char *more)
{
    qk_device device;
    char last[QK_TIME_TEXT];
    /* Unknown devices come and go as they like. */
    if (!qk_registry_device(w->registry, &device, qk_str_of(state->mn))) return;
    qk_buf params;
    qk_json_writer j;
    qk_buf_init(&params, 1024);
    qk_json_init(&j, &params);
    qk_json_object(&j);
    qk_json_kcstr(&j, "mn", state->mn);
    qk_json_kcstr(&j, "last", last_frame == QK_TIME_NONE ? "" : qk_time_iso(last, last_frame));
    if (more) qk_json_kcstr(&j, "skew_s", more);
    qk_json_end(&j);
    qk_event e = {.at = at,
                  .recorded_at = qk_clock_now(w->clock),
                  .severity = severity,
                  .journal_pos = UINT64_MAX,
                  .key = key,
                  .params = params.failed ? NULL : params.ptr};
    qk_str_copy(e.kind, sizeof e.kind, qk_str_of(kind));
    memcpy(e.mn, state->mn, sizeof e.mn);
    memcpy(e.site, device.site, sizeof e.site);
    /* Without room it is told at the next turn of the link, or not: the state itself is shown. */
    (void)!qk_events_raise(w->events, &e);
    qk_buf_clear(&params);
}

static void on_turn(void *context, const qk_device_state *state, qk_link_state before,
                    qk_time since, qk_time last_before)
{
    static const struct {
        const char *kind;
        qk_severity severity;
    } told[] = {[QK_LINK_ONLINE] = {"device_online", QK_SEVERITY_INFO},
                [QK_LINK_SILENT] = {"device_silent", QK_SEVERITY_NOTICE},
                [QK_LINK_OFFLINE] = {"device_offline", QK_SEVERITY_WARNING}};
    char key[96];
    if (state->link == QK_LINK_NEVER) return;
    if (state->link == QK_LINK_ONLINE && before == QK_LINK_NEVER) return;
    snprintf(key, sizeof key, "link:%s:%s:%lld", state->mn, qk_link_name(state->link),
             (long long)since);
    qk_time last = state->link == QK_LINK_ONLINE ? last_before : state->last_frame;
    tell(context, state, told[state->link].kind, told[state->link].severity, since, last, key,
         NULL);
}

static void look_at_clocks(qk_watch *w)
{
    qk_arena arena;
    qk_device_state *states;
    size_t n = 0;
    qk_time now = qk_clock_now(w->clock);
    qk_arena_init(&arena, (size_t)64 << 20);
    if (qk_live_devices(w->live, &arena, &states, &n)) n = 0;
    for (size_t i = 0; i < n; i++) {
        char key[96], skew[24];
        if (states[i].skew_ms == INT64_MIN || llabs(states[i].skew_ms) <= SKEW_MS) continue;
        snprintf(key, sizeof key, "skew:%s:%d", states[i].mn, qk_day_number(now));
        snprintf(skew, sizeof skew, "%lld", (long long)(states[i].skew_ms / 1000));
        tell(w, &states[i], "clock_skew", QK_SEVERITY_WARNING, now, states[i].last_frame, key,
             skew);
    }
    qk_arena_clear(&arena);
}

static void tell_network(qk_watch *w, const qk_network *n, bool low, qk_time now)
{
    char key[64], opened[48], params[200];
    snprintf(opened, sizeof opened, "network_low:%lld", (long long)w->low_since);
    snprintf(key, sizeof key, "%s%s", low ? "" : "closed:", opened);
    int len = snprintf(params, sizeof params,
                       "{\"stations\":%zu,\"online\":%zu,\"percent\":\"%.1f\",\"least\":\"%g\"",
                       n->stations, n->online, 100 * qk_network_rate(n), 100 * NETWORK_LEAST);
    if (low)
        snprintf(params + len, sizeof params - (size_t)len, "}");
    else
        snprintf(params + len, sizeof params - (size_t)len, ",\"closes\":\"%s\"}", opened);
    qk_event e = {.at = now,
                  .recorded_at = now,
                  .severity = low ? QK_SEVERITY_ALARM : QK_SEVERITY_INFO,
                  .journal_pos = UINT64_MAX,
                  .key = key,
                  .params = params};
    qk_str_copy(e.kind, sizeof e.kind, qk_str_of(low ? "network_low" : "network_restored"));
    if (qk_events_raise(w->events, &e) == QK_OK) w->low_told = low;
}

static void look_at_network(qk_watch *w)
{
    qk_arena arena;
    qk_network n;
    qk_time now = qk_clock_now(w->clock);
    qk_arena_init(&arena, (size_t)256 << 20);
    qk_code code = qk_network_count(&n, w->registry, w->live, false, &arena);
    double rate = code ? NAN : qk_network_rate(&n);
    if (!isnan(rate) && rate < NETWORK_LEAST) {
        if (w->low_since == QK_TIME_NONE) w->low_since = now;
        if (!w->low_told && now - w->low_since >= NETWORK_LOW_MS) tell_network(w, &n, true, now);
    } else if (!isnan(rate)) {
        if (w->low_told) tell_network(w, &n, false, now);
        if (!w->low_told) w->low_since = QK_TIME_NONE;
    }
    qk_arena_clear(&arena);
}

void qk_watch_tick(qk_watch *w)
{
    if (!qk_events_room(w->events, ROOM)) return;
    qk_live_tick(w->live, on_turn, w);
    if (w->ticks % NETWORK_EVERY_TICKS == 0) look_at_network(w);
    if (w->ticks++ % SKEW_EVERY_TICKS == 0) look_at_clocks(w);
}
