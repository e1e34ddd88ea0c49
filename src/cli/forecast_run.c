/* SPDX-License-Identifier: Apache-2.0 */
/* The forecast of one day of issue, for the county and each of its stations. */
#include "cli/forecast.h"
#include "domain/forecasts.h"
#include <errno.h>

enum { OUT_BYTES = 1 << 28 };

typedef struct issue {
    const forecast_job *job;
    const forecast_air *air;
    const forecast_weather *weather;
    qk_forecast_days days;
    qk_forecaster *f;
    qk_guide *guide;
} issue;

static qk_code learn_place(issue *s, const forecast_place *p, qk_error *err)
{
    const forecast_job *job = s->job;
    int32_t first = s->air->first_day;
    if (job->issued - first >= QK_FORECAST_DAYS) first = job->issued - QK_FORECAST_DAYS + 1;
    QK_TRY(qk_forecast_days_init(&s->days, first, job->issued,
                                 forecast_rule_on(s->air, job->issued + 1), err));
    for (size_t i = 0; i < p->days; i++) {
        qk_forecast_days_put(&s->days, &p->day[i]);
        if (p->day[i].day >= first && p->day[i].day <= job->issued)
            s->days.learn[p->day[i].day - first] = true;
    }
    if (job->holidays) QK_TRY(forecast_holidays_read(&s->days, job->holidays, err));
    forecast_tell_gaps(&s->days, s->weather, p->name);
    QK_TRY(
        qk_forecast_days_fit(&s->f, &s->days, &s->weather->archive, (size_t)job->last_lead, err));
    forecast_tell_weather(s->f, p->name);
    return qk_guide_new(&s->guide, s->f, &s->days, err);
}

static qk_code tell_days(qk_json_writer *w, issue *s, qk_error *err)
{
    qk_json_key(w, "days");
    qk_json_array(w);
    for (int32_t l = s->job->first_lead; l <= s->job->last_lead; l++) {
        const qk_aqi_rule *rule = forecast_rule_on(s->air, s->job->issued + l);
        QK_TRY(qk_guidance_write_both(w, s->guide, rule, s->job->issued, (size_t)l, err));
    }
    qk_json_end(w);
    return QK_OK;
}

static qk_code tell_place(qk_json_writer *w, const forecast_job *job, const forecast_air *record,
                          const forecast_weather *weather, const forecast_place *p, qk_error *err)
{
    issue s = {.job = job, .air = record, .weather = weather};
    qk_error why = {0};
    qk_code code = learn_place(&s, p, &why);
    qk_json_object(w);
    qk_json_kcstr(w, "place", p->name);
    /* one station with too short a record must not silence the others */
    if (code == QK_EFORMAT) {
        qk_json_kcstr(w, "error", why.message);
        code = p == record->place ? code : QK_OK;
    } else if (code == QK_OK) {
        code = tell_days(w, &s, &why);
    }
    qk_json_end(w);
    if (code != QK_OK && err) *err = why;
    qk_guide_free(s.guide);
    qk_forecaster_free(s.f);
    qk_forecast_days_clear(&s.days);
    return code;
}

static qk_code tell_all(qk_buf *text, const forecast_job *job, const forecast_air *record,
                        const forecast_weather *weather, qk_error *err)
{
    qk_json_writer w;
    char date[QK_TIME_TEXT];
    qk_json_init(&w, text);
    w.pretty = true;
    if (job->issued < record->first_day)
        return qk_fail(err, QK_EFORMAT, "%s: the record begins after --issued", job->hours);
    qk_json_object(&w);
    qk_json_kcstr(&w, "issued", qk_date_iso(date, (qk_time)job->issued * QK_DAY - QK_CST_OFFSET));
    qk_json_key(&w, "places");
    qk_json_array(&w);
    for (size_t i = 0; i < record->places; i++)
        QK_TRY(tell_place(&w, job, record, weather, &record->place[i], err));
    qk_json_end(&w);
    qk_json_end(&w);
    qk_buf_putc(text, '\n');
    return QK_OK;
}

qk_code forecast_write(const qk_buf *text, const char *path, qk_error *err)
{
    FILE *file = path ? fopen(path, "wb") : stdout;
    if (text->failed != QK_OK) return qk_fail(err, text->failed, "the result is too large");
    if (!file) return qk_fail_errno(err, errno, "%s", path);
    bool written = fwrite(text->ptr, 1, text->len, file) == text->len && fflush(file) == 0;
    qk_code code = written ? QK_OK : qk_fail_errno(err, errno, "%s", path ? path : "output");
    if (path && fclose(file) != 0 && code == QK_OK) code = qk_fail_errno(err, errno, "%s", path);
    return code;
}

qk_code forecast_run(const forecast_job *job, qk_error *err)
{
    forecast_air record = {0};
    forecast_weather weather = {0};
    qk_buf text;
    qk_buf_init(&text, OUT_BYTES);
    qk_code code = forecast_air_read(&record, job, true, err);
    if (code == QK_OK) code = forecast_weather_read(&weather, job->weather, err);
    if (code == QK_OK) code = tell_all(&text, job, &record, &weather, err);
    if (code == QK_OK) code = forecast_write(&text, job->out, err);
    qk_buf_clear(&text);
    forecast_weather_clear(&weather);
    forecast_air_clear(&record);
    return code;
}
