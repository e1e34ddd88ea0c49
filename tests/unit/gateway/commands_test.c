/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/commands.h"
#include "../test.h"
#include "base/messages.h"
#include "hj212/tables.h"

static void test_commands__parameters_stay_in_the_bounds_of_the_standard(void **state)
{
    (void)state;
    static const struct {
        int32_t cn;
        const char *params;
        qk_code code;
        const char *named; /* in the refusal */
    } cases[] = {
        {1062, "RtdInterval=30", QK_OK, NULL},
        {1062, "RtdInterval=3600", QK_OK, NULL},
        {1062, "RtdInterval=29", QK_ERANGE, "RtdInterval"},
        {1062, "RtdInterval=3601", QK_ERANGE, "RtdInterval"},
        {1062, "RtdInterval=-30", QK_ERANGE, "RtdInterval"},
        {1062, "RtdInterval=99999999999999999999", QK_ERANGE, "RtdInterval"},
        {1062, "", QK_EINVAL, "RtdInterval"},
        {1062, "XRtdInterval=30", QK_EINVAL, "RtdInterval"},
        {1064, "MinInterval=10", QK_OK, NULL},
        {1064, "MinInterval=11", QK_ERANGE, "MinInterval"},
        {1064, "MinInterval=1 2", QK_ERANGE, "MinInterval"},
        {1064, "MinInterval=", QK_ERANGE, "MinInterval"},
        {1072, "NewPW=654321", QK_OK, NULL},
        {1072, "PW=654321", QK_OK, NULL}, /* HJ/T 212-2005 */
        {1072, "NewPW=65432", QK_EINVAL, "NewPW"},
        {1072, "NewPW=65 321", QK_EINVAL, "NewPW"},
        {1072, "", QK_EINVAL, "NewPW"},
        {1000, "OverTime=5;ReCount=3", QK_OK, NULL},
        {1000, "OverTime=5;ReCount=100", QK_ERANGE, "ReCount"},
        {1000, "", QK_OK, NULL},
        {1012, "SystemTime=20260101000000", QK_OK, NULL},
        {1012, "SystemTime=2026010100000", QK_EINVAL, "SystemTime"},
        {3016, "PolId=w01018;CstartTime=000000;CTime=2", QK_OK, NULL},
        {3016, "CstartTime=24:00", QK_EINVAL, "CstartTime"},
        {3021, "PolId=w01018;InfoId=i13004;i13004-Info=168.0", QK_OK, NULL}, /* not in the table */
        {1011, "PolId", QK_EINVAL, "PolId"},
        {1011, "=1", QK_EINVAL, "NAME"},
        {1011, "A B=1", QK_EINVAL, "NAME"},
        {1011, ";;PolId=a21026;;", QK_OK, NULL},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        qk_error err = {0};
        qk_code code = qk_command_check(cases[i].cn, qk_str_of(cases[i].params), &err);
        if (code != cases[i].code) fail_msg("%d %s: %d", cases[i].cn, cases[i].params, (int)code);
        if (code != QK_OK && !strstr(err.message, cases[i].named))
            fail_msg("%s: %s", cases[i].params, err.message);
    }
}

static void test_commands__each_request_of_the_standard_is_known_with_its_range(void **state)
{
    (void)state;
    static const struct {
        int32_t cn;
        qk_command_range range;
    } cases[] = {
        {1011, QK_COMMAND_NO_RANGE},    {1012, QK_COMMAND_NO_RANGE},
        {3012, QK_COMMAND_NO_RANGE},    {2011, QK_COMMAND_MAY_RANGE},
        {2051, QK_COMMAND_NEEDS_RANGE}, {2061, QK_COMMAND_NEEDS_RANGE},
        {2031, QK_COMMAND_NEEDS_RANGE}, {9014, QK_COMMAND_UNKNOWN},
        {2081, QK_COMMAND_UNKNOWN},     {0, QK_COMMAND_UNKNOWN},
        {-1, QK_COMMAND_UNKNOWN},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++)
        assert_int_equal(qk_command_range_of(cases[i].cn), cases[i].range);
    size_t known = 0;
    for (const qk_hj212_command *c = qk_hj212_commands(); c->code; c++)
        known += qk_command_range_of(c->code) != QK_COMMAND_UNKNOWN;
    assert_true(known >= 30);
}

static void test_commands__each_parameter_has_its_text(void **state)
{
    (void)state;
    size_t n = 0;
    const qk_command_param *params = qk_command_params(&n);
    for (size_t i = 0; i < n; i++) {
        char code[64];
        snprintf(code, sizeof code, "command.%s", params[i].name);
        if (!qk_message(code, QK_ZH)) fail_msg("%s has no text", params[i].name);
        assert_ptr_equal(qk_command_param_find(qk_str_of(params[i].name)), &params[i]);
    }
    assert_null(qk_command_param_find(QK_STR("polid"))); /* names are case sensitive */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands__parameters_stay_in_the_bounds_of_the_standard),
        cmocka_unit_test(test_commands__each_request_of_the_standard_is_known_with_its_range),
        cmocka_unit_test(test_commands__each_parameter_has_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
