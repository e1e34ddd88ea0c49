/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_SIM_SIGNAL_H
#define QK_SIM_SIGNAL_H
/* What a device of the demo county would measure at an instant: a function of the device, the
 * factor and the time alone, so that a device can be asked for any past hour and answers as it did
 * before. Weather and regional level are shared by all places; the course of a day and of a year
 * follow the habits of the North China plain in rough outline. Pure. */
#include "sim/county.h"

/* Smooth noise in -1..1 with mean 0: random knots `period` apart, joined by smoothstep. */
double qk_sim_noise(uint64_t seed, qk_time t, qk_time period);
/* A fixed random number 0..1 for a seed and an index. */
double qk_sim_uniform(uint64_t seed, uint64_t index);
double qk_sim_temperature_c(qk_time t);
double qk_sim_wind_ms(qk_time t);
double qk_sim_wind_from_deg(qk_time t);

typedef struct qk_sim_outlook { /* a forecaster's view of the weather */
    uint64_t seed;              /* of his errors */
    double skill;               /* correlation of each noise with what comes true, 0..1 */
} qk_sim_outlook;
typedef struct qk_sim_sky {
    double temperature_c, humidity_percent, pressure_hpa, wind_ms, wind_from_deg;
    double mixing_height_m, cloud_percent, rain_mm_h;
} qk_sim_sky;
/* The region's weather, of the same noises as its air: as it is (seen NULL) or as it is foreseen.
 */
qk_sim_sky qk_sim_sky_at(qk_time t, const qk_sim_outlook *seen);
/* Load of a plant, 0 (off) to 1. */
double qk_sim_load(const qk_sim_device *d, qk_time t);
/* Value of one factor at t, in the factor's unit, not rounded. */
double qk_sim_value(const qk_sim_device *d, const qk_sim_factor *f, qk_time t);
#endif
