/* SPDX-License-Identifier: Apache-2.0 */
/* Forecasts as they would have been issued on past days, and how well they did. */
#include "cli/forecast.h"
#include "domain/forecast_score.h"
#include <stdlib.h>

enum { OUT_BYTES = 1 << 28 };

typedef struct hindcast {
    const forecast_job *job;
    forecast_air air;
    forecast_weather weather;
    qk_forecast_days days;
    qk_forecaster *f;
    qk_guide *guide;
    qk_forecast_climate climate;
    qk_forecast_score *score;
    qk_buf out;
} hindcast;

static char *date_of(char out[QK_TIME_TEXT], int32_t day)
{
    return qk_date_iso(out, (qk_time)day * QK_DAY - QK_CST_OFFSET);
}

static int32_t month_of(int32_t day)
{
    return qk_civil_of((qk_time)day * QK_DAY - QK_CST_OFFSET).month;
}

/* Observed AQI of a civil day; QK_AQI_NA outside the record. */
static int32_t observed_on(const hindcast *h, int32_t day)
{
    int64_t t = (int64_t)day - h->days.first_day;
    return t >= 0 && t < (int64_t)h->days.days ? h->days.aqi[t] : QK_AQI_NA;
}

static qk_code check_days(const hindcast *h, qk_error *err)
{
    const qk_weather_archive *a = &h->weather.archive;
    if (h->job->from > h->job->to) return qk_fail(err, QK_EINVAL, "--from lies after --to");
    if (h->job->train_until < h->air.first_day)
        return qk_fail(err, QK_EFORMAT, "%s: the record begins after --train-until", h->job->hours);
    if (a->first_issue > h->air.last_day ||
        a->first_issue + (int64_t)a->issues + (int64_t)a->leads <= h->air.first_day)
        return qk_fail(err, QK_EFORMAT, "%s: no forecast is for a day of the record",
                       h->job->weather);
    return QK_OK;
}

static qk_code fill_days(hindcast *h, qk_error *err)
{
    int32_t first = h->air.first_day, last = h->air.last_day;
    if (h->job->from < first) first = h->job->from;
    if (h->job->to > last) last = h->job->to;
    QK_TRY(
        qk_forecast_days_init(&h->days, first, last, forecast_rule_on(&h->air, h->job->to), err));
    for (size_t i = 0; i < h->air.place[0].days; i++) {
        const qk_day *d = &h->air.place[0].day[i];
        qk_forecast_days_put(&h->days, d);
        if (d->day > h->job->train_until) continue;
        h->days.learn[d->day - first] = true;
        qk_forecast_climate_add(&h->climate, month_of(d->day), d->aqi);
    }
    qk_forecast_climate_settle(&h->climate);
    return h->job->holidays ? forecast_holidays_read(&h->days, h->job->holidays, err) : QK_OK;
}

static uint32_t primary_on(const hindcast *h, int32_t day)
{
    const forecast_place *p = &h->air.place[0];
    size_t low = 0, high = p->days;
    uint32_t out = 0;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (p->day[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == p->days || p->day[low].day != day) return 0;
    for (int i = 0; i < QK_AQI_ITEMS; i++)
        if (p->day[low].primary & QK_AQI_BIT(i)) out |= 1u << qk_aqi_item_pollutant((qk_aqi_item)i);
    return out;
}

static qk_code count_day(hindcast *h, const qk_guidance *g, int32_t issued, size_t lead)
{
    int32_t day = issued + (int32_t)lead;
    qk_forecast_case c = {.lead = lead,
                          .month = month_of(day),
                          .low = g->low,
                          .mid = g->mid,
                          .high = g->high,
                          .grades = g->grades,
                          .primary = g->primary,
                          .observed = observed_on(h, day),
                          .observed_primary = primary_on(h, day),
                          .persisted = observed_on(h, issued)};
    memcpy(c.over, g->over, sizeof c.over);
    return c.observed < 0 ? QK_OK : qk_forecast_score_add(h->score, &c, &h->climate);
}

static void put_row(hindcast *h, const qk_guidance *g, int32_t issued, size_t lead)
{
    char on[QK_TIME_TEXT], date[QK_TIME_TEXT], grades[8];
    int32_t day = issued + (int32_t)lead, seen = observed_on(h, day);
    qk_buf_printf(&h->out, "%s,%zu,%s,%d,%d,%d,%s,%s,", date_of(on, issued), lead,
                  date_of(date, day), g->low, g->mid, g->high,
                  qk_guidance_grades_text(grades, g->grades),
                  g->primary < 0 ? "" : qk_pollutant_name((qk_pollutant)g->primary));
    if (seen >= 0) qk_buf_printf(&h->out, "%d,%d", seen, qk_aqi_level_of(seen));
    if (seen < 0) qk_buf_putc(&h->out, ',');
    qk_buf_putc(&h->out, '\n');
}

static qk_code issue_all(hindcast *h, qk_error *err)
{
    qk_buf_puts(&h->out, "issued,lead,date,aqi_low,aqi,aqi_high,grades,primary,observed_aqi,"
                         "observed_grade\n");
    for (int32_t day = h->job->from; day <= h->job->to; day++) {
        for (int32_t lead = h->job->first_lead; lead <= h->job->last_lead; lead++) {
            qk_guidance g;
            QK_TRY(qk_guide_day(&g, h->guide, day, (size_t)lead,
                                forecast_rule_on(&h->air, day + lead), err));
            put_row(h, &g, day, (size_t)lead);
            QK_TRY(count_day(h, &g, day, (size_t)lead));
        }
    }
    return QK_OK;
}

static qk_code write_scores(const hindcast *h, qk_error *err)
{
    qk_buf text;
    qk_json_writer w;
    qk_buf_init(&text, OUT_BYTES);
    qk_json_init(&w, &text);
    w.pretty = true;
    qk_forecast_score_write(&w, h->score);
    qk_buf_putc(&text, '\n');
    qk_code code = forecast_write(&text, NULL, err);
    qk_buf_clear(&text);
    return code;
}

static qk_code run_hindcast(hindcast *h, qk_error *err)
{
    QK_TRY(forecast_air_read(&h->air, h->job, false, err));
    QK_TRY(forecast_weather_read(&h->weather, h->job->weather, err));
    QK_TRY(check_days(h, err));
    QK_TRY(fill_days(h, err));
    forecast_tell_gaps(&h->days, &h->weather, "county");
    QK_TRY(
        qk_forecast_days_fit(&h->f, &h->days, &h->weather.archive, (size_t)h->job->last_lead, err));
    forecast_tell_weather(h->f, "county");
    QK_TRY(qk_guide_new(&h->guide, h->f, &h->days, err));
    h->score = calloc(1, sizeof *h->score);
    if (!h->score) return qk_fail(err, QK_ENOMEM, "no memory for the scores");
    QK_TRY(issue_all(h, err));
    if (h->job->scores) {
        if (h->job->out) QK_TRY(forecast_write(&h->out, h->job->out, err));
        return write_scores(h, err);
    }
    return forecast_write(&h->out, h->job->out, err);
}

qk_code forecast_hindcast(const forecast_job *job, qk_error *err)
{
    hindcast h = {.job = job};
    qk_buf_init(&h.out, OUT_BYTES);
    qk_code code = run_hindcast(&h, err);
    qk_buf_clear(&h.out);
    qk_guide_free(h.guide);
    qk_forecaster_free(h.f);
    qk_forecast_days_clear(&h.days);
    forecast_weather_clear(&h.weather);
    forecast_air_clear(&h.air);
    free(h.score);
    return code;
}
