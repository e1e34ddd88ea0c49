/* SPDX-License-Identifier: Apache-2.0 */
#include "web/exchange.h"
#include "base/messages.h"
#include "web/context.h"

enum {
    BODY_DEPTH_ARENA = 256 * 1024,
    OUT_MIN = 64 * 1024,
    PACKED_STREAMS = 64 /* at a time, about 100 KiB each; what comes beyond is sent plain */
};

void qk_exchange_init(qk_exchange *x, qk_context *context, const qk_route *route)
{
    *x = (qk_exchange){.context = context, .route = route, .content_type = "application/json"};
    if (route) x->method = route->method;
    size_t most = route && route->answer_max > OUT_MIN ? route->answer_max : OUT_MIN;
    qk_buf_init(&x->out, most);
    qk_arena_init(&x->arena, 2 * most + BODY_DEPTH_ARENA);
    qk_json_init(&x->json, &x->out);
}

void qk_exchange_clear(qk_exchange *x)
{
    if (x->more_done) x->more_done(x->more_state);
    x->more_done = NULL;
    if (x->gzip) x->context->packing--;
    qk_gzip_free(x->gzip);
    x->gzip = NULL;
    qk_buf_clear(&x->out);
    qk_arena_clear(&x->arena);
}

/* ---- refusals ---- */

qk_code qk_refuse(qk_exchange *x, qk_error *err, int32_t status, const char *code,
                  const char *field, const char *fmt, ...)
{
    va_list args;
    x->status = status;
    x->error_code = code;
    if (field) qk_str_copy(x->error_field, sizeof x->error_field, qk_str_of(field));
    va_start(args, fmt);
    qk_fail_args(err, QK_EINVAL, fmt, args);
    va_end(args);
    return QK_EINVAL;
}

static int32_t status_of(qk_code code)
{
    switch (code) {
    case QK_EINVAL:
    case QK_EFORMAT:
    case QK_ERANGE: return 400;
    case QK_EDENIED: return 403;
    case QK_ENOTFOUND: return 404;
    case QK_EEXIST:
    case QK_ECONFLICT: return 409;
    case QK_EUNSUPPORTED: return 422;
    case QK_ENOMEM:
    case QK_EFULL:
    case QK_ENOSPC:
    case QK_EIO:
    case QK_ETIMEOUT:
    case QK_EBUSY: return 503;
    default: return 500;
    }
}

static void write_message(qk_exchange *x, const char *name, const char *code, qk_lang lang,
                          const char *detail)
{
    char key[64];
    snprintf(key, sizeof key, "api.%s", code);
    const char *general = qk_message(key, lang);
    if (!general) general = qk_message("api.failed", lang);
    qk_buf text;
    qk_buf_init(&text, 1024);
    qk_buf_puts(&text, general);
    if (detail[0] && lang == QK_ZH) qk_buf_printf(&text, "（%s）", detail);
    if (detail[0] && lang == QK_EN) qk_buf_printf(&text, ": %s", detail);
    qk_json_kstr(&x->json, name, qk_buf_str(&text));
    qk_buf_clear(&text);
}

static void write_hint(qk_exchange *x, const char *name, const char *code, qk_lang lang,
                       const char *own)
{
    char key[64];
    snprintf(key, sizeof key, "api.%s.hint", code);
    const char *text = own[0] ? own : qk_message(key, lang);
    qk_json_kcstr(&x->json, name, text ? text : "");
}

/* "where:line:column: message". */
static void detail_of(char *out, size_t size, const qk_error *err, const char *message)
{
    qk_error plain = *err;
    plain.hint[0] = 0;
    out[0] = 0;
    if (message != plain.message) snprintf(plain.message, sizeof plain.message, "%s", message);
    if (message[0]) qk_error_format(&plain, out, size);
}

/* A Chinese page tells nothing rather than English: what has no text of its own and is none. */
static const char *in_chinese(const qk_error *err)
{
    if (err->message_zh[0]) return err->message_zh;
    for (qk_str s = qk_str_of(err->message); s.len;) {
        size_t used;
        uint32_t cp = qk_utf8_next(s, &used);
        if (cp >= 0x4E00 && cp <= 0x9FFF) return err->message;
        s = (qk_str){s.ptr + used, s.len - used};
    }
    return "";
}

/* A place in a file is told in words, also where nothing else can be. */
static void detail_in_chinese(char *out, size_t size, const qk_error *err)
{
    const char *text = in_chinese(err);
    if (err->line == 0)
        detail_of(out, size, err, text);
    else if (err->column == 0)
        snprintf(out, size, "第 %u 行%s%s", err->line, text[0] ? "：" : "", text);
    else
        snprintf(out, size, "第 %u 行第 %u 列%s%s", err->line, err->column, text[0] ? "：" : "",
                 text);
}

void qk_exchange_fail(qk_exchange *x, const qk_error *err)
{
    if (x->status < 400) x->status = status_of(err->code);
    const char *code = x->error_code ? x->error_code : qk_code_name(err->code);
    char detail[2][420];
    detail_of(detail[QK_EN], sizeof detail[QK_EN], err, err->message);
    detail_in_chinese(detail[QK_ZH], sizeof detail[QK_ZH], err);
    x->etag[0] = x->filename[0] = 0;
    x->gzipped = false;
    x->fixed = (qk_str){NULL, 0};
    x->content_type = "application/json";
    x->more = NULL;
    qk_buf_reset(&x->out);
    qk_json_init(&x->json, &x->out);
    qk_json_object(&x->json);
    qk_json_key(&x->json, "error");
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "code", code);
    write_message(x, "message_zh", code, QK_ZH, detail[QK_ZH]);
    write_message(x, "message_en", code, QK_EN, detail[QK_EN]);
    write_hint(x, "hint_zh", code, QK_ZH, err->hint_zh);
    write_hint(x, "hint_en", code, QK_EN, err->hint);
    qk_json_ktext(&x->json, "field", x->error_field);
    qk_json_end(&x->json);
    qk_json_end(&x->json);
}

void qk_exchange_run(qk_exchange *x)
{
    qk_error err = {0};
    x->status = 0;
    qk_code code = qk_rights_check_row(x, &err);
    if (code == QK_OK) code = x->route->handle(x, &err);
    if (code == QK_OK && x->out.failed != QK_OK)
        code =
            qk_fail(&err, x->out.failed, "the answer does not fit into %zu bytes", x->out.ceiling);
    if (code != QK_OK) {
        err.code = code;
        qk_exchange_fail(x, &err);
    } else if (x->status == 0) {
        x->status = 200;
    }
}

/* ---- made small ---- */

bool qk_exchange_packs(const qk_exchange *x)
{
    return strstr(x->content_type, "json") != NULL ||
           qk_str_starts(qk_str_of(x->content_type), QK_STR("text/"));
}

static bool begin_parts(qk_exchange *x)
{
    if (x->context->packing >= PACKED_STREAMS || qk_gzip_new(&x->gzip, SIZE_MAX) != QK_OK)
        return false;
    x->context->packing++;
    return x->gzipped = true;
}

/* The answer or part in out, made small. */
static qk_code pack_out(qk_exchange *x, bool whole, bool ended)
{
    qk_buf packed;
    qk_buf_init(&packed, x->out.ceiling);
    qk_code code = whole ? qk_gzip_all(&packed, qk_buf_str(&x->out))
                         : qk_gzip_part(x->gzip, &packed, qk_buf_str(&x->out), ended);
    if (code != QK_OK) {
        qk_buf_clear(&packed);
        return code;
    }
    qk_buf_clear(&x->out);
    x->out = packed;
    return QK_OK;
}

void qk_exchange_pack(qk_exchange *x)
{
    if (!x->takes_gzip || x->gzipped || x->fixed.ptr || x->status != 200) return;
    if (!qk_exchange_packs(x)) return;
    if (x->more) {
        if (begin_parts(x) && pack_out(x, false, false) != QK_OK) x->out.failed = QK_ENOMEM;
        return;
    }
    if (x->out.len >= QK_GZIP_LEAST) x->gzipped = pack_out(x, true, true) == QK_OK;
}

qk_code qk_exchange_pack_part(qk_exchange *x, bool ended)
{
    return x->gzip ? pack_out(x, false, ended) : QK_OK;
}

/* ---- the query ---- */

static qk_code refuse_param(qk_exchange *x, qk_error *err, const char *name, const char *why)
{
    return qk_refuse(x, err, 400, "bad_parameter", name, "%s %s", name, why);
}

static size_t find_param(const qk_route *route, qk_str name)
{
    if (!route->params) return SIZE_MAX;
    for (size_t i = 0; route->params[i].name; i++)
        if (qk_str_eq(qk_str_of(route->params[i].name), name)) return i;
    return SIZE_MAX;
}

static bool is_choice(const char *choices, qk_str value)
{
    qk_str rest = qk_str_of(choices);
    while (rest.ptr) {
        qk_str word = qk_str_cut(&rest, ' ');
        if (qk_str_eq(word, value)) return true;
    }
    return false;
}

static qk_code take_value(qk_exchange *x, const qk_param *p, qk_query_value *v, qk_error *err)
{
    switch (p->kind) {
    case QK_PARAM_TEXT:
        if (v->text.len > (size_t)p->max) return refuse_param(x, err, p->name, "is too long");
        break;
    case QK_PARAM_INT:
        if (qk_parse_i64(&v->number, v->text) != QK_OK)
            return refuse_param(x, err, p->name, "is not a whole number");
        if (v->number < p->min || v->number > p->max)
            return refuse_param(x, err, p->name, "is outside its range");
        break;
    case QK_PARAM_TIME:
        if (qk_time_parse(&v->time, v->text) != QK_OK)
            return refuse_param(x, err, p->name, "is not a time like 2025-12-11T15:30:00");
        break;
    case QK_PARAM_FLAG:
        if (v->text.len && !is_choice("1 true", v->text))
            return refuse_param(x, err, p->name, "takes nothing, 1 or true");
        break;
    case QK_PARAM_CHOICE:
        if (!is_choice(p->choices, v->text)) {
            refuse_param(x, err, p->name, "is none of those known");
            return qk_error_hint(err, "one of: %s", p->choices);
        }
        break;
    }
    return QK_OK;
}

static qk_code take_pair(qk_exchange *x, qk_str pair, qk_error *err)
{
    char name[64];
    size_t name_len = 0;
    qk_str rest = pair;
    qk_str key = qk_str_cut(&rest, '=');
    if (key.len >= sizeof name || qk_url_decode(name, &name_len, key, true) != QK_OK)
        return qk_refuse(x, err, 400, "bad_parameter", NULL, "a name in the query is malformed");
    name[name_len] = 0;
    size_t at = find_param(x->route, (qk_str){name, name_len});
    if (at == SIZE_MAX) return refuse_param(x, err, name, "is not known here");
    qk_query_value *v = &x->query[at];
    if (v->given) return refuse_param(x, err, name, "stands twice");
    char *text = qk_arena_alloc(&x->arena, rest.len + 1);
    if (!text) return qk_fail(err, QK_ENOMEM, "no memory for the query");
    size_t len = 0;
    if (qk_url_decode(text, &len, rest, true) != QK_OK)
        return refuse_param(x, err, name, "is malformed");
    const qk_param *p = &x->route->params[at];
    /* An empty value is none: a form sends the fields that were left empty. */
    *v = (qk_query_value){.given = len > 0 || p->kind == QK_PARAM_FLAG, .text = {text, len}};
    return v->given ? take_value(x, p, v, err) : QK_OK;
}

qk_code qk_exchange_query(qk_exchange *x, qk_str query, qk_error *err)
{
    while (query.len) {
        qk_str pair = qk_str_cut(&query, '&');
        if (pair.len) QK_TRY(take_pair(x, pair, err));
    }
    for (size_t i = 0; x->route->params && x->route->params[i].name; i++)
        if (x->route->params[i].required && !x->query[i].given)
            return refuse_param(x, err, x->route->params[i].name, "is missing");
    return QK_OK;
}

static const qk_query_value *query_value(const qk_exchange *x, const char *name)
{
    static const qk_query_value none;
    size_t at = find_param(x->route, qk_str_of(name));
    return at == SIZE_MAX ? &none : &x->query[at];
}

qk_str qk_query_str(const qk_exchange *x, const char *name)
{
    const qk_query_value *v = query_value(x, name);
    return v->given ? v->text : (qk_str){NULL, 0};
}

int64_t qk_query_int(const qk_exchange *x, const char *name, int64_t fallback)
{
    const qk_query_value *v = query_value(x, name);
    return v->given ? v->number : fallback;
}

qk_time qk_query_time(const qk_exchange *x, const char *name, qk_time fallback)
{
    const qk_query_value *v = query_value(x, name);
    return v->given ? v->time : fallback;
}

bool qk_query_given(const qk_exchange *x, const char *name)
{
    return query_value(x, name)->given;
}

/* ---- the body ---- */

static bool is_member(const char *const *members, qk_str name)
{
    for (size_t i = 0; members[i]; i++)
        if (qk_str_eq(qk_str_of(members[i]), name)) return true;
    return false;
}

qk_code qk_exchange_body(qk_exchange *x, const char *const *members, const qk_json_value **out,
                         qk_error *err)
{
    qk_json_value *root = NULL;
    if (x->body.len == 0)
        return qk_refuse(x, err, 400, "bad_body", NULL, "a JSON object is needed");
    if (qk_json_parse(&root, x->body, &x->arena, err) != QK_OK) {
        x->status = 400;
        x->error_code = "bad_body";
        return QK_EFORMAT;
    }
    if (root->type != QK_JSON_OBJECT)
        return qk_refuse(x, err, 400, "bad_body", NULL, "the body is not a JSON object");
    for (const qk_json_value *m = root->first; m; m = m->next) {
        char name[48];
        qk_str_copy(name, sizeof name, m->name);
        if (!is_member(members, m->name))
            return qk_refuse(x, err, 400, "bad_body", name, "'%s' is not known here", name);
        for (const qk_json_value *n = m->next; n; n = n->next)
            if (qk_str_eq(m->name, n->name))
                return qk_refuse(x, err, 400, "bad_body", name, "'%s' stands twice", name);
    }
    *out = root;
    return QK_OK;
}

/* ---- writing ---- */

void qk_json_ktime(qk_json_writer *w, const char *name, qk_time t)
{
    char text[QK_TIME_TEXT];
    qk_json_kcstr(w, name, t == QK_TIME_NONE ? NULL : qk_time_iso_zone(text, t));
}

void qk_json_kf64(qk_json_writer *w, const char *name, double v)
{
    qk_json_key(w, name);
    qk_json_f64(w, v);
}

void qk_json_ktext(qk_json_writer *w, const char *name, const char *text)
{
    qk_json_kcstr(w, name, text[0] ? text : NULL);
}

void qk_exchange_etag(qk_exchange *x, uint64_t version)
{
    snprintf(x->etag, sizeof x->etag, "\"%016llx\"", (unsigned long long)version);
}

void qk_etag_gz(char out[QK_ETAG_TEXT + 4], const char *etag)
{
    size_t n = strlen(etag);
    out[0] = 0;
    if (n > 1 && n < QK_ETAG_TEXT) snprintf(out, QK_ETAG_TEXT + 4, "%.*s-gz\"", (int)(n - 1), etag);
}

bool qk_etag_in(const char *list, const char *etag)
{
    char packed[QK_ETAG_TEXT + 4];
    if (strcmp(list, "*") == 0) return true;
    qk_etag_gz(packed, etag);
    return etag[0] && (strstr(list, etag) != NULL || (packed[0] && strstr(list, packed) != NULL));
}

bool qk_exchange_unchanged(qk_exchange *x, uint64_t version)
{
    uint64_t mark[3] = {x->context->start, version, qk_rights_view(x)};
    qk_exchange_etag(x, qk_hash(mark, sizeof mark));
    if (!x->if_none_match[0] || !qk_etag_in(x->if_none_match, x->etag)) return false;
    x->status = 304;
    return true;
}
