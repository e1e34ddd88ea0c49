/* SPDX-License-Identifier: Apache-2.0 */
#include "base/checksum.h"
#include <string.h>

/* Shares of the eight bits of a byte under the polynomial 0x1EDC6F41, bits reversed: 0x82F63B78
 * (RFC 3720, B.4). A byte's share is the exclusive or of its bits' shares. */
#define SHARE(i)                                                                           \
    (((i)&1 ? 0xF26B8303u : 0) ^ ((i)&2 ? 0xE13B70F7u : 0) ^ ((i)&4 ? 0xC79A971Fu : 0) ^   \
     ((i)&8 ? 0x8AD958CFu : 0) ^ ((i)&16 ? 0x105EC76Fu : 0) ^ ((i)&32 ? 0x20BD8EDEu : 0) ^ \
     ((i)&64 ? 0x417B1DBCu : 0) ^ ((i)&128 ? 0x82F63B78u : 0))
#define SHARES_4(i)  SHARE(i), SHARE((i) + 1), SHARE((i) + 2), SHARE((i) + 3)
#define SHARES_16(i) SHARES_4(i), SHARES_4((i) + 4), SHARES_4((i) + 8), SHARES_4((i) + 12)
#define SHARES_64(i) SHARES_16(i), SHARES_16((i) + 16), SHARES_16((i) + 32), SHARES_16((i) + 48)

static const uint32_t shares[256] = {SHARES_64(0), SHARES_64(64), SHARES_64(128), SHARES_64(192)};

static uint32_t crc_portable(uint32_t crc, const unsigned char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) crc = crc >> 8 ^ shares[(crc ^ p[i]) & 0xFF];
    return crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t crc_sse42(uint32_t crc, const unsigned char *p,
                                                            size_t len)
{
    uint64_t wide = crc;
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        wide = _mm_crc32_u64(wide, word);
    }
    crc = (uint32_t)wide;
    for (; len > 0; p++, len--) crc = _mm_crc32_u8(crc, *p);
    return crc;
}

static uint32_t crc_best(uint32_t crc, const unsigned char *p, size_t len)
{
    return __builtin_cpu_supports("sse4.2") ? crc_sse42(crc, p, len) : crc_portable(crc, p, len);
}
#else
static uint32_t crc_best(uint32_t crc, const unsigned char *p, size_t len)
{
    return crc_portable(crc, p, len);
}
#endif

uint32_t qk_crc32c(uint32_t crc, const void *bytes, size_t len)
{
    return ~crc_best(~crc, bytes, len);
}
