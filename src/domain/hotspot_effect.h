/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_HOTSPOT_EFFECT_H
#define QK_DOMAIN_HOTSPOT_EFFECT_H
/* What came of what was done about a hot spot: the air after the feedback, as a step of its case.
 *
 * For a case of kind `hotspot` that was fed back, the QK_EFFECT_H whole hours behind the feedback
 * are held against the QK_EFFECT_H before the case was opened: the station and the median of its
 * neighbours, by the rule of the settings hotspot.*. It fell when it is no hot spot any more; then
 * the step `effect` says so. Where it has not fallen and the case still waits to be verified, it is
 * returned for the next source to be looked for. Without hours for a day the step says that.
 * Once for a feedback. Store thread, inside a transaction. */
#include "domain/cases.h"
#include "domain/hotspot.h"

enum { QK_EFFECT_H = 2 };

/* Whether a case waits for its effect at all: a cheap look before a reader is opened. */
bool qk_hotspots_effect_waits(qk_db *db);
/* *recorded may be NULL. */
QK_NODISCARD qk_code qk_hotspots_effect(size_t *recorded, qk_db *db, qk_scheduler *s,
                                        const qk_registry *registry, qk_telemetry_reader *reader,
                                        qk_time now, qk_error *err);
#endif
