/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_SKILL_H
#define QK_STANDARDS_SKILL_H
/* Forecast skill by the working definitions: the observed AQI inside the forecast range, its grade
 * among the grades that the range touches. Pure, any thread. */
#include "standards/aqi.h"

typedef struct qk_forecast_hit {
    uint32_t grades; /* bit 1 << grade, 1..6 */
    int32_t observed_grade;
    bool range_hit; /* low <= observed <= high */
    bool grade_hit;
} qk_forecast_hit;
/* AQI values >= 0 and low <= high; QK_EINVAL otherwise. */
QK_NODISCARD qk_code qk_forecast_hit_of(qk_forecast_hit *out, int32_t low, int32_t high,
                                        int32_t observed);
#endif
