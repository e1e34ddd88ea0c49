/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_PLUME_AREA_H
#define QK_MODELS_PLUME_AREA_H
/* Concentration from an area: the plume of a crosswind line, integrated over upwind distance.
 *
 * C = Q * integral of P(u) [Phi(v2/sigma_y) - Phi(v1/sigma_y)] du over the polygon upwind of the
 * receptor (EPA-454/R-03-004, 5.4), strip by strip between its corners, the sides of a strip taken
 * together (a road's two sides beside the plume differ by little), by adaptive quadrature to 1e-5
 * of the value: the converged integral, where the reference stops at about 1 %. Any simple polygon,
 * convex or not. Nothing is allocated; a table belongs to one thread. */
#include "models/plume_table.h"

enum { QK_PLUME_VERTICES_MAX = 512 };

typedef struct qk_plume_polygon {
    int count;
    const double (*vertex)[2]; /* east, north of some origin; either sense of turning */
    double low[2], high[2];    /* bounding box */
} qk_plume_polygon;

/* What the integrand is taken from: the table where the ground is flat, the slice elsewhere. */
typedef struct qk_plume_area_view {
    const qk_plume_source *source;
    qk_plume_table *table; /* NULL: evaluate; of this thread */
    qk_plume_receptor receptor;
    double decay_1_s;
} qk_plume_area_view;

/* Concentration per unit of emission a square metre, at (x, y) in the polygon's coordinates. */
double qk_plume_area_concentration(const qk_plume_area_view *view, const qk_plume_polygon *polygon,
                                   double x_m, double y_m);
/* Upwind distances, from 1.01 m, that the polygon can take for a receptor in any wind. */
void qk_plume_area_reach(const qk_plume_polygon *polygon, double x_m, double y_m, double *far_m);
#endif
