/* SPDX-License-Identifier: Apache-2.0 */
#include "hj212/sm4.h"
#include "hj212/internal.h"

/* GB/T 32907-2016 6.2 */
static const uint8_t sbox[256] = {
    0xd6, 0x90, 0xe9, 0xfe, 0xcc, 0xe1, 0x3d, 0xb7, 0x16, 0xb6, 0x14, 0xc2, 0x28, 0xfb, 0x2c, 0x05,
    0x2b, 0x67, 0x9a, 0x76, 0x2a, 0xbe, 0x04, 0xc3, 0xaa, 0x44, 0x13, 0x26, 0x49, 0x86, 0x06, 0x99,
    0x9c, 0x42, 0x50, 0xf4, 0x91, 0xef, 0x98, 0x7a, 0x33, 0x54, 0x0b, 0x43, 0xed, 0xcf, 0xac, 0x62,
    0xe4, 0xb3, 0x1c, 0xa9, 0xc9, 0x08, 0xe8, 0x95, 0x80, 0xdf, 0x94, 0xfa, 0x75, 0x8f, 0x3f, 0xa6,
    0x47, 0x07, 0xa7, 0xfc, 0xf3, 0x73, 0x17, 0xba, 0x83, 0x59, 0x3c, 0x19, 0xe6, 0x85, 0x4f, 0xa8,
    0x68, 0x6b, 0x81, 0xb2, 0x71, 0x64, 0xda, 0x8b, 0xf8, 0xeb, 0x0f, 0x4b, 0x70, 0x56, 0x9d, 0x35,
    0x1e, 0x24, 0x0e, 0x5e, 0x63, 0x58, 0xd1, 0xa2, 0x25, 0x22, 0x7c, 0x3b, 0x01, 0x21, 0x78, 0x87,
    0xd4, 0x00, 0x46, 0x57, 0x9f, 0xd3, 0x27, 0x52, 0x4c, 0x36, 0x02, 0xe7, 0xa0, 0xc4, 0xc8, 0x9e,
    0xea, 0xbf, 0x8a, 0xd2, 0x40, 0xc7, 0x38, 0xb5, 0xa3, 0xf7, 0xf2, 0xce, 0xf9, 0x61, 0x15, 0xa1,
    0xe0, 0xae, 0x5d, 0xa4, 0x9b, 0x34, 0x1a, 0x55, 0xad, 0x93, 0x32, 0x30, 0xf5, 0x8c, 0xb1, 0xe3,
    0x1d, 0xf6, 0xe2, 0x2e, 0x82, 0x66, 0xca, 0x60, 0xc0, 0x29, 0x23, 0xab, 0x0d, 0x53, 0x4e, 0x6f,
    0xd5, 0xdb, 0x37, 0x45, 0xde, 0xfd, 0x8e, 0x2f, 0x03, 0xff, 0x6a, 0x72, 0x6d, 0x6c, 0x5b, 0x51,
    0x8d, 0x1b, 0xaf, 0x92, 0xbb, 0xdd, 0xbc, 0x7f, 0x11, 0xd9, 0x5c, 0x41, 0x1f, 0x10, 0x5a, 0xd8,
    0x0a, 0xc1, 0x31, 0x88, 0xa5, 0xcd, 0x7b, 0xbd, 0x2d, 0x74, 0xd0, 0x12, 0xb8, 0xe5, 0xb4, 0xb0,
    0x89, 0x69, 0x97, 0x4a, 0x0c, 0x96, 0x77, 0x7e, 0x65, 0xb9, 0xf1, 0x09, 0xc5, 0x6e, 0xc6, 0x84,
    0x18, 0xf0, 0x7d, 0xec, 0x3a, 0xdc, 0x4d, 0x20, 0x79, 0xee, 0x5f, 0x3e, 0xd7, 0xcb, 0x39, 0x48,
};
static const uint32_t family_key[4] = {0xA3B1BAC6, 0x56AA3350, 0x677D9197, 0xB27022DC};

static uint32_t rotate(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

static uint32_t substitute(uint32_t x)
{
    return (uint32_t)sbox[x >> 24] << 24 | (uint32_t)sbox[x >> 16 & 0xFF] << 16 |
           (uint32_t)sbox[x >> 8 & 0xFF] << 8 | sbox[x & 0xFF];
}

static uint32_t load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store_be32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* 6.1: the fixed parameter CK[i] is made of the bytes (4i+j)*7 mod 256. */
static uint32_t fixed_key(uint32_t i)
{
    uint32_t v = 0;
    for (uint32_t j = 0; j < 4; j++) v = v << 8 | ((4 * i + j) * 7 & 0xFF);
    return v;
}

void qk_hj212_sm4_init(qk_hj212_sm4 *sm4, const uint8_t key[QK_HJ212_SM4_KEY])
{
    uint32_t k[4];
    for (int i = 0; i < 4; i++) k[i] = load_be32(key + 4 * i) ^ family_key[i];
    for (uint32_t i = 0; i < 32; i++) {
        uint32_t b = substitute(k[(i + 1) & 3] ^ k[(i + 2) & 3] ^ k[(i + 3) & 3] ^ fixed_key(i));
        k[i & 3] ^= b ^ rotate(b, 13) ^ rotate(b, 23);
        sm4->round_key[i] = k[i & 3];
    }
}

static void run_rounds(const qk_hj212_sm4 *sm4, const uint8_t in[16], uint8_t out[16],
                       uint32_t flip)
{
    uint32_t x[4];
    for (int i = 0; i < 4; i++) x[i] = load_be32(in + 4 * i);
    for (uint32_t i = 0; i < 32; i++) {
        uint32_t mix = x[(i + 1) & 3] ^ x[(i + 2) & 3] ^ x[(i + 3) & 3] ^ sm4->round_key[i ^ flip];
        uint32_t b = substitute(mix);
        x[i & 3] ^= b ^ rotate(b, 2) ^ rotate(b, 10) ^ rotate(b, 18) ^ rotate(b, 24);
    }
    for (int i = 0; i < 4; i++) store_be32(out + 4 * i, x[3 - i]);
}

void qk_hj212_sm4_encrypt(const qk_hj212_sm4 *sm4, const uint8_t in[16], uint8_t out[16])
{
    run_rounds(sm4, in, out, 0);
}

void qk_hj212_sm4_decrypt(const qk_hj212_sm4 *sm4, const uint8_t in[16], uint8_t out[16])
{
    run_rounds(sm4, in, out, 31); /* the round keys the other way round */
}

void qk_hj212_cp_encrypt(const qk_hj212_sm4 *sm4, char *cp, size_t len)
{
    uint8_t *p = (uint8_t *)cp;
    for (; len >= QK_HJ212_SM4_BLOCK; p += QK_HJ212_SM4_BLOCK, len -= QK_HJ212_SM4_BLOCK)
        qk_hj212_sm4_encrypt(sm4, p, p);
}

void qk_hj212_cp_decrypt(const qk_hj212_sm4 *sm4, char *cp, size_t len)
{
    uint8_t *p = (uint8_t *)cp;
    for (; len >= QK_HJ212_SM4_BLOCK; p += QK_HJ212_SM4_BLOCK, len -= QK_HJ212_SM4_BLOCK)
        qk_hj212_sm4_decrypt(sm4, p, p);
}

/* CP of a segment that may be cipher text: its end is the segment's, whatever bytes lie between. */
static bool cipher_area(qk_hj212_text segment, size_t *from, size_t *len)
{
    const char *ampersand = segment.len ? memchr(segment.ptr, '&', segment.len) : NULL;
    size_t at = ampersand ? (size_t)(ampersand - segment.ptr) : 0;
    if (at < 3 || !same_nocase(ampersand - 3, "CP=", 3) || at + 4 > segment.len) return false;
    if (ampersand[1] != '&' || memcmp(segment.ptr + segment.len - 2, "&&", 2) != 0) return false;
    *from = at + 2;
    *len = segment.len - 2 - *from;
    return true;
}

bool qk_hj212_open(qk_hj212_frame *plain, const qk_hj212_frame *frame, const qk_hj212_sm4 *sm4,
                   char *out, size_t size)
{
    size_t from, len;
    if (frame->segment.len > size || frame->crc_text.len != 4) return false;
    if (!cipher_area(frame->segment, &from, &len)) return false;
    memcpy(out, frame->segment.ptr, frame->segment.len);
    qk_hj212_cp_decrypt(sm4, out + from, len);
    int32_t sent = hex4(frame->crc_text.ptr);
    if (sent != qk_hj212_crc(out, frame->segment.len)) return false;
    *plain = *frame;
    plain->segment.ptr = out;
    plain->crc = QK_HJ212_CRC_STANDARD;
    plain->binary = false;
    plain->deviations &=
        ~(QK_HJ212_BIT(QK_HJ212_D_CRC_STALE) | QK_HJ212_BIT(QK_HJ212_D_CRC_OTHER) |
          QK_HJ212_BIT(QK_HJ212_D_CRC_MODBUS) | QK_HJ212_BIT(QK_HJ212_D_CRC_MODBUS_SWAPPED) |
          QK_HJ212_BIT(QK_HJ212_D_CRC_SWAPPED));
    plain->deviations |= QK_HJ212_BIT(QK_HJ212_D_CP_ENCRYPTED);
    return true;
}

bool qk_hj212_seal(char *frame, size_t len, const qk_hj212_sm4 *sm4)
{
    qk_hj212_frame f;
    qk_hj212_step step;
    if (qk_hj212_next(frame, len, true, &f, &step) != QK_HJ212_FRAME) return false;
    size_t from, cp_len;
    if (!cipher_area(f.segment, &from, &cp_len)) return false;
    qk_hj212_cp_encrypt(sm4, frame + (f.segment.ptr - frame) + from, cp_len);
    return true;
}
