/* SPDX-License-Identifier: Apache-2.0 */
#include "hj212/deviation.h"

_Static_assert(QK_HJ212_D_COUNT <= 64, "deviations are bits of a uint64_t");

static const struct {
    const char *name;
    qk_hj212_severity severity;
} deviation[QK_HJ212_D_COUNT] = {
    [QK_HJ212_D_LENGTH_DECLARED_WRONG] = {"length_declared_wrong", QK_HJ212_NOTABLE},
    [QK_HJ212_D_LENGTH_FIELD_FORM] = {"length_field_form", QK_HJ212_NOTABLE},
    [QK_HJ212_D_SEGMENT_OVER_1024] = {"segment_over_1024", QK_HJ212_MINOR},
    [QK_HJ212_D_CRC_LOWER_CASE] = {"crc_lower_case", QK_HJ212_MINOR},
    [QK_HJ212_D_CRC_MODBUS] = {"crc_modbus", QK_HJ212_NOTABLE},
    [QK_HJ212_D_CRC_MODBUS_SWAPPED] = {"crc_modbus_swapped", QK_HJ212_NOTABLE},
    [QK_HJ212_D_CRC_SWAPPED] = {"crc_swapped", QK_HJ212_NOTABLE},
    [QK_HJ212_D_CRC_STALE] = {"crc_stale", QK_HJ212_GRAVE},
    [QK_HJ212_D_CRC_OTHER] = {"crc_other", QK_HJ212_GRAVE},
    [QK_HJ212_D_CRC_MISSING] = {"crc_missing", QK_HJ212_GRAVE},
    [QK_HJ212_D_LINE_END_LF] = {"line_end_lf", QK_HJ212_MINOR},
    [QK_HJ212_D_LINE_END_CR] = {"line_end_cr", QK_HJ212_MINOR},
    [QK_HJ212_D_LINE_END_STARS] = {"line_end_stars", QK_HJ212_MINOR},
    [QK_HJ212_D_LINE_END_MISSING] = {"line_end_missing", QK_HJ212_MINOR},
    [QK_HJ212_D_CP_END_MISSING] = {"cp_end_missing", QK_HJ212_NOTABLE},
    [QK_HJ212_D_NO_QN] = {"no_qn", QK_HJ212_NOTABLE},
    [QK_HJ212_D_QN_FORM] = {"qn_form", QK_HJ212_MINOR},
    [QK_HJ212_D_NO_ST] = {"no_st", QK_HJ212_NOTABLE},
    [QK_HJ212_D_ST_FORM] = {"st_form", QK_HJ212_MINOR},
    [QK_HJ212_D_NO_PW] = {"no_pw", QK_HJ212_MINOR},
    [QK_HJ212_D_PW_FORM] = {"pw_form", QK_HJ212_MINOR},
    [QK_HJ212_D_VERSION_UNKNOWN] = {"version_unknown", QK_HJ212_NOTABLE},
    [QK_HJ212_D_FLAG_WITHOUT_PARTS] = {"flag_without_parts", QK_HJ212_NOTABLE},
    [QK_HJ212_D_PARTS_WITHOUT_FLAG] = {"parts_without_flag", QK_HJ212_MINOR},
    [QK_HJ212_D_PART_BEYOND_COUNT] = {"part_beyond_count", QK_HJ212_NOTABLE},
    [QK_HJ212_D_HEAD_ORDER] = {"head_order", QK_HJ212_MINOR},
    [QK_HJ212_D_HEAD_CASE] = {"head_case", QK_HJ212_MINOR},
    [QK_HJ212_D_HEAD_UNKNOWN] = {"head_unknown", QK_HJ212_MINOR},
    [QK_HJ212_D_HEAD_REPEATED] = {"head_repeated", QK_HJ212_NOTABLE},
    [QK_HJ212_D_HEAD_SEPARATOR] = {"head_separator", QK_HJ212_MINOR},
    [QK_HJ212_D_ANSWER_ST] = {"answer_st", QK_HJ212_MINOR},
    [QK_HJ212_D_NO_CP] = {"no_cp", QK_HJ212_NOTABLE},
    [QK_HJ212_D_CP_SINGLE_AMPERSAND] = {"cp_single_ampersand", QK_HJ212_MINOR},
    [QK_HJ212_D_BLANKS] = {"blanks", QK_HJ212_MINOR},
    [QK_HJ212_D_TRAILING_SEPARATOR] = {"trailing_separator", QK_HJ212_MINOR},
    [QK_HJ212_D_EMPTY_ITEM] = {"empty_item", QK_HJ212_MINOR},
    [QK_HJ212_D_ITEM_WITHOUT_EQUALS] = {"item_without_equals", QK_HJ212_NOTABLE},
    [QK_HJ212_D_EMPTY_KEY] = {"empty_key", QK_HJ212_NOTABLE},
    [QK_HJ212_D_EMPTY_VALUE] = {"empty_value", QK_HJ212_NOTABLE},
    [QK_HJ212_D_KEY_REPEATED] = {"key_repeated", QK_HJ212_GRAVE},
    [QK_HJ212_D_CP_LAYOUT] = {"cp_layout", QK_HJ212_MINOR},
    [QK_HJ212_D_RANGE_COMMA] = {"range_comma", QK_HJ212_MINOR},
    [QK_HJ212_D_RANGE_SEMICOLON] = {"range_semicolon", QK_HJ212_MINOR},
    [QK_HJ212_D_FIELD_CASE] = {"field_case", QK_HJ212_MINOR},
    [QK_HJ212_D_NO_DATA_TIME] = {"no_data_time", QK_HJ212_GRAVE},
    [QK_HJ212_D_DATA_TIME_17_DIGITS] = {"data_time_17_digits", QK_HJ212_MINOR},
    [QK_HJ212_D_DATA_TIME_LONG] = {"data_time_long", QK_HJ212_NOTABLE},
    [QK_HJ212_D_DATA_TIME_SHORT] = {"data_time_short", QK_HJ212_NOTABLE},
    [QK_HJ212_D_DATA_TIME_HOUR_24] = {"data_time_hour_24", QK_HJ212_NOTABLE},
    [QK_HJ212_D_VALUE_NOT_NUMBER] = {"value_not_number", QK_HJ212_GRAVE},
    [QK_HJ212_D_VALUE_EXPONENT] = {"value_exponent", QK_HJ212_MINOR},
    [QK_HJ212_D_DATA_FLAG_UNKNOWN] = {"data_flag_unknown", QK_HJ212_NOTABLE},
    [QK_HJ212_D_DATA_FLAG_LOWER_CASE] = {"data_flag_lower_case", QK_HJ212_MINOR},
    [QK_HJ212_D_QN_IN_CP] = {"qn_in_cp", QK_HJ212_MINOR},
    [QK_HJ212_D_TEXT_UNCLOSED] = {"text_unclosed", QK_HJ212_NOTABLE},
    [QK_HJ212_D_NOT_UTF8] = {"not_utf8", QK_HJ212_NOTABLE},
    [QK_HJ212_D_CONTROL_BYTES] = {"control_bytes", QK_HJ212_GRAVE},
    [QK_HJ212_D_CP_ENCRYPTED] = {"cp_encrypted", QK_HJ212_MINOR},
};

static const char *const refusal[QK_HJ212_R_COUNT] = {
    [QK_HJ212_R_LENGTH] = "length",       [QK_HJ212_R_CRC] = "crc",
    [QK_HJ212_R_TRUNCATED] = "truncated", [QK_HJ212_R_TOO_LONG] = "too_long",
    [QK_HJ212_R_NO_MN] = "no_mn",         [QK_HJ212_R_NO_CN] = "no_cn",
    [QK_HJ212_R_BAD_FIELD] = "bad_field", [QK_HJ212_R_ENCRYPTED] = "encrypted",
};

const char *qk_hj212_deviation_name(qk_hj212_deviation d)
{
    return (unsigned)d < QK_HJ212_D_COUNT ? deviation[d].name : NULL;
}

qk_hj212_severity qk_hj212_deviation_severity(qk_hj212_deviation d)
{
    return (unsigned)d < QK_HJ212_D_COUNT ? deviation[d].severity : QK_HJ212_GRAVE;
}

qk_hj212_deviation qk_hj212_deviation_find(qk_hj212_text name)
{
    int d = 0;
    while (d < QK_HJ212_D_COUNT && !qk_hj212_text_is(name, deviation[d].name)) d++;
    return (qk_hj212_deviation)d;
}

const char *qk_hj212_refusal_name(qk_hj212_refusal r)
{
    return (unsigned)r < QK_HJ212_R_COUNT ? refusal[r] : NULL;
}
