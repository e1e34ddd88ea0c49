/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/skew.h"

void qk_skew_add(qk_skew *s, qk_time received, qk_time qn)
{
    s->ms[s->next] = received - qn;
    s->next = (uint8_t)((s->next + 1) % QK_SKEW_KEPT);
    if (s->used < QK_SKEW_KEPT) s->used++;
}

int64_t qk_skew_median(const qk_skew *s)
{
    int64_t sorted[QK_SKEW_KEPT];
    if (s->used < QK_SKEW_NEEDED) return QK_SKEW_UNKNOWN;
    memcpy(sorted, s->ms, sizeof sorted);
    for (int i = 1; i < s->used; i++) {
        int64_t one = sorted[i];
        int at = i;
        for (; at > 0 && sorted[at - 1] > one; at--) sorted[at] = sorted[at - 1];
        sorted[at] = one;
    }
    return sorted[s->used / 2];
}

static bool is_off(const qk_skew *s)
{
    int64_t median = qk_skew_median(s);
    return median != QK_SKEW_UNKNOWN &&
           (median > QK_SKEW_ALLOWED_MS || median < -QK_SKEW_ALLOWED_MS);
}

bool qk_skew_warn(qk_skew *s, qk_time now)
{
    if (!is_off(s) || (s->warned && now - s->warned < QK_DAY && now >= s->warned)) return false;
    s->warned = now;
    return true;
}

bool qk_skew_may_set(qk_time now)
{
    qk_time into_hour = now - qk_floor_hour(now);
    return into_hour >= QK_MINUTE && into_hour < 59 * QK_MINUTE;
}

bool qk_skew_tell(qk_skew *s, qk_time now)
{
    if (!is_off(s) || !qk_skew_may_set(now)) return false;
    if (s->told && now - s->told < QK_DAY && now >= s->told) return false;
    s->told = now;
    s->used = s->next = 0;
    return true;
}
