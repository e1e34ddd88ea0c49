/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lock.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static qk_code lock_path(char out[QK_PATH_MAX], const char *dir, qk_error *err)
{
    if (qk_path_join(out, QK_PATH_MAX, dir, "qingkong.lock") == QK_OK) return QK_OK;
    return qk_fail(err, QK_ERANGE, "the path of the data folder is too long");
}

static qk_code refuse_busy(int fd, const char *dir, qk_error *err)
{
    char owner[32] = "";
    ssize_t n = pread(fd, owner, sizeof owner - 1, 0);
    long number = n > 0 ? strtol(owner, NULL, 10) : 0;
    qk_fail(err, QK_EBUSY, "the folder is in use by process %ld", number);
    qk_error_at(err, dir, 0, 0);
    qk_error_hint(err, "stop that process first, or use another folder");
    return QK_EBUSY;
}

qk_code qk_lock_take(int *fd, const char *dir, qk_error *err)
{
    char path[QK_PATH_MAX];
    char owner[32];
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    *fd = -1;
    QK_TRY(lock_path(path, dir, err));
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (file < 0) {
        qk_code code = qk_fail_errno(err, errno, "cannot open the lock of the folder");
        qk_error_at(err, path, 0, 0);
        return code;
    }
    if (fcntl(file, F_OFD_SETLK, &whole) != 0) {
        int saved = errno;
        qk_code code = saved == EAGAIN || saved == EACCES
                           ? refuse_busy(file, dir, err)
                           : qk_fail_errno(err, saved, "cannot lock the folder");
        close(file);
        return code;
    }
    /* The number is a courtesy; a full disk must not keep the folder from being served. */
    int n = snprintf(owner, sizeof owner, "%ld\n", (long)getpid());
    if (ftruncate(file, 0) != 0 || pwrite(file, owner, (size_t)n, 0) != n) errno = 0;
    *fd = file;
    return QK_OK;
}

void qk_lock_release(int fd)
{
    if (fd >= 0) close(fd);
}

bool qk_lock_held(const char *dir)
{
    char path[QK_PATH_MAX];
    struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    if (lock_path(path, dir, NULL) != QK_OK) return false;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) return false;
    bool held = fcntl(file, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
    close(file);
    return held;
}
