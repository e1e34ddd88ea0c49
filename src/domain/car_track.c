/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/car_track.h"
#include "base/csv.h"
#include "base/hash256.h"
#include "domain/dbjson.h"
#include "domain/forecast_weather.h"
#include <math.h>
#include <stdio.h>

#define FAR_M     50000.0
#define M_PER_DEG 111195.0

static const char *const factor_code[] = {"a34002", "a34004"};
static const char *const factor_name[] = {"PM10", "PM2.5"};

typedef struct taking {
    qk_car_taken *out;
    qk_db *db;
    const qk_car_file *file;
    qk_time now;
    bool placed; /* the county's middle is known */
    qk_forecast_weather_place middle;
    qk_csv_reader *csv;
    size_t time, lon, lat, value[2];
} taking;

typedef struct reading {
    qk_time time;
    double lon, lat, value[2]; /* NaN = none */
} reading;

static void refuse(taking *t, uint32_t line, size_t column, const char *code)
{
    if (t->out->refused < QK_CAR_REFUSALS)
        t->out->first[t->out->refused] = (qk_car_refusal){line, (uint32_t)column + 1, code};
    t->out->refused++;
}

static bool is_far(const taking *t, double lon, double lat)
{
    double x = (lon - t->middle.lon) * cos(t->middle.lat * 3.14159265358979 / 180);
    return t->placed && hypot(x, lat - t->middle.lat) * M_PER_DEG > FAR_M;
}

/* What is wrong with a row, and in which column; NULL: nothing. */
static const char *read_row(reading *r, size_t *column, const taking *t, const qk_str *cell)
{
    bool any = false;
    if (qk_time_parse(&r->time, cell[ *column = t->time]) != QK_OK) return "time";
    if (r->time > t->now) return "future";
    if (qk_parse_f64(&r->lon, cell[ *column = t->lon]) != QK_OK || !(fabs(r->lon) <= 180))
        return "lon";
    if (qk_parse_f64(&r->lat, cell[ *column = t->lat]) != QK_OK || !(fabs(r->lat) <= 90))
        return "lat";
    if (is_far(t, r->lon, r->lat)) return "far";
    for (int i = 0; i < 2; i++) {
        r->value[i] = NAN;
        if (t->value[i] == SIZE_MAX) continue;
        qk_str text = cell[ *column = t->value[i]];
        if (qk_csv_missing(text)) continue;
        if (qk_parse_f64(&r->value[i], text) != QK_OK ||
            !(r->value[i] >= 0 && r->value[i] <= 100000))
            return "value";
        any = true;
    }
    return any ? NULL : "value";
}

static qk_code add_value(const taking *t, const reading *r, int which, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, t->db,
                         "INSERT INTO car_hour(factor,hour,lon,lat,total,n,recorded_at,recorded_by)"
                         " VALUES(?,?,?,?,?,1,?,?) ON CONFLICT(factor,hour,lon,lat) DO UPDATE SET"
                         " total=total+excluded.total,n=n+1",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(factor_code[which]));
    sqlite3_bind_int64(s, 2, qk_floor_hour(r->time));
    sqlite3_bind_int64(s, 3, (int64_t)llround(r->lon * 1000));
    sqlite3_bind_int64(s, 4, (int64_t)llround(r->lat * 1000));
    sqlite3_bind_double(s, 5, r->value[which]);
    sqlite3_bind_int64(s, 6, t->now);
    qk_db_bind_str(s, 7, t->file->by);
    return qk_db_run(t->db, s, err);
}

static qk_code take_row(taking *t, const reading *r, qk_error *err)
{
    qk_car_taken *o = t->out;
    bool first = o->rows == 0;
    o->from = first || r->time < o->from ? r->time : o->from;
    o->to = first || r->time > o->to ? r->time : o->to;
    o->west = first ? r->lon : fmin(o->west, r->lon),
    o->east = first ? r->lon : fmax(o->east, r->lon);
    o->south = first ? r->lat : fmin(o->south, r->lat);
    o->north = first ? r->lat : fmax(o->north, r->lat);
    o->rows++;
    for (int i = 0; i < 2; i++) {
        if (!isfinite(r->value[i])) continue;
        o->factor[i] = true;
        if (t->file->commit) QK_TRY(add_value(t, r, i, err));
    }
    return QK_OK;
}

static qk_code take_rows(taking *t, qk_error *err)
{
    const qk_str *cells = NULL;
    qk_code code;
    while ((code = qk_csv_next(t->csv, &cells, err)) == QK_OK) {
        reading r;
        size_t column = 0;
        if (t->out->rows + t->out->refused == QK_CAR_ROWS_MAX)
            return qk_fail(err, QK_EFULL, "at most %d rows at a time", QK_CAR_ROWS_MAX);
        const char *wrong = read_row(&r, &column, t, cells);
        if (wrong)
            refuse(t, qk_csv_line(t->csv), column, wrong);
        else
            QK_TRY(take_row(t, &r, err));
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static void tell_refused(const char *code, qk_error *err)
{
    if (strcmp(code, "future") == 0)
        qk_fail(err, QK_EFORMAT, "no row can be taken: the first lies in the future");
    else if (strcmp(code, "far") == 0)
        qk_fail(err, QK_EFORMAT, "no row can be taken: the first is more than 50 km away");
    else if (strcmp(code, "lon") == 0 || strcmp(code, "lat") == 0)
        qk_fail(err, QK_EFORMAT, "no row can be taken: the first has no place in degrees");
    else if (strcmp(code, "time") == 0)
        qk_fail(err, QK_EFORMAT, "no row can be taken: the first has no time");
    else
        qk_fail(err, QK_EFORMAT, "no row can be taken: the first has no concentration");
}

static qk_code read_file(taking *t, qk_error *err)
{
    t->time = qk_csv_column(t->csv, "time");
    t->lon = qk_csv_column(t->csv, "lon");
    t->lat = qk_csv_column(t->csv, "lat");
    for (int i = 0; i < 2; i++) t->value[i] = qk_csv_column(t->csv, factor_name[i]);
    if (t->time == SIZE_MAX || t->lon == SIZE_MAX || t->lat == SIZE_MAX ||
        (t->value[0] == SIZE_MAX && t->value[1] == SIZE_MAX))
        return qk_fail(err, QK_EFORMAT, "columns time, lon, lat and PM10 or PM2.5 are needed");
    QK_TRY(take_rows(t, err));
    if (t->out->rows) return QK_OK;
    const qk_car_refusal *r = &t->out->first[0];
    if (!t->out->refused) return qk_fail(err, QK_EFORMAT, "the file has no rows");
    tell_refused(r->code, err);
    return qk_error_at(err, "csv", r->line, r->column), QK_EFORMAT;
}

static qk_code check_new(const taking *t, const char *sha, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    char when[QK_TIME_TEXT];
    QK_TRY(qk_db_prepare(&s, t->db, "SELECT name,recorded_at FROM car_track WHERE sha256=?", err));
    qk_db_bind_str(s, 1, qk_str_of(sha));
    qk_code code = qk_db_step(t->db, s, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    QK_TRY(code);
    qk_str name = qk_db_text(s, 0);
    qk_fail(err, QK_EEXIST, "this file was taken in before, as '%.*s' on %s", QK_STR_ARG(name),
            qk_date_iso(when, sqlite3_column_int64(s, 1)));
    sqlite3_reset(s);
    return QK_EEXIST;
}

static qk_code keep_track(const taking *t, const char *sha, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    const qk_car_taken *o = t->out;
    char name[QK_CAR_NAME_MAX], factors[32];
    qk_str_copy(name, sizeof name, t->file->name.len ? t->file->name : QK_STR("–"));
    snprintf(factors, sizeof factors, "%s%s%s", o->factor[0] ? factor_name[0] : "",
             o->factor[0] && o->factor[1] ? " " : "", o->factor[1] ? factor_name[1] : "");
    QK_TRY(qk_db_prepare(&s, t->db,
                         "INSERT INTO car_track(sha256,name,rows,refused,factors,from_time,to_time,"
                         "west,east,south,north,recorded_at,recorded_by)"
                         " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(sha));
    qk_db_bind_str(s, 2, qk_str_of(name));
    sqlite3_bind_int64(s, 3, (int64_t)o->rows);
    sqlite3_bind_int64(s, 4, (int64_t)o->refused);
    qk_db_bind_str(s, 5, qk_str_of(factors));
    sqlite3_bind_int64(s, 6, o->from);
    sqlite3_bind_int64(s, 7, o->to);
    sqlite3_bind_double(s, 8, o->west);
    sqlite3_bind_double(s, 9, o->east);
    sqlite3_bind_double(s, 10, o->south);
    sqlite3_bind_double(s, 11, o->north);
    sqlite3_bind_int64(s, 12, t->now);
    qk_db_bind_str(s, 13, t->file->by);
    return qk_db_run(t->db, s, err);
}

qk_code qk_car_take(qk_car_taken *out, qk_db *db, const qk_car_file *file, qk_time now,
                    qk_error *err)
{
    char sha[QK_SHA256_TEXT];
    taking t = {.out = out, .db = db, .file = file, .now = now};
    *out = (qk_car_taken){0};
    qk_sha256_hex(sha, file->csv.ptr, file->csv.len);
    QK_TRY(check_new(&t, sha, err));
    t.placed =
        file->registry && qk_forecasts_weather_county(&t.middle, file->registry, NULL) == QK_OK;
    qk_code code = qk_csv_open_text(&t.csv, file->csv, "csv", ',', err);
    if (!code) code = read_file(&t, err);
    qk_csv_close(t.csv);
    if (!code && file->commit) code = keep_track(&t, sha, err);
    return code;
}

/* ---- as JSON ---- */

void qk_car_taken_write(qk_json_writer *w, const qk_car_taken *taken, bool committed)
{
    size_t told = taken->refused < QK_CAR_REFUSALS ? taken->refused : QK_CAR_REFUSALS;
    qk_json_object(w);
    qk_json_kbool(w, "committed", committed);
    qk_json_ki64(w, "rows", (int64_t)taken->rows);
    qk_json_ki64(w, "refused", (int64_t)taken->refused);
    qk_json_key(w, "refusals");
    qk_json_array(w);
    for (size_t i = 0; i < told; i++) {
        qk_json_object(w);
        qk_json_ki64(w, "line", taken->first[i].line);
        qk_json_ki64(w, "column", taken->first[i].column);
        qk_json_kcstr(w, "code", taken->first[i].code);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_key(w, "factors");
    qk_json_array(w);
    for (int i = 0; i < 2; i++)
        if (taken->factor[i]) qk_json_cstr(w, factor_name[i]);
    qk_json_end(w);
    qk_dbjson_time(w, "from", taken->rows ? taken->from : QK_TIME_NONE);
    qk_dbjson_time(w, "to", taken->rows ? taken->to : QK_TIME_NONE);
    qk_json_end(w);
}

qk_code qk_car_tracks_write(qk_json_writer *w, qk_db *db, size_t limit, qk_error *err)
{
    static const char *const side[] = {"west", "east", "south", "north"};
    sqlite3_stmt *s = NULL;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT id,name,rows,refused,factors,from_time,to_time,west,east,south,"
                         "north,recorded_at,recorded_by FROM car_track ORDER BY id DESC LIMIT ?",
                         err));
    sqlite3_bind_int64(s, 1, (int64_t)limit);
    qk_json_array(w);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        qk_json_object(w);
        qk_json_ki64(w, "id", sqlite3_column_int64(s, 0));
        qk_dbjson_text(w, "name", s, 1);
        qk_json_ki64(w, "rows", sqlite3_column_int64(s, 2));
        qk_json_ki64(w, "refused", sqlite3_column_int64(s, 3));
        qk_dbjson_text(w, "factors", s, 4);
        qk_dbjson_time(w, "from", sqlite3_column_int64(s, 5));
        qk_dbjson_time(w, "to", sqlite3_column_int64(s, 6));
        for (int i = 0; i < 4; i++) {
            qk_json_key(w, side[i]);
            qk_json_fixed(w, sqlite3_column_double(s, 7 + i), 5);
        }
        qk_dbjson_time(w, "at", sqlite3_column_int64(s, 11));
        qk_dbjson_text(w, "by", s, 12);
        qk_json_end(w);
    }
    qk_json_end(w);
    return code == QK_ENOTFOUND ? QK_OK : code;
}
