/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_UNIT_STORE_TEST_H
#define QK_TESTS_UNIT_STORE_TEST_H
/* A folder for each test, removed after it, and small helpers on files. */
#include "../test.h"
#include "base/memory.h"
#include "base/file.h"
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static char qk_test_dir[256]; /* of the running test */

static inline int qk_test_dir_setup(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(qk_test_dir, sizeof qk_test_dir, "%s/qk-test-XXXXXX", base ? base : "/tmp");
    return mkdtemp(qk_test_dir) ? 0 : -1;
}

static inline int qk_test_remove_one(const char *path, const struct stat *st, int kind,
                                     struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline void qk_test_remove(const char *path)
{
    nftw(path, qk_test_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline int qk_test_dir_teardown(void **state)
{
    (void)state;
    qk_test_remove(qk_test_dir);
    return 0;
}

#define qk_dir_test(f) cmocka_unit_test_setup_teardown(f, qk_test_dir_setup, qk_test_dir_teardown)

/* "DIR/name", good until the sixth call after it. */
static inline char *qk_test_path(const char *name)
{
    static char paths[6][512];
    static unsigned next;
    char *out = paths[next++ % 6];
    snprintf(out, sizeof paths[0], "%s/%s", qk_test_dir, name);
    return out;
}

static inline char *qk_test_slurp(const char *path, size_t *len)
{
    qk_buf buf;
    qk_buf_init(&buf, 512u << 20);
    qk_error err;
    if (qk_file_read(&buf, path, &err) != QK_OK) fail_msg("%s: %s", path, err.message);
    qk_buf_putc(&buf, '\0');
    *len = buf.len - 1;
    return qk_buf_take(&buf, &(size_t){0});
}

static inline void qk_test_write(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_ok(qk_write_all(fd, bytes, len, NULL));
    close(fd);
}

static inline long long qk_test_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (long long)st.st_size : -1;
}
#endif
