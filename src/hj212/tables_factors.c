/* SPDX-License-Identifier: Apache-2.0 */
/* Factor codes: HJ 212-2017 annex B (tables B.1 to B.5) with the 2005 codes beside them, and those
 * of HJ 524-2009 or local rules that devices send although the annex lacks them (USE). Only codes
 * whose meaning was confirmed by a text or by packets stand here. */
#include "hj212/tables.h"

enum {
    LATER = QK_HJ212_IN_2017 | QK_HJ212_IN_2025,
    ALL = LATER | QK_HJ212_IN_2005,
    USE = QK_HJ212_IN_USE,
    AIR = QK_HJ212_AIR,
    WATER = QK_HJ212_WATER,
    NOISE = QK_HJ212_NOISE,
    PROCESS = QK_HJ212_PROCESS,
    INFO = QK_HJ212_FIELD_INFO
};

/* code, 2005 code, names, unit as printed, unit in practice where it differs, unit of Cou */
static const qk_hj212_factor factors[] = {
    {"L10", NULL, "累积百分声级 L10", "level exceeded 10 % of the time", "dB", NULL, NULL, NOISE,
     ALL},
    {"L5", NULL, "累积百分声级 L5", "level exceeded 5 % of the time", "dB", NULL, NULL, NOISE, ALL},
    {"L50", NULL, "累积百分声级 L50", "level exceeded 50 % of the time", "dB", NULL, NULL, NOISE,
     ALL},
    {"L90", NULL, "累积百分声级 L90", "level exceeded 90 % of the time", "dB", NULL, NULL, NOISE,
     ALL},
    {"L95", NULL, "累积百分声级 L95", "level exceeded 95 % of the time", "dB", NULL, NULL, NOISE,
     ALL},
    {"LA", NULL, "A 声级", "A-weighted level", "dB", NULL, NULL, NOISE, ALL},
    {"LMn", NULL, "最小瞬时声级", "lowest level", "dB", NULL, NULL, NOISE, ALL},
    {"LMx", NULL, "最大瞬时声级", "highest level", "dB", NULL, NULL, NOISE, ALL},
    {"Ld", NULL, "昼间等效声级", "day level", "dB", NULL, NULL, NOISE, ALL},
    {"Ldn", NULL, "昼夜等效声级", "day-night level", "dB", NULL, NULL, NOISE, ALL},
    {"Leq", NULL, "等效声级", "equivalent level", "dB", NULL, NULL, NOISE, ALL},
    {"Ln", NULL, "夜间等效声级", "night level", "dB", NULL, NULL, NOISE, ALL},
    {"a00000", "B02", "烟气流量", "stack gas flow", "m3/s", NULL, "m3", AIR, ALL},
    {"a01001", NULL, "温度", "temperature", "degC", NULL, NULL, AIR, LATER},
    {"a01002", NULL, "湿度", "humidity", "%", NULL, NULL, AIR, LATER},
    {"a01006", NULL, "气压", "air pressure", "kPa", NULL, NULL, AIR, LATER},
    {"a01007", NULL, "风速", "wind speed", "m/s", NULL, NULL, AIR, LATER},
    {"a01008", NULL, "风向", "wind direction", "degree", NULL, NULL, AIR, LATER},
    {"a01010", "37", "林格曼黑度", "Ringelmann blackness", NULL, NULL, NULL, AIR, ALL},
    {"a01011", "S02", "烟气流速", "stack gas velocity", "m/s", NULL, NULL, AIR, ALL},
    {"a01012", "S03", "烟气温度", "stack gas temperature", "degC", NULL, NULL, AIR, ALL},
    {"a01013", "S08", "烟气压力", "stack gas pressure", "kPa", NULL, NULL, AIR, ALL},
    {"a01014", "S05", "烟气湿度", "stack gas humidity", "%", NULL, NULL, AIR, ALL},
    {"a01015", "S06", "制冷温度", "cooler temperature", "degC", NULL, NULL, AIR, ALL},
    {"a01016", "S07", "烟道截面积", "duct area", "m2", NULL, NULL, AIR, ALL},
    {"a01017", "S04", "烟气动压", "dynamic pressure", "kPa", NULL, NULL, AIR, ALL},
    {"a01901", NULL, "焚烧炉膛温度均值", "incinerator mean temperature", "degC", NULL, NULL, AIR,
     LATER},
    {"a01902", NULL, "焚烧炉膛温度（DCS）", "incinerator temperature (DCS)", "degC", NULL, NULL,
     AIR, LATER},
    {"a05001", "30", "二氧化碳", "carbon dioxide", "mg/m3", NULL, "kg", AIR, ALL},
    {"a05002", NULL, "甲烷", "methane", "ng/m3", "mg/m3", "g", AIR, LATER},
    {"a05024", NULL, "臭氧", "ozone", NULL, "ug/m3", NULL, AIR, USE},
    {"a19001", "S01", "氧气含量", "oxygen", "%", NULL, NULL, AIR, ALL},
    {"a20025", "33", "镉及其化合物", "cadmium and compounds", "mg/m3", NULL, "kg", AIR, ALL},
    {"a20043", "32", "铅及其化合物", "lead and compounds", "mg/m3", NULL, "kg", AIR, ALL},
    {"a20057", "31", "汞及其化合物", "mercury and compounds", "mg/m3", NULL, "kg", AIR, ALL},
    {"a21001", "10", "氨", "ammonia", "ng/m3", "mg/m3", "g", AIR, ALL},
    {"a21002", "03", "氮氧化物", "nitrogen oxides", "mg/m3", NULL, "kg", AIR, ALL},
    {"a21003", NULL, "一氧化氮", "nitric oxide", "mg/m3", NULL, "kg", AIR, LATER},
    {"a21004", NULL, "二氧化氮", "nitrogen dioxide", "mg/m3", NULL, "kg", AIR, LATER},
    {"a21005", "04", "一氧化碳", "carbon monoxide", "mg/m3", NULL, "kg", AIR, ALL},
    {"a21017", "07", "氰化物", "cyanide", "mg/m3", NULL, "kg", AIR, ALL},
    {"a21018", "06", "氟化物", "fluoride", "mg/m3", NULL, "kg", AIR, ALL},
    {"a21022", "11", "氯气", "chlorine", "mg/m3", NULL, "kg", AIR, ALL},
    {"a21024", "08", "氯化氢", "hydrogen chloride", "mg/m3", NULL, "kg", AIR, ALL},
    {"a21026", "02", "二氧化硫", "sulfur dioxide", "mg/m3", NULL, "kg", AIR, ALL},
    {"a21028", "05", "硫化氢", "hydrogen sulfide", "mg/m3", NULL, "kg", AIR, ALL},
    {"a24087", "25", "碳氢化合物", "total hydrocarbons", "mg/m3", NULL, "kg", AIR, ALL},
    {"a24088", NULL, "非甲烷总烃", "non-methane hydrocarbons", "mg/m3", NULL, "kg", AIR, LATER},
    {"a25002", NULL, "苯", "benzene", "mg/m3", NULL, "kg", AIR, LATER},
    {"a25003", "17", "甲苯", "toluene", "mg/m3", NULL, "kg", AIR, ALL},
    {"a25005", "18", "二甲苯", "xylene", "mg/m3", NULL, "kg", AIR, ALL},
    {"a30001", "28", "甲醇", "methanol", "mg/m3", NULL, "kg", AIR, ALL},
    {"a31001", "19", "甲醛", "formaldehyde", "mg/m3", NULL, "kg", AIR, ALL},
    {"a34001", NULL, "总悬浮颗粒物（TSP）", "total suspended particles", "ng/m3", "ug/m3", "g", AIR,
     LATER},
    {"a34002", NULL, "可吸入颗粒物（PM10）", "PM10", "ng/m3", "ug/m3", "g", AIR, LATER},
    {"a34004", NULL, "细颗粒物（PM2.5）", "PM2.5", "ng/m3", "ug/m3", "g", AIR, LATER},
    {"a34005", NULL, "亚微米颗粒物（PM1.0）", "PM1.0", "ng/m3", "ug/m3", "g", AIR, LATER},
    {"a34011", NULL, "降尘", "dust fall", "t/km2/month", NULL, NULL, AIR, LATER},
    {"a34013", "01", "烟尘", "smoke dust", "mg/m3", NULL, "kg", AIR, ALL},
    {"a34038", "09", "沥青烟", "asphalt smoke", "mg/m3", NULL, "kg", AIR, ALL},
    {"a34039", "14", "硫酸雾", "sulfuric acid mist", "mg/m3", NULL, "kg", AIR, ALL},
    {"a34040", "15", "铬酸雾", "chromic acid mist", "mg/m3", NULL, "kg", AIR, ALL},
    {"a34041", NULL, "餐饮油烟", "cooking fume", NULL, "mg/m3", NULL, AIR, USE},
    {"a50001", NULL, "噪声（扬尘站）", "noise (dust stations)", NULL, "dB", NULL, NOISE, USE},
    {"ga0701", NULL, "风机运行", "fan current or state", NULL, NULL, NULL, PROCESS, USE},
    {"ga2101", NULL, "净化器运行", "purifier current or state", NULL, NULL, NULL, PROCESS, USE},
    {"i11001", NULL, "在线监控（监测）仪器仪表日志", "instrument log", NULL, NULL, NULL, INFO,
     LATER},
    {"i12001", NULL,
     "仪器工作状态：0 运行 1 维护 2 故障 3 校准 5 反吹 6 电源故障 7 测量 8 标定 9 待机 10 运维",
     "instrument state: 0 run 1 maintenance 2 fault 3 calibration 5 blow-back 6 power fault 7 "
     "measuring 8 standard 9 standby 10 service",
     NULL, NULL, NULL, INFO, LATER},
    {"i12002", NULL, "与数采仪的通讯状态", "link to the datalogger", NULL, NULL, NULL, INFO, LATER},
    {"i12003", NULL, "仪器报警", "instrument alarm", NULL, NULL, NULL, INFO, LATER},
    {"i13001", NULL, "量程", "range", NULL, NULL, NULL, INFO, LATER},
    {"i13002", NULL, "精度", "precision", NULL, NULL, NULL, INFO, LATER},
    {"i13003", NULL, "测量间隔", "measuring interval", NULL, NULL, NULL, INFO, LATER},
    {"i13004", NULL, "消解温度", "digestion temperature", "degC", NULL, NULL, INFO, LATER},
    {"i13005", NULL, "消解时间", "digestion time", "min", NULL, NULL, INFO, LATER},
    {"i13006", NULL, "校准时间", "calibration time", NULL, NULL, NULL, INFO, LATER},
    {"i13007", NULL, "截距", "intercept", NULL, NULL, NULL, INFO, LATER},
    {"i13008", NULL, "斜率", "slope", NULL, NULL, NULL, INFO, LATER},
    {"i13009", NULL, "测量检出限", "detection limit", NULL, NULL, NULL, INFO, LATER},
    {"i21001", NULL, "数采仪日志", "datalogger log", NULL, NULL, NULL, INFO, LATER},
    {"i22001", NULL, "数采仪工作状态：0 运行 1 停止 2 故障 3 维护",
     "datalogger state: 0 run 1 stop 2 fault 3 maintenance", NULL, NULL, NULL, INFO, LATER},
    {"i22002", NULL, "用户登录状态", "user at the datalogger", NULL, NULL, NULL, INFO, LATER},
    {"i22003", NULL, "与上位机的通讯状态", "link to the platform", NULL, NULL, NULL, INFO, LATER},
    {"i22101", NULL, "通道状态", "channel state", NULL, NULL, NULL, INFO, LATER},
    {"i23001", NULL, "当地大气压", "local pressure", "kPa", NULL, NULL, INFO, LATER},
    {"i31001", NULL, "站房门禁日志", "door log", NULL, NULL, NULL, INFO, LATER},
    {"i32001", NULL, "站房门状态", "door state", NULL, NULL, NULL, INFO, LATER},
    {"i33001", NULL, "CEMS 伴热管温度", "CEMS heat line temperature", "degC", NULL, NULL, INFO,
     LATER},
    {"i33002", NULL, "CEMS 冷凝温度", "CEMS condenser temperature", "degC", NULL, NULL, INFO,
     LATER},
    {"i33101", NULL, "站房温度", "station temperature", "degC", NULL, NULL, INFO, LATER},
    {"i33102", NULL, "站房湿度", "station humidity", "%", NULL, NULL, INFO, LATER},
    {"i33103", NULL, "站房供电电压", "station voltage", "V", NULL, NULL, INFO, LATER},
    {"i33200", NULL, "治理设施电流", "plant current", "A", NULL, NULL, INFO, LATER},
    {"i33201", NULL, "治理设施用电量", "plant energy", "kWh", NULL, NULL, INFO, LATER},
    {"i33202", NULL, "治理设施日用电量", "plant energy of the day", "kWh", NULL, NULL, INFO, LATER},
    {"w00000", "B01", "污水流量", "waste water flow", "L/s", NULL, "m3", WATER, ALL},
    {"w01001", "001", "pH 值", "pH", NULL, NULL, NULL, WATER, ALL},
    {"w01002", "002", "色度", "colour", "degree", NULL, NULL, WATER, ALL},
    {"w01006", NULL, "溶解性总固体", "total dissolved solids", "mg/L", NULL, "kg", WATER, LATER},
    {"w01009", NULL, "溶解氧", "dissolved oxygen", "mg/L", NULL, NULL, WATER, LATER},
    {"w01010", NULL, "水温", "water temperature", "degC", NULL, NULL, WATER, LATER},
    {"w01012", "003", "悬浮物", "suspended solids", "mg/L", NULL, "kg", WATER, ALL},
    {"w01014", NULL, "电导率", "conductivity", "uS/cm", NULL, NULL, WATER, LATER},
    {"w01017", "010", "五日生化需氧量", "BOD5", "mg/L", NULL, "kg", WATER, ALL},
    {"w01018", "011", "化学需氧量", "chemical oxygen demand", "mg/L", NULL, "kg", WATER, ALL},
    {"w01019", NULL, "高锰酸盐指数", "permanganate index", "mg/L", NULL, "kg", WATER, LATER},
    {"w01020", "015", "总有机碳", "total organic carbon", "mg/L", NULL, "kg", WATER, ALL},
    {"w20111", "020", "总汞", "mercury", "mg/L", NULL, "kg", WATER, ALL},
    {"w20115", "022", "总镉", "cadmium", "mg/L", NULL, "kg", WATER, ALL},
    {"w20116", "023", "总铬", "chromium", "mg/L", NULL, "kg", WATER, ALL},
    {"w20117", "024", "六价铬", "hexavalent chromium", "mg/L", NULL, "kg", WATER, ALL},
    {"w20119", "026", "总砷", "arsenic", "mg/L", NULL, "kg", WATER, ALL},
    {"w20120", "027", "总铅", "lead", "mg/L", NULL, "kg", WATER, ALL},
    {"w20121", "028", "总镍", "nickel", "mg/L", NULL, "kg", WATER, ALL},
    {"w20122", "029", "总铜", "copper", "mg/L", NULL, "kg", WATER, ALL},
    {"w20123", "030", "总锌", "zinc", "mg/L", NULL, "kg", WATER, ALL},
    {"w20124", "031", "总锰", "manganese", "mg/L", NULL, "kg", WATER, ALL},
    {"w21001", "065", "总氮", "total nitrogen", "mg/L", NULL, "kg", WATER, ALL},
    {"w21003", "060", "氨氮", "ammonia nitrogen", "mg/L", NULL, "kg", WATER, ALL},
    {"w21011", "101", "总磷", "total phosphorus", "mg/L", NULL, "kg", WATER, ALL},
    {"w21016", NULL, "氰化物", "cyanide", "mg/L", NULL, "kg", WATER, LATER},
    {"w21017", NULL, "氟化物", "fluoride", "mg/L", NULL, "kg", WATER, LATER},
    {"w21019", NULL, "硫化物", "sulfide", "mg/L", NULL, "kg", WATER, LATER},
    {"w22001", NULL, "石油类", "petroleum", "mg/L", NULL, "kg", WATER, LATER},
    {"w23002", NULL, "挥发酚", "volatile phenols", "mg/L", NULL, "kg", WATER, LATER},
};
enum { FACTORS = sizeof factors / sizeof *factors };

const qk_hj212_factor *qk_hj212_factors(size_t *count)
{
    *count = FACTORS;
    return factors;
}

static int compare_code(qk_hj212_text code, const char *row)
{
    size_t n = strlen(row);
    int order = memcmp(code.ptr, row, code.len < n ? code.len : n);
    return order ? order : (code.len > n) - (code.len < n);
}

const qk_hj212_factor *qk_hj212_factor_find(qk_hj212_text code)
{
    size_t low = 0, high = FACTORS;
    if (code.len == 0) return NULL;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare_code(code, factors[middle].code);
        if (order == 0) return &factors[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    for (size_t i = 0; i < FACTORS; i++)
        if (factors[i].old && qk_hj212_text_is(code, factors[i].old)) return &factors[i];
    return NULL;
}
