/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_SIM_COUNTY_WEATHER_H
#define QK_SIM_COUNTY_WEATHER_H
/* What a weather service would have forecast for the demo county each day: the weather that its
 * devices measure and its air follows (sim/signal.h), known the less the farther off it lies. Pure.
 */
#include "base/memory.h"

enum { QK_SIM_WEATHER_LEADS = 15 };

/* Appends the header row (once, to an empty buffer) and, for each civil day of issue, a row for
 * each of the next days: issued,lead,date and daily means (t_max_c the highest, rain_mm the sum),
 * as POST /forecast/weather takes them. */
void qk_sim_weather_csv(qk_buf *out, int32_t from_issue, int32_t to_issue);
#endif
