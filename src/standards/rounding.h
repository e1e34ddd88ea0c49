/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_ROUNDING_H
#define QK_STANDARDS_ROUNDING_H
/* GB/T 8170-2008 on a number of any length, as text: half to even, once, from the digits as they
 * stand ("15.4546" to 0 decimals is 15). */
#include "base/memory.h"

enum { QK_ROUND_DIGITS_MAX = 1000, QK_ROUND_DECIMALS_MAX = 100 };

/* Appends the rounded number; zero has no sign; decimals below 0 round to tens, hundreds…
 * QK_EFORMAT when text is no decimal number, QK_ERANGE beyond 1,000 digits or 100 decimals. */
QK_NODISCARD qk_code qk_round_text(qk_buf *out, qk_str text, int32_t decimals);
#endif
