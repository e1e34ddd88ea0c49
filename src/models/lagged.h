/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_LAGGED_H
#define QK_MODELS_LAGGED_H
/* An archive of weather forecasts made ready for statistics. Every column is treated alike, so
 * unknown ones (a boundary layer's height, the concentrations of an upper level's model) take part:
 * skewed columns that are never negative go through log(1 + x / mean), the season (two harmonics)
 * is taken off, and what is known about a day is gathered from all forecasts made for it so far,
 * the old ones too (lagged average forecasting: Hoffman and Kalnay 1983, Tellus 35A, 100). Each
 * forecast's weight comes from the covariances between leads of the same day, with the shortest
 * lead standing in for what came true, so that the value is a conditional mean: a forecast without
 * skill gives 0, the climatology.
 *
 * Units: standard deviations of the anomaly. A missing cell counts as climatology. Pure. */
#include "base/error.h"
#include <stdbool.h>

enum { QK_LAGGED_LEADS = 16, QK_LAGGED_COLUMNS = 32, QK_LAGGED_DAYS = 366 * 12 };

typedef struct qk_weather_archive { /* borrowed */
    int32_t first_issue;            /* civil day number of index 0 */
    size_t issues, leads, columns;  /* leads 1..leads */
    const double *value;            /* [issues][leads][columns], NaN missing */
} qk_weather_archive;

typedef struct qk_lagged {
    size_t days, leads, columns;
    double *value; /* [days of issue][leads][columns] */
} qk_lagged;

/* For issue days first_day .. first_day + days - 1. Season, transform and weights are learnt from
 * forecasts for days d with learn[d - first_day]. An archive without a usable cell gives zeros.
 * QK_EINVAL beyond the ceilings above, QK_ENOMEM. */
QK_NODISCARD qk_code qk_lagged_fit(qk_lagged *out, const qk_weather_archive *archive,
                                   int32_t first_day, size_t days, const bool *learn,
                                   qk_error *err);
void qk_lagged_clear(qk_lagged *lagged);
/* What is known at 24:00 of day `issue` (index) about the day `lead` days on; lead 0 and below are
 * days gone by, as they were known on the eve. 0 beyond the archive's leads and ends. */
double qk_lagged_at(const qk_lagged *lagged, size_t issue, int32_t lead, size_t column);

enum { QK_SEASON_TERMS = 5, QK_SEASON_DAYS = 300 };
/* Whether the days learnt from span QK_SEASON_DAYS: what is shorter tells no season. */
bool qk_season_known(const bool *learn, size_t days);
/* 1 and two harmonics of the civil day number's place in the year; 1 and zeros where no season is
 * known. */
void qk_season_terms(double out[QK_SEASON_TERMS], int32_t day, bool known);
#endif
