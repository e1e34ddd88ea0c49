/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/airquality.h"
#include <stdio.h>

enum { RUNNING_HOURS = 24, RUNNING_LEAST = 20 /* GB 3095-2012 table 4, as for a day */ };

bool qk_air_is_evaluated(const char *site_kind)
{
    return qk_str_starts(qk_str_of(site_kind), QK_STR("air_")) &&
           strcmp(site_kind, "air_road") != 0 && strcmp(site_kind, "air_micro") != 0;
}

const qk_aqi_rule *qk_air_rule(qk_time period_end)
{
    return qk_aqi_rule_on(qk_day_number(period_end - 1));
}

const char *qk_air_unit(qk_pollutant p)
{
    return p == QK_CO ? "mg/m³" : "µg/m³";
}

qk_pollutant qk_air_pollutant(const char *item)
{
    for (int p = 0; p < QK_POLLUTANTS; p++)
        if (strcmp(item, qk_pollutant_name((qk_pollutant)p)) == 0) return (qk_pollutant)p;
    return QK_POLLUTANTS;
}

/* ---- reading the hours ---- */

typedef struct reading {
    qk_conc *hours[QK_POLLUTANTS]; /* count entries each; [0] ends at first_end */
    size_t count;
    qk_time first_end;
    const qk_registry *registry;
    qk_telemetry_reader *reader;
    qk_arena *arena;
} reading;

/* The register keeps the factor as binary floating point of what a person wrote in decimals. */
static qk_code scale_value(qk_dec *out, qk_dec value, double scale)
{
    char text[32];
    qk_dec factor;
    if (scale == 1) {
        *out = value;
        return QK_OK;
    }
    snprintf(text, sizeof text, "%.12g", scale);
    QK_TRY(qk_dec_parse_e(&factor, qk_str_of(text)));
    return qk_dec_mul(out, value, factor);
}

static bool counts(char flag)
{
    return flag == 0 || flag == 'N' || flag == '3';
}

static void take_samples(reading *r, const qk_factor *f, qk_pollutant p, const qk_samples *samples,
                         qk_time to_end)
{
    for (size_t i = 0; i < samples->count; i++) {
        qk_time end = samples->time[i] + to_end;
        int64_t at = (end - r->first_end) / QK_HOUR;
        qk_dec value = {samples->mantissa[i], samples->scale[i]};
        if (end < r->first_end || (end - r->first_end) % QK_HOUR != 0) continue;
        if (at >= (int64_t)r->count || r->hours[p][at].state == QK_CONC_VALUE) continue;
        if (value.mantissa == INT64_MIN || value.mantissa < 0 || !counts(samples->flag[i]))
            continue;
        if (scale_value(&value, value, f->scale) != QK_OK) continue;
        r->hours[p][at] = (qk_conc){value, QK_CONC_VALUE};
    }
}

/* What is sent goes before what is computed: a place once filled stays. */
static qk_code read_factor(reading *r, const qk_device *device, const qk_factor *f, qk_pollutant p,
                           qk_error *err)
{
    static const qk_stream_kind kinds[] = {QK_STREAM_HOUR, QK_STREAM_DERIVED_HOUR};
    qk_time to_end = device->interval_style == QK_INTERVAL_START ? QK_HOUR : 0;
    for (size_t k = 0; k < 2; k++) {
        qk_samples samples;
        qk_stream_id stream = qk_telemetry_find(r->reader, qk_str_of(device->mn), kinds[k]);
        if (!stream) continue;
        qk_time from = r->first_end - to_end;
        QK_TRY(qk_telemetry_read(&samples, r->reader, stream, qk_str_of(f->code), QK_STR("Avg"),
                                 from, from + (qk_time)r->count * QK_HOUR, QK_TIME_NONE, r->arena,
                                 NULL, err));
        take_samples(r, f, p, &samples, to_end);
    }
    return QK_OK;
}

static qk_code read_device(reading *r, const qk_site *site, const char *mn, qk_error *err)
{
    qk_device device;
    qk_factor *factors = NULL;
    size_t n = 0;
    if (!qk_registry_device(r->registry, &device, qk_str_of(mn))) return QK_OK;
    qk_code code = qk_registry_factors(r->registry, r->arena, qk_str_of(mn), &factors, &n);
    if (code != QK_OK) return qk_fail(err, code, "no memory for the factors of %s", mn);
    for (size_t i = 0; i < n; i++) {
        const char *of = factors[i].site[0] ? factors[i].site : device.site;
        qk_pollutant p = qk_air_pollutant(factors[i].item);
        if (p == QK_POLLUTANTS || strcmp(of, site->id) != 0) continue;
        QK_TRY(read_factor(r, &device, &factors[i], p, err));
    }
    return QK_OK;
}

/* ---- judging ---- */

/* Rounded once, from the unrounded sum, to the decimals of a report. */
static qk_conc running_mean(const qk_conc *hours, qk_pollutant p)
{
    qk_dec_sum sum;
    qk_conc mean = {.state = QK_CONC_VALUE};
    qk_dec_sum_init(&sum);
    for (size_t i = 0; i < RUNNING_HOURS; i++)
        if (hours[i].state == QK_CONC_VALUE && qk_dec_sum_add(&sum, hours[i].value) != QK_OK)
            return (qk_conc){.state = QK_CONC_MISSING};
    if (sum.count < RUNNING_LEAST ||
        qk_dec_sum_mean(&mean.value, &sum, qk_pollutant_decimals(p)) != QK_OK)
        return (qk_conc){.state = QK_CONC_MISSING};
    return mean;
}

static void judge_hour(qk_air_hour *hour, const reading *r, size_t at)
{
    qk_conc items[QK_AQI_ITEMS] = {{{0}, QK_CONC_MISSING}};
    bool any = false;
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        hour->value[p] = r->hours[p][at];
        any |= hour->value[p].state == QK_CONC_VALUE;
    }
    items[QK_SO2_1H] = hour->value[QK_SO2];
    items[QK_NO2_1H] = hour->value[QK_NO2];
    items[QK_CO_1H] = hour->value[QK_CO];
    items[QK_O3_1H] = hour->value[QK_O3];
    items[QK_PM10_1H] = hour->value[QK_PM10];
    items[QK_PM25_1H] = hour->value[QK_PM25];
    const qk_conc *day = &r->hours[QK_PM10][at + 1 - RUNNING_HOURS];
    items[QK_PM10_24H] = running_mean(day, QK_PM10);
    day = &r->hours[QK_PM25][at + 1 - RUNNING_HOURS];
    items[QK_PM25_24H] = running_mean(day, QK_PM25);
    hour->rule = qk_air_rule(hour->end);
    qk_aqi_hourly(&hour->result, hour->rule, items);
    hour->reason = NULL;
    /* An hour without any measurement is no hour of air quality, whatever a running mean says. */
    if (!any) {
        for (int i = 0; i < QK_AQI_ITEMS; i++) hour->result.iaqi[i] = QK_AQI_NA;
        hour->result.aqi = QK_AQI_NA;
        hour->result.level = 0;
        hour->result.primary = 0;
        hour->reason = "no_items";
    } else if (hour->result.aqi == QK_AQI_NA) {
        hour->reason = "incomplete";
    }
}

static qk_code make_reading(reading *r, size_t n, qk_time last_end, const qk_registry *registry,
                            qk_telemetry_reader *reader, qk_arena *arena, qk_error *err)
{
    *r = (reading){
        .count = n + RUNNING_HOURS - 1, .registry = registry, .reader = reader, .arena = arena};
    r->first_end = last_end - (qk_time)(r->count - 1) * QK_HOUR;
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        r->hours[p] = qk_arena_array(arena, r->count, sizeof *r->hours[p]);
        if (!r->hours[p]) {
            (void)qk_fail(err, QK_ENOMEM, "no memory for %zu hours", n);
            return QK_ENOMEM;
        }
    }
    return QK_OK;
}

qk_code qk_air_hours(qk_air_hour *hours, size_t n, qk_time last_end, const qk_registry *registry,
                     qk_telemetry_reader *reader, const qk_site *site, const char *const *mns,
                     size_t mn_count, qk_arena *arena, qk_error *err)
{
    reading r;
    QK_TRY(make_reading(&r, n, last_end, registry, reader, arena, err));
    for (size_t i = 0; i < mn_count; i++) QK_TRY(read_device(&r, site, mns[i], err));
    for (size_t i = 0; i < n; i++) {
        hours[i].end = last_end - (qk_time)(n - 1 - i) * QK_HOUR;
        if (qk_air_is_evaluated(site->kind)) {
            judge_hour(&hours[i], &r, i + RUNNING_HOURS - 1);
            continue;
        }
        hours[i] = (qk_air_hour){.end = hours[i].end,
                                 .rule = qk_air_rule(hours[i].end),
                                 .result.aqi = QK_AQI_NA,
                                 .reason = "not_evaluated"};
        for (int k = 0; k < QK_AQI_ITEMS; k++) hours[i].result.iaqi[k] = QK_AQI_NA;
        for (int p = 0; p < QK_POLLUTANTS; p++)
            hours[i].value[p] = r.hours[p][i + RUNNING_HOURS - 1];
    }
    return QK_OK;
}

/* ---- an area ---- */

enum { AREA_DECIMALS = 6, ENOUGH_PERCENT = 75 };

static size_t move_to_front(qk_air_source *stations, size_t n, bool (*belongs)(const char *kind))
{
    size_t front = 0;
    for (size_t i = 0; i < n; i++) {
        if (!belongs(stations[i].site->kind)) continue;
        qk_air_source moved = stations[i];
        stations[i] = stations[front];
        stations[front++] = moved;
    }
    return front;
}

static bool is_controlled(const char *kind)
{
    return strcmp(kind, "air_national") == 0 || strcmp(kind, "air_provincial") == 0;
}

size_t qk_air_evaluation_points(qk_air_source *stations, size_t n)
{
    size_t points = move_to_front(stations, n, is_controlled);
    return points ? points : move_to_front(stations, n, qk_air_is_evaluated);
}

/* Means of one hour and pollutant over the stations, or missing. */
static qk_conc mean_over(const reading *stations, size_t count, int p, size_t at)
{
    qk_dec_sum sum;
    qk_conc mean = {.state = QK_CONC_VALUE};
    qk_dec_sum_init(&sum);
    for (size_t k = 0; k < count; k++) {
        const qk_conc *one = &stations[k].hours[p][at];
        if (one->state == QK_CONC_VALUE && qk_dec_sum_add(&sum, one->value) != QK_OK)
            return (qk_conc){.state = QK_CONC_MISSING};
    }
    if (!sum.count || (size_t)sum.count * 100 < count * ENOUGH_PERCENT ||
        qk_dec_sum_mean(&mean.value, &sum, AREA_DECIMALS) != QK_OK)
        return (qk_conc){.state = QK_CONC_MISSING};
    return mean;
}

static void round_values(qk_air_hour *hour)
{
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        qk_conc *c = &hour->value[p];
        if (c->state == QK_CONC_VALUE &&
            qk_dec_round(&c->value, c->value, qk_pollutant_decimals((qk_pollutant)p)) != QK_OK)
            c->state = QK_CONC_MISSING;
    }
}

qk_code qk_air_area_hours(qk_air_hour *hours, size_t n, qk_time last_end,
                          const qk_registry *registry, qk_telemetry_reader *reader,
                          const qk_air_source *stations, size_t count, qk_arena *arena,
                          qk_error *err)
{
    reading area;
    reading *each = qk_arena_array(arena, count ? count : 1, sizeof *each);
    if (!each) return qk_fail(err, QK_ENOMEM, "no memory for %zu stations", count);
    QK_TRY(make_reading(&area, n, last_end, registry, reader, arena, err));
    for (size_t k = 0; k < count; k++) {
        const qk_air_source *s = &stations[k];
        QK_TRY(make_reading(&each[k], n, last_end, registry, reader, arena, err));
        for (size_t i = 0; i < s->mn_count; i++)
            QK_TRY(read_device(&each[k], s->site, s->mns[i], err));
    }
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (size_t at = 0; at < area.count; at++)
            area.hours[p][at] = mean_over(each, count, p, at);
    for (size_t i = 0; i < n; i++) {
        hours[i].end = last_end - (qk_time)(n - 1 - i) * QK_HOUR;
        judge_hour(&hours[i], &area, i + RUNNING_HOURS - 1);
        round_values(&hours[i]);
    }
    return QK_OK;
}
