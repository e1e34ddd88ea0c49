/* SPDX-License-Identifier: Apache-2.0 */
/* Forecasts: the newest, its versions, how good they were; edits, the minute of consultation, and
 * the weather that they rest on. */
#include "domain/forecast_night.h"
#include "domain/forecast_place.h"
#include "domain/forecast_verify.h"
#include "domain/forecast_weather.h"
#include "domain/ruleset.h"
#include "domain/warnings.h"
#include "domain/weather_file.h"
#include "web/air_figures.h"
#include "web/api.h"
#include "web/change.h"
#include <stdlib.h>

enum { SCORE_YEARS = 3, MINUTE_WARNINGS = 50, WEATHER_CSV_MAX = 32 << 20 };

static int32_t today_of(const qk_exchange *x)
{
    return qk_day_number(qk_clock_now(qk_node_clock(x->context->node)));
}

static qk_str place_of(const qk_exchange *x)
{
    qk_str place = qk_query_str(x, "place");
    return place.len ? place : QK_STR("county");
}

static int32_t day_of(const qk_exchange *x, const char *name, int32_t otherwise)
{
    return qk_query_given(x, name) ? qk_day_number(qk_query_time(x, name, 0)) : otherwise;
}

qk_code qk_api_forecast(qk_exchange *x, qk_error *err)
{
    int32_t issued = day_of(x, "issued", today_of(x));
    QK_TRY(qk_forecasts_newest(&issued, x->tools->db, place_of(x), issued, err));
    qk_json_object(&x->json);
    qk_json_key(&x->json, "forecast");
    QK_TRY(qk_forecasts_write(&x->json, x->tools->db, place_of(x), issued, err));
    qk_json_key(&x->json, "minute");
    QK_TRY(qk_forecasts_minute_write(&x->json, x->tools->db, issued, err));
    qk_json_key(&x->json, "public");
    QK_TRY(qk_forecasts_public_write(&x->json, x->tools->db, today_of(x), err));
    qk_json_key(&x->json, "warnings");
    const qk_warning_filter of_minute = {issued, INT32_MIN, INT32_MAX, MINUTE_WARNINGS};
    QK_TRY(qk_warnings_write_list(&x->json, x->tools->db, &of_minute, err));
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_forecast_history(qk_exchange *x, qk_error *err)
{
    int32_t issued = day_of(x, "issued", today_of(x) - 1);
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    QK_TRY(qk_forecasts_write_history(&x->json, x->tools->db, place_of(x), issued, err));
    qk_json_key(&x->json, "minutes");
    QK_TRY(qk_forecasts_minutes_write(&x->json, x->tools->db, issued, err));
    qk_json_end(&x->json);
    return QK_OK;
}

/* What is under way, and which weather is at hand. */
qk_code qk_api_forecast_state(qk_exchange *x, qk_error *err)
{
    qk_forecast_work work;
    int32_t issued = 0;
    qk_forecast_night_work(qk_node_forecast(x->context->node), &work);
    qk_json_object(&x->json);
    qk_json_key(&x->json, "work");
    if (work.what[0]) {
        qk_json_object(&x->json);
        qk_json_kcstr(&x->json, "what", work.what);
        qk_json_kcstr(&x->json, "place", work.place);
        qk_json_ki64(&x->json, "done", work.done);
        qk_json_ki64(&x->json, "of", work.of);
        qk_json_end(&x->json);
    } else {
        qk_json_null(&x->json);
    }
    QK_TRY(qk_forecasts_newest(&issued, x->tools->db, place_of(x), today_of(x), err));
    qk_json_key(&x->json, "weather");
    QK_TRY(qk_forecasts_weather_write(&x->json, x->tools->db, issued, err));
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- scores ---- */

typedef struct verification {
    qk_forecast_asked asked;
    qk_forecast_days days;
    qk_air_question q;
} verification;

static qk_code ask_verification(verification *v, qk_exchange *x, qk_error *err)
{
    int32_t to = day_of(x, "to", today_of(x) - 1), today = today_of(x);
    *v = (verification){.asked = {.place = place_of(x),
                                  .from = day_of(x, "from", to - 364),
                                  .to = to,
                                  .lead = (size_t)qk_query_int(x, "lead", 0),
                                  .observed = &v->days}};
    if (v->asked.from > to)
        return qk_refuse(x, err, 400, "bad_parameter", "from", "from lies behind to");
    QK_TRY(qk_air_asked(&v->q, x, err));
    if (v->q.rule) v->asked.edition = qk_str_of(v->q.rule->name);
    return qk_forecast_place_load(&v->days, &v->q, v->asked.place, today - SCORE_YEARS * 366, today,
                                  err);
}

static void put_asked(qk_exchange *x, const qk_forecast_asked *asked)
{
    char date[QK_TIME_TEXT];
    qk_json_kstr(&x->json, "place", asked->place);
    qk_json_kcstr(&x->json, "from", qk_air_date(date, asked->from));
    qk_json_kcstr(&x->json, "to", qk_air_date(date, asked->to));
}

static qk_code put_scores(qk_exchange *x, qk_forecast_score *score, const qk_forecast_asked *asked,
                          qk_error *err)
{
    qk_forecast_counts counts;
    QK_TRY(qk_forecasts_score(score, &counts, x->tools->db, asked, err));
    qk_json_object(&x->json);
    put_asked(x, asked);
    qk_json_ki64(&x->json, "issued", counts.issued);
    qk_json_ki64(&x->json, "on_time", counts.on_time);
    qk_json_ki64(&x->json, "late", counts.late);
    qk_json_ki64(&x->json, "edited", counts.edited);
    qk_json_key(&x->json, "scores");
    qk_forecast_score_write(&x->json, score);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_forecast_scores(qk_exchange *x, qk_error *err)
{
    verification v;
    qk_forecast_score *score = calloc(1, sizeof *score);
    qk_code code =
        score ? ask_verification(&v, x, err) : qk_fail(err, QK_ENOMEM, "no memory for scores");
    if (code == QK_OK) code = put_scores(x, score, &v.asked, err);
    if (score) qk_forecast_days_clear(&v.days);
    free(score);
    return code;
}

qk_code qk_api_forecast_days(qk_exchange *x, qk_error *err)
{
    verification v;
    qk_code code = ask_verification(&v, x, err);
    if (code == QK_OK) {
        qk_json_object(&x->json);
        put_asked(x, &v.asked);
        qk_json_key(&x->json, "items");
        code = qk_forecasts_write_cases(&x->json, x->tools->db, &v.asked, err);
        qk_json_end(&x->json);
    }
    qk_forecast_days_clear(&v.days);
    return code;
}

/* ---- changes ---- */

typedef struct forecast_change {
    qk_forecast_edit edit;
    qk_str text;
    bool sign;
    char person[QK_AIR_PERSON_MAX];
} forecast_change;

/* What the domain refuses, in the words of the API. */
static qk_code tell_refusal(qk_exchange *x, qk_code code)
{
    if (code == QK_EINVAL || code == QK_EFORMAT) x->status = 422;
    if (code == QK_EDENIED) x->status = 409;
    return code;
}

static void note_change(qk_exchange *x, qk_change_note *note, const char *what,
                        const forecast_change *c, int64_t version, const char *warning)
{
    char date[QK_TIME_TEXT];
    snprintf(note->what, sizeof note->what, "%s", what);
    snprintf(note->object, sizeof note->object, "forecast/%s", qk_air_date(date, c->edit.issued));
    qk_buf_printf(&note->detail, "{\"version\":%lld}", (long long)version);
    qk_json_object(&x->json);
    qk_json_ki64(&x->json, "row_version", version);
    if (warning[0]) qk_json_kcstr(&x->json, "warning", warning);
    qk_json_end(&x->json);
}

static qk_code edit_forecast(qk_exchange *x, void *context, qk_db *db, qk_time now,
                             qk_change_note *note, qk_error *err)
{
    const forecast_change *c = context;
    int64_t version = 0;
    QK_TRY(
        tell_refusal(x, qk_forecasts_edit(&version, db, &c->edit, qk_str_of(c->person), now, err)));
    note_change(x, note, "forecast.edit", c, version, "");
    return QK_OK;
}

/* Where the rule in force asks for a warning of the forecast that was signed for, it is proposed
 * with the signature. */
static qk_code propose_warning(char id[QK_WARNING_ID_MAX], qk_exchange *x, const forecast_change *c,
                               qk_db *db, qk_time now, qk_error *err)
{
    qk_rules *rules = NULL;
    QK_TRY(qk_ruleset_load(&rules, db, QK_TIME_NONE, &x->arena, err));
    qk_warning_new what = {.issued = c->edit.issued,
                           .rule = qk_rules_warning_on(rules, c->edit.issued + 1)};
    if (!what.rule) return QK_OK;
    qk_code code = qk_warnings_propose(id, db, &what, QK_STR("system"), now, NULL);
    if (code == QK_EEXIST || code == QK_ENOTFOUND) id[0] = '\0', code = QK_OK;
    return code ? qk_fail(err, code, "the warning could not be proposed") : QK_OK;
}

static qk_code keep_minute(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    const forecast_change *c = context;
    char warning[QK_WARNING_ID_MAX] = "";
    int64_t version = 0;
    QK_TRY(
        tell_refusal(x, qk_forecasts_minute_put(&version, db, c->edit.issued, c->edit.seen, c->text,
                                                c->sign, qk_str_of(c->person), now, err)));
    if (c->sign) QK_TRY(propose_warning(warning, x, c, db, now, err));
    note_change(x, note, c->sign ? "forecast.sign" : "forecast.minute", c, version, warning);
    return QK_OK;
}

/* What both changes say: which day of issue, which version was seen, who. */
static qk_code read_change(forecast_change *c, qk_exchange *x, const qk_json_value *body,
                           qk_error *err)
{
    qk_time issued = 0;
    *c = (forecast_change){.edit = {.place = qk_json_get_str(body, "place"), .seen = -1}};
    if (!c->edit.place.len) c->edit.place = QK_STR("county");
    if (qk_time_parse(&issued, qk_json_get_str(body, "issued")) != QK_OK)
        return qk_refuse(x, err, 400, "bad_body", "issued", "'issued' is a date");
    c->edit.issued = qk_day_number(issued);
    if (!qk_json_get_i64(body, "row_version", &c->edit.seen) || c->edit.seen < 0)
        return qk_refuse(x, err, 400, "bad_body", "row_version",
                         "row_version must say which version was seen; 0 = none");
    return qk_air_person(c->person, x, body, false, err);
}

qk_code qk_api_forecast_edit(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"place", "issued", "row_version", "reason",
                                          "days",  "person", NULL};
    const qk_json_value *body = NULL;
    forecast_change c;
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_change(&c, x, body, err));
    c.edit.reason = qk_json_get_str(body, "reason");
    c.edit.days = qk_json_get(body, "days");
    if (!c.edit.days || c.edit.days->type != QK_JSON_ARRAY)
        return qk_refuse(x, err, 400, "bad_body", "days", "'days' is a list");
    return qk_change_run(x, edit_forecast, &c, err);
}

qk_code qk_api_forecast_minute(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"issued", "row_version", "text", "sign", "person", NULL};
    const qk_json_value *body = NULL;
    forecast_change c;
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_change(&c, x, body, err));
    c.text = qk_json_get_str(body, "text");
    c.sign = qk_json_get_bool(body, "sign", false);
    return qk_change_run(x, keep_minute, &c, err);
}

static qk_code publish_forecast(qk_exchange *x, void *context, qk_db *db, qk_time now,
                                qk_change_note *note, qk_error *err)
{
    forecast_change *c = context;
    int64_t version = 0;
    c->edit.issued = qk_day_number(now);
    QK_TRY(qk_forecasts_publish(&version, db, QK_STR("county"), c->edit.issued, true,
                                qk_str_of(c->person), now, err));
    note_change(x, note, "forecast.publish", c, version, "");
    return QK_OK;
}

qk_code qk_api_forecast_publish(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"person", NULL};
    const qk_json_value *body = NULL;
    forecast_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    return qk_change_run(x, publish_forecast, &c, err);
}

/* ---- weather ---- */

typedef struct weather_change {
    qk_str csv;
    qk_forecast_weather_place place, *county; /* NULL = not known */
    const char *form;
    char person[QK_AIR_PERSON_MAX];
} weather_change;

static void put_columns(qk_json_writer *w, const char *columns)
{
    qk_json_key(w, "columns");
    qk_json_array(w);
    for (qk_str rest = qk_str_of(columns); rest.len;) qk_json_str(w, qk_str_cut(&rest, ','));
    qk_json_end(w);
}

static void put_taken(qk_json_writer *w, const qk_forecast_weather_taken *t, const char *form,
                      bool committed)
{
    char date[QK_TIME_TEXT];
    bool any = t->rows > 0;
    qk_json_object(w);
    qk_json_kcstr(w, "form", form);
    qk_json_ki64(w, "rows", (int64_t)t->rows);
    qk_json_ki64(w, "added", (int64_t)t->added);
    qk_json_ki64(w, "kept", (int64_t)t->kept);
    qk_json_ktext(w, "first_issue", any ? qk_air_date(date, t->first_issue) : "");
    qk_json_ktext(w, "last_issue", any ? qk_air_date(date, t->last_issue) : "");
    qk_json_ki64(w, "first_lead", t->first_lead);
    qk_json_ki64(w, "last_lead", t->last_lead);
    put_columns(w, t->columns);
    qk_json_key(w, "committed");
    qk_json_bool(w, committed);
    qk_json_end(w);
}

static qk_code take_weather(qk_exchange *x, void *context, qk_db *db, qk_time now,
                            qk_change_note *note, qk_error *err)
{
    const weather_change *c = context;
    qk_forecast_weather_taken taken;
    QK_TRY(tell_refusal(x, qk_forecasts_weather_csv(&taken, db, c->csv, c->county, false,
                                                    qk_str_of(c->person), now, err)));
    snprintf(note->what, sizeof note->what, "forecast.weather");
    snprintf(note->object, sizeof note->object, "forecast_weather");
    qk_buf_printf(&note->detail, "{\"rows\":%zu}", taken.rows);
    put_taken(&x->json, &taken, c->form, true);
    return QK_OK;
}

static qk_code know_county(weather_change *c, const qk_exchange *x, qk_error *err)
{
    qk_code code = qk_forecasts_weather_county(&c->place, qk_node_registry(x->context->node), err);
    c->county = code == QK_OK ? &c->place : NULL;
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_api_forecast_weather(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"csv", "person", NULL};
    const qk_json_value *body = NULL;
    weather_change c = {.form = "csv"};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    c.csv = qk_json_get_str(body, "csv");
    if (!c.csv.len)
        return qk_refuse(x, err, 400, "bad_body", "csv", "'csv' is a text with a header row");
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    QK_TRY(know_county(&c, x, err));
    return qk_change_run(x, take_weather, &c, err);
}

/* Looked at by a reader; with commit taken as a whole. */
static qk_code look_or_take(qk_exchange *x, weather_change *c, qk_error *err)
{
    qk_forecast_weather_taken taken;
    if (qk_query_given(x, "commit")) return qk_change_run(x, take_weather, c, err);
    QK_TRY(tell_refusal(
        x, qk_forecasts_weather_csv(&taken, x->tools->db, c->csv, c->county, true, QK_STR(""),
                                    qk_clock_now(qk_node_clock(x->context->node)), err)));
    put_taken(&x->json, &taken, c->form, false);
    return QK_OK;
}

qk_code qk_api_forecast_weather_file(qk_exchange *x, qk_error *err)
{
    weather_change c = {.form = qk_weather_bytes_known(x->body) ? "grid" : "csv"};
    qk_str name = qk_query_str(x, "name");
    char where[100];
    qk_buf csv;
    if (x->body.len == 0) return qk_refuse(x, err, 400, "bad_body", NULL, "the body is the file");
    qk_str_copy(where, sizeof where, name.len ? name : QK_STR("file"));
    qk_str_copy(c.person, sizeof c.person, qk_str_of(x->who));
    QK_TRY(know_county(&c, x, err));
    qk_buf_init(&csv, WEATHER_CSV_MAX);
    qk_code code = qk_forecasts_weather_days(&csv, x->body, where, c.county, err);
    c.csv = qk_buf_str(&csv);
    if (code == QK_EFULL) x->status = 422;
    code = code == QK_OK ? look_or_take(x, &c, err) : tell_refusal(x, code);
    if (code == QK_EFORMAT || code == QK_EFULL) x->error_code = "bad_file";
    qk_buf_clear(&csv);
    return code;
}
