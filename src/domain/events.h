/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_EVENTS_H
#define QK_DOMAIN_EVENTS_H
/* Events: things that happened at a moment, with what shows them.
 *
 * An event is raised into memory, written with the store thread's next transaction and published to
 * the feed once that is safe. `key` makes it once, however often its cause is met (after a crash
 * the journal is read again). Its text stands in the message table as "event.<kind>"; params is a
 * flat JSON object whose members fill it.
 *
 * Kinds raised on this floor: device_online device_silent device_offline device_boot device_info
 * device_alarm clock_skew time_implausible content_unreadable content_encrypted history_changed
 * device_parked device_unparked value_constant value_zero value_range hours_missing journal_damaged
 * events_suppressed transmission_low duty_unsigned filing_missing appeals_closed
 * hotspot. */
#include "base/json.h"
#include "domain/live.h"
#include "store/db.h"

typedef enum qk_severity {
    QK_SEVERITY_INFO,
    QK_SEVERITY_NOTICE,
    QK_SEVERITY_WARNING,
    QK_SEVERITY_ALARM
} qk_severity;
const char *qk_severity_name(qk_severity severity);

/* Some events begin a state: a device is silent, off line, waits for approval. Open while it lasts;
 * the others are moments. */
typedef enum qk_event_state { QK_EVENT_MOMENT, QK_EVENT_OPEN, QK_EVENT_OVER } qk_event_state;

typedef struct qk_event {
    int64_t id; /* given when written */
    qk_time at, recorded_at;
    char kind[40];
    char site[QK_CODE_MAX], mn[QK_MN_MAX];
    qk_severity severity;
    qk_event_state state; /* when it was asked; passed over when raised */
    uint64_t journal_pos; /* UINT64_MAX = none */
    const char *key;      /* NULL = none */
    const char *params;   /* JSON object; NULL = {} */
} qk_event;

/* ---- raising: store thread ---- */
typedef struct qk_events qk_events;
QK_NODISCARD qk_code qk_events_new(qk_events **out, qk_live *live);
void qk_events_free(qk_events *events);
/* Copies. QK_EFULL when 65,536 wait to be written: the caller stops and comes back. */
QK_NODISCARD qk_code qk_events_raise(qk_events *events, const qk_event *event);
/* Room for n more. */
bool qk_events_room(const qk_events *events, size_t n);
/* What was raised since a mark is forgotten (a command that failed, a lost transaction). */
size_t qk_events_mark(const qk_events *events);
void qk_events_rewind(qk_events *events, size_t mark);
size_t qk_events_waiting(const qk_events *events);
/* Writes all that wait, inside the caller's transaction. */
QK_NODISCARD qk_code qk_events_write(qk_events *events, qk_db *db, qk_error *err);
/* Those of the last write that were not there before; start with *cursor = 0; NULL at the end. */
const qk_event *qk_events_fresh(const qk_events *events, size_t *cursor);
/* committed: publishes what was new and forgets; otherwise everything waits for the next write. */
void qk_events_settle(qk_events *events, bool committed);

/* ---- asking: any thread, with a database connection of its own ---- */
typedef struct qk_event_filter {
    qk_str kind, site, mn; /* empty = any */
    qk_severity least;
    qk_event_state state; /* QK_EVENT_MOMENT = any */
    qk_time from, to;     /* of `at`; QK_TIME_NONE = open */
    int64_t before_id;    /* 0 = from the newest */
    size_t limit;         /* at most 1,000 */
} qk_event_filter;
/* Newest first; strings in the arena. */
QK_NODISCARD qk_code qk_events_query(qk_event **out, size_t *n, qk_db *db,
                                     const qk_event_filter *filter, qk_arena *arena, qk_error *err);
/* How many there are, before_id and limit left out of account; counting ends at `most`. */
QK_NODISCARD qk_code qk_events_count(int64_t *count, qk_db *db, const qk_event_filter *filter,
                                     int64_t most, qk_error *err);
/* {"id","at","recorded_at","kind","severity","state","site","mn","zh","en","params","position"} */
void qk_event_json(qk_json_writer *w, const qk_event *event);
#endif
