/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes to a session: what is journalled and answered must not depend on where the stream was
 * cut nor on a journal that is full now and then; every answer is a frame; memory stays within its
 * bounds. The first byte chooses the cuts, how often the journal is full, and --accept-any. */
#include "../tests/unit/gateway/session_rig.h"
#include "fuzz.h"

enum { INPUT_MAX = 60000, TURNS_MAX = 1000000 };

static void fill_register(rig *r)
{
    rig_device(r, "A1");
    rig_device(r, "OFF")->status = QK_DEVICE_DISABLED;
    rig_device(r, "M1")->crc_policy = QK_CRC_OFF;
    snprintf(rig_device(r, "PW")->pw, 28, "123456");
    rig_device(r, "88888880000001")->dialect = 2005;
    snprintf(rig_device(r, "KEY")->key, 36, "30303030303030303030303030303030");
}

static void check_bounds(const rig *r)
{
    const qk_gateway_stats *s = &r->gate.stats;
    FUZZ_CHECK(r->gate.pool.used <= QK_ANSWERS_MAX);
    FUZZ_CHECK(s->answered <= s->frames);
    FUZZ_CHECK(s->repeats <= s->frames);
}

/* Feeds all bytes as a connection would: what is not taken is brought again with what follows. */
static void run_stream(rig *r, const char *bytes, size_t len, size_t piece, int full_every)
{
    size_t at = 0, have = 0, used;
    for (int turns = 0; r->session.cut == QK_CUT_NONE; turns++) {
        FUZZ_CHECK(turns < TURNS_MAX);
        have = piece == 0 || have + piece > len ? len : have + piece;
        bool final = have == len;
        r->full_after = full_every && turns % 2 == 0 ? full_every - 1 : -1;
        qk_feed feed = qk_session_feed(&r->session, bytes + at, have - at, final, &used);
        FUZZ_CHECK(used <= have - at);
        at += used;
        rig_flush(r);
        check_bounds(r);
        if (final && feed == QK_FEED_MORE) break;
    }
    if (r->session.cut == QK_CUT_NONE) FUZZ_CHECK(at == len);
}

static void check_answers(const rig *r)
{
    const char *p = r->out;
    size_t left = r->out_len;
    qk_hj212_frame frame;
    qk_hj212_step step;
    qk_hj212_head head;
    FUZZ_CHECK(left < sizeof r->out);
    while (left) {
        FUZZ_CHECK(qk_hj212_next(p, left, true, &frame, &step) == QK_HJ212_FRAME);
        qk_hj212_head_read(&head, frame.segment);
        FUZZ_CHECK(head.command == 9014 || head.command == 9013 || head.command == 9022 ||
                   head.command == 9011);
        p += step.consumed;
        left -= step.consumed;
    }
}

/* Frames and parked frames, in order; a full journal may leave out records of refusals. */
static uint64_t digest(const rig *r)
{
    uint64_t h = 0;
    for (size_t i = 0; i < r->records; i++)
        if (r->record[i].kind == QK_JOURNAL_FRAME || r->record[i].kind == QK_JOURNAL_PARKED)
            h = h * 31 + qk_hash(r->record[i].bytes, r->record[i].len) + r->record[i].flags;
    return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const size_t pieces[8] = {1, 2, 3, 7, 16, 61, 500, 1021};
    if (size < 1 || size > INPUT_MAX) return 0;
    const char *stream = (const char *)bytes + 1;
    rig *whole = rig_new(bytes[0] & 1), *cut = rig_new(bytes[0] & 1);
    fill_register(whole);
    fill_register(cut);
    run_stream(whole, stream, size - 1, 0, 0);
    run_stream(cut, stream, size - 1, pieces[bytes[0] >> 1 & 7], bytes[0] >> 4 & 3);
    check_answers(whole);
    if (whole->session.cut == QK_CUT_NONE && cut->session.cut == QK_CUT_NONE) {
        FUZZ_CHECK(whole->gate.stats.frames == cut->gate.stats.frames);
        FUZZ_CHECK(whole->gate.stats.parked == cut->gate.stats.parked);
        FUZZ_CHECK(whole->gate.stats.refused == cut->gate.stats.refused);
        FUZZ_CHECK(digest(whole) == digest(cut));
        FUZZ_CHECK(whole->out_len == cut->out_len &&
                   memcmp(whole->out, cut->out, whole->out_len) == 0);
    }
    rig_free(whole);
    rig_free(cut);
    return 0;
}
