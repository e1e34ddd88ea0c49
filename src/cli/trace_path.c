/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong trace trajectory`: where the air was before it came here, by the winds of a station, of
 * several, or of a grid. */
#include "cli/trace.h"
#include <math.h>
#include <stdlib.h>

enum { OUT_BYTES = 1 << 26, POINTS_MAX = 100000 };

typedef struct path_job {
    qk_place at;
    qk_time start;
    trace_winds winds;
    qk_trajectory_point *path;
} path_job;

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
    double hours = job->hours > 0 ? job->hours : 24, step = job->step_min > 0 ? job->step_min : 10;
    size_t steps = (size_t)ceil(hours * 60 / step), count = 0;
    QK_TRY(trace_place(&p->at, job->at, err));
    if (qk_time_parse(&p->start, qk_str_of(job->start)) != QK_OK)
        return qk_fail(err, QK_EINVAL, "--start: '%s' is no time", job->start);
    if (steps >= POINTS_MAX || (qk_time)(step * (double)QK_MINUTE) < 1)
        return qk_fail(err, QK_EINVAL, "more than %d steps", POINTS_MAX);
    QK_TRY(trace_winds_read(&p->winds, job, p->at, err));
    p->path = malloc((steps + 1) * sizeof *p->path);
    if (!p->path) return qk_fail(err, QK_ENOMEM, "no memory for %zu steps", steps);
    QK_TRY(qk_trajectory_run(p->path, &count, p->at, p->start, -(qk_time)(step * (double)QK_MINUTE),
                             steps, p->winds.wind, p->winds.field, err));
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
    trace_winds_clear(&p.winds);
    free(p.path);
    return code;
}
