/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_WEATHER_PREPARE_H
#define QK_MODELS_WEATHER_PREPARE_H
/* From hourly surface observations and morning soundings to the weather of a dispersion run: what
 * AERMET makes (EPA-454/R-03-004, section 3; surface_layer.h has the equations of an hour), in its
 * own files.
 *
 * Mixing heights: convective by the one-dimensional energy budget over the morning profile (Carson
 * 1973, Weil and Brower 1983), mechanical by Venkatram (1980), smoothed in time. Where a day has no
 * sounding the profile is one of 5 K/km from the ground up, and each hour that rests on it says so.
 * Gaps of temperature, cloud and pressure of up to 5 hours are filled in between their ends; longer
 * ones of cloud stand as 5 tenths, of pressure as that of the height above the sea; temperature and
 * wind are never made up.
 *
 * Ownership: a preparation owns its hours; the texts read stay the caller's. One thread while it is
 * filled, then read-only. */
#include "base/memory.h"
#include "models/plume_profile.h"

enum { QK_WEATHER_HOURS_MAX = 200000, QK_WEATHER_SECTORS = 12, QK_WEATHER_LEVELS = 80 };

/* What has become of an hour; bits. */
typedef enum qk_weather_flag {
    QK_WEATHER_CALM = 1,
    QK_WEATHER_NO_WIND = 2,
    QK_WEATHER_NO_TEMPERATURE = 4,
    QK_WEATHER_FILLED = 8,       /* cloud, temperature or pressure between the ends of a gap */
    QK_WEATHER_NO_CLOUD = 16,    /* 5 tenths */
    QK_WEATHER_NO_PRESSURE = 32, /* of the height */
    QK_WEATHER_NO_SOUNDING = 64, /* a convective height from the default profile */
    QK_WEATHER_LIMITED = 128,    /* heat flux of a stable hour at its limit */
    QK_WEATHER_REFUSED = 256,    /* a value that cannot be, taken as missing */
    QK_WEATHER_ABSENT = 512,     /* no line for this hour */
    QK_WEATHER_FLAGS = 10
} qk_weather_flag;
const char *qk_weather_flag_name(int bit); /* 0 .. QK_WEATHER_FLAGS-1 */

typedef struct qk_weather_ground {
    double albedo; /* under a high sun */
    double bowen;
    double roughness_m;
} qk_weather_ground;

typedef struct qk_weather_place {
    double latitude_deg, longitude_deg; /* north, east */
    double zone_h;                      /* of the observations' clock */
    double elevation_m;
    double wind_height_m, temperature_height_m;
    double calm_m_s; /* slower is calm */
    bool adjusted;   /* ADJ_U* */
    int sectors;
    double sector_from_deg[QK_WEATHER_SECTORS]; /* rising; the last reaches round to the first */
    qk_weather_ground ground[12][QK_WEATHER_SECTORS]; /* by month and sector of the wind's origin */
} qk_weather_place;

/* Cropland of the North China plain, one sector; wind at 10 m, ADJ_U*, calm below 0.5 m/s. Albedo,
 * Bowen ratio and roughness by season after the AERMET user's guide's tables for cultivated land,
 * average moisture. */
void qk_weather_place_init(qk_weather_place *place, double latitude_deg, double longitude_deg,
                           double zone_h);
/* QK_EINVAL naming what cannot be. */
QK_NODISCARD qk_code qk_weather_place_check(const qk_weather_place *place, qk_error *err);
/* CSV month,sector_from,albedo,bowen,roughness: every month with the same sectors. */
QK_NODISCARD qk_code qk_weather_read_ground(qk_weather_place *place, qk_str csv, const char *name,
                                            qk_error *err);

typedef struct qk_weather qk_weather;
QK_NODISCARD qk_code qk_weather_new(qk_weather **out, const qk_weather_place *place, qk_error *err);
void qk_weather_free(qk_weather *w);

/* CSV with a header: time (ISO 8601, end of the hour on the place's clock), wind_speed (m/s),
 * wind_from (degrees), temperature (C), and, as far as there are any, cloud (tenths), pressure
 * (hPa, at the station), humidity (%), precipitation (mm). Refused by line and column: a time that
 * is no full hour or does not rise, a cell that is no number. Values that cannot be are taken as
 * missing and flagged. */
QK_NODISCARD qk_code qk_weather_read_csv(qk_weather *w, qk_str csv, const char *name,
                                         qk_error *err);
/* NOAA's ISD-Lite (technical document of 2006): year month day hour T Td SLP dir speed sky rain1
 * rain6, scaled, UTC, -9999 missing. The hour given is the observation's, which stands for the hour
 * that ends with it. */
QK_NODISCARD qk_code qk_weather_read_isd(qk_weather *w, qk_str text, const char *name,
                                         qk_error *err);
/* CSV date,height,temperature (C; m above ground): morning soundings or profiles of a grid,
 * heights rising within a day, at most QK_WEATHER_LEVELS a day. Before _run. */
QK_NODISCARD qk_code qk_weather_read_soundings(qk_weather *w, qk_str csv, const char *name,
                                               qk_error *err);

/* Works all hours from the first to the last read; hours without a line are missing ones.
 * QK_EFORMAT when nothing was read. */
QK_NODISCARD qk_code qk_weather_run(qk_weather *w, qk_error *err);
size_t qk_weather_count(const qk_weather *w);
const qk_plume_hour *qk_weather_hour(const qk_weather *w, size_t i);
unsigned qk_weather_flags(const qk_weather *w, size_t i);
/* The .SFC and .PFL as AERMOD reads them. Sticky errors of the buffers. */
void qk_weather_write_surface(qk_buf *out, const qk_weather *w);
void qk_weather_write_profile(qk_buf *out, const qk_weather *w);
/* CSV time,flags: hours with any flag. */
void qk_weather_write_flags(qk_buf *out, const qk_weather *w);
#endif
