/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_ASSESS_H
#define QK_DOMAIN_ASSESS_H
/* The assessment of units and townships (考核): every point from stored facts, by the row of table
 * "assessment" that holds on the period's last day, recomputable as known at any time.
 *
 * Facts: ledger assessment_air (who is assessed, PM2.5, target, year before), obligations whose
 * lead or responsible unit it is and that fall due in the period, cases opened in it, ledger
 * assessment_point (initiative, deductions). Any thread with a connection of its own. */
#include "base/json.h"
#include "base/time.h"
#include "store/db.h"

typedef struct qk_assess_ask {
    qk_str period;                           /* "2026", "2026H1", "2026H2" */
    qk_time known_at;                        /* QK_TIME_NONE = now */
    bool (*may)(void *context, qk_str unit); /* NULL = all units are shown */
    void *may_context;
} qk_assess_ask;
/* {"period","rule","source","penalty_below","items":[{"unit","rank","total","parts":[…],
 * "targets_met","unmet","penalty"}],"commended":[…],"penalty":[…]}: by falling total, equal ones
 * share a rank. Each part has its arithmetic in `formula`. Commended are only units that met all
 * their targets. QK_EINVAL for a period that is none. */
QK_NODISCARD qk_code qk_assess_write(qk_json_writer *w, qk_db *db, const qk_assess_ask *ask,
                                     qk_error *err);
#endif
