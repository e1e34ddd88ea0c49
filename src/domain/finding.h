/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_FINDING_H
#define QK_DOMAIN_FINDING_H
/* Findings: events that somebody has to answer for become cases, one for a cause.
 *
 * Of the kinds listed in finding.c an event opens a case (kind of the event, about the site and
 * factor), in the state `found`: people dispatch it. While that case is open, what is found again
 * is a note on it; once it is closed or withdrawn, the next finding opens another. The unit is that
 * of the name which the event gives as owner, where the register of people knows it, else the
 * township of the site. Store thread,
 * inside the transaction that writes the events; an event that was there already finds nothing. */
#include "domain/events.h"
#include "domain/scheduler.h"

QK_NODISCARD qk_code qk_findings_take(const qk_events *events, qk_db *db, qk_scheduler *s,
                                      const qk_registry *registry, qk_time now, qk_error *err);
#endif
