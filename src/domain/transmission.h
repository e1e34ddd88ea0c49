/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_TRANSMISSION_H
#define QK_DOMAIN_TRANSMISSION_H
/* How well a device transmits, by day, in factor-hours (数据传输有效率):
 *
 *   due       hours of the day that are over x factors of the device, less the exempt ones
 *   received  of these, hours with a value: sent as 2061 where the device sends hours, else derived
 *   valid     of these, with a valid flag (domain/gather.h)
 *   in_time, valid_in_time   the same as known one hour after the hour's end (setting
 *             transmission.in_time_minutes): the immediate figures beside the completed ones, which
 *             back-fill and later marks still change
 *
 *   transmission rate = received / due, validity = valid / received, effective = their product
 *
 * Hours before a device was first registered are due only where something came for them.
 *
 * Events, each once, with the key of what they close in "closes":
 *   hours_missing          hours of a day that are over and of which nothing came; hours_filled
 * when all of them have come since transmission_low       the day before, judged from 13:00 on as
 * the ministry publishes it, is less effective than setting transmission.low_percent (90) says;
 *                          transmission_restored when back-fill or marks have lifted it
 *
 * Factors are those of the register, else those that the day's rows hold. A day is computed again
 * when an hour of it came or changed, and ten minutes after each hour. Store thread, except where
 * told. */
#include "domain/events.h"
#include "domain/live.h"
#include "store/telemetry.h"

typedef struct qk_transmission qk_transmission;

typedef struct qk_transmission_day {
    int32_t day; /* qk_day_number */
    int64_t due, exempt, received, in_time, valid, valid_in_time;
} qk_transmission_day;

/* Pure. NaN where nothing was due (received, for validity). */
double qk_transmission_rate(const qk_transmission_day *d, bool immediate);
double qk_transmission_validity(const qk_transmission_day *d, bool immediate);
double qk_transmission_effective(const qk_transmission_day *d, bool immediate);

typedef struct qk_transmission_parts { /* borrowed */
    qk_telemetry *telemetry;
    const qk_registry *registry;
    qk_live *live;
    const char *db_path;
    qk_time in_time_ms; /* 0 = one hour */
    qk_events *events;  /* NULL = nothing is told */
    double low;         /* less effective a day is told; 0 = 0.9 */
} qk_transmission_parts;
QK_NODISCARD qk_code qk_transmission_new(qk_transmission **out, const qk_transmission_parts *parts,
                                         qk_error *err);
void qk_transmission_free(qk_transmission *t);
/* An hour (its start) of a device that counts for nothing: shut down, filed, no fault of its own.
 * fn NULL = none is exempt. Days computed before stay as they are until they are touched. */
typedef bool qk_exempt_fn(void *context, const char *mn, const char *code, qk_time hour);
void qk_transmission_exempt(qk_transmission *t, qk_exempt_fn *fn, void *context);

/* The day of this hour is to be computed again. */
void qk_transmission_touch(qk_transmission *t, const char *mn, qk_time hour);
/* The same for every approved device of the register. */
QK_NODISCARD qk_code qk_transmission_touch_all(qk_transmission *t, qk_time hour, qk_error *err);

QK_NODISCARD qk_code qk_transmission_load(qk_transmission *t, qk_db *db, qk_error *err);
bool qk_transmission_unsaved(const qk_transmission *t);
/* Inside a transaction, before telemetry is flushed: computes what was touched, at most for about
 * budget_ms, and remembers the rest. *more tells that some is left. */
QK_NODISCARD qk_code qk_transmission_save(qk_transmission *t, qk_db *db, qk_time now,
                                          uint32_t budget_ms, bool *more, qk_error *err);
void qk_transmission_settle(qk_transmission *t, bool committed);

/* Any thread, with a connection of its own: days from..to (both included) of a device, rising. */
QK_NODISCARD qk_code qk_transmission_query(qk_transmission_day **out, size_t *n, qk_db *db,
                                           qk_str mn, int32_t from, int32_t to, qk_arena *arena,
                                           qk_error *err);
#endif
