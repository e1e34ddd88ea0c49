/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/qc.h"
#include <stdlib.h>

#define U ((int64_t)1000000)

/* Low concentrations of SO2 and CO may well repeat their few digits for hours: stuck_above. */
static const qk_qc_rule shipped[] = {
    {"qc-2013",
     "HJ 818-2018, HJ 654-2013 practice; numbers are conventions of this program",
     "参照 HJ 818-2018、HJ 654-2013 的做法，数值为本系统约定",
     INT32_MIN,
     INT32_MAX,
     {[QK_SO2] = {0, 2620 * U, 6, 20 * U, 100 * U, 100, 60 * U, 400, 60 * U, 80, 13 * U},
      [QK_NO2] = {0, 3840 * U, 6, 20 * U, 80 * U, 100, 60 * U, 400, 60 * U, 80, 9 * U},
      [QK_PM10] = {0, 5000 * U, 6, 10 * U, 150 * U, 100, 100 * U, 300, 150 * U, 80, 5 * U},
      [QK_PM25] = {0, 2000 * U, 6, 10 * U, 100 * U, 100, 75 * U, 300, 100 * U, 80, 5 * U},
      [QK_CO] = {0, 150 * U, 12, 1 * U, 3 * U, 100, 2 * U, 400, 3 * U, 80, U / 2},
      [QK_O3] = {0, 1200 * U, 6, 20 * U, 120 * U, 100, 80 * U, 400, 100 * U, 80, 10 * U}},
     5 * U,
     5,
     30,
     3,
     30,
     10,
     5,
     5,
     15,
     5,
     {2, 40, 15, 50 * U, 12, 10, 5, 500}},
};

const qk_qc_rule *qk_qc_rules(size_t *count)
{
    *count = sizeof shipped / sizeof shipped[0];
    return shipped;
}

const char *qk_qc_grade_name(qk_qc_grade grade)
{
    static const char *const names[] = {"missing", "good", "doubtful", "bad"};
    return names[grade];
}

const char *qk_qc_reason_name(qk_qc_reason reason)
{
    static const char *const names[QK_QC_REASONS] = {"missing", "device_flag", "range",
                                                     "stuck",   "spike",       "pm_order",
                                                     "jump",    "neighbours",  "history"};
    return names[reason];
}

bool qk_qc_flag_counts(char flag)
{
    return flag == 0 || flag == 'N' || flag == '3';
}

/* ---- medians ---- */

static int compare_values(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t qk_qc_median(int64_t *values, size_t n, size_t least)
{
    size_t there = 0;
    for (size_t i = 0; i < n; i++)
        if (values[i] != QK_QC_NONE) values[there++] = values[i];
    if (there == 0 || there < least) return QK_QC_NONE;
    qsort(values, there, sizeof *values, compare_values);
    if (there % 2) return values[there / 2];
    return (values[there / 2 - 1] + values[there / 2]) / 2;
}

static int64_t median_of(const int64_t *values, size_t n, size_t most, size_t least)
{
    int64_t copy[QK_QC_PAST_MAX];
    if (n > most) n = most;
    if (n == 0) return QK_QC_NONE;
    memcpy(copy, values, n * sizeof *copy);
    return qk_qc_median(copy, n, least);
}

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

/* ---- the checks ---- */

static int64_t at_hour(const qk_qc_context *c, size_t at)
{
    return at < c->own_n ? c->own[at] : QK_QC_NONE;
}

static int32_t run_of(const qk_qc_context *c)
{
    int64_t value = c->own[c->at];
    int32_t run = 1;
    for (size_t i = c->at; i > 0 && c->own[i - 1] == value; i--) run++;
    for (size_t i = c->at + 1; i < c->own_n && c->own[i] == value; i++) run++;
    return run;
}

static bool is_stuck(const qk_qc_limits *l, int64_t value, int32_t run)
{
    return l->stuck_hours > 0 && value > l->stuck_above && run >= l->stuck_hours;
}

static bool is_change(const qk_qc_limits *l, int64_t from, int64_t to)
{
    if (l->jump == 0 || from == QK_QC_NONE || to == QK_QC_NONE) return false;
    int64_t change = distance(from, to), base = from < to ? from : to;
    if (base < 0) base = 0;
    return change > l->jump && change * 100 > base * l->jump_percent;
}

/* The neighbours went the same way, at least half as far. */
static bool neighbours_follow(const qk_qc_rule *rule, const qk_qc_context *c, int64_t before,
                              int64_t now)
{
    size_t least = (size_t)rule->near_least;
    int64_t then = median_of(c->near_before, c->near_n, QK_QC_NEAR_MAX, least);
    int64_t there = median_of(c->near, c->near_n, QK_QC_NEAR_MAX, least);
    if (then == QK_QC_NONE || there == QK_QC_NONE) return false;
    if ((now > before) != (there > then)) return false;
    return distance(there, then) * 2 >= distance(now, before);
}

static void judge_change(qk_qc_verdict *out, const qk_qc_rule *rule, const qk_qc_limits *l,
                         const qk_qc_context *c)
{
    int64_t value = c->own[c->at];
    int64_t before = c->at > 0 ? c->own[c->at - 1] : QK_QC_NONE;
    int64_t after = at_hour(c, c->at + 1);
    if (!is_change(l, before, value) || neighbours_follow(rule, c, before, value)) return;
    bool back = is_change(l, value, after) && (value > before) == (value > after);
    out->reasons |= QK_QC_BIT(back ? QK_QC_R_SPIKE : QK_QC_R_JUMP);
    if (back) out->grade = QK_QC_BAD;
}

static void judge_order(qk_qc_verdict *out, const qk_qc_rule *rule, qk_pollutant p,
                        const qk_qc_context *c)
{
    if ((p != QK_PM10 && p != QK_PM25) || c->other == QK_QC_NONE) return;
    int64_t fine = p == QK_PM25 ? c->own[c->at] : c->other;
    int64_t coarse = p == QK_PM25 ? c->other : c->own[c->at];
    if (fine <= coarse) return;
    out->reasons |= QK_QC_BIT(QK_QC_R_PM_ORDER);
    if (fine - coarse > rule->order && (fine - coarse) * 100 > coarse * rule->order_percent)
        out->grade = QK_QC_BAD;
}

static void judge_place(qk_qc_verdict *out, const qk_qc_rule *rule, const qk_qc_limits *l,
                        const qk_qc_context *c)
{
    int64_t value = c->own[c->at];
    out->near_median = median_of(c->near, c->near_n, QK_QC_NEAR_MAX,
                                 (size_t)(rule->near_least ? rule->near_least : 1));
    int64_t m = out->near_median;
    if (l->near == 0 || m == QK_QC_NONE || distance(value, m) <= l->near) return;
    if (value * 100 > m * l->near_percent || m * 100 > value * l->near_percent)
        out->reasons |= QK_QC_BIT(QK_QC_R_NEIGHBOURS);
}

static void judge_past(qk_qc_verdict *out, const qk_qc_rule *rule, const qk_qc_limits *l,
                       const qk_qc_context *c)
{
    int64_t off[QK_QC_PAST_MAX];
    size_t n = c->past_n < QK_QC_PAST_MAX ? c->past_n : QK_QC_PAST_MAX;
    out->past_median = median_of(c->past, n, QK_QC_PAST_MAX, (size_t)rule->past_least);
    if (l->past == 0 || out->past_median == QK_QC_NONE) return;
    for (size_t i = 0; i < n; i++)
        off[i] = c->past[i] == QK_QC_NONE ? QK_QC_NONE : distance(c->past[i], out->past_median);
    int64_t mad = qk_qc_median(off, n, 1), d = distance(c->own[c->at], out->past_median);
    if (d > l->past && d * 10 > mad * l->past_mads_tenths)
        out->reasons |= QK_QC_BIT(QK_QC_R_HISTORY);
}

void qk_qc_judge(qk_qc_verdict *out, const qk_qc_rule *rule, qk_pollutant p, const qk_qc_context *c)
{
    const qk_qc_limits *l = &rule->item[p];
    int64_t value = c->own[c->at];
    *out =
        (qk_qc_verdict){.grade = QK_QC_GOOD, .near_median = QK_QC_NONE, .past_median = QK_QC_NONE};
    if (value == QK_QC_NONE) {
        out->grade = QK_QC_MISSING;
        out->reasons = QK_QC_BIT(QK_QC_R_MISSING);
        return;
    }
    if (!qk_qc_flag_counts(c->flag)) out->reasons |= QK_QC_BIT(QK_QC_R_DEVICE_FLAG);
    bool ranged = l->low <= l->high;
    if (value < 0 || (ranged && (value < l->low || value > l->high)))
        out->reasons |= QK_QC_BIT(QK_QC_R_RANGE);
    out->run = run_of(c);
    if (is_stuck(l, value, out->run)) out->reasons |= QK_QC_BIT(QK_QC_R_STUCK);
    if (out->reasons) out->grade = QK_QC_BAD;
    judge_change(out, rule, l, c);
    judge_order(out, rule, p, c);
    judge_place(out, rule, l, c);
    judge_past(out, rule, l, c);
    if (out->reasons && out->grade == QK_QC_GOOD) out->grade = QK_QC_DOUBTFUL;
}

/* ---- interference ---- */

/* Mean of n hours; QK_QC_NONE when one is missing. */
static int64_t mean_of(const int64_t *values, int32_t n)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < n; i++) {
        if (values[i] == QK_QC_NONE || values[i] < 0) return QK_QC_NONE;
        sum += values[i];
    }
    return n > 0 ? sum / n : QK_QC_NONE;
}

static int32_t fall_percent(int64_t before, int64_t now)
{
    if (before <= 0) return 0;
    int64_t percent = (before - now) * 100 / before;
    return percent < -100000 ? -100000 : (int32_t)percent;
}

bool qk_qc_falls_alone(qk_qc_fall *out, const qk_qc_rule *rule, const int64_t *own,
                       const int64_t *const *near, size_t near_n)
{
    const qk_qc_interference *r = &rule->interference;
    int64_t before[QK_QC_NEAR_MAX], now[QK_QC_NEAR_MAX];
    size_t n = near_n < QK_QC_NEAR_MAX ? near_n : QK_QC_NEAR_MAX, least = (size_t)rule->near_least;
    *out = (qk_qc_fall){QK_QC_NONE, QK_QC_NONE, QK_QC_NONE, QK_QC_NONE, 0, 0};
    if (r->hours <= 0) return false;
    out->before = mean_of(own, r->hours);
    out->now = mean_of(own + r->hours, r->hours);
    for (size_t i = 0; i < n; i++) {
        before[i] = mean_of(near[i], r->hours);
        now[i] = mean_of(near[i] + r->hours, r->hours);
        if (before[i] == QK_QC_NONE || now[i] == QK_QC_NONE) before[i] = now[i] = QK_QC_NONE;
    }
    out->near_before = qk_qc_median(before, n, least);
    out->near_now = qk_qc_median(now, n, least);
    if (out->before == QK_QC_NONE || out->now == QK_QC_NONE || out->near_before == QK_QC_NONE)
        return false;
    out->percent = fall_percent(out->before, out->now);
    out->near_percent = fall_percent(out->near_before, out->near_now);
    return out->before >= r->least && out->percent >= r->fall_percent &&
           out->near_percent < r->near_fall_percent;
}

/* Mean change from hour to hour over the mean value, in 1/1000; -1 when an hour is missing. */
static int32_t roughness(const int64_t *values, int32_t n, int64_t *mean)
{
    int64_t change = 0;
    *mean = mean_of(values, n);
    if (*mean == QK_QC_NONE || *mean <= 0 || n < 2) return -1;
    for (int32_t i = 1; i < n; i++) change += distance(values[i], values[i - 1]);
    int64_t permille = change / (n - 1) * 1000 / *mean;
    return permille > 1000000 ? 1000000 : (int32_t)permille;
}

bool qk_qc_too_smooth(qk_qc_smooth *out, const qk_qc_rule *rule, const int64_t *own,
                      const int64_t *const *near, size_t near_n)
{
    const qk_qc_interference *r = &rule->interference;
    int64_t others[QK_QC_NEAR_MAX], mean;
    size_t n = near_n < QK_QC_NEAR_MAX ? near_n : QK_QC_NEAR_MAX;
    *out = (qk_qc_smooth){-1, -1, QK_QC_NONE};
    if (r->smooth_hours < 2) return false;
    out->permille = roughness(own, r->smooth_hours, &out->mean);
    for (size_t i = 0; i < n; i++) {
        int32_t rough = roughness(near[i], r->smooth_hours, &mean);
        others[i] = rough < 0 ? QK_QC_NONE : rough;
    }
    int64_t median = qk_qc_median(others, n, (size_t)rule->near_least);
    if (out->permille < 0 || median == QK_QC_NONE) return false;
    out->near_permille = (int32_t)median;
    return out->mean >= r->least && out->permille <= r->smooth_permille &&
           out->near_permille >= (out->permille ? out->permille : 1) * r->smooth_factor;
}
