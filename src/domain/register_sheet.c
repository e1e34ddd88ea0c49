/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/register_sheet.h"
#include "base/csv.h"
#include "base/map.h"
#include "base/messages.h"
#include "domain/confine.h"
#include "domain/ledger_sheet.h"
#include "domain/register_table.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { KINDS = 4, OUT_BYTES = 4 << 20, KEY_TEXT = 96 };

/* ---- what is told ---- */

static void tell_refusal(qk_register_taken *out, const qk_error *err, uint32_t line,
                         uint32_t column, qk_str field)
{
    qk_json_writer w;
    if (out->refused++ >= QK_REGISTER_TOLD) return;
    if (out->refusals.len) qk_buf_putc(&out->refusals, ',');
    qk_json_init(&w, &out->refusals);
    qk_json_object(&w);
    qk_json_ki64(&w, "line", line);
    qk_json_ki64(&w, "column", column);
    qk_json_kstr(&w, "field", field);
    qk_json_kcstr(&w, "message_zh", err->message_zh[0] ? err->message_zh : err->message);
    qk_json_kcstr(&w, "message_en", err->message);
    qk_json_end(&w);
}

static void tell_fields(qk_json_writer *w, const qk_row_form *form, const void *before,
                        const void *row)
{
    qk_json_key(w, "fields");
    qk_json_array(w);
    for (size_t i = form->keys; before && i < form->n; i++) {
        const qk_field *f = &form->fields[i];
        if (qk_field_equal(f, before, row)) continue;
        qk_json_object(w);
        qk_json_kcstr(w, "name", f->name);
        if (!f->secret) {
            qk_json_key(w, "old");
            qk_field_json(w, f, before);
            qk_json_key(w, "new");
            qk_field_json(w, f, row);
        }
        qk_json_end(w);
    }
    qk_json_end(w);
}

/* The keys of a row, as "A1/a21026". */
static qk_str name_row(char out[KEY_TEXT], const qk_row_form *form, const void *row)
{
    size_t n = 0;
    for (size_t i = 0; i < form->keys && n < KEY_TEXT; i++)
        n += (size_t)snprintf(out + n, KEY_TEXT - n, "%s%s", i ? "/" : "",
                              (const char *)qk_row_field(row, &form->fields[i]));
    return (qk_str){out, n < KEY_TEXT ? n : KEY_TEXT - 1};
}

static void tell_row(void *context, qk_row_kind kind, const void *before, const void *row,
                     uint32_t line)
{
    const qk_row_form *form = &qk_row_forms[kind];
    qk_register_taken *out = context;
    qk_json_writer w;
    char key[KEY_TEXT];
    if (before && qk_row_equal(form, before, row)) {
        out->same++;
        return;
    }
    size_t told = out->added + out->changed;
    *(before ? &out->changed : &out->added) += 1;
    if (told >= QK_REGISTER_TOLD) return;
    if (out->items.len) qk_buf_putc(&out->items, ',');
    qk_json_init(&w, &out->items);
    qk_json_object(&w);
    qk_json_ki64(&w, "line", line);
    qk_json_kcstr(&w, "kind", form->table);
    qk_json_kstr(&w, "key", name_row(key, form, row));
    qk_json_kcstr(&w, "fate", before ? "changed" : "added");
    tell_fields(&w, form, before, row);
    qk_json_end(&w);
}

void qk_register_taken_clear(qk_register_taken *taken)
{
    qk_buf_clear(&taken->items);
    qk_buf_clear(&taken->refusals);
}

void qk_register_taken_json(qk_json_writer *w, const qk_register_taken *taken)
{
    qk_json_object(w);
    qk_json_kbool(w, "committed", taken->committed);
    qk_json_ki64(w, "added", (int64_t)taken->added);
    qk_json_ki64(w, "changed", (int64_t)taken->changed);
    qk_json_ki64(w, "same", (int64_t)taken->same);
    qk_json_ki64(w, "refused", (int64_t)taken->refused);
    qk_json_key(w, "items");
    qk_json_array(w);
    if (taken->items.len) qk_json_raw(w, qk_buf_str(&taken->items));
    qk_json_end(w);
    qk_json_key(w, "refusals");
    qk_json_array(w);
    if (taken->refusals.len) qk_json_raw(w, qk_buf_str(&taken->refusals));
    qk_json_end(w);
    qk_json_end(w);
}

static uint32_t right_of(qk_row_kind kind)
{
    if (kind == QK_ROW_DIVISION || kind == QK_ROW_SITE) return QK_REGISTER_SITES;
    if (kind == QK_ROW_DEVICE || kind == QK_ROW_FACTOR) return QK_REGISTER_DEVICES;
    return QK_REGISTER_ORGANISATION;
}

/* ---- a table ---- */

typedef struct sheet {
    qk_registry *r;
    qk_register_taken *out;
    qk_csv_reader *csv;
    size_t *column;                    /* of qk_register_columns, by place; SIZE_MAX = unknown */
    size_t place[QK_REGISTER_COLUMNS]; /* in the table; SIZE_MAX = not there */
    size_t n;
    uint32_t may;
    bool part[KINDS]; /* the table speaks of such rows */
    qk_map *met;      /* keys of rows so far, with their line */
    qk_str by;
    qk_time now;
    uint32_t line;
    const qk_str *cells;
    size_t refused_before; /* of the line */
    qk_error *err;
} sheet;

static size_t key_column(qk_row_kind kind)
{
    static const char *const keys[KINDS] = {"code", "id", "mn", "code"};
    for (size_t i = 0; i < QK_REGISTER_COLUMNS; i++)
        if (qk_register_columns[i].kind == kind &&
            strcmp(qk_register_columns[i].field, keys[kind]) == 0)
            return i;
    return 0;
}

/* The cell of a column, trimmed; empty when the table has none. */
static qk_str cell_of(const sheet *s, size_t column)
{
    size_t at = s->place[column];
    if (at == SIZE_MAX) return QK_STR("");
    qk_str cell = qk_str_trim(qk_csv_unguard(s->cells[at]));
    return qk_csv_missing(cell) ? QK_STR("") : cell;
}

static void refuse(sheet *s, const qk_error *err, size_t place, qk_str field)
{
    tell_refusal(s->out, err, s->line, place == SIZE_MAX ? 0 : (uint32_t)place + 1, field);
}

/* Refuses at the column of a field, or at the row's key. */
static void refuse_field(sheet *s, const qk_error *err, qk_row_kind kind, const char *field)
{
    size_t at = key_column(kind);
    for (size_t i = 0; i < QK_REGISTER_COLUMNS; i++)
        if (qk_register_columns[i].kind == kind && field &&
            strcmp(qk_register_columns[i].field, field) == 0 && s->place[i] != SIZE_MAX)
            at = i;
    refuse(s, err, s->place[at], qk_register_heading(at, QK_ZH));
}

static void read_heading(sheet *s)
{
    qk_error err = {0};
    s->line = 1;
    for (size_t i = 0; i < QK_REGISTER_COLUMNS; i++) s->place[i] = SIZE_MAX;
    for (size_t at = 0; at < s->n; at++) {
        qk_str text = qk_csv_header(s->csv, at);
        size_t column = s->column[at] = qk_register_column_named(text);
        if (column == SIZE_MAX) {
            qk_fail(&err, QK_EINVAL, "the register has no such column");
            refuse(s, &err, at, text);
        } else if (s->place[column] != SIZE_MAX) {
            qk_fail(&err, QK_EINVAL, "the column stands there twice");
            refuse(s, &err, at, text);
        } else {
            s->place[column] = at;
        }
    }
}

/* Which rows the columns speak of. A column of a kind needs the kind's key beside it; a key alone
 * is a reference, and MN alone a device where no factor is told. */
static void find_parts(sheet *s)
{
    qk_error err = {0};
    bool any = false;
    for (size_t i = 0; i < QK_REGISTER_COLUMNS; i++) {
        qk_row_kind kind = qk_register_columns[i].kind;
        if (s->place[i] == SIZE_MAX || i == key_column(kind)) continue;
        s->part[kind] = true;
    }
    bool mn = s->place[key_column(QK_ROW_DEVICE)] != SIZE_MAX;
    bool code = s->place[key_column(QK_ROW_FACTOR)] != SIZE_MAX;
    s->part[QK_ROW_FACTOR] |= code;
    s->part[QK_ROW_DEVICE] |= mn && (!code || s->part[QK_ROW_SITE]);
    for (int k = 0; k < KINDS; k++) {
        size_t key = key_column((qk_row_kind)k);
        any |= s->part[k];
        if (s->part[k] && !(s->may & right_of((qk_row_kind)k))) {
            qk_fail(&err, QK_EDENIED, "'%s' may not be imported by you", qk_row_forms[k].member);
            refuse(s, &err, s->place[key], qk_register_heading(key, QK_ZH));
        }
        if (!s->part[k] || (s->place[key] != SIZE_MAX && (k != QK_ROW_FACTOR || mn))) continue;
        if (k == QK_ROW_FACTOR && s->place[key] != SIZE_MAX) key = key_column(QK_ROW_DEVICE);
        qk_fail(&err, QK_EINVAL, "the column of the key is missing");
        refuse(s, &err, SIZE_MAX, qk_register_heading(key, QK_ZH));
    }
    if (any) return;
    qk_fail(&err, QK_EINVAL, "the table has no column of the register");
    refuse(s, &err, SIZE_MAX, QK_STR(""));
}

/* Sets a text field from a cell: keys and links. False when it does not fit. */
static bool set_text(sheet *s, qk_row_kind kind, void *row, const char *field, size_t column)
{
    qk_error err = {0};
    const qk_field *f = qk_row_field_named(&qk_row_forms[kind], qk_str_of(field));
    qk_json_scalar v = {QK_JSON_STRING, cell_of(s, column)};
    if (!v.text.len || qk_row_set(f, row, &v, &err) == QK_OK) return true;
    refuse(s, &err, s->place[column], qk_register_heading(column, QK_ZH));
    return false;
}

static bool set_keys(sheet *s, qk_row_kind kind, void *row)
{
    if (kind == QK_ROW_FACTOR && !set_text(s, kind, row, "mn", key_column(QK_ROW_DEVICE)))
        return false;
    return set_text(s, kind, row, qk_register_columns[key_column(kind)].field, key_column(kind));
}

/* What stands in the same line belongs together. */
static bool set_links(sheet *s, qk_row_kind kind, void *row)
{
    size_t division = key_column(QK_ROW_DIVISION), site = key_column(QK_ROW_SITE);
    if (kind == QK_ROW_SITE) return set_text(s, kind, row, "division", division);
    if (kind == QK_ROW_DEVICE) return set_text(s, kind, row, "site", site);
    if (kind == QK_ROW_FACTOR && !s->part[QK_ROW_DEVICE])
        return set_text(s, kind, row, "site", site);
    return true;
}

static bool set_cells(sheet *s, qk_row_kind kind, void *row)
{
    bool sound = true;
    for (size_t i = 0; i < QK_REGISTER_COLUMNS; i++) {
        const qk_register_column *c = &qk_register_columns[i];
        qk_error err = {0};
        qk_json_scalar v;
        if (c->kind != kind || s->place[i] == SIZE_MAX || i == key_column(kind)) continue;
        if (!qk_register_value(&v, c, s->cells[s->place[i]])) continue;
        const qk_field *f = qk_row_field_named(&qk_row_forms[kind], qk_str_of(c->field));
        if (qk_row_set(f, row, &v, &err) == QK_OK) continue;
        refuse(s, &err, s->place[i], qk_register_heading(i, QK_ZH));
        sound = false;
    }
    return sound;
}

/* Two lines may name one row, but must not contradict each other. */
static qk_code meet(sheet *s, qk_row_kind kind, const void *before, const void *row, bool *told)
{
    const qk_row_form *form = &qk_row_forms[kind];
    char name[KEY_TEXT], key[KEY_TEXT + 4];
    uint64_t line = 0;
    qk_error err = {0};
    name_row(name, form, row);
    int n = snprintf(key, sizeof key, "%d:%s", (int)kind, name);
    *told = qk_map_get(s->met, (qk_str){key, (size_t)n}, &line);
    if (!*told) return qk_map_set(s->met, (qk_str){key, (size_t)n}, s->line);
    if (!before || qk_row_equal(form, before, row)) return QK_OK;
    qk_fail(&err, QK_EINVAL, "line %u says otherwise", (unsigned)line);
    refuse_field(s, &err, kind, NULL);
    return QK_OK;
}

/* What the register itself refuses is a reference to nothing: told at the column that holds it. */
static void refuse_link(sheet *s, const qk_error *err, qk_row_kind kind)
{
    size_t at = key_column(kind == QK_ROW_SITE ? QK_ROW_DIVISION : QK_ROW_SITE);
    if (kind == QK_ROW_DIVISION || s->place[at] == SIZE_MAX)
        refuse_field(s, err, kind, kind == QK_ROW_DIVISION ? "parent" : "site");
    else
        refuse(s, err, s->place[at], qk_register_heading(at, QK_ZH));
}

static qk_code write_part(sheet *s, qk_row_kind kind, void *row, const void *before)
{
    qk_error err = {0};
    bool told = false;
    if (qk_row_check(kind, row, &err)) {
        refuse_field(s, &err, kind, err.where);
        return QK_OK;
    }
    qk_code code = meet(s, kind, before, row, &told);
    if (code) return qk_fail(s->err, code, "no memory for the keys of a table");
    if (s->out->refused > s->refused_before) return QK_OK;
    if (!told) tell_row(s->out, kind, before, row, s->line);
    code = qk_row_write(s->r, kind, row, s->by, s->now, s->now, &err);
    if (code == QK_EINVAL || code == QK_EFULL) {
        refuse_link(s, &err, kind);
        return QK_OK;
    }
    if (code && s->err) *s->err = err;
    return code;
}

static qk_code read_part(sheet *s, qk_row_kind kind)
{
    const qk_row_form *form = &qk_row_forms[kind];
    char *row = calloc(1, form->row_size);
    qk_code code = QK_OK;
    if (!row) return qk_fail(s->err, QK_ENOMEM, "no memory for a row");
    form->init(row);
    if (!set_keys(s, kind, row)) goto out;
    const void *before = qk_row_standing(s->r, kind, row);
    if (before && qk_row_copy(form, row, before)) {
        code = qk_fail(s->err, QK_ENOMEM, "no memory for a row");
        goto out;
    }
    if (!before && kind == QK_ROW_DEVICE) ((qk_device *)(void *)row)->status = QK_DEVICE_APPROVED;
    if (set_links(s, kind, row) && set_cells(s, kind, row)) code = write_part(s, kind, row, before);
out:
    qk_row_release(form, row);
    free(row);
    return code;
}

static bool is_blank(const sheet *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (qk_str_trim(s->cells[i]).len) return false;
    return true;
}

static bool told_of(const sheet *s, qk_row_kind kind)
{
    if (!s->part[kind] || !cell_of(s, key_column(kind)).len) return false;
    return kind != QK_ROW_FACTOR || cell_of(s, key_column(QK_ROW_DEVICE)).len;
}

static qk_code read_line(sheet *s)
{
    bool any = false;
    s->line = qk_csv_line(s->csv);
    s->refused_before = s->out->refused;
    if (is_blank(s)) return QK_OK;
    for (int k = 0; k < KINDS; k++) {
        if (!told_of(s, (qk_row_kind)k)) continue;
        any = true;
        QK_TRY(read_part(s, (qk_row_kind)k));
        if (s->out->refused > s->refused_before) return QK_OK;
    }
    if (any) return QK_OK;
    qk_error err = {0};
    qk_fail(&err, QK_EINVAL, "the line has no key");
    refuse(s, &err, SIZE_MAX, QK_STR(""));
    return QK_OK;
}

static qk_code read_lines(sheet *s)
{
    qk_error err = {0};
    qk_code code;
    uint32_t lines = 0;
    while ((code = qk_csv_next(s->csv, &s->cells, &err)) == QK_OK) {
        if (++lines > QK_REGISTER_LINES)
            return qk_fail(s->err, QK_EFULL, "the table has more than %d lines", QK_REGISTER_LINES);
        QK_TRY(read_line(s));
    }
    if (code == QK_ENOTFOUND) return QK_OK;
    if (code != QK_EFORMAT) {
        if (s->err) *s->err = err;
        return code;
    }
    tell_refusal(s->out, &err, err.line, err.column, QK_STR(""));
    return QK_OK;
}

static qk_code take_table(qk_register_taken *out, qk_registry *r, qk_str csv, uint32_t may,
                          qk_str by, qk_time now, qk_error *err)
{
    sheet s = {.r = r, .out = out, .may = may, .by = by, .now = now, .err = err};
    qk_error fault = {0};
    qk_code code = qk_csv_open_text(&s.csv, csv, "table", 0, &fault);
    if (code == QK_EFORMAT) {
        tell_refusal(out, &fault, fault.line, fault.column, QK_STR(""));
        return QK_OK;
    }
    if (code) {
        if (err) *err = fault;
        return code;
    }
    s.n = qk_csv_columns(s.csv);
    s.column = calloc(s.n + 1, sizeof *s.column);
    code = s.column ? qk_map_new(&s.met, QK_REGISTER_LINES * KINDS) : QK_ENOMEM;
    if (code) qk_fail(err, code, "no memory for a table");
    if (!code) {
        read_heading(&s);
        if (!out->refused) find_parts(&s);
        if (!out->refused) code = read_lines(&s);
    }
    free(s.column);
    qk_map_free(s.met);
    qk_csv_close(s.csv);
    return code;
}

/* ---- a county ---- */

static qk_code take_county(qk_register_taken *out, qk_registry *r, qk_str json, uint32_t may,
                           qk_str by, qk_time now, qk_error *err)
{
    uint32_t kinds = 0;
    qk_error fault = {0};
    for (int k = 0; k < QK_ROW_KINDS; k++)
        if (may & right_of((qk_row_kind)k)) kinds |= (uint32_t)1 << k;
    qk_code code = qk_registry_import_told(r, json, kinds, tell_row, out, by, now, &fault);
    if (code == QK_EINVAL || code == QK_EFORMAT || code == QK_EDENIED || code == QK_EFULL) {
        tell_refusal(out, &fault, fault.line, fault.column, QK_STR(""));
        return QK_OK;
    }
    if (code && err) *err = fault;
    return code;
}

/* ---- once to look, once to take ---- */

typedef struct taking {
    qk_str text;
    bool county;
    uint32_t may;
    qk_str by;
    qk_time now;
} taking;

static qk_code run(qk_register_taken *out, qk_registry *r, const taking *t, qk_error *err)
{
    qk_register_taken_clear(out);
    out->added = out->changed = out->same = out->refused = 0;
    if (t->county) return take_county(out, r, t->text, t->may, t->by, t->now, err);
    return take_table(out, r, t->text, t->may, t->by, t->now, err);
}

static qk_code look(qk_register_taken *out, qk_db *db, const taking *t, qk_error *err)
{
    qk_registry *copy = NULL;
    QK_TRY(qk_db_begin(db, err));
    qk_code code = qk_registry_open(&copy, db, err);
    if (!code) code = run(out, copy, t, err);
    qk_registry_close(copy);
    qk_db_rollback(db);
    return code;
}

static qk_code take(qk_register_taken *out, qk_registry *r, qk_db *db, const taking *t,
                    qk_error *err)
{
    QK_TRY(qk_db_begin(db, err));
    qk_code code = run(out, r, t, err);
    if (!code && out->refused)
        code = qk_fail(err, QK_ECONFLICT, "the register changed while it was taken in");
    code = qk_db_end(db, code, err);
    if (code && qk_registry_reload(r, NULL))
        return qk_fail(err, code, "the register could not be read again");
    return code;
}

static bool is_county(qk_str text)
{
    text = qk_str_trim(text);
    return text.len && text.ptr[0] == '{';
}

qk_code qk_register_take(qk_register_taken *out, qk_registry *registry, qk_db *db, qk_str bytes,
                         bool commit, uint32_t may, qk_str by, qk_time now, qk_error *err)
{
    qk_buf text;
    memset(out, 0, sizeof *out);
    qk_buf_init(&out->items, OUT_BYTES);
    qk_buf_init(&out->refusals, OUT_BYTES);
    qk_buf_init(&text, QK_REGISTER_BYTES);
    qk_code code = qk_ledger_sheet_text(&text, bytes, err);
    if (!code) {
        taking t = {qk_buf_str(&text), is_county(qk_buf_str(&text)), may, by, now};
        code = look(out, db, &t, err);
        if (!code && commit && !out->refused) {
            code = take(out, registry, db, &t, err);
            out->committed = !code;
        }
    }
    if (!code && (out->items.failed || out->refusals.failed))
        code = qk_fail(err, QK_ENOMEM, "no memory for what an import has to tell");
    qk_buf_clear(&text);
    return code;
}

/* ---- out ---- */

typedef struct listing {
    qk_buf *out;
    int lang;
    const qk_division *divisions;
    size_t division_n;
} listing;

static const void *row_of(qk_row_kind kind, const qk_site *s, const qk_device *d,
                          const qk_factor *f)
{
    return kind == QK_ROW_SITE ? (const void *)s : kind == QK_ROW_DEVICE ? (const void *)d : f;
}

static void put_cell(const listing *l, const qk_register_column *c, const void *row, bool first)
{
    const qk_field *f = qk_row_field_named(&qk_row_forms[c->kind], qk_str_of(c->field));
    qk_buf text;
    qk_json_writer w;
    if (!row || f->secret) {
        qk_csv_put(l->out, QK_STR(""), first);
        return;
    }
    if (f->type == QK_FIELD_TEXT || f->type == QK_FIELD_ENUM) {
        const char *code = f->type == QK_FIELD_TEXT ? qk_row_field(row, f) : NULL;
        int32_t whole = 0;
        if (!code) memcpy(&whole, qk_row_field(row, f), sizeof whole);
        qk_csv_put_text(l->out, qk_register_word(c, code ? code : f->names[whole], l->lang), first);
        return;
    }
    if (f->type == QK_FIELD_BOOL && l->lang == QK_ZH) {
        bool yes = *(const bool *)qk_row_field(row, f);
        qk_csv_put(l->out, yes ? QK_STR("是") : QK_STR("否"), first);
        return;
    }
    qk_buf_init(&text, 64);
    qk_json_init(&w, &text);
    qk_field_json(&w, f, row);
    qk_str value = qk_buf_str(&text);
    if (value.len > 1 && value.ptr[0] == '"') value = (qk_str){value.ptr + 1, value.len - 2};
    if (qk_str_eq(value, QK_STR("null"))) value = QK_STR("");
    qk_csv_put(l->out, value, first);
    qk_buf_clear(&text);
}

static bool is_listed(const qk_register_column *c)
{
    const qk_field *f = qk_row_field_named(&qk_row_forms[c->kind], qk_str_of(c->field));
    return !f->secret && (c->kind != QK_ROW_DIVISION || strcmp(c->field, "code") == 0);
}

static void put_line(const listing *l, const qk_site *s, const qk_device *d, const qk_factor *f)
{
    bool first = true;
    for (size_t i = 0; i < QK_REGISTER_COLUMNS; i++) {
        const qk_register_column *c = &qk_register_columns[i];
        if (!is_listed(c)) continue;
        if (c->kind == QK_ROW_DIVISION)
            qk_csv_put_text(l->out, qk_str_of(s->division), first);
        else
            put_cell(l, c, row_of(c->kind, s, d, f), first);
        first = false;
    }
    qk_buf_puts(l->out, "\r\n");
}

static void put_headings(const listing *l)
{
    bool first = true;
    for (size_t i = 0; i < QK_REGISTER_COLUMNS; i++) {
        if (!is_listed(&qk_register_columns[i])) continue;
        qk_csv_put(l->out, qk_register_heading(i, l->lang), first);
        first = false;
    }
    qk_buf_puts(l->out, "\r\n");
}

static void put_device(const listing *l, const qk_site *s, const qk_device *d,
                       const qk_factor *factors, size_t n)
{
    size_t told = 0;
    for (size_t i = 0; i < n; i++)
        if (strcmp(factors[i].mn, d->mn) == 0) put_line(l, s, d, &factors[i]), told++;
    if (!told) put_line(l, s, d, NULL);
}

qk_code qk_register_csv(qk_buf *out, const qk_registry *registry, int lang, qk_register_keep *keep,
                        void *context, qk_error *err)
{
    qk_arena arena;
    qk_site *sites = NULL;
    qk_device *devices = NULL;
    qk_factor *factors = NULL;
    size_t n = 0, device_n = 0, factor_n = 0;
    listing l = {.out = out, .lang = lang};
    qk_arena_init(&arena, (size_t)256 << 20);
    qk_code code = qk_registry_sites(registry, &arena, &sites, &n);
    if (!code) code = qk_registry_devices(registry, &arena, &devices, &device_n);
    if (!code) put_headings(&l);
    for (size_t i = 0; !code && i < n; i++) {
        size_t told = 0;
        if (keep && !keep(context, &sites[i])) continue;
        for (size_t k = 0; !code && k < device_n; k++) {
            if (strcmp(devices[k].site, sites[i].id) != 0) continue;
            code = qk_registry_factors(registry, &arena, qk_str_of(devices[k].mn), &factors,
                                       &factor_n);
            if (!code) put_device(&l, &sites[i], &devices[k], factors, factor_n), told++;
        }
        if (!told) put_line(&l, &sites[i], NULL, NULL);
    }
    qk_arena_clear(&arena);
    if (!code) code = out->failed;
    return code ? qk_fail(err, code, "no memory for the register as a table") : QK_OK;
}
