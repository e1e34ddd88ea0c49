/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/forecast_verify.h"
#include <math.h>

enum { ARENA = 1 << 22, PROBABILITIES = 4 };
static const char *const over_names[QK_GUIDANCE_OVER] = {"p_over_100", "p_over_150", "p_over_200"};
static const char *const brier_names[QK_GUIDANCE_OVER] = {"brier_100", "brier_150", "brier_200"};

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

typedef struct walk {
    const qk_forecast_asked *asked;
    qk_forecast_climate climate;
    qk_forecast_score *score; /* counted, or */
    qk_json_writer *w;        /* written */
    int32_t issued;
} walk;

/* What a stored day says by an edition: the day itself, or what stands beside it. */
static const qk_json_value *by_edition(const qk_json_value *day, qk_str edition)
{
    const qk_aqi_rule *asked = edition.len ? qk_aqi_rule_named(edition) : NULL;
    const qk_json_value *other = qk_json_get(day, "other");
    if (!asked || qk_aqi_rule_named(qk_json_get_str(day, "rule")) == asked) return day;
    return other && qk_aqi_rule_named(qk_json_get_str(other, "rule")) == asked ? other : NULL;
}

/* One day of a stored forecast; what is of another form is passed over. */
static bool read_case(qk_forecast_case *out, const walk *k, const qk_json_value *day)
{
    int64_t lead, low, mid, high;
    const qk_json_value *d = by_edition(day, k->asked->edition);
    if (!d || !qk_json_get_i64(day, "lead", &lead) || lead < 1 || lead > QK_GUIDANCE_LEADS ||
        !qk_json_get_i64(d, "aqi_low", &low) || !qk_json_get_i64(d, "aqi", &mid) ||
        !qk_json_get_i64(d, "aqi_high", &high))
        return false;
    if (k->asked->lead && (size_t)lead != k->asked->lead) return false;
    *out =
        (qk_forecast_case){.lead = (size_t)lead,
                           .month = month_of(k->issued + (int32_t)lead),
                           .low = (int32_t)low,
                           .mid = (int32_t)mid,
                           .high = (int32_t)high,
                           .grades = grades_of(d),
                           .primary = -1,
                           .observed = observed_on(k->asked->observed, k->issued + (int32_t)lead),
                           .persisted = observed_on(k->asked->observed, k->issued)};
    for (size_t o = 0; o < QK_GUIDANCE_OVER; o++)
        if (!qk_json_get_f64(d, over_names[o], &out->over[o])) out->over[o] = -1;
    return out->observed >= 0;
}

static void put_date(qk_json_writer *w, const char *name, int32_t day)
{
    char date[QK_TIME_TEXT];
    qk_json_kcstr(w, name, qk_date_iso(date, (qk_time)day * QK_DAY - QK_CST_OFFSET));
}

static void put_grade(qk_json_writer *w, const char *name, int32_t grade)
{
    if (grade > 0)
        qk_json_ki64(w, name, grade);
    else
        qk_json_knull(w, name);
}

static void write_case(const walk *k, const qk_forecast_case *c)
{
    qk_json_writer *w = k->w;
    int32_t told = qk_aqi_level_of(c->mid), seen = qk_aqi_level_of(c->observed);
    qk_json_object(w);
    put_date(w, "issued", k->issued);
    put_date(w, "date", k->issued + (int32_t)c->lead);
    qk_json_ki64(w, "lead", (int64_t)c->lead);
    qk_json_kcstr(w, "season", qk_forecast_season(c->month));
    qk_json_ki64(w, "aqi_low", c->low);
    qk_json_ki64(w, "aqi", c->mid);
    qk_json_ki64(w, "aqi_high", c->high);
    qk_json_key(w, "grades");
    qk_json_array(w);
    for (int32_t l = 1; l <= QK_AQI_LEVELS; l++)
        if (c->grades & (1u << l)) qk_json_i64(w, l);
    qk_json_end(w);
    for (size_t o = 0; o < QK_GUIDANCE_OVER; o++) {
        qk_json_key(w, over_names[o]);
        qk_json_fixed(w, c->over[o] < 0 ? NAN : c->over[o], PROBABILITIES);
    }
    for (size_t o = 0; o < QK_GUIDANCE_OVER; o++) {
        qk_json_key(w, brier_names[o]);
        qk_json_fixed(w, qk_forecast_brier(c, o), PROBABILITIES);
    }
    qk_json_ki64(w, "observed", c->observed);
    qk_json_ki64(w, "error", c->mid - c->observed);
    qk_json_ki64(w, "observed_grade", seen);
    qk_json_kbool(w, "exact", told == seen);
    qk_json_kbool(w, "grade_set", (c->grades >> seen) & 1);
    qk_json_kbool(w, "within_one", told - seen <= 1 && seen - told <= 1);
    put_grade(w, "persistence", c->persisted >= 0 ? qk_aqi_level_of(c->persisted) : 0);
    put_grade(w, "climatology", k->climate.grade[c->month]);
    qk_json_end(w);
}

static void take_day(walk *k, const qk_json_value *day)
{
    qk_forecast_case c;
    if (!read_case(&c, k, day)) return;
    if (k->w)
        write_case(k, &c);
    else if (qk_forecast_score_add(k->score, &c, &k->climate) != QK_OK)
        return;
}

/* Every day of every forecast asked for, in order. */
static qk_code walk_cases(walk *k, qk_db *db, qk_error *err)
{
    sqlite3_stmt *s;
    qk_arena arena;
    qk_code code;
    learn_climate(&k->climate, k->asked->observed, k->asked->from);
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT issued, days, min(version) FROM forecast WHERE place=?"
                         " AND issued BETWEEN ? AND ? AND on_time=1 GROUP BY issued",
                         err));
    qk_db_bind_str(s, 1, k->asked->place);
    sqlite3_bind_int64(s, 2, k->asked->from);
    sqlite3_bind_int64(s, 3, k->asked->to);
    qk_arena_init(&arena, ARENA);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        qk_json_value *days;
        qk_arena_reset(&arena);
        code = qk_json_parse(&days, qk_db_text(s, 1), &arena, err);
        if (code != QK_OK) break;
        k->issued = (int32_t)sqlite3_column_int64(s, 0);
        for (const qk_json_value *d = days->first; d; d = d->next) take_day(k, d);
    }
    sqlite3_reset(s);
    qk_arena_clear(&arena);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* The best of a day of issue: 2 on time, 1 late; edits are told besides. */
static qk_code count_issues(qk_forecast_counts *counts, qk_db *db, const qk_forecast_asked *asked,
                            qk_error *err)
{
    sqlite3_stmt *s;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT max(on_time), max(kind='edit') FROM forecast WHERE place=?"
                         " AND issued BETWEEN ? AND ? GROUP BY issued",
                         err));
    qk_db_bind_str(s, 1, asked->place);
    sqlite3_bind_int64(s, 2, asked->from);
    sqlite3_bind_int64(s, 3, asked->to);
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
                           const qk_forecast_asked *asked, qk_error *err)
{
    walk k = {.asked = asked, .score = out};
    *out = (qk_forecast_score){0};
    *counts = (qk_forecast_counts){0};
    QK_TRY(count_issues(counts, db, asked, err));
    return walk_cases(&k, db, err);
}

qk_code qk_forecasts_write_cases(qk_json_writer *w, qk_db *db, const qk_forecast_asked *asked,
                                 qk_error *err)
{
    walk k = {.asked = asked, .w = w};
    qk_json_array(w);
    QK_TRY(walk_cases(&k, db, err));
    qk_json_end(w);
    return QK_OK;
}
