/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_HJ212_JSON_H
#define QK_CLI_HJ212_JSON_H
/* HJ 212 frames as JSON objects (the form of `qingkong hj212`) and back.
 *
 * Going back, names in "deviations" that speak of form alone (order of the head, layout of the data
 * area, line end, letters of the CRC) are honoured, so that a frame comes back byte for byte. Two
 * of them carry what is needed behind a colon: head_order:ST,CN,QN,PW,MN     the names as they
 * stood cp_layout:.;.,5;.             the data area's separators; '.' is the next value in the
 * order of the JSON text, a number its place in it (first 0). Also behind empty_item or
 * trailing_separator when cp_layout is not there. One thread at a time. */
#include "base/json.h"
#include "hj212/hj212.h"

typedef struct qk_hj212_json qk_hj212_json; /* working memory for one frame at a time */

typedef struct qk_hj212_json_options {
    qk_hj212_crc_policy crc;
    const qk_hj212_sm4 *sm4; /* opens and seals the data area; not NULL */
    bool conform;            /* encode: to the letter, whatever "deviations" says */
} qk_hj212_json_options;

QK_NODISCARD qk_code qk_hj212_json_new(qk_hj212_json **out, const qk_hj212_json_options *options,
                                       qk_error *err);
void qk_hj212_json_free(qk_hj212_json *j);

/* One object; true when the frame is usable. Failure of memory shows in w's buffer. */
bool qk_hj212_json_decode(qk_hj212_json *j, qk_json_writer *w, const qk_hj212_frame *frame);
/* Appends the frame that the object describes. QK_EFORMAT with the reason and, for broken JSON,
 * line and column; QK_ERANGE when it is too long. */
QK_NODISCARD qk_code qk_hj212_json_encode(qk_hj212_json *j, qk_buf *out, qk_str object,
                                          qk_error *err);
#endif
