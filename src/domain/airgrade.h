/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_AIRGRADE_H
#define QK_DOMAIN_AIRGRADE_H
/* The automatic grade of every hour of every air site (standards/qc.h), kept as one row a site and
 * day in air_day and made again where it must be: when an hour comes or changes, the hours around
 * it at its site (runs of equal values, spikes), the same hour at its neighbours, and the same hour
 * of the days that look back on it. Nothing else is computed.
 *
 * What stands in a row is a function of telemetry, register and rules, so any past knowledge is
 * computed again from them (qk_air_rows_known); raw values are never changed.
 *
 * Raises "air_interference" when a station falls alone against its neighbours or its values are
 * smoother than air is; with what shows it, water spraying nearby (events of the kind
 * "water_spraying") included. */
#include "domain/airread.h"
#include "domain/events.h"
#include "domain/ruleset.h"

enum { QK_AIR_DAY_HOURS = 24, QK_AIR_NEAR = 8, QK_LEVEL_AIR = 4 /* in derived_dirty */ };

typedef struct qk_air_graded {
    int64_t micro; /* 10^-6 ug/m3 (CO mg/m3), QK_QC_NONE = none; negative ones as they came */
    uint16_t reasons;
    uint8_t grade; /* qk_qc_grade */
    char flag;     /* of the device; 0 = none */
} qk_air_graded;

/* A civil day of a site; [p][h] is the hour that ends at (h + 1):00. */
typedef struct qk_air_row {
    int32_t day;
    qk_air_graded cell[QK_POLLUTANTS][QK_AIR_DAY_HOURS];
} qk_air_row;

/* ---- reading: any thread ---- */
/* The rows there are, by rising day, in the arena. */
QK_NODISCARD qk_code qk_air_rows(qk_air_row **out, size_t *n, qk_db *db, const char *site,
                                 int32_t from_day, int32_t to_day, qk_arena *arena, qk_error *err);
/* All days of the range as they would have been graded with what was recorded up to known_at, the
 * rules included. At most 400 days. */
QK_NODISCARD qk_code qk_air_rows_known(qk_air_row **out, size_t *n, qk_db *db,
                                       const qk_registry *registry, qk_telemetry_reader *reader,
                                       const char *site, int32_t from_day, int32_t to_day,
                                       qk_time known_at, qk_arena *arena, qk_error *err);

/* ---- keeping: store thread ---- */
typedef struct qk_airgrade qk_airgrade;
typedef struct qk_airgrade_parts { /* borrowed */
    qk_telemetry *telemetry;
    const qk_registry *registry;
    qk_events *events;
    const char *db_path;
} qk_airgrade_parts;
QK_NODISCARD qk_code qk_airgrade_new(qk_airgrade **out, const qk_airgrade_parts *parts,
                                     qk_error *err);
void qk_airgrade_free(qk_airgrade *g);
/* An hour (its start) of a device came or changed. */
void qk_airgrade_touch(qk_airgrade *g, const char *mn, qk_time hour);
/* What a crash or a full turn left; in a folder without rows, all that telemetry has. */
QK_NODISCARD qk_code qk_airgrade_load(qk_airgrade *g, qk_db *db, qk_error *err);
bool qk_airgrade_unsaved(const qk_airgrade *g);
/* Inside a transaction: takes in what was touched for about budget_ms and grades all that depends
 * on it. *more: some is left for the next turn. */
QK_NODISCARD qk_code qk_airgrade_save(qk_airgrade *g, qk_db *db, qk_time now, uint32_t budget_ms,
                                      bool *more, qk_error *err);
void qk_airgrade_settle(qk_airgrade *g, bool committed);
/* Hours graded since the start. */
uint64_t qk_airgrade_count(const qk_airgrade *g);
/* Rules or stations changed: every stored day from `from_day` on is graded again. */
QK_NODISCARD qk_code qk_airgrade_again(qk_airgrade *g, qk_db *db, int32_t from_day, qk_error *err);
#endif
