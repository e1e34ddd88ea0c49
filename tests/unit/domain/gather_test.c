/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/gather.h"
#include "../test.h"

static qk_dec dec(const char *text)
{
    qk_dec d;
    assert_ok(qk_dec_parse(&d, qk_str_of(text)));
    return d;
}

static qk_part part(char flag, const char *avg)
{
    qk_part p = {.flag = flag};
    if (avg) {
        p.have = 1 << QK_ROLE_AVG;
        p.value[QK_ROLE_AVG] = dec(avg);
    }
    return p;
}

static void expect(const qk_gathered *g, qk_role role, const char *value)
{
    char text[QK_DEC_TEXT];
    if (!value) {
        assert_false(g->have >> role & 1);
        return;
    }
    assert_true(g->have >> role & 1);
    assert_string_equal(qk_dec_format(text, g->value[role]), value);
}

static void add(qk_gather *g, char flag, const char *avg, int times)
{
    qk_part p = part(flag, avg);
    for (int i = 0; i < times; i++) qk_gather_add(g, &p);
}

static void test_gather__an_hour_is_valid_from_45_minutes_on(void **state)
{
    (void)state;
    for (int minutes = 44; minutes <= 45; minutes++) {
        qk_gather g;
        qk_gathered out;
        qk_gather_reset(&g);
        add(&g, 'N', "10.0", minutes);
        qk_gather_finish(&out, &g, 1, 60, 45, false);
        assert_int_equal(out.valid, minutes);
        assert_int_equal(out.flag, minutes == 45 ? 'N' : 'H');
        expect(&out, QK_ROLE_AVG, "10.00");
    }
}

static void test_gather__packets_of_ten_minutes_cover_ten_each(void **state)
{
    (void)state;
    qk_gather g;
    qk_gathered out;
    qk_gather_reset(&g);
    add(&g, 'N', "1", 4);
    qk_gather_finish(&out, &g, 10, 60, 45, false);
    assert_int_equal(out.valid, 40);
    assert_int_equal(out.flag, 'H');
    add(&g, 0, "2", 1);
    qk_gather_finish(&out, &g, 10, 60, 45, false);
    assert_int_equal(out.valid, 50);
    assert_int_equal(out.flag, 'N');
    expect(&out, QK_ROLE_AVG, "1.2");
    add(&g, 'N', "2", 5);
    qk_gather_finish(&out, &g, 10, 60, 45, false);
    assert_int_equal(out.valid, 60);
}

static void test_gather__marked_minutes_do_not_count_and_name_the_flag(void **state)
{
    (void)state;
    qk_gather g;
    qk_gathered out;
    qk_gather_reset(&g);
    add(&g, 'N', "10", 30);
    add(&g, 'C', "999", 10);
    add(&g, 'M', "999", 15);
    qk_gather_finish(&out, &g, 1, 60, 45, false);
    assert_int_equal(out.flag, 'M');
    expect(&out, QK_ROLE_AVG, "10.0");
    expect(&out, QK_ROLE_MAX, "10");
    /* Few marked, many missing: it is data that lack. */
    qk_gather_reset(&g);
    add(&g, 'N', "10", 30);
    add(&g, 'C', "999", 5);
    qk_gather_finish(&out, &g, 1, 60, 45, false);
    assert_int_equal(out.flag, 'H');
    /* Equal counts: the first letter, in whatever order they came. */
    qk_gather_reset(&g);
    add(&g, 'M', "1", 30);
    add(&g, 'C', "1", 30);
    qk_gather_finish(&out, &g, 1, 60, 45, false);
    assert_int_equal(out.flag, 'C');
    expect(&out, QK_ROLE_AVG, NULL);
}

static void test_gather__waste_water_is_spoilt_by_one_abnormal_part(void **state)
{
    (void)state;
    qk_gather g;
    qk_gathered out;
    qk_gather_reset(&g);
    add(&g, 'N', "10", 59);
    add(&g, 'D', "10", 1);
    qk_gather_finish(&out, &g, 1, 60, 45, true);
    assert_int_equal(out.flag, 'D');
    qk_gather_finish(&out, &g, 1, 60, 45, false);
    assert_int_equal(out.flag, 'N');
}

static void test_gather__extremes_and_sums_keep_their_digits(void **state)
{
    (void)state;
    qk_gather g;
    qk_gathered out;
    qk_gather_reset(&g);
    qk_part p = part('N', "5.0");
    p.have |= 1 << QK_ROLE_MIN | 1 << QK_ROLE_MAX | 1 << QK_ROLE_COU | 1 << QK_ROLE_ZSAVG;
    p.value[QK_ROLE_MIN] = dec("-1.50");
    p.value[QK_ROLE_MAX] = dec("9.9");
    p.value[QK_ROLE_COU] = dec("0.125");
    p.value[QK_ROLE_ZSAVG] = dec("6.25");
    qk_gather_add(&g, &p);
    p = part('N', "12.00"); /* without Min and Max its mean stands for both */
    p.have |= 1 << QK_ROLE_COU;
    p.value[QK_ROLE_COU] = dec("2");
    qk_gather_add(&g, &p);
    qk_gather_finish(&out, &g, 30, 60, 45, false);
    expect(&out, QK_ROLE_AVG, "8.500");
    expect(&out, QK_ROLE_MIN, "-1.50");
    expect(&out, QK_ROLE_MAX, "12.00");
    expect(&out, QK_ROLE_COU, "2.125");
    expect(&out, QK_ROLE_ZSAVG, "6.250");
    expect(&out, QK_ROLE_ZSMIN, "6.25");
}

static void test_gather__a_mean_is_rounded_once_half_to_even(void **state)
{
    (void)state;
    qk_gather g;
    qk_gathered out;
    const char *cases[][3] = {{"0.1", "0.2", "0.15"}, {"1", "2", "1.5"}, {"0.05", "0.06", "0.055"}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        qk_gather_reset(&g);
        add(&g, 'N', cases[i][0], 1);
        add(&g, 'N', cases[i][1], 1);
        qk_gather_finish(&out, &g, 30, 60, 45, false);
        expect(&out, QK_ROLE_AVG, cases[i][2]);
    }
    /* 8 parts: the sum 0.2 over 8 is 0.025 -> 0.02; 0.6 over 8 is 0.075 -> 0.08 */
    qk_gather_reset(&g);
    add(&g, 'N', "0.1", 2);
    add(&g, 'N', "0.0", 6);
    qk_gather_finish(&out, &g, 1, 60, 45, false);
    expect(&out, QK_ROLE_AVG, "0.02");
    add(&g, 'N', "0.0", 0);
    qk_gather_reset(&g);
    add(&g, 'N', "0.1", 6);
    add(&g, 'N', "0.0", 2);
    qk_gather_finish(&out, &g, 1, 60, 45, false);
    expect(&out, QK_ROLE_AVG, "0.08");
}

/* ---- moments against plain fractions ---- */

static void test_moments__an_hour_is_the_mean_of_its_minutes_not_of_its_values(void **state)
{
    (void)state;
    qk_moments *m = malloc(sizeof *m);
    qk_gathered out;
    qk_moments_reset(m);
    qk_dec one = dec("1"), four = dec("4");
    for (int i = 0; i < 3; i++) qk_moments_add(m, 0, 'N', &one, NULL); /* mean 1 */
    qk_moments_add(m, 1, 'N', &four, NULL);                            /* mean 4 */
    qk_moments_add(m, 2, 'D', &four, NULL);                            /* not covered */
    qk_moments_finish(&out, m, 45, false);
    assert_int_equal(out.valid, 2);
    expect(&out, QK_ROLE_AVG, "2.5");
    expect(&out, QK_ROLE_MIN, "1");
    expect(&out, QK_ROLE_MAX, "4");
    free(m);
}

static int64_t round_half_even(qk_i128 num, qk_i128 den)
{
    qk_i128 q = num / den, r = num % den;
    if (2 * r > den || (2 * r == den && q % 2)) q++;
    return (int64_t)q;
}

static void test_moments__agree_with_plain_fractions_on_random_hours(void **state)
{
    (void)state;
    enum { COMMON = 27720 }; /* of 1 to 12 values a minute */
    uint64_t seed = 45;
    qk_moments *m = malloc(sizeof *m);
    for (int round = 0; round < 500; round++) {
        qk_i128 total = 0;
        int covered = 0;
        qk_moments_reset(m);
        for (int minute = 0; minute < 60; minute++) {
            int n = (int)(qk_test_random(&seed) % 13), good = 0;
            int64_t sum = 0;
            for (int i = 0; i < n; i++) {
                qk_dec v = {(int64_t)(qk_test_random(&seed) % 100000), 2};
                bool bad = qk_test_random(&seed) % 5 == 0;
                qk_moments_add(m, minute, bad ? 'M' : 'N', &v, NULL);
                if (bad) continue;
                sum += v.mantissa;
                good++;
            }
            if (!good) continue;
            total += (qk_i128)sum * (COMMON / good);
            covered++;
        }
        qk_gathered out;
        qk_moments_finish(&out, m, 45, false);
        assert_int_equal(out.valid, covered);
        if (!covered) continue;
        /* Two decimals in, three out. */
        int64_t want = round_half_even(total * 10, (qk_i128)COMMON * covered);
        assert_int_equal(out.value[QK_ROLE_AVG].mantissa, want);
        assert_int_equal(out.value[QK_ROLE_AVG].scale, 3);
    }
    free(m);
}

static void test_gather__sums_beyond_all_bounds_leave_the_value_out(void **state)
{
    (void)state;
    qk_gather g;
    qk_gathered out;
    qk_gather_reset(&g);
    qk_part p = part('N', "9223372036854775807");
    p.have |= 1 << QK_ROLE_COU;
    p.value[QK_ROLE_COU] = p.value[QK_ROLE_AVG];
    for (int i = 0; i < 60; i++) qk_gather_add(&g, &p);
    qk_gather_finish(&out, &g, 1, 60, 45, false);
    expect(&out, QK_ROLE_AVG, "9223372036854775807"); /* as many decimals as fit */
    expect(&out, QK_ROLE_COU, NULL);
    assert_int_equal(out.flag, 'N');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gather__an_hour_is_valid_from_45_minutes_on),
        cmocka_unit_test(test_gather__packets_of_ten_minutes_cover_ten_each),
        cmocka_unit_test(test_gather__marked_minutes_do_not_count_and_name_the_flag),
        cmocka_unit_test(test_gather__waste_water_is_spoilt_by_one_abnormal_part),
        cmocka_unit_test(test_gather__extremes_and_sums_keep_their_digits),
        cmocka_unit_test(test_gather__a_mean_is_rounded_once_half_to_even),
        cmocka_unit_test(test_moments__an_hour_is_the_mean_of_its_minutes_not_of_its_values),
        cmocka_unit_test(test_moments__agree_with_plain_fractions_on_random_hours),
        cmocka_unit_test(test_gather__sums_beyond_all_bounds_leave_the_value_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
