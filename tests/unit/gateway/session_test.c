/* SPDX-License-Identifier: Apache-2.0 */
#include "session_rig.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static char frame_bytes[4096];

/* A frame around a segment, with the standard's CRC. */
static const char *frame(const char *segment)
{
    size_t n = qk_hj212_encode_segment(frame_bytes, sizeof frame_bytes - 1,
                                       qk_hj212_text_of(segment), QK_HJ212_CRC_STANDARD);
    assert_true(n > 0);
    frame_bytes[n] = 0;
    return frame_bytes;
}

static const char *data_frame(const char *mn, int minute)
{
    char segment[512];
    snprintf(segment, sizeof segment,
             "QN=202601010800%02d123;ST=31;CN=2051;PW=123456;MN=%s;Flag=5;CP=&&"
             "DataTime=202601010%03d00;a21026-Avg=12.50,a21026-Flag=N&&",
             minute % 60, mn, 700 + minute);
    return frame(segment);
}

static qk_feed feed(rig *r, const char *bytes)
{
    size_t used;
    return qk_session_feed(&r->session, bytes, strlen(bytes), false, &used);
}

static size_t count_kind(const rig *r, qk_journal_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < r->records; i++) n += r->record[i].kind == kind;
    return n;
}

static const rig_record *last_of(const rig *r, qk_journal_kind kind)
{
    for (size_t i = r->records; i-- > 0;)
        if (r->record[i].kind == kind) return &r->record[i];
    fail_msg("no record of kind %d", kind);
    return NULL;
}

static size_t count_text(const char *in, const char *what)
{
    size_t n = 0;
    for (const char *p = in; (p = strstr(p, what)); p += strlen(what)) n++;
    return n;
}

static void test_S072_session__data_is_answered_only_after_it_is_durable(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    const char *ripe;
    rig_device(r, "A1");
    assert_int_equal(feed(r, data_frame("A1", 1)), QK_FEED_MORE);
    const rig_record *rec = last_of(r, QK_JOURNAL_FRAME);
    assert_string_equal(rec->bytes, data_frame("A1", 1));
    assert_int_equal(rec->flags, 0);
    assert_int_equal(qk_answers_ripe(&r->session.answers, r->end - 1, &ripe), 0);
    rig_flush(r);
    assert_string_equal(r->out,
                        frame("QN=20260101080001123;ST=91;CN=9014;PW=123456;MN=A1;Flag=4;CP=&&&&"));
    rig_free(r);
}

static void test_S072_session__a_wrong_crc_is_refused_and_not_answered(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    char bytes[512];
    rig_device(r, "A1");
    snprintf(bytes, sizeof bytes, "%s", data_frame("A1", 1));
    char *digit = strstr(bytes, "12.50");
    *digit = '9';
    assert_int_equal(feed(r, bytes), QK_FEED_MORE);
    assert_int_equal(count_kind(r, QK_JOURNAL_FRAME), 0);
    const rig_record *rec = last_of(r, QK_JOURNAL_REFUSED);
    assert_string_equal(rec->bytes + strlen(rec->bytes) + 1, "crc");
    rig_flush(r);
    assert_int_equal(r->out_len, 0);
    assert_int_equal(r->gate.stats.refused, 1);
    assert_int_equal(r->events[QK_GATE_WRONG_CRC], 1);
    rig_free(r);
}

static void test_S072_session__a_resent_frame_is_marked_and_answered_again(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    rig_device(r, "A1");
    for (int i = 0; i < 3; i++) feed(r, data_frame("A1", 1));
    rig_flush(r);
    assert_int_equal(count_text(r->out, "CN=9014"), 3);
    assert_int_equal(r->gate.stats.frames, 3);
    assert_int_equal(r->gate.stats.repeats, 2);
    assert_int_equal(last_of(r, QK_JOURNAL_FRAME)->flags, QK_JOURNAL_REPEAT);
    /* same QN and DataTime, other value: a changed history, taken as new */
    feed(r, frame("QN=20260101080001123;ST=31;CN=2051;PW=123456;MN=A1;Flag=5;CP=&&"
                  "DataTime=20260101070100;a21026-Avg=99.9,a21026-Flag=N&&"));
    assert_int_equal(last_of(r, QK_JOURNAL_FRAME)->flags, 0);
    rig_free(r);
}

static void test_S072_session__unknown_devices_are_parked_and_not_answered(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    feed(r, data_frame("STRANGER", 1));
    assert_int_equal(count_kind(r, QK_JOURNAL_PARKED), 1);
    assert_int_equal(count_kind(r, QK_JOURNAL_FRAME), 0);
    assert_int_equal(qk_gate_devices_count(&r->gate.devices), 0);
    rig_flush(r);
    assert_int_equal(r->out_len, 0);
    /* once the register has it, its next frame is taken */
    rig_device(r, "STRANGER");
    feed(r, data_frame("STRANGER", 2));
    rig_flush(r);
    assert_int_equal(count_text(r->out, "CN=9014"), 1);
    rig_free(r);
}

static void test_session__accept_any_takes_unknown_devices_and_marks_them(void **state)
{
    (void)state;
    rig *r = rig_new(true);
    feed(r, data_frame("STRANGER", 1));
    assert_int_equal(last_of(r, QK_JOURNAL_FRAME)->flags, QK_JOURNAL_UNAPPROVED);
    rig_flush(r);
    assert_int_equal(count_text(r->out, "CN=9014"), 1);
    feed(r, frame("QN=20260101080001123;ST=32;CN=1013;PW=123456;MN=STRANGER;Flag=5;CP=&&&&"));
    assert_int_equal(r->took, 0); /* no 1012 will follow */
    rig_free(r);
}

static void test_session__disabled_wrong_address_and_wrong_password_are_refused(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    rig_device(r, "OFF")->status = QK_DEVICE_DISABLED;
    snprintf(rig_device(r, "BOUND")->bind_address, 48, "192.0.2.8");
    snprintf(rig_device(r, "PW")->pw, 28, "654321");
    const char *mns[] = {"OFF", "BOUND", "PW"}, *reasons[] = {"disabled", "address", "password"};
    for (int i = 0; i < 3; i++) {
        feed(r, data_frame(mns[i], 1));
        const rig_record *rec = last_of(r, QK_JOURNAL_REFUSED);
        assert_string_equal(rec->bytes + strlen(rec->bytes) + 1, reasons[i]);
    }
    assert_int_equal(count_kind(r, QK_JOURNAL_FRAME), 0);
    assert_int_equal(r->events[QK_GATE_DISABLED], 1);
    assert_int_equal(r->events[QK_GATE_WRONG_ADDRESS], 1);
    assert_int_equal(r->events[QK_GATE_WRONG_PASSWORD], 1);
    rig_flush(r);
    assert_int_equal(r->out_len, 0);
    /* a request with a wrong password is told so */
    feed(r, frame("QN=20260101080001123;ST=31;CN=1072;PW=123456;MN=PW;Flag=5;CP=&&&&"));
    rig_flush(r);
    assert_string_equal(
        r->out, frame("QN=20260101080001123;ST=91;CN=9011;PW=123456;MN=PW;Flag=4;CP=&&QnRtn=3&&"));
    /* the right password and address pass */
    snprintf(r->row[1].bind_address, 48, "192.0.2.7");
    snprintf(r->row[2].pw, 28, "123456");
    r->version++;
    feed(r, data_frame("BOUND", 2));
    feed(r, data_frame("PW", 2));
    assert_int_equal(count_kind(r, QK_JOURNAL_FRAME), 2);
    rig_free(r);
}

static void test_session__crc_policy_belongs_to_the_device(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    char bytes[512];
    const char *segment = "QN=20260101080001123;ST=31;CN=2051;PW=1;MN=M1;Flag=5;CP=&&"
                          "DataTime=20260101070100;a21026-Avg=1&&";
    size_t n = qk_hj212_encode_segment(bytes, sizeof bytes - 1, qk_hj212_text_of(segment),
                                       QK_HJ212_CRC_MODBUS);
    bytes[n] = 0;
    qk_device *d = rig_device(r, "M1");
    feed(r, bytes);
    assert_int_equal(count_kind(r, QK_JOURNAL_FRAME), 0);
    d->crc_policy = QK_CRC_MODBUS;
    r->version++;
    feed(r, bytes);
    assert_int_equal(count_kind(r, QK_JOURNAL_FRAME), 1);
    rig_flush(r);
    n = qk_hj212_encode_segment(
        bytes, sizeof bytes - 1,
        QK_HJ212_TEXT("QN=20260101080001123;ST=91;CN=9014;PW=1;MN=M1;Flag=4;CP=&&&&"),
        QK_HJ212_CRC_MODBUS);
    bytes[n] = 0;
    assert_string_equal(r->out, bytes);
    rig_free(r);
}

static void test_session__answers_take_the_form_of_the_device(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        /* 2017 notice and its answer (C.6) */
        {"QN=1;ST=32;CN=1013;PW=123456;MN=A1;Flag=5;CP=&&&&",
         "QN=1;ST=91;CN=9013;PW=123456;MN=A1;Flag=4;CP=&&&&"},
        /* 2025 heartbeat, data with Flag=9 */
        {"QN=1;ST=31;CN=9015;PW=123456;MN=A1;Flag=9;CP=&&&&",
         "QN=1;ST=91;CN=9013;PW=123456;MN=A1;Flag=8;CP=&&&&"},
        {"QN=1;ST=31;CN=2011;PW=123456;MN=A1;Flag=9;CP=&&DataTime=20260101080000;a-Rtd=1&&",
         "QN=1;ST=91;CN=9014;PW=123456;MN=A1;Flag=8;CP=&&&&"},
        /* no answer asked for */
        {"QN=1;ST=31;CN=2011;PW=123456;MN=A1;Flag=4;CP=&&DataTime=20260101080000;a-Rtd=2&&", ""},
        {"QN=1;ST=91;CN=9012;PW=123456;MN=A1;Flag=5;CP=&&ExeRtn=1&&", ""},
        /* log-in beside the standards */
        {"QN=1;ST=91;CN=9021;PW=123456;MN=A1;Flag=5;CP=&&&&",
         "QN=1;ST=91;CN=9013;PW=123456;MN=A1;Flag=4;CP=&&&&"},
        {"QN=2;ST=91;CN=9021;PW=123456;MN=A1;Flag=1;CP=&&&&",
         "ST=91;CN=9022;PW=123456;MN=A1;Flag=0;CP=&&QN=2;Logon=1&&"},
        {"QN=3;ST=91;CN=9021;PW=123456;MN=A1;Flag=4;CP=&&&&", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rig *r = rig_new(false);
        rig_device(r, "A1");
        assert_int_equal(feed(r, frame(cases[i].in)), QK_FEED_MORE);
        rig_flush(r);
        assert_string_equal(r->out, cases[i].out[0] ? frame(cases[i].out) : "");
        rig_free(r);
    }
}

static void test_session__a_2005_device_gets_its_qn_inside_cp(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    rig_device(r, "88888880000001");
    feed(r, frame("ST=32;CN=2011;QN=20040516010101001;PW=123456;MN=88888880000001;Flag=1;CP=&&"
                  "DataTime=20040516020111;B01-Rtd=100&&"));
    rig_flush(r);
    assert_non_null(strstr(r->out, "ST=91;CN=9014;"));
    assert_non_null(strstr(r->out, "CP=&&QN=20040516010101001;CN=2011&&"));
    rig_free(r);
}

static void test_session__each_part_of_a_split_message_is_answered(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    rig_device(r, "A1");
    feed(r, frame("QN=20260101080001534;ST=31;CN=2051;PW=1;MN=A1;Flag=7;PNUM=2;PNO=1;CP=&&"
                  "DataTime=20260101070100;a-Avg=1&&"));
    feed(r, frame("QN=20260101080001535;ST=31;CN=2051;PW=1;MN=A1;Flag=7;PNUM=2;PNO=2;CP=&&"
                  "DataTime=20260101070100;b-Avg=1&&"));
    rig_flush(r);
    assert_int_equal(count_text(r->out, "CN=9014"), 2);
    assert_int_equal(r->gate.stats.repeats, 0);
    rig_free(r);
}

static void test_session__byte_by_byte_gives_the_same_as_all_at_once(void **state)
{
    (void)state;
    char stream[8192], held[8192];
    size_t len = 0, have = 0;
    for (int i = 0; i < 6; i++)
        len += (size_t)snprintf(stream + len, sizeof stream - len, "%s%s", i % 2 ? "noise" : "",
                                data_frame("A1", i));
    rig *whole = rig_new(false), *bytes = rig_new(false);
    rig_device(whole, "A1");
    rig_device(bytes, "A1");
    feed(whole, stream);
    for (size_t i = 0; i < len; i++) {
        size_t used;
        held[have++] = stream[i];
        assert_int_equal(qk_session_feed(&bytes->session, held, have, false, &used), QK_FEED_MORE);
        memmove(held, held + used, have - used);
        have -= used;
    }
    assert_int_equal(have, 0);
    rig_flush(whole);
    rig_flush(bytes);
    assert_int_equal(count_text(whole->out, "CN=9014"), 6);
    assert_string_equal(whole->out, bytes->out);
    assert_int_equal(bytes->gate.stats.rubbish_bytes, 15);
    rig_free(whole);
    rig_free(bytes);
}

static void test_session__a_full_journal_holds_the_frame_and_loses_nothing(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    char stream[4096];
    size_t len = 0, at = 0, used;
    rig_device(r, "A1");
    for (int i = 0; i < 4; i++)
        len += (size_t)snprintf(stream + len, sizeof stream - len, "%s", data_frame("A1", i));
    for (int turns = 0; at < len; turns++) {
        assert_true(turns < 20);
        r->full_after = 1;
        qk_feed got = qk_session_feed(&r->session, stream + at, len - at, false, &used);
        at += used;
        if (at < len) assert_int_equal(got, QK_FEED_HOLD_JOURNAL);
        assert_int_equal(r->session.begun_ms, 0); /* what is held is no half frame */
    }
    r->full_after = -1;
    rig_flush(r);
    assert_int_equal(count_kind(r, QK_JOURNAL_FRAME), 4);
    assert_int_equal(r->gate.stats.repeats, 0);
    assert_int_equal(count_text(r->out, "CN=9014"), 4);
    rig_free(r);
}

static void test_session__answers_that_do_not_leave_stop_the_reading(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    qk_feed got = QK_FEED_MORE;
    size_t used;
    int taken = 0;
    rig_device(r, "A1");
    for (; got == QK_FEED_MORE && taken < 1000; taken++) {
        const char *bytes = data_frame("A1", taken);
        got = qk_session_feed(&r->session, bytes, strlen(bytes), false, &used);
    }
    assert_int_equal(got, QK_FEED_HOLD_OUTPUT);
    assert_int_equal(used, 0);
    assert_true(r->gate.pool.used <= QK_ANSWERS_MAX);
    rig_flush(r);
    assert_int_equal(feed(r, data_frame("A1", taken)), QK_FEED_MORE);
    rig_free(r);
}

static void test_session__rubbish_without_a_frame_is_cut_at_64_kib(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    char noise[1025];
    int i = 0;
    memset(noise, 'x', 1024);
    noise[1024] = 0;
    while (i < 100 && feed(r, noise) == QK_FEED_MORE) i++;
    assert_int_equal(i, QK_SESSION_RUBBISH_MAX / 1024);
    assert_int_equal(r->session.cut, QK_CUT_RUBBISH);
    rig_free(r);
    r = rig_new(false);
    rig_device(r, "A1");
    for (i = 0; i < 300; i++) { /* a good frame now and then forgives */
        assert_int_equal(feed(r, noise), QK_FEED_MORE);
        if (i % 50 == 0) assert_int_equal(feed(r, data_frame("A1", i)), QK_FEED_MORE);
    }
    rig_free(r);
}

static void test_session__refused_frames_are_limited_and_few_are_kept(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    char bytes[512];
    int i = 0;
    rig_device(r, "A1");
    snprintf(bytes, sizeof bytes, "%s", data_frame("A1", 1));
    strstr(bytes, "12.50")[0] = '9';
    while (i < 1000 && feed(r, bytes) == QK_FEED_MORE) i++;
    assert_int_equal(r->session.cut, QK_CUT_REFUSED);
    assert_int_equal(i, 256);
    assert_true(count_kind(r, QK_JOURNAL_REFUSED) <= 20);
    assert_int_equal(r->gate.stats.refused, 257);
    rig_free(r);
}

static void test_session__a_flood_of_parked_frames_is_kept_to_a_measure(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    int i = 0;
    while (i < 10000 && feed(r, data_frame("STRANGER", i % 60)) == QK_FEED_MORE) i++;
    assert_int_equal(r->session.cut, QK_CUT_PARKED);
    assert_true(count_kind(r, QK_JOURNAL_PARKED) <= 240);
    rig_free(r);
}

static void test_session__what_is_refused_is_journalled_up_to_2_kib(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    static char long_frame[12000];
    int n = snprintf(long_frame, sizeof long_frame, "##9000QN=1;CN=2051;MN=A1;CP=&&");
    memset(long_frame + n, 'z', sizeof long_frame - (size_t)n - 1);
    size_t used;
    qk_session_feed(&r->session, long_frame, sizeof long_frame - 1, true, &used);
    assert_int_equal(used, sizeof long_frame - 1);
    for (size_t i = 0; i < r->records; i++) {
        if (r->record[i].kind != QK_JOURNAL_REFUSED) continue;
        assert_true(r->record[i].len <= QK_SESSION_REFUSED_KEPT + 32);
    }
    assert_true(r->gate.stats.refused + r->gate.stats.rubbish_bytes > 0);
    rig_free(r);
}

static void test_session__a_frame_without_line_end_is_taken_after_silence(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    char bytes[512];
    size_t used;
    rig_device(r, "A1");
    snprintf(bytes, sizeof bytes, "%s", data_frame("A1", 1));
    size_t len = strlen(bytes) - 2;
    qk_session_feed(&r->session, bytes, len, false, &used);
    if (used == 0) {
        assert_true(r->session.ends_here);
        qk_session_feed(&r->session, bytes, len, true, &used);
    }
    assert_int_equal(used, len);
    rig_flush(r);
    assert_int_equal(count_text(r->out, "CN=9014"), 1);
    rig_free(r);
}

static void test_session__the_same_mn_on_two_connections_is_told_and_the_newest_leads(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    qk_session second;
    size_t used;
    rig_device(r, "A1");
    feed(r, data_frame("A1", 1));
    qk_session_init(&second, &r->gate, 2, QK_STR("192.0.2.9"), 40001);
    const char *bytes = data_frame("A1", 2);
    qk_session_feed(&second, bytes, strlen(bytes), false, &used);
    qk_gate_device *d = qk_gate_devices_find(&r->gate.devices, QK_STR("A1"));
    assert_ptr_equal(d->newest->session, &second);
    assert_int_equal(r->events[QK_GATE_SECOND_CONNECTION], 1);
    feed(r, data_frame("A1", 3)); /* the older one may still carry data */
    assert_int_equal(count_kind(r, QK_JOURNAL_FRAME), 3);
    qk_session_end(&second, QK_CUT_PEER);
    assert_ptr_equal(d->newest->session, &r->session);
    assert_int_equal(r->unlinks, 0);
    qk_session_end(&r->session, QK_CUT_PEER);
    assert_int_equal(r->unlinks, 1);
    r->ended = true;
    rig_free(r);
}

static void test_session__one_connection_may_carry_many_devices_but_not_all(void **state)
{
    (void)state;
    rig *r = rig_new(true);
    char mn[16];
    qk_gate_devices_clear(&r->gate.devices);
    assert_int_equal(qk_gate_devices_init(&r->gate.devices, 1000), QK_OK);
    for (int i = 0; i < QK_SESSION_MNS_MAX + 10; i++) {
        snprintf(mn, sizeof mn, "D%d", i);
        feed(r, data_frame(mn, 1));
        rig_flush(r);
    }
    assert_int_equal(count_kind(r, QK_JOURNAL_FRAME), QK_SESSION_MNS_MAX);
    assert_int_equal(r->session.bind_count, QK_SESSION_MNS_MAX);
    rig_free(r);
}

static void test_session__unapproved_devices_make_room_when_the_table_is_full(void **state)
{
    (void)state;
    rig *r = rig_new(true);
    char mn[16];
    for (int i = 0; i < 500; i++) {
        qk_session s;
        size_t used;
        snprintf(mn, sizeof mn, "D%d", i);
        qk_session_init(&s, &r->gate, (uint32_t)i + 2, QK_STR("192.0.2.7"), 1);
        const char *bytes = data_frame(mn, 1);
        qk_session_feed(&s, bytes, strlen(bytes), false, &used);
        qk_session_end(&s, QK_CUT_PEER);
        for (qk_gate_device *d = r->gate.counted; d; d = d->next_counted) d->counted = false;
        r->gate.counted = NULL;
    }
    assert_int_equal(r->gate.stats.frames, 500);
    assert_true(qk_gate_devices_count(&r->gate.devices) <= 64);
    rig_free(r);
}

static void test_session__an_old_real_time_frame_played_back_is_counted(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    const char *segment = "QN=20260101070000123;ST=31;CN=2011;PW=1;MN=A1;Flag=5;CP=&&"
                          "DataTime=20260101070000;a-Rtd=1&&";
    rig_device(r, "A1");
    feed(r, frame(segment));
    assert_int_equal(r->gate.stats.replays, 0);
    feed(r, frame(segment)); /* an hour old by the clock of the rig */
    assert_int_equal(r->gate.stats.replays, 1);
    assert_int_equal(r->events[QK_GATE_REPLAY], 1);
    r->gate.now -= 55 * QK_MINUTE; /* five minutes old: a resend */
    feed(r, frame(segment));
    assert_int_equal(r->gate.stats.replays, 1);
    rig_free(r);
}

static void test_session__the_window_is_rebuilt_from_the_journal(void **state)
{
    (void)state;
    rig *r = rig_new(false), *again = rig_new(false);
    rig_device(r, "A1");
    rig_device(again, "A1");
    for (int i = 0; i < 3; i++) feed(r, data_frame("A1", i));
    for (size_t i = 0; i < r->records; i++) {
        qk_journal_record record = {.kind = r->record[i].kind,
                                    .payload = r->record[i].bytes,
                                    .len = (uint32_t)r->record[i].len};
        qk_gate_replay(&again->gate, &record);
    }
    feed(again, data_frame("A1", 2));
    assert_int_equal(again->gate.stats.repeats, 1);
    feed(again, data_frame("A1", 3));
    assert_int_equal(again->gate.stats.repeats, 1);
    rig_free(r);
    rig_free(again);
}

static void test_session__clock_samples_come_from_live_frames_only(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    char segment[256];
    rig_device(r, "A1")->rtd_interval_s = 30;
    for (int i = 0; i < 9; i++) {
        r->gate.now += 30 * QK_SECOND;
        r->gate.now_ms += 30000;
        snprintf(segment, sizeof segment, /* an hour and 30 s a frame behind */
                 "QN=2026010107%02d%02d000;ST=31;CN=2011;PW=1;MN=A1;Flag=4;CP=&&"
                 "DataTime=20260101070000;a-Rtd=%d&&",
                 (i + 1) / 2, (i + 1) % 2 * 30, i);
        feed(r, frame(segment));
        feed(r, data_frame("A1", i)); /* minute data do not count: they may be sent late */
    }
    qk_gate_device *d = qk_gate_devices_find(&r->gate.devices, QK_STR("A1"));
    assert_int_equal(qk_skew_median(&d->skew), QK_HOUR);
    rig_free(r);
}

static void test_session__a_session_leaves_its_record_of_opening_and_closing(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    rig_device(r, "A1");
    feed(r, "rubbish only");
    assert_int_equal(count_kind(r, QK_JOURNAL_SESSION), 0);
    feed(r, data_frame("A1", 1));
    assert_string_equal(last_of(r, QK_JOURNAL_SESSION)->bytes,
                        "{\"open\":true,\"address\":\"192.0.2.7\",\"port\":40000}");
    qk_session_end(&r->session, QK_CUT_IDLE);
    r->ended = true;
    assert_string_equal(
        last_of(r, QK_JOURNAL_SESSION)->bytes,
        "{\"open\":false,\"address\":\"192.0.2.7\",\"port\":40000,\"reason\":\"idle\","
        "\"frames\":1,\"refused\":0}");
    rig_free(r);
}

static void test_session__a_request_of_ours_keeps_its_place_among_the_answers(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    rig_device(r, "A1");
    feed(r, data_frame("A1", 1));
    assert_int_equal(qk_session_send(&r->session, "REQUEST", 7), QK_OK);
    assert_int_equal(count_kind(r, QK_JOURNAL_SENT), 1);
    feed(r, data_frame("A1", 2));
    rig_flush(r);
    const char *first = strstr(r->out, "CN=9014"), *ours = strstr(r->out, "REQUEST");
    assert_true(first && ours && first < ours && strstr(ours, "CN=9014"));
    r->full_after = 0;
    assert_int_equal(qk_session_send(&r->session, "REQUEST", 7), QK_EFULL);
    rig_free(r);
}

static void test_session__enciphered_data_of_2025_are_judged_by_the_devices_key(void **state)
{
    (void)state;
    rig *r = rig_new(false);
    char bytes[512];
    qk_hj212_sm4 sm4;
    const uint8_t key[16] = "0000000000000000";
    snprintf(bytes, sizeof bytes, "%s",
             frame("QN=20260101080001123;ST=31;CN=2051;PW=1;MN=A1;Flag=9;CP=&&"
                   "DataTime=20260101070100;a21026-Avg=12.50,a21026-Flag=N&&"));
    size_t len = strlen(bytes), used;
    qk_hj212_sm4_init(&sm4, key);
    assert_true(qk_hj212_seal(bytes, len, &sm4));
    qk_device *d = rig_device(r, "A1");
    qk_session_feed(&r->session, bytes, len, true, &used);
    assert_int_equal(count_kind(r, QK_JOURNAL_FRAME), 0);
    snprintf(d->key, sizeof d->key, "30303030303030303030303030303030");
    r->version++;
    qk_session_feed(&r->session, bytes, len, true, &used);
    assert_int_equal(count_kind(r, QK_JOURNAL_FRAME), 1);
    rig_flush(r);
    assert_int_equal(count_text(r->out, "CN=9014"), 1);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S072_session__data_is_answered_only_after_it_is_durable),
        cmocka_unit_test(test_S072_session__a_wrong_crc_is_refused_and_not_answered),
        cmocka_unit_test(test_S072_session__a_resent_frame_is_marked_and_answered_again),
        cmocka_unit_test(test_S072_session__unknown_devices_are_parked_and_not_answered),
        cmocka_unit_test(test_session__accept_any_takes_unknown_devices_and_marks_them),
        cmocka_unit_test(test_session__disabled_wrong_address_and_wrong_password_are_refused),
        cmocka_unit_test(test_session__crc_policy_belongs_to_the_device),
        cmocka_unit_test(test_session__answers_take_the_form_of_the_device),
        cmocka_unit_test(test_session__a_2005_device_gets_its_qn_inside_cp),
        cmocka_unit_test(test_session__each_part_of_a_split_message_is_answered),
        cmocka_unit_test(test_session__byte_by_byte_gives_the_same_as_all_at_once),
        cmocka_unit_test(test_session__a_full_journal_holds_the_frame_and_loses_nothing),
        cmocka_unit_test(test_session__answers_that_do_not_leave_stop_the_reading),
        cmocka_unit_test(test_session__rubbish_without_a_frame_is_cut_at_64_kib),
        cmocka_unit_test(test_session__refused_frames_are_limited_and_few_are_kept),
        cmocka_unit_test(test_session__a_flood_of_parked_frames_is_kept_to_a_measure),
        cmocka_unit_test(test_session__what_is_refused_is_journalled_up_to_2_kib),
        cmocka_unit_test(test_session__a_frame_without_line_end_is_taken_after_silence),
        cmocka_unit_test(test_session__the_same_mn_on_two_connections_is_told_and_the_newest_leads),
        cmocka_unit_test(test_session__one_connection_may_carry_many_devices_but_not_all),
        cmocka_unit_test(test_session__unapproved_devices_make_room_when_the_table_is_full),
        cmocka_unit_test(test_session__an_old_real_time_frame_played_back_is_counted),
        cmocka_unit_test(test_session__the_window_is_rebuilt_from_the_journal),
        cmocka_unit_test(test_session__clock_samples_come_from_live_frames_only),
        cmocka_unit_test(test_session__a_session_leaves_its_record_of_opening_and_closing),
        cmocka_unit_test(test_session__a_request_of_ours_keeps_its_place_among_the_answers),
        cmocka_unit_test(test_session__enciphered_data_of_2025_are_judged_by_the_devices_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
