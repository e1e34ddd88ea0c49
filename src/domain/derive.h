/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_DERIVE_H
#define QK_DOMAIN_DERIVE_H
/* Derived hours and days: minutes (2051), or real-time values where an hour has no minutes, become
 * hours; hours (2061 where sent, else derived) become days. The arithmetic is domain/gather.h.
 *
 * Rows of the streams DERIVED_HOUR and DERIVED_DAY stand under the start of their interval,
 * whatever style the device writes, and are recorded when their last part was: so they are a
 * function of the stored rows alone, and "as known at T" holds for them too. A part that comes late
 * or changes makes its hour dirty; the hour is computed again and the older value kept as a
 * revision.
 *
 * When: an hour is computed as soon as a row of a later hour comes in order, else 2 minutes after
 * its end; a late change once its device has been quiet for a minute; a day 10 minutes after its
 * end, or two minutes after the last of its hours that came late. Time here is that of the records,
 * which the clock pushes on when nothing comes.
 *
 * An hour gathered in order is computed from what was added up on the way; all others from stored
 * rows. Both give the same. What is dirty, and what is computed but perhaps not packed, stands in
 * derived_dirty, so that a crash loses no hour. Store thread. */
#include "domain/events.h"
#include "domain/live.h"
#include "store/telemetry.h"

typedef struct qk_derive qk_derive;
typedef struct qk_derive_device qk_derive_device;

typedef struct qk_derive_parts { /* borrowed */
    qk_telemetry *telemetry;
    const qk_registry *registry;
    qk_live *live;
    qk_events *events;
    qk_log *log;
    const char *db_path;
    qk_time constant_ms; /* a value unchanged so long is told where no rule says otherwise
                            (domain/still.h); 0 = 3 hours */
} qk_derive_parts;

QK_NODISCARD qk_code qk_derive_new(qk_derive **out, const qk_derive_parts *parts, qk_error *err);
void qk_derive_free(qk_derive *d);

/* A device; lives as long as d. Call before the first row of one of its streams is appended. */
QK_NODISCARD qk_code qk_derive_device_get(qk_derive_device **out, qk_derive *d, qk_str mn,
                                          qk_error *err);
/* A row was appended with this result. recorded is the time of its record. */
QK_NODISCARD qk_code qk_derive_row(qk_derive *d, qk_derive_device *device, qk_stream_kind kind,
                                   qk_time time, qk_time recorded, const qk_cell *cells, size_t n,
                                   qk_append_result result, qk_error *err);
/* A record of this time is about to be taken in (or nothing has come by then): computes what is
 * due. Stops after about budget_ms; *more (may be NULL) then. QK_EFULL: telemetry must be flushed
 * first. */
QK_NODISCARD qk_code qk_derive_advance(qk_derive *d, qk_time now, uint32_t budget_ms, bool *more,
                                       qk_error *err);
/* Cheap: whether qk_derive_advance would do something. */
bool qk_derive_due(const qk_derive *d, qk_time now);
/* Journal position that derived rows are tied to. */
void qk_derive_at(qk_derive *d, uint64_t journal_pos);
/* Hours before these instants are not computed again: their minutes (real-time values) may have
 * been deleted. QK_TIME_NONE = all are kept. */
void qk_derive_keep(qk_derive *d, qk_time minutes_from, qk_time moments_from);
/* Marks an hour (its start) for computing again, as after a change of the register. */
QK_NODISCARD qk_code qk_derive_again(qk_derive *d, qk_derive_device *device, qk_time hour,
                                     qk_error *err);

/* ---- tables ---- */
QK_NODISCARD qk_code qk_derive_load(qk_derive *d, qk_db *db, qk_error *err);
bool qk_derive_unsaved(const qk_derive *d);
QK_NODISCARD qk_code qk_derive_save(qk_derive *d, qk_db *db, qk_error *err);
/* After the flush: forgets rows that are computed and packed. */
QK_NODISCARD qk_code qk_derive_prune(qk_derive *d, qk_db *db, uint64_t needed_from, qk_error *err);
void qk_derive_settle(qk_derive *d, bool committed);

typedef struct qk_derive_stats {
    uint64_t hours, hours_in_order, days, revisions;
    size_t waiting; /* dirty hours and days */
} qk_derive_stats;
void qk_derive_stats_get(const qk_derive *d, qk_derive_stats *out); /* store thread */

/* Told of each hour row, sent or derived, that came or changed: (device, start of the hour). */
typedef void qk_hour_fn(void *context, const char *mn, qk_time hour);
void qk_derive_on_hour(qk_derive *d, qk_hour_fn *fn, void *context);
#endif
