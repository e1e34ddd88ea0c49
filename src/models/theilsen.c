/* SPDX-License-Identifier: Apache-2.0 */
#include "models/theilsen.h"
#include "models/polar.h"
#include "models/stl.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MONTHS_MAX = 4800 };

static int32_t month_number(qk_time t)
{
    qk_civil c = qk_civil_of(t);
    return c.year * 12 + c.month - 1;
}

static qk_code find_range(int32_t *first, int32_t *last, const qk_time *time, const double *value,
                          size_t n, qk_error *err)
{
    qk_time low = INT64_MAX, high = INT64_MIN;
    for (size_t i = 0; i < n; i++) {
        if (time[i] == QK_TIME_NONE || !isfinite(value[i])) continue;
        low = time[i] < low ? time[i] : low;
        high = time[i] > high ? time[i] : high;
    }
    if (low > high) return qk_fail(err, QK_EFORMAT, "no hour has a time and a value");
    *first = month_number(low);
    *last = month_number(high);
    if (*last - *first >= MONTHS_MAX)
        return qk_fail(err, QK_ERANGE, "the record spans more than %d months", MONTHS_MAX);
    return QK_OK;
}

static qk_time month_start(int32_t number)
{
    qk_time t = QK_TIME_NONE;
    qk_civil c = {.year = number / 12, .month = number % 12 + 1, .day = 1};
    return qk_time_of(&t, &c) == QK_OK ? t : QK_TIME_NONE;
}

/* Rows mostly come in order: the month is looked up only when the last one is left. */
static void sum_months(qk_month *m, size_t count, int32_t first, const qk_time *time,
                       const double *value, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (time[i] == QK_TIME_NONE || !isfinite(value[i])) continue;
        qk_time end = at + 1 < count ? m[at + 1].start : INT64_MAX;
        if (time[i] < m[at].start || time[i] >= end) at = (size_t)(month_number(time[i]) - first);
        m[at].mean += value[i];
        m[at].count++;
    }
}

qk_code qk_months_of(qk_month **out, size_t *count, const qk_time *time, const double *value,
                     size_t n, double capture, qk_error *err)
{
    int32_t first = 0, last = 0;
    *out = NULL;
    QK_TRY(find_range(&first, &last, time, value, n, err));
    *count = (size_t)(last - first) + 1;
    qk_month *m = calloc(*count, sizeof *m);
    if (!m) return qk_fail(err, QK_ENOMEM, "no memory for %zu months", *count);
    for (size_t i = 0; i < *count; i++) m[i].start = month_start(first + (int32_t)i);
    sum_months(m, *count, first, time, value, n);
    for (size_t i = 0; i < *count; i++) {
        qk_time hours = (qk_add_months(m[i].start, 1) - m[i].start) / QK_HOUR;
        bool enough = m[i].count > 0 && m[i].count >= capture * (double)hours;
        m[i].mean = enough ? m[i].mean / m[i].count : NAN;
    }
    *out = m;
    return QK_OK;
}

/* ---- order statistics ---- */

static void swap_doubles(double *a, double *b)
{
    double t = *a;
    *a = *b;
    *b = t;
}

/* The k-th smallest stands at k, the smaller ones before it (Hoare's selection, middle of three).
 */
static double select_kth(double *v, size_t n, size_t k)
{
    size_t lo = 0, hi = n - 1;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (v[mid] < v[lo]) swap_doubles(&v[mid], &v[lo]);
        if (v[hi] < v[lo]) swap_doubles(&v[hi], &v[lo]);
        if (v[hi] < v[mid]) swap_doubles(&v[hi], &v[mid]);
        double pivot = v[mid];
        size_t i = lo, j = hi;
        for (;;) {
            while (v[i] < pivot) i++;
            while (v[j] > pivot) j--;
            if (i >= j) break;
            swap_doubles(&v[i++], &v[j--]);
        }
        if (k <= j)
            hi = j;
        else
            lo = j + 1;
    }
    return v[k];
}

static double median_of(double *v, size_t n)
{
    if (n == 0) return NAN;
    double high = select_kth(v, n, n / 2);
    if (n % 2) return high;
    double low = v[0];
    for (size_t i = 1; i < n / 2; i++) low = fmax(low, v[i]);
    return (low + high) / 2;
}

double qk_theilsen_slope(const double *x, const double *y, size_t n, double *scratch)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(y[i])) continue;
        for (size_t j = i + 1; j < n; j++)
            if (isfinite(y[j]) && x[j] != x[i]) scratch[count++] = (y[j] - y[i]) / (x[j] - x[i]);
    }
    return median_of(scratch, count);
}

/* ---- the series ---- */

static void bridge_gaps(double *y, size_t n)
{
    size_t last = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(y[i])) continue;
        for (size_t j = last + 1; last != SIZE_MAX && j < i; j++)
            y[j] = y[last] + (y[i] - y[last]) * (double)(j - last) / (double)(i - last);
        last = i;
    }
}

static qk_code remove_season(double *y, size_t n, qk_error *err)
{
    double *work = malloc(3 * n * sizeof *work);
    if (!work) return qk_fail(err, QK_ENOMEM, "no memory for %zu months", n);
    double *filled = work, *seasonal = work + n, *trend = work + 2 * n;
    memcpy(filled, y, n * sizeof *y);
    bridge_gaps(filled, n);
    qk_stl_options o = {.period = 12, .seasonal_window = 35, .robust = true};
    qk_code code = qk_stl(seasonal, trend, filled, n, &o, err);
    for (size_t i = 0; code == QK_OK && i < n; i++) y[i] -= seasonal[i];
    free(work);
    return code;
}

/* ---- bootstrap ---- */

static size_t draw_index(uint64_t *state, size_t n)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (size_t)(((z ^ (z >> 31)) >> 11) % n);
}

typedef struct pair {
    double slope;
    uint32_t i, j;
} pair;

typedef struct boot {
    const double *x, *y; /* of the months that are there */
    size_t n, block, pairs;
    pair *pair;      /* by slope */
    uint32_t *times; /* how often each month was drawn */
    double *slopes;
    uint64_t random;
} boot;

static int compare_pairs(const void *a, const void *b)
{
    double x = ((const pair *)a)->slope, y = ((const pair *)b)->slope;
    return (x > y) - (x < y);
}

static void sort_pairs(boot *b)
{
    for (uint32_t i = 0; i < b->n; i++)
        for (uint32_t j = i + 1; j < b->n; j++)
            b->pair[b->pairs++] = (pair){(b->y[j] - b->y[i]) / (b->x[j] - b->x[i]), i, j};
    qsort(b->pair, b->pairs, sizeof *b->pair, compare_pairs);
}

/* A drawn sample has the slope of months i and j as often as the product of their draws, so its
 * median is a weighted one of the slopes sorted once. */
static double one_boot(boot *b)
{
    uint64_t total = (uint64_t)b->n * b->n, seen = 0;
    double low = NAN;
    memset(b->times, 0, b->n * sizeof *b->times);
    for (size_t at = 0; at < b->n;) {
        size_t from = draw_index(&b->random, b->n - b->block + 1);
        for (size_t k = 0; k < b->block && at < b->n; k++, at++) b->times[from + k]++;
    }
    for (size_t i = 0; i < b->n; i++) total -= (uint64_t)b->times[i] * b->times[i];
    total /= 2;
    for (size_t p = 0; p < b->pairs; p++) {
        seen += (uint64_t)b->times[b->pair[p].i] * b->times[b->pair[p].j];
        if (isnan(low) && 2 * seen >= total && seen > 0) low = b->pair[p].slope;
        if (2 * seen > total) return (low + b->pair[p].slope) / 2;
    }
    return low;
}

static void run_boots(qk_theilsen *out, boot *b, size_t boots, double alpha, double fitted)
{
    size_t below = 0, count = 0;
    for (size_t i = 0; i < boots; i++) {
        double slope = one_boot(b);
        if (!isfinite(slope)) continue;
        b->slopes[count++] = slope;
        below += slope < 0;
    }
    double share = count ? (double)below / (double)count : 0.5;
    out->p = 2 * fmin(share, 1 - share);
    qk_sort_doubles(b->slopes, count);
    out->lower = 365 * qk_quantile_sorted(b->slopes, count, 50 * alpha);
    out->upper = 365 * qk_quantile_sorted(b->slopes, count, 100 - 50 * alpha);
    double scale = fitted > 0 ? 100 / fitted : NAN;
    out->percent = out->slope * scale;
    out->percent_lower = out->lower * scale;
    out->percent_upper = out->upper * scale;
}

static qk_code fit_months(qk_theilsen *out, const qk_month *months, const qk_theilsen_options *o,
                          double *work, qk_error *err)
{
    size_t n = 0, boots = o->bootstraps ? o->bootstraps : 599;
    double *x = work, *y = work + out->months;
    for (size_t i = 0; i < out->months; i++) {
        if (!isfinite(out->value[i])) continue;
        x[n] = (double)qk_day_number(months[i].start);
        y[n++] = out->value[i];
    }
    out->missing = out->months - n;
    if (n < 6) return qk_fail(err, QK_EFORMAT, "%zu months with a mean; at least 6 are due", n);
    double *scratch = work + 4 * out->months + boots;
    boot b = {.x = x, .y = y, .n = n, .slopes = work + 4 * out->months, .random = o->seed};
    b.block = o->block ? (o->block < n ? o->block : n) : 1;
    b.pair = malloc((n * (n - 1) / 2) * sizeof *b.pair);
    b.times = malloc(n * sizeof *b.times);
    if (!b.pair || !b.times) {
        free(b.pair);
        free(b.times);
        return qk_fail(err, QK_ENOMEM, "no memory for the slopes of %zu months", n);
    }
    sort_pairs(&b);
    double slope = qk_theilsen_slope(x, y, n, scratch);
    double *copy = work + 2 * out->months;
    memcpy(copy, y, n * sizeof *y);
    double my = median_of(copy, n);
    memcpy(copy, x, n * sizeof *x);
    out->intercept = my - slope * median_of(copy, n);
    out->slope = 365 * slope;
    run_boots(out, &b, boots, o->alpha > 0 ? o->alpha : 0.05, out->intercept + slope * x[0]);
    free(b.pair);
    free(b.times);
    return QK_OK;
}

qk_code qk_theilsen_of(qk_theilsen *out, const qk_month *months, size_t count,
                       const qk_theilsen_options *options, qk_error *err)
{
    size_t boots = options->bootstraps ? options->bootstraps : 599;
    *out = (qk_theilsen){.months = count};
    if (count < 6 || count > MONTHS_MAX || boots > 100000)
        return qk_fail(err, QK_EFORMAT, "%zu months; 6 to %d are due", count, MONTHS_MAX);
    double *work = malloc((4 * count + boots + count * (count - 1) / 2 + 1) * sizeof *work);
    out->value = malloc(count * sizeof *out->value);
    qk_code code =
        work && out->value ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for %zu months", count);
    for (size_t i = 0; code == QK_OK && out->value && i < count; i++)
        out->value[i] = months[i].mean;
    if (code == QK_OK && out->value && options->deseason)
        code = remove_season(out->value, count, err);
    if (code == QK_OK && out->value) code = fit_months(out, months, options, work, err);
    free(work);
    if (code != QK_OK) qk_theilsen_clear(out);
    return code;
}

void qk_theilsen_clear(qk_theilsen *t)
{
    free(t->value);
    *t = (qk_theilsen){0};
}
