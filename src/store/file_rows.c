/* SPDX-License-Identifier: Apache-2.0 */
#include "store/files.h"
#include <math.h>

static qk_code check_use(const qk_file_use *use, const qk_file_id *file, qk_error *err)
{
    bool place = !isnan(use->lon) || !isnan(use->lat);
    if (strlen(file->sha256) != QK_SHA256_TEXT - 1 || use->object[0] == '\0')
        return qk_fail(err, QK_EINVAL, "a file is laid to an object by its name");
    if (place && !(fabs(use->lon) <= 180 && fabs(use->lat) <= 90))
        return qk_fail(err, QK_ERANGE, "%g, %g is no place on Earth", use->lon, use->lat);
    return QK_OK;
}

static qk_code insert_file(qk_db *db, const qk_file_use *use, const qk_file_id *file, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    QK_TRY(qk_db_prepare(&stmt, db,
                         "INSERT INTO file VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
                         " ON CONFLICT (sha256) DO NOTHING",
                         err));
    qk_db_bind_str(stmt, 1, qk_str_of(file->sha256));
    qk_db_bind_str(stmt, 2, qk_str_of(use->name));
    qk_db_bind_str(stmt, 3, qk_str_of(file->type));
    sqlite3_bind_int64(stmt, 4, (int64_t)file->size);
    sqlite3_bind_int64(stmt, 5, use->recorded_at);
    qk_db_bind_str(stmt, 6, qk_str_of(use->recorded_by));
    return qk_db_run(db, stmt, err);
}

static void bind_optional(sqlite3_stmt *stmt, int index, double v)
{
    if (isnan(v))
        sqlite3_bind_null(stmt, index);
    else
        sqlite3_bind_double(stmt, index, v);
}

static qk_code insert_use(qk_db *db, const qk_file_use *use, const qk_file_id *file, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    QK_TRY(qk_db_prepare(&stmt, db,
                         "INSERT INTO file_use (sha256, object, name, taken_at, lon, lat,"
                         " recorded_at, recorded_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
                         " ON CONFLICT (object, sha256) DO NOTHING",
                         err));
    qk_db_bind_str(stmt, 1, qk_str_of(file->sha256));
    qk_db_bind_str(stmt, 2, qk_str_of(use->object));
    qk_db_bind_str(stmt, 3, qk_str_of(use->name));
    if (use->taken_at != QK_TIME_NONE) sqlite3_bind_int64(stmt, 4, use->taken_at);
    bind_optional(stmt, 5, use->lon);
    bind_optional(stmt, 6, use->lat);
    sqlite3_bind_int64(stmt, 7, use->recorded_at);
    qk_db_bind_str(stmt, 8, qk_str_of(use->recorded_by));
    return qk_db_run(db, stmt, err);
}

static qk_code find_use(qk_db *db, qk_file_use *use, const qk_file_id *file, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    QK_TRY(
        qk_db_prepare(&stmt, db, "SELECT id FROM file_use WHERE object = ?1 AND sha256 = ?2", err));
    qk_db_bind_str(stmt, 1, qk_str_of(use->object));
    qk_db_bind_str(stmt, 2, qk_str_of(file->sha256));
    QK_TRY(qk_db_step(db, stmt, err));
    use->id = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return QK_OK;
}

qk_code qk_file_attach(qk_db *db, qk_file_use *use, const qk_file_id *file, qk_error *err)
{
    QK_TRY(check_use(use, file, err));
    QK_TRY(qk_db_begin(db, err));
    qk_code code = insert_file(db, use, file, err);
    if (code == QK_OK) code = insert_use(db, use, file, err);
    if (code == QK_OK) code = find_use(db, use, file, err);
    code = qk_db_end(db, code, err);
    if (code != QK_OK) return code;
    qk_str_copy(use->sha256, sizeof use->sha256, qk_str_of(file->sha256));
    qk_str_copy(use->type, sizeof use->type, qk_str_of(file->type));
    use->size = file->size;
    return QK_OK;
}

static double optional(sqlite3_stmt *stmt, int column)
{
    bool told = sqlite3_column_type(stmt, column) != SQLITE_NULL;
    return told ? sqlite3_column_double(stmt, column) : NAN;
}

static void use_of_row(qk_file_use *use, sqlite3_stmt *stmt)
{
    use->id = sqlite3_column_int64(stmt, 0);
    qk_str_copy(use->sha256, sizeof use->sha256, qk_db_text(stmt, 1));
    qk_str_copy(use->object, sizeof use->object, qk_db_text(stmt, 2));
    qk_str_copy(use->name, sizeof use->name, qk_db_text(stmt, 3));
    qk_str_copy(use->type, sizeof use->type, qk_db_text(stmt, 4));
    use->size = (uint64_t)sqlite3_column_int64(stmt, 5);
    use->taken_at =
        sqlite3_column_type(stmt, 6) == SQLITE_NULL ? QK_TIME_NONE : sqlite3_column_int64(stmt, 6);
    use->lon = optional(stmt, 7);
    use->lat = optional(stmt, 8);
    use->recorded_at = sqlite3_column_int64(stmt, 9);
    qk_str_copy(use->recorded_by, sizeof use->recorded_by, qk_db_text(stmt, 10));
}

#define USE_ROWS                                                                         \
    "SELECT u.id, u.sha256, u.object, u.name, f.type, f.size, u.taken_at, u.lon, u.lat," \
    " u.recorded_at, u.recorded_by FROM file_use AS u JOIN file AS f USING (sha256) "

qk_code qk_file_count(int64_t *out, qk_db *db, qk_str object, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    QK_TRY(qk_db_prepare(&stmt, db, "SELECT count(*) FROM file_use WHERE object = ?1", err));
    qk_db_bind_str(stmt, 1, object);
    QK_TRY(qk_db_step(db, stmt, err));
    *out = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return QK_OK;
}

/* The rows of a statement that is bound, at most `most`. */
static qk_code read_uses(qk_db *db, sqlite3_stmt *stmt, size_t most, qk_arena *arena,
                         qk_file_use **out, size_t *n, qk_error *err)
{
    qk_code code = QK_OK;
    size_t room = 0;
    while (*n < most && (code = qk_db_step(db, stmt, err)) == QK_OK) {
        if (*n == room) {
            size_t more = room ? room * 2 : 8;
            qk_file_use *grown = qk_arena_array(arena, more, sizeof *grown);
            if (!grown) code = qk_fail(err, QK_EFULL, "no room for the list of files");
            if (!grown) break;
            if (*n) memcpy(grown, *out, *n * sizeof *grown);
            *out = grown;
            room = more;
        }
        use_of_row(&(*out)[(*n)++], stmt);
    }
    sqlite3_reset(stmt);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code list_uses(qk_db *db, const char *sql, qk_str bound, size_t most, qk_arena *arena,
                         qk_file_use **out, size_t *n, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    *out = NULL;
    *n = 0;
    QK_TRY(qk_db_prepare(&stmt, db, sql, err));
    qk_db_bind_str(stmt, 1, bound);
    return read_uses(db, stmt, most, arena, out, n, err);
}

qk_code qk_file_list(qk_db *db, qk_str object, qk_arena *arena, qk_file_use **out, size_t *n,
                     qk_error *err)
{
    return list_uses(db, USE_ROWS "WHERE u.object = ?1 ORDER BY u.id", object, SIZE_MAX, arena, out,
                     n, err);
}

qk_code qk_file_find(qk_db *db, qk_str pattern, size_t most, qk_arena *arena, qk_file_use **out,
                     size_t *n, qk_error *err)
{
    return list_uses(db, USE_ROWS "WHERE u.object GLOB ?1 ORDER BY u.id", pattern, most, arena, out,
                     n, err);
}

qk_code qk_file_use_get(qk_db *db, int64_t id, qk_file_use *out, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    QK_TRY(qk_db_prepare(&stmt, db, USE_ROWS "WHERE u.id = ?1", err));
    sqlite3_bind_int64(stmt, 1, id);
    qk_code code = qk_db_step(db, stmt, err);
    if (code == QK_ENOTFOUND) return qk_fail(err, code, "there is no such file");
    if (code == QK_OK) use_of_row(out, stmt);
    sqlite3_reset(stmt);
    return code;
}
