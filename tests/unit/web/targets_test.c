/* SPDX-License-Identifier: Apache-2.0 */
/* Targets alive, their allocation, attainment, and explanations, through the API. */
#include "air_rig.h"
#include <math.h>

/* Hours of one station over days; particles are the same on every day of a month. */
static void send_year(rig *r, int station, const char *from, int days, const int by_month[12])
{
    for (int h = 0; h < days * 24; h++) {
        qk_time t = time_of(from) + h * QK_HOUR;
        send_plain(r, station, t, by_month[qk_civil_of(t).month - 1]);
    }
}

static double number_at(const qk_json_value *d, const char *path)
{
    double v = -999;
    const qk_json_value *at = rig_at(d, path);
    if (!at || at->type != QK_JSON_NUMBER || qk_parse_f64(&v, at->text) != QK_OK)
        fail_msg("%s is no number", path);
    return v;
}

static const int usual[12] = {80, 70, 50, 40, 35, 30, 30, 30, 35, 40, 60, 75};
static const int cleaner[12] = {70, 62, 45, 36, 31, 27, 27, 27, 31, 36, 54, 67};

#define ROW(metric, statistic, op, value, unit)                               \
    "{\"metric\":\"" metric "\",\"statistic\":\"" statistic "\",\"op\":\"" op \
    "\",\"value\":" value ",\"unit\":\"" unit "\",\"year\":2026,\"scope\":\"st1\"}"

static void set_targets(rig *r)
{
    const qk_json_value *d = changed(
        r, "PUT", "/api/v1/air/targets",
        "{\"row_version\":0,\"targets\":[" ROW("PM2.5", "annual_mean", "<=", "47", "ug/m3") "," ROW(
            "优良天数", "days", ">=", "300", "天") "," ROW("重度污染天数", "days", "<=", "3",
                                                           "天") "]}");
    assert_json(d, "row_version", "1");
}

static void test_S027_targets__what_is_reached_and_what_may_still_be_used_up(void **state)
{
    (void)state;
    rig r;
    qk_error err = {0};
    start(&r);
    assert_done(qk_node_set_clock(r.node, time_of("2026-07-20T10:00:00"), 0, &err), &err);
    send_year(&r, 1, "2025-01-01T00:00:00", 365, usual);
    send_year(&r, 1, "2026-01-01T00:00:00", 200, cleaner);
    rig_settle(&r);
    set_targets(&r);
    const qk_json_value *d = rig_document(&r, "/api/v1/air/targets?asof=2026-07-19");
    assert_json(d, "items/0/kind", "mean");
    assert_json(d, "items/0/reached/valid_days", "200");
    assert_json(d, "items/0/allowance/days_left", "165");
    /* By hand: T (n + R) = S + R x, with S from the day values that the API itself gives. */
    const qk_json_value *days =
        rig_document(&r, "/api/v1/air/periods?scope=st1&year=2026&level=best");
    double sum = 0;
    const qk_json_value *months = qk_json_get(days, "months");
    for (const qk_json_value *m = months->first; m; m = m->next)
        sum += number_at(m, "period/items/PM2.5/mean/unrounded") *
               number_at(m, "period/items/PM2.5/days");
    double allowed = (47.0 * 365 - sum) / 165;
    assert_true(fabs(number_at(d, "items/0/allowance/mean_allowed") - allowed) <= 0.0501);
    assert_non_null(strstr(rig_at(d, "items/0/allowance/zh")->text.ptr, "余下日期平均不得高于"));
    assert_json(d, "items/2/allowance/days_may", "3");
    assert_json(d, "items/0/projection/past_years", "1");
    assert_json(d, "items/0/projection/low", "null");
    assert_json(d, "items/0/state", "on_track");
    assert_json(d, "items/0/path/0/over", "true");
    assert_json(d, "items/0/path/11/over", "false");
    /* A month to come has no figure, and no nought either. */
    for (int i = 0; i < 3; i++) {
        char path[64];
        snprintf(path, sizeof path, "items/%d/path/11/days", i);
        assert_json(d, path, "null");
        snprintf(path, sizeof path, "items/%d/path/11/reason", i);
        assert_json(d, path, "future");
    }
    assert_json(d, "items/2/path/0/reason", "null");
    assert_json(d, "items/2/path/0/valid_days", "31");
    assert_true(number_at(d, "items/0/path/11/mean_allowed") >
                number_at(d, "items/0/path/8/mean_allowed"));
    /* Year on year by one edition: that of the day asked for. */
    assert_json(d, "items/0/year_before/standard", "HJ633-2026");
    assert_true(number_at(d, "items/0/year_before/change_percent") < -5);
    assert_json(d, "items/1/year_before/before/valid_days", "200");
    const qk_json_value *change =
        rig_document(&r, "/api/v1/air/explain?figure=change&scope=st1&period=2026&item=PM2.5");
    assert_true(number_at(change, "value") ==
                number_at(rig_document(&r, "/api/v1/air/periods?scope=st1&year=2026"),
                          "total/year_on_year/change_percent/PM2.5"));
    /* The figure explains itself with the same numbers. */
    const qk_json_value *why =
        rig_document(&r, "/api/v1/air/explain?figure=target&row=0&asof=2026-07-19");
    assert_true(number_at(why, "value") == number_at(d, "items/0/allowance/mean_allowed"));
    assert_json(why, "inputs/1/value", "200");
    assert_json(why, "inputs/2/value", "165");
    why = rig_document(&r, "/api/v1/air/explain?figure=target&row=2&asof=2026-07-19");
    assert_json(why, "value", "3");
    assert_int_equal(rig_get(&r, "/api/v1/air/explain?figure=target&row=3").status, 404);
    rig_stop(&r);
}

static void test_S027_targets__a_late_hour_changes_what_is_left(void **state)
{
    (void)state;
    rig r;
    start(&r);
    send_year(&r, 1, "2026-10-01T00:00:00", 40, usual);
    rig_settle(&r);
    set_targets(&r);
    const char *path = "/api/v1/air/targets?asof=2026-11-09";
    double before = number_at(rig_document(&r, path), "items/0/reached/value");
    for (int h = 0; h < 24; h++)
        send_plain(&r, 1, time_of("2026-11-08T00:00:00") + h * QK_HOUR, 160);
    rig_settle(&r);
    assert_true(number_at(rig_document(&r, path), "items/0/reached/value") > before + 1);
    /* Leaving the day out again brings the figure near to where it was. */
    changed(&r, "POST", "/api/v1/air/marks",
            "{\"site\":\"st1\",\"effect\":\"exclude\",\"from\":\"2026-11-08\",\"to\":"
            "\"2026-11-09\",\"reason\":\"采样管漏气\"}");
    const qk_json_value *d = rig_document(&r, path);
    assert_true(number_at(d, "items/0/reached/value") < before + 1);
    assert_json(d, "items/0/reached/valid_days", "39");
    rig_stop(&r);
}

static void
test_S016_targets__townships_get_shares_whose_weighted_mean_meets_the_target(void **state)
{
    (void)state;
    rig r;
    qk_error err = {0};
    start(&r);
    assert_done(qk_node_set_clock(r.node, time_of("2026-02-02T10:00:00"), 0, &err), &err);
    for (int i = 1; i <= STATIONS; i++) send_year(&r, i, "2025-11-20T00:00:00", 40, usual);
    rig_settle(&r);
    const qk_json_value *d =
        rig_document(&r, "/api/v1/air/allocation?target=44&item=PM2.5&base_year=2025");
    assert_json(d, "meets", "true");
    double sum = 0, weights = 0;
    const qk_json_value *items = qk_json_get(d, "items");
    assert_int_equal(items->count, 2);
    for (const qk_json_value *i = items->first; i; i = i->next) {
        sum += number_at(i, "target") * number_at(i, "weight");
        weights += number_at(i, "weight");
    }
    assert_true(sum / weights <= 44 && sum / weights > 43.8);
    assert_json(d, "items/0/weight", "4");
    /* What people would rather give is reckoned again, and may fail the county's target. */
    const qk_json_value *wish = rig_document(
        &r, "/api/v1/air/allocation?target=44&item=PM2.5&base_year=2025&set=410001:60");
    assert_json(wish, "items/0/target", "60");
    assert_json(wish, "meets", "false");
    assert_true(number_at(wish, "weighted_mean") > 44);
    assert_int_equal(rig_get(&r, "/api/v1/air/allocation?target=44&set=410001:many").status, 400);
    assert_int_equal(rig_get(&r, "/api/v1/air/allocation?target=44&set=nowhere:40").status, 400);
    /* The shares, kept as targets, are versioned. */
    changed(&r, "PUT", "/api/v1/air/targets",
            "{\"row_version\":0,\"targets\":[{\"metric\":\"PM2.5\",\"op\":\"<=\",\"value\":43.7,"
            "\"unit\":\"ug/m3\",\"year\":2026,\"scope\":\"410001\"}]}");
    refused(&r, "PUT", "/api/v1/air/targets", "{\"row_version\":0,\"targets\":[]}", 409, "version");
    assert_json(rig_document(&r, "/api/v1/air/targets"), "items/0/scope", "410001");
    rig_stop(&r);
}

#define PLAN(value, more)                                                                                   \
    "{\"plan\":{\"title\":\"青泽县2026年大气方案\",\"doc_no\":\"青政〔2026〕3号\",\"period\":" \
    "{\"from\":2026,\"to\":2026},\"targets\":[{\"metric\":\"PM2.5\",\"op\":\"<=\","                         \
    "\"value\":" value ",\"unit\":\"ug/m3\",\"scope\":\"全县\",\"optional\":true}" more                     \
    "],\"tasks\":[]}}"

static void test_S027_targets__a_plan_that_is_issued_brings_its_targets(void **state)
{
    (void)state;
    rig r;
    start(&r);
    set_targets(&r);
    const qk_json_value *d = changed(
        &r, "POST", "/api/v1/air/targets/plan",
        PLAN("44", ",{\"metric\":\"优良天数\",\"op\":\">=\",\"value\":243,\"unit\":\"天\"}"));
    assert_json(d, "taken", "2");
    assert_json(d, "row_version", "2");
    d = rig_document(&r, "/api/v1/air/targets");
    assert_int_equal(qk_json_get(d, "items")->count, 5);
    assert_json(d, "items/3/source", "《青泽县2026年大气方案》（青政〔2026〕3号）");
    assert_json(d, "items/3/year", "2026"); /* the plan's, as the row has none */
    assert_json(d, "items/3/scope", "county");
    assert_json(d, "items/0/source", "null");
    /* A month without data says so. */
    assert_json(d, "items/3/path/0/actual", "null");
    assert_json(d, "items/3/path/0/reason", "no_data");
    assert_json(d, "items/4/path/0/days", "null");
    /* Issued again it takes its own place, and what did not change makes no version. */
    d = changed(&r, "POST", "/api/v1/air/targets/plan", PLAN("43.5", ""));
    assert_json(d, "row_version", "3");
    d = rig_document(&r, "/api/v1/air/targets");
    assert_int_equal(qk_json_get(d, "items")->count, 4);
    assert_json(d, "items/3/value", "43.5");
    d = changed(&r, "POST", "/api/v1/air/targets/plan", PLAN("43.5", ""));
    assert_json(d, "row_version", "3");
    refused(&r, "POST", "/api/v1/air/targets/plan", "{\"plan\":{\"targets\":[]}}", 422, "no_plan");
    refused(&r, "POST", "/api/v1/air/targets/plan", "{\"plan\":5}", 422, "no_plan");
    rig_stop(&r);
}

static void test_S016_targets__shares_are_kept_as_targets_of_the_townships(void **state)
{
    (void)state;
    rig r;
    qk_error err = {0};
    start(&r);
    assert_done(qk_node_set_clock(r.node, time_of("2026-02-02T10:00:00"), 0, &err), &err);
    for (int i = 1; i <= STATIONS; i++) send_year(&r, i, "2025-11-20T00:00:00", 40, usual);
    rig_settle(&r);
    const qk_json_value *d =
        changed(&r, "POST", "/api/v1/air/allocation", "{\"target\":44,\"year\":2026}");
    assert_json(d, "meets", "true");
    assert_json(d, "row_version", "1");
    double share = number_at(d, "items/1/target");
    d = rig_document(&r, "/api/v1/air/targets");
    assert_json(d, "items/1/scope", "410002");
    assert_json(d, "items/1/year", "2026");
    assert_true(number_at(d, "items/1/value") == share);
    assert_non_null(strstr(rig_at(d, "items/1/source")->text.ptr, "分解到镇"));
    /* Another target of the same year has a name of its own; the same name takes its place. */
    changed(&r, "POST", "/api/v1/air/allocation",
            "{\"target\":43,\"year\":2026,\"source\":\"县攻坚办分解\"}");
    d = changed(&r, "POST", "/api/v1/air/allocation",
                "{\"target\":42,\"year\":2026,\"source\":\"县攻坚办分解\"}");
    assert_json(d, "row_version", "3");
    assert_int_equal(qk_json_get(rig_document(&r, "/api/v1/air/targets"), "items")->count, 4);
    refused(&r, "POST", "/api/v1/air/allocation", "{\"target\":0}", 400, "bad_body");
    refused(&r, "POST", "/api/v1/air/allocation", "{\"target\":44,\"base_year\":2020}", 422,
            "no_data");
    /* What does not come to the county's target is shown when asked for, and not kept. */
    refused(&r, "POST", "/api/v1/air/allocation",
            "{\"target\":44,\"year\":2026,\"set\":\"410001:60\"}", 422, "allocation_misses");
    assert_int_equal(qk_json_get(rig_document(&r, "/api/v1/air/targets"), "items")->count, 4);
    rig_stop(&r);
}

static void test_S038_targets__the_path_reaches_the_limit_in_force_then(void **state)
{
    (void)state;
    rig r;
    qk_error err = {0};
    start(&r);
    assert_done(qk_node_set_clock(r.node, time_of("2026-02-02T10:00:00"), 0, &err), &err);
    send_year(&r, 1, "2025-11-20T00:00:00", 40, usual);
    rig_settle(&r);
    const qk_json_value *d = rig_document(
        &r, "/api/v1/air/attainment?scope=st1&item=PM2.5&base_year=2025&target_year=2035");
    assert_json(d, "goal", "25");
    const qk_json_value *items = qk_json_get(d, "items");
    assert_int_equal(items->count, 10);
    assert_json(d, "items/0/limit", "30");
    assert_json(d, "items/4/limit", "30"); /* 2030 */
    assert_json(d, "items/5/limit", "25"); /* 2031: the final limits */
    assert_json(d, "items/9/path", "25");
    assert_json(d, "items/9/gap", "0");
    assert_json(d, "items/9/meets", "true");
    double last = number_at(d, "base");
    for (const qk_json_value *i = items->first; i; i = i->next) {
        assert_true(number_at(i, "path") < last);
        last = number_at(i, "path");
    }
    rig_stop(&r);
}

/* ---- explanations and comparisons ---- */

static void test_S026_explain__every_figure_opens_its_formula_inputs_clause_and_date(void **state)
{
    (void)state;
    rig r;
    start(&r);
    for (int h = 0; h < 24; h++)
        send_plain(&r, 1, time_of("2026-11-21T00:00:00") + h * QK_HOUR, 60);
    rig_settle(&r);
    const qk_json_value *day =
        rig_document(&r, "/api/v1/air/days?scope=st1&from=2026-11-21&to=2026-11-21");
    const qk_json_value *d =
        rig_document(&r, "/api/v1/air/explain?figure=day_aqi&scope=st1&date=2026-11-21");
    assert_true(number_at(d, "value") == number_at(day, "items/0/aqi"));
    assert_json(d, "valid_from", "2026-03-01");
    assert_non_null(strstr(rig_at(d, "source")->text.ptr, "HJ 633-2026"));
    d = rig_document(&r,
                     "/api/v1/air/explain?figure=day_value&scope=st1&date=2026-11-21&item=PM2.5");
    assert_true(number_at(d, "value") == number_at(day, "items/0/items/PM2.5/value"));
    assert_int_equal(qk_json_get(d, "inputs")->count, 24);
    d = rig_document(&r, "/api/v1/air/explain?figure=day_value&scope=st1&date=2026-11-21&item=O3");
    assert_true(number_at(d, "value") == number_at(day, "items/0/items/O3/value"));
    d = rig_document(&r, "/api/v1/air/explain?figure=hour_aqi&scope=st1&time=2026-11-21T09:00:00");
    const qk_json_value *hours =
        rig_document(&r, "/api/v1/air/hours?site=st1&from=2026-11-21T08:00&to=2026-11-21T09:00");
    assert_true(number_at(d, "value") == number_at(hours, "items/0/aqi"));
    const qk_json_value *month = rig_document(&r, "/api/v1/air/periods?scope=st1&year=2026");
    d = rig_document(&r, "/api/v1/air/explain?figure=composite_index&scope=st1&period=2026-11");
    assert_true(number_at(d, "value") == number_at(month, "months/0/period/composite_index"));
    assert_json(d, "valid_from", "2026-03-01");
    assert_non_null(strstr(rig_at(d, "clause")->text.ptr, "环办监测〔2018〕19号"));
    d = rig_document(&r,
                     "/api/v1/air/explain?figure=period_value&scope=st1&period=2026-11&item=O3");
    assert_true(number_at(d, "value") ==
                number_at(month, "months/0/period/items/O3/percentile/value"));
    assert_non_null(strstr(rig_at(d, "source")->text.ptr, "HJ 663-2026"));
    const qk_json_value *validity = rig_at(d, "steps/1/en"); /* as the table: of the days so far */
    assert_non_null(strstr(validity->text.ptr, "the period still runs: of its 21 days"));
    d = rig_document(&r, "/api/v1/air/explain?figure=period_value&scope=st1&period=2026-11"
                         "&item=PM10&statistic=percentile");
    assert_true(number_at(d, "value") ==
                number_at(month, "months/0/period/items/PM10/percentile/value"));
    d = rig_document(&r, "/api/v1/air/explain?figure=day_counts&scope=st1&period=2026-11");
    assert_true(number_at(d, "value") == number_at(month, "months/0/period/good_ratio"));
    assert_int_equal(rig_at(d, "clause")->type, QK_JSON_STRING);
    d = rig_document(&r, "/api/v1/air/explain?figure=hour_value&scope=st1&item=PM2.5"
                         "&time=2026-11-21T09:00:00");
    assert_true(number_at(d, "value") == number_at(hours, "items/0/items/PM2.5/value"));
    assert_non_null(strstr(rig_at(d, "source")->text.ptr, "HJ 818"));
    rig_stop(&r);
}

/* A county's day is the mean of its points; each stands among the inputs. */
static void test_S026_explain__an_areas_day_names_its_stations(void **state)
{
    (void)state;
    rig r;
    start(&r);
    for (int i = 0; i < STATIONS; i++)
        for (int h = 0; h < 24; h++)
            send_plain(&r, 1 + i, time_of("2026-11-21T00:00:00") + h * QK_HOUR, 60 + i);
    rig_settle(&r);
    const qk_json_value *d = rig_document(
        &r, "/api/v1/air/explain?figure=day_value&scope=410001&date=2026-11-21&item=PM2.5");
    const qk_json_value *days =
        rig_document(&r, "/api/v1/air/days?scope=410001&from=2026-11-21&to=2026-11-21");
    assert_true(qk_json_get(d, "inputs")->count >= 2);
    assert_true(number_at(d, "value") == number_at(days, "items/0/items/PM2.5/value"));
    assert_non_null(qk_json_get(qk_json_get(d, "steps")->first, "zh"));
    rig_stop(&r);
}

static void test_S026_compare__one_record_under_both_editions(void **state)
{
    (void)state;
    rig r;
    start(&r);
    /* PM2.5 about 72: good under 2012 (75), light pollution under 2026 (60). */
    for (int h = 0; h < 48; h++)
        send_plain(&r, 1, time_of("2026-11-20T00:00:00") + h * QK_HOUR, h < 24 ? 69 : 30);
    rig_settle(&r);
    const qk_json_value *d = rig_document(&r, "/api/v1/air/compare?scope=st1&period=2026-11");
    assert_json(d, "editions/0/standard", "HJ633-2012");
    assert_json(d, "editions/1/standard", "HJ633-2026");
    assert_json(d, "editions/0/figures/good_days", "2");
    assert_json(d, "editions/1/figures/good_days", "1");
    assert_json(d, "editions/0/items/PM2.5/limit", "35");
    assert_json(d, "editions/1/items/PM2.5/limit", "30");
    assert_json(d, "editions/0/index_profile", "HJ663-2013");
    assert_json(d, "editions/1/index_profile", "NEW-LIMITS-OLD-WEIGHTS");
    assert_json(d, "differences/0/date", "2026-11-20");
    assert_json(d, "differences/0/level_first", "2");
    assert_json(d, "differences/0/level_second", "3");
    assert_null(rig_at(d, "differences/1"));
    rig_stop(&r);
}

static void test_S040_targets__a_road_station_is_not_evaluated(void **state)
{
    (void)state;
    rig r;
    start(&r);
    reply got = rig_get(&r, "/api/v1/air/days?scope=road1");
    assert_int_equal(got.status, 422);
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S027_targets__what_is_reached_and_what_may_still_be_used_up),
        qk_dir_test(test_S027_targets__a_late_hour_changes_what_is_left),
        qk_dir_test(test_S016_targets__townships_get_shares_whose_weighted_mean_meets_the_target),
        qk_dir_test(test_S027_targets__a_plan_that_is_issued_brings_its_targets),
        qk_dir_test(test_S016_targets__shares_are_kept_as_targets_of_the_townships),
        qk_dir_test(test_S038_targets__the_path_reaches_the_limit_in_force_then),
        qk_dir_test(test_S026_explain__every_figure_opens_its_formula_inputs_clause_and_date),
        qk_dir_test(test_S026_explain__an_areas_day_names_its_stations),
        qk_dir_test(test_S026_compare__one_record_under_both_editions),
        qk_dir_test(test_S040_targets__a_road_station_is_not_evaluated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
