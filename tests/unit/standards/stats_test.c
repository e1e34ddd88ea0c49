/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/index.h"
#include "standards/skill.h"
#include "standards/stats.h"
#include "../test.h"

static void rounds(qk_ratio r, int32_t decimals, const char *text)
{
    qk_dec d;
    char got[QK_DEC_TEXT];
    assert_ok(qk_ratio_round(&d, r, decimals));
    assert_string_equal(qk_dec_format(got, d), text);
}

static void test_stats__percentiles_lie_between_their_neighbours(void **state)
{
    (void)state;
    static qk_dec v[365];
    for (int i = 0; i < 365; i++) v[i] = (qk_dec){365 - i, 0};
    rounds(qk_percentile(v, 365, (qk_dec){90, 0}), 1, "328.6");
    rounds(qk_percentile(v, 365, (qk_dec){95, 0}), 1, "346.8");
    rounds(qk_percentile(v, 365, (qk_dec){98, 0}), 2, "357.72");
    rounds(qk_percentile(v, 10, (qk_dec){90, 0}), 1, "9.1");
    rounds(qk_percentile(v, 365, (qk_dec){100, 0}), 0, "365");
    rounds(qk_percentile(v, 365, (qk_dec){0, 0}), 0, "1");
    rounds(qk_percentile(v, 3, (qk_dec){125, 1}), 3, "1.250");
    assert_false(qk_ratio_there(qk_percentile(v, 0, (qk_dec){90, 0})));
    assert_false(qk_ratio_there(qk_percentile(v, 3, (qk_dec){1001, 1})));
}

static void test_S026_stats__ozone_windows_and_their_exception(void **state)
{
    (void)state;
    qk_conc hours[24];
    qk_mda8 day;
    for (int h = 0; h < 24; h++) hours[h] = (qk_conc){{160, 0}, QK_CONC_VALUE};
    for (int h = 16; h < 24; h++) hours[h].state = QK_CONC_MISSING;
    qk_mda8_of(&day, hours);
    assert_int_equal(day.windows, 11);
    assert_false(day.valid); /* 160 exactly does not exceed */
    for (int h = 10; h < 16; h++) hours[h].value = (qk_dec){162, 0};
    qk_mda8_of(&day, hours);
    assert_true(day.valid);
    hours[3].value.mantissa = -1;
    qk_mda8_of(&day, hours);
    assert_int_equal(day.windows, 11);
    rounds(day.max, 2, "162.00");
}

static void test_stats__ranks_ties_and_those_left_out(void **state)
{
    (void)state;
    const qk_dec v[] = {{352, 2}, {348, 2}, {41, 1}, {3480, 3}, {501, 2}};
    const bool there[] = {true, true, false, true, true};
    int32_t ranks[5];
    qk_rank(ranks, v, NULL, 5);
    assert_memory_equal(ranks, ((int32_t[]){3, 1, 4, 1, 5}), sizeof ranks);
    qk_rank(ranks, v, there, 5);
    assert_memory_equal(ranks, ((int32_t[]){3, 1, 0, 1, 4}), sizeof ranks);
}

static void test_stats__change_against_nothing_is_not_there(void **state)
{
    (void)state;
    rounds(qk_change_rate(qk_ratio_of(5399, 1000), qk_ratio_of(6106, 1000)), 1, "-11.6");
    assert_false(qk_ratio_there(qk_change_rate(qk_ratio_int(3), qk_ratio_int(0))));
    assert_false(qk_ratio_there(qk_percent(3, 0)));
}

static void test_S029_stats__the_index_profiles_and_their_days(void **state)
{
    (void)state;
    const qk_ratio value[QK_POLLUTANTS] = {
        [QK_SO2] = qk_ratio_int(13),  [QK_NO2] = qk_ratio_int(34),  [QK_CO] = qk_ratio_int(2),
        [QK_PM10] = qk_ratio_int(85), [QK_PM25] = qk_ratio_int(54), [QK_O3] = qk_ratio_int(172)};
    static const char *const totals[] = {"5.399", "5.858", "11.383", "7.218"};
    size_t count;
    const qk_index_profile *profiles = qk_index_profiles(&count);
    qk_index index;
    for (size_t i = 0; i < count; i++) {
        qk_index_of(&index, &profiles[i], value);
        rounds(index.total, 3, totals[i]);
        assert_int_equal(index.primary, 1u << QK_PM25);
    }
    assert_string_equal(qk_index_profile_on(20512)->name, "HJ663-2013");
    assert_string_equal(qk_index_profile_on(20513)->name, "NEW-LIMITS-OLD-WEIGHTS");
    assert_null(qk_index_profile_named(QK_STR("NONE")));
}

static void test_stats__a_forecast_hit_needs_the_range_or_its_grades(void **state)
{
    (void)state;
    qk_forecast_hit hit;
    assert_ok(qk_forecast_hit_of(&hit, 80, 110, 112));
    assert_int_equal(hit.grades, 1u << 2 | 1u << 3);
    assert_false(hit.range_hit);
    assert_true(hit.grade_hit);
    assert_ok(qk_forecast_hit_of(&hit, 55, 85, 50));
    assert_false(hit.grade_hit);
    assert_int_equal(qk_forecast_hit_of(&hit, 90, 80, 50), QK_EINVAL);
    assert_int_equal(qk_forecast_hit_of(&hit, -1, 80, 50), QK_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stats__percentiles_lie_between_their_neighbours),
        cmocka_unit_test(test_S026_stats__ozone_windows_and_their_exception),
        cmocka_unit_test(test_stats__ranks_ties_and_those_left_out),
        cmocka_unit_test(test_stats__change_against_nothing_is_not_there),
        cmocka_unit_test(test_S029_stats__the_index_profiles_and_their_days),
        cmocka_unit_test(test_stats__a_forecast_hit_needs_the_range_or_its_grades),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
