/* SPDX-License-Identifier: Apache-2.0 */
/* Answers made small, alone and on the wire. */
#include "web_rig.h"
#include "web/gzip.h"
#include "web/route.h"
#include "../failing_memory.h"
#include <zlib.h>

#define OUTLET "88880000000000000000001"
#define GZ     "Accept-Encoding: gzip\r\n"

/* What the bytes were before; the length, or -1 when they are no whole gzip stream. */
static long unpack(const char *bytes, size_t len, char *out, size_t size)
{
    z_stream z = {.next_in = (unsigned char *)(uintptr_t)bytes,
                  .avail_in = (uInt)len,
                  .next_out = (unsigned char *)out,
                  .avail_out = (uInt)size};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    int end = inflate(&z, Z_FINISH);
    long n = (long)z.total_out;
    bool whole = end == Z_STREAM_END && z.avail_in == 0;
    inflateEnd(&z);
    return whole ? n : -1;
}

static void fill_text(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) text[i] = (char)('a' + (i * i / 7 + i % 31) % 26);
}

/* ---- alone ---- */

static void test_gzip__a_client_says_what_it_takes(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool taken;
    } cases[] = {
        {"", false},
        {"gzip", true},
        {"GZip", true},
        {"x-gzip", true},
        {"gzip, deflate, br", true},
        {"deflate,gzip;q=1.0", true},
        {"br;q=1, gzip ; q=0.5", true},
        {"gzip;q=0", false},
        {"gzip; q=0.000", false},
        {"gzip;Q=0, *", false},
        {"*", true},
        {"*;q=0", false},
        {"identity", false},
        {"gzipped", false},
        {",,;;q=,=;", false},
        {"br, *;q=0.1", true},
        {"identity;q=1, gzip;q=0.0001", true},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++)
        if (qk_gzip_accepted(qk_str_of(cases[i].header)) != cases[i].taken)
            fail_msg("%s", cases[i].header);
    assert_false(qk_gzip_accepted((qk_str){NULL, 0}));
}

static void test_gzip__what_is_packed_is_what_was_given(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 100, 16384, 70000, 5 << 20};
    char *text = malloc(5 << 20), *back = malloc(6 << 20);
    fill_text(text, 5 << 20);
    for (size_t i = 0; i < QK_ARRAY_COUNT(lengths); i++) {
        qk_buf out;
        qk_buf_init(&out, 8 << 20);
        assert_ok(qk_gzip_all(&out, (qk_str){text, lengths[i]}));
        assert_int_equal(unpack(out.ptr, out.len, back, 6 << 20), lengths[i]);
        assert_memory_equal(back, text, lengths[i]);
        qk_buf_clear(&out);
    }
    free(text);
    free(back);
}

static void test_gzip__each_part_can_be_read_when_it_comes(void **state)
{
    (void)state;
    char text[30000], back[40000];
    qk_gzip *z = NULL;
    qk_buf out;
    fill_text(text, sizeof text);
    qk_buf_init(&out, 1 << 20);
    assert_ok(qk_gzip_new(&z, SIZE_MAX));
    for (int i = 0; i < 3; i++) {
        z_stream s = {0};
        assert_ok(qk_gzip_part(z, &out, (qk_str){text + i * 10000, 10000}, false));
        assert_int_equal(inflateInit2(&s, 15 + 16), Z_OK);
        s.next_in = (unsigned char *)out.ptr;
        s.avail_in = (uInt)out.len;
        s.next_out = (unsigned char *)back;
        s.avail_out = sizeof back;
        assert_int_equal(inflate(&s, Z_SYNC_FLUSH), Z_OK);
        assert_int_equal(s.total_out, (i + 1) * 10000);
        inflateEnd(&s);
    }
    assert_int_equal(unpack(out.ptr, out.len, back, sizeof back), -1); /* not ended yet */
    assert_ok(qk_gzip_part(z, &out, (qk_str){NULL, 0}, true));
    assert_int_equal(unpack(out.ptr, out.len, back, sizeof back), sizeof text);
    qk_gzip_free(z);
    qk_buf_clear(&out);
}

static void test_gzip__without_memory_or_room_it_says_so(void **state)
{
    (void)state;
    char *text = malloc(1 << 20);
    qk_code code = QK_ENOMEM;
    int n = 0;
    fill_text(text, 1 << 20);
    for (; code != QK_OK && n < 50; n++) {
        qk_buf out;
        qk_buf_init(&out, 2 << 20);
        fail_at = (unsigned)n + 1;
        code = qk_gzip_all(&out, (qk_str){text, 1 << 20});
        fail_at = 0;
        if (code != QK_OK) assert_int_equal(code, QK_ENOMEM);
        qk_buf_clear(&out);
    }
    assert_true(n > 2 && n < 50);
    qk_buf small;
    qk_buf_init(&small, 64);
    assert_int_equal(qk_gzip_all(&small, (qk_str){text, 1 << 20}), QK_EFULL);
    qk_buf_clear(&small);
    free(text);
}

/* ---- on the wire ---- */

static void send_values(rig *r)
{
    char segment[300], time[QK_TIME_TEXT];
    for (int i = 0; i < 120; i++) {
        qk_time_compact14(time, at("2026-11-22T08:00:00") + i * QK_MINUTE);
        snprintf(segment, sizeof segment,
                 "QN=20261122100500000;ST=31;CN=2051;PW=123456;MN=" OUTLET
                 ";Flag=5;CP=&&DataTime=%s;a21026-Avg=%d.5,a21026-Min=1,a21026-ZsAvg=7&&",
                 time, i);
        rig_frame(r, segment);
    }
    rig_frame(r, "QN=20261122100500000;ST=31;CN=2011;PW=123456;MN=" OUTLET
                 ";Flag=5;CP=&&DataTime=20261122100430;a21026-Rtd=40.25;a34013-Rtd=3&&");
    rig_settle(r);
}

static void test_gzip__large_answers_are_sent_small_to_those_who_take_it(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/api/v1/openapi.json",
        "/api/v1/messages",
        "/api/v1/factors",
        "/api/v1/commands",
        "/api/v1/sites",
        "/api/v1/latest",
        "/api/v1/devices",
        "/api/v1/series?mn=" OUTLET "&code=a21026&kind=minute",
        "/api/v1/series.csv?mn=" OUTLET "&code=a21026&kind=minute",
    };
    rig r;
    char *back = malloc(4 << 20);
    rig_start(&r, RIG_NOW "x0", NULL);
    send_values(&r);
    for (size_t i = 0; i < QK_ARRAY_COUNT(paths); i++) {
        reply plain = rig_get(&r, paths[i]), small = rig_ask(&r, "GET", paths[i], GZ, NULL);
        if (small.status != 200 || !rig_header(&small, "Content-Encoding", "gzip") ||
            !rig_header(&small, "Vary", "Accept-Encoding"))
            fail_msg("%s: %s", paths[i], small.head);
        if (strcasestr(plain.head, "content-encoding")) fail_msg("%s: %s", paths[i], plain.head);
        long n = unpack(small.body, small.len, back, 4 << 20);
        if (n != (long)plain.len || memcmp(back, plain.body, plain.len) != 0)
            fail_msg("%s: %ld bytes became %zu", paths[i], n, plain.len);
        assert_true(small.len < plain.len);
        small = rig_ask(&r, "GET", paths[i], "Accept-Encoding: gzip;q=0\r\n", NULL);
        assert_int_equal(small.len, plain.len);
        small = rig_ask(&r, "HEAD", paths[i], GZ, NULL);
        assert_int_equal(small.status, 200);
        assert_int_equal(small.len, 0);
    }
    /* Nothing to gain, or nothing to say. */
    static const char *const others[] = {"/api/v1/health", "/api/v1/sites/none",
                                         "/api/v1/latest?kinds=century"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(others); i++) {
        reply got = rig_ask(&r, "GET", others[i], GZ, NULL);
        if (strcasestr(got.head, "content-encoding")) fail_msg("%s: %s", others[i], got.head);
        rig_json(&r, &got);
    }
    free(back);
    rig_stop(&r);
}

static void copy_tag(char out[80], const reply *got)
{
    const char *tag = strstr(got->head, "ETag: ");
    assert_non_null(tag);
    snprintf(out, 80, "%.*s", (int)strcspn(tag + 6, "\r"), tag + 6);
}

static void test_gzip__either_form_is_known_by_its_tag(void **state)
{
    (void)state;
    static const char *const paths[] = {"/api/v1/sites", "/api/v1/messages",
                                        "/api/v1/openapi.json"};
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    for (size_t i = 0; i < QK_ARRAY_COUNT(paths); i++) {
        char plain[80], small[80], shown[80], header[200];
        reply got = rig_get(&r, paths[i]);
        copy_tag(plain, &got);
        got = rig_ask(&r, "GET", paths[i], GZ, NULL);
        copy_tag(small, &got);
        assert_string_not_equal(plain, small);
        assert_non_null(strstr(small, "-gz\""));
        const char *const tags[] = {plain, small};
        for (size_t k = 0; k < 4; k++) {
            snprintf(header, sizeof header, "If-None-Match: W/%s\r\n%s", tags[k / 2],
                     k % 2 ? GZ : "");
            got = rig_ask(&r, "GET", paths[i], header, NULL);
            assert_int_equal(got.status, 304);
            assert_int_equal(got.len, 0);
            assert_null(strcasestr(got.head, "content-encoding"));
            copy_tag(shown, &got);
            assert_string_equal(shown, tags[k / 2]);
        }
    }
    rig_stop(&r);
}

/* ---- what is asked of the latest values ---- */

static size_t count_values(const qk_json_value *d)
{
    size_t n = 0;
    const qk_json_value *sites = qk_json_get(d, "sites");
    for (const qk_json_value *s = sites->first; s; s = s->next)
        n += qk_json_get(s, "values")->count;
    return n;
}

static void test_latest__only_what_is_asked_for_is_given(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        size_t sites, values;
    } cases[] = {
        {"?kinds=rtd,minute", 3, 5},
        {"?kinds=rtd", 3, 2},
        {"?kinds=minute", 3, 3},
        {"?kinds=minute,rtd&fields=Avg,Rtd", 3, 3},
        {"?kinds=minute&fields=ZsAvg", 3, 1},
        {"?factors=a34013", 3, 1},
        {"?factors=a34013,a21026&kinds=rtd", 3, 2},
        {"?kinds=rtd,minute&township=410001", 2, 5},
        {"?township=none", 0, 0},
        {"?kinds=rtd,minute&devices=" OUTLET, 1, 5},
        {"?devices=AIR0000000000001", 1, 0},
        {"?sites=road1,outlet1&kinds=minute&fields=Min", 2, 1},
        {"?kinds=&fields=Rtd", 3, 2},
    };
    rig r;
    rig_start(&r, RIG_NOW "x0", NULL);
    send_values(&r);
    for (int round = 0; round < 2; round++) { /* the second time from what was kept */
        for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
            char path[200];
            snprintf(path, sizeof path, "/api/v1/latest%s", cases[i].query);
            const qk_json_value *d = rig_document(&r, path);
            if (qk_json_get(d, "sites")->count != cases[i].sites ||
                count_values(d) != cases[i].values)
                fail_msg("%s: %zu sites, %zu values", path, (size_t)qk_json_get(d, "sites")->count,
                         count_values(d));
        }
    }
    /* A limit speaks of the converted value, whether it was asked for or not. */
    const qk_json_value *d = rig_document(&r, "/api/v1/latest?kinds=minute&fields=Avg");
    assert_json(d, "sites/outlet1/values/0/over", "false");
    assert_json(d, "sites/outlet1/time", "2026-11-22T10:04:30.000+08:00");
    static const char *const bad[] = {"?kinds=century", "?kinds=rtd,", "?kinds=,", "?nothing=1",
                                      "?kinds=rtd&kinds=hour"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(bad); i++) {
        char path[100];
        snprintf(path, sizeof path, "/api/v1/latest%s", bad[i]);
        assert_int_equal(rig_get(&r, path).status, 400);
    }
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gzip__a_client_says_what_it_takes),
        cmocka_unit_test(test_gzip__what_is_packed_is_what_was_given),
        cmocka_unit_test(test_gzip__each_part_can_be_read_when_it_comes),
        cmocka_unit_test(test_gzip__without_memory_or_room_it_says_so),
        qk_dir_test(test_gzip__large_answers_are_sent_small_to_those_who_take_it),
        qk_dir_test(test_gzip__either_form_is_known_by_its_tag),
        qk_dir_test(test_latest__only_what_is_asked_for_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
