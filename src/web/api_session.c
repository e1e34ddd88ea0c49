/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in and out, who one is, the own sessions; roles taken on a demo. */
#include "domain/login.h"
#include "web/admit.h"
#include "web/api.h"
#include "web/change.h"
#include "web/login.h"
#include <sodium.h>

static qk_registry *registry_of(const qk_exchange *x)
{
    return qk_node_registry(x->context->node);
}

/* ---- who one is ---- */

static void write_roles(qk_json_writer *w, const qk_actor *actor)
{
    qk_json_key(w, "roles");
    qk_json_array(w);
    for (uint32_t i = 0; i < actor->role_count; i++) {
        qk_json_object(w);
        qk_json_kcstr(w, "role", qk_rights_role_name(actor->roles[i].role));
        qk_json_ktext(w, "unit", actor->roles[i].unit);
        qk_json_end(w);
    }
    qk_json_end(w);
}

static void write_actions(qk_json_writer *w, const qk_actor *actor)
{
    qk_json_key(w, "actions");
    qk_json_object(w);
    for (int a = 0; a < QK_ACTIONS; a++) {
        qk_scope scope = qk_actor_scope(actor, (qk_action)a);
        if (scope != QK_SCOPE_NONE)
            qk_json_kcstr(w, qk_action_name((qk_action)a), scope == QK_SCOPE_ALL ? "all" : "own");
    }
    qk_json_end(w);
}

static bool has_totp(const qk_exchange *x)
{
    qk_secret secret;
    bool has = x->actor.kind == QK_ACTOR_ACCOUNT && x->tools &&
               qk_secret_get(&secret, x->tools->db, qk_str_of(x->actor.account), NULL) == QK_OK &&
               secret.totp[0];
    qk_secret_wipe(&secret);
    return has;
}

static void write_session(qk_exchange *x)
{
    static const char *const kinds[] = {"nobody", "key", "account", "demo"};
    qk_json_writer *w = &x->json;
    qk_unit unit;
    bool in_unit = qk_people_unit(registry_of(x), &unit, qk_str_of(x->actor.unit));
    qk_json_object(w);
    qk_json_kcstr(w, "kind", kinds[x->actor.kind]);
    qk_json_ktext(w, "account", x->actor.account);
    qk_json_ktext(w, "name", x->actor.name);
    qk_json_ktext(w, "person", x->actor.person);
    qk_json_ktext(w, "unit", x->actor.unit);
    qk_json_kcstr(w, "unit_zh", in_unit ? unit.name_zh : NULL);
    qk_json_kcstr(w, "unit_en", in_unit && unit.name_en[0] ? unit.name_en : NULL);
    write_roles(w, &x->actor);
    write_actions(w, &x->actor);
    qk_json_ktext(w, "csrf", x->csrf);
    qk_json_kbool(w, "must_change", x->actor.must_change);
    qk_json_kbool(w, "totp", has_totp(x));
    qk_json_kcstr(w, "profile",
                  qk_password_profile_name(x->tools ? qk_password_profile_get(x->tools->db)
                                                    : QK_PASSWORD_MLPS));
    qk_json_kbool(w, "demo", qk_node_invented(x->context->node));
    qk_json_kbool(w, "accounts", qk_people_any_account(registry_of(x)));
    qk_json_end(w);
}

qk_code qk_api_session(qk_exchange *x, qk_error *err)
{
    (void)err;
    write_session(x);
    return QK_OK;
}

/* ---- the cookie ---- */

static void give_cookie(qk_exchange *x, const char *token)
{
    snprintf(x->set_cookie, sizeof x->set_cookie, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s",
             qk_session_cookie(x->secure), token, x->secure ? "; Secure" : "",
             token[0] ? "" : "; Max-Age=0");
}

/* Answers with the session that has begun. The one before ends: an id never outlives a login. */
static qk_code answer_session(qk_exchange *x, const qk_session *session, char *token, qk_error *err)
{
    qk_time now = qk_context_wall(x->context);
    if (x->actor.session[0])
        (void)qk_sessions_end(x->context->sessions, qk_str_of(x->actor.session), "logout", now);
    if (!qk_actor_of_session(&x->actor, registry_of(x), session, &x->arena))
        return qk_fail(err, QK_ENOTFOUND, "the account is gone");
    give_cookie(x, token);
    qk_session_csrf(x->csrf, qk_str_of(token));
    sodium_memzero(token, QK_SESSION_TOKEN);
    write_session(x);
    return QK_OK;
}

static void begin_session(const qk_exchange *x, qk_session *session)
{
    memcpy(session->address, x->address, sizeof session->address);
    memcpy(session->agent, x->agent, sizeof session->agent);
}

/* ---- logging in ---- */

typedef struct login {
    qk_exchange *x;
    qk_str account, password, code;
    qk_secret secret;
    bool known;
    qk_login verdict;
    qk_session session;
} login;

/* Names that no account has are locked like the others, so that a lock tells nothing. */
static void load_unknown(login *l)
{
    uint64_t packed = 0;
    (void)qk_map_get(l->x->context->unknown, l->account, &packed);
    l->secret = (qk_secret){.failed = (int64_t)(packed >> 44),
                            .locked_until = (qk_time)(packed & (((uint64_t)1 << 44) - 1))};
}

static void keep_unknown(const login *l)
{
    qk_context *c = l->x->context;
    int64_t failed = l->secret.failed < 1000 ? l->secret.failed : 1000;
    uint64_t packed = (uint64_t)failed << 44 | (uint64_t)l->secret.locked_until;
    qk_map *fresh = NULL;
    if (qk_map_set(c->unknown, l->account, packed) == QK_OK) return;
    if (qk_map_new(&fresh, QK_UNKNOWN_NAMES) != QK_OK) return;
    qk_map_free(c->unknown);
    c->unknown = fresh;
    if (qk_map_set(c->unknown, l->account, packed) != QK_OK) return;
}

/* The hash is made whatever else is known, so that the time tells nothing. */
static qk_code judge_login(login *l, qk_error *err)
{
    qk_account account;
    qk_context *c = l->x->context;
    bool there = qk_people_account(registry_of(l->x), &account, l->account) && account.enabled;
    qk_code code = qk_secret_get(&l->secret, l->x->tools->db, l->account, err);
    if (code != QK_OK && code != QK_ENOTFOUND) return code;
    l->known = there && code == QK_OK;
    bool good = qk_password_is(l->known ? l->secret.password : NULL, l->password, c->cost);
    if (!l->known) load_unknown(l);
    l->verdict = qk_login_judge(&l->secret, good && l->known, l->code, qk_context_wall(c));
    if (!l->known) keep_unknown(l);
    return QK_OK;
}

static bool is_old(const login *l)
{
    int64_t days = qk_password_days(qk_password_profile_get(l->x->tools->db));
    return days && qk_context_wall(l->x->context) - l->secret.password_at > days * QK_DAY;
}

static qk_code keep_login(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    static const char *const whys[] = {"", "wrong", "locked", "needs_code"};
    login *l = context;
    qk_change_note note = {.what = "login"};
    (void)node;
    if (l->known) QK_TRY(qk_secret_put(db, &l->secret, err));
    if (l->verdict == QK_LOGIN_GOOD) QK_TRY(qk_session_put(db, &l->session, err));
    if (l->verdict != QK_LOGIN_GOOD)
        qk_str_copy(note.what, sizeof note.what, QK_STR("login.failure"));
    /* What is no account's name may be somebody's password in the wrong field. */
    snprintf(note.object, sizeof note.object, "account/%s", l->known ? l->secret.account : "?");
    qk_buf_init(&note.detail, 256);
    if (l->verdict == QK_LOGIN_GOOD)
        qk_buf_printf(&note.detail, "{\"session\":\"%s\"}", l->session.id);
    else
        qk_buf_printf(&note.detail, "{\"why\":\"%s\"}", l->known ? whys[l->verdict] : "unknown");
    qk_code code = qk_change_audit(l->x, db, now, &note, err);
    qk_buf_clear(&note.detail);
    return code;
}

static qk_code refuse_login(login *l, qk_error *err)
{
    qk_context *c = l->x->context;
    if (l->verdict == QK_LOGIN_NEEDS_CODE)
        return qk_refuse(l->x, err, 401, "code_needed", "code", "%s", "");
    qk_auth_note_wrong(c->auth, qk_str_of(l->x->address), qk_monotonic_ms());
    if (l->verdict == QK_LOGIN_LOCKED) return qk_refuse(l->x, err, 429, "locked", NULL, "%s", "");
    return qk_refuse(l->x, err, 401, "wrong_login", NULL, "%s", "");
}

static qk_code run_login(login *l, qk_error *err)
{
    qk_exchange *x = l->x;
    char token[QK_SESSION_TOKEN + 1] = "";
    QK_TRY(judge_login(l, err));
    qk_str_copy(x->who, sizeof x->who, qk_str_of(l->known ? l->secret.account : "nobody"));
    if (l->verdict == QK_LOGIN_GOOD) {
        begin_session(x, &l->session);
        qk_str_copy(l->session.account, sizeof l->session.account, l->account);
        l->session.must_change = l->secret.must_change || is_old(l);
        if (qk_sessions_begin(x->context->sessions, &l->session, token,
                              qk_context_wall(x->context)) != QK_OK)
            return qk_fail(err, QK_ENOMEM, "no memory for a session");
    }
    qk_code code = qk_node_call(x->context->node, keep_login, l, err);
    if (code != QK_OK && l->session.id[0])
        (void)qk_sessions_end(x->context->sessions, qk_str_of(l->session.id), "logout",
                              qk_context_wall(x->context));
    if (code != QK_OK) return code;
    return l->verdict == QK_LOGIN_GOOD ? answer_session(x, &l->session, token, err)
                                       : refuse_login(l, err);
}

qk_code qk_login_gate(qk_exchange *x, qk_error *err)
{
    if (!qk_admit_may_log_in(x)) return qk_refuse(x, err, 403, "needs_tls", NULL, "%s", "");
    if (qk_auth_held_off(x->context->auth, qk_str_of(x->address), qk_monotonic_ms()))
        return qk_refuse(x, err, 429, "too_many_failures", NULL, "%s", "");
    return QK_OK;
}

qk_code qk_api_login(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"account", "password", "code", NULL};
    const qk_json_value *body = NULL;
    login l = {.x = x};
    QK_TRY(qk_login_gate(x, err));
    QK_TRY(qk_exchange_body(x, members, &body, err));
    l.account = qk_str_trim(qk_json_get_str(body, "account"));
    l.password = qk_json_get_str(body, "password");
    l.code = qk_str_trim(qk_json_get_str(body, "code"));
    if (!l.account.len || l.account.len >= QK_CODE_MAX || !l.password.len)
        return qk_refuse(x, err, 401, "wrong_login", NULL, "%s", "");
    qk_code code = run_login(&l, err);
    qk_secret_wipe(&l.secret);
    return code;
}

/* ---- logging out, ending sessions ---- */

typedef struct ending {
    qk_exchange *x;
    qk_session session;
} ending;

static qk_code keep_ending(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    ending *e = context;
    qk_change_note note = {.what = "session.end"};
    bool own = strcmp(e->session.id, e->x->actor.session) == 0;
    qk_session_end end = {.at = qk_context_wall(e->x->context), .seen_at = e->session.seen_at};
    (void)node;
    memcpy(end.id, e->session.id, sizeof end.id);
    qk_str_copy(end.why, sizeof end.why, own ? QK_STR("logout") : QK_STR("ended"));
    if (!e->session.demo) QK_TRY(qk_session_put_end(db, &end, err));
    if (own) qk_str_copy(note.what, sizeof note.what, QK_STR("logout"));
    snprintf(note.object, sizeof note.object, "session/%.31s/%.20s", e->session.account,
             e->session.id);
    return qk_change_audit(e->x, db, now, &note, err);
}

/* The memory first: whatever the disk says, the session is over. */
static qk_code end_session(qk_exchange *x, const qk_session *session, qk_error *err)
{
    ending e = {.x = x, .session = *session};
    (void)qk_sessions_end(x->context->sessions, qk_str_of(session->id), "logout",
                          qk_context_wall(x->context));
    qk_followers_cut(x->context->followers, qk_hash(session->id, strlen(session->id)));
    return qk_node_call(x->context->node, keep_ending, &e, err);
}

/* A visitor of a demo has no account: the session itself is all that is his. */
static bool is_own(const qk_exchange *x, const qk_session *s)
{
    if (x->actor.kind == QK_ACTOR_DEMO || s->demo) return strcmp(s->id, x->actor.session) == 0;
    return strcmp(s->account, x->actor.account) == 0;
}

static qk_code find_session(qk_exchange *x, qk_str id, qk_session *out, qk_error *err)
{
    qk_session *all = NULL;
    size_t n = 0;
    if (qk_sessions_list(x->context->sessions, &x->arena, (qk_str){NULL, 0},
                         qk_context_wall(x->context), &all, &n) != QK_OK)
        return qk_fail(err, QK_ENOMEM, "no memory for the list");
    bool any = qk_rights_scope(x, QK_ACT_ACCOUNT_SET) != QK_SCOPE_NONE;
    for (size_t i = 0; all && i < n; i++) {
        if (!qk_str_eq(id, qk_str_of(all[i].id)) || (!any && !is_own(x, &all[i]))) continue;
        *out = all[i];
        return QK_OK;
    }
    return qk_fail(err, QK_ENOTFOUND, "there is no such session");
}

qk_code qk_api_logout(qk_exchange *x, qk_error *err)
{
    qk_session session;
    QK_TRY(find_session(x, qk_str_of(x->actor.session), &session, err));
    QK_TRY(end_session(x, &session, err));
    give_cookie(x, "");
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "id", session.id);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_session_delete(qk_exchange *x, qk_error *err)
{
    qk_session session;
    QK_TRY(find_session(x, x->args[0], &session, err));
    QK_TRY(end_session(x, &session, err));
    if (strcmp(session.id, x->actor.session) == 0) give_cookie(x, "");
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "id", session.id);
    qk_json_end(&x->json);
    return QK_OK;
}

static void write_one(qk_exchange *x, const qk_session *s)
{
    qk_json_writer *w = &x->json;
    qk_json_object(w);
    qk_json_kcstr(w, "id", s->id);
    qk_json_kcstr(w, "account", s->account);
    qk_json_ktime(w, "began_at", s->began_at);
    qk_json_ktime(w, "seen_at", s->seen_at);
    qk_json_ktext(w, "address", s->address);
    qk_json_ktext(w, "agent", s->agent);
    qk_json_kbool(w, "current", strcmp(s->id, x->actor.session) == 0);
    qk_json_end(w);
}

/* One's own; with the right to see accounts anybody's, or all with account=*. */
qk_code qk_api_sessions(qk_exchange *x, qk_error *err)
{
    qk_session *all = NULL;
    size_t n = 0, given = 0;
    qk_str account = qk_query_str(x, "account");
    bool any = qk_rights_scope(x, QK_ACT_ACCOUNT_VIEW) != QK_SCOPE_NONE;
    if (account.len && !any && !qk_str_eq(account, qk_str_of(x->actor.account)))
        return qk_refuse(x, err, 403, "denied", "account", "%s", "account.view");
    bool own = !account.len;
    if (own || qk_str_eq(account, QK_STR("*"))) account = (qk_str){NULL, 0};
    if (qk_sessions_list(x->context->sessions, &x->arena, account, qk_context_wall(x->context),
                         &all, &n) != QK_OK)
        return qk_fail(err, QK_ENOMEM, "no memory for the list");
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; all && i < n; i++) {
        if (!is_own(x, &all[i]) && (own || !any)) continue;
        write_one(x, &all[i]);
        given++;
    }
    qk_json_end(&x->json);
    qk_json_knull(&x->json, "next");
    qk_json_ki64(&x->json, "total", (int64_t)given);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- a role on a demo ---- */

/* Where no unit is named: the first of the kind that the role is held for. */
static const char *kind_of_role(qk_rights_role role)
{
    if (role == QK_R5) return "township";
    if (role == QK_R6) return "village";
    if (role == QK_R10) return "enterprise";
    return role == QK_R4 ? "department" : NULL;
}

static qk_code find_demo_unit(qk_exchange *x, qk_rights_role role, qk_str asked, qk_unit *out,
                              qk_error *err)
{
    qk_unit *units = NULL;
    size_t n = 0;
    const char *kind = kind_of_role(role);
    *out = (qk_unit){0};
    if (asked.len && qk_people_unit(registry_of(x), out, asked)) return QK_OK;
    if (asked.len) return qk_refuse(x, err, 422, "no_demo_role", "unit", "there is no such unit");
    if (!kind) return QK_OK;
    if (qk_people_units(registry_of(x), &x->arena, &units, &n) != QK_OK)
        return qk_fail(err, QK_ENOMEM, "no memory for the units");
    for (size_t i = 0; i < n; i++)
        if (strcmp(units[i].kind, kind) == 0) return *out = units[i], QK_OK;
    return QK_OK;
}

qk_code qk_api_demo_session(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"role", "unit", NULL};
    const qk_json_value *body = NULL;
    qk_session session = {.demo = true};
    qk_rights_role role;
    qk_unit unit;
    char token[QK_SESSION_TOKEN + 1];
    if (!qk_node_invented(x->context->node))
        return qk_refuse(x, err, 403, "not_demo", NULL, "%s", "");
    QK_TRY(qk_exchange_body(x, members, &body, err));
    if (!qk_rights_role_parse(&role, qk_json_get_str(body, "role")) ||
        (!qk_rights_role_for_people(role) && role != QK_R12))
        return qk_refuse(x, err, 422, "no_demo_role", "role", "%s", "");
    QK_TRY(find_demo_unit(x, role, qk_json_get_str(body, "unit"), &unit, err));
    session.role.role = role;
    memcpy(session.role.unit, unit.id, sizeof session.role.unit);
    snprintf(session.account, sizeof session.account, "demo-%s", qk_rights_role_name(role));
    begin_session(x, &session);
    if (qk_sessions_begin(x->context->sessions, &session, token, qk_context_wall(x->context)) !=
        QK_OK)
        return qk_fail(err, QK_ENOMEM, "no memory for a session");
    return answer_session(x, &session, token, err);
}
