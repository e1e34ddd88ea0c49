/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_YEAR_H
#define QK_DOMAIN_YEAR_H
/* The year: each month is opened on the 25th, closed on the 1st at 12:00 and judged at 12:10,
 * expected against actual (settings year.open_day, year.close_day, year.close_hour, year.near_days,
 * year.behind_percent). Months are year x 12 + month - 1.
 *
 * A line is what is judged: an indicator, a recurring duty, a target, or a task that has none of
 * these; it is taken as it held at the month's end by what was known when it is judged. A count
 * that grows (274 台) is expected in equal parts of its months, or by the points its measure's
 * "path" prints; a level (44 ug/m3, 95 %) is held against its bound; a recurring duty against its
 * period.
 *
 *   green   met, or not more than the percentage behind
 *   yellow  that much behind, or due within the days that are near
 *   red     overdue, or a period that passed without it
 *   none    no figure: never green
 *
 * What a measure gives is filled in; a unit is asked only for what nothing measures and what is
 * due, near, overdue or of this period. The judged month is kept as one JSON text and never
 * changed: amendments later leave it as it was. */
#include "domain/measure.h"
#include "domain/node.h"

typedef enum qk_colour {
    QK_COLOUR_NONE,
    QK_COLOUR_GREEN,
    QK_COLOUR_YELLOW,
    QK_COLOUR_RED
} qk_colour;
const char *qk_colour_name(qk_colour colour); /* "green" …, NULL for none */

/* ---- timers: handlers once at start; begin when the first plan is issued ---- */
QK_NODISCARD qk_code qk_year_open(qk_node *node, qk_error *err);
QK_NODISCARD qk_code qk_year_begin(qk_node *node, qk_db *db, qk_time from, qk_error *err);

/* "2026-06" as a month; false when it is none. */
bool qk_month_parse(int32_t *month, qk_str text);
char *qk_month_text(char out[8], int32_t month);

/* ---- what expected comes to; pure ---- */
typedef struct qk_line_judged {
    bool has_expected, met;
    qk_dec expected;
    qk_colour colour;
    const char
        *reason; /* met on_schedule behind near overdue period_missed no_figure below_bound */
} qk_line_judged;
typedef struct qk_line_facts {
    qk_str kind, op, unit, every, state; /* of the obligation */
    bool has_value, has_actual;
    qk_dec value, value2, actual;
    const qk_json_value *path;  /* [["2026-06-30",100],…] or NULL */
    int32_t start_day, due_day; /* INT32_MIN = none */
    int32_t month, judged_day;
    int64_t behind_percent, near_days;
} qk_line_facts;
void qk_year_judge_line(qk_line_judged *out, const qk_line_facts *f);

/* ---- months ---- */
/* Opens, judges and closes by hand what the timers do by themselves. QK_EEXIST for a month that is
 * closed. */
QK_NODISCARD qk_code qk_year_open_month(qk_node *node, qk_db *db, int32_t month, qk_time now,
                                        qk_error *err);
QK_NODISCARD qk_code qk_year_close_month(qk_node *node, qk_db *db, int32_t month, qk_time now,
                                         qk_error *err);

typedef struct qk_report {
    qk_str obligation, unit, value, text; /* value: a number, or empty */
    int32_t month;
    int64_t seen; /* 0 = nothing reported yet */
} qk_report;
/* Whether the unit may report on the obligation for the month: figures, texts and evidence. As
 * qk_year_report refuses. */
QK_NODISCARD qk_code qk_year_takes_report(qk_db *db, const qk_report *r, qk_error *err);
/* A unit's figure for a line. QK_EUNSUPPORTED when the month is closed or not open yet,
 * QK_ENOTFOUND when the unit owes no such thing, QK_EFORMAT, QK_ECONFLICT. */
QK_NODISCARD qk_code qk_year_report(int64_t *version, qk_db *db, const qk_report *r, qk_str by,
                                    qk_time now, qk_error *err);

/* The month as JSON: as judged when it is closed, else as it stands now. `unit` empty = all. */
QK_NODISCARD qk_code qk_year_write_month(qk_json_writer *w, qk_measure_ask *ask, int32_t month,
                                         qk_str unit, qk_time now, qk_error *err);
QK_NODISCARD qk_code qk_year_write_months(qk_json_writer *w, qk_db *db, qk_error *err);

/* Colours of tasks: those of the last closed month, red for what has become overdue since. */
typedef struct qk_task_colours qk_task_colours;
QK_NODISCARD qk_code qk_task_colours_load(qk_task_colours **out, qk_db *db, qk_time now,
                                          qk_arena *arena, qk_error *err);
const char *qk_task_colour(void *colours, qk_str obligation); /* as qk_task_colour_fn */
#endif
