/* SPDX-License-Identifier: Apache-2.0 */
/* A receiver in one page: bytes of HJ 212 come in on standard input, in pieces of any size; each
 * key and value goes out, and behind each frame that asks for one its answer (9014).
 *
 *   cc example.c $(pkg-config --cflags --libs qkhj212) -o example
 *   ./example <frames.txt */
#include "hj212/hj212.h"
#include <stdio.h>

enum { PIECE = 100 }; /* as small as a socket may be; the frames come out the same */

static void print_items(qk_hj212_packet *packet)
{
    qk_hj212_items it;
    qk_hj212_item item;
    qk_hj212_items_init(&it, packet);
    while (qk_hj212_items_next(&it, &item)) {
        const qk_hj212_factor *factor = qk_hj212_factor_find(item.code);
        printf("  %.*s = %.*s%s%s\n", (int)item.key.len, item.key.ptr, (int)item.value.len,
               item.value.ptr ? item.value.ptr : "", factor ? "  # " : "",
               factor ? factor->en : "");
    }
}

static void print_deviations(const qk_hj212_packet *packet)
{
    for (int d = 0; d < QK_HJ212_D_COUNT; d++)
        if (packet->deviations & QK_HJ212_BIT(d))
            printf("  not to the letter: %s\n", qk_hj212_deviation_name((qk_hj212_deviation)d));
}

static void take_frame(const qk_hj212_frame *frame)
{
    char answer[256];
    qk_hj212_packet packet;
    qk_hj212_refusal refusal = qk_hj212_frame_check(frame, QK_HJ212_ACCEPT_STANDARD);
    qk_hj212_parse(&packet, frame);
    const qk_hj212_head *head = &packet.head;
    if (refusal == QK_HJ212_USABLE) refusal = packet.refusal;
    if (refusal != QK_HJ212_USABLE) {
        printf("refused: %s\n", qk_hj212_refusal_name(refusal));
        return;
    }
    printf("%d of %.*s\n", (int)head->command, (int)head->mn.len, head->mn.ptr);
    print_items(&packet);
    print_deviations(&packet);
    if (!head->wants_answer) return;
    size_t len =
        qk_hj212_encode_9014(answer, sizeof answer, head->version, QK_HJ212_CRC_STANDARD, head);
    printf("answer: %.*s", (int)len, answer);
}

/* Takes what is whole at the front of bytes; returns how many bytes are done with. */
static size_t take_bytes(const char *bytes, size_t len, bool final)
{
    qk_hj212_frame frame;
    qk_hj212_step step;
    qk_hj212_found found;
    size_t used = 0;
    while ((found = qk_hj212_next(bytes + used, len - used, final, &frame, &step)) !=
           QK_HJ212_MORE) {
        used += step.consumed;
        if (found == QK_HJ212_FRAME) take_frame(&frame);
    }
    return used;
}

int main(void)
{
    static char buffer[QK_HJ212_FRAME_MAX + QK_HJ212_LOOKAHEAD + PIECE];
    size_t have = 0, n;
    do {
        n = fread(buffer + have, 1, PIECE, stdin);
        have += n;
        size_t used = take_bytes(buffer, have, n == 0);
        have -= used;
        memmove(buffer, buffer + used, have);
    } while (n > 0);
    return 0;
}
