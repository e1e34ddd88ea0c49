/* SPDX-License-Identifier: Apache-2.0 */
/* Months: opened, reported, judged, kept. */
#include "domain/bulletin.h"
#include "domain/cases.h"
#include "domain/dbjson.h"
#include "domain/setting.h"
#include "domain/year_private.h"
#include <stdio.h>

enum { ARENA_MAX = 256 << 20, CONTENT_MAX = 64 << 20, TEXT_MAX = 4000 };

bool qk_month_parse(int32_t *month, qk_str text)
{
    int64_t year = 0, m = 0;
    if (text.len != 7 || text.ptr[4] != '-') return false;
    if (qk_parse_i64(&year, (qk_str){text.ptr, 4}) != QK_OK ||
        qk_parse_i64(&m, (qk_str){text.ptr + 5, 2}) != QK_OK || year < 1990 || m < 1 || m > 12)
        return false;
    *month = (int32_t)(year * 12 + m - 1);
    return true;
}

char *qk_month_text(char out[8], int32_t month)
{
    char date[QK_TIME_TEXT];
    qk_str_copy(out, 8, qk_str_of(qk_date_iso(date, qk_month_start(month))));
    return out;
}

static int32_t month_of(qk_time t)
{
    qk_civil c = qk_civil_of(t);
    return c.year * 12 + c.month - 1;
}

/* ---- the row of a month ---- */

typedef struct month_row {
    bool there, closed;
    qk_time opened_at, closed_at;
} month_row;

static qk_code find_month(month_row *out, qk_db *db, int32_t month, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    *out = (month_row){.opened_at = QK_TIME_NONE, .closed_at = QK_TIME_NONE};
    QK_TRY(qk_db_prepare(&s, db, "SELECT opened_at, closed_at FROM schedule_month WHERE month = ?1",
                         err));
    sqlite3_bind_int64(s, 1, month);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    if (code != QK_OK) return code;
    out->there = true;
    out->opened_at = sqlite3_column_int64(s, 0);
    out->closed = sqlite3_column_type(s, 1) != SQLITE_NULL;
    if (out->closed) out->closed_at = sqlite3_column_int64(s, 1);
    sqlite3_reset(s);
    return QK_OK;
}

qk_code qk_year_open_month(qk_node *node, qk_db *db, int32_t month, qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    (void)node;
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO schedule_month (month, opened_at) VALUES (?1, ?2) ON CONFLICT"
                         " DO NOTHING",
                         err));
    sqlite3_bind_int64(s, 1, month);
    sqlite3_bind_int64(s, 2, now);
    return qk_db_run(db, s, err);
}

/* ---- judging ---- */

static void write_judged(qk_json_writer *w, const qk_lines *lines, qk_time judged_at)
{
    char month[8];
    qk_json_object(w);
    qk_json_kcstr(w, "month", qk_month_text(month, lines->month));
    qk_dbjson_time(w, "judged_at", judged_at);
    qk_year_put_lines(w, lines, (qk_str){NULL, 0});
    qk_json_end(w);
}

static qk_code keep_month(qk_db *db, int32_t month, qk_time now, qk_str content, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(
        &s, db, "UPDATE schedule_month SET closed_at = ?2, content = ?3 WHERE month = ?1", err));
    sqlite3_bind_int64(s, 1, month);
    sqlite3_bind_int64(s, 2, now);
    qk_db_bind_str(s, 3, content);
    return qk_db_run(db, s, err);
}

/* One order for each task and reason: a date that has passed once, a period each time. */
static qk_code raise_cases(qk_node *node, qk_db *db, const qk_lines *lines, qk_time now,
                           qk_error *err)
{
    for (size_t i = 0; i < lines->n; i++) {
        char id[QK_CASE_ID_MAX], cause[160], object[80], month[8];
        bool made = false;
        const qk_line *l = &lines->at[i];
        bool period = strcmp(l->judged.reason, "period_missed") == 0;
        if (l->judged.colour != QK_COLOUR_RED || !l->unit.len) continue;
        snprintf(cause, sizeof cause, "overdue/%.*s/%s", QK_STR_ARG(l->task),
                 period ? qk_month_text(month, lines->month) : l->judged.reason);
        snprintf(object, sizeof object, "obligation/%.*s", QK_STR_ARG(l->task));
        qk_case_new what = {.kind = QK_STR("overdue"),
                            .cause = qk_str_of(cause),
                            .object = qk_str_of(object),
                            .unit = l->unit,
                            .title = l->task_title,
                            .text = l->text,
                            .dispatch = true};
        QK_TRY(qk_case_open(id, &made, db, qk_node_scheduler(node), &what, QK_STR("system"), now,
                            err));
    }
    return QK_OK;
}

static qk_code judge_month(qk_node *node, qk_measure_ask *ask, int32_t month, qk_time now,
                           qk_error *err)
{
    qk_lines lines;
    qk_buf content;
    qk_json_writer w;
    QK_TRY(qk_year_lines(&lines, ask, month, now, err));
    qk_buf_init(&content, CONTENT_MAX);
    qk_json_init(&w, &content);
    write_judged(&w, &lines, now);
    qk_code code = content.failed ? qk_fail(err, content.failed, "a month is too large to keep")
                                  : keep_month(ask->db, month, now, qk_buf_str(&content), err);
    qk_buf_clear(&content);
    return code == QK_OK ? raise_cases(node, ask->db, &lines, now, err) : code;
}

qk_code qk_year_close_month(qk_node *node, qk_db *db, int32_t month, qk_time now, qk_error *err)
{
    month_row row;
    qk_arena arena;
    qk_measure_ask ask = {
        .db = db, .registry = qk_node_registry(node), .known_at = now, .arena = &arena};
    QK_TRY(find_month(&row, db, month, err));
    if (row.closed) return qk_fail(err, QK_EEXIST, "the month is closed");
    if (!row.there) QK_TRY(qk_year_open_month(node, db, month, now, err));
    QK_TRY(
        qk_telemetry_reader_open(&ask.reader, qk_node_telemetry(node), qk_node_db_path(node), err));
    qk_arena_init(&arena, ARENA_MAX);
    qk_code code = judge_month(node, &ask, month, now, err);
    qk_telemetry_reader_close(ask.reader);
    qk_arena_clear(&arena);
    return code;
}

/* ---- timers ---- */

static qk_code on_open(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                       qk_error *err)
{
    (void)context;
    return qk_year_open_month(node, db, month_of(timer->due_at), timer->due_at, err);
}

static qk_code on_judge(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                        qk_error *err)
{
    (void)context;
    qk_code code = qk_year_close_month(node, db, month_of(timer->due_at) - 1, timer->due_at, err);
    return code == QK_EEXIST ? QK_OK : code;
}

static qk_code on_bulletin(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                           qk_error *err)
{
    int64_t id = 0;
    (void)context, (void)node;
    qk_code code = qk_bulletin_draft(&id, db, month_of(timer->due_at) - 1, QK_STR("system"),
                                     timer->due_at, err);
    return code == QK_EUNSUPPORTED ? QK_OK : code;
}

qk_code qk_year_open(qk_node *node, qk_error *err)
{
    qk_scheduler *s = qk_node_scheduler(node);
    if (qk_scheduler_handle(s, "year.open", on_open, NULL) ||
        qk_scheduler_handle(s, "year.judge", on_judge, NULL) ||
        qk_scheduler_handle(s, "year.bulletin", on_bulletin, NULL))
        return qk_fail(err, QK_EFULL, "too many kinds of timers");
    return QK_OK;
}

qk_code qk_year_begin(qk_node *node, qk_db *db, qk_time from, qk_error *err)
{
    char rule[40];
    qk_scheduler *s = qk_node_scheduler(node);
    snprintf(rule, sizeof rule, "monthly %lld 00:00",
             (long long)qk_setting_i64(db, "year.open_day", 25));
    QK_TRY(qk_scheduler_every(s, "year.open", QK_STR(""), rule, from, QK_STR(""), err));
    snprintf(rule, sizeof rule, "monthly %lld %02lld:10",
             (long long)qk_setting_i64(db, "year.close_day", 1),
             (long long)qk_setting_i64(db, "year.close_hour", 12));
    QK_TRY(qk_scheduler_every(s, "year.judge", QK_STR(""), rule, from, QK_STR(""), err));
    snprintf(rule, sizeof rule, "monthly %lld 08:00",
             (long long)qk_setting_i64(db, "year.bulletin_day", 2));
    return qk_scheduler_every(s, "year.bulletin", QK_STR(""), rule, from, QK_STR(""), err);
}

/* ---- reports ---- */

/* Reports are taken until the closing hour; what comes in the ten minutes before judging is late.
 */
static qk_time closing_time(qk_db *db, int32_t month)
{
    int64_t day = qk_setting_i64(db, "year.close_day", 1);
    int64_t hour = qk_setting_i64(db, "year.close_hour", 12);
    return qk_month_start(month + 1) + (day - 1) * QK_DAY + hour * QK_HOUR;
}

qk_code qk_year_takes_report(qk_db *db, const qk_report *r, qk_error *err)
{
    month_row row;
    sqlite3_stmt *s = NULL;
    QK_TRY(find_month(&row, db, r->month, err));
    if (!row.there) return qk_fail(err, QK_EUNSUPPORTED, "the month is not open yet");
    if (row.closed) return qk_fail(err, QK_EUNSUPPORTED, "the month is closed");
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT 1 FROM obligation o JOIN duty d ON d.obligation = COALESCE("
                         "NULLIF(o.parent, ''), o.id) WHERE o.id = ?1 AND d.unit = ?2 AND d.state"
                         " <> 'released'",
                         err));
    qk_db_bind_str(s, 1, r->obligation);
    qk_db_bind_str(s, 2, r->unit);
    qk_code code = qk_db_step(db, s, err);
    sqlite3_reset(s);
    if (code == QK_ENOTFOUND)
        return qk_fail(err, code, "the unit %.*s owes no report on %.*s", QK_STR_ARG(r->unit),
                       QK_STR_ARG(r->obligation));
    return code;
}

static qk_code check_report(qk_db *db, const qk_report *r, qk_error *err)
{
    qk_dec d;
    if (r->value.len && qk_dec_parse(&d, r->value) != QK_OK)
        return qk_fail(err, QK_EFORMAT, "'value' is a number");
    if (r->text.len > TEXT_MAX)
        return qk_fail(err, QK_EFORMAT, "a text of at most %d bytes", TEXT_MAX);
    if (!r->value.len && !r->text.len)
        return qk_fail(err, QK_EFORMAT, "a report has a value or a text");
    return qk_year_takes_report(db, r, err);
}

static qk_code report_version(int64_t *out, qk_db *db, const qk_report *r, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    *out = 0;
    QK_TRY(qk_db_prepare(
        &s, db, "SELECT version FROM progress WHERE obligation = ?1 AND unit = ?2 AND month = ?3",
        err));
    qk_db_bind_str(s, 1, r->obligation);
    qk_db_bind_str(s, 2, r->unit);
    sqlite3_bind_int64(s, 3, r->month);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_OK) *out = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_year_report(int64_t *version, qk_db *db, const qk_report *r, qk_str by, qk_time now,
                       qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(check_report(db, r, err));
    QK_TRY(report_version(version, db, r, err));
    if (*version != r->seen)
        return qk_fail(err, QK_ECONFLICT, "version %lld is current, not %lld", (long long)*version,
                       (long long)r->seen);
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO progress (obligation, unit, month, value, text, state,"
                         " valid_from, version, recorded_at, recorded_by) VALUES (?1, ?2, ?3, ?4,"
                         " ?5, ?6, ?7, 1, ?7, ?8) ON CONFLICT DO UPDATE SET value = ?4, text = ?5,"
                         " state = ?6, version = version + 1, recorded_at = ?7, recorded_by = ?8",
                         err));
    qk_db_bind_str(s, 1, r->obligation);
    qk_db_bind_str(s, 2, r->unit);
    sqlite3_bind_int64(s, 3, r->month);
    qk_dbjson_bind(s, 4, r->value);
    qk_dbjson_bind(s, 5, r->text);
    qk_db_bind_str(s, 6, now < closing_time(db, r->month) ? QK_STR("filed") : QK_STR("late"));
    sqlite3_bind_int64(s, 7, now);
    qk_db_bind_str(s, 8, by);
    ++*version;
    return qk_db_run(db, s, err);
}

/* ---- as JSON ---- */

static qk_code put_kept(qk_json_writer *w, qk_db *db, int32_t month, qk_str unit, qk_arena *arena,
                        qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_json_value *content = NULL;
    static const char *const lists[] = {"lines", "tasks", "units"};
    QK_TRY(qk_db_prepare(&s, db, "SELECT content FROM schedule_month WHERE month = ?1", err));
    sqlite3_bind_int64(s, 1, month);
    QK_TRY(qk_db_step(db, s, err));
    qk_code code = qk_json_parse(&content, qk_db_text(s, 0), arena, err);
    for (size_t i = 0; code == QK_OK && i < sizeof lists / sizeof lists[0]; i++) {
        const qk_json_value *list = qk_json_get(content, lists[i]);
        qk_json_key(w, lists[i]);
        qk_json_array(w);
        for (const qk_json_value *e = list ? list->first : NULL; e; e = e->next)
            if (!unit.len || qk_str_eq(unit, qk_json_get_str(e, "unit"))) qk_json_put(w, e);
        qk_json_end(w);
    }
    sqlite3_reset(s);
    return code;
}

qk_code qk_year_write_month(qk_json_writer *w, qk_measure_ask *ask, int32_t month, qk_str unit,
                            qk_time now, qk_error *err)
{
    char text[8];
    month_row row;
    qk_code code;
    QK_TRY(find_month(&row, ask->db, month, err));
    qk_json_object(w);
    qk_json_kcstr(w, "month", qk_month_text(text, month));
    qk_json_kcstr(w, "state", row.closed ? "closed" : row.there ? "open" : "none");
    qk_dbjson_time(w, "opened_at", row.opened_at);
    qk_dbjson_time(w, "closes_at", closing_time(ask->db, month));
    qk_dbjson_time(w, "judged_at", row.closed_at);
    if (row.closed) {
        code = put_kept(w, ask->db, month, unit, ask->arena, err);
    } else {
        qk_lines lines;
        code = qk_year_lines(&lines, ask, month, now, err);
        if (code == QK_OK) qk_year_put_lines(w, &lines, unit);
    }
    qk_json_end(w);
    return code;
}

qk_code qk_year_write_months(qk_json_writer *w, qk_db *db, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    int64_t n = 0;
    qk_code code;
    char text[8];
    QK_TRY(qk_db_prepare(
        &s, db, "SELECT month, opened_at, closed_at FROM schedule_month ORDER BY month DESC", err));
    qk_dbjson_begin(w);
    for (; (code = qk_db_step(db, s, err)) == QK_OK; n++) {
        bool closed = sqlite3_column_type(s, 2) != SQLITE_NULL;
        qk_json_object(w);
        qk_json_kcstr(w, "month", qk_month_text(text, sqlite3_column_int(s, 0)));
        qk_json_kcstr(w, "state", closed ? "closed" : "open");
        qk_dbjson_time(w, "opened_at", sqlite3_column_int64(s, 1));
        qk_dbjson_time(w, "judged_at", closed ? sqlite3_column_int64(s, 2) : QK_TIME_NONE);
        qk_json_end(w);
    }
    qk_dbjson_end(w, n);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* ---- colours of tasks ---- */

struct qk_task_colours {
    const qk_json_value *tasks;
    qk_db *db;
    int32_t today;
};

qk_code qk_task_colours_load(qk_task_colours **out, qk_db *db, qk_time now, qk_arena *arena,
                             qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_json_value *content = NULL;
    *out = qk_arena_alloc(arena, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for the colours of tasks");
    **out = (qk_task_colours){.db = db, .today = qk_day_number(now)};
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT content FROM schedule_month WHERE closed_at IS NOT NULL AND"
                         " closed_at <= ?1 ORDER BY month DESC LIMIT 1",
                         err));
    sqlite3_bind_int64(s, 1, now);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    if (code != QK_OK) return code;
    qk_str text = qk_db_text(s, 0);
    char *copy = qk_arena_copy(arena, text.ptr, text.len);
    code = copy ? qk_json_parse(&content, (qk_str){copy, text.len}, arena, err) : QK_ENOMEM;
    sqlite3_reset(s);
    (*out)->tasks = qk_json_get(content, "tasks");
    return code;
}

static bool became_overdue(const qk_task_colours *c, qk_str task)
{
    sqlite3_stmt *s = NULL;
    if (qk_db_prepare(&s, c->db,
                      "SELECT 1 FROM obligation WHERE id = ?1 AND state = 'open' AND due_day < ?2",
                      NULL) != QK_OK)
        return false;
    qk_db_bind_str(s, 1, task);
    sqlite3_bind_int64(s, 2, c->today);
    bool found = qk_db_step(c->db, s, NULL) == QK_OK;
    sqlite3_reset(s);
    return found;
}

/* A plan to be filed is red while somebody who owes it has not filed on its day, green when all
 * have; false: it is no filing. */
static bool filing_colour(const char **out, const qk_task_colours *c, qk_str id)
{
    sqlite3_stmt *s = NULL;
    if (qk_db_prepare(&s, c->db,
                      "SELECT o.due_day, (SELECT count(DISTINCT d.unit) FROM duty d WHERE"
                      " d.obligation = o.id AND d.state <> 'released' AND d.role <> 'support' AND"
                      " NOT EXISTS (SELECT 1 FROM progress p WHERE p.obligation = o.id AND p.unit"
                      " = d.unit AND p.month = 0 AND p.state IN ('filed', 'late'))) FROM obligation"
                      " o WHERE o.id = ?1 AND o.kind = 'filing'",
                      NULL) != QK_OK)
        return false;
    qk_db_bind_str(s, 1, id);
    bool found = qk_db_step(c->db, s, NULL) == QK_OK;
    bool owed = found && sqlite3_column_int(s, 1) > 0;
    bool over = found && sqlite3_column_int(s, 0) < c->today;
    sqlite3_reset(s);
    *out = !owed ? qk_colour_name(QK_COLOUR_GREEN) : over ? qk_colour_name(QK_COLOUR_RED) : NULL;
    return found;
}

const char *qk_task_colour(void *colours, qk_str obligation)
{
    const qk_task_colours *c = colours;
    const char *of_filing = NULL;
    if (filing_colour(&of_filing, c, obligation)) return of_filing;
    for (const qk_json_value *t = c->tasks ? c->tasks->first : NULL; t; t = t->next) {
        if (!qk_str_eq(obligation, qk_json_get_str(t, "id"))) continue;
        qk_str colour = qk_json_get_str(t, "colour");
        bool done = qk_json_get_bool(t, "done", false);
        if (!done && became_overdue(c, obligation)) return "red";
        for (int i = QK_COLOUR_GREEN; i <= QK_COLOUR_RED; i++)
            if (qk_str_eq(colour, qk_str_of(qk_colour_name((qk_colour)i))))
                return qk_colour_name((qk_colour)i);
        return NULL;
    }
    return became_overdue(c, obligation) ? "red" : NULL;
}
