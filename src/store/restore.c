/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "store/archive.h"
#include "store/backup.h"
#include "store/packed.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { CHUNK = 1 << 20 };
static const char work_name[] = ".restoring";

typedef struct job {
    qk_backup_result *result;
    qk_archive_reader *archive;
    char *chunk;
    bool created; /* the target folder is ours to remove */
    bool began;   /* the work folder is ours to remove */
    struct stat owner;
    char dir[QK_PATH_MAX];
    char work[QK_PATH_MAX]; /* where everything is laid until it is known to be right */
} job;

/* ---- names ---- */

static bool is_hex(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!qk_is_digit(text[i]) && (text[i] < 'a' || text[i] > 'f')) return false;
    return true;
}

/* The names that qk_backup gives, and no others: nothing can lead out of the folder. *folders gets
 * the length of what stands before the file's own name. */
static bool known_name(const char *name, size_t *folders)
{
    qk_jpos start;
    *folders = 0;
    if (strcmp(name, "store.db") == 0 || strcmp(name, "instance.json") == 0) return true;
    if (strncmp(name, "journal/", 8) == 0) {
        *folders = 7;
        return qk_segment_name_parse(&start, name + 8);
    }
    *folders = 8;
    return strncmp(name, "files/", 6) == 0 && strlen(name) == 6 + 3 + 64 && is_hex(name + 6, 2) &&
           name[8] == '/' && is_hex(name + 9, 64) && strncmp(name + 6, name + 9, 2) == 0;
}

static qk_code refuse_name(const char *name, qk_error *err)
{
    char shown[QK_ARCHIVE_NAME_MAX + 1];
    qk_str_copy(shown, sizeof shown, qk_str_of(name));
    return qk_fail(err, QK_EDENIED, "the archive holds '%s', which is no part of a data folder",
                   shown);
}

/* ---- checking alone ---- */

static qk_code read_entries(qk_archive_reader *r, qk_backup_result *out, qk_error *err)
{
    for (;;) {
        qk_archive_entry entry;
        size_t folders;
        qk_code code = qk_archive_next(r, &entry, err);
        if (code == QK_ENOTFOUND) return QK_OK;
        QK_TRY(code);
        if (!known_name(entry.name, &folders)) return refuse_name(entry.name, err);
        out->entries++;
        out->bytes += entry.size;
    }
}

qk_code qk_backup_check(qk_backup_result *out, const char *from, qk_error *err)
{
    qk_archive_reader *r = NULL;
    *out = (qk_backup_result){0};
    QK_TRY(qk_archive_open(&r, from, err));
    qk_code code = read_entries(r, out, err);
    qk_archive_close(r);
    return code;
}

/* ---- laying out ---- */

static qk_code own(const job *j, int fd, const char *path, qk_error *err)
{
    if (geteuid() != 0 || (j->owner.st_uid == 0 && j->owner.st_gid == 0)) return QK_OK;
    int rc = fd >= 0 ? fchown(fd, j->owner.st_uid, j->owner.st_gid)
                     : lchown(path, j->owner.st_uid, j->owner.st_gid);
    return rc == 0 ? QK_OK : qk_fail_errno(err, errno, "cannot give a file to its owner");
}

static qk_code make_folders(const job *j, const char *name, size_t len, qk_error *err)
{
    char path[QK_PATH_MAX];
    for (size_t at = 0; at <= len && len; at++) {
        if (at < len && name[at] != '/') continue;
        int n = snprintf(path, sizeof path, "%s/%.*s", j->work, (int)at, name);
        if (n < 0 || (size_t)n >= sizeof path)
            return qk_fail(err, QK_ERANGE, "the path of the data folder is too long");
        if (mkdir(path, 0750) == 0)
            QK_TRY(own(j, -1, path, err));
        else if (errno != EEXIST)
            return qk_fail_errno(err, errno, "cannot create %s", path);
    }
    return QK_OK;
}

static qk_code fill_file(job *j, int fd, qk_error *err)
{
    for (;;) {
        size_t got;
        QK_TRY(qk_archive_read(j->archive, j->chunk, CHUNK, &got, err));
        if (got == 0) break;
        QK_TRY(qk_write_all(fd, j->chunk, got, err));
    }
    if (fsync(fd) != 0) return qk_fail_errno(err, errno, "cannot sync a restored file");
    return QK_OK;
}

/* A size out of a false head must not fill the disk first. */
static qk_code check_room(const job *j, uint64_t size, qk_error *err)
{
    struct statvfs vfs;
    if (statvfs(j->work, &vfs) != 0) return QK_OK;
    uint64_t room = (uint64_t)vfs.f_bavail * vfs.f_frsize;
    if (size <= room) return QK_OK;
    return qk_fail(err, QK_ENOSPC, "%llu bytes are to be restored, the disk has room for %llu",
                   (unsigned long long)size, (unsigned long long)room);
}

static qk_code lay_entry(job *j, const qk_archive_entry *entry, qk_error *err)
{
    char path[QK_PATH_MAX];
    size_t folders;
    if (!known_name(entry->name, &folders)) return refuse_name(entry->name, err);
    QK_TRY(check_room(j, entry->size, err));
    QK_TRY(make_folders(j, entry->name, folders, err));
    int n = snprintf(path, sizeof path, "%s/%s", j->work, entry->name);
    if (n < 0 || (size_t)n >= sizeof path)
        return qk_fail(err, QK_ERANGE, "the path of the data folder is too long");
    unsigned mode = strncmp(entry->name, "files/", 6) == 0 ? 0440 : 0640;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0 && errno == EEXIST)
        return qk_fail(err, QK_EFORMAT, "the archive holds '%s' twice", entry->name);
    if (fd < 0) return qk_fail_errno(err, errno, "cannot create %s", path);
    qk_code code = own(j, fd, path, err);
    if (code == QK_OK) code = fill_file(j, fd, err);
    close(fd);
    j->result->entries++;
    j->result->bytes += entry->size;
    return code;
}

static qk_code lay_all(job *j, qk_error *err)
{
    for (;;) {
        qk_archive_entry entry;
        qk_code code = qk_archive_next(j->archive, &entry, err);
        if (code == QK_ENOTFOUND) return QK_OK;
        QK_TRY(code);
        QK_TRY(lay_entry(j, &entry, err));
    }
}

/* ---- later segments ---- */

static qk_code copy_over(job *j, const char *from, const char *to, qk_error *err)
{
    qk_code code = QK_OK;
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (in < 0 || out < 0)
        QK_TRY_OUT(code, qk_fail_errno(err, errno, "cannot copy the segment %s", from));
    for (;;) {
        ssize_t n = read(in, j->chunk, CHUNK);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) QK_TRY_OUT(code, qk_fail_errno(err, errno, "cannot read %s", from));
        if (n == 0) break;
        QK_TRY_OUT(code, qk_write_all(out, j->chunk, (size_t)n, err));
    }
    QK_TRY_OUT(code, own(j, out, to, err));
    if (fsync(out) != 0) code = qk_fail_errno(err, errno, "cannot sync %s", to);
out:
    if (in >= 0) close(in);
    if (out >= 0) close(out);
    return code;
}

/* A segment that is there already is taken from the later copy when that is the longer one: the
 * same records and more behind them. */
static qk_code lay_plain(job *j, const char *from, const char *to, qk_error *err)
{
    struct stat later;
    struct stat there;
    if (stat(from, &later) != 0) return qk_fail_errno(err, errno, "cannot look at %s", from);
    if (stat(to, &there) == 0 && there.st_size >= later.st_size) return QK_OK;
    return copy_over(j, from, to, err);
}

/* What is compressed is closed and whole, and takes the place of what a backup had of it. */
static qk_code lay_packed(job *j, const char *from, const char *to, const char *plain,
                          qk_error *err)
{
    QK_TRY(copy_over(j, from, to, err));
    if (unlink(plain) != 0 && errno != ENOENT)
        return qk_fail_errno(err, errno, "cannot remove %s", plain);
    return QK_OK;
}

static qk_code lay_segment(job *j, const char *from_dir, const char *to_dir, qk_jpos start,
                           qk_error *err)
{
    char from[QK_PATH_MAX];
    char to[QK_PATH_MAX];
    char packed[QK_PATH_MAX];
    char packed_to[QK_PATH_MAX];
    struct stat st;
    QK_TRY(qk_segment_path(from, sizeof from, from_dir, start, err));
    QK_TRY(qk_segment_path(to, sizeof to, to_dir, start, err));
    QK_TRY(qk_packed_path(packed, sizeof packed, from_dir, start, err));
    QK_TRY(qk_packed_path(packed_to, sizeof packed_to, to_dir, start, err));
    if (stat(packed_to, &st) == 0) return QK_OK;
    if (stat(packed, &st) == 0) return lay_packed(j, packed, packed_to, to, err);
    return lay_plain(j, from, to, err);
}

static qk_code lay_journal(job *j, const char *journal, qk_error *err)
{
    char to_dir[QK_PATH_MAX];
    qk_segment_list have;
    qk_segment_list later;
    if (qk_path_join(to_dir, sizeof to_dir, j->work, "journal") != QK_OK)
        return qk_fail(err, QK_ERANGE, "the path of the data folder is too long");
    QK_TRY(make_folders(j, "journal", 7, err));
    QK_TRY(qk_segment_list_read(&have, to_dir, err));
    qk_jpos last = have.count ? have.starts[have.count - 1] : 0;
    qk_segment_list_clear(&have);
    QK_TRY(qk_segment_list_read(&later, journal, err));
    qk_code code = QK_OK;
    for (size_t i = 0; i < later.count && code == QK_OK; i++)
        if (later.starts[i] >= last) code = lay_segment(j, journal, to_dir, later.starts[i], err);
    qk_segment_list_clear(&later);
    return code;
}

/* ---- the target ---- */

static qk_code check_empty(const char *dir, qk_error *err)
{
    DIR *folder = opendir(dir);
    if (!folder) return qk_fail_errno(err, errno, "cannot list the folder to restore into");
    const struct dirent *entry;
    qk_code code = QK_OK;
    while ((entry = readdir(folder))) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "lost+found") == 0)
            continue;
        code = qk_fail(err, QK_EEXIST, "the folder to restore into is not empty: it holds '%.100s'",
                       name);
    }
    closedir(folder);
    return code;
}

static qk_code prepare(job *j, const char *dir, qk_error *err)
{
    if (strlen(dir) + 100 > sizeof j->dir)
        return qk_fail(err, QK_ERANGE, "the path of the data folder is too long");
    qk_str_copy(j->dir, sizeof j->dir, qk_str_of(dir));
    if (qk_path_join(j->work, sizeof j->work, dir, work_name) != QK_OK)
        return qk_fail(err, QK_ERANGE, "the path of the data folder is too long");
    j->created = access(dir, F_OK) != 0;
    QK_TRY(qk_dir_create(dir, err));
    QK_TRY(check_empty(dir, err));
    if (stat(dir, &j->owner) != 0)
        return qk_fail_errno(err, errno, "cannot look at the folder to restore into");
    if (mkdir(j->work, 0750) != 0)
        return qk_fail_errno(err, errno, "cannot write into the folder to restore into");
    j->began = true;
    return QK_OK;
}

static int sync_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)at;
    return kind == FTW_DP && qk_dir_sync(path, NULL) != QK_OK ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

/* The database comes last: a folder without it was not restored. */
static const char *const parts[] = {"instance.json", "files", "journal", "store.db"};
enum { PARTS = sizeof parts / sizeof parts[0] };

static bool move_part(const job *j, const char *name, bool up)
{
    char above[QK_PATH_MAX + 16];
    char below[QK_PATH_MAX + 16];
    snprintf(above, sizeof above, "%s/%s", j->dir, name);
    snprintf(below, sizeof below, "%s/%s", j->work, name);
    return rename(up ? below : above, up ? above : below) == 0 || errno == ENOENT;
}

static qk_code move_up(job *j, qk_error *err)
{
    if (nftw(j->work, sync_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        return qk_fail(err, QK_EIO, "cannot sync the restored folders");
    for (size_t i = 0; i < PARTS; i++) {
        if (move_part(j, parts[i], true)) continue;
        int saved = errno;
        while (i-- > 0) move_part(j, parts[i], false);
        return qk_fail_errno(err, saved, "cannot put the restored parts into their place");
    }
    rmdir(j->work);
    return qk_dir_sync(j->dir, err);
}

static void undo(const job *j)
{
    if (j->began) nftw(j->work, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (j->created) rmdir(j->dir);
}

static qk_code run(job *j, const char *journal, qk_error *err)
{
    char path[QK_PATH_MAX + 16];
    QK_TRY(lay_all(j, err));
    snprintf(path, sizeof path, "%s/store.db", j->work);
    if (access(path, F_OK) != 0) return qk_fail(err, QK_EFORMAT, "the archive holds no database");
    if (journal) QK_TRY(lay_journal(j, journal, err));
    return move_up(j, err);
}

qk_code qk_restore(qk_backup_result *out, const char *from, const char *dir, const char *journal,
                   qk_error *err)
{
    job j = {.result = out};
    *out = (qk_backup_result){0};
    QK_TRY(qk_archive_open(&j.archive, from, err));
    j.chunk = malloc(CHUNK);
    qk_code code =
        j.chunk ? prepare(&j, dir, err) : qk_fail(err, QK_ENOMEM, "no memory to restore");
    if (code == QK_OK) code = run(&j, journal, err);
    if (code != QK_OK) undo(&j);
    qk_archive_close(j.archive);
    free(j.chunk);
    return code;
}
