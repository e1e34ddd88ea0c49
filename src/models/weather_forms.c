/* SPDX-License-Identifier: Apache-2.0 */
/* A grid's values as the CSV that other commands read. */
#include "models/weather_grid.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define CALM_MS     0.05 /* below, a wind has no direction */
#define DEGREE      57.29577951308232
#define SOUND_TOP_M 5500 /* of a profile, above the ground */

enum { HOURS_OF_DAY = 18 /* that make a day's mean */, SOUND_LEVELS = 80, MORNING_H = 8 };

static const qk_grid_what near_t = {QK_GRID_T, QK_GRID_HEIGHT, 2};
static const qk_grid_what near_d = {QK_GRID_DEW, QK_GRID_HEIGHT, 2};
static const qk_grid_what near_rh = {QK_GRID_RH, QK_GRID_HEIGHT, 2};
static const qk_grid_what near_q = {QK_GRID_Q, QK_GRID_HEIGHT, 2};
static const qk_grid_what near_u = {QK_GRID_U, QK_GRID_HEIGHT, 10};
static const qk_grid_what near_v = {QK_GRID_V, QK_GRID_HEIGHT, 10};
static const qk_grid_what ground = {QK_GRID_GROUND, QK_GRID_SURFACE, 0};
static const qk_grid_what at_ground = {QK_GRID_PS, QK_GRID_SURFACE, 0};
static const qk_grid_what at_sea = {QK_GRID_MSL, QK_GRID_SURFACE, 0};
static const qk_grid_what cloud = {QK_GRID_CLOUD, QK_GRID_SURFACE, 0};
static const qk_grid_what lid = {QK_GRID_BLH, QK_GRID_SURFACE, 0};
static const qk_grid_what fallen = {QK_GRID_PRECIP, QK_GRID_SURFACE, 0};

static double cell_of(const qk_grid_series *s, size_t row, qk_grid_what what)
{
    size_t c = qk_grid_series_column(s, what);
    return c == SIZE_MAX ? NAN : s->value[row * s->columns + c];
}

static bool has(const qk_grid_series *s, qk_grid_what what)
{
    return qk_grid_series_column(s, what) != SIZE_MAX;
}

static void put_fixed(qk_buf *out, double v, int decimals)
{
    qk_buf_putc(out, ',');
    if (isfinite(v)) qk_buf_printf(out, "%.*f", decimals, v);
}

static void put_digits(qk_buf *out, double v, int digits)
{
    qk_buf_putc(out, ',');
    if (isfinite(v)) qk_buf_printf(out, "%.*g", digits, v);
}

static double within(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

/* Over water, hPa: WMO-No. 8 (2018), annex 4.B. */
static double vapour_hpa(double t_c)
{
    return 6.112 * exp(17.62 * t_c / (243.12 + t_c));
}

static double dew_of(double t_c, double rh_pct)
{
    double x = log(fmax(rh_pct, 0.1) / 100) + 17.62 * t_c / (243.12 + t_c);
    return 243.12 * x / (17.62 - x);
}

/* As the file has it, or from the dew point, or from specific humidity and pressure. */
static double humidity_at(const qk_grid_series *s, size_t row)
{
    double rh = cell_of(s, row, near_rh), t = cell_of(s, row, near_t);
    if (isfinite(rh)) return within(rh, 0, 100);
    double e = vapour_hpa(cell_of(s, row, near_d));
    if (!isfinite(e)) {
        double q = cell_of(s, row, near_q) / 1000, p = cell_of(s, row, at_ground);
        e = q * p / (0.622 + 0.378 * q);
    }
    rh = 100 * e / vapour_hpa(t);
    return isfinite(rh) ? within(rh, 0, 100) : NAN;
}

static void wind_of(double *speed, double *from_deg, double u, double v)
{
    *speed = hypot(u, v);
    *from_deg = *speed >= CALM_MS ? fmod(atan2(-u, -v) * DEGREE + 360, 360) : NAN;
}

/* ---- the series itself ---- */

static bool follows(const qk_grid_series *s)
{
    return !has(s, near_rh) && has(s, near_t) && (has(s, near_d) || has(s, near_q));
}

/* Whether column c is the eastward half of a wind whose other half is there too. */
static bool pair_of(const qk_grid_series *s, size_t c, size_t *v)
{
    qk_grid_what other = s->what[c];
    if (other.var != QK_GRID_U) return false;
    other.var = QK_GRID_V;
    *v = qk_grid_series_column(s, other);
    return *v != SIZE_MAX;
}

static void write_header(qk_buf *out, const qk_grid_series *s, const char *before)
{
    char name[QK_GRID_NAME];
    size_t v;
    qk_buf_printf(out, "%stime,issued,lead_h", before);
    for (size_t c = 0; c < s->columns; c++) {
        qk_buf_printf(out, ",%s%s", qk_grid_name(name, s->what[c]), qk_grid_ending(s->what[c].var));
        if (s->what[c].var == QK_GRID_PRECIP) qk_buf_puts(out, ",precip_h");
    }
    for (size_t c = 0; c < s->columns; c++) {
        if (!pair_of(s, c, &v)) continue;
        qk_grid_name(name, s->what[c]);
        qk_buf_printf(out, ",ws_%s_ms,wd_%s_deg", name + 2, name + 2);
    }
    qk_buf_puts(out, follows(s) ? ",rh_2m_pct\n" : "\n");
}

static void write_rows(qk_buf *out, const qk_grid_series *s, const char *before)
{
    char time[QK_TIME_TEXT], issued[QK_TIME_TEXT];
    for (size_t i = 0; i < s->times && !out->failed; i++) {
        const double *row = s->value + i * s->columns;
        bool known = s->issued[i] != QK_TIME_NONE;
        qk_buf_printf(out, "%s%s,%s", before, qk_time_iso(time, s->time[i]),
                      qk_time_iso(issued, s->issued[i]));
        put_digits(out, known ? (double)(s->time[i] - s->issued[i]) / (double)QK_HOUR : NAN, 7);
        for (size_t c = 0; c < s->columns; c++) {
            put_digits(out, row[c], 7);
            if (s->what[c].var == QK_GRID_PRECIP) put_digits(out, s->rain_h[i], 7);
        }
        for (size_t c = 0; c < s->columns; c++) {
            size_t v;
            double speed, from;
            if (!pair_of(s, c, &v)) continue;
            wind_of(&speed, &from, row[c], row[v]);
            put_digits(out, speed, 7);
            put_digits(out, from, 5);
        }
        if (follows(s)) put_digits(out, humidity_at(s, i), 5);
        qk_buf_putc(out, '\n');
    }
}

void qk_grid_write_series(qk_buf *out, const qk_grid_series *s)
{
    write_header(out, s, "");
    write_rows(out, s, "");
}

qk_code qk_grid_write_area(qk_buf *out, const qk_grid *g, bool hourly, qk_error *err)
{
    const qk_grid_axes *a = &g->axes;
    size_t points = a->lats * a->lons;
    qk_code code = QK_OK;
    if (points > QK_GRID_POINTS_MAX)
        return qk_fail(err, QK_EFULL, "a table of %zu points, at most %d: ask for a smaller area",
                       points, QK_GRID_POINTS_MAX);
    for (size_t p = 0; p < points && code == QK_OK && !out->failed; p++) {
        size_t row = p / a->lons, column = p % a->lons;
        double lon = a->lon0 + a->dlon * (double)column, lat = a->lat0 + a->dlat * (double)row;
        qk_grid_series s, h = {0};
        char before[64];
        snprintf(before, sizeof before, "%.10g,%.10g,", lon, lat);
        code = qk_grid_series_make(&s, g, lon, lat, QK_TIME_NONE, err);
        if (code == QK_OK && hourly) code = qk_grid_series_hourly(&h, &s, err);
        const qk_grid_series *told = hourly ? &h : &s;
        if (code == QK_OK && p == 0) write_header(out, told, "lon,lat,");
        if (code == QK_OK) write_rows(out, told, before);
        qk_grid_series_clear(&s);
        qk_grid_series_clear(&h);
    }
    return code;
}

/* ---- for dispersion ---- */

static qk_time by_clock(qk_time t, double zone_h)
{
    return t + (qk_time)llround((zone_h - 8) * (double)QK_HOUR);
}

void qk_grid_write_obs(qk_buf *out, const qk_grid_series *s, double zone_h)
{
    char time[QK_TIME_TEXT];
    qk_buf_puts(out, "time,wind_speed,wind_from,temperature,cloud,pressure,humidity,"
                     "precipitation\n");
    for (size_t i = 0; i < s->times; i++) {
        double speed, from;
        wind_of(&speed, &from, cell_of(s, i, near_u), cell_of(s, i, near_v));
        qk_buf_puts(out, qk_time_iso(time, by_clock(s->time[i], zone_h)));
        put_fixed(out, speed, 2);
        put_fixed(out, isfinite(speed) && !isfinite(from) ? 0 : from, 1);
        put_fixed(out, cell_of(s, i, near_t), 2);
        put_fixed(out, within(cell_of(s, i, cloud) / 10, 0, 10), 1);
        put_fixed(out, cell_of(s, i, at_ground), 2);
        put_fixed(out, humidity_at(s, i), 1);
        put_fixed(out, cell_of(s, i, fallen), 2);
        qk_buf_putc(out, '\n');
    }
}

typedef struct sound_level {
    double height_m, t_c;
} sound_level;

static int compare_level(const void *a, const void *b)
{
    const sound_level *x = a, *y = b;
    return (x->height_m > y->height_m) - (x->height_m < y->height_m);
}

/* Levels above the ground, rising; 0 where they are too few for a profile. */
static size_t sound_row(sound_level *out, const qk_grid_series *s, size_t row, double elevation_m)
{
    double base = cell_of(s, row, ground), t2 = cell_of(s, row, near_t);
    size_t n = 0;
    if (!isfinite(base)) base = elevation_m;
    if (isfinite(t2)) out[n++] = (sound_level){2, t2};
    for (size_t c = 0; c < s->columns && n < SOUND_LEVELS; c++) {
        qk_grid_what what = s->what[c];
        if (what.var != QK_GRID_T || what.kind != QK_GRID_PRESSURE) continue;
        what.var = QK_GRID_GH;
        sound_level l = {cell_of(s, row, what) - base, s->value[row * s->columns + c]};
        if (isfinite(l.height_m) && isfinite(l.t_c) && l.height_m > 10 && l.height_m < SOUND_TOP_M)
            out[n++] = l;
    }
    qsort(out, n, sizeof *out, compare_level);
    return n >= 3 ? n : 0;
}

void qk_grid_write_soundings(qk_buf *out, const qk_grid_series *s, double elevation_m,
                             double zone_h, size_t *days)
{
    sound_level level[SOUND_LEVELS];
    char date[QK_TIME_TEXT];
    *days = 0;
    qk_buf_puts(out, "date,height,temperature\n");
    for (size_t i = 0; i < s->times;) {
        int32_t day = qk_day_number(by_clock(s->time[i], zone_h));
        qk_time best = QK_TIME_NONE;
        size_t row = 0;
        for (; i < s->times && qk_day_number(by_clock(s->time[i], zone_h)) == day; i++) {
            qk_time t = by_clock(s->time[i], zone_h);
            qk_time off = t - (qk_floor_day(t) + MORNING_H * QK_HOUR);
            off = off < 0 ? -off : off;
            if (off > 3 * QK_HOUR || (best != QK_TIME_NONE && off >= best) ||
                !sound_row(level, s, i, elevation_m))
                continue;
            best = off;
            row = i;
        }
        if (best == QK_TIME_NONE) continue;
        size_t n = sound_row(level, s, row, elevation_m);
        for (size_t k = 0; k < n; k++) {
            if (k > 0 && level[k].height_m - level[k - 1].height_m < 0.1) continue;
            qk_buf_printf(out, "%s,%.1f,%.2f\n",
                          qk_date_iso(date, (qk_time)day * QK_DAY - QK_CST_OFFSET),
                          level[k].height_m, level[k].t_c);
        }
        ++*days;
    }
}

/* ---- for the forecast ---- */

typedef struct mean {
    double sum, low, high;
    int n;
} mean;

static void see(mean *m, double v)
{
    if (!isfinite(v)) return;
    m->low = m->n && m->low < v ? m->low : v;
    m->high = m->n && m->high > v ? m->high : v;
    m->sum += v;
    m->n++;
}

static double mean_of(const mean *m)
{
    return m->n >= HOURS_OF_DAY ? m->sum / m->n : NAN;
}

typedef struct day_of_run {
    mean t, rh, dew, ps, msl, ws, u, v, blh, cloud, rain;
} day_of_run;

static void see_hour(day_of_run *d, const qk_grid_series *s, size_t i)
{
    double t = cell_of(s, i, near_t), rh = humidity_at(s, i), dew = cell_of(s, i, near_d);
    double u = cell_of(s, i, near_u), v = cell_of(s, i, near_v);
    see(&d->t, t);
    see(&d->rh, rh);
    see(&d->dew, isfinite(dew) ? dew : dew_of(t, rh));
    see(&d->ps, cell_of(s, i, at_ground));
    see(&d->msl, cell_of(s, i, at_sea));
    see(&d->ws, hypot(u, v));
    see(&d->u, u);
    see(&d->v, v);
    see(&d->blh, cell_of(s, i, lid));
    see(&d->cloud, cell_of(s, i, cloud));
    see(&d->rain, cell_of(s, i, fallen));
}

static bool write_day(qk_buf *out, const day_of_run *d, int32_t issued, int32_t day)
{
    char a[QK_TIME_TEXT], b[QK_TIME_TEXT];
    const mean *p = d->ps.n ? &d->ps : &d->msl;
    double t = mean_of(&d->t), ws = mean_of(&d->ws), rain = mean_of(&d->rain);
    if (!isfinite(t) && !isfinite(ws) && !isfinite(mean_of(p)) && !isfinite(rain)) return false;
    qk_buf_printf(out, "%s,%d,%s", qk_date_iso(a, (qk_time)issued * QK_DAY - QK_CST_OFFSET),
                  day - issued, qk_date_iso(b, (qk_time)day * QK_DAY - QK_CST_OFFSET));
    put_fixed(out, t, 2);
    put_fixed(out, isfinite(t) ? d->t.high : NAN, 2);
    put_fixed(out, isfinite(t) ? d->t.low : NAN, 2);
    put_fixed(out, mean_of(&d->rh), 1);
    put_fixed(out, mean_of(&d->dew), 2);
    put_fixed(out, mean_of(p), 2);
    put_fixed(out, ws, 2);
    put_fixed(out, isfinite(ws) ? d->ws.high : NAN, 2);
    put_fixed(out, mean_of(&d->u), 2);
    put_fixed(out, mean_of(&d->v), 2);
    put_fixed(out, mean_of(&d->blh), 0);
    put_fixed(out, mean_of(&d->cloud), 0);
    put_fixed(out, 24 * rain, 2);
    qk_buf_putc(out, '\n');
    return true;
}

/* The hours of a day end at 1:00 to 24:00. */
static void write_run(qk_buf *out, size_t *rows, const qk_grid_series *s, qk_time run)
{
    int32_t issued = qk_day_number(run);
    for (size_t i = 0; i < s->times;) {
        int32_t day = qk_day_number(s->time[i] - 1);
        day_of_run d = {0};
        for (; i < s->times && qk_day_number(s->time[i] - 1) == day; i++) see_hour(&d, s, i);
        if (day > issued) *rows += write_day(out, &d, issued, day);
    }
}

static qk_code next_run(qk_buf *out, size_t *rows, const qk_grid *g, double lon, double lat,
                        qk_time run, qk_error *err)
{
    qk_grid_series s = {0}, hours = {0};
    qk_code code = qk_grid_series_make(&s, g, lon, lat, run, err);
    if (code == QK_OK) code = qk_grid_series_hourly(&hours, &s, err);
    if (code == QK_OK) write_run(out, rows, &hours, run);
    qk_grid_series_clear(&s);
    qk_grid_series_clear(&hours);
    return code == QK_ENOTFOUND || code == QK_EFULL ? QK_OK : code;
}

qk_code qk_grid_write_days(qk_buf *out, size_t *rows, const qk_grid *g, double lon, double lat,
                           qk_error *err)
{
    *rows = 0;
    qk_buf_puts(out, "issued,lead,date,t_mean_c,t_max_c,t_min_c,rh_pct,dewpoint_c,pressure_hpa,"
                     "wind_ms,wind_max_ms,u_ms,v_ms,mixing_height_m,cloud_pct,rain_mm\n");
    if (g->fields && !qk_grid_holds(&g->axes, lon, lat)) {
        qk_grid_series none;
        return qk_grid_series_make(&none, g, lon, lat, QK_TIME_NONE, err);
    }
    for (qk_time after = QK_TIME_NONE;;) {
        qk_time run = QK_TIME_NONE;
        for (size_t i = 0; i < g->fields; i++) {
            qk_time t = g->field[i].issued;
            if (t > after && (run == QK_TIME_NONE || t < run)) run = t;
        }
        if (run == QK_TIME_NONE) break;
        QK_TRY(next_run(out, rows, g, lon, lat, run, err));
        after = run;
    }
    if (*rows) return QK_OK;
    qk_fail(err, QK_ENOTFOUND, "no day after a run's own of which 18 hours are foreseen");
    qk_error_hint(err, "analyses and past weather are no forecast");
    return QK_ENOTFOUND;
}

/* ---- winds of an area ---- */

typedef struct wind_half {
    qk_time time, issued;
    const double *value;
    bool north;
} wind_half;

static int compare_half(const void *a, const void *b)
{
    const wind_half *x = a, *y = b;
    if (x->time != y->time) return x->time > y->time ? 1 : -1;
    if (x->issued != y->issued) return x->issued < y->issued ? 1 : -1;
    return (int)x->north - (int)y->north;
}

qk_code qk_grid_winds(qk_grid_wind **out, size_t *count, const qk_grid *g, qk_grid_level kind,
                      int32_t level, qk_error *err)
{
    size_t n = 0;
    wind_half *half = malloc((g->fields + 1) * sizeof *half);
    *out = malloc((g->fields + 1) * sizeof **out);
    *count = 0;
    if (!half || !*out) {
        free(half);
        return qk_fail(err, QK_ENOMEM, "no memory for %zu fields", g->fields);
    }
    for (size_t i = 0; i < g->fields; i++) {
        const qk_grid_field *f = &g->field[i];
        if (f->value && f->what.var <= QK_GRID_V && f->what.kind == kind && f->what.level == level)
            half[n++] = (wind_half){f->until, f->issued, f->value, f->what.var == QK_GRID_V};
    }
    qsort(half, n, sizeof *half, compare_half);
    for (size_t i = 0; i + 1 < n; i++) {
        bool pair = !half[i].north && half[i + 1].north && half[i].time == half[i + 1].time &&
                    half[i].issued == half[i + 1].issued;
        if (!pair || (*count && (*out)[*count - 1].time == half[i].time)) continue;
        (*out)[(*count)++] = (qk_grid_wind){half[i].time, half[i].value, half[i + 1].value};
    }
    free(half);
    if (*count) return QK_OK;
    char name[QK_GRID_NAME];
    qk_grid_name(name, (qk_grid_what){QK_GRID_U, kind, level});
    return qk_fail(err, QK_ENOTFOUND, "the files hold no winds of %s", name + 2);
}

qk_code qk_grid_write_winds(qk_buf *out, const qk_grid *g, qk_grid_level kind, int32_t level,
                            qk_error *err)
{
    qk_grid_wind *w = NULL;
    size_t n = 0, cells = g->axes.lats * g->axes.lons;
    char time[QK_TIME_TEXT];
    qk_code code = qk_grid_winds(&w, &n, g, kind, level, err);
    qk_buf_puts(out, "date,lon,lat,u,v\n");
    for (size_t i = 0; code == QK_OK && i < n * cells && !out->failed; i++) {
        size_t c = i % cells, x = c % g->axes.lons, y = c / g->axes.lons;
        const qk_grid_wind *at = &w[i / cells];
        if (!isfinite(at->u[c]) || !isfinite(at->v[c])) continue;
        qk_buf_printf(out, "%s,%.10g,%.10g,%.6g,%.6g\n", qk_time_iso(time, at->time),
                      g->axes.lon0 + g->axes.dlon * (double)x,
                      g->axes.lat0 + g->axes.dlat * (double)y, at->u[c], at->v[c]);
    }
    free(w);
    return code;
}
