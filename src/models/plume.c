/* SPDX-License-Identifier: Apache-2.0 */
#include "models/plume_exp.h"
#include "models/plume_hill.h"
#include "models/plume_kernel.h"
#include "models/plume_private.h"

const qk_plume_kernel *qk_plume_kernel_pick(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
        return &qk_plume_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &qk_plume_avx2;
#endif
    return &qk_plume_base;
}

static void fill_up(qk_plume_where *at)
{
    for (int i = at->count; i % 8; i++) {
        at->x_m[i] = at->x_m[0];
        at->height_m[i] = at->height_m[0];
        at->flagpole_m[i] = at->flagpole_m[0];
    }
}

static void put_where(qk_plume_where *at, double x, const qk_plume_receptor *r)
{
    int i = at->count++;
    at->x_m[i] = x;
    at->height_m[i] = r->height_m;
    at->flagpole_m[i] = r->flagpole_m;
    at->hilly |= r->height_m != r->flagpole_m;
}

/* receptor[which[i]] stands at entry i. */
static void make_slices(qk_plume_slices *out, const qk_plume_source *s, qk_plume_where *at,
                        const qk_plume_receptor *receptor, const int *which)
{
    fill_up(at);
    qk_plume_kernel_pick()->slices(out, s, at);
    if (!at->hilly || s->convective) return;
    for (int i = 0; i < at->count; i++) {
        qk_plume_hill g = {out->height_m[i], out->sigma_z_m[i], out->lid_m[i]};
        double f = qk_plume_hill_weight(s, &g, &receptor[which[i]]);
        out->main[i] = f * out->main[i] + (1 - f) * out->straight_main[i];
    }
}

void qk_plume_slice_at(qk_plume_slice *out, const qk_plume_source *s, double x,
                       const qk_plume_receptor *r)
{
    qk_plume_where at = {.count = 0};
    qk_plume_slices made;
    const int first = 0;
    put_where(&at, x, r);
    make_slices(&made, s, &at, r, &first);
    *out = (qk_plume_slice){made.main[0],      made.aloft[0],
                            made.sigma_y_m[0], made.sigma_y_aloft_m[0],
                            made.meander[0],   made.wind_m_s[0]};
}

double qk_plume_exclusion_m(const qk_plume_source *s)
{
    return s->rises ? 0.99 : QK_LAYER_SIGMAS * s->sigma_y0_m + 0.99;
}

static double crosswind(double y, double sigma)
{
    double t = y / sigma, e = -0.5 * t * t;
    return e > QK_EXPONENT_LEAST ? qk_plume_exp(e) / (QK_SQRT_2PI * sigma) : 0;
}

/* The meandering parts; *which tells whose they are, out of p. */
static void put_meander(qk_plume_points *p, double *weight, int *which)
{
    qk_plume_where at = {.count = 0};
    qk_plume_slices far = {.main = {0}};
    double nearest = larger(1, qk_plume_exclusion_m(p->source)), distance[QK_PLUME_BATCH] = {0};
    for (int i = 0; i < p->count; i++) {
        distance[i] = sqrt(p->dx_m[i] * p->dx_m[i] + p->dy_m[i] * p->dy_m[i]);
        *p->to[i] = weight[i] = 0;
        if (distance[i] < nearest) continue;
        which[at.count] = i;
        put_where(&at, distance[i], &p->receptor[i]);
    }
    if (at.count == 0) return;
    make_slices(&far, p->source, &at, p->receptor, which);
    for (int j = 0; j < at.count; j++) {
        int i = which[j];
        double pancake = (far.main[j] + far.aloft[j]) / (2 * M_PI * distance[i]);
        if (p->decay_1_s > 0) pancake *= exp(-p->decay_1_s * distance[i] / far.wind_m_s[j]);
        *p->to[i] = far.meander[j] * pancake;
        weight[i] = 1 - far.meander[j];
    }
}

static void add_coherent(qk_plume_points *p, const double *weight, int *which)
{
    const qk_plume_source *s = p->source;
    qk_plume_where at = {.count = 0};
    qk_plume_slices c;
    for (int i = 0; i < p->count; i++) {
        double x = -(p->dx_m[i] * s->sine + p->dy_m[i] * s->cosine);
        if (x < 1 || weight[i] <= 0) continue;
        which[at.count] = i;
        put_where(&at, x, &p->receptor[i]);
    }
    if (at.count == 0) return;
    make_slices(&c, s, &at, p->receptor, which);
    for (int j = 0; j < at.count; j++) {
        int i = which[j];
        double y = p->dx_m[i] * s->cosine - p->dy_m[i] * s->sine;
        double coherent = c.main[j] * crosswind(y, c.sigma_y_m[j]);
        if (c.aloft[j] > 0) coherent += c.aloft[j] * crosswind(y, c.sigma_y_aloft_m[j]);
        if (p->decay_1_s > 0) coherent *= exp(-p->decay_1_s * at.x_m[j] / c.wind_m_s[j]);
        *p->to[i] += weight[i] * coherent;
    }
}

void qk_plume_points_end(qk_plume_points *p)
{
    double weight[QK_PLUME_BATCH] = {0};
    int which[QK_PLUME_BATCH] = {0};
    put_meander(p, weight, which);
    add_coherent(p, weight, which);
    p->count = 0;
}

void qk_plume_points_begin(qk_plume_points *p, const qk_plume_source *source, double decay)
{
    p->source = source;
    p->decay_1_s = decay;
    p->count = 0;
}

void qk_plume_points_put(qk_plume_points *p, double dx, double dy, const qk_plume_receptor *r,
                         double *to)
{
    int i = p->count++;
    p->dx_m[i] = dx;
    p->dy_m[i] = dy;
    p->receptor[i] = *r;
    p->to[i] = to;
    if (p->count == QK_PLUME_BATCH) qk_plume_points_end(p);
}

double qk_plume_concentration(const qk_plume_source *s, double dx, double dy,
                              const qk_plume_receptor *r, double decay)
{
    qk_plume_points p;
    double value;
    qk_plume_points_begin(&p, s, decay);
    qk_plume_points_put(&p, dx, dy, r, &value);
    qk_plume_points_end(&p);
    return value;
}
