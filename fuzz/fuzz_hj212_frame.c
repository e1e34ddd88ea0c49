/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes to the framer: the frames must not depend on where the stream was cut, must follow one
 * another without overlap, and the folded CRC must equal the annex's loop. The first byte chooses
 * the cuts. */
#include "fuzz.h"
#include "hj212/hj212.h"

enum { LIMIT = 600 };

typedef struct tally {
    uint64_t hash;
    size_t frames;
} tally;

static void mix(tally *t, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) t->hash = (t->hash ^ p[i]) * UINT64_C(1099511628211);
}

static void count_frame(tally *t, const qk_hj212_frame *f, const char *base)
{
    size_t place = (size_t)(f->whole.ptr - base);
    uint64_t rest[] = {place,        f->whole.len, f->segment.len, (uint64_t)f->declared,
                       f->length_ok, f->binary,    f->crc,         f->line_end,
                       f->refusal,   f->deviations};
    mix(t, rest, sizeof rest);
    t->frames++;
}

static void check_frame(const qk_hj212_frame *f, const qk_hj212_step *step)
{
    const char *end = f->whole.ptr + f->whole.len;
    FUZZ_CHECK(f->whole.len == step->consumed && f->whole.len >= 2);
    FUZZ_CHECK(memcmp(f->whole.ptr, "##", 2) == 0);
    FUZZ_CHECK(f->segment.ptr >= f->whole.ptr && f->segment.ptr + f->segment.len <= end);
    FUZZ_CHECK(f->whole.len <= LIMIT + QK_HJ212_LOOKAHEAD);
    FUZZ_CHECK(f->deviations >> QK_HJ212_D_NO_QN == 0);
    uint16_t crc = qk_hj212_crc(f->segment.ptr, f->segment.len);
    FUZZ_CHECK(crc == qk_hj212_crc_bitwise(f->segment.ptr, f->segment.len));
    for (int policy = 0; policy <= QK_HJ212_ACCEPT_ANY; policy++)
        qk_hj212_frame_check(f, (qk_hj212_crc_policy)policy);
}

/* Reads the stream in pieces; piece 0 = all at once. */
static tally read_stream(const char *bytes, size_t len, size_t piece)
{
    tally t = {UINT64_C(14695981039346656037), 0};
    size_t have = 0, at = 0;
    while (at < len) {
        have = piece == 0 || have + piece > len ? len : have + piece;
        qk_hj212_frame f;
        qk_hj212_step step;
        qk_hj212_found found;
        while ((found = qk_hj212_next_within(bytes + at, have - at, have == len, LIMIT, &f,
                                             &step)) != QK_HJ212_MORE) {
            FUZZ_CHECK(step.consumed > 0 && step.consumed <= have - at);
            if (found == QK_HJ212_FRAME) {
                check_frame(&f, &step);
                count_frame(&t, &f, bytes);
            }
            at += step.consumed;
        }
        FUZZ_CHECK(have - at < LIMIT + QK_HJ212_LOOKAHEAD);
    }
    FUZZ_CHECK(at == len);
    return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2) return 0;
    const char *stream = (const char *)bytes + 1;
    tally whole = read_stream(stream, size - 1, 0);
    tally cut = read_stream(stream, size - 1, 1 + bytes[0]);
    tally single = read_stream(stream, size - 1, 1);
    FUZZ_CHECK(whole.frames == cut.frames && whole.hash == cut.hash);
    FUZZ_CHECK(whole.frames == single.frames && whole.hash == single.hash);
    return 0;
}
