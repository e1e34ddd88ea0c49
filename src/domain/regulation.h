/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_REGULATION_H
#define QK_DOMAIN_REGULATION_H
/* What an enterprise has not finished in time brings it onto the list of seasonal production
 * regulation (秋冬季生产调控): ledger treatment_work leads to ledger seasonal_regulation.
 *
 * Every day at 00:05 the works whose deadline was yesterday or earlier, that are neither done nor
 * accepted, and whose field `regulated` is not "no", enter it with their reason: a deadline of 31
 * October shows on 1 November, 00:05, and not before. A work enters once. What is finished later
 * stays on the list until a named person releases it, with a reason. Store thread. */
#include "domain/ledger.h"
#include "domain/scheduler.h"

QK_NODISCARD qk_code qk_regulation_handle(qk_scheduler *s);
/* Sets the nightly timer. */
QK_NODISCARD qk_code qk_regulation_begin(qk_scheduler *s, qk_time now, qk_error *err);
/* What the timer does; *entered: rows that are new. */
QK_NODISCARD qk_code qk_regulation_enter(size_t *entered, qk_db *db, qk_time now, qk_error *err);
/* Releases a row of seasonal_regulation. QK_EINVAL without person or reason, QK_EDENIED when it was
 * released before, QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_regulation_release(qk_db *db, int64_t row, qk_str person, qk_str reason,
                                           qk_time now, qk_error *err);
/* Whether this mechanism alone changes the ledger's rows. */
bool qk_regulation_keeps(qk_str ledger);
#endif
