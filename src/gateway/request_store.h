/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_REQUEST_STORE_H
#define QK_GATEWAY_REQUEST_STORE_H
/* Rows of reverse control in SQLite, and ranges of which a device said that it has no data. Writing
 * runs in the store thread, inside its transaction. */
#include "gateway/gateway.h"
#include "gateway/ranges.h"

enum { QK_REQUESTS_OPEN_MAX = 64 }; /* unfinished requests of one device */

/* Inserts the row and gives its id. QK_EFULL when the device has QK_REQUESTS_OPEN_MAX unfinished.
 */
QK_NODISCARD qk_code qk_request_insert(qk_db *db, const qk_request *request, int64_t *id,
                                       qk_error *err);
QK_NODISCARD qk_code qk_request_update(qk_db *db, const qk_request *request, qk_error *err);
/* QK_ENOTFOUND when there is no such row. */
QK_NODISCARD qk_code qk_request_load(qk_db *db, int64_t id, qk_request *out, qk_error *err);
/* Each unfinished row, oldest first; stop by returning anything but QK_OK. */
typedef qk_code qk_request_fn(void *context, const qk_request *request);
QK_NODISCARD qk_code qk_request_each_open(qk_db *db, qk_request_fn *fn, void *context,
                                          qk_error *err);

QK_NODISCARD qk_code qk_no_data_put(qk_db *db, qk_str mn, int32_t cn, qk_range range, qk_time now,
                                    qk_error *err);
/* Ranges of (mn, cn) that touch `range`, by rising start, into out[0..max). */
QK_NODISCARD qk_code qk_no_data_get(qk_db *db, qk_str mn, int32_t cn, qk_range range, qk_range *out,
                                    size_t max, size_t *n, qk_error *err);
#endif
