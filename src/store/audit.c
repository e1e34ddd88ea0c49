/* SPDX-License-Identifier: Apache-2.0 */
#include "store/audit.h"
#include "base/json.h"
#include <endian.h>
#include <stdio.h>

static void hash_number(qk_sha256 *hash, int64_t v)
{
    uint64_t le = htole64((uint64_t)v);
    qk_sha256_update(hash, &le, sizeof le);
}

static void hash_text(qk_sha256 *hash, qk_str text)
{
    hash_number(hash, (int64_t)text.len);
    qk_sha256_update(hash, text.ptr, text.len);
}

static void hash_line(uint8_t out[QK_SHA256_BYTES], const uint8_t prev[QK_SHA256_BYTES],
                      const qk_audit_line *line)
{
    static const char kind[] = "qk-audit-1";
    qk_sha256 hash;
    qk_sha256_init(&hash);
    qk_sha256_update(&hash, kind, sizeof kind - 1);
    qk_sha256_update(&hash, prev, QK_SHA256_BYTES);
    hash_number(&hash, line->seq);
    hash_number(&hash, line->at);
    hash_text(&hash, line->who);
    hash_text(&hash, line->what);
    hash_text(&hash, line->object);
    hash_text(&hash, line->detail);
    qk_sha256_final(&hash, out);
}

static void copy_hash(uint8_t out[QK_SHA256_BYTES], sqlite3_stmt *stmt, int column)
{
    const void *bytes = sqlite3_column_blob(stmt, column);
    memset(out, 0, QK_SHA256_BYTES);
    if (bytes && sqlite3_column_bytes(stmt, column) == QK_SHA256_BYTES)
        memcpy(out, bytes, QK_SHA256_BYTES);
}

qk_code qk_audit_hash(qk_db *db, int64_t seq, uint8_t hash[QK_SHA256_BYTES], qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    QK_TRY(qk_db_prepare(&stmt, db, "SELECT hash FROM audit WHERE seq = ?1", err));
    sqlite3_bind_int64(stmt, 1, seq);
    qk_code code = qk_db_step(db, stmt, err);
    if (code == QK_ENOTFOUND)
        return qk_fail(err, QK_ENOTFOUND, "the audit log has no line %lld", (long long)seq);
    if (code == QK_OK) copy_hash(hash, stmt, 0);
    sqlite3_reset(stmt);
    return code;
}

qk_code qk_audit_head(qk_db *db, int64_t *seq, uint8_t hash[QK_SHA256_BYTES], qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    *seq = 0;
    memset(hash, 0, QK_SHA256_BYTES);
    QK_TRY(qk_db_prepare(&stmt, db, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", err));
    qk_code code = qk_db_step(db, stmt, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    if (code == QK_OK) {
        *seq = sqlite3_column_int64(stmt, 0);
        copy_hash(hash, stmt, 1);
    }
    sqlite3_reset(stmt);
    return code;
}

size_t qk_audit_anchor_put(char out[QK_AUDIT_ANCHOR], const qk_audit_anchor *anchor)
{
    char hex[2 * QK_SHA256_BYTES + 1];
    qk_hex(hex, anchor->hash, sizeof anchor->hash);
    int n =
        snprintf(out, QK_AUDIT_ANCHOR, "{\"input\":\"audit_head\",\"seq\":%lld,\"hash\":\"%s\"}",
                 (long long)anchor->seq, hex);
    return (size_t)n;
}

static bool read_hex(uint8_t out[QK_SHA256_BYTES], qk_str hex)
{
    if (hex.len != 2 * QK_SHA256_BYTES) return false;
    for (size_t i = 0; i < hex.len; i++) {
        char c = hex.ptr[i];
        int v = qk_is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (v < 0) return false;
        out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] | v : v << 4);
    }
    return true;
}

bool qk_audit_anchor_parse(qk_audit_anchor *anchor, qk_str text)
{
    qk_arena arena;
    qk_json_value *v = NULL;
    if (text.len >= QK_AUDIT_ANCHOR) return false;
    qk_arena_init(&arena, 16 << 10);
    bool ok = qk_json_parse(&v, text, &arena, NULL) == QK_OK &&
              qk_str_eq(qk_json_get_str(v, "input"), QK_STR("audit_head")) &&
              qk_json_get_i64(v, "seq", &anchor->seq) &&
              read_hex(anchor->hash, qk_json_get_str(v, "hash"));
    qk_arena_clear(&arena);
    return ok;
}

/* The highest number ever given, which outlives the line that bore it. */
static qk_code highest_given(qk_db *db, int64_t *seq, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    *seq = 0;
    QK_TRY(qk_db_prepare(&stmt, db, "SELECT seq FROM sqlite_sequence WHERE name = 'audit'", err));
    qk_code code = qk_db_step(db, stmt, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    if (code == QK_OK) *seq = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return code;
}

static qk_code check_text(qk_str text, qk_error *err)
{
    if (text.len > QK_AUDIT_TEXT_MAX)
        return qk_fail(err, QK_ERANGE, "%zu bytes are too long for the audit log", text.len);
    if (!qk_utf8_valid(text))
        return qk_fail(err, QK_EFORMAT, "a text for the audit log is not UTF-8");
    return QK_OK;
}

static qk_code insert_line(qk_db *db, const qk_audit_line *line, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    int64_t last = 0;
    uint8_t prev[QK_SHA256_BYTES];
    uint8_t hash[QK_SHA256_BYTES];
    QK_TRY(qk_audit_head(db, &last, prev, err));
    hash_line(hash, prev, line);
    QK_TRY(
        qk_db_prepare(&stmt, db, "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", err));
    sqlite3_bind_int64(stmt, 1, line->seq);
    sqlite3_bind_int64(stmt, 2, line->at);
    qk_db_bind_str(stmt, 3, line->who);
    qk_db_bind_str(stmt, 4, line->what);
    qk_db_bind_str(stmt, 5, line->object);
    qk_db_bind_str(stmt, 6, line->detail);
    qk_db_bind_blob(stmt, 7, prev, sizeof prev);
    qk_db_bind_blob(stmt, 8, hash, sizeof hash);
    return qk_db_run(db, stmt, err);
}

static qk_str not_null(qk_str text)
{
    return text.ptr ? text : QK_STR("");
}

qk_code qk_audit_append(qk_db *db, int64_t *seq, const qk_audit_line *line, qk_error *err)
{
    qk_audit_line full = {.at = line->at,
                          .who = not_null(line->who),
                          .what = not_null(line->what),
                          .object = not_null(line->object),
                          .detail = not_null(line->detail)};
    QK_TRY(check_text(full.who, err));
    QK_TRY(check_text(full.what, err));
    QK_TRY(check_text(full.object, err));
    QK_TRY(check_text(full.detail, err));
    QK_TRY(qk_db_begin(db, err));
    qk_code code = highest_given(db, &full.seq, err);
    full.seq++;
    if (code == QK_OK) code = insert_line(db, &full, err);
    code = qk_db_end(db, code, err);
    if (code == QK_OK && seq) *seq = full.seq;
    return code;
}

static const char lines_from[] = "SELECT seq, at, who, what, object, detail, prev, hash FROM audit"
                                 " WHERE seq >= ?1 ORDER BY seq";

static void line_of_row(qk_audit_line *line, sqlite3_stmt *stmt)
{
    *line = (qk_audit_line){.seq = sqlite3_column_int64(stmt, 0),
                            .at = sqlite3_column_int64(stmt, 1),
                            .who = qk_db_text(stmt, 2),
                            .what = qk_db_text(stmt, 3),
                            .object = qk_db_text(stmt, 4),
                            .detail = qk_db_text(stmt, 5)};
}

qk_code qk_audit_read(qk_db *db, int64_t from, uint32_t limit, qk_audit_fn *fn, void *context,
                      qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    QK_TRY(qk_db_prepare(&stmt, db, lines_from, err));
    sqlite3_bind_int64(stmt, 1, from);
    qk_code code = QK_OK;
    for (uint32_t n = 0; n < limit && code == QK_OK; n++) {
        code = qk_db_step(db, stmt, err);
        if (code != QK_OK) break;
        qk_audit_line line;
        line_of_row(&line, stmt);
        code = fn(context, &line);
    }
    sqlite3_reset(stmt);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* ---- verifying ---- */

typedef struct walk {
    qk_audit_check *out;
    qk_audit_fault_fn *fault;
    void *context;
    int64_t expected;
} walk;

static void tell(walk *w, int64_t seq, const char *text)
{
    w->out->faults++;
    if (!w->out->first_fault) w->out->first_fault = seq;
    if (w->fault) w->fault(w->context, seq, text);
}

static void check_line(walk *w, sqlite3_stmt *stmt)
{
    qk_audit_line line;
    uint8_t prev[QK_SHA256_BYTES];
    uint8_t hash[QK_SHA256_BYTES];
    uint8_t computed[QK_SHA256_BYTES];
    line_of_row(&line, stmt);
    copy_hash(prev, stmt, 6);
    copy_hash(hash, stmt, 7);
    hash_line(computed, prev, &line);
    if (line.seq != w->expected)
        tell(w, w->expected, "lines are missing before this number's place");
    else if (memcmp(prev, w->out->head, sizeof prev) != 0)
        tell(w, line.seq, "the line does not follow the one before it");
    if (memcmp(hash, computed, sizeof hash) != 0) tell(w, line.seq, "the line was changed");
    memcpy(w->out->head, hash, sizeof hash);
    w->expected = line.seq + 1;
    w->out->lines++;
}

qk_code qk_audit_verify(qk_audit_check *out, qk_db *db, qk_audit_fault_fn *fault, void *context,
                        qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    int64_t highest = 0;
    *out = (qk_audit_check){0};
    walk w = {out, fault, context, 1};
    QK_TRY(qk_db_begin(db, err)); /* one state of the log, also beside its writer */
    qk_code code = highest_given(db, &highest, err);
    if (code == QK_OK) code = qk_db_prepare(&stmt, db, lines_from, err);
    if (code == QK_OK) sqlite3_bind_int64(stmt, 1, INT64_MIN);
    while (code == QK_OK) {
        code = qk_db_step(db, stmt, err);
        if (code == QK_OK) check_line(&w, stmt);
    }
    if (stmt) sqlite3_reset(stmt);
    qk_db_rollback(db);
    if (code != QK_ENOTFOUND) return code;
    if (highest > w.expected - 1)
        tell(&w, w.expected, "the end of the log was cut off");
    else if (highest < w.expected - 1)
        tell(&w, w.expected - 1, "the count of lines was changed");
    return QK_OK;
}
