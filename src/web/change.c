/* SPDX-License-Identifier: Apache-2.0 */
#include "web/change.h"
#include "base/hash256.h"
#include "store/audit.h"

enum { KEPT_DAYS = 7, DETAIL_MAX = 16 * 1024, REQUEST_TEXT = 512, ANNOUNCED = 0 };

/* The digest of what stands in the query; nothing where nothing does. */
static void name_query(const qk_exchange *x, char *out, size_t size)
{
    char hash[QK_SHA256_TEXT];
    qk_buf text;
    qk_buf_init(&text, 64 * 1024);
    for (int i = 0; x->route->params && x->route->params[i].name; i++)
        if (x->query[i].given)
            qk_buf_printf(&text, "%s=%.*s\n", x->route->params[i].name,
                          QK_STR_ARG(x->query[i].text));
    qk_sha256_hex(hash, text.ptr ? text.ptr : "", text.len);
    if (text.len) snprintf(out, size, " %s", hash);
    qk_buf_clear(&text);
}

/* What the key stands for: method, path, query and the body's digest. */
static void name_request(const qk_exchange *x, char out[REQUEST_TEXT])
{
    char hash[QK_SHA256_TEXT];
    qk_sha256_hex(hash, x->body.ptr ? x->body.ptr : "", x->body.len);
    snprintf(out, REQUEST_TEXT, "%s %s", qk_method_name(x->method), x->route->path);
    for (size_t i = 0; i < QK_PATH_ARGS && x->args[i].ptr; i++) {
        size_t n = strlen(out);
        snprintf(out + n, REQUEST_TEXT - n, " %.*s", QK_STR_ARG(x->args[i]));
    }
    size_t n = strlen(out);
    n += (size_t)snprintf(out + n, REQUEST_TEXT - n, " %s", hash);
    if (n < REQUEST_TEXT) name_query(x, out + n, REQUEST_TEXT - n);
}

typedef enum lookup { FOUND_NONE, FOUND_ANSWER } lookup;

/* Looks the key up; an answer that is there goes into x->out. */
static qk_code find_answer(qk_exchange *x, qk_db *db, const char *request, lookup *out,
                           qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    *out = FOUND_NONE;
    QK_TRY(qk_db_prepare(&stmt, db, "SELECT route, status, body FROM idempotency WHERE key = ?1",
                         err));
    qk_db_bind_str(stmt, 1, x->idempotency_key);
    qk_code code = qk_db_step(db, stmt, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    if (code != QK_OK) return code;
    bool same = qk_str_eq(qk_db_text(stmt, 0), qk_str_of(request));
    int status = sqlite3_column_int(stmt, 1);
    if (same && status != ANNOUNCED) {
        qk_str body = qk_db_text(stmt, 2);
        qk_buf_append(&x->out, body.ptr, body.len);
        x->status = status;
        *out = FOUND_ANSWER;
    }
    sqlite3_reset(stmt);
    if (!same) return qk_refuse(x, err, 422, "idempotency_mismatch", "Idempotency-Key", "%s", "");
    if (status == ANNOUNCED)
        return qk_refuse(x, err, 409, "idempotency_unfinished", "Idempotency-Key", "%s", "");
    return QK_OK;
}

static qk_code forget_old(qk_db *db, qk_time now, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    QK_TRY(qk_db_prepare(&stmt, db, "DELETE FROM idempotency WHERE at < ?1", err));
    sqlite3_bind_int64(stmt, 1, now - KEPT_DAYS * QK_DAY);
    return qk_db_run(db, stmt, err);
}

static qk_code keep_answer(const qk_exchange *x, qk_db *db, const char *request, int status,
                           qk_time now, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    QK_TRY(forget_old(db, now, err));
    QK_TRY(qk_db_prepare(&stmt, db,
                         "INSERT OR REPLACE INTO idempotency (key, who, route, status, body, at) "
                         "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                         err));
    qk_db_bind_str(stmt, 1, x->idempotency_key);
    qk_db_bind_str(stmt, 2, qk_str_of(x->who));
    qk_db_bind_str(stmt, 3, qk_str_of(request));
    sqlite3_bind_int(stmt, 4, status);
    qk_db_bind_str(stmt, 5, x->out.len ? qk_buf_str(&x->out) : QK_STR(""));
    sqlite3_bind_int64(stmt, 6, now);
    return qk_db_run(db, stmt, err);
}

qk_code qk_change_audit(const qk_exchange *x, qk_db *db, qk_time now, const qk_change_note *note,
                        qk_error *err)
{
    char who[200];
    if (note->detail.failed)
        return qk_fail(err, note->detail.failed, "the change is too large for the audit log");
    snprintf(who, sizeof who, "%s%s%s@%s", x->who, x->actor.person[0] ? "/" : "", x->actor.person,
             x->address);
    qk_audit_line line = {.at = now,
                          .who = qk_str_of(who),
                          .what = qk_str_of(note->what),
                          .object = qk_str_of(note->object),
                          .detail = note->detail.len ? qk_buf_str(&note->detail) : QK_STR("{}")};
    return qk_audit_append(db, NULL, &line, err);
}

/* ---- in one transaction ---- */

typedef struct change {
    qk_exchange *x;
    qk_change_inside_fn *fn;
    void *context;
    char request[REQUEST_TEXT];
} change;

static qk_code run_change(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    change *c = context;
    qk_exchange *x = c->x;
    qk_change_note note = {0};
    lookup found = FOUND_NONE;
    (void)node;
    qk_buf_reset(&x->out);
    qk_json_init(&x->json, &x->out);
    QK_TRY(find_answer(x, db, c->request, &found, err));
    if (found == FOUND_ANSWER) return QK_OK;
    qk_buf_init(&note.detail, DETAIL_MAX);
    qk_code code = c->fn(x, c->context, db, now, &note, err);
    if (code == QK_OK && x->status == 0) x->status = 200;
    if (code == QK_OK) code = qk_change_audit(x, db, now, &note, err);
    if (code == QK_OK) code = keep_answer(x, db, c->request, x->status, now, err);
    qk_buf_clear(&note.detail);
    return code;
}

qk_code qk_change_run(qk_exchange *x, qk_change_inside_fn *fn, void *context, qk_error *err)
{
    change c = {.x = x, .fn = fn, .context = context};
    name_request(x, c.request);
    qk_code code = qk_node_call(x->context->node, run_change, &c, err);
    if (code == QK_OK) atomic_fetch_add(&x->context->changes, 1);
    return code;
}

/* ---- announced, done, kept ---- */

typedef struct step {
    qk_exchange *x;
    const char *request;
    qk_change_note *note;
    lookup found;
} step;

static qk_code announce(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    step *s = context;
    (void)node;
    QK_TRY(find_answer(s->x, db, s->request, &s->found, err));
    if (s->found == FOUND_ANSWER) return QK_OK;
    return keep_answer(s->x, db, s->request, ANNOUNCED, now, err);
}

static qk_code keep(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    step *s = context;
    (void)node;
    QK_TRY(qk_change_audit(s->x, db, now, s->note, err));
    return keep_answer(s->x, db, s->request, s->x->status, now, err);
}

/* Nothing was done: the key may be used again. */
static qk_code take_back(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    step *s = context;
    sqlite3_stmt *stmt = NULL;
    (void)node, (void)now;
    QK_TRY(qk_db_prepare(&stmt, db, "DELETE FROM idempotency WHERE key = ?1", err));
    qk_db_bind_str(stmt, 1, s->x->idempotency_key);
    return qk_db_run(db, stmt, err);
}

qk_code qk_change_run_outside(qk_exchange *x, qk_change_outside_fn *fn, void *context,
                              qk_error *err)
{
    char request[REQUEST_TEXT];
    qk_change_note note = {0};
    step s = {.x = x, .request = request, .note = &note};
    name_request(x, request);
    QK_TRY(qk_node_call(x->context->node, announce, &s, err));
    if (s.found == FOUND_ANSWER) return QK_OK;
    qk_buf_init(&note.detail, DETAIL_MAX);
    qk_code code = fn(x, context, &note, err);
    if (code == QK_OK && x->status == 0) x->status = 200;
    if (code == QK_OK)
        code = qk_node_call(x->context->node, keep, &s, err);
    else if (qk_node_call(x->context->node, take_back, &s, NULL) != QK_OK)
        qk_error_hint(err, "the Idempotency-Key stays taken: use a new one");
    qk_buf_clear(&note.detail);
    return code;
}
