/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_AIRPAST_H
#define QK_DOMAIN_AIRPAST_H
/* Daily values of past years: what a county has from its yearbook or an upper platform, and of
 * which it holds no hours. They stand for a day of which no hour counts; where hours make a day,
 * the hours do. Figures that rest on them say so (domain/airstat.h).
 *
 * An import has a source and an author and is never changed; a later one of the same day takes its
 * place, an empty cell included. Reading is for any thread with a connection of its own, writing
 * for the store thread, inside its transaction. */
#include "domain/registry.h"
#include "standards/aqi.h"
#include "store/db.h"

enum { QK_AIRPAST_ROWS_MAX = 100000, QK_AIRPAST_SOURCE_MAX = 300 };

typedef struct qk_airpast_day {
    int32_t day;
    int64_t micro[QK_POLLUTANTS]; /* daily mean, O3 the largest 8-h mean, in 10^-6 of the unit;
                                     below 0: none */
} qk_airpast_day;
/* Days of a site, rising, as recorded up to known_at (QK_TIME_NONE = now), in the arena. */
QK_NODISCARD qk_code qk_airpast_days(qk_airpast_day **out, size_t *n, qk_db *db, const char *site,
                                     int32_t from_day, int32_t to_day, qk_time known_at,
                                     qk_arena *arena, qk_error *err);

/* CSV site,date,SO2,NO2,CO,O3,PM10,PM2.5 (ug/m3, CO mg/m3; columns that are not there count as
 * empty): all rows or none. A refusal has line and column: no evaluated station of that id, no
 * date, a day that is not over, no number, a value that cannot be (below 0; above 100,000; CO above
 * 200), a station's day twice. */
QK_NODISCARD qk_code qk_airpast_csv(size_t *rows, qk_db *db, const qk_registry *registry,
                                    qk_str csv, qk_str source, qk_str by, qk_time now,
                                    qk_error *err);

typedef struct qk_airpast_import {
    int64_t id, rows;
    const char *source, *recorded_by;
    int32_t from_day, to_day;
    qk_time recorded_at;
} qk_airpast_import;
/* Newest first, at most 1,000. */
QK_NODISCARD qk_code qk_airpast_imports(qk_airpast_import **out, size_t *n, qk_db *db,
                                        qk_arena *arena, qk_error *err);
#endif
