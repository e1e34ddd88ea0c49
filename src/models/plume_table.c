/* SPDX-License-Identifier: Apache-2.0 */
#include "models/plume_table.h"
#include "models/plume_exp.h"
#include "models/plume_kernel.h"
#include "models/plume_private.h"
#include <math.h>
#include <string.h>

#define LN_NOTHING (-120.0)
#define LN_LEAST   (-100.0)
#define BESIDE     56.25 /* (7.5 sigma_y)^2: exp(-28) of the axis is nothing */
#define LN_IGNORED 7.5   /* below 3e-4 of the highest axis value a kink does not show */
#define ROUGH      8e-4
#define LOOSE      2e-3 /* of the meandering part, a small one where it is not alone */

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

/* Of cells in quarters. */
static double cell_start(int quarters)
{
    /* 2^(i / 32) */
    static const double part[STEPS * FINE] = {1.0,
                                              1.0218971486541166,
                                              1.0442737824274138,
                                              1.0671404006768237,
                                              1.0905077326652577,
                                              1.1143867425958924,
                                              1.1387886347566916,
                                              1.1637248587775775,
                                              1.189207115002721,
                                              1.215247359980469,
                                              1.241857812073484,
                                              1.2690509571917332,
                                              1.2968395546510096,
                                              1.3252366431597413,
                                              1.3542555469368927,
                                              1.3839098819638320,
                                              1.4142135623730951,
                                              1.4451808069770467,
                                              1.4768261459394993,
                                              1.5091644275934228,
                                              1.5422108254079407,
                                              1.5759808451078865,
                                              1.6104903319492543,
                                              1.645755478153965,
                                              1.681792830507429,
                                              1.7186192981224779,
                                              1.7562521603732995,
                                              1.7947090750031072,
                                              1.8340080864093424,
                                              1.8741676341103,
                                              1.9152065613971474,
                                              1.9571441241754002};
    uint32_t place = (uint32_t)(quarters + STEPS * FINE); /* an octave below 1 m at the most */
    uint64_t bits = (uint64_t)(1022 + place / (STEPS * FINE)) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return part[place % (STEPS * FINE)] * power;
}

float qk_plume_table_place(double distance)
{
    return (float)(log(distance > 0.5 ? distance : 0.5) * (STEPS / M_LN2));
}

/* Nodes at x[0 .. count) into the table's places to[0 .. count), or its first. */
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
        for (int q = t->from; q < t->to; q++) {
            if (!to) memcpy(&t->node[q][done], made[q], (size_t)at.count * sizeof made[q][0]);
            for (int i = 0; to && i < at.count; i++) t->node[q][to[done + i]] = made[q][i];
        }
    }
}

/* ln of the value on the plume's axis. */
static double axis_of(const qk_plume_table *t, int k)
{
    if (t->from == DENSITY) return t->node[DENSITY][k] - log(t->node[SIGMA_Y][k]);
    return t->two ? larger(t->node[MAIN][k], t->node[ALOFT][k]) : t->node[MAIN][k];
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
            if (c >= 0 && c < t->cells) t->at_r[c] = t->at_x[c] = QK_PLUME_TABLE_ROUGH;
        t->rough = true;
    }
}

/* Between two nodes a sigma_y is no larger than at the farther. In the outer half of the table the
 * slant alone holds it. */
static void find_reach(qk_plume_table *t)
{
    const double *main = t->node[MAIN_Y], *aloft = t->two ? t->node[ALOFT_Y] : main;
    double slant2 = 0, beside2 = 0;
    for (int k = t->cells / 2; k < t->cells; k++) {
        double far = larger(main[k + 2], aloft[k + 2]) / cell_start((t->first + k) * FINE);
        slant2 = larger(slant2, far * far);
    }
    for (int k = 0; k < t->cells / 2; k++) {
        double far = larger(main[k + 2], aloft[k + 2]), x = cell_start((t->first + k) * FINE);
        beside2 = larger(beside2, far * far - slant2 * x * x);
    }
    double near = larger(main[1], aloft[1]);
    t->slant2 = BESIDE * slant2;
    t->beside2 = BESIDE * beside2;
    t->near2 = BESIDE * near * near;
}

/* Where receptors stand too near: four nodes of nothing. */
static int64_t put_nothing(qk_plume_table *t)
{
    int first = t->nodes;
    for (int k = 0; k < 4; k++) {
        for (int q = 0; q < DENSITY; q++) t->node[q][first + k] = q & 1 ? 1 : LN_NOTHING;
        t->node[QK_PLUME_TABLE_COHERENT][first + k] = 0;
    }
    t->nodes += 4;
    return first;
}

void qk_plume_table_make(qk_plume_table *t, const qk_plume_source *source, double flagpole_m,
                         double decay, double low_m, double high_m, bool area)
{
    double step, x[QK_PLUME_TABLE_CELLS + 3], top = LN_NOTHING;
    t->source = source;
    t->receptor =
        (qk_plume_receptor){.height_m = flagpole_m, .flagpole_m = flagpole_m, .flat = true};
    t->decay_1_s = decay;
    t->two = source->penetrated > 0;
    t->from = area ? DENSITY : PANCAKE;
    t->to = area ? VALUES : t->two ? DENSITY : ALOFT;
    /* one node on either side of what is asked; the lowest is at 1 m */
    t->first = cell_of(larger(low_m, 1.125), &step);
    int last = cell_of(larger(high_m, low_m), &step);
    t->cells = last - t->first + 1;
    if (t->cells > QK_PLUME_TABLE_CELLS) t->cells = QK_PLUME_TABLE_CELLS;
    t->low_m = cell_start(t->first * FINE);
    t->high_m = cell_start((t->first + t->cells) * FINE);
    t->nodes = t->cells + 3;
    for (int k = 0; k < t->nodes; k++) x[k] = cell_start((t->first - 1 + k) * FINE);
    make_nodes(t, NULL, x, t->nodes);
    for (int k = 0; k < t->nodes; k++) top = larger(top, axis_of(t, k));
    for (int k = 0; k < t->cells; k++) t->at_r[k] = t->at_x[k] = k;
    t->at_r[t->cells] = t->at_x[t->cells] = QK_PLUME_TABLE_COMPUTE;
    t->nearest = qk_plume_table_place(larger(1, qk_plume_exclusion_m(source)));
    t->divided = 0;
    t->rough = false;
    t->least = top - LN_IGNORED;
    mark_rough(t, t->nodes);
    if (area) return;
    find_reach(t);
    t->at_r[t->cells + 1] = t->at_x[t->cells + 1] = put_nothing(t);
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
    t->at_r[k] = t->at_x[k] = QK_PLUME_TABLE_COMPUTE;
    if (t->divided == QK_PLUME_TABLE_DIVIDED) return;
    t->divided++;
    int at = d->count++, first = t->nodes;
    d->cell[at] = k;
    d->first[at] = first;
    t->nodes += FINE_NODES;
    for (int i = 0; i < FINE + 1; i++) {
        d->x[at * (FINE + 1) + i] = cell_start((t->first + k) * FINE + place[i]);
        d->to[at * (FINE + 1) + i] = first + 1 + place[i];
    }
}

static void divide_cells(division *d, qk_plume_table *t)
{
    const qk_plume_kernel *kernel = qk_plume_kernel_pick();
    make_nodes(t, d->to, d->x, d->count * (FINE + 1));
    for (int i = 0; i < d->count; i++) {
        int first = d->first[i], k = d->cell[i];
        for (int q = t->from; q < t->to; q++) {
            t->node[q][first + 1] = t->node[q][k + 1];
            t->node[q][first + 1 + FINE] = t->node[q][k + 2];
        }
        /* otherwise a jump, or steeper than the parts can follow */
        double error = kernel->fine(t, first);
        if (error <= ROUGH) t->at_x[k] = first | QK_PLUME_TABLE_PARTS;
        if (error <= LOOSE) t->at_r[k] = first | QK_PLUME_TABLE_PARTS;
    }
    d->count = 0;
}

/* Entries of a chunk, radial and downwind, that have no node yet. */
typedef struct entries {
    int r[QK_PLUME_CHUNK + 8], x[QK_PLUME_CHUNK + 8], radial, downwind;
} entries;

static void resolve_nodes(entries *e, qk_plume_chunk *c, const qk_plume_table *t, int count)
{
    const qk_plume_kernel *kernel = qk_plume_kernel_pick();
    e->radial = kernel->resolve(c->r_node, e->r, c->r_cell, t->at_r, count);
    e->downwind = kernel->resolve(c->x_node, e->x, c->x_cell, t->at_x, c->downwind);
}

static int still_open(int *entry, int64_t *node, const int64_t *cell, const int64_t *at, int count)
{
    int n = 0;
    for (int k = 0; k < count; k++) {
        int i = entry[k];
        node[i] = at[cell[i]];
        entry[n] = i;
        n += node[i] < 0;
    }
    return n;
}

/* Cells that receptors have fallen into and that are still to be divided. */
static void divide_reached(entries *e, qk_plume_table *t, qk_plume_chunk *c)
{
    division d = {.count = 0};
    for (int k = 0; k < e->radial; k++) {
        int64_t cell = c->r_cell[e->r[k]];
        if (t->at_r[cell] == QK_PLUME_TABLE_ROUGH) plan_division(&d, t, (int)cell);
    }
    for (int k = 0; k < e->downwind; k++) {
        int64_t cell = c->x_cell[e->x[k]];
        if (t->at_x[cell] == QK_PLUME_TABLE_ROUGH) plan_division(&d, t, (int)cell);
    }
    if (!d.count) return;
    divide_cells(&d, t);
    e->radial = still_open(e->r, c->r_node, c->r_cell, t->at_r, e->radial);
    e->downwind = still_open(e->x, c->x_node, c->x_cell, t->at_x, e->downwind);
}

/* Places that cannot be interpolated become nodes of their own, good for one chunk. */
static void compute_rest(qk_plume_table *t, qk_plume_chunk *c, const entries *e,
                         const qk_plume_around *around, size_t from)
{
    double x[QK_PLUME_TABLE_SINGLE];
    int to[QK_PLUME_TABLE_SINGLE], n = 0;
    for (int k = 0; k < e->radial; k++, n++) {
        int i = e->r[k];
        double dx = around->x_m[from + (size_t)i] - around->x0_m;
        double dy = around->y_m[from + (size_t)i] - around->y0_m;
        to[n] = t->nodes + n;
        c->r_node[i] = to[n] - 1;
        c->r_step[i] = 0;
        x[n] = larger(sqrt(dx * dx + dy * dy), 1);
    }
    for (int k = 0; k < e->downwind; k++, n++) {
        int j = e->x[k];
        to[n] = t->nodes + n;
        c->x_node[j] = to[n] - 1;
        c->x_step[j] = 0;
        x[n] = c->x[j];
    }
    make_nodes(t, to, x, n);
}

static void add_chunk(double *sum, qk_plume_table *t, const qk_plume_around *around, size_t from,
                      int count, double factor)
{
    const qk_plume_kernel *kernel = qk_plume_kernel_pick();
    qk_plume_chunk c;
    entries e;
    kernel->place(&c, t, around, from, count);
    for (int i = count; i % 8; i++) c.r_cell[i] = t->cells + 1;
    for (int j = c.downwind; j % 8; j++) c.x_cell[j] = t->cells + 1;
    resolve_nodes(&e, &c, t, count);
    if (e.radial + e.downwind > 0) {
        if (t->rough) divide_reached(&e, t, &c);
        compute_rest(t, &c, &e, around, from);
    }
    kernel->meander(&c, t, count);
    kernel->coherent(&c, t);
    kernel->add(sum + from, &c, count, factor);
}

void qk_plume_table_add(double *sum, qk_plume_table *t, double x0, double y0, const double *x,
                        const double *y, const float *place, size_t count, double factor)
{
    qk_plume_around around = {x0, y0, x, y, place};
    for (size_t done = 0; done < count; done += QK_PLUME_CHUNK) {
        size_t left = count - done;
        add_chunk(sum, t, &around, done, (int)(left < QK_PLUME_CHUNK ? left : QK_PLUME_CHUNK),
                  factor);
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
        if (t->at_x[cell] == QK_PLUME_TABLE_ROUGH) {
            division d = {.count = 0};
            plan_division(&d, t, cell);
            if (d.count) divide_cells(&d, t);
        }
        at = t->at_x[cell];
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
