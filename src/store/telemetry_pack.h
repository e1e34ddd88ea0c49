/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_TELEMETRY_PACK_H
#define QK_STORE_TELEMETRY_PACK_H
/* Rows of whole numbers in few bits: what the blocks of the telemetry are made of.
 *
 * A packed row is one byte (form, residual) and what that form needs; all widths and counts are
 * found by measuring the numbers, nothing is configured. Residuals: the distance from the smallest
 * value, or the distance from the value before less the row's mean step; both divided by the
 * greatest common divisor of all distances. Forms: one value; runs of equal values; bit fields of
 * one width with exceptions; an adaptive Golomb-Rice code (Rice and Plaunt, IEEE Trans. Commun. 19,
 * 1971: a quotient in unary and k low bits, k following the running mean); byte planes through zstd
 * (RFC 8878). The shortest is taken.
 *
 * Unpacking takes hostile bytes: every read is bounded, every result defined, and memory is bounded
 * by n. A packer is working space for one thread. */
#include "base/memory.h"

enum { QK_PACK_MAX = 1 << 17 }; /* numbers in a row at most */

typedef struct qk_packer qk_packer;
QK_NODISCARD qk_code qk_packer_new(qk_packer **out);
void qk_packer_free(qk_packer *p);

/* Appends values[0..n) packed. n = 0 appends nothing. QK_ENOMEM, QK_EINVAL beyond QK_PACK_MAX, or
 * the buffer's own sticky failure. */
QK_NODISCARD qk_code qk_pack_ints(qk_packer *p, qk_buf *out, const int64_t *values, size_t n);
/* Cuts one packed row of n numbers from the front of *rest. QK_EFORMAT, QK_ENOMEM. */
QK_NODISCARD qk_code qk_unpack_ints(qk_packer *p, int64_t *values, size_t n, qk_str *rest);

/* Byte strings: zstd when that is shorter. The view given back lives until the next call with p. */
QK_NODISCARD qk_code qk_pack_bytes(qk_packer *p, qk_buf *out, qk_str bytes);
QK_NODISCARD qk_code qk_unpack_bytes(qk_packer *p, qk_str *bytes, size_t most, qk_str *rest);

/* LEB128: seven bits a byte, lowest first. */
enum { QK_VARINT_MOST = 10 };
static inline uint8_t *qk_varint_put(uint8_t *at, uint64_t v)
{
    while (v > 127) {
        *at++ = (uint8_t)(v | 128);
        v >>= 7;
    }
    *at++ = (uint8_t)v;
    return at;
}
/* NULL when the bytes end inside of the number or it is longer than 64 bits. */
static inline const uint8_t *qk_varint_get(uint64_t *v, const uint8_t *at, const uint8_t *end)
{
    uint64_t value = 0;
    for (unsigned shift = 0; at < end && shift < 64; shift += 7) {
        uint8_t byte = *at++;
        if (shift == 63 && byte > 1) return NULL;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            *v = value;
            return at;
        }
    }
    return NULL;
}
/* Small numbers of either sign as small numbers: 0, -1, 1, -2 … */
static inline uint64_t qk_zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ -(uint64_t)(v < 0);
}
static inline int64_t qk_unzigzag(uint64_t u)
{
    return (int64_t)((u >> 1) ^ (0 - (u & 1)));
}
/* Appends to a buffer; cuts from a view. */
void qk_buf_varint(qk_buf *out, uint64_t v);
QK_NODISCARD qk_code qk_cut_varint(uint64_t *v, qk_str *rest);
#endif
