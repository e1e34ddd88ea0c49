/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords and second factors, one's own and those that the security administrator sets; the first
 * account. None of these changes is kept by its key: a body with a password leaves no trace. */
#include "web/admit.h"
#include "web/api.h"
#include "web/change.h"
#include "web/login.h"
#include "web/setup.h"
#include <sodium.h>

static qk_registry *registry_of(const qk_exchange *x)
{
    return qk_node_registry(x->context->node);
}

/* ---- putting a secret, with its line in the audit log ---- */

typedef struct putting {
    qk_exchange *x;
    const qk_secret *secret;
    const char *what;
} putting;

static qk_code put_secret(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    const putting *p = context;
    qk_change_note note = {0};
    (void)node;
    QK_TRY(qk_secret_put(db, p->secret, err));
    snprintf(note.what, sizeof note.what, "%s", p->what);
    snprintf(note.object, sizeof note.object, "account/%s", p->secret->account);
    return qk_change_audit(p->x, db, now, &note, err);
}

static qk_code keep_secret(qk_exchange *x, const qk_secret *secret, const char *what, qk_error *err)
{
    putting p = {.x = x, .secret = secret, .what = what};
    return qk_node_call(x->context->node, put_secret, &p, err);
}

static void end_others(qk_exchange *x, qk_str account, qk_str except)
{
    (void)qk_sessions_end_all(x->context->sessions, account, except, "password",
                              qk_context_wall(x->context));
}

static void answer_done(qk_exchange *x, qk_str account)
{
    qk_json_object(&x->json);
    qk_json_kstr(&x->json, "account", account);
    qk_json_end(&x->json);
}

qk_code qk_login_check_new(qk_exchange *x, const qk_secret *secret, qk_str password, qk_str account,
                           qk_error *err)
{
    char code[48];
    qk_error why = {0};
    qk_password_profile profile = qk_password_profile_get(x->tools->db);
    if (qk_password_check(password, account, profile, &why) != QK_OK) {
        static const char *const rules[] = {"short",   "classes", "common",
                                            "account", "long",    "text"};
        for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
            if (strcmp(rules[i], why.hint) != 0) continue;
            snprintf(code, sizeof code, "weak_%s", rules[i]);
            x->error_code = qk_arena_copy(&x->arena, code, strlen(code));
        }
        const char *named = x->error_code ? x->error_code : "invalid";
        return qk_refuse(x, err, 422, named, "password", "%s", why.message);
    }
    if (secret && qk_password_was_used(secret, password))
        return qk_refuse(x, err, 422, "used_password", "password", "%s", "");
    return QK_OK;
}

/* ---- one's own ---- */

/* The secret of who asks, when the password that he sends fits; else a wrong try is counted. */
static qk_code prove(qk_exchange *x, qk_secret *secret, qk_str password, qk_error *err)
{
    qk_time now = qk_context_wall(x->context);
    if (x->actor.kind != QK_ACTOR_ACCOUNT)
        return qk_refuse(x, err, 403, "denied", NULL, "%s", "self");
    QK_TRY(qk_secret_get(secret, x->tools->db, qk_str_of(x->actor.account), err));
    if (secret->locked_until > now) return qk_refuse(x, err, 429, "locked", NULL, "%s", "");
    if (qk_password_is(secret->password, password, x->context->cost)) return QK_OK;
    secret->failed++;
    secret->locked_until = now + qk_login_lock_ms(secret->failed);
    QK_TRY(keep_secret(x, secret, "login.failure", err));
    return qk_refuse(x, err, 422, "wrong_password", "password", "%s", "");
}

static qk_code change_own(qk_exchange *x, qk_secret *secret, qk_str old, qk_str password,
                          qk_error *err)
{
    qk_str account = qk_str_of(x->actor.account), session = qk_str_of(x->actor.session);
    QK_TRY(prove(x, secret, old, err));
    QK_TRY(qk_login_check_new(x, secret, password, account, err));
    QK_TRY(qk_secret_set_password(secret, password, false, x->context->cost,
                                  qk_context_wall(x->context), err));
    QK_TRY(keep_secret(x, secret, "password.change", err));
    end_others(x, account, session);
    qk_sessions_changed(x->context->sessions, session);
    answer_done(x, account);
    return QK_OK;
}

qk_code qk_api_password(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"password", "new_password", NULL};
    const qk_json_value *body = NULL;
    qk_secret secret = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    qk_code code = change_own(x, &secret, qk_json_get_str(body, "password"),
                              qk_json_get_str(body, "new_password"), err);
    qk_secret_wipe(&secret);
    return code;
}

static void answer_enrolment(qk_exchange *x, const char *totp)
{
    char uri[300];
    snprintf(
        uri, sizeof uri,
        "otpauth://totp/Qingkong:%s?secret=%s&issuer=Qingkong&algorithm=SHA1&digits=6&period=30",
        x->actor.account, totp);
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "secret", totp);
    qk_json_kcstr(&x->json, "uri", uri);
    qk_json_end(&x->json);
    sodium_memzero(uri, sizeof uri);
}

qk_code qk_api_totp_begin(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"password", NULL};
    const qk_json_value *body = NULL;
    qk_secret secret = {0};
    char totp[QK_TOTP_TEXT];
    QK_TRY(qk_exchange_body(x, members, &body, err));
    qk_code code = prove(x, &secret, qk_json_get_str(body, "password"), err);
    qk_secret_wipe(&secret);
    if (code != QK_OK) return code;
    qk_totp_new(totp);
    qk_sessions_set_totp(x->context->sessions, qk_str_of(x->actor.session), totp);
    answer_enrolment(x, totp);
    sodium_memzero(totp, sizeof totp);
    return QK_OK;
}

static bool enrolment_of(qk_exchange *x, char out[QK_TOTP_TEXT])
{
    qk_session *all = NULL;
    size_t n = 0;
    out[0] = 0;
    if (qk_sessions_list(x->context->sessions, &x->arena, qk_str_of(x->actor.account),
                         qk_context_wall(x->context), &all, &n) != QK_OK)
        return false;
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].id, x->actor.session) == 0)
            qk_str_copy(out, QK_TOTP_TEXT, qk_str_of(all[i].totp));
    return out[0] != 0;
}

static qk_code confirm(qk_exchange *x, qk_secret *secret, qk_str code, qk_error *err)
{
    char recovery[QK_RECOVERY_CODES][QK_RECOVERY_TEXT], totp[QK_TOTP_TEXT];
    int64_t step = 0;
    if (x->actor.kind != QK_ACTOR_ACCOUNT || !enrolment_of(x, totp))
        return qk_refuse(x, err, 409, "denied", NULL, "no enrolment is under way");
    if (!qk_totp_take(totp, &step, code, qk_context_wall(x->context)))
        return qk_refuse(x, err, 422, "wrong_code", "code", "%s", "");
    QK_TRY(qk_secret_get(secret, x->tools->db, qk_str_of(x->actor.account), err));
    memcpy(secret->totp, totp, sizeof totp);
    secret->totp_step = step;
    qk_recovery_new(secret, recovery);
    QK_TRY(keep_secret(x, secret, "totp.enrol", err));
    qk_sessions_set_totp(x->context->sessions, qk_str_of(x->actor.session), "");
    qk_json_object(&x->json);
    qk_json_key(&x->json, "recovery");
    qk_json_array(&x->json);
    for (int i = 0; i < QK_RECOVERY_CODES; i++) qk_json_cstr(&x->json, recovery[i]);
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    sodium_memzero(recovery, sizeof recovery);
    return QK_OK;
}

qk_code qk_api_totp_confirm(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"code", NULL};
    const qk_json_value *body = NULL;
    qk_secret secret = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    qk_code code = confirm(x, &secret, qk_str_trim(qk_json_get_str(body, "code")), err);
    qk_secret_wipe(&secret);
    return code;
}

static qk_code drop_totp(qk_exchange *x, qk_secret *secret, qk_error *err)
{
    secret->totp[0] = 0;
    secret->totp_step = 0;
    memset(secret->recovery, 0, sizeof secret->recovery);
    QK_TRY(keep_secret(x, secret, "totp.drop", err));
    answer_done(x, qk_str_of(secret->account));
    return QK_OK;
}

qk_code qk_api_totp_delete(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"password", NULL};
    const qk_json_value *body = NULL;
    qk_secret secret = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    qk_code code = prove(x, &secret, qk_json_get_str(body, "password"), err);
    if (code == QK_OK) code = drop_totp(x, &secret, err);
    qk_secret_wipe(&secret);
    return code;
}

/* ---- by the security administrator ---- */

static qk_code find_account(qk_exchange *x, qk_account *out, qk_error *err)
{
    if (qk_people_account(registry_of(x), out, x->args[0])) return QK_OK;
    return qk_refuse(x, err, 404, "no_account", NULL, "%s", "");
}

/* The account's first password, or one in place of a forgotten one: to be changed at once. */
static qk_code set_for(qk_exchange *x, qk_secret *secret, const qk_account *account,
                       qk_str password, qk_error *err)
{
    qk_code code = qk_secret_get(secret, x->tools->db, qk_str_of(account->id), err);
    if (code != QK_OK && code != QK_ENOTFOUND) return code;
    memcpy(secret->account, account->id, sizeof secret->account);
    QK_TRY(qk_login_check_new(x, secret, password, qk_str_of(account->id), err));
    QK_TRY(qk_secret_set_password(secret, password, true, x->context->cost,
                                  qk_context_wall(x->context), err));
    QK_TRY(keep_secret(x, secret, "password.set", err));
    end_others(x, qk_str_of(account->id), (qk_str){NULL, 0});
    answer_done(x, qk_str_of(account->id));
    return QK_OK;
}

qk_code qk_api_account_password(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"password", NULL};
    const qk_json_value *body = NULL;
    qk_account account;
    qk_secret secret = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(find_account(x, &account, err));
    qk_code code = set_for(x, &secret, &account, qk_json_get_str(body, "password"), err);
    qk_secret_wipe(&secret);
    return code;
}

qk_code qk_api_account_totp_delete(qk_exchange *x, qk_error *err)
{
    qk_account account;
    qk_secret secret = {0};
    QK_TRY(find_account(x, &account, err));
    qk_code code = qk_secret_get(&secret, x->tools->db, qk_str_of(account.id), err);
    if (code == QK_ENOTFOUND)
        code = qk_refuse(x, err, 404, "no_account", NULL, "it has no password yet");
    if (code == QK_OK) code = drop_totp(x, &secret, err);
    if (code == QK_OK) end_others(x, qk_str_of(account.id), (qk_str){NULL, 0});
    qk_secret_wipe(&secret);
    return code;
}

/* ---- the first account ---- */

typedef struct setting_up {
    qk_exchange *x;
    qk_account account;
    qk_secret secret;
} setting_up;

static qk_code keep_first(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    setting_up *s = context;
    qk_registry *r = qk_node_registry(node);
    qk_change_note note = {.what = "setup"};
    qk_account_role role = {.role = "R13-SEC", .granted = true};
    if (qk_people_any_account(r)) return qk_refuse(s->x, err, 409, "no_setup", NULL, "%s", "");
    memcpy(role.account, s->account.id, sizeof role.account);
    qk_str by = qk_str_of(s->account.id);
    QK_TRY(qk_people_put_account(r, &s->account, 0, by, now, err));
    QK_TRY(qk_people_put_role(r, &role, by, now, err));
    QK_TRY(qk_secret_put(db, &s->secret, err));
    snprintf(note.object, sizeof note.object, "account/%s", s->account.id);
    return qk_change_audit(s->x, db, now, &note, err);
}

static bool code_fits(const qk_exchange *x, qk_str code)
{
    const char *want = x->context->setup;
    size_t n = strlen(want);
    return n > 0 && code.len == n && sodium_memcmp(code.ptr, want, n) == 0;
}

static qk_code set_up(setting_up *s, const qk_json_value *body, qk_error *err)
{
    qk_exchange *x = s->x;
    qk_str id = qk_str_trim(qk_json_get_str(body, "account"));
    qk_str password = qk_json_get_str(body, "password");
    if (!qk_account_name_is_good(id))
        return qk_refuse(x, err, 400, "bad_body", "account",
                         "1 to 31 small letters, digits, '.', '-' and '_'");
    qk_str_copy(s->account.id, sizeof s->account.id, id);
    qk_str_copy(s->account.name, sizeof s->account.name, qk_json_get_str(body, "name"));
    memcpy(s->secret.account, s->account.id, sizeof s->secret.account);
    QK_TRY(qk_login_check_new(x, NULL, password, id, err));
    QK_TRY(qk_secret_set_password(&s->secret, password, false, x->context->cost,
                                  qk_context_wall(x->context), err));
    qk_str_copy(x->who, sizeof x->who, id);
    QK_TRY(qk_node_call(x->context->node, keep_first, s, err));
    qk_setup_done(x->context);
    answer_done(x, id);
    return QK_OK;
}

qk_code qk_api_setup(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"code", "account", "name", "password", NULL};
    const qk_json_value *body = NULL;
    setting_up s = {.x = x, .account.enabled = true};
    QK_TRY(qk_login_gate(x, err));
    QK_TRY(qk_exchange_body(x, members, &body, err));
    if (qk_people_any_account(registry_of(x)) || qk_node_invented(x->context->node))
        return qk_refuse(x, err, 409, "no_setup", NULL, "%s", "");
    if (!code_fits(x, qk_str_trim(qk_json_get_str(body, "code")))) {
        qk_auth_note_wrong(x->context->auth, qk_str_of(x->address), qk_monotonic_ms());
        return qk_refuse(x, err, 403, "wrong_setup", "code", "%s", "");
    }
    qk_code code = set_up(&s, body, err);
    qk_secret_wipe(&s.secret);
    return code;
}
