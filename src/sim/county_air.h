/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_SIM_COUNTY_AIR_H
#define QK_SIM_COUNTY_AIR_H
/* What the demo county sends into the air, and a year of its weather: invented figures in the forms
 * in which a real county brings its own (ledger emission_source, CSV of surface observations).
 * Pure. */
#include "sim/county.h"

typedef struct qk_sim_emission {
    char name[96], site[24], sector[12], shape[8], active[8];
    double lon, lat; /* 0 = of the site */
    double height_m, diameter_m, velocity_ms, temperature_c, side_m;
    double pm25_t, pm10_t, so2_t, nox_t, voc_t, nh3_t; /* a year */
} qk_sim_emission;

/* The i-th source of the county; false past the last. */
bool qk_sim_emission_of(qk_sim_emission *out, const qk_sim_county *county, size_t i);
/* Appends time,wind_speed,wind_from,temperature,cloud,pressure,humidity with its header: hours that
 * end in [from_day, to_day], as the county's first station sees them. */
void qk_sim_surface_csv(qk_buf *out, const qk_sim_county *county, int32_t from_day, int32_t to_day);
#endif
