/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/request_text.h"
#include "../test.h"
#include "gateway/control.h"

static qk_request make(const char *state, const char *result)
{
    qk_request r = {.id = 7, .cn = 1061, .from = QK_TIME_NONE, .to = QK_TIME_NONE};
    snprintf(r.mn, sizeof r.mn, "A");
    snprintf(r.state, sizeof r.state, "%s", state);
    snprintf(r.result, sizeof r.result, "%s", result);
    return r;
}

static void check(const qk_request *r, const char *zh, const char *en)
{
    const char *const want[] = {zh, en};
    for (int lang = QK_ZH; lang <= QK_EN; lang++) {
        qk_buf text;
        qk_buf_init(&text, 1024);
        qk_request_put_text(&text, r, (qk_lang)lang);
        assert_string_equal(text.ptr, want[lang]);
        qk_buf_clear(&text);
    }
}

static void test_request_text__says_how_far_it_is_and_why_it_ended(void **state)
{
    (void)state;
    qk_request r = make("waiting", "");
    check(&r, "等待发送", "waiting");
    r = make("done", "RtdInterval=30");
    check(&r, "完成", "done");
    r = make("receiving", "");
    r.from = 0, r.to = 1, r.rows_received = 42;
    check(&r, "接收中，收到 42 条记录", "receiving, 42 records received");
    r = make("done", QK_REQUEST_REASON "no_data");
    check(&r, "完成：设备没有这段时间的数据", "done: the device has no data of this time");
    r = make("refused", QK_REQUEST_REASON "refused");
    r.qn_rtn = 9;
    check(&r, "设备拒绝：CRC 校验错误（9011，QnRtn=9）", "refused: CRC wrong (9011, QnRtn=9)");
    r = make("failed", QK_REQUEST_REASON "exe_failed");
    r.exe_rtn = 4;
    check(&r, "失败：通讯超时（9012，ExeRtn=4）", "failed: communication timeout (9012, ExeRtn=4)");
    r = make("failed", QK_REQUEST_REASON "of_a_later_version");
    check(&r, "失败：of_a_later_version", "failed: of_a_later_version");
    r = make("cancelled", "cancelled by a person"); /* a row of an earlier version */
    check(&r, "已取消", "cancelled");
}

static void test_request_text__every_reason_of_the_control_has_its_text(void **state)
{
    (void)state;
    static const char *const reasons[] = {"no_data", "refused",   "exe_failed", "no_9011",
                                          "no_9012", "line_lost", "expired",    "cancelled"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(reasons); i++) {
        char code[64];
        snprintf(code, sizeof code, QK_REQUEST_REASON "%s", reasons[i]);
        assert_non_null(qk_message(code, QK_ZH));
        assert_non_null(qk_message(code, QK_EN));
    }
}

static void test_request_text__secrets_are_masked_and_nothing_else(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"RtdInterval=30", "RtdInterval=30"},
        {"NewPW=abc123", "NewPW=******"},
        {"PW=abc123;A=1", "PW=******;A=1"},
        {"A=1;NewPW=x;NewSK=00ff;B=2", "A=1;NewPW=******;NewSK=******;B=2"},
        {"NewPW", "NewPW"},
        {"NewPWX=1", "NewPWX=1"},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        char out[256];
        qk_request_mask(out, cases[i][0]);
        assert_string_equal(out, cases[i][1]);
    }
    char many[256] = "", out[256];
    for (size_t n = 0; n + 5 < sizeof many; n += 5) memcpy(many + n, "PW=1;", 6);
    qk_request_mask(out, many);
    assert_null(strstr(out, "PW=1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_text__says_how_far_it_is_and_why_it_ended),
        cmocka_unit_test(test_request_text__every_reason_of_the_control_has_its_text),
        cmocka_unit_test(test_request_text__secrets_are_masked_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
