/* SPDX-License-Identifier: Apache-2.0 */
/* Second step of the forecaster, its ensemble, and its life. Constants were chosen by blocked
 * cross-validation on 2013-03 .. 2015-02 of the Beijing record, never on what they are tested on.
 */
#include "models/forecast_private.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ISSUE = 10 }; /* the recent past needs some days */

static const double carry_lambda = 0.15;
static const double level_share = 0.6;
static const double season_days = 45; /* widths of the kernels of alike days */
static const double key_width[2] = {0.5, 0.7071};
static const double index_width = 0.3;
static const double dress_width = 0.05; /* each error is spread over points of this deviation */
static const double dress_at[QK_FORECAST_DRESSES] = {-1.4, -0.53, 0, 0.53, 1.4};
static const double least_weight = 1e-5; /* of the largest: lighter members are dropped */

static void clear_series(qk_forecast_series *s)
{
    free(s->log);
    free(s->anomaly);
    free(s->level);
    free(s->ridge);
    free(s->trees);
    free(s->mean);
    for (size_t i = 0; i < QK_FORECAST_RECENT; i++) free(s->recent[i]);
    for (size_t i = 0; i < QK_FORECAST_ENDS; i++) free(s->turn[i]);
}

void qk_forecaster_free(qk_forecaster *f)
{
    if (!f) return;
    for (size_t k = 0; k < f->targets; k++) clear_series(&f->series[k]);
    qk_lagged_clear(&f->weather);
    free(f->learn);
    free(f->holiday);
    free(f);
}

static bool hold_series(qk_forecaster *f, qk_forecast_series *s)
{
    size_t rows = qk_forecast_rows(f);
    s->log = calloc(f->days, sizeof *s->log);
    s->anomaly = calloc(f->days, sizeof *s->anomaly);
    s->level = calloc(f->days, sizeof *s->level);
    s->ridge = calloc(rows, sizeof *s->ridge);
    s->trees = calloc(rows, sizeof *s->trees);
    s->mean = calloc(rows, sizeof *s->mean);
    bool held = s->log && s->anomaly && s->level && s->ridge && s->trees && s->mean;
    for (size_t i = 0; i < QK_FORECAST_RECENT; i++) {
        s->recent[i] = calloc(f->days, sizeof *s->recent[i]);
        held = held && s->recent[i];
    }
    for (size_t i = 0; i < QK_FORECAST_ENDS; i++) {
        s->turn[i] = calloc(f->days, sizeof *s->turn[i]);
        held = held && s->turn[i];
    }
    return held;
}

static qk_code take_season_off(qk_forecaster *f, qk_forecast_series *s, qk_error *err)
{
    qk_gram gram = {0};
    qk_ridge season = {0};
    double row[QK_SEASON_TERMS + 1];
    QK_TRY(qk_gram_init(&gram, QK_SEASON_TERMS - 1, err));
    for (size_t t = 0; t < f->days; t++) {
        if (!f->learn[t] || isnan(s->log[t])) continue;
        qk_season_terms(row, f->first_day + (int32_t)t, f->season);
        row[QK_SEASON_TERMS] = s->log[t];
        qk_gram_add(&gram, row);
    }
    qk_code code = QK_OK;
    s->known = gram.sum[0] >= QK_FORECAST_LEARN_MIN;
    if (s->known) code = qk_ridge_fit(&season, &gram, 1e-3, err);
    for (size_t t = 0; s->known && code == QK_OK && t < f->days; t++) {
        qk_season_terms(row, f->first_day + (int32_t)t, f->season);
        if (!isnan(s->log[t])) s->anomaly[t] = s->log[t] - qk_ridge_at(&season, row + 1);
    }
    qk_ridge_clear(&season);
    qk_gram_clear(&gram);
    return code;
}

static double log_of(double v, double least)
{
    return isfinite(v) && v >= 0 ? log(fmax(v, least)) : NAN;
}

/* Slopes of a dozen ratios need many days: of a record whose hours begin late they would be learnt
 * from few, and tell tomorrow's air wildly. */
static void take_ends(qk_forecast_series *s, const qk_forecast_record *record, size_t target)
{
    size_t known[QK_FORECAST_ENDS] = {0};
    for (size_t t = 0; t < record->days; t++) {
        double before = s->log[t];
        for (size_t i = 0; i < QK_FORECAST_ENDS && record->end[target][i]; i++) {
            double end = log_of(record->end[target][i][t], record->least[target]);
            bool there = !isnan(end) && !isnan(before);
            s->turn[i][t] = there ? end - before : 0;
            known[i] += there && record->learn[t];
            before = end;
        }
    }
    for (size_t i = 0; i < QK_FORECAST_ENDS; i++)
        if (known[i] < QK_SEASON_DAYS) memset(s->turn[i], 0, record->days * sizeof *s->turn[i]);
}

static qk_code take_record(qk_forecaster *f, const qk_forecast_record *record, qk_error *err)
{
    size_t others = 0;
    memcpy(f->learn, record->learn, f->days * sizeof *f->learn);
    f->season = qk_season_known(f->learn, f->days);
    if (record->holiday) memcpy(f->holiday, record->holiday, f->days + f->leads);
    for (size_t k = 0; k < f->targets; k++) {
        qk_forecast_series *s = &f->series[k];
        for (size_t t = 0; t < f->days; t++)
            s->log[t] = log_of(record->value[k][t], record->least[k]);
        take_ends(s, record, k);
        QK_TRY(take_season_off(f, s, err));
        others += k != f->index && s->known;
    }
    if (others > 0 && f->series[f->index].known) return QK_OK;
    qk_fail(err, QK_EFORMAT, "fewer than %d days of air to learn from", QK_FORECAST_LEARN_MIN);
    qk_error_hint(err, "give a longer record or a later end of learning");
    return QK_EFORMAT;
}

/* Mean with forgetting and a few days' worth of zeros before anything was seen. */
typedef struct running {
    double keep, prior, sum, count;
} running;

static double run_on(running *r, double v)
{
    r->sum *= r->keep;
    r->count *= r->keep;
    if (!isnan(v)) {
        r->sum += v;
        r->count++;
    }
    return r->sum / (r->count + r->prior);
}

/* What the weather has not explained of late: the last three days, the week's mean, and the level
 * of the last months. Day t is explained by the forecast issued the day before. */
static void fill_recent(const qk_forecaster *f, qk_forecast_series *s)
{
    running week = {.keep = exp(-1 / 5.0), .prior = 1};
    running months = {.keep = exp(-1 / 80.0), .prior = 20};
    for (size_t t = 0; t < f->days; t++) {
        size_t eve = t ? (t - 1) * f->leads : 0;
        double left = t ? s->log[t] - 0.5 * (s->ridge[eve] + s->trees[eve]) : NAN;
        s->recent[0][t] = isnan(left) ? 0 : left;
        s->recent[1][t] = t > 0 ? s->recent[0][t - 1] : 0;
        s->recent[2][t] = t > 1 ? s->recent[0][t - 2] : 0;
        s->recent[3][t] = run_on(&week, left);
        s->level[t] = run_on(&months, left);
    }
}

enum {
    CARRY_FEATURES = 2 + QK_FORECAST_RECENT,
    CARRY_MAX = CARRY_FEATURES + 1 + QK_FORECAST_TARGETS * QK_FORECAST_ENDS
};

/* The last hours tell of the next day alone, and take a year to be learnt. */
static bool has_ends(const qk_forecaster *f, size_t lead)
{
    return lead == 1 && f->season;
}

/* The level is added rather than learnt: a year or two of record cannot tell how air drifts from
 * year to year, and a slope fitted to it came out with the wrong sign. */
static size_t carry_features(double x[CARRY_MAX], const qk_forecaster *f, size_t target,
                             size_t issue, size_t lead)
{
    const qk_forecast_series *s = &f->series[target];
    size_t row = issue * f->leads + lead - 1, n = CARRY_FEATURES;
    x[0] = s->ridge[row] + level_share * s->level[issue];
    x[1] = s->trees[row] + level_share * s->level[issue];
    for (size_t i = 0; i < QK_FORECAST_RECENT; i++) x[2 + i] = s->recent[i][issue];
    if (!has_ends(f, lead)) return n;
    x[n++] = s->anomaly[issue];
    for (size_t k = 0; k < f->targets; k++)
        for (size_t i = 0; i < QK_FORECAST_ENDS; i++) x[n++] = f->series[k].turn[i][issue];
    return n;
}

static qk_code fit_carry(qk_forecaster *f, size_t target, size_t lead, qk_error *err)
{
    double row[1 + CARRY_MAX + 1] = {1};
    qk_forecast_series *s = &f->series[target];
    qk_gram gram = {0};
    qk_ridge ridge = {0};
    size_t n = carry_features(row + 1, f, target, 0, lead);
    QK_TRY(qk_gram_init(&gram, n, err));
    for (size_t i = FIRST_ISSUE; i + lead < f->days; i++) {
        if (!f->learn[i + lead] || isnan(s->log[i + lead])) continue;
        carry_features(row + 1, f, target, i, lead);
        row[1 + n] = s->log[i + lead];
        qk_gram_add(&gram, row);
    }
    qk_code code = qk_ridge_fit(&ridge, &gram, carry_lambda, err);
    for (size_t i = 0; code == QK_OK && i < f->days; i++) {
        carry_features(row + 1, f, target, i, lead);
        s->mean[i * f->leads + lead - 1] = qk_ridge_at(&ridge, row + 1);
    }
    qk_ridge_clear(&ridge);
    qk_gram_clear(&gram);
    return code;
}

static void judge_weather(qk_forecaster *f)
{
    const qk_forecast_series *s = &f->series[f->index];
    double left = 0, whole = 0;
    for (size_t t = 1; t < f->days; t++) {
        if (!f->learn[t] || isnan(s->log[t])) continue;
        double e = s->log[t] - s->ridge[(t - 1) * f->leads];
        left += e * e;
        whole += s->anomaly[t] * s->anomaly[t];
    }
    f->weather_skill = whole > 0 ? 1 - left / whole : NAN;
}

static qk_code learn_all(qk_forecaster *f, const qk_forecast_record *record,
                         const qk_weather_archive *archive, qk_error *err)
{
    QK_TRY(take_record(f, record, err));
    QK_TRY(qk_lagged_fit(&f->weather, archive, f->first_day, f->days, f->learn, err));
    QK_TRY(qk_forecast_learn_weather(f, err));
    for (size_t k = 0; k < f->targets; k++)
        if (f->series[k].known) fill_recent(f, &f->series[k]);
    for (size_t k = 0; k < f->targets; k++)
        for (size_t l = 1; f->series[k].known && l <= f->leads; l++)
            QK_TRY(fit_carry(f, k, l, err));
    judge_weather(f);
    return QK_OK;
}

static qk_code check_record(const qk_forecast_record *r, size_t leads, qk_error *err)
{
    if (leads < 1 || leads > QK_FORECAST_LEADS)
        return qk_fail(err, QK_EINVAL, "%zu leads: 1 to %d are made", leads, QK_FORECAST_LEADS);
    if (r->days == 0 || r->days > QK_FORECAST_DAYS)
        return qk_fail(err, QK_EINVAL, "a record of %zu days: 1 to %d are taken", r->days,
                       QK_FORECAST_DAYS);
    if (r->targets < 2 || r->targets > QK_FORECAST_TARGETS || r->index >= r->targets ||
        r->key[0] >= r->targets || r->key[1] >= r->targets)
        return qk_fail(err, QK_EINVAL, "%zu targets do not fit together", r->targets);
    return QK_OK;
}

qk_code qk_forecaster_fit(qk_forecaster **out, const qk_forecast_record *record,
                          const qk_weather_archive *archive, size_t leads, qk_error *err)
{
    *out = NULL;
    QK_TRY(check_record(record, leads, err));
    qk_forecaster *f = calloc(1, sizeof *f);
    if (!f) return qk_fail(err, QK_ENOMEM, "no memory for a forecaster");
    f->days = record->days;
    f->targets = record->targets;
    f->leads = leads;
    f->index = record->index;
    f->companions = record->companions;
    f->stop = record->stop;
    memcpy(f->key, record->key, sizeof f->key);
    f->first_day = record->first_day;
    f->learn = calloc(f->days, sizeof *f->learn);
    f->holiday = calloc(f->days + leads, 1);
    bool held = f->learn && f->holiday;
    for (size_t k = 0; k < f->targets; k++) held = hold_series(f, &f->series[k]) && held;
    qk_code code = held ? learn_all(f, record, archive, err)
                        : qk_fail(err, QK_ENOMEM, "no memory for %zu days", f->days);
    if (code == QK_OK)
        *out = f;
    else
        qk_forecaster_free(f);
    return code;
}

bool qk_forecaster_knows(const qk_forecaster *f, size_t target)
{
    return target < f->targets && f->series[target].known;
}

double qk_forecaster_weather_skill(const qk_forecaster *f)
{
    return f->weather_skill;
}

/* ---- the ensemble ---- */

static double season_distance(size_t a, size_t b)
{
    double d = fmod(fabs((double)a - (double)b), 365.2425);
    return d > 182.62125 ? 365.2425 - d : d;
}

static double forecast_at(const qk_forecaster *f, size_t target, size_t issue, size_t lead)
{
    return f->series[target].mean[issue * f->leads + lead - 1];
}

/* Half the squared distance of two forecasts of a target, in widths. */
static double distance_of(const qk_forecaster *f, size_t target, double width, size_t a, size_t b,
                          size_t lead)
{
    if (!f->series[target].known) return 0;
    double d = (forecast_at(f, target, a, lead) - forecast_at(f, target, b, lead)) / width;
    return 0.5 * d * d;
}

static void weigh(qk_forecast_draw *draw, const qk_forecaster *f, size_t issue, size_t like,
                  size_t lead)
{
    double d = season_distance(issue, like) / season_days, season = 0.5 * d * d, keys = 0;
    const qk_forecast_series *index = &f->series[f->index];
    for (size_t i = 0; i < 2; i++)
        keys += distance_of(f, f->key[i], key_width[i], issue, like, lead);
    draw->weight = exp(-season - keys) + 1e-9;
    draw->index_weight = 0;
    if (!isnan(index->log[like + lead]))
        draw->index_weight =
            exp(-season - distance_of(f, f->index, index_width, issue, like, lead)) + 1e-9;
}

/* A target's error on the like day is added; one that was not measured then counts as none. */
static void fill_draw(qk_forecast_draw *draw, const qk_forecaster *f, size_t issue, size_t like,
                      size_t lead)
{
    for (size_t k = 0; k < f->targets; k++) {
        const qk_forecast_series *s = &f->series[k];
        double error = s->log[like + lead] - forecast_at(f, k, like, lead);
        double v = forecast_at(f, k, issue, lead) + (isnan(error) ? 0 : error);
        draw->value[k] = s->known ? exp(v) : NAN;
    }
}

static bool usable(const qk_forecaster *f, size_t like, size_t lead)
{
    if (like + lead >= f->days || !f->learn[like + lead]) return false;
    for (size_t k = 0; k < f->targets; k++)
        if (f->series[k].known && !isnan(f->series[k].log[like + lead])) return true;
    return false;
}

/* Drops members without weight; like[] is the learnt day of each. */
static void settle_weights(qk_forecast_draw *draw, uint32_t *like, size_t *count)
{
    double top[2] = {0}, sum[2] = {0};
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        top[0] = fmax(top[0], draw[i].weight);
        top[1] = fmax(top[1], draw[i].index_weight);
    }
    for (size_t i = 0; i < *count; i++) {
        qk_forecast_draw d = draw[i];
        if (d.weight < least_weight * top[0]) d.weight = 0;
        if (d.index_weight < least_weight * top[1]) d.index_weight = 0;
        if (d.weight == 0 && d.index_weight == 0) continue;
        sum[0] += d.weight;
        sum[1] += d.index_weight;
        like[kept] = like[i];
        draw[kept++] = d;
    }
    for (size_t i = 0; i < kept; i++) {
        draw[i].weight /= sum[0];
        draw[i].index_weight = sum[1] > 0 ? draw[i].index_weight / sum[1] : 0;
    }
    *count = kept;
}

qk_code qk_forecaster_draw(const qk_forecaster *f, size_t issue, size_t lead, qk_forecast_draw *out,
                           size_t *count, qk_error *err)
{
    uint32_t like[QK_FORECAST_DAYS];
    *count = 0;
    if (issue >= f->days || lead < 1 || lead > f->leads)
        return qk_fail(err, QK_EINVAL, "no forecast of day %zu, lead %zu", issue, lead);
    for (size_t day = FIRST_ISSUE; day < f->days; day++) {
        if (!usable(f, day, lead)) continue;
        weigh(&out[*count], f, issue, day, lead);
        like[(*count)++] = (uint32_t)day;
    }
    if (*count == 0) return qk_fail(err, QK_EINVAL, "no learnt day %zu days after another", lead);
    settle_weights(out, like, count);
    for (size_t i = 0; i < *count; i++) fill_draw(&out[i], f, issue, like[i], lead);
    return QK_OK;
}

double qk_forecast_dress(size_t i)
{
    return exp(dress_width * dress_at[i]);
}
