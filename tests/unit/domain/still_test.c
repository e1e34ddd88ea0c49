/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/still.h"
#include "../test.h"

static void check(const qk_still *s, const char *code, const char *kind, int constant_h, int zero_h)
{
    qk_still_rule r = qk_still_of(s, qk_str_of(code), qk_str_of(kind));
    assert_int_equal(r.constant_ms, constant_h * QK_HOUR);
    assert_int_equal(r.zero_ms, zero_h * QK_HOUR);
}

static void test_S077_still__gases_may_stand_three_hours_states_and_counts_for_ever(void **state)
{
    (void)state;
    qk_still s;
    qk_still_init(&s);
    check(&s, "a21026", "outlet", 3, 3);
    check(&s, "a34004", "air_micro", 3, 3);
    check(&s, "a34004", "", 3, 3);
    check(&s, "t10102", "gate", 0, 0);
    check(&s, "n10101", "machine", 0, 0);
    check(&s, "ga2101", "kitchen", 0, 0);
    check(&s, "a34041", "kitchen", 48, 0);
    check(&s, "d30101", "power", 48, 0);
    check(&s, "SB1", "outlet", 0, 0);
}

static void test_still__rules_of_the_place_come_first(void **state)
{
    (void)state;
    qk_still s;
    qk_error err = {0};
    qk_still_init(&s);
    assert_ok(qk_still_read(&s,
                            QK_STR("[{\"code\":\"ga*\",\"site_kind\":\"kitchen\","
                                   "\"constant_h\":30,\"zero_h\":null},"
                                   "{\"code\":\"a21026\",\"constant_h\":1.5}]"),
                            &err));
    check(&s, "ga0701", "kitchen", 30, 0);
    check(&s, "ga0701", "outlet", 0, 0);
    qk_still_rule r = qk_still_of(&s, QK_STR("a21026"), QK_STR("outlet"));
    assert_int_equal(r.constant_ms, 90 * QK_MINUTE);
    assert_int_equal(r.zero_ms, 3 * QK_HOUR);
    check(&s, "a21002", "outlet", 3, 3);
}

static void test_still__what_is_no_rule_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "{}",
        "[1]",
        "[{\"constant_h\":0}]",
        "[{\"constant_h\":-1}]",
        "[{\"zero_h\":\"3\"}]",
        "[{\"code\":\"0123456789012345678901234567890123456789\"}]"};
    qk_still s;
    qk_error err = {0};
    qk_still_init(&s);
    assert_ok(qk_still_read(&s, QK_STR("[{\"code\":\"x\",\"zero_h\":1}]"), &err));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(qk_still_read(&s, qk_str_of(wrong[i]), &err), QK_EFORMAT);
    check(&s, "x", "", 3, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S077_still__gases_may_stand_three_hours_states_and_counts_for_ever),
        cmocka_unit_test(test_still__rules_of_the_place_come_first),
        cmocka_unit_test(test_still__what_is_no_rule_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
