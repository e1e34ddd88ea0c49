/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_PLUME_HILL_H
#define QK_MODELS_PLUME_HILL_H
/* Stable air before a hill: below the dividing streamline it goes round, above it goes over
 * (EPA-454/R-03-004, 5.2). Pure values. */
#include "models/plume.h"

/* The plume where it is asked: height, vertical spread, reflecting lid. */
typedef struct qk_plume_hill {
    double height_m, sigma_z_m, lid_m;
} qk_plume_hill;

/* Weight of the plume that goes straight on, against the one that follows the terrain: 0.5 .. 1. */
double qk_plume_hill_weight(const qk_plume_source *s, const qk_plume_hill *plume,
                            const qk_plume_receptor *receptor);
#endif
