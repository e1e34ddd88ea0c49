/* SPDX-License-Identifier: Apache-2.0 */
#include "models/rose.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct rose_job {
    const qk_wind_series *in;
    const qk_rose_options *o;
    qk_rose *out;
    double width;
    size_t *start;  /* [sectors + 1] of each sector's values */
    double *values; /* by sector */
} rose_job;

static bool usable(const qk_wind_series *in, size_t i)
{
    if (!isfinite(in->ws[i]) || in->ws[i] < 0) return false;
    if (!isfinite(in->wd[i]) && in->ws[i] > 0) return false; /* a calm needs no direction */
    return !in->value || isfinite(in->value[i]);
}

/* north is 360, never 0 */
static size_t sector_of(const rose_job *job, double wd)
{
    double turn = fmod(wd, 360);
    if (turn < 0) turn += 360;
    double bin = ceil(turn / job->width - 0.5);
    return bin < 1 || bin >= (double)job->out->sectors ? job->out->sectors - 1 : (size_t)bin - 1;
}

static qk_code check_rose(const rose_job *job, qk_error *err)
{
    double n = 360 / job->width;
    if (!(job->width >= 1 && job->width <= 180) || fabs(n - round(n)) > 1e-9)
        return qk_fail(err, QK_EINVAL, "a sector of %g degrees does not divide the circle",
                       job->width);
    if (job->o->breaks > QK_ROSE_BREAKS || job->o->percents > QK_ROSE_PERCENTS)
        return qk_fail(err, QK_EINVAL, "at most %d breaks and %d percentiles", QK_ROSE_BREAKS,
                       QK_ROSE_PERCENTS);
    return QK_OK;
}

static void count_entries(rose_job *job)
{
    for (size_t i = 0; i < job->in->count; i++) {
        if (!usable(job->in, i)) {
            job->out->left_out++;
            continue;
        }
        job->out->used++;
        if (job->in->ws[i] == 0) {
            job->out->calm++;
            continue;
        }
        qk_sector *s = &job->out->sector[sector_of(job, job->in->wd[i])];
        double x = job->o->by_value && job->in->value ? job->in->value[i] : job->in->ws[i];
        s->count++;
        s->mean_ws += job->in->ws[i];
        for (size_t b = 0; b < job->o->breaks; b++) s->up_to[b] += x <= job->o->brk[b];
    }
}

static qk_code gather(rose_job *job, qk_error *err)
{
    size_t n = job->out->sectors, at = 0;
    job->values = malloc((job->out->used + 1) * sizeof *job->values);
    job->start = calloc(n + 1, sizeof *job->start);
    if (!job->values || !job->start)
        return qk_fail(err, QK_ENOMEM, "no memory for %zu values", job->out->used);
    for (size_t i = 0; i < job->in->count; i++)
        if (usable(job->in, i)) job->values[at++] = job->in->value[i];
    job->out->threshold = qk_quantile(job->values, at, job->o->cpf > 0 ? job->o->cpf : 90);
    for (size_t s = 0; s < n; s++) job->start[s + 1] = job->start[s] + job->out->sector[s].count;
    for (size_t i = 0; i < job->in->count; i++) {
        if (!usable(job->in, i) || job->in->ws[i] == 0) continue;
        job->values[job->start[sector_of(job, job->in->wd[i])]++] = job->in->value[i];
    }
    for (size_t s = n; s > 0; s--) job->start[s] = job->start[s - 1];
    job->start[0] = 0;
    return QK_OK;
}

static void describe_values(rose_job *job, size_t s)
{
    qk_sector *sector = &job->out->sector[s];
    double *v = job->values + job->start[s], sum = 0;
    size_t above = 0;
    for (size_t i = 0; i < sector->count; i++) {
        sum += v[i];
        above += v[i] > job->out->threshold;
    }
    if (sector->count) {
        sector->mean = sum / sector->count;
        sector->cpf = (double)above / sector->count;
    }
    qk_sort_doubles(v, sector->count);
    for (size_t p = 0; p < job->o->percents; p++)
        sector->percentile[p] = qk_quantile_sorted(v, sector->count, job->o->percent[p]);
}

static void finish_sectors(rose_job *job)
{
    double all = (double)job->out->used;
    for (size_t i = 0; i < job->out->sectors; i++) {
        qk_sector *s = &job->out->sector[i];
        s->wd_deg = (double)(i + 1) * job->width;
        s->share = s->count / all;
        s->mean_ws = s->count ? s->mean_ws / s->count : NAN;
        for (size_t b = 0; b < job->o->breaks; b++) s->up_to[b] /= all;
        s->mean = s->cpf = NAN;
        for (size_t p = 0; p < QK_ROSE_PERCENTS; p++) s->percentile[p] = NAN;
        if (job->in->value) describe_values(job, i);
    }
}

qk_code qk_rose_of(qk_rose *out, const qk_wind_series *in, const qk_rose_options *options,
                   qk_error *err)
{
    rose_job job = {.in = in, .o = options, .out = out};
    job.width = options->sector_deg > 0 ? options->sector_deg : 30;
    *out = (qk_rose){.threshold = NAN};
    QK_TRY(check_rose(&job, err));
    out->sectors = (size_t)lround(360 / job.width);
    out->sector = calloc(out->sectors, sizeof *out->sector);
    if (!out->sector) return qk_fail(err, QK_ENOMEM, "no memory for %zu sectors", out->sectors);
    count_entries(&job);
    qk_code code = QK_OK;
    if (out->used == 0) code = qk_fail(err, QK_EFORMAT, "no hour has a wind and a value");
    if (code == QK_OK && in->value) code = gather(&job, err);
    if (code == QK_OK) finish_sectors(&job);
    free(job.values);
    free(job.start);
    if (code != QK_OK) qk_rose_clear(out);
    return code;
}

void qk_rose_clear(qk_rose *rose)
{
    free(rose->sector);
    *rose = (qk_rose){0};
}

/* ---- time ---- */

typedef struct moments {
    double n, mean, m2;
} moments;

static void add_moment(moments *m, double x)
{
    double d = x - m->mean;
    m->n++;
    m->mean += d / m->n;
    m->m2 += d * (x - m->mean);
}

static qk_group group_of(const moments *m)
{
    qk_group g = {.count = (uint32_t)m->n, .mean = NAN, .lower = NAN, .upper = NAN};
    if (m->n < 1) return g;
    g.mean = m->mean;
    if (m->n < 2) return g;
    double half = 1.959963984540054 * sqrt(m->m2 / (m->n - 1) / m->n);
    g.lower = m->mean - half;
    g.upper = m->mean + half;
    return g;
}

void qk_time_variation_of(qk_time_variation *out, const qk_time *time, const double *value,
                          size_t count)
{
    moments hour[24] = {0}, month[12] = {0}, cell[7][24] = {0}, weekday[7] = {0};
    for (size_t i = 0; i < count; i++) {
        if (time[i] == QK_TIME_NONE || !isfinite(value[i])) continue;
        qk_civil c = qk_civil_of(time[i]);
        add_moment(&hour[c.hour], value[i]);
        add_moment(&month[c.month - 1], value[i]);
        add_moment(&weekday[c.weekday - 1], value[i]);
        add_moment(&cell[c.weekday - 1][c.hour], value[i]);
    }
    for (size_t h = 0; h < 24; h++) out->hour[h] = group_of(&hour[h]);
    for (size_t m = 0; m < 12; m++) out->month[m] = group_of(&month[m]);
    for (size_t d = 0; d < 7; d++) {
        out->weekday[d] = group_of(&weekday[d]);
        for (size_t h = 0; h < 24; h++) out->weekday_hour[d][h] = group_of(&cell[d][h]);
    }
}

/* ---- weather ---- */

enum { SECTORS = 8, FIFTHS = 5, CLASSES = 2 * (SECTORS * FIFTHS + 1) };

static size_t class_of(const qk_wind_series *in, size_t i, qk_time t, const double edge[FIFTHS - 1])
{
    int32_t month = qk_civil_of(t).month;
    size_t half = month >= 4 && month <= 9, speed = 0;
    if (in->ws[i] == 0) return half * (SECTORS * FIFTHS + 1) + SECTORS * FIFTHS;
    while (speed < FIFTHS - 1 && in->ws[i] > edge[speed]) speed++;
    double turn = fmod(in->wd[i], 360);
    size_t sector = (size_t)floor((turn < 0 ? turn + 360 : turn) / 45 + 0.5) % SECTORS;
    return half * (SECTORS * FIFTHS + 1) + sector * FIFTHS + speed;
}

qk_code qk_weather_normalise(double *out, const qk_time *time, const qk_wind_series *in,
                             qk_error *err)
{
    moments all = {0}, mean[CLASSES] = {0};
    double edge[FIFTHS - 1], *ws = malloc((in->count + 1) * sizeof *ws);
    size_t n = 0;
    if (!ws) return qk_fail(err, QK_ENOMEM, "no memory for %zu hours", in->count);
    for (size_t i = 0; i < in->count; i++)
        if (usable(in, i) && time[i] != QK_TIME_NONE) ws[n++] = in->ws[i];
    qk_sort_doubles(ws, n);
    for (size_t f = 0; f < FIFTHS - 1; f++)
        edge[f] = qk_quantile_sorted(ws, n, 100.0 * (double)(f + 1) / FIFTHS);
    free(ws);
    for (size_t i = 0; i < in->count; i++) {
        if (!usable(in, i) || time[i] == QK_TIME_NONE) continue;
        add_moment(&all, in->value[i]);
        add_moment(&mean[class_of(in, i, time[i], edge)], in->value[i]);
    }
    for (size_t i = 0; i < in->count; i++) {
        out[i] = NAN;
        if (!usable(in, i) || time[i] == QK_TIME_NONE) continue;
        out[i] = all.mean + in->value[i] - mean[class_of(in, i, time[i], edge)].mean;
    }
    return QK_OK;
}
