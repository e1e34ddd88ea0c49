/* SPDX-License-Identifier: Apache-2.0 */
#include "models/plume_kernel_private.h"
#include "models/plume_private.h"

enum { GROUPS = QK_PLUME_BATCH / LANES };

/* Numbers of the source and of the hour that every distance needs. */
typedef struct frame {
    const qk_plume_source *s;
    const qk_plume_profile *p;
    lanes x;
    lanes receptor, flagpole; /* heights */
    bool ground, hilly;       /* all receptors on the ground; the two heights differ */
} frame;

typedef struct level {
    lanes u, sigma_v, sigma_w, gradient, theta;
    lanes slow; /* 1 / u */
} level;

typedef struct place {
    const double *row;
    masks at; /* first entry of the row */
    lanes above;
} place;

static inline place locate(const qk_plume_profile *p, lanes z)
{
    lanes f = 56 + (z - 2000) * 0.01;
    f = pick(z < splat(2000), 20 + (z - 200) * 0.02, f);
    f = pick(z < splat(200), 15 + (z - 100) * 0.05, f);
    f = pick(z < splat(100), 7 + (z - 20) * 0.1, f);
    /* to the nearest of a half less: on a level either of its rows will do */
    f = at_most(f, QK_PLUME_LEVELS - 1.25) - 0.5 + LANES_SHIFT;
    masks low = (z >= splat(0.5)) + (z >= splat(1)) + (z >= splat(2)) + (z >= splat(4)) +
                (z >= splat(8)) + (z >= splat(14)); /* minus the count */
    masks i = (masks)pick(z < splat(20), (lanes)-low, (lanes)((masks)f & 127));
    place out = {.row = &p->row[0][0], .at = i * QK_PLUME_ROW};
    out.above = z - gather(out.row + QK_PLUME_ROW_HEIGHT, out.at);
    return out;
}

static inline lanes value_at(const place *w, int quantity)
{
    lanes v = gather(w->row + QK_PLUME_ROW_VALUE + quantity, w->at);
    return v + w->above * gather(w->row + QK_PLUME_ROW_SLOPE + quantity, w->at);
}

static inline lanes integral_at(const place *w, int quantity)
{
    lanes v = gather(w->row + QK_PLUME_ROW_VALUE + quantity, w->at);
    lanes slope = gather(w->row + QK_PLUME_ROW_SLOPE + quantity, w->at);
    return gather(w->row + QK_PLUME_ROW_INTEGRAL + quantity, w->at) +
           w->above * (v + 0.5 * w->above * slope);
}

static inline void put_floors(level *v)
{
    v->u = at_least(v->u, QK_PLUME_WIND_MIN);
    v->sigma_v =
        larger_of(v->sigma_v, at_least(QK_PLUME_SIGMA_V_SHARE * v->u, QK_PLUME_SIGMA_V_MIN));
    v->sigma_w = at_least(v->sigma_w, QK_PLUME_SIGMA_W_MIN);
    v->slow = inverse_of(v->u);
}

static inline level level_at(const qk_plume_profile *p, lanes z)
{
    place w = locate(p, z);
    level v = {.u = value_at(&w, 0),
               .sigma_v = value_at(&w, 1),
               .sigma_w = value_at(&w, 2),
               .gradient = value_at(&w, 3),
               .theta = value_at(&w, 4)};
    put_floors(&v);
    return v;
}

static inline level level_of(const qk_plume_level *v)
{
    return (level){splat(v->u),        splat(v->sigma_v), splat(v->sigma_w),
                   splat(v->gradient), splat(v->theta),   splat(1 / v->u)};
}

static inline level pick_level(masks m, const level *a, const level *b)
{
    return (level){pick(m, a->u, b->u),
                   pick(m, a->sigma_v, b->sigma_v),
                   pick(m, a->sigma_w, b->sigma_w),
                   pick(m, a->gradient, b->gradient),
                   pick(m, a->theta, b->theta),
                   pick(m, a->slow, b->slow)};
}

/* Means over a layer of wind, sigma_v, sigma_w and (thermal) gradient, floors applied. */
static inline level layer_mean(const qk_plume_profile *p, lanes low, lanes high, bool thermal)
{
    low = at_least(low, 0.5);
    high = at_least(high, 0.51);
    place a = locate(p, low), b = locate(p, high);
    masks inside = a.at == b.at; /* linear there: the middle, without cancellation */
    level v;
    v.u = v.sigma_v = v.sigma_w = v.gradient = v.theta = splat(0);
    if (any_of(inside)) {
        place mid = a;
        mid.above = 0.5 * (a.above + b.above);
        v.u = value_at(&mid, 0);
        v.sigma_v = value_at(&mid, 1);
        v.sigma_w = value_at(&mid, 2);
        if (thermal) v.gradient = value_at(&mid, 3);
    }
    if (any_of(~inside)) {
        lanes inverse = inverse_of(pick(inside, splat(1), high - low));
        v.u = pick(inside, v.u, (integral_at(&b, 0) - integral_at(&a, 0)) * inverse);
        v.sigma_v = pick(inside, v.sigma_v, (integral_at(&b, 1) - integral_at(&a, 1)) * inverse);
        v.sigma_w = pick(inside, v.sigma_w, (integral_at(&b, 2) - integral_at(&a, 2)) * inverse);
        if (thermal)
            v.gradient =
                pick(inside, v.gradient, (integral_at(&b, 3) - integral_at(&a, 3)) * inverse);
    }
    put_floors(&v);
    return v;
}

/* The layer between the plume and the receptor that the plume feels. */
static inline void effective_layer(lanes *low, lanes *high, const frame *f, lanes centre,
                                   lanes sigma, bool shallow)
{
    lanes reach = QK_LAYER_SIGMAS * sigma;
    masks over = centre > f->receptor;
    *low = pick(over, larger_of(centre - reach, f->receptor), centre);
    *high = pick(over, centre, smaller_of(centre + reach, f->receptor));
    if (!shallow) return;
    masks both = (centre <= splat(5)) & (f->receptor <= splat(5));
    *low = pick(both, splat(0), *low);
    *high = pick(both, at_most(splat(5), f->p->mixing_m), *high);
}

/* Rise of a bent-over plume that keeps its momentum and buoyancy (Briggs 1984). */
static inline lanes rise_free(const qk_plume_source *s, lanes x)
{
    double wind = s->at.u, pull = 3 / (QK_ENTRAIN * QK_ENTRAIN * wind * wind);
    return lanes_cbrt(x * (s->momentum_flux * pull + x * (0.5 * s->buoyancy_flux * pull / wind)));
}

/* Rise that turbulence ends (Weil 1985). */
static inline lanes rise_neutral(const qk_plume_source *s, lanes wind)
{
    double u = s->p->ustar_m_s;
    lanes length = over(splat(s->buoyancy_flux), wind * (u * u));
    return 1.2 * lanes_exp(0.6 * lanes_log(length) +
                           0.4 * lanes_log(s->effective_height_m + 1.2 * length));
}

static inline lanes rise_on_the_way(const qk_plume_source *s, lanes x, lanes wind, lanes n)
{
    lanes damped = 0.7 * n, sine, cosine;
    double fb = s->buoyancy_flux;
    lanes phase = at_most(over(damped * x, wind), M_PI), momentum = s->momentum_flux * damped;
    lanes_sincos(phase, &sine, &cosine);
    /* no further than the phase of final rise, whose tangent is -momentum / fb */
    masks past = (phase > splat(M_PI_2)) & (sine * fb + cosine * momentum < splat(0));
    if (any_of(past)) {
        lanes radius;
        (void)roots_of(momentum * momentum + fb * fb, &radius);
        sine = pick(past, momentum * radius, sine);
        cosine = pick(past, -fb * radius, cosine);
    }
    lanes swing = momentum * (1 / fb) * sine, bracket = swing + 1 - cosine;
    bracket = pick(bracket > splat(0), bracket, swing);
    lanes rise = 2.66 * lanes_cbrt(over(fb * at_least(bracket, 1e-300), n * n * wind));
    rise = at_most(rise, s->final_rise_m);
    /* it falls no faster than the wind grows: most often it need not be known */
    masks free = rise * at_least(wind, s->at.u) < splat(s->neutral_rise_m * s->at.u);
    if (!any_of(~free)) return rise;
    return pick(free, rise, smaller_of(rise, rise_neutral(s, wind)));
}

static inline lanes frequency(lanes gradient, lanes theta)
{
    return at_least(lanes_sqrt(over(QK_GRAVITY * gradient, theta)), QK_LEAST);
}

/* Wind and stability over the layer from the release to half the rise. */
static inline void layer_to(const qk_plume_source *s, lanes rise, lanes *wind, lanes *n)
{
    place w = locate(s->p, s->effective_height_m + 0.5 * rise);
    *wind = 0.5 * (s->at.u + at_least(value_at(&w, 0), QK_PLUME_WIND_MIN));
    *n = frequency(s->at.gradient + value_at(&w, 3), s->at.theta + value_at(&w, 4));
}

/* What a plume in a stable layer carries from one sigma to the next. */
typedef struct spread {
    lanes x;
    lanes share;   /* of the turbulence aloft */
    lanes ground;  /* sigma_z of the surface layer is this x/u */
    lanes limit;   /* 1 / (0.72 zt) */
    lanes own;     /* squares of what is added: buoyancy, initial size */
    lanes buoyant; /* square, by the rise */
    bool deep;     /* the surface layer counts nowhere */
} spread;

static inline spread spread_of(const frame *f, lanes height, lanes buoyant_rise, bool aloft)
{
    const qk_plume_source *s = f->s;
    const qk_plume_profile *p = f->p;
    lanes zt = aloft ? height : at_least(height, larger(s->height_m, 1e-4));
    lanes buoyant = (0.4 / M_SQRT2) * buoyant_rise;
    spread out;
    out.x = f->x;
    out.limit = inverse_of(0.72 * zt);
    out.buoyant = buoyant * buoyant;
    out.own = out.buoyant + s->sigma_z0_m * s->sigma_z0_m;
    out.share = at_most(height * (1 / p->mixing_m), 1);
    masks under = out.share < splat(1);
    out.deep = !any_of(under);
    out.ground = splat(0);
    if (!p->stable || out.deep) return out;
    lanes slow = inverse_of(lanes_cbrt(1 + (0.7 / p->obukhov_m) * f->x));
    out.ground = (1 - out.share) * (sqrt(2 / M_PI) * p->ustar_m_s) * slow;
    return out;
}

/* Vertical spread by the turbulence aloft and by the surface layer, with all that is added.
 * layered: the surface layer counts; damped: so does stability. */
static inline lanes sigma_z(const spread *w, const level *v, bool layered, bool damped)
{
    lanes t = w->x * v->slow, reach = v->sigma_w * t, inverse = w->limit;
    if (damped) inverse += over(frequency(v->gradient, v->theta), 0.54 * v->sigma_w);
    lanes ambient;
    (void)roots_of(1 + reach * inverse, &ambient);
    ambient *= reach;
    if (layered) ambient = w->ground * t + w->share * ambient;
    return lanes_sqrt(ambient * ambient + w->own);
}

/* v to the power -0.3. */
static inline lanes slowing(lanes v)
{
    return lanes_exp(-0.3 * lanes_log(v));
}

static inline lanes sigma_y_stable(const qk_plume_profile *p, const level *v, lanes height, lanes x)
{
    lanes intensity = at_least(v->sigma_v * v->slow, 0.05);
    double scale = 156 * 0.46 / (2 * p->mechanical_height_m);
    lanes delay = over(scale * x * v->sigma_v * v->slow, at_least(height, 0.46));
    return intensity * x * slowing(1 + delay);
}

/* Share of the horizontal kinetic energy that wanders about a mean wind of little strength. */
static inline lanes meander_share(const level *v, lanes r)
{
    lanes total = v->u * v->u, random = 2 * v->sigma_v * v->sigma_v;
    lanes mean2 = at_least(total - random, 0.01);
    lanes lasting = at_least(r * v->slow * (-1 / 86400.0), -600);
    lanes share = (random + mean2 * (1 - lanes_exp(lasting))) * v->slow * v->slow;
    return at_most(at_least(share, 0), 1);
}

static inline lanes gauss(lanes distance, lanes inverse_sigma)
{
    lanes t = distance * inverse_sigma, e = -0.5 * t * t;
    masks near = e > splat(QK_EXPONENT_LEAST);
    return any_of(near) ? keep(near, lanes_exp(at_least(e, QK_EXPONENT_LEAST))) : splat(0);
}

enum { IMAGES_MAX = 200 };

/* Of a Gaussian plume at height h between the ground and its lid, at z. */
static lanes term_layer(lanes h, lanes lid, lanes sigma, lanes z, bool ground)
{
    lanes inverse = inverse_of(sigma), sum;
    if (!ground) { /* below the foot: the ground lies lower by as much */
        lanes lift = at_least(-z, 0);
        h += lift;
        lid += lift;
        z = at_least(z, 0);
        sum = gauss(z - h, inverse) + gauss(z + h, inverse);
    } else {
        sum = 2 * gauss(h, inverse);
    }
    masks open = z <= lid;
    for (int i = 1; i < IMAGES_MAX && any_of(open); i++) {
        lanes top = (2.0 * i) * lid, term;
        if (ground)
            term = 2 * (gauss(top - h, inverse) + gauss(top + h, inverse));
        else
            term = gauss(z - (top - h), inverse) + gauss(z + (top - h), inverse) +
                   gauss(z - (top + h), inverse) + gauss(z + (top + h), inverse);
        sum += keep(open, term);
        open &= term > 1e-6 * sum;
    }
    return sum * inverse * (1 / QK_SQRT_2PI);
}

/* The two Gaussians of a plume in convection. */
typedef struct pair {
    lanes height[2], inverse[2], factor[2];
} pair;

static inline lanes image(const pair *k, const lanes *height, lanes z, lanes shift, bool ground)
{
    lanes sum = splat(0);
    for (int j = 0; j < 2; j++) {
        lanes h = shift + height[j];
        if (ground)
            sum += 2 * k->factor[j] * gauss(h, k->inverse[j]);
        else
            sum += k->factor[j] * (gauss(z - h, k->inverse[j]) + gauss(z + h, k->inverse[j]));
    }
    return sum;
}

/* Images one after the other, up or down by twice the lid's height, until they no longer count. */
static inline lanes images(const pair *k, const lanes *height, lanes sum, lanes z, lanes zi,
                           double way, bool ground)
{
    masks open = z <= zi;
    for (int i = 1; i < IMAGES_MAX && any_of(open); i++) {
        lanes term = keep(open, image(k, height, z, (way * i) * zi, ground));
        sum += term;
        open &= term > 1e-6 * sum;
    }
    return sum;
}

/* Direct plume and, under the lid, the indirect one that lies `drop` lower. */
static lanes term_direct(const pair *given, lanes drop, double mixing, lanes z, bool ground)
{
    pair k = *given;
    lanes low[2], zi = splat(mixing);
    masks under = z <= zi;
    if (!ground) {
        lanes lift = at_least(-z, 0);
        zi += lift;
        z = at_least(z, 0);
        for (int j = 0; j < 2; j++) k.height[j] += lift;
    }
    for (int j = 0; j < 2; j++) low[j] = k.height[j] - drop;
    lanes sum = image(&k, k.height, z, splat(0), ground);
    sum = images(&k, k.height, sum, z, zi, 2, ground);
    lanes indirect = images(&k, low, splat(0), z, zi, -2, ground);
    return keep(under, sum + indirect) * (1 / QK_SQRT_2PI);
}

/* A plume in a stable layer: its own, or (aloft) what has penetrated into one. */
typedef struct layer {
    lanes height, rise;
    level at; /* the plume's height */
    level eff;
    lanes sigma_z, sigma_y, lid;
} layer;

/* From height, rise and the level there to the rest. Step by step through all groups, since each
 * step waits for the one before. */
static void make_layers(layer *out, const frame *f, int groups, bool aloft)
{
    const qk_plume_source *s = f->s;
    spread w[GROUPS];
    lanes low[GROUPS], high[GROUPS];
    bool damped = !aloft && !f->p->urban_stable;
    double own = aloft ? 0 : s->sigma_y0_m;
    for (int k = 0; k < groups; k++) w[k] = spread_of(&f[k], out[k].height, out[k].rise, aloft);
    for (int k = 0; k < groups; k++) {
        layer *g = &out[k];
        /* without layers below the plume share is 1 and ground 0 */
        bool layered = !w[k].deep;
        lanes far = sigma_z(&w[k], &g->at, layered, true);
        lanes sigma = damped ? far : sigma_z(&w[k], &g->at, layered && !aloft, false);
        effective_layer(&low[k], &high[k], &f[k], g->height, sigma, !aloft);
        g->lid = at_least(g->height + QK_LAYER_SIGMAS * far, f->p->mixing_m);
    }
    for (int k = 0; k < groups; k++) {
        out[k].eff = layer_mean(f->p, low[k], high[k], true);
        out[k].eff.theta = out[k].at.theta;
    }
    for (int k = 0; k < groups; k++)
        out[k].sigma_z = sigma_z(&w[k], &out[k].eff, !w[k].deep && !aloft, damped);
    for (int k = 0; k < groups; k++) {
        lanes ambient = sigma_y_stable(f->p, &out[k].eff, out[k].height, f[k].x);
        out[k].sigma_y = lanes_sqrt(ambient * ambient + w[k].buoyant + own * own);
    }
}

/* Rise of a plume that is still on its way in some group. */
typedef struct climb {
    lanes old, rise;
    masks rising, open;
} climb;

static inline void climb_on(climb *c, const qk_plume_source *s, lanes x, bool early)
{
    lanes wind, n;
    layer_to(s, c->rise, &wind, &n);
    lanes next = rise_on_the_way(s, x, wind, n), step = next - c->rise;
    c->old = pick(c->open, c->rise, c->old);
    c->rise = pick(c->open, next, c->rise);
    if (!early) c->open &= larger_of(step, -step) >= 0.001 * next;
}

/* A step of each group after the other, so that one is worked on while another waits. */
static void rise_stable(layer *out, const frame *f, int groups)
{
    const qk_plume_source *s = f->s;
    climb c[GROUPS];
    int way[GROUPS], count = 0; /* groups on their way */
    for (int k = 0; k < groups; k++) {
        masks rising = f[k].x < splat(s->rise_distance_m);
        out[k].rise = splat(s->rises ? s->final_rise_m : 0);
        if (!s->rises || !any_of(rising)) continue;
        lanes first = rise_on_the_way(s, f[k].x, splat(s->at.u), splat(s->stack_n));
        c[count] = (climb){splat(0), first, rising, rising};
        way[count++] = k;
    }
    for (int i = 1; i <= 10; i++)
        for (int j = 0; j < count; j++)
            if (any_of(c[j].open)) climb_on(&c[j], s, f[way[j]].x, i < 5);
    for (int j = 0; j < count; j++) {
        lanes r = pick(c[j].open, 0.5 * (c[j].old + c[j].rise), c[j].rise);
        r = at_most(smaller_of(r, rise_free(s, f[way[j]].x)), s->final_rise_m);
        out[way[j]].rise = pick(c[j].rising, r, splat(s->final_rise_m));
    }
}

static inline void put_stable(qk_plume_slices *out, int i, const frame *f, const layer *g)
{
    lanes over = g->eff.slow;
    lanes main = term_layer(g->height, g->lid, g->sigma_z, f->receptor, f->ground) * over;
    lanes straight = main;
    if (f->hilly) straight = term_layer(g->height, g->lid, g->sigma_z, f->flagpole, false) * over;
    store(out->main + i, main);
    store(out->straight_main + i, straight);
    store(out->sigma_y_m + i, g->sigma_y);
    store(out->meander + i, meander_share(&g->eff, f->x));
    store(out->wind_m_s + i, g->eff.u);
    store(out->height_m + i, g->height);
    store(out->sigma_z_m + i, g->sigma_z);
    store(out->lid_m + i, g->lid);
    store(out->aloft + i, splat(0));
    store(out->sigma_y_aloft_m + i, splat(1));
}

static void slice_stable(qk_plume_slices *out, const frame *f, int groups)
{
    const qk_plume_source *s = f->s;
    layer made[GROUPS];
    rise_stable(made, f, groups);
    for (int k = 0; k < groups; k++) {
        layer *g = &made[k];
        g->height = s->effective_height_m + g->rise;
        masks final = g->rise == splat(s->final_rise_m);
        g->at = level_of(&s->final_at);
        if (!any_of(~final)) continue;
        level way = level_at(f->p, g->height);
        g->at = pick_level(final, &g->at, &way);
    }
    make_layers(made, f, groups, false);
    for (int k = 0; k < groups; k++) put_stable(out, k * LANES, &f[k], &made[k]);
}

/* A convective plume on its way. */
typedef struct direct {
    lanes centroid, rise, drop;
    masks surface;    /* centroid in the surface layer */
    lanes a[2], b[2]; /* of the bi-Gaussian vertical velocity */
    lanes lambda[2];  /* weights */
    lanes sigma_z[2];
} direct;

/* Height of the centre of mass on its way to the middle of the mixed layer. */
static inline lanes centroid_at(const qk_plume_source *s, lanes x, lanes rise)
{
    double zi = s->p->mixing_m, hs = s->effective_height_m;
    double from = smaller(hs + s->centroid_rise_m, zi), room = s->mixed_distance_m;
    double slope = 0;
    if (room > s->centroid_distance_m) slope = (0.5 * zi - from) / (room - s->centroid_distance_m);
    lanes c = from + slope * (x - s->centroid_distance_m);
    c = pick(x >= splat(room), splat(0.5 * zi), c);
    return pick(x < splat(s->centroid_distance_m), at_most(hs + rise, zi), c);
}

/* The two updraught and downdraught Gaussians of the vertical velocity (Weil et al. 1997).
 * cube_w: 1 / sigma_w^3. */
static inline void velocity_pdf(direct *w, const qk_plume_profile *p, lanes sigma_w, lanes cube_w)
{
    const double alpha = 5.0 / 13, beta = 5;
    double star = p->wstar_m_s, cube = star * star * star;
    lanes third = pick(w->surface, (1.25 * cube / p->mixing_m) * w->centroid, splat(0.125 * cube));
    lanes skew = alpha * third * cube_w;
    lanes e = lanes_sqrt(skew * skew + 4 / beta), half = sigma_w * (0.5 / star);
    w->a[0] = half * (skew + e);
    w->a[1] = half * (skew - e);
    w->b[0] = 2 * w->a[0];
    w->b[1] = -2 * w->a[1];
    w->lambda[0] = over(w->a[1], w->a[1] - w->a[0]);
    w->lambda[1] = 1 - w->lambda[0];
}

static inline void sigma_z_direct(direct *w, const frame *f, lanes slow)
{
    const qk_plume_profile *p = f->p;
    lanes t = f->x * slow, part = splat(1), ground = splat(0);
    if (any_of(w->surface)) {
        lanes depth = w->centroid * (10 / p->mixing_m);
        double friction = 0.5 * p->ustar_m_s * p->ustar_m_s / fabs(p->obukhov_m);
        part = pick(w->surface, 0.6 + 0.4 * depth, part);
        ground = keep(w->surface, (1 - depth) * friction * t * t);
    }
    lanes buoyant = (0.4 / M_SQRT2) * w->rise;
    lanes rest = ground * ground + buoyant * buoyant + f->s->sigma_z0_m * f->s->sigma_z0_m;
    for (int j = 0; j < 2; j++) {
        lanes reach = part * w->b[j] * p->wstar_m_s * t;
        w->sigma_z[j] = f->s->penetrated >= 1 ? splat(1) : lanes_sqrt(reach * reach + rest);
    }
}

static inline lanes sigma_y_direct(const frame *f, const level *v, lanes rise)
{
    const qk_plume_source *s = f->s;
    lanes reach = at_least(v->sigma_v * v->slow, 0.05) * f->x, buoyant = (0.4 / M_SQRT2) * rise;
    double alpha = larger(78 * 0.46 / larger(s->height_m, 0.46), 0.7);
    lanes ambient = reach * slowing(1 + (alpha / f->p->mixing_m) * reach);
    return lanes_sqrt(ambient * ambient + buoyant * buoyant + s->sigma_y0_m * s->sigma_y0_m);
}

static inline void begin_direct(direct *w, const frame *f)
{
    const qk_plume_source *s = f->s;
    double zi = f->p->mixing_m, star = f->p->wstar_m_s, wind = s->at.u;
    w->rise = w->drop = splat(0);
    if (s->rises) {
        w->rise = rise_free(s, f->x);
        double room = 0.4 * (zi - s->effective_height_m);
        lanes time = f->x * (1 / wind);
        lanes width = room * room + (0.25 * 0.1 * 2.3 * sqrt(2.3) * star * star) * time * time;
        w->drop = lanes_sqrt(over(splat(2 * s->buoyancy_flux * zi / (1.4 * wind)), width)) * time;
    }
    w->centroid = centroid_at(s, f->x, w->rise);
    w->surface = w->centroid < splat(0.1 * zi);
}

static inline lanes direct_term(const frame *f, const direct *w, const level *eff)
{
    pair k;
    lanes base = f->s->effective_height_m + w->rise, t = f->p->wstar_m_s * f->x * eff->slow;
    for (int j = 0; j < 2; j++) {
        k.height[j] = base + w->a[j] * t;
        k.inverse[j] = inverse_of(w->sigma_z[j]);
        k.factor[j] = w->lambda[j] * k.inverse[j];
    }
    double zi = f->p->mixing_m;
    lanes term = term_direct(&k, w->drop, zi, f->receptor, f->ground);
    if (f->hilly) term = 0.5 * (term + term_direct(&k, w->drop, zi, f->flagpole, false));
    return term;
}

/* The layer that the direct plume feels. */
static inline void layer_direct(lanes *low, lanes *high, const frame *f, direct *w)
{
    const qk_plume_profile *p = f->p;
    double sw = f->s->at.sigma_w;
    velocity_pdf(w, p, splat(sw), splat(1 / (sw * sw * sw)));
    place c = locate(p, w->centroid);
    sigma_z_direct(w, f, inverse_of(at_least(value_at(&c, 0), QK_PLUME_WIND_MIN)));
    effective_layer(low, high, f, w->centroid, 0.5 * (w->sigma_z[0] + w->sigma_z[1]), true);
    *high = at_most(*high, p->mixing_m);
}

static inline level effective_direct(const qk_plume_profile *p, lanes low, lanes high)
{
    masks none = high <= low;
    level eff = layer_mean(p, low, high, false);
    if (any_of(none)) {
        qk_plume_level lid;
        qk_plume_at(&lid, p, p->mixing_m);
        level top = level_of(&lid);
        eff = pick_level(none, &top, &eff);
    }
    return eff;
}

static void put_aloft(qk_plume_slices *out, const frame *f, int groups)
{
    const qk_plume_source *s = f->s;
    double p = s->penetrated, height = s->effective_height_m + s->aloft_rise_m;
    layer made[GROUPS];
    qk_plume_level here;
    qk_plume_at(&here, f->p, height);
    for (int k = 0; k < groups; k++)
        made[k] = (layer){
            .height = splat(height), .rise = splat(p * s->aloft_rise_m), .at = level_of(&here)};
    make_layers(made, f, groups, true);
    for (int k = 0; k < groups; k++) {
        const layer *g = &made[k];
        int i = k * LANES;
        lanes term = term_layer(g->height, g->lid, g->sigma_z, f[k].receptor, f[k].ground);
        if (f->hilly)
            term = 0.5 * (term + term_layer(g->height, g->lid, g->sigma_z, f[k].flagpole, false));
        lanes meander = p * meander_share(&g->eff, f[k].x) + (1 - p) * load(out->meander + i);
        store(out->aloft + i, p * term * g->eff.slow);
        store(out->sigma_y_aloft_m + i, g->sigma_y);
        store(out->meander + i, meander);
    }
}

static inline void put_direct(qk_plume_slices *out, int i, const frame *f, const direct *w,
                              const level *eff)
{
    const qk_plume_source *s = f->s;
    lanes main = splat(0);
    if (s->penetrated < 1) main = (1 - s->penetrated) * direct_term(f, w, eff) * eff->slow;
    store(out->main + i, main);
    store(out->straight_main + i, main);
    store(out->sigma_y_m + i, sigma_y_direct(f, eff, w->rise));
    store(out->wind_m_s + i, eff->u);
    store(out->aloft + i, splat(0));
    store(out->sigma_y_aloft_m + i, splat(1));
    store(out->meander + i, meander_share(eff, f->x));
}

static void slice_convective(qk_plume_slices *out, const frame *f, int groups)
{
    direct w[GROUPS];
    lanes low[GROUPS], high[GROUPS];
    level eff[GROUPS];
    for (int g = 0; g < groups; g++) begin_direct(&w[g], &f[g]);
    for (int g = 0; g < groups; g++) layer_direct(&low[g], &high[g], &f[g], &w[g]);
    for (int g = 0; g < groups; g++) eff[g] = effective_direct(f->p, low[g], high[g]);
    for (int g = 0; g < groups; g++) {
        const level *e = &eff[g];
        velocity_pdf(&w[g], f->p, e->sigma_w, inverse_of(e->sigma_w * e->sigma_w * e->sigma_w));
        sigma_z_direct(&w[g], &f[g], e->slow);
    }
    for (int g = 0; g < groups; g++) put_direct(out, g * LANES, &f[g], &w[g], &eff[g]);
    if (f->s->penetrated > 0) put_aloft(out, f, groups);
}

void plume_kernel_slices(qk_plume_slices *out, const qk_plume_source *s, const qk_plume_where *at)
{
    frame f[GROUPS];
    int groups = 0;
    do {
        frame *to = &f[groups];
        int i = groups * LANES;
        *to = (frame){.s = s, .p = s->p, .x = load(at->x_m + i), .hilly = at->hilly};
        to->receptor = load(at->height_m + i);
        to->flagpole = load(at->flagpole_m + i);
        to->ground = !any_of(to->receptor != splat(0));
    } while (++groups * LANES < at->count);
    if (s->convective)
        slice_convective(out, f, groups);
    else
        slice_stable(out, f, groups);
}
