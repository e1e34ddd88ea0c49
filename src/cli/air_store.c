/* SPDX-License-Identifier: Apache-2.0 */
/* What an evaluation holds: stations with their day and year, the city's daily sums, the spill. */
#include "cli/air.h"
#include <stdlib.h>
#include <errno.h>

enum { NAMES_ARENA = 1 << 24, TEXT_CEILING = 1 << 22 };

const qk_aqi_rule *air_rule_on(const air *a, int32_t day)
{
    return a->options.rule ? a->options.rule : qk_rules_aqi_on(a->options.rules, day);
}

const qk_index_profile *air_profile_on(const air *a, int32_t day)
{
    return a->options.profile ? a->options.profile : qk_rules_index_on(a->options.rules, day);
}

qk_code air_new(air **out, const air_options *options, qk_error *err)
{
    air *a = calloc(1, sizeof *a);
    if (!a) return qk_fail(err, QK_ENOMEM, "no memory for an evaluation");
    a->options = *options;
    a->zone = INT32_MIN;
    qk_arena_init(&a->names, NAMES_ARENA);
    for (int i = 0; i < 3; i++) qk_buf_init(&a->text[i], TEXT_CEILING);
    if (qk_map_new(&a->by_name, AIR_STATIONS_MAX) != QK_OK ||
        qk_map_new(&a->dust, AIR_DUST_MAX) != QK_OK ||
        qk_map_new(&a->dust_names, AIR_STATIONS_MAX) != QK_OK) {
        air_free(a);
        return qk_fail(err, QK_ENOMEM, "no memory for an evaluation");
    }
    *out = a;
    return QK_OK;
}

void air_free(air *a)
{
    if (!a) return;
    for (size_t i = 0; i < a->stations; i++) {
        free(a->station[i]->year);
        free(a->station[i]->chunk);
        free(a->station[i]->past);
        free(a->station[i]);
    }
    for (size_t i = 0; i < a->city_years; i++) free(a->city[i]);
    free(a->station);
    free(a->city);
    qk_map_free(a->by_name);
    qk_map_free(a->dust);
    qk_map_free(a->dust_names);
    qk_arena_clear(&a->names);
    for (int i = 0; i < 3; i++) qk_buf_clear(&a->text[i]);
    if (a->spill) fclose(a->spill);
    free(a);
}

bool air_grow(void **array, size_t count, size_t size)
{
    if (count != 0 && (count < 16 || (count & (count - 1)) != 0)) return true;
    void *wider = realloc(*array, (count < 16 ? 16 : count * 2) * size);
    if (!wider) return false;
    *array = wider;
    return true;
}

static qk_code add_station(air *a, qk_str name, qk_error *err)
{
    air_station *s = calloc(1, sizeof *s);
    char *kept = qk_arena_copy(&a->names, name.ptr, name.len);
    if (!s || !kept || !air_grow((void **)&a->station, a->stations, sizeof *a->station) ||
        qk_map_set(a->by_name, (qk_str){kept, name.len}, a->stations) != QK_OK) {
        free(s);
        return qk_fail(err, QK_EFULL, "more stations than memory allows (at most %d)",
                       AIR_STATIONS_MAX);
    }
    s->name = (qk_str){kept, name.len};
    s->day = s->first_day = s->last_day = INT32_MIN;
    s->in_city = s->ranked = true;
    a->station[a->stations++] = s;
    return QK_OK;
}

qk_code air_station_get(air *a, size_t *index, qk_str name, qk_error *err)
{
    uint64_t at;
    if (qk_map_get(a->by_name, name, &at)) {
        *index = (size_t)at;
        return QK_OK;
    }
    *index = a->stations;
    return add_station(a, name, err);
}

uint32_t air_city_stations(const air *a)
{
    uint32_t n = 0;
    for (size_t i = 0; i < a->stations; i++) n += a->station[i]->in_city;
    return n;
}

static qk_code city_of_year(air *a, air_city_year **out, int32_t year, qk_error *err)
{
    for (size_t i = a->city_years; i > 0; i--)
        if (a->city[i - 1]->year == year) {
            *out = a->city[i - 1];
            return QK_OK;
        }
    if (a->city_years == AIR_YEARS_MAX)
        return qk_fail(err, QK_EFULL, "more than %d years in one file", AIR_YEARS_MAX);
    air_city_year *c = calloc(1, sizeof *c);
    if (!c || !air_grow((void **)&a->city, a->city_years, sizeof *a->city)) {
        free(c);
        return qk_fail(err, QK_ENOMEM, "no memory for the city's year %d", year);
    }
    c->year = year;
    size_t at = a->city_years++;
    for (; at > 0 && a->city[at - 1]->year > year; at--) a->city[at] = a->city[at - 1];
    a->city[at] = c;
    *out = c;
    return QK_OK;
}

static qk_code open_year(air_station *s, int32_t year, int32_t day, qk_error *err)
{
    if (!s->year) s->year = calloc(1, sizeof *s->year);
    if (!s->year) return qk_fail(err, QK_ENOMEM, "no memory for a year of a station");
    qk_year_init(s->year, year);
    s->year_first = day;
    return QK_OK;
}

static qk_code spill_text(air *a, air_station *s, qk_error *err)
{
    air_chunk c = {.at = a->spilled};
    if (!air_grow((void **)&s->chunk, s->chunks, sizeof *s->chunk))
        return qk_fail(err, QK_ENOMEM, "no memory for the list of finished years");
    if (!a->spill) a->spill = tmpfile();
    if (!a->spill) return qk_fail_errno(err, errno, "temporary file for finished years");
    for (int i = 0; i < 3; i++) {
        if (a->text[i].failed != QK_OK) return qk_fail(err, a->text[i].failed, "a year's text");
        c.len[i] = (uint32_t)a->text[i].len;
        if (c.len[i] && fwrite(a->text[i].ptr, 1, c.len[i], a->spill) != c.len[i])
            return qk_fail_errno(err, errno, "temporary file for finished years");
        a->spilled += c.len[i];
        qk_buf_reset(&a->text[i]);
    }
    s->chunk[s->chunks++] = c;
    return QK_OK;
}

static qk_code finish_year(air *a, air_station *s, bool more, qk_error *err)
{
    if (!s->year) return QK_OK;
    air_close_year(a, s);
    if (a->options.on_year) a->options.on_year(a->options.context, s);
    if (!more || a->options.quiet) return QK_OK;
    QK_TRY(air_tell_year(a, s, s->year->first_day + s->year->days - 1, err));
    return spill_text(a, s, err);
}

/* Days without a row between two years' rows still belong to the record: the next year is told from
 * 1 January on when the one before was told to its end. */
static qk_code turn_year(air *a, air_station *s, int32_t year, int32_t day, qk_error *err)
{
    if (s->year && s->year->year == year) return QK_OK;
    bool first = s->year == NULL;
    QK_TRY(finish_year(a, s, true, err));
    QK_TRY(open_year(s, year, day, err));
    if (!first) s->year_first = s->year->first_day;
    return QK_OK;
}

static bool is_dusty(const air *a, const air_station *s, int32_t day)
{
    char key[160];
    if (qk_map_count(a->dust) == 0) return false;
    int n = snprintf(key, sizeof key, "%.*s|%d", QK_STR_ARG(s->name), day);
    if (n > 0 && (size_t)n < sizeof key && qk_map_get(a->dust, (qk_str){key, (size_t)n}, NULL))
        return true;
    n = snprintf(key, sizeof key, "*|%d", day);
    return qk_map_get(a->dust, (qk_str){key, (size_t)n}, NULL);
}

qk_code air_close_day(air *a, air_station *s, qk_error *err)
{
    qk_day d = {.day = s->day, .flags = QK_DAY_RECORDED};
    qk_aqi aqi;
    int32_t year = qk_civil_of((qk_time)s->day * QK_DAY - QK_CST_OFFSET).year;
    QK_TRY(turn_year(a, s, year, s->day, err));
    qk_day_of(&d, &s->hours);
    d.unplanned = (uint8_t)(~s->measured & ((1u << QK_POLLUTANTS) - 1));
    d.flags |= (uint8_t)s->day_flags;
    if (is_dusty(a, s, s->day)) d.flags |= QK_DAY_DUST;
    qk_day_judge(&aqi, &d, air_rule_on(a, s->day));
    if (s->first_day == INT32_MIN) s->first_day = s->day;
    s->last_day = s->day;
    air_city_year *city;
    if (s->in_city) QK_TRY(city_of_year(a, &city, year, err));
    return qk_year_put(s->year, &d);
}

void air_close_year(air *a, air_station *s)
{
    air_city_year *city = NULL;
    if (!s->in_city || city_of_year(a, &city, s->year->year, NULL) != QK_OK) return;
    for (int32_t i = 0; i < s->year->days; i++)
        if (s->year->day[i].flags & QK_DAY_RECORDED) qk_city_add(&city->day[i], &s->year->day[i]);
}

void air_city_fill(const air *a, qk_year *y, const air_city_year *sums)
{
    qk_aqi aqi;
    uint32_t stations = air_city_stations(a);
    qk_year_init(y, sums->year);
    for (int32_t i = 0; i < y->days; i++) {
        qk_day *d = &y->day[i];
        d->unplanned = 0;
        qk_city_mean(d, &sums->day[i], stations);
        if (!(d->flags & QK_DAY_RECORDED)) continue;
        qk_day_judge(&aqi, d, air_rule_on(a, d->day));
    }
}

qk_code air_finish(air *a, qk_error *err)
{
    for (size_t i = 0; i < a->stations; i++) QK_TRY(finish_year(a, a->station[i], false, err));
    return QK_OK;
}
