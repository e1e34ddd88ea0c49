/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluated air: days, months and years, ranking, both editions side by side. */
#include "web/air_figures.h"
#include "web/api.h"
#include "web/explain.h"
#include <stdlib.h>

enum { DAYS_ASKED_MAX = 1100 };

static qk_str scope_of(const qk_exchange *x)
{
    qk_str scope = qk_query_str(x, "scope");
    return scope.len ? scope : QK_STR("county");
}

static qk_code refuse_scope(qk_exchange *x, qk_code code, qk_error *err)
{
    if (code == QK_EINVAL) return qk_refuse(x, err, 422, "not_evaluated", "scope", "%s", "");
    return code;
}

static qk_time now_of(const qk_exchange *x)
{
    return qk_clock_now(qk_node_clock(x->context->node));
}

static const qk_aqi_rule *rule_on(const qk_air_question *q, int32_t day)
{
    return q->rule ? q->rule : qk_rules_aqi_on(q->rules, day);
}

static void begin_answer(qk_exchange *x, const qk_air_question *q, qk_str scope)
{
    qk_json_object(&x->json);
    qk_json_kstr(&x->json, "scope", scope);
    qk_air_asked_json(&x->json, q);
}

static qk_code read_period(qk_exchange *x, int32_t *year, int32_t *month, qk_error *err)
{
    qk_str text = qk_query_str(x, "period");
    *year = qk_civil_of(now_of(x)).year;
    *month = 0;
    if (text.len == 0 || qk_air_period_parse(year, month, text) == QK_OK) return QK_OK;
    return qk_refuse(x, err, 400, "bad_parameter", "period", "a period is 2026 or 2026-11");
}

/* ---- days ---- */

/* How far people have come with a day: the least of its stations. A day that still runs, or that
 * nobody has reviewed, is provisional. */
static void put_day(qk_exchange *x, const qk_day *day, const qk_aqi_rule *rule,
                    const qk_air_day_levels *levels)
{
    qk_json_writer *w = &x->json;
    int level = QK_AIR_BEST, stations = levels->imported;
    bool over = day->day < qk_day_number(now_of(x) - 1);
    for (int i = QK_AIR_APPROVED; i >= QK_AIR_RAW; i--) {
        stations += levels->stations[i];
        if (levels->stations[i]) level = i;
    }
    qk_air_day_begin(w, day, rule);
    qk_json_kcstr(w, "state",
                  !over                  ? "running"
                  : level == QK_AIR_BEST ? "imported"
                                         : qk_air_level_name((qk_air_level)level));
    qk_json_kbool(w, "provisional", !over || level < QK_AIR_REVIEWED);
    qk_json_ki64(w, "stations", stations);
    qk_json_ki64(w, "reviewed", levels->stations[QK_AIR_REVIEWED]);
    qk_json_ki64(w, "approved", levels->stations[QK_AIR_APPROVED]);
    qk_json_ki64(w, "imported", levels->imported);
    qk_json_ki64(w, "lapsed", levels->lapsed);
    qk_json_end(w);
}

static qk_code put_days(qk_exchange *x, const qk_air_question *q, qk_str scope, int32_t from,
                        int32_t to, qk_air_levels *levels, qk_error *err)
{
    qk_year *y = qk_arena_alloc(&x->arena, sizeof *y);
    qk_air_day_levels *by_day = qk_arena_array(&x->arena, 366, sizeof *by_day);
    int32_t first = qk_civil_of((qk_time)from * QK_DAY - QK_CST_OFFSET).year;
    int32_t last = qk_civil_of((qk_time)to * QK_DAY - QK_CST_OFFSET).year;
    if (!y || !by_day) return qk_fail(err, QK_ENOMEM, "no memory for a year of days");
    for (int32_t year = first; year <= last; year++) {
        qk_air_levels these = {.by_day = by_day};
        memset(by_day, 0, 366 * sizeof *by_day);
        QK_TRY(refuse_scope(x, qk_air_scope_year(y, &these, q, scope, year, err), err));
        for (int i = 0; i < QK_AIR_BEST; i++) levels->days[i] += these.days[i];
        levels->left_out += these.left_out;
        levels->lapsed += these.lapsed;
        levels->imported += these.imported;
        for (int32_t d = 0; d < y->days; d++) {
            const qk_day *day = &y->day[d];
            if (day->day < from || day->day > to || !(day->flags & QK_DAY_RECORDED)) continue;
            put_day(x, day, rule_on(q, day->day), &by_day[d]);
        }
    }
    return QK_OK;
}

qk_code qk_api_air_days(qk_exchange *x, qk_error *err)
{
    qk_air_question q;
    qk_air_levels levels = {0};
    char date[QK_TIME_TEXT];
    qk_str scope = scope_of(x);
    QK_TRY(qk_air_asked(&q, x, err));
    int32_t to = qk_day_number(qk_query_time(x, "to", now_of(x)));
    int32_t from = qk_day_number(
        qk_query_time(x, "from", qk_floor_year((qk_time)to * QK_DAY - QK_CST_OFFSET)));
    if (from > to || to - from >= DAYS_ASKED_MAX)
        return qk_refuse(x, err, 400, "bad_parameter", "from", "1 to %d days at once",
                         DAYS_ASKED_MAX);
    begin_answer(x, &q, scope);
    qk_json_kcstr(&x->json, "from", qk_air_date(date, from));
    qk_json_kcstr(&x->json, "to", qk_air_date(date, to));
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    QK_TRY(put_days(x, &q, scope, from, to, &levels, err));
    qk_json_end(&x->json);
    qk_air_levels_json(&x->json, &levels);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- months and years ---- */

static void put_change(qk_json_writer *w, const char *name, qk_exact now, qk_exact before)
{
    qk_dec a, b, rate;
    bool known =
        qk_exact_round(&a, now, 6) == QK_OK && qk_exact_round(&b, before, 6) == QK_OK &&
        qk_ratio_round(&rate, qk_change_rate(qk_ratio_dec(a), qk_ratio_dec(b)), 1) == QK_OK;
    qk_json_key(w, name);
    if (known)
        qk_json_dec(w, rate);
    else
        qk_json_null(w);
}

/* One edition and one profile for both years: those of the period's last day. */
static void put_year_on_year(qk_json_writer *w, const qk_year *now, const qk_year *before,
                             int32_t month, int32_t last_day, const qk_aqi_rule *rule,
                             const qk_index_profile *profile)
{
    qk_period a, b;
    qk_air_period(&a, now, month, last_day);
    qk_air_period(&b, before, month, qk_air_year_earlier(last_day));
    qk_json_object(w);
    qk_json_kcstr(w, "standard", rule->name);
    qk_json_kcstr(w, "profile", profile->name);
    qk_json_key(w, "now");
    qk_air_brief_json(w, &a, profile);
    qk_json_key(w, "before");
    qk_air_brief_json(w, &b, profile);
    qk_json_key(w, "change_percent");
    qk_json_object(w);
    for (int p = 0; p < QK_POLLUTANTS; p++)
        put_change(w, qk_pollutant_name((qk_pollutant)p), qk_period_value(&a, (qk_pollutant)p),
                   qk_period_value(&b, (qk_pollutant)p));
    qk_json_end(w);
    qk_json_end(w);
}

typedef struct years {
    qk_year *now;        /* each day by its own edition */
    qk_year *now_one;    /* by that of the year's end, */
    qk_year *before_one; /* and the year before by the same */
    qk_air_levels levels, levels_before;
    int32_t year, last_day; /* the last day that has come */
    const qk_aqi_rule *one;
} years;

static qk_code load_years(years *y, qk_exchange *x, const qk_air_question *q, qk_str scope,
                          qk_error *err)
{
    int32_t today = qk_day_number(now_of(x));
    y->now = qk_arena_alloc(&x->arena, sizeof *y->now);
    y->now_one = qk_arena_alloc(&x->arena, sizeof *y->now_one);
    y->before_one = qk_arena_alloc(&x->arena, sizeof *y->before_one);
    if (!y->now || !y->now_one || !y->before_one)
        return qk_fail(err, QK_ENOMEM, "no memory for two years");
    QK_TRY(refuse_scope(x, qk_air_scope_year(y->now, &y->levels, q, scope, y->year, err), err));
    QK_TRY(qk_air_scope_year(y->before_one, &y->levels_before, q, scope, y->year - 1, err));
    y->last_day = y->now->first_day + y->now->days - 1;
    if (today < y->last_day && today >= y->now->first_day) y->last_day = today;
    y->one = rule_on(q, y->last_day);
    memcpy(y->now_one, y->now, sizeof *y->now);
    qk_year_judge(y->now_one, y->one);
    qk_year_judge(y->before_one, y->one);
    return QK_OK;
}

static bool has_days(const qk_period *p)
{
    for (int i = 0; i < QK_POLLUTANTS; i++)
        if (p->item[i].days) return true;
    return p->count.valid > 0;
}

static void put_period(qk_exchange *x, const qk_air_question *q, years *y, int32_t month)
{
    char name[16];
    qk_period period;
    bool running = qk_air_period(&period, y->now, month, q->last_day);
    int32_t end = period.to_day < y->last_day ? period.to_day : y->last_day;
    const qk_index_profile *profile = qk_rules_index_on(q->rules, end);
    const qk_aqi_rule *rule = rule_on(q, end);
    snprintf(name, sizeof name, month ? "%04d-%02d" : "%04d", y->year, month);
    qk_json_object(&x->json);
    qk_json_key(&x->json, "period");
    qk_air_period_json(&x->json, name, &period, q->rules, profile);
    /* A month is compared by the edition of its own end. */
    qk_year_judge(y->now_one, rule);
    qk_year_judge(y->before_one, rule);
    qk_json_key(&x->json, "year_on_year");
    put_year_on_year(&x->json, y->now_one, y->before_one, month, q->last_day, rule, profile);
    qk_json_kbool(&x->json, "running", running);
    qk_json_end(&x->json);
}

/* The months and the parts of months of the year before end where this year ends. */
static void cut_before(years *y)
{
    int32_t done = y->last_day - y->now->first_day + 1;
    if (y->last_day >= y->now->first_day + y->now->days - 1) return;
    if (done > 59) done += y->before_one->days - y->now->days;
    for (int32_t d = done; d < y->before_one->days; d++) y->before_one->day[d].flags = 0;
}

/* Share of days above 160 among the valid ones from May to September: a target of its own. */
static void put_ozone_season(qk_json_writer *w, const qk_year *y)
{
    int32_t days = 0, over = 0;
    for (int32_t m = 5; m <= 9; m++) {
        qk_period p;
        qk_year_month(&p, y, m);
        days += p.item[QK_O3].days;
        over += p.o3_over_days;
    }
    qk_json_key(w, "ozone_season");
    qk_json_object(w);
    qk_json_ki64(w, "valid_days", days);
    qk_json_ki64(w, "over_days", over);
    qk_air_percent_json(w, "over_ratio", over, days);
    qk_json_end(w);
}

qk_code qk_api_air_periods(qk_exchange *x, qk_error *err)
{
    qk_air_question q;
    years y = {.year = qk_civil_of(now_of(x)).year};
    qk_str scope = scope_of(x);
    y.year = (int32_t)qk_query_int(x, "year", y.year);
    QK_TRY(qk_air_asked(&q, x, err));
    QK_TRY(load_years(&y, x, &q, scope, err));
    cut_before(&y);
    begin_answer(x, &q, scope);
    qk_json_ki64(&x->json, "year", y.year);
    qk_json_key(&x->json, "months");
    qk_json_array(&x->json);
    for (int32_t m = 1; m <= 12; m++) {
        qk_period p;
        qk_year_month(&p, y.now, m);
        if (has_days(&p)) put_period(x, &q, &y, m);
    }
    qk_json_end(&x->json);
    qk_json_key(&x->json, "total");
    put_period(x, &q, &y, 0);
    put_ozone_season(&x->json, y.now);
    qk_air_levels_json(&x->json, &y.levels);
    qk_json_end(&x->json);
    return QK_OK;
}

static void tell_change(qk_telling *t, qk_dec now, qk_dec before, const char *last)
{
    char a[QK_DEC_TEXT], b[QK_DEC_TEXT], c[QK_DEC_TEXT];
    qk_dec rate = {0, 0};
    bool there =
        before.mantissa > 0 &&
        qk_ratio_round(&rate, qk_change_rate(qk_ratio_dec(now), qk_ratio_dec(before)), 1) == QK_OK;
    qk_dec_format(a, now);
    qk_dec_format(b, before);
    qk_tell_input(t, "本期", "this period", a);
    qk_tell_input(t, "上年同期", "same time last year", b);
    qk_tell_input(t, "截至", "to", last);
    qk_tell_steps(t);
    if (there)
        qk_tell_step(t, "(%s - %s) / %s × 100 %% = %s %%", "(%s - %s) / %s x 100 %% = %s %%", a, b,
                     b, qk_dec_format(c, rate));
    qk_tell_said(t, "两年用同一版标准，上年只算到同一天",
                 "both years by one edition, the year before up to the same day");
    qk_tell_finish(t, rate, there);
}

qk_code qk_explain_change(qk_telling *t)
{
    years y = {0};
    int32_t month = 0;
    qk_period a, b;
    qk_dec now = {0, 0}, before = {0, 0};
    char date[QK_TIME_TEXT], name[16];
    qk_str item = qk_query_str(t->x, "item");
    QK_TRY(read_period(t->x, &y.year, &month, t->err));
    QK_TRY(load_years(&y, t->x, &t->q, t->scope, t->err));
    cut_before(&y);
    qk_str_copy(name, sizeof name, item);
    qk_pollutant p = qk_air_pollutant(name);
    qk_air_period(&a, y.now, month, t->q.last_day);
    int32_t end = a.to_day < y.last_day ? a.to_day : y.last_day;
    const qk_aqi_rule *rule = rule_on(&t->q, end);
    qk_year_judge(y.now_one, rule);
    qk_year_judge(y.before_one, rule);
    qk_air_period(&a, y.now_one, month, t->q.last_day);
    qk_air_period(&b, y.before_one, month, qk_air_year_earlier(t->q.last_day));
    const qk_tell_heading h = {"与上年同期相比的变化率",
                               "Change against the same time last year",
                               "(C - C_before) / C_before × 100 %",
                               rule->source,
                               rule->source_zh,
                               "change rate; 环办监测〔2018〕19号",
                               "变化率；环办监测〔2018〕19号",
                               rule->from_day};
    if (p == QK_POLLUTANTS)
        return qk_refuse(t->x, t->err, 400, "bad_parameter", "item",
                         "this figure needs an item: SO2, NO2, CO, O3, PM10 or PM2.5");
    bool both = qk_exact_round(&now, qk_period_value(&a, p), 6) == QK_OK &&
                qk_exact_round(&before, qk_period_value(&b, p), 6) == QK_OK;
    qk_tell_begin(t, "change", &h);
    tell_change(t, now, both ? before : (qk_dec){0, 0}, qk_air_date(date, end));
    return QK_OK;
}

/* ---- both editions side by side ---- */

/* A day on which the edition holds: the tables of that day go with it. */
static int32_t day_of_edition(const qk_aqi_rule *rule)
{
    return rule->from_day > INT32_MIN + 1 ? rule->from_day : rule->to_day;
}

static void put_edition(qk_exchange *x, const qk_air_question *q, qk_year *y,
                        const qk_aqi_rule *rule, int32_t month)
{
    qk_period period;
    qk_json_writer *w = &x->json;
    const qk_limits *limits = qk_rules_limits_on(q->rules, day_of_edition(rule));
    qk_year_judge(y, rule);
    qk_air_period(&period, y, month, q->last_day);
    const qk_index_profile *profile = qk_rules_index_on(q->rules, day_of_edition(rule));
    qk_json_object(w);
    qk_json_kcstr(w, "standard", rule->name);
    qk_json_kcstr(w, "source", rule->source);
    qk_json_kcstr(w, "source_zh", rule->source_zh);
    qk_json_kcstr(w, "limits", limits->name);
    qk_json_kcstr(w, "limits_source", limits->source);
    qk_json_kcstr(w, "limits_source_zh", limits->source_zh);
    qk_json_kcstr(w, "index_profile", profile->name);
    qk_json_key(w, "figures");
    qk_air_brief_json(w, &period, profile);
    qk_json_key(w, "items");
    qk_json_object(w);
    for (int i = 0; i < QK_POLLUTANTS; i++) {
        qk_pollutant p = (qk_pollutant)i;
        qk_averaging averaging = p == QK_CO ? QK_AVG_DAY : p == QK_O3 ? QK_AVG_8H : QK_AVG_YEAR;
        qk_dec limit = qk_limit_get(limits, qk_limit_item_of(p), averaging, 2), value;
        bool known =
            qk_exact_round(&value, qk_period_value(&period, p), qk_pollutant_decimals(p)) == QK_OK;
        qk_json_key(w, qk_pollutant_name(p));
        qk_json_object(w);
        qk_json_key(w, "limit");
        qk_json_dec(w, limit);
        qk_json_key(w, "meets");
        if (known)
            qk_json_bool(w, qk_dec_cmp(value, limit) <= 0);
        else
            qk_json_null(w);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_end(w);
}

static void put_side(qk_json_writer *w, const char *name, qk_day *day, const qk_aqi_rule *rule)
{
    qk_aqi aqi;
    qk_json_key(w, name);
    qk_day_judge(&aqi, day, rule);
    if (aqi.aqi == QK_AQI_NA)
        qk_json_null(w);
    else
        qk_json_i64(w, aqi.aqi);
}

static void put_differences(qk_json_writer *w, const qk_year *y, const qk_aqi_rule *a,
                            const qk_aqi_rule *b, int32_t month)
{
    char date[QK_TIME_TEXT];
    qk_aqi one, two;
    qk_json_key(w, "differences");
    qk_json_array(w);
    for (int32_t d = 0; d < y->days; d++) {
        qk_day day = y->day[d];
        if (!(day.flags & QK_DAY_RECORDED)) continue;
        if (month && qk_civil_of((qk_time)day.day * QK_DAY - QK_CST_OFFSET).month != month)
            continue;
        qk_day_judge(&one, &day, a);
        qk_day_judge(&two, &day, b);
        if (one.level == two.level) continue;
        qk_json_object(w);
        qk_json_kcstr(w, "date", qk_air_date(date, day.day));
        put_side(w, "aqi_first", &day, a);
        put_side(w, "aqi_second", &day, b);
        qk_json_ki64(w, "level_first", one.level);
        qk_json_ki64(w, "level_second", two.level);
        qk_json_end(w);
    }
    qk_json_end(w);
}

qk_code qk_api_air_compare(qk_exchange *x, qk_error *err)
{
    qk_air_question q;
    qk_air_levels levels = {0};
    qk_year *y = qk_arena_alloc(&x->arena, sizeof *y);
    int32_t year, month;
    qk_str scope = scope_of(x);
    if (!y) return qk_fail(err, QK_ENOMEM, "no memory for a year");
    QK_TRY(qk_air_asked(&q, x, err));
    QK_TRY(read_period(x, &year, &month, err));
    QK_TRY(refuse_scope(x, qk_air_scope_year(y, &levels, &q, scope, year, err), err));
    const qk_aqi_rule *a = qk_rules_aqi_named(q.rules, QK_STR("2012"));
    const qk_aqi_rule *b = qk_rules_aqi_named(q.rules, QK_STR("2026"));
    if (!a || !b) return qk_fail(err, QK_ENOTFOUND, "one of the editions is not in the tables");
    begin_answer(x, &q, scope);
    qk_json_ki64(&x->json, "year", year);
    qk_json_key(&x->json, "editions");
    qk_json_array(&x->json);
    put_edition(x, &q, y, a, month);
    put_edition(x, &q, y, b, month);
    qk_json_end(&x->json);
    put_differences(&x->json, y, a, b, month);
    qk_air_levels_json(&x->json, &levels);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- ranking ---- */

static void put_rank(qk_json_writer *w, const qk_air_rank *r, const qk_index_profile *profile)
{
    qk_dec rate;
    bool there = r->index.total >= 0;
    qk_ratio change = there && r->has_before
                          ? qk_change_rate(qk_ratio_dec(r->total), qk_ratio_dec(r->before))
                          : QK_RATIO_NONE;
    qk_json_object(w);
    qk_json_key(w, "rank");
    if (r->rank)
        qk_json_i64(w, r->rank);
    else
        qk_json_null(w);
    qk_json_kbool(w, "tie", r->tie);
    qk_json_kcstr(w, "id", r->id);
    qk_json_kcstr(w, "name_zh", r->name_zh);
    qk_json_kcstr(w, "name_en", r->name_en);
    qk_json_ki64(w, "stations", r->stations);
    qk_json_kbool(w, "valid", r->valid);
    qk_json_kcstr(w, "reason", r->rank ? NULL : r->stations == 0 ? "no_stations" : "too_few_days");
    qk_json_key(w, "figures");
    qk_air_brief_json(w, &r->period, profile);
    qk_json_key(w, "composite_index");
    there ? qk_json_dec(w, r->total) : qk_json_null(w);
    qk_json_key(w, "max_single_index");
    there ? qk_json_dec(w, qk_fine_index_round(r->index.max, 3)) : qk_json_null(w);
    qk_air_items_json(w, "primary", there ? r->index.primary : 0);
    qk_json_key(w, "days");
    qk_json_object(w);
    for (int p = 0; p < QK_POLLUTANTS; p++)
        qk_json_ki64(w, qk_pollutant_name((qk_pollutant)p), r->period.item[p].days);
    qk_json_end(w);
    qk_json_key(w, "before");
    r->has_before ? qk_json_dec(w, r->before) : qk_json_null(w);
    qk_json_key(w, "rank_before");
    r->has_before ? qk_json_i64(w, r->rank_before) : qk_json_null(w);
    qk_json_key(w, "change_percent");
    qk_ratio_round(&rate, change, 1) == QK_OK ? qk_json_dec(w, rate) : qk_json_null(w);
    qk_air_levels_json(w, &r->levels);
    qk_json_end(w);
}

static void put_ranking_rule(qk_json_writer *w)
{
    qk_json_key(w, "rule");
    qk_json_object(w);
    qk_json_kcstr(w, "source", "环办监测〔2018〕19号");
    qk_json_kcstr(w, "source_zh", "环办监测〔2018〕19号");
    qk_json_kcstr(
        w, "zh",
        "按环境空气质量综合指数由小到大排名，指数相同名次并列，下一名次空出；有效天数不足的列后、"
        "不排名；沙尘日不计入 PM10、PM2.5。");
    qk_json_kcstr(w, "en",
                  "By composite index, smallest first; equal indices share a rank and the next is "
                  "passed over; those with too few valid days are listed without a rank; days of "
                  "sand-dust are left out of PM10 and PM2.5.");
    qk_json_end(w);
}

qk_code qk_api_air_ranking(qk_exchange *x, qk_error *err)
{
    qk_air_question q;
    qk_air_rank *list = NULL;
    size_t n = 0;
    int32_t year, month;
    char name[16];
    bool townships = qk_str_eq(qk_query_str(x, "group"), QK_STR("townships"));
    QK_TRY(qk_air_asked(&q, x, err));
    QK_TRY(read_period(x, &year, &month, err));
    qk_time end = 0;
    qk_civil last = {.year = year, .month = month ? month : 12, .day = 1};
    last.day = qk_days_in_month(year, last.month);
    QK_TRY(qk_time_of(&end, &last));
    const qk_index_profile *profile = qk_rules_index_on(q.rules, qk_day_number(end));
    qk_str wanted = qk_query_str(x, "profile");
    if (wanted.len) profile = qk_rules_index_named(q.rules, wanted);
    if (!profile)
        return qk_refuse(x, err, 400, "bad_parameter", "profile", "there is no such profile");
    QK_TRY(qk_air_ranking(&list, &n, &q, townships ? QK_AIR_TOWNSHIPS : QK_AIR_STATIONS, year,
                          month, profile, &x->arena, err));
    snprintf(name, sizeof name, month ? "%04d-%02d" : "%04d", year, month);
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "period", name);
    qk_json_kbool(&x->json, "running", n > 0 && list[0].running);
    qk_json_kcstr(&x->json, "group", townships ? "townships" : "stations");
    qk_air_asked_json(&x->json, &q);
    put_ranking_rule(&x->json);
    qk_json_key(&x->json, "profile");
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "name", profile->name);
    qk_json_kcstr(&x->json, "source", profile->source);
    qk_json_kcstr(&x->json, "source_zh", profile->source_zh);
    qk_json_end(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) put_rank(&x->json, &list[i], profile);
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    return QK_OK;
}
