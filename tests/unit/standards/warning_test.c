/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/warning.h"
#include "../test.h"

static const qk_warning_rule *rule_of(size_t i)
{
    size_t n;
    const qk_warning_rule *rules = qk_warning_rules(&n);
    assert_true(i < n);
    return &rules[i];
}

static qk_warning_level level(const qk_warning_rule *rule, size_t n, const int32_t *aqi)
{
    return qk_warning_level_of(rule, aqi, n);
}

static void test_warning__examples_of_both_rules(void **state)
{
    (void)state;
    static const struct {
        int32_t aqi[4];
        size_t n;
        qk_warning_level now, before;
    } rows[] = {
        {{151, 152}, 2, QK_WARNING_YELLOW, QK_WARNING_NONE},
        {{160, 170, 155}, 3, QK_WARNING_ORANGE, QK_WARNING_NONE},
        {{201, 200, 201}, 3, QK_WARNING_ORANGE, QK_WARNING_NONE},
        {{210, 310, 201}, 3, QK_WARNING_RED, QK_WARNING_ORANGE},
        {{310, 190, 210, 205}, 4, QK_WARNING_ORANGE, QK_WARNING_YELLOW},
        {{201, -1, 201, 201}, 4, QK_WARNING_ORANGE, QK_WARNING_YELLOW},
        {{150, 150, 150}, 3, QK_WARNING_NONE, QK_WARNING_NONE},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(rows); i++) {
        assert_int_equal(level(rule_of(1), rows[i].n, rows[i].aqi), rows[i].now);
        assert_int_equal(level(rule_of(0), rows[i].n, rows[i].aqi), rows[i].before);
    }
    assert_int_equal(rule_of(0)->to_day, 19744);
    assert_int_equal(rule_of(1)->from_day, 19745);
    assert_non_null(strstr(rule_of(1)->source, "2024-01-23"));
}

static void test_warning__a_red_stretch_has_its_orange_before_it(void **state)
{
    (void)state;
    static const int32_t aqi[] = {155, 165, 180, 215, 230, 305, 120};
    qk_warning_level each[7];
    qk_warning_of_days(each, rule_of(1), aqi, 7);
    for (int i = 0; i < 7; i++)
        assert_int_equal(each[i], i < 3   ? QK_WARNING_ORANGE
                                  : i < 6 ? QK_WARNING_RED
                                          : QK_WARNING_NONE);
    assert_int_equal(qk_warning_condition_of(rule_of(1), aqi, 7)->peak_above, 300);
    qk_warning_of_days(each, rule_of(0), aqi, 7);
    assert_true(each[2] == QK_WARNING_NONE && each[3] == QK_WARNING_ORANGE);
    assert_null(qk_warning_condition_of(rule_of(0), aqi, 3));
}

static void test_warning__down_only_when_the_improvement_lasts(void **state)
{
    (void)state;
    qk_warning_level next;
    qk_ratio short_of = qk_ratio_of(359, 10), enough = qk_ratio_int(36);
    assert_int_equal(
        qk_warning_step(&next, rule_of(1), QK_WARNING_RED, QK_WARNING_YELLOW, short_of),
        QK_WARNING_KEEP);
    assert_int_equal(next, QK_WARNING_RED);
    assert_int_equal(qk_warning_step(&next, rule_of(1), QK_WARNING_RED, QK_WARNING_YELLOW, enough),
                     QK_WARNING_DOWNGRADE);
    assert_int_equal(next, QK_WARNING_YELLOW);
    assert_int_equal(qk_warning_step(&next, rule_of(1), QK_WARNING_RED, QK_WARNING_NONE, enough),
                     QK_WARNING_CANCEL);
    assert_int_equal(
        qk_warning_step(&next, rule_of(1), QK_WARNING_NONE, QK_WARNING_RED, QK_RATIO_NONE),
        QK_WARNING_ISSUE);
    assert_int_equal(qk_warning_step(&next, rule_of(1), QK_WARNING_YELLOW, QK_WARNING_RED, enough),
                     QK_WARNING_UPGRADE);
    assert_string_equal(qk_warning_action_name(QK_WARNING_UPGRADE), "upgrade");
    assert_string_equal(qk_warning_level_name(QK_WARNING_ORANGE), "orange");
    assert_int_equal(qk_warning_level_find(&next, QK_STR("blue")), QK_ENOTFOUND);
}

static void test_warning__episodes_thirty_six_hours_apart_are_two(void **state)
{
    (void)state;
    const int32_t aqi[] = {201, 201, 201};
    qk_warning_level found;
    assert_true(qk_warning_merge(&found, rule_of(1), aqi, 1, 2, qk_ratio_int(35)));
    assert_int_equal(found, QK_WARNING_ORANGE);
    assert_false(qk_warning_merge(&found, rule_of(1), aqi, 2, 1, qk_ratio_int(36)));
    assert_int_equal(found, QK_WARNING_ORANGE);
    assert_false(qk_warning_merge(&found, rule_of(0), aqi, 1, 1, qk_ratio_int(36)));
    assert_int_equal(found, QK_WARNING_NONE);
}

static void test_warning__shares_are_held_unrounded(void **state)
{
    (void)state;
    qk_ratio base[QK_REDUCTIONS], cut[QK_REDUCTIONS];
    qk_reduction r;
    for (int i = 0; i < QK_REDUCTIONS; i++) {
        base[i] = qk_ratio_int(30);
        cut[i] = qk_ratio_int(6);
    }
    qk_reduction_of(&r, rule_of(1), QK_WARNING_ORANGE, base, cut);
    assert_true(r.each_meets && r.meets_with_swap);
    cut[QK_REDUCTION_SO2] = qk_ratio_of(5999, 1000);
    cut[QK_REDUCTION_NOX] = qk_ratio_of(6001, 1000);
    qk_reduction_of(&r, rule_of(1), QK_WARNING_ORANGE, base, cut);
    assert_false(r.each_meets);
    assert_true(r.meets_with_swap);
    cut[QK_REDUCTION_PM] = qk_ratio_of(59999, 10000);
    qk_reduction_of(&r, rule_of(1), QK_WARNING_ORANGE, base, cut);
    assert_false(r.meets_with_swap);
    base[QK_REDUCTION_VOC] = qk_ratio_int(0);
    qk_reduction_of(&r, rule_of(1), QK_WARNING_ORANGE, base, cut);
    assert_false(r.known);
    assert_int_equal(rule_of(1)->share_percent[QK_WARNING_RED], 30);
}

static void test_warning__a_level_falls_when_the_days_ahead_lie_below_it(void **state)
{
    (void)state;
    static const struct {
        int32_t aqi[8];
        size_t today;
        int32_t left;
        qk_warning_level now;
        qk_warning_action act;
        qk_warning_level next;
        int32_t hours;
    } rows[] = {
        /* two days past, today, five to come */
        {{210, 220, 180, 90, 80, 70, 60, 50}, 2, 12, 2, QK_WARNING_CANCEL, 0, 132},
        {{210, 220, 180, 90, -1, 70, 60, 50}, 2, 11, 2, QK_WARNING_KEEP, 2, 35},
        {{210, 220, 180, 90, -1, 70, 60, 50}, 2, 12, 2, QK_WARNING_CANCEL, 0, 36},
        /* tomorrow still belongs to the run above 150 */
        {{210, 220, 180, 160, 80, 70, 60, 50}, 2, 12, 2, QK_WARNING_KEEP, 2, 12},
        /* heavy again after two clean days: another episode */
        {{310, 320, 230, 90, 80, 160, 170, 50}, 2, 12, 3, QK_WARNING_CANCEL, 0, 132},
        {{310, 320, 230, 90, 160, 170, 60, 50}, 2, 12, 3, QK_WARNING_CANCEL, 0, 132},
        {{310, 320, 230, 90, 160, 170, 60, 50}, 2, 11, 3, QK_WARNING_DOWNGRADE, 1, 131},
        {{310, 320, 230, -1, 80, 80, 80, 80}, 2, 20, 3, QK_WARNING_KEEP, 3, 20},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(rows); i++) {
        qk_warning_level next;
        int32_t hours = 0;
        assert_int_equal(qk_warning_ease(&next, &hours, rule_of(1), rows[i].now, rows[i].aqi, 8,
                                         rows[i].today, rows[i].left),
                         rows[i].act);
        assert_int_equal(next, rows[i].next);
        assert_int_equal(hours, rows[i].hours);
    }
    assert_int_equal(qk_warning_floor(rule_of(1), QK_WARNING_ORANGE), 150);
    assert_int_equal(qk_warning_floor(rule_of(1), QK_WARNING_RED), 200);
    assert_int_equal(qk_warning_floor(rule_of(1), QK_WARNING_NONE), INT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_warning__examples_of_both_rules),
        cmocka_unit_test(test_warning__a_red_stretch_has_its_orange_before_it),
        cmocka_unit_test(test_warning__down_only_when_the_improvement_lasts),
        cmocka_unit_test(test_warning__a_level_falls_when_the_days_ahead_lie_below_it),
        cmocka_unit_test(test_warning__episodes_thirty_six_hours_apart_are_two),
        cmocka_unit_test(test_warning__shares_are_held_unrounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
