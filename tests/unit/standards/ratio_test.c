/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/ratio.h"
#include "../test.h"
#include <math.h>

static void rounds(qk_ratio r, int32_t decimals, const char *text)
{
    qk_dec d;
    char got[QK_DEC_TEXT];
    assert_ok(qk_ratio_round(&d, r, decimals));
    assert_string_equal(qk_dec_format(got, d), text);
}

static void test_ratio__sums_products_and_quotients_are_exact(void **state)
{
    (void)state;
    qk_ratio third = qk_ratio_of(1, 3), sixth = qk_ratio_of(-1, -6);
    rounds(qk_ratio_add(third, sixth), 3, "0.500");
    rounds(qk_ratio_sub(sixth, third), 4, "-0.1667");
    rounds(qk_ratio_mul(third, sixth), 6, "0.055556");
    rounds(qk_ratio_div(third, sixth), 0, "2");
    rounds(qk_ratio_dec((qk_dec){-1250, 2}), 1, "-12.5");
    rounds(qk_ratio_of(5, 2), 0, "2");
    rounds(qk_ratio_of(7, 2), 0, "4");
}

static void test_ratio__what_is_not_there_spreads(void **state)
{
    (void)state;
    qk_dec d;
    qk_ratio none = qk_ratio_div(qk_ratio_int(1), qk_ratio_int(0));
    assert_false(qk_ratio_there(none));
    assert_false(qk_ratio_there(qk_ratio_add(none, qk_ratio_int(1))));
    assert_false(qk_ratio_there(qk_ratio_mul(qk_ratio_int(1), none)));
    assert_int_equal(qk_ratio_round(&d, none, 1), QK_EINVAL);
    assert_int_equal(qk_ratio_sqrt(&d, none, 1), QK_EINVAL);
    assert_true(isnan(qk_ratio_f64(none)));
    assert_true(qk_ratio_f64(qk_ratio_of(1, 4)) == 0.25);
}

static void test_ratio__overflow_is_told_not_wrapped(void **state)
{
    (void)state;
    qk_dec d;
    qk_ratio big = qk_ratio_int(INT64_MAX);
    qk_ratio huge = qk_ratio_mul(qk_ratio_mul(big, big), big);
    assert_false(qk_ratio_there(huge));
    assert_int_equal(qk_ratio_round(&d, huge, 0), QK_ERANGE);
    assert_int_equal(qk_ratio_round(&d, qk_ratio_add(huge, big), 0), QK_ERANGE);
    qk_ratio tiny = qk_ratio_div(qk_ratio_int(1), qk_ratio_mul(big, big));
    assert_false(qk_ratio_there(qk_ratio_add(tiny, qk_ratio_of(1, 1000003))));
    assert_int_equal(qk_ratio_sqrt(&d, qk_ratio_mul(big, big), 6), QK_ERANGE);
}

static void test_ratio__comparison_needs_no_cross_product(void **state)
{
    (void)state;
    qk_i128 a = (qk_i128)INT64_MAX * INT64_MAX;
    assert_true(qk_ratio_cmp(qk_ratio_of(a, a - 1), qk_ratio_of(a - 1, a - 2)) < 0);
    assert_true(qk_ratio_cmp(qk_ratio_of(-a, a - 1), qk_ratio_of(-(a - 1), a - 2)) > 0);
    assert_int_equal(qk_ratio_cmp(qk_ratio_of(2, 6), qk_ratio_of(1, 3)), 0);
    uint64_t seed = 5;
    for (int i = 0; i < 2000; i++) {
        int64_t n = (int64_t)(qk_test_random(&seed) % 41) - 20,
                m = (int64_t)(qk_test_random(&seed) % 20) + 1;
        int64_t k = (int64_t)(qk_test_random(&seed) % 41) - 20,
                l = (int64_t)(qk_test_random(&seed) % 20) + 1;
        int want = (n * l > k * m) - (n * l < k * m);
        int got = qk_ratio_cmp(qk_ratio_of(n, m), qk_ratio_of(k, l));
        assert_int_equal((got > 0) - (got < 0), want);
    }
}

static void test_ratio__square_roots_round_the_true_root(void **state)
{
    (void)state;
    qk_dec d;
    assert_ok(qk_ratio_sqrt(&d, qk_ratio_int(2), 6));
    assert_int_equal(d.mantissa, 1414214);
    assert_ok(qk_ratio_sqrt(&d, qk_ratio_of(25, 4), 0)); /* 2.5 to even */
    assert_int_equal(d.mantissa, 2);
    assert_ok(qk_ratio_sqrt(&d, qk_ratio_of(49, 4), 0)); /* 3.5 to even */
    assert_int_equal(d.mantissa, 4);
    assert_ok(qk_ratio_sqrt(&d, qk_ratio_int(0), 3));
    assert_int_equal(d.mantissa, 0);
    assert_int_equal(qk_ratio_sqrt(&d, qk_ratio_int(-1), 3), QK_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ratio__sums_products_and_quotients_are_exact),
        cmocka_unit_test(test_ratio__what_is_not_there_spreads),
        cmocka_unit_test(test_ratio__overflow_is_told_not_wrapped),
        cmocka_unit_test(test_ratio__comparison_needs_no_cross_product),
        cmocka_unit_test(test_ratio__square_roots_round_the_true_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
