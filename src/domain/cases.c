/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/cases_private.h"
#include "domain/setting.h"
#include <stdio.h>

enum {
    REPLY_WORKDAYS = 5,
    RECHECK_DAYS = 30,
    RECHECK_DAYS_MAX = 730,
    DATA_MAX = 1024,
    MISSES_MAX = 20,
    TITLE_MAX = 500
};

/* ---- the path ---- */

static const char *const whole_path[] = {"found",    "dispatched", "signed", "on_site",
                                         "fed_back", "verified",   "closed", NULL};
static const char *const desk_path[] = {"found",    "dispatched", "signed", "fed_back",
                                        "verified", "closed",     NULL};
/* Nobody is sent: the office decides. */
static const char *const objection_path[] = {"found", "verified", "closed", NULL};
static const struct {
    const char *action, *to;
} moves[] = {{"dispatch", "dispatched"}, {"sign", "signed"},     {"arrive", "on_site"},
             {"feed_back", "fed_back"},  {"verify", "verified"}, {"close", "closed"}};

static bool is_objection(const char *kind)
{
    return strcmp(kind, "objection") == 0;
}

static bool is_desk(const char *kind)
{
    return strcmp(kind, "overdue") == 0 || strcmp(kind, "filing") == 0 || is_objection(kind);
}

static const char *const *path_of(const char *kind)
{
    if (is_objection(kind)) return objection_path;
    return is_desk(kind) ? desk_path : whole_path;
}

static size_t place_on(const char *const *path, const char *state)
{
    size_t i = 0;
    while (path[i] && strcmp(path[i], state) != 0) i++;
    return i;
}

static bool is_over(const qk_case_row *c)
{
    return strcmp(c->state, "closed") == 0 || strcmp(c->state, "withdrawn") == 0;
}

static bool awaits_reply(const qk_case_row *c)
{
    return strcmp(c->state, "dispatched") == 0 || strcmp(c->state, "signed") == 0 ||
           strcmp(c->state, "on_site") == 0;
}

static bool awaits_recheck(const qk_case_row *c)
{
    return strcmp(c->state, "recheck") == 0;
}

/* The action that leads on from here; NULL at the end. */
static const char *next_action(const qk_case_row *c)
{
    if (awaits_recheck(c)) return "held";
    const char *const *path = path_of(c->kind);
    size_t at = place_on(path, c->state);
    if (!path[at] || !path[at + 1]) return NULL;
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++)
        if (strcmp(moves[i].to, path[at + 1]) == 0) return moves[i].action;
    return NULL;
}

/* ---- rows ---- */

static qk_code read_counts(qk_case_row *out, qk_str data, qk_error *err)
{
    qk_arena arena;
    qk_json_value *root = NULL;
    qk_arena_init(&arena, 64 * 1024);
    qk_code code = qk_json_parse(&root, data, &arena, err);
    if (!code) {
        (void)qk_json_get_i64(root, "misses", &out->misses);
        (void)qk_json_get_i64(root, "rounds", &out->rounds);
        (void)qk_json_get_i64(root, "relapses", &out->relapses);
        out->late = qk_json_get_bool(root, "late", false);
        qk_str_copy(out->replied_by, sizeof out->replied_by, qk_json_get_str(root, "replied_by"));
    }
    qk_arena_clear(&arena);
    return code;
}

static qk_code read_case(qk_case_row *out, sqlite3_stmt *s, qk_error *err)
{
    *out = (qk_case_row){.opened_at = sqlite3_column_int64(s, 4),
                         .due_at = sqlite3_column_type(s, 5) == SQLITE_NULL
                                       ? QK_TIME_NONE
                                       : sqlite3_column_int64(s, 5),
                         .version = sqlite3_column_int64(s, 6)};
    qk_str_copy(out->id, sizeof out->id, qk_db_text(s, 0));
    qk_str_copy(out->kind, sizeof out->kind, qk_db_text(s, 1));
    qk_str_copy(out->state, sizeof out->state, qk_db_text(s, 2));
    qk_str_copy(out->unit, sizeof out->unit, qk_db_text(s, 3));
    return read_counts(out, qk_db_text(s, 7), err);
}

qk_code qk_case_load(qk_case_row *out, qk_db *db, qk_str id, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT id,kind,state,unit,opened_at,due_at,version,data FROM case_file"
                         " WHERE id=?",
                         err));
    qk_db_bind_str(s, 1, id);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return qk_fail(err, code, "there is no case '%.*s'", QK_STR_ARG(id));
    if (code) return code;
    code = read_case(out, s, err);
    sqlite3_reset(s);
    return code;
}

static void put_counts(qk_buf *out, const qk_case_row *c)
{
    qk_json_writer w;
    qk_json_init(&w, out);
    qk_json_object(&w);
    qk_json_ki64(&w, "misses", c->misses);
    qk_json_ki64(&w, "rounds", c->rounds);
    if (c->relapses) qk_json_ki64(&w, "relapses", c->relapses);
    qk_json_kbool(&w, "late", c->late);
    if (c->replied_by[0]) qk_json_kcstr(&w, "replied_by", c->replied_by);
    qk_json_end(&w);
}

static qk_code save_case(qk_db *db, const qk_case_row *c, qk_str by, qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_buf data;
    QK_TRY(qk_db_prepare(&s, db,
                         "UPDATE case_file SET state=?2,due_at=?3,data=?4,version=version+1,"
                         "recorded_at=?5,recorded_by=?6,valid_from=?5 WHERE id=?1",
                         err));
    qk_buf_init(&data, DATA_MAX);
    put_counts(&data, c);
    qk_db_bind_str(s, 1, qk_str_of(c->id));
    qk_db_bind_str(s, 2, qk_str_of(c->state));
    if (c->due_at == QK_TIME_NONE)
        sqlite3_bind_null(s, 3);
    else
        sqlite3_bind_int64(s, 3, c->due_at);
    qk_db_bind_str(s, 4, qk_buf_str(&data));
    sqlite3_bind_int64(s, 5, now);
    qk_db_bind_str(s, 6, by);
    qk_code code = data.failed ? qk_fail(err, data.failed, "a case") : qk_db_run(db, s, err);
    qk_buf_clear(&data);
    return code;
}

qk_code qk_case_add_step(qk_db *db, qk_str id, qk_str who, qk_str unit, const char *what,
                         qk_str text, qk_str data, qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO case_step(case_id,at,who,unit,what,text,data)"
                         " VALUES(?,?,?,?,?,?,?)",
                         err));
    qk_db_bind_str(s, 1, id);
    sqlite3_bind_int64(s, 2, now);
    qk_db_bind_str(s, 3, who);
    qk_db_bind_str(s, 4, unit.len ? unit : QK_STR(""));
    qk_db_bind_str(s, 5, qk_str_of(what));
    qk_db_bind_str(s, 6, text.len ? text : QK_STR(""));
    qk_db_bind_str(s, 7, data.len ? data : QK_STR("{}"));
    return qk_db_run(db, s, err);
}

/* ---- dates ---- */

/* The next reply date, and the timer that looks at it. */
static qk_code set_date(qk_case_row *c, qk_db *db, qk_scheduler *s, qk_time now, qk_error *err)
{
    char key[QK_CASE_ID_MAX + 24];
    int64_t days = qk_setting_i64(db, "case.reply_workdays", REPLY_WORKDAYS);
    if (days < 1 || days > 250) days = REPLY_WORKDAYS;
    c->rounds++;
    qk_code code = qk_worktime_add_days(&c->due_at, qk_scheduler_worktime(s), now, (int32_t)days);
    if (code) return qk_fail(err, code, "no reply date can be reckoned");
    snprintf(key, sizeof key, "%s/%lld", c->id, (long long)c->rounds);
    return qk_scheduler_after(s, "case.due", qk_str_of(key), now, days, QK_UNIT_WORKDAYS,
                              qk_str_of(c->id), err);
}

/* A setting that is a list of words. */
static qk_str words_of(qk_db *db, const char *key, qk_str fallback, qk_arena *arena)
{
    qk_str list;
    return qk_setting_text(&list, db, key, arena, NULL) == QK_OK ? list : fallback;
}

/* The n-th word of the ladder of misses (setting case.rungs), from 0. */
static bool rung_at(qk_rung *out, qk_db *db, int64_t n)
{
    qk_arena arena;
    qk_arena_init(&arena, 4096);
    qk_str word = {NULL, 0};
    qk_str list =
        words_of(db, "case.rungs", QK_STR("talk inspect fund approval_stop account"), &arena);
    for (int64_t i = 0; i <= n; i++) {
        word = list.ptr ? qk_str_cut(&list, ' ') : (qk_str){NULL, 0};
        if (!word.len) break;
    }
    bool found = word.len && qk_rung_find(out, word);
    qk_arena_clear(&arena);
    return found;
}

/* What the n-th miss (from the second on) proposes. The first rung that needs a county leader is
 * reached by misses alone; each one above it only when the one below was approved: what the leaders
 * have not decided does not climb past them. */
static qk_code rung_of_miss(qk_rung *out, bool *found, qk_db *db, const qk_case_row *c,
                            qk_error *err)
{
    qk_rung rung;
    *found = false;
    for (int64_t i = 0; i <= c->misses - 2 && rung_at(&rung, db, i); i++) {
        bool approved = false;
        *out = rung;
        *found = true;
        if (!qk_rung_needs_leader(rung)) continue;
        QK_TRY(qk_consequence_approved(&approved, db, qk_str_of(c->id), rung, err));
        if (!approved) break;
    }
    return QK_OK;
}

/* A date has passed without feedback. */
static qk_code miss_date(qk_case_row *c, qk_db *db, qk_scheduler *s, qk_time now, qk_error *err)
{
    qk_rung rung;
    bool found = false;
    char id[QK_CONSEQUENCE_ID_MAX], text[160];
    c->misses++;
    c->late = true;
    snprintf(text, sizeof text, "第 %lld 次逾期未办", (long long)c->misses);
    QK_TRY(qk_case_add_step(db, qk_str_of(c->id), QK_STR("system"), qk_str_of(c->unit), "missed",
                            qk_str_of(text), QK_STR(""), now, err));
    QK_TRY(rung_of_miss(&rung, &found, db, c, err));
    if (found) {
        qk_code code = qk_consequence_propose(id, db, qk_str_of(c->id), qk_str_of(c->unit), rung,
                                              qk_str_of(text), QK_STR("system"), now, err);
        if (code && code != QK_EEXIST) return code;
    }
    if (c->misses < MISSES_MAX) QK_TRY(set_date(c, db, s, now, err));
    return save_case(db, c, QK_STR("system"), now, err);
}

static qk_code on_due(void *context, qk_node *node, qk_db *db, const qk_timer *timer, qk_error *err)
{
    qk_case_row c = {.rounds = 0};
    char key[QK_CASE_ID_MAX + 24];
    (void)node;
    QK_TRY(qk_case_load(&c, db, qk_str_of(timer->payload), err));
    snprintf(key, sizeof key, "%s/%lld", c.id, (long long)c.rounds);
    if (!awaits_reply(&c) || strcmp(key, timer->key) != 0) return QK_OK;
    return miss_date(&c, db, context, timer->due_at, err);
}

static qk_code on_lift(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                       qk_error *err)
{
    qk_consequence_act act = {
        .action = QK_STR("lift"), .who = QK_STR("system"), .seen = -1, .lift_at = QK_TIME_NONE};
    (void)node;
    qk_code code =
        qk_consequence_step(db, context, qk_str_of(timer->payload), &act, timer->due_at, err);
    return code == QK_EDENIED ? QK_OK : code; /* lifted by a person before */
}

qk_code qk_cases_handle(qk_scheduler *s)
{
    QK_TRY(qk_scheduler_handle(s, "case.due", on_due, s));
    return qk_scheduler_handle(s, "consequence.lift", on_lift, s);
}

/* ---- opening ---- */

static qk_code find_cause(char id[QK_CASE_ID_MAX], qk_db *db, qk_str cause, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT id FROM case_file WHERE cause=?", err));
    qk_db_bind_str(s, 1, cause);
    qk_code code = qk_db_step(db, s, err);
    if (code) return code;
    qk_str_copy(id, QK_CASE_ID_MAX, qk_db_text(s, 0));
    sqlite3_reset(s);
    return QK_OK;
}

/* C2026-0001: by year, in order. */
static qk_code give_number(char id[QK_CASE_ID_MAX], qk_db *db, qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    char prefix[12];
    snprintf(prefix, sizeof prefix, "C%04d-", (int)qk_civil_of(now).year);
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT coalesce(max(CAST(substr(id,7) AS INTEGER)),0)+1 FROM case_file"
                         " WHERE substr(id,1,6)=?",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(prefix));
    QK_TRY(qk_db_step(db, s, err));
    snprintf(id, QK_CASE_ID_MAX, "%s%04lld", prefix, (long long)sqlite3_column_int64(s, 0));
    sqlite3_reset(s);
    return QK_OK;
}

static qk_code check_new(const qk_case_new *what, qk_error *err)
{
    if (!what->kind.len || what->kind.len >= 24 || !what->cause.len || what->cause.len > 300 ||
        !what->title.len || what->unit.len >= 64)
        return qk_fail(err, QK_EINVAL, "a case needs a kind, a cause, a unit and a title");
    return QK_OK;
}

/* What such a case is about is a first miss already. */
static bool begins_missed(qk_str kind)
{
    return qk_str_eq(kind, QK_STR("overdue")) || qk_str_eq(kind, QK_STR("filing"));
}

static qk_code insert_case(qk_db *db, const char *id, const qk_case_new *what, qk_str by,
                           qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_str title = what->title;
    /* A task's heading may be a whole paragraph. */
    if (title.len > TITLE_MAX) title.len = qk_utf8_cut((qk_str){title.ptr, TITLE_MAX});
    const qk_str texts[] = {qk_str_of(id), what->kind, what->cause, what->object,
                            what->unit,    what->site, title};
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO case_file(id,kind,cause,object,unit,site,title,state,"
                         "opened_at,valid_from,version,recorded_at,recorded_by,data)"
                         " VALUES(?1,?2,?3,?4,?5,?6,?7,'found',?8,?8,1,?8,?9,?10)",
                         err));
    for (int i = 0; i < 7; i++) qk_db_bind_str(s, i + 1, texts[i].len ? texts[i] : QK_STR(""));
    sqlite3_bind_int64(s, 8, now);
    qk_db_bind_str(s, 9, by);
    qk_db_bind_str(s, 10, begins_missed(what->kind) ? QK_STR("{\"misses\":1}") : QK_STR("{}"));
    return qk_db_run(db, s, err);
}

qk_code qk_case_open(char id[QK_CASE_ID_MAX], bool *made, qk_db *db, qk_scheduler *s,
                     const qk_case_new *what, qk_str by, qk_time now, qk_error *err)
{
    *made = false;
    QK_TRY(check_new(what, err));
    qk_code code = find_cause(id, db, what->cause, err);
    if (code != QK_ENOTFOUND) return code;
    QK_TRY(give_number(id, db, now, err));
    QK_TRY(insert_case(db, id, what, by, now, err));
    QK_TRY(qk_case_add_step(db, qk_str_of(id), by, what->unit, "found", what->text, QK_STR(""), now,
                            err));
    *made = true;
    qk_case_act act = {.action = QK_STR("dispatch"), .who = by, .unit = what->unit, .seen = -1};
    return what->dispatch ? qk_case_step(db, s, qk_str_of(id), &act, now, err) : QK_OK;
}

/* ---- steps ---- */

static bool is(qk_str action, const char *name)
{
    return qk_str_eq(action, qk_str_of(name));
}

static qk_code check_act(const qk_case_row *c, const qk_case_act *act, qk_error *err)
{
    bool needs = is(act->action, "feed_back") || is(act->action, "return") ||
                 is(act->action, "withdraw") || is(act->action, "note") ||
                 is(act->action, "held") || is(act->action, "relapsed");
    if (!act->who.len || act->who.len >= 64) return qk_fail(err, QK_EINVAL, "who acts is needed");
    if (needs && !qk_str_trim(act->text).len)
        return qk_fail(err, QK_EINVAL, "this step needs a text");
    if (act->text.len > QK_CASE_TEXT_MAX || act->evidence.len > QK_CASE_TEXT_MAX)
        return qk_fail(err, QK_EINVAL, "the text of a step is too long");
    if (act->seen != -1 && act->seen != c->version)
        return qk_fail(err, QK_ECONFLICT, "the case is at version %lld, not %lld",
                       (long long)c->version, (long long)act->seen);
    bool told = is(act->action, "note") || is(act->action, "link");
    if (is_over(c) && !told) return qk_fail(err, QK_EDENIED, "the case is %s", c->state);
    if (is_objection(c->kind) && !act->decides && !told) {
        qk_fail(err, QK_EDENIED, "an objection is decided at its task");
        qk_error_hint(err, "uphold the duty or release the unit from it there");
        return QK_EDENIED;
    }
    if (awaits_recheck(c) && is(act->action, "withdraw"))
        return qk_fail(err, QK_EDENIED, "what was closed is re-checked, not withdrawn");
    if ((is(act->action, "verify") || is(act->action, "held")) &&
        qk_str_eq(act->who, qk_str_of(c->replied_by)))
        return qk_fail(err, QK_EDENIED, "who fed back does not verify it");
    return QK_OK;
}

/* ---- looking again at what was closed ---- */

static bool is_rechecked(qk_db *db, const char *kind)
{
    qk_arena arena;
    bool found = false;
    qk_arena_init(&arena, 4096);
    qk_str list =
        words_of(db, "case.recheck", QK_STR("park_over loose_coal hotspot hot_cell"), &arena);
    while (!found && list.len) found = qk_str_eq(qk_str_cut(&list, ' '), qk_str_of(kind));
    qk_arena_clear(&arena);
    return found;
}

/* A closed case of such a kind waits for the day on which somebody looks again, to its end. */
static void plan_recheck(qk_case_row *c, qk_db *db, qk_time now)
{
    char key[64];
    int64_t usual = qk_setting_i64(db, "case.recheck_days", RECHECK_DAYS);
    if (!is_rechecked(db, c->kind)) return;
    if (qk_str_eq(qk_str_of(c->kind), QK_STR("hotspot")))
        usual = 1; /* hot spots are looked at the next day */
    snprintf(key, sizeof key, "case.recheck_days.%s", c->kind);
    int64_t days = qk_setting_i64(db, key, usual);
    if (days < 1 || days > RECHECK_DAYS_MAX) days = RECHECK_DAYS;
    snprintf(c->state, sizeof c->state, "recheck");
    c->due_at = (qk_day_number(now) + days + 1) * QK_DAY - QK_CST_OFFSET;
}

/* What was found on the second look: it held, or the case begins again with a date. */
static qk_code end_recheck(qk_case_row *c, qk_db *db, qk_scheduler *s, const qk_case_act *act,
                           qk_time now, qk_error *err)
{
    bool held = is(act->action, "held");
    if (!awaits_recheck(c)) return qk_fail(err, QK_EDENIED, "no re-check of the case is planned");
    if (held && now < c->due_at - QK_DAY)
        return qk_fail(err, QK_EDENIED, "'held' is said from the day of the re-check on");
    snprintf(c->state, sizeof c->state, held ? "closed" : "dispatched");
    if (held) return QK_OK;
    c->relapses++;
    c->replied_by[0] = '\0';
    return set_date(c, db, s, now, err);
}

static qk_code move_on(qk_case_row *c, qk_db *db, qk_scheduler *s, const qk_case_act *act,
                       qk_time now, qk_error *err)
{
    const char *next = next_action(c);
    if (!next || !is(act->action, next))
        return qk_fail(err, QK_EDENIED, "after %s comes '%s', not '%.*s'", c->state,
                       next ? next : "nothing", QK_STR_ARG(act->action));
    const char *const *path = path_of(c->kind);
    snprintf(c->state, sizeof c->state, "%s", path[place_on(path, c->state) + 1]);
    if (is(act->action, "dispatch")) return set_date(c, db, s, now, err);
    if (is(act->action, "close")) plan_recheck(c, db, now);
    if (is(act->action, "feed_back")) {
        c->late = c->late || (c->due_at != QK_TIME_NONE && now > c->due_at);
        qk_str_copy(c->replied_by, sizeof c->replied_by, act->who);
    }
    return QK_OK;
}

/* What was fed back is not enough: to the state before it, with a date again. */
static qk_code send_back(qk_case_row *c, qk_db *db, qk_scheduler *s, qk_time now, qk_error *err)
{
    const char *const *path = path_of(c->kind);
    if (strcmp(c->state, "fed_back") != 0)
        return qk_fail(err, QK_EDENIED, "only what was fed back is returned");
    snprintf(c->state, sizeof c->state, "%s", path[place_on(path, "fed_back") - 1]);
    return set_date(c, db, s, now, err);
}

static qk_code link_case(qk_db *db, const qk_case_row *c, const qk_case_act *act, qk_time now,
                         qk_error *err)
{
    qk_case_row other;
    char data[80];
    QK_TRY(qk_case_load(&other, db, act->other, err));
    if (strcmp(other.id, c->id) == 0)
        return qk_fail(err, QK_EINVAL, "a case is not linked with itself");
    snprintf(data, sizeof data, "{\"case\":\"%s\"}", c->id);
    QK_TRY(qk_case_add_step(db, qk_str_of(other.id), act->who, act->unit, "link", act->text,
                            qk_str_of(data), now, err));
    snprintf(data, sizeof data, "{\"case\":\"%s\"}", other.id);
    return qk_case_add_step(db, qk_str_of(c->id), act->who, act->unit, "link", act->text,
                            qk_str_of(data), now, err);
}

static qk_code take_step(qk_case_row *c, qk_db *db, qk_scheduler *s, const qk_case_act *act,
                         qk_time now, qk_error *err)
{
    if (is(act->action, "note")) return QK_OK;
    if (is(act->action, "return")) return send_back(c, db, s, now, err);
    if (is(act->action, "held") || is(act->action, "relapsed"))
        return end_recheck(c, db, s, act, now, err);
    if (!is(act->action, "withdraw")) return move_on(c, db, s, act, now, err);
    snprintf(c->state, sizeof c->state, "withdrawn");
    return QK_OK;
}

qk_code qk_case_step(qk_db *db, qk_scheduler *s, qk_str id, const qk_case_act *act, qk_time now,
                     qk_error *err)
{
    qk_case_row c;
    qk_buf data;
    char what[24];
    QK_TRY(qk_case_load(&c, db, id, err));
    QK_TRY(check_act(&c, act, err));
    if (is(act->action, "link")) return link_case(db, &c, act, now, err);
    QK_TRY(take_step(&c, db, s, act, now, err));
    QK_TRY(save_case(db, &c, act->who, now, err));
    qk_str_copy(what, sizeof what, act->action);
    qk_buf_init(&data, QK_CASE_TEXT_MAX + 64);
    if (act->evidence.len) qk_buf_printf(&data, "{\"evidence\":%.*s}", QK_STR_ARG(act->evidence));
    qk_code code =
        qk_case_add_step(db, id, act->who, act->unit, what, act->text, qk_buf_str(&data), now, err);
    qk_buf_clear(&data);
    return code;
}

/* ---- as JSON ---- */

static void put_time(qk_json_writer *w, const char *name, qk_time t)
{
    char text[QK_TIME_TEXT];
    if (t == QK_TIME_NONE)
        qk_json_knull(w, name);
    else
        qk_json_kcstr(w, name, qk_time_iso_zone(text, t));
}

#define CASE_COLUMNS \
    "id,kind,state,unit,opened_at,due_at,version,data,cause,object,site,title,recorded_by"

static qk_code put_case(qk_json_writer *w, sqlite3_stmt *s, qk_error *err)
{
    qk_case_row c;
    QK_TRY(read_case(&c, s, err));
    const char *next = is_over(&c) || is_objection(c.kind) ? NULL : next_action(&c);
    qk_json_kcstr(w, "id", c.id);
    qk_json_kcstr(w, "kind", c.kind);
    qk_json_kcstr(w, "state", c.state);
    qk_json_kstr(w, "cause", qk_db_text(s, 8));
    qk_json_kstr(w, "object", qk_db_text(s, 9));
    qk_json_kcstr(w, "unit", c.unit);
    qk_json_kstr(w, "site", qk_db_text(s, 10));
    qk_json_kstr(w, "title", qk_db_text(s, 11));
    put_time(w, "opened_at", c.opened_at);
    put_time(w, "due_at", c.due_at);
    qk_json_ki64(w, "misses", c.misses);
    qk_json_kbool(w, "late", c.late);
    qk_json_ki64(w, "count", c.relapses + 1);
    qk_json_kcstr(w, "next_step", next);
    qk_json_ki64(w, "row_version", c.version);
    return QK_OK;
}

static void bind_filter(sqlite3_stmt *s, const qk_case_filter *f)
{
    const qk_str texts[] = {f->kind, f->state, f->unit, f->object, f->cause};
    for (int i = 0; i < 5; i++) qk_db_bind_str(s, i + 1, texts[i].len ? texts[i] : QK_STR(""));
    sqlite3_bind_int64(s, 6, f->late_at);
}

#define CASE_WHERE                                                                                \
    " FROM case_file WHERE (?1='' OR kind=?1) AND (?2='' OR state=?2 OR (?2='open' AND state NOT" \
    " IN ('closed','withdrawn'))) AND (?3='' OR unit=?3) AND (?4='' OR object=?4) AND (?5='' OR"  \
    " cause=?5) AND (?6=-9223372036854775808 OR (due_at<?6 AND state NOT IN"                      \
    " ('fed_back','verified','closed','withdrawn')))"

/* Cases that the filter lets through, those of units that may not be seen left out. */
static qk_code count_cases(int64_t *out, qk_db *db, const qk_case_filter *f, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    *out = 0;
    QK_TRY(qk_db_prepare(&s, db, "SELECT unit,count(*)" CASE_WHERE " GROUP BY unit", err));
    bind_filter(s, f);
    while ((code = qk_db_step(db, s, err)) == QK_OK)
        if (!f->may || f->may(f->may_context, qk_db_text(s, 0))) *out += sqlite3_column_int64(s, 1);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_cases_write_list(qk_json_writer *w, qk_db *db, const qk_case_filter *f, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    char last[QK_CASE_ID_MAX] = "";
    size_t limit = f->limit ? f->limit : 200, n = 0;
    int64_t total = 0;
    qk_code code;
    QK_TRY(count_cases(&total, db, f, err));
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT " CASE_COLUMNS CASE_WHERE " AND (?7='' OR (substr(id,1,6),"
                         "length(id),id)<(substr(?7,1,6),length(?7),?7)) ORDER BY substr(id,1,6)"
                         " DESC,length(id) DESC,id DESC",
                         err));
    bind_filter(s, f);
    qk_db_bind_str(s, 7, f->after.len ? f->after : QK_STR(""));
    qk_json_object(w);
    qk_json_key(w, "items");
    qk_json_array(w);
    while ((code = qk_db_step(db, s, err)) == QK_OK && n < limit) {
        if (f->may && !f->may(f->may_context, qk_db_text(s, 3))) continue;
        qk_json_object(w);
        code = put_case(w, s, err);
        qk_json_end(w);
        qk_str_copy(last, sizeof last, qk_db_text(s, 0));
        n++;
        if (code) break;
    }
    bool more = code == QK_OK;
    sqlite3_reset(s);
    qk_json_end(w);
    qk_json_kcstr(w, "next", more ? last : NULL);
    qk_json_ki64(w, "total", total);
    qk_json_end(w);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code put_steps(qk_json_writer *w, qk_db *db, qk_str id, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT at,who,unit,what,text,data FROM case_step WHERE case_id=?"
                         " ORDER BY id LIMIT 1000",
                         err));
    qk_db_bind_str(s, 1, id);
    qk_json_key(w, "steps");
    qk_json_array(w);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        qk_json_object(w);
        put_time(w, "at", sqlite3_column_int64(s, 0));
        qk_json_kstr(w, "who", qk_db_text(s, 1));
        qk_json_kstr(w, "unit", qk_db_text(s, 2));
        qk_json_kstr(w, "what", qk_db_text(s, 3));
        qk_json_kstr(w, "text", qk_db_text(s, 4));
        qk_json_key(w, "data");
        qk_json_raw(w, qk_db_text(s, 5));
        qk_json_end(w);
    }
    qk_json_end(w);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code put_links(qk_json_writer *w, qk_db *db, qk_str id, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT DISTINCT c.id,c.title,c.state FROM case_step p JOIN case_file c ON"
                         " c.id=json_extract(p.data,'$.case') WHERE p.case_id=? AND p.what='link'"
                         " ORDER BY c.id LIMIT 100",
                         err));
    qk_db_bind_str(s, 1, id);
    qk_json_key(w, "links");
    qk_json_array(w);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        qk_json_object(w);
        qk_json_kstr(w, "id", qk_db_text(s, 0));
        qk_json_kstr(w, "title", qk_db_text(s, 1));
        qk_json_kstr(w, "state", qk_db_text(s, 2));
        qk_json_end(w);
    }
    qk_json_end(w);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_case_unit(char out[64], bool *desk, qk_db *db, qk_str id, qk_error *err)
{
    qk_case_row c;
    QK_TRY(qk_case_load(&c, db, id, err));
    memcpy(out, c.unit, sizeof c.unit);
    *desk = is_desk(c.kind);
    return QK_OK;
}

qk_code qk_cases_write_one(qk_json_writer *w, qk_db *db, qk_str id, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT " CASE_COLUMNS " FROM case_file WHERE id=?", err));
    qk_db_bind_str(s, 1, id);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return qk_fail(err, code, "there is no case '%.*s'", QK_STR_ARG(id));
    if (code) return code;
    qk_json_object(w);
    code = put_case(w, s, err);
    sqlite3_reset(s);
    if (!code) code = put_steps(w, db, id, err);
    qk_json_key(w, "consequences");
    qk_json_array(w);
    if (!code) code = qk_consequences_of_case(w, db, id, err);
    qk_json_end(w);
    if (!code) code = put_links(w, db, id, err);
    qk_json_end(w);
    return code;
}
