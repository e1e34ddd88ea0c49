/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_PLAN_CHECK_PRIVATE_H
#define QK_PLAN_CHECK_PRIVATE_H
/* The rules of the check, a file a kind; each adds what it finds. */
#include "plan/check.h"
#include "plan/private.h"

typedef struct checker {
    qk_plan *p;
    qk_plan_findings *out;
} checker;

/* A new finding, or NULL when the arena is full (plan->full is set). */
qk_plan_finding *qk_check_add(checker *c, const char *code, char severity);
void qk_check_at(checker *c, qk_plan_finding *f, qk_str where);
void qk_check_at_task(checker *c, qk_plan_finding *f, const qk_plan_task *task);
void qk_check_at_node(checker *c, qk_plan_finding *f, uint32_t node);
/* The task or heading that a place in the text belongs to. */
void qk_check_at_place(checker *c, qk_plan_finding *f, uint32_t byte);
void qk_check_quote(qk_plan_finding *f, qk_span evidence);
qk_str qk_check_print(checker *c, const char *fmt, ...) QK_PRINTF(2, 3);
/* The clause around a place, for evidence. */
qk_span qk_check_clause(const checker *c, qk_span s, uint32_t at);
int64_t qk_check_days(int32_t date); /* yyyymmdd as a day number */

void qk_check_outline(checker *c);
void qk_check_tables(checker *c);
void qk_check_counts(checker *c);
void qk_check_dates(checker *c);
void qk_check_values(checker *c);
void qk_check_duties(checker *c);
void qk_check_names(checker *c);
void qk_check_people(checker *c);
void qk_check_money(checker *c);
void qk_check_words(checker *c);
void qk_check_sense(checker *c);
/* Do two names share three quarters of the longer one's characters, in order? */
bool qk_check_alike(qk_str a, qk_str b);
#endif
