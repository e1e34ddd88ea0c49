/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a month: which there are, what measures and units say of them. */
#include "domain/setting.h"
#include "domain/year_private.h"

enum { LINES_MAX = 20000 };
#define NONE INT32_MIN

qk_time qk_month_start(int32_t month)
{
    qk_time t = 0;
    qk_civil c = {.year = month / 12, .month = month % 12 + 1, .day = 1};
    return qk_time_of(&t, &c) == QK_OK ? t : 0;
}

static qk_str keep(qk_arena *arena, sqlite3_stmt *s, int column)
{
    qk_str text = qk_db_text(s, column);
    char *copy = qk_arena_copy(arena, text.ptr ? text.ptr : "", text.len);
    return (qk_str){copy ? copy : "", copy ? text.len : 0};
}

static int32_t day_at(sqlite3_stmt *s, int column)
{
    return sqlite3_column_type(s, column) == SQLITE_NULL ? NONE : sqlite3_column_int(s, column);
}

static bool is(qk_str s, const char *word)
{
    return qk_str_eq(s, qk_str_of(word));
}

/* ---- which lines ---- */

/* Rows as they held: of each the newest version that was known and had begun. A task is a line only
 * when nothing below it is. */
static const char lines_sql[] =
    "WITH held AS (SELECT * FROM (SELECT h.*, ROW_NUMBER() OVER (PARTITION BY h.id ORDER BY"
    " h.version DESC) AS newest FROM obligation_history h WHERE h.valid_from <= ?1 AND"
    " h.recorded_at <= ?2) WHERE newest = 1)"
    " SELECT o.id, COALESCE(NULLIF(o.parent, ''), o.id), o.plan, o.kind, t.no, o.title, t.title,"
    " o.text, t.campaign, o.every, o.op, o.value, o.value2, o.amount_unit, o.measure, o.binding,"
    " CASE WHEN t.state = 'open' THEN o.state ELSE t.state END, o.start_day, o.due_day,"
    " COALESCE((SELECT d.unit FROM duty d WHERE d.obligation = t.id AND d.state <> 'released'"
    " ORDER BY d.role <> 'lead', d.role <> 'responsible', d.unit LIMIT 1), '') AS owner,"
    " COALESCE((SELECT u.name_zh FROM unit u WHERE u.id = (SELECT d.unit FROM duty d WHERE"
    " d.obligation = t.id AND d.state <> 'released' ORDER BY d.role <> 'lead', d.role <>"
    " 'responsible', d.unit LIMIT 1)), '')"
    " FROM held o JOIN held t ON t.id = COALESCE(NULLIF(o.parent, ''), o.id) JOIN plan p ON p.id ="
    " o.plan LEFT JOIN plan_item i ON i.plan = o.plan AND i.path = t.path WHERE p.status IN"
    " ('issued', 'ended') AND o.state <> 'cancelled' AND t.state <> 'cancelled' AND (o.start_day"
    " IS NULL OR o.start_day <= ?3) AND (o.kind IN ('indicator', 'recurring', 'target', 'project') "
    "OR (o.kind"
    " = 'task' AND NOT EXISTS (SELECT 1 FROM held c WHERE c.parent = o.id AND c.kind IN"
    " ('indicator', 'recurring')))) ORDER BY o.plan, i.place, o.id";

static bool read_line(qk_line *l, sqlite3_stmt *s, qk_arena *arena)
{
    qk_str *const texts[] = {&l->id,      &l->task,       &l->plan,   &l->kind,        &l->no,
                             &l->title,   &l->task_title, &l->text,   &l->campaign,    &l->every,
                             &l->op,      &l->value,      &l->value2, &l->amount_unit, &l->measure,
                             &l->binding, &l->state};
    for (int i = 0; i < (int)(sizeof texts / sizeof texts[0]); i++) *texts[i] = keep(arena, s, i);
    l->start_day = day_at(s, 17);
    l->due_day = day_at(s, 18);
    l->unit = keep(arena, s, 19);
    l->unit_name = keep(arena, s, 20);
    return l->id.len && l->task.len && l->kind.len;
}

static qk_code list_lines(qk_lines *out, qk_measure_ask *ask, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    size_t cap = 0;
    QK_TRY(qk_db_prepare(&s, ask->db, lines_sql, err));
    sqlite3_bind_int64(s, 1, out->end);
    sqlite3_bind_int64(s, 2, ask->known_at == QK_TIME_NONE ? INT64_MAX : ask->known_at);
    sqlite3_bind_int64(s, 3, qk_day_number(out->end));
    while ((code = qk_db_step(ask->db, s, err)) == QK_OK) {
        if (out->n == cap) {
            size_t more = cap ? 2 * cap : 256;
            qk_line *grown = qk_arena_array(ask->arena, more, sizeof *grown);
            if (!grown || more > LINES_MAX) {
                code = qk_fail(err, QK_EFULL, "more than %d lines in a month", LINES_MAX);
                break;
            }
            if (out->n) memcpy(grown, out->at, out->n * sizeof *grown);
            out->at = grown;
            cap = more;
        }
        out->at[out->n] = (qk_line){.source = "none"};
        if (!read_line(&out->at[out->n++], s, ask->arena)) {
            code = qk_fail(err, QK_ENOMEM, "no memory for the lines of a month");
            break;
        }
    }
    sqlite3_reset(s);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* ---- what is known of one ---- */

static qk_code measure_line(qk_line *l, const qk_json_value **path, qk_measure_ask *ask,
                            qk_error *err)
{
    qk_measured got;
    qk_json_value *m = NULL;
    char text[QK_DEC_TEXT];
    if (!l->measure.len || !(is(l->binding, "proposed") || is(l->binding, "confirmed")))
        return QK_OK;
    QK_TRY(qk_json_parse(&m, l->measure, ask->arena, err));
    *path = qk_json_get(m, "path");
    ask->from_day = l->start_day == NONE ? ask->to_day : l->start_day;
    QK_TRY(qk_measure_get(&got, ask, m, err));
    l->inputs = got.inputs;
    if (!got.known) return QK_OK;
    char *copy = qk_arena_printf(ask->arena, "%s", qk_dec_format(text, qk_dec_trim(got.value)));
    if (!copy) return qk_fail(err, QK_ENOMEM, "no memory for a figure");
    l->actual = qk_str_of(copy);
    l->source = "measure";
    return QK_OK;
}

/* The newest report up to this month; an earlier one is carried on, but not for what recurs. */
static qk_code report_line(qk_line *l, const qk_lines *lines, qk_measure_ask *ask, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, ask->db,
                         "SELECT value, text, state, month, version, recorded_by FROM"
                         " progress_history WHERE obligation = ?1 AND month BETWEEN 1 AND ?2 AND"
                         " recorded_at <= ?3 AND state IN ('filed', 'late') ORDER BY month DESC,"
                         " version DESC LIMIT 1",
                         err));
    qk_db_bind_str(s, 1, l->id);
    sqlite3_bind_int64(s, 2, lines->month);
    sqlite3_bind_int64(s, 3, ask->known_at == QK_TIME_NONE ? INT64_MAX : ask->known_at);
    qk_code code = qk_db_step(ask->db, s, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    if (code != QK_OK) return code;
    bool own = sqlite3_column_int(s, 3) == lines->month;
    if (own) {
        l->report_version = sqlite3_column_int64(s, 4);
        l->note = keep(ask->arena, s, 1);
        l->reported_by = keep(ask->arena, s, 5);
        l->late = is(qk_db_text(s, 2), "late");
    }
    if (strcmp(l->source, "measure") != 0 && (own || !is(l->kind, "recurring"))) {
        l->actual = keep(ask->arena, s, 0);
        l->source = own ? "reported" : "carried";
    }
    sqlite3_reset(s);
    return QK_OK;
}

static bool of_this_period(const qk_line *l, int32_t month)
{
    int32_t m = month % 12 + 1;
    if (is(l->every, "quarter")) return m % 3 == 0;
    if (is(l->every, "half_year")) return m % 6 == 0;
    if (is(l->every, "year")) return m == 12;
    return true;
}

/* Asked is what nothing measures and what is due, near, overdue, or of this period. */
static bool is_asked(const qk_line *l, const qk_lines *lines, int64_t near_days)
{
    if (strcmp(l->source, "measure") == 0 || is(l->kind, "target") || is(l->state, "done"))
        return false;
    if (is(l->kind, "recurring")) return of_this_period(l, lines->month);
    return l->due_day != NONE && l->due_day - near_days <= qk_day_number(lines->end);
}

static void judge_line(qk_line *l, const qk_lines *lines, const qk_json_value *path,
                       int64_t behind_percent, int64_t near_days)
{
    qk_line_facts f = {.kind = l->kind,
                       .op = l->op,
                       .unit = l->amount_unit,
                       .every = l->every,
                       .state = l->state,
                       .path = path,
                       .start_day = l->start_day,
                       .due_day = l->due_day,
                       .month = lines->month,
                       .judged_day = lines->judged_day,
                       .behind_percent = behind_percent,
                       .near_days = near_days};
    f.has_value = l->value.len && qk_dec_parse(&f.value, l->value) == QK_OK;
    if (!l->value2.len || qk_dec_parse(&f.value2, l->value2) != QK_OK) f.value2 = f.value;
    f.has_actual = f.has_value ? l->actual.len && qk_dec_parse(&f.actual, l->actual) == QK_OK
                               : l->report_version > 0 || l->actual.len > 0;
    qk_year_judge_line(&l->judged, &f);
}

qk_code qk_year_lines(qk_lines *out, qk_measure_ask *ask, int32_t month, qk_time judged_at,
                      qk_error *err)
{
    int64_t behind = qk_setting_i64(ask->db, "year.behind_percent", 10);
    int64_t near_days = qk_setting_i64(ask->db, "year.near_days", 15);
    *out = (qk_lines){.month = month,
                      .judged_day = qk_day_number(judged_at),
                      .known_at = ask->known_at,
                      .end = qk_month_start(month + 1) - 1};
    ask->to_day = qk_day_number(out->end);
    QK_TRY(list_lines(out, ask, err));
    for (size_t i = 0; i < out->n; i++) {
        const qk_json_value *path = NULL;
        qk_line *l = &out->at[i];
        QK_TRY(measure_line(l, &path, ask, err));
        QK_TRY(report_line(l, out, ask, err));
        judge_line(l, out, path, behind, near_days);
        l->asked = is_asked(l, out, near_days);
    }
    return QK_OK;
}

/* ---- as JSON ---- */

static void put_number(qk_json_writer *w, const char *name, qk_str text)
{
    qk_json_key(w, name);
    if (qk_json_is_number(text))
        qk_json_raw(w, text);
    else
        qk_json_null(w);
}

static void put_day(qk_json_writer *w, const char *name, int32_t day)
{
    char text[QK_TIME_TEXT];
    qk_json_kcstr(w, name,
                  day == NONE ? NULL : qk_date_iso(text, (qk_time)day * QK_DAY - QK_CST_OFFSET));
}

static void put_line(qk_json_writer *w, const qk_line *l)
{
    qk_json_object(w);
    qk_json_kstr(w, "obligation", l->id);
    qk_json_kstr(w, "task", l->task);
    qk_json_kstr(w, "kind", l->kind);
    qk_json_kstr(w, "no", l->no);
    qk_json_kstr(w, "title", l->title);
    qk_json_kstr(w, "task_title", l->task_title);
    qk_json_kstr(w, "campaign", l->campaign);
    qk_json_kstr(w, "unit", l->unit);
    qk_json_kstr(w, "unit_name", l->unit_name);
    qk_json_kstr(w, "op", l->op);
    put_number(w, "target", l->value);
    qk_json_kstr(w, "amount_unit", l->amount_unit);
    qk_json_key(w, "expected");
    l->judged.has_expected ? qk_json_dec(w, qk_dec_trim(l->judged.expected)) : qk_json_null(w);
    put_number(w, "actual", l->actual);
    qk_json_kcstr(w, "source", l->source);
    qk_json_kbool(w, "asked", l->asked);
    qk_json_kbool(w, "late", l->late);
    qk_json_kbool(w, "met", l->judged.met);
    put_day(w, "due", l->due_day);
    qk_json_kcstr(w, "colour", qk_colour_name(l->judged.colour));
    qk_json_kcstr(w, "reason", l->judged.reason);
    qk_json_kstr(w, "note", l->note.ptr ? l->note : QK_STR(""));
    qk_json_kstr(w, "reported_by", l->reported_by.ptr ? l->reported_by : QK_STR(""));
    qk_json_ki64(w, "row_version", l->report_version);
    qk_json_key(w, "inputs");
    qk_json_raw(w, l->inputs.len ? l->inputs : QK_STR("{}"));
    qk_json_end(w);
}

static bool no_report(const qk_line *l)
{
    return l->asked && !l->report_version;
}

/* Worst colour of a task's lines; none beside green stays green's, none alone none. */
static qk_colour worst(const qk_lines *lines, qk_str task)
{
    qk_colour colour = QK_COLOUR_NONE;
    for (size_t i = 0; i < lines->n; i++)
        if (qk_str_eq(lines->at[i].task, task) && lines->at[i].judged.colour > colour)
            colour = lines->at[i].judged.colour;
    return colour;
}

static bool first_of_task(const qk_lines *lines, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (qk_str_eq(lines->at[i].task, lines->at[at].task)) return false;
    return true;
}

static bool is_done(const qk_lines *lines, qk_str task)
{
    for (size_t i = 0; i < lines->n; i++) {
        const qk_line *l = &lines->at[i];
        bool due = l->due_day != NONE && l->due_day <= qk_day_number(lines->end);
        if (qk_str_eq(l->task, task) && !l->judged.met && (due || !is(l->kind, "recurring")))
            return false;
    }
    return true;
}

static void put_tasks(qk_json_writer *w, const qk_lines *lines, qk_str unit)
{
    qk_json_key(w, "tasks");
    qk_json_array(w);
    for (size_t i = 0; i < lines->n; i++) {
        const qk_line *l = &lines->at[i];
        if (is(l->kind, "target") || is(l->kind, "project") || !first_of_task(lines, i)) continue;
        if (unit.len && !qk_str_eq(unit, l->unit)) continue;
        qk_json_object(w);
        qk_json_kstr(w, "id", l->task);
        qk_json_kstr(w, "no", l->no);
        qk_json_kstr(w, "title", l->task_title);
        qk_json_kstr(w, "unit", l->unit);
        qk_json_kstr(w, "unit_name", l->unit_name);
        qk_json_kcstr(w, "colour", qk_colour_name(worst(lines, l->task)));
        qk_json_kbool(w, "done", is_done(lines, l->task));
        qk_json_end(w);
    }
    qk_json_end(w);
}

static bool first_of_unit(const qk_lines *lines, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (qk_str_eq(lines->at[i].unit, lines->at[at].unit)) return false;
    return true;
}

static void put_unit(qk_json_writer *w, const qk_lines *lines, size_t at)
{
    int64_t n[5] = {0};
    for (size_t i = 0; i < lines->n; i++) {
        const qk_line *l = &lines->at[i];
        if (!qk_str_eq(l->unit, lines->at[at].unit)) continue;
        n[0]++;
        n[1] += l->judged.met;
        n[2] += l->judged.colour == QK_COLOUR_YELLOW;
        n[3] += l->judged.colour == QK_COLOUR_RED;
        n[4] += no_report(l);
    }
    qk_json_object(w);
    qk_json_kstr(w, "unit", lines->at[at].unit);
    qk_json_kstr(w, "unit_name", lines->at[at].unit_name);
    static const char *const names[] = {"lines", "done", "yellow", "red", "no_report"};
    for (int i = 0; i < 5; i++) qk_json_ki64(w, names[i], n[i]);
    qk_json_end(w);
}

void qk_year_put_lines(qk_json_writer *w, const qk_lines *lines, qk_str unit)
{
    qk_json_key(w, "lines");
    qk_json_array(w);
    for (size_t i = 0; i < lines->n; i++)
        if (!unit.len || qk_str_eq(unit, lines->at[i].unit)) put_line(w, &lines->at[i]);
    qk_json_end(w);
    put_tasks(w, lines, unit);
    qk_json_key(w, "units");
    qk_json_array(w);
    for (size_t i = 0; i < lines->n; i++)
        if (lines->at[i].unit.len && first_of_unit(lines, i) &&
            (!unit.len || qk_str_eq(unit, lines->at[i].unit)))
            put_unit(w, lines, i);
    qk_json_end(w);
}
