/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"
#include "hj212/scan.h"

enum { CELLS = 2500 };

/* All ways must tell the same as the walk. */
static void assert_texts_equal(qk_hj212_text a, qk_hj212_text b)
{
    assert_ptr_equal(a.ptr, b.ptr);
    assert_int_equal(a.len, b.len);
}

/* Field by field: what lies between the fields is nobody's. */
static void assert_heads_equal(const qk_hj212_head *a, const qk_hj212_head *b)
{
    assert_texts_equal(a->qn, b->qn);
    assert_texts_equal(a->st, b->st);
    assert_texts_equal(a->cn, b->cn);
    assert_texts_equal(a->pw, b->pw);
    assert_texts_equal(a->mn, b->mn);
    assert_texts_equal(a->flag, b->flag);
    assert_texts_equal(a->pnum, b->pnum);
    assert_texts_equal(a->pno, b->pno);
    assert_texts_equal(a->rf, b->rf);
    assert_texts_equal(a->cp, b->cp);
    assert_texts_equal(a->data_time, b->data_time);
    assert_int_equal(a->command, b->command);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->parts, b->parts);
    assert_int_equal(a->part, b->part);
    assert_int_equal(a->wants_answer, b->wants_answer);
    assert_int_equal(a->split, b->split);
    assert_int_equal(a->back_filled, b->back_filled);
    assert_int_equal(a->version, b->version);
}

static void check_ways(const char *segment, size_t len)
{
    static qk_hj212_cell want[CELLS], got[CELLS];
    qk_hj212_head want_head, head;
    /* of just this size: reading beyond shows under a sanitizer */
    char *copy = malloc(len + (len == 0));
    memcpy(copy, segment, len);
    qk_hj212_text s = {copy, len};
    size_t n = qk_hj212_scan_by(QK_HJ212_SCAN_WALK, s, &want_head, want, CELLS);
    for (int way = 1; way <= (int)qk_hj212_scan_best(); way++) {
        memset(got, 0xAA, n * sizeof *got);
        memset(&head, 0xAA, sizeof head);
        size_t m = qk_hj212_scan_by((qk_hj212_scan_way)way, s, &head, got, CELLS);
        assert_int_equal(m, n);
        for (size_t i = 0; i < n; i++) {
            if (memcmp(&want[i], &got[i], sizeof want[i]) != 0)
                print_error("way %d item %zu of %.*s\n", way, i, (int)len, segment);
            assert_memory_equal(&want[i], &got[i], sizeof want[i]);
        }
        assert_heads_equal(&head, &want_head);
    }
    free(copy);
}

static void check_cp(const char *cp)
{
    char s[4000];
    int n =
        snprintf(s, sizeof s,
                 "QN=20250101001003123;ST=31;CN=2051;PW=123456;MN=" MN_QZ ";Flag=5;CP=&&%s&&", cp);
    check_ways(s, (size_t)n);
}

static void test_S072_hj212_scan__cells_hold_keys_and_numbers(void **state)
{
    (void)state;
    const char *s =
        "QN=20250101001003123;ST=31;CN=2051;PW=123456;MN=" MN_QZ ";Flag=5;CP=&&DataTime="
        "20250101001000;a21026-Avg=-12.50,a21026-Flag=N;SB1-RS=1&&";
    for (int way = 0; way <= (int)qk_hj212_scan_best(); way++) {
        qk_hj212_head head;
        qk_hj212_cell c[8];
        size_t n = qk_hj212_scan_by((qk_hj212_scan_way)way, qk_hj212_text_of(s), &head, c, 8);
        assert_int_equal(n, 4);
        assert_int_equal(head.command, 2051);
        assert_memory_equal(head.data_time.ptr, "20250101001000", 14);
        assert_int_equal(c[0].field, QK_HJ212_F_DATATIME);
        assert_true(c[0].mantissa == 20250101001000);
        assert_int_equal(c[1].mantissa, -1250);
        assert_int_equal(c[1].scale, 2);
        assert_int_equal(c[1].code_len, 6);
        assert_int_equal(c[1].field, QK_HJ212_F_AVG);
        assert_int_equal(c[1].kind,
                         QK_HJ212_CELL_NUMBER | QK_HJ212_CELL_NEW_GROUP | QK_HJ212_CELL_VALUE);
        assert_memory_equal(s + c[1].value, "-12.50", c[1].value_len);
        assert_int_equal(c[2].kind, QK_HJ212_CELL_VALUE);
        assert_int_equal(c[2].field, QK_HJ212_F_FLAG);
        assert_int_equal(c[3].field, QK_HJ212_F_RS);
    }
}

static void test_S072_hj212_scan__usual_and_odd_forms_agree_with_the_walk(void **state)
{
    (void)state;
    static const char *const cps[] = {"",
                                      "a=1",
                                      "DataTime=20250101001000",
                                      "a-Rtd=1",
                                      "a-Rtd=-1",
                                      "a-Rtd=",
                                      "a-Rtd=-",
                                      "a-Rtd=.",
                                      "a-Rtd=.5",
                                      "a-Rtd=5.",
                                      "a-Rtd=-.5",
                                      "a-Rtd=1.2.3",
                                      "a-Rtd=1-2",
                                      "a-Rtd=--1",
                                      "a-Rtd=+3",
                                      "a-Rtd=1e5",
                                      "a-Rtd=1.5E-3",
                                      "a-Rtd=NaN",
                                      "a-Rtd=0x10",
                                      "a-Rtd=007",
                                      "a-Rtd=12345678",
                                      "a-Rtd=123456789",
                                      "a-Rtd=1234567.8",
                                      "a-Rtd=12345678.9",
                                      "a-Rtd=-12345678",
                                      "a-Rtd=-1234567",
                                      "a-Rtd=1234567890123456",
                                      "a-Rtd=12345678901234567",
                                      "a-Rtd=-123456789012345",
                                      "a-Rtd=-1234567890123456",
                                      "a-Rtd=1234567.89012345",
                                      "a-Rtd=12345678.9012345",
                                      "a-Rtd=123456789.012345",
                                      "a-Rtd=1.23456789012345",
                                      "a-Rtd=.123456789012345",
                                      "a-Rtd=123456789012345.",
                                      "a-Rtd=235.292750833832",
                                      "a-Rtd=99999999.99999999",
                                      "a-Rtd=1234-5678901",
                                      "a-Rtd=12345678-",
                                      "a-Rtd=1.2345678.9",
                                      "a-Rtd=9223372036854775807",
                                      "a-Rtd=9223372036854775808",
                                      "a-Rtd=12:30",
                                      "a-Rtd=1/2",
                                      "a-Rtd=1<2",
                                      "a-Rtd=1?",
                                      "a-rtd=1;b-RTD=2",
                                      "PolID=w01018;polid=2",
                                      "RestartTime=1",
                                      "a-SampleTime=20250101001000",
                                      "abcdefghijklmnop-Rtd=1",
                                      "abcdefghijk-Rtd=1",
                                      "abcdefghijklmnopqrstuvwxyz-Rtd=1",
                                      "LA-Rtd-Rtd=1",
                                      "abcdefgh-x-Rtd=1",
                                      "abcdefghijk-x-Rtd=1",
                                      "-Rtd=1",
                                      "a-=1",
                                      "-=1",
                                      "=1",
                                      "a",
                                      "a=1=2",
                                      "a=1;;b=2",
                                      "a=1;",
                                      "a=1,",
                                      ";a=1",
                                      "a =1",
                                      "a= 1",
                                      "a=1 ",
                                      "a=1&b=2",
                                      "a=1&",
                                      "&a=1",
                                      "a=&",
                                      "a=1;b",
                                      "i11001-Info=//x;y=1//",
                                      "i11001-Info=//清洗//",
                                      "a-Flag=N;b-Flag=d;c-Flag=0",
                                      "a-Info=2025-01-01",
                                      "a-SN=A-1-B",
                                      "abcdefgh=1;x-ValidNum=3,x-TotalNum=4",
                                      "a-StandardValue=1.5,a-NightStdValue=2",
                                      "a-EFlag=A01,a-Flag=N,a-Rtd=2",
                                      "Data=5;a=-5;DATATIME=20250101000000;b=-7",
                                      "a=1;b=2;c=3;d=4;e=5;f=6;g=7;h=8;i=9;j=10",
                                      "a=1,b=2;c=3,d=4,e=5;f=6;g=7,h=8;i=9,j=10;k=11"};
    for (size_t i = 0; i < sizeof cps / sizeof *cps; i++) {
        check_cp(cps[i]);
        char two[600];
        snprintf(two, sizeof two, "DataTime=20250101001000;%s;z-Avg=2.5,z-Flag=N", cps[i]);
        check_cp(two);
        for (int shift = 0; shift < 9; shift++) { /* each form in each lane */
            snprintf(two, sizeof two, "%.*s%s", 4 * shift, "q=1;q=2;q=3;q=4;q=5;q=6;q=7;q=8;q=9;",
                     cps[i]);
            check_cp(two);
        }
    }
}

static void test_S072_hj212_scan__heads_agree_with_the_plain_reader(void **state)
{
    (void)state;
    static const char *const segments[] = {
        "ST=91;CN=9014;CP=&&QN=20040516010101001;CN=2051&&",
        "QN=20250101001003123,ST=31;CN=2011;PW=;MN=A;FLAG=7;PNum=2;PNO=1;RF=1;CP=&&a=1&&",
        "XX=1;MN=QZ000000000000000001;MN=QZ2;CN=x;Flag=999;cp=&&a=1;b=2&&",
        "QNX=1;QN2=3;MN=QZ000000000000000001;CN=2011;Flag=5;CPX=1;CP=&&a=1;b=2&&",
        "QN=2025;ST=31;CN=2011;MN=A-B-C-D-E-F;Flag=5;CP=&&a=-1;b-Rtd=2&&",
        "MN=QZ000000000000000001;CN=2011;CP=&&&&",
        "MN=QZ000000000000000001;CN=2011;CP=&a=1&&",
        "MN=QZ000000000000000001;CN=2011;CP=1&&a=1&&",
        "MN=QZ000000000000000001;CN=2011;CP=&&&a=1&&",
        "MN=QZ000000000000000001;CN=2011;CP=&&a=1&&&",
        "MN=QZ000000000000000001;CN=2011;CP=&&a=1&",
        "MN=QZ000000000000000001;CN=2011;CP=&&a=1",
        "MN=QZ000000000000000001;CN=2011;a=1&&b=1&&",
        "MN=QZ000000000000000001;CN=2011;AB=&&a=1;b=2&&",
        "MN=QZ000000000000000001;CN;CP=&&a=1;b=2&&",
        "MN=QZ000000000000000001;=5;CP=&&a=1;b=2&&",
        "PNUMX=1;MN=QZ000000000000000001;CN=2011;Flag=5CP=&&a=1;b=2&&",
        "CP=&&a=1;b=2;MN=5;CN=2011;abcdefghijk=12345&&",
        "ST=31;CN=2011;PW=123456;MN=QZ00000000001WP=lag=5;CP=&&a=1;b=2&&",
        ""};
    for (size_t i = 0; i < sizeof segments / sizeof *segments; i++)
        check_ways(segments[i], strlen(segments[i]));
}

static void test_hj212_scan__any_length_of_a_segment(void **state)
{
    (void)state;
    static char s[16384];
    char *p = s + sprintf(s, "QN=20250101001003123;ST=31;CN=2051;MN=QZ;Flag=5;CP=&&DataTime=2025");
    for (int i = 0; i < 330; i++) {
        p += sprintf(p, ";a%d-Rtd=%d.%d,a%d-Flag=N", i, i * 7, i % 10, i);
        memcpy(p, "&&", 2);
        check_ways(s, (size_t)(p + 2 - s));
    }
    for (size_t cut = 0; cut < 300; cut++) check_ways(s, cut);
}

/* Every order of six signs before the end, behind a head whose marks already lost their turn. */
static void test_S072_hj212_scan__signs_in_any_order_stay_inside_the_segment(void **state)
{
    (void)state;
    static const char signs[] = "=;,&-a";
    enum { PLACES = 6, KINDS = sizeof signs - 1 };
    size_t orders = 1;
    for (int i = 0; i < PLACES; i++) orders *= KINDS;
    for (size_t order = 0; order < orders; order++) {
        char s[80] = "CT=22;CN=2011=&&DataTime=2000;";
        size_t len = strlen(s);
        for (size_t i = 0, rest = order; i < PLACES; i++, rest /= KINDS)
            s[len++] = signs[rest % KINDS];
        memcpy(s + len, "&&", 2);
        check_ways(s, len + 2);
        check_ways(s + 14, len + 2 - 14);
    }
}

static void test_hj212_scan__too_many_items_are_counted(void **state)
{
    (void)state;
    const char *s = "QN=20250101001003123;ST=31;CN=2051;MN=QZ;Flag=5;CP=&&a=1;b=2;c=3;d=4;e=5&&";
    for (int way = 0; way <= (int)qk_hj212_scan_best(); way++) {
        qk_hj212_head head;
        qk_hj212_cell c[3];
        c[2].mantissa = 77;
        assert_int_equal(qk_hj212_scan_by((qk_hj212_scan_way)way, qk_hj212_text_of(s), &head, c, 2),
                         5);
        assert_int_equal(c[1].mantissa, 2);
        assert_int_equal(c[2].mantissa, 77);
    }
}

static uint32_t next_random(uint32_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    return *x ^= *x << 5;
}

static void test_S072_hj212_scan__changed_bytes_are_read_as_the_walk_reads_them(void **state)
{
    (void)state;
    static const char signs[] = "=;,-&.+/ 0159NRtdeE_\x80#";
    uint32_t x = 4242;
    for (int round = 0; round < 60000; round++) {
        char s[400];
        int n = sprintf(s, "QN=20250101001003123;ST=31;CN=2051;PW=123456;MN=" MN_QZ
                           ";Flag=5;CP=&&DataTime=20250101001000;a21026-Min=10.1,a21026-Avg=-2.50,"
                           "a21026-ZsAvg=235.2927508,a21026-Flag=N;a34013-Cou=123456.78,w01018-"
                           "SampleTime=20250101;SB1-RS=1&&");
        for (uint32_t k = next_random(&x) % 3 + 1; k > 0; k--)
            s[next_random(&x) % (uint32_t)n] = signs[next_random(&x) % (sizeof signs - 1)];
        check_ways(s, (size_t)n);
    }
}

static void test_S072_hj212_scan__real_packets_agree_with_the_walk(void **state)
{
    (void)state;
    static const char *const names[] = {"bulk_mutoushirana_log.txt",
                                        "tonyxia2016_HJ212Receiver_rxlog.txt",
                                        "java_electricity_410183.txt",
                                        "libem_HJ212-Moniter.txt",
                                        "zhbhjt_c_2005_commands_modbus.txt",
                                        "go_myhj_2020.txt",
                                        "php_2024_mixed.txt",
                                        "std_2005_annexC.seg.txt",
                                        "std_2017_annexC.seg.txt",
                                        "xiaoyao9184_hj-t212-parser.txt",
                                        "java_iot_zyjcy.txt"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = 0;
        char *lines = read_packets(names[i], &len);
        if (!lines) skip_without_packets(names[i]);
        bool framed = strstr(names[i], ".seg.") == NULL;
        for (char *p = lines, *end = lines + len; p < end;) {
            char *stop = memchr(p, '\n', (size_t)(end - p));
            size_t n = (size_t)((stop ? stop : end) - p);
            if (framed && n > 10)
                check_ways(p + 6, n - 10);
            else
                check_ways(p, n);
            p += n + 1;
        }
        free(lines);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S072_hj212_scan__cells_hold_keys_and_numbers),
        cmocka_unit_test(test_S072_hj212_scan__usual_and_odd_forms_agree_with_the_walk),
        cmocka_unit_test(test_S072_hj212_scan__heads_agree_with_the_plain_reader),
        cmocka_unit_test(test_hj212_scan__any_length_of_a_segment),
        cmocka_unit_test(test_S072_hj212_scan__signs_in_any_order_stay_inside_the_segment),
        cmocka_unit_test(test_hj212_scan__too_many_items_are_counted),
        cmocka_unit_test(test_S072_hj212_scan__changed_bytes_are_read_as_the_walk_reads_them),
        cmocka_unit_test(test_S072_hj212_scan__real_packets_agree_with_the_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
