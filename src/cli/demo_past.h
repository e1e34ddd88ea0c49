/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_DEMO_PAST_H
#define QK_CLI_DEMO_PAST_H
/* The demo county's past: three years of daily values of its air stations, imported as a yearbook
 * is, and the goals of its plans with their shares for the townships. Made once, in a thread of its
 * own, while the devices already send. */
#include "domain/node.h"
#include "sim/county.h"
#include <pthread.h>
#include <stdatomic.h>

typedef struct qk_demo_past {
    qk_node *node; /* borrowed, as the county */
    const qk_sim_county *county;
    int32_t last_day; /* the last that no device holds hours of */
    atomic_bool stop, done;
    pthread_t thread;
    bool runs;
} qk_demo_past;
/* Days of all stations, imported as if told at `told`; inside the store thread. */
QK_NODISCARD qk_code qk_demo_past_tell(const qk_demo_past *p, qk_db *db, int32_t from_day,
                                       int32_t to_day, qk_time told, qk_error *err);
/* Starts the thread; what stands in the folder already is not made again. */
void qk_demo_past_start(qk_demo_past *p);
/* Waits for it; what was not made is made at the next start. */
void qk_demo_past_stop(qk_demo_past *p);
#endif
