/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_AIRSTAT_H
#define QK_DOMAIN_AIRSTAT_H
/* Days, months, years and ranks of stations, townships and the county from graded hours
 * (standards/evaluate.h): each figure says which level it stands on, by which edition it is judged
 * and, where years are compared, by one edition for all.
 *
 * A year is made again from its stored days whenever it is asked for: there is no second copy that
 * a late hour could leave behind. Any thread. */
#include "domain/airquality.h"
#include "domain/airreview.h"

typedef struct qk_air_question {
    qk_air_archive archive;
    const qk_registry *registry;
    const qk_rules *rules;
    qk_air_level level;      /* least level of a day; BEST = the highest each has */
    const qk_aqi_rule *rule; /* of every day; NULL = by date */
    int32_t last_day;        /* the last that is over; 0 = every period is taken as over */
} qk_air_question;

typedef struct qk_air_day_levels { /* stations that have hours of a day, by the day's own level */
    uint16_t stations[QK_AIR_BEST];
    uint16_t imported; /* stand on an imported daily value (domain/airpast.h) */
    uint16_t lapsed;
} qk_air_day_levels;

typedef struct qk_air_levels { /* station-days behind a figure */
    int32_t days[QK_AIR_BEST]; /* by their own level; raw is counted for level raw alone */
    int32_t left_out;          /* had hours, but have not come to the level asked for */
    int32_t lapsed;
    int32_t imported;          /* daily values from elsewhere: they count at every level */
    qk_air_day_levels *by_day; /* 366 entries, added to; NULL = not asked for */
} qk_air_levels;

/* One civil year of a station, days judged. */
QK_NODISCARD qk_code qk_air_year(qk_year *out, qk_air_levels *levels, const qk_air_question *q,
                                 const qk_air_source *station, int32_t year, qk_error *err);
/* The first year of which there is anything, hours or imported days; this_year when there is
 * nothing. */
QK_NODISCARD qk_code qk_air_first_year(int32_t *out, qk_db *db, int32_t this_year, qk_error *err);
/* Of an area: days are means over the stations, where 75 % of them are valid. */
QK_NODISCARD qk_code qk_air_area_year(qk_year *out, qk_air_levels *levels, const qk_air_question *q,
                                      const qk_air_source *stations, size_t n, int32_t year,
                                      qk_error *err);
/* The stations that stand for: "county" (its evaluation points), a division (evaluated stations in
 * it), or one station. QK_ENOTFOUND for another name, QK_EINVAL for a station that is not
 * evaluated. *area: not a single station. */
QK_NODISCARD qk_code qk_air_scope(qk_air_source **out, size_t *n, bool *area,
                                  const qk_registry *registry, qk_str scope, qk_arena *arena,
                                  qk_error *err);
/* As qk_air_year or qk_air_area_year by scope. */
QK_NODISCARD qk_code qk_air_scope_year(qk_year *out, qk_air_levels *levels,
                                       const qk_air_question *q, qk_str scope, int32_t year,
                                       qk_error *err);

/* A month, or (month 0) the year. One that still runs on last_day (0 = none does) ends there, and
 * is valid as any other stretch; true then. */
bool qk_air_period(qk_period *out, const qk_year *y, int32_t month, int32_t last_day);
/* The same date a year earlier (28 February for the 29th); 0 for 0. */
int32_t qk_air_year_earlier(int32_t day);

/* n hours of a station up to last_end, values as they count at the level. *views gets the days they
 * lie in (the hours before the first, for running means, included). */
QK_NODISCARD qk_code qk_air_graded_hours(qk_air_hour *out, size_t n, qk_time last_end,
                                         qk_air_view **views, size_t *view_n,
                                         const qk_air_question *q, const qk_site *site,
                                         qk_arena *arena, qk_error *err);
/* The same of an area: the mean of its stations, judged as one station's, values rounded. No
 * stations: every hour is without items. */
QK_NODISCARD qk_code qk_air_area_hours(qk_air_hour *out, size_t n, qk_time last_end,
                                       const qk_air_question *q, const qk_air_source *stations,
                                       size_t count, qk_arena *arena, qk_error *err);

typedef enum qk_air_group { QK_AIR_STATIONS, QK_AIR_TOWNSHIPS } qk_air_group;
typedef struct qk_air_rank {
    const char *id; /* of the station or division */
    const char *name_zh, *name_en;
    int32_t stations;
    int32_t rank; /* 0 = not ranked */
    bool tie;
    bool valid;   /* all six items have enough days */
    bool running; /* the period is not over: year (month) to date, as its predecessor */
    qk_period period;
    qk_fine_index index;
    qk_dec total; /* three decimals; what is ranked */
    bool has_before;
    qk_dec before; /* the same period a year earlier by the same profile and edition */
    int32_t rank_before;
    qk_air_levels levels;
} qk_air_rank;
/* By composite index, small first, equal ones share a rank (环办监测〔2018〕19号); those with too
 * few days stand behind without a rank. month 0 = the year. Sand-dust days are left out of PM. */
QK_NODISCARD qk_code qk_air_ranking(qk_air_rank **out, size_t *n, const qk_air_question *q,
                                    qk_air_group group, int32_t year, int32_t month,
                                    const qk_index_profile *profile, qk_arena *arena,
                                    qk_error *err);
#endif
