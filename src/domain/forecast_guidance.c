/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/forecast_guidance.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const int32_t qk_guidance_over[QK_GUIDANCE_OVER] = {100, 150, 200};

static const double index_share = 0.5; /* of the index's own ensemble in the probabilities */
static const double sure_share = 0.9;  /* a grade as probable as this stands alone */
static const double tail_share = 0.15; /* left out at each end of a range */
static const double least_index = 15;  /* AQI; below it differences mean nothing */

/* Daily item of each target; the index has none. */
static const qk_aqi_item item_of[QK_GUIDANCE_INDEX] = {[QK_SO2] = QK_SO2_24H,
                                                       [QK_NO2] = QK_NO2_24H,
                                                       [QK_PM10] = QK_PM10_24H,
                                                       [QK_PM25] = QK_PM25_24H,
                                                       [QK_CO] = QK_CO_24H,
                                                       [QK_O3] = QK_O3_8H,
                                                       [QK_GUIDANCE_OZONE_HOUR] = QK_O3_1H};

enum { ENDS = QK_POLLUTANTS * QK_DAY_ENDS };
_Static_assert((int)QK_DAY_ENDS == (int)QK_FORECAST_ENDS, "the same stretches of a day");

void qk_forecast_days_clear(qk_forecast_days *days)
{
    for (size_t k = 0; k < QK_GUIDANCE_TARGETS; k++) free(days->value[k]);
    for (size_t i = 0; i < ENDS; i++) free(days->end[i / QK_DAY_ENDS][i % QK_DAY_ENDS]);
    free(days->aqi);
    free(days->learn);
    free(days->holiday);
    *days = (qk_forecast_days){0};
}

static bool hold_unknown(double **out, size_t days)
{
    *out = calloc(days, sizeof **out);
    for (size_t t = 0; *out && t < days; t++) (*out)[t] = NAN;
    return *out != NULL;
}

qk_code qk_forecast_days_init(qk_forecast_days *days, int32_t first_day, int32_t last_day,
                              const qk_aqi_rule *rule, qk_error *err)
{
    int64_t span = (int64_t)last_day - first_day + 1;
    *days = (qk_forecast_days){.first_day = first_day, .rule = rule};
    if (span < 1 || span > QK_FORECAST_DAYS)
        return qk_fail(err, QK_EINVAL, "a record of %lld days: 1 to %d are taken", (long long)span,
                       QK_FORECAST_DAYS);
    days->days = (size_t)span;
    bool held = true;
    for (size_t k = 0; k < QK_GUIDANCE_TARGETS; k++)
        held = hold_unknown(&days->value[k], days->days) && held;
    for (size_t i = 0; i < ENDS; i++)
        held = hold_unknown(&days->end[i / QK_DAY_ENDS][i % QK_DAY_ENDS], days->days) && held;
    days->aqi = calloc(days->days, sizeof *days->aqi);
    days->learn = calloc(days->days, sizeof *days->learn);
    days->holiday = calloc(days->days + QK_GUIDANCE_LEADS, 1);
    if (!held || !days->aqi || !days->learn || !days->holiday) {
        qk_forecast_days_clear(days);
        return qk_fail(err, QK_ENOMEM, "no memory for %lld days", (long long)span);
    }
    for (size_t t = 0; t < days->days; t++) days->aqi[t] = QK_AQI_NA;
    return QK_OK;
}

void qk_forecast_days_trim(qk_forecast_days *days)
{
    size_t off = 0;
    while (off < days->days && !days->learn[off]) off++;
    if (off == 0 || off == days->days) return;
    size_t left = days->days - off;
    for (size_t k = 0; k < QK_GUIDANCE_TARGETS; k++)
        memmove(days->value[k], days->value[k] + off, left * sizeof *days->value[k]);
    for (size_t i = 0; i < ENDS; i++) {
        double *end = days->end[i / QK_DAY_ENDS][i % QK_DAY_ENDS];
        memmove(end, end + off, left * sizeof *end);
    }
    memmove(days->aqi, days->aqi + off, left * sizeof *days->aqi);
    memmove(days->learn, days->learn + off, left * sizeof *days->learn);
    memmove(days->holiday, days->holiday + off, left + QK_GUIDANCE_LEADS);
    days->first_day += (int32_t)off;
    days->days = left;
}

static double units_of(qk_fine fine)
{
    return fine < 0 ? NAN : ldexp((double)fine, -QK_FINE_SHIFT) / (double)QK_QUANTA_PER_UNIT;
}

void qk_forecast_days_put(qk_forecast_days *days, const qk_day *day)
{
    qk_day again = *day;
    qk_aqi aqi;
    int64_t t = (int64_t)day->day - days->first_day;
    if (t < 0 || t >= (int64_t)days->days || !(day->flags & QK_DAY_RECORDED)) return;
    for (size_t k = 0; k < QK_POLLUTANTS; k++) days->value[k][t] = units_of(day->stat[k]);
    for (size_t i = 0; i < ENDS; i++) {
        double end = (double)day->end[i / QK_DAY_ENDS][i % QK_DAY_ENDS];
        days->end[i / QK_DAY_ENDS][i % QK_DAY_ENDS][t] = end > 0 ? end : NAN;
    }
    days->value[QK_GUIDANCE_OZONE_HOUR][t] = units_of(day->o3_hour);
    qk_day_judge(&aqi, &again, days->rule);
    if (again.aqi >= 0) days->value[QK_GUIDANCE_INDEX][t] = again.aqi;
    days->aqi[t] = day->aqi;
}

qk_code qk_forecast_days_fit(qk_forecaster **out, const qk_forecast_days *days,
                             const qk_weather_archive *archive, size_t leads, qk_error *err)
{
    qk_forecast_record r = {.first_day = days->first_day,
                            .days = days->days,
                            .targets = QK_GUIDANCE_TARGETS,
                            .holiday = days->holiday,
                            .learn = days->learn,
                            .stop = days->stop,
                            .index = QK_GUIDANCE_INDEX,
                            .key = {QK_PM25, QK_O3},
                            .companions = 1u << QK_PM25 | 1u << QK_O3 | 1u << QK_CO};
    for (size_t k = 0; k < QK_GUIDANCE_TARGETS; k++) {
        r.value[k] = days->value[k];
        r.least[k] = k == QK_CO ? 0.05 : k == QK_GUIDANCE_INDEX ? least_index : 1;
    }
    for (size_t i = 0; i < ENDS; i++)
        r.end[i / QK_DAY_ENDS][i % QK_DAY_ENDS] = days->end[i / QK_DAY_ENDS][i % QK_DAY_ENDS];
    if (leads < QK_GUIDANCE_LEADS_LEARNT) leads = QK_GUIDANCE_LEADS_LEARNT;
    return qk_forecaster_fit(out, &r, archive, leads, err);
}

/* ---- from the ensemble to the index ---- */

enum { SUB_VALUES = 1024 };

struct qk_guide {
    const qk_forecaster *f;
    const qk_forecast_days *days;
    qk_forecast_draw *draw; /* [days] */
    size_t count;
    int64_t drawn_issue, drawn_lead;            /* what draw holds; -1 nothing */
    const qk_aqi_rule *rule;                    /* what sub holds */
    int16_t sub[QK_GUIDANCE_INDEX][SUB_VALUES]; /* index of a rounded value of each daily item */
    double *order;             /* value and weight of one target, to be sorted [days][2] */
    double at[QK_AQI_TOP + 1]; /* probability of each AQI */
    double primary[QK_AQI_LEVELS + 1][QK_POLLUTANTS]; /* by grade */
};

qk_code qk_guide_new(qk_guide **out, const qk_forecaster *f, const qk_forecast_days *days,
                     qk_error *err)
{
    qk_guide *g = calloc(1, sizeof *g);
    *out = g;
    if (g) {
        g->f = f;
        g->days = days;
        g->drawn_issue = -1;
        g->draw = calloc(days->days, sizeof *g->draw);
        g->order = calloc(days->days, 2 * sizeof *g->order);
        if (g->draw && g->order) return QK_OK;
    }
    qk_guide_free(g);
    *out = NULL;
    return qk_fail(err, QK_ENOMEM, "no memory for an ensemble");
}

void qk_guide_free(qk_guide *g)
{
    if (!g) return;
    free(g->draw);
    free(g->order);
    free(g);
}

static int32_t sub_of(const qk_aqi_rule *rule, size_t target, int64_t rounded)
{
    if (!(rule->daily_items & QK_AQI_BIT(item_of[target]))) return QK_AQI_NA;
    return qk_iaqi_of_rounded(rule, item_of[target], rounded);
}

static void fill_subs(qk_guide *g, const qk_aqi_rule *rule)
{
    if (g->rule == rule) return;
    g->rule = rule;
    for (size_t k = 0; k < QK_GUIDANCE_INDEX; k++)
        for (int64_t v = 0; v < SUB_VALUES; v++) g->sub[k][v] = (int16_t)sub_of(rule, k, v);
}

/* Index of one member; primaries as bits of pollutants. QK_AQI_NA when nothing is known. */
static int32_t index_of(const qk_guide *g, const double *value, double dress,
                        const qk_aqi_rule *rule, uint32_t *primary)
{
    int32_t top = QK_AQI_NA;
    *primary = 0;
    for (size_t k = 0; k < QK_GUIDANCE_INDEX; k++) {
        if (!isfinite(value[k])) continue;
        double scaled = value[k] * dress * (k == QK_CO ? 10 : 1);
        int64_t rounded = (int64_t)(fmin(scaled, 30000) + 0.5);
        int32_t sub = rounded < SUB_VALUES ? g->sub[k][rounded] : sub_of(rule, k, rounded);
        if (sub < top || sub < 0) continue;
        uint32_t bit = 1u << qk_aqi_item_pollutant(item_of[k]);
        *primary = sub > top ? bit : *primary | bit;
        top = sub;
    }
    return top > QK_AQI_TOP ? QK_AQI_TOP : top;
}

static void count_member(qk_guide *g, const double *value, double weight, double dress,
                         const qk_aqi_rule *rule)
{
    uint32_t primary;
    int32_t aqi = index_of(g, value, dress, rule, &primary);
    if (aqi < 0) return;
    g->at[aqi] += weight;
    for (int p = 0; p < QK_POLLUTANTS; p++)
        if (primary & (1u << p)) g->primary[qk_aqi_level_of(aqi)][p] += weight;
}

/* The ensemble of the index itself holds for the edition it was learnt under. */
static void spread_members(qk_guide *g, const qk_aqi_rule *rule)
{
    bool same = rule == g->days->rule && qk_forecaster_knows(g->f, QK_GUIDANCE_INDEX);
    double own = same ? index_share : 0;
    for (int i = 0; i <= QK_AQI_TOP; i++) g->at[i] = 0;
    for (int l = 0; l <= QK_AQI_LEVELS; l++)
        for (int p = 0; p < QK_POLLUTANTS; p++) g->primary[l][p] = 0;
    for (size_t i = 0; i < g->count; i++) {
        const qk_forecast_draw *d = &g->draw[i];
        for (size_t j = 0; j < QK_FORECAST_DRESSES; j++) {
            double dress = qk_forecast_dress(j), part = 1.0 / QK_FORECAST_DRESSES;
            if (d->weight > 0) count_member(g, d->value, (1 - own) * part * d->weight, dress, rule);
            if (!same || !(d->index_weight > 0)) continue;
            double index = ceil(d->value[QK_GUIDANCE_INDEX] * dress - 1e-6);
            g->at[(size_t)fmin(fmax(index, 0), QK_AQI_TOP)] += own * part * d->index_weight;
        }
    }
}

/* Least AQI within from..to that has `share` of their probability at or below it. */
static int32_t quantile_of(const qk_guide *g, int32_t from, int32_t to, double share)
{
    double sum = 0, passed = 0;
    for (int32_t i = from; i <= to; i++) sum += g->at[i];
    for (int32_t i = from; i < to; i++) {
        passed += g->at[i];
        if (passed >= share * sum) return i;
    }
    return to;
}

static int32_t level_top(int32_t level)
{
    static const int32_t top[QK_AQI_LEVELS + 1] = {-1, 50, 100, 150, 200, 300, QK_AQI_TOP};
    return top[level];
}

static void choose_grades(qk_guidance *out)
{
    int32_t g = 1, beside;
    for (int32_t l = 2; l <= QK_AQI_LEVELS; l++)
        if (out->share[l] > out->share[g]) g = l;
    out->grade = g;
    out->grades = 1u << g;
    if (out->share[g] >= sure_share) return;
    double below = g > 1 ? out->share[g - 1] : -1;
    double above = g < QK_AQI_LEVELS ? out->share[g + 1] : -1;
    beside = above > below ? g + 1 : g - 1;
    out->grades |= 1u << beside;
}

static void clip_range(qk_guidance *out, const qk_guide *g)
{
    int32_t least = 0, most = QK_AQI_LEVELS;
    for (int32_t l = 1; l <= QK_AQI_LEVELS; l++) {
        if (!(out->grades & (1u << l))) continue;
        if (!least) least = l;
        most = l;
    }
    int32_t floor_aqi = level_top(least - 1) + 1, top_aqi = level_top(most);
    out->mid = quantile_of(g, level_top(out->grade - 1) + 1, level_top(out->grade), 0.5);
    out->low = quantile_of(g, 0, QK_AQI_TOP, tail_share);
    out->high = quantile_of(g, 0, QK_AQI_TOP, 1 - tail_share);
    if (out->low < floor_aqi) out->low = floor_aqi;
    if (out->high > top_aqi) out->high = top_aqi;
    if (out->low > out->mid) out->low = out->mid;
    if (out->high < out->mid) out->high = out->mid;
}

static void sum_shares(qk_guidance *out, const qk_guide *g)
{
    double sum = 0;
    for (int i = 0; i <= QK_AQI_TOP; i++) {
        sum += g->at[i];
        out->share[qk_aqi_level_of(i)] += g->at[i];
        for (size_t o = 0; o < QK_GUIDANCE_OVER; o++)
            if (i > qk_guidance_over[o]) out->over[o] += g->at[i];
    }
    for (int l = 1; l <= QK_AQI_LEVELS; l++) out->share[l] /= sum;
    for (size_t o = 0; o < QK_GUIDANCE_OVER; o++) out->over[o] = fmin(out->over[o] / sum, 1);
}

/* The likeliest at the grade told; where no member reached that grade, at any grade. */
static void choose_primary(qk_guidance *out, const qk_guide *g)
{
    double share[QK_POLLUTANTS], sum = 0;
    out->primary = -1;
    if (out->grade == 1) return;
    for (int p = 0; p < QK_POLLUTANTS; p++) sum += share[p] = g->primary[out->grade][p];
    for (int l = 2; !(sum > 0) && l <= QK_AQI_LEVELS; l++)
        for (int p = 0; p < QK_POLLUTANTS; p++) share[p] += g->primary[l][p];
    out->primary = QK_PM25;
    for (int p = 0; p < QK_POLLUTANTS; p++)
        if (share[p] > share[out->primary]) out->primary = p;
}

static int compare_values(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void tell_conc(qk_guidance *out, qk_guide *g, size_t target)
{
    const double at[3] = {tail_share, 0.5, 1 - tail_share};
    double passed = 0, *order = g->order;
    size_t n = 0, next = 0;
    for (size_t i = 0; i < 3; i++) out->conc[target][i] = NAN;
    if (!qk_forecaster_knows(g->f, target)) return;
    for (size_t i = 0; i < g->count; i++) {
        if (!(g->draw[i].weight > 0)) continue;
        order[2 * n] = g->draw[i].value[target];
        order[2 * n++ + 1] = g->draw[i].weight;
    }
    qsort(order, n, 2 * sizeof *order, compare_values);
    for (size_t i = 0; i < n && next < 3; i++) {
        passed += order[2 * i + 1];
        while (next < 3 && (passed >= at[next] || i + 1 == n))
            out->conc[target][next++] = order[2 * i];
    }
}

qk_code qk_guide_day(qk_guidance *out, qk_guide *g, int32_t issued, size_t lead,
                     const qk_aqi_rule *rule, qk_error *err)
{
    int64_t issue = (int64_t)issued - g->days->first_day;
    *out = (qk_guidance){0};
    if (issue < 0 || issue >= (int64_t)g->days->days)
        return qk_fail(err, QK_EINVAL, "the day of issue lies outside the record");
    if (g->drawn_issue != issue || g->drawn_lead != (int64_t)lead) {
        g->drawn_issue = -1;
        QK_TRY(qk_forecaster_draw(g->f, (size_t)issue, lead, g->draw, &g->count, err));
        g->drawn_issue = issue;
        g->drawn_lead = (int64_t)lead;
    }
    fill_subs(g, rule);
    spread_members(g, rule);
    sum_shares(out, g);
    choose_grades(out);
    clip_range(out, g);
    choose_primary(out, g);
    for (size_t k = 0; k < QK_GUIDANCE_TARGETS; k++) tell_conc(out, g, k);
    return QK_OK;
}

char *qk_guidance_grades_text(char out[8], uint32_t grades)
{
    size_t n = 0;
    for (uint32_t l = 1; l <= QK_AQI_LEVELS; l++) {
        if (!(grades & (1u << l)) || n + 2 >= 8) continue;
        if (n) out[n++] = ';';
        out[n++] = (char)('0' + l);
    }
    out[n] = '\0';
    return out;
}
