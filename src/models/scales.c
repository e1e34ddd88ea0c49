/* SPDX-License-Identifier: Apache-2.0 */
#include "models/scales.h"
#include "models/polar.h"
#include "models/random.h"
#include <math.h>
#include <stdlib.h>

enum { WINDOWS = 3, STEPS = 3, DRAWS = 200 };
static const int64_t window_h[WINDOWS] = {12, 24, 48};

typedef struct split {
    const qk_time *time;
    size_t samples, series, days;
    size_t *day;    /* [samples] */
    double *base;   /* [samples] what lies below */
    double *mean;   /* [samples] */
    double *whole;  /* [days][series + 1] sums */
    double *slow;   /* [days][series + 1] */
    double *draw;   /* [DRAWS] */
    size_t *chosen; /* [DRAWS][days], the same for each window */
} split;

static double from_zero(double v)
{
    return v > 0 ? v : 0; /* NaN too */
}

/* Mean of base over the samples within half a window on either side. */
static void average(split *s, int64_t window_ms)
{
    size_t first = 0, behind = 0;
    double sum = 0;
    for (size_t i = 0; i < s->samples; i++) {
        for (; behind < s->samples && s->time[behind] - s->time[i] <= window_ms / 2; behind++)
            sum += s->base[behind];
        for (; s->time[i] - s->time[first] > window_ms / 2; first++) sum -= s->base[first];
        s->mean[i] = from_zero(sum / (double)(behind - first));
    }
}

/* Narrow windows first, so that a spike is gone before a wide one could spread it. */
static void find_base(split *s, const double *value, size_t series, int64_t hours)
{
    for (size_t i = 0; i < s->samples; i++) s->base[i] = from_zero(value[i * s->series + series]);
    for (int step = STEPS - 1; step >= 0; step--)
        for (int again = 0; again < 2; again++) {
            average(s, (hours >> step) * QK_HOUR);
            for (size_t i = 0; i < s->samples; i++) s->base[i] = fmin(s->base[i], s->mean[i]);
        }
}

static void sum_days(split *s, const double *value, const double *weight, int64_t hours)
{
    size_t row = s->series + 1;
    for (size_t c = 0; c < s->days * row; c++) s->whole[c] = s->slow[c] = 0;
    for (size_t k = 0; k < s->series; k++) {
        find_base(s, value, k, hours);
        for (size_t i = 0; i < s->samples; i++) {
            double *whole = s->whole + s->day[i] * row, *slow = s->slow + s->day[i] * row;
            double v = weight[k] * from_zero(value[i * s->series + k]);
            whole[k] += v;
            whole[s->series] += v;
            slow[k] += weight[k] * s->base[i];
            slow[s->series] += weight[k] * s->base[i];
        }
    }
}

/* Over the days chosen; NULL = each once. */
static double quick_share(const split *s, size_t series, const size_t *chosen)
{
    double whole = 0, slow = 0;
    size_t row = s->series + 1;
    for (size_t d = 0; d < s->days; d++) {
        size_t day = chosen ? chosen[d] : d;
        whole += s->whole[day * row + series];
        slow += s->slow[day * row + series];
    }
    return whole > 0 ? fmax(0, 1 - slow / whole) : NAN;
}

static void widen(qk_scale_share *out, split *s, size_t series)
{
    size_t n = 0;
    for (size_t d = 0; d < DRAWS; d++) {
        double share = quick_share(s, series, s->chosen + d * s->days);
        if (isfinite(share)) s->draw[n++] = share;
    }
    qk_sort_doubles(s->draw, n);
    if (n == 0) return;
    out->low = fmin(out->low, s->draw[n / 20]);
    out->high = fmax(out->high, s->draw[n - 1 - n / 20]);
}

static qk_code look_at_times(split *s, qk_error *err)
{
    size_t near = 0;
    for (size_t i = 0; i < s->samples; i++) {
        if (i && s->time[i] <= s->time[i - 1])
            return qk_fail(err, QK_EFORMAT, "the times do not rise");
        near += i && s->time[i] - s->time[i - 1] <= 2 * QK_HOUR;
        if (!i || qk_floor_day(s->time[i]) != qk_floor_day(s->time[i - 1])) s->days++;
        s->day[i] = s->days - 1;
    }
    if (2 * near < s->samples) return qk_fail(err, QK_EFORMAT, "the samples are not hourly");
    if (s->days < QK_SCALES_DAYS_LEAST)
        return qk_fail(err, QK_ERANGE, "%zu days; %d are needed", s->days, QK_SCALES_DAYS_LEAST);
    return QK_OK;
}

static qk_code new_sums(split *s, uint64_t seed, qk_error *err)
{
    size_t cells = s->days * (s->series + 1);
    if (cells == 0) return qk_fail(err, QK_EINVAL, "no days");
    s->whole = calloc(cells, sizeof *s->whole);
    s->slow = calloc(cells, sizeof *s->slow);
    s->draw = calloc(DRAWS, sizeof *s->draw);
    s->chosen = calloc(DRAWS * s->days, sizeof *s->chosen);
    if (!s->whole || !s->slow || !s->draw || !s->chosen)
        return qk_fail(err, QK_ENOMEM, "no memory for %zu days", s->days);
    for (size_t c = 0; c < DRAWS * s->days; c++) s->chosen[c] = qk_random_next(&seed) % s->days;
    return QK_OK;
}

static void split_all(qk_scale_share *out, split *s, const double *value, const double *weight)
{
    for (size_t k = 0; k <= s->series; k++) out[k] = (qk_scale_share){NAN, INFINITY, -INFINITY};
    for (int w = 0; w < WINDOWS; w++) {
        sum_days(s, value, weight, window_h[w]);
        for (size_t k = 0; k <= s->series; k++) {
            if (window_h[w] == 24) out[k].quick = quick_share(s, k, NULL);
            widen(&out[k], s, k);
        }
    }
    for (size_t k = 0; k <= s->series; k++)
        if (!isfinite(out[k].low)) out[k].low = out[k].high = NAN;
}

qk_code qk_scales_split(qk_scale_share *out, const qk_time *time, const double *value,
                        const double *weight, size_t samples, size_t series, uint64_t seed,
                        qk_error *err)
{
    split s = {.time = time, .samples = samples, .series = series};
    if (samples < 1 || series < 1 || series > QK_SCALES_SERIES_MAX)
        return qk_fail(err, QK_EINVAL, "%zu samples of %zu series", samples, series);
    s.day = calloc(samples, sizeof *s.day);
    s.base = calloc(samples, sizeof *s.base);
    s.mean = calloc(samples, sizeof *s.mean);
    qk_code code = s.day && s.base && s.mean ? look_at_times(&s, err)
                                             : qk_fail(err, QK_ENOMEM, "no memory for a series");
    if (code == QK_OK) code = new_sums(&s, seed, err);
    if (code == QK_OK) split_all(out, &s, value, weight);
    free(s.day);
    free(s.base);
    free(s.mean);
    free(s.whole);
    free(s.slow);
    free(s.draw);
    free(s.chosen);
    return code;
}
