/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_LINKS_H
#define QK_WEB_LINKS_H
/* The open connections: how many come from one address, and until when each must have sent its
 * request or taken its answer. libmicrohttpd's own time-out is of silence only: a client that sends
 * one byte now and then would hold its place for ever.
 *
 * A link is closed by shutting its socket down; the daemon then sees the end and cleans up. The
 * lock makes sure that a descriptor is not shut down after the daemon gave it back. Threads: any.
 */
#include "base/text.h"

typedef struct qk_links qk_links;

typedef struct qk_link {
    qk_links *owner;
    int fd;
    bool loopback;
    char address[48];
    int64_t deadline_ms; /* monotonic; INT64_MAX = none */
    void *request;       /* under way; the daemon's thread only */
    struct qk_link *prev, *next;
} qk_link;

QK_NODISCARD qk_code qk_links_new(qk_links **out, uint32_t max_per_address);
void qk_links_free(qk_links *links);
/* False when the address has all the connections it may have. Loopback is not counted: a proxy
 * stands there. */
bool qk_links_admits(qk_links *links, qk_str address);
qk_link *qk_link_open(qk_links *links, int fd, qk_str address, int64_t deadline_ms);
void qk_link_close(qk_link *link); /* before the descriptor is closed; NULL is fine */
void qk_link_deadline(qk_link *link, int64_t deadline_ms);
/* Shuts down what is late; returns how many. */
uint32_t qk_links_cut(qk_links *links, int64_t now_ms);
uint32_t qk_links_count(qk_links *links);
#endif
