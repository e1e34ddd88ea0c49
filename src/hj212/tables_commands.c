/* SPDX-License-Identifier: Apache-2.0 */
/* Commands (2017 table 5 and annex C, 2005 table 9, 2025 as quoted in public code), systems (2017
 * table 5.1), data flags (2017 table 8), results (2017 tables 6 and 7). */
#include "hj212/tables.h"

enum {
    O5 = QK_HJ212_IN_2005,
    O17 = QK_HJ212_IN_2017,
    O25 = QK_HJ212_IN_2025,
    USE = QK_HJ212_IN_USE,
    ALL = O5 | O17 | O25,
    LATER = O17 | O25,
    REQ = QK_HJ212_REQUEST,
    UP = QK_HJ212_UPLOAD,
    NUP = QK_HJ212_NOTICE_UP,
    NDOWN = QK_HJ212_NOTICE_DOWN,
    ANS = QK_HJ212_ANSWER
};

#define RANGE "BeginTime EndTime"

/* By rising code. */
static const qk_hj212_command commands[] = {
    {1000, "设置超时时间及重发次数", "set timeout and resend count", REQ, ALL, "OverTime ReCount",
     0, 0},
    {1001, "设置超限报警时间（2005）；上传硬件序列号（2025）",
     "set over-limit alarm time (2005); upload hardware serial number (2025)", REQ | NUP, O5 | O25,
     "WarnTime", 0, 0},
    {1002, "设置联网唯一标识", "set network access MN", REQ, O25, "", 0, 0},
    {1011, "提取/上传现场机时间", "get the clock", REQ | UP, ALL, "PolId", 0, 0},
    {1012, "设置现场机时间", "set the clock", REQ, ALL, "PolId SystemTime", 0, 0},
    {1013, "现场机时间校准请求", "ask for time calibration", NUP, LATER, "PolId", 0, 0},
    {1014, "获取新密钥", "get a new key", REQ, O25, "NewSK", 0, 0},
    {1021, "提取污染物报警门限值", "get alarm limits", REQ | UP, O5, "PolId", 0, 0},
    {1022, "设置污染物报警门限值", "set alarm limits", REQ, O5, "", 0, 0},
    {1031, "提取上位机地址", "get the platform's address", REQ | UP, O5, "", 0, 0},
    {1032, "设置上位机地址", "set the platform's address", REQ, O5, "", 0, 0},
    {1041, "提取日数据上报时间", "get the time of the daily report", REQ | UP, O5, "", 0, 0},
    {1042, "设置日数据上报时间", "set the time of the daily report", REQ, O5, "", 0, 0},
    {1061, "提取/上传实时数据间隔", "get the real-time interval", REQ | UP, ALL, "", 0, 0},
    {1062, "设置实时数据间隔", "set the real-time interval", REQ, ALL, "RtdInterval", 0, 0},
    {1063, "提取/上传分钟数据间隔", "get the minute interval", REQ | UP, LATER, "", 0, 0},
    {1064, "设置分钟数据间隔", "set the minute interval", REQ, LATER, "MinInterval", 0, 0},
    {1072, "设置现场机访问密码", "set the access password", REQ, ALL, "NewPW", 0, 0},
    {2000, "厂商状态数据", "vendor state data", UP, USE, "", 0, 0},
    {2011, "取/上传污染物实时数据", "real-time data", REQ | UP, ALL, "", 1, 0},
    {2012, "停止察看污染物实时数据", "stop real-time data", NDOWN, ALL, "", 0, 0},
    {2013, "上传周期原始数据", "raw periodic data", UP, O25, "", 1, 0},
    {2021, "取/上传设备运行状态数据", "facility states", REQ | UP, ALL, "", 1, 0},
    {2022, "停止察看设备运行状态", "stop facility states", NDOWN, ALL, "", 0, 0},
    {2031, "取/上传污染物日历史数据", "day data", REQ | UP, ALL, RANGE, 1, 1},
    {2041, "取/上传设备运行时间日历史数据", "facility run time of the day", REQ | UP, ALL, RANGE, 1,
     1},
    {2051, "取/上传污染物分钟数据", "minute data", REQ | UP, ALL, RANGE, 1, 1},
    {2052, "上传单次噪声测量数据", "single noise measurement", UP, O25, "", 1, 0},
    {2061, "取/上传污染物小时数据", "hour data", REQ | UP, ALL, RANGE, 1, 1},
    {2062, "上传自动标样核查数据", "automatic standard check", UP, O25, "", 1, 0},
    {2071, "取/上传污染物报警记录", "alarm records", REQ | UP, O5, RANGE, 0, 1},
    {2072, "上传报警事件", "alarm event", NUP, O5, "", 0, 0},
    {2081, "上传数采仪开机时间", "datalogger boot time", UP, LATER, "", 0, 0},
    {2093, "厂商扩展数据", "vendor data", UP, USE, "", 0, 0},
    {2111, "上传焚烧炉炉膛温度5分钟均值", "furnace temperature, 5-minute mean", UP, O25, "", 1, 0},
    {3011, "零点校准量程校准", "zero and span calibration", REQ, ALL, "PolId", 0, 0},
    {3012, "即时采样", "immediate sampling", REQ, ALL, "PolId", 0, 0},
    {3013, "启动清洗/反吹（2005：设备操作）", "cleaning or blow-back (2005: device operation)", REQ,
     ALL, "PolId", 0, 0},
    {3014, "比对采样（2005：设置采样周期）", "comparison sampling (2005: set sampling cycle)", REQ,
     O5 | O17, "PolId", 0, 0},
    {3015, "超标留样/上传留样信息", "retain a sample on exceedance", REQ | UP, O17, "", 0, 0},
    {3016, "设置采样时间周期", "set the sampling period", REQ, O17, "PolId CstartTime CTime", 0, 0},
    {3017, "提取采样时间周期", "get the sampling period", REQ | UP, O17, "PolId", 0, 0},
    {3018, "提取出样时间", "get the time to result", REQ | UP, LATER, "PolId", 0, 0},
    {3019, "提取/上传设备唯一标识", "instrument serial number", REQ | UP, LATER, "PolId", 0, 0},
    {3020, "提取/上传现场机信息", "field information", REQ | UP, LATER,
     "PolId InfoId BeginTime EndTime", 0, 1},
    {3021, "设置现场机参数", "set an instrument parameter", REQ, LATER, "PolId InfoId Info", 0, 0},
    {3022, "即时留样", "retain a sample now", REQ, O25, "PolId", 0, 0},
    {3024, "启动标样核查", "start a standard check", REQ, O25, "PolId", 0, 0},
    {9011, "请求应答", "request answer", ANS, ALL, "", 0, 0},
    {9012, "执行结果", "execution result", ANS, ALL, "", 0, 0},
    {9013, "通知应答", "notice answer", ANS, ALL, "", 0, 0},
    {9014, "数据应答", "data answer", ANS, ALL, "", 0, 0},
    {9015, "心跳", "heartbeat", NUP, O25, "", 0, 0},
    {9021, "登录/心跳（厂商方言）", "login or heartbeat (vendor dialects)", NUP, USE, "", 0, 0},
    {0, NULL, NULL, 0, 0, NULL, 0, 0},
};

const qk_hj212_command *qk_hj212_commands(void)
{
    return commands;
}

const qk_hj212_command *qk_hj212_command_find(int32_t code)
{
    size_t low = 0, high = sizeof commands / sizeof *commands - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (commands[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    return code > 0 && commands[low].code == code ? &commands[low] : NULL;
}

static const qk_hj212_named systems[] = {
    {"21", "地表水质量监测", "surface water quality", ALL},
    {"22", "空气质量监测", "air quality", ALL},
    {"23", "声环境质量监测", "ambient noise", ALL},
    {"24", "地下水质量监测", "ground water quality", LATER},
    {"25", "土壤质量监测", "soil quality", LATER},
    {"26", "海水质量监测", "sea water quality", LATER},
    {"27", "挥发性有机物监测", "volatile organic compounds", LATER},
    {"31", "大气环境污染源", "air pollution source", ALL},
    {"32", "地表水体环境污染源", "surface water pollution source", ALL},
    {"33", "地下水体环境污染源", "ground water pollution source", ALL},
    {"34", "海洋环境污染源", "sea pollution source", ALL},
    {"35", "土壤环境污染源", "soil pollution source", ALL},
    {"36", "声环境污染源", "noise source", ALL},
    {"37", "振动环境污染源", "vibration source", ALL},
    {"38", "放射性环境污染源", "radioactive source", ALL},
    {"39", "工地扬尘污染源", "construction-site dust", LATER},
    {"41", "电磁环境污染源", "electromagnetic source", ALL},
    {"44", "用电监测", "electricity", O25},
    {"45", "关键工况监测", "key production conditions", O25},
    {"51", "烟气排放过程监控", "flue gas process", LATER},
    {"52", "污水排放过程监控", "waste water process", LATER},
    {"80", "用电监测（厂商方言）", "electricity (vendor dialects)", USE},
    {"91", "系统交互", "interaction", ALL},
    {NULL, NULL, NULL, 0},
};

static const qk_hj212_named flags[] = {
    {"N", "正常", "normal", ALL},
    {"F", "停运", "out of operation", ALL},
    {"M", "维护", "maintenance", ALL},
    {"S", "手工输入", "set by hand", ALL},
    {"D", "故障", "instrument fault", ALL},
    {"C", "校准", "calibration", ALL},
    {"T", "超量程", "above the range", ALL},
    {"B", "仪表与数采仪通讯异常", "no link between instrument and datalogger", LATER},
    {"P", "电源故障", "power failure", O5},
    {"0", "校准数据（空气站）", "calibration (air station)", O5},
    {"1", "气象参数（空气站）", "meteorology (air station)", O5},
    {"2", "异常数据（空气站）", "abnormal (air station)", O5},
    {"3", "正常数据（空气站）", "normal (air station)", O5},
    {NULL, NULL, NULL, 0},
};

static const qk_hj212_named qn_returns[] = {
    {"1", "准备执行请求", "will execute", ALL},
    {"2", "请求被拒绝", "refused", ALL},
    {"3", "PW 错误", "PW wrong", ALL},
    {"4", "MN 错误", "MN wrong", LATER},
    {"5", "ST 错误", "ST wrong", LATER},
    {"6", "Flag 错误", "Flag wrong", LATER},
    {"7", "QN 错误", "QN wrong", LATER},
    {"8", "CN 错误", "CN wrong", LATER},
    {"9", "CRC 校验错误", "CRC wrong", LATER},
    {"100", "未知错误", "unknown error", LATER},
    {NULL, NULL, NULL, 0},
};

static const qk_hj212_named exe_returns[] = {
    {"1", "执行成功", "done", ALL},
    {"2", "执行失败，原因不明", "failed, reason unknown", ALL},
    {"3", "命令请求条件错误", "wrong condition in the request", LATER},
    {"4", "通讯超时", "communication timeout", LATER},
    {"5", "系统繁忙", "busy", LATER},
    {"6", "系统故障", "system fault", LATER},
    {"100", "没有数据", "no data", ALL},
    {NULL, NULL, NULL, 0},
};

static const qk_hj212_named *find_named(const qk_hj212_named *rows, qk_hj212_text code)
{
    for (; rows->code; rows++)
        if (qk_hj212_text_is(code, rows->code)) return rows;
    return NULL;
}

const qk_hj212_named *qk_hj212_systems(void)
{
    return systems;
}
const qk_hj212_named *qk_hj212_system_find(qk_hj212_text st)
{
    return find_named(systems, st);
}
const qk_hj212_named *qk_hj212_flags(void)
{
    return flags;
}
const qk_hj212_named *qk_hj212_flag_find(char flag)
{
    return find_named(flags, (qk_hj212_text){&flag, 1});
}
bool qk_hj212_flag_is_valid(char flag)
{
    return flag == 'N' || flag == '3';
}
const qk_hj212_named *qk_hj212_qn_returns(void)
{
    return qn_returns;
}
const qk_hj212_named *qk_hj212_exe_returns(void)
{
    return exe_returns;
}
