/* SPDX-License-Identifier: Apache-2.0 */
/* Indicators: the printed numbers of a task that must be reached or kept. */
#include "plan/private.h"

#define DOING                                                                                                                        \
    "完成|推动|淘汰|新增|建成|建设|创建|关停|退出|改造|实施|新建|更新|培育|推进|打造|安装|抽测|" \
    "抽检|"                                                                                                                        \
    "检查|取缔|整治|现有|关闭|开展|治理|推广|购置|布设|减少|压减|清理|拆除|达到|不少于|不低于|"  \
    "确保|"                                                                                                                        \
    "力争|建立|设置|配备|组织|替代|提升|新能源|整合|搬迁|核发|举办|培训|审核|评选|监测|装|增设|" \
    "投用|投运|更换|落实|退出|迁|联网|采购|签订|清运|修复|绿化|栽植|种植|拆|换|清零"

/* The clause around a byte: between ，；。：and brackets that hold a measure of their own. */
static qk_span clause_of(const qk_plan_text *t, qk_span s, uint32_t at)
{
    uint32_t starts[8], depth = 0, i = s.from, cp;
    qk_span c = s;
    starts[0] = s.from;
    while (i < at) {
        uint32_t next = qk_plan_next(t, i, &cp);
        if ((cp == 0xFF0C || cp == 0xFF1B || cp == 0x3002 || cp == 0xFF1A)) starts[depth] = next;
        if (cp == 0xFF08 && depth < 7) starts[++depth] = next;
        if (cp == 0xFF09 && depth > 0) depth--;
        i = next;
    }
    c.from = starts[depth];
    while (i < s.to && !qk_plan_word_at(t, i, s.to, "，|；|。|：")) i = qk_plan_next(t, i, &cp);
    c.to = i;
    return c;
}

static bool is_ratio_name(const qk_plan_text *t, qk_span before)
{
    return qk_plan_word_end(t, before, "率|比例|比重|占比|覆盖面") > 0;
}

/* What was, or may be, is no demand. */
static bool is_fact(const qk_plan_text *t, qk_span c, const qk_measure *m)
{
    qk_span before = {c.from, m->digits.from};
    qk_span ordinal = before;
    /* 第3、4条 */
    while (ordinal.to > ordinal.from &&
           (qk_is_digit(t->norm[ordinal.to - 1]) || qk_plan_ends(t, ordinal, "、")))
        ordinal.to -= qk_is_digit(t->norm[ordinal.to - 1]) ? 1 : 3;
    if (qk_plan_ends(t, ordinal, "第")) return true;
    if (qk_plan_word_end(t, before, "可达|已达|曾达|高达|第|未来|近|约占|未来7天、")) return true;
    if (qk_plan_has_any(t, before, "贡献|发生频率|未来")) return true;
    /* 从65%提高到87%: the first number is where it began */
    uint32_t change =
        qk_plan_has_any(t, before, "从|由")
            ? qk_plan_word_at(t, m->whole.to, c.to,
                              "提高|上升|增加|提升|下降|降低|减少|增长|压减|削减|扩大|降|增")
            : 0;
    if (change && (!m->compared || qk_plan_word_at(t, m->whole.to + change, c.to, "到|至")))
        return true;
    return false;
}

static bool is_demand(const qk_plan_text *t, qk_span c, const qk_measure *m)
{
    qk_span before = {c.from, m->digits.from};
    bool at_end = m->whole.to >= c.to;
    if (!m->def || m->threshold || is_fact(t, c, m)) return false;
    switch (m->def->kind) {
    case 'r': return m->compared || is_ratio_name(t, before) || strcmp(m->def->shown, "倍") == 0;
    case 'c': return m->compared || qk_plan_has(t, before, "浓度");
    case 't':
        return m->compared && (m->op == QK_OP_LE || m->op == QK_OP_GE || m->op == QK_OP_LT) &&
               (m->whole.to > m->unit_span.to ||
                !(m->value.mantissa == 24 && m->value.scale == 0)) &&
               !m->raising;
    case 'n':
        if (m->chinese) return qk_plan_has_any(t, before, "完成|开展|组织|实施");
        return m->compared || qk_plan_has_any(t, c, DOING);
    case 'f':
        if (m->compared || memchr(m->unit.ptr, '/', m->unit.len)) return true;
        return !m->chinese && qk_plan_has_any(t, before, "开展|组织|完成|抽检|检查");
    case 'q':
        if (m->compared && !m->raising)
            return m->bound || at_end || !(m->whole.to > m->unit_span.to);
        return (m->compared && m->raising) || (at_end && before.to > before.from);
    case 'x':
        /* 15日内 */
        return strcmp(m->def->printed, "日") == 0 && m->op == QK_OP_LE &&
               !qk_plan_word_end(t, before, "月") && m->whole.to > m->unit_span.to;
    default: return false;
    }
}

/* Leading words of time and demand do not belong to a name. */
static qk_span trim_name(const qk_plan_text *t, qk_span s)
{
    uint32_t n, v, end;
    int32_t year;
    bool again = true;
    while (again && s.from < s.to) {
        again = false;
        n = qk_plan_word_at(
            t, s.from, s.to,
            "、|，|和|及|到|至|力争|确保|实现|完成|推动|并|其中|使|全年|年底前|底前|前|内|对|"
            "达到|将|保持|年|月|日|底");
        if (qk_plan_read_year(t, s.from, s.to, &year, &end))
            n = end - s.from;
        else if (qk_plan_read_count(t, s.from, s.to, &v, &end) &&
                 qk_plan_word_at(t, end, s.to, "月|日"))
            n = end - s.from + 3;
        if (n && n < s.to - s.from) {
            s.from += n;
            again = true;
        }
    }
    while ((n = qk_plan_word_end(
                t, s, "力争|原则上|要|应|平均|均|分别|应当|必须|，|、|稳定|年度|为|的|共|约")) >
               0 &&
           n < s.to - s.from)
        s.to -= n;
    return s;
}

static void set_name(const qk_plan_text *t, qk_span c, const qk_measure *m,
                     const qk_plan_number *before, qk_plan_number *n)
{
    qk_span left = trim_name(t, (qk_span){c.from, m->whole.from}), right = {m->whole.to, c.to};
    uint32_t cut = UINT32_MAX, i;
    n->name = left;
    if (m->listed && before) {
        n->name = before->name;
        return;
    }
    /* several measures in one clause: the name begins behind the one before */
    if (before && before->text.from == c.from && before->unit_span.to > left.from &&
        before->unit_span.to < left.to)
        n->name = trim_name(t, (qk_span){before->unit_span.to, left.to});
    if (m->def && (m->def->kind == 'n' || qk_plan_chars(t, left) < 2) && right.to > right.from) {
        for (i = right.from; i < right.to && cut == UINT32_MAX;) {
            uint32_t cp, next = qk_plan_next(t, i, &cp);
            if (qk_is_digit(t->norm[i]) || cp == 0xFF08 || cp == 0x3001) cut = i;
            i = next;
        }
        right.to = cut < right.to ? cut : right.to;
        right.from += qk_plan_word_at(t, right.from, right.to, "的");
        if (right.to > right.from) n->name = right;
    }
}

/* 颗粒物、二氧化硫排放浓度…10、35: the names of a list meet the numbers of a list. */
static void share_names(const qk_plan_text *t, qk_plan_number *first, uint32_t count)
{
    qk_span all = first->name, rest = all, piece[8];
    uint32_t n = 0, i, cp;
    if (count < 2 || count > 8) return;
    for (i = rest.from; i < rest.to && n < 8; i = qk_plan_next(t, i, &cp))
        if (qk_plan_word_at(t, i, rest.to, "、|和")) {
            piece[n++] = (qk_span){rest.from, i};
            rest.from = i + 3;
        }
    if (n >= 8) return;
    piece[n++] = rest;
    if (n != count) return;
    uint32_t tail = qk_plan_word_end(t, rest, "排放浓度|年均浓度|平均浓度|浓度|比例|率");
    for (i = 0; i < n; i++) {
        first[i].name = piece[i];
        if (i + 1 < n && tail) first[i].name_tail = (qk_span){rest.to - tail, rest.to};
    }
}

static int32_t date_before(const qk_plan_task *task, qk_span sentence, uint32_t at)
{
    int32_t date = 0;
    for (uint32_t i = 0; i < task->deadline_count; i++)
        if (task->deadlines[i].span.from >= sentence.from && task->deadlines[i].span.from < at)
            date = task->deadlines[i].date;
    return date;
}

/* 完成9个集群整治，其中家具类3个; 淘汰国三货车260辆，国四货车500辆: what is demanded of the whole
 * is demanded of its parts, and of what is counted right behind in the same unit. */
static bool is_share_of_demand(const qk_plan_text *t, qk_span c, const qk_measure *m,
                               const qk_plan_task *task, qk_span sentence)
{
    const qk_plan_number *last = task->number_count ? &task->numbers[task->number_count - 1] : NULL;
    enum { REACH = 60 };
    if (!last || last->text.from < sentence.from || !m->def || m->def->kind != 'n' ||
        m->threshold || !qk_str_eq(last->unit, m->unit) || is_fact(t, c, m))
        return false;
    return qk_plan_word_at(t, c.from, c.to, "其中") > 0 ||
           (m->digits.from - last->unit_span.to < REACH &&
            !qk_plan_has_any(t, (qk_span){last->unit_span.to, m->digits.from}, "对|的|超过|日"));
}

static void read_sentence(qk_plan *p, qk_span s, qk_plan_task *task)
{
    const qk_plan_text *t = &p->text;
    qk_measure m = {0};
    uint32_t next, run = 0;
    for (uint32_t at = s.from; (next = qk_plan_next_measure(p, s, at, &m)) != UINT32_MAX;
         at = next) {
        qk_span c = clause_of(t, s, m.digits.from);
        qk_measure old = m, own = m;
        /* read again within its clause, so that words of other clauses do not count */
        if (!m.listed) {
            own = (qk_measure){0};
            if (qk_plan_next_measure(p, c, m.digits.from, &own) == UINT32_MAX ||
                own.digits.from != m.digits.from)
                continue;
            m.op = own.op;
            m.compared = own.compared;
            m.bound = own.bound;
            m.raising = own.raising;
        }
        bool share = is_share_of_demand(t, c, &own, task, s);
        if (qk_plan_in_title(t, s, m.digits.from) || !(share || is_demand(t, c, &own))) {
            run = 0;
            continue;
        }
        if (!m.listed) run = 0;
        qk_plan_number *before = task->number_count ? &task->numbers[task->number_count - 1] : NULL;
        qk_plan_number prior = before ? *before : (qk_plan_number){0};
        qk_plan_number *n = QK_PLAN_PUSH(p, task, numbers, number);
        if (!n) return;
        *n = (qk_plan_number){.text = c,
                              .digits = old.digits,
                              .op = own.op,
                              .value = own.value,
                              .value2 = own.value2,
                              .unit = own.unit,
                              .unit_span = own.unit_span,
                              .date = date_before(task, s, own.digits.from),
                              .share = qk_plan_word_at(t, c.from, c.to, "其中") > 0};
        set_name(t, c, &own, before ? &prior : NULL, n);
        run++;
        if (run > 1 && own.listed) share_names(t, n - (run - 1), run);
    }
}

void qk_plan_find_numbers(qk_plan *p, qk_span s, qk_plan_task *task)
{
    for (uint32_t at = s.from; at < s.to;) {
        qk_span sentence = qk_plan_next_sentence(&p->text, s, at);
        read_sentence(p, sentence, task);
        at = sentence.to;
    }
}

static void read_piece(qk_plan *p, qk_span piece, void *ctx)
{
    qk_plan_task *task = ctx;
    qk_plan_find_deadlines(p, piece, task);
    qk_plan_find_numbers(p, piece, task);
    qk_plan_find_recurring(p, piece, task);
}

/* The heading itself may carry a date or a number. */
static void sort_deadlines(qk_plan_task *task)
{
    for (uint32_t i = 1; i < task->deadline_count; i++)
        for (uint32_t k = i;
             k > 0 && task->deadlines[k].span.from < task->deadlines[k - 1].span.from; k--) {
            qk_plan_deadline d = task->deadlines[k];
            task->deadlines[k] = task->deadlines[k - 1];
            task->deadlines[k - 1] = d;
        }
}

static void read_clauses(qk_plan *p, qk_plan_task *task)
{
    const qk_plan_node *node = qk_plan_task_node(p, task);
    if (!node->row && qk_plan_chars(&p->text, node->title) > 12 &&
        qk_plan_has_any(&p->text, node->title, "，")) {
        qk_plan_find_deadlines(p, node->title, task);
        qk_plan_find_numbers(p, node->title, task);
        qk_plan_find_recurring(p, node->title, task);
    }
    qk_plan_each_piece(p, task, read_piece, task);
    sort_deadlines(task);
}

void qk_plan_read_clauses(qk_plan *p)
{
    for (uint32_t i = 0; i < p->task_count; i++) read_clauses(p, &p->tasks[i]);
    for (uint32_t i = 0; i < p->safeguard_count; i++) read_clauses(p, &p->safeguards[i]);
}
