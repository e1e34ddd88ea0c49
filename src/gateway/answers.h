/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_ANSWERS_H
#define QK_GATEWAY_ANSWERS_H
/* What one connection is going to send: bytes in order, each stretch held back until the journal is
 * durable up to its mark.
 *
 * Bytes are written when the frame is taken, so that letting them go is one write of one stretch.
 * At most eight marks are kept; further ones join the last, which can only make an answer wait a
 * little longer, never leave earlier. The memory is a pool block that is given back as soon as the
 * queue is empty, and never exceeds QK_ANSWERS_MAX: a connection that has no room reads no further.
 * One thread. */
#include "gateway/pool.h"
#include "store/journal.h"

enum { QK_ANSWERS_MAX = 16384, QK_ANSWERS_ONE = 512, QK_ANSWERS_MARKS = 8 };

typedef struct qk_answers_mark {
    qk_jpos pos;   /* may leave when durable >= pos */
    uint32_t upto; /* end of the stretch in buf */
} qk_answers_mark;

typedef struct qk_answers {
    char *buf; /* NULL when empty */
    uint32_t cap, begin, end;
    uint8_t marks;
    qk_answers_mark mark[QK_ANSWERS_MARKS];
} qk_answers;

static inline bool qk_answers_empty(const qk_answers *a)
{
    return a->begin == a->end;
}
/* Room for one answer (QK_ANSWERS_ONE bytes), or NULL when the queue is full or the pool is empty.
 */
char *qk_answers_room(qk_answers *a, qk_pool *pool);
/* len bytes were written to the room; they wait for pos (0 = nothing to wait for). Positions never
 * fall. */
void qk_answers_add(qk_answers *a, uint32_t len, qk_jpos pos);
/* Bytes at the front that may leave now; *out points to them. */
uint32_t qk_answers_ripe(const qk_answers *a, qk_jpos durable, const char **out);
/* n bytes of the front were sent (or taken over). Gives the memory back when nothing is left. */
void qk_answers_drop(qk_answers *a, qk_pool *pool, uint32_t n);
void qk_answers_clear(qk_answers *a, qk_pool *pool);
#endif
