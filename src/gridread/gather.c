/* SPDX-License-Identifier: Apache-2.0 */
#include "gridread/gather.h"
#include <math.h>
#include <stdlib.h>

#define SAME_DEG 1e-3 /* GRIB 1 keeps thousandths of a degree */

void gather_init(grid_gather *g, const grid_ask *ask)
{
    *g = (grid_gather){.ask = ask};
    qk_buf_init(&g->fields, QK_GRID_TEXT_MAX);
}

void gather_clear(grid_gather *g)
{
    free(g->row);
    free(g->column);
    free(g->cut);
    qk_buf_clear(&g->fields);
    *g = (grid_gather){0};
}

bool gather_wants(const grid_gather *g, qk_grid_what what, qk_time until)
{
    const grid_ask *a = g->ask;
    if (a->from != QK_TIME_NONE && until < a->from) return false;
    if (a->to != QK_TIME_NONE && until > a->to) return false;
    return a->list || qk_grid_wished(a->wish, a->wishes, what);
}

void gather_skip(grid_gather *g, const char *name, const char *why)
{
    for (size_t i = 0; i < g->skips; i++) {
        if (strcmp(g->skipped[i].name, name) != 0 || strcmp(g->skipped[i].why, why) != 0) continue;
        g->skipped[i].count++;
        return;
    }
    if (g->skips == QK_GRID_SKIPPED_MAX) return;
    qk_grid_skipped *s = &g->skipped[g->skips++];
    s->count = 1;
    qk_str_copy(s->name, sizeof s->name, qk_str_of(name));
    qk_str_copy(s->why, sizeof s->why, qk_str_of(why));
}

/* ---- the frame ---- */

static double turned(double lon, double west)
{
    double d = fmod(lon - west, 360);
    if (d < 0) d += 360;
    return d >= 360 - SAME_DEG ? d - 360 : d;
}

static bool sound_axes(const grid_source *s)
{
    double last = s->lat0 + s->dlat * (double)(s->rows - 1);
    if (s->rows < 1 || s->columns < 1 || s->rows > QK_GRID_SIDE_MAX ||
        s->columns > QK_GRID_SIDE_MAX || (double)s->rows * (double)s->columns > GATHER_CELLS_MAX)
        return false;
    if (!isfinite(s->lat0) || !isfinite(s->lon0) || !isfinite(last)) return false;
    if (fabs(s->lat0) > 90 + SAME_DEG || fabs(last) > 90 + SAME_DEG || fabs(s->lon0) > 720)
        return false;
    if (s->rows > 1 && !(fabs(s->dlat) > 1e-5)) return false;
    return s->columns == 1 ||
           (fabs(s->dlon) > 1e-5 && fabs(s->dlon) * (double)(s->columns - 1) <= 360 + SAME_DEG);
}

static bool same_axes(const grid_source *a, const grid_source *b)
{
    return a->rows == b->rows && a->columns == b->columns && fabs(a->lat0 - b->lat0) < SAME_DEG &&
           fabs(turned(a->lon0, b->lon0)) < SAME_DEG && fabs(a->dlat - b->dlat) < 1e-6 &&
           fabs(a->dlon - b->dlon) < 1e-6;
}

/* Rows from the south that the area reaches, and one more at each side. */
static size_t cut_rows(grid_gather *g, const grid_source *s)
{
    size_t n = 0;
    double step = fabs(s->dlat);
    for (size_t i = 0; i < s->rows; i++) {
        size_t row = s->dlat < 0 ? s->rows - 1 - i : i;
        double lat = s->lat0 + s->dlat * (double)row;
        if (g->ask->area &&
            (lat < g->ask->south - step - SAME_DEG || lat > g->ask->north + step + SAME_DEG))
            continue;
        if (n == 0) g->axes.lat0 = lat;
        g->row[n++] = row;
    }
    return n;
}

typedef struct meridian {
    double east_of; /* degrees behind the western rim */
    size_t column;
} meridian;

static int compare_meridian(const void *a, const void *b)
{
    const meridian *x = a, *y = b;
    return (x->east_of > y->east_of) - (x->east_of < y->east_of);
}

/* Columns from the west, around the globe where the file does. A meridian given twice is taken
 * once. */
static size_t cut_columns(grid_gather *g, const grid_source *s, meridian *m)
{
    double step = fabs(s->dlon), first = s->dlon < 0 ? s->dlon * (double)(s->columns - 1) : 0;
    double west = turned(s->lon0 + first, -180) - 180, span = 360;
    size_t n = 0, kept = 0;
    bool round = step * (double)s->columns >= 360 - SAME_DEG;
    if (round) west = -180;
    if (g->ask->area) {
        west = g->ask->west - step;
        span = g->ask->east - g->ask->west + 2 * step;
    }
    for (size_t i = 0; i < s->columns; i++) {
        double d = turned(s->lon0 + s->dlon * (double)i, west);
        if (!g->ask->area || d <= span + SAME_DEG) m[n++] = (meridian){d, i};
    }
    qsort(m, n, sizeof *m, compare_meridian);
    for (size_t i = 0; i < n; i++) {
        if (kept && m[i].east_of - m[kept - 1].east_of < SAME_DEG) continue;
        m[kept] = m[i];
        g->column[kept++] = m[i].column;
    }
    g->axes.lon0 = kept ? west + m[0].east_of : 0;
    for (size_t i = 1; i < kept; i++)
        if (fabs(m[i].east_of - m[i - 1].east_of - step) > 2 * SAME_DEG) return 0;
    return kept;
}

static qk_code tell_outside(const grid_gather *g, const grid_source *s, qk_error *err)
{
    double lat1 = s->lat0 + s->dlat * (double)(s->rows - 1);
    double lon1 = s->lon0 + s->dlon * (double)(s->columns - 1);
    if (g->ask->west == g->ask->east && g->ask->south == g->ask->north)
        return qk_fail(
            err, QK_EFORMAT,
            "weather of another place: the file covers %.2f to %.2f E, %.2f to %.2f N, not"
            " %.2f E, %.2f N",
            fmin(s->lon0, lon1), fmax(s->lon0, lon1), fmin(s->lat0, lat1), fmax(s->lat0, lat1),
            g->ask->west, g->ask->south);
    return qk_fail(err, QK_EFORMAT,
                   "weather of another place: the file covers %.2f to %.2f E, %.2f to %.2f N and"
                   " nothing of %.2f to %.2f E, %.2f to %.2f N",
                   fmin(s->lon0, lon1), fmax(s->lon0, lon1), fmin(s->lat0, lat1),
                   fmax(s->lat0, lat1), g->ask->west, g->ask->east, g->ask->south, g->ask->north);
}

static qk_code cut_frame(grid_gather *g, const grid_source *s, qk_error *err)
{
    meridian *m = malloc(s->columns * sizeof *m);
    g->row = malloc(s->rows * sizeof *g->row);
    g->column = malloc(s->columns * sizeof *g->column);
    qk_code code = QK_OK;
    if (!m || !g->row || !g->column) {
        code = qk_fail(err, QK_ENOMEM, "no memory for a grid");
    } else {
        g->axes.lats = cut_rows(g, s);
        g->axes.lons = cut_columns(g, s, m);
        g->axes.dlat = g->axes.lats > 1 ? fabs(s->dlat) : 0;
        g->axes.dlon = g->axes.lons > 1 ? fabs(s->dlon) : 0;
        if (!g->axes.lats || !g->axes.lons) code = tell_outside(g, s, err);
    }
    free(m);
    if (code != QK_OK) return code;
    if (!g->ask->list) g->cut = malloc(g->axes.lats * g->axes.lons * sizeof *g->cut);
    if (!g->ask->list && !g->cut) return qk_fail(err, QK_ENOMEM, "no memory for a grid");
    g->frame = *s;
    g->frame.value = NULL;
    g->framed = true;
    return QK_OK;
}

qk_code gather_frame(grid_gather *g, const grid_source *s, qk_error *err)
{
    if (!sound_axes(s))
        return qk_fail(err, QK_ERANGE, "axes that cannot be, or more than %d points",
                       GATHER_CELLS_MAX);
    if (!g->framed) return cut_frame(g, s, err);
    if (same_axes(&g->frame, s)) return QK_OK;
    return qk_fail(err, QK_ERANGE, "another grid than the first field's");
}

/* ---- fields ---- */

static double value_at(const grid_source *s, size_t row, size_t column, qk_grid_var var)
{
    double raw = s->value[row * s->row_step + column * s->column_step];
    if (raw == s->missing[0] || raw == s->missing[1]) return NAN;
    double v = raw * s->scale + s->offset;
    return qk_grid_possible(var, v) ? v : NAN;
}

qk_code gather_add(grid_gather *g, const qk_grid_field *field, const grid_source *s, qk_error *err)
{
    qk_grid_field f = *field;
    f.missing = 0;
    if (g->count == QK_GRID_FIELDS_MAX)
        return qk_fail(err, QK_EFULL, "the file holds more than %d fields of what is asked",
                       QK_GRID_FIELDS_MAX);
    g->count++;
    for (size_t y = 0; s && y < g->axes.lats; y++)
        for (size_t x = 0; x < g->axes.lons; x++) {
            double v = value_at(s, g->row[y], g->column[x], f.what.var);
            g->cut[y * g->axes.lons + x] = v;
            f.missing += !isfinite(v);
        }
    qk_grid_put_field(&g->fields, &g->axes, &f, s ? g->cut : NULL);
    if (g->fields.failed)
        return qk_fail(err, g->fields.failed,
                       "more than %d MiB of values: ask for a smaller area,"
                       " fewer variables or a shorter time",
                       QK_GRID_TEXT_MAX >> 20);
    return QK_OK;
}

/* What stood in the way: a grid first, else the reason that was met most often. */
static qk_code tell_nothing(const grid_gather *g, qk_error *err)
{
    const qk_grid_skipped *told = NULL;
    for (size_t i = 0; i < g->skips; i++) {
        const qk_grid_skipped *s = &g->skipped[i];
        bool grid = strstr(s->why, "grid") != NULL;
        if (!told || (grid && !strstr(told->why, "grid")) ||
            (grid == (strstr(told->why, "grid") != NULL) && s->count > told->count))
            told = s;
    }
    if (!told)
        return qk_fail(err, QK_EFORMAT,
                       "the file holds nothing of what is asked, or of another"
                       " time");
    return qk_fail(err, QK_EFORMAT, "nothing in the file can be used: %s: %s", told->name,
                   told->why);
}

qk_code gather_finish(grid_gather *g, qk_buf *out, qk_error *err)
{
    if (g->count == 0 && (!g->ask->list || g->skips == 0)) return tell_nothing(g, err);
    qk_grid_put_head(out, &g->axes, g->count, g->skipped, g->skips);
    qk_buf_put_str(out, qk_buf_str(&g->fields));
    return out->failed ? qk_fail(err, out->failed, "no room for the grid") : QK_OK;
}
