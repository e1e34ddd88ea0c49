/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_YEAR_PRIVATE_H
#define QK_DOMAIN_YEAR_PRIVATE_H
/* Shared by the files of the year. */
#include "domain/year.h"

/* What is judged, as it held at a month's end. Texts in the arena. */
typedef struct qk_line {
    qk_str id, task, plan, kind, no, title, task_title, text, campaign, every, op, value, value2;
    qk_str amount_unit, measure, binding, state, unit, unit_name; /* unit: who answers for it */
    int32_t start_day, due_day;                                   /* INT32_MIN = none */
    /* what was found */
    const char *source; /* measure reported carried none */
    qk_str actual, note, inputs, reported_by;
    int64_t report_version; /* of this month's report, 0 = none */
    bool asked, late;
    qk_line_judged judged;
} qk_line;

typedef struct qk_lines {
    qk_line *at;
    size_t n;
    int32_t month, judged_day;
    qk_time known_at, end; /* of the month: its last moment */
} qk_lines;

/* The lines of a month with their figures, judged as on the civil day of `judged_at`. */
QK_NODISCARD qk_code qk_year_lines(qk_lines *out, qk_measure_ask *ask, int32_t month,
                                   qk_time judged_at, qk_error *err);
/* {"month","judged_at","lines":[…],"tasks":[…],"units":[…]} without the outer braces' state. */
void qk_year_put_lines(qk_json_writer *w, const qk_lines *lines, qk_str unit);
qk_time qk_month_start(int32_t month);
#endif
