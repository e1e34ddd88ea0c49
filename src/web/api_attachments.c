/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence: files laid to any object (store/files.h). The object says who may see and add:
 *
 *   report/OBLIGATION/UNIT/2025-12   evidence for a month's report; added while the month is open
 *   filing/OBLIGATION/UNIT           a plan that was filed; added by its own route
 *   case/ID   money/ID   ledger/TYPE/ROW
 *
 * Nothing is ever taken away: what was laid before somebody stays. */
#include "domain/cases.h"
#include "domain/ledger.h"
#include "domain/money.h"
#include "domain/setting.h"
#include "domain/year.h"
#include "web/api.h"
#include "web/change.h"
#include <math.h>

enum { MB = 1024 * 1024, LIST_MAX = 5000, MAX_FILES = 20, MAX_MB = 20, NAME_MAX_BYTES = 200 };

typedef struct object_at {
    qk_str kind, first, second, third;
    char unit[64];
    qk_action view, add;
} object_at;

static bool is(qk_str a, const char *b)
{
    return qk_str_eq(a, qk_str_of(b));
}

/* ---- the object and its unit ---- */

static qk_code unit_of_row(object_at *o, qk_exchange *x, qk_db *db, qk_error *err)
{
    int64_t id = 0;
    qk_ledger_type *type = NULL;
    qk_ledger_row *row = NULL;
    if (qk_parse_i64(&id, o->second) != QK_OK)
        return qk_fail(err, QK_ENOTFOUND, "rows of a ledger have numbers");
    QK_TRY(qk_ledger_type_get(&type, db, o->first, QK_TIME_NONE, &x->arena, err));
    QK_TRY(qk_ledger_get(&row, db, type, id, &x->arena, err));
    qk_str_copy(o->unit, sizeof o->unit, row->unit);
    return QK_OK;
}

/* Which unit the object is of, and by which rights it is seen and added to. */
static qk_code read_object(object_at *o, qk_exchange *x, qk_db *db, qk_str text, qk_error *err)
{
    bool desk = false;
    qk_str rest = text;
    *o = (object_at){.view = QK_ACT_TASK_VIEW, .add = QK_ACT_TASK_ANSWER};
    o->kind = qk_str_cut(&rest, '/');
    o->first = rest.ptr ? qk_str_cut(&rest, '/') : (qk_str){NULL, 0};
    o->second = rest.ptr ? qk_str_cut(&rest, '/') : (qk_str){NULL, 0};
    o->third = rest;
    if ((is(o->kind, "report") || is(o->kind, "filing")) && o->second.len &&
        o->second.len < sizeof o->unit)
        return qk_str_copy(o->unit, sizeof o->unit, o->second), QK_OK;
    if (is(o->kind, "case") && o->first.len) {
        o->view = QK_ACT_CASE_VIEW;
        o->add = QK_ACT_CASE_WORK;
        return qk_case_unit(o->unit, &desk, db, o->first, err);
    }
    if (is(o->kind, "money") && o->first.len) {
        o->view = QK_ACT_MONEY_VIEW;
        return qk_money_unit(o->unit, db, o->first, err);
    }
    if (!is(o->kind, "ledger") || !o->second.len)
        return qk_fail(err, QK_ENOTFOUND, "there is no such object");
    o->view = QK_ACT_LEDGER_VIEW;
    o->add = QK_ACT_LEDGER_WRITE;
    return unit_of_row(o, x, db, err);
}

/* An object that may not be seen is not there. */
static qk_code need_object(object_at *o, qk_exchange *x, qk_db *db, qk_str text, qk_error *err)
{
    QK_TRY(read_object(o, x, db, text, err));
    if (qk_rights_may(x, o->view, qk_str_of(o->unit))) return QK_OK;
    return qk_fail(err, QK_ENOTFOUND, "there is no such object");
}

/* ---- reading ---- */

static void put_file(qk_json_writer *w, const qk_file_use *f)
{
    qk_json_object(w);
    qk_json_ki64(w, "id", f->id);
    qk_json_kcstr(w, "object", f->object);
    qk_json_kcstr(w, "name", f->name);
    qk_json_kcstr(w, "type", f->type);
    qk_json_ki64(w, "size", (int64_t)f->size);
    qk_json_kcstr(w, "sha256", f->sha256);
    qk_json_ktime(w, "recorded_at", f->recorded_at);
    qk_json_kcstr(w, "recorded_by", f->recorded_by);
    qk_json_end(w);
}

static void write_files(qk_exchange *x, const qk_file_use *files, size_t n, bool by_unit)
{
    int64_t total = 0;
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) {
        object_at o;
        if (by_unit && (read_object(&o, x, x->tools->db, qk_str_of(files[i].object), NULL) ||
                        !qk_rights_may(x, o.view, qk_str_of(o.unit))))
            continue;
        put_file(&x->json, &files[i]);
        total++;
    }
    qk_json_end(&x->json);
    qk_json_ki64(&x->json, "total", total);
    qk_json_end(&x->json);
}

static qk_code write_object(qk_exchange *x, qk_db *db, qk_str object, qk_error *err)
{
    qk_file_use *files = NULL;
    size_t n = 0;
    QK_TRY(qk_file_list(db, object, &x->arena, &files, &n, err));
    write_files(x, files, n, false);
    return QK_OK;
}

/* What a pattern is made of has nothing in it that a pattern would read. */
static bool is_plain(qk_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (strchr("*?[]/", s.ptr[i])) return false;
    return s.len > 0;
}

static qk_code write_pattern(qk_exchange *x, qk_str plain, const char *before, const char *after,
                             const char *field, qk_error *err)
{
    qk_file_use *files = NULL;
    size_t n = 0;
    if (!is_plain(plain))
        return qk_refuse(x, err, 400, "bad_parameter", field, "an id without special letters");
    const char *pattern =
        qk_arena_printf(&x->arena, "report/%s%.*s%s", before, QK_STR_ARG(plain), after);
    if (!pattern) return qk_fail(err, QK_ENOMEM, "no memory for a list of files");
    QK_TRY(qk_file_find(x->tools->db, qk_str_of(pattern), LIST_MAX, &x->arena, &files, &n, err));
    write_files(x, files, n, true);
    return QK_OK;
}

qk_code qk_api_attachments(qk_exchange *x, qk_error *err)
{
    object_at o;
    qk_str object = qk_query_str(x, "object"), task = qk_query_str(x, "task");
    qk_str month = qk_query_str(x, "month");
    if (!!object.len + !!task.len + !!month.len != 1)
        return qk_refuse(x, err, 400, "bad_parameter", "object", "an object, a task or a month");
    if (task.len) return write_pattern(x, task, "", "[-/]*", "task", err);
    if (month.len) return write_pattern(x, month, "*/*/", "", "month", err);
    QK_TRY(need_object(&o, x, x->tools->db, object, err));
    return write_object(x, x->tools->db, object, err);
}

/* What the sender called it, with an ending that says what it is. */
static void name_download(char *out, size_t size, const qk_file_use *f)
{
    char ending[QK_FILE_TYPE_MAX + 1];
    size_t n = strlen(f->name), e;
    snprintf(ending, sizeof ending, ".%s", strcmp(f->type, "jpeg") == 0 ? "jpg" : f->type);
    e = strlen(ending);
    bool ends = n > e && qk_str_eq_nocase((qk_str){f->name + n - e, e}, qk_str_of(ending));
    bool long_jpeg = strcmp(f->type, "jpeg") == 0 && n > 5 &&
                     qk_str_eq_nocase((qk_str){f->name + n - 5, 5}, QK_STR(".jpeg"));
    snprintf(out, size, "%s%s", f->name, ends || long_jpeg ? "" : ending);
}

qk_code qk_api_attachment(qk_exchange *x, qk_error *err)
{
    int64_t id = 0;
    qk_file_use f;
    object_at o;
    if (qk_parse_i64(&id, x->args[0]) != QK_OK)
        return qk_fail(err, QK_ENOTFOUND, "files have numbers");
    QK_TRY(qk_file_use_get(x->tools->db, id, &f, err));
    QK_TRY(need_object(&o, x, x->tools->db, qk_str_of(f.object), err));
    qk_buf_reset(&x->out);
    QK_TRY(qk_files_read(qk_node_files(x->context->node), &x->out, f.sha256, err));
    x->content_type = qk_file_media_type(f.type);
    name_download(x->filename, sizeof x->filename, &f);
    return QK_OK;
}

/* ---- adding ---- */

typedef struct adding {
    qk_file_id file;
    qk_str object, name;
} adding;

/* The last part of a path: some browsers send one. */
static qk_str base_name(qk_str name)
{
    for (size_t i = name.len; i > 0; i--)
        if (name.ptr[i - 1] == '/' || name.ptr[i - 1] == '\\')
            return (qk_str){name.ptr + i, name.len - i};
    return name;
}

static qk_code check_report(qk_db *db, const object_at *o, qk_error *err)
{
    qk_report r = {.obligation = o->first, .unit = o->second};
    if (!qk_month_parse(&r.month, o->third))
        return qk_fail(err, QK_ENOTFOUND, "a month is written like 2025-06");
    return qk_year_takes_report(db, &r, err);
}

/* Whether the object takes another file of this person. */
static qk_code check_adding(qk_exchange *x, qk_db *db, qk_str object, qk_error *err)
{
    object_at o;
    int64_t n = 0;
    QK_TRY(need_object(&o, x, db, object, err));
    QK_TRY(qk_rights_need(x, o.add, qk_str_of(o.unit), err));
    if (is(o.kind, "filing"))
        return qk_refuse(x, err, 422, "file_refused", "object", "a plan is filed by its own route");
    if (is(o.kind, "report")) QK_TRY(check_report(db, &o, err));
    QK_TRY(qk_file_count(&n, db, object, err));
    int64_t most = qk_setting_i64(db, "attachment.max_files", MAX_FILES);
    if (n >= most)
        return qk_refuse(x, err, 422, "file_refused", "object", "at most %lld files here",
                         (long long)most);
    return QK_OK;
}

static qk_code put_content(qk_exchange *x, qk_file_id *out, qk_error *err)
{
    static const char *const taken[] = {"pdf", "jpeg", "png", "docx", "xlsx"};
    int64_t most = qk_setting_i64(x->tools->db, "attachment.max_mb", MAX_MB);
    if (x->body.len > (uint64_t)most * MB)
        return qk_refuse(x, err, 413, "file_refused", NULL, "a file of at most %lld MB",
                         (long long)most);
    qk_code code =
        qk_files_put(qk_node_files(x->context->node), out, x->body.ptr, x->body.len, err);
    if (code == QK_EUNSUPPORTED)
        return qk_refuse(x, err, 422, "file_refused", NULL, "%s", err->message);
    if (code) return code;
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (strcmp(out->type, taken[i]) == 0) return QK_OK;
    return qk_refuse(x, err, 422, "file_refused", NULL, "evidence is a %s",
                     "pdf, jpg, png, docx or xlsx");
}

static qk_code add_file(qk_exchange *x, void *context, qk_db *db, qk_time now, qk_change_note *note,
                        qk_error *err)
{
    const adding *a = context;
    qk_file_use use = {.taken_at = QK_TIME_NONE, .lon = NAN, .lat = NAN, .recorded_at = now};
    qk_json_writer w;
    QK_TRY(check_adding(x, db, a->object, err));
    qk_str_copy(use.object, sizeof use.object, a->object);
    qk_str_copy(use.name, sizeof use.name, a->name);
    qk_str_copy(use.recorded_by, sizeof use.recorded_by, qk_str_of(x->who));
    QK_TRY(qk_file_attach(db, &use, &a->file, err));
    snprintf(note->what, sizeof note->what, "file.add");
    snprintf(note->object, sizeof note->object, "%.*s",
             (int)(a->object.len < 60 ? qk_utf8_cut(a->object) : 60), a->object.ptr);
    qk_json_init(&w, &note->detail);
    qk_json_object(&w);
    qk_json_kstr(&w, "name", a->name);
    qk_json_kcstr(&w, "sha256", a->file.sha256);
    qk_json_end(&w);
    return write_object(x, db, a->object, err);
}

qk_code qk_api_attachment_post(qk_exchange *x, qk_error *err)
{
    adding a = {.object = qk_query_str(x, "object"), .name = base_name(qk_query_str(x, "name"))};
    if (x->body.len == 0) return qk_refuse(x, err, 400, "bad_body", NULL, "the body is the file");
    if (!a.name.len) a.name = QK_STR("file");
    /* Looked at before anything is written, so that what is refused fills no disk. */
    QK_TRY(check_adding(x, x->tools->db, a.object, err));
    QK_TRY(put_content(x, &a.file, err));
    return qk_change_run(x, add_file, &a, err);
}
