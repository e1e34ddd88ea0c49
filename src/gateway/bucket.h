/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_BUCKET_H
#define QK_GATEWAY_BUCKET_H
/* A token bucket: `burst` events at once, `per_minute` of them in the long run. Pure: the monotonic
 * time comes in. Starts full. */
#include <stdbool.h>
#include <stdint.h>

typedef struct qk_bucket {
    int64_t spent;   /* tokens taken and not yet grown again, in 1/60,000 */
    int64_t seen_ms; /* time of the last look */
} qk_bucket;

/* True and one token less when there is one. */
bool qk_bucket_take(qk_bucket *b, int64_t now_ms, uint32_t burst, uint32_t per_minute);
/* Puts one token back (a good event pays for a bad one). */
void qk_bucket_refund(qk_bucket *b);
#endif
