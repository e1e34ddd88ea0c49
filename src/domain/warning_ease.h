/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_WARNING_EASE_H
#define QK_DOMAIN_WARNING_EASE_H
/* Proposals to lift the warning in force or to lower its level (tables warning_ease,
 * warning_ease_step), with the grounds they rest on: the newest forecast of the county says that
 * the days fall below the level for as long as the rule asks (36 h), and the air has fallen below
 * it; or the warning's own days are over and no day to come bears its level. One whose level was
 * given by hand, as an order of the city, stands until its days are over.
 *
 *   proposed ─accept▶ accepted   the warning is lifted, or one of the lower level takes its place
 *      ├─refuse▶ refused         not proposed again from the same version of the forecast
 *      └─ the grounds are gone, or a person lifted it ▶ withdrawn
 *
 * Nothing is lifted by the program: a person decides. Source: 环大气〔2024〕6号 and its predecessor
 * (standards/warning.h); hours in a row that the air must have been below (setting
 * warning.ease_hours, 3) are a convention. Writing: store thread, inside a transaction. */
#include "domain/airstat.h"
#include "domain/warnings.h"

enum { QK_WARNING_PAST = 23 /* days observed that a look takes in */ };

/* The county's air as a look needs it. */
typedef struct qk_warning_air {
    int32_t first_day;            /* of aqi */
    size_t days;                  /* up to yesterday */
    int32_t aqi[QK_WARNING_PAST]; /* as warnings count them: 0 = does not count, -1 = none */
    qk_time at;                   /* end of the newest hour of PM2.5; QK_TIME_NONE */
    int32_t hours;                /* of index, the newest first */
    int32_t index[24];            /* sub-index of PM2.5 by the 24-h table; -1 = none */
    double pm25_ug_m3;            /* of the newest */
} qk_warning_air;
/* Days from `from` on. An hour counts as the newest when it ended at most three hours ago. */
QK_NODISCARD qk_code qk_warning_air_read(qk_warning_air *out, const qk_air_question *q,
                                         int32_t from, qk_time now, qk_error *err);

/* Looks whether the warning in force may be eased, and proposes or withdraws. *made (may be NULL):
 * the proposal made now, 0 = none. air->first_day is at most QK_WARNING_PAST days back. QK_OK
 * without a warning in force. */
QK_NODISCARD qk_code qk_warning_ease_look(int64_t *made, qk_db *db, const qk_warning_rule *rule,
                                          const qk_warning_air *air, qk_time now, qk_error *err);
/* Reads the air and looks; costs one query where no warning is in force. Only with one is the
 * archive of `telemetry` (its database at db_path) opened, and closed again. */
QK_NODISCARD qk_code qk_warning_ease_run(qk_db *db, const qk_registry *registry,
                                         qk_telemetry *telemetry, const char *db_path, qk_time now,
                                         qk_error *err);

typedef struct qk_warning_ease_act {
    int64_t ease;  /* the proposal that was seen */
    qk_str action; /* accept refuse */
    qk_str text;   /* needed for refuse */
    qk_str who;
} qk_warning_ease_act;
/* QK_ENOTFOUND; QK_EINVAL no text or no such action; QK_EDENIED when it is decided or withdrawn. */
QK_NODISCARD qk_code qk_warning_ease_step(qk_db *db, qk_str warning, const qk_warning_ease_act *act,
                                          qk_time now, qk_error *err);
/* The array of a warning's proposals with their steps, newest first. */
QK_NODISCARD qk_code qk_warning_ease_write(qk_json_writer *w, qk_db *db, qk_str warning,
                                           qk_error *err);
#endif
