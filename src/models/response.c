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

qk_between qk_response_regions_between(double now, const qk_between *share, const double *ratio,
                                       size_t regions)
{
    double most = 0, least = 0, widest = 0, narrowest = 0;
    for (size_t j = 0; j < regions; j++) {
        double gone = 1 - ratio[j], a = share[j].low * gone, b = share[j].high * gone;
        least += fmin(a, b);
        most += fmax(a, b);
        narrowest = fmin(narrowest, gone);
        widest = fmax(widest, gone);
    }
    /* shares are parts of one whole: no more goes than were all of it the most changed region's */
    most = fmin(most, widest);
    least = fmin(fmax(least, narrowest), most);
    return (qk_between){now * (1 - most), now * (1 - least)};
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

qk_between qk_response_total(const qk_response_parts *p)
{
    double stays = p->now - (p->primary - p->primary_then) - p->secondary;
    double floor_low = p->now * (1 - within(p->share.high, 0, 1));
    double floor_high = p->now * (1 - within(p->share.low, 0, 1));
    return (qk_between){fmax(stays + p->secondary_then.low, floor_low),
                        fmax(stays + p->secondary_then.high, floor_high)};
}

/* ---- ozone ---- */

void qk_ozone_days_add(qk_ozone_days *d, qk_time day, double ozone, double no2)
{
    qk_civil c = qk_civil_of(day);
    int weekend = c.weekday > 5;
    if (c.month < 4 || c.month > 9 || isnan(ozone)) return;
    d->sum[weekend] += ozone;
    d->square[weekend] += ozone * ozone;
    d->count[weekend]++;
    if (isnan(no2)) return;
    d->x += no2;
    d->y += ozone;
    d->xx += no2 * no2;
    d->xy += no2 * ozone;
    d->yy += ozone * ozone;
    d->pairs++;
}

/* Square of the mean's relative standard error. */
static double relative_square(const qk_ozone_days *d, int k)
{
    double n = d->count[k], mean = d->sum[k] / n;
    double variance = fmax(d->square[k] - n * mean * mean, 0) / (n - 1);
    return variance / n / (mean * mean);
}

qk_ozone_signs qk_ozone_days_signs(const qk_ozone_days *d)
{
    qk_ozone_signs s = {.weekend_change = NAN, .slope = NAN, .formaldehyde_no2 = NAN};
    if (d->count[0] >= QK_OZONE_WEEKDAYS && d->count[1] >= QK_OZONE_WEEKENDS && d->sum[0] > 0 &&
        d->sum[1] > 0) {
        double ratio = d->sum[1] / d->count[1] / (d->sum[0] / d->count[0]);
        s.weekend_change = ratio - 1;
        s.weekend_error = ratio * sqrt(relative_square(d, 0) + relative_square(d, 1));
    }
    double n = d->pairs, spread = d->pairs ? d->xx - d->x * d->x / n : 0;
    if (d->pairs < QK_OZONE_PAIRS || !(spread > 0)) return s;
    double cross = d->xy - d->x * d->y / n;
    s.slope = cross / spread;
    double left = fmax(d->yy - d->y * d->y / n - s.slope * cross, 0);
    s.slope_error = sqrt(left / (n - 2) / spread);
    return s;
}

/* +1: less NOx, less ozone (NOx-limited); -1: the other way; 0: between. */
static int regime_of(double value, double low, double high)
{
    return value < low ? -1 : value > high ? 1 : 0;
}

static bool is_known(double sign, double error)
{
    return !isnan(sign) && fabs(sign) >= 2 * error;
}

/* The regime that all known signs share; 0 where they differ or none is known. */
static int regime(const qk_ozone_signs *s)
{
    int sum = 0, known = 0;
    if (is_known(s->weekend_change, s->weekend_error)) {
        sum -= regime_of(s->weekend_change, -0.02, 0.02);
        known++;
    }
    if (is_known(s->slope, s->slope_error)) {
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
