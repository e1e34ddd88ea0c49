/* SPDX-License-Identifier: Apache-2.0 */
/* The register over the wire: single sites, tables good and hostile, closing. */
#include "plan_rig.h"

#define REGISTER "/api/v1/register"
#define BYTES(text)           \
    {                         \
        text, sizeof text - 1 \
    }

static void test_register_api__a_site_is_added_changed_closed_and_found_in_its_history(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, RIG_NOW, NULL);
    reply got = rig_change(&r, "PUT", "/api/v1/sites/new-1",
                           "{\"row_version\":0,\"kind\":\"outlet\",\"name_zh\":\"新排口\","
                           "\"division\":\"410001\",\"lon\":112.5,\"lat\":35.1}",
                           "s1");
    assert_int_equal(got.status, 200);
    assert_json(rig_json(&r, &got), "row_version", "1");
    got =
        rig_change(&r, "PUT", "/api/v1/sites/new-1", "{\"row_version\":0,\"name_zh\":\"x\"}", "s2");
    assert_int_equal(got.status, 409);
    got =
        rig_change(&r, "PUT", "/api/v1/sites/new-1", "{\"row_version\":1,\"kind\":\"排口\"}", "s3");
    assert_int_equal(got.status, 400);
    assert_json(rig_json(&r, &got), "error/field", "kind");
    assert_non_null(strstr(got.body, "不是站点类型"));
    got = rig_change(&r, "PUT", "/api/v1/sites/a%20b", "{\"row_version\":0}", "s4");
    assert_int_equal(got.status, 400);
    got = rig_change(&r, "PUT", "/api/v1/devices/NEW0000000000001",
                     "{\"row_version\":0,\"site\":\"new-1\",\"st\":\"31\"}", "s5");
    assert_int_equal(got.status, 200);
    assert_json(rig_json(&r, &got), "status", "approved");
    got = rig_change(&r, "PUT", "/api/v1/sites/new-1",
                     "{\"row_version\":1,\"valid_to\":\"2026-11-22T10:05:00\"}", "s6");
    assert_int_equal(got.status, 200);
    got = rig_get(&r, "/api/v1/devices/NEW0000000000001");
    assert_json(rig_json(&r, &got), "status", "disabled");
    got = rig_get(&r, "/api/v1/sites");
    assert_null(strstr(got.body, "new-1"));
    got = rig_get(&r, "/api/v1/sites?closed");
    assert_non_null(strstr(got.body, "new-1"));
    got = rig_get(&r, "/api/v1/latest");
    assert_null(strstr(got.body, "new-1"));
    got = rig_get(&r, "/api/v1/sites/new-1");
    assert_int_equal(got.status, 200);
    got = rig_change_as(&r, r.admin, "GET", "/api/v1/audit", NULL, "a1");
    assert_non_null(strstr(got.body, "site.add"));
    assert_non_null(strstr(got.body, "site.close"));
    rig_stop(&r);
}

static void
test_register_api__a_table_is_looked_at_then_taken_with_a_line_in_the_audit(void **state)
{
    (void)state;
    static const char table[] = "站点编号,站点名称,站点类型,区划代码,MN号,访问密码,因子编码,限值\n"
                                "t1,甲,排口,410001,T000000000000001,secret9,a21026,35\n";
    rig r;
    rig_start(&r, RIG_NOW, NULL);
    reply got = rig_upload(&r, REGISTER, "text/csv", QK_STR(table), "t1");
    assert_int_equal(got.status, 200);
    assert_json(rig_json(&r, &got), "committed", "false");
    assert_json(rig_json(&r, &got), "added", "3");
    assert_int_equal(rig_get(&r, "/api/v1/sites/t1").status, 404);
    got = rig_upload(&r, REGISTER "?commit", "text/csv", QK_STR(table), "t2");
    assert_json(rig_json(&r, &got), "committed", "true");
    assert_int_equal(rig_get(&r, "/api/v1/sites/t1").status, 200);
    got = rig_upload(&r, REGISTER "?commit", "application/json",
                     QK_STR("{\"sites\":[{\"id\":\"t1\",\"name_zh\":\"乙\"}]}"), "t3");
    assert_json(rig_json(&r, &got), "changed", "1");
    got = rig_change_as(&r, r.key, "GET", "/api/v1/register.csv", NULL, "t4");
    assert_int_equal(got.status, 200);
    assert_non_null(strstr(got.body, "t1,排放口,乙"));
    assert_null(strstr(got.body, "secret9"));
    got = rig_change_as(&r, r.admin, "GET", "/api/v1/audit", NULL, "a1");
    assert_non_null(strstr(got.body, "register.import"));
    assert_null(strstr(got.body, "secret9"));
    rig_stop(&r);
}

static void test_register_api__hostile_files_are_refused_and_leave_nothing(void **state)
{
    (void)state;
    rig r;
    qk_buf big;
    char id[16];
    rig_start(&r, RIG_NOW, NULL);
    reply before = rig_change_as(&r, r.key, "GET", "/api/v1/register.csv", NULL, "b0");
    static const struct {
        const char *bytes;
        size_t len;
    } files[] = {
        BYTES("\x00\x01\x02"),
        BYTES("\xFF\xFE"),
        BYTES("PK\x03\x04rubbish"),
        BYTES("\xD0\xCF\x11\xE0"),
        BYTES("id,kind,name\ns1,outlet,\"open"),
        BYTES("id,kind,name\ns1,outlet,\xFF\xFF\n"),
        BYTES("{\"sites\":[{\"id\":\"s1\",\"kind\":\"outlet\""),
        BYTES("{\"sites\":[{\"id\":\"s1\\u0000\",\"kind\":\"outlet\",\"name_zh\":\"x\"}]}"),
        BYTES("{\"accounts\":[{\"id\":\"root\"}]}"),
        BYTES("id,kind,name\n../../etc,../x,甲\n"),
        BYTES("id,kind,name\ns1\x01,outlet,甲\n"),
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(files); i++) {
        snprintf(id, sizeof id, "h%zu", i);
        reply got = rig_upload(&r, REGISTER "?commit", "text/csv",
                               (qk_str){files[i].bytes, files[i].len}, id);
        if (got.status == 200 && strstr(got.body, "\"committed\":true"))
            fail_msg("file %zu was taken: %.300s", i, got.body);
        assert_true(got.status == 200 || (got.status >= 400 && got.status < 500));
    }
    qk_buf_init(&big, 8 << 20);
    qk_buf_puts(&big, "id,kind,name\n");
    for (int i = 0; i < 20001; i++) qk_buf_printf(&big, "s%d,outlet,x\n", i);
    reply got = rig_upload(&r, REGISTER "?commit", "text/csv", qk_buf_str(&big), "big");
    assert_int_equal(got.status, 413);
    assert_non_null(strstr(got.body, "超过 20000 行"));
    qk_buf_clear(&big);
    reply after = rig_change_as(&r, r.key, "GET", "/api/v1/register.csv", NULL, "b1");
    assert_string_equal(before.body, after.body);
    assert_int_equal(rig_ask(&r, "POST", REGISTER, NULL, "{}").status, 401);
    rig_stop(&r);
}

/* Frames of a device that nobody knew are in the journal; registered, it has its values. */
static void test_register_api__what_was_parked_is_taken_up_once_it_is_registered(void **state)
{
    (void)state;
    static const char table[] = "站点编号,站点名称,站点类型,MN号,因子编码,限值\n"
                                "p1,甲,排口,P000000000000001,a21026,35\n";
    rig r;
    char frame[QK_HJ212_FRAME_MAX];
    rig_start(&r, RIG_NOW, NULL);
    size_t len = qk_hj212_encode_segment(
        frame, sizeof frame,
        qk_hj212_text_of("QN=20261122100400001;ST=31;CN=2051;PW=123456;MN=P000000000000001;Flag=4;"
                         "CP=&&DataTime=20261122100300;a21026-Avg=12.5,a21026-Flag=N&&"),
        QK_HJ212_CRC_STANDARD);
    rig_record(&r, QK_JOURNAL_PARKED, 0, frame, len);
    rig_settle(&r);
    reply got = rig_get(&r, "/api/v1/parked");
    assert_json(rig_json(&r, &got), "total", "1");
    got = rig_upload(&r, REGISTER "?commit", "text/csv", QK_STR(table), "t1");
    assert_json(rig_json(&r, &got), "committed", "true");
    rig_settle(&r);
    got = rig_get(&r, "/api/v1/parked");
    assert_json(rig_json(&r, &got), "total", "0");
    got = rig_get(&r, "/api/v1/latest?sites=p1");
    assert_non_null(strstr(got.body, "12.5"));
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_register_api__a_site_is_added_changed_closed_and_found_in_its_history),
        qk_dir_test(test_register_api__a_table_is_looked_at_then_taken_with_a_line_in_the_audit),
        qk_dir_test(test_register_api__hostile_files_are_refused_and_leave_nothing),
        qk_dir_test(test_register_api__what_was_parked_is_taken_up_once_it_is_registered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
