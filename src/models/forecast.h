/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_FORECAST_H
#define QK_MODELS_FORECAST_H
/* Statistical forecast of daily concentrations for the days to come, as an ensemble.
 *
 * Targets are daily series that are never negative, seen as logarithms. Learnt in two steps:
 *  1. what the weather makes of a target: ridge regression on the weather of the day and its
 *     neighbours (with squares and seasonal slopes), and boosted trees on the same weather and the
 *     last days' air; both over all leads at once, since the weather (models/lagged.h) already is a
 *     conditional mean, and both also out of fold;
 *  2. for each lead, ridge regression that weighs those two with what they have missed lately: the
 *     last three days, the week, and the level of the last months; for the next day also with how
 *     the last hours of the day of issue stood against the day.
 * The ensemble adds the second step's errors of alike learnt days (season, forecast level) to the
 * forecast. One target is the air quality index itself, whose errors are drawn likewise: the caller
 * mixes both (half and half was best in cross-validation).
 *
 * The same input gives the same bits. Nothing is known beyond a draw's day of issue but what was
 * learnt: values after it do not enter, unless `learn` says so. Missing values (NaN) are left out
 * of learning and count as nothing special as input; no result is NaN except for a target that was
 * never learnt. Pure; the forecaster owns its memory, the record is borrowed during fitting only.
 */
#include "models/lagged.h"

enum {
    QK_FORECAST_TARGETS = 10,
    QK_FORECAST_LEADS = 15,
    QK_FORECAST_DAYS = QK_LAGGED_DAYS,
    QK_FORECAST_LEARN_MIN = 25, /* days a target needs */
    QK_FORECAST_ENDS = 2,       /* stretches at the end of a day */
    QK_FORECAST_DRESSES = 5
};

typedef struct qk_forecast_record {
    int32_t first_day; /* civil day number of index 0 */
    size_t days, targets;
    const double *value[QK_FORECAST_TARGETS]; /* [days] */
    double least[QK_FORECAST_TARGETS];        /* > 0; what lies below counts as this */
    /* [days], NULL: not known: means of the day's last hours, the longer stretch first; what is
     * known on fewer than QK_SEASON_DAYS learnt days counts for nothing */
    const double *end[QK_FORECAST_TARGETS][QK_FORECAST_ENDS];
    const uint8_t *holiday; /* [days + leads], 1: people rest though no weekend; NULL: not known */
    const bool *learn;      /* [days]: days whose values may be learnt from */
    size_t index;           /* the target that is the air quality index */
    size_t key[2];          /* targets whose forecast tells alike days */
    uint32_t companions;    /* bits 1 << target: their last day helps to tell the others; not those
                             * that fall or rise from year to year */
    const _Atomic bool *stop; /* set by another thread: give up; NULL: never */
} qk_forecast_record;

typedef struct qk_forecaster qk_forecaster;
/* leads 1..QK_FORECAST_LEADS. QK_EINVAL beyond the ceilings; QK_EFORMAT when the index or no other
 * target has QK_FORECAST_LEARN_MIN days; QK_ECANCELLED; QK_ENOMEM. */
QK_NODISCARD qk_code qk_forecaster_fit(qk_forecaster **out, const qk_forecast_record *record,
                                       const qk_weather_archive *archive, size_t leads,
                                       qk_error *err);
void qk_forecaster_free(qk_forecaster *f);

typedef struct qk_forecast_draw {
    double weight;                     /* for the concentrations; all sum to 1 */
    double index_weight;               /* for the index; all sum to 1 */
    double value[QK_FORECAST_TARGETS]; /* NaN where the target was not learnt */
} qk_forecast_draw;
/* The ensemble of the day `lead` days after the end of day index `issue`, which must not be beyond
 * the record. *count <= days. QK_EINVAL. */
QK_NODISCARD qk_code qk_forecaster_draw(const qk_forecaster *f, size_t issue, size_t lead,
                                        qk_forecast_draw *out, size_t *count, qk_error *err);
/* Factor, one of QK_FORECAST_DRESSES equally likely ones, that spreads each member a little: the
 * ensemble is small and its errors are a sample. */
double qk_forecast_dress(size_t i);
/* Share of the index's variance about its season that day-1 weather explains out of fold; about 0
 * or below: the weather is of another place or time. NAN when there is nothing to say. */
double qk_forecaster_weather_skill(const qk_forecaster *f);
bool qk_forecaster_knows(const qk_forecaster *f, size_t target);
#endif
