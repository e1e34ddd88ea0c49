/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_TOUCHED_H
#define QK_DOMAIN_TOUCHED_H
/* Days of devices that are to be computed again, each once, however often they are touched. What a
 * transaction does not get to stands in derived_dirty under a level of its own, so that a crash
 * loses no day. Store thread. */
#include "base/map.h"
#include "domain/registry.h"

typedef struct qk_touched_day {
    char mn[QK_MN_MAX];
    int32_t day;
    bool saved, computed; /* stands in the table; done in the transaction under way */
} qk_touched_day;

typedef struct qk_touched {
    int level;     /* of derived_dirty */
    qk_map *index; /* MN and day -> number */
    qk_touched_day *list;
    size_t n, cap;
} qk_touched;

QK_NODISCARD qk_code qk_touched_init(qk_touched *t, int level);
void qk_touched_clear(qk_touched *t);
/* At the ceiling (about a million) the day waits for its next touch. */
void qk_touched_add(qk_touched *t, const char *mn, int32_t day);
QK_NODISCARD qk_code qk_touched_load(qk_touched *t, qk_db *db, qk_error *err);
/* Inside a transaction: list[i] was computed, or is left for a later one. */
QK_NODISCARD qk_code qk_touched_done(qk_touched *t, size_t i, qk_db *db, qk_error *err);
QK_NODISCARD qk_code qk_touched_keep(qk_touched *t, size_t i, qk_db *db, qk_error *err);
void qk_touched_settle(qk_touched *t, bool committed);
#endif
