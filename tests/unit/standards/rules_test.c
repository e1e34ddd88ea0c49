/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/rules.h"
#include "../test.h"
#include <stdio.h>

static qk_arena arena;
static qk_rules rules;
static qk_error err;

static qk_code parse(const char *text)
{
    qk_arena_reset(&arena);
    return qk_rules_parse(&rules, qk_str_of(text), &arena, &err);
}

static int32_t day_of(const char *text)
{
    qk_time t;
    assert_ok(qk_time_parse(&t, qk_str_of(text)));
    return qk_day_number(t);
}

static void test_S026_rules__what_is_shipped_reads_back_the_same(void **state)
{
    (void)state;
    qk_buf text, again;
    qk_json_writer w;
    qk_rules shipped;
    qk_buf_init(&text, 1 << 20);
    qk_buf_init(&again, 1 << 20);
    memset(&shipped, 0, sizeof shipped);
    qk_rules_default(&shipped);
    qk_json_init(&w, &text);
    qk_rules_write(&w, &shipped);
    assert_ok(parse(text.ptr));
    qk_json_init(&w, &again);
    qk_rules_write(&w, &rules);
    assert_string_equal(text.ptr, again.ptr);
    for (int item = 0; item < QK_AQI_ITEMS; item++)
        for (int c = 0; c < 4000; c += 7)
            assert_int_equal(qk_iaqi_of_rounded(&rules.aqi[1], (qk_aqi_item)item, c),
                             qk_iaqi_of_rounded(&shipped.aqi[1], (qk_aqi_item)item, c));
    qk_buf_clear(&text);
    qk_buf_clear(&again);
}

static void test_rules__limits_follow_the_day(void **state)
{
    (void)state;
    static const struct {
        const char *day;
        int64_t year, daily;
    } rows[] = {{"2020-01-01", 35, 75}, {"2026-02-28", 35, 75}, {"2026-03-01", 30, 60},
                {"2030-12-31", 30, 60}, {"2031-01-01", 25, 50}, {"2099-01-01", 25, 50}};
    qk_rules_default(&rules);
    for (size_t i = 0; i < QK_ARRAY_COUNT(rows); i++) {
        const qk_limits *l = qk_rules_limits_on(&rules, day_of(rows[i].day));
        assert_ptr_not_equal(l, NULL);
        assert_int_equal(qk_limit_get(l, QK_LIMIT_PM25, QK_AVG_YEAR, 2).mantissa, rows[i].year);
        assert_int_equal(qk_limit_get(l, QK_LIMIT_PM25, QK_AVG_DAY, 2).mantissa, rows[i].daily);
        assert_string_equal(qk_limits_on(day_of(rows[i].day))->name, l->name);
    }
    assert_int_equal(qk_limit_get(qk_limits_on(0), QK_LIMIT_SO2, QK_AVG_1H, 1).mantissa, 150);
    assert_int_equal(qk_limit_get(qk_limits_on(0), QK_LIMIT_SO2, QK_AVG_1H, 3).mantissa, 0);
}

static void test_rules__a_row_takes_the_place_of_its_name_and_others_are_added(void **state)
{
    (void)state;
    assert_ok(parse("{\"limits\":[{\"name\":\"GB3095-2026-final\",\"source\":\"postponed\","
                    "\"from\":\"2031-01-01\","
                    "\"to\":null,\"items\":{\"PM2.5\":{\"year\":[10,20],\"day\":[25,45.5]}}}],"
                    "\"index\":[{\"name\":\"HOUSE\",\"source\":\"own\",\"default\":false,"
                    "\"limits\":{\"SO2\":60,"
                    "\"NO2\":40,\"PM10\":60,\"PM2.5\":30,\"CO\":4,\"O3\":160}}]}"));
    assert_int_equal(rules.limits_count, 3);
    const qk_limits *l = qk_rules_limits_on(&rules, day_of("2031-05-01"));
    assert_int_equal(qk_limit_get(l, QK_LIMIT_PM25, QK_AVG_YEAR, 2).mantissa, 20);
    assert_non_null(qk_rules_index_named(&rules, QK_STR("HOUSE")));
    assert_string_equal(qk_rules_index_on(&rules, day_of("2020-01-01"))->name, "HJ663-2013");
    assert_string_equal(qk_rules_index_on(&rules, day_of("2027-01-01"))->name,
                        "NEW-LIMITS-OLD-WEIGHTS");
    assert_string_equal(qk_rules_aqi_on(&rules, day_of("2026-03-01"))->name, "HJ633-2026");
    assert_string_equal(qk_rules_aqi_named(&rules, QK_STR("2012"))->name, "HJ633-2012");
    assert_null(qk_rules_aqi_named(&rules, QK_STR("1999")));
}

static void test_rules__what_cannot_hold_is_refused_by_row(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"[]", "object"},
        {"{\"aqi\":{}}", "list of rows"},
        {"{\"limits\":[{\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"to\":null}]}",
         "two rows hold"},
        {"{\"limits\":[{\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-13-01\"}]}", "dates"},
        {"{\"limits\":[{\"source\":\"s\"}]}", "name or source"},
        {"{\"limits\":[{\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-02\",\"to\":\"2020-01-"
         "01\"}]}",
         "ends before"},
        {"{\"limits\":[{\"name\":\"X\",\"source\":\"s\",\"items\":{\"PM1\":{}}}]}", "no such item"},
        {"{\"limits\":[{\"name\":\"X\",\"source\":\"s\",\"items\":{\"SO2\":{\"week\":[1,2]}}}]}",
         "year, quarter"},
        {"{\"limits\":[{\"name\":\"X\",\"source\":\"s\",\"items\":{\"SO2\":{\"day\":[1]}}}]}",
         "grade I"},
        {"{\"index\":[{\"name\":\"X\",\"source\":\"s\",\"limits\":{\"SO2\":0}}]}", "above 0"},
        {"{\"aqi\":[{\"name\":\"X\",\"source\":\"s\",\"daily\":[\"PM1_24h\"]}]}", "no such item"},
        {"{\"aqi\":[{\"name\":\"X\",\"source\":\"s\",\"daily\":[\"SO2_24h\"]}]}", "no breakpoints"},
        {"{\"aqi\":[{\"name\":\"X\",\"source\":\"s\",\"items\":{\"SO2_24h\":{\"breakpoints\":[0,50,"
         "40]}}}]}",
         "ascend"},
        {"{\"aqi\":[{\"name\":\"X\",\"source\":\"s\",\"items\":{\"CO_24h\":{\"breakpoints\":[0,2."
         "05]}}}]}",
         "cannot be held"},
        {"{\"aqi\":[{\"name\":\"X\",\"source\":\"s\",\"items\":{\"SO2_24h\":{\"breakpoints\":[0,50]"
         ","
         "\"above\":900}}}]}",
         "above is"}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(rows); i++) {
        assert_int_equal(parse(rows[i].text), QK_EFORMAT);
        if (!strstr(err.message, rows[i].says)) fail_msg("%s: %s", rows[i].text, err.message);
    }
}

static void test_rules__a_full_table_takes_no_more(void **state)
{
    (void)state;
    qk_buf text;
    qk_buf_init(&text, 1 << 16);
    qk_buf_puts(&text, "{\"index\":[");
    for (int i = 0; i < QK_RULES_INDEX_MAX; i++)
        qk_buf_printf(
            &text,
            "%s{\"name\":\"P%d\",\"source\":\"s\",\"default\":false,\"limits\":{\"SO2\":1,"
            "\"NO2\":1,\"PM10\":1,\"PM2.5\":1,\"CO\":1,\"O3\":1}}",
            i ? "," : "", i);
    qk_buf_puts(&text, "]}");
    assert_int_equal(parse(text.ptr), QK_EFORMAT);
    assert_non_null(strstr(err.message, "full"));
    qk_buf_clear(&text);
}

static void test_rules__a_refusal_names_line_and_column(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"limits\":[\n"
                           "  {\"name\":\"A\",\"source\":\"s\",\"to\":\"1990-01-01\"},\n"
                           "  {\"name\":\"B\",\"from\":\"2040-01-01\"}]}"),
                     QK_EFORMAT);
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 5);
    assert_non_null(strstr(err.message, "limits[1]"));
}

static void test_S031_rules__thresholds_of_the_checks_must_all_stand_there(void **state)
{
    (void)state;
    qk_buf text;
    qk_json_writer w;
    size_t n;
    qk_rules_default(&rules);
    qk_buf_init(&text, 1 << 20);
    qk_json_init(&w, &text);
    qk_json_object(&w);
    qk_json_key(&w, "qc");
    assert_true(qk_rules_write_table(&w, &rules, "qc"));
    qk_json_end(&w);
    qk_buf_putc(&text, 0);
    assert_ok(parse(text.ptr));
    assert_memory_equal(&rules.qc[0], qk_qc_rules(&n), sizeof rules.qc[0]);
    char *spot = strstr(text.ptr, "\"stuck_hours\"");
    assert_non_null(spot);
    memcpy(spot, "\"stuck_hourz\"", 13);
    assert_int_equal(parse(text.ptr), QK_EFORMAT);
    assert_non_null(strstr(err.message, "stuck_hours: is missing"));
    assert_false(qk_rules_write_table(&w, &rules, "nothing"));
    qk_buf_clear(&text);
}

static void test_rules__rows_of_warnings_and_sources_that_cannot_hold_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *table, *row, *says;
    } rows[] = {
        {"warning", "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\"",
         "release_hours: is missing"},
        {"warning", "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"release_hours\":36",
         "yellow: is missing"},
        {"warning",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"release_hours\":36,\"reduction_"
         "percent\":{\"yellow\":10,\"orange\":20,\"red\":101}",
         "within the bounds"},
        {"warning",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"release_hours\":36,\"reduction_"
         "percent\":{\"yellow\":10,\"orange\":20,\"red\":30},\"conditions\":[]",
         "1 to 12"},
        {"warning",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"release_hours\":36,\"reduction_"
         "percent\":{\"yellow\":10,\"orange\":20,\"red\":30},\"conditions\":[{\"level\":\"none\","
         "\"above\":1,\"days\":1}]",
         "yellow, orange or red"},
        {"warning",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"release_hours\":36,\"reduction_"
         "percent\":{\"yellow\":10,\"orange\":20,\"red\":30},\"conditions\":[{\"level\":\"red\","
         "\"above\":1,\"days\":0}]",
         "at least 1"},
        {"warning",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"release_hours\":36,\"reduction_"
         "percent\":{\"yellow\":10,\"orange\":20,\"red\":30},\"conditions\":[{\"level\":\"red\","
         "\"above\":200,\"days\":1,\"peak_above\":100,\"peak_days\":1}]",
         "a peak"},
        {"ldar",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"items\":{\"gas\":{\"general\":"
         "1,\"key\":1}}",
         "every medium"},
        {"ldar",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"items\":{\"gas\":{\"general\":"
         "1.5,\"key\":1}}",
         "whole number"},
        {"vapour", "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\"",
         "list of rows is needed"},
        {"vapour",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"tightness\":[[1,2,3]]",
         "columns"},
        {"vapour",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"tightness\":[[9,2,2,2,2,2],[9,"
         "3,3,3,3,3]]",
         "ascend"},
        {"vapour",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"tightness\":[[9,2,2,2,2,0]]",
         "above 0"},
        {"vapour",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"tightness\":[[9,2,2,2,2,2]],"
         "\"resistance\":[[18,40]],\"air_to_liquid\":[1.2,1]",
         "[least, largest]"},
        {"compensation",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"items\":{\"TSP\":[]}",
         "no such item"},
        {"compensation",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"items\":{\"PM10\":[]}",
         "1 to 8 tiers"},
        {"compensation",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"items\":{\"PM10\":[{\"up_to\":"
         "5,\"wan_yuan_per_ug\":1}]}",
         "last tier is open"},
        {"compensation",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"items\":{\"PM10\":[{\"up_to\":"
         "5,\"wan_yuan_per_ug\":1},{\"up_to\":4,\"wan_yuan_per_ug\":1},{\"wan_yuan_per_ug\":2}]}",
         "tier before"},
        {"compensation",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"items\":{\"PM10\":[{\"wan_yuan_"
         "per_ug\":-1}]}",
         "6 decimals"},
        {"fume",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"stove_flow_m3h\":0,\"limit_mg_"
         "m3\":2",
         "above 0"},
        {"fume",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"stove_flow_m3h\":2000,\"limit_"
         "mg_m3\":\"2\"",
         "6 decimals"},
        {"cems", "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"hour_minutes\":61",
         "within the bounds"},
        {"cems",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"hour_minutes\":45,\"capture_"
         "percent\":90,\"good_capture_percent\":75,\"short_hours\":24",
         "not below"},
        {"cems",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"hour_minutes\":45,\"capture_"
         "percent\":75,\"good_capture_percent\":90,\"short_hours\":24",
         "same day"},
        {"compensation",
         "\"name\":\"X\",\"source\":\"s\",\"from\":\"2020-01-01\",\"items\":{\"PM10\":[{\"wan_yuan_"
         "per_ug\":1}],\"PM10\":[{\"wan_yuan_per_ug\":1}]}",
         "twice"},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(rows); i++) {
        char text[600];
        snprintf(text, sizeof text, "{\"%s\":[\n {%s}]}", rows[i].table, rows[i].row);
        memset(&err, 0, sizeof err);
        assert_int_equal(parse(text), QK_EFORMAT);
        if (!strstr(err.message, rows[i].says)) fail_msg("%s: %s", text, err.message);
        if (strcmp(rows[i].says, "same day") == 0) continue;
        assert_int_equal(err.line, 2);
        assert_int_equal(err.column, 4);
    }
}

static void test_rules__rows_of_warnings_and_sources_hold_from_their_day_on(void **state)
{
    (void)state;
    int32_t before = day_of("2026-12-31"), after = day_of("2027-01-01");
    assert_ok(
        parse("{\"ldar\":[{\"name\":\"GB37822-2019\",\"source\":\"ended\",\"from\":\"2019-07-01\","
              "\"to\":\"2026-12-31\",\"items\":{\"gas\":{\"general\":5000,\"key\":2000},"
              "\"light_liquid\":{\"general\":5000,\"key\":2000},"
              "\"heavy_liquid\":{\"general\":2000,\"key\":500}}},"
              "{\"name\":\"NEXT\",\"source\":\"s\",\"from\":\"2027-01-01\",\"to\":null,"
              "\"items\":{\"gas\":{\"general\":4000,\"key\":1000},"
              "\"light_liquid\":{\"general\":4000,\"key\":1000},"
              "\"heavy_liquid\":{\"general\":1000,\"key\":400}}}]}"));
    assert_int_equal(rules.ldar_count, 2);
    assert_int_equal(
        qk_ldar_threshold(qk_rules_ldar_on(&rules, before), QK_LDAR_HEAVY_LIQUID, true), 500);
    assert_int_equal(qk_ldar_threshold(qk_rules_ldar_on(&rules, after), QK_LDAR_HEAVY_LIQUID, true),
                     400);
    assert_string_equal(qk_rules_warning_on(&rules, day_of("2024-01-22"))->name, "HBDQH2019-648");
    assert_string_equal(qk_rules_warning_on(&rules, day_of("2024-01-23"))->name, "HDQ2024-6");
    for (size_t i = 0; i < 10; i++) assert_non_null(qk_rules_table(i));
    assert_null(qk_rules_table(15));
}

/* Each table's rows as JSON: every source speaks both languages, and one of an administrator that
 * speaks but one is taken for both. */
static void test_rules__every_source_has_a_chinese_text(void **state)
{
    (void)state;
    qk_rules_default(&rules);
    for (size_t i = 0; qk_rules_table(i); i++) {
        qk_buf text;
        qk_json_writer w;
        qk_json_value *rows = NULL;
        qk_buf_init(&text, 1 << 20);
        qk_json_init(&w, &text);
        assert_true(qk_rules_write_table(&w, &rules, qk_rules_table(i)));
        assert_ok(qk_json_parse(&rows, qk_buf_str(&text), &arena, NULL));
        for (const qk_json_value *row = rows->first; row; row = row->next) {
            qk_str zh = qk_json_get_str(row, "source_zh");
            assert_true(zh.len > 0 && qk_utf8_valid(zh));
            bool chinese = false;
            for (size_t k = 0; k < zh.len; k++)
                chinese = chinese || (unsigned char)zh.ptr[k] > 0x7f;
            if (!chinese) fail_msg("%s: '%.*s'", qk_rules_table(i), QK_STR_ARG(zh));
        }
        qk_buf_clear(&text);
    }
    assert_ok(qk_rules_parse(&rules,
                             QK_STR("{\"fume\":[{\"name\":\"GB18483-2001\",\"source\":\"县办\","
                                    "\"from\":\"2002-01-01\",\"stove_flow_m3h\":2000,"
                                    "\"limit_mg_m3\":1.5}]}"),
                             &arena, NULL));
    assert_string_equal(rules.fume[0].source_zh, "县办");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules__every_source_has_a_chinese_text),
        cmocka_unit_test(test_S026_rules__what_is_shipped_reads_back_the_same),
        cmocka_unit_test(test_rules__limits_follow_the_day),
        cmocka_unit_test(test_rules__a_row_takes_the_place_of_its_name_and_others_are_added),
        cmocka_unit_test(test_rules__what_cannot_hold_is_refused_by_row),
        cmocka_unit_test(test_rules__a_full_table_takes_no_more),
        cmocka_unit_test(test_rules__a_refusal_names_line_and_column),
        cmocka_unit_test(test_S031_rules__thresholds_of_the_checks_must_all_stand_there),
        cmocka_unit_test(test_rules__rows_of_warnings_and_sources_that_cannot_hold_are_refused),
        cmocka_unit_test(test_rules__rows_of_warnings_and_sources_hold_from_their_day_on),
    };
    qk_arena_init(&arena, 1 << 22);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qk_arena_clear(&arena);
    return failed;
}
