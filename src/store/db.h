/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_DB_H
#define QK_STORE_DB_H
/* SQLite behind one file of ours: opening by the house's rules, migrations, statements,
 * transactions.
 *
 * SQLite 3.7.0 to 3.51.2 can lose pages when one connection checkpoints while another resets the
 * WAL (sqlite.org/wal.html#walresetbug). Therefore: one read-write connection per database, in one
 * thread; no automatic checkpoints, only qk_db_checkpoint of that thread; no memory map; readers
 * open read-only. Extensions cannot be loaded. Values reach SQL only as bound parameters. */
#include "base/log.h"
#include "base/text.h"
#include <sqlite3.h>

typedef struct qk_db qk_db;
/* Opens or creates path (0640) for writing and brings its schema to the newest version (each
 * migration in one transaction; a database of a newer program is refused with a clear text). A
 * SQLite of the affected range is told to the log. */
QK_NODISCARD qk_code qk_db_open(qk_db **out, const char *path, qk_log *log, qk_error *err);
/* QK_ENOTFOUND when there is no such file. A reader that leaves a statement in the middle of its
 * rows holds its snapshot, and with it the WAL, until sqlite3_reset: step to the end or reset. */
QK_NODISCARD qk_code qk_db_open_readonly(qk_db **out, const char *path, qk_error *err);
/* As qk_db_open_readonly for a folder that no process owns: writes nothing beside the database
 * either, as long as the files that SQLite left there allow it. Never inside a process that also
 * holds the writer. */
QK_NODISCARD qk_code qk_db_open_untouched(qk_db **out, const char *path, qk_error *err);
/* Closing the writer packs the WAL into the database when no reader hinders it. */
void qk_db_close(qk_db *db);
sqlite3 *qk_db_handle(qk_db *db);
/* Whether a SQLite of this number (sqlite3_libversion_number) can lose pages as told above. */
bool qk_db_version_affected(int version);

/* A prepared statement, kept by its text for use again and good until qk_db_close; reset and
 * unbound when given, so one text serves one loop at a time. QK_EFULL beyond 1,024 texts: build no
 * texts. */
QK_NODISCARD qk_code qk_db_prepare(sqlite3_stmt **out, qk_db *db, const char *sql, qk_error *err);
/* Steps: QK_OK with a row, QK_ENOTFOUND when done (the statement is then reset), else the error:
 * QK_EEXIST a key that is there already, QK_EINVAL another broken constraint, QK_EDENIED a trigger
 * or a read-only database, QK_EBUSY, QK_ENOSPC, QK_EIO, QK_EDAMAGED, QK_ENOMEM. */
QK_NODISCARD qk_code qk_db_step(qk_db *db, sqlite3_stmt *stmt, qk_error *err);
/* Steps a statement that gives no rows, then resets it. */
QK_NODISCARD qk_code qk_db_run(qk_db *db, sqlite3_stmt *stmt, qk_error *err);
QK_NODISCARD qk_code qk_db_exec(qk_db *db, const char *sql, qk_error *err); /* constant text only */
qk_str qk_db_text(sqlite3_stmt *stmt, int column); /* view until the next step */
/* Copied; {NULL, 0} and NULL bind NULL. What cannot be bound (no memory, no such index) fails the
 * next step, so that the result needs no look. */
void qk_db_bind_str(sqlite3_stmt *stmt, int index, qk_str text);
void qk_db_bind_blob(sqlite3_stmt *stmt, int index, const void *bytes, size_t len);

/* Transactions nest as savepoints. A commit that fails leaves its level open for qk_db_rollback, as
 * any failed step does. When SQLite itself has ended the transaction (disk full, read error) every
 * step up to the outermost rollback is refused with QK_EIO. */
QK_NODISCARD qk_code qk_db_begin(qk_db *db, qk_error *err);
QK_NODISCARD qk_code qk_db_commit(qk_db *db, qk_error *err);
void qk_db_rollback(qk_db *db);
/* Ends one level: commits when code is QK_OK, else rolls back; returns what came of it. */
QK_NODISCARD qk_code qk_db_end(qk_db *db, qk_code code, qk_error *err);
/* Moves what is committed from the WAL into the database, as far as no reader needs it (PASSIVE).
 * Outside of a transaction; a reader in the way is no error. */
QK_NODISCARD qk_code qk_db_checkpoint(qk_db *db, qk_error *err);
/* A consistent copy of the database while it is in use (SQLite's backup interface), synced; to_path
 * must not exist. Outside of a transaction. Works on a read-only connection too, beside a writer in
 * another process: it then sees one snapshot. */
QK_NODISCARD qk_code qk_db_backup(qk_db *db, const char *to_path, qk_error *err);
/* meta table: small named values. QK_ENOTFOUND leaves *value as it is. */
QK_NODISCARD qk_code qk_db_meta_get(qk_db *db, const char *key, int64_t *value, qk_error *err);
QK_NODISCARD qk_code qk_db_meta_set(qk_db *db, const char *key, int64_t value, qk_error *err);
#endif
