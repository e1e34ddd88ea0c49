/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_USER_SERVER_H
#define QK_CLI_USER_SERVER_H
/* `qingkong user` while a server holds the folder: the same through its API, with accounts.key. */
#include "base/error.h"

typedef struct qk_user_order {
    const char *verb, *data_dir, *id, *role, *unit, *name, *password; /* NULL = not given */
} qk_user_order;

/* list is printed as the command does itself. QK_EDENIED with the server's words when it refuses;
 * QK_EUNSUPPORTED for what only the page or a stopped server does. */
QK_NODISCARD qk_code qk_user_by_server(const qk_user_order *order, qk_error *err);
#endif
