/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_DEVICES_H
#define QK_GATEWAY_DEVICES_H
/* What the gateway remembers of each device whose frames it takes: its row of the register (a copy,
 * renewed when the register changed), its repeat window, its clock, and the connections it speaks
 * on, newest first.
 *
 * Bounded: at the ceiling devices that are not approved and have no connection make room; when none
 * does, a new device is refused. One thread. */
#include "base/map.h"
#include "domain/registry.h"
#include "gateway/skew.h"
#include "gateway/window.h"
#include "hj212/hj212.h"

typedef struct qk_session qk_session;
typedef struct qk_gate_device qk_gate_device;

/* One device on one connection. */
typedef struct qk_bind {
    qk_session *session;
    qk_gate_device *device;
    struct qk_bind *next_in_session;
    struct qk_bind *newer, *older; /* on the device's list */
    bool told;                     /* the link was announced */
} qk_bind;

/* Kinds of events that one device can cause; each is raised at most once an hour. */
typedef enum qk_gate_event {
    QK_GATE_SECOND_CONNECTION, /* the MN speaks on two connections */
    QK_GATE_WRONG_ADDRESS,
    QK_GATE_WRONG_PASSWORD,
    QK_GATE_DISABLED,
    QK_GATE_WRONG_CRC,
    QK_GATE_CLOCK_SKEW,
    QK_GATE_REPLAY, /* old real-time frames sent again */
    QK_GATE_EVENTS
} qk_gate_event;
const char *qk_gate_event_name(qk_gate_event e); /* "second_connection" … */

struct qk_gate_device {
    char mn[QK_MN_MAX];
    uint8_t mn_len;
    bool known;    /* the register has a row: `row` */
    bool approved; /* taken as an approved device, not by --accept-any */
    bool counted;  /* stands on the list of devices with counts to tell */
    qk_device row;
    uint64_t row_version; /* of the register when the row was copied, plus 1; 0 = never */
    char next_pw[28];     /* password under change (CN 1072), valid beside row.pw */
    char st[4], pw[28];   /* as last sent, to speak to it */
    qk_hj212_version version;
    qk_window window;
    qk_skew skew;
    qk_time skew_sampled;
    qk_bind *newest;
    uint32_t counts[3]; /* by qk_seen, since last told to the live table */
    qk_time counted_at;
    qk_gate_device *next_counted;
    qk_time newest_qn;
    int64_t said_ms[QK_GATE_EVENTS]; /* monotonic; 0 = never */
    int64_t seen_ms;                 /* monotonic time of the last frame */
    void *tasks;                     /* gateway/tasks.h: requests that wait or run; NULL = none */
};

typedef struct qk_gate_devices {
    qk_map *by_mn; /* MN -> pointer */
    size_t ceiling;
} qk_gate_devices;

QK_NODISCARD qk_code qk_gate_devices_init(qk_gate_devices *d, size_t ceiling);
void qk_gate_devices_clear(qk_gate_devices *d);
qk_gate_device *qk_gate_devices_find(const qk_gate_devices *d, qk_str mn); /* NULL = none */
/* Finds or makes; NULL at the ceiling, without memory, or when mn is empty or too long. */
qk_gate_device *qk_gate_devices_get(qk_gate_devices *d, qk_str mn);
size_t qk_gate_devices_count(const qk_gate_devices *d);
/* Walks all; start with *cursor = 0; NULL at the end. No device may be made meanwhile. */
qk_gate_device *qk_gate_devices_each(const qk_gate_devices *d, size_t *cursor);
/* Forgets devices that are not approved, have no connection, no task and no counts to tell, and
 * were silent since before_ms. Returns how many. */
size_t qk_gate_devices_forget(qk_gate_devices *d, int64_t before_ms);

/* Puts the bind at the head of its device's list / takes it off. */
void qk_bind_attach(qk_bind *bind, qk_session *session, qk_gate_device *device);
void qk_bind_detach(qk_bind *bind);
#endif
