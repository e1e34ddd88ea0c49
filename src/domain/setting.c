/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/setting.h"

static qk_code find_setting(sqlite3_stmt **s, qk_db *db, const char *key, qk_error *err)
{
    QK_TRY(qk_db_prepare(s, db, "SELECT value,version FROM setting WHERE key=?", err));
    qk_db_bind_str(*s, 1, qk_str_of(key));
    return qk_db_step(db, *s, err);
}

qk_code qk_setting_text(qk_str *out, qk_db *db, const char *key, qk_arena *arena, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(find_setting(&s, db, key, err));
    qk_str value = qk_db_text(s, 0);
    *out = (qk_str){qk_arena_copy(arena, value.ptr, value.len), value.len};
    sqlite3_reset(s);
    return out->ptr ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for a setting");
}

int64_t qk_setting_i64(qk_db *db, const char *key, int64_t fallback)
{
    sqlite3_stmt *s = NULL;
    int64_t value = fallback;
    if (find_setting(&s, db, key, NULL) != QK_OK) return fallback;
    if (qk_parse_i64(&value, qk_db_text(s, 0))) value = fallback;
    sqlite3_reset(s);
    return value;
}

static qk_code check_seen(qk_db *db, const char *key, qk_str value, int64_t seen, bool *same,
                          qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code = find_setting(&s, db, key, err);
    if (code && code != QK_ENOTFOUND) return code;
    int64_t version = code ? 0 : sqlite3_column_int64(s, 1);
    *same = !code && qk_str_eq(qk_db_text(s, 0), value);
    sqlite3_reset(s);
    if (seen == -1 || seen == version) return QK_OK;
    return qk_fail(err, QK_ECONFLICT, "the setting '%s' is at version %lld, not %lld", key,
                   (long long)version, (long long)seen);
}

qk_code qk_setting_put(qk_db *db, const char *key, qk_str value, int64_t seen, qk_str by,
                       qk_time now, qk_error *err)
{
    bool same = false;
    sqlite3_stmt *s = NULL;
    QK_TRY(check_seen(db, key, value, seen, &same, err));
    if (same) return QK_OK;
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO setting(key,value,valid_from,version,recorded_at,recorded_by)"
                         " VALUES(?1,?2,?3,1,?3,?4) ON CONFLICT(key) DO UPDATE SET value=?2,"
                         "valid_from=?3,version=version+1,recorded_at=?3,recorded_by=?4",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(key));
    qk_db_bind_str(s, 2, value);
    sqlite3_bind_int64(s, 3, now);
    qk_db_bind_str(s, 4, by);
    return qk_db_run(db, s, err);
}
