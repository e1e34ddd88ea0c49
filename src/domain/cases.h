/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_CASES_H
#define QK_DOMAIN_CASES_H
/* Cases: the one closed loop, whatever its cause (docs/internals/cases.md).
 *
 *   found ─dispatch▶ dispatched ─sign▶ signed ─arrive▶ on_site ─feed_back▶ fed_back ─verify▶
 * verified ─close▶ closed; from fed_back `return` leads back to the state before it, from
 * everywhere but closed `withdraw` ends it. Kinds overdue and filing know no on_site. An objection
 * to a task (cause objection/OBLIGATION/UNIT/VERSION) is decided where it was raised: found
 * ─verify▶ verified ─close▶ closed, by the decision alone (`decides`); it has no date.
 *
 * A case of a kind that the setting case.recheck names is not over when it is closed: its state is
 * then `recheck`, due at the end of the day case.recheck_days later. From that day on `held` ends
 * it; `relapsed`, at any time, dispatches it again with a reply date and one more to its count.
 *
 * A state is never skipped. Steps are only ever added. A cause makes a case once, however often it
 * is met. A dispatched case has a reply date, kept by a durable timer; each date that passes
 * without feedback is a miss, which proposes a rung of the ladder of consequences and sets the next
 * date; a case has one undecided proposal at most, and above the first rung that needs a county
 * leader it climbs only when the rung below was approved. Nobody is punished by the program: a
 * consequence needs persons who approve it, up to `talk` the office's director, from `inspect`
 * upwards a county leader too, who is another person.
 *
 * Settings: case.reply_workdays (5); case.rungs ("talk inspect fund approval_stop account": what
 * the second, third … miss proposes); case.recheck ("park_over loose_coal hotspot hot_cell");
 * case.recheck_days (30 calendar days) and, of one kind, case.recheck_days.KIND (hotspot: 1).
 * Writing is for the store thread inside a transaction, reading for any thread with a connection of
 * its own. */
#include "base/json.h"
#include "domain/scheduler.h"

enum { QK_CASE_ID_MAX = 24, QK_CASE_TEXT_MAX = 4000 };

/* The timers of cases; before the first firing. */
QK_NODISCARD qk_code qk_cases_handle(qk_scheduler *s);

typedef struct qk_case_new {
    qk_str kind;   /* overdue filing objection … */
    qk_str cause;  /* makes it once, e.g. "overdue/O12/deadline" */
    qk_str object; /* what it is about, e.g. "obligation/O12" */
    qk_str unit, site, title, text;
    bool dispatch; /* at once; else it waits as `found` */
} qk_case_new;
/* *made false: the cause has its case already, whose id is given. A title beyond 500 bytes is cut.
 */
QK_NODISCARD qk_code qk_case_open(char id[QK_CASE_ID_MAX], bool *made, qk_db *db, qk_scheduler *s,
                                  const qk_case_new *what, qk_str by, qk_time now, qk_error *err);

typedef struct qk_case_act {
    qk_str action; /* dispatch sign arrive feed_back verify return close held relapsed withdraw note
                      link */
    qk_str text;   /* needed for feed_back, return, held, relapsed, withdraw, note */
    qk_str evidence;  /* JSON array of files' SHA-256; empty = none */
    qk_str other;     /* of link: the other case */
    qk_str who, unit; /* who acts, and for which unit */
    int64_t seen;     /* version its author saw, -1 = any */
    bool decides;     /* an objection: comes from the decision on the duty */
} qk_case_act;
/* QK_EDENIED for a step that would skip a state, with what may come next; QK_EINVAL, QK_ENOTFOUND,
 * QK_ECONFLICT. Who feeds back may neither verify nor say `held`. */
QK_NODISCARD qk_code qk_case_step(qk_db *db, qk_scheduler *s, qk_str id, const qk_case_act *act,
                                  qk_time now, qk_error *err);

typedef struct qk_case_filter {
    qk_str kind, state, unit, object, cause; /* empty = any; state "open": not closed, withdrawn */
    qk_time late_at;                         /* only those whose date has passed then; NONE = all */
    qk_str after;                            /* id of the last one seen; empty = from the newest */
    size_t limit;                            /* at most 1,000 */
    /* Whether cases of this unit are shown to who asks, and counted in total; NULL = all are. */
    bool (*may)(void *context, qk_str unit);
    void *may_context;
} qk_case_filter;
/* {"items":[…],"next","total"}; newest first. */
QK_NODISCARD qk_code qk_cases_write_list(qk_json_writer *w, qk_db *db, const qk_case_filter *filter,
                                         qk_error *err);
/* The unit of a case, cut to fit, and whether it is an order on paper (overdue, filing, objection),
 * which the office that gave it verifies and closes. QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_case_unit(char out[64], bool *desk, qk_db *db, qk_str id, qk_error *err);
/* The case with its steps, consequences and linked cases. QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_cases_write_one(qk_json_writer *w, qk_db *db, qk_str id, qk_error *err);

/* ---- the ladder ---- */
typedef enum qk_rung {
    QK_RUNG_REMIND,
    QK_RUNG_NOTICE,
    QK_RUNG_TALK,
    QK_RUNG_INSPECT,
    QK_RUNG_FUND,
    QK_RUNG_APPROVAL_STOP,
    QK_RUNG_ACCOUNT,
    QK_RUNGS
} qk_rung;
const char *qk_rung_name(qk_rung rung); /* "remind" … "account" */
bool qk_rung_find(qk_rung *out, qk_str name);
/* Whether it needs a county leader beside the director. */
bool qk_rung_needs_leader(qk_rung rung);

enum { QK_CONSEQUENCE_ID_MAX = QK_CASE_ID_MAX + 24 };
/* Proposes a rung for a unit; what was proposed below it and is undecided becomes `replaced`.
 * QK_EEXIST when the case proposes it already. */
QK_NODISCARD qk_code qk_consequence_propose(char id[QK_CONSEQUENCE_ID_MAX], qk_db *db,
                                            qk_str case_id, qk_str unit, qk_rung rung, qk_str text,
                                            qk_str by, qk_time now, qk_error *err);
typedef enum qk_approver { QK_APPROVER_NONE, QK_APPROVER_DIRECTOR, QK_APPROVER_LEADER } qk_approver;
typedef struct qk_consequence_act {
    qk_str action;        /* approve refuse execute lift */
    qk_str who;           /* a named person */
    qk_approver approver; /* what the one who acts may approve */
    qk_str text;          /* needed for refuse and execute */
    qk_time lift_at;      /* of execute: when it is lifted by itself; NONE = by a person */
    int64_t seen;         /* -1 = any */
} qk_consequence_act;
/* QK_EDENIED: not approved, not the one who may, the same person twice. */
QK_NODISCARD qk_code qk_consequence_step(qk_db *db, qk_scheduler *s, qk_str id,
                                         const qk_consequence_act *act, qk_time now, qk_error *err);
/* {"items":[…]}; of the filter unit, state (empty = any) and may are looked at. Newest first, at
 * most 1,000. */
QK_NODISCARD qk_code qk_consequences_write_list(qk_json_writer *w, qk_db *db,
                                                const qk_case_filter *filter, qk_error *err);
#endif
