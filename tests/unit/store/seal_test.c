/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets lie sealed: what is in the database cannot be read without the key beside it. */
#include "store/seal.h"
#include "base/file.h"
#include "store_test.h"
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static qk_db *open_here(void)
{
    qk_db *db = NULL;
    qk_error err = {0};
    if (qk_db_open(&db, qk_test_path("store.db"), NULL, &err) != QK_OK) fail_msg("%s", err.message);
    return db;
}

static void prepare(qk_db *db)
{
    qk_error err = {0};
    if (qk_seal_prepare(db, 1000, &err) != QK_OK) fail_msg("%s", err.message);
}

static void run(qk_db *db, const char *sql)
{
    qk_error err = {0};
    if (qk_db_exec(db, sql, &err) != QK_OK) fail_msg("%s: %s", sql, err.message);
}

/* The text of a question, or NULL with what the database says. */
static const char *ask(qk_db *db, const char *sql, char out[300])
{
    sqlite3_stmt *stmt = NULL;
    qk_error err = {0};
    assert_ok(qk_db_prepare(&stmt, db, sql, &err));
    qk_code code = qk_db_step(db, stmt, &err);
    snprintf(out, 300, "%s",
             code == QK_OK ? (const char *)sqlite3_column_text(stmt, 0) : err.message);
    sqlite3_reset(stmt);
    return code == QK_OK ? out : NULL;
}

static bool holds(const char *file, const char *what)
{
    size_t len = 0;
    char *bytes = qk_test_slurp(qk_test_path(file), &len);
    bool found = memmem(bytes, len, what, strlen(what)) != NULL;
    free(bytes);
    return found;
}

static void test_seal__what_lay_in_the_clear_is_sealed_at_the_start(void **state)
{
    (void)state;
    char text[300];
    qk_db *db = open_here();
    run(db, "INSERT INTO account_secret(account,password,password_at,totp) "
            "VALUES('li','x',0,'JBSWY3DPEHPK3PXP')");
    run(db, "INSERT INTO device(mn,pw,\"key\",status,valid_from,version,recorded_at,recorded_by) "
            "VALUES('A1','password9','00112233',1,5,3,7,'li')");
    run(db, "INSERT INTO person(id,name,phone,version,recorded_at,recorded_by) "
            "VALUES('p','li','13800001234',1,7,'li')");
    run(db, "INSERT INTO forward(id,address,mn_map,recorded_at,recorded_by) "
            "VALUES('up','a','{\"*\":{\"pw\":\"upper77\"}}',7,'li')");
    prepare(db);
    assert_non_null(ask(db, "SELECT totp FROM account_secret", text));
    assert_int_equal(strncmp(text, "sealed:1:", 9), 0);
    assert_string_equal(ask(db, "SELECT unseal(totp) FROM account_secret", text),
                        "JBSWY3DPEHPK3PXP");
    assert_string_equal(ask(db, "SELECT unseal(pw)||unseal(\"key\")||version FROM device", text),
                        "password9001122334");
    assert_string_equal(
        ask(db, "SELECT count(*) FROM device_history WHERE pw LIKE 'sealed:%'", text), "2");
    assert_string_equal(ask(db, "SELECT unseal(phone) FROM person", text), "13800001234");
    assert_string_equal(ask(db, "SELECT unseal(mn_map) FROM forward", text),
                        "{\"*\":{\"pw\":\"upper77\"}}");
    assert_string_equal(ask(db, "SELECT seal('')", text), "");
    prepare(db);
    assert_string_equal(ask(db, "SELECT version FROM device", text), "4");
    qk_db_close(db);
    static const char *const secrets[] = {"JBSWY3DPEHPK3PXP", "password9", "13800001234",
                                          "upper77"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(secrets); i++)
        if (holds("store.db", secrets[i])) fail_msg("%s stands in the database", secrets[i]);
    struct stat st;
    assert_int_equal(stat(qk_test_path("secret.key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_seal__one_text_never_looks_the_same_twice_and_a_changed_one_is_told(void **state)
{
    (void)state;
    char one[300], two[300];
    qk_db *db = open_here();
    prepare(db);
    assert_non_null(ask(db, "SELECT seal('same')", one));
    assert_non_null(ask(db, "SELECT seal('same')", two));
    assert_string_not_equal(one, two);
    assert_null(ask(db, "SELECT unseal('sealed:1:00')", one));
    assert_null(ask(db, "SELECT unseal(substr(seal('same'),1,60)||'0000')", one));
    assert_non_null(strstr(one, "secret.key"));
    qk_db_close(db);
}

static void test_seal__without_its_key_a_folder_does_not_start_and_says_what_to_do(void **state)
{
    (void)state;
    char text[300];
    int64_t dropped = 0;
    qk_error err = {0};
    qk_db *db = open_here();
    prepare(db);
    run(db, "INSERT INTO account_secret(account,password,password_at,totp) "
            "VALUES('li','x',0,seal('JBSWY3DPEHPK3PXP'))");
    run(db, "INSERT INTO device(mn,pw,status,version,recorded_at,recorded_by) "
            "VALUES('A1',seal('password9'),1,1,7,'li')");
    qk_db_close(db);
    assert_int_equal(unlink(qk_test_path("secret.key")), 0);
    db = open_here();
    assert_int_equal(qk_seal_prepare(db, 1000, &err), QK_EDENIED);
    assert_non_null(strstr(err.hint, "forget-secrets"));
    assert_null(ask(db, "SELECT unseal(totp) FROM account_secret", text));
    assert_null(ask(db, "SELECT seal('new')", text));
    assert_int_not_equal(access(qk_test_path("secret.key"), F_OK), 0);
    assert_ok(qk_file_write_atomic(
        qk_test_path("secret.key"),
        "0000000000000000000000000000000000000000000000000000000000000000", 64, 0600, &err));
    assert_int_equal(qk_seal_prepare(db, 1000, &err), QK_EDENIED);
    assert_int_equal(unlink(qk_test_path("secret.key")), 0);
    assert_ok(qk_seal_forget(db, 2000, &dropped, &err));
    assert_int_equal(dropped, 3);
    prepare(db);
    assert_string_equal(ask(db, "SELECT totp||pw FROM account_secret, device", text), "");
    qk_db_close(db);
}

static void test_seal__a_key_that_others_may_read_is_refused(void **state)
{
    (void)state;
    qk_error err = {0};
    qk_db *db = open_here();
    prepare(db);
    assert_int_equal(chmod(qk_test_path("secret.key"), 0644), 0);
    assert_int_equal(qk_seal_prepare(db, 1000, &err), QK_EDENIED);
    qk_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_seal__what_lay_in_the_clear_is_sealed_at_the_start),
        qk_dir_test(test_seal__one_text_never_looks_the_same_twice_and_a_changed_one_is_told),
        qk_dir_test(test_seal__without_its_key_a_folder_does_not_start_and_says_what_to_do),
        qk_dir_test(test_seal__a_key_that_others_may_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
