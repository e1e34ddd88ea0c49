/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "store/schema.h"
#include "store_test.h"
#include <sys/wait.h>

static qk_db *open_writer(const char *name)
{
    qk_db *db = NULL;
    qk_error err = {0};
    if (qk_db_open(&db, qk_test_path(name), NULL, &err) != QK_OK)
        fail_msg("%s (%s)", err.message, err.where);
    return db;
}

static int64_t number(qk_db *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    assert_ok(qk_db_prepare(&stmt, db, sql, NULL));
    assert_ok(qk_db_step(db, stmt, NULL));
    int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return value;
}

static void test_db__opens_by_the_rules_of_the_house(void **state)
{
    (void)state;
    qk_db *db = open_writer("store.db");
    struct stat st;
    assert_ok(stat(qk_test_path("store.db"), &st));
    assert_int_equal(st.st_mode & 0777, 0640);
    sqlite3_stmt *stmt = NULL;
    assert_ok(qk_db_prepare(&stmt, db, "PRAGMA journal_mode", NULL));
    assert_ok(qk_db_step(db, stmt, NULL));
    assert_true(qk_str_eq(qk_db_text(stmt, 0), QK_STR("wal")));
    sqlite3_reset(stmt);
    assert_int_equal(number(db, "PRAGMA synchronous"), 2);
    assert_int_equal(number(db, "PRAGMA wal_autocheckpoint"), 0);
    assert_int_equal(number(db, "PRAGMA mmap_size"), 0);
    assert_int_equal(number(db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(number(db, "PRAGMA trusted_schema"), 0);
    assert_int_equal(number(db, "PRAGMA page_size"), 8192);
    assert_int_equal(number(db, "PRAGMA user_version"), qk_schema_newest());
    qk_error err;
    assert_int_not_equal(qk_db_exec(db, "SELECT load_extension('x')", &err), QK_OK);
    assert_int_not_equal(qk_db_exec(db, "SELECT \"text in double quotes\"", &err), QK_OK);
    qk_db_close(db);
    assert_int_equal(qk_test_size(qk_test_path("store.db-wal")), 0);
}

static void test_db__every_table_is_strict(void **state)
{
    (void)state;
    qk_db *db = open_writer("store.db");
    assert_int_equal(number(db, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main'"
                                " AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'"),
                     0);
    assert_true(number(db, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main'"
                           " AND type = 'table' AND strict") >= 20);
    qk_db_close(db);
}

static void test_db__knows_the_affected_versions(void **state)
{
    (void)state;
    static const struct {
        int version;
        bool affected;
    } cases[] = {{3006023, false}, {3007000, true}, {3040001, true}, {3044005, true},
                 {3044006, false}, {3045000, true}, {3046001, true}, {3050006, true},
                 {3050007, false}, {3051000, true}, {3051002, true}, {3051003, false},
                 {3052000, false}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++)
        assert_int_equal(qk_db_version_affected(cases[i].version), cases[i].affected);
}

static void test_db__refuses_a_newer_schema_and_a_foreign_file(void **state)
{
    (void)state;
    qk_db *db = open_writer("store.db");
    assert_ok(qk_db_exec(db, "PRAGMA user_version=9999", NULL));
    qk_db_close(db);
    qk_error err = {0};
    assert_int_equal(qk_db_open(&db, qk_test_path("store.db"), NULL, &err), QK_EUNSUPPORTED);
    assert_non_null(strstr(err.message, "9999"));
    assert_true(err.hint[0] != '\0');
    assert_null(db);

    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(qk_test_path("other.db"), &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "CREATE TABLE t (x)", 0, 0, 0), SQLITE_OK);
    sqlite3_close(other);
    size_t before_len, after_len;
    char *before = qk_test_slurp(qk_test_path("other.db"), &before_len);
    assert_int_equal(qk_db_open(&db, qk_test_path("other.db"), NULL, &err), QK_EFORMAT);
    char *after = qk_test_slurp(qk_test_path("other.db"), &after_len);
    assert_int_equal(before_len, after_len);
    assert_memory_equal(before, after, before_len);
    free(before);
    free(after);

    qk_test_write(qk_test_path("rubbish.db"), "this is no database, whatever its name says", 43);
    assert_int_equal(qk_db_open(&db, qk_test_path("rubbish.db"), NULL, &err), QK_EDAMAGED);
    assert_int_equal(qk_db_open_readonly(&db, qk_test_path("absent.db"), &err), QK_ENOTFOUND);
    assert_int_equal(qk_db_open(&db, qk_test_path("no/such/folder.db"), NULL, &err), QK_EIO);
}

static void test_db__gives_one_statement_for_one_text(void **state)
{
    (void)state;
    qk_db *db = open_writer("store.db");
    sqlite3_stmt *first = NULL, *second = NULL, *other = NULL;
    assert_ok(qk_db_prepare(&first, db, "SELECT ?1", NULL));
    sqlite3_bind_int(first, 1, 7);
    assert_ok(qk_db_step(db, first, NULL));
    assert_ok(qk_db_prepare(&second, db, "SELECT ?1", NULL));
    assert_ptr_equal(first, second);
    assert_ok(qk_db_step(db, second, NULL));
    assert_int_equal(sqlite3_column_type(second, 0), SQLITE_NULL);
    assert_int_equal(qk_db_step(db, second, NULL), QK_ENOTFOUND);
    assert_ok(qk_db_prepare(&other, db, "SELECT ?1, 2", NULL));
    assert_ptr_not_equal(first, other);
    qk_error err;
    assert_int_equal(qk_db_prepare(&other, db, "SELEC 1", &err), QK_EINVAL);
    assert_int_equal(qk_db_prepare(&other, db, "", &err), QK_EINVAL);
    assert_null(other);
    qk_db_close(db);
}

static void test_db__statements_have_a_ceiling(void **state)
{
    (void)state;
    qk_db *db = open_writer("store.db");
    qk_code code = QK_OK;
    int n = 0;
    for (; n < 3000 && code == QK_OK; n++) {
        char text[32];
        sqlite3_stmt *stmt = NULL;
        snprintf(text, sizeof text, "SELECT %d", n);
        code = qk_db_prepare(&stmt, db, text, NULL);
    }
    assert_int_equal(code, QK_EFULL);
    assert_in_range(n, 900, 1025);
    qk_db_close(db);
}

static void test_db__tells_apart_what_was_broken(void **state)
{
    (void)state;
    qk_db *db = open_writer("store.db");
    qk_error err;
    assert_ok(qk_db_exec(db, "INSERT INTO timer (due_at, kind, key) VALUES (1, 'a', 'b')", &err));
    assert_int_equal(
        qk_db_exec(db, "INSERT INTO timer (due_at, kind, key) VALUES (1, 'a', 'b')", &err),
        QK_EEXIST);
    assert_int_equal(qk_db_exec(db, "INSERT INTO timer (due_at, kind) VALUES (1, 'a')", &err),
                     QK_EINVAL);
    assert_int_equal(qk_db_exec(db, "INSERT INTO meta VALUES ('a', 'text')", &err), QK_EINVAL);
    sqlite3_stmt *stmt = NULL;
    assert_ok(qk_db_prepare(&stmt, db, "SELECT 1", NULL));
    assert_int_equal(qk_db_run(db, stmt, &err), QK_EINVAL);
    qk_db_close(db);
}

static void test_db__transactions_nest(void **state)
{
    (void)state;
    qk_db *db = open_writer("store.db");
    assert_ok(qk_db_begin(db, NULL));
    assert_ok(qk_db_meta_set(db, "outer", 1, NULL));
    assert_ok(qk_db_begin(db, NULL));
    assert_ok(qk_db_meta_set(db, "inner", 2, NULL));
    assert_ok(qk_db_begin(db, NULL));
    assert_ok(qk_db_meta_set(db, "innermost", 3, NULL));
    assert_ok(qk_db_commit(db, NULL));
    assert_int_equal(qk_db_end(db, QK_ECANCELLED, NULL), QK_ECANCELLED);
    assert_ok(qk_db_begin(db, NULL));
    assert_ok(qk_db_meta_set(db, "second", 4, NULL));
    assert_ok(qk_db_end(db, QK_OK, NULL));
    assert_ok(qk_db_commit(db, NULL));
    int64_t value = 0;
    qk_error err;
    assert_ok(qk_db_meta_get(db, "outer", &value, &err));
    assert_int_equal(value, 1);
    assert_ok(qk_db_meta_get(db, "second", &value, &err));
    assert_int_equal(qk_db_meta_get(db, "inner", &value, &err), QK_ENOTFOUND);
    assert_int_equal(qk_db_meta_get(db, "innermost", &value, &err), QK_ENOTFOUND);
    assert_int_equal(value, 4);
    assert_int_equal(qk_db_commit(db, &err), QK_EINVAL);
    qk_db_rollback(db);
    qk_db_close(db);
}

static void test_db__a_transaction_given_up_by_sqlite_stays_given_up(void **state)
{
    (void)state;
    qk_db *db = open_writer("store.db");
    qk_error err;
    assert_ok(qk_db_begin(db, &err));
    assert_ok(qk_db_meta_set(db, "a", 1, &err));
    assert_ok(qk_db_begin(db, &err));
    /* What SQLite does by itself on a full disk. */
    assert_int_equal(sqlite3_exec(qk_db_handle(db), "ROLLBACK", 0, 0, 0), SQLITE_OK);
    assert_int_equal(qk_db_meta_set(db, "b", 1, &err), QK_EIO);
    assert_int_equal(qk_db_exec(db, "DELETE FROM meta", &err), QK_EIO);
    assert_int_equal(qk_db_begin(db, &err), QK_EIO);
    assert_int_equal(qk_db_end(db, QK_OK, &err), QK_EIO);
    assert_int_equal(qk_db_end(db, QK_OK, &err), QK_EIO);
    assert_ok(qk_db_meta_set(db, "c", 1, &err));
    assert_int_equal(number(db, "SELECT count(*) FROM meta"), 1);
    qk_db_close(db);
}

static void test_db__readers_see_commits_and_cannot_write(void **state)
{
    (void)state;
    qk_db *db = open_writer("store.db"), *reader = NULL;
    qk_error err;
    int64_t value = 0;
    assert_ok(qk_db_meta_set(db, "a", 1, NULL));
    assert_ok(qk_db_open_readonly(&reader, qk_test_path("store.db"), &err));
    assert_ok(qk_db_begin(db, NULL));
    assert_ok(qk_db_meta_set(db, "a", 2, NULL));
    assert_ok(qk_db_meta_get(reader, "a", &value, &err));
    assert_int_equal(value, 1);
    assert_ok(qk_db_commit(db, NULL));
    assert_ok(qk_db_meta_get(reader, "a", &value, &err));
    assert_int_equal(value, 2);
    assert_int_equal(qk_db_meta_set(reader, "a", 3, &err), QK_EDENIED);
    assert_int_equal(qk_db_checkpoint(reader, &err), QK_EINVAL);
    qk_db_close(reader);
    qk_db_close(db);
}

static void test_db__a_reader_in_the_way_of_a_checkpoint_is_no_error(void **state)
{
    (void)state;
    qk_db *db = open_writer("store.db"), *reader = NULL;
    assert_ok(qk_db_meta_set(db, "a", 1, NULL));
    assert_ok(qk_db_open_readonly(&reader, qk_test_path("store.db"), NULL));
    sqlite3_stmt *stmt = NULL;
    assert_ok(qk_db_prepare(&stmt, reader, "SELECT name FROM sqlite_schema", NULL));
    assert_ok(qk_db_step(reader, stmt, NULL));
    assert_ok(qk_db_meta_set(db, "a", 2, NULL));
    assert_ok(qk_db_checkpoint(db, NULL));
    sqlite3_reset(stmt);
    int64_t value = 0;
    assert_ok(qk_db_meta_get(reader, "a", &value, NULL));
    assert_int_equal(value, 2);
    qk_db_close(reader);
    qk_db_close(db);
}

/* A process that commits, and dies without closing anything. */
static void write_and_die(const char *path)
{
    pid_t child = fork();
    if (child == 0) {
        qk_db *db = NULL;
        if (qk_db_open(&db, path, NULL, NULL) != QK_OK) _exit(1);
        _exit(qk_db_meta_set(db, "a", 77, NULL) == QK_OK ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_db__reading_untouched_changes_no_byte(void **state)
{
    (void)state;
    static const char *const names[] = {"store.db", "store.db-wal", "store.db-shm"};
    char *before[3], *after[3];
    size_t before_len[3], after_len[3];
    write_and_die(qk_test_path("store.db"));
    for (int i = 0; i < 3; i++) before[i] = qk_test_slurp(qk_test_path(names[i]), &before_len[i]);
    qk_db *db = NULL;
    int64_t value = 0;
    qk_error err = {0};
    assert_ok(qk_db_open_untouched(&db, qk_test_path("store.db"), &err));
    assert_ok(qk_db_meta_get(db, "a", &value, &err));
    assert_int_equal(value, 77);
    qk_db_close(db);
    for (int i = 0; i < 3; i++) {
        after[i] = qk_test_slurp(qk_test_path(names[i]), &after_len[i]);
        assert_int_equal(before_len[i], after_len[i]);
        assert_memory_equal(before[i], after[i], before_len[i]);
        free(before[i]);
        free(after[i]);
    }
    /* The next writer takes over what the dead one committed. */
    db = open_writer("store.db");
    assert_ok(qk_db_meta_get(db, "a", &value, &err));
    assert_int_equal(value, 77);
    qk_db_close(db);
    unlink(qk_test_path("store.db-shm"));
    unlink(qk_test_path("store.db-wal"));
    assert_ok(qk_db_open_untouched(&db, qk_test_path("store.db"), &err));
    assert_ok(qk_db_meta_get(db, "a", &value, &err));
    qk_db_close(db);
    assert_int_equal(qk_test_size(qk_test_path("store.db-shm")), -1);
    assert_int_equal(qk_test_size(qk_test_path("store.db-wal")), -1);
}

/* A process that writes, checkpoints between, and stays; it says a byte after each value. */
static pid_t writer_beside(const char *path, const int in[2], const int out[2])
{
    pid_t child = fork();
    if (child != 0) return child;
    qk_db *db = NULL;
    char byte;
    close(in[1]);
    if (qk_db_open(&db, path, NULL, NULL) != QK_OK) _exit(1);
    for (int64_t n = 1; read(in[0], &byte, 1) == 1; n++) {
        if (qk_db_meta_set(db, "a", n, NULL) != QK_OK) _exit(2);
        if (n % 3 == 0 && qk_db_checkpoint(db, NULL) != QK_OK) _exit(3);
        if (write(out[1], "w", 1) != 1) _exit(4);
    }
    _exit(0);
}

static void test_db__reading_untouched_works_beside_a_writer_too(void **state)
{
    (void)state;
    int to[2], from[2];
    char byte;
    assert_ok(pipe(to));
    assert_ok(pipe(from));
    pid_t child = writer_beside(qk_test_path("store.db"), to, from);
    for (int64_t n = 1; n <= 10; n++) {
        qk_db *db = NULL;
        int64_t value = -1;
        qk_error err = {0};
        assert_int_equal(write(to[1], "g", 1), 1);
        assert_int_equal(read(from[0], &byte, 1), 1);
        if (qk_db_open_untouched(&db, qk_test_path("store.db"), &err) != QK_OK)
            fail_msg("%d: %s", (int)n, err.message);
        qk_code code = qk_db_meta_get(db, "a", &value, &err);
        if (code != QK_OK) fail_msg("%d: %s", (int)n, err.message);
        /* A state of the past, if the writer's marks allow no newer one; never a later one. */
        assert_true(value >= n - 3 && value <= n);
        qk_db_close(db);
    }
    close(to[1]);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(to[0]);
    close(from[0]);
    close(from[1]);
}

static void test_db__a_path_with_signs_of_an_address_is_a_path(void **state)
{
    (void)state;
    qk_db *db = open_writer("a%20b?mode=memory#c.db");
    assert_ok(qk_db_meta_set(db, "a", 5, NULL));
    qk_db_close(db);
    int64_t value = 0;
    assert_ok(qk_db_open_readonly(&db, qk_test_path("a%20b?mode=memory#c.db"), NULL));
    assert_ok(qk_db_meta_get(db, "a", &value, NULL));
    assert_int_equal(value, 5);
    qk_db_close(db);
}

static void test_db__backup_is_a_whole_database(void **state)
{
    (void)state;
    qk_db *db = open_writer("store.db"), *reader = NULL, *copy = NULL;
    qk_error err = {0};
    assert_ok(qk_db_begin(db, NULL));
    for (int i = 0; i < 2000; i++) {
        char key[16];
        snprintf(key, sizeof key, "key %d", i);
        assert_ok(qk_db_meta_set(db, key, i, NULL));
    }
    assert_int_equal(qk_db_backup(db, qk_test_path("copy.db"), &err), QK_EINVAL);
    assert_ok(qk_db_commit(db, NULL));
    assert_ok(qk_db_backup(db, qk_test_path("copy.db"), &err));
    assert_int_equal(qk_db_backup(db, qk_test_path("copy.db"), &err), QK_EEXIST);
    assert_ok(qk_db_open_readonly(&reader, qk_test_path("store.db"), &err));
    assert_ok(qk_db_backup(reader, qk_test_path("second.db"), &err));
    qk_db_close(reader);
    qk_db_close(db);
    for (int i = 0; i < 2; i++) {
        assert_ok(qk_db_open(&copy, qk_test_path(i ? "second.db" : "copy.db"), NULL, &err));
        assert_int_equal(number(copy, "SELECT count(*) FROM meta"), 2000);
        assert_int_equal(number(copy, "SELECT count(*) FROM pragma_integrity_check"), 1);
        qk_db_close(copy);
    }
}

static void test_db__history_is_kept_by_itself(void **state)
{
    (void)state;
    qk_db *db = open_writer("store.db");
    qk_error err;
    assert_ok(qk_db_exec(db,
                         "INSERT INTO site (id, kind, name_zh, version, recorded_at, recorded_by)"
                         " VALUES ('s', 'outlet', '一号', 1, 10, 'a')",
                         &err));
    assert_ok(
        qk_db_exec(db, "UPDATE site SET name_zh = '二号', version = 2, recorded_at = 20", &err));
    assert_int_equal(number(db, "SELECT count(*) FROM site_history"), 2);
    assert_int_equal(number(db, "SELECT version FROM site_history WHERE name_zh = '一号'"), 1);
    assert_int_equal(qk_db_exec(db, "DELETE FROM site", &err), QK_EDENIED);
    /* A change that forgets to raise the version meets the history's key. */
    assert_int_equal(qk_db_exec(db, "UPDATE site SET name_zh = '三号'", &err), QK_EEXIST);
    assert_ok(qk_db_exec(db,
                         "INSERT INTO factor (mn, code, version, recorded_at, recorded_by)"
                         " VALUES ('m', 'a21026', 1, 10, 'a')",
                         &err));
    assert_ok(qk_db_exec(db,
                         "INSERT INTO device (mn, status, version, recorded_at, recorded_by)"
                         " VALUES ('m', 1, 1, 10, 'a')",
                         &err));
    assert_ok(qk_db_exec(db,
                         "INSERT INTO division (code, kind, name_zh, version, recorded_at,"
                         " recorded_by) VALUES ('330100', 'county', '县', 1, 10, 'a')",
                         &err));
    assert_ok(qk_db_exec(db, "INSERT INTO place VALUES (1, '{}', 1, 10, 'a')", &err));
    qk_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_db__opens_by_the_rules_of_the_house),
        qk_dir_test(test_db__every_table_is_strict),
        qk_dir_test(test_db__knows_the_affected_versions),
        qk_dir_test(test_db__refuses_a_newer_schema_and_a_foreign_file),
        qk_dir_test(test_db__gives_one_statement_for_one_text),
        qk_dir_test(test_db__statements_have_a_ceiling),
        qk_dir_test(test_db__tells_apart_what_was_broken),
        qk_dir_test(test_db__transactions_nest),
        qk_dir_test(test_db__a_transaction_given_up_by_sqlite_stays_given_up),
        qk_dir_test(test_db__readers_see_commits_and_cannot_write),
        qk_dir_test(test_db__a_reader_in_the_way_of_a_checkpoint_is_no_error),
        qk_dir_test(test_db__reading_untouched_changes_no_byte),
        qk_dir_test(test_db__reading_untouched_works_beside_a_writer_too),
        qk_dir_test(test_db__a_path_with_signs_of_an_address_is_a_path),
        qk_dir_test(test_db__backup_is_a_whole_database),
        qk_dir_test(test_db__history_is_kept_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
