/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_FAILING_MEMORY_H
#define QK_TESTS_FAILING_MEMORY_H
/* Memory that refuses, for fault loops: included by a test program that is linked with
 * --wrap=malloc, --wrap=calloc and --wrap=realloc, once.
 *
 * Sets fail_at: the Nth allocation of this thread from now on fails, 0 = none; it is 0 again once
 * the call was reached. A test with a plan of its own defines QK_MEMORY_FAILS before, an expression
 * that is asked at each allocation. */
#include <stddef.h>

#ifndef QK_MEMORY_FAILS
static _Thread_local unsigned fail_at;
#define QK_MEMORY_FAILS (fail_at && --fail_at == 0)
#endif

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
    return QK_MEMORY_FAILS ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return QK_MEMORY_FAILS ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return QK_MEMORY_FAILS ? NULL : __real_realloc(old, size);
}
#endif
