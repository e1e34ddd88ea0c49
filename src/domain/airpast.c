/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/airpast.h"
#include "base/csv.h"
#include "domain/airquality.h"
#include <stdlib.h>

enum { IMPORTS_MAX = 1000, CO_MOST = 200, MOST = 100000, MICRO_DECIMALS = 6 };

/* Columns of air_past, in the order of qk_pollutant. */
#define COLUMNS "so2,no2,pm10,pm25,co,o3"

/* ---- reading ---- */

qk_code qk_airpast_days(qk_airpast_day **out, size_t *n, qk_db *db, const char *site,
                        int32_t from_day, int32_t to_day, qk_time known_at, qk_arena *arena,
                        qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    size_t most = to_day < from_day ? 0 : (size_t)(to_day - from_day) + 1;
    *n = 0;
    *out = qk_arena_array(arena, most + 1, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for %zu days", most);
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT day," COLUMNS
                         " FROM air_past p WHERE site=?1 AND day BETWEEN ?2 AND ?3 AND import="
                         "(SELECT max(q.import) FROM air_past q JOIN air_import i ON i.id=q.import"
                         " WHERE q.site=?1 AND q.day=p.day AND i.recorded_at<=?4) ORDER BY day",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(site));
    sqlite3_bind_int(s, 2, from_day);
    sqlite3_bind_int(s, 3, to_day);
    sqlite3_bind_int64(s, 4, known_at == QK_TIME_NONE ? INT64_MAX : known_at);
    while ((code = qk_db_step(db, s, err)) == QK_OK && *n < most) {
        qk_airpast_day *d = &(*out)[(*n)++];
        d->day = sqlite3_column_int(s, 0);
        for (int p = 0; p < QK_POLLUTANTS; p++)
            d->micro[p] =
                sqlite3_column_type(s, p + 1) == SQLITE_NULL ? -1 : sqlite3_column_int64(s, p + 1);
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_airpast_imports(qk_airpast_import **out, size_t *n, qk_db *db, qk_arena *arena,
                           qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    *n = 0;
    *out = qk_arena_array(arena, IMPORTS_MAX, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for the imports");
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT id,rows,source,recorded_by,from_day,to_day,recorded_at"
                         " FROM air_import ORDER BY id DESC LIMIT 1000",
                         err));
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        qk_str source = qk_db_text(s, 2), by = qk_db_text(s, 3);
        qk_airpast_import *i = &(*out)[(*n)++];
        *i = (qk_airpast_import){.id = sqlite3_column_int64(s, 0),
                                 .rows = sqlite3_column_int64(s, 1),
                                 .source = qk_arena_copy(arena, source.ptr, source.len),
                                 .recorded_by = qk_arena_copy(arena, by.ptr, by.len),
                                 .from_day = sqlite3_column_int(s, 4),
                                 .to_day = sqlite3_column_int(s, 5),
                                 .recorded_at = sqlite3_column_int64(s, 6)};
        if (i->source && i->recorded_by) continue;
        sqlite3_reset(s);
        return qk_fail(err, QK_ENOMEM, "no memory for the imports");
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* ---- importing ---- */

typedef struct taking {
    qk_csv_reader *reader;
    qk_db *db;
    const qk_registry *registry;
    size_t site_at, date_at, at[QK_POLLUTANTS];
    char site[QK_CODE_MAX]; /* of the row before, which is an evaluated station */
    int32_t today, first, last;
    int64_t import;
    qk_error *err;
} taking;

static qk_code refuse(taking *t, size_t column, const char *what)
{
    qk_code code = qk_fail(t->err, QK_EFORMAT, "%s", what);
    qk_error_at(t->err, "csv", qk_csv_line(t->reader),
                column == SIZE_MAX ? 0 : (uint32_t)column + 1);
    return code;
}

static qk_code find_columns(taking *t)
{
    bool any = false;
    t->site_at = qk_csv_column(t->reader, "site");
    t->date_at = qk_csv_column(t->reader, "date");
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        t->at[p] = qk_csv_column(t->reader, qk_pollutant_name((qk_pollutant)p));
        any = any || t->at[p] != SIZE_MAX;
    }
    if (t->site_at != SIZE_MAX && t->date_at != SIZE_MAX && any) return QK_OK;
    qk_code code = qk_fail(t->err, QK_EFORMAT,
                           "the columns site, date and one of SO2, NO2, CO, "
                           "O3, PM10, PM2.5 are needed");
    qk_error_at(t->err, "csv", 1, 0);
    return code;
}

static qk_code read_value(taking *t, const qk_str *cells, int p, int64_t *micro)
{
    qk_dec d, wide;
    size_t at = t->at[p];
    *micro = -1;
    if (at == SIZE_MAX || qk_csv_missing(qk_str_trim(cells[at]))) return QK_OK;
    if (qk_dec_parse(&d, qk_str_trim(cells[at])) != QK_OK) return refuse(t, at, "is no number");
    if (d.mantissa < 0 || qk_dec_cmp(d, (qk_dec){p == QK_CO ? CO_MOST : MOST, 0}) > 0)
        return refuse(t, at, "is no concentration that can be (wrong unit?)");
    if (qk_dec_round(&wide, d, MICRO_DECIMALS) != QK_OK)
        return refuse(t, at, "has too many digits");
    *micro = wide.mantissa;
    return QK_OK;
}

static qk_code read_head(taking *t, const qk_str *cells, int32_t *day)
{
    qk_site site;
    qk_time at = 0;
    qk_str id = qk_str_trim(cells[t->site_at]);
    if (!qk_str_eq(id, qk_str_of(t->site))) {
        if (!qk_registry_site(t->registry, &site, id) || !qk_air_is_evaluated(site.kind))
            return refuse(t, t->site_at, "there is no evaluated station of this id");
        qk_str_copy(t->site, sizeof t->site, id);
    }
    qk_str date = qk_str_trim(cells[t->date_at]);
    if (date.len != 10 || qk_time_parse(&at, date) != QK_OK)
        return refuse(t, t->date_at, "is no date of ISO 8601");
    *day = qk_day_number(at);
    return *day >= t->today ? refuse(t, t->date_at, "is a day that is not over") : QK_OK;
}

static qk_code put_row(taking *t, int32_t day, const int64_t micro[QK_POLLUTANTS])
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, t->db,
                         "INSERT INTO air_past(site,day,import," COLUMNS
                         ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9) ON CONFLICT DO NOTHING",
                         t->err));
    qk_db_bind_str(s, 1, qk_str_of(t->site));
    sqlite3_bind_int(s, 2, day);
    sqlite3_bind_int64(s, 3, t->import);
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        if (micro[p] < 0)
            sqlite3_bind_null(s, p + 4);
        else
            sqlite3_bind_int64(s, p + 4, micro[p]);
    }
    return qk_db_run(t->db, s, t->err);
}

static qk_code take_rows(taking *t, size_t *rows)
{
    const qk_str *cells;
    int64_t micro[QK_POLLUTANTS];
    int32_t day = 0;
    qk_code code;
    QK_TRY(find_columns(t));
    while ((code = qk_csv_next(t->reader, &cells, t->err)) == QK_OK) {
        QK_TRY(read_head(t, cells, &day));
        for (int p = 0; p < QK_POLLUTANTS; p++) QK_TRY(read_value(t, cells, p, &micro[p]));
        QK_TRY(put_row(t, day, micro));
        if (sqlite3_changes(qk_db_handle(t->db)) == 0)
            return refuse(t, t->date_at, "stands twice for its station");
        if (!*rows || day < t->first) t->first = day;
        if (!*rows || day > t->last) t->last = day;
        if (++*rows > QK_AIRPAST_ROWS_MAX)
            return qk_fail(t->err, QK_EFULL, "more than %d rows", QK_AIRPAST_ROWS_MAX);
    }
    if (code != QK_ENOTFOUND) return code;
    return *rows ? QK_OK : qk_fail(t->err, QK_EFORMAT, "the CSV has no rows");
}

static qk_code put_import(taking *t, qk_str source, qk_str by, qk_time now)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, t->db,
                         "INSERT INTO air_import(source,rows,from_day,to_day,recorded_at,"
                         "recorded_by) VALUES(?,0,0,0,?,?)",
                         t->err));
    qk_db_bind_str(s, 1, source);
    sqlite3_bind_int64(s, 2, now);
    qk_db_bind_str(s, 3, by);
    QK_TRY(qk_db_run(t->db, s, t->err));
    t->import = sqlite3_last_insert_rowid(qk_db_handle(t->db));
    return QK_OK;
}

static qk_code end_import(taking *t, size_t rows)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, t->db, "UPDATE air_import SET rows=?,from_day=?,to_day=? WHERE id=?",
                         t->err));
    sqlite3_bind_int64(s, 1, (int64_t)rows);
    sqlite3_bind_int(s, 2, t->first);
    sqlite3_bind_int(s, 3, t->last);
    sqlite3_bind_int64(s, 4, t->import);
    return qk_db_run(t->db, s, t->err);
}

qk_code qk_airpast_csv(size_t *rows, qk_db *db, const qk_registry *registry, qk_str csv,
                       qk_str source, qk_str by, qk_time now, qk_error *err)
{
    taking t = {.db = db, .registry = registry, .today = qk_day_number(now), .err = err};
    *rows = 0;
    source = qk_str_trim(source);
    if (source.len == 0 || source.len > QK_AIRPAST_SOURCE_MAX)
        return qk_fail(err, QK_EINVAL, "an import names its source in 1 to %d bytes",
                       QK_AIRPAST_SOURCE_MAX);
    QK_TRY(qk_csv_open_text(&t.reader, csv, "csv", 0, err));
    qk_code code = put_import(&t, source, by, now);
    if (!code) code = take_rows(&t, rows);
    if (!code) code = end_import(&t, *rows);
    qk_csv_close(t.reader);
    return code;
}
