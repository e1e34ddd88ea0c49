/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/county_past.h"
#include "base/json.h"
#include "sim/signal.h"
#include <math.h>
#include <stdio.h>

enum {
    ITEMS = 6,
    HOURS = 24,
    READINGS = 2 /* of an hour */,
    WINDOW = 8,
    AWAY_SEED = 77,
    COURSE_SEED = 78,
    LEAD_OVER = 45 /* days */
};
static const char *const items[ITEMS] = {"SO2", "NO2", "CO", "O3", "PM10", "PM2.5"};
static const double away = 0.011; /* share of days without an item */

static const qk_sim_factor *factor_of(const qk_sim_device *d, const char *item)
{
    for (size_t i = 0; i < d->profile->n_factors; i++)
        if (strcmp(d->profile->factors[i].item, item) == 0) return &d->profile->factors[i];
    return NULL;
}

bool qk_sim_has_past(const qk_sim_device *d)
{
    if (d->quirks & QK_SIM_UNKNOWN) return false;
    for (int i = 0; i < ITEMS; i++)
        if (!factor_of(d, items[i])) return false;
    return true;
}

static void read_hours(double hour[HOURS], const qk_sim_device *d, const qk_sim_factor *f,
                       qk_time start)
{
    for (int h = 0; h < HOURS; h++) {
        hour[h] = 0;
        for (int k = 0; k < READINGS; k++)
            hour[h] +=
                qk_sim_value(d, f, start + h * QK_HOUR + (2 * k + 1) * QK_HOUR / (2 * READINGS)) /
                READINGS;
    }
}

static double mean_of(const double *hour, int n)
{
    double sum = 0;
    for (int h = 0; h < n; h++) sum += hour[h];
    return sum / n;
}

/* Windows end at 08:00 to 24:00. */
static double ozone_of(const double hour[HOURS])
{
    double most = 0;
    for (int h = WINDOW; h <= HOURS; h++) most = fmax(most, mean_of(hour + h - WINDOW, WINDOW));
    return most;
}

/* Townships do not get better alike: in the last of the years the dust of one falls, of another it
 * stays. The last days lead over to what the devices themselves say. */
static double course_of(const qk_sim_device *d, int i, int32_t day, int32_t to_day)
{
    const double best = 0.76, span = 0.28;
    bool dust = strncmp(items[i], "PM", 2) == 0;
    qk_time last = (qk_time)to_day * QK_DAY - QK_CST_OFFSET;
    qk_time at = (qk_time)day * QK_DAY - QK_CST_OFFSET;
    int32_t year = qk_civil_of(last).year, left = to_day - day;
    if (!dust || strcmp(d->profile->kind, "air_township") != 0 || qk_civil_of(at).year != year)
        return 1;
    double share = left >= LEAD_OVER ? 1 : left > 0 ? (double)left / LEAD_OVER : 0;
    return 1 + share * (best + span * qk_sim_uniform(d->seed + COURSE_SEED, (uint64_t)year) - 1);
}

static void put_item(qk_buf *out, const qk_sim_device *d, int i, qk_time start, int32_t to_day)
{
    const qk_sim_factor *f = factor_of(d, items[i]);
    double hour[HOURS];
    uint64_t day = (uint64_t)(start / QK_DAY);
    qk_buf_putc(out, ',');
    if (qk_sim_uniform(d->seed + AWAY_SEED + (uint64_t)i, day) < away) return;
    read_hours(hour, d, f, start);
    double value = strcmp(items[i], "O3") == 0 ? ozone_of(hour) : mean_of(hour, HOURS);
    value *= course_of(d, i, qk_day_number(start), to_day);
    qk_buf_printf(out, "%.*f", f->decimals > 0 ? 1 : 0, value);
}

void qk_sim_past_csv(qk_buf *out, const qk_sim_device *d, int32_t from_day, int32_t to_day,
                     int32_t last_day)
{
    char date[QK_TIME_TEXT];
    if (out->len == 0) qk_buf_puts(out, "site,date,SO2,NO2,CO,O3,PM10,PM2.5\n");
    for (int32_t day = from_day; day <= to_day; day++) {
        qk_time start = (qk_time)day * QK_DAY - QK_CST_OFFSET;
        qk_buf_printf(out, "%s,%s", d->site, qk_date_iso(date, start));
        for (int i = 0; i < ITEMS; i++) put_item(out, d, i, start, last_day);
        qk_buf_putc(out, '\n');
    }
}

/* ---- goals ---- */

typedef struct goal {
    const char *metric, *statistic, *op, *unit, *text;
    double latest, before; /* of 2025, and what a year earlier asked for beyond it */
    int decimals;
} goal;

static const goal goals[] = {
    {"PM10", "annual_mean", "<=", "ug/m3", "PM10年均浓度控制在%s微克/立方米以内", 78, 4, 0},
    {"PM2.5", "annual_mean", "<=", "ug/m3", "PM2.5年均浓度控制在%s微克/立方米以内", 44, 2, 0},
    {"优良天数比例", "ratio", ">=", "%", "优良天数比例达到%s%%以上", 66.5, -1.5, 1},
    {"优良天数", "days", ">=", "天", "优良天数达到%s天以上", 243, -5, 0},
    {"重度及以上污染天数比例", "ratio", "<=", "%", "重度及以上污染天数比例控制在%s%%以内", 1.5, 0.4,
     1},
    {"重度及以上污染天数", "days", "<=", "天", "重度及以上污染天数控制在%s天以内", 5, 2, 0},
};

static void put_goal(qk_json_writer *w, const goal *g, int32_t year)
{
    char number[32], text[200];
    snprintf(number, sizeof number, "%.*f", g->decimals, g->latest + g->before * (2025 - year));
    qk_json_object(w);
    qk_json_kcstr(w, "metric", g->metric);
    qk_json_kcstr(w, "statistic", g->statistic);
    qk_json_kcstr(w, "op", g->op);
    qk_json_key(w, "value");
    qk_json_raw(w, qk_str_of(number));
    qk_json_kcstr(w, "unit", g->unit);
    qk_json_ki64(w, "year", year);
    qk_json_kcstr(w, "scope", "全县");
    const char *mark = strchr(g->text, '%');
    snprintf(text, sizeof text, "%.*s%s%s", (int)(mark - g->text), g->text, number, mark + 2);
    char *percent = strstr(text, "%%");
    if (percent) memmove(percent, percent + 1, strlen(percent));
    qk_json_kcstr(w, "text", text);
    qk_json_end(w);
}

void qk_sim_plan_json(qk_buf *out, int32_t year)
{
    char text[200];
    qk_json_writer w;
    qk_json_init(&w, out);
    qk_json_object(&w);
    snprintf(text, sizeof text, "青泽县%d年空气质量持续改善实施方案", (int)year);
    qk_json_kcstr(&w, "title", text);
    snprintf(text, sizeof text, "青政办〔%d〕12号", (int)year);
    qk_json_kcstr(&w, "doc_no", text);
    qk_json_key(&w, "period");
    qk_json_object(&w);
    qk_json_ki64(&w, "from", year);
    qk_json_ki64(&w, "to", year);
    qk_json_end(&w);
    qk_json_key(&w, "targets");
    qk_json_array(&w);
    for (size_t i = 0; i < sizeof goals / sizeof goals[0]; i++) put_goal(&w, &goals[i], year);
    qk_json_end(&w);
    qk_json_end(&w);
}
