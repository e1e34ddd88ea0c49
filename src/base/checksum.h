/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_BASE_CHECKSUM_H
#define QK_BASE_CHECKSUM_H
/* CRC-32C (Castagnoli, RFC 3720 appendix B.4), by the processor's instruction where it has one. */
#include <stddef.h>
#include <stdint.h>
/* Start with 0; feed the result back to continue. */
uint32_t qk_crc32c(uint32_t crc, const void *bytes, size_t len);
#endif
