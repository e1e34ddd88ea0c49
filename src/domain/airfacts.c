/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/airfacts.h"
#include "domain/airstat.h"
#include "domain/airtarget.h"
#include "domain/ledger.h"
#include "domain/node.h"
#include "domain/people.h"
#include "domain/ruleset.h"
#include <stdio.h>

enum { ARENA_MAX = 64 << 20 };
#define SOURCE "本系统评价"

typedef struct filling {
    qk_db *db;
    const qk_registry *registry;
    qk_str period;
    qk_time now;
    int32_t year, month, half; /* month 0 = a year or (half 1, 2) a half of it */
    qk_air_question q;
    const qk_json_value *targets;
    const qk_ledger_type *type;
    qk_arena *arena;
    size_t written;
    qk_error *err;
} filling;

/* ---- the period ---- */

static qk_code read_period(filling *f)
{
    qk_str p = f->period;
    int64_t year = 0, rest = 0;
    bool good = p.len >= 4 && qk_parse_i64(&year, (qk_str){p.ptr, 4}) == QK_OK && year >= 1990 &&
                year <= 2200;
    if (good && p.len == 7 && p.ptr[4] == '-')
        good = qk_parse_i64(&rest, (qk_str){p.ptr + 5, 2}) == QK_OK && rest >= 1 && rest <= 12;
    else if (good && p.len == 6 && p.ptr[4] == 'H')
        good = p.ptr[5] == '1' || p.ptr[5] == '2';
    else
        good = good && p.len == 4;
    if (!good)
        return qk_fail(f->err, QK_EINVAL, "a period is 2025-10, 2025H1 or 2025, not '%.*s'",
                       QK_STR_ARG(p));
    f->year = (int32_t)year;
    f->month = p.len == 7 ? (int32_t)rest : 0;
    f->half = p.len == 6 ? p.ptr[5] - '0' : 0;
    return QK_OK;
}

/* The period in this year of days. */
static void cut(qk_period *out, const qk_year *y, const filling *f)
{
    int32_t july = 0;
    if (f->month) {
        qk_year_month(out, y, f->month);
        return;
    }
    if (!f->half) {
        qk_year_total(out, y);
        return;
    }
    for (int m = 1; m <= 6; m++) july += qk_days_in_month(y->year, m);
    int32_t from = f->half == 1 ? 0 : july, to = f->half == 1 ? july - 1 : y->days - 1;
    qk_period_of(out, &y->day[from], y->first_day + from, y->first_day + to, QK_PERIOD_ANY);
}

/* ---- targets ---- */

/* "10月", "10-12月": whether the month lies in it, and how many months it has; 0 = not. */
static int32_t months_with(qk_str text, int32_t month)
{
    int32_t at[2] = {0, 0};
    size_t n = 0;
    for (size_t i = 0; i < text.len && n < 2;) {
        int32_t v = 0;
        size_t from = i;
        while (i < text.len && qk_is_digit(text.ptr[i]) && i - from < 3)
            v = v * 10 + (text.ptr[i++] - '0');
        if (i > from)
            at[n++] = v;
        else
            i++;
    }
    if (n == 0) return 0;
    int32_t last = n == 2 ? at[1] : at[0];
    return month >= at[0] && month <= last ? last - at[0] + 1 : 0;
}

/* The PM2.5 that a township's target asks for: of a month its own one where the plan gives it, else
 * that of the year; views into the rows. */
static bool find_target(qk_str *out, bool *of_month, const filling *f, const char *division)
{
    int64_t year = 0;
    bool found = false;
    *of_month = false;
    for (const qk_json_value *r = f->targets ? f->targets->first : NULL; r; r = r->next) {
        const qk_json_value *value = qk_json_get(r, "value");
        qk_str months = qk_json_get_str(r, "months");
        bool own = f->month && months_with(months, f->month) == 1;
        if (!qk_str_eq(qk_json_get_str(r, "scope"), qk_str_of(division)) ||
            !qk_str_eq(qk_json_get_str(r, "metric"), QK_STR("PM2.5")) ||
            !qk_json_get_i64(r, "year", &year) || year != f->year || !value ||
            value->type != QK_JSON_NUMBER || (months.len && !own))
            continue;
        if (found && !own) continue;
        *out = value->text;
        *of_month = own;
        found = true;
        if (own) break;
    }
    return found;
}

/* ---- rows ---- */

/* Zero in *id: a new row; false in *ours: it is somebody else's. */
static qk_code find_row(int64_t *id, bool *ours, filling *f, const qk_str *values)
{
    qk_ledger_row *row = NULL;
    *id = 0;
    *ours = true;
    qk_code code = qk_ledger_find(id, f->db, f->type, values, f->arena, NULL);
    if (code == QK_ENOTFOUND) return QK_OK;
    if (code) return qk_fail(f->err, code, "the ledger of the air");
    QK_TRY(qk_ledger_get(&row, f->db, f->type, *id, f->arena, f->err));
    size_t source = qk_ledger_field_find(f->type, QK_STR("source"));
    *ours = source != SIZE_MAX && qk_str_starts(row->values[source], QK_STR(SOURCE));
    return QK_OK;
}

static qk_code put_row(filling *f, const qk_unit *unit, qk_str target, bool of_month,
                       const char *own, const char *before, int32_t days)
{
    qk_str values[QK_LEDGER_FIELDS] = {{NULL, 0}};
    char source[80];
    int64_t id = 0;
    bool ours = true, changed = false;
    snprintf(source, sizeof source, SOURCE "，有效 %d 天", (int)days);
    qk_ledger_cell_set(f->type, values, "unit", qk_str_of(unit->id));
    qk_ledger_cell_set(f->type, values, "period", f->period);
    qk_ledger_cell_set(f->type, values, "pm25", qk_str_of(own));
    qk_ledger_cell_set(f->type, values, "target", target);
    if (f->month)
        qk_ledger_cell_set(f->type, values, "target_of",
                           of_month ? QK_STR("month") : QK_STR("year"));
    qk_ledger_cell_set(f->type, values, "last_year", qk_str_of(before));
    qk_ledger_cell_set(f->type, values, "source", qk_str_of(source));
    QK_TRY(find_row(&id, &ours, f, values));
    if (!ours) return QK_OK;
    QK_TRY(qk_ledger_put(&id, &changed, f->db, f->type, values, -1, QK_TIME_NONE, QK_STR("system"),
                         f->now, f->err));
    f->written += changed;
    return QK_OK;
}

/* PM2.5 of the period in a year, as text; empty where too few days are valid. */
static qk_code figure_of(char out[QK_DEC_TEXT], int32_t *days, filling *f, const char *division,
                         int32_t year)
{
    qk_dec d;
    qk_period p;
    qk_air_levels levels = {.left_out = 0};
    qk_year *y = qk_arena_alloc(f->arena, sizeof *y);
    out[0] = 0;
    if (!y) return qk_fail(f->err, QK_ENOMEM, "no memory for a year of the air");
    qk_code code = qk_air_scope_year(y, &levels, &f->q, qk_str_of(division), year, f->err);
    if (code == QK_ENOTFOUND || code == QK_EINVAL) return QK_OK; /* no station */
    if (code) return code;
    cut(&p, y, f);
    *days = p.item[QK_PM25].days;
    if (p.item[QK_PM25].valid &&
        qk_exact_round(&d, p.item[QK_PM25].mean, f->month ? 0 : 1) == QK_OK)
        qk_dec_format(out, d);
    return QK_OK;
}

static qk_code fill_unit(filling *f, const qk_unit *unit)
{
    qk_str target;
    char own[QK_DEC_TEXT] = "", before[QK_DEC_TEXT] = "";
    int32_t days = 0, days_before = 0;
    bool of_month = false;
    if (!find_target(&target, &of_month, f, unit->division)) return QK_OK;
    QK_TRY(figure_of(own, &days, f, unit->division, f->year));
    if (!own[0]) return QK_OK;
    if (!f->month) QK_TRY(figure_of(before, &days_before, f, unit->division, f->year - 1));
    return put_row(f, unit, target, of_month, own, before, days);
}

static qk_code fill_all(filling *f)
{
    int64_t version;
    qk_rules *rules = NULL;
    qk_ledger_type *type = NULL;
    qk_unit *units = NULL;
    size_t n = 0;
    QK_TRY(read_period(f));
    QK_TRY(qk_airtarget_rows(&f->targets, &version, f->db, f->arena, f->err));
    if (!f->targets) return QK_OK;
    QK_TRY(qk_ruleset_load(&rules, f->db, QK_TIME_NONE, f->arena, f->err));
    QK_TRY(qk_ledger_type_get(&type, f->db,
                              f->month ? QK_STR("township_month") : QK_STR("assessment_air"),
                              QK_TIME_NONE, f->arena, f->err));
    f->type = type;
    f->q = (qk_air_question){.archive = {f->db, f->registry, NULL, QK_TIME_NONE},
                             .registry = f->registry,
                             .rules = rules,
                             .level = QK_AIR_BEST};
    QK_TRY(qk_people_units(f->registry, f->arena, &units, &n));
    for (size_t i = 0; i < n; i++)
        if (strcmp(units[i].kind, "township") == 0 && units[i].division[0])
            QK_TRY(fill_unit(f, &units[i]));
    return QK_OK;
}

qk_code qk_airfacts_fill(size_t *written, qk_db *db, const qk_registry *registry, qk_str period,
                         qk_time now, qk_error *err)
{
    qk_arena arena;
    filling f = {
        .db = db, .registry = registry, .period = period, .now = now, .arena = &arena, .err = err};
    qk_arena_init(&arena, ARENA_MAX);
    qk_code code = fill_all(&f);
    *written = f.written;
    qk_arena_clear(&arena);
    return code;
}

/* ---- timers ---- */

static qk_code on_month(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                        qk_error *err)
{
    char period[32];
    size_t n = 0;
    const qk_registry *registry = qk_node_registry(node);
    qk_civil c = qk_civil_of(timer->due_at);
    int year = c.month == 1 ? c.year - 1 : c.year;
    (void)context;
    snprintf(period, sizeof period, "%04d-%02d", year, c.month == 1 ? 12 : c.month - 1);
    QK_TRY(qk_airfacts_fill(&n, db, registry, qk_str_of(period), timer->due_at, err));
    if (c.month != 1 && c.month != 7) return QK_OK;
    snprintf(period, sizeof period, "%04dH%d", year, c.month == 1 ? 2 : 1);
    QK_TRY(qk_airfacts_fill(&n, db, registry, qk_str_of(period), timer->due_at, err));
    if (c.month != 1) return QK_OK;
    snprintf(period, sizeof period, "%04d", year);
    return qk_airfacts_fill(&n, db, registry, qk_str_of(period), timer->due_at, err);
}

qk_code qk_airfacts_handle(qk_scheduler *s)
{
    return qk_scheduler_handle(s, "air.facts", on_month, NULL);
}

qk_code qk_airfacts_begin(qk_scheduler *s, qk_time now, qk_error *err)
{
    QK_TRY(
        qk_scheduler_every(s, "air.facts", QK_STR("1"), "monthly 1 00:30", now, QK_STR(""), err));
    return qk_scheduler_every(s, "air.facts", QK_STR("4"), "monthly 4 00:30", now, QK_STR(""), err);
}
