/* SPDX-License-Identifier: Apache-2.0 */
#include "store/backup.h"
#include "journal_help.h"
#include "store/archive.h"
#include "store/lock.h"
#include "store/verify.h"
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <zstd.h>

/* ---- a machine that fails: the Nth call of one kind ---- */

static struct {
    const char *call;
    int error;
    unsigned at, calls, faults;
} plan;

static bool faulty(const char *call)
{
    if (!plan.call || strcmp(plan.call, call) != 0 || ++plan.calls != plan.at) return false;
    plan.faults++;
    errno = plan.error;
    return true;
}

#define WRAPPED(type, name, bad, params, args)             \
    type __real_##name params;                             \
    type __wrap_##name params;                             \
    type __wrap_##name params                              \
    {                                                      \
        return faulty(#name) ? (bad) : __real_##name args; \
    }

WRAPPED(void *, malloc, NULL, (size_t size), (size))
WRAPPED(void *, calloc, NULL, (size_t n, size_t size), (n, size))
WRAPPED(ssize_t, write, -1, (int fd, const void *bytes, size_t len), (fd, bytes, len))
WRAPPED(ssize_t, read, -1, (int fd, void *bytes, size_t len), (fd, bytes, len))
WRAPPED(int, fsync, -1, (int fd), (fd))
WRAPPED(int, rename, -1, (const char *from, const char *to), (from, to))
WRAPPED(int, mkdir, -1, (const char *path, mode_t mode), (path, mode))

/* ---- a folder ---- */

static qk_code append_some(qk_journal *j, unsigned from, unsigned to)
{
    for (unsigned n = from; n < to; n++) {
        qk_jpos end = 0;
        QK_TRY(append_numbered(j, n, &end));
    }
    return qk_journal_sync(j, 10000, NULL);
}

static qk_journal *open_journal(const char *dir)
{
    qk_journal_options options = journal_options();
    options.segment_bytes = 4096;
    return journal_open(dir, &options);
}

/* A folder with `records` in its journal, a database, a file and an audit log. */
static void make_folder(unsigned records)
{
    qk_files *files = NULL;
    qk_db *db = NULL;
    qk_file_id id;
    qk_error err = {0};
    assert_ok(qk_dir_create(qk_test_path("data"), &err));
    qk_journal *j = open_journal(qk_test_path("data/journal"));
    for (unsigned n = 0; n < records; n += 10) assert_ok(append_some(j, n, n + 10));
    qk_journal_close(j);
    assert_ok(qk_db_open(&db, qk_test_path("data/store.db"), NULL, &err));
    assert_ok(qk_db_meta_set(db, "journal_pos", 1024, &err));
    qk_audit_line line = {.who = QK_STR("a"), .what = QK_STR("b"), .object = QK_STR("c")};
    assert_ok(qk_audit_append(db, NULL, &line, &err));
    assert_ok(qk_files_open(&files, qk_test_path("data"), 0, &err));
    assert_ok(qk_files_put(files, &id, "evidence", 8, &err));
    qk_file_use use = {.object = "case/1", .name = "a.txt", .recorded_by = "a"};
    assert_ok(qk_file_attach(db, &use, &id, &err));
    qk_files_close(files);
    qk_db_close(db);
    qk_test_write(qk_test_path("data/instance.json"), "{\"format\":1}", 12);
    qk_test_write(qk_test_path("data/operator.key"), "secret", 6);
}

static void verify_whole(const char *dir, unsigned records)
{
    qk_verify_result r;
    qk_error err = {0};
    qk_verify_options options = {.dir = dir};
    if (qk_verify(&r, &options, &err) != QK_OK) fail_msg("%s", err.message);
    assert_int_equal(r.faults, 0);
    assert_int_equal(r.records, records);
    assert_int_equal(r.processed, 1024);
    assert_int_equal(r.files.files, 1);
    assert_int_equal(r.audit.lines, 1);
}

static qk_backup_result back_up(const char *to)
{
    qk_backup_result result;
    qk_error err = {0};
    if (qk_backup(&result, qk_test_path("data"), to, 1000, &err) != QK_OK)
        fail_msg("%s: %s", err.where, err.message);
    return result;
}

static void restore(const char *from, const char *dir)
{
    qk_backup_result result;
    qk_error err = {0};
    if (qk_restore(&result, from, dir, NULL, &err) != QK_OK)
        fail_msg("%s: %s", err.where, err.message);
}

/* ---- there and back ---- */

static void test_backup__is_restored_whole(void **state)
{
    (void)state;
    make_folder(100);
    qk_backup_result made = back_up(qk_test_path("b.tar.zst")), read;
    assert_true(made.entries > 5);
    assert_ok(qk_backup_check(&read, qk_test_path("b.tar.zst"), NULL));
    assert_int_equal(made.entries, read.entries);
    assert_int_equal(made.bytes, read.bytes);
    restore(qk_test_path("b.tar.zst"), qk_test_path("a/new/folder"));
    verify_whole(qk_test_path("a/new/folder"), 100);
    assert_numbered(qk_test_path("a/new/folder/journal"), 100);
    assert_int_equal(qk_test_size(qk_test_path("a/new/folder/instance.json")), 12);
    assert_int_equal(qk_test_size(qk_test_path("a/new/folder/operator.key")), -1);
    assert_int_equal(qk_test_size(qk_test_path("a/new/folder/.restoring")), -1);
    assert_int_equal(qk_test_size(qk_test_path("b.tar.zst.part")), -1);
    assert_int_equal(qk_test_size(qk_test_path("b.tar.zst.db-part")), -1);
    qk_journal *j = open_journal(qk_test_path("a/new/folder/journal"));
    assert_int_equal(qk_journal_durable(j), made.journal_end);
    assert_ok(append_some(j, 100, 110));
    qk_journal_close(j);
    assert_numbered(qk_test_path("a/new/folder/journal"), 110);
}

static void test_backup__is_read_by_ordinary_tools(void **state)
{
    (void)state;
    char command[1200];
    make_folder(50);
    back_up(qk_test_path("b.tar.zst"));
    if (system("tar --version >/dev/null 2>&1 && zstd --version >/dev/null 2>&1 &&"
               " sha256sum --version >/dev/null 2>&1") != 0) {
        print_message("missing: tar, zstd or sha256sum\n");
        skip();
    }
    snprintf(command, sizeof command,
             "mkdir %s/x && cd %s/x && tar --zstd -xf ../b.tar.zst && sha256sum --quiet -c MANIFEST"
             " && test -f store.db && test $(wc -l < MANIFEST) -ge 5",
             qk_test_dir, qk_test_dir);
    assert_int_equal(system(command), 0);
}

static void test_backup__leaves_a_torn_tail_behind(void **state)
{
    (void)state;
    make_folder(50);
    qk_segment_list list = list_segments(qk_test_path("data/journal"));
    char *last = segment_path(qk_test_path("data/journal"), list.starts[list.count - 1]);
    qk_segment_list_clear(&list);
    int fd = open(last, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, "half", 4), 4);
    close(fd);
    back_up(qk_test_path("b.tar.zst"));
    restore(qk_test_path("b.tar.zst"), qk_test_path("new"));
    verify_whole(qk_test_path("new"), 50);
}

/* The node in small, until it is killed: appends, and commits with the position it has read. */
static void own_folder(int ready)
{
    int lock = -1;
    qk_db *db = NULL;
    qk_journal *j = NULL;
    qk_journal_options options = journal_options();
    options.segment_bytes = 65536;
    if (qk_lock_take(&lock, qk_test_path("data"), NULL) != QK_OK ||
        qk_journal_open(&j, qk_test_path("data/journal"), &options, NULL) != QK_OK ||
        qk_db_open(&db, qk_test_path("data/store.db"), NULL, NULL) != QK_OK)
        _exit(1);
    for (unsigned n = 0;; n += 10) {
        int64_t durable;
        if (append_some(j, n, n + 10) != QK_OK) _exit(2);
        durable = (int64_t)qk_journal_durable(j);
        if (qk_db_meta_set(db, "journal_pos", durable, NULL) != QK_OK) _exit(3);
        if (n % 500 == 0 && qk_db_checkpoint(db, NULL) != QK_OK) _exit(4);
        if (n == 100 && write(ready, "r", 1) != 1) _exit(5);
    }
}

static qk_verify_result verify_sound(const char *dir)
{
    qk_verify_result r;
    qk_error err = {0};
    qk_verify_options options = {.dir = dir};
    assert_ok(qk_verify(&r, &options, &err));
    assert_int_equal(r.faults, 0);
    assert_true(r.processed <= r.end);
    return r;
}

static void test_backup__is_consistent_beside_a_running_owner(void **state)
{
    (void)state;
    enum { BACKUPS = 5 };
    int ready[2];
    char byte, name[32];
    uint64_t before = 0;
    assert_ok(qk_dir_create(qk_test_path("data"), NULL));
    assert_ok(pipe(ready));
    pid_t child = fork();
    if (child == 0) own_folder(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    for (int i = 0; i < BACKUPS; i++) {
        snprintf(name, sizeof name, "b%d.tar.zst", i);
        back_up(qk_test_path(name));
    }
    assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
    assert_ok(kill(child, SIGKILL));
    assert_int_equal(waitpid(child, NULL, 0), child);
    for (int i = 0; i < BACKUPS; i++) {
        char dir[32];
        snprintf(name, sizeof name, "b%d.tar.zst", i);
        snprintf(dir, sizeof dir, "new%d", i);
        restore(qk_test_path(name), qk_test_path(dir));
        qk_verify_result r = verify_sound(qk_test_path(dir));
        assert_true(r.records > before);
        before = r.records;
    }
    assert_true(verify_sound(qk_test_path("data")).records > before);
    close(ready[0]);
    close(ready[1]);
}

static void test_restore__takes_a_later_copy_of_the_journal(void **state)
{
    (void)state;
    qk_backup_result result;
    make_folder(60);
    back_up(qk_test_path("b.tar.zst"));
    qk_journal *j = open_journal(qk_test_path("data/journal"));
    for (unsigned n = 60; n < 200; n += 10) assert_ok(append_some(j, n, n + 10));
    qk_journal_close(j);
    assert_ok(qk_restore(&result, qk_test_path("b.tar.zst"), qk_test_path("new"),
                         qk_test_path("data/journal"), NULL));
    verify_whole(qk_test_path("new"), 200);
    /* An earlier copy takes nothing away. */
    assert_ok(qk_restore(&result, qk_test_path("b.tar.zst"), qk_test_path("newer"),
                         qk_test_path("no/such/copy"), NULL));
    verify_whole(qk_test_path("newer"), 60);
}

/* ---- refusals ---- */

static void test_backup__refuses_what_would_destroy(void **state)
{
    (void)state;
    qk_backup_result result;
    qk_error err = {0};
    make_folder(10);
    assert_int_equal(qk_backup(&result, qk_test_path("no"), qk_test_path("b"), 0, &err),
                     QK_ENOTFOUND);
    assert_int_equal(qk_backup(&result, qk_test_dir, qk_test_path("b"), 0, &err), QK_ENOTFOUND);
    back_up(qk_test_path("b.tar.zst"));
    assert_int_equal(qk_backup(&result, qk_test_path("data"), qk_test_path("b.tar.zst"), 0, &err),
                     QK_EEXIST);
    assert_int_equal(
        qk_restore(&result, qk_test_path("b.tar.zst"), qk_test_path("data"), NULL, &err),
        QK_EEXIST);
    verify_whole(qk_test_path("data"), 10);
    assert_int_equal(qk_restore(&result, qk_test_path("none"), qk_test_path("new"), NULL, &err),
                     QK_ENOTFOUND);
    assert_int_equal(qk_test_size(qk_test_path("new")), -1);
    assert_ok(mkdir(qk_test_path("empty"), 0750));
    assert_ok(mkdir(qk_test_path("empty/lost+found"), 0750));
    restore(qk_test_path("b.tar.zst"), qk_test_path("empty"));
    verify_whole(qk_test_path("empty"), 10);
}

static void test_restore__refuses_an_archive_with_one_wrong_byte(void **state)
{
    (void)state;
    qk_backup_result result;
    qk_error err = {0};
    size_t len;
    make_folder(20);
    back_up(qk_test_path("b.tar.zst"));
    char *bytes = qk_test_slurp(qk_test_path("b.tar.zst"), &len);
    size_t step = len / 300 + 1;
    unsigned tried = 0, taken = 0;
    for (size_t at = 0; at < len; at += at < 64 || at + 64 > len ? 1 : step) {
        bytes[at] ^= 16;
        qk_test_write(qk_test_path("bad"), bytes, len);
        bytes[at] ^= 16;
        qk_code code = qk_restore(&result, qk_test_path("bad"), qk_test_path("new"), NULL, &err);
        /* A few bits of the compressed form have no meaning: what comes out is then the same. */
        if (code == QK_OK) {
            verify_whole(qk_test_path("new"), 20);
            qk_test_remove(qk_test_path("new"));
            taken++;
        }
        tried++;
        assert_int_equal(qk_test_size(qk_test_path("new")), -1);
    }
    assert_true(tried > 300 && taken < tried / 50);
    for (size_t cut = 0; cut < len; cut += step) {
        qk_test_write(qk_test_path("bad"), bytes, cut);
        assert_int_not_equal(qk_backup_check(&result, qk_test_path("bad"), &err), QK_OK);
    }
    char *longer = malloc(len + 1);
    memcpy(longer, bytes, len);
    longer[len] = 0;
    qk_test_write(qk_test_path("bad"), longer, len + 1);
    assert_int_equal(qk_backup_check(&result, qk_test_path("bad"), &err), QK_EFORMAT);
    free(longer);
    free(bytes);
}

/* Writes an archive of these entries, each with a few bytes, as our own writer makes it. */
static void make_archive(const char *const *names)
{
    qk_archive_writer *w = NULL;
    qk_error err = {0};
    unlink(qk_test_path("hostile"));
    assert_ok(qk_archive_create(&w, qk_test_path("hostile"), 0, &err));
    for (; *names; names++) {
        assert_ok(qk_archive_begin(w, *names, 5, &err));
        assert_ok(qk_archive_write(w, "bytes", 5, &err));
    }
    assert_ok(qk_archive_finish(w, &err));
    qk_archive_writer_free(w);
}

static void test_restore__refuses_hostile_names(void **state)
{
    (void)state;
    static const char *const names[] = {
        "../escaped",
        "/tmp/escaped",
        "journal/../../escaped",
        "journal/0000000000000000.qkj/..",
        "journal/000000000000000g.qkj",
        "files/ab/../../../escaped",
        "files/ab/cdaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "files/ab/ab",
        "./store.db",
        "store.db/",
        "operator.key",
        "qingkong.lock",
        ".restoring",
        "store.db-wal",
    };
    qk_backup_result result;
    qk_error err = {0};
    for (size_t i = 0; i < QK_ARRAY_COUNT(names); i++) {
        const char *const entries[] = {"store.db", names[i], NULL};
        make_archive(entries);
        assert_int_equal(
            qk_restore(&result, qk_test_path("hostile"), qk_test_path("new"), NULL, &err),
            QK_EDENIED);
        assert_int_equal(qk_backup_check(&result, qk_test_path("hostile"), &err), QK_EDENIED);
        assert_int_equal(qk_test_size(qk_test_path("new")), -1);
        assert_int_equal(qk_test_size(qk_test_path("escaped")), -1);
    }
    static const char *const twice[] = {"store.db", "instance.json", "store.db", NULL};
    make_archive(twice);
    assert_int_equal(qk_restore(&result, qk_test_path("hostile"), qk_test_path("new"), NULL, &err),
                     QK_EFORMAT);
    static const char *const no_db[] = {"instance.json", NULL};
    make_archive(no_db);
    assert_int_equal(qk_restore(&result, qk_test_path("hostile"), qk_test_path("new"), NULL, &err),
                     QK_EFORMAT);
    assert_int_equal(qk_test_size(qk_test_path("new")), -1);
}

/* A tar head of our form with one field set, in a Zstandard frame of its own. */
static void make_head_archive(size_t field, const char *bytes, size_t len)
{
    qk_archive_writer *w = NULL;
    size_t packed_len;
    static unsigned char tar[1 << 16], packed[1 << 17];
    unlink(qk_test_path("plain"));
    assert_ok(qk_archive_create(&w, qk_test_path("plain"), 0, NULL));
    assert_ok(qk_archive_begin(w, "store.db", 5, NULL));
    assert_ok(qk_archive_write(w, "bytes", 5, NULL));
    assert_ok(qk_archive_finish(w, NULL));
    qk_archive_writer_free(w);
    char *file = qk_test_slurp(qk_test_path("plain"), &packed_len);
    size_t tar_len = ZSTD_decompress(tar, sizeof tar, file, packed_len);
    assert_false(ZSTD_isError(tar_len));
    free(file);
    memcpy(tar + field, bytes, len);
    unsigned sum = 0;
    for (int i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? ' ' : tar[i];
    char text[8];
    snprintf(text, sizeof text, "%06o", sum);
    memcpy(tar + 148, text, 7);
    packed_len = ZSTD_compress(packed, sizeof packed, tar, tar_len, 1);
    qk_test_write(qk_test_path("hostile"), packed, packed_len);
}

static void test_restore__refuses_links_devices_and_false_sizes(void **state)
{
    (void)state;
    static const struct {
        size_t field;
        const char *bytes;
        size_t len;
        qk_code code;
    } cases[] = {
        {0, "store.db", 8, QK_OK},            /* the form itself is right */
        {156, "2", 1, QK_EFORMAT},            /* symbolic link */
        {156, "1", 1, QK_EFORMAT},            /* hard link */
        {156, "5", 1, QK_EFORMAT},            /* folder */
        {156, "3", 1, QK_EFORMAT},            /* device */
        {156, "x", 1, QK_EFORMAT},            /* extension head */
        {156, "L", 1, QK_EFORMAT},            /* long name of GNU */
        {157, "/etc/passwd", 11, QK_EFORMAT}, /* target of a link */
        {345, "../..", 5, QK_EFORMAT},        /* prefix of the name */
        {257, "USTAR", 5, QK_EFORMAT},
        {124, "77777777777", 11, QK_ENOSPC}, /* 8 GiB - 1 may fit: see below */
        {124, "\x80\0\0\0\x3f\xff\xff\xff\xff\xff\xff\xff", 12, QK_ENOSPC},
        {124, "\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 12, QK_EFORMAT},
        {124, "\x80\1\0\0\0\0\0\0\0\0\0\0", 12, QK_EFORMAT},
        {124, "-0000000005", 11, QK_EFORMAT},
        {0, "\0", 1, QK_EFORMAT},
    };
    qk_backup_result result;
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        qk_error err = {0};
        make_head_archive(cases[i].field, cases[i].bytes, cases[i].len);
        qk_code code =
            qk_restore(&result, qk_test_path("hostile"), qk_test_path("new"), NULL, &err);
        if (code == QK_EDAMAGED && cases[i].code == QK_ENOSPC) code = QK_ENOSPC; /* a large disk */
        if (code != cases[i].code) fail_msg("case %zu: %d %s", i, code, err.message);
        if (code == QK_OK) qk_test_remove(qk_test_path("new"));
        assert_int_equal(qk_test_size(qk_test_path("new")), -1);
    }
}

/* ---- faults ---- */

static void loop_faults(const char *call, int error, bool restoring)
{
    unsigned faults = 0;
    for (unsigned n = 1; n < 3000; n++) {
        qk_backup_result result;
        qk_error err = {0};
        plan.call = call;
        plan.error = error;
        plan.at = n;
        plan.calls = plan.faults = 0;
        const char *target = restoring ? "new" : "b2.tar.zst";
        qk_code code =
            restoring
                ? qk_restore(&result, qk_test_path("b.tar.zst"), qk_test_path(target), NULL, &err)
                : qk_backup(&result, qk_test_path("data"), qk_test_path(target), 0, &err);
        plan.call = NULL;
        faults += plan.faults;
        if (code == QK_OK && restoring) verify_whole(qk_test_path("new"), 20);
        if (code == QK_OK && !restoring)
            assert_ok(qk_backup_check(&result, qk_test_path(target), &err));
        if (code != QK_OK) {
            assert_true(err.message[0] != '\0');
            /* A folder whose last sync failed is complete and told as failed; else nothing is left.
             */
            if (qk_test_size(qk_test_path(target)) >= 0 && restoring)
                verify_whole(qk_test_path("new"), 20);
        }
        assert_int_equal(qk_test_size(qk_test_path("b2.tar.zst.part")), -1);
        assert_int_equal(qk_test_size(qk_test_path("b2.tar.zst.db-part")), -1);
        qk_test_remove(qk_test_path(target));
        if (plan.faults == 0) break;
    }
    if (faults == 0) fail_msg("%s was never called", call);
}

static void test_backup__leaves_nothing_half_done_whatever_call_fails(void **state)
{
    (void)state;
    make_folder(20);
    back_up(qk_test_path("b.tar.zst"));
    loop_faults("malloc", ENOMEM, false);
    loop_faults("calloc", ENOMEM, false);
    loop_faults("write", ENOSPC, false);
    loop_faults("read", EIO, false);
    loop_faults("fsync", EIO, false);
    loop_faults("rename", EIO, false);
    loop_faults("malloc", ENOMEM, true);
    loop_faults("calloc", ENOMEM, true);
    loop_faults("write", ENOSPC, true);
    loop_faults("read", EIO, true);
    loop_faults("read", EINTR, true);
    loop_faults("fsync", EIO, true);
    loop_faults("mkdir", ENOSPC, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_backup__is_restored_whole),
        qk_dir_test(test_backup__is_read_by_ordinary_tools),
        qk_dir_test(test_backup__leaves_a_torn_tail_behind),
        qk_dir_test(test_backup__is_consistent_beside_a_running_owner),
        qk_dir_test(test_restore__takes_a_later_copy_of_the_journal),
        qk_dir_test(test_backup__refuses_what_would_destroy),
        qk_dir_test(test_restore__refuses_an_archive_with_one_wrong_byte),
        qk_dir_test(test_restore__refuses_hostile_names),
        qk_dir_test(test_restore__refuses_links_devices_and_false_sizes),
        qk_dir_test(test_backup__leaves_nothing_half_done_whatever_call_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
