/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/air_target.h"

qk_code air_target_write(air *a, const char *plan, int32_t asof, FILE *file, qk_error *err)
{
    (void)a;
    (void)asof;
    (void)file;
    return qk_fail(err, QK_EUNSUPPORTED, "%s", plan);
}
