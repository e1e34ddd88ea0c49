/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_UPQUEUE_H
#define QK_GATEWAY_UPQUEUE_H
/* Frames of one device on their way to one upper platform: sent in order, at most eight unanswered,
 * each again until its 9014 comes. The journal is the durable queue; what stands here is its front,
 * and the cursor says from where the journal is to be read again after a restart. Pure: times come
 * in. */
#include "base/text.h"
#include "store/journal.h"

enum { QK_UPQUEUE_SLOTS = 32, QK_UPQUEUE_WINDOW = 8, QK_UPQUEUE_QN = 24 };

typedef enum qk_upframe_state {
    QK_UPFRAME_WAITING,
    QK_UPFRAME_SENT,
    QK_UPFRAME_DONE
} qk_upframe_state;

typedef struct qk_upframe {
    qk_jpos pos;
    char *bytes; /* owned */
    uint32_t len;
    uint32_t tries;
    int64_t sent_ms;
    qk_upframe_state state;
    bool wants_answer;
    char qn[QK_UPQUEUE_QN];
} qk_upframe;

typedef struct qk_upqueue {
    qk_upframe slot[QK_UPQUEUE_SLOTS];
    uint32_t first, count;
} qk_upqueue;

void qk_upqueue_clear(qk_upqueue *q);
static inline bool qk_upqueue_full(const qk_upqueue *q)
{
    return q->count == QK_UPQUEUE_SLOTS;
}
static inline bool qk_upqueue_empty(const qk_upqueue *q)
{
    return q->count == 0;
}
/* Copies the frame. False when full or without memory. */
bool qk_upqueue_push(qk_upqueue *q, qk_jpos pos, const char *bytes, uint32_t len, qk_str qn,
                     bool wants_answer);
/* The frame to send now: one whose answer is overdue, else the next one while fewer than eight wait
 * for answers. NULL = none. The caller tells what became of it. */
qk_upframe *qk_upqueue_next(qk_upqueue *q, int64_t now_ms, int64_t overtime_ms);
/* It went out; a frame that wants no answer is done with that. */
void qk_upqueue_sent(qk_upqueue *q, qk_upframe *frame, int64_t now_ms);
/* A 9014 with this QN (empty = none given: the oldest frame without QN, else the oldest sent). */
bool qk_upqueue_answered(qk_upqueue *q, qk_str qn);
/* The connection is gone: what was sent and not answered waits again. */
void qk_upqueue_again(qk_upqueue *q);
/* Sendings of the frame that was sent most often. */
uint32_t qk_upqueue_most_tries(const qk_upqueue *q);
/* Position of the oldest frame not done, or `behind` when there is none. */
qk_jpos qk_upqueue_cursor(const qk_upqueue *q, qk_jpos behind);
#endif
