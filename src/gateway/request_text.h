/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_REQUEST_TEXT_H
#define QK_GATEWAY_REQUEST_TEXT_H
/* A request to a device as people and programs see it: its row, and one sentence that says how far
 * it is or why it ended, with the codes the device answered (9011 QnRtn, 9012 ExeRtn: HJ 212-2017
 * tables C.3 and C.4). Passwords are never shown. Pure. */
#include "base/json.h"
#include "base/messages.h"
#include "gateway/gateway.h"

/* Members of the row as the API and the feed show them, with "reason", "zh" and "en". */
void qk_request_json(qk_json_writer *w, const qk_request *request);
/* "完成，收到 60 条记录", "refused: PW wrong (9011, QnRtn=3)" */
void qk_request_put_text(qk_buf *out, const qk_request *request, qk_lang lang);
/* "NewPW=******": the values of PW and NewPW masked; out holds 256 bytes. */
void qk_request_mask(char out[256], const char *params);
#endif
