/* SPDX-License-Identifier: Apache-2.0 */
#include "store/seal.h"
#include "base/file.h"
#include "store/keyfile.h"
#include <sodium.h>
#include <stdlib.h>

enum { KEY = crypto_secretbox_KEYBYTES, NONCE = crypto_secretbox_NONCEBYTES };
enum { OVERHEAD = NONCE + crypto_secretbox_MACBYTES };
static const char prefix[] = "sealed:1:"; /* the number: of the method */
static const char lost[] = "secret.key does not open what is sealed: put the right one beside the "
                           "database";

/* ---- the key ---- */

static qk_code key_path(char out[QK_PATH_MAX], sqlite3 *handle, qk_error *err)
{
    const char *path = sqlite3_db_filename(handle, "main");
    const char *slash = path ? strrchr(path, '/') : NULL;
    char dir[QK_PATH_MAX];
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (!slash || n >= sizeof dir) return qk_fail(err, QK_ENOTFOUND, "the database has no folder");
    memcpy(dir, path, n);
    dir[n] = 0;
    return qk_path_join(out, QK_PATH_MAX, n ? dir : "/", "secret.key");
}

static qk_code read_key(unsigned char key[KEY], sqlite3 *handle, bool make, bool *made,
                        qk_error *err)
{
    char path[QK_PATH_MAX];
    qk_buf text;
    size_t len = 0;
    QK_TRY(key_path(path, handle, err));
    qk_buf_init(&text, 1024);
    qk_code code = qk_keyfile_read(&text, path, make, made, err);
    qk_str hex = qk_str_trim(qk_buf_str(&text));
    if (!code && (sodium_hex2bin(key, KEY, hex.ptr, hex.len, NULL, &len, NULL) || len != KEY)) {
        qk_fail(err, QK_EFORMAT, "the key is not %d hexadecimal digits", 2 * KEY);
        code = qk_error_at(err, path, 0, 0);
    }
    if (text.ptr) sodium_memzero(text.ptr, text.len);
    qk_buf_clear(&text);
    return code;
}

/* What the database remembers of its key: enough to know another one. */
static int64_t mark_of(const unsigned char key[KEY])
{
    unsigned char hash[crypto_generichash_BYTES];
    int64_t mark;
    crypto_generichash(hash, sizeof hash, key, KEY, (const unsigned char *)"qk-seal-mark", 12);
    memcpy(&mark, hash, sizeof mark);
    return mark;
}

/* ---- the functions ---- */

typedef struct seal {
    bool known;
    unsigned char key[KEY];
} seal;

static void free_seal(void *context)
{
    sodium_memzero(context, sizeof(seal));
    free(context);
}

/* Nothing was ever sealed here, and something may be: a database outside a data folder's start. */
static bool may_begin(sqlite3 *handle)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_db_readonly(handle, "main")) return false;
    bool none = sqlite3_prepare_v2(handle, "SELECT 1 FROM meta WHERE key='seal_key'", -1, &stmt,
                                   NULL) == SQLITE_OK &&
                sqlite3_step(stmt) == SQLITE_DONE;
    sqlite3_finalize(stmt);
    return none;
}

static bool has_key(sqlite3_context *c, seal *s)
{
    sqlite3 *handle = sqlite3_context_db_handle(c);
    if (!s->known) s->known = read_key(s->key, handle, may_begin(handle), NULL, NULL) == QK_OK;
    if (!s->known)
        sqlite3_result_error(c, "secret.key is not there: put it beside the database", -1);
    return s->known;
}

static bool is_sealed(const char *text)
{
    return strncmp(text, prefix, sizeof prefix - 1) == 0;
}

static void seal_text(sqlite3_context *c, int n, sqlite3_value **args)
{
    (void)n;
    seal *s = sqlite3_user_data(c);
    const char *text = (const char *)sqlite3_value_text(args[0]);
    size_t len = text ? (size_t)sqlite3_value_bytes(args[0]) : 0;
    if (!len || is_sealed(text)) {
        sqlite3_result_value(c, args[0]);
        return;
    }
    if (!has_key(c, s)) return;
    size_t size = sizeof prefix + 2 * (OVERHEAD + len);
    unsigned char *box = malloc(OVERHEAD + len);
    char *out = sqlite3_malloc64(size);
    if (box && out) {
        randombytes_buf(box, NONCE);
        crypto_secretbox_easy(box + NONCE, (const unsigned char *)text, len, box, s->key);
        memcpy(out, prefix, sizeof prefix - 1);
        qk_hex(out + sizeof prefix - 1, box, OVERHEAD + len);
        sqlite3_result_text64(c, out, size - 1, sqlite3_free, SQLITE_UTF8);
        out = NULL;
    } else {
        sqlite3_result_error_nomem(c);
    }
    sqlite3_free(out);
    free(box);
}

static void unseal_text(sqlite3_context *c, int n, sqlite3_value **args)
{
    (void)n;
    seal *s = sqlite3_user_data(c);
    const char *text = (const char *)sqlite3_value_text(args[0]);
    size_t len = text ? (size_t)sqlite3_value_bytes(args[0]) : 0, got = 0;
    if (!len || !is_sealed(text)) {
        sqlite3_result_value(c, args[0]);
        return;
    }
    if (!has_key(c, s)) return;
    const char *hex = text + sizeof prefix - 1;
    size_t digits = len - (sizeof prefix - 1);
    unsigned char *box = malloc(digits / 2 + 1);
    char *out = sqlite3_malloc64(digits / 2 + 1);
    if (!box || !out)
        sqlite3_result_error_nomem(c);
    else if (sodium_hex2bin(box, digits / 2, hex, digits, NULL, &got, NULL) || got < OVERHEAD ||
             crypto_secretbox_open_easy((unsigned char *)out, box + NONCE, got - NONCE, box,
                                        s->key))
        sqlite3_result_error(c, lost, -1);
    else
        sqlite3_result_text64(c, out, got - OVERHEAD, SQLITE_TRANSIENT, SQLITE_UTF8);
    if (out) sodium_memzero(out, digits / 2);
    sqlite3_free(out);
    free(box);
}

static bool add_function(sqlite3 *handle, const char *name,
                         void (*fn)(sqlite3_context *, int, sqlite3_value **))
{
    seal *s = calloc(1, sizeof *s);
    return s && sqlite3_create_function_v2(handle, name, 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, s, fn,
                                           NULL, NULL, free_seal) == SQLITE_OK;
}

qk_code qk_seal_functions(sqlite3 *handle, qk_error *err)
{
    if (sodium_init() < 0) return qk_fail(err, QK_EIO, "the random generator cannot be started");
    if (add_function(handle, "seal", seal_text) && add_function(handle, "unseal", unseal_text))
        return QK_OK;
    return qk_fail(err, QK_ENOMEM, "no memory for the database");
}

/* ---- at start ---- */

/* Rows of the register get a version more, which their triggers write into the history; what the
 * history holds is sealed where it stands. */
static const char *const sealing[] = {
    "UPDATE account_secret SET totp=seal(totp) WHERE totp<>'' AND totp NOT LIKE 'sealed:%'",
    ("UPDATE device SET pw=seal(pw),\"key\"=seal(\"key\"),version=version+1,recorded_at=?1,"
     "recorded_by='system' WHERE (pw<>'' AND pw NOT LIKE 'sealed:%')"
     " OR (\"key\"<>'' AND \"key\" NOT LIKE 'sealed:%')"),
    ("UPDATE device_history SET pw=seal(pw),\"key\"=seal(\"key\")"
     " WHERE (pw<>'' AND pw NOT LIKE 'sealed:%') OR (\"key\"<>'' AND \"key\" NOT LIKE 'sealed:%')"),
    ("UPDATE person SET phone=seal(phone),version=version+1,recorded_at=?1,recorded_by='system'"
     " WHERE phone<>'' AND phone NOT LIKE 'sealed:%'"),
    "UPDATE person_history SET phone=seal(phone) WHERE phone<>'' AND phone NOT LIKE 'sealed:%'",
    "UPDATE forward SET mn_map=seal(mn_map) WHERE mn_map NOT LIKE 'sealed:%'",
};

static const char *const forgetting[] = {
    "UPDATE account_secret SET totp='' WHERE totp LIKE 'sealed:%'",
    ("UPDATE device SET pw=iif(pw LIKE 'sealed:%','',pw),"
     "\"key\"=iif(\"key\" LIKE 'sealed:%','',\"key\"),version=version+1,recorded_at=?1,"
     "recorded_by='system' WHERE pw LIKE 'sealed:%' OR \"key\" LIKE 'sealed:%'"),
    ("UPDATE device_history SET pw=iif(pw LIKE 'sealed:%','',pw),"
     "\"key\"=iif(\"key\" LIKE 'sealed:%','',\"key\")"
     " WHERE pw LIKE 'sealed:%' OR \"key\" LIKE 'sealed:%'"),
    ("UPDATE person SET phone='',version=version+1,recorded_at=?1,recorded_by='system'"
     " WHERE phone LIKE 'sealed:%'"),
    "UPDATE person_history SET phone='' WHERE phone LIKE 'sealed:%'",
    "UPDATE forward SET mn_map='{}',state='off' WHERE mn_map LIKE 'sealed:%'",
};

static qk_code run_all(qk_db *db, const char *const *texts, size_t n, qk_time now, int64_t *rows,
                       qk_error *err)
{
    for (size_t i = 0; i < n; i++) {
        sqlite3_stmt *stmt = NULL;
        QK_TRY(qk_db_prepare(&stmt, db, texts[i], err));
        if (sqlite3_bind_parameter_count(stmt)) sqlite3_bind_int64(stmt, 1, now);
        QK_TRY(qk_db_run(db, stmt, err));
        *rows += sqlite3_changes64(qk_db_handle(db));
    }
    return QK_OK;
}

static qk_code refuse_key(qk_error *err, const char *what)
{
    qk_fail(err, QK_EDENIED, "%s", what);
    qk_error_hint(err, "put the secret.key of this folder back (0600); if it is lost for good: "
                       "qingkong user forget-secrets --data DIR");
    return QK_EDENIED;
}

qk_code qk_seal_prepare(qk_db *db, qk_time now, qk_error *err)
{
    unsigned char key[KEY];
    int64_t mark = 0, rows = 0;
    bool made = false;
    qk_code known = qk_db_meta_get(db, "seal_key", &mark, NULL);
    if (known && known != QK_ENOTFOUND) return known;
    qk_code code = read_key(key, qk_db_handle(db), known != QK_OK, &made, err);
    if (code == QK_ENOTFOUND) return refuse_key(err, "secret.key is not in the data folder");
    if (!code && known == QK_OK && mark_of(key) != mark)
        code = refuse_key(err, "secret.key is not the key of this data folder");
    int64_t fresh = mark_of(key);
    sodium_memzero(key, sizeof key);
    if (code) return code;
    QK_TRY(qk_db_exec(db, "PRAGMA secure_delete=ON", err));
    QK_TRY(qk_db_begin(db, err));
    if (known != QK_OK) code = qk_db_meta_set(db, "seal_key", fresh, err);
    if (!code) code = run_all(db, sealing, sizeof sealing / sizeof sealing[0], now, &rows, err);
    return qk_db_end(db, code, err);
}

qk_code qk_seal_forget(qk_db *db, qk_time now, int64_t *dropped, qk_error *err)
{
    *dropped = 0;
    QK_TRY(qk_db_begin(db, err));
    qk_code code =
        run_all(db, forgetting, sizeof forgetting / sizeof forgetting[0], now, dropped, err);
    if (!code) code = qk_db_exec(db, "DELETE FROM meta WHERE key='seal_key'", err);
    return qk_db_end(db, code, err);
}
