/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_TARGET_H
#define QK_STANDARDS_TARGET_H
/* A yearly target held against the days so far: what is reached, what may still be used up, and
 * where the year is heading, judged by the place's own past years. Reached and allowed are exact;
 * the projection is an estimate. A target counts as printed, unrounded: 38.6 % of 153 days is 59.
 * Days to come are taken as valid. Pure: the date is a value. */
#include "base/json.h"
#include "standards/evaluate.h"

typedef enum qk_target_kind {
    QK_TARGET_MEAN,       /* yearly mean of a pollutant (CO, O3: yearly percentile) at most */
    QK_TARGET_GOOD_DAYS,  /* at least; a share of valid days when is_ratio */
    QK_TARGET_HEAVY_DAYS, /* at most */
    QK_TARGET_OZONE_OVER  /* days with the largest 8-h mean above 160, at most */
} qk_target_kind;

typedef struct qk_target {
    qk_target_kind kind;
    qk_pollutant pollutant; /* of QK_TARGET_MEAN */
    bool is_ratio;          /* value in per cent of the valid days */
    bool strict;            /* < or >: equal does not meet it */
    qk_dec value;           /* ug/m3 (CO mg/m3), days, or per cent */
    int32_t month_from;     /* 1..12, the part of the year it looks at */
    int32_t month_to;
} qk_target;

typedef enum qk_target_state {
    QK_TARGET_MET,    /* the year is over, or nothing to come can break it */
    QK_TARGET_FAILED, /* over and missed, or nothing to come can save it */
    QK_TARGET_ON_TRACK,
    QK_TARGET_AT_RISK, /* the interval holds both ends */
    QK_TARGET_OFF_TRACK,
    QK_TARGET_UNKNOWN /* no day so far and no past year */
} qk_target_state;

enum { QK_TARGET_PAST_MAX = 32 };

typedef struct qk_target_result {
    int32_t valid_days; /* so far */
    int32_t days_left;  /* of the part of the year, after asof */
    int32_t counted;    /* good, heavy or ozone days so far */
    qk_exact mean;      /* so far, of QK_TARGET_MEAN */
    bool has_allowance;
    qk_dec mean_allowed;   /* for the days left, 1 decimal; below 0: out of reach */
    int32_t total_allowed; /* days: the whole number the target comes to with all days left valid */
    int32_t days_may;      /* good: may be lost; heavy, ozone: may still come; below 0: too late */
    double projected;      /* at the end, in the target's unit; NaN: unknown */
    double low, high;      /* 80 % interval from the past years; NaN with fewer than two */
    int32_t past_years;    /* that the projection rests on */
    double month_path[12]; /* mean that each month left may have, shaped by the past; NaN else */
    qk_target_state state;
} qk_target_result;

/* year holds the target's year, with days after `asof` (civil day) not looked at; past holds
 * earlier years (those with too few days are passed over). */
void qk_target_judge(qk_target_result *out, const qk_target *target, const qk_year *year,
                     int32_t asof, const qk_year *const *past, size_t past_count);
/* A row of a compiled plan's "targets" ({"metric","statistic","op","value","unit","text",…}). NULL,
 * or why it cannot be judged from hourly air alone. */
const char *qk_target_read(qk_target *out, const qk_json_value *row);
const char *qk_target_state_name(qk_target_state state);

/* Allocation of a place's target to its parts: part i gets target x own_i / (weighted mean of own),
 * so that the weighted mean of the parts is the target, rounded down to 1 decimal where it is not
 * whole. QK_EINVAL without a positive weight or value. */
QK_NODISCARD qk_code qk_target_allocate(qk_dec *out, const qk_dec *own, const qk_dec *weight,
                                        size_t count, qk_dec target);
/* Sum of weight x value over the sum of weights, exact; not there without a weight. The check of an
 * allocation: at most the target. */
qk_ratio qk_target_weighted_mean(const qk_dec *value, const qk_dec *weight, size_t count);

/* Attainment: `years` yearly values from base (the year before the first) down to goal in equal
 * steps, rounded to one decimal; the last is the goal itself. A base that meets the goal stays as
 * it is. QK_EINVAL without years or positive values. */
QK_NODISCARD qk_code qk_target_path(qk_dec *out, qk_dec base, qk_dec goal, size_t years);
#endif
