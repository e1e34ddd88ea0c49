/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_AIRQUALITY_H
#define QK_DOMAIN_AIRQUALITY_H
/* Air quality, hour by hour: what the rule of the hour's date makes of the pollutants at hand
 * (standards/aqi.h). The one place where an hour is judged: which hours count, and by which rule
 * tables, is domain/airstat.h.
 *
 * Under HJ 633-2012 the hourly index takes the running 24-h means of PM10 and PM2.5, of at least 20
 * hours; under HJ 633-2026 the hours themselves.
 *
 * Road stations, micro stations, those of parks, of composition, of profiles and of pilots watch;
 * they never enter an evaluation. Pure: any thread. */
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

/* True for stations whose values are evaluated: kinds that begin with "air_", but not air_road,
 * air_micro, air_park, air_component, air_profile and air_pilot. */
bool qk_air_is_evaluated(const char *site_kind);
/* True when any pollutant was measured in the hour. */
bool qk_air_is_measured(const qk_air_hour *hour);
/* "µg/m³" or "mg/m³" */
const char *qk_air_unit(qk_pollutant p);
/* The pollutant of a register item ("PM2.5", "SO2" …); QK_POLLUTANTS when it is none. */
qk_pollutant qk_air_pollutant(const char *item);

/* n hours that end at last_end - (n-1) h … last_end (a full hour) from values at hand: value[p] has
 * n + QK_AIR_HOURS_BEFORE entries, the last ends at last_end. An hour that ends at 00:00 belongs to
 * the day before. */
enum { QK_AIR_HOURS_BEFORE = 23 };
void qk_air_hours_of(qk_air_hour *hours, size_t n, qk_time last_end,
                     qk_conc *const value[QK_POLLUTANTS], const qk_rules *rules);
/* Takes the index away, as of a station that is not evaluated; the values stay. */
void qk_air_unjudge(qk_air_hour *hours, size_t n, const char *reason);

/* Of an area: each pollutant's hour is the mean over the stations, not rounded, where at least 75 %
 * of them have a value (HJ 663 practice for a city). each[k] as value above, of `length` entries.
 * due[at], where due is not NULL: how many stations were in use in that hour, of which the 75 %
 * are.
 */
void qk_air_mean_of(qk_conc *const value[QK_POLLUTANTS], size_t length,
                    qk_conc *(*each)[QK_POLLUTANTS], size_t stations, const uint32_t *due);
/* Values as reported: rounded to the decimals of each pollutant. */
void qk_air_round(qk_air_hour *hours, size_t n);

/* The stations that stand for a county or city: its national and provincial ones, or, where there
 * are none, all that are evaluated. Moves them to the front; returns how many. */
size_t qk_air_evaluation_points(qk_air_source *stations, size_t n);
#endif
