/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/registry_private.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* The statements are made once from the constant names of the forms; values are only ever bound. */
static void put_names(qk_buf *sql, const qk_row_form *form)
{
    for (size_t i = 0; i < form->n; i++) {
        if (i) qk_buf_putc(sql, ',');
        qk_buf_printf(sql, "\"%s\"", form->fields[i].name);
    }
    qk_buf_puts(sql, ",version");
}

/* As they are read: secrets stand sealed (store/seal.h). */
static void put_columns(qk_buf *sql, const qk_row_form *form)
{
    for (size_t i = 0; i < form->n; i++)
        qk_buf_printf(sql, form->fields[i].secret ? "%sunseal(\"%s\")" : "%s\"%s\"", i ? "," : "",
                      form->fields[i].name);
    qk_buf_puts(sql, ",version");
}

static void put_marks(qk_buf *sql, const qk_row_form *form)
{
    for (size_t i = 0; i < form->n; i++)
        qk_buf_printf(sql, "%s%s", i ? "," : "", form->fields[i].secret ? "seal(?)" : "?");
    qk_buf_puts(sql, ",?,?,?,?");
}

/* The history twin is filled by triggers (store/schema.c). */
static char *make_put(const qk_row_form *form)
{
    qk_buf sql;
    qk_buf_init(&sql, 4096);
    qk_buf_printf(&sql, "INSERT INTO %s(", form->table);
    put_names(&sql, form);
    qk_buf_puts(&sql, ",recorded_at,recorded_by,valid_from) VALUES(");
    put_marks(&sql, form);
    qk_buf_puts(&sql, ") ON CONFLICT DO UPDATE SET ");
    for (size_t i = form->keys; i < form->n; i++)
        qk_buf_printf(&sql, "\"%s\"=excluded.\"%s\",", form->fields[i].name, form->fields[i].name);
    qk_buf_puts(&sql, "version=excluded.version,recorded_at=excluded.recorded_at,"
                      "recorded_by=excluded.recorded_by,valid_from=excluded.valid_from");
    return qk_buf_take(&sql, NULL);
}

static char *make_load(const qk_row_form *form)
{
    qk_buf sql;
    qk_buf_init(&sql, 4096);
    qk_buf_puts(&sql, "SELECT ");
    put_columns(&sql, form);
    qk_buf_printf(&sql, " FROM %s", form->table);
    return qk_buf_take(&sql, NULL);
}

static char *make_at(const qk_row_form *form)
{
    qk_buf sql;
    qk_buf_init(&sql, 4096);
    qk_buf_puts(&sql, "SELECT ");
    put_columns(&sql, form);
    qk_buf_printf(&sql, " FROM %s_history WHERE ", form->table);
    for (size_t i = 0; i < form->keys; i++)
        qk_buf_printf(&sql, "\"%s\"=? AND ", form->fields[i].name);
    qk_buf_puts(&sql, "valid_from<=? AND recorded_at<=? "
                      "ORDER BY valid_from DESC,version DESC LIMIT 1");
    return qk_buf_take(&sql, NULL);
}

qk_code qk_row_sql(qk_row_table *t, const qk_row_form *form)
{
    t->load_sql = make_load(form);
    t->put_sql = make_put(form);
    return t->load_sql && t->put_sql ? QK_OK : QK_ENOMEM;
}

static void bind_field(sqlite3_stmt *s, int index, const qk_field *f, const void *row)
{
    const void *at = qk_row_field(row, f);
    double number;
    int32_t whole;
    qk_time when;
    switch (f->type) {
    case QK_FIELD_TEXT: qk_db_bind_str(s, index, qk_str_of(at)); break;
    case QK_FIELD_OWNED: qk_db_bind_str(s, index, qk_str_of(*(char *const *)at)); break;
    case QK_FIELD_BOOL: sqlite3_bind_int(s, index, *(const bool *)at); break;
    case QK_FIELD_I32:
    case QK_FIELD_ENUM:
        memcpy(&whole, at, sizeof whole);
        sqlite3_bind_int(s, index, whole);
        break;
    case QK_FIELD_TIME:
        memcpy(&when, at, sizeof when);
        if (when)
            sqlite3_bind_int64(s, index, when);
        else
            sqlite3_bind_null(s, index);
        break;
    case QK_FIELD_F64:
        memcpy(&number, at, sizeof number);
        if (isnan(number))
            sqlite3_bind_null(s, index);
        else
            sqlite3_bind_double(s, index, number);
        break;
    }
}

/* A value that only a newer program knows reads as the first of the list. */
static int32_t enum_of(const qk_field *f, int32_t stored)
{
    for (int32_t i = 0; f->names[i]; i++)
        if (i == stored) return i;
    return 0;
}

static qk_code read_field(sqlite3_stmt *s, int column, const qk_field *f, void *row)
{
    void *at = qk_row_field(row, f);
    qk_str text = qk_db_text(s, column);
    double number;
    int32_t whole;
    qk_time when;
    switch (f->type) {
    case QK_FIELD_TEXT: qk_str_copy(at, f->size, text); break;
    case QK_FIELD_OWNED:
        if (text.ptr && !(*(char **)at = strndup(text.ptr, text.len))) return QK_ENOMEM;
        break;
    case QK_FIELD_BOOL: *(bool *)at = sqlite3_column_int(s, column) != 0; break;
    case QK_FIELD_I32:
        whole = sqlite3_column_int(s, column);
        memcpy(at, &whole, sizeof whole);
        break;
    case QK_FIELD_ENUM:
        whole = enum_of(f, sqlite3_column_int(s, column));
        memcpy(at, &whole, sizeof whole);
        break;
    case QK_FIELD_TIME:
        when = sqlite3_column_int64(s, column);
        memcpy(at, &when, sizeof when);
        break;
    case QK_FIELD_F64:
        number = text.ptr ? sqlite3_column_double(s, column) : NAN;
        memcpy(at, &number, sizeof number);
        break;
    }
    return QK_OK;
}

static qk_code read_row(sqlite3_stmt *s, const qk_row_form *form, void *row)
{
    form->init(row);
    for (size_t i = 0; i < form->n; i++) QK_TRY(read_field(s, (int)i, &form->fields[i], row));
    qk_row_set_version(form, row, sqlite3_column_int64(s, (int)form->n));
    return QK_OK;
}

static qk_code load_row(sqlite3_stmt *s, const qk_row_form *form, qk_row_table *fresh)
{
    void *row = calloc(1, form->row_size);
    if (!row) return QK_ENOMEM;
    qk_code code = read_row(s, form, row);
    if (!code) code = qk_row_insert(fresh, form, row);
    if (!code) return QK_OK;
    qk_row_release(form, row);
    free(row);
    return code;
}

/* The old table stays readable until the new one is whole. */
qk_code qk_row_load(qk_registry *r, qk_row_kind kind, qk_error *err)
{
    const qk_row_form *form = &qk_row_forms[kind];
    qk_row_table *t = &r->tables[kind], fresh = {0};
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, r->db, t->load_sql, err));
    qk_code code;
    while ((code = qk_db_step(r->db, s, err)) == QK_OK) {
        code = load_row(s, form, &fresh);
        if (code) {
            qk_fail(err, code, "the register's table '%s' cannot be held in memory", form->table);
            break;
        }
    }
    sqlite3_reset(s);
    if (code != QK_ENOTFOUND) {
        qk_row_table_clear(&fresh, form);
        return code;
    }
    pthread_rwlock_wrlock(&r->lock);
    qk_row_table old = {.rows = t->rows, .n = t->n, .cap = t->cap};
    t->rows = fresh.rows, t->n = fresh.n, t->cap = fresh.cap;
    pthread_rwlock_unlock(&r->lock);
    qk_row_table_clear(&old, form);
    return QK_OK;
}

static qk_code write_row(qk_registry *r, qk_row_kind kind, const void *row, qk_str by,
                         qk_time valid_from, qk_time now, qk_error *err)
{
    const qk_row_form *form = &qk_row_forms[kind];
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, r->db, r->tables[kind].put_sql, err));
    int index = 1;
    for (size_t i = 0; i < form->n; i++) bind_field(s, index++, &form->fields[i], row);
    sqlite3_bind_int64(s, index++, qk_row_version(form, row));
    sqlite3_bind_int64(s, index++, now);
    qk_db_bind_str(s, index++, by);
    sqlite3_bind_int64(s, index, valid_from);
    return qk_db_run(r->db, s, err);
}

static bool there(const qk_registry *r, qk_row_kind kind, const char *key)
{
    /* The key is the first member of every row with one key field. */
    char row[sizeof(qk_site) + sizeof(qk_device) + sizeof(qk_division)] = {0};
    const qk_field *f = &qk_row_forms[kind].fields[0];
    qk_str_copy(qk_row_field(row, f), f->size, qk_str_of(key));
    bool found;
    qk_row_find(&r->tables[kind], &qk_row_forms[kind], row, &found);
    return found;
}

static qk_code check_reference(const qk_registry *r, const char *key, const char *member,
                               qk_row_kind kind, const char *value, bool needed, qk_error *err)
{
    assert(value);
    if ((!needed && !*value) || there(r, kind, value)) return QK_OK;
    qk_fail(err, QK_EINVAL, "'%s' names the %s '%s', which is not in the register", member,
            qk_row_forms[kind].table, value);
    qk_error_at(err, key, 0, 0);
    return qk_error_hint(err, "add the %s first", qk_row_forms[kind].table);
}

static qk_code check_references(const qk_registry *r, qk_row_kind kind, const void *row,
                                qk_error *err)
{
    const qk_division *v = row;
    const qk_site *s = row;
    const qk_device *d = row;
    const qk_factor *f = row;
    const qk_unit *u = row;
    const qk_unit_alias *a = row;
    const qk_person *p = row;
    const qk_post *o = row;
    const qk_account *c = row;
    const qk_account_role *l = row;
    switch (kind) {
    case QK_ROW_DIVISION:
        return check_reference(r, v->code, "parent", QK_ROW_DIVISION, v->parent, false, err);
    case QK_ROW_SITE:
        return check_reference(r, s->id, "division", QK_ROW_DIVISION, s->division, false, err);
    case QK_ROW_DEVICE: return check_reference(r, d->mn, "site", QK_ROW_SITE, d->site, false, err);
    case QK_ROW_FACTOR:
        QK_TRY(check_reference(r, f->code, "mn", QK_ROW_DEVICE, f->mn, true, err));
        return check_reference(r, f->code, "site", QK_ROW_SITE, f->site, false, err);
    case QK_ROW_UNIT:
        QK_TRY(check_reference(r, u->id, "parent", QK_ROW_UNIT, u->parent, false, err));
        return check_reference(r, u->id, "division", QK_ROW_DIVISION, u->division, false, err);
    case QK_ROW_ALIAS:
        return check_reference(r, a->alias, "unit", QK_ROW_UNIT, a->unit, false, err);
    case QK_ROW_PERSON: return check_reference(r, p->id, "unit", QK_ROW_UNIT, p->unit, false, err);
    case QK_ROW_POST:
        QK_TRY(check_reference(r, o->id, "unit", QK_ROW_UNIT, o->unit, true, err));
        return check_reference(r, o->id, "person", QK_ROW_PERSON, o->person, false, err);
    case QK_ROW_ACCOUNT:
        QK_TRY(check_reference(r, c->id, "person", QK_ROW_PERSON, c->person, false, err));
        return check_reference(r, c->id, "unit", QK_ROW_UNIT, c->unit, false, err);
    case QK_ROW_ACCOUNT_ROLE:
        QK_TRY(check_reference(r, l->role, "account", QK_ROW_ACCOUNT, l->account, true, err));
        return check_reference(r, l->role, "unit", QK_ROW_UNIT, l->unit, false, err);
    }
    return QK_EINVAL;
}

static bool text_sound(const char *text, size_t size)
{
    size_t len = strnlen(text, size);
    if (len == size || !qk_utf8_valid((qk_str){text, len})) return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7F) return false;
    return true;
}

static qk_code check_texts(const qk_row_form *form, const void *row, qk_error *err)
{
    for (size_t i = 0; i < form->n; i++) {
        const qk_field *f = &form->fields[i];
        if (f->type != QK_FIELD_TEXT) continue;
        const char *text = qk_row_field(row, f);
        if (i < form->keys && !*text && !f->may_be_empty)
            return qk_fail(err, QK_EINVAL, "a %s needs '%s'", form->table, f->name);
        if (!text_sound(text, f->size))
            return qk_fail(err, QK_EINVAL, "'%s' of a %s holds control bytes or broken UTF-8",
                           f->name, form->table);
    }
    return QK_OK;
}

static qk_code replace_in_memory(qk_registry *r, qk_row_kind kind, const void *row, int64_t version,
                                 qk_error *err)
{
    const qk_row_form *form = &qk_row_forms[kind];
    void *mine = calloc(1, form->row_size);
    qk_code code = mine ? qk_row_copy(form, mine, row) : QK_ENOMEM;
    if (!code) {
        qk_row_set_version(form, mine, version);
        pthread_rwlock_wrlock(&r->lock);
        code = qk_row_insert(&r->tables[kind], form, mine);
        pthread_rwlock_unlock(&r->lock);
    }
    if (!code) {
        atomic_fetch_add(&r->version, 1);
        return QK_OK;
    }
    if (mine) qk_row_release(form, mine);
    free(mine);
    return qk_fail(err, code, "the register can hold no more of its %s", form->table);
}

qk_code qk_row_write(qk_registry *r, qk_row_kind kind, const void *row, qk_str by,
                     qk_time valid_from, qk_time now, qk_error *err)
{
    const qk_row_form *form = &qk_row_forms[kind];
    qk_row_table *t = &r->tables[kind];
    QK_TRY(check_texts(form, row, err));
    QK_TRY(check_references(r, kind, row, err));
    QK_TRY(qk_people_check(r, kind, row, err));
    bool found;
    size_t at = qk_row_find(t, form, row, &found);
    if (found && qk_row_equal(form, t->rows[at], row)) return QK_OK;
    if (!found && t->n >= form->ceiling)
        return qk_fail(err, QK_EFULL, "the register holds %zu rows of %s, its ceiling", t->n,
                       form->table);
    int64_t version = found ? qk_row_version(form, t->rows[at]) + 1 : 1;
    char *copy = malloc(form->row_size);
    if (!copy) return qk_fail(err, QK_ENOMEM, "no memory for a row of the register");
    memcpy(copy, row, form->row_size); /* borrows what row owns */
    qk_row_set_version(form, copy, version);
    qk_code code = write_row(r, kind, copy, by, valid_from, now, err);
    if (!code) code = replace_in_memory(r, kind, row, version, err);
    free(copy);
    return code;
}

qk_code qk_place_load(qk_registry *r, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, r->db, "SELECT json FROM place WHERE id=1", err));
    qk_code code = qk_db_step(r->db, s, err);
    char *text = NULL;
    if (code == QK_OK) {
        qk_str json = qk_db_text(s, 0);
        text = strndup(json.ptr ? json.ptr : "{}", json.ptr ? json.len : 2);
        if (!text) code = qk_fail(err, QK_ENOMEM, "no memory for the place");
    }
    sqlite3_reset(s);
    if (code != QK_OK && code != QK_ENOTFOUND) return code;
    pthread_rwlock_wrlock(&r->lock);
    free(r->place);
    r->place = text;
    pthread_rwlock_unlock(&r->lock);
    return QK_OK;
}

qk_code qk_place_put(qk_registry *r, qk_str json, qk_str by, qk_time now, qk_error *err)
{
    if (r->place && qk_str_eq(qk_str_of(r->place), json)) return QK_OK;
    char *text = strndup(json.ptr, json.len);
    if (!text) return qk_fail(err, QK_ENOMEM, "no memory for the place");
    sqlite3_stmt *s = NULL;
    qk_code code = qk_db_prepare(&s, r->db,
                                 "INSERT INTO place(id,json,version,recorded_at,recorded_by)"
                                 " VALUES(1,?1,1,?2,?3) ON CONFLICT DO UPDATE SET json=?1,"
                                 "version=version+1,recorded_at=?2,recorded_by=?3",
                                 err);
    if (!code) {
        qk_db_bind_str(s, 1, json);
        sqlite3_bind_int64(s, 2, now);
        qk_db_bind_str(s, 3, by);
        code = qk_db_run(r->db, s, err);
    }
    if (code) {
        free(text);
        return code;
    }
    pthread_rwlock_wrlock(&r->lock);
    free(r->place);
    r->place = text;
    pthread_rwlock_unlock(&r->lock);
    atomic_fetch_add(&r->version, 1);
    return QK_OK;
}

qk_code qk_row_at(void *row, qk_row_kind kind, qk_db *db, qk_time valid_at, qk_time known_at,
                  qk_error *err)
{
    const qk_row_form *form = &qk_row_forms[kind];
    char *sql = make_at(form);
    if (!sql) return qk_fail(err, QK_ENOMEM, "no memory for a question to the register");
    sqlite3_stmt *s = NULL;
    qk_code code = qk_db_prepare(&s, db, sql, err);
    free(sql);
    if (code) return code;
    int index = 1;
    for (size_t i = 0; i < form->keys; i++) bind_field(s, index++, &form->fields[i], row);
    sqlite3_bind_int64(s, index++, valid_at);
    sqlite3_bind_int64(s, index, known_at == QK_TIME_NONE ? INT64_MAX : known_at);
    code = qk_db_step(db, s, err);
    if (!code && read_row(s, form, row)) code = qk_fail(err, QK_ENOMEM, "no memory for a row");
    sqlite3_reset(s);
    return code;
}

qk_code qk_registry_device_at(qk_device *out, qk_db *db, qk_str mn, qk_time valid_at,
                              qk_time known_at, qk_error *err)
{
    qk_str_copy(out->mn, sizeof out->mn, mn);
    return qk_row_at(out, QK_ROW_DEVICE, db, valid_at, known_at, err);
}

qk_code qk_registry_site_at(qk_site *out, qk_db *db, qk_str id, qk_time valid_at, qk_time known_at,
                            qk_error *err)
{
    qk_str_copy(out->id, sizeof out->id, id);
    return qk_row_at(out, QK_ROW_SITE, db, valid_at, known_at, err);
}

qk_code qk_registry_factor_at(qk_factor *out, qk_db *db, qk_str mn, qk_str code, qk_time valid_at,
                              qk_time known_at, qk_error *err)
{
    qk_str_copy(out->mn, sizeof out->mn, mn);
    qk_str_copy(out->code, sizeof out->code, code);
    return qk_row_at(out, QK_ROW_FACTOR, db, valid_at, known_at, err);
}
