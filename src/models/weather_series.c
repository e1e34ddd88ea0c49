/* SPDX-License-Identifier: Apache-2.0 */
/* A grid's values at a place in the order of time. */
#include "models/weather_grid.h"
#include <math.h>
#include <stdlib.h>

#define BRIDGE     (6 * QK_HOUR) /* instants farther apart tell nothing of what lies between */
#define CELLS_MOST 4000000
#define NOISE_MM   0.05 /* by which packing may let a sum fall */

/* Rain of one run: sums whose beginning is the same are taken apart. */
typedef struct rain {
    qk_time issued, from, until;
    double mm;
} rain;

static int compare_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_rain(const void *a, const void *b)
{
    const rain *x = a, *y = b;
    int c = compare_i64(x->issued, y->issued);
    if (c == 0) c = compare_i64(x->from, y->from);
    return c ? c : compare_i64(x->until, y->until);
}

static int compare_time(const void *a, const void *b)
{
    return compare_i64(*(const qk_time *)a, *(const qk_time *)b);
}

static int compare_what(const void *a, const void *b)
{
    const qk_grid_what *x = a, *y = b;
    int c = compare_i64(x->kind, y->kind);
    if (c == 0)
        c = compare_i64(x->kind == QK_GRID_PRESSURE ? -x->level : x->level,
                        y->kind == QK_GRID_PRESSURE ? -y->level : y->level);
    return c ? c : compare_i64(x->var, y->var);
}

static bool same_what(qk_grid_what a, qk_grid_what b)
{
    return a.var == b.var && a.kind == b.kind && a.level == b.level;
}

static bool counts(const qk_grid_field *f, qk_time issued)
{
    if (!f->value || (issued != QK_TIME_NONE && f->issued != issued)) return false;
    return f->what.var != QK_GRID_PRECIP || f->until > f->from;
}

size_t qk_grid_series_column(const qk_grid_series *s, qk_grid_what what)
{
    for (size_t i = 0; i < s->columns; i++)
        if (same_what(s->what[i], what)) return i;
    return SIZE_MAX;
}

/* ---- the frame: columns and instants ---- */

static qk_code find_columns(qk_grid_series *s, const qk_grid *g, qk_time issued, qk_error *err)
{
    s->what = malloc(QK_GRID_COLUMNS_MAX * sizeof *s->what);
    if (!s->what) return qk_fail(err, QK_ENOMEM, "no memory for a series");
    for (size_t i = 0; i < g->fields; i++) {
        if (!counts(&g->field[i], issued) || qk_grid_series_column(s, g->field[i].what) != SIZE_MAX)
            continue;
        if (s->columns == QK_GRID_COLUMNS_MAX)
            return qk_fail(err, QK_EFULL, "more than %d variables and levels", QK_GRID_COLUMNS_MAX);
        s->what[s->columns++] = g->field[i].what;
    }
    qsort(s->what, s->columns, sizeof *s->what, compare_what);
    return s->columns ? QK_OK
                      : qk_fail(err, QK_ENOTFOUND, "the files hold nothing of what is asked");
}

static qk_code new_rows(qk_grid_series *s, qk_error *err)
{
    if (s->times > QK_GRID_TIMES_MAX || s->times * s->columns > CELLS_MOST)
        return qk_fail(err, QK_EFULL, "a series of %zu instants and %zu variables is too long",
                       s->times, s->columns);
    s->issued = malloc((s->times + 1) * sizeof *s->issued);
    s->rain_h = malloc((s->times + 1) * sizeof *s->rain_h);
    s->value = malloc((s->times * s->columns + 1) * sizeof *s->value);
    if (!s->issued || !s->rain_h || !s->value)
        return qk_fail(err, QK_ENOMEM, "no memory for %zu instants", s->times);
    for (size_t i = 0; i < s->times; i++) {
        s->issued[i] = QK_TIME_NONE;
        s->rain_h[i] = NAN;
    }
    for (size_t i = 0; i < s->times * s->columns; i++) s->value[i] = NAN;
    return QK_OK;
}

static qk_code find_times(qk_grid_series *s, const qk_grid *g, qk_time issued, qk_error *err)
{
    size_t n = 0;
    s->time = malloc((g->fields + 1) * sizeof *s->time);
    if (!s->time) return qk_fail(err, QK_ENOMEM, "no memory for a series");
    for (size_t i = 0; i < g->fields; i++)
        if (counts(&g->field[i], issued)) s->time[n++] = g->field[i].until;
    qsort(s->time, n, sizeof *s->time, compare_time);
    for (size_t i = 0; i < n; i++)
        if (s->times == 0 || s->time[i] != s->time[s->times - 1]) s->time[s->times++] = s->time[i];
    return new_rows(s, err);
}

static size_t row_of(const qk_grid_series *s, qk_time t)
{
    const qk_time *at = bsearch(&t, s->time, s->times, sizeof t, compare_time);
    return at ? (size_t)(at - s->time) : SIZE_MAX;
}

/* ---- values ---- */

static void see_issue(qk_grid_series *s, size_t row, qk_time issued)
{
    if (s->issued[row] == QK_TIME_NONE || issued > s->issued[row]) s->issued[row] = issued;
}

/* The newest run that knows the value; of one run the field that comes first. */
static qk_code take_values(qk_grid_series *s, const qk_grid *g, double lon, double lat,
                           qk_time issued, qk_error *err)
{
    qk_time *of = malloc((s->times * s->columns + 1) * sizeof *of);
    if (!of) return qk_fail(err, QK_ENOMEM, "no memory for a series");
    for (size_t i = 0; i < s->times * s->columns; i++) of[i] = QK_TIME_NONE;
    for (size_t i = 0; i < g->fields; i++) {
        const qk_grid_field *f = &g->field[i];
        if (!counts(f, issued) || f->what.var == QK_GRID_PRECIP) continue;
        size_t row = row_of(s, f->until);
        size_t cell = row * s->columns + qk_grid_series_column(s, f->what);
        double v = qk_grid_at(&g->axes, f->value, lon, lat);
        if (!isfinite(v) || (of[cell] != QK_TIME_NONE && of[cell] >= f->issued)) continue;
        s->value[cell] = v;
        of[cell] = f->issued;
        see_issue(s, row, f->issued);
    }
    free(of);
    return QK_OK;
}

/* Sums since one beginning become what fell from step to step; returns how many are left. */
static size_t part_rains(rain *r, size_t n)
{
    rain before = {0};
    size_t kept = 0;
    qsort(r, n, sizeof *r, compare_rain);
    for (size_t i = 0; i < n; i++) {
        rain now = r[i], part = r[i];
        bool goes_on = i > 0 && now.issued == before.issued && now.from == before.from;
        if (goes_on && now.until == before.until) continue;
        if (goes_on) {
            part.from = before.until;
            part.mm = now.mm - before.mm;
        }
        if (part.mm < 0) part.mm = part.mm >= -NOISE_MM ? 0 : NAN;
        before = now;
        r[kept++] = part;
    }
    return kept;
}

static void lay_rain(qk_grid_series *s, size_t column, const rain *r, size_t n, qk_time *of)
{
    for (size_t i = 0; i < n; i++) {
        size_t row = row_of(s, r[i].until);
        double hours = (double)(r[i].until - r[i].from) / (double)QK_HOUR;
        if (!isfinite(r[i].mm) || row == SIZE_MAX) continue;
        bool there = of[row] != QK_TIME_NONE;
        if (there && (r[i].issued < of[row] || (r[i].issued == of[row] && s->rain_h[row] <= hours)))
            continue;
        s->value[row * s->columns + column] = r[i].mm;
        s->rain_h[row] = hours;
        of[row] = r[i].issued;
        see_issue(s, row, r[i].issued);
    }
}

static qk_code take_rain(qk_grid_series *s, const qk_grid *g, double lon, double lat,
                         qk_time issued, qk_error *err)
{
    size_t n = 0, column = qk_grid_series_column(s, (qk_grid_what){QK_GRID_PRECIP, 0, 0});
    if (column == SIZE_MAX) return QK_OK;
    rain *r = malloc((g->fields + 1) * sizeof *r);
    qk_time *of = malloc((s->times + 1) * sizeof *of);
    for (size_t i = 0; of && i < s->times; i++) of[i] = QK_TIME_NONE;
    for (size_t i = 0; r && i < g->fields; i++) {
        const qk_grid_field *f = &g->field[i];
        if (!counts(f, issued) || f->what.var != QK_GRID_PRECIP) continue;
        double mm = qk_grid_at(&g->axes, f->value, lon, lat);
        r[n++] = (rain){f->issued, f->from, f->until, mm};
    }
    if (r && of) lay_rain(s, column, r, part_rains(r, n), of);
    free(of);
    free(r);
    return r && of ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for a series");
}

/* The ground does not move: what one instant tells holds for all. */
static void spread_ground(qk_grid_series *s)
{
    size_t column = qk_grid_series_column(s, (qk_grid_what){QK_GRID_GROUND, 0, 0}), from = 0;
    if (column == SIZE_MAX) return;
    while (from < s->times && !isfinite(s->value[from * s->columns + column])) from++;
    for (size_t i = 0; from < s->times && i < s->times; i++)
        s->value[i * s->columns + column] = s->value[from * s->columns + column];
}

qk_code qk_grid_series_make(qk_grid_series *out, const qk_grid *g, double lon, double lat,
                            qk_time issued, qk_error *err)
{
    *out = (qk_grid_series){0};
    qk_code code = QK_OK;
    if (g->fields && !qk_grid_holds(&g->axes, lon, lat))
        return qk_fail(err, QK_ERANGE,
                       "the place %.4f,%.4f lies outside the grid (%.3f to %.3f E,"
                       " %.3f to %.3f N)",
                       lon, lat, g->axes.lon0,
                       g->axes.lon0 + g->axes.dlon * (double)(g->axes.lons - 1), g->axes.lat0,
                       g->axes.lat0 + g->axes.dlat * (double)(g->axes.lats - 1));
    QK_TRY_OUT(code, find_columns(out, g, issued, err));
    QK_TRY_OUT(code, find_times(out, g, issued, err));
    QK_TRY_OUT(code, take_values(out, g, lon, lat, issued, err));
    QK_TRY_OUT(code, take_rain(out, g, lon, lat, issued, err));
    spread_ground(out);
out:
    if (code != QK_OK) qk_grid_series_clear(out);
    return code;
}

void qk_grid_series_clear(qk_grid_series *s)
{
    free(s->time);
    free(s->issued);
    free(s->rain_h);
    free(s->what);
    free(s->value);
    *s = (qk_grid_series){0};
}

/* ---- at whole hours ---- */

static void fill_column(qk_grid_series *out, const qk_grid_series *in, size_t column)
{
    size_t low = SIZE_MAX, next = 0;
    for (size_t i = 0; i < out->times; i++) {
        while (next < in->times && in->time[next] <= out->time[i]) {
            if (isfinite(in->value[next * in->columns + column])) low = next;
            next++;
        }
        if (low == SIZE_MAX) continue;
        double a = in->value[low * in->columns + column];
        double *cell = &out->value[i * out->columns + column];
        if (in->time[low] == out->time[i]) {
            *cell = a;
            continue;
        }
        size_t high = next;
        while (high < in->times && in->time[high] - in->time[low] <= BRIDGE &&
               !isfinite(in->value[high * in->columns + column]))
            high++;
        if (high == in->times || in->time[high] - in->time[low] > BRIDGE) continue;
        double b = in->value[high * in->columns + column];
        *cell = a + (b - a) * (double)(out->time[i] - in->time[low]) /
                        (double)(in->time[high] - in->time[low]);
    }
}

/* Adds what fell between `from` and `until` to the hours it fell in. */
static void share_rain(double *mm, double *covered, const qk_grid_series *out, qk_time from,
                       qk_time until, double amount)
{
    qk_time before = (from - out->time[0]) / QK_HOUR;
    for (size_t i = before > 0 ? (size_t)before : 0; i < out->times; i++) {
        qk_time a = out->time[i] - QK_HOUR > from ? out->time[i] - QK_HOUR : from;
        qk_time b = out->time[i] < until ? out->time[i] : until;
        if (out->time[i] - QK_HOUR >= until) return;
        if (b <= a) continue;
        mm[i] += amount * (double)(b - a) / (double)(until - from);
        covered[i] += (double)(b - a) / (double)QK_HOUR;
    }
}

static qk_code fill_rain(qk_grid_series *out, const qk_grid_series *in, size_t column,
                         qk_error *err)
{
    double *mm = calloc(2 * out->times + 1, sizeof *mm), *covered = mm ? mm + out->times : NULL;
    if (!mm) return qk_fail(err, QK_ENOMEM, "no memory for a series");
    for (size_t i = 0; i < in->times; i++) {
        double v = in->value[i * in->columns + column], h = in->rain_h[i];
        if (isfinite(v) && h > 0)
            share_rain(mm, covered, out, in->time[i] - (qk_time)(h * (double)QK_HOUR), in->time[i],
                       v);
    }
    for (size_t i = 0; i < out->times; i++) {
        if (covered[i] < 0.99) continue;
        out->value[i * out->columns + column] = mm[i] / covered[i];
        out->rain_h[i] = 1;
    }
    free(mm);
    return QK_OK;
}

/* Hours from the first to the last instant; with rain, the hours it fell in before the first. */
static qk_code lay_hours(qk_grid_series *out, const qk_grid_series *in, qk_error *err)
{
    qk_time first = in->time[0], last = in->time[in->times - 1];
    if (in->rain_h[0] > 1) first -= (qk_time)((in->rain_h[0] - 1) * (double)QK_HOUR);
    first = qk_floor_hour(first + QK_HOUR - 1);
    if (last < first || (last - first) / QK_HOUR >= QK_GRID_TIMES_MAX)
        return qk_fail(err, QK_EFULL, "the files hold no whole hour, or more than %d of them",
                       QK_GRID_TIMES_MAX);
    size_t n = (size_t)((last - first) / QK_HOUR) + 1;
    out->columns = in->columns;
    out->times = n;
    out->time = malloc(n * sizeof *out->time);
    out->what = malloc((in->columns + 1) * sizeof *out->what);
    if (!out->time || !out->what) return qk_fail(err, QK_ENOMEM, "no memory for %zu hours", n);
    memcpy(out->what, in->what, in->columns * sizeof *out->what);
    for (size_t i = 0; i < n; i++) out->time[i] = first + (qk_time)i * QK_HOUR;
    return new_rows(out, err);
}

qk_code qk_grid_series_hourly(qk_grid_series *out, const qk_grid_series *in, qk_error *err)
{
    *out = (qk_grid_series){0};
    qk_code code =
        in->times ? lay_hours(out, in, err) : qk_fail(err, QK_ENOTFOUND, "a series of no instant");
    for (size_t c = 0; code == QK_OK && c < in->columns; c++) {
        if (in->what[c].var == QK_GRID_PRECIP)
            code = fill_rain(out, in, c, err);
        else
            fill_column(out, in, c);
    }
    for (size_t i = 0, k = 0; code == QK_OK && i < out->times; i++) {
        while (k + 1 < in->times && in->time[k] < out->time[i]) k++;
        out->issued[i] = in->issued[k];
    }
    if (code == QK_OK) spread_ground(out);
    if (code != QK_OK) qk_grid_series_clear(out);
    return code;
}
