/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/seen.h"

static void read_items(qk_control_seen *seen, const qk_hj212_frame *frame)
{
    qk_hj212_packet packet;
    qk_hj212_items items;
    qk_hj212_item item;
    qk_hj212_number n;
    qk_hj212_parse(&packet, frame);
    qk_hj212_items_init(&items, &packet);
    while (qk_hj212_items_next(&items, &item)) {
        bool code = item.field == QK_HJ212_F_QNRTN || item.field == QK_HJ212_F_EXERTN;
        if (item.field == QK_HJ212_F_QN)
            seen->qn = (qk_str){item.value.ptr, item.value.len};
        else if (code && qk_hj212_number_parse(&n, item.value) && n.scale == 0 && n.mantissa >= 0 &&
                 n.mantissa < 1000)
            seen->rtn = (int32_t)n.mantissa;
    }
}

void qk_seen_read(qk_control_seen *seen, const qk_hj212_frame *frame, const qk_hj212_head *head)
{
    qk_hj212_time t;
    *seen = (qk_control_seen){.command = head->command,
                              .qn = {head->qn.ptr, head->qn.len},
                              .cp = {head->cp.ptr, head->cp.len},
                              .data_time = QK_TIME_NONE};
    if (head->data_time.ptr && qk_hj212_time_parse(&t, head->data_time))
        seen->data_time = qk_hj212_time_utc_ms(&t);
    if (head->command >= 9011 && head->command <= 9014) read_items(seen, frame);
}
