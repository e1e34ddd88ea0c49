/* SPDX-License-Identifier: Apache-2.0 */
/* Cases, consequences and the list of seasonal regulation through the API. */
#include "plan_rig.h"

#define STEPS "/api/v1/cases/C2026-0001/steps"

static const char order[] =
    "{\"kind\":\"overdue\",\"cause\":\"overdue/O12\",\"unit\":\"gongxin\",\"title\":"
    "\"低效设施改造逾期\",\"dispatch\":true}";

static void test_S011_cases__an_order_goes_round_through_the_api(void **state)
{
    (void)state;
    rig r;
    qk_error err = {0};
    rig_start(&r, "2026-11-02T12:10:00x0", NULL);
    const qk_json_value *d = rig_changed(&r, "POST", "/api/v1/cases", order);
    assert_json(d, "id", "C2026-0001");
    assert_json(d, "state", "dispatched");
    assert_json(d, "due_at", "2026-11-10T00:00:00.000+08:00");
    (void)rig_changed(&r, "POST", "/api/v1/cases", order);
    assert_json(rig_document(&r, "/api/v1/cases?state=open"), "total", "1");
    assert_json(rig_document(&r, "/api/v1/cases?late"), "total", "0");
    d = rig_refused(&r, "POST", STEPS, "{\"action\":\"feed_back\",\"text\":\"已改\"}", 422);
    assert_json(d, "error/code", "step_refused");
    (void)rig_changed(&r, "POST", STEPS, "{\"action\":\"sign\",\"person\":\"王五\"}");
    assert_done(qk_node_set_clock(r.node, at("2026-11-10T08:00:00"), 0, &err), &err);
    d = rig_document(&r, "/api/v1/cases/C2026-0001");
    assert_json(d, "misses", "2");
    assert_json(d, "consequences/0/rung", "talk");
    assert_json(d, "consequences/0/state", "proposed");
    (void)rig_changed(
        &r, "POST", STEPS,
        "{\"action\":\"feed_back\",\"text\":\"已改\",\"person\":\"王五\",\"evidence\":"
        "[\"0123456789012345678901234567890123456789012345678901234567890123\"]}");
    (void)rig_refused(&r, "POST", STEPS, "{\"action\":\"verify\",\"person\":\"王五\"}", 422);
    (void)rig_changed(&r, "POST", STEPS, "{\"action\":\"verify\",\"person\":\"李四\"}");
    d = rig_changed(&r, "POST", STEPS, "{\"action\":\"close\",\"person\":\"李四\"}");
    assert_json(d, "state", "closed");
    assert_json(d, "late", "true");
    (void)rig_refused(&r, "POST", STEPS, "{\"action\":\"fly\"}", 422);
    (void)rig_refused(&r, "POST", STEPS, "{\"action\":\"note\",\"evidence\":[\"x\"]}", 400);
    rig_stop(&r);
}

static void test_S018_cases__a_relapse_goes_round_again_through_the_api(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, "2026-11-02T12:10:00x0", NULL);
    (void)rig_changed(
        &r, "POST", "/api/v1/cases",
        "{\"kind\":\"loose_coal\",\"cause\":\"coal/1\",\"unit\":\"gongxin\",\"title\":"
        "\"散煤复烧\",\"dispatch\":true}");
    (void)rig_changed(&r, "POST", STEPS, "{\"action\":\"sign\",\"person\":\"王五\"}");
    (void)rig_changed(&r, "POST", STEPS, "{\"action\":\"arrive\",\"person\":\"王五\"}");
    (void)rig_changed(&r, "POST", STEPS,
                      "{\"action\":\"feed_back\",\"text\":\"已清\",\"person\":\"王五\"}");
    (void)rig_changed(&r, "POST", STEPS, "{\"action\":\"verify\",\"person\":\"李四\"}");
    const qk_json_value *d =
        rig_changed(&r, "POST", STEPS, "{\"action\":\"close\",\"person\":\"李四\"}");
    assert_json(d, "state", "recheck");
    assert_json(d, "due_at", "2026-12-03T00:00:00.000+08:00");
    (void)rig_refused(&r, "POST", STEPS, "{\"action\":\"relapsed\",\"person\":\"李四\"}", 422);
    d = rig_changed(&r, "POST", STEPS,
                    "{\"action\":\"relapsed\",\"text\":\"又见散煤\",\"person\":\"李四\"}");
    assert_json(d, "state", "dispatched");
    assert_json(d, "count", "2");
    rig_stop(&r);
}

#define TURN "/api/v1/consequences/C2026-0001-1/steps"

static void test_S014_cases__a_consequence_needs_named_approvers(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, "2026-11-02T12:10:00x0", NULL);
    (void)rig_changed(&r, "POST", "/api/v1/cases", order);
    (void)rig_changed(&r, "POST", "/api/v1/cases/C2026-0001/consequences",
                      "{\"rung\":\"inspect\",\"unit\":\"gongxin\",\"text\":\"专项督查\"}");
    (void)rig_refused(&r, "POST", TURN, "{\"action\":\"approve\",\"as\":\"director\"}", 400);
    (void)rig_refused(&r, "POST", TURN, "{\"action\":\"approve\",\"person\":\"李四\"}", 422);
    const qk_json_value *d = rig_changed(
        &r, "POST", TURN, "{\"action\":\"approve\",\"as\":\"director\",\"person\":\"李四\"}");
    assert_json(d, "items/0/state", "proposed");
    (void)rig_refused(&r, "POST", TURN,
                      "{\"action\":\"approve\",\"as\":\"leader\",\"person\":\"李四\"}", 422);
    d = rig_changed(&r, "POST", TURN,
                    "{\"action\":\"approve\",\"as\":\"leader\",\"person\":\"赵县长\"}");
    assert_json(d, "items/0/state", "approved");
    assert_json(d, "items/0/second_by", "赵县长");
    assert_json(rig_document(&r, "/api/v1/consequences?state=approved"), "items/0/rung", "inspect");
    rig_stop(&r);
}

#define LIST "/api/v1/ledgers/seasonal_regulation/rows"

static void test_S012_cases__the_list_fills_at_five_past_midnight(void **state)
{
    (void)state;
    rig r;
    qk_error err = {0};
    rig_start(&r, "2026-10-20T09:00:00x0", NULL);
    (void)rig_changed(&r, "POST", "/api/v1/ledgers/treatment_work/rows",
                      "{\"data\":{\"enterprise\":\"青泽涂装\",\"process\":\"喷涂\",\"measure\":"
                      "\"更换RTO\",\"deadline\":\"2026-10-31\",\"state\":\"施工中\"}}");
    assert_done(qk_node_set_clock(r.node, at("2026-11-01T00:04:00"), 0, &err), &err);
    assert_json(rig_document(&r, LIST), "total", "0");
    assert_done(qk_node_set_clock(r.node, at("2026-11-01T00:05:00"), 0, &err), &err);
    const qk_json_value *d = rig_document(&r, LIST);
    assert_json(d, "items/0/data/enterprise", "青泽涂装");
    assert_json(d, "items/0/light", "red");
    (void)rig_refused(&r, "PUT", LIST "/1", "{\"row_version\":1,\"end\":true}", 422);
    (void)rig_refused(&r, "POST", "/api/v1/regulation/1/release",
                      "{\"reason\":\"已完成\",\"person\":\"李四\"}", 422);
    (void)rig_changed(&r, "POST", "/api/v1/regulation/1/release",
                      "{\"reason\":\"已完成\",\"person\":\"李四\",\"as\":\"director\"}");
    d = rig_document(&r, LIST);
    assert_json(d, "items/0/state", "released");
    assert_json(d, "items/0/data/released_by", "李四");
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S011_cases__an_order_goes_round_through_the_api),
        qk_dir_test(test_S018_cases__a_relapse_goes_round_again_through_the_api),
        qk_dir_test(test_S014_cases__a_consequence_needs_named_approvers),
        qk_dir_test(test_S012_cases__the_list_fills_at_five_past_midnight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
