/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan says otherwise than another: the city's above it, or its own of last year. Findings
 * quote the plan first, then the other one. */
#include "plan/check_private.h"

enum { COVER_PERCENT = 40, NAME_MIN = 5, UNITS_MAX = 400, UNIT_MIN = 4, LONGER_MAX = 4 };

typedef struct two_plans {
    checker c;
    const qk_plan *other;
    bool same_area;
} two_plans;

static qk_str kept(two_plans *w, qk_str s)
{
    char *copy = qk_arena_copy(&w->c.p->arena, s.ptr ? s.ptr : "", s.len);
    if (!copy) w->c.p->full = true;
    return (qk_str){copy, copy ? s.len : 0};
}

static qk_str other_words(two_plans *w, qk_span s)
{
    return kept(w, qk_plan_quote(&w->other->text, s));
}

static void quote_other(two_plans *w, qk_plan_finding *f, qk_span s)
{
    if (f->beside_count < QK_FINDING_BESIDE) f->beside[f->beside_count++] = other_words(w, s);
}

/* A name without the area it speaks of: 全市…率 and 全县…率 are one indicator. */
static qk_str core_name(const qk_plan_text *t, qk_span s)
{
    uint32_t n;
    while ((n = qk_plan_word_at(t, s.from, s.to,
                                "全市|全县|全区|全省|全域|城市建成区|城市|城区|建成区|辖区|各乡镇|"
                                "各街道办事处|各街道|各镇街|各镇|县城|市区|平原地区|城乡")) > 0 &&
           n < s.to - s.from)
        s.from += n;
    while ((n = qk_plan_word_end(t, s, "平均|力争|总体|年度|要|应")) > 0 && n < s.to - s.from)
        s.to -= n;
    return qk_span_str(t, s);
}

static void add_value(two_plans *w, const qk_plan_number *x, const qk_plan_number *y, qk_str name,
                      const char *code)
{
    char a[QK_DEC_TEXT], b[QK_DEC_TEXT];
    qk_plan_finding *f = qk_check_add(&w->c, code, 'M');
    if (!f) return;
    qk_check_at_place(&w->c, f, x->digits.from);
    qk_check_quote(f, x->text);
    quote_other(w, f, y->text);
    f->param[0] = name;
    f->param[1] = qk_check_print(&w->c, "%s %.*s", qk_dec_format(a, x->value), QK_STR_ARG(x->unit));
    f->param[2] = qk_check_print(&w->c, "%s %.*s", qk_dec_format(b, y->value), QK_STR_ARG(y->unit));
    f->arithmetic =
        qk_check_print(&w->c, "%.*s ≠ %.*s", QK_STR_ARG(f->param[1]), QK_STR_ARG(f->param[2]));
}

/* 比率, 比例 and 率 are one word. */
static bool same_metric(qk_str a, qk_str b)
{
    static const char *const tails[] = {"比率", "比例", "率"};
    for (size_t i = 0; i < 3; i++) {
        if (qk_str_ends(a, qk_str_of(tails[i]))) a.len -= strlen(tails[i]);
        if (qk_str_ends(b, qk_str_of(tails[i]))) b.len -= strlen(tails[i]);
    }
    return a.len && qk_str_eq(a, b);
}

static bool is_looser(const qk_plan_target *now, const qk_plan_target *before)
{
    int cmp = qk_dec_cmp(now->n.value, before->n.value);
    bool ceiling = before->n.op == QK_OP_LE || before->n.op == QK_OP_LT;
    return before->n.op != QK_OP_EQ && (ceiling ? cmp > 0 : cmp < 0);
}

static void compare_targets(two_plans *w)
{
    const qk_plan *p = w->c.p, *o = w->other;
    for (uint32_t i = 0; i < p->target_count; i++)
        for (uint32_t k = 0; k < o->target_count; k++) {
            const qk_plan_target *x = &p->targets[i], *y = &o->targets[k];
            bool scoped = qk_plan_has_any(&p->text, x->scope, "站点|点位") !=
                          qk_plan_has_any(&o->text, y->scope, "站点|点位");
            if (!same_metric(x->metric, y->metric) || !qk_str_eq(x->n.unit, y->n.unit) || scoped ||
                strcmp(x->statistic, y->statistic) != 0)
                continue;
            if (x->year == y->year && qk_dec_cmp(x->n.value, y->n.value) != 0)
                add_value(w, &x->n, &y->n, x->metric, "other_value");
            else if (w->same_area && x->year > y->year && is_looser(x, y))
                add_value(w, &x->n, &y->n, x->metric, "target_looser");
        }
}

/* Is there the same number for the name in the other plan? Then nothing differs. */
static bool agrees(const two_plans *w, const qk_plan_number *x, qk_str core)
{
    const qk_plan *o = w->other;
    for (uint32_t i = 0; i < o->task_count; i++)
        for (uint32_t k = 0; k < o->tasks[i].number_count; k++) {
            const qk_plan_number *y = &o->tasks[i].numbers[k];
            if (qk_str_eq(core, core_name(&o->text, y->name)) && qk_str_eq(x->unit, y->unit) &&
                qk_dec_cmp(x->value, y->value) == 0)
                return true;
        }
    return false;
}

static void compare_number(two_plans *w, const qk_plan_number *x)
{
    const qk_plan *p = w->c.p, *o = w->other;
    qk_str core = core_name(&p->text, x->name);
    if (qk_utf8_count(core) < NAME_MIN || x->share || x->name_tail.to || agrees(w, x, core)) return;
    for (uint32_t i = 0; i < o->task_count; i++)
        for (uint32_t k = 0; k < o->tasks[i].number_count; k++) {
            const qk_plan_number *y = &o->tasks[i].numbers[k];
            if (y->name_tail.to || !qk_str_eq(x->unit, y->unit) ||
                !qk_str_eq(core, core_name(&o->text, y->name)))
                continue;
            add_value(w, x, y, qk_plan_quote(&p->text, x->name), "other_value");
            return;
        }
}

/* Words that draw a line between classes: the first such place in a plan. */
typedef bool line_fn(const qk_plan_text *t, uint32_t at, uint32_t limit, qk_span *found);

static bool hundreds_at(const qk_plan_text *t, uint32_t at, uint32_t limit, qk_span *found)
{
    uint32_t v, end, n;
    if (!qk_plan_read_count(t, at, limit, &v, &end)) return false;
    n = qk_plan_word_at(t, end, limit, "个百分之百|个百分百|个100%");
    *found = (qk_span){at, end + n};
    return n > 0;
}

static bool forklift_at(const qk_plan_text *t, uint32_t at, uint32_t limit, qk_span *found)
{
    uint32_t v, end, n;
    if (!qk_plan_read_count(t, at, limit, &v, &end) || !qk_plan_is(t, end, limit, "吨"))
        return false;
    n = qk_plan_word_at(t, end + 3, limit, "及以下|以下");
    if (!n || !qk_plan_word_at(t, end + 3 + n, limit, "叉车|的叉车")) return false;
    *found = (qk_span){at, end + 3 + n};
    return true;
}

static bool machine_at(const qk_plan_text *t, uint32_t at, uint32_t limit, qk_span *found)
{
    uint32_t v, end, n;
    if (!qk_plan_is(t, at, limit, "国") || !qk_plan_read_count(t, at + 3, limit, &v, &end))
        return false;
    n = qk_plan_word_at(t, end, limit, "及以下|以下");
    if (!n) return false;
    qk_span near = {end + n, end + n + 36 < limit ? end + n + 36 : limit};
    if (!qk_plan_has_any(t, near, "机械")) return false;
    *found = (qk_span){at, end + n};
    return true;
}

static bool first_line(const qk_plan *p, line_fn *is, qk_span *found)
{
    uint32_t cp;
    for (uint32_t k = p->body; k < p->body_end; k++) {
        qk_span s = p->paras[k].span;
        for (uint32_t i = s.from; i < s.to; i = qk_plan_next(&p->text, i, &cp))
            if ((i == s.from || !qk_is_digit(p->text.norm[i - 1])) && is(&p->text, i, s.to, found))
                return true;
    }
    return false;
}

static void compare_lines(two_plans *w)
{
    static line_fn *const lines[] = {hundreds_at, forklift_at, machine_at};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        qk_span x, y;
        if (!first_line(w->c.p, lines[i], &x) || !first_line(w->other, lines[i], &y) ||
            qk_str_eq(qk_span_str(&w->c.p->text, x), qk_span_str(&w->other->text, y)))
            continue;
        qk_plan_finding *f = qk_check_add(&w->c, "other_class", 'M');
        if (!f) return;
        qk_check_at_place(&w->c, f, x.from);
        qk_check_quote(f, x);
        quote_other(w, f, y);
        f->param[0] = qk_plan_quote(&w->c.p->text, x);
        f->param[1] = other_words(w, y);
    }
}

/* How many of a title's pairs of characters stand in a text, in percent. */
static uint32_t cover(qk_str title, qk_str text)
{
    uint32_t pairs = 0, found = 0;
    size_t used, more;
    while (title.len) {
        (void)qk_utf8_next(title, &used);
        qk_str rest = {title.ptr + used, title.len - used};
        if (!rest.len) break;
        (void)qk_utf8_next(rest, &more);
        pairs++;
        found += qk_str_find(text, (qk_str){title.ptr, used + more}, 0) != SIZE_MAX;
        title = rest;
    }
    return pairs ? found * 100 / pairs : 100;
}

/* A title without the verbs that open every title. */
static qk_str matter_of(const qk_plan *o, const qk_plan_task *task)
{
    qk_span s = o->nodes[task->node].title;
    uint32_t n;
    while (
        (n = qk_plan_word_at(&o->text, s.from, s.to,
                             "持续|加强|强化|推进|深入|加快|大力|积极|开展|实施|全面|深化|推动|"
                             "有效|科学|严格|进一步|扎实|切实|优化|提升|提高|完善|稳步|坚决|依法|"
                             "依规|规范|做好|狠抓|抓好")) > 0 &&
        s.to - s.from > n + 9)
        s.from += n;
    return qk_span_str(&o->text, s);
}

static void compare_tasks(two_plans *w)
{
    const qk_plan *p = w->c.p, *o = w->other;
    for (uint32_t i = 0; i < o->task_count; i++) {
        qk_str matter = matter_of(o, &o->tasks[i]);
        uint32_t best = 0;
        for (uint32_t k = 0; k < p->task_count && best < COVER_PERCENT; k++) {
            const qk_plan_node *n = &p->nodes[p->tasks[k].node];
            qk_span all = {n->heading.from, p->paras[n->para_end - 1].span.to};
            uint32_t now = cover(matter, qk_span_str(&p->text, all));
            best = now > best ? now : best;
        }
        if (best >= COVER_PERCENT) continue;
        qk_plan_finding *f = qk_check_add(&w->c, "task_dropped", 'L');
        if (!f) return;
        qk_check_at(&w->c, f, qk_plan_quote(&p->text, p->title));
        quote_other(w, f, qk_plan_heading_of(&o->nodes[o->tasks[i].node]));
        f->param[0] = other_words(w, o->nodes[o->tasks[i].node].title);
        f->param[1] = kept(w, o->tasks[i].no);
    }
}

typedef struct unit_set {
    qk_str at[UNITS_MAX];
    const qk_plan_task *task[UNITS_MAX];
    uint32_t count;
} unit_set;

static bool holds(const unit_set *s, qk_str unit)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (qk_str_eq(s->at[i], unit)) return true;
    return false;
}

static void collect_units(const qk_plan *p, unit_set *out)
{
    for (uint32_t i = 0; i < p->task_count; i++)
        for (int r = 0; r < QK_DUTY_ROLES; r++)
            for (uint32_t k = 0; r != QK_DUTY_PEOPLE && k < p->tasks[i].units[r].count; k++) {
                qk_str u = qk_span_str(&p->text, p->tasks[i].units[r].at[k]);
                if (out->count >= UNITS_MAX || holds(out, u)) continue;
                out->task[out->count] = &p->tasks[i];
                out->at[out->count++] = u;
            }
}

static bool is_within(qk_str a, qk_str b)
{
    size_t n, m;
    while (a.len && b.len) {
        uint32_t x = qk_utf8_next(a, &n), y = qk_utf8_next(b, &m);
        if (x == y) a = (qk_str){a.ptr + n, a.len - n};
        b = (qk_str){b.ptr + m, b.len - m};
    }
    return a.len == 0;
}

/* 自然资源局 became 自然资源和规划局. */
static bool is_renamed(qk_str a, qk_str b)
{
    size_t n = qk_utf8_count(a), m = qk_utf8_count(b);
    qk_str s = n < m ? a : b, l = n < m ? b : a;
    if (n < UNIT_MIN || m < UNIT_MIN || n == m)
        return n == m && n > UNIT_MIN && qk_check_alike(a, b);
    if ((n < m ? m - n : n - m) > LONGER_MAX) return false;
    return memcmp(a.ptr, b.ptr, 6) == 0 && memcmp(a.ptr + a.len - 3, b.ptr + b.len - 3, 3) == 0 &&
           is_within(s, l);
}

static void compare_units(two_plans *w)
{
    unit_set *now = qk_arena_array(&w->c.p->arena, 2, sizeof *now);
    if (!now) {
        w->c.p->full = true;
        return;
    }
    unit_set *before = now + 1;
    collect_units(w->c.p, now);
    collect_units(w->other, before);
    for (uint32_t i = 0; i < now->count; i++)
        for (uint32_t k = 0; k < before->count; k++) {
            if (holds(before, now->at[i]) || holds(now, before->at[k]) ||
                !is_renamed(now->at[i], before->at[k]))
                continue;
            qk_plan_finding *f = qk_check_add(&w->c, "unit_renamed", 'M');
            if (!f) return;
            qk_check_at_task(&w->c, f, now->task[i]);
            f->param[0] = now->at[i];
            f->param[1] = kept(w, before->at[k]);
            f->beside[f->beside_count++] = now->at[i];
            f->beside[f->beside_count++] = f->param[1];
        }
}

qk_code qk_plan_check_against(qk_plan_findings *out, qk_plan *plan, const qk_plan *other,
                              qk_error *err)
{
    two_plans w = {.c = {plan, out}, .other = other};
    qk_str area = qk_span_str(&plan->text, plan->region);
    w.same_area = area.len && qk_str_eq(area, qk_span_str(&other->text, other->region));
    compare_targets(&w);
    for (uint32_t i = 0; i < plan->task_count; i++)
        for (uint32_t k = 0; k < plan->tasks[i].number_count; k++)
            compare_number(&w, &plan->tasks[i].numbers[k]);
    compare_lines(&w);
    compare_tasks(&w);
    if (w.same_area) compare_units(&w);
    if (plan->full)
        return qk_fail(err, QK_EFULL, "the findings need more memory than the plan may use");
    return QK_OK;
}
