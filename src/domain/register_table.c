/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/register_table.h"
#include "base/csv.h"
#include "base/messages.h"

#define DIVISION QK_ROW_DIVISION
#define SITE     QK_ROW_SITE
#define DEVICE   QK_ROW_DEVICE
#define FACTOR   QK_ROW_FACTOR

const qk_register_column qk_register_columns[QK_REGISTER_COLUMNS] = {
    {DIVISION, "code", "区划代码|行政区划代码|行政区划", "division|division_code"},
    {DIVISION, "kind", "区划级别", "division_kind"},
    {DIVISION, "name_zh", "区划名称", "division_name|division_name_zh"},
    {DIVISION, "name_en", "区划英文名", "division_name_en"},
    {DIVISION, "parent", "上级区划", "division_parent"},
    {SITE, "id", "站点编号|点位编号|排口编号", "site|site_id|id"},
    {SITE, "kind", "站点类型|点位类型|排口类型|类型", "kind|site_kind"},
    {SITE, "name_zh", "站点名称|点位名称|排口名称|名称", "name|name_zh|site_name"},
    {SITE, "name_en", "英文名|站点英文名", "name_en|site_name_en"},
    {SITE, "owner_zh", "所属单位|企业名称|单位名称", "owner|owner_zh"},
    {SITE, "owner_en", "所属单位英文名", "owner_en"},
    {SITE, "lon", "经度", "lon|longitude"},
    {SITE, "lat", "纬度", "lat|latitude"},
    {SITE, "valid_to", "关闭时间", "closed|valid_to"},
    {DEVICE, "mn", "MN号|MN|设备唯一标识|数采仪编号", "mn"},
    {DEVICE, "pw", "访问密码|通讯密码|密码", "password|pw"},
    {DEVICE, "st", "系统编码|ST", "st"},
    {DEVICE, "dialect", "协议版本|协议年份", "dialect"},
    {DEVICE, "status", "设备状态", "status"},
    {DEVICE, "bind_address", "绑定地址|IP地址", "bind_address"},
    {DEVICE, "crc_policy", "校验方式", "crc_policy"},
    {DEVICE, "interval_style", "时标", "interval_style"},
    {DEVICE, "rtd_interval_s", "实时间隔|实时间隔（秒）", "rtd_interval_s"},
    {DEVICE, "min_interval_min", "分钟间隔|分钟间隔（分）", "min_interval_min"},
    {DEVICE, "sends_hours", "发小时数据", "sends_hours"},
    {DEVICE, "sends_days", "发日数据", "sends_days"},
    {DEVICE, "answers_requests", "应答反控", "answers_requests"},
    {DEVICE, "comma_range", "时间段用逗号", "comma_range"},
    {DEVICE, "first_contact", "首次连接初始化", "first_contact"},
    {DEVICE, "overtime_s", "超时时间|超时时间（秒）", "overtime_s"},
    {DEVICE, "recount", "重发次数", "recount"},
    {DEVICE, "key", "SM4密钥", "key"},
    {FACTOR, "code", "因子编码|因子代码|污染物编码", "factor|factor_code|code"},
    {FACTOR, "name_zh", "因子名称", "factor_name|factor_name_zh"},
    {FACTOR, "name_en", "因子英文名", "factor_name_en"},
    {FACTOR, "unit", "计量单位|单位", "unit"},
    {FACTOR, "item", "空气项目", "item"},
    {FACTOR, "scale", "换算系数", "scale"},
    {FACTOR, "low", "量程下限", "low"},
    {FACTOR, "high", "量程上限", "high"},
    {FACTOR, "limit", "排放限值|限值|标准值", "limit"},
    {FACTOR, "site", "因子所属站点", "factor_site"},
};

/* A word of a cell for a stored code; several words may mean one. The first one is written. */
typedef struct cell_word {
    const char *field, *code, *zh;
} cell_word;

static const cell_word words[] = {
    {"site.kind", "air_national", "国控站|国控点"},
    {"site.kind", "air_provincial", "省控站|省控点"},
    {"site.kind", "air_township", "乡镇站"},
    {"site.kind", "air_road", "道路站|路边站"},
    {"site.kind", "air_micro", "微站|微型站"},
    {"site.kind", "air_park", "园区站"},
    {"site.kind", "air_component", "组分站"},
    {"site.kind", "air_profile", "廓线站"},
    {"site.kind", "air_pilot", "试验站"},
    {"site.kind", "outlet", "排放口|排口|废气排放口"},
    {"site.kind", "power", "用电监控"},
    {"site.kind", "dust", "扬尘点|工地扬尘"},
    {"site.kind", "kitchen", "餐饮油烟|油烟"},
    {"site.kind", "pump", "加油站|油气回收"},
    {"site.kind", "gate", "门禁"},
    {"site.kind", "machine", "非道路机械"},
    {"site.kind", "camera", "摄像头"},
    {"division.kind", "county", "县|区|市"},
    {"division.kind", "township", "乡镇|镇|乡|街道"},
    {"division.kind", "zone", "园区|开发区"},
    {"division.kind", "village", "村"},
    {"division.kind", "grid", "网格"},
    {"device.status", "approved", "已批准|启用|在用"},
    {"device.status", "parked", "待批准"},
    {"device.status", "disabled", "停用"},
    {"device.crc_policy", "standard", "标准"},
    {"device.crc_policy", "modbus", "MODBUS"},
    {"device.crc_policy", "off", "不校验"},
    {"device.interval_style", "start", "时段开始|开始"},
    {"device.interval_style", "end", "时段结束|结束"},
};

/* One of the names in a list joined by '|'. */
static bool listed(const char *list, qk_str name)
{
    qk_str rest = qk_str_of(list);
    while (rest.ptr)
        if (qk_str_eq_nocase(qk_str_cut(&rest, '|'), name)) return true;
    return false;
}

static qk_str first_of(const char *list)
{
    qk_str rest = qk_str_of(list);
    return qk_str_cut(&rest, '|');
}

size_t qk_register_column_named(qk_str heading)
{
    heading = qk_str_trim(heading);
    for (size_t i = 0; i < QK_REGISTER_COLUMNS; i++)
        if (listed(qk_register_columns[i].zh, heading) ||
            listed(qk_register_columns[i].en, heading))
            return i;
    return SIZE_MAX;
}

qk_str qk_register_heading(size_t column, int lang)
{
    const qk_register_column *c = &qk_register_columns[column];
    return first_of(lang == QK_ZH ? c->zh : c->en);
}

static bool is_of(const cell_word *w, const qk_register_column *c)
{
    const char *table = qk_row_forms[c->kind].table;
    size_t n = strlen(table);
    return strncmp(w->field, table, n) == 0 && w->field[n] == '.' &&
           strcmp(w->field + n + 1, c->field) == 0;
}

static qk_str code_of(const qk_register_column *c, qk_str cell)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (is_of(&words[i], c) && listed(words[i].zh, cell)) return qk_str_of(words[i].code);
    return cell;
}

qk_str qk_register_word(const qk_register_column *c, const char *code, int lang)
{
    for (size_t i = 0; lang == QK_ZH && i < sizeof words / sizeof words[0]; i++)
        if (is_of(&words[i], c) && strcmp(words[i].code, code) == 0) return first_of(words[i].zh);
    return qk_str_of(code);
}

static qk_json_scalar flag_of(qk_str cell)
{
    if (listed("是|true|yes|1", cell)) return (qk_json_scalar){QK_JSON_TRUE, cell};
    if (listed("否|false|no|0", cell)) return (qk_json_scalar){QK_JSON_FALSE, cell};
    return (qk_json_scalar){QK_JSON_STRING, cell};
}

bool qk_register_value(qk_json_scalar *out, const qk_register_column *column, qk_str cell)
{
    const qk_field *f = qk_row_field_named(&qk_row_forms[column->kind], qk_str_of(column->field));
    cell = qk_str_trim(qk_csv_unguard(cell));
    if (qk_csv_missing(cell)) return false;
    bool taken_away = listed("-|/|无|—", cell);
    switch (f->type) {
    case QK_FIELD_F64:
    case QK_FIELD_I32: *out = (qk_json_scalar){QK_JSON_NUMBER, cell}; break;
    case QK_FIELD_BOOL: *out = flag_of(cell); return true;
    default: *out = (qk_json_scalar){QK_JSON_STRING, code_of(column, cell)}; break;
    }
    if (taken_away && f->type != QK_FIELD_I32 && f->type != QK_FIELD_ENUM)
        *out = (qk_json_scalar){QK_JSON_NULL, cell};
    return true;
}
