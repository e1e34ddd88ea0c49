/* SPDX-License-Identifier: Apache-2.0 */
/* The library of plans: upload, reading, review (domain/plans.h). */
#include "domain/duties.h"
#include "domain/plans.h"
#include "web/api.h"
#include "web/change.h"

/* ---- reading ---- */

qk_code qk_api_plans(qk_exchange *x, qk_error *err)
{
    return qk_plans_write_list(&x->json, x->tools->db, err);
}

qk_code qk_api_plan(qk_exchange *x, qk_error *err)
{
    return qk_plans_write_one(&x->json, x->tools->db, x->args[0], err);
}

qk_code qk_api_plan_text(qk_exchange *x, qk_error *err)
{
    char sha256[QK_SHA256_TEXT];
    qk_buf text;
    QK_TRY(qk_plans_text_file(sha256, x->tools->db, x->args[0], err));
    qk_buf_init(&text, (size_t)64 << 20);
    qk_code code = qk_files_read(qk_node_files(x->context->node), &text, sha256, err);
    if (code == QK_OK) code = qk_plan_text_json(&x->json, qk_buf_str(&text), err);
    qk_buf_clear(&text);
    return code;
}

qk_code qk_api_plan_items(qk_exchange *x, qk_error *err)
{
    return qk_plans_write_items(&x->json, x->tools->db, x->args[0], qk_query_str(x, "kind"),
                                qk_query_str(x, "state"), qk_query_str(x, "below"), err);
}

qk_code qk_api_plan_item_history(qk_exchange *x, qk_error *err)
{
    return qk_plans_write_item_history(&x->json, x->tools->db, x->args[0], x->args[1], err);
}

qk_code qk_api_plan_findings(qk_exchange *x, qk_error *err)
{
    return qk_plans_write_findings(&x->json, x->tools->db, x->args[0], err);
}

static qk_code read_no(qk_exchange *x, int64_t *no, qk_error *err)
{
    return qk_parse_i64(no, x->args[1]) == QK_OK
               ? QK_OK
               : qk_fail(err, QK_ENOTFOUND, "findings have numbers");
}

qk_code qk_api_plan_finding_history(qk_exchange *x, qk_error *err)
{
    int64_t no = 0;
    QK_TRY(read_no(x, &no, err));
    return qk_plans_write_finding_history(&x->json, x->tools->db, x->args[0], no, err);
}

/* ---- upload ---- */

typedef struct upload {
    qk_plan_reading reading;
    qk_file_id source, text, compiled;
    qk_str name;
} upload;

static qk_code refuse_reading(qk_exchange *x, qk_code code)
{
    if (code == QK_ENOMEM || code == QK_EIO || code == QK_ENOSPC) return code;
    x->status = code == QK_EFULL ? 413 : 422;
    x->error_code = "plan_unreadable";
    return code;
}

/* A text that is no UTF-8 is kept as it was turned into it. */
static qk_code put_source(qk_files *files, upload *u, qk_str bytes, qk_error *err)
{
    qk_code code = qk_files_put(files, &u->source, bytes.ptr, bytes.len, err);
    if (code != QK_EUNSUPPORTED) return code;
    return qk_files_put(files, &u->source, u->reading.text.ptr, u->reading.text.len, err);
}

static qk_code put_files(qk_files *files, upload *u, qk_str bytes, qk_error *err)
{
    QK_TRY(qk_files_put(files, &u->text, u->reading.text.ptr, u->reading.text.len, err));
    QK_TRY(
        qk_files_put(files, &u->compiled, u->reading.compiled.ptr, u->reading.compiled.len, err));
    return put_source(files, u, bytes, err);
}

static qk_code add_plan(qk_exchange *x, void *context, qk_db *db, qk_time now, qk_change_note *note,
                        qk_error *err)
{
    upload *u = context;
    char id[QK_PLAN_ID_MAX];
    QK_TRY(qk_plans_add(id, db, &u->reading, &u->source, &u->text, &u->compiled, u->name,
                        qk_str_of(x->who), now, err));
    snprintf(note->what, sizeof note->what, "plan.add");
    snprintf(note->object, sizeof note->object, "plan/%s", id);
    qk_buf_printf(&note->detail, "{\"sha256\":\"%s\"}", u->source.sha256);
    return qk_plans_write_one(&x->json, db, qk_str_of(id), err);
}

qk_code qk_api_plan_post(qk_exchange *x, qk_error *err)
{
    upload u = {.name = qk_query_str(x, "name")};
    if (x->body.len == 0)
        return qk_refuse(x, err, 400, "bad_body", NULL, "the body is the plan's file");
    if (!u.name.len) u.name = QK_STR("plan");
    char *name = qk_arena_copy(&x->arena, u.name.ptr, u.name.len);
    if (!name) return qk_fail(err, QK_ENOMEM, "no memory for the name");
    qk_code code = qk_plan_reading_make(&u.reading, x->body, name, err);
    if (code != QK_OK) code = refuse_reading(x, code);
    if (code == QK_OK) code = put_files(qk_node_files(x->context->node), &u, x->body, err);
    if (code == QK_OK) code = qk_change_run(x, add_plan, &u, err);
    qk_plan_reading_clear(&u.reading);
    return code;
}

/* ---- review ---- */

static qk_code read_seen(qk_exchange *x, const qk_json_value *body, int64_t *seen, qk_error *err)
{
    if (qk_json_get_i64(body, "row_version", seen) && *seen >= 0) return QK_OK;
    return qk_refuse(x, err, 400, "bad_body", "row_version", "'row_version' is the version seen");
}

static qk_code read_action(qk_exchange *x, const qk_json_value *body, qk_review_action *action,
                           qk_error *err)
{
    if (qk_review_action_of(action, qk_json_get_str(body, "action"))) return QK_OK;
    return qk_refuse(x, err, 400, "bad_body", "action", "'action' is not known");
}

static void note_action(qk_change_note *note, const char *what, qk_str plan, const qk_exchange *x)
{
    qk_json_writer w;
    snprintf(note->what, sizeof note->what, "%s", what);
    snprintf(note->object, sizeof note->object, "plan/%.*s", QK_STR_ARG(plan));
    qk_json_init(&w, &note->detail);
    qk_json_object(&w);
    if (x->args[1].ptr) qk_json_kstr(&w, "of", x->args[1]);
    if (x->body.len < 8192) {
        qk_json_key(&w, "change");
        qk_json_raw(&w, x->body);
    }
    qk_json_end(&w);
}

static qk_code change_item(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    const qk_item_change *c = context;
    int64_t version = 0;
    QK_TRY(qk_plans_item_change(&version, db, c, qk_str_of(x->who), now, err));
    note_action(note, "plan.item", c->plan, x);
    return qk_plans_write_item(&x->json, db, c->plan, c->path, err);
}

qk_code qk_api_plan_item_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", "action", "data", "note", NULL};
    const qk_json_value *body = NULL;
    qk_item_change c = {.plan = x->args[0], .path = x->args[1]};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_seen(x, body, &c.seen, err));
    QK_TRY(read_action(x, body, &c.action, err));
    c.data = qk_json_get(body, "data");
    c.note = qk_json_get_str(body, "note");
    if (!c.note.len) c.note = QK_STR("");
    return qk_change_run(x, change_item, &c, err);
}

typedef struct accept_all {
    qk_str kind, below;
} accept_all;

static qk_code accept_items(qk_exchange *x, void *context, qk_db *db, qk_time now,
                            qk_change_note *note, qk_error *err)
{
    const accept_all *a = context;
    int64_t n = 0;
    QK_TRY(qk_plans_accept(&n, db, x->args[0], a->kind, a->below, qk_str_of(x->who), now, err));
    note_action(note, "plan.accept", x->args[0], x);
    qk_json_object(&x->json);
    qk_json_ki64(&x->json, "accepted", n);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_plan_accept(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"kind", "below", NULL};
    const qk_json_value *body = NULL;
    QK_TRY(qk_exchange_body(x, members, &body, err));
    accept_all a = {qk_json_get_str(body, "kind"), qk_json_get_str(body, "below")};
    return qk_change_run(x, accept_items, &a, err);
}

static qk_code change_finding(qk_exchange *x, void *context, qk_db *db, qk_time now,
                              qk_change_note *note, qk_error *err)
{
    const qk_finding_change *c = context;
    int64_t version = 0;
    QK_TRY(qk_plans_finding_change(&version, db, c, qk_str_of(x->who), now, err));
    note_action(note, "plan.finding", c->plan, x);
    qk_json_object(&x->json);
    qk_json_ki64(&x->json, "no", c->no);
    qk_json_ki64(&x->json, "row_version", version);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_plan_finding_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", "action", "answer", NULL};
    const qk_json_value *body = NULL;
    qk_finding_change c = {.plan = x->args[0]};
    QK_TRY(read_no(x, &c.no, err));
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_seen(x, body, &c.seen, err));
    QK_TRY(read_action(x, body, &c.action, err));
    c.answer = qk_json_get_str(body, "answer");
    return qk_change_run(x, change_finding, &c, err);
}

/* ---- status ---- */

static qk_code issue_plan(qk_exchange *x, qk_db *db, qk_str plan, qk_time now, qk_error *err)
{
    qk_arena arena;
    qk_issued issued;
    qk_arena_init(&arena, (size_t)256 << 20);
    qk_code code =
        qk_duties_issue(&issued, x->context->node, db, plan, qk_str_of(x->who), now, &arena, err);
    qk_arena_clear(&arena);
    return code;
}

static qk_code change_plan(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    const qk_plan_change *c = context;
    int64_t version = 0;
    char before[12], after[12];
    QK_TRY(qk_plans_status(before, db, c->plan, err));
    QK_TRY(qk_plans_change(&version, db, c, qk_str_of(x->who), now, err));
    QK_TRY(qk_plans_status(after, db, c->plan, err));
    if (strcmp(before, "issued") != 0 && strcmp(after, "issued") == 0)
        QK_TRY(issue_plan(x, db, c->plan, now, err));
    note_action(note, "plan.change", c->plan, x);
    return qk_plans_write_one(&x->json, db, c->plan, err);
}

static qk_code read_issued(qk_exchange *x, const qk_json_value *body, qk_plan_change *c,
                           qk_error *err)
{
    qk_time t = 0;
    const qk_json_value *v = qk_json_get(body, "issued");
    if (!v) return QK_OK;
    if (v->type != QK_JSON_STRING || v->text.len != 10 || qk_time_parse(&t, v->text) != QK_OK)
        return qk_refuse(x, err, 400, "bad_body", "issued", "'issued' is a day like 2025-04-20");
    c->has_issued = true;
    c->issued = qk_day_number(t);
    return QK_OK;
}

qk_code qk_api_plan_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", "status", "title",      "doc_no",
                                          "issued",      "reason", "exceptions", NULL};
    const qk_json_value *body = NULL;
    qk_plan_change c = {.plan = x->args[0]};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_seen(x, body, &c.seen, err));
    QK_TRY(read_issued(x, body, &c, err));
    c.status = qk_json_get_str(body, "status");
    c.title = qk_json_get_str(body, "title");
    c.doc_no = qk_json_get_str(body, "doc_no");
    c.reason = qk_json_get_str(body, "reason");
    c.exceptions = qk_json_get(body, "exceptions");
    if (c.exceptions && c.exceptions->type != QK_JSON_ARRAY)
        return qk_refuse(x, err, 400, "bad_body", "exceptions",
                         "'exceptions' is an array of paths");
    if (qk_str_eq(c.status, QK_STR("issued")))
        QK_TRY(qk_rights_need(x, QK_ACT_PLAN_ISSUE, (qk_str){NULL, 0}, err));
    return qk_change_run(x, change_plan, &c, err);
}
