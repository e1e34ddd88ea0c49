/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_AIR_TARGET_H
#define QK_CLI_AIR_TARGET_H
/* What is left of a plan's targets. */
#include "cli/air.h"

/* For each target of the plan's JSON: what has been reached by the end of the day `asof`, what may
 * still be used up, the projection with its interval. JSON to file. */
QK_NODISCARD qk_code air_target_write(air *a, const char *plan, int32_t asof, FILE *file,
                                      qk_error *err);
#endif
