/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of the web floor in its turn fails: what is asked for is refused or whole, never
 * half, never a crash, and the next request is answered as if nothing had been. */
#include "web_rig.h"
#include "web/openapi.h"
#include "web/server_private.h"
#include "../failing_memory.h"

#define OUTLET "88880000000000000000001"

/* Arms the nth call and tells, when asked again, whether it was reached. Only calls of the
 * thread that asks fail: the instance around it lives on. */
static void arm(int n)
{
    fail_at = (unsigned)n + 1;
}
static bool was_reached(void)
{
    bool reached = fail_at == 0;
    fail_at = 0;
    return reached;
}

enum { TURNS_MAX = 20000 };

/* ---- parts of the floor ---- */

typedef bool part_fn(void); /* builds, uses and frees a part; false when it was refused */

static void *held_node;

static bool build_auth(void)
{
    qk_auth *auth = NULL;
    qk_error err = {0};
    if (qk_auth_open(&auth, qk_test_dir, 3, &err) != QK_OK) {
        assert_true(err.code != QK_OK);
        return false;
    }
    qk_auth_role role;
    for (int i = 0; i < 5; i++) {
        char address[16];
        snprintf(address, sizeof address, "10.0.0.%d", i);
        assert_int_equal(
            qk_auth_check(auth, &role, QK_STR("Bearer x"), qk_str_of(address), i * 100),
            QK_AUTH_WRONG);
    }
    qk_auth_close(auth);
    return true;
}

static bool build_links(void)
{
    qk_links *links = NULL;
    bool all = true;
    if (qk_links_new(&links, 2) != QK_OK) return false;
    for (int i = 0; i < 4; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        qk_link *link = qk_link_open(links, fd, QK_STR("10.1.1.1"), INT64_MAX);
        if (!link) all = false;
        qk_link_close(link);
        close(fd);
    }
    assert_int_equal(qk_links_count(links), 0);
    qk_links_free(links);
    return all;
}

static bool build_document(void)
{
    char *text = NULL;
    size_t len = 0;
    qk_error err = {0};
    bool built = qk_openapi_write(&text, &len, &err) == QK_OK;
    if (built) assert_true(len > 10000 && text[len - 1] == '}');
    free(text);
    return built;
}

static void do_nothing(void *job, void *tools)
{
    (void)tools;
    atomic_fetch_add((atomic_int *)job, 1);
}

static bool build_workers(void)
{
    qk_workers *workers = NULL;
    atomic_int done = 0;
    qk_error err = {0};
    qk_workers_options options = {.name = "test", .threads = 2, .queue = 4, .run = do_nothing};
    if (qk_workers_new(&workers, &options, &err) != QK_OK) return false;
    bool taken = qk_workers_submit(workers, &done) == QK_OK;
    qk_workers_free(workers);
    assert_int_equal(done, taken ? 1 : 0);
    return taken;
}

static void nothing(void *connection)
{
    (void)connection;
}

static bool build_followers(void)
{
    qk_followers *all = NULL;
    qk_follower *one = NULL;
    char text[8192];
    qk_followers_options options = {.live = qk_node_live(held_node),
                                    .max = 2,
                                    .ring_bytes = 65536,
                                    .start = 1,
                                    .suspend = nothing,
                                    .resume = nothing};
    if (qk_followers_new(&all, &options) != QK_OK) return false;
    bool open = qk_follower_open(&one, all, all, (qk_str){NULL, 0}, QK_STR("{}"), NULL) == QK_OK;
    qk_live_publish(qk_node_live(held_node), "event", QK_STR("{\"id\":1}"));
    qk_followers_pump(all, 1000);
    if (open) assert_true(qk_follower_read(one, text, sizeof text) > 0);
    qk_follower_close(one);
    qk_followers_end(all);
    qk_followers_free(all);
    return open;
}

static bool build_frames(void)
{
    qk_frame_index *index = NULL;
    qk_frame_record *records = NULL;
    qk_arena arena;
    qk_error err = {0};
    size_t n = 0;
    qk_jpos next = 0;
    qk_arena_init(&arena, 4 << 20);
    if (qk_frame_index_new(&index, NULL, qk_test_path("data/journal"), &err) != QK_OK) return false;
    (void)qk_frame_index_settle(index, 2000);
    bool listed = qk_frames_list(index, QK_STR(OUTLET), UINT64_MAX, 10, &arena, &records, &n, &next,
                                 &err) == QK_OK;
    if (listed) assert_int_equal(n, 10);
    qk_frame_index_free(index);
    qk_arena_clear(&arena);
    return listed;
}

static bool build_server(void)
{
    qk_web *web = NULL;
    qk_error err = {0};
    qk_web_options options = {.listen = "127.0.0.1:0", .workers = 1};
    if (qk_web_start(&web, held_node, NULL, &options, &err) != QK_OK) {
        assert_true(err.code != QK_OK);
        return false;
    }
    assert_true(qk_web_port(web) > 0);
    qk_web_stop(web);
    return true;
}

/* step: how far apart the calls are that fail, for parts with many of the same kind. */
static int check_part(const char *name, part_fn *part, int step)
{
    int n = 0;
    for (bool reached = true; reached; n += step) {
        if (n > TURNS_MAX) fail_msg("%s does not come to an end", name);
        arm(n);
        (void)part();
        reached = was_reached();
    }
    if (!part()) fail_msg("%s is not well afterwards", name);
    return n;
}

static void send_values(rig *r)
{
    char segment[300], time[QK_TIME_TEXT];
    for (int i = 0; i < 120; i++) {
        qk_time_compact14(time, at("2026-11-22T08:00:00") + i * QK_MINUTE);
        snprintf(segment, sizeof segment,
                 "QN=20261122100500000;ST=31;CN=2051;PW=123456;MN=" OUTLET
                 ";Flag=5;CP=&&DataTime=%s;a21026-Avg=%d.5,a21026-ZsAvg=7&&",
                 time, i);
        rig_frame(r, segment);
    }
    rig_settle(r);
}

static void test_fault__each_part_is_refused_or_whole(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    send_values(&r);
    held_node = r.node;
    assert_true(check_part("auth", build_auth, 1) > 3);
    assert_true(check_part("links", build_links, 1) > 2);
    assert_true(check_part("document", build_document, 1) > 1);
    assert_true(check_part("workers", build_workers, 1) > 2);
    assert_true(check_part("followers", build_followers, 1) > 3);
    assert_true(check_part("frames", build_frames, 1) > 2);
    assert_true(check_part("server", build_server, 1) > 10);
    rig_stop(&r);
}

/* ---- requests ---- */

static const struct {
    const char *id, *arg, *query, *body;
} requests[] = {
    {"getHealth", "", "", ""},
    {"getMetrics", "", "", ""},
    {"getOpenapi", "", "", ""},
    {"getMessages", "", "lang=en", ""},
    {"getFactors", "", "", ""},
    {"getPlace", "", "", ""},
    {"listDivisions", "", "", ""},
    {"listSites", "", "kind=outlet&limit=2", ""},
    {"getSite", "air1", "", ""},
    {"getSite", "outlet1", "", ""},
    {"getLatest", "", "", ""},
    {"getLatest", "", "kinds=minute&fields=Avg&township=410001", ""},
    {"getSeries", "", "mn=" OUTLET "&code=a21026&kind=minute", ""},
    {"getSeries", "", "mn=" OUTLET "&code=a21026&kind=minute&points=10", ""},
    {"getSeriesCsv", "", "mn=" OUTLET "&code=a21026&kind=minute", ""},
    {"listAqi", "", "site=air1", ""},
    {"getStrip", "", "hours=3", ""},
    {"listDevices", "", "", ""},
    {"getDevice", OUTLET, "", ""},
    {"listDeviceFactors", OUTLET, "", ""},
    {"listFrames", OUTLET, "limit=3", ""},
    {"listRequests", OUTLET, "", ""},
    {"listCommands", "", "", ""},
    {"listParked", "", "", ""},
    {"listEvents", "", "limit=5", ""},
    {"listAudit", "", "", ""},
    {"search", "", "q=a21026", ""},
    {"changeDevice", OUTLET, "", "{\"row_version\":1,\"recount\":2}"},
    {"approveParked", "NEW1", "", "{\"site\":\"outlet1\",\"st\":\"31\"}"},
    {"refuseParked", "NOBODY", "", "{}"},
};

static const qk_route *route_of(const char *id)
{
    const qk_route *r = qk_routes;
    while (strcmp(r->id, id) != 0) r++;
    return r;
}

/* One request with the nth allocation failing; the status, 0 when not even an answer had room. */
static int run_request(qk_web *web, void *tools, size_t i, int n)
{
    qk_exchange x;
    qk_error err = {0};
    const qk_route *route = route_of(requests[i].id);
    qk_exchange_init(&x, &web->context, route);
    x.tools = tools;
    x.takes_gzip = n % 2 == 0;
    x.args[0] = qk_str_of(requests[i].arg);
    x.body = qk_str_of(requests[i].body);
    x.idempotency_key = qk_str_of(requests[i].id);
    qk_str_copy(x.who, sizeof x.who, QK_STR("operator"));
    arm(n);
    if (qk_exchange_query(&x, qk_str_of(requests[i].query), &err) == QK_OK) {
        qk_exchange_run(&x);
        qk_exchange_pack(&x);
    } else {
        qk_exchange_fail(&x, &err);
    }
    bool reached = was_reached();
    int status = x.out.failed ? 0 : x.status;
    bool json = !x.gzipped && !x.fixed.ptr && strstr(x.content_type, "json") && x.out.len;
    if (status && json) {
        qk_arena arena;
        qk_json_value *root = NULL;
        qk_arena_init(&arena, 64 << 20);
        if (qk_json_parse(&root, qk_buf_str(&x.out), &arena, NULL) != QK_OK)
            fail_msg("%s, allocation %d: half an answer: %.300s", requests[i].id, n, x.out.ptr);
        qk_arena_clear(&arena);
    }
    if (status == 500 || (status && status < 200))
        fail_msg("%s, allocation %d: %d %.300s", requests[i].id, n, status,
                 x.out.len ? x.out.ptr : "");
    qk_exchange_clear(&x);
    return reached ? status : -1;
}

static void test_fault__each_request_is_refused_or_whole(void **state)
{
    (void)state;
    rig r;
    void *tools = NULL;
    qk_error err = {0};
    rig_start(&r, RIG_NOW "x0", NULL);
    send_values(&r);
    assert_done(qk_tools_new(&tools, &r.web->context, &err), &err);
    for (size_t i = 0; i < QK_ARRAY_COUNT(requests); i++) {
        int n = 0;
        while (n < TURNS_MAX && run_request(r.web, tools, i, n) >= 0) n++;
        assert_true(n < TURNS_MAX);
    }
    qk_tools_free(tools);
    /* And the instance answers as before. */
    assert_int_equal(rig_get(&r, "/api/v1/latest").status, 200);
    assert_json(rig_document(&r, "/api/v1/devices/" OUTLET), "recount", "2");
    assert_json(rig_document(&r, "/api/v1/devices/NEW1"), "status", "approved");
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_fault__each_part_is_refused_or_whole),
        qk_dir_test(test_fault__each_request_is_refused_or_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
