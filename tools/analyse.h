/* SPDX-License-Identifier: Apache-2.0 */
/* What tools/analyse lets clang-tidy read before each file. The analyser sees one file at a time and
 * would follow paths on which a failure is told and QK_OK comes back; there are none. */
#include "base/error.h"

static inline qk_code qk_analyse_failed(qk_code code)
{
    if (code == QK_OK) __builtin_unreachable();
    return code;
}
#define qk_fail(...)       qk_analyse_failed((qk_fail)(__VA_ARGS__))
#define qk_fail_errno(...) qk_analyse_failed((qk_fail_errno)(__VA_ARGS__))
