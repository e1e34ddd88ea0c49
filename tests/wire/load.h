/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_WIRE_LOAD_H
#define QK_TESTS_WIRE_LOAD_H
/* Many devices on loopback, one connection each: distinct minute frames (2051), at most `window`
 * unanswered, answers counted, timed and, when asked for, written down. One thread, epoll. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { LOAD_WINDOW_MAX = 64 };

typedef struct load_options {
    uint16_t port;
    uint32_t devices, window;
    double seconds;
    double rate;        /* frames a second of all together; 0 = as fast as they are answered */
    uint32_t first;     /* number of each device's first frame: a minute of its DataTime */
    uint32_t factors;   /* of each frame; 0 = 8, which makes 640 bytes */
    const char *mn;     /* prefix of the MNs */
    FILE *acks;         /* "MN QN CN DataTime" for each answered frame; NULL = none */
    _Atomic bool *stop; /* ends early; NULL = never */
    bool may_break;     /* a connection that the server ends is expected */
    uint32_t addresses; /* connections come from so many loopback addresses; 0 = one */
} load_options;

typedef struct load_result {
    uint64_t sent, answered, missed; /* missed: offered at the rate, but the window was full */
    uint32_t next;                   /* number behind the highest frame sent by any device */
    uint32_t broken;                 /* connections ended by the server */
    double seconds, per_second, p50_ms, p99_ms, max_ms;
    uint32_t bytes; /* of a frame */
} load_result;

/* False when the devices could not connect. */
bool load_run(const load_options *options, load_result *result);
#endif
