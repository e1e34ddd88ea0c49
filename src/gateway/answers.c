/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/answers.h"
#include <string.h>

static void move_to_front(qk_answers *a, char *to)
{
    if (a->end > a->begin) memmove(to, a->buf + a->begin, a->end - a->begin);
    for (int i = 0; i < a->marks; i++) a->mark[i].upto -= a->begin;
    a->end -= a->begin;
    a->begin = 0;
}

static bool grow_buffer(qk_answers *a, qk_pool *pool, uint32_t need)
{
    uint32_t cap;
    char *buf = need <= QK_ANSWERS_MAX ? qk_pool_take(pool, need, &cap) : NULL;
    if (!buf) return false;
    char *old = a->buf;
    move_to_front(a, buf);
    qk_pool_give(pool, old, a->cap);
    a->buf = buf;
    a->cap = cap;
    return true;
}

char *qk_answers_room(qk_answers *a, qk_pool *pool)
{
    if (a->end + QK_ANSWERS_ONE <= a->cap) return a->buf + a->end;
    uint32_t waiting = a->end - a->begin;
    if (a->cap && waiting + QK_ANSWERS_ONE <= a->cap)
        move_to_front(a, a->buf);
    else if (!grow_buffer(a, pool, waiting + QK_ANSWERS_ONE))
        return NULL;
    return a->buf + a->end;
}

void qk_answers_add(qk_answers *a, uint32_t len, qk_jpos pos)
{
    a->end += len;
    qk_answers_mark *last = a->marks ? &a->mark[a->marks - 1] : NULL;
    if (last && (a->marks == QK_ANSWERS_MARKS || last->pos >= pos)) {
        if (pos > last->pos) last->pos = pos;
        last->upto = a->end;
        return;
    }
    a->mark[a->marks++] = (qk_answers_mark){.pos = pos, .upto = a->end};
}

uint32_t qk_answers_ripe(const qk_answers *a, qk_jpos durable, const char **out)
{
    uint32_t upto = a->begin;
    for (int i = 0; i < a->marks && a->mark[i].pos <= durable; i++) upto = a->mark[i].upto;
    *out = a->buf ? a->buf + a->begin : NULL;
    return upto - a->begin;
}

void qk_answers_drop(qk_answers *a, qk_pool *pool, uint32_t n)
{
    int gone = 0;
    a->begin += n;
    if (a->begin == a->end) {
        qk_answers_clear(a, pool);
        return;
    }
    while (gone < a->marks && a->mark[gone].upto <= a->begin) gone++;
    a->marks = (uint8_t)(a->marks - gone);
    memmove(a->mark, a->mark + gone, a->marks * sizeof a->mark[0]);
}

void qk_answers_clear(qk_answers *a, qk_pool *pool)
{
    qk_pool_give(pool, a->buf, a->cap);
    *a = (qk_answers){0};
}
