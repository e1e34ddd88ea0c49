/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"
#include "base/csv.h"
#include "../test.h"

__extension__ typedef unsigned __int128 u128;

static qk_dec dec(const char *text)
{
    qk_dec d = {0, 0};
    if (qk_dec_parse(&d, qk_str_of(text)) != QK_OK) fail_msg("%s refused", text);
    return d;
}

static void assert_dec(qk_dec d, const char *want)
{
    char text[QK_DEC_TEXT];
    assert_string_equal(qk_dec_format(text, d), want);
}

static void test_decimal__digits_stay_as_written(void **state)
{
    (void)state;
    const char *same[] = {"0",
                          "0.0",
                          "12.50",
                          "-12.50",
                          "-0.001",
                          "9223372036854775807",
                          "-9223372036854775808",
                          "-9.223372036854775808",
                          "0.000000000000000001",
                          "1000",
                          "7.0"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(same); i++) assert_dec(dec(same[i]), same[i]);
    assert_dec(dec("+3"), "3");
    assert_dec(dec(".5"), "0.5");
    assert_dec(dec("5."), "5");
    assert_dec(dec("0007.50"), "7.50");
    assert_dec(dec("-0"), "0");
    assert_dec(dec("-0.00"), "0.00");
}

static void test_decimal__refuses_what_is_no_decimal(void **state)
{
    (void)state;
    qk_dec d = {77, 0};
    const char *bad[] = {"",   "-",  "+",   ".",   "-.",  "1.2.3", "1e5",
                         " 1", "1 ", "1,5", "NaN", "--1", "0x10",  "１"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(bad); i++) {
        assert_int_equal(qk_dec_parse(&d, qk_str_of(bad[i])), QK_EFORMAT);
    }
    const char *wide[] = {"9223372036854775808", "-9223372036854775809", "0.0000000000000000001",
                          "10.000000000000000000", "99999999999999999999999999999999999999999999"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(wide); i++) {
        assert_int_equal(qk_dec_parse(&d, qk_str_of(wide[i])), QK_ERANGE);
    }
    assert_int_equal(d.mantissa, 77);
}

static void test_decimal__exponents(void **state)
{
    (void)state;
    const char *cases[][2] = {{"1e2", "100"},
                              {"1.5e-3", "0.0015"},
                              {"1.50E+1", "15.0"},
                              {"-2e0", "-2"},
                              {"12.50", "12.50"},
                              {"0e99", "0"},
                              {"0e-30", "0.000000000000000000"},
                              {"1.000000000000000000000000e5", "100000.0000000000000"},
                              {"92233720368547758070e-1", "9223372036854775807"},
                              {"123e-20", NULL},
                              {"1e19", NULL},
                              {"9e18", "9000000000000000000"},
                              {"1e-18", "0.000000000000000001"},
                              {"1e-19", NULL},
                              {"10e-19", "0.000000000000000001"},
                              {"1e999999999999", NULL},
                              {"1e-999999999999", NULL},
                              {"-1e99999", NULL}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        qk_dec d;
        qk_code code = qk_dec_parse_e(&d, qk_str_of(cases[i][0]));
        if (!cases[i][1])
            assert_int_equal(code, QK_ERANGE);
        else if (code)
            fail_msg("%s refused", cases[i][0]);
        else
            assert_dec(d, cases[i][1]);
    }
    qk_dec d;
    const char *bad[] = {"1e", "1e+", "e5", "1e1.5", "1e5x", "1x5"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(bad); i++) {
        assert_int_equal(qk_dec_parse_e(&d, qk_str_of(bad[i])), QK_EFORMAT);
    }
}

static void test_decimal__compares_by_value(void **state)
{
    (void)state;
    assert_int_equal(qk_dec_cmp(dec("12.5"), dec("12.50")), 0);
    assert_false(qk_dec_same(dec("12.5"), dec("12.50")));
    assert_true(qk_dec_same(qk_dec_trim(dec("12.50")), dec("12.5")));
    assert_true(qk_dec_same(qk_dec_trim(dec("100.00")), dec("100")));
    assert_true(qk_dec_same(qk_dec_trim(dec("0.00")), dec("0")));
    assert_true(qk_dec_cmp(dec("-9223372036854775808"), dec("0.000000000000000001")) < 0);
    assert_true(qk_dec_cmp(dec("9223372036854775807"), dec("9.223372036854775807")) > 0);
}

static void test_decimal__binary_floating_point_is_the_nearest(void **state)
{
    (void)state;
    assert_true(qk_dec_f64(dec("0.1")) == 0.1);
    assert_true(qk_dec_f64(dec("-12.50")) == -12.5);
    assert_true(qk_dec_f64(dec("9007199254740993")) == 9007199254740992.0);
    assert_true(qk_dec_f64(dec("9223372036854775807")) == 9223372036854775808.0);
    uint64_t seed = 11;
    for (int i = 0; i < 100000; i++) {
        char text[QK_DEC_TEXT];
        uint64_t draw = qk_test_random(&seed);
        qk_dec d = {(int64_t)(qk_test_random(&seed) >> draw % 64), (int32_t)(draw / 64 % 19)};
        assert_true(qk_dec_f64(d) == strtod(qk_dec_format(text, d), NULL));
    }
}

/* ---- rounding held against digits moved by hand ---- */

/* Half to even on a text "ddd.ddd" without sign: an own way to the same end. */
static void round_text(char *out, const char *digits, size_t decimals)
{
    char padded[128];
    const char *point = strchr(digits, '.');
    size_t whole = point ? (size_t)(point - digits) : strlen(digits);
    snprintf(padded, sizeof padded, "0%.*s%s", (int)whole, digits, point ? point + 1 : "");
    whole++;
    size_t len = strlen(padded), keep = whole + decimals;
    while (len < keep) padded[len++] = '0';
    padded[len] = '\0';
    bool up = false;
    if (len > keep) {
        bool rest = strspn(padded + keep + 1, "0") < len - keep - 1;
        bool odd = (padded[keep - 1] - '0') % 2 == 1;
        up = padded[keep] > '5' || (padded[keep] == '5' && (rest || odd));
    }
    for (size_t i = keep; up && i-- > 0;) {
        up = padded[i] == '9';
        padded[i] = padded[i] == '9' ? '0' : (char)(padded[i] + 1);
    }
    size_t lead = 0;
    while (lead + 1 < whole && padded[lead] == '0') lead++;
    snprintf(out, 128, "%.*s%s%.*s", (int)(whole - lead), padded + lead, decimals ? "." : "",
             (int)decimals, padded + whole);
}

static void test_decimal__rounding_agrees_with_digits_moved_by_hand(void **state)
{
    (void)state;
    uint64_t seed = 17;
    for (int i = 0; i < 300000; i++) {
        uint64_t draw = qk_test_random(&seed);
        int64_t mantissa = (int64_t)(qk_test_random(&seed) >> (draw % 63 + 1));
        /* Many ties and runs of nines. */
        if (draw >> 60 == 1) mantissa = mantissa / 1000 * 1000 + 500;
        if (draw >> 60 == 2) mantissa = mantissa / 1000000 * 1000000 + 999500;
        if (draw >> 60 == 3) mantissa = mantissa / 100 * 100 + 50 + (int64_t)(draw & 1);
        qk_dec d = {draw & 1 << 20 ? -mantissa : mantissa, (int32_t)(draw / 64 % 19)}, r;
        int32_t scale = (int32_t)(draw / 4096 % 19);
        char text[QK_DEC_TEXT], want[128];
        qk_dec_format(text, d);
        round_text(want, text + (text[0] == '-'), (size_t)scale);
        qk_dec check;
        bool fits = qk_dec_parse(&check, qk_str_of(want)) == QK_OK;
        if (qk_dec_round(&r, d, scale) != (fits ? QK_OK : QK_ERANGE))
            fail_msg("%s %d", text, scale);
        if (!fits) continue;
        if (d.mantissa < 0) check.mantissa = -check.mantissa;
        if (!qk_dec_same(r, check)) fail_msg("%s to %d decimals: not %s", text, scale, want);
    }
}

static void test_decimal__rounding_limits(void **state)
{
    (void)state;
    qk_dec d;
    assert_ok(qk_dec_round(&d, dec("-9223372036854775808"), 0));
    assert_dec(d, "-9223372036854775808");
    assert_ok(qk_dec_round(&d, dec("-9.223372036854775808"), 17));
    assert_dec(d, "-9.22337203685477581");
    assert_int_equal(qk_dec_round(&d, dec("9223372036854775807"), 1), QK_ERANGE);
    assert_int_equal(qk_dec_round(&d, dec("1"), -1), QK_EINVAL);
    assert_int_equal(qk_dec_round(&d, dec("1"), 19), QK_EINVAL);
    assert_ok(qk_dec_round(&d, dec("-0.5"), 0));
    assert_dec(d, "0");
}

static void test_decimal__rounding_vectors_of_gbt_8170(void **state)
{
    (void)state;
    char path[512];
    if (!qk_test_shared(path, sizeof path, "standards/vectors/dev/rounding.csv")) skip();
    FILE *file = fopen(path, "rb");
    qk_csv_reader *reader;
    const qk_str *cells;
    qk_error err;
    int rows = 0;
    assert_ok(qk_csv_open(&reader, file, path, ',', &err));
    size_t value = qk_csv_column(reader, "value"), decimals = qk_csv_column(reader, "decimals"),
           expected = qk_csv_column(reader, "expected");
    while (qk_csv_next(reader, &cells, &err) == QK_OK) {
        qk_dec d, r;
        int64_t scale;
        char text[QK_DEC_TEXT];
        assert_ok(qk_dec_parse_e(&d, cells[value]));
        assert_ok(qk_parse_i64(&scale, cells[decimals]));
        assert_ok(qk_dec_round(&r, d, (int32_t)scale));
        qk_str got = qk_str_of(qk_dec_format(text, r));
        if (!qk_str_eq(got, cells[expected])) fail_msg("line %u: %s", qk_csv_line(reader), text);
        rows++;
    }
    assert_int_equal(rows, 55);
    qk_csv_close(reader);
    fclose(file);
}

static void test_decimal__sums_and_products_are_exact(void **state)
{
    (void)state;
    qk_dec d;
    assert_ok(qk_dec_add(&d, dec("0.1"), dec("0.20")));
    assert_dec(d, "0.30");
    assert_ok(qk_dec_sub(&d, dec("1"), dec("0.999")));
    assert_dec(d, "0.001");
    assert_ok(qk_dec_mul(&d, dec("1.20"), dec("-0.5")));
    assert_dec(d, "-0.600");
    assert_ok(qk_dec_mul(&d, dec("0.0000000050"), dec("0.0000000020")));
    assert_dec(d, "0.000000000000000010");
    assert_int_equal(qk_dec_add(&d, dec("9223372036854775807"), dec("1")), QK_ERANGE);
    assert_int_equal(qk_dec_sub(&d, dec("-9223372036854775808"), dec("1")), QK_ERANGE);
    assert_int_equal(qk_dec_add(&d, dec("9223372036854775807"), dec("0.1")), QK_ERANGE);
    assert_int_equal(qk_dec_mul(&d, dec("9223372036854775807"), dec("2")), QK_ERANGE);
    assert_int_equal(qk_dec_mul(&d, dec("0.0000000001"), dec("0.000000001")), QK_ERANGE);
}

static void test_decimal__ratio_agrees_with_long_division(void **state)
{
    (void)state;
    uint64_t seed = 23;
    for (int i = 0; i < 100000; i++) {
        uint64_t draw = qk_test_random(&seed);
        qk_i128 den = (qk_i128)(qk_test_random(&seed) >> 1) << (draw % 64);
        qk_i128 whole = (int64_t)(draw >> 32) - INT32_MAX;
        den = den / 1000 * 1000 + 1000;
        int32_t scale = (int32_t)(draw % 4);
        int64_t unit = scale == 0 ? 1 : scale == 1 ? 10 : scale == 2 ? 100 : 1000;
        /* num / den = whole / unit + part, where part is one half of the last place or nearly so.
         */
        qk_i128 step = den / unit, half = step / 2, num;
        if (step > ((qk_i128)1 << 95)) continue;
        int32_t near = (int32_t)(draw / 8 % 3) - 1;
        num = whole * step + half + near;
        bool odd = whole & 1, exact = step % 2 == 0;
        bool up = near > 0 || (near == 0 && exact && odd);
        qk_dec r, back;
        assert_ok(qk_dec_ratio(&r, num, den, scale));
        if (r.mantissa != (int64_t)(whole + up)) fail_msg("case %d", i);
        assert_ok(qk_dec_ratio(&back, -num, -den, scale));
        assert_true(qk_dec_same(r, back));
        assert_ok(qk_dec_ratio(&back, -num, den, scale));
        assert_true(back.mantissa == -r.mantissa);
    }
}

static void test_decimal__ratio_of_the_largest_numbers(void **state)
{
    (void)state;
    qk_dec d;
    qk_i128 most = (qk_i128)(((u128)1 << 127) - 1);
    assert_ok(qk_dec_ratio(&d, most, most, 18));
    assert_dec(d, "1.000000000000000000");
    assert_ok(qk_dec_ratio(&d, most - 1, most, 18));
    assert_dec(d, "1.000000000000000000");
    assert_ok(qk_dec_ratio(&d, most / 3 * 2, most, 18));
    assert_dec(d, "0.666666666666666667");
    assert_ok(qk_dec_ratio(&d, -most - 1, most, 3));
    assert_dec(d, "-1.000");
    assert_ok(qk_dec_ratio(&d, -most - 1, -most - 1, 0));
    assert_dec(d, "1");
    assert_int_equal(qk_dec_ratio(&d, most, 1, 0), QK_ERANGE);
    assert_int_equal(qk_dec_ratio(&d, INT64_MAX, 1, 1), QK_ERANGE);
    assert_ok(qk_dec_ratio(&d, INT64_MIN, 1, 0));
    assert_true(d.mantissa == INT64_MIN);
    assert_int_equal(qk_dec_ratio(&d, INT64_MIN, -1, 0), QK_ERANGE);
    assert_int_equal(qk_dec_ratio(&d, 1, 0, 0), QK_EINVAL);
    assert_int_equal(qk_dec_ratio(&d, 1, 1, 19), QK_EINVAL);
}

static void test_decimal__ceiling(void **state)
{
    (void)state;
    int64_t v;
    const int64_t cases[][3] = {{7, 2, 4},   {8, 2, 4},       {-7, 2, -3},
                                {7, -2, -3}, {-8, 2, -4},     {0, 5, 0},
                                {-7, -2, 4}, {1, 1000000, 1}, {-1, 1000000, 0}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        assert_ok(qk_dec_ceil_ratio(&v, cases[i][0], cases[i][1]));
        assert_int_equal(v, cases[i][2]);
    }
    assert_int_equal(qk_dec_ceil_ratio(&v, 1, 0), QK_EINVAL);
    assert_int_equal(qk_dec_ceil_ratio(&v, (qk_i128)INT64_MAX * 2, 1), QK_ERANGE);
}

static void test_decimal__mean_is_decided_by_the_true_digits(void **state)
{
    (void)state;
    qk_dec_sum sum;
    qk_dec mean;
    qk_dec_sum_init(&sum);
    assert_int_equal(qk_dec_sum_mean(&mean, &sum, 0), QK_EINVAL);
    /* 34.4999999… in binary, 34.5 in truth, and 34 by the rule. */
    for (int i = 0; i < 1000; i++) {
        assert_ok(qk_dec_sum_add(&sum, dec(i % 2 ? "34.4" : "34.600")));
    }
    assert_int_equal(sum.count, 1000);
    assert_int_equal(sum.scale, 3);
    assert_ok(qk_dec_sum_mean(&mean, &sum, 0));
    assert_dec(mean, "34");
    assert_ok(qk_dec_sum_add(&sum, dec("34.50000000000000001")));
    assert_ok(qk_dec_sum_mean(&mean, &sum, 0));
    assert_dec(mean, "35");
    qk_dec_sum_init(&sum);
    assert_ok(qk_dec_sum_add(&sum, dec("-1")));
    assert_ok(qk_dec_sum_add(&sum, dec("-2")));
    assert_ok(qk_dec_sum_mean(&mean, &sum, 0));
    assert_dec(mean, "-2");
    assert_ok(qk_dec_sum_mean(&mean, &sum, 2));
    assert_dec(mean, "-1.50");
}

static void test_decimal__a_full_sum_stays_as_it_is(void **state)
{
    (void)state;
    qk_dec_sum sum;
    qk_dec_sum_init(&sum);
    assert_ok(qk_dec_sum_add(&sum, dec("0.000000000000000001")));
    sum.mantissa = (qk_i128)(((u128)1 << 127) - 1);
    assert_int_equal(qk_dec_sum_add(&sum, dec("1")), QK_ERANGE);
    assert_int_equal(sum.count, 1);
    sum.scale = 0;
    assert_int_equal(qk_dec_sum_add(&sum, dec("0.1")), QK_ERANGE);
    assert_int_equal(sum.scale, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimal__digits_stay_as_written),
        cmocka_unit_test(test_decimal__refuses_what_is_no_decimal),
        cmocka_unit_test(test_decimal__exponents),
        cmocka_unit_test(test_decimal__compares_by_value),
        cmocka_unit_test(test_decimal__binary_floating_point_is_the_nearest),
        cmocka_unit_test(test_decimal__rounding_agrees_with_digits_moved_by_hand),
        cmocka_unit_test(test_decimal__rounding_limits),
        cmocka_unit_test(test_decimal__rounding_vectors_of_gbt_8170),
        cmocka_unit_test(test_decimal__sums_and_products_are_exact),
        cmocka_unit_test(test_decimal__ratio_agrees_with_long_division),
        cmocka_unit_test(test_decimal__ratio_of_the_largest_numbers),
        cmocka_unit_test(test_decimal__ceiling),
        cmocka_unit_test(test_decimal__mean_is_decided_by_the_true_digits),
        cmocka_unit_test(test_decimal__a_full_sum_stays_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
