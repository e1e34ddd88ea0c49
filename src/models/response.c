/* SPDX-License-Identifier: Apache-2.0 */
#include "models/response.h"
#include <math.h>

static double within(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

void qk_response_rates(double *rate, const double *base, uint32_t sources,
                       const qk_response_cut *cut, size_t cuts, const double *applied)
{
    if (rate != base)
        for (uint32_t s = 0; s < sources; s++) rate[s] = base[s];
    for (size_t i = 0; i < cuts; i++) {
        double part = within(applied[cut[i].measure], 0, 1) * within(cut[i].share, 0, 1);
        rate[cut[i].source] *= 1 - part;
    }
}

qk_between qk_response_local(double now, qk_between share, double base, double then)
{
    if (!(base > 0)) return (qk_between){now, now};
    double gone = 1 - (then > 0 ? then : 0) / base;
    double a = now * (1 - within(share.low, 0, 1) * gone);
    double b = now * (1 - within(share.high, 0, 1) * gone);
    return a < b ? (qk_between){a, b} : (qk_between){b, a};
}

double qk_response_regions(double now, const double *share, const double *ratio, size_t regions)
{
    double total = 0, gone = 0;
    for (size_t j = 0; j < regions; j++) {
        total += share[j];
        gone += share[j] * (1 - ratio[j]);
    }
    return now * (1 - (total > 1 ? gone / total : gone));
}

qk_between qk_response_secondary(double now, const qk_between *elasticity, const double *change,
                                 size_t precursors)
{
    double low = 0, high = 0;
    for (size_t k = 0; k < precursors; k++) {
        double a = elasticity[k].low * change[k], b = elasticity[k].high * change[k];
        low += fmin(a, b);
        high += fmax(a, b);
    }
    double a = fmax(1 + low, 0), b = fmax(1 + high, 0);
    return (qk_between){now * a, now * b};
}

/* +1: less NOx, less ozone (NOx-limited); -1: the other way; 0: between. */
static int regime_of(double value, double low, double high)
{
    return value < low ? -1 : value > high ? 1 : 0;
}

/* The regime that all known signs share; 0 where they differ or none is known. */
static int regime(const qk_ozone_signs *s)
{
    int sum = 0, known = 0;
    if (!isnan(s->weekend_change)) {
        sum -= regime_of(s->weekend_change, -0.02, 0.02);
        known++;
    }
    if (!isnan(s->slope)) {
        sum += regime_of(s->slope, -0.05, 0.05);
        known++;
    }
    if (!isnan(s->formaldehyde_no2)) {
        sum += regime_of(s->formaldehyde_no2, 1, 2);
        known++;
    }
    if (known == 0 || (sum != known && sum != -known)) return 0;
    return sum > 0 ? 1 : -1;
}

qk_direction qk_ozone_nox_cut(const qk_ozone_signs *signs)
{
    int r = regime(signs);
    return r > 0 ? QK_DIRECTION_DOWN : r < 0 ? QK_DIRECTION_UP : QK_DIRECTION_UNKNOWN;
}

qk_direction qk_ozone_voc_cut(const qk_ozone_signs *signs)
{
    return regime(signs) < 0 ? QK_DIRECTION_DOWN : QK_DIRECTION_UNKNOWN;
}

static double power(double v, int n)
{
    double p = 1;
    for (int i = 0; i < n; i++) p *= v;
    return p;
}

double qk_rsm_evaluate(const qk_rsm_term *term, size_t terms, const qk_rsm_change *d)
{
    double sum = 0;
    for (size_t i = 0; i < terms; i++) {
        const qk_rsm_term *t = &term[i];
        if (t->nox + t->so2 + t->nh3 + t->voc == 0) continue;
        sum += t->x * power(d->nox, t->nox) * power(d->so2, t->so2) * power(d->nh3, t->nh3) *
               power(d->voc, t->voc);
    }
    return sum;
}
