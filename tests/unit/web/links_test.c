/* SPDX-License-Identifier: Apache-2.0 */
/* Links, workers and the packed page: the small parts of the server. */
#include "web/links.h"
#include "web/page.h"
#include "web/workers.h"
#include "../test.h"
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static void test_links__count_by_address_but_not_loopback(void **state)
{
    (void)state;
    qk_links *links = NULL;
    qk_link *link[3];
    assert_ok(qk_links_new(&links, 2));
    for (int i = 0; i < 2; i++) link[i] = qk_link_open(links, -1, QK_STR("10.0.0.1"), INT64_MAX);
    assert_false(qk_links_admits(links, QK_STR("10.0.0.1")));
    assert_true(qk_links_admits(links, QK_STR("10.0.0.2")));
    qk_link_close(link[1]);
    assert_true(qk_links_admits(links, QK_STR("10.0.0.1")));
    qk_link_close(link[0]);
    for (int i = 0; i < 3; i++) link[i] = qk_link_open(links, -1, QK_STR("127.0.0.1"), INT64_MAX);
    assert_true(qk_links_admits(links, QK_STR("127.0.0.1")));
    assert_int_equal(qk_links_count(links), 3);
    for (int i = 0; i < 3; i++) qk_link_close(link[i]);
    assert_int_equal(qk_links_count(links), 0);
    qk_links_free(links);
}

static void test_links__the_late_are_cut_once(void **state)
{
    (void)state;
    int pair[2];
    char byte;
    qk_links *links = NULL;
    assert_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    assert_ok(qk_links_new(&links, 2));
    qk_link *link = qk_link_open(links, pair[0], QK_STR("a"), 1000);
    assert_int_equal(qk_links_cut(links, 999), 0);
    qk_link_deadline(link, 2000);
    assert_int_equal(qk_links_cut(links, 1999), 0);
    assert_int_equal(qk_links_cut(links, 2000), 1);
    assert_int_equal(qk_links_cut(links, 3000), 0);
    assert_int_equal(recv(pair[1], &byte, 1, 0), 0);
    qk_link_close(link);
    qk_links_free(links);
    close(pair[0]);
    close(pair[1]);
}

/* ---- workers ---- */

typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    bool open;
    int ran, tools;
} gate;

static gate g;

static void wait_at_gate(void *job, void *tools)
{
    (void)job;
    pthread_mutex_lock(&g.lock);
    while (!g.open) pthread_cond_wait(&g.opened, &g.lock);
    g.ran++;
    assert_non_null(tools);
    pthread_mutex_unlock(&g.lock);
}

static qk_code make_tools(void **tools, void *context, qk_error *err)
{
    if (context) return qk_fail(err, QK_EIO, "no tools");
    g.tools++;
    *tools = malloc(1);
    return QK_OK;
}

static void free_tools(void *tools)
{
    g.tools--;
    free(tools);
}

static qk_workers_options options_of(void *context)
{
    return (qk_workers_options){.name = "test",
                                .threads = 2,
                                .queue = 3,
                                .run = wait_at_gate,
                                .tools_new = make_tools,
                                .tools_free = free_tools,
                                .context = context};
}

static void test_workers__the_queue_is_bounded_and_all_taken_jobs_run(void **state)
{
    (void)state;
    qk_workers *workers = NULL;
    qk_workers_options options = options_of(NULL);
    int taken = 0, job = 0;
    g = (gate){.lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER};
    assert_ok(qk_workers_new(&workers, &options, NULL));
    for (int i = 0; i < 100; i++) taken += qk_workers_submit(workers, &job) == QK_OK;
    assert_true(taken >= 3 && taken <= 5);
    pthread_mutex_lock(&g.lock);
    g.open = true;
    pthread_cond_broadcast(&g.opened);
    pthread_mutex_unlock(&g.lock);
    qk_workers_free(workers);
    assert_int_equal(g.ran, taken);
    assert_int_equal(g.tools, 0);
}

static void test_workers__bad_options_and_failing_tools_are_told(void **state)
{
    (void)state;
    qk_workers *workers = NULL;
    qk_error err = {0};
    int context = 1;
    qk_workers_options options = options_of(&context);
    assert_int_equal(qk_workers_new(&workers, &options, &err), QK_EIO);
    options.threads = 0;
    assert_int_equal(qk_workers_new(&workers, &options, &err), QK_EINVAL);
    options.threads = 1;
    options.queue = 0;
    assert_int_equal(qk_workers_new(&workers, &options, &err), QK_EINVAL);
}

/* ---- the packed page ---- */

static void test_page__is_packed_in_order_with_tags_and_types(void **state)
{
    (void)state;
    const qk_pack *packs[] = {&qk_pack_page, &qk_pack_builtin};
    assert_true(qk_pack_builtin.count >= 3);
    for (size_t p = 0; p < 2; p++) {
        for (size_t i = 0; i < packs[p]->count; i++) {
            const qk_asset *a = &packs[p]->assets[i];
            assert_ptr_equal(qk_pack_find(packs[p], qk_str_of(a->path)), a);
            assert_int_equal(strlen(a->etag), 20);
            assert_true(a->gzip_len < a->len || a->len == 0);
            if (i) assert_true(strcmp(packs[p]->assets[i - 1].path, a->path) < 0);
        }
    }
    const qk_asset *schemas = qk_pack_find(&qk_pack_builtin, QK_STR("/schemas.json"));
    assert_string_equal(schemas->type, "application/json");
    assert_false(schemas->hashed);
}

static void test_page__addresses_inside_the_page_get_its_frame(void **state)
{
    (void)state;
    const qk_asset *index = qk_page_find(QK_STR("/"));
    assert_non_null(index);
    assert_string_equal(index->type, "text/html; charset=utf-8");
    assert_ptr_equal(qk_page_find(QK_STR("/index.html")), index);
    assert_ptr_equal(qk_page_find(QK_STR("/devices/88880000000000000000001")), index);
    assert_ptr_equal(qk_page_find(QK_STR("/a.b/c")), index);
    assert_null(qk_page_find(QK_STR("/missing.js")));
    assert_null(qk_page_find(QK_STR("/assets/missing.css")));
}

/* The policy forbids them; a browser would show a page without style or life. */
static void test_page__holds_no_inline_script_or_style(void **state)
{
    (void)state;
    const qk_pack *packs[] = {&qk_pack_page, &qk_pack_builtin};
    for (size_t p = 0; p < 2; p++)
        for (size_t i = 0; i < packs[p]->count; i++) {
            const qk_asset *a = &packs[p]->assets[i];
            qk_str text = {(const char *)a->bytes, a->len};
            if (strncmp(a->type, "text/html", 9) != 0) continue;
            assert_true(qk_str_find(text, QK_STR("<style"), 0) == SIZE_MAX);
            assert_true(qk_str_find(text, QK_STR(" style="), 0) == SIZE_MAX);
            assert_true(qk_str_find(text, QK_STR("<script>"), 0) == SIZE_MAX);
            assert_true(qk_str_find(text, QK_STR(" onload="), 0) == SIZE_MAX);
            assert_true(qk_str_find(text, QK_STR("http://"), 0) == SIZE_MAX);
            assert_true(qk_str_find(text, QK_STR("https://"), 0) == SIZE_MAX);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links__count_by_address_but_not_loopback),
        cmocka_unit_test(test_links__the_late_are_cut_once),
        cmocka_unit_test(test_workers__the_queue_is_bounded_and_all_taken_jobs_run),
        cmocka_unit_test(test_workers__bad_options_and_failing_tools_are_told),
        cmocka_unit_test(test_page__is_packed_in_order_with_tags_and_types),
        cmocka_unit_test(test_page__addresses_inside_the_page_get_its_frame),
        cmocka_unit_test(test_page__holds_no_inline_script_or_style),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
