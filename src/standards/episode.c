/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/episode.h"
#include <math.h>

enum { DAY = 24 };

static const qk_episode_rule shipped = {
    75, 6, "GB 3095-2012, table 1: PM2.5, 24 h, class 2; six hours: a convention",
    "GB 3095-2012 表1：PM2.5 日均二级限值；6 小时为约定"};

const qk_episode_rule *qk_episode_rule_shipped(void)
{
    return &shipped;
}

typedef struct row {
    const qk_episode_rule *rule;
    const int32_t *aqi;
    const double *pm25;
    size_t days;
} row;

static bool above(const row *r, size_t hour)
{
    return r->pm25[hour] > r->rule->above;
}

/* From an hour that is above outwards: the last above before the air is clear. */
static size_t reach(const row *r, size_t hour, int step)
{
    size_t edge = hour, end = r->days * DAY;
    int32_t clear = 0;
    for (int k = 1; k <= QK_EPISODE_REACH && clear < r->rule->clear_hours; k++) {
        if (step < 0 ? hour < (size_t)k : hour + (size_t)k >= end) break;
        size_t at = step < 0 ? hour - (size_t)k : hour + (size_t)k;
        clear = above(r, at) ? 0 : clear + 1;
        if (!clear) edge = at;
    }
    return edge;
}

static void find_hours(qk_episode *e, const row *r)
{
    size_t first = e->first_day * DAY, last = (e->last_day + 1) * DAY - 1;
    e->from = first;
    e->to = last + 1;
    while (first <= last && !above(r, first)) first++;
    if (first > last) return;
    while (!above(r, last)) last--;
    e->hours_known = true;
    e->from = reach(r, first, -1);
    e->to = reach(r, last, 1) + 1;
}

static void measure(qk_episode *e, const row *r)
{
    e->aqi = -1;
    e->peak = NAN;
    e->hours_above = 0;
    for (size_t d = e->first_day; d <= e->last_day; d++)
        if (r->aqi[d] > e->aqi) e->aqi = r->aqi[d], e->worst_day = d;
    for (size_t h = e->from; h < e->to; h++) {
        e->hours_above += above(r, h);
        if (isfinite(r->pm25[h]) && !(r->pm25[h] <= e->peak))
            e->peak = r->pm25[h], e->peak_hour = h;
    }
    e->runs = e->last_day + 1 == r->days || e->to == r->days * DAY;
}

/* One that begins sooner than release_hours after the one before is part of it. */
static bool join(qk_episode *before, const qk_episode *e, int32_t release_hours)
{
    if (e->from >= before->to + (size_t)release_hours) return false;
    before->last_day = e->last_day;
    if (e->to > before->to) before->to = e->to;
    if (e->level > before->level) before->level = e->level;
    before->hours_known = before->hours_known && e->hours_known;
    return true;
}

qk_code qk_episodes_find(qk_episode *out, size_t most, size_t *n, const qk_warning_rule *warning,
                         const qk_episode_rule *rule, const int32_t *aqi, const double *pm25,
                         size_t days, qk_error *err)
{
    const row r = {rule, aqi, pm25, days};
    qk_warning_level level[QK_EPISODE_DAYS];
    *n = 0;
    if (days > QK_EPISODE_DAYS || !(rule->above > 0) || rule->clear_hours < 1)
        return qk_fail(err, QK_EINVAL, "at most %d days, a limit above 0 and at least one hour",
                       QK_EPISODE_DAYS);
    qk_warning_of_days(level, warning, aqi, days);
    for (size_t d = 0; d < days; d++) {
        if (level[d] == QK_WARNING_NONE) continue;
        qk_episode e = {.first_day = d, .level = level[d]};
        for (; d + 1 < days && level[d + 1] != QK_WARNING_NONE; d++)
            if (level[d + 1] > e.level) e.level = level[d + 1];
        e.last_day = d;
        find_hours(&e, &r);
        if (*n && join(&out[*n - 1], &e, warning->release_hours)) continue;
        if (*n == most) return qk_fail(err, QK_EFULL, "more than %zu episodes", most);
        out[(*n)++] = e;
    }
    for (size_t i = 0; i < *n; i++) measure(&out[i], &r);
    return QK_OK;
}
