/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_SCHEMA_H
#define QK_STORE_SCHEMA_H
/* The database's schema as a row of migrations: version n is reached from n - 1 by running its
 * parts in order, in one transaction. A version that has been released is never edited again; what
 * comes later is a new version at the end. Constant SQL text only.
 *
 * Rules of the tables: STRICT everywhere; WITHOUT ROWID where the key is not a number; instants are
 * milliseconds (qk_time). A table that people change has `version`, `recorded_at`, `recorded_by`
 * and a `_history` twin that triggers fill with every version, the newest included: its writers
 * touch the main table alone and cannot forget it. */

typedef struct qk_migration {
    const char *name;         /* what it brings, for the log */
    const char *const *parts; /* SQL texts, NULL at the end */
} qk_migration;

/* qk_schema[0] leads to version 1; the entry with name NULL ends the row. */
extern const qk_migration qk_schema[];
/* The newest version known to this program. */
int qk_schema_newest(void);
#endif
