/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/forecasts.h"
#include <math.h>
#include <stdlib.h>

enum { ARENA = 1 << 22, TREND_FROM = 11, PROBABILITIES = 4, PUBLIC_DAYS = 3, PUBLIC_BYTES = 4096 };

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

/* What hangs on the edition, within an open object. */
static void put_index(qk_json_writer *w, const qk_guidance *g, const qk_aqi_rule *rule)
{
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
}

void qk_guidance_write(qk_json_writer *w, const qk_guidance *g, const qk_aqi_rule *rule,
                       int32_t issued, size_t lead)
{
    qk_json_object(w);
    put_day(w, "date", issued + (int32_t)lead);
    qk_json_ki64(w, "lead", (int64_t)lead);
    qk_json_kbool(w, "trend", lead >= TREND_FROM);
    put_index(w, g, rule);
    put_concentrations(w, g);
    qk_json_end(w);
}

/* The edition of HJ 633 beside one: the newest that is not it. */
static const qk_aqi_rule *other_edition(const qk_aqi_rule *rule)
{
    size_t n;
    const qk_aqi_rule *rules = qk_aqi_rules(&n);
    for (size_t i = n; i > 0; i--)
        if (!qk_str_eq(qk_str_of(rules[i - 1].name), qk_str_of(rule->name))) return &rules[i - 1];
    return rule;
}

qk_code qk_guidance_write_both(qk_json_writer *w, qk_guide *guide, const qk_aqi_rule *rule,
                               int32_t issued, size_t lead, qk_error *err)
{
    qk_guidance g, beside;
    const qk_aqi_rule *other = other_edition(rule);
    QK_TRY(qk_guide_day(&g, guide, issued, lead, rule, err));
    QK_TRY(qk_guide_day(&beside, guide, issued, lead, other, err));
    qk_json_object(w);
    put_day(w, "date", issued + (int32_t)lead);
    qk_json_ki64(w, "lead", (int64_t)lead);
    qk_json_kbool(w, "trend", lead >= TREND_FROM);
    put_index(w, &g, rule);
    put_concentrations(w, &g);
    qk_json_key(w, "other");
    qk_json_object(w);
    put_index(w, &beside, other);
    qk_json_end(w);
    qk_json_end(w);
    return QK_OK;
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

qk_code qk_forecasts_newest(int32_t *issued, qk_db *db, qk_str place, int32_t upto, qk_error *err)
{
    sqlite3_stmt *s;
    QK_TRY(qk_db_prepare(
        &s, db, "SELECT coalesce(max(issued),?) FROM forecast WHERE place=? AND issued<=?", err));
    sqlite3_bind_int64(s, 1, upto);
    qk_db_bind_str(s, 2, place);
    sqlite3_bind_int64(s, 3, upto);
    QK_TRY(qk_db_step(db, s, err));
    *issued = (int32_t)sqlite3_column_int64(s, 0);
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

static void write_minute(qk_json_writer *w, sqlite3_stmt *s, int32_t issued)
{
    qk_json_object(w);
    put_day(w, "issued", issued);
    qk_json_ki64(w, "version", sqlite3_column_int64(s, 0));
    qk_json_kstr(w, "state", qk_db_text(s, 1));
    qk_json_kstr(w, "text", qk_db_text(s, 2));
    put_time(w, "made_at", sqlite3_column_int64(s, 3));
    qk_json_kstr(w, "by", qk_db_text(s, 4));
    qk_json_end(w);
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
    write_minute(w, s, issued);
    sqlite3_reset(s);
    return QK_OK;
}

qk_code qk_forecasts_minutes_write(qk_json_writer *w, qk_db *db, int32_t issued, qk_error *err)
{
    sqlite3_stmt *s;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT version,state,text,recorded_at,recorded_by FROM forecast_minute"
                         " WHERE issued=? ORDER BY version LIMIT 200",
                         err));
    sqlite3_bind_int64(s, 1, issued);
    qk_json_array(w);
    while ((code = qk_db_step(db, s, err)) == QK_OK) write_minute(w, s, issued);
    qk_json_end(w);
    return code == QK_ENOTFOUND ? QK_OK : code;
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

static qk_code newest_bulletin(int64_t *version, qk_db *db, qk_str period, qk_error *err)
{
    sqlite3_stmt *s;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT coalesce(max(version),0) FROM bulletin WHERE kind='forecast'"
                         " AND period=?",
                         err));
    qk_db_bind_str(s, 1, period);
    QK_TRY(qk_db_step(db, s, err));
    *version = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return QK_OK;
}

static qk_code insert_bulletin(qk_db *db, qk_str period, int64_t version, qk_str content, qk_str by,
                               qk_time at, qk_error *err)
{
    sqlite3_stmt *s;
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO bulletin (kind,period,version,state,content,known_at,"
                         "recorded_at,recorded_by) VALUES ('forecast',?,?,'issued',?,?,?,?)",
                         err));
    qk_db_bind_str(s, 1, period);
    sqlite3_bind_int64(s, 2, version);
    qk_db_bind_str(s, 3, content);
    sqlite3_bind_int64(s, 4, at);
    sqlite3_bind_int64(s, 5, at);
    qk_db_bind_str(s, 6, by);
    return qk_db_run(db, s, err);
}

static qk_code write_public(qk_buf *out, qk_db *db, qk_str place, int32_t first, qk_error *err)
{
    qk_buf zh, en;
    qk_json_writer w;
    qk_buf_init(&zh, PUBLIC_BYTES);
    qk_buf_init(&en, PUBLIC_BYTES);
    qk_code code = qk_forecasts_public(&zh, &en, db, place, first, err);
    qk_json_init(&w, out);
    qk_json_object(&w);
    qk_json_kstr(&w, "zh", qk_buf_str(&zh));
    qk_json_kstr(&w, "en", qk_buf_str(&en));
    qk_json_end(&w);
    if (code == QK_OK && (zh.failed || en.failed || out->failed))
        code = qk_fail(err, QK_ENOMEM, "no memory for the public forecast");
    qk_buf_clear(&zh);
    qk_buf_clear(&en);
    return code;
}

qk_code qk_forecasts_publish(int64_t *version, qk_db *db, qk_str place, int32_t today, bool again,
                             qk_str by, qk_time at, qk_error *err)
{
    char date[QK_TIME_TEXT];
    qk_buf text;
    qk_str period = qk_str_of(qk_date_iso(date, (qk_time)today * QK_DAY - QK_CST_OFFSET));
    QK_TRY(newest_bulletin(version, db, period, err));
    if (*version > 0 && !again) return qk_fail(err, QK_EEXIST, "published already");
    qk_buf_init(&text, 4 * PUBLIC_BYTES);
    qk_code code = write_public(&text, db, place, today + 1, err);
    if (code == QK_OK)
        code = insert_bulletin(db, period, ++*version, qk_buf_str(&text), by, at, err);
    qk_buf_clear(&text);
    return code;
}

qk_code qk_forecasts_public_write(qk_json_writer *w, qk_db *db, int32_t today, qk_error *err)
{
    sqlite3_stmt *s;
    char date[QK_TIME_TEXT];
    qk_time day = 0;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT period,version,content,recorded_at,recorded_by FROM bulletin"
                         " WHERE kind='forecast' AND period<=?"
                         " ORDER BY period DESC, version DESC LIMIT 1",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(qk_date_iso(date, (qk_time)today * QK_DAY - QK_CST_OFFSET)));
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) {
        qk_json_null(w);
        return QK_OK;
    }
    QK_TRY(code);
    qk_time at = sqlite3_column_int64(s, 3);
    QK_TRY(qk_time_parse(&day, qk_db_text(s, 0)));
    qk_json_object(w);
    qk_json_kstr(w, "date", qk_db_text(s, 0));
    qk_json_ki64(w, "version", sqlite3_column_int64(s, 1));
    qk_json_key(w, "text");
    qk_json_raw(w, qk_db_text(s, 2));
    put_time(w, "issued_at", at);
    put_time(w, "due_at", day + QK_FORECAST_PUBLIC);
    qk_json_kbool(w, "late", at > day + QK_FORECAST_PUBLIC);
    qk_json_kstr(w, "by", qk_db_text(s, 4));
    qk_json_end(w);
    sqlite3_reset(s);
    return QK_OK;
}
