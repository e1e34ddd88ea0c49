/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_DEMO_PLAN_H
#define QK_CLI_DEMO_PLAN_H
/* The demo county's plan of 2025: uploaded on 20 April, reviewed on the 21st with its planted
 * defects settled, issued on the 22nd, signed for by most, filed by most. The same every time. */
#include "cli/demo_past.h"

QK_NODISCARD qk_code qk_demo_plan_load(const qk_demo_past *past, qk_error *err);
#endif
