/* SPDX-License-Identifier: Apache-2.0 */
/* How a figure comes about: formula, inputs, steps, clause and date. The steps are reckoned by the
 * same functions as the figure itself. */
#include "base/messages.h"
#include "web/api.h"
#include "web/explain.h"

static qk_code read_item(qk_telling *t, qk_pollutant *out)
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
static void step_iaqi(qk_telling *t, const qk_aqi_rule *rule, qk_aqi_item item, int64_t rounded,
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
        qk_tell_step(t, "%s：C = %s 超出表列，IAQI = %d",
                     "%s: C = %s lies beyond the table: IAQI = %d", name, c, iaqi);
        return;
    }
    int32_t lo = rule->breakpoint[item][k - 1], hi = rule->breakpoint[item][k];
    qk_tell_step(t, "%s：IAQI = (%d - %d) / (%s - %s) x (%s - %s) + %d，进一取整 = %d",
                 "%s: IAQI = (%d - %d) / (%s - %s) x (%s - %s) + %d, rounded up = %d", name,
                 levels[k], levels[k - 1], qk_dec_format(high, (qk_dec){hi, decimals}),
                 qk_dec_format(low, (qk_dec){lo, decimals}), c, low, levels[k - 1], iaqi);
}

static qk_tell_heading index_heading(const qk_aqi_rule *rule, bool daily)
{
    return (qk_tell_heading){
        daily ? "日空气质量指数：各项分指数的最大值" : "小时空气质量指数：各项分指数的最大值",
        daily ? "Daily air quality index: the greatest of the sub-indices"
              : "Hourly air quality index: the greatest of the sub-indices",
        "IAQI = ⌈(IAQI_Hi - IAQI_Lo) / (BP_Hi - BP_Lo) × (C - BP_Lo) + IAQI_Lo⌉;  "
        "AQI = max(IAQI)",
        rule->source,
        rule->source_zh,
        "4.2, 4.3",
        "4.2、4.3",
        rule->from_day};
}

static void end_index(qk_telling *t, const qk_aqi *aqi)
{
    if (aqi->missing)
        qk_tell_step(
            t, "有项目缺测：AQI 不大于 100 时不作评价（2026 版 5.3）",
            "missing items hold the index back while it is at most 100 (5.3 of the 2026 edition)");
    if (aqi->aqi != QK_AQI_NA)
        qk_tell_step(t, "AQI = max(IAQI) = %d：%d 级", "AQI = max(IAQI) = %d: level %d", aqi->aqi,
                     aqi->level);
    qk_tell_finish(t, (qk_dec){aqi->aqi, 0}, aqi->aqi != QK_AQI_NA);
}

static qk_code explain_hour(qk_telling *t)
{
    char number[QK_DEC_TEXT];
    qk_air_hour hour;
    qk_air_view *views;
    qk_air_source *stations;
    size_t n = 0, count = 0;
    bool area;
    if (!qk_query_given(t->x, "time"))
        return qk_refuse(t->x, t->err, 400, "bad_parameter", "time", "this figure needs a time");
    qk_time end = qk_floor_hour(qk_query_time(t->x, "time", 0));
    QK_TRY(qk_air_scope(&stations, &count, &area, t->q.registry, t->scope, &t->x->arena, t->err));
    if (area)
        QK_TRY(qk_air_area_hours(&hour, 1, end, &t->q, stations, count, &t->x->arena, t->err));
    else
        QK_TRY(qk_air_graded_hours(&hour, 1, end, &views, &n, &t->q, stations[0].site, &t->x->arena,
                                   t->err));
    qk_tell_heading h = index_heading(hour.rule, false);
    qk_tell_begin(t, "hour_aqi", &h);
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        bool there = hour.value[p].state == QK_CONC_VALUE;
        const char *name = qk_pollutant_name((qk_pollutant)p);
        qk_tell_input(t, name, name, there ? qk_dec_format(number, hour.value[p].value) : "-");
    }
    qk_tell_steps(t);
    for (int i = 0; i < QK_AQI_ITEMS; i++) {
        qk_pollutant p = qk_aqi_item_pollutant((qk_aqi_item)i);
        qk_dec rounded;
        if (!(hour.rule->hourly_items & QK_AQI_BIT(i)) || hour.result.iaqi[i] == QK_AQI_NA)
            continue;
        bool running = i == QK_PM10_24H || i == QK_PM25_24H;
        if (running)
            qk_tell_step(t, "%s：24 小时滑动平均，IAQI = %d",
                         "%s: running mean of 24 hours, IAQI = %d",
                         qk_aqi_item_name((qk_aqi_item)i), hour.result.iaqi[i]);
        else if (qk_dec_round(&rounded, hour.value[p].value, qk_pollutant_decimals(p)) == QK_OK)
            step_iaqi(t, hour.rule, (qk_aqi_item)i, rounded.mantissa, hour.result.iaqi[i]);
    }
    end_index(t, &hour.result);
    return QK_OK;
}

static qk_code day_asked(qk_telling *t, int32_t *day)
{
    if (!qk_query_given(t->x, "date"))
        return qk_refuse(t->x, t->err, 400, "bad_parameter", "date", "this figure needs a date");
    *day = qk_day_number(qk_query_time(t->x, "date", 0));
    return QK_OK;
}

static qk_code load_year(qk_telling *t, qk_year **y, int32_t year)
{
    qk_air_levels levels = {0};
    *y = qk_arena_alloc(&t->x->arena, sizeof **y);
    if (!*y) return qk_fail(t->err, QK_ENOMEM, "no memory for a year");
    return qk_air_scope_year(*y, &levels, &t->q, t->scope, year, t->err);
}

static qk_code explain_day(qk_telling *t)
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
    qk_tell_heading h = index_heading(rule, true);
    qk_tell_begin(t, "day_aqi", &h);
    for (int p = 0; p <= QK_POLLUTANTS; p++) {
        int32_t decimals = p < QK_POLLUTANTS ? qk_pollutant_decimals((qk_pollutant)p) : 0;
        if (!(rule->daily_items & QK_AQI_BIT(item[p]))) continue;
        const char *name = qk_aqi_item_name(item[p]);
        qk_tell_input(t, name, name,
                      rounded[p] < 0 ? "-" : qk_dec_format(number, (qk_dec){rounded[p], decimals}));
    }
    qk_tell_steps(t);
    for (int p = 0; p <= QK_POLLUTANTS; p++)
        if (rule->daily_items & QK_AQI_BIT(item[p]) && aqi.iaqi[item[p]] != QK_AQI_NA)
            step_iaqi(t, rule, item[p], rounded[p], aqi.iaqi[item[p]]);
    end_index(t, &aqi);
    return QK_OK;
}

/* ---- a day's value from its hours ---- */

static void put_hours(qk_telling *t, const qk_air_view *v, qk_pollutant p)
{
    for (int h = 0; h < QK_AIR_DAY_HOURS; h++) {
        char name[8], number[QK_DEC_TEXT];
        const qk_air_graded *g = &v->row.cell[p][h];
        snprintf(name, sizeof name, "%02d:00", h + 1);
        qk_dec_format(number, qk_dec_trim((qk_dec){g->micro, 6}));
        qk_tell_input(t, name, name, g->micro == QK_QC_NONE ? "-" : number);
    }
}

/* The reasons of a grade in words, or nothing. */
static void reason_words(char *out, size_t size, uint32_t reasons, qk_lang lang)
{
    char code[32];
    size_t n = 0;
    out[0] = 0;
    for (int r = 0; r < QK_QC_REASONS && n < size; r++) {
        if (!(reasons & QK_QC_BIT(r))) continue;
        snprintf(code, sizeof code, "qc.%s", qk_qc_reason_name((qk_qc_reason)r));
        n += (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "", qk_message(code, lang));
    }
}

static void tell_left_out(qk_telling *t, const qk_air_view *v, qk_pollutant p)
{
    char zh[160], en[160], told[2][240];
    for (int h = 0; h < QK_AIR_DAY_HOURS; h++) {
        const qk_air_graded *g = &v->row.cell[p][h];
        if (g->micro == QK_QC_NONE || qk_air_view_counts(v, t->q.level, p, h)) continue;
        reason_words(zh, sizeof zh, g->reasons, QK_ZH);
        reason_words(en, sizeof en, g->reasons, QK_EN);
        bool person = v->mark[p][h] & QK_AIR_CELL_EXCLUDED;
        snprintf(told[0], sizeof told[0], "%02d:00 不计入：%s", h + 1, person ? "由人剔除" : zh);
        snprintf(told[1], sizeof told[1], "%02d:00 does not count: %s", h + 1,
                 person ? "left out by a person" : en);
        qk_tell_said(t, told[0], told[1]);
    }
}

static void step_ozone(qk_telling *t, const qk_hours *hours, const qk_day *day)
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
        qk_tell_step(t, "至 %02d:00 的 8 小时平均，%d 个小时：%s",
                     "8-h mean to %02d:00 of %d hours = %s", end, (int)mean.den,
                     qk_tell_exact_text(number, mean, 3));
    }
    qk_tell_step(t, "应有 %d 个滑动平均，有 %d 个；至少 %d 个，最大值超过 %d 时除外",
                 "of %d running means there are %d; at least %d, unless the greatest exceeds %d",
                 QK_WINDOWS_DAY, windows, QK_WINDOWS_DAY_MIN, QK_O3_8H_LIMIT);
    if (day->stat[QK_O3] < 0) qk_tell_said(t, "这一天无效", "the day is not valid");
}

static void step_rounding(qk_telling *t, qk_exact exact, int32_t decimals)
{
    char number[QK_DEC_TEXT];
    qk_tell_step(t, "修约前 %s，按 GB/T 8170 修约到 %d 位小数",
                 "unrounded %s, half to even (GB/T 8170) to %d decimals",
                 qk_tell_exact_text(number, exact, 6), decimals);
}

enum { DAY_2013_10_01 = 15979, DAY_2026_03_01 = 20513 };

typedef struct edition {
    const char *en, *zh;
    int32_t from_day;
} edition;

/* HJ 663 in force on a day. That of 2026 keeps the percentiles; whatever else it says is still
 * reckoned as that of 2013 does. */
static edition evaluation_on(int32_t day)
{
    if (day < DAY_2026_03_01) return (edition){"HJ 663-2013", "HJ 663-2013", DAY_2013_10_01};
    return (edition){"HJ 663-2026, reckoned as HJ 663-2013", "HJ 663-2026（算法沿用 HJ 663-2013）",
                     DAY_2026_03_01};
}

static qk_tell_heading day_value_heading(const qk_limits *limits, qk_pollutant p)
{
    bool ozone = p == QK_O3;
    return (qk_tell_heading){ozone ? "臭氧日最大 8 小时平均" : "日平均：有效小时值的算术平均",
                             ozone ? "Ozone: the day's greatest 8-hour mean"
                                   : "Daily mean: mean of the valid hours",
                             ozone ? "C = max(Σ c / n), 8 h ending 08:00 … 24:00" : "C = Σ c / n",
                             limits->source,
                             limits->source_zh,
                             ozone ? "table 4; HJ 663 6.1.2" : "table 4",
                             ozone ? "表 4；HJ 663 第 6.1.2 条" : "表 4",
                             limits->from_day};
}

static void end_day_value(qk_telling *t, const qk_day *day, qk_pollutant p)
{
    qk_exact exact = {day->stat[p], 1};
    qk_dec value = {0, 0};
    int32_t decimals = qk_pollutant_decimals(p);
    bool there = day->flags & QK_DAY_RECORDED && day->stat[p] >= 0 &&
                 qk_exact_round(&value, exact, decimals) == QK_OK;
    if (there) step_rounding(t, exact, decimals);
    qk_tell_finish(t, value, there);
}

static qk_code station_day_value(qk_telling *t, const qk_air_source *station, qk_pollutant p,
                                 int32_t at)
{
    qk_air_view *views;
    qk_hours hours;
    qk_day day = {0};
    size_t n = 0;
    QK_TRY(
        qk_air_views(&views, &n, &t->q.archive, station->site->id, at, at, &t->x->arena, t->err));
    if (n == 0 || !qk_air_view_hours(&hours, &views[0], t->q.level))
        return qk_fail(t->err, QK_ENOTFOUND, "nothing counts on that day at this level");
    qk_day_of(&day, &hours);
    day.flags = QK_DAY_RECORDED;
    qk_tell_heading h = day_value_heading(qk_rules_limits_on(t->q.rules, at), p);
    qk_tell_begin(t, "day_value", &h);
    put_hours(t, &views[0], p);
    qk_tell_steps(t);
    tell_left_out(t, &views[0], p);
    if (p == QK_O3)
        step_ozone(t, &hours, &day);
    else
        qk_tell_step(t, "%d 个小时计入，至少需要 %d 个", "%d hours count, at least %d are needed",
                     day.hours[p], QK_HOURS_DAY_MIN);
    end_day_value(t, &day, p);
    return QK_OK;
}

/* Of an area: the mean over its stations. */
static qk_code area_day_value(qk_telling *t, const qk_air_source *stations, size_t n,
                              qk_pollutant p, int32_t at)
{
    qk_year *y = qk_arena_alloc(&t->x->arena, sizeof *y);
    int32_t year = qk_civil_of((qk_time)at * QK_DAY - QK_CST_OFFSET).year;
    qk_air_levels levels = {0};
    int valid = 0;
    if (!y) return qk_fail(t->err, QK_ENOMEM, "no memory for a year");
    const edition hj663 = evaluation_on(at);
    const qk_tell_heading h = {"各评价点位日评价值的算术平均",
                               "Mean of the daily values of the evaluation points",
                               "C = Σ C_k / n",
                               hj663.en,
                               hj663.zh,
                               "6.1; table 1",
                               "6.1、表 1",
                               hj663.from_day};
    qk_tell_begin(t, "day_value", &h);
    for (size_t i = 0; i < n; i++) {
        QK_TRY(qk_air_year(y, &levels, &t->q, &stations[i], year, t->err));
        const qk_day *day = &y->day[at - y->first_day];
        bool there = day->flags & QK_DAY_RECORDED && day->stat[p] >= 0;
        valid += there;
        qk_tell_exact(t, stations[i].site->name_zh, stations[i].site->name_en,
                      (qk_exact){there ? day->stat[p] : 0, there}, 3);
    }
    qk_tell_steps(t);
    QK_TRY(qk_air_area_year(y, &levels, &t->q, stations, n, year, t->err));
    qk_tell_step(t, "%d 个点位中 %d 个有效，至少需要 75 %%",
                 "of %d points %d are valid, at least 75 %% are needed", (int)n, valid);
    end_day_value(t, &y->day[at - y->first_day], p);
    return QK_OK;
}

static qk_code explain_day_value(qk_telling *t)
{
    qk_pollutant p = QK_SO2;
    qk_air_source *stations;
    size_t n = 0;
    int32_t at = 0;
    bool area;
    QK_TRY(read_item(t, &p));
    QK_TRY(day_asked(t, &at));
    QK_TRY(qk_air_scope(&stations, &n, &area, t->q.registry, t->scope, &t->x->arena, t->err));
    return area ? area_day_value(t, stations, n, p, at) : station_day_value(t, stations, p, at);
}

/* ---- an hour's grade ---- */

static char *micro_text(char out[QK_DEC_TEXT], int64_t micro)
{
    return qk_dec_format(out, qk_dec_trim((qk_dec){micro, 6}));
}

static void step_checks(qk_telling *t, const qk_qc_rule *rule, qk_pollutant p)
{
    char a[QK_DEC_TEXT], b[QK_DEC_TEXT];
    const qk_qc_limits *l = &rule->item[p];
    qk_tell_step(t, "量程：%s 至 %s，之外为不合格", "range: %s to %s, else bad",
                 micro_text(a, l->low), micro_text(b, l->high));
    qk_tell_step(t, "恒值：%d 小时及以上同一数值且高于 %s 为不合格",
                 "stuck: the same digits for %d hours and more, above %s: bad", l->stuck_hours,
                 micro_text(a, l->stuck_above));
    qk_tell_step(t, "突变：一小时内变化超过 %s 且超过 %d %%；一小时内又回来为尖峰（不合格）",
                 "jump: by more than %s and %d %% within an hour; back within the next: spike, bad",
                 micro_text(a, l->jump), l->jump_percent);
    qk_tell_step(t, "周边 %d km 内至少 %d 站：与中位数相差超过 %s 且超过 %d %% 为存疑",
                 "within %d km, of at least %d stations: off their median by more than %s and "
                 "%d %%: doubtful",
                 rule->near_km, rule->near_least, micro_text(a, l->near), l->near_percent);
    if (p == QK_PM10 || p == QK_PM25)
        qk_tell_step(t, "PM2.5 高于 PM10 超过 %s 且超过 %d %% 为不合格",
                     "PM2.5 above PM10 by more than %s and %d %%: bad", micro_text(a, rule->order),
                     rule->order_percent);
    qk_tell_step(t, "前 %d 天同一小时：与中位数相差超过 %s 且超过 %d/10 倍 MAD 为存疑",
                 "same hour of %d days: off their median by more than %s and %d/10 MAD: doubtful",
                 rule->past_days, micro_text(a, l->past), l->past_mads_tenths);
}

static qk_code explain_hour_value(qk_telling *t)
{
    char site[QK_CODE_MAX], number[QK_DEC_TEXT], code[32], zh[160], en[160];
    qk_pollutant p = QK_SO2;
    qk_air_view *views;
    size_t n = 0;
    QK_TRY(read_item(t, &p));
    if (!qk_query_given(t->x, "time"))
        return qk_refuse(t->x, t->err, 400, "bad_parameter", "time", "this figure needs a time");
    qk_time end = qk_floor_hour(qk_query_time(t->x, "time", 0));
    int32_t day = qk_day_number(end - 1);
    qk_str_copy(site, sizeof site, t->scope);
    QK_TRY(qk_air_views(&views, &n, &t->q.archive, site, day, day, &t->x->arena, t->err));
    if (n == 0) return qk_fail(t->err, QK_ENOTFOUND, "no hour of that day has come");
    int h = (int)((end - 1 - qk_floor_day(end - 1)) / QK_HOUR);
    const qk_air_graded *g = &views[0].row.cell[p][h];
    const qk_qc_rule *rule = qk_rules_qc_on(t->q.rules, day);
    const qk_tell_heading head = {"小时值的自动判定：逐项检查，缺测与不合格的不计入评价",
                                  "Automatic grade of an hour: missing and bad ones do not count",
                                  "",
                                  rule->source,
                                  rule->source_zh,
                                  NULL,
                                  NULL,
                                  rule->from_day};
    qk_tell_begin(t, "hour_value", &head);
    qk_tell_input(t, "值", "value", g->micro == QK_QC_NONE ? "-" : micro_text(number, g->micro));
    snprintf(code, sizeof code, "%c", g->flag ? g->flag : '-');
    qk_tell_input(t, "设备标记", "flag of the device", code);
    qk_tell_steps(t);
    snprintf(code, sizeof code, "qc.grade.%s", qk_qc_grade_name((qk_qc_grade)g->grade));
    reason_words(zh, sizeof zh, g->reasons, QK_ZH);
    reason_words(en, sizeof en, g->reasons, QK_EN);
    qk_tell_said(t, qk_message(code, QK_ZH), qk_message(code, QK_EN));
    if (g->reasons) qk_tell_said(t, zh, en);
    if (views[0].mark[p][h])
        qk_tell_said(t, views[0].mark[p][h] & QK_AIR_CELL_EXCLUDED ? "由人剔除" : "由人恢复计入",
                     views[0].mark[p][h] & QK_AIR_CELL_EXCLUDED ? "left out by a person"
                                                                : "taken back in by a person");
    step_checks(t, rule, p);
    qk_tell_finish(t, qk_dec_trim((qk_dec){g->micro, 6}), g->micro != QK_QC_NONE);
    return QK_OK;
}

/* ---- periods ---- */

/* An unrounded concentration among the inputs, its unit in the name. */
static void tell_concentration(qk_telling *t, const char *zh, const char *en, qk_pollutant p,
                               qk_exact value)
{
    char zh_unit[64], en_unit[64];
    const char *unit = p == QK_CO ? "mg/m³" : "µg/m³";
    snprintf(zh_unit, sizeof zh_unit, "%s %s", zh, unit);
    snprintf(en_unit, sizeof en_unit, "%s %s", en, unit);
    qk_tell_exact(t, zh_unit, en_unit, value, 6);
}

/* The period as the tables have it: one that still runs ends on the last day that is over, and
 * *so_far has its days till then; 0 for one that is over. */
static qk_code period_asked(qk_telling *t, qk_period *out, qk_year **y, int32_t *month,
                            int32_t *so_far)
{
    int32_t year = 0;
    if (qk_air_period_parse(&year, month, qk_query_str(t->x, "period")) != QK_OK)
        return qk_refuse(t->x, t->err, 400, "bad_parameter", "period",
                         "this figure needs a period: 2026 or 2026-11");
    QK_TRY(load_year(t, y, year));
    bool running = qk_air_period(out, *y, *month, t->q.last_day);
    *so_far = running ? out->to_day - out->from_day + 1 : 0;
    return QK_OK;
}

static void step_limit(qk_telling *t, qk_dec value, qk_pollutant p, bool percentile, int32_t day)
{
    char c[QK_DEC_TEXT], s[QK_DEC_TEXT], b[QK_DEC_TEXT];
    const qk_limits *limits = qk_rules_limits_on(t->q.rules, day);
    qk_averaging a = !percentile ? QK_AVG_YEAR : p == QK_O3 ? QK_AVG_8H : QK_AVG_DAY;
    qk_dec limit = qk_limit_get(limits, qk_limit_item_of(p), a, 2), times;
    if (limit.mantissa <= 0) return;
    qk_dec_format(c, value);
    qk_dec_format(s, limit);
    if (qk_dec_cmp(value, limit) <= 0) {
        qk_tell_step(t, "%s ≤ 二级限值 %s：达标（%s）", "%s ≤ grade II limit %s: meets it (%s)", c,
                     s, limits->name);
        return;
    }
    qk_ratio r =
        qk_ratio_div(qk_ratio_sub(qk_ratio_dec(value), qk_ratio_dec(limit)), qk_ratio_dec(limit));
    if (qk_ratio_round(&times, r, 2) != QK_OK) return;
    qk_tell_step(t, "%s > 二级限值 %s：超标（%s），超标倍数 B = (C - S) / S = %s",
                 "%s > grade II limit %s: over (%s), B = (C - S) / S = %s", c, s, limits->name,
                 qk_dec_format(b, times));
}

static void step_validity(qk_telling *t, const qk_item_stat *s, int32_t month, int32_t so_far)
{
    if (so_far)
        qk_tell_step(
            t, "期间未结束：已过 %d 天中有效 %d 天，至少需要 75 %%",
            "the period still runs: of its %d days so far %d are valid, at least 75 %% are "
            "needed",
            so_far, s->days);
    else if (month)
        qk_tell_step(t, "有效 %d 天；一个月至少 27 天（二月 25 天）",
                     "%d valid days; a month needs at least 27 (February 25)", s->days);
    else
        qk_tell_step(t, "有效 %d 天；一年至少 324 天，且每月至少 27 天（二月 25 天）",
                     "%d valid days; a year needs at least 324, each month 27 (February 25)",
                     s->days);
    if (!s->valid) qk_tell_said(t, "天数不足，仅供参考", "too few days: for reference only");
}

static qk_code explain_period_value(qk_telling *t)
{
    qk_pollutant p = QK_SO2;
    qk_period period = {0};
    qk_year *y;
    int32_t month = 0, so_far = 0;
    qk_str statistic = qk_query_str(t->x, "statistic");
    QK_TRY(read_item(t, &p));
    QK_TRY(period_asked(t, &period, &y, &month, &so_far));
    const qk_item_stat *s = &period.item[p];
    const qk_limits *limits = qk_rules_limits_on(t->q.rules, period.to_day);
    const edition hj663 = evaluation_on(period.to_day);
    char source[256], source_zh[QK_RULE_ZH + 64];
    snprintf(source, sizeof source, "%s; %s", hj663.en, limits->source);
    snprintf(source_zh, sizeof source_zh, "%s；%s", hj663.zh, limits->source_zh);
    bool percentile = p == QK_CO || p == QK_O3;
    if (statistic.len) percentile = qk_str_eq(statistic, QK_STR("percentile"));
    const qk_tell_heading h = {
        percentile ? "期间百分位数：有效日值由小到大排序，线性内插"
                   : "期间平均：有效日值的算术平均",
        percentile ? "Percentile of the valid daily values in rising order, interpolated"
                   : "Mean of the valid daily values",
        percentile ? "k = 1 + (N - 1) p / 100;  m = X_s + (X_s+1 - X_s)(k - s)" : "C = Σ C_d / N",
        source,
        source_zh,
        percentile ? "table 1, annex A" : "table 1",
        percentile ? "表 1、附录 A" : "表 1",
        limits->from_day};
    qk_tell_begin(t, "period_value", &h);
    qk_tell_number(t, "有效天数 N", "valid days N", s->days);
    if (percentile) qk_tell_number(t, "百分位 p", "percentile p", qk_percentile_of(p));
    qk_exact exact = percentile ? s->percentile : s->mean;
    tell_concentration(t, "修约前", "before rounding", p, exact);
    qk_tell_steps(t);
    int32_t at = (s->days - 1) * qk_percentile_of(p);
    if (percentile && s->days > 0)
        qk_tell_step(t, "k = 1 + (%d - 1) × %d / 100 = %d.%02d",
                     "k = 1 + (%d - 1) x %d / 100 = %d.%02d", s->days, qk_percentile_of(p),
                     1 + at / 100, at % 100);
    step_validity(t, s, month, so_far);
    qk_dec value = {0, 0};
    bool there = qk_exact_round(&value, exact, qk_pollutant_decimals(p)) == QK_OK;
    if (there) {
        step_rounding(t, exact, qk_pollutant_decimals(p));
        step_limit(t, value, p, percentile, period.to_day);
    }
    qk_tell_finish(t, value, there);
    return QK_OK;
}

/* Days by level, and the share of the good ones. */
static qk_code explain_day_counts(qk_telling *t)
{
    static const char *const zh[] = {"优", "良", "轻度污染", "中度污染", "重度污染", "严重污染"};
    static const char *const en[] = {"excellent",        "good",
                                     "lightly polluted", "moderately polluted",
                                     "heavily polluted", "severely polluted"};
    qk_period period = {0};
    qk_year *y = NULL;
    int32_t month = 0, so_far = 0, level[6] = {0};
    qk_dec good = {0, 0}, heavy = {0, 0};
    char number[QK_DEC_TEXT];
    QK_TRY(period_asked(t, &period, &y, &month, &so_far));
    if (!y) return qk_fail(t->err, QK_EINVAL, "no year of days");
    const qk_aqi_rule *rule = t->q.rule;
    int32_t last = period.to_day;
    if (!rule) rule = qk_rules_aqi_on(t->q.rules, last);
    for (int32_t d = period.from_day; d <= last; d++) {
        qk_day day = y->day[d - y->first_day];
        qk_aqi aqi;
        if (!(day.flags & QK_DAY_RECORDED)) continue;
        qk_day_judge(&aqi, &day, t->q.rule ? rule : qk_rules_aqi_on(t->q.rules, d));
        if (aqi.level > 0) level[aqi.level - 1]++;
    }
    const qk_tell_heading h = {"优良天：日 AQI ≤ 100；重污染天：日 AQI > 200；占有效天的百分比",
                               "Good days: daily AQI ≤ 100; heavy days: > 200; of the valid days",
                               "R = n / N × 100 %",
                               rule->source,
                               rule->source_zh,
                               "levels of the AQI; HJ 663: ratio of good days",
                               "AQI 级别；HJ 663 优良天数比例",
                               rule->from_day};
    qk_tell_begin(t, "day_counts", &h);
    for (int i = 0; i < 6; i++) qk_tell_number(t, zh[i], en[i], level[i]);
    qk_tell_number(t, "有效天数 N", "valid days N", period.count.valid);
    qk_tell_steps(t);
    bool there =
        qk_ratio_round(&good, qk_percent(period.count.good, period.count.valid), 1) == QK_OK &&
        qk_ratio_round(&heavy, qk_percent(period.count.heavy, period.count.valid), 1) == QK_OK;
    if (there) {
        qk_tell_step(t, "优良 %d / %d = %s %%", "good %d / %d = %s %%", period.count.good,
                     period.count.valid, qk_dec_format(number, good));
        qk_tell_step(t, "重污染 %d / %d = %s %%", "heavy %d / %d = %s %%", period.count.heavy,
                     period.count.valid, qk_dec_format(number, heavy));
    }
    if (!t->q.rule)
        qk_tell_said(t, "每天按当日执行的标准判定", "each day by the edition in force on it");
    qk_tell_finish(t, good, there);
    return QK_OK;
}

/* What the index takes of an item; without days of sand-dust where that is asked for. */
static qk_exact index_value(const qk_period *period, qk_pollutant p, bool without_dust)
{
    if (without_dust && p == QK_PM10) return period->pm10_no_dust.mean;
    if (without_dust && p == QK_PM25) return period->pm25_no_dust.mean;
    return qk_period_value(period, p);
}

static qk_code explain_index(qk_telling *t)
{
    char value[QK_DEC_TEXT], limit[QK_DEC_TEXT], single[QK_DEC_TEXT];
    qk_period period = {0};
    qk_fine_index index;
    qk_year *y;
    int32_t month = 0, so_far = 0;
    QK_TRY(period_asked(t, &period, &y, &month, &so_far));
    bool calm = qk_str_eq(qk_query_str(t->x, "dust"), QK_STR("out"));
    const qk_index_profile *profile = qk_rules_index_on(t->q.rules, period.to_day);
    qk_str named = qk_query_str(t->x, "profile");
    if (named.len) profile = qk_rules_index_named(t->q.rules, named);
    if (!profile)
        return qk_refuse(t->x, t->err, 400, "bad_parameter", "profile", "there is no such profile");
    qk_period_index(&index, &period, profile, calm);
    /* A profile without days of its own has those of the limits held beside it. */
    bool bounded = profile->from_day != INT32_MIN && profile->from_day <= profile->to_day;
    const qk_limits *limits = qk_rules_limits_on(t->q.rules, period.to_day);
    const qk_tell_heading h = {"环境空气质量综合指数：各项浓度与限值之比的和",
                               "Composite index: sum of concentrations over their limits",
                               "I = Σ w_i × C_i / S_i",
                               profile->source,
                               profile->source_zh,
                               "composite index; 环办监测〔2018〕19号",
                               "综合指数；环办监测〔2018〕19号",
                               bounded ? profile->from_day : limits->from_day};
    qk_tell_begin(t, "composite_index", &h);
    for (int p = 0; p < QK_POLLUTANTS; p++)
        tell_concentration(t, qk_pollutant_name((qk_pollutant)p),
                           qk_pollutant_name((qk_pollutant)p), (qk_pollutant)p,
                           index_value(&period, (qk_pollutant)p, calm));
    qk_tell_steps(t);
    bool there = index.total >= 0;
    for (int p = 0; there && p < QK_POLLUTANTS; p++)
        qk_tell_step(t, "%s：%s / %s × %d = %s", "%s: %s / %s x %d = %s",
                     qk_pollutant_name((qk_pollutant)p),
                     qk_tell_exact_text(value, index_value(&period, (qk_pollutant)p, calm), 6),
                     qk_dec_format(limit, profile->limit[p]), (int)profile->weight[p],
                     qk_dec_format(single, qk_fine_index_round(index.single[p], 6)));
    if (there && calm && period.dust_days)
        qk_tell_step(t, "颗粒物已扣除 %d 个沙尘日", "particles without %d days of sand-dust",
                     period.dust_days);
    if (there) qk_tell_said(t, "求和后修约一次到 3 位小数", "sum, rounded once to 3 decimals");
    qk_tell_finish(t, there ? qk_fine_index_round(index.total, 3) : (qk_dec){0, 0}, there);
    return QK_OK;
}

/* ---- a record of a check ---- */

static void tell_check(qk_telling *t, const qk_air_check *c)
{
    char a[QK_DEC_TEXT], b[QK_DEC_TEXT], off[QK_DEC_TEXT], most[QK_DEC_TEXT];
    bool zero = strcmp(c->kind, "zero") == 0;
    const qk_qc_rule *rule = qk_rules_qc_on(t->q.rules, qk_day_number(c->at));
    const qk_tell_heading h = {"仪器检查：示值与参考值之差不超过允许值为合格",
                               "Check of the instrument: passes within the tolerance",
                               zero ? "d = C - C_ref" : "d = (C - C_ref) / C_ref × 100 %",
                               rule->source,
                               rule->source_zh,
                               NULL,
                               NULL,
                               rule->from_day};
    bool pass = strcmp(c->judge, "pass") == 0;
    qk_dec_format(a, c->measured);
    qk_dec_format(b, c->reference);
    qk_dec_format(off, c->deviation);
    qk_dec_format(most, c->limit);
    t->scope = qk_str_of(c->site);
    qk_tell_begin(t, "check", &h);
    qk_tell_input(t, "示值 C", "measured C", a);
    qk_tell_input(t, "参考值 C_ref", "reference C_ref", b);
    qk_tell_input(t, "允许值", "tolerance", most);
    qk_tell_steps(t);
    if (zero)
        qk_tell_step(t, "%s - %s = %s", "%s - %s = %s", a, b, off);
    else
        qk_tell_step(t, "(%s - %s) / %s × 100 %% = %s %%", "(%s - %s) / %s x 100 %% = %s %%", a, b,
                     b, off);
    qk_tell_step(t, pass ? "|%s| ≤ %s：合格" : "|%s| > %s：不合格",
                 pass ? "|%s| ≤ %s: passes" : "|%s| > %s: fails", off, most);
    qk_tell_finish(t, c->deviation, true);
}

static qk_code explain_check(qk_telling *t)
{
    qk_air_check *checks;
    size_t n = 0;
    int64_t id = qk_query_int(t->x, "id", 0);
    QK_TRY(qk_air_checks(&checks, &n, t->x->tools->db, NULL, INT64_MIN + 1, INT64_MAX, &t->x->arena,
                         t->err));
    for (size_t i = 0; i < n; i++) {
        if (checks[i].id != id) continue;
        tell_check(t, &checks[i]);
        return QK_OK;
    }
    return qk_fail(t->err, QK_ENOTFOUND, "there is no such record of a check");
}

/* ---- */

qk_code qk_api_air_explain(qk_exchange *x, qk_error *err)
{
    static const struct {
        const char *name;
        qk_code (*tell)(qk_telling *t);
        bool station; /* of a single station only */
    } figures[] = {
        {"hour_aqi", explain_hour, true},
        {"hour_value", explain_hour_value, true},
        {"day_aqi", explain_day, false},
        {"day_value", explain_day_value, false},
        {"period_value", explain_period_value, false},
        {"day_counts", explain_day_counts, false},
        {"composite_index", explain_index, false},
        {"change", qk_explain_change, false},
        {"target", qk_explain_target, false},
        {"check", explain_check, false},
    };
    qk_telling t = {.x = x, .w = &x->json, .scope = qk_query_str(x, "scope"), .err = err};
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
