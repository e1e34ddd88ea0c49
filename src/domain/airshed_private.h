/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_AIRSHED_PRIVATE_H
#define QK_DOMAIN_AIRSHED_PRIVATE_H
/* Between the files of the airshed. */
#include "domain/airshed.h"

/* Marks, by day of the year, the tenth of the period's days with the highest PM2.5 over the county;
 * none where fewer than ten days are known. */
QK_NODISCARD qk_code qk_airshed_heavy_days(uint8_t heavy[367], const qk_airshed_state *found,
                                           qk_db *db, const qk_registry *registry, qk_arena *arena,
                                           qk_error *err);
#endif
