/* SPDX-License-Identifier: Apache-2.0 */
/* The pure parts of forwarding: the queue of one link, rewriting, reading of answers. */
#include "gateway/rewrite.h"
#include "gateway/seen.h"
#include "gateway/upqueue.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static void push(qk_upqueue *q, int i, bool wants_answer)
{
    char text[32];
    int n = snprintf(text, sizeof text, "frame-%d", i);
    assert_true(qk_upqueue_push(q, (qk_jpos)i * 100, text, (uint32_t)n,
                                (qk_str){text + 6, (size_t)n - 6}, wants_answer));
}

static int send_all(qk_upqueue *q, int64_t now_ms)
{
    int sent = 0;
    for (qk_upframe *f; (f = qk_upqueue_next(q, now_ms, 10000)); sent++)
        qk_upqueue_sent(q, f, now_ms);
    return sent;
}

static void test_upqueue__sends_eight_and_waits_for_their_answers(void **state)
{
    (void)state;
    qk_upqueue q = {0};
    for (int i = 1; i <= 20; i++) push(&q, i, true);
    assert_int_equal(send_all(&q, 1000), 8);
    assert_int_equal(qk_upqueue_cursor(&q, 9999), 100);
    assert_true(qk_upqueue_answered(&q, QK_STR("2"))); /* out of order: the cursor stays */
    assert_int_equal(qk_upqueue_cursor(&q, 9999), 100);
    assert_int_equal(send_all(&q, 1000), 1);
    assert_true(qk_upqueue_answered(&q, QK_STR("1")));
    assert_int_equal(qk_upqueue_cursor(&q, 9999), 300);
    assert_false(qk_upqueue_answered(&q, QK_STR("1")));
    assert_false(qk_upqueue_answered(&q, QK_STR("77")));
    qk_upqueue_clear(&q);
    assert_int_equal(qk_upqueue_cursor(&q, 9999), 9999);
}

static void test_upqueue__sends_again_what_is_not_answered(void **state)
{
    (void)state;
    qk_upqueue q = {0};
    push(&q, 1, true);
    push(&q, 2, true);
    assert_int_equal(send_all(&q, 1000), 2);
    assert_int_equal(send_all(&q, 10999), 0);
    assert_int_equal(send_all(&q, 11000), 2);
    assert_int_equal(qk_upqueue_most_tries(&q), 2);
    assert_true(qk_upqueue_answered(&q, QK_STR("1")));
    qk_upqueue_again(&q); /* the line broke */
    assert_int_equal(send_all(&q, 11001), 1);
    assert_true(qk_upqueue_answered(&q, QK_STR("2")));
    assert_true(qk_upqueue_empty(&q));
}

static void test_upqueue__frames_that_want_no_answer_are_done_when_sent(void **state)
{
    (void)state;
    qk_upqueue q = {0};
    for (int i = 1; i <= 30; i++) push(&q, i, false);
    assert_int_equal(send_all(&q, 1), 30);
    assert_true(qk_upqueue_empty(&q));
    push(&q, 1, true);
    send_all(&q, 1);
    assert_true(qk_upqueue_answered(&q, (qk_str){0})); /* a 9014 without QN: the oldest */
    assert_true(qk_upqueue_empty(&q));
}

static void test_upqueue__is_bounded(void **state)
{
    (void)state;
    qk_upqueue q = {0};
    for (int i = 1; i <= QK_UPQUEUE_SLOTS; i++) push(&q, i, true);
    assert_true(qk_upqueue_full(&q));
    assert_false(qk_upqueue_push(&q, 1, "x", 1, (qk_str){0}, true));
    qk_upqueue_clear(&q);
}

static void check_rewrite(const char *segment, const char *mn, const char *pw, const char *expected)
{
    char out[2048], want[2048];
    size_t n = qk_rewrite_frame(out, sizeof out, qk_hj212_text_of(segment), qk_hj212_text_of(mn),
                                qk_hj212_text_of(pw));
    size_t w = qk_hj212_encode_segment(want, sizeof want, qk_hj212_text_of(expected),
                                       QK_HJ212_CRC_STANDARD);
    assert_int_equal(n, w);
    assert_memory_equal(out, want, n);
}

static void test_rewrite__changes_mn_and_pw_and_nothing_else(void **state)
{
    (void)state;
    const char *data = "CP=&&DataTime=20260101070100;a-Avg=12.500,a-Flag=N,;x-MN=7;&&";
    char in[512], out[512];
    snprintf(in, sizeof in, "QN=1;ST=31;CN=2051;PW=123456;MN=A1;Flag=5;%s", data);
    snprintf(out, sizeof out, "QN=1;ST=31;CN=2051;PW=9;MN=LONGER0001;Flag=5;%s", data);
    check_rewrite(in, "LONGER0001", "9", out);
    snprintf(out, sizeof out, "QN=1;ST=31;CN=2051;PW=123456;MN=B;Flag=5;%s", data);
    check_rewrite(in, "B", NULL, out);
    check_rewrite(in, NULL, NULL, in);
    check_rewrite("MN=A1;CN=2011;PW=;CP=&&a=1&&", "B", "7", "MN=B;CN=2011;PW=7;CP=&&a=1&&");
}

static void test_rewrite__refuses_what_it_cannot_find_or_hold(void **state)
{
    (void)state;
    char out[64];
    qk_hj212_text segment = QK_HJ212_TEXT("QN=1;CN=2051;MN=A1;CP=&&a=1&&");
    assert_int_equal(
        qk_rewrite_frame(out, sizeof out, segment, qk_hj212_text_of("B"), qk_hj212_text_of("1")),
        0);
    assert_int_equal(
        qk_rewrite_frame(out, 20, segment, qk_hj212_text_of("B"), qk_hj212_text_of(NULL)), 0);
}

static void check_seen(const char *segment, const char *qn, int rtn)
{
    qk_hj212_frame frame;
    qk_hj212_head head;
    qk_control_seen seen;
    qk_hj212_frame_of_segment(&frame, qk_hj212_text_of(segment));
    (void)qk_hj212_head_read(&head, frame.segment);
    qk_seen_read(&seen, &frame, &head);
    assert_true(qk_str_eq(seen.qn, qk_str_of(qn)));
    assert_int_equal(seen.rtn, rtn);
}

static void test_seen__finds_qn_and_code_in_both_forms(void **state)
{
    (void)state;
    check_seen("QN=20260101080000123;ST=91;CN=9011;PW=1;MN=A1;Flag=4;CP=&&QnRtn=1&&",
               "20260101080000123", 1);
    check_seen("ST=91;CN=9011;PW=1;MN=A1;Flag=0;CP=&&QN=20260101080000123;QnRtn=3&&",
               "20260101080000123", 3);
    check_seen("ST=91;CN=9012;PW=1;MN=A1;Flag=0;CP=&&QN=2;ExeRtn=100&&", "2", 100);
    check_seen("ST=91;CN=9014;CP=&&QN=20040516010101001;CN=2051&&", "20040516010101001", 0);
    check_seen("QN=5;ST=91;CN=9012;PW=1;MN=A1;Flag=4;CP=&&ExeRtn=99999999999999999999&&", "5", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_upqueue__sends_eight_and_waits_for_their_answers),
        cmocka_unit_test(test_upqueue__sends_again_what_is_not_answered),
        cmocka_unit_test(test_upqueue__frames_that_want_no_answer_are_done_when_sent),
        cmocka_unit_test(test_upqueue__is_bounded),
        cmocka_unit_test(test_rewrite__changes_mn_and_pw_and_nothing_else),
        cmocka_unit_test(test_rewrite__refuses_what_it_cannot_find_or_hold),
        cmocka_unit_test(test_seen__finds_qn_and_code_in_both_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
