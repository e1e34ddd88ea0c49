/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/gaps.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static qk_time at(const char *text)
{
    qk_time t;
    assert_int_equal(qk_time_parse(&t, qk_str_of(text)), QK_OK);
    return t;
}

static void check_gap(qk_gap gap, const char *from, const char *to)
{
    char text[QK_TIME_TEXT];
    assert_string_equal(qk_time_iso(text, gap.from), from);
    assert_string_equal(qk_time_iso(text, gap.to), to);
}

static void test_gaps__are_found_newest_first(void **state)
{
    (void)state;
    qk_time have[] = {at("2025-01-01T00:00:00"), at("2025-01-01T01:00:00"),
                      at("2025-01-01T04:00:00"), at("2025-01-01T06:00:00")};
    qk_gaps_ask ask = {.from = at("2025-01-01T00:00:00"),
                       .to = at("2025-01-01T07:30:00"),
                       .step = QK_HOUR,
                       .have = have,
                       .have_count = 4};
    qk_gap out[8];
    assert_int_equal(qk_gaps_find(out, 8, &ask), 3);
    check_gap(out[0], "2025-01-01T07:00:00", "2025-01-01T07:00:00");
    check_gap(out[1], "2025-01-01T05:00:00", "2025-01-01T05:00:00");
    check_gap(out[2], "2025-01-01T02:00:00", "2025-01-01T03:00:00");
    assert_int_equal(qk_gaps_find(out, 2, &ask), 2);
    check_gap(out[1], "2025-01-01T05:00:00", "2025-01-01T05:00:00");
    ask.join = 2 * QK_HOUR;
    assert_int_equal(qk_gaps_find(out, 8, &ask), 1);
    check_gap(out[0], "2025-01-01T02:00:00", "2025-01-01T07:00:00");
}

static void test_gaps__nothing_there_is_one_gap_and_a_full_series_none(void **state)
{
    (void)state;
    enum { N = 144 };
    qk_time have[N];
    qk_gap out[4];
    qk_gaps_ask ask = {
        .from = at("2025-01-01T00:00:00"), .to = at("2025-01-01T23:50:00"), .step = 10 * QK_MINUTE};
    assert_int_equal(qk_gaps_find(out, 4, &ask), 1);
    check_gap(out[0], "2025-01-01T00:00:00", "2025-01-01T23:50:00");
    for (int i = 0; i < N; i++) have[i] = ask.from + i * ask.step;
    ask.have = have;
    ask.have_count = N;
    assert_int_equal(qk_gaps_find(out, 4, &ask), 0);
}

static void test_gaps__a_device_that_stamps_late_is_not_missing_everything(void **state)
{
    (void)state;
    qk_time have[60];
    size_t n = 0;
    qk_gap out[4];
    qk_gaps_ask ask = {
        .from = at("2025-01-01T00:00:00"), .to = at("2025-01-01T00:59:59"), .step = QK_MINUTE};
    for (int i = 0; i < 60; i++)
        if (i != 20) have[n++] = ask.from + i * QK_MINUTE + 30 * QK_SECOND;
    ask.have = have;
    ask.have_count = n;
    assert_int_equal(qk_gaps_find(out, 4, &ask), 1);
    check_gap(out[0], "2025-01-01T00:20:30", "2025-01-01T00:20:30");
}

static void test_gaps__known_ranges_are_not_asked_for_again(void **state)
{
    (void)state;
    qk_gap known[] = {{at("2025-01-01T02:00:00"), at("2025-01-01T03:00:00")},
                      {at("2025-01-01T05:00:00"), at("2025-01-01T05:00:00")}};
    qk_gap out[8];
    qk_gaps_ask ask = {.from = at("2025-01-01T00:00:00"),
                       .to = at("2025-01-01T06:00:00"),
                       .step = QK_HOUR,
                       .known = known,
                       .known_count = 2};
    assert_int_equal(qk_gaps_find(out, 8, &ask), 3);
    check_gap(out[0], "2025-01-01T06:00:00", "2025-01-01T06:00:00");
    check_gap(out[1], "2025-01-01T04:00:00", "2025-01-01T04:00:00");
    check_gap(out[2], "2025-01-01T00:00:00", "2025-01-01T01:00:00");
}

static void test_gaps__days_are_civil_days(void **state)
{
    (void)state;
    qk_gap out[2];
    qk_time have[] = {at("2025-01-02T00:00:00")};
    qk_gaps_ask ask = {.from = at("2025-01-01T00:00:00"),
                       .to = at("2025-01-03T12:00:00"),
                       .step = QK_DAY,
                       .have = have,
                       .have_count = 1};
    assert_int_equal(qk_gaps_find(out, 2, &ask), 2);
    check_gap(out[0], "2025-01-03T00:00:00", "2025-01-03T00:00:00");
    check_gap(out[1], "2025-01-01T00:00:00", "2025-01-01T00:00:00");
    ask.step = 0;
    assert_int_equal(qk_gaps_find(out, 2, &ask), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gaps__are_found_newest_first),
        cmocka_unit_test(test_gaps__nothing_there_is_one_gap_and_a_full_series_none),
        cmocka_unit_test(test_gaps__a_device_that_stamps_late_is_not_missing_everything),
        cmocka_unit_test(test_gaps__known_ranges_are_not_asked_for_again),
        cmocka_unit_test(test_gaps__days_are_civil_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
