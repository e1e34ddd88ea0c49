/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_PROJECTS_H
#define QK_DOMAIN_PROJECTS_H
/* Key projects (重点工程): the rows of an issued plan's annexes become rows of ledger key_project.
 *
 * An annex is a list of projects when one of its columns names a project, a works or an enterprise
 * (项目名称, 工程名称, 企业名称); a table that hands out tasks (重点任务, 牵头单位) is none.
 * Columns are known by the words of their headings; what fits no field is kept in `content` with
 * its heading. A row knows the item it came from (`plan`, `path`), so that the plan's page and the
 * ledger lead to each other. How far a project is (state, progress in per cent, invested, month)
 * is told by new versions of its row: as known at the end of a month it is that month's progress.
 *
 * For the store thread, inside its transaction. What is given out lies in the arena. */
#include "base/memory.h"
#include "base/time.h"
#include "store/db.h"

enum { QK_PROJECT_TABLES_MAX = 64 };

typedef struct qk_project_table {
    qk_str path, title; /* of the table in the plan */
    int64_t projects;   /* rows that were taken */
    int64_t mended;     /* of them: malformed in print, put right by the reader */
    int64_t left_out;   /* sums, rows without a name */
} qk_project_table;

typedef struct qk_projects_taken {
    qk_project_table *at;
    size_t n;
} qk_projects_taken;

/* Takes the annexes of a plan as they were reviewed; rejected items are left out. A row that the
 * ledger has under its key already (plan, number, name) is changed, not doubled. end_day: the
 * plan's last day (qk_day_number), the deadline where the annex prints none. */
QK_NODISCARD qk_code qk_projects_take(qk_projects_taken *out, qk_db *db, qk_str plan,
                                      int32_t end_day, qk_str by, qk_time now, qk_arena *arena,
                                      qk_error *err);
/* Month and year of a printed limit ("2025年9月底前", "10月底前", "2024-2026", "2025") as a day,
 * the last of what it names; plan_year completes a limit without one. INT32_MIN = no date in it. */
int32_t qk_project_day(qk_str printed, int32_t plan_year);
#endif
