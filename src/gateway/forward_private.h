/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_FORWARD_PRIVATE_H
#define QK_GATEWAY_FORWARD_PRIVATE_H
/* Shared by forward.c (platforms, saving), forward_read.c (the way from the journal to the links)
 * and forward_link.c (the connections). Loop's thread, but for the read itself, which runs in
 * libuv's thread pool on a pass that nobody else touches meanwhile.
 *
 * A platform reads the journal in at most two passes: the tip, which follows what comes in, and the
 * catch-up, which starts where the slowest reconnected link stopped and joins the tip when it has
 * come up to it. A link that does not get rid of its frames falls out of its pass and notes from
 * where (`from`); so a dead link stops nobody, and however many links come back, the journal is
 * read once for all of them. */
#include "base/file.h"
#include "gateway/forward.h"
#include "gateway/upqueue.h"

enum {
    QK_PASS_FRAMES = 1024,
    QK_PASS_BYTES = 1 << 20, /* frames of one batch */
    QK_PASS_SCAN = 8 << 20,  /* journal read for one batch */
    QK_UPLINK_OVERTIME_MS = 10000,
    QK_UPLINK_HEALTHY_MS = 30000,
    QK_UPLINK_BACKOFF_MS = 1000,
    QK_UPLINK_BACKOFF_MAX_MS = 60000
};

typedef struct qk_uplink qk_uplink;
typedef struct qk_platform qk_platform;

typedef struct qk_pass_frame {
    qk_jpos pos, end;
    uint32_t at, len; /* in the batch's bytes */
} qk_pass_frame;

typedef struct qk_pass {
    qk_platform *platform;
    bool active, reading;
    bool stuck;    /* the last read brought nothing though there is more: try at the next tick */
    qk_jpos pos;   /* everything before was given to the links of this pass */
    qk_jpos limit; /* read up to here */
    qk_jpos batch_end;
    size_t count, next; /* frames of the batch; the next to give */
    uv_work_t work;
    qk_journal_reader *reader;
    char dir[QK_PATH_MAX];
    char *bytes;
    qk_pass_frame *frames;
} qk_pass;

typedef enum qk_uplink_phase { QK_UPLINK_DOWN, QK_UPLINK_CONNECTING, QK_UPLINK_UP } qk_uplink_phase;

/* One socket's life; outlives the link until libuv has closed it. */
typedef struct qk_upsocket {
    uv_tcp_t tcp;
    uv_connect_t connect;
    qk_uplink *link; /* NULL: the link has let go */
} qk_upsocket;

struct qk_uplink {
    qk_platform *platform;
    qk_uplink *next;
    uint64_t serial;
    char mn[QK_MN_MAX], as_mn[QK_MN_MAX], as_pw[28]; /* as_*: empty = as received */
    bool control;                                    /* requests are passed on */
    bool stale;                                      /* no longer in the map */
    qk_uplink_phase phase;
    qk_upsocket *socket;
    int64_t retry_ms, backoff_ms, progress_ms;
    uint32_t writes; /* under way */
    qk_upqueue queue;
    qk_pass *pass; /* NULL = fell out */
    qk_jpos from;  /* frames before are not needed */
    qk_jpos saved; /* cursor of its row; UINT64_MAX = it has no row */
    char *begun;
    uint32_t begun_len, begun_cap;
    uint64_t sent, answered, again;
    qk_time answered_at;
    char error[96];
};

struct qk_platform {
    qk_gateway *gateway;
    qk_platform *next;
    char id[QK_CODE_MAX], address[96];
    char host[80];
    uint16_t port;
    bool enabled, dropped;
    int64_t version;
    char *mn_map;
    bool all; /* the map has "*" */
    qk_uplink *links;
    qk_map *by_mn;             /* MN -> link */
    uint64_t register_version; /* links were made for */
    struct sockaddr_storage to;
    bool resolved, resolving;
    int64_t resolved_ms;
    uv_getaddrinfo_t resolve;
    qk_pass tip, catch_up;
    qk_jpos saved;
    uint32_t busy; /* requests of libuv under way: no freeing before 0 */
};

struct qk_forward {
    qk_platform *platforms;
    uint64_t next_serial;
    int64_t saved_ms;
};

/* ---- forward_read.c ---- */
void qk_passes_go_on(qk_platform *p);
void qk_passes_join(qk_platform *p);
void qk_passes_free(qk_platform *p);
/* From where the journal would have to be read again for this link. */
qk_jpos qk_uplink_cursor(const qk_uplink *link);

/* ---- forward_link.c ---- */
void qk_uplink_tick(qk_uplink *link);
/* Sends what is due. */
void qk_uplink_send(qk_uplink *link);
void qk_uplink_close(qk_uplink *link, const char *why);
void qk_uplink_free(qk_uplink *link);
void qk_uplink_return(qk_uplink *link, const qk_hj212_frame *frame);
#endif
