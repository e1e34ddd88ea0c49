/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#define HEAD_QZ "QN=20250101001003123;ST=31;CN=2051;PW=123456;MN=" MN_QZ ";Flag=5;"
#define CP_QZ                                                                                      \
    "CP=&&DataTime=20250101001000;a21026-Min=10.1,a21026-Avg=12.50,a21026-Max=15.0,a21026-Flag=N&" \
    "&"
#define SEGMENT_QZ HEAD_QZ CP_QZ

typedef struct seen {
    size_t frames;
    char log[1 << 16]; /* one line a frame: what was decided */
    size_t used;
} seen;

static void record(seen *s, const qk_hj212_frame *f)
{
    s->frames++;
    int n = snprintf(s->log + s->used, sizeof s->log - s->used, "%.*s|%d|%d|%d|%d|%d|%llx|%zu\n",
                     (int)f->segment.len, f->segment.ptr, f->declared, f->length_ok, (int)f->crc,
                     (int)f->line_end, (int)f->refusal, (unsigned long long)f->deviations,
                     f->whole.len);
    assert_true(n > 0 && s->used + (size_t)n < sizeof s->log);
    s->used += (size_t)n;
}

/* Feeds the stream in pieces of which `next_piece` tells the sizes. */
static void feed(seen *s, const char *stream, size_t len, size_t first, size_t step_size)
{
    s->frames = s->used = 0;
    size_t have = 0, at = 0;
    while (at < len) {
        have = have == 0 ? first : have + step_size;
        if (have > len || have == 0) have = len;
        qk_hj212_frame f;
        qk_hj212_step step;
        qk_hj212_found found;
        while ((found = qk_hj212_next(stream + at, have - at, have == len, &f, &step)) !=
               QK_HJ212_MORE) {
            assert_true(step.consumed > 0 && step.consumed <= have - at);
            if (found == QK_HJ212_FRAME) record(s, &f);
            at += step.consumed;
        }
    }
}

static void check_any_cut(const char *stream, size_t len)
{
    static seen whole, pieces;
    feed(&whole, stream, len, len, len);
    for (size_t cut = 1; cut < len; cut++) {
        feed(&pieces, stream, len, cut, len);
        assert_int_equal(pieces.used, whole.used);
        assert_memory_equal(pieces.log, whole.log, whole.used);
    }
    for (size_t size = 1; size < 8; size++) {
        feed(&pieces, stream, len, size, size);
        assert_int_equal(pieces.used, whole.used);
        assert_memory_equal(pieces.log, whole.log, whole.used);
    }
}

static void test_S072_hj212_frame__a_conforming_frame_passes(void **state)
{
    (void)state;
    char bytes[512];
    size_t n = wrap(bytes, SEGMENT_QZ);
    qk_hj212_frame f = only_frame(bytes, n);
    assert_true(f.length_ok);
    assert_int_equal(f.crc, QK_HJ212_CRC_STANDARD);
    assert_int_equal(f.line_end, QK_HJ212_END_CRLF);
    assert_int_equal(f.deviations, 0);
    assert_int_equal(f.segment.len, strlen(SEGMENT_QZ));
    assert_int_equal(qk_hj212_frame_check(&f, QK_HJ212_ACCEPT_STANDARD), QK_HJ212_USABLE);
}

static void test_S072_hj212_frame__a_changed_byte_is_refused_for_its_crc(void **state)
{
    (void)state;
    char bytes[512];
    size_t n = wrap(bytes, SEGMENT_QZ);
    for (size_t i = 6; i < n - 8; i++) {
        char kept = bytes[i];
        bytes[i] ^= 1;
        qk_hj212_frame f = only_frame(bytes, n);
        assert_int_equal(qk_hj212_frame_check(&f, QK_HJ212_ACCEPT_STANDARD), QK_HJ212_R_CRC);
        assert_true(f.length_ok);
        bytes[i] = kept;
    }
}

typedef struct crc_case {
    const char *name;
    qk_hj212_crc_kind kind;
    qk_hj212_deviation deviation;
} crc_case;

static uint16_t crc_of_kind(const char *s, qk_hj212_crc_kind kind)
{
    uint16_t v = qk_hj212_crc_bitwise(s, strlen(s));
    if (kind == QK_HJ212_CRC_MODBUS || kind == QK_HJ212_CRC_MODBUS_SWAPPED)
        v = qk_hj212_crc_modbus(s, strlen(s));
    if (kind == QK_HJ212_CRC_SWAPPED || kind == QK_HJ212_CRC_MODBUS_SWAPPED)
        v = (uint16_t)(v << 8 | v >> 8);
    if (kind == QK_HJ212_CRC_STALE) v = qk_hj212_crc_bitwise("x", 1);
    if (kind == QK_HJ212_CRC_OTHER) v = 0x1234;
    return v;
}

static void test_S072_hj212_frame__other_crc_algorithms_are_named(void **state)
{
    (void)state;
    static const crc_case cases[] = {
        {"swapped", QK_HJ212_CRC_SWAPPED, QK_HJ212_D_CRC_SWAPPED},
        {"modbus", QK_HJ212_CRC_MODBUS, QK_HJ212_D_CRC_MODBUS},
        {"modbus swapped", QK_HJ212_CRC_MODBUS_SWAPPED, QK_HJ212_D_CRC_MODBUS_SWAPPED},
        {"stale", QK_HJ212_CRC_STALE, QK_HJ212_D_CRC_STALE},
        {"other", QK_HJ212_CRC_OTHER, QK_HJ212_D_CRC_OTHER},
    };
    char bytes[512];
    size_t n = wrap(bytes, SEGMENT_QZ);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sprintf(bytes + n - 6, "%04X\r\n", crc_of_kind(SEGMENT_QZ, cases[i].kind));
        qk_hj212_frame f = only_frame(bytes, n);
        assert_int_equal(f.crc, cases[i].kind);
        assert_int_equal(f.deviations, QK_HJ212_BIT(cases[i].deviation));
        assert_int_equal(qk_hj212_frame_check(&f, QK_HJ212_ACCEPT_STANDARD), QK_HJ212_R_CRC);
        qk_hj212_refusal known = qk_hj212_frame_check(&f, QK_HJ212_ACCEPT_KNOWN);
        assert_int_equal(known == QK_HJ212_USABLE, cases[i].kind <= QK_HJ212_CRC_MODBUS_SWAPPED);
        assert_int_equal(qk_hj212_frame_check(&f, QK_HJ212_ACCEPT_ANY), QK_HJ212_USABLE);
    }
}

static void test_hj212_frame__policies_accept_what_they_say(void **state)
{
    (void)state;
    qk_hj212_frame f = {.length_ok = true, .crc = QK_HJ212_CRC_MODBUS};
    assert_int_equal(qk_hj212_frame_check(&f, QK_HJ212_ACCEPT_MODBUS), QK_HJ212_USABLE);
    assert_int_equal(qk_hj212_frame_check(&f, QK_HJ212_ACCEPT_MODBUS_SWAPPED), QK_HJ212_R_CRC);
    f.crc = QK_HJ212_CRC_MODBUS_SWAPPED;
    assert_int_equal(qk_hj212_frame_check(&f, QK_HJ212_ACCEPT_MODBUS), QK_HJ212_R_CRC);
    assert_int_equal(qk_hj212_frame_check(&f, QK_HJ212_ACCEPT_MODBUS_SWAPPED), QK_HJ212_USABLE);
    f.length_ok = false;
    assert_int_equal(qk_hj212_frame_check(&f, QK_HJ212_ACCEPT_STANDARD), QK_HJ212_R_LENGTH);
    f.refusal = QK_HJ212_R_TRUNCATED;
    assert_int_equal(qk_hj212_frame_check(&f, QK_HJ212_ACCEPT_ANY), QK_HJ212_R_TRUNCATED);
}

static void test_S072_hj212_frame__lower_case_crc_is_the_standards(void **state)
{
    (void)state;
    char bytes[512];
    size_t n = wrap(bytes, SEGMENT_QZ "");
    const char *more = HEAD_QZ "CP=&&DataTime=20250101001000;a21026-Avg=12.51&&";
    n = wrap(bytes, more);
    uint16_t crc = qk_hj212_crc_bitwise(more, strlen(more));
    sprintf(bytes + n - 6, "%04x\r\n", crc);
    qk_hj212_frame f = only_frame(bytes, n);
    assert_int_equal(f.crc, QK_HJ212_CRC_STANDARD);
    bool letters = strpbrk(f.crc_text.ptr, "abcdef") < f.crc_text.ptr + 4;
    assert_int_equal(f.deviations, letters ? QK_HJ212_BIT(QK_HJ212_D_CRC_LOWER_CASE) : 0);
    assert_true(letters);
}

static void test_S072_hj212_frame__wrong_length_with_right_crc_is_usable(void **state)
{
    (void)state;
    char bytes[512];
    for (int error = -60; error <= 60; error++) {
        size_t n = wrap(bytes, SEGMENT_QZ);
        char digits[16];
        snprintf(digits, sizeof digits, "%04d", (int)strlen(SEGMENT_QZ) + error);
        memcpy(bytes + 2, digits, 4);
        qk_hj212_frame f = only_frame(bytes, n);
        assert_int_equal(f.length_ok, error == 0);
        assert_int_equal(f.segment.len, strlen(SEGMENT_QZ));
        assert_int_equal(qk_hj212_frame_check(&f, QK_HJ212_ACCEPT_STANDARD), QK_HJ212_USABLE);
        assert_int_equal(f.deviations, error ? QK_HJ212_BIT(QK_HJ212_D_LENGTH_DECLARED_WRONG) : 0);
    }
}

static void
test_S072_hj212_frame__wrong_length_and_wrong_crc_is_refused_for_its_length(void **state)
{
    (void)state;
    char bytes[512];
    size_t n = wrap(bytes, SEGMENT_QZ);
    memcpy(bytes + 2, "0100", 4);
    bytes[20] ^= 2;
    qk_hj212_frame f = only_frame(bytes, n);
    assert_int_equal(qk_hj212_frame_check(&f, QK_HJ212_ACCEPT_STANDARD), QK_HJ212_R_LENGTH);
    assert_int_equal(f.segment.len, strlen(SEGMENT_QZ));
}

static void test_hj212_frame__long_length_fields_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        int width;
    } forms[] = {{"##", 6}, {"##0001", 4}, {"##", 5}, {"##", 3}, {"##", 7}};
    char bytes[600], rest[512];
    size_t n = wrap(rest, SEGMENT_QZ);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        int head = snprintf(bytes, sizeof bytes, "%s%0*d", forms[i].before, forms[i].width,
                            (int)strlen(SEGMENT_QZ));
        memcpy(bytes + head, rest + 6, n - 6);
        qk_hj212_frame f = only_frame(bytes, (size_t)head + n - 6);
        assert_true(f.length_ok);
        assert_int_equal(f.deviations, QK_HJ212_BIT(QK_HJ212_D_LENGTH_FIELD_FORM));
        assert_int_equal(f.crc, QK_HJ212_CRC_STANDARD);
    }
}

static void test_hj212_frame__letters_in_the_length_field(void **state)
{
    (void)state;
    char bytes[512];
    size_t n = wrap(bytes, SEGMENT_QZ);
    memcpy(bytes + 2, "0x1A", 4);
    qk_hj212_frame f = only_frame(bytes, n);
    assert_int_equal(f.declared, -1);
    assert_false(f.length_ok);
    assert_int_equal(qk_hj212_frame_check(&f, QK_HJ212_ACCEPT_STANDARD), QK_HJ212_USABLE);
}

static void test_hj212_frame__line_ends(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        qk_hj212_line_end kind;
        uint64_t deviation;
    } cases[] = {
        {"\r\n", QK_HJ212_END_CRLF, 0},
        {"\n", QK_HJ212_END_LF, QK_HJ212_BIT(QK_HJ212_D_LINE_END_LF)},
        {"\r", QK_HJ212_END_CR, QK_HJ212_BIT(QK_HJ212_D_LINE_END_CR)},
        {"", QK_HJ212_END_NONE, QK_HJ212_BIT(QK_HJ212_D_LINE_END_MISSING)},
        {"**", QK_HJ212_END_STARS, QK_HJ212_BIT(QK_HJ212_D_LINE_END_STARS)},
        {"**\r\n", QK_HJ212_END_STARS, QK_HJ212_BIT(QK_HJ212_D_LINE_END_STARS)},
    };
    char bytes[2048];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = 0;
        for (int k = 0; k < 3; k++) {
            n += wrap(bytes + n, SEGMENT_QZ) - 2;
            n += (size_t)sprintf(bytes + n, "%s", cases[i].text);
        }
        static seen s;
        feed(&s, bytes, n, n, n);
        assert_int_equal(s.frames, 3);
        qk_hj212_frame f;
        qk_hj212_step step;
        assert_int_equal(qk_hj212_next(bytes, n, false, &f, &step), QK_HJ212_FRAME);
        assert_int_equal(f.line_end, cases[i].kind);
        assert_int_equal(f.deviations, cases[i].deviation);
        check_any_cut(bytes, n);
    }
}

static void test_S072_hj212_frame__rubbish_between_frames_gives_no_frame(void **state)
{
    (void)state;
    static const char *const rubbish[] = {"hello\r\n", "#",       "##",         "###",  "##12",
                                          "##garbage", "##12##",  "\r\n\n",     "\0x",  "####",
                                          "##9999",    "##1234 ", "&&1C80\r\n", "##QN", "# #"};
    char bytes[4096];
    for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) {
        size_t n = 0;
        for (int k = 0; k < 2; k++) {
            n += (size_t)sprintf(bytes + n, "%s", rubbish[i]);
            n += wrap(bytes + n, SEGMENT_QZ);
        }
        n += (size_t)sprintf(bytes + n, "%s", "tail");
        static seen s;
        feed(&s, bytes, n, n, n);
        assert_int_equal(s.frames, 2);
        check_any_cut(bytes, n);
    }
}

static void
test_S072_hj212_frame__a_frame_cut_anywhere_is_truncated_and_the_next_is_read(void **state)
{
    (void)state;
    char bytes[2048], one[512];
    size_t n = wrap(one, SEGMENT_QZ);
    for (size_t cut = 16; cut < n - 6; cut++) {
        memcpy(bytes, one, cut);
        size_t total = cut + wrap(bytes + cut, SEGMENT_QZ);
        qk_hj212_frame f;
        qk_hj212_step step;
        assert_int_equal(qk_hj212_next(bytes, total, true, &f, &step), QK_HJ212_FRAME);
        assert_int_equal(f.refusal, QK_HJ212_R_TRUNCATED);
        assert_int_equal(step.consumed, cut);
        f = only_frame(bytes + cut, total - cut);
        assert_int_equal(f.deviations, 0);
    }
    qk_hj212_frame f = only_frame(one, 40);
    assert_int_equal(f.refusal, QK_HJ212_R_TRUNCATED);
}

static void test_hj212_frame__a_missing_cp_end_is_forgiven_when_the_crc_fits(void **state)
{
    (void)state;
    char bytes[512];
    char segment[400];
    snprintf(segment, sizeof segment, "%s", SEGMENT_QZ);
    segment[strlen(segment) - 2] = 0;
    size_t n = wrap(bytes, segment);
    memcpy(bytes + 2, "0123", 4);
    qk_hj212_frame f = only_frame(bytes, n);
    assert_int_equal(f.crc, QK_HJ212_CRC_STANDARD);
    assert_true(f.deviations & QK_HJ212_BIT(QK_HJ212_D_CP_END_MISSING));
    check_any_cut(bytes, n);
    wrap(bytes, segment);
    f = only_frame(bytes, n);
    assert_true(f.length_ok);
    assert_int_equal(f.deviations, QK_HJ212_BIT(QK_HJ212_D_CP_END_MISSING));
}

static void test_hj212_frame__something_else_in_the_place_of_the_crc(void **state)
{
    (void)state;
    char bytes[512];
    int n = sprintf(bytes, "##%04zu%s?A\r\n", strlen(SEGMENT_QZ), SEGMENT_QZ);
    qk_hj212_frame f = only_frame(bytes, (size_t)n);
    assert_int_equal(f.crc, QK_HJ212_CRC_MISSING);
    assert_int_equal(qk_hj212_frame_check(&f, QK_HJ212_ACCEPT_KNOWN), QK_HJ212_R_CRC);
    assert_int_equal(qk_hj212_frame_check(&f, QK_HJ212_ACCEPT_ANY), QK_HJ212_USABLE);
    check_any_cut(bytes, (size_t)n);
}

static void test_hj212_frame__an_empty_segment_is_a_frame(void **state)
{
    (void)state;
    qk_hj212_frame f = only_frame("##0000FFFF\r\n", 12);
    assert_int_equal(f.crc, QK_HJ212_CRC_STANDARD);
    assert_int_equal(f.segment.len, 0);
    check_any_cut("##0000FFFF\r\n", 12);
}

static void test_S072_hj212_frame__cipher_text_passes_by_its_length(void **state)
{
    (void)state;
    char segment[512], bytes[600];
    size_t head = (size_t)sprintf(segment, "%sCP=&&", HEAD_QZ);
    size_t n = head;
    static const char nasty[] = "##0101QN=\r\n&&1C80\r\n##&&AB12\r\n\0\xff##9999QN=&&";
    memcpy(segment + n, nasty, sizeof nasty - 1);
    n += sizeof nasty - 1;
    memcpy(segment + n, "&&", 2);
    n += 2;
    size_t total = wrap_bytes(bytes, segment, n);
    memcpy(bytes + total - 6, "2200", 4); /* of the plain text: fits nothing here */
    qk_hj212_frame f = only_frame(bytes, total);
    assert_true(f.length_ok);
    assert_true(f.binary);
    total += wrap(bytes + total, "QN=1;ST=31;CN=9015;MN=A;Flag=9;CP=&&&&");
    check_any_cut(bytes, total);
}

static void test_hj212_frame__a_stalled_sender_is_noticed(void **state)
{
    (void)state;
    char bytes[1024];
    size_t n = wrap(bytes, SEGMENT_QZ);
    qk_hj212_frame f;
    qk_hj212_step step;
    for (size_t have = 1; have < n; have++) {
        assert_int_equal(qk_hj212_next(bytes, have, false, &f, &step), QK_HJ212_MORE);
        assert_int_equal(step.ends_here, have >= n - 2);
    }
    memcpy(bytes + 2, "0999", 4); /* waits for bytes that will not come */
    assert_int_equal(qk_hj212_next(bytes, n, false, &f, &step), QK_HJ212_MORE);
    assert_true(step.ends_here);
    n = 100; /* a torn frame, then a good one shorter than what the first declared */
    n += wrap(bytes + n, "QN=20250101001003123;ST=91;CN=9013;MN=" MN_QZ ";Flag=4;CP=&&&&");
    memcpy(bytes + 2, "0999", 4);
    assert_int_equal(qk_hj212_next(bytes, n, false, &f, &step), QK_HJ212_MORE);
    assert_true(step.ends_here);
}

static void test_S072_hj212_frame__an_endless_frame_is_cut_off_and_the_stream_goes_on(void **state)
{
    (void)state;
    enum { NOISE = 70000 };
    static char bytes[NOISE + 600];
    memset(bytes, 'x', NOISE);
    memcpy(bytes, "##9999QN=20250101", 17);
    size_t n = NOISE + wrap(bytes + NOISE, SEGMENT_QZ);
    static seen s;
    feed(&s, bytes, n, n, n);
    assert_int_equal(s.frames, 2);
    qk_hj212_frame f;
    qk_hj212_step step;
    assert_int_equal(qk_hj212_next(bytes, n, false, &f, &step), QK_HJ212_FRAME);
    assert_int_equal(f.refusal, QK_HJ212_R_TOO_LONG);
    assert_int_equal(step.consumed, QK_HJ212_FRAME_MAX);
    assert_int_equal(
        qk_hj212_next(bytes, QK_HJ212_FRAME_MAX + QK_HJ212_LOOKAHEAD, false, &f, &step),
        QK_HJ212_FRAME);
    static seen pieces;
    feed(&pieces, bytes, n, 1000, 777);
    assert_int_equal(pieces.used, s.used);
    assert_memory_equal(pieces.log, s.log, s.used);
}

static void test_hj212_frame__a_limit_of_ones_own_holds(void **state)
{
    (void)state;
    char bytes[512];
    size_t n = wrap(bytes, SEGMENT_QZ);
    qk_hj212_frame f;
    qk_hj212_step step;
    assert_int_equal(qk_hj212_next_within(bytes, n, true, n, &f, &step), QK_HJ212_FRAME);
    assert_int_equal(f.refusal, QK_HJ212_USABLE);
    assert_int_equal(qk_hj212_next_within(bytes, n, true, 100, &f, &step), QK_HJ212_FRAME);
    assert_int_equal(f.refusal, QK_HJ212_R_TOO_LONG);
}

/* Counts what the framer does with a flood; the time is bounded by the test's own time limit: a
 * quadratic walk over 8 MiB would take hours. */
static void test_S072_hj212_frame__floods_of_rubbish_cost_linear_time(void **state)
{
    (void)state;
    static const char *const patterns[] = {
        "##9999QN=",         "##", "#", "##0999QN=&&1234X", "&&1234\r\n", "##9000QN=1;&&ABCD\r\n",
        "##1000ST=&&12340##"};
    enum { SIZE = 8 << 20 };
    char *bytes = malloc(SIZE);
    assert_non_null(bytes);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        size_t k = strlen(patterns[i]);
        for (size_t at = 0; at < SIZE; at++) bytes[at] = patterns[i][at % k];
        size_t at = 0;
        qk_hj212_frame f;
        qk_hj212_step step;
        while (qk_hj212_next(bytes + at, SIZE - at, true, &f, &step) != QK_HJ212_MORE) {
            assert_true(step.consumed > 0);
            at += step.consumed;
        }
        assert_int_equal(at, SIZE);
    }
    free(bytes);
}

static void test_S072_hj212_frame__any_cut_of_a_mixed_stream_gives_the_same_frames(void **state)
{
    (void)state;
    static char bytes[8192];
    size_t n = wrap(bytes, SEGMENT_QZ);
    n += (size_t)sprintf(bytes + n, "noise##12\r\n");
    n += wrap(bytes + n, "ST=32;CN=2011;PW=123456;MN=QZ000001;CP=&&DataTime=20250101000000&&");
    size_t torn = wrap(bytes + n, SEGMENT_QZ);
    n += torn / 2;
    size_t at = n;
    n += wrap(bytes + n, SEGMENT_QZ) - 2; /* no line end */
    memcpy(bytes + at + 2, "0042", 4);
    at = n;
    n += wrap(bytes + n, HEAD_QZ "CP=&&i11001-Info=//a;b&&1234\r\nc,//&&");
    n += (size_t)sprintf(bytes + n, "##0009QN=1;CP=&&?A\r\n");
    at = n;
    n += wrap(bytes + n, SEGMENT_QZ);
    bytes[at + 8] = '?'; /* damage where the first name should be */
    n += (size_t)sprintf(bytes + n, "##0222 noise");
    n += wrap(bytes + n, SEGMENT_QZ);
    check_any_cut(bytes, n);
}

/* Every line of the packets as a stream, with CR LF put back, against the verdicts of an
 * independent checker. */
static const char *kind_name(qk_hj212_frame *f)
{
    static const char *const names[] = {"STD",   "STD_SW", "MODBUS", "MODBUS_SW",
                                        "STALE", "OTHER",  "NONE"};
    bool small = f->deviations & QK_HJ212_BIT(QK_HJ212_D_CRC_LOWER_CASE);
    return f->crc == QK_HJ212_CRC_STANDARD && small ? "STD_LC" : names[f->crc];
}

static void check_line(const char *packet, size_t len, const char *verdict_line)
{
    char declared[16], actual[16], ok[8], sent[8], verdict[16];
    assert_int_equal(
        sscanf(verdict_line, "%*d %15s %15s %7s %7s %15s", declared, actual, ok, sent, verdict), 5);
    static char bytes[4096];
    memcpy(bytes, packet, len);
    memcpy(bytes + len, "\r\n", 2);
    qk_hj212_frame f = only_frame(bytes, len + 2);
    if (strcmp(verdict, "NONE") == 0)
        return; /* the checker wants "&&" + CRC, the framer may know more */
    assert_string_equal(kind_name(&f), verdict);
    assert_int_equal(f.segment.len, atoi(actual));
    assert_int_equal(f.length_ok, strcmp(ok, "yes") == 0);
}

static void check_packet_file(const char *stem)
{
    char name[128];
    size_t len = 0, verdict_len = 0;
    snprintf(name, sizeof name, "%s.txt", stem);
    char *packets = read_packets(name, &len);
    if (!packets) skip_without_packets(name);
    snprintf(name, sizeof name, "%s.crc.tsv", stem);
    char *verdicts = read_packets(name, &verdict_len);
    assert_non_null(verdicts);
    verdicts[verdict_len] = 0;
    const char *row = verdicts;
    for (char *p = packets, *end = packets + len; p < end;) {
        char *stop = memchr(p, '\n', (size_t)(end - p));
        if (!stop) stop = end;
        if (stop > p) {
            row = strchr(row, '\n') + 1;
            check_line(p, (size_t)(stop - p), row);
        }
        p = stop + 1;
    }
    free(packets);
    free(verdicts);
}

static void test_S072_hj212_frame__verdicts_on_real_packets_agree_with_the_checker(void **state)
{
    (void)state;
    static const char *const stems[] = {"bulk_mutoushirana_log",
                                        "c_cems2017_lepan",
                                        "cs_2005_trailing_comma",
                                        "cs_baoshan_2011",
                                        "cs_baoshan_2014",
                                        "cs_voc_18AAH",
                                        "flash520_hj212",
                                        "go_myhj_2020",
                                        "java_2005_water_2018",
                                        "java_dust_212guobiao",
                                        "java_electricity_410183",
                                        "java_fume_badcrc_1",
                                        "java_fume_badcrc_2",
                                        "java_iot_zyjcy",
                                        "js_2005_cems",
                                        "libem_HJ212-Moniter",
                                        "mutoushirana_HJ212Virtual_log",
                                        "php_2005_water_2015",
                                        "php_2024_mixed",
                                        "php_2024_voc_hour",
                                        "php_dust_690000",
                                        "php_electricity_ea3001",
                                        "php_electricity_timesync",
                                        "py_2026_flag8_ack",
                                        "py_2026_flag9_water",
                                        "sCair_Hj212-Distribute_log",
                                        "std_official_2017_2025",
                                        "tonyxia2016_HJ212Receiver_rxlog",
                                        "xiaoyao9184_hj-t212-parser",
                                        "zhbhjt_c_2005_commands_modbus"};
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) check_packet_file(stems[i]);
}

static void test_hj212_frame__any_cut_of_real_packets_gives_the_same_frames(void **state)
{
    (void)state;
    static const char *const names[] = {"tonyxia2016_HJ212Receiver_rxlog.txt",
                                        "libem_HJ212-Moniter.txt", "java_fume_badcrc_1.txt",
                                        "sCair_Hj212-Distribute_log.txt", "go_myhj_2020.txt"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len;
        char *bytes = read_packets(names[i], &len);
        if (!bytes) skip_without_packets(names[i]);
        check_any_cut(bytes, len);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S072_hj212_frame__a_conforming_frame_passes),
        cmocka_unit_test(test_S072_hj212_frame__a_changed_byte_is_refused_for_its_crc),
        cmocka_unit_test(test_S072_hj212_frame__other_crc_algorithms_are_named),
        cmocka_unit_test(test_hj212_frame__policies_accept_what_they_say),
        cmocka_unit_test(test_S072_hj212_frame__lower_case_crc_is_the_standards),
        cmocka_unit_test(test_S072_hj212_frame__wrong_length_with_right_crc_is_usable),
        cmocka_unit_test(
            test_S072_hj212_frame__wrong_length_and_wrong_crc_is_refused_for_its_length),
        cmocka_unit_test(test_hj212_frame__long_length_fields_are_understood),
        cmocka_unit_test(test_hj212_frame__letters_in_the_length_field),
        cmocka_unit_test(test_hj212_frame__line_ends),
        cmocka_unit_test(test_S072_hj212_frame__rubbish_between_frames_gives_no_frame),
        cmocka_unit_test(
            test_S072_hj212_frame__a_frame_cut_anywhere_is_truncated_and_the_next_is_read),
        cmocka_unit_test(test_hj212_frame__a_missing_cp_end_is_forgiven_when_the_crc_fits),
        cmocka_unit_test(test_hj212_frame__something_else_in_the_place_of_the_crc),
        cmocka_unit_test(test_hj212_frame__an_empty_segment_is_a_frame),
        cmocka_unit_test(test_S072_hj212_frame__cipher_text_passes_by_its_length),
        cmocka_unit_test(test_hj212_frame__a_stalled_sender_is_noticed),
        cmocka_unit_test(test_S072_hj212_frame__an_endless_frame_is_cut_off_and_the_stream_goes_on),
        cmocka_unit_test(test_hj212_frame__a_limit_of_ones_own_holds),
        cmocka_unit_test(test_S072_hj212_frame__floods_of_rubbish_cost_linear_time),
        cmocka_unit_test(test_S072_hj212_frame__any_cut_of_a_mixed_stream_gives_the_same_frames),
        cmocka_unit_test(test_S072_hj212_frame__verdicts_on_real_packets_agree_with_the_checker),
        cmocka_unit_test(test_hj212_frame__any_cut_of_real_packets_gives_the_same_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
