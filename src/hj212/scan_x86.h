/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_HJ212_SCAN_X86_H
#define QK_HJ212_SCAN_X86_H
/* What the two vector forms of qk_hj212_scan share; not installed.
 *
 * First all of the segment is classified and the places of '=', ';', ',' and the first '&' of each
 * run (the marks) are written down. In the usual form '=' and something that ends a value
 * alternate, so two places tell an item. Whatever does not alternate, holds blanks, control bytes,
 * bytes above 0x7F or '/', or is shaped otherwise out of the ordinary, is left to the walk
 * (SIZE_MAX).
 *
 * Keys and values are loaded as the bytes that END at their end, so that nothing beyond the segment
 * is ever read, and a number comes to lie with its last digit in the last byte. */
#include "hj212/fields.h"
#include "hj212/internal.h"
#include "hj212/scan.h"

#ifdef QK_HJ212_X86
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

enum { SEGMENT_MAX = 4096, SEGMENT_MIN = 32, LANE = 16, BLOCK = 64 };

typedef struct marks {
    uint16_t at[SEGMENT_MAX + BLOCK];
    size_t count;
    uint32_t runs;     /* of '&' */
    uint32_t disorder; /* marks that are '=' or not where the other was due */
    uint64_t alien;    /* not 0: a byte that the usual form does not have */
} marks;

/* '&' that begins a run; carry is the last byte of the block before. */
INLINE uint64_t run_starts(uint64_t ampersands, uint64_t *carry)
{
    uint64_t starts = ampersands & ~(ampersands << 1 | *carry);
    *carry = ampersands >> 63;
    return starts;
}

/* ---- head ---- */

enum { H_CP = 9, H_UNKNOWN = 10, H_SLOTS = 11 };

typedef struct head_row {
    char word[4]; /* small letters, blanks behind */
    uint8_t slot; /* place in qk_hj212_head: qn st cn pw mn flag pnum pno rf; then CP, unknown */
} head_row;
/* By the hash of head_slot. */
static const head_row head_rows[16] = {{"    ", 10}, {"    ", 10}, {"flag", 5}, {"pno ", 7},
                                       {"    ", 10}, {"    ", 10}, {"cp  ", 9}, {"pnum", 6},
                                       {"mn  ", 4},  {"st  ", 1},  {"rf  ", 8}, {"pw  ", 3},
                                       {"qn  ", 0},  {"    ", 10}, {"cn  ", 2}, {"    ", 10}};

INLINE size_t head_slot(const char *p, size_t len)
{
    uint32_t word, name, blank = 0x20202020;
    memcpy(&word, p, 4);
    uint32_t keep = len >= 4 ? UINT32_MAX : (UINT32_C(1) << (8 * len)) - 1;
    word = ((word | blank) & keep) | (blank & ~keep);
    const head_row *row = &head_rows[word * UINT32_C(0x10c67fd9) >> 28];
    memcpy(&name, row->word, 4);
    return ((name == word) & (len <= 4)) ? row->slot : H_UNKNOWN;
}

INLINE bool word_at(const char *p, const char word[4])
{
    return memcmp(p, word, 4) == 0;
}

INLINE qk_hj212_text value_at(const char *base, size_t from, size_t len)
{
    return (qk_hj212_text){base + from, len};
}

/* The two ways in which nearly all heads begin, known by the places of their names up to MN; the
 * place of the mark before MN proves that none stands between. Returns the marks passed. */
INLINE size_t read_usual_begin(qk_hj212_text *slot, const marks *m, const char *p, size_t len)
{
    if (len > 48 && m->count > 8 && m->at[7] == 44 && word_at(p + 20, ";ST=") &&
        word_at(p + 26, ";CN=") && word_at(p + 34, ";PW=") && memcmp(p, "QN=", 3) == 0) {
        slot[0] = value_at(p, 3, 17);
        slot[1] = value_at(p, 24, 2);
        slot[2] = value_at(p, 30, 4);
        slot[3] = value_at(p, 38, 6);
        return 8;
    }
    if (m->count > 6 && m->at[5] == 23 && word_at(p + 5, ";CN=") && word_at(p + 13, ";PW=") &&
        memcmp(p, "ST=", 3) == 0) {
        slot[1] = value_at(p, 3, 2);
        slot[2] = value_at(p, 9, 4);
        slot[3] = value_at(p, 17, 6);
        return 6;
    }
    return 0;
}

/* The marks up to the one that opens CP; returns how many, 0 = out of the ordinary. */
INLINE size_t read_head(qk_hj212_head *head, const marks *m, qk_hj212_text s)
{
    const char *base = s.ptr;
    qk_hj212_text slot[H_SLOTS] = {0};
    size_t k = read_usual_begin(slot, m, base, s.len), which = 0;
    size_t from = k ? (size_t)m->at[k - 1] + 1 : 0;
    for (; k < m->count; k += 2) {
        size_t equals = m->at[k], end = m->at[k + 1];
        /* past marks out of turn a name's four bytes could reach over the end of the segment */
        if (base[equals] != '=' || base[end] == '=') return 0;
        which = head_slot(base + from, equals - from);
        slot[which] = text_between(base + equals + 1, base + end);
        from = end + 1;
        if (base[end] == '&') break;
    }
    bool opened = k < m->count && which == H_CP && slot[H_CP].len == 0 && base[from] == '&';
    if (!opened) return 0;
    *head = (qk_hj212_head){.qn = slot[0],
                            .st = slot[1],
                            .cn = slot[2],
                            .pw = slot[3],
                            .mn = slot[4],
                            .flag = slot[5],
                            .pnum = slot[6],
                            .pno = slot[7],
                            .rf = slot[8]};
    return k + 2;
}

/* The last mark begins the run of '&' that ends the segment, and CP lies between two such runs. */
INLINE bool shape_is_usual(marks *m, qk_hj212_text s)
{
    if (m->alien || m->count < 2) return false;
    size_t last = m->at[m->count - 1];
    if (m->count & 1) { /* one ';' too many before the end */
        if (m->at[m->count - 2] + 1u != last || s.ptr[last - 1] != ';') return false;
        m->count--;
        m->disorder -= m->disorder > 0; /* that of the last mark */
    }
    if (m->disorder) return false;
    const char *tail = s.ptr + last;
    if (m->runs == 2) return last + 2 == s.len && tail[0] == '&' && tail[1] == '&';
    return m->runs == 1 && last + 4 == s.len && memcmp(tail, "&&&&", 4) == 0;
}

/* Sets CP, which begins behind the k-th mark; returns its items, SIZE_MAX = out of the ordinary. */
INLINE size_t open_cp(qk_hj212_head *head, const marks *m, qk_hj212_text s, size_t k)
{
    size_t from = (size_t)m->at[k - 1] + 2, count = (m->count - k) / 2;
    size_t end = m->runs == 2 ? s.len - 2 : from;
    if (from < LANE || (count > 0 && s.ptr[from] == '&')) return SIZE_MAX;
    head->cp = text_between(s.ptr + from, s.ptr + end);
    return count;
}

/* DataTime from the cells, numbers of the head from its texts. */
INLINE void close_head(qk_hj212_head *head, qk_hj212_text s, const qk_hj212_cell *cells,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (cells[i].field != QK_HJ212_F_DATATIME || cells[i].code_len) continue;
        head->data_time = (qk_hj212_text){s.ptr + cells[i].value, cells[i].value_len};
        break;
    }
    qk_hj212_interpret_head(head);
}
#endif
#endif
