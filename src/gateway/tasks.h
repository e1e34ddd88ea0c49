/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_TASKS_H
#define QK_GATEWAY_TASKS_H
/* Requests that wait for or run on their devices: a short queue for each device in front of
 * gateway/control.h, kept in step with the rows in SQLite.
 *
 * People's requests go before the system's own. A row is saved at each change of state, counts of
 * received rows once a second; what the store cannot take now is saved later. All of this runs on
 * the loop's thread. */
#include "gateway/private.h"
#include "gateway/request_store.h"

/* Loads the unfinished requests; before the loop runs. */
QK_NODISCARD qk_code qk_tasks_open(qk_gateway *g, qk_error *err);
void qk_tasks_free(qk_tasks_all *tasks);
/* A request of the system's own ("auto"): becomes a row, then a task. Nothing happens when the same
 * is waiting already. */
void qk_tasks_order(qk_gateway *g, qk_gate_device *device, int32_t cn, const char *params);
void qk_tasks_order_range(qk_gateway *g, qk_gate_device *device, int32_t cn, qk_range range);
/* True when the device has an unfinished request of this CN. */
bool qk_tasks_has(const qk_gate_device *device, int32_t cn);
/* True while the device is left alone after a history request of ours failed. */
bool qk_tasks_rests(const qk_gate_device *device, qk_time now);
/* The device came to a connection or lost its last one. */
void qk_tasks_link(qk_gateway *g, qk_gate_device *device, bool online);
void qk_tasks_took(qk_gateway *g, qk_session *session, qk_gate_device *device,
                   const qk_hj212_frame *frame, const qk_hj212_head *head);
bool qk_tasks_asked(const qk_gate_device *device, const qk_hj212_frame *frame,
                    const qk_hj212_head *head);
/* An upper platform's request is passed on in its turn; answers under its QN go back by
 * qk_forward_return(link). False when the device cannot be asked. */
bool qk_tasks_relay(qk_gateway *g, qk_gate_device *device, const char *upper, uint64_t link,
                    int32_t cn, qk_str qn, qk_str cp);
void qk_tasks_tick(qk_gateway *g);
/* The server ends: running requests go back to waiting. */
void qk_tasks_stop(qk_gateway *g);
#endif
