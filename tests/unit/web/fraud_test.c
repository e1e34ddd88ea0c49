/* SPDX-License-Identifier: Apache-2.0 */
/* The search for made-up data: reports of institutions, hours of stations, what is recorded. */
#include "air_rig.h"

#define LAB   "/api/v1/air/lab"
#define FRAUD "/api/v1/air/fraud?from=2026-11-01&to=2026-11-22T10:00"
#define HEAD  "institution,report,point,item,sampled_at,value,person,reported_at\\n"

static void import(rig *r, const char *rows)
{
    qk_buf body;
    qk_buf_init(&body, 1 << 20);
    qk_buf_printf(&body, "{\"csv\":\"" HEAD "%s\"}", rows);
    changed(r, "POST", LAB, body.ptr);
    qk_buf_clear(&body);
}

static const qk_json_value *find(const qk_json_value *d, const char *pattern)
{
    for (const qk_json_value *i = qk_json_get(d, "items")->first; i; i = i->next)
        if (rig_is(i, "pattern", pattern)) return i;
    return NULL;
}

#define SET(point, at, report, a, b, c)                                    \
    "华测," report "," point ",颗粒物," at "," a ",张工,2026-11-10\\n"   \
    "华测," report "," point ",二氧化硫," at "," b ",张工,2026-11-10\\n" \
    "华测," report "," point ",氮氧化物," at "," c ",张工,2026-11-10\\n"

static void test_S033_fraud__duplicated_times_and_the_same_strings_are_found(void **state)
{
    (void)state;
    rig r;
    start(&r);
    import(&r, SET("1号排口", "2026-11-03T09:10", "R1", "4.62", "13.1", "28.4")
                   SET("2号排口", "2026-11-03T09:10", "R1", "5.17", "11.9", "31.0")
                       SET("3号排口", "2026-11-05T14:00", "R2", "4.62", "13.1", "28.4")
                           SET("4号排口", "2026-11-06T14:00", "R2", "4.40", "12.2", "27.3"));
    const qk_json_value *d = rig_document(&r, FRAUD);
    assert_json(d, "rule/name", "fraud-2015");
    const qk_json_value *places = find(d, "two_places");
    assert_non_null(places);
    assert_json(places, "severity", "alarm"); /* one person, named */
    assert_json(places, "total", "6");
    assert_json(places, "rows/0/point", "1号排口");
    assert_json(places, "rows/5/point", "2号排口");
    const qk_json_value *set = find(d, "same_set");
    assert_non_null(set);
    assert_json(set, "total", "6");
    assert_json(set, "rows/0/value", "13.1");
    assert_json(set, "rows/3/point", "3号排口");
    assert_null(find(d, "before_sampling"));
    assert_json(d, "total", "2"); /* and nothing about the fourth outlet */
    rig_stop(&r);
}

static void test_S033_fraud__two_values_old_reports_and_repeated_rows_are_found(void **state)
{
    (void)state;
    rig r;
    start(&r);
    import(&r, "甲,A1,东河,PM2.5,2026-11-02T08:00,41.2,,2026-11-12\\n"
               "甲,A2,东河,PM2.5,2026-11-02T08:00,38.9,,2026-11-12\\n"
               "乙,B1,西岭,NH3,2026-11-09T08:00,0.21,,2026-11-08\\n"
               "丙,C1,北渡,TSP,2026-11-01T00:30,120,,2026-12-20\\n"
               "丁,D1,南湾,降尘,2026-11-01,4.1,,\\n丁,D1,南湾,降尘,2026-11-02,3.7,,\\n"
               "丁,D1,南湾,降尘,2026-11-03,5.2,,\\n丁,D1,南湾,降尘,2026-11-04,4.8,,\\n"
               "丁,D2,柳河,降尘,2026-11-11,4.1,,\\n丁,D2,柳河,降尘,2026-11-12,3.7,,\\n"
               "丁,D2,柳河,降尘,2026-11-13,5.2,,\\n丁,D2,柳河,降尘,2026-11-14,4.8,,\\n");
    const qk_json_value *d = rig_document(&r, FRAUD);
    assert_json(find(d, "two_values"), "institution", "甲");
    assert_json(find(d, "two_values"), "rows/1/value", "41.2");
    assert_json(find(d, "before_sampling"), "institution", "乙");
    assert_json(find(d, "back_dated"), "institution", "丙");
    assert_json(find(d, "back_dated"), "statistic", "49.0");
    assert_json(find(d, "same_run"), "institution", "丁");
    assert_json(find(d, "same_run"), "total", "8");
    /* The bounds are rows of a table. */
    changed(&r, "PUT", "/api/v1/rules/fraud",
            "{\"row_version\":0,\"text\":\"[{\\\"name\\\":\\\"fraud-2015\\\",\\\"source\\\":"
            "\\\"县办\\\",\\\"from\\\":\\\"2016-01-01\\\",\\\"set_items\\\":3,\\\"run_values\\\":5,"
            "\\\"run_distinct\\\":3,\\\"digits_least\\\":50,\\\"digits_chi2\\\":279,"
            "\\\"back_days\\\":60,\\\"hours_run\\\":12,\\\"hours_distinct\\\":4,"
            "\\\"hours_late_days\\\":7}]\"}");
    d = rig_document(&r, FRAUD);
    assert_null(find(d, "same_run"));
    assert_null(find(d, "back_dated"));
    assert_json(d, "rule/source_zh", "县办");
    rig_stop(&r);
}

/* Seventy values: measured ones end in any digit, invented ones love some. */
static void put_digits(qk_buf *rows, const char *who, bool invented)
{
    for (int i = 0; i < 70; i++) {
        int digit = invented ? (i % 3 ? 5 : 0) : (i * 7 + i / 10) % 10;
        qk_buf_printf(rows, "%s,%s1,点%d,甲醛,2026-11-%02dT%02d:00,0.%02d%d,,2026-11-20\\n", who,
                      who, i, 1 + i % 15, i % 24, (i * 37) % 90 + 10, digit);
    }
}

static void test_S033_fraud__last_digits_that_nobody_measures(void **state)
{
    (void)state;
    rig r;
    qk_buf rows;
    start(&r);
    qk_buf_init(&rows, 1 << 20);
    put_digits(&rows, "真", false);
    put_digits(&rows, "假", true);
    import(&r, rows.ptr);
    const qk_json_value *d = rig_document(&r, FRAUD);
    size_t of_digits = 0;
    for (const qk_json_value *i = qk_json_get(d, "items")->first; i; i = i->next) {
        if (!rig_is(i, "pattern", "last_digit")) continue;
        of_digits++;
        assert_json(i, "institution", "假");
        assert_json(i, "total", "70");
    }
    assert_int_equal(of_digits, 1);
    qk_buf_clear(&rows);
    rig_stop(&r);
}

static void test_S033_fraud__the_same_hours_at_two_stations_are_found(void **state)
{
    (void)state;
    rig r;
    start(&r);
    uint64_t seed = 7;
    for (int h = 0; h < 48; h++) {
        qk_time t = time_of("2026-11-20T00:00:00") + h * QK_HOUR;
        for (int i = 1; i <= 3; i++) {
            char text[QK_TIME_TEXT];
            double v[PARTS];
            for (int k = 0; k < PARTS; k++) v[k] = 20 + (double)(qk_test_random(&seed) % 300) / 10;
            if (i == 3 && h >= 10 && h < 34) continue;
            send_hour(&r, i, qk_time_iso(text, t), v);
            /* The third station gets the day of the first. */
            if (i == 1 && h >= 10 && h < 34) send_hour(&r, 3, text, v);
        }
    }
    rig_settle(&r);
    const qk_json_value *d = rig_document(&r, FRAUD), *twin = find(d, "same_hours");
    assert_non_null(twin);
    assert_json(twin, "statistic", "24.0");
    assert_json(twin, "total", "48");
    assert_json(twin, "rows/0/point", "st1");
    assert_json(twin, "rows/47/point", "st3");
    assert_json(d, "total", "6"); /* all six pollutants, and no chance likeness */
    rig_stop(&r);
}

static void test_S033_fraud__findings_become_events_and_a_record_of_credit_once(void **state)
{
    (void)state;
    rig r;
    start(&r);
    import(&r, "甲,A1,东河,PM2.5,2026-11-02T08:00,41.2,,2026-11-12\\n"
               "甲,A2,东河,PM2.5,2026-11-02T08:00,38.9,,2026-11-12\\n");
    const char *body = "{\"from\":\"2026-11-01\",\"person\":\"李四\"}";
    const qk_json_value *d = changed(&r, "POST", "/api/v1/air/fraud", body);
    assert_json(d, "found", "1");
    assert_json(d, "fresh", "1");
    d = changed(&r, "POST", "/api/v1/air/fraud", body);
    assert_json(d, "fresh", "0");
    d = rig_document(&r, "/api/v1/events?kind=fraud_two_values");
    assert_json(d, "total", "1");
    assert_non_null(strstr(rig_at(d, "items/0/zh")->text.ptr, "同一样品有两个数值"));
    d = rig_document(&r, "/api/v1/ledgers/data_credit/rows");
    assert_json(d, "items/0/data/institution", "甲");
    assert_json(d, "items/0/data/state", "suspected");
    assert_json(d, "items/0/data/rows", "2");
    assert_null(rig_at(d, "items/1"));
    rig_stop(&r);
}

static void test_S033_fraud__reports_that_cannot_be_read_are_refused_whole(void **state)
{
    (void)state;
    rig r;
    start(&r);
    refused(&r, "POST", LAB,
            "{\"csv\":\"" HEAD "甲,A1,东河,PM2.5,2026-11-02,41.2,,\\n甲,,x,y,z,1,,\\n\"}", 422,
            "csv:3:2");
    refused(&r, "POST", LAB, "{\"csv\":\"" HEAD "甲,A1,东河,PM2.5,gestern,41.2,,\\n\"}", 422,
            "csv:2:5");
    refused(&r, "POST", LAB, "{\"csv\":\"" HEAD "甲,A1,东河,PM2.5,2026-11-02,viel,,\\n\"}", 422,
            "csv:2:6");
    refused(&r, "POST", LAB, "{\"csv\":\"institution,report\\n\"}", 422, "point");
    assert_json(rig_document(&r, LAB), "total", "0");
    import(&r, "甲,A1,东河,PM2.5,2026-11-02T08:00,<0.5,,\\n甲,A1,东河,Pb,2026-11-02T08:00,ND,,\\n");
    import(&r, "甲,A1,东河,PM2.5,2026-11-02T08:00,<0.5,,\\n"); /* again */
    const qk_json_value *d = rig_document(&r, LAB);
    assert_json(d, "total", "2");
    assert_json(d, "items/0/value", "<0.5");
    refused(&r, "POST", "/api/v1/air/fraud", "{\"from\":\"2026-01-01\"}", 400, "92 days");
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S033_fraud__duplicated_times_and_the_same_strings_are_found),
        qk_dir_test(test_S033_fraud__two_values_old_reports_and_repeated_rows_are_found),
        qk_dir_test(test_S033_fraud__last_digits_that_nobody_measures),
        qk_dir_test(test_S033_fraud__the_same_hours_at_two_stations_are_found),
        qk_dir_test(test_S033_fraud__findings_become_events_and_a_record_of_credit_once),
        qk_dir_test(test_S033_fraud__reports_that_cannot_be_read_are_refused_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
