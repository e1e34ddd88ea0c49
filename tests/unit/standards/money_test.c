/* SPDX-License-Identifier: Apache-2.0 */
/* What a problem costs, what a grade is paid, how a unit is scored. */
#include "../test.h"
#include "standards/money.h"
#include "standards/rules.h"

static const qk_amount_rule *deduction(void)
{
    size_t n = 0;
    const qk_amount_rule *rules = qk_deduction_rules(&n);
    assert_int_equal(n, 1);
    return rules;
}

static int64_t yuan(const char *code, int64_t size, int64_t items)
{
    const qk_amount_item *item = qk_amount_of(deduction(), qk_str_of(code), size);
    assert_non_null(item);
    return qk_amount_yuan(item, items);
}

static void test_money__a_special_item_comes_before_other_and_only_site_items_stack(void **state)
{
    (void)state;
    assert_int_equal(yuan("boiler", 35, 1), 100000);
    assert_int_equal(yuan("boiler", 36, 1), 10000); /* beyond 35 t it is any other problem */
    assert_int_equal(yuan("site_six", 0, 3), 300000);
    assert_int_equal(yuan("restaurant", 0, 3), 10000);
    assert_int_equal(yuan("smoke", 0, 0), 10000);
    assert_int_equal(yuan("straw_fire", 0, 1), 500000);
    size_t n = 0;
    const qk_amount_rule *subsidy = qk_subsidy_rules(&n);
    assert_null(qk_amount_of(subsidy, QK_STR("C"), 0));
}

static void test_S190_money__twelve_sample_problems_give_the_exact_total(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        int64_t size, items;
    } sample[] = {{"boiler", 20, 1},    {"site_six", 0, 3},  {"not_limiting", 0, 1},
                  {"muck_truck", 0, 1}, {"fireworks", 0, 1}, {"fireworks", 0, 1},
                  {"open_pile", 0, 1},  {"no_burn", 0, 1},   {"restaurant", 0, 1},
                  {"restaurant", 0, 1}, {"smoke", 0, 1},     {"site_six", 0, 1}};
    int64_t sum = 0;
    for (size_t i = 0; i < sizeof sample / sizeof sample[0]; i++)
        sum += yuan(sample[i].code, sample[i].size, sample[i].items);
    /* 10 + 30 + 10 + 10 + 5 + 5 + 1 + 1 + 1 + 1 + 1 + 10 */
    assert_int_equal(sum, 850000);
    assert_int_equal(yuan("site_six", 0, 3), 300000);
}

static qk_dec dec(const char *text)
{
    qk_dec d;
    assert_ok(qk_dec_parse(&d, qk_str_of(text)));
    return d;
}

static qk_assess_input usual(void)
{
    return (qk_assess_input){.air_known = true,
                             .last_known = true,
                             .pm25 = dec("43.6"),
                             .target = dec("42"),
                             .last_year = dec("46"),
                             .tasks = 8,
                             .tasks_done = 6,
                             .problems = 3,
                             .problems_closed = 2,
                             .deducted = dec("2"),
                             .initiative = dec("3.5")};
}

static const char *total(const qk_assess_rule *rule, const qk_assess_input *in)
{
    static char text[QK_DEC_TEXT];
    qk_assess_score score;
    assert_ok(qk_assess(&score, rule, in));
    return qk_dec_format(text, score.total);
}

static void assert_part(const qk_assess_rule *rule, const qk_assess_input *in, qk_assess_part part,
                        const char *points, const char *why)
{
    char text[QK_DEC_TEXT];
    qk_assess_score score;
    assert_ok(qk_assess(&score, rule, in));
    assert_string_equal(qk_dec_format(text, score.points[part]), points);
    assert_string_equal(score.why[part], why);
}

static void test_S013_money__each_point_of_a_score_follows_from_its_facts(void **state)
{
    (void)state;
    size_t n = 0;
    qk_assess_rule rule = qk_assess_rules(&n)[0];
    qk_assess_input in = usual();
    /* 1.6 ug over at -0.5 a ug */
    assert_part(&rule, &in, QK_ASSESS_AIR, "39.20", "over");
    assert_part(&rule, &in, QK_ASSESS_TASKS, "22.50", "share");
    assert_part(&rule, &in, QK_ASSESS_PROBLEMS, "13.33", "share");
    assert_part(&rule, &in, QK_ASSESS_INITIATIVE, "3.50", "sum");
    assert_part(&rule, &in, QK_ASSESS_DEDUCTED, "-2.00", "sum");
    assert_string_equal(total(&rule, &in), "76.53");
    rule.whole_ug = true;
    assert_part(&rule, &in, QK_ASSESS_AIR, "39.50", "over");
    in.pm25 = dec("46.1"); /* worse than the year before */
    assert_part(&rule, &in, QK_ASSESS_AIR, "0.00", "worse");
    rule.worse_is_zero = false;
    assert_part(&rule, &in, QK_ASSESS_AIR, "38.00", "over");
    in.pm25 = dec("200");
    assert_part(&rule, &in, QK_ASSESS_AIR, "0.00", "over"); /* never below nothing */
    in.air_known = false;
    assert_part(&rule, &in, QK_ASSESS_AIR, "0.00", "unknown");
    in.initiative = dec("12");
    assert_part(&rule, &in, QK_ASSESS_INITIATIVE, "10.00", "cap");
}

static void test_S013_money__one_fact_changes_exactly_the_expected_score(void **state)
{
    (void)state;
    size_t n = 0;
    const qk_assess_rule *rule = qk_assess_rules(&n);
    qk_assess_input in = usual();
    assert_string_equal(total(rule, &in), "76.53");
    in.tasks_done = 7; /* 30 / 8 more */
    assert_string_equal(total(rule, &in), "80.28");
    in.problems_closed = 3;
    assert_string_equal(total(rule, &in), "86.95");
    in.pm25 = dec("42.6");
    assert_string_equal(total(rule, &in), "87.45");
    in.deducted = dec("0");
    assert_string_equal(total(rule, &in), "89.45");
}

static void test_S015_money__only_who_met_all_targets_is_commended(void **state)
{
    (void)state;
    size_t n = 0;
    qk_assess_score score;
    qk_assess_input in = usual();
    const qk_assess_rule *rule = qk_assess_rules(&n);
    in.tasks_done = in.tasks;
    assert_ok(qk_assess(&score, rule, &in));
    assert_false(score.targets_met);
    in.pm25 = dec("42.0");
    assert_ok(qk_assess(&score, rule, &in));
    assert_true(score.targets_met && !score.penalty);
    in.tasks_done = 0;
    in.problems_closed = 0;
    in.deducted = dec("20");
    assert_ok(qk_assess(&score, rule, &in));
    assert_true(!score.targets_met && score.penalty);
    in.tasks_done = 9;
    assert_int_equal(qk_assess(&score, rule, &in), QK_ERANGE);
}

static void refused(const char *json, const char *why)
{
    qk_arena arena;
    qk_error err = {0};
    static qk_rules rules;
    qk_arena_init(&arena, 1 << 20);
    qk_code code = qk_rules_parse(&rules, qk_str_of(json), &arena, &err);
    if (code != QK_EFORMAT || !strstr(err.message, why)) fail_msg("%s: %s", json, err.message);
    qk_arena_clear(&arena);
}

#define HEAD "\"name\":\"x\",\"source\":\"s\",\"from\":\"2025-10-07\""

static void test_money__rules_are_rows_that_can_be_set_and_refused(void **state)
{
    (void)state;
    qk_arena arena;
    qk_error err = {0};
    static qk_rules rules;
    refused("{\"deduction\":[{" HEAD ",\"items\":[]}]}", "1 to 24");
    refused("{\"deduction\":[{" HEAD ",\"items\":[{\"code\":\"a\",\"zh\":\"甲\",\"yuan\":-1}]}]}",
            "yuan");
    refused("{\"subsidy\":[{" HEAD ",\"items\":[{\"code\":\"a\",\"zh\":\"甲\",\"yuan\":1},"
            "{\"code\":\"a\",\"zh\":\"甲\",\"yuan\":2}]}]}",
            "never hold");
    refused("{\"deduction\":[{" HEAD ",\"items\":[{\"code\":\"a\",\"zh\":\"甲\",\"yuan\":1}]}]}",
            "same day");
    refused("{\"assessment\":[{" HEAD ",\"air_points\":40}]}", "");
    qk_arena_init(&arena, 1 << 20);
    assert_ok(qk_rules_parse(
        &rules,
        QK_STR("{\"subsidy\":[{\"name\":\"grade2022\",\"source\":\"县办\",\"items\":[{\"code\":"
               "\"A\",\"zh\":\"A 级\",\"yuan\":200000}]}]}"),
        &arena, &err));
    assert_int_equal(rules.subsidy[0].items[0].yuan, 200000);
    qk_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_money__a_special_item_comes_before_other_and_only_site_items_stack),
        cmocka_unit_test(test_S190_money__twelve_sample_problems_give_the_exact_total),
        cmocka_unit_test(test_S013_money__each_point_of_a_score_follows_from_its_facts),
        cmocka_unit_test(test_S013_money__one_fact_changes_exactly_the_expected_score),
        cmocka_unit_test(test_S015_money__only_who_met_all_targets_is_commended),
        cmocka_unit_test(test_money__rules_are_rows_that_can_be_set_and_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
