/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_BASE_CSV_H
#define QK_BASE_CSV_H
/* CSV (RFC 4180) with a header row: a reader that streams any length in bounded memory and a writer
 * that quotes only where it must. CRLF and LF alike; a UTF-8 byte order mark is passed over.
 *
 * The reader refuses, with line and column: a quote inside an unquoted cell, text after a closing
 * quote, a row with more or fewer cells than the header, a cell beyond its ceiling, NUL bytes, a
 * header row that is not UTF-8 or (the separator being left open) is separated by ';'. Cells are
 * views into the reader's buffer, good until the next call. */
#include "base/memory.h"
#include "base/text.h"
#include <stdio.h>

enum {
    QK_CSV_CELL_MAX = 1 << 20,   /* bytes of a cell */
    QK_CSV_ROW_MAX = 1 << 24,    /* bytes of a row */
    QK_CSV_COLUMNS_MAX = 1 << 13 /* cells of the header row */
};

typedef struct qk_csv_reader qk_csv_reader;
/* Reads from file, which stays the caller's; name is for error texts. separator 0 = decide between
 * ',' and TAB by the header row. */
QK_NODISCARD qk_code qk_csv_open(qk_csv_reader **out, FILE *file, const char *name, char separator,
                                 qk_error *err);
/* The same from a text in memory, of which it keeps a copy. QK_EFORMAT when it is empty. */
QK_NODISCARD qk_code qk_csv_open_text(qk_csv_reader **out, qk_str text, const char *name,
                                      char separator, qk_error *err);
void qk_csv_close(qk_csv_reader *r);
size_t qk_csv_columns(const qk_csv_reader *r);
qk_str qk_csv_header(const qk_csv_reader *r, size_t column);
/* Index of a column by name (exact, then ignoring ASCII case), or SIZE_MAX. */
size_t qk_csv_column(const qk_csv_reader *r, const char *name);
/* A later column of the very same name, or SIZE_MAX: which of the two is meant nobody can tell. */
size_t qk_csv_column_twice(const qk_csv_reader *r, size_t column);
/* QK_OK with a row, QK_ENOTFOUND at the end, QK_EFORMAT. *cells has qk_csv_columns entries. */
QK_NODISCARD qk_code qk_csv_next(qk_csv_reader *r, const qk_str **cells, qk_error *err);
uint32_t qk_csv_line(const qk_csv_reader *r); /* of the row last given, 1-based */
/* Missing by contract: the empty cell or NA. */
static inline bool qk_csv_missing(qk_str cell)
{
    return cell.len == 0 || (cell.len == 2 && cell.ptr[0] == 'N' && cell.ptr[1] == 'A');
}

/* Appends one cell, quoted if needed, with the separating comma unless it is the row's first. */
void qk_csv_put(qk_buf *out, qk_str cell, bool first);
/* The same for text that came from outside: a cell that a spreadsheet would take for a formula (it
 * begins with = + - @ TAB or CR) gets an apostrophe in front. Never for numbers. */
void qk_csv_put_text(qk_buf *out, qk_str cell, bool first);
/* The cell without such an apostrophe. */
qk_str qk_csv_unguard(qk_str cell);
#endif
