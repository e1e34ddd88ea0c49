/* SPDX-License-Identifier: Apache-2.0 */
#include "web/setup.h"
#include "base/file.h"
#include "store/audit.h"
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

enum { ENDS_AT_ONCE = 64, CODE_BYTES = 10 };

/* ---- the one-time code ---- */

static qk_code code_path(char out[QK_PATH_MAX], const qk_context *c)
{
    return qk_path_join(out, QK_PATH_MAX, qk_node_dir(c->node), "setup.code");
}

static bool read_code(qk_context *c, const char *path)
{
    qk_buf text;
    qk_buf_init(&text, 256);
    bool good = qk_file_read(&text, path, NULL) == QK_OK;
    qk_str code = good ? qk_str_trim(qk_buf_str(&text)) : (qk_str){NULL, 0};
    good = code.len == 2 * CODE_BYTES;
    if (good) qk_str_copy(c->setup, sizeof c->setup, code);
    qk_buf_clear(&text);
    return good;
}

static qk_code make_code(qk_context *c, const char *path, qk_error *err)
{
    uint8_t bytes[CODE_BYTES];
    char line[2 * CODE_BYTES + 2];
    randombytes_buf(bytes, sizeof bytes);
    qk_hex(c->setup, bytes, sizeof bytes);
    int n = snprintf(line, sizeof line, "%s\n", c->setup);
    return qk_file_write_atomic(path, line, (size_t)n, 0600, err);
}

qk_code qk_setup_open(qk_context *c, qk_error *err)
{
    char path[QK_PATH_MAX];
    QK_TRY(code_path(path, c));
    c->setup[0] = 0;
    if (qk_people_any_account(qk_node_registry(c->node)) || qk_node_invented(c->node)) {
        (void)unlink(path);
        return QK_OK;
    }
    return read_code(c, path) ? QK_OK : make_code(c, path, err);
}

void qk_setup_done(qk_context *c)
{
    char path[QK_PATH_MAX];
    sodium_memzero(c->setup, sizeof c->setup);
    if (code_path(path, c) == QK_OK) (void)unlink(path);
}

/* ---- ends of sessions ---- */

typedef struct ends {
    size_t n, used_n;
    qk_session_use used[ENDS_AT_ONCE];
    qk_session_end end[ENDS_AT_ONCE];
} ends;

/* What a person ended himself is in the audit log already. */
static bool is_told(const char *why)
{
    return strcmp(why, "idle") == 0 || strcmp(why, "absolute") == 0 || strcmp(why, "crowded") == 0;
}

static qk_code put_end(qk_db *db, const qk_session_end *e, qk_time now, qk_error *err)
{
    char object[80], detail[64];
    QK_TRY(qk_session_put_end(db, e, err));
    if (!is_told(e->why)) return QK_OK;
    snprintf(object, sizeof object, "account/%s", e->account);
    snprintf(detail, sizeof detail, "{\"why\":\"%s\"}", e->why);
    qk_audit_line line = {.at = now,
                          .who = QK_STR("system"),
                          .what = QK_STR("session.over"),
                          .object = qk_str_of(object),
                          .detail = qk_str_of(detail)};
    return qk_audit_append(db, NULL, &line, err);
}

static qk_code put_ends(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    const ends *e = context;
    (void)node;
    for (size_t i = 0; i < e->n; i++)
        if (!e->end[i].demo) QK_TRY(put_end(db, &e->end[i], now, err));
    for (size_t i = 0; i < e->used_n; i++) QK_TRY(qk_session_put_use(db, &e->used[i], err));
    return QK_OK;
}

static void drop_ends(void *context, qk_code code, const qk_error *err)
{
    (void)code, (void)err;
    free(context);
}

void qk_sessions_tell(qk_context *c)
{
    ends *e = malloc(sizeof *e);
    if (!e) return;
    e->n = qk_sessions_sweep(c->sessions, e->end, ENDS_AT_ONCE, qk_context_wall(c));
    for (size_t i = 0; i < e->n; i++)
        qk_followers_cut(c->followers, qk_hash(e->end[i].id, strlen(e->end[i].id)));
    e->used_n = qk_sessions_used(c->sessions, e->used, ENDS_AT_ONCE);
    if (!(e->n + e->used_n) || qk_node_post(c->node, put_ends, e, drop_ends, NULL) != QK_OK)
        free(e);
}
