/* SPDX-License-Identifier: Apache-2.0 */
#include "models/standout.h"
#include "models/polar.h"
#include <math.h>
#include <stdlib.h>

typedef struct near {
    size_t station;
    double m;
} near;

typedef struct search {
    const qk_standout_rule *rule;
    const qk_standout_station *stations;
    size_t count, hours;
    near *order; /* of the station looked at, nearest first */
    size_t reached;
    double *middle; /* [hours] of its neighbours, NaN = too few */
} search;

double qk_standout_middle(double *values, size_t count)
{
    qk_sort_doubles(values, count);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static int nearest_first(const void *a, const void *b)
{
    const near *x = a, *y = b;
    if (x->m != y->m) return x->m < y->m ? -1 : 1;
    return (x->station > y->station) - (x->station < y->station);
}

static void order_neighbours(search *s, size_t of)
{
    s->reached = 0;
    for (size_t i = 0; i < s->count; i++) {
        double m = qk_place_distance(s->stations[of].at, s->stations[i].at);
        if (i != of && m <= s->rule->reach_m) s->order[s->reached++] = (near){i, m};
    }
    qsort(s->order, s->reached, sizeof *s->order, nearest_first);
}

static double middle_at(const search *s, size_t hour)
{
    double value[QK_STANDOUT_NEIGHBOURS];
    size_t n = 0;
    for (size_t i = 0; i < s->reached && n < (size_t)s->rule->neighbours; i++) {
        double v = s->stations[s->order[i].station].value[hour];
        if (isfinite(v)) value[n++] = v;
    }
    return n && n >= (size_t)s->rule->least ? qk_standout_middle(value, n) : NAN;
}

static bool is_hot(const search *s, size_t of, size_t hour)
{
    double v = s->stations[of].value[hour], m = s->middle[hour];
    return isfinite(v) && isfinite(m) && v >= s->rule->ratio * m && v >= m + s->rule->excess;
}

/* Hot hours in a row from here on. */
static size_t run_from(const search *s, size_t of, size_t hour)
{
    size_t end = hour;
    while (end < s->hours && is_hot(s, of, end)) end++;
    return end - hour;
}

/* Past the last hot hour before the quiet that ends an episode. */
static size_t end_of(const search *s, size_t of, size_t from)
{
    size_t end = from + 1;
    for (size_t h = end; h < s->hours && h < end + (size_t)s->rule->quiet_hours; h++)
        if (is_hot(s, of, h)) end = h + 1;
    return end;
}

static qk_standout episode_of(const search *s, size_t of, size_t from, size_t to)
{
    const double *value = s->stations[of].value;
    qk_standout e = {.station = of, .from = from, .to = to, .worst = from};
    e.known = from + (size_t)s->rule->hours - 1;
    for (size_t h = from; h < to; h++)
        if (value[h] - s->middle[h] > value[e.worst] - s->middle[e.worst]) e.worst = h;
    e.value = value[e.worst];
    e.middle = s->middle[e.worst];
    return e;
}

static void search_station(search *s, size_t of, qk_standout *out, size_t most, size_t *n)
{
    order_neighbours(s, of);
    for (size_t h = 0; h < s->hours; h++) s->middle[h] = middle_at(s, h);
    for (size_t h = 0; h < s->hours && *n < most;) {
        size_t run = run_from(s, of, h);
        if (run < (size_t)s->rule->hours) {
            h += run + 1;
            continue;
        }
        size_t end = end_of(s, of, h + run - 1);
        out[(*n)++] = episode_of(s, of, h, end);
        h = end;
    }
}

qk_code qk_standouts_find(qk_standout *out, size_t most, size_t *n, const qk_standout_rule *rule,
                          const qk_standout_station *stations, size_t count, size_t hours,
                          qk_arena *arena, qk_error *err)
{
    search s = {.rule = rule, .stations = stations, .count = count, .hours = hours};
    *n = 0;
    if (!(rule->ratio > 1) || rule->neighbours < 1 || rule->neighbours > QK_STANDOUT_NEIGHBOURS ||
        rule->least < 1 || rule->hours < 1 || rule->quiet_hours < 1)
        return qk_fail(err, QK_EINVAL, "the rule for hot spots cannot be: see hotspot.* settings");
    s.order = qk_arena_array(arena, count + 1, sizeof *s.order);
    s.middle = qk_arena_array(arena, hours + 1, sizeof *s.middle);
    if (!s.order || !s.middle) return qk_fail(err, QK_ENOMEM, "no memory for %zu stations", count);
    for (size_t i = 0; i < count && *n < most; i++) search_station(&s, i, out, most, n);
    return QK_OK;
}

qk_code qk_standout_about(double *middle, const qk_standout_rule *rule,
                          const qk_standout_station *stations, size_t count, size_t of,
                          size_t hours, qk_arena *arena, qk_error *err)
{
    search s = {.rule = rule, .stations = stations, .count = count, .hours = hours};
    if (rule->neighbours < 1 || rule->neighbours > QK_STANDOUT_NEIGHBOURS || rule->least < 1)
        return qk_fail(err, QK_EINVAL, "the rule for hot spots cannot be: see hotspot.* settings");
    s.order = qk_arena_array(arena, count + 1, sizeof *s.order);
    if (!s.order) return qk_fail(err, QK_ENOMEM, "no memory for %zu stations", count);
    order_neighbours(&s, of);
    for (size_t h = 0; h < hours; h++) middle[h] = middle_at(&s, h);
    return QK_OK;
}
