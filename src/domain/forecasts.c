/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/forecasts.h"
#include <math.h>
#include <stdlib.h>

enum { ARENA = 1 << 22, NAME_MAX_BYTES = 63, TREND_FROM = 11, PROBABILITIES = 4, PUBLIC_DAYS = 3 };

static qk_time end_of(int32_t day)
{
    return (qk_time)(day + 1) * QK_DAY - QK_CST_OFFSET;
}

static void put_day(qk_json_writer *w, const char *name, int32_t day)
{
    char date[QK_TIME_TEXT];
    qk_json_kcstr(w, name, qk_date_iso(date, (qk_time)day * QK_DAY - QK_CST_OFFSET));
}

static void put_time(qk_json_writer *w, const char *name, qk_time t)
{
    char text[QK_TIME_TEXT];
    qk_json_kcstr(w, name, qk_time_iso_zone(text, t));
}

/* ---- a day as JSON ---- */

static void put_probability(qk_json_writer *w, const char *name, double p)
{
    qk_json_key(w, name);
    qk_json_fixed(w, p, PROBABILITIES);
}

static void put_concentrations(qk_json_writer *w, const qk_guidance *g)
{
    qk_json_key(w, "concentrations");
    qk_json_object(w);
    for (size_t k = 0; k < QK_GUIDANCE_INDEX; k++) {
        if (!isfinite(g->conc[k][1])) continue;
        qk_json_key(w, k < QK_POLLUTANTS ? qk_pollutant_name((qk_pollutant)k) : "O3_1h");
        qk_json_array(w);
        for (size_t i = 0; i < 3; i++) qk_json_fixed(w, g->conc[k][i], k == QK_CO ? 2 : 1);
        qk_json_end(w);
    }
    qk_json_end(w);
}

static void put_grades(qk_json_writer *w, uint32_t grades)
{
    qk_json_key(w, "grades");
    qk_json_array(w);
    for (int32_t l = 1; l <= QK_AQI_LEVELS; l++)
        if (grades & (1u << l)) qk_json_i64(w, l);
    qk_json_end(w);
}

void qk_guidance_write(qk_json_writer *w, const qk_guidance *g, const qk_aqi_rule *rule,
                       int32_t issued, size_t lead)
{
    qk_json_object(w);
    put_day(w, "date", issued + (int32_t)lead);
    qk_json_ki64(w, "lead", (int64_t)lead);
    qk_json_kbool(w, "trend", lead >= TREND_FROM);
    qk_json_kcstr(w, "rule", rule->name);
    qk_json_ki64(w, "aqi_low", g->low);
    qk_json_ki64(w, "aqi", g->mid);
    qk_json_ki64(w, "aqi_high", g->high);
    put_grades(w, g->grades);
    qk_json_kcstr(w, "primary",
                  g->primary < 0 ? NULL : qk_pollutant_name((qk_pollutant)g->primary));
    qk_json_key(w, "grade_probability");
    qk_json_array(w);
    for (int32_t l = 1; l <= QK_AQI_LEVELS; l++) qk_json_fixed(w, g->share[l], PROBABILITIES);
    qk_json_end(w);
    put_probability(w, "p_over_100", g->over[0]);
    put_probability(w, "p_over_150", g->over[1]);
    put_probability(w, "p_over_200", g->over[2]);
    put_concentrations(w, g);
    qk_json_end(w);
}

/* ---- weather ---- */

qk_code qk_forecasts_weather_put(qk_db *db, int32_t issued, int32_t lead, qk_str name, double value,
                                 qk_str by, qk_time now, qk_error *err)
{
    sqlite3_stmt *s;
    if (lead < 1 || lead > QK_LAGGED_LEADS || name.len == 0 || name.len > NAME_MAX_BYTES ||
        !isfinite(value))
        return qk_fail(err, QK_EINVAL,
                       "no cell of a weather forecast: lead 1 to %d, a name, a "
                       "number",
                       QK_LAGGED_LEADS);
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO forecast_weather VALUES (?,?,?,?,?,?)"
                         " ON CONFLICT DO NOTHING",
                         err));
    sqlite3_bind_int64(s, 1, issued);
    sqlite3_bind_int64(s, 2, lead);
    qk_db_bind_str(s, 3, name);
    sqlite3_bind_double(s, 4, value);
    sqlite3_bind_int64(s, 5, now);
    qk_db_bind_str(s, 6, by);
    return qk_db_run(db, s, err);
}

typedef struct names {
    char text[QK_LAGGED_COLUMNS][NAME_MAX_BYTES + 1];
    size_t n;
} names;

static qk_code load_names(names *out, qk_db *db, int32_t from, int32_t to, qk_error *err)
{
    sqlite3_stmt *s;
    qk_code code;
    out->n = 0;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT DISTINCT name FROM forecast_weather WHERE issued BETWEEN ? AND ?"
                         " ORDER BY name",
                         err));
    sqlite3_bind_int64(s, 1, from);
    sqlite3_bind_int64(s, 2, to);
    while ((code = qk_db_step(db, s, err)) == QK_OK && out->n < QK_LAGGED_COLUMNS)
        qk_str_copy(out->text[out->n++], sizeof *out->text, qk_db_text(s, 0));
    sqlite3_reset(s);
    return code == QK_OK || code == QK_ENOTFOUND ? QK_OK : code;
}

static void take_cell(qk_weather_archive *a, double *cells, const names *n, sqlite3_stmt *s)
{
    size_t issue = (size_t)(sqlite3_column_int64(s, 0) - a->first_issue);
    size_t lead = (size_t)sqlite3_column_int64(s, 1);
    qk_str name = qk_db_text(s, 2);
    for (size_t v = 0; v < n->n; v++)
        if (qk_str_eq(qk_str_of(n->text[v]), name))
            cells[(issue * a->leads + lead - 1) * a->columns + v] = sqlite3_column_double(s, 3);
}

qk_code qk_forecasts_weather_load(qk_weather_archive *out, double **cells, qk_db *db, int32_t from,
                                  int32_t to, qk_error *err)
{
    names n;
    sqlite3_stmt *s;
    qk_code code;
    *cells = NULL;
    *out = (qk_weather_archive){.first_issue = from, .leads = QK_LAGGED_LEADS};
    if (to < from || (int64_t)to - from >= QK_LAGGED_DAYS)
        return qk_fail(err, QK_EINVAL, "weather of 1 to %d days of issue", QK_LAGGED_DAYS);
    QK_TRY(load_names(&n, db, from, to, err));
    out->issues = (size_t)(to - from) + 1;
    out->columns = n.n;
    size_t count = out->issues * out->leads * out->columns;
    *cells = malloc((count + 1) * sizeof **cells);
    if (!*cells)
        return qk_fail(err, QK_ENOMEM, "no memory for the weather of %zu days", out->issues);
    for (size_t i = 0; i < count; i++) (*cells)[i] = NAN;
    out->value = *cells;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT issued,lead,name,value FROM forecast_weather"
                         " WHERE issued BETWEEN ? AND ?",
                         err));
    sqlite3_bind_int64(s, 1, from);
    sqlite3_bind_int64(s, 2, to);
    while ((code = qk_db_step(db, s, err)) == QK_OK) take_cell(out, *cells, &n, s);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* ---- versions ---- */

static qk_code newest_version(int64_t *version, qk_db *db, qk_str place, int32_t issued,
                              qk_error *err)
{
    sqlite3_stmt *s;
    QK_TRY(qk_db_prepare(
        &s, db, "SELECT coalesce(max(version),0) FROM forecast WHERE place=? AND issued=?", err));
    qk_db_bind_str(s, 1, place);
    sqlite3_bind_int64(s, 2, issued);
    QK_TRY(qk_db_step(db, s, err));
    *version = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return QK_OK;
}

typedef struct new_version {
    qk_str place, days, reason, by;
    int32_t issued;
    int64_t version;
    bool edit;
    qk_time now;
} new_version;

static qk_code insert_version(qk_db *db, const new_version *v, qk_error *err)
{
    sqlite3_stmt *s;
    qk_time due = end_of(v->issued) + QK_FORECAST_DUE;
    if (v->days.len > QK_FORECAST_TEXT_MAX)
        return qk_fail(err, QK_EINVAL, "a forecast of more than %d bytes", QK_FORECAST_TEXT_MAX);
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO forecast (place,issued,version,kind,days,reason,due_at,"
                         "on_time,recorded_at,recorded_by) VALUES (?,?,?,?,?,?,?,?,?,?)",
                         err));
    qk_db_bind_str(s, 1, v->place);
    sqlite3_bind_int64(s, 2, v->issued);
    sqlite3_bind_int64(s, 3, v->version);
    qk_db_bind_str(s, 4, v->edit ? QK_STR("edit") : QK_STR("guidance"));
    qk_db_bind_str(s, 5, v->days);
    qk_db_bind_str(s, 6, v->reason.len ? v->reason : QK_STR(""));
    sqlite3_bind_int64(s, 7, due);
    sqlite3_bind_int64(s, 8, !v->edit && v->now <= due);
    sqlite3_bind_int64(s, 9, v->now);
    qk_db_bind_str(s, 10, v->by);
    return qk_db_run(db, s, err);
}

qk_code qk_forecasts_put_guidance(int64_t *version, qk_db *db, qk_str place, int32_t issued,
                                  qk_str days, qk_str by, qk_time now, qk_error *err)
{
    new_version v = {.place = place, .days = days, .by = by, .issued = issued, .now = now};
    QK_TRY(newest_version(version, db, place, issued, err));
    v.version = ++*version;
    return insert_version(db, &v, err);
}

static const qk_json_value *of_lead(const qk_json_value *days, int64_t lead)
{
    int64_t own;
    for (const qk_json_value *d = days ? days->first : NULL; d; d = d->next)
        if (qk_json_get_i64(d, "lead", &own) && own == lead) return d;
    return NULL;
}

/* A day with what the forecaster says in the place of what the machine said. */
static qk_code write_edited(qk_json_writer *w, const qk_json_value *old, const qk_json_value *new,
                            qk_error *err)
{
    static const char *const kept[] = {"date", "lead", "trend", "rule"};
    int64_t low, mid, high;
    qk_str primary = qk_json_get_str(new, "primary");
    if (!qk_json_get_i64(new, "aqi_low", &low) || !qk_json_get_i64(new, "aqi", &mid) ||
        !qk_json_get_i64(new, "aqi_high", &high) || low < 0 || low > mid || mid > high ||
        high > QK_AQI_TOP)
        return qk_fail(err, QK_EINVAL, "0 <= aqi_low <= aqi <= aqi_high <= %d", QK_AQI_TOP);
    if (qk_aqi_level_of((int32_t)high) - qk_aqi_level_of((int32_t)low) > 1)
        return qk_fail(err, QK_EINVAL, "the range touches more than two grades");
    qk_json_object(w);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        qk_json_key(w, kept[i]);
        qk_json_put(w, qk_json_get(old, kept[i]));
    }
    qk_json_ki64(w, "aqi_low", low);
    qk_json_ki64(w, "aqi", mid);
    qk_json_ki64(w, "aqi_high", high);
    put_grades(w, 1u << qk_aqi_level_of((int32_t)low) | 1u << qk_aqi_level_of((int32_t)high));
    qk_json_key(w, "primary");
    primary.len ? qk_json_str(w, primary) : qk_json_null(w);
    qk_json_kbool(w, "edited", true);
    qk_json_end(w);
    return QK_OK;
}

static qk_code write_days(qk_json_writer *w, const qk_json_value *old, const qk_json_value *new,
                          qk_error *err)
{
    for (const qk_json_value *d = new ? new->first : NULL; d; d = d->next) {
        int64_t lead = 0;
        if (!qk_json_get_i64(d, "lead", &lead) || !of_lead(old, lead))
            return qk_fail(err, QK_ENOTFOUND, "the forecast has no day %lld", (long long)lead);
    }
    qk_json_array(w);
    for (const qk_json_value *d = old->first; d; d = d->next) {
        int64_t lead = 0;
        const qk_json_value *edit = qk_json_get_i64(d, "lead", &lead) ? of_lead(new, lead) : NULL;
        if (edit)
            QK_TRY(write_edited(w, d, edit, err));
        else
            qk_json_put(w, d);
    }
    qk_json_end(w);
    return QK_OK;
}

static qk_code load_days(qk_json_value **out, qk_db *db, qk_str place, int32_t issued,
                         int64_t version, qk_arena *arena, qk_error *err)
{
    sqlite3_stmt *s;
    QK_TRY(qk_db_prepare(
        &s, db, "SELECT days FROM forecast WHERE place=? AND issued=? AND version=?", err));
    qk_db_bind_str(s, 1, place);
    sqlite3_bind_int64(s, 2, issued);
    sqlite3_bind_int64(s, 3, version);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return qk_fail(err, QK_ENOTFOUND, "no such forecast");
    QK_TRY(code);
    qk_str text = qk_db_text(s, 0);
    char *copy = qk_arena_copy(arena, text.ptr, text.len);
    qk_str kept = {copy, text.len};
    sqlite3_reset(s);
    if (!copy) return qk_fail(err, QK_ENOMEM, "no memory for a forecast");
    return qk_json_parse(out, kept, arena, err);
}

static qk_code edit_days(qk_buf *text, qk_db *db, const qk_forecast_edit *edit, qk_arena *arena,
                         qk_error *err)
{
    qk_json_writer w;
    qk_json_value *old;
    QK_TRY(load_days(&old, db, edit->place, edit->issued, edit->seen, arena, err));
    qk_json_init(&w, text);
    QK_TRY(write_days(&w, old, edit->days, err));
    return text->failed ? qk_fail(err, text->failed, "the forecast is too long") : QK_OK;
}

qk_code qk_forecasts_edit(int64_t *version, qk_db *db, const qk_forecast_edit *edit, qk_str by,
                          qk_time now, qk_error *err)
{
    qk_arena arena;
    qk_buf text;
    if (qk_str_trim(edit->reason).len == 0 || edit->reason.len > QK_FORECAST_REASON_MAX)
        return qk_fail(err, QK_EINVAL, "an edit needs a reason of at most %d bytes",
                       QK_FORECAST_REASON_MAX);
    QK_TRY(newest_version(version, db, edit->place, edit->issued, err));
    if (*version == 0) return qk_fail(err, QK_ENOTFOUND, "no such forecast");
    if (*version != edit->seen)
        return qk_fail(err, QK_ECONFLICT, "version %lld is current", (long long)*version);
    qk_arena_init(&arena, ARENA);
    qk_buf_init(&text, QK_FORECAST_TEXT_MAX);
    qk_code code = edit_days(&text, db, edit, &arena, err);
    if (code == QK_OK) {
        new_version v = {.place = edit->place, .days = qk_buf_str(&text), .by = by, .now = now};
        v.reason = edit->reason;
        v.issued = edit->issued;
        v.edit = true;
        v.version = ++*version;
        code = insert_version(db, &v, err);
    }
    qk_buf_clear(&text);
    qk_arena_clear(&arena);
    return code;
}

/* ---- as JSON ---- */

#define VERSION_COLUMNS \
    "place,issued,version,kind,days,reason,due_at,on_time,recorded_at,recorded_by"

static void write_version(qk_json_writer *w, sqlite3_stmt *s)
{
    qk_json_object(w);
    qk_json_kstr(w, "place", qk_db_text(s, 0));
    put_day(w, "issued", (int32_t)sqlite3_column_int64(s, 1));
    qk_json_ki64(w, "version", sqlite3_column_int64(s, 2));
    qk_json_kstr(w, "kind", qk_db_text(s, 3));
    qk_json_kstr(w, "reason", qk_db_text(s, 5));
    put_time(w, "due_at", sqlite3_column_int64(s, 6));
    qk_json_kbool(w, "on_time", sqlite3_column_int64(s, 7) != 0);
    put_time(w, "made_at", sqlite3_column_int64(s, 8));
    qk_json_kstr(w, "by", qk_db_text(s, 9));
    qk_json_key(w, "days");
    qk_json_raw(w, qk_db_text(s, 4));
    qk_json_end(w);
}

qk_code qk_forecasts_write(qk_json_writer *w, qk_db *db, qk_str place, int32_t issued,
                           qk_error *err)
{
    sqlite3_stmt *s;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT " VERSION_COLUMNS " FROM forecast WHERE place=? AND issued<=?"
                         " ORDER BY issued DESC, version DESC LIMIT 1",
                         err));
    qk_db_bind_str(s, 1, place);
    sqlite3_bind_int64(s, 2, issued);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return qk_fail(err, QK_ENOTFOUND, "no forecast for this place");
    QK_TRY(code);
    write_version(w, s);
    sqlite3_reset(s);
    return QK_OK;
}

qk_code qk_forecasts_write_history(qk_json_writer *w, qk_db *db, qk_str place, int32_t issued,
                                   qk_error *err)
{
    sqlite3_stmt *s;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT " VERSION_COLUMNS " FROM forecast WHERE place=? AND issued=?"
                         " ORDER BY version LIMIT 200",
                         err));
    qk_db_bind_str(s, 1, place);
    sqlite3_bind_int64(s, 2, issued);
    qk_json_array(w);
    while ((code = qk_db_step(db, s, err)) == QK_OK) write_version(w, s);
    qk_json_end(w);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* ---- scores ---- */

static int32_t month_of(int32_t day)
{
    return qk_civil_of((qk_time)day * QK_DAY - QK_CST_OFFSET).month;
}

static int32_t observed_on(const qk_forecast_days *days, int32_t day)
{
    int64_t t = (int64_t)day - days->first_day;
    return t >= 0 && t < (int64_t)days->days ? days->aqi[t] : QK_AQI_NA;
}

static void learn_climate(qk_forecast_climate *c, const qk_forecast_days *days, int32_t before)
{
    for (int32_t day = days->first_day; day < before; day++)
        if (day - days->first_day < (int32_t)days->days)
            qk_forecast_climate_add(c, month_of(day), observed_on(days, day));
    qk_forecast_climate_settle(c);
}

static uint32_t grades_of(const qk_json_value *day)
{
    uint32_t out = 0;
    int64_t grade;
    const qk_json_value *list = qk_json_get(day, "grades");
    for (const qk_json_value *g = list ? list->first : NULL; g; g = g->next)
        if (qk_parse_i64(&grade, g->text) == QK_OK && grade >= 1 && grade <= QK_AQI_LEVELS)
            out |= 1u << grade;
    return out;
}

/* One day of a stored forecast; what is of another form is passed over. */
static void count_day(qk_forecast_score *out, const qk_json_value *d, int32_t issued,
                      const qk_forecast_days *observed, const qk_forecast_climate *climate)
{
    static const char *const over[QK_GUIDANCE_OVER] = {"p_over_100", "p_over_150", "p_over_200"};
    int64_t lead, low, mid, high;
    if (!qk_json_get_i64(d, "lead", &lead) || lead < 1 || lead > QK_GUIDANCE_LEADS ||
        !qk_json_get_i64(d, "aqi_low", &low) || !qk_json_get_i64(d, "aqi", &mid) ||
        !qk_json_get_i64(d, "aqi_high", &high))
        return;
    qk_forecast_case c = {.lead = (size_t)lead,
                          .month = month_of(issued + (int32_t)lead),
                          .low = (int32_t)low,
                          .mid = (int32_t)mid,
                          .high = (int32_t)high,
                          .grades = grades_of(d),
                          .primary = -1,
                          .observed = observed_on(observed, issued + (int32_t)lead),
                          .persisted = observed_on(observed, issued)};
    for (size_t o = 0; o < QK_GUIDANCE_OVER; o++)
        if (!qk_json_get_f64(d, over[o], &c.over[o])) c.over[o] = -1;
    if (c.observed >= 0 && qk_forecast_score_add(out, &c, climate) != QK_OK) return;
}

/* The best of a day of issue: 2 on time, 1 late; edits are told besides. */
static qk_code count_issues(qk_forecast_counts *counts, qk_db *db, qk_str place, int32_t from,
                            int32_t to, qk_error *err)
{
    sqlite3_stmt *s;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT max(on_time), max(kind='edit') FROM forecast WHERE place=?"
                         " AND issued BETWEEN ? AND ? GROUP BY issued",
                         err));
    qk_db_bind_str(s, 1, place);
    sqlite3_bind_int64(s, 2, from);
    sqlite3_bind_int64(s, 3, to);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        bool on_time = sqlite3_column_int64(s, 0) != 0;
        counts->issued++;
        counts->on_time += on_time;
        counts->late += !on_time;
        counts->edited += sqlite3_column_int64(s, 1) != 0;
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_forecasts_score(qk_forecast_score *out, qk_forecast_counts *counts, qk_db *db,
                           qk_str place, int32_t from, int32_t to, const qk_forecast_days *observed,
                           qk_error *err)
{
    sqlite3_stmt *s;
    qk_arena arena;
    qk_code code;
    qk_forecast_climate climate = {0};
    *out = (qk_forecast_score){0};
    *counts = (qk_forecast_counts){0};
    learn_climate(&climate, observed, from);
    QK_TRY(count_issues(counts, db, place, from, to, err));
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT issued, days, min(version) FROM forecast WHERE place=?"
                         " AND issued BETWEEN ? AND ? AND on_time=1 GROUP BY issued",
                         err));
    qk_db_bind_str(s, 1, place);
    sqlite3_bind_int64(s, 2, from);
    sqlite3_bind_int64(s, 3, to);
    qk_arena_init(&arena, ARENA);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        qk_json_value *days;
        qk_arena_reset(&arena);
        code = qk_json_parse(&days, qk_db_text(s, 1), &arena, err);
        if (code != QK_OK) break;
        for (const qk_json_value *d = days->first; d; d = d->next)
            count_day(out, d, (int32_t)sqlite3_column_int64(s, 0), observed, &climate);
    }
    sqlite3_reset(s);
    qk_arena_clear(&arena);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* ---- the minute ---- */

static qk_code newest_minute(sqlite3_stmt **s, qk_db *db, int32_t issued, qk_error *err)
{
    QK_TRY(qk_db_prepare(s, db,
                         "SELECT version,state,text,recorded_at,recorded_by FROM forecast_minute"
                         " WHERE issued=? ORDER BY version DESC LIMIT 1",
                         err));
    sqlite3_bind_int64(*s, 1, issued);
    return qk_db_step(db, *s, err);
}

qk_code qk_forecasts_minute_put(int64_t *version, qk_db *db, int32_t issued, int64_t seen,
                                qk_str text, bool sign, qk_str by, qk_time now, qk_error *err)
{
    sqlite3_stmt *s;
    bool is_signed = false;
    if (qk_str_trim(text).len == 0 || text.len > QK_FORECAST_MINUTE_MAX)
        return qk_fail(err, QK_EINVAL, "a minute is a text of at most %d bytes",
                       QK_FORECAST_MINUTE_MAX);
    qk_code code = newest_minute(&s, db, issued, err);
    if (code != QK_OK && code != QK_ENOTFOUND) return code;
    *version = code == QK_OK ? sqlite3_column_int64(s, 0) : 0;
    if (code == QK_OK) is_signed = qk_str_eq(qk_db_text(s, 1), QK_STR("signed"));
    sqlite3_reset(s);
    if (is_signed) return qk_fail(err, QK_EDENIED, "the minute is signed: it is not changed");
    if (*version != seen)
        return qk_fail(err, QK_ECONFLICT, "version %lld is current", (long long)*version);
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO forecast_minute (issued,version,state,text,recorded_at,"
                         "recorded_by) VALUES (?,?,?,?,?,?)",
                         err));
    sqlite3_bind_int64(s, 1, issued);
    sqlite3_bind_int64(s, 2, ++*version);
    qk_db_bind_str(s, 3, sign ? QK_STR("signed") : QK_STR("draft"));
    qk_db_bind_str(s, 4, text);
    sqlite3_bind_int64(s, 5, now);
    qk_db_bind_str(s, 6, by);
    return qk_db_run(db, s, err);
}

qk_code qk_forecasts_minute_write(qk_json_writer *w, qk_db *db, int32_t issued, qk_error *err)
{
    sqlite3_stmt *s;
    qk_code code = newest_minute(&s, db, issued, err);
    if (code == QK_ENOTFOUND) {
        qk_json_null(w);
        return QK_OK;
    }
    QK_TRY(code);
    qk_json_object(w);
    put_day(w, "issued", issued);
    qk_json_ki64(w, "version", sqlite3_column_int64(s, 0));
    qk_json_kstr(w, "state", qk_db_text(s, 1));
    qk_json_kstr(w, "text", qk_db_text(s, 2));
    put_time(w, "made_at", sqlite3_column_int64(s, 3));
    qk_json_kstr(w, "by", qk_db_text(s, 4));
    qk_json_end(w);
    sqlite3_reset(s);
    return QK_OK;
}

/* ---- the public text ---- */

static void say_day(qk_buf *zh, qk_buf *en, const qk_json_value *d)
{
    int64_t low = 0, high = 0;
    const qk_aqi_rule *rule = qk_aqi_rule_named(qk_json_get_str(d, "rule"));
    qk_str date = qk_json_get_str(d, "date"), primary = qk_json_get_str(d, "primary");
    if (!rule || !qk_json_get_i64(d, "aqi_low", &low) || !qk_json_get_i64(d, "aqi_high", &high))
        return;
    const qk_aqi_level *from = qk_aqi_level_text(rule, qk_aqi_level_of((int32_t)low));
    const qk_aqi_level *to = qk_aqi_level_text(rule, qk_aqi_level_of((int32_t)high));
    if (!from || !to) return;
    bool one = from == to;
    qk_buf_printf(zh, "%.*s：AQI %lld～%lld，%s%s%s", QK_STR_ARG(date), (long long)low,
                  (long long)high, from->category_zh, one ? "" : "至", one ? "" : to->category_zh);
    qk_buf_printf(en, "%.*s: AQI %lld to %lld, %s%s%s", QK_STR_ARG(date), (long long)low,
                  (long long)high, from->category_en, one ? "" : " to ",
                  one ? "" : to->category_en);
    if (primary.len) {
        qk_buf_printf(zh, "，首要污染物%.*s", QK_STR_ARG(primary));
        qk_buf_printf(en, ", primary pollutant %.*s", QK_STR_ARG(primary));
    }
    qk_buf_puts(zh, "。\n");
    qk_buf_puts(en, ".\n");
}

qk_code qk_forecasts_public(qk_buf *zh, qk_buf *en, qk_db *db, qk_str place, int32_t first,
                            qk_error *err)
{
    sqlite3_stmt *s;
    qk_arena arena;
    qk_json_value *days = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT issued,version FROM forecast WHERE place=? AND issued<?"
                         " AND issued>=? ORDER BY issued DESC, version DESC LIMIT 1",
                         err));
    qk_db_bind_str(s, 1, place);
    sqlite3_bind_int64(s, 2, first);
    sqlite3_bind_int64(s, 3, first - (QK_GUIDANCE_LEADS - PUBLIC_DAYS));
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return qk_fail(err, QK_ENOTFOUND, "no forecast for these days");
    QK_TRY(code);
    int32_t issued = (int32_t)sqlite3_column_int64(s, 0);
    int64_t version = sqlite3_column_int64(s, 1);
    sqlite3_reset(s);
    qk_arena_init(&arena, ARENA);
    code = load_days(&days, db, place, issued, version, &arena, err);
    for (int32_t day = first; code == QK_OK && day < first + PUBLIC_DAYS; day++) {
        const qk_json_value *d = of_lead(days, day - issued);
        if (d) say_day(zh, en, d);
    }
    qk_arena_clear(&arena);
    return code;
}
