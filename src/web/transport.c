/* SPDX-License-Identifier: Apache-2.0 */
/* A request on the wire:
 *
 *   NEW ──head read──▶ guard, route, rights ──refused──▶ ANSWERED, connection closed
 *                          │
 *                         BODY ──complete──▶ LANE_HERE: answered at once
 *                                            else RUNNING (suspended) ──worker done──▶ ANSWERED
 */
#include "web/admit.h"
#include "web/server_private.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>

enum { API_PREFIX = sizeof "/api/v1" - 1 };

/* ---- life of a request ---- */

static void drop_exchange(qk_request_state *r)
{
    if (!r->x) return;
    qk_exchange_clear(r->x);
    free(r->x);
    r->x = NULL;
}

/* The request under way on a link, if there is one. */
static void drop_request(qk_link *link)
{
    qk_request_state *r = link ? link->request : NULL;
    if (!r) return;
    link->request = NULL;
    qk_follower_close(r->follower);
    drop_exchange(r);
    free(r->body);
    free(r);
}

/* The library tells the end of a request only when its handler was called; one whose head it could
 * not hold (a query of a thousand '&') ends unheard. The link keeps the request, so that it goes
 * with the next one or with the connection. */
void *qk_web_on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    qk_link *link = info ? info->socket_context : NULL;
    drop_request(link);
    qk_request_state *r = link ? calloc(1, sizeof *r) : NULL;
    if (!r) return NULL;
    r->web = cls;
    r->connection = connection;
    r->link = link;
    link->request = r;
    r->target_len = strlen(target);
    r->target_too_long = r->target_len > QK_TARGET_MAX;
    if (!r->target_too_long) memcpy(r->target, target, r->target_len + 1);
    return r;
}

static void set_deadline(const qk_request_state *r, uint32_t seconds)
{
    qk_link_deadline(r->link, seconds ? qk_monotonic_ms() + seconds * 1000LL : INT64_MAX);
}

void qk_web_on_completed(void *cls, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how)
{
    qk_request_state *r = *state;
    (void)cls, (void)connection, (void)how;
    *state = NULL;
    if (!r) return;
    set_deadline(r, QK_IDLE_TIMES * r->web->options.request_s);
    drop_request(r->link);
}

/* ---- connections ---- */

static void print_address(char out[48], const struct sockaddr *address)
{
    const void *bytes = NULL;
    out[0] = 0;
    if (address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if (address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (bytes && !inet_ntop(address->sa_family, bytes, out, 48)) out[0] = 0;
}

enum MHD_Result qk_web_on_accept(void *cls, const struct sockaddr *address, socklen_t len)
{
    qk_web *web = cls;
    char text[48];
    (void)len;
    print_address(text, address);
    return !web->stopping && qk_links_admits(web->links, qk_str_of(text)) ? MHD_YES : MHD_NO;
}

void qk_web_on_connection(void *cls, struct MHD_Connection *connection, void **link,
                          enum MHD_ConnectionNotificationCode what)
{
    qk_web *web = cls;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        drop_request(*link);
        qk_link_close(*link);
        *link = NULL;
        return;
    }
    char address[48] = "";
    const union MHD_ConnectionInfo *peer =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (peer && peer->client_addr) print_address(address, peer->client_addr);
    *link = fd ? qk_link_open(web->links, fd->connect_fd, qk_str_of(address),
                              qk_monotonic_ms() + web->options.request_s * 1000LL)
               : NULL;
}

/* ---- reading the head ---- */

static enum MHD_Result take_line(void *cls, enum MHD_ValueKind kind, const char *name,
                                 size_t name_len, const char *value, size_t value_len)
{
    qk_head *head = cls;
    (void)kind;
    if (head->count < QK_HEAD_LINES)
        head->line[head->count] =
            (qk_head_line){{name, name_len}, {value ? value : "", value ? value_len : 0}};
    head->count++;
    return MHD_YES;
}

static void copy_header(char *out, size_t size, const qk_head *head, const char *name)
{
    qk_str value = qk_head_get(head, name);
    out[0] = 0;
    if (value.len < size) qk_str_copy(out, size, value);
}

/* Behind our own proxy the client's address is what the proxy says; nobody else is believed. */
static void find_address(const qk_request_state *r, const qk_head *head, char out[48])
{
    struct in6_addr six;
    struct in_addr four;
    copy_header(out, 48, head, "X-Real-IP");
    bool good = inet_pton(AF_INET, out, &four) == 1 || inet_pton(AF_INET6, out, &six) == 1;
    if (good && r->link->loopback) return;
    qk_str_copy(out, 48, qk_str_of(r->link->address));
}

static qk_str path_of(const qk_request_state *r, qk_str *query)
{
    qk_str rest = {r->target, r->target_len};
    qk_str path = qk_str_cut(&rest, '?');
    *query = rest;
    return path;
}

static enum MHD_Result refuse(qk_request_state *r, int32_t status, const char *code,
                              const char *detail)
{
    r->close = true;
    set_deadline(r, QK_ANSWER_S);
    return qk_web_send_refusal(r, status, code, detail);
}

static enum MHD_Result refuse_guarded(qk_request_state *r, const qk_guard_result *g)
{
    r->web->context.counts.guard++;
    qk_log_limited(r->web->context.log, QK_LOG_INFO, "web", qk_hash(g->reason, strlen(g->reason)),
                   "refused a request from %s: %s", r->link->address, g->reason);
    const char *code = g->status == 411   ? "length_needed"
                       : g->status == 417 ? "expectation"
                       : g->status == 431 ? "headers"
                       : g->status == 505 ? "version"
                       : g->status == 501 ? "method"
                                          : "bad_request";
    return refuse(r, g->status, code, g->reason);
}

/* ---- routes and rights ---- */

static qk_code decode_args(qk_exchange *x)
{
    for (size_t i = 0; i < QK_PATH_ARGS && x->args[i].ptr; i++) {
        char *text = qk_arena_alloc(&x->arena, x->args[i].len + 1);
        size_t len = 0;
        if (!text) return QK_ENOMEM;
        if (qk_url_decode(text, &len, x->args[i], false) != QK_OK) return QK_EFORMAT;
        x->args[i] = (qk_str){text, len};
    }
    return QK_OK;
}

static bool takes_media(const qk_route *route, qk_str media)
{
    if (!qk_route_takes_file(route)) return qk_str_eq_nocase(media, QK_STR("application/json"));
    for (qk_str rest = qk_str_of(route->takes); rest.ptr;)
        if (qk_str_eq_nocase(media, qk_str_cut(&rest, ' '))) return true;
    return false;
}

/* The form that a change must have. */
static qk_verdict judge_form(qk_request_state *r, const qk_head *head, int64_t body_len)
{
    qk_exchange *x = r->x;
    if (x->method == QK_GET) return (qk_verdict){0};
    if (body_len > x->route->body_max) return (qk_verdict){413, "too_large"};
    qk_str key = qk_head_get(head, "Idempotency-Key");
    if (qk_route_is_change(x->route) && (key.len == 0 || key.len > 128))
        return (qk_verdict){400, "no_idempotency_key"};
    qk_str type = qk_head_get(head, "Content-Type");
    qk_str media = qk_str_trim(qk_str_cut(&type, ';'));
    if (body_len > 0 && !takes_media(x->route, media)) return (qk_verdict){415, "media_type"};
    char *copy = qk_arena_copy(&x->arena, key.ptr ? key.ptr : "", key.len);
    if (!copy) return (qk_verdict){503, "no_memory"};
    x->idempotency_key = (qk_str){copy, key.len};
    return (qk_verdict){0};
}

static enum MHD_Result refuse_method(qk_request_state *r, uint32_t allowed)
{
    char text[64];
    size_t n = 0;
    text[0] = 0;
    for (uint32_t bit = 1; bit <= QK_DELETE; bit <<= 1)
        if (allowed & bit)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? ", " : "",
                                  qk_method_name((qk_method)bit));
    return refuse(r, 405, "method", text);
}

static qk_method method_of(const char *text)
{
    if (strcmp(text, "POST") == 0) return QK_POST;
    if (strcmp(text, "PUT") == 0) return QK_PUT;
    return strcmp(text, "DELETE") == 0 ? QK_DELETE : QK_GET;
}

static enum MHD_Result begin_route(qk_request_state *r, const qk_head *head,
                                   const qk_guard_result *g)
{
    qk_str query = {0}, args[QK_PATH_ARGS] = {{0}};
    qk_str path = path_of(r, &query);
    const qk_route *route = NULL;
    uint32_t allowed = 0;
    path.ptr += API_PREFIX;
    path.len -= API_PREFIX;
    qk_code code = qk_route_find(&route, args, &allowed, method_of(head->method), path);
    if (code == QK_EUNSUPPORTED) return refuse_method(r, allowed);
    if (code != QK_OK) return refuse(r, 404, "no_route", "");
    r->x = calloc(1, sizeof *r->x);
    if (!r->x) return MHD_NO;
    qk_exchange_init(r->x, &r->web->context, route);
    memcpy(r->x->args, args, sizeof args);
    find_address(r, head, r->x->address);
    qk_verdict v = qk_admit(r->x, head, g->host, r->link->loopback);
    if (!v.status) v = judge_form(r, head, g->body_len);
    if (v.status) return refuse(r, v.status, v.code, "");
    qk_error err = {0};
    if (decode_args(r->x) != QK_OK) return refuse(r, 400, "bad_path", "");
    if (qk_exchange_query(r->x, query, &err) != QK_OK) {
        qk_exchange_fail(r->x, &err);
        r->close = g->body_len > 0;
        return qk_web_send(r);
    }
    r->body_max = (size_t)g->body_len;
    if (r->body_max && !(r->body = malloc(r->body_max))) return MHD_NO;
    r->x->takes_gzip = qk_gzip_accepted(qk_head_get(head, "Accept-Encoding"));
    copy_header(r->x->if_none_match, sizeof r->x->if_none_match, head, "If-None-Match");
    r->stage = QK_STAGE_BODY;
    return MHD_YES;
}

static enum MHD_Result begin_page(qk_request_state *r, const qk_head *head)
{
    char path[QK_TARGET_MAX + 1];
    size_t len = 0;
    qk_str query = {0};
    qk_str raw = path_of(r, &query);
    if (method_of(head->method) != QK_GET) return refuse_method(r, QK_GET);
    if (qk_url_decode(path, &len, raw, false) != QK_OK || !qk_path_is_plain((qk_str){path, len}))
        return refuse(r, 400, "bad_path", "");
    copy_header(r->if_none_match, sizeof r->if_none_match, head, "If-None-Match");
    r->gzip = qk_gzip_accepted(qk_head_get(head, "Accept-Encoding"));
    set_deadline(r, QK_ANSWER_S);
    return qk_web_send_asset(r, (qk_str){path, len});
}

/* A file takes its time on a slow line: a second for each 256 KiB beyond the first. */
static uint32_t large_s(int64_t body_len)
{
    return (uint32_t)(body_len >> 18);
}

static enum MHD_Result begin_request(qk_request_state *r, const char *method, const char *url,
                                     const char *version)
{
    qk_head head = {.method = method, .url = url, .url_len = r->target_len, .version = version};
    if (MHD_get_connection_values_n(r->connection, MHD_HEADER_KIND, take_line, &head) < 0)
        return MHD_NO;
    if (r->target_too_long) return refuse(r, 414, "too_long", "");
    r->head = strcmp(method, "HEAD") == 0;
    qk_guard_result g = qk_guard_check(&head, (qk_str){r->target, r->target_len});
    if (!g.status && !r->web->close_always && !qk_guard_layout(&head))
        g = (qk_guard_result){.status = 400, .reason = "line_ends"};
    if (g.status) return refuse_guarded(r, &g);
    r->close = g.close;
    if (g.body_len > 0) set_deadline(r, r->web->options.request_s + large_s(g.body_len));
    qk_str query, path = path_of(r, &query);
    if (qk_str_starts(path, QK_STR("/api/v1/"))) return begin_route(r, &head, &g);
    if (qk_str_starts(path, QK_STR("/api"))) return refuse(r, 404, "no_route", "");
    return begin_page(r, &head);
}

/* ---- the body and the answer ---- */

static enum MHD_Result take_body(qk_request_state *r, const char *bytes, size_t *len)
{
    if (*len > r->body_max - r->body_len) return MHD_NO;
    memcpy(r->body + r->body_len, bytes, *len);
    r->body_len += *len;
    *len = 0;
    return MHD_YES;
}

void qk_web_resume(qk_request_state *r)
{
    qk_web *web = r->web;
    MHD_resume_connection(r->connection);
    web->suspended--;
}

static void make_part(qk_request_state *r)
{
    qk_exchange *x = r->x;
    qk_error err = {0};
    qk_buf_reset(&x->out);
    r->sent = 0;
    r->failed = x->more(x, &err) != QK_OK || x->out.failed;
    r->ended = x->out.len == 0;
    if (!r->failed) r->failed = qk_exchange_pack_part(x, r->ended) != QK_OK;
    if (r->failed) qk_buf_reset(&x->out);
}

/* In a worker: the answer, or the next part of it. */
void qk_web_run_job(void *job, void *tools)
{
    qk_request_state *r = job;
    qk_exchange *x = r->x;
    int64_t start = qk_monotonic_ns();
    x->tools = tools;
    if (r->stage == QK_STAGE_RUNNING) {
        qk_exchange_run(x);
        qk_exchange_pack(x);
    } else {
        make_part(r);
    }
    x->tools = NULL;
    r->web->context.counts.run_us += (uint64_t)((qk_monotonic_ns() - start) / 1000);
    qk_web_resume(r);
}

static void answer_busy(qk_request_state *r)
{
    qk_error err = {0};
    qk_fail(&err, QK_EFULL, "%s", "");
    qk_exchange_fail(r->x, &err);
}

static void mark_follower(qk_request_state *r)
{
    const char *session = r->x->actor.session;
    qk_follower_mark(r->follower, session[0] ? qk_hash(session, strlen(session)) : 0);
}

/* Whose rows alone are told; NULL for who sees all of them. */
static const qk_actor *rows_of(const qk_exchange *x)
{
    bool all = qk_rights_scope(x, QK_ACT_VIEW) == QK_SCOPE_ALL &&
               qk_rights_scope(x, QK_ACT_DEVICE_VIEW) == QK_SCOPE_ALL;
    return all ? NULL : &x->actor;
}

static enum MHD_Result open_follower(qk_request_state *r)
{
    qk_exchange *x = r->x;
    const char *sent = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Last-Event-ID");
    qk_str last = sent ? qk_str_of(sent) : qk_query_str(x, "after");
    qk_exchange_run(x);
    if (x->status != 200) return qk_web_send(r);
    set_deadline(r, 0);
    if (!r->head && qk_follower_open(&r->follower, r->web->context.followers, r->connection, last,
                                     qk_buf_str(&x->out), rows_of(x)) != QK_OK)
        return refuse(r, 503, "too_many_followers", "");
    if (r->follower) mark_follower(r);
    drop_exchange(r);
    return qk_web_send_follower(r);
}

static enum MHD_Result run_request(qk_request_state *r)
{
    qk_exchange *x = r->x;
    x->body = (qk_str){r->body, r->body_len};
    set_deadline(r, QK_ANSWER_S);
    if (strcmp(x->route->gives, "text/event-stream") == 0) return open_follower(r);
    if (x->route->lane == QK_LANE_HERE) {
        qk_exchange_run(x);
        return qk_web_send(r);
    }
    qk_workers *lane = x->route->lane == QK_LANE_READ    ? r->web->readers
                       : x->route->lane == QK_LANE_STUDY ? r->web->students
                                                         : r->web->changers;
    r->stage = QK_STAGE_RUNNING;
    r->web->suspended++;
    MHD_suspend_connection(r->connection);
    if (qk_workers_submit(lane, r) != QK_OK) {
        answer_busy(r);
        qk_web_resume(r);
    }
    return MHD_YES;
}

enum MHD_Result qk_web_on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    qk_request_state *r = *state;
    (void)cls, (void)connection;
    if (!r) return MHD_NO;
    switch (r->stage) {
    case QK_STAGE_NEW: return begin_request(r, method, url, version);
    case QK_STAGE_BODY:
        if (*upload_size) return take_body(r, upload, upload_size);
        return run_request(r);
    case QK_STAGE_RUNNING: return qk_web_send(r);
    case QK_STAGE_ANSWERED: break;
    }
    return MHD_NO;
}
