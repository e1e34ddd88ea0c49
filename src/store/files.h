/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_FILES_H
#define QK_STORE_FILES_H
/* The file store: evidence, photos, plans, results. A file is named by the SHA-256 of its content,
 * DIR/files/ab/abcd…, so it is what its name says or it is damaged; the same content is kept once.
 *
 * A put streams into a temporary file of the same folder, looks at what it is (not at what it is
 * called), syncs it, gives it its name and syncs the folders; a crash leaves at most a temporary
 * file, which the next open removes. The content is written by any thread; the rows that say who
 * laid it before whom, when and where (tables file, file_use) are written by the store thread,
 * after it.
 *
 * Types taken: pdf, png, jpeg, docx, xlsx (without macros), csv and txt (UTF-8 without control
 * characters, not markup). Everything else is refused with QK_EUNSUPPORTED. */
#include "base/hash256.h"
#include "base/memory.h"
#include "base/time.h"
#include "store/db.h"

enum { QK_FILE_TYPE_MAX = 8, QK_FILE_NAME_MAX = 256 };

typedef struct qk_files qk_files;
/* dir: the data folder; ceiling_bytes: of one file (0 = 64 MiB). The owner of the folder opens it.
 */
QK_NODISCARD qk_code qk_files_open(qk_files **out, const char *dir, uint64_t ceiling_bytes,
                                   qk_error *err);
void qk_files_close(qk_files *files);

typedef struct qk_file_id {
    char sha256[QK_SHA256_TEXT];
    char type[QK_FILE_TYPE_MAX];
    uint64_t size;
} qk_file_id;
/* QK_EFULL beyond the ceiling, QK_EUNSUPPORTED for a type not taken, QK_EINVAL for no bytes at all,
 * QK_ENOSPC, QK_EIO: nothing is left then. Any thread, several at a time. */
QK_NODISCARD qk_code qk_files_put(qk_files *files, qk_file_id *out, const void *bytes, size_t len,
                                  qk_error *err);
/* From fd to its end. */
QK_NODISCARD qk_code qk_files_put_fd(qk_files *files, qk_file_id *out, int fd, qk_error *err);

/* Opens for reading; QK_ENOTFOUND, QK_EINVAL when sha256 is no such name. The caller closes. */
QK_NODISCARD qk_code qk_files_fd(const qk_files *files, int *fd, const char *sha256, qk_error *err);
/* The whole content, checked against its name: QK_EDAMAGED. */
QK_NODISCARD qk_code qk_files_read(const qk_files *files, qk_buf *out, const char *sha256,
                                   qk_error *err);
bool qk_files_exists(const qk_files *files, const char *sha256);
/* Media type for the web, e.g. "application/pdf"; never NULL. */
const char *qk_file_media_type(const char *type);

/* ---- the rows: store thread to write, any thread to read with its own connection ---- */
typedef struct qk_file_use {
    int64_t id;
    char sha256[QK_SHA256_TEXT];
    char object[QK_FILE_NAME_MAX]; /* what it is evidence for, e.g. "case/17" */
    char name[QK_FILE_NAME_MAX];   /* as the sender called it */
    char type[QK_FILE_TYPE_MAX];
    uint64_t size;
    qk_time taken_at; /* QK_TIME_NONE = not told */
    double lon, lat;  /* WGS-84; NaN = not told */
    qk_time recorded_at;
    char recorded_by[64];
} qk_file_use;
/* Lays a stored file to an object, inside the caller's transaction or one of its own. id is given
 * back in use->id; the same file laid to the same object again gives the first row's id. */
QK_NODISCARD qk_code qk_file_attach(qk_db *db, qk_file_use *use, const qk_file_id *file,
                                    qk_error *err);
/* All of an object, oldest first. */
QK_NODISCARD qk_code qk_file_list(qk_db *db, qk_str object, qk_arena *arena, qk_file_use **out,
                                  size_t *n, qk_error *err);
/* Those whose object is of this form (SQLite GLOB, e.g. "report/2025-1-t3[-/]*"), oldest first; at
 * most `most`. */
QK_NODISCARD qk_code qk_file_find(qk_db *db, qk_str pattern, size_t most, qk_arena *arena,
                                  qk_file_use **out, size_t *n, qk_error *err);
/* One by its number. QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_file_use_get(qk_db *db, int64_t id, qk_file_use *out, qk_error *err);
/* How many lie at an object. */
QK_NODISCARD qk_code qk_file_count(int64_t *out, qk_db *db, qk_str object, qk_error *err);

/* ---- verifying: reads dir/files beside anyone, changes nothing ---- */
typedef struct qk_files_check {
    uint64_t files;
    uint64_t bytes;
    uint64_t missing;  /* rows without a file */
    uint64_t damaged;  /* files that are not what their name says, or not as long as their row */
    uint64_t unlisted; /* sound files without a row: a crash between the two; no fault */
} qk_files_check;
typedef void qk_file_fault_fn(void *context, const char *sha256, const char *text);
QK_NODISCARD qk_code qk_files_verify(qk_files_check *out, const char *dir, qk_db *db,
                                     qk_file_fault_fn *fault, void *context, qk_error *err);
#endif
