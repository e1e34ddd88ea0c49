/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/gaps.h"

static qk_time phase_of(qk_time t, qk_time step)
{
    qk_time phase = (t + QK_CST_OFFSET) % step;
    return phase < 0 ? phase + step : phase;
}

/* The shift that more than half of the rows share, by the majority vote of Boyer and Moore; any
 * other distribution keeps whole steps. */
static qk_time find_phase(const qk_gaps_ask *ask)
{
    qk_time candidate = 0;
    size_t votes = 0, count = 0;
    for (size_t i = 0; i < ask->have_count; i++) {
        qk_time phase = phase_of(ask->have[i], ask->step);
        if (votes == 0) candidate = phase;
        votes += phase == candidate ? 1 : (size_t)-1;
    }
    for (size_t i = 0; i < ask->have_count; i++)
        count += phase_of(ask->have[i], ask->step) == candidate;
    return count * 2 > ask->have_count ? candidate : 0;
}

static bool is_known(const qk_gaps_ask *ask, qk_time t)
{
    for (size_t i = 0; i < ask->known_count && ask->known[i].from <= t; i++)
        if (t <= ask->known[i].to) return true;
    return false;
}

/* Moves *at down to the newest row that is not after t by more than half a step. */
static bool is_there(const qk_gaps_ask *ask, size_t *at, qk_time t)
{
    while (*at > 0 && ask->have[*at - 1] > t + ask->step / 2) --*at;
    return *at > 0 && ask->have[*at - 1] >= t - ask->step / 2;
}

size_t qk_gaps_find(qk_gap *out, size_t max, const qk_gaps_ask *ask)
{
    size_t n = 0, at = ask->have_count;
    if (ask->step <= 0 || ask->from > ask->to || max == 0) return 0;
    qk_time t = ask->to - phase_of(ask->to - find_phase(ask), ask->step);
    for (; t >= ask->from; t -= ask->step) {
        if (is_there(ask, &at, t) || is_known(ask, t)) continue;
        qk_time reach = ask->join > ask->step ? ask->join : ask->step;
        if (n && out[n - 1].from - t <= reach) {
            out[n - 1].from = t;
            continue;
        }
        if (n == max) break;
        out[n++] = (qk_gap){t, t};
    }
    return n;
}
