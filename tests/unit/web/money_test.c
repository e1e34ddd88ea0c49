/* SPDX-License-Identifier: Apache-2.0 */
/* Money and the assessment through the API. */
#include "people_rig.h"
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
    /* A month without a line says which one has. */
    d = rig_document(&r, "/api/v1/money?period=2026-11");
    assert_json(d, "latest", "2026-10");
    d = rig_document(&r, "/api/v1/money?period=2026-10");
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

static void test_S190_money__appeals_are_heard_for_three_working_days(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, "2026-11-04T09:00:00x0", NULL); /* a Wednesday */
    reply got = rig_upload(&r, "/api/v1/ledgers/found_problem/import?commit", "text/csv",
                           QK_STR(problems), "p1");
    assert_json(rig_json(&r, &got), "committed", "true");
    (void)rig_changed(&r, "POST", "/api/v1/money/draft", "{\"period\":\"2026-10\"}");
    const qk_json_value *d = rig_document(&r, "/api/v1/money?period=2026-10");
    assert_json(d, "items/0/appeal_until", "2026-11-10T00:00:00.000+08:00");
    rig_clock(&r, "2026-11-09T23:59:59");
    (void)rig_changed(&r, "POST", "/api/v1/money/M2026-10-0002/steps",
                      "{\"action\":\"appeal\",\"text\":\"不在辖区\",\"person\":\"西岭镇\"}");
    assert_json(rig_document(&r, "/api/v1/events?kind=appeals_closed"), "total", "0");
    rig_clock(&r, "2026-11-10T00:00:00");
    (void)rig_refused(&r, "POST", "/api/v1/money/M2026-10-0001/steps",
                      "{\"action\":\"appeal\",\"text\":\"x\",\"person\":\"东河镇\"}", 422);
    /* The scheduler tells that they are over, and how many wait for a decision. */
    d = rig_document(&r, "/api/v1/events?kind=appeals_closed");
    assert_json(d, "total", "1");
    assert_json(d, "items/0/params/of", "2026-10");
    assert_json(d, "items/0/params/count", "1");
    /* What was appealed in time is still decided; given back it is no new draft. */
    (void)rig_changed(&r, "POST", "/api/v1/money/M2026-10-0002/steps",
                      "{\"action\":\"reject\",\"text\":\"在辖区\",\"person\":\"李四\"}");
    (void)rig_refused(&r, "POST", "/api/v1/money/M2026-10-0002/steps",
                      "{\"action\":\"appeal\",\"text\":\"x\",\"person\":\"西岭镇\"}", 422);
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

/* Days of the station of 410001 (unit dh), each with the PM2.5 of its year. */
static void put_days(rig *r, const char *first, const char *last, int before, int now)
{
    qk_buf body;
    qk_buf_init(&body, 1 << 20);
    qk_buf_puts(&body, "{\"source\":\"年报\",\"person\":\"李四\",\"csv\":\"site,date,PM2.5\\n");
    for (qk_time t = at(first); t < at(last); t += QK_DAY) {
        char date[QK_TIME_TEXT];
        qk_buf_printf(&body, "air1,%s,%d\\n", qk_date_iso(date, t),
                      qk_civil_of(t).year < 2026 ? before : now);
    }
    qk_buf_puts(&body, "\"}");
    (void)rig_changed(r, "POST", "/api/v1/air/history", body.ptr);
    qk_buf_clear(&body);
}

#define MONTHS "/api/v1/ledgers/township_month/rows"
#define YEARS  "/api/v1/ledgers/assessment_air/rows"

static void test_S013_airfacts__the_air_of_townships_is_taken_from_what_was_evaluated(void **state)
{
    (void)state;
    people_rig p;
    people_open(&p, false);
    rig *r = &p.r;
    (void)rig_changed(
        r, "PUT", "/api/v1/air/targets",
        "{\"row_version\":0,\"targets\":[{\"metric\":\"PM2.5\",\"op\":\"<=\","
        "\"value\":42,\"unit\":\"ug/m3\",\"year\":2026,\"scope\":\"410001\"},{\"metric\":"
        "\"PM2.5\",\"op\":\"<=\",\"value\":60,\"unit\":\"ug/m3\",\"year\":2026,\"scope\":"
        "\"410001\",\"months\":\"12月\"}]}");
    put_days(r, "2025-01-01", "2026-11-22", 46, 44);
    rig_clock(r, "2026-12-01T00:00:00");
    put_days(r, "2026-11-22", "2026-11-28", 46, 44); /* 27 days of November */
    assert_json(rig_document(r, MONTHS), "total", "0");
    rig_clock(r, "2026-12-01T00:30:00");
    const qk_json_value *d = rig_document(r, MONTHS);
    assert_json(d, "total", "1");
    assert_json(d, "items/0/data/unit", "dh");
    assert_json(d, "items/0/data/period", "2026-11");
    assert_json(d, "items/0/data/pm25", "44");
    assert_json(d, "items/0/data/target", "42");
    assert_json(d, "items/0/data/target_of", "year");
    assert_json(d, "items/0/data/source", "本系统评价，有效 27 天");
    /* The year: with the year before; what somebody typed himself stays. */
    reply got = rig_upload(
        r, "/api/v1/ledgers/assessment_air/import?commit", "text/csv",
        QK_STR("unit,period,pm25,target,last_year,source\n东河镇,2026H2,41,42,46,市局通报\n"),
        "t1");
    assert_int_equal(got.status, 200);
    rig_clock(r, "2027-01-01T00:00:00");
    put_days(r, "2026-12-01", "2027-01-01", 46, 44);
    rig_clock(r, "2027-01-04T00:30:00");
    /* December has a target of its own. */
    d = rig_document(r, MONTHS "?unit=dh");
    for (const qk_json_value *i = qk_json_get(d, "items")->first; i; i = i->next) {
        bool december = qk_str_eq(rig_at(i, "data/period")->text, QK_STR("2026-12"));
        assert_json(i, "data/target", december ? "60" : "42");
        assert_json(i, "data/target_of", december ? "month" : "year");
    }
    (void)rig_changed(r, "POST", "/api/v1/money/draft", "{\"period\":\"2026-11\"}");
    d = rig_document(r, "/api/v1/money?period=2026-11");
    assert_json(d, "items/0/text", "PM2.5 月均 44，全年目标 42 µg/m³（方案未定当月目标）");
    assert_json(d, "items/0/inputs/target_of", "year");
    d = rig_document(r, YEARS);
    assert_json(d, "total", "2");
    assert_json(d, "items/0/data/source", "市局通报");
    assert_json(d, "items/0/data/pm25", "41");
    assert_json(d, "items/1/data/period", "2026");
    assert_json(d, "items/1/data/pm25", "44.0");
    assert_json(d, "items/1/data/last_year", "46.0");
    d = rig_document(r, "/api/v1/assessment?period=2026");
    assert_json(d, "items/0/parts/0/formula", "40 − (44.0 − 42) × 0.5 = 39.00");
    people_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S190_money__a_month_is_drafted_approved_by_two_and_posted),
        qk_dir_test(test_S190_money__appeals_are_heard_for_three_working_days),
        qk_dir_test(test_S013_money__scores_explain_themselves),
        qk_dir_test(test_S013_airfacts__the_air_of_townships_is_taken_from_what_was_evaluated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
