/* SPDX-License-Identifier: Apache-2.0 */
/* Reading for `qingkong forecast`: hours into days of air, weather forecasts, holidays. */
#include "base/csv.h"
#include "base/unxz.h"
#include "cli/forecast.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { WEATHER_ROWS_MAX = QK_LAGGED_DAYS * QK_LAGGED_LEADS, DAY_MAX = 3000000 };

/* ---- weather ---- */

typedef struct weather_row {
    int32_t issued, lead;
} weather_row;

typedef struct weather_reader {
    forecast_weather *out;
    qk_csv_reader *csv;
    const char *path;
    size_t issued_at, lead_at, date_at, source[QK_LAGGED_COLUMNS];
    weather_row *row;
    double *cell; /* [rows][columns] */
    size_t rows, capacity;
    qk_error *err;
} weather_reader;

static qk_code refuse(weather_reader *r, size_t column, const char *text)
{
    qk_fail(r->err, QK_EFORMAT, "%s", text);
    qk_error_at(r->err, r->path, qk_csv_line(r->csv), (uint32_t)column + 1);
    qk_error_hint(r->err, "the column is the cell's number in its row");
    return QK_EFORMAT;
}

static qk_code find_columns(weather_reader *r)
{
    static const char *const names[3] = {"issued", "lead", "date"};
    size_t *const at[3] = {&r->issued_at, &r->lead_at, &r->date_at}, n = qk_csv_columns(r->csv);
    qk_weather_archive *a = &r->out->archive;
    for (size_t i = 0; i < 3; i++) {
        *at[i] = qk_csv_column(r->csv, names[i]);
        if (*at[i] != SIZE_MAX) continue;
        qk_fail(r->err, QK_EFORMAT, "no column '%s'", names[i]);
        qk_error_at(r->err, r->path, 1, 0);
        return QK_EFORMAT;
    }
    if (n - 3 > QK_LAGGED_COLUMNS)
        return qk_fail(r->err, QK_EFULL, "%s: more than %d weather columns", r->path,
                       QK_LAGGED_COLUMNS);
    r->out->name = calloc(n, sizeof *r->out->name);
    if (!r->out->name) return qk_fail(r->err, QK_ENOMEM, "no memory for %zu columns", n);
    for (size_t c = 0; c < n; c++) {
        if (c == r->issued_at || c == r->lead_at || c == r->date_at) continue;
        qk_str_copy(r->out->name[a->columns], sizeof *r->out->name, qk_csv_header(r->csv, c));
        r->source[a->columns++] = c;
    }
    return QK_OK;
}

static qk_code read_day(weather_reader *r, int32_t *out, const qk_str *cells, size_t column)
{
    qk_time t;
    if (qk_time_parse(&t, qk_str_trim(cells[column])) != QK_OK)
        return refuse(r, column, "no date of ISO 8601");
    *out = qk_day_number(t);
    return QK_OK;
}

static bool grow_rows(weather_reader *r)
{
    size_t next = r->capacity ? r->capacity * 2 : 1024, columns = r->out->archive.columns + 1;
    if (r->rows < r->capacity) return true;
    weather_row *row = realloc(r->row, next * sizeof *row);
    if (row) r->row = row;
    double *cell = realloc(r->cell, next * columns * sizeof *cell);
    if (cell) r->cell = cell;
    if (!row || !cell) return false;
    r->capacity = next;
    return true;
}

static qk_code take_cells(weather_reader *r, const qk_str *cells)
{
    size_t columns = r->out->archive.columns;
    double *to = r->cell + r->rows * columns;
    for (size_t v = 0; v < columns; v++) {
        qk_str cell = qk_str_trim(cells[r->source[v]]);
        to[v] = NAN;
        if (qk_csv_missing(cell) || qk_str_eq_nocase(cell, QK_STR("nan"))) continue;
        if (qk_parse_f64(&to[v], cell) != QK_OK)
            return refuse(r, r->source[v], "no number, NA or empty");
    }
    r->rows++;
    return QK_OK;
}

static qk_code take_row(weather_reader *r, const qk_str *cells)
{
    int32_t issued, date;
    int64_t lead;
    QK_TRY(read_day(r, &issued, cells, r->issued_at));
    QK_TRY(read_day(r, &date, cells, r->date_at));
    if (qk_parse_i64(&lead, qk_str_trim(cells[r->lead_at])) != QK_OK || lead < 0)
        return refuse(r, r->lead_at, "no lead in whole days");
    if ((int64_t)date - issued != lead)
        return refuse(r, r->date_at, "the date is not 'lead' days after 'issued'");
    if (lead < 1 || lead > QK_LAGGED_LEADS) {
        r->out->passed_over++;
        return QK_OK;
    }
    if (r->rows >= WEATHER_ROWS_MAX)
        return qk_fail(r->err, QK_EFULL, "%s: more than %d rows", r->path, WEATHER_ROWS_MAX);
    if (!grow_rows(r)) return qk_fail(r->err, QK_ENOMEM, "no memory for %zu rows", r->rows);
    r->row[r->rows] = (weather_row){issued, (int32_t)lead};
    return take_cells(r, cells);
}

static qk_code lay_out(weather_reader *r)
{
    qk_weather_archive *a = &r->out->archive;
    int32_t first = INT32_MAX, last = INT32_MIN;
    for (size_t i = 0; i < r->rows; i++) {
        if (r->row[i].issued < first) first = r->row[i].issued;
        if (r->row[i].issued > last) last = r->row[i].issued;
        if ((size_t)r->row[i].lead > a->leads) a->leads = (size_t)r->row[i].lead;
    }
    if (r->rows == 0) return qk_fail(r->err, QK_EFORMAT, "%s: no forecast in it", r->path);
    if ((int64_t)last - first >= QK_LAGGED_DAYS)
        return qk_fail(r->err, QK_EFULL, "%s: more than %d days from first to last issue", r->path,
                       QK_LAGGED_DAYS);
    a->first_issue = first;
    a->issues = (size_t)(last - first) + 1;
    size_t cells = a->issues * a->leads * a->columns;
    r->out->value = malloc((cells + 1) * sizeof *r->out->value);
    if (!r->out->value) return qk_fail(r->err, QK_ENOMEM, "no memory for the weather");
    for (size_t i = 0; i < cells; i++) r->out->value[i] = NAN;
    a->value = r->out->value;
    for (size_t i = 0; i < r->rows; i++) {
        size_t at = (size_t)(r->row[i].issued - first) * a->leads + (size_t)r->row[i].lead - 1;
        for (size_t v = 0; v < a->columns; v++)
            r->out->value[at * a->columns + v] = r->cell[i * a->columns + v];
    }
    r->out->rows = r->rows;
    return QK_OK;
}

static qk_code read_weather(weather_reader *r)
{
    const qk_str *cells;
    qk_code code = find_columns(r);
    while (code == QK_OK && (code = qk_csv_next(r->csv, &cells, r->err)) == QK_OK)
        code = take_row(r, cells);
    return code == QK_ENOTFOUND ? lay_out(r) : code;
}

qk_code forecast_weather_read(forecast_weather *out, const char *path, qk_error *err)
{
    weather_reader r = {.out = out, .path = path, .err = err};
    bool standard = strcmp(path, "-") == 0;
    FILE *file = stdin;
    *out = (forecast_weather){0};
    if (!standard) QK_TRY(qk_open_unpacked(&file, path, err));
    qk_code code = qk_csv_open(&r.csv, file, path, 0, err);
    if (code == QK_OK) code = read_weather(&r);
    qk_csv_close(r.csv);
    free(r.row);
    free(r.cell);
    if (!standard) fclose(file);
    if (code != QK_OK) forecast_weather_clear(out);
    return code;
}

void forecast_weather_clear(forecast_weather *w)
{
    free(w->value);
    free(w->name);
    *w = (forecast_weather){0};
}

/* ---- air ---- */

const qk_aqi_rule *forecast_rule_on(const forecast_air *a, int32_t day)
{
    return a->rule ? a->rule : qk_rules_aqi_on(&a->rules, day);
}

static bool keep_days(forecast_place *place, const qk_year *year)
{
    qk_day *wider = realloc(place->day, (place->days + 366) * sizeof *wider);
    if (!wider) return false;
    place->day = wider;
    for (int32_t i = 0; i < year->days; i++)
        if (year->day[i].flags & QK_DAY_RECORDED) wider[place->days++] = year->day[i];
    return true;
}

static forecast_place *place_of(forecast_air *a, qk_str name)
{
    for (size_t i = 1; i < a->places; i++)
        if (qk_str_eq(qk_str_of(a->place[i].name), name)) return &a->place[i];
    if (a->places == FORECAST_PLACES_MAX) return NULL;
    forecast_place *p = &a->place[a->places++];
    qk_str_copy(p->name, sizeof p->name, name);
    return p;
}

static void take_station_year(void *context, const air_station *s)
{
    forecast_air *a = context;
    forecast_place *p = place_of(a, s->name);
    if (!p || !keep_days(p, s->year)) a->failed = true;
}

static qk_code take_county(forecast_air *out, const air *a, qk_error *err)
{
    qk_year *year = malloc(sizeof *year);
    bool kept = year != NULL;
    for (size_t i = 0; kept && i < a->city_years; i++) {
        air_city_fill(a, year, a->city[i]);
        kept = keep_days(&out->place[0], year);
    }
    free(year);
    if (!kept) return qk_fail(err, QK_ENOMEM, "no memory for the county's days");
    if (out->place[0].days == 0) return qk_fail(err, QK_EFORMAT, "no day of air in the record");
    out->first_day = out->place[0].day[0].day;
    out->last_day = out->place[0].day[out->place[0].days - 1].day;
    return QK_OK;
}

static qk_code read_air(forecast_air *out, const forecast_job *job, air *a, qk_error *err)
{
    if (job->stations) QK_TRY(air_read_stations(a, job->stations, err));
    QK_TRY(air_read_hours(a, job->hours, err));
    QK_TRY(air_finish(a, err));
    if (out->failed)
        return qk_fail(err, QK_EFULL, "more than %d stations, or no memory for them",
                       FORECAST_PLACES_MAX - 1);
    return take_county(out, a, err);
}

qk_code forecast_air_read(forecast_air *out, const forecast_job *job, bool with_stations,
                          qk_error *err)
{
    air *a = NULL;
    air_options o = {.from_day = INT32_MIN, .to_day = INT32_MAX, .quiet = true};
    *out = (forecast_air){.places = 1};
    qk_rules_default(&out->rules);
    o.rules = &out->rules;
    if (job->standard && strcmp(job->standard, "auto") != 0) {
        out->rule = o.rule = qk_rules_aqi_named(&out->rules, qk_str_of(job->standard));
        if (!o.rule) return qk_fail(err, QK_EINVAL, "--standard is auto, 2012 or 2026");
    }
    out->place = calloc(FORECAST_PLACES_MAX, sizeof *out->place);
    if (!out->place) return qk_fail(err, QK_ENOMEM, "no memory for %d places", FORECAST_PLACES_MAX);
    qk_str_copy(out->place[0].name, sizeof out->place[0].name, QK_STR("county"));
    if (with_stations) {
        o.on_year = take_station_year;
        o.context = out;
    }
    qk_code code = air_new(&a, &o, err);
    if (code == QK_OK) code = read_air(out, job, a, err);
    air_free(a);
    if (code != QK_OK) forecast_air_clear(out);
    return code;
}

void forecast_air_clear(forecast_air *a)
{
    for (size_t i = 0; a->place && i < a->places; i++) free(a->place[i].day);
    free(a->place);
    a->place = NULL;
    a->places = 0;
}

/* ---- holidays, notes ---- */

static qk_code take_holidays(qk_forecast_days *days, qk_csv_reader *csv, const char *path,
                             qk_error *err)
{
    const qk_str *cells;
    qk_code code;
    while ((code = qk_csv_next(csv, &cells, err)) == QK_OK) {
        qk_time t;
        if (qk_time_parse(&t, qk_str_trim(cells[0])) != QK_OK) {
            qk_fail(err, QK_EFORMAT, "no date");
            qk_error_at(err, path, qk_csv_line(csv), 1);
            return QK_EFORMAT;
        }
        int64_t at = (int64_t)qk_day_number(t) - days->first_day;
        if (at >= 0 && at < (int64_t)days->days + QK_GUIDANCE_LEADS) days->holiday[at] = 1;
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code forecast_holidays_read(qk_forecast_days *days, const char *path, qk_error *err)
{
    qk_csv_reader *csv = NULL;
    FILE *file = fopen(path, "rb");
    if (!file) return qk_fail_errno(err, errno, "%s", path);
    qk_code code = qk_csv_open(&csv, file, path, 0, err);
    if (code == QK_OK) code = take_holidays(days, csv, path, err);
    qk_csv_close(csv);
    fclose(file);
    return code;
}

void forecast_tell_gaps(const qk_forecast_days *days, const forecast_weather *w, const char *place)
{
    size_t without = 0, learnt = 0, issues = 0;
    for (size_t t = 0; t < days->days; t++) {
        if (!days->learn[t]) continue;
        learnt++;
        without += !isfinite(days->value[QK_GUIDANCE_INDEX][t]);
        int64_t at = (int64_t)t + days->first_day - w->archive.first_issue;
        issues += at >= 0 && at < (int64_t)w->archive.issues;
    }
    if (without)
        fprintf(stderr, "qingkong forecast: %s: %zu of %zu days to learn from have no AQI\n", place,
                without, learnt);
    if (issues * 10 < learnt * 9)
        fprintf(stderr,
                "qingkong forecast: %s: the weather covers %zu of %zu days to learn from; the rest "
                "stands on season and recent air\n",
                place, issues, learnt);
    if (w->passed_over)
        fprintf(stderr,
                "qingkong forecast: %zu rows of weather with a lead of 0 or above %d are "
                "passed over\n",
                w->passed_over, QK_LAGGED_LEADS);
}

void forecast_tell_weather(const qk_forecaster *f, const char *place)
{
    double skill = qk_forecaster_weather_skill(f);
    if (isfinite(skill) && skill < 0.05)
        fprintf(stderr,
                "qingkong forecast: %s: the weather explains %.0f %% of the days' AQI: is it of "
                "another place or time?\n",
                place, 100 * fmax(skill, 0));
}
