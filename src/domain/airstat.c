/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/airstat.h"
#include "domain/airpast.h"
#include "domain/airquality.h"
#include <stdlib.h>

enum { YEAR_ARENA = 256 << 20 }; /* of one station; as known at T reads telemetry with neighbours */

/* ---- one station ---- */

static const qk_aqi_rule *rule_on(const qk_air_question *q, int32_t day)
{
    return q->rule ? q->rule : qk_rules_aqi_on(q->rules, day);
}

static void count_day(qk_air_levels *levels, const qk_air_view *v, int32_t first_day)
{
    if (!levels->by_day) return;
    qk_air_day_levels *day = &levels->by_day[v->row.day - first_day];
    day->stations[v->level]++;
    if (v->lapsed) day->lapsed++;
}

static void count_level(qk_air_levels *levels, const qk_air_view *v, qk_air_level asked)
{
    if (v->lapsed) levels->lapsed++;
    if (asked == QK_AIR_RAW || asked == QK_AIR_AUTOMATIC)
        levels->days[asked]++;
    else
        levels->days[v->level]++;
}

/* What the register says the station measures: an item that no device feeds is not planned. */
static uint8_t unplanned_items(const qk_registry *registry, const qk_air_source *station,
                               qk_arena *arena)
{
    qk_factor *factors;
    size_t n = 0;
    uint8_t planned = 0;
    for (size_t k = 0; k < station->mn_count; k++) {
        if (qk_registry_factors(registry, arena, qk_str_of(station->mns[k]), &factors, &n) != QK_OK)
            return 0;
        for (size_t f = 0; f < n; f++) {
            qk_pollutant p = qk_air_pollutant(factors[f].item);
            bool here = factors[f].site[0] == 0 || strcmp(factors[f].site, station->site->id) == 0;
            if (p != QK_POLLUTANTS && here) planned |= (uint8_t)(1u << p);
        }
    }
    return planned ? (uint8_t)(QK_AIR_ITEMS_ALL & ~planned) : 0;
}

static bool has_value(const qk_day *day)
{
    if (!(day->flags & QK_DAY_RECORDED)) return false;
    for (int p = 0; p < QK_POLLUTANTS; p++)
        if (day->stat[p] >= 0) return true;
    return false;
}

static qk_time start_of(int32_t day)
{
    return (qk_time)day * QK_DAY - QK_CST_OFFSET;
}

static bool declares_dust(const qk_air_mark *m, int32_t day)
{
    return m->effect == QK_AIR_DUST && m->undone_at == QK_TIME_NONE &&
           m->from_at < start_of(day + 1) && m->to_at > start_of(day);
}

/* A day of which no hour counts stands on its imported value. */
static qk_code fill_past(qk_year *out, qk_air_levels *levels, const qk_air_question *q,
                         const char *site, uint8_t unplanned, qk_arena *arena, qk_error *err)
{
    qk_airpast_day *past;
    qk_air_mark *marks;
    qk_aqi aqi;
    size_t n = 0, mark_n = 0;
    QK_TRY(qk_airpast_days(&past, &n, q->archive.db, site, out->first_day,
                           out->first_day + out->days - 1, q->archive.known_at, arena, err));
    if (n)
        QK_TRY(qk_air_marks(&marks, &mark_n, q->archive.db, site, start_of(out->first_day),
                            start_of(out->first_day + out->days), q->archive.known_at, arena, err));
    for (size_t i = 0; i < n; i++) {
        int32_t at = past[i].day - out->first_day;
        if (has_value(&out->day[at])) continue;
        qk_day day = {.day = past[i].day, .unplanned = unplanned, .o3_hour = QK_FINE_NONE};
        for (int p = 0; p < QK_POLLUTANTS; p++)
            day.stat[p] = past[i].micro[p] < 0
                              ? QK_FINE_NONE
                              : (qk_fine)past[i].micro[p] * (QK_QUANTA_PER_UNIT / 1000000)
                                    << QK_FINE_SHIFT;
        for (size_t m = 0; m < mark_n; m++)
            if (declares_dust(&marks[m], day.day)) day.flags |= QK_DAY_DUST;
        qk_day_judge(&aqi, &day, rule_on(q, day.day));
        QK_TRY(qk_year_put(out, &day));
        levels->imported++;
        if (levels->by_day) levels->by_day[at].imported++;
    }
    return QK_OK;
}

static qk_code fill_year(qk_year *out, qk_air_levels *levels, const qk_air_question *q,
                         const qk_air_source *station, qk_arena *arena, qk_error *err)
{
    const char *site = station->site->id;
    qk_air_view *views;
    qk_hours hours;
    qk_aqi aqi;
    size_t n = 0;
    QK_TRY(qk_air_views(&views, &n, &q->archive, site, out->first_day,
                        out->first_day + out->days - 1, arena, err));
    uint8_t unplanned = unplanned_items(q->registry, station, arena);
    for (size_t i = 0; i < n; i++) {
        qk_day day = {.day = views[i].row.day, .unplanned = unplanned};
        count_day(levels, &views[i], out->first_day);
        if (!qk_air_view_hours(&hours, &views[i], q->level)) {
            levels->left_out++;
            continue;
        }
        qk_day_of(&day, &hours);
        if (views[i].dust) day.flags |= QK_DAY_DUST;
        qk_day_judge(&aqi, &day, rule_on(q, day.day));
        QK_TRY(qk_year_put(out, &day));
        count_level(levels, &views[i], q->level);
    }
    return fill_past(out, levels, q, site, unplanned, arena, err);
}

qk_code qk_air_year(qk_year *out, qk_air_levels *levels, const qk_air_question *q,
                    const qk_air_source *station, int32_t year, qk_error *err)
{
    qk_arena arena;
    qk_year_init(out, year);
    qk_arena_init(&arena, YEAR_ARENA);
    qk_code code = fill_year(out, levels, q, station, &arena, err);
    qk_arena_clear(&arena);
    return code;
}

qk_code qk_air_first_year(int32_t *out, qk_db *db, int32_t this_year, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    *out = this_year;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT min(day) FROM (SELECT min(day) AS day FROM air_day UNION ALL"
                         " SELECT min(from_day) FROM air_import)",
                         err));
    QK_TRY(qk_db_step(db, s, err));
    if (sqlite3_column_type(s, 0) != SQLITE_NULL)
        *out = qk_civil_of(start_of(sqlite3_column_int(s, 0))).year;
    sqlite3_reset(s);
    return QK_OK;
}

/* ---- periods ---- */

bool qk_air_period(qk_period *out, const qk_year *y, int32_t month, int32_t last_day)
{
    int32_t first = y->first_day, length = y->days;
    for (int32_t m = 1; m < month; m++) first += qk_days_in_month(y->year, m);
    if (month) length = qk_days_in_month(y->year, month);
    if (last_day && last_day >= first && last_day < first + length - 1) {
        qk_period_of(out, &y->day[first - y->first_day], first, last_day, QK_PERIOD_ANY);
        return true;
    }
    if (month)
        qk_year_month(out, y, month);
    else
        qk_year_total(out, y);
    return false;
}

int32_t qk_air_year_earlier(int32_t day)
{
    qk_time t = 0;
    qk_civil c = qk_civil_of(start_of(day));
    if (day == 0) return 0;
    c.year--;
    if (c.day > qk_days_in_month(c.year, c.month)) c.day = qk_days_in_month(c.year, c.month);
    return qk_time_of(&t, &c) == QK_OK ? qk_day_number(t) : 0;
}

/* ---- hours ---- */

static void put_hours(qk_conc *const value[QK_POLLUTANTS], size_t count, qk_time first_end,
                      const qk_air_view *v, qk_air_level level)
{
    qk_hours hours;
    if (!qk_air_view_hours(&hours, v, level)) return;
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (int h = 0; h < QK_AIR_DAY_HOURS; h++) {
            qk_time end = (qk_time)v->row.day * QK_DAY - QK_CST_OFFSET + (h + 1) * QK_HOUR;
            int64_t at = (end - first_end) / QK_HOUR;
            if (end < first_end || at >= (int64_t)count || hours.micro[p][h] < 0) continue;
            value[p][at] = (qk_conc){qk_dec_trim((qk_dec){hours.micro[p][h], 6}), QK_CONC_VALUE};
        }
}

static qk_code make_values(qk_conc *value[QK_POLLUTANTS], size_t count, qk_arena *arena,
                           qk_error *err)
{
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        value[p] = qk_arena_array(arena, count, sizeof *value[p]);
        if (!value[p]) return qk_fail(err, QK_ENOMEM, "no memory for %zu hours", count);
    }
    return QK_OK;
}

/* count hours up to last_end as they count at the level. */
static qk_code read_values(qk_conc *value[QK_POLLUTANTS], size_t count, qk_time last_end,
                           qk_air_view **views, size_t *view_n, const qk_air_question *q,
                           const char *site, qk_arena *arena, qk_error *err)
{
    qk_time first_end = last_end - (qk_time)(count - 1) * QK_HOUR;
    QK_TRY(make_values(value, count, arena, err));
    QK_TRY(qk_air_views(views, view_n, &q->archive, site, qk_day_number(first_end - 1),
                        qk_day_number(last_end - 1), arena, err));
    for (size_t i = 0; i < *view_n; i++) put_hours(value, count, first_end, &(*views)[i], q->level);
    return QK_OK;
}

qk_code qk_air_graded_hours(qk_air_hour *out, size_t n, qk_time last_end, qk_air_view **views,
                            size_t *view_n, const qk_air_question *q, const qk_site *site,
                            qk_arena *arena, qk_error *err)
{
    qk_conc *value[QK_POLLUTANTS];
    QK_TRY(read_values(value, n + QK_AIR_HOURS_BEFORE, last_end, views, view_n, q, site->id, arena,
                       err));
    qk_air_hours_of(out, n, last_end, value, q->rules);
    if (!qk_air_is_evaluated(site->kind)) qk_air_unjudge(out, n, "not_evaluated");
    return QK_OK;
}

/* How many had not been closed by then. */
static uint32_t in_use(const qk_air_source *stations, size_t n, qk_time t)
{
    uint32_t count = 0;
    for (size_t i = 0; i < n; i++) count += qk_site_in_use(stations[i].site, t);
    return count;
}

qk_code qk_air_area_hours(qk_air_hour *out, size_t n, qk_time last_end, const qk_air_question *q,
                          const qk_air_source *stations, size_t count, qk_arena *arena,
                          qk_error *err)
{
    qk_air_view *views;
    size_t view_n, length = n + QK_AIR_HOURS_BEFORE;
    qk_conc *mean[QK_POLLUTANTS];
    qk_conc *(*each)[QK_POLLUTANTS] = qk_arena_array(arena, count + 1, sizeof *each);
    uint32_t *due = qk_arena_array(arena, length, sizeof *due);
    if (!each || !due) return qk_fail(err, QK_ENOMEM, "no memory for %zu stations", count);
    QK_TRY(make_values(mean, length, arena, err));
    for (size_t k = 0; k < count; k++)
        QK_TRY(read_values(each[k], length, last_end, &views, &view_n, q, stations[k].site->id,
                           arena, err));
    for (size_t at = 0; at < length; at++)
        due[at] = in_use(stations, count, last_end - (qk_time)(length - at) * QK_HOUR);
    qk_air_mean_of(mean, length, each, count, due);
    qk_air_hours_of(out, n, last_end, mean, q->rules);
    qk_air_round(out, n);
    return QK_OK;
}

/* ---- areas ---- */

qk_code qk_air_area_year(qk_year *out, qk_air_levels *levels, const qk_air_question *q,
                         const qk_air_source *stations, size_t n, int32_t year, qk_error *err)
{
    qk_aqi aqi;
    qk_city_day *sums = calloc(366, sizeof *sums);
    qk_year *one = malloc(sizeof *one);
    qk_code code = QK_OK;
    qk_year_init(out, year);
    if (!sums || !one) {
        code = qk_fail(err, QK_ENOMEM, "no memory for a year of an area");
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        QK_TRY_OUT(code, qk_air_year(one, levels, q, &stations[i], year, err));
        for (int32_t d = 0; d < one->days; d++)
            if (one->day[d].flags & QK_DAY_RECORDED) qk_city_add(&sums[d], &one->day[d]);
    }
    for (int32_t d = 0; d < out->days; d++) {
        qk_day day = {.day = out->first_day + d};
        if (sums[d].seen == 0) continue;
        uint32_t due = in_use(stations, n, day.day * QK_DAY - QK_CST_OFFSET);
        qk_city_mean(&day, &sums[d], due > sums[d].seen ? due : sums[d].seen);
        qk_day_judge(&aqi, &day, rule_on(q, day.day));
        QK_TRY_OUT(code, qk_year_put(out, &day));
    }
out:
    free(one);
    free(sums);
    return code;
}

static const qk_division *find_division(const qk_division *all, size_t n, qk_str code)
{
    for (size_t i = 0; i < n; i++)
        if (qk_str_eq(qk_str_of(all[i].code), code)) return &all[i];
    return NULL;
}

static bool lies_in(const qk_division *all, size_t n, const char *division, qk_str wanted)
{
    const qk_division *d = find_division(all, n, qk_str_of(division));
    for (int depth = 0; d && depth < 8; depth++) {
        if (qk_str_eq(qk_str_of(d->code), wanted)) return true;
        d = d->parent[0] ? find_division(all, n, qk_str_of(d->parent)) : NULL;
    }
    return false;
}

qk_code qk_air_scope(qk_air_source **out, size_t *n, bool *area, const qk_registry *registry,
                     qk_str scope, qk_arena *arena, qk_error *err)
{
    qk_air_source *all;
    size_t count, kept = 0;
    *area = true;
    QK_TRY(qk_air_sources(&all, &count, registry, arena, err));
    *out = all;
    if (qk_str_eq(scope, QK_STR("county"))) {
        *n = qk_air_evaluation_points(all, count);
        return QK_OK;
    }
    for (size_t i = 0; i < count; i++) {
        if (!qk_str_eq(qk_str_of(all[i].site->id), scope)) continue;
        if (!qk_air_is_evaluated(all[i].site->kind))
            return qk_fail(err, QK_EINVAL, "stations of this kind are not evaluated");
        *out = &all[i];
        *n = 1;
        *area = false;
        return QK_OK;
    }
    qk_division *divisions = NULL;
    size_t division_n = 0;
    qk_code code = qk_registry_divisions(registry, arena, &divisions, &division_n);
    if (code) return qk_fail(err, code, "no memory for the divisions");
    if (!find_division(divisions, division_n, scope))
        return qk_fail(err, QK_ENOTFOUND, "there is no station or division of this code");
    for (size_t i = 0; i < count; i++)
        if (qk_air_is_evaluated(all[i].site->kind) &&
            lies_in(divisions, division_n, all[i].site->division, scope))
            all[kept++] = all[i];
    *n = kept;
    return QK_OK;
}

qk_code qk_air_scope_year(qk_year *out, qk_air_levels *levels, const qk_air_question *q,
                          qk_str scope, int32_t year, qk_error *err)
{
    qk_air_source *stations;
    qk_arena arena;
    size_t n = 0;
    bool area;
    qk_arena_init(&arena, YEAR_ARENA);
    qk_code code = qk_air_scope(&stations, &n, &area, q->registry, scope, &arena, err);
    if (!code && area) code = qk_air_area_year(out, levels, q, stations, n, year, err);
    if (!code && !area) code = qk_air_year(out, levels, q, &stations[0], year, err);
    qk_arena_clear(&arena);
    return code;
}

/* ---- ranking ---- */

static bool is_valid(const qk_period *period)
{
    for (int p = 0; p < QK_POLLUTANTS; p++)
        if (!period->item[p].valid) return false;
    return true;
}

typedef struct member {
    const char *id, *name_zh, *name_en;
    const qk_air_source *stations;
    size_t n;
} member;

static qk_code rank_member(qk_air_rank *r, const qk_air_question *q, const member *m, int32_t year,
                           int32_t month, const qk_index_profile *profile, qk_error *err)
{
    qk_year *y = malloc(sizeof *y);
    qk_period before;
    qk_fine_index index;
    qk_air_levels levels = {0};
    *r = (qk_air_rank){
        .id = m->id, .name_zh = m->name_zh, .name_en = m->name_en, .stations = (int32_t)m->n};
    if (!y) return qk_fail(err, QK_ENOMEM, "no memory for a ranking");
    qk_code code = qk_air_area_year(y, &r->levels, q, m->stations, m->n, year, err);
    if (!code) {
        r->running = qk_air_period(&r->period, y, month, q->last_day);
        r->valid = is_valid(&r->period);
        qk_period_index(&r->index, &r->period, profile, true);
        if (r->index.total >= 0) r->total = qk_fine_index_round(r->index.total, 3);
        code = qk_air_area_year(y, &levels, q, m->stations, m->n, year - 1, err);
    }
    if (!code) {
        qk_air_period(&before, y, month, r->running ? qk_air_year_earlier(q->last_day) : 0);
        qk_period_index(&index, &before, profile, true);
        r->has_before = is_valid(&before) && index.total >= 0;
        if (r->has_before) r->before = qk_fine_index_round(index.total, 3);
    }
    free(y);
    return code;
}

static bool is_ranked(const qk_air_rank *r)
{
    return r->valid && r->index.total >= 0;
}

static int compare_ranks(const void *a, const void *b)
{
    const qk_air_rank *x = a, *y = b;
    if (is_ranked(x) != is_ranked(y)) return is_ranked(x) ? -1 : 1;
    int order = is_ranked(x) ? qk_dec_cmp(x->total, y->total) : 0;
    return order ? order : strcmp(x->id, y->id);
}

static void number_ranks(qk_air_rank *list, size_t n)
{
    qsort(list, n, sizeof *list, compare_ranks);
    for (size_t i = 0; i < n; i++) {
        int32_t better = 0;
        if (is_ranked(&list[i])) {
            bool same = i > 0 && qk_dec_cmp(list[i].total, list[i - 1].total) == 0;
            list[i].rank = same ? list[i - 1].rank : (int32_t)i + 1;
            if (same) list[i].tie = list[i - 1].tie = true;
        }
        if (!list[i].has_before) continue;
        for (size_t k = 0; k < n; k++)
            if (list[k].has_before && qk_dec_cmp(list[k].before, list[i].before) < 0) better++;
        list[i].rank_before = better + 1;
    }
}

static qk_code make_townships(member **out, size_t *n, const qk_registry *registry, qk_arena *arena,
                              qk_error *err)
{
    qk_division *all = NULL;
    size_t count = 0;
    qk_code code = qk_registry_divisions(registry, arena, &all, &count);
    *n = 0;
    *out = qk_arena_array(arena, count + 1, sizeof **out);
    if (code || !*out) return qk_fail(err, QK_ENOMEM, "no memory for the townships");
    for (size_t i = 0; i < count; i++) {
        qk_air_source *stations;
        bool area;
        member m = {.id = all[i].code, .name_zh = all[i].name_zh, .name_en = all[i].name_en};
        if (strcmp(all[i].kind, "township") != 0) continue;
        QK_TRY(qk_air_scope(&stations, &m.n, &area, registry, qk_str_of(all[i].code), arena, err));
        m.stations = stations;
        (*out)[(*n)++] = m;
    }
    return QK_OK;
}

static qk_code make_stations(member **out, size_t *n, const qk_registry *registry, qk_arena *arena,
                             qk_error *err)
{
    qk_air_source *all;
    size_t count = 0;
    QK_TRY(qk_air_sources(&all, &count, registry, arena, err));
    *n = 0;
    *out = qk_arena_array(arena, count + 1, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for the stations");
    for (size_t i = 0; i < count; i++)
        if (qk_air_is_evaluated(all[i].site->kind))
            (*out)[(*n)++] =
                (member){all[i].site->id, all[i].site->name_zh, all[i].site->name_en, &all[i], 1};
    return QK_OK;
}

qk_code qk_air_ranking(qk_air_rank **out, size_t *n, const qk_air_question *q, qk_air_group group,
                       int32_t year, int32_t month, const qk_index_profile *profile,
                       qk_arena *arena, qk_error *err)
{
    member *members;
    QK_TRY(group == QK_AIR_TOWNSHIPS ? make_townships(&members, n, q->registry, arena, err)
                                     : make_stations(&members, n, q->registry, arena, err));
    *out = qk_arena_array(arena, *n + 1, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for a ranking");
    for (size_t i = 0; i < *n; i++)
        QK_TRY(rank_member(&(*out)[i], q, &members[i], year, month, profile, err));
    number_ranks(*out, *n);
    return QK_OK;
}
