/* SPDX-License-Identifier: Apache-2.0 */
/* Targets of a plan as its compiled form has them, and the ways from here to there. */
#include "standards/target.h"

static bool contains(qk_str text, const char *what)
{
    return qk_str_find(text, qk_str_of(what), 0) != SIZE_MAX;
}

static bool find_pollutant(qk_str metric, qk_pollutant *out)
{
    static const struct {
        const char *name;
        qk_pollutant p;
    } names[] = {{"PM2.5", QK_PM25},        {"细颗粒物", QK_PM25}, {"PM10", QK_PM10},
                 {"可吸入颗粒物", QK_PM10}, {"SO2", QK_SO2},       {"二氧化硫", QK_SO2},
                 {"NO2", QK_NO2},           {"二氧化氮", QK_NO2},  {"O3", QK_O3},
                 {"臭氧", QK_O3},           {"CO", QK_CO},         {"一氧化碳", QK_CO}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (contains(metric, names[i].name)) {
            *out = names[i].p;
            return true;
        }
    return false;
}

/* "5-9月" anywhere in the text. */
static bool find_months(qk_str text, int32_t *from, int32_t *to)
{
    for (size_t i = 0; i + 2 < text.len; i++) {
        int64_t a = 0, b = 0;
        size_t k = i;
        while (k < text.len && qk_is_digit(text.ptr[k]) && a < 100)
            a = a * 10 + (text.ptr[k++] - '0');
        if (k == i || k >= text.len) continue;
        qk_str rest = {text.ptr + k, text.len - k};
        static const char *const dashes[] = {"-", "—", "–", "~", "～", "至"};
        for (size_t d = 0; d < sizeof dashes / sizeof dashes[0]; d++) {
            if (!qk_str_starts(rest, qk_str_of(dashes[d]))) continue;
            size_t m = k + strlen(dashes[d]);
            b = 0;
            while (m < text.len && qk_is_digit(text.ptr[m]) && b < 100)
                b = b * 10 + (text.ptr[m++] - '0');
            qk_str after = {text.ptr + m, text.len - m};
            if (!qk_str_starts(after, QK_STR("月")) || a < 1 || b > 12 || a > b) continue;
            *from = (int32_t)a;
            *to = (int32_t)b;
            return true;
        }
    }
    return false;
}

const char *qk_target_read(qk_target *out, const qk_json_value *row)
{
    qk_str metric = qk_json_get_str(row, "metric"), statistic = qk_json_get_str(row, "statistic");
    qk_str op = qk_json_get_str(row, "op"), text = qk_json_get_str(row, "text");
    qk_str unit = qk_json_get_str(row, "unit"), months = qk_json_get_str(row, "months");
    const qk_json_value *value = qk_json_get(row, "value");
    *out = (qk_target){.month_from = 1, .month_to = 12};
    if (!value || value->type != QK_JSON_NUMBER) return "no number to reach";
    if (qk_dec_parse_e(&out->value, value->text) != QK_OK) return "number out of range";
    out->strict = qk_str_eq(op, QK_STR("<")) || qk_str_eq(op, QK_STR(">"));
    out->is_ratio = qk_str_eq(unit, QK_STR("%")) || contains(statistic, "ratio");
    if (contains(metric, "改善") || contains(metric, "下降") || contains(statistic, "change"))
        return "a change, not a level";
    if (contains(metric, "臭氧超标") || (contains(metric, "O3") && out->is_ratio)) {
        out->kind = QK_TARGET_OZONE_OVER;
        if (!find_months(months, &out->month_from, &out->month_to))
            find_months(text, &out->month_from, &out->month_to);
        return NULL;
    }
    if (contains(metric, "优良")) {
        out->kind = QK_TARGET_GOOD_DAYS;
        return NULL;
    }
    if (contains(metric, "重度") || contains(metric, "重污染")) {
        out->kind = QK_TARGET_HEAVY_DAYS;
        return NULL;
    }
    out->kind = QK_TARGET_MEAN;
    if (out->is_ratio || contains(statistic, "reduction")) return "not a level of the air";
    return find_pollutant(metric, &out->pollutant) ? NULL : "not a quantity of hourly air";
}

/* ---- paths and parts ---- */

qk_code qk_target_path(qk_dec *out, qk_dec base, qk_dec goal, size_t years)
{
    qk_ratio from = qk_ratio_dec(base), to = qk_ratio_dec(goal);
    qk_ratio step = qk_ratio_div(qk_ratio_sub(to, from), qk_ratio_int((int64_t)years));
    if (years == 0 || base.mantissa <= 0 || goal.mantissa <= 0) return QK_EINVAL;
    bool there = qk_dec_cmp(base, goal) <= 0;
    for (size_t i = 0; i < years; i++) {
        qk_ratio value = qk_ratio_add(from, qk_ratio_mul(step, qk_ratio_int((int64_t)i + 1)));
        if (there)
            out[i] = base;
        else if (i + 1 == years)
            out[i] = goal;
        else
            QK_TRY(qk_ratio_round(&out[i], value, 1));
    }
    return QK_OK;
}

qk_ratio qk_target_weighted_mean(const qk_dec *value, const qk_dec *weight, size_t count)
{
    qk_ratio sum = qk_ratio_int(0), weights = qk_ratio_int(0);
    for (size_t i = 0; i < count; i++) {
        qk_ratio w = qk_ratio_dec(weight[i]);
        sum = qk_ratio_add(sum, qk_ratio_mul(w, qk_ratio_dec(value[i])));
        weights = qk_ratio_add(weights, w);
    }
    return qk_ratio_div(sum, weights);
}
