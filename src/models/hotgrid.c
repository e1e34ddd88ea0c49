/* SPDX-License-Identifier: Apache-2.0 */
#include "models/hotgrid.h"
#include "models/standout.h"
#include <math.h>
#include <stdlib.h>

enum {
    LEAST = 3 /* neighbours with a value, for a background */,
    BOUND = 5 /* cells, for a slope */
};

typedef struct near {
    size_t station;
    double m;
} near;

typedef struct work {
    const qk_hotgrid_input *in;
    const qk_hotgrid_rule *rule;
    qk_hotgrid *out;
    size_t cells;
    near *order; /* [stations] of the cell looked at */
    size_t ordered;
    double *sum;     /* [hours] of the cell's values */
    uint16_t *n;     /* [hours] */
    uint8_t *car;    /* [hours] */
    double *left;    /* [cells] what the pattern leaves over; NaN */
    uint32_t *known; /* measured cells */
} work;

size_t qk_hotgrid_cell_of(const qk_hotgrid_input *in, qk_place at)
{
    double x = floor((at.lon - in->corner.lon) / in->lon_deg);
    double y = floor((at.lat - in->corner.lat) / in->lat_deg);
    if (!(x >= 0 && y >= 0 && x < in->nx && y < in->ny)) return SIZE_MAX;
    return (size_t)y * in->nx + (size_t)x;
}

qk_place qk_hotgrid_middle(const qk_hotgrid_input *in, size_t cell)
{
    size_t row = cell / in->nx;
    return (qk_place){in->corner.lon + ((double)(cell % in->nx) + 0.5) * in->lon_deg,
                      in->corner.lat + ((double)row + 0.5) * in->lat_deg};
}

static int nearest_first(const void *a, const void *b)
{
    const near *x = a, *y = b;
    if (x->m != y->m) return x->m < y->m ? -1 : 1;
    return (x->station > y->station) - (x->station < y->station);
}

static void order_stations(work *w, size_t cell)
{
    qk_place middle = qk_hotgrid_middle(w->in, cell);
    w->ordered = 0;
    for (size_t i = 0; i < w->in->stations; i++) {
        if (qk_hotgrid_cell_of(w->in, w->in->station[i].at) == cell) continue;
        double m = qk_place_distance(middle, w->in->station[i].at);
        if (isfinite(m)) w->order[w->ordered++] = (near){i, m};
    }
    qsort(w->order, w->ordered, sizeof *w->order, nearest_first);
}

static double background(const work *w, size_t hour)
{
    double value[QK_STANDOUT_NEIGHBOURS];
    size_t n = 0;
    for (size_t i = 0; i < w->ordered && n < (size_t)w->rule->neighbours; i++) {
        double v = w->in->station[w->order[i].station].value[hour];
        if (isfinite(v)) value[n++] = v;
    }
    return n >= LEAST ? qk_standout_middle(value, n) : NAN;
}

/* ---- what was measured ---- */

static void take_hours(work *w, size_t cell)
{
    const qk_hotgrid_input *in = w->in;
    for (size_t h = 0; h < in->hours; h++) w->sum[h] = 0, w->n[h] = 0, w->car[h] = 0;
    for (size_t i = 0; i < in->stations; i++) {
        if (qk_hotgrid_cell_of(in, in->station[i].at) != cell) continue;
        for (size_t h = 0; h < in->hours; h++) {
            double v = in->station[i].value[h];
            if (isfinite(v) && w->n[h] < UINT16_MAX) w->sum[h] += v, w->n[h]++;
        }
    }
    for (size_t i = 0; i < in->points; i++) {
        const qk_hotgrid_point *p = &in->point[i];
        if (p->hour >= in->hours || !isfinite(p->value) || w->n[p->hour] == UINT16_MAX ||
            qk_hotgrid_cell_of(in, p->at) != cell)
            continue;
        w->sum[p->hour] += p->value;
        w->n[p->hour]++;
        w->car[p->hour] = 1;
    }
}

static void measure_cell(work *w, size_t cell)
{
    qk_hotgrid_cell *c = &w->out->cell[cell];
    double sum = 0;
    take_hours(w, cell);
    order_stations(w, cell);
    for (size_t h = 0; h < w->in->hours; h++) {
        if (!w->n[h]) continue;
        double excess = w->sum[h] / w->n[h] - background(w, h);
        if (!isfinite(excess)) continue;
        sum += excess;
        c->hours++;
        c->passes += w->car[h];
        c->hot_hours += excess >= w->rule->least_excess;
    }
    if (c->hours < (uint32_t)w->rule->least_hours && c->passes < (uint32_t)w->rule->least_passes)
        return;
    c->kind = QK_HOTGRID_MEASURED;
    c->excess = sum / c->hours;
    w->known[w->out->measured++] = (uint32_t)cell;
}

static void measure(work *w)
{
    uint8_t *there = (uint8_t *)w->left; /* not in use yet */
    memset(there, 0, w->cells);
    for (size_t i = 0; i < w->in->stations; i++) {
        size_t cell = qk_hotgrid_cell_of(w->in, w->in->station[i].at);
        if (cell != SIZE_MAX) there[cell] = 1;
    }
    for (size_t i = 0; i < w->in->points; i++) {
        size_t cell = qk_hotgrid_cell_of(w->in, w->in->point[i].at);
        if (cell != SIZE_MAX) there[cell] = 1;
    }
    for (size_t cell = 0; cell < w->cells; cell++)
        if (there[cell]) measure_cell(w, cell);
}

/* ---- what is fused ---- */

static double pattern_of(const work *w, size_t cell)
{
    return w->in->pattern ? w->in->pattern[cell] : NAN;
}

static void bind_pattern(work *w)
{
    double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    w->out->slope = w->out->intercept = NAN;
    for (size_t i = 0; i < w->out->measured; i++) {
        double x = pattern_of(w, w->known[i]), y = w->out->cell[w->known[i]].excess;
        if (!isfinite(x)) continue;
        n++, sx += x, sy += y, sxx += x * x, sxy += x * y;
    }
    double spread = n * sxx - sx * sx;
    if (n < BOUND || !(spread > 1e-12 * sxx * n)) return;
    double slope = (n * sxy - sx * sy) / spread;
    w->out->slope = slope > 0 ? slope : 0;
    w->out->intercept = (sy - w->out->slope * sx) / n;
}

static double bound(const work *w, size_t cell)
{
    return w->out->intercept + w->out->slope * pattern_of(w, cell);
}

/* What is left over at the measured cells, carried to another; NaN beyond the reach. */
static double carried(const work *w, size_t cell)
{
    double sum = 0, weight = 0;
    qk_place here = qk_hotgrid_middle(w->in, cell);
    for (size_t i = 0; i < w->out->measured; i++) {
        double m = qk_place_distance(here, qk_hotgrid_middle(w->in, w->known[i]));
        double v = w->left[w->known[i]];
        if (m > w->rule->reach_m || !isfinite(v)) continue;
        double k = 1 / (m * m + 1);
        sum += k * v, weight += k;
    }
    return weight > 0 ? sum / weight : NAN;
}

static void fuse(work *w)
{
    for (size_t i = 0; i < w->cells; i++) w->left[i] = NAN;
    bind_pattern(w);
    for (size_t i = 0; i < w->out->measured; i++) {
        double model = bound(w, w->known[i]);
        w->left[w->known[i]] = w->out->cell[w->known[i]].excess - (isfinite(model) ? model : 0);
    }
    for (size_t cell = 0; cell < w->cells; cell++) {
        qk_hotgrid_cell *c = &w->out->cell[cell];
        if (c->kind == QK_HOTGRID_MEASURED) continue;
        double model = bound(w, cell), rest = carried(w, cell);
        if (!isfinite(rest)) continue;
        c->kind = isfinite(model) ? QK_HOTGRID_FUSED : QK_HOTGRID_NEAR;
        c->excess = rest + (isfinite(model) ? model : 0);
    }
}

/* ---- ranks ---- */

typedef struct ranked {
    uint32_t cell;
    double excess;
} ranked;

static int hottest_first(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->excess != y->excess) return x->excess < y->excess ? 1 : -1;
    return (x->cell > y->cell) - (x->cell < y->cell);
}

static qk_code rank(work *w, qk_arena *arena, qk_error *err)
{
    qk_hotgrid *g = w->out;
    ranked *list = qk_arena_array(arena, w->cells, sizeof *list);
    g->ranked = qk_arena_array(arena, w->cells, sizeof *g->ranked);
    if (!list || !g->ranked) return qk_fail(err, QK_ENOMEM, "no memory for ranks");
    for (size_t i = 0; i < w->cells; i++)
        if (g->cell[i].kind != QK_HOTGRID_NEAR && g->cell[i].excess >= w->rule->least_excess)
            list[g->hot++] = (ranked){(uint32_t)i, g->cell[i].excess};
    qsort(list, g->hot, sizeof *list, hottest_first);
    for (size_t i = 0; i < g->hot; i++) {
        g->ranked[i] = list[i].cell;
        g->cell[list[i].cell].rank = (uint32_t)i + 1;
    }
    return QK_OK;
}

static qk_code check(const qk_hotgrid_input *in, const qk_hotgrid_rule *rule, qk_error *err)
{
    if (!(in->lon_deg > 0) || !(in->lat_deg > 0) || !in->nx || !in->ny ||
        !isfinite(in->corner.lon) || !isfinite(in->corner.lat))
        return qk_fail(err, QK_EINVAL, "a grid needs a corner and cells with a size");
    if (in->nx > QK_HOTGRID_CELLS_MAX || in->ny > QK_HOTGRID_CELLS_MAX / in->nx ||
        in->stations > QK_HOTGRID_STATIONS_MAX || in->hours > QK_HOTGRID_HOURS_MAX)
        return qk_fail(err, QK_EFULL, "at most %d cells, %d stations and %d hours",
                       QK_HOTGRID_CELLS_MAX, QK_HOTGRID_STATIONS_MAX, QK_HOTGRID_HOURS_MAX);
    if (!(rule->least_excess > 0) || !(rule->reach_m > 0) || rule->least_hours < 1 ||
        rule->least_passes < 1 || rule->neighbours < LEAST ||
        rule->neighbours > QK_STANDOUT_NEIGHBOURS)
        return qk_fail(err, QK_EINVAL, "the rule for hot cells cannot be: see hotgrid.* settings");
    return QK_OK;
}

qk_code qk_hotgrid_run(qk_hotgrid *out, const qk_hotgrid_input *in, const qk_hotgrid_rule *rule,
                       qk_arena *arena, qk_error *err)
{
    work w = {.in = in, .rule = rule, .out = out};
    *out = (qk_hotgrid){0};
    QK_TRY(check(in, rule, err));
    w.cells = (size_t)in->nx * in->ny;
    out->cell = qk_arena_array(arena, w.cells, sizeof *out->cell);
    w.order = qk_arena_array(arena, in->stations + 1, sizeof *w.order);
    w.sum = qk_arena_array(arena, in->hours + 1, sizeof *w.sum);
    w.n = qk_arena_array(arena, in->hours + 1, sizeof *w.n);
    w.car = qk_arena_array(arena, in->hours + 1, sizeof *w.car);
    w.left = qk_arena_array(arena, w.cells, sizeof *w.left);
    w.known = qk_arena_array(arena, w.cells, sizeof *w.known);
    if (!out->cell || !w.order || !w.sum || !w.n || !w.car || !w.left || !w.known)
        return qk_fail(err, QK_ENOMEM, "no memory for %zu cells", w.cells);
    for (size_t i = 0; i < w.cells; i++) out->cell[i] = (qk_hotgrid_cell){.excess = NAN};
    measure(&w);
    fuse(&w);
    return rank(&w, arena, err);
}
