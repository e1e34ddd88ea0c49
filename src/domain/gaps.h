/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_GAPS_H
#define QK_DOMAIN_GAPS_H
/* What is missing of a regular series: the instants that should stand there and do not, as ranges.
 * Pure. */
#include "base/time.h"

typedef struct qk_gap {
    qk_time from, to; /* first and last missing instant, both included */
} qk_gap;

typedef struct qk_gaps_ask {
    qk_time from, to;    /* look at from <= instant <= to */
    qk_time step;        /* distance of neighbours, > 0 */
    qk_time join;        /* ranges that lie no further apart become one; 0 = never */
    const qk_time *have; /* instants that are there, rising */
    size_t have_count;
    const qk_gap *known; /* ranges not to be reported, by rising start; may be NULL */
    size_t known_count;
} qk_gaps_ask;

/* Ranges of missing instants, newest first, at most max; returns how many. Instants lie on whole
 * steps of civil time, shifted by what most of `have` are off them (a device that stamps its
 * minutes at :30 is not missing all of them). An instant counts as there when a row lies within
 * half a step of it. */
size_t qk_gaps_find(qk_gap *out, size_t max, const qk_gaps_ask *ask);
#endif
