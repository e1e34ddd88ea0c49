/* SPDX-License-Identifier: Apache-2.0 */
#include "node_test.h"
#include <sched.h>
#include <stdatomic.h>

/* A store far behind its journal: it ends at once all the same, loses nothing, and shows the newest
 * values before it has stored what came before them. The calls are replaced by the linker. */

enum { FRAMES = 20000, BEFORE_GATE = 200 };

static _Atomic bool gated, flying, slow;
static _Atomic unsigned appends;
static _Atomic int64_t flown_ms;

qk_code __real_qk_telemetry_append(qk_telemetry *t, qk_append_result *result, qk_stream_id stream,
                                   qk_time time, qk_time recorded, const qk_cell *cells, size_t n,
                                   qk_change_fn *on_change, void *context, qk_error *err);
qk_code __wrap_qk_telemetry_append(qk_telemetry *t, qk_append_result *result, qk_stream_id stream,
                                   qk_time time, qk_time recorded, const qk_cell *cells, size_t n,
                                   qk_change_fn *on_change, void *context, qk_error *err);
qk_code __wrap_qk_telemetry_append(qk_telemetry *t, qk_append_result *result, qk_stream_id stream,
                                   qk_time time, qk_time recorded, const qk_cell *cells, size_t n,
                                   qk_change_fn *on_change, void *context, qk_error *err)
{
    if (atomic_fetch_add(&appends, 1) >= BEFORE_GATE)
        while (atomic_load(&gated)) sched_yield();
    for (int64_t until = qk_monotonic_ns() + 50000; atomic_load(&slow);)
        if (qk_monotonic_ns() >= until) break;
    return __real_qk_telemetry_append(t, result, stream, time, recorded, cells, n, on_change,
                                      context, err);
}

/* The first thing that closing does. */
qk_code __real_qk_journal_sync(qk_journal *journal, uint32_t timeout_ms, qk_error *err);
qk_code __wrap_qk_journal_sync(qk_journal *journal, uint32_t timeout_ms, qk_error *err);
qk_code __wrap_qk_journal_sync(qk_journal *journal, uint32_t timeout_ms, qk_error *err)
{
    atomic_store(&gated, false);
    return __real_qk_journal_sync(journal, timeout_ms, err);
}

/* While it flies, every look at the clock finds a twentieth of a second gone. */
int64_t __real_qk_monotonic_ms(void);
int64_t __wrap_qk_monotonic_ms(void);
int64_t __wrap_qk_monotonic_ms(void)
{
    if (atomic_load(&flying)) atomic_fetch_add(&flown_ms, 50);
    return __real_qk_monotonic_ms() + atomic_load(&flown_ms);
}

static const char clock_text[] = "2025-02-01T00:00:00x0";
static const char devices[] =
    "{\"devices\":[{\"mn\":\"A1\",\"st\":\"31\",\"min_interval_min\":1}]}";

/* A journal that a process left behind before it took any of this in. */
static void fill_journal(void)
{
    qk_journal *journal = NULL;
    qk_error err = {0};
    qk_journal_options o = {0};
    char frame[512], cp[200], stamp[QK_TIME_TEXT], qn[QK_TIME_TEXT];
    assert_done(qk_journal_open(&journal, qk_test_path("data/journal"), &o, &err), &err);
    for (int i = 0; i < FRAMES; i++) {
        qk_time minute = at("2025-01-01") + i * QK_MINUTE;
        qk_jpos end;
        snprintf(cp, sizeof cp, "DataTime=%s;a21026-Avg=%d.5,a21026-Flag=N",
                 qk_time_compact14(stamp, minute), i);
        size_t len = make_frame(frame, sizeof frame, "A1", 2051, qk_time_compact17(qn, minute), cp);
        qk_code code;
        while ((code = qk_journal_append(journal, &end, QK_JOURNAL_FRAME, 0, 1, minute + QK_MINUTE,
                                         frame, len, &err)) == QK_EFULL)
            sched_yield();
        assert_done(code, &err);
    }
    assert_done(__real_qk_journal_sync(journal, 20000, &err), &err);
    qk_journal_close(journal);
}

static void leave_behind(void)
{
    qk_node *node = open_node(clock_text);
    import(node, devices);
    qk_node_close(node);
    fill_journal();
    atomic_store(&appends, 0);
}

static int64_t meta(const char *key)
{
    char sql[80];
    qk_db *db = NULL;
    qk_error err = {0};
    assert_done(qk_db_open_readonly(&db, qk_test_path("data/store.db"), &err), &err);
    snprintf(sql, sizeof sql, "SELECT value FROM meta WHERE key='%s'", key);
    int64_t v = number_of(db, sql);
    qk_db_close(db);
    return v;
}

static int64_t shown_value(qk_node *node)
{
    qk_arena arena;
    qk_live_value *values;
    size_t n = 0;
    int64_t mantissa = -1;
    qk_arena_init(&arena, 1 << 20);
    assert_ok(qk_live_values(qk_node_live(node), QK_STR("A1"), &arena, &values, &n));
    for (size_t i = 0; i < n; i++)
        if (values[i].kind == QK_STREAM_MINUTE) mantissa = values[i].value.mantissa;
    qk_arena_clear(&arena);
    return mantissa;
}

static void test_S072_node__ends_at_once_with_a_backlog_and_the_next_start_goes_on(void **state)
{
    (void)state;
    leave_behind();
    atomic_store(&gated, true);
    atomic_store(&flying, true);
    qk_node *node = open_node(clock_text);
    while (atomic_load(&appends) <= BEFORE_GATE) sched_yield();
    qk_node_close(node);
    atomic_store(&flying, false);
    int64_t processed = meta("processed_pos");
    assert_true(processed > 0);
    node = open_node(clock_text);
    qk_jpos end = qk_journal_durable(qk_node_journal(node));
    assert_true((qk_jpos)processed < end);
    qk_error err = {0};
    assert_done(qk_node_settle(node, 60000, &err), &err);
    qk_node_health h;
    qk_node_health_get(node, &h);
    assert_int_equal(h.processed, end);
    assert_int_equal(h.lag_ms, 0);
    char *rows = dump(node, false);
    size_t minutes = 0;
    for (char *p = rows; (p = strstr(p, "A1 3 ")); p++) minutes++;
    assert_int_equal(minutes, FRAMES);
    free(rows);
    qk_node_close(node);
}

static void test_S072_node__shows_the_newest_before_it_has_stored_the_rest(void **state)
{
    (void)state;
    leave_behind();
    atomic_store(&slow, true);
    qk_node *node = open_node(clock_text);
    qk_node_health h;
    while (shown_value(node) != (FRAMES - 1) * 10 + 5) sched_yield();
    qk_node_health_get(node, &h);
    assert_true(h.processed < h.durable);
    assert_true(h.lag_ms > QK_DAY); /* and says that history is still coming */
    atomic_store(&slow, false);
    qk_error err = {0};
    assert_done(qk_node_settle(node, 60000, &err), &err);
    assert_int_equal(shown_value(node), (FRAMES - 1) * 10 + 5);
    qk_node_close(node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S072_node__ends_at_once_with_a_backlog_and_the_next_start_goes_on),
        qk_dir_test(test_S072_node__shows_the_newest_before_it_has_stored_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
