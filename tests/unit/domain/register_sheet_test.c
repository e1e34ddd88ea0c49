/* SPDX-License-Identifier: Apache-2.0 */
/* A county's register as tables: taken whole or not at all, each fault with its line and column. */
#include "domain/register_sheet.h"
#include "domain_test.h"
#include <iconv.h>
#include <math.h>

enum { EVERYTHING = QK_REGISTER_SITES | QK_REGISTER_DEVICES | QK_REGISTER_ORGANISATION };

static const char divisions[] = "区划代码,区划名称,区划级别,上级区划\n"
                                "410883,青泽县,县,\n"
                                "410883100,东河镇,镇,410883\n";

static const char sites[] =
    "排口编号,排口名称,类型,行政区划,所属单位,经度,纬度,MN,访问密码,系统编码,发小时数据,"
    "因子编码,计量单位,限值\n"
    "out1,1号排口,排放口,410883100,青泽水泥,112.75,34.9,A1,123456,31,是,a21026,mg/m3,35\n"
    "out1,1号排口,,,,,,A1,,,,a21002,mg/m3,50\n"
    "air1,东河站,国控站,410883100,,112.7,34.95,B1,,22,是,a34004,,-\n";

typedef struct bench {
    qk_db *db;
    qk_registry *r;
    qk_register_taken got;
    qk_time now;
} bench;

static void begin(bench *b)
{
    qk_error err = {0};
    memset(b, 0, sizeof *b);
    b->db = open_db();
    b->now = at("2026-11-22T08:00:00");
    assert_done(qk_registry_open(&b->r, b->db, &err), &err);
}

static void finish(bench *b)
{
    qk_register_taken_clear(&b->got);
    qk_registry_close(b->r);
    qk_db_close(b->db);
}

static void give_bytes(bench *b, qk_str bytes, bool commit, uint32_t may)
{
    qk_error err = {0};
    qk_register_taken_clear(&b->got);
    assert_done(
        qk_register_take(&b->got, b->r, b->db, bytes, commit, may, QK_STR("clerk"), b->now, &err),
        &err);
}

static void give(bench *b, const char *text, bool commit)
{
    give_bytes(b, qk_str_of(text), commit, EVERYTHING);
}

static void take(bench *b, const char *text)
{
    give(b, text, true);
    if (!b->got.committed) fail_msg("refused: %s", b->got.refusals.ptr);
}

static bool told(const qk_buf *list, const char *what)
{
    return list->len && strstr(list->ptr, what);
}

static void test_register__one_table_makes_sites_devices_and_factors(void **state)
{
    (void)state;
    bench b;
    qk_site s;
    qk_device d;
    qk_factor f;
    begin(&b);
    take(&b, divisions);
    assert_int_equal(b.got.added, 2);
    take(&b, sites);
    assert_int_equal(b.got.added, 7);
    assert_true(qk_registry_site(b.r, &s, QK_STR("out1")));
    assert_string_equal(s.kind, "outlet");
    assert_string_equal(s.owner_zh, "青泽水泥");
    assert_true(s.lon == 112.75 && s.lat == 34.9);
    assert_true(qk_registry_device(b.r, &d, QK_STR("A1")));
    assert_string_equal(d.site, "out1");
    assert_string_equal(d.pw, "123456");
    assert_int_equal(d.status, QK_DEVICE_APPROVED);
    assert_true(d.sends_hours);
    assert_true(qk_registry_factor(b.r, &f, QK_STR("A1"), QK_STR("a21002")));
    assert_true(f.limit == 50);
    assert_true(qk_registry_factor(b.r, &f, QK_STR("B1"), QK_STR("a34004")));
    assert_true(isnan(f.limit));
    finish(&b);
}

static void test_register__looking_says_what_would_change_and_changes_nothing(void **state)
{
    (void)state;
    bench b;
    qk_site s;
    begin(&b);
    take(&b, divisions);
    uint64_t version = qk_registry_version(b.r);
    give(&b, sites, false);
    assert_false(b.got.committed);
    assert_int_equal(b.got.added, 7);
    assert_true(told(&b.got.items, "{\"line\":2,\"kind\":\"site\",\"key\":\"out1\",\"fate\":"
                                   "\"added\""));
    assert_int_equal(qk_registry_version(b.r), version);
    assert_false(qk_registry_site(b.r, &s, QK_STR("out1")));
    assert_int_equal(number_of(b.db, "SELECT count(*) FROM site_history"), 0);
    take(&b, sites);
    give(&b, "id,kind,name,mn,pw,factor,limit\nout1,outlet,一号排口,A1,654321,a21026,30\n", false);
    assert_int_equal(b.got.changed, 3);
    assert_true(told(&b.got.items, "{\"name\":\"limit\",\"old\":35,\"new\":30}"));
    assert_true(told(&b.got.items, "{\"name\":\"pw\"}"));
    assert_false(told(&b.got.items, "654321"));
    give(&b, sites, false);
    assert_int_equal(b.got.same, 7);
    finish(&b);
}

static void test_register__a_table_in_gb18030_reads_the_same(void **state)
{
    (void)state;
    bench b;
    qk_site s;
    char bytes[4096], *in = (char *)(uintptr_t)sites, *out = bytes;
    size_t left = strlen(sites), room = sizeof bytes;
    iconv_t to = iconv_open("GB18030", "UTF-8");
    assert_true(to != (iconv_t)-1);
    assert_int_equal(iconv(to, &in, &left, &out, &room), 0);
    iconv_close(to);
    begin(&b);
    take(&b, divisions);
    give_bytes(&b, (qk_str){bytes, sizeof bytes - room}, true, EVERYTHING);
    assert_true(b.got.committed);
    assert_true(qk_registry_site(b.r, &s, QK_STR("air1")));
    assert_string_equal(s.name_zh, "东河站");
    assert_string_equal(s.kind, "air_national");
    finish(&b);
}

/* Refused at this place with these words, and nothing of the table stays. */
static void refuse(const char *text, unsigned line, unsigned column, const char *zh)
{
    bench b;
    char place[60];
    begin(&b);
    take(&b, divisions);
    give(&b, text, true);
    snprintf(place, sizeof place, "\"line\":%u,\"column\":%u,", line, column);
    if (b.got.committed || !told(&b.got.refusals, place) || !told(&b.got.refusals, zh))
        fail_msg("'%s' gave %.*s", text, (int)b.got.refusals.len, b.got.refusals.ptr);
    assert_int_equal(number_of(b.db, "SELECT count(*) FROM site_history"), 0);
    assert_int_equal(number_of(b.db, "SELECT count(*) FROM device_history"), 0);
    finish(&b);
}

static void test_register__a_fault_is_told_with_line_and_column_and_nothing_is_taken(void **state)
{
    (void)state;
    const char *good = "id,kind,name,lon,lat\ns1,排口,甲,1,2\n";
    char text[600];
    snprintf(text, sizeof text, "%ss2,排口,乙,东,2\n", good);
    refuse(text, 3, 4, "须是");
    snprintf(text, sizeof text, "%ss2,排口,乙,181,2\n", good);
    refuse(text, 3, 4, "须是");
    snprintf(text, sizeof text, "%ss2,什么,乙,1,2\n", good);
    refuse(text, 3, 2, "不是站点类型");
    snprintf(text, sizeof text, "%ss2,排口,,1,2\n", good);
    refuse(text, 3, 3, "须有类型和名称");
    snprintf(text, sizeof text, "%ss2,排口,乙,1,\n", good);
    refuse(text, 3, 5, "缺一个");
    snprintf(text, sizeof text, "%s,排口,乙,1,2\n", good);
    refuse(text, 3, 0, "没有编号");
    snprintf(text, sizeof text, "%ss1,排口,丙,1,2\n", good);
    refuse(text, 3, 1, "与第 2 行说法不一");
    snprintf(text, sizeof text, "%ss2,排口\n", good);
    refuse(text, 3, 6, "");
    refuse("id,kind,name,颜色\ns1,排口,甲,红\n", 1, 4, "没有这一列");
    refuse("id,kind,name,名称\ns1,排口,甲,甲\n", 1, 4, "重复");
    refuse("kind,name\n排口,甲\n", 1, 0, "缺少这一关键列");
    refuse("颜色\n红\n", 1, 1, "没有这一列");
    refuse("id,kind,name,division\ns1,排口,甲,没有\n", 2, 4, "不在名录中");
    refuse("mn,site\nA1,没有\n", 2, 2, "不在名录中");
    refuse("mn,site\n8.8888E+22,\n", 2, 1, "表格软件");
    refuse("mn,pw\nA1,a;b\n", 2, 2, "密码不能含");
    refuse("mn,bind_address\nA1,300.1.1.1\n", 2, 2, "不是一个 IP");
    refuse("mn,status\nA1,也许\n", 2, 2, "须是其中之一");
    refuse("mn,st,factor,low,high\nA1,31,a21026,5,1\n", 2, 4, "颠倒");
    refuse("mn,st,factor,item\nA1,31,a21026,PM3\n", 2, 4, "不是空气质量项目");
    refuse("factor,limit\na21026,35\n", 1, 0, "缺少这一关键列");
    refuse("{\"sites\":[\n{\"id\":\"s1\",\"kind\":\"outlet\",\"name_zh\":\"甲\",\"lon\":\"东\"}]}",
           2, 48, "须是");
    refuse("{\"sites\":[{\"id\":\"s1\"", 1, 21, "");
    refuse("", 0, 0, "是空的");
}

static void test_register__every_fault_of_a_table_is_told_at_once(void **state)
{
    (void)state;
    bench b;
    qk_buf text;
    begin(&b);
    qk_buf_init(&text, 1 << 20);
    qk_buf_puts(&text, "id,kind,name,lon,lat\n");
    for (int i = 0; i < 700; i++) qk_buf_printf(&text, "s%d,outlet,甲,x,y\n", i);
    give_bytes(&b, qk_buf_str(&text), true, EVERYTHING);
    assert_false(b.got.committed);
    assert_int_equal(b.got.refused, 1400);
    assert_true(told(&b.got.refusals, "\"line\":251,"));
    assert_false(told(&b.got.refusals, "\"line\":252,"));
    qk_buf_clear(&text);
    finish(&b);
}

static void test_register__what_is_not_given_stays(void **state)
{
    (void)state;
    bench b;
    qk_device d;
    qk_site s;
    begin(&b);
    take(&b, divisions);
    take(&b, sites);
    take(&b, "MN,时标\nA1,时段结束\n");
    assert_true(qk_registry_device(b.r, &d, QK_STR("A1")));
    assert_int_equal(d.interval_style, QK_INTERVAL_END);
    assert_string_equal(d.pw, "123456");
    take(&b, "{\"devices\":[{\"rtd_interval_s\":30,\"mn\":\"A1\"}]}");
    assert_true(qk_registry_device(b.r, &d, QK_STR("A1")));
    assert_string_equal(d.pw, "123456");
    assert_int_equal(d.rtd_interval_s, 30);
    take(&b, "id,owner\nout1,-\n");
    assert_true(qk_registry_site(b.r, &s, QK_STR("out1")));
    assert_string_equal(s.owner_zh, "");
    assert_string_equal(s.name_zh, "1号排口");
    finish(&b);
}

static void test_register__who_may_not_bring_devices_is_refused_them(void **state)
{
    (void)state;
    bench b;
    begin(&b);
    take(&b, divisions);
    give_bytes(&b, qk_str_of(sites), true, QK_REGISTER_SITES);
    assert_false(b.got.committed);
    assert_true(told(&b.got.refusals, "你无权导入“devices”"));
    give_bytes(&b, QK_STR("{\"units\":[{\"id\":\"u\"}]}"), true, QK_REGISTER_SITES);
    assert_true(told(&b.got.refusals, "你无权导入“units”"));
    give_bytes(&b, QK_STR("id,kind,name\ns1,排口,甲\n"), true, QK_REGISTER_SITES);
    assert_true(b.got.committed);
    finish(&b);
}

static void test_register__what_goes_out_comes_in_again_unchanged(void **state)
{
    (void)state;
    for (int lang = 0; lang < 2; lang++) {
        bench b;
        qk_buf csv;
        qk_error err = {0};
        begin(&b);
        take(&b, divisions);
        take(&b, sites);
        take(&b, "id,kind,name,owner,valid_to\ngone,扬尘点,=1+1,+86,2026-11-01T08:00:00\n");
        qk_buf_init(&csv, 1 << 20);
        assert_done(qk_register_csv(&csv, b.r, lang, NULL, NULL, &err), &err);
        assert_null(strstr(csv.ptr, "123456"));
        assert_non_null(strstr(csv.ptr, lang ? "outlet" : "排放口"));
        assert_non_null(strstr(csv.ptr, "'=1+1"));
        give_bytes(&b, qk_buf_str(&csv), true, EVERYTHING);
        if (!b.got.committed || b.got.same != 8 || b.got.changed)
            fail_msg("%zu same, %.*s %.*s\n%s", b.got.same, (int)b.got.items.len, b.got.items.ptr,
                     (int)b.got.refusals.len, b.got.refusals.ptr, csv.ptr);
        qk_buf_clear(&csv);
        finish(&b);
    }
}

static void test_register__a_closed_site_keeps_its_history(void **state)
{
    (void)state;
    bench b;
    qk_site s;
    qk_error err = {0};
    begin(&b);
    take(&b, divisions);
    take(&b, sites);
    b.now += QK_DAY;
    take(&b, "id,closed\nair1,2026-11-23T08:00:00\n");
    assert_true(qk_registry_site(b.r, &s, QK_STR("air1")));
    assert_false(qk_site_in_use(&s, b.now));
    assert_true(qk_site_in_use(&s, b.now - 1));
    qk_registry_close(b.r);
    assert_done(qk_registry_open(&b.r, b.db, &err), &err);
    assert_true(qk_registry_site(b.r, &s, QK_STR("air1")));
    assert_true(s.valid_to == b.now);
    assert_int_equal(number_of(b.db, "SELECT count(*) FROM site_history WHERE id='air1'"), 2);
    qk_site was = {0};
    assert_done(qk_registry_site_at(&was, b.db, QK_STR("air1"), b.now - 1, QK_TIME_NONE, &err),
                &err);
    assert_true(was.valid_to == 0);
    take(&b, "id,closed\nair1,-\n");
    assert_true(qk_registry_site(b.r, &s, QK_STR("air1")));
    assert_true(qk_site_in_use(&s, b.now));
    finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_register__one_table_makes_sites_devices_and_factors),
        qk_dir_test(test_register__looking_says_what_would_change_and_changes_nothing),
        qk_dir_test(test_register__a_table_in_gb18030_reads_the_same),
        qk_dir_test(test_register__a_fault_is_told_with_line_and_column_and_nothing_is_taken),
        qk_dir_test(test_register__every_fault_of_a_table_is_told_at_once),
        qk_dir_test(test_register__what_is_not_given_stays),
        qk_dir_test(test_register__who_may_not_bring_devices_is_refused_them),
        qk_dir_test(test_register__what_goes_out_comes_in_again_unchanged),
        qk_dir_test(test_register__a_closed_site_keeps_its_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
