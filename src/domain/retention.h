/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_RETENTION_H
#define QK_DOMAIN_RETENTION_H
/* How long telemetry is kept, by averaging time. The journal keeps the frames themselves; what is
 * deleted here could be read from there again.
 *
 * Settings "retention.<kind>_days", 0 = for ever. Defaults: real-time values 90 days, states 366
 * days, minutes five years (1,826 days), forecasts three years (1,096 days); hours, days, run
 * times, periodic samples and everything derived for ever. */
#include "store/telemetry.h"

/* Days a kind is kept; 0 = for ever. */
int64_t qk_retention_days(qk_db *db, qk_stream_kind kind);
/* Deletes what is too old at `now`, inside the caller's transaction. A failure must fail that
 * transaction as a whole, for telemetry has then begun to forget. */
QK_NODISCARD qk_code qk_retention_run(qk_db *db, qk_telemetry *telemetry, qk_time now,
                                      qk_error *err);
#endif
