/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to devices (reverse control): asking, watching, cancelling. */
#include "base/messages.h"
#include "gateway/commands.h"
#include "gateway/request_store.h"
#include "gateway/request_text.h"
#include "hj212/tables.h"
#include "web/api.h"
#include "web/change.h"

enum { LIMIT_DEFAULT = 20 };

/* ---- watching ---- */

static qk_code write_requests(qk_exchange *x, qk_str mn, int64_t before, size_t limit,
                              int64_t *next, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    qk_db *db = x->tools->db;
    int64_t *ids = qk_arena_array(&x->arena, limit + 1, sizeof *ids);
    size_t n = 0;
    if (!ids) return qk_fail(err, QK_ENOMEM, "no memory for a list of requests");
    QK_TRY(qk_db_prepare(&stmt, db,
                         "SELECT id FROM request WHERE mn = ?1 AND (?2 = 0 OR id < ?2) "
                         "ORDER BY id DESC LIMIT ?3",
                         err));
    qk_db_bind_str(stmt, 1, mn);
    sqlite3_bind_int64(stmt, 2, before);
    sqlite3_bind_int64(stmt, 3, (int64_t)limit + 1);
    qk_code code;
    while ((code = qk_db_step(db, stmt, err)) == QK_OK) ids[n++] = sqlite3_column_int64(stmt, 0);
    if (code != QK_ENOTFOUND) return code;
    *next = n > limit ? ids[limit - 1] : 0;
    qk_json_array(&x->json);
    for (size_t i = 0; i < n && i < limit; i++) {
        qk_request request;
        QK_TRY(qk_request_load(db, ids[i], &request, err));
        qk_request_json(&x->json, &request);
    }
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_requests_json(qk_exchange *x, qk_str mn, size_t limit, qk_error *err)
{
    int64_t next = 0;
    return write_requests(x, mn, 0, limit, &next, err);
}

qk_code qk_api_requests(qk_exchange *x, qk_error *err)
{
    int64_t next = 0;
    char text[24];
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    QK_TRY(write_requests(x, x->args[0], qk_query_int(x, "after", 0),
                          (size_t)qk_query_int(x, "limit", LIMIT_DEFAULT), &next, err));
    snprintf(text, sizeof text, "%lld", (long long)next);
    qk_json_kcstr(&x->json, "next", next ? text : NULL);
    qk_json_end(&x->json);
    return QK_OK;
}

static qk_code read_id(qk_exchange *x, int64_t *id, qk_error *err)
{
    if (qk_parse_i64(id, x->args[0]) == QK_OK && *id > 0) return QK_OK;
    return qk_fail(err, QK_ENOTFOUND, "a request has a number");
}

qk_code qk_api_request(qk_exchange *x, qk_error *err)
{
    int64_t id = 0;
    qk_request request;
    QK_TRY(read_id(x, &id, err));
    QK_TRY(qk_request_load(x->tools->db, id, &request, err));
    if (!qk_rights_may_device(x, QK_ACT_DEVICE_VIEW, qk_str_of(request.mn)))
        return qk_fail(err, QK_ENOTFOUND, "there is no request %lld", (long long)id);
    qk_request_json(&x->json, &request);
    return QK_OK;
}

/* ---- asking ---- */

/* The text goes into a frame: what would end a field or the data area is refused. */
static qk_code read_params(qk_exchange *x, const qk_json_value *body, qk_request *r, qk_error *err)
{
    const qk_json_value *v = qk_json_get(body, "params");
    if (!v || v->type == QK_JSON_NULL) return QK_OK;
    if (v->type != QK_JSON_STRING || v->text.len >= sizeof r->params)
        return qk_refuse(x, err, 400, "bad_body", "params",
                         "'params' is a text of at most %zu bytes", sizeof r->params - 1);
    for (size_t i = 0; i < v->text.len; i++) {
        char c = v->text.ptr[i];
        if ((unsigned char)c < 0x20 || (unsigned char)c > 0x7e || c == '&' || c == '#')
            return qk_refuse(x, err, 400, "bad_body", "params",
                             "'params' holds a character that "
                             "cannot stand in a frame");
    }
    qk_str_copy(r->params, sizeof r->params, v->text);
    return QK_OK;
}

static qk_code read_instant(qk_exchange *x, const qk_json_value *body, const char *name,
                            qk_time *out, qk_error *err)
{
    const qk_json_value *v = qk_json_get(body, name);
    *out = QK_TIME_NONE;
    if (!v || v->type == QK_JSON_NULL) return QK_OK;
    if (v->type == QK_JSON_STRING && qk_time_parse(out, v->text) == QK_OK) return QK_OK;
    return qk_refuse(x, err, 400, "bad_body", name, "'%s' is not a time", name);
}

static qk_code read_command(qk_exchange *x, const qk_json_value *body, qk_request *r, qk_error *err)
{
    int64_t cn = 0;
    if (!qk_json_get_i64(body, "cn", &cn) || cn < 1000 || cn > 9999)
        return qk_refuse(x, err, 400, "bad_body", "cn", "'cn' is a number of four digits");
    const qk_hj212_command *command = qk_hj212_command_find((int32_t)cn);
    if (!command || !(command->kind & (QK_HJ212_REQUEST | QK_HJ212_NOTICE_DOWN)))
        return qk_refuse(x, err, 422, "not_a_request", "cn",
                         "%lld is no command that a platform sends to a device", (long long)cn);
    r->cn = (int32_t)cn;
    QK_TRY(read_instant(x, body, "from", &r->from, err));
    QK_TRY(read_instant(x, body, "to", &r->to, err));
    bool range = r->from != QK_TIME_NONE || r->to != QK_TIME_NONE;
    if (range && (r->from == QK_TIME_NONE || r->to == QK_TIME_NONE || r->from > r->to))
        return qk_refuse(x, err, 400, "bad_body", "from", "a range has 'from' and a later 'to'");
    if (range && !command->is_history)
        return qk_refuse(x, err, 400, "bad_body", "from", "this command takes no range");
    return read_params(x, body, r, err);
}

static void note_request(qk_change_note *note, const char *what, const qk_request *r, int64_t id)
{
    qk_json_writer w;
    snprintf(note->what, sizeof note->what, "%s", what);
    snprintf(note->object, sizeof note->object, "request/%lld", (long long)id);
    qk_json_init(&w, &note->detail);
    qk_json_object(&w);
    if (r) {
        char params[256];
        qk_request_mask(params, r->params);
        qk_json_kcstr(&w, "mn", r->mn);
        qk_json_ki64(&w, "cn", r->cn);
        qk_json_ktext(&w, "params", params);
        qk_json_ktime(&w, "from", r->from);
        qk_json_ktime(&w, "to", r->to);
    }
    qk_json_end(&w);
}

static void write_id(qk_exchange *x, int64_t id)
{
    qk_json_object(&x->json);
    qk_json_ki64(&x->json, "id", id);
    qk_json_end(&x->json);
}

static qk_code ask(qk_exchange *x, void *context, qk_change_note *note, qk_error *err)
{
    const qk_request *r = context;
    int64_t id = 0;
    qk_code code = qk_gateway_ask(x->context->gateway, r, &id, err);
    if (code == QK_EINVAL || code == QK_ERANGE) {
        x->status = 422;
        x->error_code = "request_refused";
    }
    if (code != QK_OK) return code;
    x->status = 202;
    note_request(note, "request.ask", r, id);
    write_id(x, id);
    return QK_OK;
}

qk_code qk_api_request_post(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"cn", "from", "to", "params", NULL};
    const qk_json_value *body = NULL;
    qk_request r = {.from = QK_TIME_NONE, .to = QK_TIME_NONE};
    qk_device device;
    if (!x->context->gateway) return qk_refuse(x, err, 503, "no_gateway", NULL, "%s", "");
    if (!qk_registry_device(qk_node_registry(x->context->node), &device, x->args[0]))
        return qk_fail(err, QK_ENOTFOUND, "there is no device of this MN");
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_command(x, body, &r, err));
    if (device.status != QK_DEVICE_APPROVED)
        return qk_refuse(x, err, 422, "device_not_approved", "mn", "%s", "");
    if (!device.answers_requests)
        return qk_refuse(x, err, 422, "device_no_requests", "mn", "%s", "");
    qk_str_copy(r.mn, sizeof r.mn, x->args[0]);
    qk_str_copy(r.by, sizeof r.by, qk_str_of(x->who));
    return qk_change_run_outside(x, ask, &r, err);
}

static qk_code cancel(qk_exchange *x, void *context, qk_change_note *note, qk_error *err)
{
    const int64_t *id = context;
    qk_code code = qk_gateway_cancel(x->context->gateway, *id, err);
    if (code == QK_ECONFLICT) x->error_code = "request_ended";
    if (code != QK_OK) return code;
    note_request(note, "request.cancel", NULL, *id);
    write_id(x, *id);
    return QK_OK;
}

qk_code qk_api_request_delete(qk_exchange *x, qk_error *err)
{
    int64_t id = 0;
    qk_request request;
    if (!x->context->gateway) return qk_refuse(x, err, 503, "no_gateway", NULL, "%s", "");
    QK_TRY(read_id(x, &id, err));
    QK_TRY(qk_request_load(x->tools->db, id, &request, err));
    return qk_change_run_outside(x, cancel, &id, err);
}

/* ---- what may be asked ---- */

static void write_param(qk_json_writer *w, const qk_command_param *p, int32_t cn)
{
    static const char *const kinds[] = {"number", "choice", "digits", "word"};
    char code[64];
    snprintf(code, sizeof code, "command.%s", p->name);
    qk_json_object(w);
    qk_json_kcstr(w, "name", p->name);
    qk_json_kcstr(w, "zh", qk_message(code, QK_ZH));
    qk_json_kcstr(w, "en", qk_message(code, QK_EN));
    qk_json_kcstr(w, "kind", kinds[p->value]);
    qk_json_ki64(w, "min", p->min);
    qk_json_ki64(w, "max", p->max);
    qk_json_key(w, "choices");
    qk_json_array(w);
    for (qk_str rest = qk_str_of(p->choices ? p->choices : ""); rest.len;)
        qk_json_str(w, qk_str_cut(&rest, ' '));
    qk_json_end(w);
    qk_json_ktext(w, "unit", p->unit);
    qk_json_kbool(w, "required", p->needed_by == cn);
    qk_json_end(w);
}

static void write_params(qk_json_writer *w, const qk_hj212_command *c)
{
    qk_json_key(w, "params");
    qk_json_array(w);
    for (qk_str rest = qk_str_of(c->request); rest.len;) {
        const qk_command_param *p = qk_command_param_find(qk_str_cut(&rest, ' '));
        if (p) write_param(w, p, c->code);
    }
    qk_json_end(w);
}

static void write_versions(qk_json_writer *w, uint8_t versions)
{
    qk_json_key(w, "versions");
    qk_json_array(w);
    if (versions & QK_HJ212_IN_2005) qk_json_i64(w, 2005);
    if (versions & QK_HJ212_IN_2017) qk_json_i64(w, 2017);
    if (versions & QK_HJ212_IN_2025) qk_json_i64(w, 2025);
    qk_json_end(w);
}

qk_code qk_api_commands(qk_exchange *x, qk_error *err)
{
    static const char *const ranges[] = {"", "none", "optional", "needed"};
    int64_t total = 0;
    qk_json_writer *w = &x->json;
    (void)err;
    qk_json_object(w);
    qk_json_key(w, "items");
    qk_json_array(w);
    for (const qk_hj212_command *c = qk_hj212_commands(); c->code; c++) {
        qk_command_range range = qk_command_range_of(c->code);
        if (range == QK_COMMAND_UNKNOWN) continue;
        total++;
        qk_json_object(w);
        qk_json_ki64(w, "cn", c->code);
        qk_json_kcstr(w, "zh", c->zh);
        qk_json_kcstr(w, "en", c->en);
        write_versions(w, c->versions);
        qk_json_kcstr(w, "range", ranges[range]);
        write_params(w, c);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_knull(w, "next");
    qk_json_ki64(w, "total", total);
    qk_json_end(w);
    qk_exchange_etag(x, qk_hash(x->out.ptr, x->out.len));
    return QK_OK;
}
