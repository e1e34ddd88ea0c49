/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_UNIT_PLAN_CASE_H
#define QK_TESTS_UNIT_PLAN_CASE_H
/* Small helpers of the plan tests: compile a text, read its fields as C strings. */
#include "plan/check.h"
#include "../test.h"

static inline qk_plan *compiled(const char *text)
{
    qk_plan *plan = NULL;
    qk_error err = {0};
    if (qk_plan_compile(&plan, qk_str_of(text), &err) != QK_OK) print_message("%s\n", err.message);
    assert_non_null(plan);
    return plan;
}

/* Quoted text of a span, in the plan's arena. */
static inline const char *quoted(const qk_plan *plan, qk_span span)
{
    qk_str s = qk_plan_quote(&plan->text, span);
    char *copy = qk_arena_copy(plan->text.arena, s.ptr ? s.ptr : "", s.len);
    assert_non_null(copy);
    return copy;
}

/* The names of a list as a plan prints them. */
static inline const char *names_of(const qk_plan *plan, const qk_plan_list *list)
{
    char *out = qk_arena_copy(plan->text.arena, "", 0);
    for (uint32_t i = 0; i < list->count; i++)
        out = qk_arena_printf(plan->text.arena, "%s%s%s", out, i ? "、" : "",
                              quoted(plan, list->at[i]));
    return out;
}

/* The units of a role, joined by '|'. */
static inline const char *units_of(const qk_plan *plan, uint32_t task, qk_duty_role role)
{
    const qk_plan_list *list = &plan->tasks[task].units[role];
    char *out = qk_arena_copy(plan->text.arena, "", 0);
    for (uint32_t i = 0; i < list->count; i++)
        out = qk_arena_printf(plan->text.arena, "%s%s%s", out, i ? "|" : "",
                              quoted(plan, list->at[i]));
    return out;
}

#define assert_units(plan, task, role, expected) \
    assert_string_equal(units_of(plan, task, role), expected)
#define assert_quote(plan, span, expected) assert_string_equal(quoted(plan, span), expected)

static inline bool number_is(const qk_plan_number *n, qk_plan_op op, const char *value,
                             const char *unit)
{
    char text[QK_DEC_TEXT];
    bool same = n->op == op && strcmp(qk_dec_format(text, n->value), value) == 0 &&
                qk_str_eq(n->unit, qk_str_of(unit));
    if (!same) print_message("op %d value %s unit %.*s\n", (int)n->op, text, QK_STR_ARG(n->unit));
    return same;
}
#endif
