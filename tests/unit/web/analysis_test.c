/* SPDX-License-Identifier: Apache-2.0 */
/* The studio's plots over HTTP: of stations whose wind and values are known, and of files. */
#include "air_rig.h"
#include "plan_rig.h"
#include <math.h>

enum { HOURS = 20 * 24 };

/* A station with wind beside the five, and one device more that measures nothing there. */
static void import_wind(rig *r)
{
    static const char text[] =
        "{\"sites\":[{\"id\":\"wind1\",\"kind\":\"air_township\",\"name_zh\":\"风站\",\"lon\":112."
        "52,"
        "\"lat\":35.21},{\"id\":\"far1\",\"kind\":\"air_township\",\"name_zh\":\"远站\",\"lon\":"
        "118.5,"
        "\"lat\":35.2}],\"devices\":[{\"mn\":\"WIND1\",\"site\":\"wind1\",\"st\":\"22\","
        "\"sends_hours\":true}],\"factors\":["
        "{\"mn\":\"WIND1\",\"code\":\"a34004\",\"item\":\"PM2.5\",\"unit\":\"ug/m3\"},"
        "{\"mn\":\"WIND1\",\"code\":\"a01007\"},{\"mn\":\"WIND1\",\"code\":\"a01008\"}]}";
    char copy[sizeof text];
    qk_error err = {0};
    memcpy(copy, text, sizeof text);
    assert_done(qk_node_call(r->node, rig_import, copy, &err), &err);
}

/* 80 from the north-east, 20 from the north and the west; every 50th hour is calm, every 60th
 * flagged, every 70th below zero; a gap of three days. */
static void send_wind(rig *r)
{
    char segment[600], time[QK_TIME_TEXT];
    qk_time first = time_of("2026-11-02T00:00:00");
    for (int h = 0; h < HOURS; h++) {
        double wd = h % 3 == 0 ? 45 : h % 3 == 1 ? h % 2 * 360 : 180 + h * 7 % 17 * 10;
        double ws = h % 50 == 0 ? 0 : 1 + 0.7 * (h % 7);
        double value = h % 70 == 69 ? -3 : wd == 45 ? 80 : 20;
        if (h >= 100 && h < 172) continue;
        snprintf(segment, sizeof segment,
                 "QN=20261122100500000;ST=22;CN=2061;PW=123456;MN=WIND1;Flag=5;CP=&&DataTime=%s;"
                 "a34004-Avg=%.1f,a34004-Flag=%s;a01007-Avg=%.1f,a01007-Flag=N;"
                 "a01008-Avg=%.0f,a01008-Flag=N&&",
                 qk_time_compact14(time, first + h * QK_HOUR), value, h % 60 == 59 ? "D" : "N", ws,
                 wd);
        rig_frame(r, segment);
    }
}

static void start_with_wind(rig *r)
{
    start(r);
    import_wind(r);
    send_wind(r);
    send_days(r, "2026-11-20T00:00:00", 48);
    rig_settle(r);
}

#define PERIOD "&factor=a34004&from=2026-11-02&to=2026-11-22"

/* Nothing that is no number stands in any answer. */
static const qk_json_value *plot(rig *r, const char *kind, const char *rest)
{
    char path[300];
    snprintf(path, sizeof path, "/api/v1/analysis/%s?site=%s", kind, rest);
    reply got = rig_get(r, path);
    if (got.status != 200) fail_msg("%s: %d %.300s", path, got.status, got.body);
    if (strstr(got.body, "nan") || strstr(got.body, "inf")) fail_msg("%s: %s", path, got.body);
    return rig_json(r, &got);
}

static void test_analysis__a_rose_knows_where_it_came_from(void **state)
{
    (void)state;
    rig r;
    start_with_wind(&r);
    const qk_json_value *d = plot(&r, "percentile_rose", "wind1" PERIOD);
    assert_json(d, "hours/asked", "480");
    assert_json(d, "hours/used", "401");
    assert_json(d, "hours/dropped/0/why", "no_value");
    assert_json(d, "hours/dropped/0/n", "72");
    assert_json(d, "hours/dropped/1/why", "flagged");
    assert_json(d, "hours/dropped/1/n", "7");
    assert_json(d, "weather/site", "wind1");
    assert_json(d, "weather/distance_m", "0");
    assert_json(d, "plot/sectors/1/wd", "45");
    assert_json(d, "plot/sectors/1/percentiles/2", "80");
    /* 0 and 360 are one north, and the last sector. */
    assert_json(d, "plot/sectors/15/wd", "360");
    assert_json(d, "plot/sectors/15/percentiles/2", "20");
    assert_json(d, "plot/sectors/3/mean", "null");
    assert_json(d, "plot/calm", "8");
    /* Wind of the neighbour, which is named. */
    d = plot(&r, "pollution_rose", "st1" PERIOD);
    assert_json(d, "weather/site", "wind1");
    assert_json(d, "hours/used", "48");
    d = plot(&r, "polar", "far1" PERIOD);
    assert_json(d, "plot", "null");
    assert_json(d, "reason", "no_factor");
    rig_stop(&r);
}

static void test_analysis__every_plot_answers_or_says_why_not(void **state)
{
    (void)state;
    rig r;
    start_with_wind(&r);
    static const struct {
        const char *kind, *there; /* a member of plot; NULL = too little for it */
    } kinds[] = {{"wind_rose", "plot/sectors/0/wd"},
                 {"pollution_rose", "plot/breaks/0"},
                 {"polar", "plot/reach"},
                 {"polar&statistic=cpf", "plot/threshold"},
                 {"polar&statistic=nwr", "plot/side"},
                 {"annulus", "plot/values"},
                 {"trend", NULL},
                 {"normalised", NULL},
                 {"time", "plot/hour/23/1"},
                 {"calendar", "plot/days/3/mean"},
                 {"trajectories", "plot/items/0/places"},
                 {"clusters&clusters=2&hours=3", "plot/clusters/0/n"},
                 {"cells", "plot/cells/0"}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(kinds); i++) {
        char kind[40], rest[200];
        const char *more = strchr(kinds[i].kind, '&');
        size_t len = more ? (size_t)(more - kinds[i].kind) : strlen(kinds[i].kind);
        snprintf(kind, sizeof kind, "%.*s", (int)len, kinds[i].kind);
        snprintf(rest, sizeof rest, "wind1" PERIOD "%s", more ? more : "");
        const qk_json_value *d = plot(&r, kind, rest);
        if (!kinds[i].there) {
            assert_json(d, "reason", "short");
            continue;
        }
        if (!rig_at(d, kinds[i].there)) fail_msg("%s has no %s", kind, kinds[i].there);
        assert_json(d, "reason", "null");
        if (strcmp(kind, "calendar") == 0) assert_json(d, "plot/days/5/mean", "null");
    }
    rig_stop(&r);
}

static void test_analysis__what_cannot_be_asked_is_refused(void **state)
{
    (void)state;
    rig r;
    start_with_wind(&r);
    static const struct {
        const char *path;
        int status;
    } bad[] = {{"/api/v1/analysis/pie?site=wind1", 404},
               {"/api/v1/analysis/polar?site=nowhere", 404},
               {"/api/v1/analysis/polar?site=outlet1", 422},
               {"/api/v1/analysis/polar", 400},
               {"/api/v1/analysis/polar?site=wind1&percentile=100", 400},
               {"/api/v1/analysis/polar?site=wind1&from=2001-01-01", 400},
               {"/api/v1/analysis/cells?site=wind1&from=2026-01-01", 400}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(bad); i++) {
        reply got = rig_get(&r, bad[i].path);
        if (got.status != bad[i].status) fail_msg("%s: %d", bad[i].path, got.status);
    }
    rig_stop(&r);
}

static reply post_file(rig *r, const char *path, const char *text)
{
    qk_buf request;
    reply got;
    qk_buf_init(&request, 4 << 20);
    qk_buf_printf(&request,
                  "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: "
                  "Bearer %s\r\nIdempotency-Key: f%d\r\nContent-Type: text/csv\r\n"
                  "Content-Length: %zu\r\n\r\n%s",
                  path, r->key, (int)++key_number, strlen(text), text);
    rig_send(r, &got, request.ptr, request.len, 10000);
    qk_buf_clear(&request);
    return got;
}

static void test_analysis__a_file_is_drawn_or_refused_by_line(void **state)
{
    (void)state;
    rig r;
    start(&r);
    reply got = post_file(&r, "/api/v1/analysis/time?factor=nox",
                          "date,ws,wd,o3,nox\n2003-01-01 00:00,1,10,5,100\n"
                          "2003-01-01 01:00,,NA,5,300\n2003-01-01 02:00,1,10,5,\n");
    assert_int_equal(got.status, 200);
    const qk_json_value *d = rig_json(&r, &got);
    assert_json(d, "hours/used", "2");
    assert_json(d, "plot/month/0/1", "200");
    assert_json(d, "site", "null");
    got = post_file(&r, "/api/v1/analysis/wind_rose", "date,ws,wd,x\n2003-01-01,a,10,5\n");
    assert_int_equal(got.status, 422);
    assert_non_null(strstr(got.body, "line 2, column 2"));
    got = post_file(&r, "/api/v1/analysis/polar", "date,nox\n2003-01-01,5\n");
    assert_int_equal(got.status, 422);
    assert_non_null(strstr(got.body, "'ws'"));
    got = post_file(&r, "/api/v1/analysis/cells", "date,nox\n2003-01-01,5\n");
    assert_int_equal(got.status, 422);
    /* Every value missing: told, not drawn. */
    got = post_file(&r, "/api/v1/analysis/polar", "date,ws,wd,x\n2003-01-01,1,10,NA\n");
    assert_int_equal(got.status, 200);
    assert_json(rig_json(&r, &got), "reason", "no_value");
    rig_stop(&r);
}

/* Two sources of four species over 80 hours. */
static void write_matrix(qk_buf *out, double scale)
{
    qk_buf_puts(out, "date,SO4,NO3,EC,Mass");
    for (int h = 0; h < 80; h++) {
        double a = h % 7, b = h * 5 % 11;
        qk_buf_printf(out, "\\n2026-11-%02dT%02d:00,%.3f,%.3f,%.3f,%.3f", 1 + h / 24, h % 24,
                      scale * (a + 0.1), scale * b, scale * (0.2 * a + 0.5 * b),
                      scale * (2 * a + 3 * b + 0.1));
    }
    qk_buf_puts(out, "\\n");
}

static void write_run(qk_buf *out, const char *options)
{
    qk_buf_init(out, 1 << 20);
    qk_buf_printf(out, "{%s,\"title\":\"t\",\"con\":\"", options);
    write_matrix(out, 1);
    qk_buf_puts(out, "\",\"unc\":\"");
    write_matrix(out, 0.1);
    qk_buf_puts(out, "\"}");
}

static const qk_json_value *wait_for_run(rig *r, int id)
{
    char path[80];
    const qk_json_value *d = NULL;
    snprintf(path, sizeof path, "/api/v1/receptor/runs/%d", id);
    for (int tries = 0; tries < 20000; tries++) {
        d = rig_document(r, path);
        if (!rig_is(d, "state", "waiting") && !rig_is(d, "state", "running")) return d;
        qk_arena_reset(&r->arena);
    }
    fail_msg("the run did not end");
    return d;
}

static void test_receptor__a_run_of_two_files_is_watched_and_stopped(void **state)
{
    (void)state;
    rig r;
    qk_buf body, long_body;
    start(&r);
    write_run(&body, "\"factors\":2,\"runs\":3,\"bootstraps\":3");
    write_run(&long_body, "\"factors\":3,\"runs\":100,\"bootstraps\":200,\"displacement\":true");
    reply got = rig_change(&r, "POST", "/api/v1/receptor/runs", body.ptr, "run1");
    if (got.status != 202) fail_msg("%d %.300s", got.status, got.body);
    assert_json(rig_json(&r, &got), "id", "1");
    const qk_json_value *d = wait_for_run(&r, 1);
    assert_json(d, "state", "done");
    assert_json(d, "samples", "80");
    assert_json(d, "result/total", "Mass");
    assert_non_null(rig_at(d, "result/factors/1/profile/3/explained"));
    assert_json(d, "result/factors/0/polar", "null");
    assert_json(d, "program", QK_VERSION);
    assert_json(d, "result/split/reason", "short");
    assert_non_null(rig_at(d, "result/fpeak/3/factors/1/profile/3"));
    /* What is over is not stopped any more; what is not there is told. */
    got = rig_change(&r, "DELETE", "/api/v1/receptor/runs/1", "{}", "run2");
    assert_int_equal(got.status, 200);
    assert_json(rig_document(&r, "/api/v1/receptor/runs"), "items/0/state", "done");
    assert_int_equal(rig_change(&r, "DELETE", "/api/v1/receptor/runs/9", "{}", "run3").status, 404);
    got = rig_change(&r, "POST", "/api/v1/receptor/runs", "{\"con\":\"d,a,b\\n1,x,2\"}", "run4");
    assert_int_equal(got.status, 422);
    got = rig_change(&r, "POST", "/api/v1/receptor/runs", "{\"site\":\"st1\"}", "run5");
    assert_int_equal(got.status, 422);
    got = rig_change(&r, "POST", "/api/v1/receptor/runs", "{\"factors\":99}", "run6");
    assert_int_equal(got.status, 400);
    got = rig_get(&r, "/api/v1/receptor/runs/1/report.docx");
    assert_int_equal(got.status, 200);
    assert_memory_equal(got.body, "PK", 2);
    assert_json(rig_document(&r, "/api/v1/receptor/profiles"), "sha256", "null");
    /* A restart: what was found stands, what ran is broken off. */
    got = rig_change(&r, "POST", "/api/v1/receptor/runs", long_body.ptr, "run7");
    if (got.status != 202) fail_msg("%d %.300s", got.status, got.body);
    rig_stop(&r);
    start(&r);
    d = rig_document(&r, "/api/v1/receptor/runs");
    assert_json(d, "items/0/state", "broken");
    assert_json(d, "items/1/state", "done");
    d = rig_document(&r, "/api/v1/receptor/runs/1");
    assert_json(d, "title", "t");
    assert_json(d, "result/total", "Mass");
    qk_buf_clear(&body);
    qk_buf_clear(&long_body);
    rig_stop(&r);
}

/* What a forecast north-east wind asks to be looked after. */
static void test_S049_hotspots__a_forecast_north_east_wind_selects_sources_there_only(void **state)
{
    (void)state;
    rig r;
    static const char text[] =
        "{\"sites\":[{\"id\":\"ne1\",\"kind\":\"dust\",\"lon\":112.535,\"lat\":35.222},"
        "{\"id\":\"sw1\",\"kind\":\"dust\",\"lon\":112.512,\"lat\":35.204},"
        "{\"id\":\"nw1\",\"kind\":\"outlet\",\"lon\":112.505,\"lat\":35.222},"
        "{\"id\":\"far2\",\"kind\":\"outlet\",\"lon\":112.62,\"lat\":35.29}]}";
    char copy[sizeof text];
    qk_error err = {0};
    start(&r);
    import_wind(&r);
    memcpy(copy, text, sizeof text);
    assert_done(qk_node_call(r.node, rig_import, copy, &err), &err);
    reply got = rig_change(&r, "POST", "/api/v1/forecast/weather",
                           "{\"csv\":\"issued,lead,u_ms,v_ms\\n2026-11-21,1,3,3\\n"
                           "2026-11-21,2,-2,-2\\n2026-11-22,2,0,0\\n\",\"person\":\"甲\"}",
                           "fw1");
    if (got.status != 200) fail_msg("%d %.300s", got.status, got.body);
    const qk_json_value *d = rig_document(&r, "/api/v1/hotspots/sector?site=wind1&date=2026-11-23");
    assert_json(d, "wind_from", "45");
    assert_json(d, "issued", "2026-11-21");
    assert_json(d, "items/0/site", "ne1");
    assert_json(d, "items/1", "absent");
    d = rig_document(&r, "/api/v1/hotspots/sector?site=wind1&date=2026-11-22");
    assert_json(d, "items/0/site", "sw1");
    assert_json(d, "items/1/site", "yard");
    assert_json(d, "items/2", "absent");
    /* A forecast calm has no direction, a day without a forecast no wind. */
    reply calm = rig_get(&r, "/api/v1/hotspots/sector?site=wind1&date=2026-11-24");
    reply none = rig_get(&r, "/api/v1/hotspots/sector?site=wind1&date=2026-12-24");
    assert_int_equal(calm.status, 422);
    assert_int_equal(none.status, 422);
    d = rig_document(&r, "/api/v1/hotspots/sector?site=wind1&wind_from=45&km=20");
    assert_json(d, "speed", "null");
    assert_json(d, "items/2/site", "far2");
    rig_stop(&r);
}

/* Two outlets of two owners, a building site and the power meters of the first owner. */
static void import_suspects(rig *r)
{
    static const char text[] =
        "{\"sites\":[{\"id\":\"out1\",\"kind\":\"outlet\",\"owner_zh\":\"甲厂\",\"lon\":112.525,"
        "\"lat\":"
        "35.215},{\"id\":\"out2\",\"kind\":\"outlet\",\"owner_zh\":\"乙厂\",\"lon\":112.53,\"lat\":"
        "35.22},"
        "{\"id\":\"dig\",\"kind\":\"site\",\"lon\":112.527,\"lat\":35.218},"
        "{\"id\":\"pw1\",\"kind\":\"power\",\"owner_zh\":\"甲厂\",\"lon\":112.525,\"lat\":35.215}],"
        "\"devices\":[{\"mn\":\"PW1\",\"site\":\"pw1\",\"st\":\"44\",\"sends_hours\":true}],"
        "\"factors\":[{\"mn\":\"PW1\",\"code\":\"d20101\",\"unit\":\"kW\"},"
        "{\"mn\":\"PW1\",\"code\":\"d30101\",\"unit\":\"kW\"}]}";
    char copy[sizeof text];
    qk_error err = {0};
    memcpy(copy, text, sizeof text);
    assert_done(qk_node_call(r->node, rig_import, copy, &err), &err);
}

/* One hour of the meters, kW. */
static void send_power(rig *r, const char *hour, double production, double treatment)
{
    char segment[400], time[QK_TIME_TEXT];
    snprintf(segment, sizeof segment,
             "QN=20261122100500000;ST=44;CN=2061;PW=123456;MN=PW1;Flag=5;CP=&&DataTime=%s;"
             "d20101-Avg=%.1f,d20101-Flag=N;d30101-Avg=%.1f,d30101-Flag=N&&",
             qk_time_compact14(time, time_of(hour)), production, treatment);
    rig_frame(r, segment);
}

static void import_rows(rig *r, const char *ledger, const char *csv)
{
    char path[100];
    snprintf(path, sizeof path, "/api/v1/ledgers/%s/import?commit", ledger);
    reply got = rig_upload(r, path, "text/csv", qk_str_of(csv), ledger);
    if (got.status != 200) fail_msg("%s: %d %.400s", ledger, got.status, got.body);
}

static const qk_json_value *suspect_named(const qk_json_value *d, const char *member,
                                          const char *value)
{
    for (const qk_json_value *s = rig_at(d, "suspects")->first; s; s = s->next)
        if (qk_str_eq(qk_json_get_str(s, member), qk_str_of(value))) return s;
    fail_msg("no suspect with %s %s", member, value);
    return NULL;
}

static void test_hotspots__evidence_of_meters_and_ledgers_stands_by_each_suspect(void **state)
{
    (void)state;
    rig r;
    start_with_wind(&r);
    import_suspects(&r);
    send_power(&r, "2026-11-20T10:00:00", 180, 40);
    send_power(&r, "2026-11-21T22:00:00", 170, 1);
    rig_settle(&r);
    const char *trace = "/api/v1/hotspots/trace?site=wind1&factor=a34004&time=2026-11-21T23:00:00";
    const qk_json_value *d = rig_document(&r, trace);
    assert_json(d, "not_known/missing/0", "fires");
    assert_json(d, "not_known/missing/1", "permits");
    const qk_json_value *s = suspect_named(d, "site", "out1");
    assert_json(s, "lines/0/kind", "running");
    assert_json(s, "lines/0/from", "meter");
    assert_json(s, "lines/0/value", "170");
    assert_json(s, "lines/0/against", "180");
    assert_json(s, "lines/1/kind", "treatment_off");
    assert_json(s, "weight", "8");
    assert_json(suspect_named(d, "site", "out2"), "lines/0", "absent");
    import_rows(
        &r, "found_problem",
        "no,unit,date,kind,site,state\n1,410001,2026-11-10,not_limiting,out2,confirmed\n"
        "2,410001,2026-11-20,site_six,dig,found\n3,410001,2026-11-21,open_pile,out1,rejected\n");
    import_rows(&r, "dust_fee", "project,site,date\n甲工地,dig,2026-06-01\n");
    import_rows(
        &r, "fire_point",
        "no,date,time,lon,lat,state\n1,2026-11-21,21:30,112.53,35.225,confirmed\n"
        "2,2026-11-21,02:30,112.53,35.225,confirmed\n3,2026-11-21,21:00,112.5,35.2,rejected\n");
    d = rig_document(&r, trace);
    assert_json(d, "not_known/missing/0", "roads");
    s = suspect_named(d, "site", "out2");
    assert_json(s, "lines/0/kind", "before");
    assert_json(s, "lines/0/from", "found_problem");
    assert_json(s, "lines/0/date", "2026-11-10");
    assert_json(s, "lines/1", "absent");
    s = suspect_named(d, "site", "dig");
    assert_json(s, "lines/0/kind", "at_work");
    assert_json(s, "lines/1/kind", "permit");
    assert_json(s, "weight", "2.6");
    s = suspect_named(d, "kind", "fire");
    assert_json(s, "name_zh", "火点 21:30");
    assert_json(s, "lines/0/kind", "fire");
    assert_json(s, "weight", "5");
    size_t fires = 0;
    for (const qk_json_value *i = rig_at(d, "suspects")->first; i; i = i->next)
        fires += qk_str_eq(qk_json_get_str(i, "kind"), QK_STR("fire"));
    assert_int_equal(fires, 1); /* neither the old one nor the one that was none */
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_analysis__a_rose_knows_where_it_came_from),
        qk_dir_test(test_analysis__every_plot_answers_or_says_why_not),
        qk_dir_test(test_analysis__what_cannot_be_asked_is_refused),
        qk_dir_test(test_receptor__a_run_of_two_files_is_watched_and_stopped),
        qk_dir_test(test_S049_hotspots__a_forecast_north_east_wind_selects_sources_there_only),
        qk_dir_test(test_hotspots__evidence_of_meters_and_ledgers_stands_by_each_suspect),
        qk_dir_test(test_analysis__a_file_is_drawn_or_refused_by_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
