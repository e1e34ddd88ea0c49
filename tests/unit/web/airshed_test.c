/* SPDX-License-Identifier: Apache-2.0 */
/* The dispersion desk over HTTP: set up, built in the background, asked, changed, built again for
 * what changed alone. */
#include "air_rig.h"
#include "plan_rig.h"
#include "schema_check.h"
#include <math.h>
#include <poll.h>

#define DISPERSE "/api/v1/disperse"

/* A fortnight of weather whose wind goes round. */
static void upload_weather(rig *r, char sha[65])
{
    char time[QK_TIME_TEXT];
    qk_buf csv;
    qk_time first = time_of("2026-10-01T01:00:00");
    qk_buf_init(&csv, 1 << 20);
    qk_buf_puts(&csv, "time,wind_speed,wind_from,temperature,cloud\n");
    for (int i = 0; i < 14 * 24; i++)
        qk_buf_printf(&csv, "%s,%.1f,%d,%.1f,%d\n", qk_time_iso(time, first + i * QK_HOUR),
                      1.5 + i % 5, i * 37 % 360, 15 + 5 * sin(i / 4.0), i % 9);
    reply got = rig_upload(r, DISPERSE "/weather", "text/csv", qk_buf_str(&csv), "weather-1");
    if (got.status != 200) fail_msg("%d %.300s", got.status, got.body);
    const qk_json_value *d = rig_json(r, &got);
    assert_json(d, "hours", "336");
    qk_str_copy(sha, 65, rig_at(d, "sha256")->text);
    qk_buf_clear(&csv);
}

static void put_source(rig *r, const char *name, const char *sector, const char *rest)
{
    char body[800];
    snprintf(body, sizeof body, "{\"data\":{\"name\":\"%s\",\"sector\":\"%s\",%s}}", name, sector,
             rest);
    changed(r, "POST", "/api/v1/ledgers/emission_source/rows", body);
}

static void put_setup(rig *r, const char *sha, int version)
{
    char body[800];
    snprintf(
        body, sizeof body,
        "{\"row_version\":%d,\"setup\":{\"west\":112.42,\"south\":35.12,\"east\":112.62,\"north\":"
        "35.28,\"step_km\":4,\"every_h\":1,\"weather\":\"%s\",\"local_share\":{\"PM2.5\":[0.3,"
        "0.4]}}}",
        version, sha);
    changed(r, "PUT", DISPERSE "/setup", body);
}

static const qk_json_value *await_matrix(rig *r, const char *made)
{
    for (int tries = 0; tries < 1500; tries++) {
        const qk_json_value *d = rig_document(r, DISPERSE);
        const qk_json_value *m = rig_at(d, "matrix");
        if (m && m->type == QK_JSON_OBJECT && rig_is(m, "stale", "false") &&
            rig_is(d, "job/stage", "idle") && rig_is(d, "job/made", made))
            return d;
        if (rig_is(d, "job/stage", "failed")) fail_msg("%s", "the build failed");
        poll(NULL, 0, 20);
    }
    fail_msg("no matrix with %s rows made", made);
    return NULL;
}

static double number_at(const qk_json_value *d, const char *path)
{
    double v = NAN;
    const qk_json_value *n = rig_at(d, path);
    if (!n || qk_parse_f64(&v, n->text) != QK_OK) fail_msg("no number at %s", path);
    return v;
}

static double sum_of(const qk_json_value *d, const char *path)
{
    double sum = 0, v;
    for (const qk_json_value *n = rig_at(d, path)->first; n; n = n->next) {
        assert_ok(qk_parse_f64(&v, n->text));
        sum += v;
    }
    return sum;
}

static void set_up(rig *r)
{
    char sha[65];
    upload_weather(r, sha);
    put_source(r, "north stack", "power",
               "\"shape\":\"stack\",\"lon\":112.52,\"lat\":35.21,\"height_m\":60,\"diameter_m\":2,"
               "\"velocity_ms\":12,\"temperature_c\":120,\"pm25_t\":100,\"nox_t\":300");
    put_source(r, "yard", "dust",
               "\"shape\":\"volume\",\"lon\":112.50,\"lat\":35.19,\"height_m\":3,\"side_m\":80,"
               "\"active\":\"work\",\"pm25_t\":20");
    put_source(r, "quarter", "home",
               "\"shape\":\"area\",\"lon\":112.53,\"lat\":35.2,\"height_m\":6,\"side_m\":2000,"
               "\"pm25_t\":50");
    put_setup(r, sha, 0);
}

/* Linear, sums to all, nothing cut is the base, everything cut is nothing. */
static void test_S046_airshed__scenarios_are_linear_and_close(void **state)
{
    (void)state;
    rig r;
    start(&r);
    assert_int_equal(rig_get(&r, DISPERSE "/field").status, 404);
    assert_int_equal(rig_at(rig_document(&r, DISPERSE), "setup")->type, QK_JSON_NULL);
    set_up(&r);
    const qk_json_value *d = await_matrix(&r, "3");
    assert_int_equal(rig_at(d, "sources")->count, 3);
    double all = sum_of(rig_document(&r, DISPERSE "/field"), "base");
    assert_true(all > 0);
    d = rig_document(&r, DISPERSE "/field?cuts=sector.power:1,sector.dust:1,sector.home:1");
    assert_near(sum_of(d, "scenario"), 0, 1e-9);
    assert_near(sum_of(d, "base"), all, 1e-9);
    d = rig_document(&r, DISPERSE "/field?cuts=sector.power:0");
    assert_near(sum_of(d, "scenario"), all, 1e-9);
    double half = sum_of(rig_document(&r, DISPERSE "/field?cuts=sector.home:0.5"), "scenario");
    double none = sum_of(rig_document(&r, DISPERSE "/field?cuts=sector.home:1"), "scenario");
    assert_near(all - half, (all - none) / 2, 2e-3 * all);
    assert_true(none < half && half < all); /* twice the measure, never less of an effect */
    double parts = 0;
    static const char *const only[] = {"sector.dust:1,sector.home:1",
                                       "sector.power:1,sector.home:1",
                                       "sector.power:1,sector.dust:1"};
    for (int i = 0; i < 3; i++) {
        char path[120];
        snprintf(path, sizeof path, DISPERSE "/field?cuts=%s", only[i]);
        parts += sum_of(rig_document(&r, path), "scenario");
    }
    assert_near(parts, all, 3e-3 * all);
    assert_int_equal(rig_get(&r, DISPERSE "/field?cuts=R99:0.5").status, 400);
    assert_int_equal(rig_get(&r, DISPERSE "/field?cuts=R1:5").status, 400);
    assert_int_equal(rig_get(&r, DISPERSE "/field?mean=month:13").status, 400);
    rig_stop(&r);
}

/* The bytes of the matrix times the ledger's tonnes are the field. */
static void test_airshed__rows_of_the_matrix_make_the_field(void **state)
{
    (void)state;
    rig r;
    start(&r);
    set_up(&r);
    const qk_json_value *d = await_matrix(&r, "3");
    size_t nx = (size_t)number_at(d, "grid/nx"), ny = (size_t)number_at(d, "grid/ny");
    size_t stations = rig_at(d, "stations")->count, n = nx * ny + stations;
    double unit[3], tonnes[3], base;
    for (int s = 0; s < 3; s++) {
        char path[60];
        snprintf(path, sizeof path, "sources/%d/unit", s);
        unit[s] = number_at(d, path);
        snprintf(path, sizeof path, "sources/%d/tonnes/PM2.5", s);
        tonnes[s] = number_at(d, path);
    }
    assert_near(unit[2], 1 / 4e6, 1e-12);
    reply got = rig_get(&r, DISPERSE "/matrix?mean=year");
    assert_int_equal(got.status, 200);
    assert_int_equal(got.len, 3 * n * sizeof(float));
    const qk_json_value *f = rig_document(&r, DISPERSE "/field");
    const qk_json_value *at = rig_at(f, "base")->first;
    for (size_t p = 0; p < nx * ny; p++, at = at->next) {
        double sum = 0;
        for (size_t s = 0; s < 3; s++) {
            float v;
            memcpy(&v, got.body + (s * n + p) * sizeof v, sizeof v);
            sum += (double)v * unit[s] * tonnes[s] * 1e6 / 31557600;
        }
        assert_ok(qk_parse_f64(&base, at->text));
        assert_near(sum, base, 1e-4);
    }
    assert_int_equal(rig_at(rig_document(&r, DISPERSE "/shares?point=0"), "months")->count, 3);
    got = rig_get(&r, DISPERSE "/runstream");
    assert_non_null(strstr(got.body, "SO LOCATION R3 AREA"));
    assert_non_null(strstr(got.body, "SO EMISFACT R2 HROFDY"));
    d = rig_document(&r, DISPERSE "/monitors");
    assert_json(d, "ozone/nox_cut", "unknown");
    assert_int_equal(rig_at(d, "pairs")->count, 0);
    rig_stop(&r);
}

/* An emission changes no row; a stack changes its own alone. */
static void test_airshed__only_what_changed_is_made_again(void **state)
{
    (void)state;
    rig r;
    qk_error err = {0};
    start(&r);
    set_up(&r);
    await_matrix(&r, "3");
    double before = sum_of(rig_document(&r, DISPERSE "/field"), "base");
    changed(&r, "PUT", "/api/v1/ledgers/emission_source/rows/1",
            "{\"row_version\":1,\"data\":{\"pm25_t\":200}}");
    assert_json(rig_document(&r, DISPERSE), "matrix/stale", "false");
    assert_true(sum_of(rig_document(&r, DISPERSE "/field"), "base") > before);
    changed(&r, "PUT", "/api/v1/ledgers/emission_source/rows/1",
            "{\"row_version\":2,\"data\":{\"height_m\":30}}");
    await_matrix(&r, "1");
    double low = sum_of(rig_document(&r, DISPERSE "/field"), "base");
    /* kept on disk: a new life of the program has it at once */
    assert_done(qk_node_settle(r.node, 10000, &err), &err);
    qk_web_stop(r.web);
    assert_done(
        qk_web_start(&r.web, r.node, NULL, &(qk_web_options){.listen = "127.0.0.1:0"}, &err), &err);
    for (int tries = 0; tries < 500; tries++) {
        if (rig_get(&r, DISPERSE "/field").status == 200) break;
        poll(NULL, 0, 10);
    }
    assert_near(sum_of(rig_document(&r, DISPERSE "/field"), "base"), low, 1e-6);
    assert_json(rig_document(&r, DISPERSE), "matrix/stale", "false");
    rig_stop(&r);
}

static void test_airshed__answers_fit_their_schemas(void **state)
{
    (void)state;
    static const struct {
        const char *path, *schema;
    } answers[] = {{DISPERSE, "Airshed"},
                   {DISPERSE "/field", "AirshedField"},
                   {DISPERSE "/shares?point=3", "AirshedShares"},
                   {DISPERSE "/monitors?pollutant=NOx", "AirshedMonitors"}};
    rig r;
    start(&r);
    set_up(&r);
    await_matrix(&r, "3");
    schema_check check = {.api = rig_document(&r, "/api/v1/openapi.json")};
    for (size_t i = 0; i < QK_ARRAY_COUNT(answers); i++) {
        char ref[80];
        snprintf(ref, sizeof ref, "#/components/schemas/%s", answers[i].schema);
        const qk_json_value *d = rig_document(&r, answers[i].path);
        if (!schema_fits(&check, schema_resolve(&check, qk_str_of(ref)), d, answers[i].path))
            fail_msg("%s", check.fault);
    }
    rig_stop(&r);
}

/* A county's inventory, its figures as they are typed in. */
static void test_S045_airshed__the_inventory_adds_up_by_sector_and_township(void **state)
{
    (void)state;
    static const char *const towns[] = {"东河镇", "西岭镇", "南湾镇"};
    static const char *const sectors[] = {"power", "industry", "home", "farm"};
    rig r;
    double total, by[2] = {0};
    rig_start(&r, RIG_NOW, NULL);
    for (int i = 0; i < 24; i++) {
        char name[20], rest[300];
        snprintf(name, sizeof name, "source %d", i);
        snprintf(
            rest, sizeof rest,
            "\"shape\":\"stack\",\"height_m\":20,\"unit\":\"%s\",\"pm25_t\":%d.%d3,\"nh3_t\":%d",
            towns[i % 3], i * 7 % 90, i, i);
        put_source(&r, name, sectors[i % 4], rest);
    }
    total = number_at(rig_document(&r, "/api/v1/ledgers/emission_source/counters?counter=pm25_t"),
                      "items/0/value");
    for (int k = 0; k < 2; k++) {
        const qk_json_value *d =
            rig_document(&r, k ? "/api/v1/ledgers/emission_source/counters?counter=pm25_t&by=sector"
                               : "/api/v1/ledgers/emission_source/counters?counter=pm25_t&by=unit");
        assert_int_equal(rig_at(d, "items")->count, k ? 4 : 3);
        for (const qk_json_value *n = rig_at(d, "items")->first; n; n = n->next)
            by[k] += number_at(n, "value");
    }
    assert_true(total > 100);
    assert_near(by[0], total, 1e-9);
    assert_near(by[1], total, 1e-9);
    rig_stop(&r);
}

static void test_airshed__what_cannot_be_is_refused(void **state)
{
    (void)state;
    rig r;
    char body[400];
    start(&r);
    refused(&r, "PUT", DISPERSE "/setup", "{\"row_version\":0,\"setup\":{\"west\":113}}", 422,
            "south");
    snprintf(body, sizeof body,
             "{\"row_version\":0,\"setup\":{\"west\":113,\"south\":34,\"east\":114,\"north\":35,"
             "\"step_km\":0.1,\"every_h\":1,\"weather\":\"x\"}}");
    refused(&r, "PUT", DISPERSE "/setup", body, 422, "wider step");
    reply got = rig_upload(
        &r, DISPERSE "/weather", "text/csv",
        QK_STR("time,wind_speed,wind_from,temperature\n2026-10-01T01:00:00,x,1,2\n"), "weather-2");
    assert_int_equal(got.status, 422);
    assert_non_null(strstr(got.body, "no number"));
    set_up(&r);
    put_source(&r, "lost", "dust", "\"shape\":\"volume\",\"height_m\":3");
    got = rig_get(&r, DISPERSE);
    assert_int_equal(got.status, 422);
    assert_non_null(strstr(got.body, "lost"));
    rig_stop(&r);
}

static const char shares[] = "receptor,region,share,low,high,season\n"
                             "清源县,清源县,0.34,0.28,0.41,year\n清源县,outside,0.4,0.3,0.5,year\n";

/* Looked at, refused by line, taken with its source, told to the reader, taken out again. */
static void test_S046_airshed__what_others_computed_is_taken_in_and_out(void **state)
{
    (void)state;
    rig r;
    const qk_json_value *d;
    start(&r);
    d = rig_document(&r, DISPERSE "/imports");
    assert_int_equal(rig_at(d, "items")->count, 0);
    reply got = rig_upload(&r, DISPERSE "/imports/transport?name=psat.csv", "text/csv",
                           QK_STR("receptor,region,share\nA,A,0.7\nA,B,34\n"), "import-1");
    assert_int_equal(got.status, 422);
    assert_non_null(strstr(got.body, "psat.csv"));
    assert_non_null(strstr(got.body, "3"));
    got = rig_upload(&r, DISPERSE "/imports/transport?name=psat.csv", "text/csv", QK_STR(shares),
                     "import-2");
    if (got.status != 200) fail_msg("%d %.300s", got.status, got.body);
    d = rig_json(&r, &got);
    assert_json(d, "committed", "false");
    assert_json(d, "rows", "2");
    assert_int_equal(rig_at(rig_document(&r, DISPERSE "/imports"), "items")->count, 0);
    got = rig_upload(&r, DISPERSE "/imports/transport?name=psat.csv&commit", "text/csv",
                     QK_STR(shares), "import-3");
    assert_int_equal(got.status, 422);
    assert_non_null(strstr(got.body, "source"));
    got = rig_upload(&r, DISPERSE "/imports/transport?name=psat.csv&commit&source=Centre%202025",
                     "text/csv", QK_STR(shares), "import-4");
    if (got.status != 200) fail_msg("%d %.300s", got.status, got.body);
    d = rig_document(&r, DISPERSE "/imports");
    assert_json(d, "items/0/source", "Centre 2025");
    assert_json(d, "items/0/groups/0/rows/0/share", "0.34");
    schema_check check = {.api = rig_document(&r, "/api/v1/openapi.json")};
    d = rig_document(&r, DISPERSE "/imports");
    if (!schema_fits(&check, schema_resolve(&check, QK_STR("#/components/schemas/AirshedImports")),
                     d, "imports"))
        fail_msg("%s", check.fault);
    got = rig_upload(&r, DISPERSE "/imports/surface?name=rsm.csv&commit&source=Centre", "text/csv",
                     QK_STR("region,season,nox,so2,nh3,voc,x\nA,winter,1,0,0,0,5\n"), "import-5");
    if (got.status != 200) fail_msg("%d %.300s", got.status, got.body);
    changed(&r, "DELETE", DISPERSE "/imports/transport", "{}");
    d = rig_document(&r, DISPERSE "/imports");
    assert_int_equal(rig_at(d, "items")->count, 1);
    assert_json(d, "items/0/kind", "surface");
    refused(&r, "DELETE", DISPERSE "/imports/transport", "{}", 404, "no transport");
    refused(&r, "DELETE", DISPERSE "/imports/wishes", "{}", 404, "kinds");
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S046_airshed__scenarios_are_linear_and_close),
        qk_dir_test(test_airshed__rows_of_the_matrix_make_the_field),
        qk_dir_test(test_airshed__only_what_changed_is_made_again),
        qk_dir_test(test_airshed__answers_fit_their_schemas),
        qk_dir_test(test_S045_airshed__the_inventory_adds_up_by_sector_and_township),
        qk_dir_test(test_airshed__what_cannot_be_is_refused),
        qk_dir_test(test_S046_airshed__what_others_computed_is_taken_in_and_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
