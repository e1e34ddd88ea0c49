/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_KEYFILE_H
#define QK_STORE_KEYFILE_H
/* A file that holds one key: 32 random bytes in hexadecimal, readable by its owner only. */
#include "base/memory.h"

/* *text gets what stands in it; wipe it. make: an absent one is made, and *made (may be NULL) says
 * so. QK_ENOTFOUND; QK_EDENIED, with what to do, when others may read it. */
QK_NODISCARD qk_code qk_keyfile_read(qk_buf *text, const char *path, bool make, bool *made,
                                     qk_error *err);
#endif
