/* SPDX-License-Identifier: Apache-2.0 */
/* Every route of the table against a running instance, each answer held against its schema. */
#include "web_rig.h"
#include "schema_check.h"
#include "web/route.h"

#define OUTLET "88880000000000000000001"
#define HEAD_OF(cn, mn, st) \
    "QN=20261122100500000;ST=" st ";CN=" cn ";PW=123456;MN=" mn ";Flag=5;CP=&&"

/* Two hours of minutes, an hour sum, one changed minute. */
static void send_outlet(rig *r)
{
    char segment[400], time[QK_TIME_TEXT];
    qk_time start = at("2026-11-22T08:00:00");
    for (int i = 0; i < 120; i++) {
        qk_time_compact14(time, start + i * QK_MINUTE);
        snprintf(segment, sizeof segment,
                 HEAD_OF("2051", OUTLET, "31") "DataTime=%s;a21026-Avg=%d.50,a21026-Min=1,"
                                               "a21026-Max=99,a21026-Flag=%s;a34013-Avg=%d&&",
                 time, 10 + i % 50, i == 30 ? "D" : "N", i);
        rig_frame(r, segment);
    }
    rig_frame(r, HEAD_OF("2061", OUTLET, "31") "DataTime=20261122090000;a21026-Avg=34.50,"
                                               "a21026-Cou=12.3,a21026-Flag=N&&");
    rig_frame(r, HEAD_OF("2011", OUTLET, "31") "DataTime=20261122100430;a21026-Rtd=40.25,"
                                               "a21026-Flag=N&&");
}

/* Thirty hours of a station whose last full hour is: PM2.5 0.060 mg/m3 = 60 ug/m3, the rest low.
 * Values that stood still would not count. */
static void send_air(rig *r, const char *mn)
{
    char segment[600], time[QK_TIME_TEXT];
    qk_time last = at("2026-11-22T09:00:00");
    for (int i = 29; i >= 0; i--) {
        qk_time_compact14(time, last - i * QK_HOUR);
        snprintf(segment, sizeof segment,
                 "QN=20261122100500000;ST=22;CN=2061;PW=123456;MN=%s;Flag=5;CP=&&DataTime=%s;"
                 "a21026-Avg=1%d,a21026-Flag=N;a21004-Avg=2%d,a21004-Flag=N;a21005-Avg=0.%d,"
                 "a21005-Flag=N;a05024-Avg=8%d,a05024-Flag=N;a34002-Avg=7%d,a34002-Flag=N;"
                 "a34004-Avg=0.0%d0,a34004-Flag=N&&",
                 mn, time, i % 3, i % 3, 6 + i % 3, i % 3, i % 3, i == 0 ? 6 : 3 + i % 3);
        rig_frame(r, segment);
    }
}

static void start_with_data(rig *r)
{
    rig_start(r, RIG_NOW "x0", NULL);
    send_outlet(r);
    send_air(r, "AIR0000000000001");
    rig_settle(r);
}

/* ---- all routes ---- */

static void fill_path(char *out, size_t size, const qk_route *route)
{
    static const struct {
        const char *id, *query;
    } queries[] = {
        {"getSeries", "?mn=" OUTLET "&code=a21026&kind=minute"},
        {"getSeriesCsv", "?mn=" OUTLET "&code=a21026&kind=minute"},
        {"listAqi", "?site=air1"},
        {"search", "?q=a21026"},
        {"listEvents", "?limit=1000"},
        {"listAirHours", "?site=air1"},
        {"listAirComponents", "?site=air1"},
        {"getAirProfile", "?site=air1"},
        {"traceHotspot", "?site=air1&factor=a34004"},
        {"listUpwindSources", "?site=air1"},
        {"getAnalysis", "?site=air1&factor=a34004"},
        {"allocateAirTarget", "?target=44"},
        {"getAssessment", "?period=2026"},
        {"explainAir", "?figure=composite_index&period=2026-11"},
        {"listAirReviews", "?site=air1"},
        {"listMyTasks", "?unit=410001"},
        {"listAttachments", "?month=2026-05"},
    };
    const char *brace = strchr(route->path, '{');
    int before = brace ? (int)(brace - route->path) : (int)strlen(route->path);
    const char *arg = !brace                               ? ""
                      : strstr(route->path, "/sites/")     ? "air1"
                      : strstr(route->path, "/analysis/")  ? "time"
                      : strstr(route->path, "/requests/{") ? "1"
                      : strstr(route->path, "/rules/")     ? "qc"
                      : strstr(route->path, "/settings/")  ? "year.open_day"
                      : strstr(route->path, "/ledgers/")   ? "nrmm_test"
                                                           : OUTLET;
    const char *query = "";
    for (size_t i = 0; i < QK_ARRAY_COUNT(queries); i++)
        if (strcmp(queries[i].id, route->id) == 0) query = queries[i].query;
    snprintf(out, size, "/api/v1%.*s%s%s%s", before, route->path, arg,
             brace ? strchr(brace, '}') + 1 : "", query);
}

static const qk_json_value *schema_of(const qk_json_value *api, const char *name)
{
    return qk_json_get(rig_at(api, "components/schemas"), name);
}

/* What the small county has none of; tests of their own hold their answers against the schemas. */
static bool is_absent(const qk_route *route)
{
    return strcmp(route->id, "getRequest") == 0 || strcmp(route->id, "getLedgerRow") == 0 ||
           strcmp(route->id, "getAirProfile") == 0 ||
           strncmp(route->path, "/receptor/runs/{", 16) == 0 ||
           strcmp(route->id, "getForecast") == 0 ||
           (strncmp(route->path, "/disperse/", 10) == 0 &&
            strcmp(route->path, "/disperse/imports") != 0) ||
           strncmp(route->path, "/plans/{", 8) == 0 || strncmp(route->path, "/tasks/{", 8) == 0 ||
           strncmp(route->path, "/schedule/{", 11) == 0 ||
           strncmp(route->path, "/bulletins/{", 12) == 0 ||
           strncmp(route->path, "/units/{", 8) == 0 || strncmp(route->path, "/posts/{", 8) == 0 ||
           strcmp(route->id, "getCase") == 0 || strcmp(route->id, "getWarning") == 0 ||
           strcmp(route->id, "getEpisode") == 0 || strcmp(route->id, "getMoneyLine") == 0 ||
           strcmp(route->id, "getAttachment") == 0;
}

/* No key opens these (tests/unit/web/login_test.c). */
static bool is_personal(const qk_route *route)
{
    return route->action == QK_ACT_SELF || route->action == QK_ACT_PERSON_READ;
}

static void check_answer(rig *r, const qk_json_value *api, const qk_route *route)
{
    char path[300];
    fill_path(path, sizeof path, route);
    char key[200];
    snprintf(key, sizeof key, "Authorization: Bearer %s\r\n", r->admin);
    reply got = rig_ask(r, "GET", path, qk_route_needs_key(route) ? key : NULL, NULL);
    bool gateway = strcmp(route->id, "getGateway") == 0 || strstr(route->path, "/uppers");
    bool thin = strcmp(route->id, "traceHotspot") == 0; /* one station is no crowd */
    int want = is_absent(route) ? 404 : thin ? 422 : gateway ? 503 : 200;
    if (got.status != want) fail_msg("%s: %d %.300s", path, got.status, got.body);
    if (want == 200 && strchr(route->gives, '/')) {
        if (!strcasestr(got.head, route->gives)) fail_msg("%s: %s", path, got.head);
        return;
    }
    schema_check check = {.api = api};
    const char *schema = want == 200 ? route->gives : "Error";
    if (!schema_fits(&check, schema_of(api, schema), rig_json(r, &got), schema))
        fail_msg("%s: %s\n%.2000s", path, check.fault, got.body);
}

static void test_api__every_route_answers_by_its_schema(void **state)
{
    (void)state;
    rig r;
    start_with_data(&r);
    const qk_json_value *api = rig_document(&r, "/api/v1/openapi.json");
    for (const qk_route *route = qk_routes; route->path; route++)
        if (route->method == QK_GET && strcmp(route->path, "/live") != 0 && !is_personal(route))
            check_answer(&r, api, route);
    rig_stop(&r);
}

/* ---- what stands in the answers ---- */

static void test_api__latest_shows_values_limits_and_aqi(void **state)
{
    (void)state;
    rig r;
    start_with_data(&r);
    const qk_json_value *d = rig_document(&r, "/api/v1/latest");
    const qk_json_value *sites = qk_json_get(d, "sites");
    assert_json(d, "now", "2026-11-22T10:05:00.000+08:00");
    assert_json(sites, "air1/state", "online");
    assert_json(sites, "air1/age_s", "300");
    assert_json(sites, "air1/aqi/value", "100");
    assert_json(sites, "air1/aqi/level", "2");
    assert_json(sites, "air1/aqi/primary/0", "PM2.5");
    assert_json(sites, "air1/aqi/standard", "HJ633-2026");
    assert_json(sites, "air1/aqi/items/PM2.5/value", "60");
    assert_json(sites, "air1/aqi/items/PM10/iaqi", "65");
    assert_json(sites, "air1/aqi/items/PM10/mean_24h", "null"); /* HJ 633-2026 takes hours */
    assert_json(sites, "air1/aqi/reason", "null");
    assert_json(sites, "outlet1/aqi", "null");
    bool over = false;
    for (const qk_json_value *v = rig_at(sites, "outlet1/values")->first; v; v = v->next) {
        if (!rig_is(v, "field", "Rtd")) continue;
        over = true;
        assert_json(v, "value", "40.25");
        assert_json(v, "limit", "35");
        assert_json(v, "over", "true");
        assert_json(v, "unit", "mg/m3");
        assert_json(v, "kind", "rtd");
        assert_json(v, "flag", "N");
    }
    assert_true(over);
    rig_stop(&r);
}

/* The rule goes by the date of the hour: the same air, two years. */
static void test_S026_api__the_rule_of_the_hour_judges_it(void **state)
{
    (void)state;
    rig r;
    char segment[600], time[QK_TIME_TEXT];
    static const int wave[] = {2, 2, 3, 1}; /* about 60 on the mean of a day */
    rig_start(&r, "2026-03-01T02:05:00x0", NULL);
    for (int i = 0; i < 30; i++) {
        qk_time_compact14(time, at("2026-03-01T01:00:00") - i * QK_HOUR);
        snprintf(segment, sizeof segment,
                 "QN=20260301020500000;ST=22;CN=2061;PW=123456;MN=AIR0000000000001;Flag=5;CP=&&"
                 "DataTime=%s;a21026-Avg=1%d;a21004-Avg=2%d;a21005-Avg=0.%d;a05024-Avg=8%d;"
                 "a34002-Avg=8%d;a34004-Avg=0.0%d&&",
                 time, wave[i % 4], wave[i % 4], wave[i % 4], wave[i % 4], wave[i % 4],
                 58 + wave[i % 4]);
        rig_frame(&r, segment);
    }
    rig_settle(&r);
    const qk_json_value *d =
        rig_document(&r, "/api/v1/aqi?site=air1&from=2026-02-28T22:00:00&to=2026-03-01T02:00:00");
    assert_int_equal(qk_json_get(d, "items")->count, 4);
    /* 00:00 still belongs to 28 February. 60 ug/m3 of PM2.5: 82 by the old table, 100 by the new.
     */
    assert_json(d, "items/1/time", "2026-03-01T00:00:00.000+08:00");
    assert_json(d, "items/1/aqi", "82");
    assert_json(d, "items/1/standard", "HJ633-2012");
    assert_json(d, "items/2/aqi", "100");
    assert_json(d, "items/2/standard", "HJ633-2026");
    rig_stop(&r);
}

static void test_S040_api__road_stations_never_enter_the_evaluation(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    send_air(&r, "ROAD000000000001");
    rig_settle(&r);
    const qk_json_value *d = rig_document(&r, "/api/v1/latest");
    assert_json(d, "sites/road1/aqi/value", "null");
    assert_json(d, "sites/road1/aqi/level", "null");
    assert_json(d, "sites/road1/aqi/reason", "not_evaluated");
    assert_true(rig_at(d, "sites/road1/values")->count > 0);
    d = rig_document(&r, "/api/v1/aqi?site=road1");
    for (const qk_json_value *h = qk_json_get(d, "items")->first; h; h = h->next) {
        assert_json(h, "aqi", "null");
        assert_json(h, "reason", "not_evaluated");
    }
    d = rig_document(&r, "/api/v1/strip");
    assert_int_equal(qk_json_get(d, "rows")->count, 1);
    assert_json(d, "rows/0/site", "air1");
    rig_stop(&r);
}

static void test_api__an_incomplete_hour_has_no_aqi_but_a_reason(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    rig_frame(&r, "QN=20261122100500000;ST=22;CN=2061;PW=123456;MN=AIR0000000000001;Flag=5;CP=&&"
                  "DataTime=20261122090000;a21026-Avg=10,a21026-Flag=N;a34002-Avg=400,"
                  "a34002-Flag=D&&");
    rig_settle(&r);
    const qk_json_value *d = rig_document(&r, "/api/v1/sites/air1");
    assert_json(d, "latest/aqi/value", "null");
    assert_json(d, "latest/aqi/reason", "incomplete");
    assert_json(d, "latest/aqi/items/SO2/iaqi", "4");
    assert_json(d, "latest/aqi/items/PM10/value", "null"); /* marked D: a fault of the instrument */
    rig_stop(&r);
}

static void test_api__a_site_tells_validity_and_rules(void **state)
{
    (void)state;
    rig r;
    start_with_data(&r);
    const qk_json_value *d = rig_document(&r, "/api/v1/sites/air1");
    assert_json(d, "validity/day/valid_hours", "10");
    assert_json(d, "validity/day/need", "20");
    assert_json(d, "rules/0/figure", "aqi");
    assert_json(d, "rules/0/valid_from", "2026-03-01");
    assert_json(d, "factors/0/item", "O3");
    d = rig_document(&r, "/api/v1/sites/outlet1");
    assert_json(d, "devices/0", OUTLET);
    rig_stop(&r);
}

static void test_api__series_is_raw_when_short_and_an_envelope_when_long(void **state)
{
    (void)state;
    rig r;
    start_with_data(&r);
#define SERIES "/api/v1/series?mn=" OUTLET "&code=a21026&kind=minute"
    const qk_json_value *d = rig_document(&r, SERIES "&points=120");
    assert_json(d, "raw", "true");
    assert_json(d, "step_s", "60");
    assert_json(d, "limit", "35");
    assert_json(d, "unit", "mg/m3");
    assert_int_equal(qk_json_get(d, "points")->count, 120);
    assert_json(d, "points/0/1", "10.50");
    assert_json(d, "points/30/4", "D");
    d = rig_document(&r, SERIES "&points=10&from=2026-11-22T08:00:00&to=2026-11-22T10:00:00");
    assert_json(d, "raw", "false");
    assert_json(d, "step_s", "720");
    assert_int_equal(qk_json_get(d, "points")->count, 10);
    /* 08:00..08:11: 10.50 to 21.50 */
    assert_json(d, "points/0/1", "10.50");
    assert_json(d, "points/0/2", "16.000");
    assert_json(d, "points/0/3", "21.50");
    assert_json(d, "points/2/4", "D");
    d = rig_document(&r, SERIES "&points=10&field=Nothing");
    assert_int_equal(qk_json_get(d, "points")->count, 0);
    d = rig_document(&r, "/api/v1/series?mn=unknown&code=x&kind=hour");
    assert_int_equal(qk_json_get(d, "points")->count, 0);
    rig_stop(&r);
}

static void test_api__csv_is_safe_to_open_in_a_spreadsheet(void **state)
{
    (void)state;
    rig r;
    start_with_data(&r);
    rig_frame(&r, HEAD_OF("2051", OUTLET, "31") "DataTime=20261122100000;a34013-Avg=-5.5&&");
    rig_settle(&r);
    reply got = rig_get(&r, "/api/v1/series.csv?mn=" OUTLET "&code=a34013&kind=minute"
                            "&from=2026-11-22T09:59:00");
    assert_int_equal(got.status, 200);
    /* The unit is text that somebody typed; the value is a number and keeps its sign. */
    assert_string_equal(got.body, "time,value,unit,flag,recorded\r\n"
                                  "2026-11-22T09:59:00,119,'=mg/m3,,2026-11-22T10:05:00\r\n"
                                  "2026-11-22T10:00:00,-5.5,'=mg/m3,,2026-11-22T10:05:00\r\n");
    assert_true(rig_header(&got, "Content-Type", "text/csv; charset=utf-8"));
    assert_non_null(strstr(got.head, "attachment; filename=\"" OUTLET "_a34013_Avg.csv\""));
    rig_stop(&r);
}

static void test_api__frames_are_shown_as_received_with_each_deviation_in_words(void **state)
{
    (void)state;
    rig r;
    char wrong[600];
    rig_start(&r, RIG_NOW "x0", NULL);
    rig_frame(&r, HEAD_OF("2011", OUTLET, "31") "DataTime=20261122100430;a21026-Rtd=40.25,"
                                                "a21026-Flag=N;a21026-Rtd=41&&");
    int len =
        snprintf(wrong, sizeof wrong, "##0101%sDataTime=20261122100500;a21026-Rtd=1&&ABCD\r\n",
                 HEAD_OF("2011", OUTLET, "31"));
    memcpy(wrong + len + 1, "crc", 3);
    rig_record(&r, QK_JOURNAL_REFUSED, 0, wrong, (size_t)len + 4);
    rig_frame(&r, HEAD_OF("2011", "OTHER", "31") "DataTime=20261122100430;a21026-Rtd=1&&");
    rig_settle(&r);
    const qk_json_value *d = rig_document(&r, "/api/v1/devices/" OUTLET "/frames");
    assert_int_equal(qk_json_get(d, "items")->count, 2);
    assert_json(d, "items/0/kind", "refused");
    assert_json(d, "items/0/ok", "false");
    assert_json(d, "items/0/error", "crc");
    assert_json(d, "items/0/error_zh", "CRC 校验不通过");
    assert_json(d, "items/1/kind", "frame");
    assert_json(d, "items/1/ok", "true");
    assert_json(d, "items/1/cn_en", "real-time data");
    assert_json(d, "items/1/factors/a21026/Rtd/0", "40.25");
    assert_json(d, "items/1/factors/a21026/Rtd/1", "41");
    assert_json(d, "items/1/fields/DataTime", "20261122100430");
    assert_json(d, "items/1/deviations/0/code", "key_repeated");
    assert_json(d, "items/1/deviations/0/zh", "同一名称出现多次");
    /* Whoever may read must not learn how to speak as the device. */
    qk_str text = qk_json_get_str(rig_at(d, "items/1"), "text");
    assert_true(qk_str_find(text, QK_STR("PW=******;"), 0) != SIZE_MAX);
    assert_true(qk_str_find(text, QK_STR("123456"), 0) == SIZE_MAX);
    d = rig_document(&r, "/api/v1/devices/" OUTLET "/frames?limit=1");
    char path[200];
    snprintf(path, sizeof path, "/api/v1/devices/" OUTLET "/frames?limit=5&before=%.*s",
             QK_STR_ARG(qk_json_get_str(d, "next")));
    d = rig_document(&r, path);
    assert_int_equal(qk_json_get(d, "items")->count, 1);
    assert_json(d, "items/0/kind", "frame");
    assert_json(d, "next", "null");
    rig_stop(&r);
}

static void test_api__lists_are_given_in_pages(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    const qk_json_value *d = rig_document(&r, "/api/v1/sites?limit=2");
    assert_int_equal(qk_json_get(d, "items")->count, 2);
    assert_json(d, "total", "3");
    assert_json(d, "next", "outlet1");
    d = rig_document(&r, "/api/v1/sites?limit=2&after=outlet1");
    assert_int_equal(qk_json_get(d, "items")->count, 1);
    assert_json(d, "next", "null");
    assert_json(d, "items/0/id", "road1");
    d = rig_document(&r, "/api/v1/sites?kind=outlet");
    assert_json(d, "total", "1");
    d = rig_document(&r, "/api/v1/devices?limit=1&after=" OUTLET);
    assert_json(d, "items/0/mn", "AIR0000000000001");
    rig_stop(&r);
}

static void test_api__search_finds_by_name_code_and_mn(void **state)
{
    (void)state;
    static const struct {
        const char *query, *type, *id;
    } cases[] = {
        {"%E4%B8%9C%E6%B2%B3%E7%AB%99", "site", "air1"}, /* 东河站 */
        {"donghe", "division", "410001"},
        {"0000000001", "device", OUTLET},
        {"a34004", "factor", "a34004"},
        {"%E9%9D%92%E6%B3%BD%E6%B0%B4%E6%B3%A5", "site", "outlet1"}, /* the owner's name */
    };
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        char path[200];
        snprintf(path, sizeof path, "/api/v1/search?q=%s", cases[i].query);
        const qk_json_value *d = rig_document(&r, path);
        assert_json(d, "items/0/type", cases[i].type);
        assert_json(d, "items/0/id", cases[i].id);
    }
    assert_json(rig_document(&r, "/api/v1/search?q=nowhere"), "total", "0");
    rig_stop(&r);
}

/* What the map is drawn from comes from the instance itself. */
static void test_S213_api__the_map_needs_no_other_server(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    const qk_json_value *place = rig_document(&r, "/api/v1/place");
    assert_json(place, "center/0", "112.5");
    assert_json(place, "bounds/0", "112");
    assert_json(place, "bounds/3", "36");
    assert_json(place, "map_approval", "审图号 0");
    const qk_json_value *d = rig_document(&r, "/api/v1/divisions");
    assert_json(d, "type", "FeatureCollection");
    assert_json(d, "features/0/geometry/type", "Polygon");
    assert_json(d, "features/1/geometry", "null");
    assert_json(d, "features/1/properties/parent", "410000");
    d = rig_document(&r, "/api/v1/sites/outlet1");
    assert_json(d, "lon", "112.6");
    reply page = rig_get(&r, "/");
    assert_int_equal(page.status, 200);
    assert_non_null(strstr(page.head, "default-src 'none'"));
    assert_null(strstr(page.head, "http:"));
    assert_null(strstr(page.head, "https:"));
    rig_stop(&r);
}

static void test_api__what_is_unchanged_is_not_sent_again(void **state)
{
    (void)state;
    static const char *const paths[] = {"/api/v1/sites",        "/api/v1/divisions",
                                        "/api/v1/messages",     "/api/v1/factors",
                                        "/api/v1/openapi.json", "/"};
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    for (size_t i = 0; i < QK_ARRAY_COUNT(paths); i++) {
        char header[200];
        reply got = rig_get(&r, paths[i]);
        char *tag = strstr(got.head, "ETag: ");
        if (!tag) fail_msg("%s: %s", paths[i], got.head);
        snprintf(header, sizeof header, "If-None-Match: %.*s\r\n", (int)strcspn(tag + 6, "\r"),
                 tag + 6);
        got = rig_ask(&r, "GET", paths[i], header, NULL);
        assert_int_equal(got.status, 304);
        assert_int_equal(got.len, 0);
        got = rig_ask(&r, "GET", paths[i], "If-None-Match: \"other\"\r\n", NULL);
        assert_int_equal(got.status, 200);
    }
    rig_stop(&r);
}

static void test_api__head_answers_without_a_body(void **state)
{
    (void)state;
    static const char *const paths[] = {"/", "/api/v1/health", "/api/v1/latest", "/api/v1/live",
                                        "/api/v1/series.csv?mn=a&code=b&kind=hour"};
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    for (size_t i = 0; i < QK_ARRAY_COUNT(paths); i++) {
        reply got = rig_ask(&r, "HEAD", paths[i], NULL, NULL);
        if (got.status != 200 || got.len != 0 || !got.closed)
            fail_msg("%s: %d, %zu bytes", paths[i], got.status, got.len);
    }
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_api__every_route_answers_by_its_schema),
        qk_dir_test(test_api__latest_shows_values_limits_and_aqi),
        qk_dir_test(test_S026_api__the_rule_of_the_hour_judges_it),
        qk_dir_test(test_S040_api__road_stations_never_enter_the_evaluation),
        qk_dir_test(test_api__an_incomplete_hour_has_no_aqi_but_a_reason),
        qk_dir_test(test_api__a_site_tells_validity_and_rules),
        qk_dir_test(test_api__series_is_raw_when_short_and_an_envelope_when_long),
        qk_dir_test(test_api__csv_is_safe_to_open_in_a_spreadsheet),
        qk_dir_test(test_api__frames_are_shown_as_received_with_each_deviation_in_words),
        qk_dir_test(test_api__lists_are_given_in_pages),
        qk_dir_test(test_api__search_finds_by_name_code_and_mn),
        qk_dir_test(test_S213_api__the_map_needs_no_other_server),
        qk_dir_test(test_api__what_is_unchanged_is_not_sent_again),
        qk_dir_test(test_api__head_answers_without_a_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
