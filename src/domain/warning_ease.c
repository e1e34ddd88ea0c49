/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/warning_ease.h"
#include "domain/dbjson.h"
#include "domain/episodes.h"
#include "domain/ruleset.h"
#include "domain/setting.h"
#include <math.h>
#include <stdlib.h>

enum { ARENA = 8 << 20, AIR_ARENA = 96 << 20, LEADS = 10, STALE_DAYS = 3, STALE_HOURS = 3 };
enum { GROUNDS_BYTES = 16 << 10, TEXT_MAX = QK_WARNING_TEXT_MAX - 32 };

/* ---- the air ---- */

static qk_code read_days(qk_warning_air *air, const qk_air_question *q, qk_error *err)
{
    int32_t end = air->first_day + (int32_t)air->days;
    int32_t y = qk_civil_of((qk_time)air->first_day * QK_DAY).year;
    int32_t last = qk_civil_of((qk_time)end * QK_DAY).year;
    qk_code code = QK_OK;
    qk_year *year = malloc(sizeof *year);
    if (!year) return qk_fail(err, QK_ENOMEM, "no memory for a year");
    for (; !code && y <= last; y++) {
        qk_air_levels levels = {0};
        code = qk_air_scope_year(year, &levels, q, QK_STR("county"), y, err);
        for (int32_t i = 0; !code && i < year->days; i++) {
            const qk_day *d = &year->day[i];
            if (d->day < air->first_day || d->day >= end || !(d->flags & QK_DAY_RECORDED)) continue;
            int32_t counted = qk_episodes_counted(d);
            air->aqi[d->day - air->first_day] = counted < 0 && d->aqi >= 0 ? 0 : counted;
        }
    }
    free(year);
    return code;
}

static int32_t index_of(const qk_air_hour *h)
{
    const qk_conc *c = &h->value[QK_PM25];
    if (c->state != QK_CONC_VALUE) return -1;
    return qk_iaqi_of_rounded(h->rule, QK_PM25_24H, llround(qk_dec_f64(c->value)));
}

static qk_code read_hours(qk_warning_air *air, const qk_air_question *q, qk_time now,
                          qk_arena *arena, qk_error *err)
{
    enum { N = 24 };
    qk_air_source *stations = NULL;
    qk_air_hour *hour = qk_arena_array(arena, N, sizeof *hour);
    size_t n = 0;
    bool area = false;
    if (!hour) return qk_fail(err, QK_ENOMEM, "no memory for hours");
    QK_TRY(qk_air_scope(&stations, &n, &area, q->registry, QK_STR("county"), arena, err));
    QK_TRY(qk_air_area_hours(hour, N, qk_floor_hour(now), q, stations, n, arena, err));
    int32_t newest = N;
    while (newest > 0 && index_of(&hour[newest - 1]) < 0) newest--;
    if (newest < N - STALE_HOURS) return QK_OK;
    air->at = hour[newest - 1].end;
    air->pm25_ug_m3 = qk_dec_f64(hour[newest - 1].value[QK_PM25].value);
    for (int32_t i = newest; i > 0; i--) air->index[air->hours++] = index_of(&hour[i - 1]);
    return QK_OK;
}

qk_code qk_warning_air_read(qk_warning_air *out, const qk_air_question *q, int32_t from,
                            qk_time now, qk_error *err)
{
    qk_arena arena;
    int32_t today = qk_day_number(now);
    *out = (qk_warning_air){.at = QK_TIME_NONE, .pm25_ug_m3 = NAN};
    if (from > today) from = today;
    if (from < today - QK_WARNING_PAST) from = today - QK_WARNING_PAST;
    out->first_day = from;
    out->days = (size_t)(today - from);
    for (size_t i = 0; i < out->days; i++) out->aqi[i] = -1;
    if (out->days) QK_TRY(read_days(out, q, err));
    qk_arena_init(&arena, AIR_ARENA);
    qk_code code = read_hours(out, q, now, &arena, err);
    qk_arena_clear(&arena);
    return code;
}

/* ---- what is looked at ---- */

typedef struct look {
    qk_db *db;
    const qk_warning_rule *rule;
    const qk_warning_air *air;
    qk_time now;
    int32_t today;
    qk_warning_force force;
    int32_t issued; /* of the forecast; 0 = there is none */
    int64_t version;
    int32_t aqi[QK_WARNING_EASE_DAYS], told[QK_WARNING_EASE_DAYS]; /* as counted; as forecast */
    const char *primary[QK_WARNING_EASE_DAYS];
    size_t today_at, days;       /* of aqi */
    int32_t limit, below, least; /* of the index; hours in a row below it, and those asked for */
    int32_t hours;               /* that the improvement lasts */
    qk_warning_level next;
    bool over; /* its own days are */
    qk_arena *arena;
} look;

static void put_day(look *l, const qk_json_value *d)
{
    int64_t lead = 0, aqi = -1;
    if (!qk_json_get_i64(d, "lead", &lead) || lead < 1 || lead > LEADS) return;
    int64_t at = (int64_t)l->issued + lead - l->air->first_day;
    if (at < (int64_t)l->today_at || at >= QK_WARNING_EASE_DAYS) return;
    qk_str primary = qk_json_get_str(d, "primary");
    if (!qk_json_get_i64(d, "aqi", &aqi) || aqi > QK_AQI_TOP) return;
    l->told[at] = (int32_t)aqi;
    l->aqi[at] = qk_warning_counts(primary) ? (int32_t)aqi : 0;
    l->primary[at] = qk_arena_copy(l->arena, primary.ptr, primary.len);
    if ((size_t)at >= l->days) l->days = (size_t)at + 1;
}

static qk_code read_forecast(look *l, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_json_value *days = NULL;
    QK_TRY(qk_db_prepare(&s, l->db,
                         "SELECT issued,version,days FROM forecast WHERE place='county' AND"
                         " issued<?1 AND issued>=?2 AND recorded_at<=?3 ORDER BY issued DESC,"
                         " version DESC LIMIT 1",
                         err));
    sqlite3_bind_int64(s, 1, l->today);
    sqlite3_bind_int64(s, 2, l->today - STALE_DAYS);
    sqlite3_bind_int64(s, 3, l->now);
    qk_code code = qk_db_step(l->db, s, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    QK_TRY(code);
    l->issued = (int32_t)sqlite3_column_int64(s, 0);
    l->version = sqlite3_column_int64(s, 1);
    qk_str text = qk_db_text(s, 2);
    const char *copy = qk_arena_copy(l->arena, text.ptr, text.len);
    qk_str kept = {copy, text.len};
    sqlite3_reset(s);
    if (!copy) return qk_fail(err, QK_ENOMEM, "no memory for a forecast");
    QK_TRY(qk_json_parse(&days, kept, l->arena, err));
    for (const qk_json_value *d = days->first; d; d = d->next) put_day(l, d);
    return QK_OK;
}

static void count_below(look *l)
{
    l->least = (int32_t)qk_setting_known(l->db, "warning.ease_hours");
    l->limit = qk_warning_floor(l->rule, l->force.level);
    while (l->below < l->air->hours && l->air->index[l->below] >= 0 &&
           l->air->index[l->below] <= l->limit)
        l->below++;
}

/* True when the level may be eased, with *next. */
static bool judge(look *l)
{
    qk_warning_level each[QK_WARNING_EASE_DAYS] = {QK_WARNING_NONE};
    bool low = l->below >= l->least, comes = false;
    qk_time midnight = qk_floor_day(l->now) + QK_DAY;
    int32_t left = low ? (int32_t)((midnight - l->now) / QK_HOUR) : 0;
    qk_warning_action act = qk_warning_ease(&l->next, &l->hours, l->rule, l->force.level, l->aqi,
                                            l->days, l->today_at, left);
    l->over = l->force.to_day < l->today;
    if (low && act != QK_WARNING_KEEP && (l->force.by_rule || l->over)) return true;
    qk_warning_of_days(each, l->rule, l->aqi, l->days);
    for (size_t i = l->today_at; i < l->days; i++) comes = comes || each[i] >= l->force.level;
    if (l->over) l->next = QK_WARNING_NONE;
    return l->over && !comes && !(l->air->hours && l->air->index[0] > l->limit);
}

/* ---- its grounds ---- */

static void write_air(qk_json_writer *w, const look *l)
{
    qk_json_key(w, "air");
    if (l->air->at == QK_TIME_NONE) {
        qk_json_null(w);
        return;
    }
    qk_json_object(w);
    qk_dbjson_time(w, "at", l->air->at);
    qk_json_key(w, "pm25");
    qk_json_fixed(w, l->air->pm25_ug_m3, 0);
    qk_json_ki64(w, "index", l->air->index[0]);
    qk_json_ki64(w, "limit", l->limit);
    qk_json_ki64(w, "hours_below", l->below);
    qk_json_ki64(w, "hours_asked", l->least);
    qk_json_end(w);
}

static void write_days(qk_json_writer *w, const look *l)
{
    qk_warning_level each[QK_WARNING_EASE_DAYS] = {QK_WARNING_NONE};
    char date[QK_TIME_TEXT];
    size_t past = l->today_at;
    qk_warning_of_days(each, l->rule, l->aqi, l->days);
    qk_json_key(w, "days");
    qk_json_array(w);
    for (size_t i = past > 3 ? past - 3 : 0; i < l->days; i++) {
        qk_time start = (qk_time)(l->air->first_day + (int32_t)i) * QK_DAY - QK_CST_OFFSET;
        qk_json_object(w);
        qk_json_kcstr(w, "date", qk_date_iso(date, start));
        int32_t shown = l->told[i] > 0 ? l->told[i] : l->aqi[i];
        if (shown > 0) qk_json_ki64(w, "aqi", shown);
        qk_json_kcstr(w, "primary", l->primary[i] && l->primary[i][0] ? l->primary[i] : NULL);
        qk_json_kbool(w, "counts", l->aqi[i] > 0);
        qk_json_kbool(w, "observed", i < past);
        qk_json_kcstr(w, "level", qk_warning_level_name(each[i]));
        qk_json_end(w);
    }
    qk_json_end(w);
}

static void write_grounds(qk_json_writer *w, const look *l)
{
    char date[QK_TIME_TEXT];
    qk_json_object(w);
    qk_json_kcstr(w, "from_level", qk_warning_level_name(l->force.level));
    qk_json_kbool(w, "days_over", l->over);
    qk_json_ki64(w, "hours", l->hours);
    qk_json_ki64(w, "hours_asked", l->rule->release_hours);
    qk_json_kcstr(w, "source", l->rule->source);
    qk_json_kcstr(w, "source_zh", l->rule->source_zh);
    write_air(w, l);
    qk_json_kcstr(w, "forecast_issued",
                  l->issued ? qk_date_iso(date, (qk_time)l->issued * QK_DAY - QK_CST_OFFSET)
                            : NULL);
    qk_json_ki64(w, "forecast_version", l->version);
    qk_json_knull(w, "condition");
    write_days(w, l);
    qk_json_end(w);
}

/* ---- proposing ---- */

#define STATE "(SELECT state FROM warning_ease_step WHERE ease=e.id ORDER BY id DESC LIMIT 1)"

static qk_code add_step(qk_db *db, int64_t ease, const char *state, qk_str text, qk_str who,
                        qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(
        &s, db, "INSERT INTO warning_ease_step(ease,state,text,at,who) VALUES(?,?,?,?,?)", err));
    sqlite3_bind_int64(s, 1, ease);
    qk_db_bind_str(s, 2, qk_str_of(state));
    qk_dbjson_bind(s, 3, text);
    sqlite3_bind_int64(s, 4, now);
    qk_db_bind_str(s, 5, who);
    return qk_db_run(db, s, err);
}

/* The newest proposal of the warning: what it asked for, and how it stands. */
typedef struct standing {
    int64_t ease; /* 0 = none */
    char level[16], state[16];
    int32_t issued;
    int64_t version;
} standing;

static qk_code stand(standing *out, qk_db *db, const char *warning, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    *out = (standing){0};
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT e.id,e.level," STATE ",e.forecast_issued,e.forecast_version FROM"
                         " warning_ease e WHERE e.warning=? ORDER BY e.id DESC LIMIT 1",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(warning));
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    QK_TRY(code);
    out->ease = sqlite3_column_int64(s, 0);
    qk_str_copy(out->level, sizeof out->level, qk_db_text(s, 1));
    qk_str_copy(out->state, sizeof out->state, qk_db_text(s, 2));
    out->issued = (int32_t)sqlite3_column_int64(s, 3);
    out->version = sqlite3_column_int64(s, 4);
    sqlite3_reset(s);
    return QK_OK;
}

/* The stretch of the lower level: from today to its last day in a row. */
static int32_t last_day(const look *l)
{
    qk_warning_level each[QK_WARNING_EASE_DAYS] = {QK_WARNING_NONE};
    size_t i = l->today_at + 1;
    qk_warning_of_days(each, l->rule, l->aqi, l->days);
    while (i < l->days && each[i] >= l->next && each[i] < l->force.level) i++;
    return l->air->first_day + (int32_t)i - 1;
}

static qk_code insert(int64_t *ease, const look *l, qk_str grounds, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, l->db,
                         "INSERT INTO warning_ease(warning,level,forecast_issued,forecast_version,"
                         "from_day,to_day,grounds,recorded_at,recorded_by) VALUES(?,?,?,?,?,?,?,?,"
                         "'system')",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(l->force.id));
    qk_db_bind_str(s, 2, qk_str_of(qk_warning_level_name(l->next)));
    sqlite3_bind_int64(s, 3, l->issued);
    sqlite3_bind_int64(s, 4, l->version);
    sqlite3_bind_int64(s, 5, l->today);
    sqlite3_bind_int64(s, 6, l->next == QK_WARNING_NONE ? l->today : last_day(l));
    qk_db_bind_str(s, 7, grounds);
    sqlite3_bind_int64(s, 8, l->now);
    QK_TRY(qk_db_run(l->db, s, err));
    *ease = sqlite3_last_insert_rowid(qk_db_handle(l->db));
    return add_step(l->db, *ease, "proposed", QK_STR(""), QK_STR("system"), l->now, err);
}

static qk_code propose(int64_t *ease, const look *l, qk_error *err)
{
    qk_json_writer w;
    qk_buf text;
    qk_buf_init(&text, GROUNDS_BYTES);
    qk_json_init(&w, &text);
    write_grounds(&w, l);
    qk_code code = text.failed ? qk_fail(err, text.failed, "the grounds are too long")
                               : insert(ease, l, qk_buf_str(&text), err);
    qk_buf_clear(&text);
    return code;
}

static qk_code settle(int64_t *made, const look *l, bool may, qk_error *err)
{
    standing is;
    QK_TRY(stand(&is, l->db, l->force.id, err));
    bool open = strcmp(is.state, "proposed") == 0;
    bool same = may && is.ease && strcmp(is.level, qk_warning_level_name(l->next)) == 0;
    if (open && same) return QK_OK;
    if (open)
        QK_TRY(add_step(l->db, is.ease, "withdrawn", QK_STR(""), QK_STR("system"), l->now, err));
    bool refused = same && strcmp(is.state, "refused") == 0 && is.issued == l->issued &&
                   is.version == l->version;
    return may && !refused ? propose(made, l, err) : QK_OK;
}

qk_code qk_warning_ease_look(int64_t *made, qk_db *db, const qk_warning_rule *rule,
                             const qk_warning_air *air, qk_time now, qk_error *err)
{
    qk_arena arena;
    int64_t ease = 0;
    look l = {.db = db,
              .rule = rule,
              .air = air,
              .now = now,
              .today = qk_day_number(now),
              .arena = &arena};
    if (made) *made = 0;
    qk_code code = qk_warnings_in_force(&l.force, db, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    QK_TRY(code);
    for (size_t i = 0; i < QK_WARNING_EASE_DAYS; i++) l.aqi[i] = i < air->days ? air->aqi[i] : -1;
    l.today_at = (size_t)(l.today - air->first_day);
    l.days = l.today_at + 1;
    qk_arena_init(&arena, ARENA);
    code = read_forecast(&l, err);
    count_below(&l);
    if (!code) code = settle(&ease, &l, judge(&l), err);
    if (made) *made = ease;
    qk_arena_clear(&arena);
    return code;
}

qk_code qk_warning_ease_run(qk_db *db, const qk_registry *registry, qk_telemetry *telemetry,
                            const char *db_path, qk_time now, qk_error *err)
{
    qk_arena arena;
    qk_rules *rules = NULL;
    qk_telemetry_reader *reader = NULL;
    qk_warning_force force;
    qk_warning_air air;
    qk_code code = qk_warnings_in_force(&force, db, err);
    if (code) return code == QK_ENOTFOUND ? QK_OK : code;
    QK_TRY(qk_telemetry_reader_open(&reader, telemetry, db_path, err));
    qk_arena_init(&arena, ARENA);
    code = qk_ruleset_load(&rules, db, QK_TIME_NONE, &arena, err);
    if (!code) {
        const qk_warning_rule *rule = qk_rules_warning_on(rules, qk_day_number(now));
        const qk_air_question q = {.archive = {db, registry, reader, QK_TIME_NONE},
                                   .registry = registry,
                                   .rules = rules,
                                   .level = QK_AIR_BEST};
        if (rule) code = qk_warning_air_read(&air, &q, force.from_day, now, err);
        if (rule && !code) code = qk_warning_ease_look(NULL, db, rule, &air, now, err);
    }
    qk_arena_clear(&arena);
    qk_telemetry_reader_close(reader);
    return code;
}

/* ---- deciding ---- */

typedef struct asked {
    char level[16], grounds[GROUNDS_BYTES];
    int32_t from_day, to_day;
} asked;

static qk_code read_asked(asked *out, qk_db *db, int64_t ease, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT level,grounds,from_day,to_day FROM warning_ease WHERE id=?", err));
    sqlite3_bind_int64(s, 1, ease);
    QK_TRY(qk_db_step(db, s, err));
    qk_str_copy(out->level, sizeof out->level, qk_db_text(s, 0));
    qk_str_copy(out->grounds, sizeof out->grounds, qk_db_text(s, 1));
    out->from_day = (int32_t)sqlite3_column_int64(s, 2);
    out->to_day = (int32_t)sqlite3_column_int64(s, 3);
    sqlite3_reset(s);
    return QK_OK;
}

static qk_code accept(qk_db *db, qk_str warning, const qk_warning_ease_act *act, qk_time now,
                      qk_error *err)
{
    asked is;
    char text[QK_WARNING_TEXT_MAX];
    qk_warning_lower to = {.warning = warning, .who = act->who};
    QK_TRY(read_asked(&is, db, act->ease, err));
    QK_TRY(qk_warning_level_find(&to.level, qk_str_of(is.level)));
    /* decided before the warning changes, which withdraws what is still open */
    QK_TRY(add_step(db, act->ease, "accepted", act->text, act->who, now, err));
    snprintf(text, sizeof text, "#%lld %.*s", (long long)act->ease, QK_STR_ARG(act->text));
    if (to.level == QK_WARNING_NONE) {
        const qk_warning_act lift = {QK_STR("lift"), qk_str_trim(qk_str_of(text)), act->who};
        return qk_warnings_step(db, warning, &lift, now, err);
    }
    to.from_day = is.from_day, to.to_day = is.to_day;
    to.grounds = qk_str_of(is.grounds);
    to.text = qk_str_trim(qk_str_of(text));
    return qk_warnings_lower(db, &to, now, err);
}

qk_code qk_warning_ease_step(qk_db *db, qk_str warning, const qk_warning_ease_act *act, qk_time now,
                             qk_error *err)
{
    standing is;
    char id[QK_WARNING_ID_MAX];
    bool yes = qk_str_eq(act->action, QK_STR("accept"));
    if (!yes && !qk_str_eq(act->action, QK_STR("refuse")))
        return qk_fail(err, QK_EINVAL, "the action is accept or refuse");
    if (act->text.len > TEXT_MAX || (!yes && !qk_str_trim(act->text).len))
        return qk_fail(err, QK_EINVAL, "%.*s needs a text of at most %d bytes",
                       QK_STR_ARG(act->action), TEXT_MAX);
    if (warning.len >= sizeof id)
        return qk_fail(err, QK_ENOTFOUND, "there is no warning '%.*s'", QK_STR_ARG(warning));
    qk_str_copy(id, sizeof id, warning);
    QK_TRY(stand(&is, db, id, err));
    if (!is.ease || is.ease != act->ease)
        return qk_fail(err, QK_ENOTFOUND, "that is not the newest proposal for the warning '%s'",
                       id);
    if (strcmp(is.state, "proposed") != 0)
        return qk_fail(err, QK_EDENIED, "a proposal that is %s takes no '%.*s'", is.state,
                       QK_STR_ARG(act->action));
    if (yes) return accept(db, warning, act, now, err);
    return add_step(db, is.ease, "refused", act->text, act->who, now, err);
}

/* ---- reading ---- */

static qk_code write_steps(qk_json_writer *w, qk_db *db, int64_t ease, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT state,text,at,who FROM warning_ease_step WHERE"
                         " ease=? ORDER BY id LIMIT 20",
                         err));
    sqlite3_bind_int64(s, 1, ease);
    return qk_warnings_write_steps(w, db, s, err);
}

static qk_code write_one(qk_json_writer *w, qk_db *db, int64_t id, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT e.level," STATE ",e.from_day,e.to_day,e.recorded_at,e.grounds FROM"
                         " warning_ease e WHERE e.id=?",
                         err));
    sqlite3_bind_int64(s, 1, id);
    QK_TRY(qk_db_step(db, s, err));
    qk_json_object(w);
    qk_json_ki64(w, "id", id);
    qk_dbjson_text(w, "level", s, 0);
    qk_dbjson_text(w, "state", s, 1);
    qk_dbjson_day(w, "from", s, 2);
    qk_dbjson_day(w, "to", s, 3);
    qk_dbjson_time(w, "made_at", sqlite3_column_int64(s, 4));
    qk_dbjson_json(w, "grounds", s, 5);
    sqlite3_reset(s);
    QK_TRY(write_steps(w, db, id, err));
    qk_json_end(w);
    return QK_OK;
}

qk_code qk_warning_ease_write(qk_json_writer *w, qk_db *db, qk_str warning, qk_error *err)
{
    enum { MOST = 50 };
    sqlite3_stmt *s = NULL;
    int64_t id[MOST];
    size_t n = 0;
    qk_code code;
    QK_TRY(qk_db_prepare(
        &s, db, "SELECT id FROM warning_ease WHERE warning=? ORDER BY id DESC LIMIT 50", err));
    qk_db_bind_str(s, 1, warning);
    while ((code = qk_db_step(db, s, err)) == QK_OK) id[n++] = sqlite3_column_int64(s, 0);
    if (code != QK_ENOTFOUND) return code;
    qk_json_array(w);
    for (size_t i = 0; i < n; i++) QK_TRY(write_one(w, db, id[i], err));
    qk_json_end(w);
    return QK_OK;
}
