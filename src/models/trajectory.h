/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_TRAJECTORY_H
#define QK_MODELS_TRAJECTORY_H
/* Paths of air through winds, by the classical Runge-Kutta method on the sphere, and what many
 * paths together say about sources: clusters, the potential source contribution function (Ashbaugh
 * et al. 1985, Atmos. Environ. 19, 1263) and concentration-weighted trajectories (Seibert et al.
 * 1994).
 *
 * Degrees east and north, m/s, ms. Pure; any thread. */
#include "base/error.h"
#include "base/time.h"
#include <stdbool.h>

#define QK_EARTH_RADIUS_M 6371008.8 /* mean radius, IUGG */

typedef struct qk_place {
    double lon, lat;
} qk_place;

/* Wind at an instant and a place; false where there is none. u to the east, v to the north. */
typedef bool (*qk_wind_at)(const void *field, qk_time t, qk_place at, double *u, double *v);

/* Winds on a regular grid: bilinear in space, linear in time. Arrays [times][lats][lons] are the
 * caller's; a NaN at a corner that counts makes the wind missing there. */
typedef struct qk_wind_grid {
    size_t times, lats, lons;
    qk_time start, step;
    double lon0, dlon, lat0, dlat; /* dlon, dlat > 0 */
    const double *u, *v;
} qk_wind_grid;
bool qk_wind_grid_at(const void *grid, qk_time t, qk_place at, double *u, double *v);

/* Winds of stations, one row for an hour's end: linear in time between rows at most two steps
 * apart, by inverse squared distance in space, none beyond reach_m of every station. */
typedef struct qk_wind_stations {
    size_t stations, times;
    qk_time start, step;
    const qk_place *place; /* [stations] */
    const double *u, *v;   /* [times][stations], NaN = missing */
    double reach_m;        /* 0 = 50 km */
} qk_wind_stations;
bool qk_wind_stations_at(const void *stations, qk_time t, qk_place at, double *u, double *v);
/* From speed and the direction it comes from. */
void qk_wind_components(double *u, double *v, double ws, double wd_deg);

typedef struct qk_trajectory_point {
    qk_time time;
    qk_place at;
} qk_trajectory_point;
/* From `from` at `start` over steps of step_ms (negative: backwards), steps + 1 points at most.
 * *count gets how many there are: the path ends where the wind is missing. QK_EINVAL for a place
 * that is none. */
QK_NODISCARD qk_code qk_trajectory_run(qk_trajectory_point *out, size_t *count, qk_place from,
                                       qk_time start, qk_time step_ms, size_t steps,
                                       qk_wind_at wind, const void *field, qk_error *err);
/* Great-circle distance, m. */
double qk_place_distance(qk_place a, qk_place b);

/* ---- many paths ---- */

typedef enum qk_path_distance {
    QK_PATH_EUCLID, /* root of the sum of squared differences in degrees */
    QK_PATH_ANGLE   /* mean angle seen from the origin */
} qk_path_distance;
/* Partition around medoids (Kaufman and Rousseeuw 1990) of paths of `points` places each, all from
 * one origin (their first place). cluster [paths] gets 0 .. k-1 in order of the medoids' numbers.
 * QK_EINVAL, QK_ERANGE beyond 5,000 paths, QK_ENOMEM. */
QK_NODISCARD qk_code qk_path_clusters(uint32_t *cluster, const qk_place *paths, size_t count,
                                      size_t points, size_t k, qk_path_distance distance,
                                      qk_error *err);

typedef struct qk_path_cell {
    int32_t x, y; /* cell of round(lon / size), round(lat / size) */
    uint32_t count, high;
    double mean;      /* of the values of the paths whose points fall here */
    double cwt, pscf; /* weighted by how often the cell was visited */
    double share;     /* high / count */
} qk_path_cell;
/* Each point of each path carries its path's value (NaN: the path is left out). high: above the
 * percentile of the values. Weights: cwt 1, 0.7, 0.42, 0.05 for more than 80, 20, 10, fewer points;
 * pscf 1, 0.75, 0.5, 0.15 for more than 2, 1, 1/2, less of the mean count. *out is free()d by the
 * caller, in order of x, then y. */
QK_NODISCARD qk_code qk_path_cells(qk_path_cell **out, size_t *count, const qk_place *places,
                                   const double *value, const size_t *path_of, size_t points,
                                   size_t paths, double size_deg, double percentile, qk_error *err);
#endif
