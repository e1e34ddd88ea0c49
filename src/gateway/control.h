/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_CONTROL_H
#define QK_GATEWAY_CONTROL_H
/* Reverse control of one device: one request at a time, from its sending to its end (HJ 212-2017
 * section 6.4 and annex C; HJ/T 212-2005 section 5.4).
 *
 *   waiting --send--> sent --9011 QnRtn=1--> accepted --data--> receiving --9012--> done
 *      ^                | no 9011 within OverTime: sent again, ReCount times, then timeout
 *      |                | 9011 QnRtn other: refused        no 9012 within OverTime after the last
 *      +--line lost-----+                                  frame: timeout, not sent again
 *
 * A history request runs through these for each of its chunks (gateway/ranges.h), each with a QN of
 * its own. ExeRtn=100 says that the device has no data for the chunk: it counts as done, and the
 * range is reported so that nobody asks for it again by himself. A chunk whose rows came but whose
 * 9012 did not counts as done too: many devices leave 9012 out.
 *
 * Pure: times come in, what is to be sent and saved comes out in a step. */
#include "gateway/gateway.h"
#include "gateway/ranges.h"

typedef enum qk_control_phase {
    QK_CONTROL_IDLE,
    QK_CONTROL_ASKED,
    QK_CONTROL_RUNNING
} qk_control_phase;

typedef struct qk_control {
    qk_request request;
    qk_control_phase phase;
    char qn[18];     /* of the exchange under way */
    qk_time last_qn; /* QNs of one device never repeat */
    qk_range chunk;
    int64_t deadline_ms; /* monotonic */
    int32_t resends;     /* left */
    int32_t losses;      /* connections lost under this request */
    int32_t empty;       /* chunks answered with "no data" */
    int64_t chunk_rows;
    bool relayed; /* an upper platform asks: its QN, no chunks, no row of ours */
} qk_control;

enum { QK_CONTROL_CP = 384, QK_CONTROL_LOSSES_MAX = 10 };

typedef struct qk_control_step {
    bool send;    /* send CN request.cn with QN control->qn and this CP */
    bool changed; /* the request's row changed in a way worth saving at once */
    bool counted; /* rows came: worth saving some time */
    bool ended;   /* the state is final; the control is idle again */
    bool no_data; /* the device has nothing for `range` */
    qk_range range;
    size_t cp_len;
    char cp[QK_CONTROL_CP];
} qk_control_step;

/* What may be asked of a device, and how. */
typedef enum qk_control_kind {
    QK_CONTROL_NONE,   /* no such request */
    QK_CONTROL_ASK,    /* 9011, data with the request's QN, 9012 */
    QK_CONTROL_NOTICE, /* answered with 9013 */
    QK_CONTROL_HISTORY /* takes a range; data with their own QNs */
} qk_control_kind;
/* 2011 and 2021 are history when a range is given, else they start sending. */
qk_control_kind qk_control_kind_of(int32_t cn, bool ranged);
/* Checks a request of a person or a program: CN known, parameters of printable ASCII or UTF-8
 * without
 * '&' '#' and control bytes, a range where it is needed. Fills chunks_total. QK_EINVAL, QK_ERANGE.
 */
QK_NODISCARD qk_code qk_control_check(qk_request *request, qk_error *err);
bool qk_control_is_final(const char *state);

/* Starts a request from its first chunk not done. The control must be idle. qn NULL = make one;
 * else it is that of an upper platform whose request is passed on as it is. */
void qk_control_begin(qk_control *c, qk_control_step *step, const qk_request *request,
                      const char *qn, const qk_device *device, qk_time now, int64_t now_ms);

/* A frame of the device, as far as it matters here. */
typedef struct qk_control_seen {
    int32_t command;
    qk_str qn;         /* 9011 9012 9013: of the request, wherever it stands; may be absent */
    int32_t rtn;       /* QnRtn or ExeRtn; 0 = none */
    qk_time data_time; /* QK_TIME_NONE = none */
    qk_str cp;         /* kept as the result of a request that asks for a value */
} qk_control_seen;
/* True when the frame is data asked for by the request under way (QK_JOURNAL_BACKFILL). */
bool qk_control_wants(const qk_control *c, const qk_control_seen *seen);
void qk_control_take(qk_control *c, qk_control_step *step, const qk_control_seen *seen,
                     const qk_device *device, qk_time now, int64_t now_ms);
/* Time passes: sends again or gives up. */
void qk_control_tick(qk_control *c, qk_control_step *step, const qk_device *device, qk_time now,
                     int64_t now_ms);
/* The device's last connection is gone: the request waits again, or failed after ten losses. */
void qk_control_lost(qk_control *c, qk_control_step *step, qk_time now);
void qk_control_cancel(qk_control *c, qk_control_step *step, qk_time now);
#endif
