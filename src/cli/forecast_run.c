/* SPDX-License-Identifier: Apache-2.0 */
/* The forecast of one day of issue, for the county and each of its stations. */
#include "cli/forecast.h"
#include <errno.h>
#include <math.h>

enum { OUT_BYTES = 1 << 28, PROBABILITIES = 4, TREND_FROM = 11 };

static void put_days(qk_json_writer *w, const char *name, int32_t day)
{
    char date[QK_TIME_TEXT];
    qk_json_kcstr(w, name, qk_date_iso(date, (qk_time)day * QK_DAY - QK_CST_OFFSET));
}

static void put_probability(qk_json_writer *w, const char *name, double p)
{
    qk_json_key(w, name);
    qk_json_fixed(w, p, PROBABILITIES);
}

static void put_concentrations(qk_json_writer *w, const qk_guidance *g)
{
    qk_json_key(w, "concentrations");
    qk_json_object(w);
    for (size_t k = 0; k < QK_GUIDANCE_INDEX; k++) {
        if (!isfinite(g->conc[k][1])) continue;
        qk_json_key(w, k < QK_POLLUTANTS ? qk_pollutant_name((qk_pollutant)k) : "O3_1h");
        qk_json_array(w);
        for (size_t i = 0; i < 3; i++) qk_json_fixed(w, g->conc[k][i], k == QK_CO ? 2 : 1);
        qk_json_end(w);
    }
    qk_json_end(w);
}

static void put_guidance(qk_json_writer *w, const qk_guidance *g, const qk_aqi_rule *rule,
                         int32_t issued, size_t lead)
{
    qk_json_object(w);
    put_days(w, "date", issued + (int32_t)lead);
    qk_json_ki64(w, "lead", (int64_t)lead);
    qk_json_kbool(w, "trend", lead >= TREND_FROM);
    qk_json_kcstr(w, "rule", rule->name);
    qk_json_ki64(w, "aqi_low", g->low);
    qk_json_ki64(w, "aqi", g->mid);
    qk_json_ki64(w, "aqi_high", g->high);
    qk_json_key(w, "grades");
    qk_json_array(w);
    for (int32_t l = 1; l <= QK_AQI_LEVELS; l++)
        if (g->grades & (1u << l)) qk_json_i64(w, l);
    qk_json_end(w);
    qk_json_kcstr(w, "primary",
                  g->primary < 0 ? NULL : qk_pollutant_name((qk_pollutant)g->primary));
    qk_json_key(w, "grade_probability");
    qk_json_array(w);
    for (int32_t l = 1; l <= QK_AQI_LEVELS; l++) qk_json_fixed(w, g->share[l], PROBABILITIES);
    qk_json_end(w);
    put_probability(w, "p_over_100", g->over[0]);
    put_probability(w, "p_over_150", g->over[1]);
    put_probability(w, "p_over_200", g->over[2]);
    put_concentrations(w, g);
    qk_json_end(w);
}

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
        qk_guidance g;
        const qk_aqi_rule *rule = forecast_rule_on(s->air, s->job->issued + l);
        QK_TRY(qk_guide_day(&g, s->guide, s->job->issued, (size_t)l, rule, err));
        put_guidance(w, &g, rule, s->job->issued, (size_t)l);
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
    qk_json_init(&w, text);
    w.pretty = true;
    if (job->issued < record->first_day)
        return qk_fail(err, QK_EFORMAT, "%s: the record begins after --issued", job->hours);
    qk_json_object(&w);
    put_days(&w, "issued", job->issued);
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
