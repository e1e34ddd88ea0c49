/* SPDX-License-Identifier: Apache-2.0 */
/* The hot-spot grid of a month, its cars, and the case of a cell for the township it lies in. */
#include "air_rig.h"
#include "domain/people.h"
#include "schema_check.h"

#define GRID "/api/v1/hotgrid"

enum { HOURS = 80 };

/* Two townships with outlines that meet between the third and the fourth station. */
static qk_code put_people(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    (void)db, (void)context;
    qk_registry *r = qk_node_registry(node);
    static const struct {
        const char *code, *zh, *outline;
    } areas[] = {
        {"410001", "东河镇",
         "{\"type\":\"Polygon\",\"coordinates\":[[[112.4,35.1],[112.525,35.1],[112.525,35.3],"
         "[112.4,35.3],[112.4,35.1]]]}"},
        {"410002", "西河镇",
         "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[112.525,35.1],[112.6,35.1],"
         "[112.6,35.3],[112.525,35.3],[112.525,35.1]]]]}"}};
    for (int i = 0; i < 2; i++) {
        char outline[300];
        qk_division d;
        qk_unit u = {.kind = "township"};
        qk_division_init(&d);
        snprintf(outline, sizeof outline, "%s", areas[i].outline);
        snprintf(d.code, sizeof d.code, "%s", areas[i].code);
        snprintf(d.parent, sizeof d.parent, "410000");
        snprintf(d.kind, sizeof d.kind, "township");
        snprintf(d.name_zh, sizeof d.name_zh, "%s", areas[i].zh);
        d.geometry = outline;
        QK_TRY(qk_registry_put_division(r, &d, QK_STR("test"), now, err));
        snprintf(u.id, sizeof u.id, "town-%d", i + 1);
        snprintf(u.name_zh, sizeof u.name_zh, "%s人民政府", areas[i].zh);
        snprintf(u.division, sizeof u.division, "%s", areas[i].code);
        QK_TRY(qk_people_put_unit(r, &u, 0, QK_STR("test"), now, err));
    }
    return QK_OK;
}

/* The fourth station stands 60 ug/m3 above the others, hour after hour. */
static void send_month(rig *r)
{
    char segment[300], time[QK_TIME_TEXT];
    qk_time start = time_of("2026-11-18T00:00:00");
    for (int h = 0; h < HOURS; h++)
        for (int i = 1; i <= STATIONS; i++) {
            double v = 90 + (h * 7 + i * 3) % 9 + (i == 4 ? 60 : 0);
            snprintf(segment, sizeof segment,
                     "QN=20261122100500000;ST=22;CN=2061;PW=123456;MN=ST%d;Flag=5;CP=&&DataTime=%s;"
                     "a34002-Avg=%.1f,a34002-Flag=N;a34004-Avg=%.1f,a34004-Flag=N&&",
                     i, qk_time_compact14(time, start + h * QK_HOUR), v, v / 3);
            rig_frame(r, segment);
        }
    rig_settle(r);
}

static void test_S171_hotgrid__the_hot_cell_has_a_case_with_its_township(void **state)
{
    (void)state;
    rig r;
    qk_error err = {0};
    start(&r);
    assert_done(qk_node_call(r.node, put_people, NULL, &err), &err);
    send_month(&r);
    const qk_json_value *d = rig_document(&r, GRID "?month=2026-11&months=2");
    schema_check check = {.api = rig_document(&r, "/api/v1/openapi.json")};
    if (!schema_fits(&check, rig_at(check.api, "components/schemas/HotGrid"), d, "grid"))
        fail_msg("%s", check.fault);
    assert_json(d, "stations", "5");
    assert_json(d, "items/0/rank", "1");
    assert_json(d, "items/0/kind", "measured");
    assert_json(d, "items/0/division", "410002");
    assert_json(d, "items/0/unit", "town-2");
    assert_json(d, "items/0/hot_hours", "80");
    assert_json(d, "items/0/months", "1");
    assert_int_equal(rig_at(d, "items/0/case")->type, QK_JSON_NULL);
    const char *cell =
        qk_arena_printf(&r.arena, "%.*s", QK_STR_ARG(rig_at(d, "items/0/cell")->text));
    const char *body = qk_arena_printf(
        &r.arena, "{\"month\":\"2026-11\",\"cell\":\"%s\",\"person\":\"王\"}", cell);
    d = changed(&r, "POST", GRID "/cases", body);
    assert_json(d, "kind", "hot_cell");
    assert_json(d, "unit", "town-2");
    assert_json(d, "state", "found");
    const char *id = qk_arena_printf(&r.arena, "%.*s", QK_STR_ARG(rig_at(d, "id")->text));
    assert_json(changed(&r, "POST", GRID "/cases", body), "id", id); /* once for a month */
    assert_json(rig_document(&r, GRID "?month=2026-11"), "items/0/case", id);
    refused(&r, "POST", GRID "/cases", "{\"cell\":\"112.5,35.1\",\"person\":\"王\"}", 404, "cell");
    assert_int_equal(rig_get(&r, GRID "?month=2026-13").status, 400);
    rig_stop(&r);
}

static void track_refused(rig *r, const char *csv, const char *words)
{
    reply got = rig_upload(r, GRID "/tracks?commit", "text/csv", qk_str_of(csv), words);
    assert_int_equal(got.status, 422);
    assert_non_null(strstr(got.body, words));
}

static void test_S171_hotgrid__a_car_finds_what_no_station_sees(void **state)
{
    (void)state;
    rig r;
    qk_buf body;
    start(&r);
    send_month(&r);
    qk_buf_init(&body, 1 << 16);
    qk_buf_puts(&body, "time,lon,lat,PM10\n");
    for (int day = 18; day < 21; day++)
        for (int k = 0; k < 20; k++)
            qk_buf_printf(&body, "2026-11-%02dT09:%02d:00,112.4951,35.2121,%d\n", day, k, 300 + k);
    qk_buf_puts(&body, "2026-11-19T09:00:00,112.4951,35.2121,x\n"
                       "2026-11-19T09:00:00,118.5,35.2121,80\n2026-11-19T09:00:00,112.5,35.2,\n");
    reply got = rig_upload(&r, GRID "/tracks?name=a.csv", "text/csv", qk_buf_str(&body), "look");
    assert_int_equal(got.status, 200);
    const qk_json_value *seen = rig_json(&r, &got);
    schema_check check = {.api = rig_document(&r, "/api/v1/openapi.json")};
    if (!schema_fits(&check, rig_at(check.api, "components/schemas/CarTrackTaken"), seen, "track"))
        fail_msg("%s", check.fault);
    assert_json(seen, "committed", "false");
    assert_json(seen, "rows", "60");
    assert_json(seen, "refused", "3");
    assert_json(seen, "refusals/0/line", "62");
    assert_json(seen, "refusals/0/column", "4");
    assert_json(seen, "refusals/1/code", "far");
    assert_json(rig_document(&r, GRID "?month=2026-11&months=1"), "points", "0");
    got = rig_upload(&r, GRID "/tracks?commit&name=a.csv", "text/csv", qk_buf_str(&body), "track");
    assert_int_equal(got.status, 200);
    assert_json(rig_json(&r, &got), "committed", "true");
    got = rig_upload(&r, GRID "/tracks?commit&name=b.csv", "text/csv", qk_buf_str(&body), "again");
    assert_int_equal(got.status, 409);
    const qk_json_value *list = rig_document(&r, GRID "/tracks");
    if (!schema_fits(&check, rig_at(check.api, "components/schemas/CarTrackList"), list, "tracks"))
        fail_msg("%s", check.fault);
    assert_json(list, "items/0/name", "a.csv");
    assert_json(list, "items/0/rows", "60");
    assert_json(list, "items/0/factors", "PM10");
    assert_null(rig_at(list, "items/1"));
    qk_buf_clear(&body);
    const qk_json_value *d = rig_document(&r, GRID "?month=2026-11&months=1");
    assert_json(d, "points", "3"); /* one for a place and hour */
    assert_json(d, "items/0/passes", "3");
    assert_json(d, "items/1/passes", "0");
    double lon = 0, lat = 0;
    assert_true(qk_json_get_f64(rig_at(d, "items/0"), "lon", &lon) && lon < 112.51);
    assert_true(qk_json_get_f64(rig_at(d, "items/0"), "lat", &lat) && lat > 35.2);
    track_refused(&r, "time,lon,lat,PM10\n2026-11-18T09:00:00,x,35,1\n", "place in degrees");
    track_refused(&r, "time,lon,PM10\n", "columns");
    track_refused(&r, "time,lon,lat,PM10\n2027-11-18T09:00:00,112,35,1\n", "future");
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S171_hotgrid__the_hot_cell_has_a_case_with_its_township),
        qk_dir_test(test_S171_hotgrid__a_car_finds_what_no_station_sees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
