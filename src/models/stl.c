/* SPDX-License-Identifier: Apache-2.0 */
#include "models/stl.h"
#include "models/polar.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct loess {
    const double *y, *rho; /* rho: robustness weights, or NULL */
    size_t n, window, jump;
    double *w;
    bool flat; /* a local mean instead of a line */
} loess;

/* The local line through y at place x (1-based), using points left..right; NaN when no weight. */
static double local_line(const loess *l, double x, size_t left, size_t right)
{
    double h = fmax(x - (double)left, (double)right - x), sum = 0, mean = 0, spread = 0, fit = 0;
    if (l->window > l->n) {
        size_t beyond = (l->window - l->n) / 2;
        h += (double)beyond;
    }
    for (size_t j = left; j <= right; j++) {
        double r = fabs((double)j - x), u = r / h, w = 0;
        if (r <= 0.999 * h)
            w = r <= 0.001 * h ? 1 : (1 - u * u * u) * (1 - u * u * u) * (1 - u * u * u);
        if (l->rho) w *= l->rho[j - 1];
        l->w[j - 1] = w;
        sum += w;
    }
    if (!(sum > 0)) return NAN;
    for (size_t j = left; j <= right; j++) mean += (l->w[j - 1] /= sum) * (double)j;
    for (size_t j = left; j <= right; j++)
        spread += l->w[j - 1] * ((double)j - mean) * ((double)j - mean);
    bool level = l->flat || sqrt(spread) <= 0.001 * (double)(l->n - 1);
    double tilt = level ? 0 : (x - mean) / spread;
    for (size_t j = left; j <= right; j++)
        fit += l->w[j - 1] * (1 + tilt * ((double)j - mean)) * l->y[j - 1];
    return fit;
}

/* Window of points nearest to place i. */
static void window_at(const loess *l, size_t i, size_t *left, size_t *right)
{
    size_t half = (l->window + 1) / 2;
    *left = 1;
    *right = l->n;
    if (l->window >= l->n) return;
    if (i >= half) *left = i - half + 1;
    if (*left + l->window - 1 > l->n) *left = l->n - l->window + 1;
    *right = *left + l->window - 1;
}

/* Every jump-th place is fitted, those between are on straight lines. */
static void smooth_all(const loess *l, double *out)
{
    size_t left, right, last = 1;
    if (l->n < 2) {
        out[0] = l->y[0];
        return;
    }
    size_t jump = l->jump < l->n - 1 ? l->jump : l->n - 1;
    for (size_t i = 1; i <= l->n; i += jump) {
        window_at(l, i, &left, &right);
        double fit = local_line(l, (double)i, left, right);
        out[i - 1] = isnan(fit) ? l->y[i - 1] : fit;
        last = i;
    }
    if (last < l->n) {
        window_at(l, l->n, &left, &right);
        double fit = local_line(l, (double)l->n, left, right);
        out[l->n - 1] = isnan(fit) ? l->y[l->n - 1] : fit;
    }
    for (size_t i = 1; i < l->n; i += jump) {
        size_t next = i + jump <= l->n ? i + jump : l->n;
        double slope = (out[next - 1] - out[i - 1]) / (double)(next - i);
        for (size_t j = i + 1; j < next; j++) out[j - 1] = out[i - 1] + slope * (double)(j - i);
    }
}

typedef struct stl_work {
    size_t n, period, ns, nt, nl;
    const double *y;
    double *seasonal, *trend;
    double *rho, *cycle, *sub, *weight, *fit, *w, *a, *b;
    bool weighted;
} stl_work;

static size_t jump_of(size_t window)
{
    return (window + 9) / 10;
}

/* Step 2: each month's own series is smoothed and carried one period beyond both ends. */
static void smooth_cycles(stl_work *s)
{
    for (size_t phase = 0; phase < s->period; phase++) {
        size_t k = (s->n - phase - 1) / s->period + 1, left = 1, right;
        for (size_t i = 0; i < k; i++) {
            size_t at = i * s->period + phase;
            s->sub[i] = s->y[at] - s->trend[at];
            s->weight[i] = s->rho[at];
        }
        loess l = {s->sub, s->weighted ? s->weight : NULL, k, s->ns, jump_of(s->ns), s->w, true};
        smooth_all(&l, s->fit + 1);
        right = s->ns < k ? s->ns : k;
        s->fit[0] = local_line(&l, 0, 1, right);
        if (isnan(s->fit[0])) s->fit[0] = s->fit[1];
        left = k > s->ns ? k - s->ns + 1 : 1;
        s->fit[k + 1] = local_line(&l, (double)k + 1, left, k);
        if (isnan(s->fit[k + 1])) s->fit[k + 1] = s->fit[k];
        for (size_t i = 0; i < k + 2; i++) s->cycle[i * s->period + phase] = s->fit[i];
    }
}

static size_t moving_mean(double *out, const double *in, size_t n, size_t width)
{
    double sum = 0;
    for (size_t i = 0; i < width; i++) sum += in[i];
    out[0] = sum / (double)width;
    for (size_t i = width; i < n; i++) {
        sum += in[i] - in[i - width];
        out[i - width + 1] = sum / (double)width;
    }
    return n - width + 1;
}

static void inner_pass(stl_work *s)
{
    smooth_cycles(s);
    size_t n = moving_mean(s->a, s->cycle, s->n + 2 * s->period, s->period);
    n = moving_mean(s->b, s->a, n, s->period);
    (void)moving_mean(s->a, s->b, n, 3);
    loess low = {s->a, NULL, s->n, s->nl, jump_of(s->nl), s->w, false};
    smooth_all(&low, s->b);
    for (size_t i = 0; i < s->n; i++) {
        s->seasonal[i] = s->cycle[i + s->period] - s->b[i];
        s->a[i] = s->y[i] - s->seasonal[i];
    }
    loess trend = {s->a, s->weighted ? s->rho : NULL, s->n, s->nt, jump_of(s->nt), s->w, false};
    smooth_all(&trend, s->trend);
}

/* Bisquare weights of what is left over, in units of six median absolute residuals. */
static void robust_weights(stl_work *s)
{
    for (size_t i = 0; i < s->n; i++) s->a[i] = fabs(s->y[i] - s->seasonal[i] - s->trend[i]);
    memcpy(s->b, s->a, s->n * sizeof *s->b);
    qk_sort_doubles(s->b, s->n);
    double h = 3 * (s->b[s->n / 2] + s->b[s->n - s->n / 2 - 1]);
    for (size_t i = 0; i < s->n; i++) {
        double u = h > 0 ? s->a[i] / h : 0, v = 1 - u * u;
        s->rho[i] = s->a[i] <= 0.001 * h ? 1 : s->a[i] <= 0.999 * h ? v * v : 0;
    }
    s->weighted = true;
}

static bool new_work(stl_work *s)
{
    size_t most = s->n + 2 * s->period + 2;
    s->rho = calloc(most, sizeof *s->rho);
    s->cycle = calloc(most + s->period, sizeof *s->cycle);
    s->sub = calloc(most, sizeof *s->sub);
    s->weight = malloc(most * sizeof *s->weight);
    s->fit = calloc(most, sizeof *s->fit);
    s->w = calloc(most, sizeof *s->w);
    s->a = calloc(most, sizeof *s->a);
    s->b = calloc(most, sizeof *s->b);
    return s->rho && s->cycle && s->sub && s->weight && s->fit && s->w && s->a && s->b;
}

static void free_work(stl_work *s)
{
    free(s->rho);
    free(s->cycle);
    free(s->sub);
    free(s->weight);
    free(s->fit);
    free(s->w);
    free(s->a);
    free(s->b);
}

static size_t next_odd(double x)
{
    size_t n = (size_t)ceil(x);
    return n % 2 ? n : n + 1;
}

qk_code qk_stl(double *seasonal, double *trend, const double *y, size_t n,
               const qk_stl_options *options, qk_error *err)
{
    stl_work s = {.n = n, .period = options->period, .y = y, .seasonal = seasonal, .trend = trend};
    s.ns = options->seasonal_window ? options->seasonal_window : 11;
    if (s.period < 2 || s.ns < 3 || s.ns % 2 == 0 || n > 1000000 || s.period > n)
        return qk_fail(err, QK_EINVAL, "period %zu, window %zu", s.period, s.ns);
    if (n < 2 * s.period)
        return qk_fail(err, QK_EFORMAT, "%zu values are fewer than two periods of %zu", n,
                       s.period);
    s.nt = options->trend_window ? options->trend_window
                                 : next_odd(1.5 * (double)s.period / (1 - 1.5 / (double)s.ns));
    s.nl = next_odd((double)s.period);
    memset(trend, 0, n * sizeof *trend);
    bool made = new_work(&s);
    for (size_t i = 0; made && i < n; i++) s.rho[i] = 1;
    for (int outer = 0; made && outer <= (options->robust ? 15 : 0); outer++) {
        if (outer > 0) robust_weights(&s);
        for (int inner = 0; inner < (options->robust ? 1 : 2); inner++) inner_pass(&s);
    }
    free_work(&s);
    return made ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for %zu values", n);
}
