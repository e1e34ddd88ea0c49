/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_DOC_DOCX_H
#define QK_DOMAIN_DOC_DOCX_H
/* A document as docx (ECMA-376 part 1, WordprocessingML), laid out as GB/T 9704-2012 lays out
 * official documents: A4, margins 37/35/28/26 mm, title of 22 pt, text of 16 pt on lines of 28 pt,
 * page number between dashes. Nothing in it depends on the clock or the machine: the same calls
 * give the same bytes. A failure sticks and is told by qk_docx_end. One thread at a time. */
#include "base/memory.h"

enum { QK_DOCX_COLUMNS = 16 };

typedef enum qk_docx_style {
    QK_DOCX_MASTHEAD, /* red, large, centred, a red line below */
    QK_DOCX_NUMBER,   /* number of the document, centred */
    QK_DOCX_TITLE,
    QK_DOCX_HEADING,
    QK_DOCX_TEXT, /* indented by two characters */
    QK_DOCX_CAPTION,
    QK_DOCX_SIGNATURE /* to the right */
} qk_docx_style;

typedef struct qk_docx qk_docx;
QK_NODISCARD qk_code qk_docx_begin(qk_docx **out, qk_error *err);
/* What XML cannot hold (control characters, broken UTF-8) is left out of texts. */
void qk_docx_paragraph(qk_docx *d, qk_docx_style style, qk_str text);
/* A table; share[i]: width of each column, in parts of their sum. The first row is its heading,
 * repeated on every page. */
void qk_docx_table(qk_docx *d, const uint32_t *share, size_t columns);
void qk_docx_cell(qk_docx *d, qk_str text); /* the next of the row; a full row begins another */
void qk_docx_table_end(qk_docx *d);         /* cells that the last row lacks stay empty */
/* Appends the file to *out and frees d, whatever comes of it. */
QK_NODISCARD qk_code qk_docx_end(qk_docx *d, qk_buf *out, qk_error *err);
#endif
