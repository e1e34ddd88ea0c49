/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-16/MODBUS by carry-less multiplication. A block of 128 bits is moved over the next one by
 * multiplying its halves with x^191 and x^127 mod P (one power less than the way, since a reflected
 * product stands one bit low); the last block is reduced by Barrett's method. Zeros in front do not
 * change a CRC that starts at 0, so the message is filled up at its front, and the start value
 * 0xFFFF is added to its first two bytes. P = x^16 + x^15 + x^2 + 1, bits reflected. */
#include "hj212/internal.h"

#ifdef QK_HJ212_X86
#include <immintrin.h>

#define TARGET     __attribute__((target("pclmul,ssse3,sse4.1")))
#define TARGET_512 __attribute__((target("avx512f,avx512bw,avx512vl,bmi2")))
#define BITS64(v)  ((long long)UINT64_C(v))

static const uint8_t to_back[32] = {128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
                                    128, 128, 128, 128, 128, 0,   1,   2,   3,   4,   5,
                                    6,   7,   8,   9,   10,  11,  12,  13,  14,  15};

TARGET static inline __m128i load(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

TARGET static inline __m128i fold(__m128i block, __m128i next)
{
    const __m128i powers = _mm_set_epi64x(BITS64(0xC100000000000000), BITS64(0xCCD0000000000000));
    __m128i low = _mm_clmulepi64_si128(block, powers, 0x00);
    __m128i high = _mm_clmulepi64_si128(block, powers, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

TARGET static inline uint16_t reduce(__m128i block)
{
    const __m128i x63 = _mm_set_epi64x(0, BITS64(0xD101000000000000));
    const __m128i quotient = _mm_set_epi64x(0xA001, BITS64(0xF87FF5FFE7FFDFFF));
    __m128i once = _mm_clmulepi64_si128(block, x63, 0x00);
    __m128i twice = _mm_clmulepi64_si128(once, x63, 0x00);
    __m128i word = _mm_srli_si128(_mm_xor_si128(_mm_xor_si128(block, once), twice), 8);
    __m128i q = _mm_xor_si128(word, _mm_slli_epi64(_mm_clmulepi64_si128(word, quotient, 0x00), 1));
    __m128i rest = _mm_clmulepi64_si128(_mm_srli_epi64(q, 48), quotient, 0x10);
    return (uint16_t)((uint64_t)_mm_cvtsi128_si64(rest) >> 15);
}

TARGET uint16_t qk_hj212_crc_modbus_pclmul(const char *p, size_t len)
{
    size_t odd = len & 15;
    const __m128i begin = _mm_set_epi64x(0, 0xFFFF);
    __m128i block = _mm_xor_si128(load(p), begin);
    if (odd == 0) {
        p += 16, len -= 16;
    } else {
        const uint8_t *window = to_back + odd;
        block = _mm_shuffle_epi8(block, _mm_loadu_si128((const __m128i *)(const void *)window));
        p += odd, len -= odd;
        __m128i next = load(p);
        if (odd == 1) next = _mm_xor_si128(next, _mm_set_epi64x(0, 0xFF));
        block = fold(block, next);
        p += 16, len -= 16;
    }
    for (; len > 0; p += 16, len -= 16) block = fold(block, load(p));
    return reduce(block);
}
/* The fold of qk_hj212_crc, 64 bytes at a time. */
TARGET_512 uint64_t qk_hj212_crc_fold_512(const char *p, size_t len)
{
    __m512i sum = _mm512_setzero_si512();
    for (; len >= 64; p += 64, len -= 64) sum = _mm512_xor_si512(sum, _mm512_loadu_si512(p));
    __mmask64 left = _bzhi_u64(~UINT64_C(0), (unsigned)len);
    sum = _mm512_xor_si512(sum, _mm512_maskz_loadu_epi8(left, p));
    __m256i half = _mm256_xor_si256(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64(sum, 1));
    __m128i word = _mm_xor_si128(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    return (uint64_t)_mm_cvtsi128_si64(word) ^ (uint64_t)_mm_extract_epi64(word, 1);
}
#else
typedef int qk_hj212_crc_x86_is_empty;
#endif
