/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_DEMO_AIRSHED_H
#define QK_CLI_DEMO_AIRSHED_H
/* The demo county's sources in their ledger, a year of weather to last_day, and a dispersion case
 * of both. For a county that has none yet. */
#include "domain/node.h"
#include "sim/county.h"

QK_NODISCARD qk_code qk_demo_airshed_load(qk_node *node, const qk_sim_county *county,
                                          int32_t last_day, qk_error *err);
#endif
