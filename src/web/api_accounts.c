/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and their roles, the policy of passwords, the table of rights. */
#include "domain/setting.h"
#include "web/api.h"
#include "web/change.h"
#include "web/login.h"

static qk_registry *registry_of(const qk_exchange *x)
{
    return qk_node_registry(x->context->node);
}

/* ---- reading ---- */

static void write_granted(qk_json_writer *w, const qk_account_role *roles, size_t n,
                          const char *account)
{
    qk_json_key(w, "roles");
    qk_json_array(w);
    for (size_t i = 0; i < n; i++) {
        if (!roles[i].granted || strcmp(roles[i].account, account) != 0) continue;
        qk_json_object(w);
        qk_json_kcstr(w, "role", roles[i].role);
        qk_json_ktext(w, "unit", roles[i].unit);
        qk_json_end(w);
    }
    qk_json_end(w);
}

static qk_code write_account(qk_exchange *x, qk_db *db, const qk_account *a,
                             const qk_account_role *roles, size_t n, qk_error *err)
{
    qk_secret secret;
    qk_json_writer *w = &x->json;
    qk_code code = qk_secret_get(&secret, db, qk_str_of(a->id), err);
    if (code != QK_OK && code != QK_ENOTFOUND) return code;
    bool locked = secret.locked_until > qk_context_wall(x->context);
    qk_json_object(w);
    qk_json_kcstr(w, "id", a->id);
    qk_json_ktext(w, "name", a->name);
    qk_json_ktext(w, "person", a->person);
    qk_json_ktext(w, "unit", a->unit);
    qk_json_kbool(w, "enabled", a->enabled);
    write_granted(w, roles, n, a->id);
    qk_json_kbool(w, "password", secret.password[0] != 0);
    qk_json_kbool(w, "must_change", secret.must_change);
    qk_json_kbool(w, "totp", secret.totp[0] != 0);
    qk_json_ktime(w, "password_at", secret.password[0] ? secret.password_at : QK_TIME_NONE);
    qk_json_ktime(w, "locked_until", locked ? secret.locked_until : QK_TIME_NONE);
    qk_json_ki64(w, "row_version", a->version);
    qk_json_end(w);
    qk_secret_wipe(&secret);
    return QK_OK;
}

qk_code qk_api_accounts(qk_exchange *x, qk_error *err)
{
    qk_account *accounts = NULL;
    qk_account_role *roles = NULL;
    size_t n = 0, role_n = 0;
    if (qk_people_accounts(registry_of(x), &x->arena, &accounts, &n) != QK_OK ||
        qk_people_roles(registry_of(x), &x->arena, (qk_str){NULL, 0}, &roles, &role_n) != QK_OK)
        return qk_fail(err, QK_ENOMEM, "no memory for the list");
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "profile",
                  qk_password_profile_name(qk_password_profile_get(x->tools->db)));
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++)
        QK_TRY(write_account(x, x->tools->db, &accounts[i], roles, role_n, err));
    qk_json_end(&x->json);
    qk_json_knull(&x->json, "next");
    qk_json_ki64(&x->json, "total", (int64_t)n);
    qk_json_end(&x->json);
    return QK_OK;
}

/* The matrix as it is applied. */
qk_code qk_api_rights(qk_exchange *x, qk_error *err)
{
    static const char *const scopes[] = {"none", "own", "all"};
    qk_json_writer *w = &x->json;
    (void)err;
    qk_json_object(w);
    qk_json_key(w, "roles");
    qk_json_array(w);
    for (int r = 0; r < QK_R_COUNT; r++) qk_json_cstr(w, qk_rights_role_name((qk_rights_role)r));
    qk_json_end(w);
    qk_json_key(w, "items");
    qk_json_array(w);
    for (int a = 0; a < QK_ACTIONS; a++) {
        qk_json_object(w);
        qk_json_kcstr(w, "action", qk_action_name((qk_action)a));
        qk_json_key(w, "scopes");
        qk_json_array(w);
        for (int r = 0; r < QK_R_COUNT; r++)
            qk_json_cstr(w, scopes[qk_rights_role_scope((qk_rights_role)r, (qk_action)a)]);
        qk_json_end(w);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_end(w);
    return QK_OK;
}

/* ---- changing ---- */

bool qk_account_name_is_good(qk_str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        if (!qk_is_digit(c) && !(c >= 'a' && c <= 'z') && !(c && strchr(".-_", c))) return false;
    }
    return id.len > 0 && id.len < QK_CODE_MAX && !qk_str_starts(id, QK_STR("demo-")) &&
           !qk_str_eq(id, QK_STR("operator")) && !qk_str_eq(id, QK_STR("admin")) &&
           !qk_str_eq(id, QK_STR("accounts")) && !qk_str_eq(id, QK_STR("nobody")) &&
           !qk_str_eq(id, QK_STR("system"));
}

typedef struct account_change {
    const qk_json_value *roles; /* NULL = as they are */
    qk_account account;
    int64_t seen;
} account_change;

/* Is the role in what was sent? */
static bool is_asked(const qk_json_value *roles, const qk_account_role *have)
{
    for (const qk_json_value *v = roles->first; v; v = v->next) {
        qk_str unit = qk_json_get_str(v, "unit");
        if (qk_str_eq(qk_json_get_str(v, "role"), qk_str_of(have->role)) &&
            qk_str_eq(unit.ptr ? unit : QK_STR(""), qk_str_of(have->unit)))
            return true;
    }
    return false;
}

/* Taken away first, so that one administrator's role can follow another. */
static qk_code set_roles(qk_exchange *x, const account_change *c, qk_time now, qk_error *err)
{
    qk_registry *r = registry_of(x);
    qk_account_role *have = NULL;
    size_t n = 0;
    qk_str by = qk_str_of(x->who);
    if (qk_people_roles(r, &x->arena, qk_str_of(c->account.id), &have, &n) != QK_OK)
        return qk_fail(err, QK_ENOMEM, "no memory for the roles");
    for (size_t i = 0; i < n; i++) {
        if (!have[i].granted || is_asked(c->roles, &have[i])) continue;
        have[i].granted = false;
        QK_TRY(qk_people_put_role(r, &have[i], by, now, err));
    }
    for (const qk_json_value *v = c->roles->first; v; v = v->next) {
        qk_account_role role = {.granted = true};
        memcpy(role.account, c->account.id, sizeof role.account);
        qk_str_copy(role.role, sizeof role.role, qk_json_get_str(v, "role"));
        qk_str_copy(role.unit, sizeof role.unit, qk_json_get_str(v, "unit"));
        QK_TRY(qk_people_put_role(r, &role, by, now, err));
    }
    return QK_OK;
}

static void note_roles(qk_change_note *note, const account_change *c)
{
    qk_json_writer w;
    qk_json_init(&w, &note->detail);
    qk_json_object(&w);
    qk_json_kbool(&w, "enabled", c->account.enabled);
    qk_json_kcstr(&w, "unit", c->account.unit);
    qk_json_key(&w, "roles");
    qk_json_array(&w);
    for (const qk_json_value *v = c->roles ? c->roles->first : NULL; v; v = v->next) {
        qk_json_object(&w);
        qk_json_kstr(&w, "role", qk_json_get_str(v, "role"));
        qk_json_kstr(&w, "unit", qk_json_get_str(v, "unit"));
        qk_json_end(&w);
    }
    qk_json_end(&w);
    qk_json_end(&w);
}

static qk_code put_account(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    account_change *c = context;
    qk_registry *r = registry_of(x);
    qk_account_role *roles = NULL;
    size_t n = 0;
    QK_TRY(qk_people_put_account(r, &c->account, c->seen, qk_str_of(x->who), now, err));
    if (c->roles) QK_TRY(set_roles(x, c, now, err));
    snprintf(note->what, sizeof note->what, c->seen ? "account.change" : "account.add");
    snprintf(note->object, sizeof note->object, "account/%s", c->account.id);
    note_roles(note, c);
    if (!qk_people_account(r, &c->account, qk_str_of(c->account.id)) ||
        qk_people_roles(r, &x->arena, qk_str_of(c->account.id), &roles, &n) != QK_OK)
        return qk_fail(err, QK_ENOMEM, "no memory for the account");
    return write_account(x, db, &c->account, roles, n, err);
}

static qk_code check_roles(qk_exchange *x, const account_change *c, qk_error *err)
{
    bool keeps = !c->roles;
    if (c->roles && (c->roles->type != QK_JSON_ARRAY || c->roles->count > QK_ACTOR_ROLES))
        return qk_refuse(x, err, 400, "bad_body", "roles", "a list of at most %d roles",
                         QK_ACTOR_ROLES);
    for (const qk_json_value *v = c->roles ? c->roles->first : NULL; v; v = v->next) {
        if (v->type != QK_JSON_OBJECT || qk_json_get_str(v, "role").len == 0)
            return qk_refuse(x, err, 400, "bad_body", "roles", "{\"role\":…,\"unit\":…} each");
        keeps = keeps || qk_str_eq(qk_json_get_str(v, "role"), QK_STR("R13-SEC"));
    }
    if (strcmp(c->account.id, x->actor.account) == 0 && (!keeps || !c->account.enabled))
        return qk_refuse(x, err, 422, "own_account", NULL, "%s", "");
    return QK_OK;
}

static qk_code refuse_member(qk_exchange *x, const qk_error *err)
{
    x->status = 400;
    x->error_code = "bad_body";
    if (err) qk_str_copy(x->error_field, sizeof x->error_field, qk_str_of(err->where));
    return QK_EINVAL;
}

static qk_code read_account(qk_exchange *x, account_change *c, qk_error *err)
{
    static const char *const members[] = {"row_version", "name",  "person", "unit",
                                          "enabled",     "roles", NULL};
    const qk_json_value *body = NULL;
    QK_TRY(qk_exchange_body(x, members, &body, err));
    if (!qk_json_get_i64(body, "row_version", &c->seen) || c->seen < 0)
        return qk_refuse(x, err, 400, "bad_body", "row_version",
                         "row_version must say which version was seen, 0 for a new account");
    if (!qk_account_name_is_good(x->args[0]))
        return qk_refuse(x, err, 400, "bad_path", "id",
                         "1 to 31 small letters, digits, '.', '-' and '_'");
    if (!qk_people_account(registry_of(x), &c->account, x->args[0])) {
        c->account = (qk_account){.enabled = true};
        qk_str_copy(c->account.id, sizeof c->account.id, x->args[0]);
    }
    c->roles = qk_json_get(body, "roles");
    for (const qk_json_value *m = body->first; m; m = m->next) {
        if (m == c->roles) continue;
        qk_json_value one = *m, object = {.type = QK_JSON_OBJECT, .first = &one, .count = 1};
        one.next = NULL;
        if (qk_account_patch(&c->account, &object, err) != QK_OK) return refuse_member(x, err);
    }
    return check_roles(x, c, err);
}

qk_code qk_api_account_put(qk_exchange *x, qk_error *err)
{
    account_change c = {0};
    QK_TRY(read_account(x, &c, err));
    QK_TRY(qk_change_run(x, put_account, &c, err));
    if (!c.account.enabled)
        (void)qk_sessions_end_all(x->context->sessions, x->args[0], (qk_str){NULL, 0}, "disabled",
                                  qk_context_wall(x->context));
    return QK_OK;
}

static qk_code put_policy(qk_exchange *x, void *context, qk_db *db, qk_time now,
                          qk_change_note *note, qk_error *err)
{
    const qk_str *profile = context;
    QK_TRY(qk_setting_put(db, "password.profile", *profile, -1, qk_str_of(x->who), now, err));
    snprintf(note->what, sizeof note->what, "policy.set");
    snprintf(note->object, sizeof note->object, "setting/password.profile");
    qk_buf_printf(&note->detail, "{\"profile\":\"%.*s\"}", QK_STR_ARG(*profile));
    qk_json_object(&x->json);
    qk_json_kstr(&x->json, "profile", *profile);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_policy_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"profile", NULL};
    const qk_json_value *body = NULL;
    QK_TRY(qk_exchange_body(x, members, &body, err));
    qk_str profile = qk_json_get_str(body, "profile");
    if (!qk_str_eq(profile, QK_STR("mlps")) && !qk_str_eq(profile, QK_STR("asvs")))
        return qk_refuse(x, err, 400, "bad_body", "profile", "mlps or asvs");
    return qk_change_run(x, put_policy, &profile, err);
}
