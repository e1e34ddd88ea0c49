/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_AIRREVIEW_H
#define QK_DOMAIN_AIRREVIEW_H
/* What people decide about hours of ambient air, and the level a day has come to.
 *
 * Four levels: raw (as it came), automatic (graded, domain/airgrade.h), reviewed by one person,
 * approved by another. A mark leaves hours out (exclude), takes them back in (restore) or declares
 * a day one of sand-dust (dust); it has a reason and can be undone, once. A review and an approval
 * speak of a digest of the day as it stood: hours, grades and marks. When any of them changes, the
 * day falls back to automatic by itself and must be looked at again.
 *
 * Nothing is deleted; everything can be asked for as it was known at T. Reading is for any thread
 * with a connection of its own, writing for the store thread. */
#include "domain/airgrade.h"
#include "standards/evaluate.h"

typedef enum qk_air_level {
    QK_AIR_RAW,
    QK_AIR_AUTOMATIC,
    QK_AIR_REVIEWED,
    QK_AIR_APPROVED,
    QK_AIR_BEST /* in questions: each day at the highest level it has */
} qk_air_level;
const char *qk_air_level_name(qk_air_level level); /* "raw" … "approved", "best" */
/* QK_AIR_BEST for an unknown name. */
qk_air_level qk_air_level_of(qk_str name);

enum { QK_AIR_PERSON_MAX = 64, QK_AIR_REASON_MAX = 500, QK_AIR_ITEMS_ALL = 63 };

typedef enum qk_air_effect { QK_AIR_EXCLUDE, QK_AIR_RESTORE, QK_AIR_DUST } qk_air_effect;
const char *qk_air_effect_name(qk_air_effect effect);

typedef struct qk_air_mark {
    int64_t id;
    const char *site; /* "*" = every station, for dust only */
    qk_air_effect effect;
    uint32_t items;         /* bits 1 << pollutant */
    qk_time from_at, to_at; /* of hours that end in (from_at, to_at] */
    const char *reason;
    qk_time recorded_at;
    const char *recorded_by;
    qk_time undone_at; /* QK_TIME_NONE = stands */
    const char *undone_by, *undone_reason;
} qk_air_mark;
/* id, recorded and undone are not read. QK_EINVAL with what is wrong: no reason, no hours, more
 * than 400 days. */
QK_NODISCARD qk_code qk_air_mark_add(int64_t *id, qk_db *db, const qk_air_mark *mark, qk_str by,
                                     qk_time now, qk_error *err);
/* QK_ENOTFOUND; QK_ECONFLICT when it was undone before; QK_EINVAL without a reason. */
QK_NODISCARD qk_code qk_air_mark_undo(qk_db *db, int64_t id, qk_str reason, qk_str by, qk_time now,
                                      qk_error *err);
/* Marks on a site (NULL = all) that touch hours ending in (from, to], by id, as known at known_at
 * (QK_TIME_NONE = now: undone ones are listed too, with who undid them); at most 10,000. */
QK_NODISCARD qk_code qk_air_marks(qk_air_mark **out, size_t *n, qk_db *db, const char *site,
                                  qk_time from, qk_time to, qk_time known_at, qk_arena *arena,
                                  qk_error *err);

/* ---- days ---- */
enum { QK_AIR_CELL_EXCLUDED = 1, QK_AIR_CELL_RESTORED = 2 };

typedef struct qk_air_view {
    qk_air_row row;
    uint8_t mark[QK_POLLUTANTS][QK_AIR_DAY_HOURS]; /* QK_AIR_CELL_* */
    bool dust;
    bool lapsed; /* was reviewed, and has changed since */
    int64_t digest;
    qk_air_level level; /* automatic, reviewed or approved */
    char reviewed_by[QK_AIR_PERSON_MAX], approved_by[QK_AIR_PERSON_MAX];
    qk_time reviewed_at, approved_at; /* QK_TIME_NONE = not */
} qk_air_view;

/* Where views are read from. registry and reader are needed for known_at alone. */
typedef struct qk_air_archive {
    qk_db *db;
    const qk_registry *registry;
    qk_telemetry_reader *reader;
    qk_time known_at; /* QK_TIME_NONE = as known now */
} qk_air_archive;
/* Days of a site that have hours, by rising day, in the arena. */
QK_NODISCARD qk_code qk_air_views(qk_air_view **out, size_t *n, const qk_air_archive *archive,
                                  const char *site, int32_t from_day, int32_t to_day,
                                  qk_arena *arena, qk_error *err);
/* What counts at a level: hours of an evaluation. False when the day has not come to it (reviewed
 * and approved). */
bool qk_air_view_hours(qk_hours *out, const qk_air_view *view, qk_air_level level);
/* Whether one hour counts at a level. */
bool qk_air_view_counts(const qk_air_view *view, qk_air_level level, qk_pollutant p, int hour);

/* Reviews (approves) the days from..to of a site that have hours; *done gets their number. To
 * approve needs a review of the same state of the day by another person: QK_EDENIED names the
 * person and the day; QK_ECONFLICT when a day is not reviewed, QK_ENOTFOUND when no day has hours.
 * Days that are at the level already are passed over. */
QK_NODISCARD qk_code qk_air_review(size_t *done, qk_db *db, const char *site, int32_t from_day,
                                   int32_t to_day, qk_air_level level, qk_str note, qk_str by,
                                   qk_time now, qk_error *err);

/* ---- records of zero, span and comparison checks ---- */
typedef struct qk_air_check {
    int64_t id;
    const char *site, *mn;
    qk_pollutant item;
    const char *kind; /* zero span precision comparison flow */
    qk_time at;
    qk_dec reference, measured; /* in the item's unit; flow in L/min */
    qk_dec span;                /* full scale; mantissa 0 = not told */
    const char *note;
    qk_time recorded_at;
    const char *recorded_by;
    qk_dec deviation;  /* zero: measured - reference; else in per cent of the reference */
    const char *judge; /* "pass", "fail" */
    qk_dec limit;      /* absolute bound of the deviation */
} qk_air_check;
/* QK_EEXIST when the same check of the same moment is there with other values (the same values are
 * taken for a repeat), QK_EINVAL with what is wrong. */
QK_NODISCARD qk_code qk_air_check_add(qk_db *db, const qk_air_check *check, qk_str by, qk_time now,
                                      qk_error *err);
/* CSV site,mn,item,kind,at,reference,measured[,span][,note]: all rows or none; a refusal has line
 * and column. */
QK_NODISCARD qk_code qk_air_checks_csv(size_t *rows, qk_db *db, const qk_registry *registry,
                                       qk_str csv, qk_str by, qk_time now, qk_error *err);
/* Newest first, at most 10,000; site NULL = all. */
QK_NODISCARD qk_code qk_air_checks(qk_air_check **out, size_t *n, qk_db *db, const char *site,
                                   qk_time from, qk_time to, qk_arena *arena, qk_error *err);
#endif
