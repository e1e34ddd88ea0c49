/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_PLAN_CHECK_H
#define QK_PLAN_CHECK_H
/* What a careful clerk would find in a plan before it is issued: numbers that disagree, dates that
 * are past, duties without a lead or with one too many, names that differ, words that cannot be
 * meant.
 *
 * Each finding names its rule (code), how bad it is (H: a wrong task, date, duty or sum; M: cannot
 * be measured or assigned; L: wording), where, the words it rests on and its arithmetic. Findings
 * stand in the plan's arena and live as long as it. Pure; one thread at a time. */
#include "base/messages.h"
#include "plan/plan.h"

enum { QK_FINDING_EVIDENCE = 8, QK_FINDING_PARAMS = 3, QK_FINDING_BESIDE = 2 };

typedef struct qk_plan_finding {
    const char *code; /* "count_differs"; its text is message plan.check.<code> */
    char severity;    /* 'H', 'M', 'L' */
    qk_str *where;    /* numbers of tasks or headings */
    uint32_t where_count, where_cap;
    qk_str param[QK_FINDING_PARAMS]; /* {a} {b} {c} of the message */
    qk_span evidence[QK_FINDING_EVIDENCE];
    uint32_t evidence_count;
    qk_str beside[QK_FINDING_BESIDE]; /* words of the plan that it was compared with */
    uint32_t beside_count;
    qk_str arithmetic; /* empty: none */
} qk_plan_finding;

typedef struct qk_plan_findings {
    qk_plan_finding *at;
    uint32_t finding_count, finding_cap;
} qk_plan_findings;

/* All findings, by rule and then in the order of the text. QK_EFULL when the plan's arena is full.
 */
QK_NODISCARD qk_code qk_plan_check(qk_plan_findings *out, qk_plan *plan, qk_error *err);
/* Adds what the plan says otherwise than another one (the city's, its own of last year): an
 * indicator or a goal with another value, a class drawn elsewhere, a goal looser than before, a
 * task that is gone, a unit under another name. out is a list of this plan (of qk_plan_check, or
 * zeroed). QK_EFULL when the plan's arena is full. */
QK_NODISCARD qk_code qk_plan_check_against(qk_plan_findings *out, qk_plan *plan,
                                           const qk_plan *other, qk_error *err);
/* As a JSON array in the contract's form. */
void qk_plan_findings_write(const qk_plan *plan, const qk_plan_findings *findings, qk_lang lang,
                            qk_json_writer *w);
#endif
