/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_PLAN_PLAN_H
#define QK_PLAN_PLAN_H
/* The plan compiler: the text of a government plan in, what it obliges whom to do out.
 *
 * Grammar in stages, each its own file: text (normalise) → furniture (page numbers, running heads)
 * → lines (tables, paragraphs) → outline (numbering of any mixture becomes a tree; chapters get
 * roles; tasks are found) → duty (who leads, helps, answers) → dates, numbers, systems, money
 * (clauses become fields) → head (title, number, dates of the document). Every field is a span of
 * the text, so it can be quoted as printed and shown where it stands. docs/internals/plan.md tells
 * the grammar; mission/plan-schema.md is the form of the outcome.
 *
 * Pure: the same bytes give the same plan. All memory lies in one arena with a ceiling; a plan that
 * needs more is refused (QK_EFULL). One thread at a time. */
#include "base/decimal.h"
#include "base/json.h"
#include "plan/text.h"

typedef struct qk_plan_list {
    qk_span *at;
    uint32_t count, cap;
} qk_plan_list;

/* The numbering a paragraph begins with. */
typedef enum qk_mark_kind {
    QK_MARK_NONE = 0,
    QK_MARK_CHAPTER,   /* 第一章, 第一部分 */
    QK_MARK_SECTION,   /* 第一节 */
    QK_MARK_ARTICLE,   /* 第一条 */
    QK_MARK_CN,        /* 一、 */
    QK_MARK_CN_PAREN,  /* （一） */
    QK_MARK_NUM,       /* 1. 1、 */
    QK_MARK_NUM2,      /* 1.1 */
    QK_MARK_NUM3,      /* 1.1.1 */
    QK_MARK_NUM_PAREN, /* （1） 1） */
    QK_MARK_CIRCLE,    /* ① */
    QK_MARK_KINDS
} qk_mark_kind;

typedef struct qk_mark {
    qk_mark_kind kind;
    uint32_t number;   /* the last number of 1.1.1 */
    uint32_t upper[2]; /* those before it */
    uint32_t end;      /* first byte behind the mark */
} qk_mark;

typedef struct qk_plan_para {
    qk_span span;
    qk_mark mark;
    uint32_t line;  /* its first line */
    bool after_tab; /* a table stands between it and the one before */
} qk_plan_para;

/* What a chapter is for. */
typedef enum qk_plan_role {
    QK_PLAN_TASKS = 0,
    QK_PLAN_GUIDE,    /* situation, guiding thought, principles */
    QK_PLAN_GOALS,    /* what the air shall be like */
    QK_PLAN_SAFEGUARD /* organisation, assessment, publicity */
} qk_plan_role;

typedef struct qk_plan_node {
    int32_t parent; /* index, -1 for a top chapter */
    uint32_t depth;
    qk_mark mark;
    qk_span heading;         /* number and heading sentence, without its full stop */
    qk_span title;           /* the heading sentence alone */
    uint32_t para, para_end; /* its paragraphs, those of its children included */
    uint32_t own_end;        /* where its children begin */
    uint32_t children;
    qk_plan_role role;
    bool task;
    const struct qk_plan_table *table; /* of a task that is a row of a table; NULL = of text */
    const struct qk_plan_row *row;
} qk_plan_node;

typedef enum qk_duty_role {
    QK_DUTY_LEAD = 0,
    QK_DUTY_SUPPORT,
    QK_DUTY_RESPONSIBLE,
    QK_DUTY_PEOPLE,
    QK_DUTY_SUPERVISE,
    QK_DUTY_ROLES
} qk_duty_role;

/* One duty bracket, or duty lines that follow each other. */
typedef struct qk_plan_duty {
    qk_span text;                       /* the paragraph it speaks of */
    qk_span span;                       /* where it stands */
    qk_plan_list units[QK_DUTY_ROLES];  /* each unit once */
    qk_plan_list copies[QK_DUTY_ROLES]; /* units named again in the same role */
    bool inherited;                     /* from a heading or from "all of the following" */
    bool onward;                        /* some of its units owe all that follows */
} qk_plan_duty;

typedef struct qk_plan_deadline {
    qk_span span;
    int32_t start, date; /* yyyymmdd, 0 = none; date 0: a standing duty (长期坚持) */
} qk_plan_deadline;

typedef enum qk_plan_op {
    QK_OP_EQ = 0,
    QK_OP_GE,
    QK_OP_LE,
    QK_OP_GT,
    QK_OP_LT,
    QK_OP_RANGE
} qk_plan_op;

typedef struct qk_plan_number {
    qk_span name, name_tail; /* the tail is common to the members of a list of names */
    qk_span text;            /* the clause */
    qk_span digits;          /* the number itself */
    qk_plan_op op;
    qk_dec value, value2; /* value2 for ranges */
    qk_str unit;          /* usual short form */
    qk_span unit_span;
    int32_t date; /* yyyymmdd or 0 */
    bool share;   /* a part of the whole printed before it: 其中家具类3个 */
} qk_plan_number;

typedef struct qk_plan_target {
    qk_plan_number n;
    qk_str metric; /* pollutant normalised */
    qk_span metric_span;
    const char *statistic;
    qk_span scope;  /* empty: the whole area */
    qk_span months; /* "5-9月" or empty */
    int32_t year;
} qk_plan_target;

typedef struct qk_plan_recurring {
    const char *every; /* hour day week month quarter half_year year standing */
    qk_span what, text;
    bool measured;
    qk_plan_op op;
    qk_dec value;
    qk_str unit;
} qk_plan_recurring;

typedef struct qk_plan_money {
    qk_span text;
    qk_span digits; /* empty: no amount printed */
    int64_t yuan;
    qk_str per;
    qk_span payer;
    bool plus; /* somebody gets it */
    uint32_t node;
} qk_plan_money;

typedef struct qk_plan_system {
    qk_span text, sentence;
    const char *kind;
    uint32_t node;
} qk_plan_system;

typedef struct qk_plan_cell {
    qk_span text, more; /* more: the rest, when the row was printed on two lines */
    bool filled;        /* taken from the merged cell above */
} qk_plan_cell;

typedef struct qk_plan_row {
    qk_plan_cell *cells;
    uint32_t line;
    const char *note; /* what was repaired, or NULL */
    bool whole;       /* no cell is missing: an empty one is meant so */
} qk_plan_row;

typedef struct qk_plan_table {
    qk_span title_no, title;
    qk_plan_cell *columns;
    uint32_t column_count;
    qk_plan_row *rows;
    uint32_t row_count, row_cap;
    uint32_t line, line_end;
} qk_plan_table;

/* A department's own field of enforcement or supervision, as running text hands it out:
 * 县住建局牵头对房屋建筑工地污染管控措施落实情况开展专项执法检查. */
typedef struct qk_plan_field {
    qk_plan_list units, with; /* who checks; whom he calls in (会同, 配合) */
    qk_span field, check;     /* what is looked at; 专项执法检查, 督导 … */
    qk_span text;             /* the clauses */
} qk_plan_field;

typedef struct qk_plan_task {
    uint32_t node;
    qk_str no;
    bool measured; /* clauses were read */
    qk_plan_duty *duties;
    uint32_t duty_count, duty_cap;
    qk_plan_list units[QK_DUTY_ROLES]; /* union in order */
    qk_plan_deadline *deadlines;
    uint32_t deadline_count, deadline_cap;
    qk_plan_number *numbers;
    uint32_t number_count, number_cap;
    qk_plan_recurring *recurring;
    uint32_t recurring_count, recurring_cap;
    qk_plan_field *fields; /* of safeguards alone */
    uint32_t field_count, field_cap;
    qk_span own_plan; /* 制定本系统执法和督导计划: departments are to make a plan of their own */
} qk_plan_task;

typedef struct qk_plan {
    qk_arena arena;
    qk_plan_text text;
    bool full; /* the arena could not hold a part: the plan is not whole */
    qk_plan_para *paras;
    uint32_t para_count, para_cap;
    uint32_t body,
        body_end; /* paragraphs of the plan proper: from its first heading to its annexes */
    qk_plan_node *nodes;
    uint32_t node_count, node_cap;
    qk_plan_task *tasks;
    uint32_t task_count, task_cap;
    qk_plan_task *safeguards;
    uint32_t safeguard_count, safeguard_cap;
    qk_plan_target *targets;
    uint32_t target_count, target_cap;
    qk_plan_table *tables;
    uint32_t table_count, table_cap;
    qk_plan_money *money;
    uint32_t money_count, money_cap;
    qk_plan_system *systems;
    uint32_t system_count, system_cap;
    qk_span title, doc_no, region, issued_span;
    int32_t issued; /* yyyymmdd or 0 */
    bool draft;
    int32_t year_from, year_to;
    bool year_by_title;
} qk_plan;

/* Compiles a text. QK_EFORMAT with a reason when it is no text or no plan (nothing in it is
 * numbered work), QK_EFULL beyond the ceilings. The text must outlive the plan. */
QK_NODISCARD qk_code qk_plan_compile(qk_plan **out, qk_str text, qk_error *err);
void qk_plan_free(qk_plan *plan);
/* The plan as JSON in the form of plan-schema.md; spans adds the places of the fields. */
void qk_plan_write(const qk_plan *plan, qk_json_writer *w, bool spans);
#endif
