/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_EXPLAIN_H
#define QK_WEB_EXPLAIN_H
/* How a figure comes about, as JSON: a heading (what it is, formula, source, clause, date), what
 * went in, the steps as one would write them by hand, and the value. In this order: begin, inputs,
 * steps, finish. Texts in Chinese and English; numbers are the same in both. */
#include "web/air_figures.h"

typedef struct qk_telling {
    qk_exchange *x;
    qk_json_writer *w;
    qk_air_question q;
    qk_str scope;
    qk_error *err;
} qk_telling;

typedef struct qk_tell_heading {
    const char *zh, *en, *formula, *source, *source_zh, *clause, *clause_zh;
    int32_t valid_from; /* civil day; INT32_MIN or INT32_MAX = open */
} qk_tell_heading;

void qk_tell_begin(qk_telling *t, const char *figure, const qk_tell_heading *h);
void qk_tell_input(qk_telling *t, const char *zh, const char *en, const char *value);
void qk_tell_number(qk_telling *t, const char *zh, const char *en, int64_t value);
void qk_tell_exact(qk_telling *t, const char *zh, const char *en, qk_exact value, int32_t decimals);
void qk_tell_steps(qk_telling *t);
/* Both formats take the same arguments in the same order; one text of at most 400 bytes each. */
void qk_tell_step(qk_telling *t, const char *zh, const char *en, ...)
    __attribute__((format(printf, 2, 4), format(printf, 3, 4)));
/* As it stands. */
void qk_tell_said(qk_telling *t, const char *zh, const char *en);
void qk_tell_finish(qk_telling *t, qk_dec value, bool there);
/* "-" where there is none. */
char *qk_tell_exact_text(char out[QK_DEC_TEXT], qk_exact value, int32_t decimals);

/* The figure "target": the row of /air/targets that the parameter `row` numbers. */
QK_NODISCARD qk_code qk_explain_target(qk_telling *t);
/* The figure "change": year on year of an item, as in /air/periods. */
QK_NODISCARD qk_code qk_explain_change(qk_telling *t);
#endif
