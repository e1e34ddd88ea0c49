/* SPDX-License-Identifier: Apache-2.0 */
/* A night's forecast from imported days to the page's documents; edits, minute, public text. */
#include "air_rig.h"
#include "plan_rig.h"
#include "schema_check.h"
#include <poll.h>

#define FORECAST "/api/v1/forecast"

static double wind_of(int32_t day)
{
    uint64_t seed = (uint64_t)day;
    return 1 + (double)(qk_test_random(&seed) % 50) / 10;
}

/* A hundred days to 2026-11-21 whose particles hang on the wind. */
static void import_days(rig *r)
{
    char date[QK_TIME_TEXT];
    qk_buf body;
    qk_time last = time_of("2026-11-21T00:00:00");
    qk_buf_init(&body, 1 << 20);
    qk_buf_puts(&body, "{\"source\":\"年报\",\"csv\":\"site,date,SO2,NO2,CO,O3,PM10,PM2.5\\n");
    for (qk_time t = last - 99 * QK_DAY; t <= last; t += QK_DAY) {
        double pm = 200 / wind_of(qk_day_number(t));
        qk_buf_printf(&body, "air1,%s,10,30,0.9,90,%.0f,%.0f\\n", qk_date_iso(date, t), pm + 30,
                      pm);
    }
    qk_buf_puts(&body, "\"}");
    assert_ok(body.failed);
    const qk_json_value *d = changed(r, "POST", "/api/v1/air/history", body.ptr);
    assert_json(d, "rows", "100");
    d = rig_document(r, "/api/v1/air/periods?scope=county&year=2026");
    assert_json(d, "levels/imported", "100");
    qk_buf_clear(&body);
}

static void import_weather(rig *r)
{
    char date[QK_TIME_TEXT];
    qk_buf body;
    qk_time last = time_of("2026-11-22T00:00:00");
    qk_buf_init(&body, 1 << 20);
    qk_buf_puts(&body, "{\"csv\":\"issued,lead,wind_ms\\n");
    for (qk_time t = last - 100 * QK_DAY; t <= last; t += QK_DAY)
        for (int l = 1; l <= 3; l++)
            qk_buf_printf(&body, "%s,%d,%.1f\\n", qk_date_iso(date, t), l,
                          wind_of(qk_day_number(t) + l));
    qk_buf_puts(&body, "\"}");
    assert_ok(body.failed);
    const qk_json_value *d = changed(r, "POST", FORECAST "/weather", body.ptr);
    assert_json(d, "rows", "303");
    qk_buf_clear(&body);
}

/* Asks until the forecast of a day of issue is there: the refit runs in a thread of its own. */
static void await(rig *r, const char *path, const char *issued)
{
    for (int tries = 0; tries < 2000; tries++) {
        reply got = rig_get(r, path);
        if (got.status == 200 && rig_is(rig_json(r, &got), "forecast/issued", issued)) return;
        poll(NULL, 0, 50);
    }
    fail_msg("no forecast of %s at %s", issued, path);
}

/* The minute of 2026-11-22 is signed: a warning from it names it, and it names the warning. */
static void warn_from_the_minute(rig *r)
{
    refused(r, "POST", "/api/v1/warnings",
            "{\"issued\":\"2026-11-21\",\"level\":\"yellow\",\"reason\":\"x\",\"person\":\"w\"}",
            409, "signed");
    refused(r, "POST", "/api/v1/warnings",
            "{\"issued\":\"2026-11-22\",\"level\":\"yellow\",\"person\":\"w\"}", 422, "reason");
    const qk_json_value *d =
        changed(r, "POST", "/api/v1/warnings",
                "{\"issued\":\"2026-11-22\",\"level\":\"yellow\",\"from\":\"2026-11-23\",\"to\":"
                "\"2026-11-24\",\"reason\":\"市级调度令\",\"person\":\"王\"}");
    assert_json(d, "id", "W20261122-1");
    assert_json(d, "minute/text", "calm");
    assert_json(d, "minute/state", "signed");
    d = rig_document(r, FORECAST "?issued=2026-11-22");
    assert_json(d, "warnings/0/id", "W20261122-1");
    assert_json(d, "warnings/0/minute_version", "1");
    d = changed(r, "POST", "/api/v1/warnings/W20261122-1/steps",
                "{\"action\":\"approve\",\"person\":\"县长\"}");
    assert_json(d, "state", "issued");
    assert_json(d, "steps/1/who", "县长");
    schema_check check = {.api = rig_document(r, "/api/v1/openapi.json")};
    const qk_json_value *shape = rig_at(check.api, "components/schemas/Warning");
    if (!schema_fits(&check, shape, rig_document(r, "/api/v1/warnings/W20261122-1"), "warning"))
        fail_msg("%s", check.fault);
    d = rig_document(r, "/api/v1/warnings?from=2026-11-24&to=2026-11-30");
    assert_json(d, "items/0/state", "issued");
    assert_int_equal(rig_at(rig_document(r, "/api/v1/warnings?from=2026-11-25"), "items")->count,
                     0);
    assert_int_equal(rig_get(r, "/api/v1/warnings/W1").status, 404);
}

static void test_forecast__a_night_is_made_edited_signed_and_published(void **state)
{
    (void)state;
    rig r;
    qk_error err = {0};
    start(&r);
    import_days(&r);
    import_weather(&r);
    assert_int_equal(rig_get(&r, FORECAST).status, 404);
    assert_done(qk_node_set_clock(r.node, time_of("2026-11-23T01:00:00"), 0, &err), &err);
    await(&r, FORECAST "?place=air1", "2026-11-22");
    const qk_json_value *d = rig_document(&r, FORECAST);
    assert_json(d, "forecast/issued", "2026-11-22");
    assert_json(d, "forecast/version", "1");
    assert_json(d, "forecast/kind", "guidance");
    assert_json(d, "forecast/on_time", "true");
    assert_json(d, "forecast/days/0/date", "2026-11-23");
    assert_int_equal(rig_at(d, "forecast/days")->count, 15);
    assert_int_equal(rig_at(d, "minute")->type, QK_JSON_NULL);
    int64_t aqi = 0;
    double pm = 200 / wind_of(qk_day_number(time_of("2026-11-23T12:00:00")));
    assert_true(qk_json_get_i64(rig_at(d, "forecast/days/0"), "aqi", &aqi));
    if (!(pm > 75 ? aqi > 75 : aqi < 130)) fail_msg("PM2.5 %.0f, AQI %lld", pm, (long long)aqi);
    refused(&r, "POST", FORECAST "/edit",
            "{\"issued\":\"2026-11-22\",\"row_version\":1,\"reason\":\"\",\"days\":[]}", 422,
            "reason");
    d = changed(&r, "POST", FORECAST "/edit",
                "{\"issued\":\"2026-11-22\",\"row_version\":1,\"reason\":\"cold front\",\"days\":["
                "{\"lead\":2,\"aqi_low\":60,\"aqi\":70,\"aqi_high\":80,\"primary\":\"PM10\"}]}");
    assert_json(d, "row_version", "2");
    d = rig_document(&r, FORECAST "/history?issued=2026-11-22");
    assert_json(d, "items/0/on_time", "true");
    assert_json(d, "items/1/on_time", "false");
    assert_json(d, "items/1/reason", "cold front");
    assert_json(d, "items/1/days/1/aqi", "70");
    changed(&r, "POST", FORECAST "/minute",
            "{\"issued\":\"2026-11-22\",\"row_version\":0,\"text\":\"calm\",\"sign\":true}");
    refused(&r, "POST", FORECAST "/minute",
            "{\"issued\":\"2026-11-22\",\"row_version\":1,\"text\":\"windy\"}", 409, "signed");
    warn_from_the_minute(&r);
    assert_done(qk_node_set_clock(r.node, time_of("2026-11-23T20:01:00"), 0, &err), &err);
    d = rig_document(&r, FORECAST "?issued=2026-11-22");
    assert_json(d, "minute/state", "signed");
    assert_json(d, "public/date", "2026-11-23");
    assert_non_null(strstr(qk_arena_copy(&r.arena, rig_at(d, "public/text/zh")->text.ptr,
                                         rig_at(d, "public/text/zh")->text.len),
                           "2026-11-24：AQI 60～80，良，首要污染物PM10"));
    d = rig_document(&r, FORECAST "/scores?from=2026-11-22&to=2026-11-22");
    assert_json(d, "issued", "1");
    assert_json(d, "on_time", "1");
    assert_json(d, "edited", "1");
    rig_stop(&r);
}

static void test_forecast__bad_weather_is_refused_with_its_line(void **state)
{
    (void)state;
    rig r;
    start(&r);
    refused(&r, "POST", FORECAST "/weather", "{\"csv\":\"issued,wind\\n2026-11-21,3\\n\"}", 422,
            "lead");
    refused(&r, "POST", FORECAST "/weather",
            "{\"csv\":\"issued,lead,wind\\n2026-11-21,1,strong\\n\"}", 422, "no number");
    refused(&r, "POST", FORECAST "/weather", "{\"csv\":\"issued,lead,wind\\n2026-11-21,17,3\\n\"}",
            422, "lead");
    refused(&r, "POST", FORECAST "/edit",
            "{\"issued\":\"2026-11-21\",\"row_version\":1,\"reason\":\"x\",\"days\":[]}", 404, "");
    rig_stop(&r);
}

static reply send_file(rig *r, const char *query, const char *text)
{
    char path[100], key[24];
    static int n;
    snprintf(path, sizeof path, FORECAST "/weather/file%s", query);
    snprintf(key, sizeof key, "file%d", n++);
    return rig_upload(r, path, "text/csv", qk_str_of(text), key);
}

static void assert_refused(rig *r, const char *text, const char *why)
{
    reply got = send_file(r, "?commit", text);
    assert_int_equal(got.status, 422);
    if (!strstr(got.body, "bad_file") || !strstr(got.body, why)) fail_msg("%s", got.body);
}

static void test_forecast__a_weather_file_is_looked_at_then_taken(void **state)
{
    (void)state;
    rig r;
    static const char text[] = "issued,lead,date,lon,lat,wind_ms,rain_mm\n"
                               "2026-11-20,1,2026-11-21,112.52,35.2,3,\n"
                               "2026-11-21,2,2026-11-23,112.52,35.2,4,\n";
    start(&r);
    reply got = send_file(&r, "", text);
    if (got.status != 200) fail_msg("%d %.400s", got.status, got.body);
    const qk_json_value *d = rig_json(&r, &got);
    assert_json(d, "committed", "false");
    assert_json(d, "added", "2");
    assert_json(d, "columns/0", "wind_ms");
    assert_json(d, "columns/1", "absent"); /* of which nothing is there */
    got = send_file(&r, "?commit&name=w.csv", text);
    d = rig_json(&r, &got);
    assert_json(d, "committed", "true");
    assert_json(d, "added", "2");
    assert_json(d, "first_issue", "2026-11-20");
    assert_json(d, "last_lead", "2");
    got = send_file(&r, "", text);
    d = rig_json(&r, &got);
    assert_json(d, "added", "0");
    assert_json(d, "kept", "2");
    assert_refused(&r, "issued,lead,lon,lat,wind_ms\n2026-11-20,1,70,35,3\n", "别处的气象");
    assert_refused(&r, "issued,lead,wind_ms\n2027-11-20,1,3\n", "issued in the future");
    assert_refused(&r, "issued,lead,date,wind_ms\n2026-11-20,1,2025-11-21,3\n",
                   "the date is not issued + lead");
    assert_refused(&r, "GRIB\1\1\1\2 and no more", "file: ");
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_forecast__a_night_is_made_edited_signed_and_published),
        qk_dir_test(test_forecast__bad_weather_is_refused_with_its_line),
        qk_dir_test(test_forecast__a_weather_file_is_looked_at_then_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
