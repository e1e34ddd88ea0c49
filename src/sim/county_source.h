/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_SIM_COUNTY_SOURCE_H
#define QK_SIM_COUNTY_SOURCE_H
/* The demo county as a source of a fleet: every device keeps the standard's rhythm on the given
 * clock, fills up after an outage (new data first), and answers requests for its past.
 *
 * One thread. The county must outlive the source. */
#include "sim/county.h"
#include "sim/fleet.h"

typedef struct qk_county_source qk_county_source;
/* start: the devices' own memory begins `minutes_before` (for intervals below an hour) and
 * `hours_before` (hours and days) before it; what lies between is sent as after an outage.
 * resume: nothing before this instant is sent again (QK_TIME_NONE = no such bound). */
QK_NODISCARD qk_code qk_county_source_new(qk_county_source **out, const qk_sim_county *county,
                                          qk_time start, qk_time minutes_before,
                                          qk_time hours_before, qk_time resume);
void qk_county_source_free(qk_county_source *s);
qk_fleet_source qk_county_source_use(qk_county_source *s);
#endif
