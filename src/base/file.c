/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BLOCK = 1 << 16 };

static qk_code refuse_too_large(const qk_buf *buf, const char *path, qk_error *err)
{
    if (buf->failed == QK_ENOMEM) return qk_fail(err, QK_ENOMEM, "no memory to read %s", path);
    return qk_fail(err, QK_EFULL, "%s is larger than the %zu bytes allowed", path, buf->ceiling);
}

/* Asks for the expected rest first, so that a file of known size is read in one piece; a piece
 * beyond the ceiling is shortened to one byte more than fits, which tells "full" from "too large".
 */
static qk_code read_all(qk_buf *buf, int fd, size_t expected, const char *path, qk_error *err)
{
    size_t block = expected > READ_BLOCK ? expected : READ_BLOCK;
    for (;;) {
        size_t left = buf->ceiling - buf->len;
        char last;
        char *room = &last;
        size_t size = 1;
        if (left > 0) {
            size = left < block ? left : block;
            room = qk_buf_reserve(buf, size);
        }
        if (!room) return refuse_too_large(buf, path, err);
        ssize_t n = read(fd, room, size);
        if (n == 0) break;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return qk_fail_errno(err, errno, "cannot read %s", path);
        if (left == 0) {
            buf->failed = QK_EFULL;
            return refuse_too_large(buf, path, err);
        }
        buf->len += (size_t)n;
        block = READ_BLOCK;
    }
    if (buf->ptr) buf->ptr[buf->len] = '\0';
    return QK_OK;
}

qk_code qk_file_read(qk_buf *buf, const char *path, qk_error *err)
{
    if (buf->failed) return qk_fail(err, buf->failed, "the buffer for %s has failed before", path);
    if (strcmp(path, "-") == 0) return read_all(buf, STDIN_FILENO, 0, "standard input", err);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        int saved = errno;
        qk_code code = qk_fail_errno(err, saved, "cannot open %s", path);
        if (saved != ENOENT) return code;
        if (err) err->code = QK_ENOTFOUND;
        return QK_ENOTFOUND;
    }
    struct stat st;
    size_t expected = 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        expected = (size_t)st.st_size + 1;
    }
    qk_code code = read_all(buf, fd, expected, path, err);
    close(fd);
    return code;
}

qk_code qk_write_all(int fd, const void *bytes, size_t len, qk_error *err)
{
    const char *p = bytes;
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return qk_fail_errno(err, errno, "cannot write");
        p += n;
        len -= (size_t)n;
    }
    return QK_OK;
}

static qk_code sync_fd(int fd, const char *path, qk_error *err)
{
    while (fsync(fd) != 0) {
        if (errno != EINTR) return qk_fail_errno(err, errno, "cannot sync %s", path);
    }
    return QK_OK;
}

qk_code qk_dir_sync(const char *path, qk_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return qk_fail_errno(err, errno, "cannot open the folder %s", path);
    qk_code code = sync_fd(fd, path, err);
    close(fd);
    return code;
}

/* The folder that holds path, "." when path names none. */
static qk_code parent_of(char out[QK_PATH_MAX], const char *path, qk_error *err)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') len--;
    while (len > 0 && path[len - 1] != '/') len--;
    while (len > 1 && path[len - 1] == '/') len--;
    qk_str parent = len ? (qk_str){path, len} : QK_STR(".");
    if (parent.len >= QK_PATH_MAX) {
        return qk_fail(err, QK_ERANGE, "path longer than %d bytes", QK_PATH_MAX);
    }
    qk_str_copy(out, QK_PATH_MAX, parent);
    return QK_OK;
}

/* A new file beside path; its name is drawn, because two writers must not share it. */
static qk_code open_temporary(int *fd, char name[QK_PATH_MAX], const char *path, unsigned mode,
                              qk_error *err)
{
    for (int tries = 0; tries < 16; tries++) {
        uint64_t draw;
        if (getrandom(&draw, sizeof draw, 0) != (ssize_t)sizeof draw) {
            return qk_fail_errno(err, errno, "no random number for a temporary name");
        }
        int n = snprintf(name, QK_PATH_MAX, "%s.%016llx.tmp", path, (unsigned long long)draw);
        if (n < 0 || n >= QK_PATH_MAX) {
            return qk_fail(err, QK_ERANGE, "path longer than %d bytes", QK_PATH_MAX);
        }
        *fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (*fd >= 0) return QK_OK;
        if (errno != EEXIST && errno != EINTR) break;
    }
    return qk_fail_errno(err, errno, "cannot create %s", name);
}

static qk_code fill_temporary(int fd, const char *name, const void *bytes, size_t len,
                              qk_error *err)
{
    qk_code code = qk_write_all(fd, bytes, len, err);
    if (code == QK_OK) code = sync_fd(fd, name, err);
    if (close(fd) != 0 && code == QK_OK) code = qk_fail_errno(err, errno, "cannot close %s", name);
    return code;
}

qk_code qk_file_write_atomic(const char *path, const void *bytes, size_t len, unsigned mode,
                             qk_error *err)
{
    char name[QK_PATH_MAX], folder[QK_PATH_MAX];
    int fd = -1;
    QK_TRY(parent_of(folder, path, err));
    QK_TRY(open_temporary(&fd, name, path, mode, err));
    qk_code code = fill_temporary(fd, name, bytes, len, err);
    if (code == QK_OK && rename(name, path) != 0) {
        code = qk_fail_errno(err, errno, "cannot rename %s to %s", name, path);
    }
    if (code != QK_OK) {
        unlink(name);
        qk_error_at(err, path, 0, 0);
        return code;
    }
    return qk_dir_sync(folder, err);
}

static qk_code create_one(const char *path, qk_error *err)
{
    if (mkdir(path, 0750) == 0) {
        char parent[QK_PATH_MAX];
        QK_TRY(parent_of(parent, path, err));
        return qk_dir_sync(parent, err);
    }
    int saved = errno;
    struct stat st;
    if (saved == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) return QK_OK;
    return qk_fail_errno(err, saved, "cannot create the folder %s", path);
}

qk_code qk_dir_create(const char *path, qk_error *err)
{
    char part[QK_PATH_MAX];
    size_t len = strlen(path);
    if (len == 0) return qk_fail(err, QK_EINVAL, "the folder has no name");
    if (len >= sizeof part) {
        return qk_fail(err, QK_ERANGE, "path longer than %d bytes", QK_PATH_MAX);
    }
    struct stat st;
    for (size_t i = 1; i < len; i++) {
        if (path[i] != '/' || path[i - 1] == '/') continue;
        qk_str_copy(part, sizeof part, (qk_str){path, i});
        if (stat(part, &st) != 0 || !S_ISDIR(st.st_mode)) QK_TRY(create_one(part, err));
    }
    return create_one(path, err);
}

qk_code qk_path_join(char *out, size_t size, const char *dir, const char *name)
{
    size_t len = strlen(dir);
    const char *slash = len > 0 && dir[len - 1] != '/' ? "/" : "";
    int n = snprintf(out, size, "%s%s%s", dir, slash, name);
    return n < 0 || (size_t)n >= size ? QK_ERANGE : QK_OK;
}
