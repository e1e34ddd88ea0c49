/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_AIRQUALITY_H
#define QK_DOMAIN_AIRQUALITY_H
/* Air quality of a station, hour by hour: what the rule of the hour's date makes of its pollutants
 * (standards/aqi.h).
 *
 * Hours come from domain/airread.h; a value marked with anything but N (or 3 of the 2005 air
 * stations) does not count.
 *
 * Under HJ 633-2012 the hourly index takes the running 24-h means of PM10 and PM2.5, of at least 20
 * hours; under HJ 633-2026 the hours themselves.
 *
 * Road stations and micro stations watch; they never enter an evaluation. Thread rule: any, with a
 * reader of its own. */
#include "domain/airread.h"
#include "standards/rules.h"

typedef struct qk_air_hour {
    qk_time end; /* of the hour */
    const qk_aqi_rule *rule;
    qk_aqi result;
    qk_conc value[QK_POLLUTANTS];   /* the hour's means, in the standard's unit */
    qk_conc running[QK_POLLUTANTS]; /* 24-h means of PM10 and PM2.5; only what the rule takes */
    const char *reason;             /* when there is no AQI: what stands behind "aqi.reason." */
} qk_air_hour;

/* True for stations whose values are evaluated: kinds that begin with "air_", but not air_road and
 * air_micro. */
bool qk_air_is_evaluated(const char *site_kind);
/* True when any pollutant was measured in the hour. */
bool qk_air_is_measured(const qk_air_hour *hour);
/* The rule of an hour that ends at t (00:00 belongs to the day before). */
const qk_aqi_rule *qk_air_rule(qk_time period_end);
/* "µg/m³" or "mg/m³" */
const char *qk_air_unit(qk_pollutant p);
/* The pollutant of a register item ("PM2.5", "SO2" …); QK_POLLUTANTS when it is none. */
qk_pollutant qk_air_pollutant(const char *item);

/* The n hours that end at last_end - (n-1) h … last_end (a full hour) into hours[0..n), from the
 * devices mns[0..mn_count) that speak for the site. The arena holds what is read: about 40 bytes
 * for each hour and pollutant. */
QK_NODISCARD qk_code qk_air_hours(qk_air_hour *hours, size_t n, qk_time last_end,
                                  const qk_registry *registry, qk_telemetry_reader *reader,
                                  const qk_site *site, const char *const *mns, size_t mn_count,
                                  qk_arena *arena, qk_error *err);

/* The same from values at hand: value[p] has n + QK_AIR_HOURS_BEFORE entries, the last ends at
 * last_end. rules NULL: the shipped ones. */
enum { QK_AIR_HOURS_BEFORE = 23 };
void qk_air_hours_of(qk_air_hour *hours, size_t n, qk_time last_end,
                     qk_conc *const value[QK_POLLUTANTS], const qk_rules *rules);

/* The stations that stand for a county or city: its national and provincial ones, or, where there
 * are none, all that are evaluated. Moves them to the front; returns how many. */
size_t qk_air_evaluation_points(qk_air_source *stations, size_t n);
/* The same hours for an area: each pollutant's hour is the mean over the stations, not rounded,
 * where at least 75 % of them have a value (HJ 663 practice for a city); then judged as one
 * station's. No stations: every hour is without items. */
QK_NODISCARD qk_code qk_air_area_hours(qk_air_hour *hours, size_t n, qk_time last_end,
                                       const qk_registry *registry, qk_telemetry_reader *reader,
                                       const qk_air_source *stations, size_t count, qk_arena *arena,
                                       qk_error *err);
#endif
