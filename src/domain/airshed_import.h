/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_AIRSHED_IMPORT_H
#define QK_DOMAIN_AIRSHED_IMPORT_H
/* What the county cannot derive and takes from elsewhere, kept with its name, source and date: one
 * transport matrix, one response surface, one set of elasticities (models/response_import.h). The
 * file stands in the file store, which of them is in use in the setting `airshed.import.KIND`, with
 * the history of a setting. Reading: any thread with a connection of its own; writing: the store
 * thread. */
#include "base/time.h"
#include "models/response_import.h"
#include "store/files.h"

enum { QK_AIRSHED_IMPORT_BYTES = 512 * 1024, QK_AIRSHED_IMPORT_SOURCE = 200 };

typedef struct qk_airshed_import {
    qk_import_kind kind;
    char sha256[QK_SHA256_TEXT];
    char name[QK_FILE_NAME_MAX];
    char source[QK_AIRSHED_IMPORT_SOURCE]; /* who made it: where it was published */
    char by[64];
    qk_time at;
} qk_airshed_import;

/* QK_ENOTFOUND when none is in use. */
QK_NODISCARD qk_code qk_airshed_import_get(qk_airshed_import *out, qk_db *db, qk_import_kind kind,
                                           qk_arena *arena, qk_error *err);
/* Takes it into use in the place of the one before; the file is in the store already. QK_EINVAL
 * without a name or a source. */
QK_NODISCARD qk_code qk_airshed_import_put(qk_db *db, const qk_airshed_import *import,
                                           const qk_file_id *file, qk_error *err);
/* Takes it out of use; the file and the history stay. QK_ENOTFOUND when none is in use. */
QK_NODISCARD qk_code qk_airshed_import_drop(qk_db *db, qk_import_kind kind, qk_str by, qk_time now,
                                            qk_arena *arena, qk_error *err);
/* Its rows, from the file store; to be cleared. */
QK_NODISCARD qk_code qk_airshed_import_read(qk_import *out, const qk_airshed_import *import,
                                            const qk_files *files, qk_error *err);
#endif
