/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_EVALUATION_H
#define QK_DOMAIN_EVALUATION_H
/* What a finished work has done to the air that is measured at its site (治理后评估): ledgers
 * treatment_work and key_project lead to ledger post_evaluation (docs/internals/evaluation.md).
 *
 * Every day at 00:20 each row that is done, names a site and a factor and was finished more than
 * evaluation.days (30) whole days ago is evaluated once: the mean of the stored hours of so many
 * days before the day it was finished, and of so many after that day. It passed when the mean fell
 * by evaluation.drop_percent (10) or more; with less than half of the hours on either side there
 * is no verdict yet, and it is looked at again each night for 400 days. The weather is not taken
 * out. A failed verdict opens a case of kind `rectify`, once. Store thread. */
#include "domain/hours.h"
#include "domain/scheduler.h"

QK_NODISCARD qk_code qk_evaluation_handle(qk_scheduler *s);
/* Sets the nightly timer. */
QK_NODISCARD qk_code qk_evaluation_begin(qk_scheduler *s, qk_time now, qk_error *err);
/* What the timer does; *made: rows of post_evaluation that are new or changed. */
QK_NODISCARD qk_code qk_evaluation_run(size_t *made, qk_db *db, qk_scheduler *s,
                                       const qk_registry *registry, qk_telemetry_reader *reader,
                                       qk_time now, qk_error *err);
/* Whether this mechanism alone changes the ledger's rows. */
bool qk_evaluation_keeps(qk_str ledger);
#endif
