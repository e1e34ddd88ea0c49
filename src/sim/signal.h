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
/* Load of a plant, 0 (off) to 1. */
double qk_sim_load(const qk_sim_device *d, qk_time t);
/* Value of one factor at t, in the factor's unit, not rounded. */
double qk_sim_value(const qk_sim_device *d, const qk_sim_factor *f, qk_time t);
#endif
