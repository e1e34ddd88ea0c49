/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of a month become drafts of money lines, each by the rule of its day. */
#include "domain/ledger.h"
#include "domain/money_private.h"
#include "domain/ruleset.h"
#include <stdio.h>

typedef struct drafting {
    qk_db *db;
    qk_str period, by;
    qk_time now;
    int32_t first, last; /* days of the month */
    const qk_rules *rules;
    const qk_ledger_type *type; /* of the ledger being read */
    qk_money_drafting *out;
    qk_arena *arena;
    qk_error *err;
} drafting;

static int64_t number_of(const drafting *d, const qk_ledger_row *row, const char *field)
{
    int64_t v = 0;
    return qk_parse_i64(&v, qk_ledger_cell(d->type, row->values, field)) == QK_OK ? v : 0;
}

static int32_t day_of(qk_str text, int32_t otherwise)
{
    qk_time t;
    return qk_time_parse(&t, text) == QK_OK ? qk_day_number(t) : otherwise;
}

static bool same_charge(const qk_money_line *a, const qk_money_line *b)
{
    return a->yuan == b->yuan && a->day == b->day && strcmp(a->unit, b->unit) == 0 &&
           strcmp(a->rule, b->rule) == 0 && strcmp(a->item, b->item) == 0;
}

/* An appeal that was upheld ends the matter. */
static qk_code is_settled(bool *out, drafting *d, const char *fact)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, d->db,
                         "SELECT EXISTS(SELECT 1 FROM money_line WHERE fact=? AND"
                         " state='withdrawn' AND appeal<>'')",
                         d->err));
    qk_db_bind_str(s, 1, qk_str_of(fact));
    QK_TRY(qk_db_step(d->db, s, d->err));
    *out = sqlite3_column_int(s, 0) != 0;
    sqlite3_reset(s);
    return QK_OK;
}

static qk_code add_line(drafting *d, qk_money_line *want)
{
    bool settled = false;
    QK_TRY(is_settled(&settled, d, want->fact));
    if (want->yuan == 0 || settled) return QK_OK;
    QK_TRY(qk_money_number(want->id, d->db, d->period, d->err));
    snprintf(want->state, sizeof want->state, "drafted");
    d->out->added++;
    return qk_money_save(d->db, want, d->by, d->now, d->err);
}

/* What stands for the fact becomes what it should be, as long as it is a draft. */
static qk_code settle_line(drafting *d, qk_money_line *want)
{
    qk_money_line old;
    qk_str_copy(want->period, sizeof want->period, d->period);
    qk_code code = qk_money_load(&old, d->db, qk_str_of(want->fact), true, NULL);
    if (code && code != QK_ENOTFOUND) return qk_fail(d->err, code, "the lines of money");
    if (code == QK_ENOTFOUND) return add_line(d, want);
    if (same_charge(&old, want)) return d->out->same++, QK_OK;
    if (strcmp(old.state, "drafted") != 0) return d->out->differing++, QK_OK;
    snprintf(want->id, sizeof want->id, "%s", old.id);
    snprintf(want->state, sizeof want->state, want->yuan ? "drafted" : "withdrawn");
    ++*(want->yuan ? &d->out->changed : &d->out->withdrawn);
    return qk_money_save(d->db, want, d->by, d->now, d->err);
}

static void put_fact(const drafting *d, qk_money_line *want, const char *kind,
                     const qk_ledger_row *row)
{
    *want = (qk_money_line){.inputs = "{}"};
    snprintf(want->kind, sizeof want->kind, "%s", kind);
    snprintf(want->fact, sizeof want->fact, "%.*s/%lld", QK_STR_ARG(d->type->id),
             (long long)row->id);
    qk_str_copy(want->unit, sizeof want->unit, row->unit);
}

static void put_inputs(qk_money_line *want, const char *const *names, const qk_str *values,
                       size_t n)
{
    qk_buf out;
    qk_json_writer w;
    qk_buf_init(&out, sizeof want->inputs - 1);
    qk_json_init(&w, &out);
    qk_json_object(&w);
    for (size_t i = 0; i < n; i++) qk_json_kstr(&w, names[i], values[i]);
    qk_json_end(&w);
    if (!out.failed) qk_str_copy(want->inputs, sizeof want->inputs, qk_buf_str(&out));
    qk_buf_clear(&out);
}

/* ---- problems ---- */

static const qk_amount_rule *rule_on(const qk_amount_rule *rows, size_t n, int32_t day)
{
    for (size_t i = 0; i < n; i++)
        if (day >= rows[i].from_day && day <= rows[i].to_day) return &rows[i];
    return NULL;
}

static qk_code draft_problem(void *context, const qk_ledger_row *row)
{
    drafting *d = context;
    qk_money_line want;
    static const char *const names[] = {"kind", "items", "size", "source", "date", "formula"};
    char formula[80] = "";
    put_fact(d, &want, "problem", row);
    qk_str kind = qk_ledger_cell(d->type, row->values, "kind"),
           object = qk_ledger_cell(d->type, row->values, "object");
    want.day = day_of(qk_ledger_cell(d->type, row->values, "date"), d->first);
    const qk_amount_rule *rule = rule_on(d->rules->deduction, d->rules->deduction_count, want.day);
    const qk_amount_item *item = rule ? qk_amount_of(rule, kind, number_of(d, row, "size")) : NULL;
    bool confirmed = qk_str_eq(row->state, QK_STR("confirmed"));
    if (item && confirmed) {
        int64_t items = number_of(d, row, "items");
        want.yuan = -qk_amount_yuan(item, items);
        if (item->stacks && items > 1)
            snprintf(formula, sizeof formula, "%lld × %d = %lld", (long long)items, (int)item->yuan,
                     (long long)-want.yuan);
        snprintf(want.rule, sizeof want.rule, "%s", rule->name);
        snprintf(want.item, sizeof want.item, "%s", item->code);
        snprintf(want.text, sizeof want.text, "%s%s%.*s", item->zh, object.len ? "：" : "",
                 (int)(object.len < 200 ? object.len : 200), object.len ? object.ptr : "");
    }
    const qk_str values[] = {kind,
                             qk_ledger_cell(d->type, row->values, "items"),
                             qk_ledger_cell(d->type, row->values, "size"),
                             qk_ledger_cell(d->type, row->values, "source"),
                             qk_ledger_cell(d->type, row->values, "date"),
                             qk_str_of(formula)};
    put_inputs(&want, names, values, 6);
    return settle_line(d, &want);
}

/* ---- ranking ---- */

static qk_code whole_yuan(int64_t *out, qk_ratio wan, qk_error *err)
{
    qk_dec d;
    if (qk_ratio_round(&d, qk_ratio_mul(wan, qk_ratio_int(10000)), 0) != QK_OK)
        return qk_fail(err, QK_ERANGE, "a sum that cannot be held");
    *out = d.mantissa;
    return QK_OK;
}

/* "(5 × 10 + 5 × 20) 万元": what lies above the target, tier by tier. */
static void write_tiers(qk_buf *out, const qk_compensation_rule *rule, qk_dec own, qk_dec target)
{
    qk_dec rest, width, from = {0, 0};
    char a[QK_DEC_TEXT], b[QK_DEC_TEXT];
    if (qk_dec_sub(&rest, own, target) != QK_OK || rest.mantissa <= 0) return;
    for (size_t i = 0; i < rule->tier_count[QK_PM25] && rest.mantissa > 0; i++) {
        const qk_compensation_tier *tier = &rule->tiers[QK_PM25][i];
        bool last = i + 1 == rule->tier_count[QK_PM25];
        if (qk_dec_sub(&width, tier->up_to_ug_m3, from) != QK_OK) return;
        if (last || qk_dec_cmp(rest, width) < 0) width = rest;
        qk_buf_printf(out, "%s%s × %s", i ? " + " : "(", qk_dec_format(a, qk_dec_trim(width)),
                      qk_dec_format(b, qk_dec_trim(tier->wan_yuan_per_ug)));
        if (qk_dec_sub(&rest, rest, width) != QK_OK) return;
        from = tier->up_to_ug_m3;
    }
    qk_buf_puts(out, ") 万元");
}

static qk_code draft_month(void *context, const qk_ledger_row *row)
{
    drafting *d = context;
    qk_money_line want;
    qk_dec own, target;
    static const char *const names[] = {"pm25", "target", "target_of", "formula"};
    qk_str of = qk_ledger_cell(d->type, row->values, "target_of");
    qk_str values[] = {qk_ledger_cell(d->type, row->values, "pm25"),
                       qk_ledger_cell(d->type, row->values, "target"),
                       of,
                       {NULL, 0}};
    bool month = qk_str_eq(of, QK_STR("month")), year = qk_str_eq(of, QK_STR("year"));
    const char *whose = month ? "当月目标" : year ? "全年目标" : "目标";
    qk_buf formula;
    const qk_compensation_rule *rule = qk_rules_compensation_on(d->rules, d->last);
    put_fact(d, &want, "ranking", row);
    want.day = d->last;
    bool known =
        qk_dec_parse_e(&own, values[0]) == QK_OK && qk_dec_parse_e(&target, values[1]) == QK_OK;
    if (known) {
        qk_ratio pay = qk_compensation(rule, QK_PM25, qk_ratio_dec(own), qk_ratio_dec(target));
        if (qk_ratio_there(pay)) QK_TRY(whole_yuan(&want.yuan, pay, d->err));
        want.yuan = -want.yuan;
        snprintf(want.rule, sizeof want.rule, "%s", rule->name);
        snprintf(want.item, sizeof want.item, "PM2.5");
        snprintf(want.text, sizeof want.text, "PM2.5 月均 %.*s，%s %.*s µg/m³%s",
                 QK_STR_ARG(values[0]), whose, QK_STR_ARG(values[1]),
                 year ? "（方案未定当月目标）" : "");
    }
    qk_buf_init(&formula, 300);
    if (known) write_tiers(&formula, rule, own, target);
    if (!formula.failed) values[3] = qk_buf_str(&formula);
    put_inputs(&want, names, values, 4);
    qk_buf_clear(&formula);
    return settle_line(d, &want);
}

/* ---- subsidies ---- */

static qk_code draft_grade(void *context, const qk_ledger_row *row)
{
    drafting *d = context;
    qk_money_line want;
    static const char *const names[] = {"grade", "published"};
    const qk_str values[] = {qk_ledger_cell(d->type, row->values, "grade"),
                             qk_ledger_cell(d->type, row->values, "published")};
    qk_str enterprise = qk_ledger_cell(d->type, row->values, "enterprise");
    put_fact(d, &want, "subsidy", row);
    want.day = day_of(values[1], d->first);
    put_inputs(&want, names, values, 2);
    const qk_amount_rule *rule = rule_on(d->rules->subsidy, d->rules->subsidy_count, want.day);
    const qk_amount_item *item = rule ? qk_amount_of(rule, values[0], 0) : NULL;
    if (item) {
        want.yuan = qk_amount_yuan(item, 1);
        snprintf(want.rule, sizeof want.rule, "%s", rule->name);
        snprintf(want.item, sizeof want.item, "%s", item->code);
        snprintf(want.text, sizeof want.text, "%s：%.*s", item->zh,
                 (int)(enterprise.len < 200 ? enterprise.len : 200), enterprise.ptr);
    }
    return settle_line(d, &want);
}

static qk_code draft_scrapping(void *context, const qk_ledger_row *row)
{
    drafting *d = context;
    qk_money_line want;
    qk_dec amount;
    static const char *const names[] = {"vin", "amount"};
    const qk_str values[] = {qk_ledger_cell(d->type, row->values, "vin"),
                             qk_ledger_cell(d->type, row->values, "amount")};
    put_fact(d, &want, "subsidy", row);
    want.day = day_of(qk_ledger_cell(d->type, row->values, "date"), d->first);
    put_inputs(&want, names, values, 2);
    if (qk_dec_parse_e(&amount, values[1]) == QK_OK && qk_dec_round(&amount, amount, 0) == QK_OK)
        want.yuan = amount.mantissa;
    snprintf(want.rule, sizeof want.rule, "scrapping");
    snprintf(want.item, sizeof want.item, "vehicle");
    snprintf(want.text, sizeof want.text, "报废更新 %.*s", QK_STR_ARG(values[0]));
    return settle_line(d, &want);
}

/* ---- the month ---- */

static qk_code read_period(drafting *d)
{
    char first[16];
    qk_time t;
    if (d->period.len != 7 || d->period.ptr[4] != '-')
        return qk_fail(d->err, QK_EINVAL, "a period is a month, as 2025-10");
    snprintf(first, sizeof first, "%.*s-01", QK_STR_ARG(d->period));
    if (qk_time_parse(&t, qk_str_of(first)) != QK_OK)
        return qk_fail(d->err, QK_EINVAL, "a period is a month, as 2025-10");
    d->first = qk_day_number(t);
    d->last = qk_day_number(qk_add_months(t, 1)) - 1;
    return QK_OK;
}

static qk_code read_ledger(drafting *d, const char *id, const char *date, const char *where,
                           qk_ledger_row_fn *fn)
{
    qk_ledger_type *type = NULL;
    qk_json_value *root = NULL;
    QK_TRY(qk_ledger_type_get(&type, d->db, qk_str_of(id), QK_TIME_NONE, d->arena, d->err));
    d->type = type;
    qk_ledger_ask ask = {.date = qk_str_of(date),
                         .from_day = d->first,
                         .to_day = d->last,
                         .valid_at = QK_TIME_NONE,
                         .known_at = QK_TIME_NONE};
    if (where) QK_TRY(qk_json_parse(&root, qk_str_of(where), d->arena, d->err));
    ask.where = root;
    return qk_ledger_each(d->db, type, &ask, fn, d, d->err);
}

static qk_code draft_all(drafting *d)
{
    char where[64];
    qk_rules *rules = NULL;
    QK_TRY(read_period(d));
    QK_TRY(qk_ruleset_load(&rules, d->db, QK_TIME_NONE, d->arena, d->err));
    d->rules = rules;
    snprintf(where, sizeof where, "[[\"period\",\"=\",\"%.*s\"]]", QK_STR_ARG(d->period));
    QK_TRY(read_ledger(d, "found_problem", "date", NULL, draft_problem));
    QK_TRY(read_ledger(d, "township_month", NULL, where, draft_month));
    QK_TRY(read_ledger(d, "grade_subsidy", "published", NULL, draft_grade));
    return read_ledger(d, "scrapping_subsidy", "date", NULL, draft_scrapping);
}

qk_code qk_money_draft(qk_money_drafting *out, qk_db *db, qk_str period, qk_str by, qk_time now,
                       qk_error *err)
{
    qk_arena arena;
    drafting d = {
        .db = db, .period = period, .by = by, .now = now, .out = out, .arena = &arena, .err = err};
    *out = (qk_money_drafting){0};
    qk_arena_init(&arena, 32 << 20);
    qk_code code = draft_all(&d);
    qk_arena_clear(&arena);
    return code;
}
