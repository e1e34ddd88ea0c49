/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_HJ212_SCAN_H
#define QK_HJ212_SCAN_H
/* Head, keys and numbers of a segment in one go, for those who read very many frames.
 *
 * Gives what qk_hj212_head_read, the item walk and qk_hj212_number_parse give, without looking for
 * deviations. Segments of the usual form are read 32 or 64 bytes at a time where the processor can
 * (AVX2, AVX-512); all others, and all on other processors, by the walk. */
#include "hj212/packet.h"

enum {                              /* qk_hj212_cell.kind, bits */
       QK_HJ212_CELL_NUMBER = 1,    /* mantissa and scale hold the value */
       QK_HJ212_CELL_NEW_GROUP = 2, /* the first of its group */
       QK_HJ212_CELL_VALUE = 4      /* a '=' stood there */
};

typedef struct qk_hj212_cell {
    int64_t mantissa;
    uint32_t key, value; /* offsets in the segment */
    uint16_t key_len, value_len;
    uint8_t code_len; /* bytes of the key before '-'; 0 = it has no code */
    uint8_t field;    /* qk_hj212_field */
    int8_t scale;
    uint8_t kind;
} qk_hj212_cell;

/* Fills cells; returns how many items there are, at most max of which are written. Segments above
 * 65,535 bytes give 0. head may not be NULL. */
size_t qk_hj212_scan(qk_hj212_text segment, qk_hj212_head *head, qk_hj212_cell *cells, size_t max);

/* How it is done: for tests and measurements. */
typedef enum qk_hj212_scan_way {
    QK_HJ212_SCAN_WALK,
    QK_HJ212_SCAN_AVX2,
    QK_HJ212_SCAN_AVX512
} qk_hj212_scan_way;
/* The fastest way this processor offers. */
qk_hj212_scan_way qk_hj212_scan_best(void);
size_t qk_hj212_scan_by(qk_hj212_scan_way way, qk_hj212_text segment, qk_hj212_head *head,
                        qk_hj212_cell *cells, size_t max);
#endif
