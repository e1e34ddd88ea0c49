/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a data segment: head and items stay inside it, the two readers of the head agree,
 * what is split comes together again, and sealing is undone by opening. */
#include "fuzz.h"
#include "hj212/hj212.h"

static void check_inside(qk_hj212_text part, qk_hj212_text whole)
{
    if (!part.ptr) return;
    FUZZ_CHECK(part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

static void check_head(const qk_hj212_packet *p)
{
    const qk_hj212_head *h = &p->head;
    const qk_hj212_text all[] = {h->qn,   h->st,   h->cn,  h->pw, h->mn,
                                 h->flag, h->pnum, h->pno, h->rf, h->cp};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) check_inside(all[i], p->segment);
    check_inside(h->data_time, h->cp);
    qk_hj212_head again;
    bool found = qk_hj212_head_read(&again, p->segment);
    FUZZ_CHECK(memcmp(&again, h, sizeof again) == 0);
    FUZZ_CHECK(found == (h->mn.len > 0 && h->cn.len > 0));
    FUZZ_CHECK(p->note_count <= QK_HJ212_NOTES_MAX);
    for (uint32_t i = 0; i < p->note_count; i++)
        FUZZ_CHECK(p->notes[i].offset <= p->segment.len &&
                   p->notes[i].deviation < QK_HJ212_D_COUNT);
}

static void walk_items(qk_hj212_packet *p)
{
    qk_hj212_items it;
    qk_hj212_item item;
    const char *last = p->head.cp.ptr;
    uint32_t group = 0;
    qk_hj212_items_init(&it, p);
    while (qk_hj212_items_next(&it, &item)) {
        check_inside(item.key, p->head.cp);
        check_inside(item.code, item.key);
        check_inside(item.field_text, item.key);
        check_inside(item.value, p->head.cp);
        FUZZ_CHECK(item.key.ptr >= last && item.group >= group);
        last = item.key.ptr + item.key.len;
        group = item.group;
        qk_hj212_number n;
        if (item.has_value && qk_hj212_number_parse(&n, item.value))
            FUZZ_CHECK(n.scale >= 0 && n.scale <= 18);
    }
    FUZZ_CHECK(!qk_hj212_items_next(&it, &item));
}

/* All groups of the message must come out of the parts in their order. */
static void split_and_join(const qk_hj212_packet *p)
{
    static char memory[QK_HJ212_JOIN_MESSAGES * 16384], joined[16384], frame[QK_HJ212_FRAME_MAX];
    qk_hj212_message m = {.version = QK_HJ212_2017,
                          .qn = QK_HJ212_TEXT("20250101000000000"),
                          .st = QK_HJ212_TEXT("31"),
                          .cn = QK_HJ212_TEXT("2051"),
                          .mn = QK_HJ212_TEXT("QZ1"),
                          .flag = 5,
                          .cp = p->head.cp};
    qk_hj212_split split;
    qk_hj212_join join;
    qk_hj212_join_init(&join, memory, sizeof memory);
    int32_t parts = qk_hj212_split_init(&split, &m, 200);
    size_t n, len = 0;
    int32_t count = 0;
    qk_hj212_joined how = QK_HJ212_JOIN_SINGLE;
    while ((n = qk_hj212_split_next(&split, frame, sizeof frame)) > 0) {
        FUZZ_CHECK(n <= 212 && ++count <= parts);
        qk_hj212_head h;
        qk_hj212_head_read(&h, (qk_hj212_text){frame + 6, n - 12});
        how = qk_hj212_join_add(&join, &h, 0, joined, sizeof joined, &len);
    }
    FUZZ_CHECK(count == parts);
    if (how == QK_HJ212_JOIN_WHOLE) FUZZ_CHECK(len <= p->head.cp.len);
}

static void seal_and_open(const qk_hj212_packet *p)
{
    static char frame[QK_HJ212_FRAME_MAX], plain_text[QK_HJ212_FRAME_MAX];
    static const uint8_t key[16] = {1, 2, 3};
    qk_hj212_message m = {.version = QK_HJ212_2025,
                          .cn = QK_HJ212_TEXT("2011"),
                          .mn = QK_HJ212_TEXT("QZ1"),
                          .flag = 9,
                          .cp = p->head.cp};
    size_t n = qk_hj212_encode(frame, sizeof frame, &m);
    FUZZ_CHECK(n > 0);
    qk_hj212_sm4 sm4;
    qk_hj212_sm4_init(&sm4, key);
    FUZZ_CHECK(qk_hj212_seal(frame, n, &sm4));
    qk_hj212_frame sealed, plain;
    qk_hj212_step step;
    FUZZ_CHECK(qk_hj212_next(frame, n, true, &sealed, &step) == QK_HJ212_FRAME);
    FUZZ_CHECK(step.consumed == n);
    FUZZ_CHECK(qk_hj212_open(&plain, &sealed, &sm4, plain_text, sizeof plain_text));
    FUZZ_CHECK(memcmp(plain_text + plain.segment.len - 2 - p->head.cp.len, p->head.cp.ptr,
                      p->head.cp.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size > 9000) return 0;
    qk_hj212_frame frame;
    qk_hj212_packet packet;
    qk_hj212_frame_of_segment(&frame, (qk_hj212_text){(const char *)bytes, size});
    qk_hj212_parse(&packet, &frame);
    check_head(&packet);
    walk_items(&packet);
    if (!packet.head.cp.ptr) return 0;
    split_and_join(&packet);
    seal_and_open(&packet);
    return 0;
}
