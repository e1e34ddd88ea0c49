/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/plan_read.h"
#include "base/map.h"
#include "base/time.h"
#include "domain/plan_file.h"
#include "plan/check.h"
#include "plan/furniture.h"
#include <stdlib.h>

enum {
    ARENA_MAX = 256 << 20,
    COMPILED_MAX = 64 << 20,
    CONTENT_MAX = 1 << 16,
    PIECES_MAX = 64,
    UNITS_MAX = 64,
    UNIT_BYTES = 200
};

/* ---- paths ---- */

static const char *const head_names[] = {"title", "doc_no", "region", "issued", "draft", "period"};
static const char *const unit_names[] = {"lead", "support", "responsible", "people", "supervise"};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

typedef struct list_kind {
    const char *name, *kind;
} list_kind;
static const list_kind top_lists[] = {{"targets", "target"},       {"tasks", "task"},
                                      {"safeguards", "safeguard"}, {"tables", "table"},
                                      {"penalties", "penalty"},    {"systems", "system"}};
static const list_kind task_lists[] = {{"deadlines", "deadline"},
                                       {"indicators", "indicator"},
                                       {"recurring", "recurring"},
                                       {"parts", "part"},
                                       {"fields", "field"}};

/* "name[12]" at the start of *path: cuts it off and gives the name. */
static bool cut_element(qk_str *path, qk_str *name)
{
    int64_t index = 0;
    size_t open = qk_str_find(*path, QK_STR("["), 0), close = qk_str_find(*path, QK_STR("]"), 0);
    if (open == SIZE_MAX || close == SIZE_MAX || close < open + 2 || close - open > 6) return false;
    qk_str digits = {path->ptr + open + 1, close - open - 1};
    if (!qk_is_digit(digits.ptr[0]) || (digits.len > 1 && digits.ptr[0] == '0') ||
        qk_parse_i64(&index, digits) != QK_OK)
        return false;
    *name = (qk_str){path->ptr, open};
    *path = (qk_str){path->ptr + close + 1, path->len - close - 1};
    return true;
}

static const char *kind_in(const list_kind *lists, size_t n, qk_str name)
{
    for (size_t i = 0; i < n; i++)
        if (qk_str_eq(name, qk_str_of(lists[i].name))) return lists[i].kind;
    return NULL;
}

static bool is_word(const char *const *words, size_t n, qk_str name)
{
    for (size_t i = 0; i < n; i++)
        if (qk_str_eq(name, qk_str_of(words[i]))) return true;
    return false;
}

static const char *kind_below(const char *kind, qk_str rest)
{
    qk_str name;
    bool task = strcmp(kind, "task") == 0 || strcmp(kind, "safeguard") == 0;
    if (rest.len < 2 || rest.ptr[0] != '.') return NULL;
    rest = (qk_str){rest.ptr + 1, rest.len - 1};
    if (task && is_word(unit_names, COUNT(unit_names), rest)) return "units";
    if (!cut_element(&rest, &name) || rest.len) return NULL;
    if (task) return kind_in(task_lists, COUNT(task_lists), name);
    return strcmp(kind, "table") == 0 && qk_str_eq(name, QK_STR("rows")) ? "row" : NULL;
}

const char *qk_plan_path_kind(qk_str path)
{
    qk_str name, rest = path;
    if (path.len == 0 || path.len >= QK_PLAN_PATH_MAX) return NULL;
    if (is_word(head_names, COUNT(head_names), path)) return "head";
    if (!cut_element(&rest, &name)) return NULL;
    const char *kind = kind_in(top_lists, COUNT(top_lists), name);
    return kind && rest.len ? kind_below(kind, rest) : kind;
}

/* ---- items out of the compiled plan ---- */

typedef struct itemiser {
    qk_plan_reading *r;
    qk_map *by_path; /* item by its path */
    qk_buf *places;  /* of each item, a list of members without braces */
    qk_error *err;
} itemiser;

static qk_code add_item(itemiser *k, const char *path, const char *kind, qk_buf *data)
{
    qk_plan_reading *r = k->r;
    if (data->failed || !path)
        return qk_fail(k->err, QK_EFULL, "the plan's items need more memory than they may");
    if (r->item_n == QK_PLAN_ITEMS_MAX)
        return qk_fail(k->err, QK_EFULL, "a plan of more than %d items", QK_PLAN_ITEMS_MAX);
    const char *copy = qk_arena_copy(&r->arena, data->ptr, data->len);
    if (!copy) return qk_fail(k->err, QK_ENOMEM, "no memory for the plan's items");
    QK_TRY(qk_map_set(k->by_path, qk_str_of(path), r->item_n));
    r->items[r->item_n++] =
        (qk_plan_item_read){.path = path, .kind = kind, .data = {copy, data->len}};
    qk_buf_reset(data);
    return QK_OK;
}

static qk_code add_value(itemiser *k, const char *path, const char *kind, const qk_json_value *v)
{
    qk_buf data;
    qk_json_writer w;
    qk_buf_init(&data, CONTENT_MAX);
    qk_json_init(&w, &data);
    qk_json_put(&w, v);
    qk_code code = add_item(k, path, kind, &data);
    qk_buf_clear(&data);
    return code;
}

/* An object of those members that are no items by themselves. */
static qk_code add_members(itemiser *k, const char *path, const char *kind, const qk_json_value *v,
                           const char *const *names, size_t n)
{
    qk_buf data;
    qk_json_writer w;
    qk_buf_init(&data, CONTENT_MAX);
    qk_json_init(&w, &data);
    qk_json_object(&w);
    for (const qk_json_value *m = v->first; m; m = m->next)
        if (is_word(names, n, m->name)) {
            qk_json_key_str(&w, m->name);
            qk_json_put(&w, m);
        }
    qk_json_end(&w);
    qk_code code = add_item(k, path, kind, &data);
    qk_buf_clear(&data);
    return code;
}

static qk_code add_list(itemiser *k, const char *before, const char *name, const char *kind,
                        const qk_json_value *list)
{
    size_t i = 0;
    for (const qk_json_value *e = list ? list->first : NULL; e; e = e->next)
        QK_TRY(
            add_value(k, qk_arena_printf(&k->r->arena, "%s%s[%zu]", before, name, i++), kind, e));
    return QK_OK;
}

static qk_code add_tasks(itemiser *k, const char *name, const char *kind, const qk_json_value *list)
{
    static const char *const own[] = {"no", "section", "title", "own_plan"};
    size_t i = 0;
    for (const qk_json_value *t = list ? list->first : NULL; t; t = t->next) {
        const char *path = qk_arena_printf(&k->r->arena, "%s[%zu]", name, i++);
        const char *dot = path ? qk_arena_printf(&k->r->arena, "%s.", path) : NULL;
        if (!dot) return qk_fail(k->err, QK_ENOMEM, "no memory for the plan's items");
        QK_TRY(add_members(k, path, kind, t, own, COUNT(own)));
        for (size_t u = 0; u < COUNT(unit_names); u++) {
            const qk_json_value *units = qk_json_get(t, unit_names[u]);
            if (units)
                QK_TRY(add_value(k, qk_arena_printf(&k->r->arena, "%s%s", dot, unit_names[u]),
                                 "units", units));
        }
        for (size_t l = 0; l < COUNT(task_lists); l++)
            QK_TRY(add_list(k, dot, task_lists[l].name, task_lists[l].kind,
                            qk_json_get(t, task_lists[l].name)));
    }
    return QK_OK;
}

static qk_code add_tables(itemiser *k, const qk_json_value *list)
{
    static const char *const own[] = {"title", "columns", "row_notes"};
    size_t i = 0;
    for (const qk_json_value *t = list ? list->first : NULL; t; t = t->next) {
        const char *path = qk_arena_printf(&k->r->arena, "tables[%zu]", i++);
        const char *dot = path ? qk_arena_printf(&k->r->arena, "%s.", path) : NULL;
        if (!dot) return qk_fail(k->err, QK_ENOMEM, "no memory for the plan's items");
        QK_TRY(add_members(k, path, "table", t, own, COUNT(own)));
        QK_TRY(add_list(k, dot, "rows", "row", qk_json_get(t, "rows")));
    }
    return QK_OK;
}

/* A place belongs to the item with the longest path that it begins with. */
static qk_code place_one(itemiser *k, const qk_json_value *place)
{
    uint64_t item = 0;
    qk_str path = place->name;
    qk_json_writer w;
    while (path.len && !qk_map_get(k->by_path, path, &item)) {
        path.len--;
        while (path.len && path.ptr[path.len] != '.' && path.ptr[path.len] != '[') path.len--;
    }
    if (!path.len) return QK_OK;
    qk_str below = {place->name.ptr + path.len, place->name.len - path.len};
    if (below.len && below.ptr[0] == '.') below = (qk_str){below.ptr + 1, below.len - 1};
    qk_buf *out = &k->places[item];
    if (!out->ceiling) qk_buf_init(out, CONTENT_MAX);
    if (out->len) qk_buf_putc(out, ',');
    qk_json_init(&w, out);
    qk_json_str(&w, below);
    qk_buf_putc(out, ':');
    qk_json_init(&w, out);
    qk_json_put(&w, place);
    return out->failed ? qk_fail(k->err, out->failed, "no memory for the places of items") : QK_OK;
}

static qk_code keep_places(itemiser *k)
{
    for (size_t i = 0; i < k->r->item_n; i++) {
        const qk_buf *b = &k->places[i];
        char *text = qk_arena_printf(&k->r->arena, "{%.*s}", (int)b->len, b->ptr ? b->ptr : "");
        if (!text) return qk_fail(k->err, QK_ENOMEM, "no memory for the places of items");
        k->r->items[i].places = qk_str_of(text);
    }
    return QK_OK;
}

static qk_code take_items(itemiser *k, const qk_json_value *plan)
{
    for (size_t i = 0; i < COUNT(head_names); i++) {
        const qk_json_value *v = qk_json_get(plan, head_names[i]);
        if (v) QK_TRY(add_value(k, head_names[i], "head", v));
    }
    QK_TRY(add_list(k, "", "targets", "target", qk_json_get(plan, "targets")));
    QK_TRY(add_tasks(k, "tasks", "task", qk_json_get(plan, "tasks")));
    QK_TRY(add_tasks(k, "safeguards", "safeguard", qk_json_get(plan, "safeguards")));
    QK_TRY(add_tables(k, qk_json_get(plan, "tables")));
    QK_TRY(add_list(k, "", "penalties", "penalty", qk_json_get(plan, "penalties")));
    QK_TRY(add_list(k, "", "systems", "system", qk_json_get(plan, "systems")));
    const qk_json_value *places = qk_json_get(plan, "spans");
    for (const qk_json_value *p = places ? places->first : NULL; p; p = p->next)
        QK_TRY(place_one(k, p));
    return keep_places(k);
}

static qk_code make_items(qk_plan_reading *r, qk_error *err)
{
    itemiser k = {.r = r, .err = err};
    qk_json_value *plan = NULL;
    qk_code code = qk_json_parse(&plan, qk_buf_str(&r->compiled), &r->arena, err);
    r->items = qk_arena_array(&r->arena, QK_PLAN_ITEMS_MAX, sizeof *r->items);
    k.places = qk_arena_array(&r->arena, QK_PLAN_ITEMS_MAX, sizeof *k.places);
    if (code == QK_OK && (!r->items || !k.places))
        code = qk_fail(err, QK_ENOMEM, "no memory for the plan's items");
    if (code == QK_OK) code = qk_map_new(&k.by_path, QK_PLAN_ITEMS_MAX);
    if (code == QK_OK) code = take_items(&k, plan);
    for (size_t i = 0; k.places && i < r->item_n; i++) qk_buf_clear(&k.places[i]);
    qk_map_free(k.by_path);
    return code;
}

/* ---- findings ---- */

static void put_message(qk_json_writer *w, const char *name, const qk_plan_finding *f, qk_lang lang)
{
    char code[64];
    qk_buf text;
    const qk_message_param params[] = {{"a", f->param[0]}, {"b", f->param[1]}, {"c", f->param[2]}};
    snprintf(code, sizeof code, "plan.check.%s", f->code);
    qk_buf_init(&text, 4096);
    qk_message_put(&text, code, lang, params, QK_FINDING_PARAMS);
    if (text.failed && !w->out->failed) w->out->failed = text.failed;
    qk_json_kstr(w, name, qk_buf_str(&text));
    qk_buf_clear(&text);
}

static void put_evidence(qk_json_writer *w, const qk_plan *plan, qk_span s)
{
    uint32_t piece[PIECES_MAX][2];
    size_t n = qk_plan_places(&plan->text, s, piece, PIECES_MAX);
    qk_json_object(w);
    qk_json_kstr(w, "text", qk_plan_quote(&plan->text, s));
    qk_json_key(w, "spans");
    qk_json_array(w);
    for (size_t i = 0; i < n && i < PIECES_MAX; i++) {
        qk_json_array(w);
        qk_json_u64(w, piece[i][0]);
        qk_json_u64(w, piece[i][1]);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_end(w);
}

static void put_finding(qk_json_writer *w, const qk_plan *plan, const qk_plan_finding *f)
{
    qk_json_object(w);
    qk_json_key(w, "where");
    qk_json_array(w);
    for (uint32_t i = 0; i < f->where_count; i++) qk_json_str(w, f->where[i]);
    qk_json_end(w);
    put_message(w, "message_zh", f, QK_ZH);
    put_message(w, "message_en", f, QK_EN);
    qk_json_key(w, "evidence");
    qk_json_array(w);
    for (uint32_t i = 0; i < f->evidence_count; i++) put_evidence(w, plan, f->evidence[i]);
    qk_json_end(w);
    qk_json_key(w, "arithmetic");
    f->arithmetic.len ? qk_json_str(w, f->arithmetic) : qk_json_null(w);
    qk_json_end(w);
}

static qk_code make_findings(qk_plan_reading *r, qk_plan *plan, qk_error *err)
{
    qk_plan_findings found = {0};
    qk_json_writer w;
    qk_buf text;
    QK_TRY(qk_plan_check(&found, plan, err));
    r->findings = qk_arena_array(&r->arena, found.finding_count + 1, sizeof *r->findings);
    if (!r->findings) return qk_fail(err, QK_ENOMEM, "no memory for the findings");
    qk_buf_init(&text, CONTENT_MAX);
    qk_code code = QK_OK;
    for (uint32_t i = 0; i < found.finding_count && code == QK_OK; i++) {
        qk_buf_reset(&text);
        qk_json_init(&w, &text);
        put_finding(&w, plan, &found.at[i]);
        char *copy = text.failed ? NULL : qk_arena_copy(&r->arena, text.ptr, text.len);
        if (!copy) code = qk_fail(err, QK_EFULL, "a finding is too large");
        r->findings[r->finding_n++] = (qk_plan_finding_read){.code = found.at[i].code,
                                                             .severity = found.at[i].severity,
                                                             .content = {copy, text.len}};
    }
    qk_buf_clear(&text);
    return code;
}

/* ---- all of it ---- */

static qk_str keep_quote(qk_plan_reading *r, const qk_plan *plan, qk_span s)
{
    qk_str q = qk_plan_quote(&plan->text, s);
    char *copy = q.len ? qk_arena_copy(&r->arena, q.ptr, q.len) : NULL;
    return (qk_str){copy ? copy : "", copy ? q.len : 0};
}

static int32_t day_of(int32_t date)
{
    qk_time t = 0;
    qk_civil c = {.year = date / 10000, .month = date / 100 % 100, .day = date % 100};
    return date && qk_time_of(&t, &c) == QK_OK ? qk_day_number(t) : INT32_MIN;
}

static qk_code take_plan(qk_plan_reading *r, qk_plan *plan, qk_error *err)
{
    qk_json_writer w;
    qk_json_init(&w, &r->compiled);
    qk_plan_write(plan, &w, true);
    if (r->compiled.failed)
        return qk_fail(err, r->compiled.failed, "the compiled plan is larger than %d bytes",
                       COMPILED_MAX);
    r->title = keep_quote(r, plan, plan->title);
    r->doc_no = keep_quote(r, plan, plan->doc_no);
    r->region = keep_quote(r, plan, plan->region);
    r->issued = day_of(plan->issued);
    r->year_from = plan->year_from;
    r->year_to = plan->year_to;
    r->draft = plan->draft;
    QK_TRY(make_items(r, err));
    return make_findings(r, plan, err);
}

qk_code qk_plan_reading_make(qk_plan_reading *r, qk_str bytes, const char *name, qk_error *err)
{
    qk_plan *plan = NULL;
    *r = (qk_plan_reading){0};
    qk_arena_init(&r->arena, ARENA_MAX);
    qk_buf_init(&r->text, QK_PLAN_TEXT_MAX + 4096);
    qk_buf_init(&r->compiled, COMPILED_MAX);
    if (bytes.len > QK_PLAN_FILE_MAX)
        return qk_fail(err, QK_EFULL, "a plan's file may have at most %d MiB, this one has %zu",
                       QK_PLAN_FILE_MAX >> 20, bytes.len >> 20);
    QK_TRY(qk_plan_file_text(&r->text, bytes, name, err));
    qk_code code = qk_plan_compile(&plan, qk_buf_str(&r->text), err);
    if (code == QK_OK) code = take_plan(r, plan, err);
    qk_plan_free(plan);
    return code;
}

void qk_plan_reading_clear(qk_plan_reading *r)
{
    qk_buf_clear(&r->text);
    qk_buf_clear(&r->compiled);
    qk_arena_clear(&r->arena);
}

/* ---- the text with its lines ---- */

qk_code qk_plan_text_json(qk_json_writer *w, qk_str text, qk_error *err)
{
    qk_arena arena;
    qk_plan_text t = {0};
    qk_arena_init(&arena, ARENA_MAX);
    qk_code code = qk_plan_text_read(&t, text, &arena, err);
    if (code == QK_OK) {
        qk_plan_furniture_drop(&t);
        qk_json_object(w);
        qk_json_kstr(w, "text", text);
        qk_json_ki64(w, "points", t.points);
        qk_json_key(w, "lines");
        qk_json_array(w);
        for (uint32_t i = 0; i < t.line_count; i++) {
            const qk_plan_line *l = &t.lines[i];
            qk_json_object(w);
            qk_json_ki64(w, "from", l->from);
            qk_json_ki64(w, "to", l->to);
            qk_json_ki64(w, "cells", l->cells);
            qk_json_kbool(w, "furniture", l->dropped);
            qk_json_end(w);
        }
        qk_json_end(w);
        qk_json_end(w);
    }
    qk_arena_clear(&arena);
    return code;
}
