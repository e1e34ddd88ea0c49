/* SPDX-License-Identifier: Apache-2.0 */
#include "models/plume_private.h"

enum { IMAGES_MAX = 200 };

static double gauss(double distance, double inverse_sigma)
{
    double t = distance * inverse_sigma, e = -0.5 * t * t;
    return e > QK_EXPONENT_LEAST ? qk_plume_exp(e) : 0;
}

/* Half of the term on the ground, where each image counts twice. */
static double ground_term(double h, double lid, double inverse)
{
    double sum = gauss(h, inverse);
    for (int i = 1; i < IMAGES_MAX; i++) {
        double top = 2 * i * lid, term = gauss(top - h, inverse) + gauss(top + h, inverse);
        sum += term;
        if (term <= 1e-6 * sum) break;
    }
    return sum;
}

/* Vertical term of a Gaussian plume between the ground and its lid. */
double plume_term_layer(const plume_gauss *g, double z)
{
    double h = g->height, lid = g->lid, inverse = 1 / g->sigma_z;
    if (z < 0) { /* below the foot: the ground lies lower by as much */
        h -= z;
        lid -= z;
        z = 0;
    }
    if (z == 0) return 2 * ground_term(h, lid, inverse) * inverse / QK_SQRT_2PI;
    double sum = gauss(z - h, inverse) + gauss(z + h, inverse);
    for (int i = 1; i < IMAGES_MAX && z <= lid; i++) {
        double top = 2 * i * lid;
        double term = gauss(z - (top - h), inverse) + gauss(z + (top - h), inverse) +
                      gauss(z - (top + h), inverse) + gauss(z + (top + h), inverse);
        sum += term;
        if (term <= 1e-6 * sum) break;
    }
    return sum * inverse / QK_SQRT_2PI;
}

typedef struct pair {
    double height[2], inverse[2], factor[2];
} pair;

static double image(const pair *k, double z, double shift)
{
    double sum = 0;
    for (int j = 0; j < 2; j++) {
        double h = shift + k->height[j];
        if (z == 0) {
            sum += 2 * k->factor[j] * gauss(h, k->inverse[j]);
            continue;
        }
        sum += k->factor[j] * (gauss(z - h, k->inverse[j]) + gauss(z + h, k->inverse[j]));
    }
    return sum;
}

/* Direct plume and, under the lid, the indirect one. */
double plume_term_direct(const plume_work *w, double z)
{
    double zi = w->p->mixing_m, sum = 0, lift = 0;
    if (z > zi) return 0;
    if (z < 0) {
        lift = -z;
        zi += lift;
        z = 0;
    }
    pair direct, indirect;
    for (int j = 0; j < 2; j++) {
        direct.inverse[j] = indirect.inverse[j] = 1 / w->sigma_z[j];
        direct.factor[j] = indirect.factor[j] = w->lambda[j] * direct.inverse[j];
        direct.height[j] = w->height[j] + lift;
        indirect.height[j] = w->drop_height[j] + lift;
    }
    sum = image(&direct, z, 0);
    for (int i = 1; i < IMAGES_MAX; i++) {
        double term = image(&direct, z, 2 * i * zi);
        sum += term;
        if (term <= 1e-6 * sum) break;
    }
    double under = 0;
    for (int i = 1; i < IMAGES_MAX; i++) {
        double term = image(&indirect, z, -2 * i * zi);
        under += term;
        if (term <= 1e-6 * under) break;
    }
    return (sum + under) / QK_SQRT_2PI;
}

/* Abramowitz and Stegun 7.1.28. */
static double error_function(double x)
{
    double t = fabs(x);
    if (t > 4) return x > 0 ? 1 : -1;
    double d =
        1 +
        t * (0.0705230784 +
             t * (0.0422820123 +
                  t * (0.0092705272 + t * (0.0001520143 + t * (0.0002765672 + t * 0.0000430638)))));
    d *= d;
    d *= d;
    d *= d;
    d *= d;
    return x > 0 ? 1 - 1 / d : 1 / d - 1;
}

typedef struct node {
    double z, wind, surplus; /* surplus: kinetic energy less the work to climb to H */
    double n2;               /* of the layer below it */
} node;

static void make_node(node *out, const qk_plume_profile *p, int i, double top)
{
    double z = qk_plume_heights_m[i], u = p->level[i].u;
    qk_plume_level v;
    int last = qk_plume_locate(top);
    qk_plume_at(&v, p, top);
    double low = qk_plume_heights_m[last], dz = top - low;
    double n2 =
        QK_GRAVITY * (v.gradient + p->level[last].gradient) / (v.theta + p->level[last].theta);
    double weight = p->buoyancy[last][0] - p->buoyancy[i][0];
    double moment = p->buoyancy[last][1] - p->buoyancy[i][1];
    double work = top * weight - moment + n2 * dz * (top - 0.5 * (top + low));
    *out = (node){.z = z, .wind = u, .surplus = 0.5 * u * u - work};
}

/* Height where the streamline divides: below it the air goes round the hill
 * (EPA-454/R-03-004, 5.2). */
static double dividing_height(const qk_plume_profile *p, double top)
{
    node high, low;
    int last = qk_plume_locate(top), i = 0;
    if (top <= 0) return 0;
    for (;; i++) {
        if (i > last) {
            qk_plume_level v;
            qk_plume_at(&v, p, top);
            high = (node){.z = top, .wind = v.u, .surplus = 0.5 * v.u * v.u};
            double below = p->level[last].gradient, theta = p->level[last].theta;
            high.n2 = QK_GRAVITY * (v.gradient + below) / (v.theta + theta);
            break;
        }
        make_node(&high, p, i, top);
        if (high.surplus >= 0) break;
    }
    if (i == 0) return 0;
    make_node(&low, p, i - 1, top);
    if (i <= last) {
        double thick = high.z - low.z;
        high.n2 = (p->buoyancy[i][0] - p->buoyancy[i - 1][0]) / thick;
    }
    double slope = (high.wind - low.wind) / (high.z - low.z), s2 = slope * slope;
    double ht = high.z, wt = high.wind;
    double a = 0.5 * (high.n2 - s2), b = ht * s2 - wt * slope - high.n2 * top;
    double c = high.n2 * top * ht - 0.5 * high.n2 * ht * ht - 0.5 * s2 * ht * ht + wt * slope * ht -
               high.surplus;
    double discriminant = larger(b * b - 4 * a * c, 0);
    return (-b - sqrt(discriminant)) / (2 * a);
}

/* Share of the plume's mass below a height. */
static double mass_below(const plume_gauss *g, double height)
{
    double inverse = 1 / (M_SQRT2 * g->sigma_z), h = height, he = g->height;
    double sum = error_function((h - he) * inverse) + error_function((h + he) * inverse);
    for (int i = 1; i < IMAGES_MAX; i++) {
        double top = 2 * i * g->lid;
        double term =
            error_function((h - he + top) * inverse) + error_function((h + he + top) * inverse) +
            error_function((h - he - top) * inverse) + error_function((h + he - top) * inverse);
        sum += term;
        if (i >= 5 && fabs(term) <= 1e-6 * sum) break;
    }
    return smaller(0.5 * sum, 1);
}

/* Weight of the plume that goes straight on, against the one that follows the terrain. */
double plume_hill_weight(const plume_work *w, const qk_plume_receptor *r)
{
    if (!w->p->stable || r->flat) return 0.5;
    double base = w->s->base_m;
    double top = smaller(r->hill_m - base, r->ground_m - base + w->layer.height);
    double divide = dividing_height(w->p, top);
    if (divide <= 0) return 0.5;
    return 0.5 * (1 + mass_below(&w->layer, smaller(w->layer.lid, divide)));
}
