/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_BASE_FILE_H
#define QK_BASE_FILE_H
/* Small file work that survives a power cut: what is written is synced, and so is its folder. */
#include "base/memory.h"
#include "base/text.h"

/* Appends the whole file to buf (its ceiling holds; QK_EFULL beyond). "-" is standard input.
 * QK_ENOTFOUND when there is no such file. */
QK_NODISCARD qk_code qk_file_read(qk_buf *buf, const char *path, qk_error *err);
/* Temporary file in the same folder, fsync, rename, fsync of the folder. mode as for open(2). After
 * a failure the old file stands as it was, or (the last fsync failed) the new one, whole. */
QK_NODISCARD qk_code qk_file_write_atomic(const char *path, const void *bytes, size_t len,
                                          unsigned mode, qk_error *err);
/* Creates the folder and its parents (0750); an existing folder is fine. */
QK_NODISCARD qk_code qk_dir_create(const char *path, qk_error *err);
QK_NODISCARD qk_code qk_dir_sync(const char *path, qk_error *err);
/* Writes all bytes, carrying on after EINTR and short writes. */
QK_NODISCARD qk_code qk_write_all(int fd, const void *bytes, size_t len, qk_error *err);
/* "dir/name" into out. QK_ERANGE when it does not fit. */
QK_NODISCARD qk_code qk_path_join(char *out, size_t size, const char *dir, const char *name);
enum { QK_PATH_MAX = 1024 };
#endif
