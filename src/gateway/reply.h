/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_REPLY_H
#define QK_GATEWAY_REPLY_H
/* Which answer a frame of a device gets, and its bytes. Pure.
 *
 *   data and uploads (2xxx, 1011 1061 1063 3015 3019 3020 …)   9014 when Flag asks for one (A=1)
 *   notices (1013 2072, 2025: 1001 9015)                       9013, unless Flag says A=0
 *   9021 log-in and heartbeat, beside the standards            9022 Logon=1 in the 2005 form (the
 * old Shanghai dialect), else 9013 when A=1 answers (9011 9012 9013 9014) none a request that no
 * device may send, password wrong          9011 QnRtn=3 HJ 212-2017 6.4 and annex C; HJ/T
 * 212-2005 5.4. Each part of a split message is answered alone. */
#include "hj212/hj212.h"

typedef enum qk_reply {
    QK_REPLY_NONE,
    QK_REPLY_9014,
    QK_REPLY_9013,
    QK_REPLY_9022,
    QK_REPLY_9011_PASSWORD
} qk_reply;

qk_reply qk_reply_kind(const qk_hj212_head *head, qk_hj212_version version);
/* The answer to a frame whose password is wrong: 9011 QnRtn=3 for a request, none for data. */
qk_reply qk_reply_to_wrong_password(const qk_hj212_head *head);
/* Bytes written to out, 0 when there is nothing to write or it does not fit. */
size_t qk_reply_write(char *out, size_t size, qk_reply reply, qk_hj212_version version,
                      qk_hj212_crc_kind crc, const qk_hj212_head *head);
#endif
