/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_FORECAST_SCORE_H
#define QK_DOMAIN_FORECAST_SCORE_H
/* Verification of forecasts by lead and season: hits of grade and grade set, POD / FAR / CSI by
 * grade and above AQI 100, 150, 200, Brier scores with reliability, skill over persistence (the
 * grade of the day of issue) and over the month's climatology (the most frequent grade, the shares
 * of exceedance). Definitions: Wilks, Statistical Methods in the Atmospheric Sciences, ch. 8;
 * WWRP/WGNE verification pages.
 *
 * Pure; any thread. Only forecasts with an observed AQI are to be counted. */
#include "base/json.h"
#include "domain/forecast_guidance.h"

enum { QK_SCORE_SEASONS = 5, QK_SCORE_BINS = 10 }; /* season 0: the whole year; 1 spring .. */

typedef struct qk_forecast_climate { /* by month 1..12, from the days learnt */
    double count[13];
    double share[13][QK_AQI_LEVELS + 1]; /* counts until settled */
    double over[13][QK_GUIDANCE_OVER];
    int32_t grade[13]; /* most frequent; 0 without days */
} qk_forecast_climate;
void qk_forecast_climate_add(qk_forecast_climate *c, int32_t month, int32_t aqi);
void qk_forecast_climate_settle(qk_forecast_climate *c);

typedef struct qk_forecast_case {
    size_t lead;
    int32_t month; /* of the day told */
    int32_t low, mid, high;
    uint32_t grades;
    double over[QK_GUIDANCE_OVER]; /* below 0: no probability was given */
    int32_t primary;               /* qk_pollutant, -1 none */
    int32_t observed;              /* AQI */
    uint32_t observed_primary;     /* bits 1 << pollutant */
    int32_t persisted;             /* AQI of the day of issue, QK_AQI_NA unknown */
} qk_forecast_case;

typedef struct qk_score_bin {
    double count, told, happened;
} qk_score_bin;

typedef struct qk_forecast_tally {
    double count, exact, set, near, range, error, off; /* off: |error| */
    double primary_count, primary; /* days above AQI 50 told and observed; the same pollutant */
    double persisted, persisted_hit, persisted_exact; /* days known; its hits; ours on them */
    double climate, climate_hit, climate_exact;
    double observed[QK_AQI_LEVELS + 1], told[QK_AQI_LEVELS + 1], hit[QK_AQI_LEVELS + 1];
    double above[QK_GUIDANCE_OVER], above_told[QK_GUIDANCE_OVER], above_hit[QK_GUIDANCE_OVER];
    double brier_count[QK_GUIDANCE_OVER], brier[QK_GUIDANCE_OVER], brier_climate[QK_GUIDANCE_OVER];
    qk_score_bin bin[QK_GUIDANCE_OVER][QK_SCORE_BINS];
} qk_forecast_tally;

typedef struct qk_forecast_score {
    qk_forecast_tally tally[QK_GUIDANCE_LEADS + 1][QK_SCORE_SEASONS]; /* lead 0: all leads */
} qk_forecast_score;

/* "spring" … "winter". */
const char *qk_forecast_season(int32_t month);
/* climate may be NULL. QK_EINVAL for a lead or month that is none, or no observation. */
QK_NODISCARD qk_code qk_forecast_score_add(qk_forecast_score *s, const qk_forecast_case *c,
                                           const qk_forecast_climate *climate);
/* Squared error of the probability of qk_guidance_over[over]; NAN where none was given. */
double qk_forecast_brier(const qk_forecast_case *c, size_t over);
/* Object {"leads":[…],"seasons":[…],"grades":[…],"exceedances":[…],"reliability":[…]}; shares are
 * null where there is nothing to divide by. */
void qk_forecast_score_write(qk_json_writer *w, const qk_forecast_score *s);
#endif
