/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_PLAN_PRIVATE_H
#define QK_PLAN_PRIVATE_H
/* What the stages of the compiler share. They fill the same qk_plan one after the other; a list
 * that cannot grow sets plan->full and the caller passes on. */
#include "plan/plan.h"

/* Room for one more element of a list that lies in the plan's arena, zeroed; NULL when full. */
void *qk_plan_grow(qk_plan *p, void **list, uint32_t *count, uint32_t *cap, size_t size);
#define QK_PLAN_PUSH(p, owner, list, n)                                                \
    qk_plan_grow((p), (void **)&(owner)->list, &(owner)->n##_count, &(owner)->n##_cap, \
                 sizeof *(owner)->list)
void qk_plan_list_add(qk_plan *p, qk_plan_list *list, qk_span span);
/* Adds when no span of the list has the same text; false when it is there already. */
bool qk_plan_list_add_once(qk_plan *p, qk_plan_list *list, qk_span span);

/* Tables leave the text, what remains becomes paragraphs. */
void qk_plan_read_tables(qk_plan *p);
void qk_plan_read_paragraphs(qk_plan *p);
/* The mark at the start of a text, kind NONE when there is none. */
qk_mark qk_plan_mark_at(const qk_plan_text *t, uint32_t at, uint32_t limit);
void qk_plan_read_outline(qk_plan *p);
/* What a column of a table of tasks holds. */
typedef enum qk_plan_cell_use {
    QK_CELL_NO,
    QK_CELL_TASK,
    QK_CELL_MORE, /* said of the task: what is to be reached */
    QK_CELL_DUTY, /* *role tells which */
    QK_CELL_TIME,
    QK_CELL_OTHER
} qk_plan_cell_use;
qk_plan_cell_use qk_plan_use_of_column(const qk_plan *p, const qk_plan_table *tb, uint32_t c,
                                       qk_duty_role *role);
/* Rows of tables of tasks become nodes, the outline being chosen. */
void qk_plan_take_task_tables(qk_plan *p);
/* Stands a table of tasks before this paragraph, the nearest one? */
bool qk_plan_after_task_table(const qk_plan *p, uint32_t para);
void qk_plan_read_head(qk_plan *p);
void qk_plan_read_duties(qk_plan *p);
/* Who checks what by himself, of the safeguards. */
void qk_plan_read_fields(qk_plan *p);
void qk_plan_read_clauses(qk_plan *p);
void qk_plan_read_targets(qk_plan *p);
void qk_plan_read_money(qk_plan *p);
void qk_plan_read_systems(qk_plan *p);

/* A duty label ("责任单位：") at `at`: its role, *end behind its colon; *time for a deadline label.
 */
bool qk_plan_label_at(const qk_plan_text *t, uint32_t at, uint32_t limit, qk_duty_role *role,
                      uint32_t *end, bool *time);
/* Is this bracket a duty bracket? open stands at its first character; *close behind its last. */
bool qk_plan_duty_bracket(const qk_plan_text *t, uint32_t open, uint32_t limit, uint32_t *close);
/* Behind the bracket that opens at `open`, or 0 when it does not close before limit. */
uint32_t qk_plan_bracket_end(const qk_plan_text *t, uint32_t open, uint32_t limit);

/* Does a name of a unit end here (局, 委, 办事处 …)? */
bool qk_plan_is_unit(const qk_plan_text *t, qk_span s);
/* The next piece up to 、，；。 outside brackets; *rest moves behind it. */
qk_span qk_plan_next_piece(const qk_plan_text *t, qk_span *rest);
/* A unit without 等部门 behind it and 由, 以及 before it. */
qk_span qk_plan_trim_unit(const qk_plan_text *t, qk_span s);

/* A number in Chinese or Arabic digits; *end behind it; false when there is none. */
bool qk_plan_read_count(const qk_plan_text *t, uint32_t at, uint32_t limit, uint32_t *value,
                        uint32_t *end);
/* A year written 2025 or 二〇二五, followed by 年; *end behind 年. */
bool qk_plan_read_year(const qk_plan_text *t, uint32_t at, uint32_t limit, int32_t *year,
                       uint32_t *end);
int32_t qk_plan_last_day(int32_t year, int32_t month);
/* The date 2024年12月9日 at `at`. */
bool qk_plan_read_date(const qk_plan_text *t, uint32_t at, uint32_t limit, int32_t *date,
                       uint32_t *end);
/* Deadlines in a text; context_year for those without a year (0 = not to be completed). */
void qk_plan_find_deadlines(qk_plan *p, qk_span s, qk_plan_task *task);
void qk_plan_find_recurring(qk_plan *p, qk_span s, qk_plan_task *task);
void qk_plan_find_numbers(qk_plan *p, qk_span s, qk_plan_task *task);

/* Numbers with units in a clause, as the indicator and target grammars see them. */
typedef struct qk_measure {
    qk_span digits, unit_span, whole; /* whole: with its words of comparison */
    qk_dec value, value2;
    bool range, chinese;
    qk_str unit;
    const struct qk_unit_def *def; /* NULL: none was found */
    qk_plan_op op;
    bool compared;  /* a comparison stands before or behind */
    bool bound;     /* the word before is one of demand (不低于, 不超过, 至少…) */
    bool raising;   /* 达到, 提高到, 完成… before it */
    bool threshold; /* it only says whom the duty covers */
    bool about;     /* 左右 */
    bool listed;    /* compared as the list member before it */
} qk_measure;
typedef struct qk_unit_def {
    const char *printed, *shown;
    char kind; /* 'r' ratio, 'c' concentration, 'n' counted thing, 'q' quantity, 't' time, 'm'
                  money, 'f' frequency (次, 批次) */
} qk_unit_def;
/* The measure whose digits begin at or behind `at`; the list members before a unit each give one.
 * *out holds the measure before it (zeroed at first). Returns the byte to go on from, or
 * UINT32_MAX. */
uint32_t qk_plan_next_measure(qk_plan *p, qk_span clause, uint32_t at, qk_measure *out);

/* Sentences end at 。！？ and at the paragraph's end; clauses at ；also. Steps through s. */
qk_span qk_plan_next_sentence(const qk_plan_text *t, qk_span s, uint32_t at);
/* Is the byte inside a title 《…》 that opens in s? */
bool qk_plan_in_title(const qk_plan_text *t, qk_span s, uint32_t at);
/* The texts of a node, without its heading and its duties: calls each for every paragraph piece. */
typedef void qk_plan_piece_fn(qk_plan *p, qk_span piece, void *ctx);
void qk_plan_each_piece(qk_plan *p, const qk_plan_task *task, qk_plan_piece_fn *each, void *ctx);
/* What a person finds it by: of a row of a table its title. */
static inline qk_span qk_plan_heading_of(const qk_plan_node *n)
{
    return n->row ? n->title : n->heading;
}
static inline const qk_plan_node *qk_plan_task_node(const qk_plan *p, const qk_plan_task *task)
{
    return &p->nodes[task->node];
}
#endif
