/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/forecast_weather.h"
#include "base/text.h"
#include <math.h>
#include <stdlib.h>

enum { NAME_MAX_BYTES = 63 };

qk_code qk_forecasts_weather_put(qk_db *db, int32_t issued, int32_t lead, qk_str name, double value,
                                 qk_str by, qk_time now, qk_error *err)
{
    sqlite3_stmt *s;
    if (lead < 1 || lead > QK_LAGGED_LEADS || name.len == 0 || name.len > NAME_MAX_BYTES ||
        !isfinite(value))
        return qk_fail(err, QK_EINVAL,
                       "no cell of a weather forecast: lead 1 to %d, a name, a "
                       "number",
                       QK_LAGGED_LEADS);
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO forecast_weather VALUES (?,?,?,?,?,?)"
                         " ON CONFLICT DO NOTHING",
                         err));
    sqlite3_bind_int64(s, 1, issued);
    sqlite3_bind_int64(s, 2, lead);
    qk_db_bind_str(s, 3, name);
    sqlite3_bind_double(s, 4, value);
    sqlite3_bind_int64(s, 5, now);
    qk_db_bind_str(s, 6, by);
    return qk_db_run(db, s, err);
}

typedef struct names {
    char text[QK_LAGGED_COLUMNS][NAME_MAX_BYTES + 1];
    size_t n;
} names;

static qk_code load_names(names *out, qk_db *db, int32_t from, int32_t to, qk_error *err)
{
    sqlite3_stmt *s;
    qk_code code;
    out->n = 0;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT DISTINCT name FROM forecast_weather WHERE issued BETWEEN ? AND ?"
                         " ORDER BY name",
                         err));
    sqlite3_bind_int64(s, 1, from);
    sqlite3_bind_int64(s, 2, to);
    while ((code = qk_db_step(db, s, err)) == QK_OK && out->n < QK_LAGGED_COLUMNS)
        qk_str_copy(out->text[out->n++], sizeof *out->text, qk_db_text(s, 0));
    sqlite3_reset(s);
    return code == QK_OK || code == QK_ENOTFOUND ? QK_OK : code;
}

static void take_cell(qk_weather_archive *a, double *cells, const names *n, sqlite3_stmt *s)
{
    size_t issue = (size_t)(sqlite3_column_int64(s, 0) - a->first_issue);
    size_t lead = (size_t)sqlite3_column_int64(s, 1);
    qk_str name = qk_db_text(s, 2);
    for (size_t v = 0; v < n->n; v++)
        if (qk_str_eq(qk_str_of(n->text[v]), name))
            cells[(issue * a->leads + lead - 1) * a->columns + v] = sqlite3_column_double(s, 3);
}

qk_code qk_forecasts_weather_load(qk_weather_archive *out, double **cells, qk_db *db, int32_t from,
                                  int32_t to, qk_error *err)
{
    names n;
    sqlite3_stmt *s;
    qk_code code;
    *cells = NULL;
    *out = (qk_weather_archive){.first_issue = from, .leads = QK_LAGGED_LEADS};
    if (to < from || (int64_t)to - from >= QK_LAGGED_DAYS)
        return qk_fail(err, QK_EINVAL, "weather of 1 to %d days of issue", QK_LAGGED_DAYS);
    QK_TRY(load_names(&n, db, from, to, err));
    out->issues = (size_t)(to - from) + 1;
    out->columns = n.n;
    size_t count = out->issues * out->leads * out->columns;
    *cells = malloc((count + 1) * sizeof **cells);
    if (!*cells)
        return qk_fail(err, QK_ENOMEM, "no memory for the weather of %zu days", out->issues);
    for (size_t i = 0; i < count; i++) (*cells)[i] = NAN;
    out->value = *cells;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT issued,lead,name,value FROM forecast_weather"
                         " WHERE issued BETWEEN ? AND ?",
                         err));
    sqlite3_bind_int64(s, 1, from);
    sqlite3_bind_int64(s, 2, to);
    while ((code = qk_db_step(db, s, err)) == QK_OK) take_cell(out, *cells, &n, s);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static void write_lead(qk_json_writer *w, const qk_weather_archive *a, size_t lead)
{
    char date[QK_TIME_TEXT];
    qk_time day = (qk_time)(a->first_issue + (int32_t)lead) * QK_DAY - QK_CST_OFFSET;
    qk_json_object(w);
    qk_json_kcstr(w, "date", qk_date_iso(date, day));
    qk_json_ki64(w, "lead", (int64_t)lead);
    qk_json_key(w, "values");
    qk_json_array(w);
    for (size_t v = 0; v < a->columns; v++) qk_json_f64(w, a->value[(lead - 1) * a->columns + v]);
    qk_json_end(w);
    qk_json_end(w);
}

qk_code qk_forecasts_weather_write(qk_json_writer *w, qk_db *db, int32_t issued, qk_error *err)
{
    qk_weather_archive a;
    double *cells;
    names n;
    char date[QK_TIME_TEXT];
    qk_code code = qk_forecasts_weather_load(&a, &cells, db, issued, issued, err);
    if (code == QK_OK) code = load_names(&n, db, issued, issued, err);
    if (code == QK_OK && a.columns == 0) {
        qk_json_null(w);
    } else if (code == QK_OK) {
        qk_json_object(w);
        qk_json_kcstr(w, "issued", qk_date_iso(date, (qk_time)issued * QK_DAY - QK_CST_OFFSET));
        qk_json_key(w, "columns");
        qk_json_array(w);
        for (size_t v = 0; v < n.n; v++) qk_json_str(w, qk_str_of(n.text[v]));
        qk_json_end(w);
        qk_json_key(w, "days");
        qk_json_array(w);
        for (size_t lead = 1; lead <= a.leads; lead++) write_lead(w, &a, lead);
        qk_json_end(w);
        qk_json_end(w);
    }
    free(cells);
    return code;
}

/* ---- CSV ---- */

typedef struct weather_columns {
    size_t issued, lead, date;
} weather_columns;

static qk_code refuse_cell(qk_csv_reader *csv, size_t column, const char *text, qk_error *err)
{
    qk_fail(err, QK_EFORMAT, "%s", text);
    qk_error_at(err, "csv", qk_csv_line(csv), (uint32_t)column + 1);
    return QK_EFORMAT;
}

static qk_code take_weather_row(qk_db *db, qk_csv_reader *csv, const qk_str *cells,
                                const weather_columns *at, qk_str by, qk_time now, qk_error *err)
{
    qk_time issued;
    int64_t lead;
    if (qk_time_parse(&issued, qk_str_trim(cells[at->issued])) != QK_OK)
        return refuse_cell(csv, at->issued, "no date", err);
    if (qk_parse_i64(&lead, qk_str_trim(cells[at->lead])) != QK_OK || lead < 1 ||
        lead > QK_LAGGED_LEADS)
        return refuse_cell(csv, at->lead, "no lead of 1 to 16 days", err);
    for (size_t c = 0; c < qk_csv_columns(csv); c++) {
        double v;
        qk_str cell = qk_str_trim(cells[c]);
        if (c == at->issued || c == at->lead || c == at->date || qk_csv_missing(cell)) continue;
        if (qk_parse_f64(&v, cell) != QK_OK) return refuse_cell(csv, c, "no number", err);
        QK_TRY(qk_forecasts_weather_put(db, qk_day_number(issued), (int32_t)lead,
                                        qk_csv_header(csv, c), v, by, now, err));
    }
    return QK_OK;
}

static qk_code take_weather_rows(size_t *rows, qk_db *db, qk_csv_reader *csv, qk_str by,
                                 qk_time now, qk_error *err)
{
    const qk_str *cells;
    weather_columns at = {qk_csv_column(csv, "issued"), qk_csv_column(csv, "lead"),
                          qk_csv_column(csv, "date")};
    qk_code code;
    if (at.issued == SIZE_MAX || at.lead == SIZE_MAX)
        return qk_fail(err, QK_EFORMAT, "columns 'issued' and 'lead' are due");
    while ((code = qk_csv_next(csv, &cells, err)) == QK_OK) {
        if (++*rows > QK_FORECAST_WEATHER_ROWS)
            return qk_fail(err, QK_EFORMAT, "at most %d rows at once", QK_FORECAST_WEATHER_ROWS);
        QK_TRY(take_weather_row(db, csv, cells, &at, by, now, err));
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_forecasts_weather_csv(size_t *rows, qk_db *db, qk_str text, qk_str by, qk_time now,
                                 qk_error *err)
{
    qk_csv_reader *csv = NULL;
    *rows = 0;
    qk_code code = qk_csv_open_text(&csv, text, "csv", ',', err);
    if (code == QK_OK) code = take_weather_rows(rows, db, csv, by, now, err);
    qk_csv_close(csv);
    return code;
}

qk_code qk_forecasts_weather_wind(double *from_deg, double *speed_ms, int32_t *issued, qk_db *db,
                                  int32_t day, int32_t known, qk_error *err)
{
    sqlite3_stmt *s;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT u.issued, u.value, v.value FROM forecast_weather u JOIN"
                         " forecast_weather v ON v.issued=u.issued AND v.lead=u.lead"
                         " AND v.name='v_ms' WHERE u.name='u_ms' AND u.issued<=?1"
                         " AND u.issued>=?2-16 AND u.issued+u.lead=?2"
                         " ORDER BY u.issued DESC LIMIT 1",
                         err));
    sqlite3_bind_int64(s, 1, known);
    sqlite3_bind_int64(s, 2, day);
    qk_code code = qk_db_step(db, s, err);
    double u = 0, v = 0;
    if (code == QK_OK) {
        *issued = (int32_t)sqlite3_column_int64(s, 0);
        u = sqlite3_column_double(s, 1);
        v = sqlite3_column_double(s, 2);
    }
    sqlite3_reset(s);
    *speed_ms = hypot(u, v);
    *from_deg = fmod(atan2(-u, -v) * 57.29577951308232 + 360, 360);
    if (code == QK_OK && *speed_ms < 0.05) code = QK_ENOTFOUND;
    return code == QK_ENOTFOUND ? qk_fail(err, code, "no wind is forecast for that day") : code;
}
