/* SPDX-License-Identifier: Apache-2.0 */
/* What a finished work has done, from the hours that were sent before and after it. */
#include "air_rig.h"
#include "domain/setting.h"
#include "plan_rig.h"

#define WORKS   "/api/v1/ledgers/treatment_work/rows"
#define RESULTS "/api/v1/ledgers/post_evaluation/rows"

/* Ten days round 12 November: of a34004 70 and 90 in turn before it, 30 and 50 after; a34002 goes
 * from 80 to 78; what is flagged would spoil every mean. */
static void send_hours(rig *r)
{
    char segment[600], time[QK_TIME_TEXT];
    qk_time first = time_of("2026-11-07T00:00:00");
    for (int h = 0; h < 11 * 24; h++) {
        bool day_itself = h / 24 == 5, after = h / 24 > 5, bad = h % 24 == 7;
        double fine = (after ? 40 : 80) + (h % 2 ? 10 : -10), coarse = after ? 78 : 80;
        if (day_itself) fine = coarse = 500;
        snprintf(segment, sizeof segment,
                 "QN=20261122100500000;ST=22;CN=2061;PW=123456;MN=ST1;Flag=5;CP=&&DataTime=%s;"
                 "a34004-Avg=%.1f,a34004-Flag=%s;a34002-Avg=%.1f,a34002-Flag=N&&",
                 qk_time_compact14(time, first + h * QK_HOUR), bad ? 999 : fine, bad ? "D" : "N",
                 coarse);
        rig_frame(r, segment);
    }
    rig_settle(r);
}

static void finish_work(rig *r, const char *enterprise, const char *factor, const char *unit)
{
    char body[500];
    snprintf(body, sizeof body,
             "{\"data\":{\"enterprise\":\"%s\",\"process\":\"喷涂\",\"measure\":\"更换RTO\","
             "\"deadline\":\"2026-11-30\",\"state\":\"done\",\"done_date\":\"2026-11-12\",\"site\":"
             "\"st1\",\"factor\":\"%s\"%s%s%s}}",
             enterprise, factor, unit ? ",\"unit\":\"" : "", unit ? unit : "", unit ? "\"" : "");
    (void)rig_changed(r, "POST", WORKS, body);
}

static qk_code set_days(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    (void)context, (void)node;
    return qk_setting_put(db, "evaluation.days", QK_STR("5"), -1, QK_STR("李四"), now, err);
}

static void start_evaluated(rig *r)
{
    qk_error err = {0};
    start(r);
    send_hours(r);
    assert_done(qk_node_call(r->node, set_days, NULL, &err), &err);
    finish_work(r, "甲涂装", "a34004", NULL);
    finish_work(r, "乙铸造", "a34002", "410001");
    finish_work(r, "丙砖瓦", "a21005", NULL);
    rig_clock(r, "2026-11-23T00:19:59");
    assert_json(rig_document(r, RESULTS), "total", "0");
    rig_clock(r, "2026-11-23T00:20:00");
}

static const qk_json_value *result_of(const qk_json_value *list, const char *name)
{
    for (const qk_json_value *i = qk_json_get(list, "items")->first; i; i = i->next)
        if (rig_is(i, "data/name", name)) return i;
    fail_msg("no evaluation of %s", name);
    return NULL;
}

static void test_S020_evaluation__means_are_those_of_the_stored_hours(void **state)
{
    (void)state;
    rig r;
    start_evaluated(&r);
    const qk_json_value *d = rig_document(&r, RESULTS), *i = result_of(d, "甲涂装");
    assert_json(d, "total", "3");
    assert_json(i, "state", "passed");
    assert_json(i, "light", "green");
    /* Five days less the flagged hour of each; 7 is odd, so that one high value is missing a day.
     */
    assert_json(i, "data/hours_before", "115");
    assert_json(i, "data/hours_after", "115");
    assert_json(i, "data/mean_before", "79.565");
    assert_json(i, "data/mean_after", "39.565");
    assert_json(i, "data/change", "-50.3");
    i = result_of(d, "丙砖瓦");
    assert_json(i, "state", "no_data");
    assert_json(i, "data/hours_before", "0");
    assert_json(i, "data/mean_before", "absent");
    (void)rig_refused(&r, "POST", RESULTS,
                      "{\"data\":{\"name\":\"x\",\"state\":\"passed\",\"cause\":\"x\"}}", 422);
    rig_stop(&r);
}

static void test_S020_evaluation__a_failed_one_opens_one_rectification(void **state)
{
    (void)state;
    rig r;
    start_evaluated(&r);
    const qk_json_value *i = result_of(rig_document(&r, RESULTS), "乙铸造");
    assert_json(i, "state", "failed");
    assert_json(i, "data/mean_before", "80.000");
    assert_json(i, "data/mean_after", "78.000");
    assert_json(i, "data/change", "-2.5");
    assert_json(i, "data/drop_asked", "10");
    assert_json(i, "data/case", "C2026-0001");
    const qk_json_value *d = rig_document(&r, "/api/v1/cases?kind=rectify");
    assert_json(d, "total", "1");
    assert_json(d, "items/0/state", "dispatched");
    assert_json(d, "items/0/unit", "410001");
    assert_json(d, "items/0/site", "st1");
    assert_json(d, "items/0/object", "ledger/treatment_work/2");
    /* Another night says nothing again. */
    rig_clock(&r, "2026-11-24T00:20:00");
    assert_json(rig_document(&r, RESULTS), "total", "3");
    assert_json(rig_document(&r, "/api/v1/cases?kind=rectify"), "total", "1");
    i = result_of(rig_document(&r, RESULTS), "乙铸造");
    assert_json(i, "row_version", "1");
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S020_evaluation__means_are_those_of_the_stored_hours),
        qk_dir_test(test_S020_evaluation__a_failed_one_opens_one_rectification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
