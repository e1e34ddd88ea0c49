/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_FORECAST_WEATHER_H
#define QK_DOMAIN_FORECAST_WEATHER_H
/* Weather forecasts as they came in, day by day: table forecast_weather. Its cells are never
 * changed: what is given again stays as it was. Columns have any name; the first
 * QK_LAGGED_COLUMNS in byte order take part in learning.
 *
 * Days are civil day numbers. Functions that change run in the store thread's transaction, those
 * that read take any connection. `by` is who did it. */
#include "base/csv.h"
#include "base/json.h"
#include "domain/registry.h"
#include "models/lagged.h"
#include "store/db.h"

enum { QK_FORECAST_WEATHER_ROWS = 20000 };

/* A cell of a weather forecast; one that is there already stays as it is (*added, which may be
 * NULL, tells). QK_EINVAL for a lead beyond QK_LAGGED_LEADS, a name that is empty or longer than 63
 * bytes, a value that is not finite.
 */
QK_NODISCARD qk_code qk_forecasts_weather_put(bool *added, qk_db *db, int32_t issued, int32_t lead,
                                              qk_str name, double value, qk_str by, qk_time now,
                                              qk_error *err);
/* Those issued on days from..to as an archive, whose cells are the caller's to free() by *cells.
 * The columns are the first QK_LAGGED_COLUMNS names in byte order. */
QK_NODISCARD qk_code qk_forecasts_weather_load(qk_weather_archive *out, double **cells, qk_db *db,
                                               int32_t from, int32_t to, qk_error *err);
/* What was known at the end of a day of issue: {"issued","columns":[…],"days":[{"date","lead",
 * "values":[…]}]}, or null when nothing came in that day. */
QK_NODISCARD qk_code qk_forecasts_weather_write(qk_json_writer *w, qk_db *db, int32_t issued,
                                                qk_error *err);
/* The mean wind that is forecast for a day, from u_ms and v_ms (to the east and to the north) of
 * the newest issue up to the day `known`: where it comes from, degrees, its speed, and the day of
 * issue. QK_ENOTFOUND when none was forecast, or no direction follows from it. */
QK_NODISCARD qk_code qk_forecasts_weather_wind(double *from_deg, double *speed_ms, int32_t *issued,
                                               qk_db *db, int32_t day, int32_t known,
                                               qk_error *err);
/* What a file of forecasts brought. */
typedef struct qk_forecast_weather_taken {
    size_t rows, added, kept; /* cells that are new, and that were there and stay as they were */
    int32_t first_issue, last_issue, first_lead, last_lead; /* where rows > 0 */
    char columns[512]; /* names of those with values, a comma between */
} qk_forecast_weather_taken;
/* The county, by which files of other places are told: the middle of its air stations (of all
 * sites, where it has none). QK_ENOTFOUND when no site has coordinates. */
typedef struct qk_forecast_weather_place {
    double lon, lat;
} qk_forecast_weather_place;
QK_NODISCARD qk_code qk_forecasts_weather_county(qk_forecast_weather_place *out,
                                                 const qk_registry *registry, qk_error *err);
/* CSV with columns issued and lead, date if it likes, lon and lat if it likes, and any columns of
 * numbers; empty cells are passed over. All rows or none: QK_EFORMAT with line and column for what
 * is no date, lead or number, for an issue later than the day after `now` and a date that is not
 * issued + lead (weather of another time), for a place farther than 50 km from the county (of
 * another place; county NULL: not looked at), and beyond QK_FORECAST_WEATHER_ROWS. look: nothing is
 * written, and any connection will do. */
QK_NODISCARD qk_code qk_forecasts_weather_csv(qk_forecast_weather_taken *taken, qk_db *db,
                                              qk_str text, const qk_forecast_weather_place *county,
                                              bool look, qk_str by, qk_time now, qk_error *err);
/* The CSV of a file of whatever form: text as it is; GRIB and NetCDF (domain/weather_file.h) as the
 * daily weather of the county that its runs foresee. QK_EFORMAT for a file of another place or
 * time, and as qk_weather_bytes_read. */
QK_NODISCARD qk_code qk_forecasts_weather_days(qk_buf *csv, qk_str bytes, const char *name,
                                               const qk_forecast_weather_place *county,
                                               qk_error *err);
#endif
