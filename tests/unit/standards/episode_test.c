/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/episode.h"
#include "../test.h"
#include <math.h>

enum { DAYS = 12, HOURS = DAYS * 24, MOST = 4 };

typedef struct air {
    int32_t aqi[DAYS];
    double pm25[HOURS];
} air;

static void calm(air *a)
{
    for (int d = 0; d < DAYS; d++) a->aqi[d] = 60;
    for (int h = 0; h < HOURS; h++) a->pm25[h] = 30;
}

static void fill(air *a, int from, int to, double value)
{
    for (int h = from; h < to; h++) a->pm25[h] = value;
}

static size_t find(qk_episode out[MOST], const air *a)
{
    size_t n = 0, rules = 0;
    qk_error err = {0};
    const qk_warning_rule *w = qk_warning_rules(&rules);
    if (qk_episodes_find(out, MOST, &n, &w[rules - 1], qk_episode_rule_shipped(), a->aqi, a->pm25,
                         DAYS, &err) != QK_OK)
        fail_msg("%s", err.message);
    return n;
}

static void test_S048_episode__start_and_end_are_found_from_data(void **state)
{
    (void)state;
    static air a;
    qk_episode e[MOST];
    calm(&a);
    a.aqi[3] = 160, a.aqi[4] = 230, a.aqi[5] = 170;
    fill(&a, 2 * 24 + 20, 6 * 24 + 5, 130); /* from 20:00 the evening before to 05:00 behind it */
    fill(&a, 3 * 24 + 8, 3 * 24 + 12, 60);  /* four clear hours are no end */
    a.pm25[4 * 24 + 7] = 212;
    assert_int_equal(find(e, &a), 1);
    assert_true(e[0].first_day == 3 && e[0].last_day == 5);
    assert_int_equal(e[0].from, 2 * 24 + 20);
    assert_int_equal(e[0].to, 6 * 24 + 5);
    assert_int_equal(e[0].level, QK_WARNING_ORANGE);
    assert_true(e[0].aqi == 230 && e[0].worst_day == 4 && e[0].peak == 212);
    assert_int_equal(e[0].peak_hour, 4 * 24 + 7);
    assert_int_equal(e[0].hours_above, e[0].to - e[0].from - 4);
    assert_true(e[0].hours_known && !e[0].runs);
}

static void
test_S048_episode__two_near_each_other_are_one_and_a_single_bad_day_is_none(void **state)
{
    (void)state;
    static air a;
    qk_episode e[MOST];
    calm(&a);
    a.aqi[1] = 160; /* one day above 150 is no episode */
    fill(&a, 24, 48, 120);
    assert_int_equal(find(e, &a), 0);
    a.aqi[4] = 210, a.aqi[6] = 205;
    fill(&a, 4 * 24, 5 * 24, 170);
    fill(&a, 6 * 24, 7 * 24, 165); /* 24 hours apart */
    assert_int_equal(find(e, &a), 1);
    assert_true(e[0].first_day == 4 && e[0].last_day == 6);
    calm(&a);
    a.aqi[2] = 210, a.aqi[5] = 205;
    fill(&a, 2 * 24, 3 * 24, 170);
    fill(&a, 5 * 24, 6 * 24, 165); /* 48 hours apart */
    assert_int_equal(find(e, &a), 2);
    assert_int_equal(e[0].level, QK_WARNING_YELLOW);
}

static void test_episode__what_is_missing_or_does_not_count_makes_none(void **state)
{
    (void)state;
    static air a;
    qk_episode e[MOST];
    size_t n = 0, rules = 0;
    const qk_warning_rule *w = qk_warning_rules(&rules);
    qk_error err = {0};
    calm(&a);
    a.aqi[10] = 180, a.aqi[11] = 190;
    fill(&a, 0, HOURS, NAN); /* days of a yearbook: no hours */
    assert_int_equal(find(e, &a), 1);
    assert_true(!e[0].hours_known && e[0].from == 240 && e[0].to == HOURS && e[0].runs);
    assert_true(isnan(e[0].peak));
    a.aqi[10] = -1; /* led by ozone */
    assert_int_equal(find(e, &a), 0);
    const qk_episode_rule none = {.above = 75};
    assert_int_equal(qk_episodes_find(e, MOST, &n, &w[1], &none, a.aqi, a.pm25, DAYS, &err),
                     QK_EINVAL);
    for (int d = 0; d < DAYS; d++) a.aqi[d] = d % 3 == 0 ? 250 : 50;
    assert_int_equal(
        qk_episodes_find(e, 1, &n, &w[1], qk_episode_rule_shipped(), a.aqi, a.pm25, DAYS, &err),
        QK_EFULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S048_episode__start_and_end_are_found_from_data),
        cmocka_unit_test(
            test_S048_episode__two_near_each_other_are_one_and_a_single_bad_day_is_none),
        cmocka_unit_test(test_episode__what_is_missing_or_does_not_count_makes_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
