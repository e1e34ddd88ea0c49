/* SPDX-License-Identifier: Apache-2.0 */
/* Cases, consequences and the release from seasonal regulation (domain/cases.h). */
#include "domain/cases.h"
#include "domain/regulation.h"
#include "web/air_figures.h"
#include "web/api.h"
#include "web/change.h"

static qk_scheduler *scheduler_of(const qk_exchange *x)
{
    return qk_node_scheduler(x->context->node);
}

/* A step that the loop does not allow is 422, with what it does allow. */
static qk_code refuse_step(qk_exchange *x, qk_code code)
{
    if (code != QK_EDENIED && code != QK_EINVAL) return code;
    x->status = 422;
    x->error_code = "step_refused";
    return code;
}

/* ---- whose rows ---- */

static bool may_see_case(void *context, qk_str unit)
{
    return qk_rights_may(context, QK_ACT_CASE_VIEW, unit);
}

static bool may_see_task(void *context, qk_str unit)
{
    return qk_rights_may(context, QK_ACT_TASK_VIEW, unit);
}

/* A case that may not be seen is not there. */
static qk_code need_case(qk_exchange *x, qk_db *db, qk_action action, qk_error *err)
{
    char unit[64];
    bool desk = false;
    QK_TRY(qk_case_unit(unit, &desk, db, x->args[0], err));
    if (!qk_rights_may(x, QK_ACT_CASE_VIEW, qk_str_of(unit)))
        return qk_fail(err, QK_ENOTFOUND, "there is no such case");
    if (desk && action == QK_ACT_CASE_MANAGE)
        return qk_rights_need(x, QK_ACT_TASK_MANAGE, QK_STR(""), err);
    return qk_rights_need(x, action, qk_str_of(unit), err);
}

/* ---- reading ---- */

qk_code qk_api_cases(qk_exchange *x, qk_error *err)
{
    qk_case_filter f = {.kind = qk_query_str(x, "kind"),
                        .state = qk_query_str(x, "state"),
                        .unit = qk_query_str(x, "unit"),
                        .object = qk_query_str(x, "object"),
                        .late_at = qk_query_given(x, "late")
                                       ? qk_clock_now(qk_node_clock(x->context->node))
                                       : QK_TIME_NONE,
                        .after = qk_query_str(x, "after"),
                        .limit = (size_t)qk_query_int(x, "limit", 200)};
    if (qk_rights_scope(x, QK_ACT_CASE_VIEW) != QK_SCOPE_ALL) {
        f.may = may_see_case;
        f.may_context = x;
    }
    return qk_cases_write_list(&x->json, x->tools->db, &f, err);
}

qk_code qk_api_case(qk_exchange *x, qk_error *err)
{
    QK_TRY(need_case(x, x->tools->db, QK_ACT_CASE_VIEW, err));
    return qk_cases_write_one(&x->json, x->tools->db, x->args[0], err);
}

qk_code qk_api_consequences(qk_exchange *x, qk_error *err)
{
    qk_case_filter f = {.unit = qk_query_str(x, "unit"),
                        .state = qk_query_str(x, "state"),
                        .may = may_see_task,
                        .may_context = x};
    return qk_consequences_write_list(&x->json, x->tools->db, &f, err);
}

/* ---- changing ---- */

typedef struct case_change {
    qk_case_new made;
    qk_case_act act;
    qk_consequence_act turn;
    qk_rung rung;
    qk_buf evidence;
    char person[QK_AIR_PERSON_MAX];
} case_change;

static void note_case(qk_change_note *note, const char *what, const char *kind, qk_str id)
{
    snprintf(note->what, sizeof note->what, "%s", what);
    snprintf(note->object, sizeof note->object, "%s/%.*s", kind, (int)(id.len < 48 ? id.len : 48),
             id.ptr);
}

static qk_code open_case(qk_exchange *x, void *context, qk_db *db, qk_time now,
                         qk_change_note *note, qk_error *err)
{
    case_change *c = context;
    char id[QK_CASE_ID_MAX];
    bool made = false;
    QK_TRY(refuse_step(
        x, qk_case_open(id, &made, db, scheduler_of(x), &c->made, qk_str_of(c->person), now, err)));
    note_case(note, made ? "case.open" : "case.meet", "case", qk_str_of(id));
    return qk_cases_write_one(&x->json, db, qk_str_of(id), err);
}

qk_code qk_api_case_post(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"kind",  "cause", "object", "unit",     "site",
                                          "title", "text",  "person", "dispatch", NULL};
    const qk_json_value *body = NULL;
    case_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    c.made = (qk_case_new){.kind = qk_json_get_str(body, "kind"),
                           .cause = qk_json_get_str(body, "cause"),
                           .object = qk_json_get_str(body, "object"),
                           .unit = qk_json_get_str(body, "unit"),
                           .site = qk_json_get_str(body, "site"),
                           .title = qk_json_get_str(body, "title"),
                           .text = qk_json_get_str(body, "text"),
                           .dispatch = qk_json_get_bool(body, "dispatch", false)};
    return qk_change_run(x, open_case, &c, err);
}

static bool is_file_name(const qk_json_value *v)
{
    if (v->type != QK_JSON_STRING || v->text.len != 64) return false;
    for (size_t i = 0; i < v->text.len; i++) {
        char ch = v->text.ptr[i];
        if (!qk_is_digit(ch) && !(ch >= 'a' && ch <= 'f')) return false;
    }
    return true;
}

static qk_code read_evidence(case_change *c, qk_exchange *x, const qk_json_value *list,
                             qk_error *err)
{
    qk_json_writer w;
    if (!list) return QK_OK;
    if (list->type != QK_JSON_ARRAY || list->count > 20)
        return qk_refuse(x, err, 400, "bad_body", "evidence", "a list of at most 20 files");
    qk_json_init(&w, &c->evidence);
    qk_json_array(&w);
    for (const qk_json_value *v = list->first; v; v = v->next) {
        if (!is_file_name(v))
            return qk_refuse(x, err, 400, "bad_body", "evidence", "files by their SHA-256");
        qk_json_str(&w, v->text);
    }
    qk_json_end(&w);
    c->act.evidence = qk_buf_str(&c->evidence);
    return QK_OK;
}

static int64_t seen_of(const qk_json_value *body)
{
    int64_t seen = -1;
    return qk_json_get_i64(body, "row_version", &seen) ? seen : -1;
}

/* Steps of who handles the case; the others are of who manages it. */
static bool works_on(qk_str action)
{
    return qk_str_eq(action, QK_STR("sign")) || qk_str_eq(action, QK_STR("arrive")) ||
           qk_str_eq(action, QK_STR("feed_back")) || qk_str_eq(action, QK_STR("note"));
}

static qk_code step_case(qk_exchange *x, void *context, qk_db *db, qk_time now,
                         qk_change_note *note, qk_error *err)
{
    case_change *c = context;
    c->act.who = qk_str_of(c->person);
    QK_TRY(need_case(x, db, works_on(c->act.action) ? QK_ACT_CASE_WORK : QK_ACT_CASE_MANAGE, err));
    QK_TRY(refuse_step(x, qk_case_step(db, scheduler_of(x), x->args[0], &c->act, now, err)));
    note_case(note, "case.step", "case", x->args[0]);
    qk_json_writer w;
    qk_json_init(&w, &note->detail);
    qk_json_object(&w);
    qk_json_kstr(&w, "action", c->act.action);
    qk_json_end(&w);
    return qk_cases_write_one(&x->json, db, x->args[0], err);
}

qk_code qk_api_case_step(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"action", "text",        "evidence", "other",
                                          "unit",   "row_version", "person",   NULL};
    const qk_json_value *body = NULL;
    case_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    c.act = (qk_case_act){.action = qk_json_get_str(body, "action"),
                          .text = qk_json_get_str(body, "text"),
                          .other = qk_json_get_str(body, "other"),
                          .unit = qk_json_get_str(body, "unit"),
                          .seen = seen_of(body)};
    qk_buf_init(&c.evidence, QK_CASE_TEXT_MAX);
    qk_code code = read_evidence(&c, x, qk_json_get(body, "evidence"), err);
    if (!code) code = qk_change_run(x, step_case, &c, err);
    qk_buf_clear(&c.evidence);
    return code;
}

/* ---- consequences ---- */

static qk_code propose(qk_exchange *x, void *context, qk_db *db, qk_time now, qk_change_note *note,
                       qk_error *err)
{
    const case_change *c = context;
    char id[QK_CONSEQUENCE_ID_MAX];
    QK_TRY(refuse_step(x, qk_consequence_propose(id, db, x->args[0], c->made.unit, c->rung,
                                                 c->made.text, qk_str_of(c->person), now, err)));
    note_case(note, "consequence.propose", "consequence", qk_str_of(id));
    return qk_cases_write_one(&x->json, db, x->args[0], err);
}

qk_code qk_api_consequence_post(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"rung", "unit", "text", "person", NULL};
    const qk_json_value *body = NULL;
    case_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    if (!qk_rung_find(&c.rung, qk_json_get_str(body, "rung")))
        return qk_refuse(x, err, 400, "bad_body", "rung",
                         "remind, notice, talk, inspect, fund, approval_stop or account");
    c.made.unit = qk_json_get_str(body, "unit");
    c.made.text = qk_json_get_str(body, "text");
    return qk_change_run(x, propose, &c, err);
}

/* An account approves what its roles let it; behind a shared key the script says as whom. */
static qk_approver approver_of(const qk_exchange *x, const qk_json_value *body)
{
    qk_str as = qk_json_get_str(body, "as");
    bool person = x->actor.kind == QK_ACTOR_ACCOUNT || x->actor.kind == QK_ACTOR_DEMO;
    bool leads = !person || qk_rights_scope(x, QK_ACT_LEAD_APPROVE) == QK_SCOPE_ALL;
    bool directs = !person || qk_rights_scope(x, QK_ACT_TASK_APPROVE) == QK_SCOPE_ALL;
    if (leads && (qk_str_eq(as, QK_STR("leader")) || (person && !directs)))
        return QK_APPROVER_LEADER;
    if (directs && (person || qk_str_eq(as, QK_STR("director")))) return QK_APPROVER_DIRECTOR;
    return QK_APPROVER_NONE;
}

static qk_code turn_consequence(qk_exchange *x, void *context, qk_db *db, qk_time now,
                                qk_change_note *note, qk_error *err)
{
    case_change *c = context;
    c->turn.who = qk_str_of(c->person);
    if (c->turn.approver == QK_APPROVER_NONE)
        QK_TRY(qk_rights_need(x, QK_ACT_TASK_MANAGE, QK_STR(""), err));
    QK_TRY(
        refuse_step(x, qk_consequence_step(db, scheduler_of(x), x->args[0], &c->turn, now, err)));
    note_case(note, "consequence.step", "consequence", x->args[0]);
    qk_json_writer w;
    qk_json_init(&w, &note->detail);
    qk_json_object(&w);
    qk_json_kstr(&w, "action", c->turn.action);
    qk_json_kcstr(&w, "person", c->person);
    qk_json_end(&w);
    qk_case_filter f = {.may = may_see_task, .may_context = x};
    return qk_consequences_write_list(&x->json, db, &f, err);
}

qk_code qk_api_consequence_step(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"action",      "text",   "as", "lift_at",
                                          "row_version", "person", NULL};
    const qk_json_value *body = NULL;
    case_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(qk_air_person(c.person, x, body, true, err));
    qk_str lift = qk_json_get_str(body, "lift_at");
    c.turn = (qk_consequence_act){.action = qk_json_get_str(body, "action"),
                                  .text = qk_json_get_str(body, "text"),
                                  .approver = approver_of(x, body),
                                  .lift_at = QK_TIME_NONE,
                                  .seen = seen_of(body)};
    if (lift.len && qk_time_parse(&c.turn.lift_at, lift) != QK_OK)
        return qk_refuse(x, err, 400, "bad_body", "lift_at", "lift_at is an instant");
    return qk_change_run(x, turn_consequence, &c, err);
}

/* ---- seasonal regulation ---- */

static qk_code release(qk_exchange *x, void *context, qk_db *db, qk_time now, qk_change_note *note,
                       qk_error *err)
{
    const case_change *c = context;
    int64_t row = 0;
    if (qk_parse_i64(&row, x->args[0]) != QK_OK)
        return qk_fail(err, QK_ENOTFOUND, "rows of the list have numbers");
    QK_TRY(refuse_step(
        x, qk_regulation_release(db, row, qk_str_of(c->person), c->made.text, now, err)));
    note_case(note, "regulation.release", "ledger/seasonal_regulation", x->args[0]);
    qk_json_object(&x->json);
    qk_json_ki64(&x->json, "id", row);
    qk_json_kcstr(&x->json, "state", "released");
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_regulation_release(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"reason", "as", "person", NULL};
    const qk_json_value *body = NULL;
    case_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(qk_air_person(c.person, x, body, true, err));
    if (approver_of(x, body) == QK_APPROVER_NONE)
        return qk_refuse(x, err, 422, "step_refused", "as", "a director or a county leader signs");
    c.made.text = qk_json_get_str(body, "reason");
    return qk_change_run(x, release, &c, err);
}
