/* SPDX-License-Identifier: Apache-2.0 */
#include "models/plume_private.h"

/* The layer between the plume and the receptor that the plume feels. */
static void effective_layer(qk_plume_level *out, const qk_plume_profile *p, double centre,
                            double sigma, double receptor, bool shallow, double ceiling)
{
    double low, high;
    if (shallow && centre <= 5 && receptor <= 5) {
        low = 0;
        high = smaller(5, p->mixing_m);
    } else if (centre > receptor) {
        low = larger(centre - QK_LAYER_SIGMAS * sigma, receptor);
        high = centre;
    } else {
        low = centre;
        high = smaller(centre + QK_LAYER_SIGMAS * sigma, receptor);
    }
    high = smaller(high, ceiling);
    double theta = out->theta;
    if (ceiling < INFINITY && high <= low)
        qk_plume_at(out, p, p->mixing_m);
    else
        qk_plume_layer_mean(out, p, low, high);
    out->theta = theta;
}

static void make_layer(plume_work *w, const qk_plume_receptor *r)
{
    const qk_plume_source *s = w->s;
    plume_gauss *g = &w->layer;
    w->rise = plume_rise_stable(s, w->x);
    g->height = s->effective_height_m + w->rise;
    if (w->rise == s->final_rise_m)
        g->eff = s->final_at;
    else
        qk_plume_at(&g->eff, w->p, g->height);
    qk_plume_level at = g->eff;
    double sigma = plume_sigma_z_stable(s, &g->eff, g->height, w->x, w->rise, false);
    effective_layer(&g->eff, w->p, g->height, sigma, r->height_m, true, INFINITY);
    g->sigma_z = plume_sigma_z_stable(s, &g->eff, g->height, w->x, w->rise, false);
    double ambient = plume_sigma_y_stable(w->p, &g->eff, g->height, w->x);
    double buoyant = 0.4 * w->rise / M_SQRT2;
    g->sigma_y = sqrt(ambient * ambient + buoyant * buoyant + s->sigma_y0_m * s->sigma_y0_m);
    g->lid = plume_lid(s, &at, g->height, w->x, w->rise, false);
}

static void make_aloft(plume_work *w, const qk_plume_receptor *r)
{
    const qk_plume_source *s = w->s;
    plume_gauss *g = &w->aloft;
    double rise = s->penetrated * w->aloft_rise;
    g->height = s->effective_height_m + w->aloft_rise;
    qk_plume_at(&g->eff, w->p, g->height);
    qk_plume_level at = g->eff;
    double sigma = plume_sigma_z_stable(s, &g->eff, g->height, w->x, rise, true);
    effective_layer(&g->eff, w->p, g->height, sigma, r->height_m, false, INFINITY);
    g->sigma_z = plume_sigma_z_stable(s, &g->eff, g->height, w->x, rise, true);
    double ambient = plume_sigma_y_stable(w->p, &g->eff, g->height, w->x);
    double buoyant = 0.4 * rise / M_SQRT2;
    g->sigma_y = sqrt(ambient * ambient + buoyant * buoyant);
    g->lid = plume_lid(s, &at, g->height, w->x, rise, true);
}

static void set_heights(plume_work *w, double wind)
{
    double base = w->s->effective_height_m + w->rise, t = w->p->wstar_m_s * w->x / wind;
    for (int j = 0; j < 2; j++) {
        w->height[j] = base + w->a[j] * t;
        w->drop_height[j] = w->height[j] - w->indirect_drop;
    }
}

static void make_direct(plume_work *w, const qk_plume_receptor *r)
{
    const qk_plume_source *s = w->s;
    plume_velocity_pdf(w, s->at.sigma_w);
    qk_plume_at(&w->eff, w->p, w->centroid);
    plume_sigma_z_direct(w, w->eff.u);
    double sigma = 0.5 * (w->sigma_z[0] + w->sigma_z[1]);
    effective_layer(&w->eff, w->p, w->centroid, sigma, r->height_m, true, w->p->mixing_m);
    plume_velocity_pdf(w, w->eff.sigma_w);
    set_heights(w, w->eff.u);
    plume_sigma_z_direct(w, w->eff.u);
    double ambient = plume_sigma_y_direct(s, &w->eff, w->x), buoyant = 0.4 * w->rise / M_SQRT2;
    w->sigma_y = sqrt(ambient * ambient + buoyant * buoyant + s->sigma_y0_m * s->sigma_y0_m);
}

/* Share of the horizontal kinetic energy that wanders about a mean wind of little strength. */
static double meander_share(const qk_plume_level *v, double r)
{
    double total = v->u * v->u, random = 2 * v->sigma_v * v->sigma_v;
    double mean2 = total - random;
    if (mean2 < 0.01) mean2 = 0.01;
    double share = (random + mean2 * (1 - qk_plume_exp(-r / (v->u * 86400)))) / total;
    return smaller(larger(share, 0), 1);
}

static void slice_convective(qk_plume_slice *out, plume_work *w, const qk_plume_receptor *r)
{
    const qk_plume_source *s = w->s;
    double p = s->penetrated;
    plume_rise_convective(w);
    make_direct(w, r);
    double main = plume_term_direct(w, r->height_m);
    if (r->height_m != r->flagpole_m) main = 0.5 * (main + plume_term_direct(w, r->flagpole_m));
    out->main = (1 - p) * main / w->eff.u;
    out->sigma_y_m = w->sigma_y;
    out->meander = meander_share(&w->eff, w->x);
    out->wind_m_s = w->eff.u;
    if (p <= 0) return;
    make_aloft(w, r);
    double aloft = plume_term_layer(&w->aloft, r->height_m);
    if (r->height_m != r->flagpole_m)
        aloft = 0.5 * (aloft + plume_term_layer(&w->aloft, r->flagpole_m));
    out->aloft = p * aloft / w->aloft.eff.u;
    out->sigma_y_aloft_m = w->aloft.sigma_y;
    out->meander = p * meander_share(&w->aloft.eff, w->x) + (1 - p) * out->meander;
}

void qk_plume_slice_at(qk_plume_slice *out, const qk_plume_source *s, double x,
                       const qk_plume_receptor *r)
{
    plume_work w = {.s = s, .p = s->p, .x = x};
    *out = (qk_plume_slice){.sigma_y_aloft_m = 1};
    if (s->convective) {
        slice_convective(out, &w, r);
        return;
    }
    make_layer(&w, r);
    double f = plume_hill_weight(&w, r), term = plume_term_layer(&w.layer, r->height_m);
    if (r->height_m != r->flagpole_m)
        term = f * term + (1 - f) * plume_term_layer(&w.layer, r->flagpole_m);
    out->main = term / w.layer.eff.u;
    out->sigma_y_m = w.layer.sigma_y;
    out->meander = meander_share(&w.layer.eff, x);
    out->wind_m_s = w.layer.eff.u;
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

double qk_plume_concentration(const qk_plume_source *s, double dx, double dy,
                              const qk_plume_receptor *r, double decay)
{
    double distance = sqrt(dx * dx + dy * dy), coherent = 0;
    double x = -(dx * s->sine + dy * s->cosine), y = dx * s->cosine - dy * s->sine;
    qk_plume_slice far, at;
    if (distance < qk_plume_exclusion_m(s)) return 0;
    if (distance < 1) return 0;
    qk_plume_slice_at(&far, s, distance, r);
    double pancake = (far.main + far.aloft) / (2 * M_PI * distance);
    if (decay > 0) pancake *= exp(-decay * distance / far.wind_m_s);
    if (x >= 1) {
        qk_plume_slice_at(&at, s, x, r);
        coherent = at.main * crosswind(y, at.sigma_y_m);
        if (at.aloft > 0) coherent += at.aloft * crosswind(y, at.sigma_y_aloft_m);
        if (decay > 0) coherent *= exp(-decay * x / at.wind_m_s);
    }
    return far.meander * pancake + (1 - far.meander) * coherent;
}
