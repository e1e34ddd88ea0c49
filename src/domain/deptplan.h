/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_DEPTPLAN_H
#define QK_DOMAIN_DEPTPLAN_H
/* Departments' own plans of enforcement and supervision (部门执法和督导计划).
 *
 * A plan hands each department its field in running text and asks for a plan of its own
 * (plan/plan.h: qk_plan_field, own_plan). The issue makes of it, for each department, an obligation
 * of kind filing, and for each field a row of ledger department_plan, where the department keeps
 * how many checks it plans and how many are done. Told of each field:
 *
 *   covered    the plan is filed (or laid to the row), and checks are planned for the field
 *   unplanned  the plan is filed, nothing is planned for the field
 *   waiting    not filed, the day is not over
 *   missing    not filed on its day
 *
 * Writing is for the store thread inside its transaction, reading for any thread. */
#include "domain/duties.h"

typedef struct qk_deptplan_field {
    qk_str plan, unit; /* id of the unit */
    qk_str field, check, with, path;
    int32_t year;
} qk_deptplan_field;
/* Lays a row for the field; what the department told of it already stays. */
QK_NODISCARD qk_code qk_deptplan_put(qk_db *db, const qk_deptplan_field *f, qk_str by, qk_time now,
                                     qk_arena *arena, qk_error *err);

/* {"items":[{obligation, unit, due, state, file, "fields":[…], covered, planned, done}],"total"}.
 * Of the filter plan and may are looked at. */
QK_NODISCARD qk_code qk_deptplans_write(qk_json_writer *w, qk_db *db, const qk_task_filter *f,
                                        qk_time now, qk_arena *arena, qk_error *err);
#endif
