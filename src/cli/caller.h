/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_CALLER_H
#define QK_CLI_CALLER_H
/* Commands while a server holds their data folder: they ask it through its API, at the address that
 * stands in DIR/http.address and with a key of the folder, so that whoever may read the folder may
 * do with a server what he may do without one. */
#include "base/memory.h"

typedef struct qk_call {
    const char *dir;  /* the data folder */
    const char *http; /* ADDR:PORT; NULL = as DIR/http.address says */
    const char *key;  /* name of the key file, as "operator.key" */
} qk_call;

/* True while a server holds the folder. */
bool qk_caller_held(const char *dir);
/* method and path as "PUT", "/accounts/li". body {NULL,0} = none. *answer gets what came, *status
 * the HTTP status; QK_OK for any answer, QK_EIO when none came, QK_EDENIED without the key. */
QK_NODISCARD qk_code qk_caller_ask(qk_buf *answer, long *status, const qk_call *call,
                                   const char *method, const char *path, const char *type,
                                   qk_str body, qk_error *err);
/* A refusal of the server as an error: message_en, message_zh. */
QK_NODISCARD qk_code qk_caller_refused(long status, qk_str answer, qk_error *err);
#endif
