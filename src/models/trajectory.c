/* SPDX-License-Identifier: Apache-2.0 */
#include "models/trajectory.h"
#include <math.h>

static const double radian = 3.14159265358979323846 / 180;

typedef struct vector {
    double x, y, z;
} vector;

static vector add_scaled(vector a, double t, vector b)
{
    return (vector){a.x + t * b.x, a.y + t * b.y, a.z + t * b.z};
}

static vector unit_of(qk_place p)
{
    double c = cos(p.lat * radian);
    return (vector){c * cos(p.lon * radian), c * sin(p.lon * radian), sin(p.lat * radian)};
}

static qk_place place_of(vector r)
{
    return (qk_place){atan2(r.y, r.x) / radian, atan2(r.z, hypot(r.x, r.y)) / radian};
}

double qk_place_distance(qk_place a, qk_place b)
{
    vector p = unit_of(a), q = unit_of(b);
    double cx = p.y * q.z - p.z * q.y, cy = p.z * q.x - p.x * q.z, cz = p.x * q.y - p.y * q.x;
    double dot = p.x * q.x + p.y * q.y + p.z * q.z;
    return QK_EARTH_RADIUS_M * atan2(sqrt(cx * cx + cy * cy + cz * cz), dot);
}

void qk_wind_components(double *u, double *v, double ws, double wd_deg)
{
    *u = -ws * sin(wd_deg * radian);
    *v = -ws * cos(wd_deg * radian);
}

/* ---- fields ---- */

/* Place of x between equally spaced knots; false outside. */
static bool knot_of(double x, size_t knots, size_t *low, double *part)
{
    if (!(x >= 0) || x > (double)(knots - 1)) return false;
    *low = (size_t)x;
    if (*low + 1 >= knots && knots > 1) *low = knots - 2;
    *part = x - (double)*low;
    return true;
}

static double mix(double a, double b, double part)
{
    return part == 0 ? a : part == 1 ? b : a + part * (b - a);
}

static double plane_at(const double *f, const qk_wind_grid *g, size_t i, size_t j, double x,
                       double y)
{
    const double *p = f + i * g->lons + j;
    size_t right = g->lons > 1, up = g->lats > 1 ? g->lons : 0;
    return mix(mix(p[0], p[right], x), mix(p[up], p[up + right], x), y);
}

bool qk_wind_grid_at(const void *grid, qk_time t, qk_place at, double *u, double *v)
{
    const qk_wind_grid *g = grid;
    size_t k, i, j, plane = g->lats * g->lons;
    double pt, py, px, lon = fmod(at.lon - g->lon0, 360);
    if (lon < 0) lon += 360;
    if (!knot_of((double)(t - g->start) / (double)g->step, g->times, &k, &pt)) return false;
    if (!knot_of((at.lat - g->lat0) / g->dlat, g->lats, &i, &py)) return false;
    if (!knot_of(lon / g->dlon, g->lons, &j, &px)) return false;
    size_t next = g->times > 1 ? plane : 0;
    const double *pu = g->u + k * plane, *pv = g->v + k * plane;
    *u = mix(plane_at(pu, g, i, j, px, py), plane_at(pu + next, g, i, j, px, py), pt);
    *v = mix(plane_at(pv, g, i, j, px, py), plane_at(pv + next, g, i, j, px, py), pt);
    return isfinite(*u) && isfinite(*v);
}

/* One station between its rows: the nearest that are there, two steps apart at most. */
static bool station_at(const qk_wind_stations *s, size_t n, double x, double *u, double *v)
{
    long low = (long)floor(x), high = low + 1, last = (long)s->times - 1;
    if (low < 0 || low > last) return false;
    if (x == (double)low) high = low;
    if (!isfinite(s->u[(size_t)low * s->stations + n]) && low > 0) low--;
    if (high <= last && !isfinite(s->u[(size_t)high * s->stations + n]) && high < last) high++;
    if (high > last || high - low > 2) return false;
    double part = high > low ? (x - (double)low) / (double)(high - low) : 0;
    size_t a = (size_t)low * s->stations + n, b = (size_t)high * s->stations + n;
    *u = mix(s->u[a], s->u[b], part);
    *v = mix(s->v[a], s->v[b], part);
    return isfinite(*u) && isfinite(*v);
}

bool qk_wind_stations_at(const void *stations, qk_time t, qk_place at, double *u, double *v)
{
    const qk_wind_stations *s = stations;
    double x = (double)(t - s->start) / (double)s->step, sum = 0, su = 0, sv = 0;
    double reach = s->reach_m > 0 ? s->reach_m : 50000;
    for (size_t n = 0; n < s->stations; n++) {
        double a, b, far = qk_place_distance(s->place[n], at);
        if (far > reach || !station_at(s, n, x, &a, &b)) continue;
        double w = 1 / (far * far + 1e4); /* within 100 m it hardly matters how far */
        sum += w;
        su += w * a;
        sv += w * b;
    }
    if (!(sum > 0)) return false;
    *u = su / sum;
    *v = sv / sum;
    return true;
}

/* ---- paths ---- */

typedef struct flow {
    qk_wind_at wind;
    const void *field;
} flow;

/* Velocity of the unit vector r at t, per second. */
static bool velocity(const flow *f, qk_time t, vector r, vector *out)
{
    double u, v;
    qk_place p = place_of(r);
    if (!f->wind(f->field, t, p, &u, &v)) return false;
    double sl = sin(p.lon * radian), cl = cos(p.lon * radian);
    double sp = sin(p.lat * radian), cp = cos(p.lat * radian);
    *out = (vector){(-u * sl - v * sp * cl) / QK_EARTH_RADIUS_M,
                    (u * cl - v * sp * sl) / QK_EARTH_RADIUS_M, v * cp / QK_EARTH_RADIUS_M};
    return true;
}

static vector normal_of(vector r)
{
    double n = sqrt(r.x * r.x + r.y * r.y + r.z * r.z);
    return (vector){r.x / n, r.y / n, r.z / n};
}

static bool advance(const flow *f, qk_time t, qk_time step, vector *r)
{
    vector k1, k2, k3, k4;
    double h = (double)step / 1000;
    if (!velocity(f, t, *r, &k1)) return false;
    if (!velocity(f, t + step / 2, normal_of(add_scaled(*r, h / 2, k1)), &k2)) return false;
    if (!velocity(f, t + step / 2, normal_of(add_scaled(*r, h / 2, k2)), &k3)) return false;
    if (!velocity(f, t + step, normal_of(add_scaled(*r, h, k3)), &k4)) return false;
    vector sum = add_scaled(add_scaled(add_scaled(k1, 2, k2), 2, k3), 1, k4);
    *r = normal_of(add_scaled(*r, h / 6, sum));
    return true;
}

qk_code qk_trajectory_run(qk_trajectory_point *out, size_t *count, qk_place from, qk_time start,
                          qk_time step_ms, size_t steps, qk_wind_at wind, const void *field,
                          qk_error *err)
{
    *count = 0;
    if (!(fabs(from.lat) <= 90) || !(fabs(from.lon) <= 360) || step_ms == 0)
        return qk_fail(err, QK_EINVAL, "no path from %g, %g by steps of %lld ms", from.lon,
                       from.lat, (long long)step_ms);
    flow f = {wind, field};
    vector r = unit_of(from);
    out[(*count)++] = (qk_trajectory_point){start, from};
    for (size_t s = 0; s < steps; s++) {
        qk_time t = start + (qk_time)s * step_ms;
        if (!advance(&f, t, step_ms, &r)) break;
        out[(*count)++] = (qk_trajectory_point){t + step_ms, place_of(r)};
    }
    return QK_OK;
}
