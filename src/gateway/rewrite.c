/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/rewrite.h"

typedef struct patch {
    qk_hj212_text old, new;
} patch;

/* Appends what lies between the last place and the old value, then the new value. */
static bool apply_patch(char *out, size_t size, size_t *len, const char **from, const patch *p)
{
    size_t before = (size_t)(p->old.ptr - *from);
    if (*len + before + p->new.len > size) return false;
    memcpy(out + *len, *from, before);
    *len += before;
    memcpy(out + *len, p->new.ptr, p->new.len);
    *len += p->new.len;
    *from = p->old.ptr + p->old.len;
    return true;
}

size_t qk_rewrite_frame(char *out, size_t size, qk_hj212_text segment, qk_hj212_text mn,
                        qk_hj212_text pw)
{
    qk_hj212_head head;
    char text[QK_HJ212_FRAME_MAX];
    patch patches[2];
    int count = 0;
    size_t len = 0;
    const char *from = segment.ptr, *end = segment.ptr + segment.len;
    (void)qk_hj212_head_read(&head, segment);
    if ((mn.ptr && !head.mn.ptr) || (pw.ptr && !head.pw.ptr)) return 0;
    if (mn.ptr) patches[count++] = (patch){head.mn, mn};
    if (pw.ptr) patches[count++] = (patch){head.pw, pw};
    if (count == 2 && patches[0].old.ptr > patches[1].old.ptr) {
        patch first = patches[1];
        patches[1] = patches[0];
        patches[0] = first;
    }
    for (int i = 0; i < count; i++)
        if (!apply_patch(text, sizeof text, &len, &from, &patches[i])) return 0;
    if (len + (size_t)(end - from) > sizeof text) return 0;
    memcpy(text + len, from, (size_t)(end - from));
    len += (size_t)(end - from);
    return qk_hj212_encode_segment(out, size, (qk_hj212_text){text, len}, QK_HJ212_CRC_STANDARD);
}
