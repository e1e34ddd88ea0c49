/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks, duties and filings as JSON. */
#include "domain/duties_private.h"
#include "domain/dbjson.h"
#include <stdio.h>

/* ---- one obligation ---- */

#define OBLIGATION_COLUMNS                                                                  \
    " o.id, o.plan, o.path, o.parent, o.kind, o.no, o.title, o.text, o.campaign, o.office," \
    " o.start_day, o.due_day, o.every, o.op, o.value, o.value2, o.amount_unit, o.measure,"  \
    " o.binding, o.state, o.valid_from, o.version, o.recorded_at, o.recorded_by "

static void put_obligation(qk_json_writer *w, sqlite3_stmt *s)
{
    qk_dbjson_text(w, "id", s, 0);
    qk_dbjson_text(w, "plan", s, 1);
    qk_dbjson_text(w, "path", s, 2);
    qk_dbjson_name(w, "parent", s, 3);
    qk_dbjson_text(w, "kind", s, 4);
    qk_dbjson_text(w, "no", s, 5);
    qk_dbjson_text(w, "title", s, 6);
    qk_dbjson_text(w, "text", s, 7);
    qk_dbjson_text(w, "campaign", s, 8);
    qk_dbjson_name(w, "office", s, 9);
    qk_dbjson_day(w, "start", s, 10);
    qk_dbjson_day(w, "due", s, 11);
    qk_dbjson_name(w, "every", s, 12);
    qk_dbjson_name(w, "op", s, 13);
    qk_dbjson_number(w, "value", s, 14);
    qk_dbjson_number(w, "value2", s, 15);
    qk_dbjson_name(w, "unit", s, 16);
    qk_dbjson_json(w, "measure", s, 17);
    qk_dbjson_text(w, "binding", s, 18);
    qk_dbjson_text(w, "state", s, 19);
    qk_dbjson_day(w, "valid_from", s, 24);
    qk_json_ki64(w, "row_version", sqlite3_column_int64(s, 21));
    qk_dbjson_time(w, "recorded_at", sqlite3_column_int64(s, 22));
    qk_dbjson_text(w, "recorded_by", s, 23);
}

/* The civil day of valid_from as the 25th column. */
#define DAY_COLUMN ", (o.valid_from + 28800000) / 86400000 "

/* ---- duties ---- */

#define DUTY_COLUMNS                                                                         \
    "SELECT d.obligation, d.unit, d.role, d.state, d.note, d.version, d.recorded_at,"        \
    " d.recorded_by, COALESCE(u.name_zh, d.unit), COALESCE(u.name_en, ''), COALESCE(u.kind," \
    " ''), o.title, o.no, d.state = 'sent' AND EXISTS (SELECT 1 FROM timer t WHERE t.kind =" \
    " 'duty.unsigned' AND t.key = o.plan AND t.fired_at IS NOT NULL) FROM duty d JOIN"       \
    " obligation o ON o.id = d.obligation LEFT JOIN unit u ON u.id = d.unit "

static void put_duty(qk_json_writer *w, sqlite3_stmt *s)
{
    qk_dbjson_text(w, "obligation", s, 0);
    qk_dbjson_text(w, "unit", s, 1);
    qk_dbjson_text(w, "name_zh", s, 8);
    qk_dbjson_text(w, "name_en", s, 9);
    qk_dbjson_text(w, "unit_kind", s, 10);
    qk_dbjson_text(w, "role", s, 2);
    qk_dbjson_text(w, "state", s, 3);
    qk_json_kbool(w, "overdue", sqlite3_column_int(s, 13) != 0);
    qk_dbjson_text(w, "note", s, 4);
    qk_json_ki64(w, "row_version", sqlite3_column_int64(s, 5));
    qk_dbjson_time(w, "recorded_at", sqlite3_column_int64(s, 6));
    qk_dbjson_text(w, "recorded_by", s, 7);
}

/* Leads first, then by unit. */
#define DUTY_ORDER                                                                          \
    " ORDER BY d.obligation, CASE d.role WHEN 'lead' THEN 0 WHEN 'responsible' THEN 1 WHEN" \
    " 'support' THEN 2 ELSE 3 END, d.unit"

static qk_code put_duties(qk_json_writer *w, qk_db *db, qk_str obligation, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, db, DUTY_COLUMNS "WHERE d.obligation = ?1" DUTY_ORDER, err));
    qk_db_bind_str(s, 1, obligation);
    qk_json_key(w, "duties");
    qk_json_array(w);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        qk_json_object(w);
        put_duty(w, s);
        qk_json_end(w);
    }
    qk_json_end(w);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_duties_write_duties(qk_json_writer *w, qk_db *db, const qk_task_filter *f, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    int64_t n = 0;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, db,
                         DUTY_COLUMNS
                         "WHERE o.parent = '' AND (?1 = '' OR o.plan = ?1) AND (?2 = '' OR d.unit ="
                         " ?2) AND (?3 = '' OR d.state = ?3 OR (?3 = 'unsigned' AND d.state ="
                         " 'sent' AND EXISTS (SELECT 1 FROM timer t WHERE t.kind = 'duty.unsigned'"
                         " AND t.key = o.plan AND t.fired_at IS NOT NULL)))" DUTY_ORDER,
                         err));
    qk_dbjson_bind(s, 1, f->plan);
    qk_dbjson_bind(s, 2, f->unit);
    qk_dbjson_bind(s, 3, f->state);
    qk_dbjson_begin(w);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        if (f->may && !f->may(f->may_context, qk_db_text(s, 1))) continue;
        n++;
        qk_json_object(w);
        put_duty(w, s);
        qk_dbjson_text(w, "no", s, 12);
        qk_dbjson_text(w, "title", s, 11);
        qk_json_end(w);
    }
    qk_dbjson_end(w, n);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* ---- lists of tasks ---- */

qk_code qk_duties_visible(bool *visible, qk_db *db, qk_str obligation, const qk_task_filter *f,
                          qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code = QK_OK;
    *visible = !f->may;
    if (*visible) return QK_OK;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT DISTINCT d.unit FROM obligation o JOIN duty d ON d.obligation ="
                         " COALESCE(NULLIF(o.parent, ''), o.id) WHERE o.id = ?1",
                         err));
    qk_db_bind_str(s, 1, obligation);
    while (!*visible && (code = qk_db_step(db, s, err)) == QK_OK)
        *visible = f->may(f->may_context, qk_db_text(s, 0));
    sqlite3_reset(s);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code prepare_tasks(sqlite3_stmt **s, qk_db *db, const qk_task_filter *f, qk_error *err)
{
    QK_TRY(qk_db_prepare(s, db,
                         "SELECT" OBLIGATION_COLUMNS DAY_COLUMN
                         "FROM obligation o LEFT JOIN plan_item p ON p.plan = o.plan AND p.path ="
                         " o.path WHERE (?1 = '' OR o.plan = ?1) AND (CASE WHEN ?2 <> '' THEN"
                         " o.kind = ?2 ELSE o.parent = '' AND o.kind IN ('task', 'filing') END)"
                         " AND (?3 = '' OR o.campaign = ?3) AND (?4 = '' OR o.office = ?4) AND (?5"
                         " = '' OR o.state = ?5) AND (?6 = 0 OR o.due_day >= ?6) AND (?7 = 0 OR"
                         " o.due_day <= ?7) AND (?8 = '' OR EXISTS (SELECT 1 FROM duty d WHERE"
                         " d.obligation = o.id AND d.unit = ?8 AND (?9 = '' OR d.role = ?9) AND"
                         " d.state <> 'released')) ORDER BY o.plan DESC, p.place, o.id",
                         err));
    qk_dbjson_bind(*s, 1, f->plan);
    qk_dbjson_bind(*s, 2, f->kind);
    qk_dbjson_bind(*s, 3, f->campaign);
    qk_dbjson_bind(*s, 4, f->office);
    qk_dbjson_bind(*s, 5, f->state);
    sqlite3_bind_int64(*s, 6, f->due_from);
    sqlite3_bind_int64(*s, 7, f->due_to);
    qk_dbjson_bind(*s, 8, f->unit);
    qk_dbjson_bind(*s, 9, f->role);
    return QK_OK;
}

static void put_colour(qk_json_writer *w, const char *colour)
{
    qk_json_kcstr(w, "colour", colour && colour[0] ? colour : NULL);
}

qk_code qk_duties_write_tasks(qk_json_writer *w, qk_db *db, const qk_task_filter *f,
                              qk_task_colour_fn *colour, void *context, qk_str only, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    int64_t n = 0;
    qk_code code;
    QK_TRY(prepare_tasks(&s, db, f, err));
    qk_dbjson_begin(w);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        char id[QK_OBLIGATION_MAX];
        qk_str_copy(id, sizeof id, qk_db_text(s, 0));
        bool visible = false;
        QK_TRY(qk_duties_visible(&visible, db, qk_str_of(id), f, err));
        if (!visible) continue;
        const char *is = colour ? colour(context, qk_str_of(id)) : NULL;
        if (only.len && !qk_str_eq(only, qk_str_of(is ? is : ""))) continue;
        qk_json_object(w);
        put_obligation(w, s);
        put_colour(w, is);
        QK_TRY(put_duties(w, db, qk_str_of(id), err));
        qk_json_end(w);
        n++;
    }
    qk_dbjson_end(w, n);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* ---- one task ---- */

/* Obligations that a statement gives, under a name; its one parameter is an obligation's id. */
static qk_code put_rows(qk_json_writer *w, qk_db *db, const char *name, const char *sql, qk_str id,
                        qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, db, sql, err));
    qk_db_bind_str(s, 1, id);
    qk_json_key(w, name);
    qk_json_array(w);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        qk_json_object(w);
        put_obligation(w, s);
        qk_json_end(w);
    }
    qk_json_end(w);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code put_children(qk_json_writer *w, qk_db *db, qk_str parent, qk_error *err)
{
    return put_rows(w, db, "children",
                    "SELECT" OBLIGATION_COLUMNS DAY_COLUMN
                    "FROM obligation o WHERE o.parent = ?1 ORDER BY o.kind, o.id",
                    parent, err);
}

static qk_code put_versions(qk_json_writer *w, qk_db *db, qk_str obligation, qk_error *err)
{
    return put_rows(w, db, "versions",
                    "SELECT" OBLIGATION_COLUMNS DAY_COLUMN
                    "FROM obligation_history o WHERE o.id = ?1 ORDER BY o.version DESC",
                    obligation, err);
}

static qk_code put_source(qk_json_writer *w, qk_db *db, qk_str obligation, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT o.plan, o.path, p.spans, l.title, l.doc_no FROM obligation o JOIN"
                         " plan l ON l.id = o.plan LEFT JOIN plan_item p ON p.plan = o.plan AND"
                         " p.path = o.path WHERE o.id = ?1",
                         err));
    qk_db_bind_str(s, 1, obligation);
    QK_TRY(qk_db_step(db, s, err));
    qk_json_key(w, "source");
    qk_json_object(w);
    qk_dbjson_text(w, "plan", s, 0);
    qk_dbjson_text(w, "title", s, 3);
    qk_dbjson_text(w, "doc_no", s, 4);
    qk_dbjson_text(w, "path", s, 1);
    qk_json_key(w, "fields");
    qk_str spans = qk_db_text(s, 2);
    qk_json_raw(w, spans.len ? spans : QK_STR("{}"));
    qk_json_end(w);
    sqlite3_reset(s);
    return QK_OK;
}

static void put_post(qk_json_writer *w, const qk_post *post, const qk_person *person)
{
    qk_json_object(w);
    qk_json_kcstr(w, "unit", post->unit);
    qk_json_kcstr(w, "post", post->id);
    qk_json_kcstr(w, "title_zh", post->title_zh);
    qk_json_kcstr(w, "title_en", post->title_en);
    qk_json_kcstr(w, "person", person ? person->id : NULL);
    qk_json_kcstr(w, "name", person ? person->name : NULL);
    qk_json_end(w);
}

/* Responsibility follows the post: who held those of the units that owe the task, at `at`. */
static qk_code put_people(qk_json_writer *w, qk_db *db, const qk_registry *registry,
                          qk_str obligation, qk_time at, qk_arena *arena, qk_error *err)
{
    qk_post *posts = NULL;
    size_t n = 0;
    QK_TRY(qk_people_posts(registry, arena, &posts, &n));
    qk_json_key(w, "people");
    qk_json_array(w);
    for (size_t i = 0; i < n; i++) {
        sqlite3_stmt *s = NULL;
        qk_post then;
        qk_person person;
        QK_TRY(qk_db_prepare(&s, db,
                             "SELECT 1 FROM duty WHERE obligation = ?1 AND unit = ?2 AND role IN"
                             " ('lead', 'responsible') AND state <> 'released'",
                             err));
        qk_db_bind_str(s, 1, obligation);
        qk_db_bind_str(s, 2, qk_str_of(posts[i].unit));
        qk_code code = qk_db_step(db, s, err);
        sqlite3_reset(s);
        if (code == QK_ENOTFOUND) continue;
        if (code == QK_OK)
            code = qk_people_post_at(&then, db, qk_str_of(posts[i].id), at, QK_TIME_NONE, err);
        if (code == QK_ENOTFOUND) continue;
        if (code != QK_OK) return code;
        bool held = then.person[0] && qk_people_person_at(&person, db, qk_str_of(then.person), at,
                                                          QK_TIME_NONE, NULL) == QK_OK;
        put_post(w, &then, held ? &person : NULL);
    }
    qk_json_end(w);
    return QK_OK;
}

qk_code qk_duties_write_task(qk_json_writer *w, qk_db *db, const qk_registry *registry,
                             qk_str obligation, qk_time at, qk_arena *arena, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(
        &s, db, "SELECT" OBLIGATION_COLUMNS DAY_COLUMN "FROM obligation o WHERE o.id = ?1", err));
    qk_db_bind_str(s, 1, obligation);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND)
        return qk_fail(err, code, "there is no obligation %.*s", QK_STR_ARG(obligation));
    if (code != QK_OK) return code;
    qk_json_object(w);
    put_obligation(w, s);
    sqlite3_reset(s);
    QK_TRY(put_source(w, db, obligation, err));
    QK_TRY(put_duties(w, db, obligation, err));
    QK_TRY(put_people(w, db, registry, obligation, at, arena, err));
    QK_TRY(put_children(w, db, obligation, err));
    QK_TRY(put_versions(w, db, obligation, err));
    qk_json_end(w);
    return QK_OK;
}

/* ---- filings ---- */

static void put_filing(qk_json_writer *w, sqlite3_stmt *s, qk_time now)
{
    qk_time end = (sqlite3_column_int64(s, 2) + 1) * QK_DAY - QK_CST_OFFSET;
    qk_str state = qk_db_text(s, 4);
    bool filed = qk_str_eq(state, QK_STR("filed")) || qk_str_eq(state, QK_STR("late"));
    qk_json_object(w);
    qk_dbjson_text(w, "obligation", s, 0);
    qk_dbjson_text(w, "title", s, 1);
    qk_dbjson_day(w, "due", s, 2);
    qk_dbjson_text(w, "unit", s, 3);
    qk_dbjson_text(w, "name_zh", s, 8);
    qk_dbjson_text(w, "name_en", s, 9);
    qk_json_key(w, "state");
    filed ? qk_json_str(w, state) : qk_json_cstr(w, now >= end ? "missing" : "waiting");
    if (filed)
        qk_dbjson_time(w, "filed_at", sqlite3_column_int64(s, 5));
    else
        qk_json_knull(w, "filed_at");
    qk_dbjson_name(w, "text", s, 6);
    qk_dbjson_name(w, "file", s, 10);
    qk_dbjson_name(w, "file_name", s, 11);
    qk_json_end(w);
}

qk_code qk_duties_write_filings(qk_json_writer *w, qk_db *db, const qk_task_filter *f, qk_time now,
                                qk_error *err)
{
    sqlite3_stmt *s = NULL;
    int64_t n = 0;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT o.id, o.title, o.due_day, d.unit, p.state, p.recorded_at, p.text,"
                         " p.version, COALESCE(u.name_zh, d.unit), COALESCE(u.name_en, ''),"
                         " f.sha256, f.name FROM obligation o JOIN (SELECT DISTINCT obligation,"
                         " unit FROM duty WHERE state <> 'released' AND role <> 'support') d ON"
                         " d.obligation = o.id LEFT JOIN progress p ON p.obligation = o.id AND"
                         " p.unit = d.unit AND p.month = 0 LEFT JOIN unit u ON u.id = d.unit LEFT"
                         " JOIN file_use f ON f.object = 'filing/' || o.id || '/' || d.unit WHERE"
                         " o.kind = 'filing' AND (?1 = '' OR o.plan = ?1) GROUP BY o.id, d.unit"
                         " ORDER BY o.id, d.unit",
                         err));
    qk_dbjson_bind(s, 1, f->plan);
    qk_dbjson_begin(w);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        if (f->may && !f->may(f->may_context, qk_db_text(s, 3))) continue;
        put_filing(w, s, now);
        n++;
    }
    qk_dbjson_end(w, n);
    return code == QK_ENOTFOUND ? QK_OK : code;
}
