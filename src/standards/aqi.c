/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/aqi.h"
#include "standards/aqi_tables.h"

static const int32_t index_points[QK_AQI_POINTS] = {0, 50, 100, 150, 200, 300, 400, 500};

const qk_aqi_rule *qk_aqi_rule_on(int32_t day)
{
    size_t count;
    const qk_aqi_rule *rules = qk_aqi_rules(&count);
    for (size_t i = 0; i + 1 < count; i++)
        if (day <= rules[i].to_day) return &rules[i];
    return &rules[count - 1];
}

const qk_aqi_rule *qk_aqi_rule_named(qk_str name)
{
    size_t count;
    const qk_aqi_rule *rules = qk_aqi_rules(&count);
    for (size_t i = 0; i < count; i++) {
        qk_str full = qk_str_of(rules[i].name);
        if (qk_str_eq_nocase(full, name)) return &rules[i];
        if (name.len == 4 && qk_str_ends(full, name)) return &rules[i];
    }
    return NULL;
}

const char *qk_aqi_item_name(qk_aqi_item item)
{
    return qk_aqi_item_names[item];
}

qk_code qk_aqi_item_find(qk_aqi_item *out, qk_str name)
{
    for (int i = 0; i < QK_AQI_ITEMS; i++)
        if (qk_str_eq(name, qk_str_of(qk_aqi_item_names[i]))) {
            *out = (qk_aqi_item)i;
            return QK_OK;
        }
    return QK_ENOTFOUND;
}

qk_pollutant qk_aqi_item_pollutant(qk_aqi_item item)
{
    return (qk_pollutant)qk_aqi_item_pollutants[item];
}

const char *qk_pollutant_name(qk_pollutant p)
{
    static const char *const names[QK_POLLUTANTS] = {"SO2", "NO2", "PM10", "PM2.5", "CO", "O3"};
    return names[p];
}

int32_t qk_pollutant_decimals(qk_pollutant p)
{
    return p == QK_CO ? 1 : 0;
}

int32_t qk_iaqi_of_rounded(const qk_aqi_rule *rule, qk_aqi_item item, int64_t rounded)
{
    int points = rule->points[item];
    const int16_t *bp = rule->breakpoint[item];
    if (rounded < 0 || points == 0) return QK_AQI_NA;
    if (rounded == 0) return 0;
    for (int i = 1; i < points; i++) {
        if (rounded > bp[i]) continue;
        int64_t width = bp[i] - bp[i - 1];
        int64_t rise = (index_points[i] - index_points[i - 1]) * (rounded - bp[i - 1]);
        return index_points[i - 1] + (int32_t)((rise + width - 1) / width);
    }
    return rule->above[item];
}

int32_t qk_iaqi(const qk_aqi_rule *rule, qk_aqi_item item, qk_dec conc, qk_dec *rounded)
{
    qk_dec r;
    int32_t decimals = qk_pollutant_decimals(qk_aqi_item_pollutant(item));
    if (conc.mantissa < 0) return QK_AQI_NA;
    if (qk_dec_round(&r, conc, decimals) != QK_OK) return QK_AQI_NA;
    if (rounded) *rounded = r;
    return qk_iaqi_of_rounded(rule, item, r.mantissa);
}

int32_t qk_aqi_level_of(int32_t aqi)
{
    static const int32_t upper[QK_AQI_LEVELS - 1] = {50, 100, 150, 200, 300};
    if (aqi < 0) return 0;
    int32_t level = 1;
    while (level < QK_AQI_LEVELS && aqi > upper[level - 1]) level++;
    return level;
}

const qk_aqi_level *qk_aqi_level_text(const qk_aqi_rule *rule, int32_t level)
{
    if (level < 1 || level > QK_AQI_LEVELS) return NULL;
    return (rule->names_exceeding ? qk_aqi_levels_2012 : qk_aqi_levels_2026) + (level - 1);
}

void qk_aqi_settle(qk_aqi *out, const qk_aqi_rule *rule, uint32_t items)
{
    int32_t top = QK_AQI_NA;
    out->level = 0;
    out->primary = out->exceeding = 0;
    for (int i = 0; i < QK_AQI_ITEMS; i++) {
        if (!(items & QK_AQI_BIT(i))) continue;
        if (out->iaqi[i] > top) top = out->iaqi[i];
        if (rule->names_exceeding && out->iaqi[i] > 100) out->exceeding |= QK_AQI_BIT(i);
    }
    out->aqi = rule->missing_blocks && out->missing && top <= 100 ? QK_AQI_NA : top;
    out->level = qk_aqi_level_of(out->aqi);
    if (out->aqi <= 50) return;
    for (int i = 0; i < QK_AQI_ITEMS; i++)
        if ((items & QK_AQI_BIT(i)) && out->iaqi[i] == top) out->primary |= QK_AQI_BIT(i);
}

static void judge_items(qk_aqi *out, const qk_aqi_rule *rule, const qk_conc *conc, uint32_t items,
                        uint32_t optional)
{
    out->missing = 0;
    for (int i = 0; i < QK_AQI_ITEMS; i++) {
        out->iaqi[i] = QK_AQI_NA;
        if (!(items & QK_AQI_BIT(i))) continue;
        bool there = conc[i].state == QK_CONC_VALUE && conc[i].value.mantissa >= 0;
        if (there) out->iaqi[i] = qk_iaqi(rule, (qk_aqi_item)i, conc[i].value, NULL);
        if (!there && conc[i].state != QK_CONC_UNPLANNED && !(optional & QK_AQI_BIT(i)))
            out->missing |= QK_AQI_BIT(i);
    }
    qk_aqi_settle(out, rule, items);
}

void qk_aqi_daily(qk_aqi *out, const qk_aqi_rule *rule, const qk_conc conc[QK_AQI_ITEMS])
{
    judge_items(out, rule, conc, rule->daily_items, rule->optional_items);
}

void qk_aqi_hourly(qk_aqi *out, const qk_aqi_rule *rule, const qk_conc conc[QK_AQI_ITEMS])
{
    judge_items(out, rule, conc, rule->hourly_items, 0);
}

qk_code qk_conc_parse(qk_conc *out, qk_str cell)
{
    *out = (qk_conc){.state = QK_CONC_MISSING};
    if (cell.len == 0 || qk_str_eq(cell, QK_STR("NA"))) return QK_OK;
    if (qk_str_eq(cell, QK_STR("/"))) {
        out->state = QK_CONC_UNPLANNED;
        return QK_OK;
    }
    QK_TRY(qk_dec_parse_e(&out->value, cell));
    out->state = QK_CONC_VALUE;
    return QK_OK;
}
