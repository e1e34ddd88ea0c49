/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/rules.h"
#include "../test.h"
#include <math.h>

static qk_rules rules;

static void rounds(qk_ratio r, int32_t decimals, const char *text)
{
    qk_dec d;
    char got[QK_DEC_TEXT];
    assert_ok(qk_ratio_round(&d, r, decimals));
    assert_string_equal(qk_dec_format(got, d), text);
}

static qk_ratio of(int64_t mantissa, int32_t scale)
{
    return qk_ratio_dec((qk_dec){mantissa, scale});
}

/* The worked stack: 12.5 m/s, 3.14 m2, 130 C, 100800 Pa, -250 Pa, 8.2 % water, 42.6 mg/m3. */
static void test_cems__the_worked_stack(void **state)
{
    (void)state;
    qk_cems_stack stack = {of(125, 1),  of(314, 2), of(130, 0), of(100800, 0),
                           of(-250, 0), of(82, 1),  of(426, 1)};
    qk_cems_flow flow;
    qk_cems_flow_of(&flow, &stack);
    rounds(flow.qs_m3h, 0, "141300");
    rounds(flow.qsn_m3h, 2, "87198.28");
    rounds(flow.rate_kgh, 4, "3.7146");
    stack.moisture_percent = of(100, 0);
    qk_cems_flow_of(&flow, &stack);
    assert_false(qk_ratio_there(flow.qsn_m3h));
    stack.t_c = of(-273, 0);
    qk_cems_flow_of(&flow, &stack);
    assert_false(qk_ratio_there(flow.rate_kgh));
}

static void test_cems__oxygen_at_twenty_one_is_invalid(void **state)
{
    (void)state;
    bool invalid;
    rounds(qk_cems_at_oxygen(of(30, 0), of(125, 1), of(9, 0), &invalid), 4, "42.3529");
    assert_false(invalid);
    assert_false(qk_ratio_there(qk_cems_at_oxygen(of(30, 0), of(21, 0), of(9, 0), &invalid)));
    assert_true(invalid);
    assert_false(qk_ratio_there(qk_cems_at_oxygen(of(30, 0), QK_RATIO_NONE, of(9, 0), &invalid)));
    assert_false(invalid);
}

static void test_cems__substitution_goes_by_capture_rate_and_length(void **state)
{
    (void)state;
    assert_int_equal(qk_cems_substitute_hours(&rules.cems[0], of(90, 0), of(24, 0)), 180);
    assert_int_equal(qk_cems_substitute_hours(&rules.cems[0], of(90, 0), of(241, 1)), 720);
    assert_int_equal(qk_cems_substitute_hours(&rules.cems[0], of(8999, 2), of(1, 0)), 2160);
    assert_int_equal(qk_cems_substitute_hours(&rules.cems[0], of(75, 0), of(100, 0)), 2160);
    assert_int_equal(qk_cems_substitute_hours(&rules.cems[0], of(7499, 2), of(1, 0)), 0);
    rounds(qk_cems_capture_rate(of(2208, 0), of(0, 0), of(220, 0)), 2, "90.04");
    assert_false(qk_ratio_there(qk_cems_capture_rate(of(2184, 0), of(2184, 0), of(0, 0))));
    assert_false(qk_ratio_there(qk_cems_capture_rate(of(100, 0), of(50, 0), of(51, 0))));
}

static void test_cems__equivalent_stacks_and_rates_between_heights(void **state)
{
    (void)state;
    const qk_ratio heights[] = {of(15, 0), of(20, 0), of(30, 0)};
    const qk_ratio rates[] = {of(26, 1), of(43, 1), of(15, 0)};
    qk_dec h;
    assert_ok(qk_stack_equivalent_height(&h, of(30, 0), of(40, 0), 2));
    assert_int_equal(h.mantissa, 3536);
    rounds(qk_stack_rate_limit(heights, rates, 3, of(20, 0)), 2, "4.30");
    rounds(qk_stack_rate_limit(heights, rates, 3, of(25, 0)), 2, "9.65");
    rounds(qk_stack_rate_limit(heights, rates, 3, of(60, 0)), 1, "60.0");
    rounds(qk_stack_rate_limit(heights, rates, 3, of(10, 0)), 3, "0.578");
    assert_false(qk_ratio_there(qk_stack_rate_limit(heights, rates, 3, of(0, 0))));
}

static void test_sources__dustfall_of_the_worked_jar(void **state)
{
    (void)state;
    rounds(qk_dustfall(of(350, 3), of(1767, 1), of(30, 0)), 3, "19.808");
    assert_false(qk_ratio_there(qk_dustfall(of(350, 3), of(0, 0), of(30, 0))));
}

static void test_sources__carbon_kitchens_and_road_dust(void **state)
{
    (void)state;
    rounds(qk_carbon_days(of(1000, 0), of(10, 2), of(50, 0), of(10000, 0), of(24, 0)), 2, "8.33");
    assert_true(qk_fume_meets(&rules.fume[0],
                              qk_fume_base(&rules.fume[0], of(2, 0), of(8000, 0), of(4, 0))));
    assert_false(qk_fume_meets(&rules.fume[0],
                               qk_fume_base(&rules.fume[0], of(200001, 5), of(8000, 0), of(4, 0))));
    assert_false(qk_fume_meets(&rules.fume[0],
                               qk_fume_base(&rules.fume[0], of(2, 0), of(8000, 0), of(0, 0))));
    assert_true(fabs(qk_road_dust_g_km(0.62, 1, 1, 0.5) - 0.31) < 1e-12);
}

static void test_sources__vapour_tables_and_their_ends(void **state)
{
    (void)state;
    int32_t pa[QK_VAPOUR_COLUMNS];
    assert_ok(qk_vapour_tightness(pa, &rules.vapour[0], of(3217, 0)));
    assert_int_equal(pa[0], 277);
    assert_ok(qk_vapour_tightness(pa, &rules.vapour[0],
                                  of(19875, 1))); /* half way between 1893 and 2082 */
    assert_int_equal(pa[0], 190);
    assert_int_equal(qk_vapour_tightness(pa, &rules.vapour[0], of(1892, 0)), QK_ERANGE);
    assert_int_equal(qk_vapour_tightness(pa, &rules.vapour[0], of(94626, 0)), QK_ERANGE);
    assert_int_equal(qk_vapour_resistance(&rules.vapour[0], of(38, 0)), 155);
    assert_int_equal(qk_vapour_resistance(&rules.vapour[0], of(30, 0)), 0);
    assert_true(qk_vapour_ratio_meets(&rules.vapour[0], of(12, 1)));
    assert_false(qk_vapour_ratio_meets(&rules.vapour[0], of(1204, 3)));
}

static void test_sources__gas_states_and_leaks(void **state)
{
    (void)state;
    rounds(qk_gas_mass(of(1, 0), of(64066, 3), QK_GAS_298K), 5, "2.61864");
    rounds(qk_gas_mass(of(1, 0), of(64066, 3), QK_GAS_273K), 5, "2.85831");
    assert_int_equal(qk_ldar_threshold(&rules.ldar[0], QK_LDAR_HEAVY_LIQUID, true), 500);
    assert_int_equal(qk_ldar_threshold(&rules.ldar[0], QK_LDAR_LIGHT_LIQUID, false), 5000);
}

static void test_sources__compensation_rises_by_tiers(void **state)
{
    (void)state;
    const qk_compensation_rule *rule = &rules.compensation[0];
    rounds(qk_compensation(rule, QK_PM25, of(475, 1), of(40, 0)), 2, "100.00");
    rounds(qk_compensation(rule, QK_PM25, of(45, 0), of(40, 0)), 2, "50.00");
    rounds(qk_compensation(rule, QK_PM25, of(40, 0), of(40, 0)), 2, "0.00");
    assert_false(qk_ratio_there(qk_compensation(rule, QK_SO2, of(45, 0), of(40, 0))));
    assert_false(qk_ratio_there(qk_compensation(rule, QK_PM25, QK_RATIO_NONE, of(40, 0))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cems__the_worked_stack),
        cmocka_unit_test(test_cems__oxygen_at_twenty_one_is_invalid),
        cmocka_unit_test(test_cems__substitution_goes_by_capture_rate_and_length),
        cmocka_unit_test(test_cems__equivalent_stacks_and_rates_between_heights),
        cmocka_unit_test(test_sources__dustfall_of_the_worked_jar),
        cmocka_unit_test(test_sources__carbon_kitchens_and_road_dust),
        cmocka_unit_test(test_sources__vapour_tables_and_their_ends),
        cmocka_unit_test(test_sources__gas_states_and_leaks),
        cmocka_unit_test(test_sources__compensation_rises_by_tiers),
    };
    qk_rules_default(&rules);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
