/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_WATCH_H
#define QK_DOMAIN_WATCH_H
/* Watches the devices of the register: who fell silent, went off line or came back, and whose clock
 * is wrong, as events. A device's clock is wrong when the median of receipt minus QN is more than
 * 5 minutes away from zero (practice, section 2); it is told once a day.
 *
 * Also the network of air stations (domain/network.h): when less than 95 % of them have been on
 * line for ten minutes, "network_low" is raised, and "network_restored" when they are again. Store
 * thread.
 */
#include "domain/events.h"

typedef struct qk_watch qk_watch;
QK_NODISCARD qk_code qk_watch_new(qk_watch **out, qk_live *live, qk_events *events,
                                  const qk_registry *registry, const qk_clock *clock);
void qk_watch_free(qk_watch *w);
/* About once a second. */
void qk_watch_tick(qk_watch *w);
#endif
