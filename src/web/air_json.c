/* SPDX-License-Identifier: Apache-2.0 */
#include "web/air_json.h"
#include "domain/labels.h"
#include <assert.h>

enum { MINUTES_NEED = 45, HOURS_NEED = 20 }; /* GB 3095-2012 and -2026, table 4 */

/* ---- hours ---- */

qk_code qk_air_range(qk_exchange *x, const qk_air_question *q, const qk_site *site,
                     qk_time last_end, size_t n, qk_air_hour **out, qk_error *err)
{
    qk_air_view *views;
    size_t view_n;
    *out = qk_arena_array(&x->arena, n, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for %zu hours", n);
    return qk_air_graded_hours(*out, n, last_end, &views, &view_n, q, site, &x->arena, err);
}

qk_code qk_air_county(qk_exchange *x, const qk_air_question *q, qk_time last_end, size_t n,
                      qk_air_hour **out, qk_error *err)
{
    qk_air_source *stations;
    size_t count = 0;
    bool area;
    *out = qk_arena_array(&x->arena, n, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for the county's hours");
    QK_TRY(qk_air_scope(&stations, &count, &area, q->registry, QK_STR("county"), &x->arena, err));
    return qk_air_area_hours(*out, n, last_end, q, stations, count, &x->arena, err);
}

qk_code qk_air_now(qk_exchange *x, const qk_air_question *q, const qk_site *site, qk_air_hour *hour,
                   bool *air, qk_error *err)
{
    qk_air_hour *hours = NULL;
    qk_time last = qk_floor_hour(qk_clock_now(qk_node_clock(x->context->node)));
    *air = qk_str_starts(qk_str_of(site->kind), QK_STR("air_"));
    if (!*air) return QK_OK;
    if (!qk_air_is_evaluated(site->kind)) {
        *hour =
            (qk_air_hour){.end = last, .rule = qk_rules_aqi_on(q->rules, qk_day_number(last - 1))};
        qk_air_unjudge(hour, 1, "not_evaluated");
        return QK_OK;
    }
    QK_TRY(qk_air_range(x, q, site, last, 2, &hours, err));
    *hour = qk_air_is_measured(&hours[1]) ? hours[1] : hours[0];
    if (!qk_air_is_measured(hour)) hour->reason = "stale";
    return QK_OK;
}

/* ---- AQI ---- */

void qk_primary_json(qk_json_writer *w, const qk_aqi *aqi)
{
    uint32_t told = 0;
    qk_json_array(w);
    for (int i = 0; i < QK_AQI_ITEMS; i++) {
        qk_pollutant p = qk_aqi_item_pollutant((qk_aqi_item)i);
        if (!(aqi->primary & QK_AQI_BIT(i)) || told & 1u << p) continue;
        told |= 1u << p;
        qk_json_cstr(w, qk_pollutant_name(p));
    }
    qk_json_end(w);
}

/* The sub-index by which a pollutant entered the hour's index. */
static int32_t iaqi_of(const qk_air_hour *hour, int p)
{
    for (int i = 0; i < QK_AQI_ITEMS; i++)
        if (hour->rule->hourly_items & QK_AQI_BIT(i) &&
            qk_aqi_item_pollutant((qk_aqi_item)i) == (qk_pollutant)p)
            return hour->result.iaqi[i];
    return QK_AQI_NA;
}

static void write_whole(qk_json_writer *w, const char *name, int32_t v, bool there)
{
    if (there)
        qk_json_ki64(w, name, v);
    else
        qk_json_knull(w, name);
}

static void write_item(qk_json_writer *w, const qk_air_hour *hour, int p)
{
    int32_t iaqi = iaqi_of(hour, p);
    qk_json_key(w, qk_pollutant_name((qk_pollutant)p));
    qk_json_object(w);
    qk_json_key(w, "value");
    if (hour->value[p].state == QK_CONC_VALUE)
        qk_json_dec(w, hour->value[p].value);
    else
        qk_json_null(w);
    write_whole(w, "iaqi", iaqi, iaqi != QK_AQI_NA);
    qk_json_key(w, "mean_24h");
    if (hour->running[p].state == QK_CONC_VALUE)
        qk_json_dec(w, hour->running[p].value);
    else
        qk_json_null(w);
    qk_json_kcstr(w, "unit", qk_air_unit((qk_pollutant)p));
    qk_json_end(w);
}

void qk_aqi_json(qk_json_writer *w, const qk_air_hour *hour)
{
    const qk_aqi *aqi = &hour->result;
    qk_json_object(w);
    write_whole(w, "value", aqi->aqi, aqi->aqi != QK_AQI_NA);
    write_whole(w, "level", aqi->level, aqi->level > 0);
    qk_json_key(w, "primary");
    qk_primary_json(w, aqi);
    qk_json_kcstr(w, "standard", hour->rule->name);
    qk_json_key(w, "items");
    qk_json_object(w);
    for (int p = 0; p < QK_POLLUTANTS; p++) write_item(w, hour, p);
    qk_json_end(w);
    qk_json_ktime(w, "time", hour->end);
    qk_json_kcstr(w, "reason", hour->reason);
    qk_json_end(w);
}

/* ---- validity of what is running ---- */

typedef struct tally {
    bool any;
    int64_t minutes, hours; /* of the factor with the fewest */
} tally;

static bool counts(char flag)
{
    return flag == 0 || flag == 'N' || flag == '3';
}

static qk_code count_valid(qk_exchange *x, const qk_device *d, qk_stream_kind kind,
                           const char *code, qk_time from, qk_time to, int64_t *out, qk_error *err)
{
    qk_samples samples;
    qk_stream_id stream = qk_telemetry_find(x->tools->reader, qk_str_of(d->mn), kind);
    qk_time shift = d->interval_style == QK_INTERVAL_END ? 1 : 0; /* an end stands in (from, to] */
    *out = 0;
    if (!stream) return QK_OK;
    QK_TRY(qk_telemetry_read(&samples, x->tools->reader, stream, qk_str_of(code), QK_STR("Avg"),
                             from + shift, to + shift, QK_TIME_NONE, &x->arena, NULL, err));
    for (size_t i = 0; i < samples.count; i++)
        *out += samples.mantissa[i] != INT64_MIN && counts(samples.flag[i]);
    return QK_OK;
}

static qk_code tally_factor(qk_exchange *x, const qk_device *d, const qk_factor *f, tally *t,
                            qk_error *err)
{
    qk_time now = qk_clock_now(qk_node_clock(x->context->node));
    int64_t minutes = 0, sent = 0, derived = 0;
    QK_TRY(count_valid(x, d, QK_STREAM_MINUTE, f->code, qk_floor_hour(now), now, &minutes, err));
    QK_TRY(count_valid(x, d, QK_STREAM_HOUR, f->code, qk_floor_day(now), now, &sent, err));
    QK_TRY(
        count_valid(x, d, QK_STREAM_DERIVED_HOUR, f->code, qk_floor_day(now), now, &derived, err));
    minutes *= d->min_interval_min > 0 ? d->min_interval_min : 1;
    int64_t hours = sent > derived ? sent : derived;
    if (!t->any || minutes < t->minutes) t->minutes = minutes;
    if (!t->any || hours < t->hours) t->hours = hours;
    t->any = true;
    return QK_OK;
}

static qk_code tally_device(qk_exchange *x, const qk_site *site, const char *mn, bool air, tally *t,
                            qk_error *err)
{
    const qk_registry *r = qk_node_registry(x->context->node);
    qk_device device;
    qk_factor *factors = NULL;
    size_t n = 0;
    if (!qk_registry_device(r, &device, qk_str_of(mn))) return QK_OK;
    qk_code code = qk_registry_factors(r, &x->arena, qk_str_of(mn), &factors, &n);
    if (code != QK_OK) return qk_fail(err, code, "no memory for the factors of %s", mn);
    for (size_t i = 0; i < n; i++) {
        assert(factors && site);
        const char *of = factors[i].site[0] ? factors[i].site : device.site;
        if (strcmp(of, site->id) != 0 || (air && !factors[i].item[0])) continue;
        QK_TRY(tally_factor(x, &device, &factors[i], t, err));
    }
    return QK_OK;
}

static void write_need(qk_json_writer *w, const char *name, const char *what, int64_t have,
                       int64_t need)
{
    qk_json_key(w, name);
    qk_json_object(w);
    qk_json_ki64(w, what, have);
    qk_json_ki64(w, "need", need);
    qk_json_end(w);
}

qk_code qk_site_validity_json(qk_exchange *x, const qk_site *site, const qk_site_links *mine,
                              qk_error *err)
{
    tally t = {0};
    bool air = qk_str_starts(qk_str_of(site->kind), QK_STR("air_"));
    for (size_t i = 0; i < mine->n; i++)
        QK_TRY(tally_device(x, site, mine->items[i].mn, air, &t, err));
    qk_json_key(&x->json, "validity");
    if (!t.any) {
        qk_json_null(&x->json);
        return QK_OK;
    }
    qk_json_object(&x->json);
    write_need(&x->json, "hour", "valid_minutes", t.minutes, MINUTES_NEED);
    write_need(&x->json, "day", "valid_hours", t.hours, HOURS_NEED);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- rules ---- */

typedef struct rule_text {
    const char *figure, *zh, *en, *formula, *source, *source_zh, *clause, *clause_zh;
} rule_text;

static void begin_rule(qk_json_writer *w, const rule_text *t, const char *valid_from)
{
    qk_json_object(w);
    qk_json_kcstr(w, "figure", t->figure);
    qk_json_kcstr(w, "zh", t->zh);
    qk_json_kcstr(w, "en", t->en);
    qk_json_kcstr(w, "formula", t->formula);
    qk_json_kcstr(w, "source", t->source);
    qk_json_kcstr(w, "source_zh", t->source_zh);
    qk_json_kcstr(w, "clause", t->clause);
    qk_json_kcstr(w, "clause_zh", t->clause_zh);
    qk_json_kcstr(w, "valid_from", valid_from);
    qk_json_key(w, "inputs");
    qk_json_array(w);
}

static void end_rule(qk_json_writer *w)
{
    qk_json_end(w);
    qk_json_end(w);
}

static void write_input(qk_json_writer *w, const qk_air_hour *hour, int p)
{
    char number[QK_DEC_TEXT], running[QK_DEC_TEXT], text[128];
    const char *name = qk_pollutant_name((qk_pollutant)p);
    bool there = hour->value[p].state == QK_CONC_VALUE;
    bool day = hour->running[p].state == QK_CONC_VALUE;
    int32_t iaqi = iaqi_of(hour, p);
    int n = snprintf(
        text, sizeof text, "%s%s%s %s", there ? qk_dec_format(number, hour->value[p].value) : "-",
        day ? ", C = 24 h " : "", day ? qk_dec_format(running, hour->running[p].value) : "",
        qk_air_unit((qk_pollutant)p));
    if (iaqi != QK_AQI_NA) snprintf(text + n, sizeof text - (size_t)n, " \u2192 IAQI %d", iaqi);
    qk_json_object(w);
    qk_json_kcstr(w, "zh", name);
    qk_json_kcstr(w, "en", name);
    qk_json_kcstr(w, "value", text);
    qk_json_end(w);
}

static void write_aqi_rule(qk_json_writer *w, const qk_air_hour *hour)
{
    char from[QK_TIME_TEXT];
    const rule_text text = {
        "aqi",
        "小时空气质量指数：各项分指数的最大值",
        "Hourly air quality index: the greatest of the sub-indices",
        "IAQI = (IAQI_Hi - IAQI_Lo) / (BP_Hi - BP_Lo) x (C - BP_Lo) + IAQI_Lo, rounded up; "
        "AQI = max(IAQI)",
        hour->rule->source,
        hour->rule->source_zh,
        NULL,
        NULL,
    };
    qk_date_iso(from, (qk_time)hour->rule->from_day * QK_DAY - QK_CST_OFFSET);
    begin_rule(w, &text, from);
    for (int p = 0; p < QK_POLLUTANTS; p++) write_input(w, hour, p);
    end_rule(w);
}

static void write_validity_rules(qk_json_writer *w, const qk_limits *limits)
{
    char from[QK_TIME_TEXT] = "";
    const rule_text rules[] = {
        {"validity.hour", "小时均值至少需要 45 分钟的有效数据",
         "An hour's mean needs at least 45 minutes of valid data", NULL, limits->source,
         limits->source_zh, "table 4", "表 4"},
        {"validity.day", "日均值至少需要 20 个有效小时",
         "A day's mean needs at least 20 valid hours", NULL, limits->source, limits->source_zh,
         "table 4", "表 4"},
    };
    bool dated = limits->from_day != INT32_MIN;
    if (dated) qk_date_iso(from, (qk_time)limits->from_day * QK_DAY - QK_CST_OFFSET);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        begin_rule(w, &rules[i], dated ? from : NULL);
        end_rule(w);
    }
}

void qk_site_rules_json(qk_exchange *x, const qk_air_question *q, const qk_site *site,
                        const qk_air_hour *hour)
{
    qk_json_writer *w = &x->json;
    qk_time now = qk_clock_now(qk_node_clock(x->context->node));
    qk_json_key(w, "rules");
    qk_json_array(w);
    if (hour && qk_air_is_evaluated(site->kind)) write_aqi_rule(w, hour);
    if (qk_str_starts(qk_str_of(site->kind), QK_STR("air_")))
        write_validity_rules(w, qk_rules_limits_on(q->rules, qk_day_number(now)));
    qk_json_end(w);
}
