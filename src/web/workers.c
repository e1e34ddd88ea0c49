/* SPDX-License-Identifier: Apache-2.0 */
#include "web/workers.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS_MAX = 32 };

typedef struct worker {
    qk_workers *pool;
    void *tools;
    pthread_t thread;
    bool started;
} worker;

struct qk_workers {
    qk_workers_options options;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    void **ring;
    uint32_t first, count;
    bool ending;
    worker workers[THREADS_MAX];
};

static bool take_job(qk_workers *pool, void **job)
{
    pthread_mutex_lock(&pool->lock);
    while (pool->count == 0 && !pool->ending) pthread_cond_wait(&pool->wake, &pool->lock);
    bool some = pool->count > 0;
    if (some) {
        *job = pool->ring[pool->first];
        pool->first = (pool->first + 1) % pool->options.queue;
        pool->count--;
    }
    pthread_mutex_unlock(&pool->lock);
    return some;
}

static void *run_worker(void *argument)
{
    worker *w = argument;
    char name[16];
    snprintf(name, sizeof name, "%s", w->pool->options.name);
    pthread_setname_np(pthread_self(), name);
    void *job = NULL;
    while (take_job(w->pool, &job)) w->pool->options.run(job, w->tools);
    return NULL;
}

static qk_code start_worker(qk_workers *pool, worker *w, qk_error *err)
{
    w->pool = pool;
    if (pool->options.tools_new)
        QK_TRY(pool->options.tools_new(&w->tools, pool->options.context, err));
    int failed = pthread_create(&w->thread, NULL, run_worker, w);
    if (failed) return qk_fail_errno(err, failed, "cannot start thread %s", pool->options.name);
    w->started = true;
    return QK_OK;
}

qk_code qk_workers_new(qk_workers **out, const qk_workers_options *options, qk_error *err)
{
    qk_code code = QK_OK;
    if (options->threads == 0 || options->threads > THREADS_MAX || options->queue == 0)
        return qk_fail(err, QK_EINVAL, "a pool has 1 to %d threads and a queue", THREADS_MAX);
    qk_workers *pool = calloc(1, sizeof *pool);
    if (!pool) return qk_fail(err, QK_ENOMEM, "no memory for a pool of threads");
    pool->options = *options;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->ring = calloc(options->queue, sizeof *pool->ring);
    if (!pool->ring) code = qk_fail(err, QK_ENOMEM, "no memory for the queue of a pool");
    for (uint32_t i = 0; code == QK_OK && i < options->threads; i++)
        code = start_worker(pool, &pool->workers[i], err);
    if (code != QK_OK) {
        qk_workers_free(pool);
        return code;
    }
    *out = pool;
    return QK_OK;
}

void qk_workers_free(qk_workers *pool)
{
    if (!pool) return;
    pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (uint32_t i = 0; i < pool->options.threads; i++) {
        worker *w = &pool->workers[i];
        if (w->started) pthread_join(w->thread, NULL);
        if (w->tools && pool->options.tools_free) pool->options.tools_free(w->tools);
    }
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    free(pool->ring);
    free(pool);
}

qk_code qk_workers_submit(qk_workers *pool, void *job)
{
    qk_code code = QK_EFULL;
    pthread_mutex_lock(&pool->lock);
    if (!pool->ending && pool->count < pool->options.queue) {
        pool->ring[(pool->first + pool->count) % pool->options.queue] = job;
        pool->count++;
        code = QK_OK;
        pthread_cond_signal(&pool->wake);
    }
    pthread_mutex_unlock(&pool->lock);
    return code;
}

uint32_t qk_workers_waiting(qk_workers *pool)
{
    pthread_mutex_lock(&pool->lock);
    uint32_t n = pool->count;
    pthread_mutex_unlock(&pool->lock);
    return n;
}
