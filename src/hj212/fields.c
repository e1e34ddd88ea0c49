/* SPDX-License-Identifier: Apache-2.0 */
/* Field names, found by a perfect hash over their letters without regard to case. */
#include "hj212/fields.h"
#include "hj212/internal.h"

const qk_hj212_field_row qk_hj212_field_rows[QK_HJ212_F_COUNT] = {
    {"", 0, 0},
    {"Rtd", UINT64_C(0x2020202020647472), UINT64_C(0x2020202020202020)},
    {"Min", UINT64_C(0x20202020206e696d), UINT64_C(0x2020202020202020)},
    {"Avg", UINT64_C(0x2020202020677661), UINT64_C(0x2020202020202020)},
    {"Max", UINT64_C(0x202020202078616d), UINT64_C(0x2020202020202020)},
    {"Cou", UINT64_C(0x2020202020756f63), UINT64_C(0x2020202020202020)},
    {"ZsRtd", UINT64_C(0x202020647472737a), UINT64_C(0x2020202020202020)},
    {"ZsMin", UINT64_C(0x2020206e696d737a), UINT64_C(0x2020202020202020)},
    {"ZsAvg", UINT64_C(0x202020677661737a), UINT64_C(0x2020202020202020)},
    {"ZsMax", UINT64_C(0x20202078616d737a), UINT64_C(0x2020202020202020)},
    {"ZsCou", UINT64_C(0x202020756f63737a), UINT64_C(0x2020202020202020)},
    {"Data", UINT64_C(0x2020202061746164), UINT64_C(0x2020202020202020)},
    {"DayData", UINT64_C(0x2061746164796164), UINT64_C(0x2020202020202020)},
    {"NightData", UINT64_C(0x746164746867696e), UINT64_C(0x2020202020202061)},
    {"Ori", UINT64_C(0x202020202069726f), UINT64_C(0x2020202020202020)},
    {"Ala", UINT64_C(0x2020202020616c61), UINT64_C(0x2020202020202020)},
    {"UpValue", UINT64_C(0x2065756c61767075), UINT64_C(0x2020202020202020)},
    {"LowValue", UINT64_C(0x65756c6176776f6c), UINT64_C(0x2020202020202020)},
    {"DayStdValue", UINT64_C(0x6176647473796164), UINT64_C(0x202020202065756c)},
    {"NightStdValue", UINT64_C(0x647473746867696e), UINT64_C(0x20202065756c6176)},
    {"RS", UINT64_C(0x2020202020207372), UINT64_C(0x2020202020202020)},
    {"RT", UINT64_C(0x2020202020207472), UINT64_C(0x2020202020202020)},
    {"ValidNum", UINT64_C(0x6d756e64696c6176), UINT64_C(0x2020202020202020)},
    {"TotalNum", UINT64_C(0x6d756e6c61746f74), UINT64_C(0x2020202020202020)},
    {"SampleRd", UINT64_C(0x6472656c706d6173), UINT64_C(0x2020202020202020)},
    {"StandardValue", UINT64_C(0x647261646e617473), UINT64_C(0x20202065756c6176)},
    {"Flag", UINT64_C(0x2020202067616c66), UINT64_C(0x2020202020202020)},
    {"EFlag", UINT64_C(0x20202067616c6665), UINT64_C(0x2020202020202020)},
    {"SampleTime", UINT64_C(0x6974656c706d6173), UINT64_C(0x202020202020656d)},
    {"Info", UINT64_C(0x202020206f666e69), UINT64_C(0x2020202020202020)},
    {"SN", UINT64_C(0x2020202020206e73), UINT64_C(0x2020202020202020)},
    {"ResultType", UINT64_C(0x7974746c75736572), UINT64_C(0x2020202020206570)},
    {"DataTime", UINT64_C(0x656d697461746164), UINT64_C(0x2020202020202020)},
    {"SystemTime", UINT64_C(0x69746d6574737973), UINT64_C(0x202020202020656d)},
    {"BeginTime", UINT64_C(0x6d69746e69676562), UINT64_C(0x2020202020202065)},
    {"EndTime", UINT64_C(0x20656d6974646e65), UINT64_C(0x2020202020202020)},
    {"RestartTime", UINT64_C(0x7474726174736572), UINT64_C(0x2020202020656d69)},
    {"QN", UINT64_C(0x2020202020206e71), UINT64_C(0x2020202020202020)},
    {"CN", UINT64_C(0x2020202020206e63), UINT64_C(0x2020202020202020)},
    {"PNUM", UINT64_C(0x202020206d756e70), UINT64_C(0x2020202020202020)},
    {"PNO", UINT64_C(0x20202020206f6e70), UINT64_C(0x2020202020202020)},
    {"QnRtn", UINT64_C(0x2020206e74726e71), UINT64_C(0x2020202020202020)},
    {"ExeRtn", UINT64_C(0x20206e7472657865), UINT64_C(0x2020202020202020)},
    {"RtdInterval", UINT64_C(0x7265746e69647472), UINT64_C(0x20202020206c6176)},
    {"MinInterval", UINT64_C(0x7265746e696e696d), UINT64_C(0x20202020206c6176)},
    {"PolId", UINT64_C(0x20202064696c6f70), UINT64_C(0x2020202020202020)},
    {"InfoId", UINT64_C(0x202064696f666e69), UINT64_C(0x2020202020202020)},
    {"NewPW", UINT64_C(0x202020777077656e), UINT64_C(0x2020202020202020)},
    {"PW", UINT64_C(0x2020202020207770), UINT64_C(0x2020202020202020)},
    {"OverTime", UINT64_C(0x656d69747265766f), UINT64_C(0x2020202020202020)},
    {"ReCount", UINT64_C(0x20746e756f636572), UINT64_C(0x2020202020202020)},
    {"WarnTime", UINT64_C(0x656d69746e726177), UINT64_C(0x2020202020202020)},
    {"VaseNo", UINT64_C(0x20206f6e65736176), UINT64_C(0x2020202020202020)},
    {"CstartTime", UINT64_C(0x6974747261747363), UINT64_C(0x202020202020656d)},
    {"Ctime", UINT64_C(0x202020656d697463), UINT64_C(0x2020202020202020)},
    {"Stime", UINT64_C(0x202020656d697473), UINT64_C(0x2020202020202020)},
    {"AlarmTime", UINT64_C(0x6d69746d72616c61), UINT64_C(0x2020202020202065)},
    {"AlarmType", UINT64_C(0x7079746d72616c61), UINT64_C(0x2020202020202065)},
    {"AlarmTarget", UINT64_C(0x7261746d72616c61), UINT64_C(0x2020202020746567)},
    {"ReportTarget", UINT64_C(0x617474726f706572), UINT64_C(0x2020202074656772)},
    {"ReportTime", UINT64_C(0x697474726f706572), UINT64_C(0x202020202020656d)},
    {"CompleteTime", UINT64_C(0x6574656c706d6f63), UINT64_C(0x20202020656d6974)},
    {"SampleType", UINT64_C(0x7974656c706d6173), UINT64_C(0x2020202020206570)},
    {"SKCreateTime", UINT64_C(0x6574616572636b73), UINT64_C(0x20202020656d6974)},
    {"NewSK", UINT64_C(0x2020206b7377656e), UINT64_C(0x2020202020202020)},
};

/* Row by hash; 0 = none. */
const uint8_t qk_hj212_field_slots[256] = {
    [3] = 58,   [5] = 60,   [11] = 57,  [13] = 4,   [15] = 31,  [16] = 63,  [24] = 45,  [33] = 49,
    [34] = 5,   [37] = 41,  [44] = 36,  [49] = 47,  [51] = 59,  [54] = 40,  [58] = 11,  [61] = 19,
    [75] = 43,  [78] = 62,  [92] = 52,  [93] = 24,  [97] = 42,  [99] = 64,  [101] = 35, [110] = 61,
    [116] = 16, [117] = 30, [118] = 1,  [125] = 7,  [127] = 20, [128] = 29, [130] = 32, [131] = 27,
    [132] = 26, [141] = 38, [149] = 39, [152] = 37, [155] = 8,  [156] = 48, [158] = 56, [160] = 46,
    [162] = 3,  [166] = 15, [174] = 55, [176] = 50, [179] = 22, [181] = 53, [182] = 14, [183] = 51,
    [185] = 23, [193] = 12, [195] = 25, [197] = 44, [198] = 54, [218] = 28, [221] = 10, [231] = 6,
    [235] = 33, [236] = 9,  [240] = 2,  [242] = 18, [244] = 34, [247] = 13, [252] = 17, [254] = 21,
};

const char *qk_hj212_field_name(qk_hj212_field f)
{
    return (unsigned)f < QK_HJ212_F_COUNT ? qk_hj212_field_rows[f].name : "";
}

bool qk_hj212_field_is_number(qk_hj212_field f)
{
    return f >= QK_HJ212_F_RTD && f <= QK_HJ212_F_STANDARDVALUE;
}

/* Two spellings beside those of the 2017 table: examples of 2005 and 2017 print them. */
static bool other_spelling(qk_hj212_text name)
{
    return qk_hj212_text_is(name, "CTime") || qk_hj212_text_is(name, "PolID");
}

/* Since all names are of letters alone, the fold takes nothing but their other case for them; the
 * length tells a name from one with NULs or blanks behind. */
qk_hj212_field qk_hj212_field_find(qk_hj212_text name, bool *exact)
{
    unsigned char padded[16] = {0};
    size_t n = name.len;
    if (exact) *exact = false;
    if (n == 0 || n > QK_HJ212_FIELD_NAME_MAX) return QK_HJ212_F_OTHER;
    memcpy(padded, name.ptr, n);
    qk_hj212_field f = qk_hj212_field_by_words(load_le64(padded) | QK_HJ212_FOLD,
                                               load_le64(padded + 8) | QK_HJ212_FOLD);
    const char *row = qk_hj212_field_rows[f].name;
    if (row[n - 1] == 0 || row[n] != 0) return QK_HJ212_F_OTHER;
    if (exact) *exact = memcmp(padded, row, sizeof padded) == 0 || other_spelling(name);
    return f;
}
