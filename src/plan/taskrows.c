/* SPDX-License-Identifier: Apache-2.0 */
/* Plans whose tasks stand in a table (序号 · 任务 · 责任单位 · 完成时限): each row becomes an item
 * of the outline below the heading that the table stands under, so that every later stage reads it
 * as it reads numbered text. A table with names of works (企业名称, 项目名称) is a list of
 * projects; one behind numbered tasks, in an annex, says again what the text has said. */
#include "plan/private.h"

enum { INTRO_CHARS = 160 };

#define TASK_HEADS \
    "任务|措施|工作内容|主要内容|重点工作|工作事项|事项|整改内容|治理内容|具体内容|工作要求|内容"
#define NAME_HEADS \
    "企业名称|项目名称|工程名称|单位名称|站点名称|道路名称|工地名称|建设项目|建设内容"
#define UNIT_HEADS                                                                                                                   \
    "牵头|责任单位|责任部门|责任主体|配合|落实单位|实施单位|承办单位|主办|协办|主管|督导单位|" \
    "参与单位"

static qk_span head_of(const qk_plan_table *tb, uint32_t c)
{
    return tb->columns[c].text;
}

static bool is_time_head(const qk_plan_text *t, qk_span h)
{
    return qk_plan_has_any(t, h, "时限|期限|完成时间|时间节点|完成日期|时间要求|完成年");
}

qk_plan_cell_use qk_plan_use_of_column(const qk_plan *p, const qk_plan_table *tb, uint32_t c,
                                       qk_duty_role *role)
{
    const qk_plan_text *t = &p->text;
    qk_span h = head_of(tb, c);
    if (qk_plan_has_any(t, h, "序号|编号") || qk_str_eq(qk_span_str(t, h), QK_STR("号")))
        return QK_CELL_NO;
    if (is_time_head(t, h)) return QK_CELL_TIME;
    *role = QK_DUTY_RESPONSIBLE;
    if (qk_plan_has_any(t, h, "责任人|责任领导|负责人|包抓领导|分管领导")) {
        *role = QK_DUTY_PEOPLE;
        return QK_CELL_DUTY;
    }
    if (qk_plan_has_any(t, h, UNIT_HEADS)) {
        if (qk_plan_has_any(t, h, "牵头|主办")) *role = QK_DUTY_LEAD;
        if (qk_plan_has_any(t, h, "配合|协办|参与")) *role = QK_DUTY_SUPPORT;
        if (qk_plan_has_any(t, h, "督导")) *role = QK_DUTY_SUPERVISE;
        return QK_CELL_DUTY;
    }
    if (qk_plan_has_any(t, h, TASK_HEADS) && !qk_plan_has_any(t, h, "类别|类型"))
        return QK_CELL_TASK;
    if (qk_plan_has_any(t, h, "目标|指标|要求|标准|说明|备注")) return QK_CELL_MORE;
    return QK_CELL_OTHER;
}

/* Has it a column of tasks and one of units, and none of names of works? */
static bool is_task_table(const qk_plan *p, const qk_plan_table *tb)
{
    bool tasks = false, units = false;
    qk_duty_role role;
    for (uint32_t c = 0; c < tb->column_count; c++) {
        qk_plan_cell_use use = qk_plan_use_of_column(p, tb, c, &role);
        if (qk_plan_has_any(&p->text, head_of(tb, c), NAME_HEADS)) return false;
        tasks = tasks || use == QK_CELL_TASK;
        units = units || (use == QK_CELL_DUTY && role != QK_DUTY_PEOPLE);
    }
    return tasks && units && tb->row_count > 0;
}

bool qk_plan_after_task_table(const qk_plan *p, uint32_t para)
{
    const qk_plan_table *last = NULL;
    for (uint32_t i = 0; i < p->table_count; i++)
        if (p->tables[i].line < p->paras[para].line) last = &p->tables[i];
    return last && is_task_table(p, last);
}

/* The heading that the table stands under: the last one before it; -1 = none. */
static int32_t heading_above(const qk_plan *p, const qk_plan_table *tb)
{
    int32_t found = -1;
    for (uint32_t i = 0; i < p->node_count; i++)
        if (!p->nodes[i].row && p->paras[p->nodes[i].para].line < tb->line) found = (int32_t)i;
    return found;
}

/* Says the heading nothing but that a table follows? */
static bool only_introduces(const qk_plan *p, const qk_plan_node *n)
{
    uint32_t chars = 0;
    if (!n->task || n->role != QK_PLAN_TASKS || n->children) return false;
    for (uint32_t i = n->para; i < n->para_end; i++)
        chars += qk_plan_chars(&p->text, p->paras[i].span);
    return chars - qk_plan_chars(&p->text, n->heading) < INTRO_CHARS;
}

static uint32_t add_para(qk_plan *p, qk_span span, uint32_t line)
{
    qk_plan_para *para = QK_PLAN_PUSH(p, p, paras, para);
    if (para) *para = (qk_plan_para){.span = span, .line = line};
    return p->para_count - 1;
}

/* The number printed in the row, or its place. */
static uint32_t number_of(const qk_plan *p, const qk_plan_table *tb, const qk_plan_row *row,
                          uint32_t place)
{
    qk_duty_role role;
    for (uint32_t c = 0; c < tb->column_count; c++) {
        uint32_t v = 0, end = 0;
        qk_span s = row->cells[c].text;
        if (qk_plan_use_of_column(p, tb, c, &role) == QK_CELL_NO && s.from < s.to &&
            qk_plan_read_count(&p->text, s.from, s.to, &v, &end) && end == s.to)
            return v;
    }
    return place;
}

static qk_span first_sentence(const qk_plan_text *t, qk_span s)
{
    uint32_t i = s.from, cp;
    while (i < s.to) {
        uint32_t next = qk_plan_next(t, i, &cp);
        if (cp == 0x3002 || cp == 0xFF1B || cp == 0xFF1A) break;
        i = next;
    }
    return (qk_span){s.from, i};
}

/* The cells that say what is to be done, each a paragraph; the last of the columns of tasks is the
 * task itself (类别任务 | 具体任务), the first filled one its title. */
static void add_row(qk_plan *p, const qk_plan_table *tb, uint32_t r, int32_t above)
{
    const qk_plan_row *row = &tb->rows[r];
    uint32_t first = p->para_count;
    qk_span title = {0};
    qk_duty_role role;
    for (uint32_t c = 0; c < tb->column_count; c++) {
        qk_plan_cell_use use = qk_plan_use_of_column(p, tb, c, &role);
        const qk_plan_cell *cell = &row->cells[c];
        bool says = use == QK_CELL_TASK || use == QK_CELL_MORE;
        if (!says || cell->text.from >= cell->text.to) continue;
        if (use == QK_CELL_TASK && !cell->filled) title = title.to ? title : cell->text;
        add_para(p, cell->text, row->line);
        if (cell->more.from < cell->more.to) add_para(p, cell->more, row->line);
    }
    if (!title.to || qk_plan_has_any(&p->text, title, "合计|总计")) {
        p->para_count = first;
        return;
    }
    qk_plan_node *n = QK_PLAN_PUSH(p, p, nodes, node);
    if (!n) return;
    *n = (qk_plan_node){.parent = above,
                        .depth = above >= 0 ? p->nodes[above].depth + 1 : 0,
                        .mark = {.kind = QK_MARK_NUM, .number = number_of(p, tb, row, r + 1)},
                        .heading = {p->paras[first].span.from, p->paras[first].span.from},
                        .title = first_sentence(&p->text, title),
                        .para = first,
                        .para_end = p->para_count,
                        .own_end = p->para_count,
                        .task = true,
                        .table = tb,
                        .row = row};
    if (above >= 0) p->nodes[above].children++;
}

static bool has_text_tasks(const qk_plan *p)
{
    for (uint32_t i = 0; i < p->node_count; i++)
        if (p->nodes[i].task && !p->nodes[i].row && p->nodes[i].role == QK_PLAN_TASKS) return true;
    return false;
}

static uint32_t body_line_end(const qk_plan *p)
{
    return p->body_end < p->para_count ? p->paras[p->body_end].line : UINT32_MAX;
}

void qk_plan_take_task_tables(qk_plan *p)
{
    uint32_t limit = body_line_end(p);
    for (int annex = 0; annex < 2; annex++)
        for (uint32_t i = 0; i < p->table_count; i++) {
            const qk_plan_table *tb = &p->tables[i];
            int32_t above = heading_above(p, tb);
            bool inside = tb->line < limit && above >= 0;
            if (!is_task_table(p, tb) || (annex ? inside : !inside)) continue;
            bool replaces = inside && only_introduces(p, &p->nodes[above]);
            bool below = inside && p->nodes[above].role == QK_PLAN_TASKS && !p->nodes[above].task;
            if (!replaces && !below && (inside || has_text_tasks(p))) continue;
            if (replaces) p->nodes[above].task = false;
            for (uint32_t r = 0; r < tb->row_count; r++) add_row(p, tb, r, inside ? above : -1);
        }
}
