/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of heavy-pollution warnings and of sources of pollution as JSON. */
#include "standards/rules_private.h"

enum { AQI_MOST = 500, DAYS_MOST = 30, PA_MOST = 1000000, DEC_DECIMALS = 6 };
static const int64_t dec_most = 1000000;

typedef qk_rules_place place;
#define refuse qk_rules_refuse
#define READ_HEAD(at, row, out)                                                        \
    QK_TRY(qk_rules_read_head(at, row, (out)->name, sizeof(out)->name, (out)->source,  \
                              sizeof(out)->source, (out)->source_zh, &(out)->from_day, \
                              &(out)->to_day))
#define WRITE_HEAD(w, rule)                                                                   \
    qk_rules_write_head(w, (rule)->name, (rule)->source, (rule)->source_zh, (rule)->from_day, \
                        (rule)->to_day)

/* A number 0 .. 1,000,000 of at most six decimals. */
static bool read_dec(const qk_json_value *v, qk_dec *out)
{
    if (!v || v->type != QK_JSON_NUMBER || qk_dec_parse_e(out, v->text) != QK_OK) return false;
    return out->mantissa >= 0 && out->scale <= DEC_DECIMALS &&
           qk_dec_cmp(*out, (qk_dec){dec_most, 0}) <= 0;
}

/* Lists of `width` whole numbers above 0, ascending by the first. */
static qk_code read_matrix(const place *at, const qk_json_value *list, size_t width, size_t most,
                           int32_t *out, size_t *rows)
{
    *rows = 0;
    if (!list || list->type != QK_JSON_ARRAY || list->count == 0 || list->count > most)
        return refuse(at, "a list of rows is needed, not empty and not too long");
    for (const qk_json_value *row = list->first; row; row = row->next, ++*rows) {
        int32_t *into = out + *rows * width;
        size_t n = 0;
        if (row->type != QK_JSON_ARRAY || row->count != width)
            return refuse(at, "a row has the wrong number of columns");
        for (const qk_json_value *v = row->first; v; v = v->next) {
            int64_t value;
            if (v->type != QK_JSON_NUMBER || qk_parse_i64(&value, v->text) != QK_OK || value < 1 ||
                value > PA_MOST)
                return refuse(at, "whole numbers above 0 are needed");
            into[n++] = (int32_t)value;
        }
        if (*rows > 0 && into[0] <= (into - width)[0]) return refuse(at, "must ascend");
    }
    return QK_OK;
}

static void write_matrix(qk_json_writer *w, const char *name, const int32_t *from, size_t width,
                         size_t rows)
{
    qk_json_key(w, name);
    qk_json_array(w);
    for (size_t i = 0; i < rows; i++) {
        qk_json_array(w);
        for (size_t k = 0; k < width; k++) qk_json_i64(w, from[i * width + k]);
        qk_json_end(w);
    }
    qk_json_end(w);
}

/* ---- warnings ---- */

static const qk_rules_number warning_numbers[] = {
    QK_RULES_WHOLE(qk_warning_rule, release_hours, 1000)};
static const qk_rules_number share_numbers[] = {
    {"yellow", QK_WARNING_YELLOW * sizeof(int32_t), false, 100},
    {"orange", QK_WARNING_ORANGE * sizeof(int32_t), false, 100},
    {"red", QK_WARNING_RED * sizeof(int32_t), false, 100}};
static const qk_rules_number condition_numbers[] = {
    QK_RULES_WHOLE(qk_warning_condition, above, AQI_MOST),
    QK_RULES_WHOLE(qk_warning_condition, days, DAYS_MOST),
    QK_RULES_WHOLE(qk_warning_condition, peak_above, AQI_MOST),
    QK_RULES_WHOLE(qk_warning_condition, peak_days, DAYS_MOST)};
/* A condition without a peak does without its numbers. */
enum { WITHOUT_PEAK = 2 };

static qk_code read_condition(place *at, const qk_json_value *v, qk_warning_condition *out)
{
    qk_warning_level level;
    bool peak = qk_json_get(v, "peak_above") || qk_json_get(v, "peak_days");
    if (qk_warning_level_find(&level, qk_json_get_str(v, "level")) != QK_OK ||
        level == QK_WARNING_NONE)
        return refuse(at, "level is yellow, orange or red");
    *out = (qk_warning_condition){.level = (int32_t)level};
    QK_TRY(qk_rules_read_numbers(at, v, condition_numbers,
                                 peak ? QK_RULES_COUNT(condition_numbers) : WITHOUT_PEAK, out));
    at->item = "conditions";
    if (out->days < 1) return refuse(at, "days is at least 1");
    if (peak && (out->peak_days < 1 || out->peak_above < out->above))
        return refuse(at, "a peak lasts at least 1 day and is not below 'above'");
    return QK_OK;
}

qk_code qk_warning_rule_read(place *at, const qk_json_value *row, void *into)
{
    qk_warning_rule *out = into;
    const qk_json_value *list = qk_json_get(row, "conditions");
    READ_HEAD(at, row, out);
    QK_TRY(qk_rules_read_numbers(at, row, warning_numbers, QK_RULES_COUNT(warning_numbers), out));
    QK_TRY(qk_rules_read_numbers(at, qk_json_get(row, "reduction_percent"), share_numbers,
                                 QK_RULES_COUNT(share_numbers), out->share_percent));
    at->item = "conditions";
    if (!list || list->type != QK_JSON_ARRAY || list->count == 0 ||
        list->count > QK_WARNING_CONDITIONS)
        return refuse(at, "1 to 12 conditions are needed");
    for (const qk_json_value *v = list->first; v; v = v->next)
        QK_TRY(read_condition(at, v, &out->condition[out->condition_count++]));
    at->item = NULL;
    return QK_OK;
}

void qk_warning_rule_write(qk_json_writer *w, const void *row)
{
    const qk_warning_rule *rule = row;
    WRITE_HEAD(w, rule);
    qk_rules_write_numbers(w, warning_numbers, QK_RULES_COUNT(warning_numbers), rule);
    qk_json_key(w, "reduction_percent");
    qk_json_object(w);
    qk_rules_write_numbers(w, share_numbers, QK_RULES_COUNT(share_numbers), rule->share_percent);
    qk_json_end(w);
    qk_json_key(w, "conditions");
    qk_json_array(w);
    for (size_t i = 0; i < rule->condition_count; i++) {
        const qk_warning_condition *c = &rule->condition[i];
        qk_json_object(w);
        qk_json_kcstr(w, "level", qk_warning_level_name((qk_warning_level)c->level));
        qk_rules_write_numbers(w, condition_numbers,
                               c->peak_days ? QK_RULES_COUNT(condition_numbers) : WITHOUT_PEAK, c);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_end(w);
}

/* ---- leaks ---- */

static const char *const media[QK_LDAR_MEDIA] = {"gas", "light_liquid", "heavy_liquid"};
static const qk_rules_number region_numbers[] = {{"general", 0, false, 1000000},
                                                 {"key", sizeof(int32_t), false, 1000000}};

qk_code qk_ldar_rule_read(place *at, const qk_json_value *row, void *into)
{
    qk_ldar_rule *out = into;
    const qk_json_value *items = qk_json_get(row, "items");
    READ_HEAD(at, row, out);
    for (int i = 0; i < QK_LDAR_MEDIA; i++) {
        const qk_json_value *v = qk_json_get(items, media[i]);
        at->item = media[i];
        if (!v) return refuse(at, "every medium is needed");
        QK_TRY(qk_rules_read_numbers(at, v, region_numbers, QK_RULES_COUNT(region_numbers),
                                     out->threshold[i]));
    }
    at->item = NULL;
    return QK_OK;
}

void qk_ldar_rule_write(qk_json_writer *w, const void *row)
{
    const qk_ldar_rule *rule = row;
    WRITE_HEAD(w, rule);
    qk_json_key(w, "items");
    qk_json_object(w);
    for (int i = 0; i < QK_LDAR_MEDIA; i++) {
        qk_json_key(w, media[i]);
        qk_json_object(w);
        qk_rules_write_numbers(w, region_numbers, QK_RULES_COUNT(region_numbers),
                               rule->threshold[i]);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_end(w);
}

/* ---- petrol vapour ---- */

qk_code qk_vapour_rule_read(place *at, const qk_json_value *row, void *into)
{
    qk_vapour_rule *out = into;
    const qk_json_value *ratio = qk_json_get(row, "air_to_liquid");
    READ_HEAD(at, row, out);
    at->item = "tightness";
    QK_TRY(read_matrix(at, qk_json_get(row, at->item), 1 + QK_VAPOUR_COLUMNS, QK_VAPOUR_ROWS,
                       out->tightness[0], &out->rows));
    at->item = "resistance";
    QK_TRY(read_matrix(at, qk_json_get(row, at->item), 2, QK_VAPOUR_FLOWS, out->resistance[0],
                       &out->flows));
    at->item = "air_to_liquid";
    if (!ratio || ratio->type != QK_JSON_ARRAY || ratio->count != 2 ||
        !read_dec(ratio->first, &out->ratio_min) ||
        !read_dec(ratio->first->next, &out->ratio_max) ||
        qk_dec_cmp(out->ratio_min, out->ratio_max) > 0)
        return refuse(at, "[least, largest] is needed");
    at->item = NULL;
    return QK_OK;
}

void qk_vapour_rule_write(qk_json_writer *w, const void *row)
{
    const qk_vapour_rule *rule = row;
    WRITE_HEAD(w, rule);
    write_matrix(w, "tightness", rule->tightness[0], 1 + QK_VAPOUR_COLUMNS, rule->rows);
    write_matrix(w, "resistance", rule->resistance[0], 2, rule->flows);
    qk_json_key(w, "air_to_liquid");
    qk_json_array(w);
    qk_json_dec(w, rule->ratio_min);
    qk_json_dec(w, rule->ratio_max);
    qk_json_end(w);
    qk_json_end(w);
}

/* ---- ecological compensation ---- */

static qk_code read_tiers(const place *at, const qk_json_value *list, qk_compensation_tier *out,
                          size_t *count)
{
    if (list->type != QK_JSON_ARRAY || list->count == 0 || list->count > QK_COMPENSATION_TIERS)
        return refuse(at, "1 to 8 tiers are needed");
    for (const qk_json_value *v = list->first; v; v = v->next, ++*count) {
        qk_compensation_tier *tier = &out[*count];
        const qk_json_value *up_to = qk_json_get(v, "up_to");
        if (!read_dec(qk_json_get(v, "wan_yuan_per_ug"), &tier->wan_yuan_per_ug))
            return refuse(at, "wan_yuan_per_ug is a number of at most 6 decimals");
        if (!v->next) {
            if (up_to && up_to->type != QK_JSON_NULL)
                return refuse(at, "the last tier is open: up_to is null");
            continue;
        }
        if (!read_dec(up_to, &tier->up_to_ug_m3) || tier->up_to_ug_m3.mantissa == 0 ||
            (*count && qk_dec_cmp(tier->up_to_ug_m3, tier[-1].up_to_ug_m3) <= 0))
            return refuse(at, "up_to is a number above that of the tier before");
    }
    return QK_OK;
}

qk_code qk_compensation_rule_read(place *at, const qk_json_value *row, void *into)
{
    qk_compensation_rule *out = into;
    const qk_json_value *items = qk_json_get(row, "items");
    READ_HEAD(at, row, out);
    for (const qk_json_value *v = items ? items->first : NULL; v; v = v->next) {
        int p = 0;
        while (p < QK_POLLUTANTS &&
               !qk_str_eq(v->name, qk_str_of(qk_pollutant_name((qk_pollutant)p))))
            p++;
        if (p == QK_POLLUTANTS) return refuse(at, "no such item; SO2 … O3");
        at->item = qk_pollutant_name((qk_pollutant)p);
        if (out->tier_count[p]) return refuse(at, "the item stands there twice");
        QK_TRY(read_tiers(at, v, out->tiers[p], &out->tier_count[p]));
        at->item = NULL;
    }
    return QK_OK;
}

static void write_tier(qk_json_writer *w, const qk_compensation_tier *tier, bool last)
{
    qk_json_object(w);
    qk_json_key(w, "up_to");
    last ? qk_json_null(w) : qk_json_dec(w, tier->up_to_ug_m3);
    qk_json_key(w, "wan_yuan_per_ug");
    qk_json_dec(w, tier->wan_yuan_per_ug);
    qk_json_end(w);
}

void qk_compensation_rule_write(qk_json_writer *w, const void *row)
{
    const qk_compensation_rule *rule = row;
    WRITE_HEAD(w, rule);
    qk_json_key(w, "items");
    qk_json_object(w);
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        size_t count = rule->tier_count[p];
        if (count == 0) continue;
        qk_json_key(w, qk_pollutant_name((qk_pollutant)p));
        qk_json_array(w);
        for (size_t i = 0; i < count; i++) write_tier(w, &rule->tiers[p][i], i + 1 == count);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_end(w);
}

/* ---- kitchens, stacks ---- */

static const qk_rules_number fume_numbers[] = {
    QK_RULES_WHOLE(qk_fume_rule, stove_flow_m3h, 1000000),
    QK_RULES_MICRO(qk_fume_rule, limit_mg_m3)};
static const qk_rules_number cems_numbers[] = {
    QK_RULES_WHOLE(qk_cems_rule, hour_minutes, 60),
    QK_RULES_WHOLE(qk_cems_rule, capture_percent, 100),
    QK_RULES_WHOLE(qk_cems_rule, good_capture_percent, 100),
    QK_RULES_WHOLE(qk_cems_rule, short_hours, 1000)};

qk_code qk_fume_rule_read(place *at, const qk_json_value *row, void *into)
{
    qk_fume_rule *out = into;
    READ_HEAD(at, row, out);
    QK_TRY(qk_rules_read_numbers(at, row, fume_numbers, QK_RULES_COUNT(fume_numbers), out));
    if (out->stove_flow_m3h < 1 || out->limit_mg_m3 <= 0)
        return refuse(at, "the flow of a stove and the limit are above 0");
    return QK_OK;
}

void qk_fume_rule_write(qk_json_writer *w, const void *row)
{
    WRITE_HEAD(w, (const qk_fume_rule *)row);
    qk_rules_write_numbers(w, fume_numbers, QK_RULES_COUNT(fume_numbers), row);
    qk_json_end(w);
}

qk_code qk_cems_rule_read(place *at, const qk_json_value *row, void *into)
{
    qk_cems_rule *out = into;
    READ_HEAD(at, row, out);
    QK_TRY(qk_rules_read_numbers(at, row, cems_numbers, QK_RULES_COUNT(cems_numbers), out));
    if (out->good_capture_percent < out->capture_percent)
        return refuse(at, "good_capture_percent is not below capture_percent");
    return QK_OK;
}

void qk_cems_rule_write(qk_json_writer *w, const void *row)
{
    WRITE_HEAD(w, (const qk_cems_rule *)row);
    qk_rules_write_numbers(w, cems_numbers, QK_RULES_COUNT(cems_numbers), row);
    qk_json_end(w);
}

/* ---- data ---- */

static const qk_rules_number fraud_numbers[] = {
    QK_RULES_WHOLE(qk_fraud_rule, set_items, 1000),
    QK_RULES_WHOLE(qk_fraud_rule, run_values, 20),
    QK_RULES_WHOLE(qk_fraud_rule, run_distinct, 20),
    QK_RULES_WHOLE(qk_fraud_rule, digits_least, 1000000),
    QK_RULES_WHOLE(qk_fraud_rule, digits_chi2, 10000),
    QK_RULES_WHOLE(qk_fraud_rule, back_days, 10000),
    QK_RULES_WHOLE(qk_fraud_rule, hours_run, 240),
    QK_RULES_WHOLE(qk_fraud_rule, hours_distinct, 240),
    QK_RULES_WHOLE(qk_fraud_rule, hours_late_days, 10000)};
static const qk_rules_number component_numbers[] = {
    QK_RULES_WHOLE(qk_component_rule, ratio_low_percent, 1000),
    QK_RULES_WHOLE(qk_component_rule, ratio_high_percent, 1000),
    QK_RULES_WHOLE(qk_component_rule, ocec_high_percent, 10000)};

qk_code qk_fraud_rule_read(place *at, const qk_json_value *row, void *into)
{
    qk_fraud_rule *out = into;
    READ_HEAD(at, row, out);
    QK_TRY(qk_rules_read_numbers(at, row, fraud_numbers, QK_RULES_COUNT(fraud_numbers), out));
    if (out->set_items < 2 || out->run_values < 2 || out->hours_run < 2)
        return refuse(at, "set_items, run_values and hours_run are at least 2");
    return QK_OK;
}

void qk_fraud_rule_write(qk_json_writer *w, const void *row)
{
    WRITE_HEAD(w, (const qk_fraud_rule *)row);
    qk_rules_write_numbers(w, fraud_numbers, QK_RULES_COUNT(fraud_numbers), row);
    qk_json_end(w);
}

qk_code qk_component_rule_read(place *at, const qk_json_value *row, void *into)
{
    qk_component_rule *out = into;
    READ_HEAD(at, row, out);
    QK_TRY(
        qk_rules_read_numbers(at, row, component_numbers, QK_RULES_COUNT(component_numbers), out));
    if (out->ratio_low_percent > out->ratio_high_percent)
        return refuse(at, "ratio_low_percent lies above ratio_high_percent");
    return QK_OK;
}

void qk_component_rule_write(qk_json_writer *w, const void *row)
{
    WRITE_HEAD(w, (const qk_component_rule *)row);
    qk_rules_write_numbers(w, component_numbers, QK_RULES_COUNT(component_numbers), row);
    qk_json_end(w);
}
