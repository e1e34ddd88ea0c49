/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_SIM_COMPOSITION_H
#define QK_SIM_COMPOSITION_H
/* What the demo's component station finds in PM2.5: five sources of known composition, each with
 * its own course over the day, the week and the wind, so that source apportionment can be held
 * against what is known. Pure. */
#include "base/time.h"

enum { QK_SIM_SPECIES = 16, QK_SIM_SOURCES = 5 };
typedef enum qk_sim_source {
    QK_SIM_NITRATE,
    QK_SIM_SULPHATE,
    QK_SIM_TRAFFIC,
    QK_SIM_COAL,
    QK_SIM_DUSTS
} qk_sim_source;

/* PM2.5 from one source, ug/m3. */
double qk_sim_source_ug_m3(qk_sim_source source, qk_time t);
/* Concentration of a species by its number in the profile's table, ug/m3; the last is the mass. */
double qk_sim_species_ug_m3(int species, qk_time t);
#endif
