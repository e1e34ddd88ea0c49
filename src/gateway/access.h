/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_ACCESS_H
#define QK_GATEWAY_ACCESS_H
/* Who may be heard: one frame against the register. Pure.
 *
 * GB/T 22239-2019 asks that only authorised sensing nodes connect, that forged nodes are filtered
 * and that nothing is taken from a node outside its address; HJ 212 offers MN, PW and the CRC. */
#include "domain/registry.h"
#include "hj212/hj212.h"

typedef enum qk_access {
    QK_ACCESS_TAKE,            /* store and answer */
    QK_ACCESS_TAKE_UNAPPROVED, /* the same, only because of --accept-any */
    QK_ACCESS_PARK,            /* keep in the journal, no answer */
    QK_ACCESS_CRC,             /* the checksum is not one that this device may use */
    QK_ACCESS_DISABLED,
    QK_ACCESS_ADDRESS, /* not from the address the device is bound to */
    QK_ACCESS_PASSWORD
} qk_access;

/* known is the device's row, or NULL when the register has none. address is the peer's IP as text.
 * next_pw (may be NULL) is a password that the device has just been told and may use already. */
qk_access qk_access_judge(const qk_device *known, const qk_hj212_frame *frame,
                          const qk_hj212_head *head, qk_str address, const char *next_pw,
                          bool accept_any);
/* The text that is journalled with a refused frame; NULL for what is not refused. */
const char *qk_access_reason(qk_access access);
/* Which CRC our answers to the device carry. */
qk_hj212_crc_kind qk_access_answer_crc(const qk_device *known, const qk_hj212_frame *frame);
#endif
