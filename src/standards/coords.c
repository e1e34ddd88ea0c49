/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/coords.h"
#include <math.h>

#define PI_        3.14159265358979323846
#define AXIS_M     6378245.0 /* Krasovsky ellipsoid */
#define ECCENTRIC2 0.00669342162296594323
#define BD_TURN    (PI_ * 3000.0 / 180.0)

static bool inside_china(qk_lonlat p)
{
    return p.lon_deg >= 72.004 && p.lon_deg <= 137.8347 && p.lat_deg >= 0.8293 &&
           p.lat_deg <= 55.8271;
}

/* The three sine pairs that both shifts share in form. */
static double wave(double x, double a, double b, double c, double d)
{
    return (a * sin(x / 3.0 * PI_) + b * sin(x * PI_)) * 2.0 / 3.0 +
           (c * sin(x / 12.0 * PI_) + d * sin(x * PI_ / 30.0)) * 2.0 / 3.0;
}

static double ripple(double x)
{
    return (20.0 * sin(6.0 * x * PI_) + 20.0 * sin(2.0 * x * PI_)) * 2.0 / 3.0;
}

static double shift_lat(double x, double y)
{
    double sum = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(fabs(x));
    return sum + ripple(x) + wave(y, 40.0, 20.0, 160.0, 320.0);
}

static double shift_lon(double x, double y)
{
    double sum = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(fabs(x));
    return sum + ripple(x) + wave(x, 40.0, 20.0, 150.0, 300.0);
}

qk_lonlat qk_wgs_to_gcj(qk_lonlat wgs)
{
    if (!inside_china(wgs)) return wgs;
    double x = wgs.lon_deg - 105.0;
    double y = wgs.lat_deg - 35.0;
    double lat = wgs.lat_deg / 180.0 * PI_;
    double magic = 1.0 - ECCENTRIC2 * sin(lat) * sin(lat);
    double root = sqrt(magic);
    double d_lat = shift_lat(x, y) * 180.0 / (AXIS_M * (1.0 - ECCENTRIC2) / (magic * root) * PI_);
    double d_lon = shift_lon(x, y) * 180.0 / (AXIS_M / root * cos(lat) * PI_);
    return (qk_lonlat){wgs.lon_deg + d_lon, wgs.lat_deg + d_lat};
}

qk_lonlat qk_gcj_to_wgs(qk_lonlat gcj)
{
    qk_lonlat p = gcj;
    for (int i = 0; i < 5; i++) {
        qk_lonlat seen = qk_wgs_to_gcj(p);
        p.lon_deg -= seen.lon_deg - gcj.lon_deg;
        p.lat_deg -= seen.lat_deg - gcj.lat_deg;
    }
    return p;
}

qk_lonlat qk_gcj_to_bd(qk_lonlat gcj)
{
    double z = sqrt(gcj.lon_deg * gcj.lon_deg + gcj.lat_deg * gcj.lat_deg) +
               0.00002 * sin(gcj.lat_deg * BD_TURN);
    double theta = atan2(gcj.lat_deg, gcj.lon_deg) + 0.000003 * cos(gcj.lon_deg * BD_TURN);
    return (qk_lonlat){z * cos(theta) + 0.0065, z * sin(theta) + 0.006};
}

qk_lonlat qk_bd_to_gcj(qk_lonlat bd)
{
    qk_lonlat p = {bd.lon_deg - 0.0065, bd.lat_deg - 0.006};
    for (int i = 0; i < 5; i++) {
        qk_lonlat seen = qk_gcj_to_bd(p);
        p.lon_deg -= seen.lon_deg - bd.lon_deg;
        p.lat_deg -= seen.lat_deg - bd.lat_deg;
    }
    return p;
}

static int64_t tile_of(double share, double tiles)
{
    double at = floor(share * tiles);
    return (int64_t)(at < tiles ? at : tiles - 1);
}

static bool on_globe(qk_lonlat at, double lat_max, int32_t zoom)
{
    return zoom >= 0 && zoom <= QK_ZOOM_MAX && at.lon_deg >= -180.0 && at.lon_deg <= 180.0 &&
           at.lat_deg >= -lat_max && at.lat_deg <= lat_max;
}

bool qk_tile_mercator(qk_tile *out, qk_lonlat at, int32_t zoom)
{
    if (!on_globe(at, 85.0511, zoom)) return false;
    double tiles = (double)(1LL << zoom);
    out->col = tile_of((at.lon_deg + 180.0) / 360.0, tiles);
    out->row = tile_of((1.0 - asinh(tan(at.lat_deg * PI_ / 180.0)) / PI_) / 2.0, tiles);
    return true;
}

bool qk_tile_geographic(qk_tile *out, qk_lonlat at, int32_t zoom)
{
    if (!on_globe(at, 90.0, zoom)) return false;
    double tiles = (double)(1LL << zoom);
    out->col = tile_of((at.lon_deg + 180.0) / 360.0, tiles);
    out->row = (int64_t)floor((90.0 - at.lat_deg) / 360.0 * tiles);
    return true;
}
