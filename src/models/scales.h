/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_SCALES_H
#define QK_MODELS_SCALES_H
/* What of a series comes and goes within hours, and what stays for a day or longer: successive
 * moving averages from below (Watson and Chow 2001, J. Air Waste Manage. Assoc. 51, 1522), by which
 * the near and the far part of a contribution at one station are told apart.
 *
 * The quick part is what a plume from nearby does and air from afar does not; but a plain of even
 * emission in still air is slow as well, and a front may bring far air within an hour. One station
 * alone cannot know which. The range therefore spans three windows (12, 24 and 48 h) and a
 * bootstrap of whole days (5 to 95 %); it does not hold the error of the idea itself. Pure. */
#include "base/error.h"
#include "base/time.h"

enum { QK_SCALES_SERIES_MAX = 64, QK_SCALES_DAYS_LEAST = 7 };

typedef struct qk_scale_share {
    double quick, low, high; /* share of the sum; NaN where the sum is not above 0 */
} qk_scale_share;

/* value [samples][series], NaN or below 0 counts as 0; weight [series] of each in the sum; out
 * [series + 1], the last of all together. QK_EFORMAT when the times do not rise, or for the most
 * part stand more than two hours apart; QK_ERANGE for fewer than QK_SCALES_DAYS_LEAST days;
 * QK_EINVAL, QK_ENOMEM. */
QK_NODISCARD qk_code qk_scales_split(qk_scale_share *out, const qk_time *time, const double *value,
                                     const double *weight, size_t samples, size_t series,
                                     uint64_t seed, qk_error *err);
#endif
