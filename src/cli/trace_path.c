/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong trace trajectory`: where the air was before it came here, by a station's winds. */
#include "cli/trace.h"
#include "models/trajectory.h"
#include <math.h>
#include <stdlib.h>

enum { OUT_BYTES = 1 << 26, POINTS_MAX = 100000, HOURS_MAX = 1000000 };

typedef struct path_job {
    table t;
    qk_place at;
    qk_time start;
    qk_wind_stations winds;
    double *u, *v;
    qk_trajectory_point *path;
} path_job;

static qk_code parse_place(qk_place *out, const char *text, qk_error *err)
{
    qk_str rest = qk_str_of(text), lon = qk_str_cut(&rest, ',');
    if (qk_parse_f64(&out->lon, qk_str_trim(lon)) != QK_OK ||
        qk_parse_f64(&out->lat, qk_str_trim(rest)) != QK_OK || fabs(out->lon) > 180 ||
        fabs(out->lat) > 90)
        return qk_fail(err, QK_EINVAL, "--at: '%s' is no LON,LAT in degrees", text);
    return QK_OK;
}

/* Rows of any order onto the hours between the first and the last. */
static qk_code lay_winds(path_job *p, qk_error *err)
{
    qk_time first = INT64_MAX, last = INT64_MIN;
    const double *ws = table_column(&p->t, "ws"), *wd = table_column(&p->t, "wd");
    for (size_t i = 0; i < p->t.rows; i++) {
        if (p->t.time[i] == QK_TIME_NONE) continue;
        first = p->t.time[i] < first ? p->t.time[i] : first;
        last = p->t.time[i] > last ? p->t.time[i] : last;
    }
    if (first > last) return qk_fail(err, QK_EFORMAT, "the winds hold no time");
    if ((last - first) / QK_HOUR >= HOURS_MAX)
        return qk_fail(err, QK_ERANGE, "the winds span more than %d hours", HOURS_MAX);
    p->winds.times = (size_t)((last - first) / QK_HOUR) + 1;
    p->u = malloc(p->winds.times * sizeof *p->u);
    p->v = malloc(p->winds.times * sizeof *p->v);
    if (!p->u || !p->v) return qk_fail(err, QK_ENOMEM, "no memory for the winds");
    for (size_t h = 0; h < p->winds.times; h++) p->u[h] = p->v[h] = NAN;
    for (size_t i = 0; i < p->t.rows; i++) {
        if (p->t.time[i] == QK_TIME_NONE || !isfinite(ws[i]) || ws[i] < 0) continue;
        if (!isfinite(wd[i]) && ws[i] > 0) continue;
        size_t h = (size_t)((p->t.time[i] - first) / QK_HOUR);
        qk_wind_components(&p->u[h], &p->v[h], ws[i], ws[i] > 0 ? wd[i] : 0);
    }
    p->winds.stations = 1;
    p->winds.start = first;
    p->winds.step = QK_HOUR;
    p->winds.place = &p->at;
    p->winds.u = p->u;
    p->winds.v = p->v;
    p->winds.reach_m = 300000; /* beyond, one station says nothing */
    return QK_OK;
}

static qk_code put_path(const path_job *p, size_t count, qk_error *err)
{
    qk_buf out;
    char time[QK_TIME_TEXT];
    qk_buf_init(&out, OUT_BYTES);
    qk_buf_puts(&out, "time,hours,lon,lat,distance_km\n");
    for (size_t i = 0; i < count; i++) {
        qk_buf_puts(&out, qk_time_iso(time, p->path[i].time));
        trace_put(&out, (double)(p->path[i].time - p->start) / (double)QK_HOUR);
        qk_buf_printf(&out, ",%.6f,%.6f", p->path[i].at.lon, p->path[i].at.lat);
        trace_put(&out, qk_place_distance(p->at, p->path[i].at) / 1000);
        qk_buf_putc(&out, '\n');
    }
    return trace_flush(&out, err);
}

static qk_code run_path(path_job *p, const trace_job *job, qk_error *err)
{
    const char *names[] = {"ws", "wd", NULL};
    double hours = job->hours > 0 ? job->hours : 24, step = job->step_min > 0 ? job->step_min : 10;
    size_t steps = (size_t)ceil(hours * 60 / step), count = 0;
    QK_TRY(parse_place(&p->at, job->at, err));
    if (qk_time_parse(&p->start, qk_str_of(job->start)) != QK_OK)
        return qk_fail(err, QK_EINVAL, "--start: '%s' is no time", job->start);
    if (steps >= POINTS_MAX || (qk_time)(step * (double)QK_MINUTE) < 1)
        return qk_fail(err, QK_EINVAL, "more than %d steps", POINTS_MAX);
    QK_TRY(table_read(&p->t, job->winds, &(table_want){.time = job->time_column, .names = names},
                      err));
    QK_TRY(lay_winds(p, err));
    p->path = malloc((steps + 1) * sizeof *p->path);
    if (!p->path) return qk_fail(err, QK_ENOMEM, "no memory for %zu steps", steps);
    QK_TRY(qk_trajectory_run(p->path, &count, p->at, p->start, -(qk_time)(step * (double)QK_MINUTE),
                             steps, qk_wind_stations_at, &p->winds, err));
    if (count < steps + 1)
        fprintf(stderr, "qingkong trace: the winds end the path after %.1f hours\n",
                (double)(count - 1) * step / 60);
    return put_path(p, count, err);
}

qk_code trace_trajectory(const trace_job *job, qk_error *err)
{
    path_job p = {0};
    if (!job->at || !job->start || !job->winds)
        return qk_fail(err, QK_EINVAL, "trajectory needs --winds, --at and --start");
    qk_code code = run_path(&p, job, err);
    table_clear(&p.t);
    free(p.u);
    free(p.v);
    free(p.path);
    return code;
}
