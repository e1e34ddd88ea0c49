/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/rounding.h"
#include "../test.h"

static void rounds(const char *text, int32_t decimals, const char *want)
{
    qk_buf out;
    qk_buf_init(&out, 4096);
    qk_code code = qk_round_text(&out, qk_str_of(text), decimals);
    if (code != QK_OK || strcmp(out.ptr, want) != 0)
        fail_msg("%s to %d: %s, wanted %s", text, decimals, code ? "refused" : out.ptr, want);
    qk_buf_clear(&out);
}

static void test_rounding__half_goes_to_even_once_from_the_digits(void **state)
{
    (void)state;
    rounds("15.4546", 0, "15");
    rounds("2.675", 2, "2.68");
    rounds("1.005", 2, "1.00");
    rounds("0.285", 2, "0.28");
    rounds("34.5", 0, "34");
    rounds("35.5", 0, "36");
    rounds("-0.5", 0, "0");
    rounds("-2.5000000000000000000000000000000000001", 0, "-3");
    rounds("9.96", 1, "10.0");
    rounds("0.96", 0, "1");
    rounds("0.05", 1, "0.0");
    rounds("0.0500000000000000000001", 1, "0.1");
    rounds("0.004", 2, "0.00");
    rounds("999.5", 0, "1000");
}

static void test_rounding__exponents_signs_and_widening(void **state)
{
    (void)state;
    rounds("1e2", 0, "100");
    rounds("1.5E-3", 3, "0.002");
    rounds("25e-2", 1, "0.2");
    rounds("+.5", 0, "0");
    rounds("5.", 2, "5.00");
    rounds("0", 3, "0.000");
    rounds("000", 0, "0");
    rounds("-0.00", 1, "0.0");
    rounds("1250", -2, "1200");
    rounds("1350", -2, "1400");
    rounds("49", -2, "0");
    rounds("12e+3", 1, "12000.0");
}

static void test_rounding__what_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",   "-",    ".",   "1.2.3", "1e",
                                      "e5", "1e5x", "12a", " 1",    "NaN"};
    qk_buf out;
    qk_buf_init(&out, 4096);
    for (size_t i = 0; i < QK_ARRAY_COUNT(bad); i++)
        assert_int_equal(qk_round_text(&out, qk_str_of(bad[i]), 1), QK_EFORMAT);
    assert_int_equal(qk_round_text(&out, QK_STR("1e5000"), 1), QK_ERANGE);
    assert_int_equal(qk_round_text(&out, QK_STR("1"), 101), QK_ERANGE);
    assert_int_equal(qk_round_text(&out, QK_STR("1e999"), 100), QK_ERANGE);
    qk_buf_clear(&out);
}

/* Against integers: n thousandths to hundredths. */
static void test_rounding__agrees_with_integers(void **state)
{
    (void)state;
    char text[32], want[32];
    for (int n = 0; n < 4000; n++) {
        int whole = n / 10, rest = n % 10;
        if (rest > 5 || (rest == 5 && whole % 2)) whole++;
        snprintf(text, sizeof text, "%d.%03d", n / 1000, n % 1000);
        snprintf(want, sizeof want, "%d.%02d", whole / 100, whole % 100);
        rounds(text, 2, want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounding__half_goes_to_even_once_from_the_digits),
        cmocka_unit_test(test_rounding__exponents_signs_and_widening),
        cmocka_unit_test(test_rounding__what_is_no_number_is_refused),
        cmocka_unit_test(test_rounding__agrees_with_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
