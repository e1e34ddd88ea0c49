/* SPDX-License-Identifier: Apache-2.0 */
/* The telemetry against a failing machine: each allocation of ours, each allocation of SQLite and
 * each write or read of the database in its turn refuses, once or from then on. What was refused
 * was not taken, what was committed stays, and when the fault is gone everything is as the model
 * says. */
#include "telemetry_world.h"
#include <errno.h>

enum { FRAMES = 42, COMMIT_EVERY = 6, FAULTS_MOST = 100000 };

static struct {
    const char *call; /* "malloc", "sqlite", or a system call of SQLite; NULL = none */
    bool forever;
    unsigned at, calls, faults;
} plan;

static bool faulty(const char *call)
{
    if (!plan.call || strcmp(plan.call, call) != 0) return false;
    plan.calls++;
    if (plan.calls != plan.at && !(plan.forever && plan.calls > plan.at)) return false;
    plan.faults++;
    errno = ENOSPC;
    return true;
}
#define QK_MEMORY_FAILS faulty("malloc")
#include "../failing_memory.h"

static ssize_t faulty_pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    return faulty("pwrite") ? -1 : pwrite(fd, bytes, len, offset);
}

static ssize_t faulty_pread(int fd, void *bytes, size_t len, off_t offset)
{
    return faulty("pread") ? -1 : pread(fd, bytes, len, offset);
}

static sqlite3_mem_methods plain_memory;

static void *sqlite_malloc(int size)
{
    return faulty("sqlite") ? NULL : plain_memory.xMalloc(size);
}

static void *sqlite_realloc(void *old, int size)
{
    return faulty("sqlite") ? NULL : plain_memory.xRealloc(old, size);
}

static int set_up(void **state)
{
    (void)state;
    sqlite3_mem_methods memory;
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain_memory);
    memory = plain_memory;
    memory.xMalloc = sqlite_malloc;
    memory.xRealloc = sqlite_realloc;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) != SQLITE_OK) return -1;
    if (sqlite3_initialize() != SQLITE_OK) return -1;
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)faulty_pwrite);
    vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)faulty_pwrite);
    vfs->xSetSystemCall(vfs, "pread", (sqlite3_syscall_ptr)faulty_pread);
    vfs->xSetSystemCall(vfs, "pread64", (sqlite3_syscall_ptr)faulty_pread);
    return 0;
}

/* One frame; false when it was refused. */
static bool try_frame(world *w, const model_frame *f, unsigned *result)
{
    qk_cell cells[MODEL_COLUMNS];
    qk_append_result bits = 0;
    qk_error err = {0};
    int s = f->stream;
    char mn[24];
    snprintf(mn, sizeof mn, "MN%020d", s);
    qk_code code = qk_telemetry_stream(&w->stream[s], w->t, qk_str_of(mn), kinds[s], &err);
    for (int i = 0; code == QK_OK && i < f->n; i++) {
        int c = f->column[i];
        code = qk_telemetry_column(&w->column[s][c], w->t, w->stream[s], qk_str_of(codes[c]),
                                   qk_str_of(fields[c]), &err);
    }
    size_t n = model_cells(f, cells, w->column[s]);
    if (code == QK_OK)
        code = qk_telemetry_append(w->t, &bits, w->stream[s], f->time, f->recorded, cells, n, NULL,
                                   NULL, &err);
    *result = bits;
    if (code != QK_OK) assert_true(err.message[0] != '\0');
    return code == QK_OK;
}

static bool try_commit(world *w, bool all)
{
    qk_error err = {0};
    if (qk_db_begin(w->db, &err) != QK_OK) return false;
    qk_code code = qk_telemetry_flush(w->t, all, &err);
    uint64_t needed = qk_telemetry_needed_from(w->t);
    if (code == QK_OK) code = qk_db_meta_set(w->db, "journal_pos", (int64_t)needed, &err);
    code = qk_db_end(w->db, code, &err);
    qk_telemetry_settle(w->t, code == QK_OK);
    if (code == QK_OK) w->saved = needed;
    if (code != QK_OK) assert_true(err.message[0] != '\0');
    return code == QK_OK;
}

/* Refused once, a frame is given again when the fault has gone; nothing of the first try may be
 * left. */
static void play_frame(world *w, size_t i)
{
    const model_frame *f = &w->m.frames[i];
    unsigned got;
    const char *armed = plan.call;
    plan.call = NULL; /* the model's own memory is not under test */
    unsigned want = model_take(&w->m, f);
    plan.call = armed;
    tell_position(w, i);
    bool taken = try_frame(w, f, &got);
    for (int again = 0; !taken && plan.forever && again < 2; again++) taken = try_frame(w, f, &got);
    if (!taken) {
        plan.call = NULL;
        if (!try_frame(w, f, &got)) fail_msg("frame %zu is refused without a fault", i);
    }
    assert_int_equal(got, want);
    tell_position(w, i + 1);
}

/* The page cache is empty then, so that reads reach the file. */
static void reopen(world *w, size_t i)
{
    const char *armed = plan.call;
    size_t n = w->m.frame_n;
    plan.call = NULL;
    w->m.frame_n = i;
    crash(w);
    w->m.frame_n = n;
    plan.call = armed;
}

/* Making a database costs more syncs than all the rest: done once, then copied. */
static void lay_database(void)
{
    static char *bytes;
    static size_t len;
    if (!bytes) {
        qk_db *db = NULL;
        assert_ok(qk_db_open(&db, qk_test_path("store.db"), NULL, NULL));
        qk_db_close(db);
        bytes = qk_test_slurp(qk_test_path("store.db"), &len);
    }
    qk_test_write(qk_test_path("store.db"), bytes, len);
}

static bool play(uint64_t seed, const char *call, bool forever, unsigned at)
{
    world w;
    plan.call = NULL;
    lay_database();
    start_world(&w, seed);
    assert_ok(qk_db_exec(w.db, "PRAGMA synchronous=OFF", NULL));
    size_t n = 0;
    while (n < FRAMES) { /* the same frames each time: they do not depend on what comes of them */
        model_frame f = draw_frame(&w);
        *MODEL_ADD(&w.m, frame) = f;
        n++;
    }
    plan.call = call;
    plan.forever = forever;
    plan.at = at;
    plan.calls = plan.faults = 0;
    for (size_t i = 0; i < FRAMES; i++) {
        if (i == FRAMES / 2) reopen(&w, i);
        if (call[1] == 'r') sqlite3_db_release_memory(qk_db_handle(w.db)); /* so that it reads */
        play_frame(&w, i);
        if (i % COMMIT_EVERY != COMMIT_EVERY - 1) continue;
        bool all = i / COMMIT_EVERY % 3 == 1; /* every block, not only the full ones */
        if (try_commit(&w, all)) continue;
        plan.call = NULL;
        if (!try_commit(&w, all)) fail_msg("no commit without a fault");
    }
    bool hit = plan.faults > 0;
    plan.call = NULL;
    check_world(&w, true);
    crash(&w);
    check_world(&w, true);
    close_world(&w);
    model_clear(&w.m);
    qk_test_remove(qk_test_path("store.db"));
    return hit;
}

static void fail_each(const char *call, unsigned step)
{
    unsigned rounds = 0;
    for (int forever = 0; forever < 2; forever++)
        for (unsigned at = 1; at < FAULTS_MOST; at += step * QK_TEST_STEP) {
            if (!play(40 + at % 3, call, forever, at)) break;
            rounds++;
        }
    print_message("%s: %u faults\n", call, rounds);
    assert_true(rounds > 20 / QK_TEST_STEP);
}

static void test_telemetry__no_allocation_of_ours_can_lose_a_row(void **state)
{
    (void)state;
    fail_each("malloc", 1);
}

static void test_telemetry__no_allocation_of_the_database_can_lose_a_row(void **state)
{
    (void)state;
    fail_each("sqlite", 7);
}

static void test_telemetry__no_write_can_lose_a_row(void **state)
{
    (void)state;
    fail_each("pwrite", 1);
}

static void test_telemetry__no_read_can_lose_a_row(void **state)
{
    (void)state;
    fail_each("pread", 1);
}

static qk_code pass_row(void *context, qk_time time, qk_time recorded, const qk_cell *cells,
                        size_t n)
{
    (void)time;
    (void)recorded;
    (void)cells;
    *(size_t *)context += n;
    return QK_OK;
}

/* Everything a reader does, once. */
static qk_code read_all(world *w, qk_telemetry_reader **r, qk_arena *arena, size_t *cells)
{
    qk_samples samples;
    qk_envelope envelope;
    qk_telemetry_check check;
    const qk_str *some_codes, *some_fields;
    size_t n;
    qk_error err = {0};
    qk_time to = w->front[0] + QK_DAY;
    QK_TRY(qk_telemetry_reader_open(r, w->t, qk_test_path("store.db"), &err));
    qk_stream_id id = qk_telemetry_find(*r, QK_STR("MN00000000000000000000"), kinds[0]);
    if (id == 0) return QK_ENOMEM; /* what a look-up without memory gives */
    QK_TRY(qk_telemetry_columns(&some_codes, &some_fields, &n, *r, id, &err));
    QK_TRY(qk_telemetry_rows(*r, id, 0, to, w->clock, pass_row, cells, &err));
    QK_TRY(qk_telemetry_read(&samples, *r, id, QK_STR("a21026"), QK_STR("Avg"), 0, to, QK_TIME_NONE,
                             arena, NULL, &err));
    QK_TRY(qk_telemetry_envelope(&envelope, *r, id, QK_STR("a21026"), QK_STR("Avg"), 0, to,
                                 QK_TIME_NONE, 50, arena, NULL, &err));
    return qk_telemetry_verify(&check, *r, &err);
}

static void fail_each_read(world *w, const char *call)
{
    size_t expected = 0;
    qk_code code = QK_ENOMEM;
    for (unsigned at = 0; code != QK_OK || at == 1; at += at ? QK_TEST_STEP : 1) {
        size_t cells = 0;
        qk_telemetry_reader *r = NULL;
        qk_arena arena;
        qk_arena_init(&arena, 8u << 20);
        plan.call = at == 0 ? NULL : call;
        plan.at = at;
        plan.calls = 0;
        code = read_all(w, &r, &arena, &cells);
        plan.call = NULL;
        if (at == 0) expected = cells;
        if (code == QK_OK) assert_int_equal(cells, expected);
        qk_telemetry_reader_close(r);
        qk_arena_clear(&arena);
        assert_true(at < FAULTS_MOST);
    }
    assert_true(expected > 0);
}

static void test_telemetry__a_reader_without_memory_says_so(void **state)
{
    (void)state;
    world w;
    start_world(&w, 77);
    for (size_t i = 0; i < 120; i++) {
        model_frame f = draw_frame(&w);
        *MODEL_ADD(&w.m, frame) = f;
        send_frame(&w, &f);
        if (i == 90) commit(&w, true, true);
    }
    fail_each_read(&w, "malloc");
    close_world(&w);
    w.t = NULL;
    fail_each_read(&w, "malloc");
    fail_each_read(&w, "sqlite");
    model_clear(&w.m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_telemetry__no_allocation_of_ours_can_lose_a_row),
        qk_dir_test(test_telemetry__no_allocation_of_the_database_can_lose_a_row),
        qk_dir_test(test_telemetry__no_write_can_lose_a_row),
        qk_dir_test(test_telemetry__no_read_can_lose_a_row),
        qk_dir_test(test_telemetry__a_reader_without_memory_says_so),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
