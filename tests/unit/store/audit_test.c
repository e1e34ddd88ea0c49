/* SPDX-License-Identifier: Apache-2.0 */
#include "store/audit.h"
#include "store_test.h"

enum { LINES = 12 };

static qk_db *open_store(void)
{
    qk_db *db = NULL;
    qk_error err = {0};
    if (qk_db_open(&db, qk_test_path("store.db"), NULL, &err) != QK_OK) fail_msg("%s", err.message);
    return db;
}

static qk_db *store_with_lines(int n)
{
    qk_db *db = open_store();
    for (int i = 1; i <= n; i++) {
        char object[32];
        int64_t seq = 0;
        snprintf(object, sizeof object, "device/%d", i);
        qk_audit_line line = {.at = 1000 * i,
                              .who = QK_STR("李工"),
                              .what = QK_STR("device.approve"),
                              .object = qk_str_of(object),
                              .detail = QK_STR("{\"from\":\"parked\"}")};
        assert_ok(qk_audit_append(db, &seq, &line, NULL));
        assert_int_equal(seq, i);
    }
    return db;
}

/* As somebody with the file and a tool would: the triggers are no obstacle to him. */
static void tamper(qk_db *db, const char *sql)
{
    assert_ok(qk_db_exec(db,
                         "DROP TRIGGER IF EXISTS audit_unchanged;"
                         "DROP TRIGGER IF EXISTS audit_kept;",
                         NULL));
    qk_error err = {0};
    if (qk_db_exec(db, sql, &err) != QK_OK) fail_msg("%s: %s", sql, err.message);
}

static char told[512];

static void note_fault(void *context, int64_t seq, const char *text)
{
    (void)context;
    size_t n = strlen(told);
    snprintf(told + n, sizeof told - n, "%lld %s;", (long long)seq, text);
}

static qk_audit_check verify(qk_db *db)
{
    qk_audit_check check;
    qk_error err = {0};
    told[0] = '\0';
    if (qk_audit_verify(&check, db, note_fault, NULL, &err) != QK_OK) fail_msg("%s", err.message);
    return check;
}

static void test_S220_audit__a_whole_chain_is_found_whole(void **state)
{
    (void)state;
    qk_db *db = open_store();
    qk_audit_check check = verify(db);
    assert_int_equal(check.lines, 0);
    assert_int_equal(check.faults, 0);
    qk_db_close(db);
    db = store_with_lines(LINES);
    check = verify(db);
    assert_int_equal(check.lines, LINES);
    assert_int_equal(check.faults, 0);
    assert_int_equal(check.first_fault, 0);
    int64_t seq = 0;
    uint8_t head[32], last[32];
    assert_ok(qk_audit_head(db, &seq, head, NULL));
    assert_int_equal(seq, LINES);
    assert_memory_equal(head, check.head, 32);
    assert_ok(qk_audit_hash(db, LINES, last, NULL));
    assert_memory_equal(head, last, 32);
    assert_int_equal(qk_audit_hash(db, LINES + 1, last, NULL), QK_ENOTFOUND);
    qk_db_close(db);
}

/* The form of the hashed bytes is fixed: an export checked elsewhere must come to the same. */
static void test_S220_audit__hash_is_as_written_down(void **state)
{
    (void)state;
    uint8_t hash[32];
    char hex[65];
    qk_db *db = store_with_lines(1);
    assert_ok(qk_audit_hash(db, 1, hash, NULL));
    qk_hex(hex, hash, sizeof hash);
    assert_string_equal(hex, "ca3db3f662f5e2ac8535c9acf4b85464fd65c0e7d836127903d84e441b1754b4");
    qk_db_close(db);
}

static void test_S220_audit__lines_are_not_changed_or_removed(void **state)
{
    (void)state;
    qk_db *db = store_with_lines(3);
    qk_error err = {0};
    assert_int_equal(qk_db_exec(db, "UPDATE audit SET who = 'x' WHERE seq = 2", &err), QK_EDENIED);
    assert_non_null(strstr(err.message, "never changed"));
    assert_int_equal(qk_db_exec(db, "DELETE FROM audit WHERE seq = 3", &err), QK_EDENIED);
    assert_int_equal(verify(db).faults, 0);
    qk_db_close(db);
}

static void test_S220_audit__a_change_of_the_log_is_detected(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        int64_t first;
        const char *told;
    } cases[] = {
        {"UPDATE audit SET who = '王工' WHERE seq = 5", 5, "5 the line was changed;"},
        {"UPDATE audit SET at = at + 1 WHERE seq = 5", 5, "5 the line was changed;"},
        {"UPDATE audit SET detail = '{}' WHERE seq = 12", 12, "12 the line was changed;"},
        {"UPDATE audit SET what = what || object, object = '' WHERE seq = 1", 1,
         "1 the line was changed;"},
        {"UPDATE audit SET hash = zeroblob(32) WHERE seq = 5", 5,
         "5 the line was changed;6 the line does not follow"},
        {"UPDATE audit SET prev = zeroblob(32) WHERE seq = 5", 5, "5 the line does not follow"},
        {"DELETE FROM audit WHERE seq = 5", 5, "5 lines are missing"},
        {"DELETE FROM audit WHERE seq = 1", 1, "1 lines are missing"},
        {"DELETE FROM audit WHERE seq = 12", 12, "12 the end of the log was cut off"},
        {"DELETE FROM audit", 1, "1 the end of the log was cut off"},
        {"UPDATE audit SET seq = -5 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 6;"
         "UPDATE audit SET seq = 6 WHERE seq = -5",
         5, "5 the line does not follow"},
        {"UPDATE audit SET seq = seq + 100 WHERE seq > 5; UPDATE audit SET seq = seq - 99 WHERE"
         " seq > 100; INSERT INTO audit SELECT 6, at, who, what, object, detail, prev, hash"
         " FROM audit WHERE seq = 5",
         6, "6 the line does not follow"},
        {"INSERT INTO audit SELECT 13, at, who, what, object, detail, prev, hash FROM audit"
         " WHERE seq = 12",
         13, "13 the line does not follow"},
        {"INSERT INTO audit SELECT 0, at, who, what, object, detail, prev, hash FROM audit"
         " WHERE seq = 1",
         1, "1 lines are missing"},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        qk_db *db = store_with_lines(LINES);
        assert_int_equal(verify(db).faults, 0);
        tamper(db, cases[i].sql);
        qk_audit_check check = verify(db);
        assert_true(check.faults > 0);
        assert_int_equal(check.first_fault, cases[i].first);
        if (strncmp(told, cases[i].told, strlen(cases[i].told)) != 0)
            fail_msg("%s\n%s", cases[i].sql, told);
        qk_db_close(db);
        qk_test_remove(qk_test_path("store.db"));
        qk_test_remove(qk_test_path("store.db-wal"));
        qk_test_remove(qk_test_path("store.db-shm"));
    }
}

static void test_S220_audit__a_cut_end_stays_visible_when_the_log_goes_on(void **state)
{
    (void)state;
    qk_db *db = store_with_lines(5);
    tamper(db, "DELETE FROM audit WHERE seq > 3");
    qk_audit_line line = {.at = 1, .who = QK_STR("a"), .what = QK_STR("b"), .object = QK_STR("c")};
    int64_t seq = 0;
    assert_ok(qk_audit_append(db, &seq, &line, NULL));
    assert_int_equal(seq, 6);
    qk_audit_check check = verify(db);
    assert_int_equal(check.first_fault, 4);
    qk_db_close(db);
}

static void test_S220_audit__a_line_stands_or_falls_with_its_transaction(void **state)
{
    (void)state;
    qk_db *db = store_with_lines(2);
    qk_audit_line line = {.at = 1, .who = QK_STR("a"), .what = QK_STR("b"), .object = QK_STR("c")};
    assert_ok(qk_db_begin(db, NULL));
    assert_ok(qk_audit_append(db, NULL, &line, NULL));
    assert_ok(qk_audit_append(db, NULL, &line, NULL));
    qk_db_rollback(db);
    assert_int_equal(verify(db).lines, 2);
    assert_int_equal(verify(db).faults, 0);
    int64_t seq = 0;
    assert_ok(qk_audit_append(db, &seq, &line, NULL));
    assert_int_equal(seq, 3);
    assert_int_equal(verify(db).faults, 0);
    qk_db_close(db);
}

static void test_S220_audit__refuses_texts_that_it_cannot_hold(void **state)
{
    (void)state;
    qk_db *db = open_store();
    char *text = calloc(1, QK_AUDIT_TEXT_MAX + 1);
    qk_audit_line line = {.who = QK_STR("a"), .what = QK_STR("b"), .object = QK_STR("c")};
    assert_non_null(text);
    memset(text, 'a', QK_AUDIT_TEXT_MAX + 1);
    line.detail = (qk_str){text, QK_AUDIT_TEXT_MAX + 1};
    assert_int_equal(qk_audit_append(db, NULL, &line, NULL), QK_ERANGE);
    line.detail.len--;
    assert_ok(qk_audit_append(db, NULL, &line, NULL));
    line.who = QK_STR("\xff");
    assert_int_equal(qk_audit_append(db, NULL, &line, NULL), QK_EFORMAT);
    free(text);
    qk_db_close(db);
}

typedef struct reading {
    int64_t next;
    int stop_after;
} reading;

static qk_code read_line(void *context, const qk_audit_line *line)
{
    reading *r = context;
    assert_int_equal(line->seq, r->next++);
    assert_true(qk_str_eq(line->who, QK_STR("李工")));
    assert_int_equal(line->at, 1000 * line->seq);
    return --r->stop_after == 0 ? QK_ECANCELLED : QK_OK;
}

static void test_S220_audit__is_read_in_pages(void **state)
{
    (void)state;
    qk_db *db = store_with_lines(LINES);
    reading r = {.next = 1};
    assert_ok(qk_audit_read(db, 0, 5, read_line, &r, NULL));
    assert_int_equal(r.next, 6);
    assert_ok(qk_audit_read(db, 6, 100, read_line, &r, NULL));
    assert_int_equal(r.next, LINES + 1);
    r = (reading){.next = 3, .stop_after = 2};
    assert_int_equal(qk_audit_read(db, 3, 100, read_line, &r, NULL), QK_ECANCELLED);
    assert_int_equal(r.next, 5);
    qk_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S220_audit__a_whole_chain_is_found_whole),
        qk_dir_test(test_S220_audit__hash_is_as_written_down),
        qk_dir_test(test_S220_audit__lines_are_not_changed_or_removed),
        qk_dir_test(test_S220_audit__a_change_of_the_log_is_detected),
        qk_dir_test(test_S220_audit__a_cut_end_stays_visible_when_the_log_goes_on),
        qk_dir_test(test_S220_audit__a_line_stands_or_falls_with_its_transaction),
        qk_dir_test(test_S220_audit__refuses_texts_that_it_cannot_hold),
        qk_dir_test(test_S220_audit__is_read_in_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
