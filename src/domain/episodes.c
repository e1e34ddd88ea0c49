/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/episodes.h"
#include "domain/setting.h"
#include <math.h>

enum { DAY = 24, ABOUT = 2 /* days read on each side */, LONGEST = 60, SCRATCH = 64 << 20 };

static qk_time start_of(int32_t day)
{
    return (qk_time)day * QK_DAY - QK_CST_OFFSET;
}

qk_time qk_episodes_hour(const qk_episodes *e, size_t hour)
{
    return start_of(e->from_day) + (qk_time)hour * QK_HOUR;
}

static void read_rule(qk_episodes *e)
{
    qk_db *db = e->q->archive.db;
    e->rule = *qk_episode_rule_shipped();
    e->rule.above = (double)qk_setting_known(db, "episode.above_ug");
    e->rule.clear_hours = (int32_t)qk_setting_known(db, "episode.clear_hours");
}

int32_t qk_episodes_counted(const qk_day *d)
{
    const uint32_t other = QK_AQI_BIT(QK_O3_8H) | QK_AQI_BIT(QK_O3_1H) | QK_AQI_BIT(QK_PM10_24H) |
                           QK_AQI_BIT(QK_PM10_1H);
    if (d->aqi < 0 || (d->flags & QK_DAY_DUST)) return -1;
    return d->primary && !(d->primary & ~other) ? -1 : d->aqi;
}

static qk_code read_days(qk_episodes *e, qk_arena *arena, qk_error *err)
{
    qk_year *year = qk_arena_alloc(arena, sizeof *year);
    if (!year) return qk_fail(err, QK_ENOMEM, "no memory for a year");
    int32_t y = qk_civil_of(start_of(e->from_day)).year;
    int32_t last = qk_civil_of(start_of(e->to_day)).year;
    for (; y <= last; y++) {
        qk_air_levels levels = {0};
        QK_TRY(qk_air_scope_year(year, &levels, e->q, QK_STR("county"), y, err));
        for (int32_t i = 0; i < year->days; i++) {
            const qk_day *d = &year->day[i];
            if (d->day < e->from_day || d->day > e->to_day || !(d->flags & QK_DAY_RECORDED))
                continue;
            e->day[d->day - e->from_day] = *d;
            e->aqi[d->day - e->from_day] = qk_episodes_counted(d);
        }
    }
    return QK_OK;
}

qk_code qk_episodes_column(qk_hour_column *out, const qk_air_question *q, const char *site,
                           qk_str code, qk_time from, qk_time to, qk_arena *arena, qk_error *err)
{
    qk_arena scratch;
    qk_arena_init(&scratch, SCRATCH);
    qk_code c = qk_hours_read(out, NULL, q->registry, q->archive.reader, site, code, from, to,
                              &scratch, err);
    if (!c) {
        double *kept = qk_arena_array(arena, out->count + 1, sizeof *kept);
        if (kept) memcpy(kept, out->value, out->count * sizeof *kept);
        out->value = kept;
        if (!kept) c = qk_fail(err, QK_ENOMEM, "no memory for hours");
    }
    qk_arena_clear(&scratch);
    return c;
}

/* The mean of the stations that stand for the county where three quarters of them have a value. */
static qk_code read_hours(qk_episodes *e, const qk_air_source *stations, size_t n, size_t first,
                          size_t last, qk_arena *arena, qk_error *err)
{
    size_t count = (last - first + 1) * DAY;
    double *sum = qk_arena_array(arena, count, sizeof *sum);
    uint16_t *there = qk_arena_array(arena, count, sizeof *there);
    if (!sum || !there) return qk_fail(err, QK_ENOMEM, "no memory for hours");
    for (size_t h = 0; h < count; h++) sum[h] = there[h] = 0;
    qk_time from = qk_episodes_hour(e, first * DAY);
    for (size_t i = 0; i < n; i++) {
        qk_hour_column c;
        QK_TRY(qk_episodes_column(&c, e->q, stations[i].site->id, QK_STR("a34004"), from,
                                  from + (qk_time)count * QK_HOUR, arena, err));
        for (size_t h = 0; h < count && h < c.count; h++)
            if (isfinite(c.value[h])) sum[h] += c.value[h], there[h]++;
    }
    for (size_t h = 0; h < count; h++)
        if (there[h] && there[h] * 4u >= n * 3) e->pm25[first * DAY + h] = sum[h] / there[h];
    return QK_OK;
}

/* Hours are read about the days that may belong to an episode, and nowhere else. */
static qk_code read_bad_hours(qk_episodes *e, qk_arena *arena, qk_error *err)
{
    qk_air_source *stations = NULL;
    size_t n = 0;
    bool area = false;
    QK_TRY(qk_air_scope(&stations, &n, &area, e->q->registry, QK_STR("county"), arena, err));
    for (size_t d = 0; d < e->days; d++) {
        if (e->aqi[d] <= 150) continue;
        size_t first = d > ABOUT ? d - ABOUT : 0, end = d;
        for (size_t k = d; k < e->days && k <= end + (size_t)2 * ABOUT; k++)
            if (e->aqi[k] > 150) end = k;
        size_t last = end + ABOUT < e->days ? end + ABOUT : e->days - 1;
        QK_TRY(read_hours(e, stations, n, first, last, arena, err));
        d = end;
    }
    return QK_OK;
}

static qk_code new_scan(qk_episodes *e, qk_arena *arena, qk_error *err)
{
    e->day = qk_arena_array(arena, e->days, sizeof *e->day);
    e->aqi = qk_arena_array(arena, e->days, sizeof *e->aqi);
    e->pm25 = qk_arena_array(arena, e->days * DAY, sizeof *e->pm25);
    e->item = qk_arena_array(arena, QK_EPISODES_MAX, sizeof *e->item);
    if (!e->day || !e->aqi || !e->pm25 || !e->item)
        return qk_fail(err, QK_ENOMEM, "no memory for episodes");
    for (size_t d = 0; d < e->days; d++) {
        e->day[d] = (qk_day){.day = e->from_day + (int32_t)d, .aqi = QK_AQI_NA};
        for (int p = 0; p < QK_POLLUTANTS; p++) e->day[d].stat[p] = QK_FINE_NONE;
        e->aqi[d] = -1;
    }
    for (size_t h = 0; h < e->days * DAY; h++) e->pm25[h] = NAN;
    return QK_OK;
}

/* Stretch by stretch under the rule that was in force: a new one changes no episode of before. */
static qk_code find_all(qk_episodes *e, qk_error *err)
{
    for (int32_t day = e->from_day; day <= e->to_day;) {
        const qk_warning_rule *rule = qk_rules_warning_on(e->q->rules, day);
        if (!rule) {
            day++;
            continue;
        }
        int32_t end = rule->to_day < e->to_day ? rule->to_day : e->to_day;
        size_t at = (size_t)(day - e->from_day), n = 0;
        QK_TRY(qk_episodes_find(e->item + e->n, QK_EPISODES_MAX - e->n, &n, rule, &e->rule,
                                e->aqi + at, e->pm25 + at * DAY, (size_t)(end - day) + 1, err));
        for (size_t i = 0; i < n; i++) {
            qk_episode *one = &e->item[e->n + i];
            one->first_day += at, one->last_day += at, one->worst_day += at;
            one->from += at * DAY, one->to += at * DAY, one->peak_hour += at * DAY;
        }
        e->n += n;
        e->warning = rule;
        day = end + 1;
    }
    return QK_OK;
}

qk_code qk_episodes_scan(qk_episodes *out, const qk_air_question *q, int32_t from_day,
                         int32_t to_day, qk_arena *arena, qk_error *err)
{
    *out = (qk_episodes){.q = q, .from_day = from_day, .to_day = to_day};
    if (q->last_day && out->to_day > q->last_day) out->to_day = q->last_day;
    if (out->to_day < from_day) return QK_OK;
    out->days = (size_t)(out->to_day - from_day) + 1;
    if (out->days > QK_EPISODE_DAYS)
        return qk_fail(err, QK_ERANGE, "at most %d days are looked through", QK_EPISODE_DAYS);
    QK_TRY(new_scan(out, arena, err));
    read_rule(out);
    QK_TRY(read_days(out, arena, err));
    QK_TRY(read_bad_hours(out, arena, err));
    return find_all(out, err);
}

qk_code qk_episodes_one(qk_episodes *out, size_t *index, const qk_air_question *q,
                        int32_t first_day, qk_arena *arena, qk_error *err)
{
    QK_TRY(qk_episodes_scan(out, q, first_day - QK_EPISODE_BEFORE - ABOUT, first_day + LONGEST,
                            arena, err));
    for (size_t i = 0; i < out->n; i++)
        if (out->from_day + (int32_t)out->item[i].first_day == first_day) return *index = i, QK_OK;
    return qk_fail(err, QK_ENOTFOUND, "no episode begins on that day");
}

int32_t qk_episodes_primary(const qk_episodes *e, const qk_episode *one)
{
    int32_t count[QK_POLLUTANTS] = {0}, best = -1;
    for (size_t d = one->first_day; d <= one->last_day; d++)
        for (int i = 0; i < QK_AQI_ITEMS; i++)
            if (e->day[d].primary & QK_AQI_BIT(i)) count[qk_aqi_item_pollutant((qk_aqi_item)i)]++;
    for (int32_t p = 0; p < QK_POLLUTANTS; p++)
        if (count[p] && (best < 0 || count[p] > count[best])) best = p;
    return best;
}

qk_code qk_episodes_told(int32_t *aqi, qk_db *db, int32_t day, int32_t lead, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    *aqi = -1;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT json_extract(j.value,'$.aqi') FROM forecast f, json_each(f.days) j"
                         " WHERE f.place='county' AND f.issued=?1 AND f.on_time=1 AND"
                         " json_extract(j.value,'$.lead')=?2 ORDER BY f.version LIMIT 1",
                         err));
    sqlite3_bind_int64(s, 1, day - lead);
    sqlite3_bind_int64(s, 2, lead);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    QK_TRY(code);
    *aqi = (int32_t)sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return QK_OK;
}
