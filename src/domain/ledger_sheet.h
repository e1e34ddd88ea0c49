/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_LEDGER_SHEET_H
#define QK_DOMAIN_LEDGER_SHEET_H
/* Ledgers as tables: CSV and xlsx out, and in with a preview.
 *
 * Out: a heading of the fields' names, then a row each; in CSV a text that a spreadsheet would take
 * for a formula gets an apostrophe in front, which coming in takes away again. In: columns are
 * known by a field's name, its Chinese or its English one; rows by their key: new, changed (only by
 * the columns that are there) or the same. One wrong cell and nothing is taken: each refusal is
 * told with line and column, at most QK_LEDGER_REFUSALS of them. At most 20,000 rows. */
#include "base/messages.h"
#include "domain/ledger.h"

enum { QK_LEDGER_SHEET_BYTES = 32 << 20, QK_LEDGER_SHEET_ROWS = 20000, QK_LEDGER_REFUSALS = 500 };

/* heading: QK_ZH, QK_EN, or -1 for the fields' own names. */
QK_NODISCARD qk_code qk_ledger_csv(qk_buf *out, qk_db *db, const qk_ledger_type *type,
                                   const qk_ledger_ask *ask, int heading, qk_error *err);
QK_NODISCARD qk_code qk_ledger_xlsx(qk_buf *out, qk_db *db, const qk_ledger_type *type,
                                    const qk_ledger_ask *ask, int heading, qk_error *err);

/* A table as sent becomes CSV in UTF-8: xlsx through the helper process, text by its charset. */
QK_NODISCARD qk_code qk_ledger_sheet_text(qk_buf *csv, qk_str bytes, qk_error *err);

typedef struct qk_ledger_refusal {
    uint32_t line, column; /* column 0 = the row as a whole */
    qk_str field;
    const char *text, *text_zh;
} qk_ledger_refusal;

typedef enum qk_ledger_fate {
    QK_LEDGER_ADDED,
    QK_LEDGER_CHANGED,
    QK_LEDGER_SAME,
    QK_LEDGER_REFUSED
} qk_ledger_fate;

typedef struct qk_ledger_import {
    size_t added, changed, same, refused; /* rows */
    uint8_t *fates;                       /* by row, qk_ledger_fate; row 0 = line 2 */
    uint32_t *lines;
    size_t rows;
    qk_ledger_refusal *refusals;
    size_t refusal_count;
} qk_ledger_import;

/* Who brings a table: rows of units that he may not write are refused, each by its line, those that
 * are there and those that would be. may NULL = all are his. */
typedef struct qk_ledger_author {
    qk_str by;
    bool (*may)(void *context, qk_str unit);
    void *context;
    bool partial; /* of a table whose rows are wrong in part, the good ones are taken */
} qk_ledger_author;

/* Looks at the table; with `commit` and nothing refused (or the author's `partial`, when its
 * heading is sound), takes it (store thread, inside a transaction). QK_EFORMAT with line and column
 * when it is no table at all. */
QK_NODISCARD qk_code qk_ledger_import_csv(qk_ledger_import *out, qk_db *db,
                                          const qk_ledger_type *type, qk_str csv, bool commit,
                                          const qk_ledger_author *author, qk_time now,
                                          qk_arena *arena, qk_error *err);
#endif
