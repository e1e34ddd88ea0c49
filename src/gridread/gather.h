/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GRIDREAD_GATHER_H
#define QK_GRIDREAD_GATHER_H
/* Inside the helper that reads weather files: what is asked for, and the grid that grows from
 * fields of whatever order. One grid of longitude and latitude, our units, an asked area cut out,
 * with a step around it so that every place of the area lies between points. */
#include "models/weather_grid.h"

enum { GATHER_CELLS_MAX = 20000000 /* of one field of a file */ };

typedef struct grid_ask {
    bool list; /* heads alone */
    qk_grid_what wish[QK_GRID_WISHES_MAX];
    size_t wishes;
    bool area;
    double west, south, east, north;
    qk_time from, to; /* of the instants; QK_TIME_NONE = no bound */
} grid_ask;

/* A field as it lies in the file: point (row, column) is values[row * row_step + column *
 * column_step], its place lat0 + row * dlat, lon0 + column * dlon. */
typedef struct grid_source {
    size_t rows, columns, row_step, column_step;
    double lat0, dlat, lon0, dlon; /* steps of either sign */
    const double *value;
    double missing[2];    /* values that stand for none; NaN = no such value */
    double scale, offset; /* to our units */
} grid_source;

typedef struct grid_gather {
    const grid_ask *ask;
    bool framed;
    grid_source frame; /* axes of the first field; no values */
    qk_grid_axes axes;
    size_t *row, *column; /* of the file, for each of ours */
    double *cut;
    qk_buf fields;
    size_t count;
    qk_grid_skipped skipped[QK_GRID_SKIPPED_MAX];
    size_t skips;
} grid_gather;

void gather_init(grid_gather *g, const grid_ask *ask);
void gather_clear(grid_gather *g);
/* Whether a field of this kind and instant is asked for. */
bool gather_wants(const grid_gather *g, qk_grid_what what, qk_time until);
/* QK_ERANGE for axes that cannot be or another grid than the first field's, QK_EFORMAT when nothing
 * of the area asked for is in the file. Before values are read: `value` is not looked at. */
QK_NODISCARD qk_code gather_frame(grid_gather *g, const grid_source *source, qk_error *err);
/* A field, after gather_frame; source NULL in a list. */
QK_NODISCARD qk_code gather_add(grid_gather *g, const qk_grid_field *field,
                                const grid_source *source, qk_error *err);
/* Something is left out; the same name and reason are counted together. */
void gather_skip(grid_gather *g, const char *name, const char *why);
/* The text of all. QK_EFORMAT when nothing was asked for was found, saying what stood in the way.
 */
QK_NODISCARD qk_code gather_finish(grid_gather *g, qk_buf *out, qk_error *err);

/* Each reads the file behind fd from its beginning. QK_EFORMAT for what is damaged. */
QK_NODISCARD qk_code gridread_grib(grid_gather *g, int fd, qk_error *err);
QK_NODISCARD qk_code gridread_netcdf(grid_gather *g, int fd, qk_error *err);

/* "hours since 1900-01-01 00:00:00.0": the origin (UTC unless a zone follows) and the unit in ms.
 * false for what is none. */
bool gridread_time_unit(qk_time *origin, double *unit_ms, qk_str text);
/* "hours", "h", "days" alone, ms. */
bool gridread_span_unit(double *unit_ms, qk_str text);
#endif
