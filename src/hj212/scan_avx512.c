/* SPDX-License-Identifier: Apache-2.0 */
/* qk_hj212_scan for processors with AVX-512: eight items at a time, each in a 64-bit lane. */
#include "hj212/scan_x86.h"

#ifdef QK_HJ212_X86
#define TARGET                                                                                  \
    __attribute__((target("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2," \
                          "avx512vpopcntdq,avx2,bmi,bmi2,lzcnt,popcnt")))

typedef __m512i lanes;
enum { LANES = 8 };

/* What the first pass notes besides the places of the marks. */
typedef struct notes {
    char sign[SEGMENT_MAX + BLOCK];           /* the marks' own bytes */
    uint64_t dashes[SEGMENT_MAX / BLOCK + 1]; /* a bit for each byte of the segment */
} notes;

/* Folded names of up to eight bytes, by the hash of find_fields; the enum's value beside each. */
static const uint64_t short_names[128] = {
    [1] = UINT64_C(0x2020206e696d737a),   [2] = UINT64_C(0x6472656c706d6173),
    [3] = UINT64_C(0x202020756f63737a),   [4] = UINT64_C(0x20202064696c6f70),
    [6] = UINT64_C(0x2020202020206e63),   [9] = UINT64_C(0x202020656d697473),
    [12] = UINT64_C(0x656d69746e726177),  [14] = UINT64_C(0x20202020206e696d),
    [15] = UINT64_C(0x202020677661737a),  [23] = UINT64_C(0x20202067616c6665),
    [26] = UINT64_C(0x656d69747265766f),  [27] = UINT64_C(0x2065756c61767075),
    [30] = UINT64_C(0x2061746164796164),  [33] = UINT64_C(0x2020206e74726e71),
    [36] = UINT64_C(0x20202020206f6e70),  [37] = UINT64_C(0x2020202061746164),
    [40] = UINT64_C(0x2020202020206e73),  [43] = UINT64_C(0x20202078616d737a),
    [44] = UINT64_C(0x20656d6974646e65),  [45] = UINT64_C(0x2020202020677661),
    [46] = UINT64_C(0x202064696f666e69),  [52] = UINT64_C(0x2020202020206e71),
    [57] = UINT64_C(0x2020202020616c61),  [63] = UINT64_C(0x20206f6e65736176),
    [64] = UINT64_C(0x65756c6176776f6c),  [72] = UINT64_C(0x2020202020756f63),
    [73] = UINT64_C(0x202020206f666e69),  [75] = UINT64_C(0x202020206d756e70),
    [76] = UINT64_C(0x2020202020207372),  [84] = UINT64_C(0x656d697461746164),
    [86] = UINT64_C(0x2020202020207770),  [89] = UINT64_C(0x202020647472737a),
    [93] = UINT64_C(0x20746e756f636572),  [94] = UINT64_C(0x6d756e64696c6176),
    [96] = UINT64_C(0x2020206b7377656e),  [97] = UINT64_C(0x202020777077656e),
    [101] = UINT64_C(0x2020202067616c66), [103] = UINT64_C(0x202020656d697463),
    [107] = UINT64_C(0x2020202020207472), [109] = UINT64_C(0x2020202020647472),
    [110] = UINT64_C(0x20206e7472657865), [111] = UINT64_C(0x202020202069726f),
    [112] = UINT64_C(0x202020202078616d), [117] = UINT64_C(0x6d756e6c61746f74),
};
static const uint8_t short_fields[128] = {
    0,  7,  24, 10, 45, 0,  38, 0,  0,  55, 0,  0,  51, 0,  2,  8,  0, 0, 0,  0,  0,  0,
    0,  27, 0,  0,  49, 16, 0,  0,  12, 0,  0,  41, 0,  0,  40, 11, 0, 0, 30, 0,  0,  9,
    35, 3,  46, 0,  0,  0,  0,  0,  37, 0,  0,  0,  0,  15, 0,  0,  0, 0, 0,  52, 17, 0,
    0,  0,  0,  0,  0,  0,  5,  29, 0,  39, 20, 0,  0,  0,  0,  0,  0, 0, 32, 0,  48, 0,
    0,  6,  0,  0,  0,  50, 22, 0,  64, 47, 0,  0,  0,  26, 0,  54, 0, 0, 0,  21, 0,  1,
    42, 14, 4,  0,  0,  0,  0,  23, 0,  0,  0,  0,  0,  0,  0,  0,  0, 0,
};
#define SHORT_HASH UINT64_C(0xf43f12e1a353a57b)

/* ---- first pass ---- */

/* How many of n marks stand where the other kind was due: '=' has the even places. */
INLINE TARGET uint32_t out_of_turn(uint64_t equals, uint64_t found, size_t n, size_t before)
{
    uint64_t due = UINT64_C(0x5555555555555555) << (before & 1);
    uint64_t wrong = _bzhi_u64(_pext_u64(equals, found) ^ due, (unsigned)n);
    return (uint32_t)_mm_popcnt_u64(wrong);
}

TARGET static void find_marks(marks *m, notes *t, const char *p, size_t len)
{
    /* each of the five signs stands in the table at its own low nibble */
    const lanes signs = _mm512_broadcast_i32x4(
        _mm_setr_epi8(-1, -1, -1, -1, -1, -1, '&', -1, -1, -1, -1, ';', ',', '=', -1, '/'));
    const lanes numbers = _mm512_set_epi64(
        0x3F3E3D3C3B3A3938, 0x3736353433323130, 0x2F2E2D2C2B2A2928, 0x2726252423222120,
        0x1F1E1D1C1B1A1918, 0x1716151413121110, 0x0F0E0D0C0B0A0908, 0x0706050403020100);
    size_t count = 0;
    uint64_t carry = 0, alien = 0;
    uint32_t runs = 0, disorder = 0;
    for (size_t base = 0; base < len; base += BLOCK) {
        __mmask64 live = len - base >= BLOCK ? ~UINT64_C(0) : (UINT64_C(1) << (len - base)) - 1;
        lanes v = _mm512_maskz_loadu_epi8(live, p + base);
        uint64_t all = _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(signs, v), v);
        uint64_t ampersands = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('&'));
        alien |= _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('/'));
        alien |= _mm512_mask_cmple_epi8_mask(live, v, _mm512_set1_epi8(' '));
        t->dashes[base / BLOCK] = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('-'));
        uint64_t starts = run_starts(ampersands, &carry);
        uint64_t found = (all & ~ampersands) | starts;
        lanes places = _mm512_maskz_compress_epi8(found, numbers),
              offset = _mm512_set1_epi16((short)base);
        _mm512_storeu_si512(t->sign + count, _mm512_maskz_compress_epi8(found, v));
        lanes low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(places));
        _mm512_storeu_si512(m->at + count, _mm512_add_epi16(low, offset));
        size_t n = (size_t)_mm_popcnt_u64(found);
        disorder += out_of_turn(_mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('=')), found, n, count);
        if (n > 32) {
            lanes high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(places, 1));
            _mm512_storeu_si512(m->at + count + 32, _mm512_add_epi16(high, offset));
        }
        count += n;
        runs += (uint32_t)_mm_popcnt_u64(starts);
    }
    m->count = count;
    m->runs = runs;
    m->alien = alien;
    m->disorder = disorder;
}

/* Dashes in the bytes [from, len). */
TARGET static size_t count_dashes(const notes *t, size_t from, size_t len)
{
    size_t block = from / BLOCK;
    size_t n = (size_t)_mm_popcnt_u64(t->dashes[block] >> (from % BLOCK));
    while (++block * BLOCK < len) n += (size_t)_mm_popcnt_u64(t->dashes[block]);
    return n;
}

/* ---- eight items ---- */

/* A lane holds two 32-bit halves of an item: of its key (low) and of its value (high). */
typedef struct batch {
    lanes begins;  /* where key and value begin */
    lanes lengths; /* of key and value */
    lanes equals, end, key_len, value_len;
    __mmask8 live;
} batch;

typedef struct found_keys {
    lanes field, code_len;
    __mmask8 coded, slow, odd;
} found_keys;

typedef struct found_numbers {
    lanes mantissa, scale;
    __mmask8 valid, negative, odd;
} found_numbers;

#define SET(v) _mm512_set1_epi64((long long)(v))
/* Truth tables of vpternlog */
enum { CHOOSE = 0xCA, OR3 = 0xFE, FIRST_AND_NOT_SECOND_AND_THIRD = 0x20 };

/* The eight bytes that end at base + end (or eight before them). */
INLINE TARGET lanes gather_before(const batch *b, const char *base, lanes end, uintptr_t distance)
{
    const void *from = (const void *)((uintptr_t)base - distance);
    return _mm512_mask_i64gather_epi64(SET(0), b->live, end, from, 1);
}

/* Fields by the last eight bytes of the keys. slow: the dash stands further in front, or the name
 * is longer. odd: an empty name or code, which makes it no code. */
INLINE TARGET found_keys find_fields(const batch *b, const char *base)
{
    found_keys k;
    lanes bytes = gather_before(b, base, b->equals, 8);
    lanes dash = _mm512_movm_epi8(_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('-')));
    lanes behind = _mm512_lzcnt_epi64(dash); /* bits; 64 = no dash */
    lanes seen = _mm512_slli_epi64(_mm512_min_epu64(b->key_len, SET(8)), 3);
    lanes bits = _mm512_min_epu64(behind, seen);
    k.coded = _mm512_mask_cmplt_epu64_mask(b->live, behind, seen);
    k.slow = _mm512_mask_cmpgt_epu64_mask((__mmask8)(b->live & ~k.coded), b->key_len, SET(8));
    k.code_len = _mm512_maskz_sub_epi64(k.coded, b->key_len,
                                        _mm512_add_epi64(_mm512_srli_epi64(bits, 3), SET(1)));
    k.odd = _mm512_mask_testn_epi64_mask(b->live, bits, bits) |
            _mm512_mask_cmpgt_epu64_mask(k.coded, _mm512_sub_epi64(k.code_len, SET(1)), SET(254));
    lanes word = _mm512_srlv_epi64(bytes, _mm512_sub_epi64(SET(64), bits));
    word = _mm512_or_si512(word, SET(QK_HJ212_FOLD));
    lanes hash = _mm512_srli_epi64(_mm512_mullo_epi64(word, SET(SHORT_HASH)), 57);
    lanes name = _mm512_i64gather_epi64(hash, short_names, 8);
    lanes field = _mm512_permutex2var_epi8(_mm512_loadu_si512(short_fields), hash,
                                           _mm512_loadu_si512(short_fields + BLOCK));
    k.field = _mm512_maskz_and_epi64(_mm512_cmpeq_epi64_mask(name, word), field, SET(0xFF));
    return k;
}

/* The bytes up to and with the one that dot marks. */
INLINE TARGET lanes up_to(__mmask8 there, lanes dot)
{
    return _mm512_maskz_or_epi64(there, dot, _mm512_sub_epi64(dot, SET(1)));
}

INLINE TARGET lanes choose(lanes which, lanes yes, lanes no)
{
    return _mm512_ternarylogic_epi64(which, yes, no, CHOOSE);
}

/* Eight values 0..9 a lane to numbers. */
INLINE TARGET lanes join_digits(lanes digits)
{
    lanes pairs = _mm512_maddubs_epi16(digits, _mm512_set1_epi16(0x010A));
    lanes fours = _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x00010064));
    return _mm512_add_epi64(_mm512_mul_epu32(fours, SET(10000)), _mm512_srli_epi64(fours, 32));
}

INLINE TARGET __mmask8 has_other_than_digits(lanes digits)
{
    lanes above = _mm512_or_si512(digits, _mm512_add_epi8(digits, _mm512_set1_epi8(0x76)));
    return _mm512_test_epi64_mask(above, _mm512_set1_epi8((char)0x80));
}

/* One of the two words of a value: the digits of its bytes that count, and the place of the point.
 */
typedef struct value_word {
    lanes digits, dot;
    __mmask8 negative, pointed;
} value_word;

INLINE TARGET value_word cut_word(lanes bytes, lanes unused_bits)
{
    value_word w;
    lanes keep = _mm512_sllv_epi64(SET(-1), unused_bits);
    lanes first = _mm512_andnot_si512(_mm512_slli_epi64(keep, 8), keep);
    lanes sign = _mm512_maskz_mov_epi8(_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('-')), first);
    w.negative = _mm512_test_epi64_mask(sign, sign);
    w.dot = _mm512_maskz_mov_epi8(_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('.')), keep);
    w.pointed = _mm512_test_epi64_mask(w.dot, w.dot);
    w.digits = _mm512_ternarylogic_epi64(_mm512_sub_epi8(bytes, _mm512_set1_epi8('0')), sign, keep,
                                         FIRST_AND_NOT_SECOND_AND_THIRD);
    return w;
}

/* A value without a digit, or with something else, is no number. */
INLINE TARGET void finish_numbers(found_numbers *n, const batch *b, lanes magnitude,
                                  __mmask8 pointed, __mmask8 wrong)
{
    lanes signs = _mm512_maskz_set1_epi64(pointed, 1);
    signs = _mm512_mask_add_epi64(signs, n->negative, signs, SET(1));
    n->valid = _mm512_mask_cmpgt_epu64_mask((__mmask8)(b->live & ~wrong), b->value_len, signs);
    n->mantissa = _mm512_maskz_mov_epi64(n->valid, magnitude);
    n->mantissa = _mm512_mask_sub_epi64(n->mantissa, n->negative, SET(0), n->mantissa);
    n->scale = _mm512_maskz_mov_epi64(n->valid, n->scale);
}

/* Values of up to eight bytes. */
INLINE TARGET found_numbers read_short_numbers(const batch *b, const char *base)
{
    found_numbers n;
    lanes unused = _mm512_sub_epi64(SET(64), _mm512_slli_epi64(b->value_len, 3));
    value_word w = cut_word(gather_before(b, base, b->end, 8), unused);
    lanes digits = choose(up_to(w.pointed, w.dot), _mm512_slli_epi64(w.digits, 8), w.digits);
    n.negative = w.negative;
    n.odd = _mm512_cmpgt_epu64_mask(_mm512_popcnt_epi64(w.dot), SET(8)); /* two points */
    n.scale = _mm512_maskz_srli_epi64(w.pointed, _mm512_lzcnt_epi64(w.dot), 3);
    finish_numbers(&n, b, join_digits(digits), w.pointed, has_other_than_digits(digits));
    return n;
}

/* Values of up to sixteen bytes: the last eight in `last`, those before in `first`. */
INLINE TARGET found_numbers read_long_numbers(const batch *b, const char *base)
{
    found_numbers n;
    lanes bits = _mm512_min_epu64(_mm512_slli_epi64(b->value_len, 3), SET(128));
    lanes in_last = _mm512_sub_epi64(SET(64), _mm512_min_epu64(bits, SET(64)));
    lanes in_first = _mm512_sub_epi64(SET(128), _mm512_max_epu64(bits, SET(64)));
    value_word last = cut_word(gather_before(b, base, b->end, 8), in_last);
    value_word first = cut_word(gather_before(b, base, b->end, 16), in_first);
    __mmask8 is_long = _mm512_cmpgt_epu64_mask(b->value_len, SET(8));
    /* a sign belongs to the word in which the value begins; elsewhere it is a fault */
    last.digits =
        _mm512_mask_or_epi64(last.digits, is_long & last.negative, last.digits, SET(0xFF));
    lanes raised =
        _mm512_or_si512(_mm512_slli_epi64(last.digits, 8), _mm512_srli_epi64(first.digits, 56));
    lanes low = choose(up_to(last.pointed, last.dot), raised, last.digits);
    lanes moved = _mm512_mask_mov_epi64(up_to(first.pointed, first.dot), last.pointed, SET(-1));
    lanes high = choose(moved, _mm512_slli_epi64(first.digits, 8), first.digits);
    lanes dots = _mm512_add_epi64(_mm512_popcnt_epi64(last.dot), _mm512_popcnt_epi64(first.dot));
    n.odd = _mm512_cmpgt_epu64_mask(dots, SET(8));
    n.negative = (first.negative & is_long) | (last.negative & (__mmask8)~is_long);
    n.scale = _mm512_maskz_srli_epi64(last.pointed, _mm512_lzcnt_epi64(last.dot), 3);
    n.scale = _mm512_mask_add_epi64(n.scale, first.pointed,
                                    _mm512_srli_epi64(_mm512_lzcnt_epi64(first.dot), 3), SET(8));
    lanes magnitude =
        _mm512_add_epi64(_mm512_mul_epu32(join_digits(high), SET(100000000)), join_digits(low));
    __mmask8 wrong = has_other_than_digits(low) | has_other_than_digits(high) |
                     _mm512_cmpgt_epu64_mask(b->value_len, SET(16));
    finish_numbers(&n, b, magnitude, last.pointed | first.pointed, wrong);
    return n;
}

/* ---- cells ---- */

_Static_assert(sizeof(qk_hj212_cell) == 24 && offsetof(qk_hj212_cell, key) == 8 &&
                   offsetof(qk_hj212_cell, value) == 12 && offsetof(qk_hj212_cell, key_len) == 16 &&
                   offsetof(qk_hj212_cell, value_len) == 18 &&
                   offsetof(qk_hj212_cell, code_len) == 20 &&
                   offsetof(qk_hj212_cell, field) == 21 && offsetof(qk_hj212_cell, scale) == 22 &&
                   offsetof(qk_hj212_cell, kind) == 23,
               "cells are written as three 64-bit words");

INLINE TARGET lanes shifted(lanes v, unsigned bits)
{
    return _mm512_slli_epi64(v, bits);
}

/* Three words of eight cells, from lanes to memory. */
INLINE TARGET void store_cells(qk_hj212_cell *cells, size_t count, lanes a, lanes b, lanes c)
{
    const lanes i0 = _mm512_setr_epi64(0, 8, 0, 1, 9, 0, 2, 10);
    const lanes i1 = _mm512_setr_epi64(0, 3, 11, 0, 4, 12, 0, 5);
    const lanes i2 = _mm512_setr_epi64(13, 0, 6, 14, 0, 7, 15, 0);
    const lanes c0 = _mm512_setr_epi64(0, 0, 0, 0, 0, 1, 0, 0);
    const lanes c1 = _mm512_setr_epi64(2, 0, 0, 3, 0, 0, 4, 0);
    const lanes c2 = _mm512_setr_epi64(0, 5, 0, 0, 6, 0, 0, 7);
    uint32_t live = (uint32_t)((UINT64_C(1) << (3 * count)) - 1);
    uint64_t *out = (uint64_t *)(void *)cells;
    lanes v = _mm512_mask_permutexvar_epi64(_mm512_permutex2var_epi64(a, i0, b), 0x24, c0, c);
    _mm512_mask_storeu_epi64(out, (__mmask8)live, v);
    v = _mm512_mask_permutexvar_epi64(_mm512_permutex2var_epi64(a, i1, b), 0x49, c1, c);
    _mm512_mask_storeu_epi64(out + 8, (__mmask8)(live >> 8), v);
    v = _mm512_mask_permutexvar_epi64(_mm512_permutex2var_epi64(a, i2, b), 0x92, c2, c);
    _mm512_mask_storeu_epi64(out + 16, (__mmask8)(live >> 16), v);
}

INLINE TARGET lanes or3(lanes a, lanes b, lanes c)
{
    return _mm512_ternarylogic_epi64(a, b, c, OR3);
}

INLINE TARGET void write_cells(qk_hj212_cell *cells, size_t count, const batch *b,
                               const found_keys *k, const found_numbers *n, __mmask8 new_group)
{
    lanes kind = SET((uint64_t)QK_HJ212_CELL_VALUE << 56);
    kind = _mm512_mask_or_epi64(kind, n->valid, kind, SET((uint64_t)QK_HJ212_CELL_NUMBER << 56));
    kind =
        _mm512_mask_or_epi64(kind, new_group, kind, SET((uint64_t)QK_HJ212_CELL_NEW_GROUP << 56));
    lanes sizes = or3(b->key_len, shifted(b->value_len, 16), shifted(k->code_len, 32));
    sizes = or3(sizes, or3(shifted(k->field, 40), shifted(n->scale, 48), kind), SET(0));
    store_cells(cells, count, n->mantissa, b->begins, sizes);
}

/* ---- what lanes cannot do ---- */

/* A key whose field has more than seven letters. False = out of the ordinary. */
static bool mend_key(qk_hj212_cell *c, const char *base, size_t *coded)
{
    qk_hj212_text key = {base + c->key, c->key_len};
    const char *dash = memchr(key.ptr, '-', key.len);
    size_t code = dash ? (size_t)(dash - key.ptr) : 0;
    if (dash && (code == 0 || code + 1 == key.len)) return false;
    qk_hj212_text field = dash ? text_between(dash + 1, key.ptr + key.len) : key;
    c->code_len = (uint8_t)code;
    c->field = (uint8_t)qk_hj212_field_find(field, NULL);
    *coded += dash != NULL;
    return true;
}

/* A value that is no plain number of up to sixteen bytes, but may be one all the same. */
static void mend_number(qk_hj212_cell *c, const char *base, size_t *negative)
{
    qk_hj212_number n;
    qk_hj212_text value = {base + c->value, c->value_len};
    c->mantissa = 0;
    c->scale = 0;
    if (!qk_hj212_number_parse(&n, value)) return;
    c->mantissa = n.mantissa;
    c->scale = (int8_t)n.scale;
    c->kind |= QK_HJ212_CELL_NUMBER;
    for (size_t i = 0; i < value.len; i++) *negative += value.ptr[i] == '-';
}

/* Eight digits in the order of the text; *bad is set when one is none. */
static inline uint64_t eight_digits(uint64_t word, uint64_t *bad)
{
    word -= UINT64_C(0x3030303030303030);
    *bad |= (word | (word + UINT64_C(0x7676767676767676))) & UINT64_C(0x8080808080808080);
    word = word * 10 + (word >> 8);
    uint64_t low = (word & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x000F424000000064);
    uint64_t high = (word >> 16 & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x0000271000000001);
    return (low + high) >> 32;
}

/* "DataTime=" and fourteen digits, with which nearly all data begin. False = it is something else.
 */
static inline bool read_data_time(qk_hj212_cell *c, const char *base, size_t from, const marks *m,
                                  size_t k)
{
    enum { NAME = 8, DIGITS = 14 };
    const char *p = base + from;
    uint64_t bad = 0, date, time;
    if (m->at[k] != from + NAME || m->at[k + 1] != from + NAME + 1 + DIGITS) return false;
    if (memcmp(p, "DataTime", NAME) != 0) return false;
    memcpy(&date, p + NAME - 1, 8); /* "e=YYYYMM" */
    memcpy(&time, p + NAME + 7, 8); /* "DDhhmmss" */
    date = (date & ~UINT64_C(0xFFFF)) | UINT64_C(0x3030);
    uint64_t value = eight_digits(date, &bad) * 100000000;
    value += eight_digits(time, &bad);
    *c = (qk_hj212_cell){.mantissa = (int64_t)value,
                         .key = (uint32_t)from,
                         .value = (uint32_t)from + NAME + 1,
                         .key_len = NAME,
                         .value_len = DIGITS,
                         .field = QK_HJ212_F_DATATIME,
                         .kind =
                             QK_HJ212_CELL_VALUE | QK_HJ212_CELL_NUMBER | QK_HJ212_CELL_NEW_GROUP};
    return bad == 0;
}

typedef struct progress {
    lanes pairs;   /* marks of the batch before */
    size_t dashes; /* accounted for */
    bool odd;
} progress;

/* Marks come in pairs: '=' and the end of the value. Behind each something begins, so the marks
 * moved up by one tell where, and the differences tell how long. */
INLINE TARGET batch next_batch(const marks *m, size_t k, size_t n, progress *p)
{
    batch b;
    lanes pairs =
        _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)(m->at + k)));
    b.live = (__mmask8)((1u << n) - 1);
    b.begins = _mm512_add_epi32(_mm512_alignr_epi32(pairs, p->pairs, 15), _mm512_set1_epi32(1));
    b.lengths = _mm512_sub_epi32(pairs, b.begins);
    b.equals = _mm512_and_si512(pairs, SET(0xFFFFFFFF));
    b.end = _mm512_srli_epi64(pairs, 32);
    b.key_len = _mm512_and_si512(b.lengths, SET(0xFFFFFFFF));
    b.value_len = _mm512_srli_epi64(b.lengths, 32);
    p->pairs = pairs;
    return b;
}

/* Lanes whose item begins a group: a ';' (or the opening) stands before. */
INLINE TARGET __mmask8 begins_group(const notes *t, size_t k)
{
    __m128i signs = _mm_loadu_si128((const __m128i *)(const void *)(t->sign + k - 1));
    uint32_t comma = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(signs, _mm_set1_epi8(',')));
    return (__mmask8)~_pext_u32(comma, 0x5555);
}

INLINE TARGET void read_batch(qk_hj212_cell *cells, const marks *m, const notes *t,
                              const char *base, size_t k, size_t n, progress *p)
{
    batch b = next_batch(m, k, n, p);
    found_keys keys = find_fields(&b, base);
    bool any_long = _mm512_mask_cmpgt_epu64_mask(b.live, b.value_len, SET(8)) != 0;
    found_numbers numbers = any_long ? read_long_numbers(&b, base) : read_short_numbers(&b, base);
    p->odd |= (keys.odd | (numbers.odd & b.live)) != 0;
    p->dashes += (size_t)_mm_popcnt_u32((uint32_t)keys.coded) +
                 (size_t)_mm_popcnt_u32((uint32_t)(numbers.negative & numbers.valid));
    write_cells(cells, n, &b, &keys, &numbers, begins_group(t, k));
    for (uint32_t left = keys.slow; left; left = _blsr_u32(left))
        p->odd |= !mend_key(&cells[_tzcnt_u32(left)], base, &p->dashes);
    uint32_t texts = (uint32_t)(_mm512_mask_cmpgt_epu64_mask(b.live, b.value_len, SET(1)) &
                                (__mmask8)~numbers.valid);
    for (; texts; texts = _blsr_u32(texts))
        mend_number(&cells[_tzcnt_u32(texts)], base, &p->dashes);
}

TARGET size_t qk_hj212_scan_avx512(qk_hj212_text s, qk_hj212_head *head, qk_hj212_cell *cells,
                                   size_t max)
{
    marks m;
    notes t;
    if (s.len < SEGMENT_MIN || s.len > SEGMENT_MAX) return SIZE_MAX;
    find_marks(&m, &t, s.ptr, s.len);
    if (!shape_is_usual(&m, s)) return SIZE_MAX;
    size_t k = read_head(head, &m, s);
    size_t count = k == 0 ? SIZE_MAX : open_cp(head, &m, s, k);
    if (count == SIZE_MAX || count > max) return SIZE_MAX;
    size_t from = (size_t)(head->cp.ptr - s.ptr);
    bool timed = count > 0 && read_data_time(cells, s.ptr, from, &m, k);
    progress p = {.pairs = _mm512_set1_epi32(timed ? (int)m.at[k + 1] : (int)from - 1)};
    for (size_t i = timed; i < count; i += LANES) {
        size_t n = count - i < LANES ? count - i : LANES;
        read_batch(cells + i, &m, &t, s.ptr, k + 2 * i, n, &p);
    }
    if (p.odd || p.dashes != count_dashes(&t, from, s.len)) return SIZE_MAX;
    close_head(head, s, cells, count);
    return count;
}
#else
typedef int qk_hj212_scan_avx512_is_empty;
#endif
