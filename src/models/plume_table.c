/* SPDX-License-Identifier: Apache-2.0 */
#include "models/plume_table.h"
#include <math.h>
#include <string.h>

#define SQRT_2PI   2.50662827463100050242
#define LN_NOTHING (-120.0)
#define LN_LEAST   (-100.0)
#define LN_IGNORED 14.0 /* below a millionth of the highest axis value a kink does not show */
#define ROUGH      1e-3

enum { STEPS = QK_PLUME_TABLE_STEPS, STEP_BITS = 3, VALUES = 8, CELL_BIAS = 1023 * STEPS };

typedef struct node {
    double v[VALUES]; /* in the order of qk_plume_cell */
} node;

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

static void make_node(node *out, const qk_plume_table *t, double x)
{
    qk_plume_slice c;
    qk_plume_slice_at(&c, t->source, x, &t->receptor);
    double loss = t->decay_1_s > 0 ? t->decay_1_s * x / c.wind_m_s : 0;
    double sum = c.main + c.aloft, sy = c.sigma_y_m, sa = c.sigma_y_aloft_m;
    out->v[0] = ln_of(c.meander * sum / (2 * M_PI * x)) - loss;
    out->v[1] = 1 - c.meander;
    out->v[2] = ln_of(c.main / (SQRT_2PI * sy)) - loss;
    out->v[3] = 1 / (2 * sy * sy);
    out->v[4] = t->two ? ln_of(c.aloft / (SQRT_2PI * sa)) - loss : LN_NOTHING;
    out->v[5] = t->two ? 1 / (2 * sa * sa) : 0;
    out->v[6] = ln_of(sum) - loss;
    out->v[7] = sy;
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

static void make_cell(qk_plume_cell *out, const node n[4], int cell)
{
    int j = ((cell % STEPS) + STEPS) % STEPS;
    double a = j == 0 ? -0.5 : -1, b = j == STEPS - 1 ? 3 : 2;
    double *c = out->pancake;
    for (int q = 0; q < VALUES; q++) {
        double f[4] = {n[0].v[q], n[1].v[q], n[2].v[q], n[3].v[q]};
        fit_cubic(c + (size_t)4 * (size_t)q, a, b, f);
    }
}

_Static_assert(sizeof(qk_plume_cell) == 4 * VALUES * sizeof(double), "a cell is VALUES cubics");

/* The cubic through nodes at p[0], p[1], p[3], p[4], at p[2] (Lagrange). */
static double foretell(const double p[5], const double f[5])
{
    double sum = 0;
    for (int i = 0; i < 5; i++) {
        double term = f[i];
        if (i == 2) continue;
        for (int j = 0; j < 5; j++)
            if (j != i && j != 2) term *= (p[2] - p[j]) / (p[i] - p[j]);
        sum += term;
    }
    return sum;
}

/* Relative error of what the four neighbours two steps apart say of the middle one. */
static double roughness(const node *n, const double *x)
{
    static const int logs[] = {0, 2, 4};
    double p[5], f[5], worst = 0;
    for (int i = 0; i < 5; i++) p[i] = x[i == 0 ? 0 : i == 1 ? 2 : i == 2 ? 3 : i == 3 ? 4 : 6];
    for (int q = 0; q < 3; q++) {
        const int at[5] = {0, 2, 3, 4, 6};
        if (n[3].v[logs[q]] < LN_LEAST / 2) continue;
        for (int i = 0; i < 5; i++) f[i] = n[at[i]].v[logs[q]];
        worst = fmax(worst, fabs(foretell(p, f) - f[2]));
    }
    return worst;
}

static void mark_rough(qk_plume_table *t, const node *n, const double *x, double top)
{
    memset(t->rough, 0, sizeof t->rough);
    for (int k = 3; k < t->cells; k++) { /* nodes of the table begin one before its first cell */
        const node *m = &n[k - 2];
        if (m[3].v[2] < top - LN_IGNORED && m[3].v[4] < top - LN_IGNORED) continue;
        if (roughness(m, x + k - 2) < ROUGH) continue;
        t->rough[k - 1] = true;
        t->rough[k] = true;
    }
}

void qk_plume_table_make(qk_plume_table *t, const qk_plume_source *source, double flagpole_m,
                         double decay, double low_m, double high_m)
{
    double step, x[QK_PLUME_TABLE_NODES + 3], top = LN_NOTHING;
    node n[QK_PLUME_TABLE_NODES + 3];
    t->source = source;
    t->receptor =
        (qk_plume_receptor){.height_m = flagpole_m, .flagpole_m = flagpole_m, .flat = true};
    t->decay_1_s = decay;
    t->two = source->penetrated > 0;
    /* one node on either side of what is asked; the lowest is at 1 m */
    t->first = cell_of(fmax(low_m, 1.125), &step);
    int last = cell_of(fmax(high_m, low_m), &step);
    t->cells = last - t->first + 1;
    if (t->cells > QK_PLUME_TABLE_NODES) t->cells = QK_PLUME_TABLE_NODES;
    t->low_m = cell_start(t->first);
    t->high_m = cell_start(t->first + t->cells);
    for (int k = 0; k < t->cells + 3; k++) {
        x[k] = cell_start(t->first - 1 + k);
        make_node(&n[k], t, x[k]);
        top = fmax(top, fmax(n[k].v[2], n[k].v[4]));
    }
    for (int k = 0; k < t->cells; k++) make_cell(&t->cell[k], n + k, t->first + k);
    mark_rough(t, n, x, top);
}

static inline double cubic(const double c[4], double s)
{
    return c[0] + s * (c[1] + s * (c[2] + s * c[3]));
}

/* exp for (-708, 708), 1 ulp or two, without a call: 2^k times a polynomial on half a step. */
static inline double quick_exp(double v)
{
    const double shift = 0x1.8p52, log2e = 1.4426950408889634074;
    double k = v * log2e + shift;
    uint64_t bits;
    memcpy(&bits, &k, sizeof bits);
    k -= shift;
    double r = v - k * 0x1.62e42fefa3800p-1 - k * 0x1.ef35793c76730p-45;
    double p = 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r + 1;
    p = p * r + 1;
    uint64_t power = (bits + 1023) << 52;
    double scale;
    memcpy(&scale, &power, sizeof scale);
    return p * scale;
}

static inline double coherent_part(const qk_plume_table *t, double x, double y2)
{
    double s, sum = 0;
    const qk_plume_cell *c = &t->cell[cell_of(x, &s) - t->first];
    double e = cubic(c->main, s) - y2 * cubic(c->main_k, s);
    if (e > LN_LEAST) sum = quick_exp(e);
    if (!t->two) return sum;
    e = cubic(c->aloft, s) - y2 * cubic(c->aloft_k, s);
    if (e > LN_LEAST) sum += quick_exp(e);
    return sum;
}

/* Beside a plume so near that even a wide one (sigma_y three times the distance) does not reach it.
 */
static bool beside(double x, double y2)
{
    return y2 > 900 * x * x;
}

void qk_plume_table_add(double *sum, const qk_plume_table *t, double x0, double y0,
                        const double *rx, const double *ry, size_t count, double factor)
{
    const qk_plume_source *src = t->source;
    double sine = src->sine, cosine = src->cosine, nearest = fmax(1, qk_plume_exclusion_m(src));
    for (size_t i = 0; i < count; i++) {
        double dx = rx[i] - x0, dy = ry[i] - y0, r = sqrt(dx * dx + dy * dy), step;
        double x = -(dx * sine + dy * cosine), y = dx * cosine - dy * sine, y2 = y * y;
        if (r < nearest) continue;
        bool ahead = x >= 1 && !beside(x, y2);
        if (r < t->low_m || r >= t->high_m || (ahead && x < t->low_m) ||
            t->rough[cell_of(r, &step) - t->first] ||
            (ahead && t->rough[cell_of(x, &step) - t->first])) {
            sum[i] += factor * qk_plume_concentration(src, dx, dy, &t->receptor, t->decay_1_s);
            continue;
        }
        const qk_plume_cell *c = &t->cell[cell_of(r, &step) - t->first];
        double e = cubic(c->pancake, step), value = e > LN_LEAST ? quick_exp(e) : 0;
        if (ahead) value += cubic(c->coherent, step) * coherent_part(t, x, y2);
        sum[i] += factor * value;
    }
}

void qk_plume_table_density(const qk_plume_table *t, double x, double *density, double *sigma_y)
{
    double s;
    int k = cell_of(x, &s) - t->first;
    if (k < 0 || k >= t->cells || t->rough[k]) {
        qk_plume_slice c;
        qk_plume_slice_at(&c, t->source, x, &t->receptor);
        *density = c.main + c.aloft;
        if (t->decay_1_s > 0) *density *= exp(-t->decay_1_s * x / c.wind_m_s);
        *sigma_y = c.sigma_y_m;
        return;
    }
    double e = cubic(t->cell[k].density, s);
    *density = e > LN_LEAST ? quick_exp(e) : 0;
    *sigma_y = cubic(t->cell[k].sigma_y, s);
}
