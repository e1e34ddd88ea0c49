/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/scheduler.h"
#include "domain_test.h"
#include <signal.h>
#include <sys/wait.h>

/* What fired, in order. */
typedef struct record {
    char key[512][24];
    qk_time due[512];
    size_t n;
    int fail_first; /* so many calls fail */
    bool write;     /* leaves a row in the database each time */
} record;

static qk_code on_timer(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                        qk_error *err)
{
    record *r = context;
    (void)node;
    if (r->write) {
        sqlite3_stmt *s = NULL;
        QK_TRY(qk_db_prepare(&s, db, "INSERT INTO event(at,kind,recorded_at) VALUES(?,'fired',0)",
                             err));
        sqlite3_bind_int64(s, 1, timer->due_at);
        QK_TRY(qk_db_run(db, s, err));
    }
    if (r->fail_first > 0 && r->fail_first--) return qk_fail(err, QK_EIO, "on purpose");
    if (r->n < 512) {
        qk_str_copy(r->key[r->n], sizeof r->key[0], qk_str_of(timer->key));
        r->due[r->n++] = timer->due_at;
    }
    return QK_OK;
}

static qk_scheduler *make_scheduler(qk_db *db, record *r)
{
    qk_scheduler *s = NULL;
    qk_error err = {0};
    assert_done(qk_scheduler_new(&s, db, NULL, NULL, &err), &err);
    assert_ok(qk_scheduler_handle(s, "t", on_timer, r));
    return s;
}

/* Fires all that is due by now, in one transaction. */
static size_t fire(qk_scheduler *s, qk_db *db, qk_time now)
{
    qk_error err = {0};
    size_t n = 0;
    bool fired = true;
    assert_done(qk_db_begin(db, &err), &err);
    while (fired) {
        assert_done(qk_scheduler_fire_one(s, now, &fired, &err), &err);
        n += fired;
    }
    assert_done(qk_db_commit(db, &err), &err);
    return n;
}

static void set_at(qk_scheduler *s, const char *key, const char *due)
{
    qk_error err = {0};
    assert_done(qk_scheduler_at(s, "t", qk_str_of(key), at(due), QK_STR("p"), &err), &err);
}

static void test_S215_scheduler__timers_fire_in_order_once_also_after_a_restart(void **state)
{
    (void)state;
    qk_db *db = open_db();
    record r = {0};
    qk_scheduler *s = make_scheduler(db, &r);
    set_at(s, "c", "2025-01-01T10:00");
    set_at(s, "a", "2025-01-01T08:00");
    set_at(s, "b", "2025-01-01T08:00");
    assert_int_equal(qk_scheduler_next(s), at("2025-01-01T08:00"));
    assert_int_equal(fire(s, db, at("2025-01-01T07:59:59")), 0);
    assert_int_equal(fire(s, db, at("2025-01-01T08:00")), 2);
    qk_scheduler_free(s);
    qk_db_close(db);
    db = open_db();
    s = make_scheduler(db, &r);
    assert_int_equal(fire(s, db, at("2025-01-02T00:00")), 1);
    assert_int_equal(fire(s, db, at("2026-01-02T00:00")), 0);
    assert_int_equal(qk_scheduler_next(s), INT64_MAX);
    assert_int_equal(r.n, 3);
    assert_string_equal(r.key[0], "a");
    assert_string_equal(r.key[1], "b");
    assert_string_equal(r.key[2], "c");
    qk_scheduler_free(s);
    qk_db_close(db);
}

static void test_scheduler__a_key_is_given_once_even_after_it_fired(void **state)
{
    (void)state;
    qk_db *db = open_db();
    record r = {0};
    qk_scheduler *s = make_scheduler(db, &r);
    set_at(s, "a", "2025-01-01T08:00");
    assert_int_equal(qk_scheduler_at(s, "t", QK_STR("a"), 0, QK_STR(""), NULL), QK_EEXIST);
    fire(s, db, at("2025-01-01T09:00"));
    assert_int_equal(qk_scheduler_at(s, "t", QK_STR("a"), 0, QK_STR(""), NULL), QK_EEXIST);
    assert_int_equal(fire(s, db, at("2025-01-01T10:00")), 0);
    assert_ok(qk_scheduler_forget(s, at("2025-02-01"), NULL));
    set_at(s, "a", "2025-01-01T12:00");
    assert_int_equal(qk_scheduler_cancel(s, "t", QK_STR("a"), NULL), QK_OK);
    assert_int_equal(qk_scheduler_cancel(s, "t", QK_STR("a"), NULL), QK_ENOTFOUND);
    assert_int_equal(fire(s, db, at("2025-01-01T13:00")), 0);
    qk_scheduler_free(s);
    qk_db_close(db);
}

static void test_scheduler__a_recurring_timer_misses_no_occurrence(void **state)
{
    (void)state;
    qk_db *db = open_db();
    record r = {0};
    qk_error err = {0};
    qk_scheduler *s = make_scheduler(db, &r);
    assert_done(qk_scheduler_every(s, "t", QK_STR("h"), "hourly 10", at("2025-01-01T00:00"),
                                   QK_STR(""), &err),
                &err);
    assert_int_equal(fire(s, db, at("2025-01-01T05:10")), 6);
    assert_int_equal(r.due[5], at("2025-01-01T05:10"));
    /* Set again at every start: keeps its place. */
    assert_done(qk_scheduler_every(s, "t", QK_STR("h"), "hourly 10", at("2025-06-01T00:00"),
                                   QK_STR(""), &err),
                &err);
    assert_int_equal(qk_scheduler_next(s), at("2025-01-01T06:10"));
    assert_done(qk_scheduler_every(s, "t", QK_STR("h"), "daily 01:00", at("2025-01-01T05:30"),
                                   QK_STR(""), &err),
                &err);
    assert_int_equal(qk_scheduler_next(s), at("2025-01-02T01:00"));
    assert_int_equal(
        qk_scheduler_every(s, "t", QK_STR("x"), "never", at("2025-01-01"), QK_STR(""), &err),
        QK_EFORMAT);
    qk_scheduler_free(s);
    qk_db_close(db);
}

static void test_scheduler__a_failed_handler_is_undone_alone_and_tried_again(void **state)
{
    (void)state;
    qk_db *db = open_db();
    record r = {.fail_first = 2, .write = true};
    qk_scheduler *s = make_scheduler(db, &r);
    set_at(s, "a", "2025-01-01T08:00");
    set_at(s, "b", "2025-01-01T08:30");
    assert_int_equal(fire(s, db, at("2025-01-01T08:00")), 1); /* fails, again at 08:01 */
    assert_int_equal(number_of(db, "SELECT count(*) FROM event"), 0);
    assert_int_equal(fire(s, db, at("2025-01-01T08:00:59")), 0);
    assert_int_equal(fire(s, db, at("2025-01-01T08:01")), 1); /* fails, again at 08:03 */
    assert_int_equal(fire(s, db, at("2025-01-01T08:02")), 0);
    assert_int_equal(fire(s, db, at("2025-01-01T09:00")), 2);
    assert_int_equal(r.n, 2);
    assert_string_equal(r.key[0], "a");
    assert_int_equal(r.due[0], at("2025-01-01T08:00"));
    assert_int_equal(number_of(db, "SELECT count(*) FROM event"), 2);
    qk_scheduler_free(s);
    qk_db_close(db);
}

static void test_scheduler__a_lost_transaction_leaves_its_timers_waiting(void **state)
{
    (void)state;
    qk_db *db = open_db();
    record r = {0};
    bool fired;
    qk_scheduler *s = make_scheduler(db, &r);
    set_at(s, "a", "2025-01-01T08:00");
    assert_ok(qk_db_begin(db, NULL));
    assert_ok(qk_scheduler_fire_one(s, at("2025-01-01T09:00"), &fired, NULL));
    assert_true(fired);
    qk_db_rollback(db);
    qk_scheduler_undone(s);
    assert_int_equal(qk_scheduler_next(s), at("2025-01-01T08:00"));
    assert_int_equal(fire(s, db, at("2025-01-01T09:00")), 1);
    qk_scheduler_free(s);
    qk_db_close(db);
}

static void test_scheduler__a_kind_without_a_handler_waits_and_blocks_nobody(void **state)
{
    (void)state;
    qk_db *db = open_db();
    record r = {0}, other = {0};
    qk_scheduler *s = make_scheduler(db, &r);
    assert_ok(qk_scheduler_at(s, "later", QK_STR("x"), at("2025-01-01T07:00"), QK_STR(""), NULL));
    set_at(s, "a", "2025-01-01T08:00");
    assert_int_equal(fire(s, db, at("2025-01-01T09:00")), 1);
    assert_ok(qk_scheduler_handle(s, "later", on_timer, &other));
    assert_int_equal(fire(s, db, at("2025-01-01T09:00")), 1);
    assert_int_equal(other.n, 1);
    qk_scheduler_free(s);
    qk_db_close(db);
}

static void test_S215_scheduler__working_time_follows_a_changed_calendar(void **state)
{
    (void)state;
    qk_db *db = open_db();
    record r = {0};
    qk_error err = {0};
    qk_scheduler *s = make_scheduler(db, &r);
    qk_time friday = at("2025-12-12T16:30");
    assert_done(
        qk_scheduler_after(s, "t", QK_STR("d"), friday, 2, QK_UNIT_WORKDAYS, QK_STR(""), &err),
        &err);
    assert_done(
        qk_scheduler_after(s, "t", QK_STR("h"), friday, 2, QK_UNIT_WORKHOURS, QK_STR(""), &err),
        &err);
    assert_done(
        qk_scheduler_after(s, "t", QK_STR("m"), friday, 30, QK_UNIT_MINUTES, QK_STR(""), &err),
        &err);
    assert_int_equal(number_of(db, "SELECT due_at FROM timer WHERE key='d'"), at("2025-12-17"));
    assert_int_equal(number_of(db, "SELECT due_at FROM timer WHERE key='h'"),
                     at("2025-12-15T09:30"));
    assert_done(qk_scheduler_set_day(s, qk_day_number(at("2025-12-15")), false, QK_STR("假"),
                                     QK_STR("notice"), QK_STR("clerk"), friday, &err),
                &err);
    assert_int_equal(number_of(db, "SELECT due_at FROM timer WHERE key='d'"), at("2025-12-18"));
    assert_int_equal(number_of(db, "SELECT due_at FROM timer WHERE key='h'"),
                     at("2025-12-16T09:30"));
    assert_int_equal(number_of(db, "SELECT due_at FROM timer WHERE key='m'"),
                     at("2025-12-12T17:00"));
    assert_done(qk_scheduler_set_hours(s, QK_STR("09:00-18:00"), QK_STR("clerk"), friday, &err),
                &err);
    assert_int_equal(number_of(db, "SELECT due_at FROM timer WHERE key='h'"),
                     at("2025-12-16T09:30") + 0);
    assert_int_equal(qk_scheduler_set_hours(s, QK_STR("nine"), QK_STR("c"), friday, &err),
                     QK_EINVAL);
    qk_scheduler_free(s);
    qk_db_close(db);
    db = open_db();
    s = make_scheduler(db, &r);
    assert_false(qk_worktime_is_workday(qk_scheduler_worktime(s), qk_day_number(at("2025-12-15"))));
    assert_int_equal(qk_scheduler_worktime(s)->span_count, 1);
    qk_scheduler_free(s);
    qk_db_close(db);
}

/* A child fires timers that each leave a row, committing after every third, and is killed. */
static void fire_until_killed(void)
{
    qk_db *db = open_db();
    record r = {.write = true};
    qk_scheduler *s = make_scheduler(db, &r);
    bool fired = true;
    while (fired) {
        if (qk_db_begin(db, NULL)) _exit(1);
        for (int i = 0; i < 3 && fired; i++)
            if (qk_scheduler_fire_one(s, at("2026-01-01"), &fired, NULL)) _exit(1);
        if (r.n >= 100) kill(getpid(), SIGKILL);
        if (qk_db_commit(db, NULL)) _exit(1);
    }
    _exit(0);
}

static void test_S215_scheduler__a_killed_process_neither_loses_nor_doubles_a_timer(void **state)
{
    (void)state;
    enum { TIMERS = 300 };
    qk_db *db = open_db();
    record r = {.write = true};
    qk_error err = {0};
    qk_scheduler *s = make_scheduler(db, &r);
    assert_done(qk_db_begin(db, &err), &err);
    for (int i = 0; i < TIMERS; i++) {
        char key[16];
        snprintf(key, sizeof key, "%03d", i);
        assert_ok(qk_scheduler_at(s, "t", qk_str_of(key), at("2025-01-01") + i, QK_STR(""), NULL));
    }
    assert_done(qk_db_commit(db, &err), &err);
    qk_scheduler_free(s);
    qk_db_close(db);
    pid_t child = fork();
    if (child == 0) fire_until_killed();
    int status = 0;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    db = open_db();
    s = make_scheduler(db, &r);
    int64_t before = number_of(db, "SELECT count(*) FROM event");
    assert_int_equal(before, 99);
    assert_int_equal(fire(s, db, at("2026-01-01")), TIMERS - before);
    assert_int_equal(number_of(db, "SELECT count(DISTINCT at) FROM event"), TIMERS);
    assert_int_equal(number_of(db, "SELECT count(*) FROM event"), TIMERS);
    qk_scheduler_free(s);
    qk_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S215_scheduler__timers_fire_in_order_once_also_after_a_restart),
        qk_dir_test(test_scheduler__a_key_is_given_once_even_after_it_fired),
        qk_dir_test(test_scheduler__a_recurring_timer_misses_no_occurrence),
        qk_dir_test(test_scheduler__a_failed_handler_is_undone_alone_and_tried_again),
        qk_dir_test(test_scheduler__a_lost_transaction_leaves_its_timers_waiting),
        qk_dir_test(test_scheduler__a_kind_without_a_handler_waits_and_blocks_nobody),
        qk_dir_test(test_S215_scheduler__working_time_follows_a_changed_calendar),
        qk_dir_test(test_S215_scheduler__a_killed_process_neither_loses_nor_doubles_a_timer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
