/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/assess.h"
#include "base/messages.h"
#include "domain/ledger.h"
#include "domain/ruleset.h"
#include <stdio.h>
#include <stdlib.h>

enum { UNITS_MAX = 1000 };

typedef struct assessed {
    char unit[64];
    qk_assess_input in;
    qk_assess_score score;
    int rank;
} assessed;

typedef struct assessing {
    qk_db *db;
    const qk_assess_ask *ask;
    qk_time from, to; /* the period, to excluded */
    const qk_assess_rule *rule;
    const qk_ledger_type *type;
    assessed *units;
    size_t n;
    qk_arena *arena;
    qk_error *err;
} assessing;

/* ---- the period ---- */

static qk_code read_period(assessing *a)
{
    qk_str p = a->ask->period, half = {NULL, 0};
    int64_t year = 0;
    if (p.len >= 4) half = (qk_str){p.ptr + 4, p.len - 4};
    if (p.len < 4 || qk_parse_i64(&year, (qk_str){p.ptr, 4}) != QK_OK || year < 2000 ||
        year > 2200 ||
        (half.len && !qk_str_eq(half, QK_STR("H1")) && !qk_str_eq(half, QK_STR("H2"))))
        return qk_fail(a->err, QK_EINVAL, "a period is a year or a half, as 2026 or 2026H1");
    bool second = qk_str_eq(half, QK_STR("H2"));
    qk_civil c = {.year = (int32_t)year, .month = second ? 7 : 1, .day = 1};
    QK_TRY(qk_time_of(&a->from, &c));
    a->to = qk_add_months(a->from, half.len ? 6 : 12);
    return QK_OK;
}

static const qk_assess_rule *rule_on(const qk_rules *rules, int32_t day)
{
    for (size_t i = 0; i < rules->assessment_count; i++)
        if (day >= rules->assessment[i].from_day && day <= rules->assessment[i].to_day)
            return &rules->assessment[i];
    return NULL;
}

/* ---- facts ---- */

static assessed *unit_of(assessing *a, qk_str unit)
{
    for (size_t i = 0; i < a->n; i++)
        if (qk_str_eq(unit, qk_str_of(a->units[i].unit))) return &a->units[i];
    return NULL;
}

static bool number_in(qk_dec *out, const assessing *a, const qk_ledger_row *row, const char *field)
{
    size_t at = qk_ledger_field_find(a->type, qk_str_of(field));
    return at != SIZE_MAX && qk_dec_parse_e(out, row->values[at]) == QK_OK;
}

static qk_code take_air(void *context, const qk_ledger_row *row)
{
    assessing *a = context;
    if (a->n == UNITS_MAX) return qk_fail(a->err, QK_EFULL, "more than %d units", UNITS_MAX);
    assessed *u = &a->units[a->n++];
    qk_str_copy(u->unit, sizeof u->unit, row->unit);
    bool own = number_in(&u->in.pm25, a, row, "pm25");
    bool target = number_in(&u->in.target, a, row, "target");
    u->in.air_known = own && target;
    u->in.last_known = number_in(&u->in.last_year, a, row, "last_year");
    return QK_OK;
}

static qk_code take_points(void *context, const qk_ledger_row *row)
{
    assessing *a = context;
    assessed *u = unit_of(a, row->unit);
    qk_dec points;
    size_t kind = qk_ledger_field_find(a->type, QK_STR("kind"));
    if (!u || kind == SIZE_MAX || !number_in(&points, a, row, "points")) return QK_OK;
    qk_dec *sum =
        qk_str_eq(row->values[kind], QK_STR("initiative")) ? &u->in.initiative : &u->in.deducted;
    return qk_dec_add(sum, *sum, points) == QK_OK
               ? QK_OK
               : qk_fail(a->err, QK_ERANGE, "points that cannot be summed");
}

static qk_code read_ledger(assessing *a, const char *id, bool by_date, qk_ledger_row_fn *fn)
{
    char where[80];
    qk_ledger_type *type = NULL;
    qk_json_value *root = NULL;
    QK_TRY(qk_ledger_type_get(&type, a->db, qk_str_of(id), QK_TIME_NONE, a->arena, a->err));
    a->type = type;
    qk_ledger_ask ask = {.valid_at = QK_TIME_NONE, .known_at = a->ask->known_at};
    if (by_date) {
        ask.date = QK_STR("date");
        ask.from_day = qk_day_number(a->from);
        ask.to_day = qk_day_number(a->to) - 1;
    } else {
        snprintf(where, sizeof where, "[[\"period\",\"=\",\"%.*s\"]]", QK_STR_ARG(a->ask->period));
        QK_TRY(qk_json_parse(&root, qk_str_of(where), a->arena, a->err));
        ask.where = root;
    }
    return qk_ledger_each(a->db, type, &ask, fn, a, a->err);
}

/* Of tasks and cases the versions that were recorded by then. A plan that a unit owes is done when
 * it has filed its own. */
#define NEWEST(table, key) \
    "version=(SELECT max(version) FROM " table "_history WHERE " key " AND recorded_at<=?4)"
static const char tasks_sql[] =
    "SELECT count(*),coalesce(sum(o.state='done' OR (o.kind='filing' AND EXISTS(SELECT 1 FROM"
    " progress_history p WHERE p.obligation=o.id AND p.unit=?1 AND p.month=0 AND p.state IN"
    " ('filed','late') AND p.recorded_at<=?4))),0) FROM obligation_history o WHERE o." NEWEST(
        "obligation",
        "id=o.id") " AND o.valid_to IS NULL AND o.state<>'cancelled' AND o.due_day>=?2 AND"
                   " o.due_day<?3 AND EXISTS(SELECT 1 FROM duty_history d WHERE d.obligation=o.id"
                   " AND d.unit=?1 AND d.role IN ('lead','responsible') AND d.state<>'released'"
                   " AND d.valid_to IS NULL AND d." NEWEST(
                       "duty", "obligation=d.obligation AND unit=d.unit AND role=d.role") ")";
static const char cases_sql[] =
    "SELECT count(*),coalesce(sum(c.state IN ('closed','recheck')),0) FROM case_file_history c "
    "WHERE c.unit=?1 AND"
    " c.opened_at>=?2 AND c.opened_at<?3 AND c.state<>'withdrawn' AND"
    " c.kind<>'objection' AND c." NEWEST("case_file", "id=c.id");

static qk_code count(int64_t *all, int64_t *done, assessing *a, const char *sql, const char *unit,
                     int64_t from, int64_t to)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, a->db, sql, a->err));
    qk_db_bind_str(s, 1, qk_str_of(unit));
    sqlite3_bind_int64(s, 2, from);
    sqlite3_bind_int64(s, 3, to);
    sqlite3_bind_int64(s, 4, a->ask->known_at == QK_TIME_NONE ? INT64_MAX : a->ask->known_at);
    QK_TRY(qk_db_step(a->db, s, a->err));
    *all = sqlite3_column_int64(s, 0);
    *done = sqlite3_column_int64(s, 1);
    sqlite3_reset(s);
    return QK_OK;
}

static qk_code score_unit(assessing *a, assessed *u)
{
    QK_TRY(count(&u->in.tasks, &u->in.tasks_done, a, tasks_sql, u->unit, qk_day_number(a->from),
                 qk_day_number(a->to)));
    QK_TRY(count(&u->in.problems, &u->in.problems_closed, a, cases_sql, u->unit, a->from, a->to));
    qk_code code = qk_assess(&u->score, a->rule, &u->in);
    return code ? qk_fail(a->err, code, "the score of %s cannot be held", u->unit) : QK_OK;
}

static int by_total(const void *a, const void *b)
{
    const assessed *x = a, *y = b;
    int c = qk_dec_cmp(y->score.total, x->score.total);
    return c ? c : strcmp(x->unit, y->unit);
}

static qk_code collect(assessing *a)
{
    qk_rules *rules = NULL;
    QK_TRY(read_period(a));
    QK_TRY(qk_ruleset_load(&rules, a->db, a->ask->known_at, a->arena, a->err));
    a->rule = rule_on(rules, qk_day_number(a->to) - 1);
    if (!a->rule) return qk_fail(a->err, QK_ENOTFOUND, "no rule of assessment holds then");
    a->units = qk_arena_array(a->arena, UNITS_MAX, sizeof *a->units);
    if (!a->units) return qk_fail(a->err, QK_ENOMEM, "no memory for an assessment");
    QK_TRY(read_ledger(a, "assessment_air", false, take_air));
    QK_TRY(read_ledger(a, "assessment_point", true, take_points));
    for (size_t i = 0; i < a->n; i++) QK_TRY(score_unit(a, &a->units[i]));
    qsort(a->units, a->n, sizeof *a->units, by_total);
    for (size_t i = 0; i < a->n; i++) {
        bool ties = i && qk_dec_cmp(a->units[i].score.total, a->units[i - 1].score.total) == 0;
        a->units[i].rank = ties ? a->units[i - 1].rank : (int)i + 1;
    }
    return QK_OK;
}

/* ---- as JSON ---- */

static void put_dec(qk_json_writer *w, const char *name, qk_dec d, bool known)
{
    qk_json_key(w, name);
    known ? qk_json_dec(w, d) : qk_json_null(w);
}

static void put_inputs(qk_json_writer *w, const assessing *a, const assessed *u,
                       qk_assess_part part)
{
    const qk_assess_input *in = &u->in;
    qk_json_key(w, "inputs");
    qk_json_object(w);
    switch (part) {
    case QK_ASSESS_AIR:
        put_dec(w, "pm25", in->pm25, in->air_known);
        put_dec(w, "target", in->target, in->air_known);
        put_dec(w, "last_year", in->last_year, in->last_known);
        put_dec(w, "points_per_ug", qk_dec_trim((qk_dec){a->rule->points_per_ug, 6}), true);
        qk_json_kbool(w, "whole_ug", a->rule->whole_ug);
        break;
    case QK_ASSESS_TASKS:
        qk_json_ki64(w, "done", in->tasks_done);
        qk_json_ki64(w, "all", in->tasks);
        break;
    case QK_ASSESS_PROBLEMS:
        qk_json_ki64(w, "done", in->problems_closed);
        qk_json_ki64(w, "all", in->problems);
        break;
    case QK_ASSESS_INITIATIVE: put_dec(w, "points", in->initiative, true); break;
    default: put_dec(w, "points", in->deducted, true);
    }
    qk_json_end(w);
}

/* The air as one would write it by hand: "40 - (43.6 - 42) x 0.5 = 39.20". */
static void write_air(qk_buf *out, const assessing *a, const assessed *u)
{
    char own[QK_DEC_TEXT], target[QK_DEC_TEXT], last[QK_DEC_TEXT], per[QK_DEC_TEXT];
    char full[QK_DEC_TEXT], points[QK_DEC_TEXT], over[QK_DEC_TEXT];
    const char *why = u->score.why[QK_ASSESS_AIR];
    qk_dec d = {0, 0};
    qk_dec_format(own, u->in.pm25);
    qk_dec_format(target, u->in.target);
    qk_dec_format(full, u->score.full[QK_ASSESS_AIR]);
    qk_dec_format(points, u->score.points[QK_ASSESS_AIR]);
    qk_dec_format(per, qk_dec_trim((qk_dec){a->rule->points_per_ug, 6}));
    if (strcmp(why, "worse") == 0)
        qk_buf_printf(out, "%s > %s → %s", own, qk_dec_format(last, u->in.last_year), points);
    else if (strcmp(why, "within") == 0)
        qk_buf_printf(out, "%s ≤ %s → %s", own, target, points);
    else if (strcmp(why, "over") == 0 && !a->rule->whole_ug)
        qk_buf_printf(out, "%s − (%s − %s) × %s = %s", full, own, target, per, points);
    else if (strcmp(why, "over") == 0 && qk_dec_sub(&d, u->in.pm25, u->in.target) == QK_OK)
        qk_buf_printf(out, "%s − %s = %s; %s − %lld × %s = %s", own, target, qk_dec_format(over, d),
                      full, (long long)(d.mantissa / qk_power_of_ten[d.scale]), per, points);
}

static void write_arithmetic(qk_buf *out, const assessing *a, const assessed *u,
                             qk_assess_part part)
{
    char full[QK_DEC_TEXT], points[QK_DEC_TEXT], given[QK_DEC_TEXT];
    const qk_assess_input *in = &u->in;
    bool tasks = part == QK_ASSESS_TASKS;
    qk_dec_format(full, u->score.full[part]);
    qk_dec_format(points, u->score.points[part]);
    if (part == QK_ASSESS_AIR) {
        write_air(out, a, u);
    } else if (strcmp(u->score.why[part], "share") == 0) {
        qk_buf_printf(out, "%s × %lld ÷ %lld = %s", full,
                      (long long)(tasks ? in->tasks_done : in->problems_closed),
                      (long long)(tasks ? in->tasks : in->problems), points);
    } else if (part == QK_ASSESS_INITIATIVE) {
        qk_buf_printf(out, "min(%s, %s) = %s", qk_dec_format(given, in->initiative), full, points);
    } else if (part == QK_ASSESS_DEDUCTED) {
        qk_buf_printf(out, "0 − %s = %s", qk_dec_format(given, in->deducted), points);
    }
}

static void put_arithmetic(qk_json_writer *w, const assessing *a, const assessed *u,
                           qk_assess_part part)
{
    qk_buf text;
    qk_buf_init(&text, 400);
    write_arithmetic(&text, a, u, part);
    qk_json_key(w, "formula");
    text.len && !text.failed ? qk_json_str(w, qk_buf_str(&text)) : qk_json_null(w);
    qk_buf_clear(&text);
}

static void put_part(qk_json_writer *w, const assessing *a, const assessed *u, qk_assess_part part)
{
    char code[64];
    snprintf(code, sizeof code, "assess.%s.%s", qk_assess_part_name(part), u->score.why[part]);
    qk_json_object(w);
    qk_json_kcstr(w, "part", qk_assess_part_name(part));
    put_dec(w, "full", u->score.full[part], true);
    put_dec(w, "points", u->score.points[part], true);
    qk_json_kcstr(w, "why", u->score.why[part]);
    qk_json_kcstr(w, "zh", qk_message(code, QK_ZH));
    qk_json_kcstr(w, "en", qk_message(code, QK_EN));
    put_arithmetic(w, a, u, part);
    put_inputs(w, a, u, part);
    qk_json_end(w);
}

/* Which of its targets a unit has not met. */
static void put_unmet(qk_json_writer *w, const assessed *u)
{
    qk_json_key(w, "unmet");
    qk_json_array(w);
    if (!u->in.air_known) qk_json_cstr(w, "air_unknown");
    if (u->in.air_known && qk_dec_cmp(u->in.pm25, u->in.target) > 0) qk_json_cstr(w, "air");
    if (u->in.tasks_done < u->in.tasks) qk_json_cstr(w, "tasks");
    qk_json_end(w);
}

static void put_unit(qk_json_writer *w, const assessing *a, const assessed *u)
{
    qk_json_object(w);
    qk_json_kcstr(w, "unit", u->unit);
    qk_json_ki64(w, "rank", u->rank);
    put_dec(w, "total", u->score.total, true);
    qk_json_key(w, "parts");
    qk_json_array(w);
    for (int p = 0; p < QK_ASSESS_PARTS; p++) put_part(w, a, u, (qk_assess_part)p);
    qk_json_end(w);
    qk_json_kbool(w, "targets_met", u->score.targets_met);
    put_unmet(w, u);
    qk_json_kbool(w, "penalty", u->score.penalty);
    qk_json_end(w);
}

static bool is_shown(const assessing *a, const assessed *u)
{
    return !a->ask->may || a->ask->may(a->ask->may_context, qk_str_of(u->unit));
}

static void put_names(qk_json_writer *w, const assessing *a, const char *name, bool commended)
{
    qk_json_key(w, name);
    qk_json_array(w);
    for (size_t i = 0; i < a->n; i++) {
        const assessed *u = &a->units[i];
        bool listed = commended ? u->score.targets_met && !u->score.penalty : u->score.penalty;
        if (listed && is_shown(a, u)) qk_json_cstr(w, u->unit);
    }
    qk_json_end(w);
}

static void put_sheet(qk_json_writer *w, const assessing *a)
{
    qk_json_object(w);
    qk_json_kstr(w, "period", a->ask->period);
    qk_json_kcstr(w, "rule", a->rule->name);
    qk_json_kcstr(w, "source", a->rule->source);
    qk_json_kcstr(w, "source_zh", a->rule->source_zh);
    put_dec(w, "penalty_below", qk_dec_trim((qk_dec){a->rule->penalty_below, 6}), true);
    qk_json_key(w, "items");
    qk_json_array(w);
    for (size_t i = 0; i < a->n; i++)
        if (is_shown(a, &a->units[i])) put_unit(w, a, &a->units[i]);
    qk_json_end(w);
    put_names(w, a, "commended", true);
    put_names(w, a, "penalty", false);
    qk_json_end(w);
}

qk_code qk_assess_write(qk_json_writer *w, qk_db *db, const qk_assess_ask *ask, qk_error *err)
{
    qk_arena arena;
    assessing a = {.db = db, .ask = ask, .arena = &arena, .err = err};
    qk_arena_init(&arena, 32 << 20);
    qk_code code = collect(&a);
    if (!code) put_sheet(w, &a);
    qk_arena_clear(&arena);
    return code;
}
