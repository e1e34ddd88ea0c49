/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_SCHEMA_CHECK_H
#define QK_TESTS_SCHEMA_CHECK_H
/* Holds a document against a schema of the API: the part of JSON Schema 2020-12 that the API uses
 * ($ref, type, properties, required, additionalProperties, items, enum, anyOf, minItems, maxItems).
 * Stricter in one point: a member that an object schema does not name is a fault, so that the API's
 * document stays complete. */
#include "base/json.h"

typedef struct schema_check {
    const qk_json_value *api; /* the OpenAPI document */
    char fault[300];          /* empty = none */
} schema_check;

static inline bool schema_fits(schema_check *c, const qk_json_value *schema, const qk_json_value *v,
                               const char *where);

static inline bool schema_fault(schema_check *c, const char *where, const char *what)
{
    if (!c->fault[0]) snprintf(c->fault, sizeof c->fault, "%.200s: %.80s", where, what);
    return false;
}

static inline const qk_json_value *schema_resolve(const schema_check *c, qk_str ref)
{
    const qk_json_value *at = c->api;
    qk_str_cut(&ref, '/');
    while (at && ref.ptr) {
        char name[64];
        qk_str_copy(name, sizeof name, qk_str_cut(&ref, '/'));
        at = qk_json_get(at, name);
    }
    return at;
}

static inline bool schema_is_type(qk_str name, const qk_json_value *v)
{
    switch (v->type) {
    case QK_JSON_OBJECT: return qk_str_eq(name, QK_STR("object"));
    case QK_JSON_ARRAY: return qk_str_eq(name, QK_STR("array"));
    case QK_JSON_STRING: return qk_str_eq(name, QK_STR("string"));
    case QK_JSON_NUMBER:
        return qk_str_eq(name, QK_STR("number")) ||
               (qk_str_eq(name, QK_STR("integer")) && !memchr(v->text.ptr, '.', v->text.len));
    case QK_JSON_TRUE:
    case QK_JSON_FALSE: return qk_str_eq(name, QK_STR("boolean"));
    case QK_JSON_NULL: return qk_str_eq(name, QK_STR("null"));
    default: return false;
    }
}

static inline bool schema_type(const qk_json_value *type, const qk_json_value *v)
{
    if (!type) return true;
    if (type->type == QK_JSON_STRING) return schema_is_type(type->text, v);
    for (const qk_json_value *t = type->first; t; t = t->next)
        if (schema_is_type(t->text, v)) return true;
    return false;
}

static inline bool schema_enum(const qk_json_value *words, const qk_json_value *v)
{
    if (!words) return true;
    for (const qk_json_value *w = words->first; w; w = w->next)
        if (qk_str_eq(w->text, v->text)) return true;
    return false;
}

static inline bool schema_object(schema_check *c, const qk_json_value *schema,
                                 const qk_json_value *v, const char *where)
{
    const qk_json_value *properties = qk_json_get(schema, "properties");
    const qk_json_value *others = qk_json_get(schema, "additionalProperties");
    const qk_json_value *required = qk_json_get(schema, "required");
    for (const qk_json_value *r = required ? required->first : NULL; r; r = r->next) {
        char name[64];
        qk_str_copy(name, sizeof name, r->text);
        if (!qk_json_get(v, name)) return schema_fault(c, where, name);
    }
    for (const qk_json_value *m = v->first; m; m = m->next) {
        char name[64], below[300];
        qk_str_copy(name, sizeof name, m->name);
        snprintf(below, sizeof below, "%.200s.%s", where, name);
        const qk_json_value *s = properties ? qk_json_get(properties, name) : NULL;
        if (!s && others && others->type == QK_JSON_OBJECT) s = others;
        if (!s && properties) return schema_fault(c, below, "is not in the schema");
        if (s && !schema_fits(c, s, m, below)) return false;
    }
    return true;
}

static inline bool schema_array(schema_check *c, const qk_json_value *schema,
                                const qk_json_value *v, const char *where)
{
    int64_t bound;
    const qk_json_value *items = qk_json_get(schema, "items");
    if (qk_json_get_i64(schema, "minItems", &bound) && (int64_t)v->count < bound)
        return schema_fault(c, where, "too few items");
    if (qk_json_get_i64(schema, "maxItems", &bound) && (int64_t)v->count > bound)
        return schema_fault(c, where, "too many items");
    for (const qk_json_value *m = v->first; items && m; m = m->next)
        if (!schema_fits(c, items, m, where)) return false;
    return true;
}

static inline bool schema_fits(schema_check *c, const qk_json_value *schema, const qk_json_value *v,
                               const char *where)
{
    const qk_json_value *ref = qk_json_get(schema, "$ref"), *any = qk_json_get(schema, "anyOf");
    if (ref) {
        const qk_json_value *target = schema_resolve(c, ref->text);
        return target ? schema_fits(c, target, v, where) : schema_fault(c, where, "no such $ref");
    }
    if (any) {
        for (const qk_json_value *s = any->first; s; s = s->next) {
            schema_check try = {.api = c->api};
            if (schema_fits(&try, s, v, where)) return true;
            if (v->type != QK_JSON_NULL && try.fault[0])
                snprintf(c->fault, sizeof c->fault, "%s", try.fault);
        }
        return schema_fault(c, where, "none of anyOf");
    }
    if (!schema_type(qk_json_get(schema, "type"), v)) return schema_fault(c, where, "wrong type");
    if (!schema_enum(qk_json_get(schema, "enum"), v)) return schema_fault(c, where, "not in enum");
    if (v->type == QK_JSON_OBJECT) return schema_object(c, schema, v, where);
    if (v->type == QK_JSON_ARRAY) return schema_array(c, schema, v, where);
    return true;
}
#endif
