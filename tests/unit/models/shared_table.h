/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_MODELS_SHARED_TABLE_H
#define QK_TESTS_MODELS_SHARED_TABLE_H
/* Columns of a CSV under the shared data, .xz and .gz included, for the comparisons with published
 * numbers; and how alike two series are. */
#include "base/csv.h"
#include "../test.h"
#include <math.h>

typedef struct shared_table {
    size_t rows, columns;
    double *cell; /* [rows][columns], NaN where no number stands */
    qk_csv_reader *reader;
    FILE *file;
    bool piped;
} shared_table;

static inline bool shared_open(shared_table *t, const char *relative)
{
    char path[512], command[600];
    *t = (shared_table){0};
    if (!qk_test_shared(path, sizeof path, relative)) return false;
    size_t n = strlen(path);
    t->piped = strcmp(path + n - 3, ".xz") == 0 || strcmp(path + n - 3, ".gz") == 0;
    snprintf(command, sizeof command, "%s '%s'", path[n - 2] == 'x' ? "xz -dc" : "gzip -dc", path);
    t->file = t->piped ? popen(command, "r") : fopen(path, "rb");
    assert_non_null(t->file);
    return true;
}

/* false, told, when the file is not there. */
static inline bool shared_read(shared_table *t, const char *relative)
{
    const qk_str *cells;
    qk_error err = {0};
    size_t capacity = 1 << 12;
    if (!shared_open(t, relative)) return false;
    assert_ok(qk_csv_open(&t->reader, t->file, relative, 0, &err));
    t->columns = qk_csv_columns(t->reader);
    t->cell = malloc(capacity * t->columns * sizeof *t->cell);
    while (qk_csv_next(t->reader, &cells, &err) == QK_OK) {
        if (t->rows == capacity) {
            capacity *= 2;
            t->cell = realloc(t->cell, capacity * t->columns * sizeof *t->cell);
        }
        assert_non_null(t->cell);
        for (size_t c = 0; c < t->columns; c++) {
            double *to = &t->cell[t->rows * t->columns + c];
            if (qk_parse_f64(to, qk_str_trim(cells[c])) != QK_OK) *to = NAN;
        }
        t->rows++;
    }
    return true;
}

static inline void shared_close(shared_table *t)
{
    qk_csv_close(t->reader);
    free(t->cell);
    if (t->file && t->piped) pclose(t->file);
    if (t->file && !t->piped) fclose(t->file);
    *t = (shared_table){0};
}

/* A copy of one column, free(). */
static inline double *shared_column(const shared_table *t, const char *name)
{
    size_t c = qk_csv_column(t->reader, name);
    double *out = malloc((t->rows + 1) * sizeof *out);
    if (c == SIZE_MAX || !out) fail_msg("no column %s", name);
    for (size_t i = 0; i < t->rows; i++) out[i] = t->cell[i * t->columns + c];
    return out;
}

typedef struct likeness {
    double r, mean_difference, mean_absolute; /* the last two as shares of the reference's mean */
    size_t count;
} likeness;

static inline likeness compare_series(const double *a, const double *b, size_t n)
{
    double ma = 0, mb = 0, saa = 0, sbb = 0, sab = 0, off = 0, count = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(a[i]) || !isfinite(b[i])) continue;
        count++;
        double da = a[i] - ma, db = b[i] - mb;
        ma += da / count;
        mb += db / count;
        saa += da * (a[i] - ma);
        sbb += db * (b[i] - mb);
        sab += da * (b[i] - mb);
        off += fabs(a[i] - b[i]);
    }
    return (likeness){sab / sqrt(saa * sbb), fabs(ma - mb) / fabs(mb), off / count / fabs(mb),
                      (size_t)count};
}
#endif
