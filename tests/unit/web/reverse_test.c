/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to devices, approval and forwarding through the API, with a device and an upper platform
 * on real connections. */
#include "device_rig.h"
#include "schema_check.h"
#include "domain/live.h"

#define OUTLET  "88880000000000000000001"
#define DEVICE  "/api/v1/devices/" OUTLET
#define REQUEST DEVICE "/requests"

static void start(rig *r, rig_line *device)
{
    rig_open(r, RIG_NOW "x1", NULL, true);
    rig_dial(device, qk_gateway_port(r->gateway));
    rig_say(device, "QN=20261122100500000;ST=31;CN=2011;PW=123456;MN=" OUTLET
                    ";Flag=5;CP=&&DataTime=20261122100430;a21026-Rtd=40.25,a21026-Flag=N&&");
    rig_hear(device, 9014);
}

static void stop(rig *r, rig_line *device)
{
    close(device->fd);
    rig_stop(r);
}

static int64_t ask(rig *r, const char *body, const char *key)
{
    int64_t id = 0;
    reply got = rig_change(r, "POST", REQUEST, body, key);
    if (got.status != 202) fail_msg("%s: %d %s", body, got.status, got.body);
    assert_true(qk_json_get_i64(rig_json(r, &got), "id", &id));
    return id;
}

/* ---- asking ---- */

static void test_S072_reverse__the_clock_of_a_device_is_read_and_set(void **state)
{
    (void)state;
    rig r;
    rig_line device;
    start(&r, &device);
    int64_t id = ask(&r, "{\"cn\":1011,\"params\":\"PolId=a21026\"}", "a");
    rig_hear(&device, 1011);
    assert_non_null(strstr(device.frame, "PolId=a21026"));
    rig_answer(&device, OUTLET, 9011, "QnRtn=1");
    rig_answer(&device, OUTLET, 1011, "PolId=a21026;SystemTime=20261122100501");
    rig_answer(&device, OUTLET, 9012, "ExeRtn=1");
    const qk_json_value *d = rig_await(&r, id, "done");
    assert_json(d, "result", "PolId=a21026;SystemTime=20261122100501");
    assert_json(d, "qn_rtn", "1");
    assert_json(d, "exe_rtn", "1");
    assert_json(d, "by", "operator");
    assert_json(d, "zh", "完成");
    assert_json(d, "reason", "null");
    id = ask(&r, "{\"cn\":1012}", "b");
    rig_hear(&device, 1012);
    assert_non_null(strstr(device.frame, "SystemTime=2026112210"));
    rig_answer(&device, OUTLET, 9011, "QnRtn=1");
    rig_answer(&device, OUTLET, 9012, "ExeRtn=1");
    rig_await(&r, id, "done");
    d = rig_document(&r, REQUEST "?limit=1");
    assert_json(d, "items/0/cn", "1012");
    assert_non_null(rig_at(d, "next")->text.ptr);
    d = rig_document(&r, "/api/v1/audit");
    assert_json(d, "items/0/what", "request.ask");
    assert_json(d, "items/0/who", "operator@127.0.0.1");
    assert_json(d, "items/0/detail/cn", "1011");
    assert_json(d, "items/1/detail/cn", "1012");
    stop(&r, &device);
}

static void test_S072_reverse__minutes_of_a_period_are_asked_for_again(void **state)
{
    (void)state;
    rig r;
    rig_line device;
    start(&r, &device);
    int64_t id = ask(&r,
                     "{\"cn\":2051,\"from\":\"2026-11-22T08:00:00\",\"to\":"
                     "\"2026-11-22T08:10:00\"}",
                     "a");
    rig_hear(&device, 2051);
    assert_non_null(strstr(device.frame, "BeginTime=20261122080000"));
    assert_non_null(strstr(device.frame, "EndTime=20261122081000"));
    rig_answer(&device, OUTLET, 9011, "QnRtn=1");
    for (int i = 0; i < 3; i++) {
        char segment[300];
        snprintf(segment, sizeof segment,
                 "QN=2026112210051%d000;ST=31;CN=2051;PW=123456;MN=" OUTLET
                 ";Flag=5;CP=&&DataTime=2026112208%02d00;a21026-Avg=%d.5,a21026-Flag=N&&",
                 i, i, 20 + i);
        rig_say(&device, segment);
    }
    rig_answer(&device, OUTLET, 9012, "ExeRtn=1");
    const qk_json_value *d = rig_await(&r, id, "done");
    assert_json(d, "rows_received", "3");
    assert_json(d, "chunks_done", "1");
    assert_json(d, "zh", "完成，收到 3 条记录");
    assert_json(d, "en", "done, 3 records received");
    rig_settle(&r);
    d = rig_document(&r, "/api/v1/series?mn=" OUTLET "&code=a21026&kind=minute&from=2026-11-22T08:"
                         "00:00&to=2026-11-22T08:11:00");
    assert_int_equal(qk_json_get(d, "points")->count, 3);
    assert_json(d, "points/2/2", "22.5");
    stop(&r, &device);
}

static void test_reverse__every_outcome_is_told_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *qn, *exe, *state, *reason, *zh, *en;
    } cases[] = {
        {"QnRtn=3", NULL, "refused", "refused", "设备拒绝：PW 错误（9011，QnRtn=3）",
         "refused: PW wrong (9011, QnRtn=3)"},
        {"QnRtn=77", NULL, "refused", "refused", "设备拒绝：标准中没有的代码（9011，QnRtn=77）",
         "refused: a code the standard does not have (9011, QnRtn=77)"},
        {"QnRtn=1", "ExeRtn=5", "failed", "exe_failed", "失败：系统繁忙（9012，ExeRtn=5）",
         "failed: busy (9012, ExeRtn=5)"},
        {"QnRtn=1", NULL, "timeout", "no_9012", "超时：设备接受了请求但没有结束（未收到 9012）",
         "timed out: the device took the request but did not end it (no 9012)"},
        {NULL, NULL, "timeout", "no_9011", "超时：设备没有应答请求（未收到 9011）",
         "timed out: the device did not answer the request (no 9011)"},
    };
    rig r;
    rig_line device;
    start(&r, &device);
    reply got =
        rig_change(&r, "PUT", DEVICE, "{\"row_version\":1,\"overtime_s\":1,\"recount\":1}", "put");
    assert_int_equal(got.status, 200);
    const qk_json_value *api = rig_document(&r, "/api/v1/openapi.json");
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        char key[16];
        snprintf(key, sizeof key, "k%zu", i);
        int64_t id = ask(&r, "{\"cn\":1061}", key);
        rig_hear(&device, 1061);
        if (cases[i].qn) rig_answer(&device, OUTLET, 9011, cases[i].qn);
        if (cases[i].exe) rig_answer(&device, OUTLET, 9012, cases[i].exe);
        const qk_json_value *d = rig_await(&r, id, cases[i].state);
        assert_json(d, "reason", cases[i].reason);
        assert_json(d, "zh", cases[i].zh);
        assert_json(d, "en", cases[i].en);
        assert_json(d, "result", "null");
        schema_check check = {.api = api};
        const qk_json_value *schema = rig_at(api, "components/schemas/Request");
        if (!schema_fits(&check, schema, d, "Request")) fail_msg("%s", check.fault);
    }
    stop(&r, &device);
}

static void test_reverse__what_waits_is_cancelled_and_what_ended_is_not(void **state)
{
    (void)state;
    rig r;
    rig_line device;
    char path[64];
    start(&r, &device);
    int64_t first = ask(&r, "{\"cn\":1061}", "a"), second = ask(&r, "{\"cn\":1063}", "b");
    rig_hear(&device, 1061);
    snprintf(path, sizeof path, "/api/v1/requests/%lld", (long long)second);
    reply got = rig_change(&r, "DELETE", path, "{}", "c");
    assert_int_equal(got.status, 200);
    const qk_json_value *d = rig_await(&r, second, "cancelled");
    assert_json(d, "reason", "cancelled");
    assert_json(d, "en", "cancelled: cancelled by a person");
    snprintf(path, sizeof path, "/api/v1/requests/%lld", (long long)first);
    got = rig_change(&r, "DELETE", path, NULL, "d");
    assert_int_equal(got.status, 200);
    rig_await(&r, first, "cancelled");
    got = rig_change(&r, "DELETE", path, NULL, "e");
    assert_int_equal(got.status, 409);
    assert_json(rig_json(&r, &got), "error/code", "request_ended");
    got = rig_change(&r, "DELETE", "/api/v1/requests/99", NULL, "f");
    assert_int_equal(got.status, 404);
    d = rig_document(&r, "/api/v1/audit?after=2");
    assert_json(d, "items/0/what", "request.cancel");
    stop(&r, &device);
}

static void test_reverse__what_no_device_may_be_told_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int status;
        const char *code;
    } cases[] = {
        {"{\"cn\":9014}", 422, "not_a_request"},
        {"{\"cn\":2081}", 422, "not_a_request"},
        {"{\"cn\":12}", 400, "bad_body"},
        {"{\"cn\":\"1011\"}", 400, "bad_body"},
        {"{}", 400, "bad_body"},
        {"{\"cn\":1062}", 422, "request_refused"},
        {"{\"cn\":1062,\"params\":\"RtdInterval=\"}", 422, "request_refused"},
        {"{\"cn\":1062,\"params\":\"RtdInterval=29\"}", 422, "request_refused"},
        {"{\"cn\":1062,\"params\":\"RtdInterval=3601\"}", 422, "request_refused"},
        {"{\"cn\":1062,\"params\":\"RtdInterval=1e2\"}", 422, "request_refused"},
        {"{\"cn\":1062,\"params\":\"RtdInterval\"}", 422, "request_refused"},
        {"{\"cn\":1062,\"params\":\"=30;RtdInterval=30\"}", 422, "request_refused"},
        {"{\"cn\":1064,\"params\":\"MinInterval=7\"}", 422, "request_refused"},
        {"{\"cn\":1064,\"params\":\"MinInterval=1 2\"}", 422, "request_refused"},
        {"{\"cn\":1072,\"params\":\"NewPW=12345\"}", 422, "request_refused"},
        {"{\"cn\":1000,\"params\":\"OverTime=0;ReCount=3\"}", 422, "request_refused"},
        {"{\"cn\":1012,\"params\":\"SystemTime=now\"}", 422, "request_refused"},
        {"{\"cn\":3012,\"params\":\"PolId=a b\"}", 422, "request_refused"},
        {"{\"cn\":1011,\"params\":\"A=1&&\\r\\n##0000\"}", 400, "bad_body"},
        {"{\"cn\":1011,\"params\":\"PolId=#\"}", 400, "bad_body"},
        {"{\"cn\":1011,\"params\":7}", 400, "bad_body"},
        {"{\"cn\":1011,\"mn\":\"x\"}", 400, "bad_body"},
        {"{\"cn\":2051}", 422, "request_refused"},
        {"{\"cn\":2051,\"from\":\"2026-11-22T08:00:00\"}", 400, "bad_body"},
        {"{\"cn\":2051,\"from\":\"2026-11-22T09:00:00\",\"to\":\"2026-11-22T08:00:00\"}", 400,
         "bad_body"},
        {"{\"cn\":2051,\"from\":\"1970-01-01\",\"to\":\"2100-01-01\"}", 422, "request_refused"},
        {"{\"cn\":1061,\"from\":\"2026-11-22T08:00:00\",\"to\":\"2026-11-22T09:00:00\"}", 400,
         "bad_body"},
    };
    rig r;
    rig_line device;
    start(&r, &device);
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        char key[16];
        snprintf(key, sizeof key, "k%zu", i);
        reply got = rig_change(&r, "POST", REQUEST, cases[i].body, key);
        if (got.status != cases[i].status ||
            !rig_is(rig_json(&r, &got), "error/code", cases[i].code))
            fail_msg("%s: %d %s", cases[i].body, got.status, got.body);
    }
    assert_json(rig_document(&r, "/api/v1/audit"), "total", "0");
    reply got = rig_ask(&r, "POST", REQUEST, "Idempotency-Key: x\r\n", "{\"cn\":1011}");
    assert_int_equal(got.status, 401);
    assert_non_null(strstr(got.body, "没有密钥时只能查看"));
    got = rig_change(&r, "POST", "/api/v1/devices/none/requests", "{\"cn\":1011}", "y");
    assert_int_equal(got.status, 404);
    got = rig_change(&r, "PUT", DEVICE, "{\"row_version\":1,\"answers_requests\":false}", "z");
    assert_int_equal(got.status, 200);
    got = rig_change(&r, "POST", REQUEST, "{\"cn\":1011}", "w");
    assert_int_equal(got.status, 422);
    assert_json(rig_json(&r, &got), "error/code", "device_no_requests");
    stop(&r, &device);
}

static void test_reverse__a_new_password_is_shown_to_nobody(void **state)
{
    (void)state;
    rig r;
    rig_line device;
    qk_buf feed;
    uint64_t next = 0;
    start(&r, &device);
    uint64_t from = qk_live_feed_end(qk_node_live(r.node));
    int64_t id = ask(&r, "{\"cn\":1072,\"params\":\"NewPW=abc987\"}", "a");
    rig_hear(&device, 1072);
    assert_non_null(strstr(device.frame, "NewPW=abc987"));
    rig_answer(&device, OUTLET, 9011, "QnRtn=1");
    rig_answer(&device, OUTLET, 9012, "ExeRtn=1");
    const qk_json_value *d = rig_await(&r, id, "done");
    assert_json(d, "params", "NewPW=******");
    static const char *const paths[] = {REQUEST, "/api/v1/audit", DEVICE, DEVICE "/frames"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(paths); i++) {
        reply got = rig_get(&r, paths[i]);
        assert_int_equal(got.status, 200);
        if (strstr(got.body, "abc987")) fail_msg("%s shows it: %s", paths[i], got.body);
    }
    qk_buf_init(&feed, 1 << 20);
    assert_ok(qk_live_feed(qk_node_live(r.node), from, &feed, &next));
    qk_buf_putc(&feed, 0);
    assert_non_null(strstr(feed.ptr, "\"name\":\"request\""));
    assert_non_null(strstr(feed.ptr, "\"state\":\"done\""));
    assert_null(strstr(feed.ptr, "abc987"));
    qk_buf_clear(&feed);
    stop(&r, &device);
}

/* ---- approval and the access list ---- */

static const qk_json_value *await_parked(rig *r, const char *total)
{
    int64_t until = qk_monotonic_ms() + RIG_WAIT_MS;
    for (;;) {
        const qk_json_value *d = rig_document(r, "/api/v1/parked");
        if (rig_is(d, "total", total)) return d;
        if (qk_monotonic_ms() > until) fail_msg("not %s devices are parked", total);
    }
}

static void test_S072_reverse__an_unknown_device_is_refused_for_good(void **state)
{
    (void)state;
    rig r;
    rig_line device, stranger;
    start(&r, &device);
    rig_dial(&stranger, qk_gateway_port(r.gateway));
    rig_say(&stranger, "QN=20261122100500000;ST=31;CN=2011;PW=1;MN=STRANGER;Flag=5;CP=&&"
                       "DataTime=20261122100430;a21026-Rtd=1&&");
    const qk_json_value *d = await_parked(&r, "1");
    assert_json(d, "items/0/mn", "STRANGER");
    d = rig_document(&r, "/api/v1/events?state=open&limit=1");
    assert_json(d, "total", "1");
    assert_json(d, "items/0/kind", "device_parked");
    assert_json(d, "items/0/mn", "STRANGER");
    assert_json(d, "next", "null");
    reply got = rig_ask(&r, "POST", "/api/v1/parked/STRANGER/refuse", NULL, "{}");
    assert_int_equal(got.status, 401);
    got = rig_change(&r, "POST", "/api/v1/parked/STRANGER/refuse", "{}", "a");
    assert_int_equal(got.status, 200);
    assert_json(rig_json(&r, &got), "status", "disabled");
    await_parked(&r, "0");
    d = rig_document(&r, "/api/v1/events?state=over&kind=device_parked");
    assert_json(d, "total", "1");
    assert_json(d, "items/0/state", "over");
    rig_say(&stranger, "QN=20261122100501000;ST=31;CN=2011;PW=1;MN=STRANGER;Flag=5;CP=&&"
                       "DataTime=20261122100500;a21026-Rtd=1&&");
    rig_say(&stranger, "QN=20261122100502000;ST=31;CN=2011;PW=123456;MN=" OUTLET
                       ";Flag=5;CP=&&DataTime=20261122100500;a21026-Rtd=41&&");
    rig_hear(&stranger, 9014); /* of the known device behind it: the stranger got none */
    assert_non_null(strstr(stranger.frame, "QN=20261122100502000"));
    rig_settle(&r);
    await_parked(&r, "0");
    got = rig_change(&r, "POST", "/api/v1/parked/" OUTLET "/refuse", "{}", "b");
    assert_int_equal(got.status, 409);
    got = rig_change(&r, "POST", "/api/v1/parked/NOBODY/refuse", "{}", "c");
    assert_int_equal(got.status, 404);
    assert_json(rig_json(&r, &got), "error/code", "not_parked");
    d = rig_document(&r, "/api/v1/audit");
    assert_json(d, "items/0/what", "device.refuse");
    close(stranger.fd);
    stop(&r, &device);
}

static void test_S072_reverse__the_access_list_binds_address_and_password(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"row_version\":1,\"bind_address\":\"router\"}",
        "{\"row_version\":1,\"bind_address\":\"10.1.2.3.4\"}",
        "{\"row_version\":1,\"bind_address\":\"10.1.2.0/24\"}",
        "{\"row_version\":1,\"pw\":\"12;456\"}",
        "{\"row_version\":1,\"pw\":\"12&&56\"}",
        "{\"row_version\":1,\"pw\":\"12 456\"}",
        "{\"row_version\":1,\"pw\":\"1234567890123456789012345678\"}",
    };
    rig r;
    rig_line device;
    start(&r, &device);
    for (size_t i = 0; i < QK_ARRAY_COUNT(bad); i++) {
        reply got = rig_change(&r, "PUT", DEVICE, bad[i], "bad");
        if (got.status != 400) fail_msg("%s: %d %s", bad[i], got.status, got.body);
    }
    reply got =
        rig_change(&r, "PUT", DEVICE,
                   "{\"row_version\":1,\"bind_address\":\"0:0::1\",\"pw\":\"654321\"}", "a");
    assert_int_equal(got.status, 200);
    assert_json(rig_json(&r, &got), "bind_address", "::1");
    got = rig_change(&r, "PUT", DEVICE, "{\"row_version\":2,\"bind_address\":\"127.0.0.1\"}", "b");
    assert_int_equal(got.status, 200);
    rig_say(&device, "QN=20261122100503000;ST=31;CN=2011;PW=123456;MN=" OUTLET
                     ";Flag=5;CP=&&DataTime=20261122100503;a21026-Rtd=41&&");
    rig_say(&device, "QN=20261122100504000;ST=31;CN=2011;PW=654321;MN=" OUTLET
                     ";Flag=5;CP=&&DataTime=20261122100504;a21026-Rtd=42&&");
    rig_hear(&device, 9014);
    assert_non_null(strstr(device.frame, "QN=20261122100504000"));
    stop(&r, &device);
}

/* ---- upper platforms ---- */

static void test_S221_reverse__frames_go_on_to_the_province(void **state)
{
    (void)state;
    rig r;
    rig_line device, province;
    uint16_t port;
    char body[300];
    start(&r, &device);
    int listener = rig_listen(&port);
    snprintf(body, sizeof body,
             "{\"row_version\":0,\"address\":\"127.0.0.1:%u\",\"devices\":{\"" OUTLET
             "\":{\"mn\":\"PROVINCE1\",\"pw\":\"secret9\",\"control\":false}}}",
             port);
    reply got = rig_change(&r, "PUT", "/api/v1/uppers/province", body, "a");
    assert_int_equal(got.status, 403);
    assert_json(rig_json(&r, &got), "error/code", "needs_admin");
    got = rig_change_as(&r, r.admin, "PUT", "/api/v1/uppers/province", body, "b");
    assert_int_equal(got.status, 200);
    assert_null(strstr(got.body, "secret9"));
    assert_json(rig_json(&r, &got), "row_version", "1");
    rig_accept(&province, listener);
    rig_say(&device, "QN=20261122100505000;ST=31;CN=2011;PW=123456;MN=" OUTLET
                     ";Flag=5;CP=&&DataTime=20261122100505;a21026-Rtd=43&&");
    rig_hear(&province, 2011);
    assert_non_null(strstr(province.frame, "PW=secret9;MN=PROVINCE1;"));
    rig_answer(&province, "PROVINCE1", 9014, "");
    char key[120];
    snprintf(key, sizeof key, "Authorization: Bearer %s\r\n", r.key);
    int64_t until = qk_monotonic_ms() + RIG_WAIT_MS;
    const qk_json_value *d;
    do {
        got = rig_ask(&r, "GET", "/api/v1/uppers", key, NULL);
        assert_int_equal(got.status, 200);
        d = rig_json(&r, &got);
    } while (!rig_is(d, "items/0/links/answered", "1") && qk_monotonic_ms() < until);
    assert_json(d, "items/0/links/answered", "1");
    assert_json(d, "items/0/links/connected", "1");
    assert_json(d, "items/0/devices/" OUTLET "/has_password", "true");
    assert_json(d, "items/0/devices/" OUTLET "/control", "false");
    assert_null(strstr(got.body, "secret9"));
    schema_check check = {.api = rig_document(&r, "/api/v1/openapi.json")};
    if (!schema_fits(&check, rig_at(check.api, "components/schemas/UpperList"), d, "UpperList"))
        fail_msg("%s", check.fault);
    got = rig_ask(&r, "GET", "/api/v1/uppers/province/links?state=connected", key, NULL);
    d = rig_json(&r, &got);
    assert_json(d, "total", "1");
    assert_json(d, "items/0/mn", OUTLET);
    if (!schema_fits(&check, rig_at(check.api, "components/schemas/UpperLinkList"), d, "links"))
        fail_msg("%s", check.fault);
    got = rig_get(&r, "/api/v1/uppers/province/links");
    assert_int_equal(got.status, 401);
    d = rig_document(&r, DEVICE);
    assert_json(d, "forward/0/upper", "province");
    assert_json(d, "forward/0/state", "ok");
    close(province.fd);
    close(listener);
    stop(&r, &device);
}

static void
test_S221_reverse__a_platform_is_changed_and_forgotten_by_the_administrator(void **state)
{
    (void)state;
    rig r;
    rig_line device;
    start(&r, &device);
    static const char first[] = "{\"row_version\":0,\"address\":\"127.0.0.1:9\",\"devices\":{\"A\":"
                                "{\"pw\":\"keepme\"},\"*\":{}},\"enabled\":false}";
    reply got = rig_change_as(&r, r.admin, "PUT", "/api/v1/uppers/city", first, "a");
    assert_int_equal(got.status, 200);
    got = rig_change_as(&r, r.admin, "PUT", "/api/v1/uppers/city", first, "b");
    assert_int_equal(got.status, 409);
    /* What is not sent stays: the secret of A. */
    got = rig_change_as(&r, r.admin, "PUT", "/api/v1/uppers/city",
                        "{\"row_version\":1,\"address\":\"127.0.0.1:10\",\"devices\":{\"A\":{"
                        "\"has_password\":true,\"mn\":null}},\"enabled\":false}",
                        "c");
    assert_int_equal(got.status, 200);
    const qk_json_value *d = rig_json(&r, &got);
    assert_json(d, "devices/A/has_password", "true");
    assert_json(d, "row_version", "2");
    got = rig_change_as(&r, r.admin, "DELETE", "/api/v1/uppers/city", "{\"row_version\":1}", "d");
    assert_int_equal(got.status, 409);
    got = rig_change(&r, "DELETE", "/api/v1/uppers/city", "{\"row_version\":2}", "e");
    assert_int_equal(got.status, 403);
    got = rig_change_as(&r, r.admin, "DELETE", "/api/v1/uppers/city", "{\"row_version\":2}", "f");
    assert_int_equal(got.status, 200);
    got = rig_change_as(&r, r.admin, "DELETE", "/api/v1/uppers/city", NULL, "g");
    assert_int_equal(got.status, 404);
    reply audit = rig_get(&r, "/api/v1/audit");
    d = rig_json(&r, &audit);
    assert_json(d, "total", "3");
    assert_json(d, "items/0/what", "upper.put");
    assert_json(d, "items/0/who", "admin@127.0.0.1");
    assert_json(d, "items/2/what", "upper.drop");
    assert_null(strstr(audit.body, "keepme"));
    stop(&r, &device);
}

static void test_reverse__hostile_tables_of_platforms_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"address\":\"127.0.0.1:9\",\"devices\":{}}",
        "{\"row_version\":-1,\"address\":\"127.0.0.1:9\",\"devices\":{}}",
        "{\"row_version\":0,\"address\":\"127.0.0.1\",\"devices\":{}}",
        "{\"row_version\":0,\"address\":\":9\",\"devices\":{}}",
        "{\"row_version\":0,\"address\":\"a:0\",\"devices\":{}}",
        "{\"row_version\":0,\"address\":\"a:65536\",\"devices\":{}}",
        "{\"row_version\":0,\"address\":\"a:9\"}",
        "{\"row_version\":0,\"address\":\"a:9\",\"devices\":[]}",
        "{\"row_version\":0,\"address\":\"a:9\",\"devices\":{\"A\":1}}",
        "{\"row_version\":0,\"address\":\"a:9\",\"devices\":{\"\":{}}}",
        "{\"row_version\":0,\"address\":\"a:9\",\"devices\":{\"A\":{\"mn\":\"B;PW=1\"}}}",
        "{\"row_version\":0,\"address\":\"a:9\",\"devices\":{\"A\":{\"pw\":\"1&&\"}}}",
        "{\"row_version\":0,\"address\":\"a:9\",\"devices\":{\"A\":{\"pw\":7}}}",
        "{\"row_version\":0,\"address\":\"a:9\",\"devices\":{\"A\":{\"what\":1}}}",
        "{\"row_version\":0,\"address\":\"a:9\",\"devices\":{\"A\":{\"pw\":"
        "\"0123456789012345678901234567\"}}}",
        "{\"row_version\":0,\"address\":\"a:9\",\"devices\":{"
        "\"0123456789012345678901234567890123456789\":{}}}",
    };
    rig r;
    rig_line device;
    start(&r, &device);
    for (size_t i = 0; i < QK_ARRAY_COUNT(bad); i++) {
        char key[16];
        snprintf(key, sizeof key, "k%zu", i);
        reply got = rig_change_as(&r, r.admin, "PUT", "/api/v1/uppers/x", bad[i], key);
        if (got.status != 400) fail_msg("%s: %d %s", bad[i], got.status, got.body);
    }
    reply got = rig_change_as(&r, r.admin, "PUT", "/api/v1/uppers/a%20b",
                              "{\"row_version\":0,\"address\":\"a:9\",\"devices\":{}}", "id");
    assert_int_equal(got.status, 400);
    assert_json(rig_document(&r, "/api/v1/audit"), "total", "0");
    stop(&r, &device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S072_reverse__the_clock_of_a_device_is_read_and_set),
        qk_dir_test(test_S072_reverse__minutes_of_a_period_are_asked_for_again),
        qk_dir_test(test_reverse__every_outcome_is_told_in_words),
        qk_dir_test(test_reverse__what_waits_is_cancelled_and_what_ended_is_not),
        qk_dir_test(test_reverse__what_no_device_may_be_told_is_refused),
        qk_dir_test(test_reverse__a_new_password_is_shown_to_nobody),
        qk_dir_test(test_S072_reverse__an_unknown_device_is_refused_for_good),
        qk_dir_test(test_S072_reverse__the_access_list_binds_address_and_password),
        qk_dir_test(test_S221_reverse__frames_go_on_to_the_province),
        qk_dir_test(test_S221_reverse__a_platform_is_changed_and_forgotten_by_the_administrator),
        qk_dir_test(test_reverse__hostile_tables_of_platforms_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
