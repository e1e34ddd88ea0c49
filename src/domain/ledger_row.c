/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a ledger: values as people write them and as they are kept, and the rows themselves. */
#include "domain/ledger_private.h"

/* ---- values ---- */

static qk_code refuse(qk_error *err, const qk_ledger_field *field, const char *why)
{
    char where[64];
    qk_str_copy(where, sizeof where, field->name);
    qk_fail(err, QK_EINVAL, "%.*s: %s", QK_STR_ARG(field->zh), why);
    qk_error_at(err, where, 0, 0);
    return QK_EINVAL;
}

static qk_code keep(qk_str *out, qk_str text, qk_arena *arena, qk_error *err)
{
    *out = (qk_str){qk_arena_copy(arena, text.len ? text.ptr : "", text.len), text.len};
    return out->ptr ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for a ledger's row");
}

static qk_code read_text(qk_str *out, const qk_ledger_field *f, qk_str text, qk_arena *arena,
                         qk_error *err)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7F)
            return refuse(err, f, "control characters are not taken");
    }
    return keep(out, text, arena, err);
}

static qk_code read_number(qk_str *out, const qk_ledger_field *f, qk_str text, qk_arena *arena,
                           qk_error *err)
{
    char canonical[QK_DEC_TEXT];
    qk_dec d;
    if (qk_dec_parse_e(&d, text) != QK_OK) return refuse(err, f, "this is no number");
    int32_t most = f->kind == QK_LEDGER_INTEGER ? 0 : f->kind == QK_LEDGER_MONEY ? 2 : 12;
    if (d.scale > most) d = qk_dec_trim(d);
    if (d.scale > most)
        return refuse(err, f, most ? "too many decimals" : "a whole number is needed");
    if (f->has_low && qk_dec_cmp(d, f->low) < 0) return refuse(err, f, "smaller than allowed");
    if (f->has_high && qk_dec_cmp(d, f->high) > 0) return refuse(err, f, "larger than allowed");
    return keep(out, qk_str_of(qk_dec_format(canonical, d)), arena, err);
}

/* 2025-6-30, 2025/6/30, 2025.6.30, 2025年6月30日, 20250630, and with a time of day behind. */
static qk_code read_date(qk_str *out, const qk_ledger_field *f, qk_str text, qk_arena *arena,
                         qk_error *err)
{
    int32_t part[3] = {0};
    size_t n = 0, digits = 0;
    qk_time t;
    for (size_t i = 0; i < text.len && n < 3; i++) {
        if (qk_is_digit(text.ptr[i])) {
            if (++digits > 4 && n) return refuse(err, f, "this is no date");
            if (digits > 8) return refuse(err, f, "this is no date");
            part[n] = part[n] * 10 + (text.ptr[i] - '0');
        } else if (digits) {
            n++;
            digits = 0;
        }
    }
    if (n == 0 && digits == 8) {
        int32_t whole = part[0];
        part[0] = whole / 10000, part[1] = whole / 100 % 100, part[2] = whole % 100;
    }
    qk_civil c = {.year = part[0], .month = part[1], .day = part[2]};
    char iso[QK_TIME_TEXT];
    if (part[0] < 1900 || part[0] > 2200 || qk_time_of(&t, &c) != QK_OK)
        return refuse(err, f, "a date is written as 2025-06-30");
    return keep(out, qk_str_of(qk_date_iso(iso, t)), arena, err);
}

static qk_code read_flag(qk_str *out, const qk_ledger_field *f, qk_str text, qk_error *err)
{
    static const char *const yes[] = {"true", "1", "是", "有", "√", "yes", "Y", "TRUE", NULL};
    static const char *const no[] = {"false", "0", "否", "无", "×", "no", "N", "FALSE", NULL};
    for (size_t i = 0; yes[i]; i++)
        if (qk_str_eq(text, qk_str_of(yes[i]))) return *out = QK_STR("true"), QK_OK;
    for (size_t i = 0; no[i]; i++)
        if (qk_str_eq(text, qk_str_of(no[i]))) return *out = QK_STR("false"), QK_OK;
    return refuse(err, f, "yes or no (是 or 否) is needed");
}

static qk_code read_choice(qk_str *out, const qk_ledger_field *f, qk_str text, qk_arena *arena,
                           qk_error *err)
{
    for (size_t i = 0; i < f->choice_count; i++) {
        const qk_ledger_choice *c = &f->choices[i];
        if (qk_str_eq(text, c->value) || qk_str_eq(text, c->zh) || qk_str_eq_nocase(text, c->en))
            return keep(out, c->value, arena, err);
    }
    return refuse(err, f, "this is none of the choices");
}

/* The one thing that goes by this id or name; names of two things are refused. */
static qk_code look_up(qk_str *out, qk_db *db, const char *sql, const qk_ledger_field *f,
                       qk_str text, qk_arena *arena, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, sql, err));
    qk_db_bind_str(s, 1, text);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return refuse(err, f, "nothing goes by this id or name");
    if (code) return code;
    code = keep(out, qk_db_text(s, 0), arena, err);
    bool exact = qk_str_eq(*out, text);
    if (!code && !exact && qk_db_step(db, s, err) == QK_OK)
        code = refuse(err, f, "more than one thing goes by this name: give the id");
    sqlite3_reset(s);
    return code;
}

static qk_code any_unit(bool *out, qk_db *db, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT EXISTS(SELECT 1 FROM unit)", err));
    QK_TRY(qk_db_step(db, s, err));
    *out = sqlite3_column_int(s, 0) != 0;
    sqlite3_reset(s);
    return QK_OK;
}

/* Before there is a register of units, what is told stands as it is. */
static qk_code read_unit(qk_str *out, qk_db *db, const qk_ledger_field *f, qk_str text,
                         qk_arena *arena, qk_error *err)
{
    bool any = false;
    QK_TRY(any_unit(&any, db, err));
    if (!any) return read_text(out, f, text, arena, err);
    return look_up(out, db,
                   "SELECT id FROM (SELECT id FROM unit WHERE valid_to IS NULL AND (id=?1 OR"
                   " name_zh=?1 OR name_en=?1) UNION SELECT unit FROM unit_alias WHERE alias=?1"
                   " AND valid_to IS NULL) ORDER BY id<>?1",
                   f, text, arena, err);
}

static qk_code read_file(qk_str *out, qk_db *db, const qk_ledger_field *f, qk_str text,
                         qk_arena *arena, qk_error *err)
{
    if (text.len != 64) return refuse(err, f, "a file is named by its SHA-256");
    return look_up(out, db, "SELECT sha256 FROM file WHERE sha256=?1", f, text, arena, err);
}

qk_code qk_ledger_value(qk_str *out, qk_db *db, const qk_ledger_field *f, qk_str text,
                        qk_arena *arena, qk_error *err)
{
    text = qk_str_trim(text);
    *out = QK_STR("");
    if (text.len == 0) return f->required ? refuse(err, f, "this is needed") : QK_OK;
    if (text.len > QK_LEDGER_TEXT_MAX) return refuse(err, f, "at most 2,000 bytes");
    if (!qk_utf8_valid(text)) return refuse(err, f, "this is not UTF-8");
    switch (f->kind) {
    case QK_LEDGER_NUMBER:
    case QK_LEDGER_INTEGER:
    case QK_LEDGER_MONEY: return read_number(out, f, text, arena, err);
    case QK_LEDGER_DATE: return read_date(out, f, text, arena, err);
    case QK_LEDGER_FLAG: return read_flag(out, f, text, err);
    case QK_LEDGER_CHOICE: return read_choice(out, f, text, arena, err);
    case QK_LEDGER_UNIT: return read_unit(out, db, f, text, arena, err);
    case QK_LEDGER_SITE:
        return look_up(out, db,
                       "SELECT id FROM site WHERE valid_to IS NULL AND (id=?1 OR name_zh=?1 OR"
                       " name_en=?1) ORDER BY id<>?1",
                       f, text, arena, err);
    case QK_LEDGER_FILE: return read_file(out, db, f, text, arena, err);
    default: return read_text(out, f, text, arena, err);
    }
}

qk_code qk_ledger_values_json(const qk_str **out, const qk_ledger_type *type,
                              const qk_json_value *object, const qk_str *base, qk_arena *arena,
                              qk_error *err)
{
    qk_str *values = qk_arena_array(arena, type->field_count, sizeof *values);
    if (!values) return qk_fail(err, QK_ENOMEM, "no memory for a ledger's row");
    for (size_t i = 0; base && i < type->field_count; i++) values[i] = base[i];
    for (const qk_json_value *m = object ? object->first : NULL; m; m = m->next) {
        size_t at = qk_ledger_field_find(type, m->name);
        char where[64];
        qk_str_copy(where, sizeof where, m->name);
        if (at == SIZE_MAX || m->type == QK_JSON_OBJECT || m->type == QK_JSON_ARRAY) {
            qk_fail(err, QK_EINVAL,
                    at == SIZE_MAX ? "the ledger has no such field"
                                   : "a value is a text, a number or yes and no");
            qk_error_at(err, where, 0, 0);
            return QK_EINVAL;
        }
        values[at] = m->type == QK_JSON_TRUE    ? QK_STR("true")
                     : m->type == QK_JSON_FALSE ? QK_STR("false")
                     : m->type == QK_JSON_NULL  ? QK_STR("")
                                                : m->text;
    }
    *out = values;
    return QK_OK;
}

/* ---- a row's texts ---- */

/* Parts of a key apart by '|', which a backslash in front makes a plain one. */
static void put_key_part(qk_buf *key, qk_str part)
{
    for (size_t i = 0; i < part.len; i++) {
        if (part.ptr[i] == '|' || part.ptr[i] == '\\') qk_buf_putc(key, '\\');
        qk_buf_putc(key, part.ptr[i]);
    }
}

static qk_code make_key(qk_str *out, const qk_ledger_type *type, const qk_str *values,
                        qk_arena *arena, qk_error *err)
{
    qk_buf key;
    bool first = true;
    qk_buf_init(&key, QK_LEDGER_ROW_BYTES);
    for (size_t i = 0; i < type->field_count; i++) {
        if (!type->fields[i].key) continue;
        if (!first) qk_buf_putc(&key, '|');
        put_key_part(&key, values[i]);
        first = false;
    }
    qk_code code = key.failed ? qk_fail(err, key.failed, "the key of a row is too long")
                              : keep(out, qk_buf_str(&key), arena, err);
    qk_buf_clear(&key);
    return code;
}

static bool is_bare(qk_ledger_kind kind)
{
    return qk_ledger_is_number(kind) || kind == QK_LEDGER_FLAG;
}

static qk_code make_data(qk_buf *data, const qk_ledger_type *type, const qk_str *values,
                         qk_error *err)
{
    qk_json_writer w;
    qk_json_init(&w, data);
    qk_json_object(&w);
    for (size_t i = 0; i < type->field_count; i++) {
        if (!values[i].len) continue;
        qk_json_key_str(&w, type->fields[i].name);
        is_bare(type->fields[i].kind) ? qk_json_raw(&w, values[i]) : qk_json_str(&w, values[i]);
    }
    qk_json_end(&w);
    return data->failed
               ? qk_fail(err, QK_EINVAL, "a row holds at most %d bytes", QK_LEDGER_ROW_BYTES)
               : QK_OK;
}

static qk_str first_of(const qk_ledger_type *type, const qk_str *values, qk_ledger_kind kind)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (type->fields[i].kind == kind && values[i].len) return values[i];
    return QK_STR("");
}

static qk_str state_of(const qk_ledger_type *type, const qk_str *values)
{
    size_t at = qk_ledger_field_find(type, QK_STR("state"));
    return at != SIZE_MAX && values[at].len ? values[at] : QK_STR("");
}

/* ---- reading ---- */

static qk_code read_data(qk_str *values, const qk_ledger_type *type, qk_str data, qk_arena *arena,
                         qk_error *err)
{
    qk_json_value *root = NULL;
    QK_TRY(qk_json_parse(&root, data, arena, err));
    for (const qk_json_value *m = root->first; m; m = m->next) {
        size_t at = qk_ledger_field_find(type, m->name);
        if (at == SIZE_MAX) continue;
        values[at] = m->type == QK_JSON_TRUE    ? QK_STR("true")
                     : m->type == QK_JSON_FALSE ? QK_STR("false")
                                                : m->text;
    }
    return QK_OK;
}

qk_code qk_ledger_row_read(qk_ledger_row *row, sqlite3_stmt *s, const qk_ledger_type *type,
                           qk_arena *arena, qk_error *err)
{
    qk_str texts[6];
    static const int columns[6] = {1, 2, 3, 4, 5, 10};
    qk_str *values = qk_arena_array(arena, type->field_count, sizeof *values);
    if (!values) return qk_fail(err, QK_ENOMEM, "no memory for a ledger's row");
    for (int i = 0; i < 6; i++) QK_TRY(keep(&texts[i], qk_db_text(s, columns[i]), arena, err));
    QK_TRY(read_data(values, type, texts[4], arena, err));
    *row = (qk_ledger_row){
        .id = sqlite3_column_int64(s, 0),
        .key = texts[0],
        .unit = texts[1],
        .site = texts[2],
        .state = texts[3],
        .values = values,
        .valid_from = sqlite3_column_int64(s, 6),
        .valid_to =
            sqlite3_column_type(s, 7) == SQLITE_NULL ? QK_TIME_NONE : sqlite3_column_int64(s, 7),
        .version = sqlite3_column_int64(s, 8),
        .recorded_at = sqlite3_column_int64(s, 9),
        .recorded_by = texts[5],
    };
    return QK_OK;
}

static qk_code no_row(const qk_ledger_type *type, int64_t id, qk_error *err)
{
    return qk_fail(err, QK_ENOTFOUND, "the ledger %.*s has no row %lld", QK_STR_ARG(type->id),
                   (long long)id);
}

qk_code qk_ledger_get(qk_ledger_row **out, qk_db *db, const qk_ledger_type *type, int64_t id,
                      qk_arena *arena, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(
        &s, db, "SELECT " QK_LEDGER_COLUMNS " FROM ledger_row WHERE ledger=? AND id=?", err));
    qk_db_bind_str(s, 1, type->id);
    sqlite3_bind_int64(s, 2, id);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return no_row(type, id, err);
    if (code) return code;
    *out = qk_arena_alloc(arena, sizeof **out);
    code = *out ? qk_ledger_row_read(*out, s, type, arena, err)
                : qk_fail(err, QK_ENOMEM, "no memory for a ledger's row");
    sqlite3_reset(s);
    return code;
}

enum { HISTORY_MAX = 1000 };

qk_code qk_ledger_history(qk_ledger_row **out, size_t *n, qk_db *db, const qk_ledger_type *type,
                          int64_t id, qk_arena *arena, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    *n = 0;
    *out = qk_arena_array(arena, HISTORY_MAX, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for a row's history");
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT " QK_LEDGER_COLUMNS " FROM ledger_row_history WHERE ledger=? AND"
                         " id=? ORDER BY version DESC LIMIT 1000",
                         err));
    qk_db_bind_str(s, 1, type->id);
    sqlite3_bind_int64(s, 2, id);
    while ((code = qk_db_step(db, s, err)) == QK_OK)
        if ((code = qk_ledger_row_read(&(*out)[(*n)++], s, type, arena, err)) != QK_OK) break;
    sqlite3_reset(s);
    if (code == QK_ENOTFOUND && *n) return QK_OK;
    return code == QK_ENOTFOUND ? no_row(type, id, err) : code;
}

static qk_code find_key(int64_t *id, qk_db *db, const qk_ledger_type *type, qk_str key,
                        qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(
        &s, db, "SELECT id FROM ledger_row WHERE ledger=? AND key=? AND valid_to IS NULL", err));
    qk_db_bind_str(s, 1, type->id);
    qk_db_bind_str(s, 2, key);
    qk_code code = qk_db_step(db, s, NULL);
    if (code == QK_ENOTFOUND) return qk_fail(err, code, "no row has this key");
    if (code) return qk_fail(err, code, "the ledger could not be asked for a key");
    *id = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return QK_OK;
}

qk_code qk_ledger_find(int64_t *id, qk_db *db, const qk_ledger_type *type, const qk_str *values,
                       qk_arena *arena, qk_error *err)
{
    qk_str *ready = qk_arena_array(arena, type->field_count, sizeof *ready), key;
    if (!ready) return qk_fail(err, QK_ENOMEM, "no memory for a key");
    for (size_t i = 0; i < type->field_count; i++)
        if (type->fields[i].key)
            QK_TRY(qk_ledger_value(&ready[i], db, &type->fields[i], values[i], arena, err));
    QK_TRY(make_key(&key, type, ready, arena, err));
    return find_key(id, db, type, key, err);
}

/* ---- writing ---- */

typedef struct draft {
    const qk_ledger_type *type;
    qk_str *values, key;
    qk_buf data;
    int64_t id, version;
    qk_time valid_from, valid_to;
    qk_str by;
    qk_time now;
} draft;

static qk_code write_row(qk_db *db, const draft *d, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    const qk_str texts[] = {d->key, first_of(d->type, d->values, QK_LEDGER_UNIT),
                            first_of(d->type, d->values, QK_LEDGER_SITE),
                            state_of(d->type, d->values), qk_buf_str(&d->data)};
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO ledger_row(ledger,id,key,unit,site,state,data,valid_from,"
                         "valid_to,version,recorded_at,recorded_by)"
                         " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)"
                         " ON CONFLICT(ledger,id) DO UPDATE SET key=?3,unit=?4,site=?5,state=?6,"
                         "data=?7,valid_from=?8,valid_to=?9,version=?10,recorded_at=?11,"
                         "recorded_by=?12",
                         err));
    qk_db_bind_str(s, 1, d->type->id);
    sqlite3_bind_int64(s, 2, d->id);
    for (int i = 0; i < 5; i++) qk_db_bind_str(s, i + 3, texts[i]);
    sqlite3_bind_int64(s, 8, d->valid_from);
    if (d->valid_to == QK_TIME_NONE)
        sqlite3_bind_null(s, 9);
    else
        sqlite3_bind_int64(s, 9, d->valid_to);
    sqlite3_bind_int64(s, 10, d->version);
    sqlite3_bind_int64(s, 11, d->now);
    qk_db_bind_str(s, 12, d->by);
    return qk_db_run(db, s, err);
}

static qk_code next_id(int64_t *id, qk_db *db, const qk_ledger_type *type, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(
        qk_db_prepare(&s, db, "SELECT coalesce(max(id),0)+1 FROM ledger_row WHERE ledger=?", err));
    qk_db_bind_str(s, 1, type->id);
    QK_TRY(qk_db_step(db, s, err));
    *id = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return *id <= QK_LEDGER_ROWS
               ? QK_OK
               : qk_fail(err, QK_EFULL, "a ledger holds at most %d rows", QK_LEDGER_ROWS);
}

static qk_code check_seen(const qk_ledger_row *old, int64_t seen, qk_error *err)
{
    if (old->valid_to != QK_TIME_NONE)
        return qk_fail(err, QK_ENOTFOUND, "the row %lld has ended", (long long)old->id);
    if (seen == -1 || seen == old->version) return QK_OK;
    return qk_fail(err, QK_ECONFLICT, "the row is at version %lld, not %lld",
                   (long long)old->version, (long long)seen);
}

static bool same_values(const qk_ledger_row *old, const draft *d)
{
    for (size_t i = 0; i < d->type->field_count; i++)
        if (!qk_str_eq(old->values[i], d->values[i])) return false;
    return true;
}

static qk_code settle_version(draft *d, bool *same, qk_db *db, int64_t seen, qk_arena *arena,
                              qk_error *err)
{
    qk_ledger_row *old = NULL;
    int64_t other = 0;
    *same = false;
    qk_code code = find_key(&other, db, d->type, d->key, NULL);
    if (code == QK_OK && other != d->id)
        return qk_fail(err, QK_EEXIST, "row %lld has this key already: %.100s", (long long)other,
                       d->key.ptr);
    if (code != QK_OK && code != QK_ENOTFOUND) return qk_fail(err, code, "the ledger's keys");
    d->version = 1;
    if (d->id == 0) return next_id(&d->id, db, d->type, err);
    QK_TRY(qk_ledger_get(&old, db, d->type, d->id, arena, err));
    QK_TRY(check_seen(old, seen, err));
    d->version = old->version + 1;
    *same = same_values(old, d);
    return QK_OK;
}

static qk_code make_draft(draft *d, qk_db *db, const qk_str *values, qk_arena *arena, qk_error *err)
{
    d->values = qk_arena_array(arena, d->type->field_count, sizeof *d->values);
    if (!d->values) return qk_fail(err, QK_ENOMEM, "no memory for a ledger's row");
    for (size_t i = 0; i < d->type->field_count; i++)
        QK_TRY(qk_ledger_value(&d->values[i], db, &d->type->fields[i], values[i], arena, err));
    QK_TRY(make_key(&d->key, d->type, d->values, arena, err));
    return make_data(&d->data, d->type, d->values, err);
}

qk_code qk_ledger_put(int64_t *id, bool *changed, qk_db *db, const qk_ledger_type *type,
                      const qk_str *values, int64_t seen, qk_time valid_from, qk_str by,
                      qk_time now, qk_error *err)
{
    qk_arena arena;
    bool same = false;
    draft d = {.type = type, .id = *id, .valid_to = QK_TIME_NONE, .by = by, .now = now};
    qk_code code;
    d.valid_from = valid_from == QK_TIME_NONE ? now : valid_from;
    *changed = false;
    if (d.valid_from > now)
        return qk_fail(err, QK_EINVAL, "a row holds from now or earlier, not from later");
    qk_arena_init(&arena, 1 << 20);
    qk_buf_init(&d.data, QK_LEDGER_ROW_BYTES);
    QK_TRY_OUT(code, make_draft(&d, db, values, &arena, err));
    QK_TRY_OUT(code, settle_version(&d, &same, db, seen, &arena, err));
    *changed = !same;
    if (!same) code = qk_ledger_check_row(db, type, d.values, *id ? *id : -1, &arena, err);
    if (!same && !code) code = write_row(db, &d, err);
    *id = d.id;
out:
    qk_buf_clear(&d.data);
    qk_arena_clear(&arena);
    return code;
}

qk_code qk_ledger_end(qk_db *db, const qk_ledger_type *type, int64_t id, int64_t seen, qk_str by,
                      qk_time now, qk_error *err)
{
    qk_arena arena;
    qk_ledger_row *old = NULL;
    sqlite3_stmt *s = NULL;
    qk_arena_init(&arena, 1 << 20);
    qk_code code = qk_ledger_get(&old, db, type, id, &arena, err);
    if (!code) code = check_seen(old, seen, err);
    qk_arena_clear(&arena);
    if (code) return code;
    QK_TRY(qk_db_prepare(&s, db,
                         "UPDATE ledger_row SET valid_to=?3,version=version+1,recorded_at=?3,"
                         "recorded_by=?4 WHERE ledger=?1 AND id=?2",
                         err));
    qk_db_bind_str(s, 1, type->id);
    sqlite3_bind_int64(s, 2, id);
    sqlite3_bind_int64(s, 3, now);
    qk_db_bind_str(s, 4, by);
    return qk_db_run(db, s, err);
}

/* ---- as JSON ---- */

static void put_time(qk_json_writer *w, const char *name, qk_time t)
{
    char text[QK_TIME_TEXT];
    if (t == QK_TIME_NONE)
        qk_json_knull(w, name);
    else
        qk_json_kcstr(w, name, qk_time_iso_zone(text, t));
}

void qk_ledger_row_json(qk_json_writer *w, const qk_ledger_type *type, const qk_ledger_row *row,
                        const char *light)
{
    qk_json_object(w);
    qk_json_ki64(w, "id", row->id);
    qk_json_kstr(w, "key", row->key);
    qk_json_kstr(w, "unit", row->unit);
    qk_json_kstr(w, "site", row->site);
    qk_json_kstr(w, "state", row->state);
    qk_json_kcstr(w, "light", light[0] ? light : NULL);
    qk_json_key(w, "data");
    qk_json_object(w);
    for (size_t i = 0; i < type->field_count; i++) {
        if (!row->values[i].len) continue;
        qk_json_key_str(w, type->fields[i].name);
        is_bare(type->fields[i].kind) ? qk_json_raw(w, row->values[i])
                                      : qk_json_str(w, row->values[i]);
    }
    qk_json_end(w);
    put_time(w, "valid_from", row->valid_from);
    put_time(w, "valid_to", row->valid_to);
    qk_json_ki64(w, "row_version", row->version);
    put_time(w, "recorded_at", row->recorded_at);
    qk_json_kstr(w, "recorded_by", row->recorded_by);
    qk_json_end(w);
}
