/* SPDX-License-Identifier: Apache-2.0 */
/* Calculations about ambient air: indices, statistics, warnings, forecasts, places. */
#include "cli/calc.h"
#include "standards/aqi.h"
#include "standards/coords.h"
#include "standards/index.h"
#include "standards/rounding.h"
#include "standards/skill.h"
#include "standards/warning.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LEAP_YEAR = 2024 };

static const qk_aqi_rule *rule_of(calc_row *row, int given)
{
    if (calc_missing(row, given)) return NULL;
    const qk_aqi_rule *rule = qk_rules_aqi_named(row->rules, row->given[given]);
    if (!rule) calc_bad(row, given, "unknown standard; HJ633-2012 or HJ633-2026");
    if (rule) row->rule = rule->source;
    return rule;
}

static qk_conc conc_of(calc_row *row, int given)
{
    qk_conc c = {.state = QK_CONC_MISSING};
    if (qk_conc_parse(&c, row->given[given]) != QK_OK) {
        calc_bad(row, given, "no number, NA or /");
        c.state = QK_CONC_MISSING;
    }
    return c;
}

static void put_index(calc_row *row, int asked, int32_t index)
{
    if (index == QK_AQI_NA)
        calc_put(row, asked, "NA");
    else
        calc_put_int(row, asked, index);
}

static void put_items(calc_row *row, int asked, uint32_t items)
{
    for (int i = 0; i < QK_AQI_ITEMS; i++)
        if (items & QK_AQI_BIT(i)) calc_put_more(row, asked, qk_aqi_item_name((qk_aqi_item)i));
}

static void run_iaqi(calc_row *row)
{
    const qk_aqi_rule *rule = rule_of(row, 0);
    qk_aqi_item item;
    qk_dec rounded = {0};
    qk_conc conc = conc_of(row, 2);
    if (!rule || calc_missing(row, 1)) return;
    if (qk_aqi_item_find(&item, row->given[1]) != QK_OK) {
        calc_bad(row, 1, "unknown item; one of SO2_24h … CO_1h");
        return;
    }
    put_index(row, 1, qk_conc_counts(conc) ? qk_iaqi(rule, item, conc.value, &rounded) : QK_AQI_NA);
    if (qk_conc_counts(conc)) calc_put_dec(row, 0, rounded);
}

static void put_level(calc_row *row, int asked, const qk_aqi *day)
{
    if (day->level)
        calc_put_int(row, asked, day->level);
    else
        calc_put(row, asked, "NA");
}

static void run_aqi_daily(calc_row *row)
{
    static const qk_aqi_item order[] = {QK_SO2_24H, QK_NO2_24H, QK_PM10_24H, QK_PM25_24H,
                                        QK_CO_24H,  QK_O3_8H,   QK_O3_1H};
    const qk_aqi_rule *rule = rule_of(row, 0);
    qk_conc conc[QK_AQI_ITEMS] = {0};
    qk_aqi day;
    for (int i = 0; i < 7; i++) conc[order[i]] = conc_of(row, i + 1);
    if (!rule) return;
    qk_aqi_daily(&day, rule, conc);
    for (int i = 0; i < 7; i++) {
        bool beside = order[i] == QK_O3_1H; /* told only where the rule has it and it is given */
        if (beside && (!(rule->daily_items & QK_AQI_BIT(QK_O3_1H)) ||
                       conc[QK_O3_1H].state == QK_CONC_MISSING))
            continue;
        put_index(row, i, day.iaqi[order[i]]);
    }
    put_index(row, 7, day.aqi);
    put_level(row, 8, &day);
    calc_put(row, 9, day.level ? qk_aqi_level_text(rule, day.level)->category_zh : "NA");
    put_items(row, 10, day.primary);
    put_items(row, 11, day.exceeding);
}

static void run_aqi_hourly(calc_row *row)
{
    static const qk_aqi_item order[] = {QK_SO2_1H,  QK_NO2_1H, QK_PM10_1H,
                                        QK_PM25_1H, QK_CO_1H,  QK_O3_1H};
    qk_conc conc[QK_AQI_ITEMS] = {0};
    qk_aqi hour;
    for (int i = 0; i < 6; i++) conc[order[i]] = conc_of(row, i);
    conc[QK_PM10_24H] = conc[QK_PM10_1H];
    conc[QK_PM25_24H] = conc[QK_PM25_1H];
    qk_aqi_hourly(&hour, qk_rules_aqi_named(row->rules, QK_STR("HJ633-2026")), conc);
    for (int i = 0; i < 6; i++) put_index(row, i, hour.iaqi[order[i]]);
    put_index(row, 6, hour.aqi);
    put_level(row, 7, &hour);
    put_items(row, 8, hour.primary);
    qk_aqi_hourly(&hour, qk_rules_aqi_named(row->rules, QK_STR("HJ633-2012")), conc);
    put_index(row, 9, hour.aqi);
    put_level(row, 10, &hour);
    put_items(row, 11, hour.primary);
}

static void run_rounding(calc_row *row)
{
    int64_t decimals;
    qk_buf out;
    if (calc_missing(row, 0) ||
        !calc_int(row, 1, -QK_ROUND_DECIMALS_MAX, QK_ROUND_DECIMALS_MAX, &decimals))
        return;
    qk_buf_init(&out, 4096);
    if (qk_round_text(&out, row->given[0], (int32_t)decimals) == QK_OK)
        calc_put_str(row, 0, qk_buf_str(&out));
    else
        calc_bad(row, 0, "no decimal number of at most %d digits", QK_ROUND_DIGITS_MAX);
    qk_buf_clear(&out);
}

/* Decimals asked for in a cell; false leaves the rounded result empty. */
static bool decimals_of(calc_row *row, int given, int32_t *out)
{
    int64_t n;
    if (!calc_int(row, given, 0, QK_DEC_SCALE_MAX, &n)) return false;
    *out = (int32_t)n;
    return true;
}

static void run_percentile(calc_row *row)
{
    qk_conc *list;
    size_t count, n = 0;
    int32_t decimals;
    qk_dec p;
    bool with_p = calc_dec(row, 1, &p);
    bool with_decimals = decimals_of(row, 2, &decimals);
    if (!calc_list(row, 0, &list, &count)) return;
    qk_dec *values = qk_arena_array(row->arena, count, sizeof *values);
    for (size_t i = 0; values && i < count; i++)
        if (list[i].state == QK_CONC_VALUE) values[n++] = list[i].value;
    calc_put_int(row, 0, (int64_t)n);
    if (!values || !with_p) return;
    qk_ratio r = qk_percentile(values, n, p);
    calc_put_ratio(row, 1, r, 6);
    if (with_decimals) calc_put_ratio(row, 2, r, decimals);
}

static void put_pollutants(calc_row *row, int asked, const qk_pollutant *order, uint32_t which)
{
    for (int i = 0; i < QK_POLLUTANTS; i++)
        if (which & (1u << order[i]))
            calc_put_more(row, asked, order[i] == QK_PM25 ? "PM25" : qk_pollutant_name(order[i]));
}

static void run_composite(calc_row *row)
{
    static const qk_pollutant order[] = {QK_SO2, QK_NO2, QK_CO, QK_PM10, QK_PM25, QK_O3};
    qk_ratio value[QK_POLLUTANTS];
    qk_index index;
    for (int i = 0; i < QK_POLLUTANTS; i++) value[order[i]] = calc_amount(row, i + 1);
    if (calc_missing(row, 0)) return;
    const qk_index_profile *profile = qk_rules_index_named(row->rules, row->given[0]);
    if (!profile) {
        calc_bad(row, 0, "unknown index profile");
        return;
    }
    row->rule = profile->source;
    qk_index_of(&index, profile, value);
    for (int i = 0; i < QK_POLLUTANTS; i++) calc_put_ratio(row, i, index.single[order[i]], 6);
    calc_put_ratio(row, 6, index.total, 6);
    calc_put_ratio(row, 7, index.total, 2);
    calc_put_ratio(row, 8, index.total, 3);
    if (!qk_ratio_there(index.total)) return;
    calc_put_ratio(row, 9, index.max, 6);
    put_pollutants(row, 10, order, index.primary);
}

static bool day_of_hours(calc_row *row, qk_conc **hours)
{
    size_t count;
    if (!calc_list(row, 0, hours, &count)) return false;
    if (count == 24) return true;
    calc_bad(row, 0, "the list has %zu entries; the hours 01 to 24 are 24", count);
    return false;
}

static void run_o3_mda8(calc_row *row)
{
    qk_conc *hours;
    qk_mda8 day;
    if (!day_of_hours(row, &hours)) return;
    qk_mda8_of(&day, hours);
    calc_put_int(row, 0, day.windows);
    calc_put_ratio(row, 1, day.max, 6);
    calc_put_ratio(row, 2, day.max, 0);
    calc_put_int(row, 3, day.valid);
}

static void run_daily_mean(calc_row *row)
{
    qk_conc *hours;
    size_t n;
    int32_t decimals;
    bool with_decimals = decimals_of(row, 1, &decimals);
    if (!day_of_hours(row, &hours)) return;
    qk_ratio mean = qk_mean(hours, 24, &n);
    calc_put_int(row, 0, (int64_t)n);
    calc_put_ratio(row, 1, mean, 6);
    if (with_decimals) calc_put_ratio(row, 2, mean, decimals);
    calc_put_int(row, 3, n >= QK_HOURS_DAY_MIN);
}

static void run_year_completeness(calc_row *row)
{
    int32_t *days;
    int32_t total;
    size_t count;
    if (!calc_ints(row, 0, &days, &count)) return;
    if (count != 12) {
        calc_bad(row, 0, "the list has %zu entries; a year has 12 months", count);
        return;
    }
    for (int m = 0; m < 12; m++) {
        if (days[m] < 0) return;
        if (days[m] > qk_days_in_month(LEAP_YEAR, m + 1)) {
            calc_bad(row, 0, "month %d has no %d days", m + 1, days[m]);
            return;
        }
    }
    bool complete = qk_year_complete(days, &total);
    calc_put_int(row, 0, total);
    calc_put_int(row, 1, complete);
}

static void run_dust_exclusion(calc_row *row)
{
    qk_conc *days;
    int32_t *dusty;
    size_t count, flags, n;
    if (!calc_list(row, 0, &days, &count) || !calc_ints(row, 1, &dusty, &flags)) return;
    if (flags != count) {
        calc_bad(row, 1, "%zu flags for %zu days", flags, count);
        return;
    }
    calc_put_ratio(row, 0, qk_mean(days, count, NULL), 1);
    for (size_t i = 0; i < count; i++)
        if (dusty[i] > 0) days[i].state = QK_CONC_MISSING;
    calc_put_ratio(row, 1, qk_mean(days, count, &n), 1);
    calc_put_int(row, 2, (int64_t)n);
}

static void run_good_days(calc_row *row)
{
    int32_t *aqi;
    size_t count;
    qk_day_count days;
    if (!calc_ints(row, 0, &aqi, &count)) return;
    qk_days_count(&days, aqi, count);
    calc_put_int(row, 0, days.valid);
    calc_put_int(row, 1, days.good);
    calc_put_int(row, 2, days.heavy);
    calc_put_ratio(row, 3, qk_percent(days.good, days.valid), 1);
    calc_put_ratio(row, 4, qk_percent(days.heavy, days.valid), 1);
}

static void run_ranking(calc_row *row)
{
    qk_conc *list;
    size_t count;
    char text[16];
    if (!calc_list(row, 0, &list, &count)) return;
    qk_dec *values = qk_arena_array(row->arena, count, sizeof *values);
    bool *there = qk_arena_array(row->arena, count, sizeof *there);
    int32_t *ranks = qk_arena_array(row->arena, count, sizeof *ranks);
    if (!values || !there || !ranks) return;
    for (size_t i = 0; i < count; i++) {
        there[i] = qk_conc_counts(list[i]);
        values[i] = list[i].value;
    }
    qk_rank(ranks, values, there, count);
    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "%d", ranks[i]);
        calc_put_more(row, 0, there[i] ? text : "NA");
    }
}

static void run_change_rate(calc_row *row)
{
    calc_put_ratio(row, 0, qk_change_rate(calc_ratio(row, 0), calc_ratio(row, 1)), 1);
}

static const qk_warning_rule *warning_rule(calc_row *row)
{
    const qk_warning_rule *rule = qk_rules_warning_on(row->rules, row->day);
    row->rule = rule->source;
    return rule;
}

static void run_warning_level(calc_row *row)
{
    int32_t *aqi;
    size_t count;
    if (!calc_ints(row, 0, &aqi, &count)) return;
    const qk_warning_rule *before = qk_rules_warning_named(row->rules, QK_STR("HBDQH2019-648"));
    const qk_warning_rule *now = warning_rule(row);
    calc_put(row, 0, qk_warning_level_name(qk_warning_level_of(now, aqi, count)));
    calc_put(row, 1, qk_warning_level_name(qk_warning_level_of(before, aqi, count)));
    const char *both = qk_arena_printf(row->arena, "%s; %s", now->source, before->source);
    if (both) row->rule = both;
}

static void run_warning_merge(calc_row *row)
{
    int32_t *first, *second;
    size_t a, b;
    qk_warning_level level;
    qk_ratio gap = calc_amount(row, 1);
    if (!calc_ints(row, 0, &first, &a) || !calc_ints(row, 2, &second, &b)) return;
    if (!qk_ratio_there(gap)) return;
    int32_t *both = qk_arena_array(row->arena, a + b, sizeof *both);
    if (!both) return;
    memcpy(both, first, a * sizeof *both);
    memcpy(both + a, second, b * sizeof *both);
    bool one = qk_warning_merge(&level, warning_rule(row), both, a, b, gap);
    calc_put_int(row, 0, one);
    calc_put(row, 1, qk_warning_level_name(level));
}

static bool warning_of(calc_row *row, int given, qk_warning_level *out)
{
    if (calc_missing(row, given)) return false;
    if (qk_warning_level_find(out, row->given[given]) == QK_OK) return true;
    calc_bad(row, given, "unknown level; none, yellow, orange or red");
    return false;
}

static void run_warning_transition(calc_row *row)
{
    qk_warning_level now, supported, next;
    qk_ratio hours = calc_amount(row, 2);
    if (!warning_of(row, 0, &now) || !warning_of(row, 1, &supported)) return;
    if (!qk_ratio_there(hours) && supported < now) return;
    qk_warning_action action = qk_warning_step(&next, warning_rule(row), now, supported, hours);
    calc_put(row, 0, qk_warning_level_name(next));
    calc_put(row, 1, qk_warning_action_name(action));
}

static void run_warning_reduction(calc_row *row)
{
    qk_warning_level level;
    qk_ratio base[QK_REDUCTIONS], cut[QK_REDUCTIONS];
    qk_reduction r;
    for (int i = 0; i < QK_REDUCTIONS; i++) {
        base[i] = calc_amount(row, 1 + i);
        cut[i] = calc_amount(row, 1 + QK_REDUCTIONS + i);
    }
    if (!warning_of(row, 0, &level)) return;
    qk_reduction_of(&r, warning_rule(row), level, base, cut);
    for (int i = 0; i < QK_REDUCTIONS; i++) calc_put_ratio(row, i, r.share_percent[i], 2);
    if (!r.known || level == QK_WARNING_NONE) return;
    calc_put_int(row, 4, r.each_meets);
    calc_put_int(row, 5, r.meets_with_swap);
}

static void run_forecast_hit(calc_row *row)
{
    int64_t low, high, seen;
    qk_forecast_hit hit;
    char text[16];
    bool l = calc_int(row, 0, 0, INT32_MAX, &low);
    bool h = calc_int(row, 1, 0, INT32_MAX, &high);
    bool s = calc_int(row, 2, 0, INT32_MAX, &seen);
    if (s) calc_put_int(row, 1, qk_aqi_level_of((int32_t)seen));
    if (!l || !h || high < low) return;
    if (qk_forecast_hit_of(&hit, (int32_t)low, (int32_t)high, s ? (int32_t)seen : 0) != QK_OK)
        return;
    for (int g = 1; g <= QK_AQI_LEVELS; g++) {
        snprintf(text, sizeof text, "%d", g);
        if (hit.grades & (1u << g)) calc_put_more(row, 0, text);
    }
    if (!s) return;
    calc_put_int(row, 2, hit.range_hit);
    calc_put_int(row, 3, hit.grade_hit);
}

static bool degrees_of(calc_row *row, int given, double limit, double *out)
{
    qk_dec d;
    if (!calc_dec(row, given, &d)) return false;
    *out = qk_dec_f64(d);
    return fabs(*out) <= limit;
}

static void put_degrees(calc_row *row, int asked, qk_lonlat p)
{
    char text[32];
    snprintf(text, sizeof text, "%.7f", p.lon_deg);
    calc_put(row, asked, text);
    snprintf(text, sizeof text, "%.7f", p.lat_deg);
    calc_put(row, asked + 1, text);
}

static void run_coords(calc_row *row)
{
    qk_lonlat wgs;
    qk_tile tile;
    int64_t zoom;
    bool with_zoom = calc_int(row, 3, 0, QK_ZOOM_MAX, &zoom);
    bool with_lon = degrees_of(row, 1, 180, &wgs.lon_deg);
    bool with_lat = degrees_of(row, 2, 90, &wgs.lat_deg);
    if (!with_lon || !with_lat) return;
    qk_lonlat gcj = qk_wgs_to_gcj(wgs);
    put_degrees(row, 0, gcj);
    put_degrees(row, 2, qk_gcj_to_bd(gcj));
    if (!with_zoom) return;
    if (qk_tile_mercator(&tile, wgs, (int32_t)zoom)) {
        calc_put_int(row, 4, tile.col);
        calc_put_int(row, 5, tile.row);
    }
    if (qk_tile_geographic(&tile, wgs, (int32_t)zoom)) {
        calc_put_int(row, 6, tile.col);
        calc_put_int(row, 7, tile.row);
    }
}

const calc_def calc_air[] = {
    {"iaqi",
     {"standard", "item", "conc"},
     {"conc_rounded", "iaqi"},
     run_iaqi,
     "HJ 633-2012 to 2026-02-28, HJ 633-2026 from 2026-03-01",
     0},
    {"aqi_daily",
     {"standard", "SO2_24h", "NO2_24h", "PM10_24h", "PM25_24h", "CO_24h", "O3_8h", "O3_1h"},
     {"i_SO2_24h", "i_NO2_24h", "i_PM10_24h", "i_PM25_24h", "i_CO_24h", "i_O3_8h", "i_O3_1h", "aqi",
      "level", "category", "primary", "exceeding"},
     run_aqi_daily,
     "HJ 633-2012 to 2026-02-28, HJ 633-2026 from 2026-03-01",
     1u << 7},
    {"aqi_hourly",
     {"SO2_1h", "NO2_1h", "PM10", "PM25", "CO_1h", "O3_1h"},
     {"i26_SO2_1h", "i26_NO2_1h", "i26_PM10_1h", "i26_PM25_1h", "i26_CO_1h", "i26_O3_1h",
      "aqi_2026_all_1h", "level_2026", "primary_2026", "aqi_2012_pm_as_24h_running", "level_2012",
      "primary_2012"},
     run_aqi_hourly,
     "HJ 633-2026 5 from 2026-03-01; HJ 633-2012 4 with 24-h running PM to 2026-02-28",
     0},
    {"rounding",
     {"value", "decimals"},
     {"expected"},
     run_rounding,
     "GB/T 8170-2008 3.2 from 2009-01-01: half to even, once",
     0},
    {"percentile",
     {"values", "p", "decimals"},
     {"n", "result_6dp", "result_rounded"},
     run_percentile,
     "HJ 663-2013 annex A from 2013-10-01: k = 1 + (n-1) p/100; GB/T 8170-2008",
     0},
    {"composite_index",
     {"version", "SO2", "NO2", "CO", "PM10", "PM25", "O3"},
     {"I_SO2", "I_NO2", "I_CO", "I_PM10", "I_PM25", "I_O3", "total_6dp", "total_2dp", "total_3dp",
      "max_single_6dp", "max_pollutant"},
     run_composite,
     "HJ 663-2013 from 2013-10-01, sum of value / limit",
     0},
    {"o3_mda8",
     {"hours_01_to_24"},
     {"n_valid_windows", "mda8_6dp", "mda8_rounded", "valid"},
     run_o3_mda8,
     "GB 3095-2012 table 4 to 2026-02-28, GB 3095-2026 table 4 from 2026-03-01, HJ 663 6.1.2: "
     "windows ending 08-24 h with >= 6 h; >= 14 windows, or > 160",
     0},
    {"daily_mean",
     {"hours_01_to_24", "decimals"},
     {"n_valid", "mean_6dp", "mean_rounded", "valid_ge20h"},
     run_daily_mean,
     "GB 3095-2012 table 4 to 2026-02-28, GB 3095-2026 table 4 from 2026-03-01: >= 20 hours; "
     "GB/T 8170-2008",
     0},
    {"year_completeness",
     {"valid_days_per_month"},
     {"total", "valid"},
     run_year_completeness,
     "GB 3095-2012 table 4 to 2026-02-28, GB 3095-2026 table 4 from 2026-03-01: >= 324 days, "
     ">= 27 a month, February >= 25",
     0},
    {"dust_exclusion",
     {"pm10_daily", "dust_flag"},
     {"mean_all_1dp", "mean_without_dust_1dp", "days_kept"},
     run_dust_exclusion,
     "CNEMC practice since 2021-07: flagged days leave PM10 and PM2.5 statistics",
     0},
    {"good_days",
     {"daily_aqi"},
     {"valid_days", "good_days_le100", "heavy_days_gt200", "good_ratio_1dp", "heavy_ratio_1dp"},
     run_good_days,
     "HJ 633-2012 to 2026-02-28, HJ 633-2026 from 2026-03-01: good to 100, heavy above 200; HJ 663 "
     "ratio to valid days",
     0},
    {"ranking",
     {"composite_index_list"},
     {"rank_list_ties_share"},
     run_ranking,
     "环办监测〔2018〕19号 from 2018: ascending, equal index equal rank",
     0},
    {"change_rate",
     {"now", "same_period_before"},
     {"rate_percent_1dp"},
     run_change_rate,
     "环办监测〔2018〕19号 from 2018: (now - before)/before x 100 %",
     0},
    {"warning_level",
     {"predicted_daily_aqi_consecutive"},
     {"level_2024_hdq6", "level_2019_648"},
     run_warning_level,
     "环大气〔2024〕6号 from 2024-01-23; 环办大气函〔2019〕648号 before",
     0},
    {"warning_merge",
     {"first_episode_daily_aqi", "gap_hours", "second_episode_daily_aqi"},
     {"counts_as_one", "strictest_level_2024"},
     run_warning_merge,
     "环大气〔2024〕6号: episodes less than 36 h apart are one",
     0},
    {"warning_transition",
     {"current", "level_supported_by_forecast", "hours_improvement_expected_to_last"},
     {"new_level", "action"},
     run_warning_transition,
     "环大气〔2024〕6号: up at once, down when the improvement lasts >= 36 h",
     0},
    {"warning_reduction",
     {"level", "base_SO2", "base_NOx", "base_PM", "base_VOC", "cut_SO2", "cut_NOx", "cut_PM",
      "cut_VOC"},
     {"share_SO2", "share_NOx", "share_PM", "share_VOC", "each_meets", "meets_with_so2_nox_swap"},
     run_warning_reduction,
     "环大气〔2024〕6号: 10/20/30 % of all emission; SO2 and NOx may stand in for each other",
     0},
    {"forecast_hit",
     {"forecast_aqi_low", "forecast_aqi_high", "observed_aqi"},
     {"forecast_grades", "observed_grade", "range_hit", "grade_hit"},
     run_forecast_hit,
     "HJ 633-2026 levels from 2026-03-01, as before; hit = observed inside the range, its grade "
     "among the range's grades",
     0},
    {"coords",
     {"name", "wgs_lon", "wgs_lat", "zoom"},
     {"gcj_lon", "gcj_lat", "bd_lon", "bd_lat", "w_tile_col", "w_tile_row", "c_tile_col",
      "c_tile_row"},
     run_coords,
     "CGCS2000 from 2008-07-01; GCJ-02 on the Krasovsky ellipsoid; BD-09; tiles of EPSG:3857 and "
     "EPSG:4490",
     1u << 0 | 1u << 3},
    {NULL, {NULL}, {NULL}, NULL, NULL, 0},
};
