/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/check.h"
#include "plan/check_private.h"
#include <stdarg.h>
#include <stdio.h>

qk_plan_finding *qk_check_add(checker *c, const char *code, char severity)
{
    qk_plan_finding *f = qk_plan_grow(c->p, (void **)&c->out->at, &c->out->finding_count,
                                      &c->out->finding_cap, sizeof *f);
    if (f) *f = (qk_plan_finding){.code = code, .severity = severity};
    return f;
}

void qk_check_at(checker *c, qk_plan_finding *f, qk_str where)
{
    for (uint32_t i = 0; i < f->where_count; i++)
        if (qk_str_eq(f->where[i], where)) return;
    qk_str *room = QK_PLAN_PUSH(c->p, f, where, where);
    if (room) *room = where;
}

void qk_check_at_task(checker *c, qk_plan_finding *f, const qk_plan_task *task)
{
    qk_check_at(c, f, task->no);
}

void qk_check_at_node(checker *c, qk_plan_finding *f, uint32_t node)
{
    for (uint32_t i = 0; i < c->p->task_count; i++)
        if (c->p->tasks[i].node == node) {
            qk_check_at_task(c, f, &c->p->tasks[i]);
            return;
        }
    if (node < c->p->node_count)
        qk_check_at(c, f, qk_plan_quote(&c->p->text, qk_plan_heading_of(&c->p->nodes[node])));
}

void qk_check_at_place(checker *c, qk_plan_finding *f, uint32_t byte)
{
    const qk_plan *p = c->p;
    uint32_t best = UINT32_MAX;
    for (uint32_t n = 0; n < p->node_count; n++) {
        const qk_plan_node *node = &p->nodes[n];
        if (node->para_end == 0 || p->paras[node->para].span.from > byte) continue;
        if (byte >= p->paras[node->para_end - 1].span.to) continue;
        if (best != UINT32_MAX && p->nodes[best].task) continue;
        best = n;
    }
    if (best != UINT32_MAX) qk_check_at_node(c, f, best);
}

void qk_check_quote(qk_plan_finding *f, qk_span evidence)
{
    if (f->evidence_count < QK_FINDING_EVIDENCE && evidence.from < evidence.to)
        f->evidence[f->evidence_count++] = evidence;
}

qk_str qk_check_print(checker *c, const char *fmt, ...)
{
    char text[400];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    len = qk_utf8_cut((qk_str){text, len});
    char *kept = qk_arena_copy(&c->p->arena, text, len);
    if (!kept) c->p->full = true;
    return (qk_str){kept, kept ? len : 0};
}

qk_span qk_check_clause(const checker *c, qk_span s, uint32_t at)
{
    static const char *const stops = "，|；|。|！";
    const qk_plan_text *t = &c->p->text;
    qk_span r = {at, at};
    uint32_t cp;
    while (r.from > s.from && !qk_plan_word_end(t, (qk_span){s.from, r.from}, stops))
        r.from = qk_plan_prev(t, r.from, &cp);
    while (r.to < s.to && !qk_plan_word_at(t, r.to, s.to, stops)) r.to = qk_plan_next(t, r.to, &cp);
    return r;
}

int64_t qk_check_days(int32_t date)
{
    /* days of the proleptic calendar; the year begins in March, so that the leap day is its last */
    int64_t y = date / 10000, m = date / 100 % 100, d = date % 100;
    if (m < 3) {
        m += 12;
        y--;
    }
    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 306 - 914) / 10 + d;
}

qk_code qk_plan_check(qk_plan_findings *out, qk_plan *plan, qk_error *err)
{
    checker c = {plan, out};
    *out = (qk_plan_findings){0};
    qk_check_outline(&c);
    qk_check_tables(&c);
    qk_check_counts(&c);
    qk_check_dates(&c);
    qk_check_values(&c);
    qk_check_duties(&c);
    qk_check_names(&c);
    qk_check_people(&c);
    qk_check_money(&c);
    qk_check_words(&c);
    qk_check_sense(&c);
    if (plan->full)
        return qk_fail(err, QK_EFULL, "the findings need more memory than the plan may use");
    return QK_OK;
}

static void write_message(const qk_plan_finding *f, qk_lang lang, qk_json_writer *w)
{
    char code[64];
    qk_buf text;
    const qk_message_param params[] = {{"a", f->param[0]}, {"b", f->param[1]}, {"c", f->param[2]}};
    snprintf(code, sizeof code, "plan.check.%s", f->code);
    qk_buf_init(&text, 4096);
    qk_message_put(&text, code, lang, params, QK_FINDING_PARAMS);
    if (text.failed && !w->out->failed) w->out->failed = text.failed;
    qk_json_kstr(w, "message", qk_buf_str(&text));
    qk_buf_clear(&text);
}

void qk_plan_findings_write(const qk_plan *plan, const qk_plan_findings *findings, qk_lang lang,
                            qk_json_writer *w)
{
    qk_json_array(w);
    for (uint32_t i = 0; i < findings->finding_count; i++) {
        const qk_plan_finding *f = &findings->at[i];
        char severity[2] = {f->severity, 0};
        qk_json_object(w);
        qk_json_kcstr(w, "code", f->code);
        qk_json_kcstr(w, "severity", severity);
        qk_json_key(w, "where");
        qk_json_array(w);
        for (uint32_t k = 0; k < f->where_count; k++) qk_json_str(w, f->where[k]);
        qk_json_end(w);
        write_message(f, lang, w);
        qk_json_key(w, "evidence");
        qk_json_array(w);
        for (uint32_t k = 0; k < f->evidence_count; k++) {
            qk_str text = qk_plan_quote(&plan->text, f->evidence[k]);
            if (!text.ptr && !w->out->failed) w->out->failed = QK_ENOMEM;
            qk_json_str(w, text);
        }
        for (uint32_t k = 0; k < f->beside_count; k++) qk_json_str(w, f->beside[k]);
        qk_json_end(w);
        if (f->arithmetic.len)
            qk_json_kstr(w, "arithmetic", f->arithmetic);
        else
            qk_json_knull(w, "arithmetic");
        qk_json_end(w);
    }
    qk_json_end(w);
}
