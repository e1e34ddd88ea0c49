/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_SIM_COUNTY_PAST_H
#define QK_SIM_COUNTY_PAST_H
/* What the demo county's stations measured in years that its devices no longer hold: daily values
 * in the form in which a yearbook is imported, from the same signals as the devices send. Pure. */
#include "sim/county.h"

/* An air station with all six pollutants. */
bool qk_sim_has_past(const qk_sim_device *d);
/* Appends the header row (once, to an empty buffer) and a row for each of the civil days:
 * site,date, SO2,NO2,CO,O3,PM10,PM2.5; daily means, O3 the largest 8-h mean; now and then an
 * instrument was away for a day. last_day: the last before what the devices say themselves; a day
 * is the same whatever part of the past it is asked with. */
void qk_sim_past_csv(qk_buf *out, const qk_sim_device *d, int32_t from_day, int32_t to_day,
                     int32_t last_day);
/* The goals of the county's plan of a year, in the form of a compiled plan. */
void qk_sim_plan_json(qk_buf *out, int32_t year);
#endif
