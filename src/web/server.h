/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_SERVER_H
#define QK_WEB_SERVER_H
/* The page's side of the house: HTTP/1.1 API, server-sent events and the embedded page.
 *
 * One libmicrohttpd daemon in a thread of its own answers requests; a small pool of threads takes
 * what is slow (series, frames, changes, which wait for the store thread), so that the live feed
 * and other readers go on. Everything is bounded at birth: connections, connections of one address,
 * memory of a connection, length of a URL, body of each route, time of a half-sent request, backlog
 * of a slow follower of the feed. Requests whose framing can be read in two ways are refused and
 * their connection is closed (web/guard.h). No TLS here: nginx stands in front
 * (packaging/nginx/qingkong.conf).
 *
 * Ownership: the caller owns node and gateway, which must outlive the server. Threads: start and
 * stop from one thread, never from the store thread. */
#include "domain/login.h"
#include "gateway/gateway.h"

typedef struct qk_web qk_web;

typedef struct qk_web_options {
    const char *listen;       /* ADDR:PORT or [ADDR6]:PORT; port 0 = any; NULL = 127.0.0.1:8080 */
    uint32_t max_connections; /* 0 = 4,096: pages, followers and pollers together */
    uint32_t max_followers;   /* of the live feed; 0 = 3,000 */
    uint32_t max_per_address; /* 0 = 256; not applied to loopback, where a proxy stands */
    uint32_t request_s;       /* a request must be complete in this time; 0 = 15 */
    uint32_t workers;         /* threads for slow answers; 0 = 2 */
    uint32_t key_failures;    /* wrong keys of one address a minute before 429; 0 = 10 */
    qk_clock *wall;        /* real time of sessions; NULL = the machine's; the caller's to free */
    qk_password_cost cost; /* of hashing passwords; 0 = the default */
} qk_web_options;

/* Makes DIR/operator.key (0600) when it is absent, binds, starts the threads. gateway may be NULL:
 * routes that need devices' connections then answer 503. options may be NULL. QK_EIO when the
 * address cannot be bound (the text names it), QK_EINVAL for a malformed address. */
QK_NODISCARD qk_code qk_web_start(qk_web **out, qk_node *node, qk_gateway *gateway,
                                  const qk_web_options *options, qk_error *err);
/* Ends followers, waits for running answers (at most 3 s), frees. NULL is fine. */
void qk_web_stop(qk_web *web);
uint16_t qk_web_port(const qk_web *web);
/* The one-time code with which the first account is made, also in DIR/setup.code; empty when there
 * are accounts, and on a demo. */
const char *qk_web_setup_code(const qk_web *web);
#endif
