/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_REGISTER_TABLE_H
#define QK_DOMAIN_REGISTER_TABLE_H
/* The columns of a register as a table, and the words of its cells. Constant data; any thread.
 * Shared by register_sheet.c and its tests. */
#include "domain/registry_private.h"

enum { QK_REGISTER_COLUMNS = 42 };

typedef struct qk_register_column {
    qk_row_kind kind;
    const char *field;
    const char *zh, *en; /* what it is called, the first of several names, joined by '|' */
} qk_register_column;

extern const qk_register_column qk_register_columns[QK_REGISTER_COLUMNS];

/* The column of a heading, Chinese or English, letters of either case; SIZE_MAX. */
size_t qk_register_column_named(qk_str heading);
/* The first name of a column, a view. */
qk_str qk_register_heading(size_t column, int lang);
/* A cell as the value of a field: *out is a view into the cell or constant. False when the cell
 * says nothing. */
bool qk_register_value(qk_json_scalar *out, const qk_register_column *column, qk_str cell);
/* The word for a stored code in a table, or the code itself. */
qk_str qk_register_word(const qk_register_column *column, const char *code, int lang);
#endif
