/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes to decode, what is usable to encode, and that to decode again: the JSON must be the
 * same but for what encode puts right (the length). Any bytes to encode as JSON, too. */
#include "cli/hj212_json.h"
#include "fuzz.h"

static qk_hj212_json *make(qk_hj212_sm4 *sm4, qk_hj212_crc_policy policy)
{
    static const uint8_t key[16] = "0000000000000000";
    qk_hj212_sm4_init(sm4, key);
    qk_hj212_json_options options = {.crc = policy, .sm4 = sm4};
    qk_hj212_json *j;
    FUZZ_CHECK(qk_hj212_json_new(&j, &options, NULL) == QK_OK);
    return j;
}

static bool decode(qk_hj212_json *j, qk_buf *out, const qk_hj212_frame *f)
{
    qk_json_writer w;
    out->len = 0;
    qk_json_init(&w, out);
    bool ok = qk_hj212_json_decode(j, &w, f);
    FUZZ_CHECK(out->failed == QK_OK);
    return ok;
}

/* Deviations that encode does not bring back: it writes the four digits and the right length, names
 * in capitals, no blanks, and it cannot keep broken characters. */
static bool comes_back(const qk_hj212_frame *f)
{
    static const qk_hj212_deviation lost[] = {QK_HJ212_D_LENGTH_DECLARED_WRONG,
                                              QK_HJ212_D_LENGTH_FIELD_FORM,
                                              QK_HJ212_D_HEAD_CASE,
                                              QK_HJ212_D_HEAD_UNKNOWN,
                                              QK_HJ212_D_HEAD_REPEATED,
                                              QK_HJ212_D_HEAD_SEPARATOR,
                                              QK_HJ212_D_CP_SINGLE_AMPERSAND,
                                              QK_HJ212_D_BLANKS,
                                              QK_HJ212_D_NOT_UTF8,
                                              QK_HJ212_D_CONTROL_BYTES,
                                              QK_HJ212_D_TEXT_UNCLOSED,
                                              QK_HJ212_D_NO_CP};
    qk_hj212_packet p;
    qk_hj212_items it;
    qk_hj212_item item;
    qk_hj212_parse(&p, f);
    qk_hj212_items_init(&it, &p);
    while (qk_hj212_items_next(&it, &item)) continue;
    for (size_t i = 0; i < sizeof lost / sizeof *lost; i++)
        if (p.deviations & QK_HJ212_BIT(lost[i])) return false;
    /* an item without '=' in the head or empty pieces of it leave no trace in the object */
    qk_hj212_text head = {f->segment.ptr,
                          p.head.cp.ptr ? (size_t)(p.head.cp.ptr - f->segment.ptr) : 0};
    for (size_t i = 1; i < head.len; i++)
        if (head.ptr[i - 1] == ';' && (head.ptr[i] == ';' || head.ptr[i] == '=')) return false;
    return !(p.deviations & QK_HJ212_BIT(QK_HJ212_D_ITEM_WITHOUT_EQUALS)) &&
           !(p.deviations & QK_HJ212_BIT(QK_HJ212_D_EMPTY_ITEM));
}

/* The object says that a CRC was written in small letters, not which of them were. */
static bool mixes_letters(qk_hj212_text crc)
{
    bool small = false, large = false;
    for (size_t i = 0; i < crc.len; i++) {
        small = small || (crc.ptr[i] >= 'a' && crc.ptr[i] <= 'f');
        large = large || (crc.ptr[i] >= 'A' && crc.ptr[i] <= 'F');
    }
    return small && large;
}

static void check_round_trip(qk_hj212_json *j, qk_buf *first, qk_buf *frames,
                             const qk_hj212_frame *f)
{
    if (!decode(j, first, f)) return;
    qk_error err = {0};
    frames->len = 0;
    qk_code code = qk_hj212_json_encode(j, frames, qk_buf_str(first), &err);
    if (!comes_back(f) || mixes_letters(f->crc_text)) return;
    FUZZ_CHECK(code == QK_OK);
    if (f->line_end == QK_HJ212_END_STARS) return; /* with or without CR LF behind */
    FUZZ_CHECK(frames->len == f->whole.len && memcmp(frames->ptr, f->whole.ptr, frames->len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    qk_hj212_sm4 sm4;
    qk_hj212_json *j = make(&sm4, QK_HJ212_ACCEPT_KNOWN);
    qk_buf text, frames;
    qk_buf_init(&text, 4 << 20);
    qk_buf_init(&frames, 4 << 20);
    const char *p = (const char *)bytes;
    qk_hj212_frame f;
    qk_hj212_step step;
    qk_hj212_found found;
    size_t at = 0;
    while ((found = qk_hj212_next(p + at, size - at, true, &f, &step)) != QK_HJ212_MORE) {
        if (found == QK_HJ212_FRAME) check_round_trip(j, &text, &frames, &f);
        at += step.consumed;
    }
    qk_error err = {0};
    frames.len = 0;
    if (qk_hj212_json_encode(j, &frames, (qk_str){p, size}, &err) == QK_OK) {
        FUZZ_CHECK(qk_hj212_next(frames.ptr, frames.len, true, &f, &step) == QK_HJ212_FRAME);
        FUZZ_CHECK(step.consumed == frames.len);
    }
    qk_hj212_json_free(j);
    qk_buf_clear(&text);
    qk_buf_clear(&frames);
    return 0;
}
