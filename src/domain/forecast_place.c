/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/forecast_place.h"
#include <stdlib.h>

static qk_code fill_years(qk_forecast_days *days, const qk_air_question *q, qk_str scope,
                          int32_t last_day, qk_error *err)
{
    int32_t first = qk_civil_of((qk_time)days->first_day * QK_DAY).year;
    int32_t last = qk_civil_of((qk_time)last_day * QK_DAY).year;
    qk_year *year = malloc(sizeof *year);
    qk_code code = year ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for a year");
    for (int32_t y = first; code == QK_OK && y <= last; y++) {
        qk_air_levels levels = {0};
        code = qk_air_scope_year(year, &levels, q, scope, y, err);
        for (int32_t i = 0; code == QK_OK && i < year->days; i++) {
            const qk_day *d = &year->day[i];
            if (d->day > last_day || !(d->flags & QK_DAY_RECORDED)) continue;
            qk_forecast_days_put(days, d);
            if (d->day >= days->first_day) days->learn[d->day - days->first_day] = true;
        }
    }
    free(year);
    return code;
}

static qk_code fill_holidays(qk_forecast_days *days, qk_db *db, qk_error *err)
{
    sqlite3_stmt *s;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, db, "SELECT day FROM calendar_day WHERE working=0", err));
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        int64_t at = sqlite3_column_int64(s, 0) - days->first_day;
        if (at >= 0 && at < (int64_t)days->days + QK_GUIDANCE_LEADS) days->holiday[at] = 1;
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_forecast_place_load(qk_forecast_days *out, const qk_air_question *q, qk_str scope,
                               int32_t first, int32_t last, qk_error *err)
{
    QK_TRY(qk_forecast_days_init(out, first, last, qk_rules_aqi_on(q->rules, last + 1), err));
    qk_code code = fill_years(out, q, scope, last, err);
    if (code == QK_OK) code = fill_holidays(out, q->archive.db, err);
    if (code != QK_OK) qk_forecast_days_clear(out);
    return code;
}

qk_code qk_forecast_place_write(qk_buf *out, qk_guide *guide, const qk_rules *rules, int32_t issued,
                                qk_error *err)
{
    qk_json_writer w;
    qk_json_init(&w, out);
    qk_json_array(&w);
    for (size_t lead = 1; lead <= QK_GUIDANCE_LEADS; lead++)
        QK_TRY(qk_guidance_write_both(&w, guide, qk_rules_aqi_on(rules, issued + (int32_t)lead),
                                      issued, lead, err));
    qk_json_end(&w);
    return out->failed ? qk_fail(err, out->failed, "the forecast is too long") : QK_OK;
}
