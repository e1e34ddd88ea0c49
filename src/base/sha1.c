/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sha1.h"
#include <string.h>

enum { BLOCK = 64, MESSAGE_MAX = 256 };

static uint32_t rotate(uint32_t v, int by)
{
    return v << by | v >> (32 - by);
}

/* FIPS 180-4 6.1.2 */
static void take_block(uint32_t h[5], const uint8_t *p)
{
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int t = 0; t < 16; t++)
        w[t] = (uint32_t)p[4 * t] << 24 | (uint32_t)p[4 * t + 1] << 16 |
               (uint32_t)p[4 * t + 2] << 8 | p[4 * t + 3];
    for (int t = 16; t < 80; t++) w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    for (int t = 0; t < 80; t++) {
        uint32_t f = t < 20   ? (b & c) | (~b & d)
                     : t < 40 ? b ^ c ^ d
                     : t < 60 ? (b & c) | (b & d) | (c & d)
                              : b ^ c ^ d;
        static const uint32_t k[4] = {0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6};
        uint32_t next = rotate(a, 5) + f + e + k[t / 20] + w[t];
        e = d, d = c, c = rotate(b, 30), b = a, a = next;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

void qk_sha1_of(uint8_t out[QK_SHA1_BYTES], const void *bytes, size_t len)
{
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    uint8_t last[2 * BLOCK] = {0};
    const uint8_t *p = bytes;
    size_t whole = len / BLOCK * BLOCK, rest = len - whole;
    for (size_t i = 0; i < whole; i += BLOCK) take_block(h, p + i);
    if (rest) memcpy(last, p + whole, rest);
    last[rest] = 0x80;
    size_t padded = rest + 9 > BLOCK ? 2 * BLOCK : BLOCK;
    for (int i = 0; i < 8; i++)
        last[padded - 1 - (size_t)i] = (uint8_t)((uint64_t)len * 8 >> (8 * i));
    for (size_t i = 0; i < padded; i += BLOCK) take_block(h, last + i);
    for (int i = 0; i < QK_SHA1_BYTES; i++) out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

void qk_sha1_hmac(uint8_t out[QK_SHA1_BYTES], const void *key, size_t key_len, const void *message,
                  size_t len)
{
    uint8_t inner[BLOCK + MESSAGE_MAX] = {0}, outer[BLOCK + QK_SHA1_BYTES] = {0};
    if (len > MESSAGE_MAX) len = MESSAGE_MAX;
    if (key_len > BLOCK)
        qk_sha1_of(inner, key, key_len);
    else
        memcpy(inner, key, key_len);
    memcpy(outer, inner, BLOCK);
    for (int i = 0; i < BLOCK; i++) inner[i] ^= 0x36, outer[i] ^= 0x5C;
    memcpy(inner + BLOCK, message, len);
    qk_sha1_of(outer + BLOCK, inner, BLOCK + len);
    qk_sha1_of(out, outer, sizeof outer);
}
