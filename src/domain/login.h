/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_LOGIN_H
#define QK_DOMAIN_LOGIN_H
/* What an account proves itself with: password, one-time codes, and what happens when they are
 * wrong.
 *
 * Passwords are kept as argon2id (RFC 9106; libsodium). The policy is a setting, because two rules
 * contradict each other: profile "mlps" is GB/T 22239-2019 8.1.4.1 a) (classes of characters and
 * periodic change), "asvs" is OWASP ASVS 5.0.0 6.2 (length and a list of bad ones alone). One-time
 * codes are RFC 6238: SHA-1, 30 s, six digits; a step is taken once. Wrong ones lock the account
 * for a time that doubles. Secrets have no history and are never given out.
 *
 * Judging is pure: times come in as values. Reading for any thread with a connection of its own,
 * writing for the store thread. */
#include "base/memory.h"
#include "base/time.h"
#include "store/db.h"

enum {
    QK_PASSWORD_MAX = 128, /* bytes */
    QK_PASSWORD_HASH = 128,
    QK_PASSWORDS_EARLIER = 5,
    QK_TOTP_TEXT = 33, /* 20 bytes in base 32 */
    QK_TOTP_STEP_S = 30,
    QK_RECOVERY_CODES = 10,
    QK_RECOVERY_TEXT = 20,
    QK_LOCK_AFTER = 5 /* wrong ones in a row */
};

typedef enum qk_password_profile { QK_PASSWORD_MLPS, QK_PASSWORD_ASVS } qk_password_profile;
const char *qk_password_profile_name(qk_password_profile profile);
/* Setting "password.profile"; mlps when it was never set. */
qk_password_profile qk_password_profile_get(qk_db *db);
/* Days after which a password must be changed; 0 = never. */
int64_t qk_password_days(qk_password_profile profile);

/* How much work a hash is; 0 = the default, 64 MiB and 2 passes. */
typedef struct qk_password_cost {
    uint32_t memory_kib, passes;
} qk_password_cost;

typedef struct qk_secret {
    char account[32];
    char password[QK_PASSWORD_HASH];
    qk_time password_at;
    bool must_change;
    char earlier[QK_PASSWORDS_EARLIER][QK_PASSWORD_HASH]; /* newest first; empty = none */
    char totp[QK_TOTP_TEXT];                              /* empty = no second factor */
    int64_t totp_step;                                    /* the last one taken */
    char recovery[QK_RECOVERY_CODES][65];                 /* hashes; empty = used */
    int64_t failed;                                       /* in a row */
    qk_time locked_until;
} qk_secret;

/* QK_ENOTFOUND when there is none. */
QK_NODISCARD qk_code qk_secret_get(qk_secret *out, qk_db *db, qk_str account, qk_error *err);
QK_NODISCARD qk_code qk_secret_put(qk_db *db, const qk_secret *secret, qk_error *err);
void qk_secret_wipe(qk_secret *secret);

/* ---- passwords ---- */
/* QK_EINVAL with what is missing in err when the policy refuses it; err->hint names the rule
 * (short, classes, common, account, long). */
QK_NODISCARD qk_code qk_password_check(qk_str password, qk_str account, qk_password_profile profile,
                                       qk_error *err);
/* True when it is the current one or one of the last. Costs a hash for each. */
bool qk_password_was_used(const qk_secret *secret, qk_str password);
QK_NODISCARD qk_code qk_password_hash(char out[QK_PASSWORD_HASH], qk_str password,
                                      qk_password_cost cost, qk_error *err);
/* hash NULL or empty: no such account; the same work is done and false given. */
bool qk_password_is(const char *hash, qk_str password, qk_password_cost cost);
/* Sets a new one: the old becomes an earlier one, wrong tries and lock are forgotten. */
QK_NODISCARD qk_code qk_secret_set_password(qk_secret *secret, qk_str password, bool must_change,
                                            qk_password_cost cost, qk_time now, qk_error *err);

/* ---- one-time codes ---- */
/* 20 random bytes in base 32. */
void qk_totp_new(char out[QK_TOTP_TEXT]);
/* Six digits of a step (seconds since 1970 / 30). False for a secret that is no base 32. */
bool qk_totp_code(char out[7], const char *secret, int64_t step);
/* True when code is that of a step from one before to one behind now, later than *step, which then
 * becomes that step. */
bool qk_totp_take(const char *secret, int64_t *step, qk_str code, qk_time now);
/* Ten codes as shown once ("k3f9-…"), their hashes into the secret. */
void qk_recovery_new(qk_secret *secret, char out[QK_RECOVERY_CODES][QK_RECOVERY_TEXT]);

/* ---- the verdict ---- */
typedef enum qk_login {
    QK_LOGIN_GOOD,
    QK_LOGIN_WRONG,
    QK_LOGIN_LOCKED,
    QK_LOGIN_NEEDS_CODE /* the password is right, the second factor is missing */
} qk_login;
/* Judges a try and notes it in *secret, which the caller then puts. good: the password fits. */
qk_login qk_login_judge(qk_secret *secret, bool good, qk_str code, qk_time now);
/* How long `failed` wrong tries lock: nothing below QK_LOCK_AFTER, then 1 minute doubling to 1
 * hour. */
int64_t qk_login_lock_ms(int64_t failed);
#endif
