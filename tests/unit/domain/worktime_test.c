/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/recur.h"
#include "domain_test.h"

/* 2025: Spring Festival 28 Jan to 4 Feb, worked on Sun 26 Jan and Sat 8 Feb (State Council notice
 * of 2024-11-12). Sorted by day in make_2025. */
static qk_workday days_2025[16];

static qk_worktime make_2025(void)
{
    qk_worktime w;
    size_t n = 0;
    qk_worktime_init(&w);
    days_2025[n++] = (qk_workday){qk_day_number(at("2025-01-26")), true};
    for (int i = 0; i < 8; i++)
        days_2025[n++] = (qk_workday){qk_day_number(at("2025-01-28")) + i, false};
    days_2025[n++] = (qk_workday){qk_day_number(at("2025-02-08")), true};
    w.days = days_2025;
    w.n = n;
    return w;
}

static void expect_days(const qk_worktime *w, const char *from, int32_t n, const char *due)
{
    qk_time t;
    assert_ok(qk_worktime_add_days(&t, w, at(from), n));
    char text[QK_TIME_TEXT];
    assert_string_equal(qk_time_iso(text, t), due);
}

static void test_worktime__days_begin_on_the_morrow_and_end_at_midnight(void **state)
{
    (void)state;
    qk_worktime w;
    qk_worktime_init(&w);
    expect_days(&w, "2025-12-12T21:10:00", 2, "2025-12-17T00:00:00"); /* Friday night: Tuesday */
    expect_days(&w, "2025-12-13T09:00:00", 1, "2025-12-16T00:00:00"); /* Saturday: Monday */
    expect_days(&w, "2025-04-22T00:00:00", 3, "2025-04-26T00:00:00");
    qk_time t;
    assert_int_equal(qk_worktime_add_days(&t, &w, 0, 0), QK_EINVAL);
}

static void test_S215_worktime__holidays_and_make_up_days_count_as_the_table_says(void **state)
{
    (void)state;
    qk_worktime w = make_2025();
    expect_days(&w, "2025-01-24T10:00:00", 1, "2025-01-27T00:00:00"); /* the Sunday is worked */
    expect_days(&w, "2025-01-27T10:00:00", 1, "2025-02-06T00:00:00");
    expect_days(&w, "2025-02-07T10:00:00", 1, "2025-02-09T00:00:00"); /* the Saturday is worked */
    assert_true(qk_worktime_is_open(&w, at("2025-01-26T09:00:00")));
    assert_false(qk_worktime_is_open(&w, at("2025-01-28T09:00:00")));
    assert_int_equal(qk_worktime_days_between(&w, at("2025-01-24T10:00"), at("2025-02-08T10:00")),
                     6);
}

static void expect_hours(const qk_worktime *w, const char *from, int64_t minutes, const char *due)
{
    qk_time t;
    char text[QK_TIME_TEXT];
    assert_ok(qk_worktime_add(&t, w, at(from), minutes * QK_MINUTE));
    assert_string_equal(qk_time_iso(text, t), due);
}

static void test_S215_worktime__hours_run_only_while_work_does(void **state)
{
    (void)state;
    qk_worktime w;
    qk_worktime_init(&w);
    expect_hours(&w, "2025-12-10T11:30:00", 60, "2025-12-10T14:30:00");  /* over the noon break */
    expect_hours(&w, "2025-12-12T17:00:00", 60, "2025-12-15T09:00:00");  /* over the weekend */
    expect_hours(&w, "2025-12-10T09:00:00", 180, "2025-12-10T12:00:00"); /* to the end of a span */
    expect_hours(&w, "2025-12-13T10:00:00", 0, "2025-12-15T08:30:00");
    expect_hours(&w, "2025-12-10T10:00:00", 0, "2025-12-10T10:00:00");
    qk_time t;
    assert_int_equal(qk_worktime_add(&t, &w, 0, -1), QK_EINVAL);
    assert_int_equal(qk_worktime_add(&t, &w, 0, INT64_MAX), QK_ERANGE);
}

static void test_worktime__adding_and_measuring_agree(void **state)
{
    (void)state;
    qk_worktime w = make_2025();
    uint64_t seed = 7;
    for (int i = 0; i < 3000; i++) {
        qk_time a = at("2025-01-01") + (qk_time)(qk_test_random(&seed) % (60 * 86400)) * QK_SECOND;
        int64_t ms = (int64_t)(qk_test_random(&seed) % (80 * 3600)) * QK_SECOND;
        qk_time b;
        assert_ok(qk_worktime_add(&b, &w, a, ms));
        assert_int_equal(qk_worktime_between(&w, a, b), ms);
        if (ms) assert_true(qk_worktime_between(&w, a, b - 1) < ms);
    }
    assert_int_equal(qk_worktime_between(&w, at("2025-01-02"), at("2025-01-01")), 0);
}

static void test_worktime__hours_of_work_are_read_or_refused(void **state)
{
    (void)state;
    qk_worktime w;
    qk_worktime_init(&w);
    assert_ok(qk_worktime_hours(&w, QK_STR("09:00-11:00, 13:00-16:00,20:00-24:00")));
    assert_int_equal(w.span_count, 3);
    assert_int_equal(w.spans[2].to_min, 1440);
    const char *wrong[] = {"",
                           "9-17",
                           "09:00-08:00",
                           "09:00-12:00,11:00-13:00",
                           "25:00-26:00",
                           "00:60-01:00",
                           "1,2,3,4,5",
                           "09:00-12:00,"};
    for (size_t i = 0; i + 1 < QK_ARRAY_COUNT(wrong); i++)
        assert_int_equal(qk_worktime_hours(&w, qk_str_of(wrong[i])), QK_EFORMAT);
    assert_int_equal(w.span_count, 3);
}

static void expect_next(const char *rule, const char *after, const char *next)
{
    qk_time t;
    char text[QK_TIME_TEXT];
    assert_ok(qk_recur_next(&t, qk_str_of(rule), at(after), NULL));
    assert_string_equal(qk_time_iso(text, t), next);
}

static void test_recur__each_rule_gives_the_next_occurrence(void **state)
{
    (void)state;
    expect_next("minutes 15", "2025-01-01T00:15:00", "2025-01-01T00:30:00");
    expect_next("minutes 1440", "2025-01-01T00:15:00", "2025-01-02T00:00:00");
    expect_next("hourly 10", "2025-01-01T00:09:59", "2025-01-01T00:10:00");
    expect_next("hourly 10", "2025-01-01T00:10:00", "2025-01-01T01:10:00");
    expect_next("daily 00:05", "2025-12-31T00:05:00", "2026-01-01T00:05:00");
    expect_next("weekly 1 08:00", "2025-12-12T08:00:00", "2025-12-15T08:00:00");
    expect_next("monthly 31 09:00", "2025-01-31T09:00:00", "2025-02-28T09:00:00");
    expect_next("monthly 1 12:00", "2025-12-31T23:00:00", "2026-01-01T12:00:00");
    expect_next("yearly 02-29 00:00", "2025-01-01T00:00:00", "2025-02-28T00:00:00");
    expect_next("yearly 02-29 00:00", "2027-03-01T00:00:00", "2028-02-29T00:00:00");
    expect_next("workdays 08:30", "2025-12-12T08:30:00", "2025-12-15T08:30:00");
    const char *wrong[] = {"",
                           "minutes 7",
                           "minutes 0",
                           "hourly 60",
                           "daily 24:00",
                           "weekly 8 01:00",
                           "monthly 0 01:00",
                           "yearly 13-01 00:00",
                           "yearly 02-30 00:00",
                           "daily",
                           "sometimes",
                           "hourly -1"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(wrong); i++) {
        qk_time t;
        assert_int_equal(qk_recur_next(&t, qk_str_of(wrong[i]), 0, NULL), QK_EFORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worktime__days_begin_on_the_morrow_and_end_at_midnight),
        cmocka_unit_test(test_S215_worktime__holidays_and_make_up_days_count_as_the_table_says),
        cmocka_unit_test(test_S215_worktime__hours_run_only_while_work_does),
        cmocka_unit_test(test_worktime__adding_and_measuring_agree),
        cmocka_unit_test(test_worktime__hours_of_work_are_read_or_refused),
        cmocka_unit_test(test_recur__each_rule_gives_the_next_occurrence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
