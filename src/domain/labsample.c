/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/labsample.h"
#include "base/csv.h"
#include "base/decimal.h"
#include <stdlib.h>

enum { INSTITUTION, REPORT, POINT, ITEM, AT, VALUE, PERSON, TOLD, UNIT, COLUMNS, NEEDED = PERSON };
static const char *const columns[COLUMNS] = {"institution", "report",      "point",
                                             "item",        "sampled_at",  "value",
                                             "person",      "reported_at", "unit"};

typedef struct taking {
    qk_csv_reader *reader;
    qk_db *db;
    size_t at[COLUMNS];
    qk_str cell[COLUMNS];
    qk_time sampled, told;
    qk_str by;
    qk_time now;
    qk_error *err;
} taking;

static qk_code refuse(taking *t, int column, const char *what)
{
    qk_code code = qk_fail(t->err, QK_EFORMAT, "%s: %s", columns[column], what);
    size_t at = t->at[column];
    qk_error_at(t->err, "csv", qk_csv_line(t->reader), at == SIZE_MAX ? 0 : (uint32_t)at + 1);
    return code;
}

static qk_code find_columns(taking *t)
{
    for (int i = 0; i < COLUMNS; i++) {
        t->at[i] = qk_csv_column(t->reader, columns[i]);
        if (t->at[i] != SIZE_MAX || i >= NEEDED) continue;
        qk_code code = qk_fail(t->err, QK_EFORMAT, "no column '%s'", columns[i]);
        qk_error_at(t->err, "csv", 1, 0);
        return code;
    }
    return QK_OK;
}

static qk_code read_row(taking *t, const qk_str *cells)
{
    qk_dec value;
    for (int i = 0; i < COLUMNS; i++) {
        t->cell[i] = t->at[i] == SIZE_MAX ? QK_STR("") : qk_str_trim(cells[t->at[i]]);
        if (t->cell[i].len > QK_LAB_TEXT_MAX) return refuse(t, i, "too long");
        if (!qk_utf8_valid(t->cell[i])) return refuse(t, i, "is not UTF-8");
        if (i < NEEDED && !t->cell[i].len) return refuse(t, i, "is needed");
    }
    if (qk_time_parse(&t->sampled, t->cell[AT]) != QK_OK)
        return refuse(t, AT, "is no time of ISO 8601");
    t->told = QK_TIME_NONE;
    if (t->cell[TOLD].len && qk_time_parse(&t->told, t->cell[TOLD]) != QK_OK)
        return refuse(t, TOLD, "is no time of ISO 8601");
    /* Below the limit of detection a report writes "<0.5" or "ND". */
    qk_str digits = t->cell[VALUE];
    if (qk_str_starts(digits, QK_STR("<"))) digits = (qk_str){digits.ptr + 1, digits.len - 1};
    if (!qk_str_eq(digits, QK_STR("ND")) && qk_dec_parse(&value, digits) != QK_OK)
        return refuse(t, VALUE, "is neither a number, nor <number, nor ND");
    return QK_OK;
}

static qk_code put_row(taking *t, bool *fresh)
{
    static const int texts[] = {INSTITUTION, PERSON, REPORT, POINT, ITEM};
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, t->db,
                         "INSERT INTO lab_sample(institution,person,report,point,item,at,told,"
                         "value,unit,recorded_at,recorded_by) VALUES(?,?,?,?,?,?,?,?,?,?,?)"
                         " ON CONFLICT DO NOTHING",
                         t->err));
    for (int i = 0; i < 5; i++) qk_db_bind_str(s, i + 1, t->cell[texts[i]]);
    sqlite3_bind_int64(s, 6, t->sampled);
    if (t->told == QK_TIME_NONE)
        sqlite3_bind_null(s, 7);
    else
        sqlite3_bind_int64(s, 7, t->told);
    qk_db_bind_str(s, 8, t->cell[VALUE]);
    qk_db_bind_str(s, 9, t->cell[UNIT]);
    sqlite3_bind_int64(s, 10, t->now);
    qk_db_bind_str(s, 11, t->by);
    QK_TRY(qk_db_run(t->db, s, t->err));
    *fresh = sqlite3_changes(qk_db_handle(t->db)) > 0;
    return QK_OK;
}

static qk_code take_rows(taking *t, size_t *rows, size_t *fresh)
{
    const qk_str *cells;
    bool is_new;
    qk_code code;
    QK_TRY(find_columns(t));
    while ((code = qk_csv_next(t->reader, &cells, t->err)) == QK_OK) {
        QK_TRY(read_row(t, cells));
        QK_TRY(put_row(t, &is_new));
        *fresh += is_new;
        if (++*rows > QK_LAB_ROWS_MAX)
            return qk_fail(t->err, QK_EFULL, "more than %d rows", QK_LAB_ROWS_MAX);
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_lab_csv(size_t *rows, size_t *fresh, qk_db *db, qk_str csv, qk_str by, qk_time now,
                   qk_error *err)
{
    taking *t = calloc(1, sizeof *t);
    *rows = *fresh = 0;
    if (!t) return qk_fail(err, QK_ENOMEM, "no memory for the CSV");
    t->db = db;
    t->by = by;
    t->now = now;
    t->err = err;
    qk_code code = qk_csv_open_text(&t->reader, csv, "csv", 0, err);
    if (!code) code = take_rows(t, rows, fresh);
    qk_csv_close(t->reader);
    free(t);
    return code;
}

/* ---- reading ---- */

static qk_code read_sample(qk_lab_sample *out, sqlite3_stmt *s, qk_arena *arena, qk_error *err)
{
    const char *text[8];
    for (int i = 0; i < 8; i++) {
        qk_str t = qk_db_text(s, i + 1);
        text[i] = qk_arena_copy(arena, t.ptr, t.len);
        if (!text[i]) return qk_fail(err, QK_ENOMEM, "no memory for the samples");
    }
    bool told = sqlite3_column_type(s, 10) != SQLITE_NULL;
    *out = (qk_lab_sample){.id = sqlite3_column_int64(s, 0),
                           .institution = text[0],
                           .person = text[1],
                           .report = text[2],
                           .point = text[3],
                           .item = text[4],
                           .unit = text[6],
                           .at = sqlite3_column_int64(s, 9),
                           .told = told ? sqlite3_column_int64(s, 10) : QK_TIME_NONE,
                           .digits = qk_str_of(text[5]),
                           .recorded_at = sqlite3_column_int64(s, 11),
                           .recorded_by = text[7]};
    return QK_OK;
}

qk_code qk_lab_samples(qk_lab_sample **out, size_t *n, qk_db *db, const char *institution,
                       qk_time from, qk_time to, qk_arena *arena, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    size_t room = 256;
    qk_code code;
    *n = 0;
    *out = qk_arena_array(arena, room, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for the samples");
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT id,institution,person,report,point,item,value,unit,recorded_by,at,"
                         "told,recorded_at FROM lab_sample WHERE at>=?1 AND at<?2 AND (?3 IS NULL"
                         " OR institution=?3) ORDER BY id",
                         err));
    sqlite3_bind_int64(s, 1, from);
    sqlite3_bind_int64(s, 2, to);
    qk_db_bind_str(s, 3, qk_str_of(institution));
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        if (*n == QK_LAB_ROWS_MAX)
            code = qk_fail(err, QK_EFULL, "more than %d samples: ask for a shorter time",
                           QK_LAB_ROWS_MAX);
        if (!code && *n == room) {
            qk_lab_sample *grown = qk_arena_array(arena, 2 * room, sizeof *grown);
            if (grown) memcpy(grown, *out, room * sizeof *grown);
            if (grown) *out = grown, room *= 2;
            if (!grown) code = qk_fail(err, QK_ENOMEM, "no memory for the samples");
        }
        if (!code) code = read_sample(&(*out)[(*n)++], s, arena, err);
        if (code) break;
    }
    sqlite3_reset(s);
    return code == QK_ENOTFOUND ? QK_OK : code;
}
