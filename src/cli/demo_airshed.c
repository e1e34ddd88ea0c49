/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo_airshed.h"
#include "domain/airshed.h"
#include "sim/county_air.h"
#include <math.h>
#include <stdio.h>

#define BY QK_STR("demo")
enum { ARENA = 16 << 20, YEAR = 365 };

typedef struct loading {
    const qk_sim_county *county;
    qk_file_id weather;
    qk_arena arena;
} loading;

static qk_code put_number(qk_str *out, double v, qk_arena *arena)
{
    char text[32];
    if (v == 0) return QK_OK;
    int n = snprintf(text, sizeof text, "%.6g", v);
    *out = (qk_str){qk_arena_copy(arena, text, (size_t)n), (size_t)n};
    return out->ptr ? QK_OK : QK_ENOMEM;
}

static qk_code put_source(qk_db *db, const qk_ledger_type *type, const qk_sim_emission *e,
                          qk_time now, qk_arena *arena, qk_error *err)
{
    qk_str v[QK_LEDGER_FIELDS] = {0};
    int64_t id = 0;
    bool changed;
    const struct {
        const char *field, *text;
        double number;
    } cells[] = {{"name", e->name, 0},
                 {"site", e->site, 0},
                 {"sector", e->sector, 0},
                 {"shape", e->shape, 0},
                 {"active", e->active, 0},
                 {"basis", "虚构数据（演示）", 0},
                 {"lon", NULL, e->lon},
                 {"lat", NULL, e->lat},
                 {"height_m", NULL, e->height_m},
                 {"diameter_m", NULL, e->diameter_m},
                 {"velocity_ms", NULL, e->velocity_ms},
                 {"temperature_c", NULL, e->temperature_c},
                 {"side_m", NULL, e->side_m},
                 {"pm25_t", NULL, e->pm25_t},
                 {"pm10_t", NULL, e->pm10_t},
                 {"so2_t", NULL, e->so2_t},
                 {"nox_t", NULL, e->nox_t},
                 {"voc_t", NULL, e->voc_t},
                 {"nh3_t", NULL, e->nh3_t}};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        size_t at = qk_ledger_field_find(type, qk_str_of(cells[i].field));
        if (at == SIZE_MAX) continue;
        if (cells[i].text)
            v[at] = qk_str_of(cells[i].text);
        else
            QK_TRY(put_number(&v[at], cells[i].number, arena));
    }
    return qk_ledger_put(&id, &changed, db, type, v, -1, QK_TIME_NONE, BY, now, err);
}

static qk_code put_setup(const loading *l, qk_db *db, qk_time now, qk_arena *arena, qk_error *err)
{
    char text[800];
    qk_json_value *setup = NULL;
    snprintf(text, sizeof text,
             "{\"west\":112.96,\"south\":34.79,\"east\":113.48,\"north\":35.18,\"step_km\":1.5,"
             "\"every_h\":11,\"weather\":\"%s\",\"elevation_m\":75,\"wind_height_m\":10,"
             "\"local_share\":{\"PM2.5\":[0.28,0.42]},\"elasticity\":{\"SO2\":[0.03,0.07],"
             "\"NOx\":[0.02,0.12],\"NH3\":[0.05,0.18],\"VOC\":[0.02,0.06]},"
             "\"source\":\"演示虚构：本地贡献与弹性系数须由上级或文献给出\"}",
             l->weather.sha256);
    QK_TRY(qk_json_parse(&setup, qk_str_of(text), arena, err));
    return qk_airshed_setup_put(db, setup, 0, BY, now, err);
}

static qk_code load(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    loading *l = context;
    qk_ledger_type *type = NULL;
    qk_sim_emission e;
    qk_file_use use = {.size = l->weather.size,
                       .taken_at = QK_TIME_NONE,
                       .lon = NAN,
                       .lat = NAN,
                       .recorded_at = now,
                       .object = "airshed/weather",
                       .name = "weather.csv",
                       .recorded_by = "demo"};
    (void)node;
    QK_TRY(qk_ledger_type_get(&type, db, QK_STR(QK_AIRSHED_LEDGER), QK_TIME_NONE, &l->arena, err));
    for (size_t i = 0; qk_sim_emission_of(&e, l->county, i); i++)
        QK_TRY(put_source(db, type, &e, now, &l->arena, err));
    QK_TRY(qk_file_attach(db, &use, &l->weather, err));
    return put_setup(l, db, now, &l->arena, err);
}

qk_code qk_demo_airshed_load(qk_node *node, const qk_sim_county *county, int32_t last_day,
                             qk_error *err)
{
    loading l = {.county = county};
    qk_buf csv;
    qk_arena_init(&l.arena, ARENA);
    qk_buf_init(&csv, QK_AIRSHED_WEATHER_BYTES);
    qk_sim_surface_csv(&csv, county, last_day - YEAR + 1, last_day);
    qk_code code = csv.failed
                       ? qk_fail(err, csv.failed, "no memory for the demo's weather")
                       : qk_files_put(qk_node_files(node), &l.weather, csv.ptr, csv.len, err);
    if (code == QK_OK) code = qk_node_call(node, load, &l, err);
    qk_buf_clear(&csv);
    qk_arena_clear(&l.arena);
    return code;
}
