/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/hotspot_warn.h"
#include <math.h>
#include <stdio.h>

enum { LOOK_BACK_H = 48, TOLD_MAX = 64, ARENA_MAX = 64 << 20, PARAMS_MAX = 4096 };

typedef struct warning {
    qk_db *db;
    qk_events *events;
    const qk_registry *registry;
    qk_hotspot_rule rule;
    qk_time now;
    qk_hotspot told[TOLD_MAX]; /* in this pass */
    size_t n;
    qk_arena *arena;
} warning;

static bool is_told_now(const warning *w, const qk_hotspot *spot)
{
    for (size_t i = 0; i < w->n; i++)
        if (strcmp(w->told[i].site, spot->site) == 0) return true;
    return false;
}

static qk_code is_told(bool *told, warning *w, const qk_hotspot *spot, qk_error *err)
{
    int64_t count = 0;
    qk_event_filter f = {.kind = QK_STR("hotspot"),
                         .site = qk_str_of(spot->site),
                         .from = spot->from - w->rule.stand.quiet_hours * QK_HOUR,
                         .to = QK_TIME_NONE};
    *told = is_told_now(w, spot);
    if (*told) return QK_OK;
    QK_TRY(qk_events_count(&count, w->db, &f, 1, err));
    *told = count > 0;
    return QK_OK;
}

static void put_number(qk_json_writer *j, const char *name, int digits, double v)
{
    char text[32];
    snprintf(text, sizeof text, "%.*f", digits, v);
    qk_json_kcstr(j, name, isfinite(v) ? text : "–");
}

static void put_params(qk_json_writer *j, const warning *w, const qk_hotspot *spot,
                       const char *code)
{
    qk_site site;
    char hour[QK_TIME_TEXT], from[QK_TIME_TEXT];
    bool placed = qk_registry_site(w->registry, &site, qk_str_of(spot->site));
    qk_json_object(j);
    qk_json_kcstr(j, "station", placed && site.name_zh[0] ? site.name_zh : spot->site);
    qk_json_kcstr(j, "code", code);
    qk_json_kcstr(j, "factor", strcmp(code, "a34002") == 0 ? "PM10" : "PM2.5");
    qk_json_ki64(j, "hours", w->rule.stand.hours);
    put_number(j, "value", 0, spot->value);
    put_number(j, "middle", 0, spot->middle);
    put_number(j, "ratio", 1, spot->middle > 0 ? spot->value / spot->middle : NAN);
    put_number(j, "fine_share", 2, spot->fine_share);
    put_number(j, "dust", 2, w->rule.dust_share);
    put_number(j, "smoke", 2, w->rule.smoke_share);
    qk_json_kcstr(j, "look", qk_hotspot_look(&w->rule, spot->fine_share));
    qk_json_kcstr(j, "from", qk_time_iso(from, spot->from));
    qk_json_kcstr(j, "hour", qk_time_iso(hour, spot->worst));
    qk_json_end(j);
}

static qk_code raise(warning *w, const qk_hotspot *spot, const char *code)
{
    char key[96];
    qk_buf params;
    qk_json_writer j;
    snprintf(key, sizeof key, "hotspot:%s:%lld", spot->site, (long long)spot->from);
    qk_buf_init(&params, PARAMS_MAX);
    qk_json_init(&j, &params);
    put_params(&j, w, spot, code);
    qk_event e = {.at = spot->known,
                  .recorded_at = w->now,
                  .kind = "hotspot",
                  .severity = QK_SEVERITY_WARNING,
                  .journal_pos = UINT64_MAX,
                  .key = key,
                  .params = params.ptr};
    memcpy(e.site, spot->site, sizeof e.site);
    qk_code failed = params.failed ? params.failed : qk_events_raise(w->events, &e);
    qk_buf_clear(&params);
    if (!failed) w->told[w->n++] = *spot;
    return failed;
}

static qk_code warn_of(warning *w, qk_telemetry_reader *reader, const char *code, qk_error *err)
{
    qk_hotspot *spots = NULL;
    size_t n = 0;
    bool told = false;
    qk_time to = qk_floor_hour(w->now - QK_HOTSPOT_WAIT), from = to - LOOK_BACK_H * QK_HOUR;
    QK_TRY(qk_hotspots_find(&spots, &n, &w->rule, w->registry, reader, qk_str_of(code), from, to,
                            w->arena, err));
    for (size_t i = 0; i < n && w->n < TOLD_MAX && qk_events_room(w->events, 1); i++) {
        /* What was hot already where the looking begins became known earlier. */
        if (spots[i].known < w->now - QK_HOTSPOT_LATE_H * QK_HOUR || spots[i].from == from)
            continue;
        QK_TRY(is_told(&told, w, &spots[i], err));
        if (!told && raise(w, &spots[i], code))
            return qk_fail(err, QK_ENOMEM, "no room for the warning of a hot spot");
    }
    return QK_OK;
}

qk_code qk_hotspots_warn(size_t *raised, qk_db *db, qk_events *events, const qk_registry *registry,
                         qk_telemetry_reader *reader, qk_time now, qk_error *err)
{
    static const char *const codes[] = {"a34002", "a34004"};
    qk_arena arena;
    warning w = {.db = db,
                 .events = events,
                 .registry = registry,
                 .rule = qk_hotspot_rule_read(db),
                 .now = now,
                 .arena = &arena};
    qk_code code = QK_OK;
    qk_arena_init(&arena, ARENA_MAX);
    for (size_t i = 0; !code && i < sizeof codes / sizeof *codes; i++)
        code = warn_of(&w, reader, codes[i], err);
    if (raised) *raised = w.n;
    qk_arena_clear(&arena);
    return code;
}
