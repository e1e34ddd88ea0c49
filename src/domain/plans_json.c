/* SPDX-License-Identifier: Apache-2.0 */
/* Plans, items and findings as JSON. */
#include "domain/plans.h"
#include "domain/dbjson.h"
#include <stdlib.h>

enum { PIECES_MAX = 512, DATA_ARENA = 8 << 20 };

/* ---- plans ---- */

#define PLAN_COLUMNS                                                                        \
    "SELECT p.id, p.status, p.title, p.doc_no, p.region, p.issued, p.year_from, p.year_to," \
    " p.source_sha256, f.type, f.size, u.name, p.version, p.recorded_at, p.recorded_by"     \
    " FROM plan p LEFT JOIN file f ON f.sha256 = p.source_sha256 LEFT JOIN file_use u ON"   \
    " u.sha256 = p.source_sha256 AND u.object = 'plan/' || p.id"

static qk_code put_counts(qk_json_writer *w, qk_db *db, const char *name, const char *sql,
                          qk_str plan, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, db, sql, err));
    qk_db_bind_str(s, 1, plan);
    qk_json_key(w, name);
    qk_json_object(w);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        qk_json_key_str(w, qk_db_text(s, 0));
        qk_json_i64(w, sqlite3_column_int64(s, 1));
    }
    qk_json_end(w);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code put_plan(qk_json_writer *w, qk_db *db, sqlite3_stmt *s, qk_error *err)
{
    char id[QK_PLAN_ID_MAX];
    qk_str_copy(id, sizeof id, qk_db_text(s, 0));
    qk_json_object(w);
    qk_dbjson_text(w, "id", s, 0);
    qk_dbjson_text(w, "status", s, 1);
    qk_dbjson_text(w, "title", s, 2);
    qk_dbjson_text(w, "doc_no", s, 3);
    qk_dbjson_text(w, "region", s, 4);
    qk_dbjson_day(w, "issued", s, 5);
    qk_json_ki64(w, "year_from", sqlite3_column_int64(s, 6));
    qk_json_ki64(w, "year_to", sqlite3_column_int64(s, 7));
    qk_json_key(w, "file");
    qk_json_object(w);
    qk_dbjson_text(w, "sha256", s, 8);
    qk_dbjson_text(w, "type", s, 9);
    qk_json_ki64(w, "size", sqlite3_column_int64(s, 10));
    qk_dbjson_text(w, "name", s, 11);
    qk_json_end(w);
    qk_dbjson_written(w, s, 12);
    QK_TRY(put_counts(w, db, "kinds",
                      "SELECT kind, COUNT(*) FROM plan_item WHERE plan = ?1 AND state <> 'rejected'"
                      " GROUP BY kind ORDER BY kind",
                      qk_str_of(id), err));
    QK_TRY(put_counts(w, db, "states",
                      "SELECT state, COUNT(*) FROM plan_item WHERE plan = ?1 GROUP BY state ORDER"
                      " BY state",
                      qk_str_of(id), err));
    QK_TRY(put_counts(w, db, "findings",
                      "SELECT state, COUNT(*) FROM plan_finding WHERE plan = ?1 GROUP BY state"
                      " ORDER BY state",
                      qk_str_of(id), err));
    qk_json_end(w);
    return QK_OK;
}

qk_code qk_plans_write_list(qk_json_writer *w, qk_db *db, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    int64_t n = 0;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, db, PLAN_COLUMNS " ORDER BY p.year_to DESC, p.id DESC", err));
    qk_dbjson_begin(w);
    for (; (code = qk_db_step(db, s, err)) == QK_OK; n++) QK_TRY(put_plan(w, db, s, err));
    qk_dbjson_end(w, n);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_plans_write_one(qk_json_writer *w, qk_db *db, qk_str plan, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, PLAN_COLUMNS " WHERE p.id = ?1", err));
    qk_db_bind_str(s, 1, plan);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return qk_fail(err, code, "there is no plan %.*s", QK_STR_ARG(plan));
    if (code == QK_OK) code = put_plan(w, db, s, err);
    sqlite3_reset(s);
    return code;
}

/* ---- items ---- */

static int compare_pieces(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return x[0] != y[0] ? (x[0] < y[0] ? -1 : 1) : (x[1] > y[1]) - (x[1] < y[1]);
}

static size_t collect_pieces(int64_t (*piece)[2], const qk_json_value *places)
{
    size_t n = 0;
    for (const qk_json_value *field = places->first; field; field = field->next)
        for (const qk_json_value *p = field->first; p && n < PIECES_MAX; p = p->next)
            if (p->first && p->first->next && qk_parse_i64(&piece[n][0], p->first->text) == QK_OK &&
                qk_parse_i64(&piece[n][1], p->first->next->text) == QK_OK)
                n++;
    return n;
}

/* All pieces of an item, joined where they touch. */
static void put_spans(qk_json_writer *w, const qk_json_value *places)
{
    int64_t piece[PIECES_MAX][2];
    size_t n = collect_pieces(piece, places);
    qsort(piece, n, sizeof piece[0], compare_pieces);
    qk_json_key(w, "spans");
    qk_json_array(w);
    for (size_t i = 0; i < n;) {
        int64_t from = piece[i][0], to = piece[i][1];
        for (i++; i < n && piece[i][0] <= to; i++)
            if (piece[i][1] > to) to = piece[i][1];
        qk_json_array(w);
        qk_json_i64(w, from);
        qk_json_i64(w, to);
        qk_json_end(w);
    }
    qk_json_end(w);
}

static qk_code put_item(qk_json_writer *w, sqlite3_stmt *s, qk_arena *arena, qk_error *err)
{
    qk_json_value *places = NULL;
    qk_arena_reset(arena);
    QK_TRY(qk_json_parse(&places, qk_db_text(s, 4), arena, err));
    qk_json_object(w);
    qk_dbjson_text(w, "path", s, 0);
    qk_json_ki64(w, "place", sqlite3_column_int64(s, 1));
    qk_dbjson_text(w, "kind", s, 2);
    qk_json_key(w, "data");
    qk_json_raw(w, qk_db_text(s, 3));
    put_spans(w, places);
    qk_json_key(w, "fields");
    qk_json_raw(w, qk_db_text(s, 4));
    qk_dbjson_text(w, "state", s, 5);
    qk_dbjson_text(w, "note", s, 6);
    qk_dbjson_written(w, s, 7);
    qk_json_end(w);
    return QK_OK;
}

#define ITEM_COLUMNS                                                                        \
    "SELECT path, place, kind, data, spans, state, note, version, recorded_at, recorded_by" \
    " FROM "

static qk_code put_items(qk_json_writer *w, int64_t *n, qk_db *db, sqlite3_stmt *s, qk_error *err)
{
    qk_arena arena;
    qk_code code;
    qk_arena_init(&arena, DATA_ARENA);
    qk_dbjson_begin(w);
    for (*n = 0; (code = qk_db_step(db, s, err)) == QK_OK; ++*n) {
        code = put_item(w, s, &arena, err);
        if (code != QK_OK) break;
    }
    qk_dbjson_end(w, *n);
    sqlite3_reset(s);
    qk_arena_clear(&arena);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_plans_write_items(qk_json_writer *w, qk_db *db, qk_str plan, qk_str kind, qk_str state,
                             qk_str below, qk_error *err)
{
    char status[12];
    int64_t n = 0;
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_plans_status(status, db, plan, err));
    QK_TRY(qk_db_prepare(&s, db,
                         ITEM_COLUMNS
                         "plan_item WHERE plan = ?1 AND (?2 = '' OR kind = ?2) AND (?3 = '' OR"
                         " state = ?3) AND (?4 = '' OR path = ?4 OR substr(path, 1, length(?4) +"
                         " 1) IN (?4 || '.', ?4 || '[')) ORDER BY place",
                         err));
    qk_db_bind_str(s, 1, plan);
    qk_dbjson_bind(s, 2, kind);
    qk_dbjson_bind(s, 3, state);
    qk_dbjson_bind(s, 4, below);
    return put_items(w, &n, db, s, err);
}

qk_code qk_plans_write_item(qk_json_writer *w, qk_db *db, qk_str plan, qk_str path, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_arena arena;
    QK_TRY(qk_db_prepare(&s, db, ITEM_COLUMNS "plan_item WHERE plan = ?1 AND path = ?2", err));
    qk_db_bind_str(s, 1, plan);
    qk_db_bind_str(s, 2, path);
    qk_arena_init(&arena, DATA_ARENA);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND)
        code = qk_fail(err, code, "there is no item %.*s", QK_STR_ARG(path));
    else if (code == QK_OK)
        code = put_item(w, s, &arena, err);
    sqlite3_reset(s);
    qk_arena_clear(&arena);
    return code;
}

qk_code qk_plans_write_item_history(qk_json_writer *w, qk_db *db, qk_str plan, qk_str path,
                                    qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         ITEM_COLUMNS "plan_item_history WHERE plan = ?1 AND path = ?2 ORDER BY"
                                      " version DESC",
                         err));
    qk_db_bind_str(s, 1, plan);
    qk_db_bind_str(s, 2, path);
    int64_t n = 0;
    QK_TRY(put_items(w, &n, db, s, err));
    return n ? QK_OK : qk_fail(err, QK_ENOTFOUND, "there is no item %.*s", QK_STR_ARG(path));
}

/* ---- findings ---- */

#define FINDING_COLUMNS \
    "SELECT no, code, severity, content, state, answer, version, recorded_at, recorded_by FROM "

static qk_code put_findings(qk_json_writer *w, int64_t *n, qk_db *db, sqlite3_stmt *s,
                            qk_error *err)
{
    qk_code code;
    qk_dbjson_begin(w);
    for (*n = 0; (code = qk_db_step(db, s, err)) == QK_OK; ++*n) {
        qk_json_object(w);
        qk_json_ki64(w, "no", sqlite3_column_int64(s, 0));
        qk_dbjson_text(w, "code", s, 1);
        qk_dbjson_text(w, "severity", s, 2);
        qk_json_key(w, "content");
        qk_json_raw(w, qk_db_text(s, 3));
        qk_dbjson_text(w, "state", s, 4);
        qk_dbjson_text(w, "answer", s, 5);
        qk_dbjson_written(w, s, 6);
        qk_json_end(w);
    }
    qk_dbjson_end(w, *n);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_plans_write_findings(qk_json_writer *w, qk_db *db, qk_str plan, qk_error *err)
{
    char status[12];
    int64_t n = 0;
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_plans_status(status, db, plan, err));
    QK_TRY(qk_db_prepare(&s, db, FINDING_COLUMNS "plan_finding WHERE plan = ?1 ORDER BY no", err));
    qk_db_bind_str(s, 1, plan);
    return put_findings(w, &n, db, s, err);
}

qk_code qk_plans_write_finding_history(qk_json_writer *w, qk_db *db, qk_str plan, int64_t no,
                                       qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         FINDING_COLUMNS "plan_finding_history WHERE plan = ?1 AND no = ?2 ORDER"
                                         " BY version DESC",
                         err));
    qk_db_bind_str(s, 1, plan);
    sqlite3_bind_int64(s, 2, no);
    int64_t n = 0;
    QK_TRY(put_findings(w, &n, db, s, err));
    return n ? QK_OK : qk_fail(err, QK_ENOTFOUND, "there is no finding %lld", (long long)no);
}
