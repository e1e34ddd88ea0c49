/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "../test.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The Nth call that can fail does, with `fail_errno`; 0 = none. `calls` counts them all. */
static unsigned fail_at, calls;
static int fail_errno = EIO;
static size_t piece; /* most bytes that one read or write takes; 0 = all */
static int open_files;

static bool fails_now(void)
{
    calls++;
    if (calls != fail_at) return false;
    errno = fail_errno;
    return true;
}

/* gcc knows the real functions' attributes; these declarations are the linker's names alone. */
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
ssize_t __real_read(int fd, void *bytes, size_t len);
ssize_t __wrap_read(int fd, void *bytes, size_t len);
ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
ssize_t __real_getrandom(void *bytes, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *bytes, size_t len, unsigned flags);

int __wrap_open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    if (fails_now()) return -1;
    int fd = __real_open(path, flags, mode);
    open_files += fd >= 0;
    return fd;
}

int __wrap_open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return __wrap_open(path, flags, mode);
}

ssize_t __wrap_read(int fd, void *bytes, size_t len)
{
    return fails_now() ? -1 : __real_read(fd, bytes, piece && piece < len ? piece : len);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    return fails_now() ? -1 : __real_write(fd, bytes, piece && piece < len ? piece : len);
}

int __wrap_fsync(int fd)
{
    return fails_now() ? -1 : __real_fsync(fd);
}

/* A close that fails has closed all the same (Linux). */
int __wrap_close(int fd)
{
    open_files--;
    int result = __real_close(fd);
    return fails_now() ? -1 : result;
}

int __wrap_rename(const char *from, const char *to)
{
    return fails_now() ? -1 : __real_rename(from, to);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    return fails_now() ? -1 : __real_mkdir(path, mode);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails_now() ? NULL : __real_realloc(old, size);
}

ssize_t __wrap_getrandom(void *bytes, size_t len, unsigned flags)
{
    return fails_now() ? -1 : __real_getrandom(bytes, len, flags);
}

/* ---- a folder for each test ---- */

static char folder[64];

static const char *in_folder(const char *name)
{
    static char paths[4][QK_PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];
    assert_ok(qk_path_join(path, QK_PATH_MAX, folder, name));
    return path;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/qk-file-test-XXXXXX");
    fail_at = calls = 0;
    fail_errno = EIO;
    piece = 0;
    open_files = 0;
    return mkdtemp(folder) ? 0 : -1;
}

static void remove_all(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir) {
        unlink(path);
        return;
    }
    for (struct dirent *e; (e = readdir(dir));) {
        char name[QK_PATH_MAX];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        assert_ok(qk_path_join(name, sizeof name, path, e->d_name));
        remove_all(name);
    }
    closedir(dir);
    rmdir(path);
}

static int tear_down(void **state)
{
    (void)state;
    fail_at = 0;
    remove_all(folder);
    return 0;
}

static size_t count_entries(void)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    while (readdir(dir)) count++;
    closedir(dir);
    return count - 2;
}

static bool file_holds(const char *path, qk_str want)
{
    qk_buf buf;
    qk_buf_init(&buf, 1 << 20);
    qk_code code = qk_file_read(&buf, path, NULL);
    bool same = code == QK_OK && qk_str_eq(qk_buf_str(&buf), want);
    qk_buf_clear(&buf);
    return same;
}

/* ---- tests ---- */

static void test_file__written_and_read_back(void **state)
{
    (void)state;
    qk_error err;
    const char *path = in_folder("a");
    assert_ok(qk_file_write_atomic(path, "one", 3, 0640, &err));
    assert_true(file_holds(path, QK_STR("one")));
    struct stat st;
    assert_ok(stat(path, &st));
    mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(st.st_mode & 07777, 0640 & ~mask);
    assert_ok(qk_file_write_atomic(path, "", 0, 0600, &err));
    assert_true(file_holds(path, QK_STR("")));
    assert_int_equal(count_entries(), 1);
}

static void test_file__ceiling_of_the_buffer_holds(void **state)
{
    (void)state;
    qk_error err;
    qk_buf buf;
    const char *path = in_folder("a");
    char *bytes = malloc(300000);
    memset(bytes, 'x', 300000);
    assert_ok(qk_file_write_atomic(path, bytes, 300000, 0600, &err));
    qk_buf_init(&buf, 300000);
    assert_ok(qk_file_read(&buf, path, &err));
    assert_int_equal(buf.len, 300000);
    assert_int_equal(strlen(buf.ptr), 300000);
    qk_buf_clear(&buf);
    qk_buf_init(&buf, 299999);
    assert_int_equal(qk_file_read(&buf, path, &err), QK_EFULL);
    assert_int_equal(buf.failed, QK_EFULL);
    assert_int_equal(qk_file_read(&buf, path, &err), QK_EFULL);
    qk_buf_clear(&buf);
    free(bytes);
}

static void test_file__reading_refuses(void **state)
{
    (void)state;
    qk_error err;
    qk_buf buf;
    qk_buf_init(&buf, 1000);
    assert_int_equal(qk_file_read(&buf, in_folder("absent"), &err), QK_ENOTFOUND);
    assert_non_null(strstr(err.message, "absent"));
    assert_int_equal(qk_file_read(&buf, in_folder("absent"), NULL), QK_ENOTFOUND);
    assert_int_equal(qk_file_read(&buf, folder, &err), QK_EIO);
    qk_buf_clear(&buf);
}

static void test_file__standard_input_is_a_dash(void **state)
{
    (void)state;
    qk_error err;
    qk_buf buf;
    const char *path = in_folder("a");
    assert_ok(qk_file_write_atomic(path, "from stdin", 10, 0600, &err));
    int saved = dup(STDIN_FILENO), fd = __real_open(path, O_RDONLY);
    dup2(fd, STDIN_FILENO);
    qk_buf_init(&buf, 1000);
    assert_ok(qk_file_read(&buf, "-", &err));
    assert_string_equal(buf.ptr, "from stdin");
    dup2(saved, STDIN_FILENO);
    __real_close(saved);
    __real_close(fd);
    qk_buf_clear(&buf);
}

static void test_file__short_reads_and_writes_are_carried_on(void **state)
{
    (void)state;
    qk_error err;
    const char *path = in_folder("a");
    piece = 3;
    assert_ok(qk_file_write_atomic(path, "0123456789", 10, 0600, &err));
    assert_true(file_holds(path, QK_STR("0123456789")));
}

static void test_file__interrupted_calls_are_made_again(void **state)
{
    (void)state;
    qk_error err;
    const char *path = in_folder("a");
    fail_errno = EINTR;
    for (unsigned n = 3; n <= 4; n++) { /* the write and the fsync of the file */
        calls = 0;
        fail_at = n;
        assert_ok(qk_file_write_atomic(path, "0123456789", 10, 0600, &err));
    }
    calls = 0;
    fail_at = 3; /* open, realloc, read */
    assert_true(file_holds(path, QK_STR("0123456789")));
}

/* Whatever call fails: the old bytes or the new, whole; no other file left; nothing left open. */
static void test_file__an_atomic_write_fails_whole(void **state)
{
    (void)state;
    const char *path = in_folder("a");
    qk_str old = QK_STR("old bytes"), fresh = QK_STR("new and longer bytes");
    const int errnos[] = {EIO, ENOSPC};
    for (size_t e = 0; e < QK_ARRAY_COUNT(errnos); e++) {
        unsigned n = 1;
        for (bool done = false; !done; n++) {
            qk_error err = {0};
            fail_at = 0;
            assert_ok(qk_file_write_atomic(path, old.ptr, old.len, 0600, NULL));
            fail_errno = errnos[e];
            calls = 0;
            fail_at = n;
            qk_code code = qk_file_write_atomic(path, fresh.ptr, fresh.len, 0600, &err);
            done = calls < n;
            fail_at = 0;
            assert_int_equal(open_files, 0);
            assert_int_equal(count_entries(), 1);
            assert_true(file_holds(path, fresh) || (code != QK_OK && file_holds(path, old)));
            if (done) assert_ok(code);
            if (code) assert_int_equal(code, errnos[e] == ENOSPC ? QK_ENOSPC : QK_EIO);
            if (code) assert_string_not_equal(err.message, "");
        }
        assert_int_equal(n - 1, 10); /* nine calls can fail */
    }
}

static void test_file__a_read_fails_whole(void **state)
{
    (void)state;
    const char *path = in_folder("a");
    assert_ok(qk_file_write_atomic(path, "0123456789", 10, 0600, NULL));
    for (unsigned n = 1;; n++) {
        qk_buf buf;
        qk_error err;
        qk_buf_init(&buf, 1000);
        calls = 0;
        fail_at = n;
        qk_code code = qk_file_read(&buf, path, &err);
        bool done = calls < n;
        assert_int_equal(open_files, 0);
        if (done) assert_ok(code);
        qk_buf_clear(&buf);
        if (done) break;
    }
}

static void test_file__folders_are_made_with_their_parents(void **state)
{
    (void)state;
    qk_error err;
    struct stat st;
    assert_ok(qk_dir_create(in_folder("a/b//c/"), &err));
    assert_ok(stat(in_folder("a/b/c"), &st));
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(st.st_mode & 07027, 0);
    assert_ok(qk_dir_create(in_folder("a/b/c"), &err));
    assert_ok(qk_dir_create("/", &err));
    assert_ok(qk_file_write_atomic(in_folder("file"), "x", 1, 0600, &err));
    assert_int_equal(qk_dir_create(in_folder("file"), &err), QK_EIO);
    assert_int_equal(qk_dir_create(in_folder("file/under"), &err), QK_EIO);
    assert_int_equal(qk_dir_create("", &err), QK_EINVAL);
    assert_ok(qk_dir_sync(folder, &err));
    assert_int_equal(qk_dir_sync(in_folder("file"), &err), QK_EIO);
}

static void test_file__making_folders_can_be_taken_up_again(void **state)
{
    (void)state;
    for (unsigned n = 1;; n++) {
        qk_error err;
        calls = 0;
        fail_at = n;
        qk_code code = qk_dir_create(in_folder("p/q/r"), &err);
        bool done = calls < n;
        fail_at = 0;
        assert_int_equal(open_files, 0);
        if (done) assert_ok(code);
        assert_ok(qk_dir_create(in_folder("p/q/r"), &err));
        remove_all(in_folder("p"));
        if (done) break;
    }
}

static void test_file__long_paths_are_refused(void **state)
{
    (void)state;
    char path[QK_PATH_MAX + 10], out[8];
    qk_error err;
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(qk_dir_create(path, &err), QK_ERANGE);
    assert_int_equal(qk_file_write_atomic(path, "x", 1, 0600, &err), QK_ERANGE);
    path[QK_PATH_MAX / 2] = '/';
    path[QK_PATH_MAX - 5] = '\0';
    assert_int_equal(qk_file_write_atomic(path, "x", 1, 0600, &err), QK_ERANGE);
    assert_ok(qk_path_join(out, sizeof out, "ab", "cdef"));
    assert_string_equal(out, "ab/cdef");
    assert_ok(qk_path_join(out, sizeof out, "ab/", "cdef"));
    assert_string_equal(out, "ab/cdef");
    assert_ok(qk_path_join(out, sizeof out, "", "cdef"));
    assert_string_equal(out, "cdef");
    assert_int_equal(qk_path_join(out, sizeof out, "abc", "cdef"), QK_ERANGE);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_file__written_and_read_back),
        IN_FOLDER(test_file__ceiling_of_the_buffer_holds),
        IN_FOLDER(test_file__reading_refuses),
        IN_FOLDER(test_file__standard_input_is_a_dash),
        IN_FOLDER(test_file__short_reads_and_writes_are_carried_on),
        IN_FOLDER(test_file__interrupted_calls_are_made_again),
        IN_FOLDER(test_file__an_atomic_write_fails_whole),
        IN_FOLDER(test_file__a_read_fails_whole),
        IN_FOLDER(test_file__folders_are_made_with_their_parents),
        IN_FOLDER(test_file__making_folders_can_be_taken_up_again),
        IN_FOLDER(test_file__long_paths_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
