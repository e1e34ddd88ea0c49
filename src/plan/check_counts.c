/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about numbering, tables and things counted. */
#include "plan/check_private.h"

enum {
    SUM_TERMS = 24,
    ANNEX_MATCH = 9 /* bytes of words that a table's title and a task share */
};

static void add_numbering(checker *c, uint32_t node, uint32_t wanted)
{
    const qk_plan_node *n = &c->p->nodes[node];
    qk_plan_finding *f = qk_check_add(c,
                                      wanted == 1               ? "numbering_start"
                                      : n->mark.number < wanted ? "numbering_twice"
                                                                : "numbering_gap",
                                      'H');
    if (!f) return;
    qk_check_at_node(c, f, node);
    qk_check_quote(f, qk_plan_heading_of(n));
    f->param[0] = qk_check_print(c, "%u", wanted);
    f->param[1] = qk_check_print(c, "%u", n->mark.number);
}

/* Each heading counts on from its sister, or, where Arabic numbers run through, from the last one.
 */
void qk_check_outline(checker *c)
{
    const qk_plan *p = c->p;
    for (uint32_t i = 0; i < p->node_count; i++) {
        const qk_plan_node *n = &p->nodes[i];
        uint32_t before = 0, through = 0;
        if (n->mark.kind >= QK_MARK_NUM_PAREN || n->mark.kind == QK_MARK_NUM2 ||
            n->mark.kind == QK_MARK_NUM3)
            continue;
        for (uint32_t k = 0; k < i; k++) {
            if (p->nodes[k].mark.kind != n->mark.kind) continue;
            through = p->nodes[k].mark.number;
            if (p->nodes[k].parent == n->parent) before = p->nodes[k].mark.number;
        }
        if (n->mark.number == before + 1 || n->mark.number == through + 1) continue;
        add_numbering(c, i,
                      before                                   ? before + 1
                      : through && n->mark.kind == QK_MARK_NUM ? through + 1
                                                               : 1);
    }
}

static bool cell_number(const qk_plan *p, const qk_plan_cell *cell, qk_dec *value)
{
    return cell->text.from < cell->text.to &&
           qk_dec_parse(value, qk_span_str(&p->text, cell->text)) == QK_OK;
}

static bool is_total_row(const qk_plan *p, const qk_plan_table *t, uint32_t r)
{
    for (uint32_t k = 0; k < t->column_count && k < 3; k++)
        if (qk_plan_word_at(&p->text, t->rows[r].cells[k].text.from, t->rows[r].cells[k].text.to,
                            "合计|总计|小计"))
            return true;
    return false;
}

typedef struct column_sum {
    qk_dec sum;
    uint32_t terms;
    bool equal; /* all terms the same */
    qk_dec term;
    bool whole; /* every row has a number there */
} column_sum;

static column_sum sum_column(const qk_plan *p, const qk_plan_table *t, uint32_t column)
{
    column_sum s = {.equal = true, .whole = true};
    for (uint32_t r = 0; r < t->row_count; r++) {
        qk_dec v, next;
        if (is_total_row(p, t, r)) continue;
        if (!cell_number(p, &t->rows[r].cells[column], &v) ||
            qk_dec_add(&next, s.sum, v) != QK_OK) {
            s.whole = false;
            continue;
        }
        if (s.terms && qk_dec_cmp(v, s.term) != 0) s.equal = false;
        s.term = v;
        s.sum = next;
        s.terms++;
    }
    return s;
}

static qk_str sum_text(checker *c, const qk_plan_table *t, uint32_t column, const column_sum *s)
{
    qk_buf text;
    char number[QK_DEC_TEXT];
    qk_str out;
    qk_buf_init(&text, 1024);
    if (s->equal) {
        qk_buf_printf(&text, "%u × %s", s->terms, qk_dec_format(number, s->term));
    } else {
        uint32_t n = 0;
        for (uint32_t r = 0; r < t->row_count && n < SUM_TERMS; r++) {
            qk_dec v;
            if (is_total_row(c->p, t, r) || !cell_number(c->p, &t->rows[r].cells[column], &v))
                continue;
            qk_buf_printf(&text, "%s%s", n++ ? " + " : "", qk_dec_format(number, v));
        }
        if (s->terms > SUM_TERMS) qk_buf_puts(&text, " + …");
    }
    qk_buf_printf(&text, " = %s", qk_dec_format(number, s->sum));
    out = qk_check_print(c, "%.*s", QK_STR_ARG(qk_buf_str(&text)));
    qk_buf_clear(&text);
    return out;
}

/* The longest run of characters that the table's title and the task's text share. */
static uint32_t shared_words(const qk_plan *p, qk_span title, qk_span text)
{
    uint32_t best = 0, cp;
    for (uint32_t i = title.from; i < title.to; i = qk_plan_next(&p->text, i, &cp)) {
        uint32_t to = i + best;
        while (to < title.to) {
            uint32_t next = qk_plan_next(&p->text, to, &cp);
            if (!memmem(p->text.norm + text.from, text.to - text.from, p->text.norm + i, next - i))
                break;
            to = next;
        }
        if (to - i > best) best = to - i;
    }
    return best;
}

static qk_span task_text(const qk_plan *p, const qk_plan_task *task)
{
    const qk_plan_node *n = &p->nodes[task->node];
    return (qk_span){n->heading.from, p->paras[n->para_end - 1].span.to};
}

/* Without the area and the year a title begins with. */
static qk_span title_core(const qk_plan *p, qk_span title)
{
    uint32_t cp, at = qk_plan_find(&p->text, title, "年");
    if (at != UINT32_MAX) title.from = at + 3;
    for (uint32_t k = title.from; k < title.to; k = qk_plan_next(&p->text, k, &cp))
        if (qk_plan_word_at(&p->text, k, title.to, "任务清单|清单|汇总表|任务表|一览表|台账")) {
            title.to = k;
            break;
        }
    return title;
}

static const qk_plan_task *task_of_table(const qk_plan *p, const qk_plan_table *t)
{
    const qk_plan_task *best = NULL;
    uint32_t most = ANNEX_MATCH - 1;
    qk_span core = title_core(p, t->title);
    for (uint32_t i = 0; i < p->task_count; i++) {
        uint32_t n = shared_words(p, core, task_text(p, &p->tasks[i]));
        if (n > most && p->tasks[i].number_count) {
            most = n;
            best = &p->tasks[i];
        }
    }
    return best;
}

static void compare_sum(checker *c, const qk_plan_table *t, uint32_t column,
                        const qk_plan_task *task, const qk_plan_number *n)
{
    column_sum s = sum_column(c->p, t, column);
    char says[QK_DEC_TEXT];
    if (n->share || !s.whole || s.terms < 2 || qk_dec_cmp(s.sum, n->value) == 0 ||
        n->op != QK_OP_EQ)
        return;
    qk_plan_finding *f = qk_check_add(c, "sum_differs", 'H');
    if (!f) return;
    qk_str sum = sum_text(c, t, column, &s);
    qk_dec_format(says, n->value);
    qk_check_at_task(c, f, task);
    if (t->title_no.to) qk_check_at(c, f, qk_plan_quote(&c->p->text, t->title_no));
    qk_check_quote(f, n->text);
    qk_check_quote(f, t->title);
    qk_check_quote(f, t->columns[column].text);
    f->param[0] = qk_check_print(c, "%s", says);
    f->param[1] = n->unit;
    f->arithmetic = qk_check_print(c, "%.*s，正文为 %s", QK_STR_ARG(sum), says);
}

/* Does a column add up to the number? Then its rows are groups of what the text counts. */
static bool is_sum_of_column(const qk_plan *p, const qk_plan_table *t, const qk_plan_number *n)
{
    for (uint32_t k = 0; k < t->column_count; k++) {
        if (qk_plan_has_any(&p->text, t->columns[k].text, "序号|编号")) continue;
        column_sum s = sum_column(p, t, k);
        if (s.whole && s.terms > 1 && qk_dec_cmp(s.sum, n->value) == 0) return true;
    }
    return false;
}

/* Is the column's sum another number of the task in the same unit? */
static bool sum_is_told(const qk_plan *p, const qk_plan_table *t, uint32_t column,
                        const qk_plan_task *task, qk_str unit)
{
    column_sum s = sum_column(p, t, column);
    for (uint32_t i = 0; i < task->number_count; i++)
        if (qk_str_eq(task->numbers[i].unit, unit) &&
            qk_dec_cmp(task->numbers[i].value, s.sum) == 0)
            return true;
    return false;
}

static void compare_rows(checker *c, const qk_plan_table *t, const qk_plan_task *task,
                         const qk_plan_number *n)
{
    uint32_t rows = 0;
    char says[QK_DEC_TEXT];
    for (uint32_t r = 0; r < t->row_count; r++) rows += !is_total_row(c->p, t, r);
    if (qk_dec_cmp(n->value, (qk_dec){rows, 0}) == 0 || is_sum_of_column(c->p, t, n)) return;
    qk_plan_finding *f = qk_check_add(c, "rows_differ", 'H');
    if (!f) return;
    qk_dec_format(says, n->value);
    qk_check_at_task(c, f, task);
    if (t->title_no.to) qk_check_at(c, f, qk_plan_quote(&c->p->text, t->title_no));
    qk_check_quote(f, n->text);
    qk_check_quote(f, t->title);
    f->param[0] = qk_check_print(c, "%s", says);
    f->param[1] = qk_check_print(c, "%u", rows);
    f->arithmetic = qk_check_print(c, "附表 %u 行，正文为 %s", rows, says);
}

static void check_against_text(checker *c, const qk_plan_table *t)
{
    const qk_plan_task *task = task_of_table(c->p, t);
    bool counted = false;
    if (!task) return;
    for (uint32_t i = 0; i < task->number_count; i++) {
        const qk_plan_number *n = &task->numbers[i];
        if (!counted && n->op == QK_OP_EQ &&
            (qk_str_eq(n->unit, QK_STR("家")) || qk_str_eq(n->unit, QK_STR("户")))) {
            compare_rows(c, t, task, n);
            counted = true;
        }
        for (uint32_t k = 0; k < t->column_count; k++) {
            qk_span head = t->columns[k].text;
            uint32_t open = qk_plan_find(&c->p->text, head, "（");
            if (open == UINT32_MAX || !n->unit.len) continue;
            qk_str inner = {c->p->text.norm + open + 3, head.to - open - 3};
            if (inner.len == n->unit.len + 3 && qk_str_starts(inner, n->unit) &&
                !sum_is_told(c->p, t, k, task, n->unit))
                compare_sum(c, t, k, task, n);
        }
    }
}

static void check_row_numbers(checker *c, const qk_plan_table *t)
{
    qk_dec first, v;
    uint32_t expect = 0;
    if (!t->column_count || !qk_plan_has_any(&c->p->text, t->columns[0].text, "序号|编号") ||
        !t->row_count)
        return;
    if (!cell_number(c->p, &t->rows[0].cells[0], &first) || first.scale) return;
    if (first.mantissa != 1) {
        qk_plan_finding *f = qk_check_add(c, "table_start", 'H');
        if (!f) return;
        qk_check_at(c, f, qk_plan_quote(&c->p->text, t->title_no.to ? t->title_no : t->title));
        qk_check_quote(f, t->title);
        qk_check_quote(
            f, (qk_span){t->rows[0].cells[0].text.from,
                         t->rows[0].cells[t->column_count > 2 ? 2 : t->column_count - 1].text.to});
        f->param[0] = qk_check_print(c, "%lld", (long long)first.mantissa);
        f->arithmetic = qk_check_print(c, "序号 %lld 起，缺 1–%lld", (long long)first.mantissa,
                                       (long long)first.mantissa - 1);
    }
    expect = (uint32_t)first.mantissa;
    for (uint32_t r = 0; r < t->row_count; r++, expect++) {
        if (is_total_row(c->p, t, r) || !cell_number(c->p, &t->rows[r].cells[0], &v) ||
            v.mantissa == (int64_t)expect)
            continue;
        qk_plan_finding *f = qk_check_add(c, "table_gap", 'H');
        if (!f) return;
        qk_check_at(c, f, qk_plan_quote(&c->p->text, t->title_no.to ? t->title_no : t->title));
        qk_check_quote(f, t->rows[r].cells[0].text);
        f->param[0] = qk_check_print(c, "%u", expect);
        f->param[1] = qk_check_print(c, "%lld", (long long)v.mantissa);
        return;
    }
}

static void check_totals(checker *c, const qk_plan_table *t)
{
    for (uint32_t r = 0; r < t->row_count; r++) {
        if (!is_total_row(c->p, t, r)) continue;
        for (uint32_t k = 1; k < t->column_count; k++) {
            qk_dec says;
            char text[QK_DEC_TEXT];
            column_sum s = sum_column(c->p, t, k);
            if (!cell_number(c->p, &t->rows[r].cells[k], &says) || s.terms < 2 ||
                qk_dec_cmp(s.sum, says) == 0)
                continue;
            qk_plan_finding *f = qk_check_add(c, "total_differs", 'H');
            if (!f) return;
            qk_str sum = sum_text(c, t, k, &s);
            qk_check_at(c, f, qk_plan_quote(&c->p->text, t->title_no.to ? t->title_no : t->title));
            qk_check_quote(f, t->rows[r].cells[k].text);
            qk_check_quote(f, t->columns[k].text);
            f->param[0] = qk_check_print(c, "%s", qk_dec_format(text, says));
            f->arithmetic = qk_check_print(c, "%.*s，合计行为 %s", QK_STR_ARG(sum), text);
        }
    }
}

void qk_check_tables(checker *c)
{
    for (uint32_t i = 0; i < c->p->table_count; i++) {
        const qk_plan_table *t = &c->p->tables[i];
        check_row_numbers(c, t);
        check_totals(c, t);
        if (t->title.to) check_against_text(c, t);
    }
}

/* 6个专项治理行动: as many headings should be called so. */
static void check_heading_count(checker *c, qk_span s, uint32_t at)
{
    const qk_plan *p = c->p;
    const qk_plan_text *t = &p->text;
    uint32_t says, end, have = 0, n, cp;
    if (!qk_plan_read_count(t, at, s.to, &says, &end) || says < 2 || says > 30) return;
    n = qk_plan_word_at(t, end, s.to, "个|项|大");
    qk_span noun = {end + n, end + n};
    if (!n) return;
    while (noun.to < s.to && qk_plan_chars(t, noun) < 10 &&
           !qk_plan_word_at(t, noun.to, s.to, "，|。|、|；|（|”|："))
        noun.to = qk_plan_next(t, noun.to, &cp);
    if (qk_plan_chars(t, noun) < 4) return;
    qk_str word = qk_span_str(t, noun);
    for (uint32_t i = 0; i < p->node_count; i++)
        have += p->nodes[i].role == QK_PLAN_TASKS && !p->nodes[i].task &&
                qk_str_ends(qk_span_str(t, p->nodes[i].title), word);
    if (have < 2 || have == says) return;
    qk_plan_finding *f = qk_check_add(c, "headings_differ", 'L');
    if (!f) return;
    qk_check_at_place(c, f, at);
    qk_check_quote(f, (qk_span){at, noun.to});
    f->param[0] = qk_check_print(c, "%u", says);
    f->param[1] = qk_check_print(c, "%u", have);
    f->param[2] = word;
    f->arithmetic = qk_check_print(c, "正文写 %u，标题有 %u", says, have);
}

static uint32_t list_length(const qk_plan_text *t, qk_span s)
{
    uint32_t n = 1, cp;
    int depth = 0;
    for (uint32_t i = s.from; i < s.to; i = qk_plan_next(t, i, &cp)) {
        qk_plan_next(t, i, &cp);
        depth += (cp == 0xFF08) - (cp == 0xFF09);
        if (depth == 0 && qk_plan_word_at(t, i, s.to, "、|和|，|；|以及")) n++;
    }
    return n;
}

static void add_list(checker *c, qk_span quoted, uint32_t says, uint32_t have)
{
    qk_plan_finding *f = qk_check_add(c, "list_differs", 'M');
    if (!f) return;
    qk_check_at_place(c, f, quoted.from);
    qk_check_quote(f, quoted);
    f->param[0] = qk_check_print(c, "%u", says);
    f->param[1] = qk_check_print(c, "%u", have);
    f->arithmetic = qk_check_print(c, "写明 %u，列出 %u", says, have);
}

/* “四库”（甲、乙、丙、丁） */
static void check_quoted_list(checker *c, qk_span s, uint32_t at)
{
    const qk_plan_text *t = &c->p->text;
    uint32_t says, end, close, stop, have;
    if (!qk_plan_is(t, at, s.to, "“") || !qk_plan_read_count(t, at + 3, s.to, &says, &end) ||
        says < 2 || says > 12)
        return;
    stop = qk_plan_find(t, (qk_span){end, end + 30 < s.to ? end + 30 : s.to}, "”");
    if (stop == UINT32_MAX || stop == end || !qk_plan_is(t, stop + 3, s.to, "（")) return;
    /* 两分三防 counts two things */
    for (uint32_t cp, i = end; i < stop; i = qk_plan_next(t, i, &cp)) {
        uint32_t v, e;
        if (qk_plan_read_count(t, i, stop, &v, &e)) return;
    }
    close = qk_plan_bracket_end(t, stop + 3, s.to);
    if (!close || qk_plan_chars(t, (qk_span){stop, close}) > 120) return;
    qk_span list = {stop + 6, close - 3};
    if (qk_plan_has_any(t, list, "等|《|简称|下同")) return;
    have = list_length(t, list);
    if (have >= 2 && have != says) add_list(c, (qk_span){at, close}, says, have);
}

/* 六项要求：（1）…（2）… */
static void check_numbered_list(checker *c, qk_span s, uint32_t at)
{
    const qk_plan_text *t = &c->p->text;
    uint32_t says, end, n, cp, have = 0;
    if (!qk_plan_read_count(t, at, s.to, &says, &end) || says < 2 || says > 20) return;
    if (!qk_plan_word_at(t, end, s.to, "项|个|条|点|类|种")) return;
    for (n = end; n < s.to && n < end + 60 && !qk_plan_word_at(t, n, s.to, "：|，|。");
         n = qk_plan_next(t, n, &cp))
        continue;
    if (!qk_plan_is(t, n, s.to, "：") || !qk_plan_word_at(t, n + 3, s.to, "（1）|①|1.|一是"))
        return;
    bool paren = qk_plan_is(t, n + 3, s.to, "（1）"), spoken = qk_plan_is(t, n + 3, s.to, "一是");
    if (!paren && !spoken) return;
    for (uint32_t i = n; i < s.to; i = qk_plan_next(t, i, &cp)) {
        uint32_t v, e;
        if (paren && qk_plan_is(t, i, s.to, "（") && qk_plan_read_count(t, i + 3, s.to, &v, &e) &&
            v == have + 1 && qk_plan_is(t, e, s.to, "）"))
            have++;
        if (spoken && qk_plan_read_count(t, i, s.to, &v, &e) && v == have + 1 &&
            qk_plan_is(t, e, s.to, "是"))
            have++;
    }
    if (have != says) add_list(c, (qk_span){at, n}, says, have);
}

/* 完成12家，其中甲类5家，乙类6家 */
static void check_parts_sum(checker *c, qk_span s)
{
    const qk_plan_text *t = &c->p->text;
    uint32_t among = qk_plan_find(t, s, "其中"), next, terms = 0;
    qk_measure m = {0}, whole = {0};
    qk_dec sum = {0};
    qk_buf text;
    char number[QK_DEC_TEXT];
    if (among == UINT32_MAX) return;
    /* 一季度完成15家，上半年完成35家: steps on the way are no parts */
    if (qk_plan_has_any(t, (qk_span){among, s.to}, "季度|上半年|下半年|月底|月末|年底|年末"))
        return;
    for (uint32_t at = s.from;
         (next = qk_plan_next_measure(c->p, (qk_span){s.from, among}, at, &m)) != UINT32_MAX;
         at = next)
        if (m.def && m.def->kind != 'x') whole = m;
    if (!whole.def || strchr("rct", whole.def->kind) || among - whole.unit_span.to > 60) return;
    m = (qk_measure){0};
    qk_buf_init(&text, 1024);
    for (uint32_t at = among; (next = qk_plan_next_measure(c->p, s, at, &m)) != UINT32_MAX;
         at = next) {
        qk_dec wider;
        if (m.def != whole.def || qk_dec_add(&wider, sum, m.value) != QK_OK) continue;
        sum = wider;
        qk_buf_printf(&text, "%s%s", terms++ ? " + " : "", qk_dec_format(number, m.value));
    }
    if (terms >= 2 && qk_dec_cmp(sum, whole.value) != 0) {
        bool more = qk_dec_cmp(sum, whole.value) > 0;
        qk_plan_finding *f = qk_check_add(c, "parts_differ", more ? 'H' : 'M');
        if (f) {
            qk_str left = qk_check_print(c, "%.*s = %s", QK_STR_ARG(qk_buf_str(&text)),
                                         qk_dec_format(number, sum));
            qk_check_at_place(c, f, among);
            qk_check_quote(f, s);
            f->param[0] = qk_check_print(c, "%s", qk_dec_format(number, whole.value));
            f->arithmetic = qk_check_print(c, "%.*s，总数为 %s", QK_STR_ARG(left), number);
        }
    }
    qk_buf_clear(&text);
}

void qk_check_counts(checker *c)
{
    const qk_plan *p = c->p;
    for (uint32_t k = p->body; k < p->body_end; k++) {
        qk_span s = p->paras[k].span;
        for (uint32_t cp, i = s.from; i < s.to; i = qk_plan_next(&p->text, i, &cp)) {
            qk_plan_next(&p->text, i, &cp);
            bool fresh = i == s.from || !qk_is_digit(p->text.norm[i - 1]);
            check_quoted_list(c, s, i);
            if (fresh && (qk_is_digit(p->text.norm[i]) || cp >= 0x4E00)) {
                check_heading_count(c, s, i);
                check_numbered_list(c, s, i);
            }
        }
        for (uint32_t at = s.from; at < s.to;) {
            qk_span sentence = qk_plan_next_sentence(&p->text, s, at);
            check_parts_sum(c, sentence);
            at = sentence.to;
        }
    }
}
