/* SPDX-License-Identifier: Apache-2.0 */
#include "store/packed.h"
#include "journal_help.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The calls that fail on purpose: the Nth of those named below, or the process ends there. */
static struct {
    unsigned at, calls;
    bool kill;
} fault;

static bool fails_now(void)
{
    if (!fault.at || ++fault.calls != fault.at) return false;
    if (fault.kill) raise(SIGKILL);
    errno = EIO;
    return true;
}

#define WRAP(type, name, params, args)    \
    type __real_##name params;            \
    type __wrap_##name params;            \
    type __wrap_##name params             \
    {                                     \
        if (fails_now()) return (type)-1; \
        return __real_##name args;        \
    }
WRAP(ssize_t, write, (int fd, const void *bytes, size_t n), (fd, bytes, n))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, rename, (const char *from, const char *to), (from, to))
WRAP(int, unlink, (const char *path), (path))

enum { RECORDS = 3000 };

/* Records 0 … n-1 in segments of about 64 KiB; the starts of the segments in *list. */
static void make_journal(const char *dir, unsigned n, qk_segment_list *list)
{
    qk_journal_options o = journal_options();
    o.segment_bytes = 64 << 10;
    qk_journal *j = journal_open(dir, &o);
    qk_jpos end;
    for (unsigned i = 0; i < n; i++) {
        while (append_numbered(j, i, &end) == QK_EFULL) sched_yield();
        if (i % 100 == 99) assert_ok(qk_journal_sync(j, 10000, NULL));
    }
    wait_durable(j);
    qk_journal_close(j);
    *list = list_segments(dir);
    assert_true(list->count > 4);
}

static qk_code pack_one(const char *dir, const qk_segment_list *list, size_t i, qk_error *err)
{
    qk_packer *p = NULL;
    bool done = false;
    qk_code code = qk_packer_open(&p, dir, list->starts[i], list->starts[i + 1], err);
    while (!code && !done) code = qk_packer_step(p, &done, err);
    qk_packer_close(p);
    return code;
}

static void pack_all(const char *dir, const qk_segment_list *list)
{
    qk_error err = {0};
    for (size_t i = 0; i + 1 < list->count; i++)
        if (pack_one(dir, list, i, &err) != QK_OK) fail_msg("%s %s", err.where, err.message);
}

static bool stands(const char *dir, qk_jpos start, bool packed)
{
    char path[600];
    struct stat st;
    if (packed)
        assert_ok(qk_packed_path(path, sizeof path, dir, start, NULL));
    else
        assert_ok(qk_segment_path(path, sizeof path, dir, start, NULL));
    return stat(path, &st) == 0;
}

static void test_packed__closed_segments_read_as_before_and_the_journal_goes_on(void **state)
{
    (void)state;
    const char *dir = qk_test_path("j");
    qk_segment_list list, after;
    make_journal(dir, RECORDS, &list);
    pack_all(dir, &list);
    for (size_t i = 0; i + 1 < list.count; i++) {
        assert_true(stands(dir, list.starts[i], true));
        assert_false(stands(dir, list.starts[i], false));
    }
    assert_numbered(dir, RECORDS);
    after = list_segments(dir);
    assert_int_equal(after.count, list.count);
    qk_segment_list_clear(&after);
    /* By time, into the middle of a compressed one. */
    qk_jpos pos = 0;
    assert_ok(qk_journal_seek_time(&pos, dir, 1000 * (qk_time)(RECORDS / 2), NULL));
    qk_journal_reader *r = NULL;
    qk_journal_record record;
    assert_ok(qk_journal_reader_open(&r, dir, pos, NULL));
    do assert_ok(qk_journal_next(r, &record, UINT64_MAX, NULL));
    while (record.kind == QK_JOURNAL_MARK);
    assert_int_equal(check_numbered(&record), RECORDS / 2);
    qk_journal_reader_close(r);
    /* More records, after a restart. */
    qk_journal_options o = journal_options();
    qk_journal *j = journal_open(dir, &o);
    qk_jpos end;
    assert_ok(append_numbered(j, RECORDS, &end));
    wait_durable(j);
    qk_journal_close(j);
    assert_numbered(dir, RECORDS + 1);
    qk_segment_list_clear(&list);
}

static void test_packed__a_journal_goes_on_behind_a_compressed_end(void **state)
{
    (void)state;
    const char *dir = qk_test_path("j");
    qk_segment_list list;
    make_journal(dir, RECORDS, &list);
    pack_all(dir, &list);
    /* The open segment is lost, as when a folder is put together from copies. */
    assert_ok(unlink(segment_path(dir, list.starts[list.count - 1])));
    static journal_read_result before;
    read_numbered(&before, dir, UINT64_MAX);
    assert_int_equal(before.damaged, 0);
    assert_int_equal(before.end, list.starts[list.count - 1]);
    qk_journal_options o = journal_options();
    qk_journal *j = journal_open(dir, &o);
    qk_jpos end;
    assert_ok(append_numbered(j, before.records, &end));
    wait_durable(j);
    qk_journal_close(j);
    assert_numbered(dir, before.records + 1);
    qk_segment_list_clear(&list);
}

/* Overwrites bytes of a compressed segment. */
static void spoil(const char *dir, qk_jpos start, off_t from_end, size_t n)
{
    char path[600];
    struct stat st;
    unsigned char zeros[64] = {0};
    assert_ok(qk_packed_path(path, sizeof path, dir, start, NULL));
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0 && fstat(fd, &st) == 0 && n <= sizeof zeros);
    assert_int_equal(pwrite(fd, zeros, n, st.st_size - from_end), (ssize_t)n);
    close(fd);
}

static void test_packed__damage_is_isolated_and_a_lost_table_costs_nothing(void **state)
{
    (void)state;
    const char *dir = qk_test_path("j");
    qk_segment_list list;
    static journal_read_result r;
    make_journal(dir, RECORDS, &list);
    pack_all(dir, &list);
    spoil(dir, list.starts[1], 4, 4); /* of the table */
    assert_numbered(dir, RECORDS);
    spoil(dir, list.starts[2], 4000, 64); /* of a piece */
    read_numbered(&r, dir, UINT64_MAX);
    assert_in_range(r.damaged, 1, 2);
    assert_true(r.records < RECORDS && r.records > RECORDS / 2);
    assert_int_equal(r.numbers[r.records - 1], RECORDS - 1);
    qk_segment_list_clear(&list);
}

static void test_packed__the_nth_fault_leaves_every_record(void **state)
{
    (void)state;
    const char *dir = qk_test_path("j");
    qk_segment_list list;
    make_journal(dir, RECORDS, &list);
    bool packed = false;
    for (unsigned at = 1; !packed; at++) {
        qk_error err = {0};
        fault.at = at, fault.calls = 0;
        qk_code code = pack_one(dir, &list, 0, &err);
        fault.at = 0;
        /* The last steps come after the compressed form has its name. */
        packed = !code || !stands(dir, list.starts[0], false);
        if (code) assert_true(err.message[0] != 0);
        assert_numbered(dir, RECORDS);
        assert_true(at < 60);
    }
    assert_numbered(dir, RECORDS);
    qk_segment_list_clear(&list);
}

static void test_packed__a_kill_at_any_call_leaves_every_record(void **state)
{
    (void)state;
    const char *dir = qk_test_path("j");
    qk_segment_list list;
    qk_error err = {0};
    make_journal(dir, RECORDS, &list);
    size_t next = 0;
    int status = 1;
    for (unsigned at = 1; status != 0; at++) {
        pid_t pid = fork();
        if (pid == 0) {
            fault.at = at, fault.calls = 0, fault.kill = true;
            _exit(pack_one(dir, &list, next, NULL) ? 1 : 0);
        }
        assert_true(pid > 0 && at < 30);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (status) assert_int_equal(WTERMSIG(status), SIGKILL);
        assert_numbered(dir, RECORDS);
        qk_segment_list now = list_segments(dir);
        assert_int_equal(now.count, list.count);
        qk_segment_list_clear(&now);
        /* Killed after the name was given; what is there twice is packed over again. */
        if (stands(dir, list.starts[next], true)) {
            if (stands(dir, list.starts[next], false)) assert_ok(pack_one(dir, &list, next, &err));
            assert_false(stands(dir, list.starts[next], false));
            next++;
        }
    }
    assert_true(next >= 2);
    assert_numbered(dir, RECORDS);
    qk_segment_list_clear(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_packed__closed_segments_read_as_before_and_the_journal_goes_on),
        qk_dir_test(test_packed__a_journal_goes_on_behind_a_compressed_end),
        qk_dir_test(test_packed__damage_is_isolated_and_a_lost_table_costs_nothing),
        qk_dir_test(test_packed__the_nth_fault_leaves_every_record),
        qk_dir_test(test_packed__a_kill_at_any_call_leaves_every_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
