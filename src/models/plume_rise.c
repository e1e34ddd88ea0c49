/* SPDX-License-Identifier: Apache-2.0 */
#include "models/plume_private.h"

/* Rise of a bent-over plume that keeps its momentum and buoyancy (Briggs 1984). */
static double rise_free(const qk_plume_source *s, double wind, double x)
{
    double momentum = 3 * s->momentum_flux * x / (QK_ENTRAIN * QK_ENTRAIN * wind * wind);
    double buoyancy =
        3 * s->buoyancy_flux * x * x / (2 * QK_ENTRAIN * QK_ENTRAIN * wind * wind * wind);
    return cbrt(momentum + buoyancy);
}

static double neutral_distance(double buoyancy_flux)
{
    return buoyancy_flux < 55 ? 49 * pow(buoyancy_flux, 0.625) : 119 * pow(buoyancy_flux, 0.4);
}

/* Rise that turbulence ends (Weil 1985). */
static double rise_neutral(const qk_plume_source *s, double wind)
{
    double u = s->p->ustar_m_s, length = s->buoyancy_flux / (wind * u * u);
    return 1.2 * exp(0.6 * log(length) + 0.4 * log(s->effective_height_m + 1.2 * length));
}

/* Share of the plume above the lid by its buoyancy there (Weil 1988); *q the rise over lid height.
 */
static double penetration(const qk_plume_source *s, double gradient, double wind, double *q)
{
    const qk_plume_profile *p = s->p;
    double room = p->mixing_m - s->effective_height_m;
    double strength = wind * (QK_GRAVITY / p->theta_at_mixing) * gradient * room * room * room;
    *q = cbrt(17.576 * s->buoyancy_flux / strength + 0.296296);
    if (*q < 2.0 / 3) return 0;
    return *q > 2 ? 1 : 1.5 - 1 / *q;
}

static double aloft_rise(const qk_plume_source *s, double share, double q)
{
    double room = s->p->mixing_m - s->effective_height_m;
    return (share >= 1 ? q : 0.75 * q + 0.5) * room;
}

static double final_rise(const qk_plume_source *s, double wind, double n)
{
    double fb = s->buoyancy_flux;
    double rise = 2.66 * cbrt(fb / (n * n * wind));
    rise = smaller(rise, rise_neutral(s, wind));
    rise = smaller(rise, rise_free(s, wind, neutral_distance(fb)));
    rise = smaller(rise, 4 * sqrt(sqrt(fb)) / pow(n, 0.75));
    double hs = s->effective_height_m, zi = s->p->mixing_m, q;
    if (s->p->urban_stable && hs < zi && zi <= hs + rise) {
        double share = penetration(s, 0.005, wind, &q);
        if (share > 0) rise = aloft_rise(s, share, q);
    }
    return rise;
}

static double final_distance(const qk_plume_source *s, double wind, double n)
{
    double damped = 0.7 * n;
    return wind / damped * atan2(s->momentum_flux * damped, -s->buoyancy_flux);
}

/* Wind and stability over the layer from the release to half the rise. */
static void layer_to(const qk_plume_source *s, double rise, double *wind, double *n)
{
    qk_plume_level v;
    qk_plume_at(&v, s->p, s->effective_height_m + 0.5 * rise);
    *wind = 0.5 * (s->at.u + v.u);
    double gradient = 0.5 * (s->at.gradient + v.gradient), theta = 0.5 * (s->at.theta + v.theta);
    *n = gradient > 0 ? larger(sqrt(QK_GRAVITY * gradient / theta), QK_LEAST) : QK_LEAST;
}

static void make_final_stable(qk_plume_source *s)
{
    double wind = s->at.u, n = s->stack_n, old = 0;
    double rise = final_rise(s, wind, n);
    bool settled = false;
    s->rise_distance_m = final_distance(s, wind, n);
    for (int i = 0; i < 5 && !settled; i++) {
        old = rise;
        layer_to(s, rise, &wind, &n);
        rise = final_rise(s, wind, n);
        s->rise_distance_m = final_distance(s, wind, n);
        settled = fabs(old - rise) < 0.01 * rise;
    }
    s->final_rise_m = settled ? rise : 0.5 * (old + rise);
}

static void make_final_convective(qk_plume_source *s)
{
    const qk_plume_profile *p = s->p;
    s->rise_distance_m = neutral_distance(s->buoyancy_flux);
    s->final_rise_m = rise_free(s, s->at.u, s->rise_distance_m);
    s->mixed_distance_m = p->mixing_m * p->u_mean / p->sigma_w_mean;
    s->centroid_distance_m = s->rise_distance_m;
    s->centroid_rise_m = s->final_rise_m;
    if (s->mixed_distance_m < 1.25 * s->centroid_distance_m) {
        s->centroid_distance_m = 0.8 * s->mixed_distance_m;
        s->centroid_rise_m = rise_free(s, s->at.u, s->centroid_distance_m);
    }
    double q;
    s->penetrated = penetration(s, p->gradient_above_k_m, s->at.u, &q);
    if (s->penetrated > 0) s->aloft_rise_m = aloft_rise(s, s->penetrated, q);
}

static void make_fluxes(qk_plume_source *s, const qk_plume_stack *stack)
{
    double air = s->at.theta - QK_LAPSE * (stack->height_m + s->p->base_m);
    double gas = stack->temperature_k < 0 ? air - stack->temperature_k : stack->temperature_k;
    double speed = stack->velocity_m_s, d = stack->diameter_m;
    bool tip = stack->kind == QK_PLUME_POINT_CAPPED ||
               (stack->kind == QK_PLUME_POINT && stack->tip_downwash);
    if (stack->kind != QK_PLUME_POINT) {
        d *= sqrt(speed / 0.001);
        speed = 0.001;
    }
    gas = larger(gas, air);
    s->buoyancy_flux = larger(QK_GRAVITY * speed * d * d * (gas - air) / (4 * gas), QK_LEAST);
    s->momentum_flux = larger(speed * speed * d * d * air / (4 * gas), QK_LEAST);
    s->effective_height_m = stack->height_m;
    if (tip && speed < 1.5 * s->at.u)
        s->effective_height_m =
            larger(stack->height_m - 2 * stack->diameter_m * (1.5 - speed / s->at.u), 0);
}

void qk_plume_source_make(qk_plume_source *s, const qk_plume_stack *stack,
                          const qk_plume_profile *p)
{
    *s = (qk_plume_source){.p = p,
                           .base_m = stack->base_m,
                           .height_m = stack->height_m,
                           .effective_height_m = stack->height_m,
                           .sigma_y0_m = stack->sigma_y_m,
                           .sigma_z0_m = stack->sigma_z_m};
    s->convective = !p->stable && stack->height_m < p->mixing_m;
    s->rises = stack->kind < QK_PLUME_VOLUME;
    qk_plume_at(&s->at, p, stack->height_m);
    s->stack_n = QK_LEAST;
    if (!s->convective && s->at.gradient > 0)
        s->stack_n = larger(sqrt(QK_GRAVITY * s->at.gradient / s->at.theta), QK_LEAST);
    if (s->rises) {
        make_fluxes(s, stack);
        s->neutral_rise_m = rise_neutral(s, s->at.u);
        if (s->convective)
            make_final_convective(s);
        else
            make_final_stable(s);
    } else {
        s->mixed_distance_m = p->mixing_m * p->u_mean / p->sigma_w_mean;
    }
    qk_plume_at(&s->final_at, p, s->effective_height_m + s->final_rise_m);
    double height = smaller(4000, stack->height_m + 0.5 * s->final_rise_m);
    s->direction_deg = qk_plume_direction_at(p, height);
    s->cosine = cos(s->direction_deg * (M_PI / 180));
    s->sine = sin(s->direction_deg * (M_PI / 180));
}
