/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks, duties and filings (domain/duties.h). */
#include "domain/deptplan.h"
#include "domain/duties.h"
#include "domain/year.h"
#include "web/api.h"
#include "web/change.h"
#include <math.h>

static qk_time now_of(const qk_exchange *x)
{
    return qk_clock_now(qk_node_clock(x->context->node));
}

static int32_t day_of(const qk_exchange *x, const char *name)
{
    qk_time t = qk_query_time(x, name, QK_TIME_NONE);
    return t == QK_TIME_NONE ? 0 : qk_day_number(t);
}

/* ---- reading ---- */

/* Whoever sees only his own rows sees tasks that one of his units owes. */
static bool may_view(void *context, qk_str unit)
{
    return qk_rights_may(context, QK_ACT_TASK_VIEW, unit);
}

static void limit_rows(qk_exchange *x, qk_task_filter *f)
{
    if (qk_rights_scope(x, QK_ACT_TASK_VIEW) == QK_SCOPE_ALL) return;
    f->may = may_view;
    f->may_context = x;
}

static qk_code write_tasks(qk_exchange *x, qk_task_filter *f, qk_error *err)
{
    qk_task_colours *colours = NULL;
    limit_rows(x, f);
    QK_TRY(qk_task_colours_load(&colours, x->tools->db, now_of(x), &x->arena, err));
    return qk_duties_write_tasks(&x->json, x->tools->db, f, qk_task_colour, colours,
                                 qk_query_str(x, "colour"), err);
}

qk_code qk_api_tasks(qk_exchange *x, qk_error *err)
{
    qk_task_filter f = {.plan = qk_query_str(x, "plan"),
                        .unit = qk_query_str(x, "unit"),
                        .role = qk_query_str(x, "role"),
                        .campaign = qk_query_str(x, "campaign"),
                        .office = qk_query_str(x, "office"),
                        .state = qk_query_str(x, "state"),
                        .kind = qk_query_str(x, "kind"),
                        .due_from = day_of(x, "due_from"),
                        .due_to = day_of(x, "due_to")};
    return write_tasks(x, &f, err);
}

qk_code qk_api_my_tasks(qk_exchange *x, qk_error *err)
{
    qk_task_filter f = {.unit = qk_query_str(x, "unit"), .state = qk_query_str(x, "state")};
    if (!f.unit.len) f.unit = qk_str_of(x->actor.unit);
    if (!f.unit.len)
        return qk_refuse(x, err, 400, "bad_parameter", "unit", "you belong to no unit: name one");
    return write_tasks(x, &f, err);
}

qk_code qk_api_task(qk_exchange *x, qk_error *err)
{
    qk_task_filter f = {0};
    bool visible = false;
    limit_rows(x, &f);
    QK_TRY(qk_duties_visible(&visible, x->tools->db, x->args[0], &f, err));
    if (!visible) return qk_fail(err, QK_ENOTFOUND, "there is no such task");
    return qk_duties_write_task(&x->json, x->tools->db, qk_node_registry(x->context->node),
                                x->args[0], qk_query_time(x, "at", now_of(x)), &x->arena, err);
}

qk_code qk_api_duties(qk_exchange *x, qk_error *err)
{
    qk_task_filter f = {.plan = qk_query_str(x, "plan"),
                        .unit = qk_query_str(x, "unit"),
                        .state = qk_query_str(x, "state")};
    limit_rows(x, &f);
    return qk_duties_write_duties(&x->json, x->tools->db, &f, err);
}

qk_code qk_api_filings(qk_exchange *x, qk_error *err)
{
    qk_task_filter f = {.plan = qk_query_str(x, "plan")};
    limit_rows(x, &f);
    return qk_duties_write_filings(&x->json, x->tools->db, &f, now_of(x), err);
}

qk_code qk_api_deptplans(qk_exchange *x, qk_error *err)
{
    qk_task_filter f = {.plan = qk_query_str(x, "plan")};
    limit_rows(x, &f);
    return qk_deptplans_write(&x->json, x->tools->db, &f, now_of(x), &x->arena, err);
}

/* ---- changing ---- */

static void note_task(qk_change_note *note, const char *what, const qk_exchange *x)
{
    qk_json_writer w;
    snprintf(note->what, sizeof note->what, "%s", what);
    snprintf(note->object, sizeof note->object, "task/%.*s", QK_STR_ARG(x->args[0]));
    qk_json_init(&w, &note->detail);
    qk_json_object(&w);
    if (x->args[1].ptr) qk_json_kstr(&w, "unit", x->args[1]);
    if (!qk_route_takes_file(x->route) && x->body.len < 8192) {
        qk_json_key(&w, "change");
        qk_json_raw(&w, x->body);
    }
    qk_json_end(&w);
}

static qk_code read_seen(qk_exchange *x, const qk_json_value *body, int64_t *seen, qk_error *err)
{
    if (qk_json_get_i64(body, "row_version", seen) && *seen >= 0) return QK_OK;
    return qk_refuse(x, err, 400, "bad_body", "row_version", "'row_version' is the version seen");
}

static qk_code change_duty(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    const qk_duty_change *c = context;
    QK_TRY(qk_duties_change(db, c, qk_str_of(x->who), now, err));
    note_task(note, "duty.change", x);
    return qk_duties_write_task(&x->json, db, qk_node_registry(x->context->node), c->obligation,
                                now, &x->arena, err);
}

qk_code qk_api_duty_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", "action", "note", NULL};
    const qk_json_value *body = NULL;
    qk_duty_change c = {.obligation = x->args[0], .unit = x->args[1]};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_seen(x, body, &c.seen, err));
    if (!qk_duty_action_of(&c.action, qk_json_get_str(body, "action")))
        return qk_refuse(x, err, 400, "bad_body", "action", "'action' is not known");
    c.note = qk_json_get_str(body, "note");
    bool own = c.action == QK_DUTY_SIGN || c.action == QK_DUTY_OBJECT;
    QK_TRY(qk_rights_need(x, own ? QK_ACT_TASK_ANSWER : QK_ACT_TASK_MANAGE, c.unit, err));
    return qk_change_run(x, change_duty, &c, err);
}

static qk_code amend_task(qk_exchange *x, void *context, qk_db *db, qk_time now,
                          qk_change_note *note, qk_error *err)
{
    const qk_amendment *a = context;
    int64_t version = 0;
    QK_TRY(qk_duties_amend(&version, db, a, qk_str_of(x->who), now, err));
    note_task(note, "task.amend", x);
    return qk_duties_write_task(&x->json, db, qk_node_registry(x->context->node), a->obligation,
                                now, &x->arena, err);
}

/* A day of the body; *has tells that it stands there. */
static qk_code read_day(qk_exchange *x, const qk_json_value *body, const char *name, bool *has,
                        qk_time *out, qk_error *err)
{
    const qk_json_value *v = qk_json_get(body, name);
    *has = v && v->type != QK_JSON_NULL;
    if (!*has) return QK_OK;
    if (v->type == QK_JSON_STRING && v->text.len == 10 && qk_time_parse(out, v->text) == QK_OK)
        return QK_OK;
    return qk_refuse(x, err, 400, "bad_body", name, "'%s' is a day like 2025-10-31", name);
}

static qk_str number_of(const qk_json_value *body, const char *name)
{
    const qk_json_value *v = qk_json_get(body, name);
    return v && v->type == QK_JSON_NUMBER ? v->text : (qk_str){NULL, 0};
}

qk_code qk_api_task_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", "office", "campaign", "state", "title",
                                          "op",          "value",  "value2",   "due",   "start",
                                          "valid_from",  "reason", NULL};
    const qk_json_value *body = NULL;
    qk_amendment a = {.obligation = x->args[0], .valid_from = QK_TIME_NONE};
    qk_time day = 0;
    bool has = false;
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_seen(x, body, &a.seen, err));
    a.office = qk_json_get_str(body, "office");
    a.campaign = qk_json_get_str(body, "campaign");
    a.state = qk_json_get_str(body, "state");
    a.title = qk_json_get_str(body, "title");
    a.op = qk_json_get_str(body, "op");
    a.value = number_of(body, "value");
    a.value2 = number_of(body, "value2");
    QK_TRY(read_day(x, body, "due", &a.has_due, &day, err));
    if (a.has_due) a.due_day = qk_day_number(day);
    QK_TRY(read_day(x, body, "start", &a.has_start, &day, err));
    if (a.has_start) a.start_day = qk_day_number(day);
    QK_TRY(read_day(x, body, "valid_from", &has, &day, err));
    if (has) a.valid_from = day;
    if ((a.value.len || a.has_due) && qk_json_get_str(body, "reason").len == 0)
        return qk_refuse(x, err, 400, "bad_body", "reason", "an amendment needs its reason");
    return qk_change_run(x, amend_task, &a, err);
}

/* ---- filing ---- */

typedef struct filing {
    qk_file_id file;
    qk_str name;
    bool late;
} filing;

static qk_code file_plan(qk_exchange *x, void *context, qk_db *db, qk_time now,
                         qk_change_note *note, qk_error *err)
{
    filing *f = context;
    qk_file_use use = {.taken_at = QK_TIME_NONE, .lon = NAN, .lat = NAN, .recorded_at = now};
    QK_TRY(
        qk_duties_file(&f->late, db, x->args[0], x->args[1], f->name, qk_str_of(x->who), now, err));
    snprintf(use.object, sizeof use.object, "filing/%.*s/%.*s", QK_STR_ARG(x->args[0]),
             QK_STR_ARG(x->args[1]));
    qk_str_copy(use.name, sizeof use.name, f->name);
    qk_str_copy(use.recorded_by, sizeof use.recorded_by, qk_str_of(x->who));
    QK_TRY(qk_file_attach(db, &use, &f->file, err));
    note_task(note, "filing.add", x);
    qk_json_object(&x->json);
    qk_json_kstr(&x->json, "obligation", x->args[0]);
    qk_json_kstr(&x->json, "unit", x->args[1]);
    qk_json_kcstr(&x->json, "state", f->late ? "late" : "filed");
    qk_json_kcstr(&x->json, "sha256", f->file.sha256);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_filing_post(qk_exchange *x, qk_error *err)
{
    filing f = {.name = qk_query_str(x, "name")};
    QK_TRY(qk_rights_need(x, QK_ACT_TASK_ANSWER, x->args[1], err));
    if (x->body.len == 0) return qk_refuse(x, err, 400, "bad_body", NULL, "the body is the file");
    if (!f.name.len) f.name = QK_STR("plan");
    QK_TRY(qk_files_put(qk_node_files(x->context->node), &f.file, x->body.ptr, x->body.len, err));
    return qk_change_run(x, file_plan, &f, err);
}
