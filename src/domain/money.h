/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_MONEY_H
#define QK_DOMAIN_MONEY_H
/* Money between county and townships, and to enterprises: lines drafted by rule from facts in the
 * ledgers, appealed, approved by two, posted (docs/internals/money.md).
 *
 *   drafted ─approve (director)▶ approved ─approve (leader, another person)▶ posted
 *   drafted ─appeal▶ frozen ─reject▶ drafted, ─uphold▶ withdrawn
 *
 * Facts: ledger found_problem (confirmed ones of the month) by the rows of table "deduction" that
 * hold on the fact's day, a special item before "other"; ledger township_month by "compensation"
 * (PM2.5 above the target); grade_subsidy by "subsidy"; scrapping_subsidy by its own amount. A fact
 * is charged once. Drafting again brings drafts to what the facts say now; lines that are approved
 * or posted stay, and where they would be other the difference is told. A posted line is corrected
 * by a reversal, which is a line of its own with two approvals. Sums are whole yuan, deductions
 * below 0. Appeals are heard until the end of the 3rd working day after a line was drafted (setting
 * money.appeal_workdays); a durable timer then tells how many wait to be decided. Writing is for
 * the store thread. */
#include "base/json.h"
#include "domain/scheduler.h"

enum { QK_MONEY_ID_MAX = 24, QK_MONEY_TEXT_MAX = 2000 };

typedef struct qk_money_drafting {
    size_t added, changed, same, withdrawn;
    size_t differing; /* lines that stand but would be other now */
} qk_money_drafting;
/* period "2025-10". QK_EINVAL; QK_EFULL beyond 9,999 lines of a month. */
QK_NODISCARD qk_code qk_money_draft(qk_money_drafting *out, qk_db *db, qk_str period, qk_str by,
                                    qk_time now, qk_error *err);

typedef struct qk_money_act {
    qk_str action; /* appeal uphold reject approve reverse */
    qk_str text;   /* needed but for approve */
    qk_str who;
    bool director, leader;       /* what the one who acts may approve */
    int64_t seen;                /* -1 = any */
    const qk_worktime *worktime; /* by which the days for appeals are counted; NULL = no end */
} qk_money_act;
/* QK_EDENIED for what may not come now; QK_EINVAL, QK_ENOTFOUND, QK_ECONFLICT. */
QK_NODISCARD qk_code qk_money_step(qk_db *db, qk_str id, const qk_money_act *act, qk_time now,
                                   qk_error *err);
/* The same approval for every line of the period that waits for it; *n lines. */
QK_NODISCARD qk_code qk_money_approve_all(size_t *n, qk_db *db, qk_str period,
                                          const qk_money_act *act, qk_time now, qk_error *err);

/* The timer money.appeals: its handler, once at start; set for what was drafted at `now`. */
QK_NODISCARD qk_code qk_money_handle(qk_scheduler *s);
QK_NODISCARD qk_code qk_money_set_appeal_timer(qk_scheduler *s, qk_db *db, qk_str period,
                                               qk_time now, qk_error *err);

typedef struct qk_money_filter {
    qk_str period, unit, state;  /* empty = any */
    const qk_worktime *worktime; /* tells until when a draft may be appealed; NULL = is not told */
    bool (*may)(void *context, qk_str unit);
    void *may_context;
} qk_money_filter;
/* {"items":[…],"units":[{"unit","yuan","posted_yuan"}],"yuan","posted_yuan"}: sums without what is
 * withdrawn. At most 10,000 lines. */
QK_NODISCARD qk_code qk_money_write_list(qk_json_writer *w, qk_db *db,
                                         const qk_money_filter *filter, qk_error *err);
/* Every version of a line, newest first. QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_money_write_history(qk_json_writer *w, qk_db *db, qk_str id, qk_error *err);
/* The unit of a line. QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_money_unit(char out[64], qk_db *db, qk_str id, qk_error *err);
#endif
