/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/analysis.h"
#include "base/csv.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define WS QK_STR("a01007")
#define WD QK_STR("a01008")

typedef struct kind_words {
    const char *name, *zh, *en, *source;
    bool wind, paths;
} kind_words;

static const kind_words kinds[QK_PLOTS] = {
    [QK_PLOT_WIND_ROSE] =
        {"wind_rose", "各风向（风从该方向吹来）各级风速所占的小时份额；静风（风速 0）单独计",
         "Share of hours by the direction the wind comes from and its speed; calm (speed 0) apart",
         "", true, false},
    [QK_PLOT_POLLUTION_ROSE] =
        {"pollution_rose", "各风向上浓度各级所占的小时份额，分级取全部值的 25、50、75、95 百分位",
         "Share of hours by direction and concentration; classes end at percentiles 25, 50, 75, 95 "
         "of all values",
         "", true, false},
    [QK_PLOT_PERCENTILE_ROSE] =
        {"percentile_rose", "各风向浓度的 5、25、50、75、95 百分位与平均",
         "Percentiles 5, 25, 50, 75, 95 and the mean of the concentration by direction", "", true,
         false},
    [QK_PLOT_POLAR] =
        {"polar",
         "按风向、风速分格的统计值开方后以薄板样条平滑（广义交叉验证），离数据过远处不画；核回归不"
         "经分格",
         "Statistic by direction and speed, its square root smoothed by a thin plate spline "
         "(generalised cross-validation), blank far from data; kernel regression needs no bins",
         "Carslaw et al. 2006, Atmos. Environ. 40, 5424; Henry et al. 2009, Atmos. Environ. 43, "
         "2936; Uria-Tellaetxe and Carslaw 2014, Environ. Modell. Softw. 59, 1",
         true, false},
    [QK_PLOT_ANNULUS] =
        {"annulus", "风向与时间的张量样条（两向各自惩罚），时间由内向外",
         "Tensor spline of direction and time, a penalty for each; time runs outward",
         "Carslaw and Ropkins 2012, Environ. Modell. Softw. 27, 52; Wood 2006, Biometrics 62, 1025",
         true, false},
    [QK_PLOT_TREND] = {"trend",
                       "月均值两两斜率的中位数（有效小时不足 75 % 的月不计），自助法 95 % 区间",
                       "Median of all pairwise slopes of monthly means (months with under 75 % of "
                       "their hours are left out), 95 % interval by bootstrap",
                       "Theil 1950; Sen 1968; Cleveland et al. 1990, J. Off. Stat. 6, 3", false,
                       false},
    [QK_PLOT_NORMALISED] =
        {"normalised", "先按风向、风速、冷暖半年分级扣除气象差异，再求趋势",
         "Differences by class of wind direction, speed and season half taken out, then the trend",
         "Theil 1950; Sen 1968", true, false},
    [QK_PLOT_TIME] =
        {"time", "按小时、星期、月份平均，95 % 置信区间取组内离散",
         "Means by hour, weekday and month with 95 % intervals from the spread within each group",
         "", false, false},
    [QK_PLOT_CALENDAR] = {"calendar", "日均值与当日矢量平均风",
                          "Daily means with the day's vector-mean wind", "", true, false},
    [QK_PLOT_TRAJECTORIES] =
        {"trajectories",
         "以本县站点实测地面风做后向轨迹（四阶龙格-库塔），出站点 50 km 即止；只代表近地面短程输送",
         "Backward paths through winds that stations measured near the ground (Runge-Kutta of "
         "order 4), ending 50 km from every station: short transport near the ground only",
         "", true, true},
    [QK_PLOT_CLUSTERS] = {"clusters", "等长后向轨迹按角距离围绕中心点分类",
                          "Paths of full length parted around medoids by their angles",
                          "Kaufman and Rousseeuw 1990", true, true},
    [QK_PLOT_CELLS] = {"cells", "潜在源贡献（PSCF）与浓度权重轨迹（CWT），按格点经过次数加权",
                       "Potential source contribution (PSCF) and concentration-weighted "
                       "trajectories (CWT), weighted by how often a cell was visited",
                       "Ashbaugh et al. 1985, Atmos. Environ. 19, 1263; Seibert et al. 1994", true,
                       true},
};

qk_analysis_kind qk_analysis_kind_of(qk_str name)
{
    for (int k = 0; k < QK_PLOTS; k++)
        if (qk_str_eq(name, qk_str_of(kinds[k].name))) return (qk_analysis_kind)k;
    return QK_PLOTS;
}

const char *qk_analysis_kind_name(qk_analysis_kind kind)
{
    return kinds[kind].name;
}

bool qk_analysis_is_path(qk_analysis_kind kind)
{
    return kinds[kind].paths;
}

static qk_code no_memory(qk_error *err)
{
    return qk_fail(err, QK_ENOMEM, "no memory for the analysis: ask for a shorter period");
}

void qk_analysis_put(qk_json_writer *w, double v)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%.5g", v == 0 ? 0.0 : v);
    if (isfinite(v) && n > 0)
        qk_json_raw(w, (qk_str){text, (size_t)n});
    else
        qk_json_null(w);
}

void qk_analysis_kput(qk_json_writer *w, const char *name, double v)
{
    qk_json_key(w, name);
    qk_analysis_put(w, v);
}

/* ---- from the store ---- */

/* The station itself, else the nearest that measures wind. */
static qk_code find_wind(qk_analysis *a, qk_error *err)
{
    qk_site *sites = NULL;
    qk_place home = {a->site.lon, a->site.lat};
    size_t n = 0;
    a->wind_m = QK_ANALYSIS_WIND_M;
    if (qk_hours_measured(a->registry, a->site.id, "a01008", a->arena)) {
        a->wind_site = a->site;
        a->wind_m = 0;
        return QK_OK;
    }
    if (qk_registry_sites(a->registry, a->arena, &sites, &n) != QK_OK) return no_memory(err);
    for (size_t i = 0; sites && i < n; i++) {
        if (!qk_str_starts(qk_str_of(sites[i].kind), QK_STR("air_"))) continue;
        double m = qk_place_distance(home, (qk_place){sites[i].lon, sites[i].lat});
        if (!(m < a->wind_m) || !qk_hours_measured(a->registry, sites[i].id, "a01008", a->arena))
            continue;
        a->wind_site = sites[i];
        a->wind_m = m;
    }
    return QK_OK;
}

static qk_code read_wind(qk_analysis *a, qk_error *err)
{
    qk_hour_column ws, wd;
    QK_TRY(find_wind(a, err));
    QK_TRY(qk_hours_read(&ws, NULL, a->registry, a->reader, a->wind_site.id, WS, a->from, a->to,
                         a->arena, err));
    QK_TRY(qk_hours_read(&wd, NULL, a->registry, a->reader, a->wind_site.id, WD, a->from, a->to,
                         a->arena, err));
    a->ws = ws.value;
    a->wd = wd.value;
    return QK_OK;
}

qk_code qk_analysis_read(qk_analysis *a, qk_str factor, qk_error *err)
{
    qk_hour_column value;
    size_t most = kinds[a->kind].paths ? QK_ANALYSIS_PATH_DAYS * 24 : QK_ANALYSIS_HOURS;
    a->from = qk_floor_hour(a->from);
    a->to = qk_floor_hour(a->to);
    if (a->from >= a->to || (size_t)((a->to - a->from) / QK_HOUR) > most)
        return qk_fail(err, QK_ERANGE, "1 hour to %zu days", most / 24);
    QK_TRY(qk_hours_read(&value, &a->factor, a->registry, a->reader, a->site.id, factor, a->from,
                         a->to, a->arena, err));
    a->count = value.count;
    a->value = value.value;
    a->flagged = value.flagged;
    a->negative = value.negative;
    a->time = qk_arena_array(a->arena, a->count + 1, sizeof *a->time);
    if (!a->time) return no_memory(err);
    for (size_t i = 0; i < a->count; i++) a->time[i] = a->from + (qk_time)i * QK_HOUR;
    return kinds[a->kind].wind ? read_wind(a, err) : QK_OK;
}

/* ---- from a file ---- */

typedef struct file_columns {
    size_t time, ws, wd, value;
} file_columns;

static qk_code find_columns(file_columns *c, const qk_analysis *a, const qk_csv_reader *r,
                            qk_str factor, qk_error *err)
{
    char name[64];
    qk_str_copy(name, sizeof name, factor);
    c->time = qk_csv_column(r, "date");
    if (c->time == SIZE_MAX) c->time = qk_csv_column(r, "time");
    c->ws = qk_csv_column(r, "ws");
    c->wd = qk_csv_column(r, "wd");
    c->value = factor.len ? qk_csv_column(r, name) : SIZE_MAX;
    for (size_t i = 0; !factor.len && i < qk_csv_columns(r) && c->value == SIZE_MAX; i++)
        if (i != c->time && i != c->ws && i != c->wd) c->value = i;
    if (c->time == SIZE_MAX) return qk_fail(err, QK_EFORMAT, "the file has no column 'date'");
    if (kinds[a->kind].wind && (c->ws == SIZE_MAX || c->wd == SIZE_MAX))
        return qk_fail(err, QK_EFORMAT,
                       "this plot needs the columns 'ws' (m/s) and 'wd' (degrees)");
    if (c->value == SIZE_MAX)
        return qk_fail(err, QK_EFORMAT,
                       factor.len ? "the file has no column '%s'"
                                  : "the file has no column of values%s",
                       name);
    return QK_OK;
}

static qk_code read_number(double *out, const qk_csv_reader *r, const qk_str *cells, size_t column,
                           qk_error *err)
{
    *out = NAN;
    if (column == SIZE_MAX || qk_csv_missing(cells[column])) return QK_OK;
    if (qk_parse_f64(out, cells[column]) == QK_OK) return QK_OK;
    return qk_fail(err, QK_EFORMAT, "line %u, column %zu: '%.*s' is no number", qk_csv_line(r),
                   column + 1, QK_STR_ARG(cells[column]));
}

static bool is_sensible(qk_time t)
{
    return t > -2208988800000 && t < 4133980800000; /* 1900 to 2101 */
}

static qk_code take_row(qk_analysis *a, const file_columns *c, const qk_csv_reader *r,
                        const qk_str *cells, qk_error *err)
{
    size_t i = a->count;
    if (qk_csv_missing(cells[c->time])) {
        a->dropped_rows++;
        return QK_OK;
    }
    if (qk_time_parse(&a->time[i], cells[c->time]) != QK_OK || !is_sensible(a->time[i]))
        return qk_fail(err, QK_EFORMAT, "line %u, column %zu: '%.*s' is no time", qk_csv_line(r),
                       c->time + 1, QK_STR_ARG(cells[c->time]));
    QK_TRY(read_number(&a->ws[i], r, cells, c->ws, err));
    QK_TRY(read_number(&a->wd[i], r, cells, c->wd, err));
    QK_TRY(read_number(&a->value[i], r, cells, c->value, err));
    a->negative += a->value[i] < 0;
    if (i == 0 || a->time[i] < a->from) a->from = a->time[i];
    if (i == 0 || a->time[i] >= a->to) a->to = a->time[i] + QK_HOUR;
    a->count++;
    return QK_OK;
}

static qk_code read_rows(qk_analysis *a, qk_csv_reader *r, qk_str factor, qk_error *err)
{
    file_columns c;
    const qk_str *cells = NULL;
    qk_code code;
    QK_TRY(find_columns(&c, a, r, factor, err));
    (void)qk_str_copy(a->factor.code, sizeof a->factor.code, qk_csv_header(r, c.value));
    while ((code = qk_csv_next(r, &cells, err)) == QK_OK) {
        if (a->count == QK_ANALYSIS_HOURS)
            return qk_fail(err, QK_ERANGE, "more than %d rows", QK_ANALYSIS_HOURS);
        QK_TRY(take_row(a, &c, r, cells, err));
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_analysis_read_csv(qk_analysis *a, qk_str text, qk_str factor, qk_error *err)
{
    qk_csv_reader *r = NULL;
    qk_factor_init(&a->factor);
    a->time = qk_arena_array(a->arena, QK_ANALYSIS_HOURS, sizeof *a->time);
    a->ws = qk_arena_array(a->arena, QK_ANALYSIS_HOURS, sizeof *a->ws);
    a->wd = qk_arena_array(a->arena, QK_ANALYSIS_HOURS, sizeof *a->wd);
    a->value = qk_arena_array(a->arena, QK_ANALYSIS_HOURS, sizeof *a->value);
    if (!a->time || !a->ws || !a->wd || !a->value) return no_memory(err);
    QK_TRY(qk_csv_open_text(&r, text, "the file", 0, err));
    qk_code code = read_rows(a, r, factor, err);
    qk_csv_close(r);
    return code;
}

/* ---- the answer ---- */

typedef struct tally {
    size_t used, no_value, no_wind;
} tally;

static tally count_hours(const qk_analysis *a)
{
    tally n = {0};
    bool wind = kinds[a->kind].wind && !kinds[a->kind].paths && a->kind != QK_PLOT_CALENDAR;
    bool value = a->kind != QK_PLOT_WIND_ROSE;
    for (size_t i = 0; i < a->count; i++) {
        bool blows =
            !wind || (isfinite(a->ws[i]) && a->ws[i] >= 0 && (isfinite(a->wd[i]) || a->ws[i] == 0));
        if (value && !isfinite(a->value[i]))
            n.no_value++;
        else if (!blows)
            n.no_wind++;
        else
            n.used++;
    }
    return n;
}

static void put_dropped(qk_json_writer *w, const char *why, size_t n)
{
    if (!n) return;
    qk_json_object(w);
    qk_json_kcstr(w, "why", why);
    qk_json_ki64(w, "n", (int64_t)n);
    qk_json_end(w);
}

static void put_hours(qk_json_writer *w, const qk_analysis *a)
{
    tally n = count_hours(a);
    size_t flagged = a->flagged < n.no_value ? a->flagged : n.no_value;
    qk_json_key(w, "hours");
    qk_json_object(w);
    qk_json_ki64(w, "asked", (int64_t)(a->count + a->dropped_rows));
    qk_json_ki64(w, "used", (int64_t)n.used);
    qk_json_ki64(w, "negative", (int64_t)a->negative);
    qk_json_key(w, "dropped");
    qk_json_array(w);
    put_dropped(w, "no_time", a->dropped_rows);
    put_dropped(w, "no_value", n.no_value - flagged);
    put_dropped(w, "flagged", flagged);
    put_dropped(w, "no_wind", n.no_wind);
    qk_json_end(w);
    qk_json_end(w);
}

static void put_weather(qk_json_writer *w, const qk_analysis *a)
{
    qk_json_key(w, "weather");
    if (!kinds[a->kind].wind || !a->wind_site.id[0]) {
        qk_json_null(w);
        return;
    }
    qk_json_object(w);
    qk_json_kcstr(w, "site", a->wind_site.id);
    qk_json_kcstr(w, "name_zh", a->wind_site.name_zh);
    qk_json_kcstr(w, "name_en", a->wind_site.name_en);
    qk_analysis_kput(w, "distance_m", a->wind_m);
    qk_json_end(w);
}

static void put_ktext(qk_json_writer *w, const char *name, const char *text)
{
    qk_json_kcstr(w, name, text[0] ? text : NULL);
}

static void put_head(qk_json_writer *w, const qk_analysis *a)
{
    char text[QK_TIME_TEXT];
    qk_json_kcstr(w, "kind", kinds[a->kind].name);
    put_ktext(w, "site", a->site.id);
    qk_json_key(w, "factor");
    qk_json_object(w);
    put_ktext(w, "code", a->factor.code);
    put_ktext(w, "zh", a->factor.name_zh);
    put_ktext(w, "en", a->factor.name_en);
    put_ktext(w, "unit", a->factor.unit);
    qk_json_end(w);
    qk_json_kcstr(w, "from", qk_time_iso_zone(text, a->from));
    qk_json_kcstr(w, "to", qk_time_iso_zone(text, a->to));
    put_weather(w, a);
    put_hours(w, a);
    qk_json_key(w, "method");
    qk_json_object(w);
    qk_json_kcstr(w, "zh", kinds[a->kind].zh);
    qk_json_kcstr(w, "en", kinds[a->kind].en);
    put_ktext(w, "source", kinds[a->kind].source);
    qk_json_end(w);
}

/* Why there is nothing to draw. */
static const char *thin_reason(const qk_analysis *a)
{
    tally n = count_hours(a);
    if (a->reader && !a->factor.code[0] && a->kind != QK_PLOT_WIND_ROSE) return "no_factor";
    if (a->reader && kinds[a->kind].wind && !a->wind_site.id[0]) return "no_wind_station";
    if (n.used == 0) return n.no_wind ? "no_wind" : "no_value";
    return "short";
}

qk_code qk_analysis_write(qk_json_writer *w, qk_analysis *a, qk_error *err)
{
    qk_error why = {0};
    qk_json_object(w);
    put_head(w, a);
    qk_json_key(w, "plot");
    qk_code code =
        qk_analysis_is_path(a->kind) ? qk_analysis_paths(w, a, &why) : qk_analysis_plot(w, a, &why);
    bool thin = code == QK_EFORMAT || code == QK_ENOTFOUND;
    if (code != QK_OK && !thin) {
        *err = why;
        return code;
    }
    if (thin) qk_json_null(w);
    qk_json_kcstr(w, "reason", thin ? thin_reason(a) : NULL);
    qk_json_end(w);
    return QK_OK;
}
