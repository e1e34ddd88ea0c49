/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_AUTH_H
#define QK_WEB_AUTH_H
/* The keys: who may change things through the API until accounts exist.
 *
 * DIR/operator.key is for the daily work (devices, requests, approvals), DIR/admin.key beside that
 * for what decides who gets the county's data (upper platforms), DIR/accounts.key for the command
 * `qingkong user` on this machine: it may what a security administrator may. Each holds 32 random
 * bytes in hexadecimal, made at the first start, readable by its owner only. A key that is sent is
 * compared in constant time; an address that sends wrong ones is held off for a minute after a
 * number of them, so that guessing is as slow as it is hopeless. Threads: any. */
#include "base/text.h"

typedef struct qk_auth qk_auth;

typedef enum qk_auth_role {
    QK_ROLE_NONE,
    QK_ROLE_OPERATOR,
    QK_ROLE_ADMIN,
    QK_ROLE_ACCOUNTS,
    QK_ROLES
} qk_auth_role;
const char *qk_auth_role_name(qk_auth_role role); /* "", "operator", "admin", … */

typedef enum qk_auth_verdict {
    QK_AUTH_GOOD,
    QK_AUTH_MISSING,
    QK_AUTH_WRONG,
    QK_AUTH_HELD_OFF /* too many wrong keys from this address within a minute */
} qk_auth_verdict;

/* Reads the key files, or makes them. A key file that others may read is refused (QK_EDENIED) with
 * what to do. failures: wrong keys of one address a minute. */
QK_NODISCARD qk_code qk_auth_open(qk_auth **out, const char *dir, uint32_t failures, qk_error *err);
void qk_auth_close(qk_auth *auth); /* wipes the key */
/* header: value of Authorization, {NULL,0} when absent. now_ms: the machine's monotonic clock.
 * *role: whose key it is, when the verdict is good. */
qk_auth_verdict qk_auth_check(qk_auth *auth, qk_auth_role *role, qk_str header, qk_str address,
                              int64_t now_ms);

/* The same count of wrong tries an address, for passwords and one-time codes. */
bool qk_auth_held_off(qk_auth *auth, qk_str address, int64_t now_ms);
void qk_auth_note_wrong(qk_auth *auth, qk_str address, int64_t now_ms);

/* True when a change may come from this origin: Origin is absent or names the host of the request,
 * and Sec-Fetch-Site, where a browser sends it, says same-origin or none. */
bool qk_origin_is_own(qk_str origin, qk_str host, qk_str fetch_site);
/* "127.…", "::1", "::ffff:127.…": where a proxy of ours stands. */
bool qk_address_is_loopback(qk_str address);
#endif
