/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/stats.h"
#include <stdlib.h>

bool qk_conc_counts(qk_conc c)
{
    return c.state == QK_CONC_VALUE && c.value.mantissa >= 0;
}

qk_ratio qk_mean(const qk_conc *values, size_t count, size_t *n)
{
    size_t there = 0;
    qk_ratio sum = qk_ratio_int(0);
    for (size_t i = 0; i < count; i++) {
        if (!qk_conc_counts(values[i])) continue;
        sum = qk_ratio_add(sum, qk_ratio_dec(values[i].value));
        there++;
    }
    if (n) *n = there;
    return qk_ratio_div(sum, qk_ratio_int((int64_t)there));
}

void qk_mda8_of(qk_mda8 *out, const qk_conc hours[24])
{
    *out = (qk_mda8){0, QK_RATIO_NONE, false};
    for (int end = 8; end <= 24; end++) {
        size_t n;
        qk_ratio mean = qk_mean(hours + end - 8, 8, &n);
        if (n < QK_HOURS_8H_MIN || !qk_ratio_there(mean)) continue;
        if (out->windows == 0 || qk_ratio_cmp(mean, out->max) > 0) out->max = mean;
        out->windows++;
    }
    if (out->windows == 0) return;
    qk_dec rounded;
    bool exceeds =
        qk_ratio_round(&rounded, out->max, 0) == QK_OK && rounded.mantissa > QK_O3_8H_LIMIT;
    out->valid = out->windows >= QK_WINDOWS_DAY_MIN || exceeds;
}

static int compare_decimals(const void *a, const void *b)
{
    return qk_dec_cmp(*(const qk_dec *)a, *(const qk_dec *)b);
}

qk_ratio qk_percentile(qk_dec *values, size_t count, qk_dec p)
{
    if (count == 0 || p.mantissa < 0 || qk_dec_cmp(p, (qk_dec){100, 0}) > 0) return QK_RATIO_NONE;
    qsort(values, count, sizeof *values, compare_decimals);
    qk_ratio at = qk_ratio_mul(qk_ratio_int((int64_t)count - 1), qk_ratio_dec(p));
    at = qk_ratio_div(at, qk_ratio_int(100));
    if (!qk_ratio_there(at)) return at;
    size_t below = (size_t)(at.num / at.den);
    qk_ratio low = qk_ratio_dec(values[below]);
    if (below + 1 >= count) return low;
    qk_ratio step = qk_ratio_sub(qk_ratio_dec(values[below + 1]), low);
    qk_ratio part = qk_ratio_sub(at, qk_ratio_int((int64_t)below));
    return qk_ratio_add(low, qk_ratio_mul(step, part));
}

int32_t qk_month_days_min(int32_t month)
{
    return month == 2 ? QK_DAYS_FEBRUARY_MIN : QK_DAYS_MONTH_MIN;
}

bool qk_year_complete(const int32_t days_of_month[12], int32_t *total)
{
    int32_t sum = 0;
    bool complete = true;
    for (int32_t m = 0; m < 12; m++) {
        sum += days_of_month[m];
        if (days_of_month[m] < qk_month_days_min(m + 1)) complete = false;
    }
    if (total) *total = sum;
    return complete && sum >= QK_DAYS_YEAR_MIN;
}

void qk_days_count(qk_day_count *out, const int32_t *aqi, size_t days)
{
    *out = (qk_day_count){0, 0, 0};
    for (size_t i = 0; i < days; i++) {
        if (aqi[i] < 0) continue;
        out->valid++;
        out->good += aqi[i] <= 100;
        out->heavy += aqi[i] > 200;
    }
}

qk_ratio qk_percent(int64_t part, int64_t whole)
{
    return qk_ratio_of((qk_i128)part * 100, whole);
}

void qk_rank(int32_t *ranks, const qk_dec *values, const bool *there, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ranks[i] = 0;
        if (there && !there[i]) continue;
        ranks[i] = 1;
        for (size_t j = 0; j < count; j++)
            if ((!there || there[j]) && qk_dec_cmp(values[j], values[i]) < 0) ranks[i]++;
    }
}

qk_ratio qk_change_rate(qk_ratio now, qk_ratio before)
{
    qk_ratio rate = qk_ratio_div(qk_ratio_sub(now, before), before);
    return qk_ratio_mul(rate, qk_ratio_int(100));
}
