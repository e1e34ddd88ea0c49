/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/aqi.h"
#include "../test.h"

static const qk_aqi_rule *rule_of(const char *name)
{
    const qk_aqi_rule *rule = qk_aqi_rule_named(qk_str_of(name));
    assert_non_null(rule);
    return rule;
}

static qk_conc conc_of(const char *text)
{
    qk_conc c;
    assert_ok(qk_conc_parse(&c, qk_str_of(text)));
    return c;
}

static int32_t iaqi_of(const char *rule, const char *item, const char *value)
{
    qk_aqi_item i;
    assert_ok(qk_aqi_item_find(&i, qk_str_of(item)));
    return qk_iaqi(rule_of(rule), i, conc_of(value).value, NULL);
}

static void test_S026_aqi__worked_examples_of_both_editions(void **state)
{
    (void)state;
    static const struct {
        const char *item, *conc;
        int32_t old_index, new_index;
    } rows[] = {
        {"PM25_24h", "54", 74, 88},    {"PM25_24h", "60", 82, 100},    {"PM25_24h", "61", 83, 101},
        {"PM25_24h", "60.5", 82, 100}, {"PM25_24h", "76", 102, 115},   {"PM10_24h", "85", 68, 75},
        {"PM10_24h", "121", 86, 101},  {"O3_8h", "172", 111, 111},     {"O3_8h", "801", -1, 300},
        {"NO2_24h", "34", 43, 43},     {"CO_24h", "0.9", 23, 23},      {"SO2_24h", "13", 13, 13},
        {"SO2_1h", "801", -1, 200},    {"O3_1h", "201", 101, 101},     {"PM25_24h", "-0.4", -1, -1},
        {"PM25_24h", "0", 0, 0},       {"PM25_24h", "9999", 500, 500}, {"PM25_1h", "60", -1, 100}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(rows); i++) {
        assert_int_equal(iaqi_of("HJ633-2012", rows[i].item, rows[i].conc), rows[i].old_index);
        assert_int_equal(iaqi_of("2026", rows[i].item, rows[i].conc), rows[i].new_index);
    }
}

static void test_S026_aqi__the_rule_changes_on_the_first_of_march_2026(void **state)
{
    (void)state;
    qk_time t;
    assert_ok(qk_time_parse(&t, QK_STR("2026-02-28")));
    assert_string_equal(qk_aqi_rule_on(qk_day_number(t))->name, "HJ633-2012");
    assert_ok(qk_time_parse(&t, QK_STR("2026-03-01")));
    assert_string_equal(qk_aqi_rule_on(qk_day_number(t))->name, "HJ633-2026");
    assert_string_equal(qk_aqi_rule_on(0)->name, "HJ633-2012");
    assert_string_equal(qk_aqi_rule_on(99999)->name, "HJ633-2026");
    assert_null(qk_aqi_rule_named(QK_STR("HJ633-1996")));
}

static void fill_day(qk_conc conc[QK_AQI_ITEMS], const char *so2, const char *pm25, const char *o3)
{
    memset(conc, 0, QK_AQI_ITEMS * sizeof conc[0]);
    conc[QK_SO2_24H] = conc_of(so2);
    conc[QK_NO2_24H] = conc_of("20");
    conc[QK_PM10_24H] = conc_of("120");
    conc[QK_PM25_24H] = conc_of(pm25);
    conc[QK_CO_24H] = conc_of("0.5");
    conc[QK_O3_8H] = conc_of(o3);
}

static void test_S026_aqi__equal_sub_indices_are_primary_together(void **state)
{
    (void)state;
    qk_conc conc[QK_AQI_ITEMS];
    qk_aqi day;
    fill_day(conc, "8", "60", "160");
    qk_aqi_daily(&day, rule_of("2026"), conc);
    assert_int_equal(day.aqi, 100);
    assert_int_equal(day.level, 2);
    assert_int_equal(day.primary,
                     QK_AQI_BIT(QK_PM10_24H) | QK_AQI_BIT(QK_PM25_24H) | QK_AQI_BIT(QK_O3_8H));
    assert_string_equal(qk_aqi_level_text(rule_of("2026"), day.level)->category_zh, "良");
    assert_null(qk_aqi_level_text(rule_of("2026"), 7));
}

static void test_S026_aqi__a_missing_item_holds_back_a_clean_day_from_2026(void **state)
{
    (void)state;
    qk_conc conc[QK_AQI_ITEMS];
    qk_aqi day;
    fill_day(conc, "8", "NA", "120");
    qk_aqi_daily(&day, rule_of("2026"), conc);
    assert_int_equal(day.aqi, QK_AQI_NA);
    assert_int_equal(day.level, 0);
    assert_int_equal(day.missing, QK_AQI_BIT(QK_PM25_24H));
    qk_aqi_daily(&day, rule_of("2012"), conc);
    assert_int_equal(day.aqi, 85);
    fill_day(conc, "8", "NA", "161");
    qk_aqi_daily(&day, rule_of("2026"), conc);
    assert_int_equal(day.aqi, 101);
    fill_day(conc, "/", "54", "120");
    qk_aqi_daily(&day, rule_of("2026"), conc);
    assert_int_equal(day.aqi, 100);
    fill_day(conc, "-3", "54", "120");
    qk_aqi_daily(&day, rule_of("2026"), conc);
    assert_int_equal(day.aqi, QK_AQI_NA);
}

static void test_S026_aqi__the_hour_takes_hours_from_2026_and_running_days_before(void **state)
{
    (void)state;
    qk_conc conc[QK_AQI_ITEMS] = {0};
    qk_aqi hour;
    conc[QK_SO2_1H] = conc_of("900");
    conc[QK_NO2_1H] = conc_of("40");
    conc[QK_CO_1H] = conc_of("1.0");
    conc[QK_O3_1H] = conc_of("80");
    conc[QK_PM10_1H] = conc[QK_PM10_24H] = conc_of("50");
    conc[QK_PM25_1H] = conc[QK_PM25_24H] = conc_of("30");
    qk_aqi_hourly(&hour, rule_of("2026"), conc);
    assert_int_equal(hour.aqi, 200);
    assert_int_equal(hour.primary, QK_AQI_BIT(QK_SO2_1H));
    qk_aqi_hourly(&hour, rule_of("2012"), conc);
    assert_int_equal(hour.aqi, 50);
    assert_int_equal(hour.primary, 0);
}

static void test_aqi__levels_begin_above_their_bounds(void **state)
{
    (void)state;
    static const int32_t rows[][2] = {{-1, 0},  {0, 1},   {50, 1},  {51, 2},  {100, 2},
                                      {101, 3}, {150, 3}, {151, 4}, {200, 4}, {201, 5},
                                      {300, 5}, {301, 6}, {500, 6}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(rows); i++)
        assert_int_equal(qk_aqi_level_of(rows[i][0]), rows[i][1]);
}

static void test_aqi__a_cell_that_is_no_number_is_refused(void **state)
{
    (void)state;
    qk_conc c;
    qk_aqi_item item;
    assert_int_equal(qk_conc_parse(&c, QK_STR("12a")), QK_EFORMAT);
    assert_int_equal(qk_aqi_item_find(&item, QK_STR("PM1_24h")), QK_ENOTFOUND);
}

/* Every sub-index against the smallest integer n with n * width >= rise, found by counting up. */
static void test_S026_aqi__ceilings_agree_with_counting(void **state)
{
    (void)state;
    static const int32_t points[] = {0, 50, 100, 150, 200, 300, 400, 500};
    size_t count;
    const qk_aqi_rule *rules = qk_aqi_rules(&count);
    for (size_t r = 0; r < count; r++)
        for (int item = 0; item < QK_AQI_ITEMS; item++)
            for (int k = 1; k < rules[r].points[item]; k++) {
                const int16_t *bp = rules[r].breakpoint[item];
                for (int c = bp[k - 1] + 1; c <= bp[k]; c++) {
                    int n = 0;
                    while (n * (bp[k] - bp[k - 1]) < (points[k] - points[k - 1]) * (c - bp[k - 1]))
                        n++;
                    assert_int_equal(qk_iaqi_of_rounded(&rules[r], (qk_aqi_item)item, c),
                                     points[k - 1] + n);
                }
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S026_aqi__worked_examples_of_both_editions),
        cmocka_unit_test(test_S026_aqi__the_rule_changes_on_the_first_of_march_2026),
        cmocka_unit_test(test_S026_aqi__equal_sub_indices_are_primary_together),
        cmocka_unit_test(test_S026_aqi__a_missing_item_holds_back_a_clean_day_from_2026),
        cmocka_unit_test(test_S026_aqi__the_hour_takes_hours_from_2026_and_running_days_before),
        cmocka_unit_test(test_aqi__levels_begin_above_their_bounds),
        cmocka_unit_test(test_aqi__a_cell_that_is_no_number_is_refused),
        cmocka_unit_test(test_S026_aqi__ceilings_agree_with_counting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
