/* SPDX-License-Identifier: Apache-2.0 */
/* Changes through the API, and the live feed on real connections. */
#include "web_rig.h"
#include "domain/live.h"

#define OUTLET "88880000000000000000001"
#define DEVICE "/api/v1/devices/" OUTLET

static void test_change__a_device_is_changed_once_for_each_key(void **state)
{
    (void)state;
    rig r;
    static const char body[] = "{\"row_version\":1,\"overtime_s\":5,\"pw\":\"654321\"}";
    rig_start(&r, RIG_NOW "x0", NULL);
    reply first = rig_change(&r, "PUT", DEVICE, body, "key-1");
    assert_int_equal(first.status, 200);
    const qk_json_value *d = rig_json(&r, &first);
    assert_json(d, "overtime_s", "5");
    assert_json(d, "row_version", "2");
    assert_json(d, "has_password", "true");
    reply again = rig_change(&r, "PUT", DEVICE, body, "key-1");
    assert_int_equal(again.status, 200);
    assert_string_equal(again.body, first.body);
    assert_json(rig_document(&r, DEVICE), "row_version", "2");
    /* The same key for something else, the same something with a version that is past. */
    reply other = rig_change(&r, "PUT", DEVICE, "{\"row_version\":2,\"overtime_s\":6}", "key-1");
    assert_int_equal(other.status, 422);
    assert_json(rig_json(&r, &other), "error/code", "idempotency_mismatch");
    reply late = rig_change(&r, "PUT", DEVICE, body, "key-2");
    assert_int_equal(late.status, 409);
    assert_json(rig_json(&r, &late), "error/code", "conflict");
    /* A refused change leaves its key free. */
    late = rig_change(&r, "PUT", DEVICE, "{\"row_version\":2,\"overtime_s\":7}", "key-2");
    assert_int_equal(late.status, 200);
    rig_stop(&r);
}

static void test_S220_change__each_change_stands_in_the_audit_log_without_secrets(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    rig_change(&r, "PUT", DEVICE, "{\"row_version\":1,\"overtime_s\":5,\"pw\":\"654321\"}", "a");
    rig_change(&r, "PUT", DEVICE, "{\"row_version\":1,\"overtime_s\":9}", "b"); /* refused */
    rig_change(&r, "PUT", DEVICE, "{\"row_version\":2,\"recount\":2}", "c");
    reply got = rig_get(&r, "/api/v1/audit");
    const qk_json_value *d = rig_json(&r, &got);
    assert_json(d, "total", "2");
    assert_json(d, "items/0/seq", "1");
    assert_json(d, "items/0/who", "operator@127.0.0.1");
    assert_json(d, "items/0/what", "device.change");
    assert_json(d, "items/0/object", "device/" OUTLET);
    assert_json(d, "items/0/detail/overtime_s", "5");
    assert_json(d, "items/0/detail/pw", "***");
    assert_null(strstr(got.body, "654321"));
    assert_int_equal(qk_json_get_str(rig_at(d, "items/1"), "hash").len, 64);
    d = rig_document(&r, "/api/v1/audit?after=1&limit=1");
    assert_json(d, "items/0/seq", "2");
    rig_stop(&r);
}

static void test_change__a_parked_device_is_approved_and_its_frames_come_in(void **state)
{
    (void)state;
    rig r;
    char frame[QK_HJ212_FRAME_MAX];
    rig_start(&r, RIG_NOW "x0", NULL);
    size_t len = qk_hj212_encode_segment(
        frame, sizeof frame,
        QK_HJ212_TEXT("QN=20261122100000000;ST=31;CN=2051;PW=123456;MN=NEW1;Flag=5;CP=&&"
                      "DataTime=20261122095900;a21026-Avg=7.5&&"),
        QK_HJ212_CRC_STANDARD);
    rig_record(&r, QK_JOURNAL_PARKED, 0, frame, len);
    rig_settle(&r);
    const qk_json_value *d = rig_document(&r, "/api/v1/parked");
    assert_json(d, "total", "1");
    assert_json(d, "items/0/mn", "NEW1");
    assert_json(d, "items/0/count", "1");
    qk_str sample = qk_json_get_str(rig_at(d, "items/0"), "sample");
    assert_true(qk_str_find(sample, QK_STR("PW=******;MN=NEW1"), 0) != SIZE_MAX);
    reply got = rig_change(&r, "POST", "/api/v1/parked/NEW1/approve",
                           "{\"site\":\"outlet1\",\"st\":\"31\"}", "k");
    assert_int_equal(got.status, 200);
    d = rig_json(&r, &got);
    assert_json(d, "status", "approved");
    assert_json(d, "site", "outlet1");
    assert_json(rig_document(&r, "/api/v1/devices/NEW1"), "row_version", "1");
    int64_t until = qk_monotonic_ms() + 10000;
    do {
        rig_settle(&r);
        d = rig_document(&r, "/api/v1/series?mn=NEW1&code=a21026&kind=minute");
    } while (qk_json_get(d, "points")->count == 0 && qk_monotonic_ms() < until);
    assert_json(d, "points/0/1", "7.5");
    rig_stop(&r);
}

static void test_S086_change__a_special_factor_is_configured_and_watched(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "{\"row_version\":-1}",
        "{\"row_version\":0,\"limit\":\"30\"}",
        "{\"row_version\":0,\"item\":\"Hg\"}",
        "{\"row_version\":0,\"low\":5,\"high\":1}",
        "{\"row_version\":0,\"code\":\"a1\"}",
        "{\"row_version\":0,\"limit\":1e400}",
        "{\"row_version\":0,\"site\":\"nowhere\"}",
    };
    static const char body[] =
        "{\"row_version\":0,\"name_zh\":\"特征甲\",\"name_en\":\"special A\","
        "\"unit\":\"ng/m3\",\"limit\":30,\"low\":0,\"high\":200}";
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    for (size_t i = 0; i < QK_ARRAY_COUNT(bad); i++) {
        reply got = rig_change(&r, "PUT", DEVICE "/factors/a99001", bad[i], "bad");
        if (got.status != 400) fail_msg("%s: %d %s", bad[i], got.status, got.body);
    }
    assert_int_equal(rig_change(&r, "PUT", DEVICE "/factors/a-1", body, "c1").status, 400);
    assert_int_equal(rig_change(&r, "PUT", "/api/v1/devices/none/factors/a1", body, "c2").status,
                     404);
    reply got = rig_change(&r, "PUT", DEVICE "/factors/a99001", body, "k1");
    assert_int_equal(got.status, 200);
    assert_json(rig_json(&r, &got), "row_version", "1");
    got = rig_change(&r, "PUT", DEVICE "/factors/a99001", body, "k2");
    assert_int_equal(got.status, 409);
    /* Whatever the standard's table says of the code: it is stored, named, judged. */
    rig_frame(&r, "QN=20261122100500000;ST=31;CN=2061;PW=123456;MN=" OUTLET
                  ";Flag=5;CP=&&DataTime=20261122090000;a99001-Avg=31.5,a99001-Flag=N&&");
    rig_settle(&r);
    const qk_json_value *d = rig_document(&r, "/api/v1/latest?factors=a99001&kinds=hour");
    assert_json(d, "sites/outlet1/values/0/value", "31.5");
    assert_json(d, "sites/outlet1/values/0/unit", "ng/m3");
    assert_json(d, "sites/outlet1/values/0/over", "true");
    d = rig_document(&r, "/api/v1/series?mn=" OUTLET "&code=a99001&kind=hour&from=2026-11-22");
    assert_json(d, "limit", "30");
    assert_json(d, "points/0/1", "31.5");
    got = rig_change(&r, "PUT", DEVICE "/factors/a99001", "{\"row_version\":1,\"limit\":40}", "k3");
    assert_int_equal(got.status, 200);
    d = rig_document(&r, DEVICE "/factors");
    assert_json(d, "total", "3");
    assert_json(d, "items/2/code", "a99001");
    assert_json(d, "items/2/name_zh", "特征甲");
    assert_json(d, "items/2/limit", "40");
    d = rig_document(&r, "/api/v1/audit");
    assert_json(d, "items/0/what", "factor.change");
    assert_json(d, "items/1/detail/limit", "40");
    rig_stop(&r);
}

static void test_change__the_clock_of_a_demo_goes_where_it_is_told(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    reply got = rig_ask(&r, "PUT", "/api/v1/demo/clock", NULL,
                        "{\"now\":\"2026-11-23T00:00:00\",\"speed\":60}");
    assert_int_equal(got.status, 200);
    const qk_json_value *d = rig_json(&r, &got);
    assert_json(d, "speed", "60");
    assert_json(d, "simulated", "true");
    assert_true(qk_str_starts(qk_json_get_str(d, "now"), QK_STR("2026-11-23T00:0")));
    got = rig_ask(&r, "PUT", "/api/v1/demo/clock", NULL, "{\"speed\":0}");
    assert_int_equal(got.status, 200);
    d = rig_document(&r, "/api/v1/demo/clock");
    assert_json(d, "speed", "0");
    assert_true(qk_str_starts(qk_json_get_str(d, "now"), QK_STR("2026-11-23T00:")));
    rig_stop(&r);
}

static void test_change__requests_need_a_gateway(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    reply got = rig_change(&r, "POST", DEVICE "/requests", "{\"cn\":2051}", "k");
    assert_int_equal(got.status, 503);
    assert_json(rig_json(&r, &got), "error/code", "no_gateway");
    rig_stop(&r);
}

/* ---- the live feed ---- */

static int follow(const rig *r, const char *path, const char *headers)
{
    char text[400];
    int fd = rig_connect(r);
    int len = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", path, headers);
    rig_write(fd, text, (size_t)len);
    return fd;
}

/* Reads until the text stands in what came; false when it does not within ten seconds. */
static bool read_until(int fd, qk_buf *got, const char *text)
{
    int64_t until = qk_monotonic_ms() + 10000;
    while (!(got->len && strstr(got->ptr, text)) && qk_monotonic_ms() < until) {
        char part[4096];
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 200) != 1) continue;
        ssize_t n = recv(fd, part, sizeof part, 0);
        if (n <= 0) break;
        qk_buf_append(got, part, (size_t)n);
    }
    return got->len && strstr(got->ptr, text);
}

static void test_live__a_page_is_greeted_and_told_what_happens(void **state)
{
    (void)state;
    rig r;
    qk_buf got;
    qk_buf_init(&got, 1 << 20);
    rig_start(&r, RIG_NOW "x0", NULL);
    int fd = follow(&r, "/api/v1/live", "");
    assert_true(read_until(fd, &got, "event: clock\ndata: {\"now\":\"2026-11-22T10:05:00"));
    assert_non_null(strstr(got.ptr, "text/event-stream"));
    assert_non_null(strstr(got.ptr, "X-Accel-Buffering: no"));
    qk_live_publish(qk_node_live(r.node), "event", QK_STR("{\"id\":1}"));
    assert_true(read_until(fd, &got, "event: event\ndata: {\"id\":1}\n\n"));
    close(fd);
    qk_buf_clear(&got);
    rig_stop(&r);
}

static void test_live__values_of_frames_reach_the_page(void **state)
{
    (void)state;
    rig r;
    qk_buf got;
    qk_buf_init(&got, 1 << 20);
    rig_start(&r, RIG_NOW "x0", NULL);
    int fd = follow(&r, "/api/v1/live", "");
    assert_true(read_until(fd, &got, "event: clock"));
    rig_frame(&r, "QN=20261122100500000;ST=31;CN=2011;PW=123456;MN=" OUTLET ";Flag=5;CP=&&"
                  "DataTime=20261122100430;a21026-Rtd=40.25,a21026-Flag=N&&");
    rig_settle(&r);
    assert_true(read_until(fd, &got, "event: value\n"));
    assert_true(read_until(fd, &got, "\"value\":40.25"));
    close(fd);
    qk_buf_clear(&got);
    rig_stop(&r);
}

static void test_live__a_page_that_comes_back_misses_nothing(void **state)
{
    (void)state;
    rig r;
    qk_buf got;
    char headers[100], path[200];
    qk_buf_init(&got, 1 << 20);
    rig_start(&r, RIG_NOW "x0", NULL);
    qk_str feed = qk_json_get_str(rig_document(&r, "/api/v1/latest"), "feed");
    for (int i = 1; i <= 3; i++) {
        char data[32];
        snprintf(data, sizeof data, "{\"id\":%d}", i);
        qk_live_publish(qk_node_live(r.node), "event", qk_str_of(data));
    }
    /* From what /latest showed on: all three. */
    snprintf(path, sizeof path, "/api/v1/live?after=%.*s", QK_STR_ARG(feed));
    int fd = follow(&r, path, "");
    assert_true(read_until(fd, &got, "{\"id\":3}"));
    assert_non_null(strstr(got.ptr, "{\"id\":1}"));
    char *id = strstr(got.ptr, "event: event\ndata: {\"id\":2}");
    while (id > got.ptr && strncmp(id, "id: ", 4) != 0) id--;
    snprintf(headers, sizeof headers, "Last-Event-ID: %.*s\r\n", (int)strcspn(id + 4, "\n"),
             id + 4);
    close(fd);
    qk_buf_reset(&got);
    fd = follow(&r, "/api/v1/live", headers);
    assert_true(read_until(fd, &got, "{\"id\":3}"));
    assert_null(strstr(got.ptr, "{\"id\":2}"));
    assert_null(strstr(got.ptr, "reset"));
    close(fd);
    qk_buf_reset(&got);
    fd = follow(&r, "/api/v1/live", "Last-Event-ID: deadbeef-1\r\n");
    assert_true(read_until(fd, &got, "event: reset\n"));
    close(fd);
    qk_buf_clear(&got);
    rig_stop(&r);
}

static void test_live__places_are_bounded_and_given_back(void **state)
{
    (void)state;
    rig r;
    int fds[3];
    qk_buf got;
    qk_buf_init(&got, 1 << 20);
    qk_web_options options = {.max_followers = 2};
    rig_start(&r, RIG_NOW "x0", &options);
    for (int i = 0; i < 2; i++) {
        fds[i] = follow(&r, "/api/v1/live", "");
        qk_buf_reset(&got);
        assert_true(read_until(fds[i], &got, "event: clock"));
    }
    reply refused = rig_get(&r, "/api/v1/live");
    assert_int_equal(refused.status, 503);
    close(fds[0]);
    /* The daemon learns of the end when it next writes. */
    int64_t until = qk_monotonic_ms() + 10000;
    bool placed = false;
    while (!placed && qk_monotonic_ms() < until) {
        qk_live_publish(qk_node_live(r.node), "event", QK_STR("{}"));
        fds[2] = follow(&r, "/api/v1/live", "");
        qk_buf_reset(&got);
        placed = read_until(fds[2], &got, "HTTP/1.1 ") && strstr(got.ptr, "HTTP/1.1 200");
        close(fds[2]);
    }
    assert_true(placed);
    close(fds[1]);
    qk_buf_clear(&got);
    rig_stop(&r);
}

static void test_live__stopping_ends_followers_at_once(void **state)
{
    (void)state;
    rig r;
    qk_buf got;
    int fds[20];
    qk_buf_init(&got, 1 << 20);
    rig_start(&r, RIG_NOW "x0", NULL);
    for (size_t i = 0; i < QK_ARRAY_COUNT(fds); i++) {
        fds[i] = follow(&r, "/api/v1/live", "");
        qk_buf_reset(&got);
        assert_true(read_until(fds[i], &got, "event: clock"));
    }
    rig_stop(&r);
    for (size_t i = 0; i < QK_ARRAY_COUNT(fds); i++) {
        qk_buf_reset(&got);
        assert_true(rig_read(fds[i], &got, 1000));
        close(fds[i]);
    }
    qk_buf_clear(&got);
}

/* Ends in the middle of a long answer: the client can see that it is cut. */
static void test_http__a_client_may_leave_in_the_middle(void **state)
{
    (void)state;
    rig r;
    char segment[300], time[QK_TIME_TEXT];
    rig_start(&r, RIG_NOW "x0", NULL);
    for (int i = 0; i < 20000; i++) {
        qk_time_compact14(time, at("2026-11-08T00:00:00") + i * QK_MINUTE);
        snprintf(segment, sizeof segment,
                 "QN=20261122100500000;ST=31;CN=2051;PW=123456;MN=" OUTLET ";Flag=5;CP=&&"
                 "DataTime=%s;a21026-Avg=%d.5&&",
                 time, i % 100);
        rig_frame(&r, segment);
    }
    rig_settle(&r);
    reply got = rig_get(&r, "/api/v1/series.csv?mn=" OUTLET "&code=a21026&kind=minute"
                            "&from=2026-11-08&to=2026-11-23");
    size_t lines = 0;
    for (size_t i = 0; i < got.len; i++) lines += got.body[i] == '\n';
    assert_int_equal(lines, 20001);
    for (int i = 0; i < 5; i++) {
        char part[1000];
        int fd = follow(&r,
                        "/api/v1/series.csv?mn=" OUTLET "&code=a21026&kind=minute"
                        "&from=2026-11-08&to=2026-11-23",
                        "");
        assert_true(recv(fd, part, sizeof part, 0) > 0);
        close(fd);
    }
    assert_int_equal(rig_get(&r, "/api/v1/latest").status, 200);
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_change__a_device_is_changed_once_for_each_key),
        qk_dir_test(test_S220_change__each_change_stands_in_the_audit_log_without_secrets),
        qk_dir_test(test_change__a_parked_device_is_approved_and_its_frames_come_in),
        qk_dir_test(test_S086_change__a_special_factor_is_configured_and_watched),
        qk_dir_test(test_change__the_clock_of_a_demo_goes_where_it_is_told),
        qk_dir_test(test_change__requests_need_a_gateway),
        qk_dir_test(test_live__a_page_is_greeted_and_told_what_happens),
        qk_dir_test(test_live__values_of_frames_reach_the_page),
        qk_dir_test(test_live__a_page_that_comes_back_misses_nothing),
        qk_dir_test(test_live__places_are_bounded_and_given_back),
        qk_dir_test(test_live__stopping_ends_followers_at_once),
        qk_dir_test(test_http__a_client_may_leave_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
