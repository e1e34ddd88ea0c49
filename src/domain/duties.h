/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_DUTIES_H
#define QK_DOMAIN_DUTIES_H
/* Obligations and who owes them: what an issued plan comes to, unit by unit.
 *
 * An obligation's id is that of the plan and its place in it: "2025-1-t3" a task, "-t3-p0" a part,
 * "-t3-i0" an indicator, "-t3-r0" a recurring duty, "-t3-l1" a time limit, "-s0" a safeguard (kind
 * filing when plans are to be filed), "-g0" a target, "-m0" a money rule. A task is the parent of
 * its own. Duties stand at tasks, parts, safeguards and filings; a name for several units
 * (各镇（街道）) owes once for each of them.
 *
 *   duty: sent ─▶ signed | objected ─▶ upheld | released          (objected: still shown, still
 * owed)
 *
 * An amendment is a new version of the row with the day from which it holds: months before that day
 * keep what they had. Writing is for the store thread inside its transaction, reading for any
 * thread with a connection of its own. docs/internals/year.md */
#include "domain/node.h"
#include "domain/people.h"

enum { QK_OBLIGATION_MAX = 48 };

typedef struct qk_issued {
    int64_t obligations, duties;
    qk_str *unresolved; /* names that stand for no unit, in the arena */
    size_t unresolved_n;
} qk_issued;
/* Makes the obligations and duties of a plan that was just issued, the units that it names and
 * nobody knew, its timers, and hands its targets to the air (domain/airtarget.h). Once: a plan that
 * has obligations is refused (QK_EEXIST). */
QK_NODISCARD qk_code qk_duties_issue(qk_issued *out, qk_node *node, qk_db *db, qk_str plan,
                                     qk_str by, qk_time now, qk_arena *arena, qk_error *err);

typedef enum qk_duty_action {
    QK_DUTY_SIGN,
    QK_DUTY_OBJECT,
    QK_DUTY_UPHOLD,
    QK_DUTY_FREE
} qk_duty_action;
/* "sign" "object" "uphold" "release" */
bool qk_duty_action_of(qk_duty_action *out, qk_str name);
typedef struct qk_duty_change {
    qk_str obligation, unit;
    qk_duty_action action;
    qk_str note;  /* needed but for signing */
    int64_t seen; /* highest version of the unit's rows */
} qk_duty_change;
/* All roles of a unit in an obligation and in its parts. An objection opens a case of that kind
 * (domain/cases.h), its decision ends it. QK_ECONFLICT, QK_ENOTFOUND,
 * QK_EUNSUPPORTED for a step that the state does not allow. */
QK_NODISCARD qk_code qk_duties_change(qk_db *db, const qk_duty_change *c, qk_str by, qk_time now,
                                      qk_error *err);

/* What may be changed of an obligation once it is issued. Texts that are {NULL,0} stay. */
typedef struct qk_amendment {
    qk_str obligation;
    qk_str office, campaign, state, op, value, value2, title;
    qk_str measure, binding; /* as qk_measure_check has passed it */
    bool has_due, has_start;
    int32_t due_day, start_day;
    qk_time valid_from;    /* QK_TIME_NONE = now */
    bool keeps_valid_from; /* says more of what holds already: a measure */
    int64_t seen;
} qk_amendment;
QK_NODISCARD qk_code qk_duties_amend(int64_t *version, qk_db *db, const qk_amendment *a, qk_str by,
                                     qk_time now, qk_error *err);

/* ---- filing of subordinate plans ---- */
/* Notes that a unit filed: in time when `now` lies before the end (24:00) of the due day. The file
 * is laid to object "filing/OBLIGATION/UNIT" by the caller. *late tells. QK_ENOTFOUND when the unit
 * owes no such filing. */
QK_NODISCARD qk_code qk_duties_file(bool *late, qk_db *db, qk_str obligation, qk_str unit,
                                    qk_str text, qk_str by, qk_time now, qk_error *err);

/* ---- timers: their handlers, once at start ---- */
QK_NODISCARD qk_code qk_duties_open(qk_node *node, qk_error *err);

/* ---- as JSON ---- */
typedef struct qk_task_filter {
    qk_str plan, unit, role, campaign, office, state, kind; /* empty = any */
    int32_t due_from, due_to;                               /* 0 = any */
    /* Shown only when one of the units that owe it passes; NULL = all. */
    bool (*may)(void *context, qk_str unit);
    void *may_context;
} qk_task_filter;
/* Whether a unit that passes owes something in the obligation or in its task. */
QK_NODISCARD qk_code qk_duties_visible(bool *visible, qk_db *db, qk_str obligation,
                                       const qk_task_filter *f, qk_error *err);
/* Tasks, safeguards and filings (or the kind asked for), in the order of their plan. colour tells
 * each one's colour (domain/year.h) and may be NULL; `only` = only those of this colour. */
typedef const char *qk_task_colour_fn(void *context, qk_str obligation);
QK_NODISCARD qk_code qk_duties_write_tasks(qk_json_writer *w, qk_db *db, const qk_task_filter *f,
                                           qk_task_colour_fn *colour, void *context, qk_str only,
                                           qk_error *err);
/* One with its children, duties, the posts that answer for them at `at`, its versions, and the
 * place in the plan that it came from. */
QK_NODISCARD qk_code qk_duties_write_task(qk_json_writer *w, qk_db *db, const qk_registry *registry,
                                          qk_str obligation, qk_time at, qk_arena *arena,
                                          qk_error *err);
/* Duties in a state ("" = all; "unsigned" = sent and past the time for signing). */
QK_NODISCARD qk_code qk_duties_write_duties(qk_json_writer *w, qk_db *db, const qk_task_filter *f,
                                            qk_error *err);
/* Every unit that owes a filing: filed, late, missing or waiting, as of `now`. */
QK_NODISCARD qk_code qk_duties_write_filings(qk_json_writer *w, qk_db *db, const qk_task_filter *f,
                                             qk_time now, qk_error *err);
#endif
