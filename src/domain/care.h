/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_CARE_H
#define QK_DOMAIN_CARE_H
/* Care of the journal: segments that are closed, taken in and older than a day are compressed
 * (store/packed.h); those older than setting journal.keep_days, and needed by nobody, go.
 *
 *   journal.pack_after_hours  24; 0 = never
 *   journal.keep_days         0 = for ever, which is the default: frames are legal evidence. Values
 *                             below 31 delete nothing.
 *
 * Needed: what the store would read again after a crash, what a platform has not been sent, frames
 * of parked devices, and always the last segment. Store thread, in steps of some milliseconds. */
#include "base/log.h"
#include "store/db.h"
#include "store/journal.h"

typedef struct qk_care qk_care;
/* dir: the journal's folder; copied. */
QK_NODISCARD qk_code qk_care_new(qk_care **out, const char *dir, qk_log *log);
void qk_care_free(qk_care *care);
/* A round begins: at start and each night. */
void qk_care_begin(qk_care *care);
/* One step of the round, by the committed state of db at `now`; false when the round is over. What
 * fails is told in the log, and is tried again in the next round. */
bool qk_care_step(qk_care *care, qk_db *db, qk_time now);
/* True once when a segment could go but for rows that are in memory alone. */
bool qk_care_wants_flush(qk_care *care);
#endif
