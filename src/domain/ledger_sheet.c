/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/ledger_sheet.h"
#include "base/csv.h"
#include "base/map.h"
#include "domain/confine.h"
#include "domain/ledger_private.h"
#include "domain/sheet_xlsx.h"
#include <stdio.h>
#include <stdlib.h>

/* ---- out ---- */

static qk_str heading_of(const qk_ledger_field *f, int heading)
{
    return heading == QK_ZH ? f->zh : heading == QK_EN ? f->en : f->name;
}

/* As people read it: a choice by its name, a flag as a word; the fields' own names go with the
 * values as kept. */
static qk_str shown(const qk_ledger_field *f, qk_str value, int heading)
{
    if (!value.len || heading < 0) return value;
    if (f->kind == QK_LEDGER_FLAG) {
        bool yes = qk_str_eq(value, QK_STR("true"));
        if (heading == QK_EN) return yes ? QK_STR("yes") : QK_STR("no");
        return yes ? QK_STR("是") : QK_STR("否");
    }
    for (size_t i = 0; f->kind == QK_LEDGER_CHOICE && i < f->choice_count; i++)
        if (qk_str_eq(f->choices[i].value, value))
            return heading == QK_ZH ? f->choices[i].zh : f->choices[i].en;
    return value;
}

typedef struct output {
    const qk_ledger_type *type;
    qk_buf *csv;
    qk_xlsx_writer *xlsx;
    int heading;
} output;

static qk_code put_csv_row(void *context, const qk_ledger_row *row)
{
    output *o = context;
    for (size_t i = 0; i < o->type->field_count; i++) {
        const qk_ledger_field *f = &o->type->fields[i];
        qk_str text = shown(f, row->values[i], o->heading);
        if (qk_ledger_is_number(f->kind))
            qk_csv_put(o->csv, text, i == 0);
        else
            qk_csv_put_text(o->csv, text, i == 0);
    }
    qk_buf_puts(o->csv, "\r\n");
    return o->csv->failed;
}

qk_code qk_ledger_csv(qk_buf *out, qk_db *db, const qk_ledger_type *type, const qk_ledger_ask *ask,
                      int heading, qk_error *err)
{
    output o = {.type = type, .csv = out, .heading = heading};
    for (size_t i = 0; i < type->field_count; i++)
        qk_csv_put_text(out, heading_of(&type->fields[i], heading), i == 0);
    qk_buf_puts(out, "\r\n");
    qk_code code = qk_ledger_each(db, type, ask, put_csv_row, &o, err);
    return out->failed ? qk_fail(err, out->failed, "the ledger is too large for one table") : code;
}

static qk_code put_xlsx_row(void *context, const qk_ledger_row *row)
{
    output *o = context;
    qk_xlsx_row(o->xlsx);
    for (size_t i = 0; i < o->type->field_count; i++) {
        const qk_ledger_field *f = &o->type->fields[i];
        qk_xlsx_cell(o->xlsx, shown(f, row->values[i], o->heading), qk_ledger_is_number(f->kind));
    }
    return QK_OK;
}

qk_code qk_ledger_xlsx(qk_buf *out, qk_db *db, const qk_ledger_type *type, const qk_ledger_ask *ask,
                       int heading, qk_error *err)
{
    output o = {.type = type, .heading = heading};
    QK_TRY(qk_xlsx_begin(&o.xlsx, type->id, err));
    for (size_t i = 0; i < type->field_count; i++)
        qk_xlsx_cell(o.xlsx, heading_of(&type->fields[i], heading), false);
    qk_code code = qk_ledger_each(db, type, ask, put_xlsx_row, &o, err);
    qk_code closed = qk_xlsx_end(o.xlsx, out, code ? NULL : err);
    return code ? code : closed;
}

/* ---- in ---- */

qk_code qk_ledger_sheet_text(qk_buf *csv, qk_str bytes, qk_error *err)
{
    if (bytes.len >= 4 && memcmp(bytes.ptr, "PK\x03\x04", 4) == 0)
        return qk_xlsx_csv(csv, bytes, err);
    if (bytes.len >= 4 && memcmp(bytes.ptr, "\xD0\xCF\x11\xE0", 4) == 0)
        return qk_fail(err, QK_EUNSUPPORTED, "this is an old xls: save it as xlsx or csv");
    return qk_text_decode(csv, bytes, err);
}

typedef struct import {
    qk_ledger_import *out;
    qk_db *db;
    const qk_ledger_type *type;
    const qk_csv_reader *csv;
    size_t *field; /* of each column */
    size_t columns;
    qk_map *keys; /* of the rows so far, with their line */
    qk_arena *arena;
    qk_arena scratch;
    bool write;
    const qk_ledger_author *author;
    qk_time now;
    qk_error *err;
} import;

static qk_code refuse_with(import *m, uint32_t line, uint32_t column, qk_str field,
                           const qk_error *err)
{
    const char *text = err->message, *zh = err->message_zh[0] ? err->message_zh : err->message;
    qk_ledger_import *out = m->out;
    if (out->refusal_count == QK_LEDGER_REFUSALS) return QK_OK;
    qk_ledger_refusal *r = &out->refusals[out->refusal_count++];
    *r = (qk_ledger_refusal){
        line,
        column,
        {qk_arena_copy(m->arena, field.len ? field.ptr : "", field.len), field.len},
        qk_arena_copy(m->arena, text, strlen(text)),
        qk_arena_copy(m->arena, zh, strlen(zh))};
    return r->field.ptr && r->text && r->text_zh
               ? QK_OK
               : qk_fail(m->err, QK_ENOMEM, "no memory for refusals");
}

static qk_code refuse(import *m, uint32_t line, uint32_t column, qk_str field, const char *text)
{
    qk_error err = {0};
    qk_fail(&err, QK_EINVAL, "%s", text);
    return refuse_with(m, line, column, field, &err);
}

static size_t field_of_heading(const qk_ledger_type *type, qk_str text)
{
    text = qk_str_trim(text);
    for (size_t i = 0; i < type->field_count; i++) {
        const qk_ledger_field *f = &type->fields[i];
        if (qk_str_eq(text, f->name) || qk_str_eq(text, f->zh) || qk_str_eq_nocase(text, f->en))
            return i;
    }
    return SIZE_MAX;
}

static bool has_column(const import *m, size_t field)
{
    for (size_t c = 0; c < m->columns; c++)
        if (m->field[c] == field) return true;
    return false;
}

static qk_code read_heading(import *m)
{
    m->columns = 0;
    m->field = qk_arena_array(m->arena, qk_csv_columns(m->csv) + 1, sizeof *m->field);
    if (!m->field) return qk_fail(m->err, QK_ENOMEM, "no memory for a table");
    for (size_t c = 0; c < qk_csv_columns(m->csv); c++) {
        qk_str text = qk_csv_header(m->csv, c);
        size_t field = field_of_heading(m->type, text);
        if (field == SIZE_MAX)
            QK_TRY(refuse(m, 1, (uint32_t)c + 1, text, "the ledger has no such column"));
        else if (has_column(m, field))
            QK_TRY(refuse(m, 1, (uint32_t)c + 1, text, "the column stands there twice"));
        m->field[m->columns++] = field;
    }
    for (size_t i = 0; i < m->type->field_count; i++)
        if (m->type->fields[i].key && !has_column(m, i))
            QK_TRY(refuse(m, 1, 0, m->type->fields[i].zh, "the column of the key is missing"));
    return QK_OK;
}

static bool is_blank(const qk_str *cells, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (qk_str_trim(cells[i]).len) return false;
    return true;
}

/* Values of the row's fields: those of the row that is there, and over them the cells. */
static qk_code read_cells(import *m, qk_str *values, const qk_str *cells, uint32_t line,
                          bool *refused)
{
    for (size_t c = 0; c < m->columns; c++) {
        qk_error err = {0};
        qk_str value;
        const qk_ledger_field *f = &m->type->fields[m->field[c]];
        qk_code code =
            qk_ledger_value(&value, m->db, f, qk_csv_unguard(cells[c]), &m->scratch, &err);
        if (code == QK_EINVAL) {
            *refused = true;
            QK_TRY(refuse_with(m, line, (uint32_t)c + 1, f->zh, &err));
        } else if (code) {
            if (m->err) *m->err = err;
            return code;
        }
        values[m->field[c]] = code ? QK_STR("") : value;
    }
    return QK_OK;
}

static qk_code check_double(import *m, const qk_str *values, uint32_t line, bool *refused)
{
    qk_buf key;
    uint64_t before = 0;
    qk_buf_init(&key, QK_LEDGER_ROW_BYTES * 2);
    for (size_t i = 0; i < m->type->field_count; i++)
        if (m->type->fields[i].key) {
            qk_buf_printf(&key, "%zu:", values[i].len);
            qk_buf_put_str(&key, values[i]);
        }
    qk_code code = key.failed;
    if (!code && qk_map_get(m->keys, qk_buf_str(&key), &before)) {
        qk_error err = {0};
        qk_fail(&err, QK_EINVAL, "line %u has the same key", (unsigned)before);
        *refused = true;
        code = refuse_with(m, line, 0, QK_STR(""), &err);
    } else if (!code) {
        code = qk_map_set(m->keys, qk_buf_str(&key), line);
    }
    qk_buf_clear(&key);
    return code ? qk_fail(m->err, code, "no memory for the keys of a table") : QK_OK;
}

static qk_code fill_missing(import *m, qk_str *values, int64_t id, uint32_t line, bool *refused)
{
    qk_ledger_row *old = NULL;
    if (id) QK_TRY(qk_ledger_get(&old, m->db, m->type, id, &m->scratch, m->err));
    for (size_t i = 0; i < m->type->field_count; i++) {
        if (has_column(m, i)) continue;
        values[i] = old ? old->values[i] : QK_STR("");
        if (values[i].len || !m->type->fields[i].required) continue;
        *refused = true;
        QK_TRY(refuse(m, line, 0, m->type->fields[i].zh, "this is needed"));
    }
    return QK_OK;
}

/* A row of his unit: before, and as it would be. */
static qk_code check_unit(import *m, const qk_str *values, int64_t id, uint32_t line, bool *refused)
{
    const qk_ledger_author *a = m->author;
    qk_ledger_row *old = NULL;
    size_t field = 0, column = 0;
    if (!a->may) return QK_OK;
    while (field < m->type->field_count && m->type->fields[field].kind != QK_LEDGER_UNIT) field++;
    bool none = field == m->type->field_count;
    if (id) QK_TRY(qk_ledger_get(&old, m->db, m->type, id, &m->scratch, m->err));
    if (a->may(a->context, none ? QK_STR("") : values[field]) &&
        (!old || a->may(a->context, old->unit)))
        return QK_OK;
    *refused = true;
    for (size_t c = 0; c < m->columns; c++)
        if (m->field[c] == field) column = c + 1;
    return refuse(m, line, (uint32_t)column, none ? QK_STR("") : m->type->fields[field].zh,
                  "the row is of another unit than yours");
}

static bool equals_old(const import *m, const qk_str *values, const qk_ledger_row *old)
{
    for (size_t i = 0; i < m->type->field_count; i++)
        if (!qk_str_eq(values[i], old->values[i])) return false;
    return true;
}

/* Writes the row, or sees whether it could be; what does not fit to other rows is refused here. */
static qk_code settle_row(import *m, const qk_str *values, int64_t id, uint32_t line,
                          qk_ledger_fate *fate)
{
    bool changed = false;
    qk_error err = {0};
    qk_ledger_row *old = NULL;
    qk_ledger_fate would = QK_LEDGER_ADDED;
    if (id) {
        QK_TRY(qk_ledger_get(&old, m->db, m->type, id, &m->scratch, m->err));
        would = equals_old(m, values, old) ? QK_LEDGER_SAME : QK_LEDGER_CHANGED;
    }
    *fate = would;
    if (would == QK_LEDGER_SAME) return QK_OK;
    qk_code code =
        m->write ? qk_ledger_put(&id, &changed, m->db, m->type, values, -1, QK_TIME_NONE,
                                 m->author->by, m->now, &err)
                 : qk_ledger_check_row(m->db, m->type, values, id ? id : -1, &m->scratch, &err);
    if (code == QK_EINVAL) {
        *fate = QK_LEDGER_REFUSED;
        return refuse_with(m, line, 0, qk_str_of(err.where), &err);
    }
    if (code && m->err) *m->err = err;
    return code;
}

static qk_code take_row(import *m, const qk_str *cells, uint32_t line)
{
    qk_ledger_import *out = m->out;
    qk_ledger_fate fate = QK_LEDGER_REFUSED;
    bool refused = false;
    int64_t id = 0;
    qk_arena_reset(&m->scratch);
    qk_str *values = qk_arena_array(&m->scratch, m->type->field_count, sizeof *values);
    if (!values) return qk_fail(m->err, QK_ENOMEM, "no memory for a row");
    if (out->rows == QK_LEDGER_SHEET_ROWS)
        return qk_fail(m->err, QK_EFULL, "a table holds at most %d rows", QK_LEDGER_SHEET_ROWS);
    QK_TRY(read_cells(m, values, cells, line, &refused));
    if (!refused) QK_TRY(check_double(m, values, line, &refused));
    if (!refused) {
        qk_code code = qk_ledger_find(&id, m->db, m->type, values, &m->scratch, m->err);
        if (code && code != QK_ENOTFOUND) return code;
        QK_TRY(fill_missing(m, values, id, line, &refused));
    }
    if (!refused) QK_TRY(check_unit(m, values, id, line, &refused));
    if (!refused) QK_TRY(settle_row(m, values, id, line, &fate));
    size_t *counts[] = {&out->added, &out->changed, &out->same, &out->refused};
    ++*counts[fate];
    out->lines[out->rows] = line;
    out->fates[out->rows++] = (uint8_t)fate;
    return QK_OK;
}

static qk_code read_rows(import *m, qk_csv_reader *csv)
{
    const qk_str *cells = NULL;
    qk_code code;
    while ((code = qk_csv_next(csv, &cells, m->err)) == QK_OK)
        if (!is_blank(cells, m->columns)) QK_TRY(take_row(m, cells, qk_csv_line(csv)));
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* One walk over the table: the first only looks, the second writes. */
static qk_code walk(import *m, qk_str text)
{
    qk_csv_reader *csv = NULL;
    FILE *file = fmemopen((void *)(uintptr_t)text.ptr, text.len, "r");
    qk_code code = file ? qk_csv_open(&csv, file, "table", 0, m->err)
                        : qk_fail(m->err, QK_ENOMEM, "no memory to read a table");
    m->csv = csv;
    if (!code) code = read_heading(m);
    if (!code && m->out->refusal_count == 0) code = read_rows(m, csv);
    qk_csv_close(csv);
    if (file) fclose(file);
    return code;
}

static qk_code begin_walk(import *m)
{
    qk_ledger_import *out = m->out;
    *out = (qk_ledger_import){.fates = out->fates, .lines = out->lines, .refusals = out->refusals};
    qk_map_free(m->keys);
    m->keys = NULL;
    return qk_map_new(&m->keys, QK_LEDGER_SHEET_ROWS + 1);
}

/* A fault of the heading is nobody's row: then there are no rows. */
static bool takes(const import *m)
{
    bool whole = !m->out->refused && !m->out->refusal_count;
    return whole || (m->author->partial && m->out->rows > m->out->refused);
}

/* Rows that fit alone may not fit together: then none is taken. */
static qk_code write_walk(import *m, qk_str csv)
{
    QK_TRY(begin_walk(m));
    QK_TRY(qk_db_begin(m->db, m->err));
    qk_code code = walk(m, csv);
    if (!code && takes(m)) return qk_db_commit(m->db, m->err);
    qk_db_rollback(m->db);
    return code;
}

qk_code qk_ledger_import_csv(qk_ledger_import *out, qk_db *db, const qk_ledger_type *type,
                             qk_str csv, bool commit, const qk_ledger_author *author, qk_time now,
                             qk_arena *arena, qk_error *err)
{
import m = {.out = out, .db = db, .type = type, .arena = arena, .author = author, .now = now, .err = err };
    qk_code code;
    *out = (qk_ledger_import){
        .fates = qk_arena_array(arena, QK_LEDGER_SHEET_ROWS, sizeof *out->fates),
        .lines = qk_arena_array(arena, QK_LEDGER_SHEET_ROWS, sizeof *out->lines),
        .refusals = qk_arena_array(arena, QK_LEDGER_REFUSALS, sizeof *out->refusals)};
    if (!out->fates || !out->lines || !out->refusals)
        return qk_fail(err, QK_ENOMEM, "no memory for a table");
    if (csv.len == 0) return qk_fail(err, QK_EFORMAT, "the table is empty");
    qk_arena_init(&m.scratch, 4 << 20);
    QK_TRY_OUT(code, begin_walk(&m));
    QK_TRY_OUT(code, walk(&m, csv));
    m.write = commit && takes(&m);
    if (m.write) code = write_walk(&m, csv);
out:
    qk_map_free(m.keys);
    qk_arena_clear(&m.scratch);
    return code;
}
