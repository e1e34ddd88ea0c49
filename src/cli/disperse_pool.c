/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/disperse.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct worker {
    disperse_pool *pool;
    pthread_t thread;
    int number;
} worker;

struct disperse_pool {
    pthread_mutex_t lock;
    pthread_cond_t begin, done;
    worker *workers; /* the caller is thread 0 and is not among them */
    int threads, running;
    uint64_t round;
    bool ending;
    disperse_job job;
    void *arg;
    size_t count;
    atomic_size_t next;
};

static void work_off(disperse_pool *p, int number)
{
    for (;;) {
        size_t item = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed);
        if (item >= p->count) return;
        p->job(p->arg, number, item);
    }
}

static void *stand_by(void *arg)
{
    worker *w = arg;
    disperse_pool *p = w->pool;
    uint64_t seen = 0;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (p->round == seen && !p->ending) pthread_cond_wait(&p->begin, &p->lock);
        if (p->ending) break;
        seen = p->round;
        pthread_mutex_unlock(&p->lock);
        work_off(p, w->number);
        pthread_mutex_lock(&p->lock);
        if (--p->running == 0) pthread_cond_signal(&p->done);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

qk_code disperse_pool_new(disperse_pool **out, int threads, qk_error *err)
{
    disperse_pool *p = calloc(1, sizeof *p);
    *out = NULL;
    if (!p || !(p->workers = calloc((size_t)threads, sizeof *p->workers))) {
        free(p);
        return qk_fail(err, QK_ENOMEM, "no memory for threads");
    }
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->begin, NULL);
    pthread_cond_init(&p->done, NULL);
    p->threads = 1;
    while (p->threads < threads) {
        worker *w = &p->workers[p->threads - 1];
        *w = (worker){.pool = p, .number = p->threads};
        if (pthread_create(&w->thread, NULL, stand_by, w) != 0) break; /* fewer will do */
        p->threads++;
    }
    *out = p;
    return QK_OK;
}

void disperse_pool_free(disperse_pool *p)
{
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    p->ending = true;
    pthread_cond_broadcast(&p->begin);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i + 1 < p->threads; i++) pthread_join(p->workers[i].thread, NULL);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->begin);
    pthread_cond_destroy(&p->done);
    free(p->workers);
    free(p);
}

int disperse_pool_threads(const disperse_pool *p)
{
    return p->threads;
}

void disperse_pool_run(disperse_pool *p, disperse_job job, void *arg, size_t count)
{
    pthread_mutex_lock(&p->lock);
    p->job = job;
    p->arg = arg;
    p->count = count;
    atomic_store(&p->next, 0);
    p->running = p->threads - 1;
    p->round++;
    pthread_cond_broadcast(&p->begin);
    pthread_mutex_unlock(&p->lock);
    work_off(p, 0);
    pthread_mutex_lock(&p->lock);
    while (p->running > 0) pthread_cond_wait(&p->done, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

int disperse_threads(const char *option)
{
    int64_t n = 0;
    const char *text = option ? option : getenv("OMP_NUM_THREADS");
    if (!text || qk_parse_i64(&n, qk_str_of(text)) != QK_OK || n < 1)
        n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > DISPERSE_THREADS_MAX ? DISPERSE_THREADS_MAX : (int)n;
}
