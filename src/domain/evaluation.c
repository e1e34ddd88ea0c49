/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/evaluation.h"
#include "domain/cases.h"
#include "domain/ledger.h"
#include "domain/node.h"
#include "domain/setting.h"
#include <math.h>
#include <stdio.h>

enum { DAYS = 30, DAYS_MAX = 180, DROP_PERCENT = 10, KEPT_DAYS = 400, TYPES_ARENA = 8 << 20 };

typedef struct evaluating {
    qk_db *db;
    qk_scheduler *s;
    const qk_registry *registry;
    qk_telemetry_reader *reader;
    const qk_ledger_type *works, *results;
    const char *name; /* the field of works that people know the row by */
    qk_arena *row;    /* emptied for each row */
    qk_time now;
    int64_t days, drop;
    size_t made;
    qk_error *err;
} evaluating;

typedef struct side {
    size_t hours;
    double mean;
} side;

typedef struct verdict {
    char cause[64];
    qk_str name, site, unit, factor, done;
    side before, after;
    double change_percent;
    const char *state;
    char case_id[QK_CASE_ID_MAX];
} verdict;

/* ---- what was measured ---- */

static qk_code mean_of(side *out, const evaluating *e, const verdict *v, qk_time from, qk_time to)
{
    char site[QK_CODE_MAX];
    qk_hour_column hours;
    double sum = 0;
    *out = (side){.mean = NAN};
    qk_str_copy(site, sizeof site, v->site);
    QK_TRY(qk_hours_read(&hours, NULL, e->registry, e->reader, site, v->factor, from, to, e->row,
                         e->err));
    for (size_t i = 0; i < hours.count; i++) {
        if (!isfinite(hours.value[i])) continue;
        sum += hours.value[i];
        out->hours++;
    }
    if (out->hours) out->mean = sum / (double)out->hours;
    return QK_OK;
}

static void judge(verdict *v, const evaluating *e)
{
    size_t least = (size_t)e->days * 12;
    bool known = v->before.hours >= least && v->after.hours >= least && v->before.mean > 0;
    v->state = "no_data";
    v->change_percent = NAN;
    if (!known) return;
    v->change_percent = 100 * (v->after.mean - v->before.mean) / v->before.mean;
    v->state =
        v->after.mean <= v->before.mean * (double)(100 - e->drop) / 100 ? "passed" : "failed";
}

static qk_code measure(verdict *v, const evaluating *e)
{
    qk_time done = 0;
    qk_code code = qk_time_parse(&done, v->done);
    if (code) return qk_fail(e->err, code, "a work's date of completion cannot be read");
    QK_TRY(mean_of(&v->before, e, v, done - e->days * QK_DAY, done));
    QK_TRY(mean_of(&v->after, e, v, done + QK_DAY, done + (e->days + 1) * QK_DAY));
    judge(v, e);
    return QK_OK;
}

/* ---- what is kept ---- */

/* The evaluation that stands, and whether it has come to a verdict. */
static qk_code find_earlier(int64_t *id, bool *judged, const evaluating *e, const qk_str *values)
{
    qk_ledger_row *row = NULL;
    *id = 0;
    *judged = false;
    qk_code code = qk_ledger_find(id, e->db, e->results, values, e->row, e->err);
    if (code == QK_ENOTFOUND) return QK_OK;
    if (code) return code;
    QK_TRY(qk_ledger_get(&row, e->db, e->results, *id, e->row, e->err));
    *judged = !qk_str_eq(row->state, QK_STR("no_data"));
    return QK_OK;
}

static qk_code open_case(verdict *v, const evaluating *e)
{
    char cause[200], object[96], title[400], text[300];
    bool made = false;
    snprintf(cause, sizeof cause, "post_evaluation/%s/%.*s/%.*s", v->cause, QK_STR_ARG(v->factor),
             QK_STR_ARG(v->done));
    snprintf(object, sizeof object, "ledger/%s", v->cause);
    snprintf(title, sizeof title, "治理后评估未达标：%.*s",
             (int)(v->name.len < 300 ? v->name.len : qk_utf8_cut((qk_str){v->name.ptr, 300})),
             v->name.ptr);
    snprintf(text, sizeof text,
             "%.*s：完成前 %lld 天均值 %.3f（%zu 小时），完成后 %.3f（%zu 小时），变化 %.1f%%，"
             "应下降至少 %lld%%",
             QK_STR_ARG(v->factor), (long long)e->days, v->before.mean, v->before.hours,
             v->after.mean, v->after.hours, v->change_percent, (long long)e->drop);
    qk_case_new what = {.kind = QK_STR("rectify"),
                        .cause = qk_str_of(cause),
                        .object = qk_str_of(object),
                        .unit = v->unit,
                        .site = v->site,
                        .title = qk_str_of(title),
                        .text = qk_str_of(text),
                        .dispatch = v->unit.len > 0};
    return qk_case_open(v->case_id, &made, e->db, e->s, &what, QK_STR("system"), e->now, e->err);
}

static void set_number(const evaluating *e, qk_str *values, const char *field, int digits,
                       double value)
{
    const char *text = isfinite(value) ? qk_arena_printf(e->row, "%.*f", digits, value) : NULL;
    if (text) qk_ledger_cell_set(e->results, values, field, qk_str_of(text));
}

static qk_code keep(evaluating *e, const verdict *v, int64_t id, qk_str *values)
{
    char today[QK_TIME_TEXT];
    bool changed = false;
    qk_ledger_cell_set(e->results, values, "name", v->name);
    qk_ledger_cell_set(e->results, values, "site", v->site);
    qk_ledger_cell_set(e->results, values, "unit", v->unit);
    set_number(e, values, "days", 0, (double)e->days);
    set_number(e, values, "drop_asked", 0, (double)e->drop);
    set_number(e, values, "hours_before", 0, (double)v->before.hours);
    set_number(e, values, "hours_after", 0, (double)v->after.hours);
    set_number(e, values, "mean_before", 3, v->before.mean);
    set_number(e, values, "mean_after", 3, v->after.mean);
    set_number(e, values, "change", 1, v->change_percent);
    qk_ledger_cell_set(e->results, values, "state", qk_str_of(v->state));
    qk_ledger_cell_set(e->results, values, "case", qk_str_of(v->case_id));
    if (strcmp(v->state, "no_data") != 0)
        qk_ledger_cell_set(e->results, values, "evaluated", qk_str_of(qk_date_iso(today, e->now)));
    QK_TRY(qk_ledger_put(&id, &changed, e->db, e->results, values, -1, QK_TIME_NONE,
                         QK_STR("system"), e->now, e->err));
    e->made += changed;
    return QK_OK;
}

static qk_code evaluate_row(void *context, const qk_ledger_row *row)
{
    evaluating *e = context;
    qk_str values[QK_LEDGER_FIELDS] = {{NULL, 0}};
    verdict v = {.name = qk_ledger_cell(e->works, row->values, e->name),
                 .site = qk_ledger_cell(e->works, row->values, "site"),
                 .unit = qk_ledger_cell(e->works, row->values, "unit"),
                 .factor = qk_ledger_cell(e->works, row->values, "factor"),
                 .done = qk_ledger_cell(e->works, row->values, "done_date")};
    int64_t id = 0;
    bool judged = false;
    qk_arena_reset(e->row);
    snprintf(v.cause, sizeof v.cause, "%.*s/%lld", QK_STR_ARG(e->works->id), (long long)row->id);
    qk_ledger_cell_set(e->results, values, "cause", qk_str_of(v.cause));
    qk_ledger_cell_set(e->results, values, "factor", v.factor);
    qk_ledger_cell_set(e->results, values, "done_date", v.done);
    QK_TRY(find_earlier(&id, &judged, e, values));
    if (judged) return QK_OK;
    QK_TRY(measure(&v, e));
    if (strcmp(v.state, "failed") == 0) QK_TRY(open_case(&v, e));
    return keep(e, &v, id, values);
}

/* ---- nights ---- */

static qk_code evaluate_ledger(evaluating *e, const char *ledger, const char *name,
                               const char *states, qk_arena *arena)
{
    qk_ledger_type *works = NULL;
    qk_json_value *where = NULL;
    const char *text = qk_arena_printf(
        arena,
        "[[\"state\",\"in\",%s],[\"site\",\"empty\",false],[\"factor\",\"empty\",false],"
        "[\"done_date\",\"<\",\"today-%lld\"],[\"done_date\",\">\",\"today-%d\"]]",
        states, (long long)e->days, KEPT_DAYS);
    if (!text) return qk_fail(e->err, QK_ENOMEM, "no memory for an evaluation");
    QK_TRY(qk_ledger_type_get(&works, e->db, qk_str_of(ledger), QK_TIME_NONE, arena, e->err));
    QK_TRY(qk_json_parse(&where, qk_str_of(text), arena, e->err));
    /* A county's own form of the ledger may have no such fields. */
    if (qk_ledger_where_check(works, where, NULL) != QK_OK) return QK_OK;
    e->works = works;
    e->name = name;
    qk_ledger_ask ask = {.where = where,
                         .valid_at = QK_TIME_NONE,
                         .known_at = QK_TIME_NONE,
                         .today = qk_day_number(e->now)};
    return qk_ledger_each(e->db, works, &ask, evaluate_row, e, e->err);
}

static int64_t setting_in(qk_db *db, const char *key, int64_t fallback, int64_t most)
{
    int64_t n = qk_setting_i64(db, key, fallback);
    return n < 1 || n > most ? fallback : n;
}

qk_code qk_evaluation_run(size_t *made, qk_db *db, qk_scheduler *s, const qk_registry *registry,
                          qk_telemetry_reader *reader, qk_time now, qk_error *err)
{
    qk_arena arena, row;
    qk_ledger_type *results = NULL;
    evaluating e = {.db = db,
                    .s = s,
                    .registry = registry,
                    .reader = reader,
                    .row = &row,
                    .now = now,
                    .days = setting_in(db, "evaluation.days", DAYS, DAYS_MAX),
                    .drop = setting_in(db, "evaluation.drop_percent", DROP_PERCENT, 100),
                    .err = err};
    qk_code code;
    qk_arena_init(&arena, TYPES_ARENA);
    qk_arena_init(&row, TYPES_ARENA);
    QK_TRY_OUT(code, qk_ledger_type_get(&results, db, QK_STR("post_evaluation"), QK_TIME_NONE,
                                        &arena, err));
    e.results = results;
    QK_TRY_OUT(code, evaluate_ledger(&e, "treatment_work", "enterprise", "[\"done\",\"accepted\"]",
                                     &arena));
    code = evaluate_ledger(&e, "key_project", "name", "[\"done\"]", &arena);
out:
    *made = e.made;
    qk_arena_clear(&row);
    qk_arena_clear(&arena);
    return code;
}

static qk_code on_night(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                        qk_error *err)
{
    qk_telemetry_reader *reader = NULL;
    size_t made = 0;
    QK_TRY(qk_telemetry_reader_open(&reader, qk_node_telemetry(node), qk_node_db_path(node), err));
    qk_code code =
        qk_evaluation_run(&made, db, context, qk_node_registry(node), reader, timer->due_at, err);
    qk_telemetry_reader_close(reader);
    return code;
}

qk_code qk_evaluation_handle(qk_scheduler *s)
{
    return qk_scheduler_handle(s, "evaluation.run", on_night, s);
}

qk_code qk_evaluation_begin(qk_scheduler *s, qk_time now, qk_error *err)
{
    return qk_scheduler_every(s, "evaluation.run", QK_STR(""), "daily 00:20", now, QK_STR(""), err);
}

bool qk_evaluation_keeps(qk_str ledger)
{
    return qk_str_eq(ledger, QK_STR("post_evaluation"));
}
