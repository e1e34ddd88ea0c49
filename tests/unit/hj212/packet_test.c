/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

static qk_hj212_packet parse_segment(const char *segment)
{
    qk_hj212_frame f;
    qk_hj212_packet p;
    qk_hj212_frame_of_segment(&f, qk_hj212_text_of(segment));
    qk_hj212_parse(&p, &f);
    return p;
}

/* The whole walk as one line: "group:key=value" joined by blanks; keys of a code as code|field. */
static qk_hj212_packet walk(const char *segment, char *out)
{
    qk_hj212_packet p = parse_segment(segment);
    qk_hj212_items it;
    qk_hj212_item item;
    *out = 0;
    qk_hj212_items_init(&it, &p);
    while (qk_hj212_items_next(&it, &item)) {
        out += sprintf(out, "%s%u:%.*s%s%.*s", item.group || it.group > 1 ? " " : "", item.group,
                       (int)item.code.len, item.code.ptr ? item.code.ptr : "",
                       item.code.ptr ? "|" : "", (int)item.field_text.len, item.field_text.ptr);
        if (item.has_value) out += sprintf(out, "=%.*s", (int)item.value.len, item.value.ptr);
    }
    return p;
}

static void assert_text(qk_hj212_text t, const char *want)
{
    assert_non_null(t.ptr);
    assert_int_equal(t.len, strlen(want));
    assert_memory_equal(t.ptr, want, t.len);
}

static uint64_t bit(qk_hj212_deviation d)
{
    return QK_HJ212_BIT(d);
}

#define QN_QZ "QN=20250101001003123;"
#define ID_QZ "ST=31;CN=2051;PW=123456;MN=" MN_QZ ";"

static void test_S072_hj212_packet__the_head_is_read(void **state)
{
    (void)state;
    qk_hj212_packet p = parse_segment(QN_QZ ID_QZ "Flag=7;PNUM=3;PNO=2;CP=&&DataTime="
                                                  "20250101001000;a21026-Avg=1&&");
    assert_int_equal(p.deviations, 0);
    assert_int_equal(p.refusal, QK_HJ212_USABLE);
    assert_text(p.head.qn, "20250101001003123");
    assert_text(p.head.st, "31");
    assert_text(p.head.cn, "2051");
    assert_text(p.head.pw, "123456");
    assert_text(p.head.mn, MN_QZ);
    assert_text(p.head.flag, "7");
    assert_int_equal(p.head.command, 2051);
    assert_int_equal(p.head.flags, 7);
    assert_int_equal(p.head.parts, 3);
    assert_int_equal(p.head.part, 2);
    assert_true(p.head.wants_answer && p.head.split && !p.head.back_filled);
    assert_int_equal(p.head.version, QK_HJ212_2017);
    assert_text(p.head.data_time, "20250101001000");
    assert_true(p.time_ok);
    assert_int_equal(p.time.month, 1);
    assert_int_equal(p.time.minute, 10);
    assert_text(p.head.cp, "DataTime=20250101001000;a21026-Avg=1");
}

static void test_S072_hj212_packet__the_version_comes_from_the_flag_bits(void **state)
{
    (void)state;
    static const struct {
        const char *flag;
        qk_hj212_version version;
        bool answer;
        uint64_t deviations;
    } cases[] = {
        {"", QK_HJ212_2005, false, 0},
        {"Flag=0;", QK_HJ212_2005, false, 0},
        {"Flag=1;", QK_HJ212_2005, true, 0},
        {"Flag=4;", QK_HJ212_2017, false, 0},
        {"Flag=5;", QK_HJ212_2017, true, 0},
        {"Flag=8;", QK_HJ212_2025, false, 0},
        {"Flag=9;", QK_HJ212_2025, true, 0},
        {"Flag=13;", QK_HJ212_2025, true, QK_HJ212_BIT(QK_HJ212_D_VERSION_UNKNOWN)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char s[256];
        sprintf(s, QN_QZ ID_QZ "%sCP=&&&&", cases[i].flag);
        qk_hj212_packet p = parse_segment(s);
        assert_int_equal(p.head.version, cases[i].version);
        assert_int_equal(p.head.wants_answer, cases[i].answer);
        assert_int_equal(p.deviations, cases[i].deviations);
    }
}

static void test_hj212_packet__back_filled_packets_of_2025(void **state)
{
    (void)state;
    qk_hj212_packet p = parse_segment(QN_QZ ID_QZ "Flag=11;PNUM=1;PNO=1;RF=1;CP=&&&&");
    assert_true(p.head.back_filled);
    assert_int_equal(p.deviations, 0);
}

static void test_S072_hj212_packet__head_deviations_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *segment;
        qk_hj212_deviation d;
    } cases[] = {
        {ID_QZ "Flag=5;CP=&&&&", QK_HJ212_D_NO_QN},
        {"QN=20250101001003;" ID_QZ "Flag=5;CP=&&&&", QK_HJ212_D_QN_FORM},
        {"QN=1735660203123;" ID_QZ "Flag=5;CP=&&&&", QK_HJ212_D_QN_FORM},
        {QN_QZ "CN=2011;PW=123456;MN=A;Flag=5;CP=&&&&", QK_HJ212_D_NO_ST},
        {QN_QZ "ST=101;CN=2011;PW=123456;MN=A;Flag=5;CP=&&&&", QK_HJ212_D_ST_FORM},
        {QN_QZ "ST=31;CN=2011;MN=A;Flag=5;CP=&&&&", QK_HJ212_D_NO_PW},
        {QN_QZ "ST=31;CN=2011;PW=;MN=A;Flag=5;CP=&&&&", QK_HJ212_D_PW_FORM},
        {QN_QZ ID_QZ "Flag=7;CP=&&&&", QK_HJ212_D_FLAG_WITHOUT_PARTS},
        {QN_QZ ID_QZ "Flag=5;PNUM=2;PNO=1;CP=&&&&", QK_HJ212_D_PARTS_WITHOUT_FLAG},
        {QN_QZ ID_QZ "Flag=7;PNUM=2;PNO=3;CP=&&&&", QK_HJ212_D_PART_BEYOND_COUNT},
        {"ST=31;" QN_QZ "CN=2011;PW=123456;MN=A;Flag=5;CP=&&&&", QK_HJ212_D_HEAD_ORDER},
        {QN_QZ ID_QZ "FLAG=5;CP=&&&&", QK_HJ212_D_HEAD_CASE},
        {QN_QZ ID_QZ "Flag=5;XX=1;CP=&&&&", QK_HJ212_D_HEAD_UNKNOWN},
        {QN_QZ ID_QZ "Flag=4;Flag=5;CP=&&&&", QK_HJ212_D_HEAD_REPEATED},
        {"QN=20250101001003123," ID_QZ "Flag=5;CP=&&&&", QK_HJ212_D_HEAD_SEPARATOR},
        {QN_QZ ID_QZ "Flag=5CP=&&&&", QK_HJ212_D_HEAD_SEPARATOR},
        {QN_QZ ID_QZ " Flag=5;CP=&&&&", QK_HJ212_D_BLANKS},
        {QN_QZ "ST=22;CN=9014;PW=123456;MN=A;Flag=4;CP=&&&&", QK_HJ212_D_ANSWER_ST},
        {QN_QZ ID_QZ "Flag=5&&", QK_HJ212_D_NO_CP},
        {QN_QZ ID_QZ "Flag=5;CP=&DataTime=20250101000000&&", QK_HJ212_D_CP_SINGLE_AMPERSAND},
        {QN_QZ ID_QZ "Flag=5;CP=&&DataTime=20250101000000123&&", QK_HJ212_D_DATA_TIME_17_DIGITS},
        {QN_QZ ID_QZ "Flag=5;CP=&&DataTime=2025010100000012&&", QK_HJ212_D_DATA_TIME_LONG},
        {QN_QZ ID_QZ "Flag=5;CP=&&DataTime=202501010000&&", QK_HJ212_D_DATA_TIME_SHORT},
        {QN_QZ ID_QZ "Flag=5;CP=&&DataTime=20250101240000&&", QK_HJ212_D_DATA_TIME_HOUR_24},
        {QN_QZ ID_QZ "Flag=5;CP=&&i11001-Info=//\xCE\xDE//&&", QK_HJ212_D_NOT_UTF8},
        {QN_QZ ID_QZ "Flag=5;CP=&&i11001-Info=\x01&&", QK_HJ212_D_CONTROL_BYTES},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        qk_hj212_packet p = parse_segment(cases[i].segment);
        assert_int_equal(p.deviations, bit(cases[i].d));
        assert_int_equal(p.refusal, QK_HJ212_USABLE);
        assert_int_equal(p.note_count, 1);
        assert_int_equal(p.notes[0].deviation, cases[i].d);
        assert_text(p.head.cn, p.head.command == 9014   ? "9014"
                               : p.head.command == 2011 ? "2011"
                                                        : "2051");
    }
}

static void test_S072_hj212_packet__what_cannot_be_used_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *segment;
        qk_hj212_refusal why;
    } cases[] = {
        {QN_QZ "ST=31;CN=2011;PW=123456;Flag=5;CP=&&&&", QK_HJ212_R_NO_MN},
        {QN_QZ "ST=31;CN=2011;PW=123456;MN=;Flag=5;CP=&&&&", QK_HJ212_R_NO_MN},
        {QN_QZ "ST=31;PW=123456;MN=A;Flag=5;CP=&&&&", QK_HJ212_R_NO_CN},
        {QN_QZ "ST=31;CN=20x1;PW=123456;MN=A;Flag=5;CP=&&&&", QK_HJ212_R_BAD_FIELD},
        {QN_QZ "ST=31;CN=20511;PW=123456;MN=A;Flag=5;CP=&&&&", QK_HJ212_R_BAD_FIELD},
        {QN_QZ ID_QZ "Flag=x;CP=&&&&", QK_HJ212_R_BAD_FIELD},
        {QN_QZ ID_QZ "Flag=256;CP=&&&&", QK_HJ212_R_BAD_FIELD},
        {QN_QZ ID_QZ "Flag=7;PNUM=a;PNO=1;CP=&&&&", QK_HJ212_R_BAD_FIELD},
        {QN_QZ ID_QZ "Flag=5;CP=&&DataTime=20251301000000&&", QK_HJ212_R_BAD_FIELD},
        {QN_QZ ID_QZ "Flag=5;CP=&&DataTime=20250229000000&&", QK_HJ212_R_BAD_FIELD},
        {QN_QZ ID_QZ "Flag=5;CP=&&DataTime=&&", QK_HJ212_R_BAD_FIELD},
        {"", QK_HJ212_R_NO_CN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(parse_segment(cases[i].segment).refusal, cases[i].why);
    qk_hj212_packet p = parse_segment("ST=91;CN=9014;CP=&&QN=20040516010101001;CN=2051&&");
    assert_int_equal(p.refusal, QK_HJ212_USABLE);
    assert_int_equal(p.deviations, 0);
}

static void test_S072_hj212_packet__head_only_reading_agrees_with_parsing(void **state)
{
    (void)state;
    const char *s = QN_QZ ID_QZ "Flag=5;CP=&&a=1;DataTime = 20250101001000 ,b=2&&";
    qk_hj212_head head;
    assert_true(qk_hj212_head_read(&head, qk_hj212_text_of(s)));
    qk_hj212_packet p = parse_segment(s);
    assert_memory_equal(&head, &p.head, sizeof head);
    assert_text(head.data_time, "20250101001000");
    assert_false(qk_hj212_head_read(&head, qk_hj212_text_of("ST=31;CN=2011;CP=&&&&")));
    assert_false(qk_hj212_head_read(&head, (qk_hj212_text){0}));
}

static void test_S072_hj212_items__groups_codes_fields_and_values(void **state)
{
    (void)state;
    char out[2048];
    qk_hj212_packet p =
        walk(QN_QZ ID_QZ "Flag=5;CP=&&DataTime=20250101001000;a21026-Min=10.1,a21026-Flag=N;"
                         "SB1-RS=1;LA-Rtd=-3.5&&",
             out);
    assert_string_equal(out, "0:DataTime=20250101001000 1:a21026|Min=10.1 1:a21026|Flag=N "
                             "2:SB1|RS=1 3:LA|Rtd=-3.5");
    assert_int_equal(p.deviations, 0);
}

static void test_S072_hj212_items__deviations_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *cp, *walked;
        uint64_t deviations;
    } cases[] = {
        {"", "", 0},
        {" ", "", QK_HJ212_BIT(QK_HJ212_D_BLANKS)},
        {"A-RS=1;", "0:A|RS=1", QK_HJ212_BIT(QK_HJ212_D_TRAILING_SEPARATOR)},
        {"A-RS=1,;", "0:A|RS=1",
         QK_HJ212_BIT(QK_HJ212_D_TRAILING_SEPARATOR) | QK_HJ212_BIT(QK_HJ212_D_EMPTY_ITEM)},
        {"A-RS=1;;B-RS=2", "0:A|RS=1 2:B|RS=2", QK_HJ212_BIT(QK_HJ212_D_EMPTY_ITEM)},
        {"A", "0:A", QK_HJ212_BIT(QK_HJ212_D_ITEM_WITHOUT_EQUALS)},
        {"=5", "0:=5", QK_HJ212_BIT(QK_HJ212_D_EMPTY_KEY)},
        {"A-Rtd=", "0:A|Rtd=", QK_HJ212_BIT(QK_HJ212_D_EMPTY_VALUE)},
        {" A-RS = 1 ", "0:A|RS=1", QK_HJ212_BIT(QK_HJ212_D_BLANKS)},
        {"X=1;X=2", "0:X=1 1:X=2", QK_HJ212_BIT(QK_HJ212_D_KEY_REPEATED)},
        {"A-RS=1;X=2", "0:A|RS=1 1:X=2", QK_HJ212_BIT(QK_HJ212_D_CP_LAYOUT)},
        {"A-RS=1;B-RS=1;A-RT=2", "0:A|RS=1 1:B|RS=1 2:A|RT=2", QK_HJ212_BIT(QK_HJ212_D_CP_LAYOUT)},
        {"A-RS=1;AB-RS=1;A1-RT=2", "0:A|RS=1 1:AB|RS=1 2:A1|RT=2", 0},
        {"BeginTime=20250101000000,EndTime=20250101000000",
         "0:BeginTime=202501010000000:EndTime=20250101000000",
         QK_HJ212_BIT(QK_HJ212_D_RANGE_COMMA)},
        {"BeginTime=20250101000000;EndTime=20250101000000",
         "0:BeginTime=20250101000000 1:EndTime=20250101000000", 0},
        {"A-rtd=1", "0:A|rtd=1", QK_HJ212_BIT(QK_HJ212_D_FIELD_CASE)},
        {"A-Rtd=--", "0:A|Rtd=--", QK_HJ212_BIT(QK_HJ212_D_VALUE_NOT_NUMBER)},
        {"A-Rtd=NaN", "0:A|Rtd=NaN", QK_HJ212_BIT(QK_HJ212_D_VALUE_NOT_NUMBER)},
        {"A-Rtd=1e5", "0:A|Rtd=1e5", QK_HJ212_BIT(QK_HJ212_D_VALUE_EXPONENT)},
        {"A-Flag=Q", "0:A|Flag=Q", QK_HJ212_BIT(QK_HJ212_D_DATA_FLAG_UNKNOWN)},
        {"A-Flag=d", "0:A|Flag=d", QK_HJ212_BIT(QK_HJ212_D_DATA_FLAG_LOWER_CASE)},
        {"A-Info=//x;y,z=1//;B-RS=1", "0:A|Info=//x;y,z=1// 1:B|RS=1", 0},
        {"A-Info=//x;B-RS=1", "0:A|Info=//x 1:B|RS=1", QK_HJ212_BIT(QK_HJ212_D_TEXT_UNCLOSED)},
        {"A-Info=////", "0:A|Info=////", 0},
        {"QN=1", "0:QN=1", QK_HJ212_BIT(QK_HJ212_D_QN_IN_CP)},
        {"LA-Rtd-Rtd=1", "0:LA|Rtd-Rtd=1", 0},
        {"-Rtd=1;A-=2", "0:-Rtd=1 1:A-=2", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char segment[512], out[1024];
        sprintf(segment, QN_QZ "ST=31;CN=3020;PW=123456;MN=A;Flag=5;CP=&&%s&&", cases[i].cp);
        qk_hj212_packet p = walk(segment, out);
        assert_string_equal(out, cases[i].walked);
        if (p.deviations != cases[i].deviations) print_error("case %s\n", cases[i].cp);
        assert_int_equal(p.deviations, cases[i].deviations);
    }
}

static void test_S072_hj212_items__values_without_a_time_are_noticed(void **state)
{
    (void)state;
    char out[512];
    qk_hj212_packet p = walk(QN_QZ ID_QZ "Flag=5;CP=&&a21026-Rtd=1&&", out);
    assert_int_equal(p.deviations, bit(QK_HJ212_D_NO_DATA_TIME));
    p = walk(QN_QZ ID_QZ "Flag=5;CP=&&BeginTime=20250101000000;EndTime=20250101000000&&", out);
    assert_int_equal(p.deviations, 0);
}

static void test_hj212_items__the_2005_way_to_join_a_range(void **state)
{
    (void)state;
    char out[512];
    qk_hj212_packet p = walk("ST=32;CN=2051;PW=123456;MN=QZ00000000001;Flag=3;PNO=1;PNUM=1;CP=&&"
                             "BeginTime=20040506111000,EndTime=20040506151000&&",
                             out);
    assert_int_equal(p.deviations, 0);
    p = walk("ST=32;CN=2051;PW=123456;MN=QZ00000000001;Flag=0;CP=&&"
             "BeginTime=20040506111000;EndTime=20040506151000&&",
             out);
    assert_int_equal(p.deviations, bit(QK_HJ212_D_RANGE_SEMICOLON));
}

static void test_S072_hj212_items__thousands_of_items_are_walked(void **state)
{
    (void)state;
    static char segment[40000], out[80000];
    char *p = segment + sprintf(segment, QN_QZ ID_QZ "Flag=5;CP=&&DataTime=20250101000000");
    for (int i = 0; i < 2000; i++) p += sprintf(p, ";a%d-Rtd=%d", i, i);
    sprintf(p, "&&");
    qk_hj212_packet packet = walk(segment, out);
    assert_non_null(strstr(out, " 2000:a1999|Rtd=1999"));
    assert_int_equal(packet.deviations, bit(QK_HJ212_D_SEGMENT_OVER_1024));
}

static void test_hj212_fields__every_name_is_found_in_either_case(void **state)
{
    (void)state;
    for (int f = 1; f < QK_HJ212_F_COUNT; f++) {
        const char *name = qk_hj212_field_name((qk_hj212_field)f);
        bool exact;
        assert_int_equal(qk_hj212_field_find(qk_hj212_text_of(name), &exact), f);
        assert_true(exact);
        char upper[20] = {0};
        for (size_t i = 0; name[i]; i++) upper[i] = (char)(name[i] >= 'a' ? name[i] - 32 : name[i]);
        assert_int_equal(qk_hj212_field_find(qk_hj212_text_of(upper), &exact), f);
        char longer[24];
        sprintf(longer, "%sx", name);
        assert_int_equal(qk_hj212_field_find(qk_hj212_text_of(longer), NULL), QK_HJ212_F_OTHER);
    }
    assert_int_equal(qk_hj212_field_find(qk_hj212_text_of("PolID"), NULL), QK_HJ212_F_POLID);
    assert_int_equal(qk_hj212_field_find(qk_hj212_text_of(""), NULL), QK_HJ212_F_OTHER);
    assert_string_equal(qk_hj212_field_name(QK_HJ212_F_OTHER), "");
    assert_true(qk_hj212_field_is_number(QK_HJ212_F_ZSAVG));
    assert_false(qk_hj212_field_is_number(QK_HJ212_F_FLAG));
}

static void test_S072_hj212_number__digits_are_kept(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t mantissa;
        int32_t scale;
    } good[] = {{"0", 0, 0},
                {"12.50", 1250, 2},
                {"-0.052", -52, 3},
                {"+3", 3, 0},
                {".5", 5, 1},
                {"12.", 12, 0},
                {"007", 7, 0},
                {"1e5", 100000, 0},
                {"1.5E-3", 15, 4},
                {"1.50e+1", 150, 1},
                {"235.292750833832", 235292750833832, 12},
                {"9223372036854775807", INT64_MAX, 0},
                {"0.000000000000000001", 1, 18},
                {"20250101001000", 20250101001000, 0}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        qk_hj212_number n;
        assert_true(qk_hj212_number_parse(&n, qk_hj212_text_of(good[i].text)));
        assert_true(n.mantissa == good[i].mantissa);
        assert_int_equal(n.scale, good[i].scale);
    }
    static const char *const bad[] = {"",
                                      "-",
                                      ".",
                                      "1.2.3",
                                      "NaN",
                                      "1e",
                                      "1e99",
                                      "0x1",
                                      "1 ",
                                      "--1",
                                      "1,5",
                                      "e5",
                                      "1e+",
                                      "9223372036854775808",
                                      "inf",
                                      "1e-19",
                                      "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        qk_hj212_number n;
        assert_false(qk_hj212_number_parse(&n, qk_hj212_text_of(bad[i])));
    }
}

static void test_hj212_time__reads_and_writes(void **state)
{
    (void)state;
    qk_hj212_time t;
    char qn[18], s[15];
    assert_true(qk_hj212_time_parse(&t, qk_hj212_text_of("20240229235959007")));
    qk_hj212_qn_format(qn, &t);
    assert_string_equal(qn, "20240229235959007");
    int64_t ms = qk_hj212_time_utc_ms(&t);
    assert_true(ms == 1709222399007LL);
    t = qk_hj212_time_from_utc_ms(ms + 993);
    qk_hj212_qn_format(qn, &t);
    assert_string_equal(qn, "20240301000000000");
    assert_true(qk_hj212_time_parse(&t, qk_hj212_text_of("20231231240000")));
    qk_hj212_time_format(s, &t);
    assert_string_equal(s, "20240101000000");
    assert_true(qk_hj212_time_parse(&t, qk_hj212_text_of("202312312359591")));
    assert_int_equal(t.ms, 100);
    for (int64_t day = -1000; day < 400000; day += 37) {
        t = qk_hj212_time_from_utc_ms(day * 86400000 + 12345);
        assert_true(qk_hj212_time_utc_ms(&t) == day * 86400000 + 12345);
    }
    static const char *const bad[] = {"2024",           "20240230000000", "20240101246000",
                                      "2024010124000x", "1735660203123",  "19691231235959",
                                      "20240101250000"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(qk_hj212_time_parse(&t, qk_hj212_text_of(bad[i])));
}

static void test_hj212_deviation__names_are_there_and_differ(void **state)
{
    (void)state;
    for (int d = 0; d < QK_HJ212_D_COUNT; d++) {
        const char *name = qk_hj212_deviation_name((qk_hj212_deviation)d);
        assert_non_null(name);
        assert_int_equal(qk_hj212_deviation_find(qk_hj212_text_of(name)), d);
        assert_in_range(qk_hj212_deviation_severity((qk_hj212_deviation)d), 0, 2);
    }
    assert_null(qk_hj212_deviation_name(QK_HJ212_D_COUNT));
    assert_int_equal(qk_hj212_deviation_find(qk_hj212_text_of("no_such")), QK_HJ212_D_COUNT);
    assert_null(qk_hj212_refusal_name(QK_HJ212_USABLE));
    for (int r = 1; r < QK_HJ212_R_COUNT; r++)
        assert_non_null(qk_hj212_refusal_name((qk_hj212_refusal)r));
}

/* The printed examples of both annexes, printing errors and all, are read to the end. */
static void check_segments(const char *name)
{
    size_t len = 0;
    char *lines = read_packets(name, &len);
    if (!lines) skip_without_packets(name);
    lines[len] = 0;
    for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n")) {
        static char out[8192];
        qk_hj212_packet p = walk(line, out);
        assert_int_equal(p.refusal, QK_HJ212_USABLE);
        assert_true(p.head.command > 0);
    }
    free(lines);
}

static void test_S072_hj212_packet__examples_of_the_2005_annex(void **state)
{
    (void)state;
    check_segments("std_2005_annexC.seg.txt");
}

static void test_S072_hj212_packet__examples_of_the_2017_annex(void **state)
{
    (void)state;
    check_segments("std_2017_annexC.seg.txt");
}

/* Each name that logs and pages show stands in `…` in the document that explains it. */
static void assert_explained(const char *text, const char *name)
{
    char word[64];
    assert_non_null(name);
    snprintf(word, sizeof word, "`%s`", name);
    if (!strstr(text, word)) fail_msg("docs/protocol.md does not explain %s", name);
}

static void test_hj212_deviation__each_is_explained_in_the_document(void **state)
{
    (void)state;
    static char text[65536];
    char path[1024];
    const char *root = getenv("QK_SOURCE_ROOT");
    snprintf(path, sizeof path, "%s/docs/protocol.md", root ? root : ".");
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t len = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    assert_in_range(len, 1, sizeof text - 2);
    for (int d = 0; d < QK_HJ212_D_COUNT; d++)
        assert_explained(text, qk_hj212_deviation_name((qk_hj212_deviation)d));
    for (int r = QK_HJ212_USABLE + 1; r < QK_HJ212_R_COUNT; r++)
        assert_explained(text, qk_hj212_refusal_name((qk_hj212_refusal)r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S072_hj212_packet__the_head_is_read),
        cmocka_unit_test(test_S072_hj212_packet__the_version_comes_from_the_flag_bits),
        cmocka_unit_test(test_hj212_packet__back_filled_packets_of_2025),
        cmocka_unit_test(test_S072_hj212_packet__head_deviations_are_named),
        cmocka_unit_test(test_S072_hj212_packet__what_cannot_be_used_is_refused),
        cmocka_unit_test(test_S072_hj212_packet__head_only_reading_agrees_with_parsing),
        cmocka_unit_test(test_S072_hj212_items__groups_codes_fields_and_values),
        cmocka_unit_test(test_S072_hj212_items__deviations_are_named),
        cmocka_unit_test(test_S072_hj212_items__values_without_a_time_are_noticed),
        cmocka_unit_test(test_hj212_items__the_2005_way_to_join_a_range),
        cmocka_unit_test(test_S072_hj212_items__thousands_of_items_are_walked),
        cmocka_unit_test(test_hj212_fields__every_name_is_found_in_either_case),
        cmocka_unit_test(test_S072_hj212_number__digits_are_kept),
        cmocka_unit_test(test_hj212_time__reads_and_writes),
        cmocka_unit_test(test_hj212_deviation__names_are_there_and_differ),
        cmocka_unit_test(test_S072_hj212_packet__examples_of_the_2005_annex),
        cmocka_unit_test(test_S072_hj212_packet__examples_of_the_2017_annex),
        cmocka_unit_test(test_hj212_deviation__each_is_explained_in_the_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
