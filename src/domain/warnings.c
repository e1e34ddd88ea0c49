/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/warnings.h"
#include "domain/dbjson.h"
#include "domain/forecasts.h"
#include "domain/warning_ease.h"
#include <stdio.h>

enum { ARENA = 1 << 21, LEADS = 10, BASIS_BYTES = 16 << 10 };

/* ---- what a warning rests on ---- */

typedef struct basis {
    const qk_warning_new *what;
    int64_t minute_version, forecast_version;
    qk_json_value *days; /* of the forecast */
    size_t count;        /* leads there are, from 1 on */
    int32_t aqi[LEADS];  /* -1: does not count */
    qk_warning_level each[LEADS], level;
    const qk_warning_condition *condition;
    int32_t from_day, to_day;
    char pollutant[16];
} basis;

static qk_code find_minute(basis *b, qk_time *signed_at, qk_db *db, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT version,recorded_at FROM forecast_minute WHERE issued=? AND"
                         " state='signed'",
                         err));
    sqlite3_bind_int64(s, 1, b->what->issued);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND)
        return qk_fail(err, QK_EDENIED, "no signed minute of consultation of that day");
    QK_TRY(code);
    b->minute_version = sqlite3_column_int64(s, 0);
    *signed_at = sqlite3_column_int64(s, 1);
    sqlite3_reset(s);
    return QK_OK;
}

static qk_code find_forecast(basis *b, qk_time signed_at, qk_db *db, qk_arena *arena, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT version,days FROM forecast WHERE place='county' AND issued=? AND"
                         " recorded_at<=? ORDER BY version DESC LIMIT 1",
                         err));
    sqlite3_bind_int64(s, 1, b->what->issued);
    sqlite3_bind_int64(s, 2, signed_at);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND)
        return qk_fail(err, code, "there was no forecast when the minute was signed");
    QK_TRY(code);
    b->forecast_version = sqlite3_column_int64(s, 0);
    qk_str text = qk_db_text(s, 1);
    char *copy = qk_arena_copy(arena, text.ptr, text.len);
    qk_str kept = {copy, text.len};
    sqlite3_reset(s);
    if (!copy) return qk_fail(err, QK_ENOMEM, "no memory for a forecast");
    return qk_json_parse(&b->days, kept, arena, err);
}

bool qk_warning_counts(qk_str primary)
{
    return primary.len && !qk_str_starts(primary, QK_STR("O3")) &&
           !qk_str_eq(primary, QK_STR("PM10"));
}

static void read_days(basis *b)
{
    int32_t peak = -1;
    for (const qk_json_value *d = b->days->first; d; d = d->next) {
        int64_t lead = 0, aqi = -1;
        qk_str primary = qk_json_get_str(d, "primary");
        if (!qk_json_get_i64(d, "lead", &lead) || lead != (int64_t)b->count + 1 || lead > LEADS)
            continue;
        if (!qk_json_get_i64(d, "aqi", &aqi) || aqi > QK_AQI_TOP || !qk_warning_counts(primary))
            aqi = -1;
        b->aqi[b->count++] = (int32_t)aqi;
        if (aqi > peak && qk_warning_counts(primary))
            peak = (int32_t)aqi, qk_str_copy(b->pollutant, sizeof b->pollutant, primary);
    }
}

/* First and last day of a level, or days as they were given. */
static void find_span(basis *b)
{
    b->from_day = b->to_day = 0;
    for (size_t i = 0; i < b->count; i++) {
        if (b->each[i] == QK_WARNING_NONE) {
            if (b->from_day) break;
            continue;
        }
        b->to_day = b->what->issued + (int32_t)i + 1;
        if (!b->from_day) b->from_day = b->to_day;
    }
    if (b->what->from_day) b->from_day = b->what->from_day;
    if (b->what->to_day) b->to_day = b->what->to_day;
    if (!b->from_day) b->from_day = b->what->issued + 1;
    if (!b->to_day) b->to_day = b->from_day;
}

static qk_code read_basis(basis *b, qk_db *db, qk_arena *arena, qk_error *err)
{
    qk_time signed_at = 0;
    const qk_warning_rule *rule = b->what->rule;
    QK_TRY(find_minute(b, &signed_at, db, err));
    QK_TRY(find_forecast(b, signed_at, db, arena, err));
    read_days(b);
    b->condition = qk_warning_condition_of(rule, b->aqi, b->count);
    qk_warning_of_days(b->each, rule, b->aqi, b->count);
    b->level = b->condition ? (qk_warning_level)b->condition->level : QK_WARNING_NONE;
    find_span(b);
    return QK_OK;
}

static void write_condition(qk_json_writer *w, const qk_warning_condition *c)
{
    qk_json_key(w, "condition");
    if (!c) {
        qk_json_null(w);
        return;
    }
    qk_json_object(w);
    qk_json_kcstr(w, "level", qk_warning_level_name((qk_warning_level)c->level));
    qk_json_ki64(w, "above", c->above);
    qk_json_ki64(w, "days", c->days);
    qk_json_ki64(w, "peak_above", c->peak_days ? c->peak_above : 0);
    qk_json_ki64(w, "peak_days", c->peak_days);
    qk_json_end(w);
}

static void write_basis(qk_json_writer *w, const basis *b)
{
    size_t i = 0;
    qk_json_object(w);
    write_condition(w, b->condition);
    qk_json_kcstr(w, "source", b->what->rule->source);
    qk_json_kcstr(w, "source_zh", b->what->rule->source_zh);
    qk_json_key(w, "days");
    qk_json_array(w);
    for (const qk_json_value *d = b->days->first; d && i < b->count; d = d->next, i++) {
        int64_t aqi = 0;
        qk_json_object(w);
        qk_json_kstr(w, "date", qk_json_get_str(d, "date"));
        if (qk_json_get_i64(d, "aqi", &aqi)) qk_json_ki64(w, "aqi", aqi);
        qk_str primary = qk_json_get_str(d, "primary");
        if (primary.len)
            qk_json_kstr(w, "primary", primary);
        else
            qk_json_knull(w, "primary");
        qk_json_kbool(w, "counts", b->aqi[i] >= 0);
        qk_json_kcstr(w, "level", qk_warning_level_name(b->each[i]));
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_end(w);
}

/* ---- steps ---- */

static qk_code add_step(qk_db *db, qk_str id, const char *state, qk_str text, qk_str who,
                        qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(
        &s, db, "INSERT INTO warning_step(warning,state,text,at,who) VALUES(?,?,?,?,?)", err));
    qk_db_bind_str(s, 1, id);
    qk_db_bind_str(s, 2, qk_str_of(state));
    qk_dbjson_bind(s, 3, text);
    sqlite3_bind_int64(s, 4, now);
    qk_db_bind_str(s, 5, who);
    return qk_db_run(db, s, err);
}

#define STATE "(SELECT state FROM warning_step WHERE warning=w.id ORDER BY id DESC LIMIT 1)"

/* Those in the states that end when another takes their place; `but` stays. */
static qk_code replace(qk_db *db, bool issued, qk_str but, qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO warning_step(warning,state,text,at,who) SELECT w.id,"
                         "'replaced',?1,?2,'system' FROM warning w WHERE w.id<>?1 AND (" STATE
                         " IN ('proposed','approved') OR (?3 AND " STATE "='issued'))",
                         err));
    qk_db_bind_str(s, 1, but);
    sqlite3_bind_int64(s, 2, now);
    sqlite3_bind_int(s, 3, issued);
    return qk_db_run(db, s, err);
}

/* Proposals to ease a warning end with it. */
static qk_code withdraw(qk_db *db, qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO warning_ease_step(ease,state,at,who) SELECT e.id,'withdrawn',"
                         "?1,'system' FROM warning_ease e JOIN warning w ON w.id=e.warning WHERE"
                         " (SELECT state FROM warning_ease_step WHERE ease=e.id ORDER BY id DESC"
                         " LIMIT 1)='proposed' AND " STATE "<>'issued'",
                         err));
    sqlite3_bind_int64(s, 1, now);
    return qk_db_run(db, s, err);
}

/* The level in force; *same: that of an undecided proposal from this very minute. */
static qk_code levels_now(qk_warning_level *force, qk_warning_level *same, qk_db *db,
                          const basis *b, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    *force = *same = QK_WARNING_NONE;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT w.level," STATE ",w.issued=?1 FROM warning w WHERE " STATE
                         " IN ('proposed','approved','issued')",
                         err));
    sqlite3_bind_int64(s, 1, b->what->issued);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        qk_warning_level level = QK_WARNING_NONE;
        bool issued = qk_str_eq(qk_db_text(s, 1), QK_STR("issued"));
        if (qk_warning_level_find(&level, qk_db_text(s, 0)) != QK_OK) continue;
        if (issued && level > *force) *force = level;
        if (!issued && sqlite3_column_int(s, 2) && level > *same) *same = level;
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* ---- proposing ---- */

static qk_code make_id(char id[QK_WARNING_ID_MAX], qk_db *db, int32_t issued, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_civil c = qk_civil_of((qk_time)issued * QK_DAY - QK_CST_OFFSET);
    char prefix[16];
    snprintf(prefix, sizeof prefix, "W%04d%02d%02d-", c.year, c.month, c.day);
    QK_TRY(qk_db_prepare(&s, db, "SELECT count(*)+1 FROM warning WHERE substr(id,1,10)=?", err));
    qk_db_bind_str(s, 1, qk_str_of(prefix));
    QK_TRY(qk_db_step(db, s, err));
    snprintf(id, QK_WARNING_ID_MAX, "%s%lld", prefix, (long long)sqlite3_column_int64(s, 0));
    sqlite3_reset(s);
    return QK_OK;
}

static qk_code insert(qk_db *db, qk_str id, const basis *b, bool upgrade, qk_str json, qk_str by,
                      qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    bool by_rule = b->what->level == QK_WARNING_NONE;
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO warning(id,level,action,rule,from_day,to_day,pollutant,"
                         "issued,minute_version,forecast_version,basis,reason,by_rule,recorded_at,"
                         "recorded_by) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                         err));
    qk_db_bind_str(s, 1, id);
    qk_db_bind_str(s, 2, qk_str_of(qk_warning_level_name(by_rule ? b->level : b->what->level)));
    qk_db_bind_str(s, 3, upgrade ? QK_STR("upgrade") : QK_STR("issue"));
    qk_db_bind_str(s, 4, qk_str_of(b->what->rule->name));
    sqlite3_bind_int64(s, 5, b->from_day);
    sqlite3_bind_int64(s, 6, b->to_day);
    qk_db_bind_str(s, 7, qk_str_of(b->pollutant));
    sqlite3_bind_int64(s, 8, b->what->issued);
    sqlite3_bind_int64(s, 9, b->minute_version);
    sqlite3_bind_int64(s, 10, b->forecast_version);
    qk_db_bind_str(s, 11, json);
    qk_dbjson_bind(s, 12, b->what->reason);
    sqlite3_bind_int(s, 13, by_rule);
    sqlite3_bind_int64(s, 14, now);
    qk_db_bind_str(s, 15, by);
    return qk_db_run(db, s, err);
}

static qk_code keep(char id[QK_WARNING_ID_MAX], qk_db *db, const basis *b, bool upgrade, qk_str by,
                    qk_time now, qk_error *err)
{
    qk_json_writer w;
    qk_buf json;
    qk_buf_init(&json, BASIS_BYTES);
    qk_json_init(&w, &json);
    write_basis(&w, b);
    qk_code code = json.failed ? qk_fail(err, json.failed, "the basis of a warning is too long")
                               : make_id(id, db, b->what->issued, err);
    if (!code) code = insert(db, qk_str_of(id), b, upgrade, qk_buf_str(&json), by, now, err);
    if (!code) code = add_step(db, qk_str_of(id), "proposed", b->what->reason, by, now, err);
    if (!code) code = replace(db, false, qk_str_of(id), now, err);
    qk_buf_clear(&json);
    return code;
}

static qk_code check_new(const qk_warning_new *what, qk_error *err)
{
    if (what->reason.len > QK_WARNING_TEXT_MAX)
        return qk_fail(err, QK_EINVAL, "a reason has at most %d bytes", QK_WARNING_TEXT_MAX);
    if (what->level != QK_WARNING_NONE && qk_str_trim(what->reason).len == 0)
        return qk_fail(err, QK_EINVAL, "a level that the rule does not give needs its reason");
    if (what->from_day && what->to_day && what->to_day < what->from_day)
        return qk_fail(err, QK_EINVAL, "the last day lies before the first");
    return QK_OK;
}

qk_code qk_warnings_propose(char id[QK_WARNING_ID_MAX], qk_db *db, const qk_warning_new *what,
                            qk_str by, qk_time now, qk_error *err)
{
    qk_arena arena;
    basis b = {.what = what};
    qk_warning_level force = QK_WARNING_NONE, same = QK_WARNING_NONE, next;
    QK_TRY(check_new(what, err));
    qk_arena_init(&arena, ARENA);
    qk_code code = read_basis(&b, db, &arena, err);
    if (!code) code = levels_now(&force, &same, db, &b, err);
    if (!code && b.to_day < b.from_day)
        code = qk_fail(err, QK_EINVAL, "the last day lies before the first");
    qk_warning_level asked = what->level == QK_WARNING_NONE ? b.level : what->level;
    qk_warning_action act = qk_warning_step(&next, what->rule, force, b.level, QK_RATIO_NONE);
    if (!code && what->level == QK_WARNING_NONE &&
        (b.level == QK_WARNING_NONE || act == QK_WARNING_KEEP || same >= b.level))
        code = qk_fail(err, QK_EEXIST, "the rule asks for no other level than the one there is");
    if (!code) code = keep(id, db, &b, force != QK_WARNING_NONE && asked > force, by, now, err);
    qk_arena_clear(&arena);
    return code;
}

/* ---- deciding ---- */

typedef struct standing {
    char state[16], level[16], first_by[64]; /* who approved first */
} standing;

static qk_code stand(standing *out, qk_db *db, qk_str id, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT " STATE ",w.level,coalesce((SELECT who FROM warning_step WHERE"
                         " warning=w.id AND state='approved' ORDER BY id DESC LIMIT 1),'') FROM"
                         " warning w WHERE w.id=?",
                         err));
    qk_db_bind_str(s, 1, id);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND)
        return qk_fail(err, code, "there is no warning '%.*s'", QK_STR_ARG(id));
    QK_TRY(code);
    qk_str_copy(out->state, sizeof out->state, qk_db_text(s, 0));
    qk_str_copy(out->level, sizeof out->level, qk_db_text(s, 1));
    qk_str_copy(out->first_by, sizeof out->first_by, qk_db_text(s, 2));
    sqlite3_reset(s);
    return QK_OK;
}

/* The state that an action leads to; NULL: none from there. */
static const char *state_after(const standing *now, qk_str action)
{
    bool proposed = strcmp(now->state, "proposed") == 0;
    bool approved = strcmp(now->state, "approved") == 0;
    if (qk_str_eq(action, QK_STR("approve")) && proposed)
        return strcmp(now->level, "red") == 0 ? "approved" : "issued";
    if (qk_str_eq(action, QK_STR("approve")) && approved) return "issued";
    if (qk_str_eq(action, QK_STR("refuse")) && (proposed || approved)) return "refused";
    if (qk_str_eq(action, QK_STR("lift")) && strcmp(now->state, "issued") == 0) return "lifted";
    return NULL;
}

qk_code qk_warnings_step(qk_db *db, qk_str id, const qk_warning_act *act, qk_time now,
                         qk_error *err)
{
    standing is;
    bool approve = qk_str_eq(act->action, QK_STR("approve"));
    bool known = approve || qk_str_eq(act->action, QK_STR("refuse")) ||
                 qk_str_eq(act->action, QK_STR("lift"));
    if (!known) return qk_fail(err, QK_EINVAL, "the action is approve, refuse or lift");
    if (act->text.len > QK_WARNING_TEXT_MAX || (!approve && !qk_str_trim(act->text).len))
        return qk_fail(err, QK_EINVAL, "%.*s needs a text of at most %d bytes",
                       QK_STR_ARG(act->action), QK_WARNING_TEXT_MAX);
    QK_TRY(stand(&is, db, id, err));
    const char *next = state_after(&is, act->action);
    if (!next)
        return qk_fail(err, QK_EDENIED, "a warning that is %s takes no '%.*s'", is.state,
                       QK_STR_ARG(act->action));
    if (approve && strcmp(is.state, "approved") == 0 && qk_str_eq(act->who, qk_str_of(is.first_by)))
        return qk_fail(err, QK_EDENIED, "a red warning needs a second person");
    QK_TRY(add_step(db, id, next, act->text, act->who, now, err));
    if (strcmp(next, "issued") == 0) QK_TRY(replace(db, true, id, now, err));
    return withdraw(db, now, err);
}

/* ---- easing ---- */

qk_code qk_warnings_in_force(qk_warning_force *out, qk_db *db, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    *out = (qk_warning_force){0};
    QK_TRY(qk_db_prepare(
        &s, db,
        "SELECT w.id,w.level,w.from_day,w.to_day,w.by_rule FROM warning w WHERE " STATE
        "='issued' ORDER BY w.recorded_at DESC LIMIT 1",
        err));
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return qk_fail(err, code, "no warning is in force");
    QK_TRY(code);
    qk_str_copy(out->id, sizeof out->id, qk_db_text(s, 0));
    code = qk_warning_level_find(&out->level, qk_db_text(s, 1));
    out->from_day = (int32_t)sqlite3_column_int64(s, 2);
    out->to_day = (int32_t)sqlite3_column_int64(s, 3);
    out->by_rule = sqlite3_column_int(s, 4) != 0;
    sqlite3_reset(s);
    return code;
}

static qk_code insert_lower(qk_db *db, qk_str id, const qk_warning_lower *to, qk_time now,
                            qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO warning(id,level,action,rule,from_day,to_day,pollutant,"
                         "issued,minute_version,forecast_version,basis,reason,by_rule,recorded_at,"
                         "recorded_by) SELECT ?2,?3,'issue',rule,?4,?5,pollutant,issued,"
                         "minute_version,forecast_version,?6,'',1,?7,'system' FROM warning"
                         " WHERE id=?1",
                         err));
    qk_db_bind_str(s, 1, to->warning);
    qk_db_bind_str(s, 2, id);
    qk_db_bind_str(s, 3, qk_str_of(qk_warning_level_name(to->level)));
    sqlite3_bind_int64(s, 4, to->from_day);
    sqlite3_bind_int64(s, 5, to->to_day);
    qk_db_bind_str(s, 6, to->grounds);
    sqlite3_bind_int64(s, 7, now);
    return qk_db_run(db, s, err);
}

qk_code qk_warnings_lower(qk_db *db, const qk_warning_lower *to, qk_time now, qk_error *err)
{
    qk_warning_force force;
    char id[QK_WARNING_ID_MAX];
    qk_code code = qk_warnings_in_force(&force, db, err);
    if (code != QK_OK && code != QK_ENOTFOUND) return code;
    if (code || !qk_str_eq(to->warning, qk_str_of(force.id)) || to->level >= force.level)
        return qk_fail(err, QK_EDENIED, "the warning '%.*s' is not in force above that level",
                       QK_STR_ARG(to->warning));
    QK_TRY(make_id(id, db, qk_day_number(now), err));
    qk_str made = qk_str_of(id);
    QK_TRY(insert_lower(db, made, to, now, err));
    QK_TRY(add_step(db, made, "proposed", QK_STR(""), QK_STR("system"), now, err));
    QK_TRY(add_step(db, made, "issued", to->text, to->who, now, err));
    QK_TRY(replace(db, true, made, now, err));
    return withdraw(db, now, err);
}

/* ---- reading ---- */

#define COLUMNS                                                                                \
    "w.id,w.level,CASE WHEN json_extract(w.basis,'$.from_level') IS NULL THEN w.action ELSE"   \
    " 'downgrade' END," STATE ",w.from_day,w.to_day,w.pollutant,w.rule,w.reason,w.by_rule,"    \
    "w.issued,w.minute_version,w.forecast_version,w.recorded_at,w.recorded_by,(SELECT e.level" \
    " FROM warning_ease e WHERE e.warning=w.id AND (SELECT state FROM warning_ease_step WHERE" \
    " ease=e.id ORDER BY id DESC LIMIT 1)='proposed' ORDER BY e.id DESC LIMIT 1)"

static void write_row(qk_json_writer *w, sqlite3_stmt *s)
{
    qk_dbjson_text(w, "id", s, 0);
    qk_dbjson_text(w, "level", s, 1);
    qk_dbjson_text(w, "action", s, 2);
    qk_dbjson_text(w, "state", s, 3);
    qk_dbjson_day(w, "from", s, 4);
    qk_dbjson_day(w, "to", s, 5);
    qk_dbjson_name(w, "pollutant", s, 6);
    qk_dbjson_text(w, "rule", s, 7);
    qk_dbjson_text(w, "reason", s, 8);
    qk_json_kbool(w, "by_rule", sqlite3_column_int(s, 9) != 0);
    qk_dbjson_day(w, "issued", s, 10);
    qk_json_ki64(w, "minute_version", sqlite3_column_int64(s, 11));
    qk_json_ki64(w, "forecast_version", sqlite3_column_int64(s, 12));
    qk_dbjson_time(w, "made_at", sqlite3_column_int64(s, 13));
    qk_dbjson_text(w, "by", s, 14);
    qk_dbjson_name(w, "ease", s, 15);
}

qk_code qk_warnings_write_list(qk_json_writer *w, qk_db *db, const qk_warning_filter *filter,
                               qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT " COLUMNS " FROM warning w WHERE (w.issued=?1 OR ?1=?2) AND"
                         " w.to_day>=?3 AND w.from_day<=?4 ORDER BY w.recorded_at DESC, w.id DESC"
                         " LIMIT ?5",
                         err));
    sqlite3_bind_int64(s, 1, filter->issued);
    sqlite3_bind_int64(s, 2, INT32_MIN);
    sqlite3_bind_int64(s, 3, filter->from_day);
    sqlite3_bind_int64(s, 4, filter->to_day);
    sqlite3_bind_int64(s, 5, (int64_t)filter->limit);
    qk_json_array(w);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        qk_json_object(w);
        write_row(w, s);
        qk_json_end(w);
    }
    qk_json_end(w);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_warnings_write_steps(qk_json_writer *w, qk_db *db, sqlite3_stmt *steps, qk_error *err)
{
    qk_code code;
    qk_json_key(w, "steps");
    qk_json_array(w);
    while ((code = qk_db_step(db, steps, err)) == QK_OK) {
        qk_json_object(w);
        qk_dbjson_text(w, "state", steps, 0);
        qk_dbjson_text(w, "text", steps, 1);
        qk_dbjson_time(w, "at", sqlite3_column_int64(steps, 2));
        qk_dbjson_text(w, "who", steps, 3);
        qk_json_end(w);
    }
    qk_json_end(w);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code write_steps(qk_json_writer *w, qk_db *db, qk_str id, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(
        &s, db, "SELECT state,text,at,who FROM warning_step WHERE warning=? ORDER BY id LIMIT 200",
        err));
    qk_db_bind_str(s, 1, id);
    return qk_warnings_write_steps(w, db, s, err);
}

qk_code qk_warnings_write_one(qk_json_writer *w, qk_db *db, qk_str id, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT " COLUMNS ",w.basis FROM warning w WHERE w.id=?", err));
    qk_db_bind_str(s, 1, id);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND)
        return qk_fail(err, code, "there is no warning '%.*s'", QK_STR_ARG(id));
    QK_TRY(code);
    int32_t issued = (int32_t)sqlite3_column_int64(s, 10);
    qk_json_object(w);
    write_row(w, s);
    qk_dbjson_json(w, "basis", s, 16);
    sqlite3_reset(s);
    qk_json_key(w, "minute");
    QK_TRY(qk_forecasts_minute_write(w, db, issued, err));
    QK_TRY(write_steps(w, db, id, err));
    qk_json_key(w, "eases");
    QK_TRY(qk_warning_ease_write(w, db, id, err));
    qk_json_end(w);
    return QK_OK;
}
