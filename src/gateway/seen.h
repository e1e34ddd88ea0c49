/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_SEEN_H
#define QK_GATEWAY_SEEN_H
/* What reverse control and forwarding want to know of a frame: the QN it answers (in the head, or
 * in CP as HJ/T 212-2005 has it) and its return code. Texts point into the frame. Pure. */
#include "gateway/control.h"
#include "hj212/hj212.h"

void qk_seen_read(qk_control_seen *seen, const qk_hj212_frame *frame, const qk_hj212_head *head);
#endif
