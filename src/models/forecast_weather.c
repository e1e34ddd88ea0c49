/* SPDX-License-Identifier: Apache-2.0 */
/* First step of the forecaster: what weather, season and the last days' air make of a target. */
#include "models/forecast_private.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    RIDGE_PER_COLUMN = 12,
    RIDGE_OTHERS = QK_SEASON_TERMS - 1 + 4,
    TREE_PER_COLUMN = 6,
    TREE_OTHERS = 5,
    RECENT_OWN = 5,
    WEEK_DAYS = 7,
    LEFT_MIN = 20 /* rows: a fold that leaves fewer is learnt with its own days */
};

static const double weather_lambda = 0.3;

typedef struct bench { /* what learning one forecaster needs at hand */
    qk_forecaster *f;
    size_t rows, ridge_features, tree_features, recent_features;
    double *row;            /* 1, ridge features, y */
    double *value, *y;      /* of one tree feature, of one target [rows] */
    double *past[2];        /* anomaly's running means of one target [days] */
    uint32_t *learn, *some; /* rows */
    size_t learners, fold_rows[QK_FORECAST_FOLDS], known_rows; /* the last two: of one target */
    qk_boost_table table;
    qk_gram whole, fold[QK_FORECAST_FOLDS];
} bench;

/* 0 Monday .. 6 Sunday; 1970-01-01 was a Thursday. */
static int32_t weekday_of(int32_t day)
{
    return ((day + 3) % WEEK_DAYS + WEEK_DAYS) % WEEK_DAYS;
}

static void ridge_features(double *x, const qk_forecaster *f, size_t issue, int32_t lead)
{
    double season[QK_SEASON_TERMS];
    size_t t = issue + (size_t)lead, n = 0;
    int32_t day = f->first_day + (int32_t)t, weekday = weekday_of(day);
    qk_season_terms(season, day, f->season);
    for (size_t v = 0; v < f->weather.columns; v++) {
        double now = qk_lagged_at(&f->weather, issue, lead, v);
        double eve = qk_lagged_at(&f->weather, issue, lead - 1, v);
        const double of[RIDGE_PER_COLUMN] = {now,
                                             eve,
                                             qk_lagged_at(&f->weather, issue, lead + 1, v),
                                             qk_lagged_at(&f->weather, issue, lead - 2, v),
                                             now * now,
                                             eve * eve,
                                             now * season[1],
                                             now * season[2],
                                             eve * season[1],
                                             eve * season[2],
                                             now * eve,
                                             qk_lagged_at(&f->weather, issue, lead - 3, v)};
        memcpy(x + n, of, sizeof of);
        n += RIDGE_PER_COLUMN;
    }
    for (size_t i = 1; i < QK_SEASON_TERMS; i++) x[n++] = season[i];
    x[n++] = weekday == 5;
    x[n++] = weekday == 6;
    x[n++] = weekday == 0;
    x[n] = f->holiday[t];
}

/* Tree feature that hangs on weather and calendar alone. */
static double tree_feature(const qk_forecaster *f, size_t feature, size_t issue, int32_t lead)
{
    size_t columns = f->weather.columns, v = feature % (columns ? columns : 1);
    double season[QK_SEASON_TERMS];
    int32_t day = f->first_day + (int32_t)issue + lead;
    if (feature >= TREE_PER_COLUMN * columns) {
        qk_season_terms(season, day, f->season);
        const double others[TREE_OTHERS] = {season[1], season[2], lead, weekday_of(day),
                                            f->holiday[issue + (size_t)lead]};
        return others[feature - TREE_PER_COLUMN * columns];
    }
    double now = qk_lagged_at(&f->weather, issue, lead, v);
    double eve = qk_lagged_at(&f->weather, issue, lead - 1, v);
    double before = qk_lagged_at(&f->weather, issue, lead - 2, v);
    switch (feature / columns) {
    case 0: return now;
    case 1: return eve;
    case 2: return qk_lagged_at(&f->weather, issue, lead + 1, v);
    case 3: return before;
    case 4: return now - eve;
    default: return eve + before + qk_lagged_at(&f->weather, issue, lead - 3, v);
    }
}

static void clear_bench(bench *b)
{
    free(b->row);
    free(b->value);
    free(b->y);
    free(b->past[0]);
    free(b->past[1]);
    free(b->learn);
    free(b->some);
    qk_boost_table_clear(&b->table);
    qk_gram_clear(&b->whole);
    for (size_t i = 0; i < QK_FORECAST_FOLDS; i++) qk_gram_clear(&b->fold[i]);
}

static qk_code init_bench(bench *b, qk_forecaster *f, qk_error *err)
{
    *b = (bench){.f = f, .rows = qk_forecast_rows(f)};
    b->ridge_features = RIDGE_PER_COLUMN * f->weather.columns + RIDGE_OTHERS;
    b->tree_features = TREE_PER_COLUMN * f->weather.columns + TREE_OTHERS;
    b->recent_features = RECENT_OWN;
    for (size_t k = 0; k < f->targets; k++) b->recent_features += (f->companions >> k) & 1;
    b->row = calloc(b->ridge_features + 2, sizeof *b->row);
    b->value = calloc(b->rows, sizeof *b->value);
    b->y = calloc(b->rows, sizeof *b->y);
    b->past[0] = calloc(f->days, sizeof *b->past[0]);
    b->past[1] = calloc(f->days, sizeof *b->past[1]);
    b->learn = calloc(b->rows, sizeof *b->learn);
    b->some = calloc(b->rows, sizeof *b->some);
    if (!b->row || !b->value || !b->y || !b->past[0] || !b->past[1] || !b->learn || !b->some)
        return qk_fail(err, QK_ENOMEM, "no memory to learn from %zu days", f->days);
    QK_TRY(qk_gram_init(&b->whole, b->ridge_features, err));
    for (size_t i = 0; i < QK_FORECAST_FOLDS; i++)
        QK_TRY(qk_gram_init(&b->fold[i], b->ridge_features, err));
    for (size_t r = 0; r < b->rows; r++)
        if (qk_forecast_row_learns(f, r)) b->learn[b->learners++] = (uint32_t)r;
    return qk_boost_table_init(&b->table, b->rows, b->tree_features + b->recent_features, err);
}

static void bin_weather(bench *b)
{
    const qk_forecaster *f = b->f;
    for (size_t j = 0; j < b->tree_features; j++) {
        for (size_t r = 0; r < b->rows; r++)
            b->value[r] = tree_feature(f, j, r / f->leads, (int32_t)(r % f->leads) + 1);
        qk_boost_table_put(&b->table, j, b->value, b->learn, b->learners);
    }
}

static void put_by_day(bench *b, size_t feature, const double *by_day, size_t ago)
{
    for (size_t r = 0; r < b->rows; r++) {
        size_t issue = r / b->f->leads;
        b->value[r] = issue >= ago ? by_day[issue - ago] : 0;
    }
    qk_boost_table_put(&b->table, feature, b->value, b->learn, b->learners);
}

/* Means with forgetting over about a week and a month. */
static void run_means(bench *b, const qk_forecast_series *s)
{
    const double keep[2] = {exp(-1 / 5.0), exp(-1 / 30.0)}, prior[2] = {1, 5};
    for (size_t i = 0; i < 2; i++) {
        double sum = 0, n = 0;
        for (size_t t = 0; t < b->f->days; t++) {
            bool there = !isnan(s->log[t]);
            sum = sum * keep[i] + (there ? s->anomaly[t] : 0);
            n = n * keep[i] + there;
            b->past[i][t] = sum / (n + prior[i]);
        }
    }
}

static void bin_recent(bench *b, const qk_forecast_series *s)
{
    size_t at = b->tree_features;
    run_means(b, s);
    for (size_t ago = 0; ago < 3; ago++) put_by_day(b, at++, s->anomaly, ago);
    put_by_day(b, at++, b->past[0], 0);
    put_by_day(b, at++, b->past[1], 0);
    for (size_t k = 0; k < b->f->targets; k++)
        if (b->f->companions & (1u << k)) put_by_day(b, at++, b->f->series[k].anomaly, 0);
}

static void sum_rows(bench *b)
{
    const qk_forecaster *f = b->f;
    qk_gram_reset(&b->whole);
    for (size_t i = 0; i < QK_FORECAST_FOLDS; i++) qk_gram_reset(&b->fold[i]);
    memset(b->fold_rows, 0, sizeof b->fold_rows);
    b->known_rows = 0;
    b->row[0] = 1;
    for (size_t i = 0; i < b->learners; i++) {
        size_t r = b->learn[i], fold = qk_forecast_fold(qk_forecast_row_day(f, r));
        if (isnan(b->y[r])) continue;
        b->fold_rows[fold]++;
        b->known_rows++;
        ridge_features(b->row + 1, f, r / f->leads, (int32_t)(r % f->leads) + 1);
        b->row[1 + b->ridge_features] = b->y[r];
        qk_gram_add(&b->fold[fold], b->row);
    }
    for (size_t i = 0; i < QK_FORECAST_FOLDS; i++) qk_gram_join(&b->whole, &b->fold[i]);
}

/* A row is told by the model of its fold if it was learnt from, else by the whole one. */
static bool row_belongs(const qk_forecaster *f, size_t row, size_t fold)
{
    if (!qk_forecast_row_learns(f, row)) return fold == QK_FORECAST_FOLDS;
    return qk_forecast_fold(qk_forecast_row_day(f, row)) == fold;
}

static bool leaves_out(const bench *b, size_t fold)
{
    return fold < QK_FORECAST_FOLDS && b->known_rows - b->fold_rows[fold] >= LEFT_MIN;
}

static qk_code learn_ridge(bench *b, qk_forecast_series *s, size_t fold, qk_error *err)
{
    qk_ridge ridge;
    const qk_forecaster *f = b->f;
    if (leaves_out(b, fold)) qk_gram_take(&b->whole, &b->fold[fold]);
    qk_code code = qk_ridge_fit(&ridge, &b->whole, weather_lambda, err);
    if (leaves_out(b, fold)) qk_gram_join(&b->whole, &b->fold[fold]);
    if (code != QK_OK) return code;
    for (size_t r = 0; r < b->rows; r++) {
        if (!row_belongs(f, r, fold)) continue;
        ridge_features(b->row + 1, f, r / f->leads, (int32_t)(r % f->leads) + 1);
        s->ridge[r] = qk_ridge_at(&ridge, b->row + 1);
    }
    qk_ridge_clear(&ridge);
    return QK_OK;
}

static qk_code learn_trees(bench *b, qk_forecast_series *s, size_t target, size_t fold,
                           qk_error *err)
{
    const qk_boost_options o = {.rounds = 100,
                                .depth = 5,
                                .rate = 0.05,
                                .lambda = 0.5 * (double)b->f->leads,
                                .leaf_rows = 6 * (double)b->f->leads,
                                .row_share = 0.3,
                                .feature_share = 0.4,
                                .seed = target * 100 + fold + 1};
    qk_boost trees;
    size_t n = 0;
    for (size_t i = 0; i < b->learners; i++) {
        size_t r = b->learn[i];
        bool left_out =
            leaves_out(b, fold) && qk_forecast_fold(qk_forecast_row_day(b->f, r)) == fold;
        if (!left_out && !isnan(b->y[r])) b->some[n++] = (uint32_t)r;
    }
    QK_TRY(qk_boost_fit(&trees, &b->table, b->y, b->some, n, &o, err));
    for (size_t r = 0; r < b->rows; r++)
        if (row_belongs(b->f, r, fold)) s->trees[r] = qk_boost_at(&trees, &b->table, r);
    qk_boost_clear(&trees);
    return QK_OK;
}

static qk_code learn_target(bench *b, size_t target, qk_error *err)
{
    qk_forecast_series *s = &b->f->series[target];
    for (size_t r = 0; r < b->rows; r++) {
        size_t day = qk_forecast_row_day(b->f, r);
        b->y[r] = day < b->f->days ? s->log[day] : NAN;
    }
    bin_recent(b, s);
    sum_rows(b);
    for (size_t fold = 0; fold <= QK_FORECAST_FOLDS; fold++) {
        if (b->f->stop && *b->f->stop) return qk_fail(err, QK_ECANCELLED, "told to stop");
        QK_TRY(learn_ridge(b, s, fold, err));
        QK_TRY(learn_trees(b, s, target, fold, err));
    }
    return QK_OK;
}

qk_code qk_forecast_learn_weather(qk_forecaster *f, qk_error *err)
{
    bench b;
    qk_code code = init_bench(&b, f, err);
    if (code == QK_OK) bin_weather(&b);
    for (size_t k = 0; code == QK_OK && k < f->targets; k++)
        if (f->series[k].known) code = learn_target(&b, k, err);
    clear_bench(&b);
    return code;
}
