/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/target.h"
#include <math.h>
#include <stdlib.h>

#define UNIT ((qk_fine)QK_QUANTA_PER_UNIT << QK_FINE_SHIFT)

enum { PAST_DAYS_MIN = 20 }; /* valid days that a stretch of a past year needs to speak */

/* What a stretch of one year amounts to for a target. */
typedef struct stretch {
    int32_t days; /* valid */
    int32_t counted;
    qk_fine sum;
    qk_fine value[366]; /* the valid days, for percentiles */
} stretch;

static bool is_percentile(const qk_target *t)
{
    return t->kind == QK_TARGET_MEAN && (t->pollutant == QK_CO || t->pollutant == QK_O3);
}

static void count_one(stretch *s, const qk_target *t, const qk_day *d)
{
    qk_fine limit = (qk_fine)QK_O3_8H_LIMIT * UNIT + UNIT / 2; /* rounds to 160 up to here */
    if (!(d->flags & QK_DAY_RECORDED)) return;
    if (t->kind == QK_TARGET_MEAN) {
        if (d->stat[t->pollutant] < 0) return;
        s->sum += d->stat[t->pollutant];
        s->value[s->days++] = d->stat[t->pollutant];
        return;
    }
    if (t->kind == QK_TARGET_OZONE_OVER) {
        if (d->stat[QK_O3] < 0) return;
        s->days++;
        s->counted += d->stat[QK_O3] > limit;
        return;
    }
    if (d->aqi < 0) return;
    s->days++;
    s->counted += t->kind == QK_TARGET_GOOD_DAYS ? d->aqi <= 100 : d->aqi > 200;
}

/* First index of a month, 13 = the year's length. */
static int32_t month_start(const qk_year *y, int32_t month)
{
    int32_t at = 0;
    for (int32_t m = 1; m < month && m <= 12; m++) at += qk_days_in_month(y->year, m);
    return at;
}

/* The same calendar day in another year: index after it, as `done` is in y. */
static int32_t same_day(const qk_year *other, const qk_year *y, int32_t done)
{
    int32_t month = 1;
    while (month < 12 && month_start(y, month + 1) < done) month++;
    int32_t day = done - month_start(y, month);
    int32_t last = qk_days_in_month(other->year, month);
    return month_start(other, month) + (day < last ? day : last);
}

static void take_stretch(stretch *s, const qk_target *t, const qk_year *y, int32_t from, int32_t to)
{
    s->days = s->counted = 0;
    s->sum = 0;
    for (int32_t i = from; i < to && i < y->days; i++) count_one(s, t, &y->day[i]);
}

static double f64_of(qk_fine sum, int32_t n)
{
    return n ? (double)((long double)sum / (long double)UNIT / n) : (double)NAN;
}

static int compare_values(const void *a, const void *b)
{
    qk_fine x = *(const qk_fine *)a;
    qk_fine y = *(const qk_fine *)b;
    return (x > y) - (x < y);
}

static qk_exact value_of(stretch *s, const qk_target *t)
{
    if (s->days == 0) return (qk_exact){0, 0};
    if (!is_percentile(t)) return (qk_exact){s->sum, s->days};
    qsort(s->value, (size_t)s->days, sizeof s->value[0], compare_values);
    int32_t at = (s->days - 1) * qk_percentile_of(t->pollutant);
    qk_fine low = s->value[at / 100];
    qk_fine high = at / 100 + 1 < s->days ? s->value[at / 100 + 1] : low;
    return (qk_exact){low * 100 + (high - low) * (at % 100), 100};
}

/* (T (n + R) - S) / R rounded half to even at one decimal, as written by hand. */
static void allow_mean(qk_target_result *out, const qk_target *t, const stretch *s)
{
    if (out->days_left == 0 || is_percentile(t)) return;
    qk_fine goal = (qk_fine)t->value.mantissa * UNIT;
    for (int32_t i = 0; i < t->value.scale; i++) goal /= 10;
    qk_fine left = goal * (s->days + out->days_left) - s->sum;
    qk_dec d;
    qk_exact exact = {left < 0 ? -left : left, out->days_left};
    if (qk_exact_round(&d, exact, 1) != QK_OK) return;
    if (left < 0) d.mantissa = d.mantissa ? -d.mantissa : -1;
    out->mean_allowed = d;
    out->has_allowance = true;
}

/* The whole number of days that a target comes to when `total` days are valid. */
static int32_t days_of_target(const qk_target *t, int32_t total)
{
    qk_ratio goal = qk_ratio_dec(t->value);
    if (t->is_ratio)
        goal = qk_ratio_div(qk_ratio_mul(goal, qk_ratio_int(total)), qk_ratio_int(100));
    int64_t whole = (int64_t)(goal.num / goal.den);
    bool exact = goal.num % goal.den == 0;
    if (t->kind == QK_TARGET_GOOD_DAYS) return (int32_t)(whole + (!exact || t->strict));
    return (int32_t)(exact && t->strict ? whole - 1 : whole);
}

static void allow_days(qk_target_result *out, const qk_target *t, const stretch *s)
{
    out->total_allowed = days_of_target(t, s->days + out->days_left);
    out->has_allowance = true;
    if (t->kind == QK_TARGET_GOOD_DAYS)
        out->days_may = out->days_left - (out->total_allowed - s->counted);
    else
        out->days_may = out->total_allowed - s->counted;
}

/* What the year comes to when the rest behaves as that of a past year. For means the past year's
 * ratio of rest to beginning is carried over, which cancels its general level. */
static double project_one(const qk_target *t, const stretch *now, int32_t left, const stretch *head,
                          const stretch *rest)
{
    if (t->kind != QK_TARGET_MEAN) {
        double more = (double)rest->counted / rest->days * left;
        double total = now->counted + more;
        return t->is_ratio ? total / (now->days + left) * 100 : total;
    }
    double mean = f64_of(rest->sum, rest->days);
    bool scaled = now->days >= PAST_DAYS_MIN && head->days >= PAST_DAYS_MIN;
    if (scaled) mean *= f64_of(now->sum, now->days) / f64_of(head->sum, head->days);
    double so_far = now->days ? f64_of(now->sum, now->days) * now->days : 0;
    return (so_far + mean * left) / (now->days + left);
}

/* This year as it is so far; of a year that is over, what it came to. */
static double persist(const qk_target *t, stretch *now, int32_t left)
{
    if (now->days == 0) return (double)NAN;
    if (is_percentile(t)) return f64_of(value_of(now, t).num, 100);
    if (t->kind == QK_TARGET_MEAN) return f64_of(now->sum, now->days);
    double share = (double)now->counted / now->days;
    return t->is_ratio ? share * 100 : now->counted + share * left;
}

/* 80 % of where one more year would fall, from the spread of the past ones (Student's t). One year
 * alone tells no spread. */
static void bound_projection(qk_target_result *out, const qk_target *t, const double *value)
{
    static const double t90[] = {3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383};
    int32_t n = out->past_years;
    double square = 0;
    out->low = out->high = (double)NAN;
    if (n < 2) return;
    for (int32_t i = 0; i < n; i++)
        square += (value[i] - out->projected) * (value[i] - out->projected);
    double quantile = n - 2 < (int32_t)(sizeof t90 / sizeof t90[0]) ? t90[n - 2] : 1.3;
    double half = quantile * sqrt(square / (n - 1) * (1 + 1.0 / n));
    out->low = fmax(out->projected - half, 0);
    out->high = out->projected + half;
    if (t->kind == QK_TARGET_MEAN) return;
    double scale = t->is_ratio ? 100.0 / (out->valid_days + out->days_left) : 1;
    out->low = fmax(out->low, out->counted * scale);
    out->high = fmin(out->high, (out->counted + out->days_left) * scale);
}

/* Percentiles have no additive rest: the past years' own year-end values, shifted by the ratio of
 * the beginnings, bound them instead. */
static double project_percentile(const qk_target *t, stretch *now, int32_t left, stretch *head,
                                 stretch *whole)
{
    if (left == 0) return persist(t, now, left);
    double end = f64_of(value_of(whole, t).num, 100);
    if (now->days < PAST_DAYS_MIN || head->days < PAST_DAYS_MIN) return end;
    return end * f64_of(value_of(now, t).num, 100) / f64_of(value_of(head, t).num, 100);
}

static void project(qk_target_result *out, const qk_target *t, stretch *now, const qk_year *year,
                    int32_t done, const qk_year *const *past, size_t past_count)
{
    stretch head, rest;
    double sum = 0, values[QK_TARGET_PAST_MAX];
    out->past_years = 0;
    for (size_t i = 0; i < past_count && i < QK_TARGET_PAST_MAX; i++) {
        int32_t from = month_start(past[i], t->month_from);
        int32_t to = month_start(past[i], t->month_to + 1);
        int32_t split = same_day(past[i], year, done);
        int32_t begin = is_percentile(t) ? from : split;
        double value;
        take_stretch(&head, t, past[i], from, split);
        take_stretch(&rest, t, past[i], begin, to);
        if (rest.days == 0 || rest.days * 4 < (to - begin) * 3) continue;
        if (is_percentile(t))
            value = project_percentile(t, now, out->days_left, &head, &rest);
        else
            value = project_one(t, now, out->days_left, &head, &rest);
        values[out->past_years++] = value;
        sum += value;
    }
    out->projected = out->past_years ? sum / out->past_years : persist(t, now, out->days_left);
    bound_projection(out, t, values);
}

/* Means allowed to the months left: the allowance times the month's share in past rests. */
static void shape_months(qk_target_result *out, const qk_target *t, const qk_year *year,
                         int32_t done, const qk_year *const *past, size_t past_count)
{
    stretch month, rest;
    if (t->kind != QK_TARGET_MEAN || !out->has_allowance || out->mean_allowed.mantissa < 0) return;
    for (int32_t m = t->month_from; m <= t->month_to; m++) {
        double share = 0;
        int32_t n = 0;
        for (size_t i = 0; i < past_count && i < QK_TARGET_PAST_MAX; i++) {
            int32_t begin = same_day(past[i], year, done);
            int32_t from = month_start(past[i], m), to = month_start(past[i], m + 1);
            if (to <= begin) continue;
            take_stretch(&month, t, past[i], from < begin ? begin : from, to);
            take_stretch(&rest, t, past[i], begin, month_start(past[i], t->month_to + 1));
            if (month.days == 0 || rest.sum == 0) continue;
            share += f64_of(month.sum, month.days) / f64_of(rest.sum, rest.days);
            n++;
        }
        if (n) out->month_path[m - 1] = qk_dec_f64(out->mean_allowed) * share / n;
    }
}

static bool meets_f64(const qk_target *t, double value)
{
    double goal = qk_dec_f64(t->value);
    if (t->kind == QK_TARGET_GOOD_DAYS) return t->strict ? value > goal : value >= goal;
    return t->strict ? value < goal : value <= goal;
}

static bool meets_now(const qk_target_result *out, const qk_target *t)
{
    qk_dec mean;
    if (t->kind != QK_TARGET_MEAN) return out->days_may >= 0;
    /* A yearly mean is held against a target in the digits that are published. */
    if (qk_exact_round(&mean, out->mean, qk_pollutant_decimals(t->pollutant)) != QK_OK)
        return false;
    int order = qk_dec_cmp(mean, t->value);
    return t->strict ? order < 0 : order <= 0;
}

static qk_target_state state_of(const qk_target_result *out, const qk_target *t)
{
    if (out->valid_days == 0 && out->past_years == 0) return QK_TARGET_UNKNOWN;
    if (out->days_left == 0) return meets_now(out, t) ? QK_TARGET_MET : QK_TARGET_FAILED;
    if (out->has_allowance && t->kind == QK_TARGET_MEAN && out->mean_allowed.mantissa < 0)
        return QK_TARGET_FAILED;
    if (t->kind != QK_TARGET_MEAN && out->days_may < 0) return QK_TARGET_FAILED;
    if (t->kind != QK_TARGET_MEAN && out->days_may >= out->days_left) return QK_TARGET_MET;
    if (isnan(out->projected)) return QK_TARGET_UNKNOWN;
    bool straddles = out->past_years > 0 && meets_f64(t, out->low) != meets_f64(t, out->high);
    if (straddles) return QK_TARGET_AT_RISK;
    return meets_f64(t, out->projected) ? QK_TARGET_ON_TRACK : QK_TARGET_OFF_TRACK;
}

void qk_target_judge(qk_target_result *out, const qk_target *target, const qk_year *year,
                     int32_t asof, const qk_year *const *past, size_t past_count)
{
    stretch now;
    *out = (qk_target_result){.projected = (double)NAN, .low = (double)NAN, .high = (double)NAN};
    for (int i = 0; i < 12; i++) out->month_path[i] = (double)NAN;
    int32_t from = month_start(year, target->month_from);
    int32_t to = month_start(year, target->month_to + 1);
    int32_t done = asof - year->first_day + 1; /* index after the last known day */
    if (done < from) done = from;
    if (done > to) done = to;
    take_stretch(&now, target, year, from, done);
    out->valid_days = now.days;
    out->counted = now.counted;
    out->days_left = to - done;
    if (target->kind == QK_TARGET_MEAN) {
        out->mean = value_of(&now, target);
        allow_mean(out, target, &now);
    } else {
        allow_days(out, target, &now);
    }
    project(out, target, &now, year, done, past, past_count);
    shape_months(out, target, year, done, past, past_count);
    out->state = state_of(out, target);
}

const char *qk_target_state_name(qk_target_state state)
{
    static const char *const names[] = {"met",     "failed",    "on_track",
                                        "at_risk", "off_track", "unknown"};
    return names[state];
}

qk_code qk_target_allocate(qk_dec *out, const qk_dec *own, const qk_dec *weight, size_t count,
                           qk_dec target)
{
    qk_ratio sum = qk_ratio_int(0), weights = qk_ratio_int(0);
    for (size_t i = 0; i < count; i++) {
        if (own[i].mantissa <= 0 || weight[i].mantissa < 0) return QK_EINVAL;
        qk_ratio w = qk_ratio_dec(weight[i]);
        sum = qk_ratio_add(sum, qk_ratio_mul(w, qk_ratio_dec(own[i])));
        weights = qk_ratio_add(weights, w);
    }
    qk_ratio factor = qk_ratio_div(qk_ratio_mul(qk_ratio_dec(target), weights), sum);
    if (!qk_ratio_there(factor)) return QK_EINVAL;
    for (size_t i = 0; i < count; i++) {
        qk_ratio tenths =
            qk_ratio_mul(qk_ratio_mul(factor, qk_ratio_dec(own[i])), qk_ratio_int(10));
        if (!qk_ratio_there(tenths)) return QK_ERANGE;
        out[i] = (qk_dec){(int64_t)(tenths.num / tenths.den), 1};
    }
    return QK_OK;
}
