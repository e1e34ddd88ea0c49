/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/deptplan.h"
#include "domain/dbjson.h"
#include "domain/ledger.h"
#include <stdio.h>

#define LEDGER QK_STR("department_plan")

/* ---- rows ---- */

qk_code qk_deptplan_put(qk_db *db, const qk_deptplan_field *f, qk_str by, qk_time now,
                        qk_arena *arena, qk_error *err)
{
    qk_ledger_type *type = NULL;
    qk_str values[QK_LEDGER_FIELDS] = {{0}};
    qk_error none = {0};
    int64_t id = 0;
    bool changed = false;
    QK_TRY(qk_ledger_type_get(&type, db, LEDGER, QK_TIME_NONE, arena, err));
    char *year = qk_arena_printf(arena, "%d", f->year);
    if (!year) return qk_fail(err, QK_ENOMEM, "no memory for a department's field");
    qk_ledger_cell_set(type, values, "unit", f->unit);
    qk_ledger_cell_set(type, values, "year", qk_str_of(year));
    qk_ledger_cell_set(type, values, "field", f->field);
    qk_ledger_cell_set(type, values, "check", f->check);
    qk_ledger_cell_set(type, values, "with", f->with);
    qk_ledger_cell_set(type, values, "plan", f->plan);
    qk_ledger_cell_set(type, values, "path", f->path);
    qk_code code = qk_ledger_find(&id, db, type, values, arena, &none);
    if (code == QK_OK) return QK_OK;
    if (code != QK_ENOTFOUND) return qk_fail(err, code, "%s", none.message);
    return qk_ledger_put(&id, &changed, db, type, values, -1, QK_TIME_NONE, by, now, err);
}

/* ---- reading ---- */

typedef struct department {
    char unit[64];
    int32_t year;
    const char *state; /* of its filing */
    int64_t covered, planned, done;
    qk_json_writer *w;
    const qk_ledger_type *type;
} department;

static bool number(int64_t *out, qk_str text)
{
    return text.len && qk_parse_i64(out, text) == QK_OK;
}

static const char *field_state(const department *d, bool own_file, int64_t planned)
{
    bool filed = own_file || strcmp(d->state, "filed") == 0 || strcmp(d->state, "late") == 0;
    if (!filed) return d->state;
    return planned > 0 ? "covered" : "unplanned";
}

static void put_count(qk_json_writer *w, const char *name, bool known, int64_t n)
{
    if (known)
        qk_json_ki64(w, name, n);
    else
        qk_json_knull(w, name);
}

static void put_text(qk_json_writer *w, const char *name, qk_str text)
{
    if (text.len)
        qk_json_kstr(w, name, text);
    else
        qk_json_knull(w, name);
}

static qk_code put_field(void *context, const qk_ledger_row *row)
{
    department *d = context;
    int64_t planned = 0, done = 0, year = 0;
    const qk_str *v = row->values;
    if (!number(&year, qk_ledger_cell(d->type, v, "year")) || year != d->year) return QK_OK;
    bool has_planned = number(&planned, qk_ledger_cell(d->type, v, "planned"));
    bool has_done = number(&done, qk_ledger_cell(d->type, v, "done"));
    const char *state = field_state(d, qk_ledger_cell(d->type, v, "file").len > 0, planned);
    qk_json_object(d->w);
    qk_json_ki64(d->w, "row", row->id);
    qk_json_ki64(d->w, "row_version", row->version);
    qk_json_kstr(d->w, "field", qk_ledger_cell(d->type, v, "field"));
    put_text(d->w, "check", qk_ledger_cell(d->type, v, "check"));
    put_text(d->w, "with", qk_ledger_cell(d->type, v, "with"));
    put_text(d->w, "path", qk_ledger_cell(d->type, v, "path"));
    put_count(d->w, "planned", has_planned, planned);
    put_count(d->w, "done", has_done, done);
    qk_json_kcstr(d->w, "state", state);
    qk_json_end(d->w);
    d->covered += strcmp(state, "covered") == 0;
    d->planned += planned;
    d->done += done;
    return QK_OK;
}

static qk_code put_fields(department *d, qk_db *db, qk_error *err)
{
    qk_ledger_ask ask = {
        .unit = qk_str_of(d->unit), .valid_at = QK_TIME_NONE, .known_at = QK_TIME_NONE};
    qk_json_key(d->w, "fields");
    qk_json_array(d->w);
    QK_TRY(qk_ledger_each(db, d->type, &ask, put_field, d, err));
    qk_json_end(d->w);
    return QK_OK;
}

static void begin_department(department *d, sqlite3_stmt *s, qk_time now)
{
    qk_time begin = sqlite3_column_int64(s, 4) * QK_DAY - QK_CST_OFFSET;
    qk_time end = (sqlite3_column_int64(s, 3) + 1) * QK_DAY - QK_CST_OFFSET;
    qk_str state = qk_db_text(s, 8);
    bool late = qk_str_eq(state, QK_STR("late")), filed = late || qk_str_eq(state, QK_STR("filed"));
    d->state = late ? "late" : filed ? "filed" : now >= end ? "missing" : "waiting";
    d->year = qk_civil_of(begin).year;
    qk_str_copy(d->unit, sizeof d->unit, qk_db_text(s, 5));
    qk_json_object(d->w);
    qk_dbjson_text(d->w, "obligation", s, 0);
    qk_dbjson_text(d->w, "plan", s, 1);
    qk_dbjson_text(d->w, "title", s, 2);
    qk_json_ki64(d->w, "year", d->year);
    qk_dbjson_day(d->w, "due", s, 3);
    qk_dbjson_text(d->w, "unit", s, 5);
    qk_dbjson_text(d->w, "name_zh", s, 6);
    qk_dbjson_text(d->w, "name_en", s, 7);
    qk_json_kcstr(d->w, "state", d->state);
    if (filed)
        qk_dbjson_time(d->w, "filed_at", sqlite3_column_int64(s, 9));
    else
        qk_json_knull(d->w, "filed_at");
    qk_dbjson_name(d->w, "file", s, 10);
    qk_dbjson_name(d->w, "file_name", s, 11);
}

static qk_code put_department(qk_json_writer *w, qk_db *db, sqlite3_stmt *s,
                              const qk_ledger_type *type, qk_time now, qk_error *err)
{
    department d = {.w = w, .type = type};
    begin_department(&d, s, now);
    QK_TRY(put_fields(&d, db, err));
    qk_json_ki64(w, "covered", d.covered);
    qk_json_ki64(w, "planned", d.planned);
    qk_json_ki64(w, "done", d.done);
    qk_json_end(w);
    return QK_OK;
}

qk_code qk_deptplans_write(qk_json_writer *w, qk_db *db, const qk_task_filter *f, qk_time now,
                           qk_arena *arena, qk_error *err)
{
    qk_ledger_type *type = NULL;
    sqlite3_stmt *s = NULL;
    int64_t n = 0;
    qk_code code;
    QK_TRY(qk_ledger_type_get(&type, db, LEDGER, QK_TIME_NONE, arena, err));
    QK_TRY(
        qk_db_prepare(&s, db,
                      "SELECT o.id, o.plan, o.title, o.due_day, o.start_day, d.unit,"
                      " COALESCE(u.name_zh, d.unit), COALESCE(u.name_en, ''), p.state,"
                      " p.recorded_at, f.sha256, f.name FROM obligation o JOIN duty d ON"
                      " d.obligation = o.id LEFT JOIN progress p ON p.obligation = o.id AND"
                      " p.unit = d.unit AND p.month = 0 LEFT JOIN unit u ON u.id = d.unit LEFT"
                      " JOIN file_use f ON f.object = 'filing/' || o.id || '/' || d.unit LEFT"
                      " JOIN plan_item i ON i.plan = o.plan AND i.path = o.path WHERE"
                      " o.kind = 'filing' AND o.path LIKE '%.fields[%' AND o.state <>"
                      " 'cancelled' AND d.state <> 'released' AND d.role = 'lead' AND (?1 = ''"
                      " OR o.plan = ?1) GROUP BY o.id, d.unit ORDER BY o.plan DESC, i.place, o.id",
                      err));
    qk_dbjson_bind(s, 1, f->plan);
    qk_dbjson_begin(w);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        if (f->may && !f->may(f->may_context, qk_db_text(s, 5))) continue;
        code = put_department(w, db, s, type, now, err);
        if (code != QK_OK) break;
        n++;
    }
    sqlite3_reset(s);
    qk_dbjson_end(w, n);
    return code == QK_ENOTFOUND ? QK_OK : code;
}
