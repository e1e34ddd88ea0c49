/* SPDX-License-Identifier: Apache-2.0 */
/* How a figure comes about: formula, inputs, steps, clause and date. The steps are reckoned by the
 * same functions as the figure itself. */
#include "web/air_figures.h"
#include "web/api.h"

typedef struct telling {
    qk_exchange *x;
    qk_json_writer *w;
    qk_air_question q;
    qk_str scope;
    qk_error *err;
} telling;

typedef struct heading {
    const char *zh, *en, *formula, *source, *clause;
    int32_t valid_from; /* civil day; INT32_MIN = open */
} heading;

static void begin(telling *t, const char *figure, const heading *h)
{
    char date[QK_TIME_TEXT];
    bool open = h->valid_from == INT32_MIN || h->valid_from == INT32_MAX;
    qk_json_object(t->w);
    qk_json_kcstr(t->w, "figure", figure);
    qk_json_kstr(t->w, "scope", t->scope);
    qk_air_asked_json(t->w, &t->q);
    qk_json_kcstr(t->w, "zh", h->zh);
    qk_json_kcstr(t->w, "en", h->en);
    qk_json_kcstr(t->w, "formula", h->formula);
    qk_json_kcstr(t->w, "source", h->source);
    qk_json_kcstr(t->w, "clause", h->clause);
    qk_json_kcstr(t->w, "valid_from", open ? NULL : qk_air_date(date, h->valid_from));
    qk_json_key(t->w, "inputs");
    qk_json_array(t->w);
}

static void put_input(telling *t, const char *zh, const char *en, const char *value)
{
    qk_json_object(t->w);
    qk_json_kcstr(t->w, "zh", zh);
    qk_json_kcstr(t->w, "en", en);
    qk_json_kcstr(t->w, "value", value);
    qk_json_end(t->w);
}

static void begin_steps(telling *t)
{
    qk_json_end(t->w);
    qk_json_key(t->w, "steps");
    qk_json_array(t->w);
}

static void step(telling *t, const char *fmt, ...) QK_PRINTF(2, 3);
static void step(telling *t, const char *fmt, ...)
{
    char text[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    qk_json_cstr(t->w, text);
}

static void finish(telling *t, qk_dec value, bool there)
{
    qk_json_end(t->w);
    qk_json_key(t->w, "value");
    there ? qk_json_dec(t->w, value) : qk_json_null(t->w);
    qk_json_end(t->w);
}

static char *exact_text(char out[QK_DEC_TEXT], qk_exact value, int32_t decimals)
{
    qk_dec d;
    if (qk_exact_round(&d, value, decimals) == QK_OK) return qk_dec_format(out, d);
    qk_str_copy(out, QK_DEC_TEXT, QK_STR("-"));
    return out;
}

static qk_code read_item(telling *t, qk_pollutant *out)
{
    char name[16];
    qk_str_copy(name, sizeof name, qk_query_str(t->x, "item"));
    *out = qk_air_pollutant(name);
    if (*out != QK_POLLUTANTS) return QK_OK;
    return qk_refuse(t->x, t->err, 400, "bad_parameter", "item",
                     "this figure needs an item: SO2, NO2, CO, O3, PM10 or PM2.5");
}

/* ---- the index ---- */

/* One sub-index as written by hand. */
static void step_iaqi(telling *t, const qk_aqi_rule *rule, qk_aqi_item item, int64_t rounded,
                      int32_t iaqi)
{
    static const int32_t levels[QK_AQI_POINTS] = {0, 50, 100, 150, 200, 300, 400, 500};
    char c[QK_DEC_TEXT], low[QK_DEC_TEXT], high[QK_DEC_TEXT];
    int32_t decimals = qk_pollutant_decimals(qk_aqi_item_pollutant(item));
    const char *name = qk_aqi_item_name(item);
    int k = 1;
    qk_dec_format(c, (qk_dec){rounded, decimals});
    while (k < rule->points[item] && rounded > rule->breakpoint[item][k]) k++;
    if (k >= rule->points[item]) {
        step(t, "%s: C = %s lies beyond the table: IAQI = %d", name, c, iaqi);
        return;
    }
    int32_t lo = rule->breakpoint[item][k - 1], hi = rule->breakpoint[item][k];
    step(t, "%s: IAQI = (%d - %d) / (%s - %s) x (%s - %s) + %d, rounded up = %d", name, levels[k],
         levels[k - 1], qk_dec_format(high, (qk_dec){hi, decimals}),
         qk_dec_format(low, (qk_dec){lo, decimals}), c, low, levels[k - 1], iaqi);
}

static heading index_heading(const qk_aqi_rule *rule, bool daily)
{
    return (heading){
        daily ? "日空气质量指数：各项分指数的最大值" : "小时空气质量指数：各项分指数的最大值",
        daily ? "Daily air quality index: the greatest of the sub-indices"
              : "Hourly air quality index: the greatest of the sub-indices",
        "IAQI = (IAQI_Hi - IAQI_Lo) / (BP_Hi - BP_Lo) x (C - BP_Lo) + IAQI_Lo, rounded "
        "up; AQI = max(IAQI)",
        rule->source,
        "4.2, 4.3",
        rule->from_day};
}

static void end_index(telling *t, const qk_aqi *aqi)
{
    if (aqi->missing)
        step(t,
             "missing items hold the index back while it is at most 100 (5.3 of the 2026 edition)");
    if (aqi->aqi != QK_AQI_NA) step(t, "AQI = max(IAQI) = %d: level %d", aqi->aqi, aqi->level);
    finish(t, (qk_dec){aqi->aqi, 0}, aqi->aqi != QK_AQI_NA);
}

static qk_code explain_hour(telling *t)
{
    char site[QK_CODE_MAX], number[QK_DEC_TEXT];
    qk_air_hour hour;
    qk_air_view *views;
    size_t n = 0;
    if (!qk_query_given(t->x, "time"))
        return qk_refuse(t->x, t->err, 400, "bad_parameter", "time", "this figure needs a time");
    qk_str_copy(site, sizeof site, t->scope);
    QK_TRY(qk_air_graded_hours(&hour, 1, qk_floor_hour(qk_query_time(t->x, "time", 0)), &views, &n,
                               &t->q, site, &t->x->arena, t->err));
    heading h = index_heading(hour.rule, false);
    begin(t, "hour_aqi", &h);
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        bool there = hour.value[p].state == QK_CONC_VALUE;
        const char *name = qk_pollutant_name((qk_pollutant)p);
        put_input(t, name, name, there ? qk_dec_format(number, hour.value[p].value) : "-");
    }
    begin_steps(t);
    for (int i = 0; i < QK_AQI_ITEMS; i++) {
        qk_pollutant p = qk_aqi_item_pollutant((qk_aqi_item)i);
        qk_dec rounded;
        if (!(hour.rule->hourly_items & QK_AQI_BIT(i)) || hour.result.iaqi[i] == QK_AQI_NA)
            continue;
        bool running = i == QK_PM10_24H || i == QK_PM25_24H;
        if (running)
            step(t, "%s: running mean of 24 hours, IAQI = %d", qk_aqi_item_name((qk_aqi_item)i),
                 hour.result.iaqi[i]);
        else if (qk_dec_round(&rounded, hour.value[p].value, qk_pollutant_decimals(p)) == QK_OK)
            step_iaqi(t, hour.rule, (qk_aqi_item)i, rounded.mantissa, hour.result.iaqi[i]);
    }
    end_index(t, &hour.result);
    return QK_OK;
}

static qk_code day_asked(telling *t, int32_t *day)
{
    if (!qk_query_given(t->x, "date"))
        return qk_refuse(t->x, t->err, 400, "bad_parameter", "date", "this figure needs a date");
    *day = qk_day_number(qk_query_time(t->x, "date", 0));
    return QK_OK;
}

static qk_code load_year(telling *t, qk_year **y, int32_t year)
{
    qk_air_levels levels = {0};
    *y = qk_arena_alloc(&t->x->arena, sizeof **y);
    if (!*y) return qk_fail(t->err, QK_ENOMEM, "no memory for a year");
    return qk_air_scope_year(*y, &levels, &t->q, t->scope, year, t->err);
}

static qk_code explain_day(telling *t)
{
    static const qk_aqi_item item[QK_POLLUTANTS + 1] = {
        QK_SO2_24H, QK_NO2_24H, QK_PM10_24H, QK_PM25_24H, QK_CO_24H, QK_O3_8H, QK_O3_1H};
    int64_t rounded[QK_POLLUTANTS + 1];
    char number[QK_DEC_TEXT];
    qk_year *y;
    int32_t number_of_day = 0;
    qk_aqi aqi;
    QK_TRY(day_asked(t, &number_of_day));
    QK_TRY(load_year(t, &y, qk_civil_of((qk_time)number_of_day * QK_DAY - QK_CST_OFFSET).year));
    qk_day *day = &y->day[number_of_day - y->first_day];
    if (!(day->flags & QK_DAY_RECORDED))
        return qk_fail(t->err, QK_ENOTFOUND, "nothing counts on that day at this level");
    const qk_aqi_rule *rule = t->q.rule ? t->q.rule : qk_rules_aqi_on(t->q.rules, number_of_day);
    qk_day_judge(&aqi, day, rule);
    qk_day_rounded(rounded, day);
    heading h = index_heading(rule, true);
    begin(t, "day_aqi", &h);
    for (int p = 0; p <= QK_POLLUTANTS; p++) {
        int32_t decimals = p < QK_POLLUTANTS ? qk_pollutant_decimals((qk_pollutant)p) : 0;
        if (!(rule->daily_items & QK_AQI_BIT(item[p]))) continue;
        const char *name = qk_aqi_item_name(item[p]);
        put_input(t, name, name,
                  rounded[p] < 0 ? "-" : qk_dec_format(number, (qk_dec){rounded[p], decimals}));
    }
    begin_steps(t);
    for (int p = 0; p <= QK_POLLUTANTS; p++)
        if (rule->daily_items & QK_AQI_BIT(item[p]) && aqi.iaqi[item[p]] != QK_AQI_NA)
            step_iaqi(t, rule, item[p], rounded[p], aqi.iaqi[item[p]]);
    end_index(t, &aqi);
    return QK_OK;
}

/* ---- a day's value from its hours ---- */

static void put_hours(telling *t, const qk_air_view *v, qk_pollutant p)
{
    for (int h = 0; h < QK_AIR_DAY_HOURS; h++) {
        char name[8], value[128], number[QK_DEC_TEXT];
        const qk_air_graded *g = &v->row.cell[p][h];
        snprintf(name, sizeof name, "%02d:00", h + 1);
        qk_dec_format(number, qk_dec_trim((qk_dec){g->micro, 6}));
        int n = snprintf(value, sizeof value, "%s", g->micro == QK_QC_NONE ? "-" : number);
        if (!qk_air_view_counts(v, t->q.level, p, h) && g->micro != QK_QC_NONE) {
            n += snprintf(value + n, sizeof value - (size_t)n, " (left out:");
            if (v->mark[p][h]) n += snprintf(value + n, sizeof value - (size_t)n, " excluded");
            for (int r = 0; r < QK_QC_REASONS; r++)
                if (g->reasons & QK_QC_BIT(r))
                    n += snprintf(value + n, sizeof value - (size_t)n, " %s",
                                  qk_qc_reason_name((qk_qc_reason)r));
            snprintf(value + n, sizeof value - (size_t)n, ")");
        }
        put_input(t, name, name, value);
    }
}

static void step_ozone(telling *t, const qk_hours *hours, const qk_day *day)
{
    char number[QK_DEC_TEXT];
    int windows = 0;
    for (int end = 8; end <= QK_AIR_DAY_HOURS; end++) {
        qk_exact mean = {0, 0};
        for (int h = end - 8; h < end; h++) {
            if (hours->micro[QK_O3][h] < 0) continue;
            mean.num += (qk_i128)hours->micro[QK_O3][h] * 212520 << QK_FINE_SHIFT;
            mean.den++;
        }
        if (mean.den < QK_HOURS_8H_MIN) continue;
        windows++;
        step(t, "8-h mean to %02d:00 of %d hours = %s", end, (int)mean.den,
             exact_text(number, mean, 3));
    }
    step(t, "%d of %d means (at least %d, unless the greatest exceeds %d): %s", windows,
         QK_WINDOWS_DAY, QK_WINDOWS_DAY_MIN, QK_O3_8H_LIMIT,
         day->stat[QK_O3] < 0 ? "not valid" : "valid");
}

static qk_code explain_day_value(telling *t)
{
    char site[QK_CODE_MAX], number[QK_DEC_TEXT];
    qk_pollutant p = QK_SO2;
    qk_air_view *views;
    qk_hours hours;
    qk_day day = {0};
    size_t n = 0;
    int32_t at = 0;
    QK_TRY(read_item(t, &p));
    QK_TRY(day_asked(t, &at));
    qk_str_copy(site, sizeof site, t->scope);
    QK_TRY(qk_air_views(&views, &n, &t->q.archive, site, at, at, &t->x->arena, t->err));
    if (n == 0 || !qk_air_view_hours(&hours, &views[0], t->q.level))
        return qk_fail(t->err, QK_ENOTFOUND, "nothing counts on that day at this level");
    qk_day_of(&day, &hours);
    const qk_limits *limits = qk_rules_limits_on(t->q.rules, at);
    const heading h = {p == QK_O3 ? "臭氧日最大 8 小时平均" : "日平均：有效小时均值的算术平均",
                       p == QK_O3 ? "Ozone: the day's greatest 8-hour mean"
                                  : "Daily mean: mean of the valid hours",
                       p == QK_O3 ? "max of the running means ending 08:00 .. 24:00" : "sum(C) / n",
                       limits->source,
                       p == QK_O3 ? "table 4; HJ 663 6.1.2" : "table 4",
                       limits->from_day};
    begin(t, "day_value", &h);
    put_hours(t, &views[0], p);
    begin_steps(t);
    if (p == QK_O3)
        step_ozone(t, &hours, &day);
    else
        step(t, "%d hours count (at least %d are needed)", day.hours[p], QK_HOURS_DAY_MIN);
    qk_exact exact = {day.stat[p], 1};
    qk_dec value = {0, 0};
    bool there =
        day.stat[p] >= 0 && qk_exact_round(&value, exact, qk_pollutant_decimals(p)) == QK_OK;
    if (there)
        step(t, "unrounded %s, half to even (GB/T 8170) to %d decimals",
             exact_text(number, exact, 6), qk_pollutant_decimals(p));
    finish(t, value, there);
    return QK_OK;
}

/* ---- periods ---- */

static qk_code period_asked(telling *t, qk_period *out)
{
    int32_t year = 0, month = 0;
    qk_year *y;
    if (qk_air_period_parse(&year, &month, qk_query_str(t->x, "period")) != QK_OK)
        return qk_refuse(t->x, t->err, 400, "bad_parameter", "period",
                         "this figure needs a period: 2026 or 2026-11");
    QK_TRY(load_year(t, &y, year));
    if (month)
        qk_year_month(out, y, month);
    else
        qk_year_total(out, y);
    return QK_OK;
}

static qk_code explain_period_value(telling *t)
{
    char number[QK_DEC_TEXT], count[16];
    qk_pollutant p = QK_SO2;
    qk_period period = {0};
    QK_TRY(read_item(t, &p));
    QK_TRY(period_asked(t, &period));
    const qk_item_stat *s = &period.item[p];
    bool percentile = p == QK_CO || p == QK_O3;
    const heading h = {percentile ? "期间百分位数" : "期间平均：有效日均值的算术平均",
                       percentile ? "Percentile of the period" : "Mean of the valid daily values",
                       percentile ? "k = 1 + (n - 1) p / 100; m = X_s + (X_s+1 - X_s)(k - s)"
                                  : "sum of daily values / days",
                       "HJ 663-2013",
                       percentile ? "table 1, annex A" : "table 1",
                       INT32_MIN};
    begin(t, "period_value", &h);
    snprintf(count, sizeof count, "%d", s->days);
    put_input(t, "有效天数", "valid days", count);
    begin_steps(t);
    if (percentile) {
        int32_t at = (s->days - 1) * qk_percentile_of(p);
        step(t, "k = 1 + (%d - 1) x %d / 100 = %d.%02d", s->days, qk_percentile_of(p), 1 + at / 100,
             at % 100);
    }
    step(t, "valid for the period: %s", s->valid ? "yes" : "no, too few days");
    qk_exact exact = qk_period_value(&period, p);
    qk_dec value = {0, 0};
    bool there = qk_exact_round(&value, exact, qk_pollutant_decimals(p)) == QK_OK;
    step(t, "unrounded %s, rounded once, half to even (GB/T 8170)", exact_text(number, exact, 6));
    finish(t, value, there);
    return QK_OK;
}

static qk_code explain_index(telling *t)
{
    char value[QK_DEC_TEXT], limit[QK_DEC_TEXT], single[QK_DEC_TEXT];
    qk_period period = {0};
    qk_fine_index index;
    QK_TRY(period_asked(t, &period));
    const qk_index_profile *profile = qk_rules_index_on(t->q.rules, period.to_day);
    qk_str named = qk_query_str(t->x, "profile");
    if (named.len) profile = qk_rules_index_named(t->q.rules, named);
    if (!profile)
        return qk_refuse(t->x, t->err, 400, "bad_parameter", "profile", "there is no such profile");
    qk_period_index(&index, &period, profile, false);
    const heading h = {"环境空气质量综合指数：各项浓度与限值之比的和",
                       "Composite index: sum of concentrations over their limits",
                       "I = sum of w_i x C_i / S_i",
                       profile->source,
                       NULL,
                       profile->from_day <= profile->to_day ? profile->from_day : INT32_MIN};
    begin(t, "composite_index", &h);
    for (int p = 0; p < QK_POLLUTANTS; p++)
        put_input(t, qk_pollutant_name((qk_pollutant)p), qk_pollutant_name((qk_pollutant)p),
                  exact_text(value, qk_period_value(&period, (qk_pollutant)p), 6));
    begin_steps(t);
    bool there = index.total >= 0;
    for (int p = 0; there && p < QK_POLLUTANTS; p++)
        step(t, "%s: %s / %s = %s%s", qk_pollutant_name((qk_pollutant)p),
             exact_text(value, qk_period_value(&period, (qk_pollutant)p), 6),
             qk_dec_format(limit, profile->limit[p]),
             qk_dec_format(single, qk_fine_index_round(index.single[p], 6)),
             profile->weight[p] == 1 ? "" : " (weighted)");
    if (there) step(t, "sum, rounded once to 3 decimals");
    finish(t, there ? qk_fine_index_round(index.total, 3) : (qk_dec){0, 0}, there);
    return QK_OK;
}

/* ---- */

qk_code qk_api_air_explain(qk_exchange *x, qk_error *err)
{
    static const struct {
        const char *name;
        qk_code (*tell)(telling *t);
        bool station; /* of a single station only */
    } figures[] = {
        {"hour_aqi", explain_hour, true},          {"day_aqi", explain_day, false},
        {"day_value", explain_day_value, true},    {"period_value", explain_period_value, false},
        {"composite_index", explain_index, false},
    };
    telling t = {.x = x, .w = &x->json, .scope = qk_query_str(x, "scope"), .err = err};
    qk_site site;
    if (!t.scope.len) t.scope = QK_STR("county");
    QK_TRY(qk_air_asked(&t.q, x, err));
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        if (!qk_str_eq(qk_query_str(x, "figure"), qk_str_of(figures[i].name))) continue;
        if (figures[i].station && !qk_registry_site(t.q.registry, &site, t.scope))
            return qk_refuse(x, err, 400, "bad_parameter", "scope",
                             "this figure is of one station");
        qk_code code = figures[i].tell(&t);
        if (code == QK_EINVAL && x->status == 0)
            return qk_refuse(x, err, 422, "not_evaluated", "scope", "%s", "");
        return code;
    }
    return qk_refuse(x, err, 400, "bad_parameter", "figure", "there is no such figure");
}
