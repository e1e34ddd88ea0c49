/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of source apportionment are kept as they ended, read again, and let go of in order. */
#include "../store/store_test.h"
#include "domain/apportion_store.h"
#include "domain/setting.h"

enum { DAY0 = 20000 };

static qk_db *open_db(void)
{
    qk_db *db = NULL;
    qk_error err = {0};
    if (qk_db_open(&db, qk_test_path("a.db"), NULL, &err) != QK_OK) fail_msg("%s", err.message);
    return db;
}

static qk_apportion_info some_run(int day)
{
    qk_apportion_info info = {.at = (DAY0 + day) * QK_DAY,
                              .from = QK_TIME_NONE,
                              .to = QK_TIME_NONE,
                              .samples = 80,
                              .species = 4,
                              .options = {.factors = 3,
                                          .runs = 20,
                                          .bootstraps = 7,
                                          .robust = true,
                                          .extra = 0.05,
                                          .seed = 1234567890123}};
    memset(info.input, 'a', sizeof info.input - 1);
    qk_str_copy(info.title, sizeof info.title, QK_STR("城北"));
    qk_str_copy(info.who, sizeof info.who, QK_STR("expert"));
    return info;
}

static int64_t keep(qk_db *db, int day, qk_str json)
{
    qk_buf packed;
    qk_error err = {0};
    qk_apportion_info info = some_run(day);
    qk_buf_init(&packed, QK_APPORTION_REPORT);
    assert_ok(qk_apportion_begin(db, &info, &err));
    assert_ok(qk_apportion_pack(&packed, json, &err));
    info.state = QK_APPORTION_DONE;
    assert_ok(qk_apportion_end(db, &info, qk_buf_str(&packed), info.at + QK_HOUR, &err));
    qk_buf_clear(&packed);
    return info.id;
}

static void test_apportion_store__a_run_is_read_again_as_it_was(void **state)
{
    (void)state;
    static qk_apportion_info list[QK_APPORTION_LIST];
    size_t n = 0;
    qk_buf report;
    qk_apportion_info got;
    qk_error err = {0};
    qk_db *db = open_db();
    int64_t first = keep(db, 1, QK_STR("{\"factors\":[1,2,3]}"));
    qk_apportion_info second = some_run(2);
    assert_ok(qk_apportion_begin(db, &second, &err));
    qk_db_close(db);
    db = open_db();
    assert_ok(qk_apportion_break(db, (DAY0 + 3) * QK_DAY, &err));
    assert_ok(qk_apportion_list(list, &n, db, &err));
    assert_int_equal(n, 2);
    assert_int_equal(list[0].state, QK_APPORTION_BROKEN);
    assert_int_equal(list[1].state, QK_APPORTION_DONE);
    qk_buf_init(&report, QK_APPORTION_REPORT);
    assert_ok(qk_apportion_kept(&got, &report, db, first, &err));
    assert_string_equal(report.ptr, "{\"factors\":[1,2,3]}");
    assert_string_equal(got.title, "城北");
    assert_string_equal(got.program, QK_VERSION);
    assert_int_equal(got.options.seed, 1234567890123);
    assert_int_equal(got.options.bootstraps, 7);
    assert_true(got.options.robust && !got.options.displacement && got.options.extra == 0.05);
    assert_int_equal(got.ended, (DAY0 + 1) * QK_DAY + QK_HOUR);
    assert_int_equal(got.form, QK_APPORTION_FORM);
    qk_buf_clear(&report);
    /* What has ended is never rewritten. */
    qk_apportion_info again = got;
    again.state = QK_APPORTION_FAILED;
    assert_ok(qk_apportion_end(db, &again, QK_STR(""), got.ended, &err));
    assert_ok(qk_apportion_kept(&got, NULL, db, first, &err));
    assert_int_equal(got.state, QK_APPORTION_DONE);
    assert_int_equal(qk_db_exec(db, "UPDATE apportion_run SET title='x' WHERE state='done'", &err),
                     QK_EDENIED);
    assert_int_equal(qk_apportion_kept(&got, NULL, db, 99, &err), QK_ENOTFOUND);
    qk_db_close(db);
}

static void test_apportion_store__a_damaged_report_is_told_and_no_other_is_hurt(void **state)
{
    (void)state;
    qk_buf report;
    qk_apportion_info got;
    qk_error err = {0};
    qk_db *db = open_db();
    int64_t bad = keep(db, 1, QK_STR("{\"a\":1}")), good = keep(db, 2, QK_STR("{\"b\":2}"));
    assert_ok(qk_db_exec(db,
                         "DROP TRIGGER apportion_run_unchanged; UPDATE apportion_run SET"
                         " report=substr(report,1,length(report)-2) WHERE id=1",
                         &err));
    qk_buf_init(&report, QK_APPORTION_REPORT);
    assert_int_equal(qk_apportion_kept(&got, &report, db, bad, &err), QK_EDAMAGED);
    assert_int_equal(report.len, 0);
    assert_ok(qk_apportion_kept(&got, &report, db, good, &err));
    assert_string_equal(report.ptr, "{\"b\":2}");
    qk_buf_clear(&report);
    qk_db_close(db);
}

static void test_apportion_store__old_runs_are_let_go_by_age_and_number(void **state)
{
    (void)state;
    static qk_apportion_info list[QK_APPORTION_LIST];
    size_t n = 0;
    qk_error err = {0};
    qk_db *db = open_db();
    assert_ok(qk_setting_put(db, "receptor.keep_runs", QK_STR("3"), 0, QK_STR("x"), 1, &err));
    assert_ok(qk_setting_put(db, "receptor.keep_days", QK_STR("10"), 0, QK_STR("x"), 1, &err));
    for (int day = 1; day <= 5; day++) (void)keep(db, day, QK_STR("{}"));
    assert_ok(qk_apportion_list(list, &n, db, &err));
    assert_int_equal(n, 3);
    assert_int_equal(list[0].id, 5);
    assert_int_equal(list[2].id, 3);
    assert_int_equal(keep(db, 13, QK_STR("{}")), 6); /* numbers are not used again */
    assert_ok(qk_apportion_list(list, &n, db, &err));
    assert_int_equal(n, 3);
    (void)keep(db, 20, QK_STR("{}"));
    assert_ok(qk_apportion_list(list, &n, db, &err));
    assert_int_equal(n, 2); /* of the days 13 and 20 */
    qk_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_apportion_store__a_run_is_read_again_as_it_was),
        qk_dir_test(test_apportion_store__a_damaged_report_is_told_and_no_other_is_hurt),
        qk_dir_test(test_apportion_store__old_runs_are_let_go_by_age_and_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
