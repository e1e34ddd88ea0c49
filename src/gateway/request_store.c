/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/request_store.h"

#define COLUMNS                                                                               \
    "id, mn, cn, params, from_at, to_at, author, state, qn_rtn, exe_rtn, tries, chunks_done," \
    " chunks_total, rows_received, result, asked_at, updated_at"
#define OPEN_STATES "('waiting', 'sent', 'accepted', 'receiving')"

static void bind_time(sqlite3_stmt *stmt, int index, qk_time t)
{
    if (t == QK_TIME_NONE)
        sqlite3_bind_null(stmt, index);
    else
        sqlite3_bind_int64(stmt, index, t);
}

static qk_time read_time(sqlite3_stmt *stmt, int column)
{
    return sqlite3_column_type(stmt, column) == SQLITE_NULL ? QK_TIME_NONE
                                                            : sqlite3_column_int64(stmt, column);
}

static void read_text(char *out, size_t size, sqlite3_stmt *stmt, int column)
{
    (void)qk_str_copy(out, size, qk_db_text(stmt, column));
}

static void read_row(qk_request *r, sqlite3_stmt *stmt)
{
    *r = (qk_request){.id = sqlite3_column_int64(stmt, 0),
                      .cn = sqlite3_column_int(stmt, 2),
                      .from = read_time(stmt, 4),
                      .to = read_time(stmt, 5),
                      .qn_rtn = sqlite3_column_int(stmt, 8),
                      .exe_rtn = sqlite3_column_int(stmt, 9),
                      .tries = sqlite3_column_int(stmt, 10),
                      .chunks_done = sqlite3_column_int(stmt, 11),
                      .chunks_total = sqlite3_column_int(stmt, 12),
                      .rows_received = sqlite3_column_int64(stmt, 13),
                      .asked = sqlite3_column_int64(stmt, 15),
                      .updated = sqlite3_column_int64(stmt, 16)};
    read_text(r->mn, sizeof r->mn, stmt, 1);
    read_text(r->params, sizeof r->params, stmt, 3);
    read_text(r->by, sizeof r->by, stmt, 6);
    read_text(r->state, sizeof r->state, stmt, 7);
    read_text(r->result, sizeof r->result, stmt, 14);
}

static qk_code count_open(qk_db *db, const char *mn, int64_t *count, qk_error *err)
{
    sqlite3_stmt *stmt;
    QK_TRY(qk_db_prepare(
        &stmt, db, "SELECT count(*) FROM request WHERE mn = ? AND state IN " OPEN_STATES, err));
    qk_db_bind_str(stmt, 1, qk_str_of(mn));
    QK_TRY(qk_db_step(db, stmt, err));
    *count = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return QK_OK;
}

qk_code qk_request_insert(qk_db *db, const qk_request *r, int64_t *id, qk_error *err)
{
    sqlite3_stmt *stmt;
    int64_t open;
    QK_TRY(count_open(db, r->mn, &open, err));
    if (open >= QK_REQUESTS_OPEN_MAX)
        return qk_fail(err, QK_EFULL, "device %s has %d unfinished requests already", r->mn,
                       QK_REQUESTS_OPEN_MAX);
    QK_TRY(
        qk_db_prepare(&stmt, db,
                      "INSERT INTO request (mn, cn, params, from_at, to_at, author, state,"
                      " chunks_total, asked_at, updated_at) VALUES (?,?,?,?,?,?,'waiting',?,?,?)",
                      err));
    qk_db_bind_str(stmt, 1, qk_str_of(r->mn));
    sqlite3_bind_int(stmt, 2, r->cn);
    qk_db_bind_str(stmt, 3, qk_str_of(r->params));
    bind_time(stmt, 4, r->from);
    bind_time(stmt, 5, r->to);
    qk_db_bind_str(stmt, 6, qk_str_of(r->by));
    sqlite3_bind_int(stmt, 7, r->chunks_total);
    sqlite3_bind_int64(stmt, 8, r->asked);
    sqlite3_bind_int64(stmt, 9, r->updated);
    QK_TRY(qk_db_run(db, stmt, err));
    *id = sqlite3_last_insert_rowid(qk_db_handle(db));
    return QK_OK;
}

qk_code qk_request_update(qk_db *db, const qk_request *r, qk_error *err)
{
    sqlite3_stmt *stmt;
    QK_TRY(qk_db_prepare(&stmt, db,
                         "UPDATE request SET state = ?, qn_rtn = ?, exe_rtn = ?, tries = ?,"
                         " chunks_done = ?, rows_received = ?, result = ?, updated_at = ?"
                         " WHERE id = ?",
                         err));
    qk_db_bind_str(stmt, 1, qk_str_of(r->state));
    sqlite3_bind_int(stmt, 2, r->qn_rtn);
    sqlite3_bind_int(stmt, 3, r->exe_rtn);
    sqlite3_bind_int(stmt, 4, r->tries);
    sqlite3_bind_int(stmt, 5, r->chunks_done);
    sqlite3_bind_int64(stmt, 6, r->rows_received);
    qk_db_bind_str(stmt, 7, qk_str_of(r->result));
    sqlite3_bind_int64(stmt, 8, r->updated);
    sqlite3_bind_int64(stmt, 9, r->id);
    return qk_db_run(db, stmt, err);
}

qk_code qk_request_load(qk_db *db, int64_t id, qk_request *out, qk_error *err)
{
    sqlite3_stmt *stmt;
    QK_TRY(qk_db_prepare(&stmt, db, "SELECT " COLUMNS " FROM request WHERE id = ?", err));
    sqlite3_bind_int64(stmt, 1, id);
    qk_code code = qk_db_step(db, stmt, err);
    if (code == QK_OK) read_row(out, stmt);
    sqlite3_reset(stmt);
    return code;
}

qk_code qk_request_each_open(qk_db *db, qk_request_fn *fn, void *context, qk_error *err)
{
    sqlite3_stmt *stmt;
    qk_request row;
    qk_code code;
    QK_TRY(qk_db_prepare(
        &stmt, db, "SELECT " COLUMNS " FROM request WHERE state IN " OPEN_STATES " ORDER BY id",
        err));
    while ((code = qk_db_step(db, stmt, err)) == QK_OK) {
        read_row(&row, stmt);
        if ((code = fn(context, &row)) != QK_OK) break;
    }
    sqlite3_reset(stmt);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_no_data_put(qk_db *db, qk_str mn, int32_t cn, qk_range range, qk_time now, qk_error *err)
{
    sqlite3_stmt *stmt;
    QK_TRY(qk_db_prepare(&stmt, db,
                         "INSERT OR REPLACE INTO no_data (mn, cn, from_at, to_at, told_at)"
                         " VALUES (?,?,?,?,?)",
                         err));
    qk_db_bind_str(stmt, 1, mn);
    sqlite3_bind_int(stmt, 2, cn);
    sqlite3_bind_int64(stmt, 3, range.from);
    sqlite3_bind_int64(stmt, 4, range.to);
    sqlite3_bind_int64(stmt, 5, now);
    return qk_db_run(db, stmt, err);
}

qk_code qk_no_data_get(qk_db *db, qk_str mn, int32_t cn, qk_range range, qk_range *out, size_t max,
                       size_t *n, qk_error *err)
{
    sqlite3_stmt *stmt;
    qk_code code = QK_OK;
    *n = 0;
    QK_TRY(qk_db_prepare(&stmt, db,
                         "SELECT from_at, to_at FROM no_data WHERE mn = ? AND cn = ?"
                         " AND from_at <= ? AND to_at >= ? ORDER BY from_at",
                         err));
    qk_db_bind_str(stmt, 1, mn);
    sqlite3_bind_int(stmt, 2, cn);
    sqlite3_bind_int64(stmt, 3, range.to);
    sqlite3_bind_int64(stmt, 4, range.from);
    while (*n < max && (code = qk_db_step(db, stmt, err)) == QK_OK) {
        out[*n] = (qk_range){sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1)};
        ++*n;
    }
    sqlite3_reset(stmt);
    return code == QK_ENOTFOUND ? QK_OK : code;
}
