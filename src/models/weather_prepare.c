/* SPDX-License-Identifier: Apache-2.0 */
#include "models/weather_prepare.h"
#include "base/time.h"
#include "models/aermod_weather.h"
#include "models/surface_layer.h"
#include "models/weather_private.h"
#include <math.h>
#include <stdlib.h>

enum { FILL_MOST = 5 }; /* hours of a gap that are filled */
#define HEAT             1004.0
#define DEFAULT_GRADIENT 0.005 /* K/m: of the default profile, and the least above the layer */
#define ENTRAIN          1.4   /* 1 + 2 x 0.2: heat that comes down from above, as a share */
#define HIGHEST_M        4000.0

static const char *const flag_names[QK_WEATHER_FLAGS] = {
    "calm",        "no_wind",     "no_temperature", "filled",  "no_cloud",
    "no_pressure", "no_sounding", "heat_limited",   "refused", "absent"};

const char *qk_weather_flag_name(int bit)
{
    return bit >= 0 && bit < QK_WEATHER_FLAGS ? flag_names[bit] : "";
}

void qk_weather_place_init(qk_weather_place *p, double latitude_deg, double longitude_deg,
                           double zone_h)
{
    /* spring, summer, autumn, winter without snow */
    static const qk_weather_ground season[4] = {
        {0.14, 0.3, 0.03}, {0.20, 0.5, 0.2}, {0.18, 0.7, 0.05}, {0.18, 0.7, 0.02}};
    *p = (qk_weather_place){.latitude_deg = latitude_deg,
                            .longitude_deg = longitude_deg,
                            .zone_h = zone_h,
                            .wind_height_m = 10,
                            .temperature_height_m = 2,
                            .calm_m_s = 0.5,
                            .adjusted = true,
                            .sectors = 1};
    for (int m = 0; m < 12; m++) p->ground[m][0] = season[(m + 10) % 12 / 3];
}

qk_code qk_weather_place_check(const qk_weather_place *p, qk_error *err)
{
    if (!(fabs(p->latitude_deg) <= 90) || !(fabs(p->longitude_deg) <= 180) ||
        !(fabs(p->zone_h) <= 14))
        return qk_fail(err, QK_EINVAL, "latitude, longitude or zone cannot be");
    if (!(p->elevation_m >= -430 && p->elevation_m <= 8000))
        return qk_fail(err, QK_EINVAL, "an elevation of %g m cannot be", p->elevation_m);
    if (!(p->temperature_height_m > 0 && p->temperature_height_m <= 100) ||
        !(p->wind_height_m > 0 && p->wind_height_m <= 200) ||
        !(p->calm_m_s >= 0.1 && p->calm_m_s <= 3))
        return qk_fail(err, QK_EINVAL, "heights of the instruments, or the least wind, cannot be");
    if (p->sectors < 1 || p->sectors > QK_WEATHER_SECTORS)
        return qk_fail(err, QK_EINVAL, "1 to %d sectors", QK_WEATHER_SECTORS);
    for (int m = 0; m < 12; m++)
        for (int s = 0; s < p->sectors; s++) {
            const qk_weather_ground *g = &p->ground[m][s];
            if (!(g->albedo > 0 && g->albedo < 1) || !(g->bowen > 0 && g->bowen <= 20) ||
                !(g->roughness_m >= 0.0001 && g->roughness_m <= 5))
                return qk_fail(err, QK_EINVAL,
                               "month %d, sector %d: albedo 0..1, Bowen ratio 0..20, roughness "
                               "0.0001..5 m",
                               m + 1, s + 1);
            if (g->roughness_m * 2 >= p->wind_height_m)
                return qk_fail(
                    err, QK_EINVAL,
                    "month %d, sector %d: the wind is measured at %g m, among what makes "
                    "a roughness of %g m",
                    m + 1, s + 1, p->wind_height_m, g->roughness_m);
        }
    return QK_OK;
}

static const qk_weather_ground *ground_of(const qk_weather_place *p, int month, double from)
{
    int at = p->sectors - 1;
    for (int s = 0; s < p->sectors; s++)
        if (from >= p->sector_from_deg[s]) at = s;
    if (from < p->sector_from_deg[0]) at = p->sectors - 1;
    return &p->ground[month - 1][at];
}

/* ---- gaps ---- */

static double *field_of(weather_row *r, int field)
{
    return field == 0 ? &r->temperature_k : field == 1 ? &r->cloud : &r->pressure_hpa;
}

/* Cells of a gap between two measured ones, where it is short. */
static void fill_field(qk_weather *w, int field)
{
    size_t last = SIZE_MAX;
    for (size_t i = 0; i < w->rows; i++) {
        if (isnan(*field_of(&w->row[i], field))) continue;
        if (last != SIZE_MAX && i - last > 1 && i - last <= FILL_MOST + 1) {
            double from = *field_of(&w->row[last], field), to = *field_of(&w->row[i], field);
            for (size_t k = last + 1; k < i; k++) {
                double share = (double)(k - last) / (double)(i - last);
                *field_of(&w->row[k], field) = from + (to - from) * share;
                w->row[k].flags |= QK_WEATHER_FILLED;
            }
        }
        last = i;
    }
}

static void stand_in(weather_row *r, const qk_weather_place *p)
{
    if (isnan(r->cloud)) {
        r->cloud = 0.5;
        r->flags |= QK_WEATHER_NO_CLOUD;
    }
    if (isnan(r->pressure_hpa)) {
        r->pressure_hpa = 1013.25 * pow(1 - 2.25577e-5 * p->elevation_m, 5.25588);
        r->flags |= QK_WEATHER_NO_PRESSURE;
    }
}

/* ---- the convective layer ---- */

/* Height to which so much heat (K m) lifts the morning's profile: where the area under it, in z
 * against theta, is filled. */
static double filled_height(const weather_sounding *s, double heat)
{
    double area = 0, below = 0, theta = s->levels ? s->theta_k[0] : 0;
    double gradient = DEFAULT_GRADIENT;
    for (int i = 0; i < s->levels; i++) {
        double z = s->height_m[i], rise = s->theta_k[i] - theta;
        if (z <= below || rise <= 0) {
            below = fmax(below, z);
            continue;
        }
        double more = 0.5 * rise * (z + below);
        if (area + more >= heat)
            return sqrt(below * below + 2 * (heat - area) * (z - below) / rise);
        area += more;
        below = z;
        theta = s->theta_k[i];
    }
    if (s->levels >= 2) {
        int n = s->levels - 1;
        double dz = s->height_m[n] - s->height_m[n - 1];
        gradient = fmax(gradient, (s->theta_k[n] - s->theta_k[n - 1]) / dz);
    }
    return sqrt(below * below + 2 * (heat - area) / gradient);
}

static double theta_at(const weather_sounding *s, double z)
{
    for (int i = 1; i < s->levels; i++)
        if (z <= s->height_m[i]) {
            double share = (z - s->height_m[i - 1]) / (s->height_m[i] - s->height_m[i - 1]);
            return s->theta_k[i - 1] + share * (s->theta_k[i] - s->theta_k[i - 1]);
        }
    return s->theta_k[s->levels - 1];
}

static double gradient_above(const weather_sounding *s, double height_m)
{
    if (s->levels < 2 || height_m + 500 > s->height_m[s->levels - 1]) return DEFAULT_GRADIENT;
    return fmax(DEFAULT_GRADIENT, (theta_at(s, height_m + 500) - theta_at(s, height_m)) / 500);
}

static const weather_sounding *sounding_of(const qk_weather *w, int32_t day)
{
    static const weather_sounding none = {.levels = 0};
    for (size_t i = 0; i < w->soundings; i++)
        if (w->sounding[i].day == day) return &w->sounding[i];
    return &none;
}

/* ---- an hour ---- */

typedef struct course { /* what one hour leaves to the next */
    int32_t day;
    double heat;       /* K m since the morning */
    bool broken;       /* an hour of the heat is not known */
    double mechanical; /* m; < 0: none */
    const weather_sounding *sounding;
} course;

static void missing_hour(qk_plume_hour *h)
{
    h->heat_flux_w_m2 = -999;
    h->ustar_m_s = h->wstar_m_s = h->gradient_above_k_m = -9;
    h->convective_height_m = h->mechanical_height_m = -999;
    h->obukhov_m = -99999;
}

static void begin_hour(qk_plume_hour *h, const qk_weather *w, const weather_row *r, qk_time end)
{
    qk_civil c = qk_civil_of(end - QK_HOUR);
    *h = (qk_plume_hour){.year = c.year,
                         .month = c.month,
                         .day = c.day,
                         .hour = c.hour + 1,
                         .wind_height_m = w->place.wind_height_m,
                         .temperature_height_m = w->place.temperature_height_m,
                         .adjusted_ustar = w->place.adjusted,
                         .wind_m_s = r->wind_m_s,
                         .direction_deg = r->direction_deg,
                         .temperature_k = r->temperature_k,
                         .cloud_tenths = 10 * r->cloud,
                         .observed_count = 1};
    h->roughness_m =
        ground_of(&w->place, h->month, isnan(r->direction_deg) ? 0 : r->direction_deg)->roughness_m;
    missing_hour(h);
}

/* A profile of one level: what the surface file has. */
static void observe(qk_plume_hour *h)
{
    bool wind = h->wind_m_s > 0 && h->wind_m_s < 90;
    h->observed[0] = (qk_plume_observed){
        .height_m = h->wind_height_m,
        .wind_m_s = wind ? h->wind_m_s : NAN,
        .direction_deg = wind ? h->direction_deg : NAN,
        .temperature_k = h->temperature_k > 0 && h->temperature_k < 900 ? h->temperature_k : NAN,
        .sigma_v_m_s = NAN,
        .sigma_w_m_s = NAN};
}

static void convect(qk_plume_hour *h, weather_row *r, course *c, const qk_layer_air *air,
                    double heat_flux)
{
    c->heat += ENTRAIN * heat_flux * 3600 / (air->density * HEAT);
    h->heat_flux_w_m2 = heat_flux;
    if (c->broken) return;
    if (!c->sounding->levels) r->flags |= QK_WEATHER_NO_SOUNDING;
    h->convective_height_m = fmax(1, fmin(HIGHEST_M, filled_height(c->sounding, c->heat)));
    h->gradient_above_k_m = gradient_above(c->sounding, h->convective_height_m);
    h->wstar_m_s =
        qk_layer_wstar(heat_flux, h->convective_height_m, air->density, air->temperature_k);
}

static void work_hour(qk_weather *w, size_t i, course *c)
{
    weather_row *r = &w->row[i];
    qk_plume_hour *h = &w->hour[i];
    qk_time end = w->first + (qk_time)i * QK_HOUR;
    qk_layer layer;
    stand_in(r, &w->place);
    begin_hour(h, w, r, end);
    if (qk_day_number(end - QK_HOUR) != c->day)
        *c = (course){.day = qk_day_number(end - QK_HOUR), .mechanical = c->mechanical};
    c->sounding = sounding_of(w, c->day);
    bool calm = r->wind_m_s < w->place.calm_m_s;
    if (isnan(r->wind_m_s) || (!calm && isnan(r->direction_deg))) r->flags |= QK_WEATHER_NO_WIND;
    if (isnan(r->temperature_k)) r->flags |= QK_WEATHER_NO_TEMPERATURE;
    if (calm) r->flags |= QK_WEATHER_CALM;
    double elevation =
        qk_sun_elevation_deg(qk_aermod_day_of_year(h->year, h->month, h->day), h->hour - 0.5,
                             w->place.latitude_deg, w->place.longitude_deg, w->place.zone_h);
    if (isnan(r->temperature_k)) {
        c->broken |= elevation > 0;
        c->mechanical = -1;
        return;
    }
    const qk_weather_ground *g =
        ground_of(&w->place, h->month, isnan(r->direction_deg) ? 0 : r->direction_deg);
    qk_layer_air air = {.wind_m_s = r->wind_m_s,
                        .wind_height_m = w->place.wind_height_m,
                        .roughness_m = g->roughness_m,
                        .temperature_k = r->temperature_k,
                        .density = qk_layer_air_density(r->pressure_hpa, r->temperature_k),
                        .cloud = r->cloud,
                        .elevation_deg = elevation,
                        .adjusted = w->place.adjusted};
    double net = qk_layer_net_radiation(g->albedo, elevation, r->temperature_k, r->cloud);
    bool day = elevation > 0 && net > 0;
    double heat = fmax(0.1, 0.9 * net / (1 + 1 / g->bowen));
    if (day) convect(h, r, c, &air, heat);
    if (r->flags & (QK_WEATHER_CALM | QK_WEATHER_NO_WIND)) {
        c->mechanical = -1;
        return;
    }
    if (day) {
        qk_layer_convective(&layer, &air, heat);
    } else {
        air.critical_deg = qk_layer_critical_deg(g->albedo, r->temperature_k, r->cloud);
        qk_layer_stable(&layer, &air);
        h->heat_flux_w_m2 = layer.heat_flux_w_m2;
        if (layer.limited) r->flags |= QK_WEATHER_LIMITED;
    }
    h->ustar_m_s = layer.ustar_m_s;
    h->obukhov_m = layer.obukhov_m;
    c->mechanical = qk_layer_mechanical_smooth_m(layer.ustar_m_s, c->mechanical);
    h->mechanical_height_m = c->mechanical;
}

/* Codes of what is missing, as the files have them. */
static void code_hour(qk_plume_hour *h, unsigned flags)
{
    if (flags & QK_WEATHER_CALM) {
        h->wind_m_s = h->direction_deg = 0;
    } else if (flags & QK_WEATHER_NO_WIND) {
        h->wind_m_s = h->direction_deg = 999;
    } else if (h->direction_deg == 0) {
        h->direction_deg = 360;
    }
    if (flags & QK_WEATHER_NO_TEMPERATURE) h->temperature_k = 999;
    observe(h);
}

qk_code qk_weather_run(qk_weather *w, qk_error *err)
{
    course c = {.day = INT32_MIN, .mechanical = -1};
    if (w->rows == 0) return qk_fail(err, QK_EFORMAT, "no hours of weather were read");
    free(w->hour);
    w->hour = calloc(w->rows, sizeof *w->hour);
    if (!w->hour) return qk_fail(err, QK_ENOMEM, "no memory for %zu hours", w->rows);
    for (int field = 0; field < 3; field++) fill_field(w, field);
    for (size_t i = 0; i < w->rows; i++) {
        work_hour(w, i, &c);
        code_hour(&w->hour[i], w->row[i].flags);
    }
    return QK_OK;
}

qk_code qk_weather_new(qk_weather **out, const qk_weather_place *place, qk_error *err)
{
    *out = NULL;
    QK_TRY(qk_weather_place_check(place, err));
    qk_weather *w = calloc(1, sizeof *w);
    if (!w) return qk_fail(err, QK_ENOMEM, "no memory for weather");
    w->place = *place;
    *out = w;
    return QK_OK;
}

void qk_weather_free(qk_weather *w)
{
    if (!w) return;
    free(w->row);
    free(w->sounding);
    free(w->hour);
    free(w);
}

size_t qk_weather_count(const qk_weather *w)
{
    return w->hour ? w->rows : 0;
}

const qk_plume_hour *qk_weather_hour(const qk_weather *w, size_t i)
{
    return &w->hour[i];
}

unsigned qk_weather_flags(const qk_weather *w, size_t i)
{
    return w->row[i].flags;
}

/* ---- files ---- */

void qk_weather_write_surface(qk_buf *out, const qk_weather *w)
{
    const qk_weather_place *p = &w->place;
    qk_buf_printf(out,
                  "%8.3f%c %9.3f%c  UA_ID: 00000000  SF_ID: 00000000  OS_ID:           "
                  "VERSION: 24142%s\n",
                  fabs(p->latitude_deg), p->latitude_deg < 0 ? 'S' : 'N', fabs(p->longitude_deg),
                  p->longitude_deg < 0 ? 'W' : 'E', p->adjusted ? " ADJ_U*" : "");
    for (size_t i = 0; i < qk_weather_count(w); i++) {
        const qk_plume_hour *h = &w->hour[i];
        const weather_row *r = &w->row[i];
        const qk_weather_ground *g =
            ground_of(p, h->month, isnan(r->direction_deg) ? 0 : r->direction_deg);
        qk_buf_printf(out, "%04d %2d %2d %3d %2d %8.2f %8.4f %8.4f %8.4f %6.0f %6.0f %9.2f %7.4f",
                      h->year, h->month, h->day, qk_aermod_day_of_year(h->year, h->month, h->day),
                      h->hour, h->heat_flux_w_m2, h->ustar_m_s, h->wstar_m_s, h->gradient_above_k_m,
                      h->convective_height_m, h->mechanical_height_m, h->obukhov_m, h->roughness_m);
        qk_buf_printf(out, " %6.2f %5.2f %7.2f %6.1f %6.1f %7.2f %6.1f", g->bowen, g->albedo,
                      h->wind_m_s, h->direction_deg, h->wind_height_m, h->temperature_k,
                      h->temperature_height_m);
        qk_buf_printf(out, " %5d %6.2f %4.0f %6.0f %3.0f NAD %s\n", r->rain_mm > 0 ? 11 : 0,
                      isnan(r->rain_mm) ? -9.0 : r->rain_mm,
                      isnan(r->humidity) ? 999.0 : r->humidity, r->pressure_hpa, 10 * r->cloud,
                      r->flags & (QK_WEATHER_FILLED | QK_WEATHER_NO_CLOUD) ? "Subs" : "NoSubs");
    }
}

static double coded(double v, double missing)
{
    return isnan(v) ? missing : v;
}

void qk_weather_write_profile(qk_buf *out, const qk_weather *w)
{
    for (size_t i = 0; i < qk_weather_count(w); i++) {
        const qk_plume_hour *h = &w->hour[i];
        const qk_plume_observed *o = &h->observed[0];
        qk_buf_printf(out, "%04d %2d %2d %2d %6.1f 1 %6.1f %8.2f %8.2f %8.2f %8.2f\n", h->year,
                      h->month, h->day, h->hour, o->height_m, coded(o->direction_deg, 999),
                      coded(o->wind_m_s, 999), coded(o->temperature_k - 273.16, 99.9), 99.0, 99.0);
    }
}

void qk_weather_write_flags(qk_buf *out, const qk_weather *w)
{
    char time[QK_TIME_TEXT];
    qk_buf_puts(out, "time,flags\n");
    for (size_t i = 0; i < qk_weather_count(w); i++) {
        if (!w->row[i].flags) continue;
        qk_buf_printf(out, "%s,", qk_time_iso(time, w->first + (qk_time)i * QK_HOUR));
        const char *between = "";
        for (int bit = 0; bit < QK_WEATHER_FLAGS; bit++)
            if (w->row[i].flags & (1U << bit)) {
                qk_buf_printf(out, "%s%s", between, flag_names[bit]);
                between = " ";
            }
        qk_buf_puts(out, "\n");
    }
}
