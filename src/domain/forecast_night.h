/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_FORECAST_NIGHT_H
#define QK_DOMAIN_FORECAST_NIGHT_H
/* The nightly refit: a thread of its own that learns each place's forecaster anew from the days of
 * the store and the weather in forecast_weather, and puts the guidance into the table forecast.
 *
 * Timers (qk_forecast_night_timers): forecast.night, hourly at :50, asks for the guidance of the
 * day that ended last as long as there is none; forecast.public, daily 19:50, publishes the next
 * three days as bulletin "forecast" where no forecaster has done so. A day that was asked for while
 * its clock stood in a jump is made as of that timer's time, from what was known by then. */
#include "domain/node.h"

/* Starts the thread; the node outlives it. */
QK_NODISCARD qk_code qk_forecast_night_new(qk_forecast_night **out, qk_node *node, qk_log *log,
                                           qk_error *err);
/* Gives up what is under way, within about a second. Not from the store thread. */
void qk_forecast_night_stop(qk_forecast_night *night);
void qk_forecast_night_free(qk_forecast_night *night);
/* Handlers and rules of the timers; before the first firing. */
QK_NODISCARD qk_code qk_forecast_night_timers(qk_forecast_night *night, qk_scheduler *s,
                                              qk_time now, qk_error *err);
/* Asks for the guidance of a day of issue, made as of `at`; any thread. Beyond 8 days that wait
 * the oldest is dropped. */
void qk_forecast_night_ask(qk_forecast_night *night, int32_t issued, qk_time at);

typedef struct qk_forecast_work { /* what is under way */
    char what[16];                /* "" nothing; else "learn", "weather", … */
    char place[32];
    int64_t done, of; /* places, days */
} qk_forecast_work;
/* Any thread. Telling is for who makes forecasts beside the night. */
void qk_forecast_night_work(qk_forecast_night *night, qk_forecast_work *out);
void qk_forecast_night_tell(qk_forecast_night *night, const qk_forecast_work *work);
#endif
