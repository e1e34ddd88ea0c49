/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_CAR_TRACK_H
#define QK_DOMAIN_CAR_TRACK_H
/* What cars measured on their way: files of CSV with the columns time, lon, lat and PM10, PM2.5
 * (either; ug/m3), kept as sums by factor, hour and 0.001 degrees (table car_hour), and which files
 * were taken in (table car_track).
 *
 * A row that cannot be taken is left out, counted and told by its line; a file without one good row
 * is refused, and so is one that was taken in before, whatever its name. Looking: any thread with a
 * connection of its own; taking: store thread, inside a transaction. */
#include "base/json.h"
#include "domain/registry.h"

enum { QK_CAR_ROWS_MAX = 200000, QK_CAR_REFUSALS = 50, QK_CAR_NAME_MAX = 120 };

typedef struct qk_car_refusal {
    uint32_t line, column;
    const char *code; /* time future lon lat far value */
} qk_car_refusal;
typedef struct qk_car_taken {
    size_t rows, refused;
    qk_car_refusal first[QK_CAR_REFUSALS]; /* of the refused, as many as fit */
    bool factor[2];                        /* PM10, PM2.5: there was a value */
    qk_time from, to;
    double west, east, south, north;
} qk_car_taken;
typedef struct qk_car_file {
    qk_str csv, name;
    const qk_registry *registry; /* for where the county lies; NULL = any place is taken */
    bool commit;
    qk_str by;
} qk_car_file;
/* QK_EFORMAT without the columns or a good row, QK_EFULL beyond QK_CAR_ROWS_MAX rows, QK_EEXIST for
 * a file taken in before. */
QK_NODISCARD qk_code qk_car_take(qk_car_taken *out, qk_db *db, const qk_car_file *file, qk_time now,
                                 qk_error *err);
void qk_car_taken_write(qk_json_writer *w, const qk_car_taken *taken, bool committed);
/* The array of files taken in, newest first. */
QK_NODISCARD qk_code qk_car_tracks_write(qk_json_writer *w, qk_db *db, size_t limit, qk_error *err);
#endif
