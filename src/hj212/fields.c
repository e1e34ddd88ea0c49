/* SPDX-License-Identifier: Apache-2.0 */
/* Field names, found by a perfect hash over their first 16 bytes. */
#include "hj212/fields.h"
#include "hj212/internal.h"

/* Two spellings more than the enum has: the 2017 table says Ctime and PolId, examples of 2005 and
 * 2017 print CTime and PolID; both count as exact. */
const qk_hj212_field_row qk_hj212_field_rows[QK_HJ212_FIELD_ROWS] = {
    {"", QK_HJ212_F_OTHER},
    {"Rtd", QK_HJ212_F_RTD},
    {"Min", QK_HJ212_F_MIN},
    {"Avg", QK_HJ212_F_AVG},
    {"Max", QK_HJ212_F_MAX},
    {"Cou", QK_HJ212_F_COU},
    {"ZsRtd", QK_HJ212_F_ZSRTD},
    {"ZsMin", QK_HJ212_F_ZSMIN},
    {"ZsAvg", QK_HJ212_F_ZSAVG},
    {"ZsMax", QK_HJ212_F_ZSMAX},
    {"ZsCou", QK_HJ212_F_ZSCOU},
    {"Data", QK_HJ212_F_DATA},
    {"DayData", QK_HJ212_F_DAYDATA},
    {"NightData", QK_HJ212_F_NIGHTDATA},
    {"Ori", QK_HJ212_F_ORI},
    {"Ala", QK_HJ212_F_ALA},
    {"UpValue", QK_HJ212_F_UPVALUE},
    {"LowValue", QK_HJ212_F_LOWVALUE},
    {"DayStdValue", QK_HJ212_F_DAYSTDVALUE},
    {"NightStdValue", QK_HJ212_F_NIGHTSTDVALUE},
    {"RS", QK_HJ212_F_RS},
    {"RT", QK_HJ212_F_RT},
    {"ValidNum", QK_HJ212_F_VALIDNUM},
    {"TotalNum", QK_HJ212_F_TOTALNUM},
    {"SampleRd", QK_HJ212_F_SAMPLERD},
    {"StandardValue", QK_HJ212_F_STANDARDVALUE},
    {"Flag", QK_HJ212_F_FLAG},
    {"EFlag", QK_HJ212_F_EFLAG},
    {"SampleTime", QK_HJ212_F_SAMPLETIME},
    {"Info", QK_HJ212_F_INFO},
    {"SN", QK_HJ212_F_SN},
    {"ResultType", QK_HJ212_F_RESULTTYPE},
    {"DataTime", QK_HJ212_F_DATATIME},
    {"SystemTime", QK_HJ212_F_SYSTEMTIME},
    {"BeginTime", QK_HJ212_F_BEGINTIME},
    {"EndTime", QK_HJ212_F_ENDTIME},
    {"RestartTime", QK_HJ212_F_RESTARTTIME},
    {"QN", QK_HJ212_F_QN},
    {"CN", QK_HJ212_F_CN},
    {"PNUM", QK_HJ212_F_PNUM},
    {"PNO", QK_HJ212_F_PNO},
    {"QnRtn", QK_HJ212_F_QNRTN},
    {"ExeRtn", QK_HJ212_F_EXERTN},
    {"RtdInterval", QK_HJ212_F_RTDINTERVAL},
    {"MinInterval", QK_HJ212_F_MININTERVAL},
    {"PolId", QK_HJ212_F_POLID},
    {"InfoId", QK_HJ212_F_INFOID},
    {"NewPW", QK_HJ212_F_NEWPW},
    {"PW", QK_HJ212_F_PW},
    {"OverTime", QK_HJ212_F_OVERTIME},
    {"ReCount", QK_HJ212_F_RECOUNT},
    {"WarnTime", QK_HJ212_F_WARNTIME},
    {"VaseNo", QK_HJ212_F_VASENO},
    {"CstartTime", QK_HJ212_F_CSTARTTIME},
    {"Ctime", QK_HJ212_F_CTIME},
    {"Stime", QK_HJ212_F_STIME},
    {"AlarmTime", QK_HJ212_F_ALARMTIME},
    {"AlarmType", QK_HJ212_F_ALARMTYPE},
    {"AlarmTarget", QK_HJ212_F_ALARMTARGET},
    {"ReportTarget", QK_HJ212_F_REPORTTARGET},
    {"ReportTime", QK_HJ212_F_REPORTTIME},
    {"CompleteTime", QK_HJ212_F_COMPLETETIME},
    {"SampleType", QK_HJ212_F_SAMPLETYPE},
    {"SKCreateTime", QK_HJ212_F_SKCREATETIME},
    {"NewSK", QK_HJ212_F_NEWSK},
    {"CTime", QK_HJ212_F_CTIME},
    {"PolID", QK_HJ212_F_POLID},
};

/* Row by hash; 0 = none. */
const uint8_t qk_hj212_field_slots[256] = {
    [1] = 6,    [4] = 33,   [5] = 41,   [13] = 31,  [15] = 26,  [20] = 50,  [23] = 59,  [25] = 66,
    [27] = 63,  [29] = 55,  [31] = 4,   [32] = 27,  [49] = 21,  [69] = 34,  [71] = 1,   [73] = 7,
    [74] = 39,  [76] = 58,  [77] = 2,   [84] = 38,  [88] = 5,   [90] = 20,  [97] = 29,  [101] = 48,
    [103] = 40, [109] = 13, [115] = 61, [119] = 15, [125] = 46, [129] = 37, [130] = 28, [135] = 18,
    [136] = 51, [139] = 10, [143] = 17, [146] = 64, [157] = 11, [158] = 49, [159] = 54, [161] = 43,
    [166] = 8,  [167] = 44, [170] = 12, [171] = 62, [173] = 35, [174] = 53, [179] = 36, [181] = 32,
    [192] = 16, [196] = 3,  [198] = 52, [199] = 57, [201] = 25, [203] = 65, [208] = 23, [209] = 30,
    [210] = 56, [215] = 42, [216] = 45, [219] = 24, [227] = 60, [228] = 22, [230] = 14, [239] = 19,
    [242] = 47, [250] = 9,
};

const char *qk_hj212_field_name(qk_hj212_field f)
{
    /* rows 1.. stand in the order of the enum */
    return (unsigned)f < QK_HJ212_F_COUNT ? qk_hj212_field_rows[f].name : "";
}

bool qk_hj212_field_is_number(qk_hj212_field f)
{
    return f >= QK_HJ212_F_RTD && f <= QK_HJ212_F_STANDARDVALUE;
}

qk_hj212_field qk_hj212_field_find(qk_hj212_text name, bool *exact)
{
    qk_hj212_field f = QK_HJ212_F_OTHER;
    if (name.len > 0 && name.len <= QK_HJ212_FIELD_NAME_MAX) {
        unsigned char padded[16] = {0};
        memcpy(padded, name.ptr, name.len);
        f = qk_hj212_field_by_words(load_le64(padded), load_le64(padded + 8));
    }
    if (exact) *exact = f != QK_HJ212_F_OTHER;
    if (f != QK_HJ212_F_OTHER || name.len == 0) return f;
    for (int i = 1; i < QK_HJ212_FIELD_ROWS; i++)
        if (qk_hj212_text_is_nocase(name, qk_hj212_field_rows[i].name))
            return (qk_hj212_field)qk_hj212_field_rows[i].field;
    return QK_HJ212_F_OTHER;
}
