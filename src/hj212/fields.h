/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_HJ212_FIELDS_H
#define QK_HJ212_FIELDS_H
/* The lookup of field names, inline for the two readers of CP; not installed. */
#include "hj212/packet.h"

enum { QK_HJ212_FIELD_ROWS = 67, QK_HJ212_FIELD_NAME_MAX = 15 };

typedef struct qk_hj212_field_row {
    char name[16]; /* filled up with zeros */
    uint8_t field;
} qk_hj212_field_row;
extern const qk_hj212_field_row qk_hj212_field_rows[QK_HJ212_FIELD_ROWS];
extern const uint8_t qk_hj212_field_slots[256];

/* Little-endian on any machine: the hash below was searched for these values. */
static inline uint64_t load_le64(const void *p)
{
    const unsigned char *b = p;
    uint64_t v = 0;
    for (int i = 0; i < 8; i++) v |= (uint64_t)b[i] << (8 * i);
    return v;
}

/* A name's bytes 0..7 and 8..15, zeros behind it. */
static inline qk_hj212_field qk_hj212_field_by_words(uint64_t low, uint64_t high)
{
    uint64_t hash = (low + high * 31) * UINT64_C(0xa7d6a70d35f79ac3);
    const qk_hj212_field_row *row = &qk_hj212_field_rows[qk_hj212_field_slots[hash >> 56]];
    bool same = load_le64(row->name) == low && load_le64(row->name + 8) == high;
    return same ? (qk_hj212_field)row->field : QK_HJ212_F_OTHER;
}
#endif
