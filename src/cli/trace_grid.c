/* SPDX-License-Identifier: Apache-2.0 */
/* Winds for `qingkong trace` from GRIB and NetCDF files, laid onto even steps of time. */
#include "cli/trace.h"
#include "domain/weather_file.h"
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

#define NEAR_DEG_AN_HOUR 0.5 /* of air near the ground, 15 m/s for long */
#define HIGH_DEG_AN_HOUR 1.0 /* of air on a pressure level, 30 m/s */
#define REACH_DEG        80
#define BRIDGE           (12 * QK_HOUR) /* missing steps in a longer gap stay missing */

bool trace_winds_are_grid(const char *path)
{
    struct stat st;
    return (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) || qk_weather_file_known(path);
}

/* What a path of so many hours can reach. */
static void ask_around(qk_weather_ask *ask, qk_place at, double hours, bool high)
{
    double north = fmin(2 + (high ? HIGH_DEG_AN_HOUR : NEAR_DEG_AN_HOUR) * hours, REACH_DEG);
    double far = fmin(fabs(at.lat) + north, 85);
    double east = fmin(north / cos(far / 57.29577951308232), 179);
    ask->area = true;
    ask->south = fmax(at.lat - north, -90);
    ask->north = fmin(at.lat + north, 90);
    ask->west = at.lon - east;
    ask->east = at.lon + east;
}

static qk_time step_of(const qk_grid_wind *w, size_t n)
{
    qk_time step = 0;
    for (size_t i = 1; i < n; i++) {
        qk_time a = w[i].time - w[i - 1].time, b = step;
        while (b) {
            qk_time rest = a % b;
            a = b;
            b = rest;
        }
        step = a;
    }
    return step ? step : QK_HOUR;
}

/* Steps between two known ones at most BRIDGE apart, on a straight line. */
static void bridge(double *f, size_t cells, size_t from, size_t to)
{
    for (size_t k = from + 1; k < to; k++) {
        double part = (double)(k - from) / (double)(to - from);
        for (size_t c = 0; c < cells; c++)
            f[k * cells + c] =
                f[from * cells + c] + part * (f[to * cells + c] - f[from * cells + c]);
    }
}

static qk_code lay_winds(trace_winds *w, const qk_grid *g, const qk_grid_wind *wind, size_t n,
                         qk_error *err)
{
    size_t cells = g->axes.lats * g->axes.lons, before = 0;
    qk_time step = step_of(wind, n);
    double times = (double)(wind[n - 1].time - wind[0].time) / (double)step + 1;
    if (times * (double)cells > TRACE_WIND_CELLS_MAX)
        return qk_fail(err, QK_EFULL, "winds of %zu points and %.0f steps fill more than %d cells",
                       cells, times, TRACE_WIND_CELLS_MAX);
    size_t count = (size_t)times;
    w->u = malloc(count * cells * sizeof *w->u);
    w->v = malloc(count * cells * sizeof *w->v);
    if (!w->u || !w->v) return qk_fail(err, QK_ENOMEM, "no memory for %zu winds", count * cells);
    for (size_t i = 0; i < count * cells; i++) w->u[i] = w->v[i] = NAN;
    for (size_t i = 0; i < n; i++) {
        size_t k = (size_t)((wind[i].time - wind[0].time) / step);
        memcpy(w->u + k * cells, wind[i].u, cells * sizeof *w->u);
        memcpy(w->v + k * cells, wind[i].v, cells * sizeof *w->v);
        if (i && (qk_time)(k - before) * step <= BRIDGE) {
            bridge(w->u, cells, before, k);
            bridge(w->v, cells, before, k);
        }
        before = k;
    }
    w->grid = (qk_wind_grid){.times = count,
                             .lats = g->axes.lats,
                             .lons = g->axes.lons,
                             .start = wind[0].time,
                             .step = step,
                             .lon0 = g->axes.lon0,
                             .dlon = g->axes.dlon,
                             .lat0 = g->axes.lat0,
                             .dlat = g->axes.dlat,
                             .u = w->u,
                             .v = w->v};
    w->wind = qk_wind_grid_at;
    w->field = &w->grid;
    return QK_OK;
}

qk_code trace_winds_from_grid(trace_winds *w, const trace_job *job, qk_place at, qk_error *err)
{
    char level[QK_GRID_NAME], wishes[2 * QK_GRID_NAME];
    qk_grid_what what;
    qk_weather_ask ask = {0};
    qk_grid *g = NULL;
    qk_grid_wind *wind = NULL;
    size_t n = 0;
    snprintf(level, sizeof level, "u_%s", job->level ? job->level : "10m");
    if (!qk_grid_parse(&what, qk_str_of(level)) || what.level < 0)
        return qk_fail(err, QK_EINVAL, "--level: 10m, 100m, 850hpa, not '%s'", job->level);
    snprintf(wishes, sizeof wishes, "%s,v%s", level, level + 1);
    ask.wishes = wishes;
    double hours = job->hours > 0 ? job->hours : 24;
    qk_time start;
    ask_around(&ask, at, hours, what.kind == QK_GRID_PRESSURE);
    if (job->start && qk_time_parse(&start, qk_str_of(job->start)) == QK_OK) {
        ask.from = start - (qk_time)(hours * (double)QK_HOUR) - BRIDGE;
        ask.to = start + BRIDGE;
    }
    QK_TRY(qk_weather_file_read(&g, job->winds, &ask, err));
    qk_code code = qk_grid_winds(&wind, &n, g, what.kind, what.level, err);
    if (code == QK_OK && (g->axes.lats < 2 || g->axes.lons < 2))
        code = qk_fail(err, QK_EFORMAT, "%s: a wind field has more than one row and column",
                       job->winds);
    if (code == QK_OK) code = lay_winds(w, g, wind, n, err);
    free(wind);
    qk_grid_free(g);
    return code;
}
