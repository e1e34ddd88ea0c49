/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_AIR_JSON_H
#define QK_WEB_AIR_JSON_H
/* Air quality as the page sees it, and the rules behind its figures. */
#include "domain/airstat.h"
#include "web/device_json.h"

/* The last full hour of an air station, or the one before while the last has not come. *air is
 * false for a site that is no air station. All three take the hours that count and the rules in
 * force, as q says. */
QK_NODISCARD qk_code qk_air_now(qk_exchange *x, const qk_air_question *q, const qk_site *site,
                                qk_air_hour *hour, bool *air, qk_error *err);
/* n hours of one station, in the exchange's arena. */
QK_NODISCARD qk_code qk_air_range(qk_exchange *x, const qk_air_question *q, const qk_site *site,
                                  qk_time last_end, size_t n, qk_air_hour **out, qk_error *err);
/* n hours of the county: the mean of its evaluation points. */
QK_NODISCARD qk_code qk_air_county(qk_exchange *x, const qk_air_question *q, qk_time last_end,
                                   size_t n, qk_air_hour **out, qk_error *err);

/* {"value","level","primary","standard","items","time","reason"} */
void qk_aqi_json(qk_json_writer *w, const qk_air_hour *hour);
/* ["PM2.5", …] */
void qk_primary_json(qk_json_writer *w, const qk_aqi *aqi);
/* "validity":{"hour":{…},"day":{…}} of the running hour and day, by the item with the fewest
 * values; null for a site without telemetry. */
QK_NODISCARD qk_code qk_site_validity_json(qk_exchange *x, const qk_site *site,
                                           const qk_site_links *mine, qk_error *err);
/* "rules":[…]: how each figure comes about, from which source. */
void qk_site_rules_json(qk_exchange *x, const qk_air_question *q, const qk_site *site,
                        const qk_air_hour *hour);
#endif
