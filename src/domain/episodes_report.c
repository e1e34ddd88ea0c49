/* SPDX-License-Identifier: Apache-2.0 */
/* The report of an episode. Every verdict stands with the figures it rests on; what the house does
 * not have is named and nothing is put in its place. */
#include "domain/analysis.h"
#include "domain/episodes.h"
#include "domain/setting.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    STATIONS = 200,
    WINDS = 16,
    SECTORS = 8,
    DAY = 24,
    BEFORE_H = QK_EPISODE_BEFORE * DAY,
    RISE_H = 3,
    ONSET_H = 12, /* a station may have been over so long before the county */
    LISTED = 30
};
/* Conventions of the cause analysis, told in the report beside what they decide. */
#define CALM_MS     1.5
#define CALM_SHARE  0.6
#define BRINGING_MS 2.0
#define RISE_UG     30.0
#define ORDER_R     0.6
#define ORDER_LAG_H 2.0
#define STANDS_OUT  1.2
#define COVERAGE    0.75

typedef struct station {
    const qk_site *site;
    const double *value; /* [hours] */
    double mean, peak;
    size_t there, above, onset; /* onset: first hour of three above; SIZE_MAX none */
} station;

typedef struct weather {
    double speed, calm, humidity; /* NaN: not measured */
    size_t hours;
    int sector; /* where most wind came from; -1 */
    double u, v;
} weather;

typedef struct work {
    const qk_episodes *e;
    const qk_episode *one;
    qk_report r;
    qk_db *db;
    qk_arena *arena;
    qk_time from, to;
    int32_t first_day, last_day;
    station st[STATIONS];
    size_t n;
    weather during, before;
    double by_sector[SECTORS]; /* PM2.5 with wind from there; NaN */
    size_t in_sector[SECTORS];
    double rise; /* largest in RISE_H hours */
    size_t rise_hour;
    double rise_speed;
    double order_r, lag_h; /* of onsets along the wind */
    double speed_onset;
    int bringing, own;  /* signs of either */
    int32_t worst_miss; /* days on which the forecast of the day before was a grade too low */
    int32_t told_days;
    int64_t warnings, cases, open_cases, hotspots;
    qk_time warned_at; /* first that was issued; QK_TIME_NONE */
} work;

static const char *const sector_zh[SECTORS] = {"北", "东北", "东", "东南",
                                               "南", "西南", "西", "西北"};
static const char *const sector_en[SECTORS] = {"north", "north-east", "east", "south-east",
                                               "south", "south-west", "west", "north-west"};
static const char *const level_zh[] = {"无", "黄色", "橙色", "红色"};

static char *hour_text(char out[QK_TIME_TEXT], qk_time t)
{
    qk_time_iso(out, t);
    out[10] = ' ';
    out[16] = '\0';
    return out;
}

static char *date_text(char out[QK_TIME_TEXT], int32_t day)
{
    return qk_date_iso(out, (qk_time)day * QK_DAY - QK_CST_OFFSET);
}

static char *number_text(char out[32], double v, int decimals)
{
    if (!isfinite(v)) return memcpy(out, "—", sizeof "—");
    snprintf(out, 32, "%.*f", decimals, v);
    return out;
}

/* ---- what is measured ---- */

static void measure_station(station *s, const qk_hour_column *c, double above)
{
    double sum = 0;
    size_t run = 0;
    s->value = c->value;
    s->onset = SIZE_MAX;
    s->peak = NAN;
    for (size_t h = 0; h < c->count; h++) {
        double v = c->value[h];
        run = v > above ? run + 1 : 0;
        if (run == 3 && s->onset == SIZE_MAX && h + ONSET_H >= BEFORE_H) s->onset = h - 2;
        if (h < BEFORE_H || !isfinite(v)) continue;
        s->there++;
        s->above += v > above;
        sum += v;
        if (!(v <= s->peak)) s->peak = v;
    }
    s->mean = s->there ? sum / (double)s->there : NAN;
}

static int worst_first(const void *a, const void *b)
{
    const station *x = a, *y = b;
    double u = isfinite(x->mean) ? x->mean : -1, v = isfinite(y->mean) ? y->mean : -1;
    return u != v ? (u < v) - (u > v) : strcmp(x->site->id, y->site->id);
}

static qk_code read_stations(work *k, qk_error *err)
{
    qk_air_source *all = NULL;
    size_t n = 0;
    const qk_air_question *q = k->e->q;
    QK_TRY(qk_air_sources(&all, &n, q->registry, k->arena, err));
    for (size_t i = 0; i < n && k->n < STATIONS; i++) {
        qk_hour_column c;
        if (!qk_air_is_evaluated(all[i].site->kind)) continue;
        QK_TRY(qk_episodes_column(&c, q, all[i].site->id, QK_STR("a34004"),
                                  k->from - BEFORE_H * QK_HOUR, k->to, k->arena, err));
        k->st[k->n] = (station){.site = all[i].site};
        measure_station(&k->st[k->n++], &c, k->e->rule.above);
    }
    qsort(k->st, k->n, sizeof *k->st, worst_first);
    return QK_OK;
}

typedef struct winds {
    qk_hour_column speed[WINDS], from[WINDS], humidity[WINDS];
    size_t n, hours;
} winds;

static qk_code read_winds(winds *w, const work *k, qk_error *err)
{
    qk_time from = k->from - BEFORE_H * QK_HOUR;
    w->hours = (size_t)((k->to - from) / QK_HOUR);
    for (size_t i = 0; i < k->n && w->n < WINDS; i++) {
        const char *site = k->st[i].site->id;
        QK_TRY(qk_episodes_column(&w->speed[w->n], k->e->q, site, QK_STR("a01007"), from, k->to,
                                  k->arena, err));
        QK_TRY(qk_episodes_column(&w->from[w->n], k->e->q, site, QK_STR("a01008"), from, k->to,
                                  k->arena, err));
        QK_TRY(qk_episodes_column(&w->humidity[w->n], k->e->q, site, QK_STR("a01002"), from, k->to,
                                  k->arena, err));
        w->n += w->speed[w->n].there && w->from[w->n].there;
    }
    return QK_OK;
}

/* The mean wind of an hour; *speed the mean of speeds, NaN without any. */
static void wind_of(const winds *w, size_t h, double *speed, double *u, double *v)
{
    double sum = 0;
    size_t n = 0;
    *u = *v = 0;
    for (size_t i = 0; i < w->n; i++) {
        double s = w->speed[i].value[h], d = w->from[i].value[h] * 3.14159265358979 / 180;
        if (!isfinite(s) || !isfinite(d)) continue;
        sum += s, n++;
        *u -= s * sin(d), *v -= s * cos(d);
    }
    *speed = n ? sum / (double)n : NAN;
    if (n) *u /= (double)n, *v /= (double)n;
}

static int sector_of(double u, double v)
{
    double deg = atan2(-u, -v) * 180 / 3.14159265358979;
    return (int)floor((deg < 0 ? deg + 360 : deg) / (360.0 / SECTORS) + 0.5) % SECTORS;
}

static weather weather_of(const winds *w, size_t from, size_t to)
{
    weather out = {.sector = -1};
    double sum = 0, wet = 0;
    size_t calm = 0, wets = 0, count[SECTORS] = {0};
    for (size_t h = from; h < to && h < w->hours; h++) {
        double s, u, v;
        wind_of(w, h, &s, &u, &v);
        for (size_t i = 0; i < w->n; i++)
            if (isfinite(w->humidity[i].value[h])) wet += w->humidity[i].value[h], wets++;
        if (!isfinite(s)) continue;
        sum += s, out.u += u, out.v += v, out.hours++;
        calm += s < CALM_MS;
        if (s >= CALM_MS) count[sector_of(u, v)]++;
    }
    out.speed = out.hours ? sum / (double)out.hours : NAN;
    out.calm = out.hours ? (double)calm / (double)out.hours : NAN;
    out.humidity = wets ? wet / (double)wets : NAN;
    for (int i = 0; i < SECTORS; i++)
        if (count[i] && (out.sector < 0 || count[i] > count[out.sector])) out.sector = i;
    return out;
}

/* PM2.5 of the county by where the wind came from, and its steepest rise. */
static void hold_against_wind(work *k, const winds *w)
{
    double sum[SECTORS] = {0};
    const qk_episodes *e = k->e;
    k->rise = NAN;
    for (size_t h = k->one->from; h < k->one->to; h++) {
        double s, u, v, pm = e->pm25[h], was = h >= RISE_H ? e->pm25[h - RISE_H] : NAN;
        wind_of(w, h - k->one->from + BEFORE_H, &s, &u, &v);
        if (isfinite(pm) && s >= CALM_MS)
            sum[sector_of(u, v)] += pm, k->in_sector[sector_of(u, v)]++;
        if (isfinite(pm - was) && !(pm - was <= k->rise))
            k->rise = pm - was, k->rise_hour = h, k->rise_speed = s;
    }
    for (int i = 0; i < SECTORS; i++)
        k->by_sector[i] = k->in_sector[i] ? sum[i] / (double)k->in_sector[i] : NAN;
}

/* Do stations become bad one after another in the wind's direction? */
static void order_of_onsets(work *k, const winds *w)
{
    double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0, n = 0, lo = INFINITY, hi = -INFINITY;
    weather at = weather_of(w, BEFORE_H > 6 ? BEFORE_H - 6 : 0, BEFORE_H + 6);
    double size = hypot(at.u, at.v);
    k->order_r = k->lag_h = NAN;
    k->speed_onset = at.speed;
    for (size_t i = 0; size > 0 && i < k->n; i++) {
        const station *s = &k->st[i];
        if (s->onset == SIZE_MAX || !isfinite(s->site->lon) || !isfinite(s->site->lat)) continue;
        double x = (s->site->lon * cos(s->site->lat * 3.14159265358979 / 180) * at.u +
                    s->site->lat * at.v) *
                   111.2 / size;
        double y = (double)s->onset;
        sx += x, sy += y, sxx += x * x, syy += y * y, sxy += x * y, n++;
        if (y < lo) lo = y;
        if (y > hi) hi = y;
    }
    double a = n * sxx - sx * sx, b = n * syy - sy * sy;
    if (n < 5) return;
    k->lag_h = hi - lo;
    if (a > 1e-9 && b > 1e-9) k->order_r = (n * sxy - sx * sy) / sqrt(a * b);
}

static void weigh_cause(work *k)
{
    bool ordered =
        k->order_r >= ORDER_R && k->lag_h >= ORDER_LAG_H && k->speed_onset >= BRINGING_MS;
    bool windy_rise = k->rise > RISE_UG && k->rise_speed >= BRINGING_MS;
    bool still = k->during.calm >= CALM_SHARE;
    bool slow = isfinite(k->rise) && k->rise <= RISE_UG && still;
    k->bringing = ordered + windy_rise;
    k->own = still + slow;
}

static qk_code gather(work *k, qk_error *err)
{
    winds *w = qk_arena_alloc(k->arena, sizeof *w);
    if (!w) return qk_fail(err, QK_ENOMEM, "no memory for winds");
    *w = (winds){0};
    QK_TRY(read_stations(k, err));
    QK_TRY(read_winds(w, k, err));
    k->before = weather_of(w, 0, BEFORE_H);
    k->during = weather_of(w, BEFORE_H, w->hours);
    hold_against_wind(k, w);
    order_of_onsets(k, w);
    weigh_cause(k);
    return QK_OK;
}

/* ---- sections ---- */

static const char *plain(const char *text)
{
    return text && text[0] ? text : "—";
}

static void say_summary(work *k)
{
    char a[QK_TIME_TEXT], b[QK_TIME_TEXT], c[QK_TIME_TEXT], peak[32];
    const qk_episode *o = k->one;
    int32_t p = qk_episodes_primary(k->e, o);
    qk_report_section(&k->r, "summary", "一、过程概况", "1 Summary");
    qk_report_say(&k->r, "过程自 %s 开始，%s%.0s %s，历时 %lld 小时；首要污染物 %s。",
                  "It began at %s and %.0s%s %s, %lld h; primary pollutant %s.",
                  hour_text(a, k->from), o->runs ? "目前仍在持续，资料至" : "结束于",
                  o->runs ? "goes on, data to" : "ended at", hour_text(b, k->to),
                  (long long)((k->to - k->from) / QK_HOUR),
                  p < 0 ? "—" : qk_pollutant_name((qk_pollutant)p));
    qk_report_say(&k->r, "日 AQI 最高 %d（%s），达到%s%.0s预警级别的条件。",
                  "The highest daily AQI was %d (%s); its days meet the condition of %.0s%s.",
                  o->aqi, date_text(a, k->first_day + (int32_t)(o->worst_day - o->first_day)),
                  level_zh[o->level], qk_warning_level_name(o->level));
    if (o->hours_known)
        qk_report_say(
            &k->r,
            "全县 PM2.5 小时峰值 %s 微克/立方米（%s 起的一小时），超过 %.0f 微克/立方米共 %d "
            "小时。",
            "PM2.5 of the county peaked at %s ug/m3 (hour from %s); %.0f ug/m3 was passed in %d h.",
            number_text(peak, o->peak, 0), hour_text(c, qk_episodes_hour(k->e, o->peak_hour)),
            k->e->rule.above, o->hours_above);
    qk_report_say(
        &k->r,
        "判定规则：%s%.0s的预警条件应用于实测日 AQI（臭氧、PM10 为首要的日除外），相距不足 %d "
        "小时的过程合并；小时边界取 PM2.5 大于 %.0f 微克/立方米，连续 %d 小时不超过即为结束。",
        "Rule: the conditions of %.0s%s on observed daily AQI (days led by ozone or PM10 left "
        "out), less than %d h apart is one; hours above %.0f ug/m3 of PM2.5, over when %d in a row "
        "are not.",
        k->e->warning->source_zh, k->e->warning->source, k->e->warning->release_hours,
        k->e->rule.above, k->e->rule.clear_hours);
}

static void put_grain(qk_report *r, const int64_t rounded[QK_POLLUTANTS + 1], qk_pollutant p)
{
    if (rounded[p] == QK_AQI_NA)
        qk_report_cell(r, "—");
    else if (p == QK_CO)
        qk_report_cell(r, "%lld.%lld", (long long)(rounded[p] / 10), (long long)(rounded[p] % 10));
    else
        qk_report_cell(r, "%lld", (long long)rounded[p]);
}

static const char *primary_text(const qk_day *d)
{
    for (int i = 0; i < QK_AQI_ITEMS; i++)
        if (d->primary & QK_AQI_BIT(i))
            return qk_pollutant_name(qk_aqi_item_pollutant((qk_aqi_item)i));
    return "—";
}

static void put_course(work *k)
{
    static const qk_report_column head[] = {
        {"日期", "Date", 3},   {"AQI", "AQI", 2},   {"首要", "Primary", 2},
        {"PM2.5", "PM2.5", 2}, {"PM10", "PM10", 2}, {"NO2", "NO2", 2},
        {"SO2", "SO2", 2},     {"CO", "CO", 2},     {"O3", "O3", 2}};
    static const qk_pollutant shown[] = {QK_PM25, QK_PM10, QK_NO2, QK_SO2, QK_CO, QK_O3};
    char date[QK_TIME_TEXT];
    qk_report_section(&k->r, "course", "二、逐日过程", "2 Day by day");
    qk_report_say(&k->r, "表中浓度为日均值（O3 为日最大 8 小时），微克/立方米，CO 为毫克/立方米。",
                  "Daily means (O3: largest 8-h mean), ug/m3, CO mg/m3.");
    qk_report_table(&k->r, "逐日空气质量", "Air quality by day", head, sizeof head / sizeof *head);
    for (int32_t day = k->first_day - 1; day <= k->last_day + 1; day++) {
        size_t i = (size_t)(day - k->e->from_day);
        int64_t rounded[QK_POLLUTANTS + 1];
        if (day < k->e->from_day || i >= k->e->days) continue;
        const qk_day *d = &k->e->day[i];
        qk_day_rounded(rounded, d);
        qk_report_cell(&k->r, "%s", date_text(date, day));
        if (d->aqi >= 0)
            qk_report_cell(&k->r, "%d", d->aqi);
        else
            qk_report_cell(&k->r, "—");
        qk_report_cell(&k->r, "%s", primary_text(d));
        for (size_t p = 0; p < sizeof shown / sizeof *shown; p++)
            put_grain(&k->r, rounded, shown[p]);
    }
}

static const char *township_of(const work *k, const qk_site *site)
{
    qk_division *all = NULL;
    size_t n = 0;
    if (qk_registry_divisions(k->e->q->registry, k->arena, &all, &n) != QK_OK) return "—";
    for (size_t i = 0; i < n; i++)
        if (qk_str_eq(qk_str_of(all[i].code), qk_str_of(site->division)))
            return plain(all[i].name_zh);
    return "—";
}

static void put_area(work *k)
{
    static const qk_report_column head[] = {
        {"站点", "Station", 5},       {"乡镇", "Township", 4},       {"均值", "Mean", 2},
        {"峰值", "Peak", 2},          {"超限小时", "Hours over", 3}, {"有效小时", "Hours known", 3},
        {"首次超限", "First over", 5}};
    char time[QK_TIME_TEXT], v[32];
    size_t hit = 0;
    for (size_t i = 0; i < k->n; i++) hit += k->st[i].above > 0;
    qk_report_section(&k->r, "area", "三、影响范围", "3 Where");
    if (!k->one->hours_known) {
        qk_report_say(&k->r, "缺少：站点小时数据，影响范围只能到县。",
                      "Missing: hours of the stations; nothing finer than the county can be told.");
        return;
    }
    qk_report_say(
        &k->r,
        "%zu 个参评站点中 %zu 个出现 PM2.5 小时值超过 %.0f 微克/立方米；下表按过程均值排列。",
        "Of %zu evaluated stations %zu had hours of PM2.5 above %.0f ug/m3; sorted by mean.", k->n,
        hit, k->e->rule.above);
    qk_report_table(&k->r, "站点 PM2.5（微克/立方米）", "PM2.5 of stations (ug/m3)", head,
                    sizeof head / sizeof *head);
    for (size_t i = 0; i < k->n && i < LISTED; i++) {
        const station *s = &k->st[i];
        qk_report_words(&k->r, plain(s->site->name_zh),
                        plain(s->site->name_en[0] ? s->site->name_en : s->site->name_zh));
        qk_report_cell(&k->r, "%s", township_of(k, s->site));
        qk_report_cell(&k->r, "%s", number_text(v, s->mean, 0));
        qk_report_cell(&k->r, "%s", number_text(v, s->peak, 0));
        qk_report_cell(&k->r, "%zu", s->above);
        qk_report_cell(&k->r, "%zu", s->there);
        if (s->onset == SIZE_MAX)
            qk_report_cell(&k->r, "—");
        else
            qk_report_cell(&k->r, "%s",
                           hour_text(time, k->from + ((qk_time)s->onset - BEFORE_H) * QK_HOUR));
    }
}

static void put_weather_row(qk_report *r, const char *zh, const char *en, const weather *w)
{
    char v[32];
    qk_report_words(r, zh, en);
    qk_report_cell(r, "%s", number_text(v, w->speed, 1));
    qk_report_cell(r, "%s", number_text(v, w->calm * 100, 0));
    if (w->sector < 0)
        qk_report_cell(r, "—");
    else
        qk_report_words(r, sector_zh[w->sector], sector_en[w->sector]);
    qk_report_cell(r, "%s", number_text(v, w->humidity, 0));
    qk_report_cell(r, "%zu", w->hours);
}

static void put_weather(work *k)
{
    static const qk_report_column head[] = {
        {"时段", "Time", 4},         {"平均风速 m/s", "Wind m/s", 3},
        {"小风静风 %", "Calm %", 3}, {"主导风来向", "Wind from", 3},
        {"湿度 %", "Humidity %", 3}, {"有风小时", "Hours of wind", 3}};
    qk_report_section(&k->r, "weather", "四、气象条件", "4 Weather");
    if (!k->during.hours) {
        qk_report_say(&k->r, "过程中没有站点测得风：无法评价扩散条件。",
                      "No station measured wind in it: nothing can be said of it.");
        return;
    }
    qk_report_say(&k->r, "小风静风指全县平均风速低于 %.1f m/s；与此前 %d 天对照。",
                  "Calm: mean wind of the county below %.1f m/s; held against the %d days before.",
                  CALM_MS, QK_EPISODE_BEFORE);
    qk_report_table(&k->r, "地面气象", "Surface weather", head, sizeof head / sizeof *head);
    put_weather_row(&k->r, "此前", "before", &k->before);
    put_weather_row(&k->r, "过程中", "during", &k->during);
}

static void say_signs(work *k)
{
    char a[32], b[32], c[32], when[QK_TIME_TEXT];
    if (isfinite(k->during.calm))
        qk_report_say(
            &k->r, "小风静风占 %s%%（达到 %.0f%% 视为本地积累迹象）。",
            "Calm in %s %% of hours (%.0f %% counts as a sign of own emission gathering).",
            number_text(a, k->during.calm * 100, 0), CALM_SHARE * 100);
    if (isfinite(k->rise))
        qk_report_say(&k->r,
                      "全县 PM2.5 三小时最大升幅 %s 微克/立方米（至 %s），当时风速 %s "
                      "m/s；风速不低于 %.0f m/s 而升幅超过 %.0f 视为输送迹象。",
                      "PM2.5 rose by %s ug/m3 in three hours at most (to %s) with wind of %s m/s; "
                      "above %.0f m/s a rise over %.0f counts as a sign of transport.",
                      number_text(a, k->rise, 0),
                      hour_text(when, qk_episodes_hour(k->e, k->rise_hour + 1)),
                      number_text(b, k->rise_speed, 1), BRINGING_MS, RISE_UG);
    if (isfinite(k->order_r))
        qk_report_say(&k->r,
                      "站点先后超限，首末相差 %s 小时，与下风向距离的相关系数 %s；起始时风速 %s "
                      "m/s，相关不低于 %.1f 且相差不少于 %.0f 小时视为输送迹象。",
                      "Stations went over within %s h, correlation with the way down the wind %s, "
                      "wind %s m/s then; %.1f and %.0f h count as a sign of transport.",
                      number_text(a, k->lag_h, 0), number_text(b, k->order_r, 2),
                      number_text(c, k->speed_onset, 1), ORDER_R, ORDER_LAG_H);
    else
        qk_report_say(&k->r, "不足 5 个站点有起始时刻，不作先后比较。",
                      "Fewer than five stations have an onset: no order can be told.");
}

static void put_sectors(work *k)
{
    static const qk_report_column head[] = {
        {"风来向", "Wind from", 2}, {"小时", "Hours", 2}, {"PM2.5 均值", "Mean PM2.5", 2}};
    char v[32];
    qk_report_table(&k->r, "不同风向下的 PM2.5（微克/立方米）", "PM2.5 by wind (ug/m3)", head, 3);
    for (int i = 0; i < SECTORS; i++) {
        if (!k->in_sector[i]) continue;
        qk_report_words(&k->r, sector_zh[i], sector_en[i]);
        qk_report_cell(&k->r, "%zu", k->in_sector[i]);
        qk_report_cell(&k->r, "%s", number_text(v, k->by_sector[i], 0));
    }
}

/* The county's own share stands in the setup of the airshed where somebody has told it. */
static void say_share(work *k)
{
    qk_str text;
    qk_json_value *setup = NULL;
    const qk_json_value *range = NULL;
    if (qk_setting_text(&text, k->db, "airshed.setup", k->arena, NULL) == QK_OK &&
        qk_json_parse(&setup, text, k->arena, NULL) == QK_OK)
        range = qk_json_get(qk_json_get(setup, "local_share"), "PM2.5");
    if (range && range->first && range->first->next)
        qk_report_say(&k->r,
                      "本地贡献上限按来源设置为 "
                      "%.*s～%.*s（取自“来源”页的设置及其出处），不是本次过程的测算。",
                      "The ceiling of the county's own share is set to %.*s to %.*s (setup of the "
                      "airshed, with its source): not measured in this episode.",
                      QK_STR_ARG(range->first->text), QK_STR_ARG(range->first->next->text));
    else
        qk_report_say(
            &k->r, "缺少：区域模型或源解析给出的本地与输送份额（“来源”页未设置），本报告不给份额。",
            "Missing: shares of local and brought pollution from a regional model or an "
            "apportionment; none are told here.");
    qk_report_say(&k->r, "缺少：高空风场与边界层资料、组分的本次受体模型结果；后向轨迹见“研判”。",
                  "Missing: winds aloft and the boundary layer, a receptor run of these hours; "
                  "back trajectories stand in the studio.");
}

static void put_cause(work *k)
{
    const char *zh = "资料不足以判断", *en = "cannot be told";
    if (k->bringing && k->own)
        zh = "输送与本地积累兼有", en = "both transport and own emission gathering";
    else if (k->bringing)
        zh = "以输送迹象为主", en = "signs of transport";
    else if (k->own)
        zh = "以本地积累迹象为主", en = "signs of own emission gathering";
    qk_report_section(&k->r, "cause", "五、成因分析", "5 Cause");
    qk_report_say(&k->r, "综合判断：%s%.0s（输送迹象 %d 项，本地积累迹象 %d 项）。",
                  "Verdict: %.0s%s (%d signs of transport, %d of own emission).", zh, en,
                  k->bringing, k->own);
    say_signs(k);
    say_share(k);
    put_sectors(k);
}

static void put_told(qk_report *r, int32_t aqi)
{
    if (aqi < 0)
        qk_report_cell(r, "—");
    else
        qk_report_cell(r, "%d", aqi);
}

static qk_code put_forecast(work *k, qk_error *err)
{
    static const qk_report_column head[] = {{"日期", "Date", 3},
                                            {"实况 AQI", "Observed", 2},
                                            {"提前 1 天", "Day before", 2},
                                            {"提前 3 天", "3 days before", 2},
                                            {"判断", "Verdict", 3}};
    char date[QK_TIME_TEXT];
    qk_report_section(&k->r, "forecast", "六、预报对比", "6 Forecast");
    qk_report_say(
        &k->r, "只取按时发布、未经订正的预报；“偏低”指提前 1 天的级别低于实况。",
        "On-time guidance alone; too low: the grade of the day before lies below the observed.");
    qk_report_table(&k->r, "预报与实况", "Forecast and observation", head,
                    sizeof head / sizeof *head);
    for (int32_t day = k->first_day; day <= k->last_day; day++) {
        int32_t one = -1, three = -1, seen = k->e->day[day - k->e->from_day].aqi;
        QK_TRY(qk_episodes_told(&one, k->db, day, 1, err));
        QK_TRY(qk_episodes_told(&three, k->db, day, 3, err));
        int32_t by = qk_aqi_level_of(seen) - qk_aqi_level_of(one);
        k->told_days += one >= 0;
        k->worst_miss += one >= 0 && by > 0;
        qk_report_cell(&k->r, "%s", date_text(date, day));
        put_told(&k->r, seen);
        put_told(&k->r, one);
        put_told(&k->r, three);
        if (one < 0)
            qk_report_words(&k->r, "无预报", "no forecast");
        else
            qk_report_words(&k->r,
                            by > 0   ? "偏低"
                            : by < 0 ? "偏高"
                                     : "级别一致",
                            by > 0   ? "too low"
                            : by < 0 ? "too high"
                                     : "same grade");
    }
    return QK_OK;
}

/* ---- what was done ---- */

/* Kinds of cases as the page words them; another one keeps its code. */
static void put_kind(qk_report *r, qk_str kind)
{
    static const char *const words[][3] = {{"overdue", "督办单", "supervision order"},
                                           {"filing", "报备催办", "filing order"},
                                           {"hotspot", "高值预警", "hot spot"},
                                           {"hot_cell", "热点网格", "hot cell"},
                                           {"park_over", "园区超阈值", "park over threshold"},
                                           {"rectify", "治理整改", "rectification"},
                                           {"loose_coal", "散煤复烧", "loose coal burnt again"},
                                           {"objection", "异议", "objection"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (qk_str_eq(kind, qk_str_of(words[i][0]))) {
            qk_report_words(r, words[i][1], words[i][2]);
            return;
        }
    qk_report_cell(r, "%.*s", QK_STR_ARG(kind));
}

static qk_code count_of(int64_t *n, work *k, const char *sql, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, k->db, sql, err));
    sqlite3_bind_int64(s, 1, k->from);
    sqlite3_bind_int64(s, 2, k->to);
    QK_TRY(qk_db_step(k->db, s, err));
    *n = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return QK_OK;
}

static qk_code put_warnings(work *k, qk_error *err)
{
    static const qk_report_column head[] = {{"编号", "Number", 4}, {"级别", "Level", 2},
                                            {"起", "From", 3},     {"止", "To", 3},
                                            {"发布", "Issued", 4}, {"依据的纪要", "Minute", 3}};
    sqlite3_stmt *s = NULL;
    char a[QK_TIME_TEXT];
    qk_code code;
    QK_TRY(qk_db_prepare(&s, k->db,
                         "SELECT w.id,w.level,w.from_day,w.to_day,t.at,w.issued FROM warning w JOIN"
                         " warning_step t ON t.warning=w.id AND t.state='issued' WHERE"
                         " w.from_day<=?2 AND w.to_day>=?1 ORDER BY t.at LIMIT 50",
                         err));
    sqlite3_bind_int64(s, 1, k->first_day);
    sqlite3_bind_int64(s, 2, k->last_day);
    qk_report_table(&k->r, "已发布的预警", "Warnings that were issued", head,
                    sizeof head / sizeof *head);
    while ((code = qk_db_step(k->db, s, err)) == QK_OK) {
        qk_warning_level level = QK_WARNING_NONE;
        (void)!qk_warning_level_find(&level, qk_db_text(s, 1));
        if (!k->warnings++) k->warned_at = sqlite3_column_int64(s, 4);
        qk_report_cell(&k->r, "%.*s", QK_STR_ARG(qk_db_text(s, 0)));
        qk_report_words(&k->r, level_zh[level], qk_warning_level_name(level));
        qk_report_cell(&k->r, "%s", date_text(a, (int32_t)sqlite3_column_int64(s, 2)));
        qk_report_cell(&k->r, "%s", date_text(a, (int32_t)sqlite3_column_int64(s, 3)));
        qk_report_cell(&k->r, "%s", hour_text(a, sqlite3_column_int64(s, 4)));
        qk_report_cell(&k->r, "%s", date_text(a, (int32_t)sqlite3_column_int64(s, 5)));
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code put_cases(work *k, qk_error *err)
{
    static const qk_report_column head[] = {
        {"案件类型", "Kind of case", 4}, {"立案", "Opened", 2}, {"未办结", "Still open", 2}};
    sqlite3_stmt *s = NULL;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, k->db,
                         "SELECT kind,count(*),sum(state NOT IN ('closed','withdrawn')) FROM"
                         " case_file WHERE opened_at>=?1 AND opened_at<?2 GROUP BY kind ORDER BY 2"
                         " DESC,kind LIMIT 50",
                         err));
    sqlite3_bind_int64(s, 1, k->from);
    sqlite3_bind_int64(s, 2, k->to);
    qk_report_table(&k->r, "期间立案", "Cases opened in it", head, sizeof head / sizeof *head);
    while ((code = qk_db_step(k->db, s, err)) == QK_OK) {
        k->cases += sqlite3_column_int64(s, 1);
        k->open_cases += sqlite3_column_int64(s, 2);
        put_kind(&k->r, qk_db_text(s, 0));
        qk_report_cell(&k->r, "%lld", (long long)sqlite3_column_int64(s, 1));
        qk_report_cell(&k->r, "%lld", (long long)sqlite3_column_int64(s, 2));
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code put_response(work *k, qk_error *err)
{
    int64_t cases = 0;
    qk_report_section(&k->r, "response", "七、应对情况", "7 What was done");
    QK_TRY(count_of(&k->hotspots, k,
                    "SELECT count(*) FROM event WHERE kind='hotspot' AND at>=?1 AND at<?2", err));
    QK_TRY(count_of(&cases, k,
                    "SELECT count(*) FROM case_file WHERE opened_at>=?1 AND opened_at<?2", err));
    qk_report_say(&k->r, "期间污染高值预警 %lld 次，立案 %lld 件。",
                  "%lld warnings of hot spots and %lld cases in it.", (long long)k->hotspots,
                  (long long)cases);
    qk_report_say(
        &k->r, "缺少：应急减排措施的下达与落实记录（尚未在本系统登记）。",
        "Missing: orders of emergency measures and how they were followed (not kept here yet).");
    QK_TRY(put_warnings(k, err));
    return put_cases(k, err);
}

/* ---- weak links ---- */

static int say_weak_warning(work *k)
{
    char a[QK_TIME_TEXT];
    if (!k->warnings) {
        qk_report_say(&k->r, "过程达到%s%.0s预警条件而没有发布预警。",
                      "Its days met the condition of %.0s%s and no warning was issued.",
                      level_zh[k->one->level], qk_warning_level_name(k->one->level));
        return 1;
    }
    if (k->warned_at <= k->from) return 0;
    qk_report_say(&k->r, "首个预警 %s 发布，晚于过程开始 %lld 小时。",
                  "The first warning was issued at %s, %lld h behind the beginning.",
                  hour_text(a, k->warned_at), (long long)((k->warned_at - k->from) / QK_HOUR));
    return 1;
}

static int say_weak_forecast(work *k)
{
    int32_t days = k->last_day - k->first_day + 1, n = 0;
    if (k->told_days < days)
        n++, qk_report_say(&k->r, "%d 天中有 %d 天没有按时的提前 1 天预报。",
                           "Of %d days %d had no forecast of the day before on time.", days,
                           days - k->told_days);
    if (k->worst_miss)
        n++, qk_report_say(&k->r, "提前 1 天预报有 %d 天级别偏低。",
                           "The forecast of the day before was a grade too low on %d days.",
                           k->worst_miss);
    return n;
}

static int say_weak_places(work *k)
{
    int n = 0;
    if (!k->one->hours_known) {
        qk_report_say(&k->r, "没有小时数据：过程的起止、站点和成因只能按日值说明。",
                      "There are no hours: beginning, end, places and cause rest on daily values.");
        return 1;
    }
    double sum = 0;
    size_t there = 0;
    char a[32], b[32];
    for (size_t i = 0; i < k->n; i++)
        if (isfinite(k->st[i].mean)) sum += k->st[i].mean, there++;
    double mean = there ? sum / (double)there : NAN;
    for (size_t i = 0; i < k->n; i++) {
        const station *s = &k->st[i];
        size_t hours = (size_t)((k->to - k->from) / QK_HOUR);
        const char *zh = plain(s->site->name_zh);
        if (s->mean > mean * STANDS_OUT && n++ < 10)
            qk_report_say(
                &k->r, "%s（%s）过程均值 %s，高于站点平均 %s 的 %.1f 倍，属重点区域。",
                "%s (%s): mean %s against %s of all stations, over %.1f times: to be looked after.",
                zh, township_of(k, s->site), number_text(a, s->mean, 0), number_text(b, mean, 0),
                STANDS_OUT);
        if ((double)s->there < COVERAGE * (double)hours && n++ < 10)
            qk_report_say(&k->r, "%s 有效小时 %zu/%zu，不足 %.0f%%。",
                          "%s has %zu of %zu hours, below %.0f %%.", zh, s->there, hours,
                          COVERAGE * 100);
    }
    return n;
}

static void put_weak(work *k)
{
    qk_report_section(&k->r, "weak", "八、薄弱环节", "8 Weak links");
    int n = say_weak_warning(k) + say_weak_forecast(k) + say_weak_places(k);
    if (k->open_cases)
        n++, qk_report_say(&k->r, "期间立案 %lld 件中 %lld 件尚未办结。",
                           "Of %lld cases opened in it %lld are still open.", (long long)k->cases,
                           (long long)k->open_cases);
    if (!n) qk_report_say(&k->r, "按上述规则未发现薄弱环节。", "By these rules none was found.");
}

qk_code qk_episodes_report(qk_buf *out, const qk_episodes *e, const qk_episode *one,
                           qk_arena *arena, qk_error *err)
{
    char zh[200], en[200], a[QK_TIME_TEXT], b[QK_TIME_TEXT];
    work *k = qk_arena_alloc(arena, sizeof *k);
    if (!k) return qk_fail(err, QK_ENOMEM, "no memory for a report");
    *k = (work){.e = e,
                .one = one,
                .db = e->q->archive.db,
                .arena = arena,
                .from = qk_episodes_hour(e, one->from),
                .to = qk_episodes_hour(e, one->to),
                .first_day = e->from_day + (int32_t)one->first_day,
                .last_day = e->from_day + (int32_t)one->last_day,
                .warned_at = QK_TIME_NONE};
    QK_TRY(gather(k, err));
    date_text(a, k->first_day), date_text(b, k->last_day);
    snprintf(zh, sizeof zh, "%s 至 %s 重污染过程分析报告", a, b);
    snprintf(en, sizeof en, "Heavy pollution of %s to %s: analysis", a, b);
    qk_report_begin(&k->r, out, zh, en);
    say_summary(k);
    put_course(k);
    put_area(k);
    put_weather(k);
    put_cause(k);
    QK_TRY(put_forecast(k, err));
    QK_TRY(put_response(k, err));
    put_weak(k);
    qk_report_end(&k->r);
    return out->failed ? qk_fail(err, out->failed, "the report is too long") : QK_OK;
}
