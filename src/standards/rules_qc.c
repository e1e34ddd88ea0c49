/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the automatic checks of hours as JSON. */
#include "standards/rules_private.h"

enum { MICRO_DECIMALS = 6 };

static const qk_rules_number limit_numbers[] = {
    QK_RULES_MICRO(qk_qc_limits, low),
    QK_RULES_MICRO(qk_qc_limits, high),
    QK_RULES_WHOLE(qk_qc_limits, stuck_hours, QK_QC_STUCK_MAX),
    QK_RULES_MICRO(qk_qc_limits, stuck_above),
    QK_RULES_MICRO(qk_qc_limits, jump),
    QK_RULES_WHOLE(qk_qc_limits, jump_percent, 100000),
    QK_RULES_MICRO(qk_qc_limits, near),
    QK_RULES_WHOLE(qk_qc_limits, near_percent, 100000),
    QK_RULES_MICRO(qk_qc_limits, past),
    QK_RULES_WHOLE(qk_qc_limits, past_mads_tenths, 100000),
    QK_RULES_MICRO(qk_qc_limits, zero),
};
static const qk_rules_number rule_numbers[] = {
    QK_RULES_MICRO(qk_qc_rule, order),
    QK_RULES_WHOLE(qk_qc_rule, order_percent, 1000),
    QK_RULES_WHOLE(qk_qc_rule, near_km, 1000),
    QK_RULES_WHOLE(qk_qc_rule, near_least, QK_QC_NEAR_MAX),
    QK_RULES_WHOLE(qk_qc_rule, past_days, QK_QC_PAST_MAX),
    QK_RULES_WHOLE(qk_qc_rule, past_least, QK_QC_PAST_MAX),
    QK_RULES_WHOLE(qk_qc_rule, span_percent, 100),
    QK_RULES_WHOLE(qk_qc_rule, precision_percent, 100),
    QK_RULES_WHOLE(qk_qc_rule, comparison_percent, 100),
    QK_RULES_WHOLE(qk_qc_rule, flow_percent, 100),
};
static const qk_rules_number interference_numbers[] = {
    QK_RULES_WHOLE(qk_qc_interference, hours, 6),
    QK_RULES_WHOLE(qk_qc_interference, fall_percent, 100),
    QK_RULES_WHOLE(qk_qc_interference, near_fall_percent, 100),
    QK_RULES_MICRO(qk_qc_interference, least),
    QK_RULES_WHOLE(qk_qc_interference, smooth_hours, 24),
    QK_RULES_WHOLE(qk_qc_interference, smooth_permille, 1000),
    QK_RULES_WHOLE(qk_qc_interference, smooth_factor, 1000),
    QK_RULES_WHOLE(qk_qc_interference, spray_metres, 10000),
};

static bool read_micro(const qk_json_value *v, int64_t *out)
{
    qk_dec d, wide;
    if (v->type != QK_JSON_NUMBER || qk_dec_parse_e(&d, v->text) != QK_OK) return false;
    if (d.scale > MICRO_DECIMALS || qk_dec_round(&wide, d, MICRO_DECIMALS) != QK_OK) return false;
    *out = wide.mantissa;
    return wide.mantissa >= -(int64_t)100000000000 && wide.mantissa <= (int64_t)100000000000;
}

static qk_code read_number(const qk_rules_place *at, const qk_rules_number *n,
                           const qk_json_value *v, void *out)
{
    int64_t value;
    if (n->micro) {
        if (!read_micro(v, &value))
            return qk_rules_refuse(at, "a concentration of at most 6 decimals is needed");
        memcpy((char *)out + n->at, &value, sizeof value);
        return QK_OK;
    }
    if (v->type != QK_JSON_NUMBER || qk_parse_i64(&value, v->text) != QK_OK || value < 0 ||
        value > n->most)
        return qk_rules_refuse(at, "a whole number within the bounds is needed");
    int32_t small = (int32_t)value;
    memcpy((char *)out + n->at, &small, sizeof small);
    return QK_OK;
}

qk_code qk_rules_read_numbers(qk_rules_place *at, const qk_json_value *object,
                              const qk_rules_number *list, size_t count, void *out)
{
    for (size_t i = 0; i < count; i++) {
        const qk_json_value *v = qk_json_get(object, list[i].name);
        at->item = list[i].name;
        if (!v) return qk_rules_refuse(at, "is missing");
        QK_TRY(read_number(at, &list[i], v, out));
    }
    at->item = NULL;
    return QK_OK;
}

qk_code qk_qc_rule_read(qk_rules_place *at, const qk_json_value *row, void *into)
{
    qk_qc_rule *out = into;
    const qk_json_value *items = qk_json_get(row, "items");
    *out = (qk_qc_rule){.from_day = 0};
    QK_TRY(qk_rules_read_head(at, row, out->name, sizeof out->name, out->source, sizeof out->source,
                              out->source_zh, &out->from_day, &out->to_day));
    QK_TRY(qk_rules_read_numbers(at, row, rule_numbers, QK_RULES_COUNT(rule_numbers), out));
    QK_TRY(qk_rules_read_numbers(at, qk_json_get(row, "interference"), interference_numbers,
                                 QK_RULES_COUNT(interference_numbers), &out->interference));
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        const qk_json_value *v = qk_json_get(items, qk_pollutant_name((qk_pollutant)p));
        at->item = qk_pollutant_name((qk_pollutant)p);
        if (!v) return qk_rules_refuse(at, "every pollutant is needed");
        QK_TRY(qk_rules_read_numbers(at, v, limit_numbers, QK_RULES_COUNT(limit_numbers),
                                     &out->item[p]));
    }
    if (out->near_least < 1 || out->past_least < 1)
        return qk_rules_refuse(at, "near_least and past_least are at least 1");
    return QK_OK;
}

void qk_rules_write_numbers(qk_json_writer *w, const qk_rules_number *list, size_t count,
                            const void *from)
{
    for (size_t i = 0; i < count; i++) {
        const char *place = (const char *)from + list[i].at;
        qk_json_key(w, list[i].name);
        if (list[i].micro) {
            int64_t value;
            memcpy(&value, place, sizeof value);
            qk_json_dec(w, qk_dec_trim((qk_dec){value, MICRO_DECIMALS}));
        } else {
            int32_t value;
            memcpy(&value, place, sizeof value);
            qk_json_i64(w, value);
        }
    }
}

void qk_qc_rule_write(qk_json_writer *w, const void *row)
{
    const qk_qc_rule *rule = row;
    qk_rules_write_head(w, rule->name, rule->source, rule->source_zh, rule->from_day, rule->to_day);
    qk_rules_write_numbers(w, rule_numbers, QK_RULES_COUNT(rule_numbers), rule);
    qk_json_key(w, "interference");
    qk_json_object(w);
    qk_rules_write_numbers(w, interference_numbers, QK_RULES_COUNT(interference_numbers),
                           &rule->interference);
    qk_json_end(w);
    qk_json_key(w, "items");
    qk_json_object(w);
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        qk_json_key(w, qk_pollutant_name((qk_pollutant)p));
        qk_json_object(w);
        qk_rules_write_numbers(w, limit_numbers, QK_RULES_COUNT(limit_numbers), &rule->item[p]);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_end(w);
}
