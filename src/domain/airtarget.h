/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_AIRTARGET_H
#define QK_DOMAIN_AIRTARGET_H
/* Yearly targets of an instance: rows of the form of a compiled plan's "targets" (metric,
 * statistic, op, value, unit, year, scope, months, text) and a `source` that says which document
 * asks for it. They stand in the setting "air.targets", which keeps every version.
 *
 * How far each is reached is not kept anywhere: standards/target.h reckons it from the days.
 * Reading is for any thread with a connection of its own, writing for the store thread, inside its
 * transaction. */
#include "base/json.h"
#include "domain/airstat.h"
#include "domain/setting.h"

enum { QK_AIRTARGET_MAX = 200, QK_AIRTARGET_TEXT_MAX = 256 * 1024, QK_AIRTARGET_SOURCE_MAX = 300 };

/* The rows as a JSON array (NULL when none was ever set) and their version (0 = none). */
QK_NODISCARD qk_code qk_airtarget_rows(const qk_json_value **rows, int64_t *version, qk_db *db,
                                       qk_arena *arena, qk_error *err);
/* Puts these rows in the place of all. Only the members above are kept. seen: the version the
 * author saw, 0 = none. QK_EINVAL when a row has no metric or there are too many, QK_ECONFLICT. */
QK_NODISCARD qk_code qk_airtarget_put(qk_db *db, const qk_json_value *rows, int64_t seen, qk_str by,
                                      qk_time now, qk_error *err);
/* Puts rows in the place of those of the same source; those of other sources stay as they are.
 * *version gets the new version. */
QK_NODISCARD qk_code qk_airtarget_merge(int64_t *version, qk_db *db, const qk_json_value *rows,
                                        qk_str source, qk_str by, qk_time now, qk_error *err);
/* Takes the targets of a compiled plan (its JSON as `plan compile` writes it), which is what an
 * issued plan calls. source empty: the plan's title and number. Issuing the same plan again
 * replaces its rows and no others; an unchanged plan makes no version. *taken: rows taken; one
 * without a year gets the last of the plan's period. QK_EFORMAT when it is no plan. */
QK_NODISCARD qk_code qk_airtarget_from_plan(size_t *taken, qk_db *db, qk_str plan_json,
                                            qk_str source, qk_str by, qk_time now, qk_error *err);
/* The same from the plan's tree. */
QK_NODISCARD qk_code qk_airtarget_from_tree(size_t *taken, qk_db *db, const qk_json_value *plan,
                                            qk_str source, qk_str by, qk_time now, qk_error *err);

/* ---- allocation to townships ---- */
typedef struct qk_airtarget_share {
    const char *code, *name_zh, *name_en; /* of the township */
    size_t stations;                      /* evaluated ones */
    qk_dec own;                           /* value of the base year, two decimals */
    qk_dec weight;
    qk_dec target; /* one decimal */
} qk_airtarget_share;

typedef struct qk_airtarget_shares {
    qk_airtarget_share *items;
    size_t n;
    const char **without; /* townships without a value of the base year */
    size_t without_n;
    qk_ratio weighted_mean;
    bool meets; /* the weighted mean does not exceed the target */
} qk_airtarget_shares;
/* Shares the county's target out (standards/target.h, qk_target_allocate) by the townships' values
 * of the base year. QK_ERANGE when the shares cannot be reckoned exactly. */
QK_NODISCARD qk_code qk_airtarget_allocate(qk_airtarget_shares *out, const qk_air_question *q,
                                           qk_pollutant p, qk_dec target, int32_t base_year,
                                           bool by_stations, qk_arena *arena, qk_error *err);
/* Keeps shares as targets of their townships for `year`; they take the place of those of the same
 * source. */
QK_NODISCARD qk_code qk_airtarget_keep_shares(int64_t *version, qk_db *db,
                                              const qk_airtarget_shares *shares, qk_pollutant p,
                                              int32_t year, qk_str source, qk_str by, qk_time now,
                                              qk_error *err);
#endif
