/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_GATEWAY_H
#define QK_GATEWAY_GATEWAY_H
/* The device side: HJ 212 over TCP on one libuv loop in a thread of its own.
 *
 * A frame is framed, checked, recognised (repeat or not), appended to the journal and answered in
 * the order of its connection once the journal is durable. Requests to devices (reverse control)
 * and forwarding to upper platforms run on the same loop. Limits cut slow, broken and hostile
 * clients (internals/gateway.md names each). */
#include "domain/node.h"

typedef struct qk_gateway qk_gateway;
typedef struct qk_gateway_options {
    const char *listen;       /* ADDR:PORT; port 0 = any */
    uint32_t max_connections; /* default 16,000 (raises the open-file limit) */
    uint32_t max_per_address; /* default 64; not applied with --accept-any */
    uint32_t idle_s;          /* cut a connection silent this long: default 3,600 */
    uint32_t half_frame_s;    /* cut when a begun frame does not end: default 30 */
} qk_gateway_options;

QK_NODISCARD qk_code qk_gateway_start(qk_gateway **out, qk_node *node,
                                      const qk_gateway_options *options, qk_error *err);
void qk_gateway_stop(qk_gateway *gateway);
uint16_t qk_gateway_port(const qk_gateway *gateway);

/* Reverse control. A request is a row in SQLite (so that its progress can be seen and survives a
 * restart) and runs when its device is connected; one at a time for each device. */
typedef struct qk_request {
    int64_t id; /* 0 = new */
    char mn[QK_MN_MAX];
    int32_t cn;       /* 1000 1011 1012 1061 … 2031 2051 2061 3011 … */
    char params[256]; /* CP text, e.g. "RtdInterval=30" */
    qk_time from, to; /* history requests: the range asked for, split into chunks */
    char by[64];      /* who asked; "auto" for the system */
    char state[16];   /* waiting sent accepted receiving done failed refused timeout cancelled */
    int32_t qn_rtn, exe_rtn; /* as answered; 0 = not yet */
    int32_t tries, chunks_done, chunks_total;
    int64_t rows_received;
    char result[256]; /* answer's CP text, or the reason of failure */
    qk_time asked, updated;
} qk_request;
QK_NODISCARD qk_code qk_gateway_ask(qk_gateway *gateway, const qk_request *request, int64_t *id,
                                    qk_error *err);
QK_NODISCARD qk_code qk_gateway_cancel(qk_gateway *gateway, int64_t id, qk_error *err);

typedef struct qk_gateway_stats {
    uint32_t connections;
    uint64_t accepted, cut, frames, answered, refused, parked, repeats, replays, bytes_in,
        bytes_out;
    uint64_t rubbish_bytes;
} qk_gateway_stats;
void qk_gateway_stats_get(const qk_gateway *gateway, qk_gateway_stats *out);
#endif
