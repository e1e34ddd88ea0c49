/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_RANGES_H
#define QK_GATEWAY_RANGES_H
/* History requests cut into chunks that a device answers within its time-out: an hour of minutes, a
 * day of hours, 31 days of days.
 *
 * A range holds both its ends and is written in DataTimes as the device sends them (HJ 212-2017,
 * examples C.45 to C.50: BeginTime = EndTime asks for one hour). Chunks start on whole civil hours
 * or days, so that asking twice asks for the same chunks. Pure. */
#include "base/time.h"

typedef struct qk_range {
    qk_time from, to; /* both included */
} qk_range;

/* Distance between neighbouring rows that CN speaks of (2011, 2021: a second), or 0 when CN has no
 * history. `minute_step` is the device's interval of minute data (0 = 1 minute). */
qk_time qk_ranges_step(int32_t cn, int32_t minute_step);
/* Number of chunks of the range; 0 when it is empty, -1 when there are more than 100,000. */
int32_t qk_ranges_count(int32_t cn, qk_range range);
/* Chunk i of the range, 0-based, cut to the range. */
qk_range qk_ranges_chunk(int32_t cn, qk_range range, int32_t i);
#endif
