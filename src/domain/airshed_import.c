/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/airshed_import.h"
#include "domain/setting.h"
#include <math.h>
#include <stdio.h>

enum { KEY_MAX = 40, VALUE_MAX = 4096 };

static void make_key(char key[KEY_MAX], qk_import_kind kind)
{
    snprintf(key, KEY_MAX, "airshed.import.%s", qk_import_kind_name(kind));
}

qk_code qk_airshed_import_get(qk_airshed_import *out, qk_db *db, qk_import_kind kind,
                              qk_arena *arena, qk_error *err)
{
    char key[KEY_MAX];
    qk_str text;
    qk_json_value *v = NULL;
    int64_t at = 0;
    make_key(key, kind);
    *out = (qk_airshed_import){.kind = kind};
    QK_TRY(qk_setting_text(&text, db, key, arena, err));
    if (text.len == 0)
        return qk_fail(err, QK_ENOTFOUND, "no %s is in use", qk_import_kind_name(kind));
    QK_TRY(qk_json_parse(&v, text, arena, err));
    qk_str_copy(out->sha256, sizeof out->sha256, qk_json_get_str(v, "file"));
    qk_str_copy(out->name, sizeof out->name, qk_json_get_str(v, "name"));
    qk_str_copy(out->source, sizeof out->source, qk_json_get_str(v, "source"));
    qk_str_copy(out->by, sizeof out->by, qk_json_get_str(v, "by"));
    if (qk_json_get_i64(v, "at", &at)) out->at = at;
    return QK_OK;
}

static qk_code keep(qk_db *db, const qk_airshed_import *i, qk_error *err)
{
    char key[KEY_MAX];
    qk_buf text;
    qk_json_writer w;
    make_key(key, i->kind);
    qk_buf_init(&text, VALUE_MAX);
    qk_json_init(&w, &text);
    qk_json_object(&w);
    qk_json_kcstr(&w, "file", i->sha256);
    qk_json_kcstr(&w, "name", i->name);
    qk_json_kcstr(&w, "source", i->source);
    qk_json_kcstr(&w, "by", i->by);
    qk_json_ki64(&w, "at", i->at);
    qk_json_end(&w);
    qk_code code =
        text.failed ? qk_fail(err, text.failed, "the name or the source is too long")
                    : qk_setting_put(db, key, qk_buf_str(&text), -1, qk_str_of(i->by), i->at, err);
    qk_buf_clear(&text);
    return code;
}

qk_code qk_airshed_import_put(qk_db *db, const qk_airshed_import *i, const qk_file_id *file,
                              qk_error *err)
{
    qk_file_use use = {
        .size = file->size, .taken_at = QK_TIME_NONE, .lon = NAN, .lat = NAN, .recorded_at = i->at};
    if (!i->name[0] || !i->source[0])
        return qk_fail(err, QK_EINVAL, "an import needs its name and its source: who made it");
    snprintf(use.object, sizeof use.object, "airshed/%s", qk_import_kind_name(i->kind));
    memcpy(use.name, i->name, sizeof use.name);
    memcpy(use.recorded_by, i->by, sizeof use.recorded_by);
    QK_TRY(qk_file_attach(db, &use, file, err));
    return keep(db, i, err);
}

qk_code qk_airshed_import_drop(qk_db *db, qk_import_kind kind, qk_str by, qk_time now,
                               qk_arena *arena, qk_error *err)
{
    char key[KEY_MAX];
    qk_airshed_import before;
    make_key(key, kind);
    QK_TRY(qk_airshed_import_get(&before, db, kind, arena, err));
    return qk_setting_put(db, key, QK_STR(""), -1, by, now, err);
}

qk_code qk_airshed_import_read(qk_import *out, const qk_airshed_import *i, const qk_files *files,
                               qk_error *err)
{
    qk_buf text;
    qk_buf_init(&text, QK_AIRSHED_IMPORT_BYTES);
    qk_code code = qk_files_read(files, &text, i->sha256, err);
    if (code == QK_OK) code = qk_import_read(out, i->kind, qk_buf_str(&text), i->name, err);
    qk_buf_clear(&text);
    return code;
}
