/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_RIGHTS_H
#define QK_WEB_RIGHTS_H
/* Who asks, and whether he may: the table of domain/people.h applied to a request.
 *
 * The server answers for the action: a route names one, and a request of somebody whom the table
 * gives no scope for it never reaches the handler. The handler answers for the rows: where it gives
 * or changes rows of units it asks qk_rights_may for each.
 *
 *     for (size_t i = 0; i < n; i++) {
 *         if (!qk_rights_may(x, QK_ACT_TASK_VIEW, qk_str_of(tasks[i].unit))) continue;
 *         write_task(&x->json, &tasks[i]);
 *     }
 *
 * and before a change: QK_TRY(qk_rights_need(x, QK_ACT_TASK_ANSWER, qk_str_of(duty.unit), err));
 * A single row that may not be seen is answered as one that is not there (404), so that its id says
 * nothing. Threads: that of the exchange. */
#include "domain/people.h"

typedef struct qk_exchange qk_exchange;

enum { QK_ACTOR_ROLES = 8 };

typedef enum qk_actor_kind {
    QK_ACTOR_NOBODY,  /* not logged in */
    QK_ACTOR_KEY,     /* a key of a script */
    QK_ACTOR_ACCOUNT, /* a session */
    QK_ACTOR_DEMO     /* a role taken on a demo */
} qk_actor_kind;

typedef struct qk_actor_role {
    qk_rights_role role;
    char unit[QK_CODE_MAX]; /* whose rows; empty = none are own */
} qk_actor_role;

typedef struct qk_actor {
    qk_actor_kind kind;
    char account[QK_CODE_MAX];
    char person[QK_CODE_MAX];
    char unit[QK_CODE_MAX];
    char name[QK_NAME_MAX];
    char session[QK_CODE_MAX]; /* its id, not its token */
    bool must_change;          /* a new password is needed before anything else */
    uint32_t role_count;
    qk_actor_role roles[QK_ACTOR_ROLES];
} qk_actor;

/* The widest scope that any of the actor's roles gives. */
qk_scope qk_rights_scope(const qk_exchange *x, qk_action action);
/* May the actor do this with a row of `unit`? A row of no unit ({NULL,0} or empty) belongs to the
 * whole county and is nobody's own. */
bool qk_rights_may(const qk_exchange *x, qk_action action, qk_str unit);
/* The same for a row that stands at a place: the division of the actor's unit holds it, or an
 * enterprise owns the site. */
bool qk_rights_may_site(const qk_exchange *x, qk_action action, const qk_site *site);
bool qk_rights_may_device(const qk_exchange *x, qk_action action, qk_str mn);
/* Of somebody with own rows alone: the site or device that the path or the query names must be his;
 * QK_ENOTFOUND. Asked before the handler runs; lists are the handler's. */
QK_NODISCARD qk_code qk_rights_check_row(qk_exchange *x, qk_error *err);
/* Two who see the same have the same number; part of what an answer is kept by. */
uint64_t qk_rights_view(const qk_exchange *x);
/* QK_OK, or refuses with 403 "denied". */
QK_NODISCARD qk_code qk_rights_need(qk_exchange *x, qk_action action, qk_str unit, qk_error *err);
/* For tests and for what acts without a request. */
qk_scope qk_actor_scope(const qk_actor *actor, qk_action action);
bool qk_actor_may(const qk_registry *r, const qk_actor *actor, qk_action action, qk_str unit);
bool qk_actor_may_site(const qk_registry *r, const qk_actor *actor, qk_action action,
                       const qk_site *site);
/* A row that names a device, or else a site; one that names neither is the whole county's. */
bool qk_actor_may_row(const qk_registry *r, const qk_actor *actor, qk_action action, qk_str mn,
                      qk_str site);
void qk_actor_add(qk_actor *actor, qk_rights_role role, qk_str unit);
#endif
