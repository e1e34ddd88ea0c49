/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_BASE_HASH256_H
#define QK_BASE_HASH256_H
/* SHA-256 (FIPS 180-4), in one piece or streaming: the names of stored files, the audit chain.
 * The state is the caller's and owns nothing. One thread at a time. */
#include <stddef.h>
#include <stdint.h>

enum { QK_SHA256_BYTES = 32, QK_SHA256_TEXT = 65 };

typedef struct qk_sha256 {
    uint64_t state[13]; /* libsodium's crypto_hash_sha256_state, whose header stays inside the .c */
} qk_sha256;

void qk_sha256_init(qk_sha256 *hash);
void qk_sha256_update(qk_sha256 *hash, const void *bytes, size_t len);
/* The state must be initialised again before further use. */
void qk_sha256_final(qk_sha256 *hash, uint8_t out[QK_SHA256_BYTES]);
void qk_sha256_of(uint8_t out[QK_SHA256_BYTES], const void *bytes, size_t len);
/* In lower-case hexadecimal, terminated; returns out. */
char *qk_sha256_hex(char out[QK_SHA256_TEXT], const void *bytes, size_t len);
#endif
