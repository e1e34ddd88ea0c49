/* SPDX-License-Identifier: Apache-2.0 */
/* Daily values of past years: what was imported, and importing. */
#include "domain/airpast.h"
#include "web/air_figures.h"
#include "web/api.h"
#include "web/change.h"

qk_code qk_api_air_history(qk_exchange *x, qk_error *err)
{
    qk_airpast_import *imports;
    qk_json_writer *w = &x->json;
    char date[QK_TIME_TEXT];
    size_t n = 0;
    QK_TRY(qk_airpast_imports(&imports, &n, x->tools->db, &x->arena, err));
    qk_json_object(w);
    qk_json_key(w, "items");
    qk_json_array(w);
    for (size_t i = 0; i < n; i++) {
        qk_json_object(w);
        qk_json_ki64(w, "id", imports[i].id);
        qk_json_kcstr(w, "source", imports[i].source);
        qk_json_ki64(w, "rows", imports[i].rows);
        qk_json_kcstr(w, "from", qk_air_date(date, imports[i].from_day));
        qk_json_kcstr(w, "to", qk_air_date(date, imports[i].to_day));
        qk_json_ktime(w, "recorded_at", imports[i].recorded_at);
        qk_json_kcstr(w, "recorded_by", imports[i].recorded_by);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_ki64(w, "total", (int64_t)n);
    qk_json_end(w);
    return QK_OK;
}

typedef struct history_change {
    qk_str csv, source;
    char person[QK_AIR_PERSON_MAX];
} history_change;

static qk_code take_history(qk_exchange *x, void *context, qk_db *db, qk_time now,
                            qk_change_note *note, qk_error *err)
{
    const history_change *c = context;
    size_t rows = 0;
    qk_code code = qk_airpast_csv(&rows, db, qk_node_registry(x->context->node), c->csv, c->source,
                                  qk_str_of(c->person), now, err);
    if (code == QK_EFORMAT || code == QK_EINVAL) x->status = 422;
    QK_TRY(code);
    snprintf(note->what, sizeof note->what, "air.history");
    snprintf(note->object, sizeof note->object, "air_import");
    qk_buf_printf(&note->detail, "{\"rows\":%zu}", rows);
    qk_json_object(&x->json);
    qk_json_ki64(&x->json, "rows", (int64_t)rows);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_air_history_post(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"csv", "source", "person", NULL};
    const qk_json_value *body = NULL;
    history_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    c.csv = qk_json_get_str(body, "csv");
    c.source = qk_json_get_str(body, "source");
    if (!c.csv.len)
        return qk_refuse(x, err, 400, "bad_body", "csv", "'csv' is a text with a header row");
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    return qk_change_run(x, take_history, &c, err);
}
