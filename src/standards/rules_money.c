/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of deductions, subsidies and of the assessment as JSON. */
#include "standards/rules_private.h"

enum { YUAN_MOST = 100000000, SIZE_MOST = 1000000 };

typedef qk_rules_place place;
#define refuse qk_rules_refuse
#define READ_HEAD(at, row, out)                                                        \
    QK_TRY(qk_rules_read_head(at, row, (out)->name, sizeof(out)->name, (out)->source,  \
                              sizeof(out)->source, (out)->source_zh, &(out)->from_day, \
                              &(out)->to_day))

static bool read_whole(const qk_json_value *object, const char *name, int64_t most, int32_t *out)
{
    int64_t value = 0;
    if (!qk_json_get_i64(object, name, &value) || value < 0 || value > most) return false;
    *out = (int32_t)value;
    return true;
}

static qk_code read_item(place *at, const qk_json_value *v, qk_amount_item *out)
{
    qk_str code = qk_json_get_str(v, "code"), zh = qk_json_get_str(v, "zh");
    qk_str per = qk_json_get_str(v, "per");
    if (!code.len || code.len >= sizeof out->code || !zh.len || zh.len >= sizeof out->zh)
        return refuse(at, "an item has a code and a zh of bounded length");
    qk_str_copy(out->code, sizeof out->code, code);
    qk_str_copy(out->zh, sizeof out->zh, zh);
    if (!read_whole(v, "yuan", YUAN_MOST, &out->yuan))
        return refuse(at, "yuan is a whole number up to 100,000,000");
    const qk_json_value *up_to = qk_json_get(v, "up_to");
    if (up_to && up_to->type != QK_JSON_NULL && !read_whole(v, "up_to", SIZE_MOST, &out->up_to))
        return refuse(at, "up_to is a whole number");
    out->stacks = qk_str_eq(per, QK_STR("item"));
    return out->stacks || !per.len || qk_str_eq(per, QK_STR("fact"))
               ? QK_OK
               : refuse(at, "per is item or fact");
}

qk_code qk_amount_rule_read(place *at, const qk_json_value *row, void *into)
{
    qk_amount_rule *out = into;
    const qk_json_value *items = qk_json_get(row, "items");
    READ_HEAD(at, row, out);
    if (!items || items->type != QK_JSON_ARRAY || !items->count || items->count > QK_AMOUNT_ITEMS)
        return refuse(at, "1 to 24 items are needed");
    for (const qk_json_value *v = items->first; v; v = v->next) {
        qk_amount_item *item = &out->items[out->count];
        QK_TRY(read_item(at, v, item));
        for (size_t i = 0; i < out->count; i++)
            if (strcmp(out->items[i].code, item->code) == 0 &&
                (!out->items[i].up_to || out->items[i].up_to >= item->up_to))
                return refuse(at, "an item that could never hold");
        out->count++;
    }
    return QK_OK;
}

void qk_amount_rule_write(qk_json_writer *w, const void *row)
{
    const qk_amount_rule *rule = row;
    qk_rules_write_head(w, rule->name, rule->source, rule->source_zh, rule->from_day, rule->to_day);
    qk_json_key(w, "items");
    qk_json_array(w);
    for (size_t i = 0; i < rule->count; i++) {
        const qk_amount_item *item = &rule->items[i];
        qk_json_object(w);
        qk_json_kcstr(w, "code", item->code);
        qk_json_kcstr(w, "zh", item->zh);
        qk_json_ki64(w, "yuan", item->yuan);
        qk_json_kcstr(w, "per", item->stacks ? "item" : "fact");
        qk_json_key(w, "up_to");
        item->up_to ? qk_json_i64(w, item->up_to) : qk_json_null(w);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_end(w);
}

static const qk_rules_number assess_numbers[] = {QK_RULES_MICRO(qk_assess_rule, air_points),
                                                 QK_RULES_MICRO(qk_assess_rule, task_points),
                                                 QK_RULES_MICRO(qk_assess_rule, problem_points),
                                                 QK_RULES_MICRO(qk_assess_rule, initiative_points),
                                                 QK_RULES_MICRO(qk_assess_rule, points_per_ug),
                                                 QK_RULES_MICRO(qk_assess_rule, penalty_below)};

qk_code qk_assess_rule_read(place *at, const qk_json_value *row, void *into)
{
    qk_assess_rule *out = into;
    READ_HEAD(at, row, out);
    QK_TRY(qk_rules_read_numbers(at, row, assess_numbers, QK_RULES_COUNT(assess_numbers), out));
    out->whole_ug = qk_json_get_bool(row, "whole_ug", false);
    out->worse_is_zero = qk_json_get_bool(row, "worse_is_zero", true);
    return QK_OK;
}

void qk_assess_rule_write(qk_json_writer *w, const void *row)
{
    const qk_assess_rule *rule = row;
    qk_rules_write_head(w, rule->name, rule->source, rule->source_zh, rule->from_day, rule->to_day);
    qk_rules_write_numbers(w, assess_numbers, QK_RULES_COUNT(assess_numbers), rule);
    qk_json_kbool(w, "whole_ug", rule->whole_ug);
    qk_json_kbool(w, "worse_is_zero", rule->worse_is_zero);
    qk_json_end(w);
}
