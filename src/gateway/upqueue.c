/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/upqueue.h"
#include <stdlib.h>

static qk_upframe *slot_at(const qk_upqueue *q, uint32_t i)
{
    return (qk_upframe *)(uintptr_t)&q->slot[(q->first + i) % QK_UPQUEUE_SLOTS];
}

static void drop_first(qk_upqueue *q)
{
    qk_upframe *f = slot_at(q, 0);
    free(f->bytes);
    *f = (qk_upframe){0};
    q->first = (q->first + 1) % QK_UPQUEUE_SLOTS;
    q->count--;
}

void qk_upqueue_clear(qk_upqueue *q)
{
    while (q->count) drop_first(q);
}

bool qk_upqueue_push(qk_upqueue *q, qk_jpos pos, const char *bytes, uint32_t len, qk_str qn,
                     bool wants_answer)
{
    char *copy = qk_upqueue_full(q) ? NULL : malloc(len ? len : 1);
    if (!copy) return false;
    memcpy(copy, bytes, len);
    qk_upframe *f = slot_at(q, q->count++);
    *f = (qk_upframe){.pos = pos, .bytes = copy, .len = len, .wants_answer = wants_answer};
    (void)qk_str_copy(f->qn, sizeof f->qn, qn);
    return true;
}

qk_upframe *qk_upqueue_next(qk_upqueue *q, int64_t now_ms, int64_t overtime_ms)
{
    uint32_t unanswered = 0;
    qk_upframe *waiting = NULL;
    for (uint32_t i = 0; i < q->count; i++) {
        qk_upframe *f = slot_at(q, i);
        if (f->state == QK_UPFRAME_SENT && now_ms - f->sent_ms >= overtime_ms) return f;
        if (f->state == QK_UPFRAME_SENT) unanswered++;
        if (f->state == QK_UPFRAME_WAITING && !waiting) waiting = f;
    }
    return unanswered < QK_UPQUEUE_WINDOW ? waiting : NULL;
}

static void drop_done(qk_upqueue *q)
{
    while (q->count && slot_at(q, 0)->state == QK_UPFRAME_DONE) drop_first(q);
}

void qk_upqueue_sent(qk_upqueue *q, qk_upframe *frame, int64_t now_ms)
{
    frame->tries++;
    frame->sent_ms = now_ms;
    frame->state = frame->wants_answer ? QK_UPFRAME_SENT : QK_UPFRAME_DONE;
    drop_done(q);
}

bool qk_upqueue_answered(qk_upqueue *q, qk_str qn)
{
    qk_upframe *found = NULL;
    for (uint32_t i = 0; i < q->count && !found; i++) {
        qk_upframe *f = slot_at(q, i);
        if (f->state == QK_UPFRAME_SENT && qk_str_eq(qn, qk_str_of(f->qn))) found = f;
    }
    for (uint32_t i = 0; i < q->count && !found && qn.len == 0; i++)
        if (slot_at(q, i)->state == QK_UPFRAME_SENT) found = slot_at(q, i);
    if (!found) return false;
    found->state = QK_UPFRAME_DONE;
    drop_done(q);
    return true;
}

void qk_upqueue_again(qk_upqueue *q)
{
    for (uint32_t i = 0; i < q->count; i++)
        if (slot_at(q, i)->state == QK_UPFRAME_SENT) slot_at(q, i)->state = QK_UPFRAME_WAITING;
}

uint32_t qk_upqueue_most_tries(const qk_upqueue *q)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < q->count; i++)
        if (slot_at(q, i)->state != QK_UPFRAME_DONE && slot_at(q, i)->tries > most)
            most = slot_at(q, i)->tries;
    return most;
}

qk_jpos qk_upqueue_cursor(const qk_upqueue *q, qk_jpos behind)
{
    return q->count ? slot_at(q, 0)->pos : behind;
}
