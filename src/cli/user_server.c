/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/user_server.h"
#include "base/json.h"
#include "cli/caller.h"
#include "domain/login.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { ANSWER_BYTES = 16 << 20 };

/* The answer as a document in the arena; *body is wiped. */
static qk_code ask(const qk_json_value **out, const qk_user_order *o, const char *method,
                   const char *path, qk_buf *body, qk_arena *arena, qk_error *err)
{
    qk_call call = {.dir = o->data_dir, .key = "accounts.key"};
    qk_buf answer;
    qk_json_value *root = NULL;
    long status = 0;
    qk_buf_init(&answer, ANSWER_BYTES);
    qk_str sent = body ? qk_buf_str(body) : (qk_str){NULL, 0};
    qk_code code =
        body && body->failed ? qk_fail(err, body->failed, "no memory to ask the server") : QK_OK;
    if (!code)
        code = qk_caller_ask(&answer, &status, &call, method, path,
                             body ? "application/json" : NULL, sent, err);
    if (!code && status != 200) code = qk_caller_refused(status, qk_buf_str(&answer), err);
    if (!code) {
        const char *kept = qk_arena_copy(arena, answer.ptr, answer.len);
        code = kept ? qk_json_parse(&root, (qk_str){kept, answer.len}, arena, err)
                    : qk_fail(err, QK_ENOMEM, "no memory for the answer");
    }
    qk_buf_clear(&answer);
    if (body && body->ptr) sodium_memzero(body->ptr, body->len);
    *out = root;
    return code;
}

static void begin_body(qk_buf *body, qk_json_writer *w)
{
    qk_buf_init(body, 8192);
    qk_json_init(w, body);
    qk_json_object(w);
}

static qk_code set_password(const qk_user_order *o, qk_arena *arena, qk_error *err)
{
    char path[100];
    qk_buf body;
    qk_json_writer w;
    const qk_json_value *answer;
    snprintf(path, sizeof path, "/accounts/%s/password", o->id);
    begin_body(&body, &w);
    qk_json_kcstr(&w, "password", o->password);
    qk_json_end(&w);
    qk_code code = ask(&answer, o, "POST", path, &body, arena, err);
    qk_buf_clear(&body);
    return code;
}

/* Before anything is made: an account without a password would be half of one. */
static qk_code check_password(const qk_user_order *o, qk_arena *arena, qk_error *err)
{
    const qk_json_value *answer = NULL;
    QK_TRY(ask(&answer, o, "GET", "/accounts", NULL, arena, err));
    bool asvs = qk_str_eq(qk_json_get_str(answer, "profile"), QK_STR("asvs"));
    return qk_password_check(qk_str_of(o->password), qk_str_of(o->id),
                             asvs ? QK_PASSWORD_ASVS : QK_PASSWORD_MLPS, err);
}

static qk_code add(const qk_user_order *o, qk_arena *arena, qk_error *err)
{
    char path[100];
    qk_buf body;
    qk_json_writer w;
    const qk_json_value *answer;
    QK_TRY(check_password(o, arena, err));
    snprintf(path, sizeof path, "/accounts/%s", o->id);
    begin_body(&body, &w);
    qk_json_ki64(&w, "row_version", 0);
    if (o->name) qk_json_kcstr(&w, "name", o->name);
    if (o->unit) qk_json_kcstr(&w, "unit", o->unit);
    qk_json_key(&w, "roles");
    qk_json_array(&w);
    qk_json_object(&w);
    qk_json_kcstr(&w, "role", o->role ? o->role : "R13-SEC");
    qk_json_end(&w);
    qk_json_end(&w);
    qk_json_end(&w);
    qk_code code = ask(&answer, o, "PUT", path, &body, arena, err);
    qk_buf_clear(&body);
    return code ? code : set_password(o, arena, err);
}

static const qk_json_value *items_of(const qk_json_value *list)
{
    const qk_json_value *items = qk_json_get(list, "items");
    return items ? items->first : NULL;
}

static qk_code enable(const qk_user_order *o, bool enabled, qk_arena *arena, qk_error *err)
{
    char path[100];
    qk_buf body;
    qk_json_writer w;
    int64_t version = 0;
    const qk_json_value *answer = NULL;
    QK_TRY(ask(&answer, o, "GET", "/accounts", NULL, arena, err));
    for (const qk_json_value *a = items_of(answer); a; a = a->next)
        if (qk_str_eq(qk_json_get_str(a, "id"), qk_str_of(o->id)))
            (void)qk_json_get_i64(a, "row_version", &version);
    if (!version) return qk_fail(err, QK_ENOTFOUND, "there is no account '%s'", o->id);
    snprintf(path, sizeof path, "/accounts/%s", o->id);
    begin_body(&body, &w);
    qk_json_ki64(&w, "row_version", version);
    qk_json_kbool(&w, "enabled", enabled);
    qk_json_end(&w);
    qk_code code = ask(&answer, o, "PUT", path, &body, arena, err);
    qk_buf_clear(&body);
    return code;
}

static qk_code list(const qk_user_order *o, qk_arena *arena, qk_error *err)
{
    const qk_json_value *answer = NULL;
    QK_TRY(ask(&answer, o, "GET", "/accounts", NULL, arena, err));
    for (const qk_json_value *a = items_of(answer); a; a = a->next) {
        const qk_json_value *roles = qk_json_get(a, "roles");
        printf("%.*s\t%s\t%.*s\t", QK_STR_ARG(qk_json_get_str(a, "id")),
               qk_json_get_bool(a, "enabled", false) ? "enabled" : "disabled",
               QK_STR_ARG(qk_json_get_str(a, "unit")));
        for (const qk_json_value *r = roles ? roles->first : NULL; r; r = r->next) {
            qk_str unit = qk_json_get_str(r, "unit");
            printf("%.*s%s%.*s ", QK_STR_ARG(qk_json_get_str(r, "role")), unit.len ? ":" : "",
                   QK_STR_ARG(unit));
        }
        putchar('\n');
    }
    return QK_OK;
}

qk_code qk_user_by_server(const qk_user_order *o, qk_error *err)
{
    qk_arena arena;
    qk_code code;
    qk_arena_init(&arena, (size_t)64 << 20);
    if (o->id && strspn(o->id, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != strlen(o->id))
        code =
            qk_fail(err, QK_EINVAL, "an account's name has small letters, digits, '.', '-', '_'");
    else if (strcmp(o->verb, "list") == 0)
        code = list(o, &arena, err);
    else if (strcmp(o->verb, "add") == 0)
        code = add(o, &arena, err);
    else if (strcmp(o->verb, "passwd") == 0)
        code = set_password(o, &arena, err);
    else if (strcmp(o->verb, "enable") == 0 || strcmp(o->verb, "disable") == 0)
        code = enable(o, o->verb[0] == 'e', &arena, err);
    else {
        code = qk_fail(err, QK_EUNSUPPORTED, "'%s' is done with the server stopped", o->verb);
        qk_error_hint(err, "or on the page; passwd and disable end the sessions of an account");
    }
    qk_arena_clear(&arena);
    return code;
}
