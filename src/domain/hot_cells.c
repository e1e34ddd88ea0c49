/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/hot_cells.h"
#include "domain/area.h"
#include "domain/hours.h"
#include "domain/setting.h"
#include <math.h>
#include <stdio.h>

enum { SCRATCH = 64 << 20, MARGIN_M = 2000, POINTS_MAX = 50000, SIDE_MAX = 190 };
#define M_PER_DEG 111195.0

static qk_hotgrid_rule read_rule(qk_db *db)
{
    return (qk_hotgrid_rule){.least_excess = (double)qk_setting_known(db, "hotgrid.excess_ug"),
                             .reach_m = (double)qk_setting_known(db, "hotgrid.reach_m"),
                             .least_hours = (int32_t)qk_setting_known(db, "hotgrid.hours"),
                             .least_passes = (int32_t)qk_setting_known(db, "hotgrid.passes"),
                             .neighbours = (int32_t)qk_setting_known(db, "hotgrid.neighbours")};
}

static bool is_air(const qk_site *s)
{
    return qk_str_starts(qk_str_of(s->kind), QK_STR("air_")) && isfinite(s->lon) &&
           isfinite(s->lat);
}

qk_code qk_hot_frame_of_stations(qk_hot_frame *out, qk_db *db, const qk_registry *registry,
                                 qk_arena *arena, qk_error *err)
{
    qk_site *sites = NULL;
    size_t n = 0;
    double west = INFINITY, east = -INFINITY, south = INFINITY, north = -INFINITY;
    double step = (double)qk_setting_known(db, "hotgrid.step_m");
    if (qk_registry_sites(registry, arena, &sites, &n) != QK_OK)
        return qk_fail(err, QK_ENOMEM, "no memory for the sites");
    for (size_t i = 0; i < n; i++) {
        if (!is_air(&sites[i])) continue;
        west = fmin(west, sites[i].lon), east = fmax(east, sites[i].lon);
        south = fmin(south, sites[i].lat), north = fmax(north, sites[i].lat);
    }
    if (!(west <= east)) return qk_fail(err, QK_ENOTFOUND, "no air station has a place");
    double lat_m = M_PER_DEG, lon_m = M_PER_DEG * cos((south + north) / 2 * 3.14159265358979 / 180);
    *out = (qk_hot_frame){.corner = {west - MARGIN_M / lon_m, south - MARGIN_M / lat_m},
                          .lon_deg = step / lon_m,
                          .lat_deg = step / lat_m};
    double nx = ceil((east - west) / out->lon_deg + 2 * MARGIN_M / step);
    double ny = ceil((north - south) / out->lat_deg + 2 * MARGIN_M / step);
    if (nx > SIDE_MAX || ny > SIDE_MAX)
        return qk_fail(err, QK_EFULL, "a grid of %.0f times %.0f cells: make hotgrid.step_m larger",
                       nx, ny);
    out->nx = (uint32_t)nx, out->ny = (uint32_t)ny;
    return QK_OK;
}

/* ---- what goes in ---- */

static qk_code read_stations(qk_hot_month *m, const qk_hot_asked *a, qk_arena *arena, qk_error *err)
{
    qk_arena scratch;
    qk_site *sites = NULL;
    size_t n = 0;
    qk_code code = QK_OK;
    if (qk_registry_sites(a->registry, arena, &sites, &n) != QK_OK)
        return qk_fail(err, QK_ENOMEM, "no memory for the sites");
    qk_hotgrid_station *list = qk_arena_array(arena, n + 1, sizeof *list);
    if (!list) return qk_fail(err, QK_ENOMEM, "no memory for the stations");
    qk_arena_init(&scratch, SCRATCH);
    for (size_t i = 0; !code && i < n && m->in.stations < QK_HOTGRID_STATIONS_MAX; i++) {
        qk_hour_column c;
        if (!is_air(&sites[i])) continue;
        qk_arena_reset(&scratch);
        code = qk_hours_read(&c, NULL, a->registry, a->reader, sites[i].id, a->factor, m->from,
                             m->to, &scratch, err);
        if (code || !c.there) continue;
        double *kept = qk_arena_array(arena, m->in.hours + 1, sizeof *kept);
        if (!kept) code = qk_fail(err, QK_ENOMEM, "no memory for hours");
        for (size_t h = 0; !code && h < m->in.hours; h++) kept[h] = h < c.count ? c.value[h] : NAN;
        list[m->in.stations++] = (qk_hotgrid_station){{sites[i].lon, sites[i].lat}, kept};
    }
    qk_arena_clear(&scratch);
    m->in.station = list;
    return code;
}

static qk_code read_cars(qk_hot_month *m, const qk_hot_asked *a, qk_arena *arena, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    qk_hotgrid_point *list = qk_arena_array(arena, POINTS_MAX, sizeof *list);
    if (!list) return qk_fail(err, QK_ENOMEM, "no memory for what cars measured");
    QK_TRY(qk_db_prepare(&s, a->db,
                         "SELECT hour,lon,lat,total/n FROM car_hour WHERE factor=? AND hour>=? AND"
                         " hour<? ORDER BY hour,lon,lat LIMIT ?",
                         err));
    qk_db_bind_str(s, 1, a->factor);
    sqlite3_bind_int64(s, 2, m->from);
    sqlite3_bind_int64(s, 3, m->to);
    sqlite3_bind_int64(s, 4, POINTS_MAX);
    while ((code = qk_db_step(a->db, s, err)) == QK_OK)
        list[m->in.points++] = (qk_hotgrid_point){
            {(double)sqlite3_column_int64(s, 1) / 1000, (double)sqlite3_column_int64(s, 2) / 1000},
            (size_t)((sqlite3_column_int64(s, 0) - m->from) / QK_HOUR),
            sqlite3_column_double(s, 3)};
    m->in.point = list;
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_time month_start(int32_t year, int32_t month)
{
    qk_time t = 0;
    const qk_civil c = {.year = year, .month = month, .day = 1};
    return qk_time_of(&t, &c) == QK_OK ? t : 0;
}

static qk_code make_month(qk_hot_month *m, const qk_hot_asked *a, int32_t back, qk_arena *arena,
                          qk_error *err)
{
    int32_t at = a->year * 12 + a->month - 1 - back;
    const qk_hot_frame *f = a->frame;
    *m = (qk_hot_month){.rule = read_rule(a->db),
                        .from = month_start(at / 12, at % 12 + 1),
                        .to = month_start((at + 1) / 12, (at + 1) % 12 + 1)};
    if (m->to > a->now) m->to = qk_floor_hour(a->now);
    if (m->to < m->from) m->to = m->from;
    m->in = (qk_hotgrid_input){.corner = f->corner,
                               .lon_deg = f->lon_deg,
                               .lat_deg = f->lat_deg,
                               .nx = f->nx,
                               .ny = f->ny,
                               .hours = (size_t)((m->to - m->from) / QK_HOUR),
                               .pattern = f->pattern};
    QK_TRY(read_stations(m, a, arena, err));
    QK_TRY(read_cars(m, a, arena, err));
    return qk_hotgrid_run(&m->grid, &m->in, &m->rule, arena, err);
}

qk_code qk_hot_cells_make(qk_hot_month *out, const qk_hot_asked *asked, qk_arena *arena,
                          qk_error *err)
{
    qk_arena scratch;
    qk_code code = QK_OK;
    QK_TRY(make_month(out, asked, 0, arena, err));
    size_t cells = (size_t)out->in.nx * out->in.ny;
    out->months = qk_arena_array(arena, cells, sizeof *out->months);
    if (!out->months) return qk_fail(err, QK_ENOMEM, "no memory for cells");
    for (size_t i = 0; i < cells; i++) out->months[i] = out->grid.cell[i].rank > 0;
    qk_arena_init(&scratch, SCRATCH);
    for (int32_t back = 1; !code && back < asked->months && back < QK_HOT_CELL_MONTHS; back++) {
        qk_hot_month before;
        qk_arena_reset(&scratch);
        code = make_month(&before, asked, back, &scratch, err);
        for (size_t i = 0; !code && i < cells; i++)
            out->months[i] = (uint8_t)(out->months[i] + (before.grid.cell[i].rank > 0));
    }
    qk_arena_clear(&scratch);
    return code;
}

/* ---- cells by name, and their cases ---- */

char *qk_hot_cell_id(char out[QK_HOT_CELL_ID_MAX], const qk_hot_month *m, size_t cell)
{
    qk_place at = qk_hotgrid_middle(&m->in, cell);
    snprintf(out, QK_HOT_CELL_ID_MAX, "%.4f,%.4f", at.lon, at.lat);
    return out;
}

size_t qk_hot_cell_named(const qk_hot_month *m, qk_str id)
{
    qk_place at;
    char name[QK_HOT_CELL_ID_MAX];
    qk_str rest = id, lon = qk_str_cut(&rest, ',');
    if (qk_parse_f64(&at.lon, lon) != QK_OK || qk_parse_f64(&at.lat, rest) != QK_OK)
        return SIZE_MAX;
    size_t cell = qk_hotgrid_cell_of(&m->in, at);
    if (cell == SIZE_MAX || !qk_str_eq(id, qk_str_of(qk_hot_cell_id(name, m, cell))))
        return SIZE_MAX;
    return cell;
}

char *qk_hot_cell_cause(char out[96], const qk_hot_asked *asked, const char *cell)
{
    snprintf(out, 96, "hot_cell/%.*s/%04d-%02d/%s", QK_STR_ARG(asked->factor), asked->year,
             asked->month, cell);
    return out;
}

qk_code qk_hot_cell_case(char id[QK_CASE_ID_MAX], qk_db *db, const char *cause, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    id[0] = '\0';
    QK_TRY(qk_db_prepare(&s, db, "SELECT id FROM case_file WHERE cause=?", err));
    qk_db_bind_str(s, 1, qk_str_of(cause));
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    QK_TRY(code);
    qk_str_copy(id, QK_CASE_ID_MAX, qk_db_text(s, 0));
    sqlite3_reset(s);
    return QK_OK;
}

qk_code qk_hot_cell_open(char id[QK_CASE_ID_MAX], bool *made, qk_db *db, qk_scheduler *s,
                         const qk_hot_asked *asked, const qk_hot_month *m, size_t cell, qk_str by,
                         qk_time now, qk_error *err)
{
    char name[QK_HOT_CELL_ID_MAX], cause[96], object[64], title[300], division[16];
    qk_unit unit = {0};
    qk_arena scratch;
    const qk_hotgrid_cell *c = &m->grid.cell[cell];
    if (!c->rank) return qk_fail(err, QK_EINVAL, "that cell is not hot in this month");
    qk_place at = qk_hotgrid_middle(&m->in, cell);
    qk_arena_init(&scratch, SCRATCH);
    bool known = qk_area_of(division, asked->registry, at.lon, at.lat, &scratch) &&
                 qk_area_unit(&unit, asked->registry, qk_str_of(division), &scratch);
    qk_arena_clear(&scratch);
    qk_hot_cell_id(name, m, cell);
    snprintf(object, sizeof object, "cell/%s", name);
    snprintf(
        title, sizeof title,
        "热点网格 %s（%s）：%04d年%d月 %s 高于周边 %.0f ug/m3，列第 %u 位，近 %d 个月 %u 次上榜",
        name, known ? unit.name_zh : "乡镇待定", asked->year, asked->month,
        qk_str_eq(asked->factor, QK_STR("a34002")) ? "PM10" : "PM2.5", c->excess, c->rank,
        asked->months, m->months[cell]);
    const qk_case_new what = {.kind = QK_STR("hot_cell"),
                              .cause = qk_str_of(qk_hot_cell_cause(cause, asked, name)),
                              .object = qk_str_of(object),
                              .unit = qk_str_of(unit.id),
                              .title = qk_str_of(title),
                              .text = qk_str_of(title)};
    return qk_case_open(id, made, db, s, &what, by, now, err);
}
