/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in over the wire: set-up, sessions, passwords, second factors. */
#include "people_rig.h"
#include "web/sessions.h"
#include "store/audit.h"
#include <stdatomic.h>

/* ---- counted work, faults ---- */

static int verified;
int __real_crypto_pwhash_str_verify(const char *hash, const char *text, unsigned long long len);
int __wrap_crypto_pwhash_str_verify(const char *hash, const char *text, unsigned long long len);
int __wrap_crypto_pwhash_str_verify(const char *hash, const char *text, unsigned long long len)
{
    verified++;
    return __real_crypto_pwhash_str_verify(hash, text, len);
}

static atomic_int runs_left = -1; /* -1 = none fails */
qk_code __real_qk_db_run(qk_db *db, sqlite3_stmt *stmt, qk_error *err);
qk_code __wrap_qk_db_run(qk_db *db, sqlite3_stmt *stmt, qk_error *err);
qk_code __wrap_qk_db_run(qk_db *db, sqlite3_stmt *stmt, qk_error *err)
{
    /* Not what the store thread writes by itself once a second. */
    const char *sql = sqlite3_sql(stmt);
    bool ours = strstr(sql, "account_secret") || strstr(sql, "session") || strstr(sql, "audit");
    if (ours && runs_left >= 0 && runs_left-- == 0)
        return qk_fail(err, QK_EIO, "a fault of the test");
    return __real_qk_db_run(db, stmt, err);
}

/* ---- the first account ---- */

static void test_setup__the_first_account_comes_from_a_code_used_once(void **state)
{
    (void)state;
    people_rig p;
    client c = {0};
    char body[300], code[64];
    struct stat st;
    people_open(&p, false);
    assert_ok(stat(qk_test_path("data/setup.code"), &st));
    assert_int_equal(st.st_mode & 0777, 0600);
    snprintf(code, sizeof code, "%s", qk_web_setup_code(p.r.web));
    assert_int_equal(strlen(code), 20);
    assert_non_null(strstr(rig_get(&p.r, "/api/v1/health").body, "no_accounts"));
    static const char form[] = "{\"code\":\"%s\",\"account\":\"%s\",\"password\":\"%s\"}";
    snprintf(body, sizeof body, form, "00000000000000000000", "sec", PASSWORD);
    assert_refused(&p, people_ask(&p, NULL, "POST", "/setup", body), 403, "wrong_setup");
    snprintf(body, sizeof body, form, "", "sec", PASSWORD);
    assert_refused(&p, people_ask(&p, NULL, "POST", "/setup", body), 403, "wrong_setup");
    snprintf(body, sizeof body, form, code, "sec", "short");
    assert_refused(&p, people_ask(&p, NULL, "POST", "/setup", body), 422, "weak_short");
    snprintf(body, sizeof body, form, code, "Sec 1", PASSWORD);
    assert_refused(&p, people_ask(&p, NULL, "POST", "/setup", body), 400, "bad_body");
    snprintf(body, sizeof body, form, code, "sec", PASSWORD);
    assert_status(people_ask(&p, NULL, "POST", "/setup", body), 200);
    assert_refused(&p, people_ask(&p, NULL, "POST", "/setup", body), 409, "no_setup");
    assert_int_equal(stat(qk_test_path("data/setup.code"), &st), -1);
    assert_null(strstr(rig_get(&p.r, "/api/v1/health").body, "no_accounts"));
    people_login(&p, &c, "sec");
    reply got = people_ask(&p, &c, "GET", "/session", NULL);
    assert_json(rig_json(&p.r, &got), "roles/0/role", "R13-SEC");
    people_close(&p);
}

static void test_setup__before_it_this_machine_reads_and_nobody_else(void **state)
{
    (void)state;
    people_rig p;
    people_open(&p, false);
    assert_status(rig_get(&p.r, "/api/v1/sites"), 200);
    assert_status(rig_ask(&p.r, "GET", "/api/v1/sites", "X-Real-IP: 10.1.2.3\r\n", NULL), 401);
    assert_status(rig_ask(&p.r, "GET", "/api/v1/health", "X-Real-IP: 10.1.2.3\r\n", NULL), 200);
    people_add(&p, "one", "R1", "qz");
    assert_refused(&p, rig_get(&p.r, "/api/v1/sites"), 401, "login_needed");
    assert_status(rig_get(&p.r, "/api/v1/health"), 200);
    assert_status(rig_get(&p.r, "/api/v1/air/now"), 200);
    assert_status(rig_change(&p.r, "PUT", "/api/v1/air/targets", "{}", "k"), 400);
    people_close(&p);
}

/* ---- logging in ---- */

static void test_login__the_cookie_is_kept_from_scripts_and_other_sites(void **state)
{
    (void)state;
    people_rig p;
    client c = {0};
    people_open(&p, false);
    people_add(&p, "one", "R1", "qz");
    reply got = people_login_as(&p, &c, "one", PASSWORD, "");
    assert_status(got, 200);
    assert_int_equal(strlen(c.token), 64);
    assert_non_null(strcasestr(got.head, "; Path=/; HttpOnly; SameSite=Strict\r\n"));
    assert_null(strstr(got.body, c.token));
    static const char body[] = "{\"account\":\"one\",\"password\":\"" PASSWORD "\"}";
    got = rig_ask(&p.r, "POST", "/api/v1/login",
                  "X-Forwarded-Proto: https\r\nX-Real-IP: 10.1.2.3\r\n", body);
    assert_status(got, 200);
    assert_non_null(strcasestr(got.head, "Set-Cookie: __Host-qingkong="));
    assert_non_null(strcasestr(got.head, "; Path=/; HttpOnly; SameSite=Strict; Secure\r\n"));
    assert_refused(&p, rig_ask(&p.r, "POST", "/api/v1/login", "X-Real-IP: 10.1.2.3\r\n", body), 403,
                   "needs_tls");
    assert_refused(&p,
                   rig_ask(&p.r, "POST", "/api/v1/login", "Origin: http://evil.example\r\n", body),
                   403, "cross_origin");
    people_close(&p);
}

/* Known, unknown, disabled and locked: one answer, and the same work each time. */
static void test_login__says_nothing_of_who_there_is(void **state)
{
    (void)state;
    people_rig p;
    client c = {0};
    people_open(&p, false);
    people_add(&p, "one", "R1", "qz");
    people_add(&p, "gone", "R1", "qz");
    people_add(&p, "sec", "R13-SEC", "qz");
    people_login(&p, &c, "sec");
    assert_status(
        people_ask(&p, &c, "PUT", "/accounts/gone", "{\"row_version\":1,\"enabled\":false}"), 200);
    static const char *const names[] = {"one", "nobody-here", "gone"};
    char first[2000] = "";
    for (int tries = 0; tries < 7; tries++)
        for (size_t i = 0; i < QK_ARRAY_COUNT(names); i++) {
            client other = {0};
            verified = 0;
            reply got = people_login_as(&p, &other, names[i], "Wrong-One-123", "");
            assert_int_equal(verified, 1);
            if (i == 0) snprintf(first, sizeof first, "%d%s", got.status, got.body);
            char now[2000];
            snprintf(now, sizeof now, "%d%s", got.status, got.body);
            assert_string_equal(now, first);
            assert_int_equal(got.status, tries < QK_LOCK_AFTER ? 401 : 429);
        }
    assert_refused(&p, people_login_as(&p, &c, "one", PASSWORD, ""), 429, "locked");
    people_later(&p, QK_MINUTE);
    assert_refused(&p, people_login_as(&p, &c, "gone", PASSWORD, ""), 401, "wrong_login");
    assert_status(people_login_as(&p, &c, "one", PASSWORD, ""), 200);
    people_close(&p);
}

static void test_login__guessers_are_held_off_by_address(void **state)
{
    (void)state;
    people_rig p;
    client c = {0};
    char name[32];
    people_open(&p, false);
    people_add(&p, "one", "R1", "qz");
    qk_web_stop(p.r.web);
    p.options.key_failures = 3;
    people_start_web(&p);
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "guess%d", i);
        assert_status(people_login_as(&p, &c, name, "x", ""), 401);
    }
    assert_refused(&p, people_login_as(&p, &c, "one", PASSWORD, ""), 429, "too_many_failures");
    people_close(&p);
}

static void test_login__an_id_from_outside_never_becomes_a_session(void **state)
{
    (void)state;
    people_rig p;
    client c = {0}, old;
    people_open(&p, false);
    people_add(&p, "one", "R1", "qz");
    memset(c.token, 'a', 64);
    people_login(&p, &c, "one");
    assert_int_not_equal(c.token[0] == 'a' && c.token[63] == 'a', 1);
    old = c;
    people_login(&p, &c, "one");
    assert_string_not_equal(old.token, c.token);
    assert_status(people_ask(&p, &old, "GET", "/sessions", NULL), 401);
    assert_status(people_ask(&p, &c, "GET", "/sessions", NULL), 200);
    people_close(&p);
}

static void test_login__a_change_needs_the_page_s_token(void **state)
{
    (void)state;
    people_rig p;
    client c = {0}, none, other = {0};
    char headers[300];
    people_open(&p, false);
    people_add(&p, "one", "R1", "qz");
    people_add(&p, "two", "R1", "qz");
    people_login(&p, &c, "one");
    people_login(&p, &other, "two");
    none = c;
    none.csrf[0] = 0;
    static const char body[] = "{\"names\":[\"财政局\"]}";
    assert_refused(&p, people_ask(&p, &none, "POST", "/units/propose", body), 403, "csrf");
    memcpy(none.csrf, other.csrf, sizeof none.csrf);
    assert_refused(&p, people_ask(&p, &none, "POST", "/units/propose", body), 403, "csrf");
    assert_refused(&p, people_ask(&p, &none, "POST", "/logout", NULL), 403, "csrf");
    snprintf(headers, sizeof headers,
             "Cookie: qingkong=%s\r\nX-CSRF-Token: %s\r\nIdempotency-Key: 1\r\n"
             "Sec-Fetch-Site: cross-site\r\n",
             c.token, c.csrf);
    assert_refused(&p, rig_ask(&p.r, "POST", "/api/v1/units/propose", headers, body), 403,
                   "cross_origin");
    assert_status(people_ask(&p, &c, "POST", "/units/propose", body), 200);
    people_close(&p);
}

/* ---- sessions ---- */

static void test_session__ends_when_idle_and_after_a_day_s_work(void **state)
{
    (void)state;
    people_rig p;
    client c = {0};
    people_open(&p, false);
    people_add(&p, "one", "R1", "qz");
    people_login(&p, &c, "one");
    people_later(&p, 30 * QK_MINUTE - 1);
    assert_status(people_ask(&p, &c, "GET", "/sites", NULL), 200);
    people_later(&p, 30 * QK_MINUTE);
    assert_status(people_ask(&p, &c, "GET", "/sites", NULL), 401);
    people_login(&p, &c, "one");
    for (int i = 1; i < 32; i++) {
        people_later(&p, 15 * QK_MINUTE);
        assert_status(people_ask(&p, &c, "GET", "/sites", NULL), 200);
    }
    people_later(&p, 15 * QK_MINUTE);
    assert_status(people_ask(&p, &c, "GET", "/sites", NULL), 401);
    people_close(&p);
}

static void test_session__outlives_a_restart_and_not_its_end(void **state)
{
    (void)state;
    people_rig p;
    client c = {0}, d = {0};
    people_open(&p, false);
    people_add(&p, "one", "R1", "qz");
    people_login(&p, &c, "one");
    people_login(&p, &d, "one");
    reply out = people_ask(&p, &d, "POST", "/logout", NULL);
    assert_status(out, 200);
    assert_non_null(strcasestr(out.head, "Max-Age=0"));
    assert_status(people_ask(&p, &d, "GET", "/sites", NULL), 401);
    qk_web_stop(p.r.web);
    people_start_web(&p);
    assert_status(people_ask(&p, &c, "GET", "/sites", NULL), 200);
    assert_status(people_ask(&p, &d, "GET", "/sites", NULL), 401);
    people_close(&p);
}

/* What was used shortly before a restart goes on after it, and the table says when. */
static void test_session__its_last_use_is_written_and_outlives_a_restart(void **state)
{
    (void)state;
    people_rig p;
    client c = {0};
    qk_session_use use[4];
    people_open(&p, false);
    people_add(&p, "one", "R1", "qz");
    people_login(&p, &c, "one");
    for (int i = 0; i < 2; i++) {
        people_later(&p, 20 * QK_MINUTE);
        assert_status(people_ask(&p, &c, "GET", "/sites", NULL), 200);
    }
    int64_t until = qk_monotonic_ms() + 20000;
    qk_db *db = NULL;
    qk_error err = {0};
    assert_done(qk_db_open_readonly(&db, qk_node_db_path(p.r.node), &err), &err);
    while (number_of(db, "SELECT (seen_at-began_at)/60000 FROM session") < 40)
        assert_true(qk_monotonic_ms() < until);
    qk_db_close(db);
    qk_web_stop(p.r.web);
    people_later(&p, 20 * QK_MINUTE);
    people_start_web(&p);
    assert_status(people_ask(&p, &c, "GET", "/sites", NULL), 200);
    people_close(&p);
    /* Within a minute nothing is to be written. */
    qk_sessions *s = NULL;
    qk_session one = {.account = "one"}, found;
    char token[QK_SESSION_TOKEN + 1];
    assert_ok(qk_sessions_new(&s, NULL, 0, &err));
    assert_ok(qk_sessions_begin(s, &one, token, QK_HOUR));
    assert_true(qk_sessions_find(s, &found, qk_str_of(token), QK_HOUR + QK_MINUTE - 1));
    assert_int_equal(qk_sessions_used(s, use, 4), 0);
    assert_true(qk_sessions_find(s, &found, qk_str_of(token), QK_HOUR + QK_MINUTE));
    assert_int_equal(qk_sessions_used(s, use, 4), 1);
    assert_true(use[0].seen_at == QK_HOUR + QK_MINUTE);
    assert_int_equal(qk_sessions_used(s, use, 4), 0);
    qk_sessions_free(s);
}

static void test_session__is_seen_and_ended_by_its_owner_and_the_administrator(void **state)
{
    (void)state;
    people_rig p;
    client one = {0}, again = {0}, two = {0}, sec = {0};
    char path[100], id[40];
    people_open(&p, false);
    people_add(&p, "one", "R1", "qz");
    people_add(&p, "two", "R1", "qz");
    people_add(&p, "sec", "R13-SEC", "");
    people_login(&p, &one, "one");
    people_later(&p, QK_SECOND);
    people_login(&p, &again, "one");
    people_login(&p, &two, "two");
    people_login(&p, &sec, "sec");
    reply got = people_ask(&p, &one, "GET", "/sessions", NULL);
    const qk_json_value *list = rig_json(&p.r, &got);
    assert_json(list, "total", "2");
    assert_json(list, "items/1/current", "true");
    assert_json(list, "items/0/current", "false");
    qk_str_copy(id, sizeof id, rig_at(list, "items/0/id")->text);
    snprintf(path, sizeof path, "/sessions/%s", id);
    assert_status(people_ask(&p, &two, "DELETE", path, NULL), 404);
    assert_refused(&p, people_ask(&p, &two, "GET", "/sessions?account=one", NULL), 403, "denied");
    assert_status(people_ask(&p, &again, "GET", "/sites", NULL), 200);
    assert_status(people_ask(&p, &one, "DELETE", path, NULL), 200);
    assert_status(people_ask(&p, &again, "GET", "/sites", NULL), 401);
    got = people_ask(&p, &sec, "GET", "/sessions?account=one", NULL);
    list = rig_json(&p.r, &got);
    assert_json(list, "total", "1");
    qk_str_copy(id, sizeof id, rig_at(list, "items/0/id")->text);
    snprintf(path, sizeof path, "/sessions/%s", id);
    assert_status(people_ask(&p, &sec, "DELETE", path, NULL), 200);
    assert_status(people_ask(&p, &one, "GET", "/sites", NULL), 401);
    people_close(&p);
}

/* The live feed of a session that is over ends at once: what it says is not for him any more. */
static void test_session__its_live_feed_ends_with_it(void **state)
{
    (void)state;
    people_rig p;
    client c = {0};
    char request[400];
    qk_buf got;
    people_open(&p, false);
    people_add(&p, "one", "R1", "qz");
    people_login(&p, &c, "one");
    int fd = rig_connect(&p.r);
    snprintf(request, sizeof request,
             "GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: qingkong=%s\r\n\r\n",
             c.token);
    rig_write(fd, request, strlen(request));
    qk_buf_init(&got, 1 << 20);
    while (!got.ptr || !strstr(got.ptr, "event: clock")) assert_false(rig_read(fd, &got, 100));
    assert_status(people_ask(&p, &c, "POST", "/logout", NULL), 200);
    int64_t from = qk_monotonic_ms();
    assert_true(rig_read(fd, &got, 5000));
    assert_true(qk_monotonic_ms() - from < 5000);
    close(fd);
    qk_buf_clear(&got);
    people_close(&p);
}

static void test_session__an_account_that_is_disabled_is_out(void **state)
{
    (void)state;
    people_rig p;
    client c = {0}, sec = {0};
    people_open(&p, false);
    people_add(&p, "one", "R1", "qz");
    people_add(&p, "sec", "R13-SEC", "");
    people_login(&p, &c, "one");
    people_login(&p, &sec, "sec");
    assert_refused(
        &p, people_ask(&p, &sec, "PUT", "/accounts/sec", "{\"row_version\":1,\"enabled\":false}"),
        422, "own_account");
    assert_refused(&p,
                   people_ask(&p, &sec, "PUT", "/accounts/sec", "{\"row_version\":1,\"roles\":[]}"),
                   422, "own_account");
    assert_status(
        people_ask(&p, &sec, "PUT", "/accounts/one", "{\"row_version\":1,\"enabled\":false}"), 200);
    assert_status(people_ask(&p, &c, "GET", "/sites", NULL), 401);
    assert_status(people_login_as(&p, &c, "one", PASSWORD, ""), 401);
    people_close(&p);
}

/* ---- passwords ---- */

static void test_password__one_that_was_given_is_changed_before_anything_else(void **state)
{
    (void)state;
    people_rig p;
    client c = {0}, sec = {0};
    people_open(&p, false);
    people_add(&p, "sec", "R13-SEC", "");
    people_login(&p, &sec, "sec");
    static const char account[] =
        "{\"row_version\":0,\"name\":\"王\",\"unit\":\"dh\",\"roles\":[{\"role\":\"R5\"}]}";
    assert_status(people_ask(&p, &sec, "PUT", "/accounts/wang", account), 200);
    assert_refused(&p, people_login_as(&p, &c, "wang", "", ""), 401, "wrong_login");
    assert_refused(&p,
                   people_ask(&p, &sec, "POST", "/accounts/wang/password",
                              "{\"password\":\"xY9-wang-2026-q\"}"),
                   422, "weak_account");
    assert_status(
        people_ask(&p, &sec, "POST", "/accounts/wang/password", "{\"password\":\"" PASSWORD "\"}"),
        200);
    people_login(&p, &c, "wang");
    assert_refused(&p, people_ask(&p, &c, "GET", "/sites", NULL), 403, "must_change");
    static const char *const refused[][2] = {
        {"{\"password\":\"x\",\"new_password\":\"Kz7#mQ2vLpXy\"}", "wrong_password"},
        {"{\"password\":\"" PASSWORD "\",\"new_password\":\"" PASSWORD "\"}", "used_password"},
        {"{\"password\":\"" PASSWORD "\",\"new_password\":\"Password12345!\"}", "weak_common"},
        {"{\"password\":\"" PASSWORD "\",\"new_password\":\"kzqmvlpxwtrb\"}", "weak_classes"},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(refused); i++)
        assert_refused(&p, people_ask(&p, &c, "POST", "/session/password", refused[i][0]), 422,
                       refused[i][1]);
    assert_status(people_ask(&p, &c, "POST", "/session/password",
                             "{\"password\":\"" PASSWORD "\",\"new_password\":\"Kz7#mQ2vLpXy\"}"),
                  200);
    assert_status(people_ask(&p, &c, "GET", "/sites", NULL), 200);
    assert_status(people_login_as(&p, &c, "wang", PASSWORD, ""), 401);
    people_later(&p, 91 * QK_DAY);
    assert_status(people_login_as(&p, &c, "wang", "Kz7#mQ2vLpXy", ""), 200);
    assert_refused(&p, people_ask(&p, &c, "GET", "/sites", NULL), 403, "must_change");
    people_close(&p);
}

static void totp_now(const people_rig *p, const char *secret, int64_t off, char code[7])
{
    assert_true(qk_totp_code(code, secret, qk_clock_now(p->wall) / 30000 + off));
}

static void test_totp__is_enrolled_proved_asked_for_and_given_up(void **state)
{
    (void)state;
    people_rig p;
    client c = {0}, d = {0};
    char secret[64], code[7], body[100], recovery[40];
    people_open(&p, false);
    people_add(&p, "one", "R1", "qz");
    people_login(&p, &c, "one");
    static const char proof[] = "{\"password\":\"" PASSWORD "\"}";
    assert_refused(&p, people_ask(&p, &c, "POST", "/session/totp", "{\"password\":\"x\"}"), 422,
                   "wrong_password");
    reply got = people_ask(&p, &c, "POST", "/session/totp", proof);
    const qk_json_value *v = rig_json(&p.r, &got);
    qk_str_copy(secret, sizeof secret, qk_json_get_str(v, "secret"));
    assert_int_equal(strlen(secret), 32);
    assert_true(
        qk_str_starts(qk_json_get_str(v, "uri"), QK_STR("otpauth://totp/Qingkong:one?secret=")));
    assert_refused(&p, people_ask(&p, &c, "POST", "/session/totp/confirm", "{\"code\":\"12345\"}"),
                   422, "wrong_code");
    assert_status(people_login_as(&p, &d, "one", PASSWORD, ""), 200);
    totp_now(&p, secret, 0, code);
    snprintf(body, sizeof body, "{\"code\":\"%s\"}", code);
    got = people_ask(&p, &c, "POST", "/session/totp/confirm", body);
    assert_status(got, 200);
    qk_str_copy(recovery, sizeof recovery, rig_at(rig_json(&p.r, &got), "recovery/4")->text);
    assert_refused(&p, people_login_as(&p, &d, "one", PASSWORD, ""), 401, "code_needed");
    assert_refused(&p, people_login_as(&p, &d, "one", PASSWORD, code), 401, "wrong_login");
    totp_now(&p, secret, 1, code);
    assert_status(people_login_as(&p, &d, "one", PASSWORD, code), 200);
    assert_refused(&p, people_login_as(&p, &d, "one", PASSWORD, code), 401, "wrong_login");
    assert_status(people_login_as(&p, &d, "one", PASSWORD, recovery), 200);
    assert_refused(&p, people_login_as(&p, &d, "one", PASSWORD, recovery), 401, "wrong_login");
    assert_status(people_ask(&p, &d, "DELETE", "/session/totp", proof), 200);
    assert_status(people_login_as(&p, &d, "one", PASSWORD, ""), 200);
    people_close(&p);
}

/* ---- faults and what is told ---- */

/* Whatever fails in the store: a login is whole or not at all, and the next one works. */
static void test_login__a_fault_of_the_store_leaves_no_half_session(void **state)
{
    (void)state;
    people_rig p;
    int good = 0;
    people_open(&p, false);
    people_add(&p, "one", "R1", "qz");
    for (int n = 0; n < 6 && good < 2; n++) {
        client c = {0};
        runs_left = n;
        reply got = people_login_as(&p, &c, "one", PASSWORD, "");
        runs_left = -1;
        if (got.status == 200) good++;
        if (got.status != 200) assert_int_equal(got.status, 503);
        if (got.status != 200) assert_null(strcasestr(got.head, "Set-Cookie"));
        client again = {0};
        people_login(&p, &again, "one");
        assert_status(people_ask(&p, &again, "GET", "/sites", NULL), 200);
        assert_status(people_ask(&p, &again, "POST", "/logout", NULL), 200);
    }
    assert_true(good > 0);
    people_close(&p);
}

static qk_code count_fault(void *context, const qk_audit_line *line)
{
    int *seen = context;
    if (qk_str_eq(line->what, QK_STR("login"))) seen[0]++;
    if (qk_str_eq(line->what, QK_STR("login.failure"))) seen[1]++;
    if (qk_str_eq(line->what, QK_STR("person.read"))) seen[2]++;
    if (qk_str_eq(line->what, QK_STR("account.change"))) seen[3]++;
    if (qk_str_eq(line->what, QK_STR("logout"))) seen[4]++;
    assert_null(memmem(line->detail.ptr, line->detail.len, PASSWORD, strlen(PASSWORD)));
    assert_null(memmem(line->object.ptr, line->object.len, "hunter", 6));
    return QK_OK;
}

static void test_S220_audit__who_did_what_is_told_and_a_change_of_it_is_found(void **state)
{
    (void)state;
    people_rig p;
    client c = {0}, sec = {0};
    int seen[5] = {0};
    qk_db *db = NULL;
    qk_error err = {0};
    qk_audit_check check;
    people_open(&p, false);
    people_add(&p, "one", "R7", "qz");
    people_add(&p, "sec", "R13-SEC", "");
    people_login(&p, &c, "one");
    people_login(&p, &sec, "sec");
    client guess = {0};
    assert_status(people_login_as(&p, &guess, "one", "x", ""), 401);
    assert_status(people_login_as(&p, &guess, "hunter", "x", ""), 401);
    reply got = people_ask(&p, &c, "GET", "/people", NULL);
    assert_null(strstr(got.body, "13800001234"));
    assert_non_null(strstr(got.body, "138****1234"));
    got = people_ask(&p, &c, "GET", "/people/li", NULL);
    assert_non_null(strstr(got.body, "13800001234"));
    assert_status(people_ask(&p, &sec, "PUT", "/accounts/one",
                             "{\"row_version\":1,\"roles\":[{\"role\":\"R8\",\"unit\":\"qz\"}]}"),
                  200);
    assert_status(people_ask(&p, &c, "GET", "/sites", NULL), 200);
    assert_status(people_ask(&p, &c, "POST", "/logout", NULL), 200);
    people_close(&p);
    assert_done(qk_db_open(&db, qk_test_path("data/store.db"), NULL, &err), &err);
    assert_done(qk_audit_read(db, 1, 1000, count_fault, seen, &err), &err);
    static const int want[5] = {2, 2, 1, 1, 1};
    for (int i = 0; i < 5; i++) assert_int_equal(seen[i], want[i]);
    assert_done(qk_audit_verify(&check, db, NULL, NULL, &err), &err);
    assert_int_equal(check.faults, 0);
    assert_int_not_equal(qk_db_exec(db, "UPDATE audit SET who='x' WHERE seq=2", NULL), QK_OK);
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_prepare_v2(qk_db_handle(db),
                                        "SELECT group_concat('DROP TRIGGER '||name||';','') FROM "
                                        "sqlite_schema WHERE type='trigger' AND tbl_name='audit'",
                                        -1, &s, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    char drops[500];
    snprintf(drops, sizeof drops, "%s", (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    assert_int_equal(sqlite3_exec(qk_db_handle(db), drops, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(qk_db_handle(db), "UPDATE audit SET who='x' WHERE seq=2", NULL, NULL, NULL),
        SQLITE_OK);
    assert_done(qk_audit_verify(&check, db, NULL, NULL, &err), &err);
    assert_int_equal(check.first_fault, 2);
    qk_db_close(db);
}

static void test_login__hostile_forms_are_refused(void **state)
{
    (void)state;
    people_rig p;
    client c = {0};
    people_open(&p, false);
    people_add(&p, "one", "R1", "qz");
    static const struct {
        const char *body;
        int status;
    } cases[] = {
        {"{\"account\":\"one' OR '1'='1\",\"password\":\"x\"}", 401},
        {"{\"account\":\"one\\u0000\",\"password\":\"" PASSWORD "\"}", 401},
        {"{\"account\":\"../../one\",\"password\":\"x\"}", 401},
        {"{\"account\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"password\":"
         "\"x\"}",
         401},
        {"{\"account\":[\"one\"],\"password\":{\"$ne\":1}}", 401},
        {"{\"account\":\"one\",\"password\":\"" PASSWORD "\",\"role\":\"R2\"}", 400},
        {"{\"account\":\"one\",\"account\":\"two\",\"password\":\"x\"}", 400},
        {"[]", 400},
        {"{", 400},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++)
        assert_status(people_ask(&p, NULL, "POST", "/login", cases[i].body), cases[i].status);
    char *large = malloc(9000);
    memset(large, ' ', 8999);
    large[8999] = 0;
    large[0] = '{';
    assert_status(people_ask(&p, NULL, "POST", "/login", large), 413);
    free(large);
    people_login(&p, &c, "one");
    static const char *const ids[] = {
        "/units/..%2f..%2fetc", "/units/%00", "/units/a%0d%0ab",
        "/units/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(ids); i++) {
        reply got =
            people_ask(&p, &c, "PUT", ids[i],
                       "{\"row_version\":0,\"kind\":\"office\",\"name_zh\":\"=HYPERLINK(1)\"}");
        if (got.status != 400 && got.status != 200) fail_msg("%s: %d", ids[i], got.status);
    }
    people_close(&p);
}

static void test_demo__lends_roles_and_only_a_demo(void **state)
{
    (void)state;
    people_rig p;
    client c = {0};
    people_open(&p, true);
    assert_string_equal(qk_web_setup_code(p.r.web), "");
    assert_status(rig_get(&p.r, "/api/v1/sites"), 200);
    reply got = people_ask(&p, NULL, "POST", "/demo/session", "{\"role\":\"R5\"}");
    assert_status(got, 200);
    take_cookie(&p, &c, &got);
    assert_json(rig_json(&p.r, &got), "unit", "dh");
    assert_json(rig_json(&p.r, &got), "kind", "demo");
    got = people_ask(&p, &c, "GET", "/sites", NULL);
    assert_null(strstr(got.body, "outlet2"));
    assert_refused(&p, people_ask(&p, NULL, "POST", "/demo/session", "{\"role\":\"admin\"}"), 422,
                   "no_demo_role");
    assert_refused(
        &p, people_ask(&p, NULL, "POST", "/demo/session", "{\"role\":\"R5\",\"unit\":\"?\"}"), 422,
        "no_demo_role");
    assert_status(people_ask(&p, &c, "POST", "/session/password",
                             "{\"password\":\"a\",\"new_password\":\"b\"}"),
                  403);
    people_close(&p);
    qk_test_remove(qk_test_path("data"));
    people_open(&p, false);
    assert_refused(&p, people_ask(&p, NULL, "POST", "/demo/session", "{\"role\":\"R2\"}"), 403,
                   "not_demo");
    people_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_setup__the_first_account_comes_from_a_code_used_once),
        qk_dir_test(test_setup__before_it_this_machine_reads_and_nobody_else),
        qk_dir_test(test_login__the_cookie_is_kept_from_scripts_and_other_sites),
        qk_dir_test(test_login__says_nothing_of_who_there_is),
        qk_dir_test(test_login__guessers_are_held_off_by_address),
        qk_dir_test(test_login__an_id_from_outside_never_becomes_a_session),
        qk_dir_test(test_login__a_change_needs_the_page_s_token),
        qk_dir_test(test_session__ends_when_idle_and_after_a_day_s_work),
        qk_dir_test(test_session__its_last_use_is_written_and_outlives_a_restart),
        qk_dir_test(test_session__outlives_a_restart_and_not_its_end),
        qk_dir_test(test_session__is_seen_and_ended_by_its_owner_and_the_administrator),
        qk_dir_test(test_session__its_live_feed_ends_with_it),
        qk_dir_test(test_session__an_account_that_is_disabled_is_out),
        qk_dir_test(test_password__one_that_was_given_is_changed_before_anything_else),
        qk_dir_test(test_totp__is_enrolled_proved_asked_for_and_given_up),
        qk_dir_test(test_login__a_fault_of_the_store_leaves_no_half_session),
        qk_dir_test(test_S220_audit__who_did_what_is_told_and_a_change_of_it_is_found),
        qk_dir_test(test_login__hostile_forms_are_refused),
        qk_dir_test(test_demo__lends_roles_and_only_a_demo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
