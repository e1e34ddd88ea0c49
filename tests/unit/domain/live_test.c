/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/live.h"
#include "domain/watch.h"
#include "domain_test.h"
#include <pthread.h>

typedef struct world {
    qk_db *db;
    qk_registry *registry;
    qk_clock *clock;
    qk_live *live;
} world;

static world make_world(const char *devices)
{
    world w = {.db = open_db()};
    qk_error err = {0};
    assert_done(qk_registry_open(&w.registry, w.db, &err), &err);
    assert_ok(qk_clock_new_simulated(&w.clock, at("2025-01-01T08:00:00"), 0));
    assert_done(qk_registry_import(w.registry, qk_str_of(devices), QK_STR("t"),
                                   at("2025-01-01T08:00:00"), &err),
                &err);
    assert_ok(qk_live_new(&w.live, w.clock, w.registry));
    return w;
}

static void end_world(world *w)
{
    qk_live_free(w->live);
    qk_clock_free(w->clock);
    qk_registry_close(w->registry);
    qk_db_close(w->db);
}

static const char devices[] =
    "{\"sites\":[{\"id\":\"s1\",\"kind\":\"outlet\",\"name_zh\":\"甲\"}],"
    "\"devices\":[{\"mn\":\"A\",\"site\":\"s1\",\"rtd_interval_s\":60},"
    "{\"mn\":\"H\",\"site\":\"s1\",\"sends_hours\":true}],"
    "\"factors\":[{\"mn\":\"A\",\"code\":\"a21026\",\"unit\":\"mg/m3\",\"limit\":35}]}";

static void pass(world *w, qk_time ms)
{
    assert_ok(qk_clock_set(w->clock, qk_clock_now(w->clock) + ms, 0));
}

static qk_link_state link_of(world *w, const char *mn)
{
    qk_device_state s;
    return qk_live_device(w->live, &s, qk_str_of(mn)) ? s.link : QK_LINK_NEVER;
}

static void test_live__a_device_is_online_silent_or_offline_by_its_own_interval(void **state)
{
    (void)state;
    world w = make_world(devices);
    qk_time now = qk_clock_now(w.clock);
    assert_int_equal(link_of(&w, "A"), QK_LINK_NEVER);
    qk_live_link(w.live, QK_STR("A"), true, "10.0.0.9", now);
    assert_int_equal(link_of(&w, "A"), QK_LINK_NEVER);
    qk_live_seen(w.live, QK_STR("A"), QK_SEEN_REFUSED, now, INT64_MIN);
    assert_int_equal(link_of(&w, "A"), QK_LINK_NEVER);
    qk_live_seen(w.live, QK_STR("A"), QK_SEEN_GOOD, now, 500);
    assert_int_equal(link_of(&w, "A"), QK_LINK_ONLINE);
    pass(&w, 5 * QK_MINUTE); /* max(3 x 60 s, 5 min) */
    assert_int_equal(link_of(&w, "A"), QK_LINK_ONLINE);
    pass(&w, 1);
    assert_int_equal(link_of(&w, "A"), QK_LINK_SILENT);
    /* Two connections of one device: it is off line when both are gone. */
    qk_live_link(w.live, QK_STR("A"), true, "10.0.0.9", now);
    qk_live_link(w.live, QK_STR("A"), false, "10.0.0.9", now);
    assert_int_equal(link_of(&w, "A"), QK_LINK_SILENT);
    qk_live_link(w.live, QK_STR("A"), false, "10.0.0.9", now);
    assert_int_equal(link_of(&w, "A"), QK_LINK_OFFLINE);
    /* A device of hours may be silent for three. */
    qk_live_seen(w.live, QK_STR("H"), QK_SEEN_GOOD, qk_clock_now(w.clock), 0);
    pass(&w, 3 * QK_HOUR);
    assert_int_equal(link_of(&w, "H"), QK_LINK_ONLINE);
    pass(&w, 1);
    assert_int_equal(link_of(&w, "H"), QK_LINK_OFFLINE);
    end_world(&w);
}

static void test_live__skew_is_the_median_of_the_last_frames(void **state)
{
    (void)state;
    world w = make_world(devices);
    qk_device_state s;
    qk_time now = qk_clock_now(w.clock);
    int64_t skews[] = {100, 300, 200, 9000000, 250};
    for (size_t i = 0; i < 5; i++) qk_live_seen(w.live, QK_STR("A"), QK_SEEN_GOOD, now, skews[i]);
    assert_true(qk_live_device(w.live, &s, QK_STR("A")));
    assert_int_equal(s.skew_ms, 250);
    assert_int_equal(s.frames, 5);
    for (int i = 0; i < 15; i++) qk_live_seen(w.live, QK_STR("A"), QK_SEEN_REPEAT, now, -7);
    assert_true(qk_live_device(w.live, &s, QK_STR("A")));
    assert_int_equal(s.skew_ms, -7);
    assert_int_equal(s.repeats, 15);
    end_world(&w);
}

static void show(world *w, const char *field, qk_time t, const char *value, char flag)
{
    qk_live_stream *s = qk_live_stream_get(w->live, QK_STR("A"), QK_STREAM_RTD);
    qk_live_cell c = {.column = qk_live_column(w->live, s, QK_STR("a21026"), qk_str_of(field)),
                      .flag = flag};
    assert_ok(qk_dec_parse(&c.value, qk_str_of(value)));
    qk_live_row(w->live, s, t, t, t + 1000, &c, 1, true);
}

static void test_live__the_newest_value_of_each_column_stands_whatever_comes_late(void **state)
{
    (void)state;
    world w = make_world(devices);
    qk_arena arena;
    qk_live_value *v;
    size_t n;
    qk_arena_init(&arena, 1 << 20);
    show(&w, "Rtd", 2000, "12.50", 'N');
    show(&w, "Rtd", 1000, "99", 'D');
    show(&w, "ZsRtd", 1000, "7", 'N');
    assert_ok(qk_live_values(w.live, QK_STR("A"), &arena, &v, &n));
    assert_int_equal(n, 2);
    assert_int_equal(v[0].value.mantissa, 1250);
    assert_int_equal(v[0].time, 2000);
    assert_int_equal(v[1].value.mantissa, 7);
    assert_ok(qk_live_values(w.live, QK_STR("nobody"), &arena, &v, &n));
    assert_int_equal(n, 0);
    assert_ok(qk_live_values(w.live, (qk_str){0}, &arena, &v, &n));
    assert_int_equal(n, 2);
    qk_arena_clear(&arena);
    end_world(&w);
}

static char *feed_of(world *w, uint64_t after, uint64_t *next)
{
    qk_buf out;
    qk_buf_init(&out, 1 << 20);
    qk_code code = qk_live_feed(w->live, after, &out, next);
    if (code) {
        qk_buf_clear(&out);
        return NULL;
    }
    return qk_buf_take(&out, NULL);
}

static void test_live__a_burst_tells_each_changed_value_once_with_its_limit(void **state)
{
    (void)state;
    world w = make_world(devices);
    uint64_t next = 0;
    show(&w, "Rtd", 1000, "30", 'N');
    show(&w, "Rtd", 2000, "36.5", 'N');
    qk_live_burst(w.live);
    char *json = feed_of(&w, 0, &next);
    assert_non_null(json);
    assert_non_null(strstr(json, "\"name\":\"value\""));
    assert_non_null(strstr(json, "\"value\":36.5"));
    assert_null(strstr(json, "\"value\":30"));
    assert_non_null(strstr(json, "\"site\":\"s1\""));
    assert_non_null(strstr(json, "\"over\":true"));
    free(json);
    qk_live_burst(w.live);
    assert_null(feed_of(&w, next, &next));
    /* With a converted value the limit speaks of that one. */
    show(&w, "ZsRtd", 3000, "20", 'N');
    show(&w, "Rtd", 3000, "50", 'N');
    qk_live_burst(w.live);
    json = feed_of(&w, next, &next);
    assert_non_null(json);
    assert_null(strstr(json, "\"over\":true"));
    free(json);
    end_world(&w);
}

static void test_live__a_follower_that_fell_behind_is_told_so(void **state)
{
    (void)state;
    world w = make_world(devices);
    qk_buf out;
    uint64_t next = 0;
    qk_buf_init(&out, 300);
    assert_int_equal(qk_live_feed(w.live, 0, &out, &next), QK_ENOTFOUND);
    assert_int_equal(qk_live_feed(w.live, 5, &out, &next), QK_ERANGE);
    for (int i = 0; i < 6000; i++) qk_live_publish(w.live, "clock", QK_STR("{\"now\":1}"));
    assert_int_equal(qk_live_feed_end(w.live), 6000);
    assert_int_equal(qk_live_feed(w.live, 100, &out, &next), QK_ERANGE);
    uint64_t at_seq = 5990, told = 0;
    while (qk_live_feed(w.live, at_seq, &out, &next) == QK_OK) {
        assert_true(next > at_seq);
        told += next - at_seq;
        at_seq = next;
        qk_buf_reset(&out);
    }
    assert_int_equal(told, 10);
    qk_buf_clear(&out);
    qk_buf_init(&out, 20);
    assert_int_equal(qk_live_feed(w.live, 5999, &out, &next), QK_EFULL);
    qk_buf_clear(&out);
    end_world(&w);
}

static void test_watch__turns_of_the_link_become_events_once(void **state)
{
    (void)state;
    world w = make_world(devices);
    qk_events *events = NULL;
    qk_watch *watch = NULL;
    qk_error err = {0};
    assert_ok(qk_events_new(&events, w.live));
    for (int start = 0; start < 2;
         start++) { /* the second start of the program tells nothing new */
        assert_ok(qk_watch_new(&watch, w.live, events, w.registry, w.clock));
        qk_watch_tick(watch);
        if (start == 0) {
            qk_live_seen(w.live, QK_STR("A"), QK_SEEN_GOOD, qk_clock_now(w.clock), 400000);
            qk_live_seen(w.live, QK_STR("stranger"), QK_SEEN_GOOD, qk_clock_now(w.clock), 0);
            qk_watch_tick(watch);
            pass(&w, 10 * QK_MINUTE);
            qk_watch_tick(watch);
            qk_live_seen(w.live, QK_STR("A"), QK_SEEN_GOOD, qk_clock_now(w.clock), 400000);
            qk_watch_tick(watch);
            pass(&w, 10 * QK_MINUTE);
        }
        for (int i = 0; i < 40; i++) qk_watch_tick(watch);
        assert_done(qk_events_write(events, w.db, &err), &err);
        qk_events_settle(events, true);
        qk_watch_free(watch);
    }
    assert_int_equal(
        number_of(w.db, "SELECT count(*) FROM event WHERE kind='device_offline' AND mn='A'"), 2);
    assert_int_equal(
        number_of(w.db, "SELECT at FROM event WHERE kind='device_offline' ORDER BY id"),
        at("2025-01-01T08:05:00"));
    assert_int_equal(number_of(w.db, "SELECT count(*) FROM event WHERE kind='device_online'"), 1);
    assert_int_equal(number_of(w.db, "SELECT count(*) FROM event WHERE kind='clock_skew'"), 1);
    assert_int_equal(number_of(w.db, "SELECT count(*) FROM event WHERE mn='stranger'"), 0);
    qk_events_free(events);
    end_world(&w);
}

static void test_watch__time_in_which_we_did_not_run_is_nobodys_silence(void **state)
{
    (void)state;
    world w = make_world(devices);
    qk_events *events = NULL;
    qk_watch *watch = NULL;
    qk_error err = {0};
    qk_time start = qk_clock_now(w.clock);
    assert_ok(qk_events_new(&events, w.live));
    assert_ok(qk_watch_new(&watch, w.live, events, w.registry, w.clock));
    /* As rebuilt from what is stored: both were heard an hour before the start. */
    qk_live_seen(w.live, QK_STR("A"), QK_SEEN_GOOD, start - QK_HOUR, INT64_MIN);
    qk_watch_tick(watch);
    pass(&w, 5 * QK_MINUTE);
    qk_watch_tick(watch);
    assert_int_equal(qk_events_waiting(events), 0);
    pass(&w, QK_MINUTE);
    qk_watch_tick(watch);
    assert_done(qk_events_write(events, w.db, &err), &err);
    qk_events_settle(events, true);
    assert_int_equal(number_of(w.db, "SELECT count(*) FROM event WHERE kind='device_offline'"), 1);
    qk_watch_free(watch);
    qk_events_free(events);
    end_world(&w);
}

static void *hammer(void *context)
{
    world *w = context;
    for (int i = 0; i < 3000; i++) {
        char mn[16];
        snprintf(mn, sizeof mn, "D%d", i % 200);
        qk_live_seen(w->live, qk_str_of(mn), QK_SEEN_GOOD, 1000 + i, i);
        if (i % 50 == 0) qk_live_link(w->live, qk_str_of(mn), true, "1.2.3.4", 1000 + i);
    }
    return NULL;
}

static void *look(void *context)
{
    world *w = context;
    qk_arena arena;
    qk_arena_init(&arena, 16 << 20);
    for (int i = 0; i < 100; i++) {
        qk_device_state *d;
        qk_live_value *v;
        size_t n;
        qk_arena_reset(&arena);
        if (qk_live_devices(w->live, &arena, &d, &n)) return w;
        if (qk_live_values(w->live, (qk_str){0}, &arena, &v, &n)) return w;
    }
    qk_arena_clear(&arena);
    return NULL;
}

static void test_live__gateway_store_and_page_work_beside_each_other(void **state)
{
    (void)state;
    world w = make_world(devices);
    pthread_t a, b;
    void *failed;
    assert_int_equal(pthread_create(&a, NULL, hammer, &w), 0);
    assert_int_equal(pthread_create(&b, NULL, look, &w), 0);
    for (int i = 0; i < 500; i++) {
        show(&w, i % 2 ? "Rtd" : "Avg", 1000 + i, "1", 'N');
        if (i % 10 == 0) qk_live_burst(w.live);
        if (i % 50 == 0) qk_live_tick(w.live, NULL, NULL);
    }
    pthread_join(a, NULL);
    pthread_join(b, &failed);
    assert_null(failed);
    qk_arena arena;
    qk_device_state *d;
    size_t n;
    qk_arena_init(&arena, 1 << 20);
    assert_ok(qk_live_devices(w.live, &arena, &d, &n));
    assert_int_equal(n, 201);
    uint64_t frames = 0;
    for (size_t i = 0; i < n; i++) frames += d[i].frames;
    assert_int_equal(frames, 3000);
    qk_arena_clear(&arena);
    end_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_live__a_device_is_online_silent_or_offline_by_its_own_interval),
        qk_dir_test(test_live__skew_is_the_median_of_the_last_frames),
        qk_dir_test(test_live__the_newest_value_of_each_column_stands_whatever_comes_late),
        qk_dir_test(test_live__a_burst_tells_each_changed_value_once_with_its_limit),
        qk_dir_test(test_live__a_follower_that_fell_behind_is_told_so),
        qk_dir_test(test_watch__turns_of_the_link_become_events_once),
        qk_dir_test(test_watch__time_in_which_we_did_not_run_is_nobodys_silence),
        qk_dir_test(test_live__gateway_store_and_page_work_beside_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
