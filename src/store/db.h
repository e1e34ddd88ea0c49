/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_DB_H
#define QK_STORE_DB_H
/* SQLite behind one file of ours: opening by the house's rules, migrations, statements, transactions.
 *
 * SQLite 3.7.0 to 3.51.2 can lose pages when one connection checkpoints while another resets the WAL
 * (sqlite.org/wal.html#walresetbug). Therefore: one read-write connection per database, in one
 * thread; no automatic checkpoints, only qk_db_checkpoint of that thread; no memory map; readers open
 * read-only. Extensions cannot be loaded. Values reach SQL only as bound parameters. */
#include "base/log.h"
#include "base/text.h"
#include <sqlite3.h>

typedef struct qk_db qk_db;
/* Opens or creates path for writing and brings its schema to the newest version (each migration in
 * one transaction; a database of a newer program is refused with a clear text). */
QK_NODISCARD qk_code qk_db_open(qk_db **out, const char *path, qk_log *log, qk_error *err);
QK_NODISCARD qk_code qk_db_open_readonly(qk_db **out, const char *path, qk_error *err);
void qk_db_close(qk_db *db);
sqlite3 *qk_db_handle(qk_db *db);

/* A prepared statement, kept by its text for use again; reset and unbound when given. */
QK_NODISCARD qk_code qk_db_prepare(sqlite3_stmt **out, qk_db *db, const char *sql, qk_error *err);
/* Steps: QK_OK with a row, QK_ENOTFOUND when done, else the error. */
QK_NODISCARD qk_code qk_db_step(qk_db *db, sqlite3_stmt *stmt, qk_error *err);
/* Steps a statement that gives no rows, then resets it. */
QK_NODISCARD qk_code qk_db_run(qk_db *db, sqlite3_stmt *stmt, qk_error *err);
QK_NODISCARD qk_code qk_db_exec(qk_db *db, const char *sql, qk_error *err); /* constant text only */
qk_str qk_db_text(sqlite3_stmt *stmt, int column); /* view until the next step */
void qk_db_bind_str(sqlite3_stmt *stmt, int index, qk_str text); /* copied; {NULL,0} binds NULL */

/* Transactions nest as savepoints. */
QK_NODISCARD qk_code qk_db_begin(qk_db *db, qk_error *err);
QK_NODISCARD qk_code qk_db_commit(qk_db *db, qk_error *err);
void qk_db_rollback(qk_db *db);
QK_NODISCARD qk_code qk_db_checkpoint(qk_db *db, qk_error *err);
/* A consistent copy of the database while it is in use (SQLite's backup interface). */
QK_NODISCARD qk_code qk_db_backup(qk_db *db, const char *to_path, qk_error *err);
/* meta table: small named values. */
QK_NODISCARD qk_code qk_db_meta_get(qk_db *db, const char *key, int64_t *value, qk_error *err);
QK_NODISCARD qk_code qk_db_meta_set(qk_db *db, const char *key, int64_t value, qk_error *err);
#endif
