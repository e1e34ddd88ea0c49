/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_AIR_FIGURES_H
#define QK_WEB_AIR_FIGURES_H
/* Evaluated air as JSON: what is asked for (level, edition, as known when), days, periods and
 * station-days by level. */
#include "domain/airstat.h"
#include "web/context.h"
#include "web/exchange.h"

/* From the query parameters level, standard, known_at, as far as the route has them. */
QK_NODISCARD qk_code qk_air_asked(qk_air_question *q, qk_exchange *x, qk_error *err);
/* "level","standard","known_at" of the question. */
void qk_air_asked_json(qk_json_writer *w, const qk_air_question *q);
/* "levels":{"raw","automatic","reviewed","approved","left_out","lapsed"} */
void qk_air_levels_json(qk_json_writer *w, const qk_air_levels *levels);
/* One day; rule = that which judged it. Begins an object, which the caller ends. */
void qk_air_day_begin(qk_json_writer *w, const qk_day *day, const qk_aqi_rule *rule);
/* One period under the limits and the profile of its last day. name "2026-03" or "2026". */
void qk_air_period_json(qk_json_writer *w, const char *name, const qk_period *period,
                        const qk_rules *rules, const qk_index_profile *profile);
/* The short form for comparisons. */
void qk_air_brief_json(qk_json_writer *w, const qk_period *period, const qk_index_profile *profile);
/* name: [pollutants of a bit set] */
void qk_air_items_json(qk_json_writer *w, const char *name, uint32_t items);
/* A value in units, or null. */
void qk_air_exact_json(qk_json_writer *w, const char *name, qk_exact value, int32_t decimals);
void qk_air_percent_json(qk_json_writer *w, const char *name, int64_t part, int64_t whole);
/* "2026" or "2026-11". QK_EINVAL. */
QK_NODISCARD qk_code qk_air_period_parse(int32_t *year, int32_t *month, qk_str text);
/* The date of a civil day, as text of ISO 8601. */
char *qk_air_date(char out[QK_TIME_TEXT], int32_t day);
/* The author of a change: the account, or the person named in the body ("person") where the shared
 * operator key is used. */
QK_NODISCARD qk_code qk_air_person(char out[QK_AIR_PERSON_MAX], qk_exchange *x,
                                   const qk_json_value *body, bool needed, qk_error *err);
#endif
