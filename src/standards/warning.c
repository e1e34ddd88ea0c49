/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/warning.h"

enum { DAY_2024_01_23 = 19745 };

#define SHARES                                                                    \
    {                                                                             \
        [QK_WARNING_YELLOW] = 10, [QK_WARNING_ORANGE] = 20, [QK_WARNING_RED] = 30 \
    }

/* The AQI ends at 500: a day "at 500" is one above 499. */
static const qk_warning_rule shipped[] = {
    {"HBDQH2019-648",
     "环办大气函〔2019〕648号, to 2024-01-22",
     "环办大气函〔2019〕648号，施行至 2024-01-22",
     INT32_MIN,
     DAY_2024_01_23 - 1,
     36,
     SHARES,
     {{QK_WARNING_RED, 499, 1, 0, 0},
      {QK_WARNING_RED, 200, 4, 300, 2},
      {QK_WARNING_ORANGE, 200, 3, 0, 0},
      {QK_WARNING_YELLOW, 200, 2, 0, 0}},
     4},
    {"HDQ2024-6",
     "环大气〔2024〕6号, from 2024-01-23",
     "环大气〔2024〕6号，自 2024-01-23 施行",
     DAY_2024_01_23,
     INT32_MAX,
     36,
     SHARES,
     {{QK_WARNING_RED, 200, 3, 300, 1},
      {QK_WARNING_ORANGE, 200, 2, 0, 0},
      {QK_WARNING_ORANGE, 150, 3, 0, 0},
      {QK_WARNING_YELLOW, 200, 1, 0, 0},
      {QK_WARNING_YELLOW, 150, 2, 0, 0}},
     5},
};

const qk_warning_rule *qk_warning_rules(size_t *count)
{
    *count = sizeof shipped / sizeof shipped[0];
    return shipped;
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

/* The run of days above what the condition asks for that begins at `from`: one past its last day;
 * *holds: it is long enough and has its peak. */
static size_t run_end(bool *holds, const qk_warning_condition *c, const int32_t *aqi, size_t from,
                      size_t days)
{
    int32_t peak = 0, longest = 0;
    size_t end = from;
    for (; end < days && aqi[end] > c->above; end++) {
        peak = aqi[end] > c->peak_above ? peak + 1 : 0;
        if (peak > longest) longest = peak;
    }
    *holds = end - from >= (size_t)c->days && longest >= c->peak_days;
    return end;
}

static bool holds(const qk_warning_condition *c, const int32_t *aqi, size_t days)
{
    bool one = false;
    for (size_t i = 0; i < days && !one; i++) i = run_end(&one, c, aqi, i, days);
    return one;
}

const qk_warning_condition *qk_warning_condition_of(const qk_warning_rule *rule, const int32_t *aqi,
                                                    size_t days)
{
    const qk_warning_condition *highest = NULL;
    for (size_t i = 0; i < rule->condition_count; i++) {
        const qk_warning_condition *c = &rule->condition[i];
        if ((!highest || c->level > highest->level) && holds(c, aqi, days)) highest = c;
    }
    return highest;
}

qk_warning_level qk_warning_level_of(const qk_warning_rule *rule, const int32_t *aqi, size_t days)
{
    const qk_warning_condition *c = qk_warning_condition_of(rule, aqi, days);
    return c ? (qk_warning_level)c->level : QK_WARNING_NONE;
}

static void mark(qk_warning_level *level, const qk_warning_condition *c, const int32_t *aqi,
                 size_t days)
{
    bool one;
    for (size_t i = 0, end; i < days; i = end + 1) {
        end = run_end(&one, c, aqi, i, days);
        for (size_t k = i; one && k < end; k++)
            if ((int32_t)level[k] < c->level) level[k] = (qk_warning_level)c->level;
    }
}

void qk_warning_of_days(qk_warning_level *level, const qk_warning_rule *rule, const int32_t *aqi,
                        size_t days)
{
    for (size_t i = 0; i < days; i++) level[i] = QK_WARNING_NONE;
    for (size_t i = 0; i < rule->condition_count; i++) mark(level, &rule->condition[i], aqi, days);
}

qk_warning_action qk_warning_step(qk_warning_level *next, const qk_warning_rule *rule,
                                  qk_warning_level now, qk_warning_level supported,
                                  qk_ratio hours_improved)
{
    *next = supported;
    if (supported > now) return now == QK_WARNING_NONE ? QK_WARNING_ISSUE : QK_WARNING_UPGRADE;
    bool lasts = qk_ratio_there(hours_improved) &&
                 qk_ratio_cmp(hours_improved, qk_ratio_int(rule->release_hours)) >= 0;
    if (supported < now && lasts)
        return supported == QK_WARNING_NONE ? QK_WARNING_CANCEL : QK_WARNING_DOWNGRADE;
    *next = now;
    return QK_WARNING_KEEP;
}

int32_t qk_warning_floor(const qk_warning_rule *rule, qk_warning_level level)
{
    int32_t lowest = INT32_MAX;
    for (size_t i = 0; i < rule->condition_count; i++) {
        const qk_warning_condition *c = &rule->condition[i];
        if (c->level == (int32_t)level && c->above < lowest) lowest = c->above;
    }
    return lowest;
}

qk_warning_action qk_warning_ease(qk_warning_level *next, int32_t *hours,
                                  const qk_warning_rule *rule, qk_warning_level now,
                                  const int32_t *aqi, size_t days, size_t today, int32_t hours_left)
{
    qk_warning_level each[QK_WARNING_EASE_DAYS] = {QK_WARNING_NONE}, supported = QK_WARNING_NONE;
    int32_t lasts = hours_left;
    if (days > QK_WARNING_EASE_DAYS) days = QK_WARNING_EASE_DAYS;
    qk_warning_of_days(each, rule, aqi, days);
    for (size_t i = today + 1; i < days && aqi[i] >= 0 && each[i] < now; i++) {
        if (lasts < rule->release_hours && each[i] > supported) supported = each[i];
        lasts += 24;
    }
    if (hours) *hours = lasts;
    return qk_warning_step(next, rule, now, supported, qk_ratio_int(lasts));
}

bool qk_warning_merge(qk_warning_level *level, const qk_warning_rule *rule, const int32_t *aqi,
                      size_t first_days, size_t second_days, qk_ratio gap_hours)
{
    bool one =
        qk_ratio_there(gap_hours) && qk_ratio_cmp(gap_hours, qk_ratio_int(rule->release_hours)) < 0;
    if (one) {
        *level = qk_warning_level_of(rule, aqi, first_days + second_days);
        return true;
    }
    qk_warning_level first = qk_warning_level_of(rule, aqi, first_days);
    qk_warning_level second = qk_warning_level_of(rule, aqi + first_days, second_days);
    *level = first > second ? first : second;
    return false;
}

void qk_reduction_of(qk_reduction *out, const qk_warning_rule *rule, qk_warning_level level,
                     const qk_ratio base[QK_REDUCTIONS], const qk_ratio cut[QK_REDUCTIONS])
{
    qk_ratio least = qk_ratio_int(rule->share_percent[level]);
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
