/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/ledger_private.h"

static const char *const kind_names[QK_LEDGER_KINDS] = {"text", "number", "integer", "money_yuan",
                                                        "date", "choice", "flag",    "unit",
                                                        "site", "person", "file"};
static const char *const count_names[] = {"count", "distinct", "sum", "share"};

const char *qk_ledger_kind_name(qk_ledger_kind kind)
{
    return kind_names[kind];
}

const char *qk_ledger_count_kind_name(qk_ledger_count_kind kind)
{
    return count_names[kind];
}

/* ---- reading ---- */

static bool is_name(qk_str s)
{
    if (s.len == 0 || s.len >= QK_LEDGER_ID_MAX || !(qk_is_alpha(s.ptr[0]))) return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !qk_is_digit(c) && c != '_') return false;
    }
    return true;
}

static qk_code refuse(qk_error *err, qk_str what, const char *why)
{
    char where[64];
    qk_str_copy(where, sizeof where, what);
    qk_fail(err, QK_EFORMAT, "%s", why);
    qk_error_at(err, where, 0, 0);
    return QK_EFORMAT;
}

static qk_code check_members(const qk_json_value *object, const char *const *known, qk_error *err)
{
    for (const qk_json_value *m = object->first; m; m = m->next) {
        size_t i = 0;
        while (known[i] && !qk_str_eq(m->name, qk_str_of(known[i]))) i++;
        if (!known[i]) return refuse(err, m->name, "there is no such member");
    }
    return QK_OK;
}

static qk_code read_text(qk_str *out, const qk_json_value *object, const char *name, size_t most,
                         bool needed, qk_error *err)
{
    const qk_json_value *v = qk_json_get(object, name);
    *out = qk_json_get_str(object, name);
    if (v && v->type != QK_JSON_STRING && v->type != QK_JSON_NULL)
        return refuse(err, qk_str_of(name), "this is a text");
    if (needed && out->len == 0) return refuse(err, qk_str_of(name), "this is needed");
    if (out->len > most) return refuse(err, qk_str_of(name), "this text is too long");
    return QK_OK;
}

static qk_code read_choice(qk_ledger_choice *out, const qk_json_value *v, qk_error *err)
{
    static const char *const known[] = {"value", "zh", "en", NULL};
    if (v->type == QK_JSON_STRING && v->text.len && v->text.len < 200) {
        *out = (qk_ledger_choice){v->text, v->text, v->text};
        return QK_OK;
    }
    if (v->type != QK_JSON_OBJECT)
        return refuse(err, QK_STR("choices"), "a choice is a text or {value, zh, en}");
    QK_TRY(check_members(v, known, err));
    QK_TRY(read_text(&out->value, v, "value", 200, true, err));
    QK_TRY(read_text(&out->zh, v, "zh", 200, true, err));
    QK_TRY(read_text(&out->en, v, "en", 200, false, err));
    if (!out->en.len) out->en = out->zh;
    return QK_OK;
}

static qk_code read_choices(qk_ledger_field *f, const qk_json_value *list, qk_arena *arena,
                            qk_error *err)
{
    qk_ledger_choice *all;
    if (f->kind != QK_LEDGER_CHOICE)
        return list ? refuse(err, f->name, "only a choice has choices") : QK_OK;
    if (!list || list->type != QK_JSON_ARRAY || list->count == 0 || list->count > QK_LEDGER_CHOICES)
        return refuse(err, f->name, "a choice has 1 to 64 choices");
    all = qk_arena_array(arena, list->count, sizeof *all);
    if (!all) return qk_fail(err, QK_ENOMEM, "no memory for a ledger's type");
    for (const qk_json_value *v = list->first; v; v = v->next) {
        qk_ledger_choice *c = &all[f->choice_count];
        QK_TRY(read_choice(c, v, err));
        for (size_t i = 0; i < f->choice_count; i++)
            if (qk_str_eq(all[i].value, c->value)) return refuse(err, f->name, "a choice twice");
        f->choice_count++;
    }
    f->choices = all;
    return QK_OK;
}

static qk_code read_bound(bool *has, qk_dec *out, const qk_json_value *object, const char *name,
                          const qk_ledger_field *f, qk_error *err)
{
    const qk_json_value *v = qk_json_get(object, name);
    if (!v || v->type == QK_JSON_NULL) return QK_OK;
    if (!qk_ledger_is_number(f->kind) || v->type != QK_JSON_NUMBER ||
        qk_dec_parse_e(out, v->text) != QK_OK)
        return refuse(err, f->name, "low and high are numbers of a number's field");
    *has = true;
    return QK_OK;
}

static qk_code read_field(qk_ledger_field *out, const qk_json_value *v, qk_arena *arena,
                          qk_error *err)
{
    static const char *const known[] = {"name", "zh",      "en",  "type", "required", "key",
                                        "unit", "choices", "low", "high", NULL};
    if (v->type != QK_JSON_OBJECT) return refuse(err, QK_STR("fields"), "a field is an object");
    QK_TRY(check_members(v, known, err));
    out->name = qk_json_get_str(v, "name");
    if (!is_name(out->name))
        return refuse(err, out->name.len ? out->name : QK_STR("name"),
                      "a field's name is of a-z, 0-9 and _, at most 47 long");
    QK_TRY(read_text(&out->zh, v, "zh", 120, true, err));
    QK_TRY(read_text(&out->en, v, "en", 120, false, err));
    QK_TRY(read_text(&out->unit, v, "unit", 40, false, err));
    if (!out->en.len) out->en = out->zh;
    qk_str kind = qk_json_get_str(v, "type");
    int k = 0;
    while (k < QK_LEDGER_KINDS && !qk_str_eq(kind, qk_str_of(kind_names[k]))) k++;
    if (k == QK_LEDGER_KINDS) return refuse(err, out->name, "there is no such type of field");
    out->kind = (qk_ledger_kind)k;
    out->key = qk_json_get_bool(v, "key", false);
    out->required = out->key || qk_json_get_bool(v, "required", false);
    QK_TRY(read_choices(out, qk_json_get(v, "choices"), arena, err));
    QK_TRY(read_bound(&out->has_low, &out->low, v, "low", out, err));
    return read_bound(&out->has_high, &out->high, v, "high", out, err);
}

static qk_code read_fields(qk_ledger_type *type, const qk_json_value *list, qk_arena *arena,
                           qk_error *err)
{
    bool keyed = false;
    if (!list || list->type != QK_JSON_ARRAY || list->count == 0 || list->count > QK_LEDGER_FIELDS)
        return refuse(err, QK_STR("fields"), "a ledger has 1 to 64 fields");
    qk_ledger_field *fields = qk_arena_array(arena, list->count, sizeof *fields);
    if (!fields) return qk_fail(err, QK_ENOMEM, "no memory for a ledger's type");
    type->fields = fields;
    for (const qk_json_value *v = list->first; v; v = v->next) {
        qk_ledger_field *f = &fields[type->field_count];
        QK_TRY(read_field(f, v, arena, err));
        if (qk_ledger_field_find(type, f->name) != SIZE_MAX)
            return refuse(err, f->name, "two fields have this name");
        keyed = keyed || f->key;
        type->field_count++;
    }
    return keyed ? QK_OK
                 : refuse(err, QK_STR("fields"), "at least one field is the key (\"key\": true)");
}

static qk_code read_of(qk_ledger_counter *c, const qk_ledger_type *type, const qk_json_value *of,
                       qk_error *err)
{
    const qk_json_value *v = of && of->type == QK_JSON_ARRAY ? of->first : of;
    for (; v; v = of->type == QK_JSON_ARRAY ? v->next : NULL) {
        size_t field = qk_ledger_field_find(type, v->text);
        if (v->type != QK_JSON_STRING || field == SIZE_MAX)
            return refuse(err, c->id, "'of' names fields");
        if (c->of_count == QK_LEDGER_OF) return refuse(err, c->id, "'of' names at most 4 fields");
        if (c->kind == QK_LEDGER_SUM && !qk_ledger_is_number(type->fields[field].kind))
            return refuse(err, c->id, "only numbers are summed");
        c->of[c->of_count++] = type->fields[field].name;
    }
    bool needs = c->kind == QK_LEDGER_DISTINCT || c->kind == QK_LEDGER_SUM;
    if (needs != (c->of_count > 0) || (c->kind == QK_LEDGER_SUM && c->of_count != 1))
        return refuse(err, c->id, "distinct counts fields, sum has one, the others none");
    return QK_OK;
}

static qk_code read_counter(qk_ledger_counter *c, const qk_ledger_type *type,
                            const qk_json_value *v, qk_error *err)
{
    static const char *const known[] = {"id",    "zh",        "en",   "kind", "of",
                                        "where", "numerator", "date", NULL};
    size_t k = 0;
    if (v->type != QK_JSON_OBJECT) return refuse(err, QK_STR("counters"), "a counter is an object");
    QK_TRY(check_members(v, known, err));
    c->id = qk_json_get_str(v, "id");
    if (!is_name(c->id))
        return refuse(err, QK_STR("counters"), "a counter has an id of a-z, 0-9, _");
    QK_TRY(read_text(&c->zh, v, "zh", 120, true, err));
    QK_TRY(read_text(&c->en, v, "en", 120, false, err));
    if (!c->en.len) c->en = c->zh;
    while (k < 4 && !qk_str_eq(qk_json_get_str(v, "kind"), qk_str_of(count_names[k]))) k++;
    if (k == 4) return refuse(err, c->id, "kind is count, distinct, sum or share");
    c->kind = (qk_ledger_count_kind)k;
    QK_TRY(read_of(c, type, qk_json_get(v, "of"), err));
    c->where = qk_json_get(v, "where");
    c->numerator = qk_json_get(v, "numerator");
    QK_TRY(qk_ledger_where_check(type, c->where, err));
    QK_TRY(qk_ledger_where_check(type, c->numerator, err));
    if ((c->kind == QK_LEDGER_SHARE) != (c->numerator != NULL))
        return refuse(err, c->id, "a share, and only a share, has a numerator");
    QK_TRY(read_text(&c->date, v, "date", QK_LEDGER_ID_MAX, false, err));
    size_t date = c->date.len ? qk_ledger_field_find(type, c->date) : SIZE_MAX;
    if (c->date.len && (date == SIZE_MAX || type->fields[date].kind != QK_LEDGER_DATE))
        return refuse(err, c->id, "date names a date field");
    return QK_OK;
}

static qk_code read_counters(qk_ledger_type *type, const qk_json_value *list, qk_arena *arena,
                             qk_error *err)
{
    if (!list || list->type == QK_JSON_NULL) return QK_OK;
    if (list->type != QK_JSON_ARRAY || list->count > QK_LEDGER_COUNTERS)
        return refuse(err, QK_STR("counters"), "a list of at most 32 counters");
    qk_ledger_counter *all = qk_arena_array(arena, list->count + 1, sizeof *all);
    if (!all) return qk_fail(err, QK_ENOMEM, "no memory for a ledger's type");
    type->counters = all;
    for (const qk_json_value *v = list->first; v; v = v->next) {
        QK_TRY(read_counter(&all[type->counter_count], type, v, err));
        if (qk_ledger_counter_find(type, all[type->counter_count].id))
            return refuse(err, all[type->counter_count].id, "two counters have this id");
        type->counter_count++;
    }
    return QK_OK;
}

/* ---- writing ---- */

static void put_field(qk_json_writer *w, const qk_ledger_field *f)
{
    qk_json_object(w);
    qk_json_kstr(w, "name", f->name);
    qk_json_kstr(w, "zh", f->zh);
    qk_json_kstr(w, "en", f->en);
    qk_json_kcstr(w, "type", kind_names[f->kind]);
    qk_json_kbool(w, "required", f->required);
    qk_json_kbool(w, "key", f->key);
    qk_json_kstr(w, "unit", f->unit);
    if (f->choice_count) {
        qk_json_key(w, "choices");
        qk_json_array(w);
        for (size_t i = 0; i < f->choice_count; i++) {
            qk_json_object(w);
            qk_json_kstr(w, "value", f->choices[i].value);
            qk_json_kstr(w, "zh", f->choices[i].zh);
            qk_json_kstr(w, "en", f->choices[i].en);
            qk_json_end(w);
        }
        qk_json_end(w);
    }
    if (f->has_low) qk_json_key(w, "low"), qk_json_dec(w, f->low);
    if (f->has_high) qk_json_key(w, "high"), qk_json_dec(w, f->high);
    qk_json_end(w);
}

static void put_value(qk_json_writer *w, const qk_json_value *v)
{
    switch (v->type) {
    case QK_JSON_STRING: qk_json_str(w, v->text); return;
    case QK_JSON_NUMBER: qk_json_raw(w, v->text); return;
    case QK_JSON_TRUE: qk_json_bool(w, true); return;
    case QK_JSON_FALSE: qk_json_bool(w, false); return;
    case QK_JSON_ARRAY:
        qk_json_array(w);
        for (const qk_json_value *e = v->first; e; e = e->next) put_value(w, e);
        qk_json_end(w);
        return;
    default: qk_json_null(w);
    }
}

static void put_counter(qk_json_writer *w, const qk_ledger_counter *c)
{
    qk_json_object(w);
    qk_json_kstr(w, "id", c->id);
    qk_json_kstr(w, "zh", c->zh);
    qk_json_kstr(w, "en", c->en);
    qk_json_kcstr(w, "kind", count_names[c->kind]);
    if (c->of_count) {
        qk_json_key(w, "of");
        qk_json_array(w);
        for (size_t i = 0; i < c->of_count; i++) qk_json_str(w, c->of[i]);
        qk_json_end(w);
    }
    if (c->where) qk_json_key(w, "where"), put_value(w, c->where);
    if (c->numerator) qk_json_key(w, "numerator"), put_value(w, c->numerator);
    if (c->date.len) qk_json_kstr(w, "date", c->date);
    qk_json_end(w);
}

static qk_code make_texts(qk_ledger_type *type, qk_arena *arena, qk_error *err)
{
    qk_buf out;
    qk_json_writer w;
    qk_str *into[2] = {&type->fields_json, &type->counters_json};
    qk_buf_init(&out, QK_LEDGER_TYPE_BYTES);
    for (int part = 0; part < 2; part++) {
        qk_buf_reset(&out);
        qk_json_init(&w, &out);
        qk_json_array(&w);
        for (size_t i = 0; part == 0 && i < type->field_count; i++) put_field(&w, &type->fields[i]);
        for (size_t i = 0; part == 1 && i < type->counter_count; i++)
            put_counter(&w, &type->counters[i]);
        qk_json_end(&w);
        *into[part] = (qk_str){qk_arena_copy(arena, out.ptr ? out.ptr : "", out.len), out.len};
        if (out.failed || !into[part]->ptr) break;
    }
    qk_code failed = out.failed;
    qk_buf_clear(&out);
    if (failed) return qk_fail(err, failed, "the type of a ledger is too large");
    return type->counters_json.ptr ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for a type");
}

qk_code qk_ledger_type_parse(qk_ledger_type **out, qk_str json, qk_arena *arena, qk_error *err)
{
    static const char *const known[] = {"id",     "title_zh", "title_en", "unit",        "source",
                                        "fields", "counters", "version",  "row_version", NULL};
    qk_json_value *root = NULL;
    qk_ledger_type *type = qk_arena_alloc(arena, sizeof *type);
    if (!type) return qk_fail(err, QK_ENOMEM, "no memory for a ledger's type");
    if (json.len > QK_LEDGER_TYPE_BYTES)
        return qk_fail(err, QK_EFORMAT, "the type of a ledger is at most 128 KiB");
    QK_TRY(qk_json_parse(&root, json, arena, err));
    if (root->type != QK_JSON_OBJECT) return qk_fail(err, QK_EFORMAT, "a type is an object");
    QK_TRY(check_members(root, known, err));
    type->id = qk_json_get_str(root, "id");
    if (!is_name(type->id)) return refuse(err, QK_STR("id"), "an id is of a-z, 0-9 and _");
    QK_TRY(read_text(&type->title_zh, root, "title_zh", 120, true, err));
    QK_TRY(read_text(&type->title_en, root, "title_en", 120, false, err));
    QK_TRY(read_text(&type->unit, root, "unit", 64, false, err));
    QK_TRY(read_text(&type->source, root, "source", 300, false, err));
    if (!type->title_en.len) type->title_en = type->title_zh;
    QK_TRY(read_fields(type, qk_json_get(root, "fields"), arena, err));
    QK_TRY(read_counters(type, qk_json_get(root, "counters"), arena, err));
    *out = type;
    return make_texts(type, arena, err);
}

size_t qk_ledger_field_find(const qk_ledger_type *type, qk_str name)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (qk_str_eq(type->fields[i].name, name)) return i;
    return SIZE_MAX;
}

qk_str qk_ledger_cell(const qk_ledger_type *type, const qk_str *values, const char *field)
{
    size_t at = qk_ledger_field_find(type, qk_str_of(field));
    return at == SIZE_MAX ? QK_STR("") : values[at];
}

void qk_ledger_cell_set(const qk_ledger_type *type, qk_str *values, const char *field, qk_str value)
{
    size_t at = qk_ledger_field_find(type, qk_str_of(field));
    if (at != SIZE_MAX) values[at] = value;
}

const qk_ledger_counter *qk_ledger_counter_find(const qk_ledger_type *type, qk_str id)
{
    for (size_t i = 0; i < type->counter_count; i++)
        if (qk_str_eq(type->counters[i].id, id)) return &type->counters[i];
    return NULL;
}

void qk_ledger_type_json(qk_json_writer *w, const qk_ledger_type *type)
{
    qk_json_object(w);
    qk_json_kstr(w, "id", type->id);
    qk_json_kstr(w, "title_zh", type->title_zh);
    qk_json_kstr(w, "title_en", type->title_en);
    qk_json_kstr(w, "unit", type->unit);
    qk_json_kstr(w, "source", type->source);
    qk_json_key(w, "fields");
    qk_json_raw(w, type->fields_json);
    qk_json_key(w, "counters");
    qk_json_raw(w, type->counters_json);
    qk_json_ki64(w, "row_version", type->version);
    qk_json_end(w);
}

/* ---- keeping ---- */

static qk_code read_stored(qk_ledger_type **out, sqlite3_stmt *s, qk_arena *arena, qk_error *err)
{
    qk_buf text;
    qk_json_writer w;
    static const char *const names[] = {"id", "title_zh", "title_en", "unit", "source"};
    qk_buf_init(&text, QK_LEDGER_TYPE_BYTES);
    qk_json_init(&w, &text);
    qk_json_object(&w);
    for (int i = 0; i < 5; i++) qk_json_kstr(&w, names[i], qk_db_text(s, i));
    qk_json_key(&w, "fields");
    qk_json_raw(&w, qk_db_text(s, 5));
    qk_json_key(&w, "counters");
    qk_json_raw(&w, qk_db_text(s, 6));
    qk_json_end(&w);
    int64_t version = sqlite3_column_int64(s, 7);
    sqlite3_reset(s);
    char *copy = qk_arena_copy(arena, text.ptr ? text.ptr : "", text.len);
    qk_code code = text.failed ? qk_fail(err, text.failed, "a type is too large")
                   : copy      ? qk_ledger_type_parse(out, (qk_str){copy, text.len}, arena, err)
                               : qk_fail(err, QK_ENOMEM, "no memory for a ledger's type");
    qk_buf_clear(&text);
    if (!code) (*out)->version = version;
    return code;
}

static qk_code get_shipped(qk_ledger_type **out, qk_str id, qk_arena *arena, qk_error *err)
{
    char head[QK_LEDGER_ID_MAX + 16];
    int n = snprintf(head, sizeof head, "{\"id\":\"%.*s\"", QK_STR_ARG(id));
    for (size_t i = 0; n > 0 && (size_t)n < sizeof head && qk_ledger_shipped[i]; i++)
        if (strncmp(qk_ledger_shipped[i], head, (size_t)n) == 0)
            return qk_ledger_type_parse(out, qk_str_of(qk_ledger_shipped[i]), arena, err);
    return qk_fail(err, QK_ENOTFOUND, "there is no ledger '%.*s'", QK_STR_ARG(id));
}

qk_code qk_ledger_type_get(qk_ledger_type **out, qk_db *db, qk_str id, qk_time known_at,
                           qk_arena *arena, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    if (!is_name(id)) return qk_fail(err, QK_ENOTFOUND, "there is no such ledger");
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT id,title_zh,title_en,unit,source,fields,counters,version FROM"
                         " ledger_history WHERE id=?1 AND recorded_at<=?2"
                         " ORDER BY version DESC LIMIT 1",
                         err));
    qk_db_bind_str(s, 1, id);
    sqlite3_bind_int64(s, 2, known_at == QK_TIME_NONE ? INT64_MAX : known_at);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return get_shipped(out, id, arena, err);
    return code ? code : read_stored(out, s, arena, err);
}

enum { TYPES_MAX = 1000 };

static int find_id(qk_str *ids, size_t n, qk_str id)
{
    for (size_t i = 0; i < n; i++)
        if (qk_str_eq(ids[i], id)) return 1;
    return 0;
}

static qk_code collect_ids(qk_str *ids, size_t *n, qk_db *db, qk_arena *arena, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    for (size_t i = 0; qk_ledger_shipped[i]; i++) {
        const char *begin = qk_ledger_shipped[i] + sizeof "{\"id\":\"" - 1;
        ids[(*n)++] = (qk_str){begin, strcspn(begin, "\"")};
    }
    QK_TRY(qk_db_prepare(&s, db, "SELECT id FROM ledger ORDER BY id", err));
    while ((code = qk_db_step(db, s, err)) == QK_OK && *n < TYPES_MAX) {
        qk_str id = qk_db_text(s, 0);
        if (find_id(ids, *n, id)) continue;
        ids[*n] = (qk_str){qk_arena_copy(arena, id.ptr, id.len), id.len};
        if (ids[(*n)++].ptr) continue;
        code = qk_fail(err, QK_ENOMEM, "no memory for ledgers");
        break;
    }
    sqlite3_reset(s);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_ledger_types(qk_ledger_type ***out, size_t *n, qk_db *db, qk_arena *arena, qk_error *err)
{
    qk_str *ids = qk_arena_array(arena, TYPES_MAX + 64, sizeof *ids);
    qk_ledger_type **all;
    *n = 0;
    if (!ids) return qk_fail(err, QK_ENOMEM, "no memory for ledgers");
    QK_TRY(collect_ids(ids, n, db, arena, err));
    for (size_t i = 1; i < *n; i++)
        for (size_t k = i; k > 0 && qk_str_cmp(ids[k - 1], ids[k]) > 0; k--) {
            qk_str swap = ids[k];
            ids[k] = ids[k - 1];
            ids[k - 1] = swap;
        }
    if (!(all = qk_arena_array(arena, *n + 1, sizeof(qk_ledger_type *))))
        return qk_fail(err, QK_ENOMEM, "no memory for ledgers");
    for (size_t i = 0; i < *n; i++)
        QK_TRY(qk_ledger_type_get(&all[i], db, ids[i], QK_TIME_NONE, arena, err));
    *out = all;
    return QK_OK;
}

static qk_code count_rows(int64_t *out, qk_db *db, qk_str id, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT count(*) FROM ledger_row WHERE ledger=?", err));
    qk_db_bind_str(s, 1, id);
    QK_TRY(qk_db_step(db, s, err));
    *out = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return QK_OK;
}

/* What rows were made by must go on to hold for them. */
static qk_code check_kept(qk_db *db, const qk_ledger_type *old, const qk_ledger_type *type,
                          qk_error *err)
{
    int64_t rows = 0;
    QK_TRY(count_rows(&rows, db, type->id, err));
    if (rows == 0) return QK_OK;
    for (size_t i = 0; i < old->field_count; i++) {
        const qk_ledger_field *was = &old->fields[i];
        size_t at = qk_ledger_field_find(type, was->name);
        if (at == SIZE_MAX || type->fields[at].kind != was->kind ||
            type->fields[at].key != was->key)
            return qk_fail(err, QK_EDENIED,
                           "the ledger has rows: '%.*s' keeps its type and its place in the key",
                           QK_STR_ARG(was->name));
    }
    for (size_t i = 0; i < type->field_count; i++)
        if (type->fields[i].key && qk_ledger_field_find(old, type->fields[i].name) == SIZE_MAX)
            return qk_fail(err, QK_EDENIED, "the ledger has rows: '%.*s' cannot join the key",
                           QK_STR_ARG(type->fields[i].name));
    return QK_OK;
}

static qk_code write_type(qk_db *db, const qk_ledger_type *type, qk_str by, qk_time now,
                          qk_error *err)
{
    sqlite3_stmt *s = NULL;
    const qk_str texts[] = {type->id,     type->title_zh,    type->title_en,     type->unit,
                            type->source, type->fields_json, type->counters_json};
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO ledger(id,title_zh,title_en,unit,source,fields,counters,"
                         "valid_from,version,recorded_at,recorded_by)"
                         " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,1,?8,?9) ON CONFLICT(id) DO UPDATE SET"
                         " title_zh=?2,title_en=?3,unit=?4,source=?5,fields=?6,counters=?7,"
                         "valid_from=?8,version=version+1,recorded_at=?8,recorded_by=?9",
                         err));
    for (int i = 0; i < 7; i++) qk_db_bind_str(s, i + 1, texts[i].len ? texts[i] : QK_STR(""));
    sqlite3_bind_int64(s, 8, now);
    qk_db_bind_str(s, 9, by);
    return qk_db_run(db, s, err);
}

qk_code qk_ledger_type_put(qk_db *db, const qk_ledger_type *type, int64_t seen, qk_str by,
                           qk_time now, qk_error *err)
{
    qk_arena arena;
    qk_ledger_type *old = NULL;
    qk_arena_init(&arena, 4 << 20);
    qk_code code = qk_ledger_type_get(&old, db, type->id, QK_TIME_NONE, &arena, err);
    int64_t version = old ? old->version : 0;
    if (code == QK_ENOTFOUND) code = QK_OK;
    if (!code && version != seen)
        code = qk_fail(err, QK_ECONFLICT, "the ledger's type is at version %lld, not %lld",
                       (long long)version, (long long)seen);
    if (!code && old) code = check_kept(db, old, type, err);
    if (!code) code = write_type(db, type, by, now, err);
    qk_arena_clear(&arena);
    return code;
}
