/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/limits.h"

enum { DAY_2013_01_01 = 15706, DAY_2026_03_01 = 20513, DAY_2031_01_01 = 22280 };

#define BOTH(one, two) \
    {                  \
        {(one), 0},    \
        {              \
            (two), 0   \
        }              \
    }

/* What no edition changed. */
#define STEADY                                                                         \
    [QK_LIMIT_CO] = {[QK_AVG_DAY] = BOTH(4, 4), [QK_AVG_1H] = BOTH(10, 10)},           \
    [QK_LIMIT_O3] = {[QK_AVG_8H] = BOTH(100, 160), [QK_AVG_1H] = BOTH(160, 200)},      \
    [QK_LIMIT_TSP] = {[QK_AVG_YEAR] = BOTH(80, 200), [QK_AVG_DAY] = BOTH(120, 300)},   \
    [QK_LIMIT_PB] = {[QK_AVG_YEAR] = {{5, 1}, {5, 1}}, [QK_AVG_QUARTER] = BOTH(1, 1)}, \
    [QK_LIMIT_BAP] = {[QK_AVG_YEAR] = {{1, 3}, {1, 3}}, [QK_AVG_DAY] = {{25, 4}, {25, 4}}}
#define GASES_2012                                                                                 \
    [QK_LIMIT_SO2] = {[QK_AVG_YEAR] = BOTH(20, 60),                                                \
                      [QK_AVG_DAY] = BOTH(50, 150),                                                \
                      [QK_AVG_1H] = BOTH(150, 500)},                                               \
    [QK_LIMIT_NO2] =                                                                               \
        {[QK_AVG_YEAR] = BOTH(40, 40), [QK_AVG_DAY] = BOTH(80, 80), [QK_AVG_1H] = BOTH(200, 200)}, \
    [QK_LIMIT_NOX] = {                                                                             \
        [QK_AVG_YEAR] = BOTH(50, 50), [QK_AVG_DAY] = BOTH(100, 100), [QK_AVG_1H] = BOTH(250, 250)}

static const qk_limits shipped[] = {
    {"GB3095-2012",
     "GB 3095-2012 with the amendment of 2018-09-01, to 2026-02-28",
     "GB 3095-2012 及 2018-09-01 修改单，施行至 2026-02-28",
     DAY_2013_01_01,
     DAY_2026_03_01 - 1,
     {STEADY,
      GASES_2012, [QK_LIMIT_PM10] = {[QK_AVG_YEAR] = BOTH(40, 70), [QK_AVG_DAY] = BOTH(50, 150)},
      [QK_LIMIT_PM25] = {[QK_AVG_YEAR] = BOTH(15, 35), [QK_AVG_DAY] = BOTH(35, 75)}}},
    {"GB3095-2026-transition",
     "GB 3095-2026 table 1, transition limits, 2026-03-01 to 2030-12-31",
     "GB 3095-2026 表 1 过渡阶段限值，2026-03-01 至 2030-12-31",
     DAY_2026_03_01,
     DAY_2031_01_01 - 1,
     {STEADY,
      GASES_2012, [QK_LIMIT_PM10] = {[QK_AVG_YEAR] = BOTH(40, 60), [QK_AVG_DAY] = BOTH(50, 120)},
      [QK_LIMIT_PM25] = {[QK_AVG_YEAR] = BOTH(15, 30), [QK_AVG_DAY] = BOTH(35, 60)}}},
    {"GB3095-2026-final",
     "GB 3095-2026 table 1, final limits, from 2031-01-01",
     "GB 3095-2026 表 1 限值，自 2031-01-01 执行",
     DAY_2031_01_01,
     INT32_MAX,
     {STEADY,
      [QK_LIMIT_SO2] =
          {[QK_AVG_YEAR] = BOTH(20, 20), [QK_AVG_DAY] = BOTH(50, 50), [QK_AVG_1H] = BOTH(150, 150)},
      [QK_LIMIT_NO2] =
          {[QK_AVG_YEAR] = BOTH(30, 30), [QK_AVG_DAY] = BOTH(50, 50), [QK_AVG_1H] = BOTH(200, 200)},
      [QK_LIMIT_NOX] =
          {[QK_AVG_YEAR] = BOTH(40, 40), [QK_AVG_DAY] = BOTH(70, 70), [QK_AVG_1H] = BOTH(250, 250)},
      [QK_LIMIT_PM10] = {[QK_AVG_YEAR] = BOTH(20, 50), [QK_AVG_DAY] = BOTH(50, 100)},
      [QK_LIMIT_PM25] = {[QK_AVG_YEAR] = BOTH(10, 25), [QK_AVG_DAY] = BOTH(25, 50)}}},
};

const qk_limits *qk_limits_all(size_t *count)
{
    *count = sizeof shipped / sizeof shipped[0];
    return shipped;
}

const qk_limits *qk_limits_on(int32_t day)
{
    size_t last = sizeof shipped / sizeof shipped[0] - 1;
    for (size_t i = 0; i < last; i++)
        if (day <= shipped[i].to_day) return &shipped[i];
    return &shipped[last];
}

qk_limit_item qk_limit_item_of(qk_pollutant p)
{
    static const qk_limit_item table[QK_POLLUTANTS] = {QK_LIMIT_SO2,  QK_LIMIT_NO2, QK_LIMIT_PM10,
                                                       QK_LIMIT_PM25, QK_LIMIT_CO,  QK_LIMIT_O3};
    return table[p];
}

qk_dec qk_limit_get(const qk_limits *limits, qk_limit_item item, qk_averaging averaging,
                    int32_t grade)
{
    if (grade < 1 || grade > 2) return (qk_dec){0, 0};
    return limits->limit[item][averaging][grade - 1];
}
