/* SPDX-License-Identifier: Apache-2.0 */
#include "web/air_figures.h"

static const qk_pollutant order[] = {QK_SO2, QK_NO2, QK_CO, QK_O3, QK_PM10, QK_PM25};

static bool has_param(const qk_exchange *x, const char *name)
{
    for (const qk_param *p = x->route->params; p && p->name; p++)
        if (strcmp(p->name, name) == 0) return true;
    return false;
}

qk_code qk_air_asked(qk_air_question *q, qk_exchange *x, qk_error *err)
{
    qk_rules *rules;
    qk_registry *registry = qk_node_registry(x->context->node);
    qk_time known_at =
        has_param(x, "known_at") ? qk_query_time(x, "known_at", QK_TIME_NONE) : QK_TIME_NONE;
    QK_TRY(qk_ruleset_load(&rules, x->tools->db, known_at, &x->arena, err));
    *q = (qk_air_question){.archive = {x->tools->db, registry, x->tools->reader, known_at},
                           .registry = registry,
                           .rules = rules,
                           .level = QK_AIR_BEST,
                           .last_day =
                               qk_day_number(qk_clock_now(qk_node_clock(x->context->node))) - 1};
    if (has_param(x, "level")) q->level = qk_air_level_of(qk_query_str(x, "level"));
    if (has_param(x, "standard") && qk_query_given(x, "standard"))
        q->rule = qk_rules_aqi_named(rules, qk_query_str(x, "standard"));
    return QK_OK;
}

void qk_air_asked_json(qk_json_writer *w, const qk_air_question *q)
{
    qk_json_kcstr(w, "level", qk_air_level_name(q->level));
    qk_json_kcstr(w, "standard", q->rule ? q->rule->name : "auto");
    qk_json_ktime(w, "known_at", q->archive.known_at);
}

void qk_air_levels_json(qk_json_writer *w, const qk_air_levels *levels)
{
    qk_json_key(w, "levels");
    qk_json_object(w);
    for (int i = QK_AIR_RAW; i < QK_AIR_BEST; i++)
        qk_json_ki64(w, qk_air_level_name((qk_air_level)i), levels->days[i]);
    qk_json_ki64(w, "imported", levels->imported);
    qk_json_ki64(w, "left_out", levels->left_out);
    qk_json_ki64(w, "lapsed", levels->lapsed);
    qk_json_end(w);
}

char *qk_air_date(char out[QK_TIME_TEXT], int32_t day)
{
    return qk_date_iso(out, (qk_time)day * QK_DAY - QK_CST_OFFSET);
}

void qk_air_items_json(qk_json_writer *w, const char *name, uint32_t items)
{
    qk_json_key(w, name);
    qk_json_array(w);
    for (int i = 0; i < QK_POLLUTANTS; i++)
        if (items >> order[i] & 1) qk_json_cstr(w, qk_pollutant_name(order[i]));
    qk_json_end(w);
}

void qk_air_exact_json(qk_json_writer *w, const char *name, qk_exact value, int32_t decimals)
{
    qk_dec d;
    qk_json_key(w, name);
    if (qk_exact_round(&d, value, decimals) == QK_OK)
        qk_json_dec(w, d);
    else
        qk_json_null(w);
}

void qk_air_percent_json(qk_json_writer *w, const char *name, int64_t part, int64_t whole)
{
    qk_dec d;
    qk_json_key(w, name);
    if (qk_ratio_round(&d, qk_percent(part, whole), 1) == QK_OK)
        qk_json_dec(w, d);
    else
        qk_json_null(w);
}

static void put_whole(qk_json_writer *w, const char *name, int64_t v, bool there)
{
    if (there)
        qk_json_ki64(w, name, v);
    else
        qk_json_knull(w, name);
}

/* ---- days ---- */

static const qk_aqi_item daily_item[QK_POLLUTANTS] = {QK_SO2_24H,  QK_NO2_24H, QK_PM10_24H,
                                                      QK_PM25_24H, QK_CO_24H,  QK_O3_8H};

static uint32_t pollutants_of(uint32_t items)
{
    uint32_t out = 0;
    for (int i = 0; i < QK_AQI_ITEMS; i++)
        if (items & QK_AQI_BIT(i)) out |= 1u << qk_aqi_item_pollutant((qk_aqi_item)i);
    return out;
}

static void put_day_items(qk_json_writer *w, const qk_day *day, const qk_aqi *aqi)
{
    int64_t rounded[QK_POLLUTANTS + 1];
    qk_day_rounded(rounded, day);
    qk_json_key(w, "items");
    qk_json_object(w);
    for (int i = 0; i < QK_POLLUTANTS; i++) {
        qk_pollutant p = order[i];
        qk_json_key(w, qk_pollutant_name(p));
        qk_json_object(w);
        qk_json_key(w, "value");
        if (rounded[p] >= 0)
            qk_json_dec(w, (qk_dec){rounded[p], qk_pollutant_decimals(p)});
        else
            qk_json_null(w);
        put_whole(w, "iaqi", aqi->iaqi[daily_item[p]], aqi->iaqi[daily_item[p]] != QK_AQI_NA);
        qk_json_ki64(w, "hours", day->hours[p]);
        qk_json_kbool(w, "planned", !(day->unplanned >> p & 1));
        qk_json_end(w);
    }
    qk_json_end(w);
}

void qk_air_day_begin(qk_json_writer *w, const qk_day *day, const qk_aqi_rule *rule)
{
    char date[QK_TIME_TEXT];
    qk_aqi aqi;
    qk_day copy = *day;
    qk_day_judge(&aqi, &copy, rule);
    qk_json_object(w);
    qk_json_kcstr(w, "date", qk_air_date(date, day->day));
    put_whole(w, "aqi", aqi.aqi, aqi.aqi != QK_AQI_NA);
    put_whole(w, "level", aqi.level, aqi.level > 0);
    qk_air_items_json(w, "primary", pollutants_of(aqi.primary));
    put_day_items(w, &copy, &aqi);
    qk_json_kbool(w, "dust", (day->flags & QK_DAY_DUST) != 0);
    qk_json_kcstr(w, "standard", rule->name);
}

/* ---- periods ---- */

static void put_dec(qk_json_writer *w, const char *name, qk_dec d, bool there)
{
    qk_json_key(w, name);
    if (there)
        qk_json_dec(w, d);
    else
        qk_json_null(w);
}

/* Exceedance multiple (C - S)/S, two decimals; null while the limit is met. */
static void put_multiple(qk_json_writer *w, const char *name, qk_dec value, qk_dec limit,
                         bool known)
{
    qk_dec d = {0, 0};
    bool over = known && limit.mantissa > 0 && qk_dec_cmp(value, limit) > 0;
    qk_ratio r = over ? qk_ratio_div(qk_ratio_sub(qk_ratio_dec(value), qk_ratio_dec(limit)),
                                     qk_ratio_dec(limit))
                      : QK_RATIO_NONE;
    put_dec(w, name, d, qk_ratio_round(&d, r, 2) == QK_OK && over);
}

static void put_against(qk_json_writer *w, const char *name, qk_exact exact, qk_pollutant p,
                        qk_dec limit, int *verdict)
{
    qk_dec value = {0, 0};
    bool known = qk_exact_round(&value, exact, qk_pollutant_decimals(p)) == QK_OK;
    bool limited = limit.mantissa > 0;
    qk_json_key(w, name);
    qk_json_object(w);
    put_dec(w, "value", value, known);
    qk_air_exact_json(w, "unrounded", exact, 6);
    put_dec(w, "limit", limit, limited);
    qk_json_key(w, "meets");
    if (known && limited)
        qk_json_bool(w, qk_dec_cmp(value, limit) <= 0);
    else
        qk_json_null(w);
    put_multiple(w, "exceeds_by", value, limit, known);
    qk_json_end(w);
    if (limited && !known && *verdict == 1) *verdict = -1;
    if (limited && known && qk_dec_cmp(value, limit) > 0) *verdict = 0;
}

static void put_period_item(qk_json_writer *w, const qk_period *period, qk_pollutant p,
                            const qk_limits *limits, const qk_fine_index *index, int *verdict)
{
    const qk_item_stat *s = &period->item[p];
    qk_averaging day = p == QK_O3 ? QK_AVG_8H : QK_AVG_DAY;
    qk_json_key(w, qk_pollutant_name(p));
    qk_json_object(w);
    put_against(w, "mean", s->mean, p, qk_limit_get(limits, qk_limit_item_of(p), QK_AVG_YEAR, 2),
                verdict);
    put_against(w, "percentile", s->percentile, p,
                qk_limit_get(limits, qk_limit_item_of(p), day, 2), verdict);
    qk_json_ki64(w, "percentile_rank", qk_percentile_of(p));
    qk_json_ki64(w, "days", s->days);
    qk_json_kbool(w, "valid", s->valid);
    put_dec(w, "single_index", qk_fine_index_round(index->single[p], 3), index->total >= 0);
    qk_json_end(w);
}

static void put_index(qk_json_writer *w, const qk_fine_index *index)
{
    bool there = index->total >= 0;
    put_dec(w, "composite_index", qk_fine_index_round(index->total, 3), there);
    put_dec(w, "composite_index_2dp", qk_fine_index_round(index->total, 2), there);
    put_dec(w, "max_single_index", qk_fine_index_round(index->max, 3), there);
    qk_air_items_json(w, "primary", there ? index->primary : 0);
}

static void put_counts(qk_json_writer *w, const qk_period *p)
{
    qk_json_ki64(w, "valid_days", p->count.valid);
    qk_json_ki64(w, "good_days", p->count.good);
    qk_json_ki64(w, "heavy_days", p->count.heavy);
    qk_air_percent_json(w, "good_ratio", p->count.good, p->count.valid);
    qk_air_percent_json(w, "heavy_ratio", p->count.heavy, p->count.valid);
}

static void put_without_dust(qk_json_writer *w, const qk_period *period,
                             const qk_index_profile *profile)
{
    qk_fine_index index;
    qk_json_key(w, "without_dust");
    if (period->dust_days == 0) {
        qk_json_null(w);
        return;
    }
    qk_json_object(w);
    qk_air_exact_json(w, "PM10", period->pm10_no_dust.mean, 0);
    qk_air_exact_json(w, "PM2.5", period->pm25_no_dust.mean, 0);
    qk_period_index(&index, period, profile, true);
    put_index(w, &index);
    qk_json_end(w);
}

void qk_air_period_json(qk_json_writer *w, const char *name, const qk_period *period,
                        const qk_rules *rules, const qk_index_profile *profile)
{
    char date[QK_TIME_TEXT];
    const qk_limits *limits = qk_rules_limits_on(rules, period->to_day);
    qk_fine_index index;
    int verdict = 1;
    qk_period_index(&index, period, profile, false);
    qk_json_object(w);
    qk_json_kcstr(w, "period", name);
    qk_json_kcstr(w, "from", qk_air_date(date, period->from_day));
    qk_json_kcstr(w, "to", qk_air_date(date, period->to_day));
    qk_json_kcstr(w, "limits", limits->name);
    qk_json_kcstr(w, "profile", profile->name);
    qk_json_key(w, "items");
    qk_json_object(w);
    for (int i = 0; i < QK_POLLUTANTS; i++)
        put_period_item(w, period, order[i], limits, &index, &verdict);
    qk_json_end(w);
    qk_json_key(w, "meets_all");
    if (verdict < 0)
        qk_json_null(w);
    else
        qk_json_bool(w, verdict == 1);
    put_counts(w, period);
    qk_json_ki64(w, "o3_over_days", period->o3_over_days);
    qk_json_ki64(w, "dust_days", period->dust_days);
    qk_json_key(w, "primary_days");
    qk_json_object(w);
    for (int i = 0; i < QK_POLLUTANTS; i++)
        qk_json_ki64(w, qk_pollutant_name(order[i]), period->primary_days[order[i]]);
    qk_json_end(w);
    put_index(w, &index);
    put_without_dust(w, period, profile);
    qk_json_end(w);
}

void qk_air_brief_json(qk_json_writer *w, const qk_period *period, const qk_index_profile *profile)
{
    qk_fine_index index;
    qk_period_index(&index, period, profile, false);
    qk_json_object(w);
    qk_json_key(w, "values");
    qk_json_object(w);
    for (int i = 0; i < QK_POLLUTANTS; i++)
        qk_air_exact_json(w, qk_pollutant_name(order[i]), qk_period_value(period, order[i]),
                          qk_pollutant_decimals(order[i]));
    qk_json_end(w);
    put_counts(w, period);
    put_dec(w, "composite_index", qk_fine_index_round(index.total, 3), index.total >= 0);
    qk_json_end(w);
}

qk_code qk_air_period_parse(int32_t *year, int32_t *month, qk_str text)
{
    int64_t y = 0, m = 0;
    if (text.len != 4 && text.len != 7) return QK_EINVAL;
    if (qk_parse_i64(&y, (qk_str){text.ptr, 4}) != QK_OK || y < 1970 || y > 2200) return QK_EINVAL;
    if (text.len == 7 && (text.ptr[4] != '-' ||
                          qk_parse_i64(&m, (qk_str){text.ptr + 5, 2}) != QK_OK || m < 1 || m > 12))
        return QK_EINVAL;
    *year = (int32_t)y;
    *month = (int32_t)m;
    return QK_OK;
}

qk_code qk_air_person(char out[QK_AIR_PERSON_MAX], qk_exchange *x, const qk_json_value *body,
                      bool needed, qk_error *err)
{
    const qk_json_value *v = qk_json_get(body, "person");
    bool shared = strcmp(x->who, qk_auth_role_name(QK_ROLE_OPERATOR)) == 0 ||
                  strcmp(x->who, qk_auth_role_name(QK_ROLE_ADMIN)) == 0;
    qk_str name = v && v->type == QK_JSON_STRING ? qk_str_trim(v->text) : (qk_str){NULL, 0};
    qk_str_copy(out, QK_AIR_PERSON_MAX, qk_str_of(x->who));
    if (v && v->type != QK_JSON_NULL && (name.len == 0 || name.len >= QK_AIR_PERSON_MAX))
        return qk_refuse(x, err, 400, "bad_body", "person", "a name of at most %d bytes",
                         QK_AIR_PERSON_MAX - 1);
    if (!shared && name.len && !qk_str_eq(name, qk_str_of(x->who)))
        return qk_refuse(x, err, 422, "not_yourself", "person", "%s", "");
    if (shared && name.len) qk_str_copy(out, QK_AIR_PERSON_MAX, name);
    if (shared && needed && !name.len)
        return qk_refuse(x, err, 400, "bad_body", "person",
                         "with the shared key the person must be named");
    return QK_OK;
}
