/* SPDX-License-Identifier: Apache-2.0 */
#include "web/follow.h"
#include "../test.h"

typedef struct fake {
    int suspended, resumed;
} fake;

static void fake_suspend(void *connection)
{
    ((fake *)connection)->suspended++;
}
static void fake_resume(void *connection)
{
    ((fake *)connection)->resumed++;
}

typedef struct rig {
    qk_clock *clock;
    qk_live *live;
    qk_followers *followers;
    fake connection;
    qk_follower *follower;
    char text[65536];
} rig;

static void set_up(rig *r, size_t ring_bytes, uint32_t max)
{
    memset(r, 0, sizeof *r);
    assert_ok(qk_clock_new_real(&r->clock));
    assert_ok(qk_live_new(&r->live, r->clock, NULL));
    qk_followers_options options = {.live = r->live,
                                    .max = max,
                                    .ring_bytes = ring_bytes,
                                    .start = 0xabc,
                                    .suspend = fake_suspend,
                                    .resume = fake_resume};
    assert_ok(qk_followers_new(&r->followers, &options));
}

static void open_one(rig *r, const char *last_id)
{
    qk_str last = last_id ? qk_str_of(last_id) : (qk_str){NULL, 0};
    assert_ok(qk_follower_open(&r->follower, r->followers, &r->connection, last,
                               QK_STR("{\"now\":1}"), NULL));
}

static void tear_down(rig *r)
{
    qk_follower_close(r->follower);
    qk_followers_free(r->followers);
    qk_live_free(r->live);
    qk_clock_free(r->clock);
}

/* Reads in small pieces until nothing is left; the text so far. */
static const char *drain(rig *r, long *end)
{
    size_t n = 0;
    long got;
    while ((got = qk_follower_read(r->follower, r->text + n, 7)) > 0) n += (size_t)got;
    r->text[n] = 0;
    *end = got;
    return r->text;
}

static void test_follow__greets_then_sends_what_is_published(void **state)
{
    (void)state;
    rig *r = malloc(sizeof *r);
    long end;
    set_up(r, 0, 10);
    open_one(r, NULL);
    assert_string_equal(drain(r, &end), "retry: 3000\n\nid: 00000abc-0\nevent: clock\n"
                                        "data: {\"now\":1}\n\n");
    assert_int_equal(end, 0);
    assert_int_equal(r->connection.suspended, 1);
    qk_live_publish(r->live, "value", QK_STR("[{\"a\": 1,\n\"b\":\"x\\ny\"}]"));
    qk_live_publish(r->live, "device", QK_STR("{\"mn\":\"1\"}"));
    qk_followers_pump(r->followers, 1000);
    assert_int_equal(r->connection.resumed, 1);
    assert_string_equal(drain(r, &end), "id: 00000abc-1\nevent: value\n"
                                        "data: [{\"a\": 1, \"b\":\"x\\ny\"}]\n\n"
                                        "id: 00000abc-2\nevent: device\ndata: {\"mn\":\"1\"}\n\n");
    tear_down(r);
    free(r);
}

static void test_follow__a_comment_keeps_the_connection(void **state)
{
    (void)state;
    rig *r = malloc(sizeof *r);
    long end;
    set_up(r, 0, 10);
    open_one(r, NULL);
    drain(r, &end);
    qk_followers_pump(r->followers, 14999);
    assert_int_equal(r->connection.resumed, 0);
    qk_followers_pump(r->followers, 15000);
    assert_int_equal(r->connection.resumed, 1);
    assert_string_equal(drain(r, &end), ": still here\n\n");
    qk_followers_pump(r->followers, 20000);
    assert_int_equal(r->connection.resumed, 1);
    tear_down(r);
    free(r);
}

static void test_follow__goes_on_behind_the_last_event(void **state)
{
    (void)state;
    rig *r = malloc(sizeof *r);
    long end;
    set_up(r, 0, 10);
    for (int i = 0; i < 5; i++) qk_live_publish(r->live, "event", QK_STR("{}"));
    qk_followers_pump(r->followers, 0);
    open_one(r, "00000abc-3");
    drain(r, &end);
    assert_non_null(strstr(r->text, "id: 00000abc-4\n"));
    assert_non_null(strstr(r->text, "id: 00000abc-5\n"));
    assert_null(strstr(r->text, "abc-3"));
    assert_null(strstr(r->text, "reset"));
    tear_down(r);
    free(r);
}

static void test_follow__an_unknown_position_means_load_again(void **state)
{
    (void)state;
    static const char *const ids[] = {"00000abd-3", "00000abc-99", "3", "x", "00000abc-", "-"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(ids); i++) {
        rig *r = malloc(sizeof *r);
        long end;
        set_up(r, 0, 10);
        for (int k = 0; k < 5; k++) qk_live_publish(r->live, "event", QK_STR("{}"));
        qk_followers_pump(r->followers, 0);
        open_one(r, ids[i]);
        drain(r, &end);
        if (!strstr(r->text, "event: reset\n")) fail_msg("%s", ids[i]);
        assert_non_null(strstr(r->text, "id: 00000abc-5\n"));
        tear_down(r);
        free(r);
    }
}

static void test_follow__a_slow_follower_is_cut_at_a_bounded_backlog(void **state)
{
    (void)state;
    rig *r = malloc(sizeof *r);
    long end;
    char data[200] = "\"";
    memset(data + 1, 'x', 100);
    data[101] = '"';
    set_up(r, 1000, 10);
    open_one(r, NULL);
    drain(r, &end);
    for (int i = 0; i < 6; i++) qk_live_publish(r->live, "event", qk_str_of(data));
    qk_followers_pump(r->followers, 0);
    drain(r, &end);
    assert_int_equal(end, 0);
    for (int i = 0; i < 12; i++) qk_live_publish(r->live, "event", qk_str_of(data));
    qk_followers_pump(r->followers, 0);
    drain(r, &end);
    assert_int_equal(end, QK_FOLLOW_CUT);
    qk_follower_close(r->follower);
    qk_followers_stats stats;
    qk_followers_stats_get(r->followers, &stats);
    assert_int_equal(stats.cut, 1);
    assert_int_equal(stats.now, 0);
    open_one(r, "00000abc-1");
    drain(r, &end);
    assert_non_null(strstr(r->text, "event: reset\n"));
    tear_down(r);
    free(r);
}

static void test_follow__places_are_bounded(void **state)
{
    (void)state;
    rig *r = malloc(sizeof *r);
    qk_follower *second = NULL, *third = NULL;
    fake other = {0};
    set_up(r, 0, 2);
    open_one(r, NULL);
    assert_ok(qk_follower_open(&second, r->followers, &other, (qk_str){0}, QK_STR("{}"), NULL));
    assert_int_equal(
        qk_follower_open(&third, r->followers, &other, (qk_str){0}, QK_STR("{}"), NULL), QK_EFULL);
    qk_follower_close(second);
    assert_ok(qk_follower_open(&third, r->followers, &other, (qk_str){0}, QK_STR("{}"), NULL));
    qk_follower_close(third);
    tear_down(r);
    free(r);
}

static void test_follow__ending_wakes_and_cuts_all(void **state)
{
    (void)state;
    rig *r = malloc(sizeof *r);
    long end;
    qk_follower *late = NULL;
    set_up(r, 0, 10);
    open_one(r, NULL);
    drain(r, &end);
    qk_followers_end(r->followers);
    assert_int_equal(r->connection.resumed, 1);
    drain(r, &end);
    assert_int_equal(end, QK_FOLLOW_CUT);
    assert_int_equal(
        qk_follower_open(&late, r->followers, &r->connection, (qk_str){0}, QK_STR("{}"), NULL),
        QK_EFULL);
    tear_down(r);
    free(r);
}

/* More than the feed's ring holds: what is lost cannot be sent, so all are told to load again. */
static void test_follow__a_flood_between_two_pumps_means_load_again(void **state)
{
    (void)state;
    rig *r = malloc(sizeof *r);
    long end;
    set_up(r, 0, 10);
    open_one(r, NULL);
    drain(r, &end);
    for (int i = 0; i < 5000; i++) qk_live_publish(r->live, "event", QK_STR("{}"));
    qk_followers_pump(r->followers, 0);
    drain(r, &end);
    assert_string_equal(r->text, "event: reset\ndata: {}\n\n");
    qk_live_publish(r->live, "event", QK_STR("{}"));
    qk_followers_pump(r->followers, 0);
    assert_non_null(strstr(drain(r, &end), "id: 00000abc-5001\n"));
    tear_down(r);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follow__greets_then_sends_what_is_published),
        cmocka_unit_test(test_follow__a_comment_keeps_the_connection),
        cmocka_unit_test(test_follow__goes_on_behind_the_last_event),
        cmocka_unit_test(test_follow__an_unknown_position_means_load_again),
        cmocka_unit_test(test_follow__a_slow_follower_is_cut_at_a_bounded_backlog),
        cmocka_unit_test(test_follow__places_are_bounded),
        cmocka_unit_test(test_follow__ending_wakes_and_cuts_all),
        cmocka_unit_test(test_follow__a_flood_between_two_pumps_means_load_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
