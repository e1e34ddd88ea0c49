/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_HJ212_FIELDS_H
#define QK_HJ212_FIELDS_H
/* The lookup of field names, inline for the two readers of CP; not installed. */
#include "hj212/internal.h"

enum { QK_HJ212_FIELD_NAME_MAX = 15 };
/* OR-ed to eight letters at once: takes A for a, leaves digits and '-' as they are. */
#define QK_HJ212_FOLD UINT64_C(0x2020202020202020)

typedef struct qk_hj212_field_row {
    char name[16];
    uint64_t low, high; /* folded bytes 0..7 and 8..15 */
} qk_hj212_field_row;
extern const qk_hj212_field_row qk_hj212_field_rows[QK_HJ212_F_COUNT]; /* by the enum */
extern const uint8_t qk_hj212_field_slots[256];

/* The field by its folded bytes 0..7 and 8..15 (behind its end: folded zeros). */
static inline qk_hj212_field qk_hj212_field_by_words(uint64_t low, uint64_t high)
{
    uint64_t hash = (low + high * 31) * UINT64_C(0x6e7e81c5427cdbe5);
    uint8_t row = qk_hj212_field_slots[hash >> 56];
    const qk_hj212_field_row *r = &qk_hj212_field_rows[row];
    return ((r->low == low) & (r->high == high)) ? (qk_hj212_field)row : QK_HJ212_F_OTHER;
}
#endif
