/* SPDX-License-Identifier: Apache-2.0 */
/* Plots of one station's hours: what the models give, as JSON. */
#include "domain/analysis.h"
#include "models/rose.h"
#include "models/theilsen.h"
#include <math.h>
#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { RINGS = 36, SPOKES = 72, DAYS_MAX = 3700 };
static const double pi = 3.14159265358979323846;
static const double capture = 0.75; /* of a month's hours */

static qk_wind_series series_of(const qk_analysis *a)
{
    return (qk_wind_series){a->count, a->ws, a->wd, a->value};
}

static void put_array(qk_json_writer *w, const char *name, const double *v, size_t n)
{
    qk_json_key(w, name);
    qk_json_array(w);
    for (size_t i = 0; i < n; i++) qk_analysis_put(w, v[i]);
    qk_json_end(w);
}

/* ---- roses ---- */

/* Two digits: a class of the legend is read, not computed with. */
static double two_digits(double v)
{
    if (!(v > 0)) return v < 0 ? v : 0;
    double k = pow(10, floor(log10(v)) - 1);
    return round(v / k) * k;
}

static qk_code value_breaks(qk_rose_options *o, const qk_analysis *a, qk_error *err)
{
    static const double at[] = {25, 50, 75, 95};
    double *v = qk_arena_array(a->arena, a->count + 1, sizeof *v);
    size_t n = 0;
    if (!v) return qk_fail(err, QK_ENOMEM, "no memory for the classes");
    for (size_t i = 0; i < a->count; i++)
        if (isfinite(a->value[i])) v[n++] = a->value[i];
    if (n == 0) return qk_fail(err, QK_EFORMAT, "no hour has a value");
    qk_sort_doubles(v, n);
    for (size_t k = 0; k < COUNT(at); k++) {
        double b = two_digits(qk_quantile_sorted(v, n, at[k]));
        if (o->breaks == 0 || b > o->brk[o->breaks - 1]) o->brk[o->breaks++] = b;
    }
    return QK_OK;
}

static void put_sector(qk_json_writer *w, const qk_sector *s, const qk_rose_options *o)
{
    qk_json_object(w);
    qk_analysis_kput(w, "wd", s->wd_deg);
    qk_json_ki64(w, "n", s->count);
    qk_analysis_kput(w, "share", s->share);
    qk_analysis_kput(w, "mean_ws", s->mean_ws);
    qk_analysis_kput(w, "mean", s->mean);
    qk_analysis_kput(w, "cpf", s->cpf);
    put_array(w, "up_to", s->up_to, o->breaks);
    put_array(w, "percentiles", s->percentile, o->percents);
    qk_json_end(w);
}

static void put_rose(qk_json_writer *w, const qk_rose *r, const qk_rose_options *o)
{
    qk_json_object(w);
    put_array(w, "breaks", o->brk, o->breaks);
    put_array(w, "percents", o->percent, o->percents);
    qk_json_ki64(w, "calm", (int64_t)r->calm);
    qk_analysis_kput(w, "calm_share", (double)r->calm / (double)r->used);
    qk_analysis_kput(w, "threshold", r->threshold);
    qk_json_key(w, "sectors");
    qk_json_array(w);
    for (size_t i = 0; i < r->sectors; i++) put_sector(w, &r->sector[i], o);
    qk_json_end(w);
    qk_json_end(w);
}

static qk_code write_rose(qk_json_writer *w, qk_analysis *a, qk_error *err)
{
    qk_wind_series in = series_of(a);
    qk_rose r;
    qk_rose_options o = {.sector_deg = 22.5, .cpf = a->o.percentile};
    if (a->kind == QK_PLOT_WIND_ROSE) {
        static const double ms[] = {1, 2, 3, 5, 8};
        in.value = NULL;
        for (; o.breaks < COUNT(ms); o.breaks++) o.brk[o.breaks] = ms[o.breaks];
    } else if (a->kind == QK_PLOT_POLLUTION_ROSE) {
        o.by_value = true;
        QK_TRY(value_breaks(&o, a, err));
    } else {
        static const double percents[] = {5, 25, 50, 75, 95};
        for (; o.percents < COUNT(percents); o.percents++)
            o.percent[o.percents] = percents[o.percents];
    }
    QK_TRY(qk_rose_of(&r, &in, &o, err));
    put_rose(w, &r, &o);
    qk_rose_clear(&r);
    return QK_OK;
}

/* ---- surfaces ---- */

/* Every second point: 101 x 101 is finer than the splines behind it. */
static qk_code write_polar(qk_json_writer *w, qk_analysis *a, qk_error *err)
{
    qk_wind_series in = series_of(a);
    qk_polar_surface s;
    qk_polar_options o = {.statistic = a->o.statistic, .percentile = a->o.percentile};
    QK_TRY(qk_polar_surface_of(&s, &in, &o, err));
    qk_json_object(w);
    qk_json_ki64(w, "side", (int64_t)(s.side + 1) / 2);
    qk_analysis_kput(w, "reach", s.reach);
    qk_analysis_kput(w, "edf", s.edf > 0 ? s.edf : NAN);
    qk_analysis_kput(w, "threshold", s.bins.threshold);
    qk_json_ki64(w, "bins", (int64_t)s.bins.count);
    qk_json_ki64(w, "calm", (int64_t)s.bins.calm);
    qk_json_key(w, "values");
    qk_json_array(w);
    for (size_t i = 0; i < s.side; i += 2)
        for (size_t j = 0; j < s.side; j += 2) qk_analysis_put(w, s.value[i * s.side + j]);
    qk_json_end(w);
    qk_json_end(w);
    qk_polar_surface_clear(&s);
    return QK_OK;
}

static qk_code write_annulus(qk_json_writer *w, qk_analysis *a, qk_error *err)
{
    qk_wind_series in = series_of(a);
    qk_annulus ring;
    qk_annulus_options o = {.period = a->o.period};
    char text[QK_TIME_TEXT];
    QK_TRY(qk_annulus_of(&ring, a->time, &in, &o, err));
    qk_json_object(w);
    qk_json_ki64(w, "rings", RINGS);
    qk_json_ki64(w, "spokes", SPOKES);
    qk_json_ki64(w, "times", (int64_t)ring.times);
    qk_json_kcstr(w, "first",
                  o.period == QK_ANNULUS_TREND ? qk_time_iso_zone(text, ring.first_month) : NULL);
    qk_analysis_kput(w, "edf", ring.edf);
    qk_json_ki64(w, "calm", (int64_t)ring.calm);
    qk_json_key(w, "values");
    qk_json_array(w);
    for (int r = 0; r < RINGS; r++)
        for (int d = 0; d < SPOKES; d++)
            qk_analysis_put(w, qk_annulus_at(&ring, (r + 0.5) / RINGS * (double)(ring.times - 1),
                                             360.0 * d / SPOKES));
    qk_json_end(w);
    qk_json_end(w);
    qk_annulus_clear(&ring);
    return QK_OK;
}

/* ---- trends ---- */

static void put_trend(qk_json_writer *w, const qk_theilsen *t, const qk_month *months,
                      bool deseason)
{
    char text[QK_TIME_TEXT];
    qk_json_object(w);
    qk_json_kbool(w, "deseasoned", deseason);
    qk_analysis_kput(w, "slope", t->slope);
    qk_analysis_kput(w, "lower", t->lower);
    qk_analysis_kput(w, "upper", t->upper);
    qk_analysis_kput(w, "percent", t->percent);
    qk_analysis_kput(w, "percent_lower", t->percent_lower);
    qk_analysis_kput(w, "percent_upper", t->percent_upper);
    qk_analysis_kput(w, "p", t->p);
    qk_json_key(w, "intercept"); /* at 1970: needs all its digits */
    qk_json_f64(w, t->intercept);
    qk_json_ki64(w, "missing", (int64_t)t->missing);
    qk_json_key(w, "months");
    qk_json_array(w);
    for (size_t i = 0; i < t->months; i++) {
        qk_json_object(w);
        qk_json_kcstr(w, "month", qk_time_iso_zone(text, months[i].start));
        qk_analysis_kput(w, "mean", months[i].mean);
        qk_analysis_kput(w, "value", t->value[i]);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_end(w);
}

static qk_code write_trend(qk_json_writer *w, qk_analysis *a, qk_error *err)
{
    qk_month *months = NULL;
    size_t count = 0;
    qk_theilsen t = {0};
    const double *value = a->value;
    qk_theilsen_options o = {.deseason = a->o.deseason, .seed = 1};
    if (a->kind == QK_PLOT_NORMALISED) {
        qk_wind_series in = series_of(a);
        double *plain = qk_arena_array(a->arena, a->count + 1, sizeof *plain);
        if (!plain) return qk_fail(err, QK_ENOMEM, "no memory for the hours");
        QK_TRY(qk_weather_normalise(plain, a->time, &in, err));
        value = plain;
    }
    qk_code code = qk_months_of(&months, &count, a->time, value, a->count, capture, err);
    /* Two years are needed to know the seasons; a shorter record is told as it is. */
    if (code == QK_OK && count < 24) o.deseason = false;
    if (code == QK_OK) code = qk_theilsen_of(&t, months, count, &o, err);
    if (code == QK_OK) put_trend(w, &t, months, o.deseason);
    qk_theilsen_clear(&t);
    free(months);
    return code;
}

/* ---- variation ---- */

static void put_groups(qk_json_writer *w, const char *name, const qk_group *g, size_t n)
{
    qk_json_key(w, name);
    qk_json_array(w);
    for (size_t i = 0; i < n; i++) {
        qk_json_array(w);
        qk_json_i64(w, g[i].count);
        qk_analysis_put(w, g[i].mean);
        qk_analysis_put(w, g[i].lower);
        qk_analysis_put(w, g[i].upper);
        qk_json_end(w);
    }
    qk_json_end(w);
}

static qk_code write_time(qk_json_writer *w, qk_analysis *a, qk_error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < a->count; i++) n += isfinite(a->value[i]);
    if (n == 0) return qk_fail(err, QK_EFORMAT, "no hour has a value");
    qk_time_variation *v = qk_arena_alloc(a->arena, sizeof *v);
    if (!v) return qk_fail(err, QK_ENOMEM, "no memory for the groups");
    qk_time_variation_of(v, a->time, a->value, a->count);
    qk_json_object(w);
    put_groups(w, "hour", v->hour, 24);
    put_groups(w, "weekday", v->weekday, 7);
    put_groups(w, "month", v->month, 12);
    put_groups(w, "weekday_hour", v->weekday_hour[0], (size_t)7 * 24);
    qk_json_end(w);
    return QK_OK;
}

/* ---- calendar ---- */

typedef struct day_sum {
    double value, u, v;
    uint32_t values, winds;
} day_sum;

static void put_day(qk_json_writer *w, int32_t day, const day_sum *d)
{
    char date[QK_TIME_TEXT];
    double speed = d->winds ? hypot(d->u, d->v) / d->winds : NAN;
    double from = atan2(d->u, d->v) * 180 / pi;
    qk_json_object(w);
    qk_json_kcstr(w, "date", qk_date_iso(date, (qk_time)day * QK_DAY - QK_CST_OFFSET));
    qk_json_ki64(w, "hours", d->values);
    qk_analysis_kput(w, "mean", d->values ? d->value / d->values : NAN);
    qk_analysis_kput(w, "ws", speed);
    qk_analysis_kput(w, "wd", speed > 0 ? fmod(from + 360, 360) : NAN);
    qk_json_end(w);
}

static void add_hour(day_sum *d, const qk_analysis *a, size_t i)
{
    if (isfinite(a->value[i])) {
        d->value += a->value[i];
        d->values++;
    }
    if (!isfinite(a->ws[i]) || !isfinite(a->wd[i])) return;
    d->u += a->ws[i] * sin(a->wd[i] * pi / 180);
    d->v += a->ws[i] * cos(a->wd[i] * pi / 180);
    d->winds++;
}

/* Rows of a file may stand in any order. */
static qk_code write_calendar(qk_json_writer *w, qk_analysis *a, qk_error *err)
{
    if (a->count == 0) return qk_fail(err, QK_EFORMAT, "no hour has a value");
    int32_t first = qk_day_number(a->from), days = qk_day_number(a->to - 1) - first + 1;
    if (days > DAYS_MAX) return qk_fail(err, QK_ERANGE, "at most %d days", DAYS_MAX);
    day_sum *d = qk_arena_array(a->arena, (size_t)days, sizeof *d);
    size_t values = 0;
    if (!d) return qk_fail(err, QK_ENOMEM, "no memory for %d days", days);
    for (size_t i = 0; i < a->count; i++) {
        add_hour(&d[qk_day_number(a->time[i]) - first], a, i);
        values += isfinite(a->value[i]);
    }
    if (values == 0) return qk_fail(err, QK_EFORMAT, "no hour has a value");
    qk_json_object(w);
    qk_json_key(w, "days");
    qk_json_array(w);
    for (int32_t i = 0; i < days; i++) put_day(w, first + i, &d[i]);
    qk_json_end(w);
    qk_json_end(w);
    return QK_OK;
}

qk_code qk_analysis_plot(qk_json_writer *w, qk_analysis *a, qk_error *err)
{
    switch (a->kind) {
    case QK_PLOT_WIND_ROSE:
    case QK_PLOT_POLLUTION_ROSE:
    case QK_PLOT_PERCENTILE_ROSE: return write_rose(w, a, err);
    case QK_PLOT_POLAR: return write_polar(w, a, err);
    case QK_PLOT_ANNULUS: return write_annulus(w, a, err);
    case QK_PLOT_TREND:
    case QK_PLOT_NORMALISED: return write_trend(w, a, err);
    case QK_PLOT_TIME: return write_time(w, a, err);
    default: return write_calendar(w, a, err);
    }
}
