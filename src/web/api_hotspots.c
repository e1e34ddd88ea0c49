/* SPDX-License-Identifier: Apache-2.0 */
/* Hot spots, where they may have come from, and which sources stand up the wind. */
#include "domain/forecast_weather.h"
#include "domain/hotspot.h"
#include "web/api.h"
#include <math.h>
#include <stdlib.h>

enum { SPAN_DAYS = 14 };
#define FACTOR QK_STR("a34002")

static qk_str asked_factor(const qk_exchange *x)
{
    qk_str factor = qk_query_str(x, "factor");
    return factor.len ? factor : FACTOR;
}

static qk_time clock_now(const qk_exchange *x)
{
    return qk_clock_now(qk_node_clock(x->context->node));
}

static void put_rule(qk_json_writer *w, const qk_hotspot_rule *rule)
{
    qk_json_key(w, "rule");
    qk_json_object(w);
    qk_analysis_kput(w, "ratio", rule->stand.ratio);
    qk_analysis_kput(w, "excess", rule->stand.excess);
    qk_json_ki64(w, "hours", rule->stand.hours);
    qk_json_ki64(w, "neighbours", rule->stand.neighbours);
    qk_json_end(w);
}

static void put_spot(qk_json_writer *w, const qk_hotspot_rule *rule, const qk_hotspot *s)
{
    qk_json_object(w);
    qk_json_kcstr(w, "site", s->site);
    qk_json_ktime(w, "from", s->from);
    qk_json_ktime(w, "to", s->to);
    qk_json_ktime(w, "worst", s->worst);
    qk_analysis_kput(w, "value", s->value);
    qk_analysis_kput(w, "middle", s->middle);
    qk_analysis_kput(w, "ratio", s->middle > 0 ? s->value / s->middle : NAN);
    qk_analysis_kput(w, "fine_share", s->fine_share);
    qk_json_kcstr(w, "look", qk_hotspot_look(rule, s->fine_share));
    qk_json_end(w);
}

qk_code qk_api_hotspots(qk_exchange *x, qk_error *err)
{
    qk_hotspot *spots = NULL;
    size_t n = 0;
    qk_time to = qk_query_time(x, "to", clock_now(x));
    qk_time from = qk_query_time(x, "from", to - SPAN_DAYS * QK_DAY);
    qk_hotspot_rule rule = qk_hotspot_rule_read(x->tools->db);
    qk_code code = qk_hotspots_find(&spots, &n, &rule, qk_node_registry(x->context->node),
                                    x->tools->reader, asked_factor(x), from, to, &x->arena, err);
    if (code == QK_ERANGE)
        return qk_refuse(x, err, 400, "bad_parameter", "from", "%s", err->message);
    if (code != QK_OK) return code;
    qk_json_object(&x->json);
    qk_json_kstr(&x->json, "factor", asked_factor(x));
    qk_json_ktime(&x->json, "from", from);
    qk_json_ktime(&x->json, "to", to);
    put_rule(&x->json, &rule);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) put_spot(&x->json, &rule, &spots[i]);
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- tracing ---- */

static void put_site(qk_json_writer *w, const qk_site *s)
{
    qk_json_kcstr(w, "site", s->id);
    qk_json_kcstr(w, "kind", s->kind);
    qk_json_kcstr(w, "name_zh", s->name_zh);
    qk_json_kcstr(w, "name_en", s->name_en);
    qk_json_key(w, "lon");
    qk_json_fixed(w, s->lon, 5);
    qk_json_key(w, "lat");
    qk_json_fixed(w, s->lat, 5);
}

static void put_evidence(qk_json_writer *w, unsigned evidence)
{
    static const struct {
        unsigned bit;
        const char *name;
    } kinds[] = {{QK_EVIDENCE_RUNNING, "running"}, {QK_EVIDENCE_IDLE, "idle"},
                 {QK_EVIDENCE_FIRE, "fire"},       {QK_EVIDENCE_AT_WORK, "at_work"},
                 {QK_EVIDENCE_BEFORE, "before"},   {QK_EVIDENCE_TREATMENT_OFF, "treatment_off"},
                 {QK_EVIDENCE_PERMIT, "permit"}};
    qk_json_key(w, "evidence");
    qk_json_array(w);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (evidence & kinds[i].bit) qk_json_cstr(w, kinds[i].name);
    qk_json_end(w);
}

/* Each item of evidence with the factor by which it changed the weight. */
static void put_lines(qk_json_writer *w, const qk_suspicion *s)
{
    qk_json_key(w, "lines");
    qk_json_array(w);
    for (size_t i = 0; i < s->lines; i++) {
        const qk_evidence_line *l = &s->line[i];
        qk_json_object(w);
        qk_json_kcstr(w, "kind", l->kind);
        qk_json_kcstr(w, "from", l->from);
        qk_analysis_kput(w, "weight", l->weight);
        qk_analysis_kput(w, "value", l->value);
        qk_analysis_kput(w, "against", l->against);
        qk_json_kcstr(w, "date", l->date[0] ? l->date : NULL);
        qk_json_end(w);
    }
    qk_json_end(w);
}

static void put_suspicion(qk_json_writer *w, const qk_suspicion *s)
{
    qk_json_object(w);
    put_site(w, &s->site);
    qk_analysis_kput(w, "probability", s->suspect.probability);
    qk_analysis_kput(w, "distance_m", s->suspect.distance_m);
    qk_analysis_kput(w, "bearing", s->suspect.bearing_deg);
    qk_json_kbool(w, "in_sector", s->in_sector);
    put_evidence(w, s->evidence);
    qk_analysis_kput(w, "weight", s->weight);
    put_lines(w, s);
    qk_json_key(w, "monitor");
    if (s->code[0]) {
        qk_json_object(w);
        qk_json_kcstr(w, "code", s->code);
        qk_json_kcstr(w, "unit", s->unit);
        qk_analysis_kput(w, "value", s->value);
        qk_analysis_kput(w, "against", s->usual);
        qk_json_end(w);
    } else {
        qk_json_null(w);
    }
    qk_json_end(w);
}

static void put_places(qk_json_writer *w, const char *name, const qk_place *p, const double *value,
                       size_t n, double least)
{
    qk_json_key(w, name);
    qk_json_array(w);
    for (size_t i = 0; i < n; i++) {
        if (value && !(value[i] >= least)) continue;
        qk_json_array(w);
        qk_json_fixed(w, p[i].lon, 4);
        qk_json_fixed(w, p[i].lat, 4);
        if (value) qk_analysis_put(w, value[i]);
        qk_json_end(w);
    }
    qk_json_end(w);
}

/* What the method did not have is as much a part of the answer. */
static void put_unknowns(qk_json_writer *w, const qk_trace *t)
{
    size_t silent = 0;
    for (size_t i = 0; i < t->suspects; i++) silent += t->suspect[i].lines == 0;
    qk_json_key(w, "not_known");
    qk_json_object(w);
    qk_json_ki64(w, "without_evidence", (int64_t)silent);
    qk_json_key(w, "missing");
    qk_json_array(w);
    if (!t->knows_fires) qk_json_cstr(w, "fires");
    if (!t->knows_permits) qk_json_cstr(w, "permits");
    qk_json_cstr(w, "roads");
    qk_json_cstr(w, "height_of_mixing");
    qk_json_end(w);
    qk_json_end(w);
}

static void put_trace(qk_json_writer *w, const qk_trace *t)
{
    enum { SHOWN = 20 };
    qk_json_object(w);
    put_site(w, &t->site);
    qk_json_kcstr(w, "factor", t->factor.code);
    qk_json_kcstr(w, "unit", t->factor.unit);
    qk_json_ktime(w, "time", t->end);
    qk_analysis_kput(w, "value", t->value);
    qk_analysis_kput(w, "middle", t->middle);
    qk_json_ki64(w, "sensors", (int64_t)t->sensors);
    qk_json_key(w, "wind");
    qk_json_object(w);
    qk_analysis_kput(w, "speed", t->ws);
    qk_analysis_kput(w, "from", t->wd);
    qk_analysis_kput(w, "half_deg", t->half_deg);
    qk_json_ki64(w, "stations", (int64_t)t->winds.field.stations);
    qk_json_end(w);
    qk_json_ki64(w, "path_step_min", t->path_step_min);
    put_places(w, "path", t->path, NULL, t->path_n, 0);
    qk_json_ki64(w, "sources", (int64_t)t->suspects);
    qk_json_key(w, "suspects");
    qk_json_array(w);
    for (size_t i = 0; i < t->suspects && i < SHOWN; i++) put_suspicion(w, &t->suspect[i]);
    qk_json_end(w);
    qk_analysis_kput(w, "none_of_these", t->unknown);
    qk_analysis_kput(w, "cell_deg", t->cell_deg);
    put_places(w, "cells", t->cell, t->cell_p, t->cells, 0.0005);
    put_unknowns(w, t);
    qk_json_kcstr(w, "source", "Keats, Yee and Lien 2007, Atmos. Environ. 41, 465");
    qk_json_end(w);
}

qk_code qk_api_hotspot_trace(qk_exchange *x, qk_error *err)
{
    const qk_registry *r = qk_node_registry(x->context->node);
    qk_site site;
    qk_trace *t = qk_arena_alloc(&x->arena, sizeof *t);
    if (!t) return qk_fail(err, QK_ENOMEM, "no memory for the hot spot");
    if (!qk_registry_site(r, &site, qk_query_str(x, "site")))
        return qk_fail(err, QK_ENOTFOUND, "there is no site of this id");
    if (!qk_str_starts(qk_str_of(site.kind), QK_STR("air_")))
        return qk_refuse(x, err, 422, "no_air_station", "site", "%s", "");
    qk_code code = qk_hotspot_trace(t, r, x->tools->reader, x->tools->db, &site, asked_factor(x),
                                    qk_query_time(x, "time", clock_now(x)), &x->arena, err);
    if (code == QK_ENOTFOUND || code == QK_EFORMAT)
        return qk_refuse(x, err, 422, "no_trace", "time", "%s", err->message);
    if (code == QK_OK) put_trace(&x->json, t);
    return code;
}

/* ---- who stands up the wind ---- */

typedef struct upwind {
    const qk_site *site;
    double m;
} upwind;

static int nearest_first(const void *a, const void *b)
{
    const upwind *x = a, *y = b;
    return (x->m > y->m) - (x->m < y->m);
}

typedef struct sector {
    double wd, half, reach, speed;
    int32_t issued; /* day of issue; 0 = the direction was given */
} sector;

/* The direction that is given, or that of the wind forecast for a day. */
static qk_code read_sector(sector *s, qk_exchange *x, qk_error *err)
{
    qk_time day = qk_query_time(x, "date", QK_TIME_NONE);
    *s = (sector){.wd = (double)qk_query_int(x, "wind_from", 0),
                  .half = (double)qk_query_int(x, "half", 30),
                  .reach = (double)qk_query_int(x, "km", 3) * 1000};
    if (day == QK_TIME_NONE) return QK_OK;
    qk_code code = qk_forecasts_weather_wind(&s->wd, &s->speed, &s->issued, x->tools->db,
                                             qk_day_number(day), qk_day_number(clock_now(x)), err);
    if (code == QK_ENOTFOUND)
        return qk_refuse(x, err, 422, "no_trace", "date", "%s", "no wind is forecast for that day");
    return code;
}

static void put_sector(qk_json_writer *w, const sector *s)
{
    char date[QK_TIME_TEXT];
    qk_time at = (qk_time)s->issued * QK_DAY - QK_CST_OFFSET;
    qk_analysis_kput(w, "wind_from", s->wd);
    qk_analysis_kput(w, "half_deg", s->half);
    qk_analysis_kput(w, "reach_m", s->reach);
    qk_analysis_kput(w, "speed", s->issued ? s->speed : NAN);
    qk_json_kcstr(w, "issued", s->issued ? qk_date_iso(date, at) : NULL);
}

qk_code qk_api_hotspot_sector(qk_exchange *x, qk_error *err)
{
    const qk_registry *r = qk_node_registry(x->context->node);
    qk_site station, *sites = NULL;
    size_t n = 0, kept = 0;
    sector s;
    if (!qk_registry_site(r, &station, qk_query_str(x, "site")))
        return qk_fail(err, QK_ENOTFOUND, "there is no site of this id");
    QK_TRY(read_sector(&s, x, err));
    if (qk_registry_sites(r, &x->arena, &sites, &n) != QK_OK)
        return qk_fail(err, QK_ENOMEM, "no memory for the sites");
    upwind *list = qk_arena_array(&x->arena, n + 1, sizeof *list);
    if (!list) return qk_fail(err, QK_ENOMEM, "no memory for the sites");
    qk_place home = {station.lon, station.lat};
    for (size_t i = 0; i < n; i++) {
        qk_place at = {sites[i].lon, sites[i].lat};
        if (!qk_is_source_kind(sites[i].kind) || !qk_in_sector(home, at, s.wd, s.half, s.reach))
            continue;
        list[kept++] = (upwind){&sites[i], qk_place_distance(home, at)};
    }
    qsort(list, kept, sizeof *list, nearest_first);
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "site", station.id);
    put_sector(&x->json, &s);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < kept; i++) {
        qk_json_object(&x->json);
        put_site(&x->json, list[i].site);
        qk_analysis_kput(&x->json, "distance_m", list[i].m);
        qk_json_end(&x->json);
    }
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    return QK_OK;
}
