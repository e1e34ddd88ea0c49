/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_FORECAST_H
#define QK_CLI_FORECAST_H
/* What the files of `qingkong forecast` share: the record of air by place, the archive of weather
 * forecasts, the job. */
#include "cli/air.h"
#include "domain/forecast_guidance.h"

enum { FORECAST_PLACES_MAX = 512 };

typedef struct forecast_job {
    const char *hours, *stations, *weather, *holidays, *out;
    const char *standard;                  /* NULL, auto, or the edition's name */
    int32_t train_until, from, to, issued; /* civil day numbers; INT32_MIN: not given */
    int32_t first_lead, last_lead;
    bool scores;
    const char *file, *data_dir, *http; /* of what is taken in */
    bool dry_run;
} forecast_job;

typedef struct forecast_weather { /* dense, from a CSV of issued,lead,date and columns */
    qk_weather_archive archive;
    double *value;
    char (*name)[64];         /* [columns] */
    size_t rows, passed_over; /* the latter: leads that cannot be used */
} forecast_weather;
QK_NODISCARD qk_code forecast_weather_read(forecast_weather *out, const char *path, qk_error *err);
void forecast_weather_clear(forecast_weather *w);

typedef struct forecast_place { /* a station; the first is the county */
    char name[96];
    qk_day *day;
    size_t days;
} forecast_place;

typedef struct forecast_air {
    qk_rules rules;
    const qk_aqi_rule *rule; /* of every day; NULL: by date */
    forecast_place *place;
    size_t places;
    int32_t first_day, last_day;
    bool failed; /* memory ran out while stations were taken */
    bool with_stations;
} forecast_air;
/* The county's days, and the stations' when asked for. */
QK_NODISCARD qk_code forecast_air_read(forecast_air *out, const forecast_job *job,
                                       bool with_stations, qk_error *err);
void forecast_air_clear(forecast_air *a);
const qk_aqi_rule *forecast_rule_on(const forecast_air *a, int32_t day);
/* Marks the days of a file of dates, one a line under any header. */
QK_NODISCARD qk_code forecast_holidays_read(qk_forecast_days *days, const char *path,
                                            qk_error *err);
/* Tells on standard error what the record lacks and whether the weather fits the place. */
void forecast_tell_gaps(const qk_forecast_days *days, const forecast_weather *w, const char *place);
void forecast_tell_weather(const qk_forecaster *f, const char *place);

/* To a file, or standard output with NULL. */
QK_NODISCARD qk_code forecast_write(const qk_buf *text, const char *path, qk_error *err);
QK_NODISCARD qk_code forecast_hindcast(const forecast_job *job, qk_error *err);
/* A weather file into a data folder, or through the server that holds it; tells what was taken. */
QK_NODISCARD qk_code forecast_import(const forecast_job *job, qk_error *err);
QK_NODISCARD qk_code forecast_run(const forecast_job *job, qk_error *err);
#endif
