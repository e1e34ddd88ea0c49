/* SPDX-License-Identifier: Apache-2.0 */
#include "store/files.h"
#include "base/file.h"
#include "store/file_type.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 256 << 10 };
#define TEMPORARY ".put-"

struct qk_files {
    uint64_t ceiling;
    char dir[QK_PATH_MAX]; /* DIR/files */
};

static bool is_name(const char *sha256)
{
    size_t n = 0;
    for (const char *p = sha256; *p; p++, n++)
        if (!qk_is_digit(*p) && (*p < 'a' || *p > 'f')) return false;
    return n == QK_SHA256_TEXT - 1;
}

/* dir/ab or, with name, dir/ab/abcd… */
static qk_code make_path(char *out, size_t size, const char *dir, const char *sha256, bool name,
                         qk_error *err)
{
    int n = snprintf(out, size, "%s/%.2s%s%s", dir, sha256, name ? "/" : "", name ? sha256 : "");
    if (n < 0 || (size_t)n >= size)
        return qk_fail(err, QK_ERANGE, "the path of the file store is too long");
    return QK_OK;
}

/* ---- opening ---- */

/* What an earlier process did not finish. */
static void remove_temporaries(const char *dir)
{
    DIR *folder = opendir(dir);
    if (!folder) return;
    const struct dirent *entry;
    while ((entry = readdir(folder)))
        if (strncmp(entry->d_name, TEMPORARY, sizeof TEMPORARY - 1) == 0)
            unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
}

qk_code qk_files_open(qk_files **out, const char *dir, uint64_t ceiling_bytes, qk_error *err)
{
    *out = NULL;
    qk_files *f = calloc(1, sizeof *f);
    if (!f) return qk_fail(err, QK_ENOMEM, "no memory for the file store");
    f->ceiling = ceiling_bytes ? ceiling_bytes : 64u << 20;
    qk_code code = QK_OK;
    if (qk_path_join(f->dir, sizeof f->dir - QK_SHA256_TEXT - 8, dir, "files") != QK_OK)
        code = qk_fail(err, QK_ERANGE, "the path of the file store is too long");
    if (code == QK_OK) code = qk_dir_create(f->dir, err);
    if (code != QK_OK) {
        free(f);
        return code;
    }
    remove_temporaries(f->dir);
    *out = f;
    return QK_OK;
}

void qk_files_close(qk_files *files)
{
    free(files);
}

/* ---- reading ---- */

static qk_code open_stored(const char *dir, int *fd, const char *sha256, qk_error *err)
{
    char path[QK_PATH_MAX];
    *fd = -1;
    if (!is_name(sha256)) return qk_fail(err, QK_EINVAL, "'%.80s' names no stored file", sha256);
    QK_TRY(make_path(path, sizeof path, dir, sha256, true, err));
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd >= 0) return QK_OK;
    if (errno == ENOENT) return qk_fail(err, QK_ENOTFOUND, "there is no file %s", sha256);
    return qk_fail_errno(err, errno, "cannot open the stored file %s", sha256);
}

qk_code qk_files_fd(const qk_files *files, int *fd, const char *sha256, qk_error *err)
{
    return open_stored(files->dir, fd, sha256, err);
}

bool qk_files_exists(const qk_files *files, const char *sha256)
{
    int fd;
    if (open_stored(files->dir, &fd, sha256, NULL) != QK_OK) return false;
    close(fd);
    return true;
}

static qk_code read_some(int fd, void *bytes, size_t len, size_t *got, qk_error *err)
{
    for (;;) {
        ssize_t n = read(fd, bytes, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return qk_fail_errno(err, errno, "cannot read the file");
        *got = (size_t)n;
        return QK_OK;
    }
}

/* Name of what stands behind fd. */
static qk_code hash_fd(char sha256[QK_SHA256_TEXT], uint64_t *size, int fd, qk_error *err)
{
    qk_sha256 hash;
    uint8_t digest[QK_SHA256_BYTES];
    qk_code code = QK_OK;
    *size = 0;
    char *chunk = malloc(CHUNK);
    if (!chunk) return qk_fail(err, QK_ENOMEM, "no memory to check a file");
    qk_sha256_init(&hash);
    for (;;) {
        size_t got = 0;
        code = read_some(fd, chunk, CHUNK, &got, err);
        if (code != QK_OK || got == 0) break;
        qk_sha256_update(&hash, chunk, got);
        *size += got;
    }
    free(chunk);
    qk_sha256_final(&hash, digest);
    qk_hex(sha256, digest, sizeof digest);
    return code;
}

static qk_code refuse_damaged(const char *sha256, qk_error *err)
{
    return qk_fail(err, QK_EDAMAGED, "the stored file %s is not what its name says", sha256);
}

qk_code qk_files_read(const qk_files *files, qk_buf *out, const char *sha256, qk_error *err)
{
    char path[QK_PATH_MAX];
    char actual[QK_SHA256_TEXT];
    int fd;
    QK_TRY(open_stored(files->dir, &fd, sha256, err));
    close(fd);
    QK_TRY(make_path(path, sizeof path, files->dir, sha256, true, err));
    size_t before = out->len;
    QK_TRY(qk_file_read(out, path, err));
    qk_sha256_hex(actual, out->ptr ? out->ptr + before : "", out->len - before);
    if (strcmp(actual, sha256) == 0) return QK_OK;
    out->len = before;
    return refuse_damaged(sha256, err);
}

/* ---- putting ---- */

/* Where the bytes come from: memory, or a descriptor when bytes is NULL. */
typedef struct source {
    const char *bytes;
    size_t len;
    int fd;
} source;

static qk_code next_piece(source *from, char *chunk, const char **piece, size_t *len, qk_error *err)
{
    *piece = chunk;
    if (!from->bytes) return read_some(from->fd, chunk, CHUNK, len, err);
    *piece = from->bytes;
    *len = from->len < CHUNK ? from->len : CHUNK;
    from->bytes += *len;
    from->len -= *len;
    return QK_OK;
}

static qk_code copy_in(const qk_files *f, qk_file_id *out, int to, source *from, qk_error *err)
{
    qk_sha256 hash;
    uint8_t digest[QK_SHA256_BYTES];
    qk_code code = QK_OK;
    char *chunk = malloc(CHUNK);
    if (!chunk) return qk_fail(err, QK_ENOMEM, "no memory to store a file");
    qk_sha256_init(&hash);
    out->size = 0;
    for (;;) {
        const char *piece;
        size_t len = 0;
        QK_TRY_OUT(code, next_piece(from, chunk, &piece, &len, err));
        if (len == 0) break;
        out->size += len;
        if (out->size > f->ceiling)
            QK_TRY_OUT(code, qk_fail(err, QK_EFULL, "the file is longer than %llu bytes",
                                     (unsigned long long)f->ceiling));
        qk_sha256_update(&hash, piece, len);
        QK_TRY_OUT(code, qk_write_all(to, piece, len, err));
    }
    qk_sha256_final(&hash, digest);
    qk_hex(out->sha256, digest, sizeof digest);
    if (out->size == 0) code = qk_fail(err, QK_EINVAL, "the file is empty");
out:
    free(chunk);
    return code;
}

static bool stored_and_sound(const qk_files *f, const qk_file_id *id)
{
    int fd;
    char actual[QK_SHA256_TEXT];
    uint64_t size;
    if (open_stored(f->dir, &fd, id->sha256, NULL) != QK_OK) return false;
    qk_code code = hash_fd(actual, &size, fd, NULL);
    close(fd);
    return code == QK_OK && strcmp(actual, id->sha256) == 0;
}

/* Gives the synced temporary its name. A damaged file of that name is thereby healed. */
static qk_code name_file(const qk_files *f, const qk_file_id *id, const char *temporary,
                         qk_error *err)
{
    char folder[QK_PATH_MAX];
    char path[QK_PATH_MAX];
    QK_TRY(make_path(folder, sizeof folder, f->dir, id->sha256, false, err));
    QK_TRY(make_path(path, sizeof path, f->dir, id->sha256, true, err));
    QK_TRY(qk_dir_create(folder, err));
    if (rename(temporary, path) != 0)
        return qk_fail_errno(err, errno, "cannot name the stored file");
    QK_TRY(qk_dir_sync(folder, err));
    return qk_dir_sync(f->dir, err);
}

static qk_code fill_and_name(const qk_files *f, qk_file_id *out, int fd, const char *temporary,
                             source *from, bool *kept, qk_error *err)
{
    QK_TRY(copy_in(f, out, fd, from, err));
    QK_TRY(qk_file_type_of(out->type, fd, out->size, err));
    if (stored_and_sound(f, out)) return QK_OK;
    if (fchmod(fd, 0440) != 0) return qk_fail_errno(err, errno, "cannot protect the stored file");
    if (fsync(fd) != 0) return qk_fail_errno(err, errno, "cannot sync the stored file");
    QK_TRY(name_file(f, out, temporary, err));
    *kept = true;
    return QK_OK;
}

static qk_code put(qk_files *f, qk_file_id *out, source *from, qk_error *err)
{
    char temporary[QK_PATH_MAX];
    bool kept = false;
    *out = (qk_file_id){0};
    if (qk_path_join(temporary, sizeof temporary, f->dir, TEMPORARY "XXXXXX") != QK_OK)
        return qk_fail(err, QK_ERANGE, "the path of the file store is too long");
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) return qk_fail_errno(err, errno, "cannot begin a file in the store");
    qk_code code = fill_and_name(f, out, fd, temporary, from, &kept, err);
    if (!kept) unlink(temporary);
    close(fd);
    return code;
}

qk_code qk_files_put(qk_files *files, qk_file_id *out, const void *bytes, size_t len, qk_error *err)
{
    source from = {bytes ? bytes : "", bytes ? len : 0, -1};
    return put(files, out, &from, err);
}

qk_code qk_files_put_fd(qk_files *files, qk_file_id *out, int fd, qk_error *err)
{
    source from = {NULL, 0, fd};
    return put(files, out, &from, err);
}

/* ---- verifying ---- */

typedef struct walk {
    qk_files_check *out;
    qk_file_fault_fn *fault;
    void *context;
    const char *dir;
    qk_db *db;
} walk;

static void tell(const walk *w, const char *sha256, const char *text)
{
    if (w->fault) w->fault(w->context, sha256, text);
}

static qk_code listed(const walk *w, const char *sha256, bool *is, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    QK_TRY(qk_db_prepare(&stmt, w->db, "SELECT 1 FROM file WHERE sha256 = ?1", err));
    qk_db_bind_str(stmt, 1, qk_str_of(sha256));
    qk_code code = qk_db_step(w->db, stmt, err);
    sqlite3_reset(stmt);
    *is = code == QK_OK;
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code check_file(const walk *w, const char *sha256, qk_error *err)
{
    int fd;
    bool has_row = false;
    char actual[QK_SHA256_TEXT] = "";
    uint64_t size = 0;
    qk_error found = {0};
    QK_TRY(listed(w, sha256, &has_row, err));
    qk_code code = open_stored(w->dir, &fd, sha256, &found);
    if (code == QK_OK) {
        code = hash_fd(actual, &size, fd, &found);
        close(fd);
    }
    if (code == QK_ENOMEM) return qk_fail(err, code, "%s", found.message);
    w->out->files++;
    w->out->bytes += size;
    if (code != QK_OK || strcmp(actual, sha256) != 0) {
        w->out->damaged++;
        tell(w, sha256, code == QK_OK ? "the content is not what the name says" : found.message);
    } else if (!has_row) {
        w->out->unlisted++;
    }
    return QK_OK;
}

static qk_code check_folder(const walk *w, const char *prefix, qk_error *err)
{
    char path[QK_PATH_MAX];
    QK_TRY(make_path(path, sizeof path, w->dir, prefix, false, err));
    DIR *folder = opendir(path);
    if (!folder && (errno == ENOENT || errno == ENOTDIR)) return QK_OK;
    if (!folder) return qk_fail_errno(err, errno, "cannot list the file store");
    const struct dirent *entry;
    qk_code code = QK_OK;
    while (code == QK_OK && (entry = readdir(folder)))
        if (is_name(entry->d_name) && strncmp(entry->d_name, prefix, 2) == 0)
            code = check_file(w, entry->d_name, err);
    closedir(folder);
    return code;
}

static qk_code check_row(const walk *w, sqlite3_stmt *stmt, qk_error *err)
{
    char sha256[QK_SHA256_TEXT];
    struct stat st;
    int fd;
    qk_str_copy(sha256, sizeof sha256, qk_db_text(stmt, 0));
    qk_code code = open_stored(w->dir, &fd, sha256, err);
    if (code == QK_ENOTFOUND || code == QK_EINVAL) {
        w->out->missing++;
        tell(w, sha256, "the file of this row is missing");
        return QK_OK;
    }
    QK_TRY(code);
    bool same = fstat(fd, &st) == 0 && st.st_size == sqlite3_column_int64(stmt, 1);
    close(fd);
    if (!same) {
        w->out->damaged++;
        tell(w, sha256, "the file is not as long as its row says");
    }
    return QK_OK;
}

static qk_code check_rows(const walk *w, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    QK_TRY(qk_db_prepare(&stmt, w->db, "SELECT sha256, size FROM file", err));
    qk_code code;
    while ((code = qk_db_step(w->db, stmt, err)) == QK_OK) {
        code = check_row(w, stmt, err);
        if (code != QK_OK) break;
    }
    sqlite3_reset(stmt);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_files_verify(qk_files_check *out, const char *dir, qk_db *db, qk_file_fault_fn *fault,
                        void *context, qk_error *err)
{
    char path[QK_PATH_MAX];
    *out = (qk_files_check){0};
    if (qk_path_join(path, sizeof path - QK_SHA256_TEXT - 8, dir, "files") != QK_OK)
        return qk_fail(err, QK_ERANGE, "the path of the file store is too long");
    walk w = {out, fault, context, path, db};
    for (int i = 0; i < 256; i++) {
        char prefix[3];
        snprintf(prefix, sizeof prefix, "%02x", (unsigned)i);
        QK_TRY(check_folder(&w, prefix, err));
    }
    return check_rows(&w, err);
}
