/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_REBUILD_H
#define QK_DOMAIN_REBUILD_H
/* At start: fills the live table with each stream's last rows. Damaged blocks are passed over. */
#include "domain/live.h"

QK_NODISCARD qk_code qk_rebuild_live(qk_live *live, qk_telemetry *telemetry,
                                     const qk_registry *registry, const char *db_path,
                                     qk_error *err);
#endif
