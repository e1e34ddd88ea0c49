/* SPDX-License-Identifier: Apache-2.0 */
/* Source apportionment: runs are started, watched, stopped and read. */
#include "domain/setting.h"
#include "web/api.h"
#include "web/change.h"
#include "web/runs.h"
#include <math.h>

enum { SPAN_DAYS = 30 };

static void put_info(qk_json_writer *w, const qk_apportion_info *r)
{
    qk_json_ki64(w, "id", r->id);
    qk_json_kcstr(w, "state", qk_apportion_state_name(r->state));
    qk_json_ki64(w, "per_mille", r->per_mille);
    qk_json_ktime(w, "at", r->at);
    qk_json_ktime(w, "ended", r->ended);
    qk_json_kcstr(w, "who", r->who);
    qk_json_kcstr(w, "title", r->title);
    qk_json_ktext(w, "site", r->site);
    qk_json_ktime(w, "from", r->from);
    qk_json_ktime(w, "to", r->to);
    qk_json_kcstr(w, "input", r->input);
    qk_json_kcstr(w, "program", r->program);
    qk_json_ki64(w, "form", r->form);
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
    size_t n = 0;
    qk_apportion_info *list = qk_arena_array(&x->arena, QK_APPORTION_LIST, sizeof *list);
    if (!list) return qk_fail(err, QK_ENOMEM, "no memory for the runs");
    QK_TRY(qk_apportion_list(list, &n, x->tools->db, err));
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) {
        qk_runs_tell(x->context->runs, &list[i]);
        qk_json_object(&x->json);
        put_info(&x->json, &list[i]);
        qk_json_end(&x->json);
    }
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    return QK_OK;
}

/* report may be NULL. */
static qk_code read_run(qk_exchange *x, qk_apportion_info *info, qk_buf *report, qk_error *err)
{
    int64_t id = 0;
    if (qk_parse_i64(&id, x->args[0]) != QK_OK)
        return qk_fail(err, QK_ENOTFOUND, "there is no run of this number");
    QK_TRY(qk_apportion_kept(info, report, x->tools->db, id, err));
    qk_runs_tell(x->context->runs, info);
    return QK_OK;
}

qk_code qk_api_receptor_run(qk_exchange *x, qk_error *err)
{
    qk_apportion_info info = {0};
    qk_buf report;
    qk_buf_init(&report, QK_APPORTION_REPORT);
    qk_code code = read_run(x, &info, &report, err);
    if (code == QK_OK) {
        qk_json_object(&x->json);
        put_info(&x->json, &info);
        qk_json_key(&x->json, "result");
        if (report.len)
            qk_json_raw(&x->json, qk_buf_str(&report));
        else
            qk_json_null(&x->json);
        qk_json_end(&x->json);
    }
    qk_buf_clear(&report);
    return code;
}

qk_code qk_api_receptor_run_delete(qk_exchange *x, qk_error *err)
{
    qk_apportion_info info = {0};
    QK_TRY(read_run(x, &info, NULL, err));
    /* One that has just ended is over, which is what was asked for. */
    bool stopped = qk_runs_cancel(x->context->runs, info.id) == QK_OK;
    qk_json_object(&x->json);
    qk_json_ki64(&x->json, "id", info.id);
    qk_json_kbool(&x->json, "stopped", stopped);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_receptor_docx(qk_exchange *x, qk_error *err)
{
    qk_apportion_info info = {0};
    qk_json_value *report = NULL;
    qk_buf text;
    qk_buf_init(&text, QK_APPORTION_REPORT);
    qk_code code = read_run(x, &info, &text, err);
    if (code == QK_OK && !text.len)
        code = qk_refuse(x, err, 409, "conflict", NULL, "the run has no report");
    if (code == QK_OK) code = qk_json_parse(&report, qk_buf_str(&text), &x->arena, err);
    if (code == QK_OK) code = qk_apportion_docx(&x->out, &info, report, err);
    x->content_type = QK_TYPE_DOCX;
    snprintf(x->filename, sizeof x->filename, "receptor-%lld.docx", (long long)info.id);
    qk_buf_clear(&text);
    return code;
}

/* ---- the library ---- */

#define LIBRARY "receptor.profiles"

/* sha256 empty when none was set. */
static qk_code library_name(qk_str *sha256, qk_str *text, qk_exchange *x, qk_error *err)
{
    qk_json_value *v = NULL;
    *sha256 = QK_STR("");
    qk_code code = qk_setting_text(text, x->tools->db, LIBRARY, &x->arena, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    if (code == QK_OK) code = qk_json_parse(&v, *text, &x->arena, err);
    if (code == QK_OK) *sha256 = qk_json_get_str(v, "sha256");
    return code;
}

qk_code qk_api_receptor_profiles(qk_exchange *x, qk_error *err)
{
    qk_str sha256, text = {0};
    QK_TRY(library_name(&sha256, &text, x, err));
    if (sha256.len)
        qk_json_raw(&x->json, text);
    else
        qk_json_raw(&x->json, QK_STR("{\"sha256\":null,\"sources\":0,\"species\":0}"));
    return QK_OK;
}

typedef struct library_change {
    qk_file_id file;
    size_t sources, species;
} library_change;

static qk_code keep_library(qk_exchange *x, void *context, qk_db *db, qk_time now,
                            qk_change_note *note, qk_error *err)
{
    const library_change *c = context;
    char value[200];
    qk_file_use use = {
        .size = c->file.size, .taken_at = QK_TIME_NONE, .lon = NAN, .lat = NAN, .recorded_at = now};
    snprintf(use.object, sizeof use.object, LIBRARY);
    snprintf(use.name, sizeof use.name, "profiles.csv");
    qk_str_copy(use.recorded_by, sizeof use.recorded_by, qk_str_of(x->who));
    QK_TRY(qk_file_attach(db, &use, &c->file, err));
    snprintf(value, sizeof value, "{\"sha256\":\"%s\",\"sources\":%zu,\"species\":%zu}",
             c->file.sha256, c->sources, c->species);
    QK_TRY(qk_setting_put(db, LIBRARY, qk_str_of(value), -1, qk_str_of(x->who), now, err));
    snprintf(note->what, sizeof note->what, LIBRARY);
    snprintf(note->object, sizeof note->object, "setting/" LIBRARY);
    qk_buf_puts(&note->detail, value);
    qk_json_raw(&x->json, qk_str_of(value));
    return QK_OK;
}

qk_code qk_api_receptor_profiles_post(qk_exchange *x, qk_error *err)
{
    library_change c = {0};
    qk_code code = qk_apportion_library_check(&c.sources, &c.species, x->body, err);
    if (code == QK_EFORMAT || code == QK_EFULL)
        return qk_refuse(x, err, 422, "bad_file", NULL, "%s", err->message);
    QK_TRY(code);
    QK_TRY(qk_files_put(qk_node_files(x->context->node), &c.file, x->body.ptr, x->body.len, err));
    return qk_change_run(x, keep_library, &c, err);
}

/* A library that cannot be read any more hinders no run. */
static qk_code lay_library(qk_exchange *x, qk_apportion_record *record, qk_error *err)
{
    qk_str sha256, text = {0};
    char name[QK_SHA256_TEXT];
    qk_buf csv;
    QK_TRY(library_name(&sha256, &text, x, err));
    if (!sha256.len) return QK_OK;
    qk_str_copy(name, sizeof name, sha256);
    qk_buf_init(&csv, 16 << 20);
    qk_code code = qk_files_read(qk_node_files(x->context->node), &csv, name, err);
    if (code == QK_OK) code = qk_apportion_library_lay(record, qk_buf_str(&csv), err);
    qk_buf_clear(&csv);
    return code == QK_ENOMEM ? code : QK_OK;
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

static qk_code read_station(qk_exchange *x, qk_apportion_record *record, qk_apportion_info *info,
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
    qk_str_copy(info->site, sizeof info->site, qk_str_of(site.id));
    info->from = qk_floor_hour(begin);
    info->to = qk_floor_hour(end);
    return qk_apportion_read_station(record, r, x->tools->reader, &site, qk_floor_hour(begin),
                                     qk_floor_hour(end), &x->arena, err);
}

static qk_code read_record(qk_exchange *x, qk_apportion_record *record, qk_apportion_info *info,
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
    qk_apportion_info info = {.at = qk_clock_now(qk_node_clock(x->context->node)),
                              .from = QK_TIME_NONE,
                              .to = QK_TIME_NONE};
    int64_t id = 0;
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_options(x, &info.options, body, err));
    QK_TRY(read_record(x, &record, &info, body, err));
    qk_str_copy(info.who, sizeof info.who, qk_str_of(x->who));
    if (record.samples <= info.options.factors || record.species < info.options.factors) {
        qk_apportion_clear(&record);
        return qk_refuse(x, err, 422, "bad_file", "factors", "more factors than species");
    }
    qk_code laid = lay_library(x, &record, err);
    if (laid != QK_OK) {
        qk_apportion_clear(&record);
        return laid;
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
