/* SPDX-License-Identifier: Apache-2.0 */
#include "../hj212/fixture.h"
#include "base/messages.h"
#include "cli/hj212_json.h"

#define QN_QZ "QN=20250101001003123;"
#define ID_QZ "ST=31;CN=2051;PW=123456;MN=" MN_QZ ";"

typedef struct rig {
    qk_hj212_sm4 sm4;
    qk_hj212_json_options options;
    qk_hj212_json *json;
    qk_buf text, frames;
} rig;

static void start_rig(rig *r)
{
    uint8_t key[16];
    memset(key, '0', sizeof key);
    qk_hj212_sm4_init(&r->sm4, key);
    r->options.sm4 = &r->sm4;
    assert_int_equal(qk_hj212_json_new(&r->json, &r->options, NULL), QK_OK);
    qk_buf_init(&r->text, 1 << 20);
    qk_buf_init(&r->frames, 1 << 20);
}

static void stop_rig(rig *r)
{
    qk_hj212_json_free(r->json);
    qk_buf_clear(&r->text);
    qk_buf_clear(&r->frames);
}

static bool decode(rig *r, const char *bytes, size_t len)
{
    qk_hj212_frame f = only_frame(bytes, len);
    qk_json_writer w;
    r->text.len = 0;
    qk_json_init(&w, &r->text);
    bool ok = qk_hj212_json_decode(r->json, &w, &f);
    assert_int_equal(r->text.failed, QK_OK);
    return ok;
}

static qk_code encode(rig *r, const char *object)
{
    r->frames.len = 0;
    return qk_hj212_json_encode(r->json, &r->frames, qk_str_of(object), NULL);
}

static void assert_decodes(const char *segment, const char *want)
{
    rig r = {0};
    start_rig(&r);
    char bytes[2000];
    size_t n = wrap(bytes, segment);
    decode(&r, bytes, n);
    assert_string_equal(r.text.ptr, want);
    stop_rig(&r);
}

static void test_S072_hj212_json__the_form_of_the_contract(void **state)
{
    (void)state;
    assert_decodes(QN_QZ ID_QZ
                   "Flag=5;CP=&&DataTime=20250101001000;a21026-Avg=12.50,a21026-Min=10.1,"
                   "a21026-Max=15.0,a21026-Flag=N&&",
                   "{\"ok\":true,\"version\":\"2017\",\"length_ok\":true,\"crc_ok\":true,"
                   "\"qn\":\"20250101001003123\",\"st\":\"31\",\"cn\":\"2051\",\"pw\":\"123456\","
                   "\"mn\":\"" MN_QZ "\",\"flag\":5,\"pnum\":null,\"pno\":null,"
                   "\"data_time\":\"2025-01-01T00:10:00\",\"fields\":{\"DataTime\":"
                   "\"20250101001000\"},\"factors\":{\"a21026\":{\"Avg\":12.50,\"Min\":10.1,"
                   "\"Max\":15.0,\"Flag\":\"N\"}},\"deviations\":[],\"error\":null}");
}

static void test_S072_hj212_json__numbers_keep_their_digits_and_the_rest_is_text(void **state)
{
    (void)state;
    rig r = {0};
    start_rig(&r);
    char bytes[2000];
    size_t n = wrap(bytes, QN_QZ ID_QZ "Flag=5;CP=&&DataTime=20250101001000;Total=12.50;"
                                       "a-Rtd=007,a-Avg=.5,a-Min=+3,a-Max=1e5,a-Cou=12.,a-Ori=NaN,"
                                       "a-Data=-0.50,a-Info=,a-SN&&");
    assert_true(decode(&r, bytes, n));
    assert_non_null(strstr(r.text.ptr, "\"Total\":\"12.50\""));
    assert_non_null(strstr(r.text.ptr, "\"a\":{\"Rtd\":\"007\",\"Avg\":\".5\",\"Min\":\"+3\","
                                       "\"Max\":1e5,\"Cou\":\"12.\",\"Ori\":\"NaN\",\"Data\":-0.50,"
                                       "\"Info\":\"\",\"SN\":null}"));
    assert_int_equal(encode(&r, r.text.ptr), QK_OK);
    assert_int_equal(r.frames.len, n);
    assert_memory_equal(r.frames.ptr, bytes, n);
    stop_rig(&r);
}

/* encode(decode(x)) = x, for what conforms and for most of what does not. */
static const char *const round_trips[] = {
    QN_QZ ID_QZ "Flag=5;CP=&&&&",
    QN_QZ ID_QZ "Flag=5;CP=&&DataTime=20250101001000;a21026-Avg=1.0,a21026-Flag=N;b-Avg=-2&&",
    QN_QZ ID_QZ "Flag=7;PNUM=12;PNO=3;CP=&&DataTime=20250101001000;a-Avg=1&&",
    QN_QZ ID_QZ "Flag=11;PNUM=1;PNO=1;RF=1;CP=&&DataTime=20250101001000;a-Avg=1&&",
    QN_QZ ID_QZ "Flag=9;CP=&&DataTime=20250101001000;SB1-RS=1;SB2-RS=0&&",
    "ST=32;CN=2011;PW=123456;MN=QZ000000000001;CP=&&DataTime=20250101000000;B01-Rtd=100&&",
    "ST=32;CN=2051;PW=123456;MN=QZ000000000001;PNO=1;PNUM=2;CP=&&DataTime=20250101000000;01-Rtd=1&"
    "&",
    "ST=32;CN=2051;QN=20040516010101001;PW=123456;MN=QZ000000000001;PNO=1;PNUM=1;CP=&&&&",
    "ST=91;CN=9014;CP=&&QN=20040516010101001;CN=2051;PNO=1;PNUM=1&&",
    QN_QZ
    "ST=32;CN=2051;PW=123456;MN=Q;Flag=5;CP=&&BeginTime=20250101000000;EndTime=20250102000000&&",
    QN_QZ
    "ST=32;CN=2041;PW=123456;MN=Q;Flag=5;CP=&&BeginTime=20250101000000,EndTime=20250102000000&&",
    "ST=32;CN=2051;PW=1;MN=Q;Flag=3;CP=&&BeginTime=20250101000000,EndTime=20250102000000&&",
    "ST=32;CN=2051;PW=1;MN=Q;Flag=3;CP=&&BeginTime=20250101000000;EndTime=20250102000000&&",
    QN_QZ "ST=32;CN=3020;PW=123456;MN=Q;Flag=5;CP=&&DataTime=20250101000000;PolId=w01018;"
          "i11001-Info=//清洗管路；a;b,c=1//&&",
    QN_QZ "ST=32;CN=3020;PW=123456;MN=Q;Flag=5;CP=&&PolId=a;i12001-Info=1;PolId=b;i12001-Info=2&&",
    QN_QZ ID_QZ "Flag=5;CP=&&DataTime=20250101000000;02-Rtd=1,02-Flag=N;03-Rtd=2;02-ZsRtd=3;&&",
    QN_QZ ID_QZ "Flag=5;CP=&&DataTime=20250101000000;a-Rtd=1,;;a-Rtd=2,b-Rtd=3;X=1,Y=2;X=3&&",
    QN_QZ ID_QZ "Flag=5;CP=&&DataTime=20250101000000;LA-Rtd-Rtd=1;-x=1;y-=2;=5;Z&&",
    "QN=5;ST=101;CN=2011;PW=;MN=Q;Flag=05;PNUM=0002;PNO=0001;CP=&&DataTime=20250101000000123&&",
    "ST=31;CN=2011;MN=Q;PW=1;CP=&&DataTime=20250101000000;a-Rtd=1&&",
};

static void test_S072_hj212_json__encoding_what_was_decoded_gives_the_same_bytes(void **state)
{
    (void)state;
    static const char *const ends[] = {"\r\n", "\n", "\r", "", "**\r\n"};
    rig r = {0};
    start_rig(&r);
    for (size_t i = 0; i < sizeof round_trips / sizeof *round_trips; i++)
        for (size_t e = 0; e < sizeof ends / sizeof *ends; e++) {
            char bytes[2000];
            size_t n = wrap(bytes, round_trips[i]) - 2;
            n += (size_t)sprintf(bytes + n, "%s", ends[e]);
            assert_true(decode(&r, bytes, n));
            assert_int_equal(encode(&r, r.text.ptr), QK_OK);
            assert_int_equal(r.frames.len, n);
            assert_memory_equal(r.frames.ptr, bytes, n);
        }
    stop_rig(&r);
}

static void test_S072_hj212_json__crc_letters_and_algorithms_come_back(void **state)
{
    (void)state;
    rig r = {.options.crc = QK_HJ212_ACCEPT_KNOWN};
    start_rig(&r);
    const char *s = QN_QZ ID_QZ "Flag=5;CP=&&DataTime=20250101001000;a21026-Avg=12.51&&";
    uint16_t standard = qk_hj212_crc_bitwise(s, strlen(s));
    uint16_t modbus = qk_hj212_crc_modbus(s, strlen(s));
    const uint16_t sent[] = {standard, modbus, (uint16_t)(modbus << 8 | modbus >> 8),
                             (uint16_t)(standard << 8 | standard >> 8)};
    char bytes[500];
    size_t n = wrap(bytes, s);
    for (int i = 0; i < 8; i++) {
        sprintf(bytes + n - 6, i & 1 ? "%04x\r\n" : "%04X\r\n", sent[i / 2]);
        assert_true(decode(&r, bytes, n));
        bool standard_shown = strstr(r.text.ptr, "\"crc_ok\":true") != NULL;
        assert_int_equal(standard_shown, i < 2);
        assert_int_equal(encode(&r, r.text.ptr), QK_OK);
        assert_memory_equal(r.frames.ptr, bytes, n);
    }
    stop_rig(&r);
}

static void test_S072_hj212_json__refusals_name_their_reason_and_what_was_read(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *reason, *read;
    } cases[] = {
        {"##0050QN=1;ST=31;CN=2011;MN=QZ;Flag=5;CP=&&a-Rtd=1&&ABCD\r\n", "length", "\"Rtd\":1"},
        {"##0060QN=1;ST=31;CN=2011;MN=QZ;Flag=5;CP=&&a-R", "truncated", "\"mn\":\"QZ\""},
    };
    rig r = {0};
    start_rig(&r);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char want[64];
        assert_false(decode(&r, cases[i].bytes, strlen(cases[i].bytes)));
        sprintf(want, "\"error\":\"%s\"}", cases[i].reason);
        assert_non_null(strstr(r.text.ptr, want));
        assert_non_null(strstr(r.text.ptr, cases[i].read));
        assert_non_null(strstr(r.text.ptr, "{\"ok\":false"));
        assert_int_equal(encode(&r, r.text.ptr), QK_EFORMAT);
    }
    char bytes[500];
    size_t n = wrap(bytes, QN_QZ "ST=31;CN=2011;PW=123456;Flag=5;CP=&&DataTime=20250101000000&&");
    assert_false(decode(&r, bytes, n));
    assert_non_null(strstr(r.text.ptr, "\"error\":\"no_mn\""));
    n = wrap(bytes, QN_QZ ID_QZ "Flag=5;CP=&&DataTime=20251301000000&&");
    assert_false(decode(&r, bytes, n));
    assert_non_null(strstr(r.text.ptr, "\"data_time\":null"));
    assert_non_null(strstr(r.text.ptr, "\"error\":\"bad_field\""));
    n = wrap(bytes, QN_QZ ID_QZ "Flag=5;CP=&&DataTime=20250101000000&&");
    bytes[n - 3] ^= 1;
    assert_false(decode(&r, bytes, n));
    assert_non_null(strstr(r.text.ptr, "\"error\":\"crc\""));
    stop_rig(&r);
}

static void test_S072_hj212_json__cipher_text_is_opened_and_sealed_again(void **state)
{
    (void)state;
    rig r = {0};
    start_rig(&r);
    char bytes[500];
    size_t n = wrap(bytes, QN_QZ ID_QZ "Flag=9;CP=&&DataTime=20260101000000;a21026-Rtd=1.50&&");
    assert_true(qk_hj212_seal(bytes, n, &r.sm4));
    assert_true(decode(&r, bytes, n));
    assert_non_null(strstr(r.text.ptr, "\"deviations\":[\"cp_encrypted\"]"));
    assert_non_null(strstr(r.text.ptr, "\"a21026\":{\"Rtd\":1.50}"));
    assert_int_equal(encode(&r, r.text.ptr), QK_OK);
    assert_int_equal(r.frames.len, n);
    assert_memory_equal(r.frames.ptr, bytes, n);
    uint8_t key[16] = {7};
    qk_hj212_sm4_init(&r.sm4, key);
    assert_false(decode(&r, bytes, n));
    assert_non_null(strstr(r.text.ptr, "\"error\":\"encrypted\""));
    assert_non_null(strstr(r.text.ptr, "\"mn\":\"" MN_QZ "\""));
    stop_rig(&r);
}

static void test_hj212_json__objects_written_by_hand(void **state)
{
    (void)state;
    rig r = {0};
    start_rig(&r);
    assert_int_equal(encode(&r, "{\"qn\":\"20250101001003123\",\"st\":31,\"cn\":2051,\"mn\":\"QZ\","
                                "\"flag\":5,\"data_time\":\"2025-01-01T00:10:00\","
                                "\"factors\":{\"a\":{\"Avg\":1.50}}}"),
                     QK_OK);
    assert_non_null(strstr(r.frames.ptr, QN_QZ "ST=31;CN=2051;MN=QZ;Flag=5;CP=&&DataTime="
                                               "20250101001000;a-Avg=1.50&&"));
    static const char *const bad[] = {
        "",
        "[]",
        "{",
        "{}",
        "{\"cn\":\"2011\",\"ok\":false}",
        "{\"cn\":\"20;11\"}",
        "{\"cn\":[1]}",
        "{\"cn\":\"2011\",\"version\":\"1999\"}",
        "{\"cn\":\"2011\",\"fields\":[]}",
        "{\"cn\":\"2011\",\"factors\":{\"a\":1}}",
        "{\"cn\":\"2011\",\"fields\":{\"a\":\"1;2\"}}",
        "{\"cn\":\"2011\",\"fields\":{\"a=\":\"1\"}}",
        "{\"cn\":\"2011\",\"fields\":{\"a\":true}}",
        "{\"cn\":\"2011\",\"fields\":{\"a\":\"1\\n2\"}}",
        "{\"cn\":\"2011\",\"fields\":{\"a\":1},\"deviations\":[\"cp_layout:.;.\"]}",
        "{\"cn\":\"2011\",\"fields\":{\"a\":1},\"deviations\":[\"cp_layout:7\"]}",
        "{\"cn\":\"2011\",\"fields\":{\"a\":1},\"deviations\":[\"cp_layout:x\"]}",
        "{\"cn\":\"2011\",\"fields\":{\"a\":1},\"deviations\":[\"cp_layout:\"]}",
        "{\"cn\":\"2011\",\"data_time\":\"yesterday\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(encode(&r, bad[i]), QK_EFORMAT);
    char *longest = malloc(12000);
    int n = sprintf(longest, "{\"cn\":\"2011\",\"fields\":{\"a\":\"%010000d\"}}", 0);
    assert_true(n > 10000);
    assert_int_equal(encode(&r, longest), QK_ERANGE);
    free(longest);
    stop_rig(&r);
}

static void test_hj212_json__conforming_output_drops_the_deviations(void **state)
{
    (void)state;
    rig r = {.options.conform = true};
    start_rig(&r);
    char bytes[500];
    size_t n = wrap(bytes, "ST=31;" QN_QZ "CN=2011;PW=123456;MN=QZ;Flag=5;CP=&&a-Rtd=1,;"
                           "DataTime=20250101000000;&&") -
               1;
    bytes[n - 1] = '\n';
    bytes[n] = 0;
    assert_true(decode(&r, bytes, n));
    assert_int_equal(encode(&r, r.text.ptr), QK_OK);
    assert_true(decode(&r, r.frames.ptr, r.frames.len));
    assert_non_null(strstr(r.text.ptr, "\"deviations\":[]"));
    stop_rig(&r);
}

static void test_S072_hj212_json__thousands_of_items_in_one_frame(void **state)
{
    (void)state;
    rig r = {0};
    start_rig(&r);
    static char segment[10000], bytes[10100];
    char *p = segment + sprintf(segment, QN_QZ ID_QZ "Flag=5;CP=&&");
    for (int i = 0; i < 2400; i++) p += sprintf(p, "%sa%d", i ? ";" : "", i % 40);
    sprintf(p, "&&");
    size_t n = wrap(bytes, segment);
    assert_true(decode(&r, bytes, n));
    assert_int_equal(encode(&r, r.text.ptr), QK_OK);
    assert_int_equal(r.frames.len, n);
    assert_memory_equal(r.frames.ptr, bytes, n);
    stop_rig(&r);
}

static void test_S072_hj212_json__real_packets_come_back_byte_for_byte(void **state)
{
    (void)state;
    static const char *const names[] = {"bulk_mutoushirana_log.txt",
                                        "js_2005_cems.txt",
                                        "libem_HJ212-Moniter.txt",
                                        "php_2024_mixed.txt",
                                        "std_official_2017_2025.txt",
                                        "go_myhj_2020.txt",
                                        "flash520_hj212.txt",
                                        "py_2026_flag9_water.txt",
                                        "php_dust_690000.txt",
                                        "cs_voc_18AAH.txt",
                                        "php_electricity_ea3001.txt",
                                        "php_2024_voc_hour.txt",
                                        "java_dust_212guobiao.txt",
                                        "php_2005_water_2015.txt",
                                        "sCair_Hj212-Distribute_log.txt",
                                        "java_electricity_410183.txt",
                                        "tonyxia2016_HJ212Receiver_rxlog.txt"};
    rig r = {0};
    start_rig(&r);
    size_t compared = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = 0;
        char *packets = read_packets(names[i], &len);
        if (!packets) {
            stop_rig(&r);
            skip_without_packets(names[i]);
        }
        for (char *p = packets, *end = packets + len; p < end;) {
            char *stop = memchr(p, '\n', (size_t)(end - p));
            size_t n = (size_t)((stop ? stop : end) - p);
            static char bytes[4096];
            memcpy(bytes, p, n);
            memcpy(bytes + n, "\r\n", 2);
            p += n + 1;
            if (n == 0) continue;
            qk_hj212_frame f = only_frame(bytes, n + 2);
            if (f.crc != QK_HJ212_CRC_STANDARD || !f.length_ok) continue;
            assert_true(decode(&r, bytes, n + 2));
            assert_int_equal(encode(&r, r.text.ptr), QK_OK);
            assert_int_equal(r.frames.len, n + 2);
            assert_memory_equal(r.frames.ptr, bytes, n + 2);
            compared++;
        }
        free(packets);
    }
    assert_true(compared > 4503);
    stop_rig(&r);
}

static void test_hj212_json__every_deviation_and_refusal_has_its_texts(void **state)
{
    (void)state;
    char code[96];
    for (int d = 0; d < QK_HJ212_D_COUNT; d++) {
        sprintf(code, "hj212.deviation.%s", qk_hj212_deviation_name((qk_hj212_deviation)d));
        assert_non_null(qk_message(code, QK_ZH));
        assert_non_null(qk_message(code, QK_EN));
    }
    for (int i = 1; i < QK_HJ212_R_COUNT; i++) {
        sprintf(code, "hj212.refusal.%s", qk_hj212_refusal_name((qk_hj212_refusal)i));
        assert_non_null(qk_message(code, QK_ZH));
        assert_non_null(qk_message(code, QK_EN));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S072_hj212_json__the_form_of_the_contract),
        cmocka_unit_test(test_S072_hj212_json__numbers_keep_their_digits_and_the_rest_is_text),
        cmocka_unit_test(test_S072_hj212_json__encoding_what_was_decoded_gives_the_same_bytes),
        cmocka_unit_test(test_S072_hj212_json__crc_letters_and_algorithms_come_back),
        cmocka_unit_test(test_S072_hj212_json__refusals_name_their_reason_and_what_was_read),
        cmocka_unit_test(test_S072_hj212_json__cipher_text_is_opened_and_sealed_again),
        cmocka_unit_test(test_hj212_json__objects_written_by_hand),
        cmocka_unit_test(test_hj212_json__conforming_output_drops_the_deviations),
        cmocka_unit_test(test_S072_hj212_json__thousands_of_items_in_one_frame),
        cmocka_unit_test(test_S072_hj212_json__real_packets_come_back_byte_for_byte),
        cmocka_unit_test(test_hj212_json__every_deviation_and_refusal_has_its_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
