/* SPDX-License-Identifier: Apache-2.0 */
/* Measures, months and bulletins (domain/measure.h, domain/year.h, domain/bulletin.h). */
#include "domain/bulletin.h"
#include "domain/duties.h"
#include "domain/year.h"
#include "web/api.h"
#include "web/change.h"

static qk_time now_of(const qk_exchange *x)
{
    return qk_clock_now(qk_node_clock(x->context->node));
}

static void note_year(qk_change_note *note, const char *what, const qk_exchange *x)
{
    qk_json_writer w;
    snprintf(note->what, sizeof note->what, "%s", what);
    snprintf(note->object, sizeof note->object, "%s/%.*s", what, QK_STR_ARG(x->args[0]));
    qk_json_init(&w, &note->detail);
    qk_json_object(&w);
    if (x->args[1].ptr) qk_json_kstr(&w, "of", x->args[1]);
    if (x->body.len && x->body.len < 8192) {
        qk_json_key(&w, "change");
        qk_json_raw(&w, x->body);
    }
    qk_json_end(&w);
}

static qk_code read_seen(qk_exchange *x, const qk_json_value *body, int64_t *seen, qk_error *err)
{
    if (qk_json_get_i64(body, "row_version", seen) && *seen >= 0) return QK_OK;
    return qk_refuse(x, err, 400, "bad_body", "row_version", "'row_version' is the version seen");
}

/* ---- measures ---- */

qk_code qk_api_measures(qk_exchange *x, qk_error *err)
{
    size_t n = 0;
    const qk_measure_name *all = qk_measure_catalogue(&n);
    (void)err;
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) {
        qk_json_object(&x->json);
        qk_json_kcstr(&x->json, "name", all[i].name);
        qk_json_kcstr(&x->json, "zh", all[i].zh);
        qk_json_kcstr(&x->json, "en", all[i].en);
        qk_json_kcstr(&x->json, "unit", all[i].unit);
        qk_json_end(&x->json);
    }
    qk_json_end(&x->json);
    qk_json_ki64(&x->json, "total", (int64_t)n);
    qk_json_end(&x->json);
    return QK_OK;
}

typedef struct measure_change {
    qk_amendment amendment;
    const qk_json_value *measure; /* NULL = the one that stands */
} measure_change;

static qk_code set_measure(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    measure_change *c = context;
    int64_t version = 0;
    qk_buf text;
    qk_json_writer w;
    qk_buf_init(&text, QK_MEASURE_MAX);
    qk_json_init(&w, &text);
    qk_code code = QK_OK;
    if (c->measure) {
        code = qk_measure_check(db, c->measure, &x->arena, err);
        qk_json_put(&w, c->measure);
        if (code == QK_OK && text.failed)
            code = qk_fail(err, QK_EFORMAT, "a measure of at most %d bytes", QK_MEASURE_MAX);
        c->amendment.measure = qk_buf_str(&text);
    }
    if (code == QK_OK)
        code = qk_duties_amend(&version, db, &c->amendment, qk_str_of(x->who), now, err);
    qk_buf_clear(&text);
    if (code != QK_OK) return code;
    note_year(note, "task.measure", x);
    return qk_duties_write_task(&x->json, db, qk_node_registry(x->context->node), x->args[0], now,
                                &x->arena, err);
}

qk_code qk_api_measure_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", "measure", "binding", NULL};
    const qk_json_value *body = NULL;
    measure_change c = {.amendment = {.obligation = x->args[0],
                                      .valid_from = QK_TIME_NONE,
                                      .keeps_valid_from = true}};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_seen(x, body, &c.amendment.seen, err));
    c.measure = qk_json_get(body, "measure");
    if (c.measure && c.measure->type == QK_JSON_NULL) c.measure = NULL;
    c.amendment.binding = qk_json_get_str(body, "binding");
    if (!c.amendment.binding.len) c.amendment.binding = QK_STR("confirmed");
    if (!qk_str_eq(c.amendment.binding, QK_STR("confirmed")) &&
        !qk_str_eq(c.amendment.binding, QK_STR("reported")))
        return qk_refuse(x, err, 400, "bad_body", "binding", "'binding' is confirmed or reported");
    return qk_change_run(x, set_measure, &c, err);
}

/* ---- months ---- */

qk_code qk_api_months(qk_exchange *x, qk_error *err)
{
    return qk_year_write_months(&x->json, x->tools->db, err);
}

static qk_code read_month(const qk_exchange *x, int32_t *month, qk_error *err)
{
    return qk_month_parse(month, x->args[0])
               ? QK_OK
               : qk_fail(err, QK_ENOTFOUND, "a month is written like 2025-06");
}

static qk_code write_month(qk_exchange *x, qk_db *db, qk_telemetry_reader *reader, int32_t month,
                           qk_str unit, qk_time now, qk_error *err)
{
    qk_measure_ask ask = {.db = db,
                          .registry = qk_node_registry(x->context->node),
                          .reader = reader,
                          .known_at = QK_TIME_NONE,
                          .arena = &x->arena};
    return qk_year_write_month(&x->json, &ask, month, unit, now, err);
}

/* Whoever sees only his own rows is shown those of one of his units. */
static qk_code own_unit(qk_exchange *x, qk_str *unit, qk_error *err)
{
    if (qk_rights_scope(x, QK_ACT_TASK_VIEW) == QK_SCOPE_ALL) return QK_OK;
    if (!unit->len) *unit = qk_str_of(x->actor.unit);
    return qk_rights_need(x, QK_ACT_TASK_VIEW, *unit, err);
}

qk_code qk_api_month(qk_exchange *x, qk_error *err)
{
    int32_t month = 0;
    qk_str unit = qk_query_str(x, "unit");
    QK_TRY(read_month(x, &month, err));
    QK_TRY(own_unit(x, &unit, err));
    return write_month(x, x->tools->db, x->tools->reader, month, unit, now_of(x), err);
}

static qk_code put_report(qk_exchange *x, void *context, qk_db *db, qk_time now,
                          qk_change_note *note, qk_error *err)
{
    const qk_report *r = context;
    int64_t version = 0;
    QK_TRY(qk_year_report(&version, db, r, qk_str_of(x->who), now, err));
    note_year(note, "schedule.report", x);
    qk_json_object(&x->json);
    qk_json_kstr(&x->json, "month", x->args[0]);
    qk_json_kstr(&x->json, "obligation", r->obligation);
    qk_json_kstr(&x->json, "unit", r->unit);
    qk_json_ki64(&x->json, "row_version", version);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_report_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"unit", "value", "text", "row_version", NULL};
    const qk_json_value *body = NULL;
    qk_report r = {.obligation = x->args[1]};
    QK_TRY(read_month(x, &r.month, err));
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_seen(x, body, &r.seen, err));
    r.unit = qk_json_get_str(body, "unit");
    QK_TRY(qk_rights_need(x, QK_ACT_TASK_ANSWER, r.unit, err));
    const qk_json_value *value = qk_json_get(body, "value");
    if (value && value->type == QK_JSON_NUMBER) r.value = value->text;
    r.text = qk_json_get_str(body, "text");
    return qk_change_run(x, put_report, &r, err);
}

static qk_code close_month(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    const int32_t *month = context;
    QK_TRY(qk_year_close_month(x->context->node, db, *month, now, err));
    note_year(note, "schedule.close", x);
    return write_month(x, db, NULL, *month, (qk_str){NULL, 0}, now, err);
}

qk_code qk_api_month_close(qk_exchange *x, qk_error *err)
{
    int32_t month = 0;
    QK_TRY(read_month(x, &month, err));
    return qk_change_run(x, close_month, &month, err);
}

/* ---- bulletins ---- */

qk_code qk_api_bulletins(qk_exchange *x, qk_error *err)
{
    return qk_bulletins_write_list(&x->json, x->tools->db, err);
}

static qk_code read_id(const qk_exchange *x, int64_t *id, qk_error *err)
{
    return qk_parse_i64(id, x->args[0]) == QK_OK
               ? QK_OK
               : qk_fail(err, QK_ENOTFOUND, "bulletins have numbers");
}

qk_code qk_api_bulletin(qk_exchange *x, qk_error *err)
{
    int64_t id = 0;
    QK_TRY(read_id(x, &id, err));
    return qk_bulletin_write_one(&x->json, x->tools->db, id, err);
}

qk_code qk_api_bulletin_text(qk_exchange *x, qk_error *err)
{
    int64_t id = 0;
    QK_TRY(read_id(x, &id, err));
    x->content_type = "text/plain";
    snprintf(x->filename, sizeof x->filename, "bulletin-%lld.txt", (long long)id);
    return qk_bulletin_write_text(&x->out, x->tools->db, id, &x->arena, err);
}

qk_code qk_api_bulletin_docx(qk_exchange *x, qk_error *err)
{
    int64_t id = 0;
    QK_TRY(read_id(x, &id, err));
    x->content_type = QK_TYPE_DOCX;
    snprintf(x->filename, sizeof x->filename, "bulletin-%lld.docx", (long long)id);
    return qk_bulletin_write_docx(&x->out, x->tools->db, id, &x->arena, err);
}

qk_code qk_api_bulletin_xlsx(qk_exchange *x, qk_error *err)
{
    int64_t id = 0;
    QK_TRY(read_id(x, &id, err));
    x->content_type = QK_TYPE_XLSX;
    snprintf(x->filename, sizeof x->filename, "bulletin-%lld.xlsx", (long long)id);
    return qk_bulletin_write_xlsx(&x->out, x->tools->db, id, &x->arena, err);
}

static qk_code draft_bulletin(qk_exchange *x, void *context, qk_db *db, qk_time now,
                              qk_change_note *note, qk_error *err)
{
    const int32_t *month = context;
    int64_t id = 0;
    QK_TRY(qk_bulletin_draft(&id, db, *month, qk_str_of(x->who), now, err));
    note_year(note, "bulletin.draft", x);
    return qk_bulletin_write_one(&x->json, db, id, err);
}

qk_code qk_api_bulletin_post(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"period", NULL};
    const qk_json_value *body = NULL;
    int32_t month = 0;
    QK_TRY(qk_exchange_body(x, members, &body, err));
    if (!qk_month_parse(&month, qk_json_get_str(body, "period")))
        return qk_refuse(x, err, 400, "bad_body", "period", "'period' is a month like 2025-06");
    return qk_change_run(x, draft_bulletin, &month, err);
}

static qk_code issue_bulletin(qk_exchange *x, void *context, qk_db *db, qk_time now,
                              qk_change_note *note, qk_error *err)
{
    const int64_t *id = context;
    QK_TRY(qk_bulletin_issue(db, *id, qk_str_of(x->who), now, err));
    note_year(note, "bulletin.issue", x);
    return qk_bulletin_write_one(&x->json, db, *id, err);
}

qk_code qk_api_bulletin_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"state", NULL};
    const qk_json_value *body = NULL;
    int64_t id = 0;
    QK_TRY(read_id(x, &id, err));
    QK_TRY(qk_exchange_body(x, members, &body, err));
    if (!qk_str_eq(qk_json_get_str(body, "state"), QK_STR("issued")))
        return qk_refuse(x, err, 400, "bad_body", "state", "'state' is issued");
    return qk_change_run(x, issue_bulletin, &id, err);
}
