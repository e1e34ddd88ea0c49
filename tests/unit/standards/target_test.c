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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S027_target__the_rest_of_the_year_may_average_as_by_hand),
        cmocka_unit_test(test_S027_target__days_that_may_still_be_lost),
        cmocka_unit_test(test_S028_target__fifty_nine_ozone_days_pass_and_sixty_fail),
        cmocka_unit_test(test_S027_target__the_projection_follows_the_past_rests_of_years),
        cmocka_unit_test(test_S016_target__parts_meet_the_whole_by_their_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
