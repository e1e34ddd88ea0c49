/* SPDX-License-Identifier: Apache-2.0 */
/* Quality of ambient air through the API: grades, marks, reviews, checks, findings and rules. */
#include "air_rig.h"

#define HOURS_1121 "/api/v1/air/hours?site=st1&from=2026-11-21&to=2026-11-22"

/* ---- grades ---- */

static void
test_S031_quality__each_hour_has_a_grade_with_reasons_and_bad_ones_do_not_count(void **state)
{
    (void)state;
    rig r;
    start(&r);
    send_days(&r, "2026-11-21T00:00:00", 24);
    const double odd[PARTS] = {12, 24, 0.6, 62, 30, 55}; /* PM2.5 above PM10 */
    const double negative[PARTS] = {-5, 24, 0.6, 62, 90, 42};
    send_hour(&r, 1, "2026-11-21T06:00:00", odd);
    send_hour(&r, 1, "2026-11-21T09:00:00", negative);
    rig_settle(&r);
    const qk_json_value *d = rig_document(&r, HOURS_1121);
    assert_json(d, "items/6/time", "2026-11-21T07:00:00.000+08:00");
    assert_json(d, "items/6/items/PM2.5/grade", "bad");
    assert_json(d, "items/6/items/PM2.5/reasons/0", "pm_order");
    assert_json(d, "items/6/items/PM2.5/counts", "false");
    assert_json(d, "items/6/items/PM10/counts", "false");
    assert_json(d, "items/6/items/NO2/grade", "good");
    assert_json(d, "items/9/items/SO2/value", "-5");
    assert_json(d, "items/9/items/SO2/reasons/0", "range");
    assert_json(d, "items/10/items/SO2/grade", "good");
    /* Raw never changes: at that level the odd pair counts, a negative value never. */
    d = rig_document(&r, HOURS_1121 "&level=raw");
    assert_json(d, "items/6/items/PM2.5/counts", "true");
    assert_json(d, "items/9/items/SO2/counts", "false");
    d = rig_document(&r, "/api/v1/air/days?scope=st1&from=2026-11-21&to=2026-11-21");
    assert_json(d, "items/0/items/PM2.5/hours", "23");
    assert_json(d, "items/0/items/NO2/hours", "24");
    assert_json(d, "levels/automatic", "1");
    rig_stop(&r);
}

static void test_S031_quality__a_late_hour_regrades_what_looks_at_it_and_nothing_else(void **state)
{
    (void)state;
    rig r;
    start(&r);
    send_days(&r, "2026-11-18T00:00:00", 72);
    rig_settle(&r);
    qk_airgrade *g = qk_node_airgrade(r.node);
    uint64_t before = qk_airgrade_count(g);
    const double late[PARTS] = {12, 24, 0.6, 62, 95, 41};
    send_hour(&r, 1, "2026-11-20T05:00:00", late);
    rig_settle(&r);
    uint64_t graded = qk_airgrade_count(g) - before;
    /* Its own hours within eleven, two hours at each neighbour, the same hour of later days. */
    assert_true(graded >= 23);
    assert_true(graded <= 23 + 2 * STATIONS + 3);
    before = qk_airgrade_count(g);
    send_hour(&r, 1, "2026-11-20T05:00:00", late);
    rig_settle(&r);
    assert_int_equal(qk_airgrade_count(g), before);
    rig_stop(&r);
}

static void test_S031_quality__grades_survive_a_restart_and_make_the_same_from_nothing(void **state)
{
    (void)state;
    rig r;
    start(&r);
    send_days(&r, "2026-11-20T00:00:00", 48);
    const double odd[PARTS] = {12, 24, 0.6, 62, 30, 55};
    send_hour(&r, 1, "2026-11-21T06:00:00", odd);
    rig_settle(&r);
    reply kept = rig_get(&r, HOURS_1121);
    /* As known now, computed again from telemetry alone. */
    reply again = rig_get(&r, HOURS_1121 "&known_at=2027-01-01");
    const char *a = strstr(kept.body, "\"items\""), *b = strstr(again.body, "\"items\"");
    assert_non_null(a);
    assert_non_null(b);
    assert_string_equal(a, b);
    rig_stop(&r);
}

/* ---- people ---- */

static void test_S031_quality__an_exclusion_has_a_reason_and_can_be_undone(void **state)
{
    (void)state;
    rig r;
    start(&r);
    send_days(&r, "2026-11-21T00:00:00", 24);
    rig_settle(&r);
    const char *days = "/api/v1/air/days?scope=st1&from=2026-11-21&to=2026-11-21";
    refused(&r, "POST", "/api/v1/air/marks",
            "{\"site\":\"st1\",\"effect\":\"exclude\",\"items\":[\"O3\"],\"from\":"
            "\"2026-11-21T08:00\",\"to\":\"2026-11-21T10:00\",\"reason\":\" \"}",
            400, "reason");
    refused(&r, "POST", "/api/v1/air/marks",
            "{\"site\":\"st1\",\"effect\":\"exclude\",\"from\":\"2026-11-21T08:30\",\"to\":"
            "\"2026-11-21T10:00\",\"reason\":\"校准\"}",
            422, "full hours");
    const qk_json_value *d = changed(
        &r, "POST", "/api/v1/air/marks",
        "{\"site\":\"st1\",\"effect\":\"exclude\",\"items\":[\"NO2\"],\"from\":"
        "\"2026-11-21T08:00\",\"to\":\"2026-11-21T10:00\",\"reason\":\"校准\",\"person\":\"王\"}");
    assert_json(d, "id", "1");
    d = rig_document(&r, days);
    assert_json(d, "items/0/items/NO2/hours", "22");
    d = rig_document(&r, HOURS_1121);
    assert_json(d, "items/8/items/NO2/mark", "excluded");
    assert_json(d, "items/8/items/NO2/grade", "good");
    assert_json(d, "items/7/items/NO2/mark", "null");
    refused(&r, "POST", "/api/v1/air/marks/1/undo", "{\"reason\":\"\"}", 400, "reason");
    changed(&r, "POST", "/api/v1/air/marks/1/undo", "{\"reason\":\"误删\",\"person\":\"李\"}");
    refused(&r, "POST", "/api/v1/air/marks/1/undo", "{\"reason\":\"再来\"}", 409, "李");
    d = rig_document(&r, days);
    assert_json(d, "items/0/items/NO2/hours", "24");
    d = rig_document(&r, "/api/v1/air/marks?site=st1");
    assert_json(d, "items/0/recorded_by", "王");
    assert_json(d, "items/0/undone_by", "李");
    assert_json(d, "items/0/undone_reason", "误删");
    d = rig_document(&r, "/api/v1/audit");
    assert_json(d, "items/0/what", "air.mark");
    assert_json(d, "items/1/what", "air.mark.undo");
    rig_stop(&r);
}

static void test_S031_quality__a_bad_hour_can_be_restored(void **state)
{
    (void)state;
    rig r;
    start(&r);
    send_days(&r, "2026-11-21T00:00:00", 24);
    const double odd[PARTS] = {12, 24, 0.6, 62, 30, 55};
    send_hour(&r, 1, "2026-11-21T06:00:00", odd);
    rig_settle(&r);
    changed(&r, "POST", "/api/v1/air/marks",
            "{\"site\":\"st1\",\"effect\":\"restore\",\"items\":[\"PM2.5\"],\"from\":"
            "\"2026-11-21T06:00\",\"to\":\"2026-11-21T07:00\",\"reason\":\"手工比对属实\"}");
    const qk_json_value *d = rig_document(&r, HOURS_1121);
    assert_json(d, "items/6/items/PM2.5/counts", "true");
    assert_json(d, "items/6/items/PM10/counts", "false");
    d = rig_document(&r, HOURS_1121 "&level=automatic");
    assert_json(d, "items/6/items/PM2.5/counts", "false");
    rig_stop(&r);
}

#define REVIEW(level, person)                                                                  \
    "{\"site\":\"st1\",\"from\":\"2026-11-20\",\"to\":\"2026-11-21\",\"level\":\"" level "\"," \
    "\"person\":\"" person "\"}"

static void test_S031_quality__two_persons_review_and_approve(void **state)
{
    (void)state;
    rig r;
    start(&r);
    send_days(&r, "2026-11-20T00:00:00", 48);
    rig_settle(&r);
    refused(&r, "POST", "/api/v1/air/reviews", REVIEW("approved", "李四"), 409, "reviewed first");
    refused(&r, "POST", "/api/v1/air/reviews",
            "{\"site\":\"st1\",\"from\":\"2026-11-20\",\"to\":\"2026-11-21\",\"level\":"
            "\"reviewed\"}",
            400, "person");
    refused(&r, "POST", "/api/v1/air/reviews",
            "{\"site\":\"st1\",\"from\":\"2026-11-20\",\"to\":\"2026-11-22\",\"level\":"
            "\"reviewed\",\"person\":\"张三\"}",
            422, "day_not_over");
    const qk_json_value *d = changed(&r, "POST", "/api/v1/air/reviews", REVIEW("reviewed", "张三"));
    assert_json(d, "days", "2");
    refused(&r, "POST", "/api/v1/air/reviews", REVIEW("approved", "张三"), 403, "张三");
    changed(&r, "POST", "/api/v1/air/reviews", REVIEW("approved", "李四"));
    d = rig_document(&r, "/api/v1/air/reviews?site=st1&from=2026-11-20&to=2026-11-21");
    assert_json(d, "items/0/level", "approved");
    assert_json(d, "items/0/reviewed_by", "张三");
    assert_json(d, "items/0/approved_by", "李四");
    d = rig_document(&r, "/api/v1/air/days?scope=st1&from=2026-11-20&to=2026-11-21&level=approved");
    assert_json(d, "levels/approved", "2");
    rig_stop(&r);
}

static void test_S031_quality__the_calendar_tells_provisional_days_from_reviewed_ones(void **state)
{
    (void)state;
    rig r;
    start(&r);
    for (int h = 0; h < 58; h++) {
        qk_time t = time_of("2026-11-20T00:00:00") + h * QK_HOUR;
        for (int i = 1; i <= STATIONS; i++) send_plain(&r, i, t, 40);
    }
    rig_settle(&r);
    const char *station = "/api/v1/air/days?scope=st1&from=2026-11-20&to=2026-11-22";
    changed(&r, "POST", "/api/v1/air/reviews", REVIEW("reviewed", "张三"));
    changed(&r, "POST", "/api/v1/air/reviews",
            "{\"site\":\"st1\",\"from\":\"2026-11-20\",\"to\":\"2026-11-20\",\"level\":"
            "\"approved\",\"person\":\"李四\"}");
    const qk_json_value *d = rig_document(&r, station);
    assert_json(d, "items/0/state", "approved");
    assert_json(d, "items/1/state", "reviewed");
    assert_json(d, "items/1/provisional", "false");
    assert_json(d, "items/2/state", "running");
    assert_json(d, "items/2/provisional", "true");
    /* A township's day is no further than the least of its stations. */
    d = rig_document(&r, "/api/v1/air/days?scope=410001&from=2026-11-20&to=2026-11-22");
    assert_json(d, "items/0/state", "automatic");
    assert_json(d, "items/0/provisional", "true");
    assert_json(d, "items/0/stations", "3");
    assert_json(d, "items/0/approved", "1");
    assert_json(d, "items/1/reviewed", "1");
    rig_stop(&r);
}

static void test_quality__hours_to_come_are_not_missing(void **state)
{
    (void)state;
    rig r;
    start(&r);
    send_days(&r, "2026-11-21T00:00:00", 24 + 4);
    rig_settle(&r);
    /* It is 10:05: six hours of today are missing, fourteen have not been. */
    const qk_json_value *d =
        rig_document(&r, "/api/v1/air/reviews?site=st1&from=2026-11-22&to=2026-11-22");
    assert_json(d, "items/0/missing", "36");
    rig_stop(&r);
}

static void test_S031_quality__what_changes_after_its_review_must_be_looked_at_again(void **state)
{
    (void)state;
    rig r;
    start(&r);
    send_days(&r, "2026-11-20T00:00:00", 48);
    rig_settle(&r);
    changed(&r, "POST", "/api/v1/air/reviews", REVIEW("reviewed", "张三"));
    const double late[PARTS] = {12, 24, 0.6, 62, 95, 44};
    send_hour(&r, 1, "2026-11-21T05:00:00", late);
    rig_settle(&r);
    const char *reviews = "/api/v1/air/reviews?site=st1&from=2026-11-20&to=2026-11-21";
    const qk_json_value *d = rig_document(&r, reviews);
    assert_json(d, "items/0/level", "reviewed");
    assert_json(d, "items/1/level", "automatic");
    assert_json(d, "items/1/lapsed", "true");
    d = rig_document(&r, "/api/v1/air/days?scope=st1&from=2026-11-20&to=2026-11-21&level=reviewed");
    assert_json(d, "items/0/date", "2026-11-20");
    assert_null(rig_at(d, "items/1"));
    assert_json(d, "levels/left_out", "1");
    assert_json(d, "levels/reviewed", "1");
    changed(&r, "POST", "/api/v1/air/reviews", REVIEW("reviewed", "张三"));
    d = rig_document(&r, reviews);
    assert_json(d, "items/1/level", "reviewed");
    assert_json(d, "items/1/lapsed", "false");
    rig_stop(&r);
}

static void test_S031_quality__the_state_known_at_an_earlier_time_can_be_asked_for(void **state)
{
    (void)state;
    rig r;
    qk_error err = {0};
    start(&r);
    send_days(&r, "2026-11-20T00:00:00", 48);
    rig_settle(&r);
    changed(&r, "POST", "/api/v1/air/reviews", REVIEW("reviewed", "张三"));
    assert_done(qk_node_set_clock(r.node, time_of("2026-11-23T09:00:00"), 0, &err), &err);
    const double late[PARTS] = {12, 99, 0.6, 62, 95, 44};
    send_hour(&r, 1, "2026-11-21T05:00:00", late);
    rig_settle(&r);
    changed(&r, "POST", "/api/v1/air/marks",
            "{\"site\":\"st1\",\"effect\":\"exclude\",\"items\":[\"CO\"],\"from\":"
            "\"2026-11-21T08:00\",\"to\":\"2026-11-21T10:00\",\"reason\":\"校准\"}");
    const qk_json_value *d = rig_document(&r, HOURS_1121);
    assert_json(d, "items/5/items/NO2/value", "99");
    assert_json(d, "items/5/review", "automatic");
    assert_json(d, "items/8/items/CO/mark", "excluded");
    d = rig_document(&r, HOURS_1121 "&known_at=2026-11-22T12:00:00");
    assert_json(d, "items/5/items/NO2/value", "26");
    assert_json(d, "items/5/review", "reviewed");
    assert_json(d, "items/8/items/CO/mark", "null");
    rig_stop(&r);
}

/* ---- checks of the instruments ---- */

#define CSV_HEAD "site,mn,item,kind,at,reference,measured,note\\n"

static void test_S031_quality__records_of_checks_come_as_csv_and_are_judged(void **state)
{
    (void)state;
    rig r;
    start(&r);
    changed(&r, "POST", "/api/v1/air/checks",
            "{\"csv\":\"" CSV_HEAD "st1,ST1,SO2,zero,2026-11-20T09:00:00,0,12.5,\\n"
            "st1,ST1,SO2,span,2026-11-20T09:30:00,800,848,\\n"
            "st1,,PM2.5,comparison,2026-11-20T20:00:00,62,71.30,手工\\n\"}");
    const qk_json_value *d = rig_document(&r, "/api/v1/air/checks?site=st1");
    assert_json(d, "total", "3");
    assert_json(d, "items/2/deviation", "12.5");
    assert_json(d, "items/2/judge", "pass");
    assert_json(d, "items/1/deviation", "6.00");
    assert_json(d, "items/1/judge", "fail");
    assert_json(d, "items/0/measured", "71.30");
    assert_json(d, "items/0/deviation", "15.00");
    assert_json(d, "items/0/judge", "pass");
    refused(&r, "POST", "/api/v1/air/checks",
            "{\"csv\":\"" CSV_HEAD "st1,,SO2,zero,2026-11-20T10:00:00,0,1,\\n"
            "st1,,SO2,zero,2026-11-20T11:00:00,0,zwei,\\n\"}",
            422, "csv:3:7");
    /* All or none; and what is there is never replaced. */
    d = rig_document(&r, "/api/v1/air/checks?site=st1");
    assert_json(d, "total", "3");
    refused(&r, "POST", "/api/v1/air/checks",
            "{\"csv\":\"" CSV_HEAD "st1,ST1,SO2,zero,2026-11-20T09:00:00,0,3,\\n\"}", 409, "zero");
    rig_stop(&r);
}

/* ---- findings ---- */

static void spray(rig *r, const char *when)
{
    char sql[300];
    snprintf(sql, sizeof sql,
             "INSERT INTO event(at,kind,site,recorded_at) VALUES(%lld,'water_spraying','yard',0)",
             (long long)time_of(when));
    sqlite3 *db = NULL;
    assert_ok(sqlite3_open(qk_node_db_path(r->node), &db));
    sqlite3_busy_timeout(db, 5000);
    assert_ok(sqlite3_exec(db, sql, NULL, NULL, NULL));
    sqlite3_close(db);
}

static void test_S032_quality__a_station_that_falls_alone_beside_spraying_is_a_finding(void **state)
{
    (void)state;
    rig r;
    start(&r);
    send_days(&r, "2026-11-21T00:00:00", 24);
    for (int h = 0; h < 4; h++)
        for (int i = 1; i <= STATIONS; i++)
            send_plain(&r, i, time_of("2026-11-22T00:00:00") + h * QK_HOUR,
                       i == 1 && h >= 2 ? 40 : 160);
    rig_settle(&r);
    const qk_json_value *d = rig_document(&r, "/api/v1/events?kind=air_interference&site=st1");
    assert_json(d, "items/0/severity", "warning");
    assert_json(d, "items/0/params/pattern", "falls_alone");
    assert_json(d, "items/0/params/spraying", "");
    assert_non_null(rig_at(d, "items/0/params/near_now"));
    d = rig_document(&r, "/api/v1/events?kind=air_interference&site=st2");
    assert_null(rig_at(d, "items/0"));
    rig_stop(&r);
}

static void test_S032_quality__spraying_nearby_raises_the_suspicion(void **state)
{
    (void)state;
    rig r;
    start(&r);
    spray(&r, "2026-11-22T02:10:00");
    send_days(&r, "2026-11-21T00:00:00", 24);
    for (int h = 0; h < 4; h++)
        for (int i = 1; i <= STATIONS; i++)
            send_plain(&r, i, time_of("2026-11-22T00:00:00") + h * QK_HOUR,
                       i == 1 && h >= 2 ? 40 : 160);
    rig_settle(&r);
    const qk_json_value *d = rig_document(&r, "/api/v1/events?kind=air_interference&site=st1");
    assert_json(d, "items/0/severity", "alarm");
    assert_json(d, "items/0/params/spraying", "yard");
    rig_stop(&r);
}

/* ---- evaluation ---- */

static void test_S030_quality__townships_are_ranked_with_ties_and_the_thin_ones_behind(void **state)
{
    (void)state;
    rig r;
    start(&r);
    for (int h = 0; h < 31 * 24; h++)
        for (int i = 1; i <= STATIONS; i++)
            send_like(&r, i, i == 3 ? 2 : i, time_of("2026-10-01T00:00:00") + h * QK_HOUR, 40);
    rig_settle(&r);
    const qk_json_value *d = rig_document(&r, "/api/v1/air/ranking?group=stations&period=2026-10");
    assert_json(d, "items/0/rank", "1");
    assert_json(d, "items/0/id", "st1");
    assert_json(d, "items/0/valid", "true");
    assert_json(d, "items/0/tie", "false");
    assert_json(d, "items/1/rank", "2");
    assert_json(d, "items/2/rank", "2");
    assert_json(d, "items/2/tie", "true");
    assert_json(d, "items/3/rank", "4");
    assert_json(d, "items/5/id", "air1");
    assert_json(d, "items/5/rank", "null");
    assert_json(d, "items/5/reason", "too_few_days");
    d = rig_document(&r, "/api/v1/air/ranking?group=townships&period=2026-10");
    assert_json(d, "items/0/id", "410001");
    assert_json(d, "items/0/stations", "4");
    assert_json(d, "items/1/id", "410002");
    assert_json(d, "items/1/rank", "2");
    rig_stop(&r);
}

static void test_S039_quality__declared_dust_days_leave_the_particles(void **state)
{
    (void)state;
    rig r;
    start(&r);
    for (int h = 0; h < 10 * 24; h++)
        send_plain(&r, 1, time_of("2026-11-01T00:00:00") + h * QK_HOUR, h < 24 ? 400 : 40);
    rig_settle(&r);
    changed(&r, "POST", "/api/v1/air/marks",
            "{\"site\":\"*\",\"effect\":\"dust\",\"from\":\"2026-11-01\",\"to\":\"2026-11-02\","
            "\"reason\":\"总站扣沙通知\"}");
    const qk_json_value *d = rig_document(&r, "/api/v1/air/periods?scope=st1&year=2026");
    const qk_json_value *month = rig_at(d, "months/0/period");
    assert_json(month, "dust_days", "1");
    assert_non_null(rig_at(month, "without_dust/PM10"));
    qk_dec with, without;
    assert_ok(qk_dec_parse(&with, rig_at(month, "items/PM10/mean/value")->text));
    assert_ok(qk_dec_parse(&without, rig_at(month, "without_dust/PM10")->text));
    assert_true(qk_dec_cmp(without, with) < 0);
    rig_stop(&r);
}

/* ---- rules ---- */

/* PM2.5 alone makes the index, 100 at 40 ug/m3: an order of the county. */
#define STRICTER                                                                        \
    "{\"row_version\":0,\"text\":\"[{\\\"name\\\":\\\"HJ633-2026\\\",\\\"source\\\":"   \
    "\\\"县里的试行规定\\\","                                                    \
    "\\\"from\\\":\\\"2026-03-01\\\",\\\"to\\\":null,\\\"hourly\\\":[\\\"PM25_1h\\\"]," \
    "\\\"daily\\\":["                                                                   \
    "\\\"PM25_24h\\\"],\\\"items\\\":{\\\"PM25_1h\\\":{\\\"breakpoints\\\":[0,20,40],"  \
    "\\\"above\\\":null},"                                                              \
    "\\\"PM25_24h\\\":{\\\"breakpoints\\\":[0,20,40],\\\"above\\\":null}}}]\"}"

static void same_index(rig *r, const char *what, const char *text)
{
    const qk_json_value *d = rig_document(r, "/api/v1/latest");
    if (!rig_is(rig_at(d, "sites/st1/aqi"), "value", text)) fail_msg("%s: latest", what);
    d = rig_document(r, "/api/v1/aqi?site=st1&from=2026-11-22T09:00:00&to=2026-11-22T10:00:00");
    if (!rig_is(rig_at(d, "items/0"), "aqi", text)) fail_msg("%s: aqi", what);
    d = rig_document(r, "/api/v1/air/hours?site=st1&from=2026-11-22T09:00&to=2026-11-22T10:00");
    if (!rig_is(rig_at(d, "items/0"), "aqi", text)) fail_msg("%s: air/hours", what);
    d = rig_document(r, "/api/v1/strip?hours=1");
    for (const qk_json_value *row = qk_json_get(d, "rows")->first; row; row = row->next)
        if (rig_is(row, "site", "st1") && !rig_is(row, "aqi/0", text)) fail_msg("%s: strip", what);
    d = rig_document(r, "/api/v1/air/explain?figure=hour_aqi&scope=st1&time=2026-11-22T10:00:00");
    if (!rig_is(d, "value", text)) fail_msg("%s: explain", what);
}

static void test_S026_rules__an_edited_rule_and_a_mark_show_in_every_answer(void **state)
{
    (void)state;
    rig r;
    start(&r);
    send_days(&r, "2026-11-21T00:00:00", 24 + 9);
    const double last[PARTS] = {12, 24, 0.6, 62, 70, 30};
    send_hour(&r, 1, "2026-11-22T09:00:00", last);
    rig_settle(&r);
    same_index(&r, "shipped", "65");
    changed(&r, "PUT", "/api/v1/rules/aqi", STRICTER);
    same_index(&r, "edited", "75");
    changed(&r, "POST", "/api/v1/air/marks",
            "{\"site\":\"st1\",\"effect\":\"exclude\",\"from\":\"2026-11-22T09:00:00\",\"to\":"
            "\"2026-11-22T10:00:00\",\"items\":[\"PM2.5\"],\"reason\":\"采样管漏气\"}");
    same_index(&r, "excluded", "null");
    rig_stop(&r);
}

static void test_rules__a_table_is_changed_kept_and_taken_back(void **state)
{
    (void)state;
    rig r;
    start(&r);
    send_days(&r, "2026-11-21T00:00:00", 24);
    rig_settle(&r);
    const qk_json_value *d = rig_document(&r, "/api/v1/rules/index");
    assert_json(d, "row_version", "0");
    assert_json(d, "text", "[]");
    const char *good =
        "{\"row_version\":0,\"text\":\"[{\\\"name\\\":\\\"LOCAL\\\",\\\"source\\\":"
        "\\\"县办〔2026〕1号\\\",\\\"default\\\":false,\\\"limits\\\":{\\\"SO2\\\":60,"
        "\\\"NO2\\\":40,\\\"PM10\\\":60,\\\"PM2.5\\\":30,\\\"CO\\\":4,\\\"O3\\\":160}}"
        "]\"}";
    d = changed(&r, "PUT", "/api/v1/rules/index", good);
    assert_json(d, "row_version", "1");
    refused(&r, "PUT", "/api/v1/rules/index", good, 409, "version");
    assert_non_null(rig_document(&r, "/api/v1/air/ranking?profile=LOCAL"));
    /* Line and column are those of the text that was sent. */
    refused(&r, "POST", "/api/v1/rules/limits/check",
            "{\"text\":\"[\\n {\\\"name\\\":\\\"X\\\",\\\"from\\\":\\\"2026-05-01\\\",\\\"to\\\":"
            "\\\"2026-06-01\\\"}]\"}",
            422, "text:2:4");
    refused(&r, "PUT", "/api/v1/rules/limits",
            "{\"row_version\":0,\"text\":\"[{\\\"name\\\":\\\"X\\\",\\\"source\\\":\\\"y\\\","
            "\\\"from\\\":\\\"2026-05-01\\\",\\\"to\\\":\\\"2026-06-01\\\"}]\"}",
            422, "same day");
    d = changed(&r, "PUT", "/api/v1/rules/index", "{\"row_version\":1,\"text\":\"[]\"}");
    assert_json(d, "row_version", "2");
    d = changed(&r, "POST", "/api/v1/rules/index/revert", "{\"row_version\":2,\"to_version\":1}");
    assert_json(d, "row_version", "3");
    d = rig_document(&r, "/api/v1/rules/index/history");
    assert_json(d, "items/2/row_version", "1");
    assert_json(d, "items/1/text", "[]");
    rig_stop(&r);
}

static void test_rules__every_table_is_listed_shown_and_can_be_set(void **state)
{
    (void)state;
    rig r;
    char path[64], at[64], body[160];
    start(&r);
    for (size_t i = 0; qk_rules_table(i); i++) {
        snprintf(at, sizeof at, "items/%zu/table", i);
        assert_json(rig_document(&r, "/api/v1/rules"), at, qk_rules_table(i));
        snprintf(path, sizeof path, "/api/v1/rules/%s", qk_rules_table(i));
        const qk_json_value *d = rig_document(&r, path);
        assert_non_null(rig_at(d, "rows/0/source"));
        assert_non_null(rig_at(d, "shipped/0/from"));
        snprintf(body, sizeof body, "{\"row_version\":0,\"text\":\"[\\n{\\\"name\\\":1}]\"}");
        refused(&r, "PUT", path, body, 422, "text:2:3");
    }
    const qk_json_value *d =
        changed(&r, "PUT", "/api/v1/rules/fume",
                "{\"row_version\":0,\"text\":\"[{\\\"name\\\":\\\"GB18483-2001\\\",\\\"source\\\":"
                "\\\"县办\\\",\\\"from\\\":\\\"2002-01-01\\\",\\\"stove_flow_m3h\\\":2000,"
                "\\\"limit_mg_m3\\\":1.5}]\"}");
    assert_json(d, "row_version", "1");
    d = rig_document(&r, "/api/v1/rules/fume");
    assert_json(d, "rows/0/limit_mg_m3", "1.5");
    assert_json(d, "shipped/0/limit_mg_m3", "2");
    d = changed(&r, "PUT", "/api/v1/rules/fume", "{\"row_version\":1,\"text\":\"[]\"}");
    d = rig_document(&r, "/api/v1/rules/fume");
    assert_json(d, "rows/0/limit_mg_m3", "2");
    rig_stop(&r);
}

static void test_S031_rules__changed_thresholds_grade_every_stored_hour_again(void **state)
{
    (void)state;
    rig r;
    start(&r);
    send_days(&r, "2026-11-21T00:00:00", 24);
    rig_settle(&r);
    assert_json(rig_document(&r, HOURS_1121), "items/3/items/NO2/grade", "good");
    const qk_json_value *d = rig_document(&r, "/api/v1/rules/qc");
    assert_json(d, "rows/0/items/NO2/high", "3840");
    reply got = rig_get(&r, "/api/v1/rules/qc");
    const char *from = strstr(got.body, "\"rows\":[") + 7, *to = strstr(from, ",\"shipped\"");
    qk_buf body;
    qk_buf_init(&body, 1 << 20);
    qk_buf_puts(&body, "{\"row_version\":0,\"text\":\"");
    for (const char *c = from; c < to; c++) {
        if (strncmp(c, "3840", 4) == 0) { /* NO2 may not exceed 20 here */
            qk_buf_puts(&body, "20");
            c += 3;
            continue;
        }
        if (*c == '"') qk_buf_putc(&body, '\\');
        qk_buf_putc(&body, *c);
    }
    qk_buf_puts(&body, "\"}");
    assert_ok(body.failed);
    changed(&r, "PUT", "/api/v1/rules/qc", body.ptr);
    qk_buf_clear(&body);
    rig_settle(&r);
    d = rig_document(&r, HOURS_1121);
    assert_json(d, "items/3/items/NO2/grade", "bad");
    assert_json(d, "items/3/items/NO2/reasons/0", "range");
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(
            test_S031_quality__each_hour_has_a_grade_with_reasons_and_bad_ones_do_not_count),
        qk_dir_test(test_S031_quality__a_late_hour_regrades_what_looks_at_it_and_nothing_else),
        qk_dir_test(test_S031_quality__grades_survive_a_restart_and_make_the_same_from_nothing),
        qk_dir_test(test_S031_quality__an_exclusion_has_a_reason_and_can_be_undone),
        qk_dir_test(test_S031_quality__a_bad_hour_can_be_restored),
        qk_dir_test(test_S031_quality__two_persons_review_and_approve),
        qk_dir_test(test_S031_quality__the_calendar_tells_provisional_days_from_reviewed_ones),
        qk_dir_test(test_quality__hours_to_come_are_not_missing),
        qk_dir_test(test_S031_quality__what_changes_after_its_review_must_be_looked_at_again),
        qk_dir_test(test_S031_quality__the_state_known_at_an_earlier_time_can_be_asked_for),
        qk_dir_test(test_S031_quality__records_of_checks_come_as_csv_and_are_judged),
        qk_dir_test(test_S032_quality__a_station_that_falls_alone_beside_spraying_is_a_finding),
        qk_dir_test(test_S032_quality__spraying_nearby_raises_the_suspicion),
        qk_dir_test(test_S030_quality__townships_are_ranked_with_ties_and_the_thin_ones_behind),
        qk_dir_test(test_S039_quality__declared_dust_days_leave_the_particles),
        qk_dir_test(test_S026_rules__an_edited_rule_and_a_mark_show_in_every_answer),
        qk_dir_test(test_rules__a_table_is_changed_kept_and_taken_back),
        qk_dir_test(test_rules__every_table_is_listed_shown_and_can_be_set),
        qk_dir_test(test_S031_rules__changed_thresholds_grade_every_stored_hour_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
