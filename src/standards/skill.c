/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/skill.h"

qk_code qk_forecast_hit_of(qk_forecast_hit *out, int32_t low, int32_t high, int32_t observed)
{
    if (low < 0 || high < low || observed < 0) return QK_EINVAL;
    *out = (qk_forecast_hit){0};
    for (int32_t g = qk_aqi_level_of(low); g <= qk_aqi_level_of(high); g++) out->grades |= 1u << g;
    out->observed_grade = qk_aqi_level_of(observed);
    out->range_hit = low <= observed && observed <= high;
    out->grade_hit = (out->grades >> out->observed_grade) & 1;
    return QK_OK;
}
