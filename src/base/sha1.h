/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_BASE_SHA1_H
#define QK_BASE_SHA1_H
/* HMAC with SHA-1 (RFC 2104, FIPS 180-4), which one-time codes of RFC 6238 rest on and nothing else
 * here may: for names of files and chains there is base/hash256.h. Pure; any thread. */
#include <stddef.h>
#include <stdint.h>

enum { QK_SHA1_BYTES = 20 };

void qk_sha1_of(uint8_t out[QK_SHA1_BYTES], const void *bytes, size_t len);
/* len of the message at most 256 bytes, which is more than a counter needs; longer ones are cut. */
void qk_sha1_hmac(uint8_t out[QK_SHA1_BYTES], const void *key, size_t key_len, const void *message,
                  size_t len);
#endif
