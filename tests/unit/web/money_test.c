/* SPDX-License-Identifier: Apache-2.0 */
/* Money and the assessment through the API. */
#include "plan_rig.h"

static const char problems[] =
    "no,unit,date,kind,items,state\n1,东河,2026-10-02,site_six,3,confirmed\n"
    "2,西岭,2026-10-03,fireworks,,confirmed\n";

static void test_S190_money__a_month_is_drafted_approved_by_two_and_posted(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW, NULL);
    reply got = rig_upload(&r, "/api/v1/ledgers/found_problem/import?commit", "text/csv",
                           QK_STR(problems), "p1");
    assert_json(rig_json(&r, &got), "committed", "true");
    const qk_json_value *d =
        rig_changed(&r, "POST", "/api/v1/money/draft", "{\"period\":\"2026-10\"}");
    assert_json(d, "added", "2");
    d = rig_document(&r, "/api/v1/money?period=2026-10");
    assert_json(d, "yuan", "-350000");
    assert_json(d, "posted_yuan", "0");
    (void)rig_changed(&r, "POST", "/api/v1/money/M2026-10-0002/steps",
                      "{\"action\":\"appeal\",\"text\":\"不在辖区\",\"person\":\"西岭镇\"}");
    (void)rig_refused(&r, "POST", "/api/v1/money/approve",
                      "{\"period\":\"2026-10\",\"person\":\"李四\"}", 422);
    (void)rig_changed(&r, "POST", "/api/v1/money/approve",
                      "{\"period\":\"2026-10\",\"as\":\"director\",\"person\":\"李四\"}");
    d = rig_changed(&r, "POST", "/api/v1/money/approve",
                    "{\"period\":\"2026-10\",\"as\":\"leader\",\"person\":\"赵县长\"}");
    assert_json(d, "posted_yuan", "-300000");
    assert_json(d, "items/0/state", "posted");
    assert_json(d, "items/1/state", "frozen");
    d = rig_refused(&r, "POST", "/api/v1/money/M2026-10-0001/steps",
                    "{\"action\":\"appeal\",\"text\":\"x\",\"person\":\"东河镇\"}", 422);
    assert_json(d, "error/code", "step_refused");
    assert_json(rig_document(&r, "/api/v1/money/M2026-10-0001"), "items/2/state", "drafted");
    (void)rig_refused(&r, "POST", "/api/v1/money/draft", "{\"period\":\"2026\"}", 422);
    rig_stop(&r);
}

static void test_S013_money__scores_explain_themselves(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW, NULL);
    static const char air[] =
        "unit,period,pm25,target,last_year,source\n东河,2026H2,43.6,42,46,月报\n";
    reply got = rig_upload(&r, "/api/v1/ledgers/assessment_air/import?commit", "text/csv",
                           QK_STR(air), "a1");
    assert_json(rig_json(&r, &got), "committed", "true");
    const qk_json_value *d = rig_document(&r, "/api/v1/assessment?period=2026H2");
    assert_json(d, "items/0/parts/0/points", "39.20");
    assert_json(d, "items/0/parts/0/why", "over");
    assert_json(d, "items/0/parts/0/inputs/pm25", "43.6");
    assert_json(d, "items/0/parts/0/formula", "40 − (43.6 − 42) × 0.5 = 39.20");
    assert_json(d, "items/0/unmet/0", "air");
    assert_json(d, "penalty_below", "60");
    assert_json(d, "items/0/total", "89.20");
    assert_json(d, "items/0/targets_met", "false");
    assert_json(d, "commended/0", "absent");
    assert_int_equal(rig_get(&r, "/api/v1/assessment?period=x").status, 400);
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S190_money__a_month_is_drafted_approved_by_two_and_posted),
        qk_dir_test(test_S013_money__scores_explain_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
