/* SPDX-License-Identifier: Apache-2.0 */
/* A reviewed plan becomes obligations and duties. */
#include "base/map.h"
#include "domain/airtarget.h"
#include "domain/deptplan.h"
#include "domain/duties_private.h"
#include "domain/measure.h"
#include "domain/plans.h"
#include "domain/projects.h"
#include "domain/setting.h"
#include "domain/year.h"
#include <stdio.h>

enum { NAMES_MAX = 4096, UNRESOLVED_MAX = 200, ITEMS_MAX = QK_PLAN_ITEMS_MAX };
#define NONE INT32_MIN

typedef struct item {
    qk_str path, kind;
    const qk_json_value *data, *places;
} item;

typedef struct issuing {
    qk_node *node;
    qk_db *db;
    qk_registry *registry;
    qk_str plan, by;
    qk_time now;
    int32_t first_day, last_day; /* of the plan's period */
    qk_arena *arena;
    item *items;
    size_t item_n;
    qk_map *by_path;
    qk_str text;
    const uint32_t *at; /* byte of each code point of the text */
    size_t points;
    bool full; /* a text did not fit into the arena: nothing may be issued */
    qk_issued *out;
    qk_error *err;
} issuing;

/* ---- what was reviewed ---- */

static qk_str keep(issuing *k, qk_str s)
{
    char *copy = qk_arena_copy(k->arena, s.ptr ? s.ptr : "", s.len);
    if (!copy) k->full = true;
    return (qk_str){copy ? copy : "", copy ? s.len : 0};
}

static qk_code read_item(issuing *k, sqlite3_stmt *s)
{
    qk_json_value *data = NULL, *places = NULL;
    item *i = &k->items[k->item_n];
    if (k->item_n == ITEMS_MAX) return qk_fail(k->err, QK_EFULL, "a plan of too many items");
    i->path = keep(k, qk_db_text(s, 0));
    i->kind = keep(k, qk_db_text(s, 1));
    QK_TRY(qk_json_parse(&data, keep(k, qk_db_text(s, 2)), k->arena, k->err));
    QK_TRY(qk_json_parse(&places, keep(k, qk_db_text(s, 3)), k->arena, k->err));
    i->data = data;
    i->places = places;
    return qk_map_set(k->by_path, i->path, k->item_n++);
}

static qk_code read_items(issuing *k)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    k->items = qk_arena_array(k->arena, ITEMS_MAX, sizeof *k->items);
    if (!k->items) return qk_fail(k->err, QK_ENOMEM, "no memory for the plan's items");
    QK_TRY(qk_db_prepare(&s, k->db,
                         "SELECT path, kind, data, spans FROM plan_item WHERE plan = ?1 AND state"
                         " <> 'rejected' ORDER BY place",
                         k->err));
    qk_db_bind_str(s, 1, k->plan);
    while ((code = qk_db_step(k->db, s, k->err)) == QK_OK) {
        code = read_item(k, s);
        if (code != QK_OK) break;
    }
    sqlite3_reset(s);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static const item *find_item(const issuing *k, const char *path)
{
    uint64_t at = 0;
    return path && qk_map_get(k->by_path, qk_str_of(path), &at) ? &k->items[at] : NULL;
}

static qk_code index_text(issuing *k)
{
    size_t n = qk_utf8_count(k->text), used = 0, at = 0;
    uint32_t *index = qk_arena_array(k->arena, n + 1, sizeof *index);
    if (!index) return qk_fail(k->err, QK_ENOMEM, "no memory for the plan's text");
    for (size_t i = 0; i < n; i++, at += used) {
        index[i] = (uint32_t)at;
        (void)qk_utf8_next((qk_str){k->text.ptr + at, k->text.len - at}, &used);
    }
    index[n] = (uint32_t)k->text.len;
    k->at = index;
    k->points = n;
    return QK_OK;
}

static qk_code read_text(issuing *k)
{
    char sha256[QK_SHA256_TEXT];
    qk_buf text;
    QK_TRY(qk_plans_text_file(sha256, k->db, k->plan, k->err));
    qk_buf_init(&text, (size_t)64 << 20);
    qk_code code = qk_files_read(qk_node_files(k->node), &text, sha256, k->err);
    if (code == QK_OK) k->text = keep(k, qk_buf_str(&text));
    qk_buf_clear(&text);
    return code == QK_OK ? index_text(k) : code;
}

/* What stands at an item's field, without white space. */
static qk_str quote(issuing *k, const item *i, const char *field)
{
    const qk_json_value *pieces = i ? qk_json_get(i->places, field) : NULL;
    qk_buf out;
    qk_buf_init(&out, 1 << 16);
    for (const qk_json_value *p = pieces ? pieces->first : NULL; p; p = p->next) {
        int64_t from = 0, to = 0;
        if (!p->first || !p->first->next || qk_parse_i64(&from, p->first->text) != QK_OK ||
            qk_parse_i64(&to, p->first->next->text) != QK_OK || from < 0 || to < from ||
            to > (int64_t)k->points)
            continue;
        for (uint32_t b = k->at[from]; b < k->at[to]; b++)
            if (!qk_is_space(k->text.ptr[b])) qk_buf_putc(&out, k->text.ptr[b]);
    }
    if (out.failed) k->full = true;
    qk_str text = keep(k, out.failed ? QK_STR("") : qk_buf_str(&out));
    qk_buf_clear(&out);
    return text;
}

/* ---- rows ---- */

/* What holds a number is given the measure that its words propose. */
static qk_code propose(issuing *k, qk_obligation_new *o, qk_str task)
{
    qk_measure_hint hint = {.kind = qk_str_of(o->kind),
                            .title = o->title,
                            .text = o->text,
                            .unit = o->unit,
                            .every = o->every,
                            .task = task};
    QK_TRY(qk_measure_propose(&o->measure, k->db, &hint, k->arena, k->err));
    bool reported = qk_str_find(o->measure, QK_STR("\"reported\""), 0) != SIZE_MAX;
    o->binding = reported ? QK_STR("reported") : QK_STR("proposed");
    return QK_OK;
}

static void bind_day(sqlite3_stmt *s, int index, int32_t day)
{
    if (day != NONE) sqlite3_bind_int64(s, index, day);
}

static void bind_text(sqlite3_stmt *s, int index, qk_str text)
{
    qk_db_bind_str(s, index, text.ptr ? text : QK_STR(""));
}

static qk_code put_obligation(issuing *k, const qk_obligation_new *o)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, k->db,
                         "INSERT INTO obligation (id, plan, path, parent, kind, no, title, text,"
                         " campaign, start_day, due_day, every, op, value, value2, amount_unit,"
                         " measure, binding, state, valid_from, version, recorded_at, recorded_by)"
                         " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
                         " ?15, ?16, ?17, ?18, 'open', ?19, 1, ?19, ?20)",
                         k->err));
    bind_text(s, 1, o->id);
    bind_text(s, 2, k->plan);
    bind_text(s, 3, o->path);
    bind_text(s, 4, o->parent);
    bind_text(s, 5, qk_str_of(o->kind));
    bind_text(s, 6, o->no);
    bind_text(s, 7, o->title);
    bind_text(s, 8, o->text);
    bind_text(s, 9, o->campaign);
    bind_day(s, 10, o->start_day);
    bind_day(s, 11, o->due_day);
    bind_text(s, 12, o->every);
    bind_text(s, 13, o->op);
    bind_text(s, 14, o->value);
    bind_text(s, 15, o->value2);
    bind_text(s, 16, o->unit);
    bind_text(s, 17, o->measure);
    bind_text(s, 18, o->binding.len ? o->binding : QK_STR("none"));
    sqlite3_bind_int64(s, 19, k->now);
    bind_text(s, 20, k->by);
    k->out->obligations++;
    return qk_db_run(k->db, s, k->err);
}

static qk_code put_duty(issuing *k, qk_str obligation, const char *unit, const char *role)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, k->db,
                         "INSERT INTO duty (obligation, unit, role, state, valid_from, version,"
                         " recorded_at, recorded_by) VALUES (?1, ?2, ?3, 'sent', ?4, 1, ?4, ?5)"
                         " ON CONFLICT DO NOTHING",
                         k->err));
    bind_text(s, 1, obligation);
    bind_text(s, 2, qk_str_of(unit));
    bind_text(s, 3, qk_str_of(role));
    sqlite3_bind_int64(s, 4, k->now);
    bind_text(s, 5, k->by);
    QK_TRY(qk_db_run(k->db, s, k->err));
    k->out->duties += sqlite3_changes(qk_db_handle(k->db));
    return QK_OK;
}

/* ---- units ---- */

static void add_names(const qk_json_value *units, qk_str *names, size_t *n)
{
    for (const qk_json_value *u = units ? units->first : NULL; u; u = u->next)
        if (*n < NAMES_MAX && u->text.len) names[(*n)++] = u->text;
}

/* The unit of a field: 商务 of 市场监管、商务等部门 stands for 商务部门. */
static bool field_unit(issuing *k, qk_unit *out, qk_str name)
{
    if (qk_people_unit_named(k->registry, out, name)) return true;
    qk_str whole = keep(k, qk_str_of(qk_arena_printf(k->arena, "%.*s部门", QK_STR_ARG(name))));
    return qk_people_unit_named(k->registry, out, whole);
}

static void add_field_names(issuing *k, const qk_json_value *units, qk_str *names, size_t *n)
{
    qk_unit known;
    for (const qk_json_value *u = units ? units->first : NULL; u; u = u->next)
        if (*n < NAMES_MAX && u->text.len && !field_unit(k, &known, u->text))
            names[(*n)++] = u->text;
}

static void collect_names(const issuing *k, qk_str *names, size_t *n)
{
    for (size_t i = 0; i < k->item_n; i++) {
        const item *it = &k->items[i];
        if (qk_str_eq(it->kind, QK_STR("units")) && !qk_str_ends(it->path, QK_STR(".people")))
            add_names(it->data, names, n);
    }
}

/* Those of the fields that no unit answers to once all units of duties are there. */
static void collect_field_names(issuing *k, qk_str *names, size_t *n)
{
    for (size_t i = 0; i < k->item_n; i++)
        if (qk_str_eq(k->items[i].kind, QK_STR("field")))
            add_field_names(k, qk_json_get(k->items[i].data, "units"), names, n);
}

/* A township of the register that no unit answers for becomes one. */
static qk_code take_townships(issuing *k)
{
    qk_division *divisions = NULL;
    qk_unit *units = NULL;
    size_t n = 0, unit_n = 0;
    QK_TRY(qk_registry_divisions(k->registry, k->arena, &divisions, &n));
    QK_TRY(qk_people_units(k->registry, k->arena, &units, &unit_n));
    for (size_t i = 0; i < n; i++) {
        qk_unit u = {.kind = "township"};
        bool known =
            strcmp(divisions[i].kind, "township") != 0 && strcmp(divisions[i].kind, "zone") != 0;
        for (size_t j = 0; j < unit_n && !known; j++)
            known = strcmp(units[j].division, divisions[i].code) == 0 &&
                    strcmp(units[j].kind, "township") == 0;
        if (known) continue;
        qk_str_copy(u.id, sizeof u.id, qk_str_of(divisions[i].code));
        qk_str_copy(u.name_zh, sizeof u.name_zh, qk_str_of(divisions[i].name_zh));
        qk_str_copy(u.name_en, sizeof u.name_en, qk_str_of(divisions[i].name_en));
        qk_str_copy(u.division, sizeof u.division, qk_str_of(divisions[i].code));
        QK_TRY(qk_people_put_unit(k->registry, &u, 0, k->by, k->now, k->err));
    }
    return QK_OK;
}

static qk_code take_units(issuing *k)
{
    size_t n = 0;
    qk_str *names = qk_arena_array(k->arena, NAMES_MAX, sizeof *names);
    char *source = qk_arena_printf(k->arena, "plan/%.*s", QK_STR_ARG(k->plan));
    if (!names || !source) return qk_fail(k->err, QK_ENOMEM, "no memory for the names of units");
    QK_TRY(take_townships(k));
    collect_names(k, names, &n);
    QK_TRY(qk_people_take_names(k->registry, names, n, qk_str_of(source), k->by, k->now, k->err));
    n = 0;
    collect_field_names(k, names, &n);
    return qk_people_take_names(k->registry, names, n, qk_str_of(source), k->by, k->now, k->err);
}

static void note_unresolved(issuing *k, qk_str name)
{
    for (size_t i = 0; i < k->out->unresolved_n; i++)
        if (qk_str_eq(k->out->unresolved[i], name)) return;
    if (k->out->unresolved_n < UNRESOLVED_MAX) k->out->unresolved[k->out->unresolved_n++] = name;
}

static qk_code put_name(issuing *k, qk_str obligation, qk_str name, const char *role)
{
    qk_unit one, *group = NULL;
    size_t n = 0;
    if (qk_people_unit_named(k->registry, &one, name)) return put_duty(k, obligation, one.id, role);
    QK_TRY(qk_people_group(k->registry, k->arena, name, &group, &n));
    for (size_t i = 0; i < n; i++) QK_TRY(put_duty(k, obligation, group[i].id, role));
    if (n == 0) note_unresolved(k, name);
    return QK_OK;
}

static const char *const roles[] = {"lead", "support", "responsible", "supervise"};

static qk_code put_units(issuing *k, qk_str obligation, const qk_json_value *names,
                         const char *role)
{
    for (const qk_json_value *u = names ? names->first : NULL; u; u = u->next)
        QK_TRY(put_name(k, obligation, u->text, role));
    return QK_OK;
}

static qk_code put_duties(issuing *k, qk_str obligation, qk_str path)
{
    for (size_t r = 0; r < sizeof roles / sizeof roles[0]; r++) {
        const item *units =
            find_item(k, qk_arena_printf(k->arena, "%.*s.%s", QK_STR_ARG(path), roles[r]));
        if (units) QK_TRY(put_units(k, obligation, units->data, roles[r]));
    }
    return QK_OK;
}

/* ---- days ---- */

static int32_t day_in(const qk_json_value *data, const char *name)
{
    qk_time t = 0;
    qk_str text = qk_json_get_str(data, name);
    return text.len && qk_time_parse(&t, text) == QK_OK ? qk_day_number(t) : NONE;
}

static int32_t day_number(int32_t year, int32_t month, int32_t day)
{
    qk_time t = 0;
    qk_civil c = {.year = year, .month = month, .day = day};
    return qk_time_of(&t, &c) == QK_OK ? qk_day_number(t) : 0;
}

/* ---- one task ---- */

typedef struct task {
    const item *at;
    qk_str id, text;
    int32_t due; /* the last of its deadlines, else the plan's end */
} task;

static qk_str id_below(issuing *k, qk_str parent, char letter, size_t index)
{
    char *id = parent.len
                   ? qk_arena_printf(k->arena, "%.*s-%c%zu", QK_STR_ARG(parent), letter, index)
                   : qk_arena_printf(k->arena, "%.*s-%c%zu", QK_STR_ARG(k->plan), letter, index);
    if (!id) k->full = true;
    return qk_str_of(id ? id : "");
}

/* The index in "deadlines[3]" at a path's end. */
static size_t index_of(qk_str path)
{
    size_t open = path.len, n = 0;
    while (open && path.ptr[open - 1] != '[') open--;
    for (; open < path.len && qk_is_digit(path.ptr[open]); open++)
        n = n * 10 + (size_t)(path.ptr[open] - '0');
    return n;
}

typedef qk_code child_fn(issuing *k, const task *t, const item *i, qk_str id);

static qk_code each_child(issuing *k, const task *t, const char *kind, char letter, child_fn *fn)
{
    for (size_t i = 0; i < k->item_n; i++) {
        const item *c = &k->items[i];
        if (!qk_str_eq(c->kind, qk_str_of(kind)) || c->path.len <= t->at->path.len ||
            memcmp(c->path.ptr, t->at->path.ptr, t->at->path.len) != 0 ||
            c->path.ptr[t->at->path.len] != '.')
            continue;
        QK_TRY(fn(k, t, c, id_below(k, t->id, letter, index_of(c->path))));
    }
    return QK_OK;
}

static qk_str number_text(const qk_json_value *data, const char *name)
{
    const qk_json_value *v = qk_json_get(data, name);
    return v && v->type == QK_JSON_NUMBER ? v->text : QK_STR("");
}

/* 每月抽查不少于20%: what recurs is held against each period, not against the year as well. */
static bool recurs(const issuing *k, const task *t, const item *i)
{
    for (size_t n = 0; n < k->item_n; n++) {
        const item *r = &k->items[n];
        if (qk_str_eq(r->kind, QK_STR("recurring")) && qk_str_starts(r->path, t->at->path) &&
            r->path.ptr[t->at->path.len] == '.' &&
            qk_str_eq(qk_json_get_str(r->data, "text"), qk_json_get_str(i->data, "text")) &&
            qk_str_eq(number_text(r->data, "value"), number_text(i->data, "value")))
            return true;
    }
    return false;
}

static qk_code put_indicator(issuing *k, const task *t, const item *i, qk_str id)
{
    if (recurs(k, t, i)) return QK_OK;
    int32_t due = day_in(i->data, "date");
    qk_obligation_new o = {.id = id,
                           .path = i->path,
                           .parent = t->id,
                           .kind = "indicator",
                           .title = qk_json_get_str(i->data, "name"),
                           .text = qk_json_get_str(i->data, "text"),
                           .op = qk_json_get_str(i->data, "op"),
                           .value = number_text(i->data, "value"),
                           .value2 = number_text(i->data, "value2"),
                           .unit = qk_json_get_str(i->data, "unit"),
                           .start_day = k->first_day,
                           .due_day = due == NONE ? t->due : due};
    if (!o.title.len) o.title = o.text;
    QK_TRY(propose(k, &o, t->text));
    return put_obligation(k, &o);
}

static qk_code put_recurring(issuing *k, const task *t, const item *i, qk_str id)
{
    qk_obligation_new o = {.id = id,
                           .path = i->path,
                           .parent = t->id,
                           .kind = "recurring",
                           .title = qk_json_get_str(i->data, "what"),
                           .text = qk_json_get_str(i->data, "text"),
                           .every = qk_json_get_str(i->data, "every"),
                           .op = qk_json_get_str(i->data, "op"),
                           .value = number_text(i->data, "value"),
                           .unit = qk_json_get_str(i->data, "unit"),
                           .start_day = k->first_day,
                           .due_day = k->last_day};
    if (!o.title.len) o.title = o.text;
    QK_TRY(propose(k, &o, t->text));
    return put_obligation(k, &o);
}

static qk_code put_limit(issuing *k, const task *t, const item *i, qk_str id)
{
    qk_obligation_new o = {.id = id,
                           .path = i->path,
                           .parent = t->id,
                           .kind = "limit",
                           .title = qk_json_get_str(i->data, "text"),
                           .text = qk_json_get_str(i->data, "text"),
                           .start_day = day_in(i->data, "start"),
                           .due_day = day_in(i->data, "date")};
    return o.due_day == NONE ? QK_OK : put_obligation(k, &o);
}

static qk_code put_part(issuing *k, const task *t, const item *i, qk_str id)
{
    qk_obligation_new o = {.id = id,
                           .path = i->path,
                           .parent = t->id,
                           .kind = "part",
                           .title = qk_json_get_str(i->data, "text_head"),
                           .start_day = k->first_day,
                           .due_day = t->due};
    QK_TRY(put_obligation(k, &o));
    for (size_t r = 0; r < sizeof roles / sizeof roles[0]; r++)
        QK_TRY(put_units(k, id, qk_json_get(i->data, roles[r]), roles[r]));
    return QK_OK;
}

static qk_code take_due(issuing *k, const task *t, const item *i, qk_str id)
{
    int32_t day = day_in(i->data, "date");
    task *mine = (task *)(uintptr_t)t;
    (void)k, (void)id;
    if (day != NONE && (mine->due == NONE || day > mine->due)) mine->due = day;
    return QK_OK;
}

/* 于5月31日前将本单位实施方案报县环委办备案 */
static bool asks_for_filing(qk_str text)
{
    return qk_str_find(text, QK_STR("方案"), 0) != SIZE_MAX &&
           (qk_str_find(text, QK_STR("备案"), 0) != SIZE_MAX ||
            qk_str_find(text, QK_STR("方案报"), 0) != SIZE_MAX);
}

static qk_code put_task(issuing *k, const item *i, char letter)
{
    bool safeguard = letter == 's';
    task t = {
        .at = i, .id = id_below(k, (qk_str){NULL, 0}, letter, index_of(i->path)), .due = NONE};
    t.text = quote(k, i, "text");
    QK_TRY(each_child(k, &t, "deadline", 'l', take_due));
    bool filing = safeguard && t.due != NONE && asks_for_filing(t.text);
    if (t.due == NONE) t.due = k->last_day;
    qk_obligation_new o = {.id = t.id,
                           .path = i->path,
                           .kind = filing ? "filing" : "task",
                           .no = qk_json_get_str(i->data, "no"),
                           .title = qk_json_get_str(i->data, "title"),
                           .text = t.text,
                           .campaign = qk_json_get_str(i->data, "section"),
                           .start_day = k->first_day,
                           .due_day = t.due};
    QK_TRY(put_obligation(k, &o));
    QK_TRY(put_duties(k, t.id, i->path));
    QK_TRY(each_child(k, &t, "indicator", 'i', put_indicator));
    QK_TRY(each_child(k, &t, "recurring", 'r', put_recurring));
    QK_TRY(each_child(k, &t, "deadline", 'l', put_limit));
    QK_TRY(each_child(k, &t, "part", 'p', put_part));
    return filing ? qk_duties_set_filing_timer(k->node, t.id, t.due, k->err) : QK_OK;
}

/* ---- what is no task ---- */

static qk_code put_target(issuing *k, const item *i)
{
    int64_t year = 0;
    bool has_year = qk_json_get_i64(i->data, "year", &year) && year > 1990 && year < 2200;
    qk_obligation_new o = {.id = id_below(k, (qk_str){NULL, 0}, 'g', index_of(i->path)),
                           .path = i->path,
                           .kind = "target",
                           .title = qk_json_get_str(i->data, "metric"),
                           .text = qk_json_get_str(i->data, "text"),
                           .op = qk_json_get_str(i->data, "op"),
                           .value = number_text(i->data, "value"),
                           .value2 = number_text(i->data, "value2"),
                           .unit = qk_json_get_str(i->data, "unit"),
                           .start_day = k->first_day,
                           .due_day = has_year ? day_number((int32_t)year, 12, 31) : k->last_day};
    QK_TRY(propose(k, &o, QK_STR("")));
    return put_obligation(k, &o);
}

static qk_code put_money(issuing *k, const item *i)
{
    qk_obligation_new o = {.id = id_below(k, (qk_str){NULL, 0}, 'm', index_of(i->path)),
                           .path = i->path,
                           .kind = "money",
                           .title = qk_json_get_str(i->data, "text"),
                           .text = qk_json_get_str(i->data, "text"),
                           .value = number_text(i->data, "amount_yuan"),
                           .unit = QK_STR("元"),
                           .start_day = k->first_day,
                           .due_day = k->last_day};
    return put_obligation(k, &o);
}

/* The works of an annex: as many are to be done as it has rows. */
static qk_code put_annex(issuing *k, const qk_project_table *t, size_t index)
{
    qk_obligation_new o = {
        .id = id_below(k, (qk_str){NULL, 0}, 'j', index),
        .path = t->path,
        .kind = "project",
        .title = t->title,
        .text = t->title,
        .op = QK_STR("=="),
        .value = keep(k, qk_str_of(qk_arena_printf(k->arena, "%lld", (long long)t->projects))),
        .unit = QK_STR("项"),
        .binding = QK_STR("confirmed"),
        .start_day = k->first_day,
        .due_day = k->last_day};
    o.measure = keep(k, qk_str_of(qk_arena_printf(
                            k->arena,
                            "{\"measure\":\"ledger.count\",\"ledger\":\"key_project\",\"where\":["
                            "[\"plan\",\"=\",\"%.*s\"],[\"path\",\"contains\",\"%.*s.\"],"
                            "[\"state\",\"=\",\"done\"]],\"period\":\"all\"}",
                            QK_STR_ARG(k->plan), QK_STR_ARG(t->path))));
    return put_obligation(k, &o);
}

static qk_code put_annexes(issuing *k)
{
    qk_projects_taken taken;
    QK_TRY(qk_projects_take(&taken, k->db, k->plan, k->last_day, k->by, k->now, k->arena, k->err));
    for (size_t i = 0; i < taken.n; i++)
        if (taken.at[i].projects) QK_TRY(put_annex(k, &taken.at[i], i));
    return QK_OK;
}

static bool is(qk_str kind, const char *name)
{
    return qk_str_eq(kind, qk_str_of(name));
}

/* ---- departments' own plans ---- */

enum { OWNERS_MAX = 256, NEAR_POINTS = 80 };

typedef struct owner {
    qk_unit unit;
    const item *at; /* his field */
    bool done;
} owner;

/* Where a field of an item begins in the text, in code points. */
static int64_t point_of(const item *i, const char *field)
{
    const qk_json_value *pieces = qk_json_get(i->places, field);
    int64_t from = -1;
    if (!pieces || !pieces->first || !pieces->first->first ||
        qk_parse_i64(&from, pieces->first->first->text) != QK_OK)
        return -1;
    return from;
}

/* The day printed beside what asks for the plans, else some days after the issue. */
static int32_t own_plan_due(const issuing *k, const item *asks)
{
    int64_t at = point_of(asks, "own_plan"), days = qk_setting_i64(k->db, "year.own_plan_days", 30);
    for (size_t i = 0; i < k->item_n && at >= 0; i++) {
        const item *d = &k->items[i];
        int64_t near = is(d->kind, "deadline") && qk_str_starts(d->path, asks->path) &&
                               d->path.ptr[asks->path.len] == '.'
                           ? point_of(d, "text")
                           : -1;
        int32_t day = near >= 0 ? day_in(d->data, "date") : NONE;
        if (day != NONE && near > at - NEAR_POINTS && near < at + NEAR_POINTS) return day;
    }
    return qk_day_number(k->now) + (int32_t)days;
}

/* The year printed in the name of the plan asked for, else that of the issue within the period. */
static int32_t own_plan_year(const issuing *k, qk_str name)
{
    int32_t first = qk_civil_of(k->first_day * QK_DAY - QK_CST_OFFSET).year;
    int32_t last = qk_civil_of(k->last_day * QK_DAY - QK_CST_OFFSET).year;
    int32_t now = qk_civil_of(k->now).year;
    for (size_t i = 0; i + 4 <= name.len; i++) {
        int64_t year = 0;
        if (qk_parse_i64(&year, (qk_str){name.ptr + i, 4}) == QK_OK && year >= 2000 && year <= 2100)
            return (int32_t)year;
    }
    return now < first ? first : now > last ? last : now;
}

static qk_code find_owners(issuing *k, owner *owners, size_t *n)
{
    for (size_t i = 0; i < k->item_n; i++) {
        const qk_json_value *units =
            is(k->items[i].kind, "field") ? qk_json_get(k->items[i].data, "units") : NULL;
        for (const qk_json_value *u = units ? units->first : NULL; u; u = u->next) {
            owner *o = &owners[*n];
            if (*n == OWNERS_MAX) return qk_fail(k->err, QK_EFULL, "too many departments' fields");
            if (!field_unit(k, &o->unit, u->text)) {
                note_unresolved(k, u->text);
                continue;
            }
            o->at = &k->items[i];
            ++*n;
        }
    }
    return QK_OK;
}

static qk_str joined_names(issuing *k, const qk_json_value *names)
{
    qk_str out = QK_STR("");
    for (const qk_json_value *u = names ? names->first : NULL; u; u = u->next)
        out = qk_str_of(qk_arena_printf(k->arena, "%.*s%s%.*s", QK_STR_ARG(out),
                                        out.len ? "、" : "", QK_STR_ARG(u->text)));
    return out;
}

/* All fields of one department: one filing, one row of the ledger for each. */
static qk_code put_own_plan(issuing *k, const qk_obligation_new *like, owner *owners, size_t n,
                            size_t index)
{
    owner *first = &owners[0];
    qk_obligation_new o = *like;
    int32_t year = qk_civil_of(o.start_day * QK_DAY - QK_CST_OFFSET).year;
    o.id = id_below(k, (qk_str){NULL, 0}, 'd', index);
    o.path = first->at->path;
    for (owner *w = first; w < owners + n; w++) {
        if (w->done || strcmp(w->unit.id, first->unit.id) != 0) continue;
        const qk_json_value *data = w->at->data;
        qk_deptplan_field f = {.plan = k->plan,
                               .unit = qk_str_of(w->unit.id),
                               .field = qk_json_get_str(data, "field"),
                               .check = qk_json_get_str(data, "check"),
                               .with = joined_names(k, qk_json_get(data, "with")),
                               .path = w->at->path,
                               .year = year};
        w->done = true;
        o.text = keep(k, qk_str_of(qk_arena_printf(k->arena, "%.*s%s%.*s", QK_STR_ARG(o.text),
                                                   o.text.len ? "；" : "",
                                                   QK_STR_ARG(qk_json_get_str(data, "text")))));
        QK_TRY(qk_deptplan_put(k->db, &f, k->by, k->now, k->arena, k->err));
    }
    QK_TRY(put_obligation(k, &o));
    QK_TRY(put_duty(k, o.id, first->unit.id, "lead"));
    return qk_duties_set_filing_timer(k->node, o.id, o.due_day, k->err);
}

static qk_code put_own_plans(issuing *k)
{
    const item *asks = NULL;
    size_t n = 0, index = 0;
    for (size_t i = 0; i < k->item_n && !asks; i++)
        if (is(k->items[i].kind, "safeguard") && qk_json_get_str(k->items[i].data, "own_plan").len)
            asks = &k->items[i];
    if (!asks) return QK_OK;
    owner *owners = qk_arena_array(k->arena, OWNERS_MAX, sizeof *owners);
    if (!owners) return qk_fail(k->err, QK_ENOMEM, "no memory for the departments' fields");
    QK_TRY(find_owners(k, owners, &n));
    qk_str title = qk_json_get_str(asks->data, "own_plan");
    qk_obligation_new like = {.kind = "filing",
                              .no = qk_json_get_str(asks->data, "no"),
                              .title = title,
                              .campaign = qk_json_get_str(asks->data, "section"),
                              .start_day = day_number(own_plan_year(k, title), 1, 1),
                              .due_day = own_plan_due(k, asks)};
    for (size_t i = 0; i < n; i++)
        if (!owners[i].done) QK_TRY(put_own_plan(k, &like, owners + i, n - i, index++));
    return QK_OK;
}

static qk_code put_all(issuing *k)
{
    for (size_t i = 0; i < k->item_n; i++) {
        const item *it = &k->items[i];
        if (is(it->kind, "task")) QK_TRY(put_task(k, it, 't'));
        if (is(it->kind, "safeguard")) QK_TRY(put_task(k, it, 's'));
        if (is(it->kind, "target")) QK_TRY(put_target(k, it));
        if (is(it->kind, "penalty")) QK_TRY(put_money(k, it));
    }
    return QK_OK;
}

/* Targets as they were accepted or corrected go to the air. */
static qk_code give_targets(issuing *k)
{
    qk_buf text;
    qk_json_writer w;
    qk_json_value *tree = NULL;
    size_t taken = 0;
    qk_buf_init(&text, 1 << 18);
    qk_json_init(&w, &text);
    qk_json_object(&w);
    for (size_t i = 0; i < k->item_n; i++)
        if (is(k->items[i].kind, "head")) {
            qk_json_key_str(&w, k->items[i].path);
            qk_json_put(&w, k->items[i].data);
        }
    qk_json_key(&w, "targets");
    qk_json_array(&w);
    for (size_t i = 0; i < k->item_n; i++)
        if (is(k->items[i].kind, "target")) qk_json_put(&w, k->items[i].data);
    qk_json_end(&w);
    qk_json_end(&w);
    qk_code code = text.failed ? qk_fail(k->err, text.failed, "no memory for the plan's targets")
                               : qk_json_parse(&tree, qk_buf_str(&text), k->arena, k->err);
    if (code == QK_OK)
        code =
            qk_airtarget_from_tree(&taken, k->db, tree, (qk_str){NULL, 0}, k->by, k->now, k->err);
    qk_buf_clear(&text);
    return code;
}

static qk_code read_period(issuing *k)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, k->db,
                         "SELECT year_from, year_to, (SELECT COUNT(*) FROM obligation WHERE plan ="
                         " ?1) FROM plan WHERE id = ?1",
                         k->err));
    qk_db_bind_str(s, 1, k->plan);
    QK_TRY(qk_db_step(k->db, s, k->err));
    k->first_day = day_number(sqlite3_column_int(s, 0), 1, 1);
    k->last_day = day_number(sqlite3_column_int(s, 1), 12, 31);
    int64_t there = sqlite3_column_int64(s, 2);
    sqlite3_reset(s);
    return there ? qk_fail(k->err, QK_EEXIST, "the plan has its obligations already") : QK_OK;
}

static qk_code issue_plan(issuing *k)
{
    QK_TRY(read_period(k));
    QK_TRY(read_items(k));
    QK_TRY(read_text(k));
    QK_TRY(take_units(k));
    QK_TRY(put_all(k));
    QK_TRY(put_own_plans(k));
    QK_TRY(put_annexes(k));
    QK_TRY(give_targets(k));
    QK_TRY(qk_year_begin(k->node, k->db, k->now, k->err));
    return qk_duties_set_sign_timer(k->node, k->db, k->plan, k->now, k->err);
}

qk_code qk_duties_issue(qk_issued *out, qk_node *node, qk_db *db, qk_str plan, qk_str by,
                        qk_time now, qk_arena *arena, qk_error *err)
{
    issuing k = {.node = node,
                 .db = db,
                 .registry = qk_node_registry(node),
                 .plan = plan,
                 .by = by,
                 .now = now,
                 .arena = arena,
                 .out = out,
                 .err = err};
    *out =
        (qk_issued){.unresolved = qk_arena_array(arena, UNRESOLVED_MAX, sizeof *out->unresolved)};
    if (!out->unresolved) return qk_fail(err, QK_ENOMEM, "no memory for an issue");
    QK_TRY(qk_map_new(&k.by_path, ITEMS_MAX));
    qk_code code = issue_plan(&k);
    if (code == QK_OK && k.full)
        code = qk_fail(err, QK_ENOMEM, "no memory for the issue of a plan");
    qk_map_free(k.by_path);
    return code;
}
