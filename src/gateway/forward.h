/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_FORWARD_H
#define QK_GATEWAY_FORWARD_H
/* Forwarding as the loop sees it; gateway.h has what other threads may do. */
#include "gateway/private.h"

/* Loads the platforms; before the loop runs. */
QK_NODISCARD qk_code qk_forward_open(qk_gateway *g, qk_error *err);
/* After the loop has ended. */
void qk_forward_free(qk_gateway *g);
/* The journal became durable further. */
void qk_forward_wake(qk_gateway *g);
void qk_forward_tick(qk_gateway *g);
/* Closes all links and saves how far each came. */
void qk_forward_stop(qk_gateway *g);
/* A device's answer to a platform's request. */
void qk_forward_return(qk_gateway *g, uint64_t link, const qk_hj212_frame *frame);
#endif
