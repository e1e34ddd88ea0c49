/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_TABLE_H
#define QK_CLI_TABLE_H
/* A CSV file as columns of numbers, for the commands that compute on whole records. Missing cells
 * (empty, NA, NaN) become NaN; anything else that is no number is refused with line and column.
 * The table owns everything; bounded by TABLE_ROWS_MAX and TABLE_CELLS_MAX. */
#include "base/csv.h"
#include "base/time.h"

enum { TABLE_ROWS_MAX = 20000000, TABLE_CELLS_MAX = 200000000, TABLE_NAME = 64 };

typedef struct table_want {
    const char *time;         /* column of instants, "" = the first; NULL = none */
    const char *const *names; /* NULL-terminated columns of numbers; NULL = all others */
    const char *const *more;  /* beside `names`: columns that are read where they stand */
    const char *skip;         /* a column that is passed over where it stands; NULL = none */
    bool label;               /* the first column is a label and no number */
} table_want;

typedef struct table {
    size_t rows, columns;
    char (*name)[TABLE_NAME]; /* of each column of numbers; [columns] */
    double **column;          /* [columns][rows] */
    qk_time *time;            /* [rows], QK_TIME_NONE where missing; NULL when none was asked for */
    char **label;             /* [rows], or NULL */
    char label_name[TABLE_NAME];
    qk_arena text;
    size_t *source; /* column of the file that each column of numbers came from */
    size_t capacity;
} table;

/* "-" is standard input. QK_EFORMAT, QK_ENOTFOUND (no such file), QK_EFULL, QK_ENOMEM; the table is
 * empty then. */
QK_NODISCARD qk_code table_read(table *t, const char *path, const table_want *want, qk_error *err);
/* The same from an open file. */
QK_NODISCARD qk_code table_read_file(table *t, FILE *file, const char *name, const table_want *want,
                                     qk_error *err);
void table_clear(table *t);
/* Column by name (exact, then ASCII case ignored), or NULL. */
const double *table_column(const table *t, const char *name);
#endif
