/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_WEATHER_GRID_H
#define QK_MODELS_WEATHER_GRID_H
/* Weather on a regular grid of longitude and latitude: the fields that were read from GRIB or
 * NetCDF, in our units, south to north and west to east; their values at a place as a series; and
 * the forms in which other commands take them (weather_forms.c).
 *
 * The text of a grid is what the helper process (src/gridread) says to the program: little-endian,
 * "QKGRID01", the axes, what was left out and why, then field by field its head and its values. A
 * helper reads hostile files, so its text is taken as hostile too: every count is checked against
 * the bytes that are there.
 *
 * Ownership: a grid owns its text and its table of fields; a series its arrays. Pure; one thread
 * while it is filled. */
#include "base/memory.h"
#include "base/time.h"

typedef enum qk_grid_var {
    QK_GRID_U,      /* wind to the east, m/s */
    QK_GRID_V,      /* wind to the north, m/s */
    QK_GRID_T,      /* temperature, C */
    QK_GRID_DEW,    /* dew point, C */
    QK_GRID_RH,     /* relative humidity, % */
    QK_GRID_Q,      /* specific humidity, g/kg */
    QK_GRID_GH,     /* height of a pressure level above the sea, m */
    QK_GRID_PS,     /* pressure at the ground, hPa */
    QK_GRID_MSL,    /* pressure reduced to the sea, hPa */
    QK_GRID_CLOUD,  /* all cloud, % */
    QK_GRID_BLH,    /* height of the boundary layer above the ground, m */
    QK_GRID_PRECIP, /* rain and snow fallen between `from` and `until`, mm */
    QK_GRID_GROUND, /* height of the model's ground above the sea, m */
    QK_GRID_VARS
} qk_grid_var;

typedef enum qk_grid_level {
    QK_GRID_SURFACE,
    QK_GRID_HEIGHT,  /* m above ground */
    QK_GRID_PRESSURE /* hPa */
} qk_grid_level;

typedef struct qk_grid_what {
    qk_grid_var var;
    qk_grid_level kind;
    int32_t level; /* -1 in a wish: every level of the kind */
} qk_grid_what;

enum {
    QK_GRID_NAME = 32,
    QK_GRID_FIELDS_MAX = 20000,
    QK_GRID_SKIPPED_MAX = 200,
    QK_GRID_WISHES_MAX = 64,
    QK_GRID_COLUMNS_MAX = 400,
    QK_GRID_TIMES_MAX = 20000,
    QK_GRID_SIDE_MAX = 100000,
    QK_GRID_POINTS_MAX = 40000,  /* of a table */
    QK_GRID_TEXT_MAX = 128 << 20 /* bytes of a grid's text */
};

/* "u_10m", "t_850hpa", "cloud": out of whatever length it needs; returns out. */
char *qk_grid_name(char out[QK_GRID_NAME], qk_grid_what what);
/* The same back; "t_*hpa" and "u_*m" are wishes for all levels. */
bool qk_grid_parse(qk_grid_what *out, qk_str name);
const char *qk_grid_unit(qk_grid_var var);   /* "m/s" */
const char *qk_grid_ending(qk_grid_var var); /* "_ms": of a column's name */
/* Wishes "u_10m,t_*hpa,near,profile"; near: all that stands near the ground, profile: u, v, t, rh,
 * gh of all pressure levels and the ground; empty = near. QK_EINVAL naming what is none. */
QK_NODISCARD qk_code qk_grid_wishes(qk_grid_what *out, size_t *count, qk_str text, qk_error *err);
bool qk_grid_wished(const qk_grid_what *wishes, size_t count, qk_grid_what what);
/* A file's unit into ours: ours = value * scale + offset. Heights may be geopotentials. false for a
 * unit that does not fit the variable. */
bool qk_grid_convert(double *scale, double *offset, qk_grid_var var, qk_str unit);
/* What can be on this earth, in our units. */
bool qk_grid_possible(qk_grid_var var, double value);

typedef struct qk_grid_axes {
    size_t lats, lons;
    double lat0, dlat, lon0, dlon; /* dlat, dlon > 0, or 0 where there is but one */
} qk_grid_axes;

typedef struct qk_grid_field {
    qk_grid_what what;
    qk_time issued;          /* when the model run began; = until for an analysis */
    qk_time from, until;     /* equal but for precipitation */
    uint32_t missing;        /* values of the file that are not there or cannot be */
    char name[QK_GRID_NAME]; /* in the file */
    const double *value;     /* [lats * lons], NaN = missing; NULL when only listed */
} qk_grid_field;

typedef struct qk_grid_skipped {
    uint32_t count;
    char name[64], why[96];
} qk_grid_skipped;

typedef struct qk_grid {
    qk_grid_axes axes;
    size_t fields, skips;
    qk_grid_field *field;
    qk_grid_skipped *skipped;
    char *text[64]; /* what the fields lie in, a text a file */
    size_t texts;
} qk_grid;
void qk_grid_free(qk_grid *g);

/* ---- the text ---- */

/* Sticky errors of the buffer. The head is followed by exactly `fields` fields, each with lats *
 * lons values or, where values is NULL, none. */
void qk_grid_put_head(qk_buf *out, const qk_grid_axes *axes, size_t fields,
                      const qk_grid_skipped *skipped, size_t skips);
void qk_grid_put_field(qk_buf *out, const qk_grid_axes *axes, const qk_grid_field *field,
                       const double *values);
/* Takes the text (of malloc) in every case. QK_EFORMAT for what is no grid, QK_ENOMEM. */
QK_NODISCARD qk_code qk_grid_take(qk_grid **out, char *text, size_t len, qk_error *err);
/* Adds the fields of `more`, which is freed in every case. QK_EFORMAT when its axes are others,
 * QK_EFULL beyond the ceilings. */
QK_NODISCARD qk_code qk_grid_join(qk_grid *g, qk_grid *more, qk_error *err);

/* ---- at a place ---- */

bool qk_grid_holds(const qk_grid_axes *axes, double lon, double lat);
/* Bilinear; NaN outside, and where a corner that counts is missing. A grid of one row or column
 * stands for a quarter of a degree around it. */
double qk_grid_at(const qk_grid_axes *axes, const double *value, double lon, double lat);

typedef struct qk_grid_series {
    size_t times, columns;
    qk_time *time;      /* [times], rising */
    qk_time *issued;    /* [times] the newest run that a value of the row is of */
    double *rain_h;     /* [times] hours in which the row's precipitation fell; NaN = none known */
    qk_grid_what *what; /* [columns] */
    double *value;      /* [times][columns] */
} qk_grid_series;
/* What the grid says of a place, of each instant the run with the shortest lead (or of the run
 * `issued` alone, where it is no QK_TIME_NONE). Precipitation is what fell since the instant
 * before: sums since the run's beginning are taken apart. QK_ERANGE for a place outside, QK_EFULL
 * beyond the ceilings, QK_ENOTFOUND when nothing is there. */
QK_NODISCARD qk_code qk_grid_series_make(qk_grid_series *out, const qk_grid *g, double lon,
                                         double lat, qk_time issued, qk_error *err);
/* The same at whole hours: straight lines between instants at most six hours apart, precipitation
 * in even parts. */
QK_NODISCARD qk_code qk_grid_series_hourly(qk_grid_series *out, const qk_grid_series *in,
                                           qk_error *err);
void qk_grid_series_clear(qk_grid_series *s);
/* Column of what, or SIZE_MAX. */
size_t qk_grid_series_column(const qk_grid_series *s, qk_grid_what what);

/* ---- the forms, as CSV; sticky errors of the buffer ---- */

/* time,issued,lead_h and a column for each variable; speed and direction of each wind, relative
 * humidity near the ground where it follows from the others. */
void qk_grid_write_series(qk_buf *out, const qk_grid_series *s);
/* The same of every point of the grid, behind columns lon and lat. QK_EFULL beyond
 * QK_GRID_POINTS_MAX, and as qk_grid_series_make. */
QK_NODISCARD qk_code qk_grid_write_area(qk_buf *out, const qk_grid *g, bool hourly, qk_error *err);
/* Surface observations as `disperse weather --obs` takes them; zone_h is that of its clock. */
void qk_grid_write_obs(qk_buf *out, const qk_grid_series *s, double zone_h);
/* Profiles of temperature of the morning (nearest to 8:00 of the clock, 5:00 to 11:00) as `disperse
 * weather --soundings` takes them; height of the place above the sea where the file does not tell
 * that of its own ground. Days without are left out; *days counts those written. */
void qk_grid_write_soundings(qk_buf *out, const qk_grid_series *s, double elevation_m,
                             double zone_h, size_t *days);
/* Days of a forecast archive (issued,lead,date and daily columns), run by run, of those days that
 * at least 18 hours are known of, from the day after the run's on. *rows counts them. QK_ENOTFOUND
 * when there are none: analyses, or days gone by. */
QK_NODISCARD qk_code qk_grid_write_days(qk_buf *out, size_t *rows, const qk_grid *g, double lon,
                                        double lat, qk_error *err);
/* date,lon,lat,u,v of every point, as `trace --winds` takes it. QK_ENOTFOUND without winds of that
 * level. */
QK_NODISCARD qk_code qk_grid_write_winds(qk_buf *out, const qk_grid *g, qk_grid_level kind,
                                         int32_t level, qk_error *err);
/* The newest run's pair of fields for each instant, in the order of time; *count of them. The array
 * is free()d by the caller. */
typedef struct qk_grid_wind {
    qk_time time;
    const double *u, *v;
} qk_grid_wind;
QK_NODISCARD qk_code qk_grid_winds(qk_grid_wind **out, size_t *count, const qk_grid *g,
                                   qk_grid_level kind, int32_t level, qk_error *err);
#endif
