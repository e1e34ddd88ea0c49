/* SPDX-License-Identifier: Apache-2.0 */
/* What the county takes from elsewhere: transport matrices, response surfaces, elasticities. */
#include "domain/airshed_import.h"
#include "web/api.h"
#include "web/change.h"
#include <stdio.h>

typedef struct import_change {
    qk_airshed_import import;
    qk_file_id file;
    const qk_import *read;
} import_change;

static qk_code take_kind(const qk_exchange *x, qk_import_kind *kind, qk_error *err)
{
    if (qk_import_kind_of(x->args[0], kind)) return QK_OK;
    return qk_fail(err, QK_ENOTFOUND, "kinds are transport, surface and elasticity");
}

static void put_range(qk_json_writer *w, qk_between r)
{
    qk_json_kf64(w, "low", r.low);
    qk_json_kf64(w, "high", r.high);
}

static void put_row(qk_json_writer *w, const qk_import *i, size_t k)
{
    qk_json_object(w);
    if (i->kind == QK_IMPORT_TRANSPORT) {
        qk_json_kcstr(w, "region", i->share[k].region);
        qk_json_kf64(w, "share", i->share[k].share);
        put_range(w, i->share[k].range);
    } else if (i->kind == QK_IMPORT_ELASTICITY) {
        qk_json_kcstr(w, "precursor", qk_precursor_name(i->elasticity[k].precursor));
        put_range(w, i->elasticity[k].range);
        qk_json_kcstr(w, "source", i->elasticity[k].source);
    } else {
        qk_json_ki64(w, "nox", i->term[k].nox);
        qk_json_ki64(w, "so2", i->term[k].so2);
        qk_json_ki64(w, "nh3", i->term[k].nh3);
        qk_json_ki64(w, "voc", i->term[k].voc);
        qk_json_kf64(w, "x", i->term[k].x);
    }
    qk_json_end(w);
}

/* {"kind","rows","groups":[{"place","season","rows":[…]}]} without its braces. */
static void put_rows(qk_json_writer *w, const qk_import *i)
{
    qk_json_kcstr(w, "kind", qk_import_kind_name(i->kind));
    qk_json_ki64(w, "rows", (int64_t)i->rows);
    qk_json_key(w, "groups");
    qk_json_array(w);
    for (size_t g = 0; g < i->groups; g++) {
        qk_json_object(w);
        qk_json_kcstr(w, "place", i->group[g].place);
        qk_json_kcstr(w, "season", i->group[g].season);
        qk_json_key(w, "rows");
        qk_json_array(w);
        for (size_t k = 0; k < i->group[g].count; k++) put_row(w, i, i->group[g].first + k);
        qk_json_end(w);
        qk_json_end(w);
    }
    qk_json_end(w);
}

static qk_code put_import(qk_exchange *x, const qk_airshed_import *i, qk_error *err)
{
    qk_json_writer *w = &x->json;
    qk_import read;
    QK_TRY(qk_airshed_import_read(&read, i, qk_node_files(x->context->node), err));
    qk_json_object(w);
    qk_json_kcstr(w, "name", i->name);
    qk_json_kcstr(w, "source", i->source);
    qk_json_kcstr(w, "sha256", i->sha256);
    qk_json_kcstr(w, "taken_by", i->by);
    qk_json_ktime(w, "taken_at", i->at);
    put_rows(w, &read);
    qk_json_end(w);
    qk_import_clear(&read);
    return QK_OK;
}

qk_code qk_api_airshed_imports(qk_exchange *x, qk_error *err)
{
    qk_json_writer *w = &x->json;
    qk_json_object(w);
    qk_json_key(w, "items");
    qk_json_array(w);
    for (qk_import_kind kind = 0; kind < QK_IMPORT_KINDS; kind++) {
        qk_airshed_import import;
        qk_code code = qk_airshed_import_get(&import, x->tools->db, kind, &x->arena, err);
        if (code == QK_ENOTFOUND) continue;
        if (code == QK_OK) code = put_import(x, &import, err);
        QK_TRY(code);
    }
    qk_json_end(w);
    qk_json_end(w);
    return QK_OK;
}

static void answer(qk_exchange *x, const import_change *c, bool committed)
{
    qk_json_writer *w = &x->json;
    qk_json_object(w);
    qk_json_kbool(w, "committed", committed);
    put_rows(w, c->read);
    qk_json_end(w);
}

static qk_code take_import(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    import_change *c = context;
    c->import.at = now;
    qk_code code = qk_airshed_import_put(db, &c->import, &c->file, err);
    if (code == QK_EINVAL || code == QK_EFULL) x->status = 422;
    QK_TRY(code);
    snprintf(note->what, sizeof note->what, "airshed.import");
    snprintf(note->object, sizeof note->object, "airshed/%s", qk_import_kind_name(c->import.kind));
    qk_buf_printf(&note->detail, "{\"sha256\":\"%s\"}", c->file.sha256);
    answer(x, c, true);
    return QK_OK;
}

static qk_code look_or_take(qk_exchange *x, import_change *c, qk_error *err)
{
    if (!qk_query_given(x, "commit")) {
        answer(x, c, false);
        return QK_OK;
    }
    if (!c->import.source[0])
        return qk_refuse(x, err, 422, "bad_parameter", "source",
                         "the source is missing: who made it");
    QK_TRY(qk_files_put(qk_node_files(x->context->node), &c->file, x->body.ptr, x->body.len, err));
    memcpy(c->import.sha256, c->file.sha256, sizeof c->import.sha256);
    return qk_change_run(x, take_import, c, err);
}

/* Looked at by a reader; with commit taken as a whole. */
qk_code qk_api_airshed_import_post(qk_exchange *x, qk_error *err)
{
    import_change c = {0};
    qk_import read = {0};
    qk_str name = qk_str_trim(qk_query_str(x, "name"));
    QK_TRY(take_kind(x, &c.import.kind, err));
    if (x->body.len == 0) return qk_refuse(x, err, 400, "bad_body", NULL, "the body is the file");
    qk_str_copy(c.import.name, sizeof c.import.name, name.len ? name : QK_STR("file.csv"));
    qk_str_copy(c.import.source, sizeof c.import.source, qk_str_trim(qk_query_str(x, "source")));
    qk_str_copy(c.import.by, sizeof c.import.by, qk_str_of(x->who));
    qk_code code = qk_import_read(&read, c.import.kind, x->body, c.import.name, err);
    if (code == QK_EFORMAT || code == QK_EFULL) {
        x->status = 422;
        x->error_code = "bad_file";
    }
    QK_TRY(code);
    c.read = &read;
    code = look_or_take(x, &c, err);
    qk_import_clear(&read);
    return code;
}

static qk_code drop_import(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    const qk_import_kind *kind = context;
    QK_TRY(qk_airshed_import_drop(db, *kind, qk_str_of(x->who), now, &x->arena, err));
    snprintf(note->what, sizeof note->what, "airshed.import.drop");
    snprintf(note->object, sizeof note->object, "airshed/%s", qk_import_kind_name(*kind));
    qk_json_object(&x->json);
    qk_json_kbool(&x->json, "kept", false);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_airshed_import_delete(qk_exchange *x, qk_error *err)
{
    qk_import_kind kind;
    QK_TRY(take_kind(x, &kind, err));
    return qk_change_run(x, drop_import, &kind, err);
}
