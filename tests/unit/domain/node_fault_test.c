/* SPDX-License-Identifier: Apache-2.0 */
#include "node_test.h"
#include <stdatomic.h>

/* A disk that is full now and then, memory that is full now and then: what the store knows in the
 * end must be what it knows without. The calls are replaced by the linker (--wrap). */

static _Atomic bool disk_full;
static _Atomic unsigned fail_every_commit, fail_every_append, commits, appends, failures;

qk_code __real_qk_db_commit(qk_db *db, qk_error *err);
qk_code __wrap_qk_db_commit(qk_db *db, qk_error *err);
qk_code __wrap_qk_db_commit(qk_db *db, qk_error *err)
{
    unsigned every = atomic_load(&fail_every_commit);
    bool fails =
        atomic_load(&disk_full) || (every && atomic_fetch_add(&commits, 1) % every == every - 1);
    if (!fails) return __real_qk_db_commit(db, err);
    atomic_fetch_add(&failures, 1);
    return qk_fail(err, QK_ENOSPC, "no room, on purpose");
}

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
    unsigned every = atomic_load(&fail_every_append);
    if (every && atomic_fetch_add(&appends, 1) % every == every - 1) {
        atomic_fetch_add(&failures, 1);
        return qk_fail(err, QK_EFULL, "full, on purpose");
    }
    return __real_qk_telemetry_append(t, result, stream, time, recorded, cells, n, on_change,
                                      context, err);
}

static qk_node *open_still(const char *dir)
{
    return open_node_with(
        &(qk_node_options){.data_dir = qk_test_path(dir), .clock_text = "2024-12-31T00:00:00x0"});
}

static const char devices[] =
    "{\"devices\":[{\"mn\":\"A1\",\"st\":\"31\",\"min_interval_min\":1}]}";

/* Minutes of a few hours, some late, some changed. */
static void send_some(qk_node *node, int from, int to)
{
    uint64_t seed = 11;
    for (int i = 0; i < to; i++) {
        uint64_t r = qk_test_random(&seed);
        int minute = r % 9 == 0 && i > 70 ? i - (int)(r / 9 % 70) : i;
        char cp[200], stamp[QK_TIME_TEXT];
        snprintf(cp, sizeof cp, "DataTime=%s;a21026-Avg=%u.%02u,a21026-Flag=N",
                 qk_time_compact14(stamp, at("2025-01-01") + minute * QK_MINUTE),
                 (unsigned)(r % 90), (unsigned)(r / 90 % 100));
        if (i >= from) send_frame(node, "A1", 2051, at("2025-01-01") + (i + 1) * QK_MINUTE, cp);
    }
}

typedef struct knowledge {
    char *rows;
    int64_t changed;
} knowledge;

static knowledge know(qk_node *node)
{
    qk_error err = {0};
    knowledge k;
    settle(node);
    assert_done(qk_node_set_clock(node, at("2025-01-05"), 0, &err), &err);
    settle(node);
    k.rows = dump(node, true);
    k.changed = node_number(node, "SELECT count(*) FROM event WHERE kind='history_changed'");
    return k;
}

enum { FRAMES = 600 };

static knowledge calm_knowledge(void)
{
    qk_node *node = open_still("calm");
    import(node, devices);
    send_some(node, 0, FRAMES);
    knowledge k = know(node);
    qk_node_close(node);
    assert_true(k.changed > 10);
    return k;
}

static void test_node__a_full_disk_is_told_and_costs_nothing_but_time(void **state)
{
    (void)state;
    knowledge want = calm_knowledge();
    qk_node *node = open_still("full");
    qk_error err = {0};
    qk_node_health h;
    import(node, devices);
    send_some(node, 0, 200);
    settle(node);
    qk_jpos before;
    qk_node_health_get(node, &h);
    before = h.processed;
    atomic_store(&disk_full, true);
    send_some(node, 200, 400);
    assert_done(qk_journal_sync(qk_node_journal(node), 5000, &err), &err);
    assert_int_equal(qk_node_settle(node, 1500, &err), QK_ETIMEOUT);
    qk_node_health_get(node, &h);
    assert_int_equal(h.store_state, QK_ENOSPC);
    assert_string_equal(h.store_reason, "no room, on purpose");
    assert_true(h.processed > before); /* memory goes on, and so does the page */
    import_call c = {devices};
    assert_int_equal(qk_node_call(node, import_fn, &c, &err), QK_ENOSPC);
    assert_int_equal(node_number(node, "SELECT value FROM meta WHERE key='processed_pos'"),
                     (int64_t)before);
    atomic_store(&disk_full, false);
    send_some(node, 400, FRAMES);
    knowledge got = know(node);
    qk_node_health_get(node, &h);
    assert_int_equal(h.store_state, QK_OK);
    assert_same_dump(got.rows, want.rows);
    assert_int_equal(got.changed, want.changed);
    free(got.rows);
    free(want.rows);
    qk_node_close(node);
}

static void test_node__commits_and_appends_that_fail_now_and_then_change_nothing(void **state)
{
    (void)state;
    knowledge want = calm_knowledge();
    atomic_store(&failures, 0);
    qk_node *node = open_still("rough");
    import(node, devices);
    atomic_store(&fail_every_append, 13);
    for (int i = 0; i < FRAMES; i += 60) {
        send_some(node, i, i + 60);
        atomic_store(&fail_every_commit, i / 60 % 2 ? 3 : 0);
        settle(node);
    }
    atomic_store(&fail_every_commit, 0);
    knowledge got = know(node);
    atomic_store(&fail_every_append, 0);
    assert_true(atomic_load(&failures) > 40);
    assert_same_dump(got.rows, want.rows);
    assert_int_equal(got.changed, want.changed);
    qk_node_close(node);
    node = open_still("rough");
    free(got.rows);
    got = know(node);
    assert_same_dump(got.rows, want.rows);
    free(got.rows);
    free(want.rows);
    qk_node_close(node);
}

static void test_node__closing_on_a_full_disk_loses_nothing_that_was_journalled(void **state)
{
    (void)state;
    knowledge want = calm_knowledge();
    qk_node *node = open_still("shut");
    qk_error err = {0};
    import(node, devices);
    send_some(node, 0, 300);
    settle(node);
    atomic_store(&disk_full, true);
    send_some(node, 300, FRAMES);
    assert_done(qk_journal_sync(qk_node_journal(node), 5000, &err), &err);
    qk_node_close(node);
    atomic_store(&disk_full, false);
    node = open_still("shut");
    knowledge got = know(node);
    assert_same_dump(got.rows, want.rows);
    assert_int_equal(got.changed, want.changed);
    free(got.rows);
    free(want.rows);
    qk_node_close(node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_node__a_full_disk_is_told_and_costs_nothing_but_time),
        qk_dir_test(test_node__commits_and_appends_that_fail_now_and_then_change_nothing),
        qk_dir_test(test_node__closing_on_a_full_disk_loses_nothing_that_was_journalled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
