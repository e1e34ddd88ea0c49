/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/target.h"
#include "../test.h"
#include <math.h>

static void put_day(qk_year *y, int32_t at, int64_t pm25, int64_t o3)
{
    qk_hours hours;
    qk_day day = {.day = y->first_day + at};
    qk_aqi aqi;
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (int h = 0; h < 24; h++) hours.micro[p][h] = 1000000;
    for (int h = 0; h < 24; h++) {
        hours.micro[QK_PM25][h] = pm25 * 1000000;
        hours.micro[QK_O3][h] = o3 * 1000000;
    }
    qk_day_of(&day, &hours);
    qk_day_judge(&aqi, &day, qk_aqi_rule_named(QK_STR("2012")));
    assert_ok(qk_year_put(y, &day));
}

static qk_target mean_target(int64_t value)
{
    return (qk_target){.kind = QK_TARGET_MEAN,
                       .pollutant = QK_PM25,
                       .value = {value, 0},
                       .month_from = 1,
                       .month_to = 12};
}

/* 200 days at 47, target 44: (44 x 365 - 47 x 200) / 165 = 40.3636… */
static void test_S027_target__the_rest_of_the_year_may_average_as_by_hand(void **state)
{
    (void)state;
    static qk_year y;
    qk_target_result r;
    qk_target t = mean_target(44);
    qk_year_init(&y, 2025);
    for (int32_t d = 0; d < 200; d++) put_day(&y, d, 47, 50);
    qk_target_judge(&r, &t, &y, y.first_day + 199, NULL, 0);
    assert_int_equal(r.valid_days, 200);
    assert_int_equal(r.days_left, 165);
    assert_true(qk_dec_same(r.mean_allowed, (qk_dec){404, 1}));
    assert_int_equal(r.state, QK_TARGET_OFF_TRACK);
    t = mean_target(25);
    qk_target_judge(&r, &t, &y, y.first_day + 199, NULL, 0);
    assert_true(r.mean_allowed.mantissa < 0);
    assert_int_equal(r.state, QK_TARGET_FAILED);
}

/* Four days in five at 100, the fifth at 200: the mean is 120, the 90th percentile 200. */
static void test_S027_target__a_percentile_without_past_years_is_carried_on_as_one(void **state)
{
    (void)state;
    static qk_year y, before;
    const qk_year *past[] = {&before};
    qk_target_result r;
    qk_target t = mean_target(160);
    t.pollutant = QK_O3;
    qk_year_init(&y, 2025);
    qk_year_init(&before, 2024);
    for (int32_t d = 0; d < 365; d++) put_day(&y, d, 30, d % 5 < 4 ? 100 : 200);
    for (int32_t d = 0; d < 366; d++) put_day(&before, d, 30, 90);
    qk_target_judge(&r, &t, &y, y.first_day + 299, NULL, 0);
    assert_int_equal(r.past_years, 0);
    assert_true(fabs(r.projected - 200) < 1e-9);
    assert_int_equal(r.state, QK_TARGET_OFF_TRACK);
    qk_target_judge(&r, &t, &y, y.first_day + 364, past, 1); /* over: what it came to */
    assert_int_equal(r.days_left, 0);
    assert_true(fabs(r.projected - 200) < 1e-9);
}

static void test_S027_target__days_that_may_still_be_lost(void **state)
{
    (void)state;
    static qk_year y;
    qk_target_result r;
    qk_target good = {.kind = QK_TARGET_GOOD_DAYS,
                      .is_ratio = true,
                      .value = {665, 1},
                      .month_from = 1,
                      .month_to = 12};
    qk_target heavy = {
        .kind = QK_TARGET_HEAVY_DAYS, .value = {5, 0}, .month_from = 1, .month_to = 12};
    qk_year_init(&y, 2025);
    for (int32_t d = 0; d < 200; d++)
        put_day(&y, d, d % 10 < 6 ? 30 : (d % 100 == 9 ? 160 : 90), 50);
    qk_target_judge(&r, &good, &y, y.first_day + 199, NULL, 0);
    assert_int_equal(r.counted, 120);
    assert_int_equal(r.total_allowed, 243); /* 66.5 % of 365 is 242.7 */
    assert_int_equal(r.days_may, 165 - 123);
    qk_target_judge(&r, &heavy, &y, y.first_day + 199, NULL, 0);
    assert_int_equal(r.counted, 2);
    assert_int_equal(r.days_may, 3);
    heavy.is_ratio = true;
    heavy.value = (qk_dec){15, 1};
    qk_target_judge(&r, &heavy, &y, y.first_day + 199, NULL, 0);
    assert_int_equal(r.total_allowed, 5);
}

static void ozone_year(qk_year *y, int32_t over)
{
    qk_year_init(y, 2022);
    for (int32_t d = 0; d < 365; d++) put_day(y, d, 30, d >= 120 && d < 120 + over ? 161 : 160);
}

static void test_S028_target__fifty_nine_ozone_days_pass_and_sixty_fail(void **state)
{
    (void)state;
    static qk_year y;
    qk_target_result r;
    qk_target t = {.kind = QK_TARGET_OZONE_OVER,
                   .is_ratio = true,
                   .value = {386, 1},
                   .month_from = 5,
                   .month_to = 9};
    ozone_year(&y, 59);
    qk_target_judge(&r, &t, &y, y.first_day + 364, NULL, 0);
    assert_int_equal(r.valid_days, 153);
    assert_int_equal(r.total_allowed, 59);
    assert_int_equal(r.state, QK_TARGET_MET);
    ozone_year(&y, 60);
    qk_target_judge(&r, &t, &y, y.first_day + 364, NULL, 0);
    assert_int_equal(r.counted, 60);
    assert_int_equal(r.state, QK_TARGET_FAILED);
}

static void test_S027_target__the_projection_follows_the_past_rests_of_years(void **state)
{
    (void)state;
    static qk_year now, one, two;
    const qk_year *past[] = {&one, &two};
    qk_target_result r;
    qk_target t = mean_target(44);
    qk_year_init(&one, 2023);
    qk_year_init(&two, 2024);
    qk_year_init(&now, 2025);
    for (int32_t d = 0; d < 365; d++) put_day(&one, d, d < 181 ? 60 : 30, 50);
    for (int32_t d = 0; d < 366; d++) put_day(&two, d, d < 182 ? 50 : 30, 50);
    for (int32_t d = 0; d < 181; d++) put_day(&now, d, 50, 50);
    qk_target_judge(&r, &t, &now, now.first_day + 180, past, 2);
    assert_int_equal(r.past_years, 2);
    /* rests at half and at 0.6 of the beginning: 25 and 30 for 184 days */
    double mean = (50 * 181 + 27.5 * 184) / 365;
    assert_true(fabs(r.projected - mean) < 1e-9);
    assert_true(r.low < mean - 1 && r.high > mean + 1);
    assert_true(isnan(r.month_path[5]) &&
                fabs(r.month_path[8] - qk_dec_f64(r.mean_allowed)) < 1e-9);
    assert_int_equal(r.state, QK_TARGET_AT_RISK);
}

static void test_S016_target__parts_meet_the_whole_by_their_weights(void **state)
{
    (void)state;
    const qk_dec own[] = {{50, 0}, {40, 0}, {60, 0}};
    const qk_dec weight[] = {{2, 0}, {1, 0}, {1, 0}};
    qk_dec out[3];
    assert_ok(qk_target_allocate(out, own, weight, 3, (qk_dec){45, 0}));
    assert_true(qk_dec_same(out[0], (qk_dec){450, 1}));
    assert_true(qk_dec_same(out[1], (qk_dec){360, 1}));
    assert_true(qk_dec_same(out[2], (qk_dec){540, 1}));
    assert_int_equal(qk_target_allocate(out, own, (qk_dec[3]){{0, 0}}, 3, (qk_dec){45, 0}),
                     QK_EINVAL);
}

static void test_S016_target__random_shares_never_exceed_the_whole(void **state)
{
    (void)state;
    uint64_t seed = 16;
    for (int round = 0; round < 2000; round++) {
        qk_dec own[20], weight[20], out[20];
        size_t n = 1 + qk_test_random(&seed) % 20;
        qk_dec goal = {300 + (int64_t)(qk_test_random(&seed) % 500), 1};
        for (size_t i = 0; i < n; i++) {
            own[i] = (qk_dec){2000 + (int64_t)(qk_test_random(&seed) % 8000), 2};
            weight[i] = (qk_dec){1 + (int64_t)(qk_test_random(&seed) % 9), 0};
        }
        assert_ok(qk_target_allocate(out, own, weight, n, goal));
        qk_ratio mean = qk_target_weighted_mean(out, weight, n);
        assert_true(qk_ratio_cmp(mean, qk_ratio_dec(goal)) <= 0);
        /* Cut to a tenth, so at most a tenth below. */
        qk_ratio low = qk_ratio_sub(qk_ratio_dec(goal), qk_ratio_of(1, 10));
        assert_true(qk_ratio_cmp(mean, low) > 0);
    }
}

static void test_S038_target__a_path_falls_in_equal_steps_to_its_goal(void **state)
{
    (void)state;
    qk_dec path[10];
    assert_ok(qk_target_path(path, (qk_dec){54, 0}, (qk_dec){25, 0}, 10));
    assert_true(qk_dec_same(path[0], (qk_dec){511, 1}));
    assert_true(qk_dec_same(path[4], (qk_dec){395, 1}));
    assert_true(qk_dec_same(path[9], (qk_dec){25, 0}));
    /* Who is there already stays. */
    assert_ok(qk_target_path(path, (qk_dec){24, 0}, (qk_dec){25, 0}, 3));
    assert_true(qk_dec_same(path[2], (qk_dec){24, 0}));
    assert_int_equal(qk_target_path(path, (qk_dec){54, 0}, (qk_dec){25, 0}, 0), QK_EINVAL);
}

static void test_S027_target__rows_of_a_plan_are_read_or_passed_over_with_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *row, *why; /* NULL: judged */
        qk_target_kind kind;
        int32_t from, to;
    } rows[] = {
        {"{\"metric\":\"PM2.5\",\"op\":\"<=\",\"value\":44,\"unit\":\"ug/m3\"}", NULL,
         QK_TARGET_MEAN, 1, 12},
        {"{\"metric\":\"优良天数比例\",\"op\":\">=\",\"value\":66.5,\"unit\":\"%\"}", NULL,
         QK_TARGET_GOOD_DAYS, 1, 12},
        {"{\"metric\":\"5-9月臭氧超标率\",\"op\":\"<=\",\"value\":38.6,\"unit\":\"%\",\"text\":"
         "\"5-9月臭氧超标率控制在38.6%以下\"}",
         NULL, QK_TARGET_OZONE_OVER, 5, 9},
        {"{\"metric\":\"PM2.5改善率\",\"value\":5,\"unit\":\"%\"}", "a change, not a level",
         QK_TARGET_MEAN, 1, 12},
        {"{\"metric\":\"PM2.5\"}", "no number to reach", QK_TARGET_MEAN, 1, 12},
        {"{\"metric\":\"绿化率\",\"value\":3}", "not a quantity of hourly air", QK_TARGET_MEAN, 1,
         12},
    };
    qk_arena arena;
    qk_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < QK_ARRAY_COUNT(rows); i++) {
        qk_json_value *row;
        qk_target t;
        assert_ok(qk_json_parse(&row, qk_str_of(rows[i].row), &arena, NULL));
        const char *why = qk_target_read(&t, row);
        if (rows[i].why) assert_string_equal(why, rows[i].why);
        if (rows[i].why) continue;
        assert_null(why);
        assert_int_equal(t.kind, rows[i].kind);
        assert_int_equal(t.month_from, rows[i].from);
        assert_int_equal(t.month_to, rows[i].to);
    }
    qk_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S027_target__the_rest_of_the_year_may_average_as_by_hand),
        cmocka_unit_test(test_S027_target__a_percentile_without_past_years_is_carried_on_as_one),
        cmocka_unit_test(test_S027_target__days_that_may_still_be_lost),
        cmocka_unit_test(test_S028_target__fifty_nine_ozone_days_pass_and_sixty_fail),
        cmocka_unit_test(test_S027_target__the_projection_follows_the_past_rests_of_years),
        cmocka_unit_test(test_S016_target__parts_meet_the_whole_by_their_weights),
        cmocka_unit_test(test_S016_target__random_shares_never_exceed_the_whole),
        cmocka_unit_test(test_S038_target__a_path_falls_in_equal_steps_to_its_goal),
        cmocka_unit_test(test_S027_target__rows_of_a_plan_are_read_or_passed_over_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
