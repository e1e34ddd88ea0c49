/* SPDX-License-Identifier: Apache-2.0 */
/* Printed lines become paragraphs. Where a page ended inside a sentence, or lines were cut at a
 * fixed width, they are joined; numbering, labels and short lines begin or end a paragraph. */
#include "plan/private.h"

enum { BRACKET_REACH = 1500, TAIL_MAX = 36, HEADING_MAX = 240 };

typedef struct joiner {
    qk_plan *p;
    const qk_plan_text *t;
    qk_plan_para *cur; /* NULL before the first */
    const qk_plan_line *last;
    uint32_t last_number[QK_MARK_KINDS];
    int depth; /* brackets open in the paragraph */
    uint32_t opened_at;
} joiner;

static void count_brackets(joiner *j, qk_span s)
{
    for (uint32_t i = s.from; i < s.to;) {
        uint32_t cp, next = qk_plan_next(j->t, i, &cp);
        if (cp == 0xFF08 || cp == 0x3010) {
            if (j->depth++ == 0) j->opened_at = i;
        } else if ((cp == 0xFF09 || cp == 0x3011) && j->depth > 0) {
            j->depth--;
        }
        i = next;
    }
}

static bool in_bracket(const joiner *j, const qk_plan_line *l)
{
    return j->depth > 0 && l->norm.from - j->opened_at < BRACKET_REACH;
}

static bool ends_sentence(const qk_plan_text *t, qk_span s)
{
    return qk_plan_word_end(t, s, "。|！|？|。”|！”|。）|.") > 0;
}

/* 一、 and its like after a running sentence must count on, or begin anew at one. */
static bool mark_is_likely(const joiner *j, const qk_mark *m)
{
    if (m->kind == QK_MARK_CHAPTER || m->kind == QK_MARK_SECTION || m->kind == QK_MARK_ARTICLE)
        return true;
    return m->number == 1 || m->number == j->last_number[m->kind] + 1;
}

static bool is_annex_line(const qk_plan_text *t, qk_span s)
{
    uint32_t n = qk_plan_word_at(t, s.from, s.to, "附件|附表|附录"), i = s.from + n, v, end;
    if (!n) return false;
    if (i < s.to && qk_plan_read_count(t, i, s.to, &v, &end)) i = end;
    if (i >= s.to || qk_plan_word_at(t, i, s.to, "：|.|、|：")) return true;
    return i > s.from + n && qk_plan_chars(t, s) < 40 && !qk_plan_has_any(t, s, "，|。|；");
}

static bool is_label_line(const joiner *j, qk_span s)
{
    qk_duty_role role;
    uint32_t end;
    bool time;
    return qk_plan_label_at(j->t, s.from, s.to, &role, &end, &time);
}

/* Did the printer cut this line? A short one that ends at the margin was set there, to the right or
 * in the middle: a signature, a date, a title. */
static bool is_full(const joiner *j, const qk_plan_line *l)
{
    return j->t->wrap && (uint32_t)l->width + l->start + 7 >= j->t->wrap &&
           l->width * 2u >= j->t->wrap;
}

#define UNIT_ENDS                                                                                                               \
    "局|委|办|府|公司|中心|处|会|所|站|队|集团|院|厅|科|镇|乡|街道|部门|单位|企业|）|部|社|室|" \
    "园区|段|组|场"

/* Does the line begin with a unit, or with the end of one? */
static bool begins_with_unit(const joiner *j, const qk_plan_line *next)
{
    qk_span first = {next->norm.from, next->norm.from};
    uint32_t cp;
    while (first.to < next->norm.to &&
           !qk_plan_word_at(j->t, first.to, next->norm.to, "、|，|。|（|；"))
        first.to = qk_plan_next(j->t, first.to, &cp);
    /* one or two characters can only be the rest of a word */
    if (qk_plan_chars(j->t, first) < 3 &&
        (first.to == next->norm.to || !qk_plan_is(j->t, first.to, next->norm.to, "（")))
        return true;
    return qk_plan_word_end(j->t, first, UNIT_ENDS "|牵头|配合|落实|参与|负责|协助") > 0 &&
           qk_plan_chars(j->t, first) < 14;
}

/* Is the whole line pieces of a list of units, the last of them perhaps cut? */
static bool is_all_units(const joiner *j, const qk_plan_line *next)
{
    qk_span piece = {next->norm.from, next->norm.from}, line = next->norm;
    uint32_t cp;
    int depth = 0;
    if (qk_plan_ends(j->t, line, "。")) line.to -= 3;
    for (uint32_t i = line.from;; i = qk_plan_next(j->t, i, &cp)) {
        qk_plan_next(j->t, i, &cp);
        depth += (cp == 0xFF08) - (cp == 0xFF09);
        if (i < line.to && (depth > 0 || !qk_plan_word_at(j->t, i, line.to, "、|，|；"))) continue;
        piece.to = i < line.to ? i : line.to;
        bool cut = i >= line.to && piece.from > line.from && qk_plan_chars(j->t, piece) < 9;
        if (!cut && (!qk_plan_word_end(j->t, piece, UNIT_ENDS) || qk_plan_chars(j->t, piece) > 24))
            return false;
        if (i >= line.to) return true;
        piece.from = i + 3;
    }
}

#define ROLE_ENDS "牵头|配合|落实|参与|负责|协助"

/* 责任单位：甲局牵头，乙局…: a list that gives roles behind its units ends with one. */
static bool lacks_role(const joiner *j)
{
    qk_duty_role role;
    qk_span s = j->cur->span;
    uint32_t end;
    bool time;
    if (!qk_plan_label_at(j->t, s.from, s.to, &role, &end, &time)) return false;
    return qk_plan_has_any(j->t, (qk_span){end, s.to}, "牵头|配合|参与") &&
           !qk_plan_word_end(j->t, s, ROLE_ENDS "|。|）");
}

/* A list of units goes on while its last unit is not whole, or while the next line, too, begins
 * with a unit. */
static bool units_continue(const joiner *j, const qk_plan_line *next)
{
    bool whole = qk_plan_word_end(j->t, j->cur->span, UNIT_ENDS) > 0;
    if (qk_plan_word_end(j->t, j->cur->span, "、|，")) return true;
    if (qk_plan_ends(j->t, j->cur->span, "。")) return false;
    if (qk_plan_word_at(j->t, next->norm.from, next->norm.to, "、|，|（|；|：")) return true;
    if (qk_plan_word_at(j->t, next->norm.from, next->norm.to, "牵头，|配合，|参与，|落实。"))
        return true;
    if (lacks_role(j) && (qk_plan_has_any(j->t, next->norm, ROLE_ENDS) ||
                          (next->width < 40 && !qk_plan_has_any(j->t, next->norm, "。|；|："))))
        return true;
    if ((!whole && is_full(j, j->last)) || is_all_units(j, next)) return true;
    return (j->t->wrap ? is_full(j, j->last) : !whole) && begins_with_unit(j, next);
}

/* A heading: numbered, and no sentence ends in it. */
static bool is_bare_heading(const joiner *j)
{
    qk_span s = j->cur->span;
    return j->cur->mark.kind && s.to - s.from < HEADING_MAX && !qk_plan_has(j->t, s, "。");
}

static bool ends_with_duty(const joiner *j)
{
    qk_span s = j->cur->span;
    uint32_t close;
    if (qk_plan_ends(j->t, s, "。）") || qk_plan_ends(j->t, s, "）。")) return true;
    if (!qk_plan_ends(j->t, s, "）")) return false;
    for (uint32_t i = s.to; i > s.from;) {
        uint32_t cp;
        i = qk_plan_prev(j->t, i, &cp);
        if (cp == 0xFF08 && qk_plan_duty_bracket(j->t, i, s.to, &close) && close == s.to)
            return true;
    }
    return false;
}

/* In an unwrapped text a line that stops inside a sentence was cut by a page. */
static bool cut_by_page(const joiner *j, const qk_plan_line *next)
{
    qk_span s = j->cur->span;
    if (ends_sentence(j->t, s) || ends_with_duty(j)) return false;
    if (qk_plan_word_end(j->t, s, "：|；")) return qk_plan_ends(j->t, s, "；");
    if (is_bare_heading(j)) {
        /* the rest of a broken heading is short and has no mark in it */
        return next->width <= TAIL_MAX && !qk_plan_has_any(j->t, next->norm, "。|，|；|：|、") &&
               qk_plan_word_end(j->t, next->norm,
                                "行动|治理|管控|整治|发展|提升|减排|攻坚|改造|水平|体系") > 0;
    }
    if (is_label_line(j, s)) return units_continue(j, next);
    return qk_plan_has_any(j->t, s, "，|。|、") || j->depth > 0;
}

static bool continues(const joiner *j, const qk_plan_line *l)
{
    qk_mark m = qk_plan_mark_at(j->t, l->norm.from, l->norm.to);
    bool ended = ends_sentence(j->t, j->cur->span);
    if (in_bracket(j, l)) return !(m.kind && ended && mark_is_likely(j, &m));
    if (is_label_line(j, l->norm) || is_annex_line(j->t, l->norm)) return false;
    if (m.kind) {
        bool weak = m.kind == QK_MARK_NUM_PAREN || m.kind == QK_MARK_CIRCLE;
        if (ended || ends_with_duty(j) || qk_plan_word_end(j->t, j->cur->span, "：|；"))
            return false;
        if (!mark_is_likely(j, &m)) return true;
        return weak && is_full(j, j->last);
    }
    if (!j->t->wrap) return cut_by_page(j, l);
    if (is_label_line(j, j->cur->span)) return units_continue(j, l);
    if (is_full(j, j->last)) {
        /* a full line may be a paragraph's last: an indent or a duty line tells */
        if (ended && l->start >= 2 && j->last->start < l->start) return false;
        return !ends_with_duty(j);
    }
    if (ended || ends_with_duty(j) || is_bare_heading(j)) return false;
    if (qk_plan_word_end(j->t, j->cur->span, "、|，")) return true;
    return qk_plan_has(j->t, j->cur->span, "。");
}

static void begin_para(joiner *j, uint32_t line, bool after_table)
{
    qk_plan_para *para = QK_PLAN_PUSH(j->p, j->p, paras, para);
    const qk_plan_line *l = &j->t->lines[line];
    if (!para) return;
    *para = (qk_plan_para){.span = l->norm, .line = line, .after_tab = after_table};
    para->mark = qk_plan_mark_at(j->t, l->norm.from, l->norm.to);
    if (para->mark.kind) j->last_number[para->mark.kind] = para->mark.number;
    j->cur = para;
    j->depth = 0;
}

static bool in_table(const qk_plan *p, uint32_t line)
{
    for (uint32_t i = 0; i < p->table_count; i++)
        if (line >= p->tables[i].line && line < p->tables[i].line_end) return true;
    return false;
}

void qk_plan_read_paragraphs(qk_plan *p)
{
    joiner j = {.p = p, .t = &p->text};
    bool table = false;
    for (uint32_t i = 0; i < p->text.line_count; i++) {
        const qk_plan_line *l = &p->text.lines[i];
        if (l->dropped || l->norm.from == l->norm.to) continue;
        if (in_table(p, i)) {
            table = true;
            j.cur = NULL;
            continue;
        }
        if (j.cur && continues(&j, l))
            j.cur->span.to = l->norm.to;
        else
            begin_para(&j, i, table);
        if (!j.cur) return;
        count_brackets(&j, l->norm);
        j.last = l;
        table = false;
    }
}
