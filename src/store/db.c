/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "base/file.h"
#include "store/schema.h"
#include "store/seal.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    STATEMENTS_MAX = 1024,
    SLOTS = 2 * STATEMENTS_MAX, /* a power of two, so that probing ends */
    APPLICATION_ID = 0x514b4442 /* "QKDB" */
};

struct qk_db {
    sqlite3 *handle;
    qk_log *log;
    bool writer;
    bool unbound; /* a value could not be bound: the next step must not run without it */
    bool lost;    /* no level can commit any more */
    int depth;    /* open transaction levels */
    size_t statements;
    struct {
        uint64_t hash;
        sqlite3_stmt *stmt;
    } slots[SLOTS];
};

bool qk_db_version_affected(int version)
{
    bool mended = (version >= 3044006 && version < 3045000) ||
                  (version >= 3050007 && version < 3051000) || version >= 3051003;
    return version >= 3007000 && !mended;
}

static qk_code code_of_constraint(int extended)
{
    if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
        extended == SQLITE_CONSTRAINT_ROWID)
        return QK_EEXIST;
    return extended == SQLITE_CONSTRAINT_TRIGGER ? QK_EDENIED : QK_EINVAL;
}

static qk_code code_of(int extended, int system_errno)
{
    switch (extended & 0xff) {
    case SQLITE_CONSTRAINT: return code_of_constraint(extended);
    case SQLITE_FULL: return QK_ENOSPC;
    case SQLITE_IOERR:
        if (extended == SQLITE_IOERR_NOMEM) return QK_ENOMEM;
        return system_errno == ENOSPC || system_errno == EDQUOT ? QK_ENOSPC : QK_EIO;
    case SQLITE_CANTOPEN: return system_errno == ENOENT ? QK_ENOTFOUND : QK_EIO;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return QK_EDAMAGED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return QK_EBUSY;
    case SQLITE_NOMEM: return QK_ENOMEM;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return QK_EDENIED;
    case SQLITE_ABORT:
    case SQLITE_INTERRUPT: return QK_ECANCELLED;
    case SQLITE_TOOBIG: return QK_ERANGE;
    default: return QK_EINVAL;
    }
}

static qk_code refuse_handle(sqlite3 *handle, qk_error *err)
{
    if (!handle) return qk_fail(err, QK_ENOMEM, "no memory for the database");
    int extended = sqlite3_extended_errcode(handle);
    return qk_fail(err, code_of(extended, sqlite3_system_errno(handle)), "database: %s (%d)",
                   sqlite3_errmsg(handle), extended);
}

static qk_code refuse(qk_db *db, qk_error *err)
{
    return refuse_handle(db->handle, err);
}

/* ---- opening ---- */

static qk_code set_rules(sqlite3 *handle, qk_error *err)
{
    static const struct {
        int option, value;
    } rules[] = {
        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_DQS_DML, 0},
        {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
        {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
    };
    sqlite3_extended_result_codes(handle, 1);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (sqlite3_db_config(handle, rules[i].option, rules[i].value, NULL) != SQLITE_OK)
            return refuse_handle(handle, err);
    sqlite3_busy_timeout(handle, 5000);
    return QK_OK;
}

static qk_code run_text(sqlite3 *handle, const char *sql, qk_error *err)
{
    return sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK ? QK_OK
                                                                    : refuse_handle(handle, err);
}

static qk_code open_handle(sqlite3 **out, const char *name, int flags, qk_error *err)
{
    sqlite3 *handle = NULL;
    flags |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    qk_code code = QK_OK;
    if (sqlite3_open_v2(name, &handle, flags, NULL) != SQLITE_OK) code = refuse_handle(handle, err);
    if (code == QK_OK) code = set_rules(handle, err);
    if (code == QK_OK)
        code = run_text(handle, "PRAGMA mmap_size=0; PRAGMA wal_autocheckpoint=0;", err);
    if (code != QK_OK) {
        sqlite3_close(handle);
        handle = NULL;
    }
    *out = handle;
    return code;
}

/* SQLite would create the file readable by all; a race with another creator is no harm. */
static qk_code create_file(const char *path, qk_error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0 && errno != EEXIST) return qk_fail_errno(err, errno, "cannot create the database");
    if (fd >= 0) close(fd);
    return QK_OK;
}

static qk_code read_number(sqlite3 *handle, const char *sql, int64_t *value, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    qk_code code = QK_OK;
    if (sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_ROW)
        code = refuse_handle(handle, err);
    else
        *value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return code;
}

static qk_code set_writer(sqlite3 *handle, qk_error *err)
{
    /* When a file cannot be opened for writing SQLite opens it for reading, without a word. */
    if (sqlite3_db_readonly(handle, "main") != 0)
        return qk_fail(err, QK_EDENIED, "the database cannot be written");
    QK_TRY(run_text(handle,
                    "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                    "PRAGMA cache_size=-32768; PRAGMA temp_store=MEMORY;"
                    "PRAGMA journal_size_limit=67108864; PRAGMA cell_size_check=ON;"
                    "PRAGMA secure_delete=FAST;",
                    err));
    sqlite3_stmt *stmt = NULL;
    bool wal = sqlite3_prepare_v2(handle, "PRAGMA journal_mode", -1, &stmt, NULL) == SQLITE_OK &&
               sqlite3_step(stmt) == SQLITE_ROW &&
               sqlite3_stricmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0;
    sqlite3_finalize(stmt);
    return wal ? QK_OK
               : qk_fail(err, QK_EUNSUPPORTED,
                         "this file system cannot hold a database with a WAL");
}

static qk_code apply_migration(qk_db *db, int version, qk_error *err)
{
    char text[96];
    QK_TRY(qk_db_begin(db, err));
    qk_code code = QK_OK;
    for (const char *const *part = qk_schema[version - 1].parts; *part && code == QK_OK; part++)
        code = qk_db_exec(db, *part, err);
    snprintf(text, sizeof text, "PRAGMA user_version=%d; PRAGMA application_id=%d;", version,
             APPLICATION_ID);
    if (code == QK_OK) code = qk_db_exec(db, text, err);
    code = qk_db_end(db, code, err);
    if (code == QK_OK)
        qk_log_print(db->log, QK_LOG_INFO, "db", "schema version %d: %s", version,
                     qk_schema[version - 1].name);
    return code;
}

static qk_code check_identity(qk_db *db, int64_t *version, qk_error *err)
{
    int64_t id = 0;
    int64_t tables = 0;
    assert(db);
    QK_TRY(read_number(db->handle, "PRAGMA user_version", version, err));
    QK_TRY(read_number(db->handle, "PRAGMA application_id", &id, err));
    QK_TRY(read_number(db->handle, "SELECT count(*) FROM sqlite_schema", &tables, err));
    if (*version == 0 && tables == 0) return QK_OK;
    if (id != APPLICATION_ID) return qk_fail(err, QK_EFORMAT, "this is not a database of Qingkong");
    if (*version <= qk_schema_newest()) return QK_OK;
    qk_fail(err, QK_EUNSUPPORTED, "the database has schema %d, this program knows up to %d",
            (int)*version, qk_schema_newest());
    qk_error_hint(err, "use the newer Qingkong that wrote it, or restore an older backup");
    return QK_EUNSUPPORTED;
}

static qk_code bring_up(qk_db *db, qk_error *err)
{
    int64_t version = 0;
    assert(db);
    QK_TRY(check_identity(db, &version, err)); /* before anything is changed in a foreign file */
    QK_TRY(set_writer(db->handle, err));
    QK_TRY(qk_db_begin(db, err)); /* an index of the WAL opened for reading alone shows only here */
    qk_db_rollback(db);
    while (version < qk_schema_newest()) QK_TRY(apply_migration(db, (int)++version, err));
    return QK_OK;
}

static qk_code new_db(qk_db **out, sqlite3 *handle, qk_log *log, bool writer, qk_error *err)
{
    qk_db *db = calloc(1, sizeof *db);
    if (!db) {
        sqlite3_close(handle);
        return qk_fail(err, QK_ENOMEM, "no memory for the database");
    }
    db->handle = handle;
    db->log = log;
    db->writer = writer;
    /* The argument of a hook that is never called: SQLite keeps it for us (see note_unbound). */
    sqlite3_rollback_hook(handle, NULL, db);
    qk_code code = qk_seal_functions(handle, err);
    if (code != QK_OK) {
        qk_db_close(db);
        return code;
    }
    *out = db;
    return QK_OK;
}

static qk_code sync_folder_of(const char *path, qk_error *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return qk_dir_sync(".", err);
    char dir[QK_PATH_MAX];
    size_t len = slash == path ? 1 : (size_t)(slash - path);
    if (len >= sizeof dir) return qk_fail(err, QK_ERANGE, "the path is too long");
    memcpy(dir, path, len);
    dir[len] = '\0';
    return qk_dir_sync(dir, err);
}

static qk_code open_writer(qk_db **out, const char *path, qk_log *log, qk_error *err)
{
    sqlite3 *handle = NULL;
    qk_db *db = NULL;
    QK_TRY(create_file(path, err));
    QK_TRY(open_handle(&handle, path, SQLITE_OPEN_READWRITE, err));
    QK_TRY(new_db(&db, handle, log, true, err));
    qk_code code = bring_up(db, err);
    if (code == QK_OK) code = sync_folder_of(path, err);
    if (code == QK_OK)
        *out = db;
    else
        qk_db_close(db);
    return code;
}

qk_code qk_db_open(qk_db **out, const char *path, qk_log *log, qk_error *err)
{
    *out = NULL;
    if (qk_db_version_affected(sqlite3_libversion_number()))
        qk_log_print(log, QK_LOG_WARN, "db",
                     "SQLite %s can lose pages when several connections write or checkpoint; this "
                     "program uses one writer, so let no other program open %s",
                     sqlite3_libversion(), path);
    qk_code code = open_writer(out, path, log, err);
    if (code != QK_OK) qk_error_at(err, path, 0, 0);
    return code;
}

/* "file:" and the path with what has a meaning in an address escaped. */
static qk_code make_address(char *out, size_t size, const char *path, const char *query)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = (size_t)snprintf(out, size, "file:");
    for (const char *p = path; *p; p++) {
        if (n + 4 > size) return QK_ERANGE;
        if (*p == '%' || *p == '?' || *p == '#') {
            out[n++] = '%';
            out[n++] = digits[(unsigned char)*p >> 4];
            out[n++] = digits[(unsigned char)*p & 15];
        } else {
            out[n++] = *p;
        }
    }
    int more = snprintf(out + n, size - n, "%s", query);
    return more < 0 || (size_t)more >= size - n ? QK_ERANGE : QK_OK;
}

static qk_code open_reader(qk_db **out, const char *path, const char *query, qk_error *err)
{
    char address[3 * QK_PATH_MAX];
    sqlite3 *handle = NULL;
    struct stat st;
    if (stat(path, &st) != 0)
        return errno == ENOENT ? qk_fail(err, QK_ENOTFOUND, "there is no database")
                               : qk_fail_errno(err, errno, "cannot look at the database");
    if (make_address(address, sizeof address, path, query) != QK_OK)
        return qk_fail(err, QK_ERANGE, "the path is too long");
    QK_TRY(open_handle(&handle, address, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err));
    qk_db *db = NULL;
    QK_TRY(new_db(&db, handle, NULL, false, err));
    int64_t version = 0;
    qk_code code = check_identity(db, &version, err);
    if (code == QK_OK && version == 0)
        code = qk_fail(err, QK_ENOTFOUND, "the database holds no tables yet");
    if (code == QK_OK)
        *out = db;
    else
        qk_db_close(db);
    return code;
}

qk_code qk_db_open_readonly(qk_db **out, const char *path, qk_error *err)
{
    *out = NULL;
    qk_code code = open_reader(out, path, "?mode=ro", err);
    if (code != QK_OK) qk_error_at(err, path, 0, 0);
    return code;
}

static bool file_has_bytes(const char *path, const char *suffix)
{
    char name[QK_PATH_MAX + 8];
    struct stat st;
    int n = snprintf(name, sizeof name, "%s%s", path, suffix);
    return n > 0 && (size_t)n < sizeof name && stat(name, &st) == 0 && st.st_size > 0;
}

qk_code qk_db_open_untouched(qk_db **out, const char *path, qk_error *err)
{
    const char *query = "?mode=ro";
    *out = NULL;
    if (file_has_bytes(path, "-shm"))
        query = "?mode=ro&readonly_shm=1";
    else if (!file_has_bytes(path, "-wal"))
        query = "?mode=ro&immutable=1";
    qk_code code = open_reader(out, path, query, err);
    if (code != QK_OK) qk_error_at(err, path, 0, 0);
    return code;
}

void qk_db_close(qk_db *db)
{
    if (!db) return;
    for (size_t i = 0; i < SLOTS; i++) sqlite3_finalize(db->slots[i].stmt);
    if (db->writer) {
        if (!sqlite3_get_autocommit(db->handle)) sqlite3_exec(db->handle, "ROLLBACK", 0, 0, 0);
        sqlite3_busy_timeout(db->handle, 0);
        sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    }
    sqlite3_close(db->handle);
    free(db);
}

sqlite3 *qk_db_handle(qk_db *db)
{
    return db->handle;
}

/* ---- statements ---- */

qk_code qk_db_prepare(sqlite3_stmt **out, qk_db *db, const char *sql, qk_error *err)
{
    uint64_t hash = qk_hash(sql, strlen(sql));
    size_t slot = (size_t)hash & (SLOTS - 1);
    *out = NULL;
    for (; db->slots[slot].stmt; slot = (slot + 1) & (SLOTS - 1)) {
        sqlite3_stmt *stmt = db->slots[slot].stmt;
        if (db->slots[slot].hash != hash || strcmp(sqlite3_sql(stmt), sql) != 0) continue;
        sqlite3_reset(stmt);
        sqlite3_clear_bindings(stmt);
        *out = stmt;
        return QK_OK;
    }
    if (db->statements == STATEMENTS_MAX)
        return qk_fail(err, QK_EFULL, "too many different statements on one database");
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) !=
        SQLITE_OK)
        return refuse(db, err);
    if (!stmt) return qk_fail(err, QK_EINVAL, "an empty statement");
    db->slots[slot].hash = hash;
    db->slots[slot].stmt = stmt;
    db->statements++;
    *out = stmt;
    return QK_OK;
}

/* What follows must not run outside of the transaction that SQLite ended on its own, nor inside one
 * that could not be rolled back. */
static qk_code settle(qk_db *db, qk_error *err)
{
    bool open = !sqlite3_get_autocommit(db->handle);
    if (db->depth > 0 && (db->lost || !open))
        return qk_fail(err, QK_EIO, "database: the transaction was given up after a failure");
    if (db->depth == 0 && open) return run_text(db->handle, "ROLLBACK", err);
    return QK_OK;
}

qk_code qk_db_step(qk_db *db, sqlite3_stmt *stmt, qk_error *err)
{
    QK_TRY(settle(db, err));
    if (db->unbound) {
        db->unbound = false;
        sqlite3_reset(stmt);
        return qk_fail(err, QK_ENOMEM, "no memory for a value of a statement");
    }
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) return QK_OK;
    if (rc == SQLITE_DONE) {
        sqlite3_reset(stmt);
        return QK_ENOTFOUND;
    }
    qk_code code = refuse(db, err);
    sqlite3_reset(stmt);
    return code;
}

qk_code qk_db_run(qk_db *db, sqlite3_stmt *stmt, qk_error *err)
{
    qk_code code = qk_db_step(db, stmt, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    if (code != QK_OK) return code;
    sqlite3_reset(stmt);
    return qk_fail(err, QK_EINVAL, "a statement gave rows where none were expected");
}

qk_code qk_db_exec(qk_db *db, const char *sql, qk_error *err)
{
    QK_TRY(settle(db, err));
    return run_text(db->handle, sql, err);
}

qk_str qk_db_text(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    return (qk_str){text, text ? (size_t)sqlite3_column_bytes(stmt, column) : 0};
}

/* A value that could not be bound would be NULL in silence. From a statement SQLite finds its
 * connection, and from the connection the argument of its hook, which is us. */
static void note_unbound(sqlite3_stmt *stmt)
{
    sqlite3 *handle = sqlite3_db_handle(stmt);
    qk_db *db = sqlite3_rollback_hook(handle, NULL, NULL);
    sqlite3_rollback_hook(handle, NULL, db);
    if (db) db->unbound = true;
}

void qk_db_bind_str(sqlite3_stmt *stmt, int index, qk_str text)
{
    int rc = !text.ptr && text.len == 0 ? sqlite3_bind_null(stmt, index)
                                        : sqlite3_bind_text64(stmt, index, text.ptr, text.len,
                                                              SQLITE_TRANSIENT, SQLITE_UTF8);
    if (rc != SQLITE_OK) note_unbound(stmt);
}

void qk_db_bind_blob(sqlite3_stmt *stmt, int index, const void *bytes, size_t len)
{
    int rc = bytes ? sqlite3_bind_blob64(stmt, index, bytes, len, SQLITE_TRANSIENT)
                   : sqlite3_bind_null(stmt, index);
    if (rc != SQLITE_OK) note_unbound(stmt);
}

/* ---- transactions ----
 * Savepoints share one name: RELEASE and ROLLBACK TO mean the innermost of that name. */

/* The texts that open and end levels are prepared once: ending one should need no memory. */
static qk_code run_level(qk_db *db, const char *sql, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    QK_TRY(qk_db_prepare(&stmt, db, sql, err));
    qk_code code = sqlite3_step(stmt) == SQLITE_DONE ? QK_OK : refuse(db, err);
    sqlite3_reset(stmt);
    return code;
}

qk_code qk_db_begin(qk_db *db, qk_error *err)
{
    QK_TRY(settle(db, err));
    const char *outer = db->writer ? "BEGIN IMMEDIATE" : "BEGIN";
    QK_TRY(run_level(db, db->depth == 0 ? outer : "SAVEPOINT level", err));
    db->depth++;
    return QK_OK;
}

qk_code qk_db_commit(qk_db *db, qk_error *err)
{
    if (db->depth == 0) return qk_fail(err, QK_EINVAL, "no transaction is open");
    QK_TRY(settle(db, err));
    QK_TRY(run_level(db, db->depth == 1 ? "COMMIT" : "RELEASE level", err));
    db->depth--;
    return QK_OK;
}

static qk_code undo_level(qk_db *db, qk_error *err)
{
    if (db->depth == 1) return run_level(db, "ROLLBACK", err);
    QK_TRY(run_level(db, "ROLLBACK TO level", err));
    return run_level(db, "RELEASE level", err);
}

void qk_db_rollback(qk_db *db)
{
    qk_error err;
    if (db->depth == 0) return;
    if (!sqlite3_get_autocommit(db->handle) && undo_level(db, &err) != QK_OK) {
        db->lost = true; /* the levels around this one must not commit what it left */
        qk_log_print(db->log, QK_LOG_ERROR, "db", "rollback failed: %s", err.message);
    }
    if (--db->depth == 0) db->lost = false;
}

qk_code qk_db_end(qk_db *db, qk_code code, qk_error *err)
{
    if (code == QK_OK) code = qk_db_commit(db, err);
    if (code != QK_OK) qk_db_rollback(db);
    return code;
}

qk_code qk_db_checkpoint(qk_db *db, qk_error *err)
{
    if (!db->writer || db->depth > 0)
        return qk_fail(err, QK_EINVAL, "only the writer checkpoints, outside of a transaction");
    int rc = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return rc == SQLITE_OK || rc == SQLITE_BUSY ? QK_OK : refuse(db, err);
}

/* ---- backup ---- */

static qk_code copy_pages(qk_db *db, const char *to_path, qk_error *err)
{
    sqlite3 *to = NULL;
    qk_code code = QK_OK;
    if (sqlite3_open_v2(to_path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        code = refuse_handle(to, err);
        goto out;
    }
    /* The copy is synced once, as a whole, by the caller. */
    QK_TRY_OUT(code, run_text(to, "PRAGMA synchronous=OFF;", err));
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", db->handle, "main");
    int rc = backup ? sqlite3_backup_step(backup, -1) : SQLITE_ERROR;
    if (backup) sqlite3_backup_finish(backup);
    if (rc != SQLITE_DONE)
        code = qk_fail(err, code_of(rc, sqlite3_system_errno(to)), "cannot copy the database: %s",
                       sqlite3_errmsg(to));
out:
    if (sqlite3_close(to) != SQLITE_OK && code == QK_OK)
        code = qk_fail(err, QK_EIO, "cannot end the copy of the database");
    return code;
}

static qk_code sync_file(const char *path, qk_error *err)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return qk_fail_errno(err, errno, "cannot open the copy");
    int failed = fsync(fd) != 0 ? errno : 0;
    if (close(fd) != 0 && !failed) failed = errno;
    return failed ? qk_fail_errno(err, failed, "cannot sync the copy") : QK_OK;
}

static qk_code backup_to(qk_db *db, const char *to_path, qk_error *err)
{
    int fd = open(to_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return errno == EEXIST ? qk_fail(err, QK_EEXIST, "there is such a file already")
                               : qk_fail_errno(err, errno, "cannot create the copy");
    close(fd);
    qk_code code = copy_pages(db, to_path, err);
    if (code == QK_OK) code = sync_file(to_path, err);
    if (code == QK_OK) code = sync_folder_of(to_path, err);
    if (code != QK_OK) unlink(to_path);
    return code;
}

qk_code qk_db_backup(qk_db *db, const char *to_path, qk_error *err)
{
    if (db->depth > 0) return qk_fail(err, QK_EINVAL, "no backup inside a transaction");
    qk_code code = backup_to(db, to_path, err);
    if (code != QK_OK) qk_error_at(err, to_path, 0, 0);
    return code;
}

/* ---- meta ---- */

qk_code qk_db_meta_get(qk_db *db, const char *key, int64_t *value, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    QK_TRY(qk_db_prepare(&stmt, db, "SELECT value FROM meta WHERE key = ?1", err));
    qk_db_bind_str(stmt, 1, qk_str_of(key));
    qk_code code = qk_db_step(db, stmt, err);
    if (code == QK_ENOTFOUND) return qk_fail(err, QK_ENOTFOUND, "meta has no value '%s'", key);
    QK_TRY(code);
    *value = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return QK_OK;
}

qk_code qk_db_meta_set(qk_db *db, const char *key, int64_t value, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    QK_TRY(qk_db_prepare(&stmt, db,
                         "INSERT INTO meta VALUES (?1, ?2)"
                         " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                         err));
    qk_db_bind_str(stmt, 1, qk_str_of(key));
    sqlite3_bind_int64(stmt, 2, value);
    return qk_db_run(db, stmt, err);
}
