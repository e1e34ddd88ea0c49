/* SPDX-License-Identifier: Apache-2.0 */
/* The shipped rules and texts of the air quality index, as data. */
#include "standards/aqi_tables.h"
#include "standards/aqi.h"

enum {
    DAY_2013_01_01 = 15706,
    DAY_2026_03_01 = 20513,
    DAILY_SIX = QK_AQI_BIT(QK_SO2_24H) | QK_AQI_BIT(QK_NO2_24H) | QK_AQI_BIT(QK_PM10_24H) |
                QK_AQI_BIT(QK_PM25_24H) | QK_AQI_BIT(QK_CO_24H) | QK_AQI_BIT(QK_O3_8H),
    GAS_HOURS =
        QK_AQI_BIT(QK_SO2_1H) | QK_AQI_BIT(QK_NO2_1H) | QK_AQI_BIT(QK_CO_1H) | QK_AQI_BIT(QK_O3_1H),
    PM_HOURS = QK_AQI_BIT(QK_PM10_1H) | QK_AQI_BIT(QK_PM25_1H),
    PM_DAYS = QK_AQI_BIT(QK_PM10_24H) | QK_AQI_BIT(QK_PM25_24H)
};

/* Columns that both editions share; CO in tenths. */
#define GAS_COLUMNS                                                                               \
    [QK_SO2_24H] = {0, 50, 150, 475, 800, 1600, 2100, 2620},                                      \
    [QK_SO2_1H] = {0, 150, 500, 650, 800}, [QK_NO2_24H] = {0, 40, 80, 180, 280, 565, 750, 940},   \
    [QK_NO2_1H] = {0, 100, 200, 700, 1200, 2340, 3090, 3840}, [QK_CO_24H] = {0,   20,  40,  140,  \
                                                                             240, 360, 480, 600}, \
    [QK_CO_1H] = {0, 50, 100, 350, 600, 900, 1200, 1500}, [QK_O3_1H] = {0,   160, 200,  300,      \
                                                                        400, 800, 1000, 1200},    \
    [QK_O3_8H] = {0, 100, 160, 215, 265, 800}
#define GAS_POINTS                                                                         \
    [QK_SO2_24H] = 8, [QK_SO2_1H] = 5, [QK_NO2_24H] = 8, [QK_NO2_1H] = 8, [QK_CO_24H] = 8, \
    [QK_CO_1H] = 8, [QK_O3_1H] = 8, [QK_O3_8H] = 6, [QK_PM10_24H] = 8, [QK_PM25_24H] = 8
#define GAS_ABOVE                                                                 \
    [QK_SO2_24H] = 500, [QK_NO2_24H] = 500, [QK_NO2_1H] = 500, [QK_CO_24H] = 500, \
    [QK_CO_1H] = 500, [QK_O3_1H] = 500, [QK_PM10_24H] = 500, [QK_PM25_24H] = 500
#define PM10_2026                           \
    {                                       \
        0, 50, 120, 250, 350, 420, 500, 600 \
    }
#define PM25_2026                          \
    {                                      \
        0, 35, 60, 115, 150, 250, 350, 500 \
    }

static const qk_aqi_rule shipped_rules[] = {
    {.name = "HJ633-2012",
     .source = "HJ 633-2012 4.1-4.4, tables 1-2; in force to 2026-02-28",
     .source_zh = "HJ 633-2012 第 4.1 至 4.4 条、表 1、表 2，施行至 2026-02-28",
     .from_day = DAY_2013_01_01,
     .to_day = DAY_2026_03_01 - 1,
     .breakpoint = {GAS_COLUMNS, [QK_PM10_24H] = {0, 50, 150, 250, 350, 420, 500, 600},
                    [QK_PM25_24H] = {0, 35, 75, 115, 150, 250, 350, 500}},
     .points = {GAS_POINTS},
     .above = {GAS_ABOVE, [QK_SO2_1H] = QK_AQI_NA, [QK_O3_8H] = QK_AQI_NA},
     .daily_items = DAILY_SIX | QK_AQI_BIT(QK_O3_1H),
     .hourly_items = GAS_HOURS | PM_DAYS,
     .optional_items = QK_AQI_BIT(QK_O3_1H),
     .missing_blocks = false,
     .names_exceeding = true},
    {.name = "HJ633-2026",
     .source = "HJ 633-2026 4-5, table 1; in force from 2026-03-01",
     .source_zh = "HJ 633-2026 第 4、5 章、表 1，自 2026-03-01 施行",
     .from_day = DAY_2026_03_01,
     .to_day = INT32_MAX,
     .breakpoint = {GAS_COLUMNS, [QK_PM10_24H] = PM10_2026, [QK_PM25_24H] = PM25_2026,
                    [QK_PM10_1H] = PM10_2026, [QK_PM25_1H] = PM25_2026},
     .points = {GAS_POINTS, [QK_PM10_1H] = 8, [QK_PM25_1H] = 8},
     .above =
         {GAS_ABOVE, [QK_SO2_1H] = 200, [QK_O3_8H] = 300, [QK_PM10_1H] = 500, [QK_PM25_1H] = 500},
     .daily_items = DAILY_SIX,
     .hourly_items = GAS_HOURS | PM_HOURS,
     .optional_items = 0,
     .missing_blocks = true,
     .names_exceeding = false},
};

const qk_aqi_rule *qk_aqi_rules(size_t *count)
{
    *count = sizeof shipped_rules / sizeof shipped_rules[0];
    return shipped_rules;
}

const char *const qk_aqi_item_names[QK_AQI_ITEMS] = {"SO2_24h",  "SO2_1h",  "NO2_24h",  "NO2_1h",
                                                     "PM10_24h", "PM10_1h", "PM25_24h", "PM25_1h",
                                                     "CO_24h",   "CO_1h",   "O3_8h",    "O3_1h"};

const uint8_t qk_aqi_item_pollutants[QK_AQI_ITEMS] = {
    QK_SO2, QK_SO2, QK_NO2, QK_NO2, QK_PM10, QK_PM10, QK_PM25, QK_PM25, QK_CO, QK_CO, QK_O3, QK_O3};

/* HJ 633-2012 tables 2 and 3, texts shortened. */
const qk_aqi_level qk_aqi_levels_2012[QK_AQI_LEVELS] = {
    {"一级",
     "优",
     "Excellent",
     "绿",
     "green",
     {0, 228, 0},
     {40, 0, 100, 0},
     "空气质量令人满意，基本无空气污染",
     "各类人群可正常活动"},
    {"二级",
     "良",
     "Good",
     "黄",
     "yellow",
     {255, 255, 0},
     {0, 0, 100, 0},
     "空气质量可接受，某些污染物可能对极少数异常敏感人群健康有较弱影响",
     "极少数异常敏感人群应减少户外活动"},
    {"三级",
     "轻度污染",
     "Lightly polluted",
     "橙",
     "orange",
     {255, 126, 0},
     {0, 52, 100, 0},
     "易感人群症状有轻度加剧，健康人群出现刺激症状",
     "儿童、老年人及心脏病、呼吸系统疾病患者应减少长时间、高强度的户外锻炼"},
    {"四级",
     "中度污染",
     "Moderately polluted",
     "红",
     "red",
     {255, 0, 0},
     {0, 100, 100, 0},
     "进一步加剧易感人群症状，可能对健康人群心脏、呼吸系统有影响",
     "儿童、老年人及心脏病、呼吸系统疾病患者避免长时间、高强度的户外锻炼，一般人群适量减少户外运"
     "动"},
    {"五级",
     "重度污染",
     "Heavily polluted",
     "紫",
     "purple",
     {153, 0, 76},
     {10, 100, 40, 30},
     "心脏病和肺病患者症状显著加剧，运动耐受力降低，健康人群普遍出现症状",
     "儿童、老年人和心脏病、肺病患者应停留在室内，停止户外运动，一般人群减少户外运动"},
    {"六级",
     "严重污染",
     "Severely polluted",
     "褐红",
     "maroon",
     {126, 0, 35},
     {30, 100, 100, 30},
     "健康人群运动耐受力降低，有明显强烈症状，提前出现某些疾病",
     "儿童、老年人和病人应停留在室内，避免体力消耗，一般人群应避免户外活动"},
};

/* HJ 633-2026 names the groups 青少年儿童 and 心血管系统疾病患者. */
const qk_aqi_level qk_aqi_levels_2026[QK_AQI_LEVELS] = {
    {"一级",
     "优",
     "Excellent",
     "绿",
     "green",
     {0, 228, 0},
     {40, 0, 100, 0},
     "空气质量令人满意，基本无空气污染",
     "各类人群可正常活动"},
    {"二级",
     "良",
     "Good",
     "黄",
     "yellow",
     {255, 255, 0},
     {0, 0, 100, 0},
     "空气质量可接受，某些污染物可能对极少数异常敏感人群健康有较弱影响",
     "极少数异常敏感人群应减少户外活动"},
    {"三级",
     "轻度污染",
     "Lightly polluted",
     "橙",
     "orange",
     {255, 126, 0},
     {0, 52, 100, 0},
     "易感人群症状有轻度加剧，健康人群出现刺激症状",
     "青少年儿童、老年人及心血管系统、呼吸系统疾病患者应减少长时间、高强度的户外锻炼"},
    {"四级",
     "中度污染",
     "Moderately polluted",
     "红",
     "red",
     {255, 0, 0},
     {0, 100, 100, 0},
     "进一步加剧易感人群症状，可能对健康人群心血管系统、呼吸系统有影响",
     "青少年儿童、老年人及心血管系统、呼吸系统疾病患者避免长时间、高强度的户外锻炼，"
     "一般人群适量减少户外运动"},
    {"五级",
     "重度污染",
     "Heavily polluted",
     "紫",
     "purple",
     {153, 0, 76},
     {10, 100, 40, 30},
     "心血管系统和呼吸系统疾病患者症状显著加剧，运动耐受力降低，健康人群普遍出现症状",
     "青少年儿童、老年人及心血管系统、呼吸系统疾病患者应停留在室内，停止户外运动，"
     "一般人群减少户外运动"},
    {"六级",
     "严重污染",
     "Severely polluted",
     "褐红",
     "maroon",
     {126, 0, 35},
     {30, 100, 100, 30},
     "健康人群运动耐受力降低，有明显强烈症状，提前出现某些疾病",
     "青少年儿童、老年人和病人应停留在室内，避免体力消耗，一般人群应避免户外活动"},
};
