/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash256.h"
#include "base/text.h"
#include <sodium/crypto_hash_sha256.h>

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(qk_sha256), "state does not fit");
_Static_assert(crypto_hash_sha256_BYTES == QK_SHA256_BYTES, "SHA-256 has 32 bytes");

static crypto_hash_sha256_state *state_of(qk_sha256 *hash)
{
    return (void *)hash->state;
}

void qk_sha256_init(qk_sha256 *hash)
{
    crypto_hash_sha256_init(state_of(hash));
}

void qk_sha256_update(qk_sha256 *hash, const void *bytes, size_t len)
{
    if (len > 0) crypto_hash_sha256_update(state_of(hash), bytes, len);
}

void qk_sha256_final(qk_sha256 *hash, uint8_t out[QK_SHA256_BYTES])
{
    crypto_hash_sha256_final(state_of(hash), out);
}

void qk_sha256_of(uint8_t out[QK_SHA256_BYTES], const void *bytes, size_t len)
{
    crypto_hash_sha256(out, bytes, len);
}

char *qk_sha256_hex(char out[QK_SHA256_TEXT], const void *bytes, size_t len)
{
    uint8_t hash[QK_SHA256_BYTES];
    qk_sha256_of(hash, bytes, len);
    qk_hex(out, hash, sizeof hash);
    return out;
}
