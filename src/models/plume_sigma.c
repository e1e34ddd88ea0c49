/* SPDX-License-Identifier: Apache-2.0 */
#include "models/plume_private.h"

/* The two updraught and downdraught Gaussians of the vertical velocity (Weil et al. 1997). */
void plume_velocity_pdf(plume_work *w, double sigma_w)
{
    const double alpha = 5.0 / 13, beta = 5;
    double star = w->p->wstar_m_s, cube = star * star * star;
    double third = w->surface ? 1.25 * cube * w->centroid / w->p->mixing_m : 0.125 * cube;
    double skew = third / (sigma_w * sigma_w * sigma_w);
    double e = sqrt(alpha * alpha * skew * skew + 4 / beta), ratio = sigma_w / star;
    w->a[0] = ratio * 0.5 * (alpha * skew + e);
    w->a[1] = ratio * 0.5 * (alpha * skew - e);
    w->b[0] = 2 * w->a[0];
    w->b[1] = -2 * w->a[1];
    w->lambda[0] = w->a[1] / (w->a[1] - w->a[0]);
    w->lambda[1] = 1 - w->lambda[0];
}

static double buoyant_sigma(double rise)
{
    return 0.4 * rise / M_SQRT2;
}

/* Spread by the turbulence aloft and by the surface layer, before anything is added. */
static double ambient_sigma_z(const qk_plume_source *s, const qk_plume_level *v, double height,
                              double x, bool aloft, bool damp)
{
    const qk_plume_profile *p = s->p;
    double t = x / v->u, sw = v->sigma_w;
    double zt = aloft ? height : larger(larger(s->height_m, height), 1e-4);
    double inverse = 1 / (0.72 * zt);
    if (damp) {
        double n = v->gradient > 0 ? sqrt(QK_GRAVITY * v->gradient / v->theta) : 0;
        inverse += larger(n, QK_LEAST) / (0.54 * sw);
    }
    double elevated = sw * t / sqrt(1 + sw * t * inverse);
    if (height >= p->mixing_m) return elevated;
    double ground = 0, share = height / p->mixing_m;
    if (p->stable) ground = sqrt(2 / M_PI) * p->ustar_m_s * t / cbrt(1 + 0.7 * x / p->obukhov_m);
    return (1 - share) * ground + share * elevated;
}

double plume_sigma_z_stable(const qk_plume_source *s, const qk_plume_level *v, double height,
                            double x, double rise, bool aloft)
{
    double ambient;
    if (aloft) {
        double t = x / v->u;
        ambient = v->sigma_w * t / sqrt(1 + v->sigma_w * t / (0.72 * height));
    } else {
        ambient = ambient_sigma_z(s, v, height, x, false, !s->p->urban_stable);
    }
    double buoyant = buoyant_sigma(rise), own = s->sigma_z0_m;
    return sqrt(ambient * ambient + buoyant * buoyant + own * own);
}

double plume_sigma_y_stable(const qk_plume_profile *p, const qk_plume_level *v, double height,
                            double x)
{
    double intensity = larger(0.05, v->sigma_v / v->u);
    double time = p->mechanical_height_m / (156 * v->sigma_v) * larger(height, 0.46) / 0.46;
    return intensity * x / pow(1 + x / (2 * v->u * time), 0.3);
}

double plume_sigma_y_direct(const qk_plume_source *s, const qk_plume_level *v, double x)
{
    double intensity = larger(0.05, v->sigma_v / v->u);
    double scaled = intensity * x / s->p->mixing_m;
    double alpha = larger(78 * 0.46 / larger(s->height_m, 0.46), 0.7);
    return intensity * x / pow(1 + alpha * scaled, 0.3);
}

void plume_sigma_z_direct(plume_work *w, double wind)
{
    const qk_plume_profile *p = w->p;
    double part = 1, ground = 0, t = w->x / wind;
    if (w->surface) {
        double depth = w->centroid / (0.1 * p->mixing_m);
        part = 0.6 + 0.4 * depth;
        ground = 0.5 * (1 - depth) * p->ustar_m_s * p->ustar_m_s * t * t / fabs(p->obukhov_m);
    }
    double buoyant = buoyant_sigma(w->rise), own = w->s->sigma_z0_m;
    double rest = ground * ground + buoyant * buoyant + own * own;
    for (int j = 0; j < 2; j++) {
        double spread = part * w->b[j] * p->wstar_m_s * t;
        w->sigma_z[j] = w->s->penetrated >= 1 ? 1 : sqrt(spread * spread + rest);
    }
}

/* The lid that reflects a plume in a stable layer: none below what its own spread reaches. */
double plume_lid(const qk_plume_source *s, const qk_plume_level *at, double height, double x,
                 double rise, bool aloft)
{
    double ambient = ambient_sigma_z(s, at, height, x, aloft, true);
    double buoyant = buoyant_sigma(rise), own = s->sigma_z0_m;
    double sigma = sqrt(ambient * ambient + buoyant * buoyant + own * own);
    return larger(s->p->mixing_m, height + QK_LAYER_SIGMAS * sigma);
}
