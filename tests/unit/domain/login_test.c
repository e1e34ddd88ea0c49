/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/login.h"
#include "domain/setting.h"
#include "domain_test.h"

static const qk_password_cost cheap = {.memory_kib = 64, .passes = 1};

/* RFC 6238, appendix B, SHA-1, the last six of eight digits; the key is "12345678901234567890". */
static void test_totp__vectors_of_the_rfc(void **state)
{
    (void)state;
    static const char key[] = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    static const struct {
        int64_t second;
        const char *code;
    } cases[] = {
        {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
        {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        char code[7];
        int64_t step = 0;
        assert_true(qk_totp_code(code, key, cases[i].second / 30));
        assert_string_equal(code, cases[i].code);
        assert_true(
            qk_totp_take(key, &step, qk_str_of(cases[i].code), cases[i].second * QK_SECOND));
    }
    char code[7];
    assert_false(qk_totp_code(code, "no base 32", 1));
    assert_false(qk_totp_code(code, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1", 1));
}

static void test_totp__a_step_is_taken_once_and_near_ones_are_good(void **state)
{
    (void)state;
    char secret[QK_TOTP_TEXT], code[7], other[QK_TOTP_TEXT];
    int64_t step = 0;
    qk_time now = at("2026-11-22T10:00:00");
    int64_t here = now / 1000 / 30;
    qk_totp_new(secret);
    qk_totp_new(other);
    assert_string_not_equal(secret, other);
    for (int64_t off = -3; off <= 3; off++) {
        int64_t seen = 0;
        assert_true(qk_totp_code(code, secret, here + off));
        assert_int_equal(qk_totp_take(secret, &seen, qk_str_of(code), now), off >= -1 && off <= 1);
    }
    assert_true(qk_totp_code(code, secret, here));
    assert_true(qk_totp_take(secret, &step, qk_str_of(code), now));
    assert_int_equal(step, here);
    assert_false(qk_totp_take(secret, &step, qk_str_of(code), now));
    assert_true(qk_totp_code(code, secret, here - 1));
    assert_false(qk_totp_take(secret, &step, qk_str_of(code), now));
    assert_false(qk_totp_take(secret, &step, QK_STR("12345"), now));
    assert_false(qk_totp_take(secret, &step, QK_STR(""), now));
}

static const char *refused(const char *password, qk_password_profile profile)
{
    static qk_error err;
    err = (qk_error){0};
    qk_code code = qk_password_check(qk_str_of(password), QK_STR("liming"), profile, &err);
    return code == QK_OK ? "" : err.hint;
}

static void test_password__profiles_refuse_what_they_must(void **state)
{
    (void)state;
    static const struct {
        const char *password, *mlps, *asvs;
    } cases[] = {
        {"Kz7#mQ2vLp", "short", "short"},
        {"Kz7#mQ2vLpXw", "", "short"},
        {"kzqmvlpxwtrb", "classes", "short"},
        {"kzqmvlpxwtrbnh yd", "classes", ""},
        {"Password12345!", "common", "short"},
        {"Admin@1234567890", "common", "common"},
        {"1qaz2wsx3edc", "classes", "short"},
        {"Qwerty123456!!!!", "common", "common"},
        {"xY9-liming-2026-q", "account", "account"},
        {"蓝天白云Kz7#常在青泽", "", "short"},
        {"", "short", "short"},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        assert_string_equal(refused(cases[i].password, QK_PASSWORD_MLPS), cases[i].mlps);
        assert_string_equal(refused(cases[i].password, QK_PASSWORD_ASVS), cases[i].asvs);
    }
    char longest[200];
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "Kz7#", 4);
    assert_ok(qk_password_check((qk_str){longest, 128}, QK_STR("a"), QK_PASSWORD_MLPS, NULL));
    assert_int_equal(qk_password_check((qk_str){longest, 129}, QK_STR("a"), QK_PASSWORD_MLPS, NULL),
                     QK_EINVAL);
    assert_int_equal(
        qk_password_check(QK_STR("Kz7#\xFFmQ2vLpXw"), QK_STR("a"), QK_PASSWORD_MLPS, NULL),
        QK_EINVAL);
}

static void test_password__is_kept_as_argon2id_with_a_salt(void **state)
{
    (void)state;
    char one[QK_PASSWORD_HASH], two[QK_PASSWORD_HASH];
    assert_ok(qk_password_hash(one, QK_STR("Kz7#mQ2vLpXw"), cheap, NULL));
    assert_ok(qk_password_hash(two, QK_STR("Kz7#mQ2vLpXw"), cheap, NULL));
    assert_non_null(strstr(one, "$argon2id$"));
    assert_string_not_equal(one, two);
    assert_true(qk_password_is(one, QK_STR("Kz7#mQ2vLpXw"), cheap));
    assert_false(qk_password_is(one, QK_STR("Kz7#mQ2vLpXx"), cheap));
    assert_false(qk_password_is(NULL, QK_STR("Kz7#mQ2vLpXw"), cheap));
    assert_false(qk_password_is("", QK_STR(""), cheap));
    assert_false(qk_password_is("rubbish", QK_STR("rubbish"), cheap));
}

static void test_password__the_last_five_are_known(void **state)
{
    (void)state;
    qk_secret s = {.account = "li"};
    char text[32];
    for (int i = 0; i < 8; i++) {
        snprintf(text, sizeof text, "Kz7#mQ2vLp-%d", i);
        assert_ok(qk_secret_set_password(&s, qk_str_of(text), i == 0, cheap, 1000 + i, NULL));
    }
    assert_false(s.must_change);
    assert_int_equal(s.password_at, 1007);
    for (int i = 0; i < 8; i++) {
        snprintf(text, sizeof text, "Kz7#mQ2vLp-%d", i);
        assert_int_equal(qk_password_was_used(&s, qk_str_of(text)), i >= 2);
    }
}

static void test_login__wrong_ones_lock_for_a_time_that_doubles(void **state)
{
    (void)state;
    static const int64_t minutes[] = {0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60};
    qk_secret s = {.account = "li"};
    qk_time now = at("2026-11-22T10:00:00");
    for (size_t failed = 0; failed < QK_ARRAY_COUNT(minutes); failed++)
        assert_int_equal(qk_login_lock_ms((int64_t)failed), minutes[failed] * QK_MINUTE);
    for (int i = 0; i < QK_LOCK_AFTER; i++)
        assert_int_equal(qk_login_judge(&s, false, QK_STR(""), now), QK_LOGIN_WRONG);
    assert_int_equal(qk_login_judge(&s, true, QK_STR(""), now), QK_LOGIN_LOCKED);
    assert_int_equal(qk_login_judge(&s, true, QK_STR(""), now + QK_MINUTE - 1), QK_LOGIN_LOCKED);
    assert_int_equal(qk_login_judge(&s, false, QK_STR(""), now + QK_MINUTE), QK_LOGIN_WRONG);
    assert_int_equal(qk_login_judge(&s, true, QK_STR(""), now + 3 * QK_MINUTE - 1),
                     QK_LOGIN_LOCKED);
    assert_int_equal(qk_login_judge(&s, true, QK_STR(""), now + 3 * QK_MINUTE), QK_LOGIN_GOOD);
    assert_int_equal(s.failed, 0);
}

static void test_login__the_second_factor_is_asked_for_and_counts(void **state)
{
    (void)state;
    qk_secret s = {.account = "li"};
    char code[7], recovery[QK_RECOVERY_CODES][QK_RECOVERY_TEXT];
    qk_time now = at("2026-11-22T10:00:00");
    qk_totp_new(s.totp);
    qk_recovery_new(&s, recovery);
    assert_int_equal(qk_login_judge(&s, true, QK_STR(""), now), QK_LOGIN_NEEDS_CODE);
    assert_int_equal(qk_login_judge(&s, true, QK_STR("abcdef"), now), QK_LOGIN_WRONG);
    assert_int_equal(qk_login_judge(&s, false, QK_STR(""), now), QK_LOGIN_WRONG);
    assert_int_equal(s.failed, 2);
    assert_true(qk_totp_code(code, s.totp, now / 30000));
    assert_int_equal(qk_login_judge(&s, false, qk_str_of(code), now), QK_LOGIN_WRONG);
    assert_int_equal(qk_login_judge(&s, true, qk_str_of(code), now), QK_LOGIN_GOOD);
    assert_int_equal(qk_login_judge(&s, true, qk_str_of(code), now), QK_LOGIN_WRONG);
    assert_int_equal(qk_login_judge(&s, true, qk_str_of(recovery[3]), now), QK_LOGIN_GOOD);
    assert_int_equal(qk_login_judge(&s, true, qk_str_of(recovery[3]), now), QK_LOGIN_WRONG);
    assert_int_equal(qk_login_judge(&s, true, qk_str_of(recovery[9]), now), QK_LOGIN_GOOD);
}

static void test_secret__is_put_and_got_whole(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_secret s = {.account = "li", .failed = 3, .locked_until = 77, .totp_step = 9}, back;
    char recovery[QK_RECOVERY_CODES][QK_RECOVERY_TEXT];
    qk_error err = {0};
    assert_int_equal(qk_secret_get(&back, db, QK_STR("li"), &err), QK_ENOTFOUND);
    assert_ok(qk_secret_set_password(&s, QK_STR("one"), false, cheap, 5, NULL));
    assert_ok(qk_secret_set_password(&s, QK_STR("two"), true, cheap, 6, NULL));
    qk_totp_new(s.totp);
    qk_recovery_new(&s, recovery);
    s.failed = 3;
    s.recovery[2][0] = 0;
    memset(s.recovery[2], 0, sizeof s.recovery[2]);
    for (int round = 0; round < 2; round++) {
        assert_done(qk_secret_put(db, &s, &err), &err);
        assert_done(qk_secret_get(&back, db, QK_STR("li"), &err), &err);
        assert_string_equal(back.password, s.password);
        assert_string_equal(back.earlier[0], s.earlier[0]);
        assert_string_equal(back.earlier[1], "");
        assert_string_equal(back.totp, s.totp);
        assert_string_equal(back.recovery[9], s.recovery[9]);
        assert_string_equal(back.recovery[2], "");
        assert_true(back.must_change && back.failed == 3 && back.totp_step == 9);
        assert_int_equal(back.password_at, 6);
    }
    qk_db_close(db);
}

static void test_password__the_profile_is_a_setting(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_error err = {0};
    assert_int_equal(qk_password_profile_get(db), QK_PASSWORD_MLPS);
    assert_int_equal(qk_password_days(QK_PASSWORD_MLPS), 90);
    assert_done(qk_setting_put(db, "password.profile", QK_STR("asvs"), 0, QK_STR("c"), 1, &err),
                &err);
    assert_int_equal(qk_password_profile_get(db), QK_PASSWORD_ASVS);
    assert_int_equal(qk_password_days(QK_PASSWORD_ASVS), 0);
    qk_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_totp__vectors_of_the_rfc),
        cmocka_unit_test(test_totp__a_step_is_taken_once_and_near_ones_are_good),
        cmocka_unit_test(test_password__profiles_refuse_what_they_must),
        cmocka_unit_test(test_password__is_kept_as_argon2id_with_a_salt),
        cmocka_unit_test(test_password__the_last_five_are_known),
        cmocka_unit_test(test_login__wrong_ones_lock_for_a_time_that_doubles),
        cmocka_unit_test(test_login__the_second_factor_is_asked_for_and_counts),
        qk_dir_test(test_secret__is_put_and_got_whole),
        qk_dir_test(test_password__the_profile_is_a_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
