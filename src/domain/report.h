/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_REPORT_H
#define QK_DOMAIN_REPORT_H
/* A report as data, in both languages: sections with their sentences, then tables. The page draws
 * it and qk_bulletin_write_docx prints it, from the same object:
 * {"title_zh","title_en","sections":[{"code","heading_zh","heading_en","paragraphs":[{"zh","en"}],
 *  "tables":[{"caption_zh","caption_en","head":[{"zh","en","share"}],"rows":[[cell]]}]}]}
 * where a cell is a text or {"zh","en"}. Within a section sentences come before tables. A failure
 * stays in the buffer (out->failed). One thread at a time. */
#include "base/json.h"

enum { QK_REPORT_COLUMNS = 12 };

typedef struct qk_report {
    qk_json_writer w;
    int depth; /* 0 head, 1 sentences, 2 tables, 3 rows */
    size_t columns, cell;
} qk_report;
typedef struct qk_report_column {
    const char *zh, *en;
    uint32_t share; /* of the width */
} qk_report_column;

void qk_report_begin(qk_report *r, qk_buf *out, const char *title_zh, const char *title_en);
void qk_report_section(qk_report *r, const char *code, const char *zh, const char *en);
/* One sentence; both formats take the same arguments in the same order. */
void qk_report_say(qk_report *r, const char *zh, const char *en, ...)
    __attribute__((format(printf, 2, 4), format(printf, 3, 4)));
void qk_report_table(qk_report *r, const char *zh, const char *en, const qk_report_column *columns,
                     size_t count);
void qk_report_cell(qk_report *r, const char *fmt, ...) QK_PRINTF(2, 3);
void qk_report_words(qk_report *r, const char *zh, const char *en);
void qk_report_end(qk_report *r);
#endif
