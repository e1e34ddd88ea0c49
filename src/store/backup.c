/* SPDX-License-Identifier: Apache-2.0 */
#include "store/backup.h"
#include "base/file.h"
#include "base/json.h"
#include "store/archive.h"
#include "store/db.h"
#include "store/lock.h"
#include "store/packed.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 20 };

typedef struct job {
    const char *dir;
    qk_backup_result *result;
    qk_archive_writer *archive;
    char *chunk;
    char part[QK_PATH_MAX]; /* the archive while it is written */
    char db_copy[QK_PATH_MAX];
} job;

/* ---- one file ---- */

static qk_code copy_bytes(job *j, int fd, uint64_t size, qk_error *err)
{
    while (size) {
        size_t want = size < CHUNK ? (size_t)size : CHUNK;
        ssize_t n = read(fd, j->chunk, want);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return qk_fail_errno(err, errno, "cannot read a file to back up");
        if (n == 0) return qk_fail(err, QK_EIO, "a file became shorter during the backup");
        QK_TRY(qk_archive_write(j->archive, j->chunk, (size_t)n, err));
        size -= (uint64_t)n;
    }
    return QK_OK;
}

/* At most `most` bytes of path under the given name. QK_ENOTFOUND when there is no such file. */
static qk_code add_file(job *j, const char *path, const char *name, uint64_t most, qk_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    qk_code code = QK_OK;
    if (fd < 0 && errno == ENOENT) return qk_fail(err, QK_ENOTFOUND, "there is no %s", path);
    if (fd < 0) {
        code = qk_fail_errno(err, errno, "cannot open a file to back up");
    } else if (fstat(fd, &st) != 0) {
        code = qk_fail_errno(err, errno, "cannot look at a file to back up");
    } else {
        uint64_t size = (uint64_t)st.st_size < most ? (uint64_t)st.st_size : most;
        code = qk_archive_begin(j->archive, name, size, err);
        if (code == QK_OK) code = copy_bytes(j, fd, size, err);
        j->result->entries++;
        j->result->bytes += size;
    }
    if (fd >= 0) close(fd);
    if (code != QK_OK) qk_error_at(err, path, 0, 0);
    return code;
}

static qk_code add_optional(job *j, const char *name, qk_error *err)
{
    char path[QK_PATH_MAX];
    if (qk_path_join(path, sizeof path, j->dir, name) != QK_OK)
        return qk_fail(err, QK_ERANGE, "the path of the data folder is too long");
    qk_code code = add_file(j, path, name, UINT64_MAX, err);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* ---- the database ---- */

static qk_code open_db(const job *j, qk_db **db, qk_error *err)
{
    char path[QK_PATH_MAX];
    if (qk_path_join(path, sizeof path, j->dir, "store.db") != QK_OK)
        return qk_fail(err, QK_ERANGE, "the path of the data folder is too long");
    return qk_lock_held(j->dir) ? qk_db_open_readonly(db, path, err)
                                : qk_db_open_untouched(db, path, err);
}

static qk_code note_head(job *j, qk_error *err)
{
    qk_db *db = NULL;
    qk_audit_anchor *head = &j->result->audit;
    QK_TRY(qk_db_open_untouched(&db, j->db_copy, err));
    qk_code code = qk_audit_head(db, &head->seq, head->hash, err);
    qk_db_close(db);
    return code;
}

/* A copy first, because an entry's size stands before its bytes. */
static qk_code add_database(job *j, qk_error *err)
{
    qk_db *db = NULL;
    QK_TRY(open_db(j, &db, err));
    unlink(j->db_copy);
    qk_code code = qk_db_backup(db, j->db_copy, err);
    qk_db_close(db);
    if (code == QK_OK) code = note_head(j, err);
    if (code == QK_OK) code = add_file(j, j->db_copy, "store.db", UINT64_MAX, err);
    unlink(j->db_copy);
    return code;
}

/* ---- stored files ---- */

static bool stored_name(const char *name, const char *prefix)
{
    return strlen(name) == 64 && strspn(name, "0123456789abcdef") == 64 &&
           strncmp(name, prefix, 2) == 0;
}

static qk_code add_stored_folder(job *j, const char *prefix, qk_error *err)
{
    char path[QK_PATH_MAX];
    char name[QK_ARCHIVE_NAME_MAX + 1];
    qk_code code = QK_OK;
    int n = snprintf(path, sizeof path, "%s/files/%s", j->dir, prefix);
    if (n < 0 || (size_t)n + 70 > sizeof path)
        return qk_fail(err, QK_ERANGE, "the path of the data folder is too long");
    DIR *folder = opendir(path);
    if (!folder && errno == ENOENT) return QK_OK;
    if (!folder) return qk_fail_errno(err, errno, "cannot list %s", path);
    const struct dirent *entry;
    while (code == QK_OK && (entry = readdir(folder))) {
        if (!stored_name(entry->d_name, prefix)) continue;
        snprintf(path + n, sizeof path - (size_t)n, "/%.64s", entry->d_name);
        snprintf(name, sizeof name, "files/%s/%.64s", prefix, entry->d_name);
        code = add_file(j, path, name, UINT64_MAX, err);
    }
    closedir(folder);
    return code;
}

static qk_code add_stored_files(job *j, qk_error *err)
{
    for (unsigned i = 0; i < 256; i++) {
        char prefix[3];
        snprintf(prefix, sizeof prefix, "%02x", i);
        QK_TRY(add_stored_folder(j, prefix, err));
    }
    return QK_OK;
}

/* ---- the journal ---- */

/* Where the sound records of the last segment of the list end. A writer beside us may have begun
 * another one since; there the copy ends. */
static qk_code find_end(const char *dir, qk_jpos last, qk_jpos *end, qk_error *err)
{
    qk_journal_reader *r = NULL;
    QK_TRY(qk_journal_reader_open(&r, dir, last, err));
    qk_code code;
    bool beyond = false;
    do {
        qk_journal_record record;
        code = qk_journal_next(r, &record, UINT64_MAX, err);
        beyond = code == QK_OK && record.kind == QK_JOURNAL_MARK && record.pos > last;
    } while ((code == QK_OK && !beyond) || code == QK_EDAMAGED);
    *end = qk_journal_reader_pos(r);
    qk_journal_reader_close(r);
    return beyond || code == QK_ENOTFOUND ? QK_OK : code;
}

/* As it stands, or, when it is (or is just being) compressed, in that form. */
static qk_code add_segment(job *j, const char *dir, qk_jpos start, qk_jpos end, qk_error *err)
{
    char path[QK_PATH_MAX];
    char name[QK_ARCHIVE_NAME_MAX];
    char file[QK_PACKED_NAME];
    qk_segment_name(file, start);
    snprintf(name, sizeof name, "journal/%s", file);
    QK_TRY(qk_segment_path(path, sizeof path, dir, start, err));
    qk_code code = add_file(j, path, name, QK_SEGMENT_MARK + (end - start), err);
    if (code != QK_ENOTFOUND) return code;
    qk_packed_name(file, start);
    snprintf(name, sizeof name, "journal/%s", file);
    QK_TRY(qk_packed_path(path, sizeof path, dir, start, err));
    return add_file(j, path, name, UINT64_MAX, err);
}

static qk_code add_segments(job *j, const char *dir, const qk_segment_list *list, qk_error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        qk_jpos start = list->starts[i];
        qk_jpos end = i + 1 < list->count ? list->starts[i + 1] : j->result->journal_end;
        if (end == start) continue; /* begun, and nothing sound in it yet */
        QK_TRY(add_segment(j, dir, start, end, err));
    }
    return QK_OK;
}

static qk_code add_journal(job *j, qk_error *err)
{
    char dir[QK_PATH_MAX];
    qk_segment_list list;
    if (qk_path_join(dir, sizeof dir, j->dir, "journal") != QK_OK)
        return qk_fail(err, QK_ERANGE, "the path of the data folder is too long");
    QK_TRY(qk_segment_list_read(&list, dir, err));
    qk_code code = QK_OK;
    if (list.count) code = find_end(dir, list.starts[list.count - 1], &j->result->journal_end, err);
    /* A writer beside us may have begun a segment since: the list, not the end, is what is copied.
     */
    if (list.count && j->result->journal_end < list.starts[list.count - 1])
        j->result->journal_end = list.starts[list.count - 1];
    if (code == QK_OK) code = add_segments(j, dir, &list, err);
    qk_segment_list_clear(&list);
    return code;
}

/* ---- the whole ---- */

static qk_code write_archive(job *j, qk_time now, qk_error *err)
{
    QK_TRY(qk_archive_create(&j->archive, j->part, now, err));
    QK_TRY(add_optional(j, "instance.json", err));
    QK_TRY(add_database(j, err));
    QK_TRY(add_stored_files(j, err));
    QK_TRY(add_journal(j, err));
    return qk_archive_finish(j->archive, err);
}

static qk_code read_back(job *j, qk_error *err)
{
    qk_backup_result read;
    QK_TRY(qk_backup_check(&read, j->part, err));
    if (read.entries == j->result->entries && read.bytes == j->result->bytes) return QK_OK;
    return qk_fail(err, QK_EDAMAGED, "the backup does not read back as it was written");
}

static qk_code give_name(const job *j, const char *to, qk_error *err)
{
    char folder[QK_PATH_MAX];
    if (rename(j->part, to) != 0) {
        qk_code code = qk_fail_errno(err, errno, "cannot name the backup");
        qk_error_at(err, to, 0, 0);
        return code;
    }
    qk_str_copy(folder, sizeof folder, qk_str_of(to));
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = '\0';
    return qk_dir_sync(slash ? folder : ".", err);
}

static qk_code prepare(job *j, const char *to, qk_error *err)
{
    struct stat st;
    if (stat(j->dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
        qk_fail(err, QK_ENOTFOUND, "there is no such data folder");
        qk_error_at(err, j->dir, 0, 0);
        return QK_ENOTFOUND;
    }
    if (lstat(to, &st) == 0) {
        qk_fail(err, QK_EEXIST, "there is such a file already");
        qk_error_at(err, to, 0, 0);
        return QK_EEXIST;
    }
    int a = snprintf(j->part, sizeof j->part, "%s.part", to);
    int b = snprintf(j->db_copy, sizeof j->db_copy, "%s.db-part", to);
    if (a < 0 || b < 0 || (size_t)b >= sizeof j->db_copy)
        return qk_fail(err, QK_ERANGE, "the path of the backup is too long");
    j->chunk = malloc(CHUNK);
    return j->chunk ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for the backup");
}

qk_code qk_backup(qk_backup_result *out, const char *dir, const char *to, qk_time now,
                  qk_error *err)
{
    job j = {.dir = dir, .result = out};
    *out = (qk_backup_result){0};
    QK_TRY(prepare(&j, to, err));
    unlink(j.part); /* of a backup that was broken off */
    qk_code code = write_archive(&j, now, err);
    qk_archive_writer_free(j.archive);
    if (code == QK_OK) code = read_back(&j, err);
    if (code == QK_OK) code = give_name(&j, to, err);
    if (code != QK_OK) unlink(j.part);
    free(j.chunk);
    return code;
}
