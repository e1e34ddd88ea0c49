/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_BASE_MESSAGES_H
#define QK_BASE_MESSAGES_H
/* The message table: each text that a person may read stands here once, in Chinese and English,
 * under a stable code ("hj212.deviation.crc_modbus", "event.history_changed", "api.not_found").
 * Program, API and page share it (GET /api/v1/messages). A text may hold parameters "{name}".
 *
 * Rows live in base/messages.inc, in byte order of their codes. Constant data; any thread. */
#include "base/memory.h"

typedef enum qk_lang { QK_ZH, QK_EN } qk_lang;

typedef struct qk_message_row {
    const char *code;
    const char *text[2]; /* by qk_lang */
} qk_message_row;

/* NULL when there is no such code. */
const char *qk_message(const char *code, qk_lang lang);
const qk_message_row *qk_messages(size_t *count);

typedef struct qk_message_param {
    const char *name;
    qk_str value;
} qk_message_param;
/* Appends the text with its parameters put in; a parameter that is not given stays as "{name}", an
 * unknown code is printed itself. */
void qk_message_put(qk_buf *out, const char *code, qk_lang lang, const qk_message_param *params,
                    size_t n);
#endif
