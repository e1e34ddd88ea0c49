/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_SESSIONS_H
#define QK_WEB_SESSIONS_H
/* Sessions: who is logged in from where, until when.
 *
 * A token is 32 random bytes, sent as a cookie that scripts cannot read; here and on the disk
 * stands its SHA-256 alone (OWASP ASVS 5.0.0 7.2). The table is in memory, so that a request is
 * judged without the disk; rows of table `session` let it survive a restart. A session ends by
 * logging out, by an administrator, 30 minutes after it was last used or 8 hours after it began.
 * Roles taken on a demo live in memory alone.
 *
 * Time is the machine's, given as a value: a county's clock that is set forward throws nobody out.
 * Threads: any. */
#include "base/hash256.h"
#include "store/db.h"
#include "web/rights.h"

typedef struct qk_sessions qk_sessions;

enum {
    QK_SESSIONS_MAX = 4096, /* at a time; the one that was used longest ago leaves */
    QK_SESSIONS_OF_ONE = 8, /* of one account; the oldest leaves */
    QK_SESSION_TOKEN = 64,  /* characters */
    QK_SESSION_CSRF = 33
};

typedef struct qk_session {
    char id[QK_CODE_MAX]; /* shown in lists; says nothing of the token */
    uint8_t hash[QK_SHA256_BYTES];
    char account[QK_CODE_MAX];
    qk_time began_at, seen_at;
    qk_time told_at; /* seen_at as it stands in the table */
    char address[48];
    char agent[96];
    bool must_change; /* a new password before anything else */
    bool demo;        /* a role taken on a demo: */
    qk_actor_role role;
    char totp[QK_CODE_MAX + 4]; /* being enrolled, not yet proved */
} qk_session;

typedef struct qk_session_end { /* what is to be told to the disk */
    char id[QK_CODE_MAX], account[QK_CODE_MAX];
    char why[16]; /* logout, ended, idle, absolute, disabled, password, crowded */
    bool demo;
    qk_time at, seen_at;
} qk_session_end;

/* db: where those of an earlier life are read from; NULL = none. */
QK_NODISCARD qk_code qk_sessions_new(qk_sessions **out, qk_db *db, qk_time now, qk_error *err);
void qk_sessions_free(qk_sessions *s); /* wipes */

/* A new one; account, demo and role are taken from *session, the rest is filled in, and the token
 * goes into token. QK_ENOMEM. */
QK_NODISCARD qk_code qk_sessions_begin(qk_sessions *s, qk_session *session,
                                       char token[QK_SESSION_TOKEN + 1], qk_time now);
/* True for the token of a session that lasts, which counts as used now. */
bool qk_sessions_find(qk_sessions *s, qk_session *out, qk_str token, qk_time now);
/* What a page must send with a change, beside the cookie; made of the token. */
void qk_session_csrf(char out[QK_SESSION_CSRF], qk_str token);
/* Copies of those of an account ({NULL,0} = all), newest first. */
QK_NODISCARD qk_code qk_sessions_list(qk_sessions *s, qk_arena *arena, qk_str account, qk_time now,
                                      qk_session **out, size_t *n);
/* Ends one by id; false when there is none. */
bool qk_sessions_end(qk_sessions *s, qk_str id, const char *why, qk_time now);
/* Ends all of an account but `except` (an id, may be {NULL,0}); how many. */
size_t qk_sessions_end_all(qk_sessions *s, qk_str account, qk_str except, const char *why,
                           qk_time now);
/* A new password was set. */
void qk_sessions_changed(qk_sessions *s, qk_str id);
/* The enrolment under way of a session. */
void qk_sessions_set_totp(qk_sessions *s, qk_str id, const char *secret);

/* Ends what lasts too long, and gives the ends (up to max) since the last call. */
size_t qk_sessions_sweep(qk_sessions *s, qk_session_end *out, size_t max, qk_time now);

/* Those used a minute or more after what the table says, whose seen_at is then to be written. Up to
 * max. */
typedef struct qk_session_use {
    char id[QK_CODE_MAX];
    qk_time seen_at;
} qk_session_use;
size_t qk_sessions_used(qk_sessions *s, qk_session_use *out, size_t max);

/* ---- table `session`; store thread ---- */
QK_NODISCARD qk_code qk_session_put(qk_db *db, const qk_session *session, qk_error *err);
QK_NODISCARD qk_code qk_session_put_use(qk_db *db, const qk_session_use *use, qk_error *err);
QK_NODISCARD qk_code qk_session_put_end(qk_db *db, const qk_session_end *end, qk_error *err);
#endif
