/* SPDX-License-Identifier: Apache-2.0 */
/* A county's months under a clock that is set: opened, reported, judged, told; amendments and
 * restarts in between. */
#include "domain/ledger.h"
#include "plan_rig.h"
#include "schema_check.h"

#define ISSUE_DAY "2026-04-22T09:00:00"
#define TESTS     "2026-1-t1-i0" /* 274 machine tests by the year's end */
#define WORKS     "2026-1-t0-i0" /* 12 treatment works by 31 October */
#define KITCHENS  "2026-1-t2-r0" /* 20 % of the kitchens a month */

/* ---- what the county did ---- */

typedef struct filling {
    const char *ledger, *before, *after; /* a row is the two with its number between */
    int from, to;
} filling;

static qk_code fill_ledger(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    const filling *f = context;
    qk_arena arena;
    qk_ledger_type *type = NULL;
    qk_code code = QK_OK;
    (void)node;
    qk_arena_init(&arena, 16 << 20);
    code = qk_ledger_type_get(&type, db, qk_str_of(f->ledger), QK_TIME_NONE, &arena, err);
    for (int i = f->from; code == QK_OK && i < f->to; i++) {
        int64_t id = 0;
        bool changed = false;
        qk_json_value *object = NULL;
        const qk_str *values = NULL;
        char *text = qk_arena_printf(&arena, "%s%d%s", f->before, i, f->after);
        code = qk_json_parse(&object, qk_str_of(text), &arena, err);
        if (code == QK_OK) code = qk_ledger_values_json(&values, type, object, NULL, &arena, err);
        if (code == QK_OK)
            code = qk_ledger_put(&id, &changed, db, type, values, -1, QK_TIME_NONE, QK_STR("test"),
                                 now, err);
    }
    qk_arena_clear(&arena);
    return code;
}

static void test_machines(rig *r, int from, int to)
{
    qk_error err = {0};
    filling f = {"nrmm_test", "{\"machine_code\":\"M",
                 "\",\"date\":\"2026-05-20\",\"result\":\"pass\"}", from, to};
    assert_done(qk_node_call(r->node, fill_ledger, &f, &err), &err);
}

static void finish_works(rig *r, int from, int to)
{
    qk_error err = {0};
    filling f = {"treatment_work", "{\"enterprise\":\"企业",
                 "\",\"process\":\"喷涂\",\"measure\":\"更换设施\",\"deadline\":\"2026-10-31\","
                 "\"state\":\"done\",\"done_date\":\"2026-08-20\"}",
                 from, to};
    assert_done(qk_node_call(r->node, fill_ledger, &f, &err), &err);
}

static const qk_json_value *line_of(const qk_json_value *month, const char *obligation)
{
    for (const qk_json_value *l = qk_json_get(month, "lines")->first; l; l = l->next)
        if (rig_is(l, "obligation", obligation)) return l;
    fail_msg("no line %s", obligation);
    return NULL;
}

/* Is the task among those of a colour? */
static bool has_colour(rig *r, const char *colour, const char *task)
{
    const qk_json_value *d =
        rig_document(r, qk_arena_printf(&r->arena, "/api/v1/tasks?colour=%s", colour));
    for (const qk_json_value *i = qk_json_get(d, "items")->first; i; i = i->next)
        if (rig_is(i, "id", task)) return true;
    return false;
}

/* ---- the tests ---- */

static void test_S010_year__120_of_274_at_mid_year_is_behind(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, ISSUE_DAY "x0", NULL);
    rig_issue(&r);
    test_machines(&r, 0, 120);
    rig_clock(&r, "2026-06-24T23:59:59");
    assert_json(rig_document(&r, "/api/v1/schedule/2026-06"), "state", "none");
    rig_clock(&r, "2026-06-25T00:00:00");
    assert_json(rig_document(&r, "/api/v1/schedule/2026-06"), "state", "open");
    rig_clock(&r, "2026-07-01T12:09:59");
    assert_json(rig_document(&r, "/api/v1/schedule/2026-06"), "state", "open");
    rig_clock(&r, "2026-07-01T12:10:00");
    const qk_json_value *d = rig_document(&r, "/api/v1/schedule/2026-06");
    assert_json(d, "state", "closed");
    const qk_json_value *l = line_of(d, TESTS);
    assert_json(l, "expected", "137");
    assert_json(l, "actual", "120");
    assert_json(l, "colour", "yellow");
    assert_json(l, "reason", "behind");
    /* Counted, not typed: nobody is asked, and every one of them can be opened. */
    assert_json(l, "source", "measure");
    assert_json(l, "asked", "false");
    assert_int_equal(rig_at(l, "inputs/rows")->count, 120);
    assert_true(has_colour(&r, "yellow", "2026-1-t1"));
    rig_stop(&r);
}

static void test_S010_year__an_open_task_is_red_on_the_day_after(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, ISSUE_DAY "x0", NULL);
    rig_issue(&r);
    finish_works(&r, 0, 11);
    rig_clock(&r, "2026-10-31T23:59:59");
    assert_false(has_colour(&r, "red", "2026-1-t0"));
    rig_clock(&r, "2026-11-01T00:00:00");
    assert_true(has_colour(&r, "red", "2026-1-t0"));
    rig_clock(&r, "2026-11-01T12:10:00");
    const qk_json_value *l = line_of(rig_document(&r, "/api/v1/schedule/2026-10"), WORKS);
    assert_json(l, "actual", "11");
    assert_json(l, "colour", "red");
    assert_json(l, "reason", "overdue");
    /* One order for the task and its reason, with a date to answer by; the month after makes no
     * second one. */
    const qk_json_value *orders = rig_document(&r, "/api/v1/cases?kind=overdue");
    assert_json(orders, "items/0/object", "obligation/2026-1-t0");
    assert_json(orders, "items/0/state", "dispatched");
    assert_json(orders, "items/1", "absent");
    /* Finished later: green from the next month on, October stays as it was judged. */
    finish_works(&r, 11, 12);
    rig_clock(&r, "2026-12-01T12:10:00");
    assert_json(line_of(rig_document(&r, "/api/v1/schedule/2026-11"), WORKS), "colour", "green");
    assert_json(line_of(rig_document(&r, "/api/v1/schedule/2026-10"), WORKS), "colour", "red");
    assert_json(rig_document(&r, "/api/v1/cases?kind=overdue"), "items/1", "absent");
    rig_stop(&r);
}

static void test_S009_year__only_what_is_due_is_asked_and_counted_by_unit(void **state)
{
    (void)state;
    rig r;
    char body[200], path[120];
    rig_start(&r, ISSUE_DAY "x0", NULL);
    rig_issue(&r);
    const char *city = rig_unit(&r, "城市管理局");
    const char *path_of = "/api/v1/schedule/2026-05/" KITCHENS;
    snprintf(body, sizeof body, "{\"unit\":\"%s\",\"value\":19,\"row_version\":0}", city);
    rig_clock(&r, "2026-05-24T10:00:00");
    rig_refused(&r, "PUT", path_of, body, 422); /* not open yet */
    rig_clock(&r, "2026-05-25T10:00:00");
    const qk_json_value *d = rig_document(&r, "/api/v1/schedule/2026-05");
    assert_json(line_of(d, KITCHENS), "asked", "true");
    assert_json(line_of(d, KITCHENS), "unit", city);
    assert_json(line_of(d, TESTS), "asked", "false");
    assert_json(line_of(d, WORKS), "asked", "false");
    rig_refused(&r, "PUT", "/api/v1/schedule/2026-05/" TESTS, body, 404); /* not theirs */
    rig_changed(&r, "PUT", path_of, body);
    rig_refused(&r, "PUT", path_of, body, 409);
    snprintf(body, sizeof body,
             "{\"unit\":\"%s\",\"value\":21.5,\"text\":\"45家\",\"row_version\":1}", city);
    rig_changed(&r, "PUT", path_of, body);
    rig_clock(&r, "2026-06-01T12:10:00");
    d = rig_document(&r, "/api/v1/schedule/2026-05");
    assert_json(line_of(d, KITCHENS), "actual", "21.5");
    assert_json(line_of(d, KITCHENS), "colour", "green");
    assert_json(line_of(d, KITCHENS), "late", "false");
    rig_refused(&r, "PUT", path_of, body, 422); /* closed */
    /* June: nobody reports. */
    rig_clock(&r, "2026-07-01T12:10:00");
    snprintf(path, sizeof path, "/api/v1/schedule/2026-06?unit=%s", city);
    d = rig_document(&r, path);
    assert_json(d, "units/0/unit", city);
    assert_json(d, "units/0/no_report", "1");
    assert_json(d, "units/1", "absent");
    assert_json(line_of(d, KITCHENS), "colour", "null");
    rig_stop(&r);
}

static void test_year__what_comes_after_noon_is_late(void **state)
{
    (void)state;
    rig r;
    char body[200];
    rig_start(&r, ISSUE_DAY "x0", NULL);
    rig_issue(&r);
    const char *city = rig_unit(&r, "城市管理局");
    rig_clock(&r, "2026-06-01T12:00:00");
    snprintf(body, sizeof body, "{\"unit\":\"%s\",\"value\":20,\"row_version\":0}", city);
    rig_changed(&r, "PUT", "/api/v1/schedule/2026-05/" KITCHENS, body);
    rig_clock(&r, "2026-06-01T12:10:00");
    assert_json(line_of(rig_document(&r, "/api/v1/schedule/2026-05"), KITCHENS), "late", "true");
    rig_stop(&r);
}

static void test_year__an_amendment_leaves_old_months_as_they_were(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, ISSUE_DAY "x0", NULL);
    rig_issue(&r);
    test_machines(&r, 0, 120);
    rig_clock(&r, "2026-07-03T09:00:00");
    reply before = rig_get(&r, "/api/v1/bulletins/3");
    assert_json(rig_json(&r, &before), "period", "2026-06");
    rig_changed(&r, "PUT", "/api/v1/tasks/" TESTS,
                "{\"row_version\":1,\"value\":300,\"valid_from\":\"2026-07-01\",\"reason\":\"省下达"
                "任务调整\"}");
    rig_clock(&r, "2026-08-03T09:00:00");
    const qk_json_value *l = line_of(rig_document(&r, "/api/v1/schedule/2026-06"), TESTS);
    assert_json(l, "target", "274");
    assert_json(l, "expected", "137");
    l = line_of(rig_document(&r, "/api/v1/schedule/2026-07"), TESTS);
    assert_json(l, "target", "300");
    assert_json(l, "expected", "175");
    reply after = rig_get(&r, "/api/v1/bulletins/3");
    assert_string_equal(before.body, after.body);
    assert_non_null(strstr(after.body, "\"target\":274"));
    rig_stop(&r);
}

/* A bulletin as document and as workbook: real archives, the same bytes whenever they are made. */
static void same_files(rig *r, const char *path)
{
    static const char *const kinds[] = {"docx", "xlsx"};
    for (int i = 0; i < 2; i++) {
        const char *url = qk_arena_printf(&r->arena, "%s/bulletin.%s", path, kinds[i]);
        reply first = rig_get(r, url);
        assert_int_equal(first.status, 200);
        assert_memory_equal(first.body, "PK\3\4", 4);
        assert_true(first.len > 2000);
        reply again = rig_get(r, url);
        assert_int_equal(again.len, first.len);
        assert_memory_equal(again.body, first.body, first.len);
    }
}

static void test_S009_S218_year__the_bulletin_is_the_same_whenever_it_is_made(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, ISSUE_DAY "x0", NULL);
    rig_issue(&r);
    test_machines(&r, 0, 120);
    rig_refused(&r, "POST", "/api/v1/bulletins", "{\"period\":\"2026-06\"}", 422);
    rig_clock(&r, "2026-07-02T08:00:00");
    const qk_json_value *d = rig_document(&r, "/api/v1/bulletins");
    assert_json(d, "items/0/period", "2026-06");
    assert_json(d, "items/0/state", "draft");
    assert_json(d, "items/0/known_at", "2026-07-01T12:10:00.000+08:00");
    int64_t id = 0;
    char path[80];
    assert_true(qk_json_get_i64(rig_at(d, "items/0"), "id", &id));
    snprintf(path, sizeof path, "/api/v1/bulletins/%lld", (long long)id);
    reply first = rig_get(&r, path);
    d = rig_changed(&r, "POST", "/api/v1/bulletins", "{\"period\":\"2026-06\"}");
    assert_json(d, "version", "1");
    reply again = rig_get(&r, path);
    assert_string_equal(first.body, again.body);
    /* Each number opens its list. */
    const qk_json_value *figures = rig_at(d, "content/figures");
    for (const qk_json_value *f = figures->first; f; f = f->next) {
        int64_t value = -1;
        assert_true(qk_json_get_i64(f, "value", &value));
        assert_int_equal(value, qk_json_get(f, "source")->count);
    }
    assert_non_null(strstr(first.body, "应为137，实为120"));
    reply text = rig_get(&r, qk_arena_printf(&r.arena, "%s/text", path));
    assert_non_null(strstr(text.body, "大气污染防治工作通报（2026年6月）"));
    same_files(&r, path);
    /* Issued, it is never changed. */
    rig_changed(&r, "PUT", path, "{\"state\":\"issued\"}");
    same_files(&r, path);
    rig_refused(&r, "PUT", path, "{\"state\":\"issued\"}", 422);
    assert_json(rig_changed(&r, "POST", "/api/v1/bulletins", "{\"period\":\"2026-06\"}"), "state",
                "issued");
    rig_stop(&r);
}

static void test_year__number_and_office_of_a_bulletin_are_settings_with_history(void **state)
{
    (void)state;
    rig r;
    static const char *const key = "/api/v1/settings/bulletin.number";
    rig_start(&r, ISSUE_DAY "x0", NULL);
    rig_issue(&r);
    rig_clock(&r, "2026-07-02T08:00:00");
    const qk_json_value *d = rig_document(&r, "/api/v1/bulletins/1");
    assert_json(d, "content/number_zh", "〔2026〕第4期");
    assert_json(d, "content/office_zh", "{area}生态环境保护委员会办公室");
    d = rig_changed(&r, "PUT", key, "{\"row_version\":0,\"value\":\"青攻坚办通〔{year}〕{no}号\"}");
    assert_json(d, "items/0/row_version", "1");
    rig_changed(&r, "PUT", "/api/v1/settings/bulletin.office",
                "{\"row_version\":0,\"value\":\"{area}大气攻坚办\"}");
    d = rig_changed(&r, "POST", "/api/v1/bulletins", "{\"period\":\"2026-06\"}");
    assert_json(d, "content/number_zh", "青攻坚办通〔2026〕6号");
    assert_json(d, "content/office_zh", "{area}大气攻坚办");
    /* What was drafted before keeps its own. */
    d = rig_document(&r, "/api/v1/bulletins/1");
    assert_json(d, "content/number_zh", "〔2026〕第4期");
    rig_changed(&r, "PUT", key, "{\"row_version\":1,\"value\":\"第{no}期\"}");
    d = rig_document(&r, key);
    assert_json(d, "items/1/value", "青攻坚办通〔{year}〕{no}号");
    /* Another's version, a value out of bounds, an unknown setting. */
    rig_refused(&r, "PUT", key, "{\"row_version\":1,\"value\":\"x\"}", 409);
    rig_refused(&r, "PUT", "/api/v1/settings/year.close_hour",
                "{\"row_version\":0,\"value\":\"24\"}", 400);
    rig_refused(&r, "PUT", "/api/v1/settings/case.rungs",
                "{\"row_version\":0,\"value\":\"talk hang\"}", 400);
    rig_refused(&r, "PUT", "/api/v1/settings/case.rungs",
                "{\"row_version\":0,\"value\":\"talk talk\"}", 400);
    rig_changed(&r, "PUT", "/api/v1/settings/case.recheck", "{\"row_version\":0,\"value\":\"\"}");
    rig_refused(&r, "PUT", "/api/v1/settings/no.such", "{\"row_version\":0,\"value\":\"1\"}", 404);
    assert_json(rig_document(&r, "/api/v1/settings"), "items/0/value", "3");
    rig_stop(&r);
}

static void test_year__a_restart_loses_no_timer(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, ISSUE_DAY "x0", NULL);
    rig_issue(&r);
    test_machines(&r, 0, 120);
    rig_clock(&r, "2026-05-31T20:00:00");
    rig_stop(&r);
    /* The machine was off over the end of the month and the end of filing. */
    rig_start(&r, "2026-06-05T09:00:00x0", NULL);
    rig_settle(&r);
    const qk_json_value *d = rig_document(&r, "/api/v1/schedule/2026-05");
    assert_json(d, "state", "closed");
    assert_json(d, "judged_at", "2026-06-01T12:10:00.000+08:00");
    assert_json(rig_document(&r, "/api/v1/events?kind=filing_missing"), "total", "1");
    assert_json(rig_document(&r, "/api/v1/events?kind=filing_missing"), "items/0/at",
                "2026-06-01T00:00:00.000+08:00");
    d = rig_document(&r, "/api/v1/bulletins");
    assert_json(d, "items/0/period", "2026-05");
    rig_stop(&r);
}

static void test_year__a_measure_is_confirmed_or_set(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, ISSUE_DAY "x0", NULL);
    rig_issue(&r);
    const char *path = "/api/v1/tasks/" TESTS "/measure";
    const qk_json_value *d = rig_document(&r, "/api/v1/tasks/" TESTS);
    assert_json(d, "binding", "proposed");
    assert_json(d, "measure/ledger", "nrmm_test");
    assert_json(rig_document(&r, "/api/v1/tasks/2026-1-g0"), "measure/measure", "air.mean");
    d = rig_changed(&r, "PUT", path, "{\"row_version\":1,\"measure\":null}");
    assert_json(d, "binding", "confirmed");
    assert_json(d, "measure/ledger", "nrmm_test");
    rig_refused(&r, "PUT", path, "{\"row_version\":2,\"measure\":{\"measure\":\"dice\"}}", 400);
    rig_refused(
        &r, "PUT", path,
        "{\"row_version\":2,\"measure\":{\"measure\":\"ledger.count\",\"ledger\":\"none\"}}", 400);
    rig_refused(&r, "PUT", path,
                "{\"row_version\":2,\"measure\":{\"measure\":\"ledger.count\",\"ledger\":"
                "\"nrmm_test\",\"where\":[[\"colour\",\"=\",\"red\"]]}}",
                400);
    /* Only tests that were passed count. */
    rig_changed(&r, "PUT", path,
                "{\"row_version\":2,\"measure\":{\"measure\":\"ledger.count\",\"ledger\":"
                "\"nrmm_test\",\"where\":[[\"result\",\"=\",\"fail\"]],\"date\":\"date\","
                "\"period\":\"year\"}}");
    test_machines(&r, 0, 5);
    rig_clock(&r, "2026-05-26T09:00:00");
    assert_json(line_of(rig_document(&r, "/api/v1/schedule/2026-05"), TESTS), "actual", "0");
    rig_stop(&r);
}

static void test_year__answers_have_the_shapes_of_the_document(void **state)
{
    (void)state;
    static const struct {
        const char *path, *schema;
    } answers[] = {{"/api/v1/schedule", "MonthList"},         {"/api/v1/schedule/2026-05", "Month"},
                   {"/api/v1/schedule/2026-06", "Month"},     {"/api/v1/bulletins", "BulletinList"},
                   {"/api/v1/bulletins/1", "BulletinDetail"}, {"/api/v1/measures", "MeasureNames"}};
    rig r;
    rig_start(&r, ISSUE_DAY "x0", NULL);
    rig_issue(&r);
    rig_clock(&r, "2026-06-25T09:00:00");
    schema_check check = {.api = rig_document(&r, "/api/v1/openapi.json")};
    for (size_t i = 0; i < QK_ARRAY_COUNT(answers); i++) {
        char ref[80];
        snprintf(ref, sizeof ref, "#/components/schemas/%s", answers[i].schema);
        const qk_json_value *d = rig_document(&r, answers[i].path);
        if (!schema_fits(&check, schema_resolve(&check, qk_str_of(ref)), d, answers[i].path))
            fail_msg("%s", check.fault);
    }
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S010_year__120_of_274_at_mid_year_is_behind),
        qk_dir_test(test_S010_year__an_open_task_is_red_on_the_day_after),
        qk_dir_test(test_S009_year__only_what_is_due_is_asked_and_counted_by_unit),
        qk_dir_test(test_year__what_comes_after_noon_is_late),
        qk_dir_test(test_year__an_amendment_leaves_old_months_as_they_were),
        qk_dir_test(test_S009_S218_year__the_bulletin_is_the_same_whenever_it_is_made),
        qk_dir_test(test_year__number_and_office_of_a_bulletin_are_settings_with_history),
        qk_dir_test(test_year__a_restart_loses_no_timer),
        qk_dir_test(test_year__a_measure_is_confirmed_or_set),
        qk_dir_test(test_year__answers_have_the_shapes_of_the_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
