/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/money.h"
#include <string.h>

enum { MICRO = 6, SHOWN = 2 };

/* ---- amounts ---- */

const qk_amount_rule *qk_deduction_rules(size_t *count)
{
    static const qk_amount_rule shipped[] = {
        {"county2022",
         "Shanyang 2022 No. 7, requirement 2 (nine rules); Xiping action plan 5.2 (fires)",
         "山环攻坚办〔2022〕7号 工作要求二（九条）；西平县行动方案 5.2（焚烧）",
         INT32_MIN,
         INT32_MAX,
         {{"boiler", "35 蒸吨及以下燃煤锅炉", 100000, 35, false},
          {"site_six", "工地不符合“六个百分之百”（每项）", 100000, 0, true},
          {"not_limiting", "企业未落实停限产", 100000, 0, false},
          {"muck_truck", "黑渣土车", 100000, 0, false},
          {"fireworks", "燃放烟花爆竹", 50000, 0, false},
          {"open_pile", "裸露堆放", 10000, 0, false},
          {"no_burn", "禁燃区露天烧烤、散煤、高污染燃料", 10000, 0, false},
          {"restaurant", "餐饮油烟、燃料", 10000, 0, false},
          {"straw_fire", "秸秆焚烧", 500000, 0, false},
          {"other_fire", "其他可燃物焚烧", 100000, 0, false},
          {"other", "其他涉气问题", 10000, 0, false}},
         11}};
    *count = sizeof shipped / sizeof shipped[0];
    return shipped;
}

const qk_amount_rule *qk_subsidy_rules(size_t *count)
{
    static const qk_amount_rule shipped[] = {{"grade2022",
                                              "Shanyang 2022 No. 7, task 24",
                                              "山环攻坚办〔2022〕7号 任务 24",
                                              INT32_MIN,
                                              INT32_MAX,
                                              {{"A", "A 级企业", 100000, 0, false},
                                               {"B", "B 级企业", 50000, 0, false},
                                               {"leading", "绩效引领性企业", 50000, 0, false}},
                                              3}};
    *count = sizeof shipped / sizeof shipped[0];
    return shipped;
}

const qk_amount_item *qk_amount_of(const qk_amount_rule *rule, qk_str code, int64_t size)
{
    const qk_amount_item *other = NULL;
    for (size_t i = 0; i < rule->count; i++) {
        const qk_amount_item *item = &rule->items[i];
        if (strcmp(item->code, "other") == 0) other = item;
        if (qk_str_eq(code, qk_str_of(item->code)) && (!item->up_to || size <= item->up_to))
            return item;
    }
    return other;
}

int64_t qk_amount_yuan(const qk_amount_item *item, int64_t items)
{
    return item->yuan * (item->stacks && items > 1 ? items : 1);
}

/* ---- scores ---- */

const qk_assess_rule *qk_assess_rules(size_t *count)
{
    static const qk_assess_rule shipped[] = {
        {"county2025", "Points of the house; the county's own rule takes their place",
         "本系统默认分值，由本县考核办法替换", INT32_MIN, INT32_MAX, 40000000, 30000000, 20000000,
         10000000, 500000, 60000000, false, true}};
    *count = sizeof shipped / sizeof shipped[0];
    return shipped;
}

static const char *const part_names[QK_ASSESS_PARTS] = {"air", "tasks", "problems", "initiative",
                                                        "deducted"};

const char *qk_assess_part_name(qk_assess_part part)
{
    return part_names[part];
}

static qk_dec at_most(qk_dec a, qk_dec b)
{
    return qk_dec_cmp(a, b) > 0 ? b : a;
}

static qk_code score_air(qk_assess_score *out, const qk_assess_rule *rule,
                         const qk_assess_input *in)
{
    qk_dec over, lost, full = out->full[QK_ASSESS_AIR];
    qk_dec *points = &out->points[QK_ASSESS_AIR];
    const char **why = &out->why[QK_ASSESS_AIR];
    *points = (qk_dec){0, 0};
    *why = "unknown";
    if (!in->air_known) return QK_OK;
    *why = "worse";
    if (rule->worse_is_zero && in->last_known && qk_dec_cmp(in->pm25, in->last_year) > 0)
        return QK_OK;
    QK_TRY(qk_dec_sub(&over, in->pm25, in->target));
    *points = full;
    *why = "within";
    if (over.mantissa <= 0) return QK_OK;
    if (rule->whole_ug) over = (qk_dec){over.mantissa / qk_power_of_ten[over.scale], 0};
    QK_TRY(qk_dec_mul(&lost, over, qk_dec_trim((qk_dec){rule->points_per_ug, MICRO})));
    *why = "over";
    return qk_dec_sub(points, full, at_most(lost, full));
}

/* full x done / all. */
static qk_code score_share(qk_assess_score *out, qk_assess_part part, int64_t done, int64_t all)
{
    qk_dec full = out->full[part];
    out->points[part] = full;
    out->why[part] = all > 0 ? "share" : "none";
    if (all <= 0) return QK_OK;
    if (done < 0 || done > all) return QK_ERANGE;
    return qk_dec_ratio(&out->points[part], (qk_i128)full.mantissa * done,
                        (qk_i128)all * qk_power_of_ten[full.scale], SHOWN);
}

static qk_code sum_up(qk_assess_score *out)
{
    out->total = (qk_dec){0, SHOWN};
    for (int i = 0; i < QK_ASSESS_PARTS; i++) {
        QK_TRY(qk_dec_round(&out->points[i], out->points[i], SHOWN));
        QK_TRY(qk_dec_add(&out->total, out->total, out->points[i]));
    }
    return QK_OK;
}

qk_code qk_assess(qk_assess_score *out, const qk_assess_rule *rule, const qk_assess_input *in)
{
    const int64_t full[QK_ASSESS_PARTS] = {rule->air_points, rule->task_points,
                                           rule->problem_points, rule->initiative_points, 0};
    *out = (qk_assess_score){.penalty = false};
    for (int i = 0; i < QK_ASSESS_PARTS; i++) out->full[i] = qk_dec_trim((qk_dec){full[i], MICRO});
    QK_TRY(score_air(out, rule, in));
    QK_TRY(score_share(out, QK_ASSESS_TASKS, in->tasks_done, in->tasks));
    QK_TRY(score_share(out, QK_ASSESS_PROBLEMS, in->problems_closed, in->problems));
    bool capped = qk_dec_cmp(in->initiative, out->full[QK_ASSESS_INITIATIVE]) > 0;
    out->points[QK_ASSESS_INITIATIVE] = at_most(in->initiative, out->full[QK_ASSESS_INITIATIVE]);
    out->why[QK_ASSESS_INITIATIVE] = capped ? "cap" : "sum";
    out->why[QK_ASSESS_DEDUCTED] = "sum";
    QK_TRY(qk_dec_sub(&out->points[QK_ASSESS_DEDUCTED], (qk_dec){0, 0}, in->deducted));
    QK_TRY(sum_up(out));
    out->targets_met =
        in->air_known && qk_dec_cmp(in->pm25, in->target) <= 0 && in->tasks_done == in->tasks;
    out->penalty = qk_dec_cmp(out->total, (qk_dec){rule->penalty_below, MICRO}) < 0;
    return QK_OK;
}
