/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_ADMIT_H
#define QK_WEB_ADMIT_H
/* Who sends a request, and whether its route is for him: keys, session cookies, nobody; the origin
 * of changes. What may be seen of the rows is the handler's (web/rights.h).
 *
 *   Authorization ──▶ key of a script
 *   cookie ─────────▶ session ─▶ account, its roles
 *   neither ────────▶ a demo: everything to read; before the first account: everything to read, on
 *                     this machine; else what is public
 *
 * Threads: the server's own; memory alone is touched. */
#include "web/exchange.h"
#include "web/guard.h"
#include "web/sessions.h"

typedef struct qk_verdict {
    int32_t status; /* 0 = go on */
    const char *code;
} qk_verdict;

/* Fills x->actor, x->who, x->secure, x->token_kind and says whether the route may be run. local:
 * the connection itself comes from this machine. */
qk_verdict qk_admit(qk_exchange *x, const qk_head *head, qk_str host, bool local);

/* Name of the cookie: with the prefix that binds it to TLS and this host where there is TLS. */
const char *qk_session_cookie(bool secure);
/* Makes the actor of a session: its account as it stands now; false when that is gone or disabled.
 */
bool qk_actor_of_session(qk_actor *actor, const qk_registry *r, const qk_session *session,
                         qk_arena *arena);
/* May this client be given a session? Over TLS, or on this machine. */
bool qk_admit_may_log_in(const qk_exchange *x);
#endif
