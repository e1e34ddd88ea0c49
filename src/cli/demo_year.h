/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_DEMO_YEAR_H
#define QK_CLI_DEMO_YEAR_H
/* What the demo county did with its plan from April to November 2025: tests of machines and
 * treatment works in their ledgers, monthly reports, months judged and told. Some of it behind,
 * some overdue, some silent. The same every time. Store thread, inside its transaction. */
#include "cli/demo_past.h"

QK_NODISCARD qk_code qk_demo_year_play(const qk_demo_past *past, qk_db *db, qk_str plan,
                                       qk_arena *arena, qk_error *err);
#endif
