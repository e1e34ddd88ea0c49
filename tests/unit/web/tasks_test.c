/* SPDX-License-Identifier: Apache-2.0 */
/* An issued plan through the API: who owes what, signing, objecting, filing, amending. */
#include "plan_rig.h"
#include "schema_check.h"

#define ISSUE_DAY "2026-04-22T09:00:00"
#define FILING    "/api/v1/filings/2026-1-s0/"

static const qk_json_value *task_of(const qk_json_value *list, const char *id)
{
    for (const qk_json_value *i = qk_json_get(list, "items")->first; i; i = i->next)
        if (rig_is(i, "id", id)) return i;
    return NULL;
}

static size_t duties_of(const qk_json_value *task, const char *unit)
{
    size_t n = 0;
    for (const qk_json_value *d = qk_json_get(task, "duties")->first; d; d = d->next)
        n += rig_is(d, "unit", unit);
    return n;
}

static void test_S007_tasks__each_unit_gets_exactly_its_tasks(void **state)
{
    (void)state;
    rig r;
    char path[120];
    rig_start(&r, ISSUE_DAY "x0", NULL);
    rig_issue(&r);
    const qk_json_value *d = rig_document(&r, "/api/v1/tasks?plan=2026-1");
    assert_json(d, "total", "4");
    assert_json(task_of(d, "2026-1-t0"), "due", "2026-10-31");
    assert_json(task_of(d, "2026-1-t0"), "campaign", "（一）工业治理");
    assert_json(task_of(d, "2026-1-s0"), "kind", "filing");
    /* The township owes what falls to all townships, each once. */
    d = rig_document(&r, "/api/v1/my/tasks?unit=410001");
    assert_json(d, "total", "3");
    assert_int_equal(duties_of(task_of(d, "2026-1-t0"), "410001"), 1);
    assert_null(task_of(d, "2026-1-t1"));
    /* A department by whatever name the plan gives it. */
    const char *bureau = rig_unit(&r, "生态环境局青泽分局");
    snprintf(path, sizeof path, "/api/v1/tasks?unit=%s&role=lead", bureau);
    assert_json(rig_document(&r, path), "total", "2");
    const char *traffic = rig_unit(&r, "交通运输局");
    snprintf(path, sizeof path, "/api/v1/tasks?unit=%s", traffic);
    d = rig_document(&r, path);
    assert_json(d, "total", "2");
    assert_non_null(task_of(d, "2026-1-t1"));
    assert_non_null(task_of(d, "2026-1-s0"));
    rig_stop(&r);
}

static void test_tasks__a_task_opens_the_sentence_it_came_from(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, ISSUE_DAY "x0", NULL);
    rig_issue(&r);
    const qk_json_value *d = rig_document(&r, "/api/v1/tasks/2026-1-t1");
    assert_json(d, "source/path", "tasks[1]");
    assert_non_null(rig_at(d, "source/fields/text/0/0"));
    assert_non_null(strstr(rig_at(d, "text")->text.ptr, "抽测274台"));
    assert_json(d, "children/0/id", "2026-1-t1-i0");
    assert_json(d, "children/0/value", "274");
    assert_json(d, "children/0/due", "2026-12-31");
    /* What recurs is not held against the year as well. */
    d = rig_document(&r, "/api/v1/tasks/2026-1-t2");
    assert_json(d, "children/0/kind", "recurring");
    assert_json(d, "children/0/every", "month");
    assert_json(d, "children/1", "absent");
    /* The targets stand with the air's. */
    d = rig_document(&r, "/api/v1/air/targets");
    assert_json(d, "items/0/value", "44");
    rig_stop(&r);
}

static void test_S007_tasks__unsigned_duties_are_listed_on_the_fourth_day(void **state)
{
    (void)state;
    rig r;
    char path[200];
    rig_start(&r, ISSUE_DAY "x0", NULL);
    rig_issue(&r);
    const char *bureau = rig_unit(&r, "生态环境局青泽分局");
    const qk_json_value *d;
    snprintf(path, sizeof path, "/api/v1/tasks/2026-1-t0/duties/%s", bureau);
    rig_changed(&r, "PUT", path, "{\"row_version\":1,\"action\":\"sign\"}");
    snprintf(path, sizeof path, "/api/v1/tasks/2026-1-t1/duties/%s", bureau);
    rig_refused(&r, "PUT", path, "{\"row_version\":1,\"action\":\"object\"}", 400);
    rig_changed(&r, "PUT", path,
                "{\"row_version\":1,\"action\":\"object\",\"note\":\"抽测属交通部门\"}");
    /* It is a case for the office, which is decided at the task and not there. */
    d = rig_document(&r, "/api/v1/cases?kind=objection");
    assert_json(d, "total", "1");
    assert_json(d, "items/0/unit", bureau);
    assert_json(d, "items/0/state", "found");
    assert_json(d, "items/0/object", "obligation/2026-1-t1");
    rig_refused(&r, "POST", "/api/v1/cases/C2026-0001/steps",
                "{\"action\":\"verify\",\"row_version\":1}", 422);
    /* An objection keeps the task visible until it is decided. */
    snprintf(path, sizeof path, "/api/v1/my/tasks?unit=%s", bureau);
    assert_non_null(task_of(rig_document(&r, path), "2026-1-t1"));
    /* Wednesday 22 April: Thursday, Friday, Monday are the three days. */
    rig_clock(&r, "2026-04-27T23:59:59");
    assert_json(rig_document(&r, "/api/v1/duties?state=unsigned"), "total", "0");
    rig_clock(&r, "2026-04-28T00:00:00");
    d = rig_document(&r, "/api/v1/duties?state=unsigned");
    size_t sent = qk_json_get(rig_document(&r, "/api/v1/duties?state=sent"), "items")->count;
    assert_int_equal(qk_json_get(d, "items")->count, sent);
    assert_json(d, "items/0/overdue", "true");
    for (const qk_json_value *i = qk_json_get(d, "items")->first; i; i = i->next)
        assert_false(rig_is(i, "unit", bureau) && rig_is(i, "obligation", "2026-1-t0"));
    d = rig_document(&r, "/api/v1/events?kind=duty_unsigned");
    assert_json(d, "total", "1");
    char text[160];
    snprintf(text, sizeof text, "《青泽县2026年大气污染防治实施方案》有 %zu 项责任逾期未签收",
             sent);
    assert_json(d, "items/0/zh", text);
    /* Decided: released from it, the task is no longer theirs. */
    snprintf(path, sizeof path, "/api/v1/tasks/2026-1-t1/duties/%s", bureau);
    rig_changed(&r, "PUT", path,
                "{\"row_version\":2,\"action\":\"release\",\"note\":\"转交通运输局\"}");
    snprintf(path, sizeof path, "/api/v1/my/tasks?unit=%s", bureau);
    assert_null(task_of(rig_document(&r, path), "2026-1-t1"));
    d = rig_document(&r, "/api/v1/cases/C2026-0001");
    assert_json(d, "state", "closed");
    assert_json(d, "steps/0/text", "抽测属交通部门");
    assert_json(d, "steps/1/text", "解除责任：转交通运输局");
    rig_stop(&r);
}

static const qk_json_value *filing_of(const qk_json_value *list, const char *unit)
{
    for (const qk_json_value *i = qk_json_get(list, "items")->first; i; i = i->next)
        if (rig_is(i, "unit", unit)) return i;
    fail_msg("no filing of %s", unit);
    return NULL;
}

static void file_as(rig *r, const char *unit, int status)
{
    char path[120];
    snprintf(path, sizeof path, FILING "%s?name=own.txt", unit);
    reply got = rig_upload(r, path, "text/plain", QK_STR("本单位实施方案"), path);
    if (got.status != status) fail_msg("%s: %d %.300s", path, got.status, got.body);
}

static void test_S008_tasks__the_list_of_missing_filers_is_exact(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, ISSUE_DAY "x0", NULL);
    rig_issue(&r);
    const char *traffic = rig_unit(&r, "交通运输局"), *housing = rig_unit(&r, "住房和城乡建设局");
    const qk_json_value *d = rig_document(&r, "/api/v1/filings?plan=2026-1");
    size_t all = qk_json_get(d, "items")->count;
    assert_true(all >= 5);
    for (const qk_json_value *i = qk_json_get(d, "items")->first; i; i = i->next)
        assert_json(i, "state", "waiting");
    rig_clock(&r, "2026-05-31T23:59:59");
    file_as(&r, traffic, 200);
    file_as(&r, "nobody", 404);
    rig_clock(&r, "2026-06-01T00:00:00");
    file_as(&r, housing, 200);
    d = rig_document(&r, "/api/v1/filings?plan=2026-1");
    assert_json(filing_of(d, traffic), "state", "filed");
    assert_json(filing_of(d, traffic), "filed_at", "2026-05-31T23:59:59.000+08:00");
    assert_json(filing_of(d, traffic), "file_name", "own.txt");
    assert_json(filing_of(d, housing), "state", "late");
    size_t missing = 0;
    for (const qk_json_value *i = qk_json_get(d, "items")->first; i; i = i->next)
        missing += rig_is(i, "state", "missing");
    assert_int_equal(missing, all - 2);
    d = rig_document(&r, "/api/v1/events?kind=filing_missing");
    assert_json(d, "total", "1");
    char count[24];
    snprintf(count, sizeof count, "%zu", all - 1);
    assert_json(d, "items/0/params/count", count);
    /* Each of them has one order, who filed in time has none. */
    d = rig_document(&r, "/api/v1/cases?kind=filing");
    assert_json(d, "total", count);
    for (const qk_json_value *i = qk_json_get(d, "items")->first; i; i = i->next)
        assert_false(rig_is(i, "unit", traffic));
    assert_json(d, "items/0/due_at", "2026-06-09T00:00:00.000+08:00");
    rig_stop(&r);
}

static void test_tasks__an_amendment_is_a_version_with_its_day(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, ISSUE_DAY "x0", NULL);
    rig_issue(&r);
    const char *path = "/api/v1/tasks/2026-1-t1-i0";
    rig_refused(&r, "PUT", path, "{\"row_version\":1,\"value\":300}", 400);
    rig_refused(&r, "PUT", path, "{\"row_version\":1,\"state\":\"gone\"}", 400);
    const qk_json_value *d = rig_changed(
        &r, "PUT", path,
        "{\"row_version\":1,\"value\":300,\"valid_from\":\"2026-08-01\",\"reason\":\"加码\"}");
    assert_json(d, "value", "300");
    assert_json(d, "valid_from", "2026-08-01");
    assert_json(d, "versions/1/value", "274");
    rig_refused(&r, "PUT", path, "{\"row_version\":1,\"value\":301,\"reason\":\"x\"}", 409);
    rig_stop(&r);
}

static void test_S017_tasks__an_office_sees_only_its_tasks(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, ISSUE_DAY "x0", NULL);
    rig_issue(&r);
    rig_changed(&r, "PUT", "/api/v1/tasks/2026-1-t2", "{\"row_version\":1,\"office\":\"dust\"}");
    const qk_json_value *d = rig_document(&r, "/api/v1/tasks?office=dust");
    assert_json(d, "total", "1");
    assert_json(d, "items/0/id", "2026-1-t2");
    /* A task belongs to one campaign. */
    rig_changed(&r, "PUT", "/api/v1/tasks/2026-1-t2",
                "{\"row_version\":2,\"campaign\":\"餐饮油烟专项行动\"}");
    reply got = rig_get(&r, "/api/v1/tasks?campaign=%E9%A4%90%E9%A5%AE%E6%B2%B9%E7%83%9F%E4%B8%93%"
                            "E9%A1%B9%E8%A1%8C%E5%8A%A8");
    assert_json(rig_json(&r, &got), "total", "1");
    got = rig_get(&r, "/api/v1/tasks?campaign=%EF%BC%88%E4%B8%80%EF%BC%89%E5%B7%A5%E4%B8%9A%E6%B2%"
                      "BB%E7%90%86");
    assert_json(rig_json(&r, &got), "total", "2");
    rig_stop(&r);
}

/* The rig's plan, and a chapter that hands each department its field in running text. */
static const char fields_text[] =
    "（二）强化执法监管。县环委会各成员单位对照本方案，制定本系统2026年执法和督导计划，开展常态化监"
    "管检查。市生态环境局青泽分局牵头对工业企业达标排放、重型柴油车达标排放等情况组织开展专项执法检"
    "查"
    "。县住房和城乡建设局牵头对房屋建筑工地污染管控措施落实情况开展专项执法检查；交通部门牵头对柴油"
    "货"
    "车抛洒扬尘等情况开展专项督导，会同城市管理部门开展渣土车专项执法检查。县商务局牵头开展成品油市"
    "场"
    "专项整治行动。\n";

static const qk_json_value *department_of(const qk_json_value *list, const char *unit)
{
    for (const qk_json_value *i = qk_json_get(list, "items")->first; i; i = i->next)
        if (rig_is(i, "unit", unit)) return i;
    fail_msg("no plan of %s", unit);
    return NULL;
}

static void file_own(rig *r, const qk_json_value *department)
{
    char path[160];
    snprintf(path, sizeof path, "/api/v1/filings/%.*s/%.*s?name=own.txt",
             QK_STR_ARG(qk_json_get_str(department, "obligation")),
             QK_STR_ARG(qk_json_get_str(department, "unit")));
    reply got = rig_upload(r, path, "text/plain", QK_STR("本系统执法和督导计划"), path);
    if (got.status != 200) fail_msg("%s: %d %.300s", path, got.status, got.body);
}

static void plan_checks(rig *r, const qk_json_value *field, int planned, int done)
{
    char path[120], body[160];
    snprintf(path, sizeof path, "/api/v1/ledgers/department_plan/rows/%.*s",
             QK_STR_ARG(qk_json_get(field, "row")->text));
    snprintf(body, sizeof body, "{\"row_version\":1,\"data\":{\"planned\":%d,\"done\":%d}}",
             planned, done);
    rig_changed(r, "PUT", path, body);
}

static void test_S021_tasks__each_departments_field_is_covered_by_its_plan_or_flagged(void **state)
{
    (void)state;
    rig r;
    qk_buf text;
    qk_buf_init(&text, 1 << 16);
    qk_buf_puts(&text, rig_plan);
    qk_buf_puts(&text, fields_text);
    qk_buf_putc(&text, '\0');
    rig_start(&r, ISSUE_DAY "x0", NULL);
    rig_issue_text(&r, text.ptr);
    const char *bureau = rig_unit(&r, "生态环境局青泽分局"), *traffic = rig_unit(&r, "交通运输局"),
               *housing = rig_unit(&r, "住房和城乡建设局"), *trade = rig_unit(&r, "商务局");
    const qk_json_value *d = rig_document(&r, "/api/v1/department-plans?plan=2026-1");
    assert_json(d, "total", "4");
    assert_json(d, "items/0/title", "制定本系统2026年执法和督导计划");
    assert_json(d, "items/0/unit", bureau);
    assert_json(d, "items/0/fields/0/field", "工业企业达标排放、重型柴油车达标排放");
    assert_json(d, "items/0/fields/0/check", "专项执法检查");
    /* 交通部门 is the bureau that leads a task under its full name, with two fields of its own. */
    assert_json(department_of(d, traffic), "fields/0/field", "柴油货车抛洒扬尘");
    assert_json(department_of(d, traffic), "fields/1/field", "渣土车");
    assert_json(department_of(d, traffic), "fields/1/with", "城市管理部门");
    assert_json(department_of(d, traffic), "fields/2", "absent");
    /* No day is printed: 30 days after the issue. */
    assert_json(d, "items/0/due", "2026-05-22");
    assert_json(d, "items/0/fields/0/state", "waiting");
    /* It is a task of the department, and opens the sentence that it came from. */
    char path[120];
    snprintf(path, sizeof path, "/api/v1/tasks/%s",
             rig_at(department_of(d, trade), "obligation")->text.ptr);
    path[strlen("/api/v1/tasks/") + rig_at(department_of(d, trade), "obligation")->text.len] = 0;
    const qk_json_value *task = rig_document(&r, path);
    assert_json(task, "kind", "filing");
    assert_json(task, "text", "县商务局牵头开展成品油市场专项整治行动");
    assert_non_null(rig_at(task, "source/fields/field/0/0"));
    d = rig_document(&r, "/api/v1/department-plans");
    file_own(&r, department_of(d, bureau));
    file_own(&r, department_of(d, traffic));
    plan_checks(&r, rig_at(department_of(d, bureau), "fields/0"), 12, 5);
    plan_checks(&r, rig_at(department_of(d, traffic), "fields/1"), 4, 4);
    rig_clock(&r, "2026-05-23T00:00:01");
    d = rig_document(&r, "/api/v1/department-plans");
    assert_json(department_of(d, bureau), "fields/0/state", "covered");
    assert_json(department_of(d, bureau), "planned", "12");
    assert_json(department_of(d, bureau), "done", "5");
    /* Filed, but one of two fields is in no plan: told apart. */
    assert_json(department_of(d, traffic), "covered", "1");
    assert_json(department_of(d, traffic), "fields/0/state", "unplanned");
    assert_json(department_of(d, traffic), "fields/1/state", "covered");
    /* Not filed on the day: flagged, and an order to each. */
    assert_json(department_of(d, housing), "state", "missing");
    assert_json(department_of(d, trade), "fields/0/state", "missing");
    d = rig_document(&r, "/api/v1/cases?kind=filing");
    assert_json(d, "total", "2");
    /* A filed plan is not overdue; who has not filed is. */
    d = rig_document(&r, "/api/v1/tasks?plan=2026-1");
    assert_json(task_of(d, "2026-1-d0"), "colour", "green");
    assert_json(task_of(d, "2026-1-d1"), "colour", "red");
    qk_buf_clear(&text);
    rig_stop(&r);
}

static void test_tasks__answers_have_the_shapes_of_the_document(void **state)
{
    (void)state;
    static const struct {
        const char *path, *schema;
    } answers[] = {{"/api/v1/tasks", "TaskList"},
                   {"/api/v1/tasks?kind=indicator&state=open&due_to=2026-12-31", "TaskList"},
                   {"/api/v1/my/tasks?unit=410001", "TaskList"},
                   {"/api/v1/tasks/2026-1-t0", "TaskDetail"},
                   {"/api/v1/duties", "DutyList"},
                   {"/api/v1/filings", "FilingList"},
                   {"/api/v1/department-plans", "DepartmentPlanList"}};
    rig r;
    rig_start(&r, ISSUE_DAY "x0", NULL);
    rig_issue(&r);
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
        qk_dir_test(test_S007_tasks__each_unit_gets_exactly_its_tasks),
        qk_dir_test(test_tasks__a_task_opens_the_sentence_it_came_from),
        qk_dir_test(test_S007_tasks__unsigned_duties_are_listed_on_the_fourth_day),
        qk_dir_test(test_S008_tasks__the_list_of_missing_filers_is_exact),
        qk_dir_test(test_tasks__an_amendment_is_a_version_with_its_day),
        qk_dir_test(test_S017_tasks__an_office_sees_only_its_tasks),
        qk_dir_test(test_S021_tasks__each_departments_field_is_covered_by_its_plan_or_flagged),
        qk_dir_test(test_tasks__answers_have_the_shapes_of_the_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
