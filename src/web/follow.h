/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_FOLLOW_H
#define QK_WEB_FOLLOW_H
/* Followers of the live feed: server-sent events (WHATWG HTML 9.2) for thousands of pages.
 *
 * The pump takes what is new from the feed, writes it once as event text into one ring of bytes and
 * wakes those that wait; a follower is no more than a position in that ring. Who reads so slowly
 * that the ring has passed it is cut, comes back with its Last-Event-ID and is told to load again.
 * Who sees
 * own rows alone reads a ring of his own kind, shared by all with the same roles, into which the
 * pump puts what they may see and nothing else. An id is "<start>-<seq>": <start> differs at each
 * start of the program, so that a number of an earlier life is never taken for one of this.
 *
 * Threads: any; waking and waiting are done under one lock, so that no wake-up is lost. */
#include "base/text.h"
#include "domain/live.h"
#include "web/rights.h"

typedef struct qk_followers qk_followers;
typedef struct qk_follower qk_follower;

typedef struct qk_followers_options {
    qk_live *live;
    uint32_t max;                /* followers at a time */
    size_t ring_bytes;           /* text kept for slow readers; 0 = 4 MiB */
    uint32_t start;              /* names this life of the program */
    const qk_registry *registry; /* for who sees own rows alone; may be NULL without such */
    /* Puts a connection to sleep and wakes it; called under the lock. */
    void (*suspend)(void *connection);
    void (*resume)(void *connection);
} qk_followers_options;

QK_NODISCARD qk_code qk_followers_new(qk_followers **out, const qk_followers_options *options);
void qk_followers_free(qk_followers *f); /* after the last follower has left */

/* last_id: value of Last-Event-ID, {NULL,0} when absent. greeting: JSON of a "clock" event that is
 * sent first. rows: whose rows alone are told, NULL = all are. QK_EFULL when all places are taken
 * or the feed is ending. */
QK_NODISCARD qk_code qk_follower_open(qk_follower **out, qk_followers *f, void *connection,
                                      qk_str last_id, qk_str greeting, const qk_actor *rows);
void qk_follower_close(qk_follower *follower);
/* Right after opening: whose it is (0 = nobody's). */
void qk_follower_mark(qk_follower *follower, uint64_t whose);
/* Cuts all followers of somebody; they notice within a pump. */
void qk_followers_cut(qk_followers *f, uint64_t whose);

enum { QK_FOLLOW_CUT = -1 };
/* Copies up to size bytes of text; 0 when nothing is new, in which case the connection has been
 * suspended; QK_FOLLOW_CUT when the follower is too slow or the feed is ending. */
long qk_follower_read(qk_follower *follower, char *out, size_t size);

/* Takes in what is new, adds a comment when nothing was sent for 15 s, wakes the waiting. */
void qk_followers_pump(qk_followers *f, int64_t now_ms);
/* Wakes all; from now on every read says QK_FOLLOW_CUT. */
void qk_followers_end(qk_followers *f);

typedef struct qk_followers_stats {
    uint32_t now, most;
    uint64_t opened, refused, cut, events, bytes;
} qk_followers_stats;
void qk_followers_stats_get(qk_followers *f, qk_followers_stats *out);
#endif
