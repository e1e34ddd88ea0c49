/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a ledger: conditions, rows that pass them, figures counted from them. */
#include "base/map.h"
#include "domain/ledger_private.h"
#include <stdlib.h>

enum { GROUPS_MAX = 4096, SCRATCH_BYTES = 4 << 20, DISTINCT_MAX = 1 << 20, SHARE_DECIMALS = 6 };

static const char *const op_names[] = {"=", "!=", "<", "<=", ">", ">=", "in", "contains", "empty"};

/* ---- conditions ---- */

static qk_code refuse(qk_error *err, qk_str what, const char *why)
{
    char where[64];
    qk_str_copy(where, sizeof where, what);
    qk_fail(err, QK_EINVAL, "%s", why);
    qk_error_at(err, where, 0, 0);
    return QK_EINVAL;
}

static qk_str civil_text(int32_t day, qk_arena *arena)
{
    char text[QK_TIME_TEXT];
    qk_date_iso(text, (qk_time)day * QK_DAY - QK_CST_OFFSET);
    return (qk_str){qk_arena_copy(arena, text, strlen(text)), strlen(text)};
}

/* "today", "today-10", "today+3". */
static bool read_today(qk_str *out, qk_str text, int32_t today, qk_arena *arena)
{
    int64_t days = 0;
    if (!qk_str_starts(text, QK_STR("today"))) return false;
    qk_str rest = {text.ptr + 5, text.len - 5};
    if (rest.len && (qk_parse_i64(&days, rest) != QK_OK || days < -40000 || days > 40000))
        return false;
    *out = civil_text(today + (int32_t)days, arena);
    return true;
}

static qk_code read_operand(qk_str *out, qk_ledger_filter *f, const qk_json_value *v, int32_t today,
                            qk_arena *arena, qk_error *err)
{
    qk_time t;
    qk_dec d;
    qk_str name = QK_STR("where");
    if (v->type == QK_JSON_TRUE || v->type == QK_JSON_FALSE)
        *out = v->type == QK_JSON_TRUE ? QK_STR("true") : QK_STR("false");
    else if (v->type == QK_JSON_STRING || v->type == QK_JSON_NUMBER)
        *out = v->text;
    else if (v->type == QK_JSON_NULL)
        *out = QK_STR("");
    else
        return refuse(err, name, "a value is a text, a number, true, false or {\"field\": name}");
    if (!out->len || f->op == QK_LEDGER_OP_CONTAINS) return QK_OK;
    if (qk_ledger_is_number(f->kind) && qk_dec_parse_e(&d, *out) != QK_OK)
        return refuse(err, name, "a number is compared with a number");
    if (f->kind != QK_LEDGER_DATE || read_today(out, *out, today, arena)) return QK_OK;
    if (out->len != 10 || qk_time_parse(&t, *out) != QK_OK)
        return refuse(err, name, "a date is compared with a date, as 2025-06-30 or today-10");
    return QK_OK;
}

/* {"field": name}: the value of another field of the row. */
static qk_code read_other(qk_ledger_filter *f, const qk_ledger_type *type, const qk_json_value *v,
                          qk_error *err)
{
    f->other = qk_ledger_field_find(type, qk_json_get_str(v, "field"));
    if (f->other != SIZE_MAX && f->op <= QK_LEDGER_OP_GE && v->count == 1) return QK_OK;
    return refuse(err, QK_STR("where"), "{\"field\": name} names a field, for = != < <= > >=");
}

static qk_code read_operands(qk_ledger_filter *f, const qk_json_value *v, int32_t today,
                             qk_arena *arena, qk_error *err)
{
    if (f->op == QK_LEDGER_OP_EMPTY) {
        f->want = v->type == QK_JSON_TRUE;
        return f->want || v->type == QK_JSON_FALSE
                   ? QK_OK
                   : refuse(err, QK_STR("where"), "empty is asked with true or false");
    }
    bool list = f->op == QK_LEDGER_OP_IN;
    if (list != (v->type == QK_JSON_ARRAY) || (list && v->count > 256))
        return refuse(err, QK_STR("where"), "'in', and only 'in', takes a list (256 at most)");
    f->values = qk_arena_array(arena, list ? v->count + 1 : 1, sizeof *f->values);
    if (!f->values) return qk_fail(err, QK_ENOMEM, "no memory for conditions");
    for (const qk_json_value *e = list ? v->first : v; e; e = list ? e->next : NULL)
        QK_TRY(read_operand(&f->values[f->count++], f, e, today, arena, err));
    return QK_OK;
}

static qk_code read_filter(qk_ledger_filter *f, const qk_ledger_type *type, const qk_json_value *v,
                           int32_t today, qk_arena *arena, qk_error *err)
{
    size_t op = 0;
    if (v->type != QK_JSON_ARRAY || v->count != 3 || v->first->type != QK_JSON_STRING ||
        v->first->next->type != QK_JSON_STRING)
        return refuse(err, QK_STR("where"), "a condition is [field, op, value]");
    f->field = qk_ledger_field_find(type, v->first->text);
    if (f->field == SIZE_MAX) return refuse(err, v->first->text, "the ledger has no such field");
    f->kind = type->fields[f->field].kind;
    while (op <= QK_LEDGER_OP_EMPTY && !qk_str_eq(v->first->next->text, qk_str_of(op_names[op])))
        op++;
    if (op > QK_LEDGER_OP_EMPTY)
        return refuse(err, v->first->next->text,
                      "a condition's op is = != < <= > >= in contains empty");
    f->op = (qk_ledger_op)op;
    f->other = SIZE_MAX;
    v = v->first->next->next;
    return v->type == QK_JSON_OBJECT ? read_other(f, type, v, err)
                                     : read_operands(f, v, today, arena, err);
}

qk_code qk_ledger_filters_add(qk_ledger_filters *f, const qk_ledger_type *type,
                              const qk_json_value *where, int32_t today, qk_arena *arena,
                              qk_error *err)
{
    if (!where || where->type == QK_JSON_NULL) return QK_OK;
    if (where->type != QK_JSON_ARRAY || where->count > QK_LEDGER_FILTERS ||
        f->count + where->count > 2 * QK_LEDGER_FILTERS)
        return refuse(err, QK_STR("where"), "conditions are a list of at most 16");
    for (const qk_json_value *v = where->first; v; v = v->next) {
        f->all[f->count] = (qk_ledger_filter){0};
        QK_TRY(read_filter(&f->all[f->count], type, v, today, arena, err));
        f->count++;
    }
    return QK_OK;
}

qk_code qk_ledger_where_check(const qk_ledger_type *type, const qk_json_value *where, qk_error *err)
{
    qk_ledger_filters f = {.count = 0};
    qk_arena arena;
    qk_arena_init(&arena, 1 << 20);
    qk_code code = qk_ledger_filters_add(&f, type, where, 0, &arena, err);
    qk_arena_clear(&arena);
    return code;
}

static int compare(qk_ledger_kind kind, qk_str a, qk_str b)
{
    qk_dec x, y;
    if (qk_ledger_is_number(kind) && qk_dec_parse_e(&x, a) == QK_OK &&
        qk_dec_parse_e(&y, b) == QK_OK)
        return qk_dec_cmp(x, y);
    return qk_str_cmp(a, b);
}

static bool equals(const qk_ledger_filter *f, qk_str value, qk_str with)
{
    if (!value.len || !with.len) return value.len == with.len;
    return compare(f->kind, value, with) == 0;
}

static bool is_in(const qk_ledger_filter *f, qk_str value)
{
    for (size_t i = 0; i < f->count; i++)
        if (equals(f, value, f->values[i])) return true;
    return false;
}

static bool passes(const qk_ledger_filter *f, const qk_str *values)
{
    qk_str value = values[f->field];
    if (f->op == QK_LEDGER_OP_EMPTY) return (value.len == 0) == f->want;
    if (f->op == QK_LEDGER_OP_IN) return is_in(f, value);
    qk_str with = f->other == SIZE_MAX ? f->values[0] : values[f->other];
    if (f->op == QK_LEDGER_OP_EQ) return equals(f, value, with);
    if (f->op == QK_LEDGER_OP_NE) return !equals(f, value, with);
    if (f->op == QK_LEDGER_OP_CONTAINS) return qk_str_find(value, with, 0) != SIZE_MAX;
    if (!value.len || !with.len) return false;
    int c = compare(f->kind, value, with);
    switch (f->op) {
    case QK_LEDGER_OP_LT: return c < 0;
    case QK_LEDGER_OP_LE: return c <= 0;
    case QK_LEDGER_OP_GT: return c > 0;
    default: return c >= 0;
    }
}

bool qk_ledger_filters_pass(const qk_ledger_filters *f, const qk_str *values)
{
    for (size_t i = 0; i < f->count; i++)
        if (!passes(&f->all[i], values)) return false;
    return true;
}

/* ---- rows ---- */

static const char current_sql[] =
    "SELECT " QK_LEDGER_COLUMNS " FROM ledger_row WHERE ledger=?1 AND valid_to IS NULL ORDER BY id";
static const char at_sql[] =
    "SELECT " QK_LEDGER_COLUMNS " FROM ledger_row_history h WHERE ledger=?1 AND recorded_at<=?2"
    " AND valid_from<=?3 AND (valid_to IS NULL OR valid_to>?3) AND version=(SELECT max(version)"
    " FROM ledger_row_history WHERE ledger=?1 AND id=h.id AND recorded_at<=?2 AND valid_from<=?3)"
    " ORDER BY id";

static qk_code open_rows(sqlite3_stmt **s, qk_db *db, const qk_ledger_type *type,
                         const qk_ledger_ask *ask, qk_error *err)
{
    bool now = ask->valid_at == QK_TIME_NONE && ask->known_at == QK_TIME_NONE;
    QK_TRY(qk_db_prepare(s, db, now ? current_sql : at_sql, err));
    qk_db_bind_str(*s, 1, type->id);
    if (now) return QK_OK;
    int64_t known = ask->known_at == QK_TIME_NONE ? INT64_MAX : ask->known_at;
    sqlite3_bind_int64(*s, 2, known);
    sqlite3_bind_int64(*s, 3, ask->valid_at == QK_TIME_NONE ? known : ask->valid_at);
    return QK_OK;
}

typedef struct period {
    size_t field; /* SIZE_MAX = none */
    char from[QK_TIME_TEXT], to[QK_TIME_TEXT];
} period;

static qk_code make_period(period *p, const qk_ledger_type *type, const qk_ledger_ask *ask,
                           qk_error *err)
{
    p->field = SIZE_MAX;
    if (!ask->date.len) return QK_OK;
    p->field = qk_ledger_field_find(type, ask->date);
    if (p->field == SIZE_MAX || type->fields[p->field].kind != QK_LEDGER_DATE)
        return refuse(err, ask->date, "a period needs a date field");
    qk_date_iso(p->from, (qk_time)ask->from_day * QK_DAY - QK_CST_OFFSET);
    qk_date_iso(p->to, (qk_time)ask->to_day * QK_DAY - QK_CST_OFFSET);
    return QK_OK;
}

static bool within(const period *p, const qk_str *values)
{
    if (p->field == SIZE_MAX) return true;
    qk_str day = values[p->field];
    return day.len && qk_str_cmp(day, qk_str_of(p->from)) >= 0 &&
           qk_str_cmp(day, qk_str_of(p->to)) <= 0;
}

qk_code qk_ledger_each(qk_db *db, const qk_ledger_type *type, const qk_ledger_ask *ask,
                       qk_ledger_row_fn *fn, void *context, qk_error *err)
{
    qk_ledger_filters filters = {.count = 0};
    qk_arena arena, scratch;
    sqlite3_stmt *s = NULL;
    period p;
    qk_code code;
    qk_arena_init(&arena, 1 << 20);
    qk_arena_init(&scratch, SCRATCH_BYTES);
    QK_TRY_OUT(code, make_period(&p, type, ask, err));
    QK_TRY_OUT(code, qk_ledger_filters_add(&filters, type, ask->where, ask->today, &arena, err));
    QK_TRY_OUT(code, open_rows(&s, db, type, ask, err));
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        qk_ledger_row row = {0};
        qk_arena_reset(&scratch);
        QK_TRY_OUT(code, qk_ledger_row_read(&row, s, type, &scratch, err));
        if ((ask->unit.len && !qk_str_eq(ask->unit, row.unit)) || !within(&p, row.values) ||
            !qk_ledger_filters_pass(&filters, row.values) ||
            (ask->may && !ask->may(ask->may_context, row.unit)))
            continue;
        QK_TRY_OUT(code, fn(context, &row));
    }
    if (code == QK_ENOTFOUND) code = QK_OK;
out:
    if (s) sqlite3_reset(s);
    qk_arena_clear(&scratch);
    qk_arena_clear(&arena);
    return code;
}

/* ---- figures ---- */

typedef struct tally {
    qk_ledger_figure figure;
    qk_dec_sum sum;
} tally;

typedef struct counting {
    const qk_ledger_type *type;
    const qk_ledger_counter *counter;
    qk_ledger_filters where, numerator;
    size_t of[QK_LEDGER_OF], group; /* SIZE_MAX = not grouped */
    qk_map *groups, *seen;
    tally *tallies;
    size_t n;
    qk_arena *arena;
    qk_error *err;
} counting;

static qk_code tally_of(tally **out, counting *c, qk_str group)
{
    uint64_t at = 0;
    if (!qk_map_get(c->groups, group, &at)) {
        if (c->n == GROUPS_MAX) return qk_fail(c->err, QK_EFULL, "more than %d groups", GROUPS_MAX);
        at = c->n;
        QK_TRY(qk_map_set(c->groups, group, at));
        c->tallies[at].figure.group =
            (qk_str){qk_arena_copy(c->arena, group.len ? group.ptr : "", group.len), group.len};
        if (!c->tallies[at].figure.group.ptr)
            return qk_fail(c->err, QK_ENOMEM, "no memory for groups");
        qk_dec_sum_init(&c->tallies[at].sum);
        c->n++;
    }
    *out = &c->tallies[at];
    return QK_OK;
}

/* Whether these values of the group were not there before. */
static qk_code is_new(bool *out, counting *c, const qk_ledger_row *row, const tally *t)
{
    qk_buf key;
    qk_buf_init(&key, QK_LEDGER_ROW_BYTES * 2);
    qk_buf_printf(&key, "%zu", (size_t)(t - c->tallies));
    bool any = false;
    for (size_t i = 0; i < c->counter->of_count; i++) {
        qk_str v = row->values[c->of[i]];
        any = any || v.len;
        qk_buf_printf(&key, "/%zu:", v.len);
        qk_buf_put_str(&key, v);
    }
    qk_code code = key.failed;
    *out = any && !code && !qk_map_get(c->seen, qk_buf_str(&key), NULL);
    if (*out) code = qk_map_set(c->seen, qk_buf_str(&key), 1);
    qk_buf_clear(&key);
    return code ? qk_fail(c->err, code, "too many different values to count") : QK_OK;
}

static qk_code count_row(void *context, const qk_ledger_row *row)
{
    counting *c = context;
    tally *t = NULL;
    qk_dec d;
    bool fresh = false;
    if (!qk_ledger_filters_pass(&c->where, row->values)) return QK_OK;
    QK_TRY(tally_of(&t, c, c->group == SIZE_MAX ? QK_STR("") : row->values[c->group]));
    t->figure.rows++;
    switch (c->counter->kind) {
    case QK_LEDGER_COUNT: break;
    case QK_LEDGER_DISTINCT:
        QK_TRY(is_new(&fresh, c, row, t));
        t->figure.numerator += fresh;
        break;
    case QK_LEDGER_SUM:
        if (qk_dec_parse_e(&d, row->values[c->of[0]]) == QK_OK &&
            qk_dec_sum_add(&t->sum, d) != QK_OK)
            return qk_fail(c->err, QK_ERANGE, "the sum is too large");
        break;
    case QK_LEDGER_SHARE:
        t->figure.numerator += qk_ledger_filters_pass(&c->numerator, row->values);
        break;
    }
    return QK_OK;
}

static qk_code finish(tally *t, qk_ledger_count_kind kind, qk_error *err)
{
    qk_ledger_figure *f = &t->figure;
    f->known = true;
    f->value = (qk_dec){kind == QK_LEDGER_DISTINCT ? f->numerator : f->rows, 0};
    if (kind == QK_LEDGER_SUM) {
        if (t->sum.mantissa > INT64_MAX || t->sum.mantissa < INT64_MIN)
            return qk_fail(err, QK_ERANGE, "the sum is too large");
        f->value = (qk_dec){(int64_t)t->sum.mantissa, t->sum.scale};
    }
    if (kind != QK_LEDGER_SHARE) {
        f->numerator = 0;
        return QK_OK;
    }
    f->known = f->rows > 0;
    f->value = (qk_dec){0, 0};
    return f->known ? qk_dec_ratio(&f->value, f->numerator, f->rows, SHARE_DECIMALS) : QK_OK;
}

static int by_group(const void *a, const void *b)
{
    return qk_str_cmp(((const tally *)a)->figure.group, ((const tally *)b)->figure.group);
}

static qk_code begin_count(counting *c, const qk_ledger_ask *ask, qk_str group_by, qk_error *err)
{
    QK_TRY(qk_ledger_filters_add(&c->where, c->type, c->counter->where, ask->today, c->arena, err));
    QK_TRY(qk_ledger_filters_add(&c->numerator, c->type, c->counter->numerator, ask->today,
                                 c->arena, err));
    for (size_t i = 0; i < c->counter->of_count; i++) {
        c->of[i] = qk_ledger_field_find(c->type, c->counter->of[i]);
        if (c->of[i] == SIZE_MAX) return refuse(err, c->counter->of[i], "no such field");
    }
    c->group = group_by.len ? qk_ledger_field_find(c->type, group_by) : SIZE_MAX;
    if (group_by.len && c->group == SIZE_MAX) return refuse(err, group_by, "no such field");
    c->tallies = calloc(GROUPS_MAX, sizeof *c->tallies);
    if (!c->tallies || qk_map_new(&c->groups, GROUPS_MAX) || qk_map_new(&c->seen, DISTINCT_MAX))
        return qk_fail(err, QK_ENOMEM, "no memory to count a ledger");
    return QK_OK;
}

static qk_code give_figures(qk_ledger_figure **out, size_t *n, counting *c, qk_error *err)
{
    tally *none = NULL;
    if (c->n == 0 && c->group == SIZE_MAX) QK_TRY(tally_of(&none, c, QK_STR("")));
    *out = qk_arena_array(c->arena, c->n + 1, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for figures");
    qsort(c->tallies, c->n, sizeof *c->tallies, by_group);
    for (size_t i = 0; i < c->n; i++) {
        QK_TRY(finish(&c->tallies[i], c->counter->kind, err));
        (*out)[i] = c->tallies[i].figure;
    }
    *n = c->n;
    return QK_OK;
}

qk_code qk_ledger_count(qk_ledger_figure **out, size_t *n, qk_db *db, const qk_ledger_type *type,
                        const qk_ledger_counter *counter, const qk_ledger_ask *ask, qk_str group_by,
                        qk_arena *arena, qk_error *err)
{
    counting c = {.type = type, .counter = counter, .arena = arena, .err = err};
    qk_ledger_ask own = *ask;
    qk_code code;
    QK_TRY_OUT(code, begin_count(&c, ask, group_by, err));
    if (!own.date.len && counter->date.len && own.from_day <= own.to_day &&
        (own.from_day || own.to_day))
        own.date = counter->date;
    QK_TRY_OUT(code, qk_ledger_each(db, type, &own, count_row, &c, err));
    code = give_figures(out, n, &c, err);
out:
    free(c.tallies);
    qk_map_free(c.groups);
    qk_map_free(c.seen);
    return code;
}

/* ---- lights ---- */

enum { LIGHTS_MAX = 8 };
struct qk_ledger_lights {
    size_t n;
    const char *name[LIGHTS_MAX];
    qk_ledger_filters where[LIGHTS_MAX];
};

qk_code qk_ledger_lights_new(qk_ledger_lights **out, const qk_ledger_type *type, int32_t today,
                             qk_arena *arena, qk_error *err)
{
    static const char *const colours[] = {"red", "yellow", "green"};
    qk_ledger_lights *l = qk_arena_alloc(arena, sizeof *l);
    if (!l) return qk_fail(err, QK_ENOMEM, "no memory for lights");
    for (size_t colour = 0; colour < 3; colour++)
        for (size_t i = 0; i < type->counter_count && l->n < LIGHTS_MAX; i++) {
            if (!qk_str_starts(type->counters[i].id, qk_str_of(colours[colour]))) continue;
            l->name[l->n] = colours[colour];
            QK_TRY(qk_ledger_filters_add(&l->where[l->n++], type, type->counters[i].where, today,
                                         arena, err));
        }
    *out = l;
    return QK_OK;
}

const char *qk_ledger_light(const qk_ledger_lights *lights, const qk_ledger_row *row)
{
    for (size_t i = 0; i < lights->n; i++)
        if (qk_ledger_filters_pass(&lights->where[i], row->values)) return lights->name[i];
    return "";
}
