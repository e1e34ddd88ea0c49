/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/airquality.h"

enum { RUNNING_HOURS = 24, RUNNING_LEAST = 20 /* GB 3095-2012 table 4, as for a day */ };

bool qk_air_is_evaluated(const char *site_kind)
{
    static const char *const others[] = {"air_road",      "air_micro",   "air_park",
                                         "air_component", "air_profile", "air_pilot"};
    if (!qk_str_starts(qk_str_of(site_kind), QK_STR("air_"))) return false;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(site_kind, others[i]) == 0) return false;
    return true;
}

bool qk_air_is_measured(const qk_air_hour *hour)
{
    for (int p = 0; p < QK_POLLUTANTS; p++)
        if (hour->value[p].state == QK_CONC_VALUE) return true;
    return false;
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

void qk_air_unjudge(qk_air_hour *hours, size_t n, const char *reason)
{
    for (size_t i = 0; i < n; i++) {
        for (int k = 0; k < QK_AQI_ITEMS; k++) hours[i].result.iaqi[k] = QK_AQI_NA;
        hours[i].result.aqi = QK_AQI_NA;
        hours[i].result.level = 0;
        hours[i].result.primary = 0;
        hours[i].reason = reason;
    }
}

static void judge_hour(qk_air_hour *hour, qk_conc *const value[QK_POLLUTANTS],
                       const qk_rules *rules, size_t at)
{
    qk_conc items[QK_AQI_ITEMS] = {{{0}, QK_CONC_MISSING}};
    for (int p = 0; p < QK_POLLUTANTS; p++) hour->value[p] = value[p][at];
    items[QK_SO2_1H] = hour->value[QK_SO2];
    items[QK_NO2_1H] = hour->value[QK_NO2];
    items[QK_CO_1H] = hour->value[QK_CO];
    items[QK_O3_1H] = hour->value[QK_O3];
    items[QK_PM10_1H] = hour->value[QK_PM10];
    items[QK_PM25_1H] = hour->value[QK_PM25];
    const qk_conc *day = &value[QK_PM10][at + 1 - RUNNING_HOURS];
    items[QK_PM10_24H] = running_mean(day, QK_PM10);
    day = &value[QK_PM25][at + 1 - RUNNING_HOURS];
    items[QK_PM25_24H] = running_mean(day, QK_PM25);
    hour->rule = qk_rules_aqi_on(rules, qk_day_number(hour->end - 1));
    memset(hour->running, 0, sizeof hour->running);
    if (hour->rule->hourly_items & QK_AQI_BIT(QK_PM10_24H))
        hour->running[QK_PM10] = items[QK_PM10_24H];
    if (hour->rule->hourly_items & QK_AQI_BIT(QK_PM25_24H))
        hour->running[QK_PM25] = items[QK_PM25_24H];
    qk_aqi_hourly(&hour->result, hour->rule, items);
    hour->reason = NULL;
    /* An hour without any measurement is no hour of air quality, whatever a running mean says. */
    if (!qk_air_is_measured(hour)) {
        qk_air_unjudge(hour, 1, "no_items");
    } else if (hour->result.aqi == QK_AQI_NA) {
        hour->reason = "incomplete";
    }
}

void qk_air_hours_of(qk_air_hour *hours, size_t n, qk_time last_end,
                     qk_conc *const value[QK_POLLUTANTS], const qk_rules *rules)
{
    for (size_t i = 0; i < n; i++) {
        hours[i].end = last_end - (qk_time)(n - 1 - i) * QK_HOUR;
        judge_hour(&hours[i], value, rules, i + QK_AIR_HOURS_BEFORE);
    }
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
static qk_conc mean_over(qk_conc *(*each)[QK_POLLUTANTS], size_t count, size_t due, int p,
                         size_t at)
{
    qk_dec_sum sum;
    qk_conc mean = {.state = QK_CONC_VALUE};
    qk_dec_sum_init(&sum);
    for (size_t k = 0; k < count; k++) {
        const qk_conc *one = &each[k][p][at];
        if (one->state == QK_CONC_VALUE && qk_dec_sum_add(&sum, one->value) != QK_OK)
            return (qk_conc){.state = QK_CONC_MISSING};
    }
    if (!sum.count || (size_t)sum.count * 100 < due * ENOUGH_PERCENT ||
        qk_dec_sum_mean(&mean.value, &sum, AREA_DECIMALS) != QK_OK)
        return (qk_conc){.state = QK_CONC_MISSING};
    return mean;
}

void qk_air_mean_of(qk_conc *const value[QK_POLLUTANTS], size_t length,
                    qk_conc *(*each)[QK_POLLUTANTS], size_t stations, const uint32_t *due)
{
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (size_t at = 0; at < length; at++)
            value[p][at] = mean_over(each, stations, due ? due[at] : stations, p, at);
}

void qk_air_round(qk_air_hour *hours, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (int p = 0; p < QK_POLLUTANTS; p++) {
            qk_conc *c = &hours[i].value[p];
            if (c->state == QK_CONC_VALUE &&
                qk_dec_round(&c->value, c->value, qk_pollutant_decimals((qk_pollutant)p)) != QK_OK)
                c->state = QK_CONC_MISSING;
        }
}
