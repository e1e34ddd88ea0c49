/* SPDX-License-Identifier: Apache-2.0 */
/* The ladder of consequences: proposed by a miss or a person, approved by named persons, executed,
 * lifted. Each turn is a step of its case too. */
#include "domain/cases_private.h"
#include <stdio.h>

static const char *const rung_names[QK_RUNGS] = {"remind", "notice",        "talk",   "inspect",
                                                 "fund",   "approval_stop", "account"};

const char *qk_rung_name(qk_rung rung)
{
    return rung_names[rung];
}

bool qk_rung_find(qk_rung *out, qk_str name)
{
    for (int i = 0; i < QK_RUNGS; i++)
        if (qk_str_eq(name, qk_str_of(rung_names[i]))) return *out = (qk_rung)i, true;
    return false;
}

bool qk_rung_needs_leader(qk_rung rung)
{
    return rung >= QK_RUNG_INSPECT;
}

typedef struct measure {
    char id[QK_CONSEQUENCE_ID_MAX], case_id[QK_CASE_ID_MAX], unit[64], state[12];
    char approved_by[64], second_by[64], text[QK_CASE_TEXT_MAX + 1];
    qk_rung rung;
    int64_t version;
} measure;

/* ---- proposing ---- */

static qk_code count_of(int64_t *all, int64_t *same, qk_db *db, qk_str case_id, qk_rung rung,
                        qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT count(*),coalesce(sum(rung=?2 AND state<>'refused'),0) FROM"
                         " consequence WHERE case_id=?1",
                         err));
    qk_db_bind_str(s, 1, case_id);
    qk_db_bind_str(s, 2, qk_str_of(rung_names[rung]));
    QK_TRY(qk_db_step(db, s, err));
    *all = sqlite3_column_int64(s, 0);
    *same = sqlite3_column_int64(s, 1);
    sqlite3_reset(s);
    return QK_OK;
}

static qk_code save(qk_db *db, const measure *m, qk_str by, qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    const char *const texts[] = {m->id,    m->case_id, m->unit,        rung_names[m->rung],
                                 m->state, m->text,    m->approved_by, m->second_by};
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO consequence(id,case_id,unit,rung,state,text,approved_by,"
                         "second_by,valid_from,version,recorded_at,recorded_by)"
                         " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,1,?9,?10) ON CONFLICT(id) DO UPDATE"
                         " SET state=?5,text=?6,approved_by=?7,second_by=?8,valid_from=?9,"
                         "version=version+1,recorded_at=?9,recorded_by=?10",
                         err));
    for (int i = 0; i < 8; i++) qk_db_bind_str(s, i + 1, qk_str_of(texts[i]));
    sqlite3_bind_int64(s, 9, now);
    qk_db_bind_str(s, 10, by);
    return qk_db_run(db, s, err);
}

static qk_code add_turn(qk_db *db, const measure *m, const char *what, qk_str who, qk_str text,
                        qk_time now, qk_error *err)
{
    char data[160], name[32];
    snprintf(data, sizeof data, "{\"consequence\":\"%s\",\"rung\":\"%s\",\"state\":\"%s\"}", m->id,
             rung_names[m->rung], m->state);
    snprintf(name, sizeof name, "consequence.%s", what);
    return qk_case_add_step(db, qk_str_of(m->case_id), who, qk_str_of(m->unit), name, text,
                            qk_str_of(data), now, err);
}

qk_code qk_consequence_approved(bool *out, qk_db *db, qk_str case_id, qk_rung rung, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT EXISTS(SELECT 1 FROM consequence WHERE case_id=? AND rung=? AND"
                         " state IN ('approved','executed','lifted'))",
                         err));
    qk_db_bind_str(s, 1, case_id);
    qk_db_bind_str(s, 2, qk_str_of(rung_names[rung]));
    QK_TRY(qk_db_step(db, s, err));
    *out = sqlite3_column_int(s, 0) != 0;
    sqlite3_reset(s);
    return QK_OK;
}

static qk_code load(measure *m, qk_db *db, qk_str id, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT id,case_id,unit,state,approved_by,second_by,text,rung,version FROM"
                         " consequence WHERE id=?",
                         err));
    qk_db_bind_str(s, 1, id);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND)
        return qk_fail(err, code, "there is no consequence '%.*s'", QK_STR_ARG(id));
    if (code) return code;
    *m = (measure){.version = sqlite3_column_int64(s, 8)};
    char *const into[] = {m->id,          m->case_id,   m->unit, m->state,
                          m->approved_by, m->second_by, m->text};
    static const size_t sizes[] = {sizeof m->id,    sizeof m->case_id,     sizeof m->unit,
                                   sizeof m->state, sizeof m->approved_by, sizeof m->second_by,
                                   sizeof m->text};
    for (int i = 0; i < 7; i++) qk_str_copy(into[i], sizes[i], qk_db_text(s, i));
    bool known = qk_rung_find(&m->rung, qk_db_text(s, 7));
    sqlite3_reset(s);
    return known ? QK_OK : qk_fail(err, QK_EDAMAGED, "a consequence of a newer program");
}

/* The proposal of the case that nobody has decided and that lies below the rung; QK_ENOTFOUND. */
static qk_code find_open(measure *m, qk_db *db, qk_str case_id, qk_rung below, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    char id[QK_CONSEQUENCE_ID_MAX] = "";
    qk_rung rung;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT id,rung FROM consequence WHERE case_id=? AND state='proposed'"
                         " ORDER BY length(id),id",
                         err));
    qk_db_bind_str(s, 1, case_id);
    while ((code = qk_db_step(db, s, err)) == QK_OK)
        if (!id[0] && qk_rung_find(&rung, qk_db_text(s, 1)) && rung < below)
            qk_str_copy(id, sizeof id, qk_db_text(s, 0));
    if (code != QK_ENOTFOUND || !id[0]) return code;
    return load(m, db, qk_str_of(id), err);
}

/* A case asks for one thing at a time: the higher rung takes the place of what is undecided. */
static qk_code replace_lower(qk_db *db, const measure *by_this, qk_str by, qk_time now,
                             qk_error *err)
{
    measure old;
    qk_code code;
    while ((code = find_open(&old, db, qk_str_of(by_this->case_id), by_this->rung, err)) == QK_OK) {
        snprintf(old.state, sizeof old.state, "replaced");
        QK_TRY(save(db, &old, by, now, err));
        QK_TRY(add_turn(db, &old, "replace", by, qk_str_of(by_this->text), now, err));
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_consequence_propose(char id[QK_CONSEQUENCE_ID_MAX], qk_db *db, qk_str case_id,
                               qk_str unit, qk_rung rung, qk_str text, qk_str by, qk_time now,
                               qk_error *err)
{
    qk_case_row c;
    int64_t all = 0, same = 0;
    measure m = {.rung = rung, .state = "proposed"};
    QK_TRY(qk_case_load(&c, db, case_id, err));
    QK_TRY(count_of(&all, &same, db, case_id, rung, err));
    if (same)
        return qk_fail(err, QK_EEXIST, "the case has proposed '%s' already", rung_names[rung]);
    if (!unit.len || unit.len >= sizeof m.unit || text.len > QK_CASE_TEXT_MAX)
        return qk_fail(err, QK_EINVAL, "a consequence needs a unit and a text of bounded length");
    snprintf(m.id, sizeof m.id, "%s-%lld", c.id, (long long)all + 1);
    qk_str_copy(m.case_id, sizeof m.case_id, case_id);
    qk_str_copy(m.unit, sizeof m.unit, unit);
    qk_str_copy(m.text, sizeof m.text, text);
    QK_TRY(replace_lower(db, &m, by, now, err));
    QK_TRY(save(db, &m, by, now, err));
    qk_str_copy(id, QK_CONSEQUENCE_ID_MAX, qk_str_of(m.id));
    return add_turn(db, &m, "propose", by, text, now, err);
}

/* ---- turns ---- */

static qk_code need_state(const measure *m, const char *state, qk_error *err)
{
    if (strcmp(m->state, state) == 0) return QK_OK;
    return qk_fail(err, QK_EDENIED, "the consequence is %s, not %s", m->state, state);
}

/* Up to talk the director's name is enough, or a leader's; above it the director signs first, then
 * a leader who is another person. */
static qk_code approve(measure *m, const qk_consequence_act *act, qk_error *err)
{
    QK_TRY(need_state(m, "proposed", err));
    if (act->approver == QK_APPROVER_NONE)
        return qk_fail(err, QK_EDENIED, "only a director or a county leader approves");
    if (!qk_rung_needs_leader(m->rung) || !m->approved_by[0]) {
        bool first = qk_rung_needs_leader(m->rung);
        if (first && act->approver != QK_APPROVER_DIRECTOR)
            return qk_fail(err, QK_EDENIED, "the office's director approves first");
        qk_str_copy(m->approved_by, sizeof m->approved_by, act->who);
        if (!first) snprintf(m->state, sizeof m->state, "approved");
        return QK_OK;
    }
    if (act->approver != QK_APPROVER_LEADER)
        return qk_fail(err, QK_EDENIED, "'%s' needs a county leader too", rung_names[m->rung]);
    if (qk_str_eq(act->who, qk_str_of(m->approved_by)))
        return qk_fail(err, QK_EDENIED, "the second approval is another person's");
    qk_str_copy(m->second_by, sizeof m->second_by, act->who);
    snprintf(m->state, sizeof m->state, "approved");
    return QK_OK;
}

static qk_code refuse(measure *m, const qk_consequence_act *act, qk_error *err)
{
    QK_TRY(need_state(m, "proposed", err));
    if (act->approver == QK_APPROVER_NONE)
        return qk_fail(err, QK_EDENIED, "only a director or a county leader refuses");
    if (!act->text.len) return qk_fail(err, QK_EINVAL, "a refusal has a reason");
    snprintf(m->state, sizeof m->state, "refused");
    return QK_OK;
}

static qk_code execute(measure *m, qk_scheduler *s, const qk_consequence_act *act, qk_error *err)
{
    QK_TRY(need_state(m, "approved", err));
    if (!act->text.len) return qk_fail(err, QK_EINVAL, "what was done is told");
    snprintf(m->state, sizeof m->state, "executed");
    if (act->lift_at == QK_TIME_NONE) return QK_OK;
    return qk_scheduler_at(s, "consequence.lift", qk_str_of(m->id), act->lift_at, qk_str_of(m->id),
                           err);
}

static qk_code take_turn(measure *m, qk_scheduler *s, const qk_consequence_act *act, qk_error *err)
{
    if (qk_str_eq(act->action, QK_STR("approve"))) return approve(m, act, err);
    if (qk_str_eq(act->action, QK_STR("refuse"))) return refuse(m, act, err);
    if (qk_str_eq(act->action, QK_STR("execute"))) return execute(m, s, act, err);
    if (!qk_str_eq(act->action, QK_STR("lift")))
        return qk_fail(err, QK_EINVAL, "an action is approve, refuse, execute or lift");
    QK_TRY(need_state(m, "executed", err));
    snprintf(m->state, sizeof m->state, "lifted");
    return QK_OK;
}

qk_code qk_consequence_step(qk_db *db, qk_scheduler *s, qk_str id, const qk_consequence_act *act,
                            qk_time now, qk_error *err)
{
    measure m;
    char what[16];
    QK_TRY(load(&m, db, id, err));
    if (!act->who.len || act->who.len >= 64) return qk_fail(err, QK_EINVAL, "who acts is needed");
    if (act->text.len > QK_CASE_TEXT_MAX) return qk_fail(err, QK_EINVAL, "the text is too long");
    if (act->seen != -1 && act->seen != m.version)
        return qk_fail(err, QK_ECONFLICT, "the consequence is at version %lld, not %lld",
                       (long long)m.version, (long long)act->seen);
    QK_TRY(take_turn(&m, s, act, err));
    QK_TRY(save(db, &m, act->who, now, err));
    qk_str_copy(what, sizeof what, act->action);
    return add_turn(db, &m, what, act->who, act->text, now, err);
}

/* ---- as JSON ---- */

static void put_measure(qk_json_writer *w, sqlite3_stmt *s)
{
    static const char *const names[] = {"id",    "case", "unit",        "rung",
                                        "state", "text", "approved_by", "second_by"};
    char text[QK_TIME_TEXT];
    qk_rung rung = QK_RUNG_REMIND;
    qk_json_object(w);
    for (int i = 0; i < 8; i++) qk_json_kstr(w, names[i], qk_db_text(s, i));
    qk_json_kbool(w, "needs_leader",
                  qk_rung_find(&rung, qk_db_text(s, 3)) && qk_rung_needs_leader(rung));
    qk_json_kcstr(w, "at", qk_time_iso_zone(text, sqlite3_column_int64(s, 8)));
    qk_json_ki64(w, "row_version", sqlite3_column_int64(s, 9));
    qk_json_end(w);
}

#define MEASURE_COLUMNS                                                                     \
    "SELECT id,case_id,unit,rung,state,text,approved_by,second_by,recorded_at,version FROM" \
    " consequence WHERE "

static qk_code put_all(qk_json_writer *w, qk_db *db, sqlite3_stmt *s, const qk_case_filter *f,
                       qk_error *err)
{
    qk_code code;
    while ((code = qk_db_step(db, s, err)) == QK_OK)
        if (!f || !f->may || f->may(f->may_context, qk_db_text(s, 2))) put_measure(w, s);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_consequences_of_case(qk_json_writer *w, qk_db *db, qk_str id, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, MEASURE_COLUMNS "case_id=? ORDER BY length(id),id", err));
    qk_db_bind_str(s, 1, id);
    return put_all(w, db, s, NULL, err);
}

qk_code qk_consequences_write_list(qk_json_writer *w, qk_db *db, const qk_case_filter *f,
                                   qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         MEASURE_COLUMNS "(?1='' OR unit=?1) AND (?2='' OR state=?2)"
                                         " ORDER BY recorded_at DESC,id DESC LIMIT 1000",
                         err));
    qk_db_bind_str(s, 1, f->unit.len ? f->unit : QK_STR(""));
    qk_db_bind_str(s, 2, f->state.len ? f->state : QK_STR(""));
    qk_json_object(w);
    qk_json_key(w, "items");
    qk_json_array(w);
    qk_code code = put_all(w, db, s, f, err);
    qk_json_end(w);
    qk_json_end(w);
    return code;
}
