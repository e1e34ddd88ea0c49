/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/node_private.h"
#include <time.h>

static qk_command *slot_at(qk_node *node, size_t i)
{
    return &node->queue[(node->queue_first + i) % QK_NODE_QUEUE];
}

static qk_code push_command(qk_node *node, const qk_command *command, qk_error *err)
{
    if (node->stop) return qk_fail(err, QK_ECANCELLED, "the instance is closing");
    if (node->queue_n == QK_NODE_QUEUE) {
        qk_fail(err, QK_EFULL, "%d changes wait for the store already", QK_NODE_QUEUE);
        return qk_error_hint(err, "try again in a moment");
    }
    *slot_at(node, node->queue_n++) = *command;
    node->rung = true;
    pthread_cond_signal(&node->bell);
    return QK_OK;
}

qk_code qk_node_post(qk_node *node, qk_node_fn *fn, void *context, qk_node_done *done,
                     qk_error *err)
{
    qk_command command = {.fn = fn, .context = context, .done = done};
    pthread_mutex_lock(&node->lock);
    qk_code code = push_command(node, &command, err);
    pthread_mutex_unlock(&node->lock);
    return code;
}

static struct timespec deadline_in(uint32_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) t.tv_sec++, t.tv_nsec -= 1000000000;
    return t;
}

/* A command still in the queue can be given up; one that runs cannot: its context is in use. */
static bool give_up(qk_node *node, const qk_waiter *waiter)
{
    for (size_t i = 0; i < node->queue_n; i++) {
        qk_command *c = slot_at(node, i);
        if (c->waiter != waiter) continue;
        c->fn = NULL;
        c->waiter = NULL;
        return true;
    }
    return false;
}

static qk_code wait_for(qk_node *node, qk_waiter *waiter, qk_error *err)
{
    struct timespec until = deadline_in(QK_NODE_CALL_MS);
    while (!waiter->done) {
        int late = waiter->running ? pthread_cond_wait(&node->answered, &node->lock)
                                   : pthread_cond_timedwait(&node->answered, &node->lock, &until);
        if (late && !waiter->done && !waiter->running && give_up(node, waiter))
            return qk_fail(err, QK_ETIMEOUT, "the store did not get to the change within 10 s");
    }
    if (err && waiter->code) *err = waiter->err;
    return waiter->code;
}

qk_code qk_node_call(qk_node *node, qk_node_fn *fn, void *context, qk_error *err)
{
    qk_waiter waiter = {0};
    qk_command command = {.fn = fn, .context = context, .waiter = &waiter};
    pthread_mutex_lock(&node->lock);
    qk_code code = push_command(node, &command, err);
    if (!code) code = wait_for(node, &waiter, err);
    pthread_mutex_unlock(&node->lock);
    return code;
}

bool qk_node_has_commands(qk_node *node)
{
    pthread_mutex_lock(&node->lock);
    bool any = node->queue_n > 0;
    pthread_mutex_unlock(&node->lock);
    return any;
}

size_t qk_node_take_commands(qk_node *node, qk_command *out)
{
    size_t n = 0;
    pthread_mutex_lock(&node->lock);
    for (; node->queue_n; node->queue_n--) {
        qk_command *c = slot_at(node, 0);
        node->queue_first = (node->queue_first + 1) % QK_NODE_QUEUE;
        if (!c->fn) continue;
        if (c->waiter) c->waiter->running = true;
        out[n++] = *c;
    }
    pthread_mutex_unlock(&node->lock);
    return n;
}

void qk_node_finish_command(qk_node *node, qk_command *c)
{
    if (c->done) c->done(c->context, c->code, &c->err);
    if (!c->waiter) return;
    pthread_mutex_lock(&node->lock);
    c->waiter->code = c->code;
    c->waiter->err = c->err;
    c->waiter->done = true;
    pthread_cond_broadcast(&node->answered);
    pthread_mutex_unlock(&node->lock);
}

void qk_node_fail_commands(qk_node *node, qk_code code, const qk_error *err)
{
    size_t n = qk_node_take_commands(node, node->batch);
    for (size_t i = 0; i < n; i++) {
        node->batch[i].code = code;
        node->batch[i].err = *err;
        qk_node_finish_command(node, &node->batch[i]);
    }
}

qk_code qk_node_set_clock(qk_node *node, qk_time now, double speed, qk_error *err)
{
    if (!node->demo) {
        qk_fail(err, QK_EDENIED, "the clock of this instance is the real one");
        return qk_error_hint(err, "only a demo or an instance started with --clock can be set");
    }
    pthread_mutex_lock(&node->lock);
    while (node->clock_asked && !node->stop) pthread_cond_wait(&node->answered, &node->lock);
    if (node->stop) {
        pthread_mutex_unlock(&node->lock);
        return qk_fail(err, QK_ECANCELLED, "the instance is closing");
    }
    node->clock_asked = true;
    node->clock_done = false;
    node->clock_to = now;
    node->clock_speed = speed;
    node->rung = true;
    pthread_cond_signal(&node->bell);
    while (!node->clock_done) pthread_cond_wait(&node->answered, &node->lock);
    qk_code code = node->clock_code;
    if (err && code) *err = node->clock_err;
    node->clock_asked = node->clock_done = false;
    pthread_cond_broadcast(&node->answered);
    pthread_mutex_unlock(&node->lock);
    return code;
}
