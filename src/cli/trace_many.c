/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong trace cluster` and `trace cells`: what many paths together say. A file of paths has one
 * row a point: the time of arrival (the same for all points of a path), lon, lat, from the arrival
 * backwards. With a column hours (since the arrival) a new path begins where they fall back. */
#include "cli/trace.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OUT_BYTES = 1 << 28 };

typedef struct many_paths {
    table t;
    qk_place *place;  /* [t.rows] */
    size_t *path_of;  /* [t.rows] */
    size_t *begin;    /* [paths + 1] rows */
    qk_time *arrival; /* [paths] */
    double *value;    /* [paths] */
    size_t paths;
} many_paths;

static void clear_paths(many_paths *m)
{
    table_clear(&m->t);
    free(m->place);
    free(m->path_of);
    free(m->begin);
    free(m->arrival);
    free(m->value);
}

static qk_code split_paths(many_paths *m, qk_error *err)
{
    const double *lon = table_column(&m->t, "lon"), *lat = table_column(&m->t, "lat");
    const double *hours = table_column(&m->t, "hours");
    size_t n = m->t.rows;
    m->place = malloc((n + 1) * sizeof *m->place);
    m->path_of = malloc((n + 1) * sizeof *m->path_of);
    m->begin = malloc((n + 2) * sizeof *m->begin);
    m->arrival = calloc(n + 1, sizeof *m->arrival);
    m->value = malloc((n + 1) * sizeof *m->value);
    if (!m->place || !m->path_of || !m->begin || !m->arrival || !m->value)
        return qk_fail(err, QK_ENOMEM, "no memory for %zu points", n);
    for (size_t i = 0; i < n; i++) {
        if (m->t.time[i] == QK_TIME_NONE || !(fabs(lon[i]) <= 360) || !(fabs(lat[i]) <= 90))
            return qk_fail(err, QK_EFORMAT, "point %zu has no time or no place in degrees", i + 1);
        bool back = i > 0 && hours && fabs(hours[i]) < fabs(hours[i - 1]);
        if (i == 0 || back || m->t.time[i] != m->t.time[i - 1]) {
            m->arrival[m->paths] = m->t.time[i];
            m->begin[m->paths++] = i;
        }
        m->place[i] = (qk_place){lon[i], lat[i]};
        m->path_of[i] = m->paths - 1;
    }
    m->begin[m->paths] = n;
    return m->paths ? QK_OK : qk_fail(err, QK_EFORMAT, "the file holds no path");
}

static qk_code read_paths(many_paths *m, const trace_job *job, qk_error *err)
{
    static const char *const names[] = {"lon", "lat", NULL}, *const more[] = {"hours", NULL};
    QK_TRY(table_read(&m->t, job->in,
                      &(table_want){.time = job->time_column, .names = names, .more = more}, err));
    return split_paths(m, err);
}

/* ---- clusters ---- */

/* Paths of full length to the front of place; those that ended early are left out. */
static size_t keep_whole(many_paths *m, size_t *kept, size_t *points)
{
    size_t whole = 0;
    *points = 0;
    for (size_t p = 0; p < m->paths; p++) {
        size_t n = m->begin[p + 1] - m->begin[p];
        *points = n > *points ? n : *points;
    }
    for (size_t p = 0; p < m->paths; p++) {
        if (m->begin[p + 1] - m->begin[p] != *points) continue;
        memmove(m->place + whole * *points, m->place + m->begin[p], *points * sizeof *m->place);
        kept[whole++] = p;
    }
    return whole;
}

static qk_code put_clusters(const many_paths *m, const size_t *kept, const uint32_t *cluster,
                            size_t whole, qk_error *err)
{
    qk_buf out;
    char time[QK_TIME_TEXT];
    qk_buf_init(&out, OUT_BYTES);
    qk_buf_puts(&out, "date,cluster\n");
    for (size_t i = 0; i < whole; i++)
        qk_buf_printf(&out, "%s,C%u\n", qk_time_iso(time, m->arrival[kept[i]]), cluster[i] + 1);
    return trace_flush(&out, err);
}

static qk_code run_cluster(many_paths *m, const trace_job *job, qk_error *err)
{
    bool angle = job->kind && strcmp(job->kind, "angle") == 0;
    size_t k = job->clusters > 0 ? (size_t)job->clusters : 5, points;
    if (job->kind && !angle && strcmp(job->kind, "euclid") != 0)
        return qk_fail(err, QK_EINVAL, "--kind: euclid or angle, not '%s'", job->kind);
    QK_TRY(read_paths(m, job, err));
    size_t *kept = malloc(m->paths * sizeof *kept);
    uint32_t *cluster = malloc(m->paths * sizeof *cluster);
    qk_code code = kept && cluster ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for the paths");
    if (code == QK_OK) {
        size_t whole = keep_whole(m, kept, &points);
        if (whole < m->paths)
            fprintf(stderr, "qingkong trace: %zu of %zu paths end early and are left out\n",
                    m->paths - whole, m->paths);
        code = qk_path_clusters(cluster, m->place, whole, points, k,
                                angle ? QK_PATH_ANGLE : QK_PATH_EUCLID, err);
        if (code == QK_OK) code = put_clusters(m, kept, cluster, whole, err);
    }
    free(kept);
    free(cluster);
    return code;
}

qk_code trace_cluster(const trace_job *job, qk_error *err)
{
    many_paths m = {0};
    qk_code code = run_cluster(&m, job, err);
    clear_paths(&m);
    return code;
}

/* ---- cells ---- */

typedef struct moment {
    qk_time at;
    double value;
} moment;

static int compare_moments(const void *a, const void *b)
{
    const moment *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

/* Each path gets the value of the hour it arrived in. */
static qk_code join_values(many_paths *m, const trace_job *job, qk_error *err)
{
    table v = {0};
    const char *names[] = {job->pollutant, NULL};
    size_t n = 0, found = 0;
    QK_TRY(
        table_read(&v, job->values, &(table_want){.time = job->time_column, .names = names}, err));
    moment *all = calloc(v.rows + 1, sizeof *all);
    for (size_t i = 0; all && i < v.rows; i++)
        if (v.time[i] != QK_TIME_NONE) all[n++] = (moment){v.time[i], v.column[0][i]};
    if (all) qsort(all, n, sizeof *all, compare_moments);
    for (size_t p = 0; all && p < m->paths; p++) {
        moment key = {m->arrival[p], 0};
        const moment *at = bsearch(&key, all, n, sizeof key, compare_moments);
        m->value[p] = at ? at->value : NAN;
        found += isfinite(m->value[p]);
    }
    qk_code code = all ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for %zu values", v.rows);
    if (code == QK_OK && found == 0)
        code =
            qk_fail(err, QK_EFORMAT, "%s has no value at any arrival of %s", job->values, job->in);
    if (code == QK_OK && found < m->paths)
        fprintf(stderr, "qingkong trace: %zu of %zu paths have no value and are left out\n",
                m->paths - found, m->paths);
    free(all);
    table_clear(&v);
    return code;
}

static qk_code put_cells(const qk_path_cell *cells, size_t count, double size, qk_error *err)
{
    qk_buf out;
    qk_buf_init(&out, OUT_BYTES);
    qk_buf_puts(&out, "lon,lat,points,mean,cwt,share,pscf\n");
    for (size_t i = 0; i < count; i++) {
        qk_buf_printf(&out, "%.10g,%.10g,%u", cells[i].x * size, cells[i].y * size, cells[i].count);
        trace_put(&out, cells[i].mean);
        trace_put(&out, cells[i].cwt);
        trace_put(&out, cells[i].share);
        trace_put(&out, cells[i].pscf);
        qk_buf_putc(&out, '\n');
    }
    return trace_flush(&out, err);
}

static qk_code run_cells(many_paths *m, const trace_job *job, qk_error *err)
{
    qk_path_cell *cells = NULL;
    size_t count = 0;
    double size = job->cell_deg > 0 ? job->cell_deg : 1;
    QK_TRY(read_paths(m, job, err));
    QK_TRY(join_values(m, job, err));
    QK_TRY(qk_path_cells(&cells, &count, m->place, m->value, m->path_of, m->t.rows, m->paths, size,
                         job->percentile, err));
    qk_code code = put_cells(cells, count, size, err);
    free(cells);
    return code;
}

qk_code trace_cells(const trace_job *job, qk_error *err)
{
    many_paths m = {0};
    if (!job->values) return qk_fail(err, QK_EINVAL, "cells needs --values");
    qk_code code = run_cells(&m, job, err);
    clear_paths(&m);
    return code;
}
