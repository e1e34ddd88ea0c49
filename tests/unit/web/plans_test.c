/* SPDX-License-Identifier: Apache-2.0 */
/* The library of plans through the API: upload, review, issue, and what is refused. */
#include "plan_rig.h"
#include "schema_check.h"

#define PLAN "/api/v1/plans/2026-1"

static void upload_plan(rig *r)
{
    reply got =
        rig_upload(r, "/api/v1/plans?name=plan.txt", "text/plain", qk_str_of(rig_plan), "upload");
    if (got.status != 200) fail_msg("%d %.400s", got.status, got.body);
    assert_json(rig_json(r, &got), "id", "2026-1");
}

static const qk_json_value *item_of(rig *r, const char *path)
{
    const qk_json_value *d = rig_document(r, PLAN "/items");
    for (const qk_json_value *i = qk_json_get(d, "items")->first; i; i = i->next)
        if (rig_is(i, "path", path)) return i;
    fail_msg("no item %s", path);
    return NULL;
}

static void test_S001_plans__a_text_becomes_items_with_their_places(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    upload_plan(&r);
    const qk_json_value *d = rig_document(&r, PLAN);
    assert_json(d, "status", "review");
    assert_json(d, "title", "青泽县2026年大气污染防治实施方案");
    assert_json(d, "kinds/task", "3");
    assert_json(d, "kinds/target", "2");
    assert_json(d, "kinds/safeguard", "1");
    assert_json(d, "file/name", "plan.txt");
    d = item_of(&r, "tasks[1].indicators[0]");
    assert_json(d, "kind", "indicator");
    assert_json(d, "data/value", "274");
    assert_json(d, "state", "proposed");
    /* The place is the sentence, counted in characters. */
    const qk_json_value *text = rig_document(&r, PLAN "/text");
    int64_t from = 0, to = 0, n = 0;
    assert_ok(qk_parse_i64(&from, rig_at(d, "fields/text/0/0")->text));
    assert_ok(qk_parse_i64(&to, rig_at(d, "fields/text/0/1")->text));
    qk_str whole = qk_json_get_str(text, "text"), rest = whole;
    const char *start = NULL, *end = NULL;
    for (size_t used; rest.len; n++, rest.ptr += used, rest.len -= used) {
        if (n == from) start = rest.ptr;
        if (n == to) end = rest.ptr;
        (void)qk_utf8_next(rest, &used);
    }
    qk_str quoted = {start, (size_t)(end - start)};
    assert_true(qk_str_eq(quoted, QK_STR("完成非道路移动机械抽测274台")));
    assert_int_equal(qk_json_get(rig_at(text, "lines"), "x") == NULL, 1);
    assert_json(text, "lines/0/to", "18");
    rig_stop(&r);
}

static void test_plans__a_lead_is_corrected_with_its_history(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    upload_plan(&r);
    const char *path = PLAN "/items/tasks%5B2%5D.lead";
    const qk_json_value *d = rig_changed(&r, "PUT", path,
                                         "{\"row_version\":1,\"action\":\"correct\",\"data\":["
                                         "\"县城市管理局\"],\"note\":\"补牵头\"}");
    assert_json(d, "data/0", "县城市管理局");
    assert_json(d, "state", "corrected");
    d = rig_document(&r, PLAN "/items/tasks%5B2%5D.lead/history");
    assert_json(d, "total", "2");
    assert_json(d, "items/0/data/0", "县城市管理局");
    assert_json(d, "items/1/data/0", "absent");
    assert_json(d, "items/1/state", "proposed");
    /* What does not fit is refused, and somebody else's change is not written over. */
    rig_refused(&r, "PUT", path, "{\"row_version\":1,\"action\":\"accept\"}", 409);
    rig_refused(&r, "PUT", path, "{\"row_version\":2,\"action\":\"correct\",\"data\":[1]}", 400);
    rig_refused(&r, "PUT", path, "{\"row_version\":2,\"action\":\"burn\"}", 400);
    rig_refused(&r, "PUT", PLAN "/items/tasks%5B2%5D.wishes",
                "{\"row_version\":0,\"action\":"
                "\"correct\",\"data\":[]}",
                404);
    /* A task is split: the second half is added behind the others. */
    d = rig_changed(&r, "PUT", PLAN "/items/tasks%5B3%5D",
                    "{\"row_version\":0,\"action\":\"correct\",\"data\":{\"no\":\"3b\",\"section\":"
                    "null,\"title\":\"大型餐饮在线监测\"}}");
    assert_json(d, "kind", "task");
    rig_changed(&r, "PUT", PLAN "/items/tasks%5B3%5D.lead",
                "{\"row_version\":0,\"action\":\"correct\",\"data\":[\"县城市管理局\"]}");
    rig_refused(&r, "PUT", PLAN "/items/tasks%5B9%5D.lead",
                "{\"row_version\":0,\"action\":\"correct\",\"data\":[\"县城市管理局\"]}", 404);
    rig_stop(&r);
}

static void settle_findings(rig *r)
{
    char path[80];
    const qk_json_value *d = rig_document(r, PLAN "/findings");
    for (const qk_json_value *f = qk_json_get(d, "items")->first; f; f = f->next) {
        snprintf(path, sizeof path, PLAN "/findings/%.*s", QK_STR_ARG(qk_json_get(f, "no")->text));
        rig_changed(r, "PUT", path,
                    "{\"row_version\":1,\"action\":\"ask\",\"answer\":\"请起草单位说明\"}");
        rig_changed(r, "PUT", path,
                    "{\"row_version\":2,\"action\":\"answer\",\"answer\":\"已说明，不改\"}");
    }
}

static void test_plans__no_issue_before_the_review_is_done(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    upload_plan(&r);
    static const char issue[] = "{\"row_version\":1,\"status\":\"issued\"}";
    const qk_json_value *d = rig_refused(&r, "PUT", PLAN, issue, 422);
    assert_non_null(strstr(rig_at(d, "error/message_en")->text.ptr, "not reviewed"));
    rig_changed(&r, "POST", PLAN "/accept", "{}");
    settle_findings(&r);
    d = rig_refused(&r, "PUT", PLAN, issue, 422);
    assert_non_null(strstr(rig_at(d, "error/message_en")->text.ptr, "1 tasks have no lead: 3"));
    /* A signed exception needs its reason. */
    rig_refused(&r, "PUT", PLAN,
                "{\"row_version\":1,\"status\":\"issued\",\"exceptions\":[\"tasks[2]\"]}", 400);
    d = rig_changed(&r, "PUT", PLAN,
                    "{\"row_version\":1,\"status\":\"issued\",\"doc_no\":\"青政办〔2026〕5号\","
                    "\"issued\":\"2026-04-22\",\"exceptions\":[\"tasks[2]\"],\"reason\":\"两家共同"
                    "负责\"}");
    assert_json(d, "status", "issued");
    assert_json(d, "doc_no", "青政办〔2026〕5号");
    assert_json(d, "issued", "2026-04-22");
    /* The review is over. */
    rig_refused(&r, "PUT", PLAN "/items/title", "{\"row_version\":2,\"action\":\"accept\"}", 422);
    rig_refused(&r, "PUT", PLAN, "{\"row_version\":2,\"status\":\"review\"}", 422);
    d = rig_document(&r, "/api/v1/audit");
    assert_true(rig_at(d, "items/0/what") != NULL);
    rig_stop(&r);
}

static void refuse_upload(rig *r, const char *type, qk_str file, int status, const char *words)
{
    static int n;
    char key[32];
    snprintf(key, sizeof key, "bad-%d", n++);
    reply got = rig_upload(r, "/api/v1/plans?name=x", type, file, key);
    if (got.status != status) fail_msg("%d, not %d: %.300s", got.status, status, got.body);
    if (!strstr(got.body, words)) fail_msg("'%s' is not said: %.300s", words, got.body);
}

static void test_plans__what_is_no_plan_is_refused_with_the_reason(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    size_t much = 50u << 20;
    char *rubbish = malloc(much);
    assert_non_null(rubbish);
    for (size_t i = 0; i < much; i++) rubbish[i] = (char)(i * 2654435761u >> 13);
    refuse_upload(&r, "application/octet-stream", (qk_str){rubbish, much}, 413, "plan_unreadable");
    refuse_upload(&r, "application/octet-stream", (qk_str){rubbish, 1 << 20}, 422,
                  "plan_unreadable");
    free(rubbish);
    refuse_upload(&r, "text/plain", QK_STR("今天天气很好，我们去公园。"), 422, "plan_unreadable");
    refuse_upload(&r, "application/pdf", QK_STR("%PDF-1.4 nothing"), 422, "pdf");
    refuse_upload(&r, "application/octet-stream", QK_STR("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), 422,
                  "docx");
    refuse_upload(&r, "image/png", QK_STR("\x89PNG"), 415, "media_type");
    refuse_upload(&r, "text/plain", QK_STR(""), 400, "bad_body");
    reply got = rig_ask(&r, "POST", "/api/v1/plans?name=x", NULL, "{}");
    assert_int_equal(got.status, 401);
    assert_json(rig_document(&r, "/api/v1/plans"), "total", "0");
    rig_stop(&r);
}

static void test_plans__a_draft_for_comments_stays_one(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    char *text = qk_arena_printf(&r.arena, "青泽县2026年大气污染防治实施方案（征求意见稿）%s",
                                 strchr(rig_plan, '\n'));
    reply got = rig_upload(&r, "/api/v1/plans?name=d.txt", "text/plain", qk_str_of(text), "k");
    assert_int_equal(got.status, 200);
    assert_json(rig_json(&r, &got), "status", "draft");
    rig_refused(&r, "PUT", PLAN, "{\"row_version\":1,\"status\":\"issued\"}", 422);
    rig_changed(&r, "PUT", PLAN, "{\"row_version\":1,\"status\":\"review\"}");
    rig_stop(&r);
}

static void test_plans__answers_have_the_shapes_of_the_document(void **state)
{
    (void)state;
    static const struct {
        const char *path, *schema;
    } answers[] = {{"/api/v1/plans", "PlanList"},
                   {PLAN, "Plan"},
                   {PLAN "/text", "PlanText"},
                   {PLAN "/items?kind=units&state=proposed&below=tasks%5B0%5D", "PlanItems"},
                   {PLAN "/findings", "PlanFindings"},
                   {PLAN "/findings/1/history", "PlanFindings"},
                   {PLAN "/items/title/history", "PlanItems"}};
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    upload_plan(&r);
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
        qk_dir_test(test_S001_plans__a_text_becomes_items_with_their_places),
        qk_dir_test(test_plans__a_lead_is_corrected_with_its_history),
        qk_dir_test(test_plans__no_issue_before_the_review_is_done),
        qk_dir_test(test_plans__what_is_no_plan_is_refused_with_the_reason),
        qk_dir_test(test_plans__a_draft_for_comments_stays_one),
        qk_dir_test(test_plans__answers_have_the_shapes_of_the_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
