/* SPDX-License-Identifier: Apache-2.0 */
/* docs/api.md against the table of routes and the schemas: what the page for people leaves out, or
 * still tells, fails here. */
#include "../test.h"
#include "base/file.h"
#include "base/json.h"
#include "web/page.h"
#include "web/route.h"

/* Without this header every client behind the proxy is one: a guesser would hold all off. */
static void test_docs__the_proxy_tells_who_asks(void **state)
{
    (void)state;
    char path[600];
    qk_buf text;
    qk_error err = {0};
    const char *root = getenv("QK_SOURCE_ROOT");
    if (!root) skip();
    snprintf(path, sizeof path, "%s/packaging/nginx/qingkong.conf", root);
    qk_buf_init(&text, 1 << 20);
    if (qk_file_read(&text, path, &err) != QK_OK) fail_msg("%s: %s", path, err.message);
    assert_non_null(strstr(text.ptr, "proxy_set_header   X-Real-IP $remote_addr;"));
    qk_buf_clear(&text);
}

typedef struct page {
    qk_buf text;
    qk_arena arena;
} page;

static bool open_page(page *p)
{
    char path[600];
    qk_error err = {0};
    const char *root = getenv("QK_SOURCE_ROOT");
    if (!root) {
        print_message("QK_SOURCE_ROOT is not set: docs/api.md cannot be read\n");
        return false;
    }
    snprintf(path, sizeof path, "%s/docs/api.md", root);
    qk_buf_init(&p->text, 4 << 20);
    qk_arena_init(&p->arena, 16 << 20);
    if (qk_file_read(&p->text, path, &err) != QK_OK) fail_msg("%s: %s", path, err.message);
    return true;
}

static void close_page(page *p)
{
    qk_buf_clear(&p->text);
    qk_arena_clear(&p->arena);
}

/* What stands under a heading, to the next one of the same or a higher rank. */
static char *section_of(page *p, const char *heading)
{
    char line[200];
    int rank = (int)strspn(heading, "#");
    snprintf(line, sizeof line, "\n%s\n", heading);
    char *at = strstr(p->text.ptr, line);
    if (!at) fail_msg("docs/api.md has no heading '%s'", heading);
    if (strstr(at + 1, line)) fail_msg("docs/api.md has '%s' twice", heading);
    char *begin = at + strlen(line), *end = begin;
    while ((end = strstr(end, "\n#")) && (int)strspn(end + 1, "#") > rank) end++;
    return qk_arena_copy(&p->arena, begin, end ? (size_t)(end - begin) : strlen(begin));
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, what)); at++) n++;
    return n;
}

static void needs(const char *section, const char *heading, const char *before, const char *word,
                  const char *after)
{
    char text[300];
    int n = snprintf(text, sizeof text, "%s%s%s", before, word, after);
    assert_true(n > 0 && (size_t)n < sizeof text);
    if (!strstr(section, text)) fail_msg("docs/api.md: '%s' does not say %s", heading, text);
}

static void needs_link(const char *section, const char *heading, const char *schema)
{
    char lower[64], text[200];
    size_t n = qk_str_copy(lower, sizeof lower, qk_str_of(schema));
    for (size_t i = 0; i < n; i++) lower[i] = qk_to_lower(lower[i]);
    snprintf(text, sizeof text, "[`%s`](#%s)", schema, lower);
    needs(section, heading, "", text, "");
}

/* The example asks for this very route. */
static void check_example(const char *section, const qk_route *route)
{
    static const char prefix[] = "http://127.0.0.1:8080/api/v1";
    const char *curl = strstr(section, "```\ncurl "), *url = curl ? strstr(curl, prefix) : NULL;
    if (!url) fail_msg("%s has no curl example", route->id);
    url += sizeof prefix - 1;
    qk_method method = QK_GET;
    if (strstr(curl, "-X PUT ")) method = QK_PUT;
    if (strstr(curl, "-X POST ")) method = QK_POST;
    if (strstr(curl, "-X DELETE ")) method = QK_DELETE;
    const qk_route *found = NULL;
    qk_str args[3] = {{0}};
    uint32_t allowed = 0;
    qk_str path = {url, strcspn(url, "?' \n")};
    if (qk_route_find(&found, args, &allowed, method, path) != QK_OK || found != route)
        fail_msg("the example of %s asks for %.*s", route->id, QK_STR_ARG(path));
    bool key = strstr(curl, "operator.key") || strstr(curl, "admin.key");
    bool session = strstr(curl, "-b cookies");
    assert_int_equal(key || session, qk_route_needs_key(route));
    if (key && !qk_rights_role_scope(QK_R_OPERATOR, route->action))
        assert_non_null(strstr(curl, "admin.key"));
}

static void test_docs__every_route_stands_in_the_reference(void **state)
{
    (void)state;
    page p;
    size_t routes = 0;
    if (!open_page(&p)) skip();
    for (const qk_route *r = qk_routes; r->path; r++, routes++) {
        char heading[200];
        snprintf(heading, sizeof heading, "### `%s %s`", qk_method_name(r->method), r->path);
        const char *section = section_of(&p, heading);
        needs(section, heading, "Right: `", qk_action_name(r->action), "` ·");
        needs(section, heading, "· ", r->statuses, "\n");
        for (const qk_param *q = r->params; q && q->name; q++) {
            needs(section, heading, "\n| `", q->name, "`");
            needs(section, heading, "| ", q->about, "");
        }
        if (strchr(r->gives, '/'))
            needs(section, heading, "answer `", r->gives, "`");
        else
            needs_link(section, heading, r->gives);
        if (qk_route_takes_file(r))
            needs(section, heading, "body `", r->takes, "`");
        else if (r->takes)
            needs_link(section, heading, r->takes);
        check_example(section, r);
    }
    assert_int_equal(count(p.text.ptr, "\n### `"), routes);
    close_page(&p);
}

/* Each member, and those of objects inside. */
static void check_members(const qk_json_value *schema, const char *section, const char *heading)
{
    const qk_json_value *properties = qk_json_get(schema, "properties");
    for (const qk_json_value *m = properties ? properties->first : NULL; m; m = m->next) {
        char name[64];
        qk_str_copy(name, sizeof name, m->name);
        needs(section, heading, "`", name, "`");
        check_members(m, section, heading);
        const qk_json_value *items = qk_json_get(m, "items");
        if (items) check_members(items, section, heading);
    }
}

static void test_docs__every_shape_stands_in_the_reference(void **state)
{
    (void)state;
    page p;
    qk_json_value *root = NULL;
    if (!open_page(&p)) skip();
    const qk_asset *asset = qk_pack_find(&qk_pack_builtin, QK_STR("/schemas.json"));
    assert_non_null(asset);
    assert_ok(
        qk_json_parse(&root, (qk_str){(const char *)asset->bytes, asset->len}, &p.arena, NULL));
    const qk_json_value *schemas = qk_json_get(root, "schemas");
    for (const qk_json_value *s = schemas->first; s; s = s->next) {
        char heading[100];
        snprintf(heading, sizeof heading, "#### %.*s", QK_STR_ARG(s->name));
        check_members(s, section_of(&p, heading), heading);
    }
    assert_int_equal(count(p.text.ptr, "\n#### "), schemas->count);
    close_page(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_docs__every_route_stands_in_the_reference),
        cmocka_unit_test(test_docs__the_proxy_tells_who_asks),
        cmocka_unit_test(test_docs__every_shape_stands_in_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
