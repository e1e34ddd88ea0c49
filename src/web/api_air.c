/* SPDX-License-Identifier: Apache-2.0 */
/* Hours of air quality: one station's, and all stations' side by side. */
#include "web/air_figures.h"
#include "web/air_json.h"
#include "web/api.h"

enum { HOURS_MAX = 92 * 24, STRIP_DEFAULT = 24 };

static void write_values(qk_json_writer *w, const qk_air_hour *hour)
{
    qk_json_key(w, "values");
    qk_json_object(w);
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        qk_json_key(w, qk_pollutant_name((qk_pollutant)p));
        if (hour->value[p].state == QK_CONC_VALUE)
            qk_json_dec(w, hour->value[p].value);
        else
            qk_json_null(w);
    }
    qk_json_end(w);
}

static void write_number(qk_json_writer *w, int32_t v, bool there)
{
    if (there)
        qk_json_i64(w, v);
    else
        qk_json_null(w);
}

static void write_hour(qk_json_writer *w, const qk_air_hour *hour)
{
    qk_json_object(w);
    qk_json_ktime(w, "time", hour->end);
    qk_json_key(w, "aqi");
    write_number(w, hour->result.aqi, hour->result.aqi != QK_AQI_NA);
    qk_json_key(w, "level");
    write_number(w, hour->result.level, hour->result.level > 0);
    qk_json_key(w, "primary");
    qk_primary_json(w, &hour->result);
    qk_json_kcstr(w, "standard", hour->rule->name);
    qk_json_kcstr(w, "reason", hour->reason);
    write_values(w, hour);
    qk_json_end(w);
}

/* Ends of full hours in (from, to]. */
static qk_code read_range(qk_exchange *x, qk_time *last, size_t *n, qk_error *err)
{
    qk_time now = qk_clock_now(qk_node_clock(x->context->node));
    qk_time to = qk_query_time(x, "to", now);
    qk_time from = qk_query_time(x, "from", to - QK_DAY);
    if (from > to) return qk_refuse(x, err, 400, "bad_parameter", "from", "from lies behind to");
    *last = qk_floor_hour(to);
    int64_t count = (*last - qk_floor_hour(from)) / QK_HOUR;
    if (count > HOURS_MAX)
        return qk_refuse(x, err, 400, "bad_parameter", "from", "at most %d hours at once",
                         HOURS_MAX);
    *n = (size_t)(count > 0 ? count : 0);
    return QK_OK;
}

qk_code qk_api_aqi(qk_exchange *x, qk_error *err)
{
    const qk_registry *r = qk_node_registry(x->context->node);
    qk_site site;
    qk_air_question q;
    qk_time last = 0;
    size_t n = 0;
    qk_air_hour *hours = NULL;
    if (!qk_registry_site(r, &site, qk_query_str(x, "site")))
        return qk_fail(err, QK_ENOTFOUND, "there is no site of this id");
    if (!qk_str_starts(qk_str_of(site.kind), QK_STR("air_")))
        return qk_refuse(x, err, 422, "no_air_station", "site", "%s", "");
    QK_TRY(read_range(x, &last, &n, err));
    QK_TRY(qk_air_asked(&q, x, err));
    if (n) QK_TRY(qk_air_range(x, &q, &site, last, n, &hours, err));
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) write_hour(&x->json, &hours[i]);
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- all stations ---- */

static void write_hours(qk_json_writer *w, qk_time last, size_t n)
{
    char text[QK_TIME_TEXT];
    qk_json_key(w, "hours");
    qk_json_array(w);
    for (size_t i = 0; i < n; i++)
        qk_json_cstr(w, qk_time_iso_zone(text, last - (qk_time)(n - 1 - i) * QK_HOUR));
    qk_json_end(w);
}

static qk_code write_row(qk_exchange *x, const qk_air_question *q, const qk_site *site,
                         qk_time last, size_t n, qk_error *err)
{
    qk_air_hour *hours = NULL;
    QK_TRY(qk_air_range(x, q, site, last, n, &hours, err));
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "site", site->id);
    qk_json_key(&x->json, "aqi");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++)
        write_number(&x->json, hours[i].result.aqi, hours[i].result.aqi != QK_AQI_NA);
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    return QK_OK;
}

static qk_code write_county_row(qk_exchange *x, const qk_air_question *q, qk_time last, size_t n,
                                qk_error *err)
{
    qk_air_hour *hours = NULL;
    QK_TRY(qk_air_county(x, q, last, n, &hours, err));
    qk_json_key(&x->json, "county");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++)
        write_number(&x->json, hours[i].result.aqi, hours[i].result.aqi != QK_AQI_NA);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_strip(qk_exchange *x, qk_error *err)
{
    const qk_registry *r = qk_node_registry(x->context->node);
    size_t hours = (size_t)qk_query_int(x, "hours", STRIP_DEFAULT), n = 0;
    qk_time last = qk_floor_hour(qk_clock_now(qk_node_clock(x->context->node)));
    qk_site *sites = NULL;
    qk_air_question q;
    QK_TRY(qk_air_asked(&q, x, err));
    qk_code code = qk_registry_sites(r, &x->arena, &sites, &n);
    if (code != QK_OK) return qk_fail(err, code, "no memory for the stations");
    qk_json_object(&x->json);
    write_hours(&x->json, last, hours);
    qk_json_key(&x->json, "rows");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++)
        if (qk_air_is_evaluated(sites[i].kind) && qk_site_in_use(&sites[i], last))
            QK_TRY(write_row(x, &q, &sites[i], last, hours, err));
    qk_json_end(&x->json);
    QK_TRY(write_county_row(x, &q, last, hours, err));
    qk_json_end(&x->json);
    return QK_OK;
}
