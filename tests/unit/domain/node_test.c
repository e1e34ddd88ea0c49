/* SPDX-License-Identifier: Apache-2.0 */
#include "node_test.h"
#include "store/audit.h"
#include "store/verify.h"
#include <signal.h>
#include <sys/wait.h>

static const char county[] =
    "{\"divisions\":[{\"code\":\"4108\",\"kind\":\"county\",\"name_zh\":\"青泽县\"}],"
    "\"sites\":[{\"id\":\"out1\",\"kind\":\"outlet\",\"name_zh\":\"1号排口\",\"division\":\"4108\"}"
    "],"
    "\"devices\":[{\"mn\":\"A1\",\"site\":\"out1\",\"st\":\"31\",\"min_interval_min\":10,"
    "\"rtd_interval_s\":60}]}";

static void test_node__what_is_journalled_becomes_rows_live_values_and_counts(void **state)
{
    (void)state;
    qk_node *node = open_node("2025-01-01T09:00:00x0");
    import(node, county);
    qk_time now = at("2025-01-01T09:00:00");
    send_frame(node, "A1", 2011, now, "DataTime=20250101090000;a21026-Rtd=12.50,a21026-Flag=N");
    send_as(node, QK_JOURNAL_FRAME, QK_JOURNAL_REPEAT, "A1", 2011, now,
            "DataTime=20250101090000;a21026-Rtd=12.50,a21026-Flag=N");
    settle(node);
    char *rows = dump(node, true);
    assert_string_equal(rows, "A1 1 2025-01-01T09:00:00 @2025-01-01T09:00:00 a21026-Rtd=12.50 "
                              "a21026-Flag=N\n");
    free(rows);
    qk_arena arena;
    qk_live_value *values;
    size_t n;
    qk_arena_init(&arena, 1 << 20);
    assert_ok(qk_live_values(qk_node_live(node), QK_STR("A1"), &arena, &values, &n));
    assert_int_equal(n, 1);
    assert_string_equal(values[0].field, "Rtd");
    assert_int_equal(values[0].value.mantissa, 1250);
    assert_int_equal(values[0].flag, 'N');
    qk_arena_clear(&arena);
    qk_node_health h;
    qk_node_health_get(node, &h);
    assert_int_equal(h.frames, 2);
    assert_int_equal(h.repeats, 1);
    assert_int_equal(h.changed, 0);
    assert_int_equal(h.store_state, QK_OK);
    assert_int_equal(h.processed, h.durable);
    qk_node_close(node);
}

static void test_node__a_second_process_is_kept_out_and_a_real_folder_is_no_demo(void **state)
{
    (void)state;
    qk_node *node = open_node(NULL), *second = NULL;
    qk_error err = {0};
    qk_node_options o = {.data_dir = qk_test_path("data")};
    assert_int_equal(qk_node_open(&second, &o, &err), QK_EBUSY);
    assert_int_equal(qk_node_set_clock(node, 0, 1, &err), QK_EDENIED);
    char id[64];
    snprintf(id, sizeof id, "%s", qk_node_id(node));
    qk_node_close(node);
    o.demo = true;
    assert_int_equal(qk_node_open(&second, &o, &err), QK_EDENIED);
    node = open_node(NULL);
    assert_string_equal(qk_node_id(node), id);
    qk_node_close(node);
}

static qk_code fail_fn(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    (void)context, (void)db;
    qk_site s;
    qk_site_init(&s);
    memcpy(s.id, "ghost", 6);
    QK_TRY(qk_registry_put_site(qk_node_registry(node), &s, 0, QK_STR("t"), now, err));
    qk_event e = {.at = now, .recorded_at = now, .kind = "device_boot", .journal_pos = UINT64_MAX};
    QK_TRY(qk_events_raise(qk_node_events(node), &e));
    return qk_fail(err, QK_EINVAL, "on purpose");
}

static void test_node__a_failed_change_leaves_nothing_behind(void **state)
{
    (void)state;
    qk_node *node = open_node("2025-01-01T09:00:00x0");
    qk_error err = {0};
    assert_int_equal(qk_node_call(node, fail_fn, NULL, &err), QK_EINVAL);
    assert_string_equal(err.message, "on purpose");
    import(node, county);
    qk_site s;
    assert_false(qk_registry_site(qk_node_registry(node), &s, QK_STR("ghost")));
    assert_true(qk_registry_site(qk_node_registry(node), &s, QK_STR("out1")));
    assert_int_equal(node_number(node, "SELECT count(*) FROM event"), 0);
    assert_int_equal(node_number(node, "SELECT count(*) FROM site"), 1);
    qk_node_close(node);
}

static void test_S072_node__resent_and_changed_history_is_told_and_kept(void **state)
{
    (void)state;
    qk_node *node = open_node("2025-01-01T12:00:00x0");
    import(node, county);
    qk_time t = at("2025-01-01T10:00:10");
    send_frame(node, "A1", 2061, t, "DataTime=20250101090000;a21026-Avg=10.0,a21026-Flag=N");
    send_frame(node, "A1", 2061, t + QK_MINUTE,
               "DataTime=20250101090000;a21026-Avg=10.0,a21026-Flag=N");
    send_frame(node, "A1", 2061, t + QK_HOUR,
               "DataTime=20250101090000;a21026-Avg=8.0,a21026-Flag=N");
    settle(node);
    char *rows = dump(node, false);
    assert_string_equal(rows, "A1 4 2025-01-01T09:00:00 a21026-Avg=8.0 a21026-Flag=N\n");
    free(rows);
    assert_int_equal(node_number(node, "SELECT count(*) FROM event WHERE kind='history_changed'"),
                     1);
    assert_int_equal(
        node_number(node, "SELECT count(*) FROM event WHERE params LIKE '%\"old\":\"10.0\"%' AND"
                          " params LIKE '%\"new\":\"8.0\"%' AND site='out1'"),
        1);
    qk_node_health h;
    qk_node_health_get(node, &h);
    assert_int_equal(h.changed, 1);
    qk_node_close(node);
}

static void
test_node__implausible_times_are_told_but_not_stored_unless_any_is_accepted(void **state)
{
    (void)state;
    for (int any = 0; any < 2; any++) {
        char name[8];
        snprintf(name, sizeof name, "d%d", any);
        qk_node *node = open_node_with(&(qk_node_options){.data_dir = qk_test_path(name),
                                                          .clock_text = "2025-01-01T12:00:00x0",
                                                          .accept_any = any});
        import(node, county);
        qk_time now = at("2025-01-01T12:00:00");
        send_frame(node, "A1", 2011, now, "DataTime=20250101121100;a21026-Rtd=1");
        send_frame(node, "A1", 2011, now, "DataTime=20250101120900;a21026-Rtd=1");
        settle(node);
        assert_int_equal(
            node_number(node, "SELECT count(*) FROM event WHERE kind='time_implausible'"),
            any ? 0 : 1);
        char *rows = dump(node, false);
        assert_int_equal(strstr(rows, "12:11:00") != NULL, any);
        assert_non_null(strstr(rows, "12:09:00"));
        free(rows);
        qk_node_close(node);
    }
}

static void test_node__notices_of_devices_become_events_once(void **state)
{
    (void)state;
    qk_node *node = open_node("2025-01-01T12:00:00x0");
    import(node, county);
    qk_time now = at("2025-01-01T12:00:00");
    for (int i = 0; i < 2; i++) {
        send_frame(node, "A1", 2081, now, "DataTime=20250101115900;RestartTime=20250101115800");
        send_frame(node, "A1", 3020, now,
                   "DataTime=20250101115900;PolId=a21026;i13001-Info=//量程 100//");
    }
    settle(node);
    assert_int_equal(node_number(node, "SELECT count(*) FROM event WHERE kind='device_boot'"), 1);
    assert_int_equal(node_number(node, "SELECT count(*) FROM event WHERE kind='device_info' AND"
                                       " params LIKE '%量程 100%'"),
                     1);
    qk_node_close(node);
}

static void test_node__parked_frames_are_taken_in_after_approval(void **state)
{
    (void)state;
    qk_node *node = open_node("2025-01-01T12:00:00x0");
    qk_time now = at("2025-01-01T10:00:00");
    for (int i = 0; i < 5; i++) {
        char cp[100];
        snprintf(cp, sizeof cp, "DataTime=2025010110%02d00;a21026-Rtd=%d", i, i);
        send_as(node, QK_JOURNAL_PARKED, 0, "P7", 2011, now + i * QK_MINUTE, cp);
    }
    send_as(node, QK_JOURNAL_PARKED, 0, "Q8", 2011, now, "DataTime=20250101100000;a21026-Rtd=9");
    settle(node);
    assert_int_equal(node_number(node, "SELECT count FROM parked WHERE mn='P7'"), 5);
    assert_int_equal(node_number(node, "SELECT count(*) FROM event WHERE kind='device_parked'"), 2);
    char *rows = dump(node, false);
    assert_string_equal(rows, "");
    free(rows);
    import(node, "{\"devices\":[{\"mn\":\"P7\",\"st\":\"31\"}]}");
    /* The next change is written after what approval set going. */
    for (int i = 0; i < 500 && node_number(node, "SELECT count(*) FROM parked") > 1; i++) {
        send_frame(node, "Z", 9015, now, "");
        settle(node);
    }
    rows = dump(node, true);
    assert_non_null(strstr(rows, "P7 1 2025-01-01T10:04:00 @2025-01-01T10:04:00 a21026-Rtd=4"));
    assert_null(strstr(rows, "Q8"));
    free(rows);
    assert_int_equal(node_number(node, "SELECT count(*) FROM parked WHERE mn='Q8'"), 1);
    assert_int_equal(node_number(node, "SELECT count(*) FROM event WHERE kind='device_unparked'"),
                     1);
    qk_node_close(node);
}

/* ---- restarts and crashes ---- */

/* The clock stands before all frames, so that hours close by the frames alone, until it is set. */
static qk_node *open_still(const char *dir)
{
    return open_node_with(
        &(qk_node_options){.data_dir = qk_test_path(dir), .clock_text = "2024-12-31T00:00:00x0"});
}

/* What is known two days later, every hour computed. */
static char *rows_later(qk_node *node)
{
    qk_error err = {0};
    settle(node);
    assert_done(qk_node_set_clock(node, at("2025-01-03T00:00:00"), 0, &err), &err);
    settle(node);
    return dump(node, true);
}

/* A day of two devices with repeats, late and changed rows; the same for each call. */
static void send_day(qk_node *node, int from, int to)
{
    uint64_t seed = 72;
    for (int i = 0; i < to; i++) {
        uint64_t r = qk_test_random(&seed), v = qk_test_random(&seed);
        int minute = i / 2;
        if (r % 11 == 0) minute -= (int)(r / 11 % 40); /* late, or again with another value */
        if (minute < 0) minute = 0;
        qk_time time = at("2025-01-01T00:00:00") + minute * QK_MINUTE;
        qk_time received = at("2025-01-01T00:00:00") + (i / 2 + 1) * QK_MINUTE;
        char cp[200], stamp[QK_TIME_TEXT];
        snprintf(cp, sizeof cp,
                 "DataTime=%s;a21026-Avg=%u.%02u,a21026-Flag=%s;a34013-Avg=%u,a34013-Cou=%u,"
                 "a34013-Flag=N",
                 qk_time_compact14(stamp, time), (unsigned)(v % 90), (unsigned)(v % 100),
                 r % 13 == 0 ? "D" : "N", (unsigned)(v % 7), (unsigned)(v % 5));
        if (i >= from)
            send_as(node, QK_JOURNAL_FRAME, QK_JOURNAL_UNAPPROVED, i % 2 ? "A1" : "B2", 2051,
                    received, cp);
    }
}

static char *rows_of(const char *dir)
{
    qk_node *node = open_still(dir);
    char *rows = rows_later(node);
    qk_node_close(node);
    return rows;
}

enum { FRAMES = 2400 };

static char *rows_without_crash(const char *dir)
{
    qk_node *node = open_still(dir);
    send_day(node, 0, FRAMES);
    char *rows = rows_later(node);
    qk_node_close(node);
    return rows;
}

static void test_node__two_instances_given_the_same_frames_know_the_same(void **state)
{
    (void)state;
    char *a = rows_without_crash("a"), *b = rows_without_crash("b");
    assert_true(strlen(a) > 10000);
    assert_non_null(strstr(a, "A1 20 "));
    assert_same_dump(b, a);
    free(b);
    b = rows_of("a"); /* packed, closed and opened again */
    assert_same_dump(b, a);
    free(a);
    free(b);
}

/* Sends a part, kills itself somewhere, in a process of its own. */
static void run_and_die(const char *dir, int from, int to, int settle_every)
{
    qk_node *node = open_still(dir);
    for (int i = from; i < to; i += 50) {
        send_day(node, i, i + 50 < to ? i + 50 : to);
        if (settle_every && i / 50 % settle_every == 0) settle(node);
    }
    qk_error err = {0};
    if (qk_journal_sync(qk_node_journal(node), 5000, &err)) _exit(1);
    kill(getpid(), SIGKILL);
}

static void test_node__a_killed_process_loses_no_frame_and_doubles_none(void **state)
{
    (void)state;
    char *want = rows_without_crash("calm");
    int cuts[] = {0, 350, 351, 800, 1500, 2399, FRAMES};
    for (size_t i = 0; i + 1 < QK_ARRAY_COUNT(cuts); i++) {
        pid_t child = fork();
        if (child == 0) run_and_die("rough", cuts[i], cuts[i + 1], (int)i % 3);
        int status = 0;
        waitpid(child, &status, 0);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    char *got = rows_of("rough");
    assert_same_dump(got, want);
    free(got);
    free(want);
}

/* ---- the clock ---- */

static qk_code plan_fn(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    qk_scheduler *s = qk_node_scheduler(node);
    (void)context, (void)db;
    QK_TRY(qk_scheduler_every(s, "test", QK_STR("hourly"), "hourly 30", now, QK_STR(""), err));
    return qk_scheduler_at(s, "test", QK_STR("once"), now + 90 * QK_MINUTE, QK_STR(""), err);
}

typedef struct heard {
    qk_time due[100], clock[100];
    char key[100][16];
    size_t n;
} heard;

static qk_code hear(void *context, qk_node *node, qk_db *db, const qk_timer *timer, qk_error *err)
{
    heard *h = context;
    (void)db, (void)err;
    if (h->n < 100) {
        h->due[h->n] = timer->due_at;
        h->clock[h->n] = qk_clock_now(qk_node_clock(node));
        qk_str_copy(h->key[h->n++], 16, qk_str_of(timer->key));
    }
    return QK_OK;
}

static qk_code handle_fn(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    (void)db, (void)now, (void)err;
    return qk_scheduler_handle(qk_node_scheduler(node), "test", hear, context);
}

static void
test_S215_node__a_jump_of_the_clock_fires_every_timer_between_once_in_order(void **state)
{
    (void)state;
    qk_node *node = open_node("2025-01-01T00:00:00x0");
    heard h = {0};
    qk_error err = {0};
    assert_done(qk_node_call(node, handle_fn, &h, &err), &err);
    assert_done(qk_node_call(node, plan_fn, NULL, &err), &err);
    assert_done(qk_node_set_clock(node, at("2025-01-01T03:00:00"), 0, &err), &err);
    assert_int_equal(qk_clock_now(qk_node_clock(node)), at("2025-01-01T03:00:00"));
    assert_int_equal(h.n, 4);
    assert_string_equal(h.key[2], "once");
    for (size_t i = 0; i < h.n; i++) {
        assert_int_equal(h.clock[i], h.due[i]);
        if (i) assert_true(h.due[i] >= h.due[i - 1]);
    }
    assert_done(qk_node_set_clock(node, at("2025-01-01T01:00:00"), 0, &err), &err);
    assert_done(qk_node_set_clock(node, at("2025-01-01T03:00:00"), 0, &err), &err);
    assert_int_equal(h.n, 4);
    qk_node_close(node);
    /* The timer goes on after a restart, where it was. */
    node = open_node("2025-01-01T03:00:00x0");
    h.n = 0;
    assert_done(qk_node_call(node, handle_fn, &h, &err), &err);
    assert_done(qk_node_set_clock(node, at("2025-01-02T03:00:00"), 0, &err), &err);
    assert_int_equal(h.n, 24);
    assert_int_equal(h.due[0], at("2025-01-01T03:30:00"));
    qk_node_close(node);
}

static void test_node__a_demo_goes_on_at_the_time_where_it_was_left(void **state)
{
    (void)state;
    /* A start near the jump: the timers of years between are another test's. */
    qk_node_options first = {
        .data_dir = qk_test_path("demo"), .demo = true, .clock_text = "2031-05-04T05:05:05x0"};
    qk_node_options o = {.demo = true};
    qk_node *node = open_node_with(&first);
    qk_error err = {0};
    assert_true(qk_node_demo(node));
    assert_done(qk_node_set_clock(node, at("2031-05-05T05:05:05"), 0, &err), &err);
    qk_node_close(node);
    o.demo = false;
    o.data_dir = qk_test_path("demo");
    node = open_node_with(&o);
    assert_true(qk_node_demo(node));
    qk_node_close(node);
    o.demo = true;
    o.data_dir = qk_test_path("demo");
    node = open_node_with(&o);
    assert_int_equal(qk_clock_now(qk_node_clock(node)), at("2031-05-05T05:05:05"));
    qk_node_close(node);
}

/* The value of a code as the interface writes it. */
static void put_shown(qk_node *node, const char *code, qk_buf *out)
{
    qk_arena arena;
    qk_live_value *values;
    qk_json_writer w;
    size_t n = 0;
    qk_arena_init(&arena, 1 << 20);
    assert_ok(qk_live_values(qk_node_live(node), QK_STR("A1"), &arena, &values, &n));
    qk_json_init(&w, out);
    for (size_t i = 0; i < n; i++)
        if (strcmp(values[i].code, code) == 0)
            qk_live_value_json(&w, qk_node_registry(node), &values[i], "S1", true);
    qk_buf_putc(out, 0);
    qk_arena_clear(&arena);
}

static void test_S072_node__limits_and_names_meet_the_codes_of_old_outlets(void **state)
{
    (void)state;
    qk_buf shown;
    qk_node *node = open_node("2025-01-01T10:00:00x0");
    import(node, "{\"sites\":[{\"id\":\"S1\",\"kind\":\"outlet\"}],\"devices\":[{\"mn\":\"A1\","
                 "\"site\":\"S1\",\"st\":\"31\",\"dialect\":2005}],\"factors\":["
                 "{\"mn\":\"A1\",\"code\":\"a21026\",\"unit\":\"mg/m3\",\"limit\":35}]}");
    send_frame(node, "A1", 2011, at("2025-01-01T09:59:00"),
               "DataTime=20250101095900;02-Rtd=47.6,02-Flag=N;01-Rtd=3.1,01-Flag=N");
    settle(node);
    qk_buf_init(&shown, 4096);
    put_shown(node, "a21026", &shown);
    assert_non_null(strstr(shown.ptr, "\"limit\":35"));
    assert_non_null(strstr(shown.ptr, "\"over\":true"));
    qk_buf_clear(&shown);
    /* What was received stays as it was. */
    qk_journal_reader *reader;
    qk_journal_record record;
    qk_error err = {0};
    bool kept = false;
    assert_done(qk_journal_reader_open(&reader, qk_test_path("data/journal"), 0, &err), &err);
    while (qk_journal_next(reader, &record, qk_journal_durable(qk_node_journal(node)), &err) ==
           QK_OK)
        kept |= record.kind == QK_JOURNAL_FRAME &&
                memmem(record.payload, record.len, "02-Rtd=47.6", 11) != NULL;
    assert_true(kept);
    qk_journal_reader_close(reader);
    qk_node_close(node);
}

/* Kinds of stations and factors that no table of the program names: ammonia, ozone-depleting
 * substances, components of particles, a lidar, a park's own list. */
static void test_S037_node__pilot_stations_and_factors_need_no_code(void **state)
{
    (void)state;
    static const char register_json[] =
        "{\"sites\":[{\"id\":\"P1\",\"kind\":\"park\"},{\"id\":\"P2\",\"kind\":\"component\"},"
        "{\"id\":\"P3\",\"kind\":\"lidar\"}],"
        "\"devices\":[{\"mn\":\"A1\",\"site\":\"P1\",\"st\":\"22\",\"sends_hours\":true}],"
        "\"factors\":["
        "{\"mn\":\"A1\",\"code\":\"zNH3\",\"unit\":\"ug/m3\",\"name_zh\":\"氨\",\"limit\":40},"
        "{\"mn\":\"A1\",\"code\":\"zCFC11\",\"unit\":\"ppt\",\"name_zh\":\"一氟三氯甲烷\"},"
        "{\"mn\":\"A1\",\"code\":\"zSO4\",\"site\":\"P2\",\"unit\":\"ug/m3\"},"
        "{\"mn\":\"A1\",\"code\":\"zExt0300\",\"site\":\"P3\",\"unit\":\"1/km\"}]}";
    qk_buf shown;
    qk_node *node = open_node("2025-01-01T00:00:00x0");
    import(node, register_json);
    for (int h = 0; h < 24; h++) {
        char cp[300], stamp[QK_TIME_TEXT];
        qk_time t = at("2025-01-01") + h * QK_HOUR;
        snprintf(cp, sizeof cp,
                 "DataTime=%s;zNH3-Avg=%d.0,zNH3-Flag=N;zCFC11-Avg=219.4,zCFC11-Flag=N;"
                 "zSO4-Avg=8.25,zSO4-Flag=N;zExt0300-Avg=0.412,zExt0300-Flag=N",
                 qk_time_compact14(stamp, t), h + 20);
        send_frame(node, "A1", 2061, t + QK_HOUR + QK_MINUTE, cp);
    }
    qk_error err = {0};
    settle(node);
    assert_done(qk_node_set_clock(node, at("2025-01-02T01:00:00"), 0, &err), &err);
    settle(node);
    char *rows = dump(node, false);
    assert_non_null(strstr(rows, "A1 21 2025-01-01T00:00:00 zNH3-Avg=31.50"));
    assert_non_null(strstr(rows, "zCFC11-Avg=219.40"));
    assert_non_null(strstr(rows, "zExt0300-Avg=0.4120"));
    free(rows);
    qk_buf_init(&shown, 4096);
    put_shown(node, "zNH3", &shown);
    assert_non_null(strstr(shown.ptr, "\"unit\":\"ug/m3\""));
    assert_non_null(strstr(shown.ptr, "\"over\":true")); /* 43 at the last hour, limit 40 */
    qk_buf_clear(&shown);
    qk_buf_init(&shown, 4096);
    put_shown(node, "zSO4", &shown);
    assert_non_null(strstr(shown.ptr, "\"site\":\"P2\""));
    qk_buf_clear(&shown);
    assert_int_equal(node_number(node, "SELECT received FROM transmission WHERE mn='A1'"), 96);
    qk_node_close(node);
}

static qk_code audit_fn(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    (void)context, (void)node;
    return qk_audit_append(
        db, NULL, &(qk_audit_line){.at = now, .who = QK_STR("a"), .what = QK_STR("device.approve")},
        err);
}

typedef struct audit_faults {
    unsigned audit, others;
} audit_faults;

static void note_fault(void *context, const char *part, const char *text)
{
    audit_faults *f = context;
    (void)text;
    if (strcmp(part, "audit") == 0)
        f->audit++;
    else
        f->others++;
}

static audit_faults check_folder(void)
{
    qk_error err = {0};
    qk_verify_result r;
    audit_faults f = {0};
    qk_verify_options o = {.dir = qk_test_path("data"), .fault = note_fault, .context = &f};
    assert_done(qk_verify(&r, &o, &err), &err);
    return f;
}

static void test_S220_node__a_cut_end_of_the_audit_log_shows_in_the_journal(void **state)
{
    (void)state;
    qk_error err = {0};
    qk_db *db = NULL;
    qk_node *node = open_node("2025-01-01T00:00:00x0");
    for (int i = 0; i < 5; i++) assert_done(qk_node_call(node, audit_fn, NULL, &err), &err);
    settle(node);
    qk_node_close(node);
    audit_faults f = check_folder();
    assert_int_equal(f.audit + f.others, 0);
    /* Somebody with the database in hand cuts the last two lines and mends the count. */
    assert_done(qk_db_open(&db, qk_test_path("data/store.db"), NULL, &err), &err);
    assert_done(qk_db_exec(db, "DROP TRIGGER audit_kept", &err), &err);
    assert_done(qk_db_exec(db, "DELETE FROM audit WHERE seq>3", &err), &err);
    assert_done(qk_db_exec(db, "UPDATE sqlite_sequence SET seq=3 WHERE name='audit'", &err), &err);
    qk_audit_check chain;
    assert_done(qk_audit_verify(&chain, db, NULL, NULL, &err), &err);
    assert_int_equal(chain.faults, 0); /* in itself the chain is whole */
    qk_db_close(db);
    f = check_folder();
    assert_int_equal(f.audit, 1);
    assert_int_equal(f.others, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_node__what_is_journalled_becomes_rows_live_values_and_counts),
        qk_dir_test(test_node__a_second_process_is_kept_out_and_a_real_folder_is_no_demo),
        qk_dir_test(test_node__a_failed_change_leaves_nothing_behind),
        qk_dir_test(test_S072_node__resent_and_changed_history_is_told_and_kept),
        qk_dir_test(test_node__implausible_times_are_told_but_not_stored_unless_any_is_accepted),
        qk_dir_test(test_node__notices_of_devices_become_events_once),
        qk_dir_test(test_node__parked_frames_are_taken_in_after_approval),
        qk_dir_test(test_node__two_instances_given_the_same_frames_know_the_same),
        qk_dir_test(test_node__a_killed_process_loses_no_frame_and_doubles_none),
        qk_dir_test(test_S215_node__a_jump_of_the_clock_fires_every_timer_between_once_in_order),
        qk_dir_test(test_node__a_demo_goes_on_at_the_time_where_it_was_left),
        qk_dir_test(test_S072_node__limits_and_names_meet_the_codes_of_old_outlets),
        qk_dir_test(test_S220_node__a_cut_end_of_the_audit_log_shows_in_the_journal),
        qk_dir_test(test_S037_node__pilot_stations_and_factors_need_no_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
