/* SPDX-License-Identifier: Apache-2.0 */
/* The past of the demo county: imported once, with goals and shares of the townships. */
#include "cli/demo_past.h"
#include "../domain/node_test.h"
#include "domain/airtarget.h"
#include "sim/county_past.h"

static void test_demo__past_days_have_seasons_and_are_always_the_same(void **state)
{
    (void)state;
    qk_arena arena;
    qk_sim_county county;
    qk_buf winter, summer, again;
    qk_arena_init(&arena, 16 << 20);
    assert_ok(qk_sim_county_make(&county, &arena));
    const qk_sim_device *d = &county.devices[0];
    assert_true(qk_sim_has_past(d));
    qk_buf_init(&winter, 1 << 20), qk_buf_init(&summer, 1 << 20), qk_buf_init(&again, 1 << 20);
    qk_sim_past_csv(&winter, d, 19723, 19753, 19935); /* January 2024 */
    qk_sim_past_csv(&again, d, 19723, 19753, 19935);
    qk_sim_past_csv(&summer, d, 19905, 19935, 19935); /* July */
    assert_ok(winter.failed);
    assert_string_equal(winter.ptr, again.ptr);
    double sum[2][2] = {{0}}; /* PM2.5, O3 */
    const qk_buf *texts[] = {&winter, &summer};
    for (int i = 0; i < 2; i++) {
        qk_str rest = qk_buf_str(texts[i]);
        (void)qk_str_cut(&rest, '\n');
        while (rest.len) {
            qk_str line = qk_str_cut(&rest, '\n');
            for (int column = 0; line.ptr; column++) {
                double v = 0;
                qk_str cell = qk_str_cut(&line, ',');
                if (column != 5 && column != 7) continue;
                if (qk_parse_f64(&v, cell) == QK_OK) sum[i][column == 5] += v;
            }
        }
    }
    assert_true(sum[0][0] > 1.5 * sum[1][0]); /* fine dust in winter */
    assert_true(sum[1][1] > 1.5 * sum[0][1]); /* ozone in summer */
    qk_buf_clear(&winter), qk_buf_clear(&summer), qk_buf_clear(&again);
    qk_arena_clear(&arena);
}

typedef struct counted {
    int64_t imports, days, targets, version;
} counted;

static qk_code count_past(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    counted *c = context;
    sqlite3_stmt *s = NULL;
    const qk_json_value *rows = NULL;
    qk_arena arena;
    (void)node, (void)now;
    QK_TRY(qk_db_prepare(
        &s, db, "SELECT (SELECT count(*) FROM air_import),(SELECT count(*) FROM air_past)", err));
    QK_TRY(qk_db_step(db, s, err));
    c->imports = sqlite3_column_int64(s, 0);
    c->days = sqlite3_column_int64(s, 1);
    sqlite3_reset(s);
    qk_arena_init(&arena, 8 << 20);
    qk_code code = qk_airtarget_rows(&rows, &c->version, db, &arena, err);
    c->targets = rows ? (int64_t)rows->count : 0;
    qk_arena_clear(&arena);
    return code;
}

static void make_past(qk_node *node, const qk_sim_county *county, counted *c)
{
    qk_error err = {0};
    qk_demo_past past = {.node = node, .county = county, .last_day = 20432};
    qk_demo_past_start(&past);
    pthread_join(past.thread, NULL);
    past.runs = false;
    assert_done(qk_node_call(node, count_past, c, &err), &err);
}

static qk_code import_county(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    qk_buf json;
    (void)db;
    qk_buf_init(&json, 8 << 20);
    qk_code code = qk_sim_county_json(&json, context);
    if (!code)
        code =
            qk_registry_import(qk_node_registry(node), qk_buf_str(&json), QK_STR("demo"), now, err);
    qk_buf_clear(&json);
    return code;
}

static void test_S016_demo__the_past_is_made_once_with_goals_and_shares(void **state)
{
    (void)state;
    qk_arena arena;
    qk_sim_county county;
    qk_node *node = NULL;
    qk_error err = {0};
    counted first, second;
    char dir[400];
    qk_arena_init(&arena, 16 << 20);
    assert_ok(qk_sim_county_make(&county, &arena));
    size_t n = 0, stations = 0;
    for (size_t i = 0; i < county.n_devices; i++) /* a few are enough here */
        if (qk_sim_has_past(&county.devices[i]) && stations++ < 5)
            county.devices[n++] = county.devices[i];
    county.n_devices = n;
    snprintf(dir, sizeof dir, "%s/data", qk_test_dir);
    qk_node_options options = {
        .data_dir = dir, .clock_text = "2025-12-11T08:00:00x0", .demo = true};
    assert_done(qk_node_open(&node, &options, &err), &err);
    assert_done(qk_node_call(node, import_county, &county, &err), &err);
    make_past(node, &county, &first);
    assert_int_equal(first.imports, 5);
    assert_int_equal(first.days, 5 * 1440); /* 2022-01-01 to 2025-12-10 */
    assert_int_equal(
        first.targets,
        6 + 6 + 2 + 2 +
            2); /* two years of goals; two townships: PM10, PM2.5 and PM2.5 of the year before */
    make_past(node, &county, &second);
    assert_memory_equal(&first, &second, sizeof first);
    qk_node_close(node);
    qk_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_demo__past_days_have_seasons_and_are_always_the_same),
        qk_dir_test(test_S016_demo__the_past_is_made_once_with_goals_and_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
