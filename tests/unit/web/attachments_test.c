/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence files over the wire: hostile uploads, whose they are, how they come back. */
#include "people_rig.h"
#include "plan_rig.h"

#define KITCHENS "2026-1-t2-r0"
#define PDF      "%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"

static int serial;

static reply send_file(rig *r, const char *object, const char *name, qk_str bytes)
{
    char path[400], key[24];
    snprintf(path, sizeof path, "/api/v1/attachments?object=%s&name=%s", object, name);
    snprintf(key, sizeof key, "file-%d", serial++);
    return rig_upload(r, path, "application/octet-stream", bytes, key);
}

static void assert_taken(rig *r, const char *object, const char *name, qk_str bytes)
{
    reply got = send_file(r, object, name, bytes);
    if (got.status != 200) fail_msg("%s: %d %.300s", name, got.status, got.body);
}

static void assert_not(rig *r, const char *object, const char *name, qk_str bytes, int status)
{
    reply got = send_file(r, object, name, bytes);
    if (got.status != status)
        fail_msg("%s at %s: %d, not %d: %.300s", name, object, got.status, status, got.body);
}

static void start_month(rig *r, char object[120])
{
    rig_start(r, "2026-04-20T09:00:00x0", NULL);
    rig_issue(r);
    rig_clock(r, "2026-05-25T10:00:00");
    snprintf(object, 120, "report/" KITCHENS "/%s/2026-05", rig_unit(r, "城市管理局"));
}

static void test_S009_attachments__what_a_file_is_decides_not_its_name(void **state)
{
    (void)state;
    rig r;
    char object[120];
    static const char svg[] = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script>";
    static const char html[] = "<!doctype html><script>alert(1)</script>";
    start_month(&r, object);
    assert_taken(&r, object, "a.pdf", QK_STR(PDF));
    assert_taken(&r, object, "b.jpg", QK_STR("\xff\xd8\xff\xe0 rest of a photo"));
    assert_taken(&r, object, "c.png", QK_STR("\x89PNG\r\n\x1a\n rest"));
    assert_not(&r, object, "x.pdf", qk_str_of(html), 422);
    assert_not(&r, object, "x.png", qk_str_of(svg), 422);
    assert_not(&r, object, "x.pdf", QK_STR("MZ\x90"), 422);
    assert_not(&r, object, "x.docx", QK_STR("PK\x03\x04 not a package"), 422);
    assert_not(&r, object, "x.csv", QK_STR("a,b\n1,2\n"), 422); /* kept elsewhere, no evidence */
    assert_not(&r, object, "x.pdf", QK_STR(""), 400);
    assert_not(&r, object, "a%0d%0aSet-Cookie:x=y.pdf", QK_STR(PDF), 400);
    assert_not(&r, "report/" KITCHENS "/nobody/2026-05", "a.pdf", QK_STR(PDF), 404);
    assert_not(&r, "report/../../etc/passwd", "a.pdf", QK_STR(PDF), 404);
    assert_not(&r, "house/1", "a.pdf", QK_STR(PDF), 404);
    assert_not(&r, "case/C2026-9999", "a.pdf", QK_STR(PDF), 404);
    assert_not(&r, "ledger/nrmm_test/999", "a.pdf", QK_STR(PDF), 404);
    /* Nothing of what was refused is there; the same content twice is one file. */
    assert_taken(&r, object, "again.pdf", QK_STR(PDF));
    char path[200];
    snprintf(path, sizeof path, "/api/v1/attachments?object=%s", object);
    const qk_json_value *d = rig_document(&r, path);
    assert_json(d, "total", "3");
    assert_json(d, "items/1/type", "jpeg");
    assert_json(rig_document(&r, "/api/v1/attachments?task=2026-1-t2"), "total", "3");
    assert_json(rig_document(&r, "/api/v1/attachments?task=2026-1-t"), "total", "0");
    assert_json(rig_document(&r, "/api/v1/attachments?month=2026-05"), "total", "3");
    assert_int_equal(rig_get(&r, "/api/v1/attachments?month=*").status, 400);
    assert_int_equal(rig_get(&r, "/api/v1/attachments").status, 400);
    rig_stop(&r);
}

static void
test_attachments__size_and_number_are_bounded_and_a_closed_month_takes_none(void **state)
{
    (void)state;
    rig r;
    char object[120];
    qk_buf big;
    start_month(&r, object);
    qk_buf_init(&big, 32 << 20);
    qk_buf_puts(&big, PDF);
    static const char filling[1 << 16];
    while (big.len <= (size_t)20 << 20) qk_buf_append(&big, filling, sizeof filling);
    assert_not(&r, object, "big.pdf", qk_buf_str(&big), 413);
    for (int i = 0; i < 20; i++) {
        char text[80];
        snprintf(text, sizeof text, "%s%d", PDF, i);
        assert_taken(&r, object, "n.pdf", qk_str_of(text));
    }
    assert_not(&r, object, "n.pdf", QK_STR(PDF), 422);
    qk_buf_clear(&big);
    rig_clock(&r, "2026-06-01T12:10:00");
    char path[200];
    snprintf(path, sizeof path, "/api/v1/attachments?object=%s", object);
    assert_json(rig_document(&r, path), "total", "20");
    object[strlen(object) - 1] = '4'; /* April was never open */
    assert_not(&r, object, "n.pdf", QK_STR(PDF), 422);
    rig_stop(&r);
}

static void test_attachments__a_file_comes_back_as_a_download_whole_and_named(void **state)
{
    (void)state;
    rig r;
    char object[120];
    start_month(&r, object);
    assert_taken(&r, object, "..%2F..%2F%E7%8E%B0%E5%9C%BA%22%E7%85%A7.exe", QK_STR(PDF));
    reply got = rig_get(&r, "/api/v1/attachments/1");
    assert_int_equal(got.status, 404); /* the plan's own files are no evidence */
    const qk_json_value *d = rig_document(&r, "/api/v1/attachments?month=2026-05");
    char path[80];
    snprintf(path, sizeof path, "/api/v1/attachments/%.*s",
             QK_STR_ARG(rig_at(d, "items/0/id")->text));
    got = rig_get(&r, path);
    assert_int_equal(got.status, 200);
    assert_string_equal(got.body, PDF);
    assert_true(rig_header(&got, "Content-Type", "application/pdf"));
    assert_true(rig_header(&got, "X-Content-Type-Options", "nosniff"));
    assert_true(rig_header(&got, "Cache-Control", "no-store"));
    assert_true(rig_header(&got, "Content-Security-Policy",
                           "default-src 'none'; frame-ancestors 'none'; sandbox"));
    assert_true(rig_header(&got, "Content-Disposition",
                           "attachment; filename=\"__________.exe.pdf\"; filename*=UTF-8''"
                           "%E7%8E%B0%E5%9C%BA%22%E7%85%A7.exe.pdf"));
    assert_int_equal(rig_get(&r, "/api/v1/attachments/0").status, 404);
    assert_int_equal(rig_get(&r, "/api/v1/attachments/x").status, 404);
    rig_stop(&r);
}

static const char case_dh[] =
    "{\"kind\":\"hot_spot\",\"cause\":\"hot/1\",\"unit\":\"dh\",\"title\":"
    "\"高值热点\",\"dispatch\":true}";

static void test_S214_attachments__one_unit_does_not_reach_the_files_of_another(void **state)
{
    (void)state;
    people_rig p;
    client dh = {0}, xl = {0}, system = {0};
    people_open(&p, false);
    people_add(&p, "dh5", "R5", "dh");
    people_add(&p, "xl5", "R5", "xl");
    people_add(&p, "sys", "R13-SYS", "");
    people_login(&p, &dh, "dh5");
    people_login(&p, &xl, "xl5");
    people_login(&p, &system, "sys");
    rig_changed(&p.r, "POST", "/api/v1/cases", case_dh);
    assert_taken(&p.r, "case/C2026-0001", "a.pdf", QK_STR(PDF));
    static const char *const paths[] = {"/attachments?object=case/C2026-0001", "/attachments/1"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(people_ask(&p, &dh, "GET", paths[i], NULL).status, 200);
        assert_int_equal(people_ask(&p, &xl, "GET", paths[i], NULL).status, 404);
        assert_int_equal(people_ask(&p, &system, "GET", paths[i], NULL).status, 403);
        assert_int_equal(people_ask(&p, NULL, "GET", paths[i], NULL).status, 401);
    }
    people_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S009_attachments__what_a_file_is_decides_not_its_name),
        qk_dir_test(test_attachments__size_and_number_are_bounded_and_a_closed_month_takes_none),
        qk_dir_test(test_attachments__a_file_comes_back_as_a_download_whole_and_named),
        qk_dir_test(test_S214_attachments__one_unit_does_not_reach_the_files_of_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
