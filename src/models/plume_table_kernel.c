/* SPDX-License-Identifier: Apache-2.0 */
#include "models/plume_kernel_private.h"

#define SQRT_2PI   2.50662827463100050242
#define LN_NOTHING (-120.0)
#define LN_LEAST   (-100.0)
#define SHOULDER   0.3

enum { STEPS = QK_PLUME_TABLE_STEPS, NODES = QK_PLUME_TABLE_NODES };

static inline lanes ln_of(lanes v)
{
    return at_least(lanes_log(at_least(v, 1e-300)), LN_NOTHING);
}

static void make_nodes(double (*out)[QK_PLUME_BATCH], const qk_plume_table *t,
                       const qk_plume_where *at, const qk_plume_slices *c)
{
    for (int i = 0; i < at->count; i += LANES) {
        lanes x = load(at->x_m + i), main = load(c->main + i), aloft = load(c->aloft + i);
        lanes sy = load(c->sigma_y_m + i), meander = load(c->meander + i), loss = splat(0);
        if (t->decay_1_s > 0) loss = t->decay_1_s * x / load(c->wind_m_s + i);
        if (t->from == QK_PLUME_TABLE_DENSITY) {
            store(out[QK_PLUME_TABLE_DENSITY] + i, ln_of(main + aloft) - loss);
            store(out[QK_PLUME_TABLE_SIGMA_Y] + i, sy);
            continue;
        }
        lanes inverse = inverse_of(sy);
        store(out[QK_PLUME_TABLE_PANCAKE] + i,
              ln_of(over(meander * (main + aloft), 2 * M_PI * x)) - loss);
        store(out[QK_PLUME_TABLE_COHERENT] + i, 1 - meander);
        store(out[QK_PLUME_TABLE_MAIN] + i, ln_of(main * inverse * (1 / SQRT_2PI)) - loss);
        store(out[QK_PLUME_TABLE_MAIN_Y] + i, sy);
        if (!t->two) continue;
        sy = load(c->sigma_y_aloft_m + i);
        inverse = inverse_of(sy);
        store(out[QK_PLUME_TABLE_ALOFT] + i, ln_of(aloft * inverse * (1 / SQRT_2PI)) - loss);
        store(out[QK_PLUME_TABLE_ALOFT_Y] + i, sy);
    }
}

/* How much an error of a value shows in a concentration: logarithms as they are; sigma_y in its
 * own, down to exp(-SHOULDER) off the axis. */
static inline lanes shown(int q, lanes error, lanes v)
{
    lanes size = larger_of(error, -error);
    if (q == QK_PLUME_TABLE_MAIN_Y || q == QK_PLUME_TABLE_ALOFT_Y)
        return over(size * 2 * SHOULDER, v);
    return q == QK_PLUME_TABLE_SIGMA_Y ? over(size, v) : size;
}

/* The cubic through the four neighbours of a node, two on either side: where that is off by e, the
 * cubics of the cells beside are off by a seventh of e or less: the function is smooth to the
 * fourth order there, or has a kink of that size. */
static void find_roughness(double *error, const qk_plume_table *t, int count)
{
    for (int k = 2; k < count - 2; k += LANES) {
        lanes worst = splat(0);
        for (int q = t->from; q < t->to; q++) {
            const double *n = t->node[q] + k;
            lanes v = load(n), ln = load(t->node[q & ~1] + k);
            lanes told =
                (2.0 / 3) * (load(n - 1) + load(n + 1)) - (1.0 / 6) * (load(n - 2) + load(n + 2));
            masks counts = ln >= splat(LN_LEAST / 2);
            if ((q & ~1) > 0) counts &= ln >= splat(t->least);
            worst = larger_of(worst, keep(counts, shown(q, told - v, v)));
        }
        store(error + k, worst);
    }
}

/* A kink shows in a third difference wherever it stands, with a third of its size at least. */
static double find_fine(const qk_plume_table *t, int first)
{
    enum { FINE = QK_PLUME_TABLE_FINE };
    lanes worst = splat(0), part = splat(0);
    for (int l = 0; l < LANES; l++) part[l] = l;
    for (int i = 0; i < FINE; i += LANES)
        for (int q = t->from; q < t->to; q++) {
            const double *n = t->node[q] + first, *own = t->node[q & ~1] + first + 3;
            if (*own < LN_LEAST / 2 || ((q & ~1) > 0 && *own < t->least)) continue;
            const double *at = n + i;
            lanes third = load(at + 3) - 3 * load(at + 2) + 3 * load(at + 1) - load(at);
            masks counts = part < splat(FINE - i);
            worst = larger_of(worst, keep(counts, shown(q, 0.3 * third, splat(n[3]))));
        }
    double most = 0;
    for (int l = 0; l < LANES; l++) most = fmax(most, worst[l]);
    return most;
}

/* Of a place in the logarithm of the distance; outside of the table: the entry behind the last
 * cell. */
static inline masks cell_of(lanes place, const qk_plume_table *t, lanes *step)
{
    place -= t->first;
    lanes near = place - 0.5 + LANES_SHIFT;
    *step = place - (near - LANES_SHIFT);
    masks outside = (place < splat(0)) | (place >= splat(t->cells));
    return ((masks)near & 0xffff & ~outside) | (outside & (int64_t)t->cells);
}

static inline lanes load_some(const double *from, int left, double rest)
{
    if (left >= LANES) return load(from);
    lanes v = splat(rest);
    for (int l = 0; l < left; l++) v[l] = from[l];
    return v;
}

/* Of a single number, eight at a time or fewer. */
static inline lanes load_place(const float *from, int left)
{
    lanes v = splat(1);
    int count = left < LANES ? left : LANES;
    if (count == LANES)
        for (int l = 0; l < LANES; l++) v[l] = from[l];
    else
        for (int l = 0; l < count; l++) v[l] = from[l];
    return v;
}

static void place_receptors(qk_plume_chunk *c, const qk_plume_table *t,
                            const qk_plume_around *around, size_t from, int count)
{
    const qk_plume_source *s = t->source;
    const double *px = around->x_m + from, *py = around->y_m + from;
    lanes reach_far = splat(t->slant2), reach_own = splat(t->beside2), low = splat(t->low_m);
    int n = 0;
    for (int i = 0; i < count; i += LANES) {
        int left = count - i;
        lanes step, place = load_place(around->place + from + i, left);
        lanes dx = load_some(px + i, left, around->x0_m) - around->x0_m;
        lanes dy = load_some(py + i, left, around->y0_m) - around->y0_m;
        lanes x = -(dx * s->sine + dy * s->cosine), y = dx * s->cosine - dy * s->sine, y2 = y * y;
        lanes reach = pick(x < low, splat(t->near2), reach_far * x * x + reach_own);
        masks ahead = (x >= splat(1)) & (y2 < reach);
        masks near = place < splat(t->nearest), cell = cell_of(place, t, &step);
        cell = (cell & ~near) | (near & (int64_t)(t->cells + 1));
        memcpy(c->r_cell + i, &cell, sizeof cell);
        store(c->r_step + i, step);
        if (!any_of(ahead)) continue;
        for (int l = 0; l < LANES; l++) {
            c->order[n] = i + l;
            c->x[n] = x[l];
            c->y2[n] = y2[l];
            n += ahead[l] != 0;
        }
    }
    c->downwind = n;
    for (int i = n; i % 8; i++) c->x[i] = c->y2[i] = 1;
    for (int i = 0; i < n; i += LANES) {
        lanes step, place = lanes_log(load(c->x + i)) * (STEPS / M_LN2);
        masks cell = cell_of(place, t, &step);
        memcpy(c->x_cell + i, &cell, sizeof cell);
        store(c->x_step + i, step);
    }
}

static int resolve_cells(int64_t *node, int *left, const int64_t *cell, const int64_t *at,
                         int count)
{
    int n = 0;
    for (int i = 0; i < count; i += LANES) {
        masks v;
        memcpy(&v, cell + i, sizeof v);
        v = gather_bits(at, v);
        memcpy(node + i, &v, sizeof v);
        if (!any_of(v < 0)) continue;
        for (int l = 0; l < LANES; l++) {
            left[n] = i + l;
            n += v[l] < 0;
        }
    }
    return n;
}

/* Weights of a cell's four nodes, which stand at -1, 0, 1, 2 in steps of the cell (Lagrange). */
typedef struct weights {
    masks first;
    lanes w[4];
} weights;

static inline weights weights_at(const int64_t *cell, const double *step)
{
    weights out;
    masks at;
    lanes s = load(step);
    memcpy(&at, cell, sizeof at);
    masks parts = (at & QK_PLUME_TABLE_PARTS) != 0;
    lanes four = QK_PLUME_TABLE_FINE * s, part = at_least(four - 0.5, 0) + LANES_SHIFT;
    out.first = (at & (QK_PLUME_TABLE_PARTS - 1)) + (parts & (masks)part & 3);
    s = pick(parts, four - (part - LANES_SHIFT), s);
    lanes low = s * (s - 1), high = (s + 1) * (s - 2);
    out.w[0] = low * (s - 2) * (-1.0 / 6);
    out.w[1] = high * (s - 1) * 0.5;
    out.w[2] = high * s * -0.5;
    out.w[3] = low * (s + 1) * (1.0 / 6);
    return out;
}

static inline lanes value_of(const qk_plume_table *t, int q, const weights *w)
{
    const double *n = t->node[q];
    return w->w[0] * gather(n, w->first) + w->w[1] * gather(n + 1, w->first) +
           w->w[2] * gather(n + 2, w->first) + w->w[3] * gather(n + 3, w->first);
}

static inline lanes power_of(lanes e)
{
    masks some = e > splat(LN_LEAST);
    return any_of(some) ? keep(some, lanes_exp(at_most(at_least(e, LN_LEAST), 600))) : splat(0);
}

static void find_meander(qk_plume_chunk *c, const qk_plume_table *t, int count)
{
    for (int i = 0; i < count; i += LANES) {
        weights w = weights_at(c->r_node + i, c->r_step + i);
        store(c->value + i, power_of(value_of(t, QK_PLUME_TABLE_PANCAKE, &w)));
        store(c->weight + i, value_of(t, QK_PLUME_TABLE_COHERENT, &w));
    }
}

/* q: ln of the axis value; behind it sigma_y. */
static inline lanes coherent_part(const qk_plume_table *t, int q, const weights *w, lanes y2)
{
    lanes sigma = value_of(t, q + 1, w);
    return power_of(value_of(t, q, w) - over(0.5 * y2, sigma * sigma));
}

static void find_coherent(qk_plume_chunk *c, const qk_plume_table *t)
{
    for (int i = 0; i < c->downwind; i += LANES) {
        weights w = weights_at(c->x_node + i, c->x_step + i);
        lanes y2 = load(c->y2 + i);
        lanes sum = coherent_part(t, QK_PLUME_TABLE_MAIN, &w, y2);
        if (t->two) sum += coherent_part(t, QK_PLUME_TABLE_ALOFT, &w, y2);
        store(c->x + i, sum);
    }
}

static void add_values(double *restrict sum, qk_plume_chunk *restrict c, int count, double factor)
{
    for (int j = 0; j < c->downwind; j++) c->value[c->order[j]] += c->weight[c->order[j]] * c->x[j];
    for (int i = 0; i < count; i++) sum[i] += factor * c->value[i];
}

const qk_plume_kernel QK_PLUME_KERNEL = {plume_kernel_slices, make_nodes,      find_roughness,
                                         find_fine,           place_receptors, resolve_cells,
                                         find_meander,        find_coherent,   add_values};
