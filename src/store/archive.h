/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_ARCHIVE_H
#define QK_STORE_ARCHIVE_H
/* The form of a backup: a tar archive (POSIX.1-1988 ustar, sizes from 8 GiB on in base 256) in one
 * Zstandard frame with a content checksum (RFC 8878), whose last entry MANIFEST has a line
 * "sha256  name" for each entry before it, in order. Ordinary tools read it:
 *   tar --zstd -xf FILE && sha256sum -c MANIFEST
 *
 * The reader takes nothing but plain files: links, devices, folders, extension headers, names that
 * the caller does not know, names given twice, a wrong checksum, a missing or different MANIFEST
 * and bytes behind the end are refused. Memory: the list of entries (100 bytes each, at most 256
 * MiB) and the windows of the compressor (at most 128 MiB). One thread at a time. */
#include "base/memory.h"
#include "base/time.h"

enum { QK_ARCHIVE_NAME_MAX = 100 };

typedef struct qk_archive_writer qk_archive_writer;
/* Creates path, which must not exist. */
QK_NODISCARD qk_code qk_archive_create(qk_archive_writer **out, const char *path, qk_time now,
                                       qk_error *err);
/* One entry: begin with its exact size, then write that many bytes in any pieces. */
QK_NODISCARD qk_code qk_archive_begin(qk_archive_writer *w, const char *name, uint64_t size,
                                      qk_error *err);
QK_NODISCARD qk_code qk_archive_write(qk_archive_writer *w, const void *bytes, size_t len,
                                      qk_error *err);
/* Adds the MANIFEST, ends the frame, syncs the file. */
QK_NODISCARD qk_code qk_archive_finish(qk_archive_writer *w, qk_error *err);
/* Frees; a file that was not finished is removed. */
void qk_archive_writer_free(qk_archive_writer *w);

typedef struct qk_archive_reader qk_archive_reader;
QK_NODISCARD qk_code qk_archive_open(qk_archive_reader **out, const char *path, qk_error *err);
void qk_archive_close(qk_archive_reader *r);
typedef struct qk_archive_entry {
    char name[QK_ARCHIVE_NAME_MAX + 1];
    uint64_t size;
} qk_archive_entry;
/* QK_OK with the next entry; QK_ENOTFOUND after the last, when MANIFEST and end were found right;
 * QK_EFORMAT, QK_EDAMAGED. What was not read of the entry before is passed over (and hashed). */
QK_NODISCARD qk_code qk_archive_next(qk_archive_reader *r, qk_archive_entry *entry, qk_error *err);
/* The entry's next bytes into out; *got 0 at its end. */
QK_NODISCARD qk_code qk_archive_read(qk_archive_reader *r, void *out, size_t len, size_t *got,
                                     qk_error *err);
#endif
