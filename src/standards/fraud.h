/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_FRAUD_H
#define QK_STANDARDS_FRAUD_H
/* What in monitoring data points to its having been made up: samples taken at two places at once,
 * the same digits again elsewhere, last digits that nobody measures, reports older than their
 * samples. A finding is a reason to look, with the samples that show it, and no verdict.
 *
 * The forms of falsification are those of 环境监测数据弄虚作假行为判定及处理办法
 * (环发〔2015〕175号); thresholds are rows with dates and a source (table "fraud" of
 * standards/rules.h). Pure: results lie in the caller's arena. */
#include "base/memory.h"
#include "base/text.h"
#include "standards/aqi.h"

typedef struct qk_fraud_rule {
    char name[32];
    char source[96];
    char source_zh[QK_RULE_ZH];
    int32_t from_day;
    int32_t to_day;
    int32_t set_items;    /* items of a sampling that must all be the same as another's */
    int32_t run_values;   /* values in a row that stand a second time elsewhere */
    int32_t run_distinct; /* different ones among them */
    int32_t digits_least; /* values that a test of last digits needs */
    int32_t digits_chi2;  /* chi square of ten digits (9 degrees of freedom), in tenths */
    int32_t back_days;    /* a report may come so long after its samples */
    int32_t hours_run;    /* the same for hours of stations */
    int32_t hours_distinct;
    int32_t hours_late_days; /* an hour may come so late */
} qk_fraud_rule;
const qk_fraud_rule *qk_fraud_rules(size_t *count);

typedef enum qk_fraud_kind {
    QK_FRAUD_TWO_PLACES, /* one person (institution) samples at two points in one minute */
    QK_FRAUD_TWO_VALUES, /* one sample has two values, in two reports */
    QK_FRAUD_SAME_SET,   /* a whole sampling has the digits of another */
    QK_FRAUD_SAME_RUN,   /* a row of values stands a second time */
    QK_FRAUD_LAST_DIGIT, /* last digits are not spread as measured ones are */
    QK_FRAUD_BACK_DATED, /* told long after the sampling */
    QK_FRAUD_BEFORE,     /* told before the sampling */
    QK_FRAUD_KINDS
} qk_fraud_kind;
const char *qk_fraud_kind_name(qk_fraud_kind kind); /* "two_places" … */

typedef struct qk_fraud_sample {
    const char *institution, *person; /* person "" = not told */
    const char *report, *point, *item;
    int64_t at;    /* ms; when it was taken */
    int64_t told;  /* of the report, or when it came */
    qk_str digits; /* as written */
    int64_t id;    /* the caller's */
} qk_fraud_sample;

typedef struct qk_fraud_finding {
    qk_fraud_kind kind;
    const qk_fraud_sample **rows; /* that show it, at most QK_FRAUD_ROWS */
    size_t n, all;                /* rows kept; how many there were */
    double statistic;             /* chi square; days late; else 0 */
} qk_fraud_finding;
enum { QK_FRAUD_ROWS = 40, QK_FRAUD_FINDINGS = 500 };

/* Findings in n samples, at most QK_FRAUD_FINDINGS, in an order that follows from the samples
 * alone. QK_ENOMEM. */
QK_NODISCARD qk_code qk_fraud_check(qk_fraud_finding **out, size_t *found,
                                    const qk_fraud_rule *rule, const qk_fraud_sample *samples,
                                    size_t n, qk_arena *arena);

/* Hours of stations side by side: the same values again, at another station or another time. */
typedef struct qk_fraud_series {
    const int64_t *micro; /* one an hour; INT64_MIN = none */
    size_t hours;
} qk_fraud_series;
typedef struct qk_fraud_twin {
    size_t first, first_at, second, second_at; /* series and hour where each begins */
    size_t hours;
} qk_fraud_twin;
/* At most `most` twins, longest stretches whole. All series are of one item. QK_ENOMEM. */
QK_NODISCARD qk_code qk_fraud_twins(qk_fraud_twin *out, size_t most, size_t *found,
                                    const qk_fraud_rule *rule, const qk_fraud_series *series,
                                    size_t n, qk_arena *arena);
/* Chi square of counts of the ten digits against an even spread. */
double qk_fraud_chi_square(const int64_t count[10]);
#endif
