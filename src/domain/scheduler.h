/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_SCHEDULER_H
#define QK_DOMAIN_SCHEDULER_H
/* Durable timers: a row each, fired in order of their due time, once, after a restart too.
 *
 * A handler runs in the store thread's transaction, and the mark "fired" is written in the same
 * one: what a timer does and that it has fired become true together. (kind, key) is given once: to
 * set the same timer again changes nothing, so what is computed again after a crash sets no second
 * one. When the clock of a demo jumps, every timer in between fires at its own time.
 *
 * A handler that fails is undone alone and tried again after 1, 2, 4 … 60 minutes of the instance's
 * clock, while other timers go on. A timer of a kind that has no handler waits for a program that
 * has one. Store thread, except where told. */
#include "domain/worktime.h"
#include "store/db.h"

typedef struct qk_scheduler qk_scheduler;
typedef struct qk_node qk_node;

typedef struct qk_timer {
    int64_t id;
    qk_time due_at;
    const char *kind, *key, *payload; /* good during the call */
    int32_t attempts;                 /* failed ones before */
} qk_timer;
typedef qk_code qk_timer_fn(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                            qk_error *err);

typedef enum qk_work_unit {
    QK_UNIT_MINUTES,
    QK_UNIT_HOURS,
    QK_UNIT_WORKHOURS,
    QK_UNIT_WORKDAYS
} qk_work_unit;

/* db borrowed; node is handed to handlers and may be NULL in tests. Reads the calendar. */
QK_NODISCARD qk_code qk_scheduler_new(qk_scheduler **out, qk_db *db, qk_node *node, qk_log *log,
                                      qk_error *err);
void qk_scheduler_free(qk_scheduler *s);
/* At start, before the first firing; kind must be a constant. QK_EFULL beyond 64 kinds. */
QK_NODISCARD qk_code qk_scheduler_handle(qk_scheduler *s, const char *kind, qk_timer_fn *fn,
                                         void *context);

/* Fires once at `due`. QK_EEXIST when (kind, key) was set before, fired or not: nothing changes. */
QK_NODISCARD qk_code qk_scheduler_at(qk_scheduler *s, const char *kind, qk_str key, qk_time due,
                                     qk_str payload, qk_error *err);
/* Fires when amount units have passed since start; a timer in working time follows the calendar
 * when that changes. */
QK_NODISCARD qk_code qk_scheduler_after(qk_scheduler *s, const char *kind, qk_str key,
                                        qk_time start, int64_t amount, qk_work_unit unit,
                                        qk_str payload, qk_error *err);
/* Fires at every occurrence of a rule (domain/recur.h) after `from`. Set again with the same rule
 * it keeps its place; with another it goes on with that. */
QK_NODISCARD qk_code qk_scheduler_every(qk_scheduler *s, const char *kind, qk_str key,
                                        const char *rule, qk_time from, qk_str payload,
                                        qk_error *err);
/* QK_ENOTFOUND when no such timer waits. */
QK_NODISCARD qk_code qk_scheduler_cancel(qk_scheduler *s, const char *kind, qk_str key,
                                         qk_error *err);

/* The earliest time at which there is something to do; INT64_MAX = nothing waits. */
qk_time qk_scheduler_next(qk_scheduler *s);
/* Fires the earliest timer that is due at `now`, inside the caller's transaction. *fired false when
 * none is. A failed handler is no failure here, unless the transaction was lost with it. */
QK_NODISCARD qk_code qk_scheduler_fire_one(qk_scheduler *s, qk_time now, bool *fired,
                                           qk_error *err);
/* After the caller's transaction was rolled back. */
void qk_scheduler_undone(qk_scheduler *s);
/* Forgets once-timers that fired before `before` (their keys may then be set again). */
QK_NODISCARD qk_code qk_scheduler_forget(qk_scheduler *s, qk_time before, qk_error *err);

/* ---- the calendar ---- */
/* A holiday or make-up workday; name and source (the notice's number) for people. Timers in working
 * time are computed again. */
QK_NODISCARD qk_code qk_scheduler_set_day(qk_scheduler *s, int32_t day, bool working, qk_str name,
                                          qk_str source, qk_str by, qk_time now, qk_error *err);
/* Hours of work, as qk_worktime_hours; kept as setting "worktime.hours". */
QK_NODISCARD qk_code qk_scheduler_set_hours(qk_scheduler *s, qk_str hours, qk_str by, qk_time now,
                                            qk_error *err);
/* Store thread; good until the calendar changes. */
const qk_worktime *qk_scheduler_worktime(const qk_scheduler *s);
#endif
