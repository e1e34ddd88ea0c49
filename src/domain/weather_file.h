/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_WEATHER_FILE_H
#define QK_DOMAIN_WEATHER_FILE_H
/* Weather files of others, GRIB and NetCDF, as grids in our units. They are opened by a confined
 * process of its own, qingkong-gridread (domain/confine.h), which stands beside this program or in
 * its folder of helpers, or where QINGKONG_LIBEXEC says; it has 120 s of CPU, 1 GiB of addresses,
 * no network and writes no file.
 *
 * Any thread. */
#include "models/weather_grid.h"

enum { QK_WEATHER_FILES_MAX = 64, QK_WEATHER_UPLOAD_MAX = 64 << 20 };

typedef struct qk_weather_ask {
    bool list;          /* the fields' heads alone */
    const char *wishes; /* as qk_grid_wishes reads them; NULL = near */
    bool area;          /* cut out what lies around; a place is an area of no width */
    double west, south, east, north;
    qk_time from, to; /* of the instants; 0 and 0 = all */
} qk_weather_ask;

/* Whether the file begins as GRIB or NetCDF does. */
bool qk_weather_file_known(const char *path);
/* A file, or a folder of them in the order of their names (64 at most). QK_EFORMAT, QK_EFULL naming
 * the file and what is wrong with it: damaged, of another place or time, of a grid that is not
 * read; QK_EUNSUPPORTED where the helper is missing. */
QK_NODISCARD qk_code qk_weather_file_read(qk_grid **out, const char *path,
                                          const qk_weather_ask *ask, qk_error *err);
/* Several such, joined. */
QK_NODISCARD qk_code qk_weather_files_read(qk_grid **out, const char *const *paths, size_t count,
                                           const qk_weather_ask *ask, qk_error *err);
/* The same of bytes. */
QK_NODISCARD qk_code qk_weather_bytes_read(qk_grid **out, qk_str bytes, const char *name,
                                           const qk_weather_ask *ask, qk_error *err);
bool qk_weather_bytes_known(qk_str bytes);
#endif
