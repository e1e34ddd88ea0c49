/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_SIM_FLEET_H
#define QK_SIM_FLEET_H
/* A fleet of HJ 212 field machines on one libuv loop: each has a TCP connection of its own, sends
 * what its source gives, waits for the 9014, sends again after the standard's time-out (10 s, 3
 * times), answers requests, comes back after a lost line.
 *
 * The fleet knows connections, windows and answers; the source knows what a device has to say. Runs
 * in the thread that calls qk_fleet_run; qk_fleet_stop may be called from any. */
#include "base/log.h"
#include "base/memory.h"
#include "hj212/hj212.h"
#include <stdio.h>

enum { QK_FLEET_WINDOW_MAX = 32 };

typedef struct qk_fleet_source {
    void *context;
    /* Writes the device's next frame; 0 = nothing is due. mn gets its name on the first call. */
    size_t (*next)(void *context, size_t device, qk_time now, char *out, size_t size);
    /* A request or notice from the platform: writes the answers that leave at once (9011, 9012 …).
     */
    size_t (*request)(void *context, size_t device, const qk_hj212_frame *frame,
                      const qk_hj212_head *head, qk_time now, char *out, size_t size);
    /* True when no device will ever have more to send. May be NULL (never). */
    bool (*finished)(void *context);
} qk_fleet_source;

typedef struct qk_fleet_options {
    const char *to; /* ADDR:PORT */
    size_t devices;
    uint32_t window;   /* unanswered frames of one device, 1..32 */
    double rate;       /* frames a second of the whole fleet; 0 = as they are due */
    double duration_s; /* 0 = until stopped or finished */
    uint32_t resend_s; /* default 10 */
    uint32_t resends;  /* default 3 */
    const qk_clock *clock;
    FILE *ack_log; /* "MN QN CN DataTime" for each answered frame; may be NULL */
    qk_log *log;
} qk_fleet_options;

typedef struct qk_fleet_result {
    uint64_t sent; /* frames, without resends */
    uint64_t acked;
    uint64_t rejected; /* given up without an answer, or refused by 9011 */
    uint64_t resent;
    uint64_t connects; /* successful */
    double seconds;
    double p50_ms, p99_ms; /* from sending to the answer */
} qk_fleet_result;

typedef struct qk_fleet qk_fleet;
QK_NODISCARD qk_code qk_fleet_new(qk_fleet **out, const qk_fleet_options *options,
                                  const qk_fleet_source *source, qk_error *err);
/* Until the duration is over, the source is finished and all is answered, or qk_fleet_stop. */
QK_NODISCARD qk_code qk_fleet_run(qk_fleet *fleet, qk_fleet_result *result, qk_error *err);
void qk_fleet_stop(qk_fleet *fleet);
void qk_fleet_free(qk_fleet *fleet);
#endif
