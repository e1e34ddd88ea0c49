/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_HJ212_SM4_H
#define QK_HJ212_SM4_H
/* SM4 (GB/T 32907-2016) and its use in HJ 212-2025 6.4 and Annex A.2: ECB over the whole 16-byte
 * blocks of CP, no padding, a rest below 16 bytes stays plain; the CRC is that of the plain text.
 * Not hardened against timing measured on the same machine (tables are used). */
#include "hj212/packet.h"

enum { QK_HJ212_SM4_BLOCK = 16, QK_HJ212_SM4_KEY = 16 };
typedef struct qk_hj212_sm4 {
    uint32_t round_key[32];
} qk_hj212_sm4;

void qk_hj212_sm4_init(qk_hj212_sm4 *sm4, const uint8_t key[QK_HJ212_SM4_KEY]);
/* in and out may be the same. */
void qk_hj212_sm4_encrypt(const qk_hj212_sm4 *sm4, const uint8_t in[16], uint8_t out[16]);
void qk_hj212_sm4_decrypt(const qk_hj212_sm4 *sm4, const uint8_t in[16], uint8_t out[16]);

/* All whole blocks of len bytes in place. */
void qk_hj212_cp_encrypt(const qk_hj212_sm4 *sm4, char *cp, size_t len);
void qk_hj212_cp_decrypt(const qk_hj212_sm4 *sm4, char *cp, size_t len);

/* Opens a frame whose CP is cipher text: writes the plain segment (as long as the cipher one) to
 * out and makes *plain a frame over it, CRC judged anew, with QK_HJ212_D_CP_ENCRYPTED. True when
 * the standard's CRC then fits, which is how a right key is known. */
bool qk_hj212_open(qk_hj212_frame *plain, const qk_hj212_frame *frame, const qk_hj212_sm4 *sm4,
                   char *out, size_t size);
/* Encrypts the CP of a whole frame in place, CRC left as it is. False when it is no frame. */
bool qk_hj212_seal(char *frame, size_t len, const qk_hj212_sm4 *sm4);
#endif
