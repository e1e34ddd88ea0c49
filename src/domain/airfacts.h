/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_AIRFACTS_H
#define QK_DOMAIN_AIRFACTS_H
/* What money and the assessment need of the air, from evaluated air instead of by hand: rows of the
 * ledgers township_month (PM2.5 of a month, whole ug/m3 as HJ 663-2013 rounds it) and
 * assessment_air (of a half-year or year, one decimal, with the same span a year earlier), for each
 * township that has a target of PM2.5 for that year (domain/airtarget.h) and enough valid days
 * (HJ 663-2013 table 4; of a half-year three quarters).
 *
 * Made again they follow what is known of the air now; a row whose source is somebody else's is
 * left alone. On the 1st and the 4th at 00:30 the month before is filled, in January and July the
 * half-year and in January the year too. Store thread. */
#include "domain/registry.h"
#include "domain/scheduler.h"

/* A month "2025-10", a half-year "2025H1" or a year "2025"; *written: rows that are new or changed.
 * QK_EINVAL for any other period. */
QK_NODISCARD qk_code qk_airfacts_fill(size_t *written, qk_db *db, const qk_registry *registry,
                                      qk_str period, qk_time now, qk_error *err);
/* The timer's handler, and the timers. */
QK_NODISCARD qk_code qk_airfacts_handle(qk_scheduler *s);
QK_NODISCARD qk_code qk_airfacts_begin(qk_scheduler *s, qk_time now, qk_error *err);
#endif
