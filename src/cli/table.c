/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { LABEL_BYTES = 256 << 20 };

typedef struct table_job {
    table *t;
    const table_want *want;
    qk_csv_reader *reader;
    const char *path;
    size_t time_at; /* column of the file, or SIZE_MAX */
} table_job;

void table_clear(table *t)
{
    for (size_t c = 0; t->column && c < t->columns; c++) free(t->column[c]);
    free(t->column);
    free(t->name);
    free(t->time);
    free(t->label);
    free(t->source);
    qk_arena_clear(&t->text);
    *t = (table){0};
}

const double *table_column(const table *t, const char *name)
{
    for (size_t c = 0; c < t->columns; c++)
        if (strcmp(t->name[c], name) == 0) return t->column[c];
    for (size_t c = 0; c < t->columns; c++)
        if (qk_str_eq_nocase(qk_str_of(t->name[c]), qk_str_of(name))) return t->column[c];
    return NULL;
}

static qk_code refuse_at(const table_job *job, size_t column, qk_error *err)
{
    qk_error_at(err, job->path, qk_csv_line(job->reader), (uint32_t)column + 1);
    qk_error_hint(err, "the column is the cell's number in its row");
    return QK_EFORMAT;
}

static bool named(const table_job *job, const char *const *names, size_t column)
{
    for (size_t i = 0; names && names[i]; i++)
        if (qk_csv_column(job->reader, names[i]) == column) return true;
    return false;
}

static bool wanted(const table_job *job, size_t column)
{
    if (job->want->skip && qk_csv_column(job->reader, job->want->skip) == column) return false;
    if (column == job->time_at || (job->want->label && column == 0)) return false;
    return !job->want->names || named(job, job->want->names, column) ||
           named(job, job->want->more, column);
}

static qk_code find_columns(table_job *job, qk_error *err)
{
    table *t = job->t;
    size_t columns = qk_csv_columns(job->reader);
    job->time_at = SIZE_MAX;
    if (job->want->time)
        job->time_at = job->want->time[0] ? qk_csv_column(job->reader, job->want->time) : 0;
    for (size_t i = 0; job->want->names && job->want->names[i]; i++) {
        if (qk_csv_column(job->reader, job->want->names[i]) != SIZE_MAX) continue;
        qk_fail(err, QK_EFORMAT, "no column '%s'", job->want->names[i]);
        qk_error_at(err, job->path, 1, 0);
        return QK_EFORMAT;
    }
    if (job->want->time && job->time_at == SIZE_MAX) {
        qk_fail(err, QK_EFORMAT, "no column '%s'", job->want->time);
        qk_error_at(err, job->path, 1, 0);
        return QK_EFORMAT;
    }
    t->name = calloc(columns, sizeof *t->name);
    t->column = calloc(columns, sizeof *t->column);
    t->source = calloc(columns, sizeof *t->source);
    if (!t->name || !t->column || !t->source)
        return qk_fail(err, QK_ENOMEM, "no memory for %zu columns", columns);
    for (size_t c = 0; c < columns; c++) {
        if (!wanted(job, c)) continue;
        qk_str_copy(t->name[t->columns], TABLE_NAME, qk_str_trim(qk_csv_header(job->reader, c)));
        t->source[t->columns++] = c;
    }
    qk_str_copy(t->label_name, TABLE_NAME, qk_str_trim(qk_csv_header(job->reader, 0)));
    return QK_OK;
}

static bool grow_one(void **array, size_t count, size_t size)
{
    void *p = realloc(*array, count * size);
    if (p) *array = p;
    return p != NULL;
}

static qk_code grow_rows(table_job *job, qk_error *err)
{
    table *t = job->t;
    size_t next = t->capacity ? t->capacity * 2 : 1024;
    if (t->rows < t->capacity) return QK_OK;
    if (t->rows >= TABLE_ROWS_MAX || t->rows * (t->columns + 1) >= TABLE_CELLS_MAX)
        return qk_fail(err, QK_EFULL, "%s: more than %zu rows of %zu columns", job->path, t->rows,
                       t->columns);
    bool grown = true;
    for (size_t c = 0; c < t->columns; c++)
        grown = grown && grow_one((void **)&t->column[c], next, sizeof(double));
    if (job->want->time) grown = grown && grow_one((void **)&t->time, next, sizeof *t->time);
    if (job->want->label) grown = grown && grow_one((void **)&t->label, next, sizeof *t->label);
    if (!grown) return qk_fail(err, QK_ENOMEM, "no memory for %zu rows", next);
    t->capacity = next;
    return QK_OK;
}

static bool missing(qk_str cell)
{
    return qk_csv_missing(cell) || qk_str_eq_nocase(cell, QK_STR("nan"));
}

static qk_code take_time(table_job *job, qk_str cell, qk_error *err)
{
    qk_time *at = &job->t->time[job->t->rows];
    *at = QK_TIME_NONE;
    if (missing(cell) || qk_time_parse(at, cell) == QK_OK) return QK_OK;
    qk_fail(err, QK_EFORMAT, "'%.*s' is no date and time", (int)(cell.len > 40 ? 40 : cell.len),
            cell.ptr);
    return refuse_at(job, job->time_at, err);
}

static qk_code take_row(table_job *job, const qk_str *cells, qk_error *err)
{
    table *t = job->t;
    QK_TRY(grow_rows(job, err));
    if (job->want->time) QK_TRY(take_time(job, qk_str_trim(cells[job->time_at]), err));
    if (job->want->label) {
        t->label[t->rows] = qk_arena_copy(&t->text, cells[0].ptr, cells[0].len);
        if (!t->label[t->rows]) return qk_fail(err, QK_EFULL, "%s: labels too long", job->path);
    }
    for (size_t c = 0; c < t->columns; c++) {
        qk_str cell = qk_str_trim(cells[t->source[c]]);
        if (!t->column[c]) continue; /* never: rows have grown */
        double *to = &t->column[c][t->rows];
        *to = NAN;
        if (missing(cell) || qk_parse_f64(to, cell) == QK_OK) continue;
        qk_fail(err, QK_EFORMAT, "%s: '%.*s' is no number", t->name[c],
                (int)(cell.len > 40 ? 40 : cell.len), cell.ptr);
        return refuse_at(job, t->source[c], err);
    }
    t->rows++;
    return QK_OK;
}

qk_code table_read_file(table *t, FILE *file, const char *name, const table_want *want,
                        qk_error *err)
{
    table_job job = {.t = t, .want = want, .path = name};
    const qk_str *cells;
    *t = (table){0};
    qk_arena_init(&t->text, LABEL_BYTES);
    QK_TRY(qk_csv_open(&job.reader, file, name, 0, err));
    qk_code code = find_columns(&job, err);
    while (code == QK_OK && (code = qk_csv_next(job.reader, &cells, err)) == QK_OK)
        code = take_row(&job, cells, err);
    qk_csv_close(job.reader);
    if (code == QK_ENOTFOUND) return QK_OK;
    table_clear(t);
    return code;
}

qk_code table_read(table *t, const char *path, const table_want *want, qk_error *err)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "rb");
    *t = (table){0};
    if (!file) {
        qk_fail_errno(err, errno, "%s", path);
        return errno == ENOENT ? QK_ENOTFOUND : QK_EIO;
    }
    qk_code code = table_read_file(t, file, path, want, err);
    if (!standard) fclose(file);
    return code;
}
