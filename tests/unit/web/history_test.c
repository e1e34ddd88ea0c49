/* SPDX-License-Identifier: Apache-2.0 */
/* Daily values of past years that were imported, and what rests on them, through the API. */
#include "air_rig.h"

#define HISTORY "/api/v1/air/history"

/* One row for every day of a year; PM2.5 is `level` in winter and half of it in summer. */
static void put_year(qk_buf *csv, const char *site, int year, int level)
{
    qk_time t = 0;
    qk_civil c = {.year = year, .month = 1, .day = 1};
    assert_ok(qk_time_of(&t, &c));
    for (; qk_civil_of(t).year == year; t += QK_DAY) {
        char date[QK_TIME_TEXT];
        int month = qk_civil_of(t).month, pm = month < 4 || month > 10 ? level : level / 2;
        qk_buf_printf(csv, "%s,%s,10,30,0.9,110,%d,%d\\n", site, qk_date_iso(date, t), pm + 30, pm);
    }
}

static qk_str body_of(qk_buf *out, qk_buf *csv)
{
    qk_buf_init(out, 1 << 20);
    qk_buf_printf(out,
                  "{\"source\":\"县环境质量年报\",\"csv\":\"site,date,SO2,NO2,CO,O3,PM10,PM2.5\\n");
    qk_buf_append(out, csv->ptr, csv->len);
    qk_buf_puts(out, "\"}");
    assert_ok(out->failed);
    return qk_buf_str(out);
}

static void import(rig *r, qk_buf *csv)
{
    qk_buf body;
    changed(r, "POST", HISTORY, body_of(&body, csv).ptr);
    qk_buf_clear(&body);
    qk_buf_clear(csv);
    qk_buf_init(csv, 1 << 20);
}

static void refuse_rows(rig *r, const char *rows, const char *words)
{
    char body[600];
    snprintf(body, sizeof body, "{\"source\":\"年报\",\"csv\":\"site,date,PM2.5,CO\\n%s\"}", rows);
    refused(r, "POST", HISTORY, body, 422, words);
}

static void test_S027_history__targets_and_years_rest_on_imported_days(void **state)
{
    (void)state;
    rig r;
    qk_buf csv;
    qk_error err = {0};
    start(&r);
    assert_done(qk_node_set_clock(r.node, time_of("2026-04-01T10:00:00"), 0, &err), &err);
    qk_buf_init(&csv, 1 << 20);
    put_year(&csv, "st1", 2023, 64);
    put_year(&csv, "st1", 2024, 60);
    put_year(&csv, "st1", 2025, 58);
    import(&r, &csv);
    for (int h = 0; h < 60 * 24; h++)
        send_plain(&r, 1, time_of("2026-01-01T00:00:00") + h * QK_HOUR, 50);
    rig_settle(&r);
    const qk_json_value *d = rig_document(&r, HISTORY);
    assert_json(d, "total", "1");
    assert_json(d, "items/0/rows", "1096");
    assert_json(d, "items/0/source", "县环境质量年报");
    d = rig_document(&r, "/api/v1/air/periods?scope=st1&year=2024");
    assert_json(d, "total/period/valid_days", "366");
    assert_json(d, "total/running", "false");
    assert_json(d, "total/period/items/PM2.5/valid", "true");
    assert_json(d, "levels/imported", "366");
    assert_json(d, "levels/approved", "0");
    d = rig_document(&r, "/api/v1/air/periods?scope=st1&year=2026");
    assert_json(d, "total/running", "true"); /* valid as any stretch of 75 % of its days */
    changed(&r, "PUT", "/api/v1/air/targets",
            "{\"row_version\":0,\"targets\":[{\"metric\":\"PM2.5\",\"op\":\"<=\",\"value\":44,"
            "\"unit\":\"ug/m3\",\"year\":2026,\"scope\":\"st1\"}]}");
    d = rig_document(&r, "/api/v1/air/targets");
    assert_json(d, "items/0/projection/past_years", "3");
    assert_true(rig_at(d, "items/0/projection/low")->type == QK_JSON_NUMBER);
    assert_json(d, "items/0/year_before/before/valid_days", "90");
    qk_buf_clear(&csv);
    rig_stop(&r);
}

static void test_S030_history__a_running_year_is_ranked_to_date(void **state)
{
    (void)state;
    rig r;
    qk_buf csv;
    qk_error err = {0};
    start(&r);
    assert_done(qk_node_set_clock(r.node, time_of("2025-12-12T10:00:00"), 0, &err), &err);
    qk_buf_init(&csv, 1 << 20);
    for (int i = 1; i <= STATIONS; i++) {
        char site[8];
        qk_buf year;
        snprintf(site, sizeof site, "st%d", i);
        put_year(&csv, site, 2024, 50 + i);
        qk_buf_init(&year, 1 << 20);
        put_year(&year, site, 2025, 60 - i);
        qk_buf_append(&csv, year.ptr, (size_t)(strstr(year.ptr, "2025-12-12") - year.ptr) - 4);
        qk_buf_clear(&year);
        import(&r, &csv);
    }
    const qk_json_value *d = rig_document(&r, "/api/v1/air/ranking?group=stations&period=2025");
    assert_json(d, "running", "true");
    assert_json(d, "items/0/id", "st5");
    assert_json(d, "items/0/rank", "1");
    assert_json(d, "items/0/rank_before", "5");
    assert_json(d, "items/0/levels/imported", "345");
    d = rig_document(&r, "/api/v1/air/ranking?group=stations&period=2024");
    assert_json(d, "running", "false");
    assert_json(d, "items/0/id", "st1");
    qk_buf_clear(&csv);
    rig_stop(&r);
}

static void test_history__hours_win_and_a_later_import_takes_the_place(void **state)
{
    (void)state;
    rig r;
    start(&r);
    const char *days = "/api/v1/air/days?scope=st1&from=2026-11-19&to=2026-11-21";
    for (int h = 0; h < 24; h++)
        send_plain(&r, 1, time_of("2026-11-20T00:00:00") + h * QK_HOUR, 40);
    send_plain(&r, 1, time_of("2026-11-21T00:00:00"), 40);
    rig_settle(&r);
    changed(&r, "POST", HISTORY,
            "{\"source\":\"年报\",\"csv\":\"site,date,PM2.5,CO\\nst1,2026-11-19,90,1.1\\n"
            "st1,2026-11-20,90,1.1\\nst1,2026-11-21,91,1.1\\n\"}");
    const qk_json_value *d = rig_document(&r, days);
    assert_json(d, "items/0/state", "imported");
    assert_json(d, "items/0/provisional", "false");
    assert_json(d, "items/0/imported", "1");
    assert_json(d, "items/0/items/PM2.5/value", "90");
    assert_json(d, "items/0/items/CO/value", "1.1");
    assert_json(d, "items/0/items/SO2/value", "null");
    assert_json(d, "items/1/imported", "0"); /* it has its hours */
    assert_false(rig_is(d, "items/1/items/PM2.5/value", "90"));
    assert_json(d, "items/2/items/PM2.5/value", "91"); /* one hour is no day */
    changed(&r, "POST", HISTORY,
            "{\"source\":\"更正\",\"csv\":\"site,date,PM2.5,CO\\nst1,2026-11-19,88,\\n\"}");
    d = rig_document(&r, days);
    assert_json(d, "items/0/items/PM2.5/value", "88");
    assert_json(d, "items/0/items/CO/value", "null");
    rig_stop(&r);
}

static void test_history__what_cannot_be_is_refused_with_line_and_column(void **state)
{
    (void)state;
    rig r;
    start(&r);
    refuse_rows(&r, "st1,2026-11-19,88,1\\nst9,2026-11-19,88,1\\n", "csv:3:1");
    refuse_rows(&r, "road1,2026-11-19,88,1\\n", "evaluated");
    refuse_rows(&r, "st1,2026-11-22,88,1\\n", "csv:2:2"); /* today */
    refuse_rows(&r, "st1,19.11.2026,88,1\\n", "csv:2:2");
    refuse_rows(&r, "st1,2026-11-19,a,1\\n", "csv:2:3");
    refuse_rows(&r, "st1,2026-11-19,-1,1\\n", "csv:2:3");
    refuse_rows(&r, "st1,2026-11-19,88,900\\n", "csv:2:4"); /* ug/m3 of CO */
    refuse_rows(&r, "st1,2026-11-19,88,1\\nst1,2026-11-19,88,1\\n", "twice");
    refuse_rows(&r, "", "no rows");
    refused(&r, "POST", HISTORY, "{\"source\":\"\",\"csv\":\"site,date,CO\\nst1,2026-11-19,1\"}",
            422, "source");
    refused(&r, "POST", HISTORY, "{\"source\":\"x\",\"csv\":\"site,day\\n\"}", 422, "columns");
    /* All or nothing. */
    assert_json(rig_document(&r, HISTORY), "total", "0");
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S027_history__targets_and_years_rest_on_imported_days),
        qk_dir_test(test_S030_history__a_running_year_is_ranked_to_date),
        qk_dir_test(test_history__hours_win_and_a_later_import_takes_the_place),
        qk_dir_test(test_history__what_cannot_be_is_refused_with_line_and_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
