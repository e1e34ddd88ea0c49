/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_SESSION_H
#define QK_GATEWAY_SESSION_H
/* One connection of the device side as pure logic: bytes in, actions out through a table of
 * functions; no sockets, no clock of its own. gateway/conn.h puts it on libuv, tests and the fuzzer
 * put it on memory.
 *
 *   bytes -> frame -> head -> device -> access -> repeat? -> journal -> answer waits for its
 * position
 *
 * A frame counts as taken only when the journal took it: HOLD means that nothing was consumed of
 * the frame at `used`, and the caller brings the same bytes again later. */
#include "domain/live.h"
#include "gateway/access.h"
#include "gateway/answers.h"
#include "gateway/bucket.h"
#include "gateway/devices.h"
#include "gateway/gateway.h"
#include "gateway/reply.h"

enum {
    QK_SESSION_RUBBISH_MAX = 65536, /* bytes without a good frame: cut */
    QK_SESSION_MNS_MAX = 256,       /* devices on one connection (front-end servers collect many) */
    QK_SESSION_REFUSED_KEPT = 2048, /* bytes of a refused frame that are journalled */
    QK_SESSION_QUIET_MS = 300       /* silence after which a frame without its line end is taken */
};

typedef enum qk_cut {
    QK_CUT_NONE,
    QK_CUT_PEER,       /* the peer closed, or the network did */
    QK_CUT_FULL,       /* too many connections */
    QK_CUT_ADDRESS,    /* too many from this address */
    QK_CUT_IDLE,       /* silent too long */
    QK_CUT_HALF_FRAME, /* a begun frame did not end */
    QK_CUT_RUBBISH,    /* bytes without a frame */
    QK_CUT_REFUSED,    /* too many refused frames */
    QK_CUT_PARKED,     /* an unknown device sends faster than it is kept */
    QK_CUT_OUTPUT,     /* answers are not read */
    QK_CUT_MEMORY,     /* the memory for all connections is used up */
    QK_CUT_STOP,       /* the server ends */
    QK_CUTS
} qk_cut;
const char *qk_cut_name(qk_cut cut);

typedef enum qk_feed {
    QK_FEED_MORE,         /* all whole frames are taken; the rest waits for more bytes */
    QK_FEED_HOLD_JOURNAL, /* the journal takes nothing now */
    QK_FEED_HOLD_OUTPUT,  /* the connection's answers must leave first */
    QK_FEED_CUT           /* session->cut says why */
} qk_feed;

typedef struct qk_gate qk_gate;

/* What the session needs of the world. All run on the loop's thread. */
typedef struct qk_gate_calls {
    qk_code (*append)(void *context, qk_jpos *end, qk_journal_kind kind, uint8_t flags,
                      uint32_t connection, qk_time at, const void *payload, size_t len);
    bool (*find_device)(void *context, qk_device *out, qk_str mn);
    uint64_t (*register_version)(void *context);
    /* A device came to or left its connection; session is the newest one left, NULL = offline. */
    void (*link)(void *context, qk_gate_device *device, const qk_session *session);
    /* Raised at most once an hour for each device and kind. */
    void (*event)(void *context, qk_gate_event kind, qk_gate_device *device,
                  const qk_session *session);
    /* A frame of an approved device is in the journal: requests, relays, notices (1013). */
    void (*took)(void *context, qk_session *session, qk_gate_device *device,
                 const qk_hj212_frame *frame, const qk_hj212_head *head);
    /* True when data of this frame was asked for by a request under way. */
    bool (*asked)(void *context, qk_gate_device *device, const qk_hj212_frame *frame,
                  const qk_hj212_head *head);
} qk_gate_calls;

/* Shared by all sessions of a gateway. */
struct qk_gate {
    const qk_gate_calls *calls;
    void *context;
    bool accept_any;
    qk_time now;    /* the instance's clock; set before each turn */
    int64_t now_ms; /* monotonic */
    uint64_t register_version;
    qk_pool pool;
    qk_gate_devices devices;
    qk_gate_device *counted; /* list by next_counted: devices with counts to tell */
    qk_bucket parked;        /* parked frames of all connections */
    qk_gateway_stats stats;
};

struct qk_session {
    qk_gate *gate;
    uint32_t id;      /* of the connection, in the journal */
    char address[48]; /* peer's IP as text */
    uint8_t address_len;
    uint16_t port;
    qk_cut cut;
    bool opened;      /* SESSION record "open" was written */
    bool ends_here;   /* a frame is whole but for its line end */
    uint32_t rubbish; /* bytes since the last good frame */
    uint32_t frames;  /* taken */
    uint32_t refusals;
    int64_t begun_ms; /* when the begun frame's first byte came; 0 = none begun */
    qk_answers answers;
    qk_bind *binds; /* devices on this connection; the first is `first` */
    qk_bind *last;  /* of the last frame */
    qk_bind first;
    uint32_t bind_count;
    qk_bucket refused, refused_kept, parked;
};

void qk_session_init(qk_session *s, qk_gate *gate, uint32_t id, qk_str address, uint16_t port);
/* Takes all whole frames at the front of bytes. final: nothing follows for now, so that a frame
 * whose line end is missing is taken too. *used gets the bytes done with. */
qk_feed qk_session_feed(qk_session *s, const char *bytes, size_t len, bool final, size_t *used);
/* Queues a frame of ours (a request): journalled as SENT, leaves in its turn. QK_EFULL when the
 * connection or the journal has no room now. */
QK_NODISCARD qk_code qk_session_send(qk_session *s, const char *frame, size_t len);
/* The connection is gone: devices are unbound, the SESSION record written, answers dropped. */
void qk_session_end(qk_session *s, qk_cut reason);

/* Journals and raises what a device's event needs; used for skew too. */
void qk_gate_event_once(qk_gate *gate, qk_gate_event kind, qk_gate_device *device,
                        const qk_session *session);
/* Renews the device's row when the register changed since it was copied. */
void qk_gate_refresh(qk_gate *gate, qk_gate_device *device);
/* Fills the repeat window from a journalled frame (at start). */
void qk_gate_replay(qk_gate *gate, const qk_journal_record *record);
#endif
