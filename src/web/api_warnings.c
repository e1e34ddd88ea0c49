/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings of heavy pollution: proposed from a signed minute, approved by leaders. */
#include "domain/ruleset.h"
#include "domain/warning_ease.h"
#include "domain/warnings.h"
#include "web/air_figures.h"
#include "web/api.h"
#include "web/change.h"

static int32_t day_of(const qk_exchange *x, const char *name, int32_t otherwise)
{
    return qk_query_given(x, name) ? qk_day_number(qk_query_time(x, name, 0)) : otherwise;
}

qk_code qk_api_warnings(qk_exchange *x, qk_error *err)
{
    const qk_warning_filter f = {day_of(x, "issued", INT32_MIN), day_of(x, "from", INT32_MIN),
                                 day_of(x, "to", INT32_MAX), (size_t)qk_query_int(x, "limit", 100)};
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    QK_TRY(qk_warnings_write_list(&x->json, x->tools->db, &f, err));
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_warning(qk_exchange *x, qk_error *err)
{
    return qk_warnings_write_one(&x->json, x->tools->db, x->args[0], err);
}

/* ---- changes ---- */

typedef struct warning_change {
    qk_warning_new made;
    qk_warning_act act;
    qk_warning_ease_act ease;
    char person[QK_AIR_PERSON_MAX];
} warning_change;

/* What the domain refuses, in the words of the API. */
static qk_code tell_refusal(qk_exchange *x, qk_code code)
{
    if (code == QK_EINVAL) x->status = 422;
    if (code == QK_EDENIED || code == QK_EEXIST) x->status = 409;
    return code;
}

static void note_warning(qk_change_note *note, const char *what, qk_str id)
{
    snprintf(note->what, sizeof note->what, "%s", what);
    snprintf(note->object, sizeof note->object, "warning/%.*s", (int)(id.len < 40 ? id.len : 40),
             id.ptr);
}

static qk_code propose(qk_exchange *x, void *context, qk_db *db, qk_time now, qk_change_note *note,
                       qk_error *err)
{
    warning_change *c = context;
    qk_rules *rules = NULL;
    char id[QK_WARNING_ID_MAX];
    QK_TRY(qk_ruleset_load(&rules, db, QK_TIME_NONE, &x->arena, err));
    c->made.rule = qk_rules_warning_on(rules, c->made.issued + 1);
    if (!c->made.rule) return qk_fail(err, QK_ENOTFOUND, "no rule of warnings is in force");
    QK_TRY(tell_refusal(x, qk_warnings_propose(id, db, &c->made, qk_str_of(c->person), now, err)));
    note_warning(note, "warning.propose", qk_str_of(id));
    return qk_warnings_write_one(&x->json, db, qk_str_of(id), err);
}

/* A date of the body; *day stays 0 where none stands. */
static qk_code read_date(int32_t *day, qk_exchange *x, const qk_json_value *body, const char *name,
                         qk_error *err)
{
    qk_time at = 0;
    qk_str text = qk_json_get_str(body, name);
    if (!text.len) return QK_OK;
    if (qk_time_parse(&at, text) != QK_OK)
        return qk_refuse(x, err, 400, "bad_body", name, "'%s' is a date", name);
    *day = qk_day_number(at);
    return QK_OK;
}

qk_code qk_api_warning_post(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"issued", "level",  "from", "to",
                                          "reason", "person", NULL};
    const qk_json_value *body = NULL;
    warning_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(qk_air_person(c.person, x, body, true, err));
    QK_TRY(read_date(&c.made.issued, x, body, "issued", err));
    QK_TRY(read_date(&c.made.from_day, x, body, "from", err));
    QK_TRY(read_date(&c.made.to_day, x, body, "to", err));
    if (!c.made.issued) return qk_refuse(x, err, 400, "bad_body", "issued", "'issued' is a date");
    c.made.reason = qk_json_get_str(body, "reason");
    qk_str level = qk_json_get_str(body, "level");
    if (level.len && (qk_warning_level_find(&c.made.level, level) != QK_OK || !c.made.level))
        return qk_refuse(x, err, 400, "bad_body", "level", "yellow, orange or red");
    return qk_change_run(x, propose, &c, err);
}

static qk_code step(qk_exchange *x, void *context, qk_db *db, qk_time now, qk_change_note *note,
                    qk_error *err)
{
    warning_change *c = context;
    qk_json_writer w;
    c->act.who = qk_str_of(c->person);
    QK_TRY(tell_refusal(x, qk_warnings_step(db, x->args[0], &c->act, now, err)));
    note_warning(note, "warning.step", x->args[0]);
    qk_json_init(&w, &note->detail);
    qk_json_object(&w);
    qk_json_kstr(&w, "action", c->act.action);
    qk_json_kcstr(&w, "person", c->person);
    qk_json_end(&w);
    return qk_warnings_write_one(&x->json, db, x->args[0], err);
}

qk_code qk_api_warning_step(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"action", "text", "person", NULL};
    const qk_json_value *body = NULL;
    warning_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(qk_air_person(c.person, x, body, true, err));
    c.act = (qk_warning_act){.action = qk_json_get_str(body, "action"),
                             .text = qk_json_get_str(body, "text")};
    return qk_change_run(x, step, &c, err);
}

static qk_code ease(qk_exchange *x, void *context, qk_db *db, qk_time now, qk_change_note *note,
                    qk_error *err)
{
    warning_change *c = context;
    qk_json_writer w;
    c->ease.who = qk_str_of(c->person);
    QK_TRY(tell_refusal(x, qk_warning_ease_step(db, x->args[0], &c->ease, now, err)));
    note_warning(note, "warning.ease", x->args[0]);
    qk_json_init(&w, &note->detail);
    qk_json_object(&w);
    qk_json_ki64(&w, "ease", c->ease.ease);
    qk_json_kstr(&w, "action", c->ease.action);
    qk_json_kcstr(&w, "person", c->person);
    qk_json_end(&w);
    return qk_warnings_write_one(&x->json, db, x->args[0], err);
}

qk_code qk_api_warning_ease(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"ease", "action", "text", "person", NULL};
    const qk_json_value *body = NULL;
    warning_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(qk_air_person(c.person, x, body, true, err));
    c.ease = (qk_warning_ease_act){.action = qk_json_get_str(body, "action"),
                                   .text = qk_json_get_str(body, "text")};
    if (!qk_json_get_i64(body, "ease", &c.ease.ease))
        return qk_refuse(x, err, 400, "bad_body", "ease", "'ease' says which proposal was seen");
    return qk_change_run(x, ease, &c, err);
}
