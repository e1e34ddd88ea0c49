/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_RULESET_H
#define QK_DOMAIN_RULESET_H
/* The rule tables of an instance: the shipped rows (standards/rules.h) and over them those of an
 * administrator. The latter stand, as JSON arrays of rows, in the settings "rules.<table>", which
 * keep every version: history, as known at T, and taking back come from there. Reading is for any
 * thread with a connection of its own, writing for the store thread. */
#include "domain/setting.h"
#include "standards/rules.h"

enum { QK_RULESET_TEXT_MAX = 256 * 1024 };

/* The rules in force as recorded up to known_at (QK_TIME_NONE = now), in the arena. A stored row
 * that cannot be read (of a newer program) leaves the shipped ones. */
QK_NODISCARD qk_code qk_ruleset_load(qk_rules **out, qk_db *db, qk_time known_at, qk_arena *arena,
                                     qk_error *err);
/* The administrator's rows of a table as JSON array and their version; "[]" and 0 when there are
 * none. version 0 = the newest, else that one; QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_ruleset_rows(qk_str *out, int64_t *version, qk_db *db, const char *table,
                                     int64_t wanted, qk_arena *arena, qk_error *err);
/* Whether the table with these rows could stand: QK_EFORMAT with line and column of `rows`. */
QK_NODISCARD qk_code qk_ruleset_check(qk_db *db, const char *table, qk_str rows, qk_arena *arena,
                                      qk_error *err);
/* Checks and sets. seen as in qk_setting_put. */
QK_NODISCARD qk_code qk_ruleset_put(qk_db *db, const char *table, qk_str rows, int64_t seen,
                                    qk_str by, qk_time now, qk_error *err);

typedef struct qk_ruleset_version {
    int64_t version;
    qk_time recorded_at;
    const char *recorded_by;
    qk_str rows;
} qk_ruleset_version;
/* Newest first, at most 1,000. */
QK_NODISCARD qk_code qk_ruleset_history(qk_ruleset_version **out, size_t *n, qk_db *db,
                                        const char *table, qk_arena *arena, qk_error *err);
#endif
