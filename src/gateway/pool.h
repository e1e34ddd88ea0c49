/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_POOL_H
#define QK_GATEWAY_POOL_H
/* Blocks for what connections hold between two turns of the loop: the begun frame, the answers that
 * wait. One ceiling over all connections, so that many clients who are each within their own limit
 * cannot together take the machine's memory. Given-back blocks are kept for use again, so that the
 * hot path does not call malloc. One thread. */
#include "base/error.h"
#include <stdbool.h>

enum { QK_POOL_SMALLEST = 512, QK_POOL_LARGEST = 65536, QK_POOL_CLASSES = 8 };

typedef struct qk_pool {
    void *free[QK_POOL_CLASSES]; /* 512, 1024, … 65,536 bytes */
    size_t used;                 /* bytes in blocks handed out */
    size_t kept;                 /* bytes in blocks given back */
    size_t ceiling, keep;        /* most bytes used; most bytes kept */
} qk_pool;

void qk_pool_init(qk_pool *pool, size_t ceiling_bytes, size_t keep_bytes);
void qk_pool_clear(qk_pool *pool); /* every block must have been given back */
/* A block of at least `need` bytes; *cap gets its true size. NULL at the ceiling, without memory,
 * or when need is larger than QK_POOL_LARGEST. */
void *qk_pool_take(qk_pool *pool, size_t need, uint32_t *cap);
void qk_pool_give(qk_pool *pool, void *block, uint32_t cap); /* NULL is fine */
#endif
