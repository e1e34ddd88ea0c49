/* SPDX-License-Identifier: Apache-2.0 */
/* The plan as JSON. The same walk is made twice: once for the fields, once for where they stand. */
#include "plan/private.h"
#include <stdio.h>

enum { PIECES_MAX = 64, HEAD_CHARS = 12 };

typedef struct walker {
    const qk_plan *p;
    qk_json_writer *w;
    bool places; /* second walk */
    char path[96];
    size_t depth;
} walker;

static void enter(walker *k, const char *name, uint32_t index)
{
    int n = snprintf(k->path + k->depth, sizeof k->path - k->depth, "%s[%u].", name, index);
    if (n > 0) k->depth += (size_t)n;
    if (k->depth >= sizeof k->path) k->depth = sizeof k->path - 1;
    if (!k->places) qk_json_object(k->w);
}

static void leave(walker *k, size_t depth)
{
    k->depth = depth;
    k->path[depth] = 0;
    if (!k->places) qk_json_end(k->w);
}

/* As printed; without memory the whole outcome fails, so that no part goes missing in silence. */
static qk_str quote(walker *k, qk_span s)
{
    qk_str text = qk_plan_quote(&k->p->text, s);
    if (!text.ptr && s.from < s.to && !k->w->out->failed) k->w->out->failed = QK_ENOMEM;
    return text;
}

static void put_place(walker *k, const char *name, qk_span s)
{
    char key[160];
    uint32_t piece[PIECES_MAX][2];
    size_t n = qk_plan_places(&k->p->text, s, piece, PIECES_MAX);
    if (!n) return;
    snprintf(key, sizeof key, "%s%s", k->path, name);
    qk_json_key(k->w, key);
    qk_json_array(k->w);
    for (size_t i = 0; i < n; i++) {
        qk_json_array(k->w);
        qk_json_u64(k->w, piece[i][0]);
        qk_json_u64(k->w, piece[i][1]);
        qk_json_end(k->w);
    }
    qk_json_end(k->w);
}

static void put_span(walker *k, const char *name, qk_span s)
{
    if (k->places)
        put_place(k, name, s);
    else if (s.from < s.to)
        qk_json_kstr(k->w, name, quote(k, s));
    else
        qk_json_knull(k->w, name);
}

static void put_list(walker *k, const char *name, const qk_plan_list *list)
{
    char key[64];
    if (!k->places) {
        qk_json_key(k->w, name);
        qk_json_array(k->w);
    }
    for (uint32_t i = 0; i < list->count; i++) {
        snprintf(key, sizeof key, "%s[%u]", name, i);
        if (k->places)
            put_place(k, key, list->at[i]);
        else
            qk_json_str(k->w, quote(k, list->at[i]));
    }
    if (!k->places) qk_json_end(k->w);
}

static void put_cstr(walker *k, const char *name, const char *text)
{
    if (!k->places) qk_json_kcstr(k->w, name, text);
}

static void put_str(walker *k, const char *name, qk_str text)
{
    if (k->places) return;
    if (text.len)
        qk_json_kstr(k->w, name, text);
    else
        qk_json_knull(k->w, name);
}

static void put_dec(walker *k, const char *name, qk_dec d)
{
    if (k->places) return;
    qk_json_key(k->w, name);
    qk_json_dec(k->w, d);
}

static void put_int(walker *k, const char *name, int64_t v)
{
    if (!k->places) qk_json_ki64(k->w, name, v);
}

static void put_bool(walker *k, const char *name, bool v)
{
    if (!k->places) qk_json_kbool(k->w, name, v);
}

static void put_date(walker *k, const char *name, int32_t date)
{
    char text[24];
    if (k->places) return;
    if (!date) {
        qk_json_knull(k->w, name);
        return;
    }
    snprintf(text, sizeof text, "%04d-%02d-%02d", date / 10000, date / 100 % 100, date % 100);
    qk_json_kcstr(k->w, name, text);
}

static void begin_list(walker *k, const char *name)
{
    if (k->places) return;
    qk_json_key(k->w, name);
    qk_json_array(k->w);
}

static void end_list(walker *k)
{
    if (!k->places) qk_json_end(k->w);
}

static const char *op_text(qk_plan_op op)
{
    static const char *const names[] = {"==", ">=", "<=", ">", "<", "range"};
    return names[op];
}

static void write_targets(walker *k)
{
    begin_list(k, "targets");
    for (uint32_t i = 0; i < k->p->target_count; i++) {
        const qk_plan_target *t = &k->p->targets[i];
        size_t depth = k->depth;
        enter(k, "targets", i);
        if (k->places)
            put_place(k, "metric", t->metric_span);
        else
            put_str(k, "metric", t->metric);
        put_cstr(k, "statistic", t->statistic);
        if (t->months.to) put_span(k, "months", t->months);
        put_cstr(k, "op", op_text(t->n.op));
        put_dec(k, "value", t->n.value);
        if (t->n.op == QK_OP_RANGE) put_dec(k, "value2", t->n.value2);
        if (k->places) put_place(k, "value", t->n.digits);
        put_str(k, "unit", t->n.unit);
        put_int(k, "year", t->year);
        put_span(k, "scope", t->scope);
        put_span(k, "text", t->n.text);
        leave(k, depth);
    }
    end_list(k);
}

static void write_deadlines(walker *k, const qk_plan_task *task)
{
    uint32_t n = 0;
    begin_list(k, "deadlines");
    for (uint32_t i = 0; i < task->deadline_count; i++) {
        const qk_plan_deadline *d = &task->deadlines[i];
        size_t depth = k->depth;
        enter(k, "deadlines", n++);
        put_date(k, "date", d->date);
        if (d->start) put_date(k, "start", d->start);
        put_span(k, "text", d->span);
        leave(k, depth);
    }
    end_list(k);
}

static void put_number_name(walker *k, const qk_plan_number *n)
{
    char joined[512];
    qk_str a, b;
    if (k->places || n->name_tail.to == 0) {
        put_span(k, "name", n->name);
        return;
    }
    a = quote(k, n->name);
    b = quote(k, n->name_tail);
    snprintf(joined, sizeof joined, "%.*s%.*s", QK_STR_ARG(a), QK_STR_ARG(b));
    qk_json_kcstr(k->w, "name", joined);
}

static void write_numbers(walker *k, const qk_plan_task *task)
{
    begin_list(k, "indicators");
    for (uint32_t i = 0; i < task->number_count; i++) {
        const qk_plan_number *n = &task->numbers[i];
        size_t depth = k->depth;
        enter(k, "indicators", i);
        put_number_name(k, n);
        put_cstr(k, "op", op_text(n->op));
        put_dec(k, "value", n->value);
        if (n->op == QK_OP_RANGE) put_dec(k, "value2", n->value2);
        if (k->places) put_place(k, "value", n->digits);
        put_str(k, "unit", n->unit);
        put_span(k, "text", n->text);
        put_date(k, "date", n->date);
        leave(k, depth);
    }
    end_list(k);
}

static void write_recurring(walker *k, const qk_plan_task *task)
{
    begin_list(k, "recurring");
    for (uint32_t i = 0; i < task->recurring_count; i++) {
        const qk_plan_recurring *r = &task->recurring[i];
        size_t depth = k->depth;
        enter(k, "recurring", i);
        put_cstr(k, "every", r->every);
        put_span(k, "what", r->what);
        put_cstr(k, "op", r->measured ? op_text(r->op) : NULL);
        if (r->measured)
            put_dec(k, "value", r->value);
        else if (!k->places)
            qk_json_knull(k->w, "value");
        put_str(k, "unit", r->measured ? r->unit : (qk_str){NULL, 0});
        put_span(k, "text", r->text);
        leave(k, depth);
    }
    end_list(k);
}

static const char *const role_names[QK_DUTY_ROLES] = {"lead", "support", "responsible", "people",
                                                      "supervise"};

static qk_span first_chars(const qk_plan_text *t, qk_span s, uint32_t chars)
{
    uint32_t to = s.from, cp;
    for (uint32_t i = 0; i < chars && to < s.to; i++) to = qk_plan_next(t, to, &cp);
    return (qk_span){s.from, to};
}

static uint32_t own_duties(const qk_plan_task *task)
{
    uint32_t n = 0;
    for (uint32_t d = 0; d < task->duty_count; d++) n += !task->duties[d].inherited;
    return n;
}

static void write_parts(walker *k, const qk_plan_task *task)
{
    uint32_t n = 0;
    if (own_duties(task) < 2) return;
    begin_list(k, "parts");
    for (uint32_t d = 0; d < task->duty_count; d++) {
        const qk_plan_duty *duty = &task->duties[d];
        size_t depth = k->depth;
        if (duty->inherited) continue;
        enter(k, "parts", n++);
        put_span(k, "text_head", first_chars(&k->p->text, duty->text, HEAD_CHARS));
        for (int r = 0; r < QK_DUTY_ROLES; r++)
            if (r < QK_DUTY_PEOPLE || duty->units[r].count)
                put_list(k, role_names[r], &duty->units[r]);
        leave(k, depth);
    }
    end_list(k);
}

/* Departments' own fields of enforcement and supervision. */
static void write_fields(walker *k, const qk_plan_task *task)
{
    if (task->own_plan.to) put_span(k, "own_plan", task->own_plan);
    begin_list(k, "fields");
    for (uint32_t i = 0; i < task->field_count; i++) {
        const qk_plan_field *f = &task->fields[i];
        size_t depth = k->depth;
        enter(k, "fields", i);
        put_list(k, "units", &f->units);
        put_list(k, "with", &f->with);
        put_span(k, "field", f->field);
        put_span(k, "check", f->check);
        put_span(k, "text", f->text);
        leave(k, depth);
    }
    end_list(k);
}

static void write_task(walker *k, const char *list, uint32_t index, const qk_plan_task *task)
{
    const qk_plan_node *node = &k->p->nodes[task->node];
    size_t depth = k->depth;
    enter(k, list, index);
    put_str(k, "no", task->no);
    put_span(k, "section", node->parent >= 0 ? k->p->nodes[node->parent].heading : (qk_span){0});
    put_span(k, "title", node->title);
    for (int r = 0; r < QK_DUTY_ROLES; r++)
        if (r < QK_DUTY_SUPERVISE || task->units[r].count)
            put_list(k, role_names[r], &task->units[r]);
    write_deadlines(k, task);
    write_numbers(k, task);
    write_recurring(k, task);
    write_parts(k, task);
    if (node->role == QK_PLAN_SAFEGUARD) write_fields(k, task);
    if (k->places) {
        uint32_t end = node->para_end ? k->p->paras[node->para_end - 1].span.to : node->heading.to;
        put_place(k, "text", (qk_span){node->heading.from, end});
    }
    leave(k, depth);
}

static void write_tasks(walker *k)
{
    begin_list(k, "tasks");
    for (uint32_t i = 0; i < k->p->task_count; i++) write_task(k, "tasks", i, &k->p->tasks[i]);
    end_list(k);
    begin_list(k, "safeguards");
    for (uint32_t i = 0; i < k->p->safeguard_count; i++)
        write_task(k, "safeguards", i, &k->p->safeguards[i]);
    end_list(k);
}

static void put_cell(walker *k, const char *key, const qk_plan_cell *c)
{
    char joined[1024];
    qk_str a, b;
    if (k->places) {
        put_place(k, key, c->text);
        return;
    }
    a = quote(k, c->text);
    b = quote(k, c->more);
    if (!b.len) {
        qk_json_str(k->w, a.len ? a : QK_STR(""));
        return;
    }
    snprintf(joined, sizeof joined, "%.*s%.*s", QK_STR_ARG(a), QK_STR_ARG(b));
    qk_json_str(k->w, (qk_str){joined, qk_utf8_cut(qk_str_of(joined))});
}

static void write_table_title(walker *k, const qk_plan_table *t)
{
    char joined[512];
    qk_str a = quote(k, t->title_no), b = quote(k, t->title);
    if (k->places) {
        put_place(k, "title", t->title);
        return;
    }
    snprintf(joined, sizeof joined, "%.*s%.*s", QK_STR_ARG(a), QK_STR_ARG(b));
    qk_json_kstr(k->w, "title", (qk_str){joined, qk_utf8_cut(qk_str_of(joined))});
}

static void write_rows(walker *k, const qk_plan_table *t)
{
    char key[64];
    begin_list(k, "rows");
    for (uint32_t r = 0; r < t->row_count; r++) {
        if (!k->places) qk_json_array(k->w);
        for (uint32_t c = 0; c < t->column_count; c++) {
            snprintf(key, sizeof key, "rows[%u][%u]", r, c);
            put_cell(k, key, &t->rows[r].cells[c]);
        }
        if (!k->places) qk_json_end(k->w);
    }
    end_list(k);
    if (k->places) return;
    begin_list(k, "row_notes");
    for (uint32_t r = 0; r < t->row_count; r++) {
        if (!t->rows[r].note) continue;
        qk_json_object(k->w);
        qk_json_ki64(k->w, "row", r);
        qk_json_kcstr(k->w, "note", t->rows[r].note);
        qk_json_end(k->w);
    }
    end_list(k);
}

static void write_tables(walker *k)
{
    char key[64];
    begin_list(k, "tables");
    for (uint32_t i = 0; i < k->p->table_count; i++) {
        const qk_plan_table *t = &k->p->tables[i];
        size_t depth = k->depth;
        enter(k, "tables", i);
        write_table_title(k, t);
        begin_list(k, "columns");
        for (uint32_t c = 0; c < t->column_count; c++) {
            snprintf(key, sizeof key, "columns[%u]", c);
            put_cell(k, key, &t->columns[c]);
        }
        end_list(k);
        write_rows(k, t);
        leave(k, depth);
    }
    end_list(k);
}

static void write_money(walker *k)
{
    begin_list(k, "penalties");
    for (uint32_t i = 0; i < k->p->money_count; i++) {
        const qk_plan_money *m = &k->p->money[i];
        size_t depth = k->depth;
        enter(k, "penalties", i);
        put_span(k, "text", m->text);
        put_str(k, "per", m->per);
        if (!k->places && m->digits.to)
            put_int(k, "amount_yuan", m->yuan);
        else if (!k->places)
            qk_json_knull(k->w, "amount_yuan");
        else
            put_place(k, "amount_yuan", m->digits);
        put_span(k, "payer", m->payer);
        if (m->plus) put_cstr(k, "sign", "+");
        put_span(k, "where", k->p->nodes[m->node].heading);
        leave(k, depth);
    }
    end_list(k);
}

static void write_systems(walker *k)
{
    begin_list(k, "systems");
    for (uint32_t i = 0; i < k->p->system_count; i++) {
        const qk_plan_system *s = &k->p->systems[i];
        size_t depth = k->depth;
        enter(k, "systems", i);
        put_span(k, "text", s->text);
        put_cstr(k, "kind", s->kind);
        put_span(k, "where", k->p->nodes[s->node].heading);
        put_span(k, "sentence", s->sentence);
        leave(k, depth);
    }
    end_list(k);
}

static void write_all(walker *k)
{
    const qk_plan *p = k->p;
    put_span(k, "title", p->title);
    put_span(k, "doc_no", p->doc_no);
    put_span(k, "region", p->region);
    if (k->places)
        put_place(k, "issued", p->issued_span);
    else
        put_date(k, "issued", p->issued);
    put_bool(k, "draft", p->draft);
    if (!k->places) {
        qk_json_key(k->w, "period");
        qk_json_object(k->w);
        qk_json_ki64(k->w, "from", p->year_from);
        qk_json_ki64(k->w, "to", p->year_to);
        qk_json_end(k->w);
    }
    write_targets(k);
    write_tasks(k);
    write_tables(k);
    write_money(k);
    write_systems(k);
}

void qk_plan_write(const qk_plan *p, qk_json_writer *w, bool spans)
{
    walker k = {.p = p, .w = w};
    qk_json_object(w);
    write_all(&k);
    if (spans) {
        k.places = true;
        qk_json_key(w, "spans");
        qk_json_object(w);
        write_all(&k);
        qk_json_end(w);
    }
    qk_json_end(w);
}
