/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/index.h"

enum { DAY_2026_03_01 = 20513 };

#define WHOLE(n) \
    {            \
        (n), 0   \
    }
#define LIMITS(so2, no2, pm10, pm25, co, o3)                                   \
    {                                                                          \
        [QK_SO2] = WHOLE(so2), [QK_NO2] = WHOLE(no2), [QK_PM10] = WHOLE(pm10), \
        [QK_PM25] = WHOLE(pm25), [QK_CO] = WHOLE(co), [QK_O3] = WHOLE(o3)      \
    }
#define EQUAL_WEIGHTS    \
    {                    \
        1, 1, 1, 1, 1, 1 \
    }

static const qk_index_profile shipped[] = {
    {"HJ663-2013", "HJ 663-2013 practice, limits of GB 3095-2012 grade II; to 2026-02-28",
     "HJ 663-2013 及现行做法，GB 3095-2012 二级限值，用至 2026-02-28", INT32_MIN,
     DAY_2026_03_01 - 1, LIMITS(60, 40, 70, 35, 4, 160), EQUAL_WEIGHTS},
    {"NEW-LIMITS-OLD-WEIGHTS",
     "old formula, GB 3095-2026 transition limits II from 2026-03-01 (not verified as national)",
     "沿用原公式，GB 3095-2026 过渡阶段二级限值，自 2026-03-01（未经国家文件确认）", DAY_2026_03_01,
     INT32_MAX, LIMITS(60, 40, 60, 30, 4, 160), EQUAL_WEIGHTS},
    {"2026-WEIGHTED",
     "weights 3 PM2.5, 2 O3, 2 NO2, transition limits (not verified as national)",
     "权重 PM2.5 为 3、O3 和 NO2 为 2，过渡阶段限值（未经国家文件确认）",
     INT32_MAX,
     INT32_MIN,
     LIMITS(60, 40, 60, 30, 4, 160),
     {[QK_SO2] = 1, [QK_NO2] = 2, [QK_PM10] = 1, [QK_PM25] = 3, [QK_CO] = 1, [QK_O3] = 2}},
    {"FINAL-2031-LIMITS", "old formula, GB 3095-2026 final limits grade II (hypothetical)",
     "沿用原公式，GB 3095-2026 二级限值（假设）", INT32_MAX, INT32_MIN,
     LIMITS(20, 30, 50, 25, 4, 160), EQUAL_WEIGHTS},
};

const qk_index_profile *qk_index_profiles(size_t *count)
{
    *count = sizeof shipped / sizeof shipped[0];
    return shipped;
}

const qk_index_profile *qk_index_profile_named(qk_str name)
{
    for (size_t i = 0; i < sizeof shipped / sizeof shipped[0]; i++)
        if (qk_str_eq(name, qk_str_of(shipped[i].name))) return &shipped[i];
    return NULL;
}

const qk_index_profile *qk_index_profile_on(int32_t day)
{
    return &shipped[day < DAY_2026_03_01 ? 0 : 1];
}

void qk_index_of(qk_index *out, const qk_index_profile *profile,
                 const qk_ratio value[QK_POLLUTANTS])
{
    *out = (qk_index){.total = qk_ratio_int(0), .max = QK_RATIO_NONE};
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        qk_ratio single = qk_ratio_div(value[p], qk_ratio_dec(profile->limit[p]));
        out->single[p] = single;
        out->total =
            qk_ratio_add(out->total, qk_ratio_mul(single, qk_ratio_int(profile->weight[p])));
        if (!qk_ratio_there(single)) continue;
        if (!qk_ratio_there(out->max) || qk_ratio_cmp(single, out->max) > 0) out->max = single;
    }
    if (!qk_ratio_there(out->total) || out->max.num == 0) return;
    for (int p = 0; p < QK_POLLUTANTS; p++)
        if (qk_ratio_cmp(out->single[p], out->max) == 0) out->primary |= 1u << p;
}
