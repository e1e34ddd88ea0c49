/* SPDX-License-Identifier: Apache-2.0 */
/* What an item may hold, when a clerk writes it anew. */
#include "base/time.h"
#include "domain/plan_read.h"

enum { UNITS_MAX = 64, UNIT_BYTES = 200, TEXT_BYTES = 4000, CELLS_MAX = 64 };

static bool is_text(const qk_json_value *v, bool may_be_null)
{
    if (!v || v->type == QK_JSON_NULL) return may_be_null;
    return v->type == QK_JSON_STRING && v->text.len > 0 && v->text.len <= TEXT_BYTES;
}

static bool is_date(const qk_json_value *v)
{
    qk_time t;
    if (!v || v->type == QK_JSON_NULL) return true;
    return v->type == QK_JSON_STRING && v->text.len == 10 && qk_time_parse(&t, v->text) == QK_OK;
}

static bool is_op(const qk_json_value *v)
{
    static const char *const ops[] = {"==", ">=", "<=", ">", "<", "range"};
    if (!v || v->type != QK_JSON_STRING) return false;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        if (qk_str_eq(v->text, qk_str_of(ops[i]))) return true;
    return false;
}

static qk_code wrong(qk_error *err, const char *what)
{
    return qk_fail(err, QK_EFORMAT, "%s", what);
}

static qk_code check_units(const qk_json_value *d, qk_error *err)
{
    if (d->type != QK_JSON_ARRAY || d->count > UNITS_MAX)
        return wrong(err, "units are an array of at most 64 names");
    for (const qk_json_value *u = d->first; u; u = u->next) {
        if (u->type != QK_JSON_STRING || u->text.len == 0 || u->text.len > UNIT_BYTES)
            return wrong(err, "a unit is a name of at most 200 bytes");
        for (const qk_json_value *v = u->next; v; v = v->next)
            if (v->type == QK_JSON_STRING && qk_str_eq(u->text, v->text))
                return wrong(err, "a unit stands twice");
    }
    return QK_OK;
}

static qk_code check_amount(const qk_json_value *d, qk_error *err)
{
    const qk_json_value *value = qk_json_get(d, "value");
    if (!is_op(qk_json_get(d, "op")) || !value || value->type != QK_JSON_NUMBER)
        return wrong(err, "'op' is one of == >= <= > < range, 'value' a number");
    if (!is_text(qk_json_get(d, "unit"), true)) return wrong(err, "'unit' is a text or null");
    return is_date(qk_json_get(d, "date")) ? QK_OK : wrong(err, "'date' is a day like 2025-12-31");
}

static qk_code check_deadline(const qk_json_value *d, qk_error *err)
{
    if (!is_date(qk_json_get(d, "date")) || !is_date(qk_json_get(d, "start")))
        return wrong(err, "'date' and 'start' are days like 2025-12-31");
    return QK_OK;
}

static qk_code check_row(const qk_json_value *d, qk_error *err)
{
    if (d->type != QK_JSON_ARRAY || d->count > CELLS_MAX)
        return wrong(err, "a row is an array of at most 64 texts");
    for (const qk_json_value *c = d->first; c; c = c->next)
        if (c->type != QK_JSON_STRING || c->text.len > TEXT_BYTES)
            return wrong(err, "a cell is a text of at most 4,000 bytes");
    return QK_OK;
}

static qk_code check_head(qk_str path, const qk_json_value *d, qk_error *err)
{
    int64_t from = 0, to = 0;
    if (qk_str_eq(path, QK_STR("draft")))
        return d->type == QK_JSON_TRUE || d->type == QK_JSON_FALSE ? QK_OK
                                                                   : wrong(err, "true or false");
    if (qk_str_eq(path, QK_STR("issued")))
        return is_date(d) ? QK_OK : wrong(err, "a day like 2025-04-20, or null");
    if (!qk_str_eq(path, QK_STR("period")))
        return is_text(d, true) ? QK_OK : wrong(err, "a text of at most 4,000 bytes");
    if (!qk_json_get_i64(d, "from", &from) || !qk_json_get_i64(d, "to", &to) || from < 1990 ||
        to > 2200 || from > to)
        return wrong(err, "'from' and 'to' are years");
    return QK_OK;
}

/* A department's field: who, and what he looks at. */
static qk_code check_field(const qk_json_value *d, qk_error *err)
{
    const qk_json_value *units = qk_json_get(d, "units"), *with = qk_json_get(d, "with");
    if (!units || units->count == 0) return wrong(err, "'units' is an array of names, not empty");
    QK_TRY(check_units(units, err));
    if (with) QK_TRY(check_units(with, err));
    if (!is_text(qk_json_get(d, "check"), true)) return wrong(err, "'check' is a text or null");
    return is_text(qk_json_get(d, "field"), false) ? QK_OK : wrong(err, "'field' is a text");
}

static bool is(const char *kind, const char *name)
{
    return strcmp(kind, name) == 0;
}

qk_code qk_plan_item_check(const char *kind, qk_str path, const qk_json_value *d, qk_error *err)
{
    if (!d) return wrong(err, "'data' is missing");
    if (is(kind, "units")) return check_units(d, err);
    if (is(kind, "row")) return check_row(d, err);
    if (is(kind, "head")) return check_head(path, d, err);
    if (d->type != QK_JSON_OBJECT) return wrong(err, "'data' is an object");
    if (is(kind, "task") || is(kind, "safeguard"))
        return is_text(qk_json_get(d, "title"), false) && is_text(qk_json_get(d, "no"), false)
                   ? QK_OK
                   : wrong(err, "'no' and 'title' are texts");
    if (is(kind, "deadline")) return check_deadline(d, err);
    if (is(kind, "indicator") || is(kind, "target")) return check_amount(d, err);
    if (is(kind, "field")) return check_field(d, err);
    if (is(kind, "recurring") && !is_text(qk_json_get(d, "every"), false))
        return wrong(err, "'every' is day, week, month, quarter, half_year or year");
    return QK_OK;
}
