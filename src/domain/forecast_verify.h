/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_FORECAST_VERIFY_H
#define QK_DOMAIN_FORECAST_VERIFY_H
/* Forecasts as they were issued against what was observed: the first on-time guidance of each day
 * of issue and nothing else. Any thread, with a connection of its own. */
#include "domain/forecast_score.h"
#include "store/db.h"

typedef struct qk_forecast_asked {
    qk_str place;
    int32_t from, to; /* days of issue */
    size_t lead;      /* 0 all */
    qk_str edition;   /* of HJ 633, as qk_aqi_rule_named takes it; empty: the one in force */
    const qk_forecast_days *observed; /* judged by the same edition */
} qk_forecast_asked;
typedef struct qk_forecast_counts { /* days of issue */
    int64_t issued, on_time, late, edited;
} qk_forecast_counts;
/* Climatology is that of the observed days before `from`. */
QK_NODISCARD qk_code qk_forecasts_score(qk_forecast_score *out, qk_forecast_counts *counts,
                                        qk_db *db, const qk_forecast_asked *asked, qk_error *err);
/* The days behind the scores as an array, by day of issue: "issued", "date", "lead", "season",
 * "aqi_low", "aqi", "aqi_high", "grades", "p_over_*", "observed", "observed_grade", "exact",
 * "grade_set", "within_one", "persistence" and "climatology" (grades, or null). */
QK_NODISCARD qk_code qk_forecasts_write_cases(qk_json_writer *w, qk_db *db,
                                              const qk_forecast_asked *asked, qk_error *err);
#endif
