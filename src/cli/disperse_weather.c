/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong disperse weather`: surface observations and soundings to .SFC and .PFL. */
#include "base/file.h"
#include "cli/command.h"
#include "cli/disperse.h"
#include "domain/weather_file.h"
#include "models/weather_prepare.h"
#include <getopt.h>
#include <math.h>
#include <stdio.h>

enum { TEXT_MAX_MIB = 256 };

typedef struct weather_options {
    const char *observations, *isd, *soundings, *ground, *out;
    const char *grid[QK_WEATHER_FILES_MAX];
    size_t grids;
    qk_weather_place place;
    bool latitude, longitude;
} weather_options;

static bool take_number(weather_options *o, int option, const char *text)
{
    double v;
    if (qk_parse_f64(&v, qk_str_of(text)) != QK_OK) return false;
    switch (option) {
    case 'a':
        o->place.latitude_deg = v;
        o->latitude = true;
        return true;
    case 'l':
        o->place.longitude_deg = v;
        o->longitude = true;
        return true;
    case 'z': o->place.zone_h = v; return true;
    case 'e': o->place.elevation_m = v; return true;
    case 'w': o->place.wind_height_m = v; return true;
    case 't': o->place.temperature_height_m = v; return true;
    default: o->place.calm_m_s = v; return true;
    }
}

static bool take_option(weather_options *o, int option, const char *text)
{
    switch (option) {
    case 'o': o->observations = text; return true;
    case 'i': o->isd = text; return true;
    case 's': o->soundings = text; return true;
    case 'g': o->ground = text; return true;
    case 'O': o->out = text; return true;
    case 'G':
        if (o->grids == QK_WEATHER_FILES_MAX) return false;
        o->grid[o->grids++] = text;
        return true;
    case 'n': o->place.adjusted = false; return true;
    case '?': return false;
    default: return take_number(o, option, text);
    }
}

typedef qk_code read_fn(qk_weather *w, qk_str text, const char *name, qk_error *err);

static qk_code read_into(qk_weather *w, read_fn *fn, const char *path, qk_error *err)
{
    qk_buf text;
    if (!path) return QK_OK;
    qk_buf_init(&text, (size_t)TEXT_MAX_MIB << 20);
    qk_code code = qk_file_read(&text, path, err);
    if (code == QK_OK) code = fn(w, qk_buf_str(&text), path, err);
    qk_buf_clear(&text);
    return code;
}

static qk_code read_ground(weather_options *o, qk_error *err)
{
    qk_buf text;
    if (!o->ground) return QK_OK;
    qk_buf_init(&text, 1 << 20);
    qk_code code = qk_file_read(&text, o->ground, err);
    if (code == QK_OK) code = qk_weather_read_ground(&o->place, qk_buf_str(&text), o->ground, err);
    qk_buf_clear(&text);
    return code;
}

typedef void write_fn(qk_buf *out, const qk_weather *w);

static qk_code write_to(const qk_weather *w, write_fn *fn, const char *base, const char *ending,
                        qk_error *err)
{
    char path[QK_PATH_MAX];
    qk_buf text;
    if (snprintf(path, sizeof path, "%s%s", base, ending) >= (int)sizeof path)
        return qk_fail(err, QK_ERANGE, "the name %s is too long", base);
    qk_buf_init(&text, (size_t)TEXT_MAX_MIB << 20);
    fn(&text, w);
    qk_code code = text.failed ? qk_fail(err, text.failed, "%s does not fit in memory", path)
                               : qk_file_write_atomic(path, text.ptr, text.len, 0644, err);
    qk_buf_clear(&text);
    return code;
}

static void tell(const qk_weather *w)
{
    size_t n[QK_PLUME_HOUR_MISSING + 1] = {0}, flagged[QK_WEATHER_FLAGS] = {0};
    for (size_t i = 0; i < qk_weather_count(w); i++) {
        n[qk_plume_hour_status(qk_weather_hour(w, i))]++;
        for (int bit = 0; bit < QK_WEATHER_FLAGS; bit++)
            flagged[bit] += qk_weather_flags(w, i) >> bit & 1;
    }
    fprintf(stderr, "disperse weather: %zu hours: %zu good, %zu calm, %zu missing\n",
            qk_weather_count(w), n[QK_PLUME_HOUR_VALID], n[QK_PLUME_HOUR_CALM],
            n[QK_PLUME_HOUR_MISSING]);
    for (int bit = 0; bit < QK_WEATHER_FLAGS; bit++)
        if (flagged[bit]) fprintf(stderr, "  %s: %zu\n", qk_weather_flag_name(bit), flagged[bit]);
}

/* ---- a model's grid in the place of observations and soundings ---- */

static qk_code take_hours(qk_weather *w, const weather_options *o, const qk_grid_series *s,
                          qk_error *err)
{
    qk_grid_series hours = {0};
    qk_buf text;
    qk_buf_init(&text, (size_t)TEXT_MAX_MIB << 20);
    qk_code code = qk_grid_series_hourly(&hours, s, err);
    if (code == QK_OK) qk_grid_write_obs(&text, &hours, o->place.zone_h);
    if (code == QK_OK && text.failed)
        code = qk_fail(err, text.failed, "the grid's hours do not fit in memory");
    if (code == QK_OK) code = qk_weather_read_csv(w, qk_buf_str(&text), o->grid[0], err);
    qk_grid_series_clear(&hours);
    qk_buf_clear(&text);
    return code;
}

static qk_code take_profiles(qk_weather *w, const weather_options *o, const qk_grid_series *s,
                             qk_error *err)
{
    qk_buf text;
    size_t days = 0;
    qk_buf_init(&text, (size_t)TEXT_MAX_MIB << 20);
    qk_grid_write_soundings(&text, s, o->place.elevation_m, o->place.zone_h, &days);
    fprintf(stderr, "disperse weather: profiles of %zu mornings from the grid\n", days);
    qk_code code = text.failed
                       ? qk_fail(err, text.failed, "the grid's profiles do not fit in memory")
                   : days ? qk_weather_read_soundings(w, qk_buf_str(&text), o->grid[0], err)
                          : QK_OK;
    qk_buf_clear(&text);
    return code;
}

/* A grid beside observations must have a morning within their days. */
static qk_code check_days(const qk_weather *w, const weather_options *o, qk_error *err)
{
    size_t n = qk_weather_count(w), without = 0;
    if (!o->grids || (!o->observations && !o->isd) || o->soundings) return QK_OK;
    for (size_t i = 0; i < n; i++)
        without += (qk_weather_flags(w, i) & QK_WEATHER_NO_SOUNDING) != 0;
    for (size_t i = 0; i < n; i++)
        if (qk_weather_hour(w, i)->convective_height_m > 0 &&
            !(qk_weather_flags(w, i) & QK_WEATHER_NO_SOUNDING))
            return QK_OK;
    if (without == 0) return QK_OK;
    return qk_fail(err, QK_EFORMAT,
                   "weather of another time: %s has no morning profile within the"
                   " days of the observations",
                   o->grid[0]);
}

static qk_code read_grid(qk_weather *w, const weather_options *o, qk_error *err)
{
    double lon = o->place.longitude_deg, lat = o->place.latitude_deg;
    qk_weather_ask ask = {.wishes = "near,t_*hpa,gh_*hpa",
                          .area = true,
                          .west = lon,
                          .east = lon,
                          .south = lat,
                          .north = lat};
    qk_grid *g = NULL;
    qk_grid_series s = {0};
    if (!o->grids) return QK_OK;
    QK_TRY(qk_weather_files_read(&g, o->grid, o->grids, &ask, err));
    qk_code code = qk_grid_series_make(&s, g, lon, lat, QK_TIME_NONE, err);
    if (code == QK_OK && !o->observations && !o->isd) code = take_hours(w, o, &s, err);
    if (code == QK_OK && !o->soundings) code = take_profiles(w, o, &s, err);
    qk_grid_series_clear(&s);
    qk_grid_free(g);
    return code;
}

static qk_code prepare(weather_options *o, qk_error *err)
{
    qk_weather *w = NULL;
    QK_TRY(read_ground(o, err));
    QK_TRY(qk_weather_new(&w, &o->place, err));
    qk_code code = read_into(w, qk_weather_read_csv, o->observations, err);
    if (code == QK_OK) code = read_into(w, qk_weather_read_isd, o->isd, err);
    if (code == QK_OK) code = read_into(w, qk_weather_read_soundings, o->soundings, err);
    if (code == QK_OK) code = read_grid(w, o, err);
    if (code == QK_OK) code = qk_weather_run(w, err);
    if (code == QK_OK) code = check_days(w, o, err);
    if (code == QK_OK) code = write_to(w, qk_weather_write_surface, o->out, ".sfc", err);
    if (code == QK_OK) code = write_to(w, qk_weather_write_profile, o->out, ".pfl", err);
    if (code == QK_OK) code = write_to(w, qk_weather_write_flags, o->out, ".flags.csv", err);
    if (code == QK_OK) tell(w);
    qk_weather_free(w);
    return code;
}

int disperse_weather(int argc, char **argv)
{
    static const struct option options[] = {{"obs", required_argument, NULL, 'o'},
                                            {"isd", required_argument, NULL, 'i'},
                                            {"soundings", required_argument, NULL, 's'},
                                            {"grid", required_argument, NULL, 'G'},
                                            {"ground", required_argument, NULL, 'g'},
                                            {"out", required_argument, NULL, 'O'},
                                            {"latitude", required_argument, NULL, 'a'},
                                            {"longitude", required_argument, NULL, 'l'},
                                            {"zone", required_argument, NULL, 'z'},
                                            {"elevation", required_argument, NULL, 'e'},
                                            {"wind-height", required_argument, NULL, 'w'},
                                            {"temperature-height", required_argument, NULL, 't'},
                                            {"calm", required_argument, NULL, 'c'},
                                            {"no-adjust", no_argument, NULL, 'n'},
                                            {0}};
    weather_options o = {0};
    qk_error err = {0};
    int option;
    qk_weather_place_init(&o.place, 0, 0, 8);
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (!take_option(&o, option, optarg))
            return qk_command_misuse("disperse", "weather: unknown option or no number");
    if (optind < argc || !o.latitude || !o.longitude || !o.out || (o.observations && o.isd) ||
        (!o.observations && !o.isd && !o.grids))
        return qk_command_misuse("disperse", "weather (--obs FILE.csv | --isd FILE | --grid FILE) "
                                             "--latitude N --longitude E --out NAME");
    return prepare(&o, &err) == QK_OK ? QK_EXIT_DONE : qk_command_refuse("disperse weather", &err);
}
