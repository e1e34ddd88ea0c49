/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of money: kept, appealed, approved, posted, reversed, listed. */
#include "domain/dbjson.h"
#include "domain/money_private.h"
#include "domain/node.h"
#include "domain/setting.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINES_MAX = 10000, UNITS_MAX = 1000, TEXTS = 16 };

/* ---- rows ---- */

#define LINE_COLUMNS                                                                              \
    "id,kind,fact,unit,period,rule,item,state,text,inputs,appeal,approved_by,second_by,reverses," \
    "reversed_by,day,yuan,version"

/* The texts of a line, in the order of LINE_COLUMNS. */
static const struct {
    size_t at, size;
} texts[] = {
#define TEXT(member)                                                        \
    {                                                                       \
        offsetof(qk_money_line, member), sizeof((qk_money_line *)0)->member \
    }
    TEXT(id),     TEXT(kind),        TEXT(fact),      TEXT(unit),     TEXT(period),
    TEXT(rule),   TEXT(item),        TEXT(state),     TEXT(text),     TEXT(inputs),
    TEXT(appeal), TEXT(approved_by), TEXT(second_by), TEXT(reverses), TEXT(reversed_by)};
enum { TEXT_COUNT = sizeof texts / sizeof texts[0], DAY = TEXT_COUNT, YUAN, VERSION };

static void read_line(qk_money_line *line, sqlite3_stmt *s)
{
    *line = (qk_money_line){.day = sqlite3_column_int(s, DAY),
                            .yuan = sqlite3_column_int64(s, YUAN),
                            .version = sqlite3_column_int64(s, VERSION)};
    for (int i = 0; i < TEXT_COUNT; i++)
        qk_str_copy((char *)line + texts[i].at, texts[i].size, qk_db_text(s, i));
}

qk_code qk_money_load(qk_money_line *out, qk_db *db, qk_str key, bool by_fact, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         by_fact ? "SELECT " LINE_COLUMNS " FROM money_line WHERE fact=? AND"
                                   " reverses='' AND reversed_by='' AND state<>'withdrawn'"
                                 : "SELECT " LINE_COLUMNS " FROM money_line WHERE id=?",
                         err));
    qk_db_bind_str(s, 1, key);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND)
        return qk_fail(err, code, "there is no line of money '%.*s'", QK_STR_ARG(key));
    if (code) return code;
    read_line(out, s);
    sqlite3_reset(s);
    return QK_OK;
}

qk_code qk_money_save(qk_db *db, const qk_money_line *line, qk_str by, qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO money_line(id,kind,fact,unit,period,rule,item,state,text,"
                         "inputs,appeal,approved_by,second_by,reverses,reversed_by,day,yuan,"
                         "valid_from,version,recorded_at,recorded_by)"
                         " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,1,"
                         "?18,?19) ON CONFLICT(id) DO UPDATE SET unit=?4,rule=?6,item=?7,state=?8,"
                         "text=?9,inputs=?10,appeal=?11,approved_by=?12,second_by=?13,"
                         "reversed_by=?15,day=?16,yuan=?17,valid_from=?18,version=version+1,"
                         "recorded_at=?18,recorded_by=?19",
                         err));
    for (int i = 0; i < TEXT_COUNT; i++)
        qk_db_bind_str(s, i + 1, qk_str_of((const char *)line + texts[i].at));
    sqlite3_bind_int(s, DAY + 1, line->day);
    sqlite3_bind_int64(s, YUAN + 1, line->yuan);
    sqlite3_bind_int64(s, VERSION + 1, now);
    qk_db_bind_str(s, VERSION + 2, by);
    return qk_db_run(db, s, err);
}

qk_code qk_money_number(char id[QK_MONEY_ID_MAX], qk_db *db, qk_str period, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT count(*)+1 FROM money_line WHERE period=?", err));
    qk_db_bind_str(s, 1, period);
    QK_TRY(qk_db_step(db, s, err));
    int64_t n = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    if (n > LINES_MAX - 1) return qk_fail(err, QK_EFULL, "a month holds at most 9,999 lines");
    snprintf(id, QK_MONEY_ID_MAX, "M%.*s-%04d", (int)(period.len < 7 ? period.len : 7), period.ptr,
             (int)n);
    return QK_OK;
}

qk_code qk_money_unit(char out[64], qk_db *db, qk_str id, qk_error *err)
{
    qk_money_line line;
    QK_TRY(qk_money_load(&line, db, id, false, err));
    memcpy(out, line.unit, sizeof line.unit);
    return QK_OK;
}

/* ---- steps ---- */

static bool is(qk_str action, const char *name)
{
    return qk_str_eq(action, qk_str_of(name));
}

static qk_code need_state(const qk_money_line *line, const char *state, qk_error *err)
{
    if (strcmp(line->state, state) == 0) return QK_OK;
    return qk_fail(err, QK_EDENIED, "the line is %s, not %s", line->state, state);
}

/* A posted reversal ends the line it takes back; that one's fact may then be charged again. */
static qk_code end_reversed(qk_db *db, const qk_money_line *line, qk_str by, qk_time now,
                            qk_error *err)
{
    qk_money_line old;
    if (!line->reverses[0]) return QK_OK;
    QK_TRY(qk_money_load(&old, db, qk_str_of(line->reverses), false, err));
    snprintf(old.reversed_by, sizeof old.reversed_by, "%s", line->id);
    return qk_money_save(db, &old, by, now, err);
}

static qk_code approve(qk_money_line *line, qk_db *db, const qk_money_act *act, qk_time now,
                       qk_error *err)
{
    if (strcmp(line->state, "drafted") == 0) {
        if (!act->director) return qk_fail(err, QK_EDENIED, "the office's director approves first");
        qk_str_copy(line->approved_by, sizeof line->approved_by, act->who);
        snprintf(line->state, sizeof line->state, "approved");
        return qk_money_save(db, line, act->who, now, err);
    }
    QK_TRY(need_state(line, "approved", err));
    if (!act->leader) return qk_fail(err, QK_EDENIED, "the second approval is a county leader's");
    if (qk_str_eq(act->who, qk_str_of(line->approved_by)))
        return qk_fail(err, QK_EDENIED, "the second approval is another person's");
    qk_str_copy(line->second_by, sizeof line->second_by, act->who);
    snprintf(line->state, sizeof line->state, "posted");
    QK_TRY(qk_money_save(db, line, act->who, now, err));
    return end_reversed(db, line, act->who, now, err);
}

static qk_code has_reversal(bool *out, qk_db *db, const char *id, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT EXISTS(SELECT 1 FROM money_line WHERE reverses=? AND"
                         " state<>'withdrawn')",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(id));
    QK_TRY(qk_db_step(db, s, err));
    *out = sqlite3_column_int(s, 0) != 0;
    sqlite3_reset(s);
    return QK_OK;
}

static qk_code reverse(const qk_money_line *line, qk_db *db, const qk_money_act *act, qk_time now,
                       qk_error *err)
{
    qk_money_line back = *line;
    bool there = false;
    QK_TRY(need_state(line, "posted", err));
    QK_TRY(has_reversal(&there, db, line->id, err));
    if (there || line->reversed_by[0] || line->reverses[0])
        return qk_fail(err, QK_EDENIED, "the line is reversed already, or a reversal itself");
    QK_TRY(qk_money_number(back.id, db, qk_str_of(line->period), err));
    snprintf(back.reverses, sizeof back.reverses, "%s", line->id);
    snprintf(back.state, sizeof back.state, "drafted");
    back.approved_by[0] = back.second_by[0] = back.appeal[0] = 0;
    back.yuan = -line->yuan;
    qk_str_copy(back.text, sizeof back.text, act->text);
    return qk_money_save(db, &back, act->who, now, err);
}

/* ---- the days for appeals ---- */

enum { APPEAL_WORKDAYS = 3 };

static int32_t appeal_days(qk_db *db)
{
    int64_t days = qk_setting_i64(db, "money.appeal_workdays", APPEAL_WORKDAYS);
    return days < 1 || days > 250 ? APPEAL_WORKDAYS : (int32_t)days;
}

/* Counted from the last draft; what an appeal gave back is no new draft. */
static qk_code appeal_end(qk_time *out, qk_db *db, const char *id, const qk_worktime *w,
                          qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT max(recorded_at) FROM money_line_history WHERE id=? AND"
                         " state='drafted' AND appeal=''",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(id));
    QK_TRY(qk_db_step(db, s, err));
    qk_time drafted = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    if (qk_worktime_add_days(out, w, drafted, appeal_days(db)) == QK_OK) return QK_OK;
    return qk_fail(err, QK_ERANGE, "no end of the days for appeals can be reckoned");
}

static qk_code may_appeal(qk_db *db, const qk_money_line *line, const qk_money_act *act,
                          qk_time now, qk_error *err)
{
    qk_time end = 0;
    char text[QK_TIME_TEXT];
    QK_TRY(need_state(line, "drafted", err));
    if (!act->worktime) return QK_OK;
    QK_TRY(appeal_end(&end, db, line->id, act->worktime, err));
    if (now < end) return QK_OK;
    return qk_fail(err, QK_EDENIED, "appeals were heard until %s", qk_time_iso(text, end));
}

static qk_code appeals_over(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                            qk_error *err)
{
    char key[120], params[120];
    sqlite3_stmt *s = NULL;
    (void)context;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT count(*) FROM money_line WHERE period=? AND state='frozen'", err));
    qk_db_bind_str(s, 1, qk_str_of(timer->payload));
    QK_TRY(qk_db_step(db, s, err));
    int64_t n = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    snprintf(key, sizeof key, "appeals_closed:%s", timer->key);
    snprintf(params, sizeof params, "{\"of\":\"%s\",\"count\":%lld}", timer->payload, (long long)n);
    qk_event e = {.at = timer->due_at,
                  .recorded_at = timer->due_at,
                  .severity = n ? QK_SEVERITY_WARNING : QK_SEVERITY_INFO,
                  .journal_pos = UINT64_MAX,
                  .key = key,
                  .params = params};
    qk_str_copy(e.kind, sizeof e.kind, QK_STR("appeals_closed"));
    return qk_events_raise(qk_node_events(node), &e);
}

qk_code qk_money_handle(qk_scheduler *s)
{
    return qk_scheduler_handle(s, "money.appeals", appeals_over, NULL);
}

qk_code qk_money_set_appeal_timer(qk_scheduler *s, qk_db *db, qk_str period, qk_time now,
                                  qk_error *err)
{
    char key[48];
    snprintf(key, sizeof key, "%.*s/%lld", (int)(period.len < 7 ? period.len : 7), period.ptr,
             (long long)now);
    qk_code code = qk_scheduler_after(s, "money.appeals", qk_str_of(key), now, appeal_days(db),
                                      QK_UNIT_WORKDAYS, period, err);
    return code == QK_EEXIST ? QK_OK : code;
}

static qk_code contest(qk_money_line *line, qk_db *db, const qk_money_act *act, qk_time now,
                       qk_error *err)
{
    bool appeal = is(act->action, "appeal");
    if (!appeal && !is(act->action, "uphold") && !is(act->action, "reject"))
        return qk_fail(err, QK_EINVAL, "appeal, uphold, reject, approve or reverse");
    QK_TRY(appeal ? may_appeal(db, line, act, now, err) : need_state(line, "frozen", err));
    snprintf(line->state, sizeof line->state, "%s",
             appeal                      ? "frozen"
             : is(act->action, "uphold") ? "withdrawn"
                                         : "drafted");
    qk_str_copy(line->appeal, sizeof line->appeal, act->text);
    return qk_money_save(db, line, act->who, now, err);
}

qk_code qk_money_step(qk_db *db, qk_str id, const qk_money_act *act, qk_time now, qk_error *err)
{
    qk_money_line line;
    QK_TRY(qk_money_load(&line, db, id, false, err));
    if (!act->who.len || act->who.len >= sizeof line.approved_by)
        return qk_fail(err, QK_EINVAL, "who acts is needed");
    if (act->seen != -1 && act->seen != line.version)
        return qk_fail(err, QK_ECONFLICT, "the line is at version %lld, not %lld",
                       (long long)line.version, (long long)act->seen);
    if (is(act->action, "approve")) return approve(&line, db, act, now, err);
    if (!qk_str_trim(act->text).len || act->text.len > QK_MONEY_TEXT_MAX)
        return qk_fail(err, QK_EINVAL, "a reason of bounded length is needed");
    if (is(act->action, "reverse")) return reverse(&line, db, act, now, err);
    return contest(&line, db, act, now, err);
}

qk_code qk_money_approve_all(size_t *n, qk_db *db, qk_str period, const qk_money_act *act,
                             qk_time now, qk_error *err)
{
    char waits[QK_MONEY_ID_MAX];
    *n = 0;
    for (;;) {
        sqlite3_stmt *s = NULL;
        /* A director's pass takes drafts, a leader's what another person approved. */
        QK_TRY(qk_db_prepare(&s, db,
                             "SELECT id FROM money_line WHERE period=?1 AND ((?2 AND"
                             " state='drafted') OR (?3 AND state='approved' AND approved_by<>?4))"
                             " ORDER BY id LIMIT 1",
                             err));
        qk_db_bind_str(s, 1, period);
        sqlite3_bind_int(s, 2, act->director);
        sqlite3_bind_int(s, 3, act->leader);
        qk_db_bind_str(s, 4, act->who);
        qk_code code = qk_db_step(db, s, err);
        if (code == QK_ENOTFOUND) return QK_OK;
        if (code) return code;
        qk_str_copy(waits, sizeof waits, qk_db_text(s, 0));
        sqlite3_reset(s);
        QK_TRY(qk_money_step(db, qk_str_of(waits), act, now, err));
        ++*n;
    }
}

/* ---- as JSON ---- */

static void put_line(qk_json_writer *w, const qk_money_line *line, qk_time appeal_until)
{
    char day[QK_TIME_TEXT], until[QK_TIME_TEXT];
    qk_json_object(w);
    qk_json_kcstr(w, "id", line->id);
    qk_json_kcstr(w, "kind", line->kind);
    qk_json_kcstr(w, "fact", line->fact);
    qk_json_kcstr(w, "unit", line->unit);
    qk_json_kcstr(w, "period", line->period);
    qk_json_kcstr(w, "day", qk_date_iso(day, (qk_time)line->day * QK_DAY - QK_CST_OFFSET));
    qk_json_kcstr(w, "rule", line->rule);
    qk_json_kcstr(w, "item", line->item);
    qk_json_ki64(w, "yuan", line->yuan);
    qk_json_kcstr(w, "text", line->text);
    qk_json_key(w, "inputs");
    qk_json_raw(w, qk_str_of(line->inputs));
    qk_json_kcstr(w, "state", line->state);
    qk_json_kcstr(w, "appeal", line->appeal);
    qk_json_kcstr(w, "appeal_until",
                  appeal_until == QK_TIME_NONE ? NULL : qk_time_iso_zone(until, appeal_until));
    qk_json_kcstr(w, "approved_by", line->approved_by);
    qk_json_kcstr(w, "second_by", line->second_by);
    qk_json_kcstr(w, "reverses", line->reverses[0] ? line->reverses : NULL);
    qk_json_kcstr(w, "reversed_by", line->reversed_by[0] ? line->reversed_by : NULL);
    qk_json_ki64(w, "row_version", line->version);
    qk_json_end(w);
}

typedef struct unit_sum {
    char unit[64];
    int64_t yuan, posted;
} unit_sum;

typedef struct sums {
    unit_sum all[UNITS_MAX];
    size_t n;
    int64_t yuan, posted;
} sums;

static void add_sum(sums *t, const qk_money_line *line)
{
    size_t i = 0;
    int64_t posted = strcmp(line->state, "posted") == 0 ? line->yuan : 0;
    if (strcmp(line->state, "withdrawn") == 0) return;
    while (i < t->n && strcmp(t->all[i].unit, line->unit) != 0) i++;
    t->yuan += line->yuan;
    t->posted += posted;
    if (i == UNITS_MAX) return;
    if (i == t->n) memcpy(t->all[t->n++].unit, line->unit, sizeof line->unit);
    t->all[i].yuan += line->yuan;
    t->all[i].posted += posted;
}

static void put_sums(qk_json_writer *w, const sums *t)
{
    qk_json_key(w, "units");
    qk_json_array(w);
    for (size_t i = 0; i < t->n; i++) {
        qk_json_object(w);
        qk_json_kcstr(w, "unit", t->all[i].unit);
        qk_json_ki64(w, "yuan", t->all[i].yuan);
        qk_json_ki64(w, "posted_yuan", t->all[i].posted);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_ki64(w, "yuan", t->yuan);
    qk_json_ki64(w, "posted_yuan", t->posted);
}

static qk_code put_lines(qk_json_writer *w, qk_db *db, sqlite3_stmt *s, const qk_money_filter *f,
                         sums *t, qk_error *err)
{
    qk_code code;
    qk_json_key(w, "items");
    qk_json_array(w);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        qk_money_line line;
        read_line(&line, s);
        if (f && f->may && !f->may(f->may_context, qk_str_of(line.unit))) continue;
        qk_time until = QK_TIME_NONE;
        if (f && f->worktime && strcmp(line.state, "drafted") == 0)
            QK_TRY(appeal_end(&until, db, line.id, f->worktime, err));
        put_line(w, &line, until);
        if (t) add_sum(t, &line);
    }
    qk_json_end(w);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* The newest month that has a line, as "latest". */
static qk_code put_latest(qk_json_writer *w, qk_db *db, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT max(period) FROM money_line", err));
    QK_TRY(qk_db_step(db, s, err));
    qk_dbjson_text(w, "latest", s, 0);
    sqlite3_reset(s);
    return QK_OK;
}

qk_code qk_money_write_list(qk_json_writer *w, qk_db *db, const qk_money_filter *f, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    const qk_str binds[] = {f->period, f->unit, f->state};
    sums *t = calloc(1, sizeof *t);
    if (!t) return qk_fail(err, QK_ENOMEM, "no memory for sums");
    qk_code code = qk_db_prepare(&s, db,
                                 "SELECT " LINE_COLUMNS " FROM money_line WHERE (?1='' OR"
                                 " period=?1) AND (?2='' OR unit=?2) AND (?3='' OR state=?3)"
                                 " ORDER BY id LIMIT 10000",
                                 err);
    for (int i = 0; !code && i < 3; i++)
        qk_db_bind_str(s, i + 1, binds[i].len ? binds[i] : QK_STR(""));
    qk_json_object(w);
    if (!code) code = put_lines(w, db, s, f, t, err);
    put_sums(w, t);
    if (!code) code = put_latest(w, db, err);
    qk_json_end(w);
    free(t);
    return code;
}

qk_code qk_money_write_history(qk_json_writer *w, qk_db *db, qk_str id, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_money_line line;
    QK_TRY(qk_money_load(&line, db, id, false, err));
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT " LINE_COLUMNS " FROM money_line_history WHERE id=? ORDER BY"
                         " version DESC LIMIT 1000",
                         err));
    qk_db_bind_str(s, 1, id);
    qk_json_object(w);
    qk_code code = put_lines(w, db, s, NULL, NULL, err);
    qk_json_end(w);
    return code;
}
