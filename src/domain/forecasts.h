/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_FORECASTS_H
#define QK_DOMAIN_FORECASTS_H
/* Forecasts as they were issued: tables forecast_weather, forecast, forecast_minute.
 *
 * A forecast of a place and day of issue has versions: guidance, as the machine made it, and edits
 * with their reason. It is on time when it is guidance made by QK_FORECAST_DUE after the end of the
 * day of issue; what is late or edited stays late or edited for ever. Scores count the first
 * on-time guidance of each day of issue and nothing else. A signed minute of consultation is final.
 *
 * Days are civil day numbers. A day of a forecast is a JSON object as qk_guidance_write makes it.
 * Functions that change run in the store thread's transaction, those that read take any connection.
 * `by` is who did it. */
#include "domain/forecast_score.h"
#include "store/db.h"

#define QK_FORECAST_DUE (8 * QK_HOUR) /* after 24:00 of the day of issue */
enum {
    QK_FORECAST_TEXT_MAX = 1 << 18, /* bytes of a version's days */
    QK_FORECAST_REASON_MAX = 2000,
    QK_FORECAST_MINUTE_MAX = 60000
};

/* One day as JSON: {"date","lead","trend","rule","aqi_low","aqi","aqi_high","grades","primary",
 * "grade_probability","p_over_100","p_over_150","p_over_200","concentrations"}. */
void qk_guidance_write(qk_json_writer *w, const qk_guidance *g, const qk_aqi_rule *rule,
                       int32_t issued, size_t lead);

/* A cell of a weather forecast; one that is there already stays as it is. QK_EINVAL for a lead
 * beyond QK_LAGGED_LEADS, a name that is empty or longer than 63 bytes, a value that is not finite.
 */
QK_NODISCARD qk_code qk_forecasts_weather_put(qk_db *db, int32_t issued, int32_t lead, qk_str name,
                                              double value, qk_str by, qk_time now, qk_error *err);
/* Those issued on days from..to as an archive, whose cells are the caller's to free() by *cells.
 * The columns are the first QK_LAGGED_COLUMNS names in byte order. */
QK_NODISCARD qk_code qk_forecasts_weather_load(qk_weather_archive *out, double **cells, qk_db *db,
                                               int32_t from, int32_t to, qk_error *err);

/* days: JSON array text. QK_EINVAL for a text too long. */
QK_NODISCARD qk_code qk_forecasts_put_guidance(int64_t *version, qk_db *db, qk_str place,
                                               int32_t issued, qk_str days, qk_str by, qk_time now,
                                               qk_error *err);
typedef struct qk_forecast_edit {
    qk_str place;
    int32_t issued;
    int64_t seen;              /* the version edited */
    qk_str reason;             /* must be told */
    const qk_json_value *days; /* [{"lead","aqi_low","aqi","aqi_high","primary"}]: others stay */
} qk_forecast_edit;
/* QK_ENOTFOUND no such forecast or lead, QK_ECONFLICT another version is current, QK_EINVAL no
 * reason or a range that is none. */
QK_NODISCARD qk_code qk_forecasts_edit(int64_t *version, qk_db *db, const qk_forecast_edit *edit,
                                       qk_str by, qk_time now, qk_error *err);

/* The newest version of the newest day of issue up to `issued`, as an object; QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_forecasts_write(qk_json_writer *w, qk_db *db, qk_str place, int32_t issued,
                                        qk_error *err);
/* Every version of a day of issue, oldest first, as an array. */
QK_NODISCARD qk_code qk_forecasts_write_history(qk_json_writer *w, qk_db *db, qk_str place,
                                                int32_t issued, qk_error *err);

typedef struct qk_forecast_counts { /* days of issue */
    int64_t issued, on_time, late, edited;
} qk_forecast_counts;
/* Counts every day of issue from..to against what was observed; climatology from the observed days
 * before `from`. */
QK_NODISCARD qk_code qk_forecasts_score(qk_forecast_score *out, qk_forecast_counts *counts,
                                        qk_db *db, qk_str place, int32_t from, int32_t to,
                                        const qk_forecast_days *observed, qk_error *err);

/* A new version of the minute of a day of issue; `sign` makes it final. QK_ECONFLICT when another
 * version than seen (0: none) is current, QK_EDENIED when it is signed, QK_EINVAL for an empty or
 * too long text. */
QK_NODISCARD qk_code qk_forecasts_minute_put(int64_t *version, qk_db *db, int32_t issued,
                                             int64_t seen, qk_str text, bool sign, qk_str by,
                                             qk_time now, qk_error *err);
/* The newest version of the minute as an object, or null. */
QK_NODISCARD qk_code qk_forecasts_minute_write(qk_json_writer *w, qk_db *db, int32_t issued,
                                               qk_error *err);

/* The public text of three days from `first` on, from the newest version known; QK_ENOTFOUND when
 * there is none for them. */
QK_NODISCARD qk_code qk_forecasts_public(qk_buf *zh, qk_buf *en, qk_db *db, qk_str place,
                                         int32_t first, qk_error *err);
#endif
