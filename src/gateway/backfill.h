/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_BACKFILL_H
#define QK_GATEWAY_BACKFILL_H
/* Automatic back-fill: every ten minutes of the instance's clock the minutes, hours and days of the
 * last days (setting "gateway.backfill_days", 10; 0 = off) are looked through for each connected,
 * approved device that answers requests, and what is missing is asked for, newest first.
 *
 * A range that was asked for once is not asked for again by itself, whatever came of it; a device
 * whose history request failed is left alone for six hours. The looking runs in libuv's thread pool
 * with readers of its own. */
#include "gateway/private.h"

QK_NODISCARD qk_code qk_backfill_open(qk_gateway *g, qk_error *err);
void qk_backfill_free(qk_gateway *g);
void qk_backfill_tick(qk_gateway *g);
#endif
