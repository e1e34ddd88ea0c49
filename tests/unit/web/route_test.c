/* SPDX-License-Identifier: Apache-2.0 */
#include "web/route.h"
#include "web/exchange.h"
#include "web/openapi.h"
#include "../test.h"

/* ---- finding ---- */

static const qk_route *find(qk_method method, const char *path, qk_str args[3], qk_code *code)
{
    const qk_route *route = NULL;
    uint32_t allowed = 0;
    *code = qk_route_find(&route, args, &allowed, method, qk_str_of(path));
    return *code == QK_OK ? route : NULL;
}

static void test_route__finds_by_method_and_path(void **state)
{
    (void)state;
    qk_str args[3] = {{0}};
    qk_code code;
    assert_string_equal(find(QK_GET, "/health", args, &code)->id, "getHealth");
    assert_string_equal(find(QK_GET, "/devices/MN%2F1/frames", args, &code)->id, "listFrames");
    assert_true(qk_str_eq(args[0], QK_STR("MN%2F1")));
    assert_string_equal(find(QK_PUT, "/devices/x", args, &code)->id, "changeDevice");
    assert_string_equal(find(QK_GET, "/series.csv", args, &code)->id, "getSeriesCsv");
    assert_null(find(QK_DELETE, "/devices/x", args, &code));
    assert_int_equal(code, QK_EUNSUPPORTED);
    static const char *const nowhere[] = {
        "",        "/",         "/none",  "/health/",  "/devices//frames",
        "/sites/", "/health/x", "health", "/sites/a/b"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(nowhere); i++) {
        assert_null(find(QK_GET, nowhere[i], args, &code));
        if (code != QK_ENOTFOUND) fail_msg("%s: %d", nowhere[i], code);
    }
}

static void test_route__decodes_only_sound_escapes(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out; /* NULL = refused */
        bool plus;
    } cases[] = {
        {"abc", "abc", false}, {"%41%62", "Ab", false}, {"a+b", "a+b", false},
        {"a+b", "a b", true},  {"%2B", "+", true},      {"%E5%AD%9F", "孟", true},
        {"%", NULL, false},    {"%4", NULL, false},     {"%4g", NULL, false},
        {"%00", NULL, false},  {"%0a", NULL, true},     {"%7f", NULL, true},
        {"%ff", NULL, true},   {"%C0%AF", NULL, true},  {"%ED%A0%80", NULL, true},
        {"", "", true},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        char out[64];
        size_t len = 0;
        qk_code code = qk_url_decode(out, &len, qk_str_of(cases[i].in), cases[i].plus);
        if (cases[i].out) {
            assert_int_equal(code, QK_OK);
            assert_true(qk_str_eq((qk_str){out, len}, qk_str_of(cases[i].out)));
        } else if (code != QK_EFORMAT) {
            fail_msg("%s was taken", cases[i].in);
        }
    }
}

static void test_route__traversal_is_no_plain_path(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "a",   "/..",   "/../etc/passwd", "/a/../b", "/a/.",
                                      "/./a", "//a", "/a//b", "/a\\..\\b",      "/a/..",   "/a/b/"};
    static const char *const good[] = {"/", "/a", "/a/b.js", "/...", "/a..b", "/.well-known/x"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(bad); i++)
        if (qk_path_is_plain(qk_str_of(bad[i]))) fail_msg("%s", bad[i]);
    for (size_t i = 0; i < QK_ARRAY_COUNT(good); i++)
        if (!qk_path_is_plain(qk_str_of(good[i]))) fail_msg("%s", good[i]);
}

/* ---- the table ---- */

static bool is_one_of(const char *path, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(path, *list) == 0) return true;
    return false;
}

/* What somebody unknown may change, and may not read, while an instance is being set up. */
static void test_route__changes_need_somebody_and_a_ceiling(void **state)
{
    (void)state;
    static const char *const open_changes[] = {"/demo/clock", "/demo/session", "/login", "/setup",
                                               NULL};
    static const char *const closed[] = {"/uppers",   "/uppers/{id}/links", "/accounts",
                                         "/sessions", "/people/{id}",       "/register.csv",
                                         NULL};
    /* A file that another process reads first: other changes need not wait for that. */
    static const char *const at_length[] = {"/forecast/weather/file", NULL};
    for (const qk_route *r = qk_routes; r->path; r++) {
        size_t params = 0;
        while (r->params && r->params[params].name) params++;
        assert_true(params <= QK_QUERY_PARAMS);
        assert_non_null(r->handle);
        if (r->method == QK_GET) {
            assert_int_equal(r->body_max, 0);
            if (qk_route_needs_key(r) != is_one_of(r->path, closed)) fail_msg("GET %s", r->path);
            continue;
        }
        if (r->action != QK_ACT_AIR_STUDY && !is_one_of(r->path, at_length))
            assert_int_equal(r->lane, QK_LANE_CHANGE);
        assert_true(r->body_max > 0 &&
                    r->body_max <= (qk_route_takes_file(r) ? 64u << 20 : 512u << 10));
        if (qk_route_needs_key(r) == is_one_of(r->path, open_changes)) fail_msg("%s", r->path);
    }
}

/* ---- the document ---- */

static const qk_json_value *read_document(qk_arena *arena)
{
    char *text = NULL;
    size_t len = 0;
    qk_error err = {0};
    qk_json_value *root = NULL;
    qk_arena_init(arena, 16 << 20);
    assert_ok(qk_openapi_write(&text, &len, &err));
    char *copy = qk_arena_copy(arena, text, len);
    free(text);
    if (qk_json_parse(&root, (qk_str){copy, len}, arena, &err) != QK_OK)
        fail_msg("line %u: %s", err.line, err.message);
    return root;
}

static const qk_json_value *operation_of(const qk_json_value *paths, const qk_route *r)
{
    char method[8];
    size_t n = qk_str_copy(method, sizeof method, qk_str_of(qk_method_name(r->method)));
    for (size_t i = 0; i < n; i++) method[i] = qk_to_lower(method[i]);
    return qk_json_get(qk_json_get(paths, r->path), method);
}

static bool has_parameter(const qk_json_value *operation, const char *name, const char *in)
{
    for (const qk_json_value *p = qk_json_get(operation, "parameters")->first; p; p = p->next)
        if (qk_str_eq(qk_json_get_str(p, "name"), qk_str_of(name)) &&
            qk_str_eq(qk_json_get_str(p, "in"), qk_str_of(in)))
            return true;
    return false;
}

/* The one shared parameter: Idempotency-Key. */
static bool has_parameter_ref(const qk_json_value *operation)
{
    for (const qk_json_value *p = qk_json_get(operation, "parameters")->first; p; p = p->next)
        if (qk_json_get(p, "$ref")) return true;
    return false;
}

static size_t count_operations(const qk_json_value *paths)
{
    size_t n = 0;
    for (const qk_json_value *path = paths->first; path; path = path->next) n += path->count;
    return n;
}

static void test_openapi__document_and_table_agree(void **state)
{
    (void)state;
    qk_arena arena;
    const qk_json_value *root = read_document(&arena);
    const qk_json_value *paths = qk_json_get(root, "paths");
    size_t routes = 0;
    for (const qk_route *r = qk_routes; r->path; r++, routes++) {
        const qk_json_value *operation = operation_of(paths, r);
        if (!operation) fail_msg("%s %s is missing", qk_method_name(r->method), r->path);
        assert_true(qk_str_eq(qk_json_get_str(operation, "operationId"), qk_str_of(r->id)));
        for (const qk_param *p = r->params; p && p->name; p++)
            assert_true(has_parameter(operation, p->name, "query"));
        if (strchr(r->path, '{')) {
            char name[32];
            qk_str rest = qk_str_of(strchr(r->path, '{') + 1);
            qk_str_copy(name, sizeof name, qk_str_cut(&rest, '}'));
            assert_true(has_parameter(operation, name, "path"));
        }
        assert_true((qk_json_get(operation, "requestBody") != NULL) == (r->takes != NULL));
        assert_true((qk_json_get(operation, "security") != NULL) == qk_route_needs_key(r));
        assert_true(has_parameter_ref(operation) == qk_route_is_change(r));
        assert_non_null(qk_json_get(qk_json_get(operation, "responses"), "default"));
    }
    assert_int_equal(count_operations(paths), routes);
    qk_arena_clear(&arena);
}

/* Every "$ref" leads somewhere. */
static void check_refs(const qk_json_value *root, const qk_json_value *v)
{
    for (const qk_json_value *m = v->first; m; m = m->next) {
        check_refs(root, m);
        if (!qk_str_eq(m->name, QK_STR("$ref"))) continue;
        const qk_json_value *at = root;
        qk_str rest = m->text;
        assert_true(qk_str_eq(qk_str_cut(&rest, '/'), QK_STR("#")));
        while (rest.ptr) {
            char name[64];
            qk_str_copy(name, sizeof name, qk_str_cut(&rest, '/'));
            at = qk_json_get(at, name);
        }
        if (!at) fail_msg("%.*s leads nowhere", QK_STR_ARG(m->text));
    }
}

static void test_openapi__references_lead_somewhere(void **state)
{
    (void)state;
    qk_arena arena;
    const qk_json_value *root = read_document(&arena);
    assert_true(qk_str_eq(qk_json_get_str(root, "openapi"), QK_STR("3.1.0")));
    check_refs(root, root);
    qk_arena_clear(&arena);
}

/* ---- queries by the table ---- */

static int32_t query_status(qk_exchange *x, const char *id, const char *query)
{
    qk_error err = {0};
    const qk_route *r = qk_routes;
    while (strcmp(r->id, id) != 0) r++;
    qk_exchange_init(x, NULL, r);
    if (qk_exchange_query(x, qk_str_of(query), &err) != QK_OK) qk_exchange_fail(x, &err);
    return x->status;
}

static void test_exchange__query_is_checked_by_the_table(void **state)
{
    (void)state;
    static const struct {
        const char *id, *query, *field; /* field NULL = taken */
    } cases[] = {
        {"listSites", "", NULL},
        {"listSites", "limit=5&after=x&kind=outlet", NULL},
        {"listSites", "limit=5&&", NULL},
        {"listSites", "limit=", NULL},
        {"listSites", "limit=0", "limit"},
        {"listSites", "limit=1e3", "limit"},
        {"listSites", "limit=99999999999999999999", "limit"},
        {"listSites", "limit=5&limit=6", "limit"},
        {"listSites", "unknown=1", "unknown"},
        {"listSites", "kind=%zz", "kind"},
        {"listSites", "kind=012345678901234567890123456789012", "kind"},
        {"getSeries", "mn=1&code=a&kind=minute", NULL},
        {"getSeries", "mn=1&code=a&kind=century", "kind"},
        {"getSeries", "mn=1&kind=minute", "code"},
        {"getSeries", "mn=1&code=a&kind=hour&from=2025-01-01T00:00:00", NULL},
        {"getSeries", "mn=1&code=a&kind=hour&from=2025-01-01T00:00:00%2B08:00", NULL},
        {"getSeries", "mn=1&code=a&kind=hour&from=yesterday", "from"},
        {"getSeries", "mn=1&code=a&kind=hour&from=2025-13-01", "from"},
        {"getHealth", "strict", NULL},
        {"getHealth", "strict=1", NULL},
        {"getHealth", "strict=perhaps", "strict"},
        {"search", "q=%E5%AD%9F%E5%B7%9E", NULL},
        {"search", "q='%20OR%201=1--", NULL},
        {"search", "q=%00", "q"},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        qk_exchange x;
        int32_t status = query_status(&x, cases[i].id, cases[i].query);
        if (status != (cases[i].field ? 400 : 0))
            fail_msg("%s?%s: %d", cases[i].id, cases[i].query, status);
        if (cases[i].field) assert_string_equal(x.error_field, cases[i].field);
        qk_exchange_clear(&x);
    }
}

static void test_exchange__query_gives_decoded_values(void **state)
{
    (void)state;
    qk_exchange x;
    assert_int_equal(query_status(&x, "getSeries", "mn=a+b&code=%61&kind=rtd&points=7&known_at="),
                     0);
    assert_true(qk_str_eq(qk_query_str(&x, "mn"), QK_STR("a b")));
    assert_true(qk_str_eq(qk_query_str(&x, "code"), QK_STR("a")));
    assert_int_equal(qk_query_int(&x, "points", 1), 7);
    assert_false(qk_query_given(&x, "known_at"));
    assert_true(qk_query_time(&x, "from", 12) == 12);
    qk_exchange_clear(&x);
}

/* ---- refusals ---- */

static void test_exchange__an_error_speaks_both_languages(void **state)
{
    (void)state;
    qk_exchange x;
    qk_arena arena;
    qk_json_value *root = NULL;
    qk_arena_init(&arena, 1 << 20);
    query_status(&x, "listSites", "limit=x");
    assert_ok(qk_json_parse(&root, qk_buf_str(&x.out), &arena, NULL));
    const qk_json_value *e = qk_json_get(root, "error");
    assert_true(qk_str_eq(qk_json_get_str(e, "code"), QK_STR("bad_parameter")));
    assert_true(qk_str_eq(qk_json_get_str(e, "field"), QK_STR("limit")));
    assert_true(qk_str_starts(qk_json_get_str(e, "message_zh"), QK_STR("查询参数不对")));
    assert_true(qk_json_get_str(e, "message_en").len > 0);
    assert_non_null(qk_json_get(e, "hint_zh"));
    assert_non_null(qk_json_get(e, "hint_en"));
    qk_exchange_clear(&x);
    qk_arena_clear(&arena);
}

static void test_exchange__every_error_code_has_its_status(void **state)
{
    (void)state;
    static const struct {
        qk_code code;
        int32_t status;
    } cases[] = {
        {QK_EINVAL, 400},    {QK_EFORMAT, 400},   {QK_ERANGE, 400},       {QK_EDENIED, 403},
        {QK_ENOTFOUND, 404}, {QK_ECONFLICT, 409}, {QK_EUNSUPPORTED, 422}, {QK_ENOSPC, 503},
        {QK_EFULL, 503},     {QK_ETIMEOUT, 503},  {QK_EDAMAGED, 500},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        qk_exchange x;
        qk_error err = {0};
        qk_exchange_init(&x, NULL, &qk_routes[0]);
        qk_fail(&err, cases[i].code, "so");
        qk_exchange_fail(&x, &err);
        assert_int_equal(x.status, cases[i].status);
        qk_exchange_clear(&x);
    }
}

static qk_code read_body(qk_exchange *x, const char *text)
{
    static const char *const members[] = {"a", "b", NULL};
    const qk_json_value *body = NULL;
    qk_exchange_init(x, NULL, &qk_routes[0]);
    x->body = qk_str_of(text);
    return qk_exchange_body(x, members, &body, NULL);
}

static void test_exchange__a_body_is_an_object_of_known_members(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"{}", true},
        {"{\"a\":1,\"b\":null}", true},
        {"", false},
        {"[]", false},
        {"{\"a\":1}x", false},
        {"{\"c\":1}", false},
        {"{\"a\":1,\"a\":2}", false},
        {"{\"a\":", false},
        {"null", false},
        {"{\"a\":01}", false},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        qk_exchange x;
        qk_code code = read_body(&x, cases[i].text);
        if ((code == QK_OK) != cases[i].good) fail_msg("%s", cases[i].text);
        if (code != QK_OK) assert_int_equal(x.status, 400);
        qk_exchange_clear(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_route__finds_by_method_and_path),
        cmocka_unit_test(test_route__decodes_only_sound_escapes),
        cmocka_unit_test(test_route__traversal_is_no_plain_path),
        cmocka_unit_test(test_route__changes_need_somebody_and_a_ceiling),
        cmocka_unit_test(test_openapi__document_and_table_agree),
        cmocka_unit_test(test_openapi__references_lead_somewhere),
        cmocka_unit_test(test_exchange__query_is_checked_by_the_table),
        cmocka_unit_test(test_exchange__query_gives_decoded_values),
        cmocka_unit_test(test_exchange__an_error_speaks_both_languages),
        cmocka_unit_test(test_exchange__every_error_code_has_its_status),
        cmocka_unit_test(test_exchange__a_body_is_an_object_of_known_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
