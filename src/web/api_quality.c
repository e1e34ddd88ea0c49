/* SPDX-License-Identifier: Apache-2.0 */
/* Quality of ambient air data: air now, a station's hours with their grades, marks, reviews, and
 * records of checks. */
#include "web/air_figures.h"
#include "web/air_json.h"
#include "web/api.h"
#include "web/change.h"

enum { HOURS_MAX = 92 * 24, TREND_HOURS = 3, TREND_STEP = 10, CSV_MAX = 500 * 1024 };

static qk_time now_of(const qk_exchange *x)
{
    return qk_clock_now(qk_node_clock(x->context->node));
}

static void put_aqi(qk_json_writer *w, const char *name, int32_t aqi)
{
    if (aqi == QK_AQI_NA)
        qk_json_knull(w, name);
    else
        qk_json_ki64(w, name, aqi);
}

static const qk_air_view *view_on(const qk_air_view *views, size_t n, int32_t day)
{
    for (size_t i = 0; i < n; i++)
        if (views[i].row.day == day) return &views[i];
    return NULL;
}

/* ---- one cell ---- */

static void put_reasons(qk_json_writer *w, uint32_t reasons)
{
    qk_json_key(w, "reasons");
    qk_json_array(w);
    for (int r = 0; r < QK_QC_REASONS; r++)
        if (reasons & QK_QC_BIT(r)) qk_json_cstr(w, qk_qc_reason_name((qk_qc_reason)r));
    qk_json_end(w);
}

static void put_cell(qk_json_writer *w, const qk_air_view *v, int p, int h, qk_air_level level)
{
    static const char *const marks[] = {NULL, "excluded", "restored"};
    qk_air_graded none = {.micro = QK_QC_NONE, .reasons = QK_QC_BIT(QK_QC_R_MISSING)};
    const qk_air_graded *g = v ? &v->row.cell[p][h] : &none;
    char flag[2] = {g->flag, 0};
    qk_json_key(w, qk_pollutant_name((qk_pollutant)p));
    qk_json_object(w);
    qk_json_key(w, "value");
    if (g->micro == QK_QC_NONE)
        qk_json_null(w);
    else
        qk_json_dec(w, qk_dec_trim((qk_dec){g->micro, 6}));
    qk_json_kbool(w, "counts", v && qk_air_view_counts(v, level, (qk_pollutant)p, h));
    qk_json_kcstr(w, "grade", qk_qc_grade_name((qk_qc_grade)g->grade));
    put_reasons(w, g->reasons);
    qk_json_ktext(w, "flag", flag);
    qk_json_kcstr(w, "mark", v ? marks[v->mark[p][h]] : NULL);
    qk_json_kcstr(w, "unit", qk_air_unit((qk_pollutant)p));
    qk_json_end(w);
}

static void put_cells(qk_json_writer *w, const qk_air_view *v, int h, qk_air_level level)
{
    qk_json_key(w, "items");
    qk_json_object(w);
    for (int p = 0; p < QK_POLLUTANTS; p++) put_cell(w, v, p, h, level);
    qk_json_end(w);
}

static int hour_of(qk_time end)
{
    return (int)((end - 1 - qk_floor_day(end - 1)) / QK_HOUR);
}

/* ---- hours of a station ---- */

static void put_hour(qk_json_writer *w, const qk_air_hour *hour, const qk_air_view *v,
                     qk_air_level level)
{
    qk_json_object(w);
    qk_json_ktime(w, "time", hour->end);
    put_aqi(w, "aqi", hour->result.aqi);
    put_aqi(w, "level", hour->result.level > 0 ? hour->result.level : QK_AQI_NA);
    qk_json_key(w, "primary");
    qk_primary_json(w, &hour->result);
    qk_json_kcstr(w, "standard", hour->rule->name);
    qk_json_kcstr(w, "reason", hour->reason);
    qk_json_kcstr(w, "review", qk_air_level_name(v ? v->level : QK_AIR_AUTOMATIC));
    put_cells(w, v, hour_of(hour->end), level);
    qk_json_end(w);
}

static qk_code find_station(qk_exchange *x, qk_site *site, qk_str id, qk_error *err)
{
    if (!qk_registry_site(qk_node_registry(x->context->node), site, id))
        return qk_fail(err, QK_ENOTFOUND, "there is no site of this id");
    if (!qk_str_starts(qk_str_of(site->kind), QK_STR("air_")))
        return qk_refuse(x, err, 422, "no_air_station", "site", "%s", "");
    return QK_OK;
}

qk_code qk_api_air_hours(qk_exchange *x, qk_error *err)
{
    qk_air_question q;
    qk_site site;
    qk_air_view *views = NULL;
    size_t view_n = 0;
    QK_TRY(find_station(x, &site, qk_query_str(x, "site"), err));
    QK_TRY(qk_air_asked(&q, x, err));
    qk_time to = qk_query_time(x, "to", now_of(x)), last = qk_floor_hour(to);
    qk_time from = qk_query_time(x, "from", to - QK_DAY);
    int64_t n = (last - qk_floor_hour(from)) / QK_HOUR;
    if (from > to || n > HOURS_MAX)
        return qk_refuse(x, err, 400, "bad_parameter", "from", "at most %d hours, from before to",
                         HOURS_MAX);
    qk_air_hour *hours = qk_arena_array(&x->arena, (size_t)n + 1, sizeof *hours);
    if (!hours) return qk_fail(err, QK_ENOMEM, "no memory for the hours");
    QK_TRY(qk_air_graded_hours(hours, (size_t)n, last, &views, &view_n, &q, &site, &x->arena, err));
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "site", site.id);
    qk_json_kbool(&x->json, "evaluated", qk_air_is_evaluated(site.kind));
    qk_air_asked_json(&x->json, &q);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (int64_t i = 0; i < n; i++)
        put_hour(&x->json, &hours[i], view_on(views, view_n, qk_day_number(hours[i].end - 1)),
                 q.level);
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- air now ---- */

/* Against the AQI three hours earlier; a step of less than 10 is none. */
static void put_trend(qk_json_writer *w, const qk_air_hour *hours, size_t at)
{
    int32_t now = hours[at].result.aqi, then = hours[at - TREND_HOURS].result.aqi;
    bool known = now != QK_AQI_NA && then != QK_AQI_NA;
    qk_json_key(w, "trend");
    if (!known) {
        qk_json_null(w);
        return;
    }
    qk_json_object(w);
    qk_json_kcstr(w, "direction",
                  now - then >= TREND_STEP   ? "rising"
                  : then - now >= TREND_STEP ? "falling"
                                             : "steady");
    qk_json_ki64(w, "hours", TREND_HOURS);
    qk_json_ki64(w, "before", then);
    qk_json_ki64(w, "change", now - then);
    qk_json_end(w);
}

static qk_qc_grade worst_grade(const qk_air_view *v, int h)
{
    qk_qc_grade worst = QK_QC_MISSING;
    for (int p = 0; v && p < QK_POLLUTANTS; p++)
        if (v->row.cell[p][h].grade > worst) worst = (qk_qc_grade)v->row.cell[p][h].grade;
    return worst;
}

static qk_code put_station(qk_exchange *x, const qk_air_question *q, const qk_site *site,
                           qk_time last, qk_error *err)
{
    enum { HOURS = TREND_HOURS + 2 };
    qk_air_hour hours[HOURS];
    qk_air_view *views = NULL;
    size_t n = 0, at = HOURS - 1;
    qk_json_writer *w = &x->json;
    QK_TRY(qk_air_graded_hours(hours, HOURS, last, &views, &n, q, site, &x->arena, err));
    /* The hour just over may still be on its way. */
    if (!qk_air_is_measured(&hours[at])) at--;
    if (!qk_air_is_measured(&hours[at])) hours[at].reason = "stale";
    bool evaluated = qk_air_is_evaluated(site->kind);
    const qk_air_view *v = view_on(views, n, qk_day_number(hours[at].end - 1));
    int h = hour_of(hours[at].end);
    qk_json_object(w);
    qk_json_kcstr(w, "site", site->id);
    qk_json_kcstr(w, "kind", site->kind);
    qk_json_kcstr(w, "name_zh", site->name_zh);
    qk_json_kcstr(w, "name_en", site->name_en);
    qk_json_ktext(w, "division", site->division);
    qk_json_kf64(w, "lon", site->lon);
    qk_json_kf64(w, "lat", site->lat);
    qk_json_kbool(w, "evaluated", evaluated);
    qk_json_key(w, "aqi");
    if (evaluated)
        qk_aqi_json(w, &hours[at]);
    else
        qk_json_null(w);
    put_trend(w, hours, at);
    qk_json_kcstr(w, "grade", qk_qc_grade_name(worst_grade(v, h)));
    qk_json_kcstr(w, "review", qk_air_level_name(v ? v->level : QK_AIR_AUTOMATIC));
    put_cells(w, v, h, q->level);
    qk_json_end(w);
    return QK_OK;
}

qk_code qk_api_air_now(qk_exchange *x, qk_error *err)
{
    qk_air_question q;
    qk_air_source *sources;
    size_t n = 0;
    qk_time now = now_of(x);
    QK_TRY(qk_air_asked(&q, x, err));
    QK_TRY(qk_air_sources(&sources, &n, q.registry, &x->arena, err));
    qk_json_object(&x->json);
    qk_json_ktime(&x->json, "now", now);
    qk_air_asked_json(&x->json, &q);
    qk_json_key(&x->json, "stations");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++)
        QK_TRY(put_station(x, &q, sources[i].site, qk_floor_hour(now), err));
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- marks ---- */

static void put_mark(qk_json_writer *w, const qk_air_mark *m)
{
    bool undone = m->undone_at != QK_TIME_NONE;
    qk_json_object(w);
    qk_json_ki64(w, "id", m->id);
    qk_json_kcstr(w, "site", m->site);
    qk_json_kcstr(w, "effect", qk_air_effect_name(m->effect));
    qk_air_items_json(w, "items", m->items);
    qk_json_ktime(w, "from", m->from_at);
    qk_json_ktime(w, "to", m->to_at);
    qk_json_kcstr(w, "reason", m->reason);
    qk_json_ktime(w, "recorded_at", m->recorded_at);
    qk_json_kcstr(w, "recorded_by", m->recorded_by);
    qk_json_ktime(w, "undone_at", m->undone_at);
    qk_json_kcstr(w, "undone_by", undone ? m->undone_by : NULL);
    qk_json_kcstr(w, "undone_reason", undone ? m->undone_reason : NULL);
    qk_json_end(w);
}

static const char *site_asked(qk_exchange *x)
{
    qk_str site = qk_query_str(x, "site");
    return site.len ? qk_arena_copy(&x->arena, site.ptr, site.len) : NULL;
}

qk_code qk_api_air_marks(qk_exchange *x, qk_error *err)
{
    qk_air_mark *marks;
    size_t n = 0;
    QK_TRY(qk_air_marks(&marks, &n, x->tools->db, site_asked(x),
                        qk_query_time(x, "from", INT64_MIN + 1), qk_query_time(x, "to", INT64_MAX),
                        qk_query_time(x, "known_at", QK_TIME_NONE), &x->arena, err));
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = n; i-- > 0;) put_mark(&x->json, &marks[i]);
    qk_json_end(&x->json);
    qk_json_ki64(&x->json, "total", (int64_t)n);
    qk_json_end(&x->json);
    return QK_OK;
}

static qk_code body_time(qk_exchange *x, const qk_json_value *body, const char *name, qk_time *out,
                         qk_error *err)
{
    qk_str text = qk_json_get_str(body, name);
    if (text.len && qk_time_parse(out, text) == QK_OK) return QK_OK;
    return qk_refuse(x, err, 400, "bad_body", name, "'%s' is a time of ISO 8601", name);
}

static qk_code body_text(qk_exchange *x, const qk_json_value *body, const char *name, size_t most,
                         const char **out, qk_error *err)
{
    qk_str text = qk_str_trim(qk_json_get_str(body, name));
    if (text.len == 0 || text.len > most)
        return qk_refuse(x, err, 400, "bad_body", name, "'%s' is a text of 1 to %zu bytes", name,
                         most);
    const char *copy = qk_arena_copy(&x->arena, text.ptr, text.len);
    if (!copy) {
        qk_fail(err, QK_ENOMEM, "no memory for the request");
        return QK_ENOMEM;
    }
    *out = copy;
    return QK_OK;
}

static qk_code body_items(qk_exchange *x, const qk_json_value *body, uint32_t *out, qk_error *err)
{
    const qk_json_value *list = qk_json_get(body, "items");
    *out = QK_AIR_ITEMS_ALL;
    if (!list || list->type == QK_JSON_NULL) return QK_OK;
    *out = 0;
    for (const qk_json_value *v = list->type == QK_JSON_ARRAY ? list->first : NULL; v;
         v = v->next) {
        char name[16];
        qk_str_copy(name, sizeof name, v->text);
        qk_pollutant p = v->type == QK_JSON_STRING ? qk_air_pollutant(name) : QK_POLLUTANTS;
        if (p == QK_POLLUTANTS)
            return qk_refuse(x, err, 400, "bad_body", "items",
                             "items are of SO2, NO2, CO, O3, PM10, PM2.5");
        *out |= 1u << p;
    }
    return *out ? QK_OK
                : qk_refuse(x, err, 400, "bad_body", "items", "items is a list of pollutants");
}

static void note_body(qk_change_note *note, const qk_exchange *x)
{
    qk_buf_append(&note->detail, x->body.ptr, x->body.len);
}

typedef struct mark_change {
    qk_air_mark mark;
    int64_t id;
    const char *reason;
    char person[QK_AIR_PERSON_MAX];
} mark_change;

static qk_code add_mark(qk_exchange *x, void *context, qk_db *db, qk_time now, qk_change_note *note,
                        qk_error *err)
{
    mark_change *c = context;
    qk_code code = qk_air_mark_add(&c->id, db, &c->mark, qk_str_of(c->person), now, err);
    if (code == QK_EINVAL) {
        x->status = 422;
        return code;
    }
    QK_TRY(code);
    snprintf(note->what, sizeof note->what, "air.mark");
    snprintf(note->object, sizeof note->object, "air_mark/%lld", (long long)c->id);
    note_body(note, x);
    c->mark.id = c->id;
    c->mark.recorded_at = now;
    c->mark.recorded_by = c->person;
    put_mark(&x->json, &c->mark);
    return QK_OK;
}

qk_code qk_api_air_mark_post(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"site", "effect", "items",  "from",
                                          "to",   "reason", "person", NULL};
    const qk_json_value *body = NULL;
    mark_change c = {.mark = {.site = "", .reason = "", .undone_at = QK_TIME_NONE}};
    qk_site site;
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(body_text(x, body, "site", QK_CODE_MAX - 1, &c.mark.site, err));
    if (strcmp(c.mark.site, "*") != 0) QK_TRY(find_station(x, &site, qk_str_of(c.mark.site), err));
    qk_str effect = qk_json_get_str(body, "effect");
    if (qk_str_eq(effect, QK_STR("exclude")))
        c.mark.effect = QK_AIR_EXCLUDE;
    else if (qk_str_eq(effect, QK_STR("restore")))
        c.mark.effect = QK_AIR_RESTORE;
    else if (qk_str_eq(effect, QK_STR("dust")))
        c.mark.effect = QK_AIR_DUST;
    else
        return qk_refuse(x, err, 400, "bad_body", "effect", "effect is exclude, restore or dust");
    QK_TRY(body_items(x, body, &c.mark.items, err));
    QK_TRY(body_time(x, body, "from", &c.mark.from_at, err));
    QK_TRY(body_time(x, body, "to", &c.mark.to_at, err));
    QK_TRY(body_text(x, body, "reason", QK_AIR_REASON_MAX, &c.mark.reason, err));
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    return qk_change_run(x, add_mark, &c, err);
}

static qk_code undo_mark(qk_exchange *x, void *context, qk_db *db, qk_time now,
                         qk_change_note *note, qk_error *err)
{
    const mark_change *c = context;
    QK_TRY(qk_air_mark_undo(db, c->id, qk_str_of(c->reason), qk_str_of(c->person), now, err));
    snprintf(note->what, sizeof note->what, "air.mark.undo");
    snprintf(note->object, sizeof note->object, "air_mark/%lld", (long long)c->id);
    note_body(note, x);
    qk_json_object(&x->json);
    qk_json_ki64(&x->json, "id", c->id);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_air_mark_undo(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"reason", "person", NULL};
    const qk_json_value *body = NULL;
    mark_change c = {0};
    if (qk_parse_i64(&c.id, x->args[0]) != QK_OK)
        return qk_fail(err, QK_ENOTFOUND, "a mark has a number");
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(body_text(x, body, "reason", QK_AIR_REASON_MAX, &c.reason, err));
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    return qk_change_run(x, undo_mark, &c, err);
}

/* ---- reviews ---- */

typedef struct review_change {
    const char *site, *note;
    int32_t from, to;
    qk_air_level level;
    char person[QK_AIR_PERSON_MAX];
} review_change;

static qk_code make_review(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    const review_change *c = context;
    size_t done = 0;
    QK_TRY(qk_air_review(&done, db, c->site, c->from, c->to, c->level, qk_str_of(c->note),
                         qk_str_of(c->person), now, err));
    snprintf(note->what, sizeof note->what, "air.%s", qk_air_level_name(c->level));
    snprintf(note->object, sizeof note->object, "site/%s", c->site);
    note_body(note, x);
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "site", c->site);
    qk_json_kcstr(&x->json, "level", qk_air_level_name(c->level));
    qk_json_ki64(&x->json, "days", (int64_t)done);
    qk_json_kcstr(&x->json, "person", c->person);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_air_review_post(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"site", "from", "to", "level", "note", "person", NULL};
    const qk_json_value *body = NULL;
    review_change c = {.site = ""};
    qk_site site;
    qk_time from = 0, to = 0;
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(body_text(x, body, "site", QK_CODE_MAX - 1, &c.site, err));
    QK_TRY(find_station(x, &site, qk_str_of(c.site), err));
    QK_TRY(body_time(x, body, "from", &from, err));
    QK_TRY(body_time(x, body, "to", &to, err));
    c.from = qk_day_number(from);
    c.to = qk_day_number(to);
    if (c.from > c.to || c.to >= qk_day_number(now_of(x)))
        return qk_refuse(x, err, 422, "day_not_over", "to", "%s", "");
    c.level = qk_air_level_of(qk_json_get_str(body, "level"));
    if (c.level != QK_AIR_REVIEWED && c.level != QK_AIR_APPROVED)
        return qk_refuse(x, err, 400, "bad_body", "level", "level is reviewed or approved");
    qk_str note = qk_json_get_str(body, "note");
    if (note.len > QK_AIR_REASON_MAX)
        return qk_refuse(x, err, 400, "bad_body", "note", "a note of at most %d bytes",
                         QK_AIR_REASON_MAX);
    c.note = qk_arena_copy(&x->arena, note.ptr ? note.ptr : "", note.len);
    if (!c.note) return qk_fail(err, QK_ENOMEM, "no memory for the request");
    QK_TRY(qk_air_person(c.person, x, body, true, err));
    return qk_change_run(x, make_review, &c, err);
}

/* The hours of a day that have ended by now: what has not been measured yet is not missing. */
static int hours_ended(int32_t day, qk_time now)
{
    qk_time begun = (qk_time)day * QK_DAY - QK_CST_OFFSET;
    if (now >= begun + QK_DAY) return QK_AIR_DAY_HOURS;
    return now <= begun ? 0 : (int)((now - begun) / QK_HOUR);
}

static void put_review(qk_json_writer *w, const qk_air_view *v, qk_time now)
{
    char date[QK_TIME_TEXT];
    int32_t bad = 0, doubtful = 0, missing = 0, marked = 0;
    int ended = hours_ended(v->row.day, now);
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (int h = 0; h < ended; h++) {
            uint8_t grade = v->row.cell[p][h].grade;
            bad += grade == QK_QC_BAD;
            doubtful += grade == QK_QC_DOUBTFUL;
            missing += grade == QK_QC_MISSING;
            marked += v->mark[p][h] != 0;
        }
    qk_json_object(w);
    qk_json_kcstr(w, "date", qk_air_date(date, v->row.day));
    qk_json_kcstr(w, "level", qk_air_level_name(v->level));
    qk_json_kbool(w, "lapsed", v->lapsed);
    qk_json_kbool(w, "dust", v->dust);
    qk_json_ki64(w, "bad", bad);
    qk_json_ki64(w, "doubtful", doubtful);
    qk_json_ki64(w, "missing", missing);
    qk_json_ki64(w, "marked", marked);
    qk_json_ktext(w, "reviewed_by", v->reviewed_by);
    qk_json_ktime(w, "reviewed_at", v->reviewed_at);
    qk_json_ktext(w, "approved_by", v->approved_by);
    qk_json_ktime(w, "approved_at", v->approved_at);
    qk_json_end(w);
}

qk_code qk_api_air_reviews(qk_exchange *x, qk_error *err)
{
    qk_air_question q;
    qk_air_view *views = NULL;
    size_t n = 0;
    qk_site site;
    QK_TRY(find_station(x, &site, qk_query_str(x, "site"), err));
    QK_TRY(qk_air_asked(&q, x, err));
    int32_t to = qk_day_number(qk_query_time(x, "to", now_of(x)));
    int32_t from =
        qk_day_number(qk_query_time(x, "from", (qk_time)(to - 30) * QK_DAY - QK_CST_OFFSET));
    if (from > to || to - from >= 400)
        return qk_refuse(x, err, 400, "bad_parameter", "from", "1 to 400 days at once");
    QK_TRY(qk_air_views(&views, &n, &q.archive, site.id, from, to, &x->arena, err));
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "site", site.id);
    qk_json_ktime(&x->json, "known_at", q.archive.known_at);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) put_review(&x->json, &views[i], now_of(x));
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- zero, span and comparison checks ---- */

static void put_check(qk_json_writer *w, const qk_air_check *c)
{
    qk_json_object(w);
    qk_json_ki64(w, "id", c->id);
    qk_json_kcstr(w, "site", c->site);
    qk_json_ktext(w, "mn", c->mn);
    qk_json_kcstr(w, "item", qk_pollutant_name(c->item));
    qk_json_kcstr(w, "kind", c->kind);
    qk_json_ktime(w, "at", c->at);
    qk_json_key(w, "reference");
    qk_json_dec(w, c->reference);
    qk_json_key(w, "measured");
    qk_json_dec(w, c->measured);
    qk_json_key(w, "span");
    c->span.mantissa ? qk_json_dec(w, c->span) : qk_json_null(w);
    qk_json_key(w, "deviation");
    qk_json_dec(w, c->deviation);
    qk_json_kcstr(w, "deviation_unit", strcmp(c->kind, "zero") == 0 ? qk_air_unit(c->item) : "%");
    qk_json_key(w, "limit");
    qk_json_dec(w, c->limit);
    qk_json_kcstr(w, "judge", c->judge);
    qk_json_ktext(w, "note", c->note);
    qk_json_ktime(w, "recorded_at", c->recorded_at);
    qk_json_kcstr(w, "recorded_by", c->recorded_by);
    qk_json_end(w);
}

qk_code qk_api_air_checks(qk_exchange *x, qk_error *err)
{
    qk_air_check *checks;
    size_t n = 0;
    QK_TRY(qk_air_checks(&checks, &n, x->tools->db, site_asked(x),
                         qk_query_time(x, "from", INT64_MIN + 1), qk_query_time(x, "to", INT64_MAX),
                         &x->arena, err));
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) put_check(&x->json, &checks[i]);
    qk_json_end(&x->json);
    qk_json_ki64(&x->json, "total", (int64_t)n);
    qk_json_end(&x->json);
    return QK_OK;
}

typedef struct check_change {
    qk_str csv;
    char person[QK_AIR_PERSON_MAX];
} check_change;

static qk_code take_checks(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    const check_change *c = context;
    size_t rows = 0;
    qk_code code = qk_air_checks_csv(&rows, db, qk_node_registry(x->context->node), c->csv,
                                     qk_str_of(c->person), now, err);
    if (code == QK_EFORMAT || code == QK_EINVAL) x->status = 422;
    QK_TRY(code);
    snprintf(note->what, sizeof note->what, "air.checks");
    snprintf(note->object, sizeof note->object, "air_check");
    qk_buf_printf(&note->detail, "{\"rows\":%zu}", rows);
    qk_json_object(&x->json);
    qk_json_ki64(&x->json, "rows", (int64_t)rows);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_air_checks_post(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"csv", "person", NULL};
    const qk_json_value *body = NULL;
    check_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    c.csv = qk_json_get_str(body, "csv");
    if (c.csv.len == 0 || c.csv.len > CSV_MAX)
        return qk_refuse(x, err, 400, "bad_body", "csv", "'csv' is a text of 1 to %d bytes",
                         CSV_MAX);
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    return qk_change_run(x, take_checks, &c, err);
}
