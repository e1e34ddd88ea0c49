/* SPDX-License-Identifier: Apache-2.0 */
/* Winds for `qingkong trace`: rows of any order laid onto places and even steps of time. */
#include "cli/trace.h"
#include "models/polar.h"
#include <math.h>
#include <stdlib.h>

#define SAME_DEG 1e-6 /* a tenth of a metre: places nearer than this are one */

typedef struct wind_rows {
    table t;
    const double *lon, *lat, *ws, *wd, *u, *v;
    double *lons, *lats; /* sorted, each once */
    size_t lon_count, lat_count;
    qk_time first, last, step;
} wind_rows;

qk_code trace_place(qk_place *out, const char *text, qk_error *err)
{
    qk_str rest = qk_str_of(text), lon = qk_str_cut(&rest, ',');
    if (qk_parse_f64(&out->lon, qk_str_trim(lon)) != QK_OK ||
        qk_parse_f64(&out->lat, qk_str_trim(rest)) != QK_OK || fabs(out->lon) > 180 ||
        fabs(out->lat) > 90)
        return qk_fail(err, QK_EINVAL, "--at: '%s' is no LON,LAT in degrees", text);
    return QK_OK;
}

static int compare_places(const void *a, const void *b)
{
    const qk_place *x = a, *y = b;
    if (fabs(x->lat - y->lat) > SAME_DEG) return x->lat > y->lat ? 1 : -1;
    if (fabs(x->lon - y->lon) > SAME_DEG) return x->lon > y->lon ? 1 : -1;
    return 0;
}

static int compare_times(const void *a, const void *b)
{
    qk_time x = *(const qk_time *)a, y = *(const qk_time *)b;
    return (x > y) - (x < y);
}

static size_t keep_apart(double *v, size_t n)
{
    size_t kept = 0;
    qk_sort_doubles(v, n);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || v[i] - v[kept - 1] > SAME_DEG) v[kept++] = v[i];
    return kept;
}

/* First and last instant, and the step that all are multiples of. */
static qk_code span_times(wind_rows *r, qk_error *err)
{
    size_t n = 0;
    qk_time *sorted = malloc((r->t.rows + 1) * sizeof *sorted), step = 0;
    if (!sorted) return qk_fail(err, QK_ENOMEM, "no memory for %zu rows", r->t.rows);
    for (size_t i = 0; i < r->t.rows; i++)
        if (r->t.time[i] != QK_TIME_NONE) sorted[n++] = r->t.time[i];
    qsort(sorted, n, sizeof *sorted, compare_times);
    r->first = n ? sorted[0] : 0;
    r->last = n ? sorted[n - 1] : 0;
    for (size_t i = 1; i < n; i++) {
        qk_time a = sorted[i] - sorted[i - 1], b = step;
        while (b) {
            qk_time rest = a % b;
            a = b;
            b = rest;
        }
        step = a ? a : step;
    }
    free(sorted);
    r->step = step ? step : QK_HOUR;
    return n ? QK_OK : qk_fail(err, QK_EFORMAT, "the winds hold no time");
}

static bool row_wind(const wind_rows *r, size_t i, double *u, double *v)
{
    if (r->t.time[i] == QK_TIME_NONE) return false;
    if (r->u) {
        *u = r->u[i];
        *v = r->v[i];
        return isfinite(*u) && isfinite(*v);
    }
    double ws = r->ws[i], wd = r->wd[i];
    if (!isfinite(ws) || ws < 0 || (ws > 0 && !isfinite(wd))) return false;
    qk_wind_components(u, v, ws, ws > 0 ? wd : 0);
    return true;
}

static bool row_placed(const wind_rows *r, size_t i)
{
    return isfinite(r->lon[i]) && isfinite(r->lat[i]);
}

/* Each place once, by rising latitude, then longitude: the order of a grid too. */
static qk_code find_places(trace_winds *w, const wind_rows *r, size_t *count, qk_error *err)
{
    size_t n = 0, kept = 0;
    w->place = malloc((r->t.rows + 1) * sizeof *w->place);
    if (!w->place) return qk_fail(err, QK_ENOMEM, "no memory for %zu rows", r->t.rows);
    for (size_t i = 0; i < r->t.rows; i++)
        if (row_placed(r, i)) w->place[n++] = (qk_place){r->lon[i], r->lat[i]};
    qsort(w->place, n, sizeof *w->place, compare_places);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || compare_places(&w->place[kept - 1], &w->place[i]) != 0)
            w->place[kept++] = w->place[i];
    *count = kept;
    if (kept == 0)
        return qk_fail(err, QK_EFORMAT, "the winds have no place: lon and lat are empty");
    if (kept > TRACE_WIND_PLACES_MAX)
        return qk_fail(err, QK_EFULL, "winds of more than %d places", TRACE_WIND_PLACES_MAX);
    return QK_OK;
}

static bool even_steps(const double *v, size_t n)
{
    for (size_t i = 2; i < n; i++)
        if (fabs((v[i] - v[i - 1]) - (v[1] - v[0])) > 10 * SAME_DEG) return false;
    return n >= 2;
}

/* Whether the places fill a regular grid. */
static qk_code see_grid(bool *grid, wind_rows *r, const trace_winds *w, size_t count, qk_error *err)
{
    r->lons = malloc(count * sizeof *r->lons);
    r->lats = malloc(count * sizeof *r->lats);
    if (!r->lons || !r->lats) return qk_fail(err, QK_ENOMEM, "no memory for %zu places", count);
    for (size_t i = 0; i < count; i++) {
        r->lons[i] = w->place[i].lon;
        r->lats[i] = w->place[i].lat;
    }
    r->lon_count = keep_apart(r->lons, count);
    r->lat_count = keep_apart(r->lats, count);
    *grid = r->lon_count * r->lat_count == count && even_steps(r->lons, r->lon_count) &&
            even_steps(r->lats, r->lat_count);
    return QK_OK;
}

static size_t place_of(const trace_winds *w, const wind_rows *r, size_t row, size_t count)
{
    if (!r->lon) return 0;
    qk_place key = {r->lon[row], r->lat[row]};
    const qk_place *at = bsearch(&key, w->place, count, sizeof key, compare_places);
    return at ? (size_t)(at - w->place) : SIZE_MAX;
}

static qk_code lay_rows(trace_winds *w, const wind_rows *r, size_t places, qk_error *err)
{
    double steps = (double)(r->last - r->first) / (double)r->step + 1;
    if (steps * (double)places > TRACE_WIND_CELLS_MAX)
        return qk_fail(err, QK_EFULL,
                       "winds of %zu places in steps of %lld s fill more than %d cells", places,
                       (long long)(r->step / QK_SECOND), TRACE_WIND_CELLS_MAX);
    size_t times = (size_t)steps, cells = times * places;
    w->u = malloc(cells * sizeof *w->u);
    w->v = malloc(cells * sizeof *w->v);
    if (!w->u || !w->v) return qk_fail(err, QK_ENOMEM, "no memory for %zu winds", cells);
    for (size_t i = 0; i < cells; i++) w->u[i] = w->v[i] = NAN;
    for (size_t i = 0; i < r->t.rows; i++) {
        double u, v;
        if ((r->lon && !row_placed(r, i)) || !row_wind(r, i, &u, &v)) continue;
        size_t place = place_of(w, r, i, places);
        if (place == SIZE_MAX) continue;
        size_t at = (size_t)((r->t.time[i] - r->first) / r->step) * places + place;
        w->u[at] = u;
        w->v[at] = v;
    }
    w->stations = (qk_wind_stations){places, times, r->first, r->step, w->place, w->u, w->v, 0};
    w->grid =
        (qk_wind_grid){.times = times, .start = r->first, .step = r->step, .u = w->u, .v = w->v};
    return QK_OK;
}

static qk_code read_rows(wind_rows *r, const trace_job *job, qk_error *err)
{
    static const char *const none[] = {NULL};
    static const char *const any[] = {"ws", "wd", "u", "v", "lon", "lat", NULL};
    QK_TRY(table_read(&r->t, job->winds,
                      &(table_want){.time = job->time_column, .names = none, .more = any}, err));
    r->ws = table_column(&r->t, "ws");
    r->wd = table_column(&r->t, "wd");
    r->u = table_column(&r->t, "u");
    r->v = table_column(&r->t, "v");
    r->lon = table_column(&r->t, "lon");
    r->lat = table_column(&r->t, "lat");
    if ((!r->u || !r->v) && (!r->ws || !r->wd))
        return qk_fail(err, QK_EFORMAT, "%s: winds are the columns ws and wd, or u and v",
                       job->winds);
    if (!r->lon != !r->lat)
        return qk_fail(err, QK_EFORMAT, "%s: of lon and lat one is missing", job->winds);
    return span_times(r, err);
}

static qk_code lay_winds(trace_winds *w, wind_rows *r, qk_place at, qk_error *err)
{
    size_t places = 1;
    bool grid = false;
    if (r->lon) {
        QK_TRY(find_places(w, r, &places, err));
        QK_TRY(see_grid(&grid, r, w, places, err));
    } else {
        w->place = malloc(sizeof *w->place);
        if (!w->place) return qk_fail(err, QK_ENOMEM, "no memory for a place");
        *w->place = at;
    }
    QK_TRY(lay_rows(w, r, places, err));
    w->stations.reach_m = r->lon ? 0 : 300000; /* beyond, one station says nothing */
    w->wind = grid ? qk_wind_grid_at : qk_wind_stations_at;
    w->field = grid ? (const void *)&w->grid : (const void *)&w->stations;
    if (!grid) return QK_OK;
    w->grid.lons = r->lon_count;
    w->grid.lats = r->lat_count;
    w->grid.lon0 = r->lons[0];
    w->grid.lat0 = r->lats[0];
    w->grid.dlon = r->lons[1] - r->lons[0];
    w->grid.dlat = r->lats[1] - r->lats[0];
    return QK_OK;
}

qk_code trace_winds_read(trace_winds *w, const trace_job *job, qk_place at, qk_error *err)
{
    wind_rows r = {0};
    *w = (trace_winds){0};
    qk_code code;
    if (trace_winds_are_grid(job->winds)) {
        code = trace_winds_from_grid(w, job, at, err);
        if (code != QK_OK) trace_winds_clear(w);
        return code;
    }
    code = read_rows(&r, job, err);
    if (code == QK_OK) code = lay_winds(w, &r, at, err);
    table_clear(&r.t);
    free(r.lons);
    free(r.lats);
    if (code != QK_OK) trace_winds_clear(w);
    return code;
}

void trace_winds_clear(trace_winds *w)
{
    free(w->place);
    free(w->u);
    free(w->v);
    *w = (trace_winds){0};
}
