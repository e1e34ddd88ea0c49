/* SPDX-License-Identifier: Apache-2.0 */
#include "web/admit.h"
#include "web/context.h"
#include <sodium.h>

static const qk_str no_unit = {NULL, 0};

const char *qk_session_cookie(bool secure)
{
    return secure ? "__Host-qingkong" : "qingkong";
}

/* Value of a cookie: RFC 6265 5.4, "a=b; c=d". */
static qk_str cookie_of(const qk_head *head, const char *name)
{
    qk_str rest = qk_head_get(head, "Cookie");
    while (rest.len) {
        qk_str value = qk_str_trim(qk_str_cut(&rest, ';'));
        if (qk_str_eq(qk_str_cut(&value, '='), qk_str_of(name))) return value;
    }
    return no_unit;
}

/* ---- who ---- */

static qk_verdict admit_key(qk_exchange *x, qk_str header)
{
    qk_auth_role role = QK_ROLE_NONE;
    switch (
        qk_auth_check(x->context->auth, &role, header, qk_str_of(x->address), qk_monotonic_ms())) {
    case QK_AUTH_GOOD: break;
    case QK_AUTH_MISSING: return (qk_verdict){401, "no_key"};
    case QK_AUTH_HELD_OFF: return (qk_verdict){429, "too_many_failures"};
    case QK_AUTH_WRONG:
        qk_log_limited(x->context->log, QK_LOG_WARN, "web", qk_hash(x->address, strlen(x->address)),
                       "a wrong key came from %s", x->address);
        return (qk_verdict){401, "wrong_key"};
    }
    static const qk_rights_role rights[QK_ROLES] = {[QK_ROLE_OPERATOR] = QK_R_OPERATOR,
                                                    [QK_ROLE_ADMIN] = QK_R_ADMIN,
                                                    [QK_ROLE_ACCOUNTS] = QK_R13_SEC};
    if (role == QK_ROLE_ACCOUNTS && !qk_address_is_loopback(qk_str_of(x->address)))
        return (qk_verdict){401, "wrong_key"};
    qk_str_copy(x->who, sizeof x->who, qk_str_of(qk_auth_role_name(role)));
    x->actor.kind = QK_ACTOR_KEY;
    qk_actor_add(&x->actor, rights[role], no_unit);
    return (qk_verdict){0};
}

static void add_role(qk_actor *actor, const qk_account_role *have)
{
    qk_rights_role role;
    if (!have->granted || !qk_rights_role_parse(&role, qk_str_of(have->role))) return;
    qk_actor_add(actor, role, qk_str_of(have->unit[0] ? have->unit : actor->unit));
}

bool qk_actor_of_session(qk_actor *actor, const qk_registry *r, const qk_session *session,
                         qk_arena *arena)
{
    qk_account account;
    qk_account_role *roles = NULL;
    size_t n = 0;
    *actor = (qk_actor){.kind = QK_ACTOR_DEMO};
    memcpy(actor->session, session->id, sizeof actor->session);
    memcpy(actor->account, session->account, sizeof actor->account);
    if (session->demo) {
        memcpy(actor->unit, session->role.unit, sizeof actor->unit);
        qk_actor_add(actor, session->role.role, qk_str_of(session->role.unit));
        return true;
    }
    if (!qk_people_account(r, &account, qk_str_of(session->account)) || !account.enabled)
        return false;
    actor->kind = QK_ACTOR_ACCOUNT;
    actor->must_change = session->must_change;
    memcpy(actor->person, account.person, sizeof actor->person);
    memcpy(actor->unit, account.unit, sizeof actor->unit);
    memcpy(actor->name, account.name, sizeof actor->name);
    if (qk_people_roles(r, arena, qk_str_of(session->account), &roles, &n) != QK_OK) return false;
    for (size_t i = 0; i < n; i++) add_role(actor, &roles[i]);
    return true;
}

/* A page sends with each change what only its own script can have read. */
static bool has_csrf(const qk_head *head, qk_str token)
{
    char want[QK_SESSION_CSRF];
    qk_str sent = qk_head_get(head, "X-CSRF-Token");
    qk_session_csrf(want, token);
    return sent.len == sizeof want - 1 && sodium_memcmp(sent.ptr, want, sent.len) == 0;
}

static bool admit_session(qk_exchange *x, qk_str token)
{
    qk_session session;
    const qk_registry *r = qk_node_registry(x->context->node);
    if (!token.len) return false;
    if (!qk_sessions_find(x->context->sessions, &session, token, qk_context_wall(x->context)))
        return false;
    if (!qk_actor_of_session(&x->actor, r, &session, &x->arena)) {
        x->actor = (qk_actor){0};
        return false;
    }
    qk_session_csrf(x->csrf, token);
    snprintf(x->who, sizeof x->who, "%s", session.account);
    return true;
}

/* ---- nobody ---- */

static void admit_nobody(qk_exchange *x)
{
    qk_node *node = x->context->node;
    bool any = qk_people_any_account(qk_node_registry(node));
    bool here = qk_address_is_loopback(qk_str_of(x->address));
    if (qk_node_invented(node) || (!any && here)) qk_actor_add(&x->actor, QK_R14, no_unit);
    if (qk_node_invented(node) || any || here) qk_actor_add(&x->actor, QK_R12, no_unit);
}

/* ---- the route ---- */

static qk_verdict refuse_action(const qk_exchange *x)
{
    if (x->actor.kind == QK_ACTOR_KEY && x->actor.roles[0].role == QK_R_OPERATOR &&
        x->route->action != QK_ACT_SELF && qk_rights_role_scope(QK_R_ADMIN, x->route->action))
        return (qk_verdict){403, "needs_admin"};
    if (x->actor.kind != QK_ACTOR_NOBODY) return (qk_verdict){403, "denied"};
    bool any = qk_people_any_account(qk_node_registry(x->context->node));
    return (qk_verdict){401, any || x->route->action == QK_ACT_SELF ? "login_needed" : "no_key"};
}

/* A demo is everybody's; a test instance is until it has accounts. */
static qk_verdict judge_demo(const qk_exchange *x)
{
    const qk_node *node = x->context->node;
    if (!qk_node_demo(node)) return (qk_verdict){403, "not_demo"};
    bool open = qk_node_invented(node) ||
                !qk_people_any_account(qk_node_registry(x->context->node)) ||
                qk_actor_scope(&x->actor, QK_ACT_SYSTEM) != QK_SCOPE_NONE;
    qk_verdict pass = {0}, refusal = {401, "login_needed"};
    return open ? pass : refusal;
}

static qk_verdict judge_action(const qk_exchange *x)
{
    qk_action action = x->route->action;
    if (action == QK_ACT_OPEN) return (qk_verdict){0};
    if (action == QK_ACT_DEMO) return judge_demo(x);
    if (action == QK_ACT_SELF && x->actor.kind < QK_ACTOR_ACCOUNT) return refuse_action(x);
    if (x->actor.must_change && action != QK_ACT_SELF) return (qk_verdict){403, "must_change"};
    if (qk_actor_scope(&x->actor, action) == QK_SCOPE_NONE) return refuse_action(x);
    return (qk_verdict){0};
}

/* What everybody may read is not kept from him who sends a wrong key. */
static qk_verdict unless_open(const qk_exchange *x, qk_verdict refusal)
{
    qk_verdict open = judge_action(x);
    return open.status ? refusal : open;
}

qk_verdict qk_admit(qk_exchange *x, const qk_head *head, qk_str host, bool local)
{
    bool change = x->method != QK_GET;
    qk_str header = qk_head_get(head, "Authorization");
    x->secure = local && qk_str_eq(qk_head_get(head, "X-Forwarded-Proto"), QK_STR("https"));
    qk_str agent = qk_head_get(head, "User-Agent");
    qk_str_copy(x->agent, sizeof x->agent, agent.len && qk_utf8_valid(agent) ? agent : no_unit);
    if ((change || qk_route_needs_key(x->route)) &&
        !qk_origin_is_own(qk_head_get(head, "Origin"), host, qk_head_get(head, "Sec-Fetch-Site")))
        return (qk_verdict){403, "cross_origin"};
    if (header.len) {
        qk_verdict v = admit_key(x, header);
        if (!v.status) return judge_action(x);
        admit_nobody(x);
        return change ? v : unless_open(x, v);
    } else {
        qk_str token = cookie_of(head, qk_session_cookie(x->secure));
        if (!admit_session(x, token)) admit_nobody(x);
        if (change && x->actor.kind >= QK_ACTOR_ACCOUNT && x->route->action != QK_ACT_OPEN &&
            !has_csrf(head, token))
            return (qk_verdict){403, "csrf"};
    }
    return judge_action(x);
}

bool qk_admit_may_log_in(const qk_exchange *x)
{
    return x->secure || qk_address_is_loopback(qk_str_of(x->address));
}
