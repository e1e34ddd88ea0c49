/* SPDX-License-Identifier: Apache-2.0 */
/* Upper platforms: who gets this instance's frames, and how far each of the durable queues is. */
#include "web/api.h"
#include "web/change.h"
#include <stdlib.h>

enum { LINKS_DEFAULT = 200, MAP_MAX = 1 << 20 };

static qk_code need_gateway(qk_exchange *x, qk_error *err)
{
    if (x->context->gateway) return QK_OK;
    return qk_refuse(x, err, 503, "no_gateway", NULL, "%s", "");
}

/* ---- showing ---- */

/* One platform's links taken together. */
static void write_sum(qk_json_writer *w, const char *id, const qk_uplink_state *links, size_t n)
{
    int64_t total = 0, connected = 0, waiting = 0;
    uint64_t sent = 0, answered = 0, again = 0, behind = 0;
    qk_time last = QK_TIME_NONE;
    for (size_t i = 0; i < n; i++) {
        const qk_uplink_state *l = &links[i];
        if (strcmp(l->upper, id) != 0) continue;
        total++;
        connected += l->connected;
        waiting += l->waiting;
        sent += l->sent;
        answered += l->answered;
        again += l->again;
        if (l->behind_bytes > behind) behind = l->behind_bytes;
        if (l->answered_at > last) last = l->answered_at;
    }
    qk_json_key(w, "links");
    qk_json_object(w);
    qk_json_ki64(w, "total", total);
    qk_json_ki64(w, "connected", connected);
    qk_json_ki64(w, "waiting", waiting);
    qk_json_ki64(w, "sent", (int64_t)sent);
    qk_json_ki64(w, "answered", (int64_t)answered);
    qk_json_ki64(w, "again", (int64_t)again);
    qk_json_ki64(w, "behind_bytes", (int64_t)behind);
    qk_json_ktime(w, "answered_at", last);
    qk_json_end(w);
}

/* The map as it was put, of a password only that there is one. */
static qk_code write_devices(qk_exchange *x, const char *mn_map, qk_error *err)
{
    qk_json_writer *w = &x->json;
    qk_json_value *map = NULL;
    QK_TRY(qk_json_parse(&map, qk_str_of(mn_map), &x->arena, err));
    qk_json_key(w, "devices");
    qk_json_object(w);
    for (const qk_json_value *e = map->first; e; e = e->next) {
        qk_str name = qk_json_get_str(e, "mn");
        qk_json_key_str(w, e->name);
        qk_json_object(w);
        qk_json_key(w, "mn");
        if (name.len)
            qk_json_str(w, name);
        else
            qk_json_null(w);
        qk_json_kbool(w, "has_password", qk_json_get_str(e, "pw").len > 0);
        qk_json_kbool(w, "control", qk_json_get_bool(e, "control", true));
        qk_json_end(w);
    }
    qk_json_end(w);
    return QK_OK;
}

static qk_code write_upper(qk_exchange *x, const qk_upper *u, const qk_uplink_state *links,
                           size_t n, qk_error *err)
{
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "id", u->id);
    qk_json_kcstr(&x->json, "address", u->address);
    qk_json_kbool(&x->json, "enabled", u->enabled);
    QK_TRY(write_devices(x, u->mn_map, err));
    write_sum(&x->json, u->id, links, n);
    qk_json_ki64(&x->json, "row_version", u->version);
    qk_json_end(&x->json);
    return QK_OK;
}

static qk_code find_upper(qk_exchange *x, qk_str id, const qk_upper **out, qk_error *err)
{
    qk_upper *uppers = NULL;
    size_t n = 0;
    *out = NULL;
    QK_TRY(qk_gateway_uppers(x->context->gateway, &x->arena, &uppers, &n, err));
    for (size_t i = 0; i < n; i++)
        if (qk_str_eq(id, qk_str_of(uppers[i].id))) *out = &uppers[i];
    return QK_OK;
}

qk_code qk_api_uppers(qk_exchange *x, qk_error *err)
{
    qk_upper *uppers = NULL;
    qk_uplink_state *links = NULL;
    size_t n = 0, count = 0;
    QK_TRY(need_gateway(x, err));
    QK_TRY(qk_gateway_uppers(x->context->gateway, &x->arena, &uppers, &n, err));
    QK_TRY(
        qk_gateway_uplinks(x->context->gateway, (qk_str){NULL, 0}, &x->arena, &links, &count, err));
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) QK_TRY(write_upper(x, &uppers[i], links, count, err));
    qk_json_end(&x->json);
    qk_json_knull(&x->json, "next");
    qk_json_ki64(&x->json, "total", (int64_t)n);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- the queues of one platform ---- */

static void write_link(qk_json_writer *w, const qk_uplink_state *l)
{
    qk_json_object(w);
    qk_json_kcstr(w, "mn", l->mn);
    qk_json_kbool(w, "connected", l->connected);
    qk_json_ki64(w, "sent", (int64_t)l->sent);
    qk_json_ki64(w, "answered", (int64_t)l->answered);
    qk_json_ki64(w, "again", (int64_t)l->again);
    qk_json_ki64(w, "waiting", l->waiting);
    qk_json_ki64(w, "behind_bytes", (int64_t)l->behind_bytes);
    qk_json_ktime(w, "answered_at", l->answered_at);
    qk_json_ktext(w, "error", l->error);
    qk_json_end(w);
}

static int compare_links(const void *a, const void *b)
{
    return strcmp(((const qk_uplink_state *)a)->mn, ((const qk_uplink_state *)b)->mn);
}

static bool wants_link(const qk_exchange *x, const qk_uplink_state *l)
{
    qk_str state = qk_query_str(x, "state");
    if (!qk_str_eq(x->args[0], qk_str_of(l->upper))) return false;
    return !state.len || qk_str_eq(state, QK_STR("connected")) == l->connected;
}

qk_code qk_api_upper_links(qk_exchange *x, qk_error *err)
{
    const qk_upper *upper = NULL;
    qk_uplink_state *links = NULL;
    size_t n = 0, total = 0, given = 0, limit = (size_t)qk_query_int(x, "limit", LINKS_DEFAULT);
    qk_str after = qk_query_str(x, "after");
    const char *next = NULL;
    QK_TRY(need_gateway(x, err));
    QK_TRY(find_upper(x, x->args[0], &upper, err));
    if (!upper) return qk_fail(err, QK_ENOTFOUND, "there is no upper platform of this id");
    QK_TRY(qk_gateway_uplinks(x->context->gateway, (qk_str){NULL, 0}, &x->arena, &links, &n, err));
    qsort(links, n, sizeof *links, compare_links);
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) {
        if (!wants_link(x, &links[i])) continue;
        total++;
        if (after.len && qk_str_cmp(qk_str_of(links[i].mn), after) <= 0) continue;
        if (given++ >= limit) continue;
        next = links[i].mn;
        write_link(&x->json, &links[i]);
    }
    qk_json_end(&x->json);
    qk_json_kcstr(&x->json, "next", given > limit ? next : NULL);
    qk_json_ki64(&x->json, "total", (int64_t)total);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- changing ---- */

typedef struct upper_change {
    qk_upper upper;
    qk_buf map;
    size_t devices;
} upper_change;

static qk_code bad_upper(qk_exchange *x, qk_error *err, const char *field, const char *why)
{
    return qk_refuse(x, err, 400, "bad_upper", field, "%s", why);
}

static qk_code read_id(qk_exchange *x, char out[QK_CODE_MAX], qk_error *err)
{
    qk_str id = x->args[0];
    bool good = id.len > 0 && id.len < QK_CODE_MAX;
    for (size_t i = 0; good && i < id.len; i++)
        good = qk_is_alpha(id.ptr[i]) || qk_is_digit(id.ptr[i]) || strchr("._-", id.ptr[i]);
    if (!good) return bad_upper(x, err, "id", "an id has 1 to 31 letters, digits, '.', '_', '-'");
    qk_str_copy(out, QK_CODE_MAX, id);
    return QK_OK;
}

static bool is_known_member(qk_str name)
{
    return qk_str_eq(name, QK_STR("mn")) || qk_str_eq(name, QK_STR("pw")) ||
           qk_str_eq(name, QK_STR("control")) || qk_str_eq(name, QK_STR("has_password"));
}

/* One entry of the table as it is kept. A password that is not sent stays as it is: it is never
 * shown, so that who changes something else cannot send it back. */
static qk_code put_entry(qk_exchange *x, qk_json_writer *w, const qk_json_value *e,
                         const qk_json_value *before, qk_error *err)
{
    if (e->type != QK_JSON_OBJECT)
        return bad_upper(x, err, "devices", "each device has an object, {} at least");
    for (const qk_json_value *m = e->first; m; m = m->next)
        if (!is_known_member(m->name))
            return bad_upper(x, err, "devices", "a device's object has mn, pw and control");
    const qk_json_value *pw = qk_json_get(e, "pw"), *mn = qk_json_get(e, "mn");
    bool named = mn && mn->type != QK_JSON_NULL, worded = pw && pw->type != QK_JSON_NULL;
    if ((named && mn->type != QK_JSON_STRING) || (worded && pw->type != QK_JSON_STRING))
        return bad_upper(x, err, "devices", "mn and pw are texts");
    qk_str kept = worded ? pw->text : qk_json_get_str(before, "pw");
    qk_json_key_str(w, e->name);
    qk_json_object(w);
    if (named && mn->text.len) qk_json_kstr(w, "mn", mn->text);
    if (kept.len) qk_json_kstr(w, "pw", kept);
    qk_json_kbool(w, "control", qk_json_get_bool(e, "control", true));
    qk_json_end(w);
    return QK_OK;
}

static qk_code make_map(qk_exchange *x, upper_change *c, const qk_json_value *devices,
                        const qk_upper *old, qk_error *err)
{
    qk_json_writer w;
    qk_json_value *before = NULL;
    if (!devices || devices->type != QK_JSON_OBJECT)
        return bad_upper(x, err, "devices", "'devices' is an object: MN, or \"*\" for all");
    if (old) QK_TRY(qk_json_parse(&before, qk_str_of(old->mn_map), &x->arena, err));
    qk_json_init(&w, &c->map);
    qk_json_object(&w);
    for (const qk_json_value *e = devices->first; e; e = e->next) {
        char name[QK_MN_MAX] = "";
        (void)qk_str_copy(name, sizeof name, e->name);
        QK_TRY(put_entry(x, &w, e, before ? qk_json_get(before, name) : NULL, err));
        c->devices++;
    }
    qk_json_end(&w);
    qk_buf_putc(&c->map, 0);
    if (c->map.failed) return qk_fail(err, c->map.failed, "the device table is too large");
    c->upper.mn_map = c->map.ptr;
    return QK_OK;
}

static qk_code read_upper(qk_exchange *x, upper_change *c, const qk_json_value *body, qk_error *err)
{
    const qk_upper *old = NULL;
    qk_upper *u = &c->upper;
    qk_str address = qk_json_get_str(body, "address");
    QK_TRY(read_id(x, u->id, err));
    if (!qk_json_get_i64(body, "row_version", &u->version) || u->version < 0)
        return qk_refuse(x, err, 400, "bad_body", "row_version",
                         "row_version must say which version was seen, 0 for a new platform");
    if (address.len == 0 || address.len >= sizeof u->address)
        return bad_upper(x, err, "address", "'address' is HOST:PORT");
    qk_str_copy(u->address, sizeof u->address, address);
    u->enabled = qk_json_get_bool(body, "enabled", true);
    QK_TRY(find_upper(x, x->args[0], &old, err));
    return make_map(x, c, qk_json_get(body, "devices"), old, err);
}

static void note_upper(qk_change_note *note, const char *what, const upper_change *c)
{
    qk_json_writer w;
    snprintf(note->what, sizeof note->what, "%s", what);
    snprintf(note->object, sizeof note->object, "upper/%s", c->upper.id);
    qk_json_init(&w, &note->detail);
    qk_json_object(&w);
    if (c->upper.address[0]) {
        qk_json_kcstr(&w, "address", c->upper.address);
        qk_json_kbool(&w, "enabled", c->upper.enabled);
        qk_json_ki64(&w, "devices", (int64_t)c->devices);
    }
    qk_json_end(&w);
}

static qk_code put_upper(qk_exchange *x, void *context, qk_change_note *note, qk_error *err)
{
    upper_change *c = context;
    const qk_upper *now = NULL;
    qk_code code = qk_gateway_put_upper(x->context->gateway, &c->upper, qk_str_of(x->who), err);
    if (code == QK_EINVAL || code == QK_EFULL) {
        x->status = code == QK_EINVAL ? 400 : 422;
        x->error_code = "bad_upper";
    }
    if (code != QK_OK) return code;
    note_upper(note, "upper.put", c);
    QK_TRY(find_upper(x, x->args[0], &now, err));
    if (!now) return qk_fail(err, QK_ENOTFOUND, "the platform is gone");
    return write_upper(x, now, NULL, 0, err);
}

qk_code qk_api_upper_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", "address", "enabled", "devices", NULL};
    const qk_json_value *body = NULL;
    upper_change c = {0};
    QK_TRY(need_gateway(x, err));
    QK_TRY(qk_exchange_body(x, members, &body, err));
    qk_buf_init(&c.map, MAP_MAX);
    qk_code code = read_upper(x, &c, body, err);
    if (code == QK_OK) code = qk_change_run_outside(x, put_upper, &c, err);
    qk_buf_clear(&c.map);
    return code;
}

static qk_code drop_upper(qk_exchange *x, void *context, qk_change_note *note, qk_error *err)
{
    const upper_change *c = context;
    const qk_upper *now = NULL;
    QK_TRY(find_upper(x, x->args[0], &now, err));
    if (!now) return qk_fail(err, QK_ENOTFOUND, "there is no upper platform of this id");
    if (c->upper.version && c->upper.version != now->version)
        return qk_fail(err, QK_ECONFLICT, "platform %s was changed by somebody else", now->id);
    QK_TRY(qk_gateway_drop_upper(x->context->gateway, x->args[0], err));
    note_upper(note, "upper.drop", c);
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "id", c->upper.id);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_upper_delete(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", NULL};
    const qk_json_value *body = NULL;
    upper_change c = {0};
    QK_TRY(need_gateway(x, err));
    QK_TRY(read_id(x, c.upper.id, err));
    if (x->body.len) {
        QK_TRY(qk_exchange_body(x, members, &body, err));
        if (!qk_json_get_i64(body, "row_version", &c.upper.version)) c.upper.version = 0;
    }
    return qk_change_run_outside(x, drop_upper, &c, err);
}
