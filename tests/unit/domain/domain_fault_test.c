/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/setting.h"
#include "node_test.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/stat.h>

/* The store thread's Nth allocation fails, or its Nth call to the database: what the node knows in
 * the end must be what it knows without, what was refused must be said and nothing of it be there,
 * and asking again must do. Replaced by the linker (--wrap); other threads are left in peace. */

typedef enum fault_mode { OFF, COUNT, MEMORY, DATABASE } fault_mode;
static _Atomic int mode;
static _Atomic unsigned calls, fail_at, failures;

static bool in_store(void)
{
    static __thread bool known;
    char name[16];
    if (!known && pthread_getname_np(pthread_self(), name, sizeof name) == 0)
        known = strcmp(name, "qk-store") == 0;
    return known;
}

static bool fails_now(fault_mode which)
{
    int now = atomic_load(&mode);
    if (now == OFF || (now != COUNT && now != (int)which) || !in_store()) return false;
    if (now == COUNT && atomic_load(&fail_at) != (unsigned)which) return false;
    unsigned n = atomic_fetch_add(&calls, 1) + 1;
    if (now == COUNT || n != atomic_load(&fail_at)) return false;
    atomic_fetch_add(&failures, 1);
    return true;
}

static void arm(fault_mode which, unsigned at)
{
    atomic_store(&mode, OFF);
    atomic_store(&calls, 0);
    atomic_store(&fail_at, at);
    atomic_store(&failures, 0);
    atomic_store(&mode, which);
}

static void disarm(void)
{
    atomic_store(&mode, OFF);
}

#define WRAP_MEMORY(name, params, args)     \
    void *__real_##name params;             \
    void *__wrap_##name params;             \
    void *__wrap_##name params              \
    {                                       \
        if (fails_now(MEMORY)) return NULL; \
        return __real_##name args;          \
    }
WRAP_MEMORY(malloc, (size_t n), (n))
WRAP_MEMORY(calloc, (size_t n, size_t size), (n, size))
WRAP_MEMORY(realloc, (void *p, size_t n), (p, n))

#define WRAP_DATABASE(name, params, args)                                            \
    qk_code __real_##name params;                                                    \
    qk_code __wrap_##name params;                                                    \
    qk_code __wrap_##name params                                                     \
    {                                                                                \
        if (fails_now(DATABASE)) return qk_fail(err, QK_EIO, "no disk, on purpose"); \
        return __real_##name args;                                                   \
    }
WRAP_DATABASE(qk_db_prepare, (sqlite3_stmt * *out, qk_db *db, const char *sql, qk_error *err),
              (out, db, sql, err))
WRAP_DATABASE(qk_db_step, (qk_db * db, sqlite3_stmt *stmt, qk_error *err), (db, stmt, err))
WRAP_DATABASE(qk_db_run, (qk_db * db, sqlite3_stmt *stmt, qk_error *err), (db, stmt, err))
WRAP_DATABASE(qk_db_begin, (qk_db * db, qk_error *err), (db, err))
WRAP_DATABASE(qk_db_commit, (qk_db * db, qk_error *err), (db, err))

/* The store thread's clock runs 25 times as fast, so that it tries again soon. */
int64_t __real_qk_monotonic_ms(void);
int64_t __wrap_qk_monotonic_ms(void);
int64_t __wrap_qk_monotonic_ms(void)
{
    return __real_qk_monotonic_ms() * (in_store() ? 25 : 1);
}

static const char devices[] =
    "{\"devices\":[{\"mn\":\"A1\",\"st\":\"31\",\"min_interval_min\":1},"
    "{\"mn\":\"B1\",\"st\":\"31\",\"dialect\":2005,\"sends_hours\":true}],"
    "\"factors\":[{\"mn\":\"B1\",\"code\":\"a21026\",\"limit\":35}]}";

static qk_node *open_still(const char *dir, unsigned n)
{
    char name[32];
    snprintf(name, sizeof name, "%s%u", dir, n);
    return open_node_with(
        &(qk_node_options){.data_dir = qk_test_path(name), .clock_text = "2024-12-31T00:00:00x0"});
}

static void settle_long(qk_node *node)
{
    qk_error err = {0};
    assert_done(qk_journal_sync(qk_node_journal(node), 20000, &err), &err);
    assert_done(qk_node_settle(node, 60000, &err), &err);
}

enum { MINUTES = 150 };

/* Minutes of some hours, some late, some changed; hours of an old outlet; a frame of nobody. */
static void send_some(qk_node *node)
{
    uint64_t seed = 5;
    char cp[200], stamp[QK_TIME_TEXT];
    qk_time day = at("2025-01-01");
    for (int i = 0; i < MINUTES; i++) {
        uint64_t r = qk_test_random(&seed);
        int minute = r % 9 == 0 && i > 70 ? i - (int)(r / 9 % 70) : i;
        snprintf(cp, sizeof cp, "DataTime=%s;a21026-Avg=%u.%02u,a21026-Flag=N",
                 qk_time_compact14(stamp, day + minute * QK_MINUTE), (unsigned)(r % 90),
                 (unsigned)(r / 90 % 100));
        send_frame(node, "A1", 2051, day + (i + 1) * QK_MINUTE, cp);
        if (i % 30) continue;
        snprintf(cp, sizeof cp, "DataTime=%s;02-Avg=%d.5,02-Flag=N;S01-Avg=9.1,S01-Flag=N",
                 qk_time_compact14(stamp, day + i / 30 * QK_HOUR), i);
        send_frame(node, "B1", 2061, day + (i + 1) * QK_MINUTE, cp);
        send_as(node, QK_JOURNAL_PARKED, 0, "C1", 2061, day + (i + 1) * QK_MINUTE, cp);
    }
}

/* What is known in the end: rows, changes told, frames parked. */
static char *know(qk_node *node)
{
    qk_error err = {0};
    char text[80];
    settle_long(node);
    assert_done(qk_node_set_clock(node, at("2025-01-03"), 0, &err), &err);
    settle_long(node);
    char *rows = dump(node, true);
    snprintf(
        text, sizeof text, "changes %lld parked %lld\n",
        (long long)node_number(node, "SELECT count(*) FROM event WHERE kind='history_changed'"),
        (long long)node_number(node, "SELECT sum(count) FROM parked"));
    size_t n = strlen(rows), more = strlen(text);
    rows = realloc(rows, n + more + 1);
    assert_non_null(rows);
    memcpy(rows + n, text, more + 1);
    return rows;
}

/* Calls of that kind in a run without a fault. */
static unsigned count_calls(fault_mode which, char **want)
{
    qk_node *node = open_still("calm", (unsigned)which);
    import(node, devices);
    arm(COUNT, (unsigned)which);
    send_some(node);
    settle_long(node);
    disarm();
    *want = know(node);
    qk_node_close(node);
    assert_null(strstr(*want, "changes 0 "));
    return atomic_load(&calls);
}

static void run_faults(fault_mode which, unsigned rounds)
{
    char *want = NULL;
    unsigned total = count_calls(which, &want), hit = 0;
    unsigned stride = total / rounds ? total / rounds : 1;
    assert_true(total > 20);
    for (unsigned at_call = 1; at_call <= total; at_call += stride) {
        qk_node *node = open_still(which == MEMORY ? "m" : "d", at_call);
        import(node, devices);
        arm(which, at_call);
        send_some(node);
        settle_long(node);
        hit += atomic_load(&failures);
        disarm();
        char *got = know(node);
        assert_same_dump(got, want);
        free(got);
        qk_node_close(node);
    }
    assert_true(hit > rounds / 2);
    print_message("%u of %u calls failed in turn\n", hit, total);
    free(want);
}

static void test_S072_domain__the_nth_allocation_costs_no_row_and_no_event(void **state)
{
    (void)state;
    run_faults(MEMORY, 20);
}

static void test_S072_domain__the_nth_call_to_the_database_costs_no_row_and_no_event(void **state)
{
    (void)state;
    run_faults(DATABASE, 20);
}

/* ---- commands: done or refused, never half ---- */

static size_t devices_of(qk_node *node)
{
    qk_arena arena;
    qk_device *list;
    size_t n = 0;
    qk_arena_init(&arena, 4 << 20);
    assert_ok(qk_registry_devices(qk_node_registry(node), &arena, &list, &n));
    qk_arena_clear(&arena);
    return n;
}

static void test_domain__a_register_that_could_not_be_taken_is_refused_as_a_whole(void **state)
{
    (void)state;
    for (int which = MEMORY; which <= DATABASE; which++) {
        qk_node *node = open_still("reg", (unsigned)which);
        unsigned refused = 0, taken = 0, hit = 1;
        for (unsigned n = 1; hit; n++) {
            char json[200];
            qk_error err = {0};
            import_call c = {json};
            snprintf(json, sizeof json,
                     "{\"devices\":[{\"mn\":\"D%u\"},{\"mn\":\"E%u\"}],"
                     "\"factors\":[{\"mn\":\"D%u\",\"code\":\"a21026\"}]}",
                     n, n, n);
            arm((fault_mode)which, n);
            qk_code code = qk_node_call(node, import_fn, &c, &err);
            hit = atomic_load(&failures);
            disarm();
            settle_long(node);
            if (code) assert_true(err.message[0] != 0);
            refused += code != QK_OK;
            taken += code == QK_OK;
            assert_int_equal(devices_of(node), 2 * taken);
            assert_int_equal(node_number(node, "SELECT count(*) FROM factor"), taken);
            assert_true(n < 1000);
        }
        assert_true(refused > 0 && taken > 0);
        print_message("%u refused, %u taken\n", refused, taken);
        qk_node_close(node);
    }
}

static qk_code target_fn(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    (void)context;
    return qk_outbox_set_target(qk_node_outbox(node), db, QK_STR("sms"), QK_STR("spool"),
                                QK_STR("out"), true, QK_STR("t"), now, err);
}

static qk_code put_fn(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    return qk_outbox_put(qk_node_outbox(node), db, QK_STR("notice"), QK_STR("sms"),
                         qk_str_of(context), QK_STR("{}"), now, err);
}

static void await_sent(qk_node *node, const char *key)
{
    int64_t until = qk_monotonic_ms() + 20000;
    qk_notice n = {0};
    while (strcmp(n.state, "sent") != 0 && qk_monotonic_ms() < until) {
        qk_error err = {0};
        qk_db *db = NULL;
        assert_done(qk_db_open_readonly(&db, qk_node_db_path(node), &err), &err);
        assert_done(qk_outbox_find(&n, db, qk_str_of(key), &err), &err);
        qk_db_close(db);
        qk_node_wake(node);
        sched_yield();
    }
    if (strcmp(n.state, "sent") != 0)
        fail_msg("%s: %s after %d, %s", key, n.state, (int)n.attempts, n.receipt);
}

static void test_S217_domain__a_notice_is_refused_or_leaves_whatever_call_fails(void **state)
{
    (void)state;
    qk_error err = {0};
    qk_node *node = open_node("2025-01-01T00:00:00x200");
    assert_done(qk_node_call(node, target_fn, NULL, &err), &err);
    unsigned hit = 1;
    for (unsigned n = 1; hit && n < 60; n++) {
        char key[16];
        snprintf(key, sizeof key, "k%u", n);
        arm(DATABASE, n);
        qk_code code = qk_node_call(node, put_fn, key, &err);
        if (code) {
            assert_true(err.message[0] != 0);
            settle_long(node);
            assert_done(qk_node_call(node, put_fn, key, &err), &err);
        }
        await_sent(node, key);
        hit = atomic_load(&failures);
        disarm();
    }
    assert_int_equal(node_number(node, "SELECT count(*) FROM outbox WHERE state<>'sent'"), 0);
    qk_node_close(node);
}

/* ---- retention ---- */

static qk_code keep_fn(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    (void)context, (void)node;
    return qk_setting_put(db, "retention.minute_days", QK_STR("10"), -1, QK_STR("t"), now, err);
}

static void test_domain__a_night_that_fails_deletes_nothing_by_halves(void **state)
{
    (void)state;
    unsigned hit = 1;
    for (unsigned n = 1; hit && n < 120; n += 1 + n / 6) {
        qk_error err = {0};
        qk_node *node = open_still("night", n);
        import(node, devices);
        assert_done(qk_node_call(node, keep_fn, NULL, &err), &err);
        send_some(node);
        settle_long(node);
        assert_done(qk_node_set_clock(node, at("2025-01-11T02:00:00"), 0, &err), &err);
        settle_long(node);
        char *before = dump(node, false);
        arm(DATABASE, n);
        (void)!qk_node_set_clock(node, at("2025-01-14T04:00:00"), 0, &err);
        hit = atomic_load(&failures);
        disarm();
        settle_long(node);
        assert_done(qk_node_set_clock(node, at("2025-01-15T04:00:00"), 0, &err), &err);
        settle_long(node);
        /* All that is not a minute is there still, and no minute is. */
        char *after = dump(node, false), *rest = malloc(strlen(before) + 1);
        assert_non_null(rest);
        char *end = rest;
        for (char *line = before; *line;) {
            size_t len = strcspn(line, "\n") + 1;
            if (strncmp(line, "A1 3 ", 5) != 0) memcpy(end, line, len), end += len;
            line += len;
        }
        *end = 0;
        assert_same_dump(after, rest);
        free(before);
        free(after);
        free(rest);
        qk_node_close(node);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S072_domain__the_nth_allocation_costs_no_row_and_no_event),
        qk_dir_test(test_S072_domain__the_nth_call_to_the_database_costs_no_row_and_no_event),
        qk_dir_test(test_domain__a_register_that_could_not_be_taken_is_refused_as_a_whole),
        qk_dir_test(test_S217_domain__a_notice_is_refused_or_leaves_whatever_call_fails),
        qk_dir_test(test_domain__a_night_that_fails_deletes_nothing_by_halves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
