/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong trace trajectory`: where the air was before it came here, by the winds of a station, of
 * several, or of a grid. */
#include "cli/trace.h"
#include <math.h>
#include <stdlib.h>

enum { OUT_BYTES = 1 << 28, POINTS_MAX = 100000 };

typedef struct path_job {
    qk_place at;
    trace_winds winds;
    qk_time step;
    size_t steps, every; /* points told: one in so many */
    table arrivals;      /* of many paths */
    qk_trajectory_point *path;
    qk_buf out;
} path_job;

static void put_point(path_job *p, const qk_trajectory_point *point, qk_time start)
{
    char time[QK_TIME_TEXT];
    qk_buf_puts(&p->out, qk_time_iso(time, point->time));
    trace_put(&p->out, (double)(point->time - start) / (double)QK_HOUR);
    qk_buf_printf(&p->out, ",%.6f,%.6f", point->at.lon, point->at.lat);
    trace_put(&p->out, qk_place_distance(p->at, point->at) / 1000);
    qk_buf_putc(&p->out, '\n');
}

static qk_code follow(path_job *p, size_t *count, qk_time start, qk_error *err)
{
    return qk_trajectory_run(p->path, count, p->at, start, -p->step, p->steps, p->winds.wind,
                             p->winds.field, err);
}

static qk_code run_one(path_job *p, const trace_job *job, qk_error *err)
{
    size_t count = 0;
    qk_time start;
    if (qk_time_parse(&start, qk_str_of(job->start)) != QK_OK)
        return qk_fail(err, QK_EINVAL, "--start: '%s' is no time", job->start);
    QK_TRY(follow(p, &count, start, err));
    if (p->steps && count < 2)
        return qk_fail(err, QK_ERANGE,
                       "the winds tell nothing of %s: another time, or another place", job->start);
    if (count < p->steps + 1)
        fprintf(stderr, "qingkong trace: the winds end the path after %.1f hours\n",
                (double)(count - 1) * (double)p->step / (double)QK_HOUR);
    qk_buf_puts(&p->out, "time,hours,lon,lat,distance_km\n");
    for (size_t i = 0; i < count; i++) put_point(p, &p->path[i], start);
    return QK_OK;
}

/* A path to each arrival, its points told by the hour: what `cluster` and `cells` read. */
static qk_code run_many(path_job *p, const trace_job *job, qk_error *err)
{
    static const char *const none[] = {NULL};
    size_t whole = 0, cut = 0, without = 0;
    char date[QK_TIME_TEXT];
    QK_TRY(table_read(&p->arrivals, job->values,
                      &(table_want){.time = job->time_column, .names = none}, err));
    qk_buf_puts(&p->out, "date,time,hours,lon,lat,distance_km\n");
    for (size_t i = 0; i < p->arrivals.rows; i++) {
        size_t count = 0;
        qk_time start = p->arrivals.time[i];
        if (start == QK_TIME_NONE) continue;
        QK_TRY(follow(p, &count, start, err));
        if (count < 2) {
            without++;
            continue;
        }
        *(count < p->steps + 1 ? &cut : &whole) += 1;
        qk_time_iso(date, start);
        for (size_t k = 0; k < count; k += p->every) {
            qk_buf_printf(&p->out, "%s,", date);
            put_point(p, &p->path[k], start);
        }
    }
    fprintf(stderr, "qingkong trace: %zu paths, %zu that end early, %zu arrivals without wind\n",
            whole + cut, cut, without);
    return whole + cut ? QK_OK
                       : qk_fail(err, QK_EFORMAT,
                                 "weather of another time: no arrival of %s lies"
                                 " within the winds of %s",
                                 job->values, job->winds);
}

static qk_code run_path(path_job *p, const trace_job *job, qk_error *err)
{
    double hours = job->hours > 0 ? job->hours : 24, step = job->step_min > 0 ? job->step_min : 10;
    p->steps = (size_t)ceil(hours * 60 / step);
    p->step = (qk_time)(step * (double)QK_MINUTE);
    p->every = p->step > 0 && QK_HOUR % p->step == 0 ? (size_t)(QK_HOUR / p->step) : 1;
    QK_TRY(trace_place(&p->at, job->at, err));
    if (p->steps >= POINTS_MAX || p->step < 1)
        return qk_fail(err, QK_EINVAL, "more than %d steps", POINTS_MAX);
    QK_TRY(trace_winds_read(&p->winds, job, p->at, err));
    p->path = malloc((p->steps + 1) * sizeof *p->path);
    if (!p->path) return qk_fail(err, QK_ENOMEM, "no memory for %zu steps", p->steps);
    return job->start ? run_one(p, job, err) : run_many(p, job, err);
}

qk_code trace_trajectory(const trace_job *job, qk_error *err)
{
    path_job p = {0};
    if (!job->at || !job->start == !job->values || !job->winds)
        return qk_fail(err, QK_EINVAL, "trajectory needs --winds, --at and --start or --values");
    qk_buf_init(&p.out, OUT_BYTES);
    qk_code code = run_path(&p, job, err);
    if (code == QK_OK) code = trace_flush(&p.out, err);
    qk_buf_clear(&p.out);
    trace_winds_clear(&p.winds);
    table_clear(&p.arrivals);
    free(p.path);
    return code;
}
