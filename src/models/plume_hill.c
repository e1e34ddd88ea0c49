/* SPDX-License-Identifier: Apache-2.0 */
#include "models/plume_hill.h"
#include "models/plume_private.h"

enum { IMAGES_MAX = 200 };

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
static double mass_below(const qk_plume_hill *g, double height)
{
    double inverse = 1 / (M_SQRT2 * g->sigma_z_m), h = height, he = g->height_m;
    double sum = error_function((h - he) * inverse) + error_function((h + he) * inverse);
    for (int i = 1; i < IMAGES_MAX; i++) {
        double top = 2 * i * g->lid_m;
        double term =
            error_function((h - he + top) * inverse) + error_function((h + he + top) * inverse) +
            error_function((h - he - top) * inverse) + error_function((h + he - top) * inverse);
        sum += term;
        if (i >= 5 && fabs(term) <= 1e-6 * sum) break;
    }
    return smaller(0.5 * sum, 1);
}

double qk_plume_hill_weight(const qk_plume_source *s, const qk_plume_hill *g,
                            const qk_plume_receptor *r)
{
    if (!s->p->stable || r->flat) return 0.5;
    double top = smaller(r->hill_m - s->base_m, r->ground_m - s->base_m + g->height_m);
    double divide = dividing_height(s->p, top);
    if (divide <= 0) return 0.5;
    return 0.5 * (1 + mass_below(g, smaller(g->lid_m, divide)));
}
