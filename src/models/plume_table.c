/* SPDX-License-Identifier: Apache-2.0 */
#include "models/plume_table.h"
#include "models/plume_exp.h"
#include "models/plume_kernel.h"
#include <math.h>
#include <string.h>

#define LN_NOTHING (-120.0)
#define LN_LEAST   (-100.0)
#define LN_IGNORED 7.5 /* below 3e-4 of the highest axis value a kink does not show */
#define SHOULDER   0.3
#define ROUGH      8e-4

enum {
    STEPS = QK_PLUME_TABLE_STEPS,
    VALUES = QK_PLUME_TABLE_VALUES,
    FINE = QK_PLUME_TABLE_FINE,
    FINE_NODES = QK_PLUME_TABLE_FINE_NODES,
    PANCAKE = QK_PLUME_TABLE_PANCAKE,
    MAIN = QK_PLUME_TABLE_MAIN,
    MAIN_Y = QK_PLUME_TABLE_MAIN_Y,
    ALOFT = QK_PLUME_TABLE_ALOFT,
    ALOFT_Y = QK_PLUME_TABLE_ALOFT_Y,
    DENSITY = QK_PLUME_TABLE_DENSITY,
    SIGMA_Y = QK_PLUME_TABLE_SIGMA_Y
};

static int cell_of(double x, double *step)
{
    double place = log(x) * (STEPS / M_LN2);
    *step = place - floor(place);
    return (int)floor(place);
}

static double cell_start(double cell)
{
    return exp2(cell / STEPS);
}

/* Nodes at x[0 .. count) into the table's places to[0 .. count). */
static void make_nodes(qk_plume_table *t, const int *to, const double *x, int count)
{
    const qk_plume_kernel *kernel = qk_plume_kernel_pick();
    qk_plume_where at = {.hilly = false};
    qk_plume_slices slices;
    double made[VALUES][QK_PLUME_BATCH];
    for (int done = 0; done < count; done += at.count) {
        at.count = count - done < QK_PLUME_BATCH ? count - done : QK_PLUME_BATCH;
        int whole = (at.count + 7) / 8 * 8;
        for (int i = 0; i < whole; i++) {
            at.x_m[i] = x[done + (i < at.count ? i : at.count - 1)];
            at.height_m[i] = at.flagpole_m[i] = t->receptor.height_m;
        }
        kernel->slices(&slices, t->source, &at);
        kernel->nodes(made, t, &at, &slices);
        for (int q = t->from; q < t->to; q++)
            for (int i = 0; i < at.count; i++) t->node[q][to[done + i]] = made[q][i];
    }
}

/* ln of the value on the plume's axis. */
static double axis_of(const qk_plume_table *t, int k)
{
    if (t->from == DENSITY) return t->node[DENSITY][k] - log(t->node[SIGMA_Y][k]);
    return t->two ? fmax(t->node[MAIN][k], t->node[ALOFT][k]) : t->node[MAIN][k];
}

/* Node k of the table is the left end of cell k - 1; the outermost have no five neighbours. */
static void mark_rough(qk_plume_table *t, int count)
{
    double error[QK_PLUME_TABLE_CELLS + 16];
    qk_plume_kernel_pick()->roughness(error, t, count);
    for (int k = 2; k < count - 2; k++) {
        if (error[k] < ROUGH || axis_of(t, k) < t->least) continue;
        /* a kink may stand a cell further off, where the node beside it is blind to it */
        int wide = error[k] < 2 * ROUGH ? 0 : 1;
        for (int c = k - 2 - wide; c <= k - 1 + wide; c++)
            if (c >= 0 && c < t->cells) t->at[c] = QK_PLUME_TABLE_ROUGH;
        t->rough = true;
    }
}

void qk_plume_table_make(qk_plume_table *t, const qk_plume_source *source, double flagpole_m,
                         double decay, double low_m, double high_m, bool area)
{
    double step, x[QK_PLUME_TABLE_CELLS + 3], top = LN_NOTHING;
    int to[QK_PLUME_TABLE_CELLS + 3];
    t->source = source;
    t->receptor =
        (qk_plume_receptor){.height_m = flagpole_m, .flagpole_m = flagpole_m, .flat = true};
    t->decay_1_s = decay;
    t->two = source->penetrated > 0;
    t->from = area ? DENSITY : PANCAKE;
    t->to = area ? VALUES : t->two ? DENSITY : ALOFT;
    /* one node on either side of what is asked; the lowest is at 1 m */
    t->first = cell_of(fmax(low_m, 1.125), &step);
    int last = cell_of(fmax(high_m, low_m), &step);
    t->cells = last - t->first + 1;
    if (t->cells > QK_PLUME_TABLE_CELLS) t->cells = QK_PLUME_TABLE_CELLS;
    t->low_m = cell_start(t->first);
    t->high_m = cell_start(t->first + t->cells);
    t->nodes = t->cells + 3;
    for (int k = 0; k < t->nodes; k++) {
        x[k] = cell_start(t->first - 1 + k);
        to[k] = k;
    }
    make_nodes(t, to, x, t->nodes);
    for (int k = 0; k < t->nodes; k++) top = fmax(top, axis_of(t, k));
    for (int k = 0; k < t->cells; k++) t->at[k] = k;
    t->at[t->cells] = QK_PLUME_TABLE_COMPUTE;
    t->at[t->cells + 1] = QK_PLUME_TABLE_NOWHERE;
    t->divided = 0;
    t->rough = false;
    t->least = top - LN_IGNORED;
    mark_rough(t, t->nodes);
}

/* How much an error of a value shows in a concentration, as in the kernel. */
static double shown(int q, double error, double v)
{
    if (q == MAIN_Y || q == ALOFT_Y) return fabs(error) * 2 * SHOULDER / v;
    return q == SIGMA_Y ? fabs(error) / v : fabs(error);
}

/* A kink shows in a third difference wherever it stands, with a third of its size at least. */
static double fine_error(const qk_plume_table *t, int first)
{
    double worst = 0;
    for (int i = 0; i < FINE; i++)
        for (int q = t->from; q < t->to; q++) {
            const double *n = t->node[q] + first, v = n[3], ln = t->node[q & ~1][first + 3];
            if (ln < LN_LEAST / 2 || ((q & ~1) > 0 && ln < t->least)) continue;
            double off = 0.3 * (n[i + 3] - 3 * n[i + 2] + 3 * n[i + 1] - n[i]);
            worst = fmax(worst, shown(q, off, v));
        }
    return worst;
}

/* Cells that are to be divided, and their new nodes. */
typedef struct division {
    int count, cell[QK_PLUME_TABLE_DIVIDED], first[QK_PLUME_TABLE_DIVIDED];
    double x[QK_PLUME_TABLE_DIVIDED * (FINE + 1)];
    int to[QK_PLUME_TABLE_DIVIDED * (FINE + 1)];
} division;

/* A kink is a quarter as large in a divided cell. A node on either side shows what stands at the
 * ends. */
static void plan_division(division *d, qk_plume_table *t, int k)
{
    static const int place[FINE + 1] = {-1, 1, 2, 3, 5};
    t->at[k] = QK_PLUME_TABLE_COMPUTE;
    if (t->divided == QK_PLUME_TABLE_DIVIDED) return;
    t->divided++;
    int at = d->count++, first = t->nodes;
    d->cell[at] = k;
    d->first[at] = first;
    t->nodes += FINE_NODES;
    for (int i = 0; i < FINE + 1; i++) {
        d->x[at * (FINE + 1) + i] = cell_start(t->first + k + place[i] / (double)FINE);
        d->to[at * (FINE + 1) + i] = first + 1 + place[i];
    }
}

static void divide_cells(division *d, qk_plume_table *t)
{
    make_nodes(t, d->to, d->x, d->count * (FINE + 1));
    for (int i = 0; i < d->count; i++) {
        int first = d->first[i], k = d->cell[i];
        for (int q = t->from; q < t->to; q++) {
            t->node[q][first + 1] = t->node[q][k + 1];
            t->node[q][first + 1 + FINE] = t->node[q][k + 2];
        }
        /* otherwise a jump, or steeper than the parts can follow */
        if (fine_error(t, first) <= ROUGH) t->at[k] = first | QK_PLUME_TABLE_PARTS;
    }
    d->count = 0;
}

static void divide_reached(qk_plume_table *t, const qk_plume_chunk *c, int count)
{
    division d = {.count = 0};
    for (int i = 0; i < count; i++) {
        if (t->at[c->r_cell[i]] == QK_PLUME_TABLE_ROUGH) plan_division(&d, t, (int)c->r_cell[i]);
        if (c->ahead[i] && t->at[c->x_cell[i]] == QK_PLUME_TABLE_ROUGH)
            plan_division(&d, t, (int)c->x_cell[i]);
    }
    if (d.count) divide_cells(&d, t);
}

/* Who is where: what cannot be interpolated goes to the list `exact` (-1 - i: nothing there), what
 * the plume reaches to the front of the places of x_cell and to `order`. */
static int sort_chunk(qk_plume_chunk *c, const qk_plume_table *t, int count, int *order, int *exact,
                      int *exact_count)
{
    int reached = 0;
    *exact_count = 0;
    for (int i = 0; i < count; i++) {
        bool ahead = c->ahead[i] != 0;
        int64_t at = t->at[c->r_cell[i]], ax = ahead ? t->at[c->x_cell[i]] : 0;
        c->r_cell[i] = at < 0 ? 0 : at;
        if (at == QK_PLUME_TABLE_NOWHERE) {
            exact[(*exact_count)++] = -1 - i;
        } else if (at < 0 || ax < 0) {
            exact[(*exact_count)++] = i;
        } else if (ahead) {
            c->x_cell[reached] = ax;
            c->x_step[reached] = c->x_step[i];
            c->y2[reached] = c->y2[i];
            order[reached++] = i;
        }
    }
    for (int i = reached; i % 8; i++) { /* the kernel reads in eights */
        c->x_cell[i] = 0;
        c->x_step[i] = c->y2[i] = 0;
    }
    return reached;
}

static void add_chunk(double *sum, qk_plume_table *t, double x0, double y0, const double *rx,
                      const double *ry, int count, double factor)
{
    const qk_plume_kernel *kernel = qk_plume_kernel_pick();
    qk_plume_chunk c;
    int order[QK_PLUME_CHUNK], exact[QK_PLUME_CHUNK], exact_count;
    kernel->place(&c, t, x0, y0, rx, ry, count);
    if (t->rough) divide_reached(t, &c, count);
    int reached = sort_chunk(&c, t, count, order, exact, &exact_count);
    for (int i = count; i % 8; i++) c.r_cell[i] = 0;
    kernel->meander(&c, t, count);
    kernel->coherent(&c, t, reached);
    for (int i = 0; i < reached; i++) c.value[order[i]] += c.weight[order[i]] * c.x[i];
    qk_plume_points points;
    qk_plume_points_begin(&points, t->source, t->decay_1_s);
    for (int i = 0; i < exact_count; i++) {
        if (exact[i] < 0)
            c.value[-1 - exact[i]] = 0;
        else
            qk_plume_points_put(&points, rx[exact[i]] - x0, ry[exact[i]] - y0, &t->receptor,
                                &c.value[exact[i]]);
    }
    qk_plume_points_end(&points);
    for (int i = 0; i < count; i++) sum[i] += factor * c.value[i];
}

void qk_plume_table_add(double *sum, qk_plume_table *t, double x0, double y0, const double *rx,
                        const double *ry, size_t count, double factor)
{
    for (size_t done = 0; done < count; done += QK_PLUME_CHUNK) {
        size_t left = count - done;
        add_chunk(sum + done, t, x0, y0, rx + done, ry + done,
                  (int)(left < QK_PLUME_CHUNK ? left : QK_PLUME_CHUNK), factor);
    }
}

/* The cubic through four nodes at -1, 0, 1, 2. */
static double cubic(const double *f, double s)
{
    double low = s * (s - 1), high = (s + 1) * (s - 2);
    return low * ((s + 1) * f[3] - (s - 2) * f[0]) / 6 + high * ((s - 1) * f[1] - s * f[2]) / 2;
}

void qk_plume_table_density(qk_plume_table *t, double x, double *density, double *sigma_y)
{
    double s;
    int cell = cell_of(x, &s) - t->first;
    int64_t at = QK_PLUME_TABLE_COMPUTE;
    if (cell >= 0 && cell < t->cells) {
        if (t->at[cell] == QK_PLUME_TABLE_ROUGH) {
            division d = {.count = 0};
            plan_division(&d, t, cell);
            if (d.count) divide_cells(&d, t);
        }
        at = t->at[cell];
    }
    if (at < 0) {
        qk_plume_slice c;
        qk_plume_slice_at(&c, t->source, x, &t->receptor);
        *density = c.main + c.aloft;
        if (t->decay_1_s > 0) *density *= exp(-t->decay_1_s * x / c.wind_m_s);
        *sigma_y = c.sigma_y_m;
        return;
    }
    if (at & QK_PLUME_TABLE_PARTS) {
        int part = (int)(s * FINE);
        at = (at & (QK_PLUME_TABLE_PARTS - 1)) + part;
        s = s * FINE - part;
    }
    double e = cubic(t->node[DENSITY] + at, s);
    *density = e > LN_LEAST ? qk_plume_exp(e) : 0;
    *sigma_y = cubic(t->node[SIGMA_Y] + at, s);
}
