/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_WEB_RIG_H
#define QK_TESTS_WEB_RIG_H
/* An instance with its web server on a port of its own, a small county in it, and a plain HTTP
 * client on sockets: what is sent and received is bytes. */
#include "../domain/domain_test.h"
#include "base/json.h"
#include "domain/node.h"
#include "hj212/hj212.h"
#include "web/server.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#define RIG_NOW "2026-11-22T10:05:00"

static const char rig_county[] =
    "{\"place\":{\"name_zh\":\"青泽县\",\"name_en\":\"Qingze\",\"center\":[112.5,35.1],"
    "\"map_approval\":\"审图号 0\"},"
    "\"divisions\":[{\"code\":\"410000\",\"kind\":\"county\",\"name_zh\":\"青泽县\",\"name_en\":"
    "\"Qingze\",\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[112,35],[113,35],[113,36],"
    "[112,35]]]}},{\"code\":\"410001\",\"parent\":\"410000\",\"kind\":\"township\",\"name_zh\":"
    "\"东河镇\",\"name_en\":\"Donghe\"}],"
    "\"sites\":[{\"id\":\"air1\",\"kind\":\"air_national\",\"name_zh\":\"东河站\",\"name_en\":"
    "\"Donghe Station\",\"division\":\"410001\",\"lon\":112.5,\"lat\":35.2},"
    "{\"id\":\"road1\",\"kind\":\"air_road\",\"name_zh\":\"路站\",\"name_en\":\"Road\"},"
    "{\"id\":\"outlet1\",\"kind\":\"outlet\",\"name_zh\":\"一号排口\",\"name_en\":\"Outlet 1\","
    "\"division\":\"410001\",\"owner_zh\":\"=青泽水泥\",\"lon\":112.6,\"lat\":35.3}],"
    "\"devices\":[{\"mn\":\"AIR0000000000001\",\"site\":\"air1\",\"st\":\"22\",\"sends_hours\":"
    "true},{\"mn\":\"ROAD000000000001\",\"site\":\"road1\",\"st\":\"22\",\"sends_hours\":true},"
    "{\"mn\":\"88880000000000000000001\",\"site\":\"outlet1\",\"st\":\"31\",\"pw\":\"123456\","
    "\"min_interval_min\":1,\"rtd_interval_s\":30,\"sends_hours\":true}],"
    "\"factors\":["
    "{\"mn\":\"AIR0000000000001\",\"code\":\"a21026\",\"item\":\"SO2\",\"unit\":\"ug/m3\"},"
    "{\"mn\":\"AIR0000000000001\",\"code\":\"a21004\",\"item\":\"NO2\",\"unit\":\"ug/m3\"},"
    "{\"mn\":\"AIR0000000000001\",\"code\":\"a21005\",\"item\":\"CO\",\"unit\":\"mg/m3\"},"
    "{\"mn\":\"AIR0000000000001\",\"code\":\"a05024\",\"item\":\"O3\",\"unit\":\"ug/m3\"},"
    "{\"mn\":\"AIR0000000000001\",\"code\":\"a34002\",\"item\":\"PM10\",\"unit\":\"ug/m3\"},"
    "{\"mn\":\"AIR0000000000001\",\"code\":\"a34004\",\"item\":\"PM2.5\",\"unit\":\"mg/m3\","
    "\"scale\":1000},"
    "{\"mn\":\"ROAD000000000001\",\"code\":\"a34004\",\"item\":\"PM2.5\",\"unit\":\"ug/m3\"},"
    "{\"mn\":\"88880000000000000000001\",\"code\":\"a21026\",\"limit\":35},"
    "{\"mn\":\"88880000000000000000001\",\"code\":\"a34013\",\"unit\":\"=mg/m3\"}]}";

typedef struct rig {
    qk_node *node;
    qk_gateway *gateway; /* NULL = none */
    qk_web *web;
    char key[80], admin[80];
    qk_arena arena;
} rig;

static inline qk_code rig_import(void *context, qk_node *node, qk_db *db, qk_time now,
                                 qk_error *err)
{
    (void)db;
    return qk_registry_import(qk_node_registry(node), qk_str_of(context), QK_STR("test"), now, err);
}

static inline void rig_read_key(char out[80], const char *path)
{
    size_t len = 0;
    char *text = qk_test_slurp(qk_test_path(path), &len);
    memcpy(out, text, 64);
    out[64] = 0;
    free(text);
}

/* options may be NULL; with_gateway: devices can connect. */
static inline void rig_open(rig *r, const char *clock, const qk_web_options *options,
                            bool with_gateway)
{
    qk_error err = {0};
    char county[sizeof rig_county];
    memset(r, 0, sizeof *r);
    memcpy(county, rig_county, sizeof county);
    qk_node_options node = {.data_dir = qk_test_path("data"), .clock_text = clock, .demo = true};
    assert_done(qk_node_open(&r->node, &node, &err), &err);
    assert_done(qk_node_call(r->node, rig_import, county, &err), &err);
    qk_web_options web = options ? *options : (qk_web_options){0};
    if (!web.listen) web.listen = "127.0.0.1:0";
    qk_gateway_options gateway = {.listen = "127.0.0.1:0"};
    if (with_gateway) assert_done(qk_gateway_start(&r->gateway, r->node, &gateway, &err), &err);
    assert_done(qk_web_start(&r->web, r->node, r->gateway, &web, &err), &err);
    rig_read_key(r->key, "data/operator.key");
    rig_read_key(r->admin, "data/admin.key");
    qk_arena_init(&r->arena, 256 << 20);
}

static inline void rig_start(rig *r, const char *clock, const qk_web_options *options)
{
    rig_open(r, clock, options, false);
}

static inline void rig_stop(rig *r)
{
    qk_web_stop(r->web);
    qk_gateway_stop(r->gateway);
    qk_node_close(r->node);
    qk_arena_clear(&r->arena);
}

/* ---- frames ---- */

static inline void rig_record(rig *r, qk_journal_kind kind, uint8_t flags, const char *bytes,
                              size_t len)
{
    qk_jpos end;
    qk_error err = {0};
    assert_done(qk_node_append(r->node, &end, kind, flags, 7, qk_clock_now(qk_node_clock(r->node)),
                               bytes, len, &err),
                &err);
}

/* A frame with this segment, journalled as taken. */
static inline void rig_frame(rig *r, const char *segment)
{
    char frame[QK_HJ212_FRAME_MAX];
    size_t len = qk_hj212_encode_segment(frame, sizeof frame, qk_hj212_text_of(segment),
                                         QK_HJ212_CRC_STANDARD);
    assert_true(len > 0);
    rig_record(r, QK_JOURNAL_FRAME, 0, frame, len);
}

static inline void rig_settle(rig *r)
{
    qk_error err = {0};
    assert_done(qk_journal_sync(qk_node_journal(r->node), 5000, &err), &err);
    qk_node_wake(r->node);
    assert_done(qk_node_settle(r->node, 10000, &err), &err);
}

/* ---- the client ---- */

typedef struct reply {
    int status;       /* 0 = no answer */
    const char *head; /* NUL-terminated */
    char *body;
    size_t len;
    bool closed; /* the server ended the connection */
} reply;

static inline int rig_connect(const rig *r)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(qk_web_port(r->web)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_ok(connect(fd, (struct sockaddr *)&a, sizeof a));
    return fd;
}

static inline void rig_write(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return; /* cut by the server: what it answered is still to be read */
        bytes += n;
        len -= (size_t)n;
    }
}

/* Reads until the end or until nothing came for quiet_ms. */
static inline bool rig_read(int fd, qk_buf *out, int quiet_ms)
{
    for (;;) {
        char part[65536];
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, quiet_ms) != 1) return false;
        ssize_t n = recv(fd, part, sizeof part, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return true;
        qk_buf_append(out, part, (size_t)n);
    }
}

/* Takes chunks apart in place. */
static inline size_t rig_dechunk(char *body, size_t len)
{
    size_t in = 0, out = 0;
    while (in < len) {
        char *end = NULL;
        size_t n = strtoul(body + in, &end, 16);
        in = (size_t)(end - body) + 2;
        if (n == 0 || in + n > len) break;
        memmove(body + out, body + in, n);
        out += n;
        in += n + 2;
    }
    body[out] = 0;
    return out;
}

static inline void rig_parse(rig *r, reply *out, const qk_buf *got, bool closed)
{
    *out = (reply){.closed = closed, .head = "", .body = qk_arena_copy(&r->arena, "", 0)};
    if (got->len < 12 || memcmp(got->ptr, "HTTP/1.1 ", 9) != 0) return;
    char *text = qk_arena_copy(&r->arena, got->ptr, got->len);
    char *body = strstr(text, "\r\n\r\n");
    out->status = atoi(text + 9);
    if (!body) return;
    body[2] = 0;
    out->head = text;
    out->body = body + 4;
    out->len = got->len - (size_t)(out->body - text);
    if (strcasestr(text, "transfer-encoding: chunked")) out->len = rig_dechunk(out->body, out->len);
}

static inline void rig_send(rig *r, reply *out, const char *bytes, size_t len, int quiet_ms)
{
    qk_buf got;
    qk_buf_init(&got, 256 << 20);
    int fd = rig_connect(r);
    rig_write(fd, bytes, len);
    bool closed = rig_read(fd, &got, quiet_ms);
    close(fd);
    rig_parse(r, out, &got, closed);
    qk_buf_clear(&got);
}

/* One request on a connection of its own. headers: further lines, each with CR LF; body NULL =
 * none. */
static inline reply rig_ask(rig *r, const char *method, const char *path, const char *headers,
                            const char *body)
{
    qk_buf text;
    reply out;
    qk_buf_init(&text, 16 << 20);
    qk_buf_printf(&text, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%s", method,
                  path, headers ? headers : "");
    if (body)
        qk_buf_printf(&text, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                      strlen(body));
    qk_buf_puts(&text, "\r\n");
    if (body) qk_buf_puts(&text, body);
    rig_send(r, &out, text.ptr, text.len, 10000);
    qk_buf_clear(&text);
    return out;
}

static inline reply rig_get(rig *r, const char *path)
{
    return rig_ask(r, "GET", path, NULL, NULL);
}

/* A change with the operator key. */
static inline reply rig_change_as(rig *r, const char *key, const char *method, const char *path,
                                  const char *body, const char *idempotency_key)
{
    char headers[300];
    snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\nIdempotency-Key: %s\r\n", key,
             idempotency_key);
    return rig_ask(r, method, path, headers, body);
}

static inline reply rig_change(rig *r, const char *method, const char *path, const char *body,
                               const char *idempotency_key)
{
    return rig_change_as(r, r->key, method, path, body, idempotency_key);
}

static inline const qk_json_value *rig_json(rig *r, const reply *got)
{
    qk_json_value *root = NULL;
    qk_error err = {0};
    if (qk_json_parse(&root, (qk_str){got->body, got->len}, &r->arena, &err) != QK_OK)
        fail_msg("%s in: %.200s", err.message, got->body);
    return root;
}

/* The document of a GET that must succeed. */
static inline const qk_json_value *rig_document(rig *r, const char *path)
{
    reply got = rig_get(r, path);
    if (got.status != 200) fail_msg("%s: %d %.300s", path, got.status, got.body);
    return rig_json(r, &got);
}

static inline bool rig_header(const reply *got, const char *name, const char *value)
{
    char line[600];
    snprintf(line, sizeof line, "\r\n%s: %s\r\n", name, value);
    return strcasestr(got->head, line) != NULL;
}

/* "a/b/0/c" inside a document; NULL when it is not there. */
static inline const qk_json_value *rig_at(const qk_json_value *v, const char *path)
{
    qk_str rest = qk_str_of(path);
    while (v && rest.ptr) {
        char name[64];
        qk_str_copy(name, sizeof name, qk_str_cut(&rest, '/'));
        if (v->type == QK_JSON_ARRAY) {
            long n = atol(name);
            for (v = v->first; v && n > 0; n--) v = v->next;
        } else {
            v = qk_json_get(v, name);
        }
    }
    return v;
}

static inline bool rig_is(const qk_json_value *v, const char *path, const char *text)
{
    const qk_json_value *at = rig_at(v, path);
    if (!at) return strcmp(text, "absent") == 0;
    if (at->type == QK_JSON_NULL) return strcmp(text, "null") == 0;
    if (at->type == QK_JSON_TRUE) return strcmp(text, "true") == 0;
    if (at->type == QK_JSON_FALSE) return strcmp(text, "false") == 0;
    return qk_str_eq(at->text, qk_str_of(text));
}

#define assert_json(document, where, want)                                                        \
    do {                                                                                          \
        if (!rig_is(document, where, want)) {                                                     \
            const qk_json_value *found = rig_at(document, where);                                 \
            fail_msg("%s is '%.*s' (type %d), not '%s'", where, found ? (int)found->text.len : 0, \
                     found ? found->text.ptr : "", found ? (int)found->type : -1, want);          \
        }                                                                                         \
    } while (0)

/* A file as a body, with the operator's key. */
static inline reply rig_upload(rig *r, const char *path, const char *type, qk_str file,
                               const char *idempotency_key)
{
    qk_buf text;
    reply out;
    qk_buf_init(&text, 80 << 20);
    qk_buf_printf(&text,
                  "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: "
                  "Bearer %s\r\nIdempotency-Key: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                  "\r\n",
                  path, r->key, idempotency_key, type, file.len);
    qk_buf_put_str(&text, file);
    rig_send(r, &out, text.ptr, text.len, 30000);
    qk_buf_clear(&text);
    return out;
}
#endif
