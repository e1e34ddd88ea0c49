/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/registry_private.h"
#include <math.h>
#include <stdlib.h>

const qk_field *qk_row_field_named(const qk_row_form *form, qk_str name)
{
    for (size_t i = 0; i < form->n; i++)
        if (qk_str_eq(qk_str_of(form->fields[i].name), name)) return &form->fields[i];
    return NULL;
}

static qk_code set_text(const qk_field *f, char *at, const qk_json_scalar *v, qk_error *err)
{
    if (v->type == QK_JSON_NULL) {
        *at = 0;
        return QK_OK;
    }
    if (v->type != QK_JSON_STRING) return qk_fail(err, QK_EINVAL, "'%s' must be a text", f->name);
    if (v->text.len >= f->size || memchr(v->text.ptr ? v->text.ptr : "", 0, v->text.len))
        return qk_fail(err, QK_EINVAL, "'%s' may have at most %zu bytes, and no NUL", f->name,
                       f->size - 1);
    qk_str_copy(at, f->size, v->text);
    return QK_OK;
}

static qk_code set_i32(const qk_field *f, void *at, const qk_json_scalar *v, qk_error *err)
{
    int64_t number;
    if (v->type != QK_JSON_NUMBER || qk_parse_i64(&number, v->text) || (double)number < f->low ||
        (double)number > f->high)
        return qk_fail(err, QK_EINVAL, "'%s' must be a whole number from %.0f to %.0f", f->name,
                       f->low, f->high);
    int32_t whole = (int32_t)number;
    memcpy(at, &whole, sizeof whole);
    return QK_OK;
}

static qk_code set_f64(const qk_field *f, void *at, const qk_json_scalar *v, qk_error *err)
{
    double number = NAN;
    if (v->type != QK_JSON_NULL && (v->type != QK_JSON_NUMBER || qk_parse_f64(&number, v->text) ||
                                    !(number >= f->low && number <= f->high)))
        return qk_fail(err, QK_EINVAL, "'%s' must be null or a number from %g to %g", f->name,
                       f->low, f->high);
    memcpy(at, &number, sizeof number);
    return QK_OK;
}

static qk_code set_enum(const qk_field *f, void *at, const qk_json_scalar *v, qk_error *err)
{
    for (int32_t i = 0; v->type == QK_JSON_STRING && f->names[i]; i++) {
        if (!qk_str_eq(qk_str_of(f->names[i]), v->text)) continue;
        memcpy(at, &i, sizeof i);
        return QK_OK;
    }
    char list[120];
    size_t used = 0;
    for (int32_t i = 0; f->names[i]; i++) {
        used += qk_str_copy(list + used, sizeof list - used, qk_str_of(i ? ", " : ""));
        used += qk_str_copy(list + used, sizeof list - used, qk_str_of(f->names[i]));
    }
    return qk_fail(err, QK_EINVAL, "'%s' must be one of: %s", f->name, list);
}

static qk_code set_owned(const qk_field *f, char **at, const qk_json_scalar *v, qk_error *err)
{
    char *text = NULL;
    if (v->type != QK_JSON_NULL && v->type != QK_JSON_OBJECT)
        return qk_fail(err, QK_EINVAL, "'%s' must be null or an object", f->name);
    if (v->type == QK_JSON_OBJECT) {
        if (v->text.len > QK_GEOMETRY_MAX)
            return qk_fail(err, QK_EINVAL, "'%s' is longer than 4 MiB", f->name);
        text = strndup(v->text.ptr, v->text.len);
        if (!text) return qk_fail(err, QK_ENOMEM, "no memory for '%s'", f->name);
    }
    free(*at);
    *at = text;
    return QK_OK;
}

static qk_code set_time(const qk_field *f, void *at, const qk_json_scalar *v, qk_error *err)
{
    qk_time when = 0;
    if (v->type != QK_JSON_NULL && (v->type != QK_JSON_STRING || qk_time_parse(&when, v->text)))
        return qk_fail(err, QK_EINVAL, "'%s' must be null or a time", f->name);
    memcpy(at, &when, sizeof when);
    return QK_OK;
}

qk_code qk_row_set(const qk_field *f, void *row, const qk_json_scalar *v, qk_error *err)
{
    void *at = qk_row_field(row, f);
    switch (f->type) {
    case QK_FIELD_TEXT: return set_text(f, at, v, err);
    case QK_FIELD_I32: return set_i32(f, at, v, err);
    case QK_FIELD_F64: return set_f64(f, at, v, err);
    case QK_FIELD_TIME: return set_time(f, at, v, err);
    case QK_FIELD_ENUM: return set_enum(f, at, v, err);
    case QK_FIELD_OWNED: return set_owned(f, at, v, err);
    case QK_FIELD_BOOL: break;
    }
    if (v->type != QK_JSON_TRUE && v->type != QK_JSON_FALSE)
        return qk_fail(err, QK_EINVAL, "'%s' must be true or false", f->name);
    *(bool *)at = v->type == QK_JSON_TRUE;
    return QK_OK;
}

/* ---- import: a pull through the text, so that every fault has its line and column ---- */

typedef struct importer {
    qk_registry *r;
    uint32_t kinds; /* a bit each */
    qk_row_told *told;
    void *told_context;
    size_t counted; /* bytes whose lines are counted */
    uint32_t line;
    qk_json_reader json;
    qk_arena arena;
    qk_str text, by;
    qk_time now;
} importer;

static uint32_t line_of(const importer *im, size_t at, size_t *start)
{
    uint32_t line = 1;
    *start = 0;
    for (size_t i = 0; i < at && i < im->text.len; i++)
        if (im->text.ptr[i] == '\n') line++, *start = i + 1;
    return line;
}

/* Line and column (in characters, 1-based) of byte `at`. */
static qk_code fail_at(const importer *im, size_t at, qk_error *err)
{
    if (!err) return QK_EFORMAT;
    size_t start = 0;
    uint32_t line = line_of(im, at, &start);
    size_t column = qk_utf8_count((qk_str){im->text.ptr + start, at - start}) + 1;
    return qk_error_at(err, NULL, line, (uint32_t)column);
}

static qk_code next_token(importer *im, qk_json_type *type, qk_error *err)
{
    return qk_json_next(&im->json, type, err);
}

/* The value that the reader's last token began; an object comes as its raw text. */
static qk_code read_scalar(importer *im, qk_json_scalar *v, qk_error *err)
{
    QK_TRY(next_token(im, &v->type, err));
    v->text = im->json.value;
    if (v->type == QK_JSON_ARRAY) {
        qk_fail(err, QK_EINVAL, "a list stands where one value belongs");
        return fail_at(im, im->json.value_at, err);
    }
    if (v->type != QK_JSON_OBJECT) return QK_OK;
    size_t from = im->json.value_at;
    for (qk_json_type t = v->type; t != QK_JSON_OBJECT_END;) {
        QK_TRY(next_token(im, &t, err));
        if (t == QK_JSON_KEY) QK_TRY(qk_json_skip(&im->json, err));
    }
    v->text = (qk_str){im->text.ptr + from, im->json.at - from};
    return QK_OK;
}

static qk_code read_valid_from(importer *im, const qk_json_scalar *v, qk_time *out, qk_error *err)
{
    qk_time t = 0;
    if (v->type != QK_JSON_STRING || qk_time_parse(&t, v->text) || t > im->now)
        return qk_fail(err, QK_EINVAL, "'valid_from' must be a time that is not after now");
    *out = t;
    return QK_OK;
}

static qk_code read_members(importer *im, const qk_row_form *form, void *row, qk_time *valid_from,
                            qk_error *err)
{
    for (;;) {
        qk_json_type type = QK_JSON_END;
        QK_TRY(next_token(im, &type, err));
        if (type == QK_JSON_OBJECT_END) return QK_OK;
        qk_str name = im->json.value;
        size_t at = im->json.value_at;
        const qk_field *f = qk_row_field_named(form, name);
        bool dated = qk_str_eq(name, QK_STR("valid_from"));
        if (!f && !dated) {
            qk_fail(err, QK_EINVAL, "a %s has no member '%.*s'", form->table,
                    (int)(name.len < 64 ? name.len : 64), name.ptr);
            return fail_at(im, at, err);
        }
        qk_json_scalar v = {0};
        QK_TRY(read_scalar(im, &v, err));
        at = im->json.value_at;
        qk_code code =
            dated ? read_valid_from(im, &v, valid_from, err) : qk_row_set(f, row, &v, err);
        if (code) return fail_at(im, at, err);
    }
}

/* Rows come in order: each byte is looked at once. */
static uint32_t row_line(importer *im, size_t at)
{
    for (; im->counted < at; im->counted++) im->line += im->text.ptr[im->counted] == '\n';
    return im->line + 1;
}

static qk_code import_row(importer *im, qk_row_kind kind, void *row, qk_error *err)
{
    const qk_row_form *form = &qk_row_forms[kind];
    size_t at = im->json.value_at;
    qk_time valid_from = im->now;
    qk_json_reader start = im->json;
    QK_TRY(read_members(im, form, row, &valid_from, err));
    const void *before = qk_row_standing(im->r, kind, row);
    if (before) {
        /* Once more, over what stands there: members left out stay. */
        qk_row_release(form, row);
        form->init(row);
        if (qk_row_copy(form, row, before)) return qk_fail(err, QK_ENOMEM, "no memory for a row");
        im->json = start;
        QK_TRY(read_members(im, form, row, &valid_from, err));
    }
    if (im->told && qk_row_check(kind, row, err)) return fail_at(im, at, err);
    if (im->told) im->told(im->told_context, kind, before, row, row_line(im, at));
    qk_code code = qk_row_write(im->r, kind, row, im->by, valid_from, im->now, err);
    return code == QK_EINVAL || code == QK_EFULL ? fail_at(im, at, err) : code;
}

static qk_code import_rows(importer *im, qk_row_kind kind, qk_error *err)
{
    const qk_row_form *form = &qk_row_forms[kind];
    qk_json_type type = QK_JSON_END;
    QK_TRY(next_token(im, &type, err));
    if (type != QK_JSON_ARRAY) {
        qk_fail(err, QK_EINVAL, "'%s' must be a list", form->member);
        return fail_at(im, im->json.value_at, err);
    }
    for (;;) {
        QK_TRY(next_token(im, &type, err));
        if (type == QK_JSON_ARRAY_END) return QK_OK;
        if (type != QK_JSON_OBJECT) {
            qk_fail(err, QK_EINVAL, "'%s' must hold objects", form->member);
            return fail_at(im, im->json.value_at, err);
        }
        void *row = malloc(form->row_size);
        if (!row) return qk_fail(err, QK_ENOMEM, "no memory for a row");
        form->init(row);
        if (kind == QK_ROW_DEVICE) ((qk_device *)row)->status = QK_DEVICE_APPROVED;
        qk_code code = import_row(im, kind, row, err);
        qk_row_release(form, row);
        free(row);
        qk_arena_reset(&im->arena);
        if (code) return code;
    }
}

static qk_code import_place(importer *im, qk_error *err)
{
    qk_json_scalar v = {0};
    QK_TRY(read_scalar(im, &v, err));
    if (v.type == QK_JSON_OBJECT && v.text.len <= QK_PLACE_MAX)
        return qk_place_put(im->r, v.text, im->by, im->now, err);
    qk_fail(err, QK_EINVAL, "'place' must be an object of at most 64 KiB");
    return fail_at(im, im->json.value_at, err);
}

static qk_code import_member(importer *im, qk_error *err)
{
    qk_str name = im->json.value;
    if (qk_str_eq(name, QK_STR("place"))) return import_place(im, err);
    for (int k = 0; k < QK_ROW_KINDS; k++) {
        if (!qk_row_forms[k].member || !qk_str_eq(name, qk_str_of(qk_row_forms[k].member)))
            continue;
        if (im->kinds & (uint32_t)1 << k) return import_rows(im, (qk_row_kind)k, err);
        qk_fail(err, QK_EDENIED, "'%s' may not be imported by you", qk_row_forms[k].member);
        return fail_at(im, im->json.value_at, err);
    }
    qk_fail(err, QK_EINVAL, "unknown member '%.*s'", (int)(name.len < 64 ? name.len : 64),
            name.ptr);
    fail_at(im, im->json.value_at, err);
    qk_error_hint(
        err, "known are place, divisions, sites, devices, factors, units, aliases, people, posts, "
             "in this order");
    return QK_EINVAL;
}

static qk_code import_all(importer *im, qk_error *err)
{
    qk_json_type type = QK_JSON_END;
    QK_TRY(next_token(im, &type, err));
    if (type != QK_JSON_OBJECT) {
        qk_fail(err, QK_EINVAL, "a register is a JSON object");
        return fail_at(im, im->json.value_at, err);
    }
    for (;;) {
        QK_TRY(next_token(im, &type, err));
        if (type == QK_JSON_OBJECT_END) break;
        QK_TRY(import_member(im, err));
    }
    QK_TRY(next_token(im, &type, err));
    return QK_OK;
}

const void *qk_row_standing(const qk_registry *r, qk_row_kind kind, const void *row)
{
    bool found;
    size_t at = qk_row_find(&r->tables[kind], &qk_row_forms[kind], row, &found);
    return found ? r->tables[kind].rows[at] : NULL;
}

qk_code qk_registry_import(qk_registry *r, qk_str json, qk_str by, qk_time now, qk_error *err)
{
    return qk_registry_import_told(r, json, UINT32_MAX, NULL, NULL, by, now, err);
}

qk_code qk_registry_import_told(qk_registry *r, qk_str json, uint32_t kinds, qk_row_told *told,
                                void *context, qk_str by, qk_time now, qk_error *err)
{
    importer im = {.r = r,
                   .kinds = kinds,
                   .told = told,
                   .told_context = context,
                   .text = json,
                   .by = by,
                   .now = now};
    qk_arena_init(&im.arena, (size_t)8 << 20);
    qk_json_read_init(&im.json, json, &im.arena);
    qk_code code = qk_db_begin(r->db, err);
    if (code) goto out;
    code = import_all(&im, err);
    if (!code) code = qk_db_commit(r->db, err);
    if (code) {
        qk_db_rollback(r->db);
        qk_code again = qk_registry_reload(r, NULL);
        if (again) code = qk_fail(err, again, "the register could not be read again");
    }
out:
    qk_arena_clear(&im.arena);
    return code;
}

/* ---- rows as objects ---- */

void qk_field_json(qk_json_writer *w, const qk_field *f, const void *row)
{
    const void *at = qk_row_field(row, f);
    int32_t whole;
    double number;
    qk_time when;
    char text[QK_TIME_TEXT];
    switch (f->type) {
    case QK_FIELD_TEXT: qk_json_cstr(w, at); break;
    case QK_FIELD_BOOL: qk_json_bool(w, *(const bool *)at); break;
    case QK_FIELD_I32:
        memcpy(&whole, at, sizeof whole);
        qk_json_i64(w, whole);
        break;
    case QK_FIELD_TIME:
        memcpy(&when, at, sizeof when);
        qk_json_cstr(w, when ? qk_time_iso_zone(text, when) : NULL);
        break;
    case QK_FIELD_ENUM:
        memcpy(&whole, at, sizeof whole);
        qk_json_cstr(w, f->names[whole]);
        break;
    case QK_FIELD_F64:
        memcpy(&number, at, sizeof number);
        qk_json_f64(w, number);
        break;
    case QK_FIELD_OWNED: qk_json_null(w); break;
    }
}

void qk_row_json(qk_json_writer *w, qk_row_kind kind, const void *row)
{
    const qk_row_form *form = &qk_row_forms[kind];
    qk_json_object(w);
    for (size_t i = 0; i < form->n; i++) {
        const qk_field *f = &form->fields[i];
        if (f->secret || f->type == QK_FIELD_OWNED) continue;
        qk_json_key(w, f->name);
        qk_field_json(w, f, row);
    }
    qk_json_ki64(w, "row_version", qk_row_version(form, row));
    qk_json_end(w);
}

void qk_device_json(qk_json_writer *w, const qk_device *d)
{
    qk_row_json(w, QK_ROW_DEVICE, d);
}
void qk_site_json(qk_json_writer *w, const qk_site *s)
{
    qk_row_json(w, QK_ROW_SITE, s);
}
void qk_factor_json(qk_json_writer *w, const qk_factor *f)
{
    qk_row_json(w, QK_ROW_FACTOR, f);
}

qk_code qk_row_patch(qk_row_kind kind, void *row, const qk_json_value *object, qk_error *err)
{
    const qk_row_form *form = &qk_row_forms[kind];
    if (!object || object->type != QK_JSON_OBJECT)
        return qk_fail(err, QK_EINVAL, "a %s is an object", form->table);
    for (const qk_json_value *m = object->first; m; m = m->next) {
        if (qk_str_eq(m->name, QK_STR("row_version"))) continue;
        char name[40];
        qk_str_copy(name, sizeof name, m->name);
        const qk_field *f = qk_row_field_named(form, m->name);
        qk_code code = QK_OK;
        if (!f || f->type == QK_FIELD_OWNED) {
            code = qk_fail(err, QK_EINVAL, "a %s has no member '%s'", form->table, name);
        } else {
            qk_json_scalar v = {m->type, m->text};
            code = qk_row_set(f, row, &v, err);
        }
        if (code) return qk_error_at(err, name, 0, 0), code;
    }
    return QK_OK;
}

qk_code qk_device_patch(qk_device *d, const qk_json_value *object, qk_error *err)
{
    return qk_row_patch(QK_ROW_DEVICE, d, object, err);
}
qk_code qk_site_patch(qk_site *s, const qk_json_value *object, qk_error *err)
{
    return qk_row_patch(QK_ROW_SITE, s, object, err);
}
qk_code qk_factor_patch(qk_factor *f, const qk_json_value *object, qk_error *err)
{
    return qk_row_patch(QK_ROW_FACTOR, f, object, err);
}
