/* SPDX-License-Identifier: Apache-2.0 */
/* Target, query and body of a request: "METHOD target\nbody". What is taken is held against what
 * the headers of the modules promise. */
#include "fuzz.h"
#include "web/exchange.h"

static bool has_dot_segment(qk_str path)
{
    while (path.ptr) {
        qk_str segment = qk_str_cut(&path, '/');
        if (qk_str_eq(segment, QK_STR("..")) || qk_str_eq(segment, QK_STR("."))) return true;
    }
    return false;
}

static void check_decoding(qk_str text)
{
    char out[4096];
    size_t len = 0;
    if (text.len > sizeof out || qk_url_decode(out, &len, text, true) != QK_OK) return;
    FUZZ_CHECK(len <= text.len);
    FUZZ_CHECK(qk_utf8_valid((qk_str){out, len}));
    for (size_t i = 0; i < len; i++) FUZZ_CHECK((unsigned char)out[i] >= 0x20 && out[i] != 0x7f);
    if (qk_path_is_plain((qk_str){out, len}))
        FUZZ_CHECK(out[0] == '/' && !has_dot_segment((qk_str){out, len}) &&
                   !memchr(out, '\\', len));
}

/* What goes out is JSON whatever came in. */
static void check_refusal(qk_exchange *x, const qk_error *err)
{
    qk_arena arena;
    qk_json_value *root = NULL;
    qk_arena_init(&arena, 1 << 20);
    qk_exchange_fail(x, err);
    FUZZ_CHECK(x->status >= 400 && x->status < 600);
    FUZZ_CHECK(qk_json_parse(&root, qk_buf_str(&x->out), &arena, NULL) == QK_OK);
    FUZZ_CHECK(qk_json_get(qk_json_get(root, "error"), "code") != NULL);
    qk_arena_clear(&arena);
}

static void ask_route(const qk_route *route, qk_str query, qk_str body)
{
    static const char *const members[] = {"now", "speed", "row_version", NULL};
    const qk_json_value *object = NULL;
    qk_exchange x;
    qk_error err = {0};
    qk_exchange_init(&x, NULL, route);
    x.body = body;
    qk_code code = qk_exchange_query(&x, query, &err);
    if (code == QK_OK) code = qk_exchange_body(&x, members, &object, &err);
    if (code == QK_OK)
        FUZZ_CHECK(object->type == QK_JSON_OBJECT);
    else
        check_refusal(&x, &err);
    qk_exchange_clear(&x);
}

static qk_method method_of(qk_str name)
{
    if (qk_str_eq(name, QK_STR("POST"))) return QK_POST;
    if (qk_str_eq(name, QK_STR("PUT"))) return QK_PUT;
    return qk_str_eq(name, QK_STR("DELETE")) ? QK_DELETE : QK_GET;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    qk_str body = {(const char *)bytes, size}, args[3] = {{0}};
    qk_str line = qk_str_cut(&body, '\n');
    qk_method method = method_of(qk_str_cut(&line, ' '));
    qk_str path = qk_str_cut(&line, '?');
    const qk_route *route = NULL;
    uint32_t allowed = 0;
    if (size == 0) return 0;
    check_decoding(path);
    qk_code code = qk_route_find(&route, args, &allowed, method, path);
    FUZZ_CHECK((code == QK_OK) == (route != NULL));
    FUZZ_CHECK(code != QK_EUNSUPPORTED || (allowed && !(allowed & method)));
    for (size_t i = 0; i < 3 && args[i].ptr; i++) {
        FUZZ_CHECK(!memchr(args[i].ptr, '/', args[i].len));
        check_decoding(args[i]);
    }
    ask_route(route ? route : &qk_routes[0], line, body);
    return 0;
}
