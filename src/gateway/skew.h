/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_SKEW_H
#define QK_GATEWAY_SKEW_H
/* The clock of one device against ours: the median of (receive time - QN) over its last frames, and
 * when it is to be told the time (HJ 212-2017, CN 1012).
 *
 * A median of nine stands against single frames sent late or with a broken QN. A verdict needs at
 * least five. Pure: times come in as values. */
#include "base/time.h"

enum { QK_SKEW_KEPT = 9, QK_SKEW_NEEDED = 5 };
#define QK_SKEW_ALLOWED_MS (5 * QK_MINUTE)
#define QK_SKEW_UNKNOWN    INT64_MIN

typedef struct qk_skew {
    int64_t ms[QK_SKEW_KEPT]; /* receive - QN */
    uint8_t used, next;
    qk_time told;   /* when the last 1012 was ordered; 0 = never */
    qk_time warned; /* when the last event was raised; 0 = never */
} qk_skew;

void qk_skew_add(qk_skew *s, qk_time received, qk_time qn);
/* The median in ms, positive when the device's clock is behind; QK_SKEW_UNKNOWN below five. */
int64_t qk_skew_median(const qk_skew *s);
/* True when the clock is off by more than five minutes and no event was raised for a day; notes it.
 */
bool qk_skew_warn(qk_skew *s, qk_time now);
/* True when the clock is to be set now: off by more than five minutes, not set within a day, and
 * not within a minute of the full hour, so that hour means stay whole; notes it and forgets the
 * samples, which speak of the old clock. */
bool qk_skew_tell(qk_skew *s, qk_time now);
/* False from xx:59:00 to xx:00:59: no clock is set then. */
bool qk_skew_may_set(qk_time now);
#endif
