/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/retention.h"
#include "domain/setting.h"
#include "node_test.h"
#include "store/packed.h"
#include "store/verify.h"
#include <sched.h>
#include <sys/stat.h>

static const char devices[] =
    "{\"devices\":[{\"mn\":\"A1\",\"st\":\"31\",\"min_interval_min\":10}]}";

typedef struct change {
    const char *key, *value, *sql;
} change;

static qk_code change_fn(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    const change *c = context;
    (void)node;
    if (c->sql) return qk_db_exec(db, c->sql, err);
    return qk_setting_put(db, c->key, qk_str_of(c->value), -1, QK_STR("test"), now, err);
}

static void set(qk_node *node, const char *key, const char *value)
{
    qk_error err = {0};
    change c = {.key = key, .value = value};
    assert_done(qk_node_call(node, change_fn, &c, &err), &err);
}

static void run_sql(qk_node *node, const char *sql)
{
    qk_error err = {0};
    change c = {.sql = sql};
    assert_done(qk_node_call(node, change_fn, &c, &err), &err);
}

static void pass_time(qk_node *node, const char *to)
{
    qk_error err = {0};
    settle(node);
    assert_done(qk_node_set_clock(node, at(to), 0, &err), &err);
    settle(node);
}

/* Rows of each kind of stream, as read. */
static size_t rows_of(qk_node *node, qk_stream_kind kind)
{
    char head[24];
    size_t n = 0;
    char *rows = dump(node, false);
    snprintf(head, sizeof head, "A1 %d ", (int)kind);
    for (char *p = rows; (p = strstr(p, head)); p++) n++;
    free(rows);
    return n;
}

static void assert_kept(qk_node *node, size_t moments, size_t minutes, size_t hours, size_t derived)
{
    assert_int_equal(rows_of(node, QK_STREAM_RTD), moments);
    assert_int_equal(rows_of(node, QK_STREAM_MINUTE), minutes);
    assert_int_equal(rows_of(node, QK_STREAM_HOUR), hours);
    assert_int_equal(rows_of(node, QK_STREAM_DERIVED_HOUR), derived);
}

/* An hour of each kind from t on. */
static void send_hour(qk_node *node, qk_time t)
{
    char cp[120], stamp[QK_TIME_TEXT];
    for (int m = 0; m < 60; m++) {
        snprintf(cp, sizeof cp, "DataTime=%s;a21026-Rtd=1.0,a21026-Flag=N",
                 qk_time_compact14(stamp, t + m * QK_MINUTE));
        send_frame(node, "A1", 2011, t + m * QK_MINUTE, cp);
    }
    for (int m = 0; m < 60; m += 10) {
        snprintf(cp, sizeof cp, "DataTime=%s;a21026-Avg=%d.5,a21026-Flag=N",
                 qk_time_compact14(stamp, t + m * QK_MINUTE), m);
        send_frame(node, "A1", 2051, t + (m + 10) * QK_MINUTE, cp);
    }
    snprintf(cp, sizeof cp, "DataTime=%s;a21026-Avg=2.0,a21026-Flag=N",
             qk_time_compact14(stamp, t));
    send_frame(node, "A1", 2061, t + QK_HOUR, cp);
}

static void test_S072_retention__each_averaging_time_has_its_own_end(void **state)
{
    (void)state;
    qk_node *node = open_node("2025-01-10T00:00:00x0");
    import(node, devices);
    set(node, "retention.rtd_days", "10");
    set(node, "retention.minute_days", "30");
    send_hour(node, at("2025-01-10"));
    pass_time(node, "2025-01-10T03:00:00");
    assert_kept(node, 60, 6, 1, 1);
    pass_time(node, "2025-01-20T03:00:00"); /* the tenth day is not over */
    assert_kept(node, 60, 6, 1, 1);
    pass_time(node, "2025-01-22T03:00:00");
    assert_kept(node, 0, 6, 1, 1);
    pass_time(node, "2025-02-11T04:00:00");
    assert_kept(node, 0, 0, 1, 1);
    pass_time(node, "2026-03-01T04:00:00"); /* hours, and what was made of minutes, stay */
    assert_kept(node, 0, 0, 1, 1);
    /* A late packet of an hour whose minutes are gone must not make the hour of one minute. */
    send_frame(node, "A1", 2051, at("2026-03-01T04:01:00"),
               "DataTime=20250110001000;a21026-Avg=99.0,a21026-Flag=N");
    pass_time(node, "2026-03-01T06:00:00");
    char *rows = dump(node, false);
    assert_non_null(strstr(rows, "A1 20 2025-01-10T00:00:00 a21026-Avg=25.50"));
    free(rows);
    qk_node_close(node);
    node = open_node("2026-03-02T05:00:00x0");
    assert_int_equal(rows_of(node, QK_STREAM_RTD), 0);
    assert_int_equal(rows_of(node, QK_STREAM_HOUR), 1);
    qk_node_close(node);
}

static void test_retention__a_setting_that_makes_no_sense_deletes_nothing(void **state)
{
    (void)state;
    static const char *const values[] = {"-5", "0", "forever", "999999999"};
    qk_node *node = open_node("2025-01-10T00:00:00x0");
    import(node, devices);
    send_hour(node, at("2025-01-10"));
    for (size_t i = 0; i < QK_ARRAY_COUNT(values); i++) {
        set(node, "retention.minute_days", values[i]);
        set(node, "retention.hour_days", values[i]);
    }
    pass_time(node, "2025-03-10T04:00:00");
    assert_int_equal(rows_of(node, QK_STREAM_MINUTE), 6);
    assert_int_equal(rows_of(node, QK_STREAM_HOUR), 1);
    qk_node_close(node);
}

/* ---- the journal ---- */

enum { SEGMENT = 8 << 10 };

static const char *journal_dir(void)
{
    return qk_test_path("data/journal");
}

static void count_segments(size_t *plain, size_t *packed)
{
    qk_segment_list list;
    *plain = *packed = 0;
    assert_ok(qk_segment_list_read(&list, journal_dir(), NULL));
    for (size_t i = 0; i < list.count; i++) {
        char path[600];
        struct stat st;
        assert_ok(qk_segment_path(path, sizeof path, journal_dir(), list.starts[i], NULL));
        *plain += stat(path, &st) == 0;
        assert_ok(qk_packed_path(path, sizeof path, journal_dir(), list.starts[i], NULL));
        *packed += stat(path, &st) == 0;
    }
    qk_segment_list_clear(&list);
}

/* Until so many are left; care takes its steps when nothing else is to be done. */
static void await_segments(size_t plain, size_t packed)
{
    size_t a = 0, b = 0;
    int64_t until = qk_monotonic_ms() + 20000;
    do {
        sched_yield();
        count_segments(&a, &b);
    } while ((a != plain || b != packed) && qk_monotonic_ms() < until);
    assert_int_equal(a, plain);
    assert_int_equal(b, packed);
}

static qk_node *open_small(const char *clock)
{
    return open_node_with(&(qk_node_options){.clock_text = clock, .segment_bytes = SEGMENT});
}

static void assert_sound(void)
{
    qk_error err = {0};
    qk_verify_result r;
    qk_verify_options o = {.dir = qk_test_path("data")};
    assert_done(qk_verify(&r, &o, &err), &err);
    assert_int_equal(r.faults, 0);
}

static void test_S072_care__old_segments_are_compressed_and_read_as_before(void **state)
{
    (void)state;
    size_t plain, packed;
    qk_node *node = open_small("2025-01-10T00:00:00x0");
    import(node, devices);
    for (int h = 0; h < 24; h++) {
        send_hour(node, at("2025-01-10") + h * QK_HOUR);
        settle(node);
    }
    count_segments(&plain, &packed);
    assert_true(plain > 8);
    assert_int_equal(packed, 0);
    pass_time(node, "2025-01-12T04:00:00");
    await_segments(1, plain - 1);
    qk_node_close(node);
    assert_sound();
    /* The store can be made again from what is compressed. */
    assert_int_equal(unlink(qk_test_path("data/store.db")), 0);
    (void)unlink(qk_test_path("data/store.db-wal"));
    (void)unlink(qk_test_path("data/store.db-shm"));
    node = open_small("2025-01-12T04:00:00x0");
    settle(node);
    assert_kept(node, 24 * 60, 24 * 6, 24, 24);
    qk_node_close(node);
    assert_sound();
}

static void test_S072_care__what_was_kept_long_enough_goes_unless_it_is_needed(void **state)
{
    (void)state;
    size_t plain, packed;
    qk_node *node = open_small("2025-01-10T00:00:00x0");
    import(node, devices);
    for (int h = 0; h < 8; h++) {
        send_hour(node, at("2025-01-10") + h * QK_HOUR);
        settle(node);
    }
    set(node, "journal.pack_after_hours", "0");
    set(node, "journal.keep_days", "5"); /* less than a month is a mistake */
    count_segments(&plain, &packed);
    assert_true(plain > 3);
    pass_time(node, "2025-02-20T04:00:00");
    await_segments(plain, 0);
    set(node, "journal.keep_days", "31");
    /* A platform has not been sent the first of them. */
    run_sql(node, "INSERT INTO forward(id,address,cursor,recorded_at,recorded_by)"
                  " VALUES('up','127.0.0.1:1',0,0,'test')");
    pass_time(node, "2025-02-21T04:00:00");
    await_segments(plain, 0);
    run_sql(node, "UPDATE forward SET cursor=(SELECT value FROM meta WHERE key='processed_pos')");
    pass_time(node, "2025-02-22T04:00:00"); /* rows that are in memory alone are written */
    pass_time(node, "2025-02-23T04:00:00");
    await_segments(1, 0);
    send_hour(node, at("2025-02-22T03:00:00"));
    settle(node);
    qk_node_close(node);
    assert_sound();
    node = open_small("2025-02-23T05:00:00x0");
    settle(node);
    assert_int_equal(rows_of(node, QK_STREAM_HOUR), 9);
    qk_node_close(node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S072_retention__each_averaging_time_has_its_own_end),
        qk_dir_test(test_retention__a_setting_that_makes_no_sense_deletes_nothing),
        qk_dir_test(test_S072_care__old_segments_are_compressed_and_read_as_before),
        qk_dir_test(test_S072_care__what_was_kept_long_enough_goes_unless_it_is_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
