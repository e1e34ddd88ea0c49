/* SPDX-License-Identifier: Apache-2.0 */
/* The journal against a failing machine: each system call and allocation in its turn refuses (once,
 * or from then on), the power fails at each write and sync, the process is killed, the disk fills
 * up. After every one of them all that was called durable is there, once, in order. */
#include "journal_help.h"
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum { RECORDS = 14 };

typedef enum call {
    CALL_MALLOC,
    CALL_OPEN,
    CALL_WRITE,
    CALL_SHORT, /* a write that takes only a part */
    CALL_SYNC,
    CALL_DIR_SYNC,
    CALL_UNLINK,
    CALL_READ,
    CALLS
} call;

static const char *const call_names[CALLS] = {"malloc",    "open",  "write",  "short write",
                                              "fdatasync", "fsync", "unlink", "read"};

static struct {
    _Atomic int armed; /* call + 1; 0 = none */
    int error;
    bool forever;
    unsigned at;      /* the call of that kind that fails first, from 1 */
    bool no_truncate; /* beside it, no file can be cut */
    _Atomic unsigned calls, faults;
} plan;

static bool faulty(call which)
{
    if (atomic_load(&plan.armed) != (int)which + 1) return false;
    unsigned n = atomic_fetch_add(&plan.calls, 1) + 1;
    bool hit = n == plan.at || (plan.forever && n > plan.at);
    if (hit) {
        atomic_fetch_add(&plan.faults, 1);
        errno = plan.error;
    }
    return hit;
}

/* Inodes whose sync failed: no later write or sync may go there. */
static _Atomic uint64_t distrusted[64];
static _Atomic unsigned distrusted_count;
static _Atomic unsigned trusted_again;

static uint64_t inode_of(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? (uint64_t)st.st_ino : 0;
}

static void note_use(int fd)
{
    uint64_t inode = inode_of(fd);
    for (unsigned i = 0; i < atomic_load(&distrusted_count) && i < 64; i++)
        if (atomic_load(&distrusted[i]) == inode) atomic_fetch_add(&trusted_again, 1);
}

static void note_new_file(int fd)
{
    uint64_t inode = inode_of(fd); /* numbers of removed files are given again */
    for (unsigned i = 0; i < atomic_load(&distrusted_count) && i < 64; i++)
        if (atomic_load(&distrusted[i]) == inode) atomic_store(&distrusted[i], 0);
}

/* ---- power failure: a copy of the folder as the disk might hold it ---- */

static struct {
    _Atomic unsigned calls;
    unsigned at; /* the write or sync at which the power fails; 0 = none */
    uint64_t seed;
    qk_journal *_Atomic journal;
    qk_jpos durable; /* when it failed */
    bool taken;
    char from[300], to[300];
    uint64_t inode[64], synced[64]; /* bytes known to be on the disk */
    unsigned files;
    bool listed[64]; /* the folder was synced after the file was made */
} power;

static unsigned power_file(uint64_t inode)
{
    for (unsigned i = 0; i < power.files; i++)
        if (power.inode[i] == inode) return i;
    unsigned i = power.files++ % 64;
    power.inode[i] = inode;
    power.synced[i] = 0;
    power.listed[i] = false;
    return i;
}

/* Beyond what was synced each sector of 512 bytes may have arrived or not; the file may also be
 * shorter, or, when the folder was not synced, missing. */
static void copy_with_loss(const char *from, const char *to)
{
    struct stat st;
    static unsigned char bytes[1 << 20];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0 || fstat(in, &st) != 0) return;
    size_t size = (size_t)read(in, bytes, sizeof bytes);
    close(in);
    unsigned i = power_file((uint64_t)st.st_ino);
    if (!power.listed[i] && qk_test_random(&power.seed) % 2) return;
    size_t kept = (size_t)power.synced[i];
    uint64_t mode = qk_test_random(&power.seed) % 4;
    if (mode == 0) size = kept;
    if (mode == 1 && size > kept) size = kept + qk_test_random(&power.seed) % (size - kept + 1);
    if (mode == 2)
        for (size_t at = kept; at < size; at++)
            if (at == kept || at % 512 == 0)
                if (qk_test_random(&power.seed) % 2)
                    memset(bytes + at, 0,
                           (512 - at % 512) < size - at ? 512 - at % 512 : size - at);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (out < 0 || write(out, bytes, size) != (ssize_t)size) abort();
    close(out);
}

static void fail_power(void)
{
    qk_segment_list list;
    qk_journal *journal = atomic_load(&power.journal);
    power.taken = true;
    power.durable = journal ? qk_journal_durable(journal) : 0;
    if (qk_segment_list_read(&list, power.from, NULL) != QK_OK) abort();
    mkdir(power.to, 0750);
    for (size_t i = 0; i < list.count; i++) {
        char name[QK_SEGMENT_NAME], from[400], to[400];
        qk_segment_name(name, list.starts[i]);
        snprintf(from, sizeof from, "%s/%s", power.from, name);
        snprintf(to, sizeof to, "%s/%s", power.to, name);
        copy_with_loss(from, to);
    }
    qk_segment_list_clear(&list);
}

static void power_call(void)
{
    if (power.at && atomic_fetch_add(&power.calls, 1) + 1 == power.at) fail_power();
}

/* ---- the wrapped calls ---- */

#define QK_MEMORY_FAILS faulty(CALL_MALLOC)
#include "../failing_memory.h"

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
    if (faulty(CALL_OPEN)) return -1;
    int fd = __real_open64(path, flags, 0640);
    if (fd >= 0 && (flags & O_EXCL)) note_new_file(fd);
    return fd;
}

ssize_t __real_pwritev64(int fd, const struct iovec *piece, int n, off_t offset);
ssize_t __wrap_pwritev64(int fd, const struct iovec *piece, int n, off_t offset);
ssize_t __wrap_pwritev64(int fd, const struct iovec *piece, int n, off_t offset)
{
    note_use(fd);
    if (faulty(CALL_WRITE)) return -1;
    if (faulty(CALL_SHORT)) {
        struct iovec part = {piece[0].iov_base, (piece[0].iov_len + 1) / 2};
        return __real_pwritev64(fd, &part, 1, offset);
    }
    ssize_t done = __real_pwritev64(fd, piece, n, offset);
    power_call();
    return done;
}

int __real_fdatasync(int fd);
/* While it is shut no sync ends. */
static _Atomic bool gate_shut;

int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
    struct stat st;
    while (atomic_load(&gate_shut)) sched_yield();
    note_use(fd);
    if (faulty(CALL_SYNC)) {
        unsigned n = atomic_load(&distrusted_count);
        atomic_store(&distrusted[n % 64], inode_of(fd));
        atomic_store(&distrusted_count, n + 1);
        return -1;
    }
    power_call();
    if (power.at && fstat(fd, &st) == 0)
        power.synced[power_file((uint64_t)st.st_ino)] = (uint64_t)st.st_size;
    power_call();
    return 0; /* the test's folder needs no power cut of its own */
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    (void)fd;
    if (faulty(CALL_DIR_SYNC)) return -1;
    for (unsigned i = 0; i < 64; i++) power.listed[i] = true;
    power_call();
    return 0;
}

int __real_ftruncate64(int fd, off_t size);
int __wrap_ftruncate64(int fd, off_t size);
int __wrap_ftruncate64(int fd, off_t size)
{
    if (!plan.no_truncate) return __real_ftruncate64(fd, size);
    errno = EIO;
    return -1;
}

int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __wrap_unlink(const char *path)
{
    return faulty(CALL_UNLINK) ? -1 : __real_unlink(path);
}

ssize_t __real_pread64(int fd, void *bytes, size_t len, off_t offset);
ssize_t __wrap_pread64(int fd, void *bytes, size_t len, off_t offset);
ssize_t __wrap_pread64(int fd, void *bytes, size_t len, off_t offset)
{
    if (faulty(CALL_READ)) return -1;
    return __real_pread64(fd, bytes, len, offset);
}

static void arm(call which, int error, bool forever, unsigned at)
{
    plan.error = error;
    plan.forever = forever;
    plan.at = at;
    atomic_store(&plan.calls, 0);
    atomic_store(&plan.faults, 0);
    atomic_store(&distrusted_count, 0);
    atomic_store(&plan.armed, (int)which + 1);
}

static void disarm(void)
{
    atomic_store(&plan.armed, 0);
}

/* ---- faults in turn ---- */

static qk_journal_options small_options(void)
{
    qk_journal_options options = journal_options();
    options.segment_bytes = 512;
    return options;
}

static qk_journal *open_somehow(const char *dir, const qk_journal_options *options)
{
    qk_journal *j = NULL;
    qk_error err = {0};
    if (qk_journal_open(&j, dir, options, &err) == QK_OK) return j;
    assert_null(j);
    assert_int_not_equal(err.code, QK_OK);
    assert_true(err.message[0] != '\0');
    if (plan.forever) disarm();
    atomic_store(&distrusted_count, 0); /* what opening could not sync nobody had been promised */
    return journal_open(dir, options);
}

/* Appends records [from, to), each synced, through whatever happens; a fault that lasts ends when
 * the journal has told of it. */
static void append_through(qk_journal *j, unsigned from, unsigned to)
{
    int64_t until = qk_monotonic_ms() + 20000;
    for (unsigned i = from; i < to;) {
        qk_jpos end = 0;
        qk_error err = {0};
        qk_code code = append_numbered(j, i, &end);
        if (code == QK_OK) i++;
        if (code == QK_OK && i % 3) code = qk_journal_sync(j, 10000, &err);
        if (code != QK_OK && plan.forever) {
            assert_int_equal(code, plan.error == ENOSPC ? QK_ENOSPC : QK_EIO);
            disarm();
        }
        assert_true(qk_monotonic_ms() < until);
        sched_yield();
    }
}

static void run_episode(const char *dir)
{
    qk_journal_options options = small_options();
    for (unsigned half = 0; half < 2; half++) {
        qk_journal *j = open_somehow(dir, &options);
        append_through(j, half * RECORDS / 2, (half + 1) * RECORDS / 2);
        if (plan.forever) disarm();
        wait_durable(j);
        qk_journal_close(j);
    }
}

static unsigned loop_faults(call which, int error, bool forever, bool no_truncate)
{
    unsigned faults = 0;
    for (unsigned n = 1;; n++) {
        char *dir = qk_test_path("journal");
        qk_test_remove(dir);
        arm(which, error, forever, n);
        plan.no_truncate = no_truncate;
        run_episode(dir);
        plan.no_truncate = false;
        disarm();
        assert_numbered(dir, RECORDS);
        assert_int_equal(atomic_load(&trusted_again), 0);
        if (atomic_load(&plan.faults) == 0) return faults;
        faults += atomic_load(&plan.faults);
        if (n > 500) fail_msg("%s never completes", call_names[which]);
    }
}

static void test_journal__goes_on_after_each_call_that_fails(void **state)
{
    (void)state;
    static const struct {
        call which;
        int error;
        bool forever;
    } cases[] = {
        {CALL_MALLOC, ENOMEM, false},   {CALL_OPEN, EIO, false},     {CALL_OPEN, EIO, true},
        {CALL_OPEN, ENOSPC, true},      {CALL_OPEN, EINTR, false},   {CALL_WRITE, EIO, false},
        {CALL_WRITE, EIO, true},        {CALL_WRITE, ENOSPC, false}, {CALL_WRITE, ENOSPC, true},
        {CALL_WRITE, EINTR, false},     {CALL_SHORT, 0, false},      {CALL_SHORT, 0, true},
        {CALL_SYNC, EIO, false},        {CALL_SYNC, EIO, true},      {CALL_SYNC, ENOSPC, false},
        {CALL_SYNC, EINTR, false},      {CALL_DIR_SYNC, EIO, false}, {CALL_DIR_SYNC, EIO, true},
        {CALL_DIR_SYNC, ENOSPC, false}, {CALL_UNLINK, EIO, false},   {CALL_READ, EIO, false},
        {CALL_READ, EINTR, false},
    };
    unsigned all = 0;
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        unsigned faults = loop_faults(cases[i].which, cases[i].error, cases[i].forever, false);
        assert_true(faults > 0);
        all += faults;
    }
    all += loop_faults(CALL_SYNC, EIO, false, true);
    all += loop_faults(CALL_SYNC, EIO, true, true);
    all += loop_faults(CALL_WRITE, ENOSPC, true, true);
    print_message("%u faults\n", all);
    assert_true(all > 100);
}

static void test_journal__a_tail_that_cannot_be_cut_does_not_count(void **state)
{
    (void)state;
    qk_journal_options options = journal_options();
    char *dir = qk_test_path("journal");
    qk_journal *j = journal_open(dir, &options);
    append_through(j, 0, 5);
    wait_durable(j);
    /* The group reaches the file whole, its sync fails, and the file cannot be cut either. */
    arm(CALL_SYNC, EIO, true, 1);
    plan.no_truncate = true;
    qk_jpos end = 0;
    assert_ok(append_numbered(j, 5, &end));
    while (qk_journal_sync(j, 10000, NULL) == QK_OK) sched_yield();
    assert_int_equal(qk_journal_status(j, NULL), QK_JOURNAL_STOPPED);
    disarm();
    wait_durable(j);
    plan.no_truncate = false;
    append_through(j, 6, RECORDS);
    wait_durable(j);
    qk_journal_stats stats;
    qk_journal_stats_get(j, &stats);
    assert_int_equal(stats.stops, 1);
    qk_journal_close(j);
    assert_numbered(dir, RECORDS);
    qk_segment_list list = list_segments(dir);
    assert_int_equal(list.count, 2);
    assert_true(qk_test_size(segment_path(dir, 0)) > (long long)(QK_SEGMENT_MARK + list.starts[1]));
    qk_segment_list_clear(&list);
}

static void test_journal__buffered_records_survive_a_long_stop(void **state)
{
    (void)state;
    qk_journal_options options = journal_options();
    char *dir = qk_test_path("journal");
    qk_journal *j = journal_open(dir, &options);
    qk_error reason = {0};
    arm(CALL_WRITE, ENOSPC, true, 1);
    unsigned taken = 0;
    qk_code code = QK_OK;
    while (code == QK_OK && taken < 4000) {
        qk_jpos end = 0;
        code = append_numbered(j, taken, &end);
        if (code == QK_OK) taken++;
    }
    if (code == QK_OK) code = qk_journal_sync(j, 10000, NULL);
    assert_int_equal(code, QK_ENOSPC);
    assert_int_equal(qk_journal_status(j, &reason), QK_JOURNAL_STOPPED);
    assert_int_equal(reason.code, QK_ENOSPC);
    assert_true(reason.hint[0] != '\0');
    assert_int_equal(qk_journal_durable(j), 0);
    disarm();
    wait_durable(j);
    assert_int_equal(qk_journal_status(j, NULL), QK_JOURNAL_RUNNING);
    qk_journal_close(j);
    assert_numbered(dir, taken);
}

/* Behind a first record, whose sync waits at the gate, the rest becomes one group; then one more
 * record. Milliseconds from the gate's opening until that one is safe. */
static double last_record_ms(const char *dir, unsigned in_group)
{
    qk_journal_options options = journal_options();
    qk_journal_stats stats;
    qk_jpos end = 0;
    unsigned n = 0;
    atomic_store(&gate_shut, true);
    qk_journal *j = journal_open(dir, &options);
    while (n < in_group) assert_ok(append_numbered(j, n++, &end));
    int64_t opened_ns = qk_monotonic_ns();
    atomic_store(&gate_shut, false);
    while (qk_journal_durable(j) < end) sched_yield();
    assert_ok(append_numbered(j, n++, &end));
    while (qk_journal_durable(j) < end) sched_yield();
    double ms = (double)(qk_monotonic_ns() - opened_ns) / 1e6;
    qk_journal_stats_get(j, &stats);
    assert_true(stats.largest_group + 1 >= in_group / 2);
    qk_journal_close(j);
    assert_numbered(dir, n);
    return ms;
}

static void test_journal__gathers_behind_a_large_group(void **state)
{
    (void)state;
    assert_true(last_record_ms(qk_test_path("large"), 200) >= 7.9);
    /* a few records do not wait: seldom is the machine so busy that none of these gets through */
    bool soon = false;
    for (int i = 0; i < 200 && !soon; i++) {
        char name[32];
        snprintf(name, sizeof name, "few%d", i);
        soon = last_record_ms(qk_test_path(name), 5) < 7.9;
    }
    assert_true(soon);
}

/* ---- power ---- */

static void check_after_power(unsigned point)
{
    static journal_read_result r;
    qk_journal_options options = small_options();
    qk_jpos end = 0;
    power.at = 0;
    read_numbered(&r, power.to, power.durable ? power.durable : UINT64_MAX);
    if (power.durable && r.damaged) fail_msg("point %u: damage below the durable position", point);
    unsigned safe = r.records;
    if (!power.durable) safe = 0;
    for (unsigned i = 0; i < safe; i++) assert_int_equal(r.numbers[i], i);
    qk_journal *j = journal_open(power.to, &options);
    assert_true(qk_journal_durable(j) >= power.durable);
    assert_ok(append_numbered(j, 1000, &end));
    wait_durable(j);
    qk_journal_close(j);
    read_numbered(&r, power.to, UINT64_MAX);
    assert_int_equal(r.numbers[r.records - 1], 1000);
    assert_true(r.records > safe);
    for (unsigned i = 0; i < safe; i++) assert_int_equal(r.numbers[i], i);
}

static bool run_to_power_failure(unsigned point, uint64_t seed)
{
    qk_journal_options options = small_options();
    memset(&power, 0, sizeof power);
    snprintf(power.from, sizeof power.from, "%s/journal", qk_test_dir);
    snprintf(power.to, sizeof power.to, "%s/after", qk_test_dir);
    qk_test_remove(power.from);
    qk_test_remove(power.to);
    power.at = point;
    power.seed = seed * 1000 + point;
    for (unsigned half = 0; half < 2; half++) {
        qk_journal *j = journal_open(power.from, &options);
        atomic_store(&power.journal, j);
        append_through(j, half * RECORDS / 2, (half + 1) * RECORDS / 2);
        wait_durable(j);
        qk_journal_close(j);
        atomic_store(&power.journal, NULL);
    }
    return power.taken;
}

static void test_journal__keeps_its_word_when_the_power_fails(void **state)
{
    (void)state;
    unsigned points = 0;
    plan.forever = false;
    for (uint64_t seed = 1; seed <= 10; seed++)
        for (unsigned point = 1; run_to_power_failure(point, seed); point++, points++)
            check_after_power(point);
    power.at = 0;
    print_message("%u crash points\n", points);
    assert_true(points > 200);
}

/* ---- killed ---- */

static void append_until_killed(const char *dir, unsigned from, int report)
{
    qk_journal_options options = journal_options();
    qk_journal *j = NULL;
    uint64_t seed = from;
    options.segment_bytes = 64 << 10;
    if (qk_journal_open(&j, dir, &options, NULL) != QK_OK) _exit(2);
    for (unsigned n = from;;) {
        unsigned burst = (unsigned)(qk_test_random(&seed) % 200) + 1;
        for (unsigned i = 0; i < burst; i++) {
            qk_jpos end;
            if (append_numbered(j, n++, &end) != QK_OK) _exit(3);
        }
        if (qk_journal_sync(j, 10000, NULL) != QK_OK) _exit(4);
        if (write(report, &n, sizeof n) != sizeof n) _exit(5);
    }
}

/* Starts a child, lets it report so many times, kills it while it runs on; what it last reported.
 */
static unsigned kill_after(const char *dir, unsigned from, unsigned reports)
{
    int fds[2];
    unsigned acknowledged = from, n = 0;
    assert_ok(pipe(fds));
    pid_t child = fork();
    if (child == 0) {
        close(fds[0]);
        append_until_killed(dir, from, fds[1]);
    }
    close(fds[1]);
    for (unsigned i = 0; i < reports; i++) {
        assert_int_equal(read(fds[0], &n, sizeof n), sizeof n);
        acknowledged = n;
    }
    assert_ok(kill(child, SIGKILL));
    while (read(fds[0], &n, sizeof n) == sizeof n) acknowledged = n;
    close(fds[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    return acknowledged;
}

/* Counts records that follow each other from *next on. */
static void read_on(const char *dir, qk_jpos *pos, unsigned *next)
{
    qk_journal_reader *r = NULL;
    qk_journal_record record;
    qk_error err = {0};
    qk_code code;
    assert_ok(qk_journal_reader_open(&r, dir, *pos, &err));
    while ((code = qk_journal_next(r, &record, UINT64_MAX, &err)) == QK_OK)
        if (record.kind != QK_JOURNAL_MARK) assert_int_equal(check_numbered(&record), (*next)++);
    if (code != QK_ENOTFOUND) fail_msg("%s", err.message);
    *pos = qk_journal_reader_pos(r);
    qk_journal_reader_close(r);
}

static void test_journal__loses_nothing_when_killed(void **state)
{
    (void)state;
    uint64_t seed = 42;
    qk_jpos pos = 0;
    unsigned next = 0;
    char *dir = qk_test_path("journal");
    for (int cycle = 0; cycle < 50; cycle++) {
        unsigned reports = (unsigned)(qk_test_random(&seed) % 12);
        unsigned acknowledged = kill_after(dir, next, reports);
        read_on(dir, &pos, &next);
        assert_true(next >= acknowledged);
    }
    print_message("%u records\n", next);
    assert_true(next > 1000);
}

/* ---- a disk that is full ---- */

/* In a child with a small file system of its own: 0 done, 77 not permitted here. */
static int fill_disk(const char *mount_at)
{
    enum { BALLAST = 3 << 19 };
    static char bytes[BALLAST];
    char dir[300], ballast[300];
    qk_journal_options options = journal_options();
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mkdir(mount_at, 0700) != 0 || mount("tmpfs", mount_at, "tmpfs", 0, "size=2m") != 0)
        return 77;
    snprintf(dir, sizeof dir, "%s/journal", mount_at);
    snprintf(ballast, sizeof ballast, "%s/ballast", mount_at);
    int fd = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, bytes, BALLAST) != BALLAST) return 1;
    close(fd);
    qk_journal *j = NULL;
    if (qk_journal_open(&j, dir, &options, NULL) != QK_OK) return 2;
    qk_code code = QK_OK;
    qk_jpos end = 0, last = 0;
    for (unsigned i = 0; code == QK_OK && i < 100; i++) {
        static char frame[16384];
        code = qk_journal_append(j, &end, QK_JOURNAL_INPUT, 0, i, 0, frame, sizeof frame, NULL);
        if (code == QK_OK) last = end;
        if (code == QK_OK) code = qk_journal_sync(j, 10000, NULL);
    }
    if (code != QK_ENOSPC || qk_journal_durable(j) >= last) return 3;
    if (qk_journal_status(j, NULL) != QK_JOURNAL_STOPPED) return 4;
    unlink(ballast);
    int64_t until = qk_monotonic_ms() + 10000;
    while (qk_journal_durable(j) < last)
        if (qk_monotonic_ms() > until) return 5;
    qk_journal_close(j);
    qk_journal_reader *r = NULL;
    qk_journal_record record;
    unsigned n = 0;
    if (qk_journal_reader_open(&r, dir, 0, NULL) != QK_OK) return 6;
    while ((code = qk_journal_next(r, &record, UINT64_MAX, NULL)) == QK_OK)
        if (record.kind != QK_JOURNAL_MARK && record.connection != n++) return 7;
    return code == QK_ENOTFOUND && record.next == last ? 0 : 8;
}

static void test_journal__goes_on_by_itself_when_the_disk_has_room_again(void **state)
{
    (void)state;
    char *mount_at = qk_test_path("small");
    pid_t child = fork();
    if (child == 0) _exit(fill_disk(mount_at));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        print_message("mounting a small file system is not permitted here\n");
        skip();
    }
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_journal__goes_on_after_each_call_that_fails),
        qk_dir_test(test_journal__a_tail_that_cannot_be_cut_does_not_count),
        qk_dir_test(test_journal__buffered_records_survive_a_long_stop),
        qk_dir_test(test_journal__gathers_behind_a_large_group),
        qk_dir_test(test_journal__keeps_its_word_when_the_power_fails),
        qk_dir_test(test_journal__loses_nothing_when_killed),
        qk_dir_test(test_journal__goes_on_by_itself_when_the_disk_has_room_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
