/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_NETWORK_H
#define QK_DOMAIN_NETWORK_H
/* The network of air stations as a whole: how many are on line, and which townships lack one of the
 * six items. Stations are sites whose kind begins with "air_" and for which an approved device
 * speaks; road and micro stations count for being on line, not for a township's items. */
#include "domain/live.h"

typedef struct qk_network_gap {
    char division[16];
    uint32_t missing; /* bit a qk_pollutant */
} qk_network_gap;

typedef struct qk_network {
    size_t stations, online; /* online: one of the site's devices is */
    qk_network_gap *gaps;    /* townships and zones without all six, in order of code */
    size_t gap_count;
} qk_network;

/* Any thread; what it gives lives in the arena. gaps false: they are not looked for, which spares a
 * copy of all factors. QK_ENOMEM. */
QK_NODISCARD qk_code qk_network_count(qk_network *out, const qk_registry *registry, qk_live *live,
                                      bool gaps, qk_arena *arena);
/* Share of stations that are on line, 0..1; NaN without stations. */
double qk_network_rate(const qk_network *n);
#endif
