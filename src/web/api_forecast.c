/* SPDX-License-Identifier: Apache-2.0 */
/* Forecasts: the newest, its versions, how good they were; edits, the minute of consultation, and
 * the weather that they rest on. */
#include "base/csv.h"
#include "domain/airstat.h"
#include "domain/forecasts.h"
#include "web/air_figures.h"
#include "web/api.h"
#include "web/change.h"
#include <stdlib.h>

enum { SCORE_YEARS = 3, WEATHER_ROWS_MAX = 20000 };

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

static qk_code put_public(qk_exchange *x, qk_error *err)
{
    sqlite3_stmt *s;
    qk_json_key(&x->json, "public");
    QK_TRY(qk_db_prepare(&s, x->tools->db,
                         "SELECT period,content,recorded_at FROM bulletin WHERE kind='forecast'"
                         " ORDER BY id DESC LIMIT 1",
                         err));
    qk_code code = qk_db_step(x->tools->db, s, err);
    if (code == QK_ENOTFOUND) {
        qk_json_null(&x->json);
        return QK_OK;
    }
    QK_TRY(code);
    qk_json_object(&x->json);
    qk_json_kstr(&x->json, "date", qk_db_text(s, 0));
    qk_json_key(&x->json, "text");
    qk_json_raw(&x->json, qk_db_text(s, 1));
    qk_json_ktime(&x->json, "issued_at", sqlite3_column_int64(s, 2));
    qk_json_end(&x->json);
    sqlite3_reset(s);
    return QK_OK;
}

qk_code qk_api_forecast(qk_exchange *x, qk_error *err)
{
    int32_t issued = day_of(x, "issued", today_of(x));
    qk_json_object(&x->json);
    qk_json_key(&x->json, "forecast");
    QK_TRY(qk_forecasts_write(&x->json, x->tools->db, place_of(x), issued, err));
    qk_json_key(&x->json, "minute");
    QK_TRY(qk_forecasts_minute_write(&x->json, x->tools->db, issued, err));
    QK_TRY(put_public(x, err));
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_forecast_history(qk_exchange *x, qk_error *err)
{
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    QK_TRY(qk_forecasts_write_history(&x->json, x->tools->db, place_of(x),
                                      day_of(x, "issued", today_of(x) - 1), err));
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- scores ---- */

static qk_code observe(qk_forecast_days *days, qk_exchange *x, qk_str place, int32_t to,
                       qk_error *err)
{
    qk_air_question q;
    qk_air_levels levels = {0};
    QK_TRY(qk_air_asked(&q, x, err));
    QK_TRY(
        qk_forecast_days_init(days, to - SCORE_YEARS * 366, to, qk_rules_aqi_on(q.rules, to), err));
    qk_year *year = qk_arena_alloc(&x->arena, sizeof *year);
    if (!year) return qk_fail(err, QK_ENOMEM, "no memory for a year");
    int32_t first = qk_civil_of((qk_time)days->first_day * QK_DAY).year;
    int32_t last = qk_civil_of((qk_time)to * QK_DAY).year;
    for (int32_t y = first; y <= last; y++) {
        QK_TRY(qk_air_scope_year(year, &levels, &q, place, y, err));
        for (int32_t i = 0; i < year->days; i++) qk_forecast_days_put(days, &year->day[i]);
    }
    return QK_OK;
}

static qk_code put_scores(qk_exchange *x, qk_forecast_score *score, const qk_forecast_days *days,
                          int32_t from, int32_t to, qk_error *err)
{
    qk_forecast_counts counts;
    char date[QK_TIME_TEXT];
    QK_TRY(qk_forecasts_score(score, &counts, x->tools->db, place_of(x), from, to, days, err));
    qk_json_object(&x->json);
    qk_json_kstr(&x->json, "place", place_of(x));
    qk_json_kcstr(&x->json, "from", qk_air_date(date, from));
    qk_json_kcstr(&x->json, "to", qk_air_date(date, to));
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
    int32_t to = day_of(x, "to", today_of(x) - 1), from = day_of(x, "from", to - 364);
    qk_forecast_days days = {0};
    if (from > to) return qk_refuse(x, err, 400, "bad_parameter", "from", "from lies behind to");
    qk_forecast_score *score = calloc(1, sizeof *score);
    qk_code code = score ? observe(&days, x, place_of(x), today_of(x), err)
                         : qk_fail(err, QK_ENOMEM, "scores");
    if (code == QK_OK) code = put_scores(x, score, &days, from, to, err);
    qk_forecast_days_clear(&days);
    free(score);
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
                        const forecast_change *c, int64_t version)
{
    char date[QK_TIME_TEXT];
    snprintf(note->what, sizeof note->what, "%s", what);
    snprintf(note->object, sizeof note->object, "forecast/%s", qk_air_date(date, c->edit.issued));
    qk_buf_printf(&note->detail, "{\"version\":%lld}", (long long)version);
    qk_json_object(&x->json);
    qk_json_ki64(&x->json, "row_version", version);
    qk_json_end(&x->json);
}

static qk_code edit_forecast(qk_exchange *x, void *context, qk_db *db, qk_time now,
                             qk_change_note *note, qk_error *err)
{
    const forecast_change *c = context;
    int64_t version = 0;
    QK_TRY(
        tell_refusal(x, qk_forecasts_edit(&version, db, &c->edit, qk_str_of(c->person), now, err)));
    note_change(x, note, "forecast.edit", c, version);
    return QK_OK;
}

static qk_code keep_minute(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    const forecast_change *c = context;
    int64_t version = 0;
    QK_TRY(
        tell_refusal(x, qk_forecasts_minute_put(&version, db, c->edit.issued, c->edit.seen, c->text,
                                                c->sign, qk_str_of(c->person), now, err)));
    note_change(x, note, c->sign ? "forecast.sign" : "forecast.minute", c, version);
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

/* ---- weather ---- */

typedef struct weather_change {
    qk_str csv;
    char person[QK_AIR_PERSON_MAX];
} weather_change;

typedef struct weather_columns {
    size_t issued, lead, date;
} weather_columns;

static qk_code refuse_cell(qk_csv_reader *csv, size_t column, const char *text, qk_error *err)
{
    qk_fail(err, QK_EFORMAT, "%s", text);
    qk_error_at(err, "csv", qk_csv_line(csv), (uint32_t)column + 1);
    return QK_EFORMAT;
}

static qk_code take_weather_row(qk_db *db, qk_csv_reader *csv, const qk_str *cells,
                                const weather_columns *at, qk_str by, qk_time now, qk_error *err)
{
    qk_time issued;
    int64_t lead;
    if (qk_time_parse(&issued, qk_str_trim(cells[at->issued])) != QK_OK)
        return refuse_cell(csv, at->issued, "no date", err);
    if (qk_parse_i64(&lead, qk_str_trim(cells[at->lead])) != QK_OK || lead < 1 ||
        lead > QK_LAGGED_LEADS)
        return refuse_cell(csv, at->lead, "no lead of 1 to 16 days", err);
    for (size_t c = 0; c < qk_csv_columns(csv); c++) {
        double v;
        qk_str cell = qk_str_trim(cells[c]);
        if (c == at->issued || c == at->lead || c == at->date || qk_csv_missing(cell)) continue;
        if (qk_parse_f64(&v, cell) != QK_OK) return refuse_cell(csv, c, "no number", err);
        QK_TRY(qk_forecasts_weather_put(db, qk_day_number(issued), (int32_t)lead,
                                        qk_csv_header(csv, c), v, by, now, err));
    }
    return QK_OK;
}

static qk_code take_weather_rows(size_t *rows, qk_db *db, qk_csv_reader *csv, qk_str by,
                                 qk_time now, qk_error *err)
{
    const qk_str *cells;
    weather_columns at = {qk_csv_column(csv, "issued"), qk_csv_column(csv, "lead"),
                          qk_csv_column(csv, "date")};
    qk_code code;
    if (at.issued == SIZE_MAX || at.lead == SIZE_MAX)
        return qk_fail(err, QK_EFORMAT, "columns 'issued' and 'lead' are due");
    while ((code = qk_csv_next(csv, &cells, err)) == QK_OK) {
        if (++*rows > WEATHER_ROWS_MAX)
            return qk_fail(err, QK_EFORMAT, "at most %d rows at once", WEATHER_ROWS_MAX);
        QK_TRY(take_weather_row(db, csv, cells, &at, by, now, err));
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code take_weather(qk_exchange *x, void *context, qk_db *db, qk_time now,
                            qk_change_note *note, qk_error *err)
{
    const weather_change *c = context;
    qk_csv_reader *csv = NULL;
    size_t rows = 0;
    qk_code code = qk_csv_open_text(&csv, c->csv, "csv", ',', err);
    if (code == QK_OK) code = take_weather_rows(&rows, db, csv, qk_str_of(c->person), now, err);
    qk_csv_close(csv);
    QK_TRY(tell_refusal(x, code));
    snprintf(note->what, sizeof note->what, "forecast.weather");
    snprintf(note->object, sizeof note->object, "forecast_weather");
    qk_buf_printf(&note->detail, "{\"rows\":%zu}", rows);
    qk_json_object(&x->json);
    qk_json_ki64(&x->json, "rows", (int64_t)rows);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_forecast_weather(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"csv", "person", NULL};
    const qk_json_value *body = NULL;
    weather_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    c.csv = qk_json_get_str(body, "csv");
    if (!c.csv.len)
        return qk_refuse(x, err, 400, "bad_body", "csv", "'csv' is a text with a header row");
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    return qk_change_run(x, take_weather, &c, err);
}
