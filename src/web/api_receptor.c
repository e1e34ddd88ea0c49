/* SPDX-License-Identifier: Apache-2.0 */
/* Source apportionment: runs are started, watched, stopped and read. */
#include "web/api.h"
#include "web/runs.h"

enum { SPAN_DAYS = 30 };

static void put_info(qk_json_writer *w, const qk_run_info *r)
{
    qk_json_ki64(w, "id", r->id);
    qk_json_kcstr(w, "state", qk_run_state_name(r->state));
    qk_json_ki64(w, "per_mille", r->per_mille);
    qk_json_ktime(w, "at", r->at);
    qk_json_kcstr(w, "who", r->who);
    qk_json_kcstr(w, "title", r->title);
    qk_json_ki64(w, "samples", (int64_t)r->samples);
    qk_json_ki64(w, "species", (int64_t)r->species);
    qk_json_ki64(w, "factors", (int64_t)r->options.factors);
    qk_json_ki64(w, "runs", (int64_t)r->options.runs);
    qk_json_ki64(w, "bootstraps", (int64_t)r->options.bootstraps);
    qk_json_kbool(w, "displacement", r->options.displacement);
    qk_json_kbool(w, "robust", r->options.robust);
    qk_json_kf64(w, "extra", r->options.extra);
    qk_json_ki64(w, "seed", (int64_t)r->options.seed);
    qk_json_ktext(w, "reason", r->reason);
}

qk_code qk_api_receptor_runs(qk_exchange *x, qk_error *err)
{
    qk_run_info *list = qk_arena_array(&x->arena, QK_RUNS, sizeof *list);
    if (!list) return qk_fail(err, QK_ENOMEM, "no memory for the runs");
    size_t n = qk_runs_list(x->context->runs, list);
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) {
        qk_json_object(&x->json);
        put_info(&x->json, &list[i]);
        qk_json_end(&x->json);
    }
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    return QK_OK;
}

static qk_code read_id(qk_exchange *x, int64_t *id, qk_error *err)
{
    if (qk_parse_i64(id, x->args[0]) == QK_OK) return QK_OK;
    return qk_fail(err, QK_ENOTFOUND, "there is no run of this number");
}

qk_code qk_api_receptor_run(qk_exchange *x, qk_error *err)
{
    qk_run_info info;
    qk_buf result;
    int64_t id = 0;
    QK_TRY(read_id(x, &id, err));
    qk_buf_init(&result, QK_RUN_RESULT);
    qk_code code = qk_runs_get(x->context->runs, id, &info, &result);
    if (code == QK_OK) {
        qk_json_object(&x->json);
        put_info(&x->json, &info);
        qk_json_key(&x->json, "result");
        if (result.len)
            qk_json_raw(&x->json, qk_buf_str(&result));
        else
            qk_json_null(&x->json);
        qk_json_end(&x->json);
    }
    qk_buf_clear(&result);
    return code == QK_OK ? QK_OK : qk_fail(err, code, "there is no run of this number");
}

qk_code qk_api_receptor_run_delete(qk_exchange *x, qk_error *err)
{
    int64_t id = 0;
    QK_TRY(read_id(x, &id, err));
    if (qk_runs_cancel(x->context->runs, id) != QK_OK)
        return qk_fail(err, QK_ENOTFOUND, "there is no run of this number");
    qk_json_object(&x->json);
    qk_json_ki64(&x->json, "id", id);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- starting ---- */

static qk_code read_count(qk_exchange *x, size_t *out, const qk_json_value *body, const char *name,
                          int64_t least, int64_t most, qk_error *err)
{
    int64_t n = (int64_t)*out;
    const qk_json_value *v = qk_json_get(body, name);
    if (v && (!qk_json_get_i64(body, name, &n) || n < least || n > most))
        return qk_refuse(x, err, 400, "bad_body", name, "%s is %lld to %lld", name,
                         (long long)least, (long long)most);
    *out = (size_t)n;
    return QK_OK;
}

static qk_code read_options(qk_exchange *x, qk_apportion_options *o, const qk_json_value *body,
                            qk_error *err)
{
    size_t seed = 1;
    *o = (qk_apportion_options){.factors = 5, .runs = 20};
    QK_TRY(read_count(x, &o->factors, body, "factors", 2, 12, err));
    QK_TRY(read_count(x, &o->runs, body, "runs", 1, 100, err));
    QK_TRY(read_count(x, &o->bootstraps, body, "bootstraps", 0, 200, err));
    QK_TRY(read_count(x, &seed, body, "seed", 0, INT32_MAX, err));
    o->seed = seed;
    o->displacement = qk_json_get_bool(body, "displacement", false);
    o->robust = qk_json_get_bool(body, "robust", false);
    if (qk_json_get_f64(body, "extra", &o->extra) && !(o->extra >= 0 && o->extra <= 0.25))
        return qk_refuse(x, err, 400, "bad_body", "extra", "extra is 0 to 0.25");
    return QK_OK;
}

static qk_code read_station(qk_exchange *x, qk_apportion_record *record, qk_run_info *info,
                            const qk_json_value *body, qk_error *err)
{
    const qk_registry *r = qk_node_registry(x->context->node);
    qk_site site;
    qk_str from = qk_json_get_str(body, "from"), to = qk_json_get_str(body, "to");
    qk_time end = info->at, begin;
    if (!qk_registry_site(r, &site, qk_json_get_str(body, "site")))
        return qk_refuse(x, err, 422, "bad_file", "site", "there is no site of this id");
    if (to.len && qk_time_parse(&end, to) != QK_OK)
        return qk_refuse(x, err, 400, "bad_body", "to", "to is no time");
    begin = end - SPAN_DAYS * QK_DAY;
    if (from.len && qk_time_parse(&begin, from) != QK_OK)
        return qk_refuse(x, err, 400, "bad_body", "from", "from is no time");
    if (begin >= end) return qk_refuse(x, err, 400, "bad_body", "from", "from lies behind to");
    qk_str_copy(info->title, sizeof info->title, qk_str_of(site.name_zh));
    return qk_apportion_read_station(record, r, x->tools->reader, &site, qk_floor_hour(begin),
                                     qk_floor_hour(end), &x->arena, err);
}

static qk_code read_record(qk_exchange *x, qk_apportion_record *record, qk_run_info *info,
                           const qk_json_value *body, qk_error *err)
{
    qk_str con = qk_json_get_str(body, "con"), unc = qk_json_get_str(body, "unc");
    qk_str title = qk_json_get_str(body, "title");
    qk_code code = con.len ? qk_apportion_read_csv(record, con, unc, err)
                           : read_station(x, record, info, body, err);
    if (title.len) qk_str_copy(info->title, sizeof info->title, title);
    if (code == QK_EFORMAT || code == QK_EFULL || code == QK_ERANGE)
        return qk_refuse(x, err, 422, "bad_file", NULL, "%s", err->message);
    return code;
}

qk_code qk_api_receptor_run_post(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"con",        "unc",          "site",  "from", "to",
                                          "title",      "factors",      "runs",  "seed", "robust",
                                          "bootstraps", "displacement", "extra", NULL};
    const qk_json_value *body = NULL;
    qk_apportion_record record = {0};
    qk_run_info info = {.at = qk_clock_now(qk_node_clock(x->context->node))};
    int64_t id = 0;
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_options(x, &info.options, body, err));
    QK_TRY(read_record(x, &record, &info, body, err));
    qk_str_copy(info.who, sizeof info.who, qk_str_of(x->who));
    if (record.samples <= info.options.factors || record.species < info.options.factors) {
        qk_apportion_clear(&record);
        return qk_refuse(x, err, 422, "bad_file", "factors", "more factors than species");
    }
    qk_code code = qk_runs_add(&id, x->context->runs, &record, &info, err);
    if (code == QK_EFULL) return qk_refuse(x, err, 409, "busy", NULL, "%s", err->message);
    QK_TRY(code);
    x->status = 202;
    qk_json_object(&x->json);
    qk_json_ki64(&x->json, "id", id);
    qk_json_end(&x->json);
    return QK_OK;
}
