/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about dates, values and rules with money. */
#include "plan/check_private.h"

enum { SHORT_DAYS = 30, STANDARD_2026 = 20260301 };

static qk_str date_text(checker *c, int32_t date)
{
    return qk_check_print(c, "%04d-%02d-%02d", date / 10000, date / 100 % 100, date % 100);
}

static qk_span body_text(const checker *c)
{
    const qk_plan *p = c->p;
    if (p->body >= p->body_end) return (qk_span){0};
    return (qk_span){p->paras[p->body].span.from, p->paras[p->body_end - 1].span.to};
}

static void check_deadline(checker *c, const qk_plan_task *task, const qk_plan_deadline *d)
{
    const qk_plan *p = c->p;
    int64_t left = p->issued && d->date ? qk_check_days(d->date) - qk_check_days(p->issued) : 1000;
    const char *code = left < 0 ? "deadline_past" : left < SHORT_DAYS ? "deadline_short" : NULL;
    bool beyond = p->year_by_title && d->date / 10000 > p->year_to;
    qk_plan_finding *f;
    if (code && (f = qk_check_add(c, code, left < 0 ? 'H' : 'L')) != NULL) {
        qk_str due = date_text(c, d->date), issued = date_text(c, p->issued);
        qk_check_at_task(c, f, task);
        qk_check_quote(f, qk_check_clause(c, body_text(c), d->span.from));
        if (left < 0) qk_check_quote(f, p->issued_span);
        f->param[0] = due;
        f->param[1] = issued;
        f->param[2] = qk_check_print(c, "%lld", (long long)(left < 0 ? -left : left));
        if (left < 0)
            f->arithmetic = qk_check_print(c, "%.*s − %.*s = %lld 天", QK_STR_ARG(issued),
                                           QK_STR_ARG(due), (long long)-left);
        else
            f->arithmetic = qk_check_print(c, "%.*s − %.*s = %lld 天", QK_STR_ARG(due),
                                           QK_STR_ARG(issued), (long long)left);
    }
    if (beyond && (f = qk_check_add(c, "deadline_beyond", 'M')) != NULL) {
        qk_check_at_task(c, f, task);
        qk_check_quote(f, qk_check_clause(c, body_text(c), d->span.from));
        f->param[0] = date_text(c, d->date);
        f->param[1] = qk_check_print(c, "%d", p->year_to);
    }
}

/* Own plans of units that are due when work is due already. */
static void check_filing(checker *c)
{
    const qk_plan *p = c->p;
    for (uint32_t i = 0; i < p->safeguard_count; i++)
        for (uint32_t k = 0; k < p->safeguards[i].deadline_count; k++) {
            const qk_plan_deadline *d = &p->safeguards[i].deadlines[k];
            qk_span clause = qk_check_clause(c, body_text(c), d->span.from);
            qk_plan_finding *f = NULL;
            if (!qk_plan_has_any(&p->text, clause, "方案|计划") ||
                !qk_plan_has_any(&p->text, clause, "报|备案|印发|制定"))
                continue;
            for (uint32_t n = 0; n < p->task_count; n++)
                for (uint32_t m = 0; m < p->tasks[n].deadline_count; m++) {
                    if (!p->tasks[n].deadlines[m].date || p->tasks[n].deadlines[m].date > d->date)
                        continue;
                    if (!f && (f = qk_check_add(c, "no_time_after_filing", 'M')) == NULL) return;
                    if (!f->evidence_count) qk_check_quote(f, clause);
                    qk_check_at_task(c, f, &p->tasks[n]);
                    qk_check_quote(
                        f, qk_check_clause(c, body_text(c), p->tasks[n].deadlines[m].span.from));
                    f->param[0] = date_text(c, d->date);
                    f->arithmetic =
                        qk_check_print(c, "%.*s − %.*s = 0 天",
                                       QK_STR_ARG(date_text(c, p->tasks[n].deadlines[m].date)),
                                       QK_STR_ARG(f->param[0]));
                    if (p->tasks[n].deadlines[m].date < d->date)
                        f->arithmetic =
                            qk_check_print(c, "%.*s 早于 %.*s",
                                           QK_STR_ARG(date_text(c, p->tasks[n].deadlines[m].date)),
                                           QK_STR_ARG(f->param[0]));
                }
        }
}

void qk_check_dates(checker *c)
{
    const qk_plan *p = c->p;
    for (uint32_t i = 0; i < p->task_count; i++)
        for (uint32_t k = 0; k < p->tasks[i].deadline_count; k++)
            check_deadline(c, &p->tasks[i], &p->tasks[i].deadlines[k]);
    check_filing(c);
    if (!p->draft && (!p->issued || !p->doc_no.to)) {
        qk_plan_finding *f = qk_check_add(c, "no_issue", 'L');
        if (!f) return;
        qk_check_quote(f, p->title);
        f->param[0] = qk_str_of(!p->issued && !p->doc_no.to ? "成文日期和文号"
                                : p->issued                 ? "文号"
                                                            : "成文日期");
    }
}

static bool is_share(qk_str unit)
{
    return qk_str_eq(unit, QK_STR("%"));
}

static bool grows(const qk_plan *p, qk_span text)
{
    return qk_plan_has_any(&p->text, text, "增长|增加|提高了|同比|倍");
}

static void check_share(checker *c, const qk_plan_task *task, const qk_plan_number *n)
{
    const qk_plan *p = c->p;
    qk_dec whole = {100, 0};
    int cmp = qk_dec_cmp(n->value, whole);
    qk_span around = {n->digits.to,
                      n->digits.to + 24 < p->text.len ? n->digits.to + 24 : p->text.len};
    bool more = cmp == 0 && (n->op == QK_OP_GT ||
                             qk_plan_word_at(&p->text, around.from + 1, around.to, "以上|及以上"));
    if (!is_share(n->unit) || (cmp <= 0 && !more) || grows(p, n->text)) return;
    qk_plan_finding *f = qk_check_add(c, "share_over_100", 'H');
    if (!f) return;
    if (task)
        qk_check_at_task(c, f, task);
    else
        qk_check_at_place(c, f, n->digits.from);
    qk_check_quote(f, n->text);
    f->arithmetic = QK_STR("比例 ≤ 100 %");
}

/* A goal of an autumn and winter is no share of a year. */
static bool is_seasonal(const qk_plan *p, const qk_plan_target *t)
{
    static const char seasons[] = "秋冬季|采暖季|夏季|夏秋季";
    return qk_plan_has_any(&p->text, p->title, seasons) ||
           qk_plan_has_any(&p->text, t->n.text, seasons);
}

static void check_days(checker *c, const qk_plan_target *days)
{
    const qk_plan *p = c->p;
    const qk_plan_target *ratio = NULL;
    if (is_seasonal(p, days)) return;
    bool called_ratio = qk_plan_has_any(&p->text, days->n.text, "比率|比例|占比");
    char d[QK_DEC_TEXT], r[QK_DEC_TEXT], s[QK_DEC_TEXT];
    qk_dec share;
    for (uint32_t i = 0; i < p->target_count; i++) {
        const qk_plan_target *t = &p->targets[i];
        bool same = qk_str_starts(
            t->metric, (qk_str){days->metric.ptr, days->metric.len < 6 ? days->metric.len : 6});
        if (is_share(t->n.unit) && same && t->year == days->year && !is_seasonal(p, t)) ratio = t;
    }
    qk_dec_format(d, days->n.value);
    if (ratio) {
        double expect = qk_dec_f64(ratio->n.value) * 3.65, leap = qk_dec_f64(ratio->n.value) * 3.66,
               has = qk_dec_f64(days->n.value);
        if ((has > expect - 1 && has < expect + 1) || (has > leap - 1 && has < leap + 1)) return;
        qk_plan_finding *f = qk_check_add(c, "days_differ", 'H');
        if (!f) return;
        qk_check_at_place(c, f, days->n.digits.from);
        qk_check_quote(f, ratio->n.text);
        if (ratio->n.text.from != days->n.text.from) qk_check_quote(f, days->n.text);
        f->param[0] = qk_check_print(c, "%s", qk_dec_format(r, ratio->n.value));
        f->param[1] = qk_check_print(c, "%s", d);
        f->arithmetic = qk_check_print(c, "%s %% × 365 = %.1f，正文为 %s 天", r, expect, d);
        return;
    }
    if (qk_dec_ratio(&share, (qk_i128)days->n.value.mantissa * 100, 365, 2) != QK_OK ||
        days->n.value.scale)
        return;
    qk_plan_finding *f =
        qk_check_add(c, called_ratio ? "ratio_in_days" : "only_days", called_ratio ? 'H' : 'M');
    if (!f) return;
    qk_check_at_place(c, f, days->n.digits.from);
    qk_check_quote(f, days->n.text);
    f->param[0] = qk_check_print(c, "%s", d);
    f->arithmetic = qk_check_print(c, "%s ÷ 365 = %s %%", d, qk_dec_format(s, share));
}

/* Goals that say 二级 or 优良 mean other concentrations since GB 3095-2026. */
static void check_standard(checker *c)
{
    static const char *const words[] = {"二级达标", "二级标准", "达到二级"};
    const qk_plan *p = c->p;
    qk_plan_finding *f = NULL;
    for (uint32_t k = p->body; k < p->body_end; k++)
        for (size_t i = 0; i < 3; i++) {
            qk_span s = p->paras[k].span;
            uint32_t at = qk_plan_find(&p->text, s, words[i]);
            qk_span sentence = s, clause;
            if (at == UINT32_MAX) continue;
            clause = qk_check_clause(c, sentence, at);
            if (!qk_plan_has_any(&p->text, clause, "空气|PM") ||
                qk_plan_has_any(&p->text, clause, "超过|低于二级|均低于"))
                continue;
            if (!f && (f = qk_check_add(c, "standard_2026", 'M')) == NULL) return;
            qk_check_at_place(c, f, at);
            qk_check_quote(f, clause);
        }
    for (uint32_t i = 0; i < p->target_count; i++) {
        const qk_plan_target *t = &p->targets[i];
        if (t->year < 2026 || !qk_plan_has_any(&p->text, t->n.text, "优良") ||
            p->issued >= STANDARD_2026)
            continue;
        if (!f && (f = qk_check_add(c, "standard_2026", 'M')) == NULL) return;
        qk_check_at_place(c, f, t->n.digits.from);
        qk_check_quote(f, t->n.text);
    }
    if (f)
        f->arithmetic = QK_STR("GB 3095-2026：二级年均 PM2.5 35→30、PM10 70→60 "
                               "µg/m³；日均良与轻度界 PM2.5 75→60、PM10 150→120");
}

static bool same_name(const qk_plan *p, const qk_plan_number *a, const qk_plan_number *b)
{
    return a->name.to && b->name.to &&
           qk_str_eq(qk_span_str(&p->text, a->name), qk_span_str(&p->text, b->name)) &&
           qk_plan_chars(&p->text, a->name) >= 5;
}

/* One indicator with two values. */
static void check_conflicts(checker *c)
{
    const qk_plan *p = c->p;
    for (uint32_t i = 0; i < p->task_count; i++)
        for (uint32_t a = 0; a < p->tasks[i].number_count; a++)
            for (uint32_t k = i; k < p->task_count; k++)
                for (uint32_t b = k == i ? a + 1 : 0; b < p->tasks[k].number_count; b++) {
                    const qk_plan_number *x = &p->tasks[i].numbers[a], *y = &p->tasks[k].numbers[b];
                    if (!same_name(p, x, y) || !qk_str_eq(x->unit, y->unit) ||
                        qk_dec_cmp(x->value, y->value) == 0)
                        continue;
                    if (x->date != y->date && x->date && y->date) continue;
                    if (x->name_tail.to || y->name_tail.to || x->text.from == y->text.from)
                        continue;
                    char u[QK_DEC_TEXT], v[QK_DEC_TEXT];
                    qk_plan_finding *f = qk_check_add(c, "values_conflict", 'H');
                    if (!f) return;
                    qk_check_at_task(c, f, &p->tasks[i]);
                    qk_check_at_task(c, f, &p->tasks[k]);
                    qk_check_quote(f, x->text);
                    qk_check_quote(f, y->text);
                    f->arithmetic = qk_check_print(c, "%s ≠ %s", qk_dec_format(u, x->value),
                                                   qk_dec_format(v, y->value));
                }
}

/* Dust that lies on roads, floats, or falls is measured in three ways. */
static void check_dust(checker *c)
{
    static const char *const kinds[] = {"积尘", "浮尘", "降尘"};
    const qk_plan *p = c->p;
    for (uint32_t i = 0; i < p->task_count; i++) {
        qk_span seen[3] = {{0}};
        uint32_t n = 0;
        for (uint32_t k = 0; k < p->tasks[i].number_count; k++)
            for (size_t w = 0; w < 3; w++)
                if (!seen[w].to && qk_plan_has(&p->text, p->tasks[i].numbers[k].text, kinds[w])) {
                    seen[w] = p->tasks[i].numbers[k].text;
                    n++;
                }
        if (n < 2) continue;
        qk_plan_finding *f = qk_check_add(c, "dust_mixed", 'M');
        if (!f) return;
        qk_check_at_task(c, f, &p->tasks[i]);
        for (size_t w = 0; w < 3; w++) qk_check_quote(f, seen[w]);
    }
}

void qk_check_values(checker *c)
{
    const qk_plan *p = c->p;
    for (uint32_t i = 0; i < p->task_count; i++)
        for (uint32_t k = 0; k < p->tasks[i].number_count; k++)
            check_share(c, &p->tasks[i], &p->tasks[i].numbers[k]);
    for (uint32_t i = 0; i < p->target_count; i++) {
        check_share(c, NULL, &p->targets[i].n);
        if (qk_str_eq(p->targets[i].n.unit, QK_STR("天"))) check_days(c, &p->targets[i]);
    }
    check_standard(c);
    check_conflicts(c);
    check_dust(c);
}

static uint32_t times_in_tasks(const qk_plan *p, qk_str word)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->task_count; i++) {
        const qk_plan_node *node = &p->nodes[p->tasks[i].node];
        qk_str s = qk_span_str(&p->text,
                               (qk_span){node->heading.from, p->paras[node->para_end - 1].span.to});
        for (size_t at = 0; (at = qk_str_find(s, word, at)) != SIZE_MAX; at += word.len) n++;
    }
    return n;
}

static void add_without_task(checker *c, const qk_plan_money *m, qk_span word)
{
    qk_plan_finding *f = qk_check_add(c, "rule_without_task", 'H');
    if (!f) return;
    qk_check_at_node(c, f, m->node);
    qk_check_quote(f, m->text);
    f->param[0] = qk_plan_quote(&c->p->text, word);
    f->arithmetic = qk_check_print(c, "“%.*s”在任务中出现 0 次", QK_STR_ARG(f->param[0]));
}

/* What a rule fines must be some task's matter: its measure (35吨) or its by-name （黑渣土车）
 * tells. */
static void check_rule(checker *c, const qk_plan_money *m)
{
    const qk_plan_text *t = &c->p->text;
    qk_measure x = {0};
    uint32_t next, open, close;
    bool safeguard = c->p->nodes[m->node].role == QK_PLAN_SAFEGUARD;
    if (!safeguard || !m->digits.to || m->plus) return;
    for (uint32_t at = m->text.from;
         (next = qk_plan_next_measure(c->p, m->text, at, &x)) != UINT32_MAX; at = next) {
        if (!x.def || x.def->kind == 'm' || x.def->kind == 'x' || x.chinese) continue;
        /* 每超1微克/立方米 is a step of the goals */
        if (x.def->kind == 'c' || qk_plan_word_end(t, (qk_span){m->text.from, x.digits.from},
                                                   "每超|每超过|每超标|每高出|每升高|每下降|每"))
            continue;
        qk_span word = {x.digits.from, x.unit_span.to};
        if (times_in_tasks(c->p, qk_span_str(t, word)) == 0) {
            add_without_task(c, m, word);
            return;
        }
    }
    open = qk_plan_find(t, m->text, "（");
    close = open == UINT32_MAX ? 0 : qk_plan_bracket_end(t, open, m->text.to);
    if (!close || open > m->digits.from) return;
    qk_span word = {open + 3, close - 3};
    if (qk_plan_chars(t, word) >= 2 && qk_plan_chars(t, word) <= 8 &&
        times_in_tasks(c->p, qk_span_str(t, word)) == 0)
        add_without_task(c, m, word);
}

void qk_check_money(checker *c)
{
    const qk_plan *p = c->p;
    for (uint32_t i = 0; i < p->money_count; i++) {
        const qk_plan_money *m = &p->money[i];
        check_rule(c, m);
        if (!m->digits.to || !qk_plan_has_any(&p->text, m->text, "其他") ||
            !qk_plan_has_any(&p->text, m->text, "未列入|上述|以上"))
            continue;
        qk_plan_finding *f = qk_check_add(c, "rule_overlap", 'M');
        if (!f) return;
        qk_check_at_node(c, f, m->node);
        qk_check_quote(f, m->text);
    }
}
