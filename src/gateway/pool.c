/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/pool.h"
#include <stdlib.h>
#include <string.h>

void qk_pool_init(qk_pool *pool, size_t ceiling_bytes, size_t keep_bytes)
{
    *pool = (qk_pool){.ceiling = ceiling_bytes, .keep = keep_bytes};
}

void qk_pool_clear(qk_pool *pool)
{
    for (int i = 0; i < QK_POOL_CLASSES; i++) {
        void *block = pool->free[i];
        while (block) {
            void *next;
            memcpy(&next, block, sizeof next);
            free(block);
            block = next;
        }
        pool->free[i] = NULL;
    }
    pool->kept = 0;
}

static int class_of(size_t need)
{
    int class = 0;
    for (size_t size = QK_POOL_SMALLEST; size < need; size *= 2) class ++;
    return class;
}

void *qk_pool_take(qk_pool *pool, size_t need, uint32_t *cap)
{
    if (need > QK_POOL_LARGEST) return NULL;
    int class = class_of(need);
    size_t size = (size_t)QK_POOL_SMALLEST << class;
    if (pool->used + size > pool->ceiling) return NULL;
    void *block = pool->free[class];
    if (block) {
        memcpy(&pool->free[class], block, sizeof(void *));
        pool->kept -= size;
    } else {
        block = malloc(size);
        if (!block) return NULL;
    }
    pool->used += size;
    *cap = (uint32_t)size;
    return block;
}

void qk_pool_give(qk_pool *pool, void *block, uint32_t cap)
{
    if (!block) return;
    pool->used -= cap;
    if (pool->kept + cap > pool->keep) {
        free(block);
        return;
    }
    int class = class_of(cap);
    memcpy(block, &pool->free[class], sizeof(void *));
    pool->free[class] = block;
    pool->kept += cap;
}
