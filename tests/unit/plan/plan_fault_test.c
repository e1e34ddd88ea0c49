/* SPDX-License-Identifier: Apache-2.0 */
/* A plan whose memory fails at every possible place: refused, never a crash, a leak or a part that
 * goes missing in silence. */
#include "plan_case.h"
#include "../failing_memory.h"

static const char text[] =
    "青泽县2026年大气污染防治实施方案\n\n一、工作目标\n\n2026年，全县PM2.5浓度控制在44微克/"
    "立方米以内，"
    "优良天数达到243天以上。\n\n二、主要任务\n\n（一）工业治理\n\n1．治理设施整治。10月底前，完成"
    "12家企业改造，发现一起扣减财政资金10万元。（市生态环境局牵头，县工信局配合，各镇（街道）落实）"
    "\n\n"
    "2．非道路移动机械。2026年底前，抽测274台，建立机械台账。（市生态环境局、县交通局负责）\n\n"
    "三、保障措施\n\n（一）加强领导。各镇（街道）于5月31日前将实施方案报县环委办备案。\n\n附表1\n\n"
    "关停清单\n\n序号\t企业\t生产线（条）\n1\t甲厂\t2\n2\t乙厂\t3\n";

/* The whole outcome as text; NULL when it was refused. */
static char *outcome(void)
{
    qk_plan *plan = NULL;
    qk_plan_findings findings;
    qk_buf out;
    qk_json_writer w;
    qk_error err = {0};
    qk_buf_init(&out, 1 << 22);
    qk_json_init(&w, &out);
    qk_code code = qk_plan_compile(&plan, qk_str_of(text), &err);
    if (code == QK_OK) qk_plan_write(plan, &w, true);
    if (code == QK_OK) code = qk_plan_check(&findings, plan, &err);
    if (code == QK_OK) qk_plan_findings_write(plan, &findings, QK_ZH, &w);
    if (code != QK_OK) assert_true(err.message[0]);
    /* What was refused gave no plan that could be taken for one. */
    if (code != QK_OK && code != QK_ENOMEM) assert_int_equal(code, QK_EFULL);
    qk_plan_free(plan);
    char *whole = code == QK_OK && !out.failed ? qk_buf_take(&out, NULL) : NULL;
    qk_buf_clear(&out);
    return whole;
}

static void test_plan__memory_that_fails_anywhere_refuses_the_whole(void **state)
{
    (void)state;
    char *want = outcome();
    assert_non_null(want);
    unsigned refused = 0;
    for (unsigned n = 1;; n++) {
        fail_at = n;
        char *got = outcome();
        bool failed = fail_at == 0;
        fail_at = 0;
        if (!failed) {
            assert_string_equal(got, want);
            free(got);
            break;
        }
        refused += got == NULL;
        if (got) assert_string_equal(got, want);
        free(got);
    }
    assert_true(refused > 3);
    free(want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan__memory_that_fails_anywhere_refuses_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
