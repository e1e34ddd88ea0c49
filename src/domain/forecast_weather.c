/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/forecast_weather.h"
#include "base/text.h"
#include "domain/weather_file.h"
#include "models/trajectory.h"
#include <math.h>
#include <stdlib.h>

enum { NAME_MAX_BYTES = 63 };

qk_code qk_forecasts_weather_put(bool *added, qk_db *db, int32_t issued, int32_t lead, qk_str name,
                                 double value, qk_str by, qk_time now, qk_error *err)
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
    QK_TRY(qk_db_run(db, s, err));
    if (added) *added = sqlite3_changes(qk_db_handle(db)) > 0;
    return QK_OK;
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

/* ---- files ---- */

enum { FAR_M = 50000, COUNTY_BYTES = 64 << 20 };

typedef struct csv_job {
    qk_forecast_weather_taken *taken;
    qk_db *db;
    qk_csv_reader *csv;
    size_t issued, lead, date, lon, lat;
    bool told[QK_CSV_COLUMNS_MAX]; /* columns of which a cell is there */
    const qk_forecast_weather_place *county;
    bool look;
    qk_str by;
    qk_time now;
} csv_job;

static qk_code refuse_cell(const csv_job *j, size_t column, qk_error *err)
{
    qk_error_at(err, "csv", qk_csv_line(j->csv), (uint32_t)column + 1);
    return QK_EFORMAT;
}

static bool is_value(const csv_job *j, size_t c)
{
    return c != j->issued && c != j->lead && c != j->date && c != j->lon && c != j->lat;
}

static qk_code cell_there(bool *there, qk_db *db, int32_t issued, int32_t lead, qk_str name,
                          qk_error *err)
{
    sqlite3_stmt *s;
    QK_TRY(qk_db_prepare(
        &s, db, "SELECT 1 FROM forecast_weather WHERE issued=? AND lead=? AND name=?", err));
    sqlite3_bind_int64(s, 1, issued);
    sqlite3_bind_int64(s, 2, lead);
    qk_db_bind_str(s, 3, name);
    qk_code code = qk_db_step(db, s, err);
    sqlite3_reset(s);
    *there = code == QK_OK;
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code take_value(csv_job *j, int32_t issued, int32_t lead, qk_str name, double v,
                          qk_error *err)
{
    bool there = false, added = false;
    if (j->look) {
        QK_TRY(cell_there(&there, j->db, issued, lead, name, err));
        added = !there;
    } else {
        QK_TRY(qk_forecasts_weather_put(&added, j->db, issued, lead, name, v, j->by, j->now, err));
    }
    *(added ? &j->taken->added : &j->taken->kept) += 1;
    return QK_OK;
}

/* Whether the row is of this county and of a time that can be. */
static qk_code check_row(const csv_job *j, const qk_str *cells, int32_t issued, int64_t lead,
                         qk_error *err)
{
    qk_time date;
    qk_place at;
    /* The run of the coming midnight bears tomorrow's date with some. */
    if (issued > qk_day_number(j->now) + 1) {
        qk_fail(err, QK_EFORMAT, "weather of another time: it is issued in the future");
        return refuse_cell(j, j->issued, err);
    }
    if (j->date != SIZE_MAX && !qk_csv_missing(qk_str_trim(cells[j->date])) &&
        (qk_time_parse(&date, qk_str_trim(cells[j->date])) != QK_OK ||
         qk_day_number(date) != issued + lead)) {
        qk_fail(err, QK_EFORMAT, "weather of another time: the date is not issued + lead");
        return refuse_cell(j, j->date, err);
    }
    if (j->lon == SIZE_MAX || j->lat == SIZE_MAX || !j->county) return QK_OK;
    if (qk_parse_f64(&at.lon, qk_str_trim(cells[j->lon])) != QK_OK ||
        qk_parse_f64(&at.lat, qk_str_trim(cells[j->lat])) != QK_OK ||
        qk_place_distance(at, (qk_place){j->county->lon, j->county->lat}) > FAR_M) {
        qk_fail(err, QK_EFORMAT, "weather of another place: the county lies at %.2f E, %.2f N",
                j->county->lon, j->county->lat);
        return refuse_cell(j, j->lon, err);
    }
    return QK_OK;
}

static void count_row(qk_forecast_weather_taken *t, int32_t issued, int32_t lead)
{
    bool first = t->rows == 1;
    t->first_issue = first || issued < t->first_issue ? issued : t->first_issue;
    t->last_issue = first || issued > t->last_issue ? issued : t->last_issue;
    t->first_lead = first || lead < t->first_lead ? lead : t->first_lead;
    t->last_lead = first || lead > t->last_lead ? lead : t->last_lead;
}

static qk_code take_row(csv_job *j, const qk_str *cells, qk_error *err)
{
    qk_time t;
    int64_t lead;
    if (qk_time_parse(&t, qk_str_trim(cells[j->issued])) != QK_OK) {
        qk_fail(err, QK_EFORMAT, "no date");
        return refuse_cell(j, j->issued, err);
    }
    if (qk_parse_i64(&lead, qk_str_trim(cells[j->lead])) != QK_OK || lead < 1 ||
        lead > QK_LAGGED_LEADS) {
        qk_fail(err, QK_EFORMAT, "no lead of 1 to 16 days");
        return refuse_cell(j, j->lead, err);
    }
    int32_t issued = qk_day_number(t);
    QK_TRY(check_row(j, cells, issued, lead, err));
    count_row(j->taken, issued, (int32_t)lead);
    for (size_t c = 0; c < qk_csv_columns(j->csv); c++) {
        double v;
        qk_str cell = qk_str_trim(cells[c]);
        if (!is_value(j, c) || qk_csv_missing(cell)) continue;
        if (qk_parse_f64(&v, cell) != QK_OK) {
            qk_fail(err, QK_EFORMAT, "no number");
            return refuse_cell(j, c, err);
        }
        QK_TRY(take_value(j, issued, (int32_t)lead, qk_csv_header(j->csv, c), v, err));
        j->told[c] = true;
    }
    return QK_OK;
}

static void name_columns(csv_job *j)
{
    qk_buf list;
    qk_buf_init(&list, sizeof j->taken->columns - 1);
    for (size_t c = 0; c < qk_csv_columns(j->csv); c++)
        if (j->told[c])
            qk_buf_printf(&list, "%s%.*s", list.len ? "," : "",
                          QK_STR_ARG(qk_csv_header(j->csv, c)));
    qk_str_copy(j->taken->columns, sizeof j->taken->columns, qk_buf_str(&list));
    qk_buf_clear(&list);
}

static qk_code take_rows(csv_job *j, qk_error *err)
{
    const qk_str *cells;
    qk_code code;
    j->issued = qk_csv_column(j->csv, "issued");
    j->lead = qk_csv_column(j->csv, "lead");
    j->date = qk_csv_column(j->csv, "date");
    j->lon = qk_csv_column(j->csv, "lon");
    j->lat = qk_csv_column(j->csv, "lat");
    if (j->issued == SIZE_MAX || j->lead == SIZE_MAX)
        return qk_fail(err, QK_EFORMAT, "columns 'issued' and 'lead' are due");
    while ((code = qk_csv_next(j->csv, &cells, err)) == QK_OK) {
        if (++j->taken->rows > QK_FORECAST_WEATHER_ROWS)
            return qk_fail(err, QK_EFORMAT, "at most %d rows at once", QK_FORECAST_WEATHER_ROWS);
        QK_TRY(take_row(j, cells, err));
    }
    name_columns(j);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_forecasts_weather_csv(qk_forecast_weather_taken *taken, qk_db *db, qk_str text,
                                 const qk_forecast_weather_place *county, bool look, qk_str by,
                                 qk_time now, qk_error *err)
{
    csv_job j = {.taken = taken, .db = db, .county = county, .look = look, .by = by, .now = now};
    *taken = (qk_forecast_weather_taken){0};
    qk_code code = qk_csv_open_text(&j.csv, text, "csv", ',', err);
    if (code == QK_OK) code = take_rows(&j, err);
    qk_csv_close(j.csv);
    return code;
}

qk_code qk_forecasts_weather_county(qk_forecast_weather_place *out, const qk_registry *registry,
                                    qk_error *err)
{
    qk_arena arena;
    qk_site *sites = NULL;
    size_t n = 0;
    double sum[2][2] = {{0}}, count[2] = {0};
    qk_arena_init(&arena, COUNTY_BYTES);
    qk_code code = qk_registry_sites(registry, &arena, &sites, &n);
    for (size_t i = 0; code == QK_OK && i < n; i++) {
        int air = qk_str_starts(qk_str_of(sites[i].kind), QK_STR("air_"));
        if (!isfinite(sites[i].lon) || !isfinite(sites[i].lat)) continue;
        sum[air][0] += sites[i].lon;
        sum[air][1] += sites[i].lat;
        count[air]++;
    }
    qk_arena_clear(&arena);
    if (code != QK_OK) return qk_fail(err, code, "no memory for the sites");
    int air = count[1] > 0;
    if (count[air] <= 0)
        return qk_fail(err, QK_ENOTFOUND,
                       "no site has coordinates: where the county lies is not"
                       " known");
    *out = (qk_forecast_weather_place){sum[air][0] / count[air], sum[air][1] / count[air]};
    return QK_OK;
}

qk_code qk_forecasts_weather_days(qk_buf *csv, qk_str bytes, const char *name,
                                  const qk_forecast_weather_place *county, qk_error *err)
{
    qk_grid *g = NULL;
    size_t rows = 0;
    if (!qk_weather_bytes_known(bytes)) {
        qk_buf_put_str(csv, bytes);
        return csv->failed
                   ? qk_fail(err, csv->failed, "a text of more than %zu bytes", csv->ceiling)
                   : QK_OK;
    }
    if (!county) return qk_fail(err, QK_ENOTFOUND, "where the county lies is not known");
    qk_weather_ask ask = {.area = true,
                          .west = county->lon,
                          .east = county->lon,
                          .south = county->lat,
                          .north = county->lat};
    QK_TRY(qk_weather_bytes_read(&g, bytes, name, &ask, err));
    qk_code code = qk_grid_write_days(csv, &rows, g, county->lon, county->lat, err);
    qk_grid_free(g);
    if (code == QK_OK && csv->failed)
        code =
            qk_fail(err, csv->failed, "the days of the file do not fit in %zu bytes", csv->ceiling);
    if (code == QK_ENOTFOUND) {
        qk_fail(err, QK_EFORMAT, "weather of another time: no day after a run's own is foreseen");
        qk_error_hint(err, "analyses and past weather are no forecast");
        code = QK_EFORMAT;
    }
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
