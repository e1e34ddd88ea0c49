/* SPDX-License-Identifier: Apache-2.0 */
/* The numbered paragraphs become a tree, whatever mixture of numberings the plan uses: a kind of
 * number that is open closes all below it, a new kind opens a level. Chapters get their role from
 * their headings; the tasks are the lowest numbered items that carry work of their own. */
#include "plan/private.h"

enum { DEPTH_MAX = 12, TITLE_MAX = 240 };

static bool is_annex_para(const qk_plan_text *t, qk_span s)
{
    uint32_t n = qk_plan_word_at(t, s.from, s.to, "附件|附表|附录"), v, end, i;
    if (!n) return false;
    i = s.from + n;
    if (i < s.to && qk_plan_read_count(t, i, s.to, &v, &end)) i = end;
    return i >= s.to || qk_plan_word_at(t, i, s.to, "：|.|、") > 0 ||
           (i > s.from + n && qk_plan_chars(t, s) < 40);
}

/* Who issues it and when, set under the text: 某某镇人民政府 2026年2月6日, on one line or two. */
static bool is_signature(const qk_plan *p, const qk_plan_para *para)
{
    enum { NAME_CHARS = 30 };
    const qk_plan_text *t = &p->text;
    qk_span s = para->span, name = s;
    uint32_t end = 0, cp;
    int32_t date;
    if (para->mark.kind || qk_plan_chars(t, s) > NAME_CHARS + 12) return false;
    for (uint32_t i = s.from; i < s.to; i = qk_plan_next(t, i, &cp))
        if (qk_plan_read_date(t, i, s.to, &date, &end) && end == s.to) {
            name.to = i;
            break;
        }
    if (name.from == name.to) return true;
    return qk_plan_chars(t, name) <= NAME_CHARS && !qk_plan_has_any(t, name, "，|。|；|：|、") &&
           qk_plan_word_end(t, name, "政府|局|委员会|办公室|委|公司|办事处|指挥部|领导小组|管委会");
}

/* The plan's body begins at the first heading that other headings of its kind follow. */
static void find_body(qk_plan *p)
{
    p->body = p->para_count;
    for (uint32_t i = 0; i < p->para_count; i++) {
        const qk_plan_para *para = &p->paras[i];
        if (!para->mark.kind || para->mark.number != 1 || para->mark.kind >= QK_MARK_NUM_PAREN)
            continue;
        if (is_annex_para(&p->text, para->span)) continue;
        p->body = i;
        break;
    }
    p->body_end = p->para_count;
    for (uint32_t i = p->body + 1; i < p->para_count; i++) {
        bool goes_on = p->paras[i].mark.kind && p->paras[i].mark.kind < QK_MARK_NUM_PAREN &&
                       qk_plan_after_task_table(p, i);
        if (is_annex_para(&p->text, p->paras[i].span) || (p->paras[i].after_tab && !goes_on)) {
            p->body_end = i;
            break;
        }
    }
    /* what closes a document is no part of its last chapter */
    while (p->body_end > p->body + 1 &&
           (qk_plan_word_at(&p->text, p->paras[p->body_end - 1].span.from,
                            p->paras[p->body_end - 1].span.to, "抄送|主办|督办|印发|主送|报送") ||
            is_signature(p, &p->paras[p->body_end - 1])))
        p->body_end--;
}

/* The heading sentence: up to the first full stop outside brackets and quotes, or a colon or duty
 * bracket that ends a short heading. */
static uint32_t heading_end(const qk_plan_text *t, uint32_t from, uint32_t limit)
{
    int depth = 0;
    uint32_t i = from, cp, close;
    while (i < limit) {
        uint32_t next = qk_plan_next(t, i, &cp);
        if (cp == 0xFF08 || cp == 0x3010) {
            if (depth == 0 && i > from && qk_plan_duty_bracket(t, i, limit, &close)) return i;
            depth++;
        }
        if ((cp == 0xFF09 || cp == 0x3011) && depth > 0) depth--;
        if (depth == 0 && (cp == 0x3002 || cp == 0xFF1B)) return i;
        if (depth == 0 && cp == 0xFF1A && next < limit && i - from < 120) return i;
        i = next;
    }
    return limit;
}

static void set_heading(qk_plan *p, qk_plan_node *n, const qk_plan_para *para)
{
    uint32_t end = heading_end(&p->text, para->mark.end, para->span.to);
    n->heading = (qk_span){para->span.from, end};
    n->title = (qk_span){para->mark.end, end};
}

static void add_node(qk_plan *p, uint32_t para, int32_t *open, uint32_t *depth)
{
    const qk_plan_para *at = &p->paras[para];
    qk_plan_node *n;
    while (*depth > 0) {
        /* an open item of the same kind is a sibling; a higher kind closes lower ones */
        bool same = false;
        for (uint32_t d = 0; d < *depth && !same; d++)
            same = p->nodes[open[d]].mark.kind == at->mark.kind;
        if (!same) {
            qk_mark_kind top = p->nodes[open[*depth - 1]].mark.kind;
            if (at->mark.kind > top) break;
            --*depth;
            continue;
        }
        bool done = p->nodes[open[*depth - 1]].mark.kind == at->mark.kind;
        --*depth;
        if (done) break;
    }
    if (*depth >= DEPTH_MAX) *depth = DEPTH_MAX - 1;
    n = QK_PLAN_PUSH(p, p, nodes, node);
    if (!n) return;
    *n = (qk_plan_node){.parent = *depth ? open[*depth - 1] : -1,
                        .depth = *depth,
                        .mark = at->mark,
                        .para = para,
                        .para_end = para + 1,
                        .own_end = para + 1};
    set_heading(p, n, at);
    if (*depth) p->nodes[open[*depth - 1]].children++;
    open[(*depth)++] = (int32_t)p->node_count - 1;
}

static void build_tree(qk_plan *p)
{
    int32_t open[DEPTH_MAX] = {0};
    uint32_t depth = 0;
    for (uint32_t i = p->body; i < p->body_end; i++) {
        if (p->paras[i].mark.kind && p->paras[i].mark.kind < QK_MARK_CIRCLE)
            add_node(p, i, open, &depth);
        for (uint32_t d = 0; d < depth; d++) {
            p->nodes[open[d]].para_end = i + 1;
            if (d + 1 == depth) p->nodes[open[d]].own_end = i + 1;
        }
    }
}

static bool para_has_duty(const qk_plan *p, uint32_t i)
{
    qk_span s = p->paras[i].span;
    qk_duty_role role;
    uint32_t end, cp;
    bool time;
    if (qk_plan_label_at(&p->text, s.from, s.to, &role, &end, &time)) return true;
    for (uint32_t k = s.from; k < s.to;) {
        uint32_t next = qk_plan_next(&p->text, k, &cp);
        if ((cp == 0xFF08 || cp == 0x3010) && qk_plan_duty_bracket(&p->text, k, s.to, &end))
            return true;
        if (cp == 0x3002 && qk_plan_label_at(&p->text, next, s.to, &role, &end, &time)) return true;
        k = next;
    }
    return false;
}

static bool node_has_duty(const qk_plan *p, uint32_t n, bool own)
{
    uint32_t end = own ? p->nodes[n].own_end : p->nodes[n].para_end;
    for (uint32_t i = p->nodes[n].para; i < end; i++)
        if (para_has_duty(p, i)) return true;
    return false;
}

static uint32_t next_child(const qk_plan *p, uint32_t parent, uint32_t from)
{
    for (uint32_t i = from; i < p->node_count; i++)
        if (p->nodes[i].parent == (int32_t)parent) return i;
    return p->node_count;
}

/* How many children, and how many of them carry a duty in themselves. */
static uint32_t children_with_duty(const qk_plan *p, uint32_t n)
{
    uint32_t count = 0;
    for (uint32_t c = next_child(p, n, n + 1); c < p->node_count; c = next_child(p, n, c + 1))
        count += node_has_duty(p, c, false);
    return count;
}

static qk_plan_role role_by_heading(const qk_plan *p, uint32_t n, bool after_tasks)
{
    const qk_plan_text *t = &p->text;
    qk_span h = p->nodes[n].title;
    if (qk_plan_has_any(t, h,
                        "保障措施|组织保障|工作保障|保障机制|实施保障|强化保障|保障体系|保障工作|"
                        "工作要求|有关要求|"
                        "附则|组织领导|组织实施"))
        return QK_PLAN_SAFEGUARD;
    if (after_tasks &&
        (qk_plan_has_any(t, h,
                         "压实|责任落实|落实责任|考核|工作机制|强化保障|相关要求|要求|督导") ||
         qk_plan_word_at(t, h.from, h.to, "保障")))
        return QK_PLAN_SAFEGUARD;
    if (qk_plan_has_any(
            t, h,
            "主要任务|重点任务|工作任务|重点工作|任务措施|工作措施|主要措施|重点措施|目标任务"))
        return QK_PLAN_TASKS;
    if (qk_plan_has_any(t, h,
                        "工作目标|主要目标|总体目标|规划目标|质量目标|行动目标|目标指标|年度目标|"
                        "攻坚目标|改善目标|考核目标") ||
        (qk_plan_ends(t, h, "目标") && qk_plan_chars(t, h) < 12))
        return QK_PLAN_GOALS;
    if (qk_plan_has_any(t, h,
                        "总体要求|指导思想|基本原则|总体思路|工作思路|形势|背景|总则|工作成效|机遇|"
                        "现状|重要意义|编制依据|"
                        "主要成效|基本情况|工作原则|存在问题|主要问题|工作回顾"))
        return QK_PLAN_GUIDE;
    return QK_PLAN_TASKS;
}

static void set_roles(qk_plan *p)
{
    bool tasks_seen = false;
    for (uint32_t i = 0; i < p->node_count; i++) {
        qk_plan_node *n = &p->nodes[i];
        bool top = n->parent < 0;
        qk_plan_role own = role_by_heading(p, i, top && tasks_seen);
        if (top) {
            n->role = own;
            /* chapters that hand out duties item by item are work, whatever they are called */
            if (own == QK_PLAN_SAFEGUARD && n->children &&
                children_with_duty(p, i) * 2 > n->children)
                n->role = QK_PLAN_TASKS;
            tasks_seen = tasks_seen || n->role == QK_PLAN_TASKS;
            continue;
        }
        n->role = p->nodes[n->parent].role;
        if (n->role == QK_PLAN_GUIDE && own == QK_PLAN_GOALS) n->role = QK_PLAN_GOALS;
        if (n->role == QK_PLAN_GUIDE && own == QK_PLAN_TASKS &&
            qk_plan_has_any(&p->text, n->title, "主要任务|重点任务"))
            n->role = QK_PLAN_TASKS;
    }
}

/* Items in brackets belong to the item above them, unless nothing else divides it and it has no
 * number of a lower kind. */
static bool divides(const qk_plan *p, uint32_t n)
{
    uint32_t first = next_child(p, n, n + 1), with_duty;
    qk_mark_kind kind;
    if (first >= p->node_count) return false;
    kind = p->nodes[first].mark.kind;
    if (kind >= QK_MARK_NUM_PAREN && p->nodes[n].mark.kind >= QK_MARK_CN_PAREN) return false;
    with_duty = children_with_duty(p, n);
    if (p->nodes[n].mark.kind <= QK_MARK_SECTION ||
        (p->nodes[n].mark.kind == QK_MARK_CN && kind <= QK_MARK_CN_PAREN))
        return true;
    if (node_has_duty(p, n, true) && with_duty <= 1) return false;
    /* one duty behind the last of several items is that of them all */
    return !(with_duty == 1 && p->nodes[n].children > 2);
}

static void choose_tasks(qk_plan *p, uint32_t n)
{
    if (!divides(p, n)) {
        p->nodes[n].task = true;
        return;
    }
    for (uint32_t c = next_child(p, n, n + 1); c < p->node_count; c = next_child(p, n, c + 1))
        choose_tasks(p, c);
}

static qk_str number_text(qk_plan *p, const qk_plan_node *n)
{
    if (n->mark.kind == QK_MARK_NUM3)
        return qk_str_of(qk_arena_printf(&p->arena, "%u.%u.%u", n->mark.upper[0], n->mark.upper[1],
                                         n->mark.number));
    if (n->mark.kind == QK_MARK_NUM2)
        return qk_str_of(qk_arena_printf(&p->arena, "%u.%u", n->mark.upper[0], n->mark.number));
    return qk_str_of(qk_arena_printf(&p->arena, "%u", n->mark.number));
}

static qk_str path_text(qk_plan *p, uint32_t n)
{
    const qk_plan_node *node = &p->nodes[n];
    qk_str own = number_text(p, node), up;
    if (node->parent < 0 || node->mark.kind == QK_MARK_NUM2 || node->mark.kind == QK_MARK_NUM3)
        return own;
    up = path_text(p, (uint32_t)node->parent);
    return qk_str_of(qk_arena_printf(&p->arena, "%.*s.%.*s", QK_STR_ARG(up), QK_STR_ARG(own)));
}

/* Arabic numbers that run on through the chapters name a task by themselves. */
static bool numbers_are_unique(const qk_plan *p)
{
    uint32_t plain = 0;
    for (uint32_t i = 0; i < p->node_count; i++) {
        if (!p->nodes[i].task || p->nodes[i].role != QK_PLAN_TASKS) continue;
        if (p->nodes[i].mark.kind != QK_MARK_NUM) continue;
        plain++;
        for (uint32_t k = 0; k < i; k++)
            if (p->nodes[k].task && p->nodes[k].role == QK_PLAN_TASKS &&
                p->nodes[k].mark.kind == QK_MARK_NUM && p->nodes[k].parent != p->nodes[i].parent &&
                p->nodes[k].mark.number == p->nodes[i].mark.number)
                return false;
    }
    return plain > 0;
}

static void list_tasks(qk_plan *p)
{
    bool plain = numbers_are_unique(p);
    for (uint32_t i = 0; i < p->node_count; i++) {
        qk_plan_node *n = &p->nodes[i];
        qk_plan_task *task;
        if (!n->task) continue;
        task = n->role == QK_PLAN_TASKS ? QK_PLAN_PUSH(p, p, tasks, task)
                                        : QK_PLAN_PUSH(p, p, safeguards, safeguard);
        if (!task) return;
        *task = (qk_plan_task){.node = i};
        task->no = plain && n->mark.kind == QK_MARK_NUM && n->role == QK_PLAN_TASKS
                       ? number_text(p, n)
                       : path_text(p, i);
    }
}

void qk_plan_read_outline(qk_plan *p)
{
    find_body(p);
    build_tree(p);
    set_roles(p);
    for (uint32_t i = 0; i < p->node_count; i++) {
        const qk_plan_node *n = &p->nodes[i];
        bool starts = n->parent < 0 || p->nodes[n->parent].role != n->role;
        if (starts && (n->role == QK_PLAN_TASKS || n->role == QK_PLAN_SAFEGUARD))
            choose_tasks(p, i);
    }
    qk_plan_take_task_tables(p);
    list_tasks(p);
}
