/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/warning.h"

enum { DAY_2024_01_23 = 19745 };

qk_warning_rule qk_warning_rule_on(int32_t day)
{
    return day < DAY_2024_01_23 ? QK_WARNING_2019_648 : QK_WARNING_2024_6;
}

const char *qk_warning_rule_source(qk_warning_rule rule)
{
    return rule == QK_WARNING_2024_6 ? "环大气〔2024〕6号, from 2024-01-23"
                                     : "环办大气函〔2019〕648号, to 2024-01-22";
}

static const char *const level_names[] = {"none", "yellow", "orange", "red"};

const char *qk_warning_level_name(qk_warning_level level)
{
    return level_names[level];
}

qk_code qk_warning_level_find(qk_warning_level *out, qk_str name)
{
    for (int i = 0; i <= QK_WARNING_RED; i++)
        if (qk_str_eq(name, qk_str_of(level_names[i]))) {
            *out = (qk_warning_level)i;
            return QK_OK;
        }
    return QK_ENOTFOUND;
}

const char *qk_warning_action_name(qk_warning_action action)
{
    static const char *const names[] = {"keep", "issue", "upgrade", "downgrade", "cancel"};
    return names[action];
}

typedef struct runs {
    size_t above_150;
    size_t above_200;
    bool peak_in_run;    /* above 300 inside the present run above 200 */
    size_t above_300;    /* consecutive */
    size_t longest_peak; /* inside the present run above 200 */
} runs;

static void follow_day(runs *r, int32_t aqi)
{
    r->above_150 = aqi > 150 ? r->above_150 + 1 : 0;
    r->above_300 = aqi > 300 ? r->above_300 + 1 : 0;
    if (aqi <= 200) {
        r->above_200 = 0;
        r->peak_in_run = false;
        r->longest_peak = 0;
        return;
    }
    r->above_200++;
    if (aqi > 300) r->peak_in_run = true;
    if (r->above_300 > r->longest_peak) r->longest_peak = r->above_300;
}

static qk_warning_level level_2024(const runs *r)
{
    if (r->above_200 >= 3 && r->peak_in_run) return QK_WARNING_RED;
    if (r->above_200 >= 2 || r->above_150 >= 3) return QK_WARNING_ORANGE;
    if (r->above_200 >= 1 || r->above_150 >= 2) return QK_WARNING_YELLOW;
    return QK_WARNING_NONE;
}

static qk_warning_level level_2019(const runs *r, int32_t aqi)
{
    if (aqi >= 500 || (r->above_200 >= 4 && r->longest_peak >= 2)) return QK_WARNING_RED;
    if (r->above_200 >= 3) return QK_WARNING_ORANGE;
    return r->above_200 >= 2 ? QK_WARNING_YELLOW : QK_WARNING_NONE;
}

qk_warning_level qk_warning_level_of(qk_warning_rule rule, const int32_t *aqi, size_t days)
{
    runs r = {0};
    qk_warning_level highest = QK_WARNING_NONE;
    for (size_t i = 0; i < days; i++) {
        follow_day(&r, aqi[i]);
        qk_warning_level now = rule == QK_WARNING_2024_6 ? level_2024(&r) : level_2019(&r, aqi[i]);
        if (now > highest) highest = now;
    }
    return highest;
}

qk_warning_action qk_warning_step(qk_warning_level *next, qk_warning_level now,
                                  qk_warning_level supported, qk_ratio hours_improved)
{
    *next = supported;
    if (supported > now) return now == QK_WARNING_NONE ? QK_WARNING_ISSUE : QK_WARNING_UPGRADE;
    bool lasts = qk_ratio_there(hours_improved) &&
                 qk_ratio_cmp(hours_improved, qk_ratio_int(QK_WARNING_RELEASE_HOURS)) >= 0;
    if (supported < now && lasts)
        return supported == QK_WARNING_NONE ? QK_WARNING_CANCEL : QK_WARNING_DOWNGRADE;
    *next = now;
    return QK_WARNING_KEEP;
}

bool qk_warning_merge(qk_warning_level *level, qk_warning_rule rule, const int32_t *aqi,
                      size_t first_days, size_t second_days, qk_ratio gap_hours)
{
    bool one = qk_ratio_there(gap_hours) &&
               qk_ratio_cmp(gap_hours, qk_ratio_int(QK_WARNING_RELEASE_HOURS)) < 0;
    if (one) {
        *level = qk_warning_level_of(rule, aqi, first_days + second_days);
        return true;
    }
    qk_warning_level first = qk_warning_level_of(rule, aqi, first_days);
    qk_warning_level second = qk_warning_level_of(rule, aqi + first_days, second_days);
    *level = first > second ? first : second;
    return false;
}

int32_t qk_reduction_share_min(qk_warning_level level)
{
    return (int32_t)level * 10;
}

void qk_reduction_of(qk_reduction *out, qk_warning_level level, const qk_ratio base[QK_REDUCTIONS],
                     const qk_ratio cut[QK_REDUCTIONS])
{
    qk_ratio least = qk_ratio_int(qk_reduction_share_min(level));
    bool meets[QK_REDUCTIONS];
    *out = (qk_reduction){.known = true, .each_meets = true};
    for (int i = 0; i < QK_REDUCTIONS; i++) {
        out->share_percent[i] = qk_ratio_mul(qk_ratio_div(cut[i], base[i]), qk_ratio_int(100));
        if (!qk_ratio_there(out->share_percent[i])) out->known = false;
        meets[i] = out->known && qk_ratio_cmp(out->share_percent[i], least) >= 0;
        if (!meets[i]) out->each_meets = false;
    }
    if (!out->known) return;
    qk_ratio pair =
        qk_ratio_add(out->share_percent[QK_REDUCTION_SO2], out->share_percent[QK_REDUCTION_NOX]);
    out->meets_with_swap = meets[QK_REDUCTION_PM] && meets[QK_REDUCTION_VOC] &&
                           qk_ratio_there(pair) &&
                           qk_ratio_cmp(pair, qk_ratio_mul(least, qk_ratio_int(2))) >= 0;
}
