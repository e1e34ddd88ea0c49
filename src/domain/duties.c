/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/cases.h"
#include "domain/duties_private.h"
#include "domain/setting.h"
#include <stdio.h>

enum { NOTE_MAX = 2000, NAME_MAX_BYTES = 300 };

/* ---- timers ---- */

qk_code qk_duties_set_filing_timer(qk_node *node, qk_str obligation, int32_t due_day, qk_error *err)
{
    qk_time end = (qk_time)(due_day + 1) * QK_DAY - QK_CST_OFFSET;
    qk_code code =
        qk_scheduler_at(qk_node_scheduler(node), "filing.due", obligation, end, QK_STR(""), err);
    return code == QK_EEXIST ? QK_OK : code;
}

qk_code qk_duties_set_sign_timer(qk_node *node, qk_db *db, qk_str plan, qk_time now, qk_error *err)
{
    int64_t days = qk_setting_i64(db, "duty.sign_workdays", 3);
    qk_code code = qk_scheduler_after(qk_node_scheduler(node), "duty.unsigned", plan, now, days,
                                      QK_UNIT_WORKDAYS, QK_STR(""), err);
    return code == QK_EEXIST ? QK_OK : code;
}

static qk_code count_of(int64_t *out, qk_db *db, const char *sql, const char *key, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, sql, err));
    qk_db_bind_str(s, 1, qk_str_of(key));
    QK_TRY(qk_db_step(db, s, err));
    *out = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return QK_OK;
}

/* What an event says: how many, and of what by its name. */
static qk_code write_params(qk_buf *out, qk_db *db, const char *name_sql, const char *of,
                            int64_t count, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_json_writer w;
    QK_TRY(qk_db_prepare(&s, db, name_sql, err));
    qk_db_bind_str(s, 1, qk_str_of(of));
    QK_TRY(qk_db_step(db, s, err));
    qk_str name = qk_db_text(s, 0);
    if (name.len > NAME_MAX_BYTES) name.len = qk_utf8_cut((qk_str){name.ptr, NAME_MAX_BYTES});
    qk_json_init(&w, out);
    qk_json_object(&w);
    qk_json_kcstr(&w, "of", of);
    qk_json_kstr(&w, "name", name);
    qk_json_ki64(&w, "count", count);
    qk_json_end(&w);
    sqlite3_reset(s);
    return out->failed ? qk_fail(err, out->failed, "no memory for the event of %s", of) : QK_OK;
}

static qk_code tell(qk_node *node, qk_db *db, const qk_timer *timer, const char *kind,
                    const char *name_sql, int64_t count, qk_error *err)
{
    char key[120];
    qk_buf params;
    qk_buf_init(&params, 8192);
    qk_code code = write_params(&params, db, name_sql, timer->key, count, err);
    if (code) goto out;
    snprintf(key, sizeof key, "%s:%s", kind, timer->key);
    qk_event e = {.at = timer->due_at,
                  .recorded_at = timer->due_at,
                  .severity = QK_SEVERITY_WARNING,
                  .journal_pos = UINT64_MAX,
                  .key = key,
                  .params = params.ptr};
    qk_str_copy(e.kind, sizeof e.kind, qk_str_of(kind));
    code = qk_events_raise(qk_node_events(node), &e);
out:
    qk_buf_clear(&params);
    return code;
}

static qk_code sign_over(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                         qk_error *err)
{
    int64_t n = 0;
    (void)context;
    QK_TRY(count_of(&n, db,
                    "SELECT COUNT(*) FROM duty d JOIN obligation o ON o.id = d.obligation WHERE"
                    " o.plan = ?1 AND o.parent = '' AND d.state = 'sent'",
                    timer->key, err));
    if (n == 0) return QK_OK;
    return tell(node, db, timer, "duty_unsigned", "SELECT title FROM plan WHERE id = ?1", n, err);
}

typedef struct missing {
    char unit[64];
    char title[512];
} missing;

/* The next unit after `after` that stands as missing; QK_ENOTFOUND behind the last. */
static qk_code next_missing(missing *m, qk_db *db, const char *obligation, const char *after,
                            qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT p.unit, o.title FROM progress p JOIN obligation o ON o.id ="
                         " p.obligation WHERE p.obligation = ?1 AND p.month = 0 AND p.state ="
                         " 'open' AND p.unit > ?2 ORDER BY p.unit LIMIT 1",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(obligation));
    qk_db_bind_str(s, 2, qk_str_of(after));
    QK_TRY(qk_db_step(db, s, err));
    qk_str title = qk_db_text(s, 1);
    if (title.len >= sizeof m->title)
        title.len = qk_utf8_cut((qk_str){title.ptr, sizeof m->title - 1});
    qk_str_copy(m->unit, sizeof m->unit, qk_db_text(s, 0));
    qk_str_copy(m->title, sizeof m->title, title);
    sqlite3_reset(s);
    return QK_OK;
}

/* One order for each unit that has not filed (setting case.missing_filing). */
static qk_code order_missing(qk_node *node, qk_db *db, const qk_timer *timer, qk_error *err)
{
    missing m = {.unit = ""};
    qk_code code;
    if (qk_setting_i64(db, "case.missing_filing", 1) == 0) return QK_OK;
    while ((code = next_missing(&m, db, timer->key, m.unit, err)) == QK_OK) {
        char id[QK_CASE_ID_MAX], cause[200], object[80], title[600];
        bool made = false;
        snprintf(cause, sizeof cause, "filing/%s/%s", timer->key, m.unit);
        snprintf(object, sizeof object, "obligation/%s", timer->key);
        snprintf(title, sizeof title, "未按时报备：%s", m.title);
        qk_case_new what = {.kind = QK_STR("filing"),
                            .cause = qk_str_of(cause),
                            .object = qk_str_of(object),
                            .unit = qk_str_of(m.unit),
                            .title = qk_str_of(title),
                            .dispatch = true};
        QK_TRY(qk_case_open(id, &made, db, qk_node_scheduler(node), &what, QK_STR("system"),
                            timer->due_at, err));
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* Who has not filed by now stands as missing from here on, whatever comes later. */
static qk_code filing_over(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                           qk_error *err)
{
    sqlite3_stmt *s = NULL;
    (void)context;
    QK_TRY(
        qk_db_prepare(&s, db,
                      "INSERT INTO progress (obligation, unit, month, state, valid_from, version,"
                      " recorded_at, recorded_by) SELECT DISTINCT d.obligation, d.unit, 0,"
                      " 'open', ?2, 1, ?2, 'system' FROM duty d WHERE d.obligation = ?1 AND"
                      " d.state <> 'released' AND d.role <> 'support' AND NOT EXISTS (SELECT 1"
                      " FROM progress p WHERE p.obligation = d.obligation AND p.unit = d.unit"
                      " AND p.month = 0)",
                      err));
    qk_db_bind_str(s, 1, qk_str_of(timer->key));
    sqlite3_bind_int64(s, 2, timer->due_at);
    QK_TRY(qk_db_run(db, s, err));
    int64_t n = sqlite3_changes(qk_db_handle(db));
    QK_TRY(order_missing(node, db, timer, err));
    if (n == 0) return QK_OK;
    return tell(node, db, timer, "filing_missing", "SELECT title FROM obligation WHERE id = ?1", n,
                err);
}

qk_code qk_duties_open(qk_node *node, qk_error *err)
{
    qk_scheduler *s = qk_node_scheduler(node);
    if (qk_scheduler_handle(s, "duty.unsigned", sign_over, NULL) ||
        qk_scheduler_handle(s, "filing.due", filing_over, NULL))
        return qk_fail(err, QK_EFULL, "too many kinds of timers");
    return QK_OK;
}

/* ---- signing and objecting ---- */

bool qk_duty_action_of(qk_duty_action *out, qk_str name)
{
    static const char *const names[] = {"sign", "object", "uphold", "release"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!qk_str_eq(name, qk_str_of(names[i]))) continue;
        *out = (qk_duty_action)i;
        return true;
    }
    return false;
}

static qk_code duty_now(int64_t *version, char state[12], qk_db *db, const qk_duty_change *c,
                        qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT MAX(version), MIN(state) FROM duty WHERE obligation = ?1 AND unit"
                         " = ?2",
                         err));
    qk_db_bind_str(s, 1, c->obligation);
    qk_db_bind_str(s, 2, c->unit);
    QK_TRY(qk_db_step(db, s, err));
    *version = sqlite3_column_int64(s, 0);
    qk_str_copy(state, 12, qk_db_text(s, 1));
    sqlite3_reset(s);
    return *version ? QK_OK
                    : qk_fail(err, QK_ENOTFOUND, "the unit %.*s owes nothing in %.*s",
                              QK_STR_ARG(c->unit), QK_STR_ARG(c->obligation));
}

/* Who may come from which state: a decision answers an objection, a signature anything that is not
 * released, an objection what was only sent. */
static qk_code may_step(const qk_duty_change *c, const char *state, qk_error *err)
{
    bool objected = strcmp(state, "objected") == 0;
    bool may = c->action == QK_DUTY_SIGN     ? strcmp(state, "released") != 0 && !objected
               : c->action == QK_DUTY_OBJECT ? strcmp(state, "sent") == 0
                                             : objected;
    if (!may) return qk_fail(err, QK_EUNSUPPORTED, "the duty is %s", state);
    if (c->action != QK_DUTY_SIGN && c->note.len == 0)
        return qk_fail(err, QK_EFORMAT, "a reason is needed");
    return c->note.len <= NOTE_MAX
               ? QK_OK
               : qk_fail(err, QK_EFORMAT, "a note of at most %d bytes", NOTE_MAX);
}

static qk_code title_of(char out[512], qk_db *db, qk_str obligation, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT title FROM obligation WHERE id = ?1", err));
    qk_db_bind_str(s, 1, obligation);
    QK_TRY(qk_db_step(db, s, err));
    qk_str title = qk_db_text(s, 0);
    qk_str_copy(
        out, 400,
        (qk_str){title.ptr, qk_utf8_cut((qk_str){title.ptr, title.len < 399 ? title.len : 399})});
    sqlite3_reset(s);
    return QK_OK;
}

/* One for each time that the unit objects; the version of its duty tells them apart. */
static qk_code open_objection(qk_db *db, const qk_duty_change *c, qk_str by, qk_time now,
                              qk_error *err)
{
    char id[QK_CASE_ID_MAX], cause[200], object[80], task[512], title[600];
    bool made = false;
    QK_TRY(title_of(task, db, c->obligation, err));
    snprintf(cause, sizeof cause, "objection/%.*s/%.*s/%lld", QK_STR_ARG(c->obligation),
             QK_STR_ARG(c->unit), (long long)c->seen);
    snprintf(object, sizeof object, "obligation/%.*s", QK_STR_ARG(c->obligation));
    snprintf(title, sizeof title, "对任务提出异议：%s", task);
    qk_case_new what = {.kind = QK_STR("objection"),
                        .cause = qk_str_of(cause),
                        .object = qk_str_of(object),
                        .unit = c->unit,
                        .title = qk_str_of(title),
                        .text = c->note};
    return qk_case_open(id, &made, db, NULL, &what, by, now, err);
}

/* The decision ends the case of the objection, which may be older than such cases are. */
static qk_code end_objection(qk_db *db, const qk_duty_change *c, qk_str by, qk_time now,
                             qk_error *err)
{
    char id[QK_CASE_ID_MAX], text[NOTE_MAX + 80], object[80];
    sqlite3_stmt *s = NULL;
    snprintf(object, sizeof object, "obligation/%.*s", QK_STR_ARG(c->obligation));
    snprintf(text, sizeof text, "%s%.*s", c->action == QK_DUTY_UPHOLD ? "维持责任：" : "解除责任：",
             QK_STR_ARG(c->note));
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT id FROM case_file WHERE kind = 'objection' AND object = ?1 AND"
                         " unit = ?2 AND state NOT IN ('closed', 'withdrawn') ORDER BY opened_at"
                         " DESC LIMIT 1",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(object));
    qk_db_bind_str(s, 2, c->unit);
    qk_code code = qk_db_step(db, s, err);
    if (code != QK_OK) return code == QK_ENOTFOUND ? QK_OK : code;
    qk_str_copy(id, sizeof id, qk_db_text(s, 0));
    sqlite3_reset(s);
    qk_case_act act = {.action = QK_STR("verify"),
                       .text = qk_str_of(text),
                       .who = by.len < 64 ? by : QK_STR("system"),
                       .seen = -1,
                       .decides = true};
    QK_TRY(qk_case_step(db, NULL, qk_str_of(id), &act, now, err));
    act.action = QK_STR("close");
    act.text = QK_STR("");
    return qk_case_step(db, NULL, qk_str_of(id), &act, now, err);
}

qk_code qk_duties_change(qk_db *db, const qk_duty_change *c, qk_str by, qk_time now, qk_error *err)
{
    static const char *const states[] = {"signed", "objected", "upheld", "released"};
    char state[12];
    int64_t version = 0;
    sqlite3_stmt *s = NULL;
    QK_TRY(duty_now(&version, state, db, c, err));
    if (version != c->seen)
        return qk_fail(err, QK_ECONFLICT, "version %lld is current, not %lld", (long long)version,
                       (long long)c->seen);
    QK_TRY(may_step(c, state, err));
    QK_TRY(qk_db_prepare(&s, db,
                         "UPDATE duty SET state = ?3, note = ?4, version = version + 1, valid_from"
                         " = ?5, recorded_at = ?5, recorded_by = ?6 WHERE unit = ?2 AND (obligation"
                         " = ?1 OR obligation IN (SELECT id FROM obligation WHERE parent = ?1))",
                         err));
    qk_db_bind_str(s, 1, c->obligation);
    qk_db_bind_str(s, 2, c->unit);
    qk_db_bind_str(s, 3, qk_str_of(states[c->action]));
    qk_db_bind_str(s, 4, c->note.len ? c->note : QK_STR(""));
    sqlite3_bind_int64(s, 5, now);
    qk_db_bind_str(s, 6, by);
    QK_TRY(qk_db_run(db, s, err));
    if (c->action == QK_DUTY_SIGN) return QK_OK;
    return c->action == QK_DUTY_OBJECT ? open_objection(db, c, by, now, err)
                                       : end_objection(db, c, by, now, err);
}

/* ---- amending ---- */

static qk_code check_amendment(const qk_amendment *a, qk_time now, qk_error *err)
{
    static const char *const states[] = {"open", "done", "cancelled"};
    bool known = a->state.len == 0;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        known = known || qk_str_eq(a->state, qk_str_of(states[i]));
    if (!known) return qk_fail(err, QK_EFORMAT, "'state' is open, done or cancelled");
    qk_dec d;
    if (a->value.len && qk_dec_parse(&d, a->value) != QK_OK)
        return qk_fail(err, QK_EFORMAT, "'value' is a number");
    if (a->value2.len && qk_dec_parse(&d, a->value2) != QK_OK)
        return qk_fail(err, QK_EFORMAT, "'value2' is a number");
    if (a->valid_from != QK_TIME_NONE && a->valid_from > now + QK_DAY * 366)
        return qk_fail(err, QK_ERANGE, "an amendment holds from a day within the next year");
    return QK_OK;
}

qk_code qk_duties_amend(int64_t *version, qk_db *db, const qk_amendment *a, qk_str by, qk_time now,
                        qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(check_amendment(a, now, err));
    QK_TRY(qk_db_prepare(&s, db, "SELECT version FROM obligation WHERE id = ?1", err));
    qk_db_bind_str(s, 1, a->obligation);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND)
        return qk_fail(err, code, "there is no obligation %.*s", QK_STR_ARG(a->obligation));
    if (code != QK_OK) return code;
    *version = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    if (*version != a->seen)
        return qk_fail(err, QK_ECONFLICT, "version %lld is current, not %lld", (long long)*version,
                       (long long)a->seen);
    QK_TRY(qk_db_prepare(&s, db,
                         "UPDATE obligation SET office = COALESCE(?2, office), campaign ="
                         " COALESCE(?3, campaign), state = COALESCE(?4, state), op = COALESCE(?5,"
                         " op), value = COALESCE(?6, value), value2 = COALESCE(?7, value2), title ="
                         " COALESCE(?8, title), measure = COALESCE(?9, measure), binding ="
                         " COALESCE(?10, binding), due_day = COALESCE(?11, due_day), start_day ="
                         " COALESCE(?12, start_day), valid_from = CASE WHEN ?16 THEN valid_from"
                         " WHEN ?13 IS NULL THEN MAX(valid_from, ?14) ELSE ?13 END, version ="
                         " version + 1, recorded_at = ?14, recorded_by = ?15 WHERE id = ?1",
                         err));
    const qk_str texts[] = {a->obligation, a->office, a->campaign, a->state,   a->op,
                            a->value,      a->value2, a->title,    a->measure, a->binding};
    for (int i = 0; i < (int)(sizeof texts / sizeof texts[0]); i++)
        qk_db_bind_str(s, i + 1, texts[i]);
    if (a->has_due) sqlite3_bind_int64(s, 11, a->due_day);
    if (a->has_start) sqlite3_bind_int64(s, 12, a->start_day);
    if (a->valid_from != QK_TIME_NONE) sqlite3_bind_int64(s, 13, a->valid_from);
    sqlite3_bind_int64(s, 14, now);
    qk_db_bind_str(s, 15, by);
    sqlite3_bind_int(s, 16, a->keeps_valid_from);
    ++*version;
    return qk_db_run(db, s, err);
}

/* ---- filing ---- */

static qk_code filing_due(int32_t *due, qk_db *db, qk_str obligation, qk_str unit, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT o.due_day FROM obligation o JOIN duty d ON d.obligation = o.id"
                         " WHERE o.id = ?1 AND d.unit = ?2 AND o.kind = 'filing' AND d.state <>"
                         " 'released'",
                         err));
    qk_db_bind_str(s, 1, obligation);
    qk_db_bind_str(s, 2, unit);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND)
        return qk_fail(err, code, "the unit %.*s owes no such filing", QK_STR_ARG(unit));
    if (code != QK_OK) return code;
    *due = sqlite3_column_int(s, 0);
    sqlite3_reset(s);
    return QK_OK;
}

qk_code qk_duties_file(bool *late, qk_db *db, qk_str obligation, qk_str unit, qk_str text,
                       qk_str by, qk_time now, qk_error *err)
{
    int32_t due = 0;
    sqlite3_stmt *s = NULL;
    QK_TRY(filing_due(&due, db, obligation, unit, err));
    *late = now >= (qk_time)(due + 1) * QK_DAY - QK_CST_OFFSET;
    /* A second filing does not undo that the first came in time. */
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO progress (obligation, unit, month, text, state, valid_from,"
                         " version, recorded_at, recorded_by) VALUES (?1, ?2, 0, ?3, ?4, ?5, 1, ?5,"
                         " ?6) ON CONFLICT DO UPDATE SET text = ?3, state = CASE state WHEN 'filed'"
                         " THEN 'filed' ELSE ?4 END, version = version + 1, recorded_at = ?5,"
                         " recorded_by = ?6",
                         err));
    qk_db_bind_str(s, 1, obligation);
    qk_db_bind_str(s, 2, unit);
    qk_db_bind_str(s, 3, text.len ? text : QK_STR(""));
    qk_db_bind_str(s, 4, *late ? QK_STR("late") : QK_STR("filed"));
    sqlite3_bind_int64(s, 5, now);
    qk_db_bind_str(s, 6, by);
    return qk_db_run(db, s, err);
}
