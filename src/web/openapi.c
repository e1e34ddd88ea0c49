/* SPDX-License-Identifier: Apache-2.0 */
#include "web/openapi.h"
#include "base/json.h"
#include "web/page.h"
#include "web/route.h"
#include <stdio.h>

enum { DOCUMENT_MAX = 1 << 20 };

static bool is_schema(const char *gives)
{
    return strchr(gives, '/') == NULL;
}

static void write_ref(qk_json_writer *w, const char *kind, const char *name)
{
    char ref[96];
    snprintf(ref, sizeof ref, "#/components/%s/%s", kind, name);
    qk_json_object(w);
    qk_json_kcstr(w, "$ref", ref);
    qk_json_end(w);
}

/* ---- parameters ---- */

static void write_param_schema(qk_json_writer *w, const qk_param *p)
{
    qk_json_key(w, "schema");
    qk_json_object(w);
    switch (p->kind) {
    case QK_PARAM_TEXT:
        qk_json_kcstr(w, "type", "string");
        qk_json_ki64(w, "maxLength", p->max);
        break;
    case QK_PARAM_INT:
        qk_json_kcstr(w, "type", "integer");
        qk_json_ki64(w, "minimum", p->min);
        qk_json_ki64(w, "maximum", p->max);
        break;
    case QK_PARAM_TIME:
        qk_json_kcstr(w, "type", "string");
        qk_json_kcstr(w, "format", "date-time");
        break;
    case QK_PARAM_FLAG:
        qk_json_kcstr(w, "type", "string");
        qk_json_key(w, "enum");
        qk_json_raw(w, QK_STR("[\"\",\"1\",\"true\"]"));
        break;
    case QK_PARAM_CHOICE:
        qk_json_kcstr(w, "type", "string");
        qk_json_key(w, "enum");
        qk_json_array(w);
        for (qk_str rest = qk_str_of(p->choices); rest.ptr;) qk_json_str(w, qk_str_cut(&rest, ' '));
        qk_json_end(w);
        break;
    }
    qk_json_end(w);
}

static void write_query_param(qk_json_writer *w, const qk_param *p)
{
    qk_json_object(w);
    qk_json_kcstr(w, "name", p->name);
    qk_json_kcstr(w, "in", "query");
    qk_json_kbool(w, "required", p->required);
    qk_json_kcstr(w, "description", p->about);
    write_param_schema(w, p);
    qk_json_end(w);
}

static void write_path_params(qk_json_writer *w, const char *path)
{
    qk_str rest = qk_str_of(path);
    while (rest.ptr) {
        qk_str segment = qk_str_cut(&rest, '/');
        if (segment.len < 3 || segment.ptr[0] != '{') continue;
        qk_json_object(w);
        qk_json_kstr(w, "name", (qk_str){segment.ptr + 1, segment.len - 2});
        qk_json_kcstr(w, "in", "path");
        qk_json_kbool(w, "required", true);
        qk_json_key(w, "schema");
        qk_json_object(w);
        qk_json_kcstr(w, "type", "string");
        qk_json_end(w);
        qk_json_end(w);
    }
}

static void write_params(qk_json_writer *w, const qk_route *r)
{
    qk_json_key(w, "parameters");
    qk_json_array(w);
    write_path_params(w, r->path);
    for (const qk_param *p = r->params; p && p->name; p++) write_query_param(w, p);
    if (qk_route_is_change(r)) write_ref(w, "parameters", "IdempotencyKey");
    qk_json_end(w);
}

/* ---- one operation ---- */

static void write_content(qk_json_writer *w, const char *type, const char *schema)
{
    qk_json_key(w, "content");
    qk_json_object(w);
    qk_json_key(w, type);
    qk_json_object(w);
    if (schema) {
        qk_json_key(w, "schema");
        write_ref(w, "schemas", schema);
    }
    qk_json_end(w);
    qk_json_end(w);
}

/* A body that is a file, of any of these types. */
static void write_files(qk_json_writer *w, const char *types)
{
    qk_json_key(w, "content");
    qk_json_object(w);
    for (qk_str rest = qk_str_of(types); rest.ptr;) {
        qk_json_key_str(w, qk_str_cut(&rest, ' '));
        qk_json_object(w);
        qk_json_end(w);
    }
    qk_json_end(w);
}

static void write_answers(qk_json_writer *w, const qk_route *r)
{
    qk_json_key(w, "responses");
    qk_json_object(w);
    qk_str rest = qk_str_of(r->statuses);
    while (rest.ptr) {
        qk_str status = qk_str_cut(&rest, ' ');
        qk_json_key_str(w, status);
        if (status.ptr[0] != '2') {
            write_ref(w, "responses", "Error");
            continue;
        }
        qk_json_object(w);
        qk_json_kcstr(w, "description", r->about);
        write_content(w, is_schema(r->gives) ? "application/json" : r->gives,
                      is_schema(r->gives) ? r->gives : NULL);
        qk_json_end(w);
    }
    qk_json_key(w, "default");
    write_ref(w, "responses", "Error");
    qk_json_end(w);
}

/* A session of an account, or a key whose role the table gives the action to. */
static void write_security(qk_json_writer *w, const qk_route *r)
{
    if (!qk_route_needs_key(r)) return;
    bool operator= qk_rights_role_scope(QK_R_OPERATOR, r->action) && r->action != QK_ACT_SELF;
    bool admin = qk_rights_role_scope(QK_R_ADMIN, r->action) && r->action != QK_ACT_SELF;
    qk_json_key(w, "security");
    qk_json_array(w);
    qk_json_raw(w, QK_STR("{\"session\":[]}"));
    if (operator) qk_json_raw(w, QK_STR("{\"operatorKey\":[]}"));
    if (admin) qk_json_raw(w, QK_STR("{\"adminKey\":[]}"));
    qk_json_end(w);
}

static void write_operation(qk_json_writer *w, const qk_route *r)
{
    char method[8];
    size_t n = qk_str_copy(method, sizeof method, qk_str_of(qk_method_name(r->method)));
    for (size_t i = 0; i < n; i++) method[i] = qk_to_lower(method[i]);
    qk_json_key(w, method);
    qk_json_object(w);
    qk_json_kcstr(w, "operationId", r->id);
    qk_json_kcstr(w, "summary", r->about);
    write_params(w, r);
    if (r->takes) {
        qk_json_key(w, "requestBody");
        qk_json_object(w);
        qk_json_kbool(w, "required", true);
        qk_route_takes_file(r) ? write_files(w, r->takes)
                               : write_content(w, "application/json", r->takes);
        qk_json_end(w);
    }
    write_answers(w, r);
    write_security(w, r);
    qk_json_end(w);
}

/* ---- the document ---- */

static bool is_first_of_path(const qk_route *r)
{
    for (const qk_route *other = qk_routes; other < r; other++)
        if (strcmp(other->path, r->path) == 0) return false;
    return true;
}

static void write_paths(qk_json_writer *w)
{
    qk_json_key(w, "paths");
    qk_json_object(w);
    for (const qk_route *r = qk_routes; r->path; r++) {
        if (!is_first_of_path(r)) continue;
        qk_json_key(w, r->path);
        qk_json_object(w);
        for (const qk_route *same = r; same->path; same++)
            if (strcmp(same->path, r->path) == 0) write_operation(w, same);
        qk_json_end(w);
    }
    qk_json_end(w);
}

static void write_info(qk_json_writer *w)
{
    qk_json_kcstr(w, "openapi", "3.1.0");
    qk_json_key(w, "info");
    qk_json_object(w);
    qk_json_kcstr(w, "title", "Qingkong 晴空");
    qk_json_kcstr(w, "version", QK_VERSION);
    qk_json_kcstr(
        w, "description",
        "One county's air: stations, sources, devices, evidence. Instants are ISO 8601 in "
        "China Standard Time (+08:00); a missing value is null; numbers keep the digits "
        "that a device sent.");
    qk_json_key(w, "license");
    qk_json_object(w);
    qk_json_kcstr(w, "name", "Apache-2.0");
    qk_json_kcstr(w, "identifier", "Apache-2.0");
    qk_json_end(w);
    qk_json_end(w);
    qk_json_key(w, "servers");
    qk_json_raw(w, QK_STR("[{\"url\":\"/api/v1\"}]"));
}

qk_code qk_openapi_write(char **out, size_t *len, qk_error *err)
{
    qk_buf text;
    qk_json_writer w;
    const qk_asset *schemas = qk_pack_find(&qk_pack_builtin, QK_STR("/schemas.json"));
    if (!schemas) return qk_fail(err, QK_ENOTFOUND, "the schemas are not in the program");
    qk_buf_init(&text, DOCUMENT_MAX);
    qk_json_init(&w, &text);
    qk_json_object(&w);
    write_info(&w);
    write_paths(&w);
    qk_json_key(&w, "components");
    qk_json_raw(&w, (qk_str){(const char *)schemas->bytes, schemas->len});
    qk_json_end(&w);
    *out = qk_buf_take(&text, len);
    qk_buf_clear(&text);
    return *out ? QK_OK : qk_fail(err, QK_EFULL, "the API's document does not fit");
}
