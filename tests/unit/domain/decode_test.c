/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/decode.h"
#include "domain_test.h"

/* Columns are numbered as they come and remembered by name. */
typedef struct names {
    char code[256][QK_CODE_MAX], field[256][16];
    size_t n;
    size_t asked; /* look-ups made */
    char key[36];
    int32_t dialect;
    bool unknown; /* nobody registered it */
} names;

static bool know_device(void *context, qk_device *out, qk_str mn)
{
    const names *t = context;
    if (t->unknown) return false;
    qk_device_init(out);
    out->dialect = t->dialect;
    qk_str_copy(out->mn, sizeof out->mn, mn);
    memcpy(out->key, t->key, sizeof t->key);
    return true;
}

static qk_code know_stream(void *context, void **user, qk_str mn, qk_stream_kind kind,
                           qk_error *err)
{
    (void)mn, (void)kind, (void)err;
    *user = context;
    return QK_OK;
}

static qk_code know_column(void *context, void *user, qk_column_id *out, qk_str code, qk_str field,
                           qk_error *err)
{
    (void)user, (void)err;
    names *t = context;
    t->asked++;
    for (size_t i = 0; i < t->n; i++) {
        if (!qk_str_eq(qk_str_of(t->code[i]), code) || !qk_str_eq(qk_str_of(t->field[i]), field))
            continue;
        *out = (qk_column_id)i;
        return QK_OK;
    }
    if (t->n == 256) return QK_EFULL;
    qk_str_copy(t->code[t->n], QK_CODE_MAX, code);
    qk_str_copy(t->field[t->n], 16, field);
    *out = (qk_column_id)t->n++;
    return QK_OK;
}

static qk_decoder *make_decoder(names *t)
{
    qk_decoder *d = NULL;
    qk_decode_hooks hooks = {t, know_device, know_stream, know_column};
    assert_ok(qk_decoder_new(&d, &hooks));
    return d;
}

/* A frame around a data segment, length and CRC right. */
static qk_str frame_of(char out[12000], const char *segment)
{
    size_t len = strlen(segment);
    int n = snprintf(out, 12000, "##%04zu%s%04X\r\n", len, segment, qk_hj212_crc(segment, len));
    return (qk_str){out, (size_t)n};
}

static qk_str frame_with(char out[12000], const char *cn, const char *cp)
{
    char segment[11000];
    snprintf(segment, sizeof segment,
             "QN=20250101001501123;ST=31;CN=%s;PW=123456;MN=A1;Flag=5;CP=&&%s&&", cn, cp);
    return frame_of(out, segment);
}

static const qk_time receipt = 1735661701000; /* 2025-01-01 00:15:01 */

static qk_decoded decode(qk_decoder *d, const char *cn, const char *cp)
{
    static char bytes[4][12000];
    static int turn;
    qk_decoded row;
    qk_error err = {0};
    assert_done(qk_decode(d, &row, frame_with(bytes[turn++ % 4], cn, cp), receipt, &err), &err);
    return row;
}

static void expect_cell(const names *t, const qk_decoded *row, size_t i, const char *code,
                        const char *field, const char *value, char flag)
{
    char text[QK_DEC_TEXT];
    assert_true(i < row->n);
    const qk_cell *c = &row->cells[i];
    assert_string_equal(t->code[c->column], code);
    assert_string_equal(t->field[c->column], field);
    if (c->type == QK_CELL_NUMBER)
        assert_string_equal(qk_dec_format(text, c->number), value);
    else
        assert_true(qk_str_eq(c->text, qk_str_of(value)));
    assert_int_equal(row->flags[i], flag);
}

static void test_decode__a_minute_frame_gives_time_cells_and_flags(void **state)
{
    (void)state;
    names t = {0};
    qk_decoder *d = make_decoder(&t);
    for (int round = 0; round < 2; round++) {
        qk_decoded row = decode(d, "2051",
                                "DataTime=20250101001000;a21026-Avg=12.50,a21026-Min=-0.10,"
                                "a21026-Flag=N;a34013-Avg=7,a34013-Flag=D");
        assert_int_equal(row.kind, QK_STREAM_MINUTE);
        assert_true(qk_str_eq(row.mn, QK_STR("A1")));
        assert_int_equal(row.time, at("2025-01-01T00:10:00"));
        assert_int_equal(row.time_source, QK_TIME_SENT);
        assert_int_equal(row.n, 5);
        expect_cell(&t, &row, 0, "a21026", "Avg", "12.50", 'N');
        expect_cell(&t, &row, 1, "a21026", "Min", "-0.10", 'N');
        expect_cell(&t, &row, 2, "a21026", "Flag", "N", 'N');
        expect_cell(&t, &row, 3, "a34013", "Avg", "7", 'D');
        assert_int_equal(row.packet.deviations, 0);
        assert_int_equal(row.fast, round == 1);
    }
    qk_decoder_free(d);
}

static void test_decode__a_kept_layout_asks_for_no_column(void **state)
{
    (void)state;
    names t = {0};
    qk_decoder *d = make_decoder(&t);
    decode(d, "2051", "DataTime=20250101001000;a21026-Avg=1,a21026-Flag=N");
    size_t asked = t.asked;
    for (int i = 0; i < 50; i++) {
        qk_decoded row = decode(d, "2051", "DataTime=20250101002000;a21026-Avg=2.5,a21026-Flag=T");
        assert_true(row.fast);
        expect_cell(&t, &row, 0, "a21026", "Avg", "2.5", 'T');
    }
    assert_int_equal(t.asked, asked);
    qk_decoder_free(d);
}

static void test_decode__alternating_parts_of_a_split_message_stay_fast(void **state)
{
    (void)state;
    names t = {0};
    qk_decoder *d = make_decoder(&t);
    const char *parts[] = {"DataTime=20250101001000;a01-Rtd=1,a01-Flag=N",
                           "DataTime=20250101001000;b02-Rtd=2,b02-Flag=N",
                           "DataTime=20250101001000;c03-Rtd=3,c03-Flag=N"};
    for (int i = 0; i < 3; i++) decode(d, "2011", parts[i]);
    for (int i = 0; i < 12; i++) assert_true(decode(d, "2011", parts[i % 3]).fast);
    qk_decoder_free(d);
}

static void test_decode__missing_data_time_takes_qn_then_receipt(void **state)
{
    (void)state;
    names t = {0};
    char bytes[12000];
    qk_error err = {0};
    qk_decoder *d = make_decoder(&t);
    qk_decoded row = decode(d, "2011", "a21026-Rtd=1,a21026-Flag=N");
    assert_int_equal(row.time_source, QK_TIME_OF_QN);
    assert_int_equal(row.time, at("2025-01-01T00:15:01") + 123);
    assert_true(row.packet.deviations & QK_HJ212_BIT(QK_HJ212_D_NO_DATA_TIME));
    qk_str f = frame_of(bytes, "QN=12345;ST=31;CN=2011;PW=123456;MN=A1;Flag=5;CP=&&a21026-Rtd=1&&");
    assert_done(qk_decode(d, &row, f, receipt, &err), &err);
    assert_int_equal(row.time_source, QK_TIME_OF_RECEIPT);
    assert_int_equal(row.time, receipt);
    row = decode(d, "2011", "DataTime=20250101001000456;a21026-Rtd=1,a21026-Flag=N");
    assert_int_equal(row.time, at("2025-01-01T00:10:00") + 456);
    qk_decoder_free(d);
}

static void test_decode__odd_items_are_kept_as_sent(void **state)
{
    (void)state;
    names t = {0};
    qk_decoder *d = make_decoder(&t);
    qk_decoded row = decode(
        d, "2011",
        "DataTime=20250101001000;a21026-Rtd=NaN,a21026-flag=N;a34013-Rtd=1;a34013-Rtd=2;"
        "Ia=3.20;a01-SampleTime=20250101000000;SB1-RS=1;x-Note=007;e-Rtd=,e-Flag=N;y-Rtd=1e2");
    size_t i = 0;
    expect_cell(&t, &row, i++, "a21026", "Rtd", "NaN", 'N');
    expect_cell(&t, &row, i++, "a21026", "Flag", "N", 'N');
    expect_cell(&t, &row, i++, "a34013", "Rtd", "1", 0);
    expect_cell(&t, &row, i++, "a34013", "Rtd~2", "2", 0);
    expect_cell(&t, &row, i++, "", "Ia", "3.20", 0);
    expect_cell(&t, &row, i++, "a01", "SampleTime", "20250101000000", 0);
    expect_cell(&t, &row, i++, "SB1", "RS", "1", 0);
    expect_cell(&t, &row, i++, "x", "Note", "007", 0);
    expect_cell(&t, &row, i++, "e", "Flag", "N", 'N');
    expect_cell(&t, &row, i++, "y", "Rtd", "100", 0);
    assert_int_equal(row.n, i);
    assert_int_equal(row.skipped, 0);
    row = decode(d, "2011", "DataTime=20250101001000;a-FieldOfMoreThan15=1;b-Rtd=2");
    assert_int_equal(row.n, 1);
    assert_int_equal(row.skipped, 1);
    qk_decoder_free(d);
}

static void test_decode__commands_without_rows_and_broken_frames_give_no_cells(void **state)
{
    (void)state;
    names t = {0};
    qk_decoder *d = make_decoder(&t);
    qk_decoded row = decode(d, "3020", "DataTime=20250101001000;PolId=a21026;i12001-Info=1");
    assert_int_equal(row.kind, 0);
    assert_int_equal(row.n, 0);
    row = decode(d, "2011", "DataTime=yesterday;a21026-Rtd=1");
    assert_int_equal(row.packet.refusal, QK_HJ212_R_BAD_FIELD);
    qk_error err = {0};
    assert_done(qk_decode(d, &row, QK_STR("##no frame at all"), receipt, &err), &err);
    assert_int_not_equal(row.packet.refusal, QK_HJ212_USABLE);
    assert_done(qk_decode(d, &row, QK_STR(""), receipt, &err), &err);
    assert_int_not_equal(row.packet.refusal, QK_HJ212_USABLE);
    qk_decoder_free(d);
}

static void test_decode__cipher_text_opens_with_the_devices_key_alone(void **state)
{
    (void)state;
    names t = {0};
    char bytes[12000];
    qk_error err = {0};
    qk_decoded row;
    uint8_t key[16];
    qk_hj212_sm4 sm4;
    memset(key, '0', sizeof key);
    qk_hj212_sm4_init(&sm4, key);
    qk_decoder *d = make_decoder(&t);
    qk_str f = frame_of(bytes, "QN=20260101001501123;ST=31;CN=2011;PW=123456;MN=A1;Flag=9;CP=&&"
                               "DataTime=20260101001500;a21026-Rtd=12.50,a21026-Flag=N&&");
    assert_true(qk_hj212_seal(bytes, f.len, &sm4));
    assert_done(qk_decode(d, &row, f, at("2026-01-01T00:15:02"), &err), &err);
    assert_int_equal(row.n, 0);
    memset(t.key, 0, sizeof t.key);
    for (int i = 0; i < 16; i++) memcpy(t.key + 2 * i, "30", 2);
    assert_done(qk_decode(d, &row, f, at("2026-01-01T00:15:02"), &err), &err);
    assert_int_equal(row.n, 2);
    expect_cell(&t, &row, 0, "a21026", "Rtd", "12.50", 'N');
    assert_int_equal(row.time, at("2026-01-01T00:15:00"));
    qk_decoder_free(d);
}

/* ---- the short way against the long way ---- */

static void put_value(qk_buf *b, uint64_t *seed)
{
    switch (qk_test_random(seed) % 16) {
    case 0: qk_buf_puts(b, "-"); break;
    case 1: qk_buf_puts(b, "1e3"); break;
    case 2: qk_buf_puts(b, ".5"); break;
    case 3: qk_buf_puts(b, "+4"); break;
    case 4: qk_buf_puts(b, ""); break;
    case 5: qk_buf_puts(b, " 3"); break;
    case 6: qk_buf_puts(b, "99999999999999999999"); break;
    case 7: qk_buf_puts(b, "-0.00"); break;
    default:
        qk_buf_printf(b, "%s%llu", qk_test_random(seed) % 5 ? "" : "-",
                      (unsigned long long)(qk_test_random(seed) % 100000));
        if (qk_test_random(seed) % 2)
            qk_buf_printf(b, ".%03llu", (unsigned long long)(qk_test_random(seed) % 1000));
    }
}

static void put_cp(qk_buf *b, uint64_t *seed)
{
    static const char *const fields[] = {"Rtd", "Avg", "Min", "ZsAvg", "rtd", "Info", "Odd"};
    static const char *const flags[] = {"N", "N", "N", "D", "n", "?", "NN", ""};
    uint64_t shape = qk_test_random(seed) % 6;
    bool odd = qk_test_random(seed) % 4 == 0;
    uint64_t plain = shape * 7919;
    qk_buf_printf(b, "DataTime=2025010100%02u00%s", (unsigned)(qk_test_random(seed) % 60),
                  odd && qk_test_random(seed) % 3 == 0 ? "000" : "");
    for (uint64_t i = 0; i < 3 + shape; i++) {
        uint64_t pick = qk_test_random(&plain);
        qk_buf_printf(b, ";a%05u-%s=", (unsigned)(pick % 40), fields[pick % 7]);
        if (odd)
            put_value(b, seed);
        else
            qk_buf_printf(b, "%u.%u", (unsigned)(qk_test_random(seed) % 900),
                          (unsigned)(qk_test_random(seed) % 10));
        if (pick % 3)
            qk_buf_printf(b, ",a%05u-Flag=%s", (unsigned)(pick % 40),
                          flags[odd ? qk_test_random(seed) % 8 : qk_test_random(seed) % 4]);
    }
    if (shape == 5) qk_buf_puts(b, ";");
}

static void assert_same_rows(const qk_decoded *a, const qk_decoded *b, const char *cp)
{
    if (a->n != b->n || a->packet.deviations != b->packet.deviations || a->time != b->time ||
        a->skipped != b->skipped)
        fail_msg("differs: %s (%zu, %zu cells; %llx, %llx)", cp, a->n, b->n,
                 (unsigned long long)a->packet.deviations,
                 (unsigned long long)b->packet.deviations);
    for (size_t i = 0; i < a->n; i++) {
        const qk_cell *x = &a->cells[i], *y = &b->cells[i];
        bool same = x->column == y->column && x->type == y->type && a->flags[i] == b->flags[i];
        if (same && x->type == QK_CELL_NUMBER) same = qk_dec_same(x->number, y->number);
        if (same && x->type == QK_CELL_TEXT) same = qk_str_eq(x->text, y->text);
        if (!same) fail_msg("cell %zu differs: %s", i, cp);
    }
}

static void test_decode__short_and_long_way_agree_on_random_frames(void **state)
{
    (void)state;
    names t = {0};
    qk_decoder *fast = make_decoder(&t), *slow = make_decoder(&t);
    qk_decoder_slow(slow, true);
    uint64_t seed = 212, short_way = 0;
    enum { ROUNDS = 20000 };
    qk_buf cp;
    qk_buf_init(&cp, 8192);
    for (int i = 0; i < ROUNDS; i++) {
        qk_buf_reset(&cp);
        put_cp(&cp, &seed);
        qk_decoded a = decode(fast, "2011", cp.ptr), b = decode(slow, "2011", cp.ptr);
        assert_same_rows(&a, &b, cp.ptr);
        assert_false(b.fast);
        short_way += a.fast;
    }
    /* Six shapes against four places: most well-formed frames must still find theirs. */
    assert_true(short_way > ROUNDS / 4);
    qk_buf_clear(&cp);
    qk_decoder_free(fast);
    qk_decoder_free(slow);
}

/* Codes of the columns of a frame, each once, joined by blanks. */
static const char *codes_of_frame(const names *setting, const char *segment)
{
    static char text[256];
    char frame[12000];
    qk_decoded row;
    qk_error err = {0};
    names t = *setting;
    qk_decoder *d = make_decoder(&t);
    qk_str bytes = frame_of(frame, segment);
    for (int turn = 0; turn < 2; turn++) { /* the long way, then by the layout */
        assert_done(qk_decode(d, &row, bytes, at("2025-01-01T10:00:00"), &err), &err);
        assert_int_equal(row.fast, turn);
    }
    text[0] = 0;
    for (size_t i = 0; i < row.n; i++) {
        const char *code = t.code[row.cells[i].column];
        if (strcmp(t.field[row.cells[i].column], "Flag") == 0) continue;
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "", code);
    }
    qk_decoder_free(d);
    return text;
}

static void test_S072_decode__codes_of_2005_become_those_of_today(void **state)
{
    (void)state;
    static const char old[] =
        "ST=31;CN=2011;PW=123456;MN=88888880000001;Flag=1;CP=&&DataTime=20250101100000;"
        "01-Rtd=7.1,01-Flag=N;02-Rtd=35.2,02-Flag=N;S01-Rtd=9.4,S01-Flag=N;B02-Rtd=12.5&&";
    static const char new_frame[] =
        "QN=20250101100000001;ST=31;CN=2011;PW=123456;MN=88888880000001;Flag=5;"
        "CP=&&DataTime=20250101100000;02-Rtd=35.2,02-Flag=N&&";
    static const char today[] = "a34013 a21026 a19001 a00000";
    names by_frame = {.dialect = 0}, registered = {.dialect = 2005}, later = {.dialect = 2017};
    names nobody = {.unknown = true};
    assert_string_equal(codes_of_frame(&by_frame, old), today);
    assert_string_equal(codes_of_frame(&registered, old), today);
    /* The register knows better than a firmware's version bits. */
    assert_string_equal(codes_of_frame(&registered, new_frame), "a21026");
    assert_string_equal(codes_of_frame(&by_frame, new_frame), "02");
    assert_string_equal(codes_of_frame(&later, old), "01 02 S01 B02");
    assert_string_equal(codes_of_frame(&nobody, old), "01 02 S01 B02");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode__a_minute_frame_gives_time_cells_and_flags),
        cmocka_unit_test(test_decode__a_kept_layout_asks_for_no_column),
        cmocka_unit_test(test_decode__alternating_parts_of_a_split_message_stay_fast),
        cmocka_unit_test(test_decode__missing_data_time_takes_qn_then_receipt),
        cmocka_unit_test(test_decode__odd_items_are_kept_as_sent),
        cmocka_unit_test(test_decode__commands_without_rows_and_broken_frames_give_no_cells),
        cmocka_unit_test(test_decode__cipher_text_opens_with_the_devices_key_alone),
        cmocka_unit_test(test_decode__short_and_long_way_agree_on_random_frames),
        cmocka_unit_test(test_S072_decode__codes_of_2005_become_those_of_today),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
