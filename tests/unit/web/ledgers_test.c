/* SPDX-License-Identifier: Apache-2.0 */
/* Ledgers through the API. */
#include "plan_rig.h"

#define LEDGER "/api/v1/ledgers/nrmm_test"

static void add_test(rig *r, const char *code, const char *date, const char *result)
{
    char body[300];
    snprintf(body, sizeof body,
             "{\"data\":{\"machine_code\":\"%s\",\"date\":\"%s\",\"result\":\"%s\",\"unit\":"
             "\"东河镇\"}}",
             code, date, result);
    (void)rig_changed(r, "POST", LEDGER "/rows", body);
}

static void test_ledgers__rows_are_added_changed_and_counted(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW, NULL);
    add_test(&r, "A1", "2026/6/3", "合格");
    add_test(&r, "A2", "2026-11-03", "fail");
    const qk_json_value *d = rig_document(&r, LEDGER "/rows?limit=1");
    assert_json(d, "total", "2");
    assert_json(d, "next", "1");
    assert_json(d, "items/0/data/date", "2026-06-03");
    assert_json(d, "items/0/light", "green");
    d = rig_document(&r, LEDGER "/rows?after=1&from=2026-11-01");
    assert_json(d, "items/0/light", "red");
    assert_json(d, "total", "1");
    d = rig_document(&r, LEDGER "/rows?where=%5B%5B%22result%22%2C%22%3D%22%2C%22fail%22%5D%5D");
    assert_json(d, "total", "1");
    d = rig_changed(&r, "PUT", LEDGER "/rows/2",
                    "{\"row_version\":1,\"data\":{\"retested\":true},\"person\":\"李四\"}");
    assert_json(d, "row_version", "2");
    assert_json(d, "recorded_by", "李四");
    assert_json(d, "light", "null");
    assert_json(rig_document(&r, LEDGER "/rows/2"), "items/1/row_version", "1");
    d = rig_document(&r, LEDGER "/counters?counter=tests&by=unit");
    assert_json(d, "items/0/group", "东河镇");
    assert_json(d, "items/0/value", "2");
    d = rig_document(&r, LEDGER "/counters?counter=pass_share&from=2026-01-01&to=2026-12-31");
    assert_json(d, "items/0/value", "0.500000");
    (void)rig_changed(&r, "PUT", LEDGER "/rows/1", "{\"row_version\":1,\"end\":true}");
    assert_json(rig_document(&r, LEDGER "/rows"), "total", "1");
    rig_stop(&r);
}

static void test_ledgers__what_a_ledger_does_not_take_is_refused_by_field(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW, NULL);
    add_test(&r, "A1", "2026-06-03", "pass");
    const qk_json_value *d =
        rig_refused(&r, "POST", LEDGER "/rows",
                    "{\"data\":{\"machine_code\":\"A1\",\"date\":\"2026-02-30\"}}", 422);
    assert_json(d, "error/field", "date");
    (void)rig_refused(
        &r, "POST", LEDGER "/rows",
        "{\"data\":{\"machine_code\":\"A1\",\"date\":\"2026-06-03\",\"result\":\"pass\"}}", 409);
    (void)rig_refused(&r, "PUT", LEDGER "/rows/1", "{\"row_version\":2,\"data\":{}}", 409);
    (void)rig_refused(&r, "PUT", LEDGER "/rows/9", "{\"row_version\":1,\"data\":{}}", 404);
    (void)rig_refused(&r, "POST", "/api/v1/ledgers/none/rows", "{\"data\":{}}", 404);
    (void)rig_refused(&r, "POST", LEDGER "/rows", "{\"data\":[]}", 400);
    assert_int_equal(rig_get(&r, LEDGER "/rows?where=x").status, 400);
    assert_int_equal(rig_get(&r, LEDGER "/rows?where=%5B1%5D").status, 422);
    assert_int_equal(rig_get(&r, LEDGER "/counters?by=none").status, 422);
    rig_stop(&r);
}

static void test_ledgers__a_ledger_of_ones_own_is_declared(void **state)
{
    (void)state;
    rig r;
    static const char body[] =
        "{\"row_version\":0,\"text\":\"{\\\"id\\\":\\\"yards\\\",\\\"title_zh\\\":\\\"堆场\\\","
        "\\\"fields\\\":[{\\\"name\\\":\\\"no\\\",\\\"zh\\\":\\\"编号\\\",\\\"type\\\":"
        "\\\"text\\\","
        "\\\"key\\\":true}]}\"}";
    rig_start(&r, RIG_NOW, NULL);
    assert_int_equal(rig_change(&r, "PUT", "/api/v1/ledgers/yards", body, "k1").status, 403);
    reply got = rig_change_as(&r, r.admin, "PUT", "/api/v1/ledgers/yards", body, "k2");
    assert_int_equal(got.status, 200);
    assert_json(rig_document(&r, "/api/v1/ledgers/yards"), "row_version", "1");
    got = rig_change_as(&r, r.admin, "PUT", "/api/v1/ledgers/yards", body, "k3");
    assert_int_equal(got.status, 409);
    got = rig_change_as(&r, r.admin, "PUT", "/api/v1/ledgers/other", body, "k4");
    assert_int_equal(got.status, 422);
    rig_stop(&r);
}

static const char table[] =
    "环保登记号码,检测日期,结论\nA1,2026-06-03,合格\nA2,2026-06-04,不合格\n";

static void test_ledgers__a_table_is_looked_at_taken_and_given_back(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW, NULL);
    reply got = rig_upload(&r, LEDGER "/import", "text/csv", QK_STR(table), "t1");
    assert_int_equal(got.status, 200);
    const qk_json_value *d = rig_json(&r, &got);
    assert_json(d, "committed", "false");
    assert_json(d, "added", "2");
    assert_json(rig_document(&r, LEDGER "/rows"), "total", "0");
    got = rig_upload(&r, LEDGER "/import?commit", "text/csv", QK_STR(table), "t2");
    assert_json(rig_json(&r, &got), "committed", "true");
    assert_json(rig_document(&r, LEDGER "/rows"), "total", "2");
    got = rig_upload(&r, LEDGER "/import?commit", "text/csv",
                     QK_STR("machine_code,date,result\nA3,2026-06-05,pass\nA4,soon,pass\n"), "t3");
    d = rig_json(&r, &got);
    assert_json(d, "committed", "false");
    assert_json(d, "refusals/0/line", "3");
    assert_json(d, "refusals/0/column", "2");
    assert_json(rig_document(&r, LEDGER "/rows"), "total", "2");
    got = rig_get(&r, LEDGER "/rows.csv?heading=name");
    assert_non_null(strstr(got.body, "A2,,,,,,2026-06-04,,fail,"));
    got = rig_get(&r, LEDGER "/rows.xlsx");
    assert_int_equal(got.status, 200);
    assert_true(got.len > 1000 && memcmp(got.body, "PK\x03\x04", 4) == 0);
    got = rig_upload(&r, LEDGER "/import", "text/csv", QK_STR("\xD0\xCF\x11\xE0"), "t4");
    assert_int_equal(got.status, 422);
    rig_stop(&r);
}

static void test_S198_ledgers__the_list_of_green_finance_goes_out_as_it_stands(void **state)
{
    (void)state;
    rig r;
    static const char loans[] =
        "enterprise,bank,project,amount,date\n青泽涂装,农商行,更换RTO,1200000,2026-03-01\n"
        "青泽铸造,建设银行,除尘改造,800000,2026-05-06\n青泽砖厂,农商行,脱硝,500000,2026-06-07\n";
    rig_start(&r, RIG_NOW, NULL);
    reply got = rig_upload(&r, "/api/v1/ledgers/green_finance/import?commit", "text/csv",
                           QK_STR(loans), "g1");
    assert_json(rig_json(&r, &got), "committed", "true");
    (void)rig_changed(&r, "PUT", "/api/v1/ledgers/green_finance/rows/3",
                      "{\"row_version\":1,\"end\":true}");
    assert_json(rig_document(&r, "/api/v1/ledgers/green_finance/counters"), "items/0/value",
                "2000000");
    got = rig_get(&r, "/api/v1/ledgers/green_finance/rows.csv?heading=name");
    assert_true(
        rig_header(&got, "Content-Disposition", "attachment; filename=\"green_finance.csv\""));
    assert_non_null(strstr(got.body, "青泽涂装,农商行,更换RTO,1200000,2026-03-01,"));
    assert_non_null(strstr(got.body, "青泽铸造,建设银行,除尘改造,800000,2026-05-06,"));
    assert_null(strstr(got.body, "青泽砖厂")); /* paid back: no longer on the list */
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_ledgers__rows_are_added_changed_and_counted),
        qk_dir_test(test_ledgers__what_a_ledger_does_not_take_is_refused_by_field),
        qk_dir_test(test_ledgers__a_ledger_of_ones_own_is_declared),
        qk_dir_test(test_ledgers__a_table_is_looked_at_taken_and_given_back),
        qk_dir_test(test_S198_ledgers__the_list_of_green_finance_goes_out_as_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
