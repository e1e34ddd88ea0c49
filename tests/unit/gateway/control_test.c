/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/control.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static qk_time at(const char *text)
{
    qk_time t;
    assert_int_equal(qk_time_parse(&t, qk_str_of(text)), QK_OK);
    return t;
}

static const qk_device *device(bool comma)
{
    static qk_device d;
    d = (qk_device){.overtime_s = 10, .recount = 3, .comma_range = comma};
    return &d;
}

static qk_request request_of(int32_t cn, const char *params, const char *from, const char *to)
{
    qk_request r = {.id = 1, .cn = cn, .from = QK_TIME_NONE, .to = QK_TIME_NONE};
    snprintf(r.params, sizeof r.params, "%s", params);
    snprintf(r.state, sizeof r.state, "waiting");
    if (from) r.from = at(from), r.to = at(to);
    assert_int_equal(qk_control_check(&r, NULL), QK_OK);
    return r;
}

typedef struct bench {
    qk_control c;
    qk_control_step step;
    qk_time now;
    int64_t now_ms;
    bool comma;
} bench;

static void begin(bench *b, qk_request r)
{
    b->now = at("2025-03-01T10:30:00");
    b->now_ms = 1000;
    qk_control_begin(&b->c, &b->step, &r, NULL, device(b->comma), b->now, b->now_ms);
}

static void take(bench *b, int32_t command, const char *qn, int32_t rtn, const char *data_time)
{
    qk_control_seen seen = {.command = command,
                            .qn = qk_str_of(qn),
                            .rtn = rtn,
                            .data_time = data_time ? at(data_time) : QK_TIME_NONE,
                            .cp = QK_STR("SystemTime=20250301103001")};
    qk_control_take(&b->c, &b->step, &seen, device(b->comma), b->now, b->now_ms);
}

static void pass(bench *b, int64_t ms)
{
    b->now_ms += ms;
    b->now += ms;
    qk_control_tick(&b->c, &b->step, device(b->comma), b->now, b->now_ms);
}

static void check_cp(const bench *b, const char *cp)
{
    assert_true(b->step.send);
    assert_string_equal(b->step.cp, cp);
    assert_int_equal(b->step.cp_len, strlen(cp));
}

static void test_S072_control__get_runs_through_9011_data_9012(void **state)
{
    (void)state;
    bench b = {0};
    begin(&b, request_of(1011, "", NULL, NULL));
    check_cp(&b, "");
    assert_string_equal(b.c.qn, "20250301103000000");
    assert_string_equal(b.c.request.state, "sent");
    take(&b, 9011, b.c.qn, 1, NULL);
    assert_string_equal(b.c.request.state, "accepted");
    take(&b, 1011, b.c.qn, 0, NULL);
    assert_string_equal(b.c.request.state, "receiving");
    take(&b, 9012, b.c.qn, 1, NULL);
    assert_true(b.step.ended);
    assert_string_equal(b.c.request.state, "done");
    assert_string_equal(b.c.request.result, "SystemTime=20250301103001");
    assert_int_equal(b.c.phase, QK_CONTROL_IDLE);
}

static void test_control__no_9011_is_sent_again_recount_times_then_times_out(void **state)
{
    (void)state;
    bench b = {0};
    begin(&b, request_of(1062, "RtdInterval=30", NULL, NULL));
    char qn[24];
    memcpy(qn, b.c.qn, sizeof qn);
    for (int i = 0; i < 3; i++) {
        pass(&b, 9999);
        assert_false(b.step.send);
        pass(&b, 1);
        check_cp(&b, "RtdInterval=30");
        assert_string_equal(b.c.qn, qn);
    }
    pass(&b, 10000);
    assert_false(b.step.send);
    assert_true(b.step.ended);
    assert_string_equal(b.c.request.state, "timeout");
    assert_int_equal(b.c.request.tries, 4);
}

static void test_control__accepted_but_never_ended_is_not_sent_again(void **state)
{
    (void)state;
    bench b = {0};
    begin(&b, request_of(3011, "PolId=a21026", NULL, NULL));
    take(&b, 9011, b.c.qn, 1, NULL);
    pass(&b, 10000);
    assert_true(b.step.ended);
    assert_false(b.step.send);
    assert_string_equal(b.c.request.state, "timeout");
}

static void test_control__a_refusal_keeps_its_code(void **state)
{
    (void)state;
    bench b = {0};
    begin(&b, request_of(1062, "RtdInterval=30", NULL, NULL));
    take(&b, 9011, b.c.qn, 3, NULL);
    assert_true(b.step.ended);
    assert_string_equal(b.c.request.state, "refused");
    assert_int_equal(b.c.request.qn_rtn, 3);
    begin(&b, request_of(1062, "RtdInterval=30", NULL, NULL));
    take(&b, 9011, b.c.qn, 1, NULL);
    take(&b, 9012, b.c.qn, 5, NULL);
    assert_string_equal(b.c.request.state, "failed");
    assert_int_equal(b.c.request.exe_rtn, 5);
}

static void test_control__answers_to_another_qn_are_not_ours(void **state)
{
    (void)state;
    bench b = {0};
    begin(&b, request_of(1011, "", NULL, NULL));
    take(&b, 9011, "20250301102959999", 1, NULL);
    assert_int_equal(b.c.phase, QK_CONTROL_ASKED);
    take(&b, 9012, "20250301102959999", 1, NULL);
    assert_false(b.step.ended);
    take(&b, 9011, "", 1, NULL); /* a 2005 device that leaves the QN out */
    assert_int_equal(b.c.phase, QK_CONTROL_RUNNING);
}

static void test_S072_control__history_is_asked_for_chunk_by_chunk(void **state)
{
    (void)state;
    bench b = {0};
    begin(&b, request_of(2051, "", "2025-03-01T07:50:00", "2025-03-01T09:10:00"));
    check_cp(&b, "BeginTime=20250301075000;EndTime=20250301075900");
    take(&b, 9011, b.c.qn, 1, NULL);
    take(&b, 2051, "20250301103001001", 0, "2025-03-01T07:50:00");
    take(&b, 2051, "20250301103001002", 0, "2025-03-01T07:51:00");
    take(&b, 2051, "20250301103001003", 0, "2025-03-01T10:29:00"); /* the current minute */
    assert_int_equal(b.c.request.rows_received, 2);
    char first[24];
    memcpy(first, b.c.qn, sizeof first);
    take(&b, 9012, b.c.qn, 1, NULL);
    check_cp(&b, "BeginTime=20250301080000;EndTime=20250301085900");
    assert_string_not_equal(b.c.qn, first);
    take(&b, 9011, b.c.qn, 1, NULL);
    take(&b, 9012, b.c.qn, 100, NULL);
    assert_true(b.step.no_data);
    assert_int_equal(b.step.range.from, at("2025-03-01T08:00:00"));
    assert_int_equal(b.step.range.to, at("2025-03-01T08:59:00"));
    check_cp(&b, "BeginTime=20250301090000;EndTime=20250301091000");
    take(&b, 9011, b.c.qn, 1, NULL);
    take(&b, 2051, "20250301103002001", 0, "2025-03-01T09:05:00");
    take(&b, 9012, b.c.qn, 1, NULL);
    assert_true(b.step.ended);
    assert_string_equal(b.c.request.state, "done");
    assert_int_equal(b.c.request.chunks_done, 3);
    assert_int_equal(b.c.request.rows_received, 3);
}

static void test_control__rows_without_9012_end_the_chunk(void **state)
{
    (void)state;
    bench b = {.comma = true};
    begin(&b, request_of(2061, "", "2025-02-28T00:00:00", "2025-03-01T05:00:00"));
    check_cp(&b, "BeginTime=20250228000000,EndTime=20250228230000");
    take(&b, 2061, "1", 0, "2025-02-28T00:00:00"); /* no 9011 either */
    pass(&b, 9000);
    take(&b, 2061, "2", 0, "2025-02-28T01:00:00");
    pass(&b, 9000);
    assert_false(b.step.send);
    pass(&b, 1000);
    check_cp(&b, "BeginTime=20250301000000,EndTime=20250301050000");
}

static void test_control__a_lost_line_keeps_what_was_done(void **state)
{
    (void)state;
    bench b = {0};
    begin(&b, request_of(2051, "", "2025-03-01T07:00:00", "2025-03-01T08:59:00"));
    take(&b, 9011, b.c.qn, 1, NULL);
    take(&b, 9012, b.c.qn, 100, NULL);
    qk_control_lost(&b.c, &b.step, b.now);
    assert_true(b.step.changed);
    assert_string_equal(b.c.request.state, "waiting");
    assert_int_equal(b.c.phase, QK_CONTROL_IDLE);
    begin(&b, b.c.request);
    check_cp(&b, "BeginTime=20250301080000;EndTime=20250301085900");
    for (int i = 1; i < QK_CONTROL_LOSSES_MAX; i++) {
        qk_control_lost(&b.c, &b.step, b.now);
        if (!b.step.ended) begin(&b, b.c.request);
    }
    assert_string_equal(b.c.request.state, "failed");
}

static void test_control__the_clock_is_told_as_it_stands_when_sent(void **state)
{
    (void)state;
    bench b = {0};
    begin(&b, request_of(1012, "", NULL, NULL));
    check_cp(&b, "SystemTime=20250301103000");
    pass(&b, 10000);
    check_cp(&b, "SystemTime=20250301103010");
    begin(&b, request_of(1000, "", NULL, NULL));
    check_cp(&b, "OverTime=10;ReCount=3");
}

static void test_control__a_notice_ends_with_9013(void **state)
{
    (void)state;
    bench b = {0};
    begin(&b, request_of(2012, "", NULL, NULL));
    take(&b, 9013, b.c.qn, 0, NULL);
    assert_string_equal(b.c.request.state, "done");
}

static void test_control__qns_never_repeat_while_the_clock_stands_still(void **state)
{
    (void)state;
    bench b = {0};
    char last[24] = "";
    for (int i = 0; i < 50; i++) {
        begin(&b, request_of(1011, "", NULL, NULL));
        assert_true(strcmp(b.c.qn, last) > 0);
        memcpy(last, b.c.qn, sizeof last);
    }
}

static void test_control__refuses_what_would_break_a_frame_or_make_no_sense(void **state)
{
    (void)state;
    qk_request r = {.cn = 1062, .from = QK_TIME_NONE, .to = QK_TIME_NONE};
    const char *bad[] = {"RtdInterval=30&&", "a#b", "a\r\nb", "\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(r.params, sizeof r.params, "%s", bad[i]);
        assert_int_equal(qk_control_check(&r, NULL), QK_EINVAL);
    }
    r.params[0] = 0;
    int32_t unknown[] = {0, 9014, 2081, 1013, 4000};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        r.cn = unknown[i];
        assert_int_equal(qk_control_check(&r, NULL), QK_EINVAL);
    }
    r.cn = 2061; /* needs a range */
    assert_int_equal(qk_control_check(&r, NULL), QK_EINVAL);
    r.cn = 1011, r.from = r.to = at("2025-01-01T00:00:00"); /* takes none */
    assert_int_equal(qk_control_check(&r, NULL), QK_EINVAL);
    r.cn = 2051, r.to = r.from + 20000 * QK_DAY;
    assert_int_equal(qk_control_check(&r, NULL), QK_ERANGE);
}

static void test_control__an_upper_platforms_request_keeps_its_qn_and_any_data(void **state)
{
    (void)state;
    bench b = {.now = at("2025-03-01T10:30:00"), .now_ms = 1000};
    qk_request r = {.cn = 2051, .from = QK_TIME_NONE, .to = QK_TIME_NONE, .chunks_total = 1};
    snprintf(r.params, sizeof r.params, "BeginTime=20250301000000,EndTime=20250302000000");
    qk_control_begin(&b.c, &b.step, &r, "20250301000000777", device(false), b.now, b.now_ms);
    check_cp(&b, r.params);
    assert_string_equal(b.c.qn, "20250301000000777");
    take(&b, 9011, "20250301000000777", 1, NULL);
    pass(&b, 9000);
    take(&b, 2051, "20250301103009001", 0, "2025-03-01T00:00:00");
    pass(&b, 9000);
    assert_false(b.step.ended);
    take(&b, 9012, "20250301000000777", 1, NULL);
    assert_true(b.step.ended);
}

static void test_control__cancelled_and_final_states_are_final(void **state)
{
    (void)state;
    bench b = {0};
    begin(&b, request_of(1011, "", NULL, NULL));
    qk_control_cancel(&b.c, &b.step, b.now);
    assert_true(b.step.ended);
    assert_true(qk_control_is_final(b.c.request.state));
    assert_false(qk_control_is_final("receiving"));
    assert_false(qk_control_is_final("waiting"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S072_control__get_runs_through_9011_data_9012),
        cmocka_unit_test(test_control__no_9011_is_sent_again_recount_times_then_times_out),
        cmocka_unit_test(test_control__accepted_but_never_ended_is_not_sent_again),
        cmocka_unit_test(test_control__a_refusal_keeps_its_code),
        cmocka_unit_test(test_control__answers_to_another_qn_are_not_ours),
        cmocka_unit_test(test_S072_control__history_is_asked_for_chunk_by_chunk),
        cmocka_unit_test(test_control__rows_without_9012_end_the_chunk),
        cmocka_unit_test(test_control__a_lost_line_keeps_what_was_done),
        cmocka_unit_test(test_control__the_clock_is_told_as_it_stands_when_sent),
        cmocka_unit_test(test_control__a_notice_ends_with_9013),
        cmocka_unit_test(test_control__qns_never_repeat_while_the_clock_stands_still),
        cmocka_unit_test(test_control__refuses_what_would_break_a_frame_or_make_no_sense),
        cmocka_unit_test(test_control__an_upper_platforms_request_keeps_its_qn_and_any_data),
        cmocka_unit_test(test_control__cancelled_and_final_states_are_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
