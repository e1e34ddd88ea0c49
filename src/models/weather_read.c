/* SPDX-License-Identifier: Apache-2.0 */
/* Observations and soundings, as text, into a preparation. */
#include "base/csv.h"
#include "models/weather_private.h"
#include <math.h>
#include <stdlib.h>

enum { SOUNDINGS_MAX = 20000, ISD_FIELDS = 12, ISD_NEEDED = 9 };

/* The row of the hour that ends at `end`; hours between are absent. */
static qk_code put_row(qk_weather *w, weather_row **row, qk_time end, qk_error *err)
{
    static const weather_row none = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, QK_WEATHER_ABSENT};
    if (end != qk_floor_hour(end)) return qk_fail(err, QK_EFORMAT, "no full hour");
    if (w->rows == 0) w->first = end;
    if (end < w->first + (qk_time)w->rows * QK_HOUR)
        return qk_fail(err, QK_EFORMAT, "the hour does not follow the one before it");
    if ((end - w->first) / QK_HOUR >= QK_WEATHER_HOURS_MAX)
        return qk_fail(err, QK_EFULL, "more than %d hours from the first", QK_WEATHER_HOURS_MAX);
    size_t need = (size_t)((end - w->first) / QK_HOUR) + 1;
    if (need > w->row_cap) {
        size_t cap = need * 2 < 1024 ? 1024 : need * 2;
        weather_row *more = realloc(w->row, cap * sizeof *more);
        if (!more) return qk_fail(err, QK_ENOMEM, "no memory for %zu hours", cap);
        w->row = more;
        w->row_cap = cap;
    }
    while (w->rows < need) w->row[w->rows++] = none;
    *row = &w->row[need - 1];
    (*row)->flags = 0;
    return QK_OK;
}

/* A value outside its range is none, and the hour says so. */
static double within(weather_row *r, double v, double low, double high)
{
    if (isnan(v) || (v >= low && v <= high)) return v;
    r->flags |= QK_WEATHER_REFUSED;
    return NAN;
}

static void take_row(weather_row *r, double speed, double from, double t_c, double cloud_tenths,
                     double pressure, double humidity, double rain)
{
    r->wind_m_s = within(r, speed, 0, 75);
    r->direction_deg = within(r, from, 0, 360);
    r->temperature_k = within(r, t_c, -60, 60) + 273.16;
    r->cloud = within(r, cloud_tenths, 0, 10) / 10;
    r->pressure_hpa = within(r, pressure, 400, 1100);
    r->humidity = within(r, humidity, 0, 101);
    r->rain_mm = within(r, rain, 0, 500);
}

/* ---- CSV ---- */

enum { AT_SPEED, AT_FROM, AT_TEMPERATURE, AT_CLOUD, AT_PRESSURE, AT_HUMIDITY, AT_RAIN, COLUMNS };

static qk_code cell_at(qk_csv_reader *csv, const qk_str *cells, size_t column, double *out,
                       qk_error *err)
{
    *out = NAN;
    if (column == SIZE_MAX || qk_csv_missing(qk_str_trim(cells[column]))) return QK_OK;
    if (qk_parse_f64(out, qk_str_trim(cells[column])) == QK_OK) return QK_OK;
    qk_str name = qk_csv_header(csv, column);
    return qk_fail(err, QK_EFORMAT, "%.*s is no number: '%.*s'", QK_STR_ARG(name),
                   (int)(cells[column].len < 40 ? cells[column].len : 40), cells[column].ptr);
}

static qk_code read_observation(qk_weather *w, qk_csv_reader *csv, const qk_str *cells, size_t time,
                                const size_t *column, qk_error *err)
{
    qk_time end = 0;
    weather_row *row = NULL;
    double v[COLUMNS];
    if (qk_time_parse(&end, qk_str_trim(cells[time])) != QK_OK)
        return qk_fail(err, QK_EFORMAT, "no time: '%.*s'",
                       (int)(cells[time].len < 40 ? cells[time].len : 40), cells[time].ptr);
    for (int i = 0; i < COLUMNS; i++) QK_TRY(cell_at(csv, cells, column[i], &v[i], err));
    QK_TRY(put_row(w, &row, end, err));
    take_row(row, v[AT_SPEED], v[AT_FROM], v[AT_TEMPERATURE], v[AT_CLOUD], v[AT_PRESSURE],
             v[AT_HUMIDITY], v[AT_RAIN]);
    return QK_OK;
}

qk_code qk_weather_read_csv(qk_weather *w, qk_str text, const char *name, qk_error *err)
{
    static const char *const names[COLUMNS] = {"wind_speed", "wind_from", "temperature",  "cloud",
                                               "pressure",   "humidity",  "precipitation"};
    qk_csv_reader *csv = NULL;
    const qk_str *cells;
    size_t column[COLUMNS], time = 0;
    qk_code code = qk_csv_open_text(&csv, text, name, 0, err);
    if (code == QK_OK && (time = qk_csv_column(csv, "time")) == SIZE_MAX)
        code = qk_fail(err, QK_EFORMAT, "%s has no column 'time'", name);
    for (int i = 0; code == QK_OK && i < COLUMNS; i++) {
        column[i] = qk_csv_column(csv, names[i]);
        if (column[i] == SIZE_MAX && i <= AT_TEMPERATURE)
            code = qk_fail(err, QK_EFORMAT, "%s has no column '%s'", name, names[i]);
    }
    while (code == QK_OK && (code = qk_csv_next(csv, &cells, err)) == QK_OK) {
        code = read_observation(w, csv, cells, time, column, err);
        if (code != QK_OK) qk_error_at(err, name, qk_csv_line(csv), 0);
    }
    qk_csv_close(csv);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* ---- ISD-Lite ---- */

static int read_numbers(int64_t v[ISD_FIELDS], qk_str line)
{
    int n = 0;
    while (n < ISD_FIELDS) {
        while (line.len && qk_is_space(line.ptr[0])) line = (qk_str){line.ptr + 1, line.len - 1};
        size_t to = 0;
        while (to < line.len && !qk_is_space(line.ptr[to])) to++;
        if (to == 0 || qk_parse_i64(&v[n], (qk_str){line.ptr, to}) != QK_OK) break;
        line = (qk_str){line.ptr + to, line.len - to};
        n++;
    }
    return n;
}

static double scaled(int64_t v, double scale)
{
    return v == -9999 ? NAN : (double)v / scale;
}

/* Codes 0..8 are eighths; 9 and above say that the sky was hidden, or give no amount. */
static double sky_tenths(int64_t code)
{
    return code >= 0 && code <= 8 ? (double)code * 1.25 : code == 9 ? 10 : NAN;
}

/* The station's pressure from that reduced to the sea. */
static double station_pressure(double sea_hpa, double elevation_m)
{
    return sea_hpa * pow(1 - 2.25577e-5 * elevation_m, 5.25588);
}

static double humidity_of(double t_c, double dew_c)
{
    double e = 17.625 * dew_c / (243.04 + dew_c) - 17.625 * t_c / (243.04 + t_c);
    return fmin(100, 100 * exp(e));
}

static qk_code read_isd_line(qk_weather *w, qk_str line, qk_error *err)
{
    int64_t v[ISD_FIELDS];
    int n = read_numbers(v, line);
    qk_time end = 0;
    weather_row *row = NULL;
    for (int i = n; i < ISD_FIELDS; i++) v[i] = -9999;
    if (n < ISD_NEEDED) return qk_fail(err, QK_EFORMAT, "only %d of %d numbers", n, ISD_NEEDED);
    qk_civil c = {
        .year = (int32_t)v[0], .month = (int32_t)v[1], .day = (int32_t)v[2], .hour = (int32_t)v[3]};
    if (v[0] < 1900 || v[0] > 2200 || v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > 31 || v[3] < 0 ||
        v[3] > 23 || qk_time_of(&end, &c) != QK_OK)
        return qk_fail(err, QK_EFORMAT, "no such date or hour");
    end += (qk_time)(w->place.zone_h * (double)QK_HOUR);
    QK_TRY(put_row(w, &row, qk_floor_hour(end), err));
    double t = scaled(v[4], 10), speed = scaled(v[8], 10), from = scaled(v[7], 1);
    take_row(row, speed, from, t, sky_tenths(v[9]),
             station_pressure(scaled(v[6], 10), w->place.elevation_m),
             humidity_of(t, scaled(v[5], 10)), v[10] == -1 ? 0.05 : scaled(v[10], 10));
    return QK_OK;
}

qk_code qk_weather_read_isd(qk_weather *w, qk_str text, const char *name, qk_error *err)
{
    uint32_t number = 0;
    while (text.len) {
        qk_str line = qk_str_trim(qk_str_cut(&text, '\n'));
        number++;
        if (!line.len) continue;
        qk_code code = read_isd_line(w, line, err);
        if (code != QK_OK) {
            qk_error_at(err, name, number, 1);
            return code;
        }
    }
    return QK_OK;
}

/* ---- soundings ---- */

static qk_code day_of(qk_weather *w, weather_sounding **out, int32_t day, qk_error *err)
{
    if (w->soundings && w->sounding[w->soundings - 1].day == day) {
        *out = &w->sounding[w->soundings - 1];
        return QK_OK;
    }
    if (w->soundings && day < w->sounding[w->soundings - 1].day)
        return qk_fail(err, QK_EFORMAT, "the day does not follow the one before it");
    if (w->soundings == w->sounding_cap) {
        size_t cap = w->sounding_cap ? 2 * w->sounding_cap : 64;
        weather_sounding *more =
            cap > SOUNDINGS_MAX ? NULL : realloc(w->sounding, cap * sizeof *more);
        if (!more) return qk_fail(err, QK_EFULL, "more than %d soundings", SOUNDINGS_MAX);
        w->sounding = more;
        w->sounding_cap = cap;
    }
    *out = &w->sounding[w->soundings++];
    (*out)->day = day;
    (*out)->levels = 0;
    return QK_OK;
}

static qk_code read_level(qk_weather *w, qk_csv_reader *csv, const qk_str *cells,
                          const size_t column[3], qk_error *err)
{
    qk_time date = 0;
    double z, t;
    weather_sounding *s = NULL;
    if (qk_time_parse(&date, qk_str_trim(cells[column[0]])) != QK_OK)
        return qk_fail(err, QK_EFORMAT, "no date");
    QK_TRY(cell_at(csv, cells, column[1], &z, err));
    QK_TRY(cell_at(csv, cells, column[2], &t, err));
    if (!(z >= 0 && z <= 20000) || !(t >= -100 && t <= 60))
        return qk_fail(err, QK_EFORMAT, "height 0 to 20000 m, temperature -100 to 60 C");
    QK_TRY(day_of(w, &s, qk_day_number(date), err));
    if (s->levels == QK_WEATHER_LEVELS)
        return qk_fail(err, QK_EFULL, "more than %d levels of a day", QK_WEATHER_LEVELS);
    if (s->levels && z <= s->height_m[s->levels - 1])
        return qk_fail(err, QK_EFORMAT, "heights must rise within a day");
    /* Dry adiabatic ascent; air that would sink through is mixed already. */
    double theta = t + 273.16 + 0.00977 * z;
    if (s->levels) theta = fmax(theta, s->theta_k[s->levels - 1]);
    s->height_m[s->levels] = z;
    s->theta_k[s->levels++] = theta;
    return QK_OK;
}

qk_code qk_weather_read_soundings(qk_weather *w, qk_str text, const char *name, qk_error *err)
{
    static const char *const names[3] = {"date", "height", "temperature"};
    qk_csv_reader *csv = NULL;
    const qk_str *cells;
    size_t column[3] = {0};
    qk_code code = qk_csv_open_text(&csv, text, name, 0, err);
    for (int i = 0; code == QK_OK && i < 3; i++)
        if ((column[i] = qk_csv_column(csv, names[i])) == SIZE_MAX)
            code = qk_fail(err, QK_EFORMAT, "%s has no column '%s'", name, names[i]);
    while (code == QK_OK && (code = qk_csv_next(csv, &cells, err)) == QK_OK) {
        code = read_level(w, csv, cells, column, err);
        if (code != QK_OK) qk_error_at(err, name, qk_csv_line(csv), 0);
    }
    qk_csv_close(csv);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* ---- the ground ---- */

static qk_code read_ground_row(qk_weather_place *p, int *last, qk_csv_reader *csv,
                               const qk_str *cells, const size_t column[5], qk_error *err)
{
    double v[5];
    for (int i = 0; i < 5; i++) QK_TRY(cell_at(csv, cells, column[i], &v[i], err));
    if (!(v[0] >= 1 && v[0] <= 12) || v[0] != floor(v[0]) || !(v[1] >= 0 && v[1] < 360))
        return qk_fail(err, QK_EFORMAT, "month 1..12, sector_from 0..359");
    int month = (int)v[0] - 1, s = ++last[month];
    if (s >= QK_WEATHER_SECTORS)
        return qk_fail(err, QK_EFULL, "more than %d sectors", QK_WEATHER_SECTORS);
    if (month == 0)
        p->sector_from_deg[s] = v[1];
    else if (p->sector_from_deg[s] != v[1])
        return qk_fail(err, QK_EFORMAT, "every month has the sectors of January, which come first");
    if (s && v[1] <= p->sector_from_deg[s - 1])
        return qk_fail(err, QK_EFORMAT, "sectors must rise within a month");
    p->ground[month][s] = (qk_weather_ground){v[2], v[3], v[4]};
    return QK_OK;
}

qk_code qk_weather_read_ground(qk_weather_place *p, qk_str text, const char *name, qk_error *err)
{
    static const char *const names[5] = {"month", "sector_from", "albedo", "bowen", "roughness"};
    qk_csv_reader *csv = NULL;
    const qk_str *cells;
    size_t column[5] = {0};
    int last[12];
    for (int m = 0; m < 12; m++) last[m] = -1;
    qk_code code = qk_csv_open_text(&csv, text, name, 0, err);
    for (int i = 0; code == QK_OK && i < 5; i++)
        if ((column[i] = qk_csv_column(csv, names[i])) == SIZE_MAX)
            code = qk_fail(err, QK_EFORMAT, "%s has no column '%s'", name, names[i]);
    while (code == QK_OK && (code = qk_csv_next(csv, &cells, err)) == QK_OK) {
        code = read_ground_row(p, last, csv, cells, column, err);
        if (code != QK_OK) qk_error_at(err, name, qk_csv_line(csv), 0);
    }
    qk_csv_close(csv);
    if (code != QK_ENOTFOUND) return code;
    for (int m = 0; m < 12; m++)
        if (last[m] != last[0] || last[0] < 0)
            return qk_fail(err, QK_EFORMAT, "%s: month %d has other sectors than January", name,
                           m + 1);
    p->sectors = last[0] + 1;
    return qk_weather_place_check(p, err);
}
