/* SPDX-License-Identifier: Apache-2.0 */
#include "hj212/scan.h"
#include "hj212/internal.h"

qk_hj212_scan_way qk_hj212_scan_best(void)
{
#ifdef QK_HJ212_X86
    /* processors with these two have the older parts of AVX-512 that are used */
    if (__builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vpopcntdq"))
        return QK_HJ212_SCAN_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) return QK_HJ212_SCAN_AVX2;
#endif
    return QK_HJ212_SCAN_WALK;
}

static qk_hj212_cell cell_of(const qk_hj212_item *item, qk_hj212_text segment, uint32_t *group)
{
    qk_hj212_number n = {0};
    bool number = item->has_value && qk_hj212_number_parse(&n, item->value);
    bool new_group = *group != item->group + 1;
    *group = item->group + 1;
    return (qk_hj212_cell){
        .mantissa = n.mantissa,
        .key = (uint32_t)(item->key.ptr - segment.ptr),
        .value = item->has_value ? (uint32_t)(item->value.ptr - segment.ptr) : 0,
        .key_len = (uint16_t)item->key.len,
        .value_len = (uint16_t)item->value.len,
        .code_len = (uint8_t)(item->code.len <= UINT8_MAX ? item->code.len : 0),
        .field = (uint8_t)qk_hj212_field_find(item->field_text, NULL),
        .scale = (int8_t)n.scale,
        .kind = (uint8_t)((number ? QK_HJ212_CELL_NUMBER : 0) |
                          (new_group ? QK_HJ212_CELL_NEW_GROUP : 0) |
                          (item->has_value ? QK_HJ212_CELL_VALUE : 0)),
    };
}

static size_t scan_by_walk(qk_hj212_text segment, qk_hj212_head *head, qk_hj212_cell *cells,
                           size_t max)
{
    qk_hj212_packet packet = {.segment = segment, .deviations = UINT64_MAX};
    qk_hj212_items it;
    qk_hj212_item item;
    size_t count = 0;
    uint32_t group = 0;
    qk_hj212_head_read(head, segment);
    packet.head = *head;
    qk_hj212_items_pass_init(&it, &packet);
    for (; qk_hj212_items_pass(&it, &item); count++)
        if (count < max) cells[count] = cell_of(&item, segment, &group);
    return count;
}

size_t qk_hj212_scan_by(qk_hj212_scan_way way, qk_hj212_text segment, qk_hj212_head *head,
                        qk_hj212_cell *cells, size_t max)
{
    size_t count = SIZE_MAX;
    if (segment.len > UINT16_MAX) segment.len = 0;
#ifdef QK_HJ212_X86
    if (way == QK_HJ212_SCAN_AVX512) count = qk_hj212_scan_avx512(segment, head, cells, max);
    if (way == QK_HJ212_SCAN_AVX2) count = qk_hj212_scan_avx2(segment, head, cells, max);
#else
    (void)way;
#endif
    return count != SIZE_MAX ? count : scan_by_walk(segment, head, cells, max);
}

size_t qk_hj212_scan(qk_hj212_text segment, qk_hj212_head *head, qk_hj212_cell *cells, size_t max)
{
    return qk_hj212_scan_by(qk_hj212_scan_best(), segment, head, cells, max);
}
