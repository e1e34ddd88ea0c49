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
    uint32_t stall_s;         /* cut when answers are not read for so long: default 60 */
} qk_gateway_options;

QK_NODISCARD qk_code qk_gateway_start(qk_gateway **out, qk_node *node,
                                      const qk_gateway_options *options, qk_error *err);
void qk_gateway_stop(qk_gateway *gateway);
uint16_t qk_gateway_port(const qk_gateway *gateway);

/* Begins the result of a request that ended without a value; the rest names a text of the message
 * table: no_data refused exe_failed no_9011 no_9012 line_lost expired cancelled. */
#define QK_REQUEST_REASON "request.reason."

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
    char result[256]; /* answer's CP text, or QK_REQUEST_REASON and why it ended */
    qk_time asked, updated;
} qk_request;
QK_NODISCARD qk_code qk_gateway_ask(qk_gateway *gateway, const qk_request *request, int64_t *id,
                                    qk_error *err);
QK_NODISCARD qk_code qk_gateway_cancel(qk_gateway *gateway, int64_t id, qk_error *err);

/* ---- forwarding to upper platforms ----
 * The frames of approved devices go on as received, one TCP connection for each (platform, MN),
 * each frame again until its 9014 comes; the journal is the queue, so that nothing is lost by a
 * restart and a dead platform costs nobody else anything. Requests of the platform go back to the
 * device. */
enum { QK_UPPERS_MAX = 16, QK_UPLINKS_MAX = 4096, QK_UPPER_PW_MAX = 27 };
typedef struct qk_upper {
    char id[QK_CODE_MAX];
    char address[96]; /* HOST:PORT */
    bool enabled;
    /* JSON: {"MN":{"mn":"name there","pw":"password there","control":true}, …}; members may be left
     * out: same MN, same password, requests are passed on. "*" stands for every approved device. */
    const char *mn_map;
    int64_t version; /* row version; 0 = new */
} qk_upper;
/* Adds or changes a platform; a new one gets what comes from now on. QK_EINVAL on a malformed
 * address or map, QK_ECONFLICT when upper->version is not the current one, QK_EFULL. Waits for the
 * store. */
QK_NODISCARD qk_code qk_gateway_put_upper(qk_gateway *gateway, const qk_upper *upper, qk_str by,
                                          qk_error *err);
QK_NODISCARD qk_code qk_gateway_drop_upper(qk_gateway *gateway, qk_str id, qk_error *err);
/* All platforms, by id, in the arena. */
QK_NODISCARD qk_code qk_gateway_uppers(qk_gateway *gateway, qk_arena *arena, qk_upper **out,
                                       size_t *n, qk_error *err);
typedef struct qk_uplink_state {
    char upper[QK_CODE_MAX], mn[QK_MN_MAX];
    bool enabled; /* of the platform */
    bool connected;
    uint64_t sent, answered, again; /* since the start; again = sent more than once */
    uint32_t waiting;               /* frames in memory not answered yet */
    uint64_t behind_bytes;          /* of the journal not yet looked at for this link */
    qk_time answered_at;            /* last 9014; QK_TIME_NONE = none since the start */
    char error[96];                 /* why it is not connected; empty = it is */
} qk_uplink_state;
/* The links of one device, or of all (mn {NULL,0}), in the arena. */
QK_NODISCARD qk_code qk_gateway_uplinks(qk_gateway *gateway, qk_str mn, qk_arena *arena,
                                        qk_uplink_state **out, size_t *n, qk_error *err);

typedef struct qk_gateway_stats {
    uint32_t connections;
    uint64_t accepted, cut, frames, answered, refused, parked, repeats, replays, bytes_in,
        bytes_out;
    uint64_t rubbish_bytes;
} qk_gateway_stats;
void qk_gateway_stats_get(const qk_gateway *gateway, qk_gateway_stats *out);
#endif
