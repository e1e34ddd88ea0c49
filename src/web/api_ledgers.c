/* SPDX-License-Identifier: Apache-2.0 */
/* Ledgers: their types, rows, history, figures, and tables in and out (domain/ledger.h). */
#include "domain/evaluation.h"
#include "domain/ledger_sheet.h"
#include "domain/regulation.h"
#include "web/air_figures.h"
#include "web/api.h"
#include "web/change.h"

static int32_t today_of(const qk_exchange *x)
{
    return qk_day_number(qk_clock_now(qk_node_clock(x->context->node)));
}

static bool may_see(void *context, qk_str unit)
{
    return qk_rights_may(context, QK_ACT_LEDGER_VIEW, unit);
}

static qk_code type_of(qk_ledger_type **out, qk_exchange *x, qk_db *db, qk_error *err)
{
    return qk_ledger_type_get(out, db, x->args[0], QK_TIME_NONE, &x->arena, err);
}

/* What a rule of the ledger refuses is 422 and names the field. */
static qk_code refuse_row(qk_exchange *x, qk_code code, const qk_error *err)
{
    if (code != QK_EINVAL && code != QK_EFORMAT) return code;
    x->status = 422;
    x->error_code = "ledger_refused";
    if (err) qk_str_copy(x->error_field, sizeof x->error_field, qk_str_of(err->where));
    return code;
}

/* Ledgers whose rows the program makes, and those whose rows it alone changes. */
static bool is_made(qk_str ledger)
{
    return qk_evaluation_keeps(ledger);
}

static bool is_kept(qk_str ledger)
{
    return is_made(ledger) || qk_regulation_keeps(ledger);
}

/* ---- types ---- */

qk_code qk_api_ledgers(qk_exchange *x, qk_error *err)
{
    qk_ledger_type **all = NULL;
    size_t n = 0;
    QK_TRY(qk_ledger_types(&all, &n, x->tools->db, &x->arena, err));
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) qk_ledger_type_json(&x->json, all[i]);
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_ledger(qk_exchange *x, qk_error *err)
{
    qk_ledger_type *type = NULL;
    QK_TRY(type_of(&type, x, x->tools->db, err));
    qk_ledger_type_json(&x->json, type);
    return QK_OK;
}

typedef struct type_change {
    qk_ledger_type *type;
    int64_t seen;
    char person[QK_AIR_PERSON_MAX];
} type_change;

static qk_code put_type(qk_exchange *x, void *context, qk_db *db, qk_time now, qk_change_note *note,
                        qk_error *err)
{
    type_change *c = context;
    QK_TRY(qk_ledger_type_put(db, c->type, c->seen, qk_str_of(c->person), now, err));
    snprintf(note->what, sizeof note->what, "ledger.set");
    snprintf(note->object, sizeof note->object, "ledger/%.*s", QK_STR_ARG(c->type->id));
    qk_buf_printf(&note->detail, "{\"row_version\":%lld}", (long long)c->seen + 1);
    QK_TRY(type_of(&c->type, x, db, err));
    qk_ledger_type_json(&x->json, c->type);
    return QK_OK;
}

qk_code qk_api_ledger_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", "text", "person", NULL};
    const qk_json_value *body = NULL;
    type_change c = {.seen = -1};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    if (!qk_json_get_i64(body, "row_version", &c.seen) || c.seen < 0)
        return qk_refuse(x, err, 400, "bad_body", "row_version",
                         "row_version must say which version was seen; 0 = shipped or none");
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    QK_TRY(refuse_row(
        x, qk_ledger_type_parse(&c.type, qk_json_get_str(body, "text"), &x->arena, err), err));
    if (!qk_str_eq(c.type->id, x->args[0]))
        return qk_refuse(x, err, 422, "ledger_refused", "id", "the type says another id");
    return qk_change_run(x, put_type, &c, err);
}

/* ---- questions ---- */

static qk_code read_where(const qk_json_value **out, qk_exchange *x, qk_error *err)
{
    qk_json_value *root = NULL;
    qk_str text = qk_query_str(x, "where");
    *out = NULL;
    if (!text.len) return QK_OK;
    if (qk_json_parse(&root, text, &x->arena, err) != QK_OK)
        return qk_refuse(x, err, 400, "bad_parameter", "where",
                         "where is a JSON list of conditions");
    *out = root;
    return QK_OK;
}

static qk_code read_ask(qk_ledger_ask *ask, qk_exchange *x, const qk_ledger_type *type,
                        bool default_date, qk_error *err)
{
    qk_time from = qk_query_time(x, "from", QK_TIME_NONE);
    qk_time to = qk_query_time(x, "to", QK_TIME_NONE);
    *ask = (qk_ledger_ask){.unit = qk_query_str(x, "unit"),
                           .date = qk_query_str(x, "date"),
                           .valid_at = qk_query_time(x, "valid_at", QK_TIME_NONE),
                           .known_at = qk_query_time(x, "known_at", QK_TIME_NONE),
                           .today = today_of(x)};
    if (qk_rights_scope(x, QK_ACT_LEDGER_VIEW) != QK_SCOPE_ALL) {
        ask->may = may_see;
        ask->may_context = x;
    }
    bool period = from != QK_TIME_NONE || to != QK_TIME_NONE;
    for (size_t i = 0; default_date && period && !ask->date.len && i < type->field_count; i++)
        if (type->fields[i].kind == QK_LEDGER_DATE) ask->date = type->fields[i].name;
    if (!period) ask->date = (qk_str){NULL, 0};
    if (period) {
        ask->from_day = from == QK_TIME_NONE ? -500000 : qk_day_number(from);
        ask->to_day = to == QK_TIME_NONE ? 500000 : qk_day_number(to);
    }
    QK_TRY(read_where(&ask->where, x, err));
    return refuse_row(x, qk_ledger_where_check(type, ask->where, err), err);
}

typedef struct page {
    qk_exchange *x;
    const qk_ledger_type *type;
    const qk_ledger_lights *lights;
    int64_t after, last;
    size_t limit, written, total;
    bool more;
} page;

static qk_code put_page_row(void *context, const qk_ledger_row *row)
{
    page *p = context;
    p->total++;
    if (row->id <= p->after) return QK_OK;
    if (p->written == p->limit) {
        p->more = true;
        return QK_OK;
    }
    p->written++;
    p->last = row->id;
    qk_ledger_row_json(&p->x->json, p->type, row, qk_ledger_light(p->lights, row));
    return p->x->out.failed;
}

qk_code qk_api_ledger_rows(qk_exchange *x, qk_error *err)
{
    qk_ledger_type *type = NULL;
    qk_ledger_lights *lights = NULL;
    qk_ledger_ask ask;
    char next[24];
    page p = {.x = x, .limit = (size_t)qk_query_int(x, "limit", 200)};
    qk_str after = qk_query_str(x, "after");
    if (after.len && qk_parse_i64(&p.after, after) != QK_OK)
        return qk_refuse(x, err, 400, "bad_parameter", "after", "after is the number of a row");
    QK_TRY(type_of(&type, x, x->tools->db, err));
    QK_TRY(read_ask(&ask, x, type, true, err));
    QK_TRY(qk_ledger_lights_new(&lights, type, ask.today, &x->arena, err));
    p.type = type;
    p.lights = lights;
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    QK_TRY(refuse_row(x, qk_ledger_each(x->tools->db, type, &ask, put_page_row, &p, err), err));
    qk_json_end(&x->json);
    snprintf(next, sizeof next, "%lld", (long long)p.last);
    qk_json_ktext(&x->json, "next", p.more ? next : "");
    qk_json_ki64(&x->json, "total", (int64_t)p.total);
    qk_json_end(&x->json);
    return QK_OK;
}

static qk_code row_id(int64_t *id, qk_exchange *x, qk_error *err)
{
    return qk_parse_i64(id, x->args[1]) == QK_OK
               ? QK_OK
               : qk_fail(err, QK_ENOTFOUND, "rows of a ledger have numbers");
}

qk_code qk_api_ledger_row(qk_exchange *x, qk_error *err)
{
    qk_ledger_type *type = NULL;
    qk_ledger_lights *lights = NULL;
    qk_ledger_row *versions = NULL;
    size_t n = 0;
    int64_t id = 0;
    QK_TRY(row_id(&id, x, err));
    QK_TRY(type_of(&type, x, x->tools->db, err));
    QK_TRY(qk_ledger_lights_new(&lights, type, today_of(x), &x->arena, err));
    QK_TRY(qk_ledger_history(&versions, &n, x->tools->db, type, id, &x->arena, err));
    if (!may_see(x, versions[0].unit))
        return qk_fail(err, QK_ENOTFOUND, "the ledger has no such row");
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++)
        qk_ledger_row_json(&x->json, type, &versions[i], qk_ledger_light(lights, &versions[i]));
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    return QK_OK;
}

static void put_figure(qk_json_writer *w, const qk_ledger_counter *c, const qk_ledger_figure *f,
                       bool grouped)
{
    qk_json_object(w);
    qk_json_kstr(w, "counter", c->id);
    qk_json_kstr(w, "zh", c->zh);
    qk_json_kstr(w, "en", c->en);
    qk_json_kcstr(w, "kind", qk_ledger_count_kind_name(c->kind));
    qk_json_key(w, "group");
    grouped ? qk_json_str(w, f->group) : qk_json_null(w);
    qk_json_key(w, "value");
    f->known ? qk_json_dec(w, f->value) : qk_json_null(w);
    qk_json_ki64(w, "rows", f->rows);
    qk_json_key(w, "numerator");
    c->kind == QK_LEDGER_SHARE ? qk_json_i64(w, f->numerator) : qk_json_null(w);
    qk_json_end(w);
}

qk_code qk_api_ledger_counters(qk_exchange *x, qk_error *err)
{
    qk_ledger_type *type = NULL;
    qk_ledger_ask ask;
    qk_str only = qk_query_str(x, "counter"), by = qk_query_str(x, "by");
    QK_TRY(type_of(&type, x, x->tools->db, err));
    QK_TRY(read_ask(&ask, x, type, false, err));
    if (only.len && !qk_ledger_counter_find(type, only))
        return qk_refuse(x, err, 400, "bad_parameter", "counter", "there is no such counter");
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < type->counter_count; i++) {
        const qk_ledger_counter *c = &type->counters[i];
        qk_ledger_figure *figures = NULL;
        size_t n = 0;
        if (only.len && !qk_str_eq(only, c->id)) continue;
        QK_TRY(refuse_row(
            x, qk_ledger_count(&figures, &n, x->tools->db, type, c, &ask, by, &x->arena, err),
            err));
        for (size_t k = 0; k < n; k++) put_figure(&x->json, c, &figures[k], by.len > 0);
    }
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- tables ---- */

static int heading_of(const qk_exchange *x)
{
    qk_str lang = qk_query_str(x, "heading");
    return qk_str_eq(lang, QK_STR("en")) ? QK_EN : qk_str_eq(lang, QK_STR("name")) ? -1 : QK_ZH;
}

static qk_code give_table(qk_exchange *x, bool xlsx, qk_error *err)
{
    qk_ledger_type *type = NULL;
    qk_ledger_ask ask;
    QK_TRY(type_of(&type, x, x->tools->db, err));
    QK_TRY(read_ask(&ask, x, type, true, err));
    snprintf(x->filename, sizeof x->filename, "%.*s.%s", QK_STR_ARG(type->id),
             xlsx ? "xlsx" : "csv");
    x->content_type = xlsx ? QK_TYPE_XLSX : "text/csv";
    qk_buf_reset(&x->out);
    qk_code code = xlsx ? qk_ledger_xlsx(&x->out, x->tools->db, type, &ask, heading_of(x), err)
                        : qk_ledger_csv(&x->out, x->tools->db, type, &ask, heading_of(x), err);
    return refuse_row(x, code, err);
}

qk_code qk_api_ledger_csv(qk_exchange *x, qk_error *err)
{
    return give_table(x, false, err);
}

qk_code qk_api_ledger_xlsx(qk_exchange *x, qk_error *err)
{
    return give_table(x, true, err);
}

typedef struct table {
    qk_str csv;
    bool commit;
    qk_ledger_author author;
} table;

static void put_import(qk_json_writer *w, const qk_ledger_import *got, bool committed)
{
    static const char *const fates[] = {"added", "changed", "same", "refused"};
    qk_json_object(w);
    qk_json_kbool(w, "committed", committed);
    qk_json_ki64(w, "added", (int64_t)got->added);
    qk_json_ki64(w, "changed", (int64_t)got->changed);
    qk_json_ki64(w, "same", (int64_t)got->same);
    qk_json_ki64(w, "refused", (int64_t)got->refused);
    qk_json_key(w, "rows");
    qk_json_array(w);
    for (size_t i = 0; i < got->rows; i++) {
        qk_json_object(w);
        qk_json_ki64(w, "line", got->lines[i]);
        qk_json_kcstr(w, "fate", fates[got->fates[i]]);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_key(w, "refusals");
    qk_json_array(w);
    for (size_t i = 0; i < got->refusal_count; i++) {
        qk_json_object(w);
        qk_json_ki64(w, "line", got->refusals[i].line);
        qk_json_ki64(w, "column", got->refusals[i].column);
        qk_json_kstr(w, "field", got->refusals[i].field);
        qk_json_kcstr(w, "text", got->refusals[i].text);
        qk_json_kcstr(w, "text_zh", got->refusals[i].text_zh);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_end(w);
}

static qk_code take_table(qk_exchange *x, const table *t, qk_db *db, qk_time now,
                          qk_change_note *note, qk_error *err)
{
    qk_ledger_type *type = NULL;
    qk_ledger_import got;
    QK_TRY(type_of(&type, x, db, err));
    if (is_kept(type->id)) return qk_refuse(x, err, 422, "ledger_kept", NULL, "%s", "");
    QK_TRY(refuse_row(
        x, qk_ledger_import_csv(&got, db, type, t->csv, t->commit, &t->author, now, &x->arena, err),
        err));
    bool whole = !got.refused && !got.refusal_count;
    bool committed = t->commit && (whole || (t->author.partial && got.rows > got.refused));
    snprintf(note->what, sizeof note->what, committed ? "ledger.import" : "ledger.preview");
    snprintf(note->object, sizeof note->object, "ledger/%.*s", QK_STR_ARG(type->id));
    qk_buf_printf(&note->detail, "{\"added\":%zu,\"changed\":%zu,\"refused\":%zu}", got.added,
                  got.changed, got.refused);
    put_import(&x->json, &got, committed);
    return QK_OK;
}

static qk_code take_inside(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    return take_table(x, context, db, now, note, err);
}

static qk_code look_outside(qk_exchange *x, void *context, qk_change_note *note, qk_error *err)
{
    return take_table(x, context, x->tools->db, qk_clock_now(qk_node_clock(x->context->node)), note,
                      err);
}

static bool may_write(void *context, qk_str unit)
{
    return qk_rights_may(context, QK_ACT_LEDGER_WRITE, unit);
}

qk_code qk_api_ledger_import(qk_exchange *x, qk_error *err)
{
    qk_buf csv;
    table t = {.commit = qk_query_given(x, "commit"),
               .author = {.by = qk_str_of(x->who), .partial = qk_query_given(x, "partial")}};
    qk_str person = qk_query_str(x, "person");
    if (person.len) t.author.by = person;
    if (qk_rights_scope(x, QK_ACT_LEDGER_WRITE) != QK_SCOPE_ALL) {
        t.author.may = may_write;
        t.author.context = x;
    }
    if (!x->body.len)
        return qk_refuse(x, err, 400, "bad_body", NULL, "the body is the table's file");
    qk_buf_init(&csv, QK_LEDGER_SHEET_BYTES);
    qk_code code = qk_ledger_sheet_text(&csv, x->body, err);
    if (code == QK_EFORMAT || code == QK_EUNSUPPORTED || code == QK_EFULL) {
        x->status = code == QK_EFULL ? 413 : 422;
        x->error_code = "ledger_table_unreadable";
    }
    t.csv = qk_buf_str(&csv);
    if (!code)
        code = t.commit ? qk_change_run(x, take_inside, &t, err)
                        : qk_change_run_outside(x, look_outside, &t, err);
    qk_buf_clear(&csv);
    return code;
}

/* ---- changing rows ---- */

typedef struct row_change {
    const qk_json_value *data;
    int64_t id, seen;
    qk_time valid_from;
    bool end;
    char person[QK_AIR_PERSON_MAX];
} row_change;

static qk_code write_row(const row_change *c, int64_t *id, qk_exchange *x,
                         const qk_ledger_type *type, qk_db *db, qk_time now, qk_error *err)
{
    qk_ledger_row *old = NULL;
    const qk_str *values = NULL;
    bool changed = false;
    if (is_made(type->id) || (*id && is_kept(type->id)))
        return qk_refuse(x, err, 422, "ledger_kept", NULL, "%s", "");
    if (*id) QK_TRY(qk_ledger_get(&old, db, type, *id, &x->arena, err));
    if (old && !may_see(x, old->unit))
        return qk_fail(err, QK_ENOTFOUND, "the ledger has no such row");
    if (old) QK_TRY(qk_rights_need(x, QK_ACT_LEDGER_WRITE, old->unit, err));
    if (c->end) return qk_ledger_end(db, type, *id, c->seen, qk_str_of(c->person), now, err);
    QK_TRY(refuse_row(
        x, qk_ledger_values_json(&values, type, c->data, old ? old->values : NULL, &x->arena, err),
        err));
    return refuse_row(x,
                      qk_ledger_put(id, &changed, db, type, values, c->seen, c->valid_from,
                                    qk_str_of(c->person), now, err),
                      err);
}

static qk_code change_row(qk_exchange *x, void *context, qk_db *db, qk_time now,
                          qk_change_note *note, qk_error *err)
{
    const row_change *c = context;
    qk_ledger_type *type = NULL;
    qk_ledger_lights *lights = NULL;
    qk_ledger_row *row = NULL;
    int64_t id = c->id;
    QK_TRY(type_of(&type, x, db, err));
    QK_TRY(write_row(c, &id, x, type, db, now, err));
    QK_TRY(qk_ledger_get(&row, db, type, id, &x->arena, err));
    QK_TRY(qk_rights_need(x, QK_ACT_LEDGER_WRITE, row->unit, err));
    QK_TRY(qk_ledger_lights_new(&lights, type, qk_day_number(now), &x->arena, err));
    snprintf(note->what, sizeof note->what, "ledger.%s", c->end ? "end" : c->id ? "change" : "add");
    snprintf(note->object, sizeof note->object, "ledger/%.*s/%lld", QK_STR_ARG(type->id),
             (long long)id);
    qk_buf_printf(&note->detail, "{\"row_version\":%lld}", (long long)row->version);
    qk_ledger_row_json(&x->json, type, row, qk_ledger_light(lights, row));
    return QK_OK;
}

static qk_code read_from(qk_exchange *x, const qk_json_value *body, qk_time *out, qk_error *err)
{
    const qk_json_value *v = qk_json_get(body, "valid_from");
    *out = QK_TIME_NONE;
    if (!v || v->type == QK_JSON_NULL) return QK_OK;
    if (v->type == QK_JSON_STRING && qk_time_parse(out, v->text) == QK_OK) return QK_OK;
    return qk_refuse(x, err, 400, "bad_body", "valid_from", "valid_from is an instant");
}

static qk_code read_data(qk_exchange *x, const qk_json_value *body, const qk_json_value **out,
                         qk_error *err)
{
    *out = qk_json_get(body, "data");
    if (*out && (*out)->type == QK_JSON_OBJECT) return QK_OK;
    return qk_refuse(x, err, 400, "bad_body", "data", "'data' is an object of the ledger's fields");
}

qk_code qk_api_ledger_row_post(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"data", "valid_from", "person", NULL};
    const qk_json_value *body = NULL;
    row_change c = {.seen = -1};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_data(x, body, &c.data, err));
    QK_TRY(read_from(x, body, &c.valid_from, err));
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    return qk_change_run(x, change_row, &c, err);
}

qk_code qk_api_ledger_row_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", "data",   "valid_from",
                                          "end",         "person", NULL};
    const qk_json_value *body = NULL;
    row_change c = {0};
    QK_TRY(row_id(&c.id, x, err));
    if (c.id < 1) return qk_fail(err, QK_ENOTFOUND, "rows of a ledger have numbers from 1");
    QK_TRY(qk_exchange_body(x, members, &body, err));
    if (!qk_json_get_i64(body, "row_version", &c.seen) || c.seen < 1)
        return qk_refuse(x, err, 400, "bad_body", "row_version",
                         "row_version must say which version was seen");
    c.end = qk_json_get_bool(body, "end", false);
    if (!c.end) QK_TRY(read_data(x, body, &c.data, err));
    QK_TRY(read_from(x, body, &c.valid_from, err));
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    return qk_change_run(x, change_row, &c, err);
}
