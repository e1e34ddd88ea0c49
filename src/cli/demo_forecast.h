/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_DEMO_FORECAST_H
#define QK_CLI_DEMO_FORECAST_H
/* The demo county's weather forecasts and the forecasts of its air up to today.
 *
 * Three years of weather forecasts are taken in by the function behind POST /forecast/weather, and
 * each evening the day's; the county's forecaster is then learnt from what was known a year ago and
 * issues each day's forecast since, as it would have done every night. In a thread of its own at
 * low priority while the devices already send. */
#include "domain/node.h"
#include <pthread.h>
#include <stdatomic.h>

typedef struct qk_demo_forecast {
    qk_node *node;            /* borrowed */
    int32_t days;             /* of issue to make, up to yesterday; 0 = only the weather */
    bool devices;             /* send the last days' hours: they are waited for */
    const atomic_bool *years; /* becomes true when the years before are there; borrowed */
    atomic_bool stop;
    pthread_t thread;
    bool runs;
} qk_demo_forecast;
/* Starts the thread; what stands in the folder already is not made again. */
void qk_demo_forecast_start(qk_demo_forecast *f);
/* Waits for it, a second or so; what was not made is made at the next start. */
void qk_demo_forecast_stop(qk_demo_forecast *f);
#endif
