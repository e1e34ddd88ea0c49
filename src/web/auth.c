/* SPDX-License-Identifier: Apache-2.0 */
#include "web/auth.h"
#include "base/file.h"
#include "base/map.h"
#include "store/keyfile.h"
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

enum {
    KEY_BYTES = 32,
    KEY_TEXT = 2 * KEY_BYTES,
    ADDRESSES_MAX = 4096, /* remembered at a time; all are forgotten when it is full */
    WINDOW_MS = 60 * 1000,
    FAILURES_DEFAULT = 10
};

struct qk_auth {
    unsigned char digest[QK_ROLES][32]; /* by role */
    uint32_t failures;
    pthread_mutex_t lock;
    qk_map *wrong; /* address -> window number << 32 | wrong keys in it */
};

const char *qk_auth_role_name(qk_auth_role role)
{
    static const char *const names[QK_ROLES] = {"", "operator", "admin", "accounts"};
    return names[role];
}

/* Comparing digests of equal length says nothing about the key's length or its first bytes. */
static void digest_of(unsigned char out[32], qk_str text)
{
    crypto_generichash(out, 32, (const unsigned char *)text.ptr, text.len, NULL, 0);
}

static qk_code load_key(qk_auth *auth, qk_auth_role role, const char *dir, qk_error *err)
{
    char path[QK_PATH_MAX], name[32];
    snprintf(name, sizeof name, "%s.key", qk_auth_role_name(role));
    QK_TRY(qk_path_join(path, sizeof path, dir, name));
    qk_buf text;
    qk_buf_init(&text, 1024);
    qk_code code = qk_keyfile_read(&text, path, true, NULL, err);
    qk_str key = qk_str_trim(qk_buf_str(&text));
    if (code == QK_OK && key.len < KEY_TEXT / 2) {
        qk_fail(err, QK_EFORMAT, "the key is shorter than %d characters", KEY_TEXT / 2);
        code = qk_error_at(err, path, 0, 0);
    }
    if (code == QK_OK) digest_of(auth->digest[role], key);
    if (text.ptr) sodium_memzero(text.ptr, text.len);
    qk_buf_clear(&text);
    return code;
}

qk_code qk_auth_open(qk_auth **out, const char *dir, uint32_t failures, qk_error *err)
{
    if (sodium_init() < 0) return qk_fail(err, QK_EIO, "the random generator cannot be started");
    qk_auth *auth = calloc(1, sizeof *auth);
    if (!auth) return qk_fail(err, QK_ENOMEM, "no memory for the operator key");
    pthread_mutex_init(&auth->lock, NULL);
    auth->failures = failures ? failures : FAILURES_DEFAULT;
    qk_code code = qk_map_new(&auth->wrong, ADDRESSES_MAX);
    if (code != QK_OK) qk_fail(err, code, "no memory for the keys");
    for (int r = QK_ROLE_OPERATOR; code == QK_OK && r < QK_ROLES; r++)
        code = load_key(auth, (qk_auth_role)r, dir, err);
    if (code != QK_OK) {
        qk_auth_close(auth);
        return code;
    }
    *out = auth;
    return QK_OK;
}

void qk_auth_close(qk_auth *auth)
{
    if (!auth) return;
    sodium_memzero(auth->digest, sizeof auth->digest);
    pthread_mutex_destroy(&auth->lock);
    qk_map_free(auth->wrong);
    free(auth);
}

static uint32_t count_wrong(const qk_auth *auth, qk_str address, uint32_t window)
{
    uint64_t seen = 0;
    if (!qk_map_get(auth->wrong, address, &seen)) return 0;
    return (uint32_t)(seen >> 32) == window ? (uint32_t)seen : 0;
}

/* When the table is full of other addresses all are forgotten: a flood of addresses may then guess
 * a little faster, but cannot lock anybody out. */
static void note_wrong(qk_auth *auth, qk_str address, uint32_t window)
{
    uint64_t seen = (uint64_t)window << 32 | (count_wrong(auth, address, window) + 1);
    if (qk_map_set(auth->wrong, address, seen) == QK_OK) return;
    qk_map *fresh = NULL;
    if (qk_map_new(&fresh, ADDRESSES_MAX) != QK_OK) return;
    qk_map_free(auth->wrong);
    auth->wrong = fresh;
    if (qk_map_set(auth->wrong, address, seen) != QK_OK) return;
}

/* Every key is compared, whichever fits. */
static qk_auth_role role_of(const qk_auth *auth, const unsigned char sent[32])
{
    qk_auth_role role = QK_ROLE_NONE;
    for (int r = QK_ROLE_OPERATOR; r < QK_ROLES; r++)
        if (sodium_memcmp(sent, auth->digest[r], 32) == 0) role = (qk_auth_role)r;
    return role;
}

qk_auth_verdict qk_auth_check(qk_auth *auth, qk_auth_role *role, qk_str header, qk_str address,
                              int64_t now_ms)
{
    static const char scheme[] = "Bearer ";
    *role = QK_ROLE_NONE;
    if (header.len == 0) return QK_AUTH_MISSING;
    unsigned char sent[32];
    qk_str key = {NULL, 0};
    if (header.len > sizeof scheme - 1 &&
        qk_str_eq_nocase((qk_str){header.ptr, sizeof scheme - 1}, QK_STR("Bearer ")))
        key = qk_str_trim((qk_str){header.ptr + sizeof scheme - 1, header.len - sizeof scheme + 1});
    digest_of(sent, key);
    uint32_t window = (uint32_t)(now_ms / WINDOW_MS);
    qk_auth_verdict verdict = QK_AUTH_GOOD;
    pthread_mutex_lock(&auth->lock);
    if (count_wrong(auth, address, window) >= auth->failures) {
        verdict = QK_AUTH_HELD_OFF;
    } else if ((*role = role_of(auth, sent)) == QK_ROLE_NONE) {
        verdict = QK_AUTH_WRONG;
        note_wrong(auth, address, window);
    }
    pthread_mutex_unlock(&auth->lock);
    return verdict;
}

bool qk_auth_held_off(qk_auth *auth, qk_str address, int64_t now_ms)
{
    pthread_mutex_lock(&auth->lock);
    bool held = count_wrong(auth, address, (uint32_t)(now_ms / WINDOW_MS)) >= auth->failures;
    pthread_mutex_unlock(&auth->lock);
    return held;
}

void qk_auth_note_wrong(qk_auth *auth, qk_str address, int64_t now_ms)
{
    pthread_mutex_lock(&auth->lock);
    note_wrong(auth, address, (uint32_t)(now_ms / WINDOW_MS));
    pthread_mutex_unlock(&auth->lock);
}

bool qk_origin_is_own(qk_str origin, qk_str host, qk_str fetch_site)
{
    if (fetch_site.len && !qk_str_eq_nocase(fetch_site, QK_STR("same-origin")) &&
        !qk_str_eq_nocase(fetch_site, QK_STR("none")))
        return false;
    if (origin.len == 0) return true;
    qk_str authority = {NULL, 0};
    if (qk_str_starts(origin, QK_STR("http://")))
        authority = (qk_str){origin.ptr + 7, origin.len - 7};
    else if (qk_str_starts(origin, QK_STR("https://")))
        authority = (qk_str){origin.ptr + 8, origin.len - 8};
    return authority.len > 0 && qk_str_eq_nocase(authority, host);
}

bool qk_address_is_loopback(qk_str address)
{
    return qk_str_starts(address, QK_STR("127.")) || qk_str_eq(address, QK_STR("::1")) ||
           qk_str_starts(address, QK_STR("::ffff:127."));
}
