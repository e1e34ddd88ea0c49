/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_BASE_UNXZ_H
#define QK_BASE_UNXZ_H
/* A file of records as it lies there: plain, or compressed by xz (told by its first bytes), which
 * is unpacked while it is read. Memory: at most 128 MiB of the decoder. The stream is the caller's,
 * to be closed by fclose; damage shows as a read error (ferror). One thread a stream. */
#include "base/error.h"
#include <stdio.h>

/* QK_ENOTFOUND, QK_EUNSUPPORTED when the file is compressed and the program was built without
 * liblzma. */
QK_NODISCARD qk_code qk_open_unpacked(FILE **out, const char *path, qk_error *err);
#endif
