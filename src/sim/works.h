/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_SIM_WORKS_H
#define QK_SIM_WORKS_H
/* A building site of the demo county that moves earth on Monday mornings and Thursday afternoons,
 * and the dust that reaches stations down the wind: a hot spot whose cause is known. Pure. */
#include "sim/county.h"

enum { QK_SIM_WORKS_REACH_M = 5000 };

bool qk_sim_works_go_on(qk_time t);
/* Adds to PM10 at a device; east and north: where it lies seen from the site, m. Steady plume in
 * the county's wind, ug/m3. */
double qk_sim_works_dust(double east_m, double north_m, qk_time t);
#endif
