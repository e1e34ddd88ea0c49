/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/login.h"
#include "base/hash256.h"
#include "base/json.h"
#include "base/sha1.h"
#include "domain/setting.h"
#include <sodium.h>

enum {
    MEMORY_KIB = 65536,
    PASSES = 2,
    MLPS_LEAST = 12,
    MLPS_CLASSES = 3,
    MLPS_DAYS = 90,
    ASVS_LEAST = 15,
    TOTP_BYTES = 20,
    LISTS_MAX = 8192
};

/* ---- rows ---- */

static void read_list(char *out, size_t n, size_t size, qk_str json)
{
    qk_arena arena;
    qk_json_value *list = NULL;
    qk_arena_init(&arena, LISTS_MAX * 4);
    if (qk_json_parse(&list, json, &arena, NULL) == QK_OK && list->type == QK_JSON_ARRAY)
        for (const qk_json_value *v = list->first; v && n > 0; v = v->next, n--, out += size)
            qk_str_copy(out, size, v->text);
    qk_arena_clear(&arena);
}

static void write_list(qk_buf *out, const char *items, size_t n, size_t size)
{
    qk_json_writer w;
    qk_buf_init(out, LISTS_MAX);
    qk_json_init(&w, out);
    qk_json_array(&w);
    for (size_t i = 0; i < n; i++) qk_json_cstr(&w, items + i * size);
    qk_json_end(&w);
}

qk_code qk_secret_get(qk_secret *out, qk_db *db, qk_str account, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    *out = (qk_secret){0};
    QK_TRY(qk_db_prepare(
        &s, db,
        "SELECT password,password_at,must_change,earlier,unseal(totp),totp_step,recovery,"
        "failed,locked_until FROM account_secret WHERE account=?1",
        err));
    qk_db_bind_str(s, 1, account);
    QK_TRY(qk_db_step(db, s, err));
    qk_str_copy(out->account, sizeof out->account, account);
    qk_str_copy(out->password, sizeof out->password, qk_db_text(s, 0));
    out->password_at = sqlite3_column_int64(s, 1);
    out->must_change = sqlite3_column_int(s, 2) != 0;
    read_list(out->earlier[0], QK_PASSWORDS_EARLIER, QK_PASSWORD_HASH, qk_db_text(s, 3));
    qk_str_copy(out->totp, sizeof out->totp, qk_db_text(s, 4));
    out->totp_step = sqlite3_column_int64(s, 5);
    read_list(out->recovery[0], QK_RECOVERY_CODES, sizeof out->recovery[0], qk_db_text(s, 6));
    out->failed = sqlite3_column_int64(s, 7);
    out->locked_until = sqlite3_column_int64(s, 8);
    sqlite3_reset(s);
    return QK_OK;
}

static qk_code put_row(qk_db *db, const qk_secret *v, const qk_buf *earlier, const qk_buf *recovery,
                       qk_error *err)
{
    sqlite3_stmt *s = NULL;
    if (earlier->failed || recovery->failed)
        return qk_fail(err, QK_ENOMEM, "no memory for an account's secret");
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT OR REPLACE INTO account_secret (account,password,password_at,"
                         "must_change,earlier,totp,totp_step,recovery,failed,locked_until)"
                         " VALUES (?1,?2,?3,?4,?5,seal(?6),?7,?8,?9,?10)",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(v->account));
    qk_db_bind_str(s, 2, qk_str_of(v->password));
    sqlite3_bind_int64(s, 3, v->password_at);
    sqlite3_bind_int(s, 4, v->must_change);
    qk_db_bind_str(s, 5, qk_buf_str(earlier));
    qk_db_bind_str(s, 6, qk_str_of(v->totp));
    sqlite3_bind_int64(s, 7, v->totp_step);
    qk_db_bind_str(s, 8, qk_buf_str(recovery));
    sqlite3_bind_int64(s, 9, v->failed);
    sqlite3_bind_int64(s, 10, v->locked_until);
    return qk_db_run(db, s, err);
}

qk_code qk_secret_put(qk_db *db, const qk_secret *v, qk_error *err)
{
    qk_buf earlier, recovery;
    write_list(&earlier, v->earlier[0], QK_PASSWORDS_EARLIER, QK_PASSWORD_HASH);
    write_list(&recovery, v->recovery[0], QK_RECOVERY_CODES, sizeof v->recovery[0]);
    qk_code code = put_row(db, v, &earlier, &recovery, err);
    qk_buf_clear(&earlier);
    qk_buf_clear(&recovery);
    return code;
}

void qk_secret_wipe(qk_secret *secret)
{
    sodium_memzero(secret, sizeof *secret);
}

/* ---- the policy ---- */

const char *qk_password_profile_name(qk_password_profile profile)
{
    return profile == QK_PASSWORD_ASVS ? "asvs" : "mlps";
}

qk_password_profile qk_password_profile_get(qk_db *db)
{
    qk_arena arena;
    qk_str text = {0};
    qk_arena_init(&arena, 4096);
    bool asvs = qk_setting_text(&text, db, "password.profile", &arena, NULL) == QK_OK &&
                qk_str_eq(text, QK_STR("asvs"));
    qk_arena_clear(&arena);
    return asvs ? QK_PASSWORD_ASVS : QK_PASSWORD_MLPS;
}

int64_t qk_password_days(qk_password_profile profile)
{
    return profile == QK_PASSWORD_MLPS ? MLPS_DAYS : 0;
}

static int count_classes(qk_str s)
{
    bool lower = false, upper = false, digit = false, other = false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (qk_is_digit(c))
            digit = true;
        else if (!qk_is_alpha(c))
            other = true;
        else if (qk_to_lower(c) == c)
            lower = true;
        else
            upper = true;
    }
    return lower + upper + digit + other;
}

/* Stems of the most used passwords: one of them with nothing but digits, signs or itself around it
 * is a bad one, however long. */
static const char *const stems[] = {
    "password", "passw0rd",     "p@ssw0rd",  "p@ssword", "admin",    "administrator",
    "qwerty",   "qwertyuiop",   "asdfghjkl", "zxcvbnm",  "1qaz2wsx", "qazwsx",
    "1q2w3e4r", "iloveyou",     "welcome",   "letmein",  "monkey",   "dragon",
    "football", "baseball",     "master",    "sunshine", "princess", "woaini",
    "wodemima", "root",         "test",      "guest",    "user",     "login",
    "abc",      "abcd",         "abcdef",    "aa",       "a",        "qq",
    "wang",     "zhang",        "huanbao",   "qingkong", "skyclear", "china",
    "zhongguo", "changeme",     "default",   "secret",   "superman", "trustno1",
    "whatever", "1qaz2wsx3edc", "qwer",      "asdf",     "zxcv",     "hello",
    "computer", "internet"};

static bool stands_at(qk_str s, size_t at, const char *word)
{
    size_t n = strlen(word);
    if (at + n > s.len) return false;
    for (size_t i = 0; i < n; i++)
        if (qk_to_lower(s.ptr[at + i]) != word[i]) return false;
    return true;
}

/* Nothing is left of it but digits and signs when the stems are taken out. */
static bool is_common(qk_str s)
{
    size_t at = 0, letters = 0;
    while (at < s.len) {
        size_t longest = 0;
        for (size_t i = 0; i < sizeof stems / sizeof stems[0]; i++)
            if (stands_at(s, at, stems[i]) && strlen(stems[i]) > longest)
                longest = strlen(stems[i]);
        if (!longest) letters += qk_is_alpha(s.ptr[at]) || (unsigned char)s.ptr[at] >= 0x80;
        at += longest ? longest : 1;
    }
    return letters == 0;
}

static bool holds_account(qk_str s, qk_str account)
{
    for (size_t at = 0; account.len >= 3 && at + account.len <= s.len; at++)
        if (qk_str_eq_nocase((qk_str){s.ptr + at, account.len}, account)) return true;
    return false;
}

static qk_code refuse(qk_error *err, const char *rule, const char *text)
{
    qk_fail(err, QK_EINVAL, "%s", text);
    qk_error_hint(err, "%s", rule);
    return QK_EINVAL;
}

qk_code qk_password_check(qk_str s, qk_str account, qk_password_profile profile, qk_error *err)
{
    bool mlps = profile == QK_PASSWORD_MLPS;
    if (s.len > QK_PASSWORD_MAX) return refuse(err, "long", "at most 128 bytes");
    if (!qk_utf8_valid(s) || (s.len && memchr(s.ptr, 0, s.len)))
        return refuse(err, "text", "it is no text");
    if (qk_utf8_count(s) < (mlps ? MLPS_LEAST : ASVS_LEAST))
        return refuse(err, "short", mlps ? "at least 12 characters" : "at least 15 characters");
    if (mlps && count_classes(s) < MLPS_CLASSES)
        return refuse(err, "classes",
                      "three of small letters, capitals, digits and signs are needed");
    if (is_common(s)) return refuse(err, "common", "it is one of the first that a guesser tries");
    if (holds_account(s, account)) return refuse(err, "account", "it holds the account's name");
    return QK_OK;
}

/* ---- hashes ---- */

static qk_password_cost whole(qk_password_cost cost)
{
    return (qk_password_cost){cost.memory_kib ? cost.memory_kib : MEMORY_KIB,
                              cost.passes ? cost.passes : PASSES};
}

qk_code qk_password_hash(char out[QK_PASSWORD_HASH], qk_str password, qk_password_cost cost,
                         qk_error *err)
{
    char text[crypto_pwhash_STRBYTES];
    _Static_assert(sizeof text <= QK_PASSWORD_HASH, "a hash does not fit");
    cost = whole(cost);
    if (crypto_pwhash_str_alg(text, password.ptr ? password.ptr : "", password.len, cost.passes,
                              (size_t)cost.memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return qk_fail(err, QK_ENOMEM, "no memory to work on a password");
    qk_str_copy(out, QK_PASSWORD_HASH, qk_str_of(text));
    return QK_OK;
}

/* A hash that nothing fits, of the cost that real ones have. */
static void hash_of_nobody(char out[QK_PASSWORD_HASH], qk_password_cost cost)
{
    snprintf(out, QK_PASSWORD_HASH,
             "$argon2id$v=19$m=%u,t=%u,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
             "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
             cost.memory_kib, cost.passes);
}

bool qk_password_is(const char *hash, qk_str password, qk_password_cost cost)
{
    char nobody[QK_PASSWORD_HASH];
    bool known = hash && hash[0];
    if (password.len > QK_PASSWORD_MAX) password.len = QK_PASSWORD_MAX + 1;
    hash_of_nobody(nobody, whole(cost));
    bool fits = crypto_pwhash_str_verify(known ? hash : nobody, password.ptr ? password.ptr : "",
                                         password.len) == 0;
    return known && fits && password.len <= QK_PASSWORD_MAX;
}

bool qk_password_was_used(const qk_secret *secret, qk_str password)
{
    if (secret->password[0] && qk_password_is(secret->password, password, (qk_password_cost){0}))
        return true;
    for (int i = 0; i < QK_PASSWORDS_EARLIER; i++)
        if (secret->earlier[i][0] &&
            qk_password_is(secret->earlier[i], password, (qk_password_cost){0}))
            return true;
    return false;
}

qk_code qk_secret_set_password(qk_secret *secret, qk_str password, bool must_change,
                               qk_password_cost cost, qk_time now, qk_error *err)
{
    char hash[QK_PASSWORD_HASH];
    QK_TRY(qk_password_hash(hash, password, cost, err));
    memmove(secret->earlier[1], secret->earlier[0],
            sizeof secret->earlier - sizeof secret->earlier[0]);
    memcpy(secret->earlier[0], secret->password, sizeof secret->earlier[0]);
    memcpy(secret->password, hash, sizeof hash);
    secret->password_at = now;
    secret->must_change = must_change;
    secret->failed = 0;
    secret->locked_until = 0;
    return QK_OK;
}

/* ---- one-time codes ---- */

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static void put_base32(char *out, const uint8_t *bytes, size_t n)
{
    for (size_t bit = 0; bit < n * 8; bit += 5) {
        uint32_t v = (uint32_t)bytes[bit / 8] << 8;
        if (bit / 8 + 1 < n) v |= bytes[bit / 8 + 1];
        *out++ = base32[v >> (11 - bit % 8) & 31];
    }
    *out = 0;
}

static bool read_base32(uint8_t out[TOTP_BYTES], const char *text)
{
    if (strlen(text) != QK_TOTP_TEXT - 1) return false;
    memset(out, 0, TOTP_BYTES);
    for (size_t i = 0; text[i]; i++) {
        const char *at = strchr(base32, text[i]);
        if (!at) return false;
        uint32_t v = (uint32_t)(at - base32) << (11 - i * 5 % 8);
        out[i * 5 / 8] |= (uint8_t)(v >> 8);
        if (i * 5 / 8 + 1 < TOTP_BYTES) out[i * 5 / 8 + 1] |= (uint8_t)v;
    }
    return true;
}

void qk_totp_new(char out[QK_TOTP_TEXT])
{
    uint8_t bytes[TOTP_BYTES];
    randombytes_buf(bytes, sizeof bytes);
    put_base32(out, bytes, sizeof bytes);
    sodium_memzero(bytes, sizeof bytes);
}

/* RFC 4226 5.3: dynamic truncation. */
bool qk_totp_code(char out[7], const char *secret, int64_t step)
{
    uint8_t key[TOTP_BYTES], counter[8], hash[QK_SHA1_BYTES];
    if (!read_base32(key, secret)) return false;
    for (int i = 0; i < 8; i++) counter[i] = (uint8_t)(step >> (56 - 8 * i));
    qk_sha1_hmac(hash, key, sizeof key, counter, sizeof counter);
    const uint8_t *p = hash + (hash[19] & 15);
    uint32_t number =
        (uint32_t)(p[0] & 127) << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    snprintf(out, 7, "%06u", number % 1000000);
    sodium_memzero(key, sizeof key);
    return true;
}

bool qk_totp_take(const char *secret, int64_t *step, qk_str code, qk_time now)
{
    int64_t here = now / 1000 / QK_TOTP_STEP_S, taken = 0;
    for (int64_t s = here - 1; s <= here + 1; s++) {
        char want[7];
        bool good = qk_totp_code(want, secret, s) && code.len == 6;
        if (good && sodium_memcmp(want, code.ptr, 6) == 0 && s > *step) taken = s;
    }
    if (taken) *step = taken;
    return taken != 0;
}

static void hash_code(char out[65], qk_str code)
{
    char plain[QK_RECOVERY_TEXT];
    size_t n = 0;
    for (size_t i = 0; i < code.len && n + 1 < sizeof plain; i++)
        if (qk_is_alpha(code.ptr[i]) || qk_is_digit(code.ptr[i]))
            plain[n++] = qk_to_lower(code.ptr[i]);
    qk_sha256_hex(out, plain, n);
    sodium_memzero(plain, sizeof plain);
}

void qk_recovery_new(qk_secret *secret, char out[QK_RECOVERY_CODES][QK_RECOVERY_TEXT])
{
    for (int i = 0; i < QK_RECOVERY_CODES; i++) {
        uint8_t bytes[10];
        char text[17];
        randombytes_buf(bytes, sizeof bytes);
        put_base32(text, bytes, sizeof bytes);
        for (int k = 0; k < 16; k++) text[k] = qk_to_lower(text[k]);
        snprintf(out[i], QK_RECOVERY_TEXT, "%.4s-%.4s-%.4s-%.4s", text, text + 4, text + 8,
                 text + 12);
        hash_code(secret->recovery[i], qk_str_of(out[i]));
    }
}

static bool take_recovery(qk_secret *secret, qk_str code)
{
    char hash[65];
    bool found = false;
    if (code.len < 16 || code.len >= QK_RECOVERY_TEXT) return false;
    hash_code(hash, code);
    for (int i = 0; i < QK_RECOVERY_CODES; i++)
        if (secret->recovery[i][0] && sodium_memcmp(hash, secret->recovery[i], 64) == 0) {
            secret->recovery[i][0] = 0;
            found = true;
        }
    return found;
}

/* ---- the verdict ---- */

int64_t qk_login_lock_ms(int64_t failed)
{
    enum { DOUBLINGS = 6 };
    if (failed < QK_LOCK_AFTER) return 0;
    int64_t over = failed - QK_LOCK_AFTER;
    return over >= DOUBLINGS ? QK_HOUR : QK_MINUTE << over;
}

qk_login qk_login_judge(qk_secret *s, bool good, qk_str code, qk_time now)
{
    if (s->locked_until > now) return QK_LOGIN_LOCKED;
    if (good && s->totp[0] && code.len == 0) return QK_LOGIN_NEEDS_CODE;
    if (good && s->totp[0])
        good = qk_totp_take(s->totp, &s->totp_step, code, now) || take_recovery(s, code);
    if (good) {
        s->failed = 0;
        s->locked_until = 0;
        return QK_LOGIN_GOOD;
    }
    s->failed++;
    s->locked_until = now + qk_login_lock_ms(s->failed);
    return QK_LOGIN_WRONG;
}
