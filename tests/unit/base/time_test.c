/* SPDX-License-Identifier: Apache-2.0 */
/* The source itself, for the settings behind the clock. */
#include "base/time.c"
#include "../test.h"
#include <math.h>
#include <pthread.h>
#include <time.h>

static qk_time parse(const char *text)
{
    qk_time t = 0;
    if (qk_time_parse(&t, qk_str_of(text)) != QK_OK) fail_msg("%s refused", text);
    return t;
}

static void test_time__every_day_of_the_calendar(void **state)
{
    (void)state;
    int32_t year = 1, month = 1, day = 1, weekday = 1; /* 0001-01-01 was a Monday */
    qk_time t = parse("0001-01-01");
    int64_t days = 0;
    for (; year < 10000; days++, t += QK_DAY) {
        qk_civil c = qk_civil_of(t + 1);
        bool same = c.year == year && c.month == month && c.day == day && c.weekday == weekday;
        qk_time back;
        if (!same || c.ms != 1 || c.hour != 0) fail_msg("%d-%d-%d", year, month, day);
        c = (qk_civil){.year = year, .month = month, .day = day};
        if (qk_time_of(&back, &c) != QK_OK || back != t) fail_msg("%d-%d-%d", year, month, day);
        weekday = weekday % 7 + 1;
        if (++day <= qk_days_in_month(year, month)) continue;
        day = 1;
        if (++month <= 12) continue;
        month = 1;
        year++;
    }
    assert_int_equal(days, 3652059);
    assert_int_equal(parse("1970-01-01T08:00"), 0);
}

static void test_time__agrees_with_the_c_library(void **state)
{
    (void)state;
    uint64_t seed = 9;
    for (int i = 0; i < 200000; i++) {
        int64_t seconds = (int64_t)(qk_test_random(&seed) % 300000000000u) - 60000000000;
        time_t local = (time_t)(seconds + 8 * 3600);
        struct tm tm;
        gmtime_r(&local, &tm);
        qk_civil c = qk_civil_of(seconds * 1000 + 999);
        bool same = c.year == tm.tm_year + 1900 && c.month == tm.tm_mon + 1 &&
                    c.day == tm.tm_mday && c.hour == tm.tm_hour && c.minute == tm.tm_min &&
                    c.second == tm.tm_sec && c.ms == 999 && c.weekday % 7 == tm.tm_wday;
        if (!same) fail_msg("%lld", (long long)seconds);
    }
}

static void test_time__leap_years(void **state)
{
    (void)state;
    assert_true(qk_is_leap_year(2024) && qk_is_leap_year(2000) && !qk_is_leap_year(1900));
    assert_int_equal(qk_days_in_month(2025, 2), 28);
    assert_int_equal(qk_days_in_month(2024, 2), 29);
    assert_int_equal(qk_days_in_month(2024, 13), 0);
    assert_int_equal(qk_days_in_month(2024, 0), 0);
}

static void test_time__iso_forms(void **state)
{
    (void)state;
    qk_time t = parse("2025-01-01T00:10:00");
    assert_int_equal(parse("2025-01-01 00:10"), t);
    assert_int_equal(parse("2024-12-31T24:00"), parse("2025-01-01"));
    assert_int_equal(parse("2024-02-28T24:00:00.000"), parse("2024-02-29"));
    assert_int_equal(parse("2024-12-31T16:10:00Z"), t);
    assert_int_equal(parse("2024-12-31T16:10:00+00:00"), t);
    assert_int_equal(parse("2025-01-01T00:10:00+08:00"), t);
    assert_int_equal(parse("2025-01-01T00:10+0800"), t);
    assert_int_equal(parse("2025-01-01T00:10+08"), t);
    assert_int_equal(parse("2024-12-31T12:40-03:30"), t);
    assert_int_equal(parse("2025-01-01T00:10:00.5"), t + 500);
    assert_int_equal(parse("2025-01-01T00:10:00.0129999"), t + 12);
    assert_int_equal(parse("2025-01-01T00:10:00,25Z"), t + 250 + QK_CST_OFFSET);
}

static void test_time__refuses_what_is_no_time(void **state)
{
    (void)state;
    qk_time t = 77;
    const char *malformed[] = {"",
                               "2025",
                               "2025-1-1",
                               "2025-01-01T",
                               "2025-01-01T1:00",
                               "2025-01-01T00",
                               "2025-01-01T00:00:",
                               "2025-01-01T00:00:00.",
                               "2025-01-01T00:00:00+8",
                               "2025-01-01T00:00:00+08:",
                               "2025-01-01T00:00:00+24:00",
                               "2025-01-01T00:00:00+08:60",
                               "2025-01-01T00:00:00Zx",
                               "2025-01-01Z",
                               "2025-01-01x00:00",
                               " 2025-01-01",
                               "2025-01-01 ",
                               "20250101",
                               "２０２５-01-01",
                               "-025-01-01",
                               "2025/01/01",
                               "2025-01-01T+1:00"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(malformed); i++) {
        if (qk_time_parse(&t, qk_str_of(malformed[i])) != QK_EFORMAT) fail_msg("%s", malformed[i]);
    }
    const char *impossible[] = {"2025-02-29",
                                "2025-00-01",
                                "2025-13-01",
                                "2025-04-31",
                                "2025-01-00",
                                "0000-01-01",
                                "2025-01-01T24:01",
                                "2025-01-01T25:00",
                                "2025-01-01T00:60",
                                "2025-01-01T00:00:60",
                                "9999-12-31T24:00",
                                "9999-12-31T23:00-01:00",
                                "0001-01-01T00:00+09:00"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(impossible); i++) {
        if (qk_time_parse(&t, qk_str_of(impossible[i])) != QK_ERANGE) fail_msg("%s", impossible[i]);
    }
    assert_int_equal(t, 77);
}

static void test_time__compact_forms(void **state)
{
    (void)state;
    qk_time t;
    char out[QK_TIME_TEXT];
    assert_ok(qk_time_parse_compact(&t, QK_STR("20250101001000123")));
    assert_int_equal(t, parse("2025-01-01T00:10:00.123"));
    assert_string_equal(qk_time_compact17(out, t), "20250101001000123");
    assert_string_equal(qk_time_compact14(out, t), "20250101001000");
    assert_ok(qk_time_parse_compact(&t, QK_STR("20250101")));
    assert_int_equal(t, parse("2025-01-01"));
    assert_ok(qk_time_parse_compact(&t, QK_STR("2025010123")));
    assert_ok(qk_time_parse_compact(&t, QK_STR("202501012359")));
    assert_ok(qk_time_parse_compact(&t, QK_STR("20241231240000")));
    assert_int_equal(t, parse("2025-01-01"));
    const char *bad[] = {"",           "2025",        "2025010",          "202501011",
                         "2025-01-01", "20250101T10", "2025010100100012", "202501010010001234"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(bad); i++) {
        assert_int_equal(qk_time_parse_compact(&t, qk_str_of(bad[i])), QK_EFORMAT);
    }
    assert_int_equal(qk_time_parse_compact(&t, QK_STR("20250230")), QK_ERANGE);
}

static void test_time__formats_read_back(void **state)
{
    (void)state;
    uint64_t seed = 3;
    char out[QK_TIME_TEXT];
    qk_time least = parse("0001-01-01"), most = parse("9999-12-31T23:59:59.999");
    for (int i = 0; i < 100000; i++) {
        qk_time t = least + (qk_time)(qk_test_random(&seed) % (uint64_t)(most - least));
        assert_true(parse(qk_time_iso_zone(out, t)) == t);
        assert_true(parse(qk_time_iso(out, t)) ==
                    qk_floor_minute(t) + (t - qk_floor_minute(t)) / 1000 * 1000);
        assert_true(parse(qk_date_iso(out, t)) == qk_floor_day(t));
    }
    assert_string_equal(qk_time_iso_zone(out, 0), "1970-01-01T08:00:00.000+08:00");
    assert_string_equal(qk_time_iso(out, least), "0001-01-01T00:00:00");
    assert_string_equal(qk_date_iso(out, most), "9999-12-31");
}

static void test_time__out_of_the_calendar_is_empty_text(void **state)
{
    (void)state;
    const qk_time times[] = {QK_TIME_NONE, INT64_MIN + 1, INT64_MAX, parse("0001-01-01") - 1,
                             parse("9999-12-31T23:59:59.999") + 1};
    for (size_t i = 0; i < QK_ARRAY_COUNT(times); i++) {
        char out[QK_TIME_TEXT] = "x";
        assert_string_equal(qk_time_iso(out, times[i]), "");
        assert_string_equal(qk_time_iso_zone(out, times[i]), "");
        assert_string_equal(qk_date_iso(out, times[i]), "");
        assert_string_equal(qk_time_compact14(out, times[i]), "");
        assert_string_equal(qk_time_compact17(out, times[i]), "");
    }
}

static void test_time__floors_also_before_1970(void **state)
{
    (void)state;
    qk_time t = parse("1969-03-31T23:59:59.999");
    assert_int_equal(qk_floor_minute(t), parse("1969-03-31T23:59"));
    assert_int_equal(qk_floor_hour(t), parse("1969-03-31T23:00"));
    assert_int_equal(qk_floor_day(t), parse("1969-03-31"));
    assert_int_equal(qk_floor_month(t), parse("1969-03-01"));
    assert_int_equal(qk_floor_year(t), parse("1969-01-01"));
    assert_int_equal(qk_day_number(parse("1970-01-01")), 0);
    assert_int_equal(qk_day_number(parse("1969-12-31T23:00")), -1);
    assert_int_equal(qk_floor_hour(parse("2025-06-01T07:00")), parse("2025-06-01T07:00"));
    assert_true(qk_floor_day(QK_TIME_NONE) == QK_TIME_NONE);
    assert_true(qk_floor_month(QK_TIME_NONE) == QK_TIME_NONE);
    assert_true(qk_floor_year(QK_TIME_NONE) == QK_TIME_NONE);
    assert_true(qk_add_months(QK_TIME_NONE, 1) == QK_TIME_NONE);
    assert_true(qk_floor_day(INT64_MAX) > 0);
}

static void test_time__months_are_clipped(void **state)
{
    (void)state;
    assert_int_equal(qk_add_months(parse("2024-01-31T10:20"), 1), parse("2024-02-29T10:20"));
    assert_int_equal(qk_add_months(parse("2025-03-31"), -1), parse("2025-02-28"));
    assert_int_equal(qk_add_months(parse("2025-12-15"), 1), parse("2026-01-15"));
    assert_int_equal(qk_add_months(parse("2025-01-15"), -13), parse("2023-12-15"));
    assert_int_equal(qk_add_months(parse("2025-01-15"), 0), parse("2025-01-15"));
}

static void test_clock__simulated_stands_still_at_speed_0(void **state)
{
    (void)state;
    qk_clock *clock;
    qk_time start = parse("2025-12-11T15:30:00");
    assert_ok(qk_clock_new_simulated(&clock, start, 0));
    assert_true(qk_clock_simulated(clock));
    assert_int_equal(qk_clock_now(clock), start);
    assert_ok(qk_clock_set(clock, start + QK_DAY, 0));
    assert_int_equal(qk_clock_now(clock), start + QK_DAY);
    assert_int_equal(qk_clock_set(clock, start, -1), QK_EINVAL);
    assert_int_equal(qk_clock_set(clock, start, NAN), QK_EINVAL);
    assert_int_equal(qk_clock_set(clock, QK_TIME_NONE, 1), QK_EINVAL);
    assert_int_equal(qk_clock_now(clock), start + QK_DAY);
    qk_clock_free(clock);
    assert_int_equal(qk_clock_new_simulated(&clock, start, -1), QK_EINVAL);
    assert_null(clock);
    qk_clock_free(NULL);
}

static void test_clock__simulated_runs_at_its_speed(void **state)
{
    (void)state;
    qk_clock *clock;
    qk_time start = parse("2025-01-01");
    assert_ok(qk_clock_new_simulated(&clock, start, 1e6));
    int64_t t0 = qk_monotonic_ns();
    assert_ok(qk_clock_set(clock, start, 1e6));
    int64_t t1 = qk_monotonic_ns();
    while (qk_monotonic_ns() - t1 < 2000000) {
    }
    int64_t t2 = qk_monotonic_ns();
    qk_time now = qk_clock_now(clock);
    int64_t t3 = qk_monotonic_ns();
    assert_in_range(now - start, t2 - t1 - 1000, t3 - t0 + 1000);
    assert_ok(qk_clock_set(clock, start, 1e300));
    while (qk_monotonic_ns() - t3 < 1000000) {
    }
    assert_int_equal(qk_clock_now(clock), parse("9999-12-31T23:59:59.999"));
    qk_clock_free(clock);
}

static void test_clock__text_forms(void **state)
{
    (void)state;
    qk_clock *clock;
    qk_error err;
    assert_ok(qk_clock_new_text(&clock, "2025-12-11T15:30:00x60", &err));
    assert_true(qk_clock_speed(clock) == 60);
    assert_in_range(qk_clock_now(clock) - parse("2025-12-11T15:30:00"), 0, 600000);
    qk_clock_free(clock);
    assert_ok(qk_clock_new_text(&clock, "2025-12-11x0.5", &err));
    assert_true(qk_clock_speed(clock) == 0.5);
    qk_clock_free(clock);
    assert_ok(qk_clock_new_text(&clock, NULL, &err));
    assert_false(qk_clock_simulated(clock));
    assert_int_equal(qk_clock_set(clock, 0, 1), QK_EINVAL);
    qk_time real = (qk_time)time(NULL) * 1000;
    assert_in_range(qk_clock_now(clock) - real + 5000, 0, 20000);
    qk_clock_free(clock);
    const char *bad[] = {"now",           "2025-12-11x", "2025-12-11x-1",
                         "2025-12-11xx2", "x60",         "2025-13-11"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(bad); i++) {
        assert_int_equal(qk_clock_new_text(&clock, bad[i], &err), QK_EFORMAT);
        assert_null(clock);
        assert_string_not_equal(err.hint, "");
    }
}

/* The writer sets pairs that belong together: a start of n days always comes with the speed n. */
static void *read_pairs(void *arg)
{
    const qk_clock *clock = arg;
    qk_time base = parse("2000-01-01");
    for (int i = 0; i < 300000; i++) {
        clock_settings s = load_settings(clock);
        if ((double)((s.start - base) / QK_DAY) != s.speed) return arg;
    }
    return NULL;
}

static void test_clock__readers_never_see_half_a_setting(void **state)
{
    (void)state;
    qk_clock *clock;
    qk_time base = parse("2000-01-01");
    pthread_t reader;
    void *torn;
    assert_ok(qk_clock_new_simulated(&clock, base, 0));
    assert_ok(pthread_create(&reader, NULL, read_pairs, clock));
    for (int i = 0; i < 100000; i++) {
        assert_ok(qk_clock_set(clock, base + i % 1000 * QK_DAY, (double)(i % 1000)));
    }
    pthread_join(reader, &torn);
    assert_null(torn);
    qk_clock_free(clock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time__every_day_of_the_calendar),
        cmocka_unit_test(test_time__agrees_with_the_c_library),
        cmocka_unit_test(test_time__leap_years),
        cmocka_unit_test(test_time__iso_forms),
        cmocka_unit_test(test_time__refuses_what_is_no_time),
        cmocka_unit_test(test_time__compact_forms),
        cmocka_unit_test(test_time__formats_read_back),
        cmocka_unit_test(test_time__out_of_the_calendar_is_empty_text),
        cmocka_unit_test(test_time__floors_also_before_1970),
        cmocka_unit_test(test_time__months_are_clipped),
        cmocka_unit_test(test_clock__simulated_stands_still_at_speed_0),
        cmocka_unit_test(test_clock__simulated_runs_at_its_speed),
        cmocka_unit_test(test_clock__text_forms),
        cmocka_unit_test(test_clock__readers_never_see_half_a_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
