/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_MONEY_H
#define QK_STANDARDS_MONEY_H
/* Rules with money and points in them: what a problem costs a township, what a grade is paid, how a
 * unit is scored. Rows of tables with validity and source, as in standards/sources.h; pure, any
 * thread. */
#include "base/time.h"
#include "standards/aqi.h"

/* ---- amounts by kind: deductions, subsidies ---- */
enum { QK_AMOUNT_ITEMS = 24, QK_AMOUNT_CODE = 24 };
typedef struct qk_amount_item {
    char code[QK_AMOUNT_CODE]; /* "boiler", … ; "other" takes what none else does */
    char zh[64];
    int32_t yuan;
    int32_t up_to; /* the size it speaks of (t of a boiler); 0 = any */
    bool stacks;   /* once for each item that is missing, else once for the fact */
} qk_amount_item;
typedef struct qk_amount_rule {
    char name[32];
    char source[96];
    char source_zh[QK_RULE_ZH];
    int32_t from_day;
    int32_t to_day;
    qk_amount_item items[QK_AMOUNT_ITEMS];
    size_t count;
} qk_amount_rule;
const qk_amount_rule *qk_deduction_rules(size_t *count);
const qk_amount_rule *qk_subsidy_rules(size_t *count);
/* The item of a kind: one of its code whose size holds it (size 0 = not told), before "other". NULL
 * when neither is there. */
const qk_amount_item *qk_amount_of(const qk_amount_rule *rule, qk_str code, int64_t size);
/* Yuan of a fact with this many items (at least one). */
int64_t qk_amount_yuan(const qk_amount_item *item, int64_t items);

/* ---- scores ---- */
typedef struct qk_assess_rule {
    char name[32];
    char source[96];
    char source_zh[QK_RULE_ZH];
    int32_t from_day;
    int32_t to_day;
    /* full points of each part and other numbers, in 10^-6 */
    int64_t air_points, task_points, problem_points, initiative_points;
    int64_t points_per_ug; /* lost for each ug/m3 of PM2.5 above the target */
    int64_t penalty_below; /* a total below it goes on the penalty list */
    bool whole_ug;         /* only whole ug/m3 count */
    bool worse_is_zero;    /* worse than the year before: no points for the air */
} qk_assess_rule;
const qk_assess_rule *qk_assess_rules(size_t *count);

typedef struct qk_assess_input {
    bool air_known, last_known;
    qk_dec pm25, target, last_year; /* ug/m3 */
    int64_t tasks, tasks_done, problems, problems_closed;
    qk_dec deducted, initiative; /* points */
} qk_assess_input;

typedef enum qk_assess_part {
    QK_ASSESS_AIR,
    QK_ASSESS_TASKS,
    QK_ASSESS_PROBLEMS,
    QK_ASSESS_INITIATIVE,
    QK_ASSESS_DEDUCTED,
    QK_ASSESS_PARTS
} qk_assess_part;
const char *qk_assess_part_name(qk_assess_part part); /* "air" … "deducted" */

typedef struct qk_assess_score {
    qk_dec full[QK_ASSESS_PARTS];     /* of deducted: 0 */
    qk_dec points[QK_ASSESS_PARTS];   /* 2 decimals; deducted is not above 0 */
    const char *why[QK_ASSESS_PARTS]; /* stable: within over worse unknown share none sum cap */
    qk_dec total;                     /* sum of the points as shown */
    bool targets_met;                 /* air within its target and every task done */
    bool penalty;
} qk_assess_score;
/* Each part rounded half to even at 2 decimals, the total summed from what is shown. Without a
 * figure of the air there are no points for it; parts without tasks or problems give all. QK_ERANGE
 * for numbers that cannot be held. */
QK_NODISCARD qk_code qk_assess(qk_assess_score *out, const qk_assess_rule *rule,
                               const qk_assess_input *input);
#endif
