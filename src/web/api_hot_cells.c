/* SPDX-License-Identifier: Apache-2.0 */
/* The hot-spot grid of a month: cells in order, their cases, and what cars measured. */
#include "domain/area.h"
#include "domain/car_track.h"
#include "domain/hot_cells.h"
#include "web/air_figures.h"
#include "web/api.h"
#include "web/change.h"
#include <math.h>

enum { SCRATCH = 160 << 20, MONTHS = 6, LISTED = 100, SHOWN_SHARE = 4 };
#define M_PER_DEG 111195.0

typedef struct asked {
    qk_hot_frame frame;
    qk_hot_asked of;
    qk_hot_month made;
    qk_arena arena;
} asked;

static void take_pattern(asked *a, qk_exchange *x, const qk_airshed_case *c)
{
    uint32_t plane = 0;
    size_t n = qk_airshed_receptors(c);
    double *field = qk_arena_array(&a->arena, n + 1, sizeof *field);
    const qk_matrix *m = qk_airshed_hold(x->context->airshed);
    if (field && m && m->receptors == n && qk_matrix_plane("year", &plane)) {
        bool coarse = qk_str_eq(a->of.factor, QK_STR("a34002"));
        qk_airshed_field(field, c, m, plane, coarse ? QK_EMITTED_PM10 : QK_EMITTED_PM25, NULL);
        a->frame.pattern = field;
    }
    qk_airshed_release(x->context->airshed);
}

/* The airshed's grid where there is one, so that its field lies on the same cells. */
static qk_code read_frame(asked *a, qk_exchange *x, qk_error *err)
{
    qk_airshed_case c;
    const qk_registry *r = qk_node_registry(x->context->node);
    bool there = qk_airshed_case_read(&c, x->tools->db, r, &a->arena, NULL) == QK_OK &&
                 (uint64_t)c.nx * c.ny <= QK_HOTGRID_CELLS_MAX;
    if (!there) return qk_hot_frame_of_stations(&a->frame, x->tools->db, r, &a->arena, err);
    double lat = c.south + (double)c.ny / 2 * c.step_m / M_PER_DEG;
    a->frame = (qk_hot_frame){.lon_deg = c.step_m / (M_PER_DEG * cos(lat * 3.14159265358979 / 180)),
                              .lat_deg = c.step_m / M_PER_DEG,
                              .nx = c.nx,
                              .ny = c.ny};
    a->frame.corner = (qk_place){c.west - a->frame.lon_deg / 2, c.south - a->frame.lat_deg / 2};
    take_pattern(a, x, &c);
    return QK_OK;
}

static qk_code make(asked *a, qk_exchange *x, qk_str factor, qk_str month, int32_t months,
                    qk_error *err)
{
    qk_time now = qk_clock_now(qk_node_clock(x->context->node));
    qk_civil civil = qk_civil_of(now);
    a->of = (qk_hot_asked){.db = x->tools->db,
                           .registry = qk_node_registry(x->context->node),
                           .reader = x->tools->reader,
                           .frame = &a->frame,
                           .factor = factor.len ? factor : QK_STR("a34002"),
                           .year = civil.year,
                           .month = civil.month,
                           .months = months,
                           .now = now};
    if (!qk_str_eq(a->of.factor, QK_STR("a34002")) && !qk_str_eq(a->of.factor, QK_STR("a34004")))
        return qk_refuse(x, err, 400, "bad_parameter", "factor", "a34002 or a34004");
    if (month.len &&
        (qk_air_period_parse(&a->of.year, &a->of.month, month) != QK_OK || a->of.month == 0))
        return qk_refuse(x, err, 400, "bad_parameter", "month", "a month is 2026-11");
    QK_TRY(read_frame(a, x, err));
    return qk_hot_cells_make(&a->made, &a->of, &a->arena, err);
}

/* ---- as JSON ---- */

static const char *kind_name(qk_hotgrid_kind kind)
{
    static const char *const names[] = {"none", "measured", "fused", "near"};
    return names[kind];
}

static void put_number(qk_json_writer *w, const char *name, double v, int decimals)
{
    qk_json_key(w, name);
    if (isfinite(v))
        qk_json_fixed(w, v, decimals);
    else
        qk_json_null(w);
}

static qk_code put_area(qk_json_writer *w, const asked *a, qk_place at, qk_arena *scratch)
{
    char division[16] = "";
    qk_unit unit = {0};
    bool known = qk_area_of(division, a->of.registry, at.lon, at.lat, scratch) &&
                 qk_area_unit(&unit, a->of.registry, qk_str_of(division), scratch);
    qk_json_kcstr(w, "division", division[0] ? division : NULL);
    qk_json_kcstr(w, "unit", known ? unit.id : NULL);
    qk_json_kcstr(w, "unit_zh", known ? unit.name_zh : NULL);
    qk_json_kcstr(w, "unit_en", known ? unit.name_en : NULL);
    return QK_OK;
}

static qk_code put_item(qk_json_writer *w, asked *a, size_t cell, qk_error *err)
{
    char name[QK_HOT_CELL_ID_MAX], cause[96], id[QK_CASE_ID_MAX];
    qk_arena scratch;
    const qk_hotgrid_cell *c = &a->made.grid.cell[cell];
    qk_place at = qk_hotgrid_middle(&a->made.in, cell);
    qk_hot_cell_id(name, &a->made, cell);
    QK_TRY(qk_hot_cell_case(id, a->of.db, qk_hot_cell_cause(cause, &a->of, name), err));
    qk_json_object(w);
    qk_json_kcstr(w, "cell", name);
    put_number(w, "lon", at.lon, 5);
    put_number(w, "lat", at.lat, 5);
    qk_json_ki64(w, "rank", c->rank);
    put_number(w, "excess", c->excess, 1);
    qk_json_kcstr(w, "kind", kind_name(c->kind));
    qk_json_ki64(w, "hours", c->hours);
    qk_json_ki64(w, "hot_hours", c->hot_hours);
    qk_json_ki64(w, "passes", c->passes);
    qk_json_ki64(w, "months", a->made.months[cell]);
    qk_arena_init(&scratch, SCRATCH);
    qk_code code = put_area(w, a, at, &scratch);
    qk_arena_clear(&scratch);
    qk_json_kcstr(w, "case", id[0] ? id : NULL);
    qk_json_end(w);
    return code;
}

static void put_rule(qk_json_writer *w, const qk_hotgrid_rule *rule)
{
    qk_json_key(w, "rule");
    qk_json_object(w);
    put_number(w, "excess", rule->least_excess, 0);
    put_number(w, "reach_m", rule->reach_m, 0);
    qk_json_ki64(w, "hours", rule->least_hours);
    qk_json_ki64(w, "passes", rule->least_passes);
    qk_json_ki64(w, "neighbours", rule->neighbours);
    qk_json_end(w);
}

/* What the map draws: the cells that stand out at all. */
static void put_cells(qk_json_writer *w, const qk_hot_month *m)
{
    size_t cells = (size_t)m->in.nx * m->in.ny;
    qk_json_key(w, "cells");
    qk_json_array(w);
    for (size_t i = 0; i < cells; i++) {
        if (!(m->grid.cell[i].excess >= m->rule.least_excess / SHOWN_SHARE)) continue;
        qk_place at = qk_hotgrid_middle(&m->in, i);
        qk_json_array(w);
        qk_json_fixed(w, at.lon, 5);
        qk_json_fixed(w, at.lat, 5);
        qk_json_fixed(w, m->grid.cell[i].excess, 1);
        qk_json_end(w);
    }
    qk_json_end(w);
}

static qk_code put_grid(qk_exchange *x, asked *a, qk_error *err)
{
    qk_json_writer *w = &x->json;
    const qk_hot_month *m = &a->made;
    qk_json_object(w);
    qk_json_kstr(w, "factor", a->of.factor);
    qk_json_ktime(w, "from", m->from);
    qk_json_ktime(w, "to", m->to);
    qk_json_ki64(w, "months", a->of.months);
    put_rule(w, &m->rule);
    put_number(w, "lon_deg", m->in.lon_deg, 6);
    put_number(w, "lat_deg", m->in.lat_deg, 6);
    qk_json_ki64(w, "nx", m->in.nx);
    qk_json_ki64(w, "ny", m->in.ny);
    qk_json_ki64(w, "stations", (int64_t)m->in.stations);
    qk_json_ki64(w, "points", (int64_t)m->in.points);
    qk_json_ki64(w, "measured", (int64_t)m->grid.measured);
    qk_json_kbool(w, "pattern", m->in.pattern != NULL);
    put_number(w, "slope", m->grid.slope, 3);
    qk_json_ki64(w, "hot", (int64_t)m->grid.hot);
    qk_json_key(w, "items");
    qk_json_array(w);
    for (size_t i = 0; i < m->grid.hot && i < LISTED; i++)
        QK_TRY(put_item(w, a, m->grid.ranked[i], err));
    qk_json_end(w);
    put_cells(w, m);
    qk_json_end(w);
    return QK_OK;
}

qk_code qk_api_hotgrid(qk_exchange *x, qk_error *err)
{
    asked a = {0};
    qk_arena_init(&a.arena, SCRATCH);
    qk_code code = make(&a, x, qk_query_str(x, "factor"), qk_query_str(x, "month"),
                        (int32_t)qk_query_int(x, "months", MONTHS), err);
    if (!code) code = put_grid(x, &a, err);
    qk_arena_clear(&a.arena);
    return code;
}

/* ---- changes ---- */

typedef struct hot_change {
    asked *a;
    size_t cell;
    char person[QK_AIR_PERSON_MAX];
} hot_change;

static qk_code open_case(qk_exchange *x, void *context, qk_db *db, qk_time now,
                         qk_change_note *note, qk_error *err)
{
    const hot_change *c = context;
    char id[QK_CASE_ID_MAX];
    bool made = false;
    QK_TRY(qk_hot_cell_open(id, &made, db, qk_node_scheduler(x->context->node), &c->a->of,
                            &c->a->made, c->cell, qk_str_of(c->person), now, err));
    snprintf(note->what, sizeof note->what, "%s", made ? "case.open" : "case.meet");
    snprintf(note->object, sizeof note->object, "case/%s", id);
    return qk_cases_write_one(&x->json, db, qk_str_of(id), err);
}

static qk_code find_cell(hot_change *c, qk_exchange *x, const qk_json_value *body, qk_error *err)
{
    QK_TRY(make(c->a, x, qk_json_get_str(body, "factor"), qk_json_get_str(body, "month"), MONTHS,
                err));
    c->cell = qk_hot_cell_named(&c->a->made, qk_json_get_str(body, "cell"));
    if (c->cell == SIZE_MAX) return qk_fail(err, QK_ENOTFOUND, "there is no such cell");
    if (!c->a->made.grid.cell[c->cell].rank)
        return qk_refuse(x, err, 422, "step_refused", "cell", "the cell is not hot in that month");
    return QK_OK;
}

qk_code qk_api_hotgrid_case(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"factor", "month", "cell", "person", NULL};
    const qk_json_value *body = NULL;
    asked a = {0};
    hot_change c = {.a = &a};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    qk_arena_init(&a.arena, SCRATCH);
    qk_code code = find_cell(&c, x, body, err);
    if (!code) code = qk_change_run(x, open_case, &c, err);
    qk_arena_clear(&a.arena);
    return code;
}

/* ---- tracks of cars ---- */

qk_code qk_api_hotgrid_tracks(qk_exchange *x, qk_error *err)
{
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    QK_TRY(qk_car_tracks_write(&x->json, x->tools->db, (size_t)qk_query_int(x, "limit", 100), err));
    qk_json_end(&x->json);
    return QK_OK;
}

static qk_code look_at_track(qk_exchange *x, const qk_car_file *file, qk_db *db, qk_time now,
                             qk_car_taken *taken, qk_error *err)
{
    qk_code code = qk_car_take(taken, db, file, now, err);
    if (code == QK_EFORMAT || code == QK_EFULL) x->status = 422, x->error_code = "bad_file";
    if (code == QK_EEXIST) x->status = 409;
    QK_TRY(code);
    qk_car_taken_write(&x->json, taken, file->commit);
    return QK_OK;
}

static qk_code take_track(qk_exchange *x, void *context, qk_db *db, qk_time now,
                          qk_change_note *note, qk_error *err)
{
    const qk_car_file *file = context;
    qk_car_taken taken;
    QK_TRY(look_at_track(x, file, db, now, &taken, err));
    snprintf(note->what, sizeof note->what, "hotgrid.track");
    snprintf(note->object, sizeof note->object, "car_track");
    qk_buf_printf(&note->detail, "{\"rows\":%zu,\"refused\":%zu}", taken.rows, taken.refused);
    return QK_OK;
}

qk_code qk_api_hotgrid_track(qk_exchange *x, qk_error *err)
{
    qk_car_taken taken;
    qk_car_file file = {.csv = x->body,
                        .name = qk_query_str(x, "name"),
                        .registry = qk_node_registry(x->context->node),
                        .commit = qk_query_given(x, "commit"),
                        .by = qk_str_of(x->who)};
    if (!file.csv.len)
        return qk_refuse(x, err, 400, "bad_body", NULL, "the body is the file of the track");
    if (file.commit) return qk_change_run(x, take_track, &file, err);
    return look_at_track(x, &file, x->tools->db, qk_clock_now(qk_node_clock(x->context->node)),
                         &taken, err);
}
