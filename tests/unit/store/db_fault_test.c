/* SPDX-License-Identifier: Apache-2.0 */
/* The database against a failing machine: each system call of SQLite and each of its allocations in
 * its turn refuses, once or from then on. A transaction is there whole or not at all, what was
 * committed stays, and work goes on when the fault is gone. SQLite's calls are replaced through the
 * table that its VFS offers for that purpose; its syncs, which stand in no table, by functions of
 * this program that go before those of libc. They sync nothing: the machine does not stop here, and
 * tens of thousands of them would test the disk's patience alone. */
#include "store/db.h"
#include "store_test.h"
#include <errno.h>

enum { ROUNDS = 3 };

static struct {
    const char *call; /* name in the table of system calls; NULL = none */
    bool memory;
    int error;
    bool forever, half; /* half: takes only a part of what is written */
    unsigned at, calls, faults, syncs;
} plan;

static bool faulty(const char *call)
{
    if (!plan.call || strcmp(plan.call, call) != 0) return false;
    plan.calls++;
    if (plan.calls != plan.at && !(plan.forever && plan.calls > plan.at)) return false;
    plan.faults++;
    errno = plan.error;
    return true;
}

static ssize_t faulty_pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    if (!faulty("pwrite")) return pwrite(fd, bytes, len, offset);
    return plan.half ? pwrite(fd, bytes, len / 2, offset) : -1;
}

static ssize_t faulty_pread(int fd, void *bytes, size_t len, off_t offset)
{
    return faulty("pread") ? -1 : pread(fd, bytes, len, offset);
}

static int faulty_open(const char *path, int flags, int mode)
{
    return faulty("open") ? -1 : open(path, flags, mode);
}

static int faulty_ftruncate(int fd, off_t size)
{
    return faulty("ftruncate") ? -1 : ftruncate(fd, size);
}

static int faulty_sync(void)
{
    plan.syncs++;
    return faulty("sync") ? -1 : 0;
}

int fsync(int fd)
{
    (void)fd;
    return faulty_sync();
}

int fdatasync(int fd)
{
    (void)fd;
    return faulty_sync();
}

static const struct {
    const char *name;
    sqlite3_syscall_ptr function;
} replaced[] = {
    {"pwrite", (sqlite3_syscall_ptr)faulty_pwrite},
    {"pwrite64", (sqlite3_syscall_ptr)faulty_pwrite},
    {"pread", (sqlite3_syscall_ptr)faulty_pread},
    {"pread64", (sqlite3_syscall_ptr)faulty_pread},
    {"open", (sqlite3_syscall_ptr)faulty_open},
    {"ftruncate", (sqlite3_syscall_ptr)faulty_ftruncate},
};

static sqlite3_mem_methods plain_memory;

static bool memory_fails(void)
{
    if (!plan.memory) return false;
    plan.calls++;
    if (plan.calls != plan.at && !(plan.forever && plan.calls > plan.at)) return false;
    plan.faults++;
    return true;
}

static void *faulty_malloc(int size)
{
    return memory_fails() ? NULL : plain_memory.xMalloc(size);
}

static void *faulty_realloc(void *old, int size)
{
    return memory_fails() ? NULL : plain_memory.xRealloc(old, size);
}

static int set_up(void **state)
{
    (void)state;
    sqlite3_mem_methods memory;
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain_memory);
    memory = plain_memory;
    memory.xMalloc = faulty_malloc;
    memory.xRealloc = faulty_realloc;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) != SQLITE_OK) return -1;
    if (sqlite3_initialize() != SQLITE_OK) return -1;
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    for (size_t i = 0; i < QK_ARRAY_COUNT(replaced); i++)
        vfs->xSetSystemCall(vfs, replaced[i].name, replaced[i].function);
    return 0;
}

static void disarm(void)
{
    plan.call = NULL;
    plan.memory = false;
}

/* One transaction of two tables; true when it was committed. */
static bool add_one(qk_db *db, int64_t n)
{
    sqlite3_stmt *stmt = NULL;
    qk_error err = {0};
    if (qk_db_begin(db, &err) != QK_OK) return false;
    qk_code code = qk_db_meta_set(db, "count", n, &err);
    if (code == QK_OK)
        code = qk_db_prepare(&stmt, db,
                             "INSERT INTO event (at, kind, params, recorded_at)"
                             " VALUES (?1, 'test', hex(zeroblob(9000)), 0)",
                             &err);
    if (code == QK_OK) {
        sqlite3_bind_int64(stmt, 1, n);
        code = qk_db_run(db, stmt, &err);
    }
    code = qk_db_end(db, code, &err);
    if (code != QK_OK) assert_true(err.message[0] != '\0');
    return code == QK_OK;
}

static qk_db *open_somehow(const char *path)
{
    qk_db *db = NULL;
    qk_error err = {0};
    for (int tries = 0; tries < 5; tries++) {
        if (qk_db_open(&db, path, NULL, &err) == QK_OK) return db;
        assert_null(db);
        if (plan.forever) disarm();
    }
    fail_msg("%s", err.message);
    return NULL;
}

static int64_t stored_count(qk_db *db)
{
    int64_t n = 0;
    qk_error err;
    qk_code code = qk_db_meta_get(db, "count", &n, &err);
    assert_true(code == QK_OK || code == QK_ENOTFOUND);
    return n;
}

static void run_episode(const char *path)
{
    int64_t n = 0;
    for (int life = 0; life < 2; life++) {
        qk_db *db = open_somehow(path);
        for (int tries = 0; n < ROUNDS * (life + 1); tries++) {
            if (add_one(db, n + 1))
                n++;
            else if (plan.forever)
                disarm();
            /* The checkpoint is a courtesy: it may fail, the WAL keeps what it did not move. */
            if (n % 2) (void)!qk_db_checkpoint(db, NULL);
            assert_true(tries < 100);
        }
        qk_db_close(db);
    }
    disarm();
}

static void check_store(const char *path)
{
    sqlite3_stmt *stmt = NULL;
    qk_db *db = open_somehow(path);
    assert_int_equal(stored_count(db), 2 * ROUNDS);
    assert_ok(qk_db_prepare(&stmt, db, "SELECT count(*), max(at) FROM event", NULL));
    assert_ok(qk_db_step(db, stmt, NULL));
    assert_int_equal(sqlite3_column_int64(stmt, 0), 2 * ROUNDS);
    assert_int_equal(sqlite3_column_int64(stmt, 1), 2 * ROUNDS);
    sqlite3_reset(stmt);
    assert_ok(qk_db_prepare(&stmt, db, "PRAGMA integrity_check", NULL));
    assert_ok(qk_db_step(db, stmt, NULL));
    assert_true(qk_str_eq(qk_db_text(stmt, 0), QK_STR("ok")));
    qk_db_close(db);
}

/* An empty store made once without faults; most episodes begin with a copy of it. */
static void copy_template(const char *path)
{
    static char *bytes;
    static size_t len;
    if (!bytes) {
        qk_db *db = NULL;
        assert_ok(qk_db_open(&db, path, NULL, NULL));
        qk_db_close(db);
        bytes = qk_test_slurp(path, &len);
    }
    qk_test_write(path, bytes, len);
}

/* Fails the first, second, … call (by steps of `stride`) until a whole episode meets none; how many
 * faults there were. create: the store's first opening is part of the episode. */
static unsigned loop_faults(const char *call, bool memory, int error, bool forever, bool half,
                            unsigned stride, bool create)
{
    unsigned faults = 0;
    for (unsigned n = 1;; n += stride) {
        char *dir = qk_test_path("db");
        qk_test_remove(dir);
        assert_ok(mkdir(dir, 0700));
        char *path = qk_test_path("db/store.db");
        memset(&plan, 0, sizeof plan);
        if (!create) copy_template(path);
        plan.call = call;
        plan.memory = memory;
        plan.error = error;
        plan.forever = forever;
        plan.half = half;
        plan.at = n;
        run_episode(path);
        assert_true(plan.syncs > 0);
        check_store(path);
        if (plan.faults == 0) return faults;
        faults += plan.faults;
    }
}

static void test_db__a_transaction_is_whole_whatever_call_fails(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        int error;
        bool forever, half;
    } cases[] = {
        {"pwrite", EIO, false, false},    {"pwrite", EIO, true, false},
        {"pwrite", ENOSPC, false, false}, {"pwrite", ENOSPC, true, false},
        {"pwrite", ENOSPC, false, true},  {"pread", EIO, false, false},
        {"open", EIO, true, false},       {"open", EMFILE, false, false},
        {"ftruncate", EIO, false, false}, {"sync", EIO, false, false},
        {"sync", EIO, true, false},       {"sync", ENOSPC, false, false},
    };
    unsigned all = 0;
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        unsigned faults = loop_faults(cases[i].call, false, cases[i].error, cases[i].forever,
                                      cases[i].half, QK_TEST_STEP, false);
        assert_true(faults > 0);
        all += faults;
    }
    all += loop_faults("pwrite", false, EIO, false, false, 7 * QK_TEST_STEP, true);
    all += loop_faults("pwrite", false, ENOSPC, true, false, 13 * QK_TEST_STEP, true);
    print_message("%u faults\n", all);
}

static void test_db__a_transaction_is_whole_when_memory_runs_out(void **state)
{
    (void)state;
    unsigned faults = loop_faults(NULL, true, ENOMEM, false, false, 41 * QK_TEST_STEP, false);
    faults += loop_faults(NULL, true, ENOMEM, true, false, 61 * QK_TEST_STEP, false);
    faults += loop_faults(NULL, true, ENOMEM, false, false, 1999 * QK_TEST_STEP, true);
    print_message("%u faults\n", faults);
    assert_true(faults > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_db__a_transaction_is_whole_whatever_call_fails),
        qk_dir_test(test_db__a_transaction_is_whole_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
