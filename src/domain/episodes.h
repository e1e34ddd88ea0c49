/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_EPISODES_H
#define QK_DOMAIN_EPISODES_H
/* Episodes of heavy pollution in the county: found from its evaluated days and the hours of PM2.5
 * of the stations that stand for it (standards/episode.h), and the report of one: course, stations
 * and townships, weather, cause, forecast, what was done, weak links (docs/internals/episode.md).
 *
 * Nothing is kept of an episode: it is found anew from what is known of the air; only a report that
 * is kept is a bulletin of kind "episode" (domain/bulletin.h), whose versions stay. Settings:
 * episode.above_ug (75), episode.clear_hours (6). Any thread with a reader of its own. */
#include "domain/airstat.h"
#include "domain/hours.h"
#include "domain/report.h"
#include "standards/episode.h"

enum { QK_EPISODES_MAX = 100, QK_EPISODE_BEFORE = 3 /* days held against it */ };

typedef struct qk_episodes {
    const qk_air_question *q;
    const qk_warning_rule *warning; /* in force on the last day */
    qk_episode_rule rule;
    int32_t from_day, to_day;
    size_t days;
    qk_day *day;  /* [days], judged */
    int32_t *aqi; /* [days]; -1: none, or does not count */
    double *pm25; /* [24 * days], mean of the county; NaN = missing or not read */
    qk_episode *item;
    size_t n;
} qk_episodes;

/* In the arena; at most QK_EPISODE_DAYS days. QK_ERANGE. */
QK_NODISCARD qk_code qk_episodes_scan(qk_episodes *out, const qk_air_question *q, int32_t from_day,
                                      int32_t to_day, qk_arena *arena, qk_error *err);
/* The one that begins on a day, with the days about it; QK_ENOTFOUND. *index: which of the scan. */
QK_NODISCARD qk_code qk_episodes_one(qk_episodes *out, size_t *index, const qk_air_question *q,
                                     int32_t first_day, qk_arena *arena, qk_error *err);
/* qk_hours_read with nothing but the column in the arena. */
QK_NODISCARD qk_code qk_episodes_column(qk_hour_column *out, const qk_air_question *q,
                                        const char *site, qk_str code, qk_time from, qk_time to,
                                        qk_arena *arena, qk_error *err);
/* The AQI of a day as warnings count it; -1: none, or led by ozone, PM10 or under sand, which ask
 * for advice, not for a response. */
int32_t qk_episodes_counted(const qk_day *day);
qk_time qk_episodes_hour(const qk_episodes *e, size_t hour); /* its start */
/* The primary pollutant of most of its days; -1 none. */
int32_t qk_episodes_primary(const qk_episodes *e, const qk_episode *one);
/* What the first on-time guidance made `lead` days before a day told for it: AQI, -1 = none. */
QK_NODISCARD qk_code qk_episodes_told(int32_t *aqi, qk_db *db, int32_t day, int32_t lead,
                                      qk_error *err);
/* Appends the report as domain/report.h shapes it. */
QK_NODISCARD qk_code qk_episodes_report(qk_buf *out, const qk_episodes *e, const qk_episode *one,
                                        qk_arena *arena, qk_error *err);
#endif
