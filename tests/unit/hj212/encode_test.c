/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#define QN_QZ "20250101001003123"
#define TEXT  QK_HJ212_TEXT

static const qk_hj212_peer peer_2017 = {.version = QK_HJ212_2017,
                                        .st = {"32", 2},
                                        .pw = {"123456", 6},
                                        .mn = {"010000A8900016F000169DC0", 24}};
static const qk_hj212_peer peer_2005 = {.version = QK_HJ212_2005,
                                        .st = {"32", 2},
                                        .pw = {"123456", 6},
                                        .mn = {"88888880000001", 14},
                                        .comma_range = true};

static char frame[QK_HJ212_FRAME_MAX];

static void assert_segment(size_t len, const char *want)
{
    assert_true(len > 12);
    qk_hj212_frame f = only_frame(frame, len);
    assert_int_equal(f.deviations & ~QK_HJ212_BIT(QK_HJ212_D_SEGMENT_OVER_1024), 0);
    assert_int_equal(f.segment.len, strlen(want));
    assert_memory_equal(f.segment.ptr, want, f.segment.len);
}

static qk_hj212_head head_of(const char *segment)
{
    qk_hj212_head h;
    qk_hj212_head_read(&h, qk_hj212_text_of(segment));
    return h;
}

static void test_S072_hj212_encode__answers_of_2017_and_2025(void **state)
{
    (void)state;
    qk_hj212_head h =
        head_of("QN=" QN_QZ ";ST=31;CN=2051;PW=123456;MN=" MN_QZ ";Flag=7;PNUM=2;PNO=1;CP=&&&&");
    size_t n = qk_hj212_encode_9014(frame, sizeof frame, QK_HJ212_2017, 0, &h);
    assert_segment(n, "QN=" QN_QZ ";ST=91;CN=9014;PW=123456;MN=" MN_QZ ";Flag=4;CP=&&&&");
    n = qk_hj212_encode_9013(frame, sizeof frame, QK_HJ212_2025, 0, &h);
    assert_segment(n, "QN=" QN_QZ ";ST=91;CN=9013;PW=123456;MN=" MN_QZ ";Flag=8;CP=&&&&");
    n = qk_hj212_encode_9011(frame, sizeof frame, QK_HJ212_2017, 0, &h, 9);
    assert_segment(n, "QN=" QN_QZ ";ST=91;CN=9011;PW=123456;MN=" MN_QZ ";Flag=4;CP=&&QnRtn=9&&");
    n = qk_hj212_encode_9012(frame, sizeof frame, QK_HJ212_2017, 0, &h, 100);
    assert_segment(n, "QN=" QN_QZ ";ST=91;CN=9012;PW=123456;MN=" MN_QZ ";Flag=4;CP=&&ExeRtn=100&&");
}

static void test_S072_hj212_encode__answers_of_2005(void **state)
{
    (void)state;
    qk_hj212_head h = head_of("QN=20040516010101001;ST=32;CN=2051;PW=123456;MN=88888880000001;"
                              "Flag=3;PNO=1;PNUM=1;CP=&&&&");
    size_t n = qk_hj212_encode_9014(frame, sizeof frame, QK_HJ212_2005, 0, &h);
    assert_segment(n, "ST=91;CN=9014;CP=&&QN=20040516010101001;CN=2051;PNO=1;PNUM=1&&");
    n = qk_hj212_encode_9013(frame, sizeof frame, QK_HJ212_2005, 0, &h);
    assert_segment(n,
                   "ST=91;CN=9013;PW=123456;MN=88888880000001;Flag=0;CP=&&QN=20040516010101001&&");
    n = qk_hj212_encode_9011(frame, sizeof frame, QK_HJ212_2005, 0, &h, 1);
    assert_segment(
        n, "ST=91;CN=9011;PW=123456;MN=88888880000001;Flag=0;CP=&&QN=20040516010101001;QnRtn=1&&");
    n = qk_hj212_encode_9012(frame, sizeof frame, QK_HJ212_2005, 0, &h, 1);
    assert_segment(
        n, "ST=91;CN=9012;PW=123456;MN=88888880000001;CP=&&QN=20040516010101001;ExeRtn=1&&");
    h = head_of("ST=32;CN=2011;PW=123456;MN=88888880000001;CP=&&&&");
    n = qk_hj212_encode_9014(frame, sizeof frame, QK_HJ212_2005, 0, &h);
    assert_segment(n, "ST=91;CN=9014;CP=&&CN=2011&&");
    n = qk_hj212_encode_9011(frame, sizeof frame, QK_HJ212_2005, 0, &h, 2);
    assert_segment(n, "ST=91;CN=9011;PW=123456;MN=88888880000001;Flag=0;CP=&&QnRtn=2&&");
}

typedef struct request_case {
    int32_t command;
    qk_hj212_params params;
    const char *cp; /* 2017 */
} request_case;

#define WITH(...)                                                                        \
    {                                                                                    \
        .over_time_s = -1, .re_count = -1, .rtd_interval_s = -1, .min_interval_min = -1, \
        .ctime_h = -1, .warn_time_min = -1, __VA_ARGS__                                  \
    }
#define POL        .pol_id = {"w01018", 6}
#define FROM_TO(t) .begin_time = {t, 14}, .end_time = {t, 14}

/* The initialisers set a member twice on purpose: the default, then the case's own. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static const request_case requests_2017[] = {
    {1000, WITH(.over_time_s = 5, .re_count = 3), "OverTime=5;ReCount=3"},
    {1011, WITH(POL), "PolId=w01018"},
    {1012, WITH(POL, .system_time = {"20160801085857", 14}),
     "PolId=w01018;SystemTime=20160801085857"},
    {1061, WITH(POL), ""},
    {1062, WITH(.rtd_interval_s = 30), "RtdInterval=30"},
    {1063, WITH(POL), ""},
    {1064, WITH(.min_interval_min = 10), "MinInterval=10"},
    {1072, WITH(.new_pw = {"654321", 6}), "NewPW=654321"},
    {2011, WITH(POL), ""},
    {2012, WITH(POL), ""},
    {2021, WITH(POL), ""},
    {2022, WITH(POL), ""},
    {2051, WITH(FROM_TO("20160801084000")), "BeginTime=20160801084000;EndTime=20160801084000"},
    {2061, WITH(FROM_TO("20160801080000")), "BeginTime=20160801080000;EndTime=20160801080000"},
    {2031, WITH(FROM_TO("20160801000000")), "BeginTime=20160801000000;EndTime=20160801000000"},
    {3011, WITH(POL), "PolId=w01018"},
    {3012, WITH(POL), "PolId=w01018"},
    {3013, WITH(POL), "PolId=w01018"},
    {3014, WITH(POL), "PolId=w01018"},
    {3015, WITH(POL), ""},
    {3016, WITH(POL, .cstart_time = {"000000", 6}, .ctime_h = 2),
     "PolId=w01018;CstartTime=000000;CTime=2"},
    {3017, WITH(POL), "PolId=w01018"},
    {3019, WITH(POL), "PolId=w01018"},
    {3020, WITH(POL, .info_id = {"i12001", 6}), "PolId=w01018;InfoId=i12001"},
    {3021, WITH(POL, .info_id = {"i13004", 6}, .info_value = {"168.0", 5}),
     "PolId=w01018;InfoId=i13004;i13004-Info=168.0"},
};
#pragma GCC diagnostic pop

static void test_S072_hj212_encode__requests_of_the_platform(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests_2017 / sizeof *requests_2017; i++) {
        const request_case *c = &requests_2017[i];
        char want[400];
        sprintf(want,
                "QN=20160801085857223;ST=32;CN=%d;PW=123456;MN=010000A8900016F000169DC0;Flag=5;CP="
                "&&%s&&",
                c->command, c->cp);
        size_t n = qk_hj212_encode_request(frame, sizeof frame, &peer_2017,
                                           TEXT("20160801085857223"), c->command, &c->params);
        assert_segment(n, want);
    }
}

/* The requests above are those of the 2017 annex, letter for letter. */
static void test_S072_hj212_encode__requests_stand_in_the_2017_annex(void **state)
{
    (void)state;
    size_t len = 0;
    char *annex = read_packets("std_2017_annexC.seg.txt", &len);
    if (!annex) skip_without_packets("std_2017_annexC.seg.txt");
    annex[len] = 0;
    for (size_t i = 0; i < sizeof requests_2017 / sizeof *requests_2017; i++) {
        const request_case *c = &requests_2017[i];
        if (c->command == 3020) continue; /* printed with a blank before Flag */
        size_t n = qk_hj212_encode_request(frame, sizeof frame, &peer_2017,
                                           TEXT("20160801085857223"), c->command, &c->params);
        frame[n - 6] = 0;
        assert_non_null(strstr(annex, frame + 6));
    }
    free(annex);
}

static void test_S072_hj212_encode__requests_of_2005(void **state)
{
    (void)state;
    qk_hj212_params p = QK_HJ212_NO_PARAMS;
    p.begin_time = TEXT("20040506111000");
    p.end_time = TEXT("20040506151000");
    p.new_pw = TEXT("654321");
    p.warn_time_min = 5;
    qk_hj212_text qn = TEXT("20040516010101001");
    size_t n = qk_hj212_encode_request(frame, sizeof frame, &peer_2005, qn, 2051, &p);
    assert_segment(n, "QN=20040516010101001;ST=32;CN=2051;PW=123456;MN=88888880000001;Flag=3;CP=&&"
                      "BeginTime=20040506111000,EndTime=20040506151000&&");
    n = qk_hj212_encode_request(frame, sizeof frame, &peer_2005, qn, 1072, &p);
    assert_segment(
        n,
        "QN=20040516010101001;ST=32;CN=1072;PW=123456;MN=88888880000001;Flag=3;CP=&&PW=654321&&");
    n = qk_hj212_encode_request(frame, sizeof frame, &peer_2005, qn, 2012, &p);
    assert_segment(n, "QN=20040516010101001;ST=32;CN=2012;PW=123456;MN=88888880000001;CP=&&&&");
    n = qk_hj212_encode_request(frame, sizeof frame, &peer_2005, qn, 1001, &p);
    assert_segment(
        n,
        "QN=20040516010101001;ST=32;CN=1001;PW=123456;MN=88888880000001;Flag=3;CP=&&WarnTime=5&&");
    assert_int_equal(qk_hj212_encode_request(frame, sizeof frame, &peer_2005, qn, 1064, &p), 0);
    assert_int_equal(qk_hj212_encode_request(frame, sizeof frame, &peer_2005, qn, 9014, &p), 0);
    assert_int_equal(qk_hj212_encode_request(frame, sizeof frame, &peer_2005, qn, 4321, &p), 0);
}

static void test_hj212_encode__other_crcs_for_devices_that_want_them(void **state)
{
    (void)state;
    for (int kind = 0; kind <= QK_HJ212_CRC_MODBUS_SWAPPED; kind++) {
        qk_hj212_peer peer = peer_2017;
        peer.crc = (qk_hj212_crc_kind)kind;
        size_t n = qk_hj212_encode_command(frame, sizeof frame, &peer, TEXT(QN_QZ), 1061, TEXT(""));
        qk_hj212_frame f = only_frame(frame, n);
        assert_int_equal(f.crc, kind);
    }
}

static void test_hj212_encode__too_little_room_writes_no_frame(void **state)
{
    (void)state;
    qk_hj212_message m = {.version = QK_HJ212_2017,
                          .qn = TEXT(QN_QZ),
                          .st = TEXT("31"),
                          .cn = TEXT("2011"),
                          .pw = TEXT("123456"),
                          .mn = TEXT(MN_QZ),
                          .flag = 5,
                          .cp = TEXT("DataTime=20250101000000")};
    size_t n = qk_hj212_encode(frame, sizeof frame, &m);
    assert_true(n > 0);
    for (size_t size = 0; size < n; size++) {
        char *room = malloc(size + (size == 0)); /* a byte too many shows under a sanitizer */
        assert_int_equal(qk_hj212_encode(room, size, &m), 0);
        free(room);
    }
    assert_int_equal(qk_hj212_encode(frame, n, &m), n);
    static char huge[12000];
    memset(huge, 'x', sizeof huge);
    static char big[13000];
    m.cp = (qk_hj212_text){huge, sizeof huge};
    assert_int_equal(qk_hj212_encode(big, sizeof big, &m), 0);
    qk_hj212_text long_segment = {huge, 10000};
    assert_int_equal(qk_hj212_encode_segment(big, sizeof big, long_segment, 0), 0);
}

/* ---- splitting and joining ---- */

static char long_cp[6000];

static qk_hj212_message long_message(int factors)
{
    char *p = long_cp + sprintf(long_cp, "DataTime=20250101001000");
    for (int i = 0; i < factors; i++)
        p += sprintf(p, ";a%05d-Min=%d.5,a%05d-Avg=%d.7,a%05d-Max=%d.9,a%05d-Flag=N", i, i, i, i, i,
                     i, i);
    return (qk_hj212_message){.version = QK_HJ212_2017,
                              .qn = TEXT("20250101235959998"),
                              .st = TEXT("31"),
                              .cn = TEXT("2051"),
                              .pw = TEXT("123456"),
                              .mn = TEXT(MN_QZ),
                              .flag = 5,
                              .cp = {long_cp, strlen(long_cp)}};
}

static qk_hj212_join join;
static char join_memory[QK_HJ212_JOIN_MESSAGES * 8192], joined[8192];

static void start_join(void)
{
    qk_hj212_join_init(&join, join_memory, sizeof join_memory);
}

static void test_S072_hj212_parts__a_long_message_is_split_between_items(void **state)
{
    (void)state;
    qk_hj212_message m = long_message(40);
    qk_hj212_split split;
    int32_t parts = qk_hj212_split_init(&split, &m, 0);
    assert_int_equal(parts, 3);
    static const char *const qns[] = {"20250101235959998", "20250101235959999",
                                      "20250102000000000"};
    start_join();
    size_t n, len = 0;
    int32_t part = 0;
    while ((n = qk_hj212_split_next(&split, frame, sizeof frame)) > 0) {
        qk_hj212_frame f = only_frame(frame, n);
        assert_int_equal(f.deviations, 0); /* within 1,024 bytes above all */
        qk_hj212_packet p;
        qk_hj212_parse(&p, &f);
        assert_int_equal(p.deviations, 0);
        assert_int_equal(p.head.flags, 7);
        assert_int_equal(p.head.parts, parts);
        assert_int_equal(p.head.part, ++part);
        assert_memory_equal(p.head.qn.ptr, qns[part - 1], 17);
        assert_memory_equal(p.head.cp.ptr, "DataTime=20250101001000;a", 25);
        assert_memory_equal(p.head.cp.ptr + p.head.cp.len - 6, "Flag=N", 6);
        qk_hj212_joined how = qk_hj212_join_add(&join, &p.head, 0, joined, sizeof joined, &len);
        assert_int_equal(how, part == parts ? QK_HJ212_JOIN_WHOLE : QK_HJ212_JOIN_WAITING);
    }
    assert_int_equal(part, parts);
    assert_int_equal(len, m.cp.len);
    assert_memory_equal(joined, m.cp.ptr, len);
}

static void test_hj212_parts__what_fits_is_not_split(void **state)
{
    (void)state;
    qk_hj212_message m = long_message(5);
    qk_hj212_split split;
    assert_int_equal(qk_hj212_split_init(&split, &m, 0), 1);
    size_t n = qk_hj212_split_next(&split, frame, sizeof frame);
    qk_hj212_frame f = only_frame(frame, n);
    qk_hj212_packet p;
    qk_hj212_parse(&p, &f);
    assert_int_equal(p.head.flags, 5);
    assert_null(p.head.pnum.ptr);
    assert_int_equal(qk_hj212_split_next(&split, frame, sizeof frame), 0);
}

static void test_hj212_parts__a_group_that_never_fits_is_refused(void **state)
{
    (void)state;
    qk_hj212_message m = long_message(5);
    qk_hj212_split split;
    assert_int_equal(qk_hj212_split_init(&split, &m, 180), 0);
    static char text[2000];
    int n = sprintf(text, "DataTime=20250101001000;i11001-Info=//%01500d;1//;i12001-Info=1", 0);
    m.cp = (qk_hj212_text){text, (size_t)n};
    assert_int_equal(qk_hj212_split_init(&split, &m, 0), 0);
    n = sprintf(text, "DataTime=20250101001000;;i11001-Info=//%0700d;1//;;;i12001-Info=//%0700d//;",
                0, 0);
    m.cp.len = (size_t)n;
    assert_int_equal(qk_hj212_split_init(&split, &m, 0), 2);
    size_t first = qk_hj212_split_next(&split, frame, sizeof frame);
    assert_memory_equal(frame + first - 13, "0;1//&&", 7);
}

/* Splits and hands the packets' heads to fn in an order of the test's own. */
static size_t split_all(const qk_hj212_message *m, char frames[][1100], size_t *lens)
{
    qk_hj212_split split;
    qk_hj212_split_init(&split, m, 0);
    size_t n = 0;
    while ((lens[n] = qk_hj212_split_next(&split, frames[n], 1100)) > 0) n++;
    return n;
}

static qk_hj212_head head_of_frame(const char *bytes, size_t len)
{
    qk_hj212_frame f = only_frame(bytes, len);
    qk_hj212_head h;
    assert_true(qk_hj212_head_read(&h, f.segment));
    return h;
}

static void test_S072_hj212_parts__order_and_repeats_do_not_matter(void **state)
{
    (void)state;
    static char frames[8][1100];
    size_t lens[9], len;
    qk_hj212_message m = long_message(40);
    size_t n = split_all(&m, frames, lens);
    assert_int_equal(n, 3);
    start_join();
    static const int order[] = {2, 0, 2, 0};
    static const qk_hj212_joined want[] = {QK_HJ212_JOIN_WAITING, QK_HJ212_JOIN_WAITING,
                                           QK_HJ212_JOIN_REPEAT, QK_HJ212_JOIN_REPEAT};
    for (int i = 0; i < 4; i++) {
        qk_hj212_head h = head_of_frame(frames[order[i]], lens[order[i]]);
        assert_int_equal(qk_hj212_join_add(&join, &h, 10, joined, sizeof joined, &len), want[i]);
    }
    qk_hj212_head h = head_of_frame(frames[1], lens[1]);
    assert_int_equal(qk_hj212_join_add(&join, &h, 10, joined, sizeof joined, &len),
                     QK_HJ212_JOIN_WHOLE);
    assert_int_equal(len, m.cp.len);
    assert_memory_equal(joined, m.cp.ptr, len);
}

static void test_S072_hj212_parts__what_came_is_kept_when_a_part_is_lost(void **state)
{
    (void)state;
    static char frames[8][1100];
    size_t lens[9], len;
    qk_hj212_message m = long_message(40);
    split_all(&m, frames, lens);
    start_join();
    for (int i = 0; i < 3; i += 2) {
        qk_hj212_head h = head_of_frame(frames[i], lens[i]);
        qk_hj212_join_add(&join, &h, 1000, joined, sizeof joined, &len);
    }
    assert_false(qk_hj212_join_expire(&join, 1000, joined, sizeof joined, &len));
    assert_true(qk_hj212_join_expire(&join, 1001, joined, sizeof joined, &len));
    joined[len] = 0;
    assert_non_null(strstr(joined, "a00000-Min"));
    assert_non_null(strstr(joined, "a00039-Max"));
    assert_null(strstr(strstr(joined, "DataTime") + 1, "DataTime"));
    assert_false(qk_hj212_join_expire(&join, 1001, joined, sizeof joined, &len));
}

static void test_hj212_parts__impossible_parts_are_taken_as_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *numbers;
        qk_hj212_joined want;
    } cases[] = {
        {"", QK_HJ212_JOIN_SINGLE},
        {"PNUM=1;PNO=1;", QK_HJ212_JOIN_SINGLE},
        {"PNUM=2;PNO=3;", QK_HJ212_JOIN_REFUSED},
        {"PNUM=2;PNO=0;", QK_HJ212_JOIN_REFUSED},
        {"PNUM=9999;PNO=1;", QK_HJ212_JOIN_REFUSED},
        {"PNUM=x;PNO=1;", QK_HJ212_JOIN_REFUSED},
        {"PNUM=2;", QK_HJ212_JOIN_REFUSED},
    };
    start_join();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char s[200];
        size_t len;
        sprintf(s, "QN=" QN_QZ ";ST=31;CN=2011;PW=1;MN=A;Flag=7;%sCP=&&a=1&&", cases[i].numbers);
        qk_hj212_head h = head_of(s);
        assert_int_equal(qk_hj212_join_add(&join, &h, 0, joined, sizeof joined, &len),
                         cases[i].want);
    }
}

static void test_hj212_parts__memory_is_bounded_and_the_oldest_gives_way(void **state)
{
    (void)state;
    start_join();
    size_t len;
    for (int i = 0; i < 3 * QK_HJ212_JOIN_MESSAGES; i++) {
        char s[200];
        sprintf(s, "QN=" QN_QZ ";ST=31;CN=2011;PW=1;MN=A%d;Flag=7;PNUM=2;PNO=1;CP=&&a=1&&", i);
        qk_hj212_head h = head_of(s);
        assert_int_equal(qk_hj212_join_add(&join, &h, i, joined, sizeof joined, &len),
                         QK_HJ212_JOIN_WAITING);
    }
    assert_int_equal(join.dropped, 2 * QK_HJ212_JOIN_MESSAGES);
    qk_hj212_join small;
    qk_hj212_join_init(&small, join_memory, QK_HJ212_JOIN_MESSAGES * 4);
    qk_hj212_head h =
        head_of("QN=" QN_QZ ";ST=31;CN=2011;PW=1;MN=A;Flag=7;PNUM=2;PNO=1;CP=&&a=1;b=2&&");
    assert_int_equal(qk_hj212_join_add(&small, &h, 0, joined, sizeof joined, &len),
                     QK_HJ212_JOIN_REFUSED);
    h = head_of("QN=" QN_QZ ";ST=31;CN=2011;PW=1;MN=A;Flag=7;PNUM=2;PNO=1;CP=&&a=1&&");
    assert_int_equal(qk_hj212_join_add(&small, &h, 0, joined, sizeof joined, &len),
                     QK_HJ212_JOIN_WAITING);
    h = head_of("QN=" QN_QZ ";ST=31;CN=2011;PW=1;MN=A;Flag=7;PNUM=2;PNO=2;CP=&&b=2&&");
    assert_int_equal(qk_hj212_join_add(&small, &h, 0, joined, sizeof joined, &len),
                     QK_HJ212_JOIN_REFUSED);
}

static void test_hj212_tables__commands_systems_flags_and_results(void **state)
{
    (void)state;
    int32_t last = 0;
    for (const qk_hj212_command *c = qk_hj212_commands(); c->code; c++) {
        assert_true(c->code > last);
        last = c->code;
        assert_ptr_equal(qk_hj212_command_find(c->code), c);
        assert_true(c->zh && c->en && c->kind && c->versions);
    }
    assert_null(qk_hj212_command_find(0));
    assert_null(qk_hj212_command_find(2010));
    assert_null(qk_hj212_command_find(99999));
    assert_true(qk_hj212_command_find(2051)->is_history);
    assert_string_equal(qk_hj212_system_find(TEXT("39"))->en, "construction-site dust");
    assert_null(qk_hj212_system_find(TEXT("99")));
    assert_string_equal(qk_hj212_flag_find('T')->en, "above the range");
    assert_null(qk_hj212_flag_find('x'));
    assert_true(qk_hj212_flag_is_valid('N'));
    assert_false(qk_hj212_flag_is_valid('D'));
    assert_string_equal(qk_hj212_qn_returns()[8].code, "9");
    assert_string_equal(qk_hj212_exe_returns()[6].code, "100");
}

static void test_hj212_tables__factors_are_found_by_new_and_old_codes(void **state)
{
    (void)state;
    size_t n;
    const qk_hj212_factor *f = qk_hj212_factors(&n);
    for (size_t i = 0; i < n; i++) {
        assert_true(i == 0 || strcmp(f[i - 1].code, f[i].code) < 0);
        assert_ptr_equal(qk_hj212_factor_find(qk_hj212_text_of(f[i].code)), &f[i]);
        assert_true(f[i].zh && f[i].en && f[i].medium && f[i].versions);
        if (f[i].old) assert_ptr_equal(qk_hj212_factor_find(qk_hj212_text_of(f[i].old)), &f[i]);
    }
    assert_string_equal(qk_hj212_factor_find(TEXT("a21026"))->en, "sulfur dioxide");
    assert_string_equal(qk_hj212_factor_find(TEXT("02"))->code, "a21026");
    assert_string_equal(qk_hj212_factor_find(TEXT("a34004"))->in_use, "ug/m3");
    assert_int_equal(qk_hj212_factor_find(TEXT("a05024"))->versions, QK_HJ212_IN_USE);
    assert_null(qk_hj212_factor_find(TEXT("a2102")));
    assert_null(qk_hj212_factor_find(TEXT("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S072_hj212_encode__answers_of_2017_and_2025),
        cmocka_unit_test(test_S072_hj212_encode__answers_of_2005),
        cmocka_unit_test(test_S072_hj212_encode__requests_of_the_platform),
        cmocka_unit_test(test_S072_hj212_encode__requests_stand_in_the_2017_annex),
        cmocka_unit_test(test_S072_hj212_encode__requests_of_2005),
        cmocka_unit_test(test_hj212_encode__other_crcs_for_devices_that_want_them),
        cmocka_unit_test(test_hj212_encode__too_little_room_writes_no_frame),
        cmocka_unit_test(test_S072_hj212_parts__a_long_message_is_split_between_items),
        cmocka_unit_test(test_hj212_parts__what_fits_is_not_split),
        cmocka_unit_test(test_hj212_parts__a_group_that_never_fits_is_refused),
        cmocka_unit_test(test_S072_hj212_parts__order_and_repeats_do_not_matter),
        cmocka_unit_test(test_S072_hj212_parts__what_came_is_kept_when_a_part_is_lost),
        cmocka_unit_test(test_hj212_parts__impossible_parts_are_taken_as_they_are),
        cmocka_unit_test(test_hj212_parts__memory_is_bounded_and_the_oldest_gives_way),
        cmocka_unit_test(test_hj212_tables__commands_systems_flags_and_results),
        cmocka_unit_test(test_hj212_tables__factors_are_found_by_new_and_old_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
