/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_WARNING_H
#define QK_STANDARDS_WARNING_H
/* Heavy-pollution warnings: levels of 环大气〔2024〕6号 (from 2024-01-23) and
 * 环办大气函〔2019〕648号, their start, raise, fall and end, merging of episodes, and the least
 * reduction shares.
 * ">X lasting 24n h" is read as n consecutive days above X; a day without a value (below 0) breaks
 * a run. Pure, any thread. */
#include "standards/aqi.h"
#include "standards/ratio.h"

typedef enum qk_warning_level {
    QK_WARNING_NONE,
    QK_WARNING_YELLOW,
    QK_WARNING_ORANGE,
    QK_WARNING_RED
} qk_warning_level;
typedef enum qk_warning_action {
    QK_WARNING_KEEP,
    QK_WARNING_ISSUE,
    QK_WARNING_UPGRADE,
    QK_WARNING_DOWNGRADE,
    QK_WARNING_CANCEL
} qk_warning_action;

enum {
    QK_WARNING_LEVELS = QK_WARNING_RED + 1,
    QK_WARNING_CONDITIONS = 12,
    QK_WARNING_EASE_DAYS = 40
};

/* "At least `days` consecutive days above `above`, among them at least `peak_days` consecutive ones
 * above `peak_above`." */
typedef struct qk_warning_condition {
    int32_t level; /* qk_warning_level */
    int32_t above;
    int32_t days;
    int32_t peak_above;
    int32_t peak_days; /* 0: no peak asked for */
} qk_warning_condition;
typedef struct qk_warning_rule {
    char name[32];
    char source[96]; /* document and date of force */
    char source_zh[QK_RULE_ZH];
    int32_t from_day;
    int32_t to_day;
    int32_t release_hours; /* an improvement that lasts so long lowers; episodes nearer are one */
    int32_t share_percent[QK_WARNING_LEVELS]; /* least reduction of all emission; 0 for none */
    qk_warning_condition condition[QK_WARNING_CONDITIONS]; /* any of a level's gives it */
    size_t condition_count;
} qk_warning_rule;

/* The shipped ones, oldest first. */
const qk_warning_rule *qk_warning_rules(size_t *count);
const char *qk_warning_level_name(qk_warning_level level); /* "none" … "red" */
QK_NODISCARD qk_code qk_warning_level_find(qk_warning_level *out, qk_str name);
const char *qk_warning_action_name(qk_warning_action action);

/* The highest level whose condition the predicted daily AQI satisfy. */
qk_warning_level qk_warning_level_of(const qk_warning_rule *rule, const int32_t *aqi, size_t days);
/* The condition that gives it; NULL for none. */
const qk_warning_condition *qk_warning_condition_of(const qk_warning_rule *rule, const int32_t *aqi,
                                                    size_t days);
/* level[i]: the highest of a condition that a run of days holds in which day i lies, so that a red
 * stretch has its orange one before it. */
void qk_warning_of_days(qk_warning_level *level, const qk_warning_rule *rule, const int32_t *aqi,
                        size_t days);

/* Up at once; down or off only when the improvement lasts release_hours. */
qk_warning_action qk_warning_step(qk_warning_level *next, const qk_warning_rule *rule,
                                  qk_warning_level now, qk_warning_level supported,
                                  qk_ratio hours_improved);

/* What a level in force may fall to. aqi[days] holds the days observed and, from `today` on, those
 * predicted; below 0 = not known, a day that does not count is 0. The improvement begins now, with
 * hours_left of today, and lasts as long as the days after it lie in no run of that level or a
 * higher one, up to a day that is not known. *next is the highest level of the days that
 * release_hours reach into. At most QK_WARNING_EASE_DAYS days are looked at; *hours (may be NULL)
 * how long the improvement lasts. */
qk_warning_action qk_warning_ease(qk_warning_level *next, int32_t *hours,
                                  const qk_warning_rule *rule, qk_warning_level now,
                                  const int32_t *aqi, size_t days, size_t today,
                                  int32_t hours_left);
/* The lowest daily AQI that the conditions of a level ask to be exceeded; INT32_MAX for none. */
int32_t qk_warning_floor(const qk_warning_rule *rule, qk_warning_level level);

/* Two episodes less than release_hours apart are one: *level is that of the days of both in one
 * row, else the stricter of the two. first and second stand one behind the other in aqi. */
bool qk_warning_merge(qk_warning_level *level, const qk_warning_rule *rule, const int32_t *aqi,
                      size_t first_days, size_t second_days, qk_ratio gap_hours);

enum { QK_REDUCTION_SO2, QK_REDUCTION_NOX, QK_REDUCTION_PM, QK_REDUCTION_VOC, QK_REDUCTIONS };
typedef struct qk_reduction {
    qk_ratio share_percent[QK_REDUCTIONS]; /* not there without emission to cut */
    bool known;                            /* all four shares are there */
    bool each_meets;
    bool meets_with_swap; /* SO2 and NOx together twice the level (convention), PM and VOC each */
} qk_reduction;
/* Against the rule's share of that level. */
void qk_reduction_of(qk_reduction *out, const qk_warning_rule *rule, qk_warning_level level,
                     const qk_ratio base[QK_REDUCTIONS], const qk_ratio cut[QK_REDUCTIONS]);
#endif
