/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/bucket.h"

enum { TOKEN = 60000 }; /* a millisecond grows `per_minute` of these */

bool qk_bucket_take(qk_bucket *b, int64_t now_ms, uint32_t burst, uint32_t per_minute)
{
    int64_t passed = now_ms - b->seen_ms;
    if (passed > 0 && b->spent > 0) {
        if (passed > 86400000) passed = 86400000;
        b->spent -= passed * per_minute;
        if (b->spent < 0) b->spent = 0;
    }
    b->seen_ms = now_ms;
    if (b->spent + TOKEN > (int64_t)burst * TOKEN) return false;
    b->spent += TOKEN;
    return true;
}

void qk_bucket_refund(qk_bucket *b)
{
    b->spent = b->spent > TOKEN ? b->spent - TOKEN : 0;
}
