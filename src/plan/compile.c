/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/private.h"
#include <stdlib.h>

/* About 60 bytes a byte of text are used; the rest is for lists. */
enum { ARENA_FLOOR = 32 << 20, ARENA_PER_BYTE = 96 };

void *qk_plan_grow(qk_plan *p, void **list, uint32_t *count, uint32_t *cap, size_t size)
{
    if (*count == *cap) {
        uint32_t wider = *cap ? *cap * 2 : 8;
        void *room = qk_arena_array(&p->arena, wider, size);
        if (!room) {
            p->full = true;
            return NULL;
        }
        if (*count) memcpy(room, *list, *count * size);
        *list = room;
        *cap = wider;
    }
    return (char *)*list + (size_t)(*count)++ * size;
}

void qk_plan_list_add(qk_plan *p, qk_plan_list *list, qk_span span)
{
    qk_span *room = qk_plan_grow(p, (void **)&list->at, &list->count, &list->cap, sizeof span);
    if (room) *room = span;
}

bool qk_plan_list_add_once(qk_plan *p, qk_plan_list *list, qk_span span)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (qk_str_eq(qk_span_str(&p->text, list->at[i]), qk_span_str(&p->text, span)))
            return false;
    qk_plan_list_add(p, list, span);
    return true;
}

qk_span qk_plan_next_sentence(const qk_plan_text *t, qk_span s, uint32_t at)
{
    uint32_t i = at, cp;
    int depth = 0;
    while (i < s.to) {
        uint32_t next = qk_plan_next(t, i, &cp);
        if (cp == 0xFF08 || cp == 0x300A) depth++;
        if ((cp == 0xFF09 || cp == 0x300B) && depth > 0) depth--;
        i = next;
        if ((cp == 0x3002 || cp == 0xFF01 || cp == 0xFF1F) && depth == 0) break;
    }
    return (qk_span){at, i};
}

bool qk_plan_in_title(const qk_plan_text *t, qk_span s, uint32_t at)
{
    int depth = 0;
    if (at <= s.from || !qk_plan_has(t, (qk_span){s.from, at}, "《")) return false;
    for (uint32_t i = s.from; i + 3 <= s.to && i < at;) {
        uint32_t cp, next = qk_plan_next(t, i, &cp);
        if (cp == 0x300A) depth++;
        if (cp == 0x300B && depth > 0) depth--;
        i = next;
    }
    if (depth == 0) return false;
    qk_span rest = {at, s.to};
    return qk_plan_has(t, rest, "》");
}

/* Cuts the duties out of one paragraph. */
static void pieces_of_para(qk_plan *p, const qk_plan_task *task, qk_span para,
                           qk_plan_piece_fn *each, void *ctx)
{
    uint32_t from = para.from;
    for (uint32_t d = 0; d < task->duty_count; d++) {
        qk_span duty = task->duties[d].span;
        if (task->duties[d].inherited || duty.to <= from || duty.from >= para.to) continue;
        if (duty.from > from) each(p, (qk_span){from, duty.from}, ctx);
        from = duty.to;
    }
    if (from < para.to) each(p, (qk_span){from, para.to}, ctx);
}

void qk_plan_each_piece(qk_plan *p, const qk_plan_task *task, qk_plan_piece_fn *each, void *ctx)
{
    const qk_plan_node *node = &p->nodes[task->node];
    for (uint32_t i = node->para; i < node->para_end; i++) {
        qk_span s = p->paras[i].span;
        if (i == node->para)
            s.from = node->heading.to;
        else if (p->paras[i].mark.kind)
            s.from = p->paras[i].mark.end;
        if (s.from < s.to) pieces_of_para(p, task, s, each, ctx);
    }
}

static qk_code look_for_plan(const qk_plan *p, qk_error *err)
{
    if (p->full)
        return qk_fail(err, QK_EFULL, "the plan needs more memory than the %zu bytes allowed",
                       p->arena.ceiling);
    if (p->text.len == 0) {
        qk_fail(err, QK_EFORMAT, "the document holds no text");
        qk_error_hint(err, "a scanned document must be recognised (OCR) first");
        return QK_EFORMAT;
    }
    if (p->task_count == 0) {
        qk_fail(err, QK_EFORMAT,
                "no plan: among %u paragraphs (%u Chinese characters) none is a numbered task",
                p->para_count, p->text.han);
        qk_error_hint(
            err, "a plan has headings such as 一、 （一） 1. or 第一章 over what is to be done");
        return QK_EFORMAT;
    }
    return QK_OK;
}

qk_code qk_plan_compile(qk_plan **out, qk_str text, qk_error *err)
{
    qk_plan *p = calloc(1, sizeof *p);
    qk_code code;
    *out = NULL;
    if (!p) return qk_fail(err, QK_ENOMEM, "no memory for a plan");
    if (text.len > QK_PLAN_TEXT_MAX) text.len = (size_t)QK_PLAN_TEXT_MAX + 1;
    qk_arena_init(&p->arena, ARENA_FLOOR + text.len * ARENA_PER_BYTE);
    QK_TRY_OUT(code, qk_plan_text_read(&p->text, text, &p->arena, err));
    qk_plan_read_tables(p);
    qk_plan_read_paragraphs(p);
    qk_plan_read_outline(p);
    /* labels of duty lines give deadlines, which need the plan's years */
    qk_plan_read_head(p);
    qk_plan_read_duties(p);
    qk_plan_read_fields(p);
    qk_plan_read_clauses(p);
    qk_plan_read_targets(p);
    qk_plan_read_money(p);
    qk_plan_read_systems(p);
    QK_TRY_OUT(code, look_for_plan(p, err));
    *out = p;
    return QK_OK;
out:
    qk_plan_free(p);
    return code;
}

void qk_plan_free(qk_plan *p)
{
    if (!p) return;
    qk_arena_clear(&p->arena);
    free(p);
}
