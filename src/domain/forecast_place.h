/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_FORECAST_PLACE_H
#define QK_DOMAIN_FORECAST_PLACE_H
/* The record of a place that its forecast is learnt from and judged by, from the days of the store,
 * and the forecast of a day of issue as text. Any thread, with a connection of its own. */
#include "domain/airstat.h"
#include "domain/forecasts.h"

/* Days first..last of a scope (domain/airstat.h) as the question judges them, all that are recorded
 * marked to be learnt from, and the holidays of the calendar. Judged for learning by the edition in
 * force on the day after the last. QK_ENOTFOUND for a scope that is none. */
QK_NODISCARD qk_code qk_forecast_place_load(qk_forecast_days *out, const qk_air_question *q,
                                            qk_str scope, int32_t first, int32_t last,
                                            qk_error *err);
/* Appends the JSON array of the days to come, as table forecast keeps it. */
QK_NODISCARD qk_code qk_forecast_place_write(qk_buf *out, qk_guide *guide, const qk_rules *rules,
                                             int32_t issued, qk_error *err);
#endif
