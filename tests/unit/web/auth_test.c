/* SPDX-License-Identifier: Apache-2.0 */
#include "web/auth.h"
#include "../store/store_test.h"

static char key[80];

static qk_auth *open_auth(uint32_t failures)
{
    qk_auth *auth = NULL;
    qk_error err = {0};
    if (qk_auth_open(&auth, qk_test_dir, failures, &err) != QK_OK) fail_msg("%s", err.message);
    size_t len = 0;
    char *text = qk_test_slurp(qk_test_path("operator.key"), &len);
    assert_int_equal(len, 65);
    memcpy(key, text, 64);
    free(text);
    return auth;
}

static qk_auth_verdict check(qk_auth *auth, const char *sent, const char *address, int64_t ms)
{
    qk_auth_role role;
    qk_auth_verdict verdict = qk_auth_check(auth, &role, qk_str_of(sent), qk_str_of(address), ms);
    assert_int_equal(role, verdict == QK_AUTH_GOOD ? QK_ROLE_OPERATOR : QK_ROLE_NONE);
    return verdict;
}

static void test_auth__the_key_is_made_once_for_its_owner_only(void **state)
{
    (void)state;
    struct stat st;
    char header[100], first[80];
    qk_auth *auth = open_auth(10);
    assert_ok(stat(qk_test_path("operator.key"), &st));
    assert_int_equal(st.st_mode & 0777, 0600);
    snprintf(header, sizeof header, "Bearer %s", key);
    assert_int_equal(check(auth, header, "1.2.3.4", 0), QK_AUTH_GOOD);
    qk_auth_close(auth);
    memcpy(first, key, sizeof first);
    auth = open_auth(10);
    assert_string_equal(first, key);
    assert_int_equal(check(auth, header, "1.2.3.4", 0), QK_AUTH_GOOD);
    qk_auth_close(auth);
}

static void test_auth__the_administrator_has_a_key_of_his_own(void **state)
{
    (void)state;
    struct stat st;
    char header[100];
    size_t len = 0;
    qk_auth_role role;
    qk_auth *auth = open_auth(10);
    assert_ok(stat(qk_test_path("admin.key"), &st));
    assert_int_equal(st.st_mode & 0777, 0600);
    char *text = qk_test_slurp(qk_test_path("admin.key"), &len);
    assert_int_equal(len, 65);
    assert_string_not_equal(text, key);
    snprintf(header, sizeof header, "Bearer %.64s", text);
    free(text);
    assert_int_equal(qk_auth_check(auth, &role, qk_str_of(header), QK_STR("a"), 0), QK_AUTH_GOOD);
    assert_int_equal(role, QK_ROLE_ADMIN);
    assert_string_equal(qk_auth_role_name(role), "admin");
    qk_auth_close(auth);
    assert_ok(chmod(qk_test_path("admin.key"), 0640));
    qk_error err = {0};
    assert_int_equal(qk_auth_open(&auth, qk_test_dir, 10, &err), QK_EDENIED);
}

static void test_auth__a_key_that_others_may_read_is_refused(void **state)
{
    (void)state;
    qk_auth *auth = open_auth(10);
    qk_error err = {0};
    qk_auth_close(auth);
    assert_ok(chmod(qk_test_path("operator.key"), 0644));
    assert_int_equal(qk_auth_open(&auth, qk_test_dir, 10, &err), QK_EDENIED);
    assert_true(err.hint[0]);
    assert_ok(chmod(qk_test_path("operator.key"), 0600));
    assert_ok(truncate(qk_test_path("operator.key"), 3));
    assert_int_equal(qk_auth_open(&auth, qk_test_dir, 10, &err), QK_EFORMAT);
}

static void test_auth__wrong_keys_are_refused_and_then_held_off(void **state)
{
    (void)state;
    char header[100];
    qk_auth *auth = open_auth(3);
    snprintf(header, sizeof header, "bearer %s", key);
    assert_int_equal(check(auth, "", "a", 0), QK_AUTH_MISSING);
    for (int i = 0; i < 3; i++) assert_int_equal(check(auth, "Bearer x", "a", 0), QK_AUTH_WRONG);
    assert_int_equal(check(auth, header, "a", 1000), QK_AUTH_HELD_OFF);
    assert_int_equal(check(auth, header, "b", 1000), QK_AUTH_GOOD);
    assert_int_equal(check(auth, header, "a", 60 * 1000), QK_AUTH_GOOD);
    qk_auth_close(auth);
}

static void test_auth__near_keys_are_wrong(void **state)
{
    (void)state;
    char header[200];
    qk_auth *auth = open_auth(1000);
    snprintf(header, sizeof header, "Bearer %.63s", key);
    assert_int_equal(check(auth, header, "a", 0), QK_AUTH_WRONG);
    snprintf(header, sizeof header, "Bearer %sa", key);
    assert_int_equal(check(auth, header, "a", 0), QK_AUTH_WRONG);
    snprintf(header, sizeof header, "Basic %s", key);
    assert_int_equal(check(auth, header, "a", 0), QK_AUTH_WRONG);
    snprintf(header, sizeof header, "%s", key);
    assert_int_equal(check(auth, header, "a", 0), QK_AUTH_WRONG);
    assert_int_equal(check(auth, "Bearer ", "a", 0), QK_AUTH_WRONG);
    snprintf(header, sizeof header, "Bearer   %s  ", key);
    assert_int_equal(check(auth, header, "a", 0), QK_AUTH_GOOD);
    qk_auth_close(auth);
}

/* More addresses than are remembered: nobody is locked out, nothing grows. */
static void test_auth__a_flood_of_addresses_is_forgotten(void **state)
{
    (void)state;
    char header[100], address[32];
    qk_auth *auth = open_auth(1);
    snprintf(header, sizeof header, "Bearer %s", key);
    for (int i = 0; i < 10000; i++) {
        snprintf(address, sizeof address, "10.0.%d.%d", i / 256, i % 256);
        assert_int_equal(check(auth, "Bearer x", address, 0), QK_AUTH_WRONG);
    }
    assert_int_equal(check(auth, header, "192.168.0.1", 0), QK_AUTH_GOOD);
    qk_auth_close(auth);
}

static void test_origin__only_our_own_page_changes_things(void **state)
{
    (void)state;
    static const struct {
        const char *origin, *host, *site;
        bool own;
    } cases[] = {
        {"", "a:8080", "", true},
        {"http://a:8080", "a:8080", "", true},
        {"https://A.example", "a.example", "same-origin", true},
        {"", "a", "none", true},
        {"http://a", "a:8080", "", false},
        {"http://b", "a", "", false},
        {"http://a.evil", "a", "", false},
        {"null", "a", "", false},
        {"ftp://a", "a", "", false},
        {"http://", "", "", false},
        {"http://a", "a", "cross-site", false},
        {"", "a", "same-site", false},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++)
        if (qk_origin_is_own(qk_str_of(cases[i].origin), qk_str_of(cases[i].host),
                             qk_str_of(cases[i].site)) != cases[i].own)
            fail_msg("%s at %s (%s)", cases[i].origin, cases[i].host, cases[i].site);
}

static void test_address__loopback_is_where_a_proxy_stands(void **state)
{
    (void)state;
    assert_true(qk_address_is_loopback(QK_STR("127.0.0.1")));
    assert_true(qk_address_is_loopback(QK_STR("127.8.0.1")));
    assert_true(qk_address_is_loopback(QK_STR("::1")));
    assert_true(qk_address_is_loopback(QK_STR("::ffff:127.0.0.1")));
    assert_false(qk_address_is_loopback(QK_STR("12.7.0.1")));
    assert_false(qk_address_is_loopback(QK_STR("::12")));
    assert_false(qk_address_is_loopback(QK_STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_auth__the_key_is_made_once_for_its_owner_only),
        qk_dir_test(test_auth__the_administrator_has_a_key_of_his_own),
        qk_dir_test(test_auth__a_key_that_others_may_read_is_refused),
        qk_dir_test(test_auth__wrong_keys_are_refused_and_then_held_off),
        qk_dir_test(test_auth__near_keys_are_wrong),
        qk_dir_test(test_auth__a_flood_of_addresses_is_forgotten),
        cmocka_unit_test(test_origin__only_our_own_page_changes_things),
        cmocka_unit_test(test_address__loopback_is_where_a_proxy_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
