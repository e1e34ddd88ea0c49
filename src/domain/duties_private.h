/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_DUTIES_PRIVATE_H
#define QK_DOMAIN_DUTIES_PRIVATE_H
/* Shared by the files of the duties. */
#include "domain/duties.h"

/* A day as INT32_MIN = none. */
typedef struct qk_obligation_new {
    qk_str id, plan, path, parent, no, title, text, campaign, every, op, value, value2, unit;
    qk_str measure, binding;
    const char *kind;
    int32_t start_day, due_day;
} qk_obligation_new;
/* The timers of an issue: at 24:00 of the due day, and when the days for signing are over. */
QK_NODISCARD qk_code qk_duties_set_filing_timer(qk_node *node, qk_str obligation, int32_t due_day,
                                                qk_error *err);
QK_NODISCARD qk_code qk_duties_set_sign_timer(qk_node *node, qk_db *db, qk_str plan, qk_time now,
                                              qk_error *err);
#endif
