/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/hotspot.h"
#include "domain/setting.h"
#include <math.h>
#include <stdlib.h>

#define SECTOR_M 3000.0
enum { LOOK_BACK_H = 3, FIELD_H = 7, STATIONS_LEAST = 4 };
static const double unknown_prior = 0.1;

static qk_code no_memory(qk_error *err)
{
    return qk_fail(err, QK_ENOMEM, "no memory for the hot spot");
}

bool qk_is_source_kind(const char *kind)
{
    static const char *const kinds[] = {"outlet", "dust", "kitchen", "road", "yard", "site"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kind, kinds[i]) == 0) return true;
    return false;
}

static double bearing_of(qk_place from, qk_place to)
{
    const double deg = 57.29577951308232;
    double east = (to.lon - from.lon) * cos(from.lat / deg), north = to.lat - from.lat;
    double b = atan2(east, north) * deg;
    return b < 0 ? b + 360 : b;
}

bool qk_in_sector(qk_place place, qk_place source, double wd_deg, double half_deg, double reach_m)
{
    double off = fabs(remainder(bearing_of(place, source) - wd_deg, 360));
    return qk_place_distance(place, source) <= reach_m && off <= half_deg;
}

/* ---- the hours of all stations ---- */

typedef struct station {
    const qk_site *site;
    qk_factor factor;
    double *value; /* [hours] */
} station;

typedef struct stations {
    station *list;
    size_t n, hours;
    qk_time first;
    double *middle; /* [hours], NaN with too few */
} stations;

static qk_code find_middles(stations *s, qk_arena *arena, qk_error *err)
{
    s->middle = qk_arena_array(arena, s->hours + 1, sizeof *s->middle);
    double *v = qk_arena_array(arena, s->n + 1, sizeof *v);
    if (!s->middle || !v) return no_memory(err);
    for (size_t h = 0; h < s->hours; h++) {
        size_t n = 0;
        for (size_t i = 0; i < s->n; i++)
            if (isfinite(s->list[i].value[h])) v[n++] = s->list[i].value[h];
        s->middle[h] = n >= STATIONS_LEAST ? qk_standout_middle(v, n) : NAN;
    }
    return QK_OK;
}

/* Stations within reach of a place (all with about.lon NaN) that measure the factor. */
static qk_code read_stations(stations *s, const qk_registry *registry, qk_telemetry_reader *reader,
                             qk_str factor, qk_place about, qk_arena *arena, qk_error *err)
{
    qk_site *sites = NULL;
    size_t n = 0;
    if (qk_registry_sites(registry, arena, &sites, &n) != QK_OK) return no_memory(err);
    s->list = qk_arena_array(arena, n + 1, sizeof *s->list);
    if (!s->list) return no_memory(err);
    for (size_t i = 0; i < n && s->n < QK_HOTSPOT_SENSORS; i++) {
        qk_hour_column hours;
        qk_place at = {sites[i].lon, sites[i].lat};
        station *into = &s->list[s->n];
        if (!qk_str_starts(qk_str_of(sites[i].kind), QK_STR("air_"))) continue;
        if (isfinite(about.lon) && !(qk_place_distance(about, at) < QK_HOTSPOT_NEAR_M)) continue;
        QK_TRY(qk_hours_read(&hours, &into->factor, registry, reader, sites[i].id, factor, s->first,
                             s->first + (qk_time)s->hours * QK_HOUR, arena, err));
        if (hours.there == 0) continue;
        into->site = &sites[i];
        into->value = hours.value;
        s->n++;
    }
    return QK_OK;
}

/* ---- finding ---- */

static double setting_of(qk_db *db, const char *key)
{
    return (double)qk_setting_known(db, key);
}

qk_hotspot_rule qk_hotspot_rule_read(qk_db *db)
{
    const double percent = 100;
    return (qk_hotspot_rule){
        .stand = {.ratio = setting_of(db, "hotspot.ratio_percent") / percent,
                  .excess = setting_of(db, "hotspot.excess_ug"),
                  .reach_m = setting_of(db, "hotspot.reach_km") * 1000,
                  .neighbours = (int32_t)setting_of(db, "hotspot.neighbours"),
                  .least = (int32_t)setting_of(db, "hotspot.neighbours_least"),
                  .hours = (int32_t)setting_of(db, "hotspot.hours"),
                  .quiet_hours = (int32_t)setting_of(db, "hotspot.quiet_hours")},
        .dust_share = setting_of(db, "hotspot.dust_percent") / percent,
        .smoke_share = setting_of(db, "hotspot.smoke_percent") / percent};
}

const char *qk_hotspot_look(const qk_hotspot_rule *rule, double fine_share)
{
    if (!isfinite(fine_share)) return "unknown";
    if (fine_share < rule->dust_share) return "dust";
    return fine_share >= rule->smoke_share ? "smoke" : "mixed";
}

static qk_hotspot spot_of(const stations *s, const qk_standout *e)
{
    qk_hotspot spot = {.value = e->value, .middle = e->middle, .fine_share = NAN};
    memcpy(spot.site, s->list[e->station].site->id, sizeof spot.site);
    spot.from = s->first + (qk_time)e->from * QK_HOUR;
    spot.to = s->first + (qk_time)e->to * QK_HOUR;
    spot.known = s->first + (qk_time)(e->known + 1) * QK_HOUR;
    spot.worst = s->first + (qk_time)(e->worst + 1) * QK_HOUR;
    return spot;
}

static qk_code collect_spots(qk_hotspot *out, size_t most, size_t *n, const qk_standout_rule *rule,
                             const stations *s, qk_arena *arena, qk_error *err)
{
    qk_standout_station *list = qk_arena_array(arena, s->n + 1, sizeof *list);
    qk_standout *found = qk_arena_array(arena, most, sizeof *found);
    if (!list || !found) return no_memory(err);
    for (size_t i = 0; i < s->n; i++)
        list[i] =
            (qk_standout_station){{s->list[i].site->lon, s->list[i].site->lat}, s->list[i].value};
    QK_TRY(qk_standouts_find(found, most, n, rule, list, s->n, s->hours, arena, err));
    for (size_t i = 0; i < *n; i++) out[i] = spot_of(s, &found[i]);
    return QK_OK;
}

static int newest_first(const void *a, const void *b)
{
    const qk_hotspot *x = a, *y = b;
    return x->to != y->to ? (y->to > x->to) - (y->to < x->to) : strcmp(x->site, y->site);
}

static qk_code tell_share(qk_hotspot *spot, const qk_registry *registry,
                          qk_telemetry_reader *reader, qk_arena *arena, qk_error *err)
{
    qk_hour_column fine, coarse;
    qk_time from = spot->worst - QK_HOUR;
    QK_TRY(qk_hours_read(&fine, NULL, registry, reader, spot->site, QK_STR("a34004"), from,
                         spot->worst, arena, err));
    QK_TRY(qk_hours_read(&coarse, NULL, registry, reader, spot->site, QK_STR("a34002"), from,
                         spot->worst, arena, err));
    if (fine.value[0] >= 0 && coarse.value[0] > 0)
        spot->fine_share = fine.value[0] / coarse.value[0];
    return QK_OK;
}

static void sum_standing(qk_hotspot_standing *out, const double *value, const double *middle,
                         size_t hours)
{
    for (size_t h = 0; h < hours; h++) {
        if (!isfinite(value[h]) || !isfinite(middle[h])) continue;
        out->value += value[h];
        out->middle += middle[h];
        out->hours++;
    }
    out->value = out->hours ? out->value / (double)out->hours : NAN;
    out->middle = out->hours ? out->middle / (double)out->hours : NAN;
}

qk_code qk_hotspot_stand(qk_hotspot_standing *out, const qk_hotspot_rule *rule,
                         const qk_registry *registry, qk_telemetry_reader *reader, qk_str site,
                         qk_str factor, qk_time from, qk_time to, qk_arena *arena, qk_error *err)
{
    stations s = {.first = qk_floor_hour(from)};
    size_t of = SIZE_MAX;
    *out = (qk_hotspot_standing){0};
    s.hours = to > s.first ? (size_t)((qk_floor_hour(to) - s.first) / QK_HOUR) : 0;
    QK_TRY(read_stations(&s, registry, reader, factor, (qk_place){NAN, NAN}, arena, err));
    qk_standout_station *list = qk_arena_array(arena, s.n + 1, sizeof *list);
    double *middle = qk_arena_array(arena, s.hours + 1, sizeof *middle);
    if (!list || !middle) return no_memory(err);
    for (size_t i = 0; i < s.n; i++) {
        list[i] =
            (qk_standout_station){{s.list[i].site->lon, s.list[i].site->lat}, s.list[i].value};
        if (qk_str_eq(site, qk_str_of(s.list[i].site->id))) of = i;
    }
    if (of != SIZE_MAX)
        QK_TRY(qk_standout_about(middle, &rule->stand, list, s.n, of, s.hours, arena, err));
    if (of != SIZE_MAX) sum_standing(out, s.list[of].value, middle, s.hours);
    if (of == SIZE_MAX) out->value = out->middle = NAN;
    return QK_OK;
}

qk_code qk_hotspots_find(qk_hotspot **out, size_t *n, const qk_hotspot_rule *rule,
                         const qk_registry *registry, qk_telemetry_reader *reader, qk_str factor,
                         qk_time from, qk_time to, qk_arena *arena, qk_error *err)
{
    enum { SPOTS = 500 };
    stations s = {.first = qk_floor_hour(from)};
    if (from >= to || to - from > QK_HOTSPOT_DAYS * QK_DAY)
        return qk_fail(err, QK_ERANGE, "at most %d days", QK_HOTSPOT_DAYS);
    s.hours = (size_t)((qk_floor_hour(to) - s.first) / QK_HOUR);
    QK_TRY(read_stations(&s, registry, reader, factor, (qk_place){NAN, NAN}, arena, err));
    *out = qk_arena_array(arena, SPOTS, sizeof **out);
    if (!*out) return no_memory(err);
    QK_TRY(collect_spots(*out, SPOTS, n, &rule->stand, &s, arena, err));
    qsort(*out, *n, sizeof **out, newest_first);
    for (size_t i = 0; i < *n; i++) QK_TRY(tell_share(&(*out)[i], registry, reader, arena, err));
    return QK_OK;
}

/* ---- tracing ---- */

typedef struct tracing {
    qk_trace *out;
    const qk_registry *registry;
    qk_telemetry_reader *reader;
    qk_db *db;
    qk_arena *arena;
    stations near;
    size_t home; /* the station itself */
    qk_suspect_input in;
    qk_suspicion *all; /* parallel to in.source */
} tracing;

static qk_code read_near(tracing *t, qk_str factor, qk_error *err)
{
    qk_trace *o = t->out;
    t->near = (stations){.first = o->end - LOOK_BACK_H * QK_HOUR, .hours = LOOK_BACK_H};
    QK_TRY(read_stations(&t->near, t->registry, t->reader, factor,
                         (qk_place){o->site.lon, o->site.lat}, t->arena, err));
    QK_TRY(find_middles(&t->near, t->arena, err));
    for (t->home = 0; t->home < t->near.n; t->home++)
        if (strcmp(t->near.list[t->home].site->id, o->site.id) == 0) break;
    size_t last = LOOK_BACK_H - 1;
    if (t->home == t->near.n || !isfinite(t->near.list[t->home].value[last]))
        return qk_fail(err, QK_ENOTFOUND, "the station has no value in that hour");
    if (!isfinite(t->near.middle[last]))
        return qk_fail(err, QK_EFORMAT, "fewer than %d stations within %.0f km have values",
                       STATIONS_LEAST, QK_HOTSPOT_NEAR_M / 1000);
    o->factor = t->near.list[t->home].factor;
    o->value = t->near.list[t->home].value[last];
    o->middle = t->near.middle[last];
    o->sensors = t->near.n;
    return QK_OK;
}

static qk_code read_winds(tracing *t, qk_error *err)
{
    qk_trace *o = t->out;
    qk_place home = {o->site.lon, o->site.lat};
    double u, v;
    qk_trajectory_point path[QK_HOTSPOT_PATH];
    QK_TRY(qk_station_winds_read(&o->winds, t->registry, t->reader, home,
                                 o->end - FIELD_H * QK_HOUR, o->end + QK_HOUR, t->arena, err));
    if (!qk_wind_stations_at(&o->winds.field, o->end - QK_HOUR / 2, home, &u, &v))
        return qk_fail(err, QK_EFORMAT, "no station measured wind in that hour");
    o->ws = hypot(u, v);
    o->wd = fmod(atan2(-u, -v) * 57.29577951308232 + 360, 360);
    o->half_deg = 30;
    o->path_step_min = 5;
    QK_TRY(qk_trajectory_run(path, &o->path_n, home, o->end - QK_HOUR / 2,
                             -(qk_time)o->path_step_min * QK_MINUTE, 36, qk_wind_stations_at,
                             &o->winds.field, err));
    for (size_t i = 0; i < o->path_n; i++) o->path[i] = path[i].at;
    return QK_OK;
}

/* Rises above the middle of all; their usual spread is the noise. */
static qk_code make_readings(tracing *t, qk_error *err)
{
    size_t n = t->near.n * LOOK_BACK_H, kept = 0;
    qk_place *sensor = qk_arena_array(t->arena, t->near.n, sizeof *sensor);
    qk_reading *reading = qk_arena_array(t->arena, n, sizeof *reading);
    double *size = qk_arena_array(t->arena, n, sizeof *size);
    if (!sensor || !reading || !size) return no_memory(err);
    for (size_t i = 0; i < t->near.n; i++) {
        sensor[i] = (qk_place){t->near.list[i].site->lon, t->near.list[i].site->lat};
        for (size_t h = 0; h < LOOK_BACK_H; h++) {
            double rise = t->near.list[i].value[h] - t->near.middle[h];
            if (!isfinite(rise)) continue;
            size[kept] = fabs(rise);
            reading[kept++] = (qk_reading){i, t->near.first + (qk_time)(h + 1) * QK_HOUR, rise};
        }
    }
    t->in = (qk_suspect_input){.sensors = t->near.n,
                               .sensor = sensor,
                               .readings = kept,
                               .reading = reading,
                               .wind = qk_wind_stations_at,
                               .field = &t->out->winds.field,
                               .direction_deg = 10};
    t->in.noise = fmax(3, kept ? 1.4826 * qk_standout_middle(size, kept) : 3);
    return QK_OK;
}

/* One more source, its evidence known; far ones are passed over. */
static void add_source(tracing *t, const qk_suspicion *s, qk_place *place, double *prior)
{
    qk_place home = {t->out->site.lon, t->out->site.lat}, at = {s->site.lon, s->site.lat};
    size_t n = t->in.sources;
    if (n == QK_HOTSPOT_SOURCES || !(qk_place_distance(home, at) < QK_HOTSPOT_NEAR_M)) return;
    t->all[n] = *s;
    t->all[n].in_sector = qk_in_sector(home, at, t->out->wd, t->out->half_deg, SECTOR_M);
    place[n] = at;
    prior[n] = s->weight;
    t->in.sources++;
}

static qk_code gather_sources(tracing *t, qk_error *err)
{
    qk_site *sites = NULL;
    const qk_suspicion *fires;
    qk_evidence_book *book;
    size_t n = 0;
    qk_place *place = qk_arena_array(t->arena, QK_HOTSPOT_SOURCES, sizeof *place);
    double *prior = qk_arena_array(t->arena, QK_HOTSPOT_SOURCES, sizeof *prior);
    t->all = qk_arena_array(t->arena, QK_HOTSPOT_SOURCES, sizeof *t->all);
    if (!place || !prior || !t->all || qk_registry_sites(t->registry, t->arena, &sites, &n))
        return no_memory(err);
    const qk_evidence_ask ask = {.registry = t->registry,
                                 .reader = t->reader,
                                 .db = t->db,
                                 .factor = qk_str_of(t->out->factor.code),
                                 .end = t->out->end,
                                 .middle = t->out->middle,
                                 .arena = t->arena};
    QK_TRY(qk_evidence_open(&book, &ask, err));
    t->out->knows_fires = qk_evidence_knows_fires(book);
    t->out->knows_permits = qk_evidence_knows_permits(book);
    size_t burning = qk_evidence_fires(&fires, book);
    for (size_t i = 0; i < burning; i++) add_source(t, &fires[i], place, prior);
    for (size_t i = 0; i < n; i++) {
        qk_place home = {t->out->site.lon, t->out->site.lat}, at = {sites[i].lon, sites[i].lat};
        qk_suspicion s = {.site = sites[i]};
        if (!qk_is_source_kind(sites[i].kind) || !(qk_place_distance(home, at) < QK_HOTSPOT_NEAR_M))
            continue;
        QK_TRY(qk_evidence_gather(&s, book, err));
        add_source(t, &s, place, prior);
    }
    t->in.source = place;
    t->in.prior = prior;
    return QK_OK;
}

static qk_code rank_sources(tracing *t, qk_error *err)
{
    qk_trace *o = t->out;
    QK_TRY(gather_sources(t, err));
    qk_suspect *rank = qk_arena_array(t->arena, t->in.sources + 1, sizeof *rank);
    o->suspect = qk_arena_array(t->arena, t->in.sources + 1, sizeof *o->suspect);
    if (!rank || !o->suspect) return no_memory(err);
    o->unknown = 1;
    if (t->in.sources == 0) return QK_OK;
    QK_TRY(qk_suspects_of(rank, &o->unknown, &t->in, unknown_prior, err));
    for (size_t i = 0; i < t->in.sources; i++) {
        o->suspect[i] = t->all[rank[i].source];
        o->suspect[i].suspect = rank[i];
    }
    o->suspects = t->in.sources;
    return QK_OK;
}

/* The same question of cells about the station, with no evidence but the wind's. */
static qk_code field_of_cells(tracing *t, qk_error *err)
{
    qk_trace *o = t->out;
    size_t n = (size_t)QK_HOTSPOT_CELLS * QK_HOTSPOT_CELLS;
    o->cell = qk_arena_array(t->arena, n, sizeof *o->cell);
    o->cell_p = qk_arena_array(t->arena, n, sizeof *o->cell_p);
    qk_suspect *rank = qk_arena_array(t->arena, n, sizeof *rank);
    if (!o->cell || !o->cell_p || !rank) return no_memory(err);
    o->cell_deg = 0.005;
    for (size_t i = 0; i < n; i++) {
        size_t row = i / QK_HOTSPOT_CELLS;
        double x = (double)(i % QK_HOTSPOT_CELLS) - (QK_HOTSPOT_CELLS - 1) / 2.0;
        double y = (double)row - (QK_HOTSPOT_CELLS - 1) / 2.0;
        o->cell[i] = (qk_place){o->site.lon + x * o->cell_deg, o->site.lat + y * o->cell_deg};
    }
    qk_suspect_input in = t->in;
    in.sources = o->cells = n;
    in.source = o->cell;
    in.prior = NULL;
    QK_TRY(qk_suspects_of(rank, &o->cell_unknown, &in, unknown_prior, err));
    for (size_t i = 0; i < n; i++) o->cell_p[rank[i].source] = rank[i].probability;
    return QK_OK;
}

qk_code qk_hotspot_trace(qk_trace *out, const qk_registry *registry, qk_telemetry_reader *reader,
                         qk_db *db, const qk_site *site, qk_str factor, qk_time end,
                         qk_arena *arena, qk_error *err)
{
    tracing t = {.out = out, .registry = registry, .reader = reader, .db = db, .arena = arena};
    *out = (qk_trace){.site = *site, .end = qk_floor_hour(end)};
    QK_TRY(read_near(&t, factor, err));
    QK_TRY(read_winds(&t, err));
    QK_TRY(make_readings(&t, err));
    QK_TRY(rank_sources(&t, err));
    return field_of_cells(&t, err);
}
