/* SPDX-License-Identifier: Apache-2.0 */
/* qk_hj212_scan for processors with AVX2: one item after the other. */
#include "hj212/scan_x86.h"

#ifdef QK_HJ212_X86
#define TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))

/* Sliding windows of 16 bytes. From [n]: selects the last n bytes. */
static const uint8_t keep_last[32] = {0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,
                                      0,   0,   0,   0,   0,   255, 255, 255, 255, 255, 255,
                                      255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
/* From [16 - n]: moves the last n bytes to the front, zeros behind them. */
static const uint8_t to_front[32] = {0,   1,   2,   3,   4,   5,   6,   7,   8,   9,   10,
                                     11,  12,  13,  14,  15,  128, 128, 128, 128, 128, 128,
                                     128, 128, 128, 128, 128, 128, 128, 128, 128, 128};

/* ---- first pass ---- */

INLINE TARGET_AVX2 uint64_t mask_256(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                     << 32;
}

INLINE TARGET_AVX2 uint64_t equal_256(__m256i low, __m256i high, char c)
{
    __m256i same = _mm256_set1_epi8(c);
    return mask_256(_mm256_cmpeq_epi8(low, same), _mm256_cmpeq_epi8(high, same));
}

TARGET_AVX2 static void find_marks(marks *m, const char *p, size_t len)
{
    const __m256i signs = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(-1, -1, -1, -1, -1, -1, '&', -1, -1, -1, -1, ';', ',', '=', -1, '/'));
    const __m256i blank = _mm256_set1_epi8(' ' + 1);
    uint16_t *out = m->at;
    uint64_t carry = 0, alien = 0;
    uint32_t runs = 0;
    char tail[64];
    for (size_t base = 0; base < len; base += 64) {
        const char *block = p + base;
        if (len - base < 64) {
            memset(tail, 'x', sizeof tail);
            memcpy(tail, block, len - base);
            block = tail;
        }
        __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)block);
        __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(block + 32));
        uint64_t all = mask_256(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(signs, low), low),
                                _mm256_cmpeq_epi8(_mm256_shuffle_epi8(signs, high), high));
        uint64_t ampersands = equal_256(low, high, '&');
        alien |= equal_256(low, high, '/');
        alien |= mask_256(_mm256_cmpgt_epi8(blank, low), _mm256_cmpgt_epi8(blank, high));
        uint64_t starts = run_starts(ampersands, &carry);
        uint64_t found = (all & ~ampersands) | starts;
        for (uint64_t left = found; left; left = _blsr_u64(left))
            *out++ = (uint16_t)(base + _tzcnt_u64(left));
        runs += (uint32_t)_mm_popcnt_u64(starts);
    }
    m->count = (size_t)(out - m->at);
    m->runs = runs;
    m->alien = alien;
    m->disorder = 0; /* found out item by item */
}

/* ---- items ---- */

INLINE TARGET_AVX2 __m128i load_before(const char *end)
{
    return _mm_loadu_si128((const __m128i *)(const void *)(end - LANE));
}

INLINE TARGET_AVX2 __m128i window(const uint8_t table[32], size_t n)
{
    return _mm_loadu_si128((const __m128i *)(const void *)(table + LANE - n));
}

/* Key of at most 16 bytes that ends at `end`. */
INLINE TARGET_AVX2 uint64_t read_key(qk_hj212_cell *cell, const char *end, size_t len)
{
    __m128i v = load_before(end);
    uint32_t inside = UINT32_C(0xFFFF) << (LANE - len) & 0xFFFF;
    uint32_t dashes = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('-'))) & inside;
    size_t before = LANE - len;
    size_t dash = _tzcnt_u32(dashes | 0x10000);
    bool coded = dashes != 0;
    size_t code = coded ? dash - before : 0;
    size_t field = coded ? LANE - 1 - dash : len;
    cell->code_len = (uint8_t)code;
    __m128i name = _mm_or_si128(_mm_shuffle_epi8(v, window(to_front, field)), _mm_set1_epi8(0x20));
    cell->field = (uint8_t)qk_hj212_field_by_words((uint64_t)_mm_cvtsi128_si64(name),
                                                   (uint64_t)_mm_extract_epi64(name, 1));
    /* a dash at either end makes no code: left to the walk */
    return (uint64_t)(coded & ((code == 0) | (field == 0)));
}

/* Sixteen values 0..9 to a number. */
INLINE TARGET_AVX2 uint64_t join_digits(__m128i digits)
{
    __m128i pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010A));
    __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00010064));
    __m128i packed = _mm_packus_epi32(fours, fours);
    __m128i eights = _mm_madd_epi16(packed, _mm_set1_epi32(0x00012710));
    uint64_t both = (uint64_t)_mm_cvtsi128_si64(eights);
    return (both & 0xFFFFFFFF) * 100000000 + (both >> 32);
}

/* Closes the gap of a point at byte `dot`: what stands before moves up by one. [16] = no point. */
#define ROW(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p) \
    {                                                       \
        a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p      \
    }
static const uint8_t close_gap[17][16] = {
    ROW(128, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    ROW(128, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    ROW(128, 0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    ROW(128, 0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    ROW(128, 0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    ROW(128, 0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    ROW(128, 0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    ROW(128, 0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15),
    ROW(128, 0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15),
    ROW(128, 0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15),
    ROW(128, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15),
    ROW(128, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15),
    ROW(128, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15),
    ROW(128, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15),
    ROW(128, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15),
    ROW(128, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14),
    ROW(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
};
#undef ROW

/* Value of at most 16 bytes that ends at `end`: [-]digits[.digits]. */
INLINE TARGET_AVX2 bool read_number(qk_hj212_cell *cell, const char *end, size_t len)
{
    bool negative = end[-(ptrdiff_t)len] == '-' && len > 0;
    size_t used = len - negative;
    __m128i v = load_before(end), keep = window(keep_last, LANE - used);
    uint32_t dots =
        (uint32_t)_mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('.')), keep));
    size_t dot = _tzcnt_u32(dots | 0x10000);
    __m128i digits = _mm_and_si128(_mm_sub_epi8(v, _mm_set1_epi8('0')), keep);
    digits =
        _mm_shuffle_epi8(digits, _mm_loadu_si128((const __m128i *)(const void *)close_gap[dot]));
    __m128i decimal = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
    bool valid = _mm_movemask_epi8(decimal) == 0xFFFF && used > (dots != 0);
    uint64_t v64 = join_digits(digits);
    cell->mantissa = negative ? -(int64_t)v64 : (int64_t)v64;
    cell->scale = (int8_t)(dot < 15 ? 15 - dot : 0);
    return valid;
}

/* What the vector form does not take: signs '+', exponents, more than 16 bytes. */
static bool read_odd_number(qk_hj212_cell *cell, const char *p, size_t len)
{
    qk_hj212_number n;
    if (!qk_hj212_number_parse(&n, (qk_hj212_text){p, len})) return false;
    cell->mantissa = n.mantissa;
    cell->scale = (int8_t)n.scale;
    return true;
}

static inline bool begins_like_number(char c)
{
    return is_digit(c) || c == '-' || c == '+' || c == '.';
}

/* The item between two marks; not 0 = out of the ordinary. */
INLINE TARGET_AVX2 uint64_t read_item(qk_hj212_cell *cell, const char *base, size_t from,
                                      size_t equals, size_t end, bool new_group)
{
    size_t key_len = equals - from, value_len = end - equals - 1;
    bool short_value = value_len <= LANE;
    if (key_len - 1 >= LANE) return 1;
    uint64_t odd = read_key(cell, base + equals, key_len);
    bool number = read_number(cell, base + end, short_value ? value_len : 0);
    if (__builtin_expect(!number && begins_like_number(base[equals + 1]), 0))
        number = read_odd_number(cell, base + equals + 1, value_len);
    cell->mantissa = number ? cell->mantissa : 0;
    cell->scale = number ? cell->scale : 0;
    cell->key = (uint32_t)from;
    cell->value = (uint32_t)equals + 1;
    cell->key_len = (uint16_t)key_len;
    cell->value_len = (uint16_t)value_len;
    cell->kind = (uint8_t)(QK_HJ212_CELL_VALUE | (number ? QK_HJ212_CELL_NUMBER : 0) |
                           (new_group ? QK_HJ212_CELL_NEW_GROUP : 0));
    return odd | (uint64_t)(base[equals] ^ '=');
}

TARGET_AVX2 size_t qk_hj212_scan_avx2(qk_hj212_text s, qk_hj212_head *head, qk_hj212_cell *cells,
                                      size_t max)
{
    marks m;
    if (s.len < SEGMENT_MIN || s.len > SEGMENT_MAX) return SIZE_MAX;
    find_marks(&m, s.ptr, s.len);
    if (!shape_is_usual(&m, s)) return SIZE_MAX;
    size_t k = read_head(head, &m, s);
    size_t count = k == 0 ? SIZE_MAX : open_cp(head, &m, s, k);
    if (count == SIZE_MAX || count > max) return SIZE_MAX;
    size_t from = (size_t)(head->cp.ptr - s.ptr);
    uint64_t odd = 0;
    bool new_group = true;
    for (size_t i = 0; i < count; i++) {
        size_t equals = m.at[k + 2 * i], end = m.at[k + 2 * i + 1];
        odd |= read_item(&cells[i], s.ptr, from, equals, end, new_group);
        odd |= s.ptr[end] == '=';
        new_group = s.ptr[end] == ';';
        from = end + 1;
    }
    if (odd) return SIZE_MAX;
    close_head(head, s, cells, count);
    return count;
}
#else
typedef int qk_hj212_scan_avx2_is_empty;
#endif
