/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_OPENAPI_H
#define QK_WEB_OPENAPI_H
/* The OpenAPI 3.1 document, written from the table of routes (web/route.h) and the schemas in
 * builtin/schemas.json, so that it cannot say anything the routes do not do. */
#include "base/error.h"

/* The whole document; the caller frees *out. */
QK_NODISCARD qk_code qk_openapi_write(char **out, size_t *len, qk_error *err);
#endif
