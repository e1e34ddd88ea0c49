/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_FORECAST_PRIVATE_H
#define QK_MODELS_FORECAST_PRIVATE_H
/* What the files of the forecaster share. Rows are issue days times leads: row = issue * leads +
 * lead - 1. */
#include "models/boost.h"
#include "models/forecast.h"
#include "models/ridge.h"

enum {
    QK_FORECAST_FOLDS = 4,
    QK_FORECAST_FOLD_DAYS = 24, /* a fold is made of such stretches */
    QK_FORECAST_RECENT = 4      /* numbers that tell a series' recent past */
};

typedef struct qk_forecast_series {     /* of one target, by day index */
    double *log;                        /* NaN missing */
    double *anomaly;                    /* from the season; 0 where missing */
    double *recent[QK_FORECAST_RECENT]; /* see fill_recent */
    double *level;                      /* of the last months */
    double *turn[QK_FORECAST_ENDS];     /* log ratios: end to day, shorter to longer end; or 0 */
    double *ridge, *trees;              /* step 1 by row; out of fold where learnt */
    double *mean;                       /* step 2 by row */
    bool known;
} qk_forecast_series;

struct qk_forecaster {
    size_t days, targets, leads, index, key[2];
    uint32_t companions;
    bool season; /* known */
    const _Atomic bool *stop;
    int32_t first_day;
    bool *learn;      /* [days] */
    uint8_t *holiday; /* [days + leads] */
    qk_lagged weather;
    qk_forecast_series series[QK_FORECAST_TARGETS];
    double weather_skill;
};

static inline size_t qk_forecast_rows(const qk_forecaster *f)
{
    return f->days * f->leads;
}
/* Day index that a row is about. */
static inline size_t qk_forecast_row_day(const qk_forecaster *f, size_t row)
{
    return row / f->leads + row % f->leads + 1;
}
/* Whether the row's day may be learnt from. */
static inline bool qk_forecast_row_learns(const qk_forecaster *f, size_t row)
{
    size_t day = qk_forecast_row_day(f, row);
    return day < f->days && f->learn[day];
}
static inline size_t qk_forecast_fold(size_t day)
{
    return day / QK_FORECAST_FOLD_DAYS % QK_FORECAST_FOLDS;
}

/* Step 1 for every known target. */
QK_NODISCARD qk_code qk_forecast_learn_weather(qk_forecaster *f, qk_error *err);
#endif
