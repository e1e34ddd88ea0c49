/* SPDX-License-Identifier: Apache-2.0 */
/* A node and its gateway in this process, with a clock that stands where the test sets it. */
#include "domain/events.h"
#include "gateway/request_store.h"
#include "hj212/hj212.h"
#include "server.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

enum { WAIT_MS = LINE_PATIENCE_MS, FRAME = 2048 };

typedef struct house {
    server folder; /* only its directory is used */
    qk_node *node;
    qk_gateway *gateway;
    int line;
    char got[FRAME];
    qk_hj212_frame frame;
    qk_hj212_head head;
} house;

static qk_time at(const char *text)
{
    qk_time t;
    assert_int_equal(qk_time_parse(&t, qk_str_of(text)), QK_OK);
    return t;
}

static qk_code import_devices(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    (void)db;
    return qk_registry_import(qk_node_registry(node), qk_str_of(context), QK_STR("test"), now, err);
}

static void open_node(house *h, const char *clock, bool accept_any)
{
    qk_error err = {0};
    qk_node_options options = {
        .data_dir = h->folder.dir, .clock_text = clock, .demo = true, .accept_any = accept_any};
    if (qk_node_open(&h->node, &options, &err) != QK_OK) fail_msg("%s", err.message);
}

static void start_gateway(house *h)
{
    qk_error err = {0};
    qk_gateway_options options = {.listen = "127.0.0.1:0"};
    if (qk_gateway_start(&h->gateway, h->node, &options, &err) != QK_OK)
        fail_msg("%s", err.message);
    h->line = line_open(qk_gateway_port(h->gateway), NULL);
    assert_true(h->line >= 0);
}

static house *build_house(const char *clock, const char *devices, bool accept_any)
{
    static house h;
    qk_error err = {0};
    char json[2048];
    h = (house){.line = -1};
    server_new(&h.folder);
    open_node(&h, clock, accept_any);
    snprintf(json, sizeof json, "{\"devices\":[%s]}", devices);
    if (qk_node_call(h.node, import_devices, json, &err) != QK_OK) fail_msg("%s", err.message);
    start_gateway(&h);
    return &h;
}

static void close_house(house *h)
{
    if (h->line >= 0) close(h->line);
    qk_gateway_stop(h->gateway);
    qk_node_close(h->node);
    server_remove(&h->folder);
}

static void set_clock(house *h, qk_time t)
{
    qk_error err = {0};
    if (qk_node_set_clock(h->node, t, 0, &err) != QK_OK) fail_msg("%s", err.message);
}

static void say(house *h, const char *segment)
{
    char frame[FRAME];
    size_t n = qk_hj212_encode_segment(frame, sizeof frame, qk_hj212_text_of(segment),
                                       QK_HJ212_CRC_STANDARD);
    line_send(h->line, frame, n);
}

/* The next frame from the platform, with this CN. */
static void hear(house *h, int32_t cn)
{
    qk_hj212_step step;
    int n = line_frame(h->line, h->got, sizeof h->got, WAIT_MS);
    if (n <= 0) fail_msg("nothing came, %d was awaited", cn);
    assert_int_equal(qk_hj212_next(h->got, (size_t)n, true, &h->frame, &step), QK_HJ212_FRAME);
    (void)qk_hj212_head_read(&h->head, h->frame.segment);
    if (h->head.command != cn) fail_msg("awaited %d, got %s", cn, h->got);
}

static void check_cp(const house *h, const char *cp)
{
    char text[512];
    snprintf(text, sizeof text, "%.*s", (int)h->head.cp.len, h->head.cp.ptr);
    assert_string_equal(text, cp);
}

/* 9011 and 9012 under the QN of what was heard last. */
static void obey(house *h, int exe_rtn)
{
    char segment[256], qn[24];
    snprintf(qn, sizeof qn, "%.*s", (int)h->head.qn.len, h->head.qn.ptr);
    snprintf(segment, sizeof segment, "QN=%s;ST=91;CN=9011;PW=123456;MN=A1;Flag=4;CP=&&QnRtn=1&&",
             qn);
    say(h, segment);
    snprintf(segment, sizeof segment, "QN=%s;ST=91;CN=9012;PW=123456;MN=A1;Flag=4;CP=&&ExeRtn=%d&&",
             qn, exe_rtn);
    say(h, segment);
}

/* Nothing else has come: the answer to this heartbeat is next. */
static void hear_nothing(house *h)
{
    say(h, "QN=20260101000000001;ST=31;CN=9015;PW=123456;MN=A1;Flag=9;CP=&&&&");
    hear(h, 9013);
}

static void say_real_time(house *h, const char *mn, qk_time clock_of_device, int k)
{
    char segment[256], qn[QK_TIME_TEXT], time[QK_TIME_TEXT];
    snprintf(segment, sizeof segment,
             "QN=%s;ST=31;CN=2011;PW=123456;MN=%s;Flag=5;CP=&&DataTime=%s;a21026-Rtd=%d&&",
             qk_time_compact17(qn, clock_of_device), mn, qk_time_compact14(time, clock_of_device),
             k);
    say(h, segment);
}

/* Six real-time frames, 30 s apart, of a device whose clock is `behind`; each is answered. */
static qk_time tell_time(house *h, const char *mn, qk_time from, qk_time behind, bool expect_1012)
{
    qk_time now = from;
    bool told = false;
    for (int i = 0; i < 6; i++, now += 30 * QK_SECOND) {
        set_clock(h, now);
        say_real_time(h, mn, now - behind, i);
        int n = line_frame(h->line, h->got, sizeof h->got, WAIT_MS);
        assert_true(n > 0);
        if (strstr(h->got, "CN=1012")) {
            told = true;
            obey(h, 1);
            assert_true(line_frame(h->line, h->got, sizeof h->got, WAIT_MS) > 0);
        }
        assert_non_null(strstr(h->got, "CN=9014"));
    }
    if (expect_1012 && !told) {
        hear(h, 1012);
        obey(h, 1);
    }
    return now;
}

typedef struct count {
    const char *kind;
    size_t n;
} count;

static qk_code count_events(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    count *c = context;
    qk_event_filter filter = {
        .kind = qk_str_of(c->kind), .from = QK_TIME_NONE, .to = QK_TIME_NONE, .limit = 100};
    qk_arena arena;
    qk_event *events;
    (void)node, (void)now;
    qk_arena_init(&arena, 1 << 20);
    qk_code code = qk_events_query(&events, &c->n, db, &filter, &arena, err);
    qk_arena_clear(&arena);
    return code;
}

/* Waits until so many events of a kind are written. */
static void check_events(house *h, const char *kind, size_t n)
{
    count c = {.kind = kind};
    int64_t end = qk_monotonic_ms() + WAIT_MS;
    do {
        assert_int_equal(qk_node_call(h->node, count_events, &c, NULL), QK_OK);
    } while (c.n < n && qk_monotonic_ms() < end);
    assert_int_equal(c.n, n);
}

static void test_S072_gateway__a_wrong_clock_is_told_and_set_once_a_day(void **state)
{
    (void)state;
    house *h = build_house("2026-03-01T10:30:00x0",
                           "{\"mn\":\"A1\",\"st\":\"31\",\"rtd_interval_s\":30}", false);
    qk_time now = tell_time(h, "A1", at("2026-03-01T10:30:00"), 10 * QK_MINUTE, true);
    check_events(h, "clock_skew", 1);
    now = tell_time(h, "A1", now, 10 * QK_MINUTE, false); /* it did not help: not again today */
    hear_nothing(h);
    check_events(h, "clock_skew", 1);
    tell_time(h, "A1", now + QK_DAY, 10 * QK_MINUTE, true);
    check_events(h, "clock_skew", 2);
    close_house(h);
}

static void test_gateway__no_clock_is_set_around_the_full_hour(void **state)
{
    (void)state;
    house *h = build_house("2026-03-01T10:55:00x0",
                           "{\"mn\":\"A1\",\"st\":\"31\",\"rtd_interval_s\":30}", false);
    tell_time(h, "A1", at("2026-03-01T10:59:01"), 10 * QK_MINUTE, false);
    hear_nothing(h);
    set_clock(h, at("2026-03-01T11:01:00"));
    say_real_time(h, "A1", at("2026-03-01T10:51:00"), 7);
    hear(h, 9014);
    hear(h, 1012);
    check_cp(h, "SystemTime=20260301110100");
    close_house(h);
}

static void test_gateway__accept_any_devices_are_never_asked_anything(void **state)
{
    (void)state;
    house *h = build_house("2026-03-01T10:30:00x0", "{\"mn\":\"A1\"}", true);
    tell_time(h, "STRANGER", at("2026-03-01T10:30:00"), QK_HOUR, false);
    hear_nothing(h);
    qk_request r = {.mn = "STRANGER", .cn = 1011, .from = QK_TIME_NONE, .to = QK_TIME_NONE};
    int64_t id;
    qk_error err = {0};
    assert_int_equal(qk_gateway_ask(h->gateway, &r, &id, &err), QK_ENOTFOUND);
    close_house(h);
}

static void say_hour(house *h, qk_time hour, const char *qn)
{
    char segment[256], time[QK_TIME_TEXT];
    snprintf(segment, sizeof segment,
             "QN=%s;ST=31;CN=2061;PW=123456;MN=A1;Flag=5;CP=&&DataTime=%s;a21026-Avg=%d.5&&", qn,
             qk_time_compact14(time, hour), (int)(hour / QK_HOUR % 100));
    say(h, segment);
    hear(h, 9014);
}

static size_t count_back_filled(const house *h)
{
    char dir[96];
    size_t n = 0;
    qk_journal_reader *reader;
    qk_journal_record r;
    snprintf(dir, sizeof dir, "%s/journal", h->folder.dir);
    assert_int_equal(qk_journal_reader_open(&reader, dir, 0, NULL), QK_OK);
    while (qk_journal_next(reader, &r, qk_journal_durable(qk_node_journal(h->node)), NULL) == QK_OK)
        n += r.kind == QK_JOURNAL_FRAME && (r.flags & QK_JOURNAL_BACKFILL);
    qk_journal_reader_close(reader);
    return n;
}

static void test_S072_gateway__missing_hours_are_asked_for_once(void **state)
{
    (void)state;
    house *h = build_house("2026-03-01T10:30:00x0",
                           "{\"mn\":\"A1\",\"st\":\"31\",\"sends_hours\":true}", false);
    qk_time start = at("2026-03-01T00:00:00");
    char qn[24];
    for (int i = 0; i < 10; i++) {
        snprintf(qn, sizeof qn, "20260301%02d0000000", i);
        if (i < 3 || i > 5) say_hour(h, start + i * QK_HOUR, qn);
    }
    assert_int_equal(qk_node_settle(h->node, WAIT_MS, NULL), QK_OK);
    set_clock(h, at("2026-03-01T10:35:00"));
    hear(h, 2061);
    check_cp(h, "BeginTime=20260301030000;EndTime=20260301050000");
    char ask[24], segment[128];
    snprintf(ask, sizeof ask, "%.*s", (int)h->head.qn.len, h->head.qn.ptr);
    snprintf(segment, sizeof segment, "QN=%s;ST=91;CN=9011;PW=123456;MN=A1;Flag=4;CP=&&QnRtn=1&&",
             ask);
    say(h, segment);
    say_hour(h, start + 3 * QK_HOUR, "20260301103500001");
    say_hour(h, start + 4 * QK_HOUR, "20260301103500002"); /* the hour of 05:00 is lost for ever */
    snprintf(segment, sizeof segment, "QN=%s;ST=91;CN=9012;PW=123456;MN=A1;Flag=4;CP=&&ExeRtn=1&&",
             ask);
    say(h, segment);
    hear_nothing(h);
    assert_int_equal(count_back_filled(h), 2);
    /* the next rounds find the hour of 05:00 still missing and leave it */
    for (int i = 1; i < 4; i++) set_clock(h, at("2026-03-01T10:35:00") + i * 11 * QK_MINUTE);
    hear_nothing(h);
    close_house(h);
}

static qk_code load_request(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    qk_request *r = context;
    (void)node, (void)now;
    return qk_request_load(db, r->id, r, err);
}

static void check_state(house *h, int64_t id, const char *state)
{
    qk_request r = {.id = id};
    int64_t end = qk_monotonic_ms() + WAIT_MS;
    do {
        r.id = id;
        assert_int_equal(qk_node_call(h->node, load_request, &r, NULL), QK_OK);
    } while (strcmp(r.state, state) != 0 && qk_monotonic_ms() < end);
    assert_string_equal(r.state, state);
}

static int64_t ask(house *h, int32_t cn, const char *params)
{
    qk_request r = {.mn = "A1", .cn = cn, .from = QK_TIME_NONE, .to = QK_TIME_NONE, .by = "Li"};
    int64_t id = 0;
    qk_error err = {0};
    snprintf(r.params, sizeof r.params, "%s", params);
    if (qk_gateway_ask(h->gateway, &r, &id, &err) != QK_OK) fail_msg("%s", err.message);
    assert_true(id > 0);
    return id;
}

static void test_S072_gateway__requests_run_one_after_the_other_and_can_be_cancelled(void **state)
{
    (void)state;
    house *h = build_house("2026-03-01T10:30:00x0", "{\"mn\":\"A1\",\"st\":\"31\"}", false);
    qk_error err = {0};
    int64_t first = ask(h, 3011, "PolId=a21026"), second = ask(h, 3012, "PolId=a21026");
    int64_t third = ask(h, 3013, "PolId=a21026"), fourth = ask(h, 3014, "PolId=a21026");
    check_state(h, first, "waiting"); /* nobody is connected under this MN yet */
    assert_int_equal(qk_gateway_cancel(h->gateway, third, &err), QK_OK);
    check_state(h, third, "cancelled");
    say_real_time(h, "A1", at("2026-03-01T10:30:00"), 1);
    hear(h, 9014);
    hear(h, 3011);
    check_cp(h, "PolId=a21026");
    hear_nothing(h);
    obey(h, 1); /* answers the heartbeat's QN: not ours, nothing happens */
    hear_nothing(h);
    assert_int_equal(qk_gateway_cancel(h->gateway, first, &err), QK_OK);
    hear(h, 3012);
    obey(h, 4);
    hear(h, 3014);
    obey(h, 1);
    check_state(h, first, "cancelled");
    check_state(h, second, "failed");
    check_state(h, fourth, "done");
    assert_int_equal(qk_gateway_cancel(h->gateway, fourth, &err), QK_ECONFLICT);
    assert_int_equal(qk_gateway_cancel(h->gateway, 4711, &err), QK_ENOTFOUND);
    close_house(h);
}

static void test_gateway__what_must_not_be_asked_is_refused(void **state)
{
    (void)state;
    house *h = build_house(
        "2026-03-01T10:30:00x0",
        "{\"mn\":\"A1\",\"answers_requests\":false},{\"mn\":\"OFF\",\"status\":\"disabled\"},"
        "{\"mn\":\"FULL\"}",
        false);
    int64_t id;
    qk_error err = {0};
    qk_request r = {.mn = "A1", .cn = 1011, .from = QK_TIME_NONE, .to = QK_TIME_NONE};
    assert_int_equal(qk_gateway_ask(h->gateway, &r, &id, &err), QK_EDENIED);
    snprintf(r.mn, sizeof r.mn, "OFF");
    assert_int_equal(qk_gateway_ask(h->gateway, &r, &id, &err), QK_EDENIED);
    snprintf(r.mn, sizeof r.mn, "NOBODY");
    assert_int_equal(qk_gateway_ask(h->gateway, &r, &id, &err), QK_ENOTFOUND);
    snprintf(r.mn, sizeof r.mn, "FULL");
    r.cn = 9014;
    assert_int_equal(qk_gateway_ask(h->gateway, &r, &id, &err), QK_EINVAL);
    r.cn = 1011;
    for (int i = 0; i < QK_REQUESTS_OPEN_MAX; i++)
        assert_int_equal(qk_gateway_ask(h->gateway, &r, &id, &err), QK_OK);
    assert_int_equal(qk_gateway_ask(h->gateway, &r, &id, &err), QK_EFULL);
    close_house(h);
}

static void test_S072_gateway__platforms_are_kept_listed_and_dropped(void **state)
{
    (void)state;
    house *h = build_house("2026-03-01T10:30:00x0", "{\"mn\":\"A1\",\"st\":\"31\"}", false);
    qk_error err = {0};
    qk_arena arena;
    qk_upper upper = {.id = "city", .enabled = true, .mn_map = "{\"A1\":{\"mn\":\"C1\"}}"}, *uppers;
    qk_uplink_state *links;
    size_t n;
    uint16_t port;
    int listener = line_listen(&port);
    qk_arena_init(&arena, 4 << 20);
    snprintf(upper.address, sizeof upper.address, "nonsense");
    assert_int_equal(qk_gateway_put_upper(h->gateway, &upper, QK_STR("Li"), &err), QK_EINVAL);
    snprintf(upper.address, sizeof upper.address, "127.0.0.1:%u", port);
    upper.mn_map = "[]";
    assert_int_equal(qk_gateway_put_upper(h->gateway, &upper, QK_STR("Li"), &err), QK_EINVAL);
    upper.mn_map = "{\"A1\":{\"mn\":\"C1\"}}";
    assert_int_equal(qk_gateway_put_upper(h->gateway, &upper, QK_STR("Li"), &err), QK_OK);
    assert_int_equal(qk_gateway_put_upper(h->gateway, &upper, QK_STR("Li"), &err), QK_ECONFLICT);
    int up = line_accept(listener);
    say_hour(h, at("2026-03-01T09:00:00"), "20260301100000001");
    assert_true(line_frame(up, h->got, sizeof h->got, WAIT_MS) > 0);
    assert_non_null(strstr(h->got, "MN=C1;"));
    assert_int_equal(qk_gateway_uppers(h->gateway, &arena, &uppers, &n, &err), QK_OK);
    assert_int_equal(n, 1);
    assert_string_equal(uppers[0].mn_map, upper.mn_map);
    assert_int_equal(qk_gateway_uplinks(h->gateway, QK_STR("A1"), &arena, &links, &n, &err), QK_OK);
    assert_int_equal(n, 1);
    assert_true(links[0].connected);
    assert_int_equal(links[0].sent, 1);
    assert_int_equal(links[0].waiting, 1);
    /* moved to another place: what was not answered goes there */
    uint16_t other_port;
    int other = line_listen(&other_port);
    upper.version = 1;
    snprintf(upper.address, sizeof upper.address, "127.0.0.1:%u", other_port);
    assert_int_equal(qk_gateway_put_upper(h->gateway, &upper, QK_STR("Li"), &err), QK_OK);
    assert_true(line_ended(up, WAIT_MS));
    close(up);
    up = line_accept(other);
    assert_true(line_frame(up, h->got, sizeof h->got, WAIT_MS) > 0);
    assert_non_null(strstr(h->got, "DataTime=20260301090000"));
    assert_int_equal(qk_gateway_drop_upper(h->gateway, QK_STR("city"), &err), QK_OK);
    assert_true(line_ended(up, WAIT_MS));
    assert_int_equal(qk_gateway_drop_upper(h->gateway, QK_STR("city"), &err), QK_ENOTFOUND);
    close(up);
    close(listener);
    close(other);
    qk_arena_clear(&arena);
    close_house(h);
}

/* A dead platform beside a living one: the living one gets everything, devices are answered, and
 * the dead one gets all of it, once each, when it comes back. */
static void test_S072_gateway__a_dead_platform_costs_nobody_anything_and_catches_up(void **state)
{
    (void)state;
    enum { HOURS = 120 };
    house *h = build_house("2026-03-10T10:30:00x0", "{\"mn\":\"A1\",\"st\":\"31\"}", false);
    qk_error err = {0};
    uint16_t live_port, dead_port;
    int live = line_listen(&live_port), dead = line_listen(&dead_port);
    close(dead);
    qk_upper upper = {.id = "live", .enabled = true, .mn_map = "{\"*\":{}}"};
    snprintf(upper.address, sizeof upper.address, "127.0.0.1:%u", live_port);
    assert_int_equal(qk_gateway_put_upper(h->gateway, &upper, QK_STR("Li"), &err), QK_OK);
    snprintf(upper.id, sizeof upper.id, "dead");
    snprintf(upper.address, sizeof upper.address, "127.0.0.1:%u", dead_port);
    assert_int_equal(qk_gateway_put_upper(h->gateway, &upper, QK_STR("Li"), &err), QK_OK);
    int up = line_accept(live), device = h->line;
    char qn[24];
    for (int i = 0; i < HOURS; i++) {
        snprintf(qn, sizeof qn, "20260301%09d", i);
        say_hour(h, at("2026-03-01T00:00:00") + i * QK_HOUR, qn);
        h->line = up;
        hear(h, 2061);
        char segment[128];
        snprintf(segment, sizeof segment, "QN=%s;ST=91;CN=9014;PW=123456;MN=A1;Flag=4;CP=&&&&", qn);
        say(h, segment);
        h->line = device;
    }
    /* the dead one comes back at its port */
    char text[128];
    snprintf(text, sizeof text, "%u", dead_port);
    int again = line_listen_at(dead_port);
    h->line = line_accept(again);
    bool seen[HOURS] = {0};
    for (int i = 0; i < HOURS; i++) {
        hear(h, 2061);
        int k = (int)strtol((char[]){h->head.qn.ptr[14], h->head.qn.ptr[15], h->head.qn.ptr[16], 0},
                            NULL, 10);
        assert_true(k >= 0 && k < HOURS && !seen[k]);
        seen[k] = true;
        snprintf(text, sizeof text, "QN=20260301%09d;ST=91;CN=9014;PW=123456;MN=A1;Flag=4;CP=&&&&",
                 k);
        say(h, text);
    }
    close(h->line);
    h->line = device;
    close(up);
    close(live);
    close(again);
    close_house(h);
}

static void test_gateway__counts_what_it_does(void **state)
{
    (void)state;
    house *h = build_house("2026-03-01T10:30:00x0", "{\"mn\":\"A1\"}", false);
    qk_gateway_stats s = {0};
    int64_t end = qk_monotonic_ms() + WAIT_MS;
    say_real_time(h, "A1", at("2026-03-01T10:30:00"), 1);
    hear(h, 9014);
    say_real_time(h, "STRANGER", at("2026-03-01T10:30:00"), 1);
    hear_nothing(h);
    while (s.answered < 2 && qk_monotonic_ms() < end) qk_gateway_stats_get(h->gateway, &s);
    assert_int_equal(s.connections, 1);
    assert_int_equal(s.accepted, 1);
    assert_int_equal(s.frames, 2);
    assert_int_equal(s.answered, 2);
    assert_int_equal(s.parked, 1);
    assert_true(s.bytes_in > 300 && s.bytes_out > 150);
    close_house(h);
}

static void test_gateway__a_port_that_is_taken_is_said(void **state)
{
    (void)state;
    house *h = build_house("2026-03-01T10:30:00x0", "{\"mn\":\"A1\"}", false);
    qk_gateway *second;
    qk_error err = {0};
    char text[32];
    snprintf(text, sizeof text, "127.0.0.1:%u", qk_gateway_port(h->gateway));
    qk_gateway_options options = {.listen = text};
    assert_int_equal(qk_gateway_start(&second, h->node, &options, &err), QK_EIO);
    assert_non_null(strstr(err.message, text));
    options.listen = "nowhere";
    assert_int_equal(qk_gateway_start(&second, h->node, &options, &err), QK_EINVAL);
    close_house(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S072_gateway__a_wrong_clock_is_told_and_set_once_a_day),
        cmocka_unit_test(test_gateway__no_clock_is_set_around_the_full_hour),
        cmocka_unit_test(test_gateway__accept_any_devices_are_never_asked_anything),
        cmocka_unit_test(test_S072_gateway__missing_hours_are_asked_for_once),
        cmocka_unit_test(test_S072_gateway__requests_run_one_after_the_other_and_can_be_cancelled),
        cmocka_unit_test(test_gateway__what_must_not_be_asked_is_refused),
        cmocka_unit_test(test_S072_gateway__platforms_are_kept_listed_and_dropped),
        cmocka_unit_test(test_S072_gateway__a_dead_platform_costs_nobody_anything_and_catches_up),
        cmocka_unit_test(test_gateway__counts_what_it_does),
        cmocka_unit_test(test_gateway__a_port_that_is_taken_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
