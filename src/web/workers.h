/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_WORKERS_H
#define QK_WEB_WORKERS_H
/* A few threads that take jobs from one bounded queue in order of arrival. Each thread may hold
 * something of its own (a reader), made before the first job and freed after the last. */
#include "base/error.h"

typedef struct qk_workers qk_workers;
typedef void qk_job_fn(void *job, void *tools);

typedef struct qk_workers_options {
    const char *name; /* of the threads, at most 15 bytes */
    uint32_t threads; /* 1..32 */
    uint32_t queue;   /* jobs that may wait */
    qk_job_fn *run;
    /* Made in the caller's thread for each thread of the pool; both may be NULL. */
    qk_code (*tools_new)(void **tools, void *context, qk_error *err);
    void (*tools_free)(void *tools);
    void *context;
} qk_workers_options;

QK_NODISCARD qk_code qk_workers_new(qk_workers **out, const qk_workers_options *options,
                                    qk_error *err);
/* Runs what waits, then ends the threads. NULL is fine. */
void qk_workers_free(qk_workers *workers);
/* QK_EFULL when the queue is full or the pool is ending. */
QK_NODISCARD qk_code qk_workers_submit(qk_workers *workers, void *job);
uint32_t qk_workers_waiting(qk_workers *workers);
#endif
