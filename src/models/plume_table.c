/* SPDX-License-Identifier: Apache-2.0 */
#include "models/plume_table.h"
#include "models/plume_exp.h"
#include <math.h>
#include <string.h>

#define SQRT_2PI   2.50662827463100050242
#define LN_NOTHING (-120.0)
#define LN_LEAST   (-100.0)
#define LN_IGNORED 7.5 /* below 3e-4 of the highest axis value a kink does not show */
#define SHOULDER   0.3
#define ROUGH      8e-4

enum {
    STEPS = QK_PLUME_TABLE_STEPS,
    STEP_BITS = 3,
    VALUES = QK_PLUME_TABLE_VALUES,
    FINE = QK_PLUME_TABLE_FINE,
    CELL_BIAS = 1023 * STEPS,
    ALOFT = 4,
    DENSITY = 6 /* first value of an area's table */
};

/* The octave is the exponent, the interval within it the leading bits of the fraction, so that the
 * place of a distance costs no logarithm. Distances are at least 1 m. */
static int cell_of(double x, double *step)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint64_t low = bits & (((uint64_t)1 << (52 - STEP_BITS)) - 1);
    *step = (double)low * 0x1p-49;
    return (int)(bits >> (52 - STEP_BITS)) - CELL_BIAS;
}

static double cell_start(int cell)
{
    int octave = cell >= 0 ? cell / STEPS : -((STEPS - 1 - cell) / STEPS);
    return ldexp(1 + (cell - octave * STEPS) / (double)STEPS, octave);
}

static double ln_of(double v)
{
    return v > 0 ? fmax(log(v), LN_NOTHING) : LN_NOTHING;
}

/* In the order of qk_plume_cell. */
static void make_node(double *v, const qk_plume_table *t, double x)
{
    qk_plume_slice c;
    qk_plume_slice_at(&c, t->source, x, &t->receptor);
    double loss = t->decay_1_s > 0 ? t->decay_1_s * x / c.wind_m_s : 0;
    double sum = c.main + c.aloft, sy = c.sigma_y_m, sa = c.sigma_y_aloft_m;
    if (t->from == DENSITY) {
        v[DENSITY] = ln_of(sum) - loss;
        v[DENSITY + 1] = sy;
        return;
    }
    v[0] = ln_of(c.meander * sum / (2 * M_PI * x)) - loss;
    v[1] = 1 - c.meander;
    v[2] = ln_of(c.main / (SQRT_2PI * sy)) - loss;
    v[3] = 1 / (2 * sy * sy);
    if (!t->two) return;
    v[4] = ln_of(c.aloft / (SQRT_2PI * sa)) - loss;
    v[5] = 1 / (2 * sa * sa);
}

/* The cubic through four values at a, 0, 1, b (in steps of the interval; a < 0, b > 1). */
static void fit_cubic(double out[4], double a, double b, const double f[4])
{
    double fa = (f[0] - f[1]) / a; /* divided differences from 0 */
    double f1 = f[2] - f[1];
    double fb = (f[3] - f[1]) / b;
    double fa1 = (f1 - fa) / (1 - a); /* second order: 0, a, 1 */
    double f1b = (fb - f1) / (b - 1); /* 0, 1, b */
    double third = (f1b - fa1) / (b - a);
    /* Newton: f0 + fa s + fa1 s (s - a) + third s (s - a)(s - 1) */
    out[0] = f[1];
    out[1] = fa - fa1 * a + third * a;
    out[2] = fa1 - third * (a + 1);
    out[3] = third;
}

static void fit_cell(const qk_plume_table *t, qk_plume_cell *out, double *const n[4], double a,
                     double b)
{
    double *c = out->pancake;
    for (int q = t->from; q < t->to; q++) {
        double f[4] = {n[0][q], n[1][q], n[2][q], n[3][q]};
        fit_cubic(c + (size_t)4 * (size_t)q, a, b, f);
    }
}

static void make_cell(qk_plume_table *t, int k)
{
    int j = (((t->first + k) % STEPS) + STEPS) % STEPS;
    double *const n[4] = {t->node[k], t->node[k + 1], t->node[k + 2], t->node[k + 3]};
    fit_cell(t, &t->cell[k], n, j == 0 ? -0.5 : -1, j == STEPS - 1 ? 3 : 2);
}

_Static_assert(sizeof(qk_plume_cell) == 4 * VALUES * sizeof(double), "a cell is VALUES cubics");

/* What the cubic through the four neighbours makes of the middle of five nodes (Lagrange). Where it
 * is off by e, the cubics of the cells beside are off by a seventh of e or less: the function is
 * smooth to the fourth order there, or has a kink of that size. */
static void middle_weights(double w[4], const double *x)
{
    const int at[4] = {0, 1, 3, 4};
    for (int i = 0; i < 4; i++) {
        w[i] = 1;
        for (int j = 0; j < 4; j++)
            if (j != i) w[i] *= (x[2] - x[at[j]]) / (x[at[i]] - x[at[j]]);
    }
}

/* How much an error of a value shows in a concentration: logarithms as they are; 1 / (2 sigma_y^2)
 * in the logarithm too, down to exp(-SHOULDER) off the axis. */
static double weight_of(int q, double v)
{
    if (q == 3 || q == 5) return SHOULDER / v;
    return q == DENSITY + 1 ? 1 / v : 1;
}

/* told: what neighbours make of v. The worst over the values that matter at v. */
static double error_of(const qk_plume_table *t, const double *told, const double *v, double least)
{
    double worst = 0;
    for (int q = t->from; q < t->to; q++) {
        double ln = v[q & ~1];
        if (ln < LN_LEAST / 2 || ((q & ~1) > 0 && ln < least)) continue;
        worst = fmax(worst, fabs(told[q] - v[q]) * weight_of(q, v[q]));
    }
    return worst;
}

static double roughness(const qk_plume_table *t, const double (*n)[VALUES], const double *x,
                        double least)
{
    double w[4], told[VALUES];
    middle_weights(w, x);
    for (int q = t->from; q < t->to; q++)
        told[q] = w[0] * n[0][q] + w[1] * n[1][q] + w[2] * n[3][q] + w[3] * n[4][q];
    return error_of(t, told, n[2], least);
}

/* ln of the value on the plume's axis. */
static double axis_of(const qk_plume_table *t, const double *v)
{
    if (t->from == DENSITY) return v[DENSITY] - log(v[DENSITY + 1]);
    return t->two ? fmax(v[2], v[ALOFT]) : v[2];
}

/* Node k of the table is the left end of cell k - 1; the outermost have no five neighbours. */
static void mark_rough(qk_plume_table *t, const double *x, double top)
{
    const double(*n)[VALUES] = (const double(*)[VALUES])t->node;
    double least = top - LN_IGNORED;
    memset(t->rough, 0, sizeof t->rough);
    for (int k = 2; k < t->cells + 1; k++) {
        if (axis_of(t, n[k]) < least) continue;
        double off = roughness(t, &n[k - 2], x + k - 2, least);
        if (off < ROUGH) continue;
        /* a kink may stand a cell further off, where the node beside it is blind to it */
        int wide = off < 2 * ROUGH ? 0 : 1;
        for (int c = k - 2 - wide; c <= k - 1 + wide; c++)
            if (c >= 0 && c < t->cells) t->rough[c] = true;
    }
}

void qk_plume_table_make(qk_plume_table *t, const qk_plume_source *source, double flagpole_m,
                         double decay, double low_m, double high_m, bool area)
{
    double step, x[QK_PLUME_TABLE_NODES + 3], top = LN_NOTHING;
    t->source = source;
    t->receptor =
        (qk_plume_receptor){.height_m = flagpole_m, .flagpole_m = flagpole_m, .flat = true};
    t->decay_1_s = decay;
    t->two = source->penetrated > 0;
    t->from = area ? DENSITY : 0;
    t->to = area ? VALUES : t->two ? DENSITY : ALOFT;
    /* one node on either side of what is asked; the lowest is at 1 m */
    t->first = cell_of(fmax(low_m, 1.125), &step);
    int last = cell_of(fmax(high_m, low_m), &step);
    t->cells = last - t->first + 1;
    if (t->cells > QK_PLUME_TABLE_NODES) t->cells = QK_PLUME_TABLE_NODES;
    t->low_m = cell_start(t->first);
    t->high_m = cell_start(t->first + t->cells);
    for (int k = 0; k < t->cells + 3; k++) {
        x[k] = cell_start(t->first - 1 + k);
        make_node(t->node[k], t, x[k]);
        top = fmax(top, axis_of(t, t->node[k]));
    }
    for (int k = 0; k < t->cells; k++) make_cell(t, k);
    memset(t->fine_at, 0, sizeof t->fine_at);
    t->divided = 0;
    t->least = top - LN_IGNORED;
    mark_rough(t, x, top);
}

/* Divides a cell; a kink is a quarter as large then. A node on either side shows what stands at the
 * ends. */
static void divide_cell(qk_plume_table *t, int k)
{
    double inner[FINE + 1][VALUES], low = cell_start(t->first + k);
    double part = (cell_start(t->first + k + 1) - low) / FINE;
    double *n[FINE + 3] = {inner[0], t->node[k + 1], inner[1], inner[2],
                           inner[3], t->node[k + 2], inner[4]};
    static const int place[FINE + 1] = {-1, 1, 2, 3, 5};
    for (int i = 0; i < FINE + 1; i++) make_node(inner[i], t, low + part * place[i]);
    int at = t->divided++;
    t->fine_at[k] = (uint8_t)t->divided;
    memset(t->jump[at], 0, sizeof t->jump[at]);
    /* a kink shows in a third difference wherever it stands, with a third of its size at least */
    double off = 0;
    for (int i = 0; i < FINE; i++) {
        double told[VALUES];
        for (int q = t->from; q < t->to; q++)
            told[q] = n[3][q] + 0.3 * (n[i + 3][q] - 3 * n[i + 2][q] + 3 * n[i + 1][q] - n[i][q]);
        off = fmax(off, error_of(t, told, n[3], t->least));
    }
    if (off > ROUGH) { /* a jump, or steeper than the parts can follow */
        memset(t->jump[at], true, sizeof t->jump[at]);
        return;
    }
    for (int i = 0; i < FINE; i++) fit_cell(t, &t->fine[at][i], n + i, -1, 2);
}

/* The cubics that hold at x, or NULL where the plume must be computed. */
static const qk_plume_cell *cell_at(qk_plume_table *t, double x, double *s)
{
    int k = cell_of(x, s) - t->first;
    if (k < 0 || k >= t->cells) return NULL;
    if (!t->rough[k]) return &t->cell[k];
    if (!t->fine_at[k]) {
        if (t->divided == QK_PLUME_TABLE_DIVIDED) return NULL;
        divide_cell(t, k);
    }
    int part = (int)(*s * FINE), at = t->fine_at[k] - 1;
    *s = *s * FINE - part;
    return t->jump[at][part] ? NULL : &t->fine[at][part];
}

static inline double cubic(const double c[4], double s)
{
    return c[0] + s * (c[1] + s * (c[2] + s * c[3]));
}

static inline double coherent_part(const qk_plume_cell *c, bool two, double s, double y2)
{
    double sum = 0, e = cubic(c->main, s) - y2 * cubic(c->main_k, s);
    if (e > LN_LEAST) sum = qk_plume_exp(e);
    if (!two) return sum;
    e = cubic(c->aloft, s) - y2 * cubic(c->aloft_k, s);
    if (e > LN_LEAST) sum += qk_plume_exp(e);
    return sum;
}

void qk_plume_table_add(double *sum, qk_plume_table *t, double x0, double y0, const double *rx,
                        const double *ry, size_t count, double factor)
{
    const qk_plume_source *src = t->source;
    /* beside the plume: ten sigma_y off, were it twice as wide as at the source */
    double wide = 20 * fmax(0.05, src->at.sigma_v / src->at.u), w2 = wide * wide;
    double rise2 = 8 * src->final_rise_m * src->final_rise_m;
    double own2 = rise2 + 100 * src->sigma_y0_m * src->sigma_y0_m;
    double sine = src->sine, cosine = src->cosine, nearest = fmax(1, qk_plume_exclusion_m(src));
    for (size_t i = 0; i < count; i++) {
        double dx = rx[i] - x0, dy = ry[i] - y0, r = sqrt(dx * dx + dy * dy), s, sx = 0;
        double x = -(dx * sine + dy * cosine), y = dx * cosine - dy * sine, y2 = y * y;
        if (r < nearest) continue;
        bool ahead = x >= 1 && y2 < w2 * x * x + own2;
        const qk_plume_cell *c = cell_at(t, r, &s), *cx = ahead && c ? cell_at(t, x, &sx) : NULL;
        if (!c || (ahead && !cx)) {
            sum[i] += factor * qk_plume_concentration(src, dx, dy, &t->receptor, t->decay_1_s);
            continue;
        }
        double e = cubic(c->pancake, s), value = e > LN_LEAST ? qk_plume_exp(e) : 0;
        if (ahead) value += cubic(c->coherent, s) * coherent_part(cx, t->two, sx, y2);
        sum[i] += factor * value;
    }
}

void qk_plume_table_density(qk_plume_table *t, double x, double *density, double *sigma_y)
{
    double s;
    const qk_plume_cell *cell = cell_at(t, x, &s);
    if (!cell) {
        qk_plume_slice c;
        qk_plume_slice_at(&c, t->source, x, &t->receptor);
        *density = c.main + c.aloft;
        if (t->decay_1_s > 0) *density *= exp(-t->decay_1_s * x / c.wind_m_s);
        *sigma_y = c.sigma_y_m;
        return;
    }
    double e = cubic(cell->density, s);
    *density = e > LN_LEAST ? qk_plume_exp(e) : 0;
    *sigma_y = cubic(cell->sigma_y, s);
}
