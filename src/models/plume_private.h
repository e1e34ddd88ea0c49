/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_PLUME_PRIVATE_H
#define QK_MODELS_PLUME_PRIVATE_H
/* Between plume.c (the slice), plume_rise.c, plume_sigma.c and plume_terms.c: one slice while it is
 * made. */
#include "models/plume.h"
#include "models/plume_exp.h"
#include <math.h>

#define QK_GRAVITY        9.80616
#define QK_LAPSE          0.00977
#define QK_ENTRAIN        0.6 /* beta1 */
#define QK_LAYER_SIGMAS   2.15
#define QK_SQRT_2PI       2.50662827463100050242
#define QK_LEAST          1e-10
#define QK_EXPONENT_LEAST (-50.0)

/* fmax and fmin without a call; no NAN comes here. */
static inline double larger(double a, double b)
{
    return a > b ? a : b;
}

static inline double smaller(double a, double b)
{
    return a < b ? a : b;
}

typedef struct plume_gauss {
    double height, sigma_z, sigma_y;
    qk_plume_level eff; /* effective parameters */
    double lid;
} plume_gauss;

typedef struct plume_work {
    const qk_plume_source *s;
    const qk_plume_profile *p;
    double x;
    double centroid; /* convective centre of mass */
    bool surface;    /* centroid in the surface layer */
    double rise;     /* stable: of the plume; convective: of the direct plume */
    double indirect_drop, aloft_rise;
    double a[2], b[2], lambda[2]; /* of the bi-Gaussian vertical velocity */
    double height[2];             /* of the two direct plumes */
    double drop_height[2];        /* of the two indirect plumes */
    double sigma_z[2];
    double sigma_y;
    qk_plume_level eff;
    plume_gauss aloft; /* penetrated plume */
    plume_gauss layer; /* stable plume */
} plume_work;

/* plume_rise.c */
double plume_rise_free(const qk_plume_source *s, double wind, double x);
double plume_rise_stable(const qk_plume_source *s, double x);
void plume_rise_convective(plume_work *w);
/* plume_sigma.c */
void plume_velocity_pdf(plume_work *w, double sigma_w);
double plume_sigma_z_stable(const qk_plume_source *s, const qk_plume_level *v, double height,
                            double x, double rise, bool aloft);
double plume_sigma_y_stable(const qk_plume_profile *p, const qk_plume_level *v, double height,
                            double x);
double plume_sigma_y_direct(const qk_plume_source *s, const qk_plume_level *v, double x);
void plume_sigma_z_direct(plume_work *w, double wind);
double plume_lid(const qk_plume_source *s, const qk_plume_level *at, double height, double x,
                 double rise, bool aloft);
/* plume_terms.c */
double plume_term_layer(const plume_gauss *g, double z);
double plume_term_direct(const plume_work *w, double z);
double plume_hill_weight(const plume_work *w, const qk_plume_receptor *receptor);
#endif
