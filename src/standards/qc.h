/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_QC_H
#define QK_STANDARDS_QC_H
/* Automatic checks of hourly ambient air: every hour gets a grade with its reasons, from the hours
 * around it, the neighbours of that hour and the same hour of earlier days. What a check does:
 *
 *   missing, device_flag   no value, or one that the device itself marks as no measurement
 *   range                  outside of what air or the instrument can hold; negative
 *   stuck                  the same digits for `stuck_hours` and more, all of the run
 *   spike                  up and back (or down and back) within one hour, the neighbours calm
 *   pm_order               PM2.5 above PM10 by more than the tolerance: both
 *   jump, neighbours, history, pm_order within the tolerance
 *                          odd, but air can do that: doubtful, told to a person, still counted
 *
 * The first five make an hour bad: it is left out at every level but the raw one. A rise that the
 * neighbours share is no jump. Thresholds are rows with dates and a source (struct qk_qc_rule).
 *
 * Interference: a station that falls alone against its neighbours, or whose values are smoother
 * than air is. A suspicion for people, never a verdict.
 *
 * Values are integers of 10^-6 ug/m3 (CO: mg/m3), QK_QC_NONE where there is none. The checks follow
 * the practice of HJ 818-2018 and HJ 654-2013; their numbers are conventions. Pure, any thread. */
#include "standards/aqi.h"

#define QK_QC_NONE INT64_MIN

typedef enum qk_qc_grade { QK_QC_MISSING, QK_QC_GOOD, QK_QC_DOUBTFUL, QK_QC_BAD } qk_qc_grade;
typedef enum qk_qc_reason {
    QK_QC_R_MISSING,
    QK_QC_R_DEVICE_FLAG,
    QK_QC_R_RANGE,
    QK_QC_R_STUCK,
    QK_QC_R_SPIKE,
    QK_QC_R_PM_ORDER,
    QK_QC_R_JUMP,
    QK_QC_R_NEIGHBOURS,
    QK_QC_R_HISTORY,
    QK_QC_REASONS
} qk_qc_reason;
#define QK_QC_BIT(reason) (1u << (reason))

enum { QK_QC_NEAR_MAX = 16, QK_QC_PAST_MAX = 60, QK_QC_STUCK_MAX = 24 };

/* Of one pollutant; 0 turns a check off (range: low above high). */
typedef struct qk_qc_limits {
    int64_t low, high;   /* range */
    int32_t stuck_hours; /* 2 .. QK_QC_STUCK_MAX */
    int64_t stuck_above; /* values up to here may stand still: near the limit of detection */
    int64_t jump;        /* a change must exceed this and jump_percent of the value before */
    int32_t jump_percent;
    int64_t near; /* distance from the neighbours' median, and the factor in per cent (300 = 3) */
    int32_t near_percent;
    int64_t past; /* distance from the median of the same hour, and in tenths of the MAD */
    int32_t past_mads_tenths;
    int64_t zero; /* a zero check may read so far from its reference */
} qk_qc_limits;

typedef struct qk_qc_interference {
    int32_t hours;             /* so many hours against as many before */
    int32_t fall_percent;      /* own mean falls by at least this */
    int32_t near_fall_percent; /* while the neighbours fall by less than this */
    int64_t least;             /* own mean before, at least */
    int32_t smooth_hours;
    int32_t smooth_permille; /* mean change from hour to hour / mean value, at most */
    int32_t smooth_factor;   /* and the neighbours are so many times rougher */
    int32_t spray_metres;    /* water spraying within this distance belongs to the evidence */
} qk_qc_interference;

typedef struct qk_qc_rule {
    char name[32];
    char source[96];
    char source_zh[QK_RULE_ZH];
    int32_t from_day; /* civil days, both included */
    int32_t to_day;
    qk_qc_limits item[QK_POLLUTANTS];
    int64_t order; /* PM2.5 above PM10 by more than this and order_percent is bad */
    int32_t order_percent;
    int32_t near_km;    /* who is a neighbour */
    int32_t near_least; /* with fewer values the neighbours are not asked */
    int32_t past_days;  /* up to QK_QC_PAST_MAX */
    int32_t past_least;
    int32_t span_percent; /* checks of the instrument, in per cent of the reference */
    int32_t precision_percent;
    int32_t comparison_percent; /* against manual sampling */
    int32_t flow_percent;
    qk_qc_interference interference;
} qk_qc_rule;

const qk_qc_rule *qk_qc_rules(size_t *count); /* the shipped rows */

typedef struct qk_qc_context {
    const int64_t *own; /* hours around, own[at] is judged */
    size_t own_n, at;
    char flag;           /* of the device for this hour; 0 = none */
    int64_t other;       /* PM10 for PM2.5 and the other way about; else QK_QC_NONE */
    const int64_t *past; /* the same hour of earlier days */
    size_t past_n;
    const int64_t *near;        /* neighbours in this hour, */
    const int64_t *near_before; /* and in the hour before */
    size_t near_n;
} qk_qc_context;

typedef struct qk_qc_verdict {
    qk_qc_grade grade;
    uint32_t reasons;    /* QK_QC_BITs */
    int64_t near_median; /* evidence; QK_QC_NONE where not known */
    int64_t past_median;
    int32_t run; /* hours with the same value, this one in it */
} qk_qc_verdict;
void qk_qc_judge(qk_qc_verdict *out, const qk_qc_rule *rule, qk_pollutant p,
                 const qk_qc_context *context);

const char *qk_qc_grade_name(qk_qc_grade grade);    /* "missing" "good" "doubtful" "bad" */
const char *qk_qc_reason_name(qk_qc_reason reason); /* "missing", "device_flag", … */
/* N, 3 of the 2005 air stations, or none sent. */
bool qk_qc_flag_counts(char flag);

/* Median of what is there (sorts in place; the lower-upper mean of an even number, cut to a whole
 * number of 10^-6); QK_QC_NONE with fewer than `least`. */
int64_t qk_qc_median(int64_t *values, size_t n, size_t least);

/* ---- interference ---- */
typedef struct qk_qc_fall {
    int64_t before, now;           /* own means */
    int64_t near_before, near_now; /* medians of the neighbours' means */
    int32_t percent, near_percent; /* fall; negative = rise */
} qk_qc_fall;
/* own: 2 x hours values, the newest last; near[k] the same of neighbour k. True when it falls alone
 * (out is filled whenever the values are there). */
bool qk_qc_falls_alone(qk_qc_fall *out, const qk_qc_rule *rule, const int64_t *own,
                       const int64_t *const *near, size_t near_n);

typedef struct qk_qc_smooth {
    int32_t permille, near_permille; /* roughness, own and the neighbours' median */
    int64_t mean;
} qk_qc_smooth;
/* own: smooth_hours values. */
bool qk_qc_too_smooth(qk_qc_smooth *out, const qk_qc_rule *rule, const int64_t *own,
                      const int64_t *const *near, size_t near_n);
#endif
