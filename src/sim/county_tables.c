/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/county_tables.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define WEATHER                                                                                     \
    {"a01001", "气温", "air temperature", "℃", "", QK_SIM_TEMPERATURE, 0, 1, -40, 60, 0, 0, 0},     \
        {"a01002", "相对湿度", "relative humidity", "%", "", QK_SIM_HUMIDITY, 0, 0, 0, 100, 0,      \
         0,        0},                                                                              \
        {"a01006", "气压", "air pressure", "kPa", "", QK_SIM_PRESSURE, 101.3, 2, 80, 110, 0, 0, 0}, \
        {"a01007", "风速", "wind speed", "m/s", "", QK_SIM_WIND_SPEED, 0, 1, 0, 60, 0, 0, 0},       \
    {                                                                                               \
        "a01008", "风向", "wind from", "°", "", QK_SIM_WIND_DIRECTION, 0, 0, 0, 360, 0, 0, 0        \
    }

static const qk_sim_factor air_factors[] = {
    {"a34004", "PM2.5", "PM2.5", "μg/m3", "PM2.5", QK_SIM_PM25, 0, 0, 0, 1000, 0, 0, 0},
    {"a34002", "PM10", "PM10", "μg/m3", "PM10", QK_SIM_PM10, 0, 0, 0, 2000, 0, 0, 0},
    {"a21026", "二氧化硫", "SO2", "μg/m3", "SO2", QK_SIM_SO2, 0, 0, 0, 1500, 0, 0, 0},
    {"a21004", "二氧化氮", "NO2", "μg/m3", "NO2", QK_SIM_NO2, 0, 0, 0, 1000, 0, 0, 0},
    {"a21005", "一氧化碳", "CO", "mg/m3", "CO", QK_SIM_CO, 0, 2, 0, 60, 0, 0, 0},
    {"a05024", "臭氧", "O3", "μg/m3", "O3", QK_SIM_O3, 0, 0, 0, 1000, 0, 0, 0},
    WEATHER,
};
static const qk_sim_factor micro_factors[] = {
    {"a34004", "PM2.5", "PM2.5", "μg/m3", "PM2.5", QK_SIM_PM25, 0, 0, 0, 1000, 0, 0, 0},
    {"a34002", "PM10", "PM10", "μg/m3", "PM10", QK_SIM_PM10, 0, 0, 0, 2000, 0, 0, 0},
    {"a01001", "气温", "air temperature", "℃", "", QK_SIM_TEMPERATURE, 0, 1, -40, 60, 0, 0, 0},
    {"a01002", "相对湿度", "relative humidity", "%", "", QK_SIM_HUMIDITY, 0, 0, 0, 100, 0, 0, 0},
};
static const qk_sim_factor road_factors[] = {
    {"a34002", "PM10", "PM10", "μg/m3", "PM10", QK_SIM_PM10, 0, 0, 0, 2000, 0, 0, 0},
    {"a34004", "PM2.5", "PM2.5", "μg/m3", "PM2.5", QK_SIM_PM25, 0, 0, 0, 1000, 0, 0, 0},
    {"a21004", "二氧化氮", "NO2", "μg/m3", "NO2", QK_SIM_NO2, 0, 0, 0, 1000, 0, 0, 0},
    WEATHER,
};
#define STACK                                                                                       \
    {"a19001", "氧含量", "oxygen", "%", "", QK_SIM_OXYGEN, 9.5, 2, 0, 25, 0, 0, 0},                 \
        {"a01011", "烟气流速", "gas velocity", "m/s", "", QK_SIM_STEADY, 11.5, 2, 0, 40, 0, 0, 0},  \
        {"a01012", "烟气温度", "gas temperature", "℃", "", QK_SIM_STEADY, 118, 1, 0, 300, 0, 0, 0}, \
        {"a01013", "烟气压力", "gas pressure", "kPa", "", QK_SIM_STEADY, -0.21, 3, -5, 5, 0, 0, 0}, \
        {"a01014", "烟气湿度", "gas humidity", "%", "", QK_SIM_STEADY, 8.1, 2, 0, 40, 0, 0, 0},     \
    {                                                                                               \
        "a00000", "烟气流量", "gas flow", "m3/s", "", QK_SIM_STEADY, 24, 3, 0, 400, 0, 0, 1         \
    }
static const qk_sim_factor stack_factors[] = {
    {"a34013", "颗粒物", "particulates", "mg/m3", "", QK_SIM_STEADY, 4.6, 2, 0, 100, 10, 1, 1},
    {"a21002", "氮氧化物", "NOx", "mg/m3", "", QK_SIM_STEADY, 34, 2, 0, 300, 50, 1, 1},
    {"a21026", "二氧化硫", "SO2", "mg/m3", "", QK_SIM_STEADY, 14, 2, 0, 300, 35, 1, 1},
    STACK,
};
static const qk_sim_factor voc_factors[] = {
    {"a24088", "非甲烷总烃", "NMHC", "mg/m3", "", QK_SIM_STEADY, 19, 3, 0, 500, 60, 0, 1},
    {"a05002", "甲烷", "methane", "mg/m3", "", QK_SIM_STEADY, 1.6, 3, 0, 100, 0, 0, 0},
    {"a01011", "烟气流速", "gas velocity", "m/s", "", QK_SIM_STEADY, 8.2, 2, 0, 40, 0, 0, 0},
    {"a01012", "烟气温度", "gas temperature", "℃", "", QK_SIM_STEADY, 31, 1, 0, 300, 0, 0, 0},
    {"a00000", "烟气流量", "gas flow", "m3/s", "", QK_SIM_STEADY, 6.5, 3, 0, 400, 0, 0, 1},
};
static const qk_sim_factor power_factors[] = {
    {"d20101", "生产线功率", "production line power", "kW", "", QK_SIM_POWER, 180, 1, 0, 5000, 0, 0,
     0},
    {"d30101", "治理设施功率", "treatment power", "kW", "", QK_SIM_POWER, 37, 1, 0, 1000, 0, 0, 0},
};
static const qk_sim_factor dust_factors[] = {
    {"a34002", "PM10", "PM10", "μg/m3", "PM10", QK_SIM_SITE_DUST, 1, 0, 0, 2000, 250, 0, 0},
    {"a34004", "PM2.5", "PM2.5", "μg/m3", "PM2.5", QK_SIM_SITE_DUST, 0.42, 0, 0, 1000, 0, 0, 0},
    {"a34001", "总悬浮颗粒物", "TSP", "μg/m3", "", QK_SIM_SITE_DUST, 1.7, 0, 0, 5000, 0, 0, 0},
    {"LA", "噪声", "sound level", "dB", "", QK_SIM_SOUND, 0, 1, 0, 140, 0, 0, 0},
    WEATHER,
};
#define SPECIES(number, code, zh, en, item)                                         \
    {                                                                               \
        code, zh, en, "μg/m3", item, QK_SIM_SPECIES_OF, number, 4, 0, 1000, 0, 0, 0 \
    }
static const qk_sim_factor component_factors[] = {
    SPECIES(0, "zSO4", "硫酸根", "sulphate", "SO42-"),
    SPECIES(1, "zNO3", "硝酸根", "nitrate", "NO3-"),
    SPECIES(2, "zNH4", "铵", "ammonium", "NH4+"),
    SPECIES(3, "zCl", "氯离子", "chloride", "Cl-"),
    SPECIES(4, "zK", "钾离子", "potassium", "K+"),
    SPECIES(5, "zNa", "钠离子", "sodium", "Na+"),
    SPECIES(6, "zCa", "钙离子", "calcium", "Ca2+"),
    SPECIES(7, "zMg", "镁离子", "magnesium", "Mg2+"),
    SPECIES(8, "zOC", "有机碳", "organic carbon", "OC"),
    SPECIES(9, "zEC", "元素碳", "elemental carbon", "EC"),
    SPECIES(10, "zFe", "铁", "iron", "Fe"),
    SPECIES(11, "zZn", "锌", "zinc", "Zn"),
    SPECIES(12, "zPb", "铅", "lead", "Pb"),
    SPECIES(13, "zCu", "铜", "copper", "Cu"),
    SPECIES(14, "zSi", "硅", "silicon", "Si"),
    {"a34004", "PM2.5", "PM2.5", "μg/m3", "PM2.5", QK_SIM_SPECIES_OF, 15, 1, 0, 1000, 0, 0, 0},
    {"a01007", "风速", "wind speed", "m/s", "", QK_SIM_WIND_SPEED, 0, 1, 0, 60, 0, 0, 0},
    {"a01008", "风向", "wind from", "°", "", QK_SIM_WIND_DIRECTION, 0, 0, 0, 360, 0, 0, 0},
};
static const qk_sim_factor kitchen_factors[] = {
    {"a34041", "油烟", "cooking fume", "mg/m3", "", QK_SIM_FUME, 0.75, 2, 0, 20, 1, 0, 0},
    {"ga0701", "风机运行", "fan running", "0/1", "", QK_SIM_FAN, 1, 0, 0, 1, 0, 0, 0},
    {"ga2101", "净化器运行", "purifier running", "0/1", "", QK_SIM_FAN, 2, 0, 0, 1, 0, 0, 0},
};
static const qk_sim_factor pump_factors[] = {
    {"v10101", "1号枪气液比", "A/L ratio, nozzle 1", "", "", QK_SIM_RATIO, 1.08, 2, 0, 3, 1.2, 0,
     0},
    {"v10102", "2号枪气液比", "A/L ratio, nozzle 2", "", "", QK_SIM_RATIO, 1.11, 2, 0, 3, 1.2, 0,
     0},
    {"v20101", "油气空间压力", "ullage pressure", "Pa", "", QK_SIM_RATIO, 320, 0, -2000, 3000, 0, 0,
     0},
};
static const qk_sim_factor gate_factors[] = {
    {"t10101", "进出车次", "truck passes", "", "", QK_SIM_PASSES, 3, 0, 0, 200, 0, 0, 0},
    {"t10102", "国四及以下车次", "passes of stage IV and below", "", "", QK_SIM_PASSES, 0.4, 0, 0,
     200, 0, 0, 0},
};
static const qk_sim_factor machine_factors[] = {
    {"n10101", "发动机运行", "engine running", "0/1", "", QK_SIM_ENGINE, 1, 0, 0, 1, 0, 0, 0},
    {"n10102", "经度", "longitude", "°", "", QK_SIM_LON, 0, 6, -180, 180, 0, 0, 0},
    {"n10103", "纬度", "latitude", "°", "", QK_SIM_LAT, 0, 6, -90, 90, 0, 0, 0},
};

#define PROFILE(kind, st, dialect, rtd, minute, hours, days, factors)        \
    {                                                                        \
        kind, st, dialect, rtd, minute, hours, days, factors, COUNT(factors) \
    }
const qk_sim_profile qk_sim_profiles[QK_SIM_PROFILES] = {
    [QK_SIM_AIR_NATIONAL] = PROFILE("air_national", "22", 2017, 60, 5, true, true, air_factors),
    [QK_SIM_AIR_PROVINCIAL] = PROFILE("air_provincial", "22", 2017, 60, 5, true, true, air_factors),
    [QK_SIM_AIR_TOWNSHIP] = PROFILE("air_township", "22", 2017, 60, 5, true, true, air_factors),
    [QK_SIM_AIR_MICRO] = PROFILE("air_micro", "22", 2017, 0, 5, true, false, micro_factors),
    [QK_SIM_AIR_ROAD] = PROFILE("air_road", "22", 2017, 0, 1, true, false, road_factors),
    [QK_SIM_OUTLET] = PROFILE("outlet", "31", 2017, 60, 10, true, true, stack_factors),
    [QK_SIM_OUTLET_2005] = PROFILE("outlet", "31", 2005, 60, 10, true, true, stack_factors),
    [QK_SIM_OUTLET_VOC] = PROFILE("outlet", "31", 2025, 60, 10, true, true, voc_factors),
    [QK_SIM_METER] = PROFILE("power", "44", 2025, 60, 0, false, false, power_factors),
    [QK_SIM_DUST] = PROFILE("dust", "39", 2017, 60, 5, true, false, dust_factors),
    [QK_SIM_KITCHEN] = PROFILE("kitchen", "51", 2017, 120, 0, false, false, kitchen_factors),
    [QK_SIM_PUMP] = PROFILE("pump", "27", 2017, 300, 0, false, false, pump_factors),
    [QK_SIM_GATE] = PROFILE("gate", "51", 2017, 300, 0, false, false, gate_factors),
    [QK_SIM_COMPONENT] = PROFILE("air_component", "22", 2017, 0, 0, true, false, component_factors),
    [QK_SIM_MACHINE] = PROFILE("machine", "51", 2017, 120, 0, false, false, machine_factors),
};

const qk_sim_plant qk_sim_plants[QK_SIM_PLANTS] = {
    {"青泽热电有限公司", "Qingze Heat and Power", 12},
    {"泽源水泥有限公司", "Zeyuan Cement", 3},
    {"东河新型建材厂", "Donghe Building Materials", 2},
    {"长青玻璃有限公司", "Changqing Glass", 12},
    {"恒泽铸造有限公司", "Hengze Foundry", 12},
    {"宏远碳素有限公司", "Hongyuan Carbon", 3},
    {"龙泉耐火材料厂", "Longquan Refractories", 8},
    {"瑞丰化工有限公司", "Ruifeng Chemical", 12},
    {"西岭石灰有限公司", "Xiling Lime", 3},
    {"金槐家具有限公司", "Jinhuai Furniture", 9},
    {"明泽包装印刷厂", "Mingze Packaging and Printing", 1},
    {"众和涂装有限公司", "Zhonghe Coating", 12},
    {"柳河砖瓦厂", "Liuhe Brickworks", 6},
    {"石桥陶瓷有限公司", "Shiqiao Ceramics", 7},
    {"华泽制药有限公司", "Huaze Pharmaceuticals", 12},
    {"天润橡胶有限公司", "Tianrun Rubber", 12},
    {"永兴再生铝有限公司", "Yongxing Secondary Aluminium", 12},
    {"北渡机械制造厂", "Beidu Machinery", 5},
    {"南湾塑业有限公司", "Nanwan Plastics", 4},
    {"盛达汽车部件厂", "Shengda Auto Parts", 12},
    {"白沙矿业有限公司", "Baisha Mining", 10},
    {"青阳食品有限公司", "Qingyang Foods", 1},
    {"云台木业有限公司", "Yuntai Timber", 11},
    {"泽北新材料有限公司", "Zebei New Materials", 5},
    {"鑫河钢结构厂", "Xinhe Steel Structures", 2},
    {"祥泰生物质热力公司", "Xiangtai Biomass Heat", 4},
    {"大槐饲料有限公司", "Dahuai Feed", 9},
    {"同力搅拌站", "Tongli Concrete", 2},
    {"顺达沥青拌合站", "Shunda Asphalt", 6},
    {"绿洲垃圾发电公司", "Lüzhou Waste-to-Energy", 4},
    {"兴源焊材厂", "Xingyuan Welding Materials", 8},
    {"佳禾肥业有限公司", "Jiahe Fertiliser", 10},
    {"泰康药包材厂", "Taikang Pharma Packaging", 1},
    {"中泽电子有限公司", "Zhongze Electronics", 12},
    {"宝河铸管有限公司", "Baohe Cast Pipe", 2},
    {"西岭骨料有限公司", "Xiling Aggregates", 3},
    {"开源热力有限公司", "Kaiyuan Heat", 0},
    {"华晟涂料有限公司", "Huasheng Paints", 12},
};

const char *const qk_sim_projects[QK_SIM_PROJECTS][2] = {
    {"滨河花园三期", "Riverside Garden III"},          {"青泽实验学校", "Qingze School"},
    {"人民医院新院区", "People's Hospital, new site"}, {"泽水大道改造", "Zeshui Avenue"},
    {"东河新城一号地", "Donghe New Town, lot 1"},      {"云谷产业园", "Yungu Park"},
    {"安置小区二期", "Resettlement Housing II"},       {"城南污水厂", "South Sewage Works"},
};
const char *const qk_sim_kitchens[QK_SIM_KITCHENS][2] = {
    {"泽园大酒店", "Zeyuan Hotel"},    {"老街饺子馆", "Old Street Dumplings"},
    {"河畔食府", "Riverside Kitchen"}, {"青云火锅", "Qingyun Hotpot"},
    {"同福楼", "Tongfu House"},        {"北门烩面", "North Gate Noodles"},
};
