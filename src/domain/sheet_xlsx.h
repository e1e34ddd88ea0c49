/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_SHEET_XLSX_H
#define QK_DOMAIN_SHEET_XLSX_H
/* Tables as xlsx (ECMA-376 part 1, SpreadsheetML): the first sheet of a workbook as CSV, for the
 * helper process of domain/confine.h, and a table as a workbook.
 *
 * Read: cached values of formulas, shared and inline texts, dates by the cell's number format as
 * ISO 8601, one line of CSV for each row of the sheet up to the last that holds anything, so that
 * the line tells the row. No DOCTYPE, no entities, bounded depth, parts, ratio, rows and columns.
 * One thread at a time. */
#include "base/memory.h"
#include "base/time.h"

enum {
    QK_XLSX_FILE_MAX = 8 << 20,
    QK_XLSX_TEXT_MAX = 32 << 20, /* of the CSV */
    QK_XLSX_ROWS = 20001,        /* header included */
    QK_XLSX_COLUMNS = 256
};

/* QK_EFORMAT: no zip, no workbook, broken or forbidden XML. QK_EFULL: more rows, columns, entries
 * or text than allowed. */
QK_NODISCARD qk_code qk_xlsx_read(qk_buf *csv, int fd, qk_error *err);
/* The same from the parts' XML; strings and styles may be empty. */
QK_NODISCARD qk_code qk_xlsx_sheet(qk_buf *csv, qk_str sheet, qk_str strings, qk_str styles,
                                   qk_error *err);
/* What the helper process does (see qk_confine_answer). */
int qk_xlsx_helper(int fd);
/* The first sheet of a workbook in memory as CSV, read in the helper process. */
QK_NODISCARD qk_code qk_xlsx_csv(qk_buf *csv, qk_str bytes, qk_error *err);

/* ---- writing ---- */
typedef struct qk_xlsx_writer qk_xlsx_writer;
/* title: name of the sheet, cut to 31 characters. */
QK_NODISCARD qk_code qk_xlsx_begin(qk_xlsx_writer **out, qk_str title, qk_error *err);
/* A cell of the row begun last; row 0 is set as a heading. number: text holds a decimal number,
 * which becomes one; everything else stays text, whatever it begins with. */
void qk_xlsx_cell(qk_xlsx_writer *w, qk_str text, bool number);
void qk_xlsx_row(qk_xlsx_writer *w); /* begins the next row */
/* The time the workbook says it was made at; without it the machine's, which makes every file
 * another. */
void qk_xlsx_set_time(qk_xlsx_writer *w, qk_time made);
/* Goes on in another sheet, whose row 0 is a heading again. */
void qk_xlsx_next_sheet(qk_xlsx_writer *w, qk_str title);
/* Appends the workbook to *out and frees the writer, whatever comes of it. */
QK_NODISCARD qk_code qk_xlsx_end(qk_xlsx_writer *w, qk_buf *out, qk_error *err);
#endif
