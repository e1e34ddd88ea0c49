/* SPDX-License-Identifier: Apache-2.0 */
/* Plots of one station's series by wind and by time, as numbers. */
#include "cli/trace.h"
#include "models/annulus.h"
#include "models/rose.h"
#include "models/theilsen.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { OUT_BYTES = 1 << 28 };

void trace_put(qk_buf *out, double v)
{
    if (isfinite(v))
        qk_buf_printf(out, ",%.7g", v);
    else
        qk_buf_putc(out, ',');
}

qk_code trace_flush(qk_buf *out, qk_error *err)
{
    qk_code code = out->failed;
    if (code != QK_OK)
        qk_fail(err, code, "the result does not fit in memory");
    else if (fwrite(out->ptr, 1, out->len, stdout) != out->len || fflush(stdout) != 0)
        code = qk_fail_errno(err, errno, "standard output");
    qk_buf_clear(out);
    return code;
}

typedef struct station {
    table t;
    qk_wind_series series;
} station;

static qk_code read_station(station *s, const trace_job *job, bool wind, bool time, qk_error *err)
{
    const char *with[] = {"ws", "wd", job->pollutant, NULL};
    const char *without[] = {job->pollutant, NULL};
    table_want want = {.names = wind ? with : without};
    if (time) want.time = job->time_column;
    QK_TRY(table_read(&s->t, job->in, &want, err));
    s->series.count = s->t.rows;
    s->series.ws = wind ? table_column(&s->t, "ws") : NULL;
    s->series.wd = wind ? table_column(&s->t, "wd") : NULL;
    s->series.value = job->pollutant ? table_column(&s->t, job->pollutant) : NULL;
    return QK_OK;
}

static bool statistic_of(const char *name, qk_polar_statistic *out)
{
    static const char *const names[] = {"mean",      "median", "max", "stdev",
                                        "frequency", "cpf",    "nwr"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) != 0) continue;
        *out = (qk_polar_statistic)i;
        return true;
    }
    return false;
}

static void put_surface(qk_buf *out, const qk_polar_surface *s)
{
    qk_buf_puts(out, "u,v,value\n");
    double step = 2 * s->reach / (double)(s->side - 1);
    for (size_t i = 0; i < s->side; i++) {
        for (size_t j = 0; j < s->side; j++) {
            double z = s->value[i * s->side + j];
            if (!isfinite(z)) continue;
            qk_buf_printf(out, "%.7g,%.7g,%.7g\n", -s->reach + step * (double)j,
                          -s->reach + step * (double)i, z);
        }
    }
}

static void put_bins(qk_buf *out, const qk_polar_bins *bins)
{
    qk_buf_puts(out, "wd_upper,ws_bin,n,value,ws_upper\n");
    for (size_t i = 0; i < bins->count; i++) {
        const qk_polar_bin *b = &bins->bin[i];
        qk_buf_printf(out, "%g,%d,%u,%.15g,%.7g\n", b->wd_deg, b->speed_bin, b->count, b->value,
                      b->speed_bin * bins->max_ws / (double)bins->speeds);
    }
}

qk_code trace_polar(const trace_job *job, qk_error *err)
{
    station s = {0};
    qk_polar_surface surface;
    qk_polar_options o = {.percentile = job->percentile, .max_ws = job->max_ws};
    qk_buf out;
    o.sector_deg = job->sector_deg;
    if (!statistic_of(job->statistic, &o.statistic))
        return qk_fail(err, QK_EINVAL, "no statistic '%s'", job->statistic);
    QK_TRY(read_station(&s, job, true, false, err));
    qk_code code = qk_polar_surface_of(&surface, &s.series, &o, err);
    if (code == QK_OK) {
        qk_buf_init(&out, OUT_BYTES);
        if (job->kind && strcmp(job->kind, "bins") == 0)
            put_bins(&out, &surface.bins);
        else
            put_surface(&out, &surface);
        if (surface.bins.left_out)
            fprintf(stderr,
                    "qingkong trace: %zu of %zu hours lack wind or value and are left out\n",
                    surface.bins.left_out, s.t.rows);
        qk_polar_surface_clear(&surface);
        code = trace_flush(&out, err);
    }
    table_clear(&s.t);
    return code;
}

/* ---- annulus ---- */

enum { RING_SIDE = 201, RING_INNER = 10, RING_OUTER = 20 };

static bool period_of(const char *name, qk_annulus_period *out)
{
    static const char *const names[] = {"hour", "weekday", "month", "trend"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (name && strcmp(name, names[i]) != 0) continue;
        *out = (qk_annulus_period)i;
        return true;
    }
    return false;
}

/* Time runs outward from radius 10 to 20, direction as on a compass. */
static void put_ring(qk_buf *out, const qk_annulus *a)
{
    double step = 2.0 * RING_OUTER / (RING_SIDE - 1);
    qk_buf_puts(out, "u,v,value\n");
    for (int i = 0; i < RING_SIDE; i++)
        for (int j = 0; j < RING_SIDE; j++) {
            double u = -RING_OUTER + step * j, v = -RING_OUTER + step * i, r = hypot(u, v);
            if (r < RING_INNER || r > RING_OUTER) continue;
            double t = (r - RING_INNER) / (RING_OUTER - RING_INNER) * (double)(a->times - 1);
            double z = qk_annulus_at(a, t, atan2(u, v) * 180 / 3.14159265358979323846);
            if (isfinite(z)) qk_buf_printf(out, "%.7g,%.7g,%.7g\n", u, v, z);
        }
}

qk_code trace_annulus(const trace_job *job, qk_error *err)
{
    station s = {0};
    qk_annulus annulus;
    qk_annulus_options o = {.sector_deg = job->sector_deg};
    qk_buf out;
    if (!period_of(job->kind, &o.period))
        return qk_fail(err, QK_EINVAL, "--kind: hour, weekday, month or trend, not '%s'",
                       job->kind);
    QK_TRY(read_station(&s, job, true, true, err));
    qk_code code = qk_annulus_of(&annulus, s.t.time, &s.series, &o, err);
    if (code == QK_OK) {
        qk_buf_init(&out, OUT_BYTES);
        put_ring(&out, &annulus);
        if (annulus.left_out)
            fprintf(stderr, "qingkong trace: %zu of %zu hours are calm or lack wind or value\n",
                    annulus.left_out, s.t.rows);
        qk_annulus_clear(&annulus);
        code = trace_flush(&out, err);
    }
    table_clear(&s.t);
    return code;
}

/* Numbers joined by ','. */
static qk_code parse_list(double *out, size_t most, size_t *count, const char *text, qk_error *err)
{
    qk_str rest = qk_str_of(text);
    *count = 0;
    while (text && rest.ptr) {
        qk_str cell = qk_str_trim(qk_str_cut(&rest, ','));
        if (*count == most || qk_parse_f64(&out[*count], cell) != QK_OK)
            return qk_fail(err, QK_EINVAL, "'%s' is no list of up to %zu numbers", text, most);
        (*count)++;
    }
    return QK_OK;
}

static void put_rose(qk_buf *out, const qk_rose *rose, const qk_rose_options *o)
{
    qk_buf_puts(out, "wd,count,share,mean_ws,mean,cpf");
    for (size_t b = 0; b < o->breaks; b++) qk_buf_printf(out, ",share_up_to_%g", o->brk[b]);
    for (size_t p = 0; p < o->percents; p++) qk_buf_printf(out, ",p%g", o->percent[p]);
    qk_buf_putc(out, '\n');
    for (size_t i = 0; i < rose->sectors; i++) {
        const qk_sector *s = &rose->sector[i];
        qk_buf_printf(out, "%g,%u", s->wd_deg, s->count);
        trace_put(out, s->share);
        trace_put(out, s->mean_ws);
        trace_put(out, s->mean);
        trace_put(out, s->cpf);
        for (size_t b = 0; b < o->breaks; b++) trace_put(out, s->up_to[b]);
        for (size_t p = 0; p < o->percents; p++) trace_put(out, s->percentile[p]);
        qk_buf_putc(out, '\n');
    }
    qk_buf_printf(out, "calm,%zu", rose->calm);
    trace_put(out, (double)rose->calm / (double)rose->used);
    for (size_t c = 0; c < 3 + o->breaks + o->percents; c++) qk_buf_putc(out, ',');
    qk_buf_putc(out, '\n');
}

qk_code trace_sector(const trace_job *job, qk_error *err)
{
    station s = {0};
    qk_rose rose;
    qk_buf out;
    qk_rose_options o = {.cpf = job->percentile, .by_value = job->by_value};
    o.sector_deg = job->sector_deg;
    QK_TRY(parse_list(o.brk, QK_ROSE_BREAKS, &o.breaks, job->breaks, err));
    QK_TRY(parse_list(o.percent, QK_ROSE_PERCENTS, &o.percents, job->percentiles, err));
    QK_TRY(read_station(&s, job, true, false, err));
    qk_code code = qk_rose_of(&rose, &s.series, &o, err);
    if (code == QK_OK) {
        qk_buf_init(&out, OUT_BYTES);
        put_rose(&out, &rose, &o);
        qk_rose_clear(&rose);
        code = trace_flush(&out, err);
    }
    table_clear(&s.t);
    return code;
}

static void put_trend(qk_buf *out, const qk_theilsen *t, const qk_month *months)
{
    char date[QK_TIME_TEXT];
    qk_buf_puts(out, "month,value,slope_per_year,lower,upper,percent_per_year,percent_lower,"
                     "percent_upper,p,intercept\n");
    for (size_t i = 0; i < t->months; i++) {
        qk_buf_puts(out, qk_date_iso(date, months[i].start));
        trace_put(out, t->value[i]);
        trace_put(out, t->slope);
        trace_put(out, t->lower);
        trace_put(out, t->upper);
        trace_put(out, t->percent);
        trace_put(out, t->percent_lower);
        trace_put(out, t->percent_upper);
        trace_put(out, t->p);
        trace_put(out, t->intercept);
        qk_buf_putc(out, '\n');
    }
}

static qk_code fit_trend(const trace_job *job, const station *s, qk_error *err)
{
    qk_month *months = NULL;
    size_t count = 0;
    qk_theilsen t = {0};
    qk_buf out;
    const double *value = s->series.value;
    double *plain = NULL;
    qk_theilsen_options o = {.deseason = job->deseason, .seed = (uint64_t)job->seed};
    o.bootstraps = (size_t)job->bootstraps;
    o.block = (size_t)job->block;
    qk_code code = QK_OK;
    if (job->weather) {
        value = plain = malloc((s->t.rows + 1) * sizeof *plain);
        code = plain ? qk_weather_normalise(plain, s->t.time, &s->series, err)
                     : qk_fail(err, QK_ENOMEM, "no memory for %zu hours", s->t.rows);
    }
    if (code == QK_OK)
        code = qk_months_of(&months, &count, s->t.time, value, s->t.rows, job->capture, err);
    if (code == QK_OK) code = qk_theilsen_of(&t, months, count, &o, err);
    if (code == QK_OK) {
        qk_buf_init(&out, OUT_BYTES);
        put_trend(&out, &t, months);
        code = trace_flush(&out, err);
    }
    qk_theilsen_clear(&t);
    free(months);
    free(plain);
    return code;
}

qk_code trace_trend(const trace_job *job, qk_error *err)
{
    station s = {0};
    QK_TRY(read_station(&s, job, job->weather, true, err));
    qk_code code = fit_trend(job, &s, err);
    table_clear(&s.t);
    return code;
}

static void put_group(qk_buf *out, const char *kind, size_t a, size_t b, const qk_group *g)
{
    qk_buf_printf(out, "%s,%zu,%zu,%u", kind, a, b, g->count);
    trace_put(out, g->mean);
    trace_put(out, g->lower);
    trace_put(out, g->upper);
    qk_buf_putc(out, '\n');
}

qk_code trace_time(const trace_job *job, qk_error *err)
{
    station s = {0};
    qk_buf out;
    qk_time_variation v;
    QK_TRY(read_station(&s, job, false, true, err));
    qk_time_variation_of(&v, s.t.time, s.series.value, s.t.rows);
    qk_buf_init(&out, OUT_BYTES);
    qk_buf_puts(&out, "by,first,second,count,mean,lower,upper\n");
    for (size_t h = 0; h < 24; h++) put_group(&out, "hour", h, 0, &v.hour[h]);
    for (size_t d = 0; d < 7; d++) put_group(&out, "weekday", d + 1, 0, &v.weekday[d]);
    for (size_t m = 0; m < 12; m++) put_group(&out, "month", m + 1, 0, &v.month[m]);
    for (size_t d = 0; d < 7; d++)
        for (size_t h = 0; h < 24; h++)
            put_group(&out, "weekday_hour", d + 1, h, &v.weekday_hour[d][h]);
    table_clear(&s.t);
    return trace_flush(&out, err);
}

typedef struct day_sum {
    double value, u, v;
    uint32_t values, winds;
} day_sum;

static void put_day(qk_buf *out, int32_t day, const day_sum *d)
{
    char date[QK_TIME_TEXT];
    double u = d->u, v = d->v, n = d->winds;
    qk_buf_puts(out, qk_date_iso(date, (qk_time)day * QK_DAY - QK_CST_OFFSET));
    qk_buf_printf(out, ",%u", d->values);
    trace_put(out, d->values ? d->value / d->values : NAN);
    trace_put(out, d->winds ? hypot(u, v) / n : NAN);
    double wd = atan2(u, v) * 180 / 3.14159265358979323846;
    trace_put(out, d->winds && hypot(u, v) > 0 ? (wd < 0 ? wd + 360 : wd) : NAN);
    qk_buf_putc(out, '\n');
}

static void sum_hour(day_sum *d, const station *s, size_t i)
{
    if (!s->series.value || !s->series.ws || !s->series.wd) return;
    double x = s->series.value[i], ws = s->series.ws[i], wd = s->series.wd[i];
    if (isfinite(x)) {
        d->value += x;
        d->values++;
    }
    if (!isfinite(ws) || !isfinite(wd)) return;
    d->u += ws * sin(wd * 3.14159265358979323846 / 180);
    d->v += ws * cos(wd * 3.14159265358979323846 / 180);
    d->winds++;
}

qk_code trace_calendar(const trace_job *job, qk_error *err)
{
    station s = {0};
    qk_buf out;
    day_sum d = {0};
    int32_t day = INT32_MIN;
    QK_TRY(read_station(&s, job, true, true, err));
    qk_buf_init(&out, OUT_BYTES);
    qk_buf_puts(&out, "date,hours,mean,vector_ws,vector_wd\n");
    for (size_t i = 0; i < s.t.rows; i++) {
        if (s.t.time[i] == QK_TIME_NONE) continue;
        int32_t of = qk_day_number(s.t.time[i]);
        if (of != day && day != INT32_MIN) put_day(&out, day, &d);
        if (of != day) d = (day_sum){0};
        day = of;
        sum_hour(&d, &s, i);
    }
    if (day != INT32_MIN) put_day(&out, day, &d);
    table_clear(&s.t);
    return trace_flush(&out, err);
}
