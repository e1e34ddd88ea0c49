/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_OUTBOX_SEND_H
#define QK_DOMAIN_OUTBOX_SEND_H
/* Delivering one notice: the transports of the outbox. Used by its worker thread only. */
#include "base/memory.h"
#include <stdatomic.h>

typedef struct qk_delivery {
    int64_t id;
    char *kind, *target, *key, *payload, *transport, *address;
    size_t payload_len;
} qk_delivery;
/* Copies the texts; without memory the delivery is not whole. */
void qk_delivery_set(qk_delivery *d, qk_str kind, qk_str target, qk_str key, qk_str payload,
                     qk_str transport, qk_str address);
bool qk_delivery_whole(const qk_delivery *d);
void qk_delivery_clear(qk_delivery *d);

typedef enum qk_send_result { QK_SEND_DONE, QK_SEND_AGAIN, QK_SEND_REFUSED } qk_send_result;
typedef struct qk_outcome_of_send {
    qk_send_result result;
    char receipt[256]; /* what the target said, or why it failed */
} qk_outcome_of_send;

typedef struct qk_sender qk_sender;
/* *stop breaks off a delivery under way. */
QK_NODISCARD qk_code qk_sender_new(qk_sender **out, const char *data_dir, const _Atomic bool *stop,
                                   qk_error *err);
void qk_sender_free(qk_sender *s);
void qk_send(qk_sender *s, const qk_delivery *delivery, qk_outcome_of_send *outcome);
/* A moment, before something is tried again. */
void qk_sender_pause(qk_sender *s);
#endif
