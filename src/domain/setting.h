/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_SETTING_H
#define QK_DOMAIN_SETTING_H
/* Named values that people set, with history (table setting). Any thread may read with a connection
 * of its own; writing belongs to the store thread. */
#include "base/memory.h"
#include "base/time.h"
#include "store/db.h"

/* The text of a setting in the arena; QK_ENOTFOUND when it was never set. */
QK_NODISCARD qk_code qk_setting_text(qk_str *out, qk_db *db, const char *key, qk_arena *arena,
                                     qk_error *err);
/* A whole number; `fallback` when it was never set or is no number. */
int64_t qk_setting_i64(qk_db *db, const char *key, int64_t fallback);
/* Sets it; an equal value makes no version. seen: the version the author saw, 0 = new, -1 = any.
 * QK_ECONFLICT. */
QK_NODISCARD qk_code qk_setting_put(qk_db *db, const char *key, qk_str value, int64_t seen,
                                    qk_str by, qk_time now, qk_error *err);
#endif
