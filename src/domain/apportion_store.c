/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/apportion_store.h"
#include "domain/setting.h"
#include <stdlib.h>
#include <zstd.h>

enum { LEVEL = 6, KEEP_RUNS = 200, KEEP_DAYS = 1096, DAYS_MAX = 100000 };
#define COLUMNS                                                                                \
    "id,state,form,at,ended,who,title,site,from_at,to_at,input,program,samples,species,bytes," \
    "factors,runs,bootstraps,displacement,robust,extra,seed,reason"

const char *qk_apportion_state_name(qk_apportion_state state)
{
    static const char *const names[] = {"waiting", "running",   "done",
                                        "failed",  "cancelled", "broken"};
    return names[state];
}

static qk_apportion_state state_of(qk_str name)
{
    for (int s = QK_APPORTION_WAITING; s < QK_APPORTION_BROKEN; s++)
        if (qk_str_eq(name, qk_str_of(qk_apportion_state_name((qk_apportion_state)s))))
            return (qk_apportion_state)s;
    return QK_APPORTION_BROKEN;
}

void qk_apportion_digest(char out[QK_SHA256_TEXT], const qk_apportion_record *r)
{
    qk_sha256 h;
    uint8_t bytes[QK_SHA256_BYTES];
    size_t cells = r->samples * r->species;
    qk_sha256_init(&h);
    for (size_t j = 0; j < r->species; j++)
        qk_sha256_update(&h, r->name[j], strlen(r->name[j]) + 1);
    qk_sha256_update(&h, r->time, r->samples * sizeof *r->time);
    qk_sha256_update(&h, r->conc, cells * sizeof *r->conc);
    qk_sha256_update(&h, r->unc, cells * sizeof *r->unc);
    if (r->ws) qk_sha256_update(&h, r->ws, r->samples * sizeof *r->ws);
    if (r->wd) qk_sha256_update(&h, r->wd, r->samples * sizeof *r->wd);
    qk_sha256_final(&h, bytes);
    qk_sha256_hex(out, bytes, sizeof bytes);
}

qk_code qk_apportion_pack(qk_buf *out, qk_str json, qk_error *err)
{
    size_t bound = ZSTD_compressBound(json.len);
    char *packed = NULL;
    if (json.len > QK_APPORTION_REPORT)
        return qk_fail(err, QK_EFULL, "the report has %zu bytes; at most %d", json.len,
                       QK_APPORTION_REPORT);
    packed = malloc(bound);
    if (!packed) return qk_fail(err, QK_ENOMEM, "no memory for a report of %zu bytes", json.len);
    size_t len = ZSTD_compress(packed, bound, json.ptr, json.len, LEVEL);
    qk_code code = ZSTD_isError(len) ? QK_ENOMEM : QK_OK;
    if (code == QK_OK) qk_buf_append(out, packed, len);
    if (code == QK_OK) code = out->failed;
    free(packed);
    return code == QK_OK ? QK_OK : qk_fail(err, code, "the report could not be packed");
}

static qk_code unpack(qk_buf *out, const void *bytes, size_t len, qk_error *err)
{
    unsigned long long size = ZSTD_getFrameContentSize(bytes, len);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ||
        size > QK_APPORTION_REPORT)
        return qk_fail(err, QK_EDAMAGED, "the report of this run is damaged");
    char *text = malloc((size_t)size + 1);
    if (!text) return qk_fail(err, QK_ENOMEM, "no memory for a report of %llu bytes", size);
    size_t got = ZSTD_decompress(text, (size_t)size, bytes, len);
    qk_code code = ZSTD_isError(got) || got != size ? QK_EDAMAGED : QK_OK;
    if (code == QK_OK) qk_buf_append(out, text, got);
    if (code == QK_OK) code = out->failed;
    free(text);
    return code == QK_OK ? QK_OK : qk_fail(err, code, "the report of this run is damaged");
}

/* ---- writing ---- */

static void bind_time(sqlite3_stmt *s, int index, qk_time t)
{
    if (t == QK_TIME_NONE)
        sqlite3_bind_null(s, index);
    else
        sqlite3_bind_int64(s, index, t);
}

qk_code qk_apportion_begin(qk_db *db, qk_apportion_info *info, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    const qk_apportion_options *o = &info->options;
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO apportion_run(state,form,at,who,title,site,from_at,to_at,"
                         "input,program,samples,species,factors,runs,bootstraps,displacement,"
                         "robust,extra,seed) VALUES('running',?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                         err));
    sqlite3_bind_int64(s, 1, QK_APPORTION_FORM);
    sqlite3_bind_int64(s, 2, info->at);
    qk_db_bind_str(s, 3, qk_str_of(info->who));
    qk_db_bind_str(s, 4, qk_str_of(info->title));
    qk_db_bind_str(s, 5, qk_str_of(info->site));
    bind_time(s, 6, info->from);
    bind_time(s, 7, info->to);
    qk_db_bind_str(s, 8, qk_str_of(info->input));
    qk_db_bind_str(s, 9, qk_str_of(QK_VERSION));
    sqlite3_bind_int64(s, 10, (int64_t)info->samples);
    sqlite3_bind_int64(s, 11, (int64_t)info->species);
    sqlite3_bind_int64(s, 12, (int64_t)o->factors);
    sqlite3_bind_int64(s, 13, (int64_t)o->runs);
    sqlite3_bind_int64(s, 14, (int64_t)o->bootstraps);
    sqlite3_bind_int64(s, 15, o->displacement);
    sqlite3_bind_int64(s, 16, o->robust);
    sqlite3_bind_double(s, 17, o->extra);
    sqlite3_bind_int64(s, 18, (int64_t)o->seed);
    QK_TRY(qk_db_run(db, s, err));
    info->id = sqlite3_last_insert_rowid(qk_db_handle(db));
    return QK_OK;
}

static int64_t setting_within(qk_db *db, const char *key, int64_t fallback)
{
    int64_t n = qk_setting_i64(db, key, fallback);
    return n > 0 && n <= DAYS_MAX ? n : fallback;
}

static qk_code let_go(qk_db *db, qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "DELETE FROM apportion_run WHERE id IN (SELECT id FROM (SELECT id,at,"
                         "row_number() OVER newest AS place,sum(bytes) OVER newest AS whole FROM"
                         " apportion_run WHERE state<>'running' WINDOW newest AS (ORDER BY id"
                         " DESC)) WHERE place>?1 OR at<?2 OR (whole>?3 AND place>1))",
                         err));
    sqlite3_bind_int64(s, 1, setting_within(db, "receptor.keep_runs", KEEP_RUNS));
    sqlite3_bind_int64(s, 2, now - setting_within(db, "receptor.keep_days", KEEP_DAYS) * QK_DAY);
    sqlite3_bind_int64(s, 3, QK_APPORTION_KEPT_BYTES);
    return qk_db_run(db, s, err);
}

qk_code qk_apportion_end(qk_db *db, const qk_apportion_info *info, qk_str packed, qk_time now,
                         qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "UPDATE apportion_run SET state=?,ended=?,reason=?,bytes=?,report=? WHERE"
                         " id=? AND state='running'",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(qk_apportion_state_name(info->state)));
    sqlite3_bind_int64(s, 2, now);
    qk_db_bind_str(s, 3, qk_str_of(info->reason));
    sqlite3_bind_int64(s, 4, (int64_t)packed.len);
    qk_db_bind_blob(s, 5, packed.len ? packed.ptr : NULL, packed.len);
    sqlite3_bind_int64(s, 6, info->id);
    QK_TRY(qk_db_run(db, s, err));
    return let_go(db, now, err);
}

qk_code qk_apportion_break(qk_db *db, qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(
        &s, db, "UPDATE apportion_run SET state='broken',ended=? WHERE state='running'", err));
    sqlite3_bind_int64(s, 1, now);
    return qk_db_run(db, s, err);
}

/* ---- reading ---- */

static qk_time column_time(sqlite3_stmt *s, int c)
{
    return sqlite3_column_type(s, c) == SQLITE_NULL ? QK_TIME_NONE : sqlite3_column_int64(s, c);
}

static void take_row(qk_apportion_info *out, sqlite3_stmt *s)
{
    qk_apportion_options *o = &out->options;
    *out = (qk_apportion_info){.id = sqlite3_column_int64(s, 0)};
    out->state = state_of(qk_db_text(s, 1));
    out->form = sqlite3_column_int(s, 2);
    out->at = sqlite3_column_int64(s, 3);
    out->ended = column_time(s, 4);
    qk_str_copy(out->who, sizeof out->who, qk_db_text(s, 5));
    qk_str_copy(out->title, sizeof out->title, qk_db_text(s, 6));
    qk_str_copy(out->site, sizeof out->site, qk_db_text(s, 7));
    out->from = column_time(s, 8);
    out->to = column_time(s, 9);
    qk_str_copy(out->input, sizeof out->input, qk_db_text(s, 10));
    qk_str_copy(out->program, sizeof out->program, qk_db_text(s, 11));
    out->samples = (size_t)sqlite3_column_int64(s, 12);
    out->species = (size_t)sqlite3_column_int64(s, 13);
    out->bytes = (size_t)sqlite3_column_int64(s, 14);
    o->factors = (size_t)sqlite3_column_int64(s, 15);
    o->runs = (size_t)sqlite3_column_int64(s, 16);
    o->bootstraps = (size_t)sqlite3_column_int64(s, 17);
    o->displacement = sqlite3_column_int(s, 18) != 0;
    o->robust = sqlite3_column_int(s, 19) != 0;
    o->extra = sqlite3_column_double(s, 20);
    o->seed = (uint64_t)sqlite3_column_int64(s, 21);
    qk_str_copy(out->reason, sizeof out->reason, qk_db_text(s, 22));
    out->per_mille = out->state == QK_APPORTION_DONE ? 1000 : 0;
}

qk_code qk_apportion_list(qk_apportion_info *out, size_t *n, qk_db *db, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    *n = 0;
    QK_TRY(qk_db_prepare(&s, db, "SELECT " COLUMNS " FROM apportion_run ORDER BY id DESC LIMIT ?",
                         err));
    sqlite3_bind_int64(s, 1, QK_APPORTION_LIST);
    while ((code = qk_db_step(db, s, err)) == QK_OK) take_row(&out[(*n)++], s);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_apportion_kept(qk_apportion_info *out, qk_buf *report, qk_db *db, int64_t id,
                          qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT " COLUMNS ",report FROM apportion_run WHERE id=?", err));
    sqlite3_bind_int64(s, 1, id);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return qk_fail(err, code, "there is no run of this number");
    if (code != QK_OK) return code;
    take_row(out, s);
    const void *bytes = sqlite3_column_blob(s, 23);
    size_t len = (size_t)sqlite3_column_bytes(s, 23);
    if (report && bytes && len) code = unpack(report, bytes, len, err);
    sqlite3_reset(s);
    return code;
}
