/* SPDX-License-Identifier: Apache-2.0 */
/* The search for made-up data: samples of institutions, findings with what shows them, recording.
 */
#include "base/messages.h"
#include "domain/fraud.h"
#include "domain/labsample.h"
#include "web/air_figures.h"
#include "web/api.h"
#include "web/change.h"

enum { DAYS_DEFAULT = 31, LAB_GIVEN = 10000 };

static qk_time now_of(const qk_exchange *x)
{
    return qk_clock_now(qk_node_clock(x->context->node));
}

/* ---- samples ---- */

static void put_sample(qk_json_writer *w, const qk_lab_sample *s)
{
    qk_json_object(w);
    qk_json_ki64(w, "id", s->id);
    qk_json_kcstr(w, "institution", s->institution);
    qk_json_ktext(w, "person", s->person);
    qk_json_kcstr(w, "report", s->report);
    qk_json_kcstr(w, "point", s->point);
    qk_json_kcstr(w, "item", s->item);
    qk_json_ktime(w, "at", s->at);
    qk_json_ktime(w, "told", s->told);
    qk_json_kstr(w, "value", s->digits);
    qk_json_ktext(w, "unit", s->unit);
    qk_json_ktime(w, "recorded_at", s->recorded_at);
    qk_json_kcstr(w, "recorded_by", s->recorded_by);
    qk_json_end(w);
}

qk_code qk_api_air_lab(qk_exchange *x, qk_error *err)
{
    qk_lab_sample *samples;
    size_t n = 0;
    qk_time to = qk_query_time(x, "to", now_of(x) + 1);
    qk_time from = qk_query_time(x, "from", to - DAYS_DEFAULT * QK_DAY);
    qk_str who = qk_query_str(x, "institution");
    const char *institution = who.len ? qk_arena_copy(&x->arena, who.ptr, who.len) : NULL;
    QK_TRY(qk_lab_samples(&samples, &n, x->tools->db, institution, from, to, &x->arena, err));
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n && i < LAB_GIVEN; i++) put_sample(&x->json, &samples[i]);
    qk_json_end(&x->json);
    qk_json_ki64(&x->json, "total", (int64_t)n);
    qk_json_end(&x->json);
    return QK_OK;
}

typedef struct fraud_change {
    qk_str csv;
    const qk_fraud_case *cases;
    size_t n;
    char person[QK_AIR_PERSON_MAX];
} fraud_change;

static qk_code take_samples(qk_exchange *x, void *context, qk_db *db, qk_time now,
                            qk_change_note *note, qk_error *err)
{
    const fraud_change *c = context;
    size_t rows = 0, fresh = 0;
    qk_code code = qk_lab_csv(&rows, &fresh, db, c->csv, qk_str_of(c->person), now, err);
    if (code == QK_EFORMAT) x->status = 422;
    QK_TRY(code);
    snprintf(note->what, sizeof note->what, "air.lab");
    snprintf(note->object, sizeof note->object, "lab_sample");
    qk_buf_printf(&note->detail, "{\"rows\":%zu,\"fresh\":%zu}", rows, fresh);
    qk_json_object(&x->json);
    qk_json_ki64(&x->json, "rows", (int64_t)rows);
    qk_json_ki64(&x->json, "fresh", (int64_t)fresh);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_air_lab_post(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"csv", "person", NULL};
    const qk_json_value *body = NULL;
    fraud_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    c.csv = qk_json_get_str(body, "csv");
    if (!c.csv.len)
        return qk_refuse(x, err, 400, "bad_body", "csv", "'csv' is a text with a header row");
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    return qk_change_run(x, take_samples, &c, err);
}

/* ---- findings ---- */

static void put_row(qk_json_writer *w, const qk_fraud_row *r)
{
    qk_json_object(w);
    qk_json_ktext(w, "person", r->person);
    qk_json_ktext(w, "report", r->report);
    qk_json_kcstr(w, "point", r->point);
    qk_json_kcstr(w, "item", r->item);
    qk_json_ktime(w, "at", r->at);
    qk_json_ktime(w, "told", r->told);
    qk_json_kcstr(w, "value", r->digits);
    qk_json_end(w);
}

static void put_case(qk_json_writer *w, const qk_fraud_case *c)
{
    char code[64];
    snprintf(code, sizeof code, "fraud.%s", c->pattern);
    qk_json_object(w);
    qk_json_kcstr(w, "finding", c->key);
    qk_json_kcstr(w, "pattern", c->pattern);
    qk_json_kcstr(w, "zh", qk_message(code, QK_ZH));
    qk_json_kcstr(w, "en", qk_message(code, QK_EN));
    qk_json_kcstr(w, "severity", qk_severity_name(c->severity));
    qk_json_kcstr(w, "institution", c->institution);
    qk_json_ktext(w, "site", c->site);
    qk_json_kcstr(w, "item", c->item);
    qk_json_ktime(w, "at", c->at);
    qk_json_key(w, "statistic");
    c->statistic > 0 ? qk_json_fixed(w, c->statistic, 1) : qk_json_null(w);
    qk_json_ki64(w, "total", (int64_t)c->all);
    qk_json_key(w, "rows");
    qk_json_array(w);
    for (size_t i = 0; i < c->n; i++) put_row(w, &c->rows[i]);
    qk_json_end(w);
    qk_json_end(w);
}

static qk_code find_cases(qk_exchange *x, qk_time from, qk_time to, qk_fraud_case **cases,
                          size_t *n, qk_error *err)
{
    const qk_fraud_question q = {.db = x->tools->db,
                                 .registry = qk_node_registry(x->context->node),
                                 .reader = x->tools->reader,
                                 .from = from,
                                 .to = to};
    qk_code code = qk_fraud_find(cases, n, &q, &x->arena, err);
    if (code == QK_EINVAL)
        return qk_refuse(x, err, 400, "bad_parameter", "from", "1 to 92 days, from before to");
    return code;
}

static qk_code put_rule(qk_exchange *x, qk_time to, qk_error *err)
{
    qk_rules *rules;
    QK_TRY(qk_ruleset_load(&rules, x->tools->db, QK_TIME_NONE, &x->arena, err));
    const qk_fraud_rule *rule = qk_rules_fraud_on(rules, qk_day_number(to - 1));
    qk_json_key(&x->json, "rule");
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "name", rule->name);
    qk_json_kcstr(&x->json, "source", rule->source);
    qk_json_kcstr(&x->json, "source_zh", rule->source_zh);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_air_fraud(qk_exchange *x, qk_error *err)
{
    qk_fraud_case *cases;
    size_t n = 0;
    qk_time to = qk_query_time(x, "to", qk_floor_hour(now_of(x)));
    qk_time from = qk_query_time(x, "from", to - DAYS_DEFAULT * QK_DAY);
    QK_TRY(find_cases(x, from, to, &cases, &n, err));
    qk_json_object(&x->json);
    qk_json_ktime(&x->json, "from", from);
    qk_json_ktime(&x->json, "to", to);
    QK_TRY(put_rule(x, to, err));
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) put_case(&x->json, &cases[i]);
    qk_json_end(&x->json);
    qk_json_ki64(&x->json, "total", (int64_t)n);
    qk_json_end(&x->json);
    return QK_OK;
}

static qk_code record_cases(qk_exchange *x, void *context, qk_db *db, qk_time now,
                            qk_change_note *note, qk_error *err)
{
    const fraud_change *c = context;
    size_t fresh = 0;
    QK_TRY(qk_fraud_record(&fresh, c->cases, c->n, db, qk_node_events(x->context->node),
                           qk_str_of(c->person), now, err));
    snprintf(note->what, sizeof note->what, "air.fraud");
    snprintf(note->object, sizeof note->object, "ledger/data_credit");
    qk_buf_printf(&note->detail, "{\"found\":%zu,\"fresh\":%zu}", c->n, fresh);
    qk_json_object(&x->json);
    qk_json_ki64(&x->json, "found", (int64_t)c->n);
    qk_json_ki64(&x->json, "fresh", (int64_t)fresh);
    qk_json_end(&x->json);
    return QK_OK;
}

static qk_code body_time(qk_exchange *x, const qk_json_value *body, const char *name, qk_time *out,
                         qk_error *err)
{
    qk_str text = qk_json_get_str(body, name);
    if (!text.len || qk_time_parse(out, text) == QK_OK) return QK_OK;
    return qk_refuse(x, err, 400, "bad_body", name, "'%s' is a time of ISO 8601", name);
}

qk_code qk_api_air_fraud_post(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"from", "to", "person", NULL};
    const qk_json_value *body = NULL;
    qk_fraud_case *cases;
    fraud_change c = {0};
    qk_time to = qk_floor_hour(now_of(x));
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(body_time(x, body, "to", &to, err));
    qk_time from = to - DAYS_DEFAULT * QK_DAY;
    QK_TRY(body_time(x, body, "from", &from, err));
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    QK_TRY(find_cases(x, from, to, &cases, &c.n, err));
    c.cases = cases;
    return qk_change_run(x, record_cases, &c, err);
}
