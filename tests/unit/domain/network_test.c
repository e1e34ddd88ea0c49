/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/network.h"
#include "domain/watch.h"
#include "node_test.h"
#include "domain/airquality.h"
#include <math.h>

enum { STATIONS = 30 };
static const char *const items[] = {"SO2", "NO2", "CO", "O3", "PM10", "PM2.5"};

typedef struct world {
    qk_db *db;
    qk_registry *registry;
    qk_clock *clock;
    qk_live *live;
    qk_events *events;
    qk_watch *watch;
} world;

/* Thirty stations in three townships; the third has no station that measures O3. */
static void make_world(world *w)
{
    qk_error err = {0};
    qk_buf json;
    qk_buf_init(&json, 1 << 20);
    qk_buf_puts(&json,
                "{\"divisions\":[{\"code\":\"T0\",\"kind\":\"township\"},{\"code\":\"T1\","
                "\"kind\":\"township\"},{\"code\":\"T2\",\"kind\":\"township\"}],\"sites\":[");
    for (int i = 0; i < STATIONS; i++)
        qk_buf_printf(&json, "%s{\"id\":\"S%02d\",\"kind\":\"%s\",\"division\":\"T%d\"}",
                      i ? "," : "", i, i % 10 == 9 ? "air_micro" : "air_township", i % 3);
    qk_buf_puts(&json, "],\"devices\":[");
    for (int i = 0; i < STATIONS; i++)
        qk_buf_printf(&json, "%s{\"mn\":\"D%02d\",\"site\":\"S%02d\",\"rtd_interval_s\":60}",
                      i ? "," : "", i, i);
    qk_buf_puts(&json, "],\"factors\":[");
    for (int i = 0; i < STATIONS; i++) {
        for (int k = 0; k < 6; k++) {
            if (i % 3 == 2 && k == 3 && i % 10 != 9) continue;
            qk_buf_printf(&json, "%s{\"mn\":\"D%02d\",\"code\":\"c%d\",\"item\":\"%s\"}",
                          i || k ? "," : "", i, k, items[k]);
        }
    }
    qk_buf_puts(&json, "]}");
    assert_null(json.failed ? "full" : NULL);
    *w = (world){.db = open_db()};
    assert_done(qk_registry_open(&w->registry, w->db, &err), &err);
    assert_done(qk_db_begin(w->db, &err), &err);
    assert_done(
        qk_registry_import(w->registry, qk_buf_str(&json), QK_STR("t"), at("2025-01-01"), &err),
        &err);
    assert_done(qk_db_commit(w->db, &err), &err);
    qk_buf_clear(&json);
    assert_ok(qk_clock_new_simulated(&w->clock, at("2025-01-01"), 0));
    assert_ok(qk_live_new(&w->live, w->clock, w->registry));
    assert_ok(qk_events_new(&w->events, NULL));
    assert_ok(qk_watch_new(&w->watch, w->live, w->events, w->registry, w->clock));
}

static void free_world(world *w)
{
    qk_watch_free(w->watch);
    qk_events_free(w->events);
    qk_live_free(w->live);
    qk_clock_free(w->clock);
    qk_registry_close(w->registry);
    qk_db_close(w->db);
}

/* A minute in which all but the last `silent` stations send. */
static void minute(world *w, int silent)
{
    qk_error err = {0};
    qk_time now = qk_clock_now(w->clock) + QK_MINUTE;
    assert_ok(qk_clock_set(w->clock, now, 0));
    for (int i = 0; i < STATIONS - silent; i++) {
        char mn[8];
        snprintf(mn, sizeof mn, "D%02d", i);
        qk_live_seen(w->live, qk_str_of(mn), QK_SEEN_GOOD, now, 0);
    }
    for (int i = 0; i < 10; i++) qk_watch_tick(w->watch);
    assert_done(qk_db_begin(w->db, &err), &err);
    assert_done(qk_events_write(w->events, w->db, &err), &err);
    assert_done(qk_db_commit(w->db, &err), &err);
    qk_events_settle(w->events, true);
}

static int64_t told(world *w, const char *kind)
{
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM event WHERE kind='%s'", kind);
    return number_of(w->db, sql);
}

static qk_network count(world *w, qk_arena *arena)
{
    qk_network n;
    qk_arena_init(arena, 4 << 20);
    assert_ok(qk_network_count(&n, w->registry, w->live, true, arena));
    return n;
}

static void test_S025_network__two_of_thirty_stations_off_line_are_an_alarm(void **state)
{
    (void)state;
    world w;
    qk_arena arena;
    make_world(&w);
    for (int m = 0; m < 30; m++) minute(&w, 0);
    qk_network n = count(&w, &arena);
    assert_int_equal(n.stations, STATIONS);
    assert_int_equal(n.online, STATIONS);
    qk_arena_clear(&arena);
    assert_int_equal(told(&w, "network_low"), 0);
    for (int m = 0; m < 10; m++) minute(&w, 2); /* silent for 5 minutes, low for less than 10 */
    assert_int_equal(told(&w, "network_low"), 0);
    for (int m = 0; m < 20; m++) minute(&w, 2);
    n = count(&w, &arena);
    assert_int_equal(n.online, 28);
    assert_true(fabs(qk_network_rate(&n) - 28.0 / 30) < 1e-12);
    qk_arena_clear(&arena);
    assert_int_equal(told(&w, "network_low"), 1);
    assert_int_equal(number_of(w.db, "SELECT count(*) FROM event WHERE kind='network_low' AND"
                                     " params LIKE '%\"percent\":\"93.3\"%' AND severity=3"),
                     1);
    for (int m = 0; m < 3; m++) minute(&w, 1); /* 96.7 % */
    assert_int_equal(told(&w, "network_restored"), 1);
    assert_int_equal(number_of(w.db, "SELECT count(*) FROM event o JOIN event c ON o.key="
                                     "json_extract(c.params,'$.closes')"),
                     1);
    free_world(&w);
}

static void test_S025_network__a_township_without_six_items_is_listed(void **state)
{
    (void)state;
    world w;
    qk_arena arena;
    make_world(&w);
    qk_network n = count(&w, &arena);
    assert_int_equal(n.gap_count, 1); /* a micro station that measures O3 does not count */
    assert_string_equal(n.gaps[0].division, "T2");
    assert_int_equal(n.gaps[0].missing, 1u << qk_air_pollutant("O3"));
    qk_arena_clear(&arena);
    free_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S025_network__two_of_thirty_stations_off_line_are_an_alarm),
        qk_dir_test(test_S025_network__a_township_without_six_items_is_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
