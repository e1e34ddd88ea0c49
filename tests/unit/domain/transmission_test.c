/* SPDX-License-Identifier: Apache-2.0 */
#include "node_test.h"
#include <math.h>

static const char county[] =
    "{\"devices\":[{\"mn\":\"A\",\"st\":\"31\",\"sends_hours\":true},"
    "{\"mn\":\"M\",\"st\":\"31\",\"min_interval_min\":10}],"
    "\"factors\":[{\"mn\":\"A\",\"code\":\"a21026\"},{\"mn\":\"A\",\"code\":\"a34013\"}]}";

static qk_transmission_day day_of(qk_node *node, const char *mn, const char *date)
{
    qk_db *db = NULL;
    qk_error err = {0};
    qk_arena arena;
    qk_transmission_day *days, d = {.day = -1};
    size_t n;
    int32_t number = qk_day_number(at(date));
    qk_arena_init(&arena, 1 << 20);
    assert_done(qk_db_open_readonly(&db, qk_node_db_path(node), &err), &err);
    assert_done(qk_transmission_query(&days, &n, db, qk_str_of(mn), number, number, &arena, &err),
                &err);
    if (n) d = days[0];
    qk_db_close(db);
    qk_arena_clear(&arena);
    return d;
}

static void send_hour(qk_node *node, int hour, qk_time received, const char *flag, bool both)
{
    char cp[200], stamp[QK_TIME_TEXT];
    qk_time t = at("2025-01-01") + hour * QK_HOUR;
    int n = snprintf(cp, sizeof cp, "DataTime=%s;a21026-Avg=%d.0,a21026-Flag=%s",
                     qk_time_compact14(stamp, t), hour, flag);
    if (both) snprintf(cp + n, sizeof cp - (size_t)n, ";a34013-Avg=1.0,a34013-Flag=N");
    send_frame(node, "A", 2061, received, cp);
}

static qk_time end_of(int hour)
{
    return at("2025-01-01") + (hour + 1) * QK_HOUR;
}

static void pass_time(qk_node *node, const char *to)
{
    qk_error err = {0};
    settle(node);
    assert_done(qk_node_set_clock(node, at(to), 0, &err), &err);
    settle(node);
}

static void test_S077_transmission__immediate_and_completed_figures_of_a_day(void **state)
{
    (void)state;
    qk_node *node = open_node("2025-01-01T00:00:00x0");
    import(node, county);
    for (int h = 0; h < 24; h++) {
        if (h == 3 || h == 4 || h == 5) continue; /* the line was down */
        bool late = h == 6;                       /* two hours late */
        send_hour(node, h, end_of(h) + (late ? 2 * QK_HOUR : QK_MINUTE), h == 10 ? "M" : "N",
                  h != 20);
    }
    pass_time(node, "2025-01-02T00:30:00");
    qk_transmission_day d = day_of(node, "A", "2025-01-01");
    assert_int_equal(d.due, 48);
    assert_int_equal(d.exempt, 0);
    assert_int_equal(d.received, 21 * 2 - 1);
    assert_int_equal(d.valid, 21 * 2 - 2);
    assert_int_equal(d.in_time, 20 * 2 - 1);
    assert_int_equal(d.valid_in_time, 20 * 2 - 2);
    assert_true(fabs(qk_transmission_rate(&d, false) - 41.0 / 48) < 1e-12);
    assert_true(fabs(qk_transmission_validity(&d, false) - 40.0 / 41) < 1e-12);
    assert_true(fabs(qk_transmission_effective(&d, false) - 40.0 / 48) < 1e-12);
    assert_true(fabs(qk_transmission_effective(&d, true) - 38.0 / 48) < 1e-12);
    /* Back-fill the next morning completes the day and leaves the immediate figures. */
    for (int h = 3; h < 6; h++) send_hour(node, h, at("2025-01-02T08:00:00"), "N", true);
    /* A changed flag of an hour that came in time: in time it was valid. */
    send_hour(node, 0, at("2025-01-02T08:00:00"), "D", true);
    pass_time(node, "2025-01-02T08:30:00");
    d = day_of(node, "A", "2025-01-01");
    assert_int_equal(d.received, 24 * 2 - 1);
    assert_int_equal(d.valid, 24 * 2 - 3);
    assert_int_equal(d.in_time, 20 * 2 - 1);
    assert_int_equal(d.valid_in_time, 20 * 2 - 2);
    qk_node_close(node);
}

static void test_S077_transmission__the_day_grows_hour_by_hour_also_in_silence(void **state)
{
    (void)state;
    qk_node *node = open_node("2025-01-01T00:00:00x0");
    import(node, county);
    send_hour(node, 0, end_of(0) + QK_MINUTE, "N", true);
    pass_time(node, "2025-01-01T01:30:00");
    qk_transmission_day d = day_of(node, "A", "2025-01-01");
    assert_int_equal(d.due, 2);
    assert_int_equal(d.valid, 2);
    qk_device_state s;
    assert_true(qk_live_device(qk_node_live(node), &s, QK_STR("A")));
    assert_true(s.effective_today == 1.0);
    pass_time(node, "2025-01-01T04:30:00");
    d = day_of(node, "A", "2025-01-01");
    assert_int_equal(d.due, 8);
    assert_int_equal(d.valid, 2);
    assert_true(qk_live_device(qk_node_live(node), &s, QK_STR("A")));
    assert_true(s.effective_today == 0.25);
    pass_time(node, "2025-01-02T00:30:00");
    assert_true(qk_live_device(qk_node_live(node), &s, QK_STR("A")));
    assert_true(isnan(s.effective_today));
    qk_node_close(node);
}

static void test_S077_transmission__a_device_without_hours_is_judged_by_derived_ones(void **state)
{
    (void)state;
    qk_node *node = open_node("2025-01-01T00:00:00x0");
    import(node, county);
    for (int m = 0; m < 10 * 60; m += 10) {
        char cp[200], stamp[QK_TIME_TEXT];
        qk_time t = at("2025-01-01") + m * QK_MINUTE;
        if (m >= 120 && m < 180) continue;
        const char *flag = m >= 300 && m < 320 ? "C" : "N"; /* 40 valid minutes in the sixth hour */
        snprintf(cp, sizeof cp, "DataTime=%s;x-Avg=1.0,x-Flag=%s;y-Avg=2.0",
                 qk_time_compact14(stamp, t), flag);
        send_frame(node, "M", 2051, t + 10 * QK_MINUTE, cp);
    }
    pass_time(node, "2025-01-01T12:00:00");
    qk_transmission_day d = day_of(node, "M", "2025-01-01");
    assert_int_equal(d.due, 11 * 2);
    assert_int_equal(d.received, 9 * 2);
    assert_int_equal(d.valid, 9 * 2 - 1);
    qk_node_close(node);
}

static bool exempt_first_half(void *context, const char *mn, const char *code, qk_time hour)
{
    (void)context;
    return strcmp(mn, "A") == 0 && strcmp(code, "a34013") == 0 && hour < at("2025-01-01T12:00");
}

static qk_code exempt_fn(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    (void)context, (void)db, (void)err;
    qk_transmission_exempt(qk_node_transmission(node), exempt_first_half, NULL);
    qk_transmission_touch(qk_node_transmission(node), "A", now);
    return QK_OK;
}

static void test_S077_transmission__exempt_hours_count_for_nothing(void **state)
{
    (void)state;
    qk_node *node = open_node("2025-01-01T00:00:00x0");
    qk_error err = {0};
    import(node, county);
    assert_done(qk_node_call(node, exempt_fn, NULL, &err), &err);
    for (int h = 0; h < 24; h++) send_hour(node, h, end_of(h) + QK_MINUTE, "N", h >= 12);
    pass_time(node, "2025-01-02T00:30:00");
    qk_transmission_day d = day_of(node, "A", "2025-01-01");
    assert_int_equal(d.exempt, 12);
    assert_int_equal(d.due, 36);
    assert_int_equal(d.valid, 36);
    qk_node_close(node);
}

static void test_transmission__what_was_touched_survives_a_restart(void **state)
{
    (void)state;
    qk_error err = {0};
    qk_node *node = open_node("2025-01-01T00:00:00x0");
    import(node,
           "{\"devices\":[{\"mn\":\"A\",\"sends_hours\":true,\"valid_from\":\"2024-12-01\"}],"
           "\"factors\":[{\"mn\":\"A\",\"code\":\"a21026\"},{\"mn\":\"A\",\"code\":\"a34013\"}]}");
    qk_node_close(node);
    qk_db *db = NULL;
    assert_done(qk_db_open(&db, qk_test_path("data/store.db"), NULL, &err), &err);
    char sql[200];
    snprintf(sql, sizeof sql, "INSERT INTO derived_dirty(mn,level,at) VALUES('A',3,%d)",
             qk_day_number(at("2024-12-30")));
    assert_done(qk_db_exec(db, sql, &err), &err);
    qk_db_close(db);
    node = open_node("2025-01-01T00:00:00x0");
    settle(node);
    assert_int_equal(day_of(node, "A", "2024-12-30").due, 48);
    assert_int_equal(node_number(node, "SELECT count(*) FROM derived_dirty WHERE level=3"), 0);
    qk_node_close(node);
}

static int64_t told(qk_node *node, const char *kind)
{
    char sql[120];
    settle(node);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM event WHERE mn='A' AND kind='%s'", kind);
    return node_number(node, sql);
}

static void test_S077_transmission__missing_hours_and_low_days_are_told_and_closed(void **state)
{
    (void)state;
    qk_node *node = open_node("2025-01-01T00:00:00x0");
    import(node, county);
    for (int h = 0; h < 24; h++)
        if (h < 3 || h > 5) send_hour(node, h, end_of(h) + QK_MINUTE, "N", true);
    pass_time(node, "2025-01-01T03:30:00");
    assert_int_equal(told(node, "hours_missing"), 0);
    pass_time(node, "2025-01-01T06:30:00");
    assert_int_equal(told(node, "hours_missing"), 1);
    pass_time(node, "2025-01-02T12:30:00");
    assert_int_equal(told(node, "transmission_low"), 0); /* not judged before 13:00 */
    pass_time(node, "2025-01-02T13:30:00");
    assert_int_equal(told(node, "transmission_low"), 1);
    assert_int_equal(told(node, "hours_filled"), 0);
    for (int h = 3; h < 6; h++) send_hour(node, h, at("2025-01-02T14:00:00"), "N", true);
    pass_time(node, "2025-01-02T14:30:00");
    assert_int_equal(told(node, "hours_filled"), 1);
    assert_int_equal(told(node, "transmission_restored"), 1);
    /* Each names what it closes, and is told once. */
    assert_int_equal(node_number(node, "SELECT count(*) FROM event o JOIN event c ON o.key="
                                       "json_extract(c.params,'$.closes') WHERE c.mn='A'"),
                     2);
    pass_time(node, "2025-01-02T20:30:00");
    assert_int_equal(told(node, "hours_filled"), 1);
    /* The second of January itself lacks its hours, and is told for itself. */
    assert_int_equal(told(node, "hours_missing"), 2);
    qk_node_close(node);
}

static void test_S077_transmission__hours_before_the_registration_are_not_owed(void **state)
{
    (void)state;
    qk_node *node = open_node("2025-01-01T08:00:00x0");
    import(node, county);
    pass_time(node, "2025-01-01T10:30:00");
    qk_transmission_day d = day_of(node, "A", "2025-01-01");
    assert_int_equal(d.due, 2 * 2); /* 8 and 9 o'clock of two factors */
    assert_int_equal(d.received, 0);
    /* What it remembers from before counts all the same. */
    send_hour(node, 5, at("2025-01-01T10:31:00"), "N", true);
    pass_time(node, "2025-01-01T10:45:00");
    d = day_of(node, "A", "2025-01-01");
    assert_int_equal(d.due, 2 * 3);
    assert_int_equal(d.received, 2);
    qk_node_close(node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S077_transmission__immediate_and_completed_figures_of_a_day),
        qk_dir_test(test_S077_transmission__the_day_grows_hour_by_hour_also_in_silence),
        qk_dir_test(test_S077_transmission__a_device_without_hours_is_judged_by_derived_ones),
        qk_dir_test(test_S077_transmission__exempt_hours_count_for_nothing),
        qk_dir_test(test_transmission__what_was_touched_survives_a_restart),
        qk_dir_test(test_S077_transmission__missing_hours_and_low_days_are_told_and_closed),
        qk_dir_test(test_S077_transmission__hours_before_the_registration_are_not_owed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
