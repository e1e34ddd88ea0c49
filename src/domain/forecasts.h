/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_FORECASTS_H
#define QK_DOMAIN_FORECASTS_H
/* Forecasts as they were issued: tables forecast, forecast_minute.
 *
 * A forecast of a place and day of issue has versions: guidance, as the machine made it, and edits
 * with their reason. It is on time when it is guidance made by QK_FORECAST_DUE after the end of the
 * day of issue; what is late or edited stays late or edited for ever. A signed minute of
 * consultation is final.
 *
 * Days are civil day numbers. A day of a forecast is a JSON object as qk_guidance_write makes it.
 * Functions that change run in the store thread's transaction, those that read take any connection.
 * `by` is who did it. */
#include "domain/forecast_guidance.h"
#include "base/json.h"
#include "store/db.h"

#define QK_FORECAST_DUE    (8 * QK_HOUR)  /* after 24:00 of the day of issue */
#define QK_FORECAST_PUBLIC (20 * QK_HOUR) /* of each day: the public text is out by then */
enum {
    QK_FORECAST_TEXT_MAX = 1 << 18, /* bytes of a version's days */
    QK_FORECAST_REASON_MAX = 2000,
    QK_FORECAST_MINUTE_MAX = 60000
};

/* One day as JSON: {"date","lead","trend","rule","aqi_low","aqi","aqi_high","grades","primary",
 * "grade_probability","p_over_100","p_over_150","p_over_200","concentrations"}. */
void qk_guidance_write(qk_json_writer *w, const qk_guidance *g, const qk_aqi_rule *rule,
                       int32_t issued, size_t lead);
/* A day of a guide by the edition in force, `rule`, with "other" beside it: the same day by the
 * newest edition of HJ 633 that is not this one (rule, range, grades, primary, probabilities). */
QK_NODISCARD qk_code qk_guidance_write_both(qk_json_writer *w, qk_guide *guide,
                                            const qk_aqi_rule *rule, int32_t issued, size_t lead,
                                            qk_error *err);

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
/* The newest day of issue up to `upto` that has a forecast; upto itself where none has. */
QK_NODISCARD qk_code qk_forecasts_newest(int32_t *issued, qk_db *db, qk_str place, int32_t upto,
                                         qk_error *err);
/* Every version of a day of issue, oldest first, as an array. */
QK_NODISCARD qk_code qk_forecasts_write_history(qk_json_writer *w, qk_db *db, qk_str place,
                                                int32_t issued, qk_error *err);

/* A new version of the minute of a day of issue; `sign` makes it final. QK_ECONFLICT when another
 * version than seen (0: none) is current, QK_EDENIED when it is signed, QK_EINVAL for an empty or
 * too long text. */
QK_NODISCARD qk_code qk_forecasts_minute_put(int64_t *version, qk_db *db, int32_t issued,
                                             int64_t seen, qk_str text, bool sign, qk_str by,
                                             qk_time now, qk_error *err);
/* The newest version of the minute as an object, or null. */
QK_NODISCARD qk_code qk_forecasts_minute_write(qk_json_writer *w, qk_db *db, int32_t issued,
                                               qk_error *err);

/* Every version of it, oldest first, as an array. */
QK_NODISCARD qk_code qk_forecasts_minutes_write(qk_json_writer *w, qk_db *db, int32_t issued,
                                                qk_error *err);

/* The public text of three days from `first` on, from the newest version known; QK_ENOTFOUND when
 * there is none for them. */
QK_NODISCARD qk_code qk_forecasts_public(qk_buf *zh, qk_buf *en, qk_db *db, qk_str place,
                                         int32_t first, qk_error *err);
/* Publishes the three days after `today` as bulletin "forecast" of that day, a new version each
 * time `again`. QK_EEXIST when it is out already and not `again`, QK_ENOTFOUND without a forecast.
 */
QK_NODISCARD qk_code qk_forecasts_publish(int64_t *version, qk_db *db, qk_str place, int32_t today,
                                          bool again, qk_str by, qk_time at, qk_error *err);
/* The newest bulletin of a day up to `today` as an object, or null: "date", "version", "text",
 * "issued_at", "due_at", "late", "by". */
QK_NODISCARD qk_code qk_forecasts_public_write(qk_json_writer *w, qk_db *db, int32_t today,
                                               qk_error *err);
#endif
