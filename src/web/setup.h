/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_SETUP_H
#define QK_WEB_SETUP_H
/* The first account instead of a default password, and the ends of sessions told onward. */
#include "web/context.h"
#include "web/exchange.h"

/* Before the first account: makes DIR/setup.code (0600) with a one-time code, or reads it; after
 * it: removes the file. */
QK_NODISCARD qk_code qk_setup_open(qk_context *context, qk_error *err);
/* The code was used. */
void qk_setup_done(qk_context *context);

/* The keeper's: cuts the live feed of ended sessions and writes the ends into the store. */
void qk_sessions_tell(qk_context *context);
#endif
