/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_SETTING_H
#define QK_DOMAIN_SETTING_H
/* Named values that people set, with history (table setting). Any thread may read with a connection
 * of its own; writing belongs to the store thread. */
#include "base/json.h"
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

/* ---- those of the year's work, which its office sets ---- */
typedef struct qk_setting_def {
    const char *key, *fallback, *zh, *en;
    int64_t low, high; /* of a whole number; low > high: a text of at most 200 bytes */
    /* NULL, or the words it may hold, each once, in the order they take effect; of: their kind */
    const char *of, *choices;
} qk_setting_def;
/* NULL when no such setting is known. */
const qk_setting_def *qk_setting_def_of(qk_str key);
/* The whole number that holds: as shipped where it was never set or stands outside its bounds.
 * `key` is one of those known, a number. */
int64_t qk_setting_known(qk_db *db, const char *key);
/* QK_EINVAL with what the setting may hold. */
QK_NODISCARD qk_code qk_setting_check(const qk_setting_def *def, qk_str value, qk_error *err);
/* {"items":[{key, zh, en, value, fallback, kind, low, high, of, choices, row_version, recorded_at,
 * recorded_by}], "total"}; row_version 0 = never set. */
QK_NODISCARD qk_code qk_settings_write(qk_json_writer *w, qk_db *db, qk_error *err);
/* Every value it had, newest first, in the same shape. */
QK_NODISCARD qk_code qk_setting_write_history(qk_json_writer *w, qk_db *db,
                                              const qk_setting_def *def, qk_error *err);
#endif
