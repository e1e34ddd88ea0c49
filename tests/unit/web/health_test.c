/* SPDX-License-Identifier: Apache-2.0 */
/* A full disk and a store that lags, as the page and a watchdog see them. */
#include "device_rig.h"
#include "schema_check.h"
#include "web/health.h"
#include <stdatomic.h>
#include <sys/uio.h>

#define OUTLET "88880000000000000000001"

/* ---- the disk ---- */

static atomic_int journal_error; /* 0 = writes pass */
ssize_t __real_pwritev64(int fd, const struct iovec *piece, int n, off_t offset);
ssize_t __wrap_pwritev64(int fd, const struct iovec *piece, int n, off_t offset);
ssize_t __wrap_pwritev64(int fd, const struct iovec *piece, int n, off_t offset)
{
    int error = atomic_load(&journal_error);
    if (!error) return __real_pwritev64(fd, piece, n, offset);
    errno = error;
    return -1;
}

static void say_minute(rig_line *l, int minute)
{
    char segment[300];
    snprintf(segment, sizeof segment,
             "QN=2026112210%02d00000;ST=31;CN=2051;PW=123456;MN=" OUTLET
             ";Flag=5;CP=&&DataTime=20261122090%d00;a21026-Avg=1,a21026-Flag=N&&",
             minute, minute);
    rig_say(l, segment);
}

/* The feed until a "health" event that holds the text. */
static void await_told(rig *r, uint64_t *after, const char *text)
{
    int64_t until = qk_monotonic_ms() + RIG_WAIT_MS;
    while (qk_monotonic_ms() < until) {
        qk_buf out;
        bool told = false;
        qk_buf_init(&out, 4 << 20);
        if (qk_live_feed(qk_node_live(r->node), *after, &out, after) == QK_OK) {
            qk_buf_putc(&out, 0);
            const char *at = strstr(out.ptr, "\"name\":\"health\"");
            told = at && strstr(at, text);
        } else {
            poll(NULL, 0, 20);
        }
        qk_buf_clear(&out);
        if (told) return;
    }
    fail_msg("no page was told of %s", text);
}

static bool answers_within(rig_line *l, int ms)
{
    struct pollfd p = {.fd = l->fd, .events = POLLIN};
    return poll(&p, 1, ms) == 1;
}

static void check_ill(rig *r, const char *code)
{
    const qk_json_value *d = rig_document(r, "/api/v1/health");
    assert_json(d, "status", "degraded");
    assert_json(d, "journal/state", "stopped");
    assert_json(d, "problems/0/code", code);
    assert_true(qk_json_get_str(rig_at(d, "problems/0"), "zh").len > 0);
    assert_true(qk_json_get_str(rig_at(d, "journal"), "reason").len > 0);
    schema_check check = {.api = rig_document(r, "/api/v1/openapi.json")};
    if (!schema_fits(&check, rig_at(check.api, "components/schemas/Health"), d, "Health"))
        fail_msg("%s", check.fault);
    assert_int_equal(rig_get(r, "/api/v1/health?strict").status, 503);
    assert_non_null(strstr(rig_get(r, "/api/v1/metrics").body, "qingkong_healthy 0\n"));
}

static void test_S072_health__a_full_disk_is_told_and_goes_by_itself(void **state)
{
    (void)state;
    static const struct {
        int error;
        const char *code;
    } cases[] = {{ENOSPC, "journal_no_space"}, {EIO, "journal_stopped"}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        rig r;
        rig_line device;
        rig_open(&r, RIG_NOW "x0", NULL, true);
        rig_dial(&device, qk_gateway_port(r.gateway));
        say_minute(&device, 0);
        rig_hear(&device, 9014);
        assert_json(rig_document(&r, "/api/v1/health"), "status", "ok");
        uint64_t after = qk_live_feed_end(qk_node_live(r.node));
        atomic_store(&journal_error, cases[i].error);
        say_minute(&device, 1);
        await_told(&r, &after, cases[i].code);
        check_ill(&r, cases[i].code);
        assert_false(answers_within(&device, 50)); /* nothing is acknowledged */
        atomic_store(&journal_error, 0);
        await_told(&r, &after, "\"status\":\"ok\"");
        rig_hear(&device, 9014); /* of the frame that had waited */
        const qk_json_value *d = rig_document(&r, "/api/v1/health");
        assert_json(d, "status", "ok");
        assert_int_equal(qk_json_get(d, "problems")->count, 0);
        assert_int_equal(rig_get(&r, "/api/v1/health?strict").status, 200);
        close(device.fd);
        rig_stop(&r);
        qk_test_remove(qk_test_path("data"));
    }
}

/* ---- a store that lags ---- */

static atomic_bool hold;

static qk_code wait_here(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    (void)context, (void)node, (void)db, (void)now, (void)err;
    while (atomic_load(&hold)) poll(NULL, 0, 5);
    return QK_OK;
}

static void test_health__a_store_that_lags_is_seen_and_no_illness(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    uint64_t after = qk_live_feed_end(qk_node_live(r.node));
    atomic_store(&hold, true);
    assert_ok(qk_node_post(r.node, wait_here, NULL, NULL, NULL));
    static char segment[900];
    memset(segment, 'x', sizeof segment - 1);
    memcpy(segment, "QN=20261122100500000;ST=31;CN=2011;PW=1;MN=NONE;Flag=5;CP=&&", 60);
    memcpy(segment + sizeof segment - 3, "&&", 2);
    for (int i = 0; i < 10000; i++) rig_frame(&r, segment);
    qk_error err = {0};
    assert_done(qk_journal_sync(qk_node_journal(r.node), 5000, &err), &err);
    await_told(&r, &after, "\"behind\"");
    const qk_json_value *d = rig_document(&r, "/api/v1/health");
    int64_t lag = 0;
    assert_json(d, "status", "ok");
    assert_json(d, "problems/0/code", "behind");
    assert_true(qk_json_get_i64(rig_at(d, "journal"), "lag_bytes", &lag) && lag > (8 << 20));
    assert_int_equal(rig_get(&r, "/api/v1/health?strict").status, 200);
    atomic_store(&hold, false);
    await_told(&r, &after, "\"problems\":[]");
    rig_settle(&r);
    assert_json(rig_document(&r, "/api/v1/health"), "journal/lag_bytes", "0");
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S072_health__a_full_disk_is_told_and_goes_by_itself),
        qk_dir_test(test_health__a_store_that_lags_is_seen_and_no_illness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
