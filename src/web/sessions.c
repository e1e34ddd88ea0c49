/* SPDX-License-Identifier: Apache-2.0 */
#include "web/sessions.h"
#include "base/map.h"
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

enum { ENDS_MAX = 1024, TOKEN_BYTES = QK_SESSION_TOKEN / 2 };
static const qk_time idle_ms = 30 * QK_MINUTE, whole_ms = 8 * QK_HOUR;

struct qk_sessions {
    pthread_mutex_t lock;
    qk_session *rows; /* QK_SESSIONS_MAX; one without an id is free */
    qk_map *by_hash;  /* hash -> index */
    qk_session_end ends[ENDS_MAX];
    size_t end_count;
};

/* ---- under the lock ---- */

static qk_str key_of(const qk_session *v)
{
    return (qk_str){(const char *)v->hash, sizeof v->hash};
}

static void end_row(qk_sessions *s, qk_session *v, const char *why, qk_time now)
{
    (void)qk_map_remove(s->by_hash, key_of(v));
    if (s->end_count < ENDS_MAX) {
        qk_session_end *e = &s->ends[s->end_count++];
        *e = (qk_session_end){.demo = v->demo, .at = now, .seen_at = v->seen_at};
        memcpy(e->id, v->id, sizeof e->id);
        memcpy(e->account, v->account, sizeof e->account);
        qk_str_copy(e->why, sizeof e->why, qk_str_of(why));
    }
    sodium_memzero(v, sizeof *v);
}

/* NULL while it lasts, else why it does not. */
static const char *over_because(const qk_session *v, qk_time now)
{
    if (now - v->began_at >= whole_ms) return "absolute";
    return now - v->seen_at >= idle_ms ? "idle" : NULL;
}

static void end_over(qk_sessions *s, qk_time now)
{
    for (size_t i = 0; i < QK_SESSIONS_MAX; i++) {
        const char *why = s->rows[i].id[0] ? over_because(&s->rows[i], now) : NULL;
        if (why) end_row(s, &s->rows[i], why, now);
    }
}

/* Makes room: too many of one account, or no place at all. */
static qk_session *free_row(qk_sessions *s, const char *account, qk_time now)
{
    qk_session *place = NULL, *oldest = NULL, *own = NULL;
    size_t of_account = 0;
    for (size_t i = 0; i < QK_SESSIONS_MAX; i++) {
        qk_session *v = &s->rows[i];
        if (!v->id[0]) {
            if (!place) place = v;
            continue;
        }
        if (!oldest || v->seen_at < oldest->seen_at) oldest = v;
        if (v->demo || strcmp(v->account, account) != 0) continue;
        of_account++;
        if (!own || v->began_at < own->began_at) own = v;
    }
    if (own && of_account >= QK_SESSIONS_OF_ONE) {
        end_row(s, own, "crowded", now);
        return own;
    }
    if (place) return place;
    end_row(s, oldest, "crowded", now);
    return oldest;
}

static qk_session *find_id(qk_sessions *s, qk_str id)
{
    for (size_t i = 0; id.len && i < QK_SESSIONS_MAX; i++)
        if (qk_str_eq(id, qk_str_of(s->rows[i].id))) return &s->rows[i];
    return NULL;
}

/* ---- life ---- */

static qk_code load_row(qk_sessions *s, size_t at, sqlite3_stmt *stmt)
{
    qk_session *v = &s->rows[at];
    const void *hash = sqlite3_column_blob(stmt, 1);
    if (!hash || sqlite3_column_bytes(stmt, 1) != (int)sizeof v->hash) return QK_OK;
    qk_str_copy(v->id, sizeof v->id, qk_db_text(stmt, 0));
    memcpy(v->hash, hash, sizeof v->hash);
    qk_str_copy(v->account, sizeof v->account, qk_db_text(stmt, 2));
    v->began_at = sqlite3_column_int64(stmt, 3);
    v->seen_at = v->told_at = sqlite3_column_int64(stmt, 4);
    qk_str_copy(v->address, sizeof v->address, qk_db_text(stmt, 5));
    qk_str_copy(v->agent, sizeof v->agent, qk_db_text(stmt, 6));
    v->must_change = sqlite3_column_int(stmt, 7) != 0;
    return qk_map_set(s->by_hash, key_of(v), at);
}

static qk_code load_all(qk_sessions *s, qk_db *db, qk_time now, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    size_t n = 0;
    QK_TRY(qk_db_prepare(
        &stmt, db,
        "SELECT id,token_hash,session.account,began_at,seen_at,address,agent,must_change "
        "FROM session LEFT JOIN account_secret USING (account) "
        "WHERE ended_at IS NULL AND began_at>?1 AND began_at<=?2 "
        "ORDER BY began_at DESC",
        err));
    sqlite3_bind_int64(stmt, 1, now - whole_ms);
    sqlite3_bind_int64(stmt, 2, now);
    qk_code code;
    while ((code = qk_db_step(db, stmt, err)) == QK_OK && n < QK_SESSIONS_MAX)
        QK_TRY(load_row(s, n++, stmt));
    sqlite3_reset(stmt);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_sessions_new(qk_sessions **out, qk_db *db, qk_time now, qk_error *err)
{
    qk_sessions *s = calloc(1, sizeof *s);
    if (!s) return qk_fail(err, QK_ENOMEM, "no memory for sessions");
    pthread_mutex_init(&s->lock, NULL);
    s->rows = calloc(QK_SESSIONS_MAX, sizeof *s->rows);
    qk_code code = s->rows ? qk_map_new(&s->by_hash, QK_SESSIONS_MAX) : QK_ENOMEM;
    if (code != QK_OK) qk_fail(err, code, "no memory for sessions");
    if (code == QK_OK && db) code = load_all(s, db, now, err);
    if (code != QK_OK) {
        qk_sessions_free(s);
        return code;
    }
    *out = s;
    return QK_OK;
}

void qk_sessions_free(qk_sessions *s)
{
    if (!s) return;
    if (s->rows) sodium_memzero(s->rows, QK_SESSIONS_MAX * sizeof *s->rows);
    free(s->rows);
    qk_map_free(s->by_hash);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

qk_code qk_sessions_begin(qk_sessions *s, qk_session *session, char token[QK_SESSION_TOKEN + 1],
                          qk_time now)
{
    uint8_t bytes[TOKEN_BYTES], id[9];
    randombytes_buf(bytes, sizeof bytes);
    randombytes_buf(id, sizeof id);
    qk_hex(token, bytes, sizeof bytes);
    qk_hex(session->id, id, sizeof id);
    qk_sha256_of(session->hash, token, QK_SESSION_TOKEN);
    session->began_at = session->seen_at = session->told_at = now;
    sodium_memzero(bytes, sizeof bytes);
    pthread_mutex_lock(&s->lock);
    end_over(s, now);
    qk_session *row = free_row(s, session->account, now);
    qk_code code = qk_map_set(s->by_hash, key_of(session), (uint64_t)(row - s->rows));
    if (code == QK_OK) *row = *session;
    pthread_mutex_unlock(&s->lock);
    return code;
}

bool qk_sessions_find(qk_sessions *s, qk_session *out, qk_str token, qk_time now)
{
    uint8_t hash[QK_SHA256_BYTES];
    uint64_t at = 0;
    if (token.len != QK_SESSION_TOKEN) return false;
    qk_sha256_of(hash, token.ptr, token.len);
    pthread_mutex_lock(&s->lock);
    bool found = qk_map_get(s->by_hash, (qk_str){(const char *)hash, sizeof hash}, &at);
    qk_session *v = found ? &s->rows[at] : NULL;
    const char *why = v ? over_because(v, now) : NULL;
    if (why) end_row(s, v, why, now);
    found = v && !why;
    if (found) {
        if (now > v->seen_at) v->seen_at = now;
        *out = *v;
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

void qk_session_csrf(char out[QK_SESSION_CSRF], qk_str token)
{
    uint8_t bytes[16];
    crypto_generichash(bytes, sizeof bytes, (const unsigned char *)token.ptr, token.len,
                       (const unsigned char *)"qk-csrf-for-pages", 17);
    qk_hex(out, bytes, sizeof bytes);
}

static int newest_first(const void *a, const void *b)
{
    const qk_session *x = a, *y = b;
    return (x->began_at < y->began_at) - (x->began_at > y->began_at);
}

qk_code qk_sessions_list(qk_sessions *s, qk_arena *arena, qk_str account, qk_time now,
                         qk_session **out, size_t *n)
{
    *n = 0;
    pthread_mutex_lock(&s->lock);
    end_over(s, now);
    size_t count = 0;
    for (size_t i = 0; i < QK_SESSIONS_MAX; i++)
        count +=
            s->rows[i].id[0] && (!account.len || qk_str_eq(account, qk_str_of(s->rows[i].account)));
    qk_session *list = qk_arena_array(arena, count, sizeof *list);
    for (size_t i = 0; list && i < QK_SESSIONS_MAX && *n < count; i++)
        if (s->rows[i].id[0] && (!account.len || qk_str_eq(account, qk_str_of(s->rows[i].account))))
            list[(*n)++] = s->rows[i];
    pthread_mutex_unlock(&s->lock);
    if (!list) return QK_ENOMEM;
    qsort(list, *n, sizeof *list, newest_first);
    *out = list;
    return QK_OK;
}

bool qk_sessions_end(qk_sessions *s, qk_str id, const char *why, qk_time now)
{
    pthread_mutex_lock(&s->lock);
    qk_session *v = find_id(s, id);
    if (v) end_row(s, v, why, now);
    pthread_mutex_unlock(&s->lock);
    return v != NULL;
}

size_t qk_sessions_end_all(qk_sessions *s, qk_str account, qk_str except, const char *why,
                           qk_time now)
{
    size_t n = 0;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < QK_SESSIONS_MAX; i++) {
        qk_session *v = &s->rows[i];
        if (!v->id[0] || !qk_str_eq(account, qk_str_of(v->account)) ||
            qk_str_eq(except, qk_str_of(v->id)))
            continue;
        end_row(s, v, why, now);
        n++;
    }
    pthread_mutex_unlock(&s->lock);
    return n;
}

void qk_sessions_changed(qk_sessions *s, qk_str id)
{
    pthread_mutex_lock(&s->lock);
    qk_session *v = find_id(s, id);
    if (v) v->must_change = false;
    pthread_mutex_unlock(&s->lock);
}

void qk_sessions_set_totp(qk_sessions *s, qk_str id, const char *secret)
{
    pthread_mutex_lock(&s->lock);
    qk_session *v = find_id(s, id);
    if (v) qk_str_copy(v->totp, sizeof v->totp, qk_str_of(secret));
    pthread_mutex_unlock(&s->lock);
}

size_t qk_sessions_sweep(qk_sessions *s, qk_session_end *out, size_t max, qk_time now)
{
    pthread_mutex_lock(&s->lock);
    end_over(s, now);
    size_t n = s->end_count < max ? s->end_count : max;
    memcpy(out, s->ends, n * sizeof *out);
    memmove(s->ends, s->ends + n, (s->end_count - n) * sizeof *s->ends);
    s->end_count -= n;
    pthread_mutex_unlock(&s->lock);
    return n;
}

size_t qk_sessions_used(qk_sessions *s, qk_session_use *out, size_t max)
{
    size_t n = 0;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < QK_SESSIONS_MAX && n < max; i++) {
        qk_session *v = &s->rows[i];
        if (!v->id[0] || v->demo || v->seen_at - v->told_at < QK_MINUTE) continue;
        memcpy(out[n].id, v->id, sizeof out[n].id);
        out[n++].seen_at = v->told_at = v->seen_at;
    }
    pthread_mutex_unlock(&s->lock);
    return n;
}

/* ---- the table ---- */

qk_code qk_session_put(qk_db *db, const qk_session *v, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    QK_TRY(
        qk_db_prepare(&stmt, db,
                      "INSERT INTO session (id,token_hash,account,began_at,seen_at,address,agent)"
                      " VALUES (?1,?2,?3,?4,?5,?6,?7)",
                      err));
    qk_db_bind_str(stmt, 1, qk_str_of(v->id));
    qk_db_bind_blob(stmt, 2, v->hash, sizeof v->hash);
    qk_db_bind_str(stmt, 3, qk_str_of(v->account));
    sqlite3_bind_int64(stmt, 4, v->began_at);
    sqlite3_bind_int64(stmt, 5, v->seen_at);
    qk_db_bind_str(stmt, 6, qk_str_of(v->address));
    qk_db_bind_str(stmt, 7, qk_str_of(v->agent));
    return qk_db_run(db, stmt, err);
}

qk_code qk_session_put_use(qk_db *db, const qk_session_use *use, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    QK_TRY(qk_db_prepare(&stmt, db,
                         "UPDATE session SET seen_at=?2 WHERE id=?1 AND ended_at IS NULL AND "
                         "seen_at<?2",
                         err));
    qk_db_bind_str(stmt, 1, qk_str_of(use->id));
    sqlite3_bind_int64(stmt, 2, use->seen_at);
    return qk_db_run(db, stmt, err);
}

qk_code qk_session_put_end(qk_db *db, const qk_session_end *e, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    QK_TRY(qk_db_prepare(
        &stmt, db,
        "UPDATE session SET ended_at=?2, ended_why=?3, seen_at=?4 WHERE id=?1 AND ended_at IS NULL",
        err));
    qk_db_bind_str(stmt, 1, qk_str_of(e->id));
    sqlite3_bind_int64(stmt, 2, e->at);
    qk_db_bind_str(stmt, 3, qk_str_of(e->why));
    sqlite3_bind_int64(stmt, 4, e->seen_at);
    return qk_db_run(db, stmt, err);
}
