/* SPDX-License-Identifier: Apache-2.0 */
/* Money and the assessment (domain/money.h, domain/assess.h). */
#include "domain/assess.h"
#include "domain/money.h"
#include "web/air_figures.h"
#include "web/api.h"
#include "web/change.h"

static bool may_see(void *context, qk_str unit)
{
    return qk_rights_may(context, QK_ACT_MONEY_VIEW, unit);
}

static bool may_see_task(void *context, qk_str unit)
{
    return qk_rights_may(context, QK_ACT_TASK_VIEW, unit);
}

static qk_code refuse_step(qk_exchange *x, qk_code code)
{
    if (code != QK_EDENIED && code != QK_EINVAL) return code;
    x->status = 422;
    x->error_code = "step_refused";
    return code;
}

/* ---- reading ---- */

static const qk_worktime *worktime_of(const qk_exchange *x)
{
    return qk_scheduler_worktime(qk_node_scheduler(x->context->node));
}

static qk_code write_list(qk_exchange *x, qk_db *db, qk_str period, qk_error *err)
{
    qk_money_filter f = {
        .period = period, .worktime = worktime_of(x), .may = may_see, .may_context = x};
    return qk_money_write_list(&x->json, db, &f, err);
}

qk_code qk_api_money(qk_exchange *x, qk_error *err)
{
    qk_money_filter f = {.period = qk_query_str(x, "period"),
                         .unit = qk_query_str(x, "unit"),
                         .state = qk_query_str(x, "state"),
                         .worktime = worktime_of(x),
                         .may = may_see,
                         .may_context = x};
    return qk_money_write_list(&x->json, x->tools->db, &f, err);
}

qk_code qk_api_money_line(qk_exchange *x, qk_error *err)
{
    char unit[64];
    QK_TRY(qk_money_unit(unit, x->tools->db, x->args[0], err));
    if (!may_see(x, qk_str_of(unit))) return qk_fail(err, QK_ENOTFOUND, "there is no such line");
    return qk_money_write_history(&x->json, x->tools->db, x->args[0], err);
}

qk_code qk_api_assessment(qk_exchange *x, qk_error *err)
{
    qk_assess_ask ask = {.period = qk_query_str(x, "period"),
                         .known_at = qk_query_time(x, "known_at", QK_TIME_NONE),
                         .may = may_see_task,
                         .may_context = x};
    qk_code code = qk_assess_write(&x->json, x->tools->db, &ask, err);
    if (code == QK_EINVAL)
        return qk_refuse(x, err, 400, "bad_parameter", "period",
                         "a period is a year or a half, as 2026 or 2026H1");
    return code;
}

/* ---- changing ---- */

typedef struct money_change {
    qk_str period;
    qk_money_act act;
    char person[QK_AIR_PERSON_MAX];
} money_change;

static void note_money(qk_change_note *note, const char *what, qk_str object)
{
    snprintf(note->what, sizeof note->what, "%s", what);
    snprintf(note->object, sizeof note->object, "money/%.*s",
             (int)(object.len < 48 ? object.len : 48), object.ptr);
}

static qk_code draft(qk_exchange *x, void *context, qk_db *db, qk_time now, qk_change_note *note,
                     qk_error *err)
{
    const money_change *c = context;
    qk_money_drafting got;
    QK_TRY(refuse_step(x, qk_money_draft(&got, db, c->period, qk_str_of(c->person), now, err)));
    if (got.added + got.changed)
        QK_TRY(qk_money_set_appeal_timer(qk_node_scheduler(x->context->node), db, c->period, now,
                                         err));
    note_money(note, "money.draft", c->period);
    qk_buf_printf(&note->detail, "{\"added\":%zu,\"changed\":%zu,\"differing\":%zu}", got.added,
                  got.changed, got.differing);
    qk_json_object(&x->json);
    qk_json_ki64(&x->json, "added", (int64_t)got.added);
    qk_json_ki64(&x->json, "changed", (int64_t)got.changed);
    qk_json_ki64(&x->json, "same", (int64_t)got.same);
    qk_json_ki64(&x->json, "withdrawn", (int64_t)got.withdrawn);
    qk_json_ki64(&x->json, "differing", (int64_t)got.differing);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_money_draft(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"period", "person", NULL};
    const qk_json_value *body = NULL;
    money_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    c.period = qk_json_get_str(body, "period");
    return qk_change_run(x, draft, &c, err);
}

/* Behind a shared key the script says as whom the named person acts. */
static void read_approver(qk_money_act *act, const qk_exchange *x, const qk_json_value *body)
{
    qk_str as = qk_json_get_str(body, "as");
    bool person = x->actor.kind == QK_ACTOR_ACCOUNT || x->actor.kind == QK_ACTOR_DEMO;
    act->director = person ? qk_rights_scope(x, QK_ACT_TASK_APPROVE) == QK_SCOPE_ALL
                           : qk_str_eq(as, QK_STR("director"));
    act->leader = person ? qk_rights_scope(x, QK_ACT_LEAD_APPROVE) == QK_SCOPE_ALL
                         : qk_str_eq(as, QK_STR("leader"));
}

static bool is(qk_str action, const char *name)
{
    return qk_str_eq(action, qk_str_of(name));
}

/* A township appeals against its own lines; the office decides; finance takes back. */
static qk_code need_right(qk_exchange *x, qk_db *db, const qk_money_act *act, qk_error *err)
{
    char unit[64];
    QK_TRY(qk_money_unit(unit, db, x->args[0], err));
    if (!may_see(x, qk_str_of(unit))) return qk_fail(err, QK_ENOTFOUND, "there is no such line");
    if (is(act->action, "appeal"))
        return qk_rights_need(x, QK_ACT_TASK_ANSWER, qk_str_of(unit), err);
    if (is(act->action, "reverse"))
        return qk_rights_need(x, QK_ACT_MONEY_WORK, qk_str_of(unit), err);
    return is(act->action, "approve") ? QK_OK
                                      : qk_rights_need(x, QK_ACT_TASK_MANAGE, QK_STR(""), err);
}

static qk_code step_line(qk_exchange *x, void *context, qk_db *db, qk_time now,
                         qk_change_note *note, qk_error *err)
{
    money_change *c = context;
    qk_json_writer w;
    c->act.who = qk_str_of(c->person);
    c->act.worktime = worktime_of(x);
    QK_TRY(need_right(x, db, &c->act, err));
    QK_TRY(refuse_step(x, qk_money_step(db, x->args[0], &c->act, now, err)));
    note_money(note, "money.step", x->args[0]);
    qk_json_init(&w, &note->detail);
    qk_json_object(&w);
    qk_json_kstr(&w, "action", c->act.action);
    qk_json_kcstr(&w, "person", c->person);
    qk_json_end(&w);
    return qk_money_write_history(&x->json, db, x->args[0], err);
}

qk_code qk_api_money_step(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"action", "text", "as", "row_version", "person", NULL};
    const qk_json_value *body = NULL;
    money_change c = {.act = {.seen = -1}};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(qk_air_person(c.person, x, body, true, err));
    c.act.action = qk_json_get_str(body, "action");
    c.act.text = qk_json_get_str(body, "text");
    if (!qk_json_get_i64(body, "row_version", &c.act.seen)) c.act.seen = -1;
    read_approver(&c.act, x, body);
    return qk_change_run(x, step_line, &c, err);
}

static qk_code approve_all(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    money_change *c = context;
    size_t n = 0;
    c->act.who = qk_str_of(c->person);
    QK_TRY(refuse_step(x, qk_money_approve_all(&n, db, c->period, &c->act, now, err)));
    note_money(note, "money.approve", c->period);
    qk_buf_printf(&note->detail, "{\"lines\":%zu}", n);
    return write_list(x, db, c->period, err);
}

qk_code qk_api_money_approve(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"period", "as", "person", NULL};
    const qk_json_value *body = NULL;
    money_change c = {.act = {.action = {"approve", 7}, .seen = -1}};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(qk_air_person(c.person, x, body, true, err));
    c.period = qk_json_get_str(body, "period");
    read_approver(&c.act, x, body);
    if (!c.period.len || c.act.director == c.act.leader)
        return qk_refuse(x, err, 422, "step_refused", "as",
                         "a period, and who approves: a director or a county leader");
    return qk_change_run(x, approve_all, &c, err);
}
