/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_HOTSPOT_WARN_H
#define QK_DOMAIN_HOTSPOT_WARN_H
/* The house's own warning of a hot spot: the event "hotspot", which is a finding
 * (domain/finding.h).
 *
 * One event for an episode: none is raised at a station for which there is one since the episode
 * began, less the quiet hours that would have ended an earlier one; so an hour that comes late or
 * is marked afterwards makes no second. PM10 is looked at first, then PM2.5: what shows in both is
 * told once. An episode that became known more than QK_HOTSPOT_LATE_H ago is history and not told.
 * Its time is the end of the hour with which it became known. */
#include "domain/events.h"
#include "domain/hotspot.h"

enum { QK_HOTSPOT_LATE_H = 6 };
#define QK_HOTSPOT_WAIT (5 * QK_MINUTE)

/* Looks at the hours that are over for QK_HOTSPOT_WAIT at `now`, as long as stations may take to
 * send them, and raises what is new; *raised may be NULL. Store thread, inside a transaction. */
QK_NODISCARD qk_code qk_hotspots_warn(size_t *raised, qk_db *db, qk_events *events,
                                      const qk_registry *registry, qk_telemetry_reader *reader,
                                      qk_time now, qk_error *err);
#endif
